/* SPDX-License-Identifier: Apache-2.0 */
/* Steps start, see what they should, end as they ended, and take everything with them. */
#include "sandbox_fixture.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/file.h>
#include <sys/syscall.h>

static struct ended out;

static void test_ids(void **state)
{
	struct step s;
	const uint32_t groups[] = {7, 8};

	(void)state;
	fix_probe(&out, PROBE(ARG("ids")));
	assert_has(out.text, "uid=0 gid=0 groups=");
	assert_has(out.text, "pid=2 ppid=1 sid=2 pgid=2");
	assert_has(out.text, "CapInh:\t0000000000000000");
	assert_has(out.text, "CapPrm:\t00000000800405fb");
	assert_has(out.text, "CapEff:\t00000000800405fb");
	assert_has(out.text, "CapBnd:\t00000000800405fb");
	assert_has(out.text, "CapAmb:\t0000000000000000");
	assert_has(out.text, "NoNewPrivs:\t1");
	assert_has(out.text, "Seccomp:\t2");
	assert_has(out.text, "SigBlk:\t0000000000000000");
	assert_has(out.text, "SigIgn:\t0000000000000000");
	assert_has(out.text, "umask=022");
	if (fix.place == AS_SINGLE)
		return;
	assert_has(out.text, "groups= pid");
	fix_step(&s, PROBE(ARG("ids")));
	s.c.uid = 1000;
	s.c.gid = 1001;
	s.c.groups = groups;
	s.c.n_groups = 2;
	fix_run(&s, &out);
	assert_has(out.text, "uid=1000 gid=1001 groups=7,8 pid=2");
	assert_has(out.text, "CapPrm:\t0000000000000000");
	assert_has(out.text, "CapBnd:\t0000000000000000");
	assert_has(out.text, "securebits=239");
}

/* Ids that the map does not have are refused before anything is made. */
static void test_ids_outside(void **state)
{
	struct step s;
	struct err err = {0};

	(void)state;
	fix_step(&s, PROBE(ARG("ids")));
	s.c.uid = fix.place == AS_SINGLE ? 1000 : 65536;
	assert_int_equal(fix_start(&s, &err), -1);
	assert_int_equal(err.kind, ERR_SANDBOX);
	assert_has(err.msg, "step 'task/step': user ");
}

static void test_namespaces(void **state)
{
	static const char *const names[] = {
		"user", "mnt", "pid", "ipc", "uts", "cgroup", "net"};

	(void)state;
	fix_probe(&out, PROBE(ARG("ns")));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char path[64], own[64] = {0}, line[160];

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		assert_true(readlink(path, own, sizeof(own) - 1) > 0);
		snprintf(line, sizeof(line), "%s %s\n", names[i], own);
		if (strcmp(names[i], "net") == 0)
			assert_has(out.text, line);
		else
			assert_lacks(out.text, line);
	}
}

static void test_exit_codes(void **state)
{
	(void)state;
	for (int code = 0; code < 256; code++) {
		char text[16];
		struct step s;

		snprintf(text, sizeof(text), "%d", code);
		fix_step(&s, PROBE(ARG("exit"), text));
		fix_run(&s, &out);
		assert_true(out.is_known);
		assert_int_equal(out.e.exec_errno, 0);
		assert_int_equal(out.e.code, code);
		assert_int_equal(out.e.signal, 0);
	}
}

static void test_signals(void **state)
{
	static const int harmless[] = {
		SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, 32, 33};

	(void)state;
	for (int sig = 1; sig <= 64; sig++) {
		char text[16];
		struct step s;
		bool kills = true;

		for (size_t i = 0; i < ARRAY_SIZE(harmless); i++)
			kills &= harmless[i] != sig;
		if (!kills)
			continue;
		snprintf(text, sizeof(text), "%d", sig);
		fix_step(&s, PROBE(ARG("die"), text));
		fix_run(&s, &out);
		assert_true(out.is_known);
		assert_int_equal(out.e.signal, sig);
	}
	{
		struct step s;

		fix_step(&s, PROBE(ARG("abort")));
		fix_run(&s, &out);
		assert_int_equal(out.e.signal, SIGABRT);
	}
}

