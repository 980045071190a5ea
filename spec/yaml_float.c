/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal text to double and back exactly as Go's strconv does it, because the digits that come
 * out are what a param receives. The way in is a plain big-number division with one rounding to
 * even; the way out looks for the fewest digits that come back in as the same double.
 */
#include "yaml_scalar.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
	DIGITS_MAX = 800, /* a midpoint between two doubles has at most 767 */
	LIMBS = 320,      /* 10240 bits: 800 digits, 10^1200, and 2^1100 beside them */
	EXP_MAX = 400,    /* 10^400 is infinite, 10^-400 is zero */
	DOUBLE_BITS = 53,
	EXP_MIN = -1074, /* of the last bit of the smallest subnormal */
};

struct big {
	uint32_t limb[LIMBS]; /* least first */
	size_t n;
};

static void big_mul_add(struct big *b, uint32_t factor, uint32_t add)
{
	uint64_t carry = add;
	for (size_t i = 0; i < b->n; i++) {
		carry += (uint64_t)b->limb[i] * factor;
		b->limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry) {
		BUG_ON(b->n == LIMBS);
		b->limb[b->n++] = (uint32_t)carry;
	}
}

static int big_bits(const struct big *b)
{
	return b->n ? (int)b->n * 32 - __builtin_clz(b->limb[b->n - 1]) : 0;
}

static void big_shift(struct big *b, int bits)
{
	for (; bits >= 31; bits -= 31)
		big_mul_add(b, UINT32_C(1) << 31, 0);
	big_mul_add(b, UINT32_C(1) << bits, 0);
}

static int big_cmp(const struct big *a, const struct big *b)
{
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	for (size_t i = a->n; i-- > 0;)
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	return 0;
}

