/* SPDX-License-Identifier: Apache-2.0 */
/* JSON in: what is accepted, what is refused, numbers and limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/bounds.h>
#include <base/json.h>
#include <stdio.h>
#include <string.h>

enum { MAX_BYTES = 1024 * 1024 };

/* Text in, compact text out: numbers as written, keys in order. */
static void test_accepted(void **state attr_unused)
{
	static const struct {
		struct str in;
		const char *want;
	} cases[] = {
		{STR_INIT("null"), "null"},
		{STR_INIT(" true "), "true"},
		{STR_INIT("\t\r\nfalse"), "false"},
		{STR_INIT("\"\""), "\"\""},
		{STR_INIT("[]"), "[]"},
		{STR_INIT("{}"), "{}"},
		{STR_INIT("[ ]"), "[]"},
		{STR_INIT("{\n}"), "{}"},
		{STR_INIT("[1,[2,[3],4],{\"a\":[5]}]"), "[1,[2,[3],4],{\"a\":[5]}]"},
		{STR_INIT("{\"b\":1,\"a\":2,\"A\":3,\"\":4}"),
			"{\"b\":1,\"a\":2,\"A\":3,\"\":4}"},
		{STR_INIT("9007199254740993"), "9007199254740993"},
		{STR_INIT("1234567890123460"), "1234567890123460"},
		{STR_INIT("[0,-0,0.0,-0.5,1e400,1E+2,1e-2,10.25e3]"),
			"[0,-0,0.0,-0.5,1e400,1E+2,1e-2,10.25e3]"},
		{STR_INIT("12345678901234567890123456789012345678901234567890123456789012345678"
			  "90"),
			"123456789012345678901234567890123456789012345678901234567890123456789"
			"0"},
		{STR_INIT("{\"1\":2,\"3\":\"4\"}"), "{\"1\":2,\"3\":\"4\"}"},
		{STR_INIT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
		{STR_INIT("\"\\u0041\\u00e9\\u20AC\""), "\"A\xc3\xa9\xe2\x82\xac\""},
		{STR_INIT("\"\\ud83c\\udf7a\""), "\"\xf0\x9f\x8d\xba\""},
		{STR_INIT("\"\\u0001\\u007f\""), "\"\\u0001\x7f\""},
		{STR_INIT("\"\xc3\xa9\xf0\x9f\x8d\xba\""), "\"\xc3\xa9\xf0\x9f\x8d\xba\""},
		{STR_INIT("\"1 -2 [3]\""), "\"1 -2 [3]\""},
		{STR_INIT("{\"k\\u0065y\":1}"), "{\"key\":1}"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		cleanup_buf struct buf out;
		struct json *v = NULL;
		struct err err = {0};

		buf_init(&out, MAX_BYTES);
		if (json_parse(a, cases[i].in, MAX_BYTES, &v, &err) < 0)
			print_error("%s: %s\n", cases[i].in.p, err.msg);
		assert_non_null(v);
		json_print(v, false, &out);
		assert_string_equal(out.p, cases[i].want);
	}
}

/* Compact text comes out as it went in: nothing is lost behind a zero, and what only looks like
 * one is none. */
static void test_zeros(void **state attr_unused)
{
	static const char *const texts[] = {
		"\"\\u0000\"",
		"\"a\\u0000b\"",
		"\"\\u0000\\u0000\"",
		"\"\\\\u0000\"",
		"\"\\\\\\u0000u0000\"",
		"[1,\"\\u0000\",-2.5,\"\\u0000x\",3e4]",
		"{\"a\\u0000b\":1,\"a\\u0000c\":2,\"a\":\"\\u0001\"}",
		"\"no zero\"",
	};
	struct err err = {0};
	struct json *v;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_arena struct arena *a = arena_new();
		cleanup_buf struct buf out;

		buf_init(&out, MAX_BYTES);
		if (json_parse_zeros(a, str_z(texts[i]), MAX_BYTES, &v, &err) < 0)
			fail_msg("%s: %s", texts[i], err.msg);
		json_print(v, false, &out);
		assert_string_equal(out.p, texts[i]);
	}
	cleanup_arena struct arena *a = arena_new();
	const struct str twice = STR("{\"a\\u0000\":1,\"a\\u0000\":2}");

	assert_int_equal(json_parse_zeros(a, twice, MAX_BYTES, &v, &err), -1);
	assert_int_equal(json_parse_zeros(a, STR("\"\\u000\""), MAX_BYTES, &v, &err), -1);
	assert_int_equal(json_parse_zeros(a, STR("\"a\\u0000b\""), MAX_BYTES, &v, &err), 0);
	assert_int_equal(v->text.n, 3);
	assert_memory_equal(v->text.p, "a\0b", 4);
}

static void test_refused(void **state attr_unused)
{
	static const struct {
		struct str in;
		const char *want;
	} cases[] = {
		{STR_INIT(""), "expected a value"},
		{STR_INIT("  "), "expected a value"},
		{STR_INIT("\xef\xbb\xbf{}"), "expected a value"},
		{STR_INIT("nul"), "expected a value"},
		{STR_INIT("True"), "expected a value"},
		{STR_INIT("NaN"), "expected a value"},
		{STR_INIT("Infinity"), "expected a value"},
		{STR_INIT("'a'"), "expected a value"},
		{STR_INIT("nullx"), "unexpected text"},
		{STR_INIT("{} {}"), "unexpected text"},
		{STR_INIT("{}x"), "unexpected text"},
		{STR_INIT("{}\0"), "unexpected text"},
		{STR_INIT("1 2"), "unexpected text"},
		{STR_INIT("01"), "unexpected text"},
		{STR_INIT("-01"), "unexpected text"},
		{STR_INIT("[0123]"), "expected ',' or ']'"},
		{STR_INIT("[1.]"), "digit behind the point"},
		{STR_INIT("[.5]"), "expected a value"},
		{STR_INIT("[+1]"), "expected a value"},
		{STR_INIT("[-]"), "expected a digit"},
		{STR_INIT("[--1]"), "expected a digit"},
		{STR_INIT("1e"), "digit in the exponent"},
		{STR_INIT("1e+"), "digit in the exponent"},
		{STR_INIT("0x10"), "unexpected text"},
		{STR_INIT("["), "expected a value"},
		{STR_INIT("[1"), "expected ',' or ']'"},
		{STR_INIT("[1,]"), "expected a value"},
		{STR_INIT("[,1]"), "expected a value"},
		{STR_INIT("[1 2]"), "expected ',' or ']'"},
		{STR_INIT("[1}"), "expected ',' or ']'"},
		{STR_INIT("]"), "expected a value"},
		{STR_INIT("{"), "expected a string"},
		{STR_INIT("{1:2}"), "expected a string"},
		{STR_INIT("{\"a\"}"), "expected ':'"},
		{STR_INIT("{\"a\":}"), "expected a value"},
		{STR_INIT("{\"a\":1,}"), "expected a string"},
		{STR_INIT("{\"a\":1]"), "expected ',' or '}'"},
		{STR_INIT("{\"a\":1 \"b\":2}"), "expected ',' or '}'"},
		{STR_INIT("{\"a\":1/**/}"), "expected ',' or '}'"},
		{STR_INIT("\""), "the string has no end"},
		{STR_INIT("\"\\\""), "the string has no end"},
		{STR_INIT("\"\\"), "unknown escape"},
		{STR_INIT("\"\\x41\""), "unknown escape"},
		{STR_INIT("\"\\\0\""), "unknown escape"},
		{STR_INIT("\"\\u12g4\""), "four hexadecimal digits"},
		{STR_INIT("\"\\u12"), "four hexadecimal digits"},
		{STR_INIT("\"a\\u0000b\""), "\\u0000 is not accepted"},
		{STR_INIT("{\"a\\u0000\":1}"), "\\u0000 is not accepted"},
		{STR_INIT("\"a\0b\""), "control character"},
		{STR_INIT("\"a\nb\""), "control character"},
		{STR_INIT("\"\x1f\""), "control character"},
		{STR_INIT("\"\\ud800\""), "half a surrogate pair"},
		{STR_INIT("\"\\ud800x\""), "half a surrogate pair"},
		{STR_INIT("\"\\ud800\\u0041\""), "half a surrogate pair"},
		{STR_INIT("\"\\ud800\\ud800\""), "half a surrogate pair"},
		{STR_INIT("\"\\udc00\""), "half a surrogate pair"},
		{STR_INIT("\"\\udc00\\ud800\""), "half a surrogate pair"},
		{STR_INIT("\"\xff\""), "not valid UTF-8"},
		{STR_INIT("\"\xed\xa0\x80\""), "not valid UTF-8"},
		{STR_INIT("\"\xc0\x80\""), "not valid UTF-8"},
		{STR_INIT("{\"a\":1,\"a\":2}"), "key 'a' appears twice"},
		{STR_INIT("{\"a\":1,\"\\u0061\":2}"), "key 'a' appears twice"},
		{STR_INIT("[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]"), "key 'b' appears twice"},
		{STR_INIT("{\"\":1,\"\":2}"), "key '' appears twice"},
		{STR_INIT("{\n  \"a\": x\n}"), "json, line 2, byte 8: expected a value"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct json *v = NULL;
		struct err err = {0};

		if (json_parse(a, cases[i].in, MAX_BYTES, &v, &err) == 0)
			print_error("accepted: %s\n", cases[i].in.p);
		assert_null(v);
		assert_int_equal(err.kind, ERR_SPEC);
		if (!strstr(err.msg, cases[i].want))
			print_error("%s: %s\n", cases[i].in.p, err.msg);
		assert_non_null(strstr(err.msg, cases[i].want));
	}
}

static int parse_nested(const char *open, const char *close, int depth, struct err *err)
{
	cleanup_arena struct arena *a = arena_new();
	cleanup_buf struct buf b;
	struct json *v;

	buf_init(&b, MAX_BYTES);
	for (int i = 0; i < depth; i++)
		buf_addz(&b, open);
	buf_addz(&b, "1");
	for (int i = 0; i < depth; i++)
		buf_addz(&b, close);
	if (json_parse(a, buf_str(&b), MAX_BYTES, &v, err) < 0)
		return -1;
	/* what can be read can be written, below levels of ours too */
	struct json_writer w;

	buf_clear(&b);
	json_writer_init(&w, &b, 1);
	for (int i = 0; i < JSON_WRITER_DEPTH - BOUND_JSON_DEPTH; i++)
		json_open(&w, '[');
	json_put(&w, v);
	return 0;
}

static void test_depth(void **state attr_unused)
{
	static const struct {
		const char *open, *close;
	} forms[] = {{"[", "]"}, {"{\"a\":", "}"}};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct err err = {0};

		assert_int_equal(parse_nested(forms[i].open, forms[i].close, 64, &err), 0);
		assert_int_equal(parse_nested(forms[i].open, forms[i].close, 65, &err), -1);
		assert_int_equal(err.kind, ERR_LIMIT);
		err.kind = ERR_NONE;
		assert_int_equal(parse_nested(forms[i].open, "", 100000, &err), -1);
		assert_int_equal(err.kind, ERR_LIMIT);
	}
}

static void test_bytes(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct err err = {0};
	struct json *v = NULL;

	assert_int_equal(json_parse(a, STR("[1]"), 3, &v, &err), 0);
	assert_int_equal(json_parse(a, STR("[1] "), 3, &v, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	/* a view that is not NUL-terminated: nothing behind it is read */
	assert_int_equal(json_parse(a, str_slice(STR("12345"), 0, 2), 100, &v, &err), 0);
	assert_true(str_eqz(v->text, "12"));
	assert_int_equal(json_parse(a, str_slice(STR("true"), 0, 3), 100, &v, &err), -1);
}

/* Many members take the map, few the pairwise way: both must find the duplicate. */
static void test_many_members(void **state attr_unused)
{
	for (int n = 2; n < 2000; n = n * 3 / 2 + 1) {
		for (int twice = 0; twice < 2; twice++) {
			cleanup_arena struct arena *a = arena_new();
			cleanup_buf struct buf b;
			struct err err = {0};
			struct json *v;
			char last[16];

			buf_init(&b, MAX_BYTES);
			buf_addc(&b, '{');
			for (int i = 0; i < n; i++)
				buf_addf(&b, "\"k%d\":%d,", i, i);
			buf_addf(&b, "\"k%d\":0}", twice ? n / 2 : n);
			assert_int_equal(
				json_parse(a, buf_str(&b), MAX_BYTES, &v, &err), -twice);
			if (twice)
				continue;
			snprintf(last, sizeof(last), "k%d", n - 1);
			assert_int_equal(v->n_children, n + 1);
			assert_true(str_z(last).n > 0 && json_get(v, last));
		}
	}
}

static void test_access(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct json *v;
	int64_t n = 0;
	int count = 0;

	assert_int_equal(
		json_parse(a,
			STR("{\"s\":\"text\",\"n\":-5,\"big\":9223372036854775807,"
			    "\"over\":9223372036854775808,\"f\":1.5,\"l\":[1,2,3],\"t\":true}"),
			MAX_BYTES, &v, NULL),
		0);
	assert_true(str_eqz(json_str(json_get(v, "s")), "text"));
	assert_null(json_get(v, "S")); /* cJSON's own lookup would find it */
	assert_null(json_get(NULL, "s"));
	assert_null(json_get(json_get(v, "l"), "s"));
	assert_int_equal(json_str(json_get(v, "n")).n, 0);
	assert_int_equal(json_int(json_get(v, "n"), -5, 0, &n, NULL), 0);
	assert_int_equal(n, -5);
	assert_int_equal(json_int(json_get(v, "n"), -4, 0, &n, NULL), -1);
	assert_int_equal(json_int(json_get(v, "big"), 0, INT64_MAX, &n, NULL), 0);
	assert_true(n == INT64_MAX);
	assert_int_equal(json_int(json_get(v, "over"), 0, INT64_MAX, &n, NULL), -1);
	assert_int_equal(json_int(json_get(v, "f"), 0, 9, &n, NULL), -1);
	assert_int_equal(json_int(json_get(v, "s"), 0, 9, &n, NULL), -1);
	assert_int_equal(json_int(NULL, 0, 9, &n, NULL), -1);
	assert_true(str_eqz(json_at(json_get(v, "l"), 2)->text, "3"));
	assert_null(json_at(json_get(v, "l"), 3));
	assert_null(json_at(v, 0));
	assert_null(json_at(NULL, 0));
	assert_true(json_get(v, "t")->boolean);
	json_foreach (e, json_get(v, "l"))
		count++;
	json_foreach (e, (const struct json *)NULL)
		count++;
	assert_int_equal(count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_access),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
