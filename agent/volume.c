/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources become what the entrypoint can make without knowing objects: ConfigMaps, Secrets and
 * projections are lists of files.
 */
#include "volume.h"

#include "expand.h"
#include <base/map.h>
#include <base/num.h>
#include <base/path.h>
#include <base/vec.h>

enum { MODE_FILE = 0644, MODE_BITS = 0777 };

/* --- files */

typedef VEC(struct launch_file) file_vec;

/* The API server looks at the text alone (validateLocalDescendingPath): a/../b is refused, too.
 */
static bool leads_out(struct str path)
{
	struct str name;

	if (str_starts(path, STR("/")))
		return true;
	while (str_cut(path, '/', &name, &path)) {
		if (str_eqz(name, ".."))
			return true;
	}
	return str_eqz(path, "..");
}

static uint32_t mode_of(struct maybe_int own, struct maybe_int all)
{
	int64_t mode = own.pos.line ? own.v : all.pos.line ? all.v : MODE_FILE;

	return (uint32_t)mode & MODE_BITS;
}

/* A later file of the same path takes the place of the earlier one. */
static int add_file(struct arena *a, file_vec *files, struct launch_file file, struct err *err)
{
	struct str clean = path_clean(a, file.path);

	if (!file.path.n || str_eqz(clean, ".") || leads_out(file.path))
		return err_set(err, ERR_SPEC, "path \"%.*s\" leads out of its volume",
			STR_ARG(file.path));
	if (str_starts(file.path, STR("..")))
		return err_set(err, ERR_SPEC, "path \"%.*s\": must not start with '..'",
			STR_ARG(file.path));
	file.path = clean;
	for (size_t i = 0; i < files->n; i++) {
		if (str_eq(files->p[i].path, clean)) {
			files->p[i] = file;
			return 0;
		}
	}
	vec_push(files, file);
	return 0;
}

static int add_items(struct arena *a, const struct volume_source *s,
	const struct data_object *o, file_vec *files, struct err *err)
{
	for (size_t i = 0; i < s->n_items; i++) {
		const struct key_to_path *item = &s->items[i];
		const struct data_entry *e = data_find(o, item->key.s);
		struct launch_file f = {.path = item->path.s, .is_secret = o->is_secret};

		if (!e && s->optional.v)
			continue;
		if (!e)
			return err_set(err, ERR_NOT_FOUND,
				"references non-existent %s key: %.*s",
				o->is_secret ? "secret" : "config", STR_ARG(item->key.s));
		f.value = e->value;
		f.mode = mode_of(item->mode, s->default_mode);
		if (add_file(a, files, f, err))
			return -1;
	}
	return 0;
}

/* All keys, or those that are named. */
static int add_object(const struct volume_context *c, const struct volume_source *s,
	file_vec *files, struct err *err)
{
	bool secret = s->kind == VOLUME_SECRET;
	const struct map *map =
		secret ? &c->spec->secret_by_name : &c->spec->config_map_by_name;
	const struct data_object *o = map_get(map, s->object_name.s);

	if (!o && s->optional.v)
		return 0;
	if (!o)
		return err_set(err, ERR_NOT_FOUND, "%s \"%.*s\" not found",
			secret ? "secret" : "configmap", STR_ARG(s->object_name.s));
	if (s->n_items)
		return add_items(c->arena, s, o, files, err);
	for (size_t i = 0; i < o->n_data; i++) {
		struct launch_file f = {.path = o->data[i].key,
			.value = o->data[i].value,
			.mode = mode_of((struct maybe_int){0}, s->default_mode),
			.is_secret = secret};

		if (add_file(c->arena, files, f, err))
			return -1;
	}
	return 0;
}

static int add_downward(const struct volume_context *c, const struct volume_source *s,
	file_vec *files, struct err *err)
{
	for (size_t i = 0; i < s->n_files; i++) {
		const struct downward_item *item = &s->files[i];
		struct launch_file f = {
			.path = item->path.s, .mode = mode_of(item->mode, s->default_mode)};
		int rc = item->field.pos.line
				 ? pod_field(c->arena, c->facts, &item->field, &f.value)
				 : pod_resource(c->arena, c->facts, &item->resource, SIZE_MAX,
					   &f.value, err);

		if (rc < 0 || add_file(c->arena, files, f, err))
			return -1;
	}
	return 0;
}

static int add_source(const struct volume_context *c, const struct volume_source *s,
	file_vec *files, struct err *err)
{
	return s->kind == VOLUME_DOWNWARD_API ? add_downward(c, s, files, err)
					      : add_object(c, s, files, err);
}

