/* SPDX-License-Identifier: Apache-2.0 */
/* The scheduler: ready lists instead of passes over all tasks. */
#include "sched.h"

#include "attempt.h"
#include "child.h"
#include "condition.h"
#include "deadline.h"
#include "dispatch.h"
#include "result.h"
#include "run.h"
#include <base/num.h>

/* A candidate that is not skipped. */
struct candidate {
	size_t pt;
	const struct pipeline_task *bound;
};

static struct pipeline_task_view *pt_view(struct agent *a, size_t pt)
{
	return &a->view.pipeline_tasks[pt];
}

void sched_init(struct agent *a)
{
	const struct plan *p = &a->plan;

	a->pts = arena_new_array(a->arena, struct pt_state, p->n_tasks);
	if (!agent_is_pipeline(a))
		return;
	a->n_open_dag = p->n_dag;
	a->n_open_final = p->n_tasks - p->n_dag;
	for (size_t i = 0; i < p->n_dag; i++) {
		a->pts[i].n_open_parents = p->tasks[i].n_parents;
		if (!p->tasks[i].n_parents)
			vec_push(&a->ready, i);
	}
}

/* A pipeline task is done, skipped or invalid: its children have one parent less to wait for.
 */
static void close_pt(struct agent *a, size_t pt)
{
	const struct plan_task *t = &a->plan.tasks[pt];

	if (t->is_finally) {
		a->n_open_final--;
		return;
	}
	a->n_open_dag--;
	for (size_t i = 0; i < t->n_children; i++)
		if (--a->pts[t->children[i]].n_open_parents == 0)
			vec_push(&a->ready, t->children[i]);
}

static void skip(struct agent *a, size_t pt, enum skip_reason reason)
{
	run_apply(a, &(struct change){.kind = CHANGE_PT_SKIP, .pt = pt, .skip = reason});
	close_pt(a, pt);
}

/* --- stopping: rules 1 to 3 hold for every task that was not created, at once */

static enum skip_reason general_reason(const struct agent *a)
{
	if (a->view.is_stopping)
		return SKIP_STOPPING;
	if (a->view.cancelled == CANCEL_GRACEFUL)
		return SKIP_GRACEFULLY_CANCELLED;
	if (a->view.cancelled == CANCEL_STOP)
		return SKIP_GRACEFULLY_STOPPED;
	return SKIP_NONE;
}

/* Skips what waits; tasks skipped earlier get the reason that now comes first. */
static void skip_all(struct agent *a, enum skip_reason reason)
{
	if (a->skipped_all == reason)
		return;
	a->skipped_all = reason;
	for (size_t i = 0; i < a->plan.n_dag; i++) {
		const struct pipeline_task_view *v = pt_view(a, i);

		if (v->state == PT_WAITING)
			skip(a, i, reason);
		else if (v->state == PT_SKIPPED && v->skip != reason)
			run_apply(
				a, &(struct change){
					   .kind = CHANGE_PT_RESKIP, .pt = i, .skip = reason});
	}
}

/* Rule 8 comes before rule 9. */
void sched_tasks_timed_out(struct agent *a)
{
	for (size_t i = 0; i < a->plan.n_dag; i++)
		if (pt_view(a, i)->state == PT_SKIPPED &&
			pt_view(a, i)->skip == SKIP_EMPTY_MATRIX)
			run_apply(a, &(struct change){.kind = CHANGE_PT_RESKIP,
					     .pt = i,
					     .skip = SKIP_TASKS_TIMEOUT});
}

static void begin_stopping(struct agent *a)
{
	if (!a->view.is_stopping)
		run_apply(a, &(struct change){.kind = CHANGE_RUN_STOPPING});
}

/* --- ends of task runs */

static bool is_cancelled(const struct execution *t)
{
	if (t->pipeline)
		return str_eqz(t->v.condition.reason, "Cancelled");
	return str_eqz(t->v.condition.reason, "TaskRunCancelled");
}

