/* SPDX-License-Identifier: Apache-2.0 */
/* The run directory: making, refusing, cleaning up. */
#include "rundir.h"

#include "lock.h"
#include "memory.h"
#include "steplog.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/log.h>
#include <base/num.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUN_NUMBER_MAX = 9999, RUNS_LISTED = 100000, BALLAST_BYTES = 2 * MIB, FD_PATH = 40 };
enum {
	LOOK_MS = 50,    /* somebody who only looks holds the lock for a moment */
	TAKE_MS = 15000, /* for what a killed agent left to end */
};

#define CONTAINER_RUN_DIR "/run/monopod"
#define DEFAULT_RUNS      ".monopod/runs"
#define BALLAST           "ballast"
#define SCRATCH           "scratch"
#define SCRATCH_OLD       "scratch.old" /* of a killed run; could not be removed yet */

bool rundir_own_mounts(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
		return false;
	return mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0;
}

static void rundir_init(struct rundir *rd)
{
	*rd = (struct rundir){.dfd = -1,
		.lock_fd = -1,
		.parent_dfd = -1,
		.claims_dfd = -1,
		.scratch_dfd = -1,
		.tasks_dfd = -1,
		.layers_dfd = -1,
		.small_dfd = -1};
}

static void rundir_release(struct rundir *rd)
{
	fd_close(&rd->small_dfd);
	fd_close(&rd->layers_dfd);
	fd_close(&rd->tasks_dfd);
	fd_close(&rd->scratch_dfd);
	fd_close(&rd->claims_dfd);
	fd_close(&rd->parent_dfd);
	fd_close(&rd->dfd);
	fd_close(&rd->lock_fd); /* last: now it is somebody else's */
}

/* Where run directories are: the caller's own, links and all. */
static int rundir_outside(int dfd, const char *rel, struct err *err)
{
	if (dir_make(dfd, rel, 0700, err))
		return -1;
	return dir_open(dfd, rel, err);
}

/* The deepest directory of the path that is there. */
static struct str nearest_dir(struct arena *a, struct str dir)
{
	struct stat st;

	while (dir.n > 1 && stat(str_c(dir), &st) < 0)
		dir = path_dir(a, dir);
	return dir;
}

/*
 * The names of what was made from `dir` up to `top`: a journal is only as sure as the name of
 * the directory that it is in. Not every file system can sync one.
 */
static void sync_names(struct arena *a, struct str dir, struct str top)
{
	for (;;) {
		int fd cleanup_fd = dir_open(AT_FDCWD, str_c(dir), NULL);

		if (fd >= 0)
			(void)fsync(fd);
		if (dir.n <= 1 || str_eq(dir, top))
			return;
		dir = path_dir(a, dir);
	}
}

/* A part of a run directory; what lies there may have been in other hands. */
static int rundir_sub(int dfd, const char *rel, struct err *err)
{
	return dir_make_inside(dfd, rel, 0700, err);
}

/* The number after "NAME-" of an entry, or 0. */
static uint64_t run_number(struct str entry, struct str name)
{
	uint64_t n;

	if (!str_starts(entry, name) || entry.n < name.n + 2 || entry.p[name.n] != '-')
		return 0;
	if (num_u64(str_slice(entry, name.n + 1, entry.n), RUN_NUMBER_MAX, &n, NULL))
		return 0;
	return n;
}

/* Nobody has named that place: the caller's links in it are followed, those of others are not.
 */
