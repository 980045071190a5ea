/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files; directories are in dir.c. */
#include <base/file.h>

#include <base/buf.h>
#include <base/fd.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_READ_BYTES = 64 * 1024 };

int file_read_fd(struct arena *a, int fd, size_t max_bytes, struct str *ret, struct err *err)
{
	cleanup_buf struct buf b;
	cleanup_free char *chunk = mem_alloc(FILE_READ_BYTES);

	buf_init(&b, max_bytes);
	for (;;) {
		ssize_t n = read(fd, chunk, FILE_READ_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read");
		if (n == 0)
			break;
		buf_add(&b, chunk, (size_t)n);
		if (b.full)
			return err_set(err, ERR_LIMIT, "more than %zu bytes", max_bytes);
	}
	*ret = arena_str(a, buf_str(&b));
	return 0;
}

int file_read(struct arena *a, int dfd, const char *path, size_t max_bytes, struct str *ret,
	struct err *err)
{
	cleanup_fd int fd = openat(dfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (file_read_fd(a, fd, max_bytes, ret, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

/* A late error of close (a full disk on NFS) is an error too. */
static int file_close(int *fd, const char *name, bool sync, struct err *err)
{
	if (sync && fsync(*fd) < 0 && !fd_cannot_sync(errno))
		return err_sys(err, "sync '%s'", name);
	if (close(fd_take(fd)) < 0 && errno != EINTR)
		return err_sys(err, "close '%s'", name);
	return 0;
}

int file_write(int dfd, const char *name, struct str text, uint32_t mode, struct err *err)
{
	cleanup_fd int fd =
		openat(dfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, mode);

	if (fd < 0)
		return err_sys(err, "open '%s'", name);
	if (fd_write_all(fd, text.p, text.n, err) < 0)
		return err_wrap(err, "'%s'", name);
	return file_close(&fd, name, false, err);
}

/* "a/b" is written through "a/.b.PID.N"; a name left by a dead process is passed over. */
enum { FILE_TEMPORARY_TRIES = 100 };

static int file_temporary(
	int dfd, const char *name, uint32_t mode, struct buf *path, struct err *err)
{
	struct str whole = str_z(name);
	ptrdiff_t slash = str_rchr(whole, '/');
	size_t head = slash < 0 ? 0 : (size_t)slash + 1;

	for (int i = 0; i < FILE_TEMPORARY_TRIES; i++) {
		int fd;

		buf_clear(path);
		buf_adds(path, str_slice(whole, 0, head));
		buf_addf(path, ".%s.%d.%d", name + head, (int)getpid(), i);
		if (path->full)
			return err_sysno(err, ENAMETOOLONG, "open '%s'", name);
		fd = openat(dfd, path->p, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			mode);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			break;
	}
	return err_sys(err, "create '%s'", path->p);
}

int file_sync_parent(int dfd, const char *name, struct err *err)
{
	cleanup_arena struct arena *a = arena_new();
	struct str whole = str_z(name);
	ptrdiff_t slash = str_rchr(whole, '/');
	struct str parent =
		slash < 0 ? STR(".") : arena_str(a, str_slice(whole, 0, (size_t)slash + 1));
	cleanup_fd int fd = dir_open(dfd, parent.p, err);

	if (fd < 0)
		return -1;
	/* where a directory cannot be synced the rename is done anyway */
	if (fsync(fd) < 0 && !fd_cannot_sync(errno))
		return err_sys(err, "sync '%s'", parent.p);
	return 0;
}

int file_fill_atomic(
	int dfd, const char *name, const struct file_filler *f, uint32_t mode, struct err *err)
{
	cleanup_buf struct buf path;
	cleanup_fd int fd = -1;

	buf_init(&path, 4096);
	fd = file_temporary(dfd, name, mode, &path, err);
	if (fd < 0)
		return -1;
	if (f->fill(f->arg, fd, err)) {
		err_wrap(err, "'%s'", name);
		goto drop;
	}
	if (file_close(&fd, name, true, err) < 0)
		goto drop;
	if (renameat(dfd, path.p, dfd, name) < 0) {
		err_sys(err, "rename '%s' to '%s'", path.p, name);
		goto drop;
	}
	return file_sync_parent(dfd, name, err);
drop:
	(void)unlinkat(dfd, path.p, 0); /* the first error is the one to report */
	return -1;
}

static int file_fill_text(void *arg, int fd, struct err *err)
{
	const struct str *text = arg;

	return fd_write_all(fd, text->p, text->n, err);
}

int file_write_atomic(
	int dfd, const char *name, struct str text, uint32_t mode, struct err *err)
{
	const struct file_filler filler = {file_fill_text, &text};

	return file_fill_atomic(dfd, name, &filler, mode, err);
}
