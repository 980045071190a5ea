/* SPDX-License-Identifier: Apache-2.0 */
/* Security contexts of templates, containers and pods in one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <agent/security.h>
#include <base/attr.h>

#define YES                                                                                    \
	{                                                                                      \
		.v = true, .pos = {.line = 1 }                                                 \
	}
#define NO                                                                                     \
	{                                                                                      \
		.v = false, .pos = {.line = 1 }                                                \
	}
#define ID(n)                                                                                  \
	{                                                                                      \
		.v = (n), .pos = {.line = 1 }                                                  \
	}

static struct text chown_kill[] = {{.s = STR_INIT("CHOWN")}, {.s = STR_INIT("cap_kill")}};
static struct text all_and_fowner[] = {{.s = STR_INIT("all")}, {.s = STR_INIT("FOWNER")}};

/* The container's own word counts, a list as a whole; what it does not say, the template says.
 */
static void test_template(void **state attr_unused)
{
	const struct security_context t = {.run_as_user = ID(5),
		.read_only_root_filesystem = YES,
		.allow_privilege_escalation = YES,
		.cap_add = chown_kill,
		.n_cap_add = 2,
		.cap_drop = all_and_fowner,
		.n_cap_drop = 2};
	struct security_context own = {.allow_privilege_escalation = NO,
		.run_as_group = ID(6),
		.cap_add = all_and_fowner + 1,
		.n_cap_add = 1};

	security_merge(&own, &t);
	assert_int_equal(own.run_as_user.v, 5);
	assert_int_equal(own.run_as_group.v, 6);
	assert_true(own.read_only_root_filesystem.v);
	assert_false(own.allow_privilege_escalation.v);
	assert_int_equal(own.n_cap_add, 1);
	assert_ptr_equal(own.cap_add, all_and_fowner + 1);
	assert_int_equal(own.n_cap_drop, 2);
}

static void test_launch(void **state attr_unused)
{
	struct maybe_int four = ID(4);
	struct task_launch task = {0};
	const struct security_context pod = {.run_as_user = ID(1000),
		.run_as_group = ID(1001),
		.run_as_non_root = YES,
		.fs_group = ID(2000),
		.seccomp_type = {.s = STR_INIT("Unconfined")},
		.supplemental_groups = &four,
		.n_supplemental_groups = 1,
		.supplemental_groups_policy = {.s = STR_INIT("Strict")}};
	const struct security_context own = {.run_as_user = ID(0),
		.proc_mount = {.s = STR_INIT("Unmasked")},
		.run_as_non_root = NO,
		.read_only_root_filesystem = YES,
		.allow_privilege_escalation = YES,
		.cap_add = chown_kill,
		.n_cap_add = 2,
		.cap_drop = all_and_fowner,
		.n_cap_drop = 2};
	const struct security_context none = {0};
	struct step_launch l = {0};
	struct arena *a cleanup_arena = arena_new();

	security_launch(a, &pod, &own, &l);
	assert_int_equal(l.run_as_user, 0);
	assert_int_equal(l.run_as_group, 1001);
	assert_false(l.run_as_non_root);
	assert_true(l.security.read_only_root);
	assert_true(l.security.may_escalate);
	assert_true(l.security.is_unconfined); /* the pod's */
	assert_true(l.security.is_proc_unmasked);
	assert_int_equal(l.security.cap_add, 1 << 0 | 1 << 5);
	assert_int_equal(l.security.cap_drop, 1 << 3);
	assert_false(l.security.adds_all);
	assert_true(l.security.drops_all);

	assert_int_equal(l.security.n_groups, 2);
	assert_int_equal(l.security.groups[0], 4);
	assert_int_equal(l.security.groups[1], 2000);
	assert_true(l.security.own_groups_only);
	security_volumes(&pod, &task);
	assert_true(task.has_fs_group);
	assert_int_equal(task.fs_group, 2000);
	assert_false(task.fs_group_on_mismatch);

	l = (struct step_launch){0};
	security_launch(a, &pod,
		&(struct security_context){.seccomp_type = {.s = STR_INIT("RuntimeDefault")}},
		&l);
	assert_false(l.security.is_unconfined);
	l = (struct step_launch){0};
	security_launch(a, &none, &none, &l);
	assert_int_equal(l.run_as_user, -1);
	assert_int_equal(l.run_as_group, -1);
	assert_false(l.security.read_only_root);
	assert_false(l.security.may_escalate);
}

/* privileged is everything, whatever else is said; drop still takes away. */
static void test_privileged(void **state attr_unused)
{
	static struct text admin[] = {{.s = STR_INIT("SYS_ADMIN")}};
	const struct security_context template = {.privileged = YES};
	const struct security_context pod = {.seccomp_type = {.s = STR_INIT("RuntimeDefault")}};
	struct security_context own = {.cap_drop = chown_kill, .n_cap_drop = 2};
	struct step_launch l = {0};
	struct arena *a cleanup_arena = arena_new();

	security_merge(&own, &template);
	security_launch(a, &pod, &own, &l);
	assert_true(l.security.is_privileged);
	assert_true(l.security.is_admin);
	assert_true(l.security.adds_all);
	assert_true(l.security.is_unconfined);
	assert_true(l.security.is_proc_unmasked);
	assert_true(l.security.may_escalate);
	assert_int_equal(l.security.cap_drop, 1 << 0 | 1 << 5);

	/* a profile is the step's, else the pod's; none for who is privileged */
	{
		struct profile_use file = {.rules = (const struct seccomp_rules *)&l};
		const struct security_context of_pod = {
			.seccomp_type = {.s = STR_INIT("Localhost")}, .profile = &file};
		const struct security_context nothing = {0};

		l = (struct step_launch){0};
		security_launch(a, &of_pod, &own, &l);
		assert_null(l.security.rules);
		l = (struct step_launch){0};
		security_launch(a, &of_pod, &nothing, &l);
		assert_ptr_equal(l.security.rules, file.rules);
		l = (struct step_launch){0};
		security_launch(a, &of_pod, &pod, &l);
		assert_null(l.security.rules);
	}

	own = (struct security_context){.privileged = NO};
	security_merge(&own, &template);
	l = (struct step_launch){0};
	security_launch(a, &pod, &own, &l);
	assert_false(l.security.is_privileged);
	assert_false(l.security.adds_all);
	assert_false(l.security.may_escalate);

	own = (struct security_context){.cap_add = admin, .n_cap_add = 1};
	l = (struct step_launch){0};
	security_launch(a, &pod, &own, &l);
	assert_false(l.security.is_privileged);
	assert_true(l.security.is_admin);
	assert_false(l.security.is_unconfined);
	assert_true(l.security.may_escalate);
	own.allow_privilege_escalation = (struct maybe_bool)NO;
	l = (struct step_launch){0};
	security_launch(a, &pod, &own, &l);
	assert_false(l.security.may_escalate);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_launch),
		cmocka_unit_test(test_privileged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
