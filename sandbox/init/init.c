/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step-init: PID 1 of a step's PID namespace. Starts the step's main process, reaps, forwards
 * signals that come from outside, reports how the main process ended and exits, which ends
 * everything in the namespace. Beside it, with ORDERS_VISIT, the same for one more program: it
 * is the agent's child in the program's stead, because what the step can trace it can keep from
 * ending. Freestanding: no libc, no heap, nothing of the agent's memory.
 *
 * It is already confined when it starts (bounding set, no_new_privs, seccomp). The step cannot
 * look into it: not dumpable, and the step has no CAP_SYS_PTRACE in its user namespace.
 */
#define _GNU_SOURCE 1
#include "init.h"
#include "rawsys.h"
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <linux/wait.h>
#include <monopod/sandbox.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>

enum { NAPS_MAX = 5000, NAP_NS = 1000000 };
enum { STACK_BYTES = 65536, PATH_BYTES = 4096 };
enum { MAX_ERRNO = 4095 };      /* as addresses, what is above is one */
enum { CONFIGFS = 0x62656570 }; /* in no public header */

static uint64_t orders_block[ORDERS_BYTES_MAX / sizeof(uint64_t)];
static char main_stack[STACK_BYTES] __attribute__((aligned(16)));
static char path_buf[PATH_BYTES];

void *memset(void *p, int c, size_t n)
{
	volatile char *b = p;

	while (n--)
		*b++ = (char)c;
	return p;
}

void *memcpy(void *to, const void *from, size_t n)
{
	volatile char *d = to;
	const char *s = from;

	while (n--)
		*d++ = *s++;
	return to;
}

void init_exit(int code)
{
	for (;;) {
		sys1(SYS_exit_group, code);
		__builtin_trap(); /* the step's own filter may refuse to let it end */
	}
}

/*
 * Everything in the namespace ends first, so that what this process holds (hold_fd) is let go
 * when nothing of the step is left, and not before: the kernel closes the files of a PID 1
 * that ends before it kills the others.
 */
static void __attribute__((noreturn)) init_end_all(const struct init *in, int code)
{
	struct {
		int64_t s, ns;
	} nap;

	if (in->o->flags & ORDERS_VISIT)
		visit_end(in);
	for (int i = 0; i < NAPS_MAX;) {
		if (sys2(SYS_kill, -1, SIGKILL) == -ESRCH)
			break;
		if (sys4(SYS_wait4, -1, 0, WALL, 0) != -ECHILD)
			continue;
		/* a visitor: somebody outside has to reap it */
		nap.s = 0;
		nap.ns = NAP_NS;
		sys5(SYS_ppoll, 0, 0, &nap, 0, SIGSET_BYTES);
		i++;
	}
	init_exit(code);
}

/* Signals of the agent that the main process gets; everything else aimed at us is ignored. */
static const int forwarded[] = {
	SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT, SIGTSTP};

static uint64_t signal_bit(int signal)
{
	return UINT64_C(1) << (signal - 1);
}

static uint64_t signals_watched(void)
{
	uint64_t set = signal_bit(SIGCHLD) | signal_bit(ORDERS_DEATH_SIGNAL) |
		       signal_bit(ORDERS_GO_SIGNAL) | signal_bit(ORDERS_KILL_SIGNAL);

	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		set |= signal_bit(forwarded[i]);
	return set;
}

static size_t text_bytes(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

static void init_report(struct init *in, int code, int signal)
{
	struct sandbox_exit e = {.magic = SANDBOX_EXIT_MAGIC, .code = code, .signal = signal};

	if (in->exec_errno) {
		e.exec_errno = (uint32_t)in->exec_errno;
		e.code = in->stage;
		e.signal = 0;
	}
	sys3(SYS_write, in->status_fd, &e, sizeof(e));
}

/* The main process is over: so are we, unless somebody wants to look at a failure. */
static void init_ended(struct init *in, int code, int signal)
{
	if (in->status_fd >= 0)
		init_report(in, code, signal);
	if (in->o->flags & ORDERS_VISIT)
		init_exit(signal ? 128 + signal : code);
	if (!(in->o->flags & ORDERS_HOLD_FAILED) || (!in->exec_errno && !code && !signal))
		init_end_all(in, 0);
	in->main_pid = 0;
}

/* --- the main process, on its own stack, in our memory until it execs ------------------- */

void main_fail(struct init *in, int stage, long ret)
{
	in->stage = stage;
	in->exec_errno = (int)-ret;
	init_exit(127);
}

static void main_set_limits(struct init *in)
{
	const struct orders_limit *l =
		(const void *)((const char *)in->o + orders_limits_at(in->o));

	for (uint32_t i = 0; i < in->o->n_limits; i++) {
		uint64_t pair[2] = {l[i].soft, l[i].hard};
		long ret = sys4(SYS_prlimit64, 0, l[i].resource, pair, 0);

		if (ret < 0)
			main_fail(in, ORDERS_LIMITS, ret);
	}
}

/* Of the first 32. */
static long capset_to(uint32_t permitted, uint32_t effective)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = effective, .permitted = permitted}};

	return sys2(SYS_capset, &head, data);
}

