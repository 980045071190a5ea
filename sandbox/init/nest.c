/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespaces of a main process that may do more than others: nested in step-init's, so that
 * its capabilities count for what it makes itself. The mounts that it finds were made in the
 * namespace above; the kernel then keeps them together and their flags as they are
 * (mount_namespaces(7)).
 *
 * They are there before the program and after it, for visitors: a keeper makes them, the first
 * child of PID 1, and does nothing else. The main process enters them as visitors do. The
 * program may kill the keeper, as it is the namespaces' root: then nobody enters any more.
 */
#define _GNU_SOURCE 1
#include "init.h"
#include "rawsys.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/statfs.h>

enum { KEEPER_STACK_BYTES = 8192 };

static char keeper_stack[KEEPER_STACK_BYTES] __attribute__((aligned(16)));

enum { NEST_NS = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS };

static long nest_map(int proc_fd, const char *name, const char *text, size_t n)
{
	struct open_how how = {.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	long fd = sys4(SYS_openat2, proc_fd, name, &how, sizeof(how));
	long ret;

	if (fd < 0)
		return fd;
	ret = sys3(SYS_write, fd, text, n);
	sys1(SYS_close, fd);
	return ret < 0 ? ret : ret == (long)n ? 0 : -EIO;
}

/* Of a process, in a directory that is the kernel's own. */
static long nest_open(long pid)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	char path[32] = "/proc/";
	char *p = path + sizeof("/proc/") - 1;
	struct statfs fs;
	char digits[12];
	int n = 0;
	long fd;

	do
		digits[n++] = (char)('0' + pid % 10);
	while (pid /= 10);
	while (n)
		*p++ = digits[--n];
	*p = 0;
	fd = sys4(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	if (fd >= 0 && (sys2(SYS_fstatfs, fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC))
		return -EXDEV;
	return fd;
}

/*
 * Has nothing of step-init but a copy of its memory, which is not dumpable, and whose owner is
 * the namespace above: the program cannot trace it, though it has every capability beside it.
 */
static void nest_keep(void *arg)
{
	struct init *in = arg;
	int32_t answer = (int32_t)sys1(SYS_unshare, NEST_NS);

	sys5(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (sys3(SYS_write, in->keeper_fd, &answer, sizeof(answer)) != sizeof(answer) || answer)
		init_exit(1);
	sys3(SYS_close_range, 0, ~0U, 0);
	for (;;)
		sys5(SYS_ppoll, 0, 0, 0, 0, 0);
}

/* Only from the namespace above a map of more than one id can be written. */
static long nest_map_all(const struct orders *o, long pid)
{
	const char *maps = (const char *)o + orders_maps_at(o);
	long fd = nest_open(pid);
	long ret;

	if (fd < 0)
		return fd;
	ret = nest_map((int)fd, "uid_map", maps, o->n_uid_map);
	if (ret == 0)
		ret = nest_map((int)fd, "gid_map", maps + o->n_uid_map, o->n_gid_map);
	sys1(SYS_close, fd);
	return ret;
}

long nest_make(struct init *in)
{
	int32_t answer = -ECHILD;
	int pipe_fd[2];
	long ret = sys2(SYS_pipe2, pipe_fd, O_CLOEXEC);
	long pid;

	if (ret < 0)
		return ret;
	in->keeper_fd = pipe_fd[1];
	pid = raw_clone_call(SIGCHLD, keeper_stack + KEEPER_STACK_BYTES, nest_keep, in);
	sys1(SYS_close, pipe_fd[1]);
	ret = pid;
	if (pid > 0) {
		sys3(SYS_read, pipe_fd[0], &answer, sizeof(answer));
		ret = answer;
	}
	sys1(SYS_close, pipe_fd[0]);
	if (ret == 0 && pid != ORDERS_KEEPER_PID)
		ret = -EAGAIN;
	return ret ? ret : nest_map_all(in->o, pid);
}

void nest_enter(struct init *in)
{
	long ret = sys2(SYS_pidfd_open, ORDERS_KEEPER_PID, 0);
	long fd = ret;

	if (ret >= 0) {
		ret = sys2(SYS_setns, fd, NEST_NS);
		sys1(SYS_close, fd);
	}
	if (ret == 0) /* it brings to the root */
		ret = sys1(SYS_chdir, (const char *)in->o + orders_cwd_at(in->o));
	if (ret < 0)
		main_fail(in, ORDERS_NESTING, ret);
}
