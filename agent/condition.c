/* SPDX-License-Identifier: Apache-2.0 */
/* Reasons and messages of conditions, in Tekton's words. */
#include "condition.h"

#include <base/bounds.h>
#include <base/num.h>

struct condition condition_make(
	enum condition_status status, const char *reason, struct str message)
{
	return (struct condition){
		.status = status, .reason = str_z(reason), .message = message};
}

static struct condition failed(const char *reason, struct str message)
{
	return condition_make(CONDITION_FALSE, reason, message);
}

struct condition condition_step_failed(struct arena *a, const struct step_view *step)
{
	return failed(str_eqz(step->reason, "OOMKilled") ? "StepOOM" : "StepFailed",
		arena_printf(a, "\"" STR_FMT "\" exited with code %d: " STR_FMT,
			STR_ARG(step->container), step->exit_code, STR_ARG(step->reason)));
}

struct condition condition_sidecar_failed(struct arena *a, const struct step_view *sidecar)
{
	struct condition c = condition_step_failed(a, sidecar);

	c.reason = str_eqz(sidecar->reason, "OOMKilled") ? STR("SidecarOOM")
							 : STR("SidecarFailed");
	return c;
}

struct condition condition_step_timeout(struct arena *a, const struct step_view *step)
{
	return failed("StepFailed",
		arena_printf(a,
			"\"" STR_FMT
			"\" exited because the step exceeded the specified timeout limit",
			STR_ARG(step->container)));
}

/* Tekton's limit is 4096 bytes, ours that of every result. */
struct condition condition_result_too_large(struct arena *a, const struct execution *t)
{
	return failed("TaskRunResultLargerThanAllowedLimit",
		arena_printf(a,
			"TaskRun \"" STR_FMT "\" failed: results exceeded size limit %d bytes",
			STR_ARG(t->v.name), BOUND_RESULT_BYTES));
}

struct condition condition_task_timeout(struct arena *a, const struct execution *t)
{
	struct str limit = num_duration_text(a, t->v.timeout_ns);

	return failed("TaskRunTimeout",
		arena_printf(a,
			"TaskRun \"" STR_FMT "\" failed to finish within \"" STR_FMT "\"",
			STR_ARG(t->v.name), STR_ARG(limit)));
}

struct condition condition_task_cancelled(
	struct arena *a, struct str name, enum stop_cause cause, struct str why)
{
	static const char *const has[] = {
		[STOP_NONE] = NULL,
		[STOP_TIMEOUT] = NULL,
		[STOP_CANCELLED] = "has been cancelled",
		[STOP_PIPELINE_TIMEOUT] = "has timed out",
		[STOP_ABORTED] = "cannot go on",
	};

	_Static_assert(ARRAY_SIZE(has) == STOP_CAUSE_N, "a stop cause without words");
	if (why.n == 0 && has[cause])
		why = arena_printf(a, "TaskRun cancelled as the PipelineRun it belongs to %s.",
			has[cause]);
	return failed("TaskRunCancelled",
		arena_printf(a, "TaskRun \"" STR_FMT "\" was cancelled. " STR_FMT,
			STR_ARG(name), STR_ARG(why)));
}

struct condition condition_task_interrupted(struct arena *a, struct str name)
{
	return failed("Interrupted",
		arena_printf(a,
			"TaskRun \"" STR_FMT "\" was interrupted: monopod ended while it ran",
			STR_ARG(name)));
}

struct condition condition_task_invalid(struct str message)
{
	return failed("TaskRunValidationFailed", message);
}

struct condition condition_start_failed(struct arena *a, const char *reason, struct str step,
	struct str task_run, struct str problem)
{
	return failed(reason,
		arena_printf(a,
			"the step \"" STR_FMT "\" in TaskRun \"" STR_FMT
			"\" failed to start. The pod errored with the message: \"" STR_FMT "\"",
			STR_ARG(step), STR_ARG(task_run), STR_ARG(problem)));
}

struct condition condition_ignored(struct condition c)
{
	c.reason = STR("FailureIgnored");
	return c;
}

/* --- pipeline runs */

static size_t n_completed(const struct run_counts *n)
{
	return n->succeeded + n->failed + n->ignored + n->cancelled;
}

/* "Tasks Completed: 3 (Failed: 1 (Ignored: 1), Cancelled 0)", as a run is told when it ends */
static struct str completed_text(const struct agent *a, struct arena *arena)
{
	const struct run_counts *n = &a->counts;
	struct str ignored = STR_NONE;

