/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decompression and verification of one layer in one pass. zlib, libzstd and every other
 * inflater stop after one gzip member; the next one is started by hand here.
 */
#include "layer.h"

#include "digest.h"

#include <base/attr.h>
#include <base/bounds.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
	LAYER_CHUNK = 256 * KIB,
	ZSTD_WINDOW_LOG = 27, /* 128 MiB, what decoders must accept at most */
};

struct layer_stream {
	struct blob blob; /* descriptor borrowed */
	struct str digest, diff_id;
	enum layer_packing packing;
	uint64_t at;       /* bytes of the blob read */
	uint64_t n_out;    /* bytes of tar given */
	const uint8_t *in; /* unread part of in_buf */
	size_t n_in;
	bool in_frame; /* inside a gzip member or a zstd frame */
	bool ended;
	struct hasher blob_hash, diff_hash;
	z_stream gzip;
	bool has_gzip;
	ZSTD_DStream *zstd;
	uint8_t in_buf[LAYER_CHUNK];
	uint8_t out_buf[LAYER_CHUNK];
};

static const struct {
	const char *media_type;
	enum layer_packing packing;
} packings[] = {
	{"application/vnd.oci.image.layer.v1.tar", LAYER_PLAIN},
	{"application/vnd.oci.image.layer.v1.tar+gzip", LAYER_GZIP},
	{"application/vnd.oci.image.layer.v1.tar+zstd", LAYER_ZSTD},
	{"application/vnd.docker.image.rootfs.diff.tar", LAYER_PLAIN},
	{"application/vnd.docker.image.rootfs.diff.tar.gzip", LAYER_GZIP},
	{"application/vnd.docker.image.rootfs.diff.tar.zstd", LAYER_ZSTD},
};

static const char *const packing_names[] = {
	[LAYER_PLAIN] = "plain tar",
	[LAYER_GZIP] = "gzip",
	[LAYER_ZSTD] = "zstd",
};

int layer_packing_of(const struct blob *blob, enum layer_packing *ret, struct err *err)
{
	static const uint8_t gzip[] = {0x1f, 0x8b};
	static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
	uint8_t head[4] = {0};
	size_t n;

	if (blob_read(blob, 0, head, sizeof(head), &n, err) < 0)
		return -1;
	*ret = LAYER_PLAIN;
	if (n >= 2 && memcmp(head, gzip, 2) == 0)
		*ret = LAYER_GZIP;
	if (n == 4 && memcmp(head, zstd, 4) == 0)
		*ret = LAYER_ZSTD;
	/* a zstd stream may begin with a skippable frame, 0x184d2a50 to 0x184d2a5f */
	if (n == 4 && (head[0] & 0xf0) == 0x50 && memcmp(head + 1, "\x2a\x4d\x18", 3) == 0)
		*ret = LAYER_ZSTD;
	return 0;
}

static int layer_check_type(const struct layer_stream *s, struct str type, struct err *err)
{
	if (!type.n)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(packings); i++) {
		if (!str_eqz(type, packings[i].media_type))
			continue;
		if (packings[i].packing == s->packing)
			return 0;
		return err_set(err, ERR_IMAGE,
			"media type is '" STR_FMT "', but the bytes are %s", STR_ARG(type),
			packing_names[s->packing]);
	}
	return err_set(err, ERR_IMAGE, "media type '" STR_FMT "' is not that of a layer",
		STR_ARG(type));
}

