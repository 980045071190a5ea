/* SPDX-License-Identifier: Apache-2.0 */
/* Step results, step when, results lifted into the task (sections 7.6 and 12). */
#include "agent_rig.h"

#define TR(spec) "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\nspec:\n" spec
#define MAKER                                                                                  \
	"    - {name: a, image: x, script: s, results: [{name: s}, {name: l, type: array}, "   \
	"{name: o, type: object, properties: {k: {}}}]}\n"

static const struct fate maker[] = {
	{"tr", -1, 0, STEP_END_EXITED, 0, 0,
		{"@s", "v $(X) $(steps.a.results.l[0])", "@l", "[\"one\",\"t w\"]", "@o",
			"{\"k\":\"key\"}"},
		false},
};

static const struct step_launch *started(struct rig *r, size_t step)
{
	for (size_t i = 0; i < r->n_actions; i++)
		if (r->actions[i].kind == ACTION_START_STEP && r->actions[i].step == step)
			return &r->actions[i].launch->steps[step];
	print_error("step %zu was not started\n", step);
	abort();
}

/* The last step hangs, so that its launch is still there. */
static struct rig *run_held(const char *yaml, const struct fate *first)
{
	static struct fate fates[2];

	fates[0] = *first;
	fates[1] = (struct fate){"tr", -1, 1, STEP_END_EXITED, 0, 0, {0}, true};
	return rig_run(yaml, fates, 2);
}

static void test_filled_in(void **state)
{
	struct rig *r = run_held(
		TR("  taskSpec:\n    steps:\n" MAKER
		   "    - {name: b, image: x, command: [p, '$(steps.a.results.s)'], args: "
		   "['$(steps.a.results.l[*])', '$(steps.a.results.l[1])', "
		   "'$(steps.a.results.o.k)', '$(steps.a.results.no)', "
		   "'$(steps.z.results.s)'], "
		   "env: [{name: E, value: 'e=$(steps.a.results.s)'}]}\n"),
		maker);
	const struct step_launch *l = started(r, 1);
	static const char *const want[] = {
		"one", "t w", "t w", "key", "$(steps.a.results.no)", "$(steps.z.results.s)"};

	(void)state;
	/* last of all, so nothing in it is a variable any more */
	assert_str(l->command[1], "v $(X) $(steps.a.results.l[0])");
	assert_str(l->env[0].value, "e=v $(X) $(steps.a.results.l[0])");
	assert_int_equal(l->n_args, ARRAY_SIZE(want));
	for (size_t i = 0; i < l->n_args; i++)
		assert_str(l->args[i], want[i]);
	rig_free(r);
}

/* Of the wrong type or missing: the text stays as it is. */
static void test_malformed(void **state)
{
	static const struct fate bad = {
		"tr", -1, 0, STEP_END_EXITED, 0, 0, {"@l", " [\"x\"]", "@o", "[1]"}, false};
	struct rig *r =
		run_held(TR("  taskSpec:\n    steps:\n" MAKER
			    "    - {name: b, image: x, args: ['$(steps.a.results.l[*])', "
			    "'$(steps.a.results.o.k)', '$(steps.a.results.s)']}\n"),
			&bad);
	const struct step_launch *l = started(r, 1);

	(void)state;
	assert_int_equal(l->n_args, 3);
	assert_str(l->args[0], "$(steps.a.results.l[*])");
	assert_str(l->args[1], "$(steps.a.results.o.k)");
	assert_str(l->args[2], "$(steps.a.results.s)");
	assert_int_equal(rig_task(r, "tr")->attempts[0].steps[0].n_results, 0);
	rig_free(r);
}

struct condition_case {
	const char *when;
	bool runs;
};
static const struct condition_case whens[] = {
	{"{input: x, operator: in, values: [x]}", true},
	{"{input: x, operator: notin, values: [x]}", false},
	{"{input: $(steps.a.results.o.k), operator: in, values: [key]}", true},
	{"{input: $(steps.a.results.o.k), operator: in, values: [other]}", false},
	{"{input: one, operator: in, values: ['$(steps.a.results.l[*])']}", true},
	{"{input: $(steps.a.results.no), operator: notin, values: [x]}", true},
	{"{input: x, operator: in, values: [x]}, {input: k, operator: in, values: [z]}", false},
};

