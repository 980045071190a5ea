/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts a command N times, one after the other, and prints the nanoseconds that each start
 * took until its exit, one a line. Small, so that what is measured is the command:
 *
 *     spawn N [-o LOWER SCRATCH] [-f FD FILE] -- COMMAND...
 *
 * -o gives each start a fresh overlay of LOWER at SCRATCH/merged, mounted before and taken away
 * after it, within the time taken; -f opens FILE as descriptor FD for each start. "{}" in a
 * word becomes the number of the start.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

struct bench {
	unsigned long n;
	const char *lower;
	const char *scratch;
	int fd;
	const char *file;
	char **argv;
};

static void fail(const char *what)
{
	fprintf(stderr, "spawn: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long long now_ns(void)
{
	struct timespec t;
	if (clock_gettime(CLOCK_MONOTONIC, &t))
		fail("clock");
	return (long long)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void overlay_mount(const struct bench *b, unsigned long i)
{
	char upper[256], work[256], options[1024], merged[256];
	snprintf(upper, sizeof(upper), "%s/u%lu", b->scratch, i);
	snprintf(work, sizeof(work), "%s/w%lu", b->scratch, i);
	snprintf(merged, sizeof(merged), "%s/merged", b->scratch);
	snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", b->lower,
		upper, work);
	if (mkdir(upper, 0755) || mkdir(work, 0755) ||
		mount("overlay", merged, "overlay", MS_NOSUID | MS_NODEV, options))
		fail("overlay");
}

static void overlay_unmount(const struct bench *b)
{
	char merged[256];
	snprintf(merged, sizeof(merged), "%s/merged", b->scratch);
	if (umount2(merged, MNT_DETACH))
		fail("umount");
}

static char *word_make(const char *word, unsigned long i)
{
	char *ret = NULL;
	const char *at = strstr(word, "{}");
	if (!at)
		return strdup(word);
	if (asprintf(&ret, "%.*s%lu%s", (int)(at - word), word, i, at + 2) < 0)
		fail("memory");
	return ret;
}

static void start(const struct bench *b, unsigned long i)
{
	char *argv[256];
	size_t n = 0;
	pid_t pid;
	int status;
	posix_spawn_file_actions_t actions;
	for (; b->argv[n] && n < 255; n++)
		argv[n] = word_make(b->argv[n], i);
	argv[n] = NULL;
	posix_spawn_file_actions_init(&actions);
	if (b->file)
		posix_spawn_file_actions_addopen(&actions, b->fd, b->file, O_RDONLY, 0);
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	if (errno)
		fail(argv[0]);
	if (waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "spawn: %s ended with status %d\n", argv[0], status);
		exit(1);
	}
	posix_spawn_file_actions_destroy(&actions);
	while (n)
		free(argv[--n]);
}

/* Digits only: the words are those of tests/bench/run. */
static unsigned long word_number(const char *word)
{
	unsigned long n = 0;

	for (; *word >= '0' && *word <= '9'; word++)
		n = n * 10 + (unsigned long)(*word - '0');
	return n;
}

static void words_read(struct bench *b, char **argv)
{
	char **at = argv + 1;
	if (*at)
		b->n = word_number(*at++);
	for (; *at && strcmp(*at, "--") != 0; at++) {
		if (strcmp(*at, "-o") == 0 && at[1] && at[2]) {
			b->lower = *++at;
			b->scratch = *++at;
		} else if (strcmp(*at, "-f") == 0 && at[1] && at[2]) {
			b->fd = (int)word_number(*++at);
			b->file = *++at;
		}
	}
	b->argv = *at ? at + 1 : at;
	if (!b->n || !*b->argv) {
		fprintf(stderr,
			"usage: spawn N [-o LOWER SCRATCH] [-f FD FILE] -- COMMAND...\n");
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct bench b = {0};
	(void)argc;
	words_read(&b, argv);
	for (unsigned long i = 0; i < b.n; i++) {
		long long from = now_ns();
		if (b.lower)
			overlay_mount(&b, i);
		start(&b, i);
		if (b.lower)
			overlay_unmount(&b);
		printf("%lld\n", now_ns() - from);
	}
	return 0;
}
