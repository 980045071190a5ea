/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines: every field of a pipeline task once, and what is refused in it. */
#include "spec_text.h"

static void test_every_field(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, PIPELINE_HEAD
		"  displayName: D\n"
		"  description: text\n"
		"  params: [{name: p, default: x}]\n"
		"  workspaces: [{name: w, description: d, optional: true}]\n"
		"  tasks:\n"
		"  - name: a\n"
		"    displayName: A $(params.p)\n"
		"    description: da\n"
		"    taskRef: {name: t, kind: Task}\n"
		"    retries: 2\n"
		"    timeout: 1h\n"
		"    params:\n"
		"    - {name: x, value: $(params.p)}\n"
		"    workspaces:\n"
		"    - {name: src, workspace: w, subPath: s/u}\n"
		"  - name: b\n"
		"    runAfter: [a]\n"
		"    onError: continue\n"
		"    when:\n"
		"    - {input: $(params.p), operator: in, values: [x, z]}\n"
		"    - {input: q, operator: notin, values: [r]}\n"
		"    matrix:\n"
		"      params: [{name: m, value: [one, two]}]\n"
		"      include:\n"
		"      - name: i\n"
		"        params: [{name: m, value: three}]\n"
		"    taskSpec:\n"
		"      metadata: {labels: {l: v}, annotations: {k: o}}\n"
		"      apiVersion: ''\n"
		"      spec: ~\n"
		"      params: [{name: m}]\n"
		"      results: [{name: r}]\n"
		"      steps: [{image: i, script: 'echo $(params.m)'}]\n"
		"  finally:\n"
		"  - name: f\n"
		"    taskRef: {name: t}\n"
		"  results:\n"
		"  - {name: r, description: d, type: string, value: $(tasks.a.results.o)}\n");
	const struct pipeline_spec *p = &s->pipelines[0].spec;
	const struct pipeline_task *x = &p->tasks[0];
	const struct pipeline_task *y = &p->tasks[1];

	assert_string_equal(diag_lines(a, s->diags), "");
	check_text(p->display_name, "D", 5, 16);
	assert_int_equal(p->n_params, 1);
	assert_true(p->workspaces[0].optional.v);
	check_text(x->name, "a", 10, 11);
	check_text(x->display_name, "A $(params.p)", 11, 18);
	check_text(x->task_ref, "t", 13, 21);
	check_text(x->task_ref_kind, "Task", 13, 30);
	assert_int_equal(x->task_ref_pos.line, 13);
	assert_int_equal(x->retries.v, 2);
	assert_int_equal(x->timeout.ns / 1000000000, 3600);
	check_text(x->params[0].value.string, "$(params.p)", 17, 24);
	check_text(x->workspaces[0].sub_path, "s/u", 19, 42);
	assert_int_equal(x->matrix.pos.line, 0);
	assert_null(x->task_spec);
	check_text(y->run_after[0], "a", 21, 16);
	check_text(y->on_error, "continue", 22, 14);
	assert_int_equal(y->n_when, 2);
	assert_int_equal(y->when[0].op, WHEN_IN);
	assert_int_equal(y->when[0].n_values, 2);
	assert_int_equal(y->when[1].op, WHEN_NOTIN);
	assert_int_equal(y->when[1].n_values, 1);
	assert_int_equal(y->when[1].values_pos.line, 25);
	assert_int_equal(y->matrix.params[0].value.n_array, 2);
	check_text(y->matrix.include[0].name, "i", 29, 15);
	check_text(y->matrix.include[0].params[0].value.string, "three", 30, 35);
	assert_int_equal(y->task_ref_pos.line, 0);
	check_text(y->task_metadata.labels.keys[0], "l", 32, 27);
	check_text(y->task_metadata.annotations.values[0], "o", 32, 51);
	assert_int_equal(y->task_spec->n_steps, 1);
	check_text(y->task_spec->results[0].name, "r", 36, 24);
	assert_int_equal(p->n_finally, 1);
	check_text(p->results[0].value.string, "$(tasks.a.results.o)", 42, 52);
}

#define CUSTOM   "a custom task needs a controller of its own, and there is none in one pod"
#define ONE_TASK PIPELINE_HEAD "  tasks:\n  - name: a\n"

