/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics: limits, order, stages, the excerpt and its caret, JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/diag.h>
#include <base/json.h>
#include <string.h>

enum { MAX_BYTES = 100000 };

static void test_limits(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct pos nowhere = {0};
	cleanup_buf struct buf out;
	struct diags d;

	buf_init(&out, MAX_BYTES);
	diags_init(&d, a, NULL);
	for (int i = 0; i < 2 * DIAG_MAX; i++)
		assert_non_null(diag_add(&d, DIAG_WARNING, "w", nowhere, "warning %d", i));
	assert_int_equal(d.n, DIAG_MAX);
	assert_int_equal(d.n_dropped, DIAG_MAX);
	for (int i = 0; i < DIAG_MAX + 7; i++)
		diag_add(&d, DIAG_ERROR, "e", nowhere, "problem %d", i);
	assert_int_equal(d.n, 2 * DIAG_MAX);
	assert_int_equal(d.n_errors, DIAG_MAX + 7);
	assert_int_equal(d.n_dropped, DIAG_MAX + 7);
	diag_add(&d, DIAG_NOTE, "n", nowhere, "note");
	assert_int_equal(d.n_dropped, DIAG_MAX + 8);
	diags_print(&d, false, &out);
	assert_non_null(strstr(out.p, "error: problem 49 [e]\n"));
	assert_null(strstr(out.p, "problem 50"));
	assert_true(str_ends(buf_str(&out), STR("\nand 58 more\n")));
}

/* An error beyond the limit still counts for the stage that is set after it was added. */
static void test_stages(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct pos nowhere = {0};
	struct diags d;

	diags_init(&d, a, NULL);
	assert_false(diags_has_errors(&d, DIAG_ADMISSION));
	diag_add(&d, DIAG_WARNING, "w", nowhere, "w");
	assert_false(diags_has_errors(&d, DIAG_ADMISSION));
	for (int i = 0; i < DIAG_MAX; i++)
		diag_add(&d, DIAG_ERROR, "e", nowhere, "e")->stage = DIAG_RUN;
	assert_true(diags_has_errors(&d, DIAG_RUN));
	assert_false(diags_has_errors(&d, DIAG_ADMISSION));
	diag_add(&d, DIAG_ERROR, "e", nowhere, "dropped")->stage = DIAG_RUN;
	assert_false(diags_has_errors(&d, DIAG_ADMISSION));
	diag_add(&d, DIAG_ERROR, "e", nowhere, "dropped"); /* stays at admission */
	assert_true(diags_has_errors(&d, DIAG_ADMISSION));
	diag_add(&d, DIAG_ERROR, "e", nowhere, "dropped")->stage = DIAG_RUN;
	assert_true(diags_has_errors(&d, DIAG_ADMISSION));
	diag_hint(&d, &d.spill, "nothing");
	assert_int_equal(d.spill.hint.n, 0);
}

