/* SPDX-License-Identifier: Apache-2.0 */
/* PipelineRuns and TaskRuns: every field, v1beta1's other names, and what is refused. */
#include "spec_text.h"

static void test_pipeline_run(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a,
		"apiVersion: tekton.dev/v1\n"
		"kind: PipelineRun\n"
		"metadata:\n"
		"  name: r\n"
		"  namespace: ns\n"
		"  labels: {l: v}\n"
		"  annotations: {experimental.tekton.dev/execution-mode: hermetic}\n"
		"  ownerReferences: [{x: 1}]\n"
		"spec:\n"
		"  pipelineRef: {name: p, apiVersion: tekton.dev/v1}\n"
		"  params: [{name: x, value: v}]\n"
		"  status: PipelineRunPending\n"
		"  timeouts: {pipeline: 1h0m, tasks: 30m, finally: 0}\n"
		"  taskRunTemplate:\n"
		"    serviceAccountName: sa\n"
		"    podTemplate:\n"
		"      securityContext: {runAsUser: 7, fsGroup: ~}\n"
		"      nodeSelector: {a: b}\n"
		"      tolerations: [{key: k}]\n"
		"      affinity: {x: {}}\n"
		"      topologySpreadConstraints: [1]\n"
		"      priorityClassName: low\n"
		"      schedulerName: s\n"
		"      imagePullSecrets: [{name: x}]\n"
		"      automountServiceAccountToken: true\n"
		"      enableServiceLinks: true\n"
		"      hostUsers: false\n"
		"  taskRunSpecs:\n"
		"  - pipelineTaskName: t\n"
		"    serviceAccountName: other\n"
		"    metadata: {labels: {a: b}, annotations: {c: d}}\n"
		"    timeout: 5m\n"
		"  managedBy: tekton.dev/pipeline\n"
		"status: {conditions: [{anything: 1}]}\n");
	const char *lines = diag_lines(a, s->diags);

	/* a bare 0 is a number, not a duration */
	assert_string_equal(lines,
		"13:51 error wrong-type spec.timeouts.finally: 'finally': "
		"cannot unmarshal number into a value of type duration\n"
		"18:7 warning no-effect spec.taskRunTemplate.podTemplate.nodeSelector: "
		"'nodeSelector' has no "
		"effect: one pod runs every task, and it is placed already\n"
		"19:7 warning no-effect spec.taskRunTemplate.podTemplate.tolerations: "
		"'tolerations' has no "
		"effect: one pod runs every task, and it is placed already\n"
		"20:7 warning no-effect spec.taskRunTemplate.podTemplate.affinity: 'affinity' "
		"has no "
		"effect: one pod runs every task, and it is placed already\n"
		"21:7 warning no-effect "
		"spec.taskRunTemplate.podTemplate.topologySpreadConstraints: "
		"'topologySpreadConstraints' has no "
		"effect: one pod runs every task, and it is placed already\n"
		"22:7 warning no-effect spec.taskRunTemplate.podTemplate.priorityClassName: "
		"'priorityClassName' has no "
		"effect: one pod runs every task, and it is placed already\n"
		"23:7 warning no-effect spec.taskRunTemplate.podTemplate.schedulerName: "
		"'schedulerName' has no "
		"effect: one pod runs every task, and it is placed already\n"
		"24:7 warning no-effect spec.taskRunTemplate.podTemplate.imagePullSecrets: "
		"'imagePullSecrets' has no effect: images come from layouts and the store\n");
	assert_int_equal(s->n_runs, 0);
}

