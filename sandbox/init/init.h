/* SPDX-License-Identifier: Apache-2.0 */
/* step-init's files among themselves. No libc. */
#ifndef SANDBOX_INIT_INIT_H
#define SANDBOX_INIT_INIT_H

#include "orders.h"
#include <stdbool.h>
#include <stddef.h>

enum { SIGSET_BYTES = 8, WALL = 0x40000000 };

struct init {
	const struct orders *o;
	char **argv; /* of the main process */
	char **envp;
	volatile int exec_errno; /* written by the child, whose memory is ours until it execs */
	volatile int stage;
	long main_pid; /* 0: it does not run */
	int status_fd; /* -1: there is nothing to report any more */
	int keeper_fd; /* of nest.c */
	bool may_start;
};

struct init_dirent { /* the kernel's */
	uint64_t ino;
	int64_t off;
	uint16_t size;
	uint8_t type;
	char name[];
};

/* gcc may ask for these even when nothing names them. */
void *memset(void *p, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);

void init_exit(int code) __attribute__((noreturn));
/* In the main process, before it executes: tells why it will not. */
void main_fail(struct init *in, int stage, long ret) __attribute__((noreturn));

/* visit.c, with ORDERS_VISIT: before there is a program, and its end with all it started. */
void visit_begin(void);
void visit_end(const struct init *in) __attribute__((noreturn));

/* nest.c, with ORDERS_NEST: the namespaces, before anybody else is in PID 1's; and into them,
 * in the main process and in that of a visitor. */
long nest_make(struct init *in);
void nest_enter(struct init *in);

#endif
