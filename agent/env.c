/* SPDX-License-Identifier: Apache-2.0 */
/* envFrom, env and valueFrom, in the order in which $(VAR) sees them. */
#include "env.h"

#include "expand.h"
#include <base/vec.h>

typedef VEC(struct env_entry) entry_vec;

/* One entry per name, at the place of the first; the last value counts. */
static void set(entry_vec *env, struct env_entry e)
{
	for (size_t i = 0; i < env->n; i++) {
		if (str_eq(env->p[i].name, e.name)) {
			env->p[i] = e;
			return;
		}
	}
	vec_push(env, e);
}

static const struct data_object *find_object(
	const struct env_context *c, enum env_source source, struct str name)
{
	const struct map *map =
		source == ENV_SECRET ? &c->spec->secret_by_name : &c->spec->config_map_by_name;

	return map_get(map, name);
}

static int fail_object(enum env_source source, struct str name, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "%s \"%.*s\" not found",
		source == ENV_SECRET ? "secret" : "configmap", STR_ARG(name));
}

/* Kubernetes' IsEnvVarName: [-._a-zA-Z][-._a-zA-Z0-9]*, but no directory names. */
static bool is_env_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char ch = s.p[i];
		bool letter = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
			      ch == '-' || ch == '.' || ch == '_';

		if (!letter && (i == 0 || ch < '0' || ch > '9'))
			return false;
	}
	return s.n && !str_eqz(s, ".") && !str_starts(s, STR(".."));
}

/* Binary data of a ConfigMap is for files alone. */
static int add_from(const struct env_context *c, const struct env_from *from, entry_vec *env,
	struct err *err)
{
	const struct data_object *o = find_object(c, from->source, from->object_name.s);

	if (!o && from->optional.v)
		return 0;
	if (!o)
		return fail_object(from->source, from->object_name.s, err);
	for (size_t i = 0; i < o->n_data; i++) {
		struct str name = arena_printf(c->arena, STR_FMT STR_FMT,
			STR_ARG(from->prefix.s), STR_ARG(o->data[i].key));

		if (is_env_name(name) && !o->data[i].is_binary)
			set(env, (struct env_entry){.name = name,
					 .value = o->data[i].value,
					 .is_secret = o->is_secret});
	}
	return 0;
}

/* False in *ret_given: an optional source is not there, and neither is the variable. */
static int read_key(const struct env_context *c, const struct env_var *v, struct env_entry *e,
	bool *ret_given, struct err *err)
{
	const struct data_object *o = find_object(c, v->source, v->object_name.s);
	const struct data_entry *found = NULL;

	for (size_t i = 0; o && i < o->n_data && !found; i++)
		if (str_eq(o->data[i].key, v->key.s) && !o->data[i].is_binary)
			found = &o->data[i];
	*ret_given = found;
	if (!found && v->optional.v)
		return 0;
	if (!o)
		return fail_object(v->source, v->object_name.s, err);
	if (!found)
		return err_set(err, ERR_NOT_FOUND, "couldn't find key %.*s in %s %.*s/%.*s",
			STR_ARG(v->key.s), o->is_secret ? "Secret" : "ConfigMap",
			STR_ARG(c->facts->ns), STR_ARG(v->object_name.s));
	e->value = found->value;
	e->is_secret = o->is_secret;
	return 0;
}

/* What is made of a Secret's value is as secret as that. */
static bool mentions_secret(struct str text, const entry_vec *env)
{
	struct arena *a cleanup_arena = arena_new();

	for (size_t i = 0; i < env->n; i++) {
		struct str name = arena_printf(a, "$(" STR_FMT ")", STR_ARG(env->p[i].name));

		if (env->p[i].is_secret && str_has(text, name))
			return true;
	}
	return false;
}

static int add_var(const struct env_context *c, const struct env_var *v, size_t step,
	entry_vec *env, struct err *err)
{
	struct env_entry e = {.name = v->name.s};
	bool given = true;
	int rc = 0;

	switch (v->value_from.line ? v->source : ENV_VALUE) {
	case ENV_VALUE:
		e.value = expand_text(c->arena, v->value.s, env->p, env->n);
		e.is_secret = mentions_secret(v->value.s, env);
		break;
	case ENV_CONFIG_MAP:
	case ENV_SECRET:
		rc = read_key(c, v, &e, &given, err);
		break;
	case ENV_FIELD:
		rc = pod_field(c->arena, c->facts, &v->field, &e.value);
		break;
	case ENV_RESOURCE:
		rc = pod_resource(c->arena, c->facts, &v->resource, step, &e.value, err);
		break;
	}
	if (rc == 0 && given)
		set(env, e);
	return rc;
}

static bool is_of_pod(const struct pod_template *pod, struct str name)
{
	for (size_t i = 0; i < pod->n_env; i++)
		if (str_eq(pod->env[i].name.s, name))
			return true;
	return false;
}

static int add_all(const struct env_context *c, const struct step *step, size_t index,
	entry_vec *env, struct err *err)
{
	for (size_t i = 0; i < step->n_env_from; i++)
		if (add_from(c, &step->env_from[i], env, err))
			return -1;
	for (size_t i = 0; i < c->pod->n_env; i++)
		if (add_var(c, &c->pod->env[i], index, env, err))
			return -1;
	for (size_t i = 0; i < step->n_env; i++)
		if (!is_of_pod(c->pod, step->env[i].name.s) &&
			add_var(c, &step->env[i], index, env, err))
			return -1;
	if (c->hermetic)
		set(env, (struct env_entry){.name = STR("TEKTON_HERMETIC"), .value = STR("1")});
	return 0;
}

int env_make(const struct env_context *c, const struct step *step, size_t index,
	struct env_entry **ret, size_t *ret_n, struct err *err)
{
	entry_vec env = {0};
	int rc = add_all(c, step, index, &env, err);

	*ret = vec_freeze(&env, c->arena);
	*ret_n = env.n;
	vec_release(&env);
	return rc;
}