/*
 * uid 0 keeps the step's bounding set. Any other uid keeps nothing and its securebits are
 * locked, unless setuid programs are to count; for uid 0 they stay as they are, because su,
 * sshd and daemons that keep a capability across setuid need the ordinary rules.
 */
static void main_set_bounding(struct init *in)
{
	const int bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
			 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
			 SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
	const bool is_kept = in->o->uid == 0 || in->o->flags & ORDERS_ESCALATE;
	/* a user namespace just made begins with all */
	const uint64_t had =
		in->o->flags & ORDERS_NEST ? UINT64_MAX : in->o->caps | ORDERS_INIT_CAPS;
	const uint64_t lost = had & ~(is_kept ? in->o->caps : UINT64_C(0));
	long ret;

	for (uint32_t c = 0; c <= in->o->last_cap; c++) {
		if (!(lost >> c & 1))
			continue;
		ret = sys5(SYS_prctl, PR_CAPBSET_DROP, c, 0, 0, 0);
		if (ret < 0)
			main_fail(in, ORDERS_CAPS, ret);
	}
	ret = is_kept ? 0 : sys5(SYS_prctl, PR_SET_SECUREBITS, bits, 0, 0, 0);
	if (ret < 0)
		main_fail(in, ORDERS_CAPS, ret);
}

/* What another user than 0 needs to install a filter where setuid programs count. */
static uint32_t main_filter_cap(const struct orders *o)
{
	return o->n_filter && o->uid != 0 && o->flags & ORDERS_ESCALATE ? 1U << CAP_SYS_ADMIN
									: 0;
}

/* The step's own filter, behind everything that is not the step's: only exec comes after it,
 * which takes the capability. */
static void main_set_filter(struct init *in)
{
	const uint32_t cap = main_filter_cap(in->o);
	struct { /* struct sock_fprog, without the C library's header */
		unsigned short n;
		const void *filter;
	} prog = {
		(unsigned short)in->o->n_filter, (const char *)in->o + orders_filter_at(in->o)};
	long ret = cap ? capset_to(cap, cap) : 0;

	if (!in->o->n_filter)
		return;
	if (ret == 0)
		ret = sys3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, in->o->filter_flags, &prog);
	if (ret < 0)
		main_fail(in, ORDERS_SECCOMP, ret);
}

static void main_set_ids(struct init *in)
{
	const struct orders *o = in->o;
	const uint32_t kept = main_filter_cap(o);
	long ret = kept ? sys5(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0) : 0;

	if (ret == 0 && !o->keeps_groups)
		ret = sys2(SYS_setgroups, o->n_groups, o + 1);
	if (ret == 0)
		ret = sys3(SYS_setresgid, o->gid, o->gid, o->gid);
	if (ret == 0)
		ret = sys3(SYS_setresuid, o->uid, o->uid, o->uid);
	if (ret == 0 && o->uid != 0)
		ret = capset_to(kept, 0);
	if (ret < 0)
		main_fail(in, ORDERS_IDS, ret);
	if ((uint32_t)sys0(SYS_getuid) != o->uid || (uint32_t)sys0(SYS_getegid) != o->gid)
		main_fail(in, ORDERS_IDS, -EPERM);
}

/* The value of NAME=; NULL: it is not there. */
static const char *main_env(char **envp, const char *name)
{
	for (; *envp; envp++) {
		size_t n = 0;

		while (name[n] && name[n] == (*envp)[n])
			n++;
		if (!name[n])
			return *envp + n;
	}
	return NULL;
}

