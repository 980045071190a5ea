/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run directory: where everything about one command's runs is kept (product.md). Below it
 *
 *     journal run.json logs/ workspaces/ results/     of the only run, or in runs/NAME/ of each
 *     workspaces/CLAIM                                claims, shared by all runs
 *     scratch/                                        gone at the end: tasks/, layers/, small/
 *
 * Everything is mode 0700; what steps see of it is bound by descriptor.
 */
#ifndef ENTRYPOINT_RUNDIR_H
#define ENTRYPOINT_RUNDIR_H

#include <base/arena.h>
#include <base/err.h>
#include <base/file.h>
#include <base/str.h>
#include <monopod/sandbox.h>

enum { RUNDIR_SMALL_BYTES = 256 * 1024 * 1024 };

/* What begins so in the default place is being removed. */
#define RUNDIR_GONE ".gone-"

struct rundir {
	struct str path;     /* absolute */
	struct str run_name; /* of a numbered one */
	int dfd;
	int lock_fd;      /* lock.h; held while the command runs */
	int parent_dfd;   /* -1: the directory was there before */
	bool is_made;     /* by us, and taken by nobody else */
	bool is_ours;     /* locked, and no run was in it */
	bool is_numbered; /* NAME-NNNN of the default place */
	int claims_dfd;   /* workspaces/ */
	int scratch_dfd;
	int tasks_dfd;  /* scratch/tasks */
	int layers_dfd; /* scratch/layers: upper directories; perhaps a tmpfs */
	int small_dfd;  /* scratch/small: what steps write below /tekton; a tmpfs when it can be
			 */
	bool is_tmpfs;  /* layers */
	bool is_small_tmpfs; /* small */
};

struct rundir_run { /* the part of one run */
	struct str path;
	int dfd;
	int logs_dfd;
	int templates_dfd; /* directories of claim templates */
};

/*
 * A root agent gets a mount namespace of its own, so that file systems it mounts are seen by
 * nobody else and end with it. Call before descriptors that steps shall see are opened. False
 * when not possible: then no file system can be mounted.
 */
bool rundir_own_mounts(void);

/* Where the directory is, or, with an empty path, where those of all runs are; absolute. */
int rundir_place(struct arena *a, struct str path, struct str *ret, struct err *err);
/*
 * Makes and locks the directory: `path`, or with an empty path the default for this name. One
 * that holds a run is refused with ERR_USAGE; a place that cannot be written with ERR_SANDBOX.
 */
int rundir_open(struct arena *a, struct str path, struct str run_name, struct rundir *ret,
	struct err *err);
/*
 * Locks a directory to go on in: `path`, the container's, or the newest of the default place.
 * None is there: 0, and ret->dfd stays -1. ERR_USAGE when somebody has the lock.
 */
int rundir_take(struct arena *a, struct str path, struct rundir *ret, struct err *err);
/* The rest of rundir_open for such a one, whatever is in it. */
int rundir_open_taken(struct rundir *rd, struct err *err);
/* scratch/layers becomes a tmpfs of half the memory there is; its size goes to ret_bytes, 0
 * when it is not known. */
int rundir_use_tmpfs(struct arena *a, struct rundir *rd, uint64_t *ret_bytes, struct err *err);
/*
 * scratch/small becomes a tmpfs of at most a quarter of the memory and RUNDIR_SMALL_BYTES: many
 * small files that live for one task. Where none can be mounted it stays a directory.
 */
void rundir_use_small_tmpfs(struct arena *a, struct rundir *rd);
/*
 * Removes what killed runs left: scratch/ in run directories beside this one that nobody holds
 * the lock of, and what was in this one. Failures are not errors.
 */
void rundir_sweep(const struct rundir *rd, struct sandbox_ns *ns);
/* The other directories of the default place that this run's name has given numbers to, oldest
 * first. */
int rundir_siblings(const struct rundir *rd, struct arena *a, struct str **ret, size_t *ret_n);
/* The end: scratch/ is removed (reported when it cannot be), descriptors are closed. */
int rundir_close(struct rundir *rd, struct sandbox_ns *ns, struct err *err);
/* Nothing was started: closes and removes everything that rundir_open made. */
void rundir_discard(struct rundir *rd);

/* A run that was only pretended: takes away what it left; rundir_close comes after. */
void rundir_erase(const struct rundir *rd, struct sandbox_ns *ns);

int rundir_run_open(const struct rundir *rd, struct arena *a, struct str name, bool is_only,
	struct rundir_run *ret, struct err *err);
void rundir_run_close(struct rundir_run *r);

/*
 * Writes a file of ours atomically. When the disk is full, a file kept for that day is given
 * up, once, and the write tried again.
 */
int rundir_write(const struct rundir *rd, int dfd, const char *name,
	const struct file_filler *f, struct err *err);

/* A tmpfs on a directory of ours; only after rundir_own_mounts. Returns a descriptor of its
 * root or -1. */
int rundir_mount_tmpfs(int dfd, const char *name, const char *options, struct err *err);
void rundir_unmount(int dfd, const char *name);

/* "logs/TASKRUN/ATTEMPT" is made; the returned descriptor is of that directory. */
int rundir_log_dir(
	const struct rundir_run *r, struct str task_run, size_t attempt, struct err *err);
struct str rundir_log_path(const struct rundir_run *r, struct arena *a, struct str task_run,
	size_t attempt, struct str step);
/* The last lines of a log (BOUND_TAIL_LINES, BOUND_TAIL_BYTES); empty when there is none. */
struct str rundir_log_tail(const struct rundir_run *r, struct arena *a, struct str task_run,
	size_t attempt, struct str step);

#endif
