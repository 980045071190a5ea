/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --keep: which run directories of earlier runs stay. It is about the numbered ones of the
 * default place and of the same name, NAME-NNNN; what is running, was interrupted, or is no run
 * directory of ours is never removed.
 */
#ifndef ENTRYPOINT_KEEP_H
#define ENTRYPOINT_KEEP_H

#include "options.h"
#include "rundir.h"

#include <monopod/sandbox.h>

/* After the runs have been recorded. Failures are logged. */
void keep_apply(const struct keep *k, const struct rundir *rd, struct sandbox_ns *ns);

#endif
