/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hostile step or a hostile image tries (sandbox.md C.2, C.3). Every line of the probe's
 * attacks has its expected answer here; a line without one fails.
 */
#include "sandbox_fixture.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct ended out;

static const struct answer answers[] = {
	{"unshare-user", "EPERM"},
	{"unshare-mount", "EPERM"},
	{"unshare-time", "EPERM"},
	{"clone-user", "EPERM"},
	{"clone-net", "EPERM"},
	{"clone3", "ENOSYS"},
	{"setns", "EPERM"},
	{"mount", "EPERM"},
	{"umount", "EPERM"},
	{"fsopen", "EPERM"},
	{"open-tree", "EPERM"},
	{"move-mount", "EPERM"},
	{"mount-setattr", "EPERM"},
	{"pivot-root", "EPERM"},
	{"sethostname", "EPERM"},
	{"mknod", "EPERM"},
	{"ptrace-1", "EPERM"},
	{"seize-1", "EPERM"},
	{"mem-1", "EACCES"},
	{"environ-1", "EACCES"},
	{"exe-1", "EACCES"},
	{"root-1", "EACCES"},
	{"cwd-1", "EACCES"},
	{"fd-1", "EACCES|ENOENT"}, /* step-init closes its own once the step runs */
	{"getfd-1", "EPERM"},
	{"vm-1", "EPERM"},
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
	{"personality", "EPERM"},
	{"personality-ok", "ok"},
	{"unknown", "ENOSYS"},
	{"tiocsti", "EPERM"},
	{"tiocsti-high", "EPERM"},
	{"tioclinux", "EPERM"},
	{"vmsplice", "EPERM"},
	{"memfd-secret", "EPERM"},
	{"unix", "ok"},
	{"inet", "ok"},
	{"inet6", "ok"},
	{"route", "ok"},
	{"audit", "EPROTONOSUPPORT"},
	{"netfilter", "EPROTONOSUPPORT"},
	{"vsock", "EAFNOSUPPORT"},
	{"alg", "EAFNOSUPPORT"},
	{"packet", "EAFNOSUPPORT"},
	{"inet-packet", "EPERM"},
	{"raw", "EPERM"},
	{"family-high", "EAFNOSUPPORT"},
	{"i386-getpid", "ENOSYS"},
	{"i386-socket", "ENOSYS"},
	{"x32-getpid", "ENOSYS"},
	{"x32-socket", "ENOSYS"},
};

static const char *answer_of(const char *name)
{
	return answer_in(answers, ARRAY_SIZE(answers), name);
}

static void attack_as(uint32_t uid)
{
	fix_run_with(&out, (struct sandbox_security){0}, uid, PROBE(ARG("attack")));
	assert_true(out.is_known);
	assert_int_equal(out.e.exec_errno, 0);
	assert_int_equal(out.e.signal, 0);
	check_answers(out.text, answer_of, ARRAY_SIZE(answers));
}

static void test_attacks(void **state)
{
	(void)state;
	attack_as(0);
}

static void test_attacks_as_user(void **state)
{
	(void)state;
	if (fix.place != AS_SINGLE)
		attack_as(1000);
}

static void test_attacks_hermetic(void **state)
{
	struct step s;

	(void)state;
	fix_step(&s, PROBE(ARG("attack")));
	s.c.ns = fix.net;
	s.c.is_hermetic = true;
	fix_run(&s, &out);
	check_answers(out.text, answer_of, ARRAY_SIZE(answers));
}

static void test_proc(void **state)
{
	static const char *const read_only[] = {"/proc/sys/kernel/core_pattern",
		"/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward",
		"/proc/sys/vm/overcommit_memory", "/proc/irq/default_smp_affinity"};
	char line[128];

	(void)state;
	fix_probe(&out, PROBE(ARG("proc")));
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++) {
		snprintf(line, sizeof(line), "%s=ok\n", read_only[i]);
		assert_lacks(out.text, line);
	}
	assert_lacks(out.text, "sysrq-trigger=ok");
	assert_has(out.text, "/proc/kcore bytes 0\n");
	assert_has(out.text, "/proc/keys bytes 0\n");
	assert_has(out.text, "/proc/timer_list bytes 0\n");
	assert_has(out.text, "/proc/interrupts bytes 0\n");
}

