/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program that tests run inside steps: static, one sub-command each, plain lines out.
 * Attacks print "name=ERRNO" or "name=ok"; the test knows what is right.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static int number(const char *s)
{
	int n = 0;

	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return n;
}

static void say(const char *name, long ret)
{
	if (ret < 0)
		printf("%s=%s\n", name, strerrorname_np(errno));
	else
		printf("%s=ok\n", name);
}

/* --- looking around --------------------------------------------------------------------- */

static int cmd_ids(char **argv)
{
	gid_t groups[64];
	int n = getgroups(64, groups);
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	(void)argv;
	printf("uid=%u gid=%u groups=", getuid(), getgid());
	for (int i = 0; i < n; i++)
		printf("%s%u", i ? "," : "", groups[i]);
	printf(" pid=%d ppid=%d sid=%d pgid=%d\n", getpid(), getppid(), getsid(0), getpgid(0));
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "NoNew", 5) == 0 ||
			strncmp(line, "Seccomp:", 8) == 0 || strncmp(line, "Sig", 3) == 0)
			fputs(line, stdout);
	printf("securebits=%d\n", prctl(PR_GET_SECUREBITS));
	printf("umask=%03o\n", umask(0));
	return 0;
}

static int cmd_fds(char **argv)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	(void)argv;
	if (!d)
		return 1;
	while ((e = readdir(d))) {
		struct stat st;

		if (e->d_name[0] == '.' || number(e->d_name) == dirfd(d))
			continue;
		if (fstat(number(e->d_name), &st) == 0)
			printf("fd %s type %o\n", e->d_name, st.st_mode & S_IFMT);
	}
	closedir(d);
	return 0;
}

static int cmd_cat(char **argv)
{
	char buf[8192];
	ssize_t n;

	for (; *argv; argv++) {
		int fd = open(*argv, O_RDONLY | O_CLOEXEC);

		if (fd < 0) {
			printf("%s=%s\n", *argv, strerrorname_np(errno));
			return 1;
		}
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			fwrite(buf, 1, (size_t)n, stdout);
		close(fd);
	}
	return 0;
}

static int cmd_stat(char **argv)
{
	for (; *argv; argv++) {
		struct stat st;

		if (lstat(*argv, &st))
			printf("%s %s\n", *argv, strerrorname_np(errno));
		else
			printf("%s %u:%u %o\n", *argv, st.st_uid, st.st_gid, st.st_mode);
	}
	return 0;
}

static int cmd_list(char **argv)
{
	DIR *d = opendir(argv[0]);
	struct dirent *e;

	if (!d)
		return 1;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			printf("%s\n", e->d_name);
	closedir(d);
	return 0;
}

static int cmd_cwd(char **argv)
{
	char buf[4096];

	(void)argv;
	printf("%s\n", getcwd(buf, sizeof(buf)) ? buf : strerrorname_np(errno));
	return 0;
}

static int cmd_env(char **argv)
{
	(void)argv;
	for (char **e = environ; *e; e++)
		printf("%s\n", *e);
	return 0;
}

static int cmd_echo(char **argv)
{
	for (; *argv; argv++)
		printf("%s\n", *argv);
	return 0;
}

static int cmd_limits(char **argv)
{
	struct rlimit r;

	for (; *argv; argv++)
		if (getrlimit((__rlimit_resource_t)number(*argv), &r) == 0)
			printf("%s %llu %llu\n", *argv, (unsigned long long)r.rlim_cur,
				(unsigned long long)r.rlim_max);
	return 0;
}

static int cmd_ns(char **argv)
{
	static const char *const names[] = {
		"user", "mnt", "pid", "ipc", "uts", "cgroup", "net"};

	(void)argv;
	for (size_t i = 0; i < N_OF(names); i++) {
		char path[64], to[64];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, to, sizeof(to) - 1);
		to[n > 0 ? n : 0] = 0;
		printf("%s %s\n", names[i], to);
	}
	return 0;
}

/* --- files -------------------------------------------------------------------------------- */

