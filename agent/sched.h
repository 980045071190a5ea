/* SPDX-License-Identifier: Apache-2.0 */
/* What starts next: the rounds of section 11, finally, max_parallel, the end of the run. */
#ifndef AGENT_SCHED_H
#define AGENT_SCHED_H

#include "state.h"

/* Counts parents and puts the roots into the ready list. */
void sched_init(struct agent *a);
/* A task run is done. */
void sched_task_done(struct agent *a, struct execution *t);
/* timeouts.tasks has passed: skips of a later rule get its reason. */
void sched_tasks_timed_out(struct agent *a);
/* EVENT_RESUME: what was going on is interrupted and waits, before what was held back. */
void sched_resume(struct root *root);
/* A run changed: sched_settle will look at it. */
void sched_touch(struct agent *a);
/* Everything that follows from what changed, until nothing follows any more. */
void sched_settle(struct root *root);

#endif
