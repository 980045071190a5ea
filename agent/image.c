/* SPDX-License-Identifier: Apache-2.0 */
/* The images of a plan that are known before anything runs: those without a variable left. */
#include "action.h"
#include "foresee.h"

struct image_list {
	struct arena *arena;
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

static void image_seen(void *arg, const struct agent *a attr_unused, const struct plan_task *t,
	const struct task_spec *ts)
{
	const struct pod_template *pod = &t->pod->pod_template;

	add_volumes(arg, pod->volumes, pod->n_volumes);
	add_containers(arg, ts);
}

void agent_images(
	const struct agent *a, struct arena *arena, struct image_use **ret, size_t *ret_n)
{
	struct image_list l = {.arena = arena};

	map_init(&l.seen, arena);
	foresee(a, &(struct foresight){
			   .has_variables = has_variables, .seen = image_seen, .arg = &l});
	*ret = vec_freeze(&l.uses, arena);
	*ret_n = l.uses.n;
	vec_release(&l.uses);
}

bool agent_wants_hermetic(const struct agent *a)
{
	const struct plan *p = &a->plan;

	for (size_t i = 0; plan_starts(p) && i < p->n_tasks; i++) {
		const struct plan_task *t = &p->tasks[i];

		if (t->child ? agent_wants_hermetic(t->child)
			     : plan_task_hermetic(p, t, t->referenced))
			return true;
	}
	return false;
}
