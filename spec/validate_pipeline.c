/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline specs and their tasks, without variables and edges (section 28). */
#include "spec/check.h"
#include <base/num.h>

static void check_task_name(struct check *c, const struct pipeline_task *pt, struct map *seen)
{
	struct diag *d;

	if (!name_is_dns_label(pt->name.s)) {
		d = check_report(c, "invalid-name",
			text_given(pt->name) ? pt->name : text_at(pt->pos), "name",
			"invalid value " STR_FMT, STR_ARG(quote_go(c->arena, pt->name.s)));
		diag_hint(c->spec->diags, d,
			"Pipeline Task name must be a valid DNS Label.For more info refer to "
			"https://kubernetes.io/docs/concepts/overview/working-with-objects/"
			"names/#names");
	}
	if (pt->name.s.n && !map_set(seen, pt->name.s, seen)) {
		d = check_report(
			c, "duplicate", pt->name, "name", "expected exactly one, got both");
		diag_hint(c->spec->diags, d,
			"task " STR_FMT " is already present in Graph, can't add it again: "
			"duplicate pipeline task",
			STR_ARG(pt->name.s));
	}
}

static bool is_custom(const struct pipeline_task *pt)
{
	return text_given(pt->task_ref_api_version) ||
	       (pt->task_ref_kind.s.n && !str_eqz(pt->task_ref_kind.s, "Task") &&
		       !str_eqz(pt->task_ref_kind.s, "ClusterTask"));
}

static void check_custom(struct check *c, const struct pipeline_task *pt)
{
	struct str version = pt->task_ref_api_version.s, group, rest;

	if (!pt->task_ref_api_version.s.n)
		check_report(c, "missing-field", pt->task_ref_kind, "taskRef.apiVersion",
			"invalid value: custom task ref must specify apiVersion");
	else if (!str_cut(version, '/', &group, &rest) || !group.n || !rest.n ||
		 str_chr(rest, '/') >= 0)
		check_report(c, "invalid-value", pt->task_ref_api_version, "taskRef.apiVersion",
			"invalid value: invalid apiVersion format \"" STR_FMT
			"\", must be in the format \"group/version\"",
			STR_ARG(version));
}

static const char not_qualified[] =
	"name part must consist of alphanumeric characters, '-', '_' or '.', and must start "
	"and "
	"end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
	"regex "
	"used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

static void check_task_ref(struct check *c, const struct pipeline_task *pt)
{
	if (is_custom(pt))
		check_custom(c, pt);
	else if (!pt->task_ref.s.n)
		check_report(c, "missing-field", text_at(pt->task_ref_pos), "taskRef.name",
			"invalid value: taskRef must specify name");
	else if (!name_is_qualified(pt->task_ref.s))
		check_report(c, "invalid-name", pt->task_ref, "taskRef.name",
			"invalid value: %s", not_qualified);
}

static void check_pipeline_ref(struct check *c, const struct pipeline_task *pt)
{
	if (!pt->pipeline_ref.s.n)
		check_report(c, "missing-field", text_at(pt->pipeline_ref_pos),
			"pipelineRef.name", "invalid value: pipelineRef must specify name");
	else if (!name_is_qualified(pt->pipeline_ref.s))
		check_report(c, "invalid-name", pt->pipeline_ref, "pipelineRef.name",
			"invalid value: %s", not_qualified);
}

/*
 * An inline pipeline is checked as the run that will be made of it: with the params that its
 * task gives it and nothing else of the pipeline around it. Nothing fills in its defaults
 * (section 19), so its params say their types.
 */
static void check_inline_pipeline(struct check *c, const struct pipeline_task *pt)
{
	struct str before = check_enter(c, "pipelineSpec");
	bool outer = c->types_spelled_out;
	struct pos near = c->near;
	struct scope given;
	struct pipeline_context ctx = {.scope = &given};

	scope_init(&given, c->arena, NULL);
	scope_add_params(&given, pt->params, pt->n_params);
	scope_add_matrix(&given, &pt->matrix);
	c->types_spelled_out = true;
	check_pipeline_spec(c, pt->pipeline_spec, &ctx);
	c->types_spelled_out = outer;
	c->near = near;
	check_leave(c, before);
}

