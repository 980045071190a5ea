/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Journal records, one compact JSON object each (docs/journal.md): every change of run.c, and
 * before the first change of an event that event.
 */
#ifndef AGENT_RECORD_H
#define AGENT_RECORD_H

#include "run.h"

/* Queues the record of a change that is about to be made. */
void record_change(struct agent *a, const struct change *c, bool durable);

#endif
