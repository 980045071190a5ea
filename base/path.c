/* SPDX-License-Identifier: Apache-2.0 */
/* Lexical paths, and the one door to openat2(2). */
#include <base/path.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Drops the last element written, but not above `floor` bytes. */
static size_t path_drop(const char *out, size_t n, size_t floor)
{
	while (n > floor && out[n - 1] != '/')
		n--;
	if (n > floor)
		n--; /* the slash */
	return n;
}

/*
 * Go's path.Clean: `floor` is what ".." cannot take back: the root slash, or the leading
 * ".." elements of a relative path.
 */
struct str path_clean(struct arena *a, struct str path)
{
	bool rooted = path.n && path.p[0] == '/';
	char *out = arena_alloc(a, path.n + 2);
	size_t root = rooted ? 1 : 0;
	size_t floor = root;
	size_t n = 0;
	size_t i = 0;

	if (rooted)
		out[n++] = '/';
	while (i < path.n) {
		size_t from = i;
		struct str part;

		while (i < path.n && path.p[i] != '/')
			i++;
		part = str_slice(path, from, i);
		i++;
		if (!part.n || str_eqz(part, "."))
			continue;
		if (str_eqz(part, "..") && n > floor) {
			n = path_drop(out, n, floor);
			continue;
		}
		if (str_eqz(part, "..") && rooted)
			continue;
		if (n > root)
			out[n++] = '/';
		memcpy(out + n, part.p, part.n);
		n += part.n;
		if (str_eqz(part, ".."))
			floor = n;
	}
	if (!n)
		out[n++] = '.';
	out[n] = '\0';
	return (struct str){.p = out, .n = n};
}

struct str path_join(struct arena *a, struct str base, struct str rel)
{
	if (!base.n || !rel.n)
		return base.n || rel.n ? path_clean(a, base.n ? base : rel) : STR("");
	return path_clean(a, arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(base), STR_ARG(rel)));
}

struct str path_base(struct str path)
{
	ptrdiff_t slash;

	if (!path.n)
		return STR(".");
	while (path.n > 1 && path.p[path.n - 1] == '/')
		path.n--;
	if (str_eqz(path, "/"))
		return STR("/");
	slash = str_rchr(path, '/');
	return slash < 0 ? path : str_slice(path, (size_t)slash + 1, path.n);
}

struct str path_dir(struct arena *a, struct str path)
{
	ptrdiff_t slash = str_rchr(path, '/');

	return path_clean(a, str_slice(path, 0, slash < 0 ? 0 : (size_t)slash + 1));
}

bool path_is_below(struct str path, struct str dir)
{
	if (str_eqz(dir, "/"))
		return path.n && path.p[0] == '/';
	if (!str_starts(path, dir))
		return false;
	return path.n == dir.n || path.p[dir.n] == '/';
}

int path_absolute(struct arena *a, struct str path, struct str *ret, struct err *err)
{
	char cwd[PATH_MAX];

	if (path.n && path.p[0] == '/') {
		*ret = path_clean(a, path);
		return 0;
	}
	if (!getcwd(cwd, sizeof(cwd)))
		return err_sys(err, "read the working directory");
	/* Linux says "(unreachable)/…" when the directory lies outside the root. */
	if (cwd[0] != '/')
		return err_set(err, ERR_SYS, "working directory '%s' is unreachable", cwd);
	*ret = path_join(a, str_z(cwd), path);
	return 0;
}

static const struct {
	int flag;
	uint64_t resolve;
} path_resolve[] = {
	{PATH_BENEATH, RESOLVE_BENEATH},
	{PATH_IN_ROOT, RESOLVE_IN_ROOT},
	{PATH_NO_LINKS, RESOLVE_NO_SYMLINKS},
	{PATH_NO_XDEV, RESOLVE_NO_XDEV},
};

/* A rename race in a tree under change gives EAGAIN; an attacker may keep that up for ever. */
enum { PATH_RETRIES = 64 };

/* Of errno. The kernel's words for a way out ("invalid cross-device link") tell nobody
 * anything. */
static int open_failed(const char *rel, int flags, struct err *err)
{
	if (errno != EXDEV || !(flags & PATH_BENEATH) || !err)
		return err_sys(err, "open '%s'", rel);
	(void)err_set(
		err, ERR_SYS, "open '%s': it leads out of the directory that it is in", rel);
	err->sys = EXDEV;
	return -1;
}

int path_open(
	int dfd, const char *rel, int open_flags, uint32_t mode, int flags, struct err *err)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned int)(open_flags | O_CLOEXEC),
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	int tries = 0;
	long fd;

	if (open_flags & O_CREAT || (open_flags & O_TMPFILE) == O_TMPFILE)
		how.mode = mode;
	for (size_t i = 0; i < ARRAY_SIZE(path_resolve); i++) {
		if (flags & path_resolve[i].flag)
			how.resolve |= path_resolve[i].resolve;
	}
	do {
		fd = syscall(SYS_openat2, dfd, rel, &how, sizeof(how));
	} while (fd < 0 && (errno == EINTR || errno == EAGAIN) && tries++ < PATH_RETRIES);
	if (fd < 0)
		return open_failed(rel, flags, err);
	return (int)fd;
}
