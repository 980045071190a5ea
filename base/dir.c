/* SPDX-License-Identifier: Apache-2.0 */
/* Making, opening and listing directories. Removing a tree is in dir_remove.c. */
#include <base/file.h>

#include <base/fd.h>
#include <base/vec.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int dir_open(int dfd, const char *rel, struct err *err)
{
	int fd = openat(dfd, rel, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open '%s'", rel) : fd;
}

/* One element of the path; what is there already must be a directory. */
static int dir_make_one(int dfd, const char *rel, uint32_t mode, struct err *err)
{
	struct stat st;

	if (mkdirat(dfd, rel, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(err, "create directory '%s'", rel);
	if (fstatat(dfd, rel, &st, 0) < 0)
		return err_sys(err, "create directory '%s'", rel);
	if (!S_ISDIR(st.st_mode))
		return err_sysno(err, ENOTDIR, "create directory '%s'", rel);
	return 0;
}

int dir_make(int dfd, const char *rel, uint32_t mode, struct err *err)
{
	cleanup_arena struct arena *a = arena_new();
	struct str whole = str_z(rel);

	if (!whole.n)
		return err_sysno(err, ENOENT, "create directory ''");
	for (size_t i = 1; i <= whole.n; i++) {
		if (i < whole.n && (rel[i] != '/' || rel[i - 1] == '/'))
			continue;
		if (dir_make_one(dfd, arena_strn(a, rel, i).p, mode, err) < 0)
			return -1;
	}
	return 0;
}

static int dir_step_inside(int dfd, const char *name, uint32_t mode, struct err *err)
{
	int fd;

	if (mkdirat(dfd, name, mode) < 0 && errno != EEXIST)
		return err_sys(err, "create directory '%s'", name);
	fd = openat(dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open directory '%s'", name) : fd;
}

int dir_make_inside(int dfd, const char *rel, uint32_t mode, struct err *err)
{
	cleanup_arena struct arena *a = arena_new();
	struct str rest = str_z(rel);
	struct str name;
	int at_fd = -1;

	while (rest.n) {
		int fd;

		if (!str_cut(rest, '/', &name, &rest)) {
			name = rest;
			rest = STR_NONE;
		}
		BUG_ON(!name.n || str_eqz(name, "..")); /* our own names */
		fd = dir_step_inside(
			at_fd < 0 ? dfd : at_fd, str_c(arena_str(a, name)), mode, err);
		fd_close(&at_fd);
		at_fd = fd;
		if (fd < 0)
			return -1;
	}
	return at_fd;
}

static void dir_close(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir); /* only read */
}

static int dir_name_cmp(const void *a, const void *b)
{
	const struct str *x = a;
	const struct str *y = b;

	return str_cmp(*x, *y);
}

int dir_list(
	struct arena *a, int dfd, size_t max, struct str **ret, size_t *ret_n, struct err *err)
{
	VEC(struct str) names = {0};
	cleanup_fd int fd = dir_open(dfd, ".", err); /* an offset of its own */
	attr_cleanup(dir_close) DIR *dir = NULL;
	int rc = 0;

	if (fd < 0)
		return -1;
	dir = fdopendir(fd);
	if (!dir)
		return err_sys(err, "list a directory");
	(void)fd_take(&fd); /* closedir's now */
	while (rc == 0) {
		struct dirent *e;

		errno = 0;
		e = readdir(dir);
		if (!e)
			break;
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (names.n == max)
			rc = err_set(
				err, ERR_LIMIT, "directory has more than %zu entries", max);
		else
			vec_push(&names, arena_strz(a, e->d_name));
	}
	if (rc == 0 && errno)
		rc = err_sys(err, "list a directory");
	if (rc == 0) {
		if (names.n)
			qsort(names.p, names.n, sizeof(*names.p), dir_name_cmp);
		*ret = vec_freeze(&names, a);
		*ret_n = names.n;
	}
	vec_release(&names);
	return rc;
}
