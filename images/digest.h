/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests: "sha256:" or "sha512:" and lower-case hex of the right length, nothing else; and
 * streaming hashes over libcrypto. A digest is checked before it becomes a file name.
 */
#ifndef IMAGES_DIGEST_H
#define IMAGES_DIGEST_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>

enum digest_alg { DIGEST_SHA256, DIGEST_SHA512 };
enum { DIGEST_ALG_N = DIGEST_SHA512 + 1 };
enum { DIGEST_TEXT_BYTES = 7 + 128 + 1 };

/* ERR_IMAGE unless the text is a digest. ret may be NULL. */
int digest_check(struct str text, enum digest_alg *ret, struct err *err);
struct str digest_hex(struct str text); /* the part after the colon; text is checked */
/* blobs/sha256/HEX below a layout; ERR_IMAGE unless the text is a digest. */
int digest_path(struct arena *a, struct str text, struct str *ret, struct err *err);

/* A running hash: hasher_init, any number of hasher_add, hasher_end; hasher_release always. */
struct hasher {
	void *ctx;
	enum digest_alg alg;
};
int hasher_init(struct hasher *h, enum digest_alg alg, struct err *err);
void hasher_add(struct hasher *h, const void *p, size_t n);
void hasher_end(struct hasher *h, char ret[DIGEST_TEXT_BYTES]); /* NUL-terminated text */
void hasher_release(struct hasher *h);                          /* safe on a zeroed struct */
#define cleanup_hasher attr_cleanup(hasher_release)

int digest_of(struct arena *a, struct str bytes, struct str *ret, struct err *err); /* sha256 */
/* ERR_IMAGE naming both when the bytes have another digest. */
int digest_verify(struct str digest, struct str bytes, struct err *err);

#endif
