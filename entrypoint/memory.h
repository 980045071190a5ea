/* SPDX-License-Identifier: Apache-2.0 */
/* How much memory there is for us: what a file system in memory may be sized by. */
#ifndef ENTRYPOINT_MEMORY_H
#define ENTRYPOINT_MEMORY_H

#include <base/arena.h>
#include <stdint.h>

/* Bytes: the machine's memory, or the limit of a cgroup we are in (version 1 or 2) when that is
 * less. 0: not to be found out. root_dfd is "/", or a directory that plays it. */
uint64_t memory_limit(struct arena *a, int root_dfd);

/* Mount option that limits a tmpfs to half of that: "size=134217728". The size goes to
 * ret_bytes unless NULL, 0 when it is not known. */
struct str memory_half_option(struct arena *a, uint64_t *ret_bytes);

/*
 * How often the kernel has killed a process for want of memory: in our cgroup (version 1 or 2),
 * or on the machine when no cgroup tells. -1: not to be found out. Only differences mean
 * something.
 */
int64_t memory_oom_kills(int root_dfd);
int64_t memory_oom_kills_here(void);

#endif
