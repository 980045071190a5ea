/* SPDX-License-Identifier: Apache-2.0 */
/*
 * go-yaml v2's resolve(), word for word in behaviour: a table of words first, then by the first
 * character integer, float, string. The results decide what a param receives (010 is "8"), so
 * nothing here is lenient or clever.
 */
#include "yaml_scalar.h"

#include <base/base64.h>
#include <base/err.h>
#include <math.h>
#include <string.h>

#define TAG_PREFIX "tag:yaml.org,2002:"

enum word_kind { WORD_TRUE, WORD_FALSE, WORD_NULL, WORD_NOT_FINITE };

static const struct word {
	const char *text;
	enum word_kind kind;
} words[] = {
	{"y", WORD_TRUE},
	{"Y", WORD_TRUE},
	{"yes", WORD_TRUE},
	{"Yes", WORD_TRUE},
	{"YES", WORD_TRUE},
	{"true", WORD_TRUE},
	{"True", WORD_TRUE},
	{"TRUE", WORD_TRUE},
	{"on", WORD_TRUE},
	{"On", WORD_TRUE},
	{"ON", WORD_TRUE},
	{"n", WORD_FALSE},
	{"N", WORD_FALSE},
	{"no", WORD_FALSE},
	{"No", WORD_FALSE},
	{"NO", WORD_FALSE},
	{"false", WORD_FALSE},
	{"False", WORD_FALSE},
	{"FALSE", WORD_FALSE},
	{"off", WORD_FALSE},
	{"Off", WORD_FALSE},
	{"OFF", WORD_FALSE},
	{"", WORD_NULL},
	{"~", WORD_NULL},
	{"null", WORD_NULL},
	{"Null", WORD_NULL},
	{"NULL", WORD_NULL},
	{".nan", WORD_NOT_FINITE},
	{".NaN", WORD_NOT_FINITE},
	{".NAN", WORD_NOT_FINITE},
	{".inf", WORD_NOT_FINITE},
	{".Inf", WORD_NOT_FINITE},
	{".INF", WORD_NOT_FINITE},
	{"+.inf", WORD_NOT_FINITE},
	{"+.Inf", WORD_NOT_FINITE},
	{"+.INF", WORD_NOT_FINITE},
	{"-.inf", WORD_NOT_FINITE},
	{"-.Inf", WORD_NOT_FINITE},
	{"-.INF", WORD_NOT_FINITE},
};

static const struct word *word_find(struct str s)
{
	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_eqz(s, words[i].text))
			return &words[i];
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int digit_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* The base that Go's ParseInt(s, 0, 64) finds, and how many characters its prefix has. */
static unsigned base_of(const char *p, size_t n, size_t *ret_skip)
{
	*ret_skip = 0;
	if (n == 0 || p[0] != '0')
		return 10;
	if (n >= 3) {
		*ret_skip = 2;
		switch (p[1] | 0x20) {
		case 'b':
			return 2;
		case 'o':
			return 8;
		case 'x':
			return 16;
		default:
			break;
		}
	}
	*ret_skip = 1;
	return 8;
}

/* An integer of Go's base-0 syntax without underscores; false when it is none or too large. */
static bool scan_int(struct str s, bool *ret_negative, uint64_t *ret)
{
	size_t i = 0;
	bool negative = false;
	bool sign = false;
	if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+')) {
		negative = s.p[0] == '-';
		sign = true;
		i = 1;
	}
	if (i == s.n)
		return false;
	size_t skip;
	unsigned base = base_of(s.p + i, s.n - i, &skip);
	uint64_t v = 0;
	for (i += skip; i < s.n; i++) {
		int digit = digit_value(s.p[i]);
		if (digit >= (int)base || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
			__builtin_add_overflow(v, (uint64_t)digit, &v))
			return false;
	}
	if (negative && v > (UINT64_C(1) << 63))
		return false;
	if (sign && !negative && v > INT64_MAX)
		return false; /* ParseUint takes no sign */
	*ret_negative = negative && v != 0;
	*ret = v;
	return true;
}

static size_t skip_digits(struct str s, size_t i)
{
	while (i < s.n && is_digit(s.p[i]))
		i++;
	return i;
}

/* ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$ */
static bool looks_float(struct str s)
{
	size_t i = s.n > 0 && (s.p[0] == '-' || s.p[0] == '+') ? 1 : 0;
	size_t at = i;
	i = skip_digits(s, i);
	bool whole = i > at;
	if (i < s.n && s.p[i] == '.') {
		at = ++i;
		i = skip_digits(s, i);
		if (!whole && i == at)
			return false;
	} else if (!whole) {
		return false;
	}
	if (i < s.n && (s.p[i] | 0x20) == 'e') {
		i++;
		if (i < s.n && (s.p[i] == '-' || s.p[i] == '+'))
			i++;
		at = i;
		i = skip_digits(s, i);
		if (i == at)
			return false;
	}
	return i == s.n;
}

