/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding monopod's own directories below one of the caller's. Directories are compared, not
 * names: the caller may have come to his by another way.
 */
#include "hide.h"

#include <base/fd.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HIDE_ALL_RUNS ".monopod" /* "runs" in it is rundir.c's default place */

/* Other runs lie beside this one, or where it would have been by default. */
struct hide_paths hide_paths_of(struct arena *a, struct str run_path, struct str store_path)
{
	struct hide_paths h = {.paths = {STR_NONE, run_path, store_path}};
	struct str runs = path_dir(a, run_path);

	if (str_ends(runs, STR("/" HIDE_ALL_RUNS "/runs")))
		h.paths[0] = path_dir(a, runs);
	else if (access(HIDE_ALL_RUNS, F_OK) == 0 &&
		 path_absolute(a, STR(HIDE_ALL_RUNS), &h.paths[0], NULL))
		h.paths[0] = STR_NONE;
	return h;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

ptrdiff_t hide_prefix(struct str path, const struct stat *dir)
{
	struct arena *a cleanup_arena = arena_new();
	struct stat st;

	if (stat("/", &st) == 0 && is_same(&st, dir))
		return 0;
	for (size_t i = 1; i <= path.n; i++) {
		if (i < path.n && path.p[i] != '/')
			continue;
		if (stat(str_c(arena_strn(a, path.p, i)), &st) == 0 && is_same(&st, dir))
			return (ptrdiff_t)i;
	}
	return -1;
}

static struct str real_path(struct arena *a, struct str path)
{
	char real[PATH_MAX];

	return path.n && realpath(str_c(path), real) ? arena_str(a, str_z(real)) : STR_NONE;
}

static const struct hidden_part *part_find(const hidden_vec *v, struct str rel)
{
	for (size_t i = 0; i < v->n; i++) {
		const struct hidden_part *p = &v->p[i];

		if (p->fd < 0 ? path_is_below(rel, p->rel) : str_eq(rel, p->rel))
			return p;
	}
	return NULL;
}

/*
 * A directory on the way. One of another owner than the caller's directory is covered whole: it
 * could not be bound with the owners that the step sees around it.
 */
static int part_add(int dfd, const struct stat *dir, struct str rel, bool is_end, hidden_vec *v,
	struct err *err)
{
	struct hidden_part part = {.rel = rel, .fd = -1};
	struct stat st;

	if (part_find(v, rel))
		return 0;
	if (!is_end) {
		part.fd =
			openat(dfd, str_c(rel), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (part.fd < 0 || fstat(part.fd, &st))
			return err_sys(err, "open '" STR_FMT "'", STR_ARG(rel));
		if (st.st_uid != dir->st_uid || st.st_gid != dir->st_gid)
			fd_close(&part.fd);
	}
	vec_push(v, part);
	return 0;
}

static int parts_add(struct arena *a, int dfd, const struct stat *dir, struct str rel,
	hidden_vec *v, struct err *err)
{
	for (size_t i = 1; i <= rel.n; i++)
		if ((i == rel.n || rel.p[i] == '/') &&
			part_add(dfd, dir, arena_strn(a, rel.p, i), i == rel.n, v, err))
			return -1;
	return 0;
}

/* Runs of whoever worked in that directory, wherever this one began. */
static int runs_add(int dfd, const struct stat *dir, hidden_vec *v, struct err *err)
{
	int fd cleanup_fd = path_open(dfd, HIDE_ALL_RUNS "/runs", O_PATH | O_DIRECTORY, 0,
		PATH_BENEATH | PATH_NO_LINKS, NULL);

	return fd < 0 ? 0 : part_add(dfd, dir, STR(HIDE_ALL_RUNS), true, v, err);
}

int hide_find(
	const struct hide_paths *h, struct arena *a, int dfd, hidden_vec *ret, struct err *err)
{
	struct stat dir;

	if (fstat(dfd, &dir))
		return err_sys(err, "stat a directory");
	for (size_t i = 0; i < HIDE_PATHS && S_ISDIR(dir.st_mode); i++) {
		struct str path = real_path(a, h->paths[i]);
		ptrdiff_t at = path.n ? hide_prefix(path, &dir) : -1;

		if (at < 0 || (size_t)at == path.n)
			continue;
		if (parts_add(a, dfd, &dir, str_slice(path, (size_t)at + 1, path.n), ret, err))
			return -1;
	}
	return S_ISDIR(dir.st_mode) ? runs_add(dfd, &dir, ret, err) : 0;
}

struct str hide_held(const struct hide_paths *h, struct arena *a, int dfd)
{
	struct stat dir;

	for (size_t i = 0; i < HIDE_PATHS && fstat(dfd, &dir) == 0; i++) {
		struct str path = real_path(a, h->paths[i]);

		if (path.n && hide_prefix(path, &dir) >= 0)
			return path;
	}
	return STR_NONE;
}

void hide_release(hidden_vec *v)
{
	struct hidden_part *p;

	vec_foreach (p, v)
		fd_close(&p->fd);
	vec_release(v);
}

bool hide_has(const struct hide_paths *h, int fd, bool or_past)
{
	struct arena *a cleanup_arena = arena_new();
	char path[PATH_MAX];
	ssize_t n =
		readlink(str_c(arena_printf(a, "/proc/self/fd/%d", fd)), path, sizeof(path));
	struct stat st;

	if (or_past && n > 0 &&
		str_has(arena_printf(a, "%.*s/", (int)n, path),
			STR("/" HIDE_ALL_RUNS "/runs/")))
		return true;
	for (size_t i = or_past ? 0 : 1; i < HIDE_PATHS && n > 0; i++)
		if (h->paths[i].n && stat(str_c(h->paths[i]), &st) == 0 &&
			hide_prefix(arena_strn(a, path, (size_t)n), &st) >= 0)
			return true;
	return false;
}