/* Exactly one of the four ways to say what runs. */
static void check_ref_or_spec(struct check *c, const struct pipeline_task *pt)
{
	const struct {
		const char *name;
		struct pos pos;
		bool given;
	} ways[] = {
		{"pipelineRef", pt->pipeline_ref_pos, pt->pipeline_ref_pos.line > 0},
		{"pipelineSpec", pt->pipeline_spec ? pt->pipeline_spec->pos : pt->pos,
			pt->pipeline_spec != NULL},
		{"taskRef", pt->task_ref_pos, pt->task_ref_pos.line > 0},
		{"taskSpec", pt->task_spec ? pt->task_spec->pos : pt->pos,
			pt->task_spec != NULL},
	};
	struct str all[ARRAY_SIZE(ways)], given[ARRAY_SIZE(ways)];
	struct pos last = pt->pos;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		all[i] = check_path(c, ways[i].name);
		if (!ways[i].given)
			continue;
		given[n++] = all[i];
		last = ways[i].pos;
	}
	if (!n)
		check_report_paths(c, "missing-field", last,
			"expected exactly one, got neither", all, ARRAY_SIZE(ways));
	else if (n > 1)
		check_report_paths(c, "excluded-field", last,
			"expected exactly one, got multiple", given, n);
}

static void check_on_error(struct check *c, const struct pipeline_task *pt)
{
	struct diag *d;

	if (!pt->on_error.s.n || str_starts(pt->on_error.s, STR("$(params")))
		return;
	if (!str_eqz(pt->on_error.s, "continue") && !str_eqz(pt->on_error.s, "stopAndFail")) {
		d = check_report(c, "invalid-value", pt->on_error, "OnError",
			"invalid value: " STR_FMT, STR_ARG(pt->on_error.s));
		diag_hint(c->spec->diags, d,
			"PipelineTask OnError must be either \"continue\" or \"stopAndFail\"");
	} else if (str_eqz(pt->on_error.s, "continue") && pt->retries.v > 0) {
		check_report(c, "excluded-field", pt->on_error, "",
			"PipelineTask OnError cannot be set to \"continue\" when Retries is "
			"greater than 0");
	}
}

/* What would be refused in the TaskRun that is made from the task. */
static void check_numbers(struct check *c, const struct pipeline_task *pt)
{
	if (pt->retries.pos.line && pt->retries.v < 0)
		check_report(c, "invalid-value", text_at(pt->retries.pos), "retries",
			"invalid value: %lld should be >= 0", (long long)pt->retries.v);
	if (pt->timeout.pos.line && pt->timeout.ns < 0)
		check_report(c, "invalid-timeout", text_at(pt->timeout.pos), "timeout",
			"invalid value: " STR_FMT " should be >= 0",
			STR_ARG(num_duration_text(c->arena, pt->timeout.ns)));
}

static void check_matrix_count(struct check *c, const struct matrix *m)
{
	struct arena *a = arena_new();
	struct combination *all;
	struct err err;
	size_t n;

	/* wrong types are found at run time, after substitution */
	if (matrix_expand(a, m, &all, &n, &err) < 0 && err.kind == ERR_LIMIT)
		check_report(c, "matrix-too-large", text_at(m->pos), "matrix", "%s", err.msg);
	arena_free(a);
}

static void check_matrix(struct check *c, const struct pipeline_task *pt)
{
	const struct matrix *m = &pt->matrix;
	struct map names;

	if (!m->n_params && !m->n_include)
		return;
	check_matrix_count(c, m);
	check_given_params(c, m->params, m->n_params, "matrix.params");
	map_init(&names, c->arena);
	for (size_t i = 0; i < m->n_params; i++)
		map_set(&names, m->params[i].name.s, &names);
	for (size_t i = 0; i < m->n_include; i++) {
		const struct matrix_include *inc = &m->include[i];

		check_given_params(c, inc->params, inc->n_params,
			arena_printf(c->arena, "matrix.include[%zu].params", i).p);
		for (size_t k = 0; k < inc->n_params; k++)
			map_set(&names, inc->params[k].name.s, &names);
	}
	for (size_t i = 0; i < pt->n_params; i++) {
		struct str name = pt->params[i].name.s;
		struct str paths[] = {
			check_path(c,
				arena_printf(c->arena, "matrix[" STR_FMT "]", STR_ARG(name)).p),
			check_path(
				c, arena_printf(c->arena, "params[" STR_FMT "]", STR_ARG(name))
					   .p)};

		if (map_has(&names, name))
			check_report_paths(c, "duplicate", pt->params[i].name.pos,
				"expected exactly one, got both", paths, ARRAY_SIZE(paths));
	}
}