static int cmd_write(char **argv)
{
	int fd = open(argv[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	say(argv[0], fd < 0 ? -1 : write(fd, argv[1], strlen(argv[1])));
	return fd < 0;
}

static int cmd_chown(char **argv)
{
	say(argv[0], chown(argv[0], (uid_t)number(argv[1]), (gid_t)number(argv[2])));
	return 0;
}

static int cmd_chmod(char **argv)
{
	say(argv[0], chmod(argv[0], 04755));
	return 0;
}

static int cmd_remove(char **argv)
{
	say(argv[0], remove(argv[0]));
	return 0;
}

static int cmd_rename(char **argv)
{
	say(argv[0], rename(argv[0], argv[1]));
	return 0;
}

/* --- ends -----------------------------------------------------------------------------------
 */

static int cmd_exit(char **argv)
{
	return number(argv[0]);
}

static int cmd_die(char **argv)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	kill(getpid(), number(argv[0]));
	return 99;
}

static __attribute__((noreturn)) int cmd_abort(char **argv)
{
	(void)argv;
	abort(); /* ends here */
}

/* Leaves processes behind that hold the pipes, ignore signals and have sessions of their own.
 */
static int cmd_orphan(char **argv)
{
	for (int i = 0; i < 8; i++) {
		if (fork())
			continue;
		setsid();
		if (fork())
			_exit(0);
		for (int s = 1; s < 32; s++)
			sigaction(s, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
		for (;;)
			pause();
	}
	printf("left\n");
	return number(argv[0]);
}

static int cmd_wait(char **argv)
{
	(void)argv;
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
	return 0;
}

/* Many processes in sessions of their own, every other one an orphan, then waits. */
static int cmd_family(char **argv)
{
	for (int i = 0; i < 48; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			setsid();
			if (i % 2 && fork())
				_exit(0);
			for (;;)
				pause();
		}
		if (pid > 0 && i % 2)
			waitpid(pid, NULL, 0);
	}
	return cmd_wait(argv);
}

static volatile sig_atomic_t got;

static void take(int s)
{
	got = s;
}

/* Ends with 100 + the signal it was sent; also told to a child of the same group. */
static int cmd_trap(char **argv)
{
	sigset_t all, old;

	(void)argv;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	for (int s = 1; s < 32; s++)
		sigaction(s, &(struct sigaction){.sa_handler = take}, NULL);
	printf("ready\n");
	fflush(stdout);
	while (!got)
		sigsuspend(&old);
	return 100 + got;
}

/* Reparents to PID 1 and sees whether that reaps: a zombie would stay in /proc. */
static int cmd_zombie(char **argv)
{
	int p[2];
	pid_t pid = 0;
	char path[64];

	(void)argv;
	if (pipe2(p, O_CLOEXEC))
		return 1;
	if (!fork()) {
		pid = fork();
		if (!pid)
			_exit(0);
		(void)!write(p[1], &pid, sizeof(pid));
		_exit(0);
	}
	wait(NULL);
	if (read(p[0], &pid, sizeof(pid)) != sizeof(pid))
		return 1;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	for (int i = 0; i < 200; i++) {
		if (access(path, F_OK) < 0)
			return 0;
		poll(NULL, 0, 10);
	}
	return 2;
}

/* --- attacks
 * ---------------------------------------------------------------------------------- */

static long attack_clone(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

static long attack_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd;
}

static long attack_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd >= 0)
		close(fd);
	return fd;
}

