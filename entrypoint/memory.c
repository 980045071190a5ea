/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of the machine and the limits of cgroups. */
#include "memory.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/num.h>
#include <fcntl.h>

enum { TEXT_MAX = 64 * KIB };

/* "MemTotal:       16316412 kB" */
static uint64_t memory_of_machine(struct arena *a, int root_dfd)
{
	struct str line;
	struct str text;
	uint64_t kib;

	if (file_read(a, root_dfd, "proc/meminfo", TEXT_MAX, &text, NULL))
		return 0;
	while (str_cut(text, '\n', &line, &text)) {
		struct str key;
		struct str rest;

		if (!str_cut(line, ':', &key, &rest) || !str_eqz(key, "MemTotal"))
			continue;
		if (!str_ends(rest, STR(" kB")))
			return 0;
		rest = str_trim(str_slice(rest, 0, rest.n - 3));
		return num_u64(rest, UINT64_MAX / KIB, &kib, NULL) ? 0 : kib * KIB;
	}
	return 0;
}

/* Called with a file of each cgroup that we are in, from our own upwards. */
struct group_files {
	struct arena *arena;
	int root_dfd;
	const char *v2_name, *v1_name;
	void (*found)(void *arg, struct str text);
	void *arg;
};

/* A cgroup and those above it. In a container the path may be the host's, while the container's
 * own group is what lies at the top of the mount: the walk ends there. */
static void groups_walk(
	const struct group_files *f, const char *mount, const char *name, struct str path)
{
	for (;;) {
		struct str at =
			arena_printf(f->arena, "%s" STR_FMT "/%s", mount, STR_ARG(path), name);
		ptrdiff_t slash = str_rchr(path, '/');
		struct str text;

		if (file_read(f->arena, f->root_dfd, str_c(at), TEXT_MAX, &text, NULL) == 0)
			f->found(f->arg, text);
		if (slash < 0)
			return;
		path = str_slice(path, 0, (size_t)slash);
	}
}

static bool controllers_have_memory(struct str list)
{
	struct str one;

	while (str_cut(list, ',', &one, &list)) {
		if (str_eqz(one, "memory"))
			return true;
	}
	return str_eqz(list, "memory");
}

/* A line of /proc/self/cgroup: "4:memory:/group", or "0::/group" of version 2. */
static void groups_of_line(const struct group_files *f, struct str line)
{
	struct str id;
	struct str controllers;
	struct str path;

	if (!str_cut(line, ':', &id, &line) || !str_cut(line, ':', &controllers, &path))
		return;
	if (str_starts(path, STR("/..")) || str_has(path, STR("/../")))
		path = STR_NONE; /* of a namespace that is not ours */
	if (controllers.n == 0)
		groups_walk(f, "sys/fs/cgroup", f->v2_name, path);
	else if (controllers_have_memory(controllers))
		groups_walk(f, "sys/fs/cgroup/memory", f->v1_name, path);
}

static void groups_of_self(const struct group_files *f)
{
	struct str line;
	struct str text;

	if (file_read(f->arena, f->root_dfd, "proc/self/cgroup", TEXT_MAX, &text, NULL))
		return;
	while (str_cut(text, '\n', &line, &text))
		groups_of_line(f, line);
}

static void limit_found(void *arg, struct str text)
{
	uint64_t *least = arg;
	uint64_t n;

	if (num_u64(str_trim(text), UINT64_MAX, &n, NULL) == 0 && n < *least) /* else "max" */
		*least = n;
}

uint64_t memory_limit(struct arena *a, int root_dfd)
{
	uint64_t least = memory_of_machine(a, root_dfd);
	const struct group_files f = {.arena = a,
		.root_dfd = root_dfd,
		.v2_name = "memory.max",
		.v1_name = "memory.limit_in_bytes",
		.found = limit_found,
		.arg = &least};

	if (least)
		groups_of_self(&f);
	return least;
}

/* "oom_kill 3" in memory.events, memory.oom_control and vmstat. The first file counts. */
static void oom_found(void *arg, struct str text)
{
	int64_t *count = arg;
	struct str line;

	while (*count < 0 && str_cut(text, '\n', &line, &text)) {
		struct str key;
		struct str value;

		if (str_cut(line, ' ', &key, &value) && str_eqz(key, "oom_kill") &&
			num_i64(value, 0, INT64_MAX, count, NULL))
			*count = -1;
	}
}

int64_t memory_oom_kills(int root_dfd)
{
	struct arena *a cleanup_arena = arena_new();
	int64_t count = -1;
	const struct group_files f = {.arena = a,
		.root_dfd = root_dfd,
		.v2_name = "memory.events",
		.v1_name = "memory.oom_control",
		.found = oom_found,
		.arg = &count};
	struct str text;

	groups_of_self(&f);
	if (count < 0 && file_read(a, root_dfd, "proc/vmstat", TEXT_MAX, &text, NULL) == 0)
		oom_found(&count, text);
	return count;
}

int64_t memory_oom_kills_here(void)
{
	int root_dfd cleanup_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return root_dfd < 0 ? -1 : memory_oom_kills(root_dfd);
}

struct str memory_half_option(struct arena *a, uint64_t *ret_bytes)
{
	int root_dfd cleanup_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t half = root_dfd < 0 ? 0 : memory_limit(a, root_dfd) / 2;

	if (ret_bytes)
		*ret_bytes = half;
	return half ? arena_printf(a, "size=%llu", (unsigned long long)half) : STR("size=50%");
}
