/* SPDX-License-Identifier: Apache-2.0 */
/* The log of one step: writing within a limit, telling what is missing, reading back. */
#include "steplog.h"

#include <base/attr.h>
#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/num.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
	PARTS = 4, /* the beginning and the newest that are numbered */
	NAME_BYTES = 320,
	NOTE_BYTES = 256,
	FILES_LISTED = 100000,
	ROOM_AGAIN = 8 * MIB, /* free on a disk that was full, before the log goes on */
};

struct part {
	uint64_t number; /* 0: not there */
	uint64_t n_bytes, n_lines;
};

struct steplog {
	int dfd;
	struct str name; /* STEP.log */
	uint64_t limit;
	int head_fd; /* -1 as long as it is also the current one */
	uint64_t n_head;
	int fd;                       /* the current file */
	struct part parts[PARTS - 1]; /* numbered ones, by number % (PARTS - 1) */
	uint64_t current;             /* its number, 0: the beginning */
	uint64_t n_bytes;             /* of the current file */
	bool in_line;                 /* the last byte written did not end a line */
	bool head_in_line;
	struct steplog_gaps gaps;
	uint64_t n_gap; /* of n_lost: not told in the log yet */
	int gap_errno;
};

static int part_open(const struct steplog *l, uint64_t number, int flags, bool is_new)
{
	char name[NAME_BYTES];
	struct stat st;
	int fd;

	if (number == 0)
		(void)snprintf(name, sizeof(name), "%s", str_c(l->name));
	else
		(void)snprintf(name, sizeof(name), "%s.%llu", str_c(l->name),
			(unsigned long long)number);
	fd = openat(l->dfd, name,
		flags | O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		0600);
	if (fd < 0)
		return -1;
	/* of one name: whoever left another wants something else to be written */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
		(!is_new || ftruncate(fd, 0) == 0))
		return fd;
	fd_close(&fd);
	errno = EEXIST;
	return -1;
}

static void part_remove(const struct steplog *l, uint64_t number)
{
	char name[NAME_BYTES];

	(void)snprintf(
		name, sizeof(name), "%s.%llu", str_c(l->name), (unsigned long long)number);
	(void)unlinkat(l->dfd, name, 0);
}

int steplog_open(
	int dfd, struct str step, uint64_t limit, struct steplog **ret, struct err *err)
{
	struct steplog *l = mem_zalloc(sizeof(*l));
	char *name = mem_alloc(step.n + sizeof(".log"));
	struct stat st;

	memcpy(name, step.p, step.n);
	memcpy(name + step.n, ".log", sizeof(".log"));
	*l = (struct steplog){.dfd = dfd, .name = str_z(name), .limit = limit, .head_fd = -1};
	l->fd = part_open(l, 0, O_APPEND, false);
	if (l->fd < 0 || fstat(l->fd, &st) < 0) {
		(void)err_sys(err, "open log '%s'", name);
		steplog_close(l);
		return -1;
	}
	l->n_bytes = (uint64_t)st.st_size;
	*ret = l;
	return 0;
}

/* --- writing ----------------------------------------------------------------------------- */

/* As much as can be written; the rest is counted as lost. */
static void raw_write(struct steplog *l, struct str s)
{
	while (s.n) {
		ssize_t done = write(l->fd, s.p, s.n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			l->gap_errno = done < 0 ? errno : ENOSPC;
			l->gaps.n_lost += s.n;
			l->n_gap += s.n;
			return;
		}
		l->in_line = s.p[done - 1] != '\n';
		l->n_bytes += (uint64_t)done;
		s = str_slice(s, (size_t)done, s.n);
	}
}

/* What was made free on a full disk is for the record, not for more of the log. */
static bool disk_has_room(const struct steplog *l)
{
	struct statfs st;

	return l->gap_errno != ENOSPC || fstatfs(l->fd, &st) < 0 ||
	       (uint64_t)st.f_bavail * (uint64_t)st.f_bsize >= ROOM_AGAIN;
}

/* Says what is missing here. False: writing does not work yet. */
static bool gap_tell(struct steplog *l)
{
	char note[NOTE_BYTES];
	const uint64_t n_gap = l->n_gap;
	const uint64_t n_lost = l->gaps.n_lost;

	if (!disk_has_room(l))
		return false;
	(void)snprintf(note, sizeof(note),
		"%smonopod: %llu bytes are missing here, they could not be written: %s\n",
		l->in_line ? "\n" : "", (unsigned long long)n_gap, strerror(l->gap_errno));
	l->n_gap = 0;
	raw_write(l, str_z(note));
	if (!l->n_gap)
		return true;
	l->n_gap = n_gap;
	l->gaps.n_lost = n_lost;
	return false;
}

/* The last line of the beginning is written over: its numbers only grow. */
static bool drop_tell(const struct steplog *l)
{
	char note[NOTE_BYTES];
	int n = snprintf(note, sizeof(note),
		"%smonopod: %llu bytes with %llu line ends were dropped here, --log-limit is "
		"%llu\n",
		l->head_in_line ? "\n" : "", (unsigned long long)l->gaps.n_dropped,
		(unsigned long long)l->gaps.n_lines_dropped, (unsigned long long)l->limit);

	return pwrite(l->head_fd, note, (size_t)n, (off_t)l->n_head) == n;
}

/* The oldest numbered file makes room for a new one. Told first, or on a full disk as soon as
 * there is room. */
static void part_drop(struct steplog *l, struct part *p)
{
	bool is_told;

	if (p->number == 0)
		return;
	l->gaps.n_dropped += p->n_bytes;
	l->gaps.n_lines_dropped += p->n_lines;
	is_told = drop_tell(l);
	part_remove(l, p->number);
	if (!is_told)
		(void)drop_tell(
			l); /* the next rotation tries again; the run's end says it too */
}

