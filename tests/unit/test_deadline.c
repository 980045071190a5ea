/* SPDX-License-Identifier: Apache-2.0 */
/* Timeouts and cancellation: sections 15 and 16, and the signals of the product. */
#include "agent_rig.h"

#define TASK(name, more)                                                                       \
	"{name: " name more ", taskSpec: {results: [{name: r}], steps: [{name: s, image: x, "  \
	"script: 'true'}, {name: z, image: x, script: 'true'}]}}"
#define PR(spec, tasks, finally)                                                               \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: p}\nspec: {" spec      \
	"pipelineSpec: {tasks: [" tasks "], finally: [" finally "]}}\n"
#define SEC(n) (NS_PER_S + (n)*NS_PER_S) /* n seconds after the start */

static const struct fate hang_all[] = {
	{"p-a", -1, 0, STEP_END_EXITED, 0, 0, {0}, true},
	{"p-b", -1, 0, STEP_END_EXITED, 0, 0, {0}, true},
	{"p-f", -1, 0, STEP_END_EXITED, 0, 0, {0}, true},
	{"n", -1, 0, STEP_END_EXITED, 0, 0, {0}, true},
};

/* The step of a task run dies of what it was sent. */
static void die(struct rig *r, const char *task, int signal)
{
	const struct task_run_view *t = rig_task(r, task);

	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED,
			    .task = t->index,
			    .attempt = t->n_attempts - 1,
			    .end = STEP_END_SIGNALED,
			    .signal = signal});
}

static const struct action *last_stop(struct rig *r)
{
	size_t i = r->n_actions;

	while (i > 0 && r->actions[i - 1].kind != ACTION_STOP_STEP)
		i--;
	assert_true(i > 0);
	return &r->actions[i - 1];
}

static void test_task_timeout(void **state)
{
	struct rig *r =
		rig_run(PR("", TASK("a", ", timeout: 3s, retries: 1"), ""), hang_all, 4);
	const struct task_run_view *t = rig_task(r, "p-a");

	(void)state;
	assert_int_equal(agent_deadline_ns(r->agent), SEC(3));
	rig_until(r, SEC(3) - 1);
	assert_int_equal(rig_count(r, ACTION_STOP_STEP), 0);
	rig_until(r, SEC(3));
	assert_int_equal(last_stop(r)->signal, SIGTERM);
	assert_int_equal(t->state, TASK_STOPPING);
	/* SIGKILL five seconds later, once */
	rig_until(r, SEC(8) - 1);
	assert_int_equal(rig_count(r, ACTION_STOP_STEP), 1);
	rig_until(r, SEC(30));
	assert_int_equal(rig_count(r, ACTION_STOP_STEP), 2);
	assert_int_equal(last_stop(r)->signal, SIGKILL);
	die(r, "p-a", SIGKILL);
	/* the second attempt has the whole timeout again */
	assert_int_equal(t->n_attempts, 2);
	assert_condition(t->attempts[0].condition, CONDITION_FALSE, "TaskRunTimeout");
	assert_str(t->attempts[0].condition.message,
		"TaskRun \"p-a\" failed to finish within \"3s\"");
	assert_str(t->condition.reason, "Running");
	assert_int_equal(agent_deadline_ns(r->agent), SEC(33));
	rig_until(r, SEC(33));
	die(r, "p-a", SIGTERM);
	assert_condition(t->condition, CONDITION_FALSE, "TaskRunTimeout");
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(t->attempts[1].steps[i].exit_code, 1);
		assert_str(t->attempts[1].steps[i].termination_reason, "TaskRunTimeout");
		assert_str(t->attempts[1].steps[i].reason, "TaskRunTimeout");
	}
	assert_str(t->attempts[1].steps[0].message,
		"Step s terminated as pod p-a-pod-retry1 is terminated");
	assert_condition(r->view->condition, CONDITION_FALSE, "Failed");
	assert_true(r->finished);
	assert_int_equal(agent_deadline_ns(r->agent), INT64_MAX);
	rig_free(r);
}

