/* SPDX-License-Identifier: Apache-2.0 */
/* step-init's files among themselves. No libc. */
#ifndef SANDBOX_INIT_INIT_H
#define SANDBOX_INIT_INIT_H

#include "orders.h"
#include <stdbool.h>

enum { SIGSET_BYTES = 8, WALL = 0x40000000 };

struct init {
	const struct orders *o;
	char **argv; /* of the main process */
	char **envp;
	volatile int exec_errno; /* written by the child, whose memory is ours until it execs */
	volatile int stage;
	volatile uint32_t nest; /* enum nest; a futex */
	volatile int nest_errno;
	long main_pid; /* 0: it does not run */
	bool may_start;
};

void init_exit(int code) __attribute__((noreturn));
/* In the main process, before it executes: tells why it will not. */
void main_fail(struct init *in, int stage, long ret) __attribute__((noreturn));

/* nest.c, in the main process, with ORDERS_NEST: makes its namespaces, or enters them. */
void nest_make(struct init *in);
void nest_visit(struct init *in);

#endif
