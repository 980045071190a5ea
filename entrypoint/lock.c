/* SPDX-License-Identifier: Apache-2.0 */
/* Taking the lock of a run directory, and saying who has it. */
#include "lock.h"

#include <base/arena.h>
#include <base/buf.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/num.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	OWNER_BYTES = 128,
	STAT_BYTES = 4096,
	LOOK_MS = 20,
	NAMED_MAX = 8,
	ENTRIES_MAX = 1 << 20
};
enum { STAT_STATE = 3, STAT_START_TIME = 22 }; /* fields of /proc/PID/stat, from 1 */

#define LOCK_NAME "lock"

/* --- who --------------------------------------------------------------------------------- */

/* A field of /proc/PID/stat behind the command's name, which may hold anything. */
static struct str stat_field(struct str stat, int field)
{
	struct str rest = stat;
	struct str word = STR_NONE;

	for (size_t i = stat.n; i > 0; i--) {
		if (stat.p[i - 1] != ')')
			continue;
		rest = str_trim(str_slice(stat, i, stat.n));
		break;
	}
	for (int i = STAT_STATE; i <= field; i++) {
		if (!str_cut(rest, ' ', &word, &rest)) {
			word = rest;
			rest = STR_NONE;
		}
	}
	return word;
}

/* Process and time of its start: together they never come again. Empty: it does not live. */
static struct str identity(struct arena *a, struct str pid)
{
	struct str path = arena_printf(a, "/proc/" STR_FMT "/stat", STR_ARG(pid));
	struct str text, state;

	if (file_read(a, AT_FDCWD, str_c(path), STAT_BYTES, &text, NULL))
		return STR_NONE;
	state = stat_field(text, STAT_STATE);
	if (str_eqz(state, "Z") || str_eqz(state, "X"))
		return STR_NONE;
	return arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(pid),
		STR_ARG(stat_field(text, STAT_START_TIME)));
}

static void owner_write(int fd)
{
	struct arena *a cleanup_arena = arena_new();
	struct str me = identity(a, arena_printf(a, "%d", (int)getpid()));
	struct str line = arena_printf(a, STR_FMT "\n", STR_ARG(me));

	/* for people; the lock itself does not depend on it */
	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, line.p, line.n, 0);
}

/* The pid of the agent that has the lock; empty: it is not alive, or not to be seen. */
static struct str owner_alive(struct arena *a, int fd)
{
	char *text = arena_alloc(a, OWNER_BYTES);
	ssize_t n = pread(fd, text, OWNER_BYTES, 0);
	struct str line = {.p = text, .n = n > 0 ? (size_t)n : 0};
	struct str pid, start;

	line = str_trim(line);
	if (!str_cut(line, ' ', &pid, &start) || num_u64(pid, INT32_MAX, &(uint64_t){0}, NULL))
		return STR_NONE;
	return str_eq(identity(a, pid), line) ? pid : STR_NONE;
}

static bool has_open(struct arena *a, struct str pid, const struct stat *what)
{
	struct str path = arena_printf(a, "/proc/" STR_FMT "/fd", STR_ARG(pid));
	int dfd cleanup_fd = dir_open(AT_FDCWD, str_c(path), NULL);
	struct str *names;
	size_t n;

	if (dfd < 0 || dir_list(a, dfd, ENTRIES_MAX, &names, &n, NULL))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		if (fstatat(dfd, str_c(names[i]), &st, 0) == 0 && st.st_dev == what->st_dev &&
			st.st_ino == what->st_ino)
			return true;
	}
	return false;
}

/* "412 (step-init), 420 (monopod)": those that can be seen. */
static struct str holders(struct arena *a, int fd)
{
	int proc_fd cleanup_fd = dir_open(AT_FDCWD, "/proc", NULL);
	struct buf out cleanup_buf = {0};
	struct str *names;
	struct stat st;
	size_t n, n_named = 0;

	buf_init(&out, ERR_MSG_BYTES / 2);
	if (proc_fd < 0 || fstat(fd, &st) ||
		dir_list(a, proc_fd, ENTRIES_MAX, &names, &n, NULL))
		return STR_NONE;
	for (size_t i = 0; i < n && n_named < NAMED_MAX; i++) {
		struct str comm = STR_NONE;

		if (num_u64(names[i], INT32_MAX, &(uint64_t){0}, NULL) ||
			!has_open(a, names[i], &st))
			continue;
		(void)file_read(a, proc_fd,
			str_c(arena_printf(a, STR_FMT "/comm", STR_ARG(names[i]))), STAT_BYTES,
			&comm, NULL);
		buf_addf(&out, "%s" STR_FMT " (" STR_FMT ")", n_named++ ? ", " : "",
			STR_ARG(names[i]), STR_ARG(str_trim(comm)));
	}
	return arena_str(a, buf_str(&out));
}

/* --- the lock ---------------------------------------------------------------------------- */

static int lock_open(int dfd, struct err *err)
{
	int fd cleanup_fd = openat(dfd, LOCK_NAME,
		O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	struct stat st;

	if (fd < 0)
		return err_sys(err, "open '" LOCK_NAME "'");
	/* it is written to, and 0 names are those of one that was just given up */
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink > 1)
		return err_set(err, ERR_USAGE, "'" LOCK_NAME "' is not a file of this user");
	return fd_take(&fd);
}

static int lock_refuse(int fd, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str agent = owner_alive(a, fd);
	struct str who;

	if (agent.n)
		return err_set(err, ERR_USAGE, "in use by process " STR_FMT, STR_ARG(agent));
	who = holders(a, fd);
	return err_set(err, ERR_USAGE, "processes of the run before are still alive: " STR_FMT,
		STR_ARG(who.n ? who : STR("none that can be seen from here")));
}

static bool owner_is_alive(int fd)
{
	struct arena *a cleanup_arena = arena_new();

	return owner_alive(a, fd).n > 0;
}

/* 0, or -1 with the errno of flock. What waits is processes that are being killed. */
static int lock_wait(int fd, int patience_ms)
{
	const int64_t until_ns = clock_mono_ns() + (int64_t)patience_ms * NS_PER_MS;

	for (;;) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if (owner_is_alive(fd) || clock_mono_ns() >= until_ns) {
			errno = EWOULDBLOCK;
			return -1;
		}
		(void)poll(NULL, 0, LOOK_MS);
	}
}

int lock_take(int dfd, int patience_ms, struct err *err)
{
	for (;;) {
		int fd cleanup_fd = lock_open(dfd, err);
		struct stat st;

		if (fd < 0)
			return -1;
		if (lock_wait(fd, patience_ms)) {
			if (errno == EWOULDBLOCK)
				return lock_refuse(fd, err);
			return err_sys(err, "lock '" LOCK_NAME "'");
		}
		if (fstat(fd, &st) == 0 && st.st_nlink == 0)
			continue; /* it was taken away while we waited */
		owner_write(fd);
		return fd_take(&fd);
	}
}

void lock_release(int dfd, int *fd)
{
	if (*fd >= 0)
		(void)unlinkat(dfd, LOCK_NAME, 0); /* while it is ours */
	fd_close(fd);
}

bool lock_is_held(int dfd)
{
	int fd cleanup_fd = openat(
		dfd, LOCK_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}
