/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of task specs with every field of tekton-semantics 6.5 replaced. */
#include <monopod/subst.h>

static void replace(const struct subst *s, struct arena *a, struct text *t)
{
	t->s = subst_text(s, a, t->s);
}

static void replace_names(const struct subst *s, struct arena *a, struct volume_source *v)
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

static void replace_source(const struct subst *s, struct arena *a, struct volume_source *v)
{
	const struct volume_source *sources = v->sources;

	replace_names(s, a, v);
	v->sources = arena_new_array(a, struct volume_source, v->n_sources);
	for (size_t i = 0; i < v->n_sources; i++) {
		v->sources[i] = sources[i];
		replace_names(s, a, &v->sources[i]);
	}
}

static struct volume *replace_volumes(
	const struct subst *s, struct arena *a, const struct volume *in, size_t n)
{
	struct volume *out = arena_new_array(a, struct volume, n);

	for (size_t i = 0; i < n; i++) {
		out[i] = in[i];
		replace(s, a, &out[i].name);
		replace_source(s, a, &out[i].source);
	}
	return out;
}

static struct env_var *replace_env(
	const struct subst *s, struct arena *a, const struct env_var *in, size_t n)
{
	struct env_var *out = arena_new_array(a, struct env_var, n);

	for (size_t i = 0; i < n; i++) {
		out[i] = in[i];
		replace(s, a, &out[i].value);
		replace(s, a, &out[i].object_name);
		replace(s, a, &out[i].key);
	}
	return out;
}

static void replace_env_from(const struct subst *s, struct arena *a, struct step *step)
{
	struct env_from *out = arena_new_array(a, struct env_from, step->n_env_from);

	for (size_t i = 0; i < step->n_env_from; i++) {
		out[i] = step->env_from[i];
		replace(s, a, &out[i].prefix);
		replace(s, a, &out[i].object_name);
	}
	step->env_from = out;
}

static void replace_mounts(const struct subst *s, struct arena *a, struct step *step)
{
	struct volume_mount *out =
		arena_new_array(a, struct volume_mount, step->n_volume_mounts);

	for (size_t i = 0; i < step->n_volume_mounts; i++) {
		out[i] = step->volume_mounts[i];
		replace(s, a, &out[i].name);
		replace(s, a, &out[i].mount_path);
		replace(s, a, &out[i].sub_path);
	}
	step->volume_mounts = out;
}

/* Also for sidecars and the step template, which have the fields of a container. */
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
	out.env = replace_env(s, a, in->env, in->n_env);
	replace_env_from(s, a, &out);
	replace_mounts(s, a, &out);
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
	out->sidecars = arena_new_array(a, struct sidecar, in->n_sidecars);
	for (size_t i = 0; i < in->n_sidecars; i++) {
		out->sidecars[i] = in->sidecars[i];
		out->sidecars[i].container = replace_step(s, a, &in->sidecars[i].container);
	}
	if (in->step_template) {
		out->step_template = arena_new_object(a, struct step);
		*out->step_template = replace_step(s, a, in->step_template);
	}
	out->volumes = replace_volumes(s, a, in->volumes, in->n_volumes);
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
		replace_source(s, a, &out[i].source);
	}
	return out;
}

static struct text *replace_texts(
	const struct subst *s, struct arena *a, const struct text *in, size_t n)
{
	struct text *out = arena_new_array(a, struct text, n);

	for (size_t i = 0; i < n; i++) {
		out[i] = in[i];
		replace(s, a, &out[i]);
	}
	return out;
}

static void replace_dns(const struct subst *s, struct arena *a, struct dns_config *d)
{
	struct dns_option *options = arena_new_array(a, struct dns_option, d->n_options);

	for (size_t i = 0; i < d->n_options; i++) {
		options[i] = d->options[i];
		replace(s, a, &options[i].name);
		replace(s, a, &options[i].value);
	}
	d->options = options;
	d->nameservers = replace_texts(s, a, d->nameservers, d->n_nameservers);
	d->searches = replace_texts(s, a, d->searches, d->n_searches);
}

struct pod_template subst_pod_template(
	const struct subst *s, struct arena *a, const struct pod_template *in)
{
	struct pod_template out = *in;

	out.env = replace_env(s, a, in->env, in->n_env);
	out.volumes = replace_volumes(s, a, in->volumes, in->n_volumes);
	out.host_aliases = arena_new_array(a, struct host_alias, in->n_host_aliases);
	for (size_t i = 0; i < in->n_host_aliases; i++) {
		const struct host_alias *h = &in->host_aliases[i];

		out.host_aliases[i] = *h;
		replace(s, a, &out.host_aliases[i].ip);
		out.host_aliases[i].hostnames =
			replace_texts(s, a, h->hostnames, h->n_hostnames);
	}
	replace(s, a, &out.dns_policy);
	replace_dns(s, a, &out.dns_config);
	return out;
}
