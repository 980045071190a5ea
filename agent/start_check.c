/* SPDX-License-Identifier: Apache-2.0 */
/* Checks at the start of a run (tekton-semantics 5, 9, 17, 27.2). */
#include "start_check.h"

#include "action.h"
#include "workspace.h"
#include <string.h>

/* The start of most messages: "[User error] PipelineRun NS/N". */
static struct str user_error(const struct plan_context *c)
{
	return arena_printf(c->arena, "[User error] PipelineRun " STR_FMT "/" STR_FMT,
		STR_ARG(c->plan->ns), STR_ARG(c->plan->name));
}

static struct str pipeline_of(const struct plan_context *c)
{
	return arena_printf(c->arena, "Pipeline " STR_FMT "/" STR_FMT, STR_ARG(c->plan->ns),
		STR_ARG(c->plan->pipeline_name));
}

static struct pos run_pos(const struct plan_context *c)
{
	return c->run->kind == OBJECT_PIPELINE_RUN ? c->run->pipeline_run->meta.pos
						   : c->run->task_run->meta.pos;
}

/* Whether a problem names a param: in a list as Go prints it ("[a b]", "map[o:[k]]") or between
 * backquotes. */
static bool is_named(struct str problem, struct str name)
{
	size_t from = 0;
	struct str list;

	while (from < problem.n && problem.p[from] != '[' && problem.p[from] != '`')
		from++;
	list = str_slice(problem, from, problem.n);
	for (size_t i = 1; name.n && i + name.n < list.n; i++)
		if (str_starts(str_slice(list, i, list.n), name) &&
			strchr("[ `", list.p[i - 1]) && strchr("] :`", list.p[i + name.n]))
			return true;
	return false;
}

/* On the command line nothing has a place; the declaration has. */
static struct pos given_pos(
	const struct plan_context *c, const struct param *p, const struct param_spec *s)
{
	for (size_t i = 0; i < c->opts->n_params; i++)
		if (str_eq(c->opts->params[i].name, p->name.s))
			return s->name.pos;
	return p->value.pos;
}

/* Where the value of the first declared param of a Go list is given, else where it is declared.
 */
static struct pos first_pos(
	const struct plan_context *c, const struct param_check *p, struct str list)
{
	for (size_t i = 0; i < p->n_specs; i++) {
		const struct param_spec *s = &p->specs[i];
		const struct param *given = param_find(p->given, p->n_given, s->name.s);

		if (is_named(list, s->name.s))
			return given ? given_pos(c, given, s) : s->name.pos;
	}
	return run_pos(c);
}

/* --- params of the run */

bool start_check_pipeline_params(const struct plan_context *c, const struct param_check *p)
{
	struct str run = user_error(c), pipeline = pipeline_of(c);
	struct str bad = param_missing(p);

	if (bad.n)
		return plan_refuse(c, "missing-param", first_pos(c, p, bad), "ParameterMissing",
			STR_FMT " is missing some parameters required by " STR_FMT
				": pipelineRun missing parameters: " STR_FMT,
			STR_ARG(run), STR_ARG(pipeline), STR_ARG(bad));
	bad = param_mistyped(p);
	if (bad.n)
		return plan_refuse(c, "param-type", first_pos(c, p, bad),
			"ParameterTypeMismatch",
			STR_FMT " parameters have mismatching types with " STR_FMT
				"'s parameters: parameters have inconsistent types : " STR_FMT,
			STR_ARG(run), STR_ARG(pipeline), STR_ARG(bad));
	bad = param_not_in_enum(p);
	if (bad.n)
		return plan_refuse(c, "param-enum", first_pos(c, p, bad), "InvalidParamValue",
			STR_FMT " parameters have invalid value: " STR_FMT, STR_ARG(run),
			STR_ARG(bad));
	bad = param_missing_keys(p);
	if (bad.n)
		return plan_refuse(c, "param-keys", first_pos(c, p, bad),
			"ObjectParameterMissKeys",
			STR_FMT " parameters is missing object keys required by " STR_FMT
				"'s parameters: pipelineRun missing object keys for "
				"parameters: " STR_FMT,
			STR_ARG(run), STR_ARG(pipeline), STR_ARG(bad));
	return true;
}

