/* SPDX-License-Identifier: Apache-2.0 */
/* Views of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/attr.h>
#include <base/str.h>
#include <string.h>

static void test_compare(void **state attr_unused)
{
	static const struct {
		struct str a, b;
		int order;
		bool fold;
	} cases[] = {
		{STR_INIT(""), STR_INIT(""), 0, true},
		{{NULL, 0}, STR_INIT(""), 0, true},
		{STR_INIT("a"), {NULL, 0}, 1, false},
		{STR_INIT("a"), STR_INIT("b"), -1, false},
		{STR_INIT("a"), STR_INIT("ab"), -1, false},
		{STR_INIT("ab"), STR_INIT("a"), 1, false},
		{STR_INIT("a\0b"), STR_INIT("a\0c"), -1, false},
		{STR_INIT("a\0b"), STR_INIT("a"), 1, false},
		{STR_INIT("\xff"), STR_INIT("a"), 1, false},
		{STR_INIT("runAfter"), STR_INIT("RUNAFTER"), 1, true},
		{STR_INIT("@["), STR_INIT("`{"), -1, false},
		{STR_INIT("same"), STR_INIT("same"), 0, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int order = str_cmp(cases[i].a, cases[i].b);
		int back = str_cmp(cases[i].b, cases[i].a);

		assert_int_equal((order > 0) - (order < 0), cases[i].order);
		assert_int_equal((back > 0) - (back < 0), -cases[i].order);
		assert_int_equal(str_eq(cases[i].a, cases[i].b), cases[i].order == 0);
		assert_int_equal(str_ieq(cases[i].a, cases[i].b), cases[i].fold);
	}
	assert_true(str_eqz(STR("a"), "a"));
	assert_true(str_eqz(STR_NONE, NULL));
	assert_false(str_eqz(STR("a\0"), "a"));
	assert_string_equal(str_c(STR_NONE), "");
	assert_string_equal(str_c(STR("x")), "x");
}

static void test_find(void **state attr_unused)
{
	assert_int_equal(str_find(STR("hello"), STR("lo")), 3);
	assert_int_equal(str_find(STR("hello"), STR("")), 0);
	assert_int_equal(str_find(STR_NONE, STR_NONE), 0);
	assert_int_equal(str_find(STR_NONE, STR("x")), -1);
	assert_int_equal(str_find(STR("hello"), STR("hellos")), -1);
	assert_int_equal(str_find(STR("a\0b"), STR("\0b")), 1);
	assert_int_equal(str_chr(STR("a/b/c"), '/'), 1);
	assert_int_equal(str_rchr(STR("a/b/c"), '/'), 3);
	assert_int_equal(str_chr(STR("abc"), '/'), -1);
	assert_int_equal(str_rchr(STR_NONE, '/'), -1);
	assert_int_equal(str_chr(STR("abc"), '\0'), -1); /* the terminator is not part of it */
	assert_true(str_has(STR("abc"), STR("b")));
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR_NONE, STR_NONE));
	assert_false(str_starts(STR("a"), STR("ab")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_false(str_ends(STR("c"), STR("bc")));
	assert_true(str_ends(STR("c"), STR("")));
}

static void test_slice(void **state attr_unused)
{
	static const struct {
		size_t from, to;
		const char *want;
	} cases[] = {
		{0, 5, "hello"},
		{1, 3, "el"},
		{3, 99, "lo"},
		{5, 5, ""},
		{9, 12, ""},
		{3, 1, ""},
		{0, SIZE_MAX, "hello"},
		{SIZE_MAX, SIZE_MAX, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str s = str_slice(STR("hello"), cases[i].from, cases[i].to);

		assert_int_equal(s.n, strlen(cases[i].want));
		assert_true(str_eqz(s, cases[i].want));
	}
	assert_int_equal(str_slice(STR_NONE, 1, 2).n, 0);
	assert_true(str_eqz(str_trim(STR(" \t\r\n a b \v\f")), "a b"));
	assert_true(str_eqz(str_trim(STR(" \n ")), ""));
	assert_true(str_eqz(str_trim(STR_NONE), ""));
}

static void test_cut(void **state attr_unused)
{
	struct str head = STR("kept");
	struct str tail = STR("kept");

	assert_false(str_cut(STR("abc"), '=', &head, &tail));
	assert_true(str_eqz(head, "kept"));
	assert_true(str_cut(STR("a=b=c"), '=', &head, &tail));
	assert_true(str_eqz(head, "a"));
	assert_true(str_eqz(tail, "b=c"));
	assert_true(str_cut(STR("="), '=', &head, &tail));
	assert_int_equal(head.n, 0);
	assert_int_equal(tail.n, 0);
}

static void test_utf8(void **state attr_unused)
{
	static const struct {
		struct str s;
		size_t first;
		bool valid;
	} cases[] = {
		{STR_INIT(""), 0, true},
		{STR_INIT("a"), 1, true},
		{STR_INIT("\0"), 1, true},
		{STR_INIT("\x7f"), 1, true},
		{STR_INIT("\xc2\x80"), 2, true},
		{STR_INIT("\xdf\xbf"), 2, true},
		{STR_INIT("\xe0\xa0\x80"), 3, true},
		{STR_INIT("\xed\x9f\xbf"), 3, true},
		{STR_INIT("\xee\x80\x80"), 3, true},
		{STR_INIT("\xef\xbf\xbf"), 3, true},
		{STR_INIT("\xf0\x90\x80\x80"), 4, true},
		{STR_INIT("\xf4\x8f\xbf\xbf"), 4, true},
		{STR_INIT("\x80"), 0, false},         /* a continuation alone */
		{STR_INIT("\xc0\x80"), 0, false},     /* overlong NUL */
		{STR_INIT("\xc1\xbf"), 0, false},     /* overlong */
		{STR_INIT("\xe0\x9f\xbf"), 0, false}, /* overlong */
		{STR_INIT("\xf0\x8f\xbf\xbf"), 0, false},
		{STR_INIT("\xed\xa0\x80"), 0, false},     /* surrogate */
		{STR_INIT("\xed\xbf\xbf"), 0, false},     /* surrogate */
		{STR_INIT("\xf4\x90\x80\x80"), 0, false}, /* beyond U+10FFFF */
		{STR_INIT("\xf5\x80\x80\x80"), 0, false},
		{STR_INIT("\xff"), 0, false},
		{STR_INIT("\xc3"), 0, false}, /* cut */
		{STR_INIT("\xe2\x82"), 0, false},
		{STR_INIT("\xf0\x9f\x8d"), 0, false},
		{STR_INIT("\xe2\x28\xa1"), 0, false},
		{STR_INIT("\xe2\x82\x28"), 0, false},
		{STR_INIT("abc\xffxyz"), 1, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(str_utf8_next(cases[i].s), cases[i].first);
		assert_int_equal(str_utf8_valid(cases[i].s), cases[i].valid);
	}
}

static void test_distance(void **state attr_unused)
{
	static const struct {
		const char *a, *b;
		size_t limit, want;
	} cases[] = {
		{"", "", 3, 0},
		{"", "abc", 3, 3},
		{"abc", "", 2, 3},
		{"kitten", "sitting", 5, 3},
		{"kitten", "sitting", 2, 3},
		{"runAfters", "runAfter", 3, 1},
		{"runafter", "runAfter", 3, 0},
		{"step", "steps", 0, 1},
		{"abc", "xyz", 3, 3},
	};
	char longer[200];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str a = str_z(cases[i].a);
		struct str b = str_z(cases[i].b);

		assert_int_equal(str_distance(a, b, cases[i].limit), cases[i].want);
		assert_int_equal(str_distance(b, a, cases[i].limit), cases[i].want);
	}
	memset(longer, 'x', sizeof(longer));
	assert_int_equal(
		str_distance((struct str){longer, 200}, (struct str){longer, 200}, 3), 0);
	assert_int_equal(
		str_distance((struct str){longer, 200}, (struct str){longer, 199}, 3), 4);
	assert_int_equal(
		str_distance((struct str){longer, 64}, (struct str){longer, 63}, 3), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_slice),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
