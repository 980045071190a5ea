/* SPDX-License-Identifier: Apache-2.0 */
/* Confined workers: what they may still do, and everything they may not. */
#include "sandbox_fixture.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

struct job {
	int write_dfd, read_dfd;
	int say_fd;
	int secret_fd; /* open in the agent, not handed over */
	pid_t agent;
};

static void say(struct job *j, const char *name, long ret)
{
	char line[128];
	int n = snprintf(
		line, sizeof(line), "%s=%s\n", name, ret < 0 ? strerrorname_np(errno) : "ok");

	(void)!write(j->say_fd, line, (size_t)n);
}

static long try_open(int dfd, const char *path, int flags)
{
	int fd = openat(dfd, path, flags | O_CLOEXEC, 0644);

	if (fd >= 0)
		close(fd);
	return fd;
}

static int job_run(void *arg)
{
	struct job *j = arg;
	char *const argv[] = {NULL};

	say(j, "write", try_open(j->write_dfd, "made", O_WRONLY | O_CREAT));
	say(j, "read", try_open(j->read_dfd, "input", O_RDONLY));
	say(j, "write-in-read", try_open(j->read_dfd, "made", O_WRONLY | O_CREAT));
	say(j, "passwd", try_open(AT_FDCWD, "/etc/passwd", O_RDONLY));
	say(j, "tmp", try_open(AT_FDCWD, "/tmp/monopod-worker", O_WRONLY | O_CREAT));
	say(j, "up", try_open(j->write_dfd, "../layer/probe", O_RDONLY));
	say(j, "secret", fcntl(j->secret_fd, F_GETFD));
	say(j, "socket", socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	say(j, "unix", socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	say(j, "fork", fork());
	say(j, "exec", execve("/bin/true", argv, argv));
	say(j, "kill", kill(j->agent, 0));
	say(j, "unshare", unshare(CLONE_NEWUSER));
	say(j, "mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	say(j, "own-mem", try_open(AT_FDCWD, "/proc/self/mem", O_RDWR));
	say(j, "chown", fchownat(j->write_dfd, "made", 0, 0, 0));
	say(j, "stdin", read(0, &(char){0}, 1));
	return 42;
}

static const char *const expected[] = {"write=ok", "read=ok", "write-in-read=EACCES",
	"passwd=EACCES", "tmp=EACCES", "up=EACCES", "secret=EBADF", "socket=EPERM",
	"unix=EPERM", "fork=EPERM", "exec=EPERM", "kill=EPERM", "unshare=EPERM", "mount=EPERM",
	"own-mem=EACCES", "stdin=ok"};

static void work(struct sandbox_ns *ns, bool may_chown)
{
	static unsigned int n_work;
	struct job j = {.agent = getpid()};
	struct sandbox_worker_config c = {.ns = ns, .fn = job_run, .arg = &j};
	struct sandbox_worker w;
	struct err err = {0};
	char text[4096] = {0};
	int out_fd, say_fd, status = -1;
	struct str name = arena_printf(fix.a, "work%u-%d", n_work++, getpid());

	assert_worked(sandbox_make_dir(fix.ns, fix.base_fd, name.p, 0, 0, 0755, &err), err);
	assert_worked(fd_pipe(&out_fd, &say_fd, &err), err);
	j.write_dfd = openat(fix.base_fd, name.p, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (!ns && fix.place == AS_ROOT)
		assert_int_equal(fchownat(fix.base_fd, name.p, 0, 0, 0), 0);
	j.read_dfd = fix_dir(arena_printf(fix.a, "in%u", n_work).p, 0755);
	j.say_fd = say_fd;
	j.secret_fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	fix_write(j.read_dfd, "input", "x", 0644);
	c.write_dfds = &j.write_dfd;
	c.read_dfds = &j.read_dfd;
	c.keep_fds = &say_fd;
	c.n_write_dfds = c.n_read_dfds = c.n_keep_fds = 1;
	assert_worked(sandbox_worker_start(&c, &w, &err), err);
	close(say_fd);
	assert_true(fix_readable(w.pidfd_fd, STEP_TIMEOUT_MS));
	assert_worked(sandbox_worker_reap(&w, &status, &err), err);
	fix_drain(out_fd, text);
	assert_int_equal(status, 42);
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_has(text, expected[i]);
	assert_has(text, may_chown ? "chown=ok" : "chown=EPERM");
	close(out_fd);
	close(j.write_dfd);
	close(j.read_dfd);
	close(j.secret_fd);
}

static void test_in_namespace(void **state)
{
	(void)state;
	work(fix.ns, true);
}

static void test_outside(void **state)
{
	(void)state;
	work(NULL, fix.place == AS_ROOT);
}

static int job_die(void *arg)
{
	(void)arg;
	kill(getpid(), SIGKILL);
	abort();
	return 0;
}

static int job_end(void *arg)
{
	return *(int *)arg;
}

static void test_ends(void **state)
{
	static const struct {
		int (*fn)(void *arg);
		int code, status;
	} cases[] = {{job_end, 0, 0}, {job_end, 255, 255}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int code = cases[i].code, status = -1;
		struct sandbox_worker_config c = {
			.ns = fix.ns, .fn = cases[i].fn, .arg = &code};
		struct sandbox_worker w;
		struct err err = {0};

		assert_worked(sandbox_worker_start(&c, &w, &err), err);
		assert_worked(sandbox_worker_reap(&w, &status, &err), err);
		assert_int_equal(status, cases[i].status);
		assert_int_equal(w.pidfd_fd, -1);
	}
}

/* It cannot even kill itself by kill(2); whatever ends it is never taken for a success. */
static void test_dies(void **state)
{
	struct sandbox_worker_config c = {.ns = fix.ns, .fn = job_die};
	struct sandbox_worker w;
	struct err err = {0};
	int status = 0;

	(void)state;
	assert_worked(sandbox_worker_start(&c, &w, &err), err);
	assert_worked(sandbox_worker_reap(&w, &status, &err), err);
	assert_true(status > 128);
}

static void test_probe_facts(void **state)
{
	static const char *const names[] = {
		"overlay", "fresh-proc", "cgroup-namespace", "start", "net-namespace", "upper"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct sandbox_fact *found = NULL;

		for (size_t k = 0; k < fix.found.n_facts; k++)
			if (strcmp(fix.found.facts[k].name, names[i]) == 0)
				found = &fix.found.facts[k];
		if (!found || !found->works)
			fail_msg("%s: %s", names[i], found ? found->evidence.p : "missing");
		else
			assert_has(found->evidence.p, ": worked");
	}
	assert_true(fix.found.can_upper);
	assert_true(fix.found.can_cgroup_namespace);
	assert_true(fix.found.can_net_namespace);
	assert_int_equal(fix.found.can_idmap, fix.place == AS_ROOT);
	assert_int_equal(fix.found.map.is_single, fix.place == AS_SINGLE);
	assert_false(fix.found.has_cgroup);
}

/* Where nothing works, the facts say so and the level is none. */
static int probe_without_namespaces(struct sandbox_place *place, struct arena *a)
{
	int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);

	/* in a user namespace of our own, whose limit is ours to set */
	if (fd < 0 || write(fd, "0", 1) != 1)
		return -1;
	close(fd);
	sandbox_probe(a, -1, -1, place);
	return 0;
}

/* Whatever is tried holds the descriptor, also when all is asked anew for the evidence: with
 * one that is not open nothing can be started. */
static void test_probe_holds(void **state)
{
	enum { NOT_OPEN = 1000 };
	struct arena *a cleanup_arena = arena_new();
	struct sandbox_place place = {0};
	struct sandbox_ask ask = {.store_dfd = -1, .run_dfd = fix.run_fd, .hold_fd = -1};

	(void)state;
	sandbox_probe_run(a, &ask, &place);
	assert_true(place.can_upper);
	assert_true(fcntl(NOT_OPEN, F_GETFD) < 0);
	ask.hold_fd = NOT_OPEN;
	sandbox_probe_run(a, &ask, &place);
	assert_false(place.can_upper);
	assert_true(place.n_facts > 0);
}

static void test_probe_none(void **state)
{
	pid_t pid;
	int status = 0;

	(void)state;
	if (fix.place != AS_SINGLE)
		return;
	pid = fork();
	if (pid == 0) {
		struct sandbox_place place = {0};
		struct arena *a = arena_new();

		if (unshare(CLONE_NEWUSER) || probe_without_namespaces(&place, a))
			_exit(1);
		if (place.level != SANDBOX_NONE || !place.n_facts || place.facts[0].works)
			_exit(2);
		_exit(place.facts[place.n_facts - 1].evidence.n ? 0 : 3);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_namespace),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_dies),
		cmocka_unit_test(test_probe_facts),
		cmocka_unit_test(test_probe_none),
		cmocka_unit_test(test_probe_holds),
	};

	(void)argc;
	return FIX_MAIN(tests);
}