static void big_sub(struct big *a, const struct big *b)
{
	int64_t borrow = 0;
	for (size_t i = 0; i < a->n; i++) {
		borrow += (int64_t)a->limb[i] - (i < b->n ? (int64_t)b->limb[i] : 0);
		a->limb[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
	while (a->n && !a->limb[a->n - 1])
		a->n--;
}

/* The quotient (below 2^57) of a / b, and whether something is left. */
static uint64_t big_divide(struct big *a, struct big *b, bool *ret_rest)
{
	uint64_t q = 0;
	int shift = big_bits(a) - big_bits(b);
	if (shift > 0)
		big_shift(b, shift);
	for (int i = shift; i >= 0; i--) {
		/* the divisor stays, the dividend and the quotient move up */
		q <<= 1;
		if (big_cmp(a, b) >= 0) {
			big_sub(a, b);
			q |= 1;
		}
		if (i > 0)
			big_mul_add(a, 2, 0);
	}
	*ret_rest = a->n != 0;
	return q;
}

/* q * 2^-s, with something more when rest is set, rounded to the nearest double, ties to even.
 */
static double round_quotient(uint64_t q, int s, bool rest)
{
	int bits = q ? 64 - __builtin_clzll(q) : 0;
	int e = bits - DOUBLE_BITS - s;
	if (e < EXP_MIN)
		e = EXP_MIN;
	int drop = e + s;
	if (drop > 60)
		return 0.0;
	uint64_t mantissa = q >> drop;
	uint64_t low = q & ((UINT64_C(1) << drop) - 1);
	uint64_t half = UINT64_C(1) << (drop - 1);
	if (low > half || (low == half && (rest || (mantissa & 1))))
		mantissa++;
	return ldexp((double)mantissa, e);
}

static void big_scale(struct big *b, int exp10)
{
	for (; exp10 >= 9; exp10 -= 9)
		big_mul_add(b, 1000000000, 0);
	for (; exp10 > 0; exp10--)
		big_mul_add(b, 10, 0);
}

static double divide(struct big *num, int exp10)
{
	struct big den = {.limb = {1}, .n = 1};
	big_scale(num, exp10);
	big_scale(&den, -exp10);
	int s = DOUBLE_BITS + 2 - (big_bits(num) - big_bits(&den));
	if (s > 1 - EXP_MIN)
		s = 1 - EXP_MIN;
	if (s > 0)
		big_shift(num, s);
	else
		big_shift(&den, -s);
	bool rest;
	uint64_t q = big_divide(num, &den, &rest);
	return round_quotient(q, s, rest);
}

/* The digits of a float's text and the power of ten behind them. */
struct decimal {
	bool negative;
	char digits[DIGITS_MAX + 1];
	int n;
	int exp10;
};

static void decimal_digit(struct decimal *d, char c, bool fraction)
{
	if (d->n == 0 && c == '0') { /* leading zeros only move the point */
		d->exp10 -= fraction ? 1 : 0;
		return;
	}
	if (d->n < DIGITS_MAX) {
		d->digits[d->n++] = c;
		d->exp10 -= fraction ? 1 : 0;
		return;
	}
	/* beyond every midpoint: only whether there is more counts */
	if (c != '0' && d->digits[DIGITS_MAX - 1] == '0')
		d->digits[DIGITS_MAX - 1] = '1';
	d->exp10 += fraction ? 0 : 1;
}

static void decimal_scan(struct decimal *d, struct str s)
{
	size_t i = s.n && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;
	bool fraction = false;
	d->negative = i && s.p[0] == '-';
	d->n = 0;
	d->exp10 = 0;
	for (; i < s.n && (s.p[i] | 0x20) != 'e'; i++) {
		if (s.p[i] == '.')
			fraction = true;
		else
			decimal_digit(d, s.p[i], fraction);
	}
	int e = 0;
	bool down = false;
	for (i++; i < s.n; i++) {
		if (s.p[i] == '-')
			down = true;
		else if (s.p[i] != '+' && e < 10000000)
			e = e * 10 + (s.p[i] - '0');
	}
	d->exp10 += down ? -e : e;
}

double yaml_float_parse(struct str s)
{
	struct decimal d;
	decimal_scan(&d, s);
	double v = 0.0;
	/* d.n + d.exp10 digits before the point, at most 309 of a finite number */
	if (d.n && d.n + d.exp10 > EXP_MAX) {
		v = (double)INFINITY;
	} else if (d.n && d.n + d.exp10 > -EXP_MAX) {
		struct big num = {.n = 0};
		for (int i = 0; i < d.n; i++)
			big_mul_add(&num, 10, (uint32_t)(d.digits[i] - '0'));
		v = divide(&num, d.exp10);
	}
	return d.negative ? -v : v;
}

/* Removes the trailing zeros of digits, but keeps one digit. */
static int trim_zeros(const char *digits, int n)
{
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

/*
 * The fewest digits that read back as v, and the decimal exponent of the first. Fifteen digits
 * of a normal double hold every shorter spelling of it, so the search starts there.
 */
static int shortest_digits(double v, char digits[24], int *ret_exp)
{
	char text[40];
	for (int precision = v < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
		(void)snprintf(text, sizeof(text), "%.*e", precision, v);
		double back = yaml_float_parse(str_z(text));
		if (!(back < v) && !(back > v))
			break;
	}
	struct decimal d;
	decimal_scan(&d, str_z(text));
	if (d.n == 0) {
		digits[0] = '0';
		*ret_exp = 0;
		return 1;
	}
	memcpy(digits, d.digits, (size_t)d.n);
	*ret_exp = d.exp10 + d.n - 1;
	return trim_zeros(digits, d.n);
}

static void put_plain(struct buf *b, const char *digits, int n, int e)
{
	if (e < 0) {
		buf_addz(b, "0.");
		for (int i = -1; i > e; i--)
			buf_addc(b, '0');
		buf_add(b, digits, (size_t)n);
		return;
	}
	for (int i = 0; i < n || i <= e; i++) {
		if (i == e + 1)
			buf_addc(b, '.');
		buf_addc(b, i < n ? digits[i] : '0');
	}
}

struct str yaml_float_json(struct arena *a, double v)
{
	char digits[24];
	int e;
	struct buf b cleanup_buf;
	buf_init(&b, 64);
	if (signbit(v)) {
		buf_addc(&b, '-');
		v = -v;
	}
	int n = shortest_digits(v, digits, &e);
	if (v > 0 && (v < 1e-6 || v >= 1e21)) {
		buf_addc(&b, digits[0]);
		if (n > 1)
			buf_addc(&b, '.');
		buf_add(&b, digits + 1, (size_t)n - 1);
		buf_addf(&b, "e%c%d", e < 0 ? '-' : '+', e < 0 ? -e : e);
	} else {
		put_plain(&b, digits, n, e);
	}
	return arena_str(a, buf_str(&b));
}
