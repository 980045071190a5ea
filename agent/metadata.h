/* SPDX-License-Identifier: Apache-2.0 */
/* Labels and annotations of runs, task runs and pods (section 4): what is added later wins. */
#ifndef AGENT_METADATA_H
#define AGENT_METADATA_H

#include <base/map.h>
#include <monopod/agent.h>

struct metadata { /* key → const struct str * */
	struct map labels;
	struct map annotations;
};

/* Of the run object itself. */
void metadata_of_run(struct metadata *m, struct arena *a, const struct run_view *r);
/* Of a TaskRun that a PipelineRun created. */
void metadata_of_child(struct metadata *m, struct arena *a, const struct run_view *r,
	const struct task_run_view *t);
/* Of the pod of a task run. */
void metadata_of_pod(struct metadata *m, struct arena *a, const struct run_view *r,
	const struct task_run_view *t);
/* What containers of the task run reached beyond others (docs/security.md), as far as they were
 * started: for the record, not for the pod. */
void metadata_add_reach(struct metadata *m, const struct task_run_view *t);

#endif
