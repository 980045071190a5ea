/* SPDX-License-Identifier: Apache-2.0 */
/* Late binding and creation of task runs (tekton-semantics 4, 7.4, 13, 17). */
#include "dispatch.h"

#include "condition.h"
#include "name.h"
#include "result.h"
#include "run.h"
#include "start_check.h"
#include "workspace.h"
#include <base/bounds.h>

/* --- what is there */

static struct str index_text(struct agent *a, const struct use *u, const struct value *v)
{
	return arena_printf(a->arena,
		"array Result Index %lld for Task " STR_FMT " Result " STR_FMT
		" is out of bound of size %zu",
		(long long)u->index, STR_ARG(a->plan.tasks[u->producer].written->name.s),
		STR_ARG(u->result), v->n_array);
}

/* One reference to a result that is not there. */
static enum supply missing(
	struct agent *a, size_t pt, const struct use *u, struct str *ret_text)
{
	const struct plan_task *me = &a->plan.tasks[pt];
	enum outcome outcome = a->pts[u->producer].outcome;
	bool succeeded = outcome == OUTCOME_SUCCEEDED || outcome == OUTCOME_IGNORED;

	if (me->is_finally || me->on_error_continue || !succeeded)
		return SUPPLY_MISSING;
	*ret_text = arena_printf(a->arena,
		"task \"" STR_FMT "\" completed successfully but did not emit the result "
		"\"" STR_FMT "\", which is referenced by task \"" STR_FMT "\"",
		STR_ARG(a->plan.tasks[u->producer].written->name.s), STR_ARG(u->result),
		STR_ARG(me->written->name.s));
	return SUPPLY_INVALID;
}

/* One reference; *ret_text is set when it cannot be served and that is not just a skip. */
static enum supply supply_one(
	struct agent *a, size_t pt, const struct use *u, struct str *ret_text)
{
	struct value v;

	if (!result_of_task(a, u->producer, u->result, &v))
		return missing(a, pt, u, ret_text);
	if (u->index < 0 || v.type != VALUE_ARRAY || (uint64_t)u->index < v.n_array)
		return SUPPLY_OK;
	*ret_text = index_text(a, u, &v);
	return SUPPLY_OUT_OF_RANGE;
}

enum supply dispatch_supply(struct agent *a, size_t pt, struct str *ret_text)
{
	const struct plan_task *me = &a->plan.tasks[pt];
	enum supply worst = SUPPLY_OK;

	for (size_t i = 0; i < me->n_uses; i++) {
		const struct use *u = &me->uses[i];
		struct str text = STR_NONE;
		enum supply s;

		if (u->kind != USE_RESULT || !u->is_edge)
			continue;
		s = supply_one(a, pt, u, &text);
		if (s > worst) {
			worst = s;
			*ret_text = text;
		}
	}
	return worst;
}

/* --- filling in */

static void add_use(
	struct agent *a, const struct use *u, struct subst *results, struct subst *rest)
{
	struct str task = a->plan.tasks[u->producer].written->name.s;
	struct str text;
	struct value v;

	switch (u->kind) {
	case USE_RESULT:
		if (result_of_task(a, u->producer, u->result, &v))
			subst_add_result(results,
				arena_printf(
					a->arena, "tasks." STR_FMT ".results", STR_ARG(task)),
				u->result, &v);
		break;
	case USE_STATUS:
		subst_addf(rest, str_z(status_of_task(a, u->producer)),
			"tasks." STR_FMT ".status", STR_ARG(task));
		break;
	case USE_REASON:
		subst_addf(rest, reason_of_task(a, u->producer), "tasks." STR_FMT ".reason",
			STR_ARG(task));
		break;
	case USE_TASKS_STATUS:
		subst_add(rest, STR("tasks.status"), str_z(status_of_tasks(a)));
		break;
	case USE_LENGTH:
		subst_addf(rest,
			arena_printf(a->arena, "%zu",
				a->view.pipeline_tasks[u->producer].n_task_runs),
			"tasks." STR_FMT ".matrix.length", STR_ARG(task));
		break;
	case USE_RESULT_LENGTH:
		subst_addf(rest,
			arena_printf(a->arena, "%zu", result_count(a, u->producer, u->result)),
			"tasks." STR_FMT ".matrix." STR_FMT ".length", STR_ARG(task),
			STR_ARG(u->result));
		break;
	case USE_ARTIFACT:
		if (result_artifacts_of_task(a, u->producer, u->result, &text))
			subst_addf(results, text, "tasks." STR_FMT "." STR_FMT, STR_ARG(task),
				STR_ARG(u->result));
		break;
	}
}

