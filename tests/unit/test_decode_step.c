/* SPDX-License-Identifier: Apache-2.0 */
/* Steps and templates: every field once, and every field that is refused. */
#include "spec_text.h"

static void test_every_field(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, TASK_HEAD "  workspaces: [{name: w}]\n"
						"  steps:\n"
						"  - name: one\n"
						"    displayName: First\n"
						"    image: busybox\n"
						"    command: [sh]\n"
						"    args: [-c, 'echo $(X)']\n"
						"    workingDir: /w\n"
						"    env:\n"
						"    - {name: A, value: x}\n"
						"    - {name: B}\n"
						"    computeResources:\n"
						"      limits: {cpu: 500m, memory: 64Mi}\n"
						"      requests: {cpu: 0.50}\n"
						"    imagePullPolicy: Always\n"
						"    securityContext:\n"
						"      runAsUser: 1000\n"
						"      runAsGroup: 100\n"
						"      runAsNonRoot: true\n"
						"      privileged: false\n"
						"    timeout: 90s\n"
						"    workspaces: [{name: w, mountPath: /x}]\n"
						"    onError: continue\n"
						"    volumeMounts: []\n"
						"  - image: i\n"
						"    script: |\n"
						"      echo\n"
						"    command:\n");
	const struct step *st = s->tasks[0].spec.steps;

	assert_string_equal(diag_lines(a, s->diags), "");
	check_text(st->name, "one", 7, 11);
	check_text(st->display_name, "First", 8, 18);
	check_text(st->image, "busybox", 9, 12);
	check_text(st->command[0], "sh", 10, 15);
	assert_int_equal(st->command_pos.line, 10);
	assert_int_equal(st->n_args, 2);
	check_text(st->args[1], "echo $(X)", 11, 16);
	check_text(st->working_dir, "/w", 12, 17);
	assert_int_equal(st->n_env, 2);
	check_text(st->env[0].value, "x", 14, 24);
	assert_false(text_given(st->env[1].value));
	assert_int_equal(st->resources.n_limits, 2);
	check_text(st->resources.limits[1].name, "memory", 17, 27);
	check_text(st->resources.limits[1].quantity, "64Mi", 17, 35);
	check_text(st->resources.requests[0].quantity, "0.5", 18, 23);
	check_text(st->image_pull_policy, "Always", 19, 22);
	assert_int_equal(st->security_context.run_as_user.v, 1000);
	assert_int_equal(st->security_context.run_as_group.v, 100);
	assert_true(st->security_context.run_as_non_root.v);
	assert_int_equal(st->timeout.ns / 1000000000, 90);
	check_text(st->workspaces[0].mount_path, "/x", 26, 39);
	check_text(st->on_error, "continue", 27, 14);
	check_text(st[1].script, "echo\n", 30, 13);
	assert_int_equal(st[1].command_pos.line, 0); /* null is not given */
	assert_false(text_given(st[1].name));
	assert_int_equal(st[1].pos.line, 29);
}

static void test_template(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s =
		load_text(a, TASK_HEAD OK_STEPS "  stepTemplate:\n"
						"    image: i\n"
						"    command: [c]\n"
						"    args: []\n"
						"    workingDir: /t\n"
						"    env: [{name: T, value: t}]\n"
						"    computeResources: {limits: {cpu: 1}}\n"
						"    imagePullPolicy: Never\n"
						"    securityContext: {runAsUser: 0}\n");
	const struct step *t = s->tasks[0].spec.step_template;

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_non_null(t);
	check_text(t->image, "i", 7, 12);
	assert_int_equal(t->args_pos.line, 9);
	assert_int_equal(t->n_args, 0);
	assert_int_equal(t->security_context.run_as_user.v, 0);
	assert_int_equal(t->security_context.run_as_user.pos.line, 14);
	assert_int_equal(t->pos.line, 7);
}

