/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a pipeline's tasks: edges, unknown names, cycles (section 11). */
#include "spec/check.h"
#include <base/buf.h>
#include <base/vec.h>
#include <stdlib.h>

enum { CYCLE_TEXT_MAX = 2000 };

struct edge {
	size_t from;    /* the task that waits */
	size_t to;      /* the task it waits for */
	struct text at; /* where this is written */
	struct ref ref; /* length 0: at is a name in runAfter */
};

struct graph {
	struct check *c;
	const struct pipeline_spec *ps;
	const struct map *tasks; /* name → struct pipeline_task * */
	VEC(struct edge) edges;  /* in the order of the tasks */
	size_t *first;           /* edges of task i: first[i] to first[i + 1] */
	bool *done;              /* not part of what is left */
	size_t *waits;           /* for how many tasks that are not done */
	/* while the edges of one task are read */
	size_t task;
	struct text text;
	struct map seen; /* names this task already waits for */
};

static void report_unknown(struct graph *g, struct str name, const struct ref *ref)
{
	struct str self = g->ps->tasks[g->task].name.s;
	struct diag *d;
	struct str msg = arena_printf(g->c->arena,
		"invalid value: couldn't add link between " STR_FMT " and " STR_FMT
		": task " STR_FMT " depends on " STR_FMT " but " STR_FMT
		" wasn't present in Pipeline",
		STR_ARG(self), STR_ARG(name), STR_ARG(self), STR_ARG(name), STR_ARG(name));

	if (ref)
		d = check_report_ref(g->c, "unknown-task", g->text, ref, "tasks", msg.p);
	else
		d = check_report(g->c, "unknown-task", g->text, "tasks", "%s", msg.p);
	check_suggest(g->c, d, name, g->tasks);
}

static void add_edge(struct graph *g, struct str name, const struct ref *ref)
{
	const struct pipeline_task *to = map_get(g->tasks, name);
	struct edge e = {.from = g->task, .at = g->text};

	if (!map_set(&g->seen, name, g))
		return;
	if (!to) {
		report_unknown(g, name, ref);
		return;
	}
	e.to = (size_t)(to - g->ps->tasks);
	if (ref)
		e.ref = *ref;
	vec_push(&g->edges, e);
}

static void add_ref(void *arg, const struct ref *ref)
{
	if (ref->kind == REF_TASK_RESULT)
		add_edge(arg, ref->object, ref);
}

static void add_text(void *arg, struct text t, const char *path)
{
	struct graph *g = arg;

	(void)path;
	g->text = t;
	ref_each(t.s, add_ref, g);
}

static void read_edges(struct graph *g)
{
	const struct pipeline_spec *ps = g->ps;

	g->first = arena_new_array(g->c->arena, size_t, ps->n_tasks + 1);
	for (g->task = 0; g->task < ps->n_tasks; g->task++) {
		const struct pipeline_task *pt = &ps->tasks[g->task];

		g->first[g->task] = g->edges.n;
		if (map_get(g->tasks, pt->name.s) != pt)
			continue; /* a second task of this name is refused elsewhere */
		map_init(&g->seen, g->c->arena);
		for (size_t i = 0; i < pt->n_run_after; i++) {
			g->text = pt->run_after[i];
			add_edge(g, pt->run_after[i].s, NULL);
		}
		pipeline_task_edge_texts(pt, add_text, g);
	}
	g->first[ps->n_tasks] = g->edges.n;
}

/* Marks the tasks that a list of done tasks lets finish, again and again. */
static void finish(struct graph *g, size_t *queue, size_t n_queue, size_t *const *children,
	const size_t *n_children)
{
	for (size_t at = 0; at < n_queue; at++)
		for (size_t k = 0; k < n_children[queue[at]]; k++) {
			size_t child = children[queue[at]][k];

			if (!g->done[child] && --g->waits[child] == 0) {
				g->done[child] = true;
				queue[n_queue++] = child;
			}
		}
}

/* The task with the least name among those left, as Tekton names it; n_tasks when none is. */
static size_t least_left(const struct graph *g)
{
	size_t least = g->ps->n_tasks;

	for (size_t i = 0; i < g->ps->n_tasks; i++)
		if (!g->done[i] &&
			(least == g->ps->n_tasks || str_cmp(g->ps->tasks[i].name.s,
							    g->ps->tasks[least].name.s) < 0))
			least = i;
	return least;
}

/* The edge of a task to the least-named one of those left. */
static const struct edge *least_edge(const struct graph *g, size_t task)
{
	const struct edge *least = NULL;

	for (size_t i = g->first[task]; i < g->first[task + 1]; i++) {
		const struct edge *e = &g->edges.p[i];

		if (!g->done[e->to] && (!least || str_cmp(g->ps->tasks[e->to].name.s,
							  g->ps->tasks[least->to].name.s) < 0))
			least = e;
	}
	return least;
}

static int by_name(const void *a, const void *b)
{
	const struct str *sa = a, *sb = b;

	return str_cmp(*sa, *sb);
}

