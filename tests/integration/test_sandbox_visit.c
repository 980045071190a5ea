/* SPDX-License-Identifier: Apache-2.0 */
/* A second program in a running step: its sandbox, no more; sockets of a task's network. */
#include "sandbox_fixture.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static struct ended out;

static void host_start(struct step *s, struct sandbox_ns *ns, char *const *argv)
{
	struct err err = {0};
	char text[8];

	fix_step(s, argv);
	s->c.ns = ns;
	s->c.is_hermetic = ns == fix.net;
	assert_worked(fix_start(s, &err), err);
	assert_true(fix_readable(s->out_fd, STEP_TIMEOUT_MS));
	assert_int_equal(read(s->out_fd, text, 6), 6);
}

static void host_end(struct step *s)
{
	struct err err = {0};

	assert_worked(sandbox_signal(&s->p, SIGKILL, &err), err);
	fix_end(s, &out);
}

static struct visit v;

/* Line by line what a process of the step sees of itself. */
static void test_same_sandbox(void **state)
{
	struct step host, own;
	struct ended of_step;

	(void)state;
	/* at one time: the numbers of a namespace that is gone are given again */
	host_start(&host, fix.ns, PROBE(ARG("wait")));
	fix_step(&own, PROBE(ARG("ns")));
	fix_run(&own, &of_step);
	fix_visit_run(&v, &host, PROBE(ARG("ns")));
	assert_int_equal(v.status, 0);
	/* the run's network, and not the namespaces of another step */
	assert_has(v.text, strstr(of_step.text, "net "));
	assert_string_not_equal(v.text, of_step.text);
	fix_visit_run(&v, &host, PROBE(ARG("cwd")));
	assert_has(v.text, "/dir");
	fix_visit_run(&v, &host, PROBE(ARG("cat"), ARG("file")));
	assert_has(v.text, "image\n");
	fix_visit_run(&v, &host, PROBE(ARG("fds")));
	assert_int_equal(v.status, 0);
	assert_lacks(v.text, "3 ");
	host_end(&host);
}

/* Capabilities, securebits, no_new_privs and the filter are those of the step's own program. */
static void test_confined_alike(void **state)
{
	static const uint32_t uids[] = {0, 1000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(uids); i++) {
		struct step host, own;
		struct ended of_step;
		struct err err = {0};

		if (uids[i] && fix.info->outside_1000 < 0)
			continue;
		fix_step(&own, PROBE(ARG("ids")));
		own.c.uid = own.c.gid = uids[i];
		fix_run(&own, &of_step);
		host_start(&host, fix.ns, PROBE(ARG("wait")));
		fix_visit(&v, &host, PROBE(ARG("ids")));
		v.c.uid = v.c.gid = uids[i];
		assert_worked(fix_visit_start(&v, &err), err);
		fix_visit_end(&v);
		assert_int_equal(v.status, 0);
		/* all after the line with the pids */
		assert_string_equal(strchr(v.text, '\n'), strchr(of_step.text, '\n'));
		host_end(&host);
	}
}

static void test_ends(void **state)
{
	struct step host;
	struct err err = {0};

	(void)state;
	host_start(&host, fix.ns, PROBE(ARG("wait")));
	fix_visit_run(&v, &host, PROBE(ARG("exit"), ARG("7")));
	assert_int_equal(v.status, 7);
	fix_visit_run(&v, &host, (char *[]){ARG("/nowhere"), NULL});
	assert_int_equal(v.exec_errno, ENOENT);
	/* signals reach the program itself */
	fix_visit(&v, &host, PROBE(ARG("wait")));
	assert_worked(fix_visit_start(&v, &err), err);
	assert_true(fix_readable(v.out_fd, STEP_TIMEOUT_MS));
	assert_worked(sandbox_signal(&v.p, SIGTERM, &err), err);
	fix_visit_end(&v);
	assert_int_equal(v.status, 128 + SIGTERM);
	/* a visitor that stays is killed with the step */
	fix_visit(&v, &host, PROBE(ARG("wait")));
	assert_worked(fix_visit_start(&v, &err), err);
	assert_true(fix_readable(v.out_fd, STEP_TIMEOUT_MS));
	assert_worked(sandbox_signal(&host.p, SIGKILL, &err), err);
	fix_visit_end(&v);
	assert_int_equal(v.status, 128 + SIGKILL);
	fix_end(&host, &out);
}

