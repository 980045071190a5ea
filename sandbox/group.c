/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fsGroup, with the modes of the kubelet's volume ownership. The tree may change while it is
 * walked: every entry is taken by descriptor, links are taken themselves.
 */
#include "group.h"

#include <base/fd.h>
#include <base/vec.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 256, MODE_BITS = 07777, MODE_NO_SUID = 01777 };
enum { BITS_WRITE = 0660, BITS_READ = 0440, BITS_DIR = S_ISGID | 0110 };

struct walk {
	uint32_t gid;
	mode_t bits;
	VEC(DIR *) open; /* from the top to where we are */
};

static mode_t wanted_mode(const struct walk *w, const struct stat *st)
{
	return (st->st_mode & MODE_BITS) | w->bits |
	       (S_ISDIR(st->st_mode) ? (mode_t)BITS_DIR : 0);
}

static bool is_given(const struct walk *w, const struct stat *st)
{
	return st->st_gid == w->gid && (st->st_mode & MODE_BITS) == wanted_mode(w, st);
}

/* What an O_PATH descriptor stands for. A chown takes set-id bits of programs away. */
static int entry_give(const struct walk *w, int fd, const struct stat *st, struct err *err)
{
	const mode_t kept = S_ISDIR(st->st_mode) ? MODE_BITS : MODE_NO_SUID;
	char path[32];

	if (is_given(w, st))
		return 0;
	if (fchownat(fd, "", (uid_t)-1, w->gid, AT_EMPTY_PATH))
		return err_sys(err, "give a volume to group %u", w->gid);
	if (!S_ISDIR(st->st_mode) && !S_ISREG(st->st_mode))
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (chmod(path, wanted_mode(w, st) & kept))
		return err_sys(err, "set modes in a volume");
	return 0;
}

static int walk_push(struct walk *w, int dfd, const char *name, struct err *err)
{
	DIR *d;
	int fd = openat(dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? 0 /* gone, or something else by now */
			       : err_sys(err, "open a directory of a volume");
	if (w->open.n >= DEPTH_MAX) {
		close(fd);
		return err_set(err, ERR_LIMIT,
			"a volume has more than %d directories in each other", DEPTH_MAX);
	}
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_sys(err, "list a directory of a volume");
	}
	vec_push(&w->open, d);
	return 0;
}

static int walk_entry(struct walk *w, int dfd, const char *name, struct err *err)
{
	struct stat st;
	int fd cleanup_fd = openat(dfd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(err, "look at an entry of a volume");
	if (fstat(fd, &st))
		return err_sys(err, "look at an entry of a volume");
	if (entry_give(w, fd, &st, err))
		return -1;
	return S_ISDIR(st.st_mode) ? walk_push(w, dfd, name, err) : 0;
}

static int walk_next(struct walk *w, struct err *err)
{
	DIR *d = w->open.p[w->open.n - 1];
	struct dirent *e;

	errno = 0;
	e = readdir(d);
	if (e && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0))
		return 0;
	if (e)
		return walk_entry(w, dirfd(d), e->d_name, err);
	if (errno)
		return err_sys(err, "list a directory of a volume");
	closedir(d);
	w->open.n--;
	return 0;
}

/* What steps changed meanwhile counts. */
static int root_give(const struct walk *w, int dfd, struct err *err)
{
	struct stat st;

	if (fstat(dfd, &st))
		return err_sys(err, "look at a volume");
	return entry_give(w, dfd, &st, err);
}

static int tree_give(struct walk *w, int dfd, bool on_mismatch, struct err *err)
{
	struct stat st;
	int ret;

	if (fstat(dfd, &st))
		return err_sys(err, "look at a volume");
	if (!S_ISDIR(st.st_mode) || (on_mismatch && is_given(w, &st)))
		return 0;
	/* with on_mismatch it is the last one: its group and mode say that the others have them
	 */
	ret = on_mismatch ? walk_push(w, dfd, ".", err) : walk_entry(w, dfd, ".", err);
	while (ret == 0 && w->open.n)
		ret = walk_next(w, err);
	while (w->open.n)
		closedir(w->open.p[--w->open.n]);
	return ret == 0 && on_mismatch ? root_give(w, dfd, err) : ret;
}

int group_give(const struct sandbox_group *g, uint32_t gid, struct err *err)
{
	struct walk w = {.gid = gid, .bits = g->read_only ? BITS_READ : BITS_WRITE};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < g->n; i++)
		ret = tree_give(&w, g->dfds[i], g->on_mismatch, err);
	vec_release(&w.open);
	return ret;
}
