/* SPDX-License-Identifier: Apache-2.0 */
/* When expressions: exact comparison, all must hold. */
#include "tests/unit/spec_build.h"
#include <monopod/subst.h>

static void test_one(void **state)
{
	static const struct {
		const char *input;
		enum when_operator op;
		const char *values;
		bool want;
	} cases[] = {
		{"a", WHEN_IN, "a,b", true},
		{"c", WHEN_IN, "a,b", false},
		{"a", WHEN_NOTIN, "a,b", false},
		{"c", WHEN_NOTIN, "a,b", true},
		{"a ", WHEN_IN, "a", false},
		{"A", WHEN_IN, "a", false},
		{"", WHEN_IN, ",a", true},
		{"", WHEN_IN, "a", false},
		{NULL, WHEN_IN, ",x", true},
		{"x", WHEN_IN, NULL, false},
		{"x", WHEN_NOTIN, NULL, true},
		{"a", WHEN_OTHER, "a", false},
		{"$(tasks.t.results.r)", WHEN_IN, "v", false},
		{"$(tasks.t.results.r)", WHEN_NOTIN, "v", true},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct value v = make_array(a, cases[i].values);
		struct when w = {.input = make_text(cases[i].input),
			.op = cases[i].op,
			.values = v.array,
			.n_values = v.n_array};

		if (when_holds(&w, 1) != cases[i].want)
			print_error("case %zu\n", i);
		assert_int_equal(when_holds(&w, 1), cases[i].want);
	}
	arena_free(a);
}

static void test_all_must_hold(void **state)
{
	struct text one = make_text("a");
	struct when yes = {.input = one, .op = WHEN_IN, .values = &one, .n_values = 1};
	struct when no = {.input = one, .op = WHEN_NOTIN, .values = &one, .n_values = 1};
	struct when both[] = {yes, yes, no};

	(void)state;
	assert_true(when_holds(NULL, 0));
	assert_true(when_holds(both, 2));
	assert_false(when_holds(both, 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_all_must_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
