/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing a tree that somebody hostile has left behind (sandbox.md, R28).
 *
 * The walk holds one frame a level and no recursion. The innermost DIR_OPEN levels keep their
 * descriptor and the entries read; a level further out is closed, and entered again through
 * ".." of its child, which must then be the very same directory. Because a level that was
 * closed is read from its start again, each level remembers the names that could not be
 * removed, so that every one of them is tried once. Depth costs memory, never descriptors.
 */
#include <base/file.h>

#include <base/fd.h>
#include <base/path.h>
#include <base/vec.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	DIR_OPEN = 32,          /* levels with an open descriptor */
	DIR_BATCH = 8 * 1024,   /* bytes of entries read at once */
	DIR_FAILED_MAX = 10000, /* names kept in one directory; beyond, it is given up */
};

/* What getdents64 fills in (linux/dirent.h is not for user space). */
struct dir_entry {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

enum { DIR_TYPE_DIRECTORY = 4 }; /* DT_DIR */
enum { AGAIN_MAX = 100 };

struct dir_frame {
	char *name; /* in its parent; owned */
	dev_t dev;
	ino_t ino;
	int dir_fd;  /* -1 when closed */
	char *batch; /* NULL when closed */
	size_t n_batch;
	size_t at;     /* next entry in the batch */
	bool progress; /* something was removed since the last start */
	bool is_gone;  /* somebody else removed something, or it is listed and never there */
	int n_again;   /* starts for that alone */
	bool given_up;
	VEC(char *) failed; /* sorted by nothing; few */
};

struct dir_walk {
	VEC(struct dir_frame) frames;
	size_t n_closed; /* frames [0, n_closed) are closed */
	int parent_fd;   /* of the whole tree; borrowed */
	struct err *err;
	bool has_failed;
};

/* Keeps the first failure. err may be NULL: has_failed counts. */
static void dir_note(struct dir_walk *w, const char *name, int sys)
{
	if (!w->has_failed && sys == EXDEV)
		err_sysno(w->err, EBUSY, "remove '%s', where something is mounted", name);
	else if (!w->has_failed)
		err_sysno(w->err, sys, "remove '%s'", name);
	w->has_failed = true;
}

static void dir_frame_close(struct dir_frame *f)
{
	fd_close(&f->dir_fd);
	free(f->batch);
	f->batch = NULL;
	f->n_batch = 0;
	f->at = 0;
}

static void dir_frame_release(struct dir_frame *f)
{
	dir_frame_close(f);
	for (size_t i = 0; i < f->failed.n; i++)
		free(f->failed.p[i]);
	vec_release(&f->failed);
	free(f->name);
	f->name = NULL;
}

static void dir_frame_failed(struct dir_frame *f, const char *name)
{
	char *copy;

	if (f->failed.n == DIR_FAILED_MAX) {
		f->given_up = true;
		return;
	}
	copy = mem_alloc(strlen(name) + 1);
	memcpy(copy, name, strlen(name) + 1);
	vec_push(&f->failed, copy);
}

static bool dir_frame_has_failed(const struct dir_frame *f, const char *name)
{
	for (size_t i = 0; i < f->failed.n; i++) {
		if (strcmp(f->failed.p[i], name) == 0)
			return true;
	}
	return false;
}

static struct dir_frame *dir_top(struct dir_walk *w)
{
	return &w->frames.p[w->frames.n - 1];
}

/* fchmodat2(2), younger than the C library's header; else through /proc. Best effort. */
static void dir_chmod_path(int path_fd)
{
	char proc[40];
	const long nr_fchmodat2 = 452;

	if (syscall(nr_fchmodat2, path_fd, "", 0700, AT_EMPTY_PATH) == 0)
		return;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path_fd);
	(void)chmod(proc, 0700); /* if it failed, so will the open that follows */
}

/*
 * Opens a child directory without following links or entering a mount. A directory that its
 * owner may not read is made readable first.
 */
static int dir_enter(int dfd, const char *name)
{
	const int flags = PATH_BENEATH | PATH_NO_LINKS | PATH_NO_XDEV;
	const int how = O_DIRECTORY | O_NOFOLLOW;
	cleanup_fd int path_fd = -1;
	int fd = path_open(dfd, name, O_RDONLY | how, 0, flags, NULL);

	if (fd >= 0 || errno != EACCES)
		return fd;
	path_fd = path_open(dfd, name, O_PATH | how, 0, flags, NULL);
	if (path_fd < 0)
		return -1;
	dir_chmod_path(path_fd);
	return path_open(dfd, name, O_RDONLY | how, 0, flags, NULL);
}

/* Closes the outermost open level when too many are open. */
static void dir_shed(struct dir_walk *w)
{
	if (w->frames.n - w->n_closed > DIR_OPEN)
		dir_frame_close(&w->frames.p[w->n_closed++]);
}

/* Descends; 0 or an errno. */
static int dir_push(struct dir_walk *w, int dfd, const char *name)
{
	cleanup_fd int fd = dir_enter(dfd, name);
	struct dir_frame *f;
	struct stat st;
	size_t n = strlen(name) + 1;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	/* Without all three no entry can be removed; a stranger's directory fails later. */
	if ((st.st_mode & 0700) != 0700)
		(void)fchmod(fd, 0700);
	f = vec_add(&w->frames);
	f->name = memcpy(mem_alloc(n), name, n);
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->dir_fd = fd_take(&fd);
	dir_shed(w);
	return 0;
}

