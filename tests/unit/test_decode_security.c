/* SPDX-License-Identifier: Apache-2.0 */
/* Security contexts: what is read, what is wrong, what no step can be given. */
#include "spec_text.h"

#define STEP TASK_HEAD "  steps:\n  - image: i\n    securityContext: "

static struct spec *load_context(struct arena *a, const char *yaml)
{
	return load_part(a, STEP, yaml, "\n");
}

static void test_members(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_context(a,
		"{readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: "
		"{add: [CHOWN, cap_setuid], drop: [ALL]}, seccompProfile: {type: "
		"RuntimeDefault}}");
	const struct security_context *c = &s->tasks[0].spec.steps[0].security_context;

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_true(c->read_only_root_filesystem.v);
	assert_true(c->allow_privilege_escalation.pos.line);
	assert_false(c->allow_privilege_escalation.v);
	assert_int_equal(c->n_cap_add, 2);
	assert_string_equal(str_c(c->cap_add[1].s), "cap_setuid");
	assert_int_equal(c->n_cap_drop, 1);
	assert_string_equal(str_c(c->seccomp_type.s), "RuntimeDefault");
}

/* Who reads files is told each that is named. */
static void test_profiles(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_context(
		a, "{seccompProfile: {type: Localhost, localhostProfile: a..b/c.json}}");
	const struct security_context *c = &s->tasks[0].spec.steps[0].security_context;

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_ptr_equal(s->profiles, c->profile);
	assert_string_equal(str_c(c->profile->name.s), "a..b/c.json");
	assert_null(c->profile->next);
	assert_null(c->profile->rules);
	s = load_context(a, "{seccompProfile: {type: RuntimeDefault}}");
	assert_null(s->profiles);
}

/* What is not given and what is not said makes no diagnostic. */
static void test_silent(void **state attr_unused)
{
	static const char *const cases[] = {"{privileged: false}",
		"{privileged: false, allowPrivilegeEscalation: false}",
		"{capabilities: {add: [SYS_PTRACE]}}", "{capabilities: {drop: [ALL, MKNOD]}}"};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_context(a, cases[i]);

		assert_string_equal(diag_lines(a, s->diags), "");
	}
}

/* With an error, or with several; a warning does not stop a run. */
static void test_privilege(void **state attr_unused)
{
	static const struct {
		const char *yaml;
		const char *text;
		size_t n_errors;
	} cases[] = {
		{"{privileged: true, allowPrivilegeEscalation: true}", "", 0},
		{"{privileged: true, capabilities: {add: [NET_ADMIN]}}", "", 0},
		{"{capabilities: {add: [NET_RAW, SYS_ADMIN, NET_ADMIN]}}", "", 0},
		{"{capabilities: {add: [all]}}", "", 0},
		{"{capabilities: {add: [SYS_ADMIN]}, allowPrivilegeEscalation: false}", "", 0},
		{"{privileged: true, allowPrivilegeEscalation: false}",
			"cannot set `allowPrivilegeEscalation` to false and `privileged` to "
			"true",
			1},
		{"{capabilities: {add: [CAP_SYS_ADMIN]}, allowPrivilegeEscalation: false}",
			"`capabilities.Add` CAP_SYS_ADMIN", 1},
		{"{privileged: true, capabilities: {add: [SYS_TIME, MKNOD]}}",
			"counts for the machine alone", 2},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_context(a, cases[i].yaml);

		if (s->diags->n_errors != cases[i].n_errors ||
			!strstr(diag_lines(a, s->diags), cases[i].text))
			fail_msg("%s:\n%s", cases[i].yaml, diag_lines(a, s->diags));
	}
}

