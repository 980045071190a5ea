/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images of a plan that are known before anything runs: the passes of every task run that
 * is foreseeable are made once, and what holds no variable afterwards is known.
 */
#include "action.h"
#include "launch.h"
#include "name.h"
#include "workspace.h"

struct image_list {
	const struct agent *agent;
	struct arena *arena;
	struct arena *scratch; /* of one task */
	struct map seen;
	VEC(struct image_use) uses;
};

static void add(struct image_list *l, struct str image, struct pos pos)
{
	if (!image.n || str_has(image, STR("$(")) || map_has(&l->seen, image))
		return;
	image = arena_str(l->arena, image);
	map_set(&l->seen, image, l);
	vec_push(&l->uses, ((struct image_use){.image = image, .pos = pos}));
}

static const struct text *image_of(const struct task_spec *ts, size_t step)
{
	const struct text *own = &ts->steps[step].image;

	return own->s.n || !ts->step_template ? own : &ts->step_template->image;
}

static bool has_variables(const struct task_spec *ts)
{
	if (action_is_used(ts))
		return true;
	for (size_t i = 0; i < ts->n_steps; i++)
		if (str_has(image_of(ts, i)->s, STR("$(")))
			return true;
	for (size_t i = 0; i < ts->n_sidecars; i++)
		if (str_has(ts->sidecars[i].container.image.s, STR("$(")))
			return true;
	return false;
}

/* No variable is replaced in the reference of a volume. */
static void add_volumes(struct image_list *l, const struct volume *volumes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct volume_source *s = &volumes[i].source;

		if (s->kind == VOLUME_IMAGE)
			add(l, s->image.s, s->image.pos);
	}
}

static void add_containers(struct image_list *l, const struct task_spec *ts)
{
	for (size_t i = 0; i < ts->n_steps; i++) {
		const struct text *image = image_of(ts, i);

		add(l, image->s, image->pos);
	}
	for (size_t i = 0; i < ts->n_sidecars; i++) {
		const struct text *image = &ts->sidecars[i].container.image;

		add(l, image->s, image->pos);
	}
	add_volumes(l, ts->volumes, ts->n_volumes);
}

/* A retry may be of another image: retry-count is a variable. */
static void add_attempts(struct image_list *l, struct execution *t)
{
	enum { ATTEMPTS_FORESEEN = 16 };
	int64_t n = t->v.retries < ATTEMPTS_FORESEEN ? t->v.retries + 1 : ATTEMPTS_FORESEEN;

	for (int64_t i = 0; i < n; i++) {
		const struct task_spec *ts;

		t->v.n_attempts = (size_t)i + 1;
		t->n_retries = (size_t)i;
		ts = launch_preview(l->agent, t, l->scratch);
		if (ts)
			add_containers(l, ts);
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

static void add_child(struct image_list *l, const struct plan_task *me,
	const struct combination *c, struct execution *t)
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
	t->v.uid = name_uid(l->scratch, l->agent->view.uid, t->v.name);
	if (workspace_hand_over(l->scratch, &l->agent->plan, me, pt, t, &err) == 0)
		add_attempts(l, t);
}

static void add_children(struct image_list *l, const struct plan_task *me, struct execution *t)
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
		add_child(l, me, &all[i], t);
	}
}

static void add_task(struct image_list *l, const struct plan_task *me)
{
	const struct plan *p = &l->agent->plan;
	struct execution t = {.task = me->task, .referenced = me->referenced};
	const struct pod_template *pod = &me->pod->pod_template;

	add_volumes(l, pod->volumes, pod->n_volumes);
	if (!has_variables(me->task)) {
		add_containers(l, me->task);
		return;
	}
	l->scratch = arena_new();
	t.v.retries = me->retries;
	if (agent_is_pipeline(l->agent)) {
		add_children(l, me, &t);
	} else {
		t.v.name = p->name;
		t.v.uid = l->agent->view.uid;
		t.v.params = p->params;
		t.v.n_params = p->n_params;
		workspace_own(l->scratch, p, &t);
		add_attempts(l, &t);
	}
	arena_free(l->scratch);
}

/* What is refused or pending needs nothing of its place. */
static bool starts(const struct plan *p)
{
	return !p->is_refused && !p->is_pending;
}

/* Those of a run and the runs inside it, as far as these are known; a refused one has none. */
static void add_run(struct image_list *l, const struct agent *a)
{
	const struct plan *p = &a->plan;

	for (size_t i = 0; starts(p) && i < p->n_tasks; i++) {
		l->agent = a;
		if (p->tasks[i].task)
			add_task(l, &p->tasks[i]);
		if (p->tasks[i].child)
			add_run(l, p->tasks[i].child);
	}
}

void agent_images(
	const struct agent *a, struct arena *arena, struct image_use **ret, size_t *ret_n)
{
	struct image_list l = {.arena = arena};

	map_init(&l.seen, arena);
	add_run(&l, a);
	*ret = vec_freeze(&l.uses, arena);
	*ret_n = l.uses.n;
	vec_release(&l.uses);
}

bool agent_wants_hermetic(const struct agent *a)
{
	const struct plan *p = &a->plan;

	for (size_t i = 0; starts(p) && i < p->n_tasks; i++) {
		const struct plan_task *t = &p->tasks[i];

		if (t->child ? agent_wants_hermetic(t->child)
			     : plan_task_hermetic(p, t, t->referenced))
			return true;
	}
	return false;
}
