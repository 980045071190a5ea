/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files and directories of our own. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>
#include <stdint.h>

/* Reads a whole file (or stream) of at most max_bytes into the arena; ERR_LIMIT beyond. */
int file_read(struct arena *a, int dfd, const char *path, size_t max_bytes, struct str *ret,
	struct err *err);
int file_read_fd(struct arena *a, int fd, size_t max_bytes, struct str *ret, struct err *err);
/* Writes to a temporary name beside it, fsyncs, renames, fsyncs the directory; a link at the
 * name is replaced. mode is less the umask, here and below. */
int file_write_atomic(
	int dfd, const char *name, struct str text, uint32_t mode, struct err *err);
/* The same for what is too large to be in memory at once: fill writes it to fd. */
struct file_filler {
	int (*fill)(void *arg, int fd, struct err *err);
	void *arg;
};
int file_fill_atomic(
	int dfd, const char *name, const struct file_filler *f, uint32_t mode, struct err *err);
/* The name of a file: its directory is synced, where the file system can do that. */
int file_sync_parent(int dfd, const char *name, struct err *err);
int file_write(int dfd, const char *name, struct str text, uint32_t mode,
	struct err *err); /* O_CREAT|O_TRUNC */
/* mkdir -p below dfd; existing directories are fine. rel is trusted (our own names). */
int dir_make(int dfd, const char *rel, uint32_t mode, struct err *err);
int dir_open(int dfd, const char *rel, struct err *err); /* O_DIRECTORY|O_CLOEXEC */
/*
 * Both where others may have been: each element of rel is made below dfd when it is missing,
 * and none of them may be a link. Returns a descriptor of the last or -1.
 */
int dir_make_inside(int dfd, const char *rel, uint32_t mode, struct err *err);
/* Sorted names of a directory without "." and "..", at most max. */
int dir_list(
	struct arena *a, int dfd, size_t max, struct str **ret, size_t *ret_n, struct err *err);
/*
 * Removes a tree below dfd whatever is in it: iterative, by descriptor, no links followed,
 * mounts not crossed, mode 000 tolerated, depth beyond PATH_MAX too. A missing name is fine,
 * and so is what somebody else removes meanwhile. Goes on after a failure and reports the
 * first. At most 33 descriptors are open at any depth.
 */
int dir_remove(int dfd, const char *name, struct err *err);

#endif
