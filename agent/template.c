/* SPDX-License-Identifier: Apache-2.0 */
/* The strategic merge of a step over its template. */
#include "template.h"

#include "join.h"
#include "security.h"

static struct text text_or(struct text own, struct text other)
{
	return own.s.n ? own : other;
}

/* Template order first, a step's value in its place; then what only the step has. */
static void merge_env(struct arena *a, struct step *s, const struct step *t)
{
	struct env_var *env = arena_new_array(a, struct env_var, s->n_env + t->n_env);
	size_t n = t->n_env;

	for (size_t i = 0; i < t->n_env; i++)
		env[i] = t->env[i];
	for (size_t i = 0; i < s->n_env; i++) {
		size_t k = 0;

		while (k < n && !str_eq(env[k].name.s, s->env[i].name.s))
			k++;
		env[k] = s->env[i];
		n += k == n;
	}
	s->env = env;
	s->n_env = n;
}

/* By mount path: the step's own takes the place of the template's. */
static void merge_mounts(struct arena *a, struct step *s, const struct step *t)
{
	struct volume_mount *all = arena_new_array(
		a, struct volume_mount, s->n_volume_mounts + t->n_volume_mounts);
	size_t n = t->n_volume_mounts;

	for (size_t i = 0; i < n; i++)
		all[i] = t->volume_mounts[i];
	for (size_t i = 0; i < s->n_volume_mounts; i++) {
		const struct volume_mount *m = &s->volume_mounts[i];
		size_t k = 0;

		while (k < t->n_volume_mounts && !str_eq(all[k].mount_path.s, m->mount_path.s))
			k++;
		if (k < t->n_volume_mounts)
			all[k] = *m;
		else
			all[n++] = *m;
	}
	s->volume_mounts = all;
	s->n_volume_mounts = n;
}

static void merge_resources(struct arena *a, struct resource **own, size_t *n_own,
	const struct resource *other, size_t n_other)
{
	*own = join_by_name(a, JOINED(struct resource, *own, *n_own, other, n_other), n_own);
}

static struct step merge_step(struct arena *a, const struct step *own, const struct step *t)
{
	struct step s = *own;

	s.image = text_or(s.image, t->image);
	s.working_dir = text_or(s.working_dir, t->working_dir);
	s.image_pull_policy = text_or(s.image_pull_policy, t->image_pull_policy);
	if (!s.n_command) {
		s.command = t->command;
		s.n_command = t->n_command;
		s.command_pos = t->command_pos;
	}
	if (!s.n_args) {
		s.args = t->args;
		s.n_args = t->n_args;
		s.args_pos = t->args_pos;
	}
	merge_env(a, &s, t);
	if (!s.n_env_from) { /* a list without a key: one or the other */
		s.env_from = t->env_from;
		s.n_env_from = t->n_env_from;
	}
	merge_mounts(a, &s, t);
	merge_resources(a, &s.resources.limits, &s.resources.n_limits, t->resources.limits,
		t->resources.n_limits);
	merge_resources(a, &s.resources.requests, &s.resources.n_requests,
		t->resources.requests, t->resources.n_requests);
	security_merge(&s.security_context, &t->security_context);
	s.display_name = (struct text){0}; /* lost, as in Tekton */
	return s;
}

const struct task_spec *template_merge(struct arena *a, const struct task_spec *ts)
{
	struct task_spec *out;

	if (!ts->step_template)
		return ts;
	out = arena_new_object(a, struct task_spec);
	*out = *ts;
	out->steps = arena_new_array(a, struct step, ts->n_steps);
	for (size_t i = 0; i < ts->n_steps; i++)
		out->steps[i] = merge_step(a, &ts->steps[i], ts->step_template);
	return out;
}
