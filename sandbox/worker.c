/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Confined workers: the agent's own code on hostile bytes (unpacking), in a process that has
 * lost the rest of the machine: few descriptors, Landlock, few capabilities, a filter without
 * network, processes or exec.
 */
#include "ns.h"
#include "spawn.h"
#include <base/fd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KEEP_MAX = 64, LANDLOCK_ABI_MAX = 7 };

/* Rights by Landlock ABI; headers may be older than the kernel. */
static const uint64_t fs_rights[] = {
	0,
	(1 << 13) - 1,
	(1 << 14) - 1, /* refer */
	(1 << 15) - 1, /* truncate */
	(1 << 15) - 1,
	(1 << 16) - 1, /* ioctl on devices */
	(1 << 16) - 1,
	(1 << 16) - 1,
};
_Static_assert(ARRAY_SIZE(fs_rights) == LANDLOCK_ABI_MAX + 1, "rights for every ABI");

struct ruleset { /* as kernels with ABI 6 know it; older ones take the head */
	uint64_t fs, net, scoped;
};

static int landlock_allow(int set_fd, int dfd, uint64_t rights, struct err *err)
{
	struct landlock_path_beneath_attr a = {.allowed_access = rights, .parent_fd = dfd};

	if (syscall(SYS_landlock_add_rule, set_fd, LANDLOCK_RULE_PATH_BENEATH, &a, 0))
		return err_sys(err, "allow a directory to the worker");
	return 0;
}

static int landlock_apply(const struct sandbox_worker_config *c, struct err *err)
{
	const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	long abi =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset rules = {0};
	size_t n_rules;
	int set_fd cleanup_fd = -1;

	if (abi <= 0) /* none in this kernel: the filter and the ids remain */
		return 0;
	abi = abi < LANDLOCK_ABI_MAX ? abi : LANDLOCK_ABI_MAX;
	rules.fs = fs_rights[abi];
	rules.net = abi >= 4 ? 3 : 0;    /* no TCP */
	rules.scoped = abi >= 6 ? 3 : 0; /* no abstract sockets, no signals to outsiders */
	n_rules = abi >= 6 ? sizeof(rules) : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	set_fd = (int)syscall(SYS_landlock_create_ruleset, &rules, n_rules, 0);
	if (set_fd < 0)
		return err_sys(err, "make a landlock rule set");
	for (size_t i = 0; i < c->n_write_dfds; i++)
		if (landlock_allow(set_fd, c->write_dfds[i], rules.fs, err))
			return -1;
	for (size_t i = 0; i < c->n_read_dfds; i++)
		if (landlock_allow(set_fd, c->read_dfds[i], reading, err))
			return -1;
	if (syscall(SYS_landlock_restrict_self, set_fd, 0))
		return err_sys(err, "apply the landlock rule set");
	return 0;
}

/* What unpacking needs of a root agent's power: owners, modes, file capabilities, nodes. */
static int caps_shrink(struct err *err)
{
	const uint32_t keep = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE |
			      1U << CAP_DAC_READ_SEARCH | 1U << CAP_FOWNER | 1U << CAP_FSETID |
			      1U << CAP_MKNOD;
	const uint32_t setfcap = 1U << CAP_SETFCAP;
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {{0}};

	if (syscall(SYS_capget, &head, d))
		return err_sys(err, "read capabilities");
	d[0].permitted &= keep | setfcap;
	d[0].effective = d[0].permitted;
	d[0].inheritable = 0;
	d[1] = (struct __user_cap_data_struct){0};
	if (syscall(SYS_capset, &head, d))
		return err_sys(err, "drop capabilities");
	return 0;
}

struct worker {
	const struct sandbox_worker_config *c;
	const struct sock_fprog *filter;
	int report_fd;
};

