/* SPDX-License-Identifier: Apache-2.0 */
/* Mounted objects as documents. */
#include "objects.h"

#include <base/base64.h>
#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <base/path.h>
#include <base/vec.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* The API server keeps no more than MIB in one object. */
enum { OBJECTS_MAX = 10000, KEYS_MAX = 10000, TEXT_BYTES = 4 * MIB };

struct reading {
	struct arena *arena;
	struct str dir; /* as named, for messages */
	int dfd;
	const struct json *meta; /* of Secrets; may be NULL */
	VEC(struct spec_input) inputs;
};

struct entry {
	struct str key, value;
};
typedef VEC(struct entry) entry_vec;

/* --- files ------------------------------------------------------------------------------- */

/* Names in a directory that are not the kubelet's own; none when it is not there. */
static int names_of(struct reading *r, const char *path, size_t max, struct str **ret,
	size_t *ret_n, struct err *err)
{
	int fd cleanup_fd = openat(r->dfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	size_t n;

	*ret_n = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "open '%s'", path);
	if (dir_list(r->arena, fd, max, ret, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!str_starts((*ret)[i], STR("..")))
			(*ret)[(*ret_n)++] = (*ret)[i];
	return 0;
}

static int entries_read(
	struct reading *r, const char *path, entry_vec *entries, struct err *err)
{
	struct str *keys;
	size_t n;

	if (names_of(r, path, KEYS_MAX, &keys, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct entry e = {.key = keys[i]};
		struct str file = path_join(r->arena, str_z(path), keys[i]);

		if (file_read(r->arena, r->dfd, str_c(file), MIB, &e.value, err))
			return err_wrap(err, "'%s'", str_c(file));
		vec_push(entries, e);
	}
	return 0;
}

/* --- documents --------------------------------------------------------------------------- */

/* What Kubernetes itself would call such a Secret when nobody says. */
static const char *type_of(const entry_vec *entries)
{
	for (size_t i = 0; i < entries->n; i++) {
		if (str_eqz(entries->p[i].key, ".dockerconfigjson"))
			return "kubernetes.io/dockerconfigjson";
		if (str_eqz(entries->p[i].key, ".dockercfg"))
			return "kubernetes.io/dockercfg";
	}
	return "Opaque";
}

static void put_entries(const entry_vec *entries, struct json_writer *w)
{
	for (size_t i = 0; i < entries->n; i++) {
		struct buf text cleanup_buf = {0};

		buf_init(&text, TEXT_BYTES);
		base64_add(&text, entries->p[i].value, true);
		json_keys(w, entries->p[i].key);
		json_put_str(w, buf_str(&text));
	}
}

static bool is_text(struct str s)
{
	return str_utf8_valid(s) && str_chr(s, '\0') < 0;
}

/* Texts of a ConfigMap can be variables, its other bytes cannot: the same choice as kubectl's.
 */
static void put_config_map(const entry_vec *entries, struct json_writer *w)
{
	entry_vec binary = {0};

	json_key(w, "data");
	json_open(w, '{');
	for (size_t i = 0; i < entries->n; i++) {
		if (is_text(entries->p[i].value)) {
			json_keys(w, entries->p[i].key);
			json_put_str(w, entries->p[i].value);
		} else {
			vec_push(&binary, entries->p[i]);
		}
	}
	json_close(w, '}');
	json_key(w, "binaryData");
	json_open(w, '{');
	put_entries(&binary, w);
	json_close(w, '}');
	vec_release(&binary);
}

static void put_secret(const entry_vec *entries, const struct json *meta, struct json_writer *w)
{
	struct str type = json_str(json_get(meta, "type"));

	json_field(w, "type", type.n ? type : str_z(type_of(entries)));
	json_key(w, "data");
	json_open(w, '{');
	put_entries(entries, w);
	json_close(w, '}');
}

static struct str document(struct arena *a, const char *kind, struct str name,
	const entry_vec *entries, const struct json *meta)
{
	struct buf text cleanup_buf = {0};
	const bool is_secret = kind[0] == 'S';
	struct json_writer w;

	buf_init(&text, BOUND_YAML_BYTES);
	json_writer_init(&w, &text, 0);
	json_open(&w, '{');
	json_fieldz(&w, "apiVersion", "v1");
	json_fieldz(&w, "kind", kind);
	json_key(&w, "metadata");
	json_open(&w, '{');
	json_field(&w, "name", name);
	if (json_get(meta, "annotations")) {
		json_key(&w, "annotations");
		json_put(&w, json_get(meta, "annotations"));
	}
	json_close(&w, '}');
	if (is_secret)
		put_secret(entries, meta, &w);
	else
		put_config_map(entries, &w);
	json_close(&w, '}');
	return text.full ? STR_NONE : arena_str(a, buf_str(&text));
}

/* --- a directory of them ----------------------------------------------------------------- */

static int object_read(struct reading *r, const char *folder, const char *kind, struct str name,
	struct err *err)
{
	struct str path = arena_printf(r->arena, "%s/" STR_FMT, folder, STR_ARG(name));
	const struct json *meta = kind[0] == 'S' ? json_get(r->meta, str_c(name)) : NULL;
	entry_vec entries = {0};
	struct spec_input in = {.name = path_join(r->arena, r->dir, path)};
	int rc = entries_read(r, str_c(path), &entries, err);

	if (rc == 0 && entries.n) {
		in.text = document(r->arena, kind, name, &entries, meta);
		if (in.text.n)
			vec_push(&r->inputs, in);
		else
			rc = err_set(
				err, ERR_LIMIT, "'%s' is too large for an object", str_c(path));
	}
	vec_release(&entries);
	return rc;
}

static int folder_read(struct reading *r, const char *folder, const char *kind, struct err *err)
{
	struct str *names;
	size_t n;

	if (names_of(r, folder, OBJECTS_MAX, &names, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (object_read(r, folder, kind, names[i], err))
			return -1;
	return 0;
}

static int meta_read(struct reading *r, struct err *err)
{
	struct str text;
	struct json *v;

	if (faccessat(r->dfd, "secrets.meta", F_OK, 0) < 0)
		return 0;
	if (file_read(r->arena, r->dfd, "secrets.meta", MIB, &text, err) ||
		json_parse(r->arena, text, MIB, &v, err))
		return err_wrap(err, "'secrets.meta'");
	r->meta = v;
	return 0;
}

int objects_read(struct arena *a, struct str dir, struct spec_input **ret, size_t *ret_n,
	struct err *err)
{
	struct reading r = {.arena = a, .dir = dir};
	int dfd cleanup_fd = dir_open(AT_FDCWD, str_c(dir), err);
	int rc = dfd < 0 ? -1 : 0;

	r.dfd = dfd;
	if (rc == 0)
		rc = meta_read(&r, err) || folder_read(&r, "configmaps", "ConfigMap", err) ||
				     folder_read(&r, "secrets", "Secret", err)
			     ? -1
			     : 0;
	*ret = vec_freeze(&r.inputs, a);
	*ret_n = r.inputs.n;
	vec_release(&r.inputs);
	return rc == 0 ? 0 : err_wrap_as(err, ERR_USAGE, "objects in '%s'", str_c(dir));
}
