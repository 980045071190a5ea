/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output of one step: two pipes, whose bytes go to the log as they are, and line by line to
 * a callback. Memory is bounded whatever the step writes, and so is the time of one turn: the
 * other steps, timers and signals get theirs. When the log cannot be written (full disk), the
 * pipes are drained all the same. What may be the beginning of a masked value waits for more
 * output, but not for long, or a question would stay unseen. When whoever shows the lines has
 * no room, the step waits.
 */
#ifndef ENTRYPOINT_STEPIO_H
#define ENTRYPOINT_STEPIO_H

#include "steplog.h"

#include <base/err.h>
#include <base/loop.h>
#include <base/mask.h>
#include <base/str.h>
#include <stdbool.h>
#include <stdint.h>

struct stepio;

struct stepio_line {
	bool is_stderr;
	bool is_cut;     /* there was more of it */
	bool is_own;     /* monopod's, not the step's */
	struct str text; /* without its end, at most BOUND_LINE_BYTES */
};

struct stepio_events {
	void (*line)(void *arg, const struct stepio_line *line);
	/* There is no room for lines: reading stops until stepio_resume. NULL: there always is.
	 */
	bool (*is_held)(void *arg);
	/* Both streams have ended. Not called from within stepio_open or stepio_drain. */
	void (*drained)(void *arg);
	void *arg;
	const struct mask
		*mask; /* what nobody may read: not even the log has it. NULL: nothing */
};

/*
 * Takes the log (owned from now on, also on failure). The write ends are for the step: hand
 * them to sandbox_start, then stepio_started.
 */
int stepio_open(struct loop *loop, struct steplog *log, const struct stepio_events *events,
	struct stepio **ret, struct err *err);
int stepio_stdout_fd(const struct stepio *io);
int stepio_stderr_fd(const struct stepio *io);
/* Closes the agent's copies of the write ends, so that the end can be seen. */
void stepio_started(struct stepio *io);

/*
 * sandbox_proc's copies_fd, taken: the files of the step's own that get the bytes of its
 * streams as they come. Not masked: the step wrote what is in there.
 */
void stepio_copy_from(struct stepio *io, int *copies_fd);
/* One of them could not be written to the end; the log says so. */
bool stepio_has_lost_copy(const struct stepio *io);

bool stepio_is_drained(const struct stepio *io);
void stepio_resume(struct stepio *io);
/* Reads what is there now, without waiting (but no more than a pipe can hold), and closes. */
void stepio_drain(struct stepio *io);
/* A line of monopod's own in the log, on the standard error stream. */
void stepio_say(struct stepio *io, struct str text);
struct steplog_gaps stepio_gaps(const struct stepio *io);
void stepio_free(struct stepio *io); /* NULL is fine */

#endif
