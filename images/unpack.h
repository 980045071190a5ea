/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tar entries to files below one directory. Every name is walked from the layer's root with
 * descriptors and without following links (sandbox.md R62-R64).
 */
#ifndef IMAGES_UNPACK_H
#define IMAGES_UNPACK_H

#include "tar.h"

#include <base/err.h>
#include <monopod/images.h>

struct unpack_rules {
	enum unpack_owner owner;
	uint32_t shift_base, shift_count;
};

struct unpack_stats {
	uint64_t n_entries;
	uint64_t n_bytes;
	uint64_t n_squashed; /* entries whose owner could not be kept */
	uint64_t n_devices;  /* left out */
	uint64_t n_xattrs;   /* extended attributes left out */
	bool hides_lower;    /* the root itself is opaque */
};

/* root_fd is an empty directory that nobody else writes to. */
int unpack_tar(struct tar_reader *r, int root_fd, const struct unpack_rules *rules,
	struct unpack_stats *ret, struct err *err);

#endif
