/* SPDX-License-Identifier: Apache-2.0 */
/* Kubernetes' $(VAR) expansion. */
#include "agent/expand.h"
#include "agent_rig.h"

static void test_expand(void **state)
{
	const struct env_entry env[] = {
		{.name = STR("A"), .value = STR("one")},
		{.name = STR("B"), .value = STR("$(A)")}, /* values are not expanded again */
		{.name = STR("A"), .value = STR("two")},  /* the last of a name counts */
		{.name = STR("E"), .value = STR("")},
	};
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"$(A)", "two"},
		{"x$(A)y$(A)z", "xtwoytwoz"},
		{"$(B)", "$(A)"},
		{"<$(E)>", "<>"},
		{"$(NO)", "$(NO)"},
		{"$()", "$()"},
		{"$$(A)", "$(A)"},
		{"$$$(A)", "$two"},
		{"$$$$(A)", "$$(A)"},
		{"cost: 5$", "cost: 5$"},
		{"$", "$"},
		{"$$", "$"},
		{"$x $1", "$x $1"},
		{"$(A", "$(A"},
		{"$(A $(A)", "$(A $(A)"},
		{"$((1+2))", "$((1+2))"},
		{"${A}", "${A}"},
	};
	struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str got = expand_text(a, str_z(cases[i].in), env, ARRAY_SIZE(env));

		assert_string_equal(str_c(arena_str(a, got)), cases[i].out);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_expand)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
