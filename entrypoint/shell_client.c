/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal or pipes, carried between a visitor and the person; termios(3), pty(7). */
#include "shell_client.h"

#include "visit_request.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/log.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { BLOCK_BYTES = 16 * KIB, REST_MS = 200 };

struct flow {               /* one direction */
	int from_fd, to_fd; /* from -1: it is over */
	bool owns_from, owns_to;
	char block[BLOCK_BYTES];
	size_t n, at; /* what is in the block, and how much of it went out */
};

enum { FLOW_IN, FLOW_OUT, FLOW_ERR, FLOWS };

struct shell_client {
	bool has_terminal;
	bool is_raw;
	struct termios before;
	sigset_t mask_before;
	bool has_mask;
	int signal_fd;
	int other_fd[3]; /* the visitor's ends; [0] alone with a terminal */
	struct flow flows[FLOWS];
	int by_signal; /* that told us to end */
};

/* --- the terminal ------------------------------------------------------------------------ */

static void raw_begin(struct shell_client *c)
{
	struct termios raw = c->before;

	cfmakeraw(&raw);
	c->is_raw = c->has_terminal && tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

static void raw_end(struct shell_client *c)
{
	if (c->is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &c->before);
	c->is_raw = false;
}

static void size_copy(const struct shell_client *c)
{
	struct winsize size;

	if (c->has_terminal && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		(void)ioctl(c->flows[FLOW_OUT].from_fd, TIOCSWINSZ, &size);
}

/* A pair of its own: the slave is the visitor's, with the settings that the person's has. */
static int open_terminal(struct shell_client *c, struct err *err)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "make a terminal");
	c->flows[FLOW_IN] = (struct flow){.from_fd = STDIN_FILENO, .to_fd = fd};
	c->flows[FLOW_OUT] =
		(struct flow){.from_fd = fd, .to_fd = STDOUT_FILENO, .owns_from = true};
	if (grantpt(fd) < 0 || unlockpt(fd) < 0)
		return err_sys(err, "make a terminal");
	c->other_fd[0] = ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (c->other_fd[0] < 0 || tcsetattr(c->other_fd[0], TCSANOW, &c->before) < 0)
		return err_sys(err, "make a terminal");
	size_copy(c);
	return fd_set_nonblock(fd, err);
}

static int open_pipes(struct shell_client *c, struct err *err)
{
	for (int i = 0; i < FLOWS; i++) {
		struct flow *f = &c->flows[i];
		int *own = i == FLOW_IN ? &f->to_fd : &f->from_fd;

		f->from_fd = f->to_fd = i;
		f->owns_to = i == FLOW_IN;
		f->owns_from = i != FLOW_IN;
		*own = -1;
		if (fd_pipe(i == FLOW_IN ? &c->other_fd[i] : own,
			    i == FLOW_IN ? own : &c->other_fd[i], err) ||
			fd_set_nonblock(*own, err))
			return -1;
	}
	return 0;
}

/* --- life -------------------------------------------------------------------------------- */

/* Signals come through a descriptor, so that none of them finds the terminal raw. */
static int watch_signals(struct shell_client *c, struct err *err)
{
	static const int watched[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGPIPE};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(watched); i++)
		sigaddset(&set, watched[i]);
	if (sigprocmask(SIG_BLOCK, &set, &c->mask_before) < 0)
		return err_sys(err, "block signals");
	c->has_mask = true;
	c->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return c->signal_fd < 0 ? err_sys(err, "watch signals") : 0;
}

int shell_client_new(struct shell_client **ret, struct err *err)
{
	struct shell_client *c = mem_zalloc(sizeof(*c));

	c->signal_fd = -1;
	for (int i = 0; i < FLOWS; i++) {
		c->other_fd[i] = -1;
		c->flows[i].from_fd = c->flows[i].to_fd = -1;
	}
	c->has_terminal = isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &c->before) == 0;
	if (watch_signals(c, err) ||
		(c->has_terminal ? open_terminal(c, err) : open_pipes(c, err))) {
		shell_client_free(c);
		return -1;
	}
	*ret = c;
	return 0;
}

bool shell_client_has_terminal(const struct shell_client *c)
{
	return c->has_terminal;
}

static void flow_close(struct flow *f)
{
	if (f->owns_to)
		fd_close(&f->to_fd);
	if (f->owns_from)
		fd_close(&f->from_fd);
	f->from_fd = f->to_fd = -1;
}

void shell_client_free(struct shell_client *c)
{
	if (!c)
		return;
	raw_end(c);
	for (int i = 0; i < FLOWS; i++) {
		flow_close(&c->flows[i]);
		fd_close(&c->other_fd[i]);
	}
	fd_close(&c->signal_fd);
	if (c->has_mask)
		(void)sigprocmask(SIG_SETMASK, &c->mask_before, NULL);
	free(c);
}

int shell_client_hand_over(struct shell_client *c, int channel_fd, struct err *err)
{
	static const char names[] = {'0', '1', '2'};

	for (int i = 0; i < FLOWS; i++) {
		const char *name = c->has_terminal ? "t" : &names[i];

		if (c->other_fd[i] < 0)
			continue;
		if (fd_send(channel_fd, name, 1, c->other_fd[i], err))
			return -1;
		fd_close(&c->other_fd[i]);
	}
	return 0;
}

