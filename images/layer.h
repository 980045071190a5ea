/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer blob as a stream of tar bytes: read, hashed, decompressed and hashed again in one
 * pass. gzip (with any number of members), zstd and plain; told apart by the bytes, which must
 * agree with the media type.
 */
#ifndef IMAGES_LAYER_H
#define IMAGES_LAYER_H

#include "blob.h"

#include <base/err.h>
#include <base/str.h>
#include <stdint.h>

enum layer_packing { LAYER_PLAIN, LAYER_GZIP, LAYER_ZSTD };

struct layer_expect {
	struct str digest;     /* of the blob; empty: not known */
	struct str diff_id;    /* of the tar; empty: not checked */
	struct str media_type; /* empty: whatever the bytes say */
};

struct layer_stream;

/* The descriptor in `blob` is borrowed and read with pread. */
int layer_stream_new(const struct blob *blob, const struct layer_expect *expect,
	struct layer_stream **ret, struct err *err);
void layer_stream_free(struct layer_stream *s); /* NULL is fine */
void cleanup_layer_stream_ptr(struct layer_stream **s);
#define cleanup_layer_stream attr_cleanup(cleanup_layer_stream_ptr)

/* The next piece of the tar (a tar_source's next): *n = 0 at the end. arg is the stream. */
int layer_stream_next(void *arg, const uint8_t **p, size_t *n, struct err *err);
/* Reads what is left and compares both digests; until this is 0 nothing may be trusted. */
int layer_stream_finish(struct layer_stream *s, struct err *err);
uint64_t layer_stream_bytes(const struct layer_stream *s); /* of tar, so far */

/* What the first bytes of a blob are. */
int layer_packing_of(const struct blob *blob, enum layer_packing *ret, struct err *err);

#endif
