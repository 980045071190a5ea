/* SPDX-License-Identifier: Apache-2.0 */
/* References between the tasks of a pipeline: status, results, fan-out, pipeline results. */
#include "spec/check.h"

struct refs {
	struct check *c;
	const struct map *tasks;   /* name → struct pipeline_task * of the dag */
	const struct map *finally; /* the same; NULL while dag tasks are checked */
	struct map emitted;        /* see map_emitted */
	const struct text_site *site;
};

static struct diag *complain(
	const struct refs *r, const struct ref *ref, const char *code, struct str msg)
{
	return check_report_ref(r->c, code, r->site->text, ref, r->site->path, msg.p);
}

/* --- results of fanned-out tasks */

static bool is_matrixed(const struct pipeline_task *pt)
{
	return pt->matrix.n_params || pt->matrix.n_include;
}

static struct str emitted_key(struct arena *a, struct str task, struct str result)
{
	return arena_printf(a, STR_FMT "." STR_FMT, STR_ARG(task), STR_ARG(result));
}

static void map_results(struct refs *r, struct str task, struct result_spec *results, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (results[i].type != VALUE_STRING)
			map_set(&r->emitted, emitted_key(r->c->arena, task, results[i].name.s),
				&results[i]);
}

/* Results of fanned-out inline tasks and pipelines that are no strings. */
static void map_emitted(struct refs *r, const struct pipeline_spec *ps)
{
	map_init(&r->emitted, r->c->arena);
	for (size_t i = 0; i < ps->n_tasks; i++) {
		const struct pipeline_task *pt = &ps->tasks[i];

		if (!is_matrixed(pt))
			continue;
		if (pt->task_spec)
			map_results(r, pt->name.s, pt->task_spec->results,
				pt->task_spec->n_results);
		if (pt->pipeline_spec)
			map_results(r, pt->name.s, pt->pipeline_spec->results,
				pt->pipeline_spec->n_results);
	}
}

static void check_emitted_type(const struct refs *r, const struct ref *ref)
{
	const struct result_spec *res;

	if (!r->emitted.n)
		return;
	res = map_get(&r->emitted, emitted_key(r->c->arena, ref->object, ref->name));
	if (res)
		complain(r, ref, "matrix-result",
			arena_printf(r->c->arena,
				"Matrixed PipelineTasks emitting results must have an "
				"underlying type string, but result " STR_FMT
				" has type %s in pipelineTask",
				STR_ARG(ref->name), value_type_name(res->type)));
}

static void check_fan_out(const struct refs *r, const struct ref *ref)
{
	const struct pipeline_task *from = map_get(r->tasks, ref->object);
	bool matrix = str_starts(str_z(r->site->path), STR("matrix."));

	if (!from || !is_matrixed(from))
		return;
	check_emitted_type(r, ref);
	if (!ref->star && !matrix)
		complain(r, ref, "matrix-result",
			arena_printf(r->c->arena,
				"A matrixed pipelineTask can only be consumed in aggregate "
				"using [*] notation, but is currently set to " STR_FMT,
				STR_ARG(ref->whole)));
}

/* --- dag tasks */

static void check_dag_ref(void *arg, const struct ref *ref)
{
	const struct refs *r = arg;

	if (ref->kind == REF_TASK_RESULT)
		check_fan_out(r, ref);
	else if (ref->kind == REF_TASK_STATUS || ref->kind == REF_TASKS_STATUS)
		complain(r, ref, "excluded-variable",
			STR("invalid value: pipeline tasks can not refer to execution status "
			    "of any other pipeline task or aggregate status of tasks"));
}

/* --- finally tasks */

static void check_result_source(const struct refs *r, const struct ref *ref)
{
	struct diag *d;

	if (map_has(r->finally, ref->object)) {
		complain(r, ref, "excluded-variable",
			arena_printf(r->c->arena,
				"invalid value: invalid task result reference, final task has "
				"task result reference from a final task " STR_FMT,
				STR_ARG(ref->object)));
	} else if (!map_has(r->tasks, ref->object)) {
		d = complain(r, ref, "unknown-task",
			arena_printf(r->c->arena,
				"invalid value: invalid task result reference, final task has "
				"task result reference from a task " STR_FMT
				" which is not defined in the pipeline",
				STR_ARG(ref->object)));
		check_suggest(r->c, d, ref->object, r->tasks);
	} else {
		check_fan_out(r, ref);
	}
}

static void check_finally_ref(void *arg, const struct ref *ref)
{
	const struct refs *r = arg;
	struct diag *d;

	if (ref->kind == REF_TASK_RESULT) {
		check_result_source(r, ref);
	} else if (ref->kind == REF_TASK_STATUS && !map_has(r->tasks, ref->object)) {
		d = complain(r, ref, "unknown-task",
			arena_printf(r->c->arena,
				"invalid value: pipeline task " STR_FMT
				" is not defined in the pipeline",
				STR_ARG(ref->object)));
		check_suggest(r->c, d, ref->object, r->tasks);
	}
}

