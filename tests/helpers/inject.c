/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fails system calls of a program and of everything it starts, one at a time:
 *
 *     inject [--count FILE] [--fail KIND:N[+]:ERRNO] [--kill KIND:N[:SIGNAL]] [--report FILE]
 * [--record FILE] -- PROGRAM…
 *
 * The Nth call (from 0) of a KIND, over all processes, does not happen and returns ERRNO; with
 * N+ all later ones do not happen either. --kill sends SIGNAL (9 unless told) to the program
 * itself instead. --count writes every call that counts as a line: KIND N ROLE CALL ARGUMENT;
 * --report those that were made to fail. --record writes what the program itself asks of a
 * disk, with the bytes in hexadecimal digits (tests/torture/power/run reads it).
 *
 * The kernel stops only at calls of a kind (seccomp, SECCOMP_RET_TRACE), wherever they come
 * from: the C library, a cloned child without one, step-init. The program of a step is let
 * alone: it is the second thing that is executed after a memory file. Counting begins where
 * monopod's main does, at its first sigaction of SIGCHLD. Processes that outlive the program by
 * more than LEFT_S seconds are told in the report and are the exit code 98.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
int main(void)
{
	return 77; /* only written for one machine */
}
#else

enum { PROCS = 4096, CALLS_A_KIND = 8, LEFT_S = 3, EXIT_LEFT = 98, EXIT_BROKEN = 99 };

static const struct kind {
	const char *name;
	long calls[CALLS_A_KIND]; /* ends with -1, or is full */
} kinds[] = {
	{"open", {SYS_open, SYS_openat, -1}},
	{"openat2", {SYS_openat2, -1}},
	{"read", {SYS_read, SYS_pread64, SYS_readv, -1}},
	{"list", {SYS_getdents64, -1}},
	{"write", {SYS_write, SYS_pwrite64, SYS_writev, -1}},
	{"fsync", {SYS_fsync, SYS_fdatasync, SYS_sync_file_range, -1}},
	{"rename", {SYS_rename, SYS_renameat, SYS_renameat2, -1}},
	{"clone", {SYS_clone, SYS_clone3, SYS_fork, SYS_vfork, -1}},
	{"namespace", {SYS_unshare, SYS_setns, -1}},
	{"mount", {SYS_mount, SYS_move_mount, SYS_open_tree, SYS_mount_setattr, SYS_fsopen,
			  SYS_fsmount, SYS_fsconfig, -1}},
	{"umount", {SYS_umount2, SYS_pivot_root, -1}},
	{"unlink", {SYS_unlink, SYS_unlinkat, SYS_rmdir, -1}},
	{"mkdir", {SYS_mkdir, SYS_mkdirat, SYS_mknodat, -1}},
	{"truncate", {SYS_ftruncate, SYS_truncate, SYS_fallocate, -1}},
	{"link", {SYS_link, SYS_linkat, SYS_symlink, SYS_symlinkat, -1}},
	{"owner",
		{SYS_chown, SYS_fchown, SYS_fchownat, SYS_chmod, SYS_fchmod, SYS_fchmodat, -1}},
	{"lock", {SYS_flock, -1}},
	{"exec", {SYS_execve, SYS_execveat, -1}},
	{"fd", {SYS_pipe2, SYS_memfd_create, SYS_socketpair, SYS_socket, SYS_pidfd_open,
		       SYS_signalfd4, SYS_epoll_create1, SYS_timerfd_create}},

};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

enum role { ROLE_AGENT, ROLE_INIT, ROLE_STEP, ROLE_NEW };
static const char *const role_names[] = {"agent", "init", "step", "new"};

static struct proc {
	pid_t pid;
	enum role role;
	bool is_held; /* stopped before its parent told of it */
} procs[PROCS];
static size_t n_procs;

static struct {
	int kind;
	long at; /* -1: none */
	bool goes_on;
	int sys;
	int signal; /* of --kill */
} fault = {.kind = -1, .at = -1};
static long counts[KINDS];
static FILE *count_file, *report_file, *record_file;
static pid_t first_pid, main_pid; /* what was started; monopod, once its main has begun */
static int first_status = -1;
static volatile sig_atomic_t is_late;

