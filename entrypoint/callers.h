/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's own directories: what -w, --volume and --allow-host-path name. They are opened
 * once, before the first step: one may lie inside another, and a step that has the outer one
 * could put a link in the place of the inner one. As it could have done so in an earlier run,
 * the inner one is opened from the outer one, and no link is followed on that way.
 */
#ifndef ENTRYPOINT_CALLERS_H
#define ENTRYPOINT_CALLERS_H

#include "options.h"

#include <base/arena.h>
#include <base/err.h>

struct callers {
	struct caller *dirs;
	size_t n;
};

/*
 * After rundir_own_mounts: a mount is made of what was opened in the same mount namespace.
 * ERR_USAGE for a directory of -w or --volume that cannot be opened; a prefix of
 * --allow-host-path may be missing until something asks for it.
 */
int callers_open(
	struct callers *ret, struct arena *a, const struct options *o, struct err *err);
void callers_close(struct callers *c);
/*
 * For what monopod itself writes: ERR_USAGE when there is a link on the way to it from such a
 * directory, which a step of an earlier run may have left. What is missing is fine; "/" is not
 * such a directory, as links of the system's own are in it.
 */
int callers_check_links(const struct options *o, struct arena *a, const char *what,
	struct str path, struct err *err);
/* A descriptor of one's own (O_PATH) of a directory that was named so, or -1. */
int callers_dir(const struct callers *c, struct str path, struct err *err);

#endif