static void attacks_namespace(void)
{
	struct {
		uint64_t flags, rest[10];
	} args = {.flags = CLONE_NEWUSER};

	say("unshare-user", unshare(CLONE_NEWUSER));
	say("unshare-mount", unshare(CLONE_NEWNS));
	say("unshare-time", unshare(0x80));
	say("clone-user", attack_clone(CLONE_NEWUSER));
	say("clone-net", attack_clone(CLONE_NEWNET));
	say("clone3", syscall(SYS_clone3, &args, sizeof(args)));
	say("setns", setns(0, 0));
	say("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	say("umount", umount2("/proc", MNT_DETACH));
	say("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
	say("open-tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
	say("move-mount", syscall(SYS_move_mount, 0, "", 0, "", 0));
	say("mount-setattr", syscall(SYS_mount_setattr, 0, "", 0, NULL, 0));
	say("pivot-root", syscall(SYS_pivot_root, "/", "/"));
	say("sethostname", sethostname("x", 1));
	say("mknod", mknod("/tmp/node", S_IFCHR | 0666, makedev(1, 3)));
}

/* Any that step-init has open; it closes 0 to 2 while the program is starting. */
static long attack_descriptors(void)
{
	for (int fd = 3; fd < 64; fd++) {
		char path[32], buf[16];

		snprintf(path, sizeof(path), "/proc/1/fd/%d", fd);
		if (readlink(path, buf, sizeof(buf)) >= 0)
			return 0;
		if (errno != ENOENT)
			return -1;
	}
	return -1;
}

static void attacks_init(void)
{
	char buf[16];
	struct iovec own = {buf, sizeof(buf)};
	struct iovec other = {buf, sizeof(buf)};
	int fd;

	say("ptrace-1", ptrace(PTRACE_ATTACH, 1, NULL, NULL));
	say("seize-1", ptrace(PTRACE_SEIZE, 1, NULL, NULL));
	say("mem-1", attack_open("/proc/1/mem", O_RDWR));
	say("environ-1", attack_open("/proc/1/environ", O_RDONLY));
	say("exe-1", attack_open("/proc/1/exe", O_RDONLY));
	say("root-1", attack_open("/proc/1/root", O_RDONLY));
	say("cwd-1", readlink("/proc/1/cwd", buf, sizeof(buf)));
	say("fd-1", attack_descriptors());
	fd = (int)syscall(SYS_pidfd_open, 1, 0);
	say("getfd-1", syscall(SYS_pidfd_getfd, fd, 1, 0));
	say("vm-1", process_vm_readv(1, &own, 1, &other, 1, 0));
	/* these are let through and must do nothing */
	kill(1, SIGKILL);
	kill(1, SIGTERM);
	kill(1, SIGSTOP);
}

static void attacks_kernel(void)
{
	say("keyctl", syscall(SYS_keyctl, 0, -3, 0));
	say("add-key", syscall(SYS_add_key, "user", "x", "y", 1, -3));
	say("request-key", syscall(SYS_request_key, "user", "x", NULL, 0));
	say("bpf", syscall(SYS_bpf, 0, NULL, 0));
	say("perf", syscall(SYS_perf_event_open, NULL, 0, 0, -1, 0));
	say("userfaultfd", syscall(SYS_userfaultfd, 1));
	say("io-uring", syscall(SYS_io_uring_setup, 1, NULL));
	say("handle", syscall(SYS_open_by_handle_at, 0, NULL, 0));
	say("name-handle", syscall(SYS_name_to_handle_at, 0, "", NULL, NULL, 0));
	say("kexec", syscall(SYS_kexec_load, 0, 0, NULL, 0));
	say("module", syscall(SYS_init_module, NULL, 0, ""));
	say("swapon", syscall(SYS_swapon, "", 0));
	say("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
	say("settime", syscall(SYS_clock_settime, 0, NULL));
	say("syslog", syscall(SYS_syslog, 3, NULL, 0));
	say("fanotify", syscall(SYS_fanotify_init, 0, 0));
	say("quotactl", syscall(SYS_quotactl, 0, NULL, 0, NULL));
	say("acct", syscall(SYS_acct, NULL));
	say("personality", personality(READ_IMPLIES_EXEC));
	say("personality-ok", personality(0xffffffff));
	say("unknown", syscall(1000));
	say("tiocsti", ioctl(0, TIOCSTI, "x"));
	say("tiocsti-high", syscall(SYS_ioctl, 0, 0x100000000UL | TIOCSTI, "x"));
	say("tioclinux", ioctl(0, 0x541C, "x"));
	say("vmsplice", syscall(SYS_vmsplice, 0, NULL, 0, 0));
	say("memfd-secret", syscall(447, 0));
}

static void attacks_sockets(void)
{
	say("unix", attack_socket(AF_UNIX, SOCK_STREAM, 0));
	say("inet", attack_socket(AF_INET, SOCK_STREAM, 0));
	say("inet6", attack_socket(AF_INET6, SOCK_DGRAM, 0));
	say("route", attack_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	say("audit", attack_socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT));
	say("netfilter", attack_socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
	say("vsock", attack_socket(AF_VSOCK, SOCK_STREAM, 0));
	say("alg", attack_socket(AF_ALG, SOCK_SEQPACKET, 0));
	say("packet", attack_socket(AF_PACKET, SOCK_RAW, 0));
	say("inet-packet", attack_socket(AF_INET, SOCK_PACKET, 0));
	say("raw", attack_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	say("family-high", syscall(SYS_socket, 0x100000000UL | AF_VSOCK, SOCK_STREAM, 0));
}

#if defined(__x86_64__)
static long call_i386(long n)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "0"(n) : "memory", "r8", "r9", "r10", "r11");
	if (ret < 0 && ret > -4096) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

static void attacks_abi(void)
{
	say("i386-getpid", call_i386(20));
	say("i386-socket", call_i386(359));
	say("x32-getpid", syscall(0x40000000 + SYS_getpid));
	say("x32-socket", syscall(0x40000000 + SYS_socket, AF_INET, SOCK_STREAM, 0));
}
#else
static void attacks_abi(void)
{
}
#endif

static const char *const proc_writes[] = {"/proc/sys/kernel/core_pattern",
	"/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward",
	"/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger",
	"/proc/irq/default_smp_affinity", "/proc/1/oom_score_adj"};
static const char *const proc_reads[] = {"/proc/kcore", "/proc/keys", "/proc/timer_list",
	"/proc/interrupts", "/proc/sched_debug"};

static int cmd_proc(char **argv)
{
	(void)argv;
	for (size_t i = 0; i < N_OF(proc_writes); i++)
		say(proc_writes[i], attack_open(proc_writes[i], O_WRONLY));
	for (size_t i = 0; i < N_OF(proc_reads); i++) {
		char buf[16];
		int fd = open(proc_reads[i], O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, buf, sizeof(buf));

		printf("%s bytes %zd\n", proc_reads[i], n < 0 ? 0 : n);
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

static void put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	say(path, fd < 0 ? -1 : write(fd, text, strlen(text)) < 0 ? -1 : 0);
	if (fd >= 0)
		close(fd);
}

/*
 * A user namespace inside the step's, with every capability in it: what a rootless builder
 * makes. /ro is a read-only volume.
 */
static int cmd_nested(char **argv)
{
	char map[64];

	(void)argv;
	snprintf(map, sizeof(map), "0 %u 1", getuid());
	say("unshare", unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET));
	put_file("/proc/self/uid_map", map);
	say("tmpfs", mount("none", "/tmp", "tmpfs", 0, NULL));
	say("bind", mount("/dir", "/tmp", NULL, MS_BIND, NULL));
	say("hostname", sethostname("x", 1));
	/* and what it must not be able to do */
	say("remount-rw",
		mount(NULL, "/ro", NULL, MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOSUID, NULL));
	say("remount-suid", mount(NULL, "/ro", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	say("umount-ro", umount2("/ro", MNT_DETACH));
	say("umount-mask", umount2("/proc/kcore", MNT_DETACH));
	say("write-ro", attack_open("/ro/file", O_WRONLY));
	say("sysfs", mount("none", "/tmp", "sysfs", 0, NULL));
	say("proc", mount("none", "/tmp", "proc", 0, NULL));
	say("mknod", mknod("/tmp/node", S_IFCHR | 0666, makedev(1, 3)));
	say("packet", attack_socket(AF_PACKET, SOCK_RAW, 0));
	say("setns-1", setns((int)syscall(SYS_pidfd_open, 1, 0), CLONE_NEWNS));
	say("cgroup-ns", unshare(CLONE_NEWCGROUP));
	say("cgroup2", mount("none", "/tmp", "cgroup2", 0, NULL));
	attacks_init();
	attacks_kernel();
	return 0;
}

/* --- a step with every capability ----------------------------------------------------------
 */

/* In a child, as what it makes would stay. */
static void say_in_child(const char *name, long (*fn)(void))
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		say(name, fn());
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (status)
		printf("%s=status %d\n", name, status);
}

static long own_overlay(void)
{
	mkdir("/tmp/u", 0755);
	mkdir("/tmp/w", 0755);
	mkdir("/tmp/m", 0755);
	if (mount("o", "/tmp/m", "overlay", 0,
		    "lowerdir=/dir,upperdir=/tmp/u,workdir=/tmp/w,userxattr"))
		return -1;
	return unlink("/tmp/m/file");
}

/* A network of its own, in which the step is the administrator. */
static long own_net(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	if (unshare(CLONE_NEWNET))
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ioctl(fd, SIOCSIFFLAGS, &ifr))
		return -1;
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP);
}

static long own_proc(void)
{
	int status = 0;
	pid_t pid;

	mkdir("/tmp/proc", 0755);
	if (unshare(CLONE_NEWPID))
		return -1;
	pid = fork();
	if (pid == 0)
		_exit(mount("p", "/tmp/proc", "proc", 0, NULL) ? errno : 0);
	waitpid(pid, &status, 0);
	umount2("/tmp/proc", MNT_DETACH);
	errno = WEXITSTATUS(status);
	return errno ? -1 : 0;
}

/* Another user's process. */
static long trace_other(void)
{
	int p[2], failed = EIO;
	long ret;
	pid_t pid;

	if (pipe(p))
		return -1;
	pid = fork();
	if (pid == 0) {
		failed = setgid(1234) || setuid(1234) ? errno : 0;
		(void)!write(p[1], &failed, sizeof(failed));
		for (;;)
			pause();
	}
	(void)!read(p[0], &failed, sizeof(failed));
	ret = failed ? -1 : ptrace(PTRACE_SEIZE, pid, NULL, NULL);
	if (failed)
		errno = failed;
	kill(pid, SIGKILL);
	return ret;
}

static long lo_down(void)
{
	struct ifreq ifr = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return ioctl(fd, SIOCSIFFLAGS, &ifr);
}

static long ns_above(const char *path, unsigned long request)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -1 : ioctl(fd, request);
}

static long raise_files(void)
{
	struct rlimit r;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_max = r.rlim_max == RLIM_INFINITY ? 1 << 30 : r.rlim_max + 1;
	r.rlim_cur = r.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &r);
}

static long clone_tree(const char *path)
{
	return syscall(SYS_open_tree, AT_FDCWD, path, 1 /* OPEN_TREE_CLONE */);
}

static long set_time(void)
{
	struct timeval t = {.tv_sec = 1};

	return settimeofday(&t, NULL);
}

static long unshare_cgroup(void)
{
	return unshare(CLONE_NEWCGROUP);
}

/* /ro is a read-only volume, /cover another, /cover/in a third one over a part of it. */
static void attacks_mounts(void)
{
	const unsigned long rebind = MS_REMOUNT | MS_BIND;

	mkdir("/tmp/b", 0755);
	say("remount-rw", mount(NULL, "/ro", NULL, rebind | MS_NODEV | MS_NOSUID, NULL));
	say("remount-suid", mount(NULL, "/ro", NULL, rebind | MS_RDONLY | MS_NODEV, NULL));
	say("remount-dev", mount(NULL, "/ro", NULL, rebind | MS_RDONLY | MS_NOSUID, NULL));
	say("umount-ro", umount2("/ro", MNT_DETACH));
	say("move-ro", mount("/ro", "/tmp/b", NULL, MS_MOVE, NULL));
	say("bind-ro", mount("/ro", "/tmp/b", NULL, MS_BIND, NULL));
	say("rebind-rw", mount(NULL, "/tmp/b", NULL, rebind | MS_NODEV | MS_NOSUID, NULL));
	say("write-rebind", attack_open("/tmp/b/file", O_WRONLY));
	say("write-ro", attack_open("/ro/file", O_WRONLY));
	say("umount-cover", umount2("/cover/in", MNT_DETACH));
	say("bind-cover", mount("/cover", "/tmp", NULL, MS_BIND, NULL));
	say("tree-cover", clone_tree("/cover"));
	say("overlay-cover", mount("o", "/tmp/b", "overlay", 0, "lowerdir=/cover:/dir"));
	say("umount-proc", umount2("/proc", MNT_DETACH));
	say("umount-mask", umount2("/proc/kcore", MNT_DETACH));
	say("umount-dev", umount2("/dev", MNT_DETACH));
	say("remount-root", mount(NULL, "/", NULL, MS_REMOUNT, NULL));
	say("configure-root", syscall(SYS_fsconfig, syscall(SYS_fspick, AT_FDCWD, "/", 0),
				      7 /* FSCONFIG_CMD_RECONFIGURE */, NULL, NULL, 0));
	say("sysfs", mount("none", "/tmp/b", "sysfs", 0, NULL));
	say("proc", mount("none", "/tmp/b", "proc", 0, NULL));
	say("cgroup2", mount("none", "/tmp/b", "cgroup2", 0, NULL));
	say("cgroup", mount("none", "/tmp/b", "cgroup", 0, "memory"));
	say("ext4", mount("/dev/null", "/tmp/b", "ext4", 0, NULL));
	say("debugfs", mount("none", "/tmp/b", "debugfs", 0, NULL));
	say("mknod-chr", mknod("/tmp/chr", S_IFCHR | 0666, makedev(1, 3)));
	say("mknod-blk", mknod("/tmp/blk", S_IFBLK | 0666, makedev(8, 0)));
	say("mknod-dev", mknod("/dev/chr", S_IFCHR | 0666, makedev(1, 1)));
}

static void attacks_machine(void)
{
	say_in_child("cgroup-ns", unshare_cgroup);
	say("cgroup-ns-clone", attack_clone(CLONE_NEWCGROUP));
	say("lo-down", lo_down());
	say("raw", attack_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	say("packet", attack_socket(AF_PACKET, SOCK_RAW, 0));
	say("netfilter", attack_socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER));
	say("vsock", attack_socket(AF_VSOCK, SOCK_STREAM, 0));
	say("setns-mnt-1", setns((int)syscall(SYS_pidfd_open, 1, 0), CLONE_NEWNS));
	say("setns-user-1", setns((int)syscall(SYS_pidfd_open, 1, 0), CLONE_NEWUSER));
	say("ns-1", attack_open("/proc/1/ns/mnt", O_RDONLY));
	say("user-above", ns_above("/proc/self/ns/user", NS_GET_PARENT));
	say("pid-owner", ns_above("/proc/self/ns/pid", NS_GET_USERNS));
	say("net-owner", ns_above("/proc/self/ns/net", NS_GET_USERNS));
	say("date", set_time());
	say("nice", setpriority(PRIO_PROCESS, 0, -5));
	say("files", raise_files());
	say("trusted", setxattr("/tmp", "trusted.x", "x", 1, 0));
	say("domain", setdomainname("x", 1));
	put_file("/proc/self/oom_score_adj", "-1000");
	put_file("/proc/1/oom_score_adj", "-1000");
}

/* What privileged is for, and what it must not be; of the attack's files none is there. */
static int cmd_privileged(char **argv)
{
	(void)argv;
	say("tmpfs", mount("none", "/tmp", "tmpfs", 0, NULL));
	say_in_child("overlay", own_overlay);
	say_in_child("own-net", own_net);
	say_in_child("own-proc", own_proc);
	say_in_child("trace-other", trace_other);
	say("hostname", sethostname("x", 1));
	say("setgroups", setgroups(0, NULL));
	attacks_mounts();
	attacks_machine();
	for (size_t i = 0; i < N_OF(proc_writes); i++)
		say(proc_writes[i], attack_open(proc_writes[i], O_WRONLY));
	attacks_init();
	attacks_kernel();
	attacks_abi();
	return 0;
}

static int cmd_attack(char **argv)
{
	(void)argv;
	attacks_namespace();
	attacks_init();
	attacks_kernel();
	attacks_sockets();
	attacks_abi();
	return 0;
}

/* Leave a chroot by the old trick; prints what is in the root above. */
static int cmd_chroot_escape(char **argv)
{
	(void)argv;
	mkdir("/tmp/jail", 0755);
	say("chroot", chroot("/tmp/jail"));
	for (int i = 0; i < 100; i++)
		if (chdir(".."))
			break;
	say("chroot-up", chroot("."));
	{
		char root[] = "/";

		return cmd_list((char *[]){root, NULL});
	}
}

/* --- network
 * ------------------------------------------------------------------------------------ */

static struct sockaddr_in address(const char *ip, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

static int cmd_connect(char **argv)
{
	struct sockaddr_in a = address(argv[0], number(argv[1]));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	say("connect", connect(fd, (struct sockaddr *)&a, sizeof(a)));
	return 0;
}

/* Listens on a port of 127.0.0.1 and connects to it. */
static int cmd_loopback(char **argv)
{
	struct sockaddr_in a = address("127.0.0.1", number(argv[0]));
	int listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	say("bind", bind(listen_fd, (struct sockaddr *)&a, sizeof(a)));
	say("listen", listen(listen_fd, 1));
	say("connect", connect(fd, (struct sockaddr *)&a, sizeof(a)));
	return 0;
}

/* Listens until somebody connects; "ready" first. */
static int cmd_serve(char **argv)
{
	struct sockaddr_in a = address("127.0.0.1", number(argv[0]));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 1))
		return 1;
	printf("ready\n");
	fflush(stdout);
	return accept(fd, NULL, NULL) < 0;
}

static int cmd_abstract(char **argv)
{
	struct {
		sa_family_t family;
		char name[16];
	} a = {.family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.name + 1, sizeof(a.name) - 1, "%s", argv[0]);
	say("abstract", connect(fd, (struct sockaddr *)&a,
				(socklen_t)(sizeof(a.family) + 1 + strlen(argv[0]))));
	return 0;
}

/* --- what processes could meet at --------------------------------------------------------- */

enum { MEET_KEY = 0x6d6f6e6f };
#define MEET_NAME "monopod-meet"

static void abstract_address(struct sockaddr_un *a, socklen_t *n)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(a->sun_path + 1, MEET_NAME, sizeof(MEET_NAME));
	*n = (socklen_t)(sizeof(a->sun_family) + 1 + strlen(MEET_NAME));
}

