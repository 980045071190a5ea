/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of the caller, opened before the first step. */
#include "callers.h"

#include "hide.h"

#include <base/fd.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct caller {
	const char *what; /* NULL: a prefix, which may be missing until something asks for it */
	struct str name;
	struct str path;
	int fd; /* O_PATH; -1: it could not be opened */
	struct err failure;
};

static const struct caller *find(const struct callers *c, struct str path)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->dirs[i].path, path))
			return &c->dirs[i];
	return NULL;
}

static void add(struct callers *c, const char *what, struct str name, struct str path)
{
	if (path.n && !find(c, path))
		c->dirs[c->n++] =
			(struct caller){.what = what, .name = name, .path = path, .fd = -1};
}

/* How much of a path leads to the outermost of the others that it is below; -1: to none. */
static ptrdiff_t outer_find(const struct callers *c, struct str path)
{
	ptrdiff_t least = -1;
	struct stat st;

	for (size_t i = 0; i < c->n; i++) {
		ptrdiff_t at;

		if (stat(str_c(c->dirs[i].path), &st) < 0)
			continue;
		at = hide_prefix(path, &st);
		if (at >= 0 && (size_t)at < path.n && (least < 0 || at < least))
			least = at;
	}
	return least;
}

static int open_inside(struct arena *a, struct str path, size_t outer_n, struct err *err)
{
	struct str outer = outer_n ? arena_strn(a, path.p, outer_n) : STR("/");
	struct str rest = str_slice(path, outer_n + 1, path.n);
	int dfd cleanup_fd = open(str_c(outer), O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (dfd < 0)
		return err_sys(err, "open '%s'", str_c(outer));
	fd = path_open(
		dfd, str_c(rest), O_PATH | O_DIRECTORY, 0, PATH_BENEATH | PATH_NO_LINKS, err);
	if (fd < 0 && err && err->sys == ELOOP)
		return err_set(err, ERR_USAGE,
			"there is a link on the way from '%s', which steps get as well and "
			"where they may have made it",
			str_c(outer));
	return fd;
}

static int caller_open(
	const struct callers *c, struct arena *a, struct caller *one, struct err *err)
{
	ptrdiff_t outer_n = one->path.n > 1 ? outer_find(c, one->path) : -1;

	if (outer_n >= 0) {
		one->fd = open_inside(a, one->path, (size_t)outer_n, err);
		return one->fd < 0 ? err_wrap(err, "'%s'", str_c(one->path)) : 0;
	}
	one->fd = open(str_c(one->path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return one->fd < 0 ? err_sys(err, "'%s'", str_c(one->path)) : 0;
}

static void callers_list(struct callers *ret, struct arena *a, const struct options *o)
{
	*ret = (struct callers){.dirs = arena_new_array(a, struct caller,
					o->n_workspaces + o->n_volumes + o->n_host_paths + 1)};
	for (size_t i = 0; i < o->n_workspaces; i++)
		add(ret, "workspace", o->workspaces[i].name, o->workspaces[i].dir);
	for (size_t i = 0; i < o->n_volumes; i++)
		add(ret, "volume", o->volumes[i].claim, o->volumes[i].dir);
	for (size_t i = 0; i < o->n_host_paths; i++)
		add(ret, NULL, STR_NONE, o->host_paths[i]);
}

int callers_check_links(const struct options *o, struct arena *a, const char *what,
	struct str path, struct err *err)
{
	struct err low = {0};
	struct callers c;
	ptrdiff_t outer_n;
	int fd cleanup_fd = -1;

	callers_list(&c, a, o);
	outer_n = outer_find(&c, path);
	if (outer_n <= 0)
		return 0;
	fd = open_inside(a, path, (size_t)outer_n, &low);
	if (fd >= 0 || low.kind != ERR_USAGE)
		return 0;
	*err = low;
	return err_wrap(err, "%s '%s'", what, str_c(path));
}

int callers_open(struct callers *ret, struct arena *a, const struct options *o, struct err *err)
{
	callers_list(ret, a, o);
	for (size_t i = 0; i < ret->n; i++) {
		struct caller *one = &ret->dirs[i];

		if (caller_open(ret, a, one, &one->failure) && one->what) {
			*err = one->failure;
			return err_wrap_as(err, err_is_machine(err) ? ERR_SYS : ERR_USAGE,
				"%s '" STR_FMT "'", one->what, STR_ARG(one->name));
		}
	}
	return 0;
}

void callers_close(struct callers *c)
{
	for (size_t i = 0; i < c->n; i++)
		fd_close(&c->dirs[i].fd);
	c->n = 0;
}

int callers_dir(const struct callers *c, struct str path, struct err *err)
{
	const struct caller *one = find(c, path);
	struct stat st;
	int fd;

	if (!one)
		return err_set(err, ERR_BUG, "'" STR_FMT "' was not opened", STR_ARG(path));
	if (one->fd < 0) {
		*err = one->failure;
		return -1;
	}
	if (fstat(one->fd, &st) == 0 && st.st_nlink == 0)
		return err_set(err, ERR_NOT_FOUND, "'" STR_FMT "' was removed after the start",
			STR_ARG(path));
	fd = fcntl(one->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? err_sys(err, "open '" STR_FMT "'", STR_ARG(path)) : fd;
}
