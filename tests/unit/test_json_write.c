/* SPDX-License-Identifier: Apache-2.0 */
/* JSON out: commas, indentation, escapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/json.h>

enum { MAX_BYTES = 10000 };

static void write_sample(struct json_writer *w)
{
	json_open(w, '{');
	json_field(w, "s", STR("x"));
	json_field_int(w, "min", INT64_MIN);
	json_field_int(w, "max", INT64_MAX);
	json_field_bool(w, "yes", true);
	json_key(w, "list");
	json_open(w, '[');
	json_put_bool(w, false);
	json_put_null(w);
	json_open(w, '{');
	json_close(w, '}');
	json_open(w, '[');
	json_close(w, ']');
	json_close(w, ']');
	json_keys(w, STR("raw"));
	json_put_raw(w, STR("1.50"));
	json_fieldz(w, "z", NULL);
	json_close(w, '}');
}

static void test_compact(void **state attr_unused)
{
	cleanup_buf struct buf b;
	struct json_writer w;

	buf_init(&b, MAX_BYTES);
	json_writer_init(&w, &b, 0);
	write_sample(&w);
	assert_string_equal(b.p,
		"{\"s\":\"x\",\"min\":-9223372036854775808,\"max\":9223372036854775807,"
		"\"yes\":true,\"list\":[false,null,{},[]],\"raw\":1.50,\"z\":\"\"}");
}

static void test_indented(void **state attr_unused)
{
	cleanup_buf struct buf b;
	struct json_writer w;

	buf_init(&b, MAX_BYTES);
	json_writer_init(&w, &b, 2);
	write_sample(&w);
	assert_string_equal(b.p, "{\n"
				 "  \"s\": \"x\",\n"
				 "  \"min\": -9223372036854775808,\n"
				 "  \"max\": 9223372036854775807,\n"
				 "  \"yes\": true,\n"
				 "  \"list\": [\n"
				 "    false,\n"
				 "    null,\n"
				 "    {},\n"
				 "    []\n"
				 "  ],\n"
				 "  \"raw\": 1.50,\n"
				 "  \"z\": \"\"\n"
				 "}");
}

/* What is empty has no member, and leaves no comma behind. */
static void test_left_out(void **state attr_unused)
{
	static const struct str words[] = {STR_INIT("x"), STR_INIT("")};
	cleanup_buf struct buf b;
	struct json_writer w;

	buf_init(&b, MAX_BYTES);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	json_field_given(&w, "none", STR_NONE);
	json_field_list(&w, "none", NULL, 0);
	json_field_given(&w, "s", STR("x"));
	json_field_given(&w, "none", STR(""));
	json_field_list(&w, "list", words, ARRAY_SIZE(words));
	json_field_list(&w, "none", words, 0);
	json_close(&w, '}');
	assert_string_equal(b.p, "{\"s\":\"x\",\"list\":[\"x\",\"\"]}");
}

static void test_scalar(void **state attr_unused)
{
	cleanup_buf struct buf b;
	struct json_writer w;

	buf_init(&b, MAX_BYTES);
	json_writer_init(&w, &b, 2);
	json_putz(&w, "alone");
	assert_string_equal(b.p, "\"alone\"");
}

