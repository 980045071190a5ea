/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes away what ended attempts leave below scratch/, beside the run instead of in its way: a
 * confined worker removes the trees that are named to it through a pipe. What it does not get
 * to is removed with scratch/ itself, where a failure is told.
 */
#ifndef ENTRYPOINT_SWEEPER_H
#define ENTRYPOINT_SWEEPER_H

#include "rundir.h"

#include <base/err.h>
#include <monopod/sandbox.h>

enum sweep_place { SWEEP_TASKS, SWEEP_LAYERS, SWEEP_SMALL };
enum { SWEEP_PLACE_N = SWEEP_SMALL + 1 };

struct sweeper {
	const struct rundir *rundir;
	struct sandbox_ns *ns;
	enum sandbox_level level;
	struct sandbox_worker worker; /* pid 0: none */
	int orders_fd;
	size_t n_own;            /* trees the agent removed itself */
	uint64_t n_bytes_before; /* room at the start; 0: not known */
};

/* Borrows both; starts nothing. */
void sweeper_init(struct sweeper *s, const struct rundir *rundir, struct sandbox_ns *ns,
	enum sandbox_level level);
/*
 * The tree is gone, or will be and its name is never used again. While less than nine tenths
 * of the room at the start are free, it is gone when the call returns: the next step must find
 * what this one took.
 */
int sweeper_remove(
	struct sweeper *s, enum sweep_place place, const char *name, struct err *err);
bool sweeper_owns_pid(const struct sweeper *s, pid_t pid);
/* Waits for what was named. */
void sweeper_close(struct sweeper *s);

#endif
