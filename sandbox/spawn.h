/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where processes are made. */
#ifndef SANDBOX_SPAWN_H
#define SANDBOX_SPAWN_H

#include "child.h"
#include <base/err.h>
#include <sys/types.h>

struct spawned {
	pid_t pid;
	int pidfd_fd;
};

/*
 * A child with a copy of our memory, in the namespaces that flags (CLONE_NEW*) ask for; it runs
 * fn(arg), ends with its value, and dies with us. All signals are blocked in it until fn
 * changes that.
 */
int spawn_child(unsigned long flags, int (*fn)(void *arg), void *arg, struct spawned *ret,
	struct err *err);
/*
 * In a child, and again after every change of ids, which clears it: it dies with its parent.
 * An error: the parent is not the one any more.
 */
int child_outlive_nobody(pid_t parent, struct err *err);
/* Waits, at most timeout_ms, then kills. Closes the pidfd. Status: exit code or 128+signal. */
int spawn_wait(struct spawned *s, int timeout_ms, int *ret_status, struct err *err);

/*
 * The two children of a step. On success ret_pid is PID 1 of the step, which has executed
 * step-init; report_fd is the reading end of the children's report pipe, whose writing end the
 * plan holds and which is closed here. On failure r says where, when it is known (r->err != 0).
 */
int spawn_step(struct child_plan *p, int report_fd, pid_t *ret_pid, struct child_report *r,
	struct err *err);
const char *child_stage_name(enum child_stage s);

#endif
