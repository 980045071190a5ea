/* SPDX-License-Identifier: Apache-2.0 */
/* The transition tables, exhausted: every change in every state of its machine. */
#include "agent/run.h"
#include "agent_rig.h"
#include <sys/wait.h>
#include <unistd.h>

static const char *yaml = "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: "
			  "p}\nspec: {pipelineSpec: "
			  "{tasks: [{name: a, taskSpec: {steps: [{image: x}], "
			  "sidecars: [{name: s, image: x}]}}]}}\n";
static const struct fate hang[] = {{"p-a", -1, 0, STEP_END_EXITED, 0, 0, {0}, true}};

/* What is allowed, written down a second time: one bit for each state. */
static const struct {
	const char *name;
	unsigned from;
} allowed[] = {
	[CHANGE_RUN_START] = {"run-start", 1 << RUN_NEW},
	[CHANGE_RUN_CANCEL] = {"run-cancel", 1 << RUN_TASKS | 1 << RUN_FINALLY},
	[CHANGE_RUN_TIMEOUT] = {"run-timeout", 1 << RUN_TASKS | 1 << RUN_FINALLY},
	[CHANGE_RUN_ABORT] = {"run-abort", 1 << RUN_TASKS | 1 << RUN_FINALLY},
	[CHANGE_RUN_STOPPING] = {"run-stopping", 1 << RUN_TASKS},
	[CHANGE_RUN_FINALLY] = {"run-finally", 1 << RUN_TASKS},
	[CHANGE_RUN_CONDITION] = {"run-condition", 1 << RUN_TASKS | 1 << RUN_FINALLY},
	[CHANGE_RUN_RESUME] = {"run-resume", 1 << RUN_TASKS | 1 << RUN_FINALLY},
	[CHANGE_RUN_END] = {"run-end", 1 << RUN_NEW | 1 << RUN_TASKS | 1 << RUN_FINALLY},
	[CHANGE_PT_START] = {"pt-start", 1 << PT_WAITING},
	[CHANGE_PT_SKIP] = {"pt-skip", 1 << PT_WAITING},
	[CHANGE_PT_RESKIP] = {"pt-reskip", 1 << PT_SKIPPED},
	[CHANGE_PT_INVALID] = {"pt-invalid", 1 << PT_WAITING},
	[CHANGE_PT_DONE] = {"pt-done", 1 << PT_STARTED},
	[CHANGE_TASK_CREATE] = {"task-create", 1 << TASK_WAITING},
	[CHANGE_TASK_ATTEMPT] = {"task-attempt", 1 << TASK_WAITING},
	[CHANGE_TASK_WAIT] = {"task-wait", 1 << TASK_PREPARING},
	[CHANGE_TASK_READY] = {"task-ready", 1 << TASK_PREPARING},
	[CHANGE_TASK_STOP] = {"task-stop", 1 << TASK_PREPARING | 1 << TASK_RUNNING},
	[CHANGE_TASK_INTERRUPTED] = {"task-interrupted",
		1 << TASK_PREPARING | 1 << TASK_RUNNING},
	[CHANGE_TASK_RETRY] = {"task-retry", 1 << TASK_WAITING | 1 << TASK_PREPARING |
						     1 << TASK_RUNNING | 1 << TASK_STOPPING},
	[CHANGE_TASK_END] = {"task-end", 1 << TASK_WAITING | 1 << TASK_PREPARING |
						 1 << TASK_RUNNING | 1 << TASK_STOPPING},
	[CHANGE_STEP_START] = {"step-start", 1 << STEP_WAITING},
	[CHANGE_STEP_STARTED] = {"step-started", 1 << STEP_STARTING},
	[CHANGE_STEP_HALT] = {"step-halt", 1 << STEP_RUNNING},
	[CHANGE_STEP_RELEASE] = {"step-release", 1 << STEP_HALTED},
	[CHANGE_STEP_STOP] = {"step-stop",
		1 << STEP_STARTING | 1 << STEP_RUNNING | 1 << STEP_HALTED},
	[CHANGE_STEP_END] = {"step-end",
		1 << STEP_STARTING | 1 << STEP_RUNNING | 1 << STEP_HALTED},
	[CHANGE_STEP_SKIP] = {"step-skip", 1 << STEP_WAITING},
	[CHANGE_SIDECAR_START] = {"sidecar-start", 1 << STEP_WAITING},
	[CHANGE_SIDECAR_STARTED] = {"sidecar-started", 1 << STEP_STARTING},
	[CHANGE_SIDECAR_READY] = {"sidecar-ready", 1 << STEP_RUNNING},
	[CHANGE_SIDECAR_UNREADY] = {"sidecar-unready", 1 << STEP_RUNNING},
	[CHANGE_SIDECAR_END] = {"sidecar-end", 1 << STEP_STARTING | 1 << STEP_RUNNING},
};
_Static_assert(ARRAY_SIZE(allowed) == CHANGE_KIND_N, "a change that is not tested");

