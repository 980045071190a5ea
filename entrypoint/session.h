/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a command's runs share: the agents, the run directory, the store, the place, the
 * images, the loop and its signals. session_open leaves nothing behind when it fails.
 */
#ifndef ENTRYPOINT_SESSION_H
#define ENTRYPOINT_SESSION_H

#include "cancel_file.h"
#include "control.h"
#include "drive.h"
#include "header.h"
#include "imageset.h"
#include "options.h"
#include "outcome.h"
#include "pid1.h"
#include "rundir.h"
#include "shared.h"
#include "view.h"

#include <base/diag.h>
#include <base/err.h>
#include <monopod/agent.h>
#include <monopod/sandbox.h>

struct session_run {
	const struct run_ref *ref;
	struct agent *agent;
	bool is_hopeless; /* a RUN problem: it ends False without a step */
	/* of a run that was made again from its journal */
	bool has_journal;
	bool is_done;
	struct journal journal; /* has_journal: until the run is driven */
	struct replay_end end;
	size_t n_resumes; /* with this one */
	int exit_code;    /* of a run that is done; -1: not written down */
};

struct session {
	const struct options *options;
	struct arena *arena;
	struct spec *spec;
	struct session_run *runs;
	size_t n_runs;
	struct str seed;    /* of all names and ids that are made up */
	bool is_resumed;    /* there was a run in the run directory */
	bool is_begun_anew; /* it was filed as pending: only its seed goes on */
	bool has_past;      /* or there may have been: it could not be looked at */
	bool has_changed;   /* and it is not what we were asked for: --resume=force */
	/* is_resumed: what the last agent wrote, until it is compared */
	struct header header;
	struct arena *header_arena;
	size_t n_parallel_before;
	struct mask *mask; /* of all Secrets */
	struct agent_options agent_options;
	struct diags problems; /* of stage RUN, and images that are missing */
	struct rundir rundir;
	struct callers callers;
	struct shared shared;
	struct sweeper sweeper;
	struct store *store;
	struct sandbox_place place;
	struct sandbox_ns *ns;
	struct loop *loop;
	struct pid1 *pid1;
	struct watch *timer; /* run.json */
	struct view *view;
	struct imageset *images;
	struct image_use *images_used; /* known before the start, of all runs */
	size_t n_images_used;
	struct demand *demands; /* of security contexts, of all runs */
	size_t n_demands;
	struct outcome outcome;
	struct hide_paths hide;
	struct drive_config drive_config;
	struct drive *drive; /* the current run */
	int signal;          /* the first that asked to stop; 0: none */
	/* the most that `monopod cancel` or the cancel file asked for; NONE: nothing */
	enum cancel_mode asked;
	struct str asked_why;
	struct control *control; /* NULL: there is none */
	struct cancel_file *cancel_file;
	int64_t unpack_ns;
	bool can_mount;
};

/* Reads the input and makes the agents. Diagnostics of the input are in s->spec, those of the
 * runs in s->problems. options and arena are set. */
int session_read(struct session *s, struct err *err);
/* Run directory, store, place, loop. ERR_SANDBOX, ERR_IMAGE and ERR_NOT_FOUND: this place
 * cannot give what was asked. */
int session_open(struct session *s, struct err *err);
/* What steps ask of the place against what it gives; what it lacks becomes a problem. */
bool session_can_give(struct session *s);
/* Looks up what is known now; missing ones become problems. False: there are some. */
bool session_find_images(struct session *s);
/* Unpacks them. Returns with ERR_CANCELLED when a signal came first. When the run is cancelled
 * before its start only what finally tasks may need is waited for. */
int session_unpack(struct session *s, struct err *err);
/* A signal or `monopod cancel` came: no further run is started. */
bool session_is_stopped(const struct session *s);
/* Nothing was started: what was made is removed. NULL members are fine. */
void session_discard(struct session *s);
/* The end. Failures to clean up are logged. */
void session_close(struct session *s);

#endif