/* The next file. When there can be none, the current one goes on: too long is better than
 * lost. */
static void part_next(struct steplog *l)
{
	struct part *p = &l->parts[(l->current + 1) % ARRAY_SIZE(l->parts)];
	int fd = part_open(l, l->current + 1, O_APPEND, true);

	if (fd < 0)
		return;
	part_drop(l, p);
	if (l->head_fd < 0) {
		/* without O_APPEND, so that its last line can be written over */
		l->head_fd = part_open(l, 0, 0, false);
		l->n_head = l->n_bytes;
		l->head_in_line = l->in_line;
	}
	fd_close(&l->fd);
	l->fd = fd;
	l->current++;
	l->n_bytes = 0;
	*p = (struct part){.number = l->current};
}

static uint64_t count_lines(struct str s)
{
	uint64_t n = 0;
	ptrdiff_t at;

	while ((at = str_chr(s, '\n')) >= 0) {
		n++;
		s = str_slice(s, (size_t)at + 1, s.n);
	}
	return n;
}

/* How much of it goes into the current file: all, or up to an end of a line if that can be. */
static size_t piece_size(const struct steplog *l, struct str s)
{
	const uint64_t room_for = l->limit / PARTS;
	size_t room = l->n_bytes < room_for ? (size_t)(room_for - l->n_bytes) : 0;
	ptrdiff_t end;

	if (s.n <= room)
		return s.n;
	end = str_rchr(str_slice(s, 0, room), '\n');
	if (end >= 0)
		return (size_t)end + 1;
	return l->in_line || l->n_bytes == 0 ? room : 0;
}

static void limited_write(struct steplog *l, struct str s)
{
	while (s.n) {
		size_t n = piece_size(l, s);
		struct str piece = str_slice(s, 0, n);
		struct part *p;

		raw_write(l, piece);
		p = &l->parts[l->current % ARRAY_SIZE(l->parts)];
		if (l->current) {
			p->n_bytes = l->n_bytes;
			p->n_lines += l->n_gap ? 0 : count_lines(piece);
		}
		s = str_slice(s, n, s.n);
		if (s.n == 0)
			return;
		part_next(l);
		if (l->n_bytes) { /* there is no next one */
			raw_write(l, s);
			return;
		}
	}
}

void steplog_write(struct steplog *l, struct str bytes)
{
	if (l->n_gap && !gap_tell(l)) {
		l->gaps.n_lost += bytes.n;
		l->n_gap += bytes.n;
		return;
	}
	if (l->limit)
		limited_write(l, bytes);
	else
		raw_write(l, bytes);
}

struct steplog_gaps steplog_gaps(const struct steplog *l)
{
	return l->gaps;
}

void steplog_close(struct steplog *l)
{
	if (!l)
		return;
	fd_close(&l->fd);
	fd_close(&l->head_fd);
	free((char *)(uintptr_t)l->name.p);
	free(l);
}

/* --- reading ----------------------------------------------------------------------------- */

/* "STEP.log.N": N; 0: it is something else. */
static uint64_t part_number(struct str file, struct str name)
{
	struct err passed = {0};
	uint64_t n;

	if (file.n < name.n + 2 || !str_starts(file, name) || file.p[name.n] != '.' ||
		num_u64(str_slice(file, name.n + 1, file.n), UINT64_MAX, &n, &passed))
		return 0;
	return n;
}

struct numbered {
	uint64_t number;
	struct str name;
};

static int numbered_compare(const void *a, const void *b)
{
	const struct numbered *x = a;
	const struct numbered *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

int steplog_parts(struct arena *a, int dfd, struct str step, struct str **ret, size_t *ret_n,
	struct err *err)
{
	struct str name = arena_printf(a, STR_FMT ".log", STR_ARG(step));
	struct numbered *found;
	struct str *files;
	size_t n_files;
	size_t n = 0;

	if (dir_list(a, dfd, FILES_LISTED, &files, &n_files, err))
		return -1;
	found = arena_new_array(a, struct numbered, n_files + 1);
	for (size_t i = 0; i < n_files; i++) {
		uint64_t number = part_number(files[i], name);

		if (number || str_eq(files[i], name))
			found[n++] = (struct numbered){number, files[i]};
	}
	if (n)
		qsort(found, n, sizeof(*found), numbered_compare);
	*ret = arena_new_array(a, struct str, n + 1);
	for (size_t i = 0; i < n; i++)
		(*ret)[i] = found[i].name;
	*ret_n = n;
	return 0;
}

/* The end of one file, to the end of a buffer of n bytes; returns how many. */
static size_t part_tail(int dfd, struct str name, char *text, size_t n)
{
	int fd cleanup_fd =
		openat(dfd, str_c(name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	size_t want = size < 0 ? 0 : (uint64_t)size < n ? (size_t)size : n;
	ssize_t done = want ? pread(fd, text + n - want, want, size - (off_t)want) : 0;

	return done == (ssize_t)want ? want : 0;
}

struct str steplog_tail(struct arena *a, int dfd, struct str step, size_t n)
{
	char *text = arena_alloc(a, n);
	size_t from = n; /* filled from the back */
	struct str *parts;
	size_t n_parts;

	if (steplog_parts(a, dfd, step, &parts, &n_parts, NULL))
		return STR_NONE;
	for (size_t i = n_parts; i-- && from;)
		from -= part_tail(dfd, parts[i], text, from);
	return (struct str){text + from, n - from};
}