static void test_escapes(void **state attr_unused)
{
	static const struct {
		struct str in;
		const char *plain, *go;
	} cases[] = {
		{STR_INIT("a\"b\\c/"), "\"a\\\"b\\\\c/\"", "\"a\\\"b\\\\c/\""},
		{STR_INIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"", "\"\\b\\f\\n\\r\\t\""},
		{STR_INIT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\x7f\"",
			"\"\\u0000\\u0001\\u001f\x7f\""},
		{STR_INIT("<a>&"), "\"<a>&\"", "\"\\u003ca\\u003e\\u0026\""},
		{STR_INIT("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"),
			"\"\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\"",
			"\"\\u2028\\u2029\xe2\x80\xaa\""},
		{STR_INIT("\xf0\x9f\x8d\xba"), "\"\xf0\x9f\x8d\xba\"", "\"\xf0\x9f\x8d\xba\""},
		{STR_INIT("\xff"
			  "a\xc3"),
			"\"\xef\xbf\xbd"
			"a\xef\xbf\xbd\"",
			"\"\\ufffda\\ufffd\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_buf struct buf b;
		struct json_writer w;

		buf_init(&b, MAX_BYTES);
		json_writer_init(&w, &b, 0);
		json_put_str(&w, cases[i].in);
		assert_string_equal(b.p, cases[i].plain);
		buf_clear(&b);
		json_writer_init(&w, &b, 0);
		w.go_escapes = true;
		json_put_str(&w, cases[i].in);
		assert_string_equal(b.p, cases[i].go);
		buf_clear(&b);
		json_writer_init(&w, &b, 0);
		w.go_escapes = true;
		json_open(&w, '{');
		json_keys(&w, cases[i].in);
		assert_memory_equal(b.p + 1, cases[i].go, b.n - 2);
	}
}

/* Every byte alone, as a string: what is written must be read again. */
static void test_round_trip(void **state attr_unused)
{
	for (int c = 1; c < 256; c++) {
		for (int go = 0; go < 2; go++) {
			cleanup_arena struct arena *a = arena_new();
			cleanup_buf struct buf b;
			char byte = (char)c;
			struct json_writer w;
			struct json *v;

			buf_init(&b, MAX_BYTES);
			json_writer_init(&w, &b, 0);
			w.go_escapes = go;
			json_put_str(&w, (struct str){&byte, 1});
			assert_int_equal(json_parse(a, buf_str(&b), MAX_BYTES, &v, NULL), 0);
			if (c < 0x80)
				assert_true(str_eq(v->text, (struct str){&byte, 1}));
			else
				assert_true(str_eqz(v->text, "\xef\xbf\xbd"));
		}
	}
}

/* What a writer made is printed again as it would be from a tree of it. */
static void test_text(void **state attr_unused)
{
	static const char *const texts[] = {
		"null",
		"-1.5e3",
		"\"\"",
		"{}",
		"[[],{},[{}]]",
		"{\"a\":1,\"b\":[true,null,\"x\"],\"c\":{\"d\":\"{,:]\"}}",
		"{\"<\":\"\\\"\\\\<\\u0001\\n\\\\\",\"\xe2\x80\xa8\":[\"\\\\\"]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts) * 4; i++) {
		cleanup_arena struct arena *a = arena_new();
		cleanup_buf struct buf again, tree;
		struct json_writer w;
		struct json *v;

		buf_init(&again, MAX_BYTES);
		buf_init(&tree, MAX_BYTES);
		assert_int_equal(json_parse(a, str_z(texts[i / 4]), MAX_BYTES, &v, NULL), 0);
		json_writer_init(&w, &tree, i & 1 ? 2 : 0);
		w.go_escapes = i & 2;
		json_put(&w, v);
		json_writer_init(&w, &again, i & 1 ? 2 : 0);
		w.go_escapes = i & 2;
		json_put_text(&w, str_z(texts[i / 4]));
		assert_string_equal(again.p, tree.p);
	}
}

static void test_text_members(void **state attr_unused)
{
	static const char *const none[] = {"{}", "null", "[1]", "\"a\"", ""};
	struct str rest = STR("{\"a\":[1,{\"x\":2}],\"b,\":\"}\",\"c\":{}}");
	struct str key, value;
	cleanup_buf struct buf b;
	struct json_writer w;

	buf_init(&b, MAX_BYTES);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	assert_true(json_text_member(&rest, &key, &value));
	assert_true(str_eqz(key, "a"));
	assert_true(str_eqz(value, "[1,{\"x\":2}]"));
	assert_true(json_text_member(&rest, &key, &value));
	assert_true(str_eqz(key, "b,"));
	json_text_put_member(&w, key, value);
	assert_true(json_text_member(&rest, &key, &value));
	assert_true(str_eqz(value, "{}"));
	json_text_put_member(&w, key, value);
	assert_false(json_text_member(&rest, &key, &value));
	json_close(&w, '}');
	assert_string_equal(b.p, "{\"b,\":\"}\",\"c\":{}}");
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		rest = str_z(none[i]);
		assert_false(json_text_member(&rest, &key, &value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_indented),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_scalar),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_text_members),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
