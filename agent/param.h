/* SPDX-License-Identifier: Apache-2.0 */
/* Params: declarations against given values, defaults, and the sets they make (section 5). */
#ifndef AGENT_PARAM_H
#define AGENT_PARAM_H

#include <base/arena.h>
#include <base/err.h>
#include <monopod/subst.h>

const struct param *param_find(const struct param *p, size_t n, struct str name);
const struct param_spec *param_spec_find(const struct param_spec *p, size_t n, struct str name);

/* Words as Go prints a list, one after the other: "[a", "[a b", "[a b]"; none: empty. */
void param_list_add(struct arena *a, struct str *list, struct str word);
struct str param_list_end(struct arena *a, struct str list);

/* What is declared and what is given for it. */
struct param_check {
	struct arena *arena;
	struct arena *texts; /* of param_resolve_task, as subst.texts */
	const struct param_spec *specs;
	size_t n_specs;
	const struct param *given;
	size_t n_given;
	/* Given values that still hold $(…) of later passes are not judged. */
	bool skip_variables;
};
/* Each gives the offenders as Go prints them, or empty: "[a b]", "map[o:[k]]", "c". */
struct str param_missing(const struct param_check *c);
struct str param_mistyped(const struct param_check *c);
struct str param_missing_keys(const struct param_check *c);
/* The keys of an object's default that a given value lacks. */
struct str param_lost_keys(
	struct arena *a, const struct param_spec *s, const struct value *given);
/* The first value that is not in its enum: "param `v` value: c is not in the enum list". */
struct str param_not_in_enum(const struct param_check *c);
/* "[$(params.l[3])]": the references of texts, one after the other, beyond their arrays. */
struct param_index_check {
	struct arena *arena;
	const struct param *values; /* defaults included */
	size_t n_values;
	struct str found; /* so far */
	struct pos pos;   /* of the first text with one */
};
void param_index_text(void *check, struct text t, const char *path);

/*
 * What a pipeline's params are: given values (undeclared ones too), then defaults with their
 * references to other params filled in, up to BOUND_PARAM_DEPTH deep. ERR_SPEC for a default
 * that cannot be made, which stands at *ret_pos.
 */
int param_resolve(const struct param_check *c, struct param **ret, size_t *ret_n,
	struct pos *ret_pos, struct err *err);
/*
 * What a task's params are: given values, object values over their default's keys; a default
 * with references sees other defaults only and is left out when one has none (section 5).
 */
void param_resolve_task(const struct param_check *c, struct param **ret, size_t *ret_n);

/* The first variable of a param that the task does not declare, as Tekton says it; empty: none.
 */
struct str param_leftover(struct arena *a, const struct task_spec *ts);

#endif
