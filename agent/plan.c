/* SPDX-License-Identifier: Apache-2.0 */
/* Binds a run object: its pipeline, params, workspaces, timeouts, tasks (section 27.2). */
#include "plan.h"

#include "child.h"
#include "credential.h"
#include "graph.h"
#include "param.h"
#include "pod.h"
#include "start_check.h"
#include "workspace.h"
#include <base/num.h>

static const int64_t default_timeout_ns = 60 * 60 * NS_PER_S;

bool plan_refuse(const struct plan_context *c, const char *code, struct pos pos,
	const char *reason, const char *fmt, ...)
{
	struct plan *p = c->plan;
	va_list ap;

	if (p->is_refused)
		return false;
	va_start(ap, fmt);
	p->message = arena_vprintf(c->arena, fmt, ap);
	va_end(ap);
	p->is_refused = true;
	p->reason = str_z(reason);
	plan_tell(c, NULL, code, pos, p->message);
	return false;
}

void plan_tell(const struct plan_context *c, const struct plan_task *t, const char *code,
	struct pos pos, struct str problem)
{
	bool guarded = c->is_guarded || (t && t->bound && t->bound->n_when);
	struct diag *d = diag_add(c->diags, guarded ? DIAG_WARNING : DIAG_ERROR, code, pos,
		STR_FMT, STR_ARG(problem));

	d->stage = DIAG_RUN;
	if (guarded)
		diag_hint(c->diags, d, "it fails so if its 'when' lets it start");
}

struct plan_task *plan_find(const struct plan *p, struct str name)
{
	return map_get(&p->task_index, name);
}

size_t plan_index(const struct plan *p, const struct plan_task *t)
{
	return (size_t)(t - p->tasks);
}

const struct plan_workspace *plan_workspace_find(const struct plan *p, struct str name)
{
	for (size_t i = 0; i < p->n_workspaces; i++)
		if (str_eq(p->workspaces[i].binding.name.s, name))
			return &p->workspaces[i];
	return NULL;
}

/* --- params */

/* The run's params with the command line's over them; the last of several -p wins. */
/* NOLINTNEXTLINE(readability-function-size): two lists come in, one goes out */
static void given_params(const struct plan_context *c, const struct param_spec *specs,
	size_t n_specs, const struct param *own, size_t n_own, struct param **ret,
	size_t *ret_n)
{
	const struct agent_options *o = c->opts;
	struct param *out = arena_new_array(c->arena, struct param, n_own + o->n_params);
	size_t n = 0;

	for (size_t i = 0; i < n_own; i++)
		out[n++] = own[i];
	for (size_t i = 0; i < o->n_params; i++) {
		const struct param_spec *s = param_spec_find(specs, n_specs, o->params[i].name);
		struct param p = {.name = {.s = o->params[i].name, .pos = {.line = 1}}};
		size_t k = 0;

		p.value =
			value_from_text(c->arena, o->params[i].text, s ? s->type : VALUE_ARRAY);
		while (k < n && !str_eq(out[k].name.s, p.name.s))
			k++;
		out[k] = p;
		n += k == n;
	}
	*ret = out;
	*ret_n = n;
}

/* --- timeouts */

/* Section 15: what one of tasks and finally leaves for the other. */
static int64_t rest_of(const struct timeouts *t, const struct duration *other)
{
	if (t->pipeline.pos.line == 0 || other->pos.line == 0 || t->pipeline.ns == 0 ||
		other->ns == 0)
		return 0;
	return t->pipeline.ns - other->ns;
}

static void bind_timeouts(const struct plan_context *c)
{
	const struct timeouts *t = &c->run->pipeline_run->timeouts;
	struct timeouts full = *t;
	struct plan *p = c->plan;

	if (full.pipeline.pos.line == 0)
		full.pipeline = (struct duration){.ns = default_timeout_ns, .pos = {.line = 1}};
	p->pipeline_timeout_ns = full.pipeline.ns;
	p->tasks_timeout_ns = t->tasks.pos.line ? t->tasks.ns : rest_of(&full, &t->finally);
	p->finally_timeout_ns = t->finally.pos.line ? t->finally.ns : rest_of(&full, &t->tasks);
}

