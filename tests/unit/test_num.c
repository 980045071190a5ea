/* SPDX-License-Identifier: Apache-2.0 */
/* Strict numbers, Go durations, Kubernetes quantities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/num.h>
#include <string.h>

static void test_u64(void **state attr_unused)
{
	static const struct {
		struct str s;
		uint64_t max;
		int rc;
		uint64_t want;
	} cases[] = {
		{STR_INIT("0"), 10, 0, 0}, {STR_INIT("007"), 10, 0, 7},
		{STR_INIT("10"), 10, 0, 10}, {STR_INIT("11"), 10, -1, 0},
		{STR_INIT("18446744073709551615"), UINT64_MAX, 0, UINT64_MAX},
		{STR_INIT("18446744073709551616"), UINT64_MAX, -1, 0},
		{STR_INIT("99999999999999999999999999"), UINT64_MAX, -1, 0},
		{STR_INIT(""), 10, -1, 0}, {{NULL, 0}, 10, -1, 0}, {STR_INIT("+1"), 10, -1, 0},
		{STR_INIT("-1"), 10, -1, 0}, {STR_INIT(" 1"), 10, -1, 0},
		{STR_INIT("1 "), 10, -1, 0}, {STR_INIT("1\0"), 10, -1, 0},
		{STR_INIT("0x1"), 10, -1, 0}, {STR_INIT("1e1"), 10, -1, 0},
		{STR_INIT("\xd9\xa1"), 10, -1, 0}, /* an Arabic one */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		uint64_t v = 4711;

		assert_int_equal(num_u64(cases[i].s, cases[i].max, &v, &err), cases[i].rc);
		assert_true(v == (cases[i].rc ? 4711 : cases[i].want));
		assert_int_equal(err.kind, cases[i].rc ? ERR_SPEC : ERR_NONE);
	}
}

