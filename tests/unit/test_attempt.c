/* SPDX-License-Identifier: Apache-2.0 */
/* Steps one after the other: how each end is reported, refusals, retries, late answers. */
#include "agent_rig.h"

#define TR "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: 'n'}\nspec:\n"
static const char *three_continue =
	TR "  taskSpec: {results: [{name: r}], steps: [{name: a, image: x, script: 'true'}, "
	   "{name: b, "
	   "image: x, script: 'true', onError: continue}, {image: x, script: 'true'}]}\n";
static const char *three_stop = TR "  taskSpec: {results: [{name: r}], steps: [{name: a, "
				   "image: x, script: 'true'}, {name: b, "
				   "image: x, script: 'true'}, {image: x, script: 'true'}]}\n";

struct ending {
	const char *name;
	bool on_error_continue;
	enum step_end end;
	int exit_code, signal;
	int want_exit;
	const char *want_termination, *want_reason, *want_task, *want_message;
};

static const struct ending endings[] = {
	{"ok", false, STEP_END_EXITED, 0, 0, 0, "Completed", "Completed", "Succeeded",
		"All Steps have completed executing"},
	{"exit 3", false, STEP_END_EXITED, 3, 0, 3, "Error", "Error", "StepFailed",
		"\"step-b\" exited with code 3: Error"},
	{"exit 3, ignored", true, STEP_END_EXITED, 3, 0, 3, "Continued", "Completed",
		"Succeeded", NULL},
	{"signal", false, STEP_END_SIGNALED, 0, SIGSEGV, 255, "Error", "Error", "StepFailed",
		"\"step-b\" exited with code 255: Error"},
	{"signal, ignored", true, STEP_END_SIGNALED, 0, SIGKILL, -1, "Continued", "Completed",
		"Succeeded", NULL},
	{"exec", false, STEP_END_EXEC_FAILED, 0, 0, 1, "Error", "Error", "StepFailed",
		"\"step-b\" exited with code 1: Error"},
	{"exec is not covered", true, STEP_END_EXEC_FAILED, 0, 0, 1, "Error", "Error",
		"StepFailed", NULL},
	{"lost", false, STEP_END_LOST, 0, 0, 1, "Error", "Error", "StepFailed", NULL},
	{"lost is never success", true, STEP_END_LOST, 0, 0, 1, "Error", "Error", "StepFailed",
		NULL},
	{"oom", false, STEP_END_OOM, 0, 0, 137, "Error", "OOMKilled", "StepOOM",
		"\"step-b\" exited with code 137: OOMKilled"},
};

static void check_ending(const struct ending *c)
{
	const struct fate fate = {"n", -1, 1, c->end, c->exit_code, c->signal, {0}, false};
	struct rig *r = rig_run(c->on_error_continue ? three_continue : three_stop, &fate, 1);
	const struct attempt_view *at = &rig_task(r, "n")->attempts[0];
	bool ok = str_eqz(str_z(c->want_task), "Succeeded");

	if (!str_eqz(at->steps[1].termination_reason, c->want_termination))
		print_error("case '%s'\n", c->name);
	assert_str(at->steps[0].termination_reason, "Completed");
	assert_int_equal(at->steps[1].exit_code, c->want_exit);
	assert_str(at->steps[1].termination_reason, c->want_termination);
	assert_str(at->steps[1].reason, c->want_reason);
	assert_str(at->steps[2].name, "unnamed-2");
	assert_str(at->steps[2].container, "step-unnamed-2");
	assert_str(at->steps[2].termination_reason, ok ? "Completed" : "Skipped");
	assert_int_equal(at->steps[2].exit_code, ok ? 0 : 1);
	assert_str(at->steps[2].reason, ok ? "Completed" : "Error");
	assert_condition(
		r->view->condition, ok ? CONDITION_TRUE : CONDITION_FALSE, c->want_task);
	if (c->want_message)
		assert_str(r->view->condition.message, c->want_message);
	assert_int_equal(rig_count(r, ACTION_START_STEP), ok ? 3 : 2);
	assert_int_equal(rig_count(r, ACTION_END_TASK), 1);
	rig_free(r);
}

static void test_endings(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(endings); i++)
		check_ending(&endings[i]);
}

static void test_retries(void **state)
{
	static const struct fate fates[] = {
		{"n", 0, 0, STEP_END_EXITED, 1, 0, {"r", "first"}, false},
		{"n", 1, 0, STEP_END_SIGNALED, 0, SIGKILL, {0}, false},
		{"n", 2, 0, STEP_END_EXITED, 0, 0, {"r", "third"}, false},
	};
	struct rig *r = rig_run(TR "  retries: 3\n  taskSpec: {results: [{name: r}], steps: "
				   "[{name: s, image: x, script: "
				   "'echo $(context.task.retry-count)'}]}\n",
		fates, 3);
	const struct task_run_view *t = rig_task(r, "n");

	(void)state;
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	assert_int_equal(t->n_attempts, 3);
	assert_str(t->attempts[0].pod_name, "n-pod");
	assert_str(t->attempts[1].pod_name, "n-pod-retry1");
	assert_condition(t->attempts[0].condition, CONDITION_FALSE, "StepFailed");
	assert_str(t->attempts[0].spec->steps[0].script.s, "echo 0");
	assert_str(t->attempts[2].spec->steps[0].script.s, "echo 2");
	assert_str(t->attempts[0].results[0].value.string.s, "first");
	assert_int_equal(t->attempts[1].n_results, 0);
	assert_int_equal(r->view->n_results, 1);
	assert_str(r->view->results[0].value.string.s, "third");
	assert_int_equal(rig_count(r, ACTION_START_TASK), 3);
	assert_int_equal(rig_count(r, ACTION_END_TASK), 3);
	assert_true(str_has(str_z(r->records), STR("\"kind\":\"task-retry\"")));
	rig_free(r);
}