static void die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	_exit(EXIT_BROKEN);
}

/* --- processes --- */

static struct proc *proc_find(pid_t pid)
{
	for (size_t i = 0; i < n_procs; i++)
		if (procs[i].pid == pid)
			return &procs[i];
	return NULL;
}

static struct proc *proc_add(pid_t pid, enum role role)
{
	if (n_procs == PROCS)
		die("too many processes");
	procs[n_procs] = (struct proc){.pid = pid, .role = role};
	return &procs[n_procs++];
}

static void proc_go_on(pid_t pid, int signal)
{
	if (ptrace(PTRACE_CONT, pid, 0, (long)signal) < 0 && errno != ESRCH)
		die("continue a process");
}

/* --- calls --- */

static int kind_of(long nr)
{
	for (int k = 0; k < KINDS; k++)
		for (int i = 0; i < CALLS_A_KIND && kinds[k].calls[i] >= 0; i++)
			if (kinds[k].calls[i] == nr)
				return k;
	return -1;
}

static int kind_by_name(const char *name, size_t n)
{
	for (int k = 0; k < KINDS; k++)
		if (strlen(kinds[k].name) == n && memcmp(kinds[k].name, name, n) == 0)
			return k;
	return -1;
}

/* Page by page: the one behind its end may not be there. */
static void text_at(pid_t pid, unsigned long at, char *to, size_t n)
{
	size_t have = 0;

	while (at && have + 1 < n && !memchr(to, 0, have)) {
		const unsigned long from = at + have;
		size_t want = 4096 - from % 4096;
		struct iovec mine = {.iov_base = to + have}, theirs;
		ssize_t got;

		memcpy(&theirs.iov_base, &from, sizeof(from));
		if (want > n - 1 - have)
			want = n - 1 - have;
		mine.iov_len = theirs.iov_len = want;
		got = process_vm_readv(pid, &mine, 1, &theirs, 1, 0);
		if (got <= 0)
			break;
		have += (size_t)got;
	}
	to[have] = '\0';
	for (char *c = to; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void fd_name(pid_t pid, long fd, char *to, size_t n)
{
	char link[64];
	ssize_t got;

	snprintf(link, sizeof(link), "/proc/%d/fd/%ld", pid, fd);
	got = readlink(link, to, n - 1);
	to[got < 0 ? 0 : got] = '\0';
}

/* What the call is about: a descriptor's file, a path, or both. */
static void describe(pid_t pid, long nr, const unsigned long long *args, char *to, size_t n)
{
	char dir[512] = "", path[512] = "";

	switch (nr) {
	case SYS_open:
	case SYS_rename:
	case SYS_unlink:
	case SYS_rmdir:
	case SYS_mkdir:
	case SYS_execve:
	case SYS_umount2:
		text_at(pid, args[0], path, sizeof(path));
		break;
	case SYS_mount:
		text_at(pid, args[1], path, sizeof(path));
		break;
	case SYS_symlinkat:
		text_at(pid, args[2], path, sizeof(path));
		break;
	case SYS_openat:
	case SYS_openat2:
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_unlinkat:
	case SYS_mkdirat:
	case SYS_fchownat:
	case SYS_fchmodat:
	case SYS_move_mount:
	case SYS_open_tree:
	case SYS_execveat:
		fd_name(pid, (int)args[0], dir, sizeof(dir));
		text_at(pid, args[1], path, sizeof(path));
		break;
	case SYS_clone:
	case SYS_unshare:
		snprintf(path, sizeof(path), "%llx", args[0]);
		break;
	default:
		fd_name(pid, (int)args[0], dir, sizeof(dir));
		break;
	}
	snprintf(to, n, "%s%s%s", dir, dir[0] && path[0] ? "/" : "", path);
}

static void call_tell(
	FILE *f, const struct proc *p, int kind, const struct __ptrace_syscall_info *info)
{
	char what[1024];

	describe(p->pid, (long)info->seccomp.nr, (const unsigned long long *)info->seccomp.args,
		what, sizeof(what));
	fprintf(f, "%s %ld %s %lld %s\n", kinds[kind].name, counts[kind],
		p->pid == main_pid ? "main" : role_names[p->role], (long long)info->seccomp.nr,
		what);
	fflush(f);
}

/* --- what is asked of a disk --- */

static void path_at(pid_t pid, int dfd, unsigned long long at, char *to, size_t n)
{
	char path[512], dir[512] = "", link[64];
	ssize_t got;

	text_at(pid, (unsigned long)at, path, sizeof(path));
	if (path[0] != '/' && dfd == AT_FDCWD) {
		snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
		got = readlink(link, dir, sizeof(dir) - 1);
		dir[got < 0 ? 0 : got] = '\0';
	} else if (path[0] != '/') {
		fd_name(pid, dfd, dir, sizeof(dir));
	}
	snprintf(to, n, "%s%s%s", dir, dir[0] ? "/" : "", path);
}

static long long digits(const char *s, int base)
{
	long long n = 0;

	for (; *s; s++)
		if (*s >= '0' && *s <= '9')
			n = n * base + (*s - '0');
	return n;
}

/* Where the next byte goes; -1: to the end, wherever that is. */
static long long position(pid_t pid, int fd)
{
	char path[64], line[128];
	long long pos = 0;
	unsigned flags = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", pid, fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "pos:", 4) == 0)
			pos = digits(line, 10);
		else if (strncmp(line, "flags:", 6) == 0)
			flags = (unsigned)digits(line, 8);
	}
	if (f)
		fclose(f);
	return flags & O_APPEND ? -1 : pos;
}

static void record_write(pid_t pid, const unsigned long long *args, long long at)
{
	static char bytes[1 << 20];
	char name[1024];
	size_t n = args[2] < sizeof(bytes) ? (size_t)args[2] : sizeof(bytes);
	struct iovec mine = {.iov_base = bytes, .iov_len = n};
	struct iovec theirs = {.iov_len = n};
	ssize_t got;

	memcpy(&theirs.iov_base, &args[1], sizeof(args[1]));
	fd_name(pid, (int)args[0], name, sizeof(name));
	if (name[0] != '/' || strncmp(name, "/proc/", 6) == 0)
		return;
	got = process_vm_readv(pid, &mine, 1, &theirs, 1, 0);
	fprintf(record_file, "write %s %lld ", name, at);
	for (ssize_t i = 0; i < got; i++)
		fprintf(record_file, "%02x", (unsigned char)bytes[i]);
	fputc('\n', record_file);
}

static void record_path(
	const char *what, pid_t pid, int dfd, unsigned long long at, long number)
{
	char path[1024];

	path_at(pid, dfd, at, path, sizeof(path));
	fprintf(record_file, "%s %s %ld\n", what, path, number);
}

static void record_fd(const char *what, pid_t pid, int fd, long number)
{
	char name[1024];

	fd_name(pid, fd, name, sizeof(name));
	fprintf(record_file, "%s %s %ld\n", what, name, number);
}

static void record_rename(pid_t pid, int old_dfd, unsigned long long old_at, int new_dfd,
	unsigned long long new_at)
{
	char from[1024], to[1024];

	path_at(pid, old_dfd, old_at, from, sizeof(from));
	path_at(pid, new_dfd, new_at, to, sizeof(to));
	fprintf(record_file, "rename %s %s\n", from, to);
}

static void call_record(pid_t pid, const struct __ptrace_syscall_info *info)
{
	const unsigned long long *a = (const unsigned long long *)info->seccomp.args;

	switch (info->seccomp.nr) {
	case SYS_openat:
		record_path("open", pid, (int)a[0], a[1], (long)a[2]);
		break;
	case SYS_mkdirat:
		record_path("mkdir", pid, (int)a[0], a[1], 0);
		break;
	case SYS_mkdir:
		record_path("mkdir", pid, AT_FDCWD, a[0], 0);
		break;
	case SYS_unlinkat:
		record_path("unlink", pid, (int)a[0], a[1], 0);
		break;
	case SYS_unlink:
	case SYS_rmdir:
		record_path("unlink", pid, AT_FDCWD, a[0], 0);
		break;
	case SYS_rename:
		record_rename(pid, AT_FDCWD, a[0], AT_FDCWD, a[1]);
		break;
	case SYS_renameat:
	case SYS_renameat2:
		record_rename(pid, (int)a[0], a[1], (int)a[2], a[3]);
		break;
	case SYS_write:
		record_write(pid, a, position(pid, (int)a[0]));
		break;
	case SYS_pwrite64:
		record_write(pid, a, (long long)a[3]);
		break;
	case SYS_ftruncate:
		record_fd("truncate", pid, (int)a[0], (long)a[1]);
		break;
	case SYS_fsync:
	case SYS_fdatasync:
		record_fd("sync", pid, (int)a[0], 0);
		break;
	default:
		break; /* whoever reads compares the end with the disk */
	}
	fflush(record_file);
}

/* The call does not happen. */
static void call_fail(pid_t pid, int sys)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
		return; /* killed meanwhile */
	regs.orig_rax = (unsigned long long)-1;
	regs.rax = (unsigned long long)-(long long)sys;
	(void)ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

static bool call_is_hit(int kind)
{
	return kind == fault.kind &&
	       (counts[kind] == fault.at || (fault.goes_on && counts[kind] > fault.at));
}

static void on_call(struct proc *p)
{
	struct __ptrace_syscall_info info;
	int kind;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, sizeof(info), &info) < 0)
		return;
	if (!main_pid && info.seccomp.nr == SYS_rt_sigaction && info.seccomp.args[0] == SIGCHLD)
		main_pid = p->pid;
	kind = kind_of((long)info.seccomp.nr);
	if (!main_pid || kind < 0 || p->role == ROLE_STEP)
		return;
	if (count_file)
		call_tell(count_file, p, kind, &info);
	if (record_file && p->role == ROLE_AGENT)
		call_record(p->pid, &info);
	if (call_is_hit(kind)) {
		if (report_file)
			call_tell(report_file, p, kind, &info);
		if (fault.signal)
			(void)kill(main_pid, fault.signal);
		else
			call_fail(p->pid, fault.sys);
	}
	counts[kind]++;
}

