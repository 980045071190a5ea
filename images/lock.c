/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lock files: which image stands behind a reference, and what its config says, for places that
 * have the root of an image without its documents. Strict: what is not understood is refused,
 * as it would otherwise change how a step runs without a word.
 */
#include "config.h"

#include "digest.h"

#include <base/bounds.h>
#include <base/json.h>
#include <monopod/images.h>

#define LOCK_VERSION "monopod/v1"
#define LOCK_KIND    "ImageLock"

enum { SHOWN = 120 };

static struct str shown(struct str s)
{
	return str_slice(s, 0, SHOWN);
}

/* --- reading ----------------------------------------------------------------------------- */

static int members_check(const struct json *o, const char *const *names, size_t n,
	const char *what, struct err *err)
{
	if (!o || o->kind != JSON_OBJECT)
		return err_set(err, ERR_SPEC, "%s: expected an object", what);
	json_foreach (it, o) {
		size_t i = 0;

		while (i < n && !str_eqz(it->key, names[i]))
			i++;
		if (i == n)
			return err_set(err, ERR_SPEC, "%s: unknown member '" STR_FMT "'", what,
				STR_ARG(shown(it->key)));
	}
	return 0;
}

static int text_get(const struct json *o, const char *key, struct str *ret, struct err *err)
{
	const struct json *v = json_get(o, key);

	*ret = STR_NONE;
	if (!v)
		return 0;
	if (v->kind != JSON_STRING)
		return err_set(err, ERR_SPEC, "'%s': expected a string", key);
	*ret = v->text;
	return 0;
}

static int digest_get(const struct json *o, const char *key, struct str *ret, struct err *err)
{
	if (text_get(o, key, ret, err) < 0)
		return -1;
	if (ret->n && digest_check(*ret, NULL, err) < 0)
		return err_wrap_as(err, ERR_SPEC, "'%s'", key);
	return 0;
}

static int config_get(
	struct arena *a, const struct json *v, struct image_config *ret, struct err *err)
{
	static const char *const names[] = {
		"Entrypoint", "Cmd", "Env", "User", "WorkingDir", "architecture", "os"};

	if (members_check(v, names, ARRAY_SIZE(names), "'config'", err) < 0 ||
		text_get(v, "architecture", &ret->architecture, err) < 0 ||
		text_get(v, "os", &ret->os, err) < 0)
		return -1;
	if (image_config_read(a, v, ret, err) < 0)
		return err_wrap_as(err, ERR_SPEC, "'config'");
	return 0;
}

static int entry_read(
	struct arena *a, const struct json *v, struct image_lock_entry *ret, struct err *err)
{
	static const char *const names[] = {"ref", "name", "digest", "imageID", "config"};
	struct image_ref parsed;

	if (members_check(v, names, ARRAY_SIZE(names), "entry", err) < 0 ||
		text_get(v, "ref", &ret->ref, err) < 0 ||
		text_get(v, "name", &ret->name, err) < 0 ||
		digest_get(v, "digest", &ret->digest, err) < 0 ||
		digest_get(v, "imageID", &ret->config_digest, err) < 0 ||
		config_get(a, json_get(v, "config"), &ret->config, err) < 0)
		return -1;
	if (!ret->ref.n)
		return err_set(err, ERR_SPEC, "'ref': expected the reference of an image");
	if (!ret->digest.n && !ret->config_digest.n)
		return err_set(err, ERR_SPEC, "expected 'digest' or 'imageID'");
	if (image_ref_parse(a, ret->name, &parsed, err) < 0)
		return err_wrap_as(err, ERR_SPEC, "'name'");
	if (!str_eq(image_ref_text(a, &parsed), ret->name))
		return err_set(err, ERR_SPEC, "'name': '" STR_FMT "' is not in its normal form",
			STR_ARG(shown(ret->name)));
	return 0;
}

static struct str normal_form(struct arena *a, struct str ref)
{
	struct image_ref parsed;

	return image_ref_parse(a, ref, &parsed, NULL) < 0 ? ref : image_ref_text(a, &parsed);
}

