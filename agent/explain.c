/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `monopod plan`: what would run, in which order and why, read from the bound but not started
 * run. The level of a task is the longest chain of parents in front of it: tasks of one level
 * may run side by side.
 */
#include <base/bounds.h>
#include <base/json.h>
#include <base/num.h>
#include <monopod/agent.h>
#include <monopod/subst.h>

/* Why one task waits for another: runAfter, or the results it mentions. */
struct reason {
	struct str parent;
	bool run_after;
	struct arena *arena;
	struct map results; /* the names, each once */
};

static void reason_add_ref(void *arg, const struct ref *ref)
{
	struct reason *r = arg;
	if (ref->kind == REF_TASK_RESULT && str_eq(ref->object, r->parent))
		(void)map_set(&r->results, ref->name, r);
}

static void reason_add_text(void *arg, struct text t, const char *path)
{
	(void)path;
	ref_each(t.s, reason_add_ref, arg);
}

static void reason_find(
	struct reason *r, struct arena *a, const struct pipeline_task *pt, struct str parent)
{
	*r = (struct reason){.parent = parent, .arena = a};
	map_init(&r->results, a);
	for (size_t i = 0; i < pt->n_run_after; i++)
		if (str_eq(pt->run_after[i].s, parent))
			r->run_after = true;
	pipeline_task_edge_texts(pt, reason_add_text, r);
}

/* The level of each task; parents always come out lower because the graph has no cycle. */
static size_t *levels_find(const struct run_view *r, struct arena *a)
{
	size_t *level = arena_new_array(a, size_t, r->n_pipeline_tasks + 1);
	bool changed = true;
	for (size_t round = 0; changed && round <= r->n_pipeline_tasks; round++) {
		changed = false;
		for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
			const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
			for (size_t k = 0; k < pt->n_parents; k++) {
				if (level[i] > level[pt->parents[k]])
					continue;
				level[i] = level[pt->parents[k]] + 1;
				changed = true;
			}
		}
	}
	return level;
}

static size_t level_max(const struct run_view *r, const size_t *level)
{
	size_t max = 0;
	for (size_t i = 0; i < r->n_pipeline_tasks; i++)
		max = level[i] > max ? level[i] : max;
	return max;
}

static const struct task_spec *task_of(const struct run_view *r, size_t i)
{
	if (i < r->n_pipeline_tasks && r->pipeline_tasks[i].task)
		return r->pipeline_tasks[i].task;
	return r->kind == OBJECT_TASK_RUN ? r->object->task_run->task_spec : NULL;
}

static struct str step_name(struct arena *a, const struct task_spec *ts, size_t i)
{
	if (ts->steps[i].name.s.n)
		return ts->steps[i].name.s;
	return arena_printf(a, "unnamed-%zu", i);
}

static struct str step_image(const struct task_spec *ts, size_t i)
{
	if (ts->steps[i].image.s.n || !ts->step_template)
		return ts->steps[i].image.s;
	return ts->step_template->image.s;
}

/* --- text ---------------------------------------------------------------------------- */

static void text_reasons(const struct run_view *r, size_t i, struct arena *a, struct buf *out)
{
	const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
	for (size_t k = 0; k < pt->n_parents; k++) {
		struct reason why;
		struct str parent = r->pipeline_tasks[pt->parents[k]].spec->name.s;
		reason_find(&why, a, pt->spec, parent);
		buf_addf(out, "%s" STR_FMT " (", k ? ", " : "  after ", STR_ARG(parent));
		if (why.run_after)
			buf_addz(out, why.results.n ? "runAfter, " : "runAfter");
		for (size_t n = 0; n < why.results.n; n++)
			buf_addf(out, "%sresult '" STR_FMT "'", n ? ", " : "",
				STR_ARG(why.results.entries[n].key));
		buf_addc(out, ')');
	}
}

