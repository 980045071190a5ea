/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `monopod plan`: what would run, in which order and why, read from the bound but not started
 * run. The stage of a task is the longest chain of parents in front of it: tasks of one stage
 * may run side by side.
 */
#include "state.h"

#include "peak.h"

#include <base/json.h>
#include <base/num.h>
#include <stdlib.h>

/* Why one task waits for another: runAfter, or the results it mentions. */
struct reason {
	struct str parent;
	bool run_after;
	struct map results; /* the names, each once */
};

/* The reasons of one task, in the order of its parents. */
struct reasons {
	struct reason *items;
	size_t n;
	struct map by_parent;
};

struct stage_entry {
	size_t stage; /* from 0 */
	size_t task;
};

struct explain {
	const struct plan *plan;
	const struct run_view *run;
	const struct task_spec *task; /* of a TaskRun */
	struct arena *arena;
	struct buf *out;
	struct stage_entry *order; /* dag tasks by stage, then as written */
	size_t n_order;
	size_t n_stages;
	size_t *stage_of;
	struct str prefix;                  /* of names in a graph */
	const struct agent *with_resources; /* NULL: without */
};

static void reason_add_ref(void *arg, const struct ref *ref)
{
	struct reasons *all = arg;
	struct reason *r =
		ref->kind == REF_TASK_RESULT ? map_get(&all->by_parent, ref->object) : NULL;
	if (r)
		(void)map_set(&r->results, ref->name, r);
}

static void reason_add_text(void *arg, struct text t, const char *path)
{
	(void)path;
	ref_each(t.s, reason_add_ref, arg);
}

static void reasons_find(
	const struct explain *e, size_t i, struct arena *a, struct reasons *ret)
{
	const struct pipeline_task_view *pt = &e->run->pipeline_tasks[i];
	struct reason *r;
	ret->n = pt->n_parents;
	ret->items = arena_new_array(a, struct reason, ret->n);
	map_init(&ret->by_parent, a);
	for (size_t k = 0; k < ret->n; k++) {
		r = &ret->items[k];
		r->parent = e->run->pipeline_tasks[pt->parents[k]].spec->name.s;
		map_init(&r->results, a);
		(void)map_set(&ret->by_parent, r->parent, r);
	}
	for (size_t k = 0; k < pt->spec->n_run_after; k++) {
		r = map_get(&ret->by_parent, pt->spec->run_after[k].s);
		if (r)
			r->run_after = true;
	}
	pipeline_task_edge_texts(pt->spec, reason_add_text, ret);
}

/* The stage of each task; parents always come out lower because the graph has no cycle. */
static void stages_find(struct explain *e)
{
	const struct run_view *r = e->run;
	bool changed = true;
	e->stage_of = arena_new_array(e->arena, size_t, r->n_pipeline_tasks);
	for (size_t round = 0; changed && round <= r->n_pipeline_tasks; round++) {
		changed = false;
		for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
			const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
			for (size_t k = 0; k < pt->n_parents; k++) {
				if (e->stage_of[i] > e->stage_of[pt->parents[k]])
					continue;
				e->stage_of[i] = e->stage_of[pt->parents[k]] + 1;
				changed = true;
			}
		}
	}
}

static int stage_cmp(const void *pa, const void *pb)
{
	const struct stage_entry *a = pa;
	const struct stage_entry *b = pb;
	if (a->stage != b->stage)
		return a->stage < b->stage ? -1 : 1;
	return a->task < b->task ? -1 : a->task > b->task;
}

static void order_find(struct explain *e)
{
	const struct run_view *r = e->run;
	e->order = arena_new_array(e->arena, struct stage_entry, r->n_pipeline_tasks);
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		if (r->pipeline_tasks[i].is_finally)
			continue;
		e->order[e->n_order++] =
			(struct stage_entry){.stage = e->stage_of[i], .task = i};
		if (e->stage_of[i] >= e->n_stages)
			e->n_stages = e->stage_of[i] + 1;
	}
	if (e->n_order)
		qsort(e->order, e->n_order, sizeof(e->order[0]), stage_cmp);
}

static void explain_init(struct explain *e, const struct agent *a)
{
	e->plan = &a->plan;
	e->run = &a->view;
	stages_find(e);
	order_find(e);
}

