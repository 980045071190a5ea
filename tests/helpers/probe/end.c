/* SPDX-License-Identifier: Apache-2.0 */
/* The ways a step ends, and processes that it leaves behind. */
#include "probe.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int cmd_exit(char **argv)
{
	return number(argv[0]);
}

int cmd_die(char **argv)
{
	struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	kill(getpid(), number(argv[0]));
	return 99;
}

__attribute__((noreturn)) int cmd_abort(char **argv)
{
	(void)argv;
	abort(); /* ends here */
}

/* Leaves processes behind that hold the pipes, ignore signals and have sessions of their own.
 */
int cmd_orphan(char **argv)
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

int cmd_wait(char **argv)
{
	(void)argv;
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
	return 0;
}

/* Many processes in sessions of their own, every other one an orphan, then waits. */
int cmd_family(char **argv)
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
int cmd_trap(char **argv)
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
int cmd_zombie(char **argv)
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
