/* SPDX-License-Identifier: Apache-2.0 */
/* What Tekton checks when a run starts, each with its reason and message (section 27). */
#ifndef AGENT_START_CHECK_H
#define AGENT_START_CHECK_H

#include "param.h"
#include "plan.h"

/* All return false after plan_refuse. */
bool start_check_pipeline_params(
	const struct plan_context *c, const struct param_check *params);
/* Warns of objects that their defaults would complete in a TaskRun, but do not in a pipeline.
 */
void start_check_partial_objects(const struct plan_context *c, const struct param_check *p);
bool start_check_pipeline_indexes(const struct plan_context *c); /* of plan->params */
bool start_check_workspaces(const struct plan_context *c);
bool start_check_task_run_specs(const struct plan_context *c);
bool start_check_on_error(const struct plan_context *c);
bool start_check_tasks(const struct plan_context *c); /* finds the referenced ones */
bool start_check_task_params(const struct plan_context *c);
bool start_check_matrices(const struct plan_context *c); /* those known at the start */
bool start_check_results(const struct plan_context *c);  /* of plan_task.uses */
/* Adds diagnostics only: a TaskRun fails in its own words when it starts. */
void start_check_task_run(const struct plan_context *c);
/* Tekton's words for a matrix whose values have wrong types, its slips included. */
struct str start_check_matrix_problem(
	struct arena *a, const struct pipeline_task *pt, const char *what);
/* These only tell; the run ends when such a task starts. */
void start_check_actions(const struct plan_context *c);
void start_check_task_workspaces(const struct plan_context *c);

/*
 * The problem of a task's params as TaskRuns state it ("invalid input params for task T: …",
 * "param `v` …"), or empty.
 */
struct str start_check_params_problem(const struct param_check *c, struct str task_name);

#endif
