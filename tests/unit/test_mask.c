/* SPDX-License-Identifier: Apache-2.0 */
/* Hiding values: every form, every way to cut the text, against a naive model. */
#include <base/base64.h>
#include <base/mask.h>
#include <base/num.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void on_out(void *arg, struct str bytes)
{
	buf_adds(arg, bytes);
}

static struct mask *mask_of(const struct str *values, size_t n)
{
	struct mask *m = mask_new();

	for (size_t i = 0; i < n; i++)
		(void)mask_add(m, values[i]);
	mask_seal(m);
	return m;
}

/* In pieces of `step` bytes. */
static struct str through(const struct mask *m, struct str text, size_t step, struct buf *out)
{
	struct mask_stream *s = mask_stream_new(m, on_out, out);

	buf_clear(out);
	for (size_t at = 0; at < text.n; at += step) {
		mask_stream_feed(s, str_slice(text, at, at + step));
		assert_true(mask_stream_held(s) <= MASK_PIECE);
	}
	mask_stream_flush(s);
	mask_stream_free(s);
	return buf_str(out);
}

static void check_text(const char *value, struct str text, struct str want)
{
	const struct str v = str_z(value);
	struct mask *m = mask_of(&v, 1);
	cleanup_buf struct buf out = {0};

	buf_init(&out, 1 << 20);
	for (size_t step = 1; step <= text.n + 1; step++) {
		struct str got = through(m, text, step, &out);

		if (!str_eq(got, want))
			print_error("value '%s', text '" STR_FMT "' in pieces of %zu: '" STR_FMT
				    "', wanted '" STR_FMT "'\n",
				value, STR_ARG(text), step, STR_ARG(got), STR_ARG(want));
		assert_true(str_eq(got, want));
	}
	mask_free(m);
}