const struct pipeline_task *dispatch_bind(struct agent *a, size_t pt)
{
	const struct plan_task *me = &a->plan.tasks[pt];
	struct pipeline_task *bound;
	struct subst results, rest;

	if (!me->n_uses)
		return me->bound;
	bound = arena_new_object(a->arena, struct pipeline_task);
	subst_init(&results, a->arena);
	subst_init(&rest, a->arena);
	for (size_t i = 0; i < me->n_uses; i++)
		add_use(a, &me->uses[i], &results, &rest);
	subst_pipeline_task(&results, a->arena, me->bound, bound);
	/* status variables and lengths are not seen inside an inline spec (section 13) */
	if (rest.strings.n) {
		struct task_spec *inside = bound->task_spec;

		bound->task_spec = NULL;
		subst_pipeline_task(&rest, a->arena, bound, bound);
		bound->task_spec = inside;
	}
	return bound;
}

bool dispatch_has_empty_matrix(const struct pipeline_task *bound)
{
	for (size_t i = 0; i < bound->matrix.n_params; i++)
		if (bound->matrix.params[i].value.type == VALUE_ARRAY &&
			!bound->matrix.params[i].value.n_array)
			return true;
	return false;
}

/* --- creating */

static int cannot(
	struct condition *ret, struct agent *a, const char *reason, struct str message)
{
	*ret = condition_make(CONDITION_FALSE, reason, arena_str(a->arena, message));
	return -1;
}

/* A Task whose name was made from a result is looked up now. */
static int find_task(struct agent *a, const struct plan_task *me,
	const struct pipeline_task *bound, struct execution *t, struct condition *ret)
{
	const struct plan *p = &a->plan;
	struct str name = bound->task_ref.s;

	t->task = me->referenced ? me->task : bound->task_spec;
	t->referenced = me->referenced;
	if (t->task)
		return 0;
	t->referenced = map_get(&a->spec->task_by_name, name);
	if (!t->referenced)
		return cannot(ret, a, "CouldntGetTask",
			arena_printf(a->root->turn,
				"Pipeline " STR_FMT "/" STR_FMT
				" can't be Run; it contains Tasks that don't exist: Couldn't "
				"retrieve Task \"" STR_FMT "\": tasks.tekton.dev \"" STR_FMT
				"\" not found",
				STR_ARG(p->ns), STR_ARG(p->pipeline_name), STR_ARG(name),
				STR_ARG(name)));
	t->task = &t->referenced->spec;
	return 0;
}

/* Section 17: the combination sorted by name, then the pipeline task's own params. */
static void give_params(struct agent *a, const struct pipeline_task *bound,
	const struct combination *c, struct execution *t)
{
	size_t n = 0;

	t->v.params = arena_new_array(a->arena, struct param, c->n_params + bound->n_params);
	for (size_t i = 0; i < c->n_params; i++)
		t->v.params[n++] = c->params[i];
	for (size_t i = 0; i < bound->n_params; i++)
		t->v.params[n++] = bound->params[i];
	t->v.n_params = n;
}

static struct str display_name(struct agent *a, const struct pipeline_task *bound,
	const struct combination *c, const struct execution *t)
{
	struct subst own;
	struct str names;

	if (!bound->matrix.pos.line)
		return bound->display_name.s;
	subst_init(&own, a->arena);
	for (size_t i = 0; i < t->v.n_params; i++)
		subst_add_param(
			&own, STR("params"), t->v.params[i].name.s, &t->v.params[i].value);
	for (size_t i = 0; i < a->plan.n_params; i++)
		if (!map_has(&own.strings, arena_printf(a->root->turn, "params." STR_FMT,
						   STR_ARG(a->plan.params[i].name.s))))
			subst_add_param(&own, STR("params"), a->plan.params[i].name.s,
				&a->plan.params[i].value);
	names = matrix_include_names(a->arena, &bound->matrix, c);
	return subst_text(&own, a->arena, names.n ? names : bound->display_name.s);
}

static void fill_common(struct agent *a, const struct plan_task *me, struct execution *t)
{
	t->v.on_error_continue = me->on_error_continue;
	t->v.uid = name_uid(a->arena, a->view.uid, t->v.name);
	t->v.kind = t->pipeline ? OBJECT_PIPELINE_RUN : OBJECT_TASK_RUN;
	t->v.owner = &a->view;
	t->v.task_name = t->referenced ? t->referenced->meta.name.s : STR_NONE;
	t->v.task_meta = t->referenced ? &t->referenced->meta : NULL;
	if (me->referenced_pipeline)
		t->v.pipeline_name = me->referenced_pipeline->meta.name.s;
	t->v.is_inline = !t->referenced && !me->referenced_pipeline;
	t->v.spec = t->referenced ? NULL : t->task;
	t->v.service_account_name = me->service_account_name;
	t->v.pod = me->pod;
	t->v.retries = me->retries;
	t->v.timeout_ns = me->timeout_ns;
}

