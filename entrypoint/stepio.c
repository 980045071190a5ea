/* SPDX-License-Identifier: Apache-2.0 */
/* Pumping a step's output. */
#include "stepio.h"

#include <base/attr.h>
#include <base/bounds.h>
#include <base/buf.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/num.h>
#include <errno.h>
#include <monopod/sandbox.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CHUNK_BYTES = 64 * KIB,
	TURN_NS = 2 * NS_PER_MS, /* then others get their turn */
	HELD_MS = 100,           /* a beginning of a masked value */
	HELD_LONG_MS = 2000,     /* of SURE bytes and more: there is little doubt */
	HELD_SURE = 4,
	DRAIN_CHUNKS = 32, /* more than a pipe holds; a writer that goes on is cut off */
};

struct stream {
	struct stepio *io;
	bool is_stderr;
	int read_fd;
	int write_fd;
	int copy_fd; /* the step's own file that gets the bytes as well, or -1 */
	struct watch *watch;
	struct mask_stream *mask; /* NULL: nothing is hidden */
	struct buf line;          /* the beginning of a line whose end has not come */
	bool skips;               /* the rest of an endless line: was shown already */
};

struct stepio {
	struct stepio_events events;
	struct stream streams[2];
	struct steplog *log;
	struct watch *held; /* when what may be the beginning of a masked value is given out */
	bool is_waiting;    /* it is set */
	char *chunk;
	int copies_fd; /* where the descriptors of the copies come from, or -1 */
	bool has_lost_copy;
};

static void stream_emit(struct stream *s, struct str text, bool is_cut)
{
	struct stepio_line line = {.is_stderr = s->is_stderr, .is_cut = is_cut, .text = text};

	s->io->events.line(s->io->events.arg, &line);
}

/* A piece without a line end. Beyond the bound the line is shown as far as it came, once. */
static void stream_add(struct stream *s, struct str piece)
{
	if (s->skips)
		return;
	buf_adds(&s->line, piece);
	if (!s->line.full)
		return;
	stream_emit(s, buf_str(&s->line), true);
	buf_clear(&s->line);
	s->skips = true;
}

/* A piece that ends a line. */
static void stream_end_line(struct stream *s, struct str piece)
{
	if (!s->skips && s->line.n == 0 && piece.n <= BOUND_LINE_BYTES) {
		stream_emit(s, piece, false);
		return;
	}
	stream_add(s, piece);
	if (!s->skips)
		stream_emit(s, buf_str(&s->line), false);
	buf_clear(&s->line);
	s->skips = false;
}

static void stream_show(struct stream *s, struct str bytes)
{
	while (bytes.n) {
		ptrdiff_t end = str_chr(bytes, '\n');

		if (end < 0) {
			stream_add(s, bytes);
			return;
		}
		stream_end_line(s, str_slice(bytes, 0, (size_t)end));
		bytes = str_slice(bytes, (size_t)end + 1, bytes.n);
	}
}

static void stream_take(void *arg, struct str bytes)
{
	struct stream *s = arg;

	steplog_write(s->io->log, bytes);
	stream_show(s, bytes);
}

/* What is held is given out when nothing has come for a while; that of both streams at once. */
static void stepio_await(struct stepio *io, const struct stream *s)
{
	size_t n = mask_stream_held(s->mask);

	if (!n || io->is_waiting)
		return;
	io->is_waiting = true;
	watch_set_deadline(
		io->held, clock_mono_ns() + (n < HELD_SURE ? HELD_MS : HELD_LONG_MS) *
						    (int64_t)NS_PER_MS);
}

static void stepio_on_held(void *arg, int fd attr_unused)
{
	struct stepio *io = arg;

	io->is_waiting = false;
	for (size_t i = 0; i < ARRAY_SIZE(io->streams); i++) {
		if (io->streams[i].read_fd >= 0)
			mask_stream_flush(io->streams[i].mask);
	}
}

/* Every byte of a step passes here once, in order, before anything else sees it: what is to be
 * hidden or rewritten is so for the log and for people alike. */
static void stream_pass(struct stream *s, struct str bytes)
{
	if (!s->mask) {
		stream_take(s, bytes);
		return;
	}
	mask_stream_feed(s->mask, bytes);
	stepio_await(s->io, s);
}

/* --- the step's own files ------------------------------------------------------------------
 */

/* A file with half of the output must not pass for the whole. */
static void stepio_lose_copy(struct stepio *io, const char *what, const struct err *why)
{
	char text[sizeof(why->msg) + 64];

	io->has_lost_copy = true;
	snprintf(text, sizeof(text), "%s: %s: nothing more is copied", what, why->msg);
	stepio_say(io, str_z(text));
}

/* The step has written, so they have been sent. */
static void stepio_take_copies(struct stepio *io)
{
	int fds[SANDBOX_COPIES];
	struct err err = {0};

	if (io->copies_fd < 0)
		return;
	if (sandbox_copies_take(io->copies_fd, fds, &err))
		stepio_lose_copy(io, "copies of output", &err);
	fd_close(&io->copies_fd);
	io->streams[0].copy_fd = fds[SANDBOX_COPY_STDOUT];
	io->streams[1].copy_fd = fds[SANDBOX_COPY_STDERR];
}

/* As the step wrote them: what is hidden from people is not from the step itself. */
static void stream_copy(struct stream *s, struct str bytes)
{
	struct err err = {0};

	stepio_take_copies(s->io);
	if (s->copy_fd < 0 || fd_write_all(s->copy_fd, bytes.p, bytes.n, &err) == 0)
		return;
	fd_close(&s->copy_fd);
	stepio_lose_copy(s->io, s->is_stderr ? "stderrConfig" : "stdoutConfig", &err);
}

