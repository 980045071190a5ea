/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and reading blobs of layouts and archives. */
#include "blob.h"

#include "digest.h"

#include <base/fd.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int blob_missing(const struct blobs *b, struct str path, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "'" STR_FMT "': has no '" STR_FMT "'",
		STR_ARG(b->label), STR_ARG(path));
}

static int open_file(const struct blobs *b, struct str path, struct blob *ret, struct err *err)
{
	struct stat st;
	struct err why = {0};
	cleanup_fd int fd = path_open(b->fd, str_c(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0,
		PATH_BENEATH | PATH_NO_LINKS, &why);

	if (fd < 0 && why.sys == ENOENT)
		return blob_missing(b, path, err);
	if (fd < 0 && why.sys == ELOOP)
		return err_set(err, ERR_IMAGE, "'" STR_FMT "': '" STR_FMT "' is a link",
			STR_ARG(b->label), STR_ARG(path));
	if (fd < 0)
		return err_sysno(err, why.sys, "open '" STR_FMT "' of '" STR_FMT "'",
			STR_ARG(path), STR_ARG(b->label));
	if (fstat(fd, &st) < 0)
		return err_sys(err, "stat '" STR_FMT "'", STR_ARG(path));
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_IMAGE,
			"'" STR_FMT "': '" STR_FMT "' is not a regular file", STR_ARG(b->label),
			STR_ARG(path));
	*ret = (struct blob){.fd = fd_take(&fd), .size = (uint64_t)st.st_size};
	return 0;
}

int blob_open(const struct blobs *b, struct str path, struct blob *ret, struct err *err)
{
	*ret = (struct blob){.fd = -1};
	if (!b->members)
		return open_file(b, path, ret, err);
	const struct member *m = map_get(b->members, path);
	/* old docker archives have a link where two images share a layer */
	for (int hops = 0; m && m->link.n; hops++) {
		if (hops == 8)
			return err_set(err, ERR_IMAGE,
				"'" STR_FMT "': '" STR_FMT "' is a chain of links",
				STR_ARG(b->label), STR_ARG(path));
		m = map_get(b->members, m->link);
	}
	if (!m)
		return blob_missing(b, path, err);
	int fd = fcntl(b->fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_sys(err, "duplicate a descriptor");
	*ret = (struct blob){.fd = fd, .offset = m->offset, .size = m->size};
	return 0;
}

void blob_close(struct blob *blob)
{
	fd_close(&blob->fd);
}

int blob_read(
	const struct blob *blob, uint64_t at, void *p, size_t n, size_t *ret_n, struct err *err)
{
	uint64_t left = at < blob->size ? blob->size - at : 0;
	size_t got = 0;

	if (n > left)
		n = (size_t)left;
	while (got < n) {
		ssize_t r = pread(
			blob->fd, (char *)p + got, n - got, (off_t)(blob->offset + at + got));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(err, "read a blob");
		if (r == 0)
			return err_set(err, ERR_IMAGE, "blob: the file became shorter");
		got += (size_t)r;
	}
	*ret_n = got;
	return 0;
}

int blob_text(
	struct arena *a, const struct blob *blob, size_t max, struct str *ret, struct err *err)
{
	size_t n;

	if (blob->size > max)
		return err_set(err, ERR_LIMIT, "document of %llu bytes: the limit is %zu",
			(unsigned long long)blob->size, max);
	char *p = arena_alloc(a, (size_t)blob->size + 1);
	if (blob_read(blob, 0, p, (size_t)blob->size, &n, err) < 0)
		return -1;
	*ret = (struct str){.p = p, .n = n};
	return 0;
}

int blob_document(struct arena *a, const struct blobs *b, const struct blob_want *want,
	struct str *ret, struct err *err)
{
	cleanup_blob struct blob blob = {.fd = -1};

	if (blob_open(b, want->path, &blob, err) < 0)
		return -1;
	if (want->size != UINT64_MAX && blob.size != want->size)
		return err_set(err, ERR_IMAGE,
			"'" STR_FMT "': '" STR_FMT "' has %llu bytes, expected %llu",
			STR_ARG(b->label), STR_ARG(want->path), (unsigned long long)blob.size,
			(unsigned long long)want->size);
	if (blob_text(a, &blob, want->max, ret, err) < 0)
		return err_wrap(err, "'" STR_FMT "': '" STR_FMT "'", STR_ARG(b->label),
			STR_ARG(want->path));
	if (want->digest.n && digest_verify(want->digest, *ret, err) < 0)
		return err_wrap(err, "'" STR_FMT "'", STR_ARG(b->label));
	return 0;
}
