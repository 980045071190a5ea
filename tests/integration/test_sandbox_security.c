/* SPDX-License-Identifier: Apache-2.0 */
/* What a step may be given beyond the default, and what it must not gain by it. */
#include "sandbox_fixture.h"

static struct ended out;

static void test_capabilities(void **state)
{
	static const struct {
		struct sandbox_security security;
		const char *set;
	} cases[] = {
		{{.cap_drop = BIT(0)}, "00000000800405fa"},
		{{.cap_drop = BIT(19)}, "00000000800405fb"},
		{{.drops_all = true}, "0000000000000000"},
		{{.drops_all = true, .cap_add = BIT(7) | BIT(10)}, "0000000000000480"},
		{{.cap_add = BIT(2) | BIT(15)}, "00000000800485ff"},
		{{.cap_add = BIT(0), .cap_drop = BIT(0)}, "00000000800405fa"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fix_run_with(&out, cases[i].security, 0, PROBE(ARG("ids")));
		assert_capabilities(out.text, cases[i].set);
		assert_has(out.text, "NoNewPrivs:\t1");
		if (fix.place == AS_SINGLE)
			continue;
		fix_run_with(&out, cases[i].security, 1000, PROBE(ARG("ids")));
		assert_has(out.text, "CapEff:\t0000000000000000");
		assert_has(out.text, "CapBnd:\t0000000000000000");
		assert_has(out.text, "CapAmb:\t0000000000000000");
	}
}

/* What a capability is for: chown fails without it. */
static void test_capability_counts(void **state)
{
	(void)state;
	if (fix.place == AS_SINGLE)
		return;
	fix_run_with(&out, (struct sandbox_security){0}, 0,
		PROBE(ARG("chown"), ARG("/dir/file"), ARG("5"), ARG("5")));
	assert_has(out.text, "=ok\n");
	fix_run_with(&out, (struct sandbox_security){.cap_drop = BIT(0)}, 0,
		PROBE(ARG("chown"), ARG("/dir/file"), ARG("5"), ARG("5")));
	assert_has(out.text, "=EPERM\n");
}

/* allowPrivilegeEscalation: setuid programs of the image become the step's own uid 0. */
static void test_escalation(void **state)
{
	int probe_fd = openat(fix.layer_fd, "probe", O_RDONLY | O_CLOEXEC);
	char *const argv[] = {ARG("/suid"), ARG("ids"), NULL};
	struct sandbox_security security = {.may_escalate = true, .cap_drop = BIT(0)};

	(void)state;
	fix_copy(probe_fd, fix.layer_fd, "suid");
	assert_int_equal(fchmodat(fix.layer_fd, "suid", 04755, 0), 0);
	close(probe_fd);
	fix_run_with(&out, security, 0, argv);
	assert_has(out.text, "NoNewPrivs:\t0");
	assert_has(out.text, "Seccomp:\t2");
	assert_has(out.text, "CapEff:\t00000000800405fa");
	if (fix.place == AS_SINGLE)
		return;
	fix_run_with(&out, (struct sandbox_security){0}, 1000, argv);
	assert_has(out.text, "NoNewPrivs:\t1");
	assert_has(out.text, "CapEff:\t0000000000000000");
	fix_run_with(&out, security, 1000, argv);
	assert_has(out.text, "NoNewPrivs:\t0");
	assert_has(out.text, "Seccomp:\t2");
	assert_has(out.text, "CapEff:\t00000000800405fa"); /* of the setuid program */
	fix_run_with(&out, security, 1000, PROBE(ARG("ids")));
	assert_has(out.text, "CapEff:\t0000000000000000");
	assert_has(out.text, "CapAmb:\t0000000000000000");
}

/* Not for what is mounted: a program that somebody left in a volume gives nothing. */
static void test_escalation_not_from_volumes(void **state)
{
	struct sandbox_mount m = {.kind = MOUNT_BIND,
		.source_dfd = fix.layer_fd,
		.is_exec = true,
		.target = STR("/volume")};
	char *const argv[] = {ARG("/volume/suid"), ARG("ids"), NULL};
	struct step s;

	(void)state;
	if (fix.place == AS_SINGLE)
		return;
	fix_step(&s, argv);
	s.c.uid = s.c.gid = 1000;
	s.c.mounts = &m;
	s.c.n_mounts = 1;
	s.c.security.may_escalate = true;
	m.owner = OWNER_CALLER;
	fix_run(&s, &out);
	assert_has(out.text, "NoNewPrivs:\t0");
	assert_has(out.text, "CapEff:\t0000000000000000");
}

/* A second program in the sandbox is no stronger and no weaker. */
static void test_visit(void **state)
{
	struct visit v;
	struct step s;
	struct err err = {0};

	(void)state;
	fix_step(&s, PROBE(ARG("wait")));
	s.c.security = (struct sandbox_security){.may_escalate = true, .cap_drop = BIT(0)};
	assert_worked(fix_start(&s, &err), err);
	fix_visit_run(&v, &s, PROBE(ARG("ids")));
	assert_int_equal(v.status, 0);
	assert_has(v.text, "CapEff:\t00000000800405fa");
	assert_has(v.text, "CapBnd:\t00000000800405fa");
	assert_has(v.text, "NoNewPrivs:\t0");
	assert_has(v.text, "Seccomp:\t2");
	assert_worked(sandbox_signal(&s.p, SIGKILL, &err), err);
	fix_end(&s, &out);
}

static void nested(struct sandbox_security security, uint32_t uid)
{
	struct sandbox_mount m = {.kind = MOUNT_BIND,
		.source_dfd = fix.layer_fd,
		.read_only = true,
		.target = STR("/ro")};
	struct step s;

	fix_step(&s, PROBE(ARG("nested")));
	s.c.uid = s.c.gid = uid;
	s.c.security = security;
	s.c.mounts = &m;
	s.c.n_mounts = 1;
	fix_run(&s, &out);
	assert_true(out.is_known);
	assert_int_equal(out.e.signal, 0);
}

/* seccompProfile Unconfined: namespaces and mounts inside the step, and not a bit outside. */
static void test_unconfined(void **state)
{
	static const char *const works[] = {"unshare", "tmpfs", "bind", "hostname"};
	static const char *const refused[] = {"remount-rw", "remount-suid", "umount-ro",
		"umount-mask", "write-ro", "sysfs", "proc", "mknod", "packet", "setns-1",
		"cgroup-ns", "cgroup2", "ptrace-1", "seize-1", "mem-1", "environ-1", "exe-1",
		"root-1", "cwd-1", "fd-1", "getfd-1", "vm-1", "keyctl", "add-key",
		"request-key", "bpf", "perf", "userfaultfd", "io-uring", "handle",
		"name-handle", "kexec", "module", "swapon", "reboot", "settime", "syslog",
		"fanotify", "tiocsti", "tioclinux", "unknown"};
	static const uint32_t uids[] = {0, 1000};

	(void)state;
	for (size_t u = 0; u < ARRAY_SIZE(uids); u++) {
		if (uids[u] && fix.place == AS_SINGLE)
			continue;
		nested((struct sandbox_security){.is_unconfined = true}, uids[u]);
		for (size_t i = 0; i < ARRAY_SIZE(works); i++)
			assert_has(out.text, arena_printf(fix.a, "%s=ok\n", works[i]).p);
		for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
			assert_has(out.text, arena_printf(fix.a, "%s=E", refused[i]).p);
			assert_lacks(out.text, arena_printf(fix.a, "%s=ok\n", refused[i]).p);
		}
		/* and by default nothing of it */
		nested((struct sandbox_security){0}, uids[u]);
		assert_has(out.text, "unshare=EPERM\n");
		assert_has(out.text, "tmpfs=EPERM\n");
	}
}