/* Makes the level above open again, through its child; 0 or an errno. */
static int dir_reopen(struct dir_walk *w)
{
	struct dir_frame *child = dir_top(w);
	struct dir_frame *f = child - 1;
	cleanup_fd int fd = -1;
	struct stat st;

	if (f->dir_fd >= 0)
		return 0;
	fd = openat(child->dir_fd, "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno;
	if (st.st_dev != f->dev || st.st_ino != f->ino)
		return ESTALE; /* moved while we were below: do not touch what we do not know */
	f->dir_fd = fd_take(&fd);
	w->n_closed--;
	return 0;
}

/* The next entry of the innermost level, or NULL at its end or on an error (*ret_sys). */
static struct dir_entry *dir_next(struct dir_frame *f, int *ret_sys)
{
	struct dir_entry *e;
	void *at;

	*ret_sys = 0;
	if (f->at >= f->n_batch) {
		long n;

		if (!f->batch)
			f->batch = mem_alloc(DIR_BATCH);
		n = syscall(SYS_getdents64, f->dir_fd, f->batch, DIR_BATCH);
		if (n <= 0) { /* ENOENT: somebody else has removed it meanwhile */
			*ret_sys = n < 0 && errno != ENOENT ? errno : 0;
			return NULL;
		}
		f->n_batch = (size_t)n;
		f->at = 0;
	}
	at = f->batch + f->at; /* the kernel aligns entries to 8 */
	e = at;
	f->at += e->len;
	return e;
}

static bool dir_is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Removes one name or tells that it is a directory with something in it (ENOTEMPTY). */
static int dir_unlink(int dfd, const char *name, bool is_dir)
{
	if (!is_dir) {
		if (unlinkat(dfd, name, 0) == 0 || errno == ENOENT)
			return 0;
		if (errno != EISDIR)
			return errno;
	}
	if (unlinkat(dfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return errno == EEXIST ? ENOTEMPTY : errno;
}

/* One entry of the innermost level; may descend. */
static void dir_step_entry(struct dir_walk *w, const struct dir_entry *e)
{
	struct dir_frame *f = dir_top(w);
	int sys;

	if (dir_is_dots(e->name) || dir_frame_has_failed(f, e->name))
		return;
	sys = dir_unlink(f->dir_fd, e->name, e->type == DIR_TYPE_DIRECTORY);
	if (sys == 0) {
		f->progress = true;
		return;
	}
	if (sys == ENOTEMPTY)
		sys = dir_push(w, f->dir_fd, e->name);
	if (sys == 0)
		return;
	if (sys == ENOENT) {
		f->is_gone = true;
		return;
	}
	dir_note(w, e->name, sys);
	dir_frame_failed(dir_top(w), e->name);
}

/* The innermost level is empty, or what is left cannot be removed. False ends the walk. */
static bool dir_step_up(struct dir_walk *w)
{
	struct dir_frame *child = dir_top(w);
	struct dir_frame *f = w->frames.n > 1 ? child - 1 : NULL;
	int sys = f ? dir_reopen(w) : 0;

	if (sys) {
		dir_note(w, child->name, sys);
		return false;
	}
	if (!child->failed.n && !child->given_up)
		sys = dir_unlink(f ? f->dir_fd : w->parent_fd, child->name, true);
	if (sys)
		dir_note(w, child->name, sys);
	if (f && (sys || child->failed.n || child->given_up))
		dir_frame_failed(f, child->name);
	else if (f)
		f->progress = true;
	dir_frame_release(child);
	w->frames.n--;
	return w->frames.n > 0;
}

static bool dir_goes_on(struct dir_frame *f)
{
	return f->progress || (f->is_gone && f->n_again++ < AGAIN_MAX);
}

/* One entry or one level. False when the walk has ended. */
static bool dir_step(struct dir_walk *w)
{
	struct dir_frame *f = dir_top(w);
	struct dir_entry *e = NULL;
	int sys = 0;

	if (!f->given_up)
		e = dir_next(f, &sys);
	if (e) {
		dir_step_entry(w, e);
		return true;
	}
	if (sys) {
		dir_note(w, f->name, sys);
		f->given_up = true;
	}
	/*
	 * Removing while reading may hide entries on some file systems: read again until a
	 * whole pass removes nothing.
	 */
	if (!f->given_up && dir_goes_on(f) && lseek(f->dir_fd, 0, SEEK_SET) == 0) {
		f->progress = f->is_gone = false;
		return true;
	}
	return dir_step_up(w);
}

/* The tree's name is "a/b": "a" is ours and opened as it is, b is not. */
static int dir_remove_in(int dfd, const char *base, struct err *err)
{
	struct dir_walk w = {.parent_fd = dfd, .err = err};
	int sys = dir_unlink(dfd, base, false);

	if (sys == ENOTEMPTY)
		sys = dir_push(&w, dfd, base);
	if (sys && sys != ENOENT) {
		dir_note(&w, base, sys);
	} else if (w.frames.n) {
		while (dir_step(&w))
			;
	}
	for (size_t i = 0; i < w.frames.n; i++)
		dir_frame_release(&w.frames.p[i]);
	vec_release(&w.frames);
	return w.has_failed ? -1 : 0;
}

int dir_remove(int dfd, const char *name, struct err *err)
{
	const char *slash = strrchr(name, '/');
	cleanup_arena struct arena *a = NULL;
	cleanup_fd int parent_fd = -1;
	struct str parent;

	if (!slash)
		return dir_remove_in(dfd, name, err);
	a = arena_new();
	parent = arena_strn(a, name, (size_t)(slash - name) + 1);
	parent_fd = openat(dfd, parent.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent_fd < 0 && errno == ENOENT)
		return 0;
	if (parent_fd < 0)
		return err_sys(err, "open '%s'", parent.p);
	return dir_remove_in(parent_fd, slash + 1, err);
}
