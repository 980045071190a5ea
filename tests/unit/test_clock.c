/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339 both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/clock.h>
#include <base/num.h>

static void test_text(void **state attr_unused)
{
	static const struct {
		int64_t ns;
		const char *seconds, *ms;
	} cases[] = {
		{0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"},
		{INT64_C(1795349323573000000), "2026-11-22T12:08:43Z",
			"2026-11-22T12:08:43.573Z"},
		{INT64_C(1709164799999999999), "2024-02-28T23:59:59Z",
			"2024-02-28T23:59:59.999Z"},
		{-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999Z"},
		{INT64_MAX, "2262-04-11T23:47:16Z", "2262-04-11T23:47:16.854Z"},
		{INT64_MIN, "1677-09-21T00:12:43Z", "1677-09-21T00:12:43.145Z"},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t back;

		assert_string_equal(clock_rfc3339(a, cases[i].ns).p, cases[i].seconds);
		assert_string_equal(clock_rfc3339_ms(a, cases[i].ns).p, cases[i].ms);
		if (cases[i].ns == INT64_MIN)
			continue; /* its whole second is out of range */
		assert_int_equal(clock_parse_rfc3339(str_z(cases[i].seconds), &back), 0);
		assert_true(back <= cases[i].ns && back > cases[i].ns - NS_PER_S);
	}
}

static void test_parse(void **state attr_unused)
{
	static const struct {
		struct str s;
		int64_t want;
	} cases[] = {
		{STR_INIT("1970-01-01T00:00:00Z"), 0},
		{STR_INIT("1970-01-01T00:00:00.5Z"), 500000000},
		{STR_INIT("1970-01-01T00:00:00.000000001Z"), 1},
		{STR_INIT("1970-01-01T00:00:00.0000000019999Z"), 1},
		{STR_INIT("1970-01-01T01:30:00+01:30"), 0},
		{STR_INIT("1969-12-31T20:00:00-04:00"), 0},
		{STR_INIT("2024-02-29T00:00:00Z"), 1709164800 * INT64_C(1000000000)},
		{STR_INIT("2000-02-29T00:00:00Z"), 951782400 * INT64_C(1000000000)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t v = 4711;

		assert_int_equal(clock_parse_rfc3339(cases[i].s, &v), 0);
		assert_true(v == cases[i].want);
	}
}

static void test_refused(void **state attr_unused)
{
	static const struct str cases[] = {
		STR_INIT(""),
		STR_INIT("2026-11-22"),
		STR_INIT("2026-11-22T12:08:43"),
		STR_INIT("2026-11-22 12:08:43Z"),
		STR_INIT("2026-11-22t12:08:43Z"),
		STR_INIT("2026-11-22T12:08:43z"),
		STR_INIT("2026-11-22T12:08:43Z "),
		STR_INIT("2026-11-22T12:08:43.Z"),
		STR_INIT("2026-13-22T12:08:43Z"),
		STR_INIT("2026-00-22T12:08:43Z"),
		STR_INIT("2026-11-31T12:08:43Z"),
		STR_INIT("2026-02-29T12:08:43Z"),
		STR_INIT("2100-02-29T12:08:43Z"),
		STR_INIT("2026-11-00T12:08:43Z"),
		STR_INIT("2026-11-22T24:08:43Z"),
		STR_INIT("2026-11-22T12:60:43Z"),
		STR_INIT("2026-11-22T12:08:60Z"),
		STR_INIT("2026-11-22T12:08:43+0100"),
		STR_INIT("2026-11-22T12:08:43+24:00"),
		STR_INIT("-026-11-22T12:08:43Z"),
		STR_INIT("2026-11-2 T12:08:43Z"),
		STR_INIT("9999-11-22T12:08:43Z"),
		STR_INIT("0001-01-01T00:00:00Z"),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t v = 4711;

		assert_int_equal(clock_parse_rfc3339(cases[i], &v), -1);
		assert_int_equal(v, 4711);
	}
}

static void test_span(void **state attr_unused)
{
	static const struct {
		int64_t from, to, want;
	} cases[] = {
		{0, 0, 0},
		{1, 3, 2},
		{3, 1, -2},
		{-1, INT64_MAX - 1, INT64_MAX},
		{-2, INT64_MAX - 1, INT64_MAX},
		{INT64_MIN, INT64_MAX, INT64_MAX},
		{INT64_MAX, INT64_MIN, INT64_MIN},
		{1, INT64_MIN, INT64_MIN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_true(clock_span_ns(cases[i].from, cases[i].to) == cases[i].want);
}

static void test_now(void **state attr_unused)
{
	int64_t a = clock_mono_ns();
	int64_t b = clock_mono_ns();

	assert_true(a > 0 && b >= a);
	assert_true(clock_wall_ns() > INT64_C(1700000000) * NS_PER_S);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
