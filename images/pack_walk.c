/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a root file system by descriptors, following no link, and writes it as tar. The second
 * name of an inode becomes a hard link to the first in sorted order.
 */
#include "pack_walk.h"

#include "tar_write.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/map.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { WALK_CHUNK = 128 * KIB, WALK_XATTR = 64 * KIB };

struct walk {
	struct arena *arena;
	const struct pack_sink *sink;
	int64_t mtime_s;
	uint64_t n_left_out;
	struct map inodes; /* "DEV:INO" to struct str, the first name */
	struct buf path;   /* of the directory we are in */
	struct buf header;
	char chunk[WALK_CHUNK];
};

struct attrs { /* of one file; views into text */
	VEC(struct tar_xattr) list;
	struct arena *arena;
};

static int walk_write_header(struct walk *w, const struct tar_entry *e, struct err *err)
{
	buf_clear(&w->header);
	tar_write_header(&w->header, e);
	if (w->header.full)
		return err_set(err, ERR_LIMIT, "the tar header is too long");
	return w->sink->write(w->sink->arg, w->header.p, w->header.n, err);
}

/* user.* and file capabilities; an overlay's own attributes are not the tree's. */
static bool attr_is_packed(struct str name)
{
	if (str_starts(name, STR("user.overlay.")))
		return false;
	return str_starts(name, STR("user.")) || str_eqz(name, "security.capability");
}

static int attrs_read(struct attrs *at, int fd, struct err *err)
{
	cleanup_free char *names = mem_alloc(WALK_XATTR);
	cleanup_free char *value = mem_alloc(WALK_XATTR);
	ssize_t n = flistxattr(fd, names, WALK_XATTR);

	if (n < 0 && errno == ENOTSUP)
		return 0;
	if (n < 0)
		return err_sys(err, "list extended attributes");
	for (ssize_t i = 0; i < n;) {
		struct str name = arena_strz(at->arena, names + i);

		i += (ssize_t)name.n + 1;
		if (!attr_is_packed(name))
			continue;
		ssize_t size = fgetxattr(fd, str_c(name), value, WALK_XATTR);
		if (size < 0)
			return err_sys(
				err, "read extended attribute '" STR_FMT "'", STR_ARG(name));
		vec_push(&at->list,
			((struct tar_xattr){.name = name,
				.value = arena_strn(at->arena, value, (size_t)size)}));
	}
	return 0;
}

static int attr_cmp(const void *a, const void *b)
{
	const struct tar_xattr *x = a, *y = b;

	return str_cmp(x->name, y->name);
}

static int file_data(struct walk *w, int fd, uint64_t size, struct err *err)
{
	static const char zeros[TAR_BLOCK];
	uint64_t left = size;

	while (left) {
		size_t want = left < WALK_CHUNK ? (size_t)left : WALK_CHUNK;
		ssize_t n = read(fd, w->chunk, want);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read");
		if (n == 0)
			return err_set(err, ERR_SYS, "became shorter while it was packed");
		if (w->sink->write(w->sink->arg, w->chunk, (size_t)n, err) < 0)
			return -1;
		left -= (uint64_t)n;
	}
	return w->sink->write(
		w->sink->arg, zeros, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK, err);
}

/* Writes a file or directory that is open: attributes, header, data. */
static int walk_open_file(struct walk *w, int fd, struct tar_entry *e, struct err *err)
{
	cleanup_arena struct arena *a = arena_new();
	struct attrs at = {.arena = a};
	int rc = attrs_read(&at, fd, err);

	if (at.list.n)
		qsort(at.list.p, at.list.n, sizeof(*at.list.p), attr_cmp);
	e->xattrs = at.list.p;
	e->n_xattrs = at.list.n;
	if (rc == 0)
		rc = walk_write_header(w, e, err);
	if (rc == 0 && e->type == TAR_FILE)
		rc = file_data(w, fd, e->size, err);
	vec_release(&at.list);
	return rc;
}

/* The name another entry gave this inode already; empty: this is the first. */
static struct str first_name(struct walk *w, const struct stat *st, struct str name)
{
	struct str key;
	struct str *first;

	if (st->st_nlink < 2)
		return STR_NONE;
	key = arena_printf(w->arena, "%llu:%llu", (unsigned long long)st->st_dev,
		(unsigned long long)st->st_ino);
	first = map_get(&w->inodes, key);
	if (first)
		return *first;
	first = arena_new_object(w->arena, struct str);
	*first = arena_str(w->arena, name);
	map_set(&w->inodes, key, first);
	return STR_NONE;
}