/* --- reading -------------------------------------------------------------------------------
 */

static void stream_close(struct stream *s)
{
	if (s->read_fd < 0)
		return;
	watch_remove(s->watch);
	s->watch = NULL;
	fd_close(&s->read_fd);
	fd_close(&s->copy_fd);
	if (s->mask)
		mask_stream_flush(s->mask);
	if (s->line.n)
		stream_emit(s, buf_str(&s->line), false);
	buf_clear(&s->line);
}

/* One chunk. False: nothing more for now. Closes the stream at its end. */
static bool stream_read(struct stream *s)
{
	ssize_t n = read(s->read_fd, s->io->chunk, CHUNK_BYTES);

	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		stream_close(s);
		return false;
	}
	stream_copy(s, (struct str){s->io->chunk, (size_t)n});
	stream_pass(s, (struct str){s->io->chunk, (size_t)n});
	return n == CHUNK_BYTES; /* else probably all; the loop is level-triggered */
}

static bool stream_is_held(const struct stream *s)
{
	const struct stepio_events *e = &s->io->events;

	return e->is_held && e->is_held(e->arg);
}

static void stream_on_readable(void *arg, int fd attr_unused)
{
	struct stream *s = arg;
	struct stepio *io = s->io;
	const int64_t until_ns = clock_mono_ns() + TURN_NS;

	do {
		if (stream_is_held(s)) {
			watch_pause(s->watch);
			return;
		}
	} while (stream_read(s) && clock_mono_ns() < until_ns);
	if (stepio_is_drained(io))
		io->events.drained(io->events.arg);
}

static int stream_open(struct stepio *io, struct stream *s, struct loop *loop, struct err *err)
{
	s->io = io;
	if (io->held)
		s->mask = mask_stream_new(io->events.mask, stream_take, s);
	buf_init(&s->line, BOUND_LINE_BYTES);
	if (fd_pipe(&s->read_fd, &s->write_fd, err) || fd_set_nonblock(s->read_fd, err))
		return -1;
	s->watch = loop_add_read(loop, s->read_fd, LOOP_OUTPUT,
		s->is_stderr ? "step stderr" : "step stdout", stream_on_readable, s, err);
	return s->watch ? 0 : -1;
}

static int stepio_open_mask(struct stepio *io, struct loop *loop, struct err *err)
{
	if (mask_is_empty(io->events.mask))
		return 0;
	io->held = loop_add_timer(loop, "held output", stepio_on_held, io, err);
	return io->held ? 0 : -1;
}

int stepio_open(struct loop *loop, struct steplog *log, const struct stepio_events *events,
	struct stepio **ret, struct err *err)
{
	struct stepio *io = mem_zalloc(sizeof(*io));

	io->events = *events;
	io->log = log;
	io->chunk = mem_alloc(CHUNK_BYTES);
	io->copies_fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(io->streams); i++)
		io->streams[i] = (struct stream){
			.is_stderr = i == 1, .read_fd = -1, .write_fd = -1, .copy_fd = -1};
	if (stepio_open_mask(io, loop, err) || stream_open(io, &io->streams[0], loop, err) ||
		stream_open(io, &io->streams[1], loop, err)) {
		stepio_free(io);
		return -1;
	}
	*ret = io;
	return 0;
}

int stepio_stdout_fd(const struct stepio *io)
{
	return io->streams[0].write_fd;
}

int stepio_stderr_fd(const struct stepio *io)
{
	return io->streams[1].write_fd;
}

void stepio_started(struct stepio *io)
{
	fd_close(&io->streams[0].write_fd);
	fd_close(&io->streams[1].write_fd);
}

void stepio_copy_from(struct stepio *io, int *copies_fd)
{
	io->copies_fd = fd_take(copies_fd);
}

bool stepio_has_lost_copy(const struct stepio *io)
{
	return io->has_lost_copy;
}

bool stepio_is_drained(const struct stepio *io)
{
	return io->streams[0].read_fd < 0 && io->streams[1].read_fd < 0;
}

void stepio_resume(struct stepio *io)
{
	for (size_t i = 0; i < ARRAY_SIZE(io->streams); i++) {
		if (io->streams[i].watch)
			watch_resume(io->streams[i].watch);
	}
}

void stepio_drain(struct stepio *io)
{
	for (size_t i = 0; i < ARRAY_SIZE(io->streams); i++) {
		struct stream *s = &io->streams[i];

		if (s->read_fd < 0)
			continue;
		for (int k = 0; k < DRAIN_CHUNKS && stream_read(s); k++)
			;
		stream_close(s);
	}
}

void stepio_say(struct stepio *io, struct str text)
{
	struct arena *a cleanup_arena = arena_new();
	struct stepio_line line = {
		.is_stderr = true, .is_own = true, .text = mask_text(io->events.mask, a, text)};

	steplog_write(io->log, line.text);
	steplog_write(io->log, STR("\n"));
	io->events.line(io->events.arg, &line);
}

struct steplog_gaps stepio_gaps(const struct stepio *io)
{
	return steplog_gaps(io->log);
}

void stepio_free(struct stepio *io)
{
	if (!io)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(io->streams); i++) {
		struct stream *s = &io->streams[i];

		watch_remove(s->watch);
		fd_close(&s->read_fd);
		fd_close(&s->write_fd);
		fd_close(&s->copy_fd);
		mask_stream_free(s->mask);
		buf_release(&s->line);
	}
	watch_remove(io->held);
	fd_close(&io->copies_fd);
	steplog_close(io->log);
	free(io->chunk);
	free(io);
}
