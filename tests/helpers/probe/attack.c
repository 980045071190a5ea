/* SPDX-License-Identifier: Apache-2.0 */
/* What a step must not be able to do. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

long attack_clone(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		waitpid((pid_t)pid, NULL, 0);
	return pid;
}

long attack_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd;
}

long attack_socket(int family, int type, int protocol)
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

void attacks_init(void)
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

void attacks_kernel(void)
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

void attacks_abi(void)
{
	say("i386-getpid", call_i386(20));
	say("i386-socket", call_i386(359));
	say("x32-getpid", syscall(0x40000000 + SYS_getpid));
	say("x32-socket", syscall(0x40000000 + SYS_socket, AF_INET, SOCK_STREAM, 0));
}
#else
void attacks_abi(void)
{
}
#endif

static const char *const proc_writes[] = {"/proc/sys/kernel/core_pattern",
	"/proc/sys/kernel/hostname", "/proc/sys/net/ipv4/ip_forward",
	"/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger",
	"/proc/irq/default_smp_affinity", "/proc/1/oom_score_adj"};
static const char *const proc_reads[] = {"/proc/kcore", "/proc/keys", "/proc/timer_list",
	"/proc/interrupts", "/proc/sched_debug"};

void attacks_proc(void)
{
	for (size_t i = 0; i < N_OF(proc_writes); i++)
		say(proc_writes[i], attack_open(proc_writes[i], O_WRONLY));
}

int cmd_proc(char **argv)
{
	(void)argv;
	attacks_proc();
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

void put_file(const char *path, const char *text)
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
int cmd_nested(char **argv)
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

int cmd_attack(char **argv)
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
int cmd_chroot_escape(char **argv)
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
