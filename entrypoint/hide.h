/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a directory of the caller's no step may see: monopod's own directories (runs, the
 * store), which lie inside when somebody binds the directory he works in.
 */
#ifndef ENTRYPOINT_HIDE_H
#define ENTRYPOINT_HIDE_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>
#include <base/vec.h>
#include <sys/stat.h>

enum { HIDE_PATHS = 3 };
struct hide_paths {                   /* absolute; empty ones are none */
	struct str paths[HIDE_PATHS]; /* the default place of all runs, the run, the store */
};
struct hide_paths hide_paths_of(struct arena *a, struct str run_path, struct str store_path);

struct hidden_part {
	struct str rel; /* below the directory */
	/* -1: an empty directory covers it. Else it is on the way to one that is covered, and
	 * is bound to itself, as nobody can rename what something is mounted on. */
	int fd;
};
typedef VEC(struct hidden_part) hidden_vec;

/* Where the directory is on the way to an absolute path, found by what it is, not by its name:
 * the length of the path's beginning that leads to it, or -1. */
ptrdiff_t hide_prefix(struct str path, const struct stat *dir);
/* What is hidden below dfd, outer directories first; nothing when dfd is a file. */
int hide_find(
	const struct hide_paths *h, struct arena *a, int dfd, hidden_vec *ret, struct err *err);
void hide_release(hidden_vec *v);
/* The first of them that the directory is or holds; empty: none. */
struct str hide_held(const struct hide_paths *h, struct arena *a, int dfd);
/* Whether fd is this run's directory or the store, or lies in one; `or_past`: or in a place
 * of all runs, whose workspaces the caller may name himself. */
bool hide_has(const struct hide_paths *h, int fd, bool or_past);

#endif
