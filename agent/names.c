/* SPDX-License-Identifier: Apache-2.0 */
/* Names of enums, one table each. */
#include "names.h"

const char *condition_status_name(enum condition_status s)
{
	static const char *const names[] = {
		[CONDITION_UNKNOWN] = "Unknown",
		[CONDITION_TRUE] = "True",
		[CONDITION_FALSE] = "False",
	};

	_Static_assert(ARRAY_SIZE(names) == CONDITION_STATUS_N, "a status without a name");
	return names[s];
}

const char *cancel_mode_name(enum cancel_mode m)
{
	static const char *const names[] = {
		[CANCEL_NONE] = "None",
		[CANCEL_STOP] = "StoppedRunFinally",
		[CANCEL_GRACEFUL] = "CancelledRunFinally",
		[CANCEL_NOW] = "Cancelled",
	};

	_Static_assert(ARRAY_SIZE(names) == CANCEL_MODE_N, "a cancel mode without a name");
	return names[m];
}

const char *release_name(enum release r)
{
	static const char *const names[] = {
		[RELEASE_NONE] = "none",
		[RELEASE_CONTINUE] = "continue",
		[RELEASE_FAIL] = "fail",
	};

	_Static_assert(ARRAY_SIZE(names) == RELEASE_N, "a release without a name");
	return names[r];
}

const char *timer_kind_name(enum timer_kind k)
{
	static const char *const names[] = {
		[TIMER_TASK] = "task",
		[TIMER_STEP] = "step",
		[TIMER_KILL] = "kill",
		[TIMER_PIPELINE] = "pipeline",
		[TIMER_TASKS] = "tasks",
		[TIMER_FINALLY] = "finally",
		[TIMER_GRACE] = "grace",
	};

	_Static_assert(ARRAY_SIZE(names) == TIMER_KIND_N, "a timer without a name");
	return names[k];
}

const char *outcome_name(enum outcome o)
{
	static const char *const names[] = {
		[OUTCOME_NONE] = "None",
		[OUTCOME_SUCCEEDED] = "Succeeded",
		[OUTCOME_FAILED] = "Failed",
		[OUTCOME_IGNORED] = "Ignored",
		[OUTCOME_CANCELLED] = "Cancelled",
	};

	_Static_assert(ARRAY_SIZE(names) == OUTCOME_N, "an outcome without a name");
	return names[o];
}

const char *stop_cause_name(enum stop_cause c)
{
	static const char *const names[] = {
		[STOP_NONE] = "none",
		[STOP_TIMEOUT] = "timeout",
		[STOP_CANCELLED] = "cancelled",
		[STOP_PIPELINE_TIMEOUT] = "pipeline-timeout",
		[STOP_ABORTED] = "aborted",
	};

	_Static_assert(ARRAY_SIZE(names) == STOP_CAUSE_N, "a stop cause without a name");
	return names[c];
}

const char *skip_reason_text(enum skip_reason r)
{
	static const char *const texts[] = {
		[SKIP_NONE] = "None",
		[SKIP_STOPPING] = "PipelineRun was stopping",
		[SKIP_GRACEFULLY_CANCELLED] = "PipelineRun was gracefully cancelled",
		[SKIP_GRACEFULLY_STOPPED] = "PipelineRun was gracefully stopped",
		[SKIP_WHEN] = "When Expressions evaluated to false",
		[SKIP_PARENT] = "Parent Tasks were skipped",
		[SKIP_MISSING_RESULT] = "Results were missing",
		[SKIP_PIPELINE_TIMEOUT] = "PipelineRun timeout has been reached",
		[SKIP_TASKS_TIMEOUT] = "PipelineRun Tasks timeout has been reached",
		[SKIP_FINALLY_TIMEOUT] = "PipelineRun Finally timeout has been reached",
		[SKIP_EMPTY_MATRIX] = "Matrix Parameters have an empty array",
	};

	_Static_assert(ARRAY_SIZE(texts) == SKIP_REASON_N, "a skip reason without a text");
	return texts[r];
}
