/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON in. cJSON alone accepts too much (bad numbers, bad UTF-8, trailing bytes) and loses
 * numbers above 2^53 and everything behind \u0000, so our own scan decides what is JSON and
 * notes the text of every number in document order; cJSON then only builds the tree, from a
 * copy in which each number is a 0 and each \u0000 bytes that UTF-8 does not have. JSON out is
 * in json_write.c.
 */
#include <base/json.h>

#include <base/bounds.h>
#include <base/map.h>
#include <base/num.h>
#include <base/vec.h>
#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

struct json_scan {
	struct str text;
	size_t at;
	char stack[BOUND_JSON_DEPTH]; /* open brackets */
	size_t depth;
	VEC(struct str) numbers; /* slices of text */
	bool takes_zeros;
	VEC(size_t) zeros; /* offsets of \u0000 */
};

#define ZERO_ESCAPE "\\u0000"
static const char zero_bytes[] = "\xff\xff\xff\xff\xff\xff"; /* as long, for cJSON */
_Static_assert(sizeof(zero_bytes) == sizeof(ZERO_ESCAPE), "numbers keep their places");

static int json_scan_fail(const struct json_scan *s, struct err *err, const char *what)
{
	size_t line = 1;
	size_t col = 1;

	for (size_t i = 0; i < s->at && i < s->text.n; i++) {
		col++;
		if (s->text.p[i] == '\n') {
			line++;
			col = 1;
		}
	}
	return err_set(err, ERR_SPEC, "json, line %zu, byte %zu: %s", line, col, what);
}

static char json_scan_peek(const struct json_scan *s)
{
	return s->at < s->text.n ? s->text.p[s->at] : '\0';
}

static void json_scan_blanks(struct json_scan *s)
{
	for (; s->at < s->text.n; s->at++) {
		char c = s->text.p[s->at];

		if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			return;
	}
}

static size_t json_scan_digits(struct json_scan *s)
{
	size_t from = s->at;

	while (json_scan_peek(s) >= '0' && json_scan_peek(s) <= '9')
		s->at++;
	return s->at - from;
}

static int json_scan_number(struct json_scan *s, struct err *err)
{
	size_t from = s->at;

	if (json_scan_peek(s) == '-')
		s->at++;
	if (json_scan_peek(s) == '0')
		s->at++;
	else if (!json_scan_digits(s))
		return json_scan_fail(s, err, "expected a digit");
	if (json_scan_peek(s) == '.') {
		s->at++;
		if (!json_scan_digits(s))
			return json_scan_fail(s, err, "expected a digit behind the point");
	}
	if (json_scan_peek(s) == 'e' || json_scan_peek(s) == 'E') {
		s->at++;
		if (json_scan_peek(s) == '-' || json_scan_peek(s) == '+')
			s->at++;
		if (!json_scan_digits(s))
			return json_scan_fail(s, err, "expected a digit in the exponent");
	}
	vec_push(&s->numbers, str_slice(s->text, from, s->at));
	return 0;
}

/* Four hexadecimal digits; -1 when there are none. */
static int json_scan_hex(struct json_scan *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = json_scan_peek(s);

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v = v * 16 + (c - 'A' + 10);
		else
			return -1;
		s->at++;
	}
	return v;
}

/* Behind "\u". Half a surrogate pair is no character. */
static int json_scan_unicode(struct json_scan *s, struct err *err)
{
	int v = json_scan_hex(s);

	if (v < 0)
		return json_scan_fail(s, err, "expected four hexadecimal digits");
	if (v == 0 && !s->takes_zeros)
		return json_scan_fail(s, err, ZERO_ESCAPE " is not accepted");
	if (v == 0)
		vec_push(&s->zeros, s->at - strlen(ZERO_ESCAPE));
	if (v < 0xd800 || v > 0xdfff)
		return 0;
	if (v < 0xdc00 && str_starts(str_slice(s->text, s->at, s->text.n), STR("\\u"))) {
		s->at += 2;
		v = json_scan_hex(s);
		if (v >= 0xdc00 && v <= 0xdfff)
			return 0;
	}
	return json_scan_fail(s, err, "half a surrogate pair");
}

static int json_scan_string(struct json_scan *s, struct err *err)
{
	if (json_scan_peek(s) != '"')
		return json_scan_fail(s, err, "expected a string");
	s->at++;
	for (;;) {
		char c = json_scan_peek(s);

		if (s->at >= s->text.n)
			return json_scan_fail(s, err, "the string has no end");
		if ((unsigned char)c < ' ')
			return json_scan_fail(s, err, "a control character in a string");
		s->at++;
		if (c == '"')
			return 0;
		if (c != '\\')
			continue;
		c = json_scan_peek(s);
		if (c == '\0' || !strchr("\"\\/bfnrtu", c))
			return json_scan_fail(s, err, "unknown escape in a string");
		s->at++;
		if (c == 'u' && json_scan_unicode(s, err) < 0)
			return -1;
	}
}