/* The entry of taskRunSpecs that has the field last, as later ones win. */
static const struct task_run_spec_entry *find_entry(
	const struct pipeline_run *pr, struct str name, bool timeout)
{
	for (size_t i = pr->n_task_run_specs; i-- > 0;) {
		const struct task_run_spec_entry *e = &pr->task_run_specs[i];

		if (str_eq(e->pipeline_task_name.s, name) &&
			(timeout ? e->timeout.pos.line != 0 : e->service_account_name.s.n != 0))
			return e;
	}
	return NULL;
}

static int64_t task_timeout(const struct plan_context *c, const struct plan_task *t)
{
	const struct pipeline_run *pr = c->run->pipeline_run;
	const struct task_run_spec_entry *e = find_entry(pr, t->written->name.s, true);
	const struct plan *p = c->plan;
	int64_t group = t->is_finally ? p->finally_timeout_ns : p->tasks_timeout_ns;
	bool has_group = t->is_finally ? pr->timeouts.finally.pos.line || group
				       : pr->timeouts.tasks.pos.line || group;

	if (e)
		return e->timeout.ns;
	if (t->written->timeout.pos.line)
		return t->written->timeout.ns;
	if (has_group && (group == 0 || group > default_timeout_ns))
		return group;
	return default_timeout_ns;
}

/* --- tasks */

static void list_tasks(const struct plan_context *c)
{
	const struct pipeline_spec *ps = c->plan->pipeline;
	struct plan *p = c->plan;

	p->n_dag = ps->n_tasks;
	p->n_tasks = ps->n_tasks + ps->n_finally;
	p->tasks = arena_new_array(c->arena, struct plan_task, p->n_tasks);
	for (size_t i = 0; i < p->n_tasks; i++) {
		bool is_finally = i >= ps->n_tasks;
		const struct pipeline_task *pt =
			is_finally ? &ps->finally[i - ps->n_tasks] : &ps->tasks[i];
		struct plan_task *t = &p->tasks[i];

		*t = (struct plan_task){.written = pt, .bound = pt, .is_finally = is_finally};
		t->is_matrixed = pt->matrix.pos.line != 0;
		t->retries = pt->retries.pos.line ? pt->retries.v : 0;
		map_set(&p->task_index, pt->name.s, t);
	}
}

static void bind_account(
	const struct plan_context *c, struct plan_task *t, const struct text *given)
{
	static const struct text usual = {.s = {"default", 7}};
	const struct text *account = given->s.n ? given : &usual;

	credential_warn(c->spec, account, c->diags);
	t->service_account_name = account->s;
}

static void bind_accounts(const struct plan_context *c)
{
	const struct pipeline_run *pr = c->run->pipeline_run;
	struct plan *p = c->plan;

	for (size_t i = 0; i < p->n_tasks; i++) {
		struct plan_task *t = &p->tasks[i];
		const struct task_run_spec_entry *e = find_entry(pr, t->written->name.s, false);

		bind_account(c, t, e ? &e->service_account_name : &pr->service_account_name);
		t->timeout_ns = task_timeout(c, t);
	}
}

/* --- substitution of everything that is known at the start (section 6.1) */

/* Names that a pipeline task gives itself hide the pipeline's inside its inline spec. */
static bool is_own_param(const struct pipeline_task *pt, struct str name)
{
	if (param_find(pt->params, pt->n_params, name) ||
		param_find(pt->matrix.params, pt->matrix.n_params, name))
		return true;
	for (size_t i = 0; i < pt->matrix.n_include; i++)
		if (param_find(
			    pt->matrix.include[i].params, pt->matrix.include[i].n_params, name))
			return true;
	return false;
}

static const struct task_spec *propagate_params(const struct plan_context *c,
	const struct subst *all, const struct pipeline_task *pt, const struct task_spec *in)
{
	const struct plan *p = c->plan;
	struct subst own;
	bool hides = false;

	for (size_t i = 0; i < p->n_params && !hides; i++)
		hides = is_own_param(pt, p->params[i].name.s);
	if (!hides)
		return subst_task_spec(all, c->arena, in);
	subst_init(&own, c->arena);
	for (size_t i = 0; i < p->n_params; i++)
		if (!is_own_param(pt, p->params[i].name.s))
			subst_add_param(
				&own, STR("params"), p->params[i].name.s, &p->params[i].value);
	return subst_task_spec(&own, c->arena, in);
}

