/* SPDX-License-Identifier: Apache-2.0 */
/* Views of bytes: comparing, finding, cutting. */
#include <base/str.h>

#include <base/attr.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct str str_z(const char *z)
{
	return (struct str){.p = z, .n = z ? strlen(z) : 0};
}

const char *str_c(struct str s)
{
	return s.n ? s.p : "";
}

bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eqz(struct str a, const char *z)
{
	return str_eq(a, str_z(z));
}

static char str_fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_ieq(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		if (str_fold(a.p[i]) != str_fold(b.p[i]))
			return false;
	}
	return true;
}

int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;

	if (order)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (!prefix.n || memcmp(s.p, prefix.p, prefix.n) == 0);
}

bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (!suffix.n || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

bool str_has(struct str s, struct str part)
{
	return str_find(s, part) >= 0;
}

ptrdiff_t str_find(struct str s, struct str part)
{
	const char *at;

	if (!part.n)
		return 0;
	if (part.n > s.n)
		return -1;
	at = memmem(s.p, s.n, part.p, part.n);
	return at ? at - s.p : -1;
}

ptrdiff_t str_chr(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;

	return at ? at - s.p : -1;
}

ptrdiff_t str_rchr(struct str s, char c)
{
	const char *at = s.n ? memrchr(s.p, c, s.n) : NULL;

	return at ? at - s.p : -1;
}

struct str str_slice(struct str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from >= to)
		return (struct str){.p = s.p ? s.p + (from < s.n ? from : s.n) : NULL, .n = 0};
	return (struct str){.p = s.p + from, .n = to - from};
}

static bool str_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

struct str str_trim(struct str s)
{
	size_t from = 0;
	size_t to = s.n;

	while (from < to && str_is_blank(s.p[from]))
		from++;
	while (to > from && str_is_blank(s.p[to - 1]))
		to--;
	return str_slice(s, from, to);
}

bool str_cut(struct str s, char sep, struct str *ret_head, struct str *ret_tail)
{
	ptrdiff_t at = str_chr(s, sep);

	if (at < 0)
		return false;
	*ret_head = str_slice(s, 0, (size_t)at);
	*ret_tail = str_slice(s, (size_t)at + 1, s.n);
	return true;
}

/*
 * Unicode's table 3-7 of well-formed sequences: by lead byte, the length and the range of the
 * second byte, which is where overlong forms, surrogates and values beyond U+10FFFF show.
 */
static const struct {
	unsigned char first, last, n, low, high;
} str_utf8_forms[] = {
	{0x00, 0x7f, 1, 0x00, 0x00},
	{0xc2, 0xdf, 2, 0x80, 0xbf},
	{0xe0, 0xe0, 3, 0xa0, 0xbf},
	{0xe1, 0xec, 3, 0x80, 0xbf},
	{0xed, 0xed, 3, 0x80, 0x9f},
	{0xee, 0xef, 3, 0x80, 0xbf},
	{0xf0, 0xf0, 4, 0x90, 0xbf},
	{0xf1, 0xf3, 4, 0x80, 0xbf},
	{0xf4, 0xf4, 4, 0x80, 0x8f},
};

size_t str_utf8_next(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;

	if (!s.n)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(str_utf8_forms); i++) {
		size_t n = str_utf8_forms[i].n;

		if (p[0] < str_utf8_forms[i].first || p[0] > str_utf8_forms[i].last)
			continue;
		if (n > s.n)
			return 0;
		if (n > 1 && (p[1] < str_utf8_forms[i].low || p[1] > str_utf8_forms[i].high))
			return 0;
		for (size_t k = 2; k < n; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		}
		return n;
	}
	return 0;
}

bool str_utf8_valid(struct str s)
{
	while (s.n) {
		size_t n = str_utf8_next(s);

		if (!n)
			return false;
		s = str_slice(s, n, s.n);
	}
	return true;
}

enum { STR_DISTANCE_BYTES = 64 };

static size_t str_min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/*
 * Levenshtein with one row and ASCII case folded. Only names are compared, so longer texts are
 * simply far apart.
 */
size_t str_distance(struct str a, struct str b, size_t limit)
{
	size_t row[STR_DISTANCE_BYTES + 1];

	if (a.n > STR_DISTANCE_BYTES || b.n > STR_DISTANCE_BYTES)
		return str_eq(a, b) ? 0 : limit + 1;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t diagonal = row[0];
		size_t best = row[0] = i;

		for (size_t j = 1; j <= b.n; j++) {
			size_t cost = str_fold(a.p[i - 1]) != str_fold(b.p[j - 1]);
			size_t up = row[j];

			row[j] = str_min3(up + 1, row[j - 1] + 1, diagonal + cost);
			diagonal = up;
			best = row[j] < best ? row[j] : best;
		}
		if (best > limit)
			return limit + 1;
	}
	return row[b.n] > limit ? limit + 1 : row[b.n];
}
