/* SPDX-License-Identifier: Apache-2.0 */
/* The file that stops a run: words, the kubelet's swap of a link, what is not there. */
#include "../../entrypoint/cancel_file.h"

#include <base/clock.h>
#include <base/file.h>
#include <base/num.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static char path[80];

struct asked {
	enum cancel_mode modes[8];
	size_t n;
};

static void on_asked(void *arg, enum cancel_mode mode)
{
	struct asked *a = arg;

	a->modes[a->n++ % 8] = mode;
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test-cancel-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof(path), "%s/cancel", dir);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return dir_remove(AT_FDCWD, dir, NULL);
}

/* A new directory, and the link to it swapped. */
static void swap(int n, const char *word)
{
	struct arena *a cleanup_arena = arena_new();
	struct str own = arena_printf(a, "%s/..%d", dir, n);
	struct str tmp = arena_printf(a, "%s/..data_tmp", dir);

	assert_int_equal(mkdir(str_c(own), 0755), 0);
	assert_int_equal(file_write(AT_FDCWD, str_c(arena_printf(a, "%s/cancel", str_c(own))),
				 str_z(word), 0644, NULL),
		0);
	assert_int_equal(symlink(str_c(arena_printf(a, "..%d", n)), str_c(tmp)), 0);
	assert_int_equal(rename(str_c(tmp), str_c(arena_printf(a, "%s/..data", dir))), 0);
}

static void on_late(void *arg, int fd attr_unused)
{
	*(bool *)arg = true;
}

/* Turns until n words were taken, or it is too late for a busy machine, too. */
static void turn(struct loop *loop, const struct asked *a, size_t n)
{
	bool is_late = false;
	struct watch *timer = loop_add_timer(loop, "late", on_late, &is_late, NULL);

	watch_set_deadline(timer, clock_mono_ns() + 30 * NS_PER_S);
	while (a->n < n && !is_late)
		assert_int_equal(loop_turn(loop, NULL), 0);
	watch_remove(timer);
	assert_int_equal(a->n, n);
}

static void test_swaps(void **state)
{
	struct asked a = {0};
	struct cancel_file *c;
	struct loop *loop;
	struct err err = {0};

	(void)state;
	assert_int_equal(loop_new(&loop, &err), 0);
	swap(1, "");
	assert_int_equal(symlink("..data/cancel", path), 0);
	if (cancel_file_open(loop, str_z(path), on_asked, &a, &c, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(a.n, 0);
	swap(2, "StoppedRunFinally\n");
	turn(loop, &a, 1);
	assert_int_equal(a.modes[0], CANCEL_STOP);
	swap(3, "StoppedRunFinally"); /* the same again, then none, then a mistake */
	swap(4, "");
	swap(5, "cancelled");
	swap(6, "CancelledRunFinally");
	turn(loop, &a, 2);
	assert_int_equal(a.modes[1], CANCEL_GRACEFUL);
	swap(7, "Cancelled");
	turn(loop, &a, 3);
	assert_int_equal(a.modes[2], CANCEL_NOW);
	cancel_file_close(c);
	loop_free(loop);
}

static void test_there_before(void **state)
{
	struct asked a = {0};
	struct cancel_file *c;
	struct loop *loop;
	struct err err = {0};

	(void)state;
	assert_int_equal(loop_new(&loop, &err), 0);
	assert_int_equal(cancel_file_open(loop, str_z(path), on_asked, &a, &c, &err), 0);
	assert_int_equal(a.n, 1);
	cancel_file_close(c);
	/* written in place, where it was missing */
	assert_int_equal(unlink(path), 0);
	a.n = 0;
	assert_int_equal(cancel_file_open(loop, str_z(path), on_asked, &a, &c, &err), 0);
	assert_int_equal(a.n, 0);
	assert_int_equal(file_write(AT_FDCWD, path, STR("Cancelled"), 0644, NULL), 0);
	turn(loop, &a, 1);
	cancel_file_close(c);
	assert_int_equal(
		cancel_file_open(loop, STR("/does/not/exist/cancel"), on_asked, &a, &c, &err),
		-1);
	assert_int_equal(err.kind, ERR_USAGE);
	cancel_file_close(NULL);
	loop_free(loop);
}

static void make_fifo(void)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void make_dir(void)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_link_to_device(void)
{
	assert_int_equal(symlink("/dev/zero", path), 0);
}

static void make_socket(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	(void)close(fd);
}

/* What is no plain file is refused at the start, and no hindrance later; nothing waits. */
static void test_no_plain_file(void **state)
{
	static void (*const kinds[])(void) = {
		make_fifo, make_dir, make_link_to_device, make_socket};
	struct asked a = {0};
	struct cancel_file *c;
	struct loop *loop;
	struct err err = {0};

	(void)state;
	(void)alarm(20);
	assert_int_equal(loop_new(&loop, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		assert_int_equal(dir_remove(AT_FDCWD, path, NULL), 0);
		kinds[i]();
		assert_int_equal(
			cancel_file_open(loop, str_z(path), on_asked, &a, &c, &err), -1);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.msg, "cancel': expected a plain file"));
		err = (struct err){0};
		assert_int_equal(dir_remove(AT_FDCWD, path, NULL), 0);
		a = (struct asked){0};
		assert_int_equal(
			cancel_file_open(loop, str_z(path), on_asked, &a, &c, &err), 0);
		kinds[i]();
		assert_int_equal(loop_turn(loop, NULL), 0);
		assert_int_equal(a.n, 0);
		assert_int_equal(dir_remove(AT_FDCWD, path, NULL), 0);
		assert_int_equal(file_write(AT_FDCWD, path, STR("Cancelled"), 0644, NULL), 0);
		turn(loop, &a, 1);
		cancel_file_close(c);
	}
	loop_free(loop);
	(void)alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_swaps),
		cmocka_unit_test(test_there_before),
		cmocka_unit_test(test_no_plain_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