static int json_scan_open(struct json_scan *s, char bracket, struct err *err)
{
	if (s->depth == BOUND_JSON_DEPTH)
		return err_set(err, ERR_LIMIT, "json is nested deeper than %d levels",
			BOUND_JSON_DEPTH);
	s->stack[s->depth++] = bracket;
	s->at++;
	return 0;
}

/* A key and its colon; at the point where a member begins. */
static int json_scan_key(struct json_scan *s, struct err *err)
{
	json_scan_blanks(s);
	if (json_scan_string(s, err) < 0)
		return -1;
	json_scan_blanks(s);
	if (json_scan_peek(s) != ':')
		return json_scan_fail(s, err, "expected ':'");
	s->at++;
	json_scan_blanks(s);
	return 0;
}

static int json_scan_word(struct json_scan *s, struct err *err)
{
	static const struct str words[] = {
		STR_INIT("true"), STR_INIT("false"), STR_INIT("null")};
	struct str rest = str_slice(s->text, s->at, s->text.n);

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_starts(rest, words[i])) {
			s->at += words[i].n;
			return 0;
		}
	}
	return json_scan_fail(s, err, "expected a value");
}

/*
 * One value that is not a container, or the opening of one. *ret_more tells that a further
 * value must follow (the first of an array or an object that is not empty).
 */
static int json_scan_value(struct json_scan *s, bool *ret_more, struct err *err)
{
	char c = json_scan_peek(s);

	*ret_more = false;
	if (c == '"')
		return json_scan_string(s, err);
	if (c == '-' || (c >= '0' && c <= '9'))
		return json_scan_number(s, err);
	if (c != '{' && c != '[')
		return json_scan_word(s, err);
	if (json_scan_open(s, c, err) < 0)
		return -1;
	json_scan_blanks(s);
	if (json_scan_peek(s) == (c == '{' ? '}' : ']'))
		return 0;
	*ret_more = true;
	return c == '{' ? json_scan_key(s, err) : 0;
}

/* Behind a value: closes what ends here. *ret_more tells that a comma was read. */
static int json_scan_behind(struct json_scan *s, bool *ret_more, struct err *err)
{
	*ret_more = false;
	while (s->depth) {
		char open = s->stack[s->depth - 1];
		char c;

		json_scan_blanks(s);
		c = json_scan_peek(s);
		if (c == (open == '{' ? '}' : ']')) {
			s->at++;
			s->depth--;
			continue;
		}
		if (c != ',')
			return json_scan_fail(s, err,
				open == '{' ? "expected ',' or '}'" : "expected ',' or ']'");
		s->at++;
		*ret_more = true;
		if (open == '{')
			return json_scan_key(s, err);
		json_scan_blanks(s);
		return 0;
	}
	return 0;
}

static int json_scan_all(struct json_scan *s, struct err *err)
{
	bool more;

	if (!str_utf8_valid(s->text))
		return err_set(err, ERR_SPEC, "json is not valid UTF-8");
	json_scan_blanks(s);
	do {
		if (json_scan_value(s, &more, err) < 0)
			return -1;
		if (!more && json_scan_behind(s, &more, err) < 0)
			return -1;
	} while (more);
	json_scan_blanks(s);
	if (s->at != s->text.n)
		return json_scan_fail(s, err, "unexpected text behind the value");
	return 0;
}

/* cJSON's strtod reads at most 63 bytes and asks the locale: give it a 0 and blanks. */
static char *json_scan_copy(const struct json_scan *s)
{
	char *copy = mem_alloc(s->text.n + 1);
	const struct str *number;
	const size_t *zero;

	memcpy(copy, s->text.p, s->text.n);
	copy[s->text.n] = '\0';
	vec_foreach (number, &s->numbers) {
		char *at = copy + (number->p - s->text.p);

		memset(at, ' ', number->n);
		*at = '0';
	}
	vec_foreach (zero, &s->zeros)
		memcpy(copy + *zero, zero_bytes, sizeof(zero_bytes) - 1);
	return copy;
}

/* Duplicates: two by two while there are few, with a map when there are many. */
enum { JSON_FEW_MEMBERS = 16 };

static int json_check_keys(const struct json *object, struct err *err)
{
	cleanup_arena struct arena *scratch = NULL;
	struct map seen;

	if (object->n_children > JSON_FEW_MEMBERS) {
		scratch = arena_new();
		map_init(&seen, scratch);
	}
	json_foreach (member, object) {
		bool twice = false;

		if (scratch)
			twice = !map_set(&seen, member->key, NULL);
		for (const struct json *j = object->child; !scratch && j != member; j = j->next)
			twice = twice || str_eq(j->key, member->key);
		if (twice)
			return err_set(err, ERR_SPEC, "json: key '" STR_FMT "' appears twice",
				STR_ARG(member->key));
	}
	return 0;
}

struct json_build {
	struct arena *arena;
	const struct str *numbers; /* of the scan */
	size_t n_numbers;
	size_t n_taken;
	bool has_zeros;
};

