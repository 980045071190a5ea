/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking, a piece at a time, so that a bomb costs what it is allowed and no more. */
#include "inflate.h"

#include <base/bounds.h>
#include <limits.h>
#include <zlib.h>

enum {
	PIECE_BYTES = 8 * KIB,
	WINDOW_RAW = -15, /* without header and checksum */
	WINDOW_GZIP = 31, /* with those of RFC 1952 */
};

/* Until the end of the stream; the last return value of zlib. */
static int inflate_pieces(z_stream *z, struct buf *out)
{
	unsigned char piece[PIECE_BYTES];
	int rc;

	do {
		z->next_out = piece;
		z->avail_out = sizeof(piece);
		rc = inflate(z, Z_NO_FLUSH);
		buf_add(out, piece, sizeof(piece) - z->avail_out);
	} while (rc == Z_OK && !out->full);
	return rc;
}

int inflate_text(struct str packed, enum inflate_form form, struct buf *out, struct err *err)
{
	z_stream z = {0};
	bool is_whole;
	int rc;

	if (packed.n > UINT_MAX)
		return err_set(err, ERR_LIMIT, "more than 4 GiB of packed data");
	if (inflateInit2(&z, form == INFLATE_GZIP ? WINDOW_GZIP : WINDOW_RAW) != Z_OK)
		return err_set(err, ERR_SYS, "no memory to unpack with");
	z.next_in = (z_const Bytef *)(uintptr_t)packed.p;
	z.avail_in = (uInt)packed.n;
	rc = inflate_pieces(&z, out);
	is_whole = rc == Z_STREAM_END && z.avail_in == 0;
	(void)inflateEnd(&z);
	if (out->full)
		return err_set(err, ERR_LIMIT, "unpacks to more than %zu bytes", out->max);
	if (!is_whole)
		return err_set(err, ERR_SPEC, "packed data is damaged or cut");
	return 0;
}
