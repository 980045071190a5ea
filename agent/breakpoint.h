/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Breakpoints (tekton-semantics 25): a step waits for a person before its program starts, or,
 * when that failed, in what it left. Who waits and how a wait ends is decided here; the clocks
 * of the task and of the run go on meanwhile, the step's own does not.
 */
#ifndef AGENT_BREAKPOINT_H
#define AGENT_BREAKPOINT_H

#include "run.h"

/* Where the steps of a launch wait: as the TaskRun says, and the command line. */
void breakpoint_launch(
	const struct agent *a, const struct execution *t, struct task_launch *launch);

/* The current step has started: whether it waits now. */
bool breakpoint_before(struct agent *a, struct execution *t);
/* STEP_HALTED and STEP_RELEASED of the current step. True: the program starts now. */
bool breakpoint_event(struct agent *a, struct execution *t, const struct event *ev);

/* How a step ends that was released after its program had failed, or never had started. */
struct step_ended breakpoint_end(const struct step_view *s);

#endif
