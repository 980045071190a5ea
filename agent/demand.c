/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the security contexts of a plan ask of its place. They hold no variables, so they are
 * known where the task is, StepActions and templates included.
 */
#include "action.h"
#include "security.h"
#include "state.h"
#include "template.h"

struct demand_list {
	const struct agent *agent;
	struct arena *arena;
	struct arena *scratch; /* of one task */
	struct map seen;
	VEC(struct demand) all;
};

/* Once for each place in the text: many tasks have one template. */
static void add(struct demand_list *l, struct demand d)
{
	struct str key = arena_printf(
		l->arena, "%d %u:%u:%u", (int)d.kind, d.pos.source, d.pos.line, d.pos.col);

	if (map_set(&l->seen, key, l))
		vec_push(&l->all, d);
}

static void add_id(
	struct demand_list *l, enum demand_kind kind, const char *field, struct maybe_int id)
{
	if (id.pos.line)
		add(l, (struct demand){
			       .kind = kind, .id = id.v, .field = field, .pos = id.pos});
}

static void add_capabilities(struct demand_list *l, const struct security_context *s)
{
	for (size_t i = 0; i < s->n_cap_add; i++)
		if (security_needs_power(s->cap_add[i].s))
			add(l, (struct demand){.kind = DEMAND_PRIVILEGE,
				       .field = "capabilities",
				       .pos = s->cap_add[i].pos});
}

static void add_container(struct demand_list *l, const struct security_context *pod,
	const struct security_context *own)
{
	add_id(l, DEMAND_USER, "runAsUser",
		own->run_as_user.pos.line ? own->run_as_user : pod->run_as_user);
	add_id(l, DEMAND_GROUP, "runAsGroup",
		own->run_as_group.pos.line ? own->run_as_group : pod->run_as_group);
	if (own->privileged.v)
		add(l, (struct demand){.kind = DEMAND_PRIVILEGE,
			       .field = "privileged",
			       .pos = own->privileged.pos});
	add_capabilities(l, own);
	if (own->allow_privilege_escalation.v)
		add(l, (struct demand){.kind = DEMAND_ESCALATION,
			       .field = "allowPrivilegeEscalation",
			       .pos = own->allow_privilege_escalation.pos});
}

static void add_pod(struct demand_list *l, const struct security_context *pod)
{
	add_id(l, DEMAND_MORE_GROUPS, "fsGroup", pod->fs_group);
	for (size_t i = 0; i < pod->n_supplemental_groups; i++)
		add_id(l, DEMAND_MORE_GROUPS, "supplementalGroups",
			pod->supplemental_groups[i]);
}

/* Steps as they will be; what cannot be resolved fails when the task starts. */
static const struct task_spec *resolve(struct demand_list *l, const struct task_spec *ts)
{
	struct subst none;
	struct action_context actions = {
		.arena = l->scratch, .spec = l->agent->spec, .params = &none};
	struct action_problem problem;

	if (action_is_used(ts)) {
		subst_init(&none, l->scratch);
		ts = action_resolve(&actions, ts, &problem);
	}
	return ts ? template_merge(l->scratch, ts) : NULL;
}

static bool has_context(const struct task_spec *ts)
{
	bool has = ts->step_template && ts->step_template->security_context.pos.line;

	for (size_t i = 0; !has && i < ts->n_steps; i++)
		has = ts->steps[i].security_context.pos.line;
	for (size_t i = 0; !has && i < ts->n_sidecars; i++)
		has = ts->sidecars[i].container.security_context.pos.line;
	return has;
}

static void add_task(struct demand_list *l, const struct plan_task *t)
{
	const struct security_context *pod = &t->pod->pod_template.security_context;
	const struct task_spec *ts;

	if (!pod->pos.line && !has_context(t->task) && !action_is_used(t->task))
		return;
	l->scratch = arena_new();
	ts = resolve(l, t->task);
	add_pod(l, pod);
	for (size_t i = 0; ts && i < ts->n_steps; i++)
		add_container(l, pod, &ts->steps[i].security_context);
	for (size_t i = 0; ts && i < ts->n_sidecars; i++)
		add_container(l, pod, &ts->sidecars[i].container.security_context);
	arena_free(l->scratch);
}

static void add_run(struct demand_list *l, const struct agent *a)
{
	const struct plan *p = &a->plan;

	l->agent = a;
	for (size_t i = 0; !p->is_refused && !p->is_pending && i < p->n_tasks; i++) {
		if (p->tasks[i].task)
			add_task(l, &p->tasks[i]);
		if (p->tasks[i].child)
			add_run(l, p->tasks[i].child);
		l->agent = a;
	}
}

void agent_demands(
	const struct agent *a, struct arena *arena, struct demand **ret, size_t *ret_n)
{
	struct demand_list l = {.arena = arena};

	map_init(&l.seen, arena);
	add_run(&l, a);
	*ret = vec_freeze(&l.all, arena);
	*ret_n = l.all.n;
	vec_release(&l.all);
}
