/* SPDX-License-Identifier: Apache-2.0 */
/* StepActions: a step's reference replaced by what it stands for (section 18). */
#ifndef AGENT_ACTION_H
#define AGENT_ACTION_H

#include <base/arena.h>
#include <monopod/subst.h>

struct action_context {
	struct arena *arena; /* of what is returned */
	const struct spec *spec;
	const struct subst *params; /* of the task, for the params that steps hand on */
};
/* A failure in Tekton's words, and the step that has it. */
struct action_problem {
	struct str text; /* failed to resolve step ref for step "one" (index 0): … */
	struct pos pos;
};

bool action_is_used(const struct task_spec *ts);
/*
 * A copy of the task spec whose steps have no reference any more; the spec itself when none
 * had. NULL after the first failure.
 */
const struct task_spec *action_resolve(const struct action_context *c,
	const struct task_spec *ts, struct action_problem *ret_problem);

#endif
