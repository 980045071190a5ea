/* SPDX-License-Identifier: Apache-2.0 */
/* Error values: texts, cutting, prefixes, and the table of exit codes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/err.h>
#include <base/str.h>
#include <errno.h>
#include <string.h>

static void test_set(void **state attr_unused)
{
	struct err err = {.sys = 7};

	assert_int_equal(err_set(&err, ERR_LIMIT, "more than %d", 3), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(err.sys, 0);
	assert_string_equal(err.msg, "more than 3");
}

static void test_null_is_fine(void **state attr_unused)
{
	errno = ENOENT;
	assert_int_equal(err_set(NULL, ERR_SPEC, "x"), -1);
	assert_int_equal(err_sys(NULL, "x"), -1);
	assert_int_equal(err_sysno(NULL, EIO, "x"), -1);
	assert_int_equal(err_wrap(NULL, "x"), -1);
	assert_int_equal(err_wrap_as(NULL, ERR_IMAGE, "x"), -1);
}

static void test_sys(void **state attr_unused)
{
	static const struct {
		int sys;
		const char *want;
	} cases[] = {
		{EACCES, "open 'x': permission denied"},
		{ENOENT, "open 'x': no such file or directory"},
		{EIO, "open 'x': input/output error"},
		{ESRMNT, "open 'x': srmount error"},
		{EDOTDOT, "open 'x': RFS specific error"},
		{0, "open 'x': success"},
		{99999, "open 'x': error 99999"},
		{-5, "open 'x': error -5"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err;

		errno = cases[i].sys;
		assert_int_equal(err_sys(&err, "open '%s'", "x"), -1);
		assert_string_equal(err.msg, cases[i].want);
		assert_int_equal(err.kind, ERR_SYS);
		assert_int_equal(err.sys, cases[i].sys);
		errno = EBADF;
		err_sysno(&err, cases[i].sys, "open '%s'", "x");
		assert_string_equal(err.msg, cases[i].want);
		assert_int_equal(err.sys, cases[i].sys);
	}
}

static void test_wrap(void **state attr_unused)
{
	struct err err;

	err_sysno(&err, ENOENT, "open '/x'");
	assert_int_equal(err_wrap(&err, "step '%s'", "build"), -1);
	assert_string_equal(err.msg, "step 'build': open '/x': no such file or directory");
	assert_int_equal(err.kind, ERR_SYS);
	assert_int_equal(err_wrap_as(&err, ERR_IMAGE, "image"), -1);
	assert_int_equal(err.kind, ERR_IMAGE);
	assert_int_equal(err.sys, ENOENT);
	assert_string_equal(
		err.msg, "image: step 'build': open '/x': no such file or directory");
}

/* At every length around the limit: never too long, always UTF-8, "…" exactly when cut. */
static void test_cut(void **state attr_unused)
{
	static const char *const fill[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x8d\xba"};

	for (size_t f = 0; f < ARRAY_SIZE(fill); f++) {
		for (size_t lead = 0; lead < 8; lead++) {
			char text[2 * ERR_MSG_BYTES] = "";
			struct err err;
			size_t n = lead;

			memset(text, '-', lead);
			while (n < ERR_MSG_BYTES + 20) {
				memcpy(text + n, fill[f], strlen(fill[f]));
				n += strlen(fill[f]);
				err_set(&err, ERR_SPEC, "%.*s", (int)n, text);
				assert_true(strlen(err.msg) < ERR_MSG_BYTES);
				assert_true(str_utf8_valid(str_z(err.msg)));
				assert_int_equal(str_ends(str_z(err.msg), STR("\xe2\x80\xa6")),
					n >= ERR_MSG_BYTES);
				if (n < ERR_MSG_BYTES)
					assert_int_equal(strlen(err.msg), n);
				else
					assert_true(strlen(err.msg) > ERR_MSG_BYTES - 12);
			}
		}
	}
}

static void test_wrap_cut(void **state attr_unused)
{
	char text[1000];
	struct err err;

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	err_set(&err, ERR_SPEC, "%s", text);
	err_wrap(&err, "head");
	assert_true(str_starts(str_z(err.msg), STR("head: aaaa")));
	assert_true(str_ends(str_z(err.msg), STR("a\xe2\x80\xa6")));
	err_wrap(&err, "%s", text);
	assert_true(str_starts(str_z(err.msg), STR("aaaa")));
	assert_true(strlen(err.msg) < ERR_MSG_BYTES);
	err_sysno(&err, ENOENT, "%s", text);
	assert_true(str_utf8_valid(str_z(err.msg)));
}

static void test_kinds(void **state attr_unused)
{
	static const struct {
		enum err_kind kind;
		const char *name;
		enum exit_code exit;
	} cases[] = {
		{ERR_NONE, "none", 0},
		{ERR_USAGE, "usage", 2},
		{ERR_SPEC, "spec", 2},
		{ERR_LIMIT, "limit", 2},
		{ERR_UNSUPPORTED, "unsupported", 2},
		{ERR_NOT_FOUND, "not-found", 2},
		{ERR_IMAGE, "image", 3},
		{ERR_SANDBOX, "sandbox", 3},
		{ERR_STEP, "step", 1},
		{ERR_CANCELLED, "cancelled", 1},
		{ERR_SYS, "system", 4},
		{ERR_BUG, "bug", 4},
	};

	assert_int_equal(ARRAY_SIZE(cases), ERR_KIND_N);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_string_equal(err_kind_name(cases[i].kind), cases[i].name);
		assert_int_equal(err_kind_exit(cases[i].kind), cases[i].exit);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_null_is_fine),
		cmocka_unit_test(test_sys),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_wrap_cut),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
