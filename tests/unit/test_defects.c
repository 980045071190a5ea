/* SPDX-License-Identifier: Apache-2.0 */
/* Defects of Tekton that are not copied (docs/compatibility.md), one test each. */
#include "agent_rig.h"

#define SEC(s) ((int64_t)(s)*NS_PER_S)
#define PR(more, spec)                                                                         \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: p}\nspec: {" more      \
	"pipelineSpec: {" spec "}}\n"
#define STEP          "steps: [{name: s, image: x, script: 'true'}]"
#define T(name, more) "{name: " name more ", taskSpec: {results: [{name: r}], " STEP "}}"

static const struct fate fates[] = {
	{"p-slow", -1, -1, STEP_END_EXITED, 0, 0, {0}, true},
	{"p-fan-0", -1, -1, STEP_END_EXITED, 0, 0, {"r", "zero"}, false},
	{"p-fan-1", -1, -1, STEP_END_EXITED, 0, 0, {"r", "one"}, false},
	{"p-again", 0, -1, STEP_END_EXITED, 3, 0, {0}, false},
};

/* The run does not hang: other tasks that wait are skipped, finally runs, and it ends. */
static void test_forgotten_result(void **state)
{
	struct rig *r =
		rig_run(PR("", "tasks: [" T("none",
				       "") ", {name: user, params: [{name: v, value: "
					   "$(tasks.none.results.r)}], taskSpec: {params: "
					   "[{name: v}], " STEP "}}, " T("slow", "") ", " T(
						   "waits", ", runAfter: [slow]") ", " T("also",
						   ", runAfter: [user]") "], finally: [" T("f",
						   "") "]"),
			fates, ARRAY_SIZE(fates));

	(void)state;
	assert_int_equal(rig_pt(r, "user")->state, PT_FAILED_VALIDATION);
	assert_int_equal(rig_pt(r, "waits")->skip, SKIP_STOPPING);
	assert_int_equal(rig_pt(r, "also")->skip, SKIP_STOPPING);
	assert_false(r->finished);
	rig_feed(r,
		(struct event){.kind = EVENT_STEP_ENDED, .task = rig_task(r, "p-slow")->index});
	assert_condition(rig_task(r, "p-f")->condition, CONDITION_TRUE, "Succeeded");
	assert_condition(r->view->condition, CONDITION_FALSE, "PipelineValidationFailed");
	assert_true(r->finished);
	assert_int_equal(agent_deadline_ns(r->agent), INT64_MAX);
	rig_free(r);
}

/* All tasks were in time; that finally takes longer than timeouts.tasks is no failure. */
static void test_long_finally(void **state)
{
	struct rig *r =
		rig_run(PR("timeouts: {pipeline: 1m, tasks: 2s}, ",
				"tasks: [" T("a", "") "], finally: [" T("slow", "") "]"),
			fates, ARRAY_SIZE(fates));

	(void)state;
	rig_until(r, SEC(20));
	assert_condition(r->view->condition, CONDITION_UNKNOWN, "Running");
	rig_feed(r,
		(struct event){.kind = EVENT_STEP_ENDED, .task = rig_task(r, "p-slow")->index});
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	rig_free(r);
}

/* Tekton refuses it for the sake of node affinity; there is one machine here. */
static void test_two_claims(void **state)
{
	struct rig *r = rig_run(
		PR("workspaces: [{name: a, persistentVolumeClaim: {claimName: one}}, {name: b, "
		   "persistentVolumeClaim: {claimName: two}}], ",
			"workspaces: [{name: a}, {name: b}], tasks: [{name: slow, workspaces: "
			"[{name: a}, {name: b}], taskSpec: {workspaces: [{name: a}, {name: "
			"b}], " STEP "}}]"),
		fates, ARRAY_SIZE(fates));

	(void)state;
	assert_condition(rig_task(r, "p-slow")->condition, CONDITION_UNKNOWN, "Running");
	assert_int_equal(rig_task(r, "p-slow")->n_workspaces, 2);
	rig_free(r);
}

/* Nobody but the pipeline's results reads what the fan-out left. */
static void test_unconsumed_fan_out(void **state)
{
	struct rig *r = rig_run(
		PR("", "tasks: [{name: fan, matrix: {params: [{name: m, value: [one, two]}]}, "
		       "taskSpec: {params: [{name: m}], results: [{name: r}], " STEP
		       "}}], results: [{name: all, value: '$(tasks.fan.results.r[*])'}]"),
		fates, ARRAY_SIZE(fates));
	const struct value *v;

	(void)state;
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	assert_int_equal(r->view->n_results, 1);
	v = &r->view->results[0].value;
	assert_int_equal(v->type, VALUE_ARRAY);
	assert_int_equal(v->n_array, 2);
	assert_str(v->array[0].s, "zero");
	assert_str(v->array[1].s, "one");
	rig_free(r);
}

/* A referenced task is told which attempt it is, as an inline one. */
static void test_retry_count(void **state)
{
	static const char *const wants[] = {"0", "1"};
	struct rig *r = rig_run(PR("", "tasks: [{name: again, retries: 1, taskRef: {name: "
				       "tt}}]") "---\n"
						"apiVersion: tekton.dev/v1\nkind: "
						"Task\nmetadata: {name: tt}\nspec: {steps: "
						"[{image: x, args: "
						"[$(context.task.retry-count)]}]}\n",
		fates, ARRAY_SIZE(fates));
	const struct task_run_view *t = rig_task(r, "p-again");

	(void)state;
	assert_int_equal(t->n_attempts, 2);
	for (size_t i = 0; i < 2; i++)
		assert_str(t->attempts[i].spec->steps[0].args[0].s, wants[i]);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forgotten_result),
		cmocka_unit_test(test_long_finally),
		cmocka_unit_test(test_two_claims),
		cmocka_unit_test(test_unconsumed_fan_out),
		cmocka_unit_test(test_retry_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