/* Each is one diagnostic, whose text and column are these. */
static void test_wrong(void **state attr_unused)
{
	static const struct wrong_part cases[] = {
		{"{capabilities: {add: [CHWON]}}", "no capability is called \"CHWON\"", 44},
		{"{capabilities: {drop: [KILL, 'CAP_']}}", "no capability is called \"CAP_\"",
			51},
		{"{capabilities: {add: ['']}}", "no capability is called \"\"", 44},
		{"{capabilities: {add: [NET_ADMIN]}}",
			"capability NET_ADMIN is not supported: the network", 44},
		{"{capabilities: {add: [KILL, CAP_NET_RAW]}}",
			"with SYS_ADMIN it counts in networks that the step makes", 50},
		{"{capabilities: {add: [CAP_SYS_ADMIN]}, allowPrivilegeEscalation: true}",
			"capability CAP_SYS_ADMIN counts in user namespaces of the step's own",
			44},
		{"{privileged: true}", "privileged gives every capability in user namespaces",
			35},
		{"{privileged: yes please}", "cannot unmarshal string", 35},
		{"{seccompProfile: {type: Unconfined}}", "the floor of the filter alone", 46},
		{"{capabilities: {add: [sys_time]}}",
			"capability sys_time is not supported: it counts for the machine", 44},
		{"{capabilities: {add: [MKNOD]}}", "no user namespace may make devices", 44},
		{"{capabilities: {add: CHOWN}}", "cannot unmarshal string", 43},
		{"{capabilities: {ad: [CHOWN]}}", "unknown field \"ad\"", 38},
		{"{seccompProfile: {}}", "type is required when seccompProfile is set", 39},
		{"{seccompProfile: {type: default}}", "Unsupported value: \"default\"", 46},
		{"{seccompProfile: {type: Localhost}}",
			"localhostProfile must be set when seccomp type is Localhost", 39},
		{"{seccompProfile: {type: Localhost, localhostProfile: /x}}",
			"must be a relative path", 75},
		{"{seccompProfile: {type: Localhost, localhostProfile: a/..}}",
			"must not contain '..'", 75},
		{"{seccompProfile: {type: Localhost, localhostProfile: a/../b}}",
			"must not contain '..'", 75},
		{"{seccompProfile: {type: Localhost, localhostProfile: ..}}",
			"must not contain '..'", 75},
		{"{seccompProfile: {type: RuntimeDefault, localhostProfile: x}}",
			"localhostProfile can only be set when seccomp type is Localhost", 80},
		{"{procMount: unmasked}", "supported values: \"Default\", \"Unmasked\"", 34},
		{"{seccompProfile: {type: 5}}", "cannot unmarshal number", 46},
		{"{appArmorProfile: {type: RuntimeDefault}}", "monopod's own confinement", 23},
		{"{seLinuxOptions: {level: x}}", "monopod's own confinement", 23},
		{"{windowsOptions: {hostProcess: true}}", "steps run on Linux", 23},
		{"{fsGroup: 5}", "unknown field \"fsGroup\"", 23},
	};

	check_wrong(STEP, "\n", cases, ARRAY_SIZE(cases), NULL);
}

#define POD     TASK_RUN_HEAD "  taskSpec: {steps: [{image: i}]}\n  podTemplate: {securityContext: "
#define POD_END "}\n"

static void test_pod(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_part(a, POD,
		"{fsGroup: 2000, fsGroupChangePolicy: OnRootMismatch, "
		"supplementalGroups: [4, 0], supplementalGroupsPolicy: Strict}",
		POD_END);
	const struct security_context *c =
		&s->runs[0].task_run->pod.pod_template.security_context;

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(c->fs_group.v, 2000);
	assert_int_equal(c->n_supplemental_groups, 2);
	assert_int_equal(c->supplemental_groups[0].v, 4);
	assert_string_equal(str_c(c->fs_group_change_policy.s), "OnRootMismatch");
}

static void test_pod_wrong(void **state attr_unused)
{
	static const struct wrong_part cases[] = {
		{"{fsGroup: -1}", "'fsGroup': -1 is not in 0 to 2147483647", 44},
		{"{supplementalGroups: 5}", "cannot unmarshal number into a value of type list",
			55},
		{"{supplementalGroups: [x]}",
			"cannot unmarshal string into a value of type int", 56},
		{"{supplementalGroups: [~]}", "cannot unmarshal", 56},
		{"{supplementalGroups: [2147483648]}", "is not in 0 to 2147483647", 56},
		{"{fsGroupChangePolicy: Never}", "supported values: \"Always\"", 56},
		{"{supplementalGroupsPolicy: merge}", "supported values: \"Merge\"", 61},
		{"{sysctls: [{name: x}]}", "'sysctls' is not supported: the kernel's", 35},
		{"{seLinuxChangePolicy: Recursive}", "no label of the machine's", 35},
		{"{capabilities: {}}", "unknown field \"capabilities\"", 35},
	};

	check_wrong(POD, POD_END, cases, ARRAY_SIZE(cases), NULL);
}

/* Every capability has a name, and each that a step cannot have says why. */
static void test_numbers(void **state attr_unused)
{
	assert_int_equal(capability_number(STR("CHOWN")), 0);
	assert_int_equal(capability_number(STR("cap_chown")), 0);
	assert_int_equal(capability_number(STR("CAP_CHECKPOINT_RESTORE")), 40);
	assert_int_equal(capability_number(STR("SETFCAP")), 31);
	assert_int_equal(capability_number(STR("ALL")), -1);
	assert_int_equal(capability_number(STR("CAP_CAP_CHOWN")), -1);
	assert_int_equal(capability_number(STR_NONE), -1);
	assert_true(capability_is_all(STR("all")));
	assert_false(capability_is_all(STR("CAP_ALL")));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_privilege),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_pod),
		cmocka_unit_test(test_pod_wrong),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
