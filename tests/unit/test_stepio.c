/* SPDX-License-Identifier: Apache-2.0 */
/* The output pump: bytes to the file, lines to the view, bounded memory. */
#include "../../entrypoint/stepio.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <monopod/sandbox.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct seen {
	struct buf lines; /* "o:text\n", "e:text\n", cut ones "O:" and "E:" */
	size_t n_lines;
	size_t longest;
	size_t n_own;
	bool drained;
	bool is_full; /* takes no more lines */
};

static void on_line(void *arg, const struct stepio_line *l)
{
	struct seen *s = arg;
	struct str line = l->text;

	s->n_lines++;
	s->longest = line.n > s->longest ? line.n : s->longest;
	if (line.n > 100)
		line.n = 100;
	s->n_own += l->is_own;
	buf_addc(&s->lines, l->is_stderr ? (l->is_cut ? 'E' : 'e') : (l->is_cut ? 'O' : 'o'));
	buf_addc(&s->lines, ':');
	buf_adds(&s->lines, line);
	buf_addc(&s->lines, '\n');
}

static void on_drained(void *arg)
{
	((struct seen *)arg)->drained = true;
}

static bool is_held(void *arg)
{
	return ((struct seen *)arg)->is_full;
}

static void on_timer(void *arg, int fd)
{
	(void)fd;
	if (arg)
		*(bool *)arg = true;
}

struct fixture {
	struct loop *loop;
	struct stepio *io;
	struct seen seen;
	char dir[64];
	int dfd, log_fd;
};

static void open_io(struct fixture *f)
{
	struct stepio_events ev = {
		.line = on_line, .is_held = is_held, .drained = on_drained, .arg = &f->seen};
	struct steplog *log;
	struct err err = {0};

	*f = (struct fixture){.dir = "/tmp/monopod-stepio-XXXXXX"};
	buf_init(&f->seen.lines, MIB);
	assert_non_null(mkdtemp(f->dir));
	f->dfd = dir_open(AT_FDCWD, f->dir, &err);
	assert_int_equal(steplog_open(f->dfd, STR("s"), 0, &log, &err), 0);
	f->log_fd = openat(f->dfd, "s.log", O_RDONLY | O_CLOEXEC);
	assert_true(f->log_fd >= 0);
	assert_int_equal(loop_new(&f->loop, &err), 0);
	assert_int_equal(stepio_open(f->loop, log, &ev, &f->io, &err), 0);
}

static void close_io(struct fixture *f)
{
	stepio_free(f->io);
	loop_free(f->loop);
	buf_release(&f->seen.lines);
	fd_close(&f->log_fd);
	assert_int_equal(unlinkat(f->dfd, "s.log", 0), 0);
	assert_int_equal(rmdir(f->dir), 0);
	fd_close(&f->dfd);
}

static void run_until_drained(struct fixture *f)
{
	struct err err = {0};

	stepio_started(f->io);
	while (!f->seen.drained)
		assert_int_equal(loop_turn(f->loop, &err), 0);
}

