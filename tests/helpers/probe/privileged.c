/* SPDX-License-Identifier: Apache-2.0 */
/* A step with every capability. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netlink.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

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

/* Who keeps the step's namespaces for visitors; it lies in them. */
static void attacks_keeper(void)
{
	int fd = (int)syscall(SYS_pidfd_open, 2, 0);

	say("seize-keeper", ptrace(PTRACE_SEIZE, 2, NULL, NULL));
	say("mem-keeper", attack_open("/proc/2/mem", O_RDWR));
	say("getfd-keeper", syscall(SYS_pidfd_getfd, fd, 0, 0));
}

/* What privileged is for, and what it must not be; of the attack's files none is there. */
int cmd_privileged(char **argv)
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
	attacks_proc();
	attacks_init();
	attacks_keeper();
	attacks_kernel();
	attacks_abi();
	return 0;
}