/* Who traces a visitor keeps its end from everybody else: nobody waits for that. */
static void test_end_is_held(void **state)
{
	struct step host;
	struct err err = {0};

	(void)state;
	host_start(&host, fix.ns, PROBE(ARG("trace")));
	fix_visit(&v, &host, PROBE(ARG("wait")));
	assert_worked(fix_visit_start(&v, &err), err);
	assert_true(fix_readable(host.out_fd, STEP_TIMEOUT_MS)); /* it is traced */
	sandbox_visit_kill(&v.p);
	assert_true(fix_readable(v.p.pidfd_fd, STEP_TIMEOUT_MS));
	close(v.out_fd);
	assert_worked(sandbox_visit_finish(&v.p, &v.status, &err), err);
	assert_int_equal(v.status, 128 + SIGKILL);
	host_end(&host); /* which nothing had ended */
	host_start(&host, fix.ns, PROBE(ARG("trace")));
	fix_visit(&v, &host, PROBE(ARG("wait")));
	assert_worked(fix_visit_start(&v, &err), err);
	assert_true(fix_readable(host.out_fd, STEP_TIMEOUT_MS));
	sandbox_visit_abandon(&v.p);
	assert_int_equal(v.p.pidfd_fd, -1);
	close(v.out_fd);
	host_end(&host);
}

/* Whatever a visitor has started is killed with it, and nothing else. */
static void test_kills_family(void **state)
{
	struct step host;
	struct err err = {0};
	char text[TEXT_MAX];

	(void)state;
	host_start(&host, fix.ns, PROBE(ARG("wait")));
	fix_visit(&v, &host, PROBE(ARG("family")));
	assert_worked(fix_visit_start(&v, &err), err);
	assert_true(fix_readable(v.out_fd, STEP_TIMEOUT_MS));
	sandbox_visit_kill(&v.p);
	fix_visit_end(&v); /* nobody has its output any more */
	assert_int_equal(v.status, 128 + SIGKILL);
	/* one that ends by itself leaves what it has started */
	fix_visit(&v, &host, PROBE(ARG("orphan"), ARG("7")));
	assert_worked(fix_visit_start(&v, &err), err);
	assert_true(fix_readable(v.p.pidfd_fd, STEP_TIMEOUT_MS));
	assert_worked(sandbox_visit_finish(&v.p, &v.status, &err), err);
	assert_int_equal(v.status, 7);
	assert_int_equal(read(v.out_fd, text, sizeof(text)), sizeof("left\n") - 1);
	assert_false(fix_readable(v.out_fd, 0));
	assert_worked(sandbox_signal(&host.p, SIGKILL, &err), err);
	fix_end(&host, &out);
	assert_int_equal(read(v.out_fd, text, sizeof(text)), 0);
	close(v.out_fd);
}

/* A visitor begins as a process of ours beside those of the step, whose root has as much. */
static void test_beginning_is_ours(void **state)
{
	enum { VISITS = 300 };
	struct step host;
	struct err err = {0};

	(void)state;
	host_start(&host, fix.ns, PROBE(ARG("seize")));
	for (int i = 0; i < VISITS; i++) {
		fix_visit_run(&v, &host, PROBE(ARG("exit"), ARG("7")));
		assert_int_equal(v.status, 7);
	}
	assert_worked(sandbox_signal(&host.p, SIGKILL, &err), err);
	fix_end(&host, &out);
	assert_lacks(out.text, "caught");
}

/* Nobody is there any more: a clear failure, and nothing runs. */
static void test_step_is_gone(void **state)
{
	struct step host;
	struct err err = {0};

	(void)state;
	host_start(&host, fix.ns, PROBE(ARG("wait")));
	assert_worked(sandbox_signal(&host.p, SIGKILL, &err), err);
	assert_true(fix_readable(host.p.pidfd_fd, STEP_TIMEOUT_MS));
	fix_visit(&v, &host, PROBE(ARG("ns")));
	assert_int_equal(fix_visit_start(&v, &err), -1);
	assert_int_equal(err.kind, ERR_SANDBOX);
	fix_end(&host, &out);
}