void check_pipeline_task(struct check *c, const struct pipeline_task *pt)
{
	struct str before;

	check_ref_or_spec(c, pt);
	if (pt->task_ref_pos.line)
		check_task_ref(c, pt);
	if (pt->pipeline_ref_pos.line)
		check_pipeline_ref(c, pt);
	check_on_error(c, pt);
	check_numbers(c, pt);
	check_when(c, pt->when, pt->n_when);
	check_given_params(c, pt->params, pt->n_params, "params");
	check_matrix(c, pt);
	if (pt->task_spec) {
		before = check_enter(c, "taskSpec");
		check_task_spec(c, pt->task_spec);
		check_leave(c, before);
	}
	if (pt->pipeline_spec)
		check_inline_pipeline(c, pt);
}

/* --- workspaces */

static void check_workspaces(struct check *c, const struct pipeline_workspace_spec *list,
	size_t n, struct map *names)
{
	for (size_t i = 0; i < n; i++) {
		struct str before = check_enter(c, "workspaces[%zu]", i);
		struct str name = list[i].name.s;

		if (!name.n)
			check_report(c, "missing-field", text_at(list[i].description.pos), "",
				"invalid value: workspace %zu has empty name", i);
		else if (!map_set(names, name, names))
			check_report(c, "duplicate", list[i].name, "",
				"invalid value: workspace with name \"" STR_FMT
				"\" appears more than once",
				STR_ARG(name));
		check_leave(c, before);
	}
}

/* Only Pipeline objects must declare what their tasks use; elsewhere workspaces propagate. */
static void check_workspace_uses(
	struct check *c, const struct pipeline_task *pt, const struct map *names)
{
	struct map seen;

	map_init(&seen, c->arena);
	for (size_t i = 0; i < pt->n_workspaces; i++) {
		const struct workspace_use *w = &pt->workspaces[i];
		struct text used = w->workspace.s.n ? w->workspace : w->name;
		struct str before = check_enter(c, "workspaces[%zu]", i);

		if (!map_set(&seen, w->name.s, &seen))
			check_report(c, "duplicate", w->name, "",
				"workspace name \"" STR_FMT "\" must be unique",
				STR_ARG(w->name.s));
		if (!map_has(names, used.s))
			check_suggest(c,
				check_report(c, "undefined-workspace", used, "",
					"invalid value: pipeline task \"" STR_FMT
					"\" expects workspace with name \"" STR_FMT
					"\" but none exists in pipeline spec",
					STR_ARG(pt->name.s), STR_ARG(used.s)),
				used.s, names);
		check_leave(c, before);
	}
}

/* --- the spec */

/* One list of tasks and what surrounds it. */
struct task_list {
	const struct pipeline_spec *ps;
	const struct pipeline_context *ctx;
	const struct scope *scope;    /* for what the pipeline's tasks say themselves */
	const struct map *workspaces; /* declared by the pipeline */
	const char *field;            /* "tasks" or "finally" */
	const struct pipeline_task *tasks;
	size_t n;
};

/* The variables of an inline task: its own params first, then what reaches it from outside. */
static void check_inline_variables(
	struct check *c, const struct pipeline_task *pt, const struct task_list *l)
{
	struct str before = check_enter(c, "taskSpec");
	struct scope own;

	scope_init(&own, c->arena, l->scope);
	scope_add_specs(&own, pt->task_spec->params, pt->task_spec->n_params);
	if (!l->ctx->standalone) {
		scope_add_params(&own, pt->params, pt->n_params);
		scope_add_matrix(&own, &pt->matrix);
	}
	check_task_variables(c, pt->task_spec, &own);
	check_leave(c, before);
}

