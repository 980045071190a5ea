/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespaces of a main process that may do more than others: nested in step-init's, so that
 * its capabilities count for what it makes itself. The mounts that it finds were made in the
 * namespace above; the kernel then keeps them together and their flags as they are
 * (mount_namespaces(7)).
 */
#define _GNU_SOURCE 1
#include "init.h"
#include "rawsys.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <sys/statfs.h>

enum { MAPPER_STACK_BYTES = 8192 };

static char mapper_stack[MAPPER_STACK_BYTES] __attribute__((aligned(16)));

enum { NEST_NS = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS };
enum nest { NEST_WAITS, NEST_MADE, NEST_FAILED };

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
 * A child of the main process that stays behind in step-init's user namespace: only from there
 * a map of more than one id can be written.
 */
static void nest_mapper(void *arg)
{
	struct init *in = arg;
	const char *maps = (const char *)in->o + orders_maps_at(in->o);
	long ret;

	while (in->nest == NEST_WAITS)
		sys4(SYS_futex, &in->nest, FUTEX_WAIT, NEST_WAITS, 0);
	if (in->nest == NEST_MADE) {
		ret = nest_open(sys0(SYS_getppid));
		if (ret >= 0) {
			int fd = (int)ret;

			ret = nest_map(fd, "uid_map", maps, in->o->n_uid_map);
			if (ret == 0)
				ret = nest_map(fd, "gid_map", maps + in->o->n_uid_map,
					in->o->n_gid_map);
		}
		in->nest_errno = ret < 0 ? (int)-ret : 0;
	}
	init_exit(0);
}

void nest_make(struct init *in)
{
	long pid = raw_clone_call(
		CLONE_VM | SIGCHLD, mapper_stack + MAPPER_STACK_BYTES, nest_mapper, in);
	long ret = pid;

	if (ret >= 0)
		ret = sys1(SYS_unshare, NEST_NS);
	in->nest = ret < 0 ? NEST_FAILED : NEST_MADE;
	sys3(SYS_futex, &in->nest, FUTEX_WAKE, 1);
	if (pid > 0 && sys4(SYS_wait4, pid, 0, WALL, 0) < 0)
		ret = -ECHILD;
	if (ret >= 0)
		ret = -in->nest_errno;
	if (ret < 0)
		main_fail(in, ORDERS_NESTING, ret);
}

void nest_visit(struct init *in)
{
	long ret = sys2(SYS_pidfd_open, ORDERS_MAIN_PID, 0);

	if (ret >= 0)
		ret = sys2(SYS_setns, ret, NEST_NS);
	if (ret == 0 && in->o->n_cwd) /* it brings to the root */
		ret = sys1(SYS_chdir, (const char *)in->o + orders_cwd_at(in->o));
	if (ret < 0)
		main_fail(in, ORDERS_NESTING, ret);
}
