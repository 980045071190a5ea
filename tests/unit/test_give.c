/* SPDX-License-Identifier: Apache-2.0 */
/* Demands of security contexts against places: who can give what, and the words of who cannot.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/attr.h>
#include <entrypoint/give.h>
#include <string.h>

static struct sandbox_fact facts[] = {
	{.name = "capabilities", .evidence = STR_INIT("the start: no space left on device")},
	{.name = "escalation", .evidence = STR_INIT("no_new_privs is set")},
};
static const struct sandbox_place many = {.level = SANDBOX_ROOT,
	.map = {.uid = {{0, 100000, 65536}},
		.n_uid = 1,
		.gid = {{0, 100000, 1000}},
		.n_gid = 1},
	.can_nest = true,
	.can_escalate = true};
static const struct sandbox_place single = {.level = SANDBOX_USER_SINGLE,
	.map = {.uid = {{0, 5, 1}},
		.n_uid = 1,
		.gid = {{0, 5, 1}},
		.n_gid = 1,
		.is_single = true},
	.can_nest = true};
static const struct sandbox_place poor = {.level = SANDBOX_ROOT,
	.map = {.uid = {{0, 1, 10}}, .n_uid = 1, .gid = {{0, 1, 10}}, .n_gid = 1},
	.facts = facts,
	.n_facts = ARRAY_SIZE(facts)};

static void test_lack(void **state)
{
	static const struct {
		const struct sandbox_place *place;
		enum demand_kind kind;
		int64_t id;
		const char *text;
	} cases[] = {
		{&many, DEMAND_USER, 0, ""},
		{&many, DEMAND_USER, 65535, ""},
		{&many, DEMAND_USER, 65536, "users of steps can be 0 to 65535"},
		{&many, DEMAND_USER, INT64_C(1) << 32, "users of steps can be 0 to 65535"},
		{&many, DEMAND_GROUP, 1000, "groups of steps can be 0 to 999"},
		{&many, DEMAND_MORE_GROUPS, 1000, "groups of steps can be 0 to 999"},
		{&many, DEMAND_PRIVILEGE, 0, ""},
		{&many, DEMAND_ESCALATION, 0, ""},
		{&single, DEMAND_USER, 0, ""},
		{&single, DEMAND_USER, 1000, "users of steps can be 0 alone"},
		{&single, DEMAND_GROUP, 5, "groups of steps can be 0 alone"},
		{&single, DEMAND_MORE_GROUPS, 5, ""},
		{&single, DEMAND_PRIVILEGE, 0, ""},
		{&single, DEMAND_ESCALATION, 0, ""},
		{&poor, DEMAND_PRIVILEGE, 0,
			"no user namespace can be nested in a step's: the start: no space "
			"left on device"},
		{&poor, DEMAND_ESCALATION, 0,
			"setuid programs cannot count: no_new_privs is set"},
	};
	struct arena *a cleanup_arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct demand d = {.kind = cases[i].kind, .id = cases[i].id};
		struct str lack = give_lack(a, cases[i].place, &d);

		assert_string_equal(str_c(arena_str(a, lack)), cases[i].text);
	}
}

static void test_wants(void **state)
{
	const struct demand d[] = {{.kind = DEMAND_USER}, {.kind = DEMAND_PRIVILEGE}};

	(void)state;
	assert_int_equal(give_wants(d, 0), 0);
	assert_int_equal(give_wants(d, 1), 0);
	assert_int_equal(give_wants(d, 2), SANDBOX_WANT_NEST);
}

/* What probe prints of a place is what a demand would meet there. */
static void test_lines(void **state)
{
	const struct sandbox_place *const places[] = {&many, &single, &poor};
	struct arena *a cleanup_arena = arena_new();

	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(places); p++) {
		struct give_line *lines;
		size_t n;

		give_lines(a, places[p], &lines, &n);
		for (size_t i = 0; i < n; i++) {
			struct demand d = {.kind = DEMAND_PRIVILEGE};

			assert_true(lines[i].text.n);
			if (strcmp(lines[i].field, "allowPrivilegeEscalation") == 0)
				d.kind = DEMAND_ESCALATION;
			else if (strcmp(lines[i].field, "privileged") != 0)
				continue;
			assert_int_equal(lines[i].works, !give_lack(a, places[p], &d).n);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lack),
		cmocka_unit_test(test_wants),
		cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
