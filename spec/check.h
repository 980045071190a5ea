/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all checks of a spec share, private to spec/: where the walk is, how a problem is
 * reported, which names are well-formed, which params are known where.
 */
#ifndef SPEC_CHECK_H
#define SPEC_CHECK_H

#include "spec/ref.h"
#include <monopod/name.h>
#include <monopod/spec.h>

struct check {
	struct spec *spec;
	struct arena *arena; /* gone when the check is over */
	struct pos near;     /* where a problem is shown that has no place of its own */
	struct pos object;   /* where the object begins */
	struct str at;       /* path of the field the walk is in: spec.pipelineSpec.tasks[0] */
	bool types_spelled_out; /* of declared params: in an inline pipeline of a pipeline task
				 */
};

/* Goes down one field; returns where the walk was, for check_leave. A field that begins with
 * '[' is an index. */
struct str check_enter(struct check *c, const char *fmt, ...) attr_printf(2, 3);
void check_leave(struct check *c, struct str before);
/* The path of a field below the current one; "" gives the current one. */
struct str check_path(const struct check *c, const char *field);

/*
 * Reports an admission error at a text (or, with only a position in it, at a place), as Tekton
 * prints it: "message: path". The same problem at the same place is reported once. Never NULL.
 */
struct diag *check_report(struct check *c, const char *code, struct text at, const char *field,
	const char *fmt, ...) attr_printf(5, 6);
/* The same at one reference inside a text. */
struct diag *check_report_ref(struct check *c, const char *code, struct text t,
	const struct ref *ref, const char *field, const char *message);
/* Enough was found: further problems are only counted, and their words not needed. */
bool check_is_full(const struct check *c);
/* The same with several paths, which the message lists itself; the first is the diagnostic's.
 */
struct diag *check_report_paths(struct check *c, const char *code, struct pos at,
	const char *head, const struct str *paths, size_t n);
/* "missing field(s): path" */
void check_missing(struct check *c, struct pos at, const char *field);
/* "did you mean 'x'?" from the keys of a map. */
void check_suggest(struct check *c, struct diag *d, struct str got, const struct map *names);
static inline struct text text_at(struct pos pos)
{
	return (struct text){.pos = pos};
}

/* Go's %q, cut when it is very long. */
struct str quote_go(struct arena *a, struct str s);

/* --- params known at some place */

struct known_param {
	struct str name;
	enum value_type type;
	bool typed;      /* false: only the name is known */
	struct map keys; /* of an object; entries NULL when not known */
};
struct scope {
	const struct scope *outer; /* looked up next, or NULL */
	struct map params;         /* name → struct known_param * */
};
void scope_init(struct scope *s, struct arena *a, const struct scope *outer);
/* The first declaration of a name stays; keys of objects are joined. */
void scope_add_specs(struct scope *s, const struct param_spec *specs, size_t n);
void scope_add_params(struct scope *s, const struct param *params, size_t n);
void scope_add_matrix(struct scope *s, const struct matrix *m);
/* Only the names: of other tasks, whose types are their own business. */
void scope_add_name(struct scope *s, struct str name);
void scope_add_names(struct scope *s, const struct param_spec *specs, size_t n);
const struct known_param *scope_find(const struct scope *s, struct str name);
void scope_suggest(struct check *c, struct diag *d, struct str got, const struct scope *s);

/* --- the checks, by what they look at; paths are relative to c->at */

void check_object_name(struct check *c, const struct object_meta *meta);
void check_param_specs(struct check *c, const struct param_spec *specs, size_t n, bool names);
/* Names used twice in a list of given params; `field` is "params" or "matrix.params". */
void check_given_params(
	struct check *c, const struct param *params, size_t n, const char *field);
void check_results(struct check *c, const struct result_spec *results, size_t n);
void check_when(struct check *c, const struct when *when, size_t n);
/* Everything of a task spec except its variables. */
void check_task_spec(struct check *c, const struct task_spec *ts);
/* Its variables; scope holds every param that may be used. */
void check_task_variables(
	struct check *c, const struct task_spec *ts, const struct scope *scope);

void check_step_action(struct check *c, const struct step_action_spec *s);
/* The variables of a StepAction, whose params alone may be used there. */
void check_action_variables(struct check *c, const struct step *s, const struct scope *scope);

/* What surrounds a pipeline spec. */
struct pipeline_context {
	bool standalone;           /* a Pipeline object: everything must be declared */
	const struct scope *scope; /* of the run, or NULL */
};
void check_pipeline_spec(
	struct check *c, const struct pipeline_spec *ps, const struct pipeline_context *ctx);
void check_pipeline_task(struct check *c, const struct pipeline_task *pt);
/* Variables in the params, matrix and when of one pipeline task. */
void check_pipeline_task_params(
	struct check *c, const struct pipeline_task *pt, const struct scope *scope);
void check_pipeline_results(struct check *c, const struct pipeline_spec *ps,
	const struct map *tasks, const struct map *finally);
/* Edges, unknown names, cycles. tasks: name → struct pipeline_task * of the dag. */
void check_graph(struct check *c, const struct pipeline_spec *ps, const struct map *tasks);
/* What finally tasks may refer to; tasks and finally as above. */
void check_finally(struct check *c, const struct pipeline_spec *ps, const struct map *tasks,
	const struct map *finally);
/* Status variables in dag tasks, and how results of fanned-out tasks are used. */
void check_task_refs(struct check *c, const struct pipeline_spec *ps, const struct map *tasks);
void check_task_volumes(struct check *c, const struct volume *volumes, size_t n);
void check_step_mounts(struct check *c, const struct step *s);
void check_pipeline_run(struct check *c, const struct pipeline_run *pr);
void check_task_run(struct check *c, const struct task_run *tr);

#endif