void start_check_partial_objects(const struct plan_context *c, const struct param_check *p)
{
	for (size_t i = 0; i < p->n_given; i++) {
		const struct param *given = &p->given[i];
		const struct param_spec *s =
			param_spec_find(p->specs, p->n_specs, given->name.s);
		struct str keys = s ? param_lost_keys(c->arena, s, &given->value) : STR_NONE;
		struct diag *one;

		if (!keys.n)
			continue;
		one = diag_add(c->diags, DIAG_WARNING, "partial-object", given_pos(c, given, s),
			"param \"" STR_FMT "\" has no key " STR_FMT
			": in a pipeline the default's keys do not complete an object that the "
			"run gives",
			STR_ARG(given->name.s), STR_ARG(keys));
		one->stage = DIAG_RUN;
		diag_hint(
			c->diags, one, "give every key; references to the others stay as text");
	}
}

bool start_check_pipeline_indexes(const struct plan_context *c)
{
	const struct plan *p = c->plan;
	struct param_index_check check = {
		.arena = c->arena, .values = p->params, .n_values = p->n_params};
	struct str run, pipeline;

	for (size_t i = 0; i < p->n_tasks; i++)
		pipeline_task_edge_texts(p->tasks[i].written, param_index_text, &check);
	if (!check.found.n)
		return true;
	run = user_error(c);
	pipeline = pipeline_of(c);
	return plan_refuse(c, "param-index", check.pos, "ParamArrayIndexingInvalid",
		STR_FMT " failed validation: failed to validate " STR_FMT
			"'s parameter which has an invalid index while referring to an array: "
			"non-existent param references:" STR_FMT "]",
		STR_ARG(run), STR_ARG(pipeline), STR_ARG(check.found));
}

/* --- workspaces, taskRunSpecs, onError */

bool start_check_workspaces(const struct plan_context *c)
{
	const struct plan *p = c->plan;

	for (size_t i = 0; i < p->pipeline->n_workspaces; i++) {
		const struct pipeline_workspace_spec *w = &p->pipeline->workspaces[i];

		if (w->optional.v || plan_workspace_find(p, w->name.s))
			continue;
		return plan_refuse(c, "missing-workspace", w->name.pos,
			"InvalidWorkspaceBindings",
			"[User error] PipelineRun " STR_FMT "/" STR_FMT
			" doesn't bind Pipeline " STR_FMT "/" STR_FMT
			"'s Workspaces correctly: pipeline requires workspace with name "
			"\"" STR_FMT "\" be provided by pipelinerun",
			STR_ARG(p->ns), STR_ARG(p->name), STR_ARG(p->ns),
			STR_ARG(p->pipeline_name), STR_ARG(w->name.s));
	}
	return true;
}

bool start_check_task_run_specs(const struct plan_context *c)
{
	const struct pipeline_run *pr = c->run->pipeline_run;
	struct str run;

	for (size_t i = 0; i < pr->n_task_run_specs; i++) {
		struct text name = pr->task_run_specs[i].pipeline_task_name;

		if (plan_find(c->plan, name.s))
			continue;
		run = user_error(c);
		return plan_refuse(c, "unknown-task", name.pos, "InvalidTaskRunSpecs",
			STR_FMT " doesn't define taskRunSpecs correctly: pipelineRun's "
				"taskrunSpecs defined wrong taskName: \"" STR_FMT
				"\", does not exist in Pipeline",
			STR_ARG(run), STR_ARG(name.s));
	}
	return true;
}

