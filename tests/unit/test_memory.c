/* SPDX-License-Identifier: Apache-2.0 */
/* The memory there is for us: machines and cgroups of both versions, played by a directory. */
#include "../../entrypoint/memory.h"

#include <base/attr.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <base/str.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MEMINFO "MemFree:           12 kB\nMemTotal:       1000 kB\nMemAvailable:   5 kB\n"

enum { FILES_MAX = 6, MACHINE = 1000 * 1024 };

struct place {
	const char *name;
	const char *files[FILES_MAX][2];
	uint64_t want;
};

static const struct place places[] = {
	{"nothing is known", {{"proc/version", "x"}}, 0},
	{"no cgroups", {{"proc/meminfo", MEMINFO}}, MACHINE},
	{"no total", {{"proc/meminfo", "MemFree: 12 kB\n"}}, 0},
	{"another unit", {{"proc/meminfo", "MemTotal: 12 MB\n"}}, 0},
	{"too large", {{"proc/meminfo", "MemTotal: 18446744073709551615 kB\n"}}, 0},
	{"version 2, no limit",
		{{"proc/meminfo", MEMINFO}, {"proc/self/cgroup", "0::/\n"},
			{"sys/fs/cgroup/memory.max", "max\n"}},
		MACHINE},
	{"version 2, a namespace of our own",
		{{"proc/meminfo", MEMINFO}, {"proc/self/cgroup", "0::/\n"},
			{"sys/fs/cgroup/memory.max", "4096\n"}},
		4096},
	{"version 2, a group above has less",
		{{"proc/meminfo", MEMINFO}, {"proc/self/cgroup", "0::/pod/run\n"},
			{"sys/fs/cgroup/pod/run/memory.max", "8192\n"},
			{"sys/fs/cgroup/pod/memory.max", "5000\n"}},
		5000},
	{"version 2, more than the machine has",
		{{"proc/meminfo", MEMINFO}, {"proc/self/cgroup", "0::/a\n"},
			{"sys/fs/cgroup/a/memory.max", "99999999999\n"}},
		MACHINE},
	{"version 1, the host's path, our group on top",
		{{"proc/meminfo", MEMINFO},
			{"proc/self/cgroup", "5:cpu,cpuacct:/box\n4:memory:/box\n0::/box\n"},
			{"sys/fs/cgroup/memory/memory.limit_in_bytes", "7000\n"},
			{"sys/fs/cgroup/memory.max", "max\n"}},
		7000},
	{"version 1, memory among others, no limit",
		{{"proc/meminfo", MEMINFO}, {"proc/self/cgroup", "4:cpu,memory:/\n"},
			{"sys/fs/cgroup/memory/memory.limit_in_bytes",
				"9223372036854771712\n"}},
		MACHINE},
	{"version 1, other controllers are not ours",
		{{"proc/meminfo", MEMINFO}, {"proc/self/cgroup", "4:cpu:/a\nbroken\n"},
			{"sys/fs/cgroup/memory/a/memory.limit_in_bytes", "7000\n"}},
		MACHINE},
	{"a path that leads out is not walked",
		{{"proc/meminfo", MEMINFO}, {"proc/self/cgroup", "0::/../../x\n"},
			{"x/memory.max", "1\n"}, {"sys/fs/cgroup/memory.max", "6000\n"}},
		6000},
};

#define OOM(n) "oom_kill_disable 0\nunder_oom 0\noom_kill " n "\n"

static const struct {
	struct place place;
	int64_t want;
} kills[] = {
	{{"nothing is known", {{"proc/version", "x"}}, 0}, -1},
	{{"only the machine's", {{"proc/vmstat", "nr_x 1\noom_kill 3\nlast 4\n"}}, 0}, 3},
	{{"an old kernel", {{"proc/vmstat", "nr_x 1\noom_killed 3\n"}}, 0}, -1},
	{{"version 2",
		 {{"proc/vmstat", "oom_kill 9\n"}, {"proc/self/cgroup", "0::/a/b\n"},
			 {"sys/fs/cgroup/a/b/memory.events", "low 0\noom 2\noom_kill 1\n"},
			 {"sys/fs/cgroup/a/memory.events", "low 0\noom 2\noom_kill 7\n"}},
		 0},
		1},
	{{"version 1, the host's path, our group on top",
		 {{"proc/self/cgroup", "4:memory:/box\n0::/box\n"},
			 {"sys/fs/cgroup/memory/memory.oom_control", OOM("5")}},
		 0},
		5},
	{{"no number",
		 {{"proc/self/cgroup", "0::/\n"}, {"proc/vmstat", "oom_kill 4\n"},
			 {"sys/fs/cgroup/memory.events", "oom_kill many\n"}},
		 0},
		4},
};

static void place_make(struct arena *a, int dfd, const struct place *p)
{
	for (size_t i = 0; i < FILES_MAX && p->files[i][0]; i++) {
		struct str path = str_z(p->files[i][0]);
		struct str parent = path_dir(a, path);

		assert_int_equal(dir_make(dfd, str_c(parent), 0700, NULL), 0);
		assert_int_equal(
			file_write(dfd, str_c(path), str_z(p->files[i][1]), 0600, NULL), 0);
	}
}

static void the_least_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		char dir[] = "/tmp/test-memory-XXXXXX";
		struct arena *a = arena_new();
		int dfd;

		assert_non_null(mkdtemp(dir));
		dfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		place_make(a, dfd, &places[i]);
		if (memory_limit(a, dfd) != places[i].want)
			fail_msg("%s: %llu", places[i].name,
				(unsigned long long)memory_limit(a, dfd));
		fd_close(&dfd);
		assert_int_equal(dir_remove(AT_FDCWD, dir, NULL), 0);
		arena_free(a);
	}
}

static void kills_are_counted_near(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kills); i++) {
		char dir[] = "/tmp/test-memory-XXXXXX";
		struct arena *a = arena_new();
		int dfd;

		assert_non_null(mkdtemp(dir));
		dfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		place_make(a, dfd, &kills[i].place);
		if (memory_oom_kills(dfd) != kills[i].want)
			fail_msg("%s: %lld", kills[i].place.name,
				(long long)memory_oom_kills(dfd));
		fd_close(&dfd);
		assert_int_equal(dir_remove(AT_FDCWD, dir, NULL), 0);
		arena_free(a);
	}
}

static void the_option_is_half_of_this_machine(void **state)
{
	struct arena *a = arena_new();
	int dfd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t n;
	struct str option = memory_half_option(a, &n);

	(void)state;
	assert_int_equal(n, memory_limit(a, dfd) / 2);
	assert_true(n > 0);
	assert_true(str_eq(option, arena_printf(a, "size=%llu", (unsigned long long)n)));
	fd_close(&dfd);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_counts),
		cmocka_unit_test(kills_are_counted_near),
		cmocka_unit_test(the_option_is_half_of_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
