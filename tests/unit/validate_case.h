/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cases of validation: a YAML text and exactly the problems that it has. That a field is not
 * supported yet is the decoder's business and does not count.
 */
#ifndef TESTS_UNIT_VALIDATE_CASE_H
#define TESTS_UNIT_VALIDATE_CASE_H

#include "tests/unit/spec_build.h"
#include <string.h>

/* One object; its spec begins in line 5. */
#define OBJECT(kind, body)                                                                     \
	"apiVersion: tekton.dev/v1\nkind: " kind "\nmetadata: {name: t}\nspec:\n" body "\n"
#define TASK(body)         OBJECT("Task", body)
#define PIPELINE(body)     OBJECT("Pipeline", body)
#define PIPELINE_RUN(body) OBJECT("PipelineRun", body)
#define TASK_RUN(body)     OBJECT("TaskRun", body)
#define STEPS              "  steps: [{name: s, image: i, script: x}]"
#define INLINE             "taskSpec: {steps: [{name: s, image: i, script: x}]}"

struct validate_want {
	uint32_t line, col;
	const char *msg;  /* with the path, as Tekton prints it */
	const char *hint; /* NULL: not compared */
};
struct validate_case {
	const char *yaml;
	struct validate_want want[5]; /* in the order of the input; ends with msg NULL */
};

static inline struct str case_suffix(void *arg, struct arena *a, size_t i)
{
	(void)arg;
	(void)a;
	(void)i;
	return STR("bcdfg");
}

static inline struct spec *case_load(struct arena *a, const char *yaml)
{
	const struct spec_options opts = {.suffix = case_suffix};
	const struct spec_input input = {.name = STR("in.yaml"), .text = str_z(yaml)};

	return spec_load(a, &input, 1, &opts);
}

static inline void case_show(const struct diags *d)
{
	struct buf out;

	buf_init(&out, 65536);
	diags_print(d, false, &out);
	print_error("%s", out.n ? out.p : "no problems\n");
	buf_release(&out);
}

static inline bool case_fits(const struct diag *d, const struct validate_want *w)
{
	return d->pos.line == w->line && d->pos.col == w->col && str_eqz(d->msg, w->msg) &&
	       d->stage == DIAG_ADMISSION && (!w->hint || str_eqz(d->hint, w->hint));
}

static inline bool case_check(const struct validate_case *one)
{
	struct arena *a = arena_new();
	struct spec *s = case_load(a, one->yaml);
	struct diags *d = s->diags;
	size_t n = 0, at = 0;
	bool fits;

	diags_sort(d);
	while (n < ARRAY_SIZE(one->want) && one->want[n].msg)
		n++;
	fits = true;
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->items[i].code, "not-supported") != 0) {
			fits = fits && at < n && case_fits(&d->items[i], &one->want[at]);
			at++;
		}
	fits = fits && at == n;
	if (!fits) {
		print_error("%s", one->yaml);
		case_show(d);
	}
	arena_free(a);
	return fits;
}

/* All of them, so that one run shows every difference. */
#define check_cases(cases)                                                                     \
	do {                                                                                   \
		size_t n_bad = 0;                                                              \
                                                                                               \
		for (size_t case_i = 0; case_i < ARRAY_SIZE(cases); case_i++)                  \
			n_bad += !case_check(&(cases)[case_i]);                                \
		assert_int_equal(n_bad, 0);                                                    \
	} while (0)

#endif