/* The pipeline that a task runs, as far as it is known; false: it runs a task. */
static bool child_of(const struct explain *e, size_t i, struct explain *ret)
{
	const struct agent *child = e->plan->tasks[i].child;
	if (!child)
		return false;
	*ret = (struct explain){.arena = e->arena, .out = e->out};
	explain_init(ret, child);
	return true;
}

static struct str step_name(struct arena *a, const struct task_spec *ts, size_t i)
{
	if (ts->steps[i].name.s.n)
		return ts->steps[i].name.s;
	return arena_printf(a, "unnamed-%zu", i);
}

static struct str step_image(struct arena *a, const struct task_spec *ts, size_t i)
{
	if (text_given(ts->steps[i].ref_name))
		return arena_printf(a, "StepAction " STR_FMT, STR_ARG(ts->steps[i].ref_name.s));
	if (ts->steps[i].image.s.n || !ts->step_template)
		return ts->steps[i].image.s;
	return ts->step_template->image.s;
}

/* Nothing that only the run itself can fill in. */
static bool when_is_known(const struct when *w)
{
	bool is_known = str_find(w->input.s, STR("$(")) < 0;
	for (size_t i = 0; i < w->n_values; i++)
		is_known &= str_find(w->values[i].s, STR("$(")) < 0;
	return is_known;
}

/* --- text ---------------------------------------------------------------------------- */

static void text_reasons(const struct explain *e, size_t i)
{
	struct arena *a cleanup_arena = arena_new();
	struct buf *out = e->out;
	struct reasons why;
	reasons_find(e, i, a, &why);
	for (size_t k = 0; k < why.n; k++) {
		const struct reason *r = &why.items[k];
		buf_addf(out, "%s" STR_FMT, k ? ", " : "    after ", STR_ARG(r->parent));
		if (r->results.n == 0)
			continue;
		buf_addz(out, r->results.n == 1 ? " (for its result" : " (for its results");
		for (size_t n = 0; n < r->results.n; n++)
			buf_addf(out, "%s " STR_FMT, n ? "," : "",
				STR_ARG(r->results.entries[n].key));
		buf_addc(out, ')');
	}
	if (why.n)
		buf_addc(out, '\n');
}

static void text_when(const struct explain *e, const struct when *w)
{
	buf_addf(e->out, "    when '" STR_FMT "' " STR_FMT " [", STR_ARG(w->input.s),
		STR_ARG(w->operator_text.s));
	for (size_t k = 0; k < w->n_values; k++)
		buf_addf(e->out, "%s'" STR_FMT "'", k ? ", " : "", STR_ARG(w->values[k].s));
	buf_addc(e->out, ']');
	if (when_is_known(w))
		buf_addz(e->out, when_holds(w, 1) ? ": holds" : ": does not hold, so skipped");
	buf_addc(e->out, '\n');
}

static void text_conditions(const struct explain *e, size_t i)
{
	const struct pipeline_task_view *v = &e->run->pipeline_tasks[i];
	const struct pipeline_task *pt = v->spec;
	struct buf *out = e->out;
	for (size_t k = 0; k < v->n_when; k++)
		text_when(e, &v->when[k]);
	if (pt->matrix.pos.line) {
		buf_addz(out, "    once for each combination of");
		for (size_t k = 0; k < pt->matrix.n_params; k++)
			buf_addf(out, "%s " STR_FMT, k ? "," : "",
				STR_ARG(pt->matrix.params[k].name.s));
		buf_addf(out, "%s\n", pt->matrix.n_include ? " and what include adds" : "");
	}
	if (pt->retries.pos.line && pt->retries.v > 0)
		buf_addf(out, "    up to %lld %s\n", (long long)pt->retries.v,
			pt->retries.v == 1 ? "retry" : "retries");
	if (pt->timeout.pos.line)
		buf_addf(out, "    timeout " STR_FMT "\n",
			STR_ARG(num_duration_text(e->arena, pt->timeout.ns)));
	if (str_eqz(pt->on_error.s, "continue"))
		buf_addz(out, "    a failure is ignored\n");
}

