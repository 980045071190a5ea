/* SPDX-License-Identifier: Apache-2.0 */
/* Results as traps: links, FIFOs, foreign owners, too much. */
#include "../../entrypoint/results_read.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
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
static int dfd;

static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test-results-XXXXXX");
	assert_non_null(mkdtemp(dir));
	dfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dfd < 0;
}

static int teardown(void **state)
{
	(void)state;
	fd_close(&dfd);
	return dir_remove(AT_FDCWD, dir, NULL);
}

static void put(const char *name, const char *text)
{
	assert_int_equal(file_write(dfd, name, str_z(text), 0644, NULL), 0);
}

static void make_link(void)
{
	put("target", "secret");
	assert_int_equal(symlinkat("target", dfd, "r"), 0);
}

static void make_link_outside(void)
{
	assert_int_equal(symlinkat("/etc/passwd", dfd, "r"), 0);
}

static void make_hard_link(void)
{
	put("target", "secret");
	assert_int_equal(linkat(dfd, "target", dfd, "r", 0), 0);
}

static void make_fifo(void)
{
	assert_int_equal(mkfifoat(dfd, "r", 0644), 0);
}

static void make_dir(void)
{
	assert_int_equal(mkdirat(dfd, "r", 0755), 0);
}

static void make_socket(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/r", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(close(fd), 0);
}

static void make_huge(void)
{
	int fd = openat(dfd, "r", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_int_equal(ftruncate(fd, (off_t)BOUND_RESULT_BYTES + 1), 0);
	assert_int_equal(close(fd), 0);
}

static void make_nothing(void)
{
}

static void make_text(void)
{
	put("r", "two\nlines\n");
}

static void make_empty(void)
{
	put("r", "");
}

static void what_is_there_decides(void **state)
{
	static const struct {
		void (*make)(void);
		bool present;
		const char *text;
		const char *problem;
	} cases[] = {
		{make_nothing, false, "", ""},
		{make_text, true, "two\nlines\n", ""},
		{make_empty, true, "", ""},
		{make_link, false, "", "is a symbolic link"},
		{make_link_outside, false, "", "is a symbolic link"},
		{make_hard_link, false, "", "has more than one link"},
		{make_fifo, false, "", "is a FIFO"},
		{make_dir, false, "", "is a directory"},
		{make_socket, false, "", "is a socket"},
		{make_huge, false, "", "is larger than 16 MiB"},
	};
	const struct id_map map = {.uid = {{0, (uint32_t)geteuid(), 1}}, .n_uid = 1};
	const struct result_want want = {.name = STR("r")};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *a = arena_new();
		struct results_dir d;
		struct result_got got;

		assert_int_equal(setup(state), 0);
		d = (struct results_dir){
			.dfd = dfd, .map = &map, .max_bytes = BOUND_RESULT_BYTES};
		cases[i].make();
		results_read(&d, a, &want, 1, &got);
		if (got.present != cases[i].present || !str_eqz(got.text, cases[i].text) ||
			!str_eqz(got.problem, cases[i].problem))
			fail_msg("case %zu: present %d, '%s', problem '%s'", i, got.present,
				str_c(got.text), str_c(got.problem));
		assert_int_equal(teardown(state), 0);
		arena_free(a);
	}
}

/* A file that somebody outside of the run owns: a bait, or a bind gone wrong. */
static void foreign_owners_are_refused(void **state)
{
	const struct id_map map = {.uid = {{0, (uint32_t)geteuid() + 1, 65536}}, .n_uid = 1};
	const struct result_want want = {.name = STR("r")};
	struct arena *a = arena_new();
	struct results_dir d;
	struct result_got got;

	assert_int_equal(setup(state), 0);
	d = (struct results_dir){.dfd = dfd, .map = &map, .max_bytes = BOUND_RESULT_BYTES};
	make_text();
	results_read(&d, a, &want, 1, &got);
	assert_false(got.present);
	assert_string_equal(got.problem.p, "belongs to nobody of this run");
	assert_int_equal(teardown(state), 0);
	arena_free(a);
}

static void ten_megabytes_are_fine(void **state)
{
	const struct id_map map = {.uid = {{0, (uint32_t)geteuid(), 1}}, .n_uid = 1};
	const struct result_want want = {.name = STR("r")};
	struct arena *a = arena_new();
	struct results_dir d;
	struct result_got got;
	int fd;

	assert_int_equal(setup(state), 0);
	d = (struct results_dir){.dfd = dfd, .map = &map, .max_bytes = BOUND_RESULT_BYTES};
	fd = openat(dfd, "r", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_int_equal(ftruncate(fd, 10 * MIB), 0);
	assert_int_equal(close(fd), 0);
	results_read(&d, a, &want, 1, &got);
	assert_true(got.present);
	assert_int_equal(got.text.n, 10 * MIB);
	assert_int_equal(teardown(state), 0);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_decides),
		cmocka_unit_test(foreign_owners_are_refused),
		cmocka_unit_test(ten_megabytes_are_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
