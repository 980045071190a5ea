/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unpacker. It keeps the descriptors of the directory it is in and of all above it, so
 * that a run of entries of one directory costs no walk; a walk opens one component at a time
 * with O_NOFOLLOW. What is in the way is removed first, never followed.
 */
#include "unpack.h"

#include "meta.h"
#include "whiteout.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct level { /* one directory of the chain from the root to where we are */
	int fd;
	size_t end; /* length of its path */
	uint32_t mode;
	struct timespec mtime; /* restored when it is left */
	bool is_changed;
	bool is_opened_up; /* an unprivileged unpacker gave itself u+rwx */
};

struct unpack {
	struct meta meta;
	struct level levels[BOUND_LAYER_DEPTH + 2];
	size_t n_levels;
	struct buf path; /* of the last level */
};

typedef char component[256];

static struct level *top(struct unpack *u)
{
	return &u->levels[u->n_levels - 1];
}

/* Components are at most 255 bytes long (tar.c). */
static void component_copy(component to, struct str name)
{
	BUG_ON(name.n >= sizeof(component));
	memcpy(to, name.p, name.n);
	to[name.n] = '\0';
}

static struct str path_parent(struct str path)
{
	ptrdiff_t slash = str_rchr(path, '/');

	return slash < 0 ? STR_NONE : str_slice(path, 0, (size_t)slash);
}

static struct str path_last(struct str path)
{
	ptrdiff_t slash = str_rchr(path, '/');

	return str_slice(path, (size_t)(slash + 1), path.n);
}

/* --- the chain of directories --- */

static int level_leave(struct unpack *u, struct err *err)
{
	struct level *l = top(u);
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, l->mtime};
	int rc = 0;

	if (l->is_opened_up && fchmod(l->fd, l->mode) < 0)
		rc = err_sys(err, "change the mode of a directory");
	if (l->is_changed && futimens(l->fd, times) < 0)
		rc = err_sys(err, "set the modification time of a directory");
	u->n_levels--;
	buf_cut(&u->path, u->n_levels ? top(u)->end : 0);
	fd_close(&l->fd);
	return rc;
}

/* Without privilege, files can only be made in directories that are u+rwx. */
static int level_open_up(struct unpack *u, struct level *l, struct err *err)
{
	if (u->meta.self_uid == 0 || (l->mode & 0700) == 0700)
		return 0;
	if (fchmod(l->fd, l->mode | 0700) < 0)
		return err_sys(err, "change the mode of a directory");
	l->is_opened_up = true;
	return 0;
}

static int level_add(struct unpack *u, int fd, struct str name, struct err *err)
{
	struct level *l = &u->levels[u->n_levels];
	struct stat st;

	BUG_ON(u->n_levels >= ARRAY_SIZE(u->levels));
	if (fstat(fd, &st) < 0) {
		fd_close(&fd);
		return err_sys(err, "stat a directory");
	}
	if (u->path.n)
		buf_addc(&u->path, '/');
	buf_adds(&u->path, name);
	*l = (struct level){
		.fd = fd,
		.end = u->path.n,
		.mode = st.st_mode & 07777,
		.mtime = st.st_mtim,
	};
	u->n_levels++;
	return level_open_up(u, l, err);
}