/* Nothing of the machine's mounts is left, and ".." of the root is the root. */
static void test_mounts(void **state)
{
	char up[] = "/..", up3[] = "/../../..";

	(void)state;
	fix_probe(&out, PROBE(ARG("cat"), ARG("/proc/self/mountinfo")));
	assert_lacks(out.text, fix.base);
	assert_lacks(out.text, "ext4");
	assert_lacks(out.text, "cgroup");
	assert_lacks(out.text, "shared:");
	fix_probe(&out, PROBE(ARG("stat"), up, up3, ARG("/")));
	fix_probe(&out, PROBE(ARG("list"), up));
	assert_has(out.text, "probe\n");
	assert_lacks(out.text, "boot\n");
}

static void test_chroot_escape(void **state)
{
	(void)state;
	fix_probe(&out, PROBE(ARG("chroot-escape")));
	assert_has(out.text, "chroot=ok\n");
	assert_has(out.text, "probe\n");
	assert_lacks(out.text, "boot\n");
}

/* Nothing that is mounted in a step shows outside. */
static void test_propagation(void **state)
{
	static char before[TEXT_MAX * 4], after[TEXT_MAX * 4];
	char *const both[] = {before, after};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		FILE *f = fopen("/proc/self/mountinfo", "re");
		size_t n = fread(both[i], 1, sizeof(before) - 1, f);

		both[i][n] = 0;
		fclose(f);
		if (i == 0)
			fix_probe(&out, PROBE(ARG("exit"), ARG("0")));
	}
	assert_string_equal(before, after);
}

/* --- network ------------------------------------------------------------------------------ */

/* A port of the machine's loopback with somebody behind it. */
static int listen_outside(int *ret_fd)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, n), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*ret_fd = fd;
	return ntohs(a.sin_port);
}

static void hermetic(struct ended *ret, char *const *argv)
{
	struct step s;

	fix_step(&s, argv);
	s.c.ns = fix.net;
	s.c.is_hermetic = true;
	fix_run(&s, ret);
}

static void test_hermetic(void **state)
{
	int fd, port = listen_outside(&fd);
	char text[16];

	(void)state;
	snprintf(text, sizeof(text), "%d", port);
	fix_probe(&out, PROBE(ARG("connect"), ARG("127.0.0.1"), text));
	assert_string_equal(out.text, "connect=ok\n"); /* the test itself is sound */
	hermetic(&out, PROBE(ARG("connect"), ARG("127.0.0.1"), text));
	assert_string_equal(out.text, "connect=ECONNREFUSED\n");
	hermetic(&out, PROBE(ARG("connect"), ARG("192.0.2.1"), ARG("80")));
	assert_string_equal(out.text, "connect=ENETUNREACH\n");
	close(fd);
	hermetic(&out, PROBE(ARG("cat"), ARG("/proc/self/net/dev")));
	assert_has(out.text, "lo:");
	assert_lacks(out.text, "eth");
	hermetic(&out, PROBE(ARG("loopback"), ARG("8080")));
	assert_string_equal(out.text, "bind=ok\nlisten=ok\nconnect=ok\n");
	hermetic(&out, PROBE(ARG("loopback"), ARG("80")));
	assert_string_equal(out.text, "bind=ok\nlisten=ok\nconnect=ok\n");
}

