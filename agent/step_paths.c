/* SPDX-License-Identifier: Apache-2.0 */
/* Variables that mean another path in each step. */
#include "step_paths.h"

#include "name.h"
#include <monopod/artifact.h>
#include <monopod/subst.h>

static bool list_mentions(const struct text *list, size_t n, struct str part)
{
	for (size_t i = 0; i < n; i++)
		if (str_has(list[i].s, part))
			return true;
	return false;
}

/* Whether the pass for artifacts would find something: most steps have nothing of theirs. */
static bool mentions_artifacts(const struct step *s)
{
	const struct text texts[] = {
		s->script, s->stdout_path, s->stderr_path, s->image, s->working_dir};
	const struct str part = STR("artifacts.path)");

	for (size_t i = 0; i < s->n_env; i++)
		if (str_has(s->env[i].value.s, part))
			return true;
	for (size_t i = 0; i < s->n_when; i++)
		if (str_has(s->when[i].input.s, part) ||
			list_mentions(s->when[i].values, s->when[i].n_values, part))
			return true;
	return list_mentions(texts, ARRAY_SIZE(texts), part) ||
	       list_mentions(s->command, s->n_command, part) ||
	       list_mentions(s->args, s->n_args, part);
}

void step_paths_fill(struct arena *a, struct arena *brief, size_t index, struct step *step)
{
	struct task_spec one = {.steps = step, .n_steps = 1};
	struct str name = name_step(brief, step->name.s, index);
	struct subst s;

	if (!step->n_results && !mentions_artifacts(step))
		return;
	subst_init(&s, brief);
	for (size_t i = 0; i < step->n_results; i++) {
		struct str result = step->results[i].name.s;

		subst_addf(&s,
			arena_printf(brief, "/tekton/steps/step-" STR_FMT "/results/" STR_FMT,
				STR_ARG(name), STR_ARG(result)),
			"step.results." STR_FMT ".path", STR_ARG(result));
	}
	subst_add(&s, STR("artifacts.path"), STR("/tekton/artifacts/" ARTIFACTS_FILE));
	subst_add(&s, STR("step.artifacts.path"),
		arena_printf(brief, "/tekton/steps/step-" STR_FMT "/artifacts/%s",
			STR_ARG(name), ARTIFACTS_FILE));
	*step = subst_task_spec(&s, a, &one)->steps[0];
}
