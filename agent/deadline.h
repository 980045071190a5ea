/* SPDX-License-Identifier: Apache-2.0 */
/* Timeouts and cancellation: timers in a heap, and what happens when they fire (15, 16). */
#ifndef AGENT_DEADLINE_H
#define AGENT_DEADLINE_H

#include "state.h"

/* now + span; INT64_MAX for a span of 0, which means no limit. */
int64_t deadline_after(int64_t now_ns, int64_t span_ns);
/* A timer at INT64_MAX is not kept. */
void deadline_add(struct agent *a, const struct timer *t);
/* The clocks that start with the run: timeouts.pipeline and timeouts.tasks. */
void deadline_start(struct agent *a);
/* EVENT_RESUME: the clocks of the run go on. Those of attempts are over, and the time that a
 * signal left was that of the agent it was sent to. */
void deadline_resume(struct root *root);
/* Fires everything that is due. */
void deadline_tick(struct root *root);
/* Drops timers of what is over; the first of the rest, or INT64_MAX. */
void deadline_prune(struct root *root);
int64_t deadline_next(const struct root *root);

/* EVENT_CANCEL; `why` is kept for the messages of a TaskRun object. */
void deadline_cancel(struct agent *a, enum cancel_mode mode, int64_t grace_ns, struct str why);
/* The run ends with this condition; everything that runs is stopped, finally does not run. */
void deadline_abort(struct agent *a, struct condition verdict);

bool deadline_forbids_retry(const struct agent *a, const struct execution *t);
/* What is added to "TaskRun n was cancelled. " instead of the usual sentence, or empty. */
struct str deadline_why(const struct agent *a, enum stop_cause cause);

#endif