/* With IPC_CREAT: makes one of each kind. Without: says which are there. */
static void meet(int flags)
{
	const int o = flags ? O_CREAT | O_RDWR : O_RDONLY;

	say("sysv-shm", shmget(MEET_KEY, flags ? 64 : 0, flags | 0666));
	say("sysv-msg", msgget(MEET_KEY, flags | 0666));
	say("sysv-sem", semget(MEET_KEY, flags ? 1 : 0, flags | 0666));
	say("mqueue", syscall(SYS_mq_open, MEET_NAME, o, 0666, NULL));
	say("dev-shm", open("/dev/shm/" MEET_NAME, o | O_CLOEXEC, 0666));
	say("tmp", open("/tmp/" MEET_NAME, o | O_CLOEXEC, 0666));
}

/* Makes them and stays until the file is there. */
static int cmd_meet_at(char **argv)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;
	socklen_t n;

	abstract_address(&a, &n);
	meet(IPC_CREAT);
	say("abstract", bind(fd, (struct sockaddr *)&a, n) || listen(fd, 1) ? -1 : 0);
	fflush(stdout);
	while (access(argv[0], F_OK) < 0)
		poll(NULL, 0, 10);
	return 0;
}

static int cmd_meet(char **argv)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;
	socklen_t n;

	(void)argv;
	abstract_address(&a, &n);
	meet(0);
	say("abstract", connect(fd, (struct sockaddr *)&a, n));
	return 0;
}

