/* SPDX-License-Identifier: Apache-2.0 */
/* Types of scalars: the table of YAML 1.1 as go-yaml v2 applies it, number texts as Go's. */
#include "spec_text.h"

#include "spec/yaml_scalar.h"
#include <math.h>

struct scalar_case {
	const char *text;
	enum yaml_type type;
	const char *json; /* of bool and number */
};

static const struct scalar_case plain[] = {
	/* words */
	{"y", YAML_BOOL, "true"},
	{"Y", YAML_BOOL, "true"},
	{"yes", YAML_BOOL, "true"},
	{"Yes", YAML_BOOL, "true"},
	{"YES", YAML_BOOL, "true"},
	{"yEs", YAML_STRING, NULL},
	{"on", YAML_BOOL, "true"},
	{"On", YAML_BOOL, "true"},
	{"ON", YAML_BOOL, "true"},
	{"true", YAML_BOOL, "true"},
	{"True", YAML_BOOL, "true"},
	{"TRUE", YAML_BOOL, "true"},
	{"tRue", YAML_STRING, NULL},
	{"n", YAML_BOOL, "false"},
	{"N", YAML_BOOL, "false"},
	{"no", YAML_BOOL, "false"},
	{"No", YAML_BOOL, "false"},
	{"NO", YAML_BOOL, "false"},
	{"off", YAML_BOOL, "false"},
	{"Off", YAML_BOOL, "false"},
	{"OFF", YAML_BOOL, "false"},
	{"false", YAML_BOOL, "false"},
	{"False", YAML_BOOL, "false"},
	{"FALSE", YAML_BOOL, "false"},
	{"", YAML_NULL, "null"},
	{"~", YAML_NULL, "null"},
	{"null", YAML_NULL, "null"},
	{"Null", YAML_NULL, "null"},
	{"NULL", YAML_NULL, "null"},
	{"nUll", YAML_STRING, NULL},
	/* integers */
	{"0", YAML_NUMBER, "0"},
	{"-0", YAML_NUMBER, "0"},
	{"7", YAML_NUMBER, "7"},
	{"+7", YAML_NUMBER, "7"},
	{"-7", YAML_NUMBER, "-7"},
	{"010", YAML_NUMBER, "8"},
	{"-010", YAML_NUMBER, "-8"},
	{"08", YAML_NUMBER, "8"}, /* no octal: a float */
	{"089", YAML_NUMBER, "89"},
	{"0o17", YAML_NUMBER, "15"},
	{"0O17", YAML_NUMBER, "15"},
	{"0x1F", YAML_NUMBER, "31"},
	{"0X1f", YAML_NUMBER, "31"},
	{"-0x10", YAML_NUMBER, "-16"},
	{"0b101", YAML_NUMBER, "5"},
	{"-0b101", YAML_NUMBER, "-5"},
	{"0b12", YAML_STRING, NULL},
	{"0xg", YAML_STRING, NULL},
	{"0x", YAML_STRING, NULL},
	{"1_000", YAML_NUMBER, "1000"},
	{"1__0_", YAML_NUMBER, "10"},
	{"_1", YAML_STRING, NULL},
	{"9007199254740993", YAML_NUMBER, "9007199254740993"},
	{"9223372036854775807", YAML_NUMBER, "9223372036854775807"},
	{"18446744073709551615", YAML_NUMBER, "18446744073709551615"},
	{"-9223372036854775808", YAML_NUMBER, "-9223372036854775808"},
	{"18446744073709551616", YAML_NUMBER, "18446744073709552000"},
	{"+9223372036854775807", YAML_NUMBER, "9223372036854775807"},
	{"+9223372036854775808", YAML_NUMBER, "9223372036854776000"}, /* ParseUint: no sign */
	{"-9223372036854775809", YAML_NUMBER, "-9223372036854776000"},
	/* floats */
	{"1.50", YAML_NUMBER, "1.5"},
	{"1.10", YAML_NUMBER, "1.1"},
	{"1.0", YAML_NUMBER, "1"},
	{"1.", YAML_NUMBER, "1"},
	{".5", YAML_NUMBER, "0.5"},
	{"-.5", YAML_NUMBER, "-0.5"},
	{"+.5", YAML_NUMBER, "0.5"},
	{"-0.0", YAML_NUMBER, "-0"},
	{"1e3", YAML_NUMBER, "1000"},
	{"1E+3", YAML_NUMBER, "1000"},
	{"1e-3", YAML_NUMBER, "0.001"},
	{"1e20", YAML_NUMBER, "100000000000000000000"},
	{"1e21", YAML_NUMBER, "1e+21"},
	{"1e-6", YAML_NUMBER, "0.000001"},
	{"1e-7", YAML_NUMBER, "1e-7"},
	{"1.5e-9", YAML_NUMBER, "1.5e-9"},
	{"0.1", YAML_NUMBER, "0.1"},
	{"0.30000000000000004", YAML_NUMBER, "0.30000000000000004"},
	{"0.1000000000000000055511151231257827", YAML_NUMBER, "0.1"},
	{"4.9e-324", YAML_NUMBER, "5e-324"},
	{"2.4e-324", YAML_NUMBER, "0"},
	{"1.7976931348623157e308", YAML_NUMBER, "1.7976931348623157e+308"},
	{"1e400", YAML_STRING, NULL}, /* out of range: stays text */
	{"1_000.5", YAML_NUMBER, "1000.5"},
	{"._5", YAML_STRING, NULL},
	{".", YAML_STRING, NULL},
	{"..", YAML_STRING, NULL},
	{"-", YAML_STRING, NULL},
	{"+", YAML_STRING, NULL},
	{"1e", YAML_STRING, NULL},
	{"1e+", YAML_STRING, NULL},
	{"1.2.3", YAML_STRING, NULL},
	{"0x1.8p1", YAML_STRING, NULL},
	{"190:20:30", YAML_STRING, NULL}, /* base 60 is not done */
	{"Inf", YAML_STRING, NULL},
	{"NaN", YAML_STRING, NULL},
	/* dates stay text */
	{"2001-12-14", YAML_STRING, NULL},
	{"2001-12-14t21:59:43.10-05:00", YAML_STRING, NULL},
	{"1h", YAML_STRING, NULL},
	{"64Mi", YAML_STRING, NULL},
};

