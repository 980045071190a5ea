/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two children of one start. The first joins the run's namespaces, clones the second into
 * namespaces of its own and writes its id maps, which only a process of the outer user
 * namespace may do. The second walks the operations and executes step-init. It is the agent's
 * child (CLONE_PARENT) and PID 1 of its namespace from birth.
 *
 * The second shares the first one's memory, itself a copy of the agent's, so that one copy of
 * the page tables is made and not two.
 */
#include "child.h"
#include "init/rawsys.h"
#include "ops.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

enum { SIGNALS = 64, SIGSET_BYTES = 8, GO_SECONDS = 30 };

static void child_exit(void) __attribute__((noreturn));
static void child_fail(const struct child_plan *p, enum child_stage stage, size_t op, long ret)
	__attribute__((noreturn));

static void child_exit(void)
{
	for (;;)
		sys1(SYS_exit_group, 0);
}

static long child_report(
	const struct child_plan *p, enum child_stage stage, size_t op, long value)
{
	struct child_report r = {
		.stage = (uint16_t)stage, .op = (uint16_t)op, .err = (int32_t)value};

	return sys3(SYS_write, p->report_fd, &r, sizeof(r));
}

static void child_fail(const struct child_plan *p, enum child_stage stage, size_t op, long ret)
{
	child_report(p, stage, op, -ret);
	child_exit();
}