/* The run has one step, and one sidecar behind it. */
static size_t container_of_kind(enum change_kind kind)
{
	return kind >= CHANGE_SIDECAR_START;
}

static void put_state(struct agent *a, enum change_kind kind, int state)
{
	if (kind < CHANGE_PT_START)
		a->phase = (enum run_phase)state;
	else if (kind < CHANGE_TASK_CREATE)
		a->view.pipeline_tasks[0].state = (enum pipeline_task_state)state;
	else if (kind < CHANGE_STEP_START)
		a->root->runs.p[0]->state = (enum task_state)state;
	else
		a->root->runs.p[0]->attempts[0].steps[container_of_kind(kind)].state =
			(enum step_state)state;
}

static int n_states(enum change_kind kind)
{
	if (kind < CHANGE_PT_START)
		return RUN_PHASE_N;
	if (kind < CHANGE_TASK_CREATE)
		return PIPELINE_TASK_STATE_N;
	_Static_assert((int)TASK_STATE_N == (int)STEP_STATE_N, "one number for both");
	return TASK_STATE_N;
}

/* In a child, as a refused change ends the program: true when it was accepted. */
static bool accepts(struct agent *a, enum change_kind kind, int state)
{
	struct change c = {.kind = kind,
		.step = container_of_kind(kind),
		.ended = {.termination_reason = "x", .reason = STR("x")},
		.condition = {.reason = STR("x")}};
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)close(2);
		put_state(a, kind, state);
		run_apply(a, &c);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_transitions(void **state)
{
	struct rig *r = rig_run(yaml, hang, 1);

	(void)state;
	for (int kind = 0; kind < CHANGE_KIND_N; kind++) {
		assert_string_equal(change_name((enum change_kind)kind), allowed[kind].name);
		for (int s = 0; s < n_states((enum change_kind)kind); s++) {
			bool got = accepts(r->agent, (enum change_kind)kind, s);

			if (got != (allowed[kind].from >> s & 1))
				print_error("change '%s' in state %d\n", allowed[kind].name, s);
			assert_int_equal(got, allowed[kind].from >> s & 1);
		}
	}
	rig_free(r);
}

/* Attempts move when their list grows; what was in them stays. */
static void test_many_attempts(void **state)
{
	static const struct fate fates[] = {{"t", -1, -1, STEP_END_EXITED, 1, 0, {0}, false}};
	struct rig *r = rig_run("apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: "
				"t}\nspec: {retries: 20, taskSpec: {steps: [{image: x, script: "
				"$(context.task.retry-count)}]}}\n",
		fates, 1);
	const struct task_run_view *t = rig_task(r, "t");

	(void)state;
	assert_int_equal(t->n_attempts, 21);
	for (size_t i = 0; i < 21; i++) {
		char want[8];

		snprintf(want, sizeof(want), "%zu", i);
		assert_str(t->attempts[i].spec->steps[0].script.s, want);
		assert_condition(t->attempts[i].condition, CONDITION_FALSE, "StepFailed");
	}
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_transitions),
		cmocka_unit_test(test_many_attempts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
