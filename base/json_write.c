/* SPDX-License-Identifier: Apache-2.0 */
/* JSON out: no tree, the order of the calls, 64-bit integers. */
#include <base/json.h>

#include <inttypes.h>
#include <string.h>

enum { JSON_DRAIN_BYTES = 64 * 1024 };

void json_writer_init(struct json_writer *w, struct buf *out, int indent)
{
	*w = (struct json_writer){.out = out, .indent = indent};
}

static void json_line(struct json_writer *w)
{
	if (!w->indent)
		return;
	buf_addc(w->out, '\n');
	for (int i = 0; i < w->indent * w->depth; i++)
		buf_addc(w->out, ' ');
}

/* Before a key or an element: the comma, and the line in indented text. */
static void json_next(struct json_writer *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	if (!w->depth)
		return;
	if (w->any[w->depth - 1])
		buf_addc(w->out, ',');
	w->any[w->depth - 1] = true;
	json_line(w);
}

void json_open(struct json_writer *w, char bracket)
{
	BUG_ON(bracket != '{' && bracket != '[');
	BUG_ON(w->depth == JSON_WRITER_DEPTH);
	json_next(w);
	buf_addc(w->out, bracket);
	w->any[w->depth++] = false;
}

void json_close(struct json_writer *w, char bracket)
{
	BUG_ON(bracket != '}' && bracket != ']');
	BUG_ON(w->depth == 0 || w->after_key);
	w->depth--;
	if (w->any[w->depth])
		json_line(w);
	buf_addc(w->out, bracket);
	if (w->drain && w->out->n >= JSON_DRAIN_BYTES)
		w->drain(w->drain_arg, w->out);
}

static const char *const json_short[] = {
	['\b'] = "\\b",
	['\f'] = "\\f",
	['\n'] = "\\n",
	['\r'] = "\\r",
	['\t'] = "\\t",
	['"'] = "\\\"",
	['\\'] = "\\\\",
};

/* One ASCII byte; the rest of the control characters as \u00XX. */
static void json_byte(struct buf *out, unsigned char c, bool go_escapes)
{
	if (c < ARRAY_SIZE(json_short) && json_short[c])
		buf_addz(out, json_short[c]);
	else if (c < ' ' || (go_escapes && (c == '<' || c == '>' || c == '&')))
		buf_addf(out, "\\u%04x", c);
	else
		buf_addc(out, (char)c);
}

static void json_chars(struct buf *out, struct str s, bool go_escapes)
{
	while (s.n && !out->full) {
		size_t n = str_utf8_next(s);
		struct str c = str_slice(s, 0, n);

		if (n == 0)
			buf_addz(out, go_escapes ? "\\ufffd" : "\xef\xbf\xbd");
		else if (n == 1)
			json_byte(out, (unsigned char)s.p[0], go_escapes);
		else if (go_escapes && str_eq(c, STR("\xe2\x80\xa8")))
			buf_addz(out, "\\u2028");
		else if (go_escapes && str_eq(c, STR("\xe2\x80\xa9")))
			buf_addz(out, "\\u2029");
		else
			buf_adds(out, c);
		s = str_slice(s, n ? n : 1, s.n);
	}
}

static void json_string(struct buf *out, struct str s, bool go_escapes)
{
	buf_addc(out, '"');
	json_chars(out, s, go_escapes);
	buf_addc(out, '"');
}

static void json_colon(struct json_writer *w)
{
	buf_addz(w->out, w->indent ? ": " : ":");
	w->after_key = true;
}

void json_key_as(struct json_writer *w, struct str key, struct str member)
{
	BUG_ON(w->after_key);
	json_next(w);
	json_string(w->out, key, w->go_escapes);
	json_colon(w);
	w->member = member;
}

void json_keys(struct json_writer *w, struct str key)
{
	json_key_as(w, key, key);
}

void json_key(struct json_writer *w, const char *key)
{
	json_keys(w, str_z(key));
}

bool json_list(struct json_writer *w, const char *key, size_t n)
{
	if (n == 0)
		return false;
	json_key(w, key);
	json_open(w, '[');
	return true;
}

void json_put_str(struct json_writer *w, struct str s)
{
	json_next(w);
	if (w->edit)
		s = w->edit(w->edit_arg, w->member, s);
	json_string(w->out, s, w->go_escapes);
}

void json_putz(struct json_writer *w, const char *z)
{
	json_put_str(w, str_z(z));
}

void json_put_raw(struct json_writer *w, struct str json)
{
	json_next(w);
	buf_adds(w->out, json);
}

void json_put_int(struct json_writer *w, int64_t v)
{
	json_next(w);
	buf_addf(w->out, "%" PRId64, v);
}

void json_put_bool(struct json_writer *w, bool v)
{
	json_put_raw(w, v ? STR("true") : STR("false"));
}

void json_put_null(struct json_writer *w)
{
	json_put_raw(w, STR("null"));
}

/* Recursive; json_parse has bounded the depth. */
void json_put(struct json_writer *w, const struct json *v)
{
	switch (v->kind) {
	case JSON_NULL:
		json_put_null(w);
		return;
	case JSON_BOOL:
		json_put_bool(w, v->boolean);
		return;
	case JSON_NUMBER:
		json_put_raw(w, v->text);
		return;
	case JSON_STRING:
		json_put_str(w, v->text);
		return;
	case JSON_ARRAY:
		json_open(w, '[');
		json_foreach (element, v)
			json_put(w, element);
		json_close(w, ']');
		return;
	case JSON_OBJECT:
		json_open(w, '{');
		json_foreach (member, v) {
			json_keys(w, member->key);
			json_put(w, member);
		}
		json_close(w, '}');
		return;
	}
}

