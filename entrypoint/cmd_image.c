/* SPDX-License-Identifier: Apache-2.0 */
/* `image`: the store from the command line. One function for each action, chosen from a table.
 */
#include "cmd.h"
#include "cmd_image_lock.h"
#include "input.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/json.h>
#include <base/path.h>
#include <monopod/images.h>
#include <unistd.h>

struct image_action {
	const char *name;
	size_t min_words, max_words; /* after the action itself */
	const char *usage;
	/* NULL: lock, which has problems with places to tell */
	int (*fn)(const struct options *o, struct arena *a, struct store *s, struct buf *out,
		struct err *err);
};

static bool is_json(const struct options *o)
{
	return o->output == OUTPUT_JSON;
}

static void entries_print(const struct options *o, struct arena *a, const struct store_entry *e,
	size_t n, struct buf *out)
{
	struct json_writer w;
	if (!is_json(o)) {
		for (size_t i = 0; i < n; i++)
			buf_addf(out, STR_FMT "  " STR_FMT "  %llu bytes\n", STR_ARG(e[i].ref),
				STR_ARG(e[i].manifest_digest),
				(unsigned long long)e[i].size_bytes);
		return;
	}
	json_writer_init(&w, out, 2);
	json_open(&w, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(&w, '{');
		json_field(&w, "ref", e[i].ref);
		json_field(&w, "digest", e[i].manifest_digest);
		json_field_int(&w, "size", (int64_t)e[i].size_bytes);
		if (e[i].created_wall_ns)
			json_field(&w, "created", clock_rfc3339(a, e[i].created_wall_ns));
		json_close(&w, '}');
	}
	json_close(&w, ']');
	buf_addc(out, '\n');
}

static int action_list(const struct options *o, struct arena *a, struct store *s,
	struct buf *out, struct err *err)
{
	struct store_entry *e;
	size_t n;
	if (store_list(s, a, &e, &n, err))
		return -1;
	entries_print(o, a, e, n, out);
	return 0;
}

static int action_import(const struct options *o, struct arena *a, struct store *s,
	struct buf *out, struct err *err)
{
	struct store_entry *e;
	size_t n;
	struct str path;
	if (path_absolute(a, o->args[1], &path, err) ||
		store_import(s, a, path, o->n_args > 2 ? o->args[2] : STR_NONE, &e, &n, err))
		return -1;
	entries_print(o, a, e, n, out);
	return 0;
}

static int action_remove(const struct options *o, struct arena *a, struct store *s,
	struct buf *out, struct err *err)
{
	struct json_writer w;
	(void)a;
	if (store_remove(s, o->args[1], err))
		return -1;
	if (!is_json(o)) {
		buf_addf(out, "removed " STR_FMT "\n", STR_ARG(o->args[1]));
		return 0;
	}
	json_writer_init(&w, out, 2);
	json_open(&w, '{');
	json_field(&w, "removed", o->args[1]);
	json_close(&w, '}');
	buf_addc(out, '\n');
	return 0;
}

static void strings_put(struct json_writer *w, const char *key, const struct str *s, size_t n)
{
	json_key(w, key);
	json_open(w, '[');
	for (size_t i = 0; i < n; i++)
		json_put_str(w, s[i]);
	json_close(w, ']');
}

