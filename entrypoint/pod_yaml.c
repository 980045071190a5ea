/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as YAML: block style, texts in quotes unless nobody could take them for something else.
 */
#include "pod.h"

#include <base/bounds.h>
#include <ctype.h>
#include <string.h>

enum { DOCUMENT_BYTES = 64 * MIB, PLAIN_BYTES = 200 };

/* YAML 1.1's words for what is no text, in lower case. */
static bool is_special(struct str s)
{
	static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false",
		"null", "none", "inf", "nan"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (str_ieq(s, str_z(words[i])))
			return true;
	return false;
}

/* Begins with a letter or '/', goes on with what has no meaning in YAML, and is no word of it.
 */
static bool is_plain(struct str s)
{
	if (!s.n || s.n > PLAIN_BYTES || is_special(s) ||
		!(isalpha((unsigned char)s.p[0]) || s.p[0] == '/'))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("_./-", s.p[i]))
			return false;
	return true;
}

/* What YAML takes for the end of a line, or does not let stand in a document at all. */
static bool is_unprintable(struct str c)
{
	const unsigned char *p = (const unsigned char *)c.p;

	if (c.n == 1)
		return p[0] == 0x7f;
	if (c.n == 2)
		return p[0] == 0xc2 && p[1] < 0xa0;
	return c.n == 3 &&
	       (str_eqz(c, "\u2028") || str_eqz(c, "\u2029") || str_eqz(c, "\ufeff") ||
		       str_eqz(c, "\ufffe") || str_eqz(c, "\uffff"));
}

static uint32_t code_point(struct str c)
{
	const unsigned char *p = (const unsigned char *)c.p;

	if (c.n == 1)
		return p[0];
	if (c.n == 2)
		return (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
	return (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
}

void pod_put_printable(struct str json, struct buf *out)
{
	while (json.n) {
		size_t n = str_utf8_next(json);
		struct str c = str_slice(json, 0, n ? n : 1);

		if (is_unprintable(c))
			buf_addf(out, "\\u%04x", code_point(c));
		else
			buf_adds(out, c);
		json = str_slice(json, c.n, json.n);
	}
}

/* A JSON string is a quoted scalar of YAML, but for what JSON lets stand and YAML does not. */
static void put_quoted(struct str s, struct buf *out)
{
	struct buf json cleanup_buf = {0};
	struct json_writer w;

	buf_init(&json, DOCUMENT_BYTES);
	json_writer_init(&w, &json, 0);
	json_put_str(&w, s);
	pod_put_printable(buf_str(&json), out);
}

static void put_text(struct str s, struct buf *out)
{
	if (is_plain(s))
		buf_adds(out, s);
	else
		put_quoted(s, out);
}

static void put_scalar(const struct json *v, struct buf *out)
{
	switch (v->kind) {
	case JSON_NULL:
		buf_addz(out, "null");
		return;
	case JSON_BOOL:
		buf_addz(out, v->boolean ? "true" : "false");
		return;
	case JSON_NUMBER:
		buf_adds(out, v->text);
		return;
	case JSON_STRING:
		put_text(v->text, out);
		return;
	case JSON_ARRAY:
		buf_addz(out, "[]");
		return;
	case JSON_OBJECT:
		buf_addz(out, "{}");
		return;
	}
}

static bool is_block(const struct json *v)
{
	return (v->kind == JSON_ARRAY || v->kind == JSON_OBJECT) && v->n_children;
}

static void put_indent(size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_addz(out, "  ");
}

/* Where the lines of a value stand is decided by what is around it; its first may have begun.
 */
static void put_block(const struct json *v, size_t indent, bool has_begun, struct buf *out)
{
	json_foreach (it, v) {
		if (!has_begun)
			put_indent(indent, out);
		has_begun = false;
		if (v->kind == JSON_OBJECT) {
			put_text(it->key, out);
			buf_addc(out, ':');
		} else {
			buf_addc(out, '-');
		}
		if (!is_block(it)) {
			buf_addc(out, ' ');
			put_scalar(it, out);
			buf_addc(out, '\n');
		} else if (v->kind == JSON_ARRAY) {
			buf_addc(out, ' ');
			put_block(it, indent + 1, true, out);
		} else {
			buf_addc(out, '\n');
			put_block(it, it->kind == JSON_ARRAY ? indent : indent + 1, false, out);
		}
	}
}

int pod_yaml(struct str json, struct buf *out, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct json *v;

	if (json_parse(a, json, DOCUMENT_BYTES, &v, err))
		return -1;
	if (is_block(v)) {
		put_block(v, 0, false, out);
	} else {
		put_scalar(v, out);
		buf_addc(out, '\n');
	}
	return 0;
}