static int resolve(struct arena *a, struct yaml_node *n, struct err *err)
{
	n->json = STR_NONE;
	return yaml_scalar_resolve(a, n, err);
}

static void test_plain(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		struct yaml_node n = {.style = YAML_PLAIN, .text = str_z(plain[i].text)};
		struct err err = {0};

		assert_int_equal(resolve(a, &n, &err), 0);
		if (n.type != plain[i].type)
			fail_msg("'%s' is %s", plain[i].text, yaml_type_name(n.type));
		if (plain[i].json && strcmp(str_c(n.json), plain[i].json) != 0)
			fail_msg("'%s' gives %s, not %s", plain[i].text, str_c(n.json),
				plain[i].json);
	}
}

static void test_quoted_is_text(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		struct yaml_node n = {.style = YAML_QUOTED, .text = str_z(plain[i].text)};
		struct err err = {0};

		assert_int_equal(resolve(a, &n, &err), 0);
		assert_int_equal(n.type, YAML_STRING);
	}
}

static void test_not_finite(void **state attr_unused)
{
	static const char *const texts[] = {".inf", ".Inf", ".INF", "+.inf", "-.inf", "-.Inf",
		"-.INF", ".nan", ".NaN", ".NAN"};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct yaml_node n = {.style = YAML_PLAIN, .text = str_z(texts[i])};
		struct err err = {0};

		assert_int_equal(resolve(a, &n, &err), -1);
		assert_non_null(strstr(err.msg, "only finite numbers"));
	}
}