static void test_exec_errors(void **state)
{
	static const struct {
		const char *program;
		uint32_t sys;
	} cases[] = {
		{"/no/such", ENOENT},
		{"nothing", ENOENT},
		{"/dir", EACCES},
		{"/text", ENOEXEC},
		{"", ENOENT},
		{"/probe/x", ENOTDIR},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct step s;
		char name[32];

		snprintf(name, sizeof(name), "%s", cases[i].program);
		fix_step(&s, (char *const[]){name, NULL});
		fix_run(&s, &out);
		assert_true(out.is_known);
		assert_int_equal(out.e.exec_errno, cases[i].sys);
		assert_int_equal(out.e.code, 0);
	}
}

static void test_path_lookup(void **state)
{
	struct step s;

	(void)state;
	fix_step(&s, (char *const[]){ARG("probe"), ARG("echo"), ARG("a b"), ARG(""), NULL});
	fix_run(&s, &out);
	assert_int_equal(out.e.exec_errno, 0);
	assert_string_equal(out.text, "a b\n\n");
}

static void test_environment(void **state)
{
	(void)state;
	fix_probe(&out, PROBE(ARG("env")));
	assert_string_equal(out.text, "PATH=/nowhere:/bin:/\n");
}

static void test_fds(void **state)
{
	(void)state;
	fix_probe(&out, PROBE(ARG("fds")));
	assert_string_equal(out.text, "fd 0 type 20000\nfd 1 type 10000\nfd 2 type 10000\n");
}

/* A descriptor that the agent forgot to mark. */
static void test_fd_leak(void **state)
{
	int leak_fd = open("/tmp", O_RDONLY | O_DIRECTORY); /* without O_CLOEXEC, on purpose */

	(void)state;
	fix_probe(&out, PROBE(ARG("fds")));
	close(leak_fd);
	assert_string_equal(out.text, "fd 0 type 20000\nfd 1 type 10000\nfd 2 type 10000\n");
}

static void test_cwd(void **state)
{
	struct step s;
	struct err err = {0};

	(void)state;
	fix_step(&s, PROBE(ARG("cwd")));
	s.c.cwd = STR("/made/for/me");
	s.c.make_cwd = true;
	fix_run(&s, &out);
	assert_string_equal(out.text, "/made/for/me\n");
	fix_step(&s, PROBE(ARG("cwd")));
	s.c.cwd = STR("/missing");
	assert_int_equal(fix_start(&s, &err), -1);
	assert_has(
		err.msg, "step 'task/step': enter the working directory '/missing': no such");
	fix_step(&s, PROBE(ARG("cwd")));
	s.c.cwd = STR("/dir/file");
	assert_int_equal(fix_start(&s, &err), -1);
	assert_has(err.msg, "not a directory");
}

static void test_orphans(void **state)
{
	struct step s;

	(void)state;
	fix_step(&s, PROBE(ARG("orphan"), ARG("3")));
	fix_run(&s, &out); /* reads to the end: nobody holds the pipe */
	assert_int_equal(out.e.code, 3);
	assert_string_equal(out.text, "left\n");
}

static void test_zombies(void **state)
{
	(void)state;
	fix_probe(&out, PROBE(ARG("zombie")));
}

static void wait_ready(struct step *s)
{
	char text[6];

	assert_true(fix_readable(s->out_fd, STEP_TIMEOUT_MS));
	assert_int_equal(read(s->out_fd, text, sizeof(text)), 6);
}

static void test_forwarding(void **state)
{
	static const int forwarded[] = {
		SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGQUIT};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forwarded); i++) {
		struct step s;
		struct err err = {0};

		fix_step(&s, PROBE(ARG("trap")));
		assert_worked(fix_start(&s, &err), err);
		wait_ready(&s);
		assert_worked(sandbox_signal(&s.p, forwarded[i], &err), err);
		fix_end(&s, &out);
		assert_true(out.is_known);
		assert_int_equal(out.e.code, 100 + forwarded[i]);
	}
}

