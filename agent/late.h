/* SPDX-License-Identifier: Apache-2.0 */
/* What a step knows only when the steps before it have ended: their results, its when (7.6,
 * 12). */
#ifndef AGENT_LATE_H
#define AGENT_LATE_H

#include "state.h"

/*
 * Fills results of earlier steps of this attempt into the launch of its current step. False: an
 * expression of its when does not hold, and the step is skipped.
 */
bool late_bind(struct agent *a, struct execution *t);
/* The step's own results as typed values; what is missing or malformed is left out. */
void late_collect(struct agent *a, const struct execution *t, const struct event *ev,
	struct named_value **ret, size_t *ret_n);
/* What a file of artifacts says; nothing when it is not one. */
struct artifacts late_artifacts(struct agent *a, const struct result_got *got);
/* The result of a step that $(steps.S.results.R) names; NULL: there is none. */
const struct value *late_find(
	const struct attempt_view *at, struct str step, struct str result);

#endif