static void test_complaints(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"pipelineRef",
			ONE_TASK "    pipelineRef: {resolver: git, params: [{name: u}]}\n",
			"7:19 error not-supported spec.tasks[0].pipelineRef.resolver: "
			"'resolver' is not supported: nothing is fetched: give the file that "
			"it would find with -f, and refer to what is in it by name\n"
			"7:34 error not-supported spec.tasks[0].pipelineRef.params: 'params' "
			"is not supported: they are a resolver's, and nothing is fetched\n"},
		{"pipelineRef of another group",
			ONE_TASK "    pipelineRef: {apiVersion: e.dev/v1, name: x}\n",
			"7:31 error not-supported spec.tasks[0].pipelineRef.apiVersion: "
			"pipelineRef with apiVersion 'e.dev/v1' is not supported: a Pipeline "
			"is of tekton.dev\n"},
		{"pipelineSpec",
			ONE_TASK
			"    pipelineSpec: {tasks: [{name: b, pipelineSpec: {task: []}}]}\n",
			"7:53 error unknown-field spec.tasks[0].pipelineSpec.tasks[0]."
			"pipelineSpec.task: pipeline spec: unknown field \"task\"\n"},
		{"custom reference",
			ONE_TASK
			"    taskRef: {apiVersion: example.dev/v1, kind: Task, name: x}\n",
			"7:27 error not-supported spec.tasks[0].taskRef.apiVersion: taskRef "
			"with apiVersion "
			"'example.dev/v1' is not supported: " CUSTOM "\n"},
		{"even Tekton's own is custom in a pipeline",
			ONE_TASK "    taskRef: {apiVersion: tekton.dev/v1, name: x}\n",
			"7:27 error not-supported spec.tasks[0].taskRef.apiVersion: taskRef "
			"with apiVersion "
			"'tekton.dev/v1' is not supported: " CUSTOM "\n"},
		{"custom spec",
			ONE_TASK "    taskSpec: {apiVersion: e.dev/v1, kind: K, spec: {a: 1}, "
				 "steps: [{image: i}]}\n",
			"7:16 error not-supported spec.tasks[0].taskSpec.apiVersion: "
			"'apiVersion' is not supported: " CUSTOM "\n"
			"7:38 error not-supported spec.tasks[0].taskSpec.kind: "
			"'kind' is not supported: " CUSTOM "\n"
			"7:47 error not-supported spec.tasks[0].taskSpec.spec: "
			"'spec' is not supported: " CUSTOM "\n"},
		{"cel", ONE_TASK "    taskRef: {name: t}\n    when: [{cel: \"true\"}]\n",
			"8:13 error not-supported spec.tasks[0].when[0].cel: 'cel': not "
			"supported "
			"yet\n"},
		{"misspelled",
			ONE_TASK "    taskRef: {name: t}\n    runafter: []\n    retrys: 1\n",
			"8:5 warning field-case spec.tasks[0].runAfter: field 'runafter' is "
			"spelled 'runAfter'\n"
			"9:5 error unknown-field spec.tasks[0].retrys: pipeline task: unknown "
			"field \"retrys\"\n"},
		{"a name that YAML reads as a bool",
			PIPELINE_HEAD "  tasks:\n  - name: n\n    taskRef: {name: t}\n",
			"6:11 error wrong-type spec.tasks[0].name: 'name': cannot unmarshal "
			"bool "
			"into a value of type string\n"},
		{"retries as text", ONE_TASK "    taskRef: {name: t}\n    retries: '1'\n",
			"8:14 error wrong-type spec.tasks[0].retries: 'retries': cannot "
			"unmarshal "
			"string into a value of type int\n"},
		{"values as text",
			ONE_TASK "    taskRef: {name: t}\n"
				 "    when: [{input: a, operator: in, values: a}]\n",
			"8:45 error wrong-type spec.tasks[0].when[0].values: 'values': cannot "
			"unmarshal string into a value of type []string\n"},
		{"matrix as a list", ONE_TASK "    taskRef: {name: t}\n    matrix: []\n",
			"8:13 error wrong-type spec.tasks[0].matrix: 'matrix': cannot "
			"unmarshal "
			"array into a value of type matrix\n"},
		{"metadata of an inline task knows two members",
			ONE_TASK "    taskSpec: {metadata: {name: x}, steps: [{image: i}]}\n",
			"7:27 error unknown-field spec.tasks[0].taskSpec.metadata.name: "
			"metadata: "
			"unknown field \"name\"\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
