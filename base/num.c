/* SPDX-License-Identifier: Apache-2.0 */
/* Strict integers, Go durations and Kubernetes quantities. */
#include <base/num.h>

#include <base/attr.h>
#include <string.h>

/* Digits in a base up to ten; false on anything else or beyond max. */
static bool num_digits(
	struct str s, unsigned int base, uint64_t max, uint64_t *ret, bool *ret_big)
{
	uint64_t v = 0;

	*ret_big = false;
	if (!s.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned int digit = (unsigned int)(unsigned char)s.p[i] - '0';

		if (digit >= base)
			return false;
		if (__builtin_mul_overflow(v, base, &v) ||
			__builtin_add_overflow(v, digit, &v) || v > max) {
			*ret_big = true;
			v = max;
		}
	}
	*ret = v;
	return !*ret_big;
}

static int num_unsigned(
	struct str s, unsigned int base, uint64_t max, uint64_t *ret, struct err *err)
{
	bool big;
	uint64_t v;

	if (num_digits(s, base, max, &v, &big)) {
		*ret = v;
		return 0;
	}
	if (big)
		return err_set(err, ERR_SPEC, "number '" STR_FMT "' is above %llu", STR_ARG(s),
			(unsigned long long)max);
	return err_set(err, ERR_SPEC, "'" STR_FMT "' is not %s number", STR_ARG(s),
		base == 8 ? "an octal" : "a whole");
}

int num_u64(struct str s, uint64_t max, uint64_t *ret, struct err *err)
{
	return num_unsigned(s, 10, max, ret, err);
}

int num_octal(struct str s, uint64_t max, uint64_t *ret, struct err *err)
{
	return num_unsigned(s, 8, max, ret, err);
}

int num_i64(struct str s, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
	bool negative = s.n && s.p[0] == '-';
	uint64_t magnitude = 0;
	uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
	bool big;
	int64_t v;

	if (!num_digits(str_slice(s, negative, s.n), 10, limit, &magnitude, &big) && !big)
		return err_set(
			err, ERR_SPEC, "'" STR_FMT "' is not a whole number", STR_ARG(s));
	v = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	if (big || v < min || v > max)
		return err_set(err, ERR_SPEC, "number '" STR_FMT "' is not in %lld..%lld",
			STR_ARG(s), (long long)min, (long long)max);
	*ret = v;
	return 0;
}

/* Durations: time.ParseDuration and Duration.String of Go 1.22, step by step. */

static const struct {
	struct str name;
	uint64_t ns;
} num_units[] = {
	{STR_INIT("ns"), 1},
	{STR_INIT("us"), NS_PER_US},
	{STR_INIT("\xc2\xb5s"), NS_PER_US}, /* U+00B5, micro sign */
	{STR_INIT("\xce\xbcs"), NS_PER_US}, /* U+03BC, Greek mu */
	{STR_INIT("ms"), NS_PER_MS},
	{STR_INIT("s"), 1000000000},
	{STR_INIT("m"), UINT64_C(60) * 1000000000},
	{STR_INIT("h"), UINT64_C(3600) * 1000000000},
};

static const uint64_t num_duration_max = UINT64_C(1) << 63;

static bool num_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/*
 * Go's quote() of the time package: control characters, quotes and everything that is not
 * ASCII byte by byte as \xNN (the micro sign too).
 */
static struct str num_quote(char *text, size_t size, struct str s)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	text[n++] = '"';
	for (size_t i = 0; i < s.n && n + 6 < size; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\') {
			text[n++] = '\\';
			text[n++] = (char)c;
		} else if (c < ' ' || c >= 0x80) {
			text[n++] = '\\';
			text[n++] = 'x';
			text[n++] = hex[c >> 4];
			text[n++] = hex[c & 15];
		} else {
			text[n++] = (char)c;
		}
	}
	text[n++] = '"';
	return (struct str){.p = text, .n = n};
}

static int num_duration_invalid(struct str whole, struct err *err)
{
	char quoted[ERR_MSG_BYTES];
	struct str q = num_quote(quoted, sizeof(quoted), whole);

	return err_set(err, ERR_SPEC, "time: invalid duration " STR_FMT, STR_ARG(q));
}

