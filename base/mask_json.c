/* SPDX-License-Identifier: Apache-2.0 */
/* Masking the strings of a JSON text, which stays one. */
#include <base/mask.h>

#include <base/bounds.h>
#include <base/json.h>

enum { DEPTH = 2 * JSON_WRITER_DEPTH, OUT_BYTES = 512 * MIB };

struct level {
	bool is_object;
	struct str member; /* the last one named, or of the array around */
	struct str around; /* the member whose value this is */
};

struct masking {
	const struct mask *m;
	struct arena *a;
	mask_keeps_fn *keeps;
	struct str rest;
	struct buf out;
	struct level levels[DEPTH];
	size_t depth;  /* levels[0] is around the document */
	bool is_value; /* after the colon of a member */
};

/* How long the literal at the front is, quotes included; 0: it has no end. */
static size_t literal_size(struct str s)
{
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			return i + 1;
	}
	return 0;
}

/* What a literal means; empty when that cannot be told. */
static struct str literal_text(struct arena *a, struct str literal)
{
	struct err passed = {0};
	struct json *v;

	if (str_chr(literal, '\\') < 0)
		return str_slice(literal, 1, literal.n - 1);
	if (json_parse_zeros(a, literal, literal.n, &v, &passed))
		return STR_NONE;
	return json_str(v);
}

static void literal_mask(struct masking *k, struct str literal, const struct level *l)
{
	struct arena *a cleanup_arena = arena_new();
	struct str text = literal_text(a, literal);
	struct str masked;
	struct json_writer w;

	if (!text.n && literal.n > 2) {
		buf_adds(&k->out, mask_text(k->m, a, literal));
		return;
	}
	masked = k->keeps && k->keeps(l->around, l->member) ? text : mask_text(k->m, a, text);
	if (masked.p == text.p) {
		buf_adds(&k->out, literal);
		return;
	}
	json_writer_init(&w, &k->out, 0);
	w.go_escapes = true;
	json_put_str(&w, masked);
}

/* A member's name or a value. False: the text is no JSON. */
static bool string_take(struct masking *k)
{
	struct level *l = &k->levels[k->depth];
	size_t n = literal_size(k->rest);
	struct str literal = str_slice(k->rest, 0, n);

	if (!n)
		return false;
	k->rest = str_slice(k->rest, n, k->rest.n);
	if (l->is_object && !k->is_value) {
		l->member = str_slice(literal, 1, n - 1);
		buf_adds(&k->out, literal);
		return true;
	}
	literal_mask(k, literal, l);
	return true;
}

static bool bracket_take(struct masking *k, char c)
{
	if (c == '{' || c == '[') {
		const struct level *up = &k->levels[k->depth];
		bool is_object = c == '{';

		if (k->depth + 1 == DEPTH)
			return false;
		k->levels[++k->depth] = (struct level){.is_object = is_object,
			.member = up->member,
			.around = is_object ? up->member : up->around};
	} else if (c == '}' || c == ']') {
		if (!k->depth)
			return false;
		k->depth--;
	}
	k->is_value = c == ':';
	return true;
}

static bool all_take(struct masking *k)
{
	while (k->rest.n) {
		char c = k->rest.p[0];

		if (c == '"') {
			if (!string_take(k))
				return false;
			continue;
		}
		if (str_chr(STR("{}[]:,"), c) >= 0 && !bracket_take(k, c))
			return false;
		buf_addc(&k->out, c);
		k->rest = str_slice(k->rest, 1, k->rest.n);
	}
	return true;
}

struct str mask_json(
	const struct mask *m, struct arena *a, struct str json, mask_keeps_fn *keeps)
{
	struct masking k = {.m = m, .a = a, .keeps = keeps, .rest = json};
	struct str ret;

	if (mask_is_empty(m))
		return json;
	buf_init(&k.out, OUT_BYTES);
	if (all_take(&k))
		ret = str_eq(buf_str(&k.out), json) ? json : arena_str(a, buf_str(&k.out));
	else
		ret = mask_text(m, a, json);
	buf_release(&k.out);
	return ret;
}