bool start_check_on_error(const struct plan_context *c)
{
	struct plan *p = c->plan;

	for (size_t i = 0; i < p->n_tasks; i++) {
		struct plan_task *t = &p->tasks[i];
		struct text on_error = t->bound->on_error;

		t->on_error_continue = str_eqz(on_error.s, "continue");
		if (!on_error.s.n || t->on_error_continue || str_eqz(on_error.s, "stopAndFail"))
			continue;
		if (c->is_preview && str_has(on_error.s, STR("$(")))
			continue;
		return plan_refuse(c, "on-error", on_error.pos, "PipelineValidationFailed",
			"[User error] Pipeline " STR_FMT "/" STR_FMT
			" can't be Run; it has an invalid spec: PipelineTask " STR_FMT
			" OnError must be either \"continue\" or \"stopAndFail\"",
			STR_ARG(p->ns), STR_ARG(p->pipeline_name), STR_ARG(t->written->name.s));
	}
	return true;
}

/* --- tasks */

/* Tekton resolves them with the tasks; what is inside is looked up when the child starts. */
static bool find_child_pipeline(const struct plan_context *c, struct plan_task *t)
{
	const struct plan *p = c->plan;
	struct text name = t->written->pipeline_ref;

	t->pipeline = t->written->pipeline_spec;
	if (t->pipeline)
		return true;
	t->referenced_pipeline = map_get(&c->spec->pipeline_by_name, name.s);
	if (t->referenced_pipeline) {
		t->pipeline = &t->referenced_pipeline->spec;
		return true;
	}
	return plan_refuse(c, "unknown-pipeline", name.pos, "CouldntGetPipeline",
		"Pipeline " STR_FMT "/" STR_FMT
		" can't be Run; it contains Pipelines that don't exist: Couldn't retrieve "
		"Pipeline \"" STR_FMT "\": pipelines.tekton.dev \"" STR_FMT "\" not found",
		STR_ARG(p->ns), STR_ARG(p->pipeline_name), STR_ARG(name.s), STR_ARG(name.s));
}

bool start_check_tasks(const struct plan_context *c)
{
	struct plan *p = c->plan;

	for (size_t i = 0; i < p->n_tasks; i++) {
		struct plan_task *t = &p->tasks[i];
		struct text name = t->bound->task_ref;

		if (plan_task_is_child(t)) {
			if (!find_child_pipeline(c, t))
				return false;
			continue;
		}
		/* a name made from a result is looked up when the task starts */
		if (t->task || str_has(name.s, STR("$(tasks.")))
			continue;
		t->referenced = map_get(&c->spec->task_by_name, name.s);
		if (t->referenced) {
			t->task = &t->referenced->spec;
			continue;
		}
		return plan_refuse(c, "unknown-task", name.pos, "CouldntGetTask",
			"Pipeline " STR_FMT "/" STR_FMT
			" can't be Run; it contains Tasks that don't exist: Couldn't retrieve "
			"Task \"" STR_FMT "\": tasks.tekton.dev \"" STR_FMT "\" not found",
			STR_ARG(p->ns), STR_ARG(p->pipeline_name), STR_ARG(name.s),
			STR_ARG(name.s));
	}
	return true;
}

struct str start_check_params_problem(const struct param_check *c, struct str task_name)
{
	struct str bad = param_missing(c);
	const char *what = "missing values for these params which have no default values: ";

	if (!bad.n) {
		bad = param_mistyped(c);
		what = "param types don't match the user-specified type: ";
	}
	if (!bad.n) {
		bad = param_missing_keys(c);
		what = "missing keys for these params which are required in ParamSpec's "
		       "properties ";
	}
	if (!bad.n)
		return bad;
	return arena_printf(c->arena, "invalid input params for task " STR_FMT ": %s" STR_FMT,
		STR_ARG(task_name), what, STR_ARG(bad));
}

/* What a child gets of a matrix param: a string, be the matrix itself well-typed or not. */
static struct param element_of(const struct param *p)
{
	return (struct param){
		.name = p->name, .value = {.type = VALUE_STRING, .string = {.s = STR("$(m)")}}};
}

