/* SPDX-License-Identifier: Apache-2.0 */
/* subPath below a directory that a hostile step has written in. */
#include "../../entrypoint/binding.h"

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

/* vol/ is the volume; outside/ lies beside it. */
static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test-binding-XXXXXX");
	if (!mkdtemp(dir) || chdir(dir))
		return -1;
	return mkdir("vol", 0755) || mkdir("outside", 0755) || mkdir("vol/real", 0755) ||
	       mkdir("vol/real/deep", 0755) || symlink("real", "vol/in") ||
	       symlink("../vol/real", "vol/back") || symlink("../outside", "vol/out") ||
	       symlink("/tmp", "vol/abs") || symlink("loop", "vol/loop") ||
	       symlink("nowhere", "vol/dangling") || mkfifo("vol/fifo", 0644) ||
	       file_write(AT_FDCWD, "vol/file", STR("x"), 0644, NULL);
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") || dir_remove(AT_FDCWD, dir, NULL);
}

static bool same_dir(int fd, const char *path)
{
	struct stat a;
	struct stat b;

	assert_int_equal(fstat(fd, &a), 0);
	return stat(path, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

static void where_a_sub_path_leads(void **state)
{
	static const struct {
		const char *path;
		bool may_make;
		const char *want; /* NULL: refused */
	} cases[] = {
		{"real", false, "vol/real"},
		{"real/deep", false, "vol/real/deep"},
		{"in/deep", false, "vol/real/deep"},
		{"in/new/er", true, "vol/real/new/er"},
		{"a/b/c", true, "vol/a/b/c"},
		{"missing", false, NULL},
		{"out", true, NULL},
		{"out/new", true, NULL},
		{"abs", true, NULL},
		{"abs/x", true, NULL},
		{"back", true, NULL},
		{"loop", true, NULL},
		{"dangling", true, NULL},
		{"dangling/x", true, NULL},
		{"file/x", true, NULL},
		{"file", false, "vol/file"},
		{"fifo", true, NULL},
		{"..", true, NULL},
		{"../outside", true, NULL},
		{"../new", true, NULL},
		{"real/../../new", true, NULL},
	};
	struct stat st;

	for (int owner = OWNER_AS_IS; owner <= OWNER_CALLER; owner++) {
		for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
			int root_fd cleanup_fd = -1;
			int fd cleanup_fd = -1;
			bool is_file = false;
			struct err err = {0};
			struct sub_path s = {.owner = (enum sandbox_owner)owner,
				.path = str_z(cases[i].path),
				.may_make = cases[i].may_make};

			assert_int_equal(setup(state), 0);
			root_fd = open("vol", O_PATH | O_DIRECTORY | O_CLOEXEC);
			s.root_dfd = root_fd;
			/* without a namespace only the caller's kind can make directories */
			if (owner == OWNER_AS_IS)
				s.may_make = false;
			fd = binding_sub_path(&s, &is_file, &err);
			assert_true(fd < 0 || is_file == str_eqz(s.path, "file"));
			if (cases[i].want && cases[i].may_make && !s.may_make)
				assert_true(fd < 0);
			else if (cases[i].want ? fd < 0 || !same_dir(fd, cases[i].want)
					       : fd >= 0)
				fail_msg("'%s': descriptor %d, %s", cases[i].path, fd, err.msg);
			assert_int_not_equal(lstat("new", &st), 0);
			assert_int_not_equal(lstat("outside/new", &st), 0);
			assert_int_equal(teardown(state), 0);
		}
	}
}

/* Of the owner, with the mode of the volume; what is on the way is not for others to write. */
static void made_in(mode_t volume, mode_t between, mode_t last)
{
	struct sub_path s = {.owner = OWNER_CALLER, .path = STR("x/y"), .may_make = true};
	int root_fd cleanup_fd = -1;
	int fd cleanup_fd = -1;
	bool is_file = true;
	struct err err = {0};
	struct stat st;

	if (geteuid() == 0)
		assert_int_equal(chown("vol", 4711, 4712), 0);
	assert_int_equal(chmod("vol", volume), 0);
	root_fd = open("vol", O_PATH | O_DIRECTORY | O_CLOEXEC);
	s.root_dfd = root_fd;
	fd = binding_sub_path(&s, &is_file, &err);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, last);
	assert_false(is_file);
	assert_int_equal(st.st_uid, geteuid() == 0 ? 4711 : geteuid());
	assert_int_equal(stat("vol/x", &st), 0);
	assert_int_equal(st.st_mode & 07777, between);
}

static void what_is_made_is_the_owners(void **state)
{
	static const mode_t modes[][3] = {
		{0777, 0755, 0777}, {0755, 0755, 0755}, {0700, 0700, 0700}, {0770, 0750, 0770}};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		assert_int_equal(setup(state), 0);
		made_in(modes[i][0], modes[i][1], modes[i][2]);
		assert_int_equal(teardown(state), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_a_sub_path_leads),
		cmocka_unit_test(what_is_made_is_the_owners),
	};

	(void)umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
