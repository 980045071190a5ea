/* SPDX-License-Identifier: Apache-2.0 */
/* gzip by zlib, in one piece. */
#include "gzip.h"

#include <base/attr.h>
#include <limits.h>
#include <stdint.h>
#include <zlib.h>

enum { WINDOW = 15 + 16 /* with gzip's header and checksum */, MEMORY = 9 };

/* zlib's pointers are not const; it does not write there. */
static Bytef *input_of(struct str s)
{
	return (Bytef *)(uintptr_t)s.p;
}

struct str gzip_pack(struct arena *a, struct str text)
{
	z_stream z = {.next_in = input_of(text), .avail_in = (uInt)text.n};
	uLong bound;
	char *out;
	int rc = deflateInit2(
		&z, Z_BEST_COMPRESSION, Z_DEFLATED, WINDOW, MEMORY, Z_DEFAULT_STRATEGY);

	BUG_ON(rc != Z_OK || text.n > UINT_MAX);
	bound = deflateBound(&z, (uLong)text.n);
	out = arena_alloc(a, bound);
	z.next_out = (Bytef *)out;
	z.avail_out = (uInt)bound;
	rc = deflate(&z, Z_FINISH);
	BUG_ON(rc != Z_STREAM_END);
	(void)deflateEnd(&z);
	return (struct str){.p = out, .n = z.total_out};
}
