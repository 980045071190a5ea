/* SPDX-License-Identifier: Apache-2.0 */
/* What a step sees around it, and plain operations on files. */
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

int cmd_ids(char **argv)
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

int cmd_fds(char **argv)
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

int cmd_cat(char **argv)
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

int cmd_stat(char **argv)
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

int cmd_list(char **argv)
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

int cmd_cwd(char **argv)
{
	char buf[4096];

	(void)argv;
	printf("%s\n", getcwd(buf, sizeof(buf)) ? buf : strerrorname_np(errno));
	return 0;
}

int cmd_env(char **argv)
{
	(void)argv;
	for (char **e = environ; *e; e++)
		printf("%s\n", *e);
	return 0;
}

int cmd_echo(char **argv)
{
	for (; *argv; argv++)
		printf("%s\n", *argv);
	return 0;
}

int cmd_limits(char **argv)
{
	struct rlimit r;

	for (; *argv; argv++)
		if (getrlimit((__rlimit_resource_t)number(*argv), &r) == 0)
			printf("%s %llu %llu\n", *argv, (unsigned long long)r.rlim_cur,
				(unsigned long long)r.rlim_max);
	return 0;
}

int cmd_ns(char **argv)
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

int cmd_write(char **argv)
{
	int fd = open(argv[0], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	say(argv[0], fd < 0 ? -1 : write(fd, argv[1], strlen(argv[1])));
	return fd < 0;
}

int cmd_chown(char **argv)
{
	say(argv[0], chown(argv[0], (uid_t)number(argv[1]), (gid_t)number(argv[2])));
	return 0;
}

int cmd_chmod(char **argv)
{
	say(argv[0], chmod(argv[0], 04755));
	return 0;
}

int cmd_remove(char **argv)
{
	say(argv[0], remove(argv[0]));
	return 0;
}

int cmd_rename(char **argv)
{
	say(argv[0], rename(argv[0], argv[1]));
	return 0;
}
