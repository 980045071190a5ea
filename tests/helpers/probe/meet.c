/* SPDX-License-Identifier: Apache-2.0 */
/* The network, and what else processes could meet at. */
#include "probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in address(const char *ip, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	inet_pton(AF_INET, ip, &a.sin_addr);
	return a;
}

int cmd_connect(char **argv)
{
	struct sockaddr_in a = address(argv[0], number(argv[1]));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	say("connect", connect(fd, (struct sockaddr *)&a, sizeof(a)));
	return 0;
}

/* Listens on a port of 127.0.0.1 and connects to it. */
int cmd_loopback(char **argv)
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
int cmd_serve(char **argv)
{
	struct sockaddr_in a = address("127.0.0.1", number(argv[0]));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) || listen(fd, 1))
		return 1;
	printf("ready\n");
	fflush(stdout);
	return accept(fd, NULL, NULL) < 0;
}

int cmd_abstract(char **argv)
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
int cmd_meet_at(char **argv)
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

int cmd_meet(char **argv)
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
int cmd_watch(char **argv)
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
int cmd_others(char **argv)
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
int cmd_trace(char **argv)
{
	enum { AHEAD = 4 };
	pid_t last = getpid();
	char path[32], exe[64];
	ssize_t n;

	(void)argv;
	printf("ready\n");
	fflush(stdout);
	for (;; (void)poll(NULL, 0, 1)) {
		for (pid_t pid = last + 1; pid <= last + AHEAD; pid++) {
			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			n = readlink(path, exe, sizeof(exe) - 1);
			exe[n < 0 ? 0 : n] = 0;
			/* the visitor's own program, not what starts it */
			if (n < 0 || strncmp(exe, "/memfd:", 7) == 0 ||
				ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT))
				continue;
			printf("traced %d\n", pid);
			fflush(stdout);
			last = pid;
		}
	}
	return 0;
}

/* 1: it could be traced while it ran what monopod executes; -1: only when it ran the step's
 * own.
 */
static int seize_one(pid_t pid)
{
	char path[32], exe[64];
	ssize_t n;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n < 0 ? 0 : n] = 0;
	(void)ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	(void)waitpid(pid, NULL, __WALL);
	(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return strncmp(exe, "/memfd:", 7) == 0 ? 1 : -1;
}

/* Tries to trace who comes next into its PID namespace from its first moment to its last. */
int cmd_seize(char **argv)
{
	enum { AHEAD = 4 };
	pid_t last = getpid();

	(void)argv;
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		for (pid_t pid = last + 1; pid <= last + AHEAD; pid++) {
			if (kill(pid, 0) && errno == ESRCH)
				continue;
			for (int what = 0; kill(pid, 0) == 0 || errno != ESRCH;) {
				what = what < 0 ? what : seize_one(pid);
				if (what > 0)
					printf("caught\n");
			}
			fflush(stdout);
			last = pid;
		}
	}
	return 0;
}
