/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: any bytes as a blob. What our reader and libarchive both accept without complaint
 * must be the same list of entries with the same data. What our reader accepts is also
 * unpacked, beside a file that must survive it.
 */
#include <archive.h>
#include <archive_entry.h>
#include <base/attr.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <images/layer.h>
#include <images/unpack.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIST_MAX = 1 << 22, UNPACK_MAX = 200, NAME_BYTES = 4200 };

static uint32_t sum_add(uint32_t sum, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		sum = (sum ^ b[i]) * 16777619U;
	return sum;
}

struct line {
	char type;
	struct str name, link;
	unsigned int mode;
	int64_t uid, gid, mtime;
	uint32_t sum;
};

/* Owner and mode of a hard link are those of its target in one reader and not in the other. */
static void line_put(struct buf *out, const struct line *l)
{
	buf_addf(out, "%c '" STR_FMT "' '" STR_FMT "'", l->type, STR_ARG(l->name),
		STR_ARG(l->link));
	if (l->type != 'h')
		buf_addf(out, " %o %lld:%lld %lld %08x", l->mode, (long long)l->uid,
			(long long)l->gid, (long long)l->mtime, l->sum);
	buf_addc(out, '\n');
}

/* --- our reader --- */

static int ours_entry(struct tar_reader *r, const struct tar_entry *e, struct buf *out)
{
	struct line l = {.type = "fdlhpD"[e->type],
		.name = e->name,
		.link = e->link,
		.mode = e->mode,
		.uid = e->uid,
		.gid = e->gid,
		.mtime = e->mtime_s,
		.sum = 2166136261U};

	for (;;) {
		const uint8_t *p;
		size_t n;

		if (tar_data(r, &p, &n, NULL) < 0)
			return -1;
		if (!n)
			break;
		l.sum = sum_add(l.sum, p, n);
	}
	line_put(out, &l);
	return 0;
}

static int ours_list(const struct blob *blob, struct buf *out, size_t *ret_n)
{
	struct layer_expect any = {0};
	cleanup_layer_stream struct layer_stream *s = NULL;
	struct tar_source src = {.next = layer_stream_next};
	cleanup_tar struct tar_reader r = {0};

	if (layer_stream_new(blob, &any, &s, NULL) < 0)
		return -1;
	src.arg = s;
	tar_init(&r, &src);
	for (*ret_n = 0;; (*ret_n)++) {
		struct tar_entry e;
		bool more;

		if (tar_next(&r, &e, &more, NULL) < 0)
			return -1;
		if (!more)
			return layer_stream_finish(s, NULL);
		if (ours_entry(&r, &e, out) < 0)
			return -1;
	}
}

/* --- the second opinion --- */

/* Its own cleaning, written differently: drop "", "." and leading slashes. */
static void clean(const char *raw, char *to, size_t cap)
{
	size_t n = 0;
	const char *p = raw;

	while (*p) {
		size_t len = strcspn(p, "/");

		if (len && !(len == 1 && p[0] == '.') && n + len + 2 < cap) {
			if (n)
				to[n++] = '/';
			memcpy(to + n, p, len);
			n += len;
		}
		p += len + (p[len] == '/');
	}
	to[n] = '\0';
}

static char theirs_type(struct archive_entry *e)
{
	if (archive_entry_hardlink(e))
		return 'h';
	switch (archive_entry_filetype(e)) {
	case AE_IFREG:
		return 'f';
	case AE_IFDIR:
		return 'd';
	case AE_IFLNK:
		return 'l';
	case AE_IFIFO:
		return 'p';
	default:
		return 'D';
	}
}

/* Digest of an entry's bytes; -1 when they cannot be read. */
static int theirs_sum(struct archive *ar, uint32_t *sum)
{
	char block[4096];

	for (;;) {
		la_ssize_t n = archive_read_data(ar, block, sizeof(block));

		if (n <= 0)
			return n < 0 ? -1 : 0;
		*sum = sum_add(*sum, block, (size_t)n);
	}
}

