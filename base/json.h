/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON in: cJSON behind a strict wrapper (bounded size and depth, UTF-8 checked, no duplicate
 * keys, no trailing bytes, no \u0000, numbers kept as their text). JSON out: a streaming writer
 * with 64-bit integers, in the order of the calls.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <base/arena.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/str.h>
#include <stdint.h>

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_kind kind;
	bool boolean;
	struct str text;    /* string content, or the number as written */
	struct str key;     /* when this is a member of an object */
	struct json *child; /* first element or member */
	struct json *next;  /* sibling */
	size_t n_children;
};

/* Everything is in the arena. ERR_SPEC on malformed text, ERR_LIMIT beyond max_bytes or
 * depth 64. */
int json_parse(
	struct arena *a, struct str text, size_t max_bytes, struct json **ret, struct err *err);
/* The same for what repeats a step's words (results, messages), which have any bytes: \u0000 is
 * a zero byte there, so a text's length counts, not the first zero in it. */
int json_parse_zeros(
	struct arena *a, struct str text, size_t max_bytes, struct json **ret, struct err *err);
const struct json *json_get(
	const struct json *object, const char *key); /* NULL when absent or not an object */
const struct json *json_at(const struct json *array, size_t i);
struct str json_str(const struct json *v); /* empty unless a string */
int json_int(const struct json *v, int64_t min, int64_t max, int64_t *ret, struct err *err);
#define json_foreach(it, v)                                                                    \
	for (const struct json *it = (v) ? (v)->child : NULL; it; it = it->next)
/* Compact text of a value, keys in the order they came (Go's encoding escapes <, > and &:
 * go_escapes). */
void json_print(const struct json *v, bool go_escapes, struct buf *out);

/* A parsed value of full depth still fits below as many levels of our own. */
enum { JSON_WRITER_DEPTH = 128 };

struct json_writer {
	struct buf *out;
	/* Called now and then with what was written since; takes it out of `out`. NULL: all
	 * stays there. */
	void (*drain)(void *arg, struct buf *out);
	void *drain_arg;
	/* What is written instead of a string that is put, valid during the call; member is the
	 * name that was last written. NULL: the string. */
	struct str (*edit)(void *arg, struct str member, struct str s);
	void *edit_arg;
	struct str member; /* for edit; see json_key_as */
	int indent;        /* spaces a level; 0: compact */
	int depth;
	bool go_escapes; /* escape < > & U+2028 U+2029 as Go's encoding/json does */
	bool after_key;
	bool any[JSON_WRITER_DEPTH];
};

void json_writer_init(struct json_writer *w, struct buf *out, int indent);
void json_open(struct json_writer *w, char bracket);  /* '{' or '[' */
void json_close(struct json_writer *w, char bracket); /* '}' or ']' */
/* Opens the array of a member that is left out when it is empty; false: it is. */
bool json_list(struct json_writer *w, const char *key, size_t n);
void json_key(struct json_writer *w, const char *key);
void json_keys(struct json_writer *w, struct str key);
/* For edit the strings that follow are of this member; borrowed until the next key. */
void json_key_as(struct json_writer *w, struct str key, struct str member);
void json_put_str(struct json_writer *w, struct str s); /* invalid UTF-8 becomes U+FFFD */
void json_putz(struct json_writer *w, const char *z);
void json_put_int(struct json_writer *w, int64_t v);
void json_put_bool(struct json_writer *w, bool v);
void json_put_null(struct json_writer *w);
void json_put_raw(
	struct json_writer *w, struct str json); /* a complete value, taken as it is */
void json_put(struct json_writer *w, const struct json *v);
/*
 * Text that a writer made, compact and without go_escapes, instead of a tree of it: a value
 * printed again; the members of an object one after the other (*rest is the object, then what
 * is left; the key is as it was escaped; false: there is none, or it is no object); one of them
 * printed again; and the length of the first bracket, comma, colon, string or word.
 */
void json_put_text(struct json_writer *w, struct str text);
bool json_text_member(struct str *rest, struct str *ret_key, struct str *ret_value);
void json_text_put_member(struct json_writer *w, struct str key, struct str value);
size_t json_token(struct str text);
/* key + value in one call */
void json_field(struct json_writer *w, const char *key, struct str s);
void json_fieldz(struct json_writer *w, const char *key, const char *z);
void json_field_int(struct json_writer *w, const char *key, int64_t v);
void json_field_bool(struct json_writer *w, const char *key, bool v);
/* The same, left out when it is empty. */
void json_field_given(struct json_writer *w, const char *key, struct str s);
void json_field_list(struct json_writer *w, const char *key, const struct str *s, size_t n);

#endif
