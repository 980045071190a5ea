/* SPDX-License-Identifier: Apache-2.0 */
/* The params and passes of a TaskRun in their order (tekton-semantics 6.4 to 6.7). */
#ifndef AGENT_LAUNCH_PASSES_H
#define AGENT_LAUNCH_PASSES_H

#include "launch.h"
#include "metadata.h"
#include "pod.h"
#include "workspace.h"

struct build { /* a task_launch that is being made */
	const struct agent *a;
	const struct execution *t;
	struct arena *arena; /* of the run */
	struct arena *brief; /* of the attempt */
	struct prepared *out;
	struct param *params;
	size_t n_params;
	struct task_workspace *workspaces;
	size_t n_workspaces;
	const struct workspace_binding *bindings; /* substituted; parallel to v.workspaces */
	size_t credentials;                       /* index of their volume */
	size_t *mount_index; /* per workspace: index in the launch, SIZE_MAX: none */
	struct pod_template pod;
	struct metadata metadata;
	struct pod_facts facts;
};

/* False, with the failure in b->out: "[User error] MESSAGE". */
bool launch_fail_invalid(struct build *b, const char *reason, struct str message);

/* The params of the task with their values, checked. */
bool launch_bind_params(struct build *b);
/* b->out->spec with nothing left to fill in; the workspaces, bindings and the pod template. */
bool launch_run_passes(struct build *b);

/* Its volume in the pod, which mounts may name. */
struct str launch_workspace_volume(const struct build *b, const struct task_workspace *w);
/* Where a step sees a workspace. */
struct str launch_step_path(
	struct arena *a, const struct step *step, const struct task_workspace *w);

#endif
