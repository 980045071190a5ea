/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which pipeline tasks a run has, as an annotation of its pod: a termination message names
 * TaskRuns alone, and a name does not tell a fan-out, or a pipeline in the pipeline.
 *
 *     {"tasks":["build"],"fanOuts":["test"],"pipelines":{"deploy":{"tasks":["apply"]}}}
 */
#ifndef ENTRYPOINT_POD_TASKS_H
#define ENTRYPOINT_POD_TASKS_H

#include <base/arena.h>
#include <base/json.h>
#include <monopod/spec.h>

/* Empty for a TaskRun. */
struct str pod_tasks(struct arena *a, const struct spec *spec, const struct run_ref *run);

struct pod_task { /* all empty: not known */
	struct str pipeline_task;
	struct str owner; /* the run that it is of: the pod's, or one in it */
	bool is_pipeline_run;
};
/* Whose TaskRun or PipelineRun this is. tasks is hostile, or NULL; run is of the pod. Names
 * that are not RUN-TASK, because that is too long, are not known. */
struct pod_task pod_task_of(const struct json *tasks, struct str run, struct str name);

#endif
