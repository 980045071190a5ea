/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one start of a sandbox costs and where the time goes: N starts of a static program that
 * ends at once, in an overlay, by the sandbox's own calls, without the rest of monopod.
 *
 *     bench_sandbox [N [PROGRAM]]
 *
 * Prints medians in microseconds: build (config to operations), clone (both children and their
 * namespaces), setup (mounts to seccomp), exec (of step-init), end (the program, its exit and
 * the end of the namespaces) and all of it.
 */
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/num.h>
#include <fcntl.h>
#include <monopod/sandbox.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STARTS = 200, STARTS_MAX = 100000 };
enum phase { BUILD, CLONE, SETUP, EXEC, END, TOTAL };
enum { PHASE_N = TOTAL + 1 };

static const char *const phase_names[] = {
	[BUILD] = "build",
	[CLONE] = "clone",
	[SETUP] = "setup",
	[EXEC] = "exec",
	[END] = "end",
	[TOTAL] = "total",
};
_Static_assert(ARRAY_SIZE(phase_names) == PHASE_N, "a name for every phase");

struct bench {
	struct arena *a;
	struct sandbox_place place;
	int base_fd, layer_fd;
	unsigned int n_starts, n_done;
	int64_t *ns[PHASE_N];
};

static void fail(const char *what, const struct err *err)
{
	fprintf(stderr, "bench_sandbox: %s: %s\n", what, err->msg);
	exit(1);
}

/* The usual directories are there, as in a real image: nothing of it has to be copied up. */
static void image_make(struct bench *b, const char *program)
{
	static const char *const dirs[] = {
		"layer/proc", "layer/dev", "layer/sys", "layer/tmp", "layer/etc"};
	struct str bytes;
	struct err err = {0};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (dir_make(b->base_fd, dirs[i], 0755, &err))
			fail("image", &err);
	if (file_read(b->a, AT_FDCWD, program, 1 << 26, &bytes, &err) ||
		file_write(b->base_fd, "layer/true", bytes, 0755, &err) ||
		file_write(b->base_fd, "layer/etc/hosts", STR("\n"), 0644, &err) ||
		file_write(b->base_fd, "layer/etc/hostname", STR("\n"), 0644, &err) ||
		file_write(b->base_fd, "layer/etc/resolv.conf", STR("\n"), 0644, &err))
		fail("image", &err);
	b->layer_fd = dir_open(b->base_fd, "layer", &err);
	if (b->layer_fd < 0)
		fail("image", &err);
}

static int scratch_dir(struct bench *b, struct sandbox_ns *ns, const char *kind)
{
	struct str name = arena_printf(b->a, "%s%u", kind, b->n_done);
	struct err err = {0};
	int fd;

	if (sandbox_make_dir(ns, b->base_fd, name.p, 0, 0, 0755, &err))
		fail("scratch directory", &err);
	fd = dir_open(b->base_fd, name.p, &err);
	if (fd < 0)
		fail("scratch directory", &err);
	return fd;
}

static void start_one(struct bench *b, struct sandbox_ns *ns, bool is_hermetic, unsigned int i)
{
	char program[] = "/true", path[] = "PATH=/";
	char *const argv[] = {program, NULL}, *const env[] = {path, NULL};
	struct sandbox_layer layer = {
		.dfd = b->layer_fd, .owners_are_real = b->place.can_idmap};
	struct sandbox_config c = {.name = STR("bench"),
		.ns = ns,
		.is_hermetic = is_hermetic,
		.layers = &layer,
		.n_layers = 1,
		.hostname = STR("bench"),
		.etc_hosts = STR("127.0.0.1 localhost\n"),
		.etc_resolv_conf = STR("nameserver 192.0.2.1\n"),
		.argv = argv,
		.envp = env,
		.stdout_fd = 1,
		.stderr_fd = 2};
	struct sandbox_proc p;
	struct sandbox_exit e = {0};
	struct err err = {0};
	int64_t start;

	c.upper_dfd = scratch_dir(b, ns, "upper");
	c.work_dfd = scratch_dir(b, ns, "work");
	b->n_done++;
	start = clock_mono_ns();
	if (sandbox_start(&c, &p, &err))
		fail("start", &err);
	if (read(p.status_fd, &e, sizeof(e)) != (ssize_t)sizeof(e) || e.exec_errno)
		fail("status", &err);
	if (sandbox_finish(&p, &err))
		fail("end", &err);
	b->ns[TOTAL][i] = clock_mono_ns() - start;
	b->ns[BUILD][i] = p.times.build_ns;
	b->ns[CLONE][i] = p.times.clone_ns;
	b->ns[SETUP][i] = p.times.setup_ns;
	b->ns[EXEC][i] = p.times.exec_ns;
	b->ns[END][i] = b->ns[TOTAL][i] - p.times.build_ns - p.times.clone_ns -
			p.times.setup_ns - p.times.exec_ns;
	close(c.upper_dfd);
	close(c.work_dfd);
}

static int ns_cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void starts(struct bench *b, bool is_hermetic)
{
	struct sandbox_ns *ns;
	struct err err = {0};

	if (sandbox_ns_new(&b->place, is_hermetic, &ns, &err))
		fail("namespaces", &err);
	for (unsigned int i = 0; i < b->n_starts; i++)
		start_one(b, ns, is_hermetic, i);
	printf("%-16s", is_hermetic ? "own network" : "shared network");
	for (int k = 0; k < PHASE_N; k++) {
		qsort(b->ns[k], b->n_starts, sizeof(b->ns[k][0]), ns_cmp);
		printf(" %s %lld", phase_names[k],
			(long long)(b->ns[k][b->n_starts / 2] / NS_PER_US));
	}
	printf(" fastest %lld us\n", (long long)(b->ns[TOTAL][0] / NS_PER_US));
	sandbox_ns_free(ns);
}

int main(int argc, char **argv)
{
	char base[] = "/tmp/monopod-bench-XXXXXX";
	struct bench b = {.a = arena_new(), .n_starts = STARTS};
	struct sandbox_ns *ns;
	struct err err = {0};
	uint64_t n = STARTS;

	if (argc > 1 && (num_u64(str_z(argv[1]), STARTS_MAX, &n, &err) || !n))
		fail("number of starts", &err);
	b.n_starts = (unsigned int)n;
	for (int k = 0; k < PHASE_N; k++)
		b.ns[k] = arena_new_array(b.a, int64_t, b.n_starts);
	if (!mkdtemp(base))
		fail("temporary directory", &err);
	b.base_fd = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	image_make(&b, argc > 2 ? argv[2] : "/bin/busybox");
	sandbox_probe(b.a, b.base_fd, b.base_fd, &b.place);
	printf("%u starts as %s\n", b.n_starts, sandbox_level_name(b.place.level));
	starts(&b, false);
	starts(&b, true);
	if (sandbox_ns_new(&b.place, false, &ns, &err) ||
		sandbox_remove_tree(ns, AT_FDCWD, base, &err))
		fail("clean up", &err);
	sandbox_ns_free(ns);
	close(b.layer_fd);
	close(b.base_fd);
	arena_free(b.a);
	return 0;
}
