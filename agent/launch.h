/* SPDX-License-Identifier: Apache-2.0 */
/* What one attempt of a task run needs: its spec after every pass, and its task_launch. */
#ifndef AGENT_LAUNCH_H
#define AGENT_LAUNCH_H

#include "state.h"

struct prepared {
	struct str pod_name;
	const struct task_spec *spec; /* NULL: it did not get that far */
	struct step_view *steps;      /* and the sidecars */
	size_t n_steps;
	size_t n_sidecars;
	struct task_launch *launch; /* in the attempt's arena; NULL on failure */
	struct condition failure;   /* when launch is NULL */
};

/* Lasting parts go into the run's arena, the launch into `brief`. */
void launch_prepare(
	struct agent *a, const struct execution *t, struct arena *brief, struct prepared *ret);

/*
 * The spec of a task run that was not created, as far as it is known now: nothing is checked,
 * variables without a value stay. NULL when its workspaces cannot be bound. Everything is in
 * `arena`.
 */
const struct task_spec *launch_preview(
	const struct agent *a, const struct execution *t, struct arena *arena);

#endif
