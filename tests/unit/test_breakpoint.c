/* SPDX-License-Identifier: Apache-2.0 */
/* Breakpoints: who waits, how the wait ends, what clocks and cancellations do meanwhile. */
#include "agent_rig.h"

#define RUN(points, step)                                                                      \
	"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: t}\nspec:\n"               \
	"  debug: {breakpoints: {" points "}}\n"                                               \
	"  taskSpec: {steps: [{name: a, image: x" step "}, {name: b, image: x}]}\n"
#define FAILURE "onFailure: enabled"

static const struct fate hang[] = {{"t", -1, 0, STEP_END_EXITED, 0, 0, {0}, true}};

static const struct step_view *step(struct rig *r, size_t i)
{
	const struct task_run_view *t = rig_task(r, "t");

	return &t->attempts[t->n_attempts - 1].steps[i];
}

static void halt(struct rig *r, enum step_end end, int exit_code, int signal)
{
	rig_feed(r, (struct event){.kind = EVENT_STEP_HALTED,
			    .end = end,
			    .exit_code = exit_code,
			    .signal = signal});
}
static void release(struct rig *r, enum release how, int exit_code)
{
	rig_feed(r,
		(struct event){
			.kind = EVENT_STEP_RELEASED, .release = how, .exit_code = exit_code});
}
static void end(struct rig *r, enum step_end how, int exit_code, int signal)
{
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED,
			    .end = how,
			    .exit_code = exit_code,
			    .signal = signal});
}
static const struct action *last(struct rig *r)
{
	size_t i = r->n_actions;

	while (i > 0 && r->actions[i - 1].kind == ACTION_PUBLISH)
		i--;
	assert_true(i > 0);
	return &r->actions[i - 1];
}

static void test_launch(void **state)
{
	struct rig *r = rig_run(RUN("beforeSteps: [b]", ""), hang, 1);
	const struct task_launch *l = rig_launch(r, "t");

	(void)state;
	assert_true(l->has_breakpoints);
	assert_false(l->steps[0].breaks_before || l->steps[0].breaks_on_failure);
	assert_true(l->steps[1].breaks_before);
	rig_free(r);
	r = rig_run(RUN("", ""), hang, 1);
	assert_false(rig_launch(r, "t")->has_breakpoints);
	rig_free(r);
}