static void lines_of_both_streams(void **state)
{
	static const struct {
		const char *name;
		const char *out, *err_text;
		const char *want;
	} cases[] = {
		{"nothing", "", "", ""},
		{"a line", "hello\n", "", "o:hello\n"},
		{"no line end", "hello", "", "o:hello\n"},
		{"empty lines", "\n\n", "", "o:\no:\n"},
		{"both", "a\n", "b\n", "o:a\ne:b\n"},
		{"carriage return stays", "a\rb\r\n", "", "o:a\rb\r\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		char log[64] = {0};

		open_io(&f);
		assert_true(
			write(stepio_stdout_fd(f.io), cases[i].out, strlen(cases[i].out)) >= 0);
		assert_true(write(stepio_stderr_fd(f.io), cases[i].err_text,
				    strlen(cases[i].err_text)) >= 0);
		run_until_drained(&f);
		if (!str_eqz(buf_str(&f.seen.lines), cases[i].want))
			fail_msg("%s: got '%s'", cases[i].name, f.seen.lines.p);
		assert_true(pread(f.log_fd, log, sizeof(log) - 1, 0) >= 0);
		assert_int_equal(strlen(log), strlen(cases[i].out) + strlen(cases[i].err_text));
		close_io(&f);
	}
}

/* A child writes n bytes without one line end, in pieces that do not divide anything. */
static pid_t flood(int fd, size_t n, bool with_end)
{
	pid_t pid = fork();
	static char piece[37777];

	if (pid)
		return pid;
	memset(piece, 'x', sizeof(piece));
	while (n) {
		ssize_t done = write(fd, piece, n < sizeof(piece) ? n : sizeof(piece));

		if (done < 0)
			_exit(1);
		n -= (size_t)done;
	}
	if (with_end && write(fd, "\nnext\n", 6) != 6)
		_exit(1);
	_exit(0);
}

static void endless_lines_are_cut_once(void **state)
{
	enum { FLOOD = 64 * MIB };
	struct fixture f;
	struct stat st;
	int status;
	pid_t pid;

	(void)state;
	open_io(&f);
	pid = flood(stepio_stdout_fd(f.io), FLOOD, true);
	run_until_drained(&f);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(f.seen.n_lines, 2);
	assert_int_equal(f.seen.longest, BOUND_LINE_BYTES);
	assert_int_equal(f.seen.lines.p[0], 'O');
	assert_true(str_ends(buf_str(&f.seen.lines), STR("o:next\n")));
	assert_int_equal(fstat(f.log_fd, &st), 0);
	assert_int_equal(st.st_size, FLOOD + 6); /* the file has every byte */
	close_io(&f);
}

/* The step's own file: a pipe that a message of the index and the descriptor announces. */
static void add_copy(struct fixture *f, uint8_t which, int fd)
{
	int own_fd, child_fd;
	struct err err = {0};

	assert_int_equal(fd_socketpair(&own_fd, &child_fd, &err), 0);
	assert_int_equal(fd_send(child_fd, &which, sizeof(which), fd, &err), 0);
	close(child_fd);
	stepio_copy_from(f->io, &own_fd);
	assert_int_equal(own_fd, -1);
}

static void a_copy_has_the_bytes(void **state)
{
	static const struct {
		uint8_t which;
		const char *want;
	} cases[] = {{SANDBOX_COPY_STDOUT, "a\nb"}, {SANDBOX_COPY_STDERR, "c\n"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		char text[16] = {0};
		int fds[2];

		assert_int_equal(pipe(fds), 0);
		open_io(&f);
		add_copy(&f, cases[i].which, fds[1]);
		close(fds[1]);
		assert_int_equal(write(stepio_stdout_fd(f.io), "a\nb", 3), 3);
		assert_int_equal(write(stepio_stderr_fd(f.io), "c\n", 2), 2);
		run_until_drained(&f);
		/* its end is seen: nobody holds the file any more */
		assert_int_equal(read(fds[0], text, sizeof(text)), strlen(cases[i].want));
		assert_string_equal(text, cases[i].want);
		assert_int_equal(read(fds[0], text, sizeof(text)), 0);
		assert_false(stepio_has_lost_copy(f.io));
		close(fds[0]);
		close_io(&f);
	}
}

static void a_copy_that_cannot_be_written_is_told_once(void **state)
{
	int full_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct fixture f;

	(void)state;
	assert_true(full_fd >= 0);
	open_io(&f);
	add_copy(&f, SANDBOX_COPY_STDOUT, full_fd);
	close(full_fd);
	assert_int_equal(write(stepio_stdout_fd(f.io), "a\n", 2), 2);
	while (f.seen.n_lines < 2)
		assert_int_equal(loop_turn(f.loop, NULL), 0);
	assert_int_equal(write(stepio_stdout_fd(f.io), "b\n", 2), 2);
	run_until_drained(&f);
	assert_true(stepio_has_lost_copy(f.io));
	assert_int_equal(f.seen.n_own, 1);
	assert_int_equal(f.seen.n_lines, 3);
	close_io(&f);
}

static void a_line_at_the_bound(void **state)
{
	(void)state;
	for (int more = 0; more < 2; more++) {
		struct fixture f;
		pid_t pid;

		open_io(&f);
		pid = flood(stepio_stdout_fd(f.io), BOUND_LINE_BYTES + (size_t)more, true);
		run_until_drained(&f);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		assert_int_equal(f.seen.longest, BOUND_LINE_BYTES);
		assert_int_equal(f.seen.lines.p[0], more ? 'O' : 'o');
		assert_int_equal(f.seen.n_lines, 2);
		close_io(&f);
	}
}

/* As on a full disk: the step is not stopped by it, and the loss is counted. */
static void a_log_that_cannot_be_written_does_not_block(void **state)
{
	enum { BYTES = 4 * MIB, ROOM = MIB };
	const struct rlimit small = {ROOM, RLIM_INFINITY};
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	const struct sigaction ignored = {.sa_handler = SIG_IGN};
	struct fixture f;
	int status;
	pid_t pid;

	(void)state;
	open_io(&f);
	pid = flood(stepio_stderr_fd(f.io), BYTES, false);
	assert_int_equal(sigaction(SIGXFSZ, &ignored, NULL), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	run_until_drained(&f);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(stepio_gaps(f.io).n_lost, BYTES - ROOM);
	close_io(&f);
}

/* A step whose lines nobody takes is not read; the others are, and it goes on where it was. */
static void a_step_waits_for_room(void **state)
{
	struct fixture f;
	struct watch *timer;
	struct err err = {0};

	(void)state;
	open_io(&f);
	timer = loop_add_timer(f.loop, "once", on_timer, NULL, &err);
	assert_non_null(timer);
	assert_int_equal(write(stepio_stdout_fd(f.io), "waits\n", 6), 6);
	f.seen.is_full = true;
	watch_set_deadline(timer, loop_now_ns(f.loop));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(loop_turn(f.loop, &err), 0);
		watch_set_deadline(timer, loop_now_ns(f.loop));
	}
	assert_int_equal(f.seen.n_lines, 0);
	f.seen.is_full = false;
	stepio_resume(f.io);
	run_until_drained(&f);
	assert_string_equal(f.seen.lines.p, "o:waits\n");
	watch_remove(timer);
	close_io(&f);
}

/* One that never stops writing: timers fire all the same. */
static void a_flood_lets_timers_fire(void **state)
{
	struct fixture f;
	struct watch *timer;
	struct err err = {0};
	bool fired = false;
	pid_t pid;

	(void)state;
	open_io(&f);
	timer = loop_add_timer(f.loop, "once", on_timer, &fired, &err);
	assert_non_null(timer);
	pid = flood(stepio_stdout_fd(f.io), SIZE_MAX, false);
	watch_set_deadline(timer, loop_now_ns(f.loop));
	while (!fired || f.seen.n_lines == 0)
		assert_int_equal(loop_turn(f.loop, &err), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	run_until_drained(&f);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	watch_remove(timer);
	close_io(&f);
}

/* Somebody keeps the pipe open: what is there is taken, the rest is not waited for. */
static void draining_does_not_wait(void **state)
{
	struct fixture f;
	int held_fd;

	(void)state;
	open_io(&f);
	held_fd = dup(stepio_stdout_fd(f.io));
	assert_int_equal(write(held_fd, "last words", 10), 10);
	stepio_started(f.io);
	assert_false(stepio_is_drained(f.io));
	stepio_drain(f.io);
	assert_true(stepio_is_drained(f.io));
	assert_false(f.seen.drained);
	assert_string_equal(f.seen.lines.p, "o:last words\n");
	stepio_say(f.io, STR("monopod: it was cut off"));
	assert_true(str_ends(buf_str(&f.seen.lines), STR("e:monopod: it was cut off\n")));
	assert_int_equal(f.seen.n_own, 1); /* and it is not the step's own word */
	assert_int_equal(close(held_fd), 0);
	close_io(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_both_streams),
		cmocka_unit_test(endless_lines_are_cut_once),
		cmocka_unit_test(a_line_at_the_bound),
		cmocka_unit_test(a_copy_has_the_bytes),
		cmocka_unit_test(a_copy_that_cannot_be_written_is_told_once),
		cmocka_unit_test(a_log_that_cannot_be_written_does_not_block),
		cmocka_unit_test(a_step_waits_for_room),
		cmocka_unit_test(a_flood_lets_timers_fire),
		cmocka_unit_test(draining_does_not_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
