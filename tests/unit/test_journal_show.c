/* SPDX-License-Identifier: Apache-2.0 */
/* A journal for people: a line each record, whatever is in it. */
#include "../../entrypoint/journal_show.h"

#include "../../entrypoint/journal.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	const char *record;
	const char *want; /* NULL: it is no JSON */
} cases[] = {
	{"{\"seq\":0,\"wall\":5000000000,\"kind\":\"event\",\"event\":\"start\"}",
		"      0.000s  > start           "},
	{"{\"seq\":1,\"wall\":6500000000,\"kind\":\"step-end\",\"pipelineTask\":\"a\",\"task\":"
	 "\"r-a\",\"attempt\":0,\"step\":\"s\",\"exitCode\":3}",
		"      1.500s  step-end           a r-a/0/s exitCode=3"},
	{"{\"wall\":4000000000,\"kind\":\"a\\nb\",\"task\":\"\\u0000\",\"k\\n\":\"v\\n\"}",
		"     -1.000s  a\\x0ab             \\x00 k\\x0a=\"v\\n\""},
	{"{\"kind\":\"x\",\"event\":7}", "              >                 "},
	{"[1]", "                                 =1"},
	{"{\"kind\":", NULL},
};

static void a_line_each(void **state)
{
	char dir[] = "/tmp/test-journal-show-XXXXXX";
	struct buf out cleanup_buf = {0};
	struct arena *a cleanup_arena = arena_new();
	struct str rest, line;
	struct err err = {0};
	struct journal j;

	(void)state;
	assert_non_null(mkdtemp(dir));
	int dfd cleanup_fd = dir_open(AT_FDCWD, dir, NULL);
	assert_int_equal(journal_create(&j, dfd, "journal", &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(journal_append(&j, str_z(cases[i].record), false, &err), 0);
	journal_close(&j);
	buf_init(&out, MIB);
	assert_int_equal(journal_show(dfd, false, &out, &err), 0);
	rest = buf_str(&out);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(str_cut(rest, '\n', &line, &rest));
		if (cases[i].want)
			assert_string_equal(str_c(arena_str(a, line)), cases[i].want);
		else
			assert_true(str_starts(line, STR("not JSON: ")));
	}
	assert_int_equal(rest.n, 0);
	assert_int_equal(dir_remove(AT_FDCWD, dir, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