/* Two steps of one hermetic task talk over its loopback. */
static void test_hermetic_shared(void **state)
{
	struct step server;
	struct err err = {0};
	char text[8];

	(void)state;
	fix_step(&server, PROBE(ARG("serve"), ARG("8081")));
	server.c.ns = fix.net;
	server.c.is_hermetic = true;
	assert_worked(fix_start(&server, &err), err);
	assert_true(fix_readable(server.out_fd, STEP_TIMEOUT_MS));
	assert_int_equal(read(server.out_fd, text, 6), 6);
	hermetic(&out, PROBE(ARG("connect"), ARG("127.0.0.1"), ARG("8081")));
	assert_string_equal(out.text, "connect=ok\n");
	fix_end(&server, &out);
	assert_int_equal(out.e.code, 0);
}

static void test_abstract(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0monopod-t"};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	assert_int_equal(
		bind(fd, (struct sockaddr *)&a, (socklen_t)(sizeof(a.sun_family) + 10)), 0);
	assert_int_equal(listen(fd, 8), 0);
	hermetic(&out, PROBE(ARG("abstract"), ARG("monopod-t")));
	assert_string_equal(out.text, "abstract=ECONNREFUSED\n");
	close(fd);
}

/* --- hostile images -------------------------------------------------------------------------
 */

/* An image of its own: the probe and what the test adds. */
static int hostile_image(const char *name)
{
	int fd = fix_dir(name, 0755);
	int from = openat(fix.layer_fd, "probe", O_RDONLY | O_CLOEXEC);

	fix_copy(from, fd, "probe");
	close(from);
	return fd;
}

static void hostile_step(
	struct step *s, struct sandbox_layer *layer, int dfd, char *const *argv)
{
	fix_step(s, argv);
	*layer = (struct sandbox_layer){.dfd = dfd, .owners_are_real = fix.place == AS_ROOT};
	s->c.layers = layer;
	s->c.n_layers = 1;
}

static void test_image_links(void **state)
{
	static const char *const names[] = {"proc", "dev"};
	struct sandbox_layer layer;
	struct step s;
	int dfd = hostile_image("links");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(symlinkat("/target", dfd, names[i]), 0);
	assert_int_equal(mkdirat(dfd, "target", 0755), 0);
	assert_int_equal(mkdirat(dfd, "etc", 0755), 0);
	assert_int_equal(symlinkat("../../../../../../tmp/monopod-bait", dfd, "etc/hosts"), 0);
	assert_int_equal(symlinkat("/proc/1/root/etc/resolv.conf", dfd, "etc/resolv.conf"), 0);
	hostile_step(&s, &layer, dfd,
		PROBE(ARG("stat"), ARG("/proc"), ARG("/dev"), ARG("/etc/hosts"),
			ARG("/etc/resolv.conf"), ARG("/target/self")));
	s.c.etc_hosts = STR("hosts\n");
	s.c.etc_resolv_conf = STR("resolv\n");
	fix_run(&s, &out);
	/* replaced in the step's upper layer, not followed */
	assert_has(out.text, "/proc 65534:65534 40555\n");
	assert_has(out.text, "/dev 0:0 40755\n");
	assert_has(out.text, "/etc/hosts 0:0 100644\n");
	assert_has(out.text, "/etc/resolv.conf 0:0 100644\n");
	assert_has(out.text, "/target/self ENOENT\n");
	assert_int_equal(access("/tmp/monopod-bait", F_OK), -1);
	close(dfd);
}

static void test_image_kinds(void **state)
{
	struct sandbox_layer layer;
	struct step s;
	int dfd = hostile_image("kinds");

	(void)state;
	fix_write(dfd, "proc", "a file\n", 0644);
	fix_write(dfd, "dev", "a file\n", 0644);
	hostile_step(&s, &layer, dfd, PROBE(ARG("stat"), ARG("/proc"), ARG("/dev")));
	fix_run(&s, &out);
	assert_has(out.text, "/proc 65534:65534 40555\n");
	assert_has(out.text, "/dev 0:0 40755\n");
	close(dfd);
}

