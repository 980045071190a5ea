/* SPDX-License-Identifier: Apache-2.0 */
/* Name patterns, one by one; quoting as Go does. */
#include "spec/check.h"
#include "tests/unit/spec_build.h"
#include <string.h>

static void test_patterns(void **state)
{
	static const struct {
		const char *name;
		bool label, subdomain, qualified, param, object, result;
	} cases[] = {
		{"a", true, true, true, true, true, true},
		{"a-b1", true, true, true, true, true, true},
		{"a.b", false, true, true, true, false, true},
		{"A", false, false, true, true, true, true},
		{"1", true, true, true, false, false, true},
		{"_a", false, false, false, true, true, false},
		{"a_b", false, false, true, true, true, true},
		{"a-", false, false, false, true, true, false},
		{"-a", false, false, false, false, false, false},
		{"a..b", false, false, true, true, false, true},
		{"a.-b", false, false, true, true, false, true},
		{".a", false, false, false, false, false, false},
		{"a/b", false, false, true, false, false, false},
		{"a/b/c", false, false, false, false, false, false},
		{"A/b", false, false, false, false, false, false},
		{"", false, false, false, false, false, false},
		{"a b", false, false, false, false, false, false},
		{"$(params.x)", false, false, false, false, false, false},
		{"\xc3\xa9", false, false, false, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str s = str_z(cases[i].name);

		assert_int_equal(name_is_dns_label(s), cases[i].label);
		assert_int_equal(name_is_dns_subdomain(s), cases[i].subdomain);
		assert_int_equal(name_is_qualified(s), cases[i].qualified);
		assert_int_equal(name_is_param(s), cases[i].param);
		assert_int_equal(name_is_object(s), cases[i].object);
		assert_int_equal(name_is_result(s), cases[i].result);
	}
}

static void test_annotation(void **state)
{
	static const struct {
		const char *name;
		bool is_one;
	} cases[] = {{"a", true}, {"A", true}, {"Foo.Bar/Baz_q", true}, {"Foo_Bar/Baz", false},
		{"a b", false}, {"/A", false}, {"A/", false}, {"", false}, {"É", false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(name_is_annotation(str_z(cases[i].name)), cases[i].is_one);
}

static void test_lengths(void **state)
{
	char name[317]; /* the longest prefix, a slash, the longest name */

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_true(name_is_dns_label((struct str){name, 63}));
	assert_false(name_is_dns_label((struct str){name, 64}));
	assert_true(name_is_dns_subdomain((struct str){name, 253}));
	assert_false(name_is_dns_subdomain((struct str){name, 254}));
	assert_true(name_is_qualified((struct str){name, 63}));
	assert_false(name_is_qualified((struct str){name, 64}));
	name[253] = '/';
	assert_true(name_is_annotation((struct str){name, sizeof(name)}));
}

static void test_quote(void **state)
{
	struct arena *a = arena_new();
	char text[3000];
	struct str quoted;

	(void)state;
	assert_str(quote_go(a, STR("a \"b\" \\ \n\t\r \x01\x7f é")),
		"\"a \\\"b\\\" \\\\ \\n\\t\\r \\x01\\x7f é\"");
	assert_str(quote_go(a, STR_NONE), "\"\"");
	/* cut between characters, not inside one */
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '\xa9' : '\xc3';
	for (size_t n = 990; n < 1010; n += 2) {
		quoted = quote_go(a, (struct str){text, n});
		assert_true(str_utf8_valid(quoted));
		assert_int_equal(str_ends(quoted, STR("…\"")), n > 1000);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_annotation),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