/* A pass over a pipeline task; its inline spec is handled by the caller. */
static void subst_outside(const struct subst *s, struct arena *a,
	const struct pipeline_task *in, struct pipeline_task *out)
{
	*out = *in;
	out->task_spec = NULL;
	subst_pipeline_task(s, a, out, out);
}

static void find_variable(void *arg, struct text t, const char *path)
{
	bool *found = arg;

	(void)path;
	*found |= str_has(t.s, STR("$("));
}

/* Whether a pass could change anything. */
static bool has_variables(const struct pipeline_task *pt)
{
	bool found = pt->task_spec || pt->matrix.pos.line;

	find_variable(&found, pt->display_name, "");
	find_variable(&found, pt->task_ref, "");
	find_variable(&found, pt->on_error, "");
	for (size_t i = 0; i < pt->n_workspaces; i++)
		find_variable(&found, pt->workspaces[i].sub_path, "");
	pipeline_task_edge_texts(pt, find_variable, &found);
	return found;
}

/* The displayName of a matrixed task waits for the params of its children. */
static void bind_task(const struct plan_context *c, struct plan_task *t,
	const struct subst *params, const struct subst *contexts)
{
	const struct task_spec *inside = t->written->task_spec;
	struct arena *scratch cleanup_arena = arena_new();
	struct pipeline_task *pt;
	struct subst retries;

	if (!has_variables(t->written))
		return;
	pt = arena_new_object(c->arena, struct pipeline_task);
	subst_outside(params, c->arena, t->written, pt);
	if (t->is_matrixed)
		pt->display_name = t->written->display_name;
	subst_pipeline_task(contexts, c->arena, pt, pt);
	subst_init(&retries, scratch);
	subst_addf(&retries, arena_printf(c->arena, "%lld", (long long)t->retries),
		"context.pipelineTask.retries");
	subst_outside(&retries, c->arena, pt, pt);
	if (inside) {
		inside = propagate_params(c, params, t->written, inside);
		pt->task_spec = subst_task_spec(contexts, c->arena, inside);
		t->task = pt->task_spec;
	}
	t->bound = pt;
}

/* Contexts and workspaces.W.bound; their values hold no variables, so one pass does for both.
 */
static void make_contexts(const struct plan_context *c, struct subst *s)
{
	const struct plan *p = c->plan;

	subst_init(s, c->arena);
	subst_add(s, STR("context.pipelineRun.name"), p->name);
	subst_add(s, STR("context.pipelineRun.namespace"), p->ns);
	subst_add(s, STR("context.pipelineRun.uid"), c->opts->uid);
	subst_add(s, STR("context.pipeline.name"), p->pipeline_name);
	for (size_t i = 0; i < p->pipeline->n_workspaces; i++)
		subst_addf(s, STR("false"), "workspaces." STR_FMT ".bound",
			STR_ARG(p->pipeline->workspaces[i].name.s));
	for (size_t i = 0; i < p->n_workspaces; i++)
		subst_addf(s, STR("true"), "workspaces." STR_FMT ".bound",
			STR_ARG(p->workspaces[i].binding.name.s));
}

static bool bind_tasks(const struct plan_context *c, const struct subst *params)
{
	struct subst contexts;
	struct plan *p = c->plan;

	make_contexts(c, &contexts);
	for (size_t i = 0; i < p->n_tasks; i++)
		bind_task(c, &p->tasks[i], params, &contexts);
	if (!subst_too_long(params) && !subst_too_long(&contexts))
		return true;
	return plan_refuse(c, "too-long", p->pipeline->pos, "PipelineValidationFailed",
		"Pipeline " STR_FMT "/" STR_FMT
		" can't be Run; it has an invalid spec: a text is too long after substitution",
		STR_ARG(p->ns), STR_ARG(p->pipeline_name));
}

/* --- the two kinds of run */

