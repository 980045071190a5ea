/* SPDX-License-Identifier: Apache-2.0 */
/* The peak of the requests of a run: who may run beside whom, and what that comes to. */
#include "peak.h"

#include "pod.h"
#include "state.h"
#include "template.h"
#include <base/bounds.h>
#include <base/num.h>
#include <base/vec.h>
#include <stdlib.h>

/* 64 Ti: those of BOUND_TASKS nodes still fit the flow. */
#define AMOUNT_MAX ((INT64_C(1) << 46) - 1)

struct amounts { /* by the name of the resource */
	struct map map;
};

struct peaks {
	struct arena *arena;
	struct map names; /* of resources */
	VEC(struct peak_task) tasks;
	VEC(struct amounts) amounts; /* of each */
	size_t n_unknown;
};

/* --- one task run ------------------------------------------------------------------------ */

struct amount {
	int64_t n;
	struct pos at; /* what asks for it first */
};

static struct amount *amount_of(struct amounts *all, struct arena *a, const struct resource *r)
{
	struct amount *v = map_get(&all->map, r->name.s);

	if (!v) {
		v = arena_new_object(a, struct amount);
		v->at = r->name.pos;
		(void)map_set(&all->map, r->name.s, v);
	}
	return v;
}

static int64_t amount_add(int64_t x, int64_t y)
{
	return x > AMOUNT_MAX - y ? AMOUNT_MAX : x + y;
}

static int64_t amount_read(const struct resource *r)
{
	int64_t v;
	int rc = str_eqz(r->name.s, "cpu") ? num_quantity_milli(r->quantity.s, &v, NULL)
					   : num_quantity(r->quantity.s, &v, NULL);

	if (rc < 0) /* too large: malformed ones were refused when they were read */
		return AMOUNT_MAX;
	return v < 0 ? 0 : v > AMOUNT_MAX ? AMOUNT_MAX : v;
}

static void amounts_max(
	struct amounts *all, struct arena *a, const struct resource *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct amount *v = amount_of(all, a, &r[i]);
		int64_t more = amount_read(&r[i]);

		v->n = more > v->n ? more : v->n;
	}
}

static void amounts_add(
	struct amounts *all, struct arena *a, const struct resource *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct amount *v = amount_of(all, a, &r[i]);

		v->n = amount_add(v->n, amount_read(&r[i]));
	}
}

/*
 * The largest step and all sidecars. What is said of the whole task is shared evenly among the
 * steps of a pod, which all are there at once; here one step after the other may have all of
 * it.
 */
static struct amounts task_amounts(
	struct arena *arena, const struct agent *agent, const struct plan_task *t)
{
	struct arena *a cleanup_arena = arena_new();
	struct amounts sum = {0};
	const struct task_spec *ts = template_merge(a, t->task);
	const struct resources *all = pod_resources(a, agent->spec, agent->plan.ns, t->pod, ts);

	map_init(&sum.map, arena);
	for (size_t i = 0; i < ts->n_steps; i++)
		amounts_max(&sum, arena, all[i].requests, all[i].n_requests);
	amounts_max(&sum, arena, t->pod->resources.requests, t->pod->resources.n_requests);
	for (size_t i = ts->n_steps; i < ts->n_steps + ts->n_sidecars; i++)
		amounts_add(&sum, arena, all[i].requests, all[i].n_requests);
	return sum;
}

/* --- all tasks --------------------------------------------------------------------------- */

/* How many task runs; a list that is a result is known later. */
static size_t count_runs(struct arena *a, const struct plan_task *t, bool *ret_unknown)
{
	const struct matrix *m = &t->bound->matrix;
	struct combination *all;
	size_t n;

	if (!t->is_matrixed)
		return 1;
	for (size_t i = 0; i < m->n_params; i++)
		*ret_unknown |= m->params[i].value.type == VALUE_STRING;
	if (*ret_unknown)
		return 1;
	return matrix_expand(a, m, &all, &n, NULL) < 0 ? 0 : n;
}

