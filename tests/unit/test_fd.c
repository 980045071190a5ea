/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: closing, pipes, whole writes, passing one on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/fd.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void test_close(void **state attr_unused)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int number = fd;
	int none = -1;
	int bad = 9999;

	errno = EPIPE;
	fd_close(&fd);
	assert_int_equal(fd, -1);
	assert_false(is_open(number));
	errno = EPIPE;
	fd_close(&fd);
	fd_close(&none);
	fd_close(&bad);
	assert_int_equal(errno, EPIPE);
}

static void test_take_and_cleanup(void **state attr_unused)
{
	int kept;
	int dropped;

	{
		cleanup_fd int a_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		cleanup_fd int b_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		dropped = b_fd;
		kept = fd_take(&a_fd);
		assert_int_equal(a_fd, -1);
	}
	assert_true(is_open(kept));
	assert_false(is_open(dropped));
	fd_close(&kept);
}

static void test_pipe(void **state attr_unused)
{
	cleanup_fd int r_fd = -1;
	cleanup_fd int w_fd = -1;
	char got[8] = "";

	assert_int_equal(fd_pipe(&r_fd, &w_fd, NULL), 0);
	assert_int_equal(fcntl(r_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(w_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fd_write_all(w_fd, "hello", 5, NULL), 0);
	assert_int_equal(read(r_fd, got, sizeof(got)), 5);
	assert_string_equal(got, "hello");
	assert_int_equal(fd_set_nonblock(r_fd, NULL), 0);
	assert_int_equal(read(r_fd, got, sizeof(got)), -1);
	assert_int_equal(errno, EAGAIN);
}

static void test_socketpair(void **state attr_unused)
{
	cleanup_fd int a_fd = -1;
	cleanup_fd int b_fd = -1;
	char got[16];

	assert_int_equal(fd_socketpair(&a_fd, &b_fd, NULL), 0);
	assert_int_equal(fcntl(a_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(send(a_fd, "one", 3, 0), 3);
	assert_int_equal(send(a_fd, "three", 5, 0), 5);
	assert_int_equal(recv(b_fd, got, sizeof(got), 0), 3); /* messages keep their bounds */
	assert_int_equal(recv(b_fd, got, sizeof(got), 0), 5);
}

/* More than a pipe holds, with a reader in another process. */
static void test_write_all(void **state attr_unused)
{
	enum { N = 1000000 };
	cleanup_fd int r_fd = -1;
	cleanup_fd int w_fd = -1;
	cleanup_free char *text = mem_alloc(N);
	struct err err = {0};
	int status;
	pid_t pid;

	memset(text, 'z', N);
	assert_int_equal(fd_pipe(&r_fd, &w_fd, NULL), 0);
	pid = fork();
	if (pid == 0) {
		char chunk[777];
		size_t n = 0;
		ssize_t got;

		fd_close(&w_fd);
		while ((got = read(r_fd, chunk, sizeof(chunk))) > 0)
			n += (size_t)got;
		_exit(n == N ? 0 : 1);
	}
	assert_int_equal(fd_write_all(w_fd, text, N, NULL), 0);
	assert_int_equal(fd_write_all(w_fd, NULL, 0, NULL), 0);
	fd_close(&w_fd);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(fd_write_all(r_fd, "x", 1, &err), -1);
	assert_int_equal(err.sys, EBADF);
}

static void test_send(void **state attr_unused)
{
	cleanup_fd int a_fd = -1;
	cleanup_fd int b_fd = -1;
	cleanup_fd int r_fd = -1;
	cleanup_fd int w_fd = -1;
	cleanup_fd int got_fd = -1;
	char got[16] = "";
	size_t n = 0;

	assert_int_equal(fd_socketpair(&a_fd, &b_fd, NULL), 0);
	assert_int_equal(fd_pipe(&r_fd, &w_fd, NULL), 0);
	assert_int_equal(fd_send(a_fd, "tag", 3, w_fd, NULL), 0);
	assert_int_equal(fd_receive(b_fd, got, sizeof(got), &n, &got_fd, NULL), 0);
	assert_int_equal(n, 3);
	assert_string_equal(got, "tag");
	assert_int_equal(fcntl(got_fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fd_write_all(got_fd, "x", 1, NULL), 0);
	assert_int_equal(read(r_fd, got, 1), 1);
}

static void send_many(int sock_fd, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(4 * sizeof(int))];
	} control = {0};
	char byte = 'x';
	struct iovec iov = {&byte, 1};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (n_fds) {
		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		BUG_ON(!c);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	assert_int_equal(sendmsg(sock_fd, &msg, 0), 1);
}

static int count_open(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += is_open(fd);
	return n;
}

/* None, two, three or four descriptors, a message too long, the end: an error, no leak. */
static void test_receive_refused(void **state attr_unused)
{
	for (size_t n_fds = 0; n_fds <= 4; n_fds++) {
		cleanup_fd int a_fd = -1;
		cleanup_fd int b_fd = -1;
		const int fds[] = {0, 1, 2, 0};
		struct err err = {0};
		int got_fd = -1;
		char got[16];
		size_t n = 0;
		int before;

		assert_int_equal(fd_socketpair(&a_fd, &b_fd, NULL), 0);
		send_many(a_fd, fds, n_fds);
		before = count_open();
		assert_int_equal(fd_receive(b_fd, got, sizeof(got), &n, &got_fd, &err),
			n_fds == 1 ? 0 : -1);
		fd_close(&got_fd);
		assert_int_equal(count_open(), before);
		assert_int_equal(fd_send(a_fd, "longer than it should be", 24, 0, NULL), 0);
		assert_int_equal(fd_receive(b_fd, got, 4, &n, &got_fd, &err), -1);
		assert_non_null(strstr(err.msg, "message was cut"));
		assert_int_equal(got_fd, -1);
		assert_int_equal(count_open(), before);
		fd_close(&a_fd);
		assert_int_equal(fd_receive(b_fd, got, sizeof(got), &n, &got_fd, &err), -1);
		assert_non_null(strstr(err.msg, "the other end is gone"));
		/* and no SIGPIPE */
		assert_int_equal(fd_send(b_fd, "x", 1, 0, &err), -1);
		assert_int_equal(err.sys, EPIPE);
	}
}

/* A pipe that nobody reads: given up in time, and what went through is known. */
static void test_write_patient(void **state attr_unused)
{
	static char text[256 * 1024];

	for (int nonblock = 0; nonblock < 2; nonblock++) {
		cleanup_fd int read_fd = -1;
		cleanup_fd int write_fd = -1;
		struct err err = {0};
		size_t done = 0;

		assert_int_equal(fd_pipe(&read_fd, &write_fd, &err), 0);
		assert_int_equal(fcntl(write_fd, F_SETFL, nonblock ? O_NONBLOCK : 0), 0);
		assert_int_equal(fd_write_patient(write_fd, "hello", 5, 0, &done, &err), 0);
		assert_int_equal(done, 5);
		assert_int_equal(
			fd_write_patient(write_fd, text, sizeof(text), 10, &done, &err), -1);
		assert_int_equal(err.sys, ETIMEDOUT);
		assert_in_range(done, 4096, sizeof(text) - 1);
		assert_int_equal(read(read_fd, text, sizeof(text)), 5 + done);
		fd_close(&read_fd);
		assert_int_equal(fd_write_patient(write_fd, "x", 1, 10, &done, &err), -1);
		assert_int_equal(err.sys, EPIPE);
		assert_int_equal(done, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_take_and_cleanup),
		cmocka_unit_test(test_pipe),
		cmocka_unit_test(test_socketpair),
		cmocka_unit_test(test_write_all),
		cmocka_unit_test(test_write_patient),
		cmocka_unit_test(test_send),
		cmocka_unit_test(test_receive_refused),
	};

	(void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
