/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes. clone(2) and not clone3(2): all that is needed fits the old call, and container
 * profiles answer ENOSYS for the new one.
 */
#include "spawn.h"
#include "init/rawsys.h"
#include <base/fd.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_TIMEOUT_MS = 30000, READ_TRIES = 3 };

static const char *const stage_names[] = {
	[CHILD_JOIN] = "enter the run's namespaces",
	[CHILD_CLONE] = "make the step's namespaces",
	[CHILD_MAP] = "write the step's id maps",
	[CHILD_STARTED] = "start",
	[CHILD_IDS] = "become the first user of the namespace",
	[CHILD_STDIO] = "set up the standard descriptors",
	[CHILD_OP] = "operation",
	[CHILD_CAPS] = "drop capabilities",
	[CHILD_SECCOMP] = "install the seccomp filter",
	[CHILD_EXEC] = "execute step-init",
};
_Static_assert(sizeof(stage_names) / sizeof(stage_names[0]) == CHILD_STAGE_N, "every stage");

const char *child_stage_name(enum child_stage s)
{
	return stage_names[s];
}

static void signals_block(sigset_t *ret_old)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, ret_old);
}

/* In a session of its own, also what comes of it: what a terminal sends (^C) is for the agent
 * alone, which tells each process what becomes of it. */
static pid_t process_new(unsigned long flags, struct err *err)
{
	long pid = sys5(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		sys0(SYS_setsid);
	if (pid < 0)
		return (pid_t)err_sysno(err, (int)-pid, "%s",
			flags & CLONE_NEWUSER ? "make a user namespace" : "make a process");
	return (pid_t)pid;
}

int child_outlive_nobody(pid_t parent, struct err *err)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
		return err_sys(err, "ask for a signal at the agent's death");
	if (getppid() != parent)
		return err_set(err, ERR_CANCELLED, "the agent is gone");
	return 0;
}

int spawn_child(unsigned long flags, int (*fn)(void *arg), void *arg, struct spawned *ret,
	struct err *err)
{
	/* in a PID namespace of its own a child does not see its parent */
	const pid_t parent = flags & CLONE_NEWPID ? 0 : getpid();
	sigset_t old;
	pid_t pid;

	signals_block(&old);
	pid = process_new(flags, err);
	if (pid == 0)
		_exit(child_outlive_nobody(parent, NULL) ? 126 : fn(arg));
	sigprocmask(SIG_SETMASK, &old, NULL);
	if (pid < 0)
		return -1;
	ret->pid = pid;
	ret->pidfd_fd = pidfd_open(pid, 0); /* not reaped yet, so the pid is still this child */
	if (ret->pidfd_fd >= 0)
		return 0;
	err_sys(err, "open a descriptor of process %d", pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	return -1;
}

int spawn_wait(struct spawned *s, int timeout_ms, int *ret_status, struct err *err)
{
	struct pollfd pfd = {.fd = s->pidfd_fd, .events = POLLIN};
	siginfo_t si = {0};
	bool is_late = false;
	int n;

	do
		n = poll(&pfd, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	if (n == 0) {
		is_late = true;
		pidfd_send_signal(s->pidfd_fd, SIGKILL, NULL, 0);
	}
	do
		n = waitid(P_PIDFD, (id_t)s->pidfd_fd, &si, WEXITED | __WALL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		err_sys(err, "wait for process %d", s->pid);
	fd_close(&s->pidfd_fd);
	if (n < 0)
		return -1;
	if (is_late)
		return err_sysno(err, ETIMEDOUT, "process %d", s->pid);
	*ret_status = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
	return 0;
}

/* Reads reports until every writer is gone. */
static int reports_read(int report_fd, pid_t *ret_pid, struct child_report *r, struct err *err)
{
	struct pollfd pfd = {.fd = report_fd, .events = POLLIN};
	int tries = 0;

	for (;;) {
		struct child_report got;
		ssize_t n = poll(&pfd, 1, START_TIMEOUT_MS);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			return err_sysno(err, ETIMEDOUT, "start of the step");
		n = read(report_fd, &got, sizeof(got));
		/* giving up would leave a process that we do not know */
		if (n < 0 && (errno == EINTR || ++tries < READ_TRIES))
			continue;
		if (n == 0)
			return 0;
		if (n != (ssize_t)sizeof(got) || got.stage >= CHILD_STAGE_N)
			return err_set(err, ERR_BUG, "report of the child is not understood");
		if (got.stage == CHILD_STARTED)
			*ret_pid = got.err;
		else if (!r->err)
			*r = got;
	}
}

int spawn_step(struct child_plan *p, int report_fd, pid_t *ret_pid, struct child_report *r,
	struct err *err)
{
	sigset_t old;
	pid_t first, pid = 0;
	int ret;

	*r = (struct child_report){0};
	signals_block(&old);
	first = process_new(0, err);
	if (first == 0)
		child_join(p);
	sigprocmask(SIG_SETMASK, &old, NULL);
	fd_close(&p->report_fd);
	if (first < 0)
		return -1;
	ret = reports_read(report_fd, &pid, r, err);
	if (ret || r->err || !pid) {
		kill(first, SIGKILL);
		if (pid > 0) {
			kill(pid, SIGKILL);
			waitpid(pid, NULL, __WALL);
		}
	}
	waitpid(first, NULL, __WALL);
	if (ret)
		return -1;
	if (r->err)
		return err_sysno(err, r->err, "%s", child_stage_name(r->stage));
	if (!pid)
		return err_set(err, ERR_SANDBOX, "the child ended without a word");
	*ret_pid = pid;
	return 0;
}