/* Says "ready", then which of the paths somebody reads or changes until the first one is there.
 */
static int cmd_watch(char **argv)
{
	const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	_Alignas(struct inotify_event) char buf[8192];
	bool seen[512] = {false};

	for (int i = 1; argv[i] && i < 512; i++)
		if (inotify_add_watch(fd, argv[i], IN_ALL_EVENTS) != i)
			printf("cannot watch %s\n", argv[i]);
	printf("ready\n");
	fflush(stdout);
	for (bool is_over = false; !is_over;) {
		ssize_t n;

		is_over = access(argv[0], F_OK) == 0;
		n = read(fd, buf, sizeof(buf));
		for (char *p = buf; n > 0 && p < buf + n;) {
			const struct inotify_event *e = (const struct inotify_event *)(void *)p;

			if (e->wd > 0 && e->wd < 512)
				seen[e->wd] = true;
			p += sizeof(*e) + e->len;
		}
		poll(NULL, 0, 10);
	}
	for (int i = 1; argv[i] && i < 512; i++)
		if (seen[i])
			printf("saw %s\n", argv[i]);
	return 0;
}

/* Everything that has an id, whoever's: signals, limits, scheduling, memory. */
static int cmd_others(char **argv)
{
	char buf[16];
	struct iovec own = {buf, sizeof(buf)};
	struct iovec other = {buf, sizeof(buf)};
	long met = 0;

	(void)argv;
	for (pid_t pid = 2; pid < 70000; pid++) {
		if (pid == getpid() || pid == getppid() || kill(pid, 0) < 0)
			continue;
		met++;
		met += process_vm_readv(pid, &own, 1, &other, 1, 0) > 0;
	}
	printf("others=%ld\n", met);
	return 0;
}