static struct str path_of(const struct volume_source *s, size_t i)
{
	return s->kind == VOLUME_DOWNWARD_API ? s->files[i].path.s : s->items[i].path.s;
}

static size_t n_paths(const struct volume_source *s)
{
	return s->kind == VOLUME_DOWNWARD_API ? s->n_files : s->n_items;
}

/* Of paths that are given, not of keys that are taken whole; as the API server compares them.
 */
static int check_paths(struct arena *a, const struct volume_source *s, struct err *err)
{
	struct map seen;

	map_init(&seen, a);
	for (size_t i = 0; i < s->n_sources; i++)
		for (size_t k = 0; k < n_paths(&s->sources[i]); k++)
			if (!map_set(&seen, path_of(&s->sources[i], k), &s->sources[i]))
				return err_set(err, ERR_SPEC,
					"projected: conflicting duplicate paths: \"%.*s\"",
					STR_ARG(path_of(&s->sources[i], k)));
	return 0;
}

/* The mode of a projection is that of all its sources. */
static int add_sources(const struct volume_context *c, const struct volume_source *s,
	file_vec *files, struct err *err)
{
	if (check_paths(c->arena, s, err))
		return -1;
	for (size_t i = 0; i < s->n_sources; i++) {
		struct volume_source one = s->sources[i];

		one.default_mode = s->default_mode;
		if (add_source(c, &one, files, err))
			return -1;
	}
	return 0;
}

static int make_files(const struct volume_context *c, const struct volume_source *s,
	struct launch_volume *ret, struct err *err)
{
	file_vec files = {0};
	int rc = s->kind == VOLUME_PROJECTED ? add_sources(c, s, &files, err)
					     : add_source(c, s, &files, err);

	ret->kind = LAUNCH_FILES;
	ret->read_only = true;
	for (size_t i = 0; i < files.n; i++)
		ret->is_secret |= files.p[i].is_secret;
	ret->files = vec_freeze(&files, c->arena);
	ret->n_files = files.n;
	vec_release(&files);
	return rc;
}

/* --- the others */

static void make_empty_dir(const struct volume_source *s, struct launch_volume *ret)
{
	ret->kind = LAUNCH_EMPTY_DIR;
	ret->is_memory = str_eqz(s->medium.s, "Memory");
	if (s->size_limit.s.n &&
		num_quantity(s->size_limit.s, &ret->size_limit_bytes, NULL) < 0)
		ret->size_limit_bytes = 0; /* refused when the input was read */
}

int volume_make(const struct volume_context *c, const struct volume_source *s,
	struct launch_volume *ret, struct err *err)
{
	*ret = (struct launch_volume){0};
	switch (s->kind) {
	case VOLUME_NONE:
	case VOLUME_EMPTY_DIR:
		make_empty_dir(s, ret);
		return 0;
	case VOLUME_CLAIM:
	case VOLUME_CLAIM_TEMPLATE:
		ret->kind = s->kind == VOLUME_CLAIM ? LAUNCH_CLAIM : LAUNCH_CLAIM_TEMPLATE;
		ret->claim = s->claim_name.s;
		ret->read_only = s->read_only.v;
		return 0;
	case VOLUME_CONFIG_MAP:
	case VOLUME_SECRET:
	case VOLUME_PROJECTED:
	case VOLUME_DOWNWARD_API:
		return make_files(c, s, ret, err);
	case VOLUME_HOST_PATH:
		ret->kind = LAUNCH_HOST_PATH;
		ret->dir = path_clean(c->arena, s->host_path.s);
		ret->dir_type = s->host_path_type.s;
		return 0;
	case VOLUME_IMAGE:
		ret->kind = LAUNCH_IMAGE;
		ret->image = s->image.s;
		ret->read_only = true;
		return 0;
	case VOLUME_REFUSED:
		break;
	}
	return err_set(err, ERR_SPEC, "a volume of this kind is not supported");
}

int volume_expand(struct arena *a, struct str text, const struct env_entry *env, size_t n_env,
	struct str *ret, struct err *err)
{
	struct str missing = expand_missing(text, env, n_env);

	if (missing.n)
		return err_set(
			err, ERR_NOT_FOUND, "missing value for \"%.*s\"", STR_ARG(missing));
	*ret = expand_text(a, text, env, n_env);
	return 0;
}

int volume_sub_path(struct arena *a, struct str sub_path, struct str *ret, struct err *err)
{
	struct str clean = sub_path.n ? path_clean(a, sub_path) : STR_NONE;

	if (leads_out(sub_path))
		return err_set(err, ERR_SPEC, "subPath \"%.*s\" leads out of its volume",
			STR_ARG(sub_path));
	*ret = str_eqz(clean, ".") ? STR_NONE : clean;
	return 0;
}
