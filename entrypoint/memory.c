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

/* A cgroup's own limit; UINT64_MAX: none, or it cannot be read. */
static uint64_t memory_of_group(struct arena *a, int root_dfd, const char *path)
{
	struct str text;
	uint64_t n;

	if (file_read(a, root_dfd, path, TEXT_MAX, &text, NULL))
		return UINT64_MAX;
	return num_u64(str_trim(text), UINT64_MAX, &n, NULL) ? UINT64_MAX : n; /* "max" */
}

/* The least of a cgroup and those above it. In a container the path may be the host's, while
 * the container's own group is what lies at the top of the mount: the walk ends there. */
static uint64_t memory_of_groups(
	struct arena *a, int root_dfd, const char *mount, const char *file, struct str path)
{
	uint64_t least = UINT64_MAX;

	for (;;) {
		struct str at = arena_printf(a, "%s" STR_FMT "/%s", mount, STR_ARG(path), file);
		uint64_t n = memory_of_group(a, root_dfd, str_c(at));
		ptrdiff_t slash = str_rchr(path, '/');

		least = n < least ? n : least;
		if (slash < 0)
			return least;
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
static uint64_t memory_of_line(struct arena *a, int root_dfd, struct str line)
{
	struct str id;
	struct str controllers;
	struct str path;

	if (!str_cut(line, ':', &id, &line) || !str_cut(line, ':', &controllers, &path))
		return UINT64_MAX;
	if (str_starts(path, STR("/..")) || str_has(path, STR("/../")))
		path = STR_NONE; /* of a namespace that is not ours */
	if (controllers.n == 0)
		return memory_of_groups(a, root_dfd, "sys/fs/cgroup", "memory.max", path);
	if (!controllers_have_memory(controllers))
		return UINT64_MAX;
	return memory_of_groups(
		a, root_dfd, "sys/fs/cgroup/memory", "memory.limit_in_bytes", path);
}

uint64_t memory_limit(struct arena *a, int root_dfd)
{
	uint64_t least = memory_of_machine(a, root_dfd);
	struct str line;
	struct str text;

	if (!least || file_read(a, root_dfd, "proc/self/cgroup", TEXT_MAX, &text, NULL))
		return least;
	while (str_cut(text, '\n', &line, &text)) {
		uint64_t n = memory_of_line(a, root_dfd, line);

		least = n < least ? n : least;
	}
	return least;
}

struct str memory_half_option(struct arena *a, uint64_t *ret_bytes)
{
	int root_dfd cleanup_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uint64_t half = root_dfd < 0 ? 0 : memory_limit(a, root_dfd) / 2;

	if (ret_bytes)
		*ret_bytes = half;
	return half ? arena_printf(a, "size=%llu", (unsigned long long)half) : STR("size=50%");
}