static void test_i64(void **state attr_unused)
{
	static const struct {
		struct str s;
		int64_t min, max;
		int rc;
		int64_t want;
	} cases[] = {
		{STR_INIT("0"), -1, 1, 0, 0},
		{STR_INIT("-0"), -1, 1, 0, 0},
		{STR_INIT("-1"), -1, 1, 0, -1},
		{STR_INIT("-2"), -1, 1, -1, 0},
		{STR_INIT("2"), -1, 1, -1, 0},
		{STR_INIT("9223372036854775807"), INT64_MIN, INT64_MAX, 0, INT64_MAX},
		{STR_INIT("9223372036854775808"), INT64_MIN, INT64_MAX, -1, 0},
		{STR_INIT("-9223372036854775808"), INT64_MIN, INT64_MAX, 0, INT64_MIN},
		{STR_INIT("-9223372036854775809"), INT64_MIN, INT64_MAX, -1, 0},
		{STR_INIT("-"), -1, 1, -1, 0},
		{STR_INIT("--1"), -1, 1, -1, 0},
		{STR_INIT("+1"), -1, 1, -1, 0},
		{STR_INIT(""), -1, 1, -1, 0},
		{STR_INIT("1.0"), -1, 1, -1, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		int64_t v = 4711;

		assert_int_equal(
			num_i64(cases[i].s, cases[i].min, cases[i].max, &v, &err), cases[i].rc);
		assert_true(v == (cases[i].rc ? 4711 : cases[i].want));
	}
}

static void test_octal(void **state attr_unused)
{
	uint64_t v;

	assert_int_equal(num_octal(STR("0755"), 07777, &v, NULL), 0);
	assert_int_equal(v, 0755);
	assert_int_equal(num_octal(STR("7777"), 07777, &v, NULL), 0);
	assert_int_equal(num_octal(STR("10000"), 07777, &v, NULL), -1);
	assert_int_equal(num_octal(STR("8"), 07777, &v, NULL), -1);
	assert_int_equal(num_octal(STR(""), 07777, &v, NULL), -1);
}

/* After the tables of Go's time_test.go. */
static void test_duration(void **state attr_unused)
{
	static const struct {
		struct str s;
		int64_t want;
	} cases[] = {
		{STR_INIT("0"), 0},
		{STR_INIT("+0"), 0},
		{STR_INIT("-0"), 0},
		{STR_INIT("5s"), 5 * NS_PER_S},
		{STR_INIT("30s"), 30 * NS_PER_S},
		{STR_INIT("1478s"), 1478 * NS_PER_S},
		{STR_INIT("-5s"), -5 * NS_PER_S},
		{STR_INIT("+5s"), 5 * NS_PER_S},
		{STR_INIT("5.0s"), 5 * NS_PER_S},
		{STR_INIT("5.6s"), 5600 * (int64_t)NS_PER_MS},
		{STR_INIT("5.s"), 5 * NS_PER_S},
		{STR_INIT(".5s"), 500 * (int64_t)NS_PER_MS},
		{STR_INIT("1.0s"), NS_PER_S},
		{STR_INIT("1.004s"), 1004 * (int64_t)NS_PER_MS},
		{STR_INIT("1.0040s"), 1004 * (int64_t)NS_PER_MS},
		{STR_INIT("100.00100s"), 100001 * (int64_t)NS_PER_MS},
		{STR_INIT("10ns"), 10},
		{STR_INIT("11us"), 11000},
		{STR_INIT("12\xc2\xb5s"), 12000},
		{STR_INIT("12\xce\xbcs"), 12000},
		{STR_INIT("13ms"), 13000000},
		{STR_INIT("14s"), 14 * NS_PER_S},
		{STR_INIT("15m"), 15 * 60 * NS_PER_S},
		{STR_INIT("16h"), 16 * 3600 * NS_PER_S},
		{STR_INIT("3h30m"), 12600 * NS_PER_S},
		{STR_INIT("10.5s4m"), 250500 * (int64_t)NS_PER_MS},
		{STR_INIT("-2m3.4s"), -123400 * (int64_t)NS_PER_MS},
		{STR_INIT("1h2m3s4ms5us6ns"), INT64_C(3723004005006)},
		{STR_INIT("39h9m14.425s"), INT64_C(140954425000000)},
		{STR_INIT("52763797000ns"), INT64_C(52763797000)},
		{STR_INIT("0.3333333333333333333h"), 20 * 60 * NS_PER_S},
		{STR_INIT("9007199254740993ns"), INT64_C(9007199254740993)},
		{STR_INIT("9223372036854775807ns"), INT64_MAX},
		{STR_INIT("9223372036854775.807us"), INT64_MAX},
		{STR_INIT("9223372036s854ms775us807ns"), INT64_MAX},
		{STR_INIT("-9223372036854775808ns"), INT64_MIN},
		{STR_INIT("-9223372036854775.808us"), INT64_MIN},
		{STR_INIT("-9223372036s854ms775us808ns"), INT64_MIN},
		{STR_INIT("0.100000000000000000000h"), 360 * NS_PER_S},
		{STR_INIT("0.830103483285477580700h"), INT64_C(2988372539827)},
		{STR_INIT("0.9223372036854775807h"), INT64_C(3320413933267)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		int64_t v = 1;

		assert_int_equal(num_duration(cases[i].s, &v, &err), 0);
		assert_true(v == cases[i].want);
	}
}

static void test_duration_refused(void **state attr_unused)
{
	static const struct {
		struct str s;
		const char *want;
	} cases[] = {
		{STR_INIT(""), "time: invalid duration \"\""},
		{STR_INIT("3"), "time: missing unit in duration \"3\""},
		{STR_INIT("10"), "time: missing unit in duration \"10\""},
		{STR_INIT("00"), "time: missing unit in duration \"00\""},
		{STR_INIT("1h30"), "time: missing unit in duration \"1h30\""},
		{STR_INIT("3.3"), "time: missing unit in duration \"3.3\""},
		{STR_INIT("1.2.3s"), "time: missing unit in duration \"1.2.3s\""},
		{STR_INIT("-"), "time: invalid duration \"-\""},
		{STR_INIT("+"), "time: invalid duration \"+\""},
		{STR_INIT("s"), "time: invalid duration \"s\""},
		{STR_INIT("."), "time: invalid duration \".\""},
		{STR_INIT("-."), "time: invalid duration \"-.\""},
		{STR_INIT(".s"), "time: invalid duration \".s\""},
		{STR_INIT("+.s"), "time: invalid duration \"+.s\""},
		{STR_INIT(" 5s"), "time: invalid duration \" 5s\""},
		{STR_INIT("--5s"), "time: invalid duration \"--5s\""},
		{STR_INIT("1d"), "time: unknown unit \"d\" in duration \"1d\""},
		{STR_INIT("1S"), "time: unknown unit \"S\" in duration \"1S\""},
		{STR_INIT("5s "), "time: unknown unit \"s \" in duration \"5s \""},
		{STR_INIT("10 minutes"),
			"time: unknown unit \" minutes\" in duration \"10 minutes\""},
		{STR_INIT("1\x85"), "time: unknown unit \"\\x85\" in duration \"1\\x85\""},
		{STR_INIT("1\0"), "time: unknown unit \"\\x00\" in duration \"1\\x00\""},
		{STR_INIT("1\"\\"),
			"time: unknown unit \"\\\"\\\\\" in duration \"1\\\"\\\\\""},
		{STR_INIT("h\xc3\xa9"), "time: invalid duration \"h\\xc3\\xa9\""},
		{STR_INIT("9223372036854775808ns"),
			"time: invalid duration \"9223372036854775808ns\""},
		{STR_INIT("-9223372036854775809ns"),
			"time: invalid duration \"-9223372036854775809ns\""},
		{STR_INIT("9223372036854775.808us"),
			"time: invalid duration \"9223372036854775.808us\""},
		{STR_INIT("9223372036854ms775us808ns"),
			"time: invalid duration \"9223372036854ms775us808ns\""},
		{STR_INIT("3000000h"), "time: invalid duration \"3000000h\""},
		{STR_INIT("99999999999999999999h"),
			"time: invalid duration \"99999999999999999999h\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		int64_t v = 4711;

		assert_int_equal(num_duration(cases[i].s, &v, &err), -1);
		assert_string_equal(err.msg, cases[i].want);
		assert_int_equal(err.kind, ERR_SPEC);
		assert_int_equal(v, 4711);
	}
}

static void test_duration_long(void **state attr_unused)
{
	char text[5000];
	struct err err;
	int64_t v;

	memset(text, '\x01', sizeof(text));
	text[0] = '1';
	assert_int_equal(num_duration((struct str){text, sizeof(text)}, &v, &err), -1);
	assert_true(strlen(err.msg) < ERR_MSG_BYTES);
	memset(text, '1', sizeof(text));
	assert_int_equal(num_duration((struct str){text, sizeof(text)}, &v, &err), -1);
}

static void test_duration_text(void **state attr_unused)
{
	static const struct {
		int64_t ns;
		const char *want;
	} cases[] = {
		{0, "0s"},
		{1, "1ns"},
		{999, "999ns"},
		{1100, "1.1\xc2\xb5s"},
		{2200000, "2.2ms"},
		{300000000, "300ms"},
		{999999999, "999.999999ms"},
		{1000000000, "1s"},
		{3300000000, "3.3s"},
		{4000000000, "4s"},
		{60 * NS_PER_S, "1m0s"},
		{90 * NS_PER_S, "1m30s"},
		{245001 * (int64_t)NS_PER_MS, "4m5.001s"},
		{18367001 * (int64_t)NS_PER_MS, "5h6m7.001s"},
		{480000000001, "8m0.000000001s"},
		{3600 * NS_PER_S, "1h0m0s"},
		{100 * 3600 * NS_PER_S, "100h0m0s"},
		{-90 * NS_PER_S, "-1m30s"},
		{INT64_MAX, "2562047h47m16.854775807s"},
		{INT64_MIN, "-2562047h47m16.854775808s"},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str s = num_duration_text(a, cases[i].ns);
		int64_t back;

		assert_string_equal(s.p, cases[i].want);
		assert_int_equal(s.n, strlen(cases[i].want));
		assert_int_equal(num_duration(s, &back, NULL), 0);
		assert_true(back == cases[i].ns);
	}
}

static void test_quantity(void **state attr_unused)
{
	static const struct {
		struct str s;
		int64_t units, milli;
	} cases[] = {
		{STR_INIT("0"), 0, 0},
		{STR_INIT("0Mi"), 0, 0},
		{STR_INIT("1"), 1, 1000},
		{STR_INIT("+1"), 1, 1000},
		{STR_INIT("-1"), -1, -1000},
		{STR_INIT("2"), 2, 2000},
		{STR_INIT("500m"), 1, 500},
		{STR_INIT("0.1"), 1, 100},
		{STR_INIT("0.5"), 1, 500},
		{STR_INIT(".5"), 1, 500},
		{STR_INIT("1."), 1, 1000},
		{STR_INIT("1500m"), 2, 1500},
		{STR_INIT("1.5"), 2, 1500},
		{STR_INIT("1n"), 1, 1},
		{STR_INIT("1u"), 1, 1},
		{STR_INIT("1001u"), 1, 2},
		{STR_INIT("1k"), 1000, 1000000},
		{STR_INIT("1e3"), 1000, 1000000},
		{STR_INIT("1E3"), 1000, 1000000},
		{STR_INIT("1e+3"), 1000, 1000000},
		{STR_INIT("1000e-3"), 1, 1000},
		{STR_INIT("1G"), 1000000000, INT64_C(1000000000000)},
		{STR_INIT("64Mi"), 67108864, INT64_C(67108864000)},
		{STR_INIT("1Ki"), 1024, 1024000},
		{STR_INIT("1.5Gi"), 1610612736, INT64_C(1610612736000)},
		{STR_INIT("0.001Ki"), 2, 1024},
		{STR_INIT("1.1Ki"), 1127, 1126400},
		{STR_INIT("1P"), INT64_C(1000000000000000), INT64_C(1000000000000000000)},
		{STR_INIT("0.0000000000000000000000000000000000001"), 1, 1},
		{STR_INIT("0.00000000000000000000000000000000000000000000000000"), 0, 0},
		{STR_INIT("1.00000000000000000000000000000000000000000000000000"), 1, 1000},
		{STR_INIT("0000000000000000000000000000000000000000000000000001"), 1, 1000},
		{STR_INIT("1e-999"), 1, 1},
		{STR_INIT("0e999"), 0, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t v;

		assert_int_equal(num_quantity(cases[i].s, &v, NULL), 0);
		assert_true(v == cases[i].units);
		assert_int_equal(num_quantity_milli(cases[i].s, &v, NULL), 0);
		assert_true(v == cases[i].milli);
	}
}

static void test_quantity_limits(void **state attr_unused)
{
	static const struct {
		struct str s;
		int rc;
		int64_t want;
	} cases[] = {
		{STR_INIT("9223372036854775807"), 0, INT64_MAX},
		{STR_INIT("9223372036854775808"), -1, 0},
		{STR_INIT("-9223372036854775807"), 0, -INT64_MAX},
		{STR_INIT("9223372036854775806.5"), 0, INT64_MAX},
		{STR_INIT("9223372036854775807.5"), -1, 0},
		{STR_INIT("7Ei"), 0, INT64_C(8070450532247928832)},
		{STR_INIT("8Ei"), -1, 0},
		{STR_INIT("7.9999999Ei"), 0, INT64_C(9223371921562625348)},
		{STR_INIT("9E"), 0, INT64_C(9000000000000000000)},
		{STR_INIT("10E"), -1, 0},
		{STR_INIT("1e18"), 0, INT64_C(1000000000000000000)},
		{STR_INIT("1e19"), -1, 0},
		{STR_INIT("1e1000"), -1, 0},
		{STR_INIT("1e99999999999999999999"), -1, 0},
		{STR_INIT("99999999999999999999999999999999999999999999999999"), -1, 0},
		{STR_INIT("99999999999999999999999999999999999999999999999999n"), -1, 0},
		{STR_INIT("1000000000000000000000000000000000000e-36"), 0, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		int64_t v = 4711;

		assert_int_equal(num_quantity(cases[i].s, &v, &err), cases[i].rc);
		assert_true(v == (cases[i].rc ? 4711 : cases[i].want));
		if (cases[i].rc)
			assert_non_null(strstr(err.msg, "is too large"));
	}
}

static void test_quantity_refused(void **state attr_unused)
{
	static const struct str cases[] = {
		STR_INIT(""),
		STR_INIT("."),
		STR_INIT("-"),
		STR_INIT("Mi"),
		STR_INIT("1.1.M"),
		STR_INIT("1+1.0M"),
		STR_INIT("0.1mi"),
		STR_INIT("0.1am"),
		STR_INIT("aoeu"),
		STR_INIT(".5i"),
		STR_INIT("1i"),
		STR_INIT("-3.01i"),
		STR_INIT("-3.01e-"),
		STR_INIT("1e"),
		STR_INIT(" 1"),
		STR_INIT("1 "),
		STR_INIT("1 Gi"),
		STR_INIT("1K"),
		STR_INIT("1ki"),
		STR_INIT("1MB"),
		STR_INIT("1e3Mi"),
		STR_INIT("1\0"),
		STR_INIT("0x10"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		int64_t v = 4711;

		assert_int_equal(num_quantity(cases[i], &v, &err), -1);
		assert_int_equal(num_quantity_milli(cases[i], &v, NULL), -1);
		assert_int_equal(v, 4711);
		assert_non_null(strstr(err.msg, "is not a number"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_i64),
		cmocka_unit_test(test_octal),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_duration_refused),
		cmocka_unit_test(test_duration_long),
		cmocka_unit_test(test_duration_text),
		cmocka_unit_test(test_quantity),
		cmocka_unit_test(test_quantity_limits),
		cmocka_unit_test(test_quantity_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
