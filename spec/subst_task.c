/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of task specs with every field of tekton-semantics 6.5 replaced. */
#include <monopod/subst.h>

static void replace(const struct subst *s, struct arena *a, struct text *t)
{
	t->s = subst_text(s, a, t->s);
}

static void replace_env(const struct subst *s, struct arena *a, struct step *step)
{
	struct env_var *env = arena_new_array(a, struct env_var, step->n_env);

	for (size_t i = 0; i < step->n_env; i++) {
		env[i] = step->env[i];
		replace(s, a, &env[i].value);
	}
	step->env = env;
}

/* Also for the step template, which has no fields beyond those of a container. */
static struct step replace_step(const struct subst *s, struct arena *a, const struct step *in)
{
	struct step out = *in;

	replace(s, a, &out.name);
	replace(s, a, &out.image);
	replace(s, a, &out.image_pull_policy);
	replace(s, a, &out.script);
	replace(s, a, &out.working_dir);
	replace(s, a, &out.on_error);
	replace(s, a, &out.stdout_path);
	replace(s, a, &out.stderr_path);
	subst_list(s, a, in->command, in->n_command, &out.command, &out.n_command);
	subst_list(s, a, in->args, in->n_args, &out.args, &out.n_args);
	replace_env(s, a, &out);
	subst_when(s, a, in->when, in->n_when, &out.when);
	subst_params(s, a, in->params, in->n_params, &out.params);
	return out;
}

struct task_spec *subst_task_spec(
	const struct subst *s, struct arena *a, const struct task_spec *in)
{
	struct task_spec *out = arena_new_object(a, struct task_spec);

	*out = *in;
	out->steps = arena_new_array(a, struct step, in->n_steps);
	for (size_t i = 0; i < in->n_steps; i++)
		out->steps[i] = replace_step(s, a, &in->steps[i]);
	if (in->step_template) {
		out->step_template = arena_new_object(a, struct step);
		*out->step_template = replace_step(s, a, in->step_template);
	}
	out->workspaces = arena_new_array(a, struct workspace_spec, in->n_workspaces);
	for (size_t i = 0; i < in->n_workspaces; i++) {
		out->workspaces[i] = in->workspaces[i];
		replace(s, a, &out->workspaces[i].mount_path);
	}
	return out;
}

static void replace_source(const struct subst *s, struct arena *a, struct volume_source *v)
{
	struct key_to_path *items = arena_new_array(a, struct key_to_path, v->n_items);

	replace(s, a, &v->claim_name);
	replace(s, a, &v->object_name);
	for (size_t i = 0; i < v->n_items; i++) {
		items[i] = v->items[i];
		replace(s, a, &items[i].key);
		replace(s, a, &items[i].path);
	}
	v->items = items;
}

struct workspace_binding *subst_bindings(
	const struct subst *s, struct arena *a, const struct workspace_binding *in, size_t n)
{
	struct workspace_binding *out = arena_new_array(a, struct workspace_binding, n);

	for (size_t i = 0; i < n; i++) {
		out[i] = in[i];
		replace(s, a, &out[i].sub_path);
		replace_source(s, a, &out[i].source);
	}
	return out;
}