static int num_duration_unit(
	struct str whole, struct str unit, uint64_t *ret_ns, struct err *err)
{
	char quoted[ERR_MSG_BYTES];
	char quoted_unit[ERR_MSG_BYTES];
	struct str q = num_quote(quoted, sizeof(quoted), whole);
	struct str u;

	if (!unit.n)
		return err_set(
			err, ERR_SPEC, "time: missing unit in duration " STR_FMT, STR_ARG(q));
	for (size_t i = 0; i < ARRAY_SIZE(num_units); i++) {
		if (str_eq(unit, num_units[i].name)) {
			*ret_ns = num_units[i].ns;
			return 0;
		}
	}
	u = num_quote(quoted_unit, sizeof(quoted_unit), unit);
	return err_set(err, ERR_SPEC, "time: unknown unit " STR_FMT " in duration " STR_FMT,
		STR_ARG(u), STR_ARG(q));
}

/* Go's leadingInt: false on overflow. */
static bool num_leading(struct str *s, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < s->n && num_is_digit(s->p[i]); i++) {
		if (v > num_duration_max / 10)
			return false;
		v = v * 10 + (uint64_t)(s->p[i] - '0');
		if (v > num_duration_max)
			return false;
	}
	*s = str_slice(*s, i, s->n);
	*ret = v;
	return true;
}

/*
 * Go's leadingFraction: digits that no longer fit are read and ignored. scale is a double
 * there, and so here, because the rounding is part of the contract.
 */
static uint64_t num_fraction(struct str *s, double *ret_scale)
{
	uint64_t v = 0;
	double scale = 1;
	bool overflow = false;
	size_t i = 0;

	for (; i < s->n && num_is_digit(s->p[i]); i++) {
		uint64_t y;

		if (overflow)
			continue;
		if (v > (num_duration_max - 1) / 10) {
			overflow = true;
			continue;
		}
		y = v * 10 + (uint64_t)(s->p[i] - '0');
		if (y > num_duration_max) {
			overflow = true;
			continue;
		}
		v = y;
		scale *= 10;
	}
	*s = str_slice(*s, i, s->n);
	*ret_scale = scale;
	return v;
}

/* One "1.5h" at the front of *s, added to *total. */
static int num_duration_part(struct str whole, struct str *s, uint64_t *total, struct err *err)
{
	uint64_t v;
	uint64_t fraction = 0;
	uint64_t unit;
	double scale = 1;
	size_t before = s->n;
	size_t n = 0;
	bool has_digits;

	if (s->p[0] != '.' && !num_is_digit(s->p[0]))
		return num_duration_invalid(whole, err);
	if (!num_leading(s, &v))
		return num_duration_invalid(whole, err);
	has_digits = s->n != before;
	if (s->n && s->p[0] == '.') {
		*s = str_slice(*s, 1, s->n);
		before = s->n;
		fraction = num_fraction(s, &scale);
		has_digits = has_digits || s->n != before;
	}
	if (!has_digits)
		return num_duration_invalid(whole, err);
	while (n < s->n && s->p[n] != '.' && !num_is_digit(s->p[n]))
		n++;
	if (num_duration_unit(whole, str_slice(*s, 0, n), &unit, err) < 0)
		return -1;
	*s = str_slice(*s, n, s->n);
	if (v > num_duration_max / unit)
		return num_duration_invalid(whole, err);
	v *= unit;
	if (fraction)
		v += (uint64_t)((double)fraction * ((double)unit / scale));
	if (v > num_duration_max || *total + v > num_duration_max)
		return num_duration_invalid(whole, err);
	*total += v;
	return 0;
}

