/* SPDX-License-Identifier: Apache-2.0 */
/* zlib, a piece at a time, so that a bomb costs what it is allowed and no more. */
#include "deflate.h"

#include <base/bounds.h>
#include <limits.h>
#include <zlib.h>

enum { PIECE_BYTES = 8 * KIB, MEMORY = 9 };

static const int window_of[] = {
	[DEFLATE_RAW] = -15, /* without header and checksum */
	[DEFLATE_GZIP] = 31, /* with those of RFC 1952 */
};

/* zlib's pointers are not const; it does not write there. */
static z_stream stream_of(struct str s)
{
	return (z_stream){.next_in = (z_const Bytef *)(uintptr_t)s.p, .avail_in = (uInt)s.n};
}

/* Until the end of the stream; the last return value of zlib. */
static int in_pieces(
	z_stream *z, int (*code)(z_stream *z, int flush), int flush, struct buf *out)
{
	unsigned char piece[PIECE_BYTES];
	int rc;

	do {
		z->next_out = piece;
		z->avail_out = sizeof(piece);
		rc = code(z, flush);
		buf_add(out, piece, sizeof(piece) - z->avail_out);
	} while (rc == Z_OK && !out->full);
	return rc;
}

bool deflate_text(struct str text, enum deflate_form form, struct buf *out)
{
	z_stream z = stream_of(text);
	int rc;

	BUG_ON(text.n > UINT_MAX);
	rc = deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, window_of[form], MEMORY,
		Z_DEFAULT_STRATEGY);
	BUG_ON(rc != Z_OK);
	rc = in_pieces(&z, deflate, Z_FINISH, out);
	(void)deflateEnd(&z);
	BUG_ON(rc != Z_STREAM_END && !out->full);
	return !out->full;
}

int inflate_text(struct str packed, enum deflate_form form, struct buf *out, struct err *err)
{
	z_stream z = stream_of(packed);
	bool is_whole;
	int rc;

	if (packed.n > UINT_MAX)
		return err_set(err, ERR_LIMIT, "more than 4 GiB of packed data");
	if (inflateInit2(&z, window_of[form]) != Z_OK)
		return err_set(err, ERR_SYS, "no memory to unpack with");
	rc = in_pieces(&z, inflate, Z_NO_FLUSH, out);
	is_whole = rc == Z_STREAM_END && z.avail_in == 0;
	(void)inflateEnd(&z);
	if (out->full)
		return err_set(err, ERR_LIMIT, "unpacks to more than %zu bytes", out->max);
	if (!is_whole)
		return err_set(err, ERR_SPEC, "packed data is damaged or cut");
	return 0;
}