static int walk_file(struct walk *w, int dfd, const char *z, struct tar_entry *e,
	const struct stat *st, struct err *err)
{
	e->link = first_name(w, st, e->name);
	if (e->link.n) {
		e->type = TAR_HARDLINK;
		return walk_write_header(w, e, err);
	}
	cleanup_fd int fd = openat(dfd, z, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open");
	e->type = TAR_FILE;
	e->size = (uint64_t)st->st_size;
	return walk_open_file(w, fd, e, err);
}

static int walk_symlink(
	struct walk *w, int dfd, const char *z, struct tar_entry *e, struct err *err)
{
	char target[BOUND_LAYER_NAME];
	ssize_t n = readlinkat(dfd, z, target, sizeof(target));
	int rc;

	if (n < 0)
		return err_sys(err, "read the link");
	e->type = TAR_SYMLINK;
	e->link = (struct str){.p = target, .n = (size_t)n};
	rc = walk_write_header(w, e, err);
	e->link = STR_NONE; /* target ends here */
	return rc;
}

static int walk_dir(struct walk *w, int dfd, size_t depth, struct err *err);

static int walk_subdir(struct walk *w, int dfd, const char *z, struct tar_entry *e,
	size_t depth, struct err *err)
{
	cleanup_fd int fd = openat(dfd, z, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open");
	e->type = TAR_DIR;
	if (walk_open_file(w, fd, e, err) < 0)
		return -1;
	return walk_dir(w, fd, depth + 1, err);
}

static int walk_name(struct walk *w, int dfd, struct str name, size_t depth, struct err *err)
{
	const char *z = str_c(name);
	struct stat st;

	if (str_starts(name, STR(".wh.")))
		return err_set(err, ERR_UNSUPPORTED, "the name would be a whiteout in a layer");
	if (fstatat(dfd, z, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "stat");
	struct tar_entry e = {
		.name = buf_str(&w->path),
		.mode = st.st_mode & 07777,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.mtime_s = w->mtime_s,
	};
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return walk_file(w, dfd, z, &e, &st, err);
	case S_IFDIR:
		return walk_subdir(w, dfd, z, &e, depth, err);
	case S_IFLNK:
		return walk_symlink(w, dfd, z, &e, err);
	case S_IFIFO:
		e.type = TAR_FIFO;
		return walk_write_header(w, &e, err);
	default:
		w->n_left_out++;
		return 0;
	}
}

static int walk_dir(struct walk *w, int dfd, size_t depth, struct err *err)
{
	cleanup_arena struct arena *a = arena_new();
	size_t end = w->path.n;
	struct str *names;
	size_t n;

	if (depth > BOUND_LAYER_DEPTH)
		return err_set(err, ERR_LIMIT, "deeper than %d directories", BOUND_LAYER_DEPTH);
	if (dir_list(a, dfd, (size_t)BOUND_LAYER_ENTRIES, &names, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (end)
			buf_addc(&w->path, '/');
		buf_adds(&w->path, names[i]);
		if (w->path.full)
			return err_set(err, ERR_LIMIT, "the path is longer than %d bytes",
				BOUND_LAYER_NAME);
		if (walk_name(w, dfd, names[i], depth, err) < 0)
			return -1; /* the path stays for the message */
		buf_cut(&w->path, end);
	}
	return 0;
}

static int walk_root(struct walk *w, int root_fd, struct err *err)
{
	static const char zeros[2 * TAR_BLOCK];
	struct stat st;

	if (fstat(root_fd, &st) < 0)
		return err_sys(err, "stat");
	struct tar_entry e = {
		.type = TAR_DIR,
		.mode = st.st_mode & 07777,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.mtime_s = w->mtime_s,
	};
	if (walk_open_file(w, root_fd, &e, err) < 0)
		return -1;
	if (walk_dir(w, root_fd, 0, err) < 0)
		return err_wrap(err, "'" STR_FMT "'", STR_ARG(buf_str(&w->path)));
	return w->sink->write(w->sink->arg, zeros, sizeof(zeros), err);
}

int pack_walk(int root_fd, int64_t mtime_s, const struct pack_sink *sink,
	uint64_t *ret_left_out, struct err *err)
{
	cleanup_free struct walk *w = mem_zalloc(sizeof(*w));
	int rc;

	w->arena = arena_new();
	w->sink = sink;
	w->mtime_s = mtime_s;
	map_init(&w->inodes, w->arena);
	buf_init(&w->path, BOUND_LAYER_NAME);
	buf_init(&w->header, 4 * MIB);
	rc = walk_root(w, root_fd, err);
	*ret_left_out = w->n_left_out;
	buf_release(&w->path);
	buf_release(&w->header);
	arena_free(w->arena);
	return rc;
}