static void text_conditions(const struct pipeline_task *pt, struct arena *a, struct buf *out)
{
	for (size_t i = 0; i < pt->n_when; i++) {
		const struct when *w = &pt->when[i];
		buf_addf(out, "      when %s'" STR_FMT "' " STR_FMT " [", i ? "and " : "",
			STR_ARG(w->input.s), STR_ARG(w->operator_text.s));
		for (size_t k = 0; k < w->n_values; k++)
			buf_addf(
				out, "%s'" STR_FMT "'", k ? ", " : "", STR_ARG(w->values[k].s));
		buf_addz(out, "]\n");
	}
	if (pt->matrix.pos.line) {
		buf_addz(out, "      once for each combination of");
		for (size_t i = 0; i < pt->matrix.n_params; i++)
			buf_addf(out, "%s " STR_FMT, i ? "," : "",
				STR_ARG(pt->matrix.params[i].name.s));
		buf_addf(out, "%s\n", pt->matrix.n_include ? " and what include adds" : "");
	}
	if (pt->retries.pos.line && pt->retries.v > 0)
		buf_addf(out, "      up to %lld retries\n", (long long)pt->retries.v);
	if (pt->timeout.pos.line)
		buf_addf(out, "      timeout " STR_FMT "\n",
			STR_ARG(num_duration_text(a, pt->timeout.ns)));
	if (str_eqz(pt->on_error.s, "continue"))
		buf_addz(out, "      a failure is ignored\n");
}

static void text_steps(const struct task_spec *ts, struct arena *a, struct buf *out)
{
	for (size_t i = 0; ts && i < ts->n_steps; i++)
		buf_addf(out, "      step " STR_FMT "  image " STR_FMT "\n",
			STR_ARG(step_name(a, ts, i)), STR_ARG(step_image(ts, i)));
}

static void text_task(const struct run_view *r, size_t i, struct arena *a, struct buf *out)
{
	const struct pipeline_task *pt = r->pipeline_tasks[i].spec;
	buf_addf(out, "    " STR_FMT, STR_ARG(pt->name.s));
	text_reasons(r, i, a, out);
	buf_addc(out, '\n');
	text_conditions(pt, a, out);
	text_steps(task_of(r, i), a, out);
}

static void plan_text(const struct run_view *r, struct arena *a, struct buf *out)
{
	const size_t *level = levels_find(r, a);
	bool has_finally = false;
	buf_addf(out, "%s '" STR_FMT "'", object_kind_name(r->kind), STR_ARG(r->name));
	if (r->kind == OBJECT_TASK_RUN) {
		buf_addc(out, '\n');
		text_steps(task_of(r, 0), a, out);
		return;
	}
	buf_addf(out, " of pipeline '" STR_FMT "'\n", STR_ARG(r->pipeline_name));
	for (size_t n = 0; n <= level_max(r, level); n++) {
		buf_addf(out, "  %zu.\n", n + 1);
		for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
			has_finally |= r->pipeline_tasks[i].is_finally;
			if (level[i] == n && !r->pipeline_tasks[i].is_finally)
				text_task(r, i, a, out);
		}
	}
	if (has_finally)
		buf_addz(out, "  finally, whatever happened\n");
	for (size_t i = 0; i < r->n_pipeline_tasks; i++)
		if (r->pipeline_tasks[i].is_finally)
			text_task(r, i, a, out);
}

/* --- JSON ---------------------------------------------------------------------------- */