static bool set_float(struct arena *a, struct yaml_node *n, struct str s)
{
	double v = yaml_float_parse(s);
	if (!isfinite(v))
		return false; /* ParseFloat's range error: stays a string */
	n->type = YAML_NUMBER;
	n->json = yaml_float_json(a, v);
	return true;
}

static bool set_int(struct arena *a, struct yaml_node *n, struct str s)
{
	bool negative;
	uint64_t v;
	if (!scan_int(s, &negative, &v))
		return false;
	n->type = YAML_NUMBER;
	n->json = arena_printf(a, "%s%llu", negative ? "-" : "", (unsigned long long)v);
	return true;
}

static struct str without_underscores(struct arena *a, struct str s)
{
	if (str_chr(s, '_') < 0)
		return s;
	char *p = arena_alloc(a, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_')
			p[n++] = s.p[i];
	return (struct str){.p = p, .n = n};
}

static int set_word(
	struct yaml_node *n, const struct word *word, struct str text, struct err *err)
{
	switch (word->kind) {
	case WORD_TRUE:
		n->type = YAML_BOOL;
		n->json = STR("true");
		return 0;
	case WORD_FALSE:
		n->type = YAML_BOOL;
		n->json = STR("false");
		return 0;
	case WORD_NULL:
		n->type = YAML_NULL;
		n->json = STR("null");
		return 0;
	case WORD_NOT_FINITE:
	default:
		return err_set(err, ERR_SPEC,
			"unsupported value '" STR_FMT "': JSON has only finite numbers",
			STR_ARG(text));
	}
}

/* Types a scalar that no tag makes a string. */
static int resolve_untagged(struct arena *a, struct yaml_node *n, struct err *err)
{
	struct str s = n->text;
	const struct word *word = word_find(s);
	if (word)
		return set_word(n, word, s, err);
	if (s.p[0] == '.') {
		/* ParseFloat takes .5 and .5e3; a lone dot or .5_0 is text */
		if (looks_float(s))
			(void)set_float(a, n, s);
		return 0;
	}
	if (!is_digit(s.p[0]) && s.p[0] != '-' && s.p[0] != '+')
		return 0;
	struct str plain = without_underscores(a, s);
	if (!set_int(a, n, plain) && looks_float(plain))
		(void)set_float(a, n, plain);
	return 0;
}

static int resolve_binary(struct arena *a, struct yaml_node *n, struct err *err)
{
	struct str raw;
	if (base64_parse(a, n->text, &raw))
		return err_set(err, ERR_SPEC, "!!binary value contains invalid base64 data");
	if (!str_utf8_valid(raw) || str_chr(raw, '\0') >= 0)
		return err_set(err, ERR_SPEC, "!!binary value is not text");
	n->text = raw;
	return 0;
}

static const struct tag_type {
	const char *tag; /* below TAG_PREFIX */
	enum yaml_type type;
} tag_types[] = {
	{"bool", YAML_BOOL},
	{"int", YAML_NUMBER},
	{"float", YAML_NUMBER},
	{"null", YAML_NULL},
};

static int check_tag(struct arena *a, const struct yaml_node *n, const struct tag_type *want,
	struct err *err)
{
	bool negative;
	uint64_t v;
	/* an integer may be called a float, a float not an integer */
	bool ok = n->type == want->type &&
		  (strcmp(want->tag, "int") != 0 ||
			  scan_int(without_underscores(a, n->text), &negative, &v));
	if (ok)
		return 0;
	return err_set(err, ERR_SPEC, "cannot decode %s '" STR_FMT "' as !!%s",
		yaml_type_name(n->type), STR_ARG(n->text), want->tag);
}

int yaml_scalar_resolve(struct arena *a, struct yaml_node *n, struct err *err)
{
	const struct str prefix = STR(TAG_PREFIX);
	n->type = YAML_STRING;
	if (!n->tag.n)
		return n->style == YAML_PLAIN ? resolve_untagged(a, n, err) : 0;
	if (!str_starts(n->tag, prefix))
		return 0; /* tags of others say nothing about the type */
	struct str name = str_slice(n->tag, prefix.n, n->tag.n);
	if (str_eqz(name, "binary"))
		return resolve_binary(a, n, err);
	for (size_t i = 0; i < ARRAY_SIZE(tag_types); i++) {
		if (str_eqz(name, tag_types[i].tag)) {
			if (resolve_untagged(a, n, err))
				return -1;
			return check_tag(a, n, &tag_types[i], err);
		}
	}
	return 0; /* !!str, !!timestamp and unknown ones */
}

bool yaml_scalar_is_merge(const struct yaml_node *n)
{
	if (n->tag.n)
		return str_eqz(n->tag, TAG_PREFIX "merge");
	return n->style == YAML_PLAIN && n->type == YAML_STRING && str_eqz(n->text, "<<");
}
