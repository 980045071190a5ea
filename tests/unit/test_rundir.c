/* SPDX-License-Identifier: Apache-2.0 */
/* The run directory: numbering, refusing, leaving nothing behind, tails of logs. */
#include "../../entrypoint/rundir.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static struct arena *a;
static int before_fd;

static int setup(void **state)
{
	(void)state;
	a = arena_new();
	before_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(dir, sizeof(dir), "/tmp/test-rundir-XXXXXX");
	return !mkdtemp(dir) || chdir(dir);
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(fchdir(before_fd), 0);
	fd_close(&before_fd);
	arena_free(a);
	return dir_remove(AT_FDCWD, dir, NULL);
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st.st_mode & 07777;
}

static void numbers_go_up(void **state)
{
	struct rundir rd[3];
	struct err err = {0};

	(void)state;
	assert_int_equal(mkdir(".monopod", 0755), 0);
	assert_int_equal(mkdir(".monopod/runs", 0755), 0);
	assert_int_equal(mkdir(".monopod/runs/hello-0007", 0755), 0);
	assert_int_equal(mkdir(".monopod/runs/hello-world-0042", 0755), 0);
	assert_int_equal(mkdir(".monopod/runs/hello-x", 0755), 0);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(rundir_open(a, STR_NONE, STR("hello"), &rd[i], &err), 0);
	assert_int_equal(rundir_open(a, STR_NONE, STR("other"), &rd[2], &err), 0);
	assert_true(str_ends(rd[0].path, STR("/.monopod/runs/hello-0008")));
	assert_true(str_ends(rd[1].path, STR("/.monopod/runs/hello-0009")));
	assert_true(str_ends(rd[2].path, STR("/.monopod/runs/other-0001")));
	assert_true(rd[0].path.p[0] == '/');
	assert_int_equal(mode_of(".monopod/runs/hello-0008"), 0700);
	assert_int_equal(mode_of(".monopod/runs/hello-0008/scratch"), 0700);
	for (size_t i = 0; i < 3; i++)
		rundir_discard(&rd[i]);
	assert_false(exists(".monopod/runs/hello-0008"));
	assert_true(exists(".monopod/runs/hello-0007"));
}

static void a_run_is_not_overwritten(void **state)
{
	static const char *const traces[] = {"journal", "run.json", "runs", "logs"};
	struct err err = {0};
	struct rundir rd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++) {
		assert_int_equal(mkdir("r", 0755), 0);
		assert_int_equal(file_write(AT_FDCWD, "r/x", STR("keep"), 0644, NULL), 0);
		assert_int_equal(renameat(AT_FDCWD, "r/x", AT_FDCWD,
					 str_c(arena_printf(a, "r/%s", traces[i]))),
			0);
		assert_int_equal(
			rundir_open(a, arena_printf(a, "%s/r", dir), STR("n"), &rd, &err), -1);
		assert_int_equal(err.kind, ERR_USAGE);
		assert_non_null(strstr(err.msg, "holds a run already"));
		assert_true(exists(str_c(arena_printf(a, "r/%s", traces[i]))));
		assert_false(exists("r/scratch"));
		assert_int_equal(dir_remove(AT_FDCWD, "r", NULL), 0);
	}
}

static void one_run_at_a_time(void **state)
{
	struct err err = {0};
	struct rundir rd;
	struct rundir second;
	struct str path = arena_printf(a, "%s/deep/er/r", dir);

	(void)state;
	assert_int_equal(rundir_open(a, path, STR("n"), &rd, &err), 0);
	assert_int_equal(rundir_open(a, path, STR("n"), &second, &err), -1);
	assert_non_null(strstr(err.msg, "in use"));
	rundir_discard(&rd);
	assert_false(exists("deep/er/r"));
}

/* A directory that was there stays, with what is in it. */
static void discard_leaves_foreign_things(void **state)
{
	struct err err = {0};
	struct rundir rd;

	(void)state;
	assert_int_equal(mkdir("r", 0755), 0);
	assert_int_equal(mkdir("r/workspaces", 0755), 0);
	assert_int_equal(mkdir("r/workspaces/cache", 0755), 0);
	assert_int_equal(rundir_open(a, arena_printf(a, "%s/r", dir), STR("n"), &rd, &err), 0);
	rundir_discard(&rd);
	assert_true(exists("r/workspaces/cache"));
	assert_false(exists("r/scratch"));
}

static void places_that_cannot_be_written(void **state)
{
	static const char *const paths[] = {"/proc/x/y", "/dev/null/x", "/dev/null"};
	struct err err = {0};
	struct rundir rd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		assert_int_equal(rundir_open(a, str_z(paths[i]), STR("n"), &rd, &err), -1);
		if (err.kind != ERR_SANDBOX || !strstr(err.msg, "--run-dir"))
			fail_msg("%s: %s", paths[i], err.msg);
	}
}

static void several_runs_have_their_own(void **state)
{
	struct err err = {0};
	struct rundir rd;
	struct rundir_run one;
	struct rundir_run two;

	(void)state;
	assert_int_equal(rundir_open(a, arena_printf(a, "%s/r", dir), STR("n"), &rd, &err), 0);
	assert_int_equal(rundir_run_open(&rd, a, STR("one"), false, &one, &err), 0);
	assert_int_equal(rundir_run_open(&rd, a, STR("two"), false, &two, &err), 0);
	assert_true(exists("r/runs/one/logs") && exists("r/runs/two/workspaces"));
	assert_true(str_ends(one.path, STR("/r/runs/one")));
	rundir_run_close(&one);
	rundir_run_close(&two);
	assert_int_equal(rundir_close(&rd, NULL, &err), 0);
	assert_false(exists("r/scratch"));
	assert_true(exists("r/runs/one/logs"));
}

