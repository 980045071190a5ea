/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket of a run directory: unix(7), datagrams with the sender's credentials. */
#include "control.h"

#include <base/fd.h>
#include <base/file.h>
#include <base/log.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char control_name[] = "control";

static const char *const words[] = {
	[CANCEL_NONE] = "",
	[CANCEL_STOP] = "StoppedRunFinally",
	[CANCEL_GRACEFUL] = "CancelledRunFinally",
	[CANCEL_NOW] = "Cancelled",
};
_Static_assert(ARRAY_SIZE(words) == CANCEL_MODE_N, "a word for each mode");

struct control {
	int sock_fd;
	int dfd; /* borrowed */
	struct watch *watch;
	struct control_events events;
};

static const char visit_word[] = "visit";

/* By way of the descriptor: a path of any length fits. */
static void address_of(int dfd, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(
		ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/%s", dfd, control_name);
}

enum cancel_mode control_mode(struct str word)
{
	for (int i = CANCEL_STOP; i < CANCEL_MODE_N; i++)
		if (str_eqz(word, words[i]))
			return (enum cancel_mode)i;
	return CANCEL_NONE;
}

/* The kernel says who sent it; nobody else's word counts. */
static bool is_trusted(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct ucred cred;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&cred, CMSG_DATA(c), sizeof(cred));
		return cred.uid == geteuid() || cred.uid == 0;
	}
	return false;
}

/* The only descriptor that came with it; others are closed. -1: none. */
static int descriptor_of(struct msghdr *msg)
{
	int ret = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			fd_close(&ret);
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			ret = fd;
		}
		if (n > 1)
			fd_close(&ret);
	}
	return ret;
}

static void control_on_message(void *arg, int fd)
{
	struct control *c = arg;
	char text[64];
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
	} room;
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &room,
		.msg_controllen = sizeof(room)};
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	int came_fd cleanup_fd = n < 0 ? -1 : descriptor_of(&msg);
	struct str word;
	enum cancel_mode mode;

	if (n <= 0 || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) || !is_trusted(&msg))
		return;
	word = str_trim((struct str){.p = text, .n = (size_t)n});
	if (came_fd >= 0) {
		if (str_eqz(word, visit_word))
			c->events.visited(c->events.arg, &came_fd);
		return;
	}
	mode = control_mode(word);
	if (mode != CANCEL_NONE)
		c->events.asked(c->events.arg, mode);
}

void control_forget(int dfd)
{
	(void)unlinkat(dfd, control_name, 0);
}

static int control_socket(struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? err_sys(err, "make a socket") : fd;
}

static int control_listen(struct control *c, struct loop *loop, struct err *err)
{
	const int on = 1;
	struct sockaddr_un address;

	c->sock_fd = control_socket(err);
	if (c->sock_fd < 0)
		return -1;
	address_of(c->dfd, &address);
	control_forget(c->dfd);
	if (setsockopt(c->sock_fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ||
		bind(c->sock_fd, (const struct sockaddr *)&address, sizeof(address)) ||
		fchmodat(c->dfd, control_name, 0600, 0))
		return err_sys(err, "make the control socket");
	c->watch = loop_add_read(
		loop, c->sock_fd, LOOP_SIGNAL, "control", control_on_message, c, err);
	return c->watch ? 0 : -1;
}

int control_open(struct loop *loop, int dfd, const struct control_events *events,
	struct control **ret, struct err *err)
{
	struct control *c = mem_zalloc(sizeof(*c));

	c->dfd = dfd;
	c->events = *events;
	if (control_listen(c, loop, err)) {
		control_close(c);
		return -1;
	}
	*ret = c;
	return 0;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	watch_remove(c->watch);
	if (c->sock_fd >= 0 && unlinkat(c->dfd, control_name, 0) < 0 && errno != ENOENT &&
		unlinkat(c->dfd, control_name, 0) < 0)
		log_warn("remove 'control': %s", strerrordesc_np(errno));
	fd_close(&c->sock_fd);
	free(c);
}

/* Nobody is there when the name is, and nobody listens to it. */
static int control_missing(struct str dir, struct err *err)
{
	if (errno == ENOENT || errno == ECONNREFUSED)
		return err_set(err, ERR_NOT_FOUND,
			"run directory '" STR_FMT "': no run is running in it", STR_ARG(dir));
	return err_sys(err, "ask the run in '" STR_FMT "'", STR_ARG(dir));
}

/* One word to the agent, with a descriptor unless that is -1. */
static int control_send(struct str dir, const char *word, int fd, struct err *err)
{
	cleanup_fd int dfd = dir_open(AT_FDCWD, str_c(dir), err);
	cleanup_fd int sock_fd = dfd < 0 ? -1 : control_socket(err);
	struct sockaddr_un address;
	struct iovec iov = {.iov_base = (void *)(uintptr_t)word, .iov_len = strlen(word)};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} room = {0};
	struct msghdr msg = {.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &iov,
		.msg_iovlen = 1};

	if (sock_fd < 0)
		return -1;
	address_of(dfd, &address);
	if (fd >= 0) {
		room.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(fd)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(&room.head), &fd, sizeof(fd));
		msg.msg_control = &room;
		msg.msg_controllen = sizeof(room);
	}
	return sendmsg(sock_fd, &msg, MSG_NOSIGNAL) < 0 ? control_missing(dir, err) : 0;
}

int control_ask(struct str dir, enum cancel_mode mode, struct err *err)
{
	return control_send(dir, words[mode], -1, err);
}

int control_visit(struct str dir, struct err *err)
{
	int own_fd cleanup_fd = -1;
	int other_fd cleanup_fd = -1;

	if (fd_socketpair(&own_fd, &other_fd, err) ||
		control_send(dir, visit_word, other_fd, err))
		return -1;
	return fd_take(&own_fd);
}