/* Texts of inline specs only order tasks; what they mention is free. */
static void check_site(void *arg, const struct text_site *site)
{
	struct refs *r = arg;

	if (str_starts(str_z(site->path), STR("taskSpec.")) || check_is_full(r->c))
		return;
	r->site = site;
	ref_each(site->text.s, r->finally ? check_finally_ref : check_dag_ref, r);
}

void check_task_refs(struct check *c, const struct pipeline_spec *ps, const struct map *tasks)
{
	struct refs r = {.c = c, .tasks = tasks};

	map_emitted(&r, ps);
	for (size_t i = 0; i < ps->n_tasks; i++) {
		struct str before = check_enter(c, "tasks[%zu]", i);

		pipeline_task_sites(&ps->tasks[i], check_site, &r);
		check_leave(c, before);
	}
}

void check_finally(struct check *c, const struct pipeline_spec *ps, const struct map *tasks,
	const struct map *finally)
{
	struct refs r = {.c = c, .tasks = tasks, .finally = finally};

	map_emitted(&r, ps);
	for (size_t i = 0; i < ps->n_finally; i++) {
		const struct pipeline_task *pt = &ps->finally[i];
		struct str before = check_enter(c, "finally[%zu]", i);

		if (pt->n_run_after)
			check_report(c, "excluded-field", pt->run_after[0], "",
				"invalid value: no runAfter allowed under spec.finally, final "
				"task " STR_FMT " has runAfter specified",
				STR_ARG(pt->name.s));
		pipeline_task_sites(pt, check_site, &r);
		check_leave(c, before);
	}
}

/* --- results of the pipeline (section 7.5) */

struct results {
	struct check *c;
	const struct map *tasks, *finally;
	struct text text; /* where the walk is */
	size_t n_refs;    /* $(…) of any kind */
	size_t n_results; /* those that are references to results */
	bool complained;
};

static void report_source(struct results *r, const struct ref *ref, const struct map *names)
{
	struct diag *d;

	r->complained = true;
	d = check_report_ref(r->c, "unknown-task", r->text, ref, "value",
		"invalid value: referencing a nonexistent task");
	check_suggest(r->c, d, ref->object, names);
}

static void check_source(void *arg, const struct ref *ref)
{
	struct results *r = arg;
	bool final = ref->kind == REF_FINALLY_RESULT;

	r->n_refs++;
	if (ref->kind != REF_TASK_RESULT && !final)
		return;
	r->n_results++;
	if (!map_has(final ? r->finally : r->tasks, ref->object))
		report_source(r, ref, final ? r->finally : r->tasks);
}

/*
 * Tekton cuts the text at every '$' and reads each piece as a reference: literal text is
 * tolerated behind a reference, not in front of one.
 */
static bool has_stray_text(struct str s)
{
	size_t at = 0, from, to, done = 0;

	while (ref_scan(s, &at, &from, &to)) {
		struct str between = str_slice(s, done, from);

		if ((done == 0 && between.n) || str_chr(between, '$') >= 0)
			return true;
		done = to;
	}
	return str_chr(str_slice(s, done, s.n), '$') >= 0;
}

static void check_text(struct results *r, struct text t)
{
	r->text = t;
	ref_each(t.s, check_source, r);
}

static void check_value(struct results *r, const struct result_spec *res)
{
	const struct value *v = &res->value;
	struct text at = v->string;

	if (v->type == VALUE_STRING)
		check_text(r, v->string);
	else
		at = text_at(v->pos.line ? v->pos : res->name.pos);
	for (size_t i = 0; v->type == VALUE_ARRAY && i < v->n_array; i++)
		check_text(r, v->array[i]);
	for (size_t i = 0; v->type == VALUE_OBJECT && i < v->n_object; i++)
		check_text(r, v->object[i].value);
	if (!text_given(at))
		at = res->name;
	if (!r->n_refs)
		check_report(r->c, "not-a-result", at, "value",
			"invalid value: expected pipeline results to be task result "
			"expressions but no expressions were found");
	else if (!r->n_results)
		check_report(r->c, "not-a-result", at, "value",
			"invalid value: expected pipeline results to be task result "
			"expressions but an invalid expressions was found");
	else if (!r->complained && v->type == VALUE_STRING && has_stray_text(v->string.s))
		check_report(r->c, "unknown-task", at, "value",
			"invalid value: referencing a nonexistent task");
}

void check_pipeline_results(struct check *c, const struct pipeline_spec *ps,
	const struct map *tasks, const struct map *finally)
{
	for (size_t i = 0; i < ps->n_results; i++) {
		struct results r = {.c = c, .tasks = tasks, .finally = finally};
		struct str before = check_enter(c, "results[%zu]", i);

		check_value(&r, &ps->results[i]);
		check_leave(c, before);
	}
}