static void json_reasons(
	const struct run_view *r, size_t i, struct arena *a, struct json_writer *w)
{
	const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
	json_key(w, "after");
	json_open(w, '[');
	for (size_t k = 0; k < pt->n_parents; k++) {
		struct reason why;
		struct str parent = r->pipeline_tasks[pt->parents[k]].spec->name.s;
		reason_find(&why, a, pt->spec, parent);
		json_open(w, '{');
		json_field(w, "task", parent);
		json_field_bool(w, "runAfter", why.run_after);
		json_key(w, "results");
		json_open(w, '[');
		map_foreach (it, &why.results)
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
		json_field(w, "image", step_image(ts, i));
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void json_conditions(
	const struct pipeline_task *pt, struct arena *a, struct json_writer *w)
{
	if (pt->n_when) {
		json_key(w, "when");
		json_open(w, '[');
		for (size_t i = 0; i < pt->n_when; i++) {
			json_open(w, '{');
			json_field(w, "input", pt->when[i].input.s);
			json_field(w, "operator", pt->when[i].operator_text.s);
			json_key(w, "values");
			json_open(w, '[');
			for (size_t k = 0; k < pt->when[i].n_values; k++)
				json_put_str(w, pt->when[i].values[k].s);
			json_close(w, ']');
			json_close(w, '}');
		}
		json_close(w, ']');
	}
	json_field_bool(w, "matrix", pt->matrix.pos.line != 0);
	json_field_int(w, "retries", pt->retries.pos.line ? pt->retries.v : 0);
	if (pt->timeout.pos.line)
		json_field(w, "timeout", num_duration_text(a, pt->timeout.ns));
}

static void plan_json(const struct run_view *r, struct arena *a, struct buf *out)
{
	const size_t *level = levels_find(r, a);
	struct json_writer w;
	json_writer_init(&w, out, 2);
	json_open(&w, '{');
	json_fieldz(&w, "kind", object_kind_name(r->kind));
	json_field(&w, "name", r->name);
	if (r->kind == OBJECT_PIPELINE_RUN)
		json_field(&w, "pipeline", r->pipeline_name);
	if (r->kind == OBJECT_TASK_RUN)
		json_steps(task_of(r, 0), a, &w);
	json_key(&w, "tasks");
	json_open(&w, '[');
	for (size_t i = 0; r->kind == OBJECT_PIPELINE_RUN && i < r->n_pipeline_tasks; i++) {
		const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
		json_open(&w, '{');
		json_field(&w, "name", pt->spec->name.s);
		json_field_bool(&w, "finally", pt->is_finally);
		json_field_int(&w, "level", (int64_t)level[i] + 1);
		json_reasons(r, i, a, &w);
		json_conditions(pt->spec, a, &w);
		json_steps(task_of(r, i), a, &w);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_close(&w, '}');
	buf_addc(out, '\n');
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

static void dot_edges(const struct run_view *r, size_t i, struct arena *a, struct buf *out)
{
	const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
	for (size_t k = 0; k < pt->n_parents; k++) {
		struct reason why;
		struct str parent = r->pipeline_tasks[pt->parents[k]].spec->name.s;
		reason_find(&why, a, pt->spec, parent);
		buf_addz(out, "\t");
		dot_quote(parent, out);
		buf_addz(out, " -> ");
		dot_quote(pt->spec->name.s, out);
		if (why.results.n) {
			buf_addz(out, " [label=");
			dot_quote(why.results.entries[0].key, out);
			buf_addc(out, ']');
		}
		buf_addz(out, ";\n");
	}
}

static void plan_dot(const struct run_view *r, struct arena *a, struct buf *out)
{
	buf_addz(out, "digraph ");
	dot_quote(r->name, out);
	buf_addz(out, " {\n\trankdir=LR;\n\tnode [shape=box];\n");
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		buf_addz(out, "\t");
		dot_quote(r->pipeline_tasks[i].spec->name.s, out);
		buf_addf(
			out, "%s;\n", r->pipeline_tasks[i].is_finally ? " [style=dashed]" : "");
	}
	for (size_t i = 0; i < r->n_pipeline_tasks; i++)
		dot_edges(r, i, a, out);
	buf_addz(out, "}\n");
}

void plan_print(const struct agent *agent, enum plan_format format, struct buf *out)
{
	const struct run_view *r = agent_view(agent);
	struct arena *a = arena_new();
	switch (format) {
	case PLAN_TEXT:
		plan_text(r, a, out);
		break;
	case PLAN_JSON:
		plan_json(r, a, out);
		break;
	case PLAN_DOT:
		plan_dot(r, a, out);
		break;
	}
	arena_free(a);
}