static void test_kill(void **state)
{
	struct step s;
	struct err err = {0};

	(void)state;
	fix_step(&s, PROBE(ARG("wait")));
	assert_worked(fix_start(&s, &err), err);
	wait_ready(&s);
	assert_worked(sandbox_signal(&s.p, SIGKILL, &err), err);
	fix_end(&s, &out);
	assert_false(out.is_known); /* step-init could not report: never a success */
}

/* An agent with one step that waits, and the hold; what the step writes comes out of the pipe.
 */
static pid_t agent_start(const char *sub_command, int hold_fd, int out_fd)
{
	char word[16];
	struct step s;
	struct err err = {0};
	pid_t agent = fork();

	if (agent) {
		fix.n_steps++; /* made by the other process */
		return agent;
	}
	snprintf(word, sizeof(word), "%s", sub_command);
	sandbox_ns_hold(fix.ns, hold_fd);
	fix_step(&s, PROBE(word));
	fd_close(&s.child_out_fd);
	s.c.stdout_fd = out_fd;
	if (fix_start(&s, &err)) {
		fprintf(stderr, "# no step: %s\n", err.msg);
		_exit(1);
	}
	close(out_fd); /* only the step has it */
	for (;;)
		pause();
}

/* The agent is killed: nothing of the step survives. */
static void test_agent_dies(void **state)
{
	int pipe_fd[2];
	pid_t agent;
	char text[8];

	(void)state;
	assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
	agent = agent_start("wait", -1, pipe_fd[1]);
	close(pipe_fd[1]);
	assert_true(fix_readable(pipe_fd[0], STEP_TIMEOUT_MS));
	assert_int_equal(read(pipe_fd[0], text, 6), 6);
	kill(agent, SIGKILL);
	waitpid(agent, NULL, 0);
	/* the step holds the only writing end that is left */
	assert_true(fix_readable(pipe_fd[0], STEP_TIMEOUT_MS));
	assert_int_equal(read(pipe_fd[0], text, 1), 0);
	close(pipe_fd[0]);
}

/* The lock that step-init holds is free when nothing of the step is left, and not before. */
static void test_hold(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		int hold_fd = openat(fix.base_fd, "hold", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		int look_fd = openat(fix.base_fd, "hold", O_RDONLY | O_CLOEXEC);
		int pipe_fd[2];
		pid_t agent;
		char text[8];

		assert_int_equal(flock(hold_fd, LOCK_EX | LOCK_NB), 0);
		assert_int_equal(pipe2(pipe_fd, O_CLOEXEC), 0);
		agent = agent_start("family", hold_fd, pipe_fd[1]);
		close(pipe_fd[1]);
		close(hold_fd);
		assert_true(fix_readable(pipe_fd[0], STEP_TIMEOUT_MS));
		assert_int_equal(read(pipe_fd[0], text, 6), 6);
		assert_int_equal(flock(look_fd, LOCK_EX | LOCK_NB), -1);
		kill(agent, SIGKILL);
		assert_int_equal(flock(look_fd, LOCK_EX), 0);
		assert_true(fix_readable(pipe_fd[0], 0)); /* its end, without waiting */
		assert_int_equal(read(pipe_fd[0], text, 1), 0);
		waitpid(agent, NULL, 0);
		close(look_fd);
		close(pipe_fd[0]);
	}
}

static void test_limits(void **state)
{
	static const struct sandbox_rlimit limits[] = {{7 /* RLIMIT_NOFILE */, 100, 200}};
	struct step s;

	(void)state;
	/* core, real-time priority and nice are 0 without being asked */
	fix_step(&s, PROBE(ARG("limits"), ARG("4"), ARG("14"), ARG("13"), ARG("7")));
	s.c.rlimits = limits;
	s.c.n_rlimits = ARRAY_SIZE(limits);
	fix_run(&s, &out);
	assert_string_equal(out.text, "4 0 0\n14 0 0\n13 0 0\n7 100 200\n");
}

