/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories of a command that many steps see, read-only, so that no step needs its own:
 * making and removing inodes is most of what a short step costs on a disk.
 *
 *     scratch/layers/.shared/points-N/   the lowest layer of every root: where things are
 * mounted scratch/layers/.shared/tekton-N/   /tekton of all task runs whose steps have the same
 * names
 *
 * What a step can write is never shared and never used again: a step may have passed a
 * descriptor of it on.
 */
#ifndef ENTRYPOINT_SHARED_H
#define ENTRYPOINT_SHARED_H

#include "owned.h"
#include "rundir.h"

#include <base/err.h>
#include <base/vec.h>
#include <monopod/runner.h>

struct shared_tree {
	struct str key; /* owned by the shared's arena */
	int dfd;
};

struct shared {
	struct arena *arena;
	const struct rundir *rundir;
	struct owned owned;
	bool has_resolv_conf; /* steps get one that is not their image's */
	int dfd;
	int points_dfd;
	size_t n_made; /* a name that failed half way is not tried again */
	VEC(struct shared_tree) trees;
};

/* rundir is borrowed. Nothing is made before it is asked for. */
void shared_init(struct shared *s, const struct rundir *rundir, const struct id_map *map,
	bool has_resolv_conf);
void shared_release(struct shared *s);

/* Borrowed descriptors, or -1. */
int shared_points(struct shared *s, struct err *err);
/* Empty directories where the parts are mounted, and steps/ with its links (21.3). */
int shared_tekton(struct shared *s, const struct task_launch *l, struct err *err);

#endif
