/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces: binding, handing over, resolving (tekton-semantics 9). */
#include "workspace.h"

#include "name.h"
#include <base/path.h>

/* --- the run */

static const struct workspace_override *find_override(
	const struct agent_options *o, struct str name)
{
	for (size_t i = o->n_workspaces; i-- > 0;)
		if (str_eq(o->workspaces[i].name, name))
			return &o->workspaces[i];
	return NULL;
}

static struct plan_workspace overridden(const struct workspace_override *o)
{
	return (struct plan_workspace){
		.binding = {.name = {.s = o->name, .pos = {.line = 1}},
			.source = {.kind = VOLUME_EMPTY_DIR, .n_kinds = 1}},
		.host_dir = o->dir,
	};
}

/* Tekton's name, unless somebody else has made the claim. */
static struct str template_claim(
	const struct plan_context *c, const struct workspace_binding *b)
{
	for (size_t i = c->opts->n_claims; i-- > 0;)
		if (str_eq(c->opts->claims[i].workspace, b->name.s))
			return c->opts->claims[i].claim;
	return name_claim(c->arena, b->source.template_name.s, b->name.s, c->opts->uid);
}

void workspace_plan(const struct plan_context *c, const struct subst *params,
	const struct workspace_binding *bindings, size_t n)
{
	const struct agent_options *o = c->opts;
	struct plan *p = c->plan;
	const struct workspace_binding *bound = subst_bindings(params, c->arena, bindings, n);

	p->workspaces = arena_new_array(c->arena, struct plan_workspace, n + o->n_workspaces);
	for (size_t i = 0; i < n; i++) {
		struct plan_workspace w = {.binding = bound[i]};

		if (c->host_dirs)
			w.host_dir = c->host_dirs[i];

		if (find_override(o, bound[i].name.s))
			continue;
		if (w.binding.source.kind == VOLUME_CLAIM_TEMPLATE)
			w.binding.source.claim_name.s = template_claim(c, &w.binding);
		p->workspaces[p->n_workspaces++] = w;
	}
	for (size_t i = 0; i < o->n_workspaces; i++)
		if (find_override(o, o->workspaces[i].name) == &o->workspaces[i])
			p->workspaces[p->n_workspaces++] = overridden(&o->workspaces[i]);
}

/* --- task runs of a pipeline */

struct name_list {
	struct arena *arena;
	VEC(struct str) names;
};

static void name_ref(void *arg, const struct ref *ref)
{
	struct name_list *l = arg;

	if (ref->kind != REF_WORKSPACE)
		return;
	for (size_t i = 0; i < l->names.n; i++)
		if (str_eq(l->names.p[i], ref->object))
			return;
	vec_push(&l->names, ref->object);
}

static void name_text(void *arg, struct text t, const char *path)
{
	(void)path;
	ref_each(t.s, name_ref, arg);
}

void workspace_names(
	struct arena *a, const struct task_spec *ts, struct str **ret, size_t *ret_n)
{
	struct name_list l = {.arena = a};

	task_spec_texts(ts, name_text, &l);
	*ret = vec_freeze(&l.names, a);
	*ret_n = l.names.n;
	vec_release(&l.names);
}

const struct workspace_spec *workspace_find_declared(
	const struct task_spec *ts, struct str name)
{
	for (size_t i = 0; ts && i < ts->n_workspaces; i++)
		if (str_eq(ts->workspaces[i].name.s, name))
			return &ts->workspaces[i];
	return NULL;
}

static const struct workspace_use *find_use(const struct pipeline_task *pt, struct str name)
{
	for (size_t i = 0; i < pt->n_workspaces; i++)
		if (str_eq(pt->workspaces[i].name.s, name))
			return &pt->workspaces[i];
	return NULL;
}

/* A claim template of the run is an ordinary claim to its task runs. */
static struct workspace_binding child_binding(
	struct arena *a, const struct plan_workspace *w, struct str name, struct str sub_path)
{
	struct workspace_binding b = w->binding;

	b.name.s = name;
	if (b.source.kind == VOLUME_CLAIM_TEMPLATE)
		b.source.kind = VOLUME_CLAIM;
	if (b.sub_path.s.n && sub_path.n)
		b.sub_path.s = path_join(a, b.sub_path.s, sub_path);
	else if (sub_path.n)
		b.sub_path.s = sub_path;
	return b;
}

struct hand_over {
	struct arena *arena;
	const struct plan *plan;
	const struct plan_task *task;
	struct execution *t;
	struct str *dirs;
	struct err *err;
};

static bool is_optional(const struct execution *t, struct str name)
{
	const struct workspace_spec *declared = workspace_find_declared(t->task, name);

	for (size_t i = 0; t->pipeline && i < t->pipeline->n_workspaces; i++)
		if (str_eq(t->pipeline->workspaces[i].name.s, name))
			return t->pipeline->workspaces[i].optional.v;
	return declared && declared->optional.v;
}

static int hand_over_one(
	struct hand_over *h, struct str name, struct str from, struct str sub_path)
{
	const struct plan_workspace *w = plan_workspace_find(h->plan, from);
	size_t i = h->t->v.n_workspaces;