/* The end of a step that failed: how it is reported, for every verdict. */
static void test_failed(void **state)
{
	static const struct {
		const char *name, *step;
		enum release how;
		int code;         /* of the release */
		int want_code;    /* of the step */
		const char *want; /* its terminationReason */
	} cases[] = {
		{"continue", "", RELEASE_CONTINUE, 0, 0, "Completed"},
		{"fail", "", RELEASE_FAIL, 0, 1, "Error"},
		{"fail with a code", "", RELEASE_FAIL, 9, 9, "Error"},
		{"continue, onError", ", onError: continue", RELEASE_CONTINUE, 0, 0,
			"Completed"},
		{"fail, onError", ", onError: continue", RELEASE_FAIL, 1, 1, "Error"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *yaml = cases[i].step[0] ? RUN(FAILURE, ", onError: continue")
						    : RUN(FAILURE, "");
		struct rig *r = rig_run(yaml, hang, 1);

		print_message("%s\n", cases[i].name);
		halt(r, STEP_END_EXITED, 3, 0);
		assert_int_equal(step(r, 0)->state, STEP_HALTED);
		assert_true(step(r, 0)->has_failed);
		halt(r, STEP_END_EXITED, 3, 0); /* once is enough */
		release(r, cases[i].how, cases[i].code);
		assert_int_equal(last(r)->kind, ACTION_RELEASE_STEP);
		assert_int_equal(last(r)->release, cases[i].how);
		release(r, RELEASE_CONTINUE, 0); /* the first word counts */
		assert_int_equal(rig_count(r, ACTION_RELEASE_STEP), 1);
		end(r, STEP_END_EXITED, 3, 0);
		assert_int_equal(step(r, 0)->exit_code, cases[i].want_code);
		assert_str(step(r, 0)->termination_reason, cases[i].want);
		assert_condition(r->view->condition,
			cases[i].want_code ? CONDITION_FALSE : CONDITION_TRUE,
			cases[i].want_code ? "StepFailed" : "Succeeded");
		assert_str(step(r, 1)->termination_reason,
			cases[i].want_code ? "Skipped" : "Completed");
		rig_free(r);
	}
}

static void test_before(void **state)
{
	struct rig *r = rig_run(RUN("beforeSteps: [a]", ", timeout: 5s"), hang, 1);

	(void)state;
	assert_int_equal(step(r, 0)->state, STEP_HALTED);
	/* its own clock stands */
	rig_until(r, 60 * NS_PER_S);
	assert_int_equal(rig_count(r, ACTION_STOP_STEP), 0);
	release(r, RELEASE_CONTINUE, 0);
	assert_int_equal(last(r)->kind, ACTION_RELEASE_STEP);
	assert_int_equal(step(r, 0)->state, STEP_RUNNING);
	assert_int_equal(step(r, 0)->started_ns, 60 * NS_PER_S);
	rig_until(r, 66 * NS_PER_S);
	assert_int_equal(last(r)->kind, ACTION_STOP_STEP);
	assert_false(last(r)->spares);
	end(r, STEP_END_SIGNALED, 0, SIGKILL);
	assert_str(step(r, 0)->termination_reason, "TimeoutExceeded");
	rig_free(r);

	r = rig_run(RUN("beforeSteps: [a]", ", onError: continue"), hang, 1);
	release(r, RELEASE_FAIL, 1);
	assert_int_equal(last(r)->release, RELEASE_FAIL);
	end(r, STEP_END_SIGNALED, 0, SIGKILL);
	assert_int_equal(step(r, 0)->exit_code, 1);
	assert_str(step(r, 0)->termination_reason, "Error");
	assert_str(step(r, 1)->termination_reason, "Skipped");
	rig_free(r);
}

/* A step that breaks before its program and on its failure waits twice. */
static void test_both(void **state)
{
	struct rig *r = rig_run(RUN("beforeSteps: [a], " FAILURE, ""), hang, 1);

	(void)state;
	release(r, RELEASE_CONTINUE, 0);
	halt(r, STEP_END_EXEC_FAILED, 0, 0);
	assert_int_equal(step(r, 0)->state, STEP_HALTED);
	release(r, RELEASE_CONTINUE, 0);
	end(r, STEP_END_EXEC_FAILED, 0, 0);
	assert_int_equal(step(r, 0)->exit_code, 0);
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	rig_free(r);
}

/* A step's timeout kills its program, and a person may look at what is left. */
static void test_step_timeout(void **state)
{
	struct rig *r = rig_run(RUN(FAILURE, ", timeout: 5s"), hang, 1);

	(void)state;
	rig_until(r, 10 * NS_PER_S);
	assert_int_equal(last(r)->kind, ACTION_STOP_STEP);
	assert_true(last(r)->spares);
	halt(r, STEP_END_SIGNALED, 0, SIGKILL);
	assert_int_equal(step(r, 0)->state, STEP_HALTED);
	release(r, RELEASE_FAIL, 1);
	end(r, STEP_END_SIGNALED, 0, SIGKILL);
	assert_str(step(r, 0)->termination_reason, "TimeoutExceeded");
	rig_free(r);
}

/* The task's clock and cancellations end the wait. */
static void test_stopped(void **state)
{
	struct rig *r = rig_run(RUN(FAILURE, ""), hang, 1);

	(void)state;
	halt(r, STEP_END_EXITED, 3, 0);
	rig_until(r, 3700 * NS_PER_S);
	assert_int_equal(last(r)->kind, ACTION_STOP_STEP);
	release(r, RELEASE_CONTINUE, 0); /* too late */
	assert_int_equal(rig_count(r, ACTION_RELEASE_STEP), 0);
	end(r, STEP_END_EXITED, 3, 0);
	assert_condition(r->view->condition, CONDITION_FALSE, "TaskRunTimeout");
	rig_free(r);

	r = rig_run(RUN("beforeSteps: [a]", ""), hang, 1);
	rig_feed(r, (struct event){.kind = EVENT_CANCEL, .cancel = CANCEL_NOW});
	assert_int_equal(last(r)->kind, ACTION_STOP_STEP);
	end(r, STEP_END_SIGNALED, 0, SIGKILL);
	assert_condition(r->view->condition, CONDITION_FALSE, "TaskRunCancelled");
	rig_free(r);

	/* what is being stopped anyway does not wait */
	r = rig_run(RUN(FAILURE, ""), hang, 1);
	rig_feed(r, (struct event){.kind = EVENT_CANCEL, .cancel = CANCEL_NOW});
	halt(r, STEP_END_SIGNALED, 0, SIGTERM);
	assert_int_equal(step(r, 0)->state, STEP_RUNNING);
	assert_int_equal(last(r)->kind, ACTION_RELEASE_STEP);
	end(r, STEP_END_SIGNALED, 0, SIGTERM);
	assert_condition(r->view->condition, CONDITION_FALSE, "TaskRunCancelled");
	rig_free(r);
}

/* A step that waits is not finished: with its agent the attempt is gone, and runs again. */
static void test_resume(void **state)
{
	struct rig *r = rig_run(RUN(FAILURE, ""), hang, 1);

	(void)state;
	halt(r, STEP_END_EXITED, 3, 0);
	rig_replay(r);
	rig_feed(r, (struct event){.kind = EVENT_RESUME});
	assert_int_equal(rig_task(r, "t")->n_attempts, 2);
	assert_true(rig_task(r, "t")->attempts[0].is_interrupted);
	assert_int_equal(step(r, 0)->state, STEP_RUNNING);
	rig_free(r);
}

/* The command line does the same for tasks of a pipeline. */
/* Nor has one that waits because its time was up. */
static void test_resume_timeout(void **state)
{
	struct rig *r = rig_run(RUN(FAILURE, ", timeout: 5s"), hang, 1);

	(void)state;
	rig_until(r, 6 * NS_PER_S);
	halt(r, STEP_END_SIGNALED, 0, SIGKILL);
	assert_int_equal(step(r, 0)->state, STEP_HALTED);
	rig_replay(r);
	rig_feed(r, (struct event){.kind = EVENT_RESUME});
	assert_int_equal(rig_task(r, "t")->n_attempts, 2);
	assert_true(rig_task(r, "t")->attempts[0].is_interrupted);
	rig_free(r);
}

static void test_command_line(void **state)
{
	static const char *yaml =
		"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: p}\n"
		"spec: {pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{name: a, image: "
		"x}, "
		"{name: b, image: x}]}}, {name: u, taskSpec: {steps: [{name: a, image: "
		"x}]}}]}}\n";
	const struct break_override breaks[] = {{STR("t"), STR("b")}};
	static const struct fate hangs[] = {{"p-t", -1, -1, STEP_END_EXITED, 0, 0, {0}, true},
		{"p-u", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}};
	struct rig *r = rig_new(yaml);

	(void)state;
	r->opts.breaks = breaks;
	r->opts.n_breaks = 1;
	rig_start(r, hangs, 2);
	assert_true(rig_launch(r, "p-t")->steps[1].breaks_before);
	assert_false(rig_launch(r, "p-t")->steps[0].breaks_before);
	assert_false(rig_launch(r, "p-u")->has_breakpoints);
	rig_free(r);
	r = rig_new(yaml);
	r->opts.breaks_on_failure = true;
	rig_start(r, hangs, 2);
	assert_true(rig_launch(r, "p-u")->steps[0].breaks_on_failure);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_launch),
		cmocka_unit_test(test_failed),
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_step_timeout),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_resume_timeout),
		cmocka_unit_test(test_command_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
