/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outcome of a command's runs, as it is written down: run.json, the termination file, the
 * pipeline results as files, the List of `-o json`.
 */
#ifndef ENTRYPOINT_OUTCOME_H
#define ENTRYPOINT_OUTCOME_H

#include "options.h"
#include "results_write.h"
#include "rundir.h"
#include "termination.h"

#include <base/err.h>
#include <base/mask.h>
#include <monopod/agent.h>

struct outcome_run {
	const struct run_view *view;
	const struct rundir_run *dir;
};
struct outcome {
	const struct options *options;
	const struct rundir *rundir;
	const struct mask *mask; /* values of Secrets: in no document; NULL: none */
	struct termination termination;
	struct results_place results; /* opened before the first run */
	struct outcome_run *runs;     /* those that have started, in order */
	size_t n_runs;
	size_t n_expected;    /* how many there will be */
	size_t n_tasks_ended; /* when the state was last looked at */
	bool tell_is_due;     /* the termination file does not know all of them */
	int64_t tell_ns, tell_cost_ns;
	int64_t json_ns;      /* when run.json was last written */
	int64_t json_cost_ns; /* how long that took */
	bool json_is_due;     /* it changed since */
};

/* Opens the termination file. ERR_SANDBOX when the one that was named cannot be written. */
int outcome_open(struct outcome *o, const struct options *options, struct err *err);
void outcome_close(struct outcome *o);

/*
 * The first statement, before anything is known: Unknown Running. ERR_SANDBOX when the file
 * that was named does not take it; the default one is given up with a warning.
 */
int outcome_started(struct outcome *o, struct err *err);
/* Nothing is known of the run that is or may be in the run directory, and why. */
void outcome_not_resumed(struct outcome *o, struct str message);
/* Nothing was started, and why. */
void outcome_refused(struct outcome *o, enum exit_code code, struct str message);

/* One more run, whose record is there before anybody can be told of it. */
void outcome_run_starts(struct outcome *o, const struct outcome_run *run);
/* The state of a run changed: provisional record after each task's end, run.json when a second
 * has passed; either not before twenty times what writing it took the last time. Failures are
 * logged; the run goes on. */
void outcome_changed(struct outcome *o, int64_t now_ns);
/* When run.json is to be written (INT64_MAX: nothing new). */
int64_t outcome_deadline_ns(const struct outcome *o);

/* The current run is over: its run.json and results. */
int outcome_run_ended(struct outcome *o, struct err *err);
/* All runs are: the last word in the termination file. */
int outcome_ended(struct outcome *o, struct err *err);
/* run.json into a log (log_record.h). */
int outcome_log(const struct outcome *o, int out_fd, struct err *err);
/* The List on standard output. */
int outcome_print(const struct outcome *o, struct err *err);

/* Exit code of one run. */
enum exit_code outcome_code(const struct run_view *r);

#endif
