/* SPDX-License-Identifier: Apache-2.0 */
/* Signals, strangers, last words. */
#include "pid1.h"

#include <base/attr.h>
#include <base/bounds.h>
#include <base/fd.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct pid1 {
	struct pid1_events events;
	struct watch *watch;
	int signal_fd;
	bool is_first;      /* PID 1 */
	bool has_strangers; /* SIGCHLD came, and not everything was reaped */
	sigset_t old_mask;
	struct sigaction old_pipe;
};

/* One child that has ended and belongs to nobody; false: there is none to be seen now. */
static bool pid1_reap_one(struct pid1 *p)
{
	siginfo_t info = {0};

	if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0) {
		p->has_strangers = false;
		return false;
	}
	/* one of ours is in front: its own watcher takes it, and we look again a turn later */
	if (p->events.is_ours(p->events.arg, info.si_pid))
		return false;
	return waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG) == 0;
}

void pid1_turn(struct pid1 *p)
{
	if (!p->is_first || !p->has_strangers)
		return;
	while (pid1_reap_one(p))
		;
}

static void pid1_take(struct pid1 *p, int signal)
{
	switch (signal) {
	case SIGTERM:
	case SIGINT:
	case SIGHUP:
		p->events.stop(p->events.arg, signal);
		return;
	case SIGWINCH:
		p->events.resize(p->events.arg);
		return;
	case SIGCHLD:
		p->has_strangers = true;
		return;
	default:
		return;
	}
}

static void pid1_on_signal(void *arg, int fd)
{
	struct pid1 *p = arg;
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		pid1_take(p, (int)info.ssi_signo);
	pid1_turn(p);
}

void pid1_poll(struct pid1 *p)
{
	pid1_on_signal(p, p->signal_fd);
}

/* What asks a run to stop; a hangup does not when nohup(1) started us. */
static void pid1_stop_signals(sigset_t *mask)
{
	struct sigaction hup = {0};

	sigemptyset(mask);
	sigaddset(mask, SIGTERM);
	sigaddset(mask, SIGINT);
	if (sigaction(SIGHUP, NULL, &hup) < 0 || hup.sa_handler != SIG_IGN)
		sigaddset(mask, SIGHUP);
}

void pid1_hold_signals(void)
{
	sigset_t mask;

	if (getpid() != 1)
		return;
	pid1_stop_signals(&mask);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
}

int pid1_open(
	struct loop *loop, const struct pid1_events *events, struct pid1 **ret, struct err *err)
{
	struct pid1 *p = mem_zalloc(sizeof(*p));
	sigset_t mask;

	p->events = *events;
	p->is_first = getpid() == 1;
	pid1_stop_signals(&mask);
	sigaddset(&mask, SIGWINCH);
	if (p->is_first)
		sigaddset(&mask, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &mask, &p->old_mask);
	/* whoever watches may go away; the run and its record do not */
	(void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &p->old_pipe);
	p->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p->signal_fd < 0)
		(void)err_sys(err, "listen for signals");
	else
		p->watch = loop_add_read(
			loop, p->signal_fd, LOOP_SIGNAL, "signals", pid1_on_signal, p, err);
	if (!p->watch) {
		pid1_free(p);
		return -1;
	}
	*ret = p;
	return 0;
}

void pid1_free(struct pid1 *p)
{
	if (!p)
		return;
	watch_remove(p->watch);
	fd_close(&p->signal_fd);
	(void)sigprocmask(SIG_SETMASK, &p->old_mask, NULL);
	(void)sigaction(SIGPIPE, &p->old_pipe, NULL);
	free(p);
}

/* --- last words: the one place that needs state which a signal handler can reach --------- */

static const int last_words_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

static struct {
	pid_t pid; /* whose; a forked child has no say */
	int fd;
	size_t n;
	char text[BOUND_TERMINATION_BYTES]; /* padded with spaces */
	struct sigaction before[ARRAY_SIZE(last_words_signals)];
	char stack[16 * KIB];
} last_words = {.fd = -1};

/* Only what is async-signal-safe: getpid, pwrite, ftruncate, write, sigaction, raise, _exit. */
static void last_words_say(int signal)
{
	static const char sentence[] = "monopod: ended by a bug of its own\n";
	ssize_t done = write(STDERR_FILENO, sentence, sizeof(sentence) - 1);

	if (last_words.fd >= 0 && last_words.pid == getpid()) {
		/* padded as far as any earlier statement can reach, then cut */
		done = pwrite(last_words.fd, last_words.text, sizeof(last_words.text), 0);
		if (ftruncate(last_words.fd, (off_t)last_words.n) < 0)
			done = -1;
	}
	(void)done; /* nobody is left to be told */
	for (size_t i = 0; i < ARRAY_SIZE(last_words_signals); i++) {
		if (last_words_signals[i] == signal)
			(void)sigaction(signal, &last_words.before[i], NULL);
	}
	/* PID 1 would not die of its own signal, and go on behind these words */
	if (getpid() == 1)
		_exit(EXIT_INTERNAL);
	(void)raise(signal);
}

void last_words_set(int fd, struct str text)
{
	struct sigaction act = {.sa_handler = last_words_say, .sa_flags = SA_ONSTACK};
	stack_t stack = {.ss_sp = last_words.stack, .ss_size = sizeof(last_words.stack)};
	bool is_first_call = last_words.n == 0;

	BUG_ON(text.n > sizeof(last_words.text));
	last_words.pid = getpid();
	last_words.fd = fd;
	memset(last_words.text, ' ', sizeof(last_words.text));
	memcpy(last_words.text, text.p, text.n);
	last_words.n = text.n;
	if (!is_first_call)
		return;
	(void)sigaltstack(&stack, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(last_words_signals); i++)
		(void)sigaction(last_words_signals[i], &act, &last_words.before[i]);
}
