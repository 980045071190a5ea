/* SPDX-License-Identifier: Apache-2.0 */
/* Late binding: what other tasks' outcome fills into a pipeline task, and its task runs. */
#ifndef AGENT_DISPATCH_H
#define AGENT_DISPATCH_H

#include "state.h"

/*
 * Section 7.4: whether everything that orders a pipeline task is there. A later one outranks an
 * earlier one: what is skipped is not validated, what fails validation is not resolved.
 */
enum supply {
	SUPPLY_OK,
	SUPPLY_OUT_OF_RANGE, /* an index beyond the array: the run cannot go on */
	SUPPLY_INVALID,      /* failed validation */
	SUPPLY_MISSING,      /* skipped: Results were missing */
};
/* *ret_text says which result, for OUT_OF_RANGE and INVALID. */
enum supply dispatch_supply(struct agent *a, size_t pt, struct str *ret_text);

/* The pipeline task with results, status variables and matrix lengths filled in. */
const struct pipeline_task *dispatch_bind(struct agent *a, size_t pt);
bool dispatch_has_empty_matrix(const struct pipeline_task *bound);

/*
 * Creates the task runs of a pipeline task (one per combination), in state TASK_WAITING. On
 * failure nothing was created and *ret is what the run must end with.
 */
int dispatch_create(
	struct agent *a, size_t pt, const struct pipeline_task *bound, struct condition *ret);
/* The one task run of a TaskRun object. */
void dispatch_create_own(struct agent *a);

#endif