static void check_tasks(struct check *c, const struct task_list *l, struct map *seen)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct pipeline_task *pt = &l->tasks[i];
		struct str before = check_enter(c, "%s[%zu]", l->field, i);

		c->near = pt->pos;
		check_task_name(c, pt, seen);
		check_pipeline_task(c, pt);
		if (l->ctx->standalone)
			check_workspace_uses(c, pt, l->workspaces);
		check_pipeline_task_params(c, pt, l->scope);
		if (pt->task_spec)
			check_inline_variables(c, pt, l);
		check_leave(c, before);
	}
}

static void map_tasks(struct map *m, struct pipeline_task *tasks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (tasks[i].name.s.n && !map_has(m, tasks[i].name.s))
			map_set(m, tasks[i].name.s, &tasks[i]);
}

static void check_emptiness(struct check *c, const struct pipeline_spec *ps)
{
	const struct str paths[] = {check_path(c, "description"), check_path(c, "params"),
		check_path(c, "resources"), check_path(c, "tasks"),
		check_path(c, "workspaces")};

	if (!ps->n_tasks && ps->n_finally)
		check_report(c, "missing-field", text_at(ps->finally[0].pos), "finally",
			"invalid value: spec.tasks is empty but spec.finally has %zu tasks",
			ps->n_finally);
	if (ps->n_tasks || ps->n_finally || ps->n_params || ps->n_workspaces || ps->n_results ||
		ps->description.s.n || ps->display_name.s.n)
		return;
	check_report_paths(c, "missing-field", ps->pos, "expected at least one, got none",
		paths, ARRAY_SIZE(paths));
}

/* Names that Tekton lets any inline task of a run mention, whatever task declares them. */
static void add_names_of_tasks(struct scope *s, const struct pipeline_task *tasks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct scope own;

		scope_init(&own, s->params.arena, NULL);
		scope_add_params(&own, tasks[i].params, tasks[i].n_params);
		scope_add_matrix(&own, &tasks[i].matrix);
		map_foreach (it, &own.params)
			scope_add_name(s, it->key);
		if (tasks[i].task_spec)
			scope_add_names(
				s, tasks[i].task_spec->params, tasks[i].task_spec->n_params);
	}
}

void check_pipeline_spec(
	struct check *c, const struct pipeline_spec *ps, const struct pipeline_context *ctx)
{
	struct map seen, workspaces, tasks, finally;
	struct scope others, run, scope;
	struct task_list list = {
		.ps = ps, .ctx = ctx, .scope = &scope, .workspaces = &workspaces};

	map_init(&seen, c->arena);
	map_init(&workspaces, c->arena);
	map_init(&tasks, c->arena);
	map_init(&finally, c->arena);
	scope_init(&others, c->arena, NULL);
	scope_init(&run, c->arena, NULL);
	if (ctx->scope)
		run = *ctx->scope;
	run.outer = &others; /* asked last: its names have no types */
	scope_init(&scope, c->arena, ctx->standalone ? NULL : &run);
	scope_add_specs(&scope, ps->params, ps->n_params);
	if (!ctx->standalone) {
		add_names_of_tasks(&others, ps->tasks, ps->n_tasks);
		add_names_of_tasks(&others, ps->finally, ps->n_finally);
	}
	c->near = ps->pos;
	check_emptiness(c, ps);
	check_param_specs(c, ps->params, ps->n_params, !ctx->standalone);
	check_workspaces(c, ps->workspaces, ps->n_workspaces, &workspaces);
	map_tasks(&tasks, ps->tasks, ps->n_tasks);
	map_tasks(&finally, ps->finally, ps->n_finally);
	list.field = "tasks";
	list.tasks = ps->tasks;
	list.n = ps->n_tasks;
	check_tasks(c, &list, &seen);
	list.field = "finally";
	list.tasks = ps->finally;
	list.n = ps->n_finally;
	check_tasks(c, &list, &seen);
	c->near = ps->pos;
	check_graph(c, ps, &tasks);
	check_task_refs(c, ps, &tasks);
	check_finally(c, ps, &tasks, &finally);
	check_pipeline_results(c, ps, &tasks, &finally);
}