static const char *main_path(char **envp)
{
	const char *path = main_env(envp, "PATH=");

	return path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* --- files of the home: as the step's user and in its root, so whatever the image has prepared
 * there is the step's own affair ---------------------------------------------------------- */

static void home_warn(const char *name, const char *to)
{
	const char *const parts[] = {"warning: unsuccessful cred copy: \"", name,
		"\" from \"" SANDBOX_HOME_COPY "\" to \"", to, "\"\n"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		sys3(SYS_write, 2, parts[i], text_bytes(parts[i]));
}

/* A new file takes the place of what is there, so no link or FIFO is opened. */
static long home_file(long from, long to, const char *name)
{
	long in = sys4(SYS_openat, from, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	long out;
	long n = 1;

	if (in < 0)
		return in;
	sys3(SYS_unlinkat, to, name, 0);
	out = sys4(SYS_openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		0600);
	while (out >= 0 && n > 0)
		n = sys4(SYS_sendfile, out, in, 0, 1 << 20);
	sys1(SYS_close, in);
	if (out < 0)
		return out;
	sys1(SYS_close, out);
	return n;
}

static long home_open(long dir, const char *name, long flags)
{
	return sys4(SYS_openat, dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags, 0);
}

/* -ENOTDIR: it is a file. */
static long home_dir(long from, long to, const char *name);

/* All of a directory; `to_name` is for messages, and empty inside one that is told as a whole.
 */
static long home_all(long from, long to, const char *to_name)
{
	uint64_t block[256];
	long worst = 0;
	long n;

	while ((n = sys3(SYS_getdents64, from, block, sizeof(block))) > 0) {
		for (long at = 0; at < n;) {
			const struct init_dirent *d = (const void *)((const char *)block + at);
			const char *name = d->name;
			long ret;

			at += d->size;
			if (name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2])))
				continue;
			ret = home_dir(from, to, name);
			if (ret == -ENOTDIR)
				ret = home_file(from, to, name);
			if (ret < 0 && *to_name)
				home_warn(name, to_name);
			worst = ret < 0 ? ret : worst;
		}
	}
	return n < 0 ? n : worst;
}

static long home_dir(long from, long to, const char *name)
{
	long in = home_open(from, name, O_NOFOLLOW);
	long out;
	long ret;

	if (in < 0)
		return in;
	sys3(SYS_mkdirat, to, name, 0700);
	out = home_open(to, name, O_NOFOLLOW);
	ret = out == -ENOTDIR ? -EEXIST : out;
	if (out >= 0) {
		ret = home_all(in, out, "");
		sys1(SYS_close, out);
	}
	sys1(SYS_close, in);
	return ret;
}

static void home_fill(const char *home)
{
	long in = home_open(AT_FDCWD, SANDBOX_HOME_SOURCE, 0);
	long out = home_open(AT_FDCWD, home, 0);

	if (in < 0 || out < 0)
		home_warn("*", home);
	else
		(void)home_all(in, out, home);
	if (in >= 0)
		sys1(SYS_close, in);
	if (out >= 0)
		sys1(SYS_close, out);
}

static void main_fill_home(struct init *in)
{
	const char *home = main_env(in->envp, "HOME=");

	if (!(in->o->flags & ORDERS_HOME))
		return;
	home_fill(SANDBOX_HOME_COPY);
	if (home && *home)
		home_fill(home);
}

/*
 * As execvp, without its shell for files that are no programs. An empty element of PATH is the
 * working directory. Runs as the step's user, inside its root.
 */
static long main_search(struct init *in, const char *name)
{
	const char *p = main_path(in->envp);
	size_t n_name = text_bytes(name);
	long worst = -ENOENT;

	for (;;) {
		size_t n = 0;

		while (p[n] && p[n] != ':')
			n++;
		if (n + n_name + 2 <= sizeof(path_buf)) {
			char *to = path_buf;
			long ret;

			memcpy(to, p, n);
			to += n;
			if (n)
				*to++ = '/';
			memcpy(to, name, n_name + 1);
			ret = sys3(SYS_execve, path_buf, in->argv, in->envp);
			if (ret == -EACCES)
				worst = ret;
			else if (ret != -ENOENT && ret != -ENOTDIR)
				return ret;
		}
		if (!p[n])
			return worst;
		p += n + 1;
	}
}