static int default_check(struct err *err)
{
	static const char *const parts[] = {".monopod", DEFAULT_RUNS};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct stat st;

		if (fstatat(AT_FDCWD, parts[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISLNK(st.st_mode) && st.st_uid != 0 && st.st_uid != geteuid())
			return err_set(err, ERR_SANDBOX, "'%s' is a link of user %u's",
				parts[i], st.st_uid);
	}
	return 0;
}

/* Makes the next free NAME-NNNN below .monopod/runs of the current directory. */
static int rundir_make_numbered(
	struct arena *a, struct str run_name, struct rundir *rd, struct err *err)
{
	struct str *entries;
	struct str cwd, top;
	size_t n_entries;
	uint64_t next = 1;

	if (default_check(err) || path_absolute(a, STR(DEFAULT_RUNS), &cwd, err))
		return -1;
	top = nearest_dir(a, cwd);
	rd->parent_dfd = rundir_outside(AT_FDCWD, DEFAULT_RUNS, err);
	if (rd->parent_dfd < 0)
		return -1;
	if (dir_list(a, rd->parent_dfd, RUNS_LISTED, &entries, &n_entries, err))
		return -1;
	for (size_t i = 0; i < n_entries; i++) {
		uint64_t n = run_number(entries[i], run_name);

		next = n >= next ? n + 1 : next;
	}
	for (; next <= RUN_NUMBER_MAX; next++) {
		struct str name =
			arena_printf(a, STR_FMT "-%04d", STR_ARG(run_name), (int)next);

		if (mkdirat(rd->parent_dfd, str_c(name), 0700) == 0) {
			rd->is_made = rd->is_numbered = true;
			rd->run_name = arena_str(a, run_name);
			rd->path = path_join(a, cwd, name);
			sync_names(a, cwd, top);
			return 0;
		}
		if (errno != EEXIST)
			return err_sys(err, "make run directory '%s'", str_c(name));
	}
	return err_set(err, ERR_LIMIT, "run directory '" STR_FMT "': no number is left",
		STR_ARG(run_name));
}

/* Makes the directory that was named, or takes the one that is there. */
static int rundir_make_named(
	struct arena *a, struct str path, struct rundir *rd, struct err *err)
{
	struct str parent = path_dir(a, path);
	struct str top = nearest_dir(a, path);

	rd->path = path;
	if (str_eq(top, path))
		return 0;
	rd->parent_dfd = rundir_outside(AT_FDCWD, str_c(parent), err);
	if (rd->parent_dfd < 0)
		return -1;
	rd->is_made = mkdirat(rd->parent_dfd, str_c(path_base(path)), 0700) == 0;
	if (!rd->is_made && errno != EEXIST)
		return err_sys(err, "make '%s'", str_c(path));
	sync_names(a, parent, top);
	return 0;
}

static int rundir_lock(struct rundir *rd, int patience_ms, struct err *err)
{
	struct err low = {0};

	rd->lock_fd = lock_take(rd->dfd, patience_ms, &low);
	if (rd->lock_fd >= 0)
		return 0;
	rd->is_made =
		rd->is_made && low.kind != ERR_USAGE; /* somebody was quicker: it is theirs */
	return err_set(err, low.kind == ERR_USAGE ? ERR_USAGE : ERR_SANDBOX,
		"run directory '%s': %s", str_c(rd->path), low.msg);
}

/* A directory that holds a run already is not touched. */
static int rundir_check_free(struct rundir *rd, struct err *err)
{
	static const char *const traces[] = {"journal", "run.json", "runs", "logs"};

	if (rundir_lock(rd, LOOK_MS, err))
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++) {
		struct stat st;

		if (fstatat(rd->dfd, traces[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			return err_set(err, ERR_USAGE,
				"run directory '%s' holds a run already%s", str_c(rd->path),
				fstatat(rd->dfd, SCRATCH, &st, AT_SYMLINK_NOFOLLOW) == 0
					? ", which was interrupted: 'monopod describe' tells "
					  "how far it came"
					: "");
	}
	return 0;
}

/* What would be found later, when the run has begun. */
static int rundir_check_parts(const struct rundir *rd, struct err *err)
{
	static const char *const parts[] = {"logs", "runs", "results", "workspaces"};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		struct stat st;

		if (fstatat(rd->dfd, parts[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			!S_ISDIR(st.st_mode))
			return err_set(
				err, ERR_SANDBOX, "'%s' in it is not a directory", parts[i]);
	}
	return 0;
}

/*
 * A run that was killed before it wrote a line leaves only this. What belongs to mapped ids
 * takes the namespace that is made later: rundir_sweep.
 */
static int rundir_clear(const struct rundir *rd, struct err *err)
{
	if (dir_remove(rd->dfd, SCRATCH, NULL) == 0)
		return 0;
	if (renameat(rd->dfd, SCRATCH, rd->dfd, SCRATCH_OLD) < 0)
		return err_sys(err, "move away what a killed run left");
	return 0;
}

static int rundir_fill(struct rundir *rd, struct err *err)
{
	int ballast_fd cleanup_fd = -1;

	if (rundir_check_parts(rd, err) || rundir_clear(rd, err))
		return -1;
	rd->claims_dfd = rundir_sub(rd->dfd, "workspaces", err);
	rd->scratch_dfd = rd->claims_dfd < 0 ? -1 : rundir_sub(rd->dfd, SCRATCH, err);
	rd->tasks_dfd = rd->scratch_dfd < 0 ? -1 : rundir_sub(rd->scratch_dfd, "tasks", err);
	rd->layers_dfd = rd->tasks_dfd < 0 ? -1 : rundir_sub(rd->scratch_dfd, "layers", err);
	rd->small_dfd = rd->layers_dfd < 0 ? -1 : rundir_sub(rd->scratch_dfd, "small", err);
	if (rd->small_dfd < 0)
		return -1;
	ballast_fd = openat(
		rd->scratch_dfd, BALLAST, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (ballast_fd < 0)
		return err_sys(err, "write in it");
	/* not every file system can; then a full disk costs run.json, the journal stays */
	(void)fallocate(ballast_fd, 0, 0, BALLAST_BYTES);
	return 0;
}

static struct str rundir_default(struct str path)
{
	return path.n == 0 && getpid() == 1 ? STR(CONTAINER_RUN_DIR) : path;
}

int rundir_place(struct arena *a, struct str path, struct str *ret, struct err *err)
{
	path = rundir_default(path);
	return path_absolute(a, path.n ? path : STR(DEFAULT_RUNS), ret, err);
}

static int rundir_make(struct arena *a, struct str path, struct str run_name, struct rundir *rd,
	struct err *err)
{
	struct err low = {0};
	int rc;

	path = rundir_default(path);
	rc = path.n ? rundir_make_named(a, path, rd, &low)
		    : rundir_make_numbered(a, run_name, rd, &low);
	if (rc == 0)
		rd->dfd = dir_open(AT_FDCWD, str_c(rd->path), &low);
	if (rd->dfd < 0)
		return err_set(err, ERR_SANDBOX,
			"run directory: %s; name a writable place with --run-dir", low.msg);
	if (rundir_check_free(rd, err))
		return -1;
	rd->is_ours = true;
	return 0;
}

static int rundir_fill_or_say(struct rundir *rd, struct err *err)
{
	struct err low = {0};

	if (rundir_fill(rd, &low))
		return err_set(err, ERR_SANDBOX,
			"run directory '%s': %s; name a writable place with --run-dir",
			str_c(rd->path), low.msg);
	return 0;
}

int rundir_open(struct arena *a, struct str path, struct str run_name, struct rundir *ret,
	struct err *err)
{
	struct rundir rd;

	rundir_init(&rd);
	if (rundir_make(a, path, run_name, &rd, err) || rundir_fill_or_say(&rd, err)) {
		rundir_discard(&rd);
		return -1;
	}
	*ret = rd;
	return 0;
}

int rundir_open_taken(struct rundir *rd, struct err *err)
{
	if (rundir_fill_or_say(rd, err) == 0)
		return 0;
	rundir_discard(rd);
	return -1;
}

/* The directory below .monopod/runs that a run was last made in; empty: there is none. */
static struct str rundir_newest(struct arena *a)
{
	int dfd cleanup_fd = dir_open(AT_FDCWD, DEFAULT_RUNS, NULL);
	struct str newest = STR_NONE;
	struct timespec when = {0};
	struct str *names;
	size_t n;

	if (dfd < 0 || dir_list(a, dfd, RUNS_LISTED, &names, &n, NULL))
		return STR_NONE;
	for (size_t i = 0; i < n; i++) {
		struct stat st;
		struct str logs = path_join(a, names[i], STR("workspaces"));

		if (fstatat(dfd, str_c(logs), &st, AT_SYMLINK_NOFOLLOW) ||
			st.st_ctim.tv_sec < when.tv_sec ||
			(st.st_ctim.tv_sec == when.tv_sec && st.st_ctim.tv_nsec < when.tv_nsec))
			continue;
		when = st.st_ctim;
		newest = path_join(a, STR(DEFAULT_RUNS), names[i]);
	}
	return newest;
}

int rundir_take(struct arena *a, struct str path, struct rundir *ret, struct err *err)
{
	struct stat st;

	rundir_init(ret);
	path = rundir_default(path);
	if (!path.n) {
		if (default_check(err))
			return err_wrap(err, "run directory");
		path = rundir_newest(a);
	}
	if (!path.n || (stat(str_c(path), &st) < 0 && errno == ENOENT))
		return 0;
	if (path_absolute(a, path, &ret->path, err))
		return -1;
	ret->dfd = dir_open(AT_FDCWD, str_c(ret->path), err);
	if (ret->dfd < 0)
		return err_wrap_as(err, ERR_SANDBOX, "run directory");
	if (rundir_lock(ret, TAKE_MS, err)) {
		rundir_release(ret);
		return -1;
	}
	return 0;
}

int rundir_mount_tmpfs(int dfd, const char *name, const char *options, struct err *err)
{
	char at[FD_PATH];
	int fd;

	(void)snprintf(at, sizeof(at), "/proc/self/fd/%d/%s", dfd, name);
	if (mount("monopod", at, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		return err_sys(err, "mount a tmpfs on '%s'", name);
	fd = dir_open(dfd, name, err);
	if (fd < 0)
		rundir_unmount(dfd, name);
	return fd;
}

void rundir_unmount(int dfd, const char *name)
{
	char at[FD_PATH];

	(void)snprintf(at, sizeof(at), "/proc/self/fd/%d/%s", dfd, name);
	/* what failed once need not fail twice, and nobody comes back for this one */
	if (umount2(at, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
		(void)umount2(at, MNT_DETACH | UMOUNT_NOFOLLOW);
}

int rundir_use_tmpfs(struct arena *a, struct rundir *rd, uint64_t *ret_bytes, struct err *err)
{
	struct str size = memory_half_option(a, ret_bytes);
	struct str options = arena_printf(a, STR_FMT ",mode=0700", STR_ARG(size));
	int fd = rundir_mount_tmpfs(rd->scratch_dfd, "layers", str_c(options), err);

	if (fd < 0)
		return -1;
	fd_close(&rd->layers_dfd);
	rd->layers_dfd = fd;
	rd->is_tmpfs = true;
	return 0;
}

void rundir_use_small_tmpfs(struct arena *a, struct rundir *rd)
{
	uint64_t half = 0;
	uint64_t size = RUNDIR_SMALL_BYTES;
	int fd;

	(void)memory_half_option(a, &half);
	if (half && half / 2 < size)
		size = half / 2;
	fd = rundir_mount_tmpfs(rd->scratch_dfd, "small",
		str_c(arena_printf(a, "size=%llu,mode=0700", (unsigned long long)size)), NULL);
	if (fd < 0)
		return;
	fd_close(&rd->small_dfd);
	rd->small_dfd = fd;
	rd->is_small_tmpfs = true;
}

static void rundir_unmount_all(const struct rundir *rd)
{
	if (rd->is_tmpfs)
		rundir_unmount(rd->scratch_dfd, "layers");
	if (rd->is_small_tmpfs)
		rundir_unmount(rd->scratch_dfd, "small");
}

static bool is_there(int dfd, const char *name)
{
	struct stat st;

	return fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Somebody else's directory may have a scratch/ in it, too. */
static bool is_run_dir(int dfd)
{
	struct stat st;

	return fstat(dfd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 0777) == 0700 &&
	       is_there(dfd, "workspaces") &&
	       (is_there(dfd, "journal") || is_there(dfd, "runs") ||
		       is_there(dfd, SCRATCH "/" BALLAST));
}

static bool has_scratch(int dfd)
{
	return is_there(dfd, SCRATCH) || is_there(dfd, SCRATCH_OLD);
}

/* Only when nobody holds its lock. */
static void rundir_sweep_one(const struct rundir *rd, const char *name, struct sandbox_ns *ns)
{
	int dfd cleanup_fd = -1, lock_fd cleanup_fd = -1;

	dfd = openat(rd->parent_dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dfd < 0 || !has_scratch(dfd))
		return;
	if (!rd->is_numbered && !is_run_dir(dfd))
		return;
	lock_fd = lock_take(dfd, 0, NULL);
	if (lock_fd < 0)
		return;
	/* it may have ended by itself between the look and the lock */
	if (!has_scratch(dfd)) {
		lock_release(dfd, &lock_fd);
		return;
	}
	if (is_there(dfd, "run.json") || is_there(dfd, "runs"))
		log_warn("run '%s' was interrupted: 'monopod describe %s' tells how far it "
			 "came",
			name, name);
	/* a failure: the next run tries again */
	(void)sandbox_remove_tree(ns, dfd, SCRATCH, NULL);
	(void)sandbox_remove_tree(ns, dfd, SCRATCH_OLD, NULL);
	lock_release(dfd, &lock_fd);
}

void rundir_sweep(const struct rundir *rd, struct sandbox_ns *ns)
{
	struct arena *a cleanup_arena = arena_new();
	struct str *names;
	size_t n;

	(void)sandbox_remove_tree(ns, rd->dfd, SCRATCH_OLD, NULL);
	if (rd->parent_dfd < 0)
		return;
	if (dir_list(a, rd->parent_dfd, RUNS_LISTED, &names, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		if (rd->is_numbered && str_starts(names[i], STR(RUNDIR_GONE)))
			(void)sandbox_remove_tree(ns, rd->parent_dfd, str_c(names[i]), NULL);
		else if (!str_eq(names[i], path_base(rd->path)))
			rundir_sweep_one(rd, str_c(names[i]), ns);
	}
}

static int sibling_cmp(const void *pa, const void *pb)
{
	const struct str *a = pa, *b = pb;

	/* four digits are a minimum */
	return a->n != b->n ? (a->n < b->n ? -1 : 1) : str_cmp(*a, *b);
}

int rundir_siblings(const struct rundir *rd, struct arena *a, struct str **ret, size_t *ret_n)
{
	struct str *names;
	size_t n_names;

	*ret_n = 0;
	if (dir_list(a, rd->parent_dfd, RUNS_LISTED, &names, &n_names, NULL))
		return -1;
	for (size_t i = 0; i < n_names; i++) {
		if (run_number(names[i], rd->run_name) &&
			!str_eq(names[i], path_base(rd->path)))
			names[(*ret_n)++] = names[i];
	}
	if (*ret_n)
		qsort(names, *ret_n, sizeof(names[0]), sibling_cmp);
	*ret = names;
	return 0;
}

int rundir_close(struct rundir *rd, struct sandbox_ns *ns, struct err *err)
{
	int rc;

	if (rd->dfd < 0)
		return 0;
	rundir_unmount_all(rd);
	rc = sandbox_remove_tree(ns, rd->dfd, SCRATCH, NULL);
	if (rc) { /* what failed once need not fail twice */
		rundir_unmount_all(rd);
		rc = sandbox_remove_tree(ns, rd->dfd, SCRATCH, err);
	}
	lock_release(rd->dfd, &rd->lock_fd);
	rundir_release(rd);
	return rc;
}

void rundir_discard(struct rundir *rd)
{
	if (rd->is_ours) {
		rundir_unmount_all(rd);
		if (dir_remove(rd->dfd, SCRATCH, NULL))
			(void)dir_remove(rd->dfd, SCRATCH, NULL);
		/* only when they are empty, which they are unless they were there before */
		(void)unlinkat(rd->dfd, "workspaces", AT_REMOVEDIR);
		lock_release(rd->dfd, &rd->lock_fd);
	}
	/* a lock that could not be taken leaves its file */
	if (rd->is_made && !rd->is_ours && rd->dfd >= 0)
		(void)unlinkat(rd->dfd, "lock", 0);
	if (rd->is_made)
		(void)unlinkat(rd->parent_dfd, str_c(path_base(rd->path)), AT_REMOVEDIR);
	rundir_release(rd);
}

void rundir_erase(const struct rundir *rd, struct sandbox_ns *ns)
{
	static const char *const made[] = {
		"journal", "run.json", "logs", "runs", "results", "workspaces", "lock"};

	rundir_unmount_all(rd);
	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		(void)sandbox_remove_tree(ns, rd->dfd, made[i], NULL);
	if (rd->parent_dfd >= 0 && sandbox_remove_tree(ns, rd->dfd, SCRATCH, NULL) == 0)
		(void)unlinkat(rd->parent_dfd, str_c(path_base(rd->path)), AT_REMOVEDIR);
}

int rundir_run_open(const struct rundir *rd, struct arena *a, struct str name, bool is_only,
	struct rundir_run *ret, struct err *err)
{
	struct str sub = arena_printf(a, "runs/" STR_FMT, STR_ARG(name));
	struct rundir_run r = {.dfd = -1, .logs_dfd = -1, .templates_dfd = -1};

	r.path = is_only ? rd->path : path_join(a, rd->path, sub);
	r.dfd = rundir_sub(rd->dfd, is_only ? "." : str_c(sub), err);
	r.logs_dfd = r.dfd < 0 ? -1 : rundir_sub(r.dfd, "logs", err);
	r.templates_dfd = r.logs_dfd < 0 ? -1 : rundir_sub(r.dfd, "workspaces", err);
	if (r.templates_dfd < 0) {
		rundir_run_close(&r);
		return err_wrap_as(err, ERR_SANDBOX, "run directory '%s'", str_c(r.path));
	}
	*ret = r;
	return 0;
}

void rundir_run_close(struct rundir_run *r)
{
	fd_close(&r->templates_dfd);
	fd_close(&r->logs_dfd);
	fd_close(&r->dfd);
}

int rundir_write(const struct rundir *rd, int dfd, const char *name,
	const struct file_filler *f, struct err *err)
{
	struct err first = {0};

	if (file_fill_atomic(dfd, name, f, 0600, &first) == 0)
		return 0;
	if (first.sys == ENOSPC && unlinkat(rd->scratch_dfd, BALLAST, 0) == 0)
		return file_fill_atomic(dfd, name, f, 0600, err);
	*err = first;
	return -1;
}

int rundir_log_dir(
	const struct rundir_run *r, struct str task_run, size_t attempt, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str rel = arena_printf(a, STR_FMT "/%zu", STR_ARG(task_run), attempt);

	return rundir_sub(r->logs_dfd, str_c(rel), err);
}

struct str rundir_log_path(const struct rundir_run *r, struct arena *a, struct str task_run,
	size_t attempt, struct str step)
{
	return arena_printf(a, STR_FMT "/logs/" STR_FMT "/%zu/" STR_FMT ".log",
		STR_ARG(r->path), STR_ARG(task_run), attempt, STR_ARG(step));
}

/* Where the last lines begin. */
static size_t tail_start(struct str text)
{
	size_t n_lines = 0;

	for (size_t i = text.n; i > 0; i--) {
		if (text.p[i - 1] != '\n' || i == text.n)
			continue;
		if (++n_lines == BOUND_TAIL_LINES)
			return i;
	}
	return 0;
}

struct str rundir_log_tail(const struct rundir_run *r, struct arena *a, struct str task_run,
	size_t attempt, struct str step)
{
	struct str rel = arena_printf(a, STR_FMT "/%zu", STR_ARG(task_run), attempt);
	int dfd cleanup_fd = path_open(r->logs_dfd, str_c(rel), O_RDONLY | O_DIRECTORY, 0,
		PATH_BENEATH | PATH_NO_LINKS, NULL);
	struct str text;

	if (dfd < 0)
		return STR_NONE;
	text = steplog_tail(a, dfd, step, BOUND_TAIL_BYTES);
	return str_slice(text, tail_start(text), text.n);
}