/* A workspace's target leads to the outside through links: it lands inside the image. */
static void test_mount_targets(void **state)
{
	struct sandbox_mount m = {.kind = MOUNT_TMPFS,
		.target = STR("/ws/data"),
		.size_bytes = 65536,
		.mode = 0755};
	struct sandbox_layer layer;
	struct step s;
	struct err err = {0};
	int dfd = hostile_image("targets");

	(void)state;
	assert_int_equal(symlinkat("../../../../../../var", dfd, "ws"), 0);
	assert_int_equal(mkdirat(dfd, "var", 0755), 0);
	hostile_step(&s, &layer, dfd, PROBE(ARG("write"), ARG("/var/data/x"), ARG("x")));
	s.c.mounts = &m;
	s.c.n_mounts = 1;
	fix_run(&s, &out);
	assert_string_equal(out.text, "/var/data/x=ok\n");

	/* a procfs is no place for a mount, whatever link leads there */
	assert_int_equal(unlinkat(dfd, "ws", 0), 0);
	assert_int_equal(symlinkat("/proc", dfd, "ws"), 0);
	hostile_step(&s, &layer, dfd, PROBE(ARG("exit"), ARG("0")));
	m.target = STR("/ws/sys");
	s.c.mounts = &m;
	s.c.n_mounts = 1;
	assert_int_equal(fix_start(&s, &err), -1);
	assert_int_equal(err.kind, ERR_SANDBOX);
	assert_has(err.msg, "mount a tmpfs on '/ws/sys'");
	/* magic links are not followed at all */
	hostile_step(&s, &layer, dfd, PROBE(ARG("exit"), ARG("0")));
	m.target = STR("/ws/self/root/x");
	s.c.mounts = &m;
	s.c.n_mounts = 1;
	assert_int_equal(fix_start(&s, &err), -1);
	close(dfd);
}

static void test_cwd_outside(void **state)
{
	static const char *const dirs[] = {"/up", "/magic", "/fdlink"};
	struct sandbox_layer layer;
	int dfd = hostile_image("cwd");

	(void)state;
	assert_int_equal(symlinkat("../../../../..", dfd, "up"), 0);
	assert_int_equal(symlinkat("/proc/1/cwd", dfd, "magic"), 0);
	assert_int_equal(symlinkat("/proc/self/fd/8", dfd, "fdlink"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		struct step s;
		struct err err = {0};

		hostile_step(&s, &layer, dfd, PROBE(ARG("cwd")));
		s.c.cwd = str_z(dirs[i]);
		if (fix_start(&s, &err))
			continue; /* refused */
		fix_end(&s, &out);
		assert_string_equal(out.text, "/\n"); /* the step's own root */
	}
	close(dfd);
}

/* The program itself: nothing of step-init or the agent can be opened for writing by it. */
static void test_self_exe(void **state)
{
	struct sandbox_layer layer;
	struct step s;
	int dfd = hostile_image("exe");

	(void)state;
	assert_int_equal(symlinkat("/proc/self/exe", dfd, "entry"), 0);
	hostile_step(&s, &layer, dfd, (char *const[]){ARG("/entry"), ARG("ids"), NULL});
	fix_run(&s, &out);
	/* execve of /proc/self/exe means the one who calls it: step-init in its first life */
	assert_true(out.is_known);
	assert_int_not_equal(out.e.code, 0);
	close(dfd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_attacks_as_user),
		cmocka_unit_test(test_attacks_hermetic),
		cmocka_unit_test(test_proc),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_chroot_escape),
		cmocka_unit_test(test_propagation),
		cmocka_unit_test(test_hermetic),
		cmocka_unit_test(test_hermetic_shared),
		cmocka_unit_test(test_abstract),
		cmocka_unit_test(test_image_links),
		cmocka_unit_test(test_image_kinds),
		cmocka_unit_test(test_mount_targets),
		cmocka_unit_test(test_cwd_outside),
		cmocka_unit_test(test_self_exe),
	};

	(void)argc;
	return FIX_MAIN(tests);
}