/* What is refused when it starts asks for nothing. */
static size_t n_starting(const struct plan *p)
{
	return p->is_refused ? 0 : p->n_tasks;
}

static void find_tasks(
	struct peaks *p, const struct agent *agent, struct str prefix, size_t n_around)
{
	struct arena *scratch cleanup_arena = arena_new();

	for (size_t i = 0; i < n_starting(&agent->plan); i++) {
		const struct plan_task *t = &agent->plan.tasks[i];
		struct peak_task one = {.n_runs = n_around};

		one.name = t->written ? arena_printf(p->arena, STR_FMT STR_FMT, STR_ARG(prefix),
						STR_ARG(t->written->name.s))
				      : agent->plan.name;
		if (t->bound)
			one.n_runs *= count_runs(scratch, t, &one.is_unknown);
		p->n_unknown += one.is_unknown;
		if (t->child)
			find_tasks(p, t->child,
				arena_printf(p->arena, STR_FMT "/", STR_ARG(one.name)),
				one.n_runs);
		else if (t->task) {
			struct amounts own = task_amounts(p->arena, agent, t);

			map_foreach (it, &own.map)
				(void)map_set(&p->names, it->key, p);
			vec_push(&p->tasks, one);
			vec_push(&p->amounts, own);
		}
	}
}