/* "b", "c": what a task still waits for, by name. */
static struct str show_deps(const struct graph *g, size_t task)
{
	struct arena *a = g->c->arena;
	struct str text = STR_NONE;
	struct str *names = arena_new_array(a, struct str, g->first[task + 1] - g->first[task]);
	size_t n = 0;

	for (size_t i = g->first[task]; i < g->first[task + 1]; i++)
		if (!g->done[g->edges.p[i].to])
			names[n++] = g->ps->tasks[g->edges.p[i].to].name.s;
	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n && text.n < CYCLE_TEXT_MAX; i++)
		text = arena_printf(a, STR_FMT "%s\"" STR_FMT "\"", STR_ARG(text),
			i ? ", " : "", STR_ARG(names[i]));
	return text;
}

/* Walks from task to task that is left until one comes twice; gives the tasks of that cycle. */
static size_t find_cycle(const struct graph *g, size_t start, size_t *path)
{
	size_t *when = arena_new_array(g->c->arena, size_t, g->ps->n_tasks);
	size_t n = 0, task = start;

	while (!when[task]) {
		path[n++] = task;
		when[task] = n;
		task = least_edge(g, task)->to;
	}
	n -= when[task] - 1;
	for (size_t i = 0; i < n; i++)
		path[i] = path[when[task] - 1 + i];
	return n;
}

/* a → c → b → a, beginning with the least name of the cycle. */
static struct str show_cycle(const struct graph *g, const size_t *path, size_t n)
{
	const struct pipeline_task *tasks = g->ps->tasks;
	struct str result;
	struct buf out;
	size_t first = 0;

	for (size_t i = 1; i < n; i++)
		if (str_cmp(tasks[path[i]].name.s, tasks[path[first]].name.s) < 0)
			first = i;
	buf_init(&out, CYCLE_TEXT_MAX);
	buf_addz(&out, "cycle: ");
	for (size_t i = 0; i < n; i++)
		buf_addf(&out, STR_FMT " → ", STR_ARG(tasks[path[(first + i) % n]].name.s));
	buf_adds(&out, tasks[path[first]].name.s);
	result = arena_str(g->c->arena, buf_str(&out));
	buf_release(&out);
	return result;
}

static void report_cycle(struct graph *g, size_t task, const size_t *path, size_t n)
{
	const struct edge *e = least_edge(g, task);
	struct str msg = arena_printf(g->c->arena,
		"invalid value: cycle detected; task \"" STR_FMT "\" depends on " STR_FMT,
		STR_ARG(g->ps->tasks[task].name.s), STR_ARG(show_deps(g, task)));
	struct diag *d;

	if (e->ref.length)
		d = check_report_ref(g->c, "cycle", e->at, &e->ref, "tasks", msg.p);
	else
		d = check_report(g->c, "cycle", e->at, "tasks", "%s", msg.p);
	diag_hint(g->c->spec->diags, d, STR_FMT, STR_ARG(show_cycle(g, path, n)));
}

/* Children of every task, as slices of one array. */
static void list_children(struct graph *g, size_t **children, size_t *n_children)
{
	struct arena *a = g->c->arena;
	struct edge *e;

	vec_foreach (e, &g->edges)
		n_children[e->to]++;
	for (size_t i = 0; i < g->ps->n_tasks; i++) {
		children[i] = arena_new_array(a, size_t, n_children[i]);
		n_children[i] = 0;
	}
	vec_foreach (e, &g->edges)
		children[e->to][n_children[e->to]++] = e->from;
}

/* Reports one cycle after the other: a reported one counts as done, what waited for it goes on.
 */
static void find_cycles(struct graph *g)
{
	struct arena *a = g->c->arena;
	size_t n = g->ps->n_tasks, n_queue = 0, task;
	size_t **children = arena_new_array(a, size_t *, n);
	size_t *n_children = arena_new_array(a, size_t, n);
	size_t *queue = arena_new_array(a, size_t, n);

	g->done = arena_new_array(a, bool, n);
	g->waits = arena_new_array(a, size_t, n);
	list_children(g, children, n_children);
	for (size_t i = 0; i < n; i++) {
		g->waits[i] = g->first[i + 1] - g->first[i];
		if (g->waits[i])
			continue;
		g->done[i] = true;
		queue[n_queue++] = i;
	}
	finish(g, queue, n_queue, children, n_children);
	while ((task = least_left(g)) < n && !check_is_full(g->c)) {
		n_queue = find_cycle(g, task, queue);
		report_cycle(g, task, queue, n_queue);
		for (size_t i = 0; i < n_queue; i++)
			g->done[queue[i]] = true;
		finish(g, queue, n_queue, children, n_children);
	}
}

void check_graph(struct check *c, const struct pipeline_spec *ps, const struct map *tasks)
{
	struct graph g = {.c = c, .ps = ps, .tasks = tasks};

	read_edges(&g);
	find_cycles(&g);
	vec_release(&g.edges);
}