static void text_steps(const struct explain *e, const struct task_spec *ts, const char *indent)
{
	size_t wide = 0;
	for (size_t i = 0; ts && i < ts->n_steps; i++) {
		size_t n = step_name(e->arena, ts, i).n;
		wide = n > wide ? n : wide;
	}
	for (size_t i = 0; ts && i < ts->n_steps; i++) {
		struct str name = step_name(e->arena, ts, i);
		buf_addf(e->out, "%sstep " STR_FMT "%*s  " STR_FMT "\n", indent, STR_ARG(name),
			(int)(wide - name.n), "", STR_ARG(step_image(e->arena, ts, i)));
	}
	for (size_t i = 0; ts && i < ts->n_sidecars; i++)
		buf_addf(e->out, "%ssidecar " STR_FMT "  " STR_FMT "\n", indent,
			STR_ARG(ts->sidecars[i].container.name.s),
			STR_ARG(ts->sidecars[i].container.image.s));
}

static void text_stages(const struct explain *e);

/* What is inside, moved to the right. */
static void text_child(const struct explain *e, size_t i)
{
	cleanup_buf struct buf inside;
	struct explain child;
	struct str rest, line;
	buf_init(&inside, e->out->max);
	if (!child_of(e, i, &child))
		return;
	child.out = &inside;
	text_stages(&child);
	rest = str_trim(buf_str(&inside));
	while (rest.n) {
		if (!str_cut(rest, '\n', &line, &rest)) {
			line = rest;
			rest = STR_NONE;
		}
		if (line.n)
			buf_addf(e->out, "      " STR_FMT "\n", STR_ARG(line));
	}
}

static void text_task(const struct explain *e, size_t i)
{
	const struct pipeline_task_view *v = &e->run->pipeline_tasks[i];
	buf_addf(e->out, "  " STR_FMT, STR_ARG(v->spec->name.s));
	if (v->spec->task_ref.s.n)
		buf_addf(e->out, "  (task " STR_FMT ")", STR_ARG(v->spec->task_ref.s));
	if (v->pipeline)
		buf_addz(e->out, "  (pipeline");
	if (v->spec->pipeline_ref.s.n)
		buf_addf(e->out, " " STR_FMT, STR_ARG(v->spec->pipeline_ref.s));
	buf_addz(e->out, v->pipeline ? ")\n" : "\n");
	text_reasons(e, i);
	text_conditions(e, i);
	text_steps(e, v->task, "    ");
	text_child(e, i);
}

static void text_params(const struct explain *e)
{
	const struct run_view *r = e->run;
	struct json_writer w;
	for (size_t i = 0; i < r->n_params; i++) {
		buf_addf(e->out, "  param " STR_FMT " = ", STR_ARG(r->params[i].name.s));
		json_writer_init(&w, e->out, 0);
		value_json(&r->params[i].value, &w);
		buf_addc(e->out, '\n');
	}
}

static void text_head(const struct explain *e)
{
	const struct run_view *r = e->run;
	size_t n_finally = r->n_pipeline_tasks - e->n_order;
	buf_addf(e->out, "%s '" STR_FMT "'", object_kind_name(r->kind), STR_ARG(r->name));
	if (r->kind == OBJECT_PIPELINE_RUN) {
		if (!str_eq(r->pipeline_name, r->name))
			buf_addf(e->out, " of pipeline '" STR_FMT "'",
				STR_ARG(r->pipeline_name));
		buf_addf(e->out, ": %zu task%s in %zu stage%s", e->n_order,
			e->n_order == 1 ? "" : "s", e->n_stages, e->n_stages == 1 ? "" : "s");
		if (n_finally)
			buf_addf(e->out, ", %zu finally", n_finally);
	}
	buf_addc(e->out, '\n');
	text_params(e);
}

static void text_stages(const struct explain *e)
{
	const struct run_view *r = e->run;
	for (size_t i = 0; i < e->n_order; i++) {
		size_t stage = e->order[i].stage;
		if (i == 0 || e->order[i - 1].stage != stage)
			buf_addf(e->out, "\n%zu.%s\n", stage + 1,
				i + 1 < e->n_order && e->order[i + 1].stage == stage
					? " side by side"
					: "");
		text_task(e, e->order[i].task);
	}
	if (e->n_order < r->n_pipeline_tasks)
		buf_addz(e->out, "\nfinally, whatever happened\n");
	for (size_t i = 0; i < r->n_pipeline_tasks; i++)
		if (r->pipeline_tasks[i].is_finally)
			text_task(e, i);
}

