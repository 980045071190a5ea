/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of one step on disk. Without a limit one file, STEP.log, with every byte. With one
 * (`--log-limit`) the first quarter is STEP.log and what follows goes to STEP.log.1, .2 … of a
 * quarter each, of which the newest three stay: the beginning is kept, and at least half of the
 * limit is the end. STEP.log then closes with a line that says what was dropped after it, so
 * all files in order are the log, with the gap told at its place. That line is the writer's
 * word, not the step's, exactly when there is a numbered file.
 */
#ifndef ENTRYPOINT_STEPLOG_H
#define ENTRYPOINT_STEPLOG_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>
#include <stdint.h>

enum { STEPLOG_LIMIT_LEAST = 4096 };

struct steplog;

struct steplog_gaps {                        /* what the files do not have */
	uint64_t n_dropped, n_lines_dropped; /* by the limit; lines: ends of lines in it */
	uint64_t n_lost; /* could not be written: a full disk, a broken one */
};

/* dfd is borrowed until steplog_close; limit in bytes, 0: none. A log that is there goes on. */
int steplog_open(
	int dfd, struct str step, uint64_t limit, struct steplog **ret, struct err *err);
/*
 * Never fails: what cannot be written is counted, and when writing works again a line in the
 * log tells how much is missing there, and why.
 */
void steplog_write(struct steplog *l, struct str bytes);
struct steplog_gaps steplog_gaps(const struct steplog *l);
void steplog_close(struct steplog *l); /* NULL is fine */

/* --- reading, also while it is written --- */

/* Names of the files of a step's log in the directory, in order; n 0: there is none. */
int steplog_parts(struct arena *a, int dfd, struct str step, struct str **ret, size_t *ret_n,
	struct err *err);
/* The last bytes of it, at most n; empty when there is none. */
struct str steplog_tail(struct arena *a, int dfd, struct str step, size_t n);

#endif