static void test_sort(void **state attr_unused)
{
	static const struct pos given[] = {
		{2, 1, 1}, {1, 9, 1}, {1, 2, 5}, {0, 0, 0}, {1, 2, 5}, {1, 2, 4}, {1, 10, 1}};
	static const char want[] = "3524160";
	cleanup_arena struct arena *a = arena_new();
	struct diags d;

	diags_init(&d, a, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		diag_add(&d, DIAG_ERROR, "e", given[i], "%zu", i);
	diags_sort(&d);
	for (size_t i = 0; i < ARRAY_SIZE(given); i++)
		assert_int_equal(d.items[i].msg.p[0], want[i]);
}

static void test_suggest(void **state attr_unused)
{
	static const struct str names[] = {STR_INIT("runAfter"), STR_INIT("name"),
		STR_INIT("taskRef"), STR_INIT("taskSpec"), STR_INIT("retries"),
		STR_INIT("when")};
	static const struct {
		struct str got;
		const char *want;
	} cases[] = {
		{STR_INIT("runAfters"), "did you mean 'runAfter'?"},
		{STR_INIT("runafter"), "did you mean 'runAfter'?"},
		{STR_INIT("taskref"), "did you mean 'taskRef'?"},
		{STR_INIT("retry"), ""},
		{STR_INIT("nam"), "did you mean 'name'?"},
		{STR_INIT("wen"), "did you mean 'when'?"},
		{STR_INIT("xyz"), ""},
		{STR_INIT("x"), ""},
		{STR_INIT(""), ""},
	};
	cleanup_arena struct arena *a = arena_new();
	struct diags d;

	diags_init(&d, a, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag *one = diag_add(&d, DIAG_ERROR, "e", (struct pos){0}, "m");

		diag_suggest(&d, one, cases[i].got, names, ARRAY_SIZE(names));
		assert_string_equal(str_c(one->hint), cases[i].want);
	}
}

static void test_print(void **state attr_unused)
{
	static const struct {
		const char *name;
		struct str line;
		uint32_t col, end_col;
		const char *want;
	} cases[] = {
		{"plain", STR_INIT("  runAfters: [a]"), 3, 12,
			"    runAfters: [a]\n    ^~~~~~~~~\n"},
		{"one", STR_INIT("abc"), 2, 0, "  abc\n   ^\n"},
		{"end equals start", STR_INIT("abc"), 2, 2, "  abc\n   ^\n"},
		{"tab before", STR_INIT("\tab\tc"), 5, 0, "  \tab\tc\n  \t  \t^\n"},
		{"at a tab", STR_INIT("a\tb"), 2, 0, "  a\tb\n   ^\n"},
		{"behind the end", STR_INIT("ab"), 3, 0, "  ab\n    ^\n"},
		{"far behind the end", STR_INIT("ab"), 9, 0, "  ab\n    ^\n"},
		{"empty line", STR_INIT(""), 1, 0, "  \n  ^\n"},
		{"column 0", STR_INIT("ab"), 0, 0, "  ab\n  ^\n"},
		{"umlaut", STR_INIT("\xc3\xa4\xc3\xb6x"), 3, 0, "  \xc3\xa4\xc3\xb6x\n    ^\n"},
		{"wide", STR_INIT("\xe6\xbc\xa2x"), 2, 0, "  \xe6\xbc\xa2x\n    ^\n"},
		{"at wide", STR_INIT("\xe6\xbc\xa2x"), 1, 3, "  \xe6\xbc\xa2x\n  ^~~\n"},
		{"combining", STR_INIT("e\xcc\x81x"), 3, 0, "  e\xcc\x81x\n   ^\n"},
		{"escape", STR_INIT("a\x1b[1mb"), 3, 0, "  a\\x1b[1mb\n       ^\n"},
		{"NUL", STR_INIT("a\0b"), 3, 0, "  a\\x00b\n       ^\n"},
		{"C1", STR_INIT("\xc2\x9bx"), 2, 0, "  \\x9bx\n      ^\n"},
		{"bidi", STR_INIT("\xe2\x80\xaex"), 2, 0, "  \\u202ex\n        ^\n"},
		{"bad UTF-8", STR_INIT("\xff\xfex"), 3, 0, "  \\xff\\xfex\n          ^\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		cleanup_buf struct buf out;
		struct sources sources;
		struct diags d;
		struct diag *one;
		struct str want;

		buf_init(&out, MAX_BYTES);
		sources_init(&sources, a);
		diags_init(&d, a, &sources);
		sources_add(&sources, STR("p.yaml"), cases[i].line);
		one = diag_add(&d, DIAG_ERROR, "code", (struct pos){1, 1, cases[i].col}, "m");
		one->end = (struct pos){1, cases[i].end_col ? 1 : 0, cases[i].end_col};
		diag_print(&d, one, false, &out);
		want = arena_printf(a, "p.yaml:1:%u: error: m [code]\n%s",
			cases[i].col ? cases[i].col : 1, cases[i].want);
		if (str_chr(cases[i].line, '\0') < 0 && strcmp(out.p, want.p) != 0)
			print_error("case %s\n", cases[i].name);
		assert_string_equal(out.p, want.p);
	}
}

static void test_window(void **state attr_unused)
{
	static const uint32_t cols[] = {1, 49, 50, 51, 52, 500, 4950, 4999, 5000, 5001};
	cleanup_arena struct arena *a = arena_new();
	char *line = arena_alloc(a, 5001);
	struct sources sources;
	struct diags d;

	for (size_t i = 0; i < 5000; i++)
		line[i] = (char)('a' + i % 26);
	sources_init(&sources, a);
	sources_add(&sources, STR("long"), (struct str){line, 5000});
	for (size_t i = 0; i < ARRAY_SIZE(cols); i++) {
		cleanup_buf struct buf out;
		struct pos pos = {1, 1, cols[i]};
		const char *text;
		const char *mark;
		const char *caret;
		size_t shown;

		buf_init(&out, MAX_BYTES);
		diags_init(&d, a, &sources);
		diag_print(&d, diag_add(&d, DIAG_ERROR, "c", pos, "m"), false, &out);
		text = strchr(out.p, '\n') + 1;
		mark = strchr(text, '\n') + 1;
		caret = strchr(mark, '^');
		assert_non_null(caret);
		shown = (size_t)(caret - mark);
		assert_true(shown <= 105);
		assert_true(strlen(text) < 300);
		/* the ellipsis has three bytes and one cell */
		if (strncmp(text + 2, "\xe2\x80\xa6", 3) == 0)
			shown += 2;
		if (cols[i] <= 5000)
			assert_int_equal(text[shown], line[cols[i] - 1]);
	}
}

static void test_print_parts(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	cleanup_buf struct buf out;
	struct sources sources;
	struct diags d;
	struct diag *one;

	buf_init(&out, MAX_BYTES);
	sources_init(&sources, a);
	diags_init(&d, a, &sources);
	sources_add(&sources, STR("a\x1b\n.yaml"), STR("x: 1\r\ny: 2\r\n"));
	one = diag_add(&d, DIAG_WARNING, "w", (struct pos){1, 2, 1}, "bad\n\x1b%s", "\xff");
	diag_hint(&d, one, "try\n%d", 1);
	diag_print(&d, one, false, &out);
	assert_string_equal(out.p, "a\\x1b\\n.yaml:2:1: warning: bad\\n\\x1b\\xff [w]\n"
				   "  y: 2\n"
				   "  ^\n"
				   "  hint: try\\n1\n");
	buf_clear(&out);
	diag_print(&d, diag_add(&d, DIAG_NOTE, "n", (struct pos){0}, "m"), false, &out);
	assert_string_equal(out.p, "note: m [n]\n");
	buf_clear(&out);
	diag_print(&d, diag_add(&d, DIAG_ERROR, "n", (struct pos){1, 0, 0}, "m"), false, &out);
	assert_string_equal(out.p, "a\\x1b\\n.yaml: error: m [n]\n");
	buf_clear(&out);
	diag_print(&d, one, true, &out);
	assert_non_null(strstr(out.p, "\x1b[1;35mwarning: \x1b[0mbad\\n\\x1b"));
	assert_non_null(strstr(out.p, "\x1b[1;32m^\x1b[0m\n"));
}

static void test_json(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	cleanup_buf struct buf out;
	struct sources sources;
	struct json_writer w;
	struct diags d;
	struct diag *one;

	buf_init(&out, MAX_BYTES);
	sources_init(&sources, a);
	diags_init(&d, a, &sources);
	sources_add(&sources, STR("p.yaml"), STR("x"));
	one = diag_add(&d, DIAG_ERROR, "unknown-field", (struct pos){1, 3, 4}, "say \"x\"");
	one->end = (struct pos){1, 3, 9};
	one->path = STR("spec.tasks[0]");
	diag_hint(&d, one, "h");
	json_writer_init(&w, &out, 0);
	diag_json(&d, one, &w);
	assert_string_equal(out.p,
		"{\"file\":\"p.yaml\",\"line\":3,\"column\":4,\"endLine\":3,\"endColumn\":9,"
		"\"path\":\"spec.tasks[0]\",\"severity\":\"error\",\"code\":\"unknown-field\","
		"\"message\":\"say \\\"x\\\"\",\"hint\":\"h\"}");
	buf_clear(&out);
	json_writer_init(&w, &out, 0);
	diag_json(&d, diag_add(&d, DIAG_NOTE, "c", (struct pos){0}, "m"), &w);
	assert_string_equal(out.p,
		"{\"file\":\"\",\"line\":0,\"column\":0,\"endLine\":0,\"endColumn\":0,"
		"\"path\":\"\",\"severity\":\"note\",\"code\":\"c\",\"message\":\"m\",\"hint\":"
		"\"\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_stages),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_suggest),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_print_parts),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