static void test_step_timeout(void **state)
{
	struct rig *r = rig_run(
		"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: "
		"'n'}\nspec: {taskSpec: {results: [{name: r}], steps: [{name: s, image: "
		"x, script: 'true', timeout: 2s, onError: continue}, {name: z, image: "
		"x, script: 'true'}]}}\n",
		hang_all, 4);
	struct result_got got = {.name = STR("r"), .present = true, .text = STR("kept")};
	const struct attempt_view *at = &rig_task(r, "n")->attempts[0];

	(void)state;
	rig_until(r, SEC(2));
	assert_int_equal(last_stop(r)->signal, SIGKILL);
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED,
			    .end = STEP_END_SIGNALED,
			    .signal = SIGKILL,
			    .results = &got,
			    .n_results = 1});
	assert_condition(r->view->condition, CONDITION_FALSE, "StepFailed");
	assert_str(r->view->condition.message,
		"\"step-s\" exited because the step exceeded the specified timeout limit");
	assert_str(at->steps[0].termination_reason, "TimeoutExceeded");
	assert_int_equal(at->steps[0].exit_code, 1);
	assert_str(at->steps[1].termination_reason, "Skipped");
	assert_str(at->results[0].value.string.s, "kept");
	rig_free(r);
}

static void test_tasks_timeout(void **state)
{
	struct rig *r =
		rig_run(PR("timeouts: {pipeline: 1m, tasks: 4s}, ",
				TASK("a", "") ", " TASK("b", ", runAfter: [a]"),
				"{name: f, params: [{name: p, value: "
				"'$(tasks.a.reason)/$(tasks.a.status)/$(tasks.status)'}], "
				"taskSpec: {params: [{name: p}], steps: [{name: s, image: x, "
				"script: 'true'}]}}"),
			hang_all, 4);

	(void)state;
	rig_until(r, SEC(4));
	assert_str(r->view->condition.reason, "PipelineRunTimeoutRunningFinally");
	die(r, "p-a", SIGTERM);
	assert_condition(rig_task(r, "p-a")->condition, CONDITION_FALSE, "TaskRunCancelled");
	assert_true(str_ends(rig_task(r, "p-a")->condition.message,
		STR("TaskRun cancelled as the PipelineRun it belongs to has timed out.")));
	assert_int_equal(rig_pt(r, "b")->state, PT_SKIPPED);
	assert_str(
		rig_task(r, "p-f")->params[0].value.string.s, "TaskRunCancelled/Failed/Failed");
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED, .task = 1});
	assert_condition(r->view->condition, CONDITION_FALSE, "PipelineRunTimeout");
	assert_str(r->view->condition.message,
		"PipelineRun \"p\" failed due to tasks failed to finish within \"4s\"");
	rig_free(r);
}

/* Tekton's bug is not copied: a long finally does not turn a good dag into a timeout. */
static void test_tasks_timeout_after_the_dag(void **state)
{
	struct rig *r = rig_run(
		PR("timeouts: {pipeline: 1m, tasks: 4s}, ", TASK("a", ""), TASK("f", "")),
		&hang_all[2], 1);

	(void)state;
	rig_until(r, SEC(20));
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED, .task = 1});
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	rig_free(r);
}

/* A task run that is dying of its own timeout is not tried again once the tasks' has passed. */
static void test_no_retry_after_the_tasks(void **state)
{
	struct rig *r = rig_run(PR("timeouts: {pipeline: 1m, tasks: 4s}, ",
					TASK("a", ", timeout: 3s, retries: 5"), ""),
		hang_all, 1);

	(void)state;
	rig_until(r, SEC(5));
	die(r, "p-a", SIGTERM);
	assert_int_equal(rig_task(r, "p-a")->n_attempts, 1);
	assert_condition(rig_task(r, "p-a")->condition, CONDITION_FALSE, "TaskRunTimeout");
	assert_condition(r->view->condition, CONDITION_FALSE, "PipelineRunTimeout");
	rig_free(r);
}

static void test_finally_timeout(void **state)
{
	struct rig *r = rig_run(
		PR("timeouts: {pipeline: 1m, finally: 4s}, ", TASK("a", ""), TASK("f", "")),
		&hang_all[2], 1);

	(void)state;
	rig_until(r, SEC(4));
	die(r, "p-f", SIGTERM);
	assert_condition(rig_task(r, "p-f")->condition, CONDITION_FALSE, "TaskRunCancelled");
	assert_condition(r->view->condition, CONDITION_FALSE, "Failed");
	assert_str(r->view->condition.message,
		"Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 0");
	rig_free(r);
}