static struct execution *make_one(struct agent *a, size_t pt, const struct pipeline_task *bound,
	const struct combination *c, struct condition *ret)
{
	const struct plan_task *me = &a->plan.tasks[pt];
	struct execution *t = arena_new_object(a->arena, struct execution);
	struct err err;

	t->v.pipeline_task = pt;
	t->pipeline = me->pipeline;
	if (!t->pipeline && find_task(a, me, bound, t, ret) < 0)
		return NULL;
	give_params(a, bound, c, t);
	t->v.display_name = display_name(a, bound, c, t);
	if (workspace_hand_over(a->arena, &a->plan, me, bound, t, &err) < 0) {
		(void)cannot(ret, a, "CreateRunFailed", str_z(err.msg));
		return NULL;
	}
	return t;
}

/* The table may have moved; all views show it, the outermost says how long it is. */
static void show_table(struct agent *a)
{
	struct root *root = a->root;
	struct agent *out = a;

	while (out->up)
		out = out->up->run;
	out->view.n_task_runs = root->runs.n;
	if (out->view.task_runs == root->runs.p)
		return;
	out->view.task_runs = root->runs.p;
	for (size_t i = 0; i < root->children.n; i++)
		root->children.p[i]->view.task_runs = root->runs.p;
}

static void enter(struct agent *a, struct execution *t)
{
	t->run = a;
	t->v.index = a->root->runs.n;
	vec_push(&a->root->runs, &t->v);
	show_table(a);
	a->n_open_runs++;
	vec_push(&a->root->held, t->v.index);
	run_apply(a, &(struct change){.kind = CHANGE_TASK_CREATE, .task = t->v.index});
}

static int expand(struct agent *a, size_t pt, const struct pipeline_task *bound,
	struct combination **ret, size_t *ret_n, struct condition *ret_why)
{
	struct err err;

	*ret = arena_new_object(a->arena, struct combination);
	*ret_n = 1;
	if (!a->plan.tasks[pt].is_matrixed)
		return 0;
	if (matrix_expand(a->arena, &bound->matrix, ret, ret_n, &err) == 0)
		return 0;
	if (err.kind == ERR_SPEC)
		return cannot(ret_why, a, "InvalidMatrixParameterTypes",
			start_check_matrix_problem(a->root->turn, bound, err.msg));
	return cannot(ret_why, a, "PipelineValidationFailed",
		arena_printf(a->root->turn,
			"[User error] PipelineRun " STR_FMT "/" STR_FMT
			" matrix of task \"" STR_FMT "\": %s",
			STR_ARG(a->plan.ns), STR_ARG(a->plan.name), STR_ARG(bound->name.s),
			err.msg));
}

int dispatch_create(
	struct agent *a, size_t pt, const struct pipeline_task *bound, struct condition *ret)
{
	struct pipeline_task_view *v = &a->view.pipeline_tasks[pt];
	struct execution **children;
	struct combination *all;
	size_t n;

	if (expand(a, pt, bound, &all, &n, ret) < 0)
		return -1;
	if (a->plan.tasks[pt].pipeline && a->root->children.n + n > BOUND_CHILD_RUNS)
		return cannot(ret, a, "CreateRunFailed",
			arena_printf(a->root->turn, "more than %d runs inside one run",
				BOUND_CHILD_RUNS));
	children = arena_new_array(a->arena, struct execution *, n);
	for (size_t i = 0; i < n; i++) {
		children[i] = make_one(a, pt, bound, &all[i], ret);
		if (!children[i])
			return -1;
	}
	v->task_runs = arena_new_array(a->arena, size_t, n);
	for (size_t i = 0; i < n; i++) {
		struct execution *t = children[i];

		t->v.name = name_run(a->arena, a->view.name, bound->name.s, i, n);
		fill_common(a, &a->plan.tasks[pt], t);
		v->task_runs[v->n_task_runs++] = a->root->runs.n;
		enter(a, t);
	}
	a->pts[pt].n_open_runs = n;
	return 0;
}

void dispatch_create_own(struct agent *a)
{
	const struct plan *p = &a->plan;
	const struct plan_task *me = &p->tasks[0];
	struct execution *t = arena_new_object(a->arena, struct execution);

	t->task = me->task;
	t->referenced = me->referenced;
	t->v.name = p->name;
	fill_common(a, me, t);
	t->v.uid = a->view.uid;
	t->v.params = p->params;
	t->v.n_params = p->n_params;
	workspace_own(a->arena, p, t);
	enter(a, t);
}