static int images_read(
	struct arena *a, const struct json *list, struct image_lock *lock, struct err *err)
{
	if (!list || list->kind != JSON_ARRAY)
		return err_set(err, ERR_SPEC, "'images': expected a list");
	if (list->n_children > BOUND_LOCK_IMAGES)
		return err_set(err, ERR_LIMIT, "%zu images, the limit is %d", list->n_children,
			BOUND_LOCK_IMAGES);
	lock->entries = arena_new_array(a, struct image_lock_entry, list->n_children);
	json_foreach (it, list) {
		struct image_lock_entry *e = &lock->entries[lock->n];

		if (entry_read(a, it, e, err) < 0)
			return err_wrap(err, "images[%zu]", lock->n);
		if (!map_set(&lock->by_ref, e->ref, e))
			return err_set(err, ERR_SPEC,
				"images[%zu]: '" STR_FMT "' is there twice", lock->n,
				STR_ARG(shown(e->ref)));
		if (!map_has(&lock->by_normal, normal_form(a, e->ref)))
			map_set(&lock->by_normal, normal_form(a, e->ref), e);
		lock->n++;
	}
	return 0;
}

int image_lock_parse(struct arena *a, struct str text, struct image_lock **ret, struct err *err)
{
	static const char *const names[] = {"apiVersion", "kind", "images"};
	struct image_lock *lock = arena_new_object(a, struct image_lock);
	struct json *doc;

	map_init(&lock->by_ref, a);
	map_init(&lock->by_normal, a);
	if (json_parse(a, text, BOUND_LOCK_BYTES, &doc, err) < 0 ||
		members_check(doc, names, ARRAY_SIZE(names), "lock file", err) < 0)
		return -1;
	if (!str_eqz(json_str(json_get(doc, "apiVersion")), LOCK_VERSION) ||
		!str_eqz(json_str(json_get(doc, "kind")), LOCK_KIND))
		return err_set(err, ERR_SPEC,
			"not a lock file of images: expected apiVersion %s and kind %s",
			LOCK_VERSION, LOCK_KIND);
	if (images_read(a, json_get(doc, "images"), lock, err) < 0)
		return -1;
	*ret = lock;
	return 0;
}

/* --- finding ----------------------------------------------------------------------------- */

const struct image_lock_entry *image_lock_find(const struct image_lock *lock, struct str ref)
{
	struct arena *a cleanup_arena = arena_new();
	const struct image_lock_entry *e = lock ? map_get(&lock->by_ref, ref) : NULL;

	return e || !lock ? e : map_get(&lock->by_normal, normal_form(a, ref));
}

int image_lock_check(
	const struct image_lock_entry *entry, const struct image *img, struct err *err)
{
	const bool by_manifest = entry->digest.n && img->manifest_digest.n;
	struct str want = by_manifest ? entry->digest : entry->config_digest;
	struct str have = by_manifest ? img->manifest_digest : img->config_digest;

	if (want.n && str_eq(want, have))
		return 0;
	return err_set(err, ERR_IMAGE,
		"image '" STR_FMT "' is locked to " STR_FMT ", and this one is " STR_FMT,
		STR_ARG(shown(entry->ref)), STR_ARG(want), STR_ARG(have));
}

struct str image_id_text(
	struct arena *a, struct str name, struct str digest, struct str config_digest)
{
	struct image_ref parsed;

	if (!digest.n)
		return config_digest;
	if (image_ref_parse(a, name, &parsed, NULL) < 0)
		return digest;
	return arena_printf(a, STR_FMT "/" STR_FMT "@" STR_FMT, STR_ARG(parsed.domain),
		STR_ARG(parsed.path), STR_ARG(digest));
}

/* --- writing ----------------------------------------------------------------------------- */

static void config_put(struct json_writer *w, const struct image_config *c)
{
	json_key(w, "config");
	json_open(w, '{');
	json_field_given(w, "architecture", c->architecture);
	json_field_given(w, "os", c->os);
	json_field_list(w, "Entrypoint", c->entrypoint, c->n_entrypoint);
	json_field_list(w, "Cmd", c->cmd, c->n_cmd);
	json_field_list(w, "Env", c->env, c->n_env);
	json_field_given(w, "User", c->user);
	json_field_given(w, "WorkingDir", c->working_dir);
	json_close(w, '}');
}

void image_lock_print(const struct image_lock_entry *entries, size_t n, struct buf *out)
{
	struct json_writer w;

	json_writer_init(&w, out, 2);
	json_open(&w, '{');
	json_fieldz(&w, "apiVersion", LOCK_VERSION);
	json_fieldz(&w, "kind", LOCK_KIND);
	json_key(&w, "images");
	json_open(&w, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(&w, '{');
		json_field(&w, "ref", entries[i].ref);
		json_field(&w, "name", entries[i].name);
		json_field_given(&w, "digest", entries[i].digest);
		json_field_given(&w, "imageID", entries[i].config_digest);
		config_put(&w, &entries[i].config);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_close(&w, '}');
	buf_addc(out, '\n');
}
