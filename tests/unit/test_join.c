/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of named elements: which stay, in which order, and whole. */
#include "agent/join.h"
#include "spec_build.h"

struct thing {
	int number;
	struct text name;
};

/* A letter a thing; its number is its place. */
static size_t make(const char *letters, int from, struct thing *ret)
{
	size_t n = 0;

	for (; letters[n]; n++)
		ret[n] = (struct thing){
			.number = from + (int)n, .name.s = {.p = &letters[n], .n = 1}};
	return n;
}

static void test_join(void **state attr_unused)
{
	static const struct {
		const char *first, *second, *want; /* names, then numbers from 0 and from 5 */
	} cases[] = {
		{"", "", ""},
		{"ab", "", "a0b1"},
		{"", "ab", "a5b6"},
		{"b", "abc", "b0a5c7"},
		{"ab", "ba", "a0b1"},
		{"aa", "bb", "a0a1b5b6"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct thing first[3], second[3];
		size_t n_first = make(cases[i].first, 0, first);
		size_t n_second = make(cases[i].second, 5, second);
		struct str got = STR_NONE;
		size_t n;
		const struct thing *all = join_by_name(a,
			&(struct joined){.first = n_first ? first : NULL,
				.n_first = n_first,
				.second = n_second ? second : NULL,
				.n_second = n_second,
				.size = sizeof(struct thing),
				.at_name = offsetof(struct thing, name)},
			&n);

		for (size_t k = 0; k < n; k++)
			got = arena_printf(a, STR_FMT STR_FMT "%d", STR_ARG(got),
				STR_ARG(all[k].name.s), all[k].number);
		if (!str_eqz(got, cases[i].want))
			fail_msg("case %zu: '" STR_FMT "', want '%s'", i, STR_ARG(got),
				cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_join),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