/* --- printed text again ------------------------------------------------------------------ */

/* The string that the text begins with, its quotes included. */
static size_t json_string_length(struct str text)
{
	size_t i = 1;

	while (i < text.n && text.p[i] != '"')
		i += text.p[i] == '\\' ? 2 : 1;
	BUG_ON(i >= text.n);
	return i + 1;
}

size_t json_token(struct str text)
{
	size_t i = 0;

	BUG_ON(text.n == 0);
	if (text.p[0] == '"')
		return json_string_length(text);
	if (str_chr(STR("{}[],:"), text.p[0]) >= 0)
		return 1;
	while (i < text.n && str_chr(STR("{}[],:\""), text.p[i]) < 0)
		i++;
	return i;
}

/* The characters behind the escapes of json_string. */
static struct str json_unescape(struct buf *to, struct str inside)
{
	static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";

	if (str_chr(inside, '\\') < 0)
		return inside;
	for (size_t i = 0; i < inside.n; i++) {
		const char *letter;

		if (inside.p[i] != '\\') {
			buf_addc(to, inside.p[i]);
			continue;
		}
		i++;
		letter = strchr(letters, inside.p[i]);
		if (letter) {
			buf_addc(to, bytes[letter - letters]);
		} else if (inside.p[i] == 'u') { /* u00XX: a control character */
			buf_addc(to,
				(char)(((inside.p[i + 3] - '0') << 4) |
					(inside.p[i + 4] <= '9' ? inside.p[i + 4] - '0'
								: inside.p[i + 4] - 'a' + 10)));
			i += 4;
		} else {
			buf_addc(to, inside.p[i]);
		}
	}
	return buf_str(to);
}

static void json_key_again(struct json_writer *w, struct str inside)
{
	struct buf text cleanup_buf;

	buf_init(&text, inside.n + 1);
	json_key_as(w, json_unescape(&text, inside), inside); /* what is unescaped goes */
}

static void json_string_again(struct json_writer *w, struct str inside)
{
	struct buf text cleanup_buf;

	buf_init(&text, inside.n + 1);
	json_put_str(w, json_unescape(&text, inside));
}

static void json_token_again(struct json_writer *w, struct str token, bool is_key)
{
	const char c = token.p[0];

	if (c == '{' || c == '[')
		json_open(w, c);
	else if (c == '}' || c == ']')
		json_close(w, c);
	else if (c == '"' && is_key)
		json_key_again(w, str_slice(token, 1, token.n - 1));
	else if (c == '"')
		json_string_again(w, str_slice(token, 1, token.n - 1));
	else if (c != ',' && c != ':')
		json_put_raw(w, token);
}

void json_put_text(struct json_writer *w, struct str text)
{
	while (text.n) {
		const struct str token = str_slice(text, 0, json_token(text));

		text = str_slice(text, token.n, text.n);
		json_token_again(w, token, text.n && text.p[0] == ':');
	}
}

void json_text_put_member(struct json_writer *w, struct str key, struct str value)
{
	json_key_again(w, key);
	json_put_text(w, value);
}

bool json_text_member(struct str *rest, struct str *ret_key, struct str *ret_value)
{
	struct str text = *rest;
	size_t depth = 0, n;

	if (text.n == 0 || (text.p[0] != '{' && text.p[0] != ',') || str_eqz(text, "{}"))
		return false;
	text = str_slice(text, 1, text.n); /* the bracket or the comma */
	n = json_token(text);
	*ret_key = str_slice(text, 1, n - 1);
	text = str_slice(text, n + 1, text.n);
	for (n = 0; depth || (text.p[n] != ',' && text.p[n] != '}');) {
		depth += text.p[n] == '{' || text.p[n] == '[';
		depth -= text.p[n] == '}' || text.p[n] == ']';
		n += json_token(str_slice(text, n, text.n));
	}
	*ret_value = str_slice(text, 0, n);
	*rest = str_slice(text, n, text.n);
	return true;
}

void json_print(const struct json *v, bool go_escapes, struct buf *out)
{
	struct json_writer w;

	json_writer_init(&w, out, 0);
	w.go_escapes = go_escapes;
	json_put(&w, v);
}

void json_field(struct json_writer *w, const char *key, struct str s)
{
	json_key(w, key);
	json_put_str(w, s);
}

void json_fieldz(struct json_writer *w, const char *key, const char *z)
{
	json_key(w, key);
	json_putz(w, z);
}

void json_field_int(struct json_writer *w, const char *key, int64_t v)
{
	json_key(w, key);
	json_put_int(w, v);
}

void json_field_bool(struct json_writer *w, const char *key, bool v)
{
	json_key(w, key);
	json_put_bool(w, v);
}

void json_field_given(struct json_writer *w, const char *key, struct str s)
{
	if (s.n)
		json_field(w, key, s);
}

void json_field_list(struct json_writer *w, const char *key, const struct str *s, size_t n)
{
	if (!json_list(w, key, n))
		return;
	for (size_t i = 0; i < n; i++)
		json_put_str(w, s[i]);
	json_close(w, ']');
}