/* What killed runs left is removed; a scratch/ that belongs to somebody else is not. */
static void leftovers_of_runs_only(void **state)
{
	static const struct {
		const char *dirs[4];
		const char *file; /* NULL: none */
		bool is_kept;
	} cases[] = {
		{{"r1", "r1/workspaces", "r1/scratch"}, "r1/journal", false},
		{{"r2", "r2/workspaces", "r2/scratch"}, "r2/scratch/ballast", false},
		{{"r3", "r3/workspaces", "r3/scratch.old", "r3/runs"}, NULL, false},
		{{"r4", "r4/scratch"}, "r4/journal", true},
		{{"r5", "r5/workspaces", "r5/scratch"}, "r5/scratch/mine", true},
	};
	struct err err = {0};
	struct rundir rd;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		for (size_t k = 0; k < 4 && cases[i].dirs[k]; k++)
			assert_int_equal(mkdir(cases[i].dirs[k], 0700), 0);
		if (cases[i].file)
			assert_int_equal(
				file_write(AT_FDCWD, cases[i].file, STR("x"), 0600, NULL), 0);
	}
	assert_int_equal(rundir_open(a, arena_printf(a, "%s/r", dir), STR("n"), &rd, &err), 0);
	rundir_sweep(&rd, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(exists(cases[i].dirs[i == 3 ? 1 : 2]), cases[i].is_kept);
	rundir_discard(&rd);
}

/* A directory that a run died in before it wrote a line is used again, without its leavings. */
static void what_is_in_the_way_goes(void **state)
{
	struct err err = {0};
	struct rundir rd;

	(void)state;
	assert_int_equal(mkdir("r", 0700), 0);
	assert_int_equal(mkdir("r/scratch", 0700), 0);
	assert_int_equal(mkdir("r/scratch/tasks", 0700), 0);
	assert_int_equal(mkdir("r/scratch/tasks/n-a-0", 0), 0);
	assert_int_equal(rundir_open(a, arena_printf(a, "%s/r", dir), STR("n"), &rd, &err), 0);
	assert_true(exists("r/scratch/tasks"));
	assert_false(exists("r/scratch/tasks/n-a-0"));
	assert_int_equal(rundir_close(&rd, NULL, &err), 0);
	assert_false(exists("r/scratch"));
}

static void put_log(const struct rundir_run *r, struct str text)
{
	int fd = rundir_log_dir(r, STR("tr"), 0, NULL);

	assert_true(fd >= 0);
	assert_int_equal(file_write(fd, "s.log", text, 0600, NULL), 0);
	assert_int_equal(close(fd), 0);
}

static void tails(void **state)
{
	struct err err = {0};
	struct rundir rd;
	struct rundir_run r;
	struct buf b cleanup_buf = {0};
	struct str tail;

	(void)state;
	assert_int_equal(rundir_open(a, arena_printf(a, "%s/r", dir), STR("n"), &rd, &err), 0);
	assert_int_equal(rundir_run_open(&rd, a, STR("n"), true, &r, &err), 0);
	assert_true(str_ends(
		rundir_log_path(&r, a, STR("tr"), 0, STR("s")), STR("/r/logs/tr/0/s.log")));
	assert_int_equal(rundir_log_tail(&r, a, STR("tr"), 0, STR("s")).n, 0);
	put_log(&r, STR("one\ntwo\n"));
	assert_true(str_eqz(rundir_log_tail(&r, a, STR("tr"), 0, STR("s")), "one\ntwo\n"));
	buf_init(&b, MIB);
	for (int i = 0; i < BOUND_TAIL_LINES + 5; i++)
		buf_addf(&b, "line %d\n", i);
	put_log(&r, buf_str(&b));
	tail = rundir_log_tail(&r, a, STR("tr"), 0, STR("s"));
	assert_true(str_starts(tail, STR("line 5\n")));
	assert_true(str_ends(tail, STR("line 24\n")));
	buf_addz(&b, "no end");
	put_log(&r, buf_str(&b));
	tail = rundir_log_tail(&r, a, STR("tr"), 0, STR("s"));
	assert_true(str_starts(tail, STR("line 6\n")) && str_ends(tail, STR("no end")));
	/* a step cannot make us read something else: the log is ours, but check all the same */
	assert_int_equal(unlink("r/logs/tr/0/s.log"), 0);
	assert_int_equal(symlink("/etc/passwd", "r/logs/tr/0/s.log"), 0);
	assert_int_equal(rundir_log_tail(&r, a, STR("tr"), 0, STR("s")).n, 0);
	rundir_run_close(&r);
	rundir_discard(&rd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(numbers_go_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_run_is_not_overwritten, setup, teardown),
		cmocka_unit_test_setup_teardown(one_run_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(discard_leaves_foreign_things, setup, teardown),
		cmocka_unit_test_setup_teardown(places_that_cannot_be_written, setup, teardown),
		cmocka_unit_test_setup_teardown(several_runs_have_their_own, setup, teardown),
		cmocka_unit_test_setup_teardown(leftovers_of_runs_only, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_in_the_way_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(tails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
