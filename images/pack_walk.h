/* SPDX-License-Identifier: Apache-2.0 */
/* A directory tree as a stream of tar bytes, in sorted order. */
#ifndef IMAGES_PACK_WALK_H
#define IMAGES_PACK_WALK_H

#include <base/err.h>
#include <stddef.h>
#include <stdint.h>

struct pack_sink {
	int (*write)(void *arg, const void *p, size_t n, struct err *err);
	void *arg;
};

/* root_fd is the directory; every time becomes mtime_s. Counts what tar has no place for. */
int pack_walk(int root_fd, int64_t mtime_s, const struct pack_sink *sink,
	uint64_t *ret_left_out, struct err *err);

#endif
