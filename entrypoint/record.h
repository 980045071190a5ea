/* SPDX-License-Identifier: Apache-2.0 */
/* Finished or running runs, read back from their run directories: for `describe`, `logs`,
 * `list` and `cancel`. */
#ifndef ENTRYPOINT_RECORD_H
#define ENTRYPOINT_RECORD_H

#include "options.h"

#include <base/arena.h>
#include <base/err.h>
#include <base/json.h>

struct record {
	struct str path;          /* directory that holds run.json and logs/ */
	const struct json *items; /* of the List; the first one is the run object */
	const struct json *run;
	int64_t started_wall_ns; /* 0: not known */
	int64_t ended_wall_ns;
	bool is_interrupted; /* it has no end, and nobody is running it any more */
};

/*
 * The records of a word: a run directory, its name below `runs`, or the name of a run (the
 * newest of that name); empty: the newest of all. A directory of several runs gives several.
 * ERR_NOT_FOUND names what there is.
 */
int record_find(struct arena *a, struct str runs, struct str word, struct record **ret,
	size_t *ret_n, struct err *err);
/*
 * The records that a command line is about, for every verb that looks at a run: --run-dir, else
 * the first word, else the newest run below .monopod/runs or, in a container that keeps none
 * there, its run directory.
 */
int record_asked(const struct options *o, struct arena *a, struct record **ret, size_t *ret_n,
	struct err *err);
/* All below a directory, newest first. What is no run directory is passed over. */
int record_list(
	struct arena *a, struct str runs, struct record **ret, size_t *ret_n, struct err *err);

struct str record_name(const struct record *r); /* metadata.name of the run object */
/* The condition of an object of the List. */
struct record_condition {
	struct str status, reason, message;
};
struct record_condition record_condition(const struct json *object);
/* That of the run object; Unknown and "Interrupted" when nobody will write its end. */
struct record_condition record_run_condition(const struct record *r);
/* Some step of it waits at a breakpoint. */
bool record_waits(const struct record *r);
/* status.steps and so on; NULL when absent. */
const struct json *record_status(const struct json *object, const char *member);

/* The directory of the control socket: the run's own, or of several runs the one that holds
 * runs/NAME. */
struct str record_control_dir(struct arena *a, struct str path);

/* To standard output; for people without the escapes that somebody's files may hold. ERR_LIMIT
 * when the buffer did not take all of it: nothing is cut. */
int record_print(const struct options *o, const struct buf *text, struct err *err);

#endif