static void test_dev(void **state)
{
	(void)state;
	fix_probe(&out, PROBE(ARG("stat"), ARG("/dev/null"), ARG("/dev/zero"), ARG("/dev/full"),
				ARG("/dev/random"), ARG("/dev/urandom"), ARG("/dev/tty"),
				ARG("/dev/ptmx"), ARG("/dev/pts"), ARG("/dev/shm"),
				ARG("/dev/mqueue"), ARG("/dev/fd"), ARG("/dev/kmsg"),
				ARG("/dev/mem"), ARG("/sys"), ARG("/dev/core")));
	assert_has(out.text, "/dev/null 65534:65534 20666\n");
	assert_has(out.text, "/dev/shm 0:0 41777\n");
	assert_has(out.text, "/dev/kmsg ENOENT\n");
	assert_has(out.text, "/dev/mem ENOENT\n");
	assert_has(out.text, "/dev/core ENOENT\n");
	assert_has(out.text, "/sys ENOENT\n");
	fix_probe(&out, PROBE(ARG("list"), ARG("/dev")));
	assert_int_equal(strlen(out.text),
		strlen("null zero full random urandom tty fd stdin stdout stderr ptmx pts shm "
		       "mqueue "));
}

static void test_etc(void **state)
{
	struct step s;

	(void)state;
	fix_probe(&out, PROBE(ARG("cat"), ARG("/etc/hosts"), ARG("/etc/hostname")));
	assert_string_equal(out.text, "image hosts\nstep-host\n");
	fix_step(&s, PROBE(ARG("cat"), ARG("/etc/hosts"), ARG("/etc/resolv.conf"),
			     ARG("/proc/sys/kernel/hostname")));
	s.c.etc_hosts = STR("127.0.0.1 localhost\n");
	s.c.etc_resolv_conf = STR("nameserver 192.0.2.1\n");
	fix_run(&s, &out);
	assert_string_equal(out.text, "127.0.0.1 localhost\nnameserver 192.0.2.1\nstep-host\n");
	fix_step(&s, PROBE(ARG("write"), ARG("/etc/hosts"), ARG("x")));
	s.c.etc_hosts = STR("127.0.0.1 localhost\n");
	fix_run(&s, &out);
	assert_string_equal(out.text, "/etc/hosts=EROFS\n");
}

/* The layer below is never changed: what is written is in the step's own upper directory. */
static void test_overlay(void **state)
{
	struct stat st;
	char path[64];

	(void)state;
	fix_probe(&out, PROBE(ARG("write"), ARG("/dir/file"), ARG("changed")));
	assert_int_equal(fstatat(fix.layer_fd, "dir/file", &st, 0), 0);
	assert_int_equal(st.st_size, 6);
	snprintf(path, sizeof(path), "upper%u/dir/file", fix.n_steps - 1);
	assert_int_equal(fstatat(fix.run_fd, path, &st, 0), 0);
	assert_int_equal(st.st_size, 7);
	assert_int_equal(st.st_uid, fix.info->outside_0);
	fix_probe(&out, PROBE(ARG("remove"), ARG("/dir/file")));
	assert_string_equal(out.text, "/dir/file=ok\n");
	fix_probe(&out, PROBE(ARG("cat"), ARG("/dir/file")));
	assert_string_equal(out.text, "image\n");
}

static void test_read_only_root(void **state)
{
	struct step s;

	(void)state;
	fix_step(&s, PROBE(ARG("write"), ARG("/dir/file"), ARG("x")));
	close(s.c.upper_dfd);
	close(s.c.work_dfd);
	s.c.upper_dfd = s.c.work_dfd = -1;
	s.c.cwd = STR("/made");
	s.c.make_cwd = true;
	fix_run(&s, &out);
	assert_string_equal(out.text, "/dir/file=EROFS\n");
}