/* Everything that will reach a task: its own params, the matrix's, and what propagates. */
static void params_of_task(const struct plan_context *c, struct arena *a,
	const struct plan_task *t, struct param_check *ret)
{
	const struct pipeline_task *pt = t->bound;
	const struct matrix *m = &pt->matrix;
	const struct plan *p = c->plan;
	size_t max = pt->n_params + m->n_params + p->n_params, n = 0;
	struct param *all;

	for (size_t i = 0; i < m->n_include; i++)
		max += m->include[i].n_params;
	all = arena_new_array(a, struct param, max);
	for (size_t i = 0; i < pt->n_params; i++)
		all[n++] = pt->params[i];
	for (size_t i = 0; i < m->n_params; i++)
		all[n++] = element_of(&m->params[i]);
	for (size_t i = 0; i < m->n_include; i++)
		for (size_t k = 0; k < m->include[i].n_params; k++)
			all[n++] = element_of(&m->include[i].params[k]);
	if (!t->referenced)
		for (size_t i = 0; i < p->n_params; i++)
			if (!param_find(all, n, p->params[i].name.s))
				all[n++] = p->params[i];
	*ret = (struct param_check){.arena = a,
		.specs = t->task->params,
		.n_specs = t->task->n_params,
		.given = all,
		.n_given = n,
		.skip_variables = true};
}

/* Matrix params reach tasks as strings, so a declaration of another type cannot be served. */
static bool check_matrix_types(const struct plan_context *c, const struct plan_task *t,
	const struct param *params, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct param_spec *s =
			param_spec_find(t->task->params, t->task->n_params, params[i].name.s);

		if (s && s->type != VALUE_STRING)
			return plan_refuse(c, "matrix-type", params[i].name.pos,
				"PipelineValidationFailed",
				"[User error] Validation failed for pipelinerun " STR_FMT
				" with error invalid input params for task " STR_FMT
				": param types don't match the user-specified type: [" STR_FMT
				"]",
				STR_ARG(c->plan->name), STR_ARG(t->written->task_ref.s),
				STR_ARG(params[i].name.s));
	}
	return true;
}

static bool check_matrix(const struct plan_context *c, const struct plan_task *t)
{
	const struct matrix *m = &t->bound->matrix;
	bool ok = check_matrix_types(c, t, m->params, m->n_params);

	for (size_t i = 0; ok && i < m->n_include; i++)
		ok = check_matrix_types(c, t, m->include[i].params, m->include[i].n_params);
	return ok;
}

/* "[a b c]" */
static struct str enum_list(struct arena *a, const struct param_spec *s)
{
	struct str list = STR_NONE;

	for (size_t i = 0; i < s->n_enums; i++)
		param_list_add(a, &list, s->enums[i].s);
	return param_list_end(a, list);
}

static bool is_subset(const struct param_spec *inner, const struct param_spec *outer)
{
	for (size_t i = 0; i < inner->n_enums; i++) {
		size_t k = 0;

		while (k < outer->n_enums && !str_eq(inner->enums[i].s, outer->enums[k].s))
			k++;
		if (k == outer->n_enums)
			return false;
	}
	return true;
}

