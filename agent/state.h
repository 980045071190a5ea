/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a run. Reading is free within agent/; run_view parts are written by run.c alone,
 * the bookkeeping beside them by the file named at each member.
 */
#ifndef AGENT_STATE_H
#define AGENT_STATE_H

#include "plan.h"
#include <base/vec.h>

enum stop_cause {
	STOP_NONE,
	STOP_TIMEOUT,          /* the task run's own */
	STOP_CANCELLED,        /* the run was cancelled */
	STOP_PIPELINE_TIMEOUT, /* pipeline, tasks or finally timeout of the run */
	STOP_ABORTED,          /* the run cannot go on */
};
enum { STOP_CAUSE_N = STOP_ABORTED + 1 };

/* A task run; the public part first, so that views can be cast back. */
struct execution {
	struct task_run_view v;
	struct agent *run;       /* that it is of */
	struct str timeout_text; /* of messages */
	size_t attempts_cap;
	size_t n_retries; /* attempts before the current one, interrupted ones left out */
	const struct task_spec *task; /* without the task run's own params */
	const struct task *referenced;
	const struct pipeline_spec *pipeline; /* of a child; task and referenced are NULL */
	struct agent *child;                  /* of the current attempt */
	/* workspaces as bound here, beside v.workspaces: directories from the command line */
	const struct str *host_dirs;
	/* --- the current attempt; attempt.c */
	struct arena *arena; /* launch and raw results; freed after the attempt */
	struct task_launch *launch;
	struct str *raw; /* per launch->results: text as last read */
	bool *has_raw;
	struct str artifacts_raw;           /* the task's file of artifacts, likewise */
	struct artifacts *shared_artifacts; /* per step: what that said, if it was new */
	struct str result_problem;
	bool result_too_large;
	size_t step;
	bool step_timed_out;
	bool has_failed; /* a step failed: the rest is skipped */
	struct condition failure;
	enum stop_cause stop;
	bool is_killed;
	int64_t deadline_ns;    /* of the attempt; INT64_MAX: none now */
	int64_t waits_since_ns; /* for what others hold, which its timeout does not count; 0:
				   it does not */
	bool is_gone;           /* the agent that started it is dead, and all of it with it */
	bool holds_slot;        /* sched.c: counts in n_active */
};

enum outcome {
	OUTCOME_NONE,
	OUTCOME_SUCCEEDED,
	OUTCOME_FAILED,
	OUTCOME_IGNORED,
	OUTCOME_CANCELLED
};
enum { OUTCOME_N = OUTCOME_CANCELLED + 1 };

struct pt_state { /* beside run_view.pipeline_tasks; sched.c */
	size_t n_open_parents;
	size_t n_open_runs;
	enum outcome outcome;
};

enum timer_kind {
	TIMER_TASK,     /* the task run's timeout */
	TIMER_STEP,     /* the step's timeout */
	TIMER_KILL,     /* SIGTERM was sent long enough ago */
	TIMER_PIPELINE, /* timeouts.pipeline */
	TIMER_TASKS,
	TIMER_FINALLY,
	TIMER_GRACE, /* finally tasks after a signal have had their time */
};
enum { TIMER_KIND_N = TIMER_GRACE + 1 };
struct timer {
	int64_t at_ns;
	uint64_t seq; /* of deadline_add: timers of one moment fire in this order */
	enum timer_kind kind;
	struct agent *run; /* deadline_add fills it in */
	size_t task, attempt, step;
};

enum run_phase { RUN_NEW, RUN_TASKS, RUN_FINALLY, RUN_DONE };
enum { RUN_PHASE_N = RUN_DONE + 1 };

struct run_counts { /* of pipeline tasks; run.c keeps them */
	size_t succeeded, failed, ignored, cancelled, skipped, skipped_by_timeout, invalid;
};

/*
 * What a run shares with the runs inside it: one queue, one table of task runs, one clock. The
 * agent that entrypoint/ holds owns it.
 */
struct root {
	struct arena *turn;      /* records; cleared when a feed finds the queue empty */
	int64_t now_ns, wall_ns; /* of the event being fed */
	uint64_t record_seq;
	const struct event *unrecorded; /* being fed, and nothing has changed yet; record.c */
	bool is_forced;                 /* the replay before EVENT_RESUME was; replay.c */

	VEC(struct task_run_view *) runs; /* view.task_runs */
	VEC(struct agent *) children;     /* all there ever were */
	VEC(struct action) actions;
	size_t actions_head;
	VEC(struct arena *) retired; /* launches whose END_TASK is in the queue */
	bool wants_publish;
	bool wants_finish;

	/* --- sched.c */
	VEC(struct agent *) touched; /* changed, not settled yet; each once */
	VEC(size_t) held;            /* task runs held back by max_parallel, oldest first */
	size_t held_head;
	size_t n_active; /* task runs between ATTEMPT_START and their end */

	/* --- deadline.c */
	VEC(struct timer) timers; /* binary heap */
	uint64_t timer_seq;
	int64_t kill_grace_ns;
	bool has_grace; /* TIMER_GRACE was set by this agent */
};

struct agent { /* one run */
	struct arena *arena;
	struct root *root; /* NULL: a preview, which never begins */
	const struct spec *spec;
	const struct run_ref *object;
	struct agent_options opts;
	struct plan plan;
	struct run_view view;
	struct execution *up; /* what a child is to the run around it; NULL: outermost */

	/* --- run.c */
	enum run_phase phase;
	struct run_counts counts;
	bool is_pipeline_timed_out, is_tasks_timed_out;
	bool is_aborted;
	struct condition verdict; /* of an aborted run */
	struct str invalid_text;  /* texts of failed validations, joined */

	/* --- sched.c */
	bool is_touched;
	struct pt_state *pts;
	VEC(size_t) ready;            /* dag tasks whose parents are done */
	size_t n_open_runs;           /* task runs not done */
	size_t n_open_dag;            /* dag tasks not done, skipped or invalid */
	size_t n_open_final;          /* the same of finally */
	enum skip_reason skipped_all; /* the rule of 1 to 3 that was applied to all */

	/* --- deadline.c */
	struct str cancel_why;
};

static inline struct execution *execution_at(const struct root *root, size_t i)
{
	BUG_ON(i >= root->runs.n);
	return (struct execution *)(void *)root->runs.p[i];
}
static inline struct execution *execution_of(const struct agent *a, size_t i)
{
	return execution_at(a->root, i);
}
static inline struct attempt_view *attempt_of(const struct execution *t)
{
	BUG_ON(t->v.n_attempts == 0);
	return &t->v.attempts[t->v.n_attempts - 1];
}
static inline bool agent_is_pipeline(const struct agent *a)
{
	return a->plan.kind == OBJECT_PIPELINE_RUN;
}

/* agent.c: the start of a run, which may be its end: a refused plan. */
void agent_begin(struct agent *a);
/* agent.c: appends to the queue; drained by agent_next_action. */
struct action *agent_push(struct agent *a, enum action_kind kind);
/* agent.c: frees an arena once everything queued now has been handed out. */
void agent_retire(struct agent *a, struct arena *arena);

#endif
