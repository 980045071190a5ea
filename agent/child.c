/* SPDX-License-Identifier: Apache-2.0 */
/* The PipelineRun that a pipeline task makes: its object, its preview, its start and its end.
 */
#include "child.h"

#include "attempt.h"
#include "deadline.h"
#include "name.h"
#include "run.h"
#include "sched.h"
#include "workspace.h"
#include <base/bounds.h>

/* --- the object */

struct making {
	struct arena *arena;
	const struct pipeline_run *around;
	const struct plan *plan; /* of the run around it */
	struct str uid;          /* the same */
	const struct plan_task *task;
};

/* What the run around it has, after what it has of its Pipeline; there is room for more. */
static struct labels with_definition(const struct making *m, const struct labels *own,
	const struct labels *definition, size_t n_more)
{
	const struct labels *both[] = {definition, own};
	size_t n = own->n + (definition ? definition->n : 0) + n_more;
	struct labels all = {.keys = arena_new_array(m->arena, struct text, n),
		.values = arena_new_array(m->arena, struct text, n)};

	for (size_t i = 0; i < ARRAY_SIZE(both); i++)
		for (size_t k = 0; both[i] && k < both[i]->n; k++, all.n++) {
			all.keys[all.n] = both[i]->keys[k];
			all.values[all.n] = both[i]->values[k];
		}
	return all;
}

/* Section 4: the labels of the run around it, and what it is there. */
static struct labels make_labels(const struct making *m)
{
	const struct {
		struct str key, value;
	} more[] = {
		{STR("tekton.dev/memberOf"),
			m->task->is_finally ? STR("finally") : STR("tasks")},
		{STR("tekton.dev/pipelineRun"), m->plan->name},
		{STR("tekton.dev/pipelineRunUID"), m->uid},
		{STR("tekton.dev/pipelineTask"), m->task->written->name.s},
	};
	struct labels all = with_definition(m, &m->around->meta.labels,
		m->plan->pipeline_meta ? &m->plan->pipeline_meta->labels : NULL,
		ARRAY_SIZE(more));

	for (size_t i = 0; i < ARRAY_SIZE(more); i++, all.n++) {
		all.keys[all.n].s = more[i].key;
		all.values[all.n].s = more[i].value;
	}
	return all;
}

/* The timeout of the pipeline task bounds the whole child; Tekton's own has an hour always. */
static const struct run_ref *make_object(
	const struct making *m, const struct task_run_view *v, struct str name)
{
	const struct plan_task *t = m->task;
	struct pos pos = t->written->pos;
	struct pipeline_run *pr = arena_new_object(m->arena, struct pipeline_run);
	struct run_ref *ref = arena_new_object(m->arena, struct run_ref);

	*pr = (struct pipeline_run){
		.meta = {.name = {.s = name, .pos = pos},
			.ns = {.s = m->plan->ns, .pos = pos},
			.labels = make_labels(m),
			.annotations = with_definition(m, &m->around->meta.annotations,
				m->plan->pipeline_meta ? &m->plan->pipeline_meta->annotations
						       : NULL,
				0),
			.api_version = m->around->meta.api_version,
			.pos = pos},
		.pipeline_ref = t->written->pipeline_ref,
		.pipeline_ref_pos = t->written->pipeline_ref_pos,
		.pipeline_spec = t->written->pipeline_spec,
		.params = v->params,
		.n_params = v->n_params,
		.timeouts = {.pipeline = {.ns = t->timeout_ns, .pos = pos}, .pos = pos},
		.service_account_name = {.s = t->service_account_name, .pos = pos},
		.pod_template = m->around->pod_template,
		.workspaces = v->workspaces,
		.n_workspaces = v->n_workspaces,
		.pos = pos,
	};
	*ref = (struct run_ref){.kind = OBJECT_PIPELINE_RUN, .pipeline_run = pr};
	return ref;
}

/* --- previews */

/*
 * What stands for a value that only the run can fill in: looked at by the checks as a reference
 * to a result is, and one to nothing, as the names of the run around it mean nothing inside.
 */
static struct str known(struct str s)
{
	return str_has(s, STR("$(tasks.")) ? STR("$(tasks.)") : s;
}

static struct value known_value(struct arena *a, const struct value *in)
{
	struct value v = *in;

