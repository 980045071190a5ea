/* SPDX-License-Identifier: Apache-2.0 */
/* Lexical paths, and what openat2 refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/fd.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* After Go's path_test.go. */
static void test_clean(void **state attr_unused)
{
	static const char *const cases[][2] = {
		{"", "."},
		{"abc", "abc"},
		{"abc/def", "abc/def"},
		{"a/b/c", "a/b/c"},
		{".", "."},
		{"..", ".."},
		{"../..", "../.."},
		{"../../abc", "../../abc"},
		{"/abc", "/abc"},
		{"/", "/"},
		{"abc/", "abc"},
		{"abc/def/", "abc/def"},
		{"./", "."},
		{"../", ".."},
		{"../../", "../.."},
		{"/abc/", "/abc"},
		{"abc//def//ghi", "abc/def/ghi"},
		{"//abc", "/abc"},
		{"///abc", "/abc"},
		{"//abc//", "/abc"},
		{"abc//", "abc"},
		{"abc/./def", "abc/def"},
		{"/./abc/def", "/abc/def"},
		{"abc/.", "abc"},
		{"abc/def/ghi/../jkl", "abc/def/jkl"},
		{"abc/def/../ghi/../jkl", "abc/jkl"},
		{"abc/def/..", "abc"},
		{"abc/def/../..", "."},
		{"/abc/def/../..", "/"},
		{"abc/def/../../..", ".."},
		{"/abc/def/../../..", "/"},
		{"abc/def/../../../ghi/jkl/../../../mno", "../../mno"},
		{"/../abc", "/abc"},
		{"abc/./../def", "def"},
		{"abc//./../def", "def"},
		{"abc/../../././../def", "../../def"},
		{"..a/...", "..a/..."},
		{"a/..b/..", "a"},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str s = path_clean(a, str_z(cases[i][0]));

		assert_string_equal(s.p, cases[i][1]);
		assert_int_equal(s.n, strlen(cases[i][1]));
		assert_string_equal(path_clean(a, s).p, cases[i][1]);
	}
}

static void test_parts(void **state attr_unused)
{
	static const struct {
		const char *path, *base, *dir;
	} cases[] = {
		{"", ".", "."},
		{".", ".", "."},
		{"/", "/", "/"},
		{"////", "/", "/"},
		{"x/", "x", "x"},
		{"abc", "abc", "."},
		{"abc/def", "def", "abc"},
		{"a/b/.x", ".x", "a/b"},
		{"a/b/c.", "c.", "a/b"},
		{"/x", "x", "/"},
		{"//x//y", "y", "/x"},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(str_eqz(path_base(str_z(cases[i].path)), cases[i].base));
		assert_true(str_eqz(path_dir(a, str_z(cases[i].path)), cases[i].dir));
	}
}

