/* SPDX-License-Identifier: Apache-2.0 */
/* `image lock`: what the images of a pipeline are, and how they are run, as a file. */
#include "cmd_image_lock.h"

#include "image_files.h"
#include "input.h"
#include "trial.h"

#include <base/bounds.h>
#include <base/diag.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/log.h>
#include <base/vec.h>
#include <fcntl.h>
#include <unistd.h>

enum { LOCK_MODE = 0666 };

struct locking {
	struct arena *arena;
	struct store *store;
	struct image_map *map;
	struct spec *spec;
	struct map seen;
	VEC(struct image_lock_entry) entries;
};

/* One reference; false: it is nowhere, and a diagnostic says so. */
static bool lock_image(struct locking *l, const struct image_use *use)
{
	struct image_target target = {.kind = TARGET_REF, .value = use->image};
	struct image *img;
	struct err err = {0};

	if (map_has(&l->seen, use->image))
		return true;
	(void)map_set(&l->seen, use->image, l);
	(void)image_map_find(l->map, use->image, &target);
	if (target.kind != TARGET_REF) {
		log_warn("image '" STR_FMT "' is mapped to a place of this machine: it is not "
			 "in the lock",
			STR_ARG(use->image));
		return true;
	}
	if (store_find(l->store, l->arena, target.value, &img, &err)) {
		(void)diag_add(
			l->spec->diags, DIAG_ERROR, "image-missing", use->pos, "%s", err.msg);
		return false;
	}
	vec_push(&l->entries, ((struct image_lock_entry){.ref = use->image,
				      .name = img->ref,
				      .digest = img->manifest_digest,
				      .config_digest = img->config_digest,
				      .config = img->config}));
	return true;
}

static bool lock_run(struct locking *l, const struct agent *agent)
{
	struct image_use *uses;
	bool all = true;
	size_t n;

	agent_images(agent, l->arena, &uses, &n);
	for (size_t i = 0; i < n; i++)
		all = lock_image(l, &uses[i]) && all;
	return all;
}

/* -1: fine; else the exit code, and everything is told. */
static int lock_runs(struct locking *l, const struct options *o)
{
	const struct run_ref **runs;
	bool all = true;
	size_t n;
	int code = input_open(o, l->arena, &l->spec, &runs, &n);

	if (code >= 0)
		return code;
	for (size_t i = 0; i < n; i++) {
		struct agent *agent = trial_new(o, l->arena, l->spec, runs[i]);

		all = lock_run(l, agent) && all;
		agent_free(agent);
	}
	if (diags_has_errors(l->spec->diags, DIAG_RUN))
		return input_refuse_diags(o, l->spec->diags, EXIT_INPUT);
	if (!all)
		return input_refuse_diags(o, l->spec->diags, EXIT_PLACE);
	input_warn(o, l->spec->diags);
	return -1;
}

static int lock_write(const struct options *o, const struct buf *text, struct err *err)
{
	if (text->full)
		return err_set(err, ERR_LIMIT, "the lock file has more than %d bytes",
			BOUND_LOCK_BYTES);
	if (!o->image_lock.n)
		return fd_write_all(STDOUT_FILENO, text->p, text->n, err);
	if (file_write_atomic(AT_FDCWD, str_c(o->image_lock), buf_str(text), LOCK_MODE, err))
		return err_wrap(err, "write image lock '%s'", str_c(o->image_lock));
	return 0;
}

/* The lock is of what is there, not of what an earlier lock says. */
int cmd_image_lock(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	struct locking l = {.arena = a};
	struct buf text cleanup_buf = {0};
	struct options named = *o;
	struct err err = {0};
	int code;

	map_init(&l.seen, a);
	buf_init(&text, BOUND_LOCK_BYTES);
	named.name = o->n_args > 1 ? o->args[1] : STR_NONE;
	if (image_files_map(o, a, &l.map, &err) || image_store_open(o, a, &l.store, &err))
		return input_refuse(o, &err);
	code = lock_runs(&l, &named);
	if (code < 0) {
		image_lock_print(l.entries.p, l.entries.n, &text);
		code = lock_write(o, &text, &err) ? input_refuse(o, &err) : EXIT_RUN_OK;
	}
	vec_release(&l.entries);
	store_close(l.store);
	return code;
}
