/* SPDX-License-Identifier: Apache-2.0 */
/* The skip table and the ends of runs, case by case (sections 7.4, 11, 13, 14, 27.2). */
#include "agent_rig.h"

#define PR(tasks)                                                                              \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: p}\nspec:\n  "         \
	"pipelineSpec:\n"                                                                      \
	"    tasks:\n" tasks
#define T(name, more)                                                                          \
	"    - {name: " name more                                                              \
	", taskSpec: {results: [{name: r}, {name: l, type: array}], steps: [{image: x}]}}\n"
#define USE(name, producer, more)                                                              \
	"    - {name: " name more ", params: [{name: v, value: $(tasks." producer              \
	".results.r)}], taskSpec: {params: [{name: v}], results: [{name: r}], steps: "         \
	"[{image: "                                                                            \
	"x}]}}\n"
#define FALSE_WHEN ", when: [{input: a, operator: in, values: [b]}]"
#define FINALLY    "    finally:\n"

static const struct fate fates[] = {
	{"p-bad", -1, -1, STEP_END_EXITED, 1, 0, {"r", "left"}, false},
	{"p-ok", -1, -1, STEP_END_EXITED, 0, 0, {"r", "v", "l", "[\"x\"]"}, false},
	{"p-none", -1, -1, STEP_END_EXITED, 0, 0, {0}, false},
	{"p-empty", -1, -1, STEP_END_EXITED, 0, 0, {"l", "[]"}, false},
	{"p-slow", -1, -1, STEP_END_EXITED, 0, 0, {0}, true},
};

struct want {
	const char *task;
	enum pipeline_task_state state;
	enum skip_reason skip;
};
struct scene {
	const char *name, *yaml, *reason, *message;
	struct want want[6];
};

static const struct scene scenes[] = {
	{"a failure stops what waits, finally runs",
		PR(T("bad", "") T("after", ", runAfter: [bad]") T("guarded", FALSE_WHEN)
				FINALLY T("f", "")),
		"Failed", "Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 2",
		{{"after", PT_SKIPPED, SKIP_STOPPING},
			/* skipped by when before, reported as stopping since */
			{"guarded", PT_SKIPPED, SKIP_STOPPING}, {"f", PT_DONE, SKIP_NONE}}},
	{"an ignored failure does not",
		PR(T("bad", ", onError: continue") USE("after", "bad", "")), "Succeeded",
		"Tasks Completed: 2 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 0",
		{{"after", PT_DONE, SKIP_NONE}}},
	{"when does not block what only waits",
		PR(T("nope", FALSE_WHEN) T("order", ", runAfter: [nope]")
				USE("needs", "nope", "") T("below", ", runAfter: [needs]")),
		"Completed", "Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 3",
		{{"nope", PT_SKIPPED, SKIP_WHEN}, {"order", PT_DONE, SKIP_NONE},
			{"needs", PT_SKIPPED, SKIP_MISSING_RESULT},
			{"below", PT_SKIPPED, SKIP_PARENT}}},
	{"a forgotten result fails its consumer",
		PR(T("none", "") USE("user", "none", "") T("other", ", runAfter: [none]")
				FINALLY USE("f", "none", "") T("g", "")),
		"PipelineValidationFailed",
		"Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 2, Failed Validation: 1 "
		"(task "
		"\"none\" completed successfully but did not emit the result \"r\", which is "
		"referenced by task \"user\")",
		{{"user", PT_FAILED_VALIDATION, SKIP_NONE},
			{"other", PT_SKIPPED, SKIP_STOPPING},
			{"f", PT_SKIPPED, SKIP_MISSING_RESULT}, {"g", PT_DONE, SKIP_NONE}}},
	{"unless it may fail", PR(T("none", "") USE("user", "none", ", onError: continue")),
		"Completed", NULL, {{"user", PT_SKIPPED, SKIP_MISSING_RESULT}}},
	{"failed tasks give finally what they have",
		PR(T("bad", "") FINALLY USE("f", "bad", "")), "Failed",
		"Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 0",
		{{"f", PT_DONE, SKIP_NONE}}},
	{"an unresolved when: in is false, notin falls through",
		PR(T("nope", FALSE_WHEN) T("in",
			", when: [{input: $(tasks.nope.results.r), operator: in, values: "
			"[v]}]") T("notin", ", when: [{input: $(tasks.nope.results.r), "
					    "operator: notin, values: [v]}]")),
		"Completed", NULL,
		{{"in", PT_SKIPPED, SKIP_WHEN}, {"notin", PT_SKIPPED, SKIP_MISSING_RESULT}}},
	{"an empty matrix",
		PR(T("empty",
			"") "    - {name: fan, matrix: {params: [{name: m, value: "
			    "'$(tasks.empty.results.l[*])'}]}, taskSpec: {params: [{name: m}], "
			    "steps: [{image: x}]}}\n" T("child", ", runAfter: [fan]")),
		"Completed", NULL,
		{{"fan", PT_SKIPPED, SKIP_EMPTY_MATRIX}, {"child", PT_SKIPPED, SKIP_PARENT}}},
	{"an index beyond the array ends everything",
		PR(T("ok", "") "    - {name: user, params: [{name: v, value: "
			       "'$(tasks.ok.results.l[5])'}], taskSpec: {params: [{name: v}], "
			       "steps: "
			       "[{image: x}]}}\n" FINALLY T("f", "")),
		"PipelineValidationFailed",
		"PipelineRun default/p can't be Run; couldn't resolve all references: array "
		"Result "
		"Index 5 for Task ok Result l is out of bound of size 1",
		{{"user", PT_WAITING, SKIP_NONE}, {"f", PT_WAITING, SKIP_NONE}}},
	{"finally by when", PR(T("ok", "") FINALLY T("f", FALSE_WHEN)), "Completed",
		"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 1",
		{{"f", PT_SKIPPED, SKIP_WHEN}}},
	{"a failure in finally fails the run", PR(T("ok", "") FINALLY T("bad", "")), "Failed",
		"Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 0", {{0}}},
	{"unless it is ignored", PR(T("ok", "") FINALLY T("bad", ", onError: continue")),
		"Succeeded", NULL, {{0}}},
};