int num_duration(struct str s, int64_t *ret_ns, struct err *err)
{
	struct str rest = s;
	uint64_t total = 0;
	bool negative = false;

	if (rest.n && (rest.p[0] == '-' || rest.p[0] == '+')) {
		negative = rest.p[0] == '-';
		rest = str_slice(rest, 1, rest.n);
	}
	if (str_eq(rest, STR("0"))) {
		*ret_ns = 0;
		return 0;
	}
	if (!rest.n)
		return num_duration_invalid(s, err);
	while (rest.n) {
		if (num_duration_part(s, &rest, &total, err) < 0)
			return -1;
	}
	if (negative) {
		*ret_ns = (int64_t)(0 - total);
		return 0;
	}
	if (total > num_duration_max - 1)
		return num_duration_invalid(s, err);
	*ret_ns = (int64_t)total;
	return 0;
}

/* Writes v / 10^digits without trailing zeroes: 1500 with 3 digits is "1.5". */
static struct str num_decimal(struct arena *a, uint64_t v, int digits)
{
	char fraction[24] = "";
	uint64_t scale = 1;
	int n = digits;

	for (int i = 0; i < digits; i++)
		scale *= 10;
	uint64_t whole = v / scale;
	uint64_t part = v % scale;

	if (!part)
		return arena_printf(a, "%llu", (unsigned long long)whole);
	for (int i = digits - 1; i >= 0; i--) {
		fraction[i] = (char)('0' + part % 10);
		part /= 10;
	}
	while (n > 1 && fraction[n - 1] == '0')
		n--;
	return arena_printf(a, "%llu.%.*s", (unsigned long long)whole, n, fraction);
}

struct str num_duration_text(struct arena *a, int64_t ns)
{
	const char *sign = ns < 0 ? "-" : "";
	uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	unsigned long long minutes;
	struct str s;

	if (v == 0)
		return STR("0s");
	if (v < NS_PER_US)
		return arena_printf(a, "%s%lluns", sign, (unsigned long long)v);
	if (v < NS_PER_MS) {
		s = num_decimal(a, v, 3);
		return arena_printf(a, "%s%s\xc2\xb5s", sign, s.p);
	}
	if (v < (uint64_t)NS_PER_S) {
		s = num_decimal(a, v, 6);
		return arena_printf(a, "%s%sms", sign, s.p);
	}
	minutes = v / (60 * (uint64_t)NS_PER_S);
	s = num_decimal(a, v % (60 * (uint64_t)NS_PER_S), 9);
	if (minutes >= 60)
		return arena_printf(
			a, "%s%lluh%llum%ss", sign, minutes / 60, minutes % 60, s.p);
	if (minutes)
		return arena_printf(a, "%s%llum%ss", sign, minutes, s.p);
	return arena_printf(a, "%s%ss", sign, s.p);
}

/*
 * Quantities, after resource.ParseQuantity: sign, digits with at most one point, then one
 * suffix. The value is digits * 10^exp10 * 2^exp2, computed exactly and rounded away from zero
 * to the asked scale, as Kubernetes does.
 */

static const struct {
	struct str name;
	int exp10;
	int exp2;
} num_suffixes[] = {
	{STR_INIT(""), 0, 0},
	{STR_INIT("n"), -9, 0},
	{STR_INIT("u"), -6, 0},
	{STR_INIT("m"), -3, 0},
	{STR_INIT("k"), 3, 0},
	{STR_INIT("M"), 6, 0},
	{STR_INIT("G"), 9, 0},
	{STR_INIT("T"), 12, 0},
	{STR_INIT("P"), 15, 0},
	{STR_INIT("E"), 18, 0},
	{STR_INIT("Ki"), 0, 10},
	{STR_INIT("Mi"), 0, 20},
	{STR_INIT("Gi"), 0, 30},
	{STR_INIT("Ti"), 0, 40},
	{STR_INIT("Pi"), 0, 50},
	{STR_INIT("Ei"), 0, 60},
};

__extension__ typedef unsigned __int128 num_wide;

struct num_scaled {
	num_wide digits;
	int exp10;
	int exp2;
	bool negative;
	bool big;     /* more digits than fit: beyond any limit */
	bool inexact; /* dropped a fraction that was not zero: rounds up */
};

static int num_quantity_bad(struct str s, struct err *err)
{
	return err_set(err, ERR_SPEC,
		"quantity '" STR_FMT "' is not a number with an optional suffix "
		"(n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or a decimal exponent)",
		STR_ARG(s));
}

