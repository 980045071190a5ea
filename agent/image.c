/* SPDX-License-Identifier: Apache-2.0 */
/* The images of a plan that are known before anything runs. */
#include "param.h"
#include "state.h"

struct image_list {
	struct arena *arena;
	struct map seen;
	VEC(struct image_use) uses;
};

static void add(struct image_list *l, struct str image, struct pos pos)
{
	if (!image.n || str_has(image, STR("$(")) || map_has(&l->seen, image))
		return;
	map_set(&l->seen, image, l);
	vec_push(&l->uses, ((struct image_use){.image = image, .pos = pos}));
}

/* Fills in what the task is given; names made from results stay unknown and are left out. */
static void add_task(const struct agent *a, const struct plan_task *t, struct image_list *l)
{
	bool pipeline = agent_is_pipeline(a);
	struct param_check given = {
		.arena = l->arena,
		.specs = t->task->params,
		.n_specs = t->task->n_params,
		.given = pipeline ? t->bound->params : a->plan.params,
		.n_given = pipeline ? t->bound->n_params : a->plan.n_params,
	};
	struct param *params;
	struct subst set;
	size_t n;

	param_resolve_task(&given, &params, &n);
	subst_init(&set, l->arena);
	for (size_t i = 0; i < n; i++) {
		if (pipeline && t->is_matrixed &&
			param_find(t->bound->matrix.params, t->bound->matrix.n_params,
				params[i].name.s))
			continue;
		subst_add_param(&set, STR("params"), params[i].name.s, &params[i].value);
		subst_add_param(&set, STR("inputs.params"), params[i].name.s, &params[i].value);
	}
	for (size_t i = 0; i < t->task->n_steps; i++) {
		const struct step *s = &t->task->steps[i];
		const struct text *image = &s->image;

		if (!image->s.n && t->task->step_template)
			image = &t->task->step_template->image;
		add(l, subst_text(&set, l->arena, image->s), image->pos);
	}
}

void agent_images(
	const struct agent *a, struct arena *arena, struct image_use **ret, size_t *ret_n)
{
	struct image_list l = {.arena = arena};

	map_init(&l.seen, arena);
	for (size_t i = 0; !a->plan.is_refused && i < a->plan.n_tasks; i++)
		if (a->plan.tasks[i].task)
			add_task(a, &a->plan.tasks[i], &l);
	*ret = vec_freeze(&l.uses, arena);
	*ret_n = l.uses.n;
	vec_release(&l.uses);
}

bool agent_wants_hermetic(const struct agent *a)
{
	const struct plan *p = &a->plan;

	for (size_t i = 0; !p->is_refused && i < p->n_tasks; i++)
		if (plan_task_hermetic(p, &p->tasks[i], p->tasks[i].referenced))
			return true;
	return false;
}
