/* SPDX-License-Identifier: Apache-2.0 */
/* Digest grammar and hashing; the only file that includes OpenSSL. */
#include "digest.h"

#include <base/attr.h>
#include <base/bounds.h>
#include <errno.h>
#include <monopod/images.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *prefix;
	size_t n_hex;
} algs[] = {
	[DIGEST_SHA256] = {"sha256:", 64},
	[DIGEST_SHA512] = {"sha512:", 128},
};
_Static_assert(ARRAY_SIZE(algs) == DIGEST_ALG_N, "one row per algorithm");

static bool hex_is_lower(struct str hex)
{
	for (size_t i = 0; i < hex.n; i++) {
		char c = hex.p[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return true;
}

int digest_check(struct str text, enum digest_alg *ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(algs); i++) {
		struct str prefix = str_z(algs[i].prefix);
		if (!str_starts(text, prefix))
			continue;
		struct str hex = str_slice(text, prefix.n, text.n);
		if (hex.n != algs[i].n_hex || !hex_is_lower(hex))
			break;
		if (ret)
			*ret = (enum digest_alg)i;
		return 0;
	}
	return err_set(err, ERR_IMAGE,
		"digest '" STR_FMT "': expected sha256: or sha512: and lower-case hex",
		(int)(text.n < 160 ? text.n : 160), text.n ? text.p : "");
}

struct str digest_hex(struct str text)
{
	ptrdiff_t colon = str_chr(text, ':');

	return str_slice(text, (size_t)(colon + 1), text.n);
}

int digest_path(struct arena *a, struct str text, struct str *ret, struct err *err)
{
	enum digest_alg alg;

	if (digest_check(text, &alg, err) < 0)
		return -1;
	struct str hex = digest_hex(text);
	*ret = arena_printf(a, "blobs/%.6s/" STR_FMT, algs[alg].prefix, STR_ARG(hex));
	return 0;
}

int hasher_init(struct hasher *h, enum digest_alg alg, struct err *err)
{
	h->alg = alg;
	h->ctx = NULL;
	/* the machine's openssl.cnf must never influence a verification */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return err_set(err, ERR_SYS, "libcrypto: cannot be initialised");
	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex(h->ctx,
			       alg == DIGEST_SHA256 ? EVP_sha256() : EVP_sha512(), NULL) != 1) {
		hasher_release(h);
		return err_set(err, ERR_SYS, "libcrypto: %s is not available",
			alg == DIGEST_SHA256 ? "sha256" : "sha512");
	}
	return 0;
}

void hasher_add(struct hasher *h, const void *p, size_t n)
{
	BUG_ON(EVP_DigestUpdate(h->ctx, p, n) != 1);
}

void hasher_end(struct hasher *h, char ret[DIGEST_TEXT_BYTES])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int n = 0;

	BUG_ON(EVP_DigestFinal_ex(h->ctx, md, &n) != 1 || n * 2 != algs[h->alg].n_hex);
	memcpy(ret, algs[h->alg].prefix, 7);
	for (unsigned int i = 0; i < n; i++) {
		ret[7 + 2 * i] = digits[md[i] >> 4];
		ret[8 + 2 * i] = digits[md[i] & 15];
	}
	ret[7 + 2 * n] = '\0';
}

void hasher_release(struct hasher *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

int digest_of(struct arena *a, struct str bytes, struct str *ret, struct err *err)
{
	cleanup_hasher struct hasher h = {0};
	char text[DIGEST_TEXT_BYTES];

	if (hasher_init(&h, DIGEST_SHA256, err) < 0)
		return -1;
	hasher_add(&h, bytes.p, bytes.n);
	hasher_end(&h, text);
	*ret = arena_strz(a, text);
	return 0;
}

int digest_verify(struct str digest, struct str bytes, struct err *err)
{
	cleanup_hasher struct hasher h = {0};
	enum digest_alg alg;
	char text[DIGEST_TEXT_BYTES];

	if (digest_check(digest, &alg, err) < 0 || hasher_init(&h, alg, err) < 0)
		return -1;
	hasher_add(&h, bytes.p, bytes.n);
	hasher_end(&h, text);
	if (!str_eqz(digest, text))
		return err_set(err, ERR_IMAGE,
			"digest does not match: expected " STR_FMT ", the bytes have %s",
			STR_ARG(digest), text);
	return 0;
}

int image_digest_fd(struct arena *a, int fd, struct str *ret, struct err *err)
{
	struct hasher h cleanup_hasher = {0};
	char text[DIGEST_TEXT_BYTES];
	char block[8 * KIB];
	ssize_t n;

	if (hasher_init(&h, DIGEST_SHA256, err))
		return -1;
	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read");
		hasher_add(&h, block, (size_t)n);
	}
	hasher_end(&h, text);
	*ret = arena_strz(a, text);
	return 0;
}

struct str image_digest_text(struct arena *a, struct str bytes)
{
	struct str text = STR_NONE;
	struct err err = {0};

	/* libcrypto without sha256 is a machine that can verify nothing */
	BUG_ON(digest_of(a, bytes, &text, &err) < 0);
	return text;
}