static void on_exec(struct proc *p)
{
	char link[64], exe[512];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", p->pid);
	n = readlink(link, exe, sizeof(exe) - 1);
	exe[n < 0 ? 0 : n] = '\0';
	if (p->role == ROLE_INIT || p->role == ROLE_STEP)
		p->role = ROLE_STEP;
	else if (strncmp(exe, "/memfd:", 7) == 0)
		p->role = ROLE_INIT;
}

static void on_child(const struct proc *parent)
{
	unsigned long child;
	struct proc *c;

	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &child) < 0)
		return;
	c = proc_find((pid_t)child);
	if (!c) {
		(void)proc_add((pid_t)child, parent->role);
		return;
	}
	c->role = parent->role;
	if (c->is_held)
		proc_go_on(c->pid, 0);
	c->is_held = false;
}

static void on_stop(pid_t pid, int status)
{
	struct proc *p = proc_find(pid);
	int event = status >> 16;

	if (!p) { /* its parent's event is on its way */
		proc_add(pid, ROLE_NEW)->is_held = true;
		return;
	}
	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		on_call(p);
		break;
	case PTRACE_EVENT_CLONE:
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
		on_child(p);
		break;
	case PTRACE_EVENT_EXEC:
		on_exec(p);
		break;
	case 0:
		proc_go_on(pid, WSTOPSIG(status));
		return;
	default:
		break;
	}
	proc_go_on(pid, 0);
}