static struct str enum_problem(
	const struct plan_context *c, const struct plan_task *t, const struct param *given)
{
	const struct pipeline_spec *ps = c->plan->pipeline;
	const struct param_spec *need =
		param_spec_find(t->task->params, t->task->n_params, given->name.s);
	struct ref sole;
	const struct param_spec *have;
	struct str needs, has;

	if (!need || !need->n_enums || given->value.type != VALUE_STRING)
		return STR_NONE;
	if (!ref_sole(given->value.string.s, REF_PARAM, &sole))
		return STR_NONE;
	have = param_spec_find(ps->params, ps->n_params, sole.object);
	if (!have)
		return STR_NONE;
	needs = enum_list(c->arena, need);
	has = enum_list(c->arena, have);
	if (!have->n_enums)
		return arena_printf(c->arena,
			"pipeline param \"" STR_FMT
			"\" has no enum, but referenced in \"" STR_FMT
			"\" task has enums: " STR_FMT,
			STR_ARG(have->name.s), STR_ARG(t->written->task_ref.s), STR_ARG(needs));
	if (is_subset(have, need))
		return STR_NONE;
	return arena_printf(c->arena,
		"pipeline param \"" STR_FMT "\" enum: " STR_FMT
		" is not a subset of the referenced in \"" STR_FMT
		"\" task param enum: " STR_FMT,
		STR_ARG(have->name.s), STR_ARG(has), STR_ARG(t->written->task_ref.s),
		STR_ARG(needs));
}

static bool check_enum_subset(const struct plan_context *c, const struct plan_task *t)
{
	const struct pipeline_task *pt = t->written;

	for (size_t i = 0; t->referenced && i < pt->n_params; i++) {
		struct str bad = enum_problem(c, t, &pt->params[i]);

		if (bad.n)
			return plan_refuse(c, "param-enum", pt->params[i].name.pos,
				"PipelineValidationFailed",
				"[User error] Validation failed for pipelinerun with "
				"error " STR_FMT,
				STR_ARG(bad));
	}
	return true;
}

/* Where a pipeline task gives a param that a problem names, else where the task begins. */
static struct pos bad_param_pos(const struct plan_task *t, struct str bad)
{
	for (size_t i = 0; i < t->written->n_params; i++)
		if (is_named(bad, t->written->params[i].name.s))
			return t->written->params[i].name.pos;
	return t->written->pos;
}

bool start_check_task_params(const struct plan_context *c)
{
	const struct plan *p = c->plan;

	for (size_t i = 0; i < p->n_tasks; i++) {
		const struct plan_task *t = &p->tasks[i];
		struct arena *scratch cleanup_arena = arena_new();
		struct param_check check;
		struct str bad;

		if (!t->task)
			continue;
		params_of_task(c, scratch, t, &check);
		bad = start_check_params_problem(&check, t->written->task_ref.s);
		if (bad.n)
			return plan_refuse(c, "task-params", bad_param_pos(t, bad),
				"PipelineValidationFailed",
				"[User error] Validation failed for pipelinerun " STR_FMT
				" with error " STR_FMT,
				STR_ARG(p->name), STR_ARG(bad));
		if (!check_matrix(c, t) || !check_enum_subset(c, t))
			return false;
	}
	return true;
}

/* --- matrix */

struct str start_check_matrix_problem(
	struct arena *a, const struct pipeline_task *pt, const char *what)
{
	struct str said = arena_printf(
		a, "%s in pipelineTask \"" STR_FMT "\"", what, STR_ARG(pt->name.s));
	char *quoted = arena_alloc(a, 2 * said.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < said.n; i++) {
		if (said.p[i] == '"' || said.p[i] == '\\')
			quoted[n++] = '\\';
		quoted[n++] = said.p[i];
	}
	return arena_printf(a,
		"[User error] Failed to validate matrix \"%.*s\" with error %%!v(MISSING)",
		(int)n, quoted);
}

static bool has_text(const struct value *v, struct str text)
{
	if (str_has(v->string.s, text))
		return true;
	for (size_t i = 0; i < v->n_array; i++)
		if (str_has(v->array[i].s, text))
			return true;
	return false;
}

/* A matrix made from results is known only when its task starts. */
static bool is_matrix_known(const struct plan_context *c, const struct matrix *m)
{
	struct str later = c->is_preview ? STR("$(") : STR("$(tasks.");

	for (size_t i = 0; i < m->n_params; i++)
		if (has_text(&m->params[i].value, later))
			return false;
	for (size_t i = 0; i < m->n_include; i++)
		for (size_t k = 0; k < m->include[i].n_params; k++)
			if (has_text(&m->include[i].params[k].value, later))
				return false;
	return true;
}