static void test_retry_count_of_referenced(void **state)
{
	static const struct fate fates[] = {{"n", 0, 0, STEP_END_EXITED, 1, 0, {0}, false}};
	struct rig *r = rig_run(TR
		"  retries: 1\n  taskRef: {name: t}\n---\napiVersion: tekton.dev/v1\nkind: "
		"Task\nmetadata: {name: t}\nspec: {steps: [{name: s, image: x, script: 'echo "
		"$(context.task.retry-count) $(context.task.name)'}]}\n",
		fates, 1);

	(void)state;
	/* it counts, which Tekton's own does not for a referenced task */
	assert_str(rig_task(r, "n")->attempts[1].spec->steps[0].script.s, "echo 1 t");
	rig_free(r);
}

static void test_refused(void **state)
{
	struct rig *r = rig_new(three_stop);
	const struct attempt_view *at;

	(void)state;
	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	rig_feed(r, (struct event){.kind = EVENT_TASK_REFUSED,
			    .reason = STR("TaskRunImagePullFailed"),
			    .message = STR("no such image")});
	assert_condition(r->view->condition, CONDITION_FALSE, "TaskRunImagePullFailed");
	assert_str(r->view->condition.message, "no such image");
	at = &rig_task(r, "n")->attempts[0];
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(at->steps[i].exit_code, 1);
		assert_str(at->steps[i].reason, "TaskRunImagePullFailed");
	}
	assert_str(at->steps[0].message, "Step a terminated as pod n-pod is terminated");
	assert_int_equal(rig_count(r, ACTION_END_TASK), 1);
	assert_int_equal(rig_count(r, ACTION_START_STEP), 0);
	rig_free(r);
}

/* Answers for an attempt that is over, unknown tasks, doubled answers: dropped. */
static void test_stray_events(void **state)
{
	static const enum event_kind kinds[] = {EVENT_TASK_WAITS, EVENT_TASK_READY,
		EVENT_TASK_REFUSED, EVENT_STEP_STARTED, EVENT_STEP_REFUSED, EVENT_STEP_ENDED};
	static const struct fate fates[] = {{"n", 0, 1, STEP_END_EXITED, 0, 0, {0}, true}};
	struct rig *r = rig_run(three_stop, fates, 1);
	size_t before;

	(void)state;
	before = r->n_actions;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		rig_feed(r, (struct event){.kind = kinds[k], .task = 7});
		rig_feed(r, (struct event){.kind = kinds[k], .attempt = 1, .step = 1});
		rig_feed(r, (struct event){.kind = kinds[k], .step = 0});
		rig_feed(r, (struct event){.kind = kinds[k], .step = 2});
		rig_feed(r, (struct event){.kind = kinds[k], .step = SIZE_MAX});
	}
	assert_int_equal(r->n_actions, before);
	assert_int_equal(rig_task(r, "n")->state, TASK_RUNNING);
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED, .step = 1});
	assert_true(r->finished);
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	before = r->n_actions;
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		rig_feed(r, (struct event){.kind = kinds[k], .step = 2});
	rig_feed(r, (struct event){.kind = EVENT_CANCEL, .cancel = CANCEL_NOW});
	rig_feed(r, (struct event){.kind = EVENT_START});
	assert_int_equal(r->n_actions, before);
	rig_free(r);
}

static void test_on_error_of_pipeline_task(void **state)
{
	static const struct fate fates[] = {{"p-a", -1, -1, STEP_END_EXITED, 4, 0, {0}, false}};
	struct rig *r =
		rig_run("apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: "
			"p}\nspec: {pipelineSpec: {tasks: [{name: a, onError: continue, "
			"taskSpec: {steps: [{name: s, image: x, script: 'true'}]}}]}}\n",
			fates, 1);

	(void)state;
	assert_condition(rig_task(r, "p-a")->condition, CONDITION_FALSE, "FailureIgnored");
	assert_str(
		rig_task(r, "p-a")->condition.message, "\"step-s\" exited with code 4: Error");
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	assert_str(r->view->condition.message,
		"Tasks Completed: 1 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 0");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endings),
		cmocka_unit_test(test_retries),
		cmocka_unit_test(test_retry_count_of_referenced),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_stray_events),
		cmocka_unit_test(test_on_error_of_pipeline_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