/* Section 17: a fan-out fails when one of it failed; 15: a timeout of the run is a failure. */
static enum outcome outcome_of(struct agent *a, size_t pt)
{
	const struct pipeline_task_view *v = pt_view(a, pt);
	bool failed = false, cancelled = false, timed_out = false;

	for (size_t i = 0; i < v->n_task_runs; i++) {
		const struct execution *t = execution_of(a, v->task_runs[i]);

		failed |= t->v.condition.status != CONDITION_TRUE;
		cancelled |= is_cancelled(t);
		timed_out |= is_cancelled(t) && t->stop == STOP_PIPELINE_TIMEOUT;
	}
	if (!failed)
		return OUTCOME_SUCCEEDED;
	if (timed_out)
		return OUTCOME_FAILED;
	if (cancelled)
		return OUTCOME_CANCELLED;
	return a->plan.tasks[pt].on_error_continue ? OUTCOME_IGNORED : OUTCOME_FAILED;
}

void sched_task_done(struct agent *a, struct execution *t)
{
	size_t pt = t->v.pipeline_task;
	struct change c = {.kind = CHANGE_PT_DONE, .pt = pt};

	a->n_open_runs--;
	if (t->holds_slot)
		a->root->n_active--;
	t->holds_slot = false;
	if (!agent_is_pipeline(a) || --a->pts[pt].n_open_runs > 0)
		return;
	c.outcome = outcome_of(a, pt);
	run_apply(a, &c);
	if (!a->plan.tasks[pt].is_finally && !a->plan.tasks[pt].on_error_continue &&
		(c.outcome == OUTCOME_FAILED || c.outcome == OUTCOME_CANCELLED))
		begin_stopping(a);
	close_pt(a, pt);
}

/* --- the round of section 11 */

/* Nothing at all starts any more, finally included. */
static bool is_ending(const struct agent *a)
{
	return a->is_aborted || a->is_pipeline_timed_out || a->view.cancelled == CANCEL_NOW;
}

static bool has_skipped_parent(struct agent *a, size_t pt)
{
	const struct plan_task *t = &a->plan.tasks[pt];

	for (size_t i = 0; i < t->n_parents; i++) {
		const struct pipeline_task_view *v = pt_view(a, t->parents[i]);

		if (v->state == PT_SKIPPED && v->skip != SKIP_WHEN)
			return true;
	}
	return false;
}

/* Rules 4 to 9 of section 11; for finally tasks 6, when, 9. */
static enum skip_reason skip_reason(
	struct agent *a, size_t pt, const struct pipeline_task *bound)
{
	const struct plan_task *t = &a->plan.tasks[pt];
	bool holds = when_holds(bound->when, bound->n_when);
	struct str text;

	if (!t->is_finally && !holds)
		return SKIP_WHEN;
	if (!t->is_finally && has_skipped_parent(a, pt))
		return SKIP_PARENT;
	if (dispatch_supply(a, pt, &text) == SUPPLY_MISSING)
		return SKIP_MISSING_RESULT;
	if (!holds)
		return SKIP_WHEN;
	if (!t->is_finally && a->is_tasks_timed_out)
		return SKIP_TASKS_TIMEOUT;
	return dispatch_has_empty_matrix(bound) ? SKIP_EMPTY_MATRIX : SKIP_NONE;
}

static void abort_out_of_range(struct agent *a, struct str text)
{
	deadline_abort(
		a, condition_make(CONDITION_FALSE, "PipelineValidationFailed",
			   arena_printf(a->arena,
				   "PipelineRun " STR_FMT "/" STR_FMT
				   " can't be Run; couldn't resolve all references: " STR_FMT,
				   STR_ARG(a->plan.ns), STR_ARG(a->plan.name), STR_ARG(text))));
}

/* Skips the task or gives a candidate; false when it does not start now. */
static bool evaluate(struct agent *a, size_t pt, struct candidate *ret)
{
	const struct pipeline_task *bound = dispatch_bind(a, pt);
	enum skip_reason reason = skip_reason(a, pt, bound);

	pt_view(a, pt)->when = bound->when;
	if (reason != SKIP_NONE) {
		skip(a, pt, reason);
		return false;
	}
	*ret = (struct candidate){.pt = pt, .bound = bound};
	return true;
}

