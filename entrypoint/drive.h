/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run, driven: what happens becomes events for the agent, what the agent decides is carried
 * out. The driver decides nothing about the run itself.
 */
#ifndef ENTRYPOINT_DRIVE_H
#define ENTRYPOINT_DRIVE_H

#include "imageset.h"
#include "journal.h"
#include "launch.h"
#include "options.h"
#include "owned.h"
#include "rundir.h"
#include "shared.h"
#include "view.h"

#include <base/err.h>
#include <base/loop.h>
#include <base/mask.h>
#include <monopod/agent.h>
#include <monopod/sandbox.h>

struct drive;

struct drive_config { /* the same for all runs of a command */
	const struct options *options;
	struct loop *loop;
	struct view *view;
	const struct sandbox_place *place;
	struct sandbox_ns *ns;
	struct imageset *images;
	const struct rundir *rundir;
	const struct callers *callers;
	struct shared *shared;
	struct sweeper *sweeper;
	struct launch_config launch;
	struct owned owned;
	const struct mask *mask; /* values of Secrets */
	bool can_mount;
	/* Something worth writing down changed; called at most once a turn. */
	void (*published)(void *arg);
	/* After each batch of the loop. */
	void (*turn)(void *arg);
	void *arg;
};

/* Where a run begins, or goes on. */
struct drive_start {
	struct journal journal; /* open; drive_new takes it */
	bool is_resumed;        /* the agent was made again from it */
	int64_t ahead_ns;       /* the run's clock, less the monotonic one of this machine */
	enum cancel_mode asked; /* before it is driven; NONE: it was not cancelled */
	struct str asked_why;
};
/* c, agent and run are borrowed. */
int drive_new(const struct drive_config *c, struct agent *agent, const struct rundir_run *run,
	struct drive_start *from, struct drive **ret, struct err *err);
/*
 * From EVENT_START or EVENT_RESUME until the agent has finished. Steps that fail are not
 * errors; -1 means that the driver itself cannot go on (the steps are stopped by drive_free).
 */
int drive_run(struct drive *d, struct err *err);
/* The last record: what the program will say to whoever started it. */
void drive_exit(struct drive *d, int code);
/* Stops what still runs, frees directories. NULL is fine. */
void drive_free(struct drive *d);

/* From a callback of the loop. */
void drive_cancel(struct drive *d, enum cancel_mode mode, int64_t grace_ns, struct str message);
void drive_images_changed(struct drive *d);
/* Somebody wants into a step, or ends its wait: the connection, taken when it is one. */
void drive_visit(struct drive *d, int *channel_fd);
bool drive_owns_pid(const struct drive *d, pid_t pid);

const struct run_view *drive_view(const struct drive *d);
/* Time in which no step was running, from the start of drive_run. */
int64_t drive_own_ns(const struct drive *d);
/* Sentences for the summary, each once. */
void drive_note(struct drive *d, struct str text);
void drive_notes(const struct drive *d, const struct str **ret, size_t *ret_n);
/* After drive_run: every record is on the disk. */
bool drive_journal_is_whole(const struct drive *d);
const struct rundir_run *drive_rundir(const struct drive *d);

#endif