/* A step that holds can be visited before its program and after that failed. */
static void test_holds(void **state)
{
	struct step host;
	struct sandbox_exit e = {0};
	struct err err = {0};

	(void)state;
	fix_step(&host, PROBE(ARG("exit"), ARG("3")));
	host.c.holds_start = host.c.holds_failed = true;
	assert_worked(fix_start(&host, &err), err);
	fix_visit_run(&v, &host, PROBE(ARG("cwd")));
	assert_int_equal(v.status, 0);
	/* what the program is not there for is not lost, and not kept for it either */
	assert_worked(sandbox_signal(&host.p, SIGTERM, &err), err);
	assert_false(fix_readable(host.p.status_fd, 0));
	assert_worked(sandbox_go(&host.p, &err), err);
	assert_true(fix_readable(host.p.status_fd, STEP_TIMEOUT_MS));
	assert_int_equal(read(host.p.status_fd, &e, sizeof(e)), sizeof(e));
	assert_int_equal(e.code, 3);
	assert_false(fix_readable(host.p.pidfd_fd, 0));
	fix_visit_run(&v, &host, PROBE(ARG("exit"), ARG("7")));
	assert_int_equal(v.status, 7);
	host_end(&host);
	/* of those that succeed nothing is kept */
	fix_step(&host, PROBE(ARG("exit"), ARG("0")));
	host.c.holds_failed = true;
	fix_run(&host, &out);
	assert_int_equal(out.e.code, 0);
	/* a program that is killed alone, and one that is not there, leave the rest */
	fix_step(&host, PROBE(ARG("wait")));
	host.c.holds_failed = true;
	assert_worked(fix_start(&host, &err), err);
	assert_true(fix_readable(host.out_fd, STEP_TIMEOUT_MS));
	assert_worked(sandbox_kill_program(&host.p, &err), err);
	assert_true(fix_readable(host.p.status_fd, STEP_TIMEOUT_MS));
	assert_int_equal(read(host.p.status_fd, &e, sizeof(e)), sizeof(e));
	assert_int_equal(e.signal, SIGKILL);
	fix_visit_run(&v, &host, PROBE(ARG("cwd")));
	assert_int_equal(v.status, 0);
	host_end(&host);
	fix_step(&host, (char *[]){ARG("/nowhere"), NULL});
	host.c.holds_failed = true;
	assert_worked(fix_start(&host, &err), err);
	assert_true(fix_readable(host.p.status_fd, STEP_TIMEOUT_MS));
	assert_int_equal(read(host.p.status_fd, &e, sizeof(e)), sizeof(e));
	assert_int_equal(e.exec_errno, ENOENT);
	fix_visit_run(&v, &host, PROBE(ARG("cwd")));
	assert_int_equal(v.status, 0);
	host_end(&host);
}

/* A program that the step's root does not have. */
static void test_own_program(void **state)
{
	struct step host;
	struct err err = {0};
	int fd = openat(fix.layer_fd, "probe", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	host_start(&host, fix.ns, PROBE(ARG("wait")));
	fix_visit(&v, &host, (char *[]){ARG("not in the root"), ARG("fds"), NULL});
	v.c.has_program = true;
	v.c.program_fd = fd;
	assert_worked(fix_visit_start(&v, &err), err);
	fix_visit_end(&v);
	assert_int_equal(v.status, 0);
	assert_lacks(v.text, "3 "); /* it was closed when it was executed */
	host_end(&host);
	close(fd);
}

static int try_connect(struct sandbox_ns *ns, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct err err = {0};
	int fd = sandbox_socket(ns, AF_INET, SOCK_STREAM, &err);
	int ret = 0, n = sizeof(ret);

	if (fd < 0)
		fail_msg("%s", err.msg);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) && errno != EINPROGRESS)
		ret = errno;
	if (!ret) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};

		assert_int_equal(poll(&p, 1, STEP_TIMEOUT_MS), 1);
		assert_int_equal(
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &ret, (socklen_t *)&n), 0);
	}
	close(fd);
	return ret;
}

/* A hermetic task's port is reached through a socket of its network and by no other. */
static void test_socket(void **state)
{
	struct step host;

	(void)state;
	host_start(&host, fix.net, PROBE(ARG("serve"), ARG("17651")));
	assert_int_equal(try_connect(fix.ns, 17651), ECONNREFUSED);
	assert_int_equal(try_connect(fix.net, 17652), ECONNREFUSED);
	assert_int_equal(try_connect(fix.net, 17651), 0);
	fix_end(&host, &out);
	assert_int_equal(out.e.code, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_sandbox),
		cmocka_unit_test(test_confined_alike),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_end_is_held),
		cmocka_unit_test(test_kills_family),
		cmocka_unit_test(test_beginning_is_ours),
		cmocka_unit_test(test_step_is_gone),
		cmocka_unit_test(test_holds),
		cmocka_unit_test(test_own_program),
		cmocka_unit_test(test_socket),
	};

	(void)argc;
	return FIX_MAIN(tests);
}
