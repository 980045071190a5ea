/* SPDX-License-Identifier: Apache-2.0 */
/* From params to a spec without variables, pass by pass. */
#include "launch_passes.h"

#include "action.h"
#include "condition.h"
#include "name.h"
#include "param.h"
#include "start_check.h"
#include "step_paths.h"
#include <base/path.h>

bool launch_fail_invalid(struct build *b, const char *reason, struct str message)
{
	b->out->failure = condition_task_invalid(
		arena_printf(b->arena, "[User error] " STR_FMT, STR_ARG(message)));
	b->out->failure.reason = str_z(reason);
	return false;
}

/* --- params */

/* What propagates into an inline spec counts as given, though the text has it already. */
static void add_propagated(const struct build *b, struct param_check *c)
{
	const struct plan *p = &b->a->plan;
	struct param *all;
	size_t n = c->n_given;

	if (b->t->referenced || !agent_is_pipeline(b->a))
		return;
	all = arena_new_array(b->brief, struct param, c->n_given + p->n_params);
	for (size_t i = 0; i < n; i++)
		all[i] = c->given[i];
	for (size_t i = 0; i < p->n_params; i++)
		if (!param_find(c->given, c->n_given, p->params[i].name.s))
			all[n++] = p->params[i];
	c->given = all;
	c->n_given = n;
}

/* An inline task is called as its task run is. */
static struct str task_name(const struct build *b)
{
	return b->t->referenced ? b->t->referenced->meta.name.s : b->t->v.name;
}

bool launch_bind_params(struct build *b)
{
	const struct task_spec *ts = b->t->task;
	struct param_check c = {.arena = b->brief,
		.texts = b->arena,
		.specs = ts->params,
		.n_specs = ts->n_params,
		.given = b->t->v.params,
		.n_given = b->t->v.n_params};
	struct param_check all = c;
	struct param_index_check index = {.arena = b->brief};
	struct str bad;

	add_propagated(b, &all);
	bad = start_check_params_problem(&all, task_name(b));
	if (bad.n)
		return launch_fail_invalid(b, "TaskRunValidationFailed", bad);
	bad = param_not_in_enum(&all);
	if (bad.n)
		return launch_fail_invalid(b, "InvalidParamValue", bad);
	bad = pod_problem(b->arena, b->a->plan.tasks[b->t->v.pipeline_task].pod, ts);
	if (bad.n)
		return launch_fail_invalid(b, "TaskRunValidationFailed", bad);
	param_resolve_task(&c, &b->params, &b->n_params);
	index.values = b->params;
	index.n_values = b->n_params;
	task_spec_texts(ts, param_index_text, &index);
	if (!index.found.n)
		return true;
	return launch_fail_invalid(b, "TaskRunValidationFailed",
		arena_printf(b->arena, "non-existent param references:" STR_FMT "]",
			STR_ARG(index.found)));
}

/* --- the passes */

/* A copy that the next pass copies again; its texts stay. */
static const struct task_spec *pass_params(struct build *b, struct subst *s)
{
	struct action_context actions = {.arena = b->arena, .spec = b->a->spec};
	struct action_problem problem;
	const struct task_spec *ts;

	subst_init(s, b->brief);
	for (size_t i = 0; i < b->n_params; i++) {
		const struct param *p = &b->params[i];

		subst_add_param(s, STR("params"), p->name.s, &p->value);
		subst_add_param(s, STR("inputs.params"), p->name.s, &p->value);
	}
	b->bindings = subst_bindings(s, b->brief, b->t->v.workspaces, b->t->v.n_workspaces);
	b->pod = subst_pod_template(
		s, b->brief, &b->a->plan.tasks[b->t->v.pipeline_task].pod->pod_template);
	actions.params = s;
	ts = action_resolve(&actions, b->t->task, &problem);
	s->texts = b->arena;
	if (ts)
		return subst_task_spec(s, b->brief, ts);
	b->out->failure =
		condition_make(CONDITION_FALSE, "TaskRunResolutionFailed", problem.text);
	return NULL;
}

static void add_results(const struct task_spec *ts, struct subst *s)
{
	for (size_t i = 0; i < ts->n_results; i++) {
		struct str name = ts->results[i].name.s;
		struct str path =
			arena_printf(s->arena, "/tekton/results/" STR_FMT, STR_ARG(name));

		subst_addf(s, path, "results." STR_FMT ".path", STR_ARG(name));
		subst_addf(s, path, "results[\"" STR_FMT "\"].path", STR_ARG(name));
		subst_addf(s, path, "results['" STR_FMT "'].path", STR_ARG(name));
	}
}

static void add_steps(const struct task_spec *ts, struct subst *s)
{
	for (size_t i = 0; i < ts->n_steps; i++) {
		struct str name = name_step(s->arena, ts->steps[i].name.s, i);

		subst_addf(s,
			arena_printf(s->arena, "/tekton/steps/step-" STR_FMT "/exitCode",
				STR_ARG(name)),
			"steps.step-" STR_FMT ".exitCode.path", STR_ARG(name));
	}
}