/* Section 7.4: a forgotten result fails its consumer before it starts, and stops the dag. */
static bool fail_validation(struct agent *a, const struct candidate *c, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		struct str text = STR_NONE;

		if (dispatch_supply(a, c[i].pt, &text) != SUPPLY_INVALID)
			continue;
		run_apply(
			a, &(struct change){
				   .kind = CHANGE_PT_INVALID, .pt = c[i].pt, .message = text});
		close_pt(a, c[i].pt);
		any = true;
	}
	if (any)
		begin_stopping(a);
	return any;
}

static void start(struct agent *a, const struct candidate *c)
{
	struct condition why;

	if (dispatch_create(a, c->pt, c->bound, &why) < 0) {
		deadline_abort(a, why);
		return;
	}
	run_apply(a, &(struct change){.kind = CHANGE_PT_START, .pt = c->pt});
}

/* Section 7.4: an index beyond its array ends the run before anything of the round starts. */
static void start_all(struct agent *a, const struct candidate *c, size_t n)
{
	struct str text;

	for (size_t i = 0; i < n && !is_ending(a); i++)
		if (dispatch_supply(a, c[i].pt, &text) == SUPPLY_OUT_OF_RANGE)
			abort_out_of_range(a, text);
	for (size_t i = 0; i < n && !is_ending(a); i++)
		start(a, &c[i]);
}

/* One round over the dag: candidates until no skip makes new ones, then all start together. */
static void round_dag(struct agent *a)
{
	VEC(struct candidate) go = {0};

	for (size_t i = 0; i < a->ready.n && !is_ending(a); i++) {
		size_t pt = a->ready.p[i];
		struct candidate c;

		if (pt_view(a, pt)->state == PT_WAITING && evaluate(a, pt, &c))
			vec_push(&go, c);
	}
	a->ready.n = 0;
	if (!is_ending(a) && !fail_validation(a, go.p, go.n))
		start_all(a, go.p, go.n);
	vec_release(&go);
}

static void start_finally(struct agent *a)
{
	const struct plan *p = &a->plan;
	VEC(struct candidate) go = {0};

	run_apply(a, &(struct change){.kind = CHANGE_RUN_FINALLY});
	deadline_add(
		a, &(struct timer){.kind = TIMER_FINALLY,
			   .at_ns = deadline_after(a->root->now_ns, p->finally_timeout_ns)});
	for (size_t i = p->n_dag; i < p->n_tasks && !is_ending(a); i++) {
		struct candidate c;

		if (evaluate(a, i, &c))
			vec_push(&go, c);
	}
	start_all(a, go.p, go.n);
	vec_release(&go);
}

/* --- slots */

static bool has_slot(const struct root *root, const struct execution *t)
{
	return !t->run->opts.max_parallel || root->n_active < t->run->opts.max_parallel;
}

/* Starts held task runs, the oldest first; true when there were any. */
static bool pump(struct root *root)
{
	bool any = false;

	while (root->held_head < root->held.n) {
		struct execution *t = execution_at(root, root->held.p[root->held_head]);

		/* a child takes no slot: its task runs do */
		if (t->v.state == TASK_WAITING && !t->pipeline && !has_slot(root, t))
			break;
		root->held_head++;
		if (t->v.state != TASK_WAITING)
			continue;
		t->holds_slot = !t->pipeline;
		root->n_active += t->holds_slot;
		any = true;
		attempt_start(t->run, t);
	}
	if (root->held_head == root->held.n)
		root->held.n = root->held_head = 0;
	return any;
}

