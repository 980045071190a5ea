/* SPDX-License-Identifier: Apache-2.0 */
/* Names of children, pods, claims; md5. */
#include "agent/hash.h"
#include "agent/name.h"
#include "agent_rig.h"

#define P50 "pipelinerun-with-a-name-of-exactly-fifty-letters-x"
#define P63 "pipelinerun-with-a-name-of-exactly-sixty-three-letters-xxxxxxxx"

static void test_md5(void **state)
{
	static const struct {
		const char *text, *hex;
	} cases[] = {
		{"", "d41d8cd98f00b204e9800998ecf8427e"},
		{"abc", "900150983cd24fb0d6963f7d28e17f72"},
		{"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
		/* 56 and 64 bytes: where the padding needs a block of its own */
		{"12345678901234567890123456789012345678901234567890123456",
			"49f193adce178490e34d1b3a4ec0064c"},
		{"12345678901234567890123456789012345678901234567890123456789012345678901234567"
		 "890",
			"57edf4a22be3c955ac49da2e2107b67a"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(md5_hex(a, str_z(cases[i].text), 32).p, cases[i].hex);
	assert_string_equal(md5_hex(a, STR("abc"), 10).p, "900150983c");
	arena_free(a);
}

static void test_child(void **state)
{
	struct arena *a = arena_new();
	struct str s;

	(void)state;
	assert_string_equal(name_child(a, STR("run"), STR("-build")).p, "run-build");
	/* 50 + 13 fit exactly, one more does not */
	assert_int_equal(strlen(P50), 50);
	assert_string_equal(
		name_child(a, STR(P50), STR("-twelve-bytes")).p, P50 "-twelve-bytes");
	s = name_child(a, STR(P50), STR("-thirteen-byte"));
	assert_int_equal(s.n, 31 + 32);
	assert_true(str_starts(s, str_slice(STR(P50), 0, 31 - strlen("-thirteen-byte"))));
	assert_true(str_ends(s, STR("-thirteen-byte")));
	assert_true(str_has(s, md5_hex(a, STR(P50), 32)));
	/* a suffix of 31 bytes or more leaves no room for the parent */
	s = name_child(a, STR(P63), STR("-a-suffix-that-is-longer-than-thirty-one"));
	assert_int_equal(s.n, 63);
	assert_true(str_starts(s, str_slice(STR(P63), 0, 31)));
	assert_true(str_has(
		s, md5_hex(a, STR(P63 "-a-suffix-that-is-longer-than-thirty-one"), 32)));
	arena_free(a);
}

static void test_fan_out(void **state)
{
	struct arena *a = arena_new();
	struct str s;

	(void)state;
	assert_string_equal(name_fan_out(a, STR("run"), STR("t"), 0).p, "run-t-0");
	assert_string_equal(name_fan_out(a, STR("run"), STR("t"), 12).p, "run-t-12");
	s = name_fan_out(a, STR(P63), STR("a-task-name-that-is-really-rather-long"), 7);
	assert_true(s.n <= 63);
	assert_true(str_ends(s, STR("-7")));
	arena_free(a);
}

static void test_others(void **state)
{
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(name_pod(a, STR("run-t"), 0).p, "run-t-pod");
	assert_string_equal(name_pod(a, STR("run-t"), 2).p, "run-t-pod-retry2");
	assert_string_equal(name_step(a, STR_NONE, 3).p, "unnamed-3");
	assert_string_equal(name_step(a, STR("b"), 3).p, "b");
	/* the first digits of the SHA-256 of "wu" */
	assert_true(str_eqz(name_claim(a, STR_NONE, STR("w"), STR("u")), "pvc-cf4e39ae46"));
	assert_int_equal(name_claim(a, STR_NONE, STR("w"), STR("u")).n, strlen("pvc-") + 10);
	assert_true(str_starts(name_claim(a, STR("src"), STR("w"), STR("u")), STR("src-")));
	/* stable, and another one for another workspace or run */
	assert_true(str_eq(name_claim(a, STR("c"), STR("w"), STR("u")),
		name_claim(a, STR("c"), STR("w"), STR("u"))));
	assert_false(str_eq(name_claim(a, STR("c"), STR("w"), STR("u")),
		name_claim(a, STR("c"), STR("x"), STR("u"))));
	assert_false(str_eq(name_claim(a, STR("c"), STR("w"), STR("u")),
		name_claim(a, STR("c"), STR("w"), STR("v"))));
	assert_int_equal(name_uid(a, STR("u"), STR("n")).n, 36);
	assert_int_equal(name_uid(a, STR("u"), STR("n")).p[14], '4');
	assert_int_equal(name_letters(a, STR("x"), 5).n, 5);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_md5),
		cmocka_unit_test(test_child),
		cmocka_unit_test(test_fan_out),
		cmocka_unit_test(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
