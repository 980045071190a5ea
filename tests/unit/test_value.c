/* SPDX-License-Identifier: Apache-2.0 */
/* Values from the command line and from results, and values as JSON. */
#include "spec_text.h"

static const char *shown(struct arena *a, struct value v)
{
	struct buf b cleanup_buf;
	struct json_writer w;

	assert_int_equal(v.pos.line, 1); /* given */
	buf_init(&b, MIB);
	buf_addf(&b, "%s ", value_type_name(v.type));
	json_writer_init(&w, &b, 0);
	value_json(&v, &w);
	return str_c(arena_str(a, buf_str(&b)));
}

static void test_from_text(void **state attr_unused)
{
	static const struct {
		const char *text;
		enum value_type want;
		const char *shown;
	} cases[] = {
		{"x", VALUE_STRING, "string \"x\""},
		{"", VALUE_ARRAY, "string \"\""},
		{"[\"a\",\"b\"]", VALUE_STRING, "string \"[\\\"a\\\",\\\"b\\\"]\""},
		{"[\"a\", \"b\"]", VALUE_ARRAY, "array [\"a\",\"b\"]"},
		{"[]", VALUE_ARRAY, "array []"},
		{"{\"k\": \"v\"}", VALUE_OBJECT, "object {\"k\":\"v\"}"},
		{"{\"k\": \"v\"}", VALUE_ARRAY, "object {\"k\":\"v\"}"},
		{"[1]", VALUE_ARRAY, "string \"[1]\""},
		{"[\"a\"", VALUE_ARRAY, "string \"[\\\"a\\\"\""},
		{"{\"k\": {}}", VALUE_OBJECT, "string \"{\\\"k\\\": {}}\""},
		{"\"x\"", VALUE_ARRAY, "string \"\\\"x\\\"\""},
		{"42", VALUE_OBJECT, "string \"42\""},
		{"a,b", VALUE_ARRAY, "string \"a,b\""},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(
			shown(a, value_from_text(a, str_z(cases[i].text), cases[i].want)),
			cases[i].shown);
}

static void test_from_json(void **state attr_unused)
{
	static const struct {
		const char *json;
		const char *shown;
	} cases[] = {
		{"\"x\\ny\"", "string \"x\\ny\""},
		{"[\"a\",\"b\"]", "array [\"a\",\"b\"]"},
		{"[]", "array []"},
		{"[\"a\",null]", "array [\"a\",\"\"]"},
		{"{}", "object {}"},
		{"{\"b\":\"1\",\"a\":\"2\"}", "object {\"b\":\"1\",\"a\":\"2\"}"},
		{"null", "string \"\""},
		{"true", "string \"true\""},
		{"1.50", "string \"1.50\""},
		{"[ 1, \"a\" ]", "string \"[1,\\\"a\\\"]\""},
		{"{\"a\": [ ]}", "string \"{\\\"a\\\":[]}\""},
		{"[\"a\\u0000b\"]", "array [\"a\\u0000b\"]"},
		{"not json", "string \"not json\""},
		{"\"<&>\"", "string \"\\u003c\\u0026\\u003e\""},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(
			shown(a, value_from_json(a, str_z(cases[i].json))), cases[i].shown);
}

static void test_writer_keeps_its_escapes(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct value v = value_from_json(a, STR("\"<\""));
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, KIB);
	json_writer_init(&w, &b, 0);
	json_open(&w, '[');
	value_json(&v, &w);
	json_putz(&w, "<");
	json_close(&w, ']');
	assert_true(str_eqz(buf_str(&b), "[\"\\u003c\",\"<\"]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_text),
		cmocka_unit_test(test_from_json),
		cmocka_unit_test(test_writer_keeps_its_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
