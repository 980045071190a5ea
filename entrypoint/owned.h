/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and directories that a step shall own. A step's uid 0 is some id of the run's range on
 * disk; for an unprivileged agent it is the agent itself.
 */
#ifndef ENTRYPOINT_OWNED_H
#define ENTRYPOINT_OWNED_H

#include <base/err.h>
#include <base/str.h>
#include <monopod/sandbox.h>
#include <stdint.h>

struct owned {
	bool must_chown; /* the agent is root: what it makes is not the run's by itself */
	uint32_t uid, gid;
};

struct owned owned_by_root_of(const struct id_map *map);

/* mkdir with exactly this mode; the name must not exist. Returns a descriptor or -1. */
int owned_dir(const struct owned *o, int dfd, const char *name, uint32_t mode, struct err *err);
/* The same, and nobody needs the descriptor. */
int owned_dir_make(
	const struct owned *o, int dfd, const char *name, uint32_t mode, struct err *err);
/* One that a resumed run finds again: it is there whole or not at all. Returns a descriptor
 * (O_PATH) or -1. */
int owned_dir_kept(
	const struct owned *o, int dfd, const char *name, uint32_t mode, struct err *err);
/* A new file with exactly this mode. */
int owned_file(const struct owned *o, int dfd, const char *name, struct str text, uint32_t mode,
	struct err *err);

#endif