/* ROOT_BIND: the directory read-only, a private /tmp, missing targets made. */
static void test_bound_root(void **state)
{
	struct sandbox_mount m = {.kind = MOUNT_TMPFS,
		.target = STR("/workspace/deep"),
		.size_bytes = 1 << 20,
		.mode = 0755};
	struct step s;

	(void)state;
	fix_step(&s, PROBE(ARG("write"), ARG("/dir/file"), ARG("x")));
	s.c.root = ROOT_BIND;
	fix_run(&s, &out);
	assert_string_equal(out.text, "/dir/file=EROFS\n");
	fix_step(&s, PROBE(ARG("write"), ARG("/tmp/x"), ARG("x")));
	s.c.root = ROOT_BIND;
	fix_run(&s, &out);
	assert_string_equal(out.text, "/tmp/x=ok\n");
	fix_step(&s, PROBE(ARG("write"), ARG("/workspace/deep/x"), ARG("x")));
	s.c.root = ROOT_BIND;
	s.c.mounts = &m;
	s.c.n_mounts = 1;
	fix_run(&s, &out);
	assert_string_equal(out.text, "/workspace/deep/x=ok\n");
}

/* What the image has not in a directory of its own is made there; the rest stays as it is. */
static void test_bound_root_deep(void **state)
{
	static const struct {
		const char *verb, *path, *want;
	} cases[] = {{"write", "/dir/made/deep/x", "/dir/made/deep/x=ok\n"},
		{"write", "/dir/made/x", "/dir/made/x=EROFS\n"},
		{"write", "/dir/x", "/dir/x=EROFS\n"},
		{"write", "/dir/file", "/dir/file=EROFS\n"},
		{"write", "/etc/resolv.conf", "/etc/resolv.conf=EROFS\n"},
		{"write", "/etc/new", "/etc/new=EROFS\n"}, {"cat", "/dir/file", "image\n"},
		{"cat", "/etc/hosts", "image hosts\n"},
		{"cat", "/etc/resolv.conf", "nameserver 192.0.2.1\n"}};
	struct sandbox_mount m = {.kind = MOUNT_TMPFS,
		.target = STR("/dir/made/deep"),
		.size_bytes = 1 << 20,
		.mode = 0755};
	struct step s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *verb = (char *)(uintptr_t)cases[i].verb;
		char *path = (char *)(uintptr_t)cases[i].path;

		fix_step(&s, strcmp(verb, "cat") == 0 ? PROBE(verb, path)
						      : PROBE(verb, path, ARG("x")));
		s.c.root = ROOT_BIND;
		s.c.etc_resolv_conf = STR("nameserver 192.0.2.1\n");
		s.c.mounts = &m;
		s.c.n_mounts = 1;
		fix_run(&s, &out);
		assert_string_equal(out.text, cases[i].want);
	}
}

/* The machine's own root, as the image "host". */
static void test_host_root(void **state)
{
	struct sandbox_layer layer = {.dfd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
	struct step s;

	(void)state;
	fix_step(&s, (char *const[]){ARG("cat"), ARG("/proc/sys/kernel/hostname"), NULL});
	s.c.root = ROOT_BIND;
	s.c.layers = &layer;
	fix_run(&s, &out);
	close(layer.dfd);
	assert_string_equal(out.text, "step-host\n");
}

static void test_many_layers(void **state)
{
	struct sandbox_layer layers[127];
	struct step s;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
		struct str name = arena_printf(fix.a, "many%zu", i);

		assert_int_equal(mkdirat(fix.base_fd, name.p, 0755), 0);
		layers[i] = (struct sandbox_layer){
			.dfd = openat(fix.base_fd, name.p, O_PATH | O_DIRECTORY | O_CLOEXEC),
			.owners_are_real = fix.place == AS_ROOT};
		assert_true(layers[i].dfd >= 0);
	}
	fix_step(&s, PROBE(ARG("list"), ARG("/dir")));
	close(layers[126].dfd);
	layers[126].dfd = fix.layer_fd; /* the lowest */
	s.c.layers = layers;
	s.c.n_layers = ARRAY_SIZE(layers);
	fix_run(&s, &out);
	for (size_t i = 0; i < 126; i++)
		close(layers[i].dfd);
	assert_string_equal(out.text, "file\n");
}

