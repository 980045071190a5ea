/* SPDX-License-Identifier: Apache-2.0 */
/* Names and ids: children of runs, pods, claims. MD5 is here for names only (RFC 1321). */
#include "name.h"

#include "sha256.h"
#include <string.h>

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

static void md5_block(uint32_t state[4], const unsigned char *p)
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

void md5_of(struct str s, unsigned char ret[MD5_BYTES])
{
	uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
	unsigned char tail[128] = {0};
	size_t whole = s.n / 64 * 64;
	size_t rest = s.n - whole;
	size_t n_tail = rest + 9 <= 64 ? 64 : 128;
	uint64_t n_bits = (uint64_t)s.n * 8;

	for (size_t i = 0; i < whole; i += 64)
		md5_block(state, (const unsigned char *)s.p + i);
	if (rest)
		memcpy(tail, s.p + whole, rest);
	tail[rest] = 0x80;
	for (size_t i = 0; i < 8; i++)
		tail[n_tail - 8 + i] = (unsigned char)(n_bits >> (8 * i));
	for (size_t i = 0; i < n_tail; i += 64)
		md5_block(state, tail + i);
	for (size_t i = 0; i < MD5_BYTES; i++)
		ret[i] = (unsigned char)(state[i / 4] >> (8 * (i % 4)));
}

struct str md5_hex(struct arena *a, struct str s, size_t n_digits)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char sum[MD5_BYTES];
	char text[2 * MD5_BYTES];

	BUG_ON(n_digits > sizeof(text));
	md5_of(s, sum);
	for (size_t i = 0; i < MD5_BYTES; i++) {
		text[2 * i] = digits[sum[i] >> 4];
		text[2 * i + 1] = digits[sum[i] & 15];
	}
	return arena_strn(a, text, n_digits);
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

struct str name_child(struct arena *a, struct str parent, struct str suffix)
{
	enum { KEPT = NAME_MAX_BYTES - 2 * MD5_BYTES };
	struct str hash, name;
	size_t n;

	if (parent.n + suffix.n <= NAME_MAX_BYTES)
		return arena_printf(a, STR_FMT STR_FMT, STR_ARG(parent), STR_ARG(suffix));
	if (suffix.n < KEPT) {
		hash = md5_hex(a, parent, (size_t)2 * MD5_BYTES);
		return arena_printf(a, STR_FMT STR_FMT STR_FMT,
			STR_ARG(str_slice(parent, 0, KEPT - suffix.n)), STR_ARG(hash),
			STR_ARG(suffix));
	}
	name = arena_printf(a, STR_FMT STR_FMT, STR_ARG(parent), STR_ARG(suffix));
	hash = md5_hex(a, name, (size_t)2 * MD5_BYTES);
	name = arena_printf(a, STR_FMT STR_FMT STR_FMT, STR_ARG(str_slice(parent, 0, KEPT)),
		STR_ARG(hash), STR_ARG(suffix));
	n = name.n < NAME_MAX_BYTES ? name.n : NAME_MAX_BYTES;
	while (n > 0 && !is_alnum(name.p[n - 1]))
		n--;
	return arena_strn(a, name.p, n);
}

struct str name_fan_out(struct arena *a, struct str parent, struct str pt, size_t i)
{
	struct str ending = arena_printf(a, "-%zu", i);
	struct str suffix = arena_printf(a, "-" STR_FMT STR_FMT, STR_ARG(pt), STR_ARG(ending));
	struct str name = name_child(a, parent, suffix);
	struct str plain;

	if (str_ends(name, ending))
		return name;
	plain = name_child(a, parent, arena_printf(a, "-" STR_FMT, STR_ARG(pt)));
	plain = str_slice(plain, 0, NAME_MAX_BYTES - ending.n);
	return arena_printf(a, STR_FMT STR_FMT, STR_ARG(plain), STR_ARG(ending));
}

struct str name_run(struct arena *a, struct str parent, struct str pt, size_t i, size_t n)
{
	return n > 1 ? name_fan_out(a, parent, pt, i)
		     : name_child(a, parent, arena_printf(a, "-" STR_FMT, STR_ARG(pt)));
}

struct str name_pod(struct arena *a, struct str task_run, size_t attempt)
{
	if (attempt == 0)
		return name_child(a, task_run, STR("-pod"));
	return name_child(a, task_run, arena_printf(a, "-pod-retry%zu", attempt));
}

struct str name_step(struct arena *a, struct str name, size_t index)
{
	return name.n ? name : arena_printf(a, "unnamed-%zu", index);
}

struct str name_claim(
	struct arena *a, struct str template_name, struct str workspace, struct str owner_uid)
{
	struct str seed =
		arena_printf(a, STR_FMT STR_FMT, STR_ARG(workspace), STR_ARG(owner_uid));
	struct str hash = sha256_hex(a, seed, 10);

	if (template_name.n == 0)
		template_name = STR("pvc");
	return arena_printf(a, STR_FMT "-" STR_FMT, STR_ARG(template_name), STR_ARG(hash));
}

struct str name_uid(struct arena *a, struct str owner_uid, struct str name)
{
	struct str seed =
		arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(owner_uid), STR_ARG(name));
	struct str h = md5_hex(a, seed, (size_t)2 * MD5_BYTES);

	return arena_printf(
		a, "%.8s-%.4s-4%.3s-8%.3s-%.12s", h.p, h.p + 8, h.p + 13, h.p + 17, h.p + 20);
}

struct str name_letters(struct arena *a, struct str seed, size_t n)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	unsigned char sum[MD5_BYTES];
	char text[MD5_BYTES];

	BUG_ON(n > sizeof(text));
	md5_of(seed, sum);
	for (size_t i = 0; i < n; i++)
		text[i] = letters[sum[i] % (sizeof(letters) - 1)];
	return arena_strn(a, text, n);
}
