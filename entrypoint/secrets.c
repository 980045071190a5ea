/* SPDX-License-Identifier: Apache-2.0 */
/* Which values are masked, and what of a document of ours is not. */
#include "secrets.h"

#include <base/base64.h>
#include <base/bounds.h>
#include <base/json.h>
#include <base/log.h>
#include <base/num.h>

/* --- values ------------------------------------------------------------------------------ */

static void value_add(
	struct mask *m, const struct data_object *o, struct str key, struct str value)
{
	enum mask_fit fit = value.n ? mask_add(m, value) : MASK_FITS;

	if (fit == MASK_FITS)
		return;
	log_warn("value '" STR_FMT "' of Secret '" STR_FMT "' %s", STR_ARG(key),
		STR_ARG(o->meta.name.s),
		fit == MASK_SHORT ? "is shorter than 4 bytes: it cannot be masked"
				  : "is too much to be masked in every form");
}

/* The parts of a registry's entry that let somebody in: "auth" is base64 of USER:PASSWORD. */
static void registry_add(struct mask *m, const struct data_object *o, const struct json *entry)
{
	static const char *const members[] = {
		"password", "auth", "identitytoken", "registrytoken"};
	struct arena *a cleanup_arena = arena_new();
	struct str pair;
	struct str user;
	struct str password;

	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		value_add(m, o, str_z(members[i]), json_str(json_get(entry, members[i])));
	if (base64_parse(a, json_str(json_get(entry, "auth")), &pair) == 0 &&
		str_cut(pair, ':', &user, &password))
		value_add(m, o, STR("auth"), password);
}

static void docker_add(struct mask *m, const struct data_object *o, struct str text)
{
	struct arena *a cleanup_arena = arena_new();
	struct err passed = {0};
	const struct json *auths;
	struct json *v;

	if (json_parse(a, text, BOUND_JSON_BYTES, &v, &passed))
		return;
	auths = json_get(v, "auths");
	json_foreach (entry, auths ? auths : v)
		registry_add(m, o, entry);
}

static struct str value_of(const struct data_object *o, struct str key)
{
	const struct data_entry *e = data_find(o, key);

	return e ? e->value : STR_NONE;
}

/* What becomes of a login in the docker configuration that steps are given of it. */
static void login_add(struct mask *m, const struct data_object *o)
{
	cleanup_buf struct buf pair = {0};
	cleanup_buf struct buf auth = {0};

	buf_init(&pair, BOUND_JSON_BYTES);
	buf_init(&auth, BOUND_JSON_BYTES);
	buf_adds(&pair, value_of(o, STR("username")));
	buf_addc(&pair, ':');
	buf_adds(&pair, value_of(o, STR("password")));
	base64_add(&auth, buf_str(&pair), true);
	if (pair.n > 1)
		value_add(m, o, STR("auth"), buf_str(&auth));
}

static void object_add(struct mask *m, const struct data_object *o)
{
	if (str_eqz(o->type.s, "kubernetes.io/basic-auth"))
		login_add(m, o);
	for (size_t i = 0; i < o->n_data; i++) {
		value_add(m, o, o->data[i].key, o->data[i].value);
		if (str_eqz(o->data[i].key, ".dockerconfigjson") ||
			str_eqz(o->data[i].key, ".dockercfg"))
			docker_add(m, o, o->data[i].value);
	}
}

struct mask *secrets_mask(const struct spec *s)
{
	struct mask *m = mask_new();

	for (size_t i = 0; i < s->n_data_objects; i++) {
		if (s->data_objects[i].is_secret)
			object_add(m, &s->data_objects[i]);
	}
	mask_seal(m);
	return m;
}

/* --- documents --------------------------------------------------------------------------- */

/* Nothing of a Secret can come here: names are those of the input, the rest is ours. */
bool secrets_is_own_word(struct str member)
{
	static const char *const members[] = {"apiVersion", "kind", "name", "namespace", "uid",
		"generateName", "type", "status", "reason", "container", "podName",
		"terminationReason", "pipelineTaskName", "startTime", "completionTime",
		"finallyStartTime", "lastTransitionTime", "startedAt", "finishedAt",
		"creationTimestamp"};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		if (str_eqz(member, members[i]))
			return true;
	}
	return false;
}

/* A param or result that is an object has members of its author's. */
static bool keeps(struct str around, struct str member)
{
	return !str_eqz(around, "value") && secrets_is_own_word(member);
}

struct str secrets_json(const struct mask *m, struct arena *a, struct str json)
{
	return mask_json(m, a, json, keeps);
}