/* Each is Tekton's, and each is an error at its own key. */
static void test_refused(void **state attr_unused)
{
	static const struct {
		const char *yaml; /* one member of a step */
		const char *field;
		unsigned col;
	} cases[] = {
		{"securityContext: {seLinuxOptions: {level: s0}}", "seLinuxOptions", 23},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_text(
			a, str_c(arena_printf(a, TASK_HEAD "  steps:\n  - image: i\n    %s\n",
				   cases[i].yaml)));
		const struct diag *one = s->diags->items;

		if (s->diags->n != 1)
			fail_msg("%s:\n%s", cases[i].yaml, diag_lines(a, s->diags));
		assert_string_equal(one->code, "not-supported");
		assert_true(str_starts(
			one->msg, arena_printf(a, "'%s' is not supported: ", cases[i].field)));
		assert_int_equal(one->pos.line, 7);
		assert_int_equal(one->pos.col, cases[i].col);
		assert_false(spec_ok(s));
	}
}

static void test_complaints(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"a resolver", TASK_HEAD "  steps:\n  - ref: {resolver: git, params: []}\n",
			"6:11 error not-supported spec.steps[0].ref.resolver: 'resolver' is "
			"not "
			"supported: nothing is fetched: give the file that it would find with "
			"-f, and refer to what is in it by name\n"},
		{"a Kubernetes field that steps do not have",
			TASK_HEAD "  steps:\n  - image: i\n    ports: []\n",
			"7:5 error unknown-field spec.steps[0].ports: step: unknown field "
			"\"ports\"\n"},
		{"v1beta1's resources in v1",
			TASK_HEAD "  steps:\n  - image: i\n    resources: {}\n",
			"7:5 error unknown-field spec.steps[0].resources: step: unknown field "
			"\"resources\"\n"},
		{"a script in a template", TASK_HEAD OK_STEPS "  stepTemplate: {script: x}\n",
			"6:18 error unknown-field spec.stepTemplate.script: stepTemplate: "
			"unknown "
			"field \"script\"\n"},
		{"a bad quantity",
			TASK_HEAD "  steps:\n  - image: i\n"
				  "    computeResources: {limits: {memory: 64MB}}\n",
			"7:41 error bad-quantity spec.steps[0].computeResources.limits.memory: "
			"quantity '64MB' is not a number with an optional suffix (n u m k M G "
			"T P "
			"E, Ki Mi Gi Ti Pi Ei, or a decimal exponent)\n"},
		{"a quantity of another type",
			TASK_HEAD "  steps:\n  - image: i\n"
				  "    computeResources: {limits: {memory: yes}}\n",
			"7:41 error wrong-type spec.steps[0].computeResources.limits.memory: "
			"'memory': cannot unmarshal bool into a value of type quantity\n"},
		{"a negative quantity",
			TASK_HEAD "  steps:\n  - image: i\n"
				  "    computeResources: {requests: {cpu: -1}}\n",
			"7:40 error bad-value spec.steps[0].computeResources.requests.cpu: "
			"Invalid value: \"-1\": must be greater than or equal to 0\n"},
		{"a resource that no container has",
			TASK_HEAD "  steps:\n  - image: i\n"
				  "    computeResources: {limits: {mem: 1Gi}}\n",
			"7:33 error bad-value spec.steps[0].computeResources.limits.mem: "
			"Invalid value: \"mem\": must be a standard resource type or fully "
			"qualified\n"},
		{"a resource with a name that is none",
			TASK_HEAD "  steps:\n  - image: i\n"
				  "    computeResources: {limits: {a b/c: 1}}\n",
			"7:33 error bad-value spec.steps[0].computeResources.limits.a b/c: "
			"Invalid value: \"a b/c\": must be a standard resource type or fully "
			"qualified\n"},
		{"a negative user",
			TASK_HEAD "  steps:\n  - image: i\n"
				  "    securityContext: {runAsUser: -1}\n",
			"7:34 error out-of-range spec.steps[0].securityContext.runAsUser: "
			"'runAsUser': -1 is not in 0 to 2147483647\n"},
		{"several at once",
			TASK_HEAD "  steps:\n  - image: 5\n    comand: [x]\n    timeout: 1\n",
			"6:12 error wrong-type spec.steps[0].image: 'image': cannot unmarshal "
			"number into a value of type string\n"
			"7:5 error unknown-field spec.steps[0].comand: step: unknown field "
			"\"comand\"\n"
			"8:14 error wrong-type spec.steps[0].timeout: 'timeout': cannot "
			"unmarshal "
			"number into a value of type duration\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_template),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