static int name_remove(struct unpack *u, const char *name, struct err *err)
{
	top(u)->is_changed = true;
	if (unlinkat(top(u)->fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(err, "remove '%s'", name);
	return dir_remove(top(u)->fd, name, err);
}

/* A directory that no entry describes (yet) is root's, as with other unpackers. */
static int implied_owner(struct unpack *u, int fd, struct err *err)
{
	const struct unpack_rules *r = u->meta.rules;
	uint32_t id = r->owner == UNPACK_OWNERS_SHIFT ? r->shift_base : 0;

	if (r->owner == UNPACK_OWNERS_SQUASH)
		return 0;
	if (fchown(fd, id, id) < 0)
		return err_sys(err, "change the owner to %u:%u", id, id);
	return 0;
}

static int open_dir(int dfd, const char *name)
{
	return openat(dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * Makes a directory where there is none, or something else: then the order of events was
 * "file, then new directory", and nothing of a lower layer may show through.
 */
static int dir_create(struct unpack *u, const char *name, int *ret_fd, struct err *err)
{
	struct stat st;
	bool hides = false;

	if (fstatat(top(u)->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		hides = true;
		if (name_remove(u, name, err) < 0)
			return -1;
	}
	top(u)->is_changed = true;
	if (mkdirat(top(u)->fd, name, 0755) < 0)
		return err_sys(err, "make directory '%s'", name);
	cleanup_fd int fd = open_dir(top(u)->fd, name);
	if (fd < 0)
		return err_sys(err, "open directory '%s'", name);
	if ((hides && whiteout_set_opaque(fd, err) < 0) || implied_owner(u, fd, err) < 0)
		return -1;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* Goes into a directory of the current one, making it when needed. */
static int level_enter(struct unpack *u, struct str name, struct err *err)
{
	component z;

	component_copy(z, name);
	int fd = open_dir(top(u)->fd, z);
	if (fd < 0 && errno == EACCES && u->meta.self_uid != 0) {
		/* ours, mode without r or x; never a link, nobody else writes here */
		struct stat st;

		if (fstatat(top(u)->fd, z, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(st.st_mode) && fchmodat(top(u)->fd, z, 0700, 0) == 0)
			fd = open_dir(top(u)->fd, z);
		if (fd < 0)
			return err_sys(err, "open directory '%s'", z);
		if (level_add(u, fd, name, err) < 0)
			return -1;
		top(u)->mode = st.st_mode & 07777;
		top(u)->is_opened_up = true;
		return 0;
	}
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP)
		return err_sys(err, "open directory '%s'", z);
	if (fd < 0 && dir_create(u, z, &fd, err) < 0)
		return -1;
	return level_add(u, fd, name, err);
}

/* How many levels of the chain a directory's path shares. */
static size_t levels_shared(const struct unpack *u, struct str dir)
{
	size_t keep = 1;

	for (; keep < u->n_levels; keep++) {
		size_t end = u->levels[keep].end;

		if (dir.n < end || memcmp(dir.p, u->path.p, end) != 0)
			break;
		if (dir.n > end && dir.p[end] != '/')
			break;
	}
	return keep;
}

static int unpack_go(struct unpack *u, struct str dir, struct err *err)
{
	size_t keep = levels_shared(u, dir);

	while (u->n_levels > keep)
		if (level_leave(u, err) < 0)
			return -1;
	for (size_t at = top(u)->end; at < dir.n;) {
		size_t from = at ? at + 1 : 0;
		size_t to = from;

		while (to < dir.n && dir.p[to] != '/')
			to++;
		if (level_enter(u, str_slice(dir, from, to), err) < 0)
			return -1;
		at = to;
	}
	return 0;
}

/* --- entries; the chain is at the entry's directory, z is its last component --- */

static int make_dir(struct unpack *u, const struct tar_entry *e, struct err *err)
{
	struct level *l;
	uint32_t mode;

	if (unpack_go(u, e->name, err) < 0)
		return -1;
	l = top(u);
	struct meta_new was = {.mode = l->mode, .inherits_gid = true};
	if (l->is_opened_up)
		was.mode = UINT32_MAX;
	if (meta_set_fd(&u->meta, l->fd, e, &was, &mode, err) < 0)
		return -1;
	l->mode = mode;
	l->mtime = (struct timespec){.tv_sec = e->mtime_s, .tv_nsec = e->mtime_ns};
	l->is_changed = true;
	l->is_opened_up = false;
	return level_open_up(u, l, err);
}

static int file_create(struct unpack *u, const char *z, uint32_t mode, struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(top(u)->fd, z, flags, mode);

	if (fd < 0 && errno == EEXIST) {
		if (name_remove(u, z, err) < 0)
			return -1;
		fd = openat(top(u)->fd, z, flags, mode);
	}
	if (fd < 0)
		return err_sys(err, "create '%s'", z);
	top(u)->is_changed = true;
	return fd;
}

static int make_file(struct unpack *u, struct tar_reader *r, const struct tar_entry *e,
	const char *z, struct err *err)
{
	struct meta_new was = {
		.mode = meta_first_mode(&u->meta, e),
		.inherits_gid = (top(u)->mode & S_ISGID) != 0,
	};
	cleanup_fd int fd = file_create(u, z, was.mode, err);
	uint32_t mode;

	if (fd < 0)
		return -1;
	for (;;) {
		const uint8_t *p;
		size_t n;

		if (tar_data(r, &p, &n, err) < 0)
			return -1;
		if (!n)
			break;
		if (fd_write_all(fd, p, n, err) < 0)
			return -1;
		u->meta.stats->n_bytes += n;
	}
	return meta_set_fd(&u->meta, fd, e, &was, &mode, err);
}

static int symlink_make(int dfd, const struct tar_entry *e, const char *z)
{
	char target[BOUND_LAYER_NAME];

	memcpy(target, e->link.p, e->link.n); /* shorter than the bound, tar.c */
	target[e->link.n] = '\0';
	return symlinkat(target, dfd, z);
}

static int special_make(int dfd, const struct tar_entry *e, const char *z)
{
	return e->type == TAR_SYMLINK ? symlink_make(dfd, e, z) : mkfifoat(dfd, z, 0600);
}

static int make_special(
	struct unpack *u, const struct tar_entry *e, const char *z, struct err *err)
{
	int rc = special_make(top(u)->fd, e, z);

	if (rc < 0 && errno == EEXIST) {
		if (name_remove(u, z, err) < 0)
			return -1;
		rc = special_make(top(u)->fd, e, z);
	}
	if (rc < 0)
		return err_sys(err, "create '%s'", z);
	top(u)->is_changed = true;
	return meta_set_name(&u->meta, top(u)->fd, z, e, err);
}

/* The directory of a hard link's target, walked from the layer's root. */
static int link_dir(struct unpack *u, struct str target, struct err *err)
{
	char path[BOUND_LAYER_NAME + 1];
	struct str dir = path_parent(target);

	if (!dir.n)
		dir = STR(".");
	memcpy(path, dir.p, dir.n);
	path[dir.n] = '\0';
	return path_open(u->levels[0].fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0,
		PATH_BENEATH | PATH_NO_LINKS, err);
}

/*
 * The target must have come from this layer: another layer's files are not ours to name. A
 * link to a symbolic link is one to the link itself, so it leads nowhere either.
 */
static int make_hardlink(
	struct unpack *u, const struct tar_entry *e, const char *z, struct err *err)
{
	component t;
	struct stat st, old;
	cleanup_fd int dfd = link_dir(u, e->link, NULL);

	component_copy(t, path_last(e->link));
	if (dfd < 0 || fstatat(dfd, t, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(err, ERR_IMAGE, "hard link to '" STR_FMT "': not in this layer",
			STR_ARG(e->link));
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return err_set(err, ERR_IMAGE, "hard link to '" STR_FMT "': not a regular file",
			STR_ARG(e->link));
	if (fstatat(top(u)->fd, z, &old, AT_SYMLINK_NOFOLLOW) == 0) {
		if (old.st_ino == st.st_ino && old.st_dev == st.st_dev)
			return 0;
		if (name_remove(u, z, err) < 0)
			return -1;
	}
	/* the removal may have taken the target with it */
	if (linkat(dfd, t, top(u)->fd, z, 0) < 0)
		return err_sys(err, "link to '" STR_FMT "'", STR_ARG(e->link));
	top(u)->is_changed = true;
	return 0;
}

/* Hides a name of lower layers; what this layer has itself stays, whatever came first. */
static int make_whiteout(struct unpack *u, struct str hidden, struct err *err)
{
	component z;
	struct stat st;

	component_copy(z, hidden);
	if (fstatat(top(u)->fd, z, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		top(u)->is_changed = true;
		return whiteout_make(top(u)->fd, z, err);
	}
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (level_enter(u, hidden, err) < 0)
		return -1;
	return whiteout_set_opaque(top(u)->fd, err);
}

static int make_opaque(struct unpack *u, struct err *err)
{
	/* an overlay merges the roots of its layers whatever their attributes say */
	if (u->n_levels == 1) {
		u->meta.stats->hides_lower = true;
		return 0;
	}
	return whiteout_set_opaque(top(u)->fd, err);
}

/* A path below a whiteout is refused; below the bookkeeping of aufs it is left out. */
static int check_parents(struct str dir, bool *ret_skip, struct err *err)
{
	*ret_skip = false;
	while (dir.n) {
		enum whiteout_kind kind;
		struct str head, hidden;

		if (!str_cut(dir, '/', &head, &dir)) {
			head = dir;
			dir = STR_NONE;
		}
		if (whiteout_parse(head, &kind, &hidden, err) < 0)
			return -1;
		if (kind == WHITEOUT_AUFS)
			*ret_skip = true;
		else if (kind != WHITEOUT_NONE)
			return err_set(err, ERR_IMAGE, "a whiteout is used as a directory");
	}
	return 0;
}

static int make_named(
	struct unpack *u, struct tar_reader *r, const struct tar_entry *e, struct err *err)
{
	component z;

	component_copy(z, path_last(e->name));
	switch (e->type) {
	case TAR_FILE:
		return make_file(u, r, e, z, err);
	case TAR_SYMLINK:
	case TAR_FIFO:
		return make_special(u, e, z, err);
	case TAR_HARDLINK:
		return make_hardlink(u, e, z, err);
	case TAR_DEVICE: /* what was there is replaced all the same */
		u->meta.stats->n_devices++;
		return name_remove(u, z, err);
	case TAR_DIR:
		break;
	}
	return err_set(err, ERR_BUG, "entry of an unknown type");
}

static int unpack_entry(
	struct unpack *u, struct tar_reader *r, const struct tar_entry *e, struct err *err)
{
	enum whiteout_kind kind;
	struct str hidden, dir = path_parent(e->name);
	bool skip;

	if (check_parents(dir, &skip, err) < 0 ||
		whiteout_parse(path_last(e->name), &kind, &hidden, err) < 0)
		return -1;
	if (skip || kind == WHITEOUT_AUFS)
		return 0;
	if (kind == WHITEOUT_NONE && e->type == TAR_DIR)
		return make_dir(u, e, err);
	if (unpack_go(u, dir, err) < 0)
		return -1;
	if (kind == WHITEOUT_NAME)
		return make_whiteout(u, hidden, err);
	if (kind == WHITEOUT_OPAQUE)
		return make_opaque(u, err);
	return make_named(u, r, e, err);
}

static int unpack_entries(struct unpack *u, struct tar_reader *r, struct err *err)
{
	for (;;) {
		struct tar_entry e;
		bool more;

		if (tar_next(r, &e, &more, err) < 0)
			return -1;
		if (!more)
			return 0;
		if (++u->meta.stats->n_entries > BOUND_LAYER_ENTRIES)
			return err_set(err, ERR_LIMIT,
				"more than %lld entries (limit of a layer)",
				(long long)BOUND_LAYER_ENTRIES);
		if (unpack_entry(u, r, &e, err) < 0)
			return err_wrap(err, "entry '" STR_FMT "'",
				(int)(e.name.n < 200 ? e.name.n : 200),
				e.name.n ? e.name.p : "");
	}
}

static int unpack_root(struct unpack *u, int root_fd, struct err *err)
{
	int fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err_sys(err, "duplicate a descriptor");
	if (implied_owner(u, fd, err) < 0 || fchmod(fd, 0755) < 0) {
		fd_close(&fd);
		return err_sys(err, "prepare the layer's root");
	}
	return level_add(u, fd, STR_NONE, err);
}

int unpack_tar(struct tar_reader *r, int root_fd, const struct unpack_rules *rules,
	struct unpack_stats *ret, struct err *err)
{
	cleanup_free struct unpack *u = mem_zalloc(sizeof(*u));
	mode_t mask = umask(0);
	int rc;

	*ret = (struct unpack_stats){0};
	u->meta = (struct meta){
		.rules = rules, .stats = ret, .self_uid = geteuid(), .self_gid = getegid()};
	buf_init(&u->path, 2 * BOUND_LAYER_NAME);
	rc = unpack_root(u, root_fd, err);
	if (rc == 0)
		rc = unpack_entries(u, r, err);
	while (u->n_levels)
		if (level_leave(u, rc < 0 ? NULL : err) < 0)
			rc = -1;
	buf_release(&u->path);
	(void)umask(mask);
	return rc;
}