static void test_pipeline_run_fields(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a,
		"apiVersion: tekton.dev/v1\n"
		"kind: PipelineRun\n"
		"metadata:\n"
		"  name: r\n"
		"  namespace: ns\n"
		"  labels: {l: v}\n"
		"  annotations: {experimental.tekton.dev/execution-mode: hermetic}\n"
		"  ownerReferences: [{x: 1}]\n"
		"spec:\n"
		"  pipelineRef: {name: p, apiVersion: tekton.dev/v1}\n"
		"  params: [{name: x, value: v}]\n"
		"  status: PipelineRunPending\n"
		"  timeouts: {pipeline: 1h0m, tasks: 30m, finally: '30m'}\n"
		"  taskRunTemplate:\n"
		"    serviceAccountName: sa\n"
		"    podTemplate:\n"
		"      securityContext: {runAsUser: 7, fsGroup: ~}\n"
		"      hostUsers: false\n"
		"  taskRunSpecs:\n"
		"  - pipelineTaskName: t\n"
		"    serviceAccountName: other\n"
		"    metadata: {labels: {a: b}, annotations: {c: d}}\n"
		"    timeout: 5m\n"
		"  managedBy: tekton.dev/pipeline\n"
		"status: {conditions: [{anything: 1}]}\n");
	const struct pipeline_run *r = s->runs[0].pipeline_run;

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(s->runs[0].kind, OBJECT_PIPELINE_RUN);
	check_text(r->meta.name, "r", 4, 9);
	check_text(r->meta.ns, "ns", 5, 14);
	check_text(r->meta.labels.values[0], "v", 6, 15);
	check_text(
		r->meta.annotations.keys[0], "experimental.tekton.dev/execution-mode", 7, 17);
	check_text(r->meta.annotations.values[0], "hermetic", 7, 57);
	assert_int_equal(r->meta.pos.line, 1);
	check_text(r->pipeline_ref, "p", 10, 23);
	assert_int_equal(r->pipeline_ref_pos.line, 10);
	assert_null(r->pipeline_spec);
	assert_int_equal(r->n_params, 1);
	check_text(r->status, "PipelineRunPending", 12, 11);
	assert_int_equal(r->timeouts.pipeline.ns / 1000000000, 3600);
	assert_int_equal(r->timeouts.tasks.ns / 1000000000, 1800);
	assert_int_equal(r->timeouts.finally.ns / 1000000000, 1800);
	assert_int_equal(r->timeouts.finally.pos.line, 13);
	check_text(r->service_account_name, "sa", 15, 25);
	assert_int_equal(r->pod_template.security_context.run_as_user.v, 7);
	check_text(r->task_run_specs[0].pipeline_task_name, "t", 20, 23);
	check_text(r->task_run_specs[0].service_account_name, "other", 21, 25);
	check_text(r->task_run_specs[0].metadata.labels.keys[0], "a", 22, 25);
	check_text(r->task_run_specs[0].metadata.annotations.values[0], "d", 22, 49);
	assert_int_equal(r->task_run_specs[0].timeout.ns / 1000000000, 300);
}

static void test_task_run(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a,
		TASK_RUN_HEAD "  taskSpec: {steps: [{image: i}]}\n"
			      "  params: [{name: x, value: [v]}]\n"
			      "  serviceAccountName: sa\n"
			      "  status: TaskRunCancelled\n"
			      "  statusMessage: because\n"
			      "  retries: 3\n"
			      "  timeout: 0s\n"
			      "  podTemplate: {securityContext: {runAsNonRoot: true}}\n"
			      "  workspaces: [{name: w, emptyDir: {}}]\n"
			      "  computeResources: {requests: {cpu: 1}}\n"
			      "  managedBy: ''\n"
			      "  debug: {}\n"
			      "---\n" TASK_RUN_HEAD
			      "  taskRef: {name: t, kind: Task, apiVersion: tekton.dev/v1}\n");
	const struct task_run *r = s->runs[0].task_run;

	/* only the name is twice, everything else is fine */
	assert_int_equal(s->diags->n, 1);
	assert_string_equal(s->diags->items[0].code, "duplicate-object");
	assert_int_equal(s->n_runs, 1);
	assert_int_equal(r->task_spec->n_steps, 1);
	assert_int_equal(r->params[0].value.type, VALUE_ARRAY);
	check_text(r->service_account_name, "sa", 7, 23);
	check_text(r->status, "TaskRunCancelled", 8, 11);
	check_text(r->status_message, "because", 9, 18);
	assert_int_equal(r->retries.v, 3);
	assert_int_equal(r->timeout.pos.line, 11);
	assert_true(r->pod.pod_template.security_context.run_as_non_root.v);
	assert_int_equal(r->n_workspaces, 1);
	check_text(r->pod.resources.requests[0].quantity, "1", 14, 38);
}

static void test_task_ref(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a,
		TASK_RUN_HEAD "  taskRef: {name: t, kind: Task, apiVersion: tekton.dev/v1}\n");
	const struct task_run *r = s->runs[0].task_run;

	assert_string_equal(diag_lines(a, s->diags), "");
	check_text(r->task_ref, "t", 5, 19);
	check_text(r->task_ref_kind, "Task", 5, 28);
	assert_int_equal(r->task_ref_pos.line, 5);
}

#define BETA_RUN                                                                               \
	"apiVersion: tekton.dev/v1beta1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"

static void test_beta(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, BETA_RUN
		"  pipelineRef: {name: p}\n"
		"  serviceAccountName: sa\n"
		"  podTemplate: {securityContext: {runAsUser: 5}}\n"
		"  timeout: 10m\n"
		"  taskRunSpecs: [{pipelineTaskName: t, taskServiceAccountName: x}]\n");
	const struct pipeline_run *r = s->runs[0].pipeline_run;

	assert_string_equal(diag_lines(a, s->diags), "");
	check_text(r->service_account_name, "sa", 6, 23);
	assert_int_equal(r->pod_template.security_context.run_as_user.v, 5);
	assert_int_equal(r->timeouts.pipeline.ns / 1000000000, 600);
	assert_int_equal(r->timeouts.pos.line, 8);
	check_text(r->task_run_specs[0].service_account_name, "x", 9, 64);
}

#define PR  RUN_HEAD "  pipelineRef: {name: p}\n"
#define TR  TASK_RUN_HEAD "  taskRef: {name: t}\n"
#define BPR BETA_RUN "  pipelineRef: {name: p}\n"