/* --- what goes on ------------------------------------------------------------------------ */

/* Without a terminal it is for the visitor to say what a signal means. */
static void pass_on(int channel_fd, int signal)
{
	const char text[2] = {'s', (char)signal};

	(void)send(channel_fd, text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* SIGTSTP: to the side, with the terminal as it was; and back. */
static void step_aside(struct shell_client *c)
{
	raw_end(c);
	(void)raise(SIGSTOP);
	raw_begin(c);
	size_copy(c);
}

static void take_signal(struct shell_client *c, int channel_fd)
{
	struct signalfd_siginfo si;

	if (read(c->signal_fd, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return;
	switch (si.ssi_signo) {
	case SIGWINCH:
		size_copy(c);
		break;
	case SIGTSTP:
		step_aside(c);
		break;
	case SIGINT:
	case SIGQUIT:
		if (c->has_terminal || channel_fd < 0) /* nobody is there any more */
			c->by_signal = (int)si.ssi_signo;
		else
			pass_on(channel_fd, (int)si.ssi_signo);
		break;
	case SIGTERM:
	case SIGHUP:
		c->by_signal = (int)si.ssi_signo;
		break;
	default:
		break;
	}
}

/* One piece, as far as it goes. A side that is gone ends the direction. */
static void flow_move(struct flow *f, bool can_read, bool can_write)
{
	ssize_t n;

	if (can_read && f->at == f->n) {
		n = read(f->from_fd, f->block, sizeof(f->block));
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return;
		if (n <= 0) { /* EIO: nobody has the terminal's other side any more */
			flow_close(f);
			return;
		}
		f->at = 0;
		f->n = (size_t)n;
	}
	if (!can_write || f->at == f->n)
		return;
	/* that much goes into a pipe at once; more would block where signals are not seen */
	n = write(
		f->to_fd, f->block + f->at, f->n - f->at < PIPE_BUF ? f->n - f->at : PIPE_BUF);
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		flow_close(f);
	else if (n > 0)
		f->at += (size_t)n;
}

/* False: nothing came within the time. */
static bool flows_turn(struct shell_client *c, int channel_fd, int wait_ms, short *ret_channel)
{
	struct pollfd p[2 + 2 * FLOWS] = {
		{.fd = channel_fd, .events = POLLIN}, {.fd = c->signal_fd, .events = POLLIN}};
	int n;

	for (int i = 0; i < FLOWS; i++) {
		const struct flow *f = &c->flows[i];
		bool is_full = f->at < f->n;

		/* a side that cannot be waited for is not asked */
		p[2 + 2 * i] = (struct pollfd){
			.fd = f->from_fd < 0 || is_full ? -1 : f->from_fd, .events = POLLIN};
		p[3 + 2 * i] = (struct pollfd){
			.fd = f->from_fd >= 0 && is_full ? f->to_fd : -1, .events = POLLOUT};
	}
	n = poll(p, ARRAY_SIZE(p), wait_ms);
	*ret_channel = 0;
	if (n <= 0)
		return n < 0 && errno == EINTR;
	if (p[1].revents)
		take_signal(c, channel_fd);
	for (int i = 0; i < FLOWS; i++) {
		if (c->flows[i].from_fd >= 0)
			flow_move(&c->flows[i], p[2 + 2 * i].revents, p[3 + 2 * i].revents);
	}
	*ret_channel = p[0].revents;
	return true;
}

static bool is_pending(const struct flow *f)
{
	return f->from_fd >= 0 && f->at < f->n;
}

/* What the visitor wrote before its end is still on its way, and waits for who reads it here,
 * if that is slow; who else holds its terminal or its pipes is not waited for long. */
static void flows_rest(struct shell_client *c)
{
	const struct flow *out = &c->flows[FLOW_OUT], *problems = &c->flows[FLOW_ERR];
	int wait_ms;
	short channel;

	raw_end(c);
	flow_close(&c->flows[FLOW_IN]);
	do {
		wait_ms = is_pending(out) || is_pending(problems) ? -1 : REST_MS;
	} while ((out->from_fd >= 0 || problems->from_fd >= 0) && !c->by_signal &&
		 flows_turn(c, -1, wait_ms, &channel));
}

static int lost(struct err *err)
{
	return err_set(
		err, ERR_NOT_FOUND, "the run is over, or does not take orders of this user");
}

int shell_client_run(struct shell_client *c, int channel_fd, int *ret_status, struct err *err)
{
	struct visit_reply r;
	short channel;
	ssize_t n;

	for (;;) {
		(void)flows_turn(c, channel_fd, -1, &channel);
		if (c->by_signal) {
			*ret_status = 128 + c->by_signal;
			return 0;
		}
		if (!channel)
			continue;
		n = recv(channel_fd, &r, sizeof(r), MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0 || !visit_reply_check(&r, (size_t)n)) {
			flows_rest(c);
			return lost(err);
		}
		if (r.kind == VISIT_STARTED) {
			raw_begin(c);
			continue;
		}
		flows_rest(c);
		if (r.kind != VISIT_ENDED)
			return err_set(err, (enum err_kind)r.value, "%s", r.text);
		if (r.text[0])
			log_error("%s", r.text);
		*ret_status = c->by_signal ? 128 + c->by_signal : r.value;
		return 0;
	}
}
