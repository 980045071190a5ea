/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being the first process, and being told to stop. Signals come through a signalfd; strangers
 * that the kernel hands to PID 1 are reaped; the signals that mean a bug of our own leave a
 * prepared statement in the termination file before they end the process.
 */
#ifndef ENTRYPOINT_PID1_H
#define ENTRYPOINT_PID1_H

#include <base/err.h>
#include <base/loop.h>
#include <base/str.h>
#include <stdbool.h>
#include <sys/types.h>

struct pid1;

struct pid1_events {
	void (*stop)(void *arg, int signal); /* SIGTERM, SIGINT, SIGHUP; each time */
	void (*resize)(void *arg);           /* SIGWINCH */
	/* Only as PID 1: is this child one that somebody else reaps? */
	bool (*is_ours)(void *arg, pid_t pid);
	void *arg;
};

/* As PID 1 the kernel drops a signal that nobody handles yet: from now on those that mean stop
 * wait for pid1_open. */
void pid1_hold_signals(void);
/* Blocks the signals and listens. The mask is inherited: what is started must reset it. */
int pid1_open(struct loop *loop, const struct pid1_events *events, struct pid1 **ret,
	struct err *err);
/* Takes the signals that have come, without waiting for a turn of the loop. */
void pid1_poll(struct pid1 *p);
/* Strangers that could not be reaped behind a child of ours are tried again. */
void pid1_turn(struct pid1 *p);
void pid1_free(struct pid1 *p); /* unblocks the signals; NULL is fine */

/*
 * From now on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT write `text` into the termination
 * file (fd, -1: none; borrowed) and a sentence to standard error, and then do what they would
 * have done. text is copied.
 */
void last_words_set(int fd, struct str text);

#endif
