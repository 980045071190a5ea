/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, and making and listing directories. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/fd.h>
#include <base/file.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
	char path[40];
	int dir_fd;
};

static int place_setup(void **state)
{
	struct place *p = mem_zalloc(sizeof(*p));

	snprintf(p->path, sizeof(p->path), "%s", "/tmp/monopod-file-XXXXXX");
	if (!mkdtemp(p->path))
		return -1;
	p->dir_fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = p;
	return p->dir_fd < 0;
}

static int place_teardown(void **state)
{
	struct place *p = *state;
	int rc = dir_remove(AT_FDCWD, p->path, NULL);

	fd_close(&p->dir_fd);
	free(p);
	return rc;
}

static void test_write_read(void **state)
{
	const struct place *p = *state;
	cleanup_arena struct arena *a = arena_new();
	cleanup_free char *big = mem_alloc(300000);
	struct str got;
	struct stat st;

	memset(big, 'b', 300000);
	assert_int_equal(file_write(p->dir_fd, "f", STR("a\0b"), 0640, NULL), 0);
	assert_int_equal(file_read(a, p->dir_fd, "f", 3, &got, NULL), 0);
	assert_true(str_eq(got, STR("a\0b")));
	assert_int_equal(fstatat(p->dir_fd, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07700, 0600);
	assert_int_equal(file_write(p->dir_fd, "f", STR("x"), 0600, NULL), 0); /* truncates */
	assert_int_equal(file_read(a, p->dir_fd, "f", 3, &got, NULL), 0);
	assert_true(str_eqz(got, "x"));
	assert_int_equal(file_write(p->dir_fd, "f", (struct str){big, 300000}, 0600, NULL), 0);
	assert_int_equal(file_read(a, p->dir_fd, "f", 300000, &got, NULL), 0);
	assert_true(str_eq(got, (struct str){big, 300000}));
	assert_int_equal(got.p[got.n], '\0');
	assert_int_equal(file_write(p->dir_fd, "e", STR_NONE, 0600, NULL), 0);
	assert_int_equal(file_read(a, p->dir_fd, "e", 0, &got, NULL), 0);
	assert_int_equal(got.n, 0);
}

static void test_read_refused(void **state)
{
	const struct place *p = *state;
	cleanup_arena struct arena *a = arena_new();
	struct str got = STR("kept");
	struct err err = {0};

	assert_int_equal(file_write(p->dir_fd, "f", STR("1234"), 0600, NULL), 0);
	assert_int_equal(file_read(a, p->dir_fd, "f", 3, &got, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(err.msg, "'f': more than 3 bytes");
	assert_int_equal(file_read(a, p->dir_fd, "missing", 3, &got, &err), -1);
	assert_string_equal(err.msg, "open 'missing': no such file or directory");
	assert_int_equal(file_read(a, p->dir_fd, ".", 3, &got, &err), -1);
	assert_string_equal(err.msg, "'.': read: is a directory");
	/* a stream without an end stops at the maximum */
	assert_int_equal(file_read(a, AT_FDCWD, "/dev/zero", 1000000, &got, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_true(str_eqz(got, "kept"));
	assert_int_equal(file_write(p->dir_fd, "no/f", STR("x"), 0600, &err), -1);
	assert_int_equal(err.sys, ENOENT);
	assert_int_equal(file_write(AT_FDCWD, "/dev/full", STR("x"), 0600, &err), -1);
	assert_int_equal(err.sys, ENOSPC);
}

static void test_read_pipe(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	cleanup_fd int r_fd = -1;
	cleanup_fd int w_fd = -1;
	struct str got;

	assert_int_equal(fd_pipe(&r_fd, &w_fd, NULL), 0);
	assert_int_equal(fd_write_all(w_fd, "piped", 5, NULL), 0);
	fd_close(&w_fd);
	assert_int_equal(file_read_fd(a, r_fd, 100, &got, NULL), 0);
	assert_true(str_eqz(got, "piped"));
}

static void test_atomic(void **state)
{
	const struct place *p = *state;
	cleanup_arena struct arena *a = arena_new();
	struct str got;
	struct str *names;
	struct stat before;
	struct stat after;
	char stale[64];
	size_t n;

	assert_int_equal(dir_make(p->dir_fd, "sub", 0700, NULL), 0);
	/* a name that a dead process of the same number left behind is passed over */
	snprintf(stale, sizeof(stale), "sub/.f.%d.0", (int)getpid());
	assert_int_equal(file_write(p->dir_fd, stale, STR("old"), 0600, NULL), 0);
	assert_int_equal(file_write_atomic(p->dir_fd, "sub/f", STR("one"), 0600, NULL), 0);
	assert_int_equal(fstatat(p->dir_fd, "sub/f", &before, 0), 0);
	assert_int_equal(file_write_atomic(p->dir_fd, "sub/f", STR("two"), 0600, NULL), 0);
	assert_int_equal(fstatat(p->dir_fd, "sub/f", &after, 0), 0);
	assert_int_equal(file_read(a, p->dir_fd, "sub/f", 10, &got, NULL), 0);
	assert_true(str_eqz(got, "two"));
	assert_int_equal(unlinkat(p->dir_fd, stale, 0), 0);
	cleanup_fd int sub_fd = dir_open(p->dir_fd, "sub", NULL);

	assert_int_equal(dir_list(a, sub_fd, 10, &names, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_true(before.st_ino != after.st_ino ||
		    before.st_mtim.tv_nsec != after.st_mtim.tv_nsec);
	assert_int_equal(file_write_atomic(sub_fd, "g", STR("x"), 0600, NULL), 0);
}

/* A link at the name is replaced, not followed; a failure leaves nothing behind. */
static void test_atomic_refused(void **state)
{
	const struct place *p = *state;
	cleanup_arena struct arena *a = arena_new();
	struct err err = {0};
	struct str *names;
	struct str got;
	size_t n;

	assert_int_equal(file_write(p->dir_fd, "target", STR("safe"), 0600, NULL), 0);
	assert_int_equal(symlinkat("target", p->dir_fd, "link"), 0);
	assert_int_equal(file_write_atomic(p->dir_fd, "link", STR("new"), 0600, NULL), 0);
	assert_int_equal(file_read(a, p->dir_fd, "target", 10, &got, NULL), 0);
	assert_true(str_eqz(got, "safe"));
	assert_int_equal(dir_make(p->dir_fd, "d", 0700, NULL), 0);
	assert_int_equal(file_write_atomic(p->dir_fd, "d", STR("x"), 0600, &err), -1);
	assert_int_equal(err.sys, EISDIR);
	assert_int_equal(file_write_atomic(p->dir_fd, "no/f", STR("x"), 0600, &err), -1);
	assert_int_equal(err.sys, ENOENT);
	assert_int_equal(dir_list(a, p->dir_fd, 10, &names, &n, NULL), 0);
	assert_int_equal(n, 3);
}

static void test_dir_make(void **state)
{
	const struct place *p = *state;
	struct err err = {0};
	struct stat st;

	assert_int_equal(dir_make(p->dir_fd, "a/b/c", 0700, NULL), 0);
	assert_int_equal(dir_make(p->dir_fd, "a/b/c", 0700, NULL), 0);
	assert_int_equal(dir_make(p->dir_fd, "a//x///y/", 0700, NULL), 0);
	assert_int_equal(dir_make(p->dir_fd, ".", 0700, NULL), 0);
	assert_int_equal(fstatat(p->dir_fd, "a/b/c", &st, 0), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(fstatat(p->dir_fd, "a/x/y", &st, 0), 0);
	assert_int_equal(dir_make(AT_FDCWD, p->path, 0700, NULL), 0);
	assert_int_equal(file_write(p->dir_fd, "f", STR("x"), 0600, NULL), 0);
	assert_int_equal(dir_make(p->dir_fd, "f", 0700, &err), -1);
	assert_int_equal(err.sys, ENOTDIR);
	assert_int_equal(dir_make(p->dir_fd, "f/g", 0700, &err), -1);
	assert_int_equal(dir_make(p->dir_fd, "", 0700, &err), -1);
	assert_int_equal(err.sys, ENOENT);
	assert_int_equal(dir_open(p->dir_fd, "f", &err), -1);
	assert_int_equal(err.sys, ENOTDIR);
}

static void test_dir_list(void **state)
{
	const struct place *p = *state;
	cleanup_arena struct arena *a = arena_new();
	struct err err = {0};
	struct str *names;
	char name[16];
	size_t n;

	assert_int_equal(dir_list(a, p->dir_fd, 0, &names, &n, NULL), 0);
	assert_int_equal(n, 0);
	for (int i = 999; i >= 0; i--) {
		snprintf(name, sizeof(name), "%03d", i);
		assert_int_equal(file_write(p->dir_fd, name, STR_NONE, 0600, NULL), 0);
	}
	for (int round = 0; round < 2; round++) { /* the descriptor's own offset is not used */
		assert_int_equal(dir_list(a, p->dir_fd, 1000, &names, &n, NULL), 0);
		assert_int_equal(n, 1000);
		for (int i = 0; i < 1000; i++) {
			snprintf(name, sizeof(name), "%03d", i);
			assert_string_equal(names[i].p, name);
		}
	}
	assert_int_equal(dir_list(a, p->dir_fd, 999, &names, &n, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	cleanup_fd int file_fd = openat(p->dir_fd, "000", O_RDONLY | O_CLOEXEC);

	assert_int_equal(dir_list(a, file_fd, 9, &names, &n, &err), -1);
}

int main(void)
{
#define PLACE_TEST(fn) cmocka_unit_test_setup_teardown(fn, place_setup, place_teardown)
	const struct CMUnitTest tests[] = {
		PLACE_TEST(test_write_read),
		PLACE_TEST(test_read_refused),
		cmocka_unit_test(test_read_pipe),
		PLACE_TEST(test_atomic),
		PLACE_TEST(test_atomic_refused),
		PLACE_TEST(test_dir_make),
		PLACE_TEST(test_dir_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
