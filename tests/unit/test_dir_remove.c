/* SPDX-License-Identifier: Apache-2.0 */
/* Removing hostile trees (sandbox.md, R28). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cpu_time.h"

#include <base/fd.h>
#include <base/file.h>
#include <base/num.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct place {
	char path[40];
	int dir_fd;
};

static int place_setup(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	snprintf(p->path, sizeof(p->path), "/tmp/monopod-dir-XXXXXX");
	if (!mkdtemp(p->path))
		return -1;
	p->dir_fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->dir_fd < 0;
}

static int place_teardown(void **state)
{
	struct place *p = *state;
	int rc = rmdir(p->path); /* every test must leave it empty */

	fd_close(&p->dir_fd);
	free(p);
	return rc;
}

static void touch(int dfd, const char *name)
{
	assert_int_equal(file_write(dfd, name, STR("x"), 0600, NULL), 0);
}

static bool exists(int dfd, const char *name)
{
	struct stat st;

	return fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void remove_all(int dfd, const char *name)
{
	struct err err = {0};

	if (dir_remove(dfd, name, &err) < 0)
		print_error("%s\n", err.msg);
	assert_int_equal(err.kind, ERR_NONE);
	assert_false(exists(dfd, name));
}

static void test_simple(void **state)
{
	const struct place *p = *state;
	struct err err = {0};

	assert_int_equal(dir_remove(p->dir_fd, "missing", &err), 0);
	assert_int_equal(dir_remove(p->dir_fd, "missing/too", &err), 0);
	touch(p->dir_fd, "file");
	remove_all(p->dir_fd, "file");
	assert_int_equal(mkdirat(p->dir_fd, "empty", 0700), 0);
	remove_all(p->dir_fd, "empty");
	assert_int_equal(dir_make(p->dir_fd, "t/a/b", 0700, NULL), 0);
	assert_int_equal(dir_make(p->dir_fd, "t/c", 0700, NULL), 0);
	touch(p->dir_fd, "t/a/b/f");
	touch(p->dir_fd, "t/a/g");
	remove_all(p->dir_fd, "t/a");
	assert_true(exists(p->dir_fd, "t/c"));
	remove_all(p->dir_fd, "t");
}

/* Whatever may lie there, and nothing outside is touched. */
static void test_kinds(void **state)
{
	const struct place *p = *state;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	cleanup_fd int sock_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(dir_make(p->dir_fd, "outside/dir", 0700, NULL), 0);
	touch(p->dir_fd, "outside/file");
	assert_int_equal(dir_make(p->dir_fd, "t", 0700, NULL), 0);
	assert_int_equal(symlinkat("../outside", p->dir_fd, "t/to-dir"), 0);
	assert_int_equal(symlinkat("../outside/file", p->dir_fd, "t/to-file"), 0);
	assert_int_equal(symlinkat("/", p->dir_fd, "t/to-root"), 0);
	assert_int_equal(symlinkat("nowhere", p->dir_fd, "t/dangling"), 0);
	assert_int_equal(mkfifoat(p->dir_fd, "t/fifo", 0600), 0);
	assert_int_equal(linkat(p->dir_fd, "outside/file", p->dir_fd, "t/hard", 0), 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/t/sock", p->path);
	assert_int_equal(bind(sock_fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	touch(p->dir_fd, "t/...");
	touch(p->dir_fd, "t/ \n\x1b[1m\xff");
	touch(p->dir_fd, "t/-rf");
	remove_all(p->dir_fd, "t");
	assert_true(exists(p->dir_fd, "outside/file"));
	assert_true(exists(p->dir_fd, "outside/dir"));
	/* the name itself a link: the link goes, its target stays */
	assert_int_equal(symlinkat("outside", p->dir_fd, "link"), 0);
	remove_all(p->dir_fd, "link");
	assert_true(exists(p->dir_fd, "outside/file"));
	remove_all(p->dir_fd, "outside");
}

static int count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Makes a chain with a name longer than PATH_MAX in all, files at every level. */
static void make_chain(int dfd, int depth, bool with_files)
{
	const char *name = "ddddddddddddddddddddddddddddddddddddddddddddddddd";
	cleanup_fd int at_fd = openat(dfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; i < depth; i++) {
		int next_fd;

		if (with_files) {
			touch(at_fd, "a");
			touch(at_fd, "z");
			assert_int_equal(mkdirat(at_fd, "empty", 0700), 0);
			assert_int_equal(mkdirat(at_fd, "other", 0700), 0);
			touch(at_fd, "other/x");
		}
		assert_int_equal(mkdirat(at_fd, name, 0700), 0);
		next_fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(next_fd >= 0);
		fd_close(&at_fd);
		at_fd = next_fd;
	}
}

/* Depth beyond PATH_MAX with few descriptors. */
static void test_deep(void **state)
{
	const struct place *p = *state;
	struct rlimit old;
	struct rlimit few;
	int before = count_open();

	assert_int_equal(mkdirat(p->dir_fd, "t", 0700), 0);
	cleanup_fd int t_fd = dir_open(p->dir_fd, "t", NULL);

	make_chain(t_fd, 300, true);
	make_chain(t_fd, 0, false);
	fd_close(&t_fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	remove_all(p->dir_fd, "t");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(count_open(), before);
}

static void test_very_deep(void **state)
{
	const struct place *p = *state;

	assert_int_equal(mkdirat(p->dir_fd, "t", 0700), 0);
	cleanup_fd int t_fd = dir_open(p->dir_fd, "t", NULL);

	make_chain(t_fd, 20000, false);
	remove_all(p->dir_fd, "t");
}

/* 10^5 entries: files, and directories that are not empty. Time is only kept from exploding. */
static void test_wide(void **state)
{
	const struct place *p = *state;
	int64_t from;

	assert_int_equal(mkdirat(p->dir_fd, "t", 0700), 0);
	cleanup_fd int t_fd = dir_open(p->dir_fd, "t", NULL);

	for (int i = 0; i < 90000; i++) {
		char name[24];

		snprintf(name, sizeof(name), "f%d", i);
		cleanup_fd int fd = openat(t_fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
	}
	for (int i = 0; i < 5000; i++) {
		char name[24];

		snprintf(name, sizeof(name), "d%d", i);
		assert_int_equal(mkdirat(t_fd, name, 0700), 0);
		snprintf(name, sizeof(name), "d%d/f", i);
		cleanup_fd int fd = openat(t_fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		assert_true(fd >= 0);
	}
	from = cpu_time_ns();
	remove_all(p->dir_fd, "t");
	assert_true(cpu_time_ns() - from < 30 * NS_PER_S);
}

/* Runs fn as nobody, below a directory of nobody's; as root the modes would not matter. */
static int as_nobody(const struct place *p, int (*fn)(int dfd))
{
	int status;
	pid_t pid;

	if (geteuid() == 0)
		assert_int_equal(fchown(p->dir_fd, 65534, 65534), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (geteuid() == 0 && (setresgid(65534, 65534, 65534) < 0 ||
					      setresuid(65534, 65534, 65534) < 0))
			_exit(90);
		_exit(fn(p->dir_fd));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int child_modes(int dfd)
{
	static const mode_t modes[] = {
		0, 0100, 0200, 0300, 0400, 0500, 0600, 0700, 01000, 0070};
	struct err err;
	char name[24];

	if (mkdirat(dfd, "t", 0700) < 0)
		return 1;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		snprintf(name, sizeof(name), "t/d%zu", i);
		if (mkdirat(dfd, name, 0700) < 0)
			return 2;
		snprintf(name, sizeof(name), "t/d%zu/sub", i);
		if (mkdirat(dfd, name, 0700) < 0)
			return 3;
		snprintf(name, sizeof(name), "t/d%zu/sub/f", i);
		if (file_write(dfd, name, STR("x"), 0, NULL) < 0)
			return 4;
		snprintf(name, sizeof(name), "t/d%zu/sub", i);
		if (fchmodat(dfd, name, modes[i], 0) < 0)
			return 5;
		snprintf(name, sizeof(name), "t/d%zu", i);
		if (fchmodat(dfd, name, modes[i], 0) < 0)
			return 6;
	}
	if (fchmodat(dfd, "t", 0, 0) < 0)
		return 7;
	if (dir_remove(dfd, "t", &err) < 0) {
		print_error("%s\n", err.msg);
		return 8;
	}
	return exists(dfd, "t") ? 9 : 0;
}

static void test_modes(void **state)
{
	assert_int_equal(as_nobody(*state, child_modes), 0);
}

static int child_stranger(int dfd)
{
	struct err err = {0};

	if (dir_remove(dfd, "t", &err) != -1 || err.kind != ERR_SYS)
		return 1;
	if (exists(dfd, "t/mine") || exists(dfd, "t/zz"))
		return 2; /* went on behind the failure */
	return exists(dfd, "t/roots/f") ? 0 : 3;
}

/* A directory of somebody else's inside: reported, the rest goes. */
static void test_stranger(void **state)
{
	const struct place *p = *state;

	if (geteuid() != 0)
		skip(); /* needs two users */
	assert_int_equal(dir_make(p->dir_fd, "t/mine/x", 0755, NULL), 0);
	assert_int_equal(dir_make(p->dir_fd, "t/roots", 0755, NULL), 0);
	touch(p->dir_fd, "t/roots/f");
	touch(p->dir_fd, "t/mine/f");
	touch(p->dir_fd, "t/zz");
	assert_int_equal(fchownat(p->dir_fd, "t", 65534, 65534, 0), 0);
	assert_int_equal(fchownat(p->dir_fd, "t/mine", 65534, 65534, 0), 0);
	assert_int_equal(as_nobody(p, child_stranger), 0);
	remove_all(p->dir_fd, "t");
}

static int set_immutable(int dfd, const char *name, bool on)
{
	cleanup_fd int fd = openat(dfd, name, O_RDONLY | O_CLOEXEC);
	int flags = 0;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -1;
	flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

/* Immutable files at several depths: each is tried, the first reported, all else is gone. */
static void test_immutable(void **state)
{
	const struct place *p = *state;
	cleanup_arena struct arena *a = arena_new();
	struct err err = {0};
	struct str *names;
	size_t n;

	assert_int_equal(dir_make(p->dir_fd, "t/a/b/c", 0700, NULL), 0);
	assert_int_equal(dir_make(p->dir_fd, "t/e/f", 0700, NULL), 0);
	touch(p->dir_fd, "t/a/b/c/stuck");
	touch(p->dir_fd, "t/a/b/c/loose");
	touch(p->dir_fd, "t/a/b/loose");
	touch(p->dir_fd, "t/e/f/loose");
	touch(p->dir_fd, "t/stuck");
	touch(p->dir_fd, "t/loose");
	if (set_immutable(p->dir_fd, "t/a/b/c/stuck", true) < 0) {
		remove_all(p->dir_fd, "t");
		skip(); /* needs root and a file system with the flag */
	}
	assert_int_equal(set_immutable(p->dir_fd, "t/stuck", true), 0);
	assert_int_equal(dir_remove(p->dir_fd, "t", &err), -1);
	assert_int_equal(dir_remove(p->dir_fd, "t", NULL), -1); /* err may be NULL */
	assert_int_equal(err.sys, EPERM);
	assert_string_equal(err.msg, "remove 'stuck': operation not permitted");
	cleanup_fd int t_fd = dir_open(p->dir_fd, "t", NULL);

	assert_int_equal(dir_list(a, t_fd, 9, &names, &n, NULL), 0);
	assert_int_equal(n, 2);
	assert_string_equal(names[0].p, "a");
	assert_true(exists(t_fd, "a/b/c/stuck"));
	assert_false(exists(t_fd, "a/b/c/loose"));
	assert_false(exists(t_fd, "a/b/loose"));
	assert_int_equal(set_immutable(t_fd, "a/b/c/stuck", false), 0);
	assert_int_equal(set_immutable(t_fd, "stuck", false), 0);
	remove_all(p->dir_fd, "t");
}

/* An immutable file below many levels: passes must not multiply. */
static void test_immutable_deep(void **state)
{
	const struct place *p = *state;
	const char *name = "ddddddddddddddddddddddddddddddddddddddddddddddddd";
	struct err err = {0};

	assert_int_equal(mkdirat(p->dir_fd, "t", 0700), 0);
	cleanup_fd int at_fd = dir_open(p->dir_fd, "t", NULL);

	make_chain(at_fd, 200, true);
	for (int i = 0; i < 200; i++) {
		int next_fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		fd_close(&at_fd);
		at_fd = next_fd;
	}
	touch(at_fd, "stuck");
	if (set_immutable(at_fd, "stuck", true) < 0) {
		remove_all(p->dir_fd, "t");
		skip(); /* needs root and a file system with the flag */
	}
	assert_int_equal(dir_remove(p->dir_fd, "t", &err), -1);
	assert_string_equal(err.msg, "remove 'stuck': operation not permitted");
	assert_false(exists(p->dir_fd, "t/a"));
	assert_false(exists(p->dir_fd, "t/other"));
	assert_int_equal(set_immutable(at_fd, "stuck", false), 0);
	remove_all(p->dir_fd, "t");
}

static int child_mounts(const char *path)
{
	struct err err = {0};
	int dfd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	/* opened anew: a descriptor from before belongs to the mounts outside */
	dfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dfd < 0 || fchdir(dfd) < 0)
		return 1;
	/* a bind mount of the same file system: st_dev would not tell */
	if (mount("keep", "t/bind", NULL, MS_BIND, NULL) < 0 ||
		mount("keep/f", "t/file", NULL, MS_BIND, NULL) < 0 ||
		mount("tmpfs", "t/other", "tmpfs", 0, NULL) < 0)
		return 77;
	if (file_write(dfd, "t/other/x", STR("x"), 0600, NULL) < 0)
		return 2;
	if (dir_remove(dfd, "t", &err) != -1 || err.sys != EBUSY)
		return 3;
	if (!exists(dfd, "t/bind/f") || !exists(dfd, "t/file") || !exists(dfd, "t/other/x"))
		return 4;
	if (exists(dfd, "t/loose") || exists(dfd, "t/zz"))
		return 5;
	/* the name itself a mount */
	if (dir_remove(dfd, "t/bind", &err) != -1 || !exists(dfd, "keep/f"))
		return 6;
	return 0;
}

static void test_mounts(void **state)
{
	const struct place *p = *state;
	int status;
	pid_t pid;

	assert_int_equal(dir_make(p->dir_fd, "keep", 0700, NULL), 0);
	touch(p->dir_fd, "keep/f");
	assert_int_equal(dir_make(p->dir_fd, "t/bind", 0700, NULL), 0);
	assert_int_equal(dir_make(p->dir_fd, "t/other", 0700, NULL), 0);
	assert_int_equal(dir_make(p->dir_fd, "t/zz/y", 0700, NULL), 0);
	touch(p->dir_fd, "t/file");
	touch(p->dir_fd, "t/loose");
	pid = fork();
	if (pid == 0)
		_exit(child_mounts(p->path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	remove_all(p->dir_fd, "t");
	assert_true(exists(p->dir_fd, "keep/f"));
	remove_all(p->dir_fd, "keep");
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip(); /* needs a mount namespace */
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_absolute(void **state)
{
	const struct place *p = *state;
	char path[80];

	assert_int_equal(dir_make(p->dir_fd, "t/u", 0700, NULL), 0);
	snprintf(path, sizeof(path), "%s/t", p->path);
	assert_int_equal(dir_remove(AT_FDCWD, path, NULL), 0);
	assert_false(exists(p->dir_fd, "t"));
}

/* As when two runs that start clear away the same leftovers: what one finds gone is gone. */
static void test_two_at_once(void **state)
{
	const struct place *p = *state;

	for (int round = 0; round < 10; round++) {
		pid_t pid;
		int status;

		for (int i = 0; i < 40; i++) {
			char name[32];

			snprintf(name, sizeof(name), "t/%d/a/b", i);
			assert_int_equal(dir_make(p->dir_fd, name, 0700, NULL), 0);
		}
		pid = fork();
		if (pid == 0)
			_exit(dir_remove(p->dir_fd, "t", NULL) ? 1 : 0);
		remove_all(p->dir_fd, "t");
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
}

int main(void)
{
#define PLACE_TEST(fn) cmocka_unit_test_setup_teardown(fn, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		PLACE_TEST(test_simple),
		PLACE_TEST(test_kinds),
		PLACE_TEST(test_deep),
		PLACE_TEST(test_very_deep),
		PLACE_TEST(test_wide),
		PLACE_TEST(test_modes),
		PLACE_TEST(test_stranger),
		PLACE_TEST(test_immutable),
		PLACE_TEST(test_immutable_deep),
		PLACE_TEST(test_mounts),
		PLACE_TEST(test_absolute),
		PLACE_TEST(test_two_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
