/* SPDX-License-Identifier: Apache-2.0 */
/* Id maps: lookups, texts, and the map of a caller's directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/attr.h>
#include <sandbox/idmap.h>
#include <string.h>

static const struct id_extent run[] = {{0, 100000, 65536}};
static const struct id_extent user[] = {{0, 1500, 1}, {1, 200000, 65535}};

static void test_lookup(void **state)
{
	static const struct {
		const struct id_extent *e;
		size_t n;
		uint32_t inside;
		int64_t outside;
	} cases[] = {
		{run, 1, 0, 100000},
		{run, 1, 65535, 165535},
		{run, 1, 65536, -1},
		{user, 2, 0, 1500},
		{user, 2, 1, 200000},
		{user, 2, 65535, 265534},
		{user, 2, UINT32_MAX, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(id_map_outside(cases[i].e, cases[i].n, cases[i].inside),
			cases[i].outside);
		if (cases[i].outside >= 0)
			assert_int_equal(id_map_inside(cases[i].e, cases[i].n,
						 (uint32_t)cases[i].outside),
				cases[i].inside);
	}
	assert_int_equal(id_map_inside(run, 1, 0), -1);
	assert_int_equal(id_map_inside(user, 2, 0), -1);
}

static void test_text(void **state)
{
	struct arena *a = arena_new();
	struct id_map m = {.uid = {{0, 1500, 1}, {1, 200000, 65535}},
		.n_uid = 2,
		.gid = {{0, 100, 1}},
		.n_gid = 1};
	struct buf b;

	(void)state;
	assert_string_equal(id_map_text(&m, a).p, "u0:1500:1 u1:200000:65535 g0:100:1");
	buf_init(&b, 1000);
	id_extents_text(user, 2, &b);
	assert_string_equal(b.p, "0 1500 1\n1 200000 65535\n");
	buf_clear(&b);
	id_extents_same_text(user, 2, &b);
	assert_string_equal(b.p, "0 0 1\n1 1 65535\n");
	buf_release(&b);
	arena_free(a);
}

static void test_caller(void **state)
{
	struct id_extent e[ID_EXTENTS_MAX];

	(void)state;
	/* an ordinary owner, and root itself */
	for (uint32_t owner = 0; owner <= 1000; owner += 1000) {
		assert_int_equal(id_extents_caller(run, 1, owner, e), 2);
		assert_int_equal(id_map_outside(e, 2, owner), 100000);
		assert_int_equal(id_map_outside(e, 2, 100001), 100001);
		assert_int_equal(id_map_outside(e, 2, 165535), 165535);
		/* the run's own 0 on disk is nobody: two owners may not become one */
		assert_int_equal(id_map_outside(e, 2, 100000), -1);
		assert_int_equal(id_map_outside(e, 2, 165536), -1);
		assert_int_equal(id_map_outside(e, 2, owner + 1), -1);
	}
	/* an owner from the middle of the range */
	assert_int_equal(id_extents_caller(run, 1, 100005, e), 3);
	assert_int_equal(id_map_outside(e, 3, 100005), 100000);
	assert_int_equal(id_map_outside(e, 3, 100004), 100004);
	assert_int_equal(id_map_outside(e, 3, 100006), 100006);
	assert_int_equal(id_map_inside(e, 3, 100005), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_caller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