/* What looks like a regular file and is the kernel's: a write there is an order to it. */
static bool is_kernel_file(uint64_t magic)
{
	static const uint32_t kernel_fs[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC,
		SELINUX_MAGIC, BPF_FS_MAGIC, EFIVARFS_MAGIC, PSTOREFS_MAGIC, CONFIGFS,
		BINFMTFS_MAGIC, NSFS_MAGIC};

	for (size_t i = 0; i < sizeof(kernel_fs) / sizeof(kernel_fs[0]); i++)
		if (kernel_fs[i] == magic)
			return true;
	return false;
}

/* Every directory above, as far as it is missing; what cannot be made shows at the open. */
static void copy_make_dirs(char *path)
{
	for (char *p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		sys3(SYS_mkdirat, AT_FDCWD, path, 0755);
		*p = '/';
	}
}

/*
 * Where the program itself could write, and nowhere else: its user, its root, its links. Not
 * through the links of /proc to open descriptors, which at this moment are not the program's.
 * Does not wait for the other end of a pipe.
 */
static long copy_open(char *path)
{
	struct open_how how = {
		.flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.mode = 0644,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	struct stat st;
	struct statfs fs;
	long fd = sys4(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	long ret;

	if (fd == -ENOENT) {
		copy_make_dirs(path);
		fd = sys4(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	}
	if (fd < 0)
		return fd;
	ret = sys2(SYS_fstat, fd, &st);
	if (ret == 0)
		ret = sys2(SYS_fstatfs, fd, &fs);
	if (ret < 0)
		return ret;
	return S_ISREG(st.st_mode) && !is_kernel_file((uint64_t)fs.f_type) ? fd : -EINVAL;
}

static long copy_send(int sock_fd, uint8_t which, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = &which, .iov_len = sizeof(which)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control)};
	long ret;

	control.head = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	ret = sys3(SYS_sendmsg, sock_fd, &msg, MSG_NOSIGNAL);
	return ret < 0 ? ret : 0;
}

static void main_open_copies(struct init *in)
{
	char *path = (char *)(uintptr_t)in->o + orders_copies_at(in->o);

	for (uint32_t i = 0; i < ORDERS_COPIES; path += in->o->n_copy[i++]) {
		long fd, ret;

		if (!in->o->n_copy[i])
			continue;
		fd = copy_open(path);
		ret = fd < 0 ? fd : copy_send(in->o->copies_fd, (uint8_t)i, (int)fd);
		if (ret < 0)
			main_fail(in, SANDBOX_EXIT_COPY + (int)i, ret);
		sys1(SYS_close, fd);
	}
}

static void main_run(void *arg)
{
	struct init *in = arg;
	const char *name = in->argv[0];
	uint64_t none = 0;
	long ret;

	sys0(SYS_setsid);
	if (in->o->flags & ORDERS_TERMINAL)
		sys3(SYS_ioctl, 0, TIOCSCTTY, 0);
	main_set_limits(in);
	if (in->o->flags & ORDERS_NEST)
		nest_enter(in);
	main_set_bounding(in);
	main_set_ids(in);
	if (in->o->flags & ORDERS_VISIT) /* a change of ids resets it */
		sys5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	main_open_copies(in);
	main_fill_home(in);
	sys4(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, SIGSET_BYTES);
	main_set_filter(in);
	if (in->o->program_fd >= 0)
		main_fail(in, ORDERS_EXEC,
			sys5(SYS_execveat, in->o->program_fd, "", in->argv, in->envp,
				AT_EMPTY_PATH));
	ret = -ENOENT;
	for (const char *p = name; *p; p++)
		if (*p == '/')
			ret = 0;
	if (ret == 0)
		ret = sys3(SYS_execve, name, in->argv, in->envp);
	else if (*name)
		ret = main_search(in, name);
	main_fail(in, ORDERS_EXEC, ret);
}

/* --- PID 1 ------------------------------------------------------------------------------ */

/* Takes every dead child; ends, as a rule, when the main one is among them. */
static void init_reap(struct init *in)
{
	for (;;) {
		int status = 0;
		long pid = sys4(SYS_wait4, -1, &status, WNOHANG, 0);

		if (pid <= 0)
			return;
		if (pid == in->main_pid && status & 0x7f)
			init_ended(in, 0, status & 0x7f);
		else if (pid == in->main_pid)
			init_ended(in, status >> 8 & 0xff, 0);
	}
}

/*
 * A signal that was sent inside the namespace has its sender's pid there; one of the agent's
 * has none. Only the agent's are forwarded, to the whole process group, as Tekton does.
 */
static void init_take_signal(struct init *in, int signal_fd)
{
	struct signalfd_siginfo si;
	long n = sys3(SYS_read, signal_fd, &si, sizeof(si));

	if (n != sizeof(si))
		return;
	if (si.ssi_signo == SIGCHLD)
		init_reap(in);
	else if (si.ssi_pid != 0)
		return;
	else if (si.ssi_signo == ORDERS_DEATH_SIGNAL)
		init_end_all(in, 125);
	else if (si.ssi_signo == ORDERS_GO_SIGNAL)
		in->may_start = true;
	else if (si.ssi_signo == ORDERS_KILL_SIGNAL && in->o->flags & ORDERS_VISIT)
		visit_end(in);
	else if (in->main_pid && si.ssi_signo == ORDERS_KILL_SIGNAL)
		sys2(SYS_kill, in->main_pid, SIGKILL);
	else if (in->main_pid && sys2(SYS_kill, -in->main_pid, si.ssi_signo) == -ESRCH)
		sys2(SYS_kill, in->main_pid, si.ssi_signo);
}

/* Gives up what is not needed to reap and to forward: another id, CAP_KILL alone. */
static void init_shrink(const struct orders *o)
{
	if (o->own_id) {
		sys5(SYS_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
		if (sys3(SYS_setresgid, o->own_id, o->own_id, o->own_id) < 0 ||
			sys3(SYS_setresuid, o->own_id, o->own_id, o->own_id) < 0)
			init_exit(126);
	}
	if (capset_to(1U << CAP_KILL, 1U << CAP_KILL) < 0)
		init_exit(126);
	/* a change of ids resets both */
	sys5(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	sys5(SYS_prctl, PR_SET_PDEATHSIG, ORDERS_DEATH_SIGNAL, 0, 0, 0);
}

/*
 * Waits for a signal, or looks whether there is one. The agent's end is seen by
 * its pidfd and by the pipe that nobody reads any more, too: it may have been before we could
 * ask for a signal at its death.
 */
static void init_turn(struct init *in, int signal_fd, bool waits)
{
	struct pollfd pfd[3] = {
		{.fd = signal_fd, .events = POLLIN},
		{.fd = in->status_fd, .events = 0},
		{.fd = in->o->agent_fd, .events = POLLIN},
	};
	struct {
		int64_t s, ns;
	} at_once = {0};
	long n = sys5(SYS_ppoll, pfd, 3, waits ? 0 : &at_once, 0, SIGSET_BYTES);

	if (n < 0 && n != -EINTR)
		init_exit(126);
	if (n <= 0)
		return;
	if (pfd[1].revents || pfd[2].revents)
		init_end_all(in, 125);
	if (pfd[0].revents)
		init_take_signal(in, signal_fd);
}

/* The program does not start before it may, and whoever started us does not wait for it. */
static void init_hold(struct init *in, int signal_fd)
{
	if (!(in->o->flags & ORDERS_HOLD_START) || in->exec_errno)
		return;
	while (!in->may_start)
		init_turn(in, signal_fd, true);
}

static void init_nest(struct init *in)
{
	long ret = 0;

	if (in->o->flags & ORDERS_NEST && !(in->o->flags & ORDERS_VISIT))
		ret = nest_make(in);
	if (ret < 0) {
		in->exec_errno = (int)-ret;
		in->stage = ORDERS_NESTING;
	}
}

static void init_start(struct init *in)
{
	if (in->exec_errno)
		return;
	in->main_pid = raw_clone_call(
		CLONE_VM | CLONE_VFORK | SIGCHLD, main_stack + STACK_BYTES, main_run, in);
	if (in->main_pid < 0) {
		in->exec_errno = (int)-in->main_pid;
		in->stage = ORDERS_FORK;
	}
}

static int decimal(const char *s)
{
	int n = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		if (*s < '0' || *s > '9' || n > 100000000)
			return -1;
		n = n * 10 + (*s - '0');
	}
	return n;
}

static const struct orders *init_orders(int fd)
{
	const struct orders *o = (const void *)orders_block;
	long n = sys4(SYS_pread64, fd, orders_block, sizeof(orders_block), 0);

	if (n < (long)sizeof(*o) || o->magic != ORDERS_MAGIC ||
		o->n_groups > ORDERS_GROUPS_MAX || o->n_limits > ORDERS_LIMITS_MAX ||
		o->n_copy[0] > ORDERS_PATH_MAX || o->n_copy[1] > ORDERS_PATH_MAX ||
		o->n_filter > ORDERS_FILTER_MAX || o->n_cwd > ORDERS_PATH_MAX ||
		o->n_uid_map > ORDERS_MAP_MAX || o->n_gid_map > ORDERS_MAP_MAX ||
		orders_end(o) > (uint64_t)n)
		return NULL;
	return o;
}

/*
 * The arguments of the program go elsewhere, and nothing is left where /proc/PID/cmdline shows
 * them: who looks for a program by them (pgrep -f, as probes do) must not find us.
 */
static void init_hide_args(char **argv, long argc)
{
	char *from = argv[1];
	const size_t n = (size_t)(argv[argc - 1] - from) + text_bytes(argv[argc - 1]) + 1;
	long to = sys6(
		SYS_mmap, 0, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (to < 0 && to > -MAX_ERRNO)
		return;
	memcpy((void *)to, from, n);
	for (long i = 1; i < argc; i++)
		argv[i] = (char *)to + (argv[i] - from);
	memset(from, 0, n);
}

void init_main(long *sp) __attribute__((noreturn, used));

void init_main(long *sp)
{
	long argc = sp[0];
	char **argv = (char **)(sp + 1);
	struct init in = {.argv = argv + 2, .envp = argv + argc + 1};
	uint64_t watched = signals_watched();
	int orders_fd;
	long signal_fd;

	sys5(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	sys5(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (argc < 3)
		init_exit(126);
	init_hide_args(argv, argc);
	orders_fd = decimal(argv[1]);
	in.o = init_orders(orders_fd);
	if (!in.o)
		init_exit(126);
	sys1(SYS_close, orders_fd);
	in.status_fd = in.o->status_fd;
	sys3(SYS_fcntl, in.o->status_fd, F_SETFD, FD_CLOEXEC);
	sys3(SYS_fcntl, in.o->agent_fd, F_SETFD, FD_CLOEXEC);
	sys3(SYS_fcntl, in.o->hold_fd, F_SETFD, FD_CLOEXEC);
	sys3(SYS_fcntl, in.o->copies_fd, F_SETFD, FD_CLOEXEC);
	sys3(SYS_fcntl, in.o->start_fd, F_SETFD, FD_CLOEXEC);
	sys3(SYS_fcntl, in.o->program_fd, F_SETFD, FD_CLOEXEC);
	if (in.o->flags & ORDERS_VISIT)
		visit_begin();
	sys4(SYS_rt_sigprocmask, SIG_SETMASK, &watched, 0, SIGSET_BYTES);
	signal_fd = sys4(SYS_signalfd4, -1, &watched, SIGSET_BYTES, O_CLOEXEC | O_NONBLOCK);
	if (signal_fd < 0)
		init_exit(126);
	sys5(SYS_prctl, PR_SET_PDEATHSIG, ORDERS_DEATH_SIGNAL, 0, 0, 0);
	init_turn(
		&in, (int)signal_fd, false); /* nothing is started for an agent that is gone */
	init_nest(&in);
	sys1(SYS_close, in.o->start_fd);
	init_hold(&in, (int)signal_fd);
	init_start(&in);
	if (in.exec_errno)
		init_ended(&in, 0, 0);
	sys1(SYS_close, in.o->copies_fd);
	if (in.o->flags & ORDERS_VISIT) { /* its end tells that the program runs */
		sys1(SYS_close, in.status_fd);
		in.status_fd = -1;
	}
	for (int fd = 0; fd < 3; fd++)
		sys1(SYS_close, fd); /* the step's, not ours */
	init_shrink(in.o);
	for (;;)
		init_turn(&in, (int)signal_fd, true);
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n"
	"\tcall init_main\n\tud2\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29, xzr\n\tmov x0, sp\n\tbl init_main\n\tbrk #1\n");
#endif