static void test_when(void **state)
{
	char yaml[2048];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(whens); i++) {
		const struct step_view *s;
		struct rig *r;

		snprintf(yaml, sizeof(yaml),
			TR("  taskSpec:\n    steps:\n" MAKER
			   "    - {name: b, image: x, script: s, when: [%s]}\n"
			   "    - {name: c, image: x, script: s}\n"),
			whens[i].when);
		r = rig_run(yaml, maker, 1);
		s = &rig_task(r, "tr")->attempts[0].steps[1];
		assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
		assert_int_equal(s->exit_code, 0);
		assert_str(s->reason, "Completed");
		assert_str(s->termination_reason, whens[i].runs ? "Completed" : "Skipped");
		assert_int_equal(rig_count(r, ACTION_SKIP_STEP), whens[i].runs ? 0 : 1);
		assert_int_equal(rig_count(r, ACTION_START_STEP), whens[i].runs ? 3 : 2);
		rig_free(r);
	}
}

/* All skipped, the last one too: the task has succeeded. */
static void test_all_skipped(void **state)
{
	struct rig *r = rig_run(TR("  taskSpec:\n    steps:\n"
				   "    - {name: a, image: x, script: s, when: [{input: a, "
				   "operator: in, values: "
				   "[b]}]}\n"
				   "    - {name: b, image: x, script: s, when: [{input: a, "
				   "operator: in, values: "
				   "[b]}]}\n"),
		NULL, 0);

	(void)state;
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	assert_int_equal(rig_count(r, ACTION_START_STEP), 0);
	assert_int_equal(rig_count(r, ACTION_SKIP_STEP), 2);
	assert_int_equal(rig_count(r, ACTION_END_TASK), 1);
	rig_free(r);
}

static void test_lifted(void **state)
{
	struct rig *r = rig_run(
		TR("  taskSpec:\n"
		   "    results: [{name: up, value: $(steps.a.results.s)}, {name: ups, type: "
		   "array, value: $(steps.a.results.l)}, {name: none, value: "
		   "$(steps.a.results.no)}, {name: file}]\n"
		   "    steps:\n" MAKER),
		maker, 1);

	(void)state;
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	assert_int_equal(r->view->n_results, 2);
	assert_str(r->view->results[0].name, "up");
	assert_str(r->view->results[1].value.array[1].s, "t w");
	assert_true(str_has(str_z(r->records), STR("\"kind\":\"step-end\"")));
	rig_free(r);
}

/* Whoever keeps logs is told of each that does not run, and why. */
static void test_told_after_failure(void **state)
{
	static const struct fate fails = {"tr", -1, 0, STEP_END_EXITED, 7, 0, {0}, false};
	struct rig *r = rig_run(TR("  taskSpec: {steps: [{name: a, image: x}, {name: b, image: "
				   "x}, {name: c, image: x}]}\n"),
		&fails, 1);
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < r->n_actions; i++) {
		if (r->actions[i].kind != ACTION_SKIP_STEP)
			continue;
		assert_true(r->actions[i].after_failure);
		assert_int_equal(r->actions[i].step, ++n);
	}
	assert_int_equal(n, 2);
	rig_free(r);
}

/* A step that failed has results, too; those after it do not run. */
static void test_of_failed_step(void **state)
{
	static const struct fate fails = {
		"tr", -1, 0, STEP_END_EXITED, 7, 0, {"@s", "kept"}, false};
	struct rig *r = rig_run(TR("  taskSpec:\n    results: [{name: up, value: "
				   "$(steps.a.results.s)}]\n    steps:\n" MAKER),
		&fails, 1);

	(void)state;
	assert_condition(r->view->condition, CONDITION_FALSE, "StepFailed");
	assert_str(rig_task(r, "tr")->attempts[0].results[0].value.string.s, "kept");
	rig_free(r);
}

#define MADE                                                                                   \
	"{\"inputs\":[{\"name\":\"src\",\"values\":[{\"uri\":\"git\"}]}],\"outputs\":[{"       \
	"\"name\":"                                                                            \
	"\"img\",\"values\":[{\"uri\":\"$(steps.a.inputs.src)\",\"digest\":{\"s\":\"1\"}}]}]}"