static void plan_text(const struct explain *e)
{
	text_head(e);
	if (e->run->kind == OBJECT_TASK_RUN)
		text_steps(e, e->task, "  ");
	text_stages(e);
	if (e->with_resources)
		peak_print_text(e->with_resources, e->out);
}

/* --- JSON ---------------------------------------------------------------------------- */

static void json_reasons(const struct explain *e, size_t i, struct json_writer *w)
{
	struct arena *a cleanup_arena = arena_new();
	struct reasons why;
	reasons_find(e, i, a, &why);
	json_key(w, "after");
	json_open(w, '[');
	for (size_t k = 0; k < why.n; k++) {
		const struct reason *r = &why.items[k];
		json_open(w, '{');
		json_field(w, "task", r->parent);
		json_field_bool(w, "runAfter", r->run_after);
		json_key(w, "results");
		json_open(w, '[');
		map_foreach (it, &r->results)
			json_put_str(w, it->key);
		json_close(w, ']');
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void json_steps(const struct task_spec *ts, struct arena *a, struct json_writer *w)
{
	json_key(w, "steps");
	json_open(w, '[');
	for (size_t i = 0; ts && i < ts->n_steps; i++) {
		json_open(w, '{');
		json_field(w, "name", step_name(a, ts, i));
		json_field(w, "image", step_image(a, ts, i));
		json_close(w, '}');
	}
	json_close(w, ']');
	if (!ts || !json_list(w, "sidecars", ts->n_sidecars))
		return;
	for (size_t i = 0; i < ts->n_sidecars; i++) {
		json_open(w, '{');
		json_field(w, "name", ts->sidecars[i].container.name.s);
		json_field(w, "image", ts->sidecars[i].container.image.s);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void json_when(const struct when *when, size_t n, struct json_writer *w)
{
	json_key(w, "when");
	json_open(w, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		json_field(w, "input", when[i].input.s);
		json_field(w, "operator", when[i].operator_text.s);
		json_key(w, "values");
		json_open(w, '[');
		for (size_t k = 0; k < when[i].n_values; k++)
			json_put_str(w, when[i].values[k].s);
		json_close(w, ']');
		if (when_is_known(&when[i]))
			json_field_bool(w, "holds", when_holds(&when[i], 1));
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void json_tasks(const struct explain *e, struct json_writer *w);

static void json_child(const struct explain *e, size_t i, struct json_writer *w)
{
	struct explain child;
	if (!child_of(e, i, &child))
		return;
	json_key(w, "pipeline");
	json_open(w, '{');
	json_field(w, "name", child.run->pipeline_name);
	json_tasks(&child, w);
	json_close(w, '}');
}

static void json_task(const struct explain *e, size_t i, struct json_writer *w)
{
	const struct pipeline_task_view *v = &e->run->pipeline_tasks[i];
	const struct pipeline_task *pt = v->spec;
	json_open(w, '{');
	json_field(w, "name", pt->name.s);
	json_field_bool(w, "finally", v->is_finally);
	json_field_int(w, "level", (int64_t)e->stage_of[i] + 1);
	json_reasons(e, i, w);
	if (v->n_when)
		json_when(v->when, v->n_when, w);
	json_field_bool(w, "matrix", pt->matrix.pos.line != 0);
	json_field_int(w, "retries", pt->retries.pos.line ? pt->retries.v : 0);
	if (pt->timeout.pos.line)
		json_field(w, "timeout", num_duration_text(e->arena, pt->timeout.ns));
	json_steps(v->task, e->arena, w);
	json_child(e, i, w);
	json_close(w, '}');
}

static void json_tasks(const struct explain *e, struct json_writer *w)
{
	json_key(w, "tasks");
	json_open(w, '[');
	for (size_t i = 0; i < e->run->n_pipeline_tasks; i++)
		json_task(e, i, w);
	json_close(w, ']');
}

static void json_params(const struct run_view *r, struct json_writer *w)
{
	json_key(w, "params");
	json_open(w, '{');
	for (size_t i = 0; i < r->n_params; i++) {
		json_keys(w, r->params[i].name.s);
		value_json(&r->params[i].value, w);
	}
	json_close(w, '}');
}

static void plan_json(const struct explain *e)
{
	const struct run_view *r = e->run;
	struct json_writer w;
	json_writer_init(&w, e->out, 2);
	json_open(&w, '{');
	json_fieldz(&w, "kind", object_kind_name(r->kind));
	json_field(&w, "name", r->name);
	if (r->kind == OBJECT_PIPELINE_RUN)
		json_field(&w, "pipeline", r->pipeline_name);
	json_params(r, &w);
	if (r->kind == OBJECT_TASK_RUN)
		json_steps(e->task, e->arena, &w);
	json_tasks(e, &w);
	if (e->with_resources) {
		json_key(&w, "resources");
		peak_print_json(e->with_resources, &w);
	}
	json_close(&w, '}');
	buf_addc(e->out, '\n');
}

/* --- dot ----------------------------------------------------------------------------- */

static void dot_quote(struct str s, struct buf *out)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, s.p[i]);
	}
	buf_addc(out, '"');
}

/* Names of the pipelines around it come first: child/first. */
static void dot_node(const struct explain *e, struct str name)
{
	dot_quote(arena_printf(e->arena, STR_FMT STR_FMT, STR_ARG(e->prefix), STR_ARG(name)),
		e->out);
}

static void dot_edges(const struct explain *e, size_t i)
{
	struct arena *a cleanup_arena = arena_new();
	struct buf *out = e->out;
	struct reasons why;
	reasons_find(e, i, a, &why);
	for (size_t k = 0; k < why.n; k++) {
		const struct reason *r = &why.items[k];
		buf_addc(out, '\t');
		dot_node(e, r->parent);
		buf_addz(out, " -> ");
		dot_node(e, e->run->pipeline_tasks[i].spec->name.s);
		if (r->results.n) {
			buf_addz(out, " [label=");
			dot_quote(r->results.entries[0].key, out);
			buf_addc(out, ']');
		}
		buf_addz(out, ";\n");
	}
}

static void dot_run(const struct explain *e);

/* A box around the tasks of a pipeline that a task runs. */
static void dot_child(const struct explain *e, size_t i)
{
	struct str name = e->run->pipeline_tasks[i].spec->name.s;
	struct explain child;
	if (!child_of(e, i, &child))
		return;
	child.prefix =
		arena_printf(e->arena, STR_FMT STR_FMT "/", STR_ARG(e->prefix), STR_ARG(name));
	buf_addz(e->out, "\tsubgraph ");
	dot_quote(arena_printf(e->arena, "cluster_" STR_FMT, STR_ARG(child.prefix)), e->out);
	buf_addz(e->out, " {\n\tlabel=");
	dot_quote(name, e->out);
	buf_addz(e->out, ";\n");
	dot_run(&child);
	buf_addz(e->out, "\t}\n");
}

static void dot_run(const struct explain *e)
{
	const struct run_view *r = e->run;
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		buf_addc(e->out, '\t');
		dot_node(e, r->pipeline_tasks[i].spec->name.s);
		buf_addf(e->out, "%s;\n",
			r->pipeline_tasks[i].is_finally ? " [style=dashed]" : "");
		dot_child(e, i);
	}
	for (size_t i = 0; i < r->n_pipeline_tasks; i++)
		dot_edges(e, i);
}

static void plan_dot(const struct explain *e)
{
	buf_addz(e->out, "digraph ");
	dot_quote(e->run->name, e->out);
	buf_addz(e->out, " {\n\trankdir=LR;\n\tnode [shape=box];\n");
	dot_run(e);
	buf_addz(e->out, "}\n");
}

void plan_print(const struct agent *agent, struct plan_style style, struct buf *out)
{
	static void (*const print[])(const struct explain *e) = {
		[PLAN_TEXT] = plan_text,
		[PLAN_JSON] = plan_json,
		[PLAN_DOT] = plan_dot,
	};
	struct arena *a cleanup_arena = arena_new();
	struct explain e = {
		.arena = a, .out = out, .with_resources = style.has_resources ? agent : NULL};
	explain_init(&e, agent);
	if (e.run->kind == OBJECT_TASK_RUN && agent->plan.n_tasks)
		e.task = agent->plan.tasks[0].task;
	print[style.format](&e);
}