	v.string.s = known(in->string.s);
	v.array = arena_new_array(a, struct text, in->n_array);
	v.object = arena_new_array(a, struct value_key, in->n_object);
	for (size_t i = 0; i < in->n_array; i++) {
		v.array[i] = in->array[i];
		v.array[i].s = known(in->array[i].s);
	}
	for (size_t i = 0; i < in->n_object; i++) {
		v.object[i] = in->object[i];
		v.object[i].value.s = known(in->object[i].value.s);
	}
	return v;
}

static void add_unknown(struct task_run_view *v, const struct param *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v->params[v->n_params++] = (struct param){.name = list[i].name,
			.value = {.type = VALUE_STRING,
				.string = {.s = STR("$(tasks.)"), .pos = list[i].name.pos},
				.pos = list[i].name.pos}};
}

/* What every combination of a matrix will be given; its own values are not known. */
static void preview_params(
	struct arena *a, const struct pipeline_task *pt, struct task_run_view *v)
{
	const struct matrix *m = &pt->matrix;
	size_t n = pt->n_params + m->n_params;

	for (size_t i = 0; i < m->n_include; i++)
		n += m->include[i].n_params;
	v->params = arena_new_array(a, struct param, n);
	add_unknown(v, m->params, m->n_params);
	for (size_t i = 0; i < m->n_include; i++)
		add_unknown(v, m->include[i].params, m->include[i].n_params);
	for (size_t i = 0; i < pt->n_params; i++)
		v->params[v->n_params++] = (struct param){.name = pt->params[i].name,
			.value = known_value(a, &pt->params[i].value)};
}

static const struct plan_context *outermost(const struct plan_context *c)
{
	while (c->outer)
		c = c->outer;
	return c;
}

/* a → b → a */
static struct str cycle_text(const struct plan_context *c, const struct pipeline *p)
{
	struct str text = p->meta.name.s;

	for (;; c = c->outer) {
		const struct object_meta *object = c->plan->pipeline_meta;

		if (object)
			text = arena_printf(c->arena, STR_FMT " → " STR_FMT,
				STR_ARG(object->name.s), STR_ARG(text));
		if (object == &p->meta)
			return text;
	}
}

static bool refuse_cycle(const struct plan_context *c, const struct plan_task *t)
{
	const struct plan_context *out = outermost(c);
	struct str text = cycle_text(c, t->referenced_pipeline);

	return plan_refuse(out, "cycle", t->written->pipeline_ref.pos, "CreateRunFailed",
		"[User error] PipelineRun " STR_FMT "/" STR_FMT
		" can't be Run; pipeline \"" STR_FMT "\" is inside itself: " STR_FMT,
		STR_ARG(out->plan->ns), STR_ARG(out->plan->name),
		STR_ARG(t->written->pipeline_ref.s), STR_ARG(text));
}

static bool is_inside(const struct plan_context *c, const struct pipeline *p)
{
	for (; p && c; c = c->outer)
		if (c->plan->pipeline_meta == &p->meta)
			return true;
	return false;
}

static bool refuse_limit(
	const struct plan_context *c, const struct plan_task *t, const char *what, int limit)
{
	const struct plan_context *out = outermost(c);

	return plan_refuse(out, "limit", t->written->pos, "CreateRunFailed",
		"[User error] PipelineRun " STR_FMT "/" STR_FMT
		" can't be Run; its pipelines have more than %d %s",
		STR_ARG(out->plan->ns), STR_ARG(out->plan->name), limit, what);
}

static bool check_limits(const struct plan_context *c, const struct plan_task *t)
{
	if (is_inside(c, t->referenced_pipeline))
		return refuse_cycle(c, t);
	if (c->depth + 1 > BOUND_PIPELINE_DEPTH)
		return refuse_limit(c, t, "levels", BOUND_PIPELINE_DEPTH);
	*c->n_child_tasks += 1 + t->pipeline->n_tasks + t->pipeline->n_finally;
	if (*c->n_child_tasks > BOUND_CHILD_TASKS)
		return refuse_limit(c, t, "tasks", BOUND_CHILD_TASKS);
	return true;
}

