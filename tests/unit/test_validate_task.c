/* SPDX-License-Identifier: Apache-2.0 */
/* Task specs: declarations, steps, workspaces, variables. */
#include "tests/unit/validate_case.h"

static void test_names(void **state)
{
	static const struct validate_case cases[] = {
		{TASK(STEPS), {{0}}},
		{"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: "
		 "My_Task}\nspec:\n" STEPS,
			{{3, 18,
				"invalid resource name \"My_Task\": must be a valid DNS label: "
				"metadata.name",
				NULL}}},
		{"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: "
		 "a123456789a123456789a123456789a123456789a123456789a123456789a123}\n"
		 "spec:\n" STEPS,
			{{3, 18,
				"Invalid resource name: length must be no more than 63 "
				"characters: metadata.name",
				NULL}}},
		{"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: "
		 "a.b-c.d}\nspec:\n" STEPS,
			{{0}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_params(void **state)
{
	static const struct validate_case cases[] = {
		{TASK("  params: [{name: p}, {name: q}, {name: p}]\n" STEPS),
			{{5, 41, "parameter appears more than once: spec.params[p]", NULL}}},
		{TASK("  params: [{name: p, type: integer}]\n" STEPS),
			{{5, 28, "invalid value: integer: spec.params.p.type", NULL}}},
		{TASK("  params: [{name: p, type: string, default: [a]}]\n" STEPS),
			{{5, 45,
				"\"string\" type does not match default value's type: "
				"\"array\": spec.params.p.default.type, spec.params.p.type",
				NULL}}},
		{TASK("  params: [{name: p, type: array, default: x}]\n" STEPS),
			{{5, 44,
				"\"array\" type does not match default value's type: "
				"\"string\": spec.params.p.default.type, spec.params.p.type",
				NULL}}},
		{TASK("  params: [{name: p, type: object}]\n" STEPS),
			{{5, 19, "missing field(s): spec.p.properties", NULL}}},
		{TASK("  params: [{name: p, properties: {k: {type: array}}}]\n" STEPS),
			{{5, 45,
				"The value type specified for these keys [k] is invalid: "
				"spec.params.p.properties",
				NULL}}},
		{TASK("  params: [{name: 1p}, {name: a.b}, {name: _x-1}]\n" STEPS),
			{{5, 19,
				"The format of following array and string variable names is "
				"invalid: [1p]: spec.params",
				NULL}}},
		{TASK("  params: [{name: a.b, properties: {k: {type: string}}}]\n" STEPS),
			{{5, 19,
				"Object param name and key name format is invalid: "
				"map[a.b:[]]: spec.params",
				NULL}}},
		{TASK("  params: [{name: o, properties: {k.l: {type: string}}}]\n" STEPS),
			{{5, 35,
				"Object param name and key name format is invalid: "
				"map[o:[k.l]]: spec.params",
				NULL}}},
		{TASK("  params: [{name: p, enum: [a, b, a]}]\n" STEPS),
			{{5, 35,
				"parameter enum value a appears more than once: "
				"spec.params[p]",
				NULL}}},
		{TASK("  params: [{name: p, default: c, enum: [a, b]}]\n" STEPS),
			{{5, 31, "param default value c not in the enum list: spec.params[p]",
				NULL}}},
		{TASK("  params: [{name: p, type: array, enum: [a, b]}]\n" STEPS),
			{{5, 42, "enum can only be set with string type param: spec.params[p]",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_results(void **state)
{
	static const struct validate_case cases[] = {
		{TASK("  results: [{name: a/b}, {name: a.b_c-1}]\n" STEPS),
			{{5, 20, "invalid key name \"a/b\": spec.results[0].name", NULL}}},
		{TASK("  results: [{name: a-}]\n" STEPS),
			{{5, 20, "invalid key name \"a-\": spec.results[0].name", NULL}}},
		{TASK("  results: [{name: ok}, {name: a, type: object}]\n" STEPS),
			{{5, 32, "missing field(s): spec.results[1].a.properties", NULL}}},
		{TASK("  results: [{name: a, type: number}]\n" STEPS),
			{{5, 29, "invalid value: number: spec.results[0].type",
				"type must be string, array or object"}}},
		{TASK("  results: [{name: a, properties: {k: {type: array}}}]\n" STEPS),
			{{5, 46,
				"The value type specified for these keys [k] is invalid, the "
				"type must be string: spec.results[0].a.properties",
				NULL}}},
		{TASK("  results: [{name: a, value: '$(steps.s.results.arr[*])'}]\n" STEPS),
			{{5, 30,
				"invalid extracted result name \"arr[*]\": "
				"spec.results[0].a.value",
				NULL}}},
		{TASK("  results: [{name: a, value: text}]\n" STEPS),
			{{5, 30,
				"Could not extract step name and result name. Expected value "
				"to look like $(steps.<stepName>.results.<resultName>) but got "
				"\"text\": spec.results[0].a.value",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_steps(void **state)
{
	static const struct validate_case cases[] = {
		{TASK("  params: []"), {{5, 3, "missing field(s): spec.steps", NULL}}},
		{TASK("  steps: [{name: s, script: x}]"),
			{{5, 11, "missing field(s): spec.steps[0].Image", NULL}}},
		{TASK("  stepTemplate: {image: i}\n  steps: [{name: s, script: x}]"), {{0}}},
		{TASK("  steps: [{name: s, image: i}, {name: s, image: i}]"),
			{{5, 39, "expected exactly one, got both: spec.steps[1].name", NULL}}},
		{TASK("  steps: [{image: i}, {image: i}, {name: '', image: i}]"), {{0}}},
		{TASK("  steps: [{name: s.t, image: i}]"),
			{{5, 18, "invalid value \"s.t\": spec.steps[0].name", NULL}}},
		{TASK("  steps: [{name: s, image: i, script: x, command: [c]}]"),
			{{5, 39, "script cannot be used with command: spec.steps[0].script",
				NULL}}},
		{TASK("  stepTemplate: {command: [c]}\n  steps: [{image: i, script: x}]"),
			{{0}}},
		{TASK("  steps: [{name: s, image: i, timeout: -90s}]"),
			{{5, 40, "invalid value: -1m30s: spec.steps[0].negative timeout",
				NULL}}},
		{TASK("  steps: [{name: s, image: i, onError: ignore}]"),
			{{5, 40, "invalid value: \"ignore\": spec.steps[0].onError",
				"Task step onError must be either \"continue\" or "
				"\"stopAndFail\""}}},
		{TASK("  params: [{name: p}]\n"
		      "  steps: [{name: s, image: i, onError: $(params.p)}]"),
			{{0}}},
		{TASK("  steps: [{name: s, image: i, when: [{input: a, operator: equals, "
		      "values: [a]}]}]"),
			{{5, 59,
				"invalid value: operator \"equals\" is not recognized. valid "
				"operators: in,notin: spec.steps[0].when[0]",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_workspaces(void **state)
{
	static const struct validate_case cases[] = {
		{TASK("  workspaces: [{name: w}, {name: w, mountPath: /x}]\n" STEPS),
			{{5, 34, "workspace name \"w\" must be unique: spec.workspaces[1].name",
				NULL}}},
		{TASK("  workspaces: [{name: a, mountPath: /d}, {name: b, mountPath: "
		      "/d/}]\n" STEPS),
			{{5, 63,
				"workspace mount path \"/d\" must be unique: "
				"spec.workspaces[1].mountpath",
				NULL}}},
		{TASK("  workspaces: [{name: a}, {name: b, mountPath: /workspace/a}]\n" STEPS),
			{{5, 48,
				"workspace mount path \"/workspace/a\" must be unique: "
				"spec.workspaces[1].mountpath",
				NULL}}},
		{TASK("  workspaces: [{name: a, mountPath: "
		      "/tekton/../tekton/results}]\n" STEPS),
			{{5, 37,
				"workspace cannot be mounted under /tekton/ (workspace \"a\" "
				"mounted at \"/tekton/results\"): spec.workspaces[0].mountPath",
				NULL}}},
		{TASK("  workspaces: [{name: a, mountPath: /tekton/home/x}]\n" STEPS), {{0}}},
		{TASK("  workspaces: [{name: a, mountPath: /x/..}]\n" STEPS),
			{{5, 37,
				"workspace cannot be mounted at / (workspace \"a\"): "
				"spec.workspaces[0].mountPath",
				NULL}}},
		{TASK("  workspaces: [{name: source}]\n"
		      "  steps: [{name: s, image: i, workspaces: [{name: sourec}]}]"),
			{{6, 51,
				"undefined workspace \"sourec\": "
				"spec.steps[0].workspaces[0].name",
				"did you mean 'source'?"}}},
	};

	(void)state;
	check_cases(cases);
}

#define PARAMS                                                                                 \
	"  params: [{name: greeting}, {name: list, type: array}, {name: d.t}, "                \
	"{name: obj, properties: {key: {type: string}}}]\n"
#define SCRIPT(text) TASK(PARAMS "  steps: [{name: s, image: i, script: '" text "'}]")
#define ARGS(text)   TASK(PARAMS "  steps: [{name: s, image: i, args: ['" text "']}]")

static void test_variables(void **state)
{
	static const struct validate_case cases[] = {
		{SCRIPT("$(params.greeting) $(params[\"d.t\"]) $(params.list[0]) "
			"$(params.obj.key) $(date) $(other.x) $(inputs.params.zzz)"),
			{{0}}},
		{SCRIPT("hi $(params.greting)"),
			{{6, 43,
				"non-existent variable in \"hi $(params.greting)\": "
				"spec.steps[0].script",
				"did you mean 'greeting'?"}}},
		{SCRIPT("$(params.no1) $(params.no1) $(params[\"no2\"])"),
			{{6, 40,
				 "non-existent variable in \"$(params.no1) $(params.no1) "
				 "$(params[\\\"no2\\\"])\": spec.steps[0].script",
				 NULL},
				{6, 68,
					"non-existent variable in \"$(params.no1) "
					"$(params.no1) $(params[\\\"no2\\\"])\": "
					"spec.steps[0].script",
					NULL}}},
		{SCRIPT("$(params.list[*])"),
			{{6, 40,
				"variable type invalid in \"$(params.list[*])\": "
				"spec.steps[0].script",
				NULL}}},
		{SCRIPT("$(params.obj)"), {{6, 40,
						  "variable type invalid in \"$(params.obj)\": "
						  "spec.steps[0].script",
						  NULL}}},
		{SCRIPT("$(params.obj.kay)"),
			{{6, 40,
				"non-existent variable in \"$(params.obj.kay)\": "
				"spec.steps[0].script",
				"did you mean 'key'?"}}},
		{SCRIPT("$(params.a.b.c)"),
			{{6, 40,
				"Invalid referencing of parameters in \"$(params.a.b.c)\"! "
				"Only two dot-separated components after the prefix \"params\" "
				"are allowed.: spec.steps[0].script",
				NULL}}},
		{ARGS("$(params.list[*])"), {{0}}},
		{ARGS("$(params.list)"), {{0}}},
		{ARGS("x$(params.list[*])"),
			{{6, 40,
				"variable is not properly isolated in \"x$(params.list[*])\": "
				"spec.steps[0].args[0]",
				NULL}}},
		{ARGS("$(params.obj[*])"),
			{{6, 39,
				"variable type invalid in \"$(params.obj[*])\": "
				"spec.steps[0].args[0]",
				NULL}}},
		{TASK(PARAMS "  steps: [{image: i, env: [{name: A, value: $(params.list)}]}]"),
			{{6, 45,
				"variable type invalid in \"$(params.list)\": "
				"spec.steps[0].env[A]",
				NULL}}},
		{SCRIPT("$(context.taskRun.name) $(context.task.retry-count) "
			"$(context.pipelineRun.name) $(context.unknown.x)"),
			{{0}}},
		{SCRIPT("$(context.taskRun.nope)"),
			{{6, 40,
				"non-existent variable in \"$(context.taskRun.nope)\": "
				"spec.steps[0].script",
				NULL}}},
		{TASK("  results: [{name: digest}]\n"
		      "  steps: [{image: i, script: 'x > $(results.digets.path)'}]"),
			{{6, 35,
				"non-existent variable in \"x > $(results.digets.path)\": "
				"spec.steps[0].script",
				"did you mean 'digest'?"}}},
		{TASK("  results: [{name: a.b}]\n"
		      "  steps: [{image: i, script: 'x > $(results.a.b.path)'}]"),
			{{0}}},
		{SCRIPT("$(steps.x.results.r)"),
			{{6, 40,
				"stepResult substitutions are only allowed in env, command and "
				"args. Found usage in: spec.steps[0].script",
				NULL}}},
		{ARGS("$(steps.x.results.r)"), {{0}}},
		/* artifacts have no name that must be known, but places */
		{SCRIPT("$(steps.x.outputs.a) $(step.artifacts.path) $(artifacts.path)"),
			{{0}}},
		{ARGS("$(steps.x.inputs.a)"), {{0}}},
		{TASK("  steps: [{image: 'i:$(steps.x.outputs.a)'}]"),
			{{5, 22,
				"stepArtifact substitutions are only allowed in env, command, "
				"args and script. Found usage in: spec.steps[0].image",
				NULL}}},
		{TASK("  steps: [{image: 'i:$(artifacts.path)', workingDir: "
		      "$(step.artifacts.path)}]"),
			{{5, 54,
				"stepArtifact substitutions are only allowed in env, command, "
				"args and script. Found usage in: spec.steps[0].workingDir",
				NULL}}},
		{TASK("  steps: [{image: i, volumeMounts: [{name: v, mountPath: "
		      "'/m$(steps.x.inputs.a)'}]}]\n  volumes: [{name: v, emptyDir: {}}]"),
			{{5, 61,
				"stepArtifact substitutions are only allowed in env, command, "
				"args and script. Found usage in: "
				"spec.steps[0].volumeMounts[0].mountPath",
				NULL}}},
		{TASK("  steps: [{image: i, envFrom: [{prefix: '$(steps.x.results.a)', "
		      "configMapRef: {name: c}}]}]"),
			{{5, 42,
				"stepResult substitutions are only allowed in env, command and "
				"args. Found usage in: spec.steps[0].envFrom[0]",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

/* Quotes, blocks and control characters: the place is right and the message one line. */
static void test_places(void **state)
{
	static const struct validate_case cases[] = {
		{TASK("  steps:\n  - image: i\n    script: |\n      a=1\n"
		      "      echo \"ü$(params.q)\"\n"),
			{{9, 14,
				"non-existent variable in \"a=1\\necho "
				"\\\"ü$(params.q)\\\"\\n\": "
				"spec.steps[0].script",
				NULL}}},
		{TASK("  steps: [{image: i, script: \"\\t$(params.q)\\x07\"}]"),
			{{5, 33,
				"non-existent variable in \"\\t$(params.q)\\x07\": "
				"spec.steps[0].script",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

#define RUN(more, script)                                                                      \
	TASK_RUN("  params: [{name: given, value: [a]}, {name: o, value: {k: v}}]\n"           \
		 "  taskSpec: {" more "steps: [{image: i, script: '" script "'}]}")

static void test_propagation(void **state)
{
	static const struct validate_case cases[] = {
		{RUN("", "$(params.given[0]) $(params.o.k)"), {{0}}},
		{RUN("params: [{name: own}], ", "$(params.own)"), {{0}}},
		{RUN("", "$(params.given)"),
			{{6, 42,
				"variable type invalid in \"$(params.given)\": "
				"spec.taskSpec.steps[0].script",
				NULL}}},
		{RUN("", "$(params.gven[0])"),
			{{6, 42,
				"non-existent variable in \"$(params.gven[0])\": "
				"spec.taskSpec.steps[0].script",
				"did you mean 'given'?"}}},
	};

	(void)state;
	check_cases(cases);
}

/* Not carried out yet, but a mistake is still named. */
static void test_volumes(void **state)
{
	struct arena *a = arena_new();
	struct spec *s = case_load(
		a, TASK("  volumes: [{name: v}, {name: v}]\n"
			"  sidecars: [{name: tekton-log-results, image: i}]\n"
			"  steps: [{image: i, volumeMounts: [{name: tekton-internal-x, "
			"mountPath: /tekton/run}]}]"));
	static const char *const want[] = {
		"multiple volumes with same name \"v\": spec.volumes[1].name",
		"volumeMount name \"tekton-internal-x\" cannot start with "
		"\"tekton-internal-\": spec.steps[0].volumeMounts[0].name",
		"volumeMount cannot be mounted under /tekton/ (volumeMount "
		"\"tekton-internal-x\" mounted at \"/tekton/run\"): "
		"spec.steps[0].volumeMounts[0].mountPath",
		"Invalid: cannot use reserved sidecar name tekton-log-results : "
		"spec.sidecars.name",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		size_t found = 0;

		for (size_t k = 0; k < s->diags->n; k++)
			found += str_eqz(s->diags->items[k].msg, want[i]);
		if (found != 1)
			case_show(s->diags);
		assert_int_equal(found, 1);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_results),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_workspaces),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_propagation),
		cmocka_unit_test(test_volumes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