/* procMount Unmasked: readable what was masked; what is the machine's stays the machine's. */
static void test_unmasked(void **state)
{
	static const char *const writes[] = {"/proc/sys/kernel/core_pattern",
		"/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger",
		"/proc/irq/default_smp_affinity", "/proc/sys/net/ipv4/ip_forward"};

	(void)state;
	fix_run_with(&out, (struct sandbox_security){.is_proc_unmasked = true}, 0,
		PROBE(ARG("proc")));
	for (size_t i = 0; i < ARRAY_SIZE(writes); i++)
		assert_lacks(out.text, arena_printf(fix.a, "%s=ok\n", writes[i]).p);
	assert_has(out.text, "/proc/kcore bytes 0\n");
	assert_lacks(out.text, "/proc/interrupts bytes 0\n");
}

static void expect(int dfd, const char *name, mode_t mode, uint32_t gid)
{
	const struct id_map *m = &fix.found.map;
	struct stat st;

	assert_int_equal(fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	if ((st.st_mode & 07777) != mode ||
		id_map_inside(m->gid, m->n_gid, st.st_gid) != (int64_t)gid)
		fail_msg("%s: mode %o, group %u", name, st.st_mode & 07777, st.st_gid);
}

/* fsGroup: all of a volume, links themselves, nothing outside of it. */
static void test_group(void **state)
{
	struct err err = {0};
	int outer = fix_new_dir("outer", fix.n_steps), dfd;
	struct sandbox_group g = {.dfds = &dfd, .n = 1, .gid = 2000};

	(void)state;
	assert_worked(sandbox_make_dir(fix.ns, outer, "volume", 0, 0, 0755, &err), err);
	assert_worked(sandbox_make_dir(fix.ns, outer, "volume/dir", 0, 0, 0700, &err), err);
	assert_worked(sandbox_make_dir(fix.ns, outer, "volume/dir/deep", 0, 0, 0, &err), err);
	assert_worked(sandbox_make_dir(fix.ns, outer, "beside", 0, 0, 0755, &err), err);
	dfd = openat(outer, "volume", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(dfd >= 0);
	if (fix.place == AS_SINGLE) {
		assert_int_equal(sandbox_give_group(fix.ns, &g, &err), -1);
		assert_has(err.msg, "group 2000 is not among the ids of this place");
		g.gid = 0;
	}
	if (fix.place != AS_USER) { /* the others own it themselves */
		int inner = openat(dfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		const uid_t id = (uid_t)fix.info->outside_0;

		fix_write(inner, "file", "x", 0644);
		fix_write(inner, "suid", "x", 04755);
		assert_int_equal(fchownat(inner, "file", id, id, 0), 0);
		assert_int_equal(fchownat(inner, "suid", id, id, 0), 0);
		fix_write(inner, "suid", "x", 04755);
		assert_int_equal(symlinkat("../beside", inner, "link"), 0);
		if (fix.place == AS_ROOT)
			assert_int_equal(fchownat(inner, "link", ROOT_BASE, ROOT_BASE,
						 AT_SYMLINK_NOFOLLOW),
				0);
		close(inner);
	}
	assert_worked(sandbox_give_group(fix.ns, &g, &err), err);
	expect(outer, "volume", 02775, g.gid);
	expect(outer, "volume/dir", 02770, g.gid);
	expect(outer, "volume/dir/deep", 02770, g.gid);
	expect(outer, "beside", 0755, 0);
	if (fix.place != AS_USER) {
		expect(dfd, "file", 0664, g.gid);
		expect(dfd, "suid", 0775, g.gid);
		expect(dfd, "link", 0777, g.gid);
	}
	close(dfd);
	close(outer);
}

/* As on a node: files of Secrets are for reading, and a tree that is right is left alone. */
static void test_group_variants(void **state)
{
	struct err err = {0};
	int outer = fix_new_dir("variant", fix.n_steps), dfd;
	struct sandbox_group g = {.dfds = &dfd,
		.n = 1,
		.gid = fix.place == AS_SINGLE ? 0 : 2000,
		.read_only = true,
		.on_mismatch = true};

	(void)state;
	assert_worked(sandbox_make_dir(fix.ns, outer, "v", 0, 0, 0700, &err), err);
	dfd = openat(outer, "v", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_worked(sandbox_give_group(fix.ns, &g, &err), err);
	expect(outer, "v", 02750, g.gid);
	assert_worked(sandbox_make_dir(fix.ns, outer, "v/new", 0, 0, 0700, &err), err);
	assert_worked(sandbox_give_group(fix.ns, &g, &err), err);
	expect(outer, "v/new", 02700, g.gid); /* from the directory above */
	g.on_mismatch = false;
	assert_worked(sandbox_give_group(fix.ns, &g, &err), err);
	expect(outer, "v/new", 02750, g.gid);
	close(dfd);
	close(outer);
}

/* A walk that did not come to its end is done again: the top directory does not say otherwise.
 */
static void test_group_half(void **state)
{
	struct err err = {0};
	int outer = fix_new_dir("half", fix.n_steps), dfd, fd;
	struct sandbox_group g = {.dfds = &dfd,
		.n = 1,
		.gid = fix.place == AS_SINGLE ? 0 : 2000,
		.on_mismatch = true};

	(void)state;
	assert_worked(sandbox_make_dir(fix.ns, outer, "v", 0, 0, 0700, &err), err);
	dfd = openat(outer, "v", O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = dup(dfd);
	for (int i = 0; i < 257; i++) { /* deeper than a walk goes */
		int in;

		assert_worked(sandbox_make_dir(fix.ns, fd, "d", 0, 0, 0700, &err), err);
		in = openat(fd, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
		assert_true(in >= 0);
		close(fd);
		fd = in;
	}
	close(fd);
	assert_int_equal(sandbox_give_group(fix.ns, &g, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	expect(outer, "v", 0700, 0);
	expect(outer, "v/d", 02770, g.gid);
	close(dfd);
	close(outer);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_capability_counts),
		cmocka_unit_test(test_escalation),
		cmocka_unit_test(test_escalation_not_from_volumes),
		cmocka_unit_test(test_visit),
		cmocka_unit_test(test_unconfined),
		cmocka_unit_test(test_unmasked),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_group_variants),
		cmocka_unit_test(test_group_half),
	};

	(void)argc;
	return FIX_MAIN(tests);
}