static int64_t child_now(void)
{
	struct timespec t = {0};

	sys2(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static long child_write_file(const char *path, const char *text, size_t n)
{
	long ret;
	int fd = (int)sys4(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	ret = sys3(SYS_write, fd, text, n);
	sys1(SYS_close, fd);
	if (ret < 0)
		return ret;
	return (size_t)ret == n ? 0 : -EIO;
}

/* "/proc/PID/NAME" into buf, which is large enough. */
static void child_proc_path(char *buf, long pid, const char *name)
{
	char digits[20];
	int n = 0;

	for (const char *p = "/proc/"; *p; p++)
		*buf++ = *p;
	do {
		digits[n++] = (char)('0' + pid % 10);
		pid /= 10;
	} while (pid);
	while (n)
		*buf++ = digits[--n];
	*buf++ = '/';
	while (*name)
		*buf++ = *name++;
	*buf = 0;
}

/* --- the second child: the step's process ----------------------------------------------- */

/*
 * Descriptors may overlap 0 to 2 in any order, so they are first moved out of the way. -1 stays
 * what the first child left there.
 */
static long child_stdio(const struct child_plan *p)
{
	int high[3];

	for (int i = 0; i < 3; i++) {
		long fd = p->std_fd[i];

		if (fd < 3)
			fd = sys3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return fd;
		high[i] = (int)fd;
	}
	for (int i = 0; i < 3; i++) {
		long ret = sys3(SYS_dup3, high[i], i, 0);

		if (ret < 0)
			return ret;
	}
	return 0;
}

static void child_reset_signals(void)
{
	struct { /* the kernel's layout; SIG_DFL and no flags */
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} dfl = {0};

	for (int i = 1; i <= SIGNALS; i++)
		sys4(SYS_rt_sigaction, i, &dfl, 0, SIGSET_BYTES);
}

static void child_exec(const struct child_plan *p) __attribute__((noreturn));

static void child_exec(const struct child_plan *p)
{
	long ret;

	/* everything is close-on-exec already; this holds when a caller forgot one */
	ret = sys3(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	if (ret == 0)
		ret = sys3(SYS_fcntl, p->status_fd, F_SETFD, 0);
	if (ret == 0)
		ret = sys3(SYS_fcntl, p->orders_fd, F_SETFD, 0);
	if (ret == 0)
		ret = sys3(SYS_fcntl, p->agent_fd, F_SETFD, 0);
	if (ret == 0 && p->hold_fd >= 0)
		ret = sys3(SYS_fcntl, p->hold_fd, F_SETFD, 0);
	if (ret == 0 && p->copies_fd >= 0)
		ret = sys3(SYS_fcntl, p->copies_fd, F_SETFD, 0);
	if (ret == 0 && p->start_fd >= 0)
		ret = sys3(SYS_fcntl, p->start_fd, F_SETFD, 0);
	if (ret == 0 && p->program_fd >= 0)
		ret = sys3(SYS_fcntl, p->program_fd, F_SETFD, 0);
	if (ret == 0)
		ret = child_confine(p);
	if (ret < 0)
		child_fail(p, CHILD_SECCOMP, 0, ret);
	p->times->ready_ns = child_now();
	ret = sys5(SYS_execveat, p->init_fd, "", p->argv, p->envp, AT_EMPTY_PATH);
	child_fail(p, CHILD_EXEC, 0, ret);
}

static void child_step(void *arg)
{
	struct child_plan *p = arg;
	struct child_state s = {.stage_fd = -1, .root_fd = -1, .dev_fd = -1, .proc_fd = -1};
	const struct timespec limit = {.tv_sec = GO_SECONDS};
	long ret;

	/* the agent may die, and the first child with it */
	sys5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	while (!p->go)
		if (sys4(SYS_futex, &p->go, FUTEX_WAIT, 0, &limit) == -ETIMEDOUT)
			child_exit();
	p->times->cloned_ns = child_now();
	ret = child_become_root(p);
	if (ret < 0)
		child_fail(p, CHILD_IDS, 0, ret);
	/* here and after every change of ids, which clears it */
	sys5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	ret = child_stdio(p);
	if (ret < 0)
		child_fail(p, CHILD_STDIO, 0, ret);
	child_reset_signals();
	sys1(SYS_umask, 0);
	if (p->step_fd >= 0)
		s.root_fd = (int)sys4(
			SYS_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	for (size_t i = 0; i < p->n_ops; i++) {
		ret = child_op(&s, &p->ops[i]);
		if (ret < 0)
			child_fail(p, CHILD_OP, i, ret);
	}
	sys1(SYS_umask, 022);
	ret = child_drop_caps(p);
	if (ret < 0)
		child_fail(p, CHILD_CAPS, 0, ret);
	child_exec(p);
}

/* --- the first child -------------------------------------------------------------------- */

static long child_enter_namespaces(const struct child_plan *p)
{
	long ret;

	/* our /proc files must be ours: writing maps needs it, and the agent is not dumpable */
	sys5(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	if (p->n_oom_text) {
		/* raising needs no privilege; a pod may have /proc read-only, then it stays */
		(void)child_write_file("/proc/self/oom_score_adj", p->oom_text, p->n_oom_text);
	}
	ret = sys2(SYS_setns, p->user_fd, CLONE_NEWUSER);
	if (ret == 0 && p->net_fd >= 0)
		ret = sys2(SYS_setns, p->net_fd, CLONE_NEWNET);
	/* nobody without a uid there may make a namespace inside */
	if (ret == 0)
		ret = child_become_root(p);
	sys5(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0); /* new credentials took it away */
	return ret;
}

static long child_write_maps(const struct child_plan *p, long pid)
{
	char path[64];
	long ret;

	child_proc_path(path, pid, "uid_map");
	ret = child_write_file(path, p->uid_map, p->n_uid_map);
	if (ret < 0)
		return ret;
	child_proc_path(path, pid, "gid_map");
	return child_write_file(path, p->gid_map, p->n_gid_map);
}

void child_join(struct child_plan *p)
{
	/* without one of its own a step is in the agent's cgroup namespace, which belongs to a
	 * user namespace above the step's: it can mount nothing of it */
	const unsigned long own = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
				  CLONE_NEWUTS | (p->has_cgroup ? CLONE_NEWCGROUP : 0);
	const bool is_visit = p->step_fd >= 0;
	long ret = child_enter_namespaces(p);
	long pid;

	/* as the owner of the run's namespace we have every right over the step's in it */
	if (ret == 0 && is_visit)
		ret = sys2(SYS_setns, p->step_fd, own);
	if (ret < 0)
		child_fail(p, CHILD_JOIN, 0, ret);
	pid = raw_clone_call((is_visit ? 0 : own) | CLONE_VM | CLONE_PARENT | SIGCHLD,
		p->stack_top, child_step, p);
	if (pid < 0)
		child_fail(p, CHILD_CLONE, 0, pid);
	ret = child_report(p, CHILD_STARTED, 0, pid);
	if (ret >= 0)
		ret = is_visit ? 0 : child_write_maps(p, pid);
	if (ret < 0) { /* one that the agent does not know of must not run */
		sys2(SYS_kill, pid, SIGKILL);
		child_fail(p, CHILD_MAP, 0, ret);
	}
	p->go = 1;
	sys3(SYS_futex, &p->go, FUTEX_WAKE, 1);
	child_exit();
}
