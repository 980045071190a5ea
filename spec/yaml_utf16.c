/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON spells characters beyond U+FFFF as two \u escapes, which YAML does not know (kubectl
 * reads JSON with a JSON reader). In a text that is JSON each pair becomes one \U escape, so
 * that one reader serves both; columns behind it in the same line are two less.
 */
#include "yaml_scalar.h"

enum { ESCAPE = 6, PAIR = 2 * ESCAPE };

/* The value of \uXXXX at the start of s, or -1. */
static int32_t escape_value(struct str s)
{
	int32_t v = 0;
	if (s.n < ESCAPE || s.p[0] != '\\' || s.p[1] != 'u')
		return -1;
	for (size_t i = 2; i < ESCAPE; i++) {
		char c = s.p[i];
		char lower = (char)(c | 0x20);
		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v * 16 + (lower - 'a' + 10);
		else
			return -1;
	}
	return v;
}

/* The character of a surrogate pair at the start of s, or 0. */
static uint32_t pair_value(struct str s)
{
	int32_t high = escape_value(s);
	int32_t low = escape_value(str_slice(s, ESCAPE, s.n));
	if (high < 0xd800 || high > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return 0;
	return 0x10000 + (((uint32_t)high - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
}

struct str yaml_utf16_pairs(struct arena *a, struct str text)
{
	struct str start = str_trim(text);
	if (!start.n || (start.p[0] != '{' && start.p[0] != '['))
		return text;
	if (!str_has(text, STR("\\ud")) && !str_has(text, STR("\\uD")))
		return text;
	struct buf out cleanup_buf;
	buf_init(&out, text.n + 1);
	for (size_t i = 0; i < text.n;) {
		struct str rest = str_slice(text, i, text.n);
		uint32_t c = text.p[i] == '\\' ? pair_value(rest) : 0;
		size_t n = text.p[i] == '\\' && rest.n > 1 ? 2 : 1; /* \\ is no start */
		if (c) {
			buf_addf(&out, "\\U%08x", c);
			i += PAIR;
		} else {
			buf_add(&out, rest.p, n);
			i += n;
		}
	}
	return arena_str(a, buf_str(&out));
}