static bool is_hermetic(const struct labels *annotations)
{
	for (size_t i = 0; i < annotations->n; i++)
		if (str_eqz(annotations->keys[i].s, "experimental.tekton.dev/execution-mode") &&
			str_eqz(annotations->values[i].s, "hermetic"))
			return true;
	return false;
}

static bool find_pipeline(const struct plan_context *c)
{
	const struct pipeline_run *pr = c->run->pipeline_run;
	struct plan *p = c->plan;
	const struct pipeline *found;

	p->pipeline_name = p->name;
	p->pipeline = pr->pipeline_spec;
	if (p->pipeline)
		return true;
	p->pipeline_name = pr->pipeline_ref.s;
	found = map_get(&c->spec->pipeline_by_name, pr->pipeline_ref.s);
	if (found) {
		p->pipeline = &found->spec;
		p->pipeline_meta = &found->meta;
		p->hermetic = p->hermetic || is_hermetic(&found->meta.annotations);
		return true;
	}
	return plan_refuse(c, "unknown-pipeline", pr->pipeline_ref.pos, "CouldntGetPipeline",
		"Error retrieving pipeline for pipelinerun " STR_FMT "/" STR_FMT
		": error when getting Pipeline for PipelineRun " STR_FMT
		": tekton client cannot get pipeline " STR_FMT
		" from local cluster: pipelines.tekton.dev \"" STR_FMT "\" not found",
		STR_ARG(p->ns), STR_ARG(p->name), STR_ARG(p->name), STR_ARG(p->pipeline_name),
		STR_ARG(p->pipeline_name));
}

/* A default that cannot be made is told later, after the bindings: *ret. */
struct problem {
	struct err err;
	struct pos pos;
};
static bool bind_params(const struct plan_context *c, struct subst *set, struct problem *ret)
{
	const struct pipeline_run *pr = c->run->pipeline_run;
	struct plan *p = c->plan;
	struct param_check check = {.arena = c->arena,
		.specs = p->pipeline->params,
		.n_specs = p->pipeline->n_params,
		.skip_variables = c->is_preview};
	struct param *given;

	given_params(c, check.specs, check.n_specs, pr->params, pr->n_params, &given,
		&check.n_given);
	check.given = given;
	p->given = given;
	p->n_given = check.n_given;
	if (!start_check_pipeline_params(c, &check))
		return false;
	start_check_partial_objects(c, &check);
	(void)param_resolve(&check, &p->params, &p->n_params, &ret->pos, &ret->err);
	if (!start_check_pipeline_indexes(c))
		return false;
	subst_init(set, c->arena);
	for (size_t i = 0; i < p->n_params; i++)
		subst_add_param(set, STR("params"), p->params[i].name.s, &p->params[i].value);
	return true;
}

static bool check_defaults(const struct plan_context *c, const struct problem *problem)
{
	const struct plan *p = c->plan;

	if (problem->err.kind == ERR_NONE)
		return true;
	return plan_refuse(c, "param-default", problem->pos, "PipelineValidationFailed",
		"Pipeline " STR_FMT "/" STR_FMT " can't be Run; it has an invalid spec: %s",
		STR_ARG(p->ns), STR_ARG(p->pipeline_name), problem->err.msg);
}

/* The annotations that a TaskRun gets from its pipeline task and its taskRunSpecs (section 4).
 */
static void mark_hermetic(const struct plan_context *c)
{
	const struct pipeline_run *pr = c->run->pipeline_run;

	for (size_t i = 0; i < c->plan->n_tasks; i++) {
		struct plan_task *t = &c->plan->tasks[i];

		t->hermetic = is_hermetic(&t->written->task_metadata.annotations);
		for (size_t k = 0; k < pr->n_task_run_specs; k++) {
			const struct task_run_spec_entry *e = &pr->task_run_specs[k];

			if (str_eq(e->pipeline_task_name.s, t->written->name.s) &&
				is_hermetic(&e->metadata.annotations))
				t->hermetic = true;
		}
	}
}