static void test_forms(void **state)
{
	static const struct {
		const char *value;
		const char *text;
		const char *want;
	} rows[] = {
		{"s3cret", "a s3cret b\n", "a *** b\n"},
		{"s3cret", "s3cre", "s3cre"},
		{"s3cret", "s3cres3crets3cre", "s3cre***s3cre"},
		{"s3cret", "s3crets3cret", "***"},
		{"abab", "xababab", "x***"},
		{"abc", "abc", "abc"}, /* too short */
		{"s3cret\n", "x s3cret\ny", "x ***\ny"},
		/* broken into lines, with and without CR */
		{"s3cret", "s3c\nret", "***"},
		{"s3cret", "s3c\r\nret\r\n", "***\r\n"},
		{"one\ntwo", "one\r\ntwo\n", "***\n"},
		{"s3cret", "s3c\n\n\n\n\n\n\n\n\nret", "s3c\n\n\n\n\n\n\n\n\nret"},
		/* line by line */
		{"first line\n  second line\n}\n", "a second line b first line } \n",
			"a *** b *** } \n"},
		{"-----BEGIN X-----\nAAAABBBB\n", "-----BEGIN X----- AAAABBBB",
			"-----BEGIN X----- ***"},
		/* base64 at its three places, with neighbours, padding or none */
		{"s3cret", "czNjcmV0", "***"},
		{"s3cret", "[czNjcmV0Cg==]", "[***Cg==]"}, /* echo adds a line end */
		{"s3cre", "[czNjcmU=]", "[***]"},
		{"s3cre", "[czNjcmU]", "[***]"},
		{"s3cr", "[czNjcg==]", "[***]"},
		{"s3cret", "OnMzY3JldA==", "O***"},          /* ":s3cret" */
		{"s3cret", "dXNlcjpzM2NyZXQ=", "dXNlcj***"}, /* "user:s3cret" */
		{"\xff\xfe\xfb\xef\xbf\xff", "//77 //777vv_/8 __77 __777-__",
			"//77 //777vv_/8 __77 __777-__"},
		{"\xff\xff\xfb\xff", "x ///7/w== y", "x *** y"},
		{"\xff\xff\xfb\xff", "x ___7_w y", "x *** y"},
		{"s3cret", "czNj\ncmV0", "***"},
		/* URLs */
		{"p@ss w/rd",
			"p%40ss%20w%2Frd p%40ss%20w%2frd p%40ss+w%2Frd p@ss%20w/rd "
			"p%40ss%20w/rd",
			"*** *** *** *** ***"},
		{"a:b~c d", "a%3Ab~c+d a%3ab%7ec%20d a%3Ab%7Ec%20d", "*** *** ***"},
		/* strings */
		{"a\"b\\c", "{\"a\\\"b\\\\c\"}", "{\"***\"}"},
		{"a<b>&c", "a\\u003cb\\u003e\\u0026c", "***"},
		{"it's me", "+ echo 'it'\\''s me'", "+ echo '***'"},
		/* bytes that end strings elsewhere */
		{"s3cret", "a\rs3cret\r", "a\r***\r"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_text(rows[i].value, str_z(rows[i].text), str_z(rows[i].want));
	check_text("s3cret", STR("\0s3cret\0s3\0cret"), STR("\0***\0s3\0cret"));
}

static void test_fit(void **state)
{
	struct mask *m = mask_new();
	char *much = calloc(1, 20 << 20);

	(void)state;
	assert_true(mask_is_empty(m));
	assert_true(mask_is_empty(NULL));
	assert_int_equal(mask_add(m, STR("")), MASK_SHORT);
	assert_int_equal(mask_add(m, STR("abc\n")), MASK_SHORT);
	assert_true(mask_is_empty(m));
	assert_int_equal(mask_add(m, STR("abcd")), MASK_FITS);
	assert_false(mask_is_empty(m));
	memset(much, 'x', 20 << 20);
	assert_int_equal(mask_add(m, (struct str){much, 20 << 20}), MASK_MUCH);
	for (size_t i = 0; i < 4 << 20; i++)
		much[i] = (char)(i * 2654435761U >> 24);
	assert_int_equal(mask_add(m, (struct str){much, 4 << 20}), MASK_MUCH);
	assert_int_equal(mask_add(m, STR("efgh")), MASK_FITS);
	mask_seal(m);
	free(much);
	mask_free(m);
	mask_free(NULL);
}

/* A value longer than what is looked for at once: all of it, and each whole piece. */
static void test_long(void **state)
{
	char value[1000];
	char text[1100];
	const struct str v = {value, sizeof(value)};
	struct mask *m;
	cleanup_buf struct buf out = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (char)('!' + (i * i + i / 7) % 90);
	memset(text, ' ', sizeof(text));
	memcpy(text + 50, value, sizeof(value));
	buf_init(&out, 1 << 20);
	m = mask_of(&v, 1);
	for (size_t step = 1; step < 1200; step += 37) {
		struct str got = through(m, (struct str){text, sizeof(text)}, step, &out);

		assert_int_equal(got.n, 103);
		assert_memory_equal(got.p + 50, "***", 3);
	}
	mask_free(m);
}

/* What is held is little, and given out when asked for; the rest of a value is still masked. */
static void test_flush(void **state)
{
	const struct str v = STR("s3cret");
	struct mask *m = mask_of(&v, 1);
	cleanup_buf struct buf out = {0};
	struct mask_stream *s;

	(void)state;
	buf_init(&out, 1 << 20);
	s = mask_stream_new(m, on_out, &out);
	mask_stream_feed(s, STR("Password: "));
	assert_true(str_eq(buf_str(&out), STR("Password: ")));
	assert_int_equal(mask_stream_held(s), 0);
	mask_stream_feed(s, STR("is"));
	assert_true(mask_stream_held(s) > 0);
	mask_stream_flush(s);
	assert_true(str_eq(buf_str(&out), STR("Password: is")));
	assert_int_equal(mask_stream_held(s), 0);
	mask_stream_feed(s, STR("3cret\n"));
	assert_true(str_eq(buf_str(&out), STR("Password: is***\n")));
	mask_stream_free(s);
	mask_free(m);
}

static bool keeps(struct str around, struct str member)
{
	return str_eqz(member, "kind") && !str_eqz(around, "value");
}

static void test_json(void **state)
{
	static const struct {
		const char *json;
		const char *want;
	} rows[] = {
		{"{\"a\":\"x s3cret\",\"kind\":\"s3cret\",\"s3cret\":1}",
			"{\"a\":\"x ***\",\"kind\":\"s3cret\",\"s3cret\":1}"},
		{"[\"s3cret\",{\"kind\":[\"s3cret\"]},\"s3\\u0063ret\"]",
			"[\"***\",{\"kind\":[\"s3cret\"]},\"***\"]"},
		{"[{\"value\":{\"kind\":\"s3cret\",\"v\":[\"s3cret\"]},\"kind\":\"s3cret\"}]",
			"[{\"value\":{\"kind\":\"***\",\"v\":[\"***\"]},\"kind\":\"s3cret\"}]"},
		{"{\"value\":[{\"kind\":\"s3cret\"}],\"a\":{\"kind\":\"s3cret\"}}",
			"{\"value\":[{\"kind\":\"***\"}],\"a\":{\"kind\":\"s3cret\"}}"},
		{"\"a\\ns3\\ncret\\t\\\"\"", "\"a\\n***\\t\\\"\""},
		{"{\"a\":\"c3:\",\"b\":\"s\"}", "{\"a\":\"c3:\",\"b\":\"s\"}"},
		{"\"s3cret\\u0000\"", "\"***\\u0000\""},
		{"no s3cret json ]", "no *** json ]"},
		{"\"s3cret", "\"***"},
	};
	const struct str v = STR("s3cret");
	struct mask *m = mask_of(&v, 1);
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct str got = mask_json(m, a, str_z(rows[i].json), keeps);

		assert_string_equal(str_c(got), rows[i].want);
	}
	assert_ptr_equal(mask_json(NULL, a, v, NULL).p, v.p);
	assert_ptr_equal(mask_text(NULL, a, v).p, v.p);
	arena_free(a);
	mask_free(m);
}

/* A zero byte in a step's words does not hide a value that JSON writes in another way. */
static void test_json_zero(void **state)
{
	const struct str v = STR("s\"3c\\ret");
	struct mask *m = mask_of(&v, 1);
	struct arena *a = arena_new();

	(void)state;
	assert_string_equal(str_c(mask_json(m, a, STR("[\"\\u0000s\\\"3c\\\\ret\"]"), NULL)),
		"[\"\\u0000***\"]");
	arena_free(a);
	mask_free(m);
}

/* --- against a model --------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

/* The forms again, told one by one. */
struct model {
	struct str *forms;
	bool *before, *after;
	size_t n;
	struct arena *a;
};

static void on_form(void *arg, const struct mask_form *f)
{
	struct model *m = arg;
	char *plain = arena_alloc(m->a, f->bytes.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < f->bytes.n; i++) {
		if (f->bytes.p[i] != '\n' && f->bytes.p[i] != '\r')
			plain[n++] = f->bytes.p[i];
	}
	if (n < MASK_LEAST_BYTES)
		return;
	m->before[m->n] = f->eats_before;
	m->after[m->n] = f->eats_after;
	m->forms[m->n++] = (struct str){plain, n};
}

static bool is_digit(char c)
{
	return (c && strchr("+/-_", c)) || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* Marks what the form k covers when it begins at significant byte i of n. */
static void model_mark(const struct model *m, size_t k, const char *plain, const size_t *place,
	size_t n, size_t i, char *marks)
{
	const struct str f = m->forms[k];
	size_t from = i;

	if (i + f.n > n || memcmp(plain + i, f.p, f.n) != 0)
		return;
	if (m->before[k] && i && place[i - 1] + 1 == place[i] && is_digit(plain[i - 1]))
		from--;
	memset(marks + place[from], 1, place[i + f.n - 1] - place[from] + 1);
}

static void test_model(void **state)
{
	enum { ROUNDS = 3000, TEXT = 60 };
	static const char letters[] = "abAB=%4";
	uint32_t seed = 7;

	(void)state;
	for (size_t round = 0; round < ROUNDS; round++) {
		struct arena *a = arena_new();
		struct model model = {.a = a,
			.forms = arena_new_array(a, struct str, 400),
			.before = arena_new_array(a, bool, 400),
			.after = arena_new_array(a, bool, 400)};
		struct mask *m = mask_new();
		char text[TEXT], plain[TEXT];
		char marks[TEXT] = {0};
		size_t place[TEXT];
		size_t n_plain = 0;
		cleanup_buf struct buf want = {0};
		cleanup_buf struct buf out = {0};

		buf_init(&want, 4096);
		buf_init(&out, 4096);
		for (size_t i = 0; i < 1 + round % 3; i++) {
			char value[8];
			size_t n = 4 + next_random(&seed) % 3;

			for (size_t k = 0; k < n; k++)
				value[k] = letters[next_random(&seed) % 4];
			(void)mask_add(m, (struct str){value, n});
			mask_forms((struct str){value, n}, on_form, &model);
		}
		mask_seal(m);
		for (size_t i = 0; i < TEXT; i++) {
			uint32_t r = next_random(&seed) % 24;

			text[i] = r == 0 ? '\n' : letters[r % (sizeof(letters) - 1)];
			if (r && model.n && r > 20 && i + 8 < TEXT) {
				struct str f = model.forms[next_random(&seed) % model.n];

				for (size_t k = 0; k < f.n && i + 1 < TEXT; k++)
					text[i++] = f.p[k];
				text[i] = 'a';
			}
		}
		for (size_t i = 0; i < TEXT; i++) {
			if (text[i] == '\n')
				continue;
			place[n_plain] = i;
			plain[n_plain++] = text[i];
		}
		for (size_t k = 0; k < model.n; k++) {
			for (size_t i = 0; i < n_plain; i++)
				model_mark(&model, k, plain, place, n_plain, i, marks);
		}
		/* digits behind a value may be eaten, too: what is certain is that all that is
		 * marked is gone, and what is before the first mark stays */
		for (size_t step = 1; step < TEXT; step += 1 + step / 3) {
			struct str got = through(m, (struct str){text, TEXT}, step, &out);
			size_t first = 0;

			while (first < TEXT && !marks[first])
				first++;
			assert_true(got.n >= first);
			assert_memory_equal(got.p, text, first);
			if (first < TEXT)
				assert_memory_equal(got.p + first, "***", 3);
			else
				assert_int_equal(got.n, TEXT);
			for (size_t k = 0; k < model.n; k++)
				assert_false(str_has(got, model.forms[k]));
			if (step == 1)
				buf_adds(&want, got);
			else
				assert_true(str_eq(got, buf_str(&want)));
		}
		mask_free(m);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_json_zero),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