	if (n->ignored)
		ignored = arena_printf(arena, " (Ignored: %zu)", n->ignored);
	return arena_printf(arena,
		"Tasks Completed: %zu (Failed: %zu" STR_FMT ", Cancelled %zu)", n_completed(n),
		n->failed + n->ignored, STR_ARG(ignored), n->cancelled);
}

/* A failure shows as stopping only when no finally task is still to come (as in Tekton). */
static const char *progress_reason(const struct agent *a)
{
	const struct run_counts *n = &a->counts;

	if (a->is_tasks_timed_out && a->n_open_final)
		return "PipelineRunTimeoutRunningFinally";
	if (a->view.cancelled == CANCEL_GRACEFUL)
		return "CancelledRunningFinally";
	if (a->view.cancelled == CANCEL_STOP)
		return "StoppedRunningFinally";
	if (n->cancelled || (n->failed && !a->n_open_final))
		return "PipelineRunStopping";
	return "Running";
}

/* While it runs, ignored failures are among the completed but not among the failed. */
struct condition condition_run_progress(const struct agent *a, struct arena *arena)
{
	const struct run_counts *n = &a->counts;
	size_t n_open = a->plan.n_tasks - n_completed(n) - n->skipped - n->invalid;

	return condition_make(CONDITION_UNKNOWN, progress_reason(a),
		arena_printf(arena,
			"Tasks Completed: %zu (Failed: %zu, Cancelled %zu), Incomplete: %zu, "
			"Skipped: %zu",
			n_completed(n), n->failed, n->cancelled, n_open, n->skipped));
}

static struct condition timed_out(const struct agent *a, struct arena *arena)
{
	bool whole = a->is_pipeline_timed_out;
	int64_t ns = whole ? a->plan.pipeline_timeout_ns : a->plan.tasks_timeout_ns;
	struct str limit = num_duration_text(arena, ns);

	return failed("PipelineRunTimeout",
		arena_printf(arena,
			whole ? "PipelineRun \"" STR_FMT "\" failed to finish within \"" STR_FMT
				"\""
			      : "PipelineRun \"" STR_FMT
				"\" failed due to tasks failed to finish within \"" STR_FMT
				"\"",
			STR_ARG(a->plan.name), STR_ARG(limit)));
}

struct condition condition_run_cancelled(struct arena *arena, struct str name)
{
	return failed(
		"Cancelled", arena_printf(arena, "PipelineRun \"" STR_FMT "\" was cancelled",
				     STR_ARG(name)));
}

/* Section 27.2, the order of verdicts when nothing is left to do. */
struct condition condition_run_verdict(const struct agent *a, struct arena *arena)
{
	const struct run_counts *n = &a->counts;
	struct str text;

	if (a->is_aborted)
		return a->verdict;
	if (a->is_pipeline_timed_out)
		return timed_out(a, arena);
	if (a->view.cancelled == CANCEL_NOW)
		return condition_run_cancelled(arena, a->plan.name);
	if (a->is_tasks_timed_out)
		return timed_out(a, arena);
	text = completed_text(a, arena);
	text = arena_printf(arena, STR_FMT ", Skipped: %zu", STR_ARG(text), n->skipped);
	if (n->invalid)
		return failed("PipelineValidationFailed",
			arena_printf(arena, STR_FMT ", Failed Validation: %zu (" STR_FMT ")",
				STR_ARG(text), n->invalid,
				STR_ARG(str_slice(a->invalid_text, 0, 1024))));
	if (n->failed || n->skipped_by_timeout)
		return failed("Failed", text);
	if (a->view.cancelled == CANCEL_GRACEFUL || a->view.cancelled == CANCEL_STOP)
		return condition_run_cancelled(arena, a->plan.name);
	if (n->cancelled)
		return failed("Cancelled", text);
	return condition_make(CONDITION_TRUE, n->skipped ? "Completed" : "Succeeded", text);
}

struct condition condition_run_pending(const struct agent *a, struct arena *arena)
{
	bool is_pipeline = agent_is_pipeline(a);

	return condition_make(CONDITION_UNKNOWN,
		is_pipeline ? "PipelineRunPending" : "TaskRunPending",
		arena_printf(arena, "%s \"" STR_FMT "\" is pending",
			is_pipeline ? "PipelineRun" : "TaskRun", STR_ARG(a->plan.name)));
}
