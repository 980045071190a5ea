/* SPDX-License-Identifier: Apache-2.0 */
/* Making what many steps see. */
#include "shared.h"

#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <unistd.h>

#define SHARED_DIR ".shared" /* no task run's name begins with a dot */

enum { MODE_DIR = 0755, MODE_FILE = 0644, MODE_TERMINATION = 0666, KEY_BYTES = 1 << 20 };

void shared_init(struct shared *s, const struct rundir *rundir, const struct id_map *map,
	bool has_resolv_conf)
{
	*s = (struct shared){.arena = arena_new(),
		.rundir = rundir,
		.owned = owned_by_root_of(map),
		.has_resolv_conf = has_resolv_conf,
		.dfd = -1,
		.points_dfd = -1};
}

void shared_release(struct shared *s)
{
	struct shared_tree *t;

	if (!s->arena)
		return;
	vec_foreach (t, &s->trees)
		fd_close(&t->dfd);
	vec_release(&s->trees);
	fd_close(&s->points_dfd);
	fd_close(&s->dfd);
	arena_free(s->arena);
	s->arena = NULL;
}

static int shared_new(struct shared *s, const char *what, struct err *err)
{
	struct owned mine = {0};
	struct str name = arena_printf(s->arena, "%s-%zu", what, s->n_made++);

	if (s->dfd < 0)
		s->dfd = owned_dir(&mine, s->rundir->layers_dfd, SHARED_DIR, 0700, err);
	return s->dfd < 0 ? -1 : owned_dir(&s->owned, s->dfd, str_c(name), MODE_DIR, err);
}

static int dirs_make(
	const struct owned *o, int dfd, const char *const *names, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (owned_dir_make(o, dfd, names[i], MODE_DIR, err))
			return -1;
	}
	return 0;
}

/* --- mount points ------------------------------------------------------------------------ */

static int points_fill(const struct shared *s, int dfd, struct err *err)
{
	static const char *const dirs[] = {"dev", "proc", "tekton", "workspace"};
	static const char *const files[] = {"hostname", "hosts", "resolv.conf"};
	int etc_fd cleanup_fd = owned_dir(&s->owned, dfd, "etc", MODE_DIR, err);

	if (etc_fd < 0 || dirs_make(&s->owned, dfd, dirs, ARRAY_SIZE(dirs), err))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(files) - !s->has_resolv_conf; i++) {
		if (owned_file(&s->owned, etc_fd, files[i], STR_NONE, MODE_FILE, err))
			return -1;
	}
	return 0;
}

int shared_points(struct shared *s, struct err *err)
{
	int dfd cleanup_fd = -1;

	if (s->points_dfd >= 0)
		return s->points_dfd;
	dfd = shared_new(s, "points", err);
	if (dfd < 0 || points_fill(s, dfd, err))
		return -1;
	s->points_dfd = fd_take(&dfd);
	return s->points_dfd;
}

/* --- /tekton ------------------------------------------------------------------------------ */

static int tekton_link(int steps_dfd, size_t index, struct str name, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str number = arena_printf(a, "%zu", index);
	struct str link = arena_printf(a, "step-" STR_FMT, STR_ARG(name));
	struct str target = arena_printf(a, "/tekton/run/%zu/status", index);

	if (symlinkat(str_c(target), steps_dfd, str_c(number)) < 0 ||
		symlinkat(str_c(target), steps_dfd, str_c(link)) < 0)
		return err_sys(err, "link '%s'", str_c(link));
	return 0;
}

static int tekton_fill(
	const struct shared *s, const struct task_launch *l, int dfd, struct err *err)
{
	static const char *const parts[] = {"artifacts", "bin", "creds", "home", "results",
		"run", "scripts", "creds-secrets"};
	static const char *const debug_parts[] = {"debug", "debug/info", "debug/scripts"};
	const size_t n_parts = ARRAY_SIZE(parts) - !l->has_credentials;
	int steps_fd cleanup_fd = owned_dir(&s->owned, dfd, "steps", MODE_DIR, err);

	if (steps_fd < 0 || dirs_make(&s->owned, dfd, parts, n_parts, err))
		return -1;
	for (size_t i = 0; i < l->n_steps; i++) {
		if (tekton_link(steps_fd, l->steps[i].index, l->steps[i].name, err))
			return -1;
	}
	if (l->n_steps == 1 && owned_dir_make(&s->owned, dfd, "run/0", MODE_DIR, err))
		return -1;
	if (l->has_breakpoints &&
		dirs_make(&s->owned, dfd, debug_parts, ARRAY_SIZE(debug_parts), err))
		return -1;
	/* where a file is bound, a file must be */
	return owned_file(&s->owned, dfd, "termination", STR_NONE, MODE_TERMINATION, err);
}

/* The names of the steps, in order, and which directories more there are: all that a tree
 * depends on. */
static struct str tekton_key(const struct task_launch *l, struct arena *a)
{
	struct buf b attr_cleanup(buf_release) = {0};

	buf_init(&b, KEY_BYTES);
	if (l->has_credentials)
		buf_addz(&b, "credentials\n");
	if (l->has_breakpoints)
		buf_addz(&b, "debug\n");
	for (size_t i = 0; i < l->n_steps; i++)
		buf_addf(&b, "%zu " STR_FMT "\n", l->steps[i].index, STR_ARG(l->steps[i].name));
	BUG_ON(b.full);
	return arena_str(a, buf_str(&b));
}

int shared_tekton(struct shared *s, const struct task_launch *l, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str key = tekton_key(l, a);
	struct shared_tree *t;
	int dfd cleanup_fd = -1;

	vec_foreach (t, &s->trees) {
		if (str_eq(t->key, key))
			return t->dfd;
	}
	dfd = shared_new(s, "tekton", err);
	if (dfd < 0 || tekton_fill(s, l, dfd, err))
		return -1;
	vec_push(&s->trees,
		((struct shared_tree){.key = arena_str(s->arena, key), .dfd = fd_take(&dfd)}));
	return s->trees.p[s->trees.n - 1].dfd;
}