/* e3, E-3; a lone E is the suffix exa. False when it is not an exponent. */
static bool num_exponent(struct str s, int *ret)
{
	bool negative;
	uint64_t v = 0;
	bool big = false;

	if (s.n < 2 || (s.p[0] != 'e' && s.p[0] != 'E'))
		return false;
	negative = s.p[1] == '-';
	s = str_slice(s, negative || s.p[1] == '+' ? 2 : 1, s.n);
	if (!num_digits(s, 10, 1000, &v, &big) && !big)
		return false;
	*ret = negative ? -(int)v : (int)v;
	return true;
}

static bool num_suffix(struct str s, struct num_scaled *q)
{
	int exponent;

	for (size_t i = 0; i < ARRAY_SIZE(num_suffixes); i++) {
		if (str_eq(s, num_suffixes[i].name)) {
			q->exp10 += num_suffixes[i].exp10;
			q->exp2 += num_suffixes[i].exp2;
			return true;
		}
	}
	if (!num_exponent(s, &exponent))
		return false;
	q->exp10 += exponent;
	return true;
}

/* 10^30: with ten more times a digit still far inside 128 bits. */
static bool num_is_wide(num_wide v)
{
	return v >> 100 != 0;
}

static bool num_quantity_scan(struct str s, struct num_scaled *q)
{
	bool has_point = false;
	bool has_digits = false;
	size_t i = 0;

	if (s.n && (s.p[0] == '-' || s.p[0] == '+'))
		q->negative = s.p[i++] == '-';
	for (; i < s.n; i++) {
		if (s.p[i] == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (!num_is_digit(s.p[i]))
			break;
		has_digits = true;
		if (!num_is_wide(q->digits)) {
			q->digits = q->digits * 10 + (unsigned int)(s.p[i] - '0');
			q->exp10 -= has_point;
		} else if (has_point) {
			q->inexact = q->inexact || s.p[i] != '0';
		} else {
			q->exp10++;
			q->inexact = q->inexact || s.p[i] != '0';
		}
	}
	return has_digits && num_suffix(str_slice(s, i, s.n), q);
}

/* The magnitude as a whole number, rounded up; false when it does not fit an int64_t. */
static bool num_quantity_round(struct num_scaled *q, int64_t *ret)
{
	num_wide v = q->digits;
	bool up = q->inexact;

	if (!v) {
		*ret = up;
		return true;
	}
	for (; q->exp10 < 0 && v && (q->exp2 == 0 || num_is_wide(v)); q->exp10++) {
		up = up || v % 10;
		v /= 10;
	}
	for (; q->exp2 > 0; q->exp2--) {
		if (num_is_wide(v)) {
			/* keep room: take a pending division first, else it cannot fit */
			if (q->exp10 >= 0)
				return false;
			up = up || v % 10;
			v /= 10;
			q->exp10++;
		}
		v *= 2;
	}
	for (; q->exp10 > 0; q->exp10--) {
		if (num_is_wide(v))
			return false;
		v *= 10;
	}
	for (; q->exp10 < 0 && v; q->exp10++) {
		up = up || v % 10;
		v /= 10;
	}
	v += up;
	if (v > INT64_MAX)
		return false;
	*ret = (int64_t)v;
	return true;
}

static int num_quantity_scaled(struct str s, int exp10, int64_t *ret, struct err *err)
{
	struct num_scaled q = {.exp10 = exp10};
	int64_t v;

	if (!num_quantity_scan(s, &q))
		return num_quantity_bad(s, err);
	if (!num_quantity_round(&q, &v))
		return err_set(
			err, ERR_SPEC, "quantity '" STR_FMT "' is too large", STR_ARG(s));
	*ret = q.negative ? -v : v;
	return 0;
}

int num_quantity(struct str s, int64_t *ret_units, struct err *err)
{
	return num_quantity_scaled(s, 0, ret_units, err);
}

int num_quantity_milli(struct str s, int64_t *ret_milli, struct err *err)
{
	return num_quantity_scaled(s, 3, ret_milli, err);
}
