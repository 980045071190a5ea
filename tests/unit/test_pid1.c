/* SPDX-License-Identifier: Apache-2.0 */
/* Signals through the loop, and last words. */
#include "../../entrypoint/pid1.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct seen {
	int stops[8];
	size_t n_stops;
	size_t n_resizes;
};

static void on_stop(void *arg, int sig)
{
	struct seen *s = arg;

	s->stops[s->n_stops++] = sig;
}

static void on_resize(void *arg)
{
	((struct seen *)arg)->n_resizes++;
}

static bool is_ours(void *arg, pid_t pid)
{
	(void)arg;
	(void)pid;
	return true;
}

static void signals_become_calls(void **state)
{
	struct seen seen = {0};
	struct pid1_events ev = {
		.stop = on_stop, .resize = on_resize, .is_ours = is_ours, .arg = &seen};
	struct loop *loop;
	struct pid1 *p;
	struct err err = {0};
	sigset_t mask;

	(void)state;
	assert_int_equal(loop_new(&loop, &err), 0);
	assert_int_equal(pid1_open(loop, &ev, &p, &err), 0);
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(kill(getpid(), SIGINT), 0);
	assert_int_equal(kill(getpid(), SIGHUP), 0);
	assert_int_equal(kill(getpid(), SIGWINCH), 0);
	assert_int_equal(loop_turn(loop, &err), 0);
	assert_int_equal(seen.n_stops, 3);
	assert_int_equal(seen.n_resizes, 1);
	assert_int_equal(
		seen.stops[0] + seen.stops[1] + seen.stops[2], SIGTERM + SIGINT + SIGHUP);
	/* again: it is not a matter of the first time only */
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(loop_turn(loop, &err), 0);
	assert_int_equal(seen.n_stops, 4);
	pid1_free(p);
	assert_int_equal(sigprocmask(SIG_BLOCK, NULL, &mask), 0);
	assert_false(sigismember(&mask, SIGTERM));
	loop_free(loop);
}

/* A child that dies of a signal leaves the prepared text, padded over what was there, and still
 * dies of that signal. */
static void last_words_are_left(void **state)
{
	static const int signals[] = {SIGABRT, SIGILL, SIGFPE, SIGBUS};
	static const char old[] = "a longer statement that was there before";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		int fd cleanup_fd = memfd_create("termination", MFD_CLOEXEC);
		char text[64] = {0};
		struct stat st;
		int status;
		pid_t pid;

		assert_int_equal(write(fd, old, sizeof(old) - 1), sizeof(old) - 1);
		pid = fork();
		if (pid == 0) {
			const struct rlimit none = {0};

			(void)setrlimit(RLIMIT_CORE, &none);
			(void)!freopen("/dev/null", "w", stderr);
			for (size_t k = 0; k < ARRAY_SIZE(signals); k++)
				(void)sigaction(signals[k],
					&(struct sigaction){.sa_handler = SIG_DFL}, NULL);
			last_words_set(fd, STR("[\"last\"]"));
			(void)raise(signals[i]);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		assert_true(pread(fd, text, sizeof(text) - 1, 0) >= 0);
		assert_string_equal(text, "[\"last\"]");
		assert_int_equal(fstat(fd, &st), 0);
		assert_int_equal(st.st_size, 8);
	}
}

/* A worker that crashes on a hostile image says nothing about the run. */
static void a_child_has_no_last_words(void **state)
{
	int fd cleanup_fd = memfd_create("termination", MFD_CLOEXEC);
	char text[64] = {0};
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(write(fd, "true", 4), 4);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = {0};
		pid_t child;

		(void)setrlimit(RLIMIT_CORE, &none);
		(void)!freopen("/dev/null", "w", stderr);
		(void)sigaction(SIGABRT, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
		last_words_set(fd, STR("[\"last\"]"));
		child = fork();
		if (child == 0)
			(void)raise(SIGABRT);
		_exit(waitpid(child, &status, 0) != child || !WIFSIGNALED(status));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(pread(fd, text, sizeof(text) - 1, 0) >= 0);
	assert_string_equal(text, "true");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signals_become_calls),
		cmocka_unit_test(last_words_are_left),
		cmocka_unit_test(a_child_has_no_last_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
