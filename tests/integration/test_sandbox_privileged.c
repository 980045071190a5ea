/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step with every capability, and with the two that would open its sandbox alone: what it can
 * do in there, and each way out that must stay closed (docs/security.md). A line of the probe
 * without an expected answer here fails.
 */
#include "sandbox_fixture.h"

#include <linux/capability.h>

static struct ended out;

static const struct answer of_all[] = {
	{"tmpfs", "ok"},
	{"overlay", "ok"},
	{"own-net", "ok"},
	{"hostname", "ok"},
	/* volumes and what covers what */
	{"remount-rw", "EPERM"},
	{"remount-suid", "EPERM"},
	{"remount-dev", "EPERM"},
	{"umount-ro", "EINVAL"},
	{"move-ro", "EINVAL"},
	{"bind-ro", "ok"},
	{"rebind-rw", "EPERM"},
	{"write-rebind", "EROFS"},
	{"write-ro", "EROFS"},
	{"umount-cover", "EINVAL"},
	{"bind-cover", "EINVAL"},
	{"tree-cover", "EINVAL"},
	{"overlay-cover", "EINVAL"},
	{"umount-proc", "EINVAL"},
	{"umount-mask", "EINVAL|ENOENT"}, /* not in every kernel */
	{"umount-dev", "EINVAL"},
	{"remount-root", "EPERM"},
	{"configure-root", "EPERM"},
	{"sysfs", "EPERM"},
	{"proc", "EPERM"},
	{"cgroup2", "EPERM|ENODEV"},
	{"cgroup", "EPERM|ENODEV"},
	{"ext4", "EPERM|ENODEV|ENOTBLK"},
	{"debugfs", "EPERM|ENODEV"},
	{"mknod-chr", "EPERM"},
	{"mknod-blk", "EPERM"},
	{"mknod-dev", "EPERM"},
	/* the machine, the pod and its network */
	{"cgroup-ns", "EPERM"},
	{"cgroup-ns-clone", "EPERM"},
	{"lo-down", "EPERM"},
	{"raw", "EPERM"},
	{"packet", "EAFNOSUPPORT"},
	{"netfilter", "EPROTONOSUPPORT"},
	{"vsock", "EAFNOSUPPORT"},
	{"setns-mnt-1", "EPERM"},
	{"setns-user-1", "EPERM"},
	{"ns-1", "EACCES"},
	{"user-above", "EPERM"},
	{"pid-owner", "EPERM"},
	{"net-owner", "EPERM"},
	{"date", "EPERM"},
	{"nice", "EACCES|EPERM"},
	{"files", "EPERM"},
	{"trusted", "EPERM"},
	{"domain", "ok"}, /* of its own UTS namespace */
	{"/proc/self/oom_score_adj", "EACCES|EPERM"},
	{"/proc/1/oom_score_adj", "EACCES|EPERM|ok"},
	{"/proc/sys/kernel/core_pattern", "EACCES|EROFS"},
	{"/proc/sys/kernel/hostname", "EACCES|EROFS"},
	{"/proc/sys/net/ipv4/ip_forward", "EACCES|EROFS"},
	{"/proc/sys/vm/overcommit_memory", "EACCES|EROFS"},
	{"/proc/sysrq-trigger", "EACCES|EROFS|ENOENT"},
	{"/proc/irq/default_smp_affinity", "EACCES|EROFS|ENOENT"},
	/* the process that supervises the step */
	{"ptrace-1", "EPERM"},
	{"seize-keeper", "EPERM"},
	{"mem-keeper", "EACCES"},
	{"getfd-keeper", "EPERM"},
	{"seize-1", "EPERM"},
	{"mem-1", "EACCES"},
	{"environ-1", "EACCES"},
	{"exe-1", "EACCES"},
	{"root-1", "EACCES"},
	{"cwd-1", "EACCES"},
	{"fd-1", "EACCES|ENOENT"},
	{"getfd-1", "EPERM"},
	{"vm-1", "EPERM"},
	/* the kernel */
	{"keyctl", "EPERM"},
	{"add-key", "EPERM"},
	{"request-key", "EPERM"},
	{"bpf", "EPERM"},
	{"perf", "EPERM"},
	{"userfaultfd", "EPERM"},
	{"io-uring", "EPERM"},
	{"handle", "EPERM"},
	{"name-handle", "EPERM"},
	{"kexec", "EPERM"},
	{"module", "EPERM"},
	{"swapon", "EPERM"},
	{"reboot", "EPERM"},
	{"settime", "EPERM"},
	{"syslog", "EPERM"},
	{"fanotify", "EPERM"},
	{"quotactl", "EPERM"},
	{"acct", "EPERM"},
	{"personality", "ok"},
	{"personality-ok", "ok"},
	{"unknown", "ENOSYS"},
	{"tiocsti", "EPERM"},
	{"tiocsti-high", "EPERM"},
	{"tioclinux", "EPERM"},
	{"vmsplice", "EBADF|ok"},
	{"memfd-secret", "ENOSYS|ok"},
	{"i386-getpid", "ENOSYS"},
	{"i386-socket", "ENOSYS"},
	{"x32-getpid", "ENOSYS"},
	{"x32-socket", "ENOSYS"},
};

