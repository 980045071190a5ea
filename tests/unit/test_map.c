/* SPDX-License-Identifier: Apache-2.0 */
/* The map with insertion order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/map.h>
#include <stdio.h>

static void test_empty(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct map m;

	map_init(&m, a);
	assert_null(map_get(&m, STR("x")));
	assert_false(map_has(&m, STR("")));
	map_foreach (it, &m)
		fail();
}

static void test_set_get(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	int one = 1;
	int two = 2;
	char key[] = "key";
	struct map m;

	map_init(&m, a);
	assert_true(map_set(&m, str_z(key), &one));
	key[0] = 'K'; /* the map has its own copy */
	assert_ptr_equal(map_get(&m, STR("key")), &one);
	assert_false(map_has(&m, STR("Key")));
	assert_false(map_set(&m, STR("key"), &two));
	assert_ptr_equal(map_get(&m, STR("key")), &two);
	assert_int_equal(m.n, 1);
	assert_true(map_set(&m, STR(""), NULL));
	assert_true(map_has(&m, STR("")));
	assert_true(map_has(&m, STR_NONE));
	assert_null(map_get(&m, STR("")));
	assert_false(map_set(&m, STR_NONE, &one));
	assert_true(map_set(&m, STR("a\0b"), &one));
	assert_true(map_set(&m, STR("a"), &two));
	assert_ptr_equal(map_get(&m, STR("a\0b")), &one);
	assert_string_equal(m.entries[2].key.p, "a");
}

/* Keys of every length modulo the hash's block, many of them, in order. */
static void test_many(void **state attr_unused)
{
	static char value[20000];
	cleanup_arena struct arena *a = arena_new();
	struct map m;
	size_t at = 0;

	map_init(&m, a);
	for (int i = 0; i < 20000; i++) {
		struct str key = arena_printf(a, "%0*d", 1 + i % 23 + 5, i);

		assert_true(map_set(&m, key, &value[i]));
	}
	for (int i = 19999; i >= 0; i--) {
		char key[40];

		snprintf(key, sizeof(key), "%0*d", 1 + i % 23 + 5, i);
		assert_ptr_equal(map_get(&m, str_z(key)), &value[i]);
		snprintf(key, sizeof(key), "x%d", i);
		assert_false(map_has(&m, str_z(key)));
	}
	map_foreach (it, &m)
		assert_ptr_equal(it->value, &value[at++]);
	assert_int_equal(at, 20000);
	assert_int_equal(m.n, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_set_get),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