bool start_check_matrices(const struct plan_context *c)
{
	for (size_t i = 0; i < c->plan->n_tasks; i++) {
		const struct plan_task *t = &c->plan->tasks[i];
		const struct matrix *m = &t->bound->matrix;
		struct combination *all;
		struct err err;
		struct str said;
		size_t n;

		if (!t->is_matrixed || !is_matrix_known(c, m) ||
			matrix_expand(c->arena, m, &all, &n, &err) == 0 || err.kind != ERR_SPEC)
			continue;
		said = start_check_matrix_problem(c->arena, t->bound, err.msg);
		return plan_refuse(c, "matrix-type", m->pos, "InvalidMatrixParameterTypes",
			STR_FMT, STR_ARG(said));
	}
	return true;
}

/* --- results */

/* A task whose spec is not known yet may have any result. */
static bool declares(const struct plan_task *t, struct str result)
{
	const struct result_spec *list = t->task       ? t->task->results
					 : t->pipeline ? t->pipeline->results
						       : NULL;
	size_t n = t->task ? t->task->n_results : t->pipeline ? t->pipeline->n_results : 0;

	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].name.s, result))
			return true;
	return !t->task && !t->pipeline;
}

static bool check_use(
	const struct plan_context *c, const struct plan_task *t, const struct use *u)
{
	const struct plan_task *producer = &c->plan->tasks[u->producer];

	if (u->kind != USE_RESULT || !u->is_edge || declares(producer, u->result))
		return true;
	return plan_refuse(c, "unknown-result", u->pos, "InvalidTaskResultReference",
		"[User error] invalid result reference in pipeline task \"" STR_FMT
		"\": \"" STR_FMT "\" is not a named result returned by pipeline task "
		"\"" STR_FMT "\"",
		STR_ARG(t->written->name.s), STR_ARG(u->result),
		STR_ARG(producer->written->name.s));
}

struct result_check {
	const struct plan_context *c;
	const struct result_spec *result;
	bool ok;
};

static void check_result_ref(void *arg, const struct ref *ref)
{
	struct result_check *r = arg;
	const struct plan_task *producer;

	if (!r->ok || (ref->kind != REF_TASK_RESULT && ref->kind != REF_FINALLY_RESULT))
		return;
	producer = plan_find(r->c->plan, ref->object);
	if (producer && declares(producer, ref->name))
		return;
	r->ok = plan_refuse(r->c, "unknown-result", r->result->value.pos,
		"InvalidPipelineResultReference",
		"[User error] invalid pipeline result \"" STR_FMT "\": \"" STR_FMT
		"\" is not a named result returned by pipeline task \"" STR_FMT "\"",
		STR_ARG(r->result->name.s), STR_ARG(ref->name), STR_ARG(ref->object));
}

static bool check_pipeline_result(const struct plan_context *c, const struct result_spec *s)
{
	struct result_check r = {.c = c, .result = s, .ok = true};
	const struct value *v = &s->value;

	ref_each(v->string.s, check_result_ref, &r);
	for (size_t i = 0; i < v->n_array; i++)
		ref_each(v->array[i].s, check_result_ref, &r);
	for (size_t i = 0; i < v->n_object; i++)
		ref_each(v->object[i].value.s, check_result_ref, &r);
	return r.ok;
}

bool start_check_results(const struct plan_context *c)
{
	const struct plan *p = c->plan;

	for (size_t i = 0; i < p->n_tasks; i++)
		for (size_t k = 0; k < p->tasks[i].n_uses; k++)
			if (!check_use(c, &p->tasks[i], &p->tasks[i].uses[k]))
				return false;
	for (size_t i = 0; i < p->pipeline->n_results; i++)
		if (!check_pipeline_result(c, &p->pipeline->results[i]))
			return false;
	return true;
}

