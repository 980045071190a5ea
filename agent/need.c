/* SPDX-License-Identifier: Apache-2.0 */
/* What a run names of its namespace, for who has to bring it to where the run is. */
#include "action.h"
#include "foresee.h"

struct need_list {
	struct arena *arena;
	const struct spec *spec;
	struct map seen[NEED_KIND_N];
	VEC(struct need) needs;
};

static void add_need(struct need_list *l, struct need n)
{
	if (!n.name.n || map_has(&l->seen[n.kind], n.name))
		return;
	n.name = arena_str(l->arena, n.name);
	n.json = arena_str(l->arena, n.json);
	(void)map_set(&l->seen[n.kind], n.name, l);
	vec_push(&l->needs, n);
}

static void add(struct need_list *l, enum need_kind kind, struct text name)
{
	add_need(l, (struct need){.kind = kind, .name = name.s, .pos = name.pos});
}

static void add_source(struct need_list *l, const struct volume_source *s)
{
	struct text path = s->host_path;

	for (size_t i = 0; i < s->n_sources; i++)
		add_source(l, &s->sources[i]);
	switch (s->kind) {
	case VOLUME_CLAIM:
		add(l, NEED_CLAIM, s->claim_name);
		break;
	case VOLUME_CONFIG_MAP:
		add(l, NEED_CONFIG_MAP, s->object_name);
		break;
	case VOLUME_SECRET:
		add(l, NEED_SECRET, s->object_name);
		break;
	case VOLUME_HOST_PATH:
		add(l, NEED_HOST_PATH, path);
		break;
	case VOLUME_NONE:
	case VOLUME_EMPTY_DIR:
	case VOLUME_CLAIM_TEMPLATE: /* of an attempt: a directory, which ends with it */
	case VOLUME_PROJECTED:
	case VOLUME_DOWNWARD_API:
	case VOLUME_IMAGE:
	case VOLUME_REFUSED:
		break;
	}
}

static void add_env(struct need_list *l, const struct env_var *env, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (env[i].source == ENV_CONFIG_MAP)
			add(l, NEED_CONFIG_MAP, env[i].object_name);
		else if (env[i].source == ENV_SECRET)
			add(l, NEED_SECRET, env[i].object_name);
	}
}

static void add_container(struct need_list *l, const struct step *s)
{
	add_env(l, s->env, s->n_env);
	for (size_t i = 0; i < s->n_env_from; i++)
		add(l, s->env_from[i].source == ENV_SECRET ? NEED_SECRET : NEED_CONFIG_MAP,
			s->env_from[i].object_name);
}

static void add_volumes(struct need_list *l, const struct volume *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_source(l, &v[i].source);
}

/* The Secrets of an account are credentials of steps. One that is not in the input has none. */
static void add_account(struct need_list *l, struct str name, struct pos pos)
{
	const struct service_account *sa = map_get(&l->spec->service_account_by_name, name);

	add(l, NEED_ACCOUNT, (struct text){.s = name, .pos = pos});
	for (size_t i = 0; sa && i < sa->n_secrets; i++)
		add(l, NEED_SECRET, sa->secrets[i].name);
}

static void task_seen(
	void *arg, const struct agent *a, const struct plan_task *t, const struct task_spec *ts)
{
	struct need_list *l = arg;
	const struct pod_template *pod = &t->pod->pod_template;
	struct str account = t->service_account_name;

	(void)a;
	for (size_t i = 0; i < ts->n_steps; i++)
		add_container(l, &ts->steps[i]);
	if (ts->step_template)
		add_container(l, ts->step_template);
	for (size_t i = 0; i < ts->n_sidecars; i++)
		add_container(l, &ts->sidecars[i].container);
	add_volumes(l, ts->volumes, ts->n_volumes);
	add_volumes(l, pod->volumes, pod->n_volumes);
	add_env(l, pod->env, pod->n_env);
	add_account(l, account.n ? account : STR("default"), ts->pos);
}

static bool always(const struct task_spec *ts attr_unused)
{
	return true;
}

static void add_workspaces(struct need_list *l, const struct plan *p)
{
	for (size_t i = 0; i < p->n_workspaces; i++) {
		const struct plan_workspace *w = &p->workspaces[i];

		if (w->host_dir.n)
			continue;
		if (w->binding.source.kind == VOLUME_CLAIM_TEMPLATE)
			add_need(l, (struct need){.kind = NEED_CLAIM_TEMPLATE,
					    .name = w->binding.name.s,
					    .json = w->binding.source.template_json.s,
					    .pos = w->binding.name.pos});
		add_source(l, &w->binding.source);
	}
}

void agent_needs(const struct agent *a, struct arena *arena, struct need **ret, size_t *ret_n)
{
	struct need_list l = {.arena = arena, .spec = a->spec};

	for (size_t i = 0; i < NEED_KIND_N; i++)
		map_init(&l.seen[i], arena);
	add_workspaces(&l, &a->plan);
	foresee(a, &(struct foresight){.has_variables = always, .seen = task_seen, .arg = &l});
	*ret = vec_freeze(&l.needs, arena);
	*ret_n = l.needs.n;
	vec_release(&l.needs);
}

int64_t agent_timeout_ns(const struct agent *a)
{
	return agent_is_pipeline(a) ? a->plan.pipeline_timeout_ns : a->plan.tasks[0].timeout_ns;
}