static const char *answer_of(const char *name)
{
	if (strcmp(name, "trace-other") == 0)
		return fix.place == AS_SINGLE ? "EINVAL" : "ok"; /* there is no other */
	if (strcmp(name, "setgroups") == 0)
		return fix.place == AS_SINGLE ? "EPERM" : "ok";
	if (strcmp(name, "own-proc") == 0)
		return "EPERM";
	return answer_in(of_all, ARRAY_SIZE(of_all), name);
}

static const char *answer_unmasked(const char *name)
{
	return strcmp(name, "own-proc") == 0 ? "ok" : answer_of(name);
}

/* /ro, and /cover with a directory that another volume hides; all of them belong to the step's
 * root, so that nothing but the mounts protects them. */
static void add_volumes(struct step *s, struct sandbox_mount *m)
{
	struct err err = {0};
	int dir_fd = fix_new_dir("volume", fix.n_steps), fd;
	const uid_t id = (uid_t)fix.info->outside_0;

	assert_worked(sandbox_make_dir(fix.ns, dir_fd, "in", 0, 0, 0777, &err), err);
	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fix_write(fd, "file", "before\n", 0666);
	assert_int_equal(fchownat(fd, "file", id, id, 0), 0);
	close(fd);
	m[0] = (struct sandbox_mount){.kind = MOUNT_BIND,
		.source_dfd = dir_fd,
		.read_only = true,
		.target = STR("/ro")};
	m[1] = (struct sandbox_mount){
		.kind = MOUNT_BIND, .source_dfd = dir_fd, .target = STR("/cover")};
	m[2] = (struct sandbox_mount){.kind = MOUNT_TMPFS,
		.source_dfd = -1,
		.target = STR("/cover/in"),
		.mode = 0755};
	s->c.mounts = m;
	s->c.n_mounts = 3;
}

static void attack(struct sandbox_security security, struct sandbox_ns *ns)
{
	struct sandbox_mount m[3];
	char before[65] = "", after[65] = "";
	struct step s;
	struct stat st;

	gethostname(before, 64);
	fix_step(&s, PROBE(ARG("privileged")));
	s.c.security = security;
	s.c.ns = ns;
	s.c.is_hermetic = ns == fix.net;
	add_volumes(&s, m);
	fix_run(&s, &out);
	assert_true(out.is_known);
	if (out.e.exec_errno || out.e.signal || out.e.code)
		fail_msg("errno %u, stage or code %d, signal %d: %s", out.e.exec_errno,
			out.e.code, out.e.signal, out.text);
	check_answers(out.text, security.is_proc_unmasked ? answer_unmasked : answer_of,
		ARRAY_SIZE(of_all));
	gethostname(after, 64);
	assert_string_equal(before, after);
	assert_int_equal(fstatat(m[0].source_dfd, "file", &st, 0), 0);
	assert_int_equal(st.st_size, strlen("before\n"));
	close(m[0].source_dfd);
}

static const struct sandbox_security privileged = {
	.adds_all = true, .is_unconfined = true, .is_proc_unmasked = true};

static void test_privileged(void **state)
{
	(void)state;
	attack(privileged, fix.ns);
}

static void test_privileged_hermetic(void **state)
{
	(void)state;
	attack(privileged, fix.net);
}

/* ALL without the rest: masks stay, and cannot be taken off. */
static void test_all(void **state)
{
	(void)state;
	attack((struct sandbox_security){.adds_all = true}, fix.ns);
	/* no_new_privs makes no difference */
	attack((struct sandbox_security){.adds_all = true, .may_escalate = true}, fix.ns);
}