static int theirs_entry(struct archive *ar, struct archive_entry *e, struct buf *out)
{
	char name[NAME_BYTES], link[NAME_BYTES] = "";
	struct line l = {.type = theirs_type(e),
		.mode = archive_entry_mode(e) & 07777,
		.uid = archive_entry_uid(e),
		.gid = archive_entry_gid(e),
		.mtime = archive_entry_mtime(e),
		.sum = 2166136261U};

	if (!archive_entry_pathname(e) || (l.type == 'l' && !archive_entry_symlink(e)))
		return -1;
	clean(archive_entry_pathname(e), name, sizeof(name));
	if (l.type == 'h')
		clean(archive_entry_hardlink(e), link, sizeof(link));
	if (l.type == 'l')
		(void)snprintf(link, sizeof(link), "%s", archive_entry_symlink(e));
	l.name = str_z(name);
	l.link = str_z(link);
	if (theirs_sum(ar, &l.sum))
		return -1;
	line_put(out, &l);
	return 0;
}

static int theirs_list(const uint8_t *data, size_t size, struct buf *out)
{
	struct archive *ar = archive_read_new();
	int rc = -1;

	archive_read_support_format_tar(ar);
	archive_read_support_filter_gzip(ar);
	archive_read_support_filter_zstd(ar);
	if (archive_read_open_memory(ar, data, size) == ARCHIVE_OK) {
		for (;;) {
			struct archive_entry *e;
			int got = archive_read_next_header(ar, &e);

			if (got == ARCHIVE_EOF)
				rc = 0;
			if (got != ARCHIVE_OK || theirs_entry(ar, e, out) < 0)
				break;
		}
	}
	archive_read_free(ar);
	return rc;
}

/* --- unpacking --- */

static void unpack(const struct blob *blob)
{
	struct layer_expect any = {0};
	struct unpack_rules rules = {.owner = UNPACK_OWNERS_SQUASH};
	struct unpack_stats stats;
	cleanup_layer_stream struct layer_stream *s = NULL;
	struct tar_source src = {.next = layer_stream_next};
	char path[] = "/tmp/monopod-fuzz-XXXXXX";
	cleanup_arena struct arena *a = arena_new();
	struct str *names;
	size_t n;
	struct stat st;

	BUG_ON(!mkdtemp(path));
	cleanup_fd int dfd = dir_open(AT_FDCWD, path, NULL);
	BUG_ON(dfd < 0 || mkdirat(dfd, "root", 0700) < 0);
	BUG_ON(file_write(dfd, "victim", STR("safe"), 0640, NULL) < 0);
	cleanup_fd int root_fd = dir_open(dfd, "root", NULL);
	if (layer_stream_new(blob, &any, &s, NULL) == 0) {
		cleanup_tar struct tar_reader r = {0};

		src.arg = s;
		tar_init(&r, &src);
		(void)unpack_tar(&r, root_fd, &rules, &stats, NULL);
	}
	BUG_ON(fstatat(dfd, "victim", &st, AT_SYMLINK_NOFOLLOW) < 0);
	BUG_ON(!S_ISREG(st.st_mode) || st.st_size != 4 || st.st_nlink != 1 ||
		(st.st_mode & 07777) != 0640);
	BUG_ON(dir_list(a, dfd, 3, &names, &n, NULL) < 0 || n != 2);
	BUG_ON(dir_remove(AT_FDCWD, path, NULL) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_buf struct buf ours = {0}, theirs = {0};
	struct blob blob = {.fd = memfd_create("layer", MFD_CLOEXEC), .size = size};
	size_t n = 0;

	/* libarchive converts names to the locale's character set */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
	buf_init(&ours, LIST_MAX);
	buf_init(&theirs, LIST_MAX);
	BUG_ON(blob.fd < 0 || fd_write_all(blob.fd, data, size, NULL) < 0);
	int rc = ours_list(&blob, &ours, &n);
	if (rc == 0 && theirs_list(data, size, &theirs) == 0 &&
		!str_eq(buf_str(&ours), buf_str(&theirs))) {
		(void)fprintf(stderr, "ours:\n%s\ntheirs:\n%s\n", ours.p ? ours.p : "",
			theirs.p ? theirs.p : "");
		abort();
	}
	if (n <= UNPACK_MAX && n)
		unpack(&blob);
	blob_close(&blob);
	return 0;
}
