/* SPDX-License-Identifier: Apache-2.0 */
/* MD5 (RFC 1321) and SHA-256 (FIPS 180-4): blocks of their own, one padding. */
#include "hash.h"

#include <string.h>

enum { BLOCK_BYTES = 64, LENGTH_BYTES = 8, STATE_WORDS = 8, SHA256_ROUNDS = 64 };

/* --- MD5 */

static const uint32_t md5_k[64] = {0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf,
	0x4787c62a, 0xa8304613, 0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be,
	0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51,
	0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6,
	0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942,
	0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8,
	0xc4ac5665, 0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92,
	0xffeff47d, 0x85845dd1, 0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82,
	0xbd3af235, 0x2ad7d2bb, 0xeb86d391};
static const unsigned char md5_shift[4][4] = {
	{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static void md5_block(uint32_t *state, const unsigned char *p)
{
	uint32_t m[16];
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];

	for (size_t i = 0; i < 16; i++)
		m[i] = (uint32_t)p[4 * i] | (uint32_t)p[4 * i + 1] << 8 |
		       (uint32_t)p[4 * i + 2] << 16 | (uint32_t)p[4 * i + 3] << 24;
	for (size_t i = 0; i < 64; i++) {
		uint32_t f;
		size_t g;
		uint32_t s = md5_shift[i / 16][i % 4];

		if (i < 16) {
			f = (b & c) | (~b & d);
			g = i;
		} else if (i < 32) {
			f = (d & b) | (~d & c);
			g = (5 * i + 1) % 16;
		} else if (i < 48) {
			f = b ^ c ^ d;
			g = (3 * i + 5) % 16;
		} else {
			f = c ^ (b | ~d);
			g = (7 * i) % 16;
		}
		f += a + md5_k[i] + m[g];
		a = d;
		d = c;
		c = b;
		b += f << s | f >> (32 - s);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

/* --- SHA-256 */

static const uint32_t sha256_k[SHA256_ROUNDS] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
	0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152,
	0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e,
	0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624,
	0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3,
	0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void expand(uint32_t w[SHA256_ROUNDS], const unsigned char *p)
{
	for (size_t i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
		       (uint32_t)p[4 * i + 2] << 8 | (uint32_t)p[4 * i + 3];
	for (size_t i = 16; i < SHA256_ROUNDS; i++) {
		uint32_t x = w[i - 15], y = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
		       (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
	}
}

static void sha256_block(uint32_t *state, const unsigned char *p)
{
	uint32_t w[SHA256_ROUNDS], v[STATE_WORDS];

	expand(w, p);
	memcpy(v, state, sizeof(v));
	for (size_t i = 0; i < SHA256_ROUNDS; i++) {
		uint32_t a = v[0], e = v[4];
		uint32_t t = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
			     ((e & v[5]) ^ (~e & v[6])) + sha256_k[i] + w[i];
		uint32_t u = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
			     ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, sizeof(v) - sizeof(*v));
		v[4] += t;
		v[0] = t + u;
	}
	for (size_t i = 0; i < STATE_WORDS; i++)
		state[i] += v[i];
}

/* --- both */

struct algorithm {
	uint32_t start[STATE_WORDS];
	void (*add_block)(uint32_t *state, const unsigned char *p);
	size_t n_bytes; /* of the sum */
	bool is_big_endian;
};

static const struct algorithm md5 = {
	.start = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476},
	.add_block = md5_block,
	.n_bytes = MD5_BYTES,
};
static const struct algorithm sha256 = {
	.start = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c,
		0x1f83d9ab, 0x5be0cd19},
	.add_block = sha256_block,
	.n_bytes = SHA256_BYTES,
	.is_big_endian = true,
};

/* Where byte i of a number of n bytes is in it. */
static unsigned shift_of(const struct algorithm *h, size_t i, size_t n)
{
	return (unsigned)(8 * (h->is_big_endian ? n - 1 - i : i));
}

static void sum_of(const struct algorithm *h, struct str s, unsigned char *ret)
{
	uint32_t state[STATE_WORDS];
	unsigned char tail[2 * BLOCK_BYTES] = {0};
	size_t rest = s.n % BLOCK_BYTES, whole = s.n - rest;
	size_t n_tail = rest + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : sizeof(tail);
	uint64_t n_bits = (uint64_t)s.n * 8;

	memcpy(state, h->start, sizeof(state));
	for (size_t i = 0; i < whole; i += BLOCK_BYTES)
		h->add_block(state, (const unsigned char *)s.p + i);
	if (rest)
		memcpy(tail, s.p + whole, rest);
	tail[rest] = 0x80;
	for (size_t i = 0; i < LENGTH_BYTES; i++)
		tail[n_tail - LENGTH_BYTES + i] =
			(unsigned char)(n_bits >> shift_of(h, i, LENGTH_BYTES));
	for (size_t i = 0; i < n_tail; i += BLOCK_BYTES)
		h->add_block(state, tail + i);
	for (size_t i = 0; i < h->n_bytes; i++)
		ret[i] = (unsigned char)(state[i / 4] >> shift_of(h, i % 4, 4));
}

static struct str hex_of(
	const struct algorithm *h, struct arena *a, struct str s, size_t n_digits)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[SHA256_BYTES];
	char *text = arena_alloc(a, n_digits + 1);

	BUG_ON(n_digits > 2 * h->n_bytes);
	sum_of(h, s, sum);
	for (size_t i = 0; i < n_digits; i++)
		text[i] = digits[i % 2 ? sum[i / 2] & 15 : sum[i / 2] >> 4];
	text[n_digits] = '\0';
	return (struct str){.p = text, .n = n_digits};
}

void md5_of(struct str s, unsigned char ret[MD5_BYTES])
{
	sum_of(&md5, s, ret);
}

struct str md5_hex(struct arena *a, struct str s, size_t n_digits)
{
	return hex_of(&md5, a, s, n_digits);
}

struct str sha256_hex(struct arena *a, struct str s, size_t n_digits)
{
	return hex_of(&sha256, a, s, n_digits);
}