static int action_inspect(const struct options *o, struct arena *a, struct store *s,
	struct buf *out, struct err *err)
{
	struct image *img;
	struct json_writer w;
	if (store_find(s, a, o->args[1], &img, err))
		return -1;
	json_writer_init(&w, out, 2);
	json_open(&w, '{');
	json_field(&w, "ref", img->ref);
	json_field(&w, "manifestDigest", img->manifest_digest);
	json_field(&w, "configDigest", img->config_digest);
	json_field(&w, "os", img->config.os);
	json_field(&w, "architecture", img->config.architecture);
	strings_put(&w, "entrypoint", img->config.entrypoint, img->config.n_entrypoint);
	strings_put(&w, "cmd", img->config.cmd, img->config.n_cmd);
	strings_put(&w, "env", img->config.env, img->config.n_env);
	json_field(&w, "user", img->config.user);
	json_field(&w, "workingDir", img->config.working_dir);
	json_key(&w, "layers");
	json_open(&w, '[');
	for (size_t i = 0; i < img->n_layers; i++) {
		json_open(&w, '{');
		json_field(&w, "digest", img->layers[i].digest);
		json_field(&w, "mediaType", img->layers[i].media_type);
		json_field_int(&w, "size", (int64_t)img->layers[i].size);
		json_field(&w, "diffID", img->layers[i].diff_id);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	json_close(&w, '}');
	buf_addc(out, '\n');
	return 0;
}

/* An option that is a JSON array of strings. */
static int strings_read(struct arena *a, const char *option, struct str text, struct str **ret,
	size_t *ret_n, struct err *err)
{
	struct json *v;
	size_t n = 0;
	if (text.n == 0)
		return 0;
	if (json_parse(a, text, MIB, &v, err))
		return err_wrap_as(err, ERR_USAGE, "option '--%s'", option);
	if (v->kind != JSON_ARRAY)
		return err_set(err, ERR_USAGE,
			"option '--%s': expected a JSON array of strings", option);
	*ret = arena_new_array(a, struct str, v->n_children);
	json_foreach (it, v) {
		if (it->kind != JSON_STRING)
			return err_set(err, ERR_USAGE,
				"option '--%s': expected strings in the array", option);
		(*ret)[n++] = it->text;
	}
	*ret_n = n;
	return 0;
}

static int action_pack(const struct options *o, struct arena *a, struct store *s,
	struct buf *out, struct err *err)
{
	struct pack_options p = {
		.ref = o->pack_tag,
		.output = o->pack_layout,
		.env = o->pack_env,
		.n_env = o->n_pack_env,
		.user = o->pack_user,
		.working_dir = o->pack_workdir,
	};
	struct json_writer w;
	struct str digest;
	if (p.ref.n == 0)
		return err_set(err, ERR_USAGE, "image pack: expected --tag REF");
	if (path_absolute(a, o->args[1], &p.dir, err) ||
		strings_read(a, "entrypoint", o->pack_entrypoint, &p.entrypoint,
			&p.n_entrypoint, err) ||
		strings_read(a, "cmd", o->pack_cmd, &p.cmd, &p.n_cmd, err) ||
		image_pack(a, s, &p, &digest, err))
		return -1;
	if (!is_json(o)) {
		buf_addf(out, STR_FMT "  " STR_FMT "\n", STR_ARG(p.ref), STR_ARG(digest));
		return 0;
	}
	json_writer_init(&w, out, 2);
	json_open(&w, '{');
	json_field(&w, "ref", p.ref);
	json_field(&w, "digest", digest);
	json_close(&w, '}');
	buf_addc(out, '\n');
	return 0;
}

static const struct image_action actions[] = {
	{"list", 0, 0, "image list", action_list},
	{"import", 1, 2, "image import PATH [REF]", action_import},
	{"inspect", 1, 1, "image inspect REF", action_inspect},
	{"remove", 1, 1, "image remove REF", action_remove},
	{"pack", 1, 1, "image pack DIR --tag REF", action_pack},
	{"lock", 0, 1, "image lock -f PATH... [NAME]", NULL},
};

static bool has_input(const struct options *o)
{
	return o->n_files || o->n_params || o->n_workspaces || o->n_host_paths ||
	       o->n_image_maps || o->n_image_map_files || o->image_lock.n;
}

/* Options of pack and lock mean nothing elsewhere, so they are refused there. */
static int action_check(
	const struct options *o, const struct image_action *action, struct err *err)
{
	bool has_pack = o->pack_tag.n || o->pack_layout.n || o->pack_entrypoint.n ||
			o->pack_cmd.n || o->n_pack_env || o->pack_user.n || o->pack_workdir.n;
	size_t n_words = o->n_args - 1;
	if (n_words < action->min_words || n_words > action->max_words)
		return err_set(err, ERR_USAGE,
			"image %s: wrong number of words; usage: monopod %s", action->name,
			action->usage);
	if (has_pack && action->fn != action_pack)
		return err_set(err, ERR_USAGE,
			"image %s: --tag, --layout, --entrypoint, --cmd, --env, --user and "
			"--workdir belong to 'image pack'",
			action->name);
	if (has_input(o) && action->fn)
		return err_set(err, ERR_USAGE,
			"image %s: -f, -p, -w, --allow-host-path, --image-map, "
			"--image-map-file and --image-lock belong to 'image lock'",
			action->name);
	if (o->n_images && action->fn && action->fn != action_inspect)
		return err_set(err, ERR_USAGE,
			"image %s: --images belongs to 'image inspect' and 'image lock'; this "
			"is about the store",
			action->name);
	return 0;
}

static const struct image_action *action_find(const struct options *o, struct err *err)
{
	if (o->n_args == 0) {
		err_set(err, ERR_USAGE,
			"image: expected list, import, inspect, remove, pack or lock; see "
			"'monopod help image'");
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (!str_eqz(o->args[0], actions[i].name))
			continue;
		return action_check(o, &actions[i], err) ? NULL : &actions[i];
	}
	err_set(err, ERR_USAGE,
		"image: '" STR_FMT
		"' is not known: expected list, import, inspect, remove, pack or lock",
		STR_ARG(o->args[0]));
	return NULL;
}

int image_store_open(
	const struct options *o, struct arena *a, struct store **ret, struct err *err)
{
	struct store *s;

	if (store_open(a, options_store_dir(o, a), &s, err))
		return -1;
	for (size_t i = 0; i < o->n_images; i++) {
		if (store_add_source(s, o->images[i], err)) {
			store_close(s);
			return -1;
		}
	}
	*ret = s;
	return 0;
}

/* Packing into a layout needs no store; everything else does. */
static int action_run(const struct options *o, const struct image_action *action,
	struct arena *a, struct buf *out, struct err *err)
{
	struct store *s = NULL;
	int r;
	if (action->fn == action_pack && o->pack_layout.n)
		return action->fn(o, a, NULL, out, err);
	if (image_store_open(o, a, &s, err))
		return -1;
	r = action->fn(o, a, s, out, err);
	store_close(s);
	return r;
}

int cmd_image(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	cleanup_buf struct buf out;
	struct err err = {0};
	const struct image_action *action = action_find(o, &err);
	buf_init(&out, 64 * (size_t)MIB);
	if (action && !action->fn)
		return cmd_image_lock(o);
	if (!action || action_run(o, action, a, &out, &err) ||
		fd_write_all(STDOUT_FILENO, out.p, out.n, &err))
		return input_refuse(o, &err);
	return EXIT_RUN_OK;
}