static int fd_cmp(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Closes everything but 2 and what was listed; 0 and 1 become the null device. */
static int fds_shrink(const struct worker *w, struct err *err)
{
	const struct sandbox_worker_config *c = w->c;
	int keep[3 * KEEP_MAX + 1];
	size_t n = 0;
	unsigned int from = 3;
	int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(null_fd, 1) < 0)
		return err_sys(err, "open '/dev/null'");
	keep[n++] = w->report_fd;
	for (size_t i = 0; i < c->n_keep_fds; i++)
		keep[n++] = c->keep_fds[i];
	for (size_t i = 0; i < c->n_write_dfds; i++)
		keep[n++] = c->write_dfds[i];
	for (size_t i = 0; i < c->n_read_dfds; i++)
		keep[n++] = c->read_dfds[i];
	qsort(keep, n, sizeof(keep[0]), fd_cmp);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < (int)from)
			continue;
		if (keep[i] > (int)from && close_range(from, (unsigned int)keep[i] - 1, 0))
			return err_sys(err, "close descriptors");
		from = (unsigned int)keep[i] + 1;
	}
	if (close_range(from, ~0U, 0))
		return err_sys(err, "close descriptors");
	return 0;
}

static int worker_confine(const struct worker *w, struct err *err)
{
	if (w->c->ns && ns_join(w->c->ns, err))
		return -1;
	if (fds_shrink(w, err) || caps_shrink(err))
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_sys(err, "set no_new_privs");
	if (landlock_apply(w->c, err))
		return -1;
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, w->filter))
		return err_sys(err, "install the seccomp filter");
	return 0;
}

static int worker_main(void *arg)
{
	struct worker *w = arg;
	struct err err = {0};
	sigset_t none;

	if (worker_confine(w, &err)) {
		(void)!write(w->report_fd, &err, sizeof(err)); /* nobody else to tell */
		return 126;
	}
	close(w->report_fd);           /* the sign that it runs */
	for (int s = 1; s < NSIG; s++) /* the agent's handlers are not for this process */
		(void)sigaction(s, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	return w->c->fn(w->c->arg);
}

/* EOF: it runs; otherwise what went wrong. */
static int worker_wait(int report_fd, struct err *err)
{
	struct err got = {0};
	ssize_t n;

	do
		n = read(report_fd, &got, sizeof(got));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n == (ssize_t)sizeof(got) && err)
		*err = got;
	else
		err_set(err, ERR_SANDBOX, "the worker's report is not understood");
	return err_wrap(err, "worker");
}

int sandbox_worker_start(
	const struct sandbox_worker_config *c, struct sandbox_worker *ret, struct err *err)
{
	struct sock_fprog filter = {0};
	int read_fd cleanup_fd = -1, write_fd cleanup_fd = -1;
	struct worker w = {.c = c, .filter = &filter};
	struct spawned s = {.pidfd_fd = -1};
	int failed, status;

	if (c->n_keep_fds > KEEP_MAX || c->n_write_dfds > KEEP_MAX || c->n_read_dfds > KEEP_MAX)
		return err_set(
			err, ERR_LIMIT, "more than %d descriptors for a worker", KEEP_MAX);
	if (seccomp_compile(SECCOMP_WORKER, &filter, err))
		return -1;
	failed = fd_pipe(&read_fd, &write_fd, err);
	w.report_fd = write_fd;
	if (!failed)
		failed = spawn_child(0, worker_main, &w, &s, err);
	free(filter.filter);
	fd_close(&write_fd);
	if (failed)
		return -1;
	if (worker_wait(read_fd, err)) {
		/* killed unless it has ended: it may be at work, and wait for the caller */
		(void)spawn_wait(&s, 0, &status, NULL);
		return -1;
	}
	ret->pid = s.pid;
	ret->pidfd_fd = s.pidfd_fd;
	return 0;
}

int sandbox_worker_reap(struct sandbox_worker *w, int *ret_status, struct err *err)
{
	struct spawned s = {.pid = w->pid, .pidfd_fd = fd_take(&w->pidfd_fd)};

	return spawn_wait(&s, -1, ret_status, err);
}
