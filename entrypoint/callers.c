/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of the caller, opened before the first step. */
#include "callers.h"

#include <base/fd.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

struct caller {
	struct str path;
	int fd; /* O_PATH; -1: it was not there */
	int sys;
};

static const struct caller *find(const struct callers *c, struct str path)
{
	for (size_t i = 0; i < c->n; i++)
		if (str_eq(c->dirs[i].path, path))
			return &c->dirs[i];
	return NULL;
}

static const struct caller *add(struct callers *c, struct str path)
{
	const struct caller *known = find(c, path);
	struct caller *one = &c->dirs[c->n];

	if (known)
		return known;
	*one = (struct caller){
		.path = path, .fd = open(str_c(path), O_PATH | O_DIRECTORY | O_CLOEXEC)};
	one->sys = one->fd < 0 ? errno : 0;
	c->n++;
	return one;
}

static int add_given(
	struct callers *c, const char *what, struct str name, struct str path, struct err *err)
{
	const struct caller *one = path.n ? add(c, path) : NULL;

	if (!one || one->fd >= 0)
		return 0;
	(void)err_sysno(err, one->sys, "'%s'", str_c(path));
	return err_wrap_as(err, ERR_USAGE, "%s '" STR_FMT "'", what, STR_ARG(name));
}

int callers_open(struct callers *ret, struct arena *a, const struct options *o, struct err *err)
{
	*ret = (struct callers){.dirs = arena_new_array(a, struct caller,
					o->n_workspaces + o->n_volumes + o->n_host_paths + 1)};
	for (size_t i = 0; i < o->n_workspaces; i++)
		if (add_given(
			    ret, "workspace", o->workspaces[i].name, o->workspaces[i].dir, err))
			return -1;
	for (size_t i = 0; i < o->n_volumes; i++)
		if (add_given(ret, "volume", o->volumes[i].claim, o->volumes[i].dir, err))
			return -1;
	for (size_t i = 0; i < o->n_host_paths; i++)
		(void)add(ret, o->host_paths[i]);
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
	if (one->fd < 0)
		return err_sysno(err, one->sys, "open '" STR_FMT "'", STR_ARG(path));
	if (fstat(one->fd, &st) == 0 && st.st_nlink == 0)
		return err_set(err, ERR_NOT_FOUND, "'" STR_FMT "' was removed after the start",
			STR_ARG(path));
	fd = fcntl(one->fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? err_sys(err, "open '" STR_FMT "'", STR_ARG(path)) : fd;
}