/* {input, message}: refused at line 6, column 3 unless said otherwise. */
static void test_refused(void **state attr_unused)
{
	static const struct {
		const char *yaml;
		const char *message;
		unsigned col;
	} cases[] = {
		{BPR "  resources: [{name: x}]\n",
			"'resources' is not supported: PipelineResources are gone from Tekton",
			3},
		{BETA_RUN "  pipelineRef:\n    {name: p, bundle: x}\n",
			"'bundle' is not supported: nothing is fetched: give the file that it "
			"would find with -f, and refer to what is in it by name",
			15},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_text(a, cases[i].yaml);
		const struct diag *one = s->diags->items;
		const struct diag *refused = NULL;

		for (size_t k = 0; k < s->diags->n && !refused; k++)
			if (strcmp(one[k].code, "not-supported") == 0)
				refused = &one[k];
		if (!refused)
			fail_msg("%s:\n%s", cases[i].yaml, diag_lines(a, s->diags));
		assert_string_equal(str_c(refused->msg), cases[i].message);
		assert_int_equal(refused->pos.line, 6);
		assert_int_equal(refused->pos.col, cases[i].col);
	}
}

static void test_complaints(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"managedBy", PR "  managedBy: example.dev/other\n",
			"6:14 error not-supported spec.managedBy: managedBy "
			"'example.dev/other' is not supported: the run would be another "
			"controller's\n"},
		{"resolver", RUN_HEAD "  pipelineRef: {resolver: git}\n",
			"5:17 error not-supported spec.pipelineRef.resolver: 'resolver' is not "
			"supported: nothing is fetched: give the file that it would find with "
			"-f, and refer to what is in it by name\n"},
		{"another kind of pipeline",
			RUN_HEAD "  pipelineRef: {name: p, apiVersion: e.dev/v1}\n",
			"5:38 error not-supported spec.pipelineRef.apiVersion: pipelineRef "
			"with "
			"apiVersion 'e.dev/v1' is not supported: a Pipeline is of "
			"tekton.dev\n"},
		{"what has no effect has a type all the same",
			TR
			"  podTemplate: {nodeSelector: [a], tolerations: {}, schedulerName: 1, "
			"enableServiceLinks: x}\n",
			"6:17 warning no-effect spec.podTemplate.nodeSelector: 'nodeSelector' "
			"has no effect: one pod runs every task, and it is placed already\n"
			"6:31 error wrong-type spec.podTemplate.nodeSelector: 'nodeSelector': "
			"cannot unmarshal array into a value of type object\n"
			"6:49 error wrong-type spec.podTemplate.tolerations: 'tolerations': "
			"cannot unmarshal object into a value of type array\n"
			"6:53 warning no-effect spec.podTemplate.schedulerName: "
			"'schedulerName' has no effect: one pod runs every task, and it is "
			"placed already\n"
			"6:68 error wrong-type spec.podTemplate.schedulerName: "
			"'schedulerName': cannot unmarshal number into a value of type "
			"string\n"
			"6:91 error wrong-type spec.podTemplate.enableServiceLinks: "
			"'enableServiceLinks': cannot unmarshal string into a value of type "
			"bool\n"},
		{"v1beta1 fields in v1", PR "  serviceAccountName: x\n  timeout: 1h\n",
			"6:3 error unknown-field spec.serviceAccountName: PipelineRun spec: "
			"unknown field \"serviceAccountName\"\n"
			"7:3 error unknown-field spec.timeout: PipelineRun spec: unknown field "
			"\"timeout\"\n"},
		{"v1 fields in v1beta1", BPR "  taskRunTemplate: {}\n",
			"6:3 error unknown-field spec.taskRunTemplate: PipelineRun spec: "
			"unknown "
			"field \"taskRunTemplate\"\n"},
		{"both timeouts", BPR "  timeouts: {pipeline: 1h}\n  timeout: 2h\n",
			"7:12 error one-of spec.timeout: expected exactly one, got both: "
			"spec.timeout, spec.timeouts\n"},
		{"both timeouts, the old one first",
			BPR "  timeout: 2h\n  timeouts: {pipeline: 1h}\n",
			"6:12 error one-of spec.timeout: expected exactly one, got both: "
			"spec.timeout, spec.timeouts\n"},
		{"bad duration", TR "  timeout: 10 minutes\n",
			"6:12 error bad-duration spec.timeout: time: unknown unit \" minutes\" "
			"in "
			"duration \"10 minutes\"\n"},
		{"top level",
			"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: r}\n"
			"specs: {}\nspec: {taskRef: {name: t}}\n",
			"4:1 error unknown-field specs: TaskRun: unknown field \"specs\"\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipeline_run),
		cmocka_unit_test(test_pipeline_run_fields),
		cmocka_unit_test(test_task_run),
		cmocka_unit_test(test_task_ref),
		cmocka_unit_test(test_beta),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
