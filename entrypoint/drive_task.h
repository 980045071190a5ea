/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's side of task runs: one context per attempt that was started and has not ended.
 * Private to drive*.c.
 */
#ifndef ENTRYPOINT_DRIVE_TASK_H
#define ENTRYPOINT_DRIVE_TASK_H

#include "attempt.h"
#include "drive.h"
#include "journal.h"
#include "step.h"

#include <base/vec.h>
#include <monopod/runner.h>

struct task_context;
struct sidecar_watch;

struct step_context { /* of a step or a sidecar */
	struct task_context *task;
	size_t index;
	struct step_proc *proc;      /* NULL: not running */
	struct str program;          /* argv[0] */
	struct sidecar_watch *watch; /* of a sidecar that runs */
	bool is_running;
	bool is_told;         /* in its log, why its program did not run */
	struct halt *halt;    /* it waits at a breakpoint; NULL: it does not */
	enum release release; /* how the wait ended that its end comes of */
	int64_t asked_ns, dirs_made_ns, started_ns; /* when */
};

struct task_context {
	struct drive *drive;
	struct arena *arena;
	size_t task, attempt;
	const struct task_launch *launch;
	struct launch_pod pod;
	struct rootfs **images;     /* one per container */
	struct rootfs **volumes;    /* one per volume of the launch; NULL: it is no image */
	struct attempt *dirs;       /* NULL: images are not ready, or refused */
	struct sandbox_ns *net;     /* hermetic: its own; else NULL */
	struct step_context *steps; /* one per container */
	bool is_refused;
	bool is_waiting;  /* for ports; the agent was told */
	bool is_stopping; /* over, but for sidecars; launch is a copy */
	int64_t make_ns;  /* spent on the attempt's directories */
};

struct queued_event {
	struct arena *arena; /* of its strings */
	struct event event;
};

struct drive {
	const struct drive_config *c;
	struct arena *arena;
	struct agent *agent;
	const struct rundir_run *run;
	struct journal journal;
	struct binding_config binding;
	VEC(struct task_context *) tasks;
	VEC(struct visit *) visits;
	VEC(struct queued_event) queue;
	size_t n_fed; /* of the queue: those in front of it are done */
	VEC(struct str) notes;
	struct watch *timer;
	size_t n_running; /* containers */
	size_t n_cancels;
	enum cancel_mode asked; /* before the start, and why */
	struct str asked_why;
	int64_t stop_grace_ns; /* of sidecars: from SIGTERM to SIGKILL */
	int64_t idle_since_ns, idle_ns;
	int64_t ahead_ns; /* the run's clock, less ours */
	bool is_resumed;
	bool is_finished, is_dirty, journal_failed;
	bool is_held;     /* the view is full: steps wait to be read */
	size_t n_resumed; /* how often they went on */
	bool must_sync;   /* a durable record was written and is not known to be on disk */
};

/* Appends to the queue; the caller fills in the rest. Valid until the next call. */
struct queued_event *drive_queue(struct drive *d, enum event_kind kind);

/* The same for an event of an attempt. */
struct queued_event *task_queue(const struct task_context *t, enum event_kind kind);

void task_start(struct drive *d, const struct action *a);
void task_start_step(struct drive *d, const struct action *a);
void task_skip_step(struct drive *d, const struct action *a);
void task_stop_step(struct drive *d, const struct action *a);
void task_release_step(struct drive *d, const struct action *a);
struct step_context *task_step(const struct drive *d, const struct action *a);
struct queued_event *step_queue(const struct step_context *s, enum event_kind kind);
/* With sidecars that run it is only the beginning of the end: they are told to stop. */
void task_end(struct drive *d, const struct action *a);
void task_remove(struct task_context *t);
void task_images_changed(struct drive *d);
void task_resume_all(struct drive *d);
void task_free_all(struct drive *d);
bool task_owns_pid(const struct drive *d, pid_t pid);

/* drive_refuse.c: "step" or "sidecar"; and why one could not start, in Tekton's words. */
const char *drive_word(const struct step_launch *s);
void refusal_fill(struct queued_event *q, const struct task_context *t,
	const struct step_launch *s, const struct err *err);

/* drive_results.c: what a step has left, into its event; and what of it is not taken, into its
 * log. */
void drive_results_read(const struct step_context *s, struct queued_event *q);
void drive_results_tell(const struct step_context *s, const struct event *ev);

/* drive_halt.c: a step at a breakpoint, from the moment it says so. `failed`: how its program
 * ended; NULL: it has not started. */
void halt_begin(struct step_context *s, const struct step_outcome *failed);
/* Somebody ends the wait, now. False: it does not wait. */
bool halt_release(struct step_context *s, enum release release, int exit_code);
void halt_free(struct step_context *s); /* it waits no more */

/*
 * drive_sidecar.c: probes, hooks and the end of sidecars. A watch begins when the process runs:
 * SIDECAR_STARTED comes after its postStart hook, READY when its probes say so. c: what was
 * started; the parts that a visitor needs live as long as the attempt when the launch has
 * probes or hooks. Failures are told in its log.
 */
void sidecar_begin(struct step_context *s, const struct sandbox_config *c);
/* The process is gone. */
void sidecar_end(struct step_context *s);
/* Why it was told to stop while its task goes on; empty: it was not. */
struct str sidecar_why(const struct step_context *s);
bool sidecar_owns_pid(const struct step_context *s, pid_t pid);
/* Of an attempt that is over, and of the drive. */
bool sidecar_is_left(const struct task_context *t);
/* preStop, SIGTERM, SIGKILL; after the last one's end sidecar_gone removes the attempt. */
void sidecar_stop_all(struct task_context *t);
void sidecar_gone(struct task_context *t);
/* Those that were told to stop have no longer than the drive's grace; with a kill, no time at
 * all. */
void sidecar_hurry(struct drive *d, bool kill);
/*
 * A pod has ports of its own; here the sidecars of an attempt that is over may still listen on
 * those that the next one wants.
 */
bool sidecar_waits_for_ports(const struct task_context *t);

#endif
