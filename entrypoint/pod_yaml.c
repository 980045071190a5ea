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

static void put_text(struct str s, struct buf *out)
{
	struct json_writer w;

	if (is_plain(s)) {
		buf_adds(out, s);
		return;
	}
	json_writer_init(&w, out, 0); /* a JSON string is a quoted scalar of YAML */
	json_put_str(&w, s);
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