#define IMG "[{\"digest\":{\"s\":\"1\"},\"uri\":\"$(steps.a.inputs.src)\"}]"

/* In all that is started, after the results; nothing in them is a variable any more. */
static void test_artifacts(void **state)
{
	static const struct fate made = {"tr", -1, 0, STEP_END_EXITED, 0, 0,
		{"@s", "$(steps.a.inputs.src)", "<step", MADE}, false};
	struct rig *r = run_held(
		TR("  taskSpec:\n    steps:\n" MAKER "    - {name: b, image: x, script: 'x "
		   "$(steps.a.outputs.img) $(steps.a.outputs) "
		   "$(steps.z.outputs.img) $(steps.a.outputs.no)', args: "
		   "['$(steps.a.inputs.src)', "
		   "'$(steps.a.results.s)'], env: [{name: E, value: "
		   "'e=$(steps.a.outputs.img)'}]}\n"),
		&made);
	const struct step_launch *l = started(r, 1);

	(void)state;
	assert_str(l->script,
		"#!/bin/sh\nset -e\nx " IMG
		" $(steps.a.outputs) $(steps.z.outputs.img) $(steps.a.outputs.no)");
	assert_true(l->has_new_script);
	assert_str(l->args[0], "[{\"uri\":\"git\"}]");
	/* Tekton's second pass sees what the first one has put there */
	assert_str(l->args[1], "[{\"uri\":\"git\"}]");
	assert_str(l->env[0].value, "e=" IMG);
	rig_free(r);
}

/* An own name, one that a step was given, and one that does not come. */
static void test_artifacts_of_unnamed(void **state)
{
	static const struct fate made = {
		"tr", -1, 0, STEP_END_EXITED, 0, 0, {"<step", MADE}, false};
	struct rig *r = run_held(TR("  taskSpec:\n    steps:\n    - {image: x, script: s}\n"
				    "    - {name: b, image: x, script: "
				    "'$(steps.unnamed-0.inputs.src) $(steps.b.inputs.src)'}\n"),
		&made);

	(void)state;
	assert_str(started(r, 1)->script,
		"#!/bin/sh\nset -e\n[{\"uri\":\"git\"}] $(steps.b.inputs.src)");
	rig_free(r);
}

/* What is no file of artifacts leaves texts as they are, and the task goes on. */
static void test_artifacts_not_taken(void **state)
{
	static const char *const texts[] = {
		"", "{", "[]", "{\"outputs\":{}}", "{\"outputs\":[]}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct fate made = {
			"tr", -1, 0, STEP_END_EXITED, 0, 0, {"<step", texts[i]}, false};
		struct rig *r = run_held(
			TR("  taskSpec:\n    steps:\n" MAKER
			   "    - {name: b, image: x, script: '$(steps.a.outputs.img)'}\n"),
			&made);
		const struct step_launch *l = started(r, 1);

		assert_str(l->script, "#!/bin/sh\nset -e\n$(steps.a.outputs.img)");
		assert_false(l->has_new_script);
		rig_free(r);
	}
}

static void test_artifacts_paths(void **state)
{
	struct rig *r = run_held(
		TR("  taskSpec:\n    steps:\n    - {name: z, image: x, script: s}\n"
		   "    - {image: x, script: '$(step.artifacts.path) $(artifacts.path)', args: "
		   "[$(step.artifacts.path)], stdoutConfig: {path: $(step.artifacts.path)}}\n"),
		maker);
	const struct step_launch *l = started(r, 1);
	static const char own[] = "/tekton/steps/step-unnamed-1/artifacts/provenance.json";

	(void)state;
	assert_str(l->args[0], own);
	assert_str(l->stdout_path, own);
	assert_true(str_ends(l->script, STR("json /tekton/artifacts/provenance.json")));
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_filled_in),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_all_skipped),
		cmocka_unit_test(test_lifted),
		cmocka_unit_test(test_of_failed_step),
		cmocka_unit_test(test_told_after_failure),
		cmocka_unit_test(test_artifacts),
		cmocka_unit_test(test_artifacts_of_unnamed),
		cmocka_unit_test(test_artifacts_not_taken),
		cmocka_unit_test(test_artifacts_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
