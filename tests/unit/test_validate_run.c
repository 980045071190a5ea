/* SPDX-License-Identifier: Apache-2.0 */
/* PipelineRuns and TaskRuns: references, params, bindings, timeouts, status. */
#include "tests/unit/validate_case.h"

#define PR(more) PIPELINE_RUN("  pipelineRef: {name: p}\n" more)
#define TR(more) TASK_RUN("  taskRef: {name: t}\n" more)

static void test_references(void **state)
{
	static const struct validate_case cases[] = {
		{PR(""), {{0}}},
		{TR(""), {{0}}},
		{PIPELINE_RUN("  params: []"),
			{{5, 3,
				"expected exactly one, got neither: spec.pipelineRef, "
				"spec.pipelineSpec",
				NULL}}},
		{PIPELINE_RUN("  pipelineRef: {name: p}\n  pipelineSpec: {tasks: [{name: a, "
			      "taskRef: {name: t}}]}"),
			{{6, 17,
				"expected exactly one, got both: spec.pipelineRef, "
				"spec.pipelineSpec",
				NULL}}},
		{PIPELINE_RUN("  pipelineRef: {}"),
			{{5, 16, "missing field(s): spec.pipelineRef.name", NULL}}},
		{TASK_RUN("  params: []"), {{5, 3,
						   "expected exactly one, got neither: "
						   "spec.taskRef, spec.taskSpec",
						   NULL}}},
		{TASK_RUN("  taskRef: {name: p}\n  " INLINE),
			{{6, 13, "expected exactly one, got both: spec.taskRef, spec.taskSpec",
				NULL}}},
		{TASK_RUN("  taskRef: {kind: Task}"),
			{{5, 12, "missing field(s): spec.taskRef.name", NULL}}},
		{TASK_RUN("  taskSpec: {params: []}"),
			{{5, 13, "missing field(s): spec.taskSpec.steps", NULL}}},
	};

	(void)state;
	check_cases(cases);
}

#define DEBUG(points)                                                                          \
	TASK_RUN("  debug: {breakpoints: {" points "}}\n"                                      \
		 "  taskSpec: {steps: [{name: a, image: x}, {image: x}]}\n")

