/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors: closing, pipes, whole writes, and handing one to another process. */
#include <base/fd.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd); /* nothing can be done about an error, and errno is the
				     caller's */
	*fd = -1;
	errno = saved;
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

int fd_pipe(int *ret_read_fd, int *ret_write_fd, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	*ret_read_fd = fds[0];
	*ret_write_fd = fds[1];
	return 0;
}

int fd_socketpair(int *ret_a_fd, int *ret_b_fd, struct err *err)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_sys(err, "socketpair");
	*ret_a_fd = fds[0];
	*ret_b_fd = fds[1];
	return 0;
}

int fd_set_nonblock(int fd, struct err *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_sys(err, "make a descriptor non-blocking");
	return 0;
}

bool fd_cannot_sync(int sys)
{
	return sys == EINVAL || sys == ENOSYS || sys == EOPNOTSUPP;
}

int fd_write_all(int fd, const void *p, size_t n, struct err *err)
{
	const char *from = p;

	while (n) {
		ssize_t done = write(fd, from, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(err, "write");
		from += done;
		n -= (size_t)done;
	}
	return 0;
}

int fd_write_patient(
	int fd, const void *p, size_t n, int patience_ms, size_t *ret_done, struct err *err)
{
	*ret_done = 0;
	while (*ret_done < n) {
		struct pollfd room = {.fd = fd, .events = POLLOUT};
		size_t left = n - *ret_done;
		ssize_t done = poll(&room, 1, patience_ms);

		if (done == 0)
			return err_sysno(err, ETIMEDOUT, "write");
		/* a writable pipe has room for as much as this, and a larger write would wait
		 */
		if (done > 0)
			done = write(fd, (const char *)p + *ret_done,
				left < PIPE_BUF ? left : PIPE_BUF);
		if (done < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (done < 0)
			return err_sys(err, "write");
		*ret_done += (size_t)done;
	}
	return 0;
}

/* Room for one descriptor, aligned as the kernel wants it. */
union fd_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int fd_send(int sock_fd, const void *p, size_t n, int fd, struct err *err)
{
	union fd_control control = {0};
	struct iovec iov = {.iov_len = n};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t done;

	/* An empty message would look like the end of the connection. */
	BUG_ON(n == 0);
	memcpy(&iov.iov_base, &p, sizeof(p));
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	do {
		done = sendmsg(sock_fd, &msg, MSG_NOSIGNAL);
	} while (done < 0 && errno == EINTR);
	if (done < 0)
		return err_sys(err, "send a descriptor");
	if ((size_t)done != n)
		return err_set(err, ERR_SYS, "send a descriptor: message was cut");
	return 0;
}

/* Collects the descriptors that came; all but the first are closed. Returns how many. */
static size_t fd_collect(struct msghdr *msg, int *ret_fd)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n_here;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n_here = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n_here; i++, n++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (n == 0)
				*ret_fd = fd;
			else
				fd_close(&fd);
		}
	}
	return n;
}

int fd_receive(int sock_fd, void *p, size_t n, size_t *ret_n, int *ret_fd, struct err *err)
{
	union fd_control control = {0};
	struct iovec iov = {.iov_base = p, .iov_len = n};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	cleanup_fd int got_fd = -1;
	size_t n_fds;
	ssize_t done;

	do {
		done = recvmsg(sock_fd, &msg, MSG_CMSG_CLOEXEC);
	} while (done < 0 && errno == EINTR);
	if (done < 0)
		return err_sys(err, "receive a descriptor");
	n_fds = fd_collect(&msg, &got_fd);
	if (done == 0)
		return err_set(err, ERR_SYS, "receive a descriptor: the other end is gone");
	if (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return err_set(err, ERR_SYS, "receive a descriptor: message was cut");
	if (n_fds != 1)
		return err_set(err, ERR_SYS,
			"receive a descriptor: message holds %zu, expected 1", n_fds);
	*ret_n = (size_t)done;
	*ret_fd = fd_take(&got_fd);
	return 0;
}