static bool preview(const struct plan_context *c, struct plan_task *t)
{
	struct making m = {.arena = c->arena,
		.around = c->run->pipeline_run,
		.plan = c->plan,
		.uid = c->opts->uid,
		.task = t};
	struct execution e = {.pipeline = t->pipeline};
	struct agent *child = arena_new_object(c->arena, struct agent);
	struct plan_context inner = *c;
	struct str name = name_child(c->arena, c->plan->name,
		arena_printf(c->arena, "-" STR_FMT, STR_ARG(t->written->name.s)));
	struct err err;

	if (!check_limits(c, t))
		return false;
	if (workspace_hand_over(c->arena, c->plan, t, t->bound, &e, &err) < 0)
		return true; /* told by start_check_task_workspaces; it will not start */
	preview_params(c->arena, t->bound, &e.v);
	child->arena = c->arena;
	child->spec = c->spec;
	child->opts.hermetic = c->opts->hermetic;
	child->opts.uid = name_uid(c->arena, c->opts->uid, name);
	child->object = make_object(&m, &e.v, name);
	inner.run = child->object;
	inner.opts = &child->opts;
	inner.plan = &child->plan;
	inner.host_dirs = e.host_dirs;
	inner.is_hermetic = plan_task_hermetic(c->plan, t, NULL);
	inner.is_preview = true;
	inner.outer = c;
	inner.is_guarded = c->is_guarded || t->bound->n_when;
	inner.depth = c->depth + 1;
	plan_build(&inner);
	run_init(child);
	t->child = child;
	return !outermost(c)->plan->is_refused;
}

bool child_previews(const struct plan_context *c)
{
	struct plan *p = c->plan;

	for (size_t i = 0; i < p->n_tasks; i++)
		if (plan_task_is_child(&p->tasks[i]) && !preview(c, &p->tasks[i]))
			return false;
	return true;
}

/* --- the life of an attempt */

/* A retry is a PipelineRun of its own, so it has a name of its own. */
static struct str attempt_name(struct arena *a, const struct execution *t)
{
	if (!t->n_retries)
		return t->v.name;
	return name_child(a, t->v.name, arena_printf(a, "-retry%zu", t->n_retries));
}

static struct agent *make_agent(struct agent *a, struct execution *t)
{
	const struct plan_task *task = &a->plan.tasks[t->v.pipeline_task];
	struct making m = {.arena = a->arena,
		.around = a->object->pipeline_run,
		.plan = &a->plan,
		.uid = a->view.uid,
		.task = task};
	struct agent *child = arena_new_object(a->arena, struct agent);
	struct str name = attempt_name(a->arena, t);
	struct diags unheard; /* told before the run started, as far as it was known */
	struct plan_context c = {.arena = a->arena,
		.spec = a->spec,
		.opts = &child->opts,
		.diags = &unheard,
		.plan = &child->plan,
		.host_dirs = t->host_dirs,
		.is_hermetic = plan_task_hermetic(&a->plan, task, NULL)};

	diags_init(&unheard, a->root->turn, a->spec->sources);
	*child = (struct agent){.arena = a->arena,
		.root = a->root,
		.spec = a->spec,
		.object = make_object(&m, &t->v, name),
		.opts = a->opts,
		.up = t};
	child->opts.n_params = child->opts.n_workspaces = 0;
	child->opts.uid = name_uid(a->arena, a->view.uid, name);
	c.run = child->object;
	vec_push(&a->root->children, child);
	plan_build(&c);
	run_init(child);
	sched_init(child);
	return child;
}

void child_start(struct agent *a, struct execution *t)
{
	t->child = make_agent(a, t);
	run_apply(a, &(struct change){.kind = CHANGE_TASK_ATTEMPT,
			     .task = t->v.index,
			     .condition = {.reason = STR("Started")},
			     .run = &t->child->view});
	run_apply(a, &(struct change){.kind = CHANGE_TASK_READY,
			     .task = t->v.index,
			     .condition = {.reason = STR("Started")}});
	agent_begin(t->child);
}

void child_ended(struct agent *child)
{
	struct execution *t = child->up;

	attempt_finish(t->run, t,
		&(struct change){.condition = child->view.condition,
			.values = child->view.results,
			.n_values = child->view.n_results});
}

/*
 * Graceful ends are passed on as such, so the child's finally tasks run; whatever stops the
 * tasks around it at once stops it at once.
 */
void child_stop(struct agent *a, struct execution *t, enum stop_cause cause)
{
	enum cancel_mode mode = cause == STOP_CANCELLED ? a->view.cancelled : CANCEL_NOW;

	if (t->v.state == TASK_RUNNING)
		run_apply(a,
			&(struct change){
				.kind = CHANGE_TASK_STOP, .task = t->v.index, .stop = cause});
	deadline_cancel(t->child, mode, 0, STR_NONE);
}
