/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One running step. It is over when its main process has ended and both streams have; a
 * grandchild that holds a pipe gets a short grace after the end, then it is over all the same.
 */
#ifndef ENTRYPOINT_STEP_H
#define ENTRYPOINT_STEP_H

#include "stepio.h"

#include <base/err.h>
#include <base/loop.h>
#include <monopod/runner.h>
#include <monopod/sandbox.h>

struct step_proc;

enum step_phase {
	STEP_PHASE_RUNNING,
	STEP_PHASE_DRAINED, /* closed its streams, lives on */
	STEP_PHASE_EXITED,  /* ended, output may come */
	STEP_PHASE_DONE,
};

struct step_outcome {
	enum step_end end;
	int exit_code;
	int signal;
	int exec_errno;      /* EXEC_FAILED: why */
	int exec_stage;      /* and where: code of struct sandbox_exit */
	bool is_oom_unknown; /* killed by somebody, and whether for want of memory nobody tells
			      */
	struct steplog_gaps gaps;
	struct sandbox_times times;
};

struct step_events {
	void (*line)(void *arg, const struct stepio_line *line);
	bool (*is_held)(void *arg); /* as of stepio_events */
	/* Of one that holds a failure, once, from the loop: its program is over, and what it
	 * left stays until step_end. */
	void (*halted)(void *arg, const struct step_outcome *outcome);
	/* Called once, from the loop. The step may be freed in it. */
	void (*done)(void *arg, const struct step_outcome *outcome);
	void *arg;
	const struct mask *mask; /* as of stepio_events */
};

enum { STEP_GRACE_MS = 200 };

/*
 * Starts the sandbox with own pipes for its output (std descriptors of c are set here). Takes
 * the log, also on failure.
 */
int step_start(struct loop *loop, struct sandbox_config *c, struct steplog *log,
	const struct step_events *events, struct step_proc **ret, struct err *err);
int step_signal(struct step_proc *s, int signal, struct err *err);
/* SIGKILL to its program alone. */
int step_kill_program(struct step_proc *s, struct err *err);
/* Of one that waits: its program starts. */
int step_go(struct step_proc *s, struct err *err);
/* The end of one that waits, before its program or behind it; `done` follows. */
int step_end(struct step_proc *s, struct err *err);
void step_resume(struct step_proc *s);               /* reading, after is_held */
void step_say(struct step_proc *s, struct str line); /* into its log */
pid_t step_pid(const struct step_proc *s);
/* What a visitor is let into; without a pidfd once it has ended. */
const struct sandbox_proc *step_sandbox(const struct step_proc *s);
/* Kills what still runs and waits for it. NULL is fine. */
void step_free(struct step_proc *s);

#endif
