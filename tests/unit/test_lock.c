/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/fd.h>
#include <base/file.h>
#include <entrypoint/lock.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char place[64];
static int dfd = -1;

static int setup(void **state)
{
	(void)state;
	snprintf(place, sizeof(place), "/tmp/monopod-test-lock-XXXXXX");
	assert_non_null(mkdtemp(place));
	dfd = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dfd < 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(dir_remove(AT_FDCWD, place, NULL), 0);
	fd_close(&dfd);
	return 0;
}

/* A process that has the lock, as its owner or by what it was left, until it is killed. */
static pid_t holder(bool is_owner, int inherited_fd)
{
	int go[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int fd = is_owner ? lock_take(dfd, 0, NULL) : inherited_fd;

		if (fd >= 0 && write(go[1], "x", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	close(go[1]);
	assert_int_equal(read(go[0], &c, 1), 1);
	close(go[0]);
	return pid;
}

static void one_at_a_time(void **state)
{
	struct err err = {0};
	int fd;

	(void)state;
	assert_false(lock_is_held(dfd));
	fd = lock_take(dfd, 0, &err);
	assert_true(fd >= 0);
	assert_true(lock_is_held(dfd));
	assert_int_equal(lock_take(dfd, 0, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	lock_release(dfd, &fd);
	assert_int_equal(fd, -1);
	assert_false(lock_is_held(dfd));
	assert_int_equal(faccessat(dfd, "lock", F_OK, 0), -1);
}

/* A living owner is refused at once, whatever the patience. */
static void a_living_owner_is_named(void **state)
{
	pid_t pid = holder(true, -1);
	struct err err = {0};
	char want[64];

	(void)state;
	snprintf(want, sizeof(want), "in use by process %d", (int)pid);
	alarm(30);
	assert_int_equal(lock_take(dfd, 60000, &err), -1);
	alarm(0);
	assert_string_equal(err.msg, want);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void what_a_dead_owner_left_is_named(void **state)
{
	struct err err = {0};
	int fd = lock_take(dfd, 0, &err);
	pid_t pid = holder(false, fd);
	char want[32];

	(void)state;
	fd_close(&fd);
	/* as if the owner had been another process, which is dead */
	fd = openat(dfd, "lock", O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(write(fd, "4194000 17\n", 11), 11);
	fd_close(&fd);
	assert_int_equal(lock_take(dfd, 50, &err), -1);
	snprintf(want, sizeof(want), "%d (", (int)pid);
	assert_non_null(strstr(err.msg, "processes of the run before are still alive: "));
	assert_non_null(strstr(err.msg, want));
	/* and waited for: it is killed while we wait */
	if (fork() == 0) {
		kill(pid, SIGKILL);
		_exit(0);
	}
	fd = lock_take(dfd, 30000, &err);
	assert_true(fd >= 0);
	lock_release(dfd, &fd);
	while (wait(NULL) > 0)
		;
}

static void only_a_file_of_ours(void **state)
{
	struct err err = {0};

	(void)state;
	assert_int_equal(symlinkat("/etc/passwd", dfd, "lock"), 0);
	assert_int_equal(lock_take(dfd, 0, &err), -1);
	assert_int_equal(unlinkat(dfd, "lock", 0), 0);
	assert_int_equal(mkfifoat(dfd, "lock", 0600), 0);
	assert_int_equal(lock_take(dfd, 0, &err), -1);
	assert_int_equal(unlinkat(dfd, "lock", 0), 0);
	assert_int_equal(mkdirat(dfd, "lock", 0700), 0);
	assert_int_equal(lock_take(dfd, 0, &err), -1);
	assert_int_equal(unlinkat(dfd, "lock", AT_REMOVEDIR), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_living_owner_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_a_dead_owner_left_is_named, setup, teardown),
		cmocka_unit_test_setup_teardown(only_a_file_of_ours, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