/* Traces whatever comes into its PID namespace, and never asks for an end. */
static int cmd_trace(char **argv)
{
	pid_t pid = getpid() + 1;
	char path[32], exe[64];
	ssize_t n;

	(void)argv;
	printf("ready\n");
	fflush(stdout);
	for (; pid > 0; (void)poll(NULL, 0, 1)) {
		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		n = readlink(path, exe, sizeof(exe) - 1);
		exe[n < 0 ? 0 : n] = 0;
		/* the visitor's own program, not what starts it */
		if (n < 0 || strncmp(exe, "/memfd:", 7) == 0 ||
			ptrace(PTRACE_SEIZE, pid, NULL, NULL))
			continue;
		printf("traced %d\n", pid++);
		fflush(stdout);
	}
	return 0;
}

static const struct command {
	const char *name;
	int (*run)(char **argv);
	int n_args;
} commands[] = {
	{"abort", cmd_abort, 0},
	{"abstract", cmd_abstract, 1},
	{"attack", cmd_attack, 0},
	{"cat", cmd_cat, 1},
	{"chmod", cmd_chmod, 1},
	{"chown", cmd_chown, 3},
	{"chroot-escape", cmd_chroot_escape, 0},
	{"connect", cmd_connect, 2},
	{"cwd", cmd_cwd, 0},
	{"die", cmd_die, 1},
	{"echo", cmd_echo, 0},
	{"env", cmd_env, 0},
	{"exit", cmd_exit, 1},
	{"family", cmd_family, 0},
	{"fds", cmd_fds, 0},
	{"ids", cmd_ids, 0},
	{"limits", cmd_limits, 0},
	{"list", cmd_list, 1},
	{"loopback", cmd_loopback, 1},
	{"ns", cmd_ns, 0},
	{"meet", cmd_meet, 0},
	{"meet-at", cmd_meet_at, 1},
	{"nested", cmd_nested, 0},
	{"orphan", cmd_orphan, 1},
	{"others", cmd_others, 0},
	{"privileged", cmd_privileged, 0},
	{"proc", cmd_proc, 0},
	{"remove", cmd_remove, 1},
	{"rename", cmd_rename, 2},
	{"serve", cmd_serve, 1},
	{"stat", cmd_stat, 1},
	{"trace", cmd_trace, 0},
	{"trap", cmd_trap, 0},
	{"wait", cmd_wait, 0},
	{"watch", cmd_watch, 2},
	{"write", cmd_write, 2},
	{"zombie", cmd_zombie, 0},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < N_OF(commands); i++)
		if (strcmp(commands[i].name, argv[1]) == 0 && argc - 2 >= commands[i].n_args)
			return commands[i].run(argv + 2);
	fprintf(stderr, "probe: no such command\n");
	return 64;
}
