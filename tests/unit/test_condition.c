/* SPDX-License-Identifier: Apache-2.0 */
/* The verdict of a run from its counts: the order of section 27.2. */
#include "agent/condition.h"
#include "agent_rig.h"

struct verdict {
	const char *name;
	struct run_counts n; /* succeeded, failed, ignored, cancelled, skipped, late, invalid */
	enum cancel_mode cancelled;
	bool pipeline, tasks, aborted;
	const char *status_reason, *message;
};

static const struct verdict verdicts[] = {
	{"all well", {3, 0, 0, 0, 0, 0, 0}, CANCEL_NONE, false, false, false, "Succeeded",
		"Tasks Completed: 3 (Failed: 0, Cancelled 0), Skipped: 0"},
	{"skipped", {3, 0, 0, 0, 2, 0, 0}, CANCEL_NONE, false, false, false, "Completed",
		"Tasks Completed: 3 (Failed: 0, Cancelled 0), Skipped: 2"},
	{"ignored", {1, 0, 2, 0, 0, 0, 0}, CANCEL_NONE, false, false, false, "Succeeded",
		"Tasks Completed: 3 (Failed: 2 (Ignored: 2), Cancelled 0), Skipped: 0"},
	{"failed", {1, 1, 1, 0, 0, 0, 0}, CANCEL_NONE, false, false, false, "Failed",
		"Tasks Completed: 3 (Failed: 2 (Ignored: 1), Cancelled 0), Skipped: 0"},
	{"skipped late", {1, 0, 0, 0, 1, 1, 0}, CANCEL_NONE, false, false, false, "Failed",
		NULL},
	{"cancelled task", {1, 0, 0, 1, 0, 0, 0}, CANCEL_NONE, false, false, false, "Cancelled",
		"Tasks Completed: 2 (Failed: 0, Cancelled 1), Skipped: 0"},
	{"invalid before failed", {1, 1, 0, 0, 0, 0, 1}, CANCEL_NONE, false, false, false,
		"PipelineValidationFailed",
		"Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 0, Failed Validation: 1 "
		"(why)"},
	{"stopped", {1, 0, 0, 0, 1, 0, 0}, CANCEL_STOP, false, false, false, "Cancelled",
		"PipelineRun \"p\" was cancelled"},
	{"stopped after a failure", {1, 1, 0, 0, 1, 0, 0}, CANCEL_STOP, false, false, false,
		"Failed", NULL},
	{"cancelled now, whatever failed", {1, 1, 0, 0, 1, 0, 0}, CANCEL_NOW, false, false,
		false, "Cancelled", "PipelineRun \"p\" was cancelled"},
	{"tasks timeout", {1, 1, 0, 0, 1, 0, 0}, CANCEL_NONE, false, true, false,
		"PipelineRunTimeout",
		"PipelineRun \"p\" failed due to tasks failed to finish within \"1m30s\""},
	{"pipeline timeout first", {1, 1, 0, 0, 1, 0, 0}, CANCEL_GRACEFUL, true, true, false,
		"PipelineRunTimeout", "PipelineRun \"p\" failed to finish within \"1h0m0s\""},
	{"aborted before all", {1, 1, 0, 0, 1, 0, 1}, CANCEL_NOW, true, true, true, "Abort",
		"text"},
};

static void test_verdicts(void **state)
{
	struct rig rr = {.arena = arena_new()}, *r = &rr;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		const struct verdict *c = &verdicts[i];
		struct agent a = {.counts = c->n,
			.invalid_text = STR("why"),
			.is_pipeline_timed_out = c->pipeline,
			.is_tasks_timed_out = c->tasks,
			.is_aborted = c->aborted,
			.verdict = {.reason = STR("Abort"), .message = STR("text")}};
		struct condition got;

		a.view.cancelled = c->cancelled;
		a.plan.name = STR("p");
		a.plan.pipeline_timeout_ns = 3600 * NS_PER_S;
		a.plan.tasks_timeout_ns = 90 * NS_PER_S;
		got = condition_run_verdict(&a, r->arena);
		if (!str_eqz(got.reason, c->status_reason))
			print_error("case '%s'\n", c->name);
		assert_str(got.reason, c->status_reason);
		if (c->message)
			assert_str(got.message, c->message);
	}
	arena_free(r->arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_verdicts)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
