/* SPDX-License-Identifier: Apache-2.0 */
/* The records of one pax extended header that mean something to an unpacker. */
#ifndef IMAGES_PAX_H
#define IMAGES_PAX_H

#include "tar.h"

struct pax_values {
	struct str path, linkpath; /* empty: not given */
	int64_t size, uid, gid;    /* -1: not given */
	bool has_mtime;
	int64_t mtime_s;
	uint32_t mtime_ns;
};

/* Parses r->pax; extended attributes go to r->xattrs. Views point into r->pax. */
int pax_parse(struct tar_reader *r, struct pax_values *v, struct err *err);

#endif
