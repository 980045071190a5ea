/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of a run directory: flock(2) on `lock` in it. Its open file description is shared by
 * everything that a run starts, down to step-init of every step (sandbox_ns_hold), and by no
 * step. So it is free when nothing of a run is left, and not before: whoever has it knows that
 * no process of an earlier run is alive.
 */
#ifndef ENTRYPOINT_LOCK_H
#define ENTRYPOINT_LOCK_H

#include <base/err.h>
#include <stdbool.h>

/*
 * Takes the lock of the directory and writes into it who has it. A living agent there is
 * refused at once (ERR_USAGE, with its pid); processes that a dead one left have patience_ms to
 * end, then they are named. Returns a descriptor, or -1.
 */
int lock_take(int dfd, int patience_ms, struct err *err);
/* Gives it back and takes the file away; what was started with it has ended. */
void lock_release(int dfd, int *fd);
/* Somebody has it. False also when there is none. */
bool lock_is_held(int dfd);

#endif