/* Sets are what was asked for, whatever a new user namespace begins with. */
static void test_sets(void **state)
{
	static const struct {
		struct sandbox_security security;
		const char *set;
	} cases[] = {
		{{.cap_add = BIT(CAP_SYS_ADMIN)}, "00000000802405fb"},
		{{.cap_add = BIT(CAP_SYS_PTRACE)}, "00000000800c05fb"},
		{{.cap_add = BIT(CAP_SYS_PTRACE), .may_escalate = true}, "00000000800c05fb"},
		{{.drops_all = true, .cap_add = BIT(CAP_SYS_ADMIN)}, "0000000000200000"},
		{{.adds_all = true, .cap_drop = ~BIT(CAP_SYS_PTRACE)}, "0000000000080000"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const bool escalates = cases[i].security.may_escalate;
		char line[64];

		fix_run_with(&out, cases[i].security, 0, PROBE(ARG("ids")));
		assert_capabilities(out.text, cases[i].set);
		assert_has(out.text, escalates ? "NoNewPrivs:\t0" : "NoNewPrivs:\t1");
		assert_has(out.text, "Seccomp:\t2");
		if (fix.place == AS_SINGLE)
			continue;
		fix_run_with(&out, cases[i].security, 1000, PROBE(ARG("ids")));
		assert_has(out.text, "uid=1000 gid=1000 ");
		assert_has(out.text, "CapPrm:\t0000000000000000");
		assert_has(out.text, "CapEff:\t0000000000000000");
		assert_has(out.text, "CapAmb:\t0000000000000000");
		snprintf(line, sizeof(line), "CapBnd:\t%s",
			escalates ? cases[i].set : "0000000000000000");
		assert_has(out.text, line);
	}
}

/* SYS_PTRACE opens no more of the filter than it is for. */
static void test_tracer(void **state)
{
	static const char *const refused[] = {"unshare-user=EPERM\n", "unshare-mount=EPERM\n",
		"clone-user=EPERM\n", "setns=EPERM\n", "mount=EPERM\n", "umount=EPERM\n",
		"fsopen=EPERM\n", "open-tree=EPERM\n", "pivot-root=EPERM\n",
		"sethostname=EPERM\n", "mknod=EPERM\n", "ptrace-1=EPERM\n", "seize-1=EPERM\n",
		"mem-1=EACCES\n", "fd-1=E", "getfd-1=EPERM\n", "vm-1=EPERM\n",
		"unknown=ENOSYS\n", "keyctl=EPERM\n"};

	(void)state;
	fix_run_with(&out, (struct sandbox_security){.cap_add = BIT(CAP_SYS_PTRACE)}, 0,
		PROBE(ARG("attack")));
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		assert_has(out.text, refused[i]);
}

/* A visitor comes into the step's innermost namespaces, where it is no stronger. */
static void test_visit(void **state)
{
	struct sandbox_mount m[3];
	struct visit v;
	struct step s;
	struct err err = {0};

	(void)state;
	fix_step(&s, PROBE(ARG("wait")));
	s.c.security = privileged;
	add_volumes(&s, m);
	assert_worked(fix_start(&s, &err), err);
	fix_visit_run(&v, &s, PROBE(ARG("privileged")));
	if (v.status)
		fail_msg("status %d: %s", v.status, v.text);
	check_answers(v.text, answer_unmasked, ARRAY_SIZE(of_all));
	assert_worked(sandbox_signal(&s.p, SIGKILL, &err), err);
	fix_end(&s, &out);
	close(m[0].source_dfd);
}

/* It comes there before the program and after that has failed, too. */
static void test_visit_held(void **state)
{
	struct sandbox_exit e = {0};
	struct sandbox_mount m[3];
	struct visit v;
	struct step s;
	struct err err = {0};
	char ns[TEXT_MAX];

	(void)state;
	fix_step(&s, PROBE(ARG("abort")));
	s.c.security = privileged;
	s.c.holds_start = s.c.holds_failed = true;
	add_volumes(&s, m);
	assert_worked(fix_start(&s, &err), err);
	fix_visit_run(&v, &s, PROBE(ARG("privileged")));
	check_answers(v.text, answer_unmasked, ARRAY_SIZE(of_all));
	fix_visit_run(&v, &s, PROBE(ARG("ns")));
	memcpy(ns, v.text, sizeof(ns));
	assert_worked(sandbox_go(&s.p, &err), err);
	assert_true(fix_readable(s.p.status_fd, STEP_TIMEOUT_MS));
	assert_int_equal(read(s.p.status_fd, &e, sizeof(e)), sizeof(e));
	assert_int_equal(e.signal, SIGABRT);
	fix_visit_run(&v, &s, PROBE(ARG("ns")));
	assert_string_equal(v.text, ns);
	assert_worked(sandbox_signal(&s.p, SIGKILL, &err), err);
	fix_end(&s, &out);
	close(m[0].source_dfd);
}

/* A program that does not exist is told as in every step. */
static void test_no_program(void **state)
{
	char *const argv[] = {ARG("/nothing"), NULL};

	(void)state;
	fix_run_with(&out, privileged, 0, argv);
	assert_true(out.is_known);
	assert_int_equal(out.e.exec_errno, ENOENT);
	assert_int_equal(out.e.code, 0);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_privileged),
		cmocka_unit_test(test_privileged_hermetic),
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_tracer),
		cmocka_unit_test(test_visit),
		cmocka_unit_test(test_visit_held),
		cmocka_unit_test(test_no_program),
	};

	(void)argc;
	return FIX_MAIN(tests);
}
