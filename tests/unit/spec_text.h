/* SPDX-License-Identifier: Apache-2.0 */
/* YAML text in, spec and diagnostics out, for the tests of spec/. */
#ifndef TESTS_UNIT_SPEC_TEXT_H
#define TESTS_UNIT_SPEC_TEXT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/bounds.h>
#include <base/json.h>
#include <monopod/spec.h>
#include <stdio.h>
#include <string.h>

/* What a decoder test says around the part it is about. */
#define TASK_HEAD     "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec:\n"
#define PIPELINE_HEAD "apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\nspec:\n"
#define RUN_HEAD      "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"
#define TASK_RUN_HEAD "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: r}\nspec:\n"
#define OK_STEPS      "  steps: [{name: s, image: i}]\n"

static inline struct spec *load_text(struct arena *a, const char *yaml)
{
	struct spec_input in = {.name = STR("in.yaml"), .text = str_z(yaml)};

	return spec_load(a, &in, 1, NULL);
}

/* One line for each: "LINE:COL SEVERITY CODE PATH: MESSAGE". */
static inline const char *diag_lines(struct arena *a, const struct diags *d)
{
	static const char *const severities[] = {"error", "warning", "note"};
	struct buf b cleanup_buf;

	buf_init(&b, MIB);
	for (size_t i = 0; i < d->n; i++)
		buf_addf(&b, "%u:%u %s %s " STR_FMT ": " STR_FMT "\n", d->items[i].pos.line,
			d->items[i].pos.col, severities[d->items[i].severity], d->items[i].code,
			STR_ARG(d->items[i].path), STR_ARG(d->items[i].msg));
	return str_c(arena_str(a, buf_str(&b)));
}

struct diag_case {
	const char *name;
	const char *yaml;
	const char *want; /* diag_lines */
};

static inline void check_diags(const struct diag_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_text(a, cases[i].yaml);
		const char *got = diag_lines(a, s->diags);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n--- want\n%s--- got\n%s", cases[i].name, cases[i].want,
				got);
		assert_true(spec_ok(s) == !diags_has_errors(s->diags, DIAG_ADMISSION));
	}
}

/* What is between a head and a tail, and the diagnostic that it gives. */
struct wrong_part {
	const char *yaml;
	const char *text; /* in the message */
	unsigned col;
};

static inline struct spec *load_part(
	struct arena *a, const char *head, const char *yaml, const char *tail)
{
	return load_text(a, str_c(arena_printf(a, "%s%s%s", head, yaml, tail)));
}

/* Each has one diagnostic, or a second with this in its message (NULL: none has). */
static inline void check_wrong(const char *head, const char *tail,
	const struct wrong_part *parts, size_t n, const char *second)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_arena struct arena *a = arena_new();
		const struct diags *d = load_part(a, head, parts[i].yaml, tail)->diags;
		bool is_right = d->n == 1 || (d->n == 2 && second &&
						     str_has(d->items[1].msg, str_z(second)));

		if (!is_right || !str_has(d->items[0].msg, str_z(parts[i].text)) ||
			d->items[0].pos.col != parts[i].col)
			fail_msg("%s:\n%s", parts[i].yaml, diag_lines(a, d));
	}
}

static inline void check_text(struct text t, const char *want, unsigned line, unsigned col)
{
	assert_true(text_given(t));
	assert_string_equal(str_c(t.s), want);
	assert_int_equal(t.pos.line, line);
	assert_int_equal(t.pos.col, col);
}

#endif