/* The step's own image once more, all of it or a part, beside its root. */
static const char *image_listing(const char *sub_path)
{
	struct sandbox_mount m = {.kind = MOUNT_IMAGE,
		.source_dfd = -1,
		.sub_path = str_z(sub_path),
		.target = STR("/made/volume")};
	struct step s;

	fix_step(&s, PROBE(ARG("list"), ARG("/made/volume")));
	m.layers = s.c.layers;
	m.n_layers = s.c.n_layers;
	s.c.mounts = &m;
	s.c.n_mounts = 1;
	fix_run(&s, &out);
	return out.text;
}

static void test_image_volume(void **state)
{
	(void)state;
	assert_has(image_listing(""), "dir\n");
	assert_string_equal(image_listing("dir"), "file\n");
}

/* Answers for calls that older kernels or container profiles do not have. */
static int deny(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pivot_root, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsconfig, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FSCONFIG_SET_FD, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog f = {.len = ARRAY_SIZE(code), .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f);
}

/* 1 to 5: what was wrong. */
static int steps_denied(void)
{
	struct step s;
	struct err err = {0};

	if (deny())
		return 1;
	fix_step(&s, PROBE(ARG("cat"), ARG("/proc/self/mountinfo")));
	if (fix_start(&s, &err))
		return 2;
	fix_end(&s, &out);
	if (strstr(out.text, "ext4") || strstr(out.text, fix.base) ||
		!strstr(out.text, "lowerdir="))
		return 3;
	if (strcmp(image_listing("dir"), "file\n") != 0)
		return 5;
	fix_step(&s, PROBE(ARG("chroot-escape")));
	if (fix_start(&s, &err))
		return 2;
	fix_end(&s, &out);
	return strstr(out.text, "probe\n") && !strstr(out.text, "boot\n") ? 0 : 4;
}

/* No pivot_root (MS_MOVE and chroot), no layers by descriptor (mount(2) by name). */
static void test_fallbacks(void **state)
{
	int status = -1;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(steps_denied());
	fix.n_steps += 3; /* made by the other process */
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static void test_explain(void **state)
{
	struct step s;
	struct str text;
	struct err err = {0};

	(void)state;
	fix_step(&s, PROBE(ARG("ids")));
	assert_worked(sandbox_explain(&s.c, fix.a, &text, &err), err);
	assert_has(text.p, "mount the overlay root\n");
	assert_has(text.p, "mount a fresh proc on '/proc'\n");
	assert_has(text.p, "enter the root and detach the old one\n");
	assert_true(strstr(text.p, "fresh proc") < strstr(text.p, "enter the root"));
	fix_run(&s, &out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_ids_outside),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_exec_errors),
		cmocka_unit_test(test_path_lookup),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_fds),
		cmocka_unit_test(test_fd_leak),
		cmocka_unit_test(test_cwd),
		cmocka_unit_test(test_orphans),
		cmocka_unit_test(test_zombies),
		cmocka_unit_test(test_forwarding),
		cmocka_unit_test(test_kill),
		cmocka_unit_test(test_agent_dies),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_dev),
		cmocka_unit_test(test_etc),
		cmocka_unit_test(test_overlay),
		cmocka_unit_test(test_read_only_root),
		cmocka_unit_test(test_bound_root),
		cmocka_unit_test(test_bound_root_deep),
		cmocka_unit_test(test_host_root),
		cmocka_unit_test(test_many_layers),
		cmocka_unit_test(test_image_volume),
		cmocka_unit_test(test_fallbacks),
		cmocka_unit_test(test_explain),
	};

	(void)argc;
	return FIX_MAIN(tests);
}
