/* SPDX-License-Identifier: Apache-2.0 */
/* Resolving hostPath volumes beneath the prefixes that are allowed. */
#include "hostpath.h"

#include <base/fd.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE_DIR = 0755, MODE_FILE = 0644 };

/* The longest prefix that has the path, or NULL. */
static const struct str *find_prefix(const struct options *o, struct str path)
{
	const struct str *best = NULL;

	for (size_t i = 0; i < o->n_host_paths; i++) {
		const struct str *p = &o->host_paths[i];

		if (path_is_below(path, *p) && (!best || p->n > best->n))
			best = p;
	}
	return best;
}

void host_path_check(const struct options *o, struct spec *s)
{
	for (const struct host_path_use *u = s->host_paths; u; u = u->next) {
		struct arena *a cleanup_arena = arena_new();
		struct diag *d;

		if (find_prefix(o, path_clean(a, u->path.s)))
			continue;
		d = diag_add(s->diags, DIAG_ERROR, "host-path", u->path.pos,
			"hostPath '" STR_FMT "' is not allowed", STR_ARG(u->path.s));
		diag_hint(s->diags, d,
			"steps get directories of this machine only below what "
			"--allow-host-path names");
	}
	diags_sort(s->diags);
}

/* Makes what is missing of a directory, as mkdir -p does, never through a link that leads out.
 */
static int make_dirs(int prefix_fd, struct str rel, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();

	for (size_t i = 1; i <= rel.n; i++) {
		struct str part = str_slice(rel, 0, i);
		int fd cleanup_fd = -1;

		if (i < rel.n && rel.p[i] != '/')
			continue;
		fd = path_open(prefix_fd, str_c(path_dir(a, part)), O_PATH | O_DIRECTORY, 0,
			PATH_BENEATH, err);
		if (fd < 0)
			return -1;
		if (mkdirat(fd, str_c(arena_str(a, path_base(part))), MODE_DIR) < 0 &&
			errno != EEXIST)
			return err_sys(err, "make '" STR_FMT "'", STR_ARG(part));
	}
	return 0;
}

static int make_file(int prefix_fd, struct str rel, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	int dir_fd cleanup_fd = path_open(
		prefix_fd, str_c(path_dir(a, rel)), O_PATH | O_DIRECTORY, 0, PATH_BENEATH, err);
	int fd cleanup_fd = -1;

	if (dir_fd < 0)
		return -1;
	fd = openat(dir_fd, str_c(arena_str(a, path_base(rel))),
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE_FILE);
	return fd < 0 && errno != EEXIST ? err_sys(err, "make '" STR_FMT "'", STR_ARG(rel)) : 0;
}

static int check_type(const struct launch_volume *v, int fd, bool *ret_is_file, struct err *err)
{
	bool wants_dir = str_starts(v->dir_type, STR("Directory"));
	bool wants_file = str_starts(v->dir_type, STR("File"));
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at '" STR_FMT "'", STR_ARG(v->dir));
	*ret_is_file = S_ISREG(st.st_mode);
	if ((wants_dir && !S_ISDIR(st.st_mode)) || (wants_file && !S_ISREG(st.st_mode)))
		return err_set(err, ERR_NOT_FOUND,
			"hostPath type check failed: " STR_FMT " is not a %s", STR_ARG(v->dir),
			wants_dir ? "directory" : "file");
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(err, ERR_NOT_FOUND,
			"hostPath " STR_FMT " is neither a directory nor a file",
			STR_ARG(v->dir));
	return 0;
}

/* '.' is the prefix itself. */
static int open_below(
	const struct launch_volume *v, int prefix_fd, struct str rel, struct err *err)
{
	struct err low = {0};
	int fd = path_open(prefix_fd, str_c(rel), O_PATH, 0, PATH_BENEATH, &low);
	bool makes_dir = str_eqz(v->dir_type, "DirectoryOrCreate");
	bool makes_file = str_eqz(v->dir_type, "FileOrCreate");

	if (fd < 0 && low.sys == ENOENT && (makes_dir || makes_file)) {
		if ((makes_dir ? make_dirs : make_file)(prefix_fd, rel, err))
			return err_wrap(err, "hostPath " STR_FMT, STR_ARG(v->dir));
		fd = path_open(prefix_fd, str_c(rel), O_PATH, 0, PATH_BENEATH, &low);
	}
	if (fd < 0)
		return err_set(err, low.sys == ENOENT ? ERR_NOT_FOUND : ERR_SANDBOX,
			"hostPath " STR_FMT ": %s", STR_ARG(v->dir), low.msg);
	return fd;
}

int host_path_open(const struct options *o, const struct callers *c,
	const struct launch_volume *v, bool *ret_is_file, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	const struct str *prefix = find_prefix(o, v->dir);
	int prefix_fd cleanup_fd = -1;
	int fd cleanup_fd = -1;
	struct str rel;

	if (!prefix)
		return err_set(err, ERR_UNSUPPORTED,
			"hostPath '" STR_FMT "' is not allowed; see --allow-host-path",
			STR_ARG(v->dir));
	prefix_fd = callers_dir(c, *prefix, err);
	if (prefix_fd < 0)
		return err_wrap(err, "hostPath " STR_FMT, STR_ARG(v->dir));
	rel = str_slice(v->dir, prefix->n, v->dir.n);
	while (rel.n && rel.p[0] == '/')
		rel = str_slice(rel, 1, rel.n);
	fd = open_below(v, prefix_fd, rel.n ? arena_str(a, rel) : STR("."), err);
	if (fd < 0 || check_type(v, fd, ret_is_file, err))
		return -1;
	return fd_take(&fd);
}
