/* SPDX-License-Identifier: Apache-2.0 */
/* Owner, mode, extended attributes and times of what was just unpacked, in that order. */
#ifndef IMAGES_META_H
#define IMAGES_META_H

#include "unpack.h"

#include <sys/stat.h>

struct meta { /* who unpacks, and by which rules */
	const struct unpack_rules *rules;
	struct unpack_stats *stats;
	uint32_t self_uid, self_gid;
};

/* What a new file has before meta_set_fd. */
struct meta_new {
	uint32_t mode;
	bool inherits_gid; /* its directory is setgid */
};

/* The mode a regular file may be created with so that the rest can often be left out. */
uint32_t meta_first_mode(const struct meta *m, const struct tar_entry *e);
/* By descriptor, for files and directories. *ret_mode is the mode it has now. */
int meta_set_fd(const struct meta *m, int fd, const struct tar_entry *e,
	const struct meta_new *was, uint32_t *ret_mode, struct err *err);
/* By name, for links and FIFOs made just now in a directory nobody else writes to. */
int meta_set_name(const struct meta *m, int dfd, const char *name, const struct tar_entry *e,
	struct err *err);

#endif
