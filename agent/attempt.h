/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt of a task run: its steps one after the other, its end, its retries (14, 27.1). */
#ifndef AGENT_ATTEMPT_H
#define AGENT_ATTEMPT_H

#include "state.h"

struct change; /* run.h */

/* Takes a held task run (TASK_WAITING): START_TASK, or its end when it cannot start. */
void attempt_start(struct agent *a, struct execution *t);
/* TASK_…, STEP_… and SIDECAR_… events; those of an attempt that is over are dropped. */
void attempt_event(struct root *root, const struct event *ev);

/* An action for the current attempt. */
struct action *attempt_push(struct agent *a, const struct execution *t, enum action_kind kind);

/* Stops a task run in whatever state it is; does nothing when it is done or stopping. */
void attempt_stop(struct agent *a, struct execution *t, enum stop_cause cause);
/*
 * EVENT_RESUME: the agent that ran it is dead. attempt_orphan marks what was going on; after
 * that attempt_interrupt ends what was being stopped with its cause and takes the rest back to
 * TASK_WAITING (true: this one is). A child goes on: what runs inside it is taken back.
 */
void attempt_orphan(struct execution *t);
bool attempt_interrupt(struct agent *a, struct execution *t);
/* Ends the attempt of a task run that was started, with a retry when it may have one; as: its
 * condition, values and artifacts. */
void attempt_finish(struct agent *a, struct execution *t, const struct change *as);
/* SIGKILL to the step that is running. */
void attempt_kill(struct agent *a, struct execution *t);
/* The step's own timeout: killed, and reported so. */
void attempt_step_timeout(struct agent *a, struct execution *t);

#endif
