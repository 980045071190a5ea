/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces: what a run binds, what a task run gets, what a step sees (section 9). */
#ifndef AGENT_WORKSPACE_H
#define AGENT_WORKSPACE_H

#include "state.h"

/* The run's bindings with the command line's over them; claim templates have their claim. */
void workspace_plan(const struct plan_context *c, const struct subst *params,
	const struct workspace_binding *bindings, size_t n);

/*
 * What a pipeline task hands to its task run: v.workspaces and host_dirs of t. An optional
 * workspace that is not bound is left out; a required one gives ERR_SPEC with the message of
 * CreateRunFailed.
 */
int workspace_hand_over(struct arena *a, const struct plan *p, const struct plan_task *task,
	const struct pipeline_task *pt, struct execution *t, struct err *err);
/* The same for a TaskRun object, which has its own bindings. */
void workspace_own(struct arena *a, const struct plan *p, struct execution *t);

/* The declaration of a task, or NULL. */
const struct workspace_spec *workspace_find_declared(
	const struct task_spec *ts, struct str name);
/* Names of workspaces whose variables the text of a spec mentions, each once. */
void workspace_names(
	struct arena *a, const struct task_spec *ts, struct str **ret, size_t *ret_n);

/*
 * One workspace of a task run, declared or (inline specs) only used: its place and variables.
 * index is SIZE_MAX when it is optional and not bound.
 */
struct task_workspace {
	struct str name;
	struct str path; /* empty when not bound */
	const struct workspace_binding *binding;
	struct str host_dir;
	bool read_only;
	bool optional;
};
/* ERR_SPEC: `declared workspace "w" is required but has not been bound`. */
int workspace_resolve(struct arena *a, const struct execution *t, const struct task_spec *ts,
	struct task_workspace **ret, size_t *ret_n, struct err *err);

/* The workspace as the step lists it for itself alone, or NULL. */
const struct step_workspace *workspace_of_step(const struct step *s, struct str name);
/* Some step or sidecar does: the others do not get it. */
bool workspace_is_isolated(const struct task_spec *ts, struct str name);

#endif
