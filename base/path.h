/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths. Anything named by YAML, an image or a step is opened relative to a directory
 * descriptor with openat2(2): beneath it (RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS, links
 * refused unless said) or, for root file systems, with RESOLVE_IN_ROOT.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>
#include <stdint.h>

struct str path_clean(struct arena *a, struct str path); /* lexical, as Go's path.Clean */
struct str path_join(struct arena *a, struct str base, struct str rel); /* cleaned */
struct str path_base(struct str path);
struct str path_dir(struct arena *a, struct str path);
bool path_is_below(struct str path, struct str dir); /* both cleaned; equal counts */
/* Absolute form of a path given on the command line (getcwd + clean). */
int path_absolute(struct arena *a, struct str path, struct str *ret, struct err *err);

enum path_flags {
	PATH_BENEATH = 1,  /* RESOLVE_BENEATH */
	PATH_IN_ROOT = 2,  /* RESOLVE_IN_ROOT */
	PATH_NO_LINKS = 4, /* RESOLVE_NO_SYMLINKS */
	PATH_NO_XDEV = 8,
};
/* open_flags are O_*, O_CLOEXEC is added; mode only with O_CREAT. Returns the descriptor or -1.
 */
int path_open(
	int dfd, const char *rel, int open_flags, uint32_t mode, int flags, struct err *err);

#endif
