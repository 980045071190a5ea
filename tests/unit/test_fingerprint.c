/* SPDX-License-Identifier: Apache-2.0 */
/* Two inputs compared: what counts, what does not, and where it is. */
#include "spec_text.h"

/* Short and readable: the text itself. A real one is a hash. */
static struct str plain(void *arg, struct arena *a, struct str text)
{
	(void)arg;
	return arena_printf(a, "#" STR_FMT, STR_ARG(text));
}

static const struct spec_digest digest = {.digest = plain};

static struct json *fingerprint(struct arena *a, const char *yaml)
{
	struct spec *s = load_text(a, yaml);
	struct json *ret;
	struct json_writer w;
	struct buf b cleanup_buf = {0};

	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	spec_fingerprint(s, &digest, &w);
	assert_int_equal(json_parse(a, arena_str(a, buf_str(&b)), MIB, &ret, NULL), 0);
	return ret;
}

#define TASK(steps) TASK_HEAD "  steps:\n" steps
#define ONE         "  - {name: a, image: i, script: one}\n"
#define TWO         "  - {name: b, image: i, script: two}\n"
#define MAP         "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {k: v, l: w}\n"

static void differences(void **state)
{
	static const struct {
		const char *name, *old, *now, *want;
	} cases[] = {
		{"the same", TASK(ONE), TASK(ONE), ""},
		{"order of keys, style, comments", TASK(ONE),
			TASK("  - script: 'one' # first\n    image: \"i\"\n    name: a\n"), ""},
		{"order of objects", TASK(ONE) MAP,
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {l: w, k: "
			"v}\n"
			"---\n" TASK(ONE),
			""},
		{"a value", TASK(ONE), TASK("  - {name: a, image: i, script: uno}\n"),
			"6:33 error resume-changed spec.steps[0].script: Task/t "
			"spec.steps[0].script is not what it was\n"},
		{"a number is no text", TASK_HEAD "  description: \"1\"\n" OK_STEPS,
			TASK_HEAD "  description: x1\n" OK_STEPS,
			"5:16 error resume-changed spec.description: Task/t spec.description "
			"is "
			"not what it was\n"},
		{"a key more", TASK(ONE),
			TASK("  - {name: a, image: i, script: one, workingDir: /x}\n"),
			"6:38 error resume-changed spec.steps[0].workingDir: Task/t "
			"spec.steps[0].workingDir was not there\n"},
		{"a key less", TASK(ONE), TASK("  - {name: a, image: i}\n"),
			"6:5 error resume-changed spec.steps[0].script: Task/t "
			"spec.steps[0].script is not there any more\n"},
		{"an entry at the end", TASK(ONE), TASK(ONE TWO),
			"6:3 error resume-changed spec.steps: Task/t spec.steps has another "
			"number of entries: 2, not 1\n"},
		{"an object more", TASK(ONE), TASK(ONE) MAP,
			"8:1 error resume-changed : ConfigMap/m was not there\n"},
		{"an object less", TASK(ONE) MAP, TASK(ONE),
			"0:0 error resume-changed : ConfigMap/m is not there any more\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *a cleanup_arena = arena_new();
		struct json *old = fingerprint(a, cases[i].old);
		struct spec *now = load_text(a, cases[i].now);
		struct diags diags;
		const char *got;
		size_t n;

		diags_init(&diags, a, now->sources);
		n = spec_compare(now, &digest, old, &diags);
		got = diag_lines(a, &diags);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].name, got);
		assert_int_equal(n, diags.n_errors);
	}
}

/* Ten are named, all are counted. */
static void many(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct buf old, now;
	struct diags diags;
	struct spec *s;

	(void)state;
	buf_init(&old, MIB);
	buf_init(&now, MIB);
	buf_addz(&old, TASK_HEAD "  steps:\n");
	buf_addz(&now, TASK_HEAD "  steps:\n");
	for (int i = 0; i < 20; i++) {
		buf_addf(&old, "  - {name: s%d, image: i, script: one}\n", i);
		buf_addf(&now, "  - {name: s%d, image: i, script: two}\n", i);
	}
	s = load_text(a, now.p);
	diags_init(&diags, a, s->sources);
	assert_int_equal(spec_compare(s, &digest, fingerprint(a, old.p), &diags), 20);
	assert_int_equal(diags.n, 10);
	buf_release(&old);
	buf_release(&now);
}

/* The line of a Secret is not shown. */
static void secrets(void **state)
{
	static const char head[] = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n";
	struct arena *a cleanup_arena = arena_new();
	struct diags diags;
	struct spec *now;

	(void)state;
	now = load_text(a, str_c(arena_printf(a, "%sstringData: {k: new}\n", head)));
	diags_init(&diags, a, now->sources);
	assert_int_equal(spec_compare(now, &digest,
				 fingerprint(a, str_c(arena_printf(
							a, "%sstringData: {k: old}\n", head))),
				 &diags),
		1);
	assert_true(diags.items[0].no_excerpt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),
		cmocka_unit_test(many),
		cmocka_unit_test(secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