static void on_end(pid_t pid, int status)
{
	struct proc *p = proc_find(pid);

	if (p)
		*p = procs[--n_procs];
	if (pid != first_pid)
		return;
	first_status = status;
	alarm(LEFT_S);
}

static void on_alarm(int signal)
{
	(void)signal;
	is_late = 1;
}

static int trace(void)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (is_late)
			break;
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (WIFSTOPPED(status))
			on_stop(pid, status);
		else
			on_end(pid, status);
	}
	for (size_t i = 0; i < n_procs; i++) {
		fprintf(report_file ? report_file : stderr, "left %d %s\n", procs[i].pid,
			role_names[procs[i].role]);
		(void)kill(procs[i].pid, SIGKILL);
	}
	if (n_procs)
		return EXIT_LEFT;
	return WIFEXITED(first_status) ? WEXITSTATUS(first_status)
				       : 128 + WTERMSIG(first_status);
}

/* --- the beginning --- */

static void filter_install(void)
{
	struct sock_filter f[8 + KINDS * CALLS_A_KIND * 2];
	unsigned short n = 0;

	f[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	f[n++] =
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigaction, 0, 1);
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE);
	for (int k = 0; k < KINDS; k++) {
		for (int i = 0; i < CALLS_A_KIND && kinds[k].calls[i] >= 0; i++) {
			f[n++] = (struct sock_filter)BPF_JUMP(
				BPF_JMP | BPF_JEQ | BPF_K, (unsigned)kinds[k].calls[i], 0, 1);
			f[n++] = (struct sock_filter)BPF_STMT(
				BPF_RET | BPF_K, SECCOMP_RET_TRACE);
		}
	}
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog prog = {.len = n, .filter = f};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
		die("install the filter (it takes root)");
}