void sched_resume(struct root *root)
{
	size_t n = root->runs.n;
	VEC(size_t) waiting = {0};

	for (size_t i = 0; i < n; i++) {
		struct execution *t = execution_at(root, i);

		if (!attempt_interrupt(t->run, t))
			continue;
		t->holds_slot = false;
		root->n_active--;
		vec_push(&waiting, i);
	}
	for (size_t i = root->held_head; i < root->held.n; i++)
		vec_push(&waiting, root->held.p[i]);
	root->held.n = root->held_head = 0;
	for (size_t i = 0; i < waiting.n; i++)
		vec_push(&root->held, waiting.p[i]);
	vec_release(&waiting);
}

/* --- the end */

static void end_pipeline(struct agent *a)
{
	struct change end = {
		.kind = CHANGE_RUN_END, .condition = condition_run_verdict(a, a->arena)};
	struct named_value *values = NULL;
	struct str invalid = STR_NONE;

	if (!a->is_aborted && a->view.cancelled != CANCEL_NOW)
		invalid = result_of_pipeline(a, &values, &end.n_values);
	end.values = values;
	if (invalid.n)
		end.condition = condition_make(CONDITION_FALSE, "CouldntGetPipelineResult",
			arena_printf(a->arena,
				"Failed to get PipelineResult from TaskRun Results for "
				"PipelineRun " STR_FMT ": invalid pipelineresults [" STR_FMT
				"], the referenced results don't exist",
				STR_ARG(a->view.name), STR_ARG(invalid)));
	run_apply(a, &end);
	if (a->up)
		child_ended(a);
	else
		a->root->wants_finish = true;
}

static void end_task_run(struct agent *a)
{
	const struct task_run_view *t = a->root->runs.p[0];
	const struct attempt_view *at = &t->attempts[t->n_attempts - 1];

	run_apply(a, &(struct change){.kind = CHANGE_RUN_END,
			     .condition = t->condition,
			     .values = at->results,
			     .n_values = at->n_results});
	a->root->wants_finish = true;
}

static void report_progress(struct agent *a)
{
	struct condition c;

	if (!agent_is_pipeline(a))
		return;
	c = condition_run_progress(a, a->root->turn);
	if (str_eq(c.reason, a->view.condition.reason) &&
		str_eq(c.message, a->view.condition.message))
		return;
	run_apply(a, &(struct change){.kind = CHANGE_RUN_CONDITION, .condition = c});
}

/* One step towards quiet; false when there is nothing to do. */
static bool advance(struct agent *a)
{
	enum skip_reason general = general_reason(a);

	if (is_ending(a))
		return false;
	if (general != SKIP_NONE && a->skipped_all != general) {
		skip_all(a, general);
		return true;
	}
	if (a->phase == RUN_TASKS && a->ready.n) {
		round_dag(a);
		return true;
	}
	if (a->phase == RUN_TASKS && !a->n_open_dag && a->n_open_final) {
		start_finally(a);
		return true;
	}
	return false;
}

static bool is_going_on(const struct agent *a)
{
	return a->phase == RUN_TASKS || a->phase == RUN_FINALLY;
}

static void settle_run(struct agent *a)
{
	if (!is_going_on(a))
		return;
	if (!agent_is_pipeline(a)) {
		if (!a->n_open_runs)
			end_task_run(a);
		return;
	}
	while (advance(a))
		;
	if (!a->n_open_runs && (is_ending(a) || (!a->n_open_dag && !a->n_open_final)))
		end_pipeline(a);
}

void sched_touch(struct agent *a)
{
	if (a->is_touched)
		return;
	a->is_touched = true;
	vec_push(&a->root->touched, a);
}

void sched_settle(struct root *root)
{
	size_t n = 0;

	do {
		for (; n < root->touched.n; n++) {
			struct agent *a = root->touched.p[n];

			settle_run(a);
			a->is_touched = false;
		}
	} while (pump(root));
	for (size_t i = 0; i < n; i++)
		if (is_going_on(root->touched.p[i]))
			report_progress(root->touched.p[i]);
	for (size_t i = 0; i < root->touched.n; i++)
		root->touched.p[i]->is_touched = false;
	root->touched.n = 0;
}
