/* SPDX-License-Identifier: Apache-2.0 */
/* Edges and uses. Graphs were checked when the input was read; what slips through is refused.
 */
#include "graph.h"

#include <base/vec.h>
#include <string.h>

typedef void text_fn(void *arg, struct text t, const char *path);

/* One pipeline task being looked at. */
struct walk {
	const struct plan_context *c;
	struct plan_task *task;
	size_t *seen; /* per pipeline task: 1 + index of the last task that named it */
	VEC(size_t) parents;
	VEC(struct use) uses;
	struct pos pos; /* of the text whose uses are read */
	bool is_edge;
	bool no_results; /* of other tasks: they stay as they are */
	bool ok;
};

static void add_parent(struct walk *w, struct str name)
{
	const struct plan *p = w->c->plan;
	const struct plan_task *parent = plan_find(p, name);
	size_t self = plan_index(p, w->task);
	size_t i;

	if (!parent || parent->is_finally) {
		if (w->ok)
			plan_refuse(w->c, "graph", w->task->written->name.pos,
				"PipelineInvalidGraph",
				"PipelineRun " STR_FMT "/" STR_FMT
				"'s Pipeline DAG is invalid: "
				"task " STR_FMT " depends on " STR_FMT " but " STR_FMT
				" wasn't present in Pipeline",
				STR_ARG(p->ns), STR_ARG(p->name),
				STR_ARG(w->task->written->name.s), STR_ARG(name),
				STR_ARG(name));
		w->ok = false;
		return;
	}
	i = plan_index(p, parent);
	if (w->seen[i] == self + 1)
		return;
	w->seen[i] = self + 1;
	vec_push(&w->parents, i);
}

static void edge_ref(void *arg, const struct ref *ref)
{
	if (ref->kind == REF_TASK_RESULT && !ref->brackets)
		add_parent(arg, ref->object);
}

static void edge_text(void *arg, struct text t, const char *path)
{
	(void)path;
	ref_each(t.s, edge_ref, arg);
}

static void task_parents(struct walk *w)
{
	const struct pipeline_task *pt = w->task->written;

	w->parents.n = 0;
	for (size_t i = 0; i < pt->n_run_after; i++)
		add_parent(w, pt->run_after[i].s);
	pipeline_task_edge_texts(pt, edge_text, w);
	w->task->parents = vec_freeze(&w->parents, w->c->arena);
	w->task->n_parents = w->parents.n;
}

/* children are the parents the other way round: counted, then filled in order. */
static void fill_children(const struct plan_context *c)
{
	struct plan *p = c->plan;

	for (size_t i = 0; i < p->n_dag; i++)
		for (size_t k = 0; k < p->tasks[i].n_parents; k++)
			p->tasks[p->tasks[i].parents[k]].n_children++;
	for (size_t i = 0; i < p->n_dag; i++) {
		struct plan_task *t = &p->tasks[i];

		t->children = arena_new_array(c->arena, size_t, t->n_children);
		t->n_children = 0;
	}
	for (size_t i = 0; i < p->n_dag; i++)
		for (size_t k = 0; k < p->tasks[i].n_parents; k++) {
			struct plan_task *parent = &p->tasks[p->tasks[i].parents[k]];

			parent->children[parent->n_children++] = i;
		}
}

/* Kahn's count: a graph with a circle never gets to the end. */
static bool is_acyclic(const struct plan_context *c)
{
	const struct plan *p = c->plan;
	size_t *open = arena_new_array(c->arena, size_t, p->n_dag);
	size_t *queue = arena_new_array(c->arena, size_t, p->n_dag);
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < p->n_dag; i++) {
		open[i] = p->tasks[i].n_parents;
		if (!open[i])
			queue[tail++] = i;
	}
	while (head < tail) {
		const struct plan_task *t = &p->tasks[queue[head++]];

		for (size_t k = 0; k < t->n_children; k++)
			if (--open[t->children[k]] == 0)
				queue[tail++] = t->children[k];
	}
	return tail == p->n_dag;
}

