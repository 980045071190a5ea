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

struct workspace_binding *subst_bindings(
	const struct subst *s, struct arena *a, const struct workspace_binding *in, size_t n)
{
	struct workspace_binding *out = arena_new_array(a, struct workspace_binding, n);

	for (size_t i = 0; i < n; i++) {
		out[i] = in[i];
		replace(s, a, &out[i].sub_path);
		replace(s, a, &out[i].claim_name);
		replace(s, a, &out[i].object_name);
		out[i].items = arena_new_array(a, struct key_to_path, in[i].n_items);
		for (size_t k = 0; k < in[i].n_items; k++) {
			out[i].items[k] = in[i].items[k];
			replace(s, a, &out[i].items[k].key);
			replace(s, a, &out[i].items[k].path);
		}
	}
	return out;
}