static int layer_start(struct layer_stream *s, struct err *err)
{
	if (s->packing == LAYER_GZIP) {
		if (inflateInit2(&s->gzip, 15 + 16) != Z_OK)
			return err_set(err, ERR_SYS, "zlib: cannot be initialised");
		s->has_gzip = true;
		s->in_frame = true;
	}
	if (s->packing == LAYER_ZSTD) {
		s->zstd = ZSTD_createDStream();
		if (!s->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(
					s->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
			return err_set(err, ERR_SYS, "libzstd: cannot be initialised");
		s->in_frame = true;
	}
	return 0;
}

static int layer_hashes(struct layer_stream *s, struct err *err)
{
	enum digest_alg alg;

	if (s->digest.n) {
		if (digest_check(s->digest, &alg, err) < 0 ||
			hasher_init(&s->blob_hash, alg, err) < 0)
			return -1;
	}
	if (!s->diff_id.n)
		return 0;
	if (digest_check(s->diff_id, &alg, err) < 0)
		return -1;
	/* a plain tar is its own blob: hashed once when the algorithms agree */
	if (s->packing == LAYER_PLAIN && s->blob_hash.ctx && s->blob_hash.alg == alg)
		return 0;
	return hasher_init(&s->diff_hash, alg, err);
}

int layer_stream_new(const struct blob *blob, const struct layer_expect *expect,
	struct layer_stream **ret, struct err *err)
{
	cleanup_layer_stream struct layer_stream *s = mem_zalloc(sizeof(*s));

	s->blob = *blob;
	s->digest = expect->digest;
	s->diff_id = expect->diff_id;
	if (layer_packing_of(blob, &s->packing, err) < 0 ||
		layer_check_type(s, expect->media_type, err) < 0 || layer_hashes(s, err) < 0 ||
		layer_start(s, err) < 0)
		return -1;
	*ret = s;
	s = NULL;
	return 0;
}

void layer_stream_free(struct layer_stream *s)
{
	if (!s)
		return;
	if (s->has_gzip)
		(void)inflateEnd(&s->gzip); /* only frees */
	(void)ZSTD_freeDStream(s->zstd);    /* likewise */
	hasher_release(&s->blob_hash);
	hasher_release(&s->diff_hash);
	free(s);
}

void cleanup_layer_stream_ptr(struct layer_stream **s)
{
	layer_stream_free(*s);
}

/* Refills in_buf when it is empty; n_in stays 0 at the end of the blob. */
static int layer_fill(struct layer_stream *s, struct err *err)
{
	if (s->n_in)
		return 0;
	if (blob_read(&s->blob, s->at, s->in_buf, LAYER_CHUNK, &s->n_in, err) < 0)
		return -1;
	s->in = s->in_buf;
	s->at += s->n_in;
	if (s->blob_hash.ctx)
		hasher_add(&s->blob_hash, s->in_buf, s->n_in);
	return 0;
}

static int gzip_step(struct layer_stream *s, size_t *n_out, struct err *err)
{
	if (!s->in_frame) {
		if (inflateReset(&s->gzip) != Z_OK)
			return err_set(err, ERR_SYS, "zlib: cannot be reset");
		s->in_frame = true;
	}
	s->gzip.next_in = (uint8_t *)(uintptr_t)s->in;
	s->gzip.avail_in = (unsigned int)s->n_in;
	s->gzip.next_out = s->out_buf + *n_out;
	s->gzip.avail_out = (unsigned int)(LAYER_CHUNK - *n_out);
	int rc = inflate(&s->gzip, Z_NO_FLUSH);
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return err_set(err, ERR_IMAGE, "gzip data is corrupt: %s",
			s->gzip.msg ? s->gzip.msg : "no details");
	s->in = s->gzip.next_in;
	s->n_in = s->gzip.avail_in;
	*n_out = LAYER_CHUNK - s->gzip.avail_out;
	s->in_frame = rc != Z_STREAM_END;
	return 0;
}

static int zstd_step(struct layer_stream *s, size_t *n_out, struct err *err)
{
	ZSTD_inBuffer in = {.src = s->in, .size = s->n_in};
	ZSTD_outBuffer out = {.dst = s->out_buf, .size = LAYER_CHUNK, .pos = *n_out};
	size_t rc = ZSTD_decompressStream(s->zstd, &out, &in);

	if (ZSTD_isError(rc))
		return err_set(
			err, ERR_IMAGE, "zstd data is corrupt: %s", ZSTD_getErrorName(rc));
	s->in += in.pos;
	s->n_in -= in.pos;
	*n_out = out.pos;
	s->in_frame = rc != 0;
	return 0;
}

/* Unpacks until the output buffer is full or the blob has ended. */
static int layer_unpack_chunk(struct layer_stream *s, size_t *ret_n, struct err *err)
{
	size_t n = 0;

	while (n < LAYER_CHUNK) {
		size_t before = n;
		size_t in_before;

		if (layer_fill(s, err) < 0)
			return -1;
		if (!s->n_in && !s->in_frame)
			break;
		in_before = s->n_in;
		if ((s->packing == LAYER_GZIP ? gzip_step : zstd_step)(s, &n, err) < 0)
			return -1;
		/* nothing went in and nothing came out: the data is cut off */
		if (!in_before && n == before && s->in_frame)
			return err_set(err, ERR_IMAGE, "%s data is truncated",
				packing_names[s->packing]);
	}
	*ret_n = n;
	return 0;
}

static int layer_check_limits(const struct layer_stream *s, struct err *err)
{
	uint64_t used = s->at - s->n_in;

	if (s->n_out > BOUND_LAYER_BYTES)
		return err_set(err, ERR_LIMIT,
			"unpacks to more than %lld bytes (limit of a layer)",
			(long long)BOUND_LAYER_BYTES);
	if (s->n_out > 64 * MIB && s->n_out / BOUND_LAYER_RATIO > used)
		return err_set(err, ERR_LIMIT,
			"unpacks to more than %lld times its size (limit of a layer)",
			(long long)BOUND_LAYER_RATIO);
	return 0;
}

int layer_stream_next(void *arg, const uint8_t **p, size_t *n, struct err *err)
{
	struct layer_stream *s = arg;

	*n = 0;
	if (s->ended)
		return 0;
	if (s->packing == LAYER_PLAIN) {
		if (layer_fill(s, err) < 0)
			return -1;
		*p = s->in;
		*n = s->n_in;
		s->n_in = 0;
	} else {
		if (layer_unpack_chunk(s, n, err) < 0)
			return -1;
		*p = s->out_buf;
	}
	s->ended = *n == 0;
	s->n_out += *n;
	if (s->diff_hash.ctx)
		hasher_add(&s->diff_hash, *p, *n);
	return layer_check_limits(s, err);
}

static int layer_compare(struct hasher *h, struct str want, const char *what, struct err *err)
{
	char text[DIGEST_TEXT_BYTES];

	hasher_end(h, text);
	if (!str_eqz(want, text))
		return err_set(err, ERR_IMAGE,
			"%s does not match: expected " STR_FMT ", found %s", what,
			STR_ARG(want), text);
	return 0;
}

int layer_stream_finish(struct layer_stream *s, struct err *err)
{
	const uint8_t *p;
	size_t n;

	do {
		if (layer_stream_next(s, &p, &n, err) < 0)
			return -1;
	} while (n);
	if (s->blob_hash.ctx && layer_compare(&s->blob_hash, s->digest, "digest", err) < 0)
		return -1;
	if (s->diff_hash.ctx)
		return layer_compare(&s->diff_hash, s->diff_id, "diff ID", err);
	if (s->diff_id.n && !str_eq(s->diff_id, s->digest))
		return err_set(err, ERR_IMAGE,
			"diff ID does not match: expected " STR_FMT ", found " STR_FMT,
			STR_ARG(s->diff_id), STR_ARG(s->digest));
	return 0;
}

uint64_t layer_stream_bytes(const struct layer_stream *s)
{
	return s->n_out;
}
