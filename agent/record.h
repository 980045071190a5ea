/* SPDX-License-Identifier: Apache-2.0 */
/* Journal records: one compact JSON object for each change of run.c (docs/journal.md). */
#ifndef AGENT_RECORD_H
#define AGENT_RECORD_H

#include "run.h"

/* Queues the record of a change that is about to be made. */
void record_change(struct agent *a, const struct change *c, bool durable);

#endif
