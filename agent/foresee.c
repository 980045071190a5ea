/* SPDX-License-Identifier: Apache-2.0 */
/* Every foreseeable task run, its passes made once. */
#include "foresee.h"

#include "launch.h"
#include "name.h"
#include "workspace.h"

struct walk {
	const struct foresight *f;
	const struct agent *agent;
	struct arena *scratch; /* of one task */
	const struct plan_task *task;
};

static void tell(const struct walk *l, const struct task_spec *ts)
{
	l->f->seen(l->f->arg, l->agent, l->task, ts);
}

/* A retry may differ: retry-count is a variable. */
static void see_attempts(struct walk *l, struct execution *t)
{
	enum { ATTEMPTS_FORESEEN = 16 };
	int64_t n = t->v.retries < ATTEMPTS_FORESEEN ? t->v.retries + 1 : ATTEMPTS_FORESEEN;

	for (int64_t i = 0; i < n; i++) {
		const struct task_spec *ts;

		t->v.n_attempts = (size_t)i + 1;
		t->n_retries = (size_t)i;
		ts = launch_preview(l->agent, t, l->scratch);
		if (ts)
			tell(l, ts);
	}
}

/* A matrix param that is no array yet has one value, which holds a variable. */
static struct matrix known_matrix(struct arena *a, const struct matrix *in)
{
	struct matrix m = *in;

	m.params = vec_copy(a, in->params, in->n_params, sizeof(*in->params));
	for (size_t i = 0; i < m.n_params; i++) {
		struct value *v = &m.params[i].value;

		if (v->type != VALUE_STRING)
			continue;
		v->type = VALUE_ARRAY;
		v->array = &v->string;
		v->n_array = 1;
	}
	return m;
}

static void see_child(struct walk *l, const struct plan_task *me, const struct combination *c,
	struct execution *t)
{
	const struct pipeline_task *pt = me->bound;
	struct err err;
	size_t n = 0;

	t->v.params = arena_new_array(l->scratch, struct param, c->n_params + pt->n_params + 1);
	for (size_t i = 0; i < c->n_params; i++)
		t->v.params[n++] = c->params[i];
	for (size_t i = 0; i < pt->n_params; i++)
		t->v.params[n++] = pt->params[i];
	t->v.n_params = n;
	t->v.n_workspaces = 0; /* not behind those of the combination before */
	t->v.uid = name_uid(l->scratch, l->agent->view.uid, t->v.name);
	if (workspace_hand_over(l->scratch, &l->agent->plan, me, pt, t, &err) == 0)
		see_attempts(l, t);
}

static void see_children(struct walk *l, const struct plan_task *me, struct execution *t)
{
	const struct pipeline_task *pt = me->bound;
	struct matrix m = known_matrix(l->scratch, &pt->matrix);
	struct combination *all;
	struct err err;
	size_t n;

	if (matrix_expand(l->scratch, &m, &all, &n, &err) < 0)
		return; /* the run ends when it comes to this task */
	for (size_t i = 0; i < n; i++) {
		t->v.name = name_run(l->scratch, l->agent->plan.name, pt->name.s, i, n);
		see_child(l, me, &all[i], t);
	}
}

static void see_task(struct walk *l, const struct plan_task *me)
{
	const struct plan *p = &l->agent->plan;
	struct execution t = {.task = me->task, .referenced = me->referenced};

	l->task = me;
	t.v.pipeline_task = plan_index(p, me);
	if (!l->f->has_variables(me->task)) {
		tell(l, me->task);
		return;
	}
	l->scratch = arena_new();
	t.v.retries = me->retries;
	if (agent_is_pipeline(l->agent)) {
		see_children(l, me, &t);
	} else {
		t.v.name = p->name;
		t.v.uid = l->agent->view.uid;
		t.v.params = p->params;
		t.v.n_params = p->n_params;
		workspace_own(l->scratch, p, &t);
		see_attempts(l, &t);
	}
	arena_free(l->scratch);
}

/* Those of a run and the runs inside it, as far as these are known; a refused one has none. */
static void see_run(struct walk *l, const struct agent *a)
{
	const struct plan *p = &a->plan;

	for (size_t i = 0; plan_starts(p) && i < p->n_tasks; i++) {
		l->agent = a;
		if (p->tasks[i].task)
			see_task(l, &p->tasks[i]);
		if (p->tasks[i].child)
			see_run(l, p->tasks[i].child);
	}
}

void foresee(const struct agent *a, const struct foresight *f)
{
	struct walk l = {.f = f};

	see_run(&l, a);
}
