/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output of one step: two pipes, whose bytes go to the log file as they are, and line by
 * line to a callback. Memory is bounded whatever the step writes; when the log cannot be
 * written (full disk), the pipes are drained all the same and the bytes lost are counted.
 */
#ifndef ENTRYPOINT_STEPIO_H
#define ENTRYPOINT_STEPIO_H

#include <base/err.h>
#include <base/loop.h>
#include <base/str.h>
#include <stdbool.h>
#include <stdint.h>

struct stepio;

struct stepio_events {
	/* One line without its end, at most BOUND_LINE_BYTES; is_cut: there was more of it. */
	void (*line)(void *arg, bool is_stderr, struct str line, bool is_cut);
	/* Both streams have ended. Not called from within stepio_open or stepio_drain. */
	void (*drained)(void *arg);
	void *arg;
};

/*
 * Takes log_fd (owned from now on, also on failure). The write ends are for the step: hand them
 * to sandbox_start, then stepio_started.
 */
int stepio_open(struct loop *loop, int log_fd, const struct stepio_events *events,
	struct stepio **ret, struct err *err);
int stepio_stdout_fd(const struct stepio *io);
int stepio_stderr_fd(const struct stepio *io);
/* Closes the agent's copies of the write ends, so that the end can be seen. */
void stepio_started(struct stepio *io);

bool stepio_is_drained(const struct stepio *io);
/* Reads what is there now, without waiting (but no more than a pipe can hold), and closes. */
void stepio_drain(struct stepio *io);
/* A line of monopod's own in the log, on the standard error stream. */
void stepio_say(struct stepio *io, struct str line);
uint64_t stepio_bytes_lost(const struct stepio *io);
void stepio_free(struct stepio *io); /* NULL is fine */

#endif
