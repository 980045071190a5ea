/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what steps left as results, as if it were a trap. */
#include "results_read.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char *result_kind_problem(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return NULL;
	case S_IFDIR:
		return "is a directory";
	case S_IFIFO:
		return "is a FIFO";
	case S_IFSOCK:
		return "is a socket";
	case S_IFLNK:
		return "is a symbolic link";
	default:
		return "is a device";
	}
}

static struct str result_size_problem(const struct results_dir *dir, struct arena *a)
{
	if (dir->max_bytes == BOUND_RESULT_BYTES)
		return STR(RESULT_TOO_LARGE);
	return arena_printf(a, "is larger than %lld KiB", (long long)dir->max_bytes / KIB);
}

/* Why the opened file is not taken as a result; NULL: it is. */
static const char *result_file_problem(const struct results_dir *dir, const struct stat *st)
{
	const struct id_map *map = dir->map;
	const char *problem = result_kind_problem(st->st_mode);

	if (problem)
		return problem;
	if (st->st_nlink != 1)
		return "has more than one link";
	if (id_map_inside(map->uid, map->n_uid, st->st_uid) < 0)
		return "belongs to nobody of this run";
	return NULL;
}

/* Why it could not be opened. The kind of what is there says it better than the errno. */
static struct str result_open_problem(
	const struct results_dir *dir, struct arena *a, const char *name, const struct err *err)
{
	struct stat st;

	if (fstatat(dir->dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		const char *problem = result_kind_problem(st.st_mode);

		if (problem)
			return arena_strz(a, problem);
	}
	return arena_printf(a, "cannot be read: %s", err->msg);
}

static void result_read_one(
	const struct results_dir *dir, struct arena *a, struct result_got *got)
{
	struct err err = {0};
	struct stat st;
	int fd cleanup_fd = -1;
	const char *problem;
	const char *name = str_c(got->name);

	if (dir->ns)
		fd = sandbox_open_beneath(dir->ns, dir->dfd, name, &err);
	else
		fd = path_open(dir->dfd, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, 0,
			PATH_BENEATH | PATH_NO_LINKS, &err);
	if (fd < 0) {
		if (err.sys != ENOENT)
			got->problem = result_open_problem(dir, a, name, &err);
		return;
	}
	if (fstat(fd, &st) < 0) {
		got->problem = STR("cannot be read");
		return;
	}
	problem = result_file_problem(dir, &st);
	if (problem) {
		got->problem = arena_strz(a, problem);
		return;
	}
	if (st.st_size > dir->max_bytes) {
		got->problem = result_size_problem(dir, a);
		return;
	}
	if (file_read_fd(a, fd, (size_t)dir->max_bytes, &got->text, &err)) {
		got->problem = err.kind == ERR_LIMIT
				       ? result_size_problem(dir, a)
				       : arena_printf(a, "cannot be read: %s", err.msg);
		return;
	}
	got->present = true;
}

void results_read(const struct results_dir *dir, struct arena *a,
	const struct result_want *want, size_t n_want, struct result_got *ret)
{
	for (size_t i = 0; i < n_want; i++) {
		ret[i] = (struct result_got){.name = want[i].name};
		result_read_one(dir, a, &ret[i]);
	}
}
