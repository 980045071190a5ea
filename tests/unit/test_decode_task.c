/* SPDX-License-Identifier: Apache-2.0 */
/* Task specs, references to tasks, and v1beta1's differences. */
#include "spec_text.h"

static void test_every_field(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, TASK_HEAD "  displayName: D\n"
						"  description: text\n"
						"  params: [{name: p, default: x}]\n"
						"  steps: [{name: s, image: i}, {image: j}]\n"
						"  workspaces:\n"
						"  - name: w\n"
						"    description: d\n"
						"    mountPath: /m\n"
						"    readOnly: true\n"
						"    optional: true\n"
						"  - name: v\n"
						"  results: [{name: r, description: rd}]\n"
						"  sidecars: []\n"
						"  volumes: ~\n");
	const struct task_spec *t = &s->tasks[0].spec;

	assert_string_equal(diag_lines(a, s->diags), "");
	check_text(t->display_name, "D", 5, 16);
	check_text(t->description, "text", 6, 16);
	assert_int_equal(t->n_params, 1);
	assert_int_equal(t->n_steps, 2);
	assert_int_equal(t->n_workspaces, 2);
	check_text(t->workspaces[0].description, "d", 11, 18);
	check_text(t->workspaces[0].mount_path, "/m", 12, 16);
	assert_true(t->workspaces[0].read_only.v && t->workspaces[0].optional.v);
	assert_int_equal(t->workspaces[1].optional.pos.line, 0);
	check_text(t->results[0].description, "rd", 16, 36);
	assert_null(t->step_template);
	assert_int_equal(t->pos.line, 5);
	assert_ptr_equal(map_get(&s->task_by_name, STR("t")), &s->tasks[0]);
}

static void test_beta(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, "apiVersion: tekton.dev/v1beta1\n"
				      "kind: Task\n"
				      "metadata: {name: t}\n"
				      "spec:\n"
				      "  stepTemplate: {resources: {limits: {cpu: 1}}}\n"
				      "  steps:\n"
				      "  - image: i\n"
				      "    resources: {limits: {memory: 1Gi}}\n");
	const struct task_spec *t = &s->tasks[0].spec;

	assert_string_equal(diag_lines(a, s->diags), "");
	check_text(t->steps[0].resources.limits[0].quantity, "1Gi", 8, 34);
	assert_int_equal(t->step_template->resources.n_limits, 1);
	assert_string_equal(str_c(s->tasks[0].meta.api_version.s), "tekton.dev/v1beta1");
}

#define BETA_TASK "apiVersion: tekton.dev/v1beta1\nkind: Task\nmetadata: {name: t}\nspec:\n"

static void test_complaints(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"sidecars", TASK_HEAD OK_STEPS "  sidecars: [{name: s, onError: continue}]\n",
			"6:24 error unknown-field spec.sidecars[0].onError: sidecar: unknown "
			"field \"onError\"\n"},
		{"v1beta1 resources", BETA_TASK OK_STEPS "  resources: {inputs: [{name: g}]}\n",
			"6:3 error not-supported spec.resources: 'resources' is not supported: "
			"PipelineResources are gone from Tekton\n"},
		{"v1 knows no resources", TASK_HEAD OK_STEPS "  resources: {}\n",
			"6:3 error unknown-field spec.resources: task spec: unknown field "
			"\"resources\"\n"},
		{"v1beta1 has no computeResources",
			BETA_TASK "  steps: [{image: i, computeResources: {}}]\n",
			"5:22 error unknown-field spec.steps[0].computeResources: step: "
			"unknown "
			"field \"computeResources\"\n"},
		{"v1beta1 container leftovers",
			BETA_TASK
			"  steps: [{image: i, tty: true, ports: [{containerPort: 1}]}]\n",
			"5:22 error not-supported spec.steps[0].tty: 'tty' is not supported: "
			"it never had "
			"an effect on steps, and v1 has it no more\n"
			"5:33 error not-supported spec.steps[0].ports: 'ports' is not "
			"supported: it never "
			"had an effect on steps, and v1 has it no more\n"},
		{"inputs of v1alpha1", BETA_TASK OK_STEPS "  inputs: {}\n",
			"6:3 error unknown-field spec.inputs: task spec: unknown field "
			"\"inputs\"\n"},
		{"a spec that is a list",
			"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: "
			"[a]\n",
			"4:7 error wrong-type spec: 'spec': cannot unmarshal array into a "
			"value of "
			"type task spec\n"},
		{"a step that is text", TASK_HEAD "  steps: [x]\n",
			"5:11 error wrong-type spec.steps[0]: 'steps[0]': cannot unmarshal "
			"string "
			"into a value of type step\n"},
		{"case", TASK_HEAD OK_STEPS "  workspaces: [{name: w, mountpath: /x}]\n",
			"6:26 warning field-case spec.workspaces[0].mountPath: field "
			"'mountpath' "
			"is spelled 'mountPath'\n"},
		{"reference with another kind",
			TASK_RUN_HEAD "  taskRef: {name: t, kind: ClusterTask}\n",
			"5:28 error not-supported spec.taskRef.kind: task kind 'ClusterTask' "
			"is not supported: Tekton has ClusterTasks no more: make a Task of "
			"it\n"},
		{"resolver", TASK_RUN_HEAD "  taskRef: {resolver: git, params: []}\n",
			"5:13 error not-supported spec.taskRef.resolver: 'resolver' is not "
			"supported: nothing is fetched: give the file that it would find with "
			"-f, and refer to what is in it by name\n"},
		{"resolver params",
			TASK_RUN_HEAD "  taskRef: {name: x, params: [{name: a, value: b}]}\n",
			"5:22 error not-supported spec.taskRef.params: 'params' is not "
			"supported: they are a resolver's, and nothing is fetched\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_beta),
		cmocka_unit_test(test_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
