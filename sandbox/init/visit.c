/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a visitor that is told to end: its program, and all that came of that, also what
 * went into a session of its own. As the subreaper of them this process becomes the parent of
 * whatever loses its own, so its children are looked for until there is none.
 */
#define _GNU_SOURCE 1
#include "init.h"
#include "rawsys.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/wait.h>

enum { NAPS_MAX = 1000, NAP_NS = 1000000, BLOCK_BYTES = 4096, STAT_BYTES = 512 };

static uint64_t block[BLOCK_BYTES / sizeof(uint64_t)];
static char stat_text[STAT_BYTES];

/* Its number, when that is what the name is; else -1. */
static long name_pid(const char *name)
{
	long pid = 0;

	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return -1;
		pid = pid * 10 + (*name - '0');
	}
	return pid;
}

/* "PID (NAME) S PPID ...", where the name is the process's own and may be anything. */
static long stat_parent(const char *text, long n)
{
	long at = n - 1;
	long pid = 0;

	while (at >= 0 && text[at] != ')')
		at--;
	for (at += 4; at > 3 && at < n && text[at] >= '0' && text[at] <= '9'; at++)
		pid = pid * 10 + (text[at] - '0');
	return pid;
}

static bool is_child(long proc_fd, const char *name, long own_pid)
{
	char path[32];
	long fd, n;
	int i = 0;

	for (; name[i] && i < 20; i++)
		path[i] = name[i];
	memcpy(path + i, "/stat", sizeof("/stat"));
	fd = sys4(SYS_openat, proc_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0)
		return false;
	n = sys3(SYS_read, fd, stat_text, sizeof(stat_text));
	sys1(SYS_close, fd);
	return n > 0 && stat_parent(stat_text, n) == own_pid;
}

/* Nobody else can reap them, so their numbers are theirs. */
static void kill_children(long proc_fd)
{
	const long own_pid = sys0(SYS_getpid);
	long n;

	while ((n = sys3(SYS_getdents64, proc_fd, block, sizeof(block))) > 0) {
		for (long at = 0; at < n;) {
			const struct init_dirent *d = (const void *)((const char *)block + at);
			const long pid = name_pid(d->name);

			at += d->size;
			if (pid > 0 && is_child(proc_fd, d->name, own_pid))
				sys2(SYS_kill, pid, SIGKILL);
		}
	}
}

/* The kernel's own, in the root of the step. */
static long proc_open(void)
{
	struct statfs fs;
	long fd = sys4(SYS_openat, AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd >= 0 && (sys2(SYS_fstatfs, fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)) {
		sys1(SYS_close, fd);
		return -EXDEV;
	}
	return fd;
}

void visit_begin(void)
{
	sys0(SYS_setsid);
	sys5(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void visit_end(const struct init *in)
{
	const long proc_fd = proc_open();

	if (in->main_pid)
		sys2(SYS_kill, in->main_pid, SIGKILL);
	/* a process of the step that traces one keeps its end, which then nobody waits for */
	for (int i = 0; i < NAPS_MAX; i++) {
		struct {
			int64_t s, ns;
		} nap = {.ns = NAP_NS};
		long pid;

		sys3(SYS_lseek, proc_fd, 0, 0);
		kill_children(proc_fd);
		do
			pid = sys4(SYS_wait4, -1, 0, WNOHANG | WALL, 0);
		while (pid > 0);
		if (pid == -ECHILD)
			break;
		sys5(SYS_ppoll, 0, 0, &nap, 0, SIGSET_BYTES);
	}
	init_exit(128 + SIGKILL);
}