static void test_join(void **state attr_unused)
{
	static const char *const cases[][3] = {
		{"a", "b", "a/b"},
		{"a", "", "a"},
		{"", "b", "b"},
		{"", "", ""},
		{"/", "a", "/a"},
		{"/", "", "/"},
		{"a/", "../b", "b"},
		{"/a", "/b", "/a/b"},
		{"/a", "../../..", "/"},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_true(str_eqz(
			path_join(a, str_z(cases[i][0]), str_z(cases[i][1])), cases[i][2]));
}

static void test_below(void **state attr_unused)
{
	assert_true(path_is_below(STR("/a/b"), STR("/a")));
	assert_true(path_is_below(STR("/a"), STR("/a")));
	assert_true(path_is_below(STR("/a"), STR("/")));
	assert_true(path_is_below(STR("/"), STR("/")));
	assert_false(path_is_below(STR("/ab"), STR("/a")));
	assert_false(path_is_below(STR("/"), STR("/a")));
	assert_false(path_is_below(STR("a"), STR("/")));
	assert_true(path_is_below(STR("a/b"), STR("a")));
}

static void test_absolute(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	cleanup_free char *cwd = getcwd(NULL, 0);
	struct str got;

	assert_int_equal(path_absolute(a, STR("/x/../y"), &got, NULL), 0);
	assert_string_equal(got.p, "/y");
	assert_int_equal(path_absolute(a, STR("sub/."), &got, NULL), 0);
	assert_true(str_eq(got, path_join(a, str_z(cwd), STR("sub"))));
	assert_int_equal(path_absolute(a, STR(""), &got, NULL), 0);
	assert_true(str_eqz(got, cwd));
}

static void test_open(void **state attr_unused)
{
	static const struct {
		const char *rel;
		int flags;
		int sys; /* 0: opens */
	} cases[] = {
		{"file", PATH_BENEATH, 0},
		{"sub/inner", PATH_BENEATH, 0},
		{"sub/../file", PATH_BENEATH, 0},
		{"../outside", PATH_BENEATH, EXDEV},
		{"sub/../../outside", PATH_BENEATH, EXDEV},
		{"/etc/passwd", PATH_BENEATH, EXDEV},
		{"to-file", PATH_BENEATH, 0},
		{"to-file", PATH_BENEATH | PATH_NO_LINKS, ELOOP},
		{"to-sub/inner", PATH_BENEATH | PATH_NO_LINKS, ELOOP},
		{"to-parent/outside", PATH_BENEATH, EXDEV},
		{"to-root/etc/passwd", PATH_BENEATH, EXDEV},
		{"absolute", PATH_BENEATH, EXDEV},
		{"absolute", PATH_IN_ROOT, 0}, /* /file is taken below the directory */
		{"/file", PATH_IN_ROOT, 0},
		{"../../../file", PATH_IN_ROOT, 0},
		{"../outside", PATH_IN_ROOT, ENOENT},
		{"to-root/etc/passwd", PATH_IN_ROOT, ENOENT},
		{"missing", PATH_BENEATH, ENOENT},
		{"magic", 0, ELOOP},
		{"file/x", PATH_BENEATH, ENOTDIR},
	};
	char top[] = "/tmp/monopod-path-XXXXXX";
	cleanup_fd int dfd = -1;

	assert_non_null(mkdtemp(top));
	dfd = open(top, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	assert_int_equal(mkdirat(dfd, "in", 0700), 0);
	close(openat(dfd, "outside", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	cleanup_fd int in_fd = openat(dfd, "in", O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	assert_int_equal(mkdirat(in_fd, "sub", 0700), 0);
	close(openat(in_fd, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	close(openat(in_fd, "sub/inner", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(symlinkat("file", in_fd, "to-file"), 0);
	assert_int_equal(symlinkat("sub", in_fd, "to-sub"), 0);
	assert_int_equal(symlinkat("..", in_fd, "to-parent"), 0);
	assert_int_equal(symlinkat("/", in_fd, "to-root"), 0);
	assert_int_equal(symlinkat("/file", in_fd, "absolute"), 0);
	assert_int_equal(symlinkat("/proc/self/fd/0", in_fd, "magic"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		cleanup_fd int fd =
			path_open(in_fd, cases[i].rel, O_RDONLY, 0, cases[i].flags, &err);

		if (err.sys != cases[i].sys)
			print_error("%s: %s\n", cases[i].rel, err.msg);
		assert_int_equal(err.sys, cases[i].sys);
		if (err.sys == EXDEV && cases[i].flags & PATH_BENEATH)
			assert_non_null(strstr(err.msg, "leads out of the directory"));
		assert_int_equal(fd >= 0, cases[i].sys == 0);
		if (fd >= 0)
			assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	}
	static const char *const names[] = {"in/file", "in/sub/inner", "in/to-file",
		"in/to-sub", "in/to-parent", "in/to-root", "in/absolute", "in/magic", "in/made",
		"outside"};
	struct stat st;

	cleanup_fd int made_fd =
		path_open(in_fd, "made", O_CREAT | O_EXCL | O_WRONLY, 0640, PATH_BENEATH, NULL);

	assert_true(made_fd >= 0);
	assert_int_equal(fstat(made_fd, &st), 0);
	assert_int_equal(st.st_mode & 07700, 0600);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(unlinkat(dfd, names[i], 0), 0);
	unlinkat(dfd, "in/sub", AT_REMOVEDIR);
	unlinkat(dfd, "in", AT_REMOVEDIR);
	assert_int_equal(rmdir(top), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_absolute),
		cmocka_unit_test(test_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