	if (!w && is_optional(h->t, name))
		return 0;
	if (!w)
		return err_set(h->err, ERR_SPEC,
			"expected workspace \"%.*s\" to be provided by pipelinerun for "
			"pipeline "
			"task \"%.*s\"",
			STR_ARG(from), STR_ARG(h->task->written->name.s));
	h->t->v.workspaces[i] = child_binding(h->arena, w, name, sub_path);
	h->dirs[i] = w->host_dir;
	h->t->v.n_workspaces++;
	return 0;
}

int workspace_hand_over(struct arena *a, const struct plan *p, const struct plan_task *task,
	const struct pipeline_task *pt, struct execution *t, struct err *err)
{
	struct hand_over h = {.arena = a, .plan = p, .task = task, .t = t, .err = err};
	struct str *used = NULL;
	size_t n_used = 0;

	if (!task->referenced && t->task)
		workspace_names(a, t->task, &used, &n_used);
	t->v.workspaces =
		arena_new_array(a, struct workspace_binding, pt->n_workspaces + n_used);
	h.dirs = arena_new_array(a, struct str, pt->n_workspaces + n_used);
	t->host_dirs = h.dirs;
	for (size_t i = 0; i < pt->n_workspaces; i++) {
		const struct workspace_use *u = &pt->workspaces[i];
		struct str from = u->workspace.s.n ? u->workspace.s : u->name.s;

		if (hand_over_one(&h, u->name.s, from, u->sub_path.s) < 0)
			return -1;
	}
	for (size_t i = 0; i < n_used; i++)
		if (!find_use(pt, used[i]) && hand_over_one(&h, used[i], used[i], STR_NONE) < 0)
			return -1;
	return 0;
}

void workspace_own(struct arena *a, const struct plan *p, struct execution *t)
{
	struct str *dirs = arena_new_array(a, struct str, p->n_workspaces);

	t->v.workspaces = arena_new_array(a, struct workspace_binding, p->n_workspaces);
	t->v.n_workspaces = p->n_workspaces;
	for (size_t i = 0; i < p->n_workspaces; i++) {
		t->v.workspaces[i] = p->workspaces[i].binding;
		dirs[i] = p->workspaces[i].host_dir;
	}
	t->host_dirs = dirs;
}

/* --- one task run */

static struct task_workspace resolve_one(struct arena *a, const struct execution *t,
	struct str name, const struct workspace_spec *d)
{
	struct task_workspace w = {.name = name};

	for (size_t i = 0; i < t->v.n_workspaces; i++)
		if (str_eq(t->v.workspaces[i].name.s, name)) {
			w.binding = &t->v.workspaces[i];
			w.host_dir = t->host_dirs[i];
		}
	w.optional = d && d->optional.v;
	w.read_only = d && d->read_only.v;
	if (!w.binding)
		return w;
	w.read_only |= w.binding->source.read_only.v;
	if (d && d->mount_path.s.n)
		w.path = path_join(a, STR("/"), d->mount_path.s);
	else
		w.path = arena_printf(a, "/workspace/" STR_FMT, STR_ARG(name));
	return w;
}

static bool is_among(const struct str *names, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

int workspace_resolve(struct arena *a, const struct execution *t, const struct task_spec *ts,
	struct task_workspace **ret, size_t *ret_n, struct err *err)
{
	size_t n = 0, n_used;
	struct str *used;
	struct task_workspace *all =
		arena_new_array(a, struct task_workspace, ts->n_workspaces + t->v.n_workspaces);

	workspace_names(a, ts, &used, &n_used);
	for (size_t i = 0; i < ts->n_workspaces; i++) {
		const struct workspace_spec *d = &ts->workspaces[i];

		all[n] = resolve_one(a, t, d->name.s, d);
		if (!all[n].binding && !all[n].optional)
			return err_set(err, ERR_SPEC,
				"declared workspace \"%.*s\" is required but has not been "
				"bound",
				STR_ARG(d->name.s));
		n++;
	}
	for (size_t i = 0; i < t->v.n_workspaces; i++) {
		struct str name = t->v.workspaces[i].name.s;

		if (workspace_find_declared(ts, name))
			continue;
		if (t->referenced)
			return err_set(err, ERR_SPEC,
				"workspace binding \"%.*s\" does not match any declared "
				"workspace",
				STR_ARG(name));
		if (is_among(used, n_used, name))
			all[n++] = resolve_one(a, t, name, NULL);
	}
	*ret = all;
	*ret_n = n;
	return 0;
}

const struct step_workspace *workspace_of_step(const struct step *s, struct str name)
{
	for (size_t i = 0; i < s->n_workspaces; i++)
		if (str_eq(s->workspaces[i].name.s, name))
			return &s->workspaces[i];
	return NULL;
}

bool workspace_is_isolated(const struct task_spec *ts, struct str name)
{
	for (size_t i = 0; i < ts->n_steps; i++)
		if (workspace_of_step(&ts->steps[i], name))
			return true;
	for (size_t i = 0; i < ts->n_sidecars; i++)
		if (workspace_of_step(&ts->sidecars[i].container, name))
			return true;
	return false;
}
