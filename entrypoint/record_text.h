/* SPDX-License-Identifier: Apache-2.0 */
/* A run in words, for `describe` and `collect`: its verdict, its tasks with their steps,
 * sidecars, results, artifacts, what was skipped. */
#ifndef ENTRYPOINT_RECORD_TEXT_H
#define ENTRYPOINT_RECORD_TEXT_H

#include "record.h"

#include <base/buf.h>

/* A record without a path has no run directory. */
void record_text(const struct record *r, struct buf *out);

#endif