static void test_scenes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
		const struct scene *c = &scenes[i];
		struct rig *r = rig_run(c->yaml, fates, ARRAY_SIZE(fates));

		if (!str_eqz(r->view->condition.reason, c->reason))
			print_error("scene '%s'\n", c->name);
		assert_true(r->finished);
		assert_str(r->view->condition.reason, c->reason);
		if (c->message)
			assert_str(r->view->condition.message, c->message);
		for (const struct want *w = c->want; w < c->want + 6 && w->task; w++) {
			if (rig_pt(r, w->task)->state != w->state ||
				rig_pt(r, w->task)->skip != w->skip)
				print_error("scene '%s': task '%s'\n", c->name, w->task);
			assert_int_equal(rig_pt(r, w->task)->state, w->state);
			assert_int_equal(rig_pt(r, w->task)->skip, w->skip);
		}
		rig_free(r);
	}
}

/* A failure while others run: they finish, and nothing new starts. */
static void test_stopping(void **state)
{
	struct rig *r = rig_run(PR(T("slow", "") T("bad", "") T("next", ", runAfter: [slow]")
						FINALLY T("f", "")),
		fates, ARRAY_SIZE(fates));

	(void)state;
	assert_false(r->finished);
	/* not yet "PipelineRunStopping": finally is to come */
	assert_str(r->view->condition.reason, "Running");
	assert_str(r->view->condition.message,
		"Tasks Completed: 1 (Failed: 1, Cancelled 0), Incomplete: 2, Skipped: 1");
	assert_int_equal(rig_count(r, ACTION_STOP_STEP), 0);
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED, .task = 0});
	assert_true(r->finished);
	assert_condition(rig_task(r, "p-slow")->condition, CONDITION_TRUE, "Succeeded");
	assert_condition(rig_task(r, "p-f")->condition, CONDITION_TRUE, "Succeeded");
	rig_free(r);
}

/* Held-back task runs are created: a failure before them does not skip them. */
static void test_max_parallel(void **state)
{
	struct rig *r = rig_new(PR(T("bad", "") T("slow", "") T("ok", "")));

	(void)state;
	r->opts.max_parallel = 1;
	rig_start(r, fates, ARRAY_SIZE(fates));
	assert_int_equal(r->view->n_task_runs, 3);
	assert_int_equal(rig_task(r, "p-bad")->state, TASK_DONE);
	assert_int_equal(rig_task(r, "p-slow")->state, TASK_RUNNING);
	assert_int_equal(rig_task(r, "p-ok")->state, TASK_WAITING);
	assert_int_equal(rig_count(r, ACTION_START_TASK), 2);
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED, .task = 1});
	assert_condition(rig_task(r, "p-ok")->condition, CONDITION_TRUE, "Succeeded");
	assert_condition(r->view->condition, CONDITION_FALSE, "Failed");
	rig_free(r);
}

static void test_publish_and_finish(void **state)
{
	struct rig *r = rig_run(PR(T("ok", "") FINALLY T("f", "")), fates, ARRAY_SIZE(fates));

	(void)state;
	assert_int_equal(r->actions[r->n_actions - 1].kind, ACTION_FINISH);
	assert_int_equal(r->actions[r->n_actions - 2].kind, ACTION_PUBLISH);
	assert_int_equal(rig_count(r, ACTION_FINISH), 1);
	assert_true(r->view->finally_started_wall_ns > 0);
	assert_true(r->view->is_done);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),
		cmocka_unit_test(test_stopping),
		cmocka_unit_test(test_max_parallel),
		cmocka_unit_test(test_publish_and_finish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