static struct str json_build_number(struct json_build *b)
{
	BUG_ON(!b->numbers || b->n_taken == b->n_numbers);
	return arena_str(b->arena, b->numbers[b->n_taken++]);
}

/* What cJSON read, with the zeros where they were. */
static struct str json_build_string(const struct json_build *b, const char *z)
{
	const struct str zero = {zero_bytes, sizeof(zero_bytes) - 1};
	struct str rest = str_z(z);
	struct buf out cleanup_buf = {0};
	ptrdiff_t at;

	if (!b->has_zeros || str_find(rest, zero) < 0)
		return arena_str(b->arena, rest);
	buf_init(&out, rest.n);
	while ((at = str_find(rest, zero)) >= 0) {
		buf_adds(&out, str_slice(rest, 0, (size_t)at));
		buf_addc(&out, '\0');
		rest = str_slice(rest, (size_t)at + zero.n, rest.n);
	}
	buf_adds(&out, rest);
	return arena_str(b->arena, buf_str(&out));
}

static int json_build_tree(
	struct json_build *b, const cJSON *from, struct json **ret, struct err *err);

static int json_build_children(
	struct json_build *b, const cJSON *from, struct json *to, struct err *err)
{
	struct json **link = &to->child;

	for (const cJSON *c = from->child; c; c = c->next) {
		if (json_build_tree(b, c, link, err) < 0)
			return -1;
		link = &(*link)->next;
		to->n_children++;
	}
	return to->kind == JSON_OBJECT ? json_check_keys(to, err) : 0;
}

/* Recursive; the scan has bounded the depth. */
static int json_build_tree(
	struct json_build *b, const cJSON *from, struct json **ret, struct err *err)
{
	struct json *to = arena_new_object(b->arena, struct json);

	*ret = to;
	if (from->string)
		to->key = json_build_string(b, from->string);
	if (cJSON_IsBool(from)) {
		to->kind = JSON_BOOL;
		to->boolean = cJSON_IsTrue(from);
	} else if (cJSON_IsNumber(from)) {
		to->kind = JSON_NUMBER;
		to->text = json_build_number(b);
	} else if (cJSON_IsString(from)) {
		to->kind = JSON_STRING;
		to->text = json_build_string(b, from->valuestring);
	} else if (cJSON_IsArray(from)) {
		to->kind = JSON_ARRAY;
	} else if (cJSON_IsObject(from)) {
		to->kind = JSON_OBJECT;
	}
	return json_build_children(b, from, to, err);
}

static int json_build_all(
	struct arena *a, const struct json_scan *s, struct json **ret, struct err *err)
{
	struct json_build b = {.arena = a,
		.numbers = s->numbers.p,
		.n_numbers = s->numbers.n,
		.has_zeros = s->zeros.n > 0};
	cleanup_free char *copy = json_scan_copy(s);
	cJSON *tree = cJSON_ParseWithLength(copy, s->text.n);
	struct json *built;
	int rc;

	/* The scan accepted it, so only memory can be missing. */
	if (!tree)
		return err_set(err, ERR_SYS, "json: out of memory");
	rc = json_build_tree(&b, tree, &built, err);
	cJSON_Delete(tree);
	if (rc < 0)
		return -1;
	BUG_ON(b.n_taken != b.n_numbers);
	*ret = built;
	return 0;
}

static int json_parse_scan(struct arena *a, struct json_scan *s, size_t max_bytes,
	struct json **ret, struct err *err)
{
	int rc;

	if (s->text.n > max_bytes)
		return err_set(err, ERR_LIMIT, "json has %zu bytes, more than %zu", s->text.n,
			max_bytes);
	rc = json_scan_all(s, err);
	if (rc == 0)
		rc = json_build_all(a, s, ret, err);
	vec_release(&s->numbers);
	vec_release(&s->zeros);
	return rc;
}

int json_parse(
	struct arena *a, struct str text, size_t max_bytes, struct json **ret, struct err *err)
{
	struct json_scan s = {.text = text};

	return json_parse_scan(a, &s, max_bytes, ret, err);
}

int json_parse_zeros(
	struct arena *a, struct str text, size_t max_bytes, struct json **ret, struct err *err)
{
	struct json_scan s = {.text = text, .takes_zeros = true};

	return json_parse_scan(a, &s, max_bytes, ret, err);
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	json_foreach (member, object) {
		if (str_eqz(member->key, key))
			return member;
	}
	return NULL;
}

const struct json *json_at(const struct json *array, size_t i)
{
	if (!array || array->kind != JSON_ARRAY)
		return NULL;
	json_foreach (element, array) {
		if (i-- == 0)
			return element;
	}
	return NULL;
}

struct str json_str(const struct json *v)
{
	return v && v->kind == JSON_STRING ? v->text : STR_NONE;
}

int json_int(const struct json *v, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
	if (!v || v->kind != JSON_NUMBER)
		return err_set(err, ERR_SPEC, "expected a number");
	return num_i64(v->text, min, max, ret, err);
}