static int by_name(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void sort_names(struct peaks *p, struct peak *ret)
{
	ret->names = arena_new_array(p->arena, struct str, p->names.n);
	map_foreach (it, &p->names)
		ret->names[ret->n_names++] = it->key;
	if (ret->n_names)
		qsort(ret->names, ret->n_names, sizeof(*ret->names), by_name);
}

/* --- the graph --------------------------------------------------------------------------- */

struct weighing { /* one resource */
	struct peak *sum;
	size_t resource;
	size_t next; /* task of sum, in the order of find_tasks */
	bool counts; /* the task runs that request any of it, and not how much */
	bool is_bound;
};

static int64_t weigh(struct weighing *w, const struct agent *agent);

/* Of all task runs of one task, or of what its pipelines come to, at once. */
static int64_t weigh_task(struct weighing *w, const struct plan_task *t)
{
	struct arena *a cleanup_arena = arena_new();
	bool is_unknown = false;
	size_t n = t->bound ? count_runs(a, t, &is_unknown) : 1;
	int64_t one = 0;
	int64_t all = 0;

	if (t->child)
		one = weigh(w, t->child);
	else if (t->task)
		one = w->sum->tasks[w->next++].amounts[w->resource];
	if (t->task && w->counts)
		one = one > 0;
	for (size_t i = 0; i < n; i++)
		all = amount_add(all, one);
	return all;
}

/* The heaviest set of tasks that no edge orders, or all finally tasks, which come after. */
static int64_t weigh(struct weighing *w, const struct agent *agent)
{
	struct arena *a cleanup_arena = arena_new();
	const struct plan *p = &agent->plan;
	int64_t *weight = arena_new_array(a, int64_t, p->n_tasks);
	struct peak_edge *edges;
	size_t n_edges = 0;
	int64_t finally = 0;
	int64_t dag;

	if (!n_starting(p))
		return 0;
	for (size_t i = 0; i < p->n_tasks; i++) {
		weight[i] = weigh_task(w, &p->tasks[i]);
		n_edges += p->tasks[i].n_parents;
		if (i >= p->n_dag)
			finally = amount_add(finally, weight[i]);
	}
	edges = arena_new_array(a, struct peak_edge, n_edges);
	n_edges = 0;
	for (size_t i = 0; i < p->n_dag; i++)
		for (size_t k = 0; k < p->tasks[i].n_parents; k++)
			edges[n_edges++] = (struct peak_edge){p->tasks[i].parents[k], i};
	dag = peak_antichain(weight, p->n_dag, edges, n_edges, &w->is_bound);
	dag = dag > AMOUNT_MAX ? AMOUNT_MAX : dag;
	return dag > finally ? dag : finally;
}

static int by_weight(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return *x > *y ? -1 : *x < *y;
}

/* What is inside a fan-out without a number has none, either. */
static size_t slots_of(const struct peak *s, size_t task, size_t most)
{
	size_t n = s->tasks[task].n_runs;

	if (s->n_unknown)
		n *= BOUND_MATRIX;
	return n < most ? n : most;
}

/* No more than the heaviest `most` task runs; a fan-out that is not known may have as many. */
static int64_t weigh_slots(struct arena *a, const struct peak *s, size_t r, size_t most)
{
	int64_t *weights;
	size_t n = 0;
	int64_t sum = 0;

	for (size_t i = 0; i < s->n_tasks; i++)
		n += slots_of(s, i, most);
	weights = arena_new_array(a, int64_t, n);
	n = 0;
	for (size_t i = 0; i < s->n_tasks; i++)
		for (size_t k = slots_of(s, i, most); k > 0; k--)
			weights[n++] = s->tasks[i].amounts[r];
	if (n)
		qsort(weights, n, sizeof(*weights), by_weight);
	for (size_t i = 0; i < n && i < most; i++)
		sum = amount_add(sum, weights[i]);
	return sum;
}

/*
 * With `most` task runs at once: all of a set that is not larger; of larger ones the heaviest,
 * or more, as the graph may keep those apart.
 */
static void limit_slots(const struct agent *agent, struct peak *s, size_t r, size_t most)
{
	struct arena *a cleanup_arena = arena_new();
	struct weighing width = {.sum = s, .resource = r, .counts = true};
	int64_t at_most;

	if (!s->n_unknown && weigh(&width, agent) <= (int64_t)most)
		return;
	at_most = weigh_slots(a, s, r, most);
	if (at_most < s->amounts[r] || s->n_unknown)
		s->amounts[r] = at_most;
	s->is_bound[r] = true;
}

static void find_peaks(const struct agent *agent, struct arena *arena, struct peak *s)
{
	s->amounts = arena_new_array(arena, int64_t, s->n_names);
	s->totals = arena_new_array(arena, int64_t, s->n_names);
	s->is_bound = arena_new_array(arena, bool, s->n_names);
	for (size_t r = 0; r < s->n_names; r++) {
		struct weighing w = {.sum = s, .resource = r};
		size_t most = agent->opts.max_parallel;

		for (size_t i = 0; i < s->n_tasks; i++)
			for (size_t k = 0; k < s->tasks[i].n_runs; k++)
				s->totals[r] = amount_add(s->totals[r], s->tasks[i].amounts[r]);
		s->amounts[r] = weigh(&w, agent);
		s->is_bound[r] = w.is_bound;
		if (most)
			limit_slots(agent, s, r, most);
	}
}

static void fill_amounts(struct peaks *p, struct peak *ret)
{
	ret->at = arena_new_array(p->arena, struct pos, ret->n_names);
	for (size_t i = 0; i < ret->n_tasks; i++) {
		ret->tasks[i].amounts = arena_new_array(p->arena, int64_t, ret->n_names);
		for (size_t r = 0; r < ret->n_names; r++) {
			const struct amount *v = map_get(&p->amounts.p[i].map, ret->names[r]);

			ret->tasks[i].amounts[r] = v ? v->n : 0;
			if (v && !ret->at[r].line)
				ret->at[r] = v->at;
		}
	}
}

void agent_peak(const struct agent *a, struct arena *arena, struct peak *ret)
{
	struct peaks p = {.arena = arena};

	*ret = (struct peak){0};
	map_init(&p.names, arena);
	find_tasks(&p, a, STR_NONE, 1);
	sort_names(&p, ret);
	ret->tasks = vec_freeze(&p.tasks, arena);
	ret->n_tasks = p.tasks.n;
	ret->n_unknown = p.n_unknown;
	fill_amounts(&p, ret);
	vec_release(&p.tasks);
	vec_release(&p.amounts);
	find_peaks(a, arena, ret);
}
