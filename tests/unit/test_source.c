/* SPDX-License-Identifier: Apache-2.0 */
/* Input texts and their lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/source.h>
#include <stdio.h>

static void test_numbers(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct sources s;
	char name[16];

	sources_init(&s, a);
	assert_null(sources_get(&s, 0));
	assert_null(sources_get(&s, 1));
	for (uint32_t i = 1; i <= 100; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		assert_int_equal(sources_add(&s, str_z(name), STR("x")), i);
	}
	for (uint32_t i = 1; i <= 100; i++) {
		snprintf(name, sizeof(name), "f%u", i);
		assert_true(str_eqz(sources_get(&s, i)->name, name));
	}
	assert_null(sources_get(&s, 101));
	assert_null(sources_get(&s, UINT32_MAX));
	assert_int_equal(sources_add(&s, STR("-"), STR("")), 101);
	assert_true(str_eqz(sources_get(&s, 101)->name, "<stdin>"));
}

static void test_lines(void **state attr_unused)
{
	static const struct {
		struct str text;
		uint32_t line;
		const char *want;
	} cases[] = {
		{STR_INIT("a\nb\nc"), 1, "a"},
		{STR_INIT("a\nb\nc"), 2, "b"},
		{STR_INIT("a\nb\nc"), 3, "c"},
		{STR_INIT("a\nb\nc"), 4, ""},
		{STR_INIT("a\nb\n"), 3, ""},
		{STR_INIT("a\r\nb\r\n"), 1, "a"},
		{STR_INIT("a\r\nb\r\n"), 2, "b"},
		{STR_INIT("a\rb"), 2, "b"},
		{STR_INIT("a\n\nb"), 2, ""},
		{STR_INIT("a\n\nb"), 3, "b"},
		{STR_INIT(""), 1, ""},
		{STR_INIT("a"), 0, ""},
		{STR_INIT("a"), UINT32_MAX, ""},
		{STR_INIT("a\r"), 2, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct source src = {.text = cases[i].text};

		assert_true(str_eqz(source_line(&src, cases[i].line), cases[i].want));
	}
	assert_int_equal(source_line(NULL, 1).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
