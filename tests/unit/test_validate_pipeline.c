/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines: tasks, matrix, workspaces, variables, finally, results. */
#include "tests/unit/validate_case.h"

#define ONE(task)     PIPELINE("  tasks:\n  - {name: a, " INLINE "}\n  - " task)
#define ONE_RUN(task) PIPELINE_RUN("  pipelineSpec:\n   tasks:\n   - " task)
#define FINALLY(task) PIPELINE("  tasks:\n  - {name: a, " INLINE "}\n  finally:\n  - " task)
#define RESULT(value)                                                                          \
	PIPELINE(                                                                              \
		"  results: [{name: r, value: " value "}]\n  tasks:\n  - {name: task, " INLINE \
		"}\n  finally:\n  - {name: fin, " INLINE "}")

#define INNER(more) "pipelineSpec: {tasks: [{name: c, " INLINE "}]" more "}"
#define USES(text)                                                                             \
	"pipelineSpec: {tasks: [{name: c, taskSpec: {steps: [{name: s, image: i, script: "     \
	"'" text "'}]}}]}"

/* What a pipeline task runs may be a pipeline (section 19). */
static void test_inner(void **state)
{
	static const struct validate_case cases[] = {
		{ONE("{name: b, pipelineRef: {name: q}, retries: 1, timeout: 1h}"), {{0}}},
		{ONE("{name: b, " INNER("") "}"), {{0}}},
		{ONE("{name: b, pipelineRef: {}}"),
			{{7, 28,
				"invalid value: pipelineRef must specify name: "
				"spec.tasks[1].pipelineRef.name",
				NULL}}},
		{ONE("{name: b, pipelineRef: {name: q}, " INNER("") "}"),
			{{7, 53,
				"expected exactly one, got multiple: "
				"spec.tasks[1].pipelineRef, spec.tasks[1].pipelineSpec",
				NULL}}},
		/* nothing fills in types there, of its tasks neither */
		{ONE("{name: b, " INNER(", params: [{name: m, default: x}]") "}"),
			{{7, 119, "invalid value: : spec.tasks[1].pipelineSpec.params.m.type",
				"params of a pipelineSpec inside a pipeline must say their "
				"type: 'type: string'"}}},
		{ONE("{name: b, " INNER(", params: [{name: m, type: string}]") "}"), {{0}}},
		{ONE("{name: b, pipelineSpec: {tasks: [{name: c, taskSpec: {params: [{name: "
		     "m, type: array}, {name: l, default: [x]}], steps: [{image: i}]}}]}}"),
			{{7, 99,
				"invalid value: : "
				"spec.tasks[1].pipelineSpec.tasks[0].taskSpec.params.l.type",
				NULL}}},
		/* nothing of what is around it is seen inside, but what it is given */
		{PIPELINE("  params: [{name: x}]\n  tasks:\n  - {name: b, " USES(
			 "$(params.x)") "}"),
			{{7, 96,
				"non-existent variable in \"$(params.x)\": "
				"spec.tasks[0].pipelineSpec.tasks[0].taskSpec.steps[0].script",
				NULL}}},
		{ONE("{name: b, params: [{name: x, value: v}], " USES("$(params.x)") "}"),
			{{0}}},
		{ONE("{name: b, matrix: {params: [{name: x, value: [v]}]}, " USES(
			 "$(params.x)") "}"),
			{{0}}},
		{ONE("{name: b, pipelineSpec: {tasks: [{name: c, runAfter: [a], " INLINE
		     "}]}}"),
			{{7, 59,
				"invalid value: couldn't add link between c and a: task c "
				"depends on a but a wasn't present in Pipeline: "
				"spec.tasks[1].pipelineSpec.tasks",
				NULL}}},
		{ONE("{name: b, pipelineSpec: {}}"),
			{{7, 29,
				"expected at least one, got none: "
				"spec.tasks[1].pipelineSpec.description, "
				"spec.tasks[1].pipelineSpec.params, "
				"spec.tasks[1].pipelineSpec.resources, "
				"spec.tasks[1].pipelineSpec.tasks, "
				"spec.tasks[1].pipelineSpec.workspaces",
				NULL}}},
		/* its results may be used, in aggregate when it is fanned out */
		{ONE("{name: b, matrix: {params: [{name: x, value: [v]}]}, pipelineRef: {name: "
		     "q}}\n  - {name: d, params: [{name: p, value: $(tasks.b.results.r)}], "
		     "taskRef: {name: t}}"),
			{{8, 41,
				"A matrixed pipelineTask can only be consumed in aggregate "
				"using [*] notation, but is currently set to "
				"tasks.b.results.r: spec.tasks[2].params[p].value",
				NULL}}},
		/* volumes and the like are looked for inside, too */
		{ONE("{name: b, pipelineSpec: {tasks: [{name: c, taskSpec: {steps: [{name: s, "
		     "image: i, volumeMounts: [{name: v, mountPath: /tekton/x}]}]}}]}}"),
			{{7, 123,
				"volumeMount cannot be mounted under /tekton/ (volumeMount "
				"\"v\" mounted at \"/tekton/x\"): "
				"spec.tasks[1].pipelineSpec.tasks[0].taskSpec.steps[0]."
				"volumeMounts[0].mountPath",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_tasks(void **state)
{
	static const struct validate_case cases[] = {
		{ONE("{name: b, taskRef: {name: t}}"), {{0}}},
		{ONE("{name: \"Build It\", taskRef: {name: t}}"),
			{{7, 12, "invalid value \"Build It\": spec.tasks[1].name", NULL}}},
		{ONE("{taskRef: {name: t}}"),
			{{7, 5, "invalid value \"\": spec.tasks[1].name", NULL}}},
		{ONE("{name: a, taskRef: {name: t}}"),
			{{7, 12, "expected exactly one, got both: spec.tasks[1].name",
				"task a is already present in Graph, can't add it again: "
				"duplicate pipeline task"}}},
		{ONE("{name: b}"),
			{{7, 5,
				"expected exactly one, got neither: spec.tasks[1].pipelineRef, "
				"spec.tasks[1].pipelineSpec, spec.tasks[1].taskRef, "
				"spec.tasks[1].taskSpec",
				NULL}}},
		{ONE("{name: b, taskRef: {name: t}, " INLINE "}"),
			{{7, 45,
				"expected exactly one, got multiple: spec.tasks[1].taskRef, "
				"spec.tasks[1].taskSpec",
				NULL}}},
		{ONE("{name: b, taskRef: {kind: Task}}"),
			{{7, 24,
				"invalid value: taskRef must specify name: "
				"spec.tasks[1].taskRef.name",
				NULL}}},
		{ONE("{name: b, taskRef: {name: $(params.x)}}"),
			{{7, 31,
				"invalid value: name part must consist of alphanumeric "
				"characters, '-', '_' or '.', and must start and end with an "
				"alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
				"'123-abc', regex used for validation is "
				"'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'): "
				"spec.tasks[1].taskRef.name",
				NULL}}},
		{ONE("{name: b, taskRef: {name: t, apiVersion: example.dev, kind: X}}"),
			{{7, 46,
				"invalid value: invalid apiVersion format \"example.dev\", "
				"must be in the format \"group/version\": "
				"spec.tasks[1].taskRef.apiVersion",
				NULL}}},
		{ONE("{name: b, onError: ignore, taskRef: {name: t}}"),
			{{7, 24, "invalid value: ignore: spec.tasks[1].OnError", NULL}}},
		{ONE("{name: b, onError: continue, retries: 1, taskRef: {name: t}}"),
			{{7, 24,
				"PipelineTask OnError cannot be set to \"continue\" when "
				"Retries is greater than 0: spec.tasks[1]",
				NULL}}},
		{ONE("{name: b, onError: $(params.x), retries: 1, taskRef: {name: t}}"), {{0}}},
		{ONE("{name: b, retries: -2, taskRef: {name: t}}"),
			{{7, 24, "invalid value: -2 should be >= 0: spec.tasks[1].retries",
				NULL}}},
		{ONE("{name: b, timeout: -1h, taskRef: {name: t}}"),
			{{7, 24, "invalid value: -1h0m0s should be >= 0: spec.tasks[1].timeout",
				NULL}}},
		{ONE("{name: b, taskRef: {name: t}, params: [{name: x, value: a}, {name: x, "
		     "value: b}]}"),
			{{7, 72,
				"parameter names must be unique, the parameter \"x\" is also "
				"defined at: spec.tasks[1].params[1].name",
				NULL}}},
		{ONE("{name: b, taskSpec: {steps: [{name: X, image: i}]}}"),
			{{7, 41, "invalid value \"X\": spec.tasks[1].taskSpec.steps[0].name",
				NULL}}},
		{PIPELINE("  tasks: []"),
			{{5, 3,
				"expected at least one, got none: spec.description, "
				"spec.params, spec.resources, spec.tasks, spec.workspaces",
				NULL}}},
		{PIPELINE("  finally:\n  - {name: f, " INLINE "}"),
			{{6, 5,
				"invalid value: spec.tasks is empty but spec.finally has 1 "
				"tasks: spec.finally",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_when(void **state)
{
	static const struct validate_case cases[] = {
		{ONE("{name: b, taskRef: {name: t}, when: [{input: '', operator: notin, "
		     "values: [x]}]}"),
			{{0}}},
		{ONE("{name: b, taskRef: {name: t}, when: [{input: x, operator: eq, values: "
		     "[x]}]}"),
			{{7, 63,
				"invalid value: operator \"eq\" is not recognized. valid "
				"operators: in,notin: spec.tasks[1].when[0]",
				NULL}}},
		{ONE("{name: b, taskRef: {name: t}, when: [{input: x, operator: in}]}"),
			{{7, 42,
				"invalid value: expecting non-empty values field: "
				"spec.tasks[1].when[0]",
				NULL}}},
		{ONE("{name: b, taskRef: {name: t}, when: [{input: x, operator: in, values: "
		     "[]}]}"),
			{{7, 75,
				"invalid value: expecting non-empty values field: "
				"spec.tasks[1].when[0]",
				NULL}}},
		{ONE("{name: b, taskRef: {name: t}, when: [{}]}"),
			{{7, 42, "missing field(s): spec.tasks[1].when[0]", NULL}}},
		{ONE("{name: b, taskRef: {name: t}, when: [{cel: 'true', input: x, operator: "
		     "in, values: [v, w]}]}"),
			{{7, 48,
				"cel and input+operator+values cannot be set in one "
				"WhenExpression: &{x in [v w] true}: spec.tasks[1].when[0]",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

#define STRINGS                                                                                \
	"['1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g'"

static void test_matrix(void **state)
{
	static const struct validate_case cases[] = {
		{ONE("{name: b, taskRef: {name: t}, matrix: {params: [{name: x, value: " STRINGS
		     "]}, {name: v, value: " STRINGS "]}]}}"),
			{{0}}},
		{ONE("{name: b, taskRef: {name: t}, matrix: {params: [{name: x, value: " STRINGS
		     "]}, {name: v, value: " STRINGS ", h]}]}}"),
			{{7, 43, "expected 0 <= 272 <= 256: spec.tasks[1].matrix", NULL}}},
		{ONE("{name: b, taskRef: {name: t}, matrix: {params: [{name: x, value: [a]}, "
		     "{name: x, value: [b]}]}}"),
			{{7, 83,
				"parameter names must be unique, the parameter \"x\" is also "
				"defined at: spec.tasks[1].matrix.params[1].name",
				NULL}}},
		{ONE("{name: b, taskRef: {name: t}, params: [{name: x, value: a}], matrix: "
		     "{params: [{name: x, value: [b]}]}}"),
			{{7, 51,
				"expected exactly one, got both: spec.tasks[1].matrix[x], "
				"spec.tasks[1].params[x]",
				NULL}}},
		/* a string is found out only when it runs */
		{ONE("{name: b, taskRef: {name: t}, matrix: {params: [{name: x, value: a}]}}"),
			{{0}}},
		/* consuming what a fan-out makes */
		{PIPELINE(
			 "  tasks:\n"
			 "  - {name: fan, matrix: {params: [{name: x, value: [a]}]}, taskSpec: "
			 "{params: [{name: x}], results: [{name: r}], steps: [{image: i}]}}\n"
			 "  - {name: b, taskRef: {name: t}, params: [{name: p, value: "
			 "'$(tasks.fan.results.r[*])'}]}\n"
			 "  - {name: c, taskRef: {name: t}, params: [{name: p, value: "
			 "$(tasks.fan.results.r)}]}"),
			{{8, 61,
				"A matrixed pipelineTask can only be consumed in aggregate "
				"using [*] notation, but is currently set to "
				"tasks.fan.results.r: spec.tasks[2].params[p].value",
				NULL}}},
		{PIPELINE(
			 "  tasks:\n"
			 "  - {name: fan, matrix: {params: [{name: x, value: [a]}]}, taskSpec: "
			 "{params: [{name: x}], results: [{name: r, type: array}], "
			 "steps: [{image: i}]}}\n"
			 "  - {name: b, taskRef: {name: t}, params: [{name: p, value: "
			 "'$(tasks.fan.results.r[*])'}]}"),
			{{7, 62,
				"Matrixed PipelineTasks emitting results must have an "
				"underlying type string, but result r has type array in "
				"pipelineTask: spec.tasks[1].params[p].value",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_workspaces(void **state)
{
	static const struct validate_case cases[] = {
		{PIPELINE("  workspaces: [{name: w}, {name: w}, {description: d}]\n  tasks:\n  "
			  "- "
			  "{name: a, taskRef: {name: t}, workspaces: [{name: w}, {name: x, "
			  "workspace: w}]}"),
			{{5, 34,
				 "invalid value: workspace with name \"w\" appears more than "
				 "once: spec.workspaces[1]",
				 NULL},
				{5, 52,
					"invalid value: workspace 2 has empty name: "
					"spec.workspaces[2]",
					NULL}}},
		{PIPELINE("  workspaces: [{name: source}]\n  tasks:\n  - {name: a, taskRef: "
			  "{name: t}, workspaces: [{name: souce}, {name: x, workspace: zz}]}"),
			{{7, 55,
				 "invalid value: pipeline task \"a\" expects workspace with "
				 "name "
				 "\"souce\" but none exists in pipeline spec: "
				 "spec.tasks[0].workspaces[0]",
				 "did you mean 'source'?"},
				{7, 84,
					"invalid value: pipeline task \"a\" expects workspace "
					"with name \"zz\" but none exists in pipeline spec: "
					"spec.tasks[0].workspaces[1]",
					NULL}}},
		/* inline pipelines: workspaces of the run propagate */
		{ONE_RUN("{name: a, taskRef: {name: t}, workspaces: [{name: w}]}"), {{0}}},
	};

	(void)state;
	check_cases(cases);
}

#define PARAMS                                                                                 \
	"  params: [{name: text}, {name: list, type: array}, {name: obj, "                     \
	"properties: {key: {type: string}}}]\n"
#define VALUE(v)                                                                               \
	PIPELINE(PARAMS "  tasks:\n  - {name: a, taskRef: {name: t}, params: [{name: p, "      \
			"value: " v "}]}")
#define WHEN(input, value)                                                                     \
	PIPELINE(PARAMS "  tasks:\n  - {name: a, taskRef: {name: t}, when: [{input: '" input   \
			"', operator: in, values: ['" value "']}]}")

static void test_variables(void **state)
{
	static const struct validate_case cases[] = {
		{VALUE("'$(params.text) $(params.list[1]) $(params.obj.key)'"), {{0}}},
		{VALUE("'$(params.list[*])'"), {{0}}},
		{VALUE("'$(params[\"list\"][*])'"), {{0}}},
		{VALUE("'$(params.obj[*])'"), {{0}}},
		{VALUE("['a', '$(params.list[*])']"), {{0}}},
		{VALUE("$(params.txet)"),
			{{7, 61,
				"non-existent variable in \"$(params.txet)\": "
				"spec.tasks[0].params[p].value",
				"did you mean 'text'?"}}},
		{VALUE("$(params.list)"),
			{{7, 61,
				"variable type invalid in \"$(params.list)\": "
				"spec.tasks[0].params[p].value",
				NULL}}},
		{VALUE("['x$(params.list[*])']"),
			{{7, 64,
				"variable is not properly isolated in \"x$(params.list[*])\": "
				"spec.tasks[0].params[p].value[0]",
				NULL}}},
		{VALUE("{k: '$(params.list[*])'}"),
			{{7, 66,
				"variable type invalid in \"$(params.list[*])\": "
				"spec.tasks[0].params[p].value[k]",
				NULL}}},
		{VALUE("$(params.obj.nope)"),
			{{7, 61,
				"non-existent variable in \"$(params.obj.nope)\": "
				"spec.tasks[0].params[p].value",
				NULL}}},
		{VALUE("$(context.pipelineRun.nam)"),
			{{7, 61,
				"non-existent variable in \"$(context.pipelineRun.nam)\": "
				"spec.tasks[0].params[p].value",
				NULL}}},
		{VALUE("$(context.pipelineTask.retries)$(context.pipeline.name)"), {{0}}},
		{WHEN("$(params.text)", "$(params.list[*])"), {{0}}},
		{WHEN("$(params.list[*])", "x"),
			{{7, 51,
				"variable type invalid in \"$(params.list[*])\": "
				"spec.tasks[0].when[0].input",
				NULL}}},
		{WHEN("x", "$(params.list)"),
			{{7, 79,
				"variable type invalid in \"$(params.list)\": "
				"spec.tasks[0].when[0].values",
				NULL}}},
		{VALUE("$(tasks.status)"),
			{{7, 61,
				"invalid value: pipeline tasks can not refer to execution "
				"status of any other pipeline task or aggregate status of "
				"tasks: spec.tasks[0].params[p].value",
				NULL}}},
		{VALUE("$(tasks.b.reason)"),
			{{7, 61,
				"invalid value: pipeline tasks can not refer to execution "
				"status of any other pipeline task or aggregate status of "
				"tasks: spec.tasks[0].params[p].value",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

/* Who may use which param without declaring it (section 5). */
static void test_propagation(void **state)
{
	static const struct validate_case cases[] = {
		/* Pipeline: params of the pipeline, not those its task is given */
		{PIPELINE(
			 PARAMS "  tasks:\n  - {name: a, taskSpec: {steps: [{image: i, script: "
				"$(params.text)}]}}"),
			{{0}}},
		{PIPELINE(
			 "  tasks:\n  - {name: a, params: [{name: given, value: x}], taskSpec: "
			 "{steps: [{image: i, script: $(params.given)}]}}"),
			{{6, 88,
				"non-existent variable in \"$(params.given)\": "
				"spec.tasks[0].taskSpec.steps[0].script",
				NULL}}},
		/* PipelineRun: what the run gives, what any task has */
		{PIPELINE_RUN(
			 "  params: [{name: given, value: x}]\n  pipelineSpec:\n   tasks:\n"
			 "   - {name: a, params: [{name: mine, value: $(params.given)}], "
			 "taskSpec: {steps: [{image: i, script: "
			 "$(params.given)$(params.mine)$(params.other)}]}}\n"
			 "   - {name: b, taskSpec: {params: [{name: other, type: array}], "
			 "steps: [{image: i}]}}"),
			{{0}}},
		{PIPELINE_RUN(
			 "  params: [{name: given, value: x}]\n  pipelineSpec:\n   tasks:\n"
			 "   - {name: a, taskSpec: {steps: [{image: i, script: "
			 "$(params.givne)}]}}"),
			{{8, 54,
				"non-existent variable in \"$(params.givne)\": "
				"spec.pipelineSpec.tasks[0].taskSpec.steps[0].script",
				"did you mean 'given'?"}}},
		/* a matrix gives each child one string of its array */
		{ONE_RUN("{name: a, matrix: {params: [{name: m, value: [q]}]}, taskSpec: "
			 "{steps: "
			 "[{image: i, script: $(params.m)}]}}"),
			{{0}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_finally(void **state)
{
	static const struct validate_case cases[] = {
		{FINALLY("{name: f, taskRef: {name: t}, params: [{name: p, value: "
			 "'$(tasks.a.status)$(tasks.status)$(tasks.a.reason)$(tasks.a.results."
			 "r)"
			 "'}]}"),
			{{0}}},
		{FINALLY("{name: f, taskRef: {name: t}, runAfter: [a]}"),
			{{8, 46,
				"invalid value: no runAfter allowed under spec.finally, final "
				"task f has runAfter specified: spec.finally[0]",
				NULL}}},
		{FINALLY("{name: f, taskRef: {name: t}, params: [{name: p, value: "
			 "$(tasks.gone.status)}]}"),
			{{8, 61,
				"invalid value: pipeline task gone is not defined in the "
				"pipeline: spec.finally[0].params[p].value",
				NULL}}},
		{FINALLY("{name: f, taskRef: {name: t}, params: [{name: p, value: "
			 "$(tasks.gone.results.r)}]}"),
			{{8, 61,
				"invalid value: invalid task result reference, final task has "
				"task result reference from a task gone which is not defined "
				"in the pipeline: spec.finally[0].params[p].value",
				NULL}}},
		{FINALLY("{name: f, taskRef: {name: t}, when: [{input: $(tasks.f.results.r), "
			 "operator: in, values: [x]}]}"),
			{{8, 50,
				"invalid value: invalid task result reference, final task has "
				"task result reference from a final task f: "
				"spec.finally[0].when[0].input",
				NULL}}},
		{FINALLY("{name: a, taskRef: {name: t}}"),
			{{8, 12, "expected exactly one, got both: spec.finally[0].name",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_results(void **state)
{
	static const struct validate_case cases[] = {
		{RESULT("$(tasks.task.results.x)"), {{0}}},
		{RESULT("$(tasks.task.results.x) and $(finally.fin.results.z.k)!"), {{0}}},
		{RESULT("['$(tasks.task.results.x[0])']"), {{0}}},
		{RESULT("{k: $(tasks.task.results.x)}"), {{0}}},
		{RESULT("plain"),
			{{5, 30,
				"invalid value: expected pipeline results to be task result "
				"expressions but no expressions were found: "
				"spec.results[0].value",
				NULL}}},
		{RESULT("$(params.x)"),
			{{5, 30,
				"invalid value: expected pipeline results to be task result "
				"expressions but an invalid expressions was found: "
				"spec.results[0].value",
				NULL}}},
		{RESULT("$(tasks.tsak.results.x)"),
			{{5, 30,
				"invalid value: referencing a nonexistent task: "
				"spec.results[0].value",
				"did you mean 'task'?"}}},
		{RESULT("$(finally.task.results.x)"),
			{{5, 30,
				"invalid value: referencing a nonexistent task: "
				"spec.results[0].value",
				NULL}}},
		{RESULT("pre-$(tasks.task.results.x)"),
			{{5, 30,
				"invalid value: referencing a nonexistent task: "
				"spec.results[0].value",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tasks),
		cmocka_unit_test(test_inner),
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_matrix),
		cmocka_unit_test(test_workspaces),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_propagation),
		cmocka_unit_test(test_finally),
		cmocka_unit_test(test_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
