/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's side of task runs: one context per attempt that was started and has not ended.
 * Private to drive.c and drive_task.c.
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

struct step_context {
	struct task_context *task;
	size_t index;
	struct step_proc *proc; /* NULL: not running */
	struct str program;     /* argv[0] */
	bool is_running;
	int64_t asked_ns, dirs_made_ns, started_ns; /* when */
};

struct task_context {
	struct drive *drive;
	struct arena *arena;
	size_t task, attempt;
	const struct task_launch *launch;
	struct launch_pod pod;
	struct rootfs **images; /* one per step */
	struct attempt *dirs;   /* NULL: images are not ready, or refused */
	struct sandbox_ns *net; /* hermetic: its own; else NULL */
	struct step_context *steps;
	bool is_refused;
	int64_t make_ns; /* spent on the attempt's directories */
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
	VEC(struct queued_event) queue;
	size_t n_fed; /* of the queue: those in front of it are done */
	VEC(struct str) notes;
	struct watch *timer;
	size_t n_running;
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

void task_start(struct drive *d, const struct action *a);
void task_start_step(struct drive *d, const struct action *a);
void task_skip_step(struct drive *d, const struct action *a);
void task_stop_step(struct drive *d, const struct action *a);
void task_end(struct drive *d, const struct action *a);
void task_images_changed(struct drive *d);
void task_resume_all(struct drive *d);
void task_free_all(struct drive *d);
bool task_owns_pid(const struct drive *d, pid_t pid);

#endif