/* --- StepActions */

static void check_actions(const struct plan_context *c, const struct plan_task *t)
{
	struct subst none;
	struct action_context actions = {.arena = c->arena, .spec = c->spec, .params = &none};
	struct action_problem problem;

	subst_init(&none, c->arena);
	if (!t->task || action_resolve(&actions, t->task, &problem))
		return;
	plan_tell(c, t, "step-ref", problem.pos, problem.text);
}

void start_check_actions(const struct plan_context *c)
{
	for (size_t i = 0; i < c->plan->n_tasks; i++)
		check_actions(c, &c->plan->tasks[i]);
}

/* --- workspaces of tasks */

/*
 * Whether the run will fail when this task starts. Tekton finds it only then, so the run is not
 * refused; `check` tells it.
 */
static void check_hand_over(const struct plan_context *c, const struct plan_task *t)
{
	struct execution e = {
		.task = t->task, .referenced = t->referenced, .pipeline = t->pipeline};
	const struct pipeline_task *pt = t->bound;
	struct pos pos = pt->n_workspaces ? pt->workspaces[0].name.pos : t->written->pos;
	struct err err;

	if ((!t->task && !t->pipeline) ||
		!workspace_hand_over(c->arena, c->plan, t, pt, &e, &err))
		return;
	plan_tell(c, t, "missing-workspace", pos, str_z(err.msg));
}

void start_check_task_workspaces(const struct plan_context *c)
{
	for (size_t i = 0; i < c->plan->n_tasks; i++)
		check_hand_over(c, &c->plan->tasks[i]);
}

/* --- a TaskRun: it fails when it starts, in the same words */

static void check_own_params(const struct plan_context *c)
{
	const struct plan *p = c->plan;
	const struct plan_task *t = &p->tasks[0];
	struct param_check check = {.arena = c->arena,
		.specs = t->task->params,
		.n_specs = t->task->n_params,
		.given = p->params,
		.n_given = p->n_params};
	struct str name = t->referenced ? t->referenced->meta.name.s : p->name;
	struct str bad = start_check_params_problem(&check, name);
	struct param_index_check index = {.arena = c->arena};
	struct param *values;

	if (!bad.n)
		bad = param_not_in_enum(&check);
	if (bad.n) {
		plan_tell(c, NULL, "task-params", first_pos(c, &check, bad), bad);
		return;
	}
	param_resolve_task(&check, &values, &index.n_values);
	index.values = values;
	task_spec_texts(t->task, param_index_text, &index);
	if (index.found.n)
		plan_tell(c, NULL, "param-index", index.pos,
			arena_printf(c->arena, "non-existent param references:" STR_FMT "]",
				STR_ARG(index.found)));
}

static void check_own_workspaces(const struct plan_context *c)
{
	const struct plan *p = c->plan;
	const struct plan_task *t = &p->tasks[0];

	for (size_t i = 0; i < t->task->n_workspaces; i++) {
		const struct workspace_spec *w = &t->task->workspaces[i];

		if (!w->optional.v && !plan_workspace_find(p, w->name.s))
			plan_tell(c, NULL, "missing-workspace", w->name.pos,
				arena_printf(c->arena,
					"declared workspace \"" STR_FMT
					"\" is required but has not been bound",
					STR_ARG(w->name.s)));
	}
	for (size_t i = 0; t->referenced && i < p->n_workspaces; i++) {
		struct text name = p->workspaces[i].binding.name;

		if (!workspace_find_declared(t->task, name.s))
			plan_tell(c, NULL, "undefined-workspace",
				name.pos.line ? name.pos : run_pos(c),
				arena_printf(c->arena,
					"workspace binding \"" STR_FMT
					"\" does not match any declared workspace",
					STR_ARG(name.s)));
	}
}

void start_check_task_run(const struct plan_context *c)
{
	check_own_params(c);
	check_own_workspaces(c);
}
