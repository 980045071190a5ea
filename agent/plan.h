/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: a run object with its pipeline, params and workspaces bound, as dense arrays. Built
 * once by plan_build and not written afterwards. Everything is in the agent's arena.
 */
#ifndef AGENT_PLAN_H
#define AGENT_PLAN_H

#include <monopod/agent.h>
#include <monopod/subst.h>

enum use_kind {
	USE_RESULT,        /* tasks.T.results.R */
	USE_STATUS,        /* tasks.T.status */
	USE_REASON,        /* tasks.T.reason */
	USE_TASKS_STATUS,  /* tasks.status */
	USE_LENGTH,        /* tasks.T.matrix.length */
	USE_RESULT_LENGTH, /* tasks.T.matrix.R.length */
	USE_ARTIFACT,      /* tasks.T.outputs.A: result is what follows the task's name */
};

/* One variable of a pipeline task that only other tasks' outcome can fill in. */
struct use {
	enum use_kind kind;
	size_t producer;   /* index of a pipeline task; for USE_TASKS_STATUS 0 */
	struct str result; /* R */
	int64_t index;     /* [i], or -1 */
	bool is_edge;      /* orders the task: its value must be there */
	struct pos pos;    /* of the text that it is in */
};

/* A run's workspace: the binding, or a directory from the command line. */
struct plan_workspace {
	struct workspace_binding binding;
	struct str host_dir; /* -w NAME=DIR; empty: the binding's source */
};

struct plan_task {
	const struct pipeline_task *written;
	/* params, contexts and workspaces.*.bound of the pipeline are filled in */
	const struct pipeline_task *bound;
	const struct task_spec *task;  /* inline (bound) or referenced; NULL: by name, later */
	const struct task *referenced; /* NULL: inline */
	/* a pipeline instead of a task; both are NULL then */
	const struct pipeline_spec *pipeline;
	const struct pipeline *referenced_pipeline; /* NULL: inline */
	const struct agent *child; /* what is known of it at the start: see child_previews */
	bool is_finally;
	bool on_error_continue;
	bool is_matrixed;
	bool hermetic; /* by its own annotations */
	int64_t retries;
	int64_t timeout_ns; /* 0: none */
	struct str service_account_name;
	const struct pod_settings
		*pod; /* pod.c; shared by tasks that have no entry of their own */
	size_t *parents;
	size_t n_parents;
	size_t *children; /* of dag tasks */
	size_t n_children;
	struct use *uses;
	size_t n_uses;
};

struct plan {
	enum object_kind kind;
	struct str name; /* of the run */
	struct str ns;
	const struct pipeline_spec *pipeline; /* NULL for a TaskRun */
	struct str pipeline_name;
	const struct object_meta *pipeline_meta; /* NULL: inline */
	struct plan_task *tasks;                 /* dag, then finally; one for a TaskRun */
	size_t n_tasks;
	size_t n_dag;
	struct map task_index; /* name → &tasks[i] */
	struct plan_workspace *workspaces;
	size_t n_workspaces;
	struct param *given; /* of the run object, with the command line's over them */
	size_t n_given;
	struct param *params; /* the TaskRun's own, or what every pipeline task sees */
	size_t n_params;
	int64_t pipeline_timeout_ns, tasks_timeout_ns, finally_timeout_ns; /* 0: none */
	bool hermetic;
	bool is_pending; /* filed so, and not named to be started */
	/* A run that cannot start ends with these words (section 27). */
	bool is_refused;
	struct str reason;
	struct str message;
};

struct plan_context { /* what every step of building needs */
	struct arena *arena;
	const struct spec *spec;
	const struct run_ref *run;
	const struct agent_options *opts;
	struct diags *diags;
	struct plan *plan;
	/* --- of a child */
	const struct str *host_dirs;      /* beside the run's workspaces; NULL: none */
	bool is_hermetic;                 /* by what is around it */
	bool is_preview;                  /* before it starts: values may not be known yet */
	const struct plan_context *outer; /* of a preview */
	bool is_guarded;                  /* a 'when' may keep it from starting */
	size_t depth;
	size_t *n_child_tasks; /* of all previews of a run */
};

/* Fills *plan; a problem of the run makes it refused and adds a DIAG_RUN diagnostic. */
void plan_build(const struct plan_context *c);

/* Sets the first refusal (later ones are dropped) and adds the diagnostic. Always false. */
bool plan_refuse(const struct plan_context *c, const char *code, struct pos pos,
	const char *reason, const char *fmt, ...) attr_printf(5, 6);

/*
 * A problem that ends what starts later, here or in what is made for a task (NULL: the run
 * itself): an error, but only a warning when a 'when' may keep it from starting.
 */
void plan_tell(const struct plan_context *c, const struct plan_task *t, const char *code,
	struct pos pos, struct str problem);

/* What is refused or pending needs nothing of its place. */
static inline bool plan_starts(const struct plan *p)
{
	return !p->is_refused && !p->is_pending;
}

struct plan_task *plan_find(const struct plan *p, struct str name); /* NULL: no such task */
bool plan_task_is_child(const struct plan_task *t);                 /* runs a pipeline */
/* Whether a task run of this task has no network; referenced may be NULL. */
bool plan_task_hermetic(
	const struct plan *p, const struct plan_task *t, const struct task *referenced);
size_t plan_index(const struct plan *p, const struct plan_task *t);
const struct plan_workspace *plan_workspace_find(const struct plan *p, struct str name);

#endif