static void test_pipeline_timeout(void **state)
{
	struct rig *r =
		rig_run(PR("timeouts: {pipeline: 4s}, ",
				TASK("a", ", retries: 2") ", " TASK("b", ", runAfter: [a]"),
				TASK("f", "")),
			hang_all, 4);

	(void)state;
	rig_until(r, SEC(4));
	die(r, "p-a", SIGTERM);
	assert_condition(r->view->condition, CONDITION_FALSE, "PipelineRunTimeout");
	assert_str(
		r->view->condition.message, "PipelineRun \"p\" failed to finish within \"4s\"");
	assert_int_equal(r->view->n_task_runs, 1); /* no finally, no retry, no skips */
	assert_int_equal(rig_task(r, "p-a")->n_attempts, 1);
	assert_int_equal(rig_pt(r, "b")->state, PT_WAITING);
	rig_free(r);
}

static void test_default_timeouts(void **state)
{
	static const struct {
		const char *name, *yaml;
		int64_t want_s;
	} cases[] = {
		{"default", PR("", TASK("a", ""), ""), 3600},
		{"own", PR("", TASK("a", ", timeout: 5s"), ""), 5},
		{"none", PR("timeouts: {pipeline: '0'}, ", TASK("a", ", timeout: '0'"), ""), 0},
		{"entry wins",
			PR("taskRunSpecs: [{pipelineTaskName: a, timeout: 7s}], ",
				TASK("a", ", timeout: 5s"), ""),
			7},
		{"long tasks timeout",
			PR("timeouts: {pipeline: 3h, tasks: 2h}, ", TASK("a", ""), ""), 7200},
		{"short tasks timeout",
			PR("timeouts: {pipeline: 3h, tasks: 2m}, ", TASK("a", ""), ""), 3600},
		{"what finally leaves",
			PR("timeouts: {pipeline: 3h, finally: 30m}, ", TASK("a", ""), ""),
			9000},
		{"no limit", PR("timeouts: {pipeline: '0', tasks: '0'}, ", TASK("a", ""), ""),
			0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = rig_run(cases[i].yaml, hang_all, 4);

		if (rig_task(r, "p-a")->timeout_ns != cases[i].want_s * NS_PER_S)
			print_error("case '%s'\n", cases[i].name);
		assert_int_equal(rig_task(r, "p-a")->timeout_ns, cases[i].want_s * NS_PER_S);
		rig_free(r);
	}
}

/* --- cancellation */

static void cancel(struct rig *r, enum cancel_mode mode, int64_t grace_s)
{
	rig_feed(r,
		(struct event){
			.kind = EVENT_CANCEL, .cancel = mode, .grace_ns = grace_s * NS_PER_S});
}

#define TWO_AND_FINALLY                                                                        \
	PR("", TASK("a", ", retries: 3") ", " TASK("b", ", runAfter: [a]"), TASK("f", ""))

static void test_graceful(void **state)
{
	struct rig *r = rig_run(TWO_AND_FINALLY, hang_all, 2);

	(void)state;
	cancel(r, CANCEL_GRACEFUL, 0);
	assert_int_equal(last_stop(r)->signal, SIGTERM);
	assert_str(r->view->condition.reason, "CancelledRunningFinally");
	assert_int_equal(rig_pt(r, "b")->skip, SKIP_GRACEFULLY_CANCELLED);
	die(r, "p-a", SIGTERM);
	assert_int_equal(rig_task(r, "p-a")->n_attempts, 1);
	assert_str(rig_task(r, "p-a")->condition.message,
		"TaskRun \"p-a\" was cancelled. TaskRun cancelled as the PipelineRun it "
		"belongs to "
		"has been cancelled.");
	/* rule 1 wins once a task was really cancelled */
	assert_int_equal(rig_pt(r, "b")->skip, SKIP_STOPPING);
	assert_condition(rig_task(r, "p-f")->condition, CONDITION_TRUE, "Succeeded");
	assert_condition(r->view->condition, CONDITION_FALSE, "Cancelled");
	assert_str(r->view->condition.message, "PipelineRun \"p\" was cancelled");
	rig_free(r);
}

static void test_stop(void **state)
{
	struct rig *r = rig_run(TWO_AND_FINALLY, hang_all, 2);

	(void)state;
	cancel(r, CANCEL_STOP, 0);
	assert_int_equal(rig_count(r, ACTION_STOP_STEP), 0);
	assert_int_equal(rig_pt(r, "b")->skip, SKIP_GRACEFULLY_STOPPED);
	assert_str(r->view->condition.reason, "StoppedRunningFinally");
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED});
	assert_condition(rig_task(r, "p-a")->condition, CONDITION_TRUE, "Succeeded");
	assert_condition(rig_task(r, "p-f")->condition, CONDITION_TRUE, "Succeeded");
	assert_int_equal(rig_pt(r, "b")->skip, SKIP_GRACEFULLY_STOPPED);
	assert_condition(r->view->condition, CONDITION_FALSE, "Cancelled");
	rig_free(r);
}

