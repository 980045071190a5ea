/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of a text. */
#include "sha256.h"

#include <string.h>

enum { BLOCK_BYTES = 64, N_ROUNDS = 64, N_STATE = 8, N_LENGTH_BYTES = 8 };

static const uint32_t round_k[N_ROUNDS] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
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

static void expand(uint32_t w[N_ROUNDS], const unsigned char *p)
{
	for (size_t i = 0; i < 16; i++)
		w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 |
		       (uint32_t)p[4 * i + 2] << 8 | (uint32_t)p[4 * i + 3];
	for (size_t i = 16; i < N_ROUNDS; i++) {
		uint32_t x = w[i - 15], y = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
		       (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
	}
}

static void add_block(uint32_t state[N_STATE], const unsigned char *p)
{
	uint32_t w[N_ROUNDS], v[N_STATE];

	expand(w, p);
	memcpy(v, state, sizeof(v));
	for (size_t i = 0; i < N_ROUNDS; i++) {
		uint32_t a = v[0], e = v[4];
		uint32_t t = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
			     ((e & v[5]) ^ (~e & v[6])) + round_k[i] + w[i];
		uint32_t u = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
			     ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, sizeof(v) - sizeof(*v));
		v[4] += t;
		v[0] = t + u;
	}
	for (size_t i = 0; i < N_STATE; i++)
		state[i] += v[i];
}

void sha256_of(struct str s, unsigned char ret[SHA256_BYTES])
{
	uint32_t state[N_STATE] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
		0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	unsigned char tail[2 * BLOCK_BYTES] = {0};
	size_t rest = s.n % BLOCK_BYTES, whole = s.n - rest;
	size_t n_tail = rest + 1 + N_LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : sizeof(tail);
	uint64_t n_bits = (uint64_t)s.n * 8;

	for (size_t i = 0; i < whole; i += BLOCK_BYTES)
		add_block(state, (const unsigned char *)s.p + i);
	if (rest)
		memcpy(tail, s.p + whole, rest);
	tail[rest] = 0x80;
	for (size_t i = 0; i < N_LENGTH_BYTES; i++)
		tail[n_tail - 1 - i] = (unsigned char)(n_bits >> (8 * i));
	for (size_t i = 0; i < n_tail; i += BLOCK_BYTES)
		add_block(state, tail + i);
	for (size_t i = 0; i < SHA256_BYTES; i++)
		ret[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

struct str sha256_hex(struct arena *a, struct str s, size_t n_digits)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[SHA256_BYTES];
	char *text = arena_alloc(a, n_digits + 1);

	BUG_ON(n_digits > 2 * (size_t)SHA256_BYTES);
	sha256_of(s, sum);
	for (size_t i = 0; i < n_digits; i++)
		text[i] = digits[i % 2 ? sum[i / 2] & 15 : sum[i / 2] >> 4];
	text[n_digits] = '\0';
	return (struct str){.p = text, .n = n_digits};
}
