/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results and artifacts, read from the directories that the steps wrote. What is in it was made
 * by hostile hands: each name is opened beneath the directory without following links, must be
 * a regular file with one link and an owner of the run's range, and is read up to a bound.
 */
#ifndef ENTRYPOINT_RESULTS_READ_H
#define ENTRYPOINT_RESULTS_READ_H

#include <base/arena.h>
#include <monopod/runner.h>
#include <monopod/sandbox.h>

struct results_dir {
	int dfd;                  /* borrowed */
	struct sandbox_ns *ns;    /* whose deputy opens the files; NULL: the agent itself */
	const struct id_map *map; /* owners that count as the run's */
	int64_t max_bytes;        /* of one file */
};

/* ret has one entry per want; everything is in the arena. A problem is an entry that is not
 * present and says why. */
void results_read(const struct results_dir *dir, struct arena *a,
	const struct result_want *want, size_t n_want, struct result_got *ret);

#endif