static void test_now(void **state)
{
	struct rig *r = rig_run(TWO_AND_FINALLY, hang_all, 2);

	(void)state;
	cancel(r, CANCEL_NOW, 0);
	assert_int_equal(last_stop(r)->signal, SIGTERM);
	die(r, "p-a", SIGTERM);
	assert_int_equal(r->view->n_task_runs, 1);
	assert_condition(r->view->condition, CONDITION_FALSE, "Cancelled");
	assert_int_equal(r->view->cancelled, CANCEL_NOW);
	rig_free(r);
}

/* product.md, Signals: SIGKILL after the less of 5 s and a third, finally until 2 s before. */
static void test_signal(void **state)
{
	struct rig *r = rig_run(TWO_AND_FINALLY, hang_all, 3);

	(void)state;
	cancel(r, CANCEL_GRACEFUL, 12);
	rig_until(r, SEC(4) - 1);
	assert_int_equal(rig_count(r, ACTION_STOP_STEP), 1);
	rig_until(r, SEC(4));
	assert_int_equal(last_stop(r)->signal, SIGKILL);
	die(r, "p-a", SIGKILL);
	assert_int_equal(rig_task(r, "p-f")->state, TASK_RUNNING);
	rig_until(r, SEC(10) - 1);
	assert_int_equal(rig_count(r, ACTION_STOP_STEP), 2);
	rig_until(r, SEC(10));
	assert_int_equal(rig_count(r, ACTION_STOP_STEP), 4); /* SIGTERM, and no more time */
	assert_int_equal(last_stop(r)->signal, SIGKILL);
	die(r, "p-f", SIGKILL);
	assert_condition(r->view->condition, CONDITION_FALSE, "Cancelled");
	assert_condition(rig_task(r, "p-f")->condition, CONDITION_FALSE, "TaskRunCancelled");
	rig_free(r);
}

static void test_second_signal(void **state)
{
	struct rig *r = rig_run(TWO_AND_FINALLY, hang_all, 3);

	(void)state;
	cancel(r, CANCEL_GRACEFUL, 25);
	assert_int_equal(last_stop(r)->signal, SIGTERM);
	cancel(r, CANCEL_NOW, 25);
	assert_int_equal(last_stop(r)->signal, SIGKILL);
	die(r, "p-a", SIGKILL);
	assert_condition(r->view->condition, CONDITION_FALSE, "Cancelled");
	assert_int_equal(r->view->n_task_runs, 1);
	rig_free(r);
}

static void test_task_run_object(void **state)
{
	static const char *yaml =
		"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: "
		"'n'}\nspec: {retries: 2, taskSpec: {results: [{name: r}], steps: "
		"[{name: s, image: x, script: 'true'}]}}\n";
	struct rig *r = rig_run(yaml, hang_all, 4);
	struct result_got got = {.name = STR("r"), .present = true, .text = STR("lost")};

	(void)state;
	rig_feed(r, (struct event){.kind = EVENT_CANCEL,
			    .cancel = CANCEL_GRACEFUL,
			    .message = STR("because of me")});
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED, .results = &got, .n_results = 1});
	assert_condition(r->view->condition, CONDITION_FALSE, "TaskRunCancelled");
	assert_str(r->view->condition.message, "TaskRun \"n\" was cancelled. because of me");
	assert_int_equal(r->view->n_results, 0);
	assert_true(r->finished);
	rig_free(r);
}

/* A cancel while directories are made, and one while a step is being started. */
static void test_cancel_before_answers(void **state)
{
	struct rig *r = rig_new(TWO_AND_FINALLY);

	(void)state;
	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	cancel(r, CANCEL_NOW, 0);
	assert_int_equal(rig_count(r, ACTION_END_TASK), 1);
	assert_true(r->finished);
	assert_condition(r->view->condition, CONDITION_FALSE, "Cancelled");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_task_timeout),
		cmocka_unit_test(test_step_timeout),
		cmocka_unit_test(test_tasks_timeout),
		cmocka_unit_test(test_tasks_timeout_after_the_dag),
		cmocka_unit_test(test_no_retry_after_the_tasks),
		cmocka_unit_test(test_finally_timeout),
		cmocka_unit_test(test_pipeline_timeout),
		cmocka_unit_test(test_default_timeouts),
		cmocka_unit_test(test_graceful),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_now),
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_second_signal),
		cmocka_unit_test(test_task_run_object),
		cmocka_unit_test(test_cancel_before_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
