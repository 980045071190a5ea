/* SPDX-License-Identifier: Apache-2.0 */
/* Results: typing and checking (7.1 to 7.3), reading them again (7.4), of pipelines (7.5). */
#ifndef AGENT_RESULT_H
#define AGENT_RESULT_H

#include "state.h"

/*
 * The results of the current attempt as typed values; wrongly typed ones are left out. Returns
 * what is wrong with them, or empty.
 */
struct str result_collect(
	struct agent *a, struct execution *t, struct named_value **ret, size_t *ret_n);

/* Section 7.1: strings verbatim; arrays and objects must be JSON from the first byte. */
struct value result_typed(struct arena *a, struct str raw, enum value_type want);

/*
 * The artifacts of the current attempt: after each step what its task's file said then, and the
 * step's own.
 */
struct artifacts result_artifacts(struct agent *a, const struct execution *t);
/*
 * What tasks.T.WHICH stands for, of all children when it was fanned out. False: it did not
 * succeed, or has no such artifact.
 */
bool result_artifacts_of_task(struct agent *a, size_t pt, struct str which, struct str *ret);

/* Result `name` of a pipeline task, an array of all children's when it was fanned out. */
bool result_of_task(struct agent *a, size_t pt, struct str name, struct value *ret);
/* How many children have it. */
size_t result_count(const struct agent *a, size_t pt, struct str name);

/* Those of the pipeline that can be made; returns the names of those that should but cannot. */
struct str result_of_pipeline(struct agent *a, struct named_value **ret, size_t *ret_n);

/* tasks.T.status and tasks.T.reason, tasks.status (section 13). */
const char *status_of_task(const struct agent *a, size_t pt);
struct str reason_of_task(const struct agent *a, size_t pt);
const char *status_of_tasks(const struct agent *a);

#endif