static void start(char **argv)
{
	const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
			     PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP;
	int go[2];
	char c = 0;

	if (pipe2(go, O_CLOEXEC) < 0)
		die("pipe");
	first_pid = fork();
	if (first_pid < 0)
		die("fork");
	if (first_pid == 0) {
		(void)close(go[1]);
		(void)!read(go[0], &c, 1);
		(void)close(go[0]);
		filter_install();
		execvp(argv[0], argv);
		die(argv[0]);
	}
	(void)close(go[0]);
	(void)proc_add(first_pid, ROLE_AGENT);
	if (ptrace(PTRACE_SEIZE, first_pid, 0, options) < 0)
		die("trace");
	(void)close(go[1]);
}

static long number(const char *s, const char **ret_end)
{
	long n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	*ret_end = s;
	return n;
}

static void fault_parse(const char *text, bool is_kill)
{
	const char *colon = strchr(text, ':');
	const char *end;

	fault.kind = colon ? kind_by_name(text, (size_t)(colon - text)) : -1;
	if (fault.kind < 0) {
		fprintf(stderr, "inject: '%s': expected KIND:N:ERRNO\n", text);
		_exit(EXIT_BROKEN);
	}
	fault.at = number(colon + 1, &end);
	fault.goes_on = *end == '+';
	end += fault.goes_on;
	if (is_kill) {
		fault.signal = *end == ':' ? (int)number(end + 1, &end) : SIGKILL;
		return;
	}
	for (int i = 1; *end == ':' && i < 134; i++)
		if (strerrorname_np(i) && strcmp(strerrorname_np(i), end + 1) == 0)
			fault.sys = i;
	if (!fault.sys) {
		fprintf(stderr, "inject: '%s': expected the name of an error at its end\n",
			text);
		_exit(EXIT_BROKEN);
	}
}

static FILE *open_for(const char *path)
{
	FILE *f = fopen(path, "we");

	if (!f)
		die(path);
	return f;
}

int main(int argc, char **argv)
{
	struct sigaction late = {.sa_handler = on_alarm};
	int i = 1;

	for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
		if (strcmp(argv[i], "--count") == 0)
			count_file = open_for(argv[i + 1]);
		else if (strcmp(argv[i], "--report") == 0)
			report_file = open_for(argv[i + 1]);
		else if (strcmp(argv[i], "--record") == 0)
			record_file = open_for(argv[i + 1]);
		else if (strcmp(argv[i], "--fail") == 0 || strcmp(argv[i], "--kill") == 0)
			fault_parse(argv[i + 1], argv[i][2] == 'k');
		else
			break;
	}
	if (i + 1 >= argc || strcmp(argv[i], "--") != 0) {
		fprintf(stderr, "inject [--count FILE] [--fail KIND:N[+]:ERRNO | --kill "
				"KIND:N[:SIGNAL]] [--report FILE] [--record FILE] "
				"-- PROGRAM...\n");
		return EXIT_BROKEN;
	}
	(void)sigaction(SIGALRM, &late, NULL);
	start(argv + i + 1);
	return trace();
}
#endif
