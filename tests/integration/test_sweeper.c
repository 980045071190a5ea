/* SPDX-License-Identifier: Apache-2.0 */
/* entrypoint/sweeper.c: what is named is gone at the end, whatever became of the worker. */
#include "../../entrypoint/sweeper.h"

#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { TREES = 40 };

static char work[64];
static struct arena *a;
static struct sandbox_place place;
static struct sandbox_ns *ns;
static struct rundir rundir;
static struct sweeper sweeper;

static int setup(void **state)
{
	(void)state;
	a = arena_new();
	(void)snprintf(work, sizeof(work), "/tmp/test-sweeper-XXXXXX");
	sandbox_probe(a, -1, -1, &place);
	if (!mkdtemp(work) || place.level == SANDBOX_NONE ||
		sandbox_ns_new(&place, false, &ns, NULL))
		return -1;
	rundir.dfd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(rundir.dfd, "tasks", 0700) || mkdirat(rundir.dfd, "layers", 0700))
		return -1;
	rundir.tasks_dfd = dir_open(rundir.dfd, "tasks", NULL);
	rundir.layers_dfd = dir_open(rundir.dfd, "layers", NULL);
	rundir.small_dfd = dir_open(rundir.dfd, "layers", NULL);
	sweeper_init(&sweeper, &rundir, ns, place.level);
	return 0;
}

static int teardown(void **state)
{
	int rc;

	(void)state;
	sweeper_close(&sweeper);
	fd_close(&rundir.small_dfd);
	fd_close(&rundir.layers_dfd);
	fd_close(&rundir.tasks_dfd);
	fd_close(&rundir.dfd);
	rc = dir_remove(AT_FDCWD, work, NULL);
	sandbox_ns_free(ns);
	arena_free(a);
	return rc;
}

static const char *tree_name(size_t i)
{
	return arena_printf(a, "tree-%zu", i).p;
}

static void trees_make(int dfd)
{
	for (size_t i = 0; i < TREES; i++) {
		int fd;

		assert_int_equal(mkdirat(dfd, tree_name(i), 0700), 0);
		fd = dir_open(dfd, tree_name(i), NULL);
		assert_true(fd >= 0);
		assert_int_equal(mkdirat(fd, "below", 0700), 0);
		fd_close(&fd);
	}
}

static bool is_gone(int dfd, size_t i)
{
	return faccessat(dfd, tree_name(i), F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

static void what_is_named_goes(void **state)
{
	(void)state;
	trees_make(rundir.tasks_dfd);
	trees_make(rundir.layers_dfd);
	for (size_t i = 0; i < TREES; i++) {
		assert_int_equal(sweeper_remove(&sweeper, SWEEP_LAYERS, tree_name(i), NULL), 0);
		if (i != 7)
			assert_int_equal(
				sweeper_remove(&sweeper, SWEEP_TASKS, tree_name(i), NULL), 0);
	}
	assert_int_not_equal(sweeper.worker.pid, 0);
	assert_true(sweeper_owns_pid(&sweeper, sweeper.worker.pid));
	sweeper_close(&sweeper);
	for (size_t i = 0; i < TREES; i++) {
		assert_true(is_gone(rundir.layers_dfd, i));
		assert_int_equal(is_gone(rundir.tasks_dfd, i), i != 7);
	}
}

static void room_that_was_taken_is_given_back_at_once(void **state)
{
	(void)state;
	trees_make(rundir.layers_dfd);
	sweeper.n_bytes_before *= 2; /* half of it is used now */
	for (size_t i = 0; i < TREES; i++) {
		assert_int_equal(sweeper_remove(&sweeper, SWEEP_LAYERS, tree_name(i), NULL), 0);
		assert_true(is_gone(rundir.layers_dfd, i));
	}
	assert_int_equal(sweeper.worker.pid, 0);
}

static void a_worker_that_was_killed_is_not_missed(void **state)
{
	siginfo_t info;

	(void)state;
	trees_make(rundir.layers_dfd);
	for (size_t i = 0; i < TREES / 2; i++)
		assert_int_equal(sweeper_remove(&sweeper, SWEEP_LAYERS, tree_name(i), NULL), 0);
	assert_int_not_equal(sweeper.worker.pid, 0);
	assert_int_equal(kill(sweeper.worker.pid, SIGKILL), 0);
	assert_int_equal(
		waitid(P_PIDFD, (id_t)sweeper.worker.pidfd_fd, &info, WEXITED | WNOWAIT), 0);
	for (size_t i = TREES / 2; i < TREES; i++) {
		assert_int_equal(sweeper_remove(&sweeper, SWEEP_LAYERS, tree_name(i), NULL), 0);
		assert_true(is_gone(rundir.layers_dfd, i));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_named_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(
			room_that_was_taken_is_given_back_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_worker_that_was_killed_is_not_missed, setup, teardown),
	};

	(void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