bool graph_edges(const struct plan_context *c)
{
	struct plan *p = c->plan;
	struct walk w = {.c = c, .ok = true};

	w.seen = arena_new_array(c->arena, size_t, p->n_tasks);
	for (size_t i = 0; i < p->n_dag && w.ok; i++) {
		w.task = &p->tasks[i];
		task_parents(&w);
	}
	vec_release(&w.parents);
	if (!w.ok)
		return false;
	fill_children(c);
	if (is_acyclic(c))
		return true;
	return plan_refuse(c, "cycle", p->pipeline->pos, "PipelineInvalidGraph",
		"PipelineRun " STR_FMT "/" STR_FMT "'s Pipeline DAG is invalid: cycle detected",
		STR_ARG(p->ns), STR_ARG(p->name));
}

/* --- uses */

static bool use_of(const struct plan *p, const struct ref *ref, struct use *ret)
{
	static const struct {
		enum ref_kind ref;
		enum use_kind use;
	} kinds[] = {{REF_TASK_RESULT, USE_RESULT}, {REF_TASK_STATUS, USE_STATUS},
		{REF_TASKS_STATUS, USE_TASKS_STATUS}, {REF_MATRIX_LENGTH, USE_LENGTH},
		{REF_TASK_ARTIFACT, USE_ARTIFACT}};
	const struct plan_task *producer;
	size_t k = 0;

	while (k < ARRAY_SIZE(kinds) && kinds[k].ref != ref->kind)
		k++;
	if (k == ARRAY_SIZE(kinds) || (ref->kind == REF_TASK_RESULT && ref->brackets))
		return false;
	*ret = (struct use){.kind = kinds[k].use, .index = ref->index};
	if (ref->kind == REF_TASKS_STATUS)
		return true;
	producer = plan_find(p, ref->object);
	if (!producer)
		return false;
	ret->producer = plan_index(p, producer);
	ret->result = ref->name;
	if (ref->kind == REF_TASK_STATUS && str_ends(ref->whole, STR(".reason")))
		ret->kind = USE_REASON;
	if (ref->kind == REF_MATRIX_LENGTH && ref->name.n)
		ret->kind = USE_RESULT_LENGTH;
	return true;
}

static bool same_use(const struct use *a, const struct use *b)
{
	return a->kind == b->kind && a->producer == b->producer && a->index == b->index &&
	       str_eq(a->result, b->result);
}

/* Results of a task that is not there are refused (section 28), artifacts stay as text. Some
 * texts are read twice, and one text may have several. */
static void warn_of_stranger(const struct walk *w, const struct ref *ref)
{
	static const char code[] = "unknown-task";
	struct diags *d = w->c->diags;
	struct str msg = arena_printf(w->c->arena,
		"$(" STR_FMT ") stays as text: the pipeline has no task \"" STR_FMT "\"",
		STR_ARG(ref->whole), STR_ARG(ref->object));

	for (size_t i = 0; i < d->n; i++)
		if (d->items[i].code == code && d->items[i].pos.line == w->pos.line &&
			d->items[i].pos.col == w->pos.col && str_eq(d->items[i].msg, msg))
			return;
	diag_add(d, DIAG_WARNING, code, w->pos, STR_FMT, STR_ARG(msg))->stage = DIAG_RUN;
}

static void use_ref(void *arg, const struct ref *ref)
{
	struct walk *w = arg;
	struct use use;

	if (ref->kind == REF_TASK_ARTIFACT && !plan_find(w->c->plan, ref->object))
		warn_of_stranger(w, ref);
	if (!use_of(w->c->plan, ref, &use) || (w->no_results && use.kind == USE_RESULT))
		return;
	use.is_edge = w->is_edge;
	use.pos = w->pos;
	for (size_t i = 0; i < w->uses.n; i++)
		if (same_use(&w->uses.p[i], &use)) {
			w->uses.p[i].is_edge |= use.is_edge;
			return;
		}
	vec_push(&w->uses, use);
}

