/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The single writer of run state. Every change of a run, a pipeline task, a task run or a step
 * is one struct change given to run_apply: it looks the change up in the table of its machine
 * (an undeclared one is a BUG), writes the state and queues one record. docs/journal.md
 * describes the records.
 */
#ifndef AGENT_RUN_H
#define AGENT_RUN_H

#include "launch.h"
#include "state.h"

enum change_kind {
	/* the run */
	CHANGE_RUN_START,
	CHANGE_RUN_CANCEL,    /* cancel */
	CHANGE_RUN_TIMEOUT,   /* timer: PIPELINE, TASKS or FINALLY */
	CHANGE_RUN_ABORT,     /* condition: what the run will end with */
	CHANGE_RUN_STOPPING,  /* a dag task failed: nothing new starts */
	CHANGE_RUN_FINALLY,   /* the finally tasks start */
	CHANGE_RUN_CONDITION, /* condition */
	CHANGE_RUN_RESUME,    /* another agent goes on with it */
	CHANGE_RUN_END,       /* condition, values */
	/* a pipeline task (pt) */
	CHANGE_PT_START,
	CHANGE_PT_SKIP,    /* skip */
	CHANGE_PT_RESKIP,  /* the reason changed: an earlier rule holds now (section 11) */
	CHANGE_PT_INVALID, /* message */
	CHANGE_PT_DONE,    /* outcome */
	/* a task run (task) */
	CHANGE_TASK_CREATE,
	CHANGE_TASK_ATTEMPT, /* START_TASK goes out */
	CHANGE_TASK_WAIT,    /* its timeout does not run until it is ready */
	CHANGE_TASK_READY,
	CHANGE_TASK_STOP,        /* stop */
	CHANGE_TASK_INTERRUPTED, /* condition of the attempt that was */
	CHANGE_TASK_RETRY,       /* condition of the attempt that ended, values */
	CHANGE_TASK_END,         /* condition, values */
	/* a step (task, step) */
	CHANGE_STEP_START,
	CHANGE_STEP_STARTED, /* image_id */
	CHANGE_STEP_HALT,    /* at a breakpoint; has_failed: ended */
	CHANGE_STEP_RELEASE, /* release, exit_code */
	CHANGE_STEP_STOP,    /* signal */
	CHANGE_STEP_END,     /* ended */
	CHANGE_STEP_SKIP,    /* ended; it never ran */
	/* a sidecar (task, step: its place behind the steps) */
	CHANGE_SIDECAR_START,
	CHANGE_SIDECAR_STARTED, /* image_id */
	CHANGE_SIDECAR_READY,
	CHANGE_SIDECAR_UNREADY,
	CHANGE_SIDECAR_END, /* ended */
};
enum { CHANGE_KIND_N = CHANGE_SIDECAR_END + 1 };

struct step_ended { /* how a step is reported */
	int exit_code;
	int signal;
	const char *termination_reason;
	struct str reason;
	struct str message;
};
struct change {
	enum change_kind kind;
	size_t pt;
	size_t task;
	size_t step;
	struct condition condition;
	const struct named_value *values;
	size_t n_values;
	struct artifacts
		artifacts; /* STEP_END, TASK_RETRY, TASK_END; the event has their texts */
	enum cancel_mode cancel;
	enum timer_kind timer;
	enum skip_reason skip;
	enum outcome outcome;
	enum stop_cause stop;
	int signal;
	bool has_failed;
	enum release release;
	int exit_code;
	struct step_ended ended;
	struct str image_id;
	struct str message;
	const struct prepared *prepared; /* TASK_ATTEMPT, and TASK_END without one */
	const struct run_view *run;      /* TASK_ATTEMPT of a child */
};

void run_apply(struct agent *a, const struct change *c);

const char *change_name(enum change_kind kind); /* "step-end" … as in the journal */
bool skip_is_timeout(enum skip_reason r);
/* Makes the view of a run that has not started. */
void run_init(struct agent *a);

#endif
