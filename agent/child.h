/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipelines in pipelines (tekton-semantics 19). To the run around it a child is a task run: the
 * same states, retries, results and reasons. Inside, each attempt is a run of its own (struct
 * agent) that shares the root of the run around it.
 */
#ifndef AGENT_CHILD_H
#define AGENT_CHILD_H

#include "state.h"

/*
 * What is known of every child before anything starts, into plan_task.child, and theirs in
 * turn: for images, checks and `plan`. A child that Tekton would let start and fail only adds a
 * diagnostic. False: the outermost run is refused, for a cycle or a limit.
 */
bool child_previews(const struct plan_context *c);

/* Starts an attempt: the run object, its plan, its start. */
void child_start(struct agent *a, struct execution *t);
/* The run of an attempt is over; the run around it goes on. */
void child_ended(struct agent *child);
/*
 * Passes on that the run around it is cancelled, stopped, timed out or cannot go on; a stronger
 * mode may follow a weaker one. The child must have started.
 */
void child_stop(struct agent *a, struct execution *t, enum stop_cause cause);

#endif
