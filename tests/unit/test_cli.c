/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: what is understood, what is refused and in which words, and the texts made
 * from the tables. */
#include "entrypoint/cli.h"
#include "entrypoint/cli_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those four first */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 12 };

static int words_read(struct arena *a, const char *const *words, struct options *o,
	cli_verb_fn **fn, struct err *err)
{
	char *argv[WORDS_MAX + 2] = {(char *)(uintptr_t) "monopod"};
	int argc = 1;
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	return cli_read(a, argc, argv, o, fn, err);
}

static void refused(void **state)
{
	static const struct {
		const char *words[WORDS_MAX];
		const char *want;
	} cases[] = {
		{{"rn"}, "verb 'rn' is not known; did you mean 'run'?"},
		{{"run", "-f", "a", "--debug", "before-step=task"},
			"option '--debug': 'before-step=task': expected on-failure or "
			"before-step=TASK/STEP"},
		{{"pod", "-f", "a", "--profile", "lax"},
			"option '--profile': 'lax' is not a profile: expected userns, default, "
			"restricted or privileged"},
		{{"plan", "-f", "a", "--resources", "-o", "dot"},
			"--resources is not in what -o dot prints"},
		{{"run", "-f", "a", "--template-claim", "w="},
			"option '--template-claim': 'w=' names no claim"},
		{{"frobnicate"}, "verb 'frobnicate' is not known; see 'monopod help'"},
		{{"run"}, "no input: expected -f FILE; see 'monopod help run'"},
		{{"run", "-f"}, "option '-f' needs PATH"},
		{{"run", "--file"}, "option '--file' needs PATH"},
		{{"run", "-f", "a", "b", "c"},
			"'c' is one word too many; usage: monopod run -f PATH... [NAME]"},
		{{"run", "-f", "a", "--parm", "x=1"},
			"option '--parm' is not known to 'run'; did you mean '--param'?"},
		{{"run", "-f", "a", "--resume=x"},
			"option '--resume': 'x': expected no value, or force"},
		{{"run", "-f", "a", "--resume", "--dry-run"},
			"--resume and --dry-run exclude each other"},
		{{"check", "-f", "a", "--resume"},
			"option '--resume' is not known to 'check'; see 'monopod help check'"},
		{{"run", "-f", "a", "--isolation=user"},
			"option '--isolation' is not supported yet"},
		{{"run", "-f", "a", "--resme"},
			"option '--resme' is not known to 'run'; did you mean '--resume'?"},
		{{"run", "-f", "a", "-z3"},
			"option '-z' is not known to 'run'; see 'monopod help run'"},
		{{"run", "-f", "a", "--require-isolation", "strong"},
			"option '--require-isolation': 'strong' is not a level: expected root, "
			"user or user-single"},
		{{"run", "-f", "a", "-p", "novalue"},
			"option '--param': 'novalue' is not of the form NAME=VALUE"},
		{{"run", "-f", "a", "-p", "=v"},
			"option '--param': '=v' is not of the form NAME=VALUE"},
		{{"run", "-f", "a", "--hermetic=yes"}, "option '--hermetic' takes no value"},
		{{"run", "-f", "a", "--store", "/a", "--store", "/b"},
			"option '--store' is given twice"},
		{{"run", "-f", "a", "-o", "dot"}, "option '--output': 'dot' is not a format: "
						  "expected auto, plain or json"},
		{{"plan", "-f", "a", "-o", "xml"}, "option '--output': 'xml' is not a format: "
						   "expected auto, plain, json or dot"},
		{{"run", "-f", "a", "--max-parallel", "0"},
			"option '--max-parallel': '0' is below 1"},
		{{"check", "-f", "a", "--hermetic"}, "option '--hermetic' is not known to "
						     "'check'; see 'monopod help check'"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *a = arena_new();
		struct options o;
		cli_verb_fn *fn;
		struct err err = {0};
		assert_int_equal(words_read(a, cases[i].words, &o, &fn, &err), -1);
		assert_string_equal(err.msg, cases[i].want);
		assert_int_equal(err.kind, ERR_USAGE);
		arena_free(a);
	}
}

static void understood(void **state)
{
	static const char *const words[] = {"run", "-fa.yaml", "--file=b.yaml", "-p", "x=1=2",
		"-w", "src=/s/../t", "-w=", NULL};
	static const char *const good[] = {"run", "-fa.yaml", "--file=b.yaml", "-p", "x=1=2",
		"-w", "src=/s/../t", "--grace", "1m30s", "NAME", NULL};
	struct arena *a = arena_new();
	struct options o;
	cli_verb_fn *fn;
	struct err err = {0};
	(void)state;
	assert_int_equal(words_read(a, words, &o, &fn, &err), -1);
	assert_int_equal(words_read(a, good, &o, &fn, &err), 0);
	assert_ptr_equal(fn, cmd_run);
	assert_int_equal(o.n_files, 2);
	assert_string_equal(o.files[0].p, "a.yaml");
	assert_string_equal(o.files[1].p, "b.yaml");
	assert_string_equal(o.params[0].name.p, "x");
	assert_string_equal(o.params[0].text.p, "1=2");
	assert_string_equal(o.workspaces[0].dir.p, "/t");
	assert_true(o.grace_ns == 90 * INT64_C(1000000000));
	assert_string_equal(o.name.p, "NAME");
	assert_int_equal(o.max_parallel, 0);
	arena_free(a);
}

static void defaults(void **state)
{
	static const char *const words[] = {
		"run", "-f", "-", "-w", "w=emptyDir", "--", "-odd", NULL};
	struct arena *a = arena_new();
	struct options o;
	cli_verb_fn *fn;
	struct err err = {0};
	(void)state;
	assert_int_equal(words_read(a, words, &o, &fn, &err), 0);
	assert_string_equal(o.files[0].p, "-");
	assert_int_equal(o.workspaces[0].dir.n, 0);
	assert_string_equal(o.name.p, "-odd");
	assert_true(o.grace_ns == OPTIONS_GRACE_NS);
	assert_int_equal(o.output, OUTPUT_AUTO);
	arena_free(a);
}

static void help(void **state)
{
	static const char *const asked[] = {"run", "--bogus", "--help", NULL};
	static const char *const word[] = {"run", "-f", "x", "--", "-h", NULL};
	struct arena *a = arena_new();
	struct options o;
	cli_verb_fn *fn;
	struct err err = {0};
	(void)state;
	assert_int_equal(words_read(a, asked, &o, &fn, &err), 0);
	assert_ptr_equal(fn, cmd_help);
	assert_string_equal(o.args[0].p, "run");
	assert_int_equal(words_read(a, word, &o, &fn, &err), 0);
	assert_ptr_equal(fn, cmd_run);
	assert_string_equal(o.name.p, "-h");
	arena_free(a);
}

/* Whatever is in the tables is in the texts made from them. */
static void texts(void **state)
{
	struct buf man, help;
	struct err err = {0};
	(void)state;
	buf_init(&man, 1 << 20);
	cli_man(&man);
	for (size_t v = 0; v < verbs_n; v++) {
		buf_init(&help, 1 << 20);
		assert_int_equal(cli_help(str_z(verbs[v].name), &help, &err), 0);
		for (size_t i = 0; i < option_rows_n; i++) {
			char word[64];
			snprintf(word, sizeof(word), "--%s%s", option_rows[i].name,
				option_rows[i].is_optional ? "[=" : " ");
			assert_int_equal(strstr(help.p, word) != NULL,
				verb_takes(&verbs[v], &option_rows[i]));
		}
		buf_release(&help);
		assert_non_null(strstr(man.p, verbs[v].name));
	}
	assert_false(man.full);
	buf_release(&man);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refused),
		cmocka_unit_test(understood),
		cmocka_unit_test(defaults),
		cmocka_unit_test(help),
		cmocka_unit_test(texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
