/* SPDX-License-Identifier: Apache-2.0 */
/* Strict reading of image configs (image-spec config.md; sandbox.md R32, R60). */
#include "config.h"

#include "digest.h"
#include "manifest.h"

#include <base/bounds.h>
#include <base/json.h>

/* An array of strings, or null, or absent. */
static int texts_member(struct arena *a, const struct json *o, const char *key,
	struct str **ret, size_t *ret_n, struct err *err)
{
	const struct json *v = json_get(o, key);

	*ret = NULL;
	*ret_n = 0;
	if (!v || v->kind == JSON_NULL)
		return 0;
	if (v->kind != JSON_ARRAY)
		return err_set(err, ERR_IMAGE, "'%s' is not a list", key);
	if (v->n_children > BOUND_ARGS)
		return err_set(err, ERR_LIMIT, "'%s' has %zu entries, the limit is %d", key,
			v->n_children, BOUND_ARGS);
	*ret = arena_new_array(a, struct str, v->n_children);
	json_foreach (it, v) {
		if (it->kind != JSON_STRING)
			return err_set(err, ERR_IMAGE, "'%s' holds something but strings", key);
		(*ret)[(*ret_n)++] = it->text;
	}
	return 0;
}

static int text_member(const struct json *o, const char *key, struct str *ret, struct err *err)
{
	const struct json *v = json_get(o, key);

	*ret = STR_NONE;
	if (!v || v->kind == JSON_NULL)
		return 0;
	if (v->kind != JSON_STRING)
		return err_set(err, ERR_IMAGE, "'%s' is not a string", key);
	*ret = v->text;
	return 0;
}

/* NAME=VALUE with a name; the JSON reader has refused NUL bytes already. */
static int env_check(const struct image_config *c, struct err *err)
{
	for (size_t i = 0; i < c->n_env; i++) {
		struct str e = c->env[i];

		if (str_chr(e, '=') < 1)
			return err_set(err, ERR_IMAGE,
				"'Env' entry '" STR_FMT "': expected NAME=VALUE",
				(int)(e.n < 100 ? e.n : 100), e.n ? e.p : "");
	}
	return 0;
}

int image_config_read(
	struct arena *a, const struct json *v, struct image_config *c, struct err *err)
{
	if (!v || v->kind == JSON_NULL)
		return 0;
	if (v->kind != JSON_OBJECT)
		return err_set(err, ERR_IMAGE, "'config' is not an object");
	if (texts_member(a, v, "Entrypoint", &c->entrypoint, &c->n_entrypoint, err) < 0 ||
		texts_member(a, v, "Cmd", &c->cmd, &c->n_cmd, err) < 0 ||
		texts_member(a, v, "Env", &c->env, &c->n_env, err) < 0 ||
		text_member(v, "User", &c->user, err) < 0 ||
		text_member(v, "WorkingDir", &c->working_dir, err) < 0)
		return -1;
	return env_check(c, err);
}

static int diff_ids_fill(
	struct arena *a, const struct json *rootfs, struct image *img, struct err *err)
{
	struct str *ids, type;
	size_t n;

	if (!rootfs || rootfs->kind != JSON_OBJECT)
		return err_set(err, ERR_IMAGE, "'rootfs' is missing or not an object");
	if (text_member(rootfs, "type", &type, err) < 0 ||
		texts_member(a, rootfs, "diff_ids", &ids, &n, err) < 0)
		return -1;
	if (!str_eqz(type, "layers"))
		return err_set(err, ERR_IMAGE,
			"'rootfs.type' is '" STR_FMT "', expected 'layers'", STR_ARG(type));
	if (n != img->n_layers)
		return err_set(err, ERR_IMAGE, "%zu diff IDs for %zu layers", n, img->n_layers);
	for (size_t i = 0; i < n; i++) {
		if (digest_check(ids[i], NULL, err) < 0)
			return err_wrap(err, "'diff_ids'");
		img->layers[i].diff_id = ids[i];
	}
	return 0;
}

static int platform_check(const struct image_config *c, struct err *err)
{
	if (c->os.n && !str_eqz(c->os, "linux"))
		return err_set(err, ERR_IMAGE, "the image is for '" STR_FMT "', expected linux",
			STR_ARG(c->os));
	if (c->architecture.n && !str_eqz(c->architecture, platform_architecture()))
		return err_set(err, ERR_IMAGE,
			"the image is for '" STR_FMT "', this machine is %s",
			STR_ARG(c->architecture), platform_architecture());
	return 0;
}

int image_load_config(struct arena *a, struct str text, struct image *img, struct err *err)
{
	struct json *doc;

	if (json_parse(a, text, BOUND_JSON_BYTES, &doc, err) < 0)
		return err_wrap_as(err, ERR_IMAGE, "document");
	if (doc->kind != JSON_OBJECT)
		return err_set(err, ERR_IMAGE, "document: not a JSON object");
	if (text_member(doc, "architecture", &img->config.architecture, err) < 0 ||
		text_member(doc, "os", &img->config.os, err) < 0 ||
		image_config_read(a, json_get(doc, "config"), &img->config, err) < 0 ||
		platform_check(&img->config, err) < 0)
		return -1;
	return diff_ids_fill(a, json_get(doc, "rootfs"), img, err);
}