/* Section 27.2, in the order of its last paragraph. */
static void build_pipeline(const struct plan_context *c)
{
	const struct pipeline_run *pr = c->run->pipeline_run;
	struct problem defaults = {0};
	struct subst params;

	if (!find_pipeline(c))
		return;
	list_tasks(c);
	pod_plan(c);
	if (!graph_edges(c) || !bind_params(c, &params, &defaults))
		return;
	workspace_plan(c, &params, pr->workspaces, pr->n_workspaces);
	if (!start_check_workspaces(c) || !start_check_task_run_specs(c) ||
		!check_defaults(c, &defaults) || !bind_tasks(c, &params) ||
		!start_check_on_error(c) || !start_check_tasks(c) ||
		!start_check_task_params(c))
		return;
	if (!start_check_matrices(c))
		return;
	graph_uses(c);
	if (!start_check_results(c))
		return;
	start_check_task_workspaces(c);
	start_check_actions(c);
	bind_timeouts(c);
	bind_accounts(c);
	mark_hermetic(c);
	if (c->n_child_tasks)
		(void)child_previews(c);
}

/* A TaskRun is a plan of one task without a pipeline around it. */
static void build_task_run(const struct plan_context *c)
{
	const struct task_run *tr = c->run->task_run;
	struct plan *p = c->plan;
	struct plan_task *t = arena_new_object(c->arena, struct plan_task);
	struct subst params;

	p->tasks = t;
	p->n_tasks = p->n_dag = 1;
	t->task = tr->task_spec;
	t->retries = tr->retries.pos.line ? tr->retries.v : 0;
	t->timeout_ns = tr->timeout.pos.line ? tr->timeout.ns : default_timeout_ns;
	bind_account(c, t, &tr->service_account_name);
	if (!t->task) {
		t->referenced = map_get(&c->spec->task_by_name, tr->task_ref.s);
		if (!t->referenced) {
			plan_refuse(c, "unknown-task", tr->task_ref.pos,
				"TaskRunResolutionFailed",
				"error when listing tasks for taskRun " STR_FMT
				": tasks.tekton.dev \"" STR_FMT "\" not found",
				STR_ARG(p->name), STR_ARG(tr->task_ref.s));
			return;
		}
		t->task = &t->referenced->spec;
	}
	given_params(c, t->task->params, t->task->n_params, tr->params, tr->n_params,
		&p->params, &p->n_params);
	p->given = p->params;
	p->n_given = p->n_params;
	subst_init(&params, c->arena); /* the task run itself fills its bindings in */
	workspace_plan(c, &params, tr->workspaces, tr->n_workspaces);
	start_check_task_run(c);
	start_check_actions(c);
	pod_plan(c);
}

bool plan_task_is_child(const struct plan_task *t)
{
	return t->written && (t->written->pipeline_ref_pos.line || t->written->pipeline_spec);
}

bool plan_task_hermetic(
	const struct plan *p, const struct plan_task *t, const struct task *referenced)
{
	return p->hermetic || t->hermetic ||
	       (referenced && is_hermetic(&referenced->meta.annotations));
}

static bool is_pending(const struct plan_context *c)
{
	bool is_pipeline = c->run->kind == OBJECT_PIPELINE_RUN;
	struct str status =
		is_pipeline ? c->run->pipeline_run->status.s : c->run->task_run->status.s;

	return !c->opts->start_pending &&
	       str_eqz(status, is_pipeline ? "PipelineRunPending" : "TaskRunPending");
}

void plan_build(const struct plan_context *c)
{
	const struct run_ref *run = c->run;
	const struct object_meta *meta = run->kind == OBJECT_PIPELINE_RUN
						 ? &run->pipeline_run->meta
						 : &run->task_run->meta;
	struct plan *p = c->plan;

	*p = (struct plan){.kind = run->kind, .name = meta->name.s};
	p->ns = meta->ns.s.n ? meta->ns.s : STR("default");
	p->is_pending = is_pending(c);
	p->hermetic = c->opts->hermetic || c->is_hermetic || is_hermetic(&meta->annotations);
	p->given = run->kind == OBJECT_PIPELINE_RUN ? run->pipeline_run->params
						    : run->task_run->params;
	p->n_given = run->kind == OBJECT_PIPELINE_RUN ? run->pipeline_run->n_params
						      : run->task_run->n_params;
	map_init(&p->task_index, c->arena);
	if (run->kind == OBJECT_PIPELINE_RUN) {
		build_pipeline(c);
	} else {
		build_task_run(c);
	}
}