/* Its volume in the pod, which mounts may name. */
struct str launch_workspace_volume(const struct build *b, const struct task_workspace *w)
{
	struct str seed = arena_printf(
		b->brief, STR_FMT "/" STR_FMT, STR_ARG(b->t->v.uid), STR_ARG(w->name));

	return arena_printf(b->brief, "ws-" STR_FMT, STR_ARG(name_letters(b->brief, seed, 5)));
}

/* path is where this step sees it. */
static void add_workspace(
	struct build *b, struct subst *s, const struct task_workspace *w, struct str path)
{
	struct str claim = STR_NONE, volume = STR_NONE;

	if (w->binding) {
		claim = b->bindings[w->binding - b->t->v.workspaces].source.claim_name.s;
		volume = launch_workspace_volume(b, w);
	}
	subst_addf(s, w->binding ? path : STR_NONE, "workspaces." STR_FMT ".path",
		STR_ARG(w->name));
	subst_addf(s, w->binding ? STR("true") : STR("false"), "workspaces." STR_FMT ".bound",
		STR_ARG(w->name));
	subst_addf(s, claim, "workspaces." STR_FMT ".claim", STR_ARG(w->name));
	subst_addf(s, volume, "workspaces." STR_FMT ".volume", STR_ARG(w->name));
}

/* Everything after the params: no value here holds a variable, so one pass does for all. */
static void make_rest(struct build *b, const struct task_spec *ts, struct subst *s)
{
	const struct execution *t = b->t;

	subst_init(s, b->brief);
	subst_add(s, STR("context.taskRun.name"), t->v.name);
	subst_add(s, STR("context.taskRun.namespace"), b->a->plan.ns);
	subst_add(s, STR("context.taskRun.uid"), t->v.uid);
	subst_add(s, STR("context.task.name"), task_name(b));
	/* also for a referenced task, whose count Tekton leaves at 0: a defect that is not
	 * copied */
	subst_add(s, STR("context.task.retry-count"),
		arena_printf(b->brief, "%zu", t->n_retries));
	subst_add(s, STR("credentials.path"), STR("/tekton/creds"));
	add_results(ts, s);
	add_steps(ts, s);
}

struct str launch_step_path(
	struct arena *a, const struct step *step, const struct task_workspace *w)
{
	const struct step_workspace *own = workspace_of_step(step, w->name);

	return own && own->mount_path.s.n ? path_join(a, STR("/"), own->mount_path.s) : w->path;
}

static bool has_own_paths(const struct step *s)
{
	for (size_t i = 0; i < s->n_workspaces; i++)
		if (s->workspaces[i].mount_path.s.n)
			return true;
	return false;
}

/* A step that moves a workspace sees its own .path. */
static void pass_own_paths(struct build *b, struct subst *s, struct step *step)
{
	struct task_spec one = {.steps = step, .n_steps = 1};

	for (size_t k = 0; k < b->n_workspaces; k++)
		add_workspace(b, s, &b->workspaces[k],
			launch_step_path(b->arena, step, &b->workspaces[k]));
	*step = subst_task_spec(s, b->arena, &one)->steps[0];
	for (size_t k = 0; k < b->n_workspaces; k++)
		add_workspace(b, s, &b->workspaces[k], b->workspaces[k].path);
}

static bool fail_too_long(struct build *b)
{
	return launch_fail_invalid(b, "TaskRunValidationFailed",
		STR("a text of the task is too long after substitution"));
}

bool launch_run_passes(struct build *b)
{
	struct subst params, rest;
	const struct task_spec *ts = pass_params(b, &params);
	struct task_spec own;
	struct err err;

	if (!ts)
		return false;
	make_rest(b, ts, &rest);
	own = *ts;
	own.workspaces = arena_new_array(b->brief, struct workspace_spec, ts->n_workspaces);
	for (size_t i = 0; i < ts->n_workspaces; i++) {
		own.workspaces[i] = ts->workspaces[i];
		own.workspaces[i].mount_path.s =
			subst_text(&rest, b->arena, ts->workspaces[i].mount_path.s);
	}
	if (workspace_resolve(b->arena, b->t, &own, &b->workspaces, &b->n_workspaces, &err) < 0)
		return launch_fail_invalid(
			b, "TaskRunValidationFailed", arena_strz(b->arena, err.msg));
	for (size_t i = 0; i < b->n_workspaces; i++)
		add_workspace(b, &rest, &b->workspaces[i], b->workspaces[i].path);
	own.steps = vec_copy(b->brief, ts->steps, ts->n_steps, sizeof(*ts->steps));
	for (size_t i = 0; i < own.n_steps; i++) {
		step_paths_fill(b->arena, b->brief, i, &own.steps[i]);
		if (has_own_paths(&own.steps[i]))
			pass_own_paths(b, &rest, &own.steps[i]);
	}
	own.sidecars = vec_copy(b->arena, ts->sidecars, ts->n_sidecars, sizeof(*ts->sidecars));
	for (size_t i = 0; i < own.n_sidecars; i++)
		if (has_own_paths(&own.sidecars[i].container))
			pass_own_paths(b, &rest, &own.sidecars[i].container);
	b->out->spec = subst_task_spec(&rest, b->arena, &own);
	if (subst_too_long(&params) || subst_too_long(&rest))
		return fail_too_long(b);
	return true;
}