static void test_tags(void **state attr_unused)
{
	static const struct {
		const char *tag, *text;
		int rc;
		enum yaml_type type;
		const char *want; /* text of strings, json of others, or the message */
	} cases[] = {
		{"tag:yaml.org,2002:str", "yes", 0, YAML_STRING, "yes"},
		{"tag:yaml.org,2002:str", "010", 0, YAML_STRING, "010"},
		{"tag:yaml.org,2002:int", "5", 0, YAML_NUMBER, "5"},
		{"tag:yaml.org,2002:int", "0x10", 0, YAML_NUMBER, "16"},
		{"tag:yaml.org,2002:int", "x", -1, 0, "cannot decode string 'x' as !!int"},
		{"tag:yaml.org,2002:int", "1.5", -1, 0, "cannot decode number '1.5' as !!int"},
		{"tag:yaml.org,2002:float", "5", 0, YAML_NUMBER, "5"},
		{"tag:yaml.org,2002:float", "yes", -1, 0,
			"cannot decode bool 'yes' as !!float"},
		{"tag:yaml.org,2002:bool", "on", 0, YAML_BOOL, "true"},
		{"tag:yaml.org,2002:bool", "1", -1, 0, "cannot decode number '1' as !!bool"},
		{"tag:yaml.org,2002:null", "", 0, YAML_NULL, "null"},
		{"tag:yaml.org,2002:null", "x", -1, 0, "cannot decode string 'x' as !!null"},
		{"tag:yaml.org,2002:timestamp", "2001-12-14", 0, YAML_STRING, "2001-12-14"},
		{"tag:yaml.org,2002:binary", "aGVsbG8=", 0, YAML_STRING, "hello"},
		{"tag:yaml.org,2002:binary", "aGVsbG8", -1, 0,
			"!!binary value contains invalid base64 data"},
		{"tag:yaml.org,2002:binary", "/w==", -1, 0, "!!binary value is not text"},
		{"tag:yaml.org,2002:binary", "AA==", -1, 0, "!!binary value is not text"},
		{"!own", "yes", 0, YAML_STRING, "yes"},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct yaml_node n = {.style = YAML_PLAIN,
			.text = str_z(cases[i].text),
			.tag = str_z(cases[i].tag)};
		struct err err = {0};

		assert_int_equal(resolve(a, &n, &err), cases[i].rc);
		if (cases[i].rc) {
			assert_string_equal(err.msg, cases[i].want);
			continue;
		}
		assert_int_equal(n.type, cases[i].type);
		assert_true(str_eqz(n.type == YAML_STRING ? n.text : n.json, cases[i].want));
	}
}

static void test_float_edges(void **state attr_unused)
{
	static const struct {
		const char *text;
		double want;
	} cases[] = {
		{"0", 0.0},
		{"9007199254740993", 9007199254740992.0}, /* a tie goes to even */
		{"9007199254740993.0000000000000000001", 9007199254740994.0},
		{"9007199254740995", 9007199254740996.0},
		{"2.2250738585072011e-308", 0x0.fffffffffffffp-1022}, /* the famous one */
		{"2.2250738585072014e-308", 0x1p-1022},
		{"2.4703282292062327e-324", 0.0},
		{"2.4703282292062328e-324", 0x1p-1074},
		{"1.7976931348623158e308", 0x1.fffffffffffffp+1023},
		{"1.7976931348623159e308", INFINITY},
		{"1e309", INFINITY},
		{"1e999999999999", INFINITY},
		{"1e-999999999999", 0.0},
		{"0e999999999999", 0.0},
		{"00000.000123e4", 1.23},
		{"-2.5", -2.5},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		double got = yaml_float_parse(str_z(cases[i].text));

		if (memcmp(&got, &cases[i].want, sizeof(got)) != 0)
			fail_msg("'%s' is %a, not %a", cases[i].text, got, cases[i].want);
	}
}

/* Every double that prints must read back as itself. */
static void test_float_round_trip(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	uint64_t x = 88172645463325252u;

	for (int i = 0; i < 3000; i++) {
		double v;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(&v, &x, sizeof(v));
		if (!isfinite(v))
			continue;
		struct str text = yaml_float_json(a, v);
		double back = yaml_float_parse(text);

		if (memcmp(&back, &v, sizeof(v)) != 0)
			fail_msg("%a prints as %s", v, text.p);
	}
}

/* Beyond 800 digits only "more than nothing" counts, and it must. */
static void test_float_long(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	char text[1100] = "9007199254740993.";
	size_t n = strlen(text);

	memset(text + n, '0', 1000);
	text[n + 1000] = 0;
	assert_string_equal(
		str_c(yaml_float_json(a, yaml_float_parse(str_z(text)))), "9007199254740992");
	text[n + 999] = '1';
	assert_string_equal(
		str_c(yaml_float_json(a, yaml_float_parse(str_z(text)))), "9007199254740994");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_quoted_is_text),
		cmocka_unit_test(test_not_finite),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_float_edges),
		cmocka_unit_test(test_float_round_trip),
		cmocka_unit_test(test_float_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
