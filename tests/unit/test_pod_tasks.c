/* SPDX-License-Identifier: Apache-2.0 */
/* Whose TaskRun a name is of: what `pod` writes, and what anybody may have written. */
#include "entrypoint/pod_tasks.h"
#include "spec_build.h"

#include <base/bounds.h>

#define TASK(name) "{name: " name ", taskSpec: {steps: [{image: i, script: x}]}}"

static void test_written(void **state)
{
	static const char yaml[] =
		"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\n"
		"spec: {pipelineRef: {name: p}}\n---\n"
		"apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\n"
		"spec:\n  tasks:\n  - " TASK(
			"a") "\n"
			     "  - {name: kid, pipelineRef: {name: q}}\n"
			     "  - {name: fan, matrix: {params: [{name: x, value: [u]}]}, "
			     "taskSpec: {params: "
			     "[{name: x}], steps: [{image: i, script: x}]}}\n"
			     "  finally: [" TASK("end") "]\n---\n"
							"apiVersion: tekton.dev/v1\nkind: "
							"Pipeline\nmetadata: {name: q}\n"
							"spec: {tasks: [" TASK("in") "]}\n";
	struct arena *a cleanup_arena = arena_new();
	struct spec_input in = {.name = STR("t"), .text = str_z(yaml)};
	struct spec *s = spec_load(a, &in, 1, &(struct spec_options){0});

	(void)state;
	assert_true(spec_ok(s));
	assert_string_equal(str_c(pod_tasks(a, s, &s->runs[0])),
		"{\"tasks\":[\"a\",\"end\"],\"fanOuts\":[\"fan\"],\"pipelines\":{\"kid\":{"
		"\"tasks\":[\"in\"]}}}");
}

#define TREE                                                                                   \
	"{\"tasks\":[\"a\",\"a-0\"],\"fanOuts\":[\"fan\"],\"pipelines\":{\"k\":{\"tasks\":["   \
	"\"in\"]},\"k-k\":{\"fanOuts\":[\"in\"],\"pipelines\":{\"l\":{\"tasks\":[\"z\"]}}}}}"

static void test_looked_up(void **state)
{
	static const struct {
		const char *tree, *name, *task, *owner;
		bool is_run;
	} cases[] = {
		{TREE, "r-a", "a", "r", false},
		{TREE, "r-a-0", "a-0", "r", false},
		{TREE, "r-a-1", "", "", false},
		{TREE, "r-fan-0", "fan", "r", false},
		{TREE, "r-fan-17", "fan", "r", false},
		{TREE, "r-fan", "", "", false},
		{TREE, "r-fan-", "", "", false},
		{TREE, "r-fan-x", "", "", false},
		{TREE, "r-fan--1", "", "", false},
		{TREE, "r-k", "k", "r", true},
		{TREE, "r-k-in", "in", "r-k", false},
		{TREE, "r-k-k", "k-k", "r", true},
		{TREE, "r-k-k-in-3", "in", "r-k-k", false},
		{TREE, "r-k-k-l", "l", "r-k-k", true},
		{TREE, "r-k-k-l-z", "z", "r-k-k-l", false},
		{TREE, "r-k-k-l-y", "", "", false},
		{TREE, "r", "", "", false},
		{TREE, "r-", "", "", false},
		{TREE, "s-a", "", "", false},
		{TREE, "ra", "", "", false},
		{TREE, "", "", "", false},
		{"{}", "r-a", "", "", false},
		{"[]", "r-a", "", "", false},
		{"7", "r-a", "", "", false},
		{"{\"tasks\":\"a\",\"fanOuts\":{\"a\":1},\"pipelines\":[\"a\"]}", "r-a", "", "",
			false},
		{"{\"tasks\":[1,null,{}],\"fanOuts\":[\"\"],\"pipelines\":{\"\":{\"tasks\":["
		 "\"a\"]}}}",
			"r-a", "", "", false},
		{"{\"pipelines\":{\"a\":7}}", "r-a-b", "", "", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *a cleanup_arena = arena_new();
		struct json *v = NULL;
		struct pod_task t;

		assert_int_equal(json_parse(a, str_z(cases[i].tree), MIB, &v, NULL), 0);
		t = pod_task_of(v, STR("r"), str_z(cases[i].name));
		if (!str_eqz(t.pipeline_task, cases[i].task) ||
			!str_eqz(t.owner, cases[i].owner) ||
			t.is_pipeline_run != cases[i].is_run)
			fail_msg("'%s': " STR_FMT " of " STR_FMT, cases[i].name,
				STR_ARG(t.pipeline_task), STR_ARG(t.owner));
		assert_int_equal(pod_task_of(NULL, STR("r"), str_z(cases[i].name)).owner.n, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written),
		cmocka_unit_test(test_looked_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