static void test_breakpoints(void **state)
{
	static const struct validate_case cases[] = {
		{DEBUG("onFailure: enabled"), {{0}}},
		{DEBUG("beforeSteps: [a, unnamed-1]"), {{0}}},
		{DEBUG("onFailure: turnOn"),
			{{5, 36,
				"invalid value: turnOn is not a valid onFailure breakpoint "
				"value, onFailure breakpoint is only allowed to be set as "
				"enabled: spec.debug.breakpoints.onFailure",
				NULL}}},
		{DEBUG("onFailure: \"\""),
			{{5, 36,
				"invalid value: onFailure breakpoint is empty, it is only "
				"allowed to be set as enabled: "
				"spec.debug.breakpoints.onFailure",
				NULL}}},
		{DEBUG("beforeSteps: [a, unnamed-1, a]"),
			{{5, 53,
				"before step must be unique, the same step: a is defined "
				"multiple times at: spec.debug.breakpoints.beforeSteps[2]",
				NULL}}},
		{DEBUG("beforeSteps: [b]"),
			{{5, 39,
				"invalid value: the task has no step \"b\": "
				"spec.debug.breakpoints.beforeSteps[0]",
				NULL}}},
		{TASK_RUN("  debug: {breakpoints: {beforeSteps: [b]}}\n"
			  "  taskRef: {name: t}\n---\napiVersion: tekton.dev/v1\nkind: Task\n"
			  "metadata: {name: t}\nspec: {steps: [{name: a, image: x}]}\n"),
			{{5, 39,
				"invalid value: the task has no step \"b\": "
				"spec.debug.breakpoints.beforeSteps[0]",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_params(void **state)
{
	static const struct validate_case cases[] = {
		{PR("  params: [{name: p, value: a}, {name: P, value: b}]"),
			{{6, 40, "expected exactly one, got both: spec.params[P].name", NULL}}},
		{TR("  params: [{name: p, value: a}, {name: p, value: b}]"),
			{{6, 40, "expected exactly one, got both: spec.params[p].name", NULL}}},
		{PR("  params: [{name: p, value: '$(tasks.a.results.r)'}]"),
			{{6, 29,
				"invalid value: cannot use result expressions in "
				"[tasks.a.results.r] as PipelineRun parameter values: "
				"spec.params[p].value",
				NULL}}},
		{PR("  params: [{name: p, value: '$(params.q) $(context.pipelineRun.name)'}]"),
			{{0}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_bindings(void **state)
{
	static const char neither[] =
		"expected exactly one, got neither: spec.workspaces[0].configmap, "
		"spec.workspaces[0].emptydir, spec.workspaces[0].persistentvolumeclaim, "
		"spec.workspaces[0].secret, spec.workspaces[0].volumeclaimtemplate";
	static const char both[] =
		"expected exactly one, got both: spec.workspaces[0].configmap, "
		"spec.workspaces[0].emptydir, spec.workspaces[0].persistentvolumeclaim, "
		"spec.workspaces[0].secret, spec.workspaces[0].volumeclaimtemplate";
	const struct validate_case cases[] = {
		{PR("  workspaces: [{name: w, emptyDir: {}}, {name: v, configMap: {name: c}}]"),
			{{0}}},
		{PR("  workspaces: [{name: w}]"), {{6, 23, neither, NULL}}},
		{TR("  workspaces: [{name: w}]"), {{6, 23, neither, NULL}}},
		{PR("  workspaces: [{name: w, emptyDir: {}, secret: {secretName: s}}]"),
			{{6, 36, both, NULL}}},
		{PR("  workspaces: [{name: w, persistentVolumeClaim: {}}]"),
			{{6, 49,
				"missing field(s): "
				"spec.workspaces[0].persistentvolumeclaim.claimname",
				NULL}}},
		{PR("  workspaces: [{name: w, configMap: {optional: true}}]"),
			{{6, 37, "missing field(s): spec.workspaces[0].configmap.name", NULL}}},
		{TR("  workspaces: [{name: w, secret: {optional: true}}]"),
			{{6, 34, "missing field(s): spec.workspaces[0].secret.secretName",
				NULL}}},
		{PR("  workspaces: [{name: w, emptyDir: {}}, {name: w, emptyDir: {}}]"),
			{{6, 48,
				"workspace \"w\" provided by pipelinerun more than once, at "
				"index 0 and 1: spec.workspaces[1].name",
				NULL}}},
		{TR("  workspaces: [{name: w, emptyDir: {}}, {name: W, emptyDir: {}}]"),
			{{6, 48, "expected exactly one, got both: spec.workspaces[1].name",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_timeouts(void **state)
{
	static const struct validate_case cases[] = {
		{PR("  timeouts: {pipeline: 1h, tasks: 40m, finally: 20m}"), {{0}}},
		{PR("  timeouts: {pipeline: 0s, tasks: 0s, finally: 0s}"), {{0}}},
		{PR("  timeouts: {pipeline: '0', tasks: 40h}"), {{0}}},
		{PR("  timeouts: {tasks: 1h}"), {{0}}},
		{PR("  timeouts: {tasks: 61m}"),
			{{6, 21,
				"invalid value: 1h1m0s should be <= pipeline duration: "
				"spec.timeouts.tasks",
				NULL}}},
		{PR("  timeouts: {pipeline: 10m, tasks: 20m}"),
			{{6, 36,
				"invalid value: 20m0s should be <= pipeline duration: "
				"spec.timeouts.tasks",
				NULL}}},
		{PR("  timeouts: {pipeline: 10m, finally: 0s}"),
			{{6, 38,
				"invalid value: 0s (no timeout) should be <= pipeline "
				"duration: spec.timeouts.finally",
				NULL}}},
		{PR("  timeouts: {pipeline: 10m, tasks: 8m, finally: 5m}"),
			{{6, 49,
				"invalid value: 8m0s + 5m0s should be <= pipeline duration: "
				"spec.timeouts.finally, spec.timeouts.tasks",
				NULL}}},
		{PR("  timeouts: {pipeline: -1m}"),
			{{6, 24, "invalid value: -1m0s should be >= 0: spec.timeouts.pipeline",
				NULL}}},
		{PR("  timeouts: {pipeline: 0s, tasks: 2000000h, finally: 2000000h}"), {{0}}},
		{PR("  taskRunSpecs: [{pipelineTaskName: a, timeout: 2h}]"),
			{{6, 49,
				"invalid value: 2h0m0s should be <= pipeline duration 1h0m0s: "
				"spec.taskRunSpecs[a].timeout",
				NULL}}},
		{PR("  timeouts: {tasks: 10m}\n  taskRunSpecs: [{pipelineTaskName: a, timeout: "
		    "11m}, {pipelineTaskName: b, timeout: 10m}]"),
			{{7, 49,
				"invalid value: 11m0s should be <= pipeline tasks duration "
				"10m0s: spec.taskRunSpecs[a].timeout",
				NULL}}},
		{PR("  timeouts: {pipeline: 0s}\n  taskRunSpecs: [{pipelineTaskName: a, "
		    "timeout: "
		    "9h}]"),
			{{0}}},
		{PR("  taskRunSpecs: [{pipelineTaskName: a, timeout: -1s}]"),
			{{6, 49,
				"invalid value: -1s should be >= 0: "
				"spec.taskRunSpecs[a].timeout",
				NULL}}},
		{TR("  timeout: -1m"),
			{{6, 12, "invalid value: -1m0s should be >= 0: spec.timeout", NULL}}},
		{TR("  timeout: 0s\n  retries: 0"), {{0}}},
		{TR("  retries: -1"),
			{{6, 12, "invalid value: -1 should be >= 0: spec.retries", NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_status(void **state)
{
	static const struct validate_case cases[] = {
		{PR("  status: PipelineRunPending"), {{0}}},
		{PR("  status: CancelledRunFinally"), {{0}}},
		{PR("  status: Stop"),
			{{6, 11,
				"invalid value: Stop should be Cancelled, CancelledRunFinally, "
				"StoppedRunFinally or PipelineRunPending: spec.status",
				NULL}}},
		{TR("  status: TaskRunCancelled\n  statusMessage: enough"), {{0}}},
		{TR("  status: Cancelled"),
			{{6, 11,
				"invalid value: Cancelled should be TaskRunCancelled or "
				"TaskRunPending: spec.status",
				NULL}}},
		{TR("  statusMessage: why"),
			{{6, 18,
				"invalid value: statusMessage should not be set if status is "
				"not set, but it is currently set to why: spec.statusMessage",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

/* Resources of the task and of its steps exclude each other; names are compared without case.
 */
static void test_overrides(void **state)
{
	static const struct validate_case cases[] = {
		{TR("  stepSpecs: [{name: s, computeResources: {limits: {cpu: 1}}}, {name: "
		    "t}]\n"
		    "  sidecarSpecs: [{name: s}]"),
			{{0}}},
		{TR("  computeResources: {limits: {cpu: 1}}\n  stepSpecs: [{name: s}]"), {{0}}},
		{TR("  computeResources: {limits: {cpu: 1}}\n"
		    "  stepSpecs: [{name: s, computeResources: {limits: {cpu: 1}}}]"),
			{{7, 43,
				"expected exactly one, got both: spec.stepSpecs.resources, "
				"spec.computeResources",
				NULL}}},
		{TR("  stepSpecs: [{name: s}, {name: S}]\n  sidecarSpecs: [{}]"),
			{{6, 33, "expected exactly one, got both: spec.stepSpecs[1].name",
				 NULL},
				{7, 18, "missing field(s): spec.sidecarSpecs[0].name", NULL}}},
		{PR("  taskRunSpecs:\n  - pipelineTaskName: a\n    stepSpecs: [{}]\n"
		    "  - pipelineTaskName: b\n"
		    "    computeResources: {}\n"
		    "    stepSpecs: [{name: s, computeResources: {}}]"),
			{{8, 17, "missing field(s): spec.taskRunSpecs[a].stepSpecs[0].name",
				 NULL},
				{11, 45,
					"expected exactly one, got both: "
					"spec.taskRunSpecs[b].stepSpecs.resources, "
					"spec.taskRunSpecs[b].computeResources",
					NULL}}},
	};

	(void)state;
	check_cases(cases);
}

/* All problems of all objects at once; none twice, also when a node is used twice. */
static void test_everything_at_once(void **state)
{
	static const struct validate_case cases[] = {
		{TASK("  steps: &s [{name: A, image: i}]\n"
		      "  stepTemplate: {image: i}") "---\n" TR("  retries: -1"),
			{{5, 21, "invalid value \"A\": spec.steps[0].name", NULL},
				{13, 12, "invalid value: -1 should be >= 0: spec.retries",
					NULL}}},
		{PIPELINE("  tasks:\n  - name: a\n    taskSpec: &t {steps: [{name: X, image: "
			  "i}]}\n  - {name: b, taskSpec: *t}"),
			{{7, 34, "invalid value \"X\": spec.tasks[0].taskSpec.steps[0].name",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

/* Far more problems than are shown: counted, quick, and no memory for their words. */
static void test_flood(void **state)
{
	enum { N = 20000 };
	struct arena *a = arena_new();
	struct spec *s;
	struct buf yaml;
	size_t before;

	(void)state;
	buf_init(&yaml, 64 << 20);
	buf_addz(&yaml, TASK("  steps: [{name: s, image: i, script: '"));
	buf_cut(&yaml, yaml.n - 1);
	for (int i = 0; i < N; i++)
		buf_addf(&yaml, "$(params.p%d)", i);
	buf_addz(&yaml, "'}]\n");
	s = case_load(a, buf_str(&yaml).p);
	before = arena_bytes(a);
	assert_int_equal(s->diags->n_errors, N);
	assert_int_equal(s->diags->n, DIAG_MAX);
	assert_true(before < 200 * (size_t)N * 4);
	buf_release(&yaml);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references),
		cmocka_unit_test(test_breakpoints),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_bindings),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_everything_at_once),
		cmocka_unit_test(test_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
