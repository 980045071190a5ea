/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's framing: checksummed lines, appended and read back. */
#include "journal.h"

#include "seal.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <base/vec.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CRC_DIGITS = 8, PENDING_BYTES = 64 * MIB, JOURNAL_MAX = 1024 * MIB };

/* CRC-32 (IEEE 802.3), four bits at a time. */
uint32_t journal_crc(struct str bytes)
{
	static const uint32_t nibble[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344,
		0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < bytes.n; i++) {
		crc ^= (unsigned char)bytes.p[i];
		crc = (crc >> 4) ^ nibble[crc & 15];
		crc = (crc >> 4) ^ nibble[crc & 15];
	}
	return ~crc;
}

/*
 * Blocks ahead of the end, so that the records of a step that filled the disk still have a
 * place. Not every file system can; then there is none.
 */
static void journal_reserve(const struct journal *j)
{
	(void)fallocate(j->fd, FALLOC_FL_KEEP_SIZE, (off_t)j->n_bytes, JOURNAL_RESERVE);
}

int journal_create(struct journal *j, int dfd, const char *name, struct err *err)
{
	*j = (struct journal){.fd = -1};
	buf_init(&j->pending, PENDING_BYTES);
	j->fd = openat(dfd, name,
		O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (j->fd < 0)
		return err_sys(err, "create journal '%s'", name);
	journal_reserve(j);
	return 0;
}

/* After a failed append the file may end in half a record: it is cut back to the last one. */
static int journal_repair(struct journal *j, struct err *err)
{
	if (!j->is_torn)
		return 0;
	if (ftruncate(j->fd, (off_t)j->n_bytes) < 0)
		return err_sys(err, "repair journal");
	j->is_torn = false;
	return 0;
}

/* Only a plain file of ours: a run directory may have been in other hands. */
static int journal_open_file(int dfd, const char *name, int flags, struct err *err)
{
	struct err low = {0};
	int fd cleanup_fd = path_open(dfd, name, flags | O_NONBLOCK | O_NOCTTY, 0,
		PATH_BENEATH | PATH_NO_LINKS, &low);
	struct stat st;

	if (fd < 0)
		return err_set(err, low.sys == ENOENT ? ERR_NOT_FOUND : ERR_USAGE,
			"%s: open: %s", name, strerrordesc_np(low.sys));
	if (fstat(fd, &st))
		return err_sys(err, "stat journal");
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
		return err_set(err, ERR_USAGE, "journal is not a plain file of one name");
	/* root may look at anybody's */
	if ((st.st_uid != geteuid() && (flags & O_RDWR || geteuid() != 0)) ||
		st.st_mode & S_IWOTH)
		return err_set(err, ERR_USAGE,
			"journal is not this user's alone: owner %u, mode %04o",
			(unsigned)st.st_uid, (unsigned)st.st_mode & 07777);
	return fd_take(&fd);
}

static int journal_take_records(
	int fd, struct arena *a, struct journal_text *ret, struct err *err)
{
	struct str text;

	if (file_read_fd(a, fd, JOURNAL_MAX, &text, err))
		return err_wrap(err, "read journal");
	journal_parse(a, text, ret);
	return 0;
}

int journal_read(
	int dfd, const char *name, struct arena *a, struct journal_text *ret, struct err *err)
{
	int fd cleanup_fd = journal_open_file(dfd, name, O_RDONLY, err);

	return fd < 0 ? -1 : journal_take_records(fd, a, ret, err);
}

int journal_open(struct journal *j, int dfd, const char *name, struct arena *a,
	struct journal_text *ret, struct err *err)
{
	*j = (struct journal){.fd = -1};
	buf_init(&j->pending, PENDING_BYTES);
	j->fd = journal_open_file(dfd, name, O_RDWR | O_APPEND, err);
	if (j->fd < 0 || journal_take_records(j->fd, a, ret, err)) {
		journal_close(j);
		return -1;
	}
	j->n_bytes = ret->n_valid_bytes;
	j->is_torn = ret->n_torn_bytes > 0;
	journal_reserve(j);
	return 0;
}

/* Writes what is pending. A record that there was no memory for would be a gap: after it
 * nothing is written any more. */
static int journal_flush(struct journal *j, struct err *err)
{
	size_t n = j->pending.n;

	if (n == 0)
		return 0;
	if (journal_repair(j, err))
		return -1;
	if (fd_write_all(j->fd, j->pending.p, n, err)) {
		j->is_torn = true;
		return err_wrap(err, "append to journal");
	}
	if (j->n_bytes / JOURNAL_RESERVE != (j->n_bytes + n) / JOURNAL_RESERVE)
		journal_reserve(j);
	j->n_bytes += n;
	if (!j->pending.full)
		buf_clear(&j->pending);
	else
		buf_cut(&j->pending, 0);
	return 0;
}

static int journal_add(struct journal *j, struct str record, struct err *err)
{
	size_t n_before = j->pending.n;

	BUG_ON(j->fd < 0);
	BUG_ON(memchr(record.p, '\n', record.n));
	buf_addf(&j->pending, "%08x ", journal_crc(record));
	buf_adds(&j->pending, record);
	buf_addc(&j->pending, '\n');
	if (j->pending.full) {
		buf_cut(&j->pending, n_before); /* not half a line */
		(void)journal_flush(j, NULL);
		return err_set(err, ERR_LIMIT, "append to journal: too much waits for it");
	}
	return journal_flush(j, err);
}

static int journal_add_sealed(struct journal *j, struct str record, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct err passed = {0};
	struct str shown;

	if (seal_record(j->seal, a, record, &shown, err)) {
		(void)journal_add(j, shown, &passed);
		return -1;
	}
	return journal_add(j, shown, err);
}

int journal_append(struct journal *j, struct str record, bool durable, struct err *err)
{
	if (j->seal ? journal_add_sealed(j, record, err) : journal_add(j, record, err))
		return -1;
	return durable ? journal_sync(j, err) : 0;
}

int journal_sync(struct journal *j, struct err *err)
{
	if (journal_flush(j, err))
		return -1;
	if (fdatasync(j->fd) == 0 || fd_cannot_sync(errno)) /* which durable.h says */
		return 0;
	j->is_unsure = true; /* the kernel may have given up what it could not write */
	return err_sys(err, "sync journal");
}

bool journal_is_whole(const struct journal *j)
{
	return j->fd >= 0 && !j->pending.n && !j->pending.full && !j->is_unsure &&
	       seal_is_whole(j->seal);
}

void journal_close(struct journal *j)
{
	fd_close(&j->fd);
	seal_free(j->seal);
	j->seal = NULL;
	buf_release(&j->pending);
}

static bool journal_line_valid(struct str line, struct str *ret_record)
{
	struct buf b = {0};
	bool same;

	if (line.n <= CRC_DIGITS + 1 || line.p[CRC_DIGITS] != ' ')
		return false;
	*ret_record = str_slice(line, CRC_DIGITS + 1, line.n);
	buf_init(&b, CRC_DIGITS);
	buf_addf(&b, "%08x", journal_crc(*ret_record));
	same = memcmp(b.p, line.p, CRC_DIGITS) == 0;
	buf_release(&b);
	return same;
}

/* The first line of text without its end, if it is a whole record. */
static bool journal_next(struct str text, struct str *ret_line, struct str *ret_record)
{
	ptrdiff_t end = str_chr(text, '\n');

	*ret_line = end < 0 ? text : str_slice(text, 0, (size_t)end);
	return end >= 0 && journal_line_valid(*ret_line, ret_record);
}

/* A writer that died leaves nothing behind the place where it did. */
static bool journal_has_record(struct str text)
{
	struct str line, record;

	while (text.n) {
		if (journal_next(text, &line, &record))
			return true;
		text = str_slice(text, line.n + 1, text.n);
	}
	return false;
}

void journal_parse(struct arena *a, struct str text, struct journal_text *ret)
{
	VEC(struct str) records = {0};
	struct str rest = text;
	struct str line, record;

	while (journal_next(rest, &line, &record)) {
		vec_push(&records, record);
		rest = str_slice(rest, line.n + 1, rest.n);
	}
	*ret = (struct journal_text){.records = vec_freeze(&records, a),
		.n = records.n,
		.n_valid_bytes = text.n - rest.n,
		.n_torn_bytes = rest.n,
		.is_damaged = journal_has_record(rest)};
	vec_release(&records);
}