static void use_text(void *arg, struct text t, const char *path)
{
	struct walk *w = arg;

	(void)path;
	w->pos = t.pos;
	ref_each(t.s, use_ref, arg);
}

/* Texts that are replaced but do not order the task (section 11). */
static void other_texts(const struct pipeline_task *pt, text_fn *fn, void *arg)
{
	fn(arg, pt->task_ref, "taskRef.name");
	for (size_t i = 0; i < pt->n_workspaces; i++)
		fn(arg, pt->workspaces[i].sub_path, "workspaces");
	for (size_t i = 0; i < pt->matrix.n_include; i++)
		fn(arg, pt->matrix.include[i].name, "matrix.include");
	if (pt->task_spec)
		task_spec_texts(pt->task_spec, fn, arg);
}

/* Marks in seen, by 1 + index, all that a dag task waits for. */
static void mark_ancestors(const struct plan *p, size_t task, size_t *seen, size_t *queue)
{
	size_t head = 0, tail = 0;

	queue[tail++] = task;
	while (head < tail) {
		const struct plan_task *t = &p->tasks[queue[head++]];

		for (size_t k = 0; k < t->n_parents; k++) {
			if (seen[t->parents[k]] == task + 1)
				continue;
			seen[t->parents[k]] = task + 1;
			queue[tail++] = t->parents[k];
		}
	}
}

static void warn_of_race(
	const struct plan_context *c, const struct plan_task *t, const struct use *u)
{
	struct str producer = c->plan->tasks[u->producer].written->name.s;
	struct diag *one = diag_add(c->diags, DIAG_WARNING, "unordered-artifact", u->pos,
		"task \"" STR_FMT "\" does not wait for task \"" STR_FMT
		"\", whose artifacts it reads: the reference may stay as text",
		STR_ARG(t->written->name.s), STR_ARG(producer));

	one->stage = DIAG_RUN;
	if (!t->is_finally && u->producer < c->plan->n_dag &&
		u->producer != plan_index(c->plan, t))
		diag_hint(c->diags, one,
			"a reference to an artifact orders nothing: add runAfter: [" STR_FMT
			"]",
			STR_ARG(producer));
}

/* A reference to an artifact orders nothing (section 8), unlike one to a result. */
static void warn_of_races(const struct plan_context *c)
{
	const struct plan *p = c->plan;
	size_t *seen = arena_new_array(c->arena, size_t, p->n_tasks);
	size_t *queue = arena_new_array(c->arena, size_t, p->n_tasks + 1);

	for (size_t i = 0; i < p->n_tasks; i++) {
		const struct plan_task *t = &p->tasks[i];

		for (size_t k = 0; k < t->n_uses; k++) {
			const struct use *u = &t->uses[k];

			if (u->kind != USE_ARTIFACT)
				continue;
			if (!t->is_finally)
				mark_ancestors(p, i, seen, queue);
			if (t->is_finally ? u->producer >= p->n_dag
					  : seen[u->producer] != i + 1)
				warn_of_race(c, t, u);
		}
	}
}

void graph_uses(const struct plan_context *c)
{
	struct plan *p = c->plan;
	struct walk w = {.c = c};

	for (size_t i = 0; i < p->n_tasks; i++) {
		struct plan_task *t = &p->tasks[i];

		w.task = t;
		w.uses.n = 0;
		w.is_edge = true;
		pipeline_task_edge_texts(t->bound, use_text, &w);
		w.is_edge = false;
		other_texts(t->bound, use_text, &w);
		/*
		 * For a dag task's name alone no result is looked up: it shows those that are
		 * used anyway. A finally task's shows every one. Both were seen on Tekton
		 * itself.
		 */
		w.no_results = !t->is_finally;
		use_text(&w, t->bound->display_name, "displayName");
		w.no_results = false;
		t->uses = vec_freeze(&w.uses, c->arena);
		t->n_uses = w.uses.n;
	}
	vec_release(&w.uses);
	warn_of_races(c);
}
