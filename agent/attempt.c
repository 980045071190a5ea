/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an attempt. Ends of task runs are told to sched.c. */
#include "attempt.h"

#include "breakpoint.h"
#include "child.h"
#include "condition.h"
#include "deadline.h"
#include "late.h"
#include "launch.h"
#include "result.h"
#include "run.h"
#include "sched.h"
#include "sidecar.h"
#include <signal.h>

static struct step_view *current_step(struct execution *t)
{
	struct attempt_view *at = attempt_of(t);

	BUG_ON(t->step >= at->n_steps);
	return &at->steps[t->step];
}

struct action *attempt_push(struct agent *a, const struct execution *t, enum action_kind kind)
{
	struct action *action = agent_push(a, kind);

	action->task = t->v.index;
	action->attempt = t->v.n_attempts - 1;
	return action;
}

/* --- starting */

/* Forgets the attempt before; the arena of a launch lives until END_TASK was handed out. */
static void reset(struct execution *t)
{
	arena_free(t->arena);
	t->arena = NULL;
	t->launch = NULL;
	t->raw = NULL;
	t->has_raw = NULL;
	t->artifacts_raw = STR_NONE;
	t->shared_artifacts = NULL;
	t->result_problem = STR_NONE;
	t->result_too_large = false;
	t->step = 0;
	t->step_timed_out = t->has_failed = t->is_killed = t->is_gone = false;
	t->stop = STOP_NONE;
	t->waits_since_ns = 0;
	t->deadline_ns = INT64_MAX;
	t->child = NULL;
}

/* Its timeout, from now on the only one. */
static void set_deadline(struct agent *a, struct execution *t, int64_t at_ns)
{
	t->deadline_ns = at_ns;
	deadline_add(a, &(struct timer){.at_ns = at_ns,
				.kind = TIMER_TASK,
				.task = t->v.index,
				.attempt = t->v.n_attempts - 1});
}

static void end_task(struct agent *a, struct execution *t, const struct change *end)
{
	run_apply(a, end);
	sched_task_done(a, t);
}

void attempt_start(struct agent *a, struct execution *t)
{
	struct prepared p;

	reset(t);
	if (t->pipeline) {
		child_start(a, t);
		return;
	}
	t->arena = arena_new();
	launch_prepare(a, t, t->arena, &p);
	if (!p.launch) {
		/* never handed out, so there is nothing to end and nothing a retry would change
		 */
		end_task(a, t,
			&(struct change){.kind = CHANGE_TASK_END,
				.task = t->v.index,
				.condition = p.failure,
				.prepared = &p});
		reset(t);
		return;
	}
	t->launch = p.launch;
	t->raw = arena_new_array(t->arena, struct str, p.launch->n_results);
	t->has_raw = arena_new_array(t->arena, bool, p.launch->n_results);
	t->shared_artifacts = arena_new_array(t->arena, struct artifacts, p.launch->n_steps);
	run_apply(a, &(struct change){.kind = CHANGE_TASK_ATTEMPT,
			     .task = t->v.index,
			     .condition = {.reason = STR("Pending"), .message = STR("pending")},
			     .prepared = &p});
	attempt_push(a, t, ACTION_START_TASK)->launch = t->launch;
	set_deadline(a, t, deadline_after(attempt_of(t)->started_ns, t->v.timeout_ns));
}

static void finish_steps(struct agent *a, struct execution *t);

/* Section 12: a step whose when is false has succeeded without running. */
static void skip_step(struct agent *a, struct execution *t)
{
	run_apply(a, &(struct change){.kind = CHANGE_STEP_SKIP,
			     .task = t->v.index,
			     .step = t->step,
			     .ended = {.termination_reason = "Skipped",
				     .reason = STR("Completed")}});
	attempt_push(a, t, ACTION_SKIP_STEP)->step = t->step;
}

/* The current step, or the first after it whose when holds; else the attempt is over. */
static void start_step(struct agent *a, struct execution *t)
{
	struct action *action;

	t->step_timed_out = false;
	while (!late_bind(a, t)) {
		skip_step(a, t);
		if (t->step + 1 == attempt_of(t)->n_steps) {
			finish_steps(a, t);
			return;
		}
		t->step++;
	}
	run_apply(a, &(struct change){
			     .kind = CHANGE_STEP_START, .task = t->v.index, .step = t->step});
	action = attempt_push(a, t, ACTION_START_STEP);
	action->step = t->step;
	action->launch = t->launch;
}

/* --- ending */

static struct step_ended never_ran(struct agent *a, const struct execution *t,
	const struct step_view *s, struct str reason)
{
	return (struct step_ended){
		.exit_code = 1,
		.termination_reason = str_c(arena_str(a->arena, reason)),
		.reason = reason,
		.message = arena_printf(a->root->turn,
			"Step " STR_FMT " terminated as pod " STR_FMT " is terminated",
			STR_ARG(s->name), STR_ARG(t->launch->pod_name)),
	};
}

/* Unfinished steps of a task run that was ended from outside carry its reason. */
static void close_steps(struct agent *a, struct execution *t, struct str reason, int signal)
{
	struct attempt_view *at = attempt_of(t);

	for (size_t i = 0; i < at->n_steps; i++) {
		struct step_view *s = &at->steps[i];
		struct change c = {.task = t->v.index, .step = i};

		if (s->state == STEP_ENDED)
			continue;
		c.kind = s->state == STEP_WAITING ? CHANGE_STEP_SKIP : CHANGE_STEP_END;
		c.ended = never_ran(a, t, s, reason);
		c.ended.signal = s->state == STEP_WAITING ? 0 : signal;
		run_apply(a, &c);
	}
}

/* Section 14: what comes after a failed step is skipped, and its log says so. */
static void skip_rest(struct agent *a, struct execution *t)
{
	struct attempt_view *at = attempt_of(t);

	for (size_t i = t->step + 1; i < at->n_steps; i++) {
		struct action *action;

		run_apply(a, &(struct change){.kind = CHANGE_STEP_SKIP,
				     .task = t->v.index,
				     .step = i,
				     .ended = {.exit_code = 1,
					     .termination_reason = "Skipped",
					     .reason = STR("Error")}});
		if (t->is_gone)
			continue;
		action = attempt_push(a, t, ACTION_SKIP_STEP);
		action->step = i;
		action->after_failure = true;
	}
}

static bool may_retry(const struct agent *a, const struct execution *t)
{
	if (t->stop != STOP_NONE && t->stop != STOP_TIMEOUT)
		return false;
	if (t->child && t->child->plan.is_refused)
		return false; /* it would be the same again */
	if ((uint64_t)t->n_retries >= (uint64_t)t->v.retries)
		return false;
	return !deadline_forbids_retry(a, t);
}

static struct condition stop_condition(struct agent *a, const struct execution *t)
{
	if (t->pipeline)
		return condition_run_cancelled(a->arena, t->v.name);
	if (t->stop == STOP_TIMEOUT)
		return condition_task_timeout(a->arena, t);
	return condition_task_cancelled(a->arena, t->v.name, t->stop, deadline_why(a, t->stop));
}

/*
 * What START_TASK made is freed, unless that went with the agent that made it; a child has
 * nothing of its own.
 */
static void release(struct agent *a, struct execution *t, size_t attempt)
{
	if (!t->is_gone && !t->pipeline)
		attempt_push(a, t, ACTION_END_TASK)->attempt = attempt;
	t->is_gone = false;
	agent_retire(a, t->arena);
	t->arena = NULL;
	t->launch = NULL;
}

void attempt_finish(struct agent *a, struct execution *t, const struct change *as)
{
	struct change end = *as;
	size_t attempt = t->v.n_attempts - 1;

	end.kind = CHANGE_TASK_END;
	end.task = t->v.index;
	sidecar_close_all(a, t);
	if (end.condition.status == CONDITION_FALSE && may_retry(a, t)) {
		end.kind = CHANGE_TASK_RETRY;
		run_apply(a, &end);
		release(a, t, attempt);
		attempt_start(a, t);
		return;
	}
	run_apply(a, &end);
	release(a, t, attempt);
	sched_task_done(a, t);
}

/* The steps are over by themselves. */
static void finish_steps(struct agent *a, struct execution *t)
{
	struct change end = {.condition = condition_make(CONDITION_TRUE, "Succeeded",
				     STR("All Steps have completed executing"))};
	struct named_value *values;
	struct str problem = result_collect(a, t, &values, &end.n_values);

	end.values = values;
	end.artifacts = result_artifacts(a, t);
	if (t->has_failed)
		end.condition =
			t->v.on_error_continue ? condition_ignored(t->failure) : t->failure;
	else if (t->result_too_large)
		end.condition = condition_result_too_large(a->arena, t);
	else if (problem.n)
		end.condition = condition_task_invalid(
			arena_printf(a->arena, "[User error] " STR_FMT, STR_ARG(problem)));
	attempt_finish(a, t, &end);
}

static void finish_stopped(struct agent *a, struct execution *t, int signal)
{
	const struct change end = {.condition = stop_condition(a, t)};

	close_steps(a, t, end.condition.reason, signal);
	attempt_finish(a, t, &end);
}

/* The pod could not do it: image, user, directories. */
static void finish_refused(struct agent *a, struct execution *t, const struct event *ev)
{
	const struct change end = {.condition = {.status = CONDITION_FALSE,
					   .reason = arena_str(a->arena, ev->reason),
					   .message = arena_str(a->arena, ev->message)}};

	if (t->stop != STOP_NONE) {
		finish_stopped(a, t, 0);
		return;
	}
	close_steps(a, t, end.condition.reason, 0);
	attempt_finish(a, t, &end);
}

/* --- events */

static void take_results(struct agent *a, struct execution *t, const struct event *ev)
{
	for (size_t i = 0; i < ev->n_results && i < t->launch->n_results; i++) {
		const struct result_got *r = &ev->results[i];

		t->result_too_large |= str_eqz(r->problem, RESULT_TOO_LARGE);
		if (r->problem.n)
			t->result_problem = arena_printf(a->arena,
				"task result \"" STR_FMT "\" cannot be read: " STR_FMT,
				STR_ARG(r->name), STR_ARG(r->problem));
		if (!r->present)
			continue;
		t->raw[i] = arena_str(t->arena, r->text);
		t->has_raw[i] = true;
	}
}

static void take_artifacts(struct agent *a, struct execution *t, const struct event *ev)
{
	const struct result_got *of_task;

	if (!ev->artifacts)
		return;
	of_task = &ev->artifacts[ARTIFACTS_OF_TASK];
	for (size_t i = 0; i < ARTIFACTS_FILE_N; i++)
		if (ev->artifacts[i].problem.n && !t->result_problem.n)
			t->result_problem = arena_printf(a->arena,
				"artifacts of step \"" STR_FMT "\" cannot be read: " STR_FMT,
				STR_ARG(current_step(t)->name),
				STR_ARG(ev->artifacts[i].problem));
	if (!of_task->present || str_eq(of_task->text, t->artifacts_raw))
		return;
	t->artifacts_raw = arena_str(t->arena, of_task->text);
	t->shared_artifacts[t->step] = late_artifacts(a, of_task);
}

/* How an ended process is reported, without the step's timeout (sections 14, 21.2, 21.6). */
static struct step_ended read_end(const struct event *ev, bool go_on, bool *ret_failed)
{
	struct step_ended e = {.exit_code = ev->exit_code,
		.signal = ev->end == STEP_END_SIGNALED ? ev->signal : 0,
		.termination_reason = "Completed",
		.reason = STR("Completed"),
		.message = ev->message};

	switch (ev->end) {
	case STEP_END_EXITED:
		if (ev->exit_code == 0)
			return e;
		break;
	case STEP_END_SIGNALED:
		e.exit_code = go_on ? -1 : 255;
		break;
	case STEP_END_OOM:
		e.exit_code = go_on ? -1 : 137;
		e.signal = SIGKILL;
		break;
	case STEP_END_EXEC_FAILED:
	case STEP_END_LOST:
		e.exit_code = 1;
		go_on = false;
		break;
	}
	if (go_on) {
		e.termination_reason = "Continued";
		return e;
	}
	e.termination_reason = "Error";
	e.reason = ev->end == STEP_END_OOM ? STR("OOMKilled") : STR("Error");
	*ret_failed = true;
	return e;
}

/* The step's own timeout killed it. */
static struct step_ended timeout_end(int signal)
{
	return (struct step_ended){.exit_code = 1,
		.signal = signal,
		.termination_reason = "TimeoutExceeded",
		.reason = STR("Error")};
}

/* After a step that failed nothing of the attempt runs. */
static void finish_failed(struct agent *a, struct execution *t)
{
	const struct step_view *s = current_step(t);
	const struct step_view *sidecar = sidecar_to_blame(t, s);

	t->has_failed = true;
	if (sidecar)
		t->failure = condition_sidecar_failed(a->arena, sidecar);
	else
		t->failure = t->step_timed_out ? condition_step_timeout(a->arena, s)
					       : condition_step_failed(a->arena, s);
	skip_rest(a, t);
	finish_steps(a, t);
}

static void step_ended(struct agent *a, struct execution *t, const struct event *ev)
{
	struct change c = {.kind = CHANGE_STEP_END, .task = t->v.index, .step = t->step};
	struct named_value *values;
	bool failed = false;

	late_collect(a, t, ev, &values, &c.n_values);
	c.values = values;
	if (ev->artifacts)
		c.artifacts = late_artifacts(a, &ev->artifacts[ARTIFACTS_OF_STEP]);
	if (t->stop != STOP_NONE) {
		finish_stopped(a, t, ev->end == STEP_END_SIGNALED ? ev->signal : 0);
		return;
	}
	if (current_step(t)->release != RELEASE_NONE) {
		c.ended = breakpoint_end(current_step(t));
		failed = current_step(t)->release == RELEASE_FAIL;
	} else {
		/* a breakpoint is for failures, whatever onError says of them */
		c.ended = read_end(ev,
			t->launch->steps[t->step].on_error_continue &&
				!current_step(t)->has_failed,
			&failed);
	}
	if (t->step_timed_out && current_step(t)->release != RELEASE_CONTINUE) {
		failed = true;
		c.ended = timeout_end(c.ended.signal);
	}
	/* the event's record lists the results that differ from those taken before */
	run_apply(a, &c);
	take_results(a, t, ev);
	take_artifacts(a, t, ev);
	if (failed) {
		finish_failed(a, t);
		return;
	}
	if (t->step + 1 < attempt_of(t)->n_steps) {
		t->step++;
		start_step(a, t);
		return;
	}
	finish_steps(a, t);
}

/* The first step waits for the sidecars. */
static bool has_begun(const struct execution *t)
{
	return attempt_of(t)->steps[0].state != STEP_WAITING;
}

static void begin_steps(struct agent *a, struct execution *t)
{
	if (t->v.state == TASK_RUNNING && !has_begun(t) && sidecar_all_ready(t))
		start_step(a, t);
}

/* A pod of its own would have ports of its own: what the attempt waits for is not its. */
static void task_waits(struct agent *a, struct execution *t)
{
	if (t->waits_since_ns)
		return;
	run_apply(a, &(struct change){.kind = CHANGE_TASK_WAIT, .task = t->v.index});
	t->deadline_ns = INT64_MAX;
}

static void task_ready(struct agent *a, struct execution *t)
{
	if (t->waits_since_ns)
		set_deadline(a, t,
			deadline_after(attempt_of(t)->started_ns +
					       (a->root->now_ns - t->waits_since_ns),
				t->v.timeout_ns));
	run_apply(a, &(struct change){.kind = CHANGE_TASK_READY,
			     .task = t->v.index,
			     .condition = {.reason = STR("Running"),
				     .message = STR("Not all Steps in the Task have finished "
						    "executing")}});
	sidecar_start_more(a, t);
	begin_steps(a, t);
}

static void push_stop(struct agent *a, const struct execution *t, int signal)
{
	struct action *action = attempt_push(a, t, ACTION_STOP_STEP);

	action->step = t->step;
	action->signal = signal;
	/* its timeout is a failure, too, that a person wants to look into */
	action->spares = t->step_timed_out && t->stop == STOP_NONE &&
			 t->launch->steps[t->step].breaks_on_failure;
}

/* Its program runs from now on. */
static void start_step_clock(struct agent *a, const struct execution *t)
{
	const struct task_spec *spec = attempt_of(t)->spec;

	deadline_add(a, &(struct timer){.at_ns = deadline_after(a->root->now_ns,
						spec->steps[t->step].timeout.ns),
				.kind = TIMER_STEP,
				.task = t->v.index,
				.attempt = t->v.n_attempts - 1,
				.step = t->step});
}

static void step_started(struct agent *a, struct execution *t, const struct event *ev)
{
	bool stopping = current_step(t)->is_stopping;

	run_apply(a, &(struct change){.kind = CHANGE_STEP_STARTED,
			     .task = t->v.index,
			     .step = t->step,
			     .image_id = ev->image_id});
	if (!breakpoint_before(a, t))
		start_step_clock(a, t);
	/* the signal came before there was a process to send it to */
	if (stopping)
		push_stop(a, t, t->is_killed ? SIGKILL : SIGTERM);
}

static bool is_current_step(struct execution *t, const struct event *ev, enum step_state state)
{
	return ev->step == t->step && ev->step < attempt_of(t)->n_steps &&
	       attempt_of(t)->steps[ev->step].state == state;
}

/* It has a process, or is to have one. */
static bool is_there(struct execution *t, const struct event *ev)
{
	return is_current_step(t, ev, STEP_STARTING) || is_current_step(t, ev, STEP_RUNNING) ||
	       is_current_step(t, ev, STEP_HALTED);
}

static bool is_of_sidecar(const struct event *ev)
{
	return ev->kind >= EVENT_SIDECAR_STARTED && ev->kind <= EVENT_SIDECAR_ENDED;
}

static void step_event(struct agent *a, struct execution *t, const struct event *ev)
{
	bool is_starting = is_current_step(t, ev, STEP_STARTING);

	switch ((int)ev->kind) {
	case EVENT_STEP_STARTED:
		if (is_starting)
			step_started(a, t, ev);
		break;
	case EVENT_STEP_REFUSED:
		if (is_starting)
			finish_refused(a, t, ev);
		break;
	case EVENT_STEP_HALTED:
	case EVENT_STEP_RELEASED:
		if (!is_starting && is_there(t, ev) && breakpoint_event(a, t, ev))
			start_step_clock(a, t);
		break;
	case EVENT_STEP_ENDED:
		if (is_there(t, ev))
			step_ended(a, t, ev);
		break;
	default:
		break;
	}
}

void attempt_event(struct root *root, const struct event *ev)
{
	struct execution *t;
	struct agent *a;

	if (ev->task >= root->runs.n)
		return;
	t = execution_at(root, ev->task);
	a = t->run;
	if (!t->launch || t->v.state == TASK_DONE || t->v.state == TASK_WAITING ||
		ev->attempt + 1 != t->v.n_attempts)
		return;
	if (ev->kind == EVENT_TASK_WAITS || ev->kind == EVENT_TASK_READY ||
		ev->kind == EVENT_TASK_REFUSED) {
		if (t->v.state != TASK_PREPARING)
			return;
		if (ev->kind == EVENT_TASK_WAITS)
			task_waits(a, t);
		else if (ev->kind == EVENT_TASK_READY)
			task_ready(a, t);
		else
			finish_refused(a, t, ev);
		return;
	}
	if (t->v.state == TASK_PREPARING)
		return;
	if (ev->kind == EVENT_SIDECAR_REFUSED) {
		if (sidecar_is_starting(t, ev))
			finish_refused(a, t, ev);
		return;
	}
	if (is_of_sidecar(ev)) {
		sidecar_event(a, t, ev);
		if (t->v.state == TASK_RUNNING)
			sidecar_start_more(a, t);
		begin_steps(a, t);
		return;
	}
	step_event(a, t, ev);
}

/* --- stopping */

static void signal_step(struct agent *a, struct execution *t, int signal)
{
	run_apply(a, &(struct change){.kind = CHANGE_STEP_STOP,
			     .task = t->v.index,
			     .step = t->step,
			     .signal = signal});
	push_stop(a, t, signal);
}

void attempt_stop(struct agent *a, struct execution *t, enum stop_cause cause)
{
	enum task_state state = t->v.state;

	if (state == TASK_DONE || (state == TASK_STOPPING && !t->pipeline))
		return;
	if (state == TASK_WAITING) { /* held back: it never started */
		t->stop = cause;
		end_task(a, t,
			&(struct change){.kind = CHANGE_TASK_END,
				.task = t->v.index,
				.condition = stop_condition(a, t)});
		return;
	}
	if (t->pipeline) {
		child_stop(a, t, cause);
		return;
	}
	run_apply(a,
		&(struct change){.kind = CHANGE_TASK_STOP, .task = t->v.index, .stop = cause});
	if (state == TASK_PREPARING || t->is_gone || !has_begun(t)) {
		finish_stopped(a, t, 0);
		return;
	}
	signal_step(a, t, SIGTERM);
	deadline_add(a, &(struct timer){.at_ns = deadline_after(
						a->root->now_ns, a->root->kill_grace_ns),
				.kind = TIMER_KILL,
				.task = t->v.index,
				.attempt = t->v.n_attempts - 1});
}

/* --- after the end of the agent that ran it */

void attempt_orphan(struct execution *t)
{
	t->is_gone = !t->pipeline && t->v.state != TASK_WAITING && t->v.state != TASK_DONE;
}

bool attempt_interrupt(struct agent *a, struct execution *t)
{
	struct condition c;

	if (!t->is_gone)
		return false;
	if (t->stop != STOP_NONE) {
		finish_stopped(a, t, 0);
		return false;
	}
	/* at a breakpoint the end of its time is not yet that of the step */
	if (t->step_timed_out && !t->launch->steps[t->step].breaks_on_failure) {
		run_apply(a, &(struct change){.kind = CHANGE_STEP_END,
				     .task = t->v.index,
				     .step = t->step,
				     .ended = timeout_end(0)});
		finish_failed(a, t);
		return false;
	}
	c = condition_task_interrupted(a->arena, t->v.name);
	close_steps(a, t, c.reason, 0);
	sidecar_close_all(a, t);
	run_apply(a,
		&(struct change){
			.kind = CHANGE_TASK_INTERRUPTED, .task = t->v.index, .condition = c});
	release(a, t, 0);
	reset(t);
	return true;
}

void attempt_kill(struct agent *a, struct execution *t)
{
	if (t->v.state != TASK_STOPPING || t->is_killed)
		return;
	if (t->pipeline) {
		child_stop(a, t, STOP_CANCELLED);
		return;
	}
	t->is_killed = true;
	signal_step(a, t, SIGKILL);
}

void attempt_step_timeout(struct agent *a, struct execution *t)
{
	if (t->v.state != TASK_RUNNING || current_step(t)->state != STEP_RUNNING ||
		current_step(t)->release != RELEASE_NONE)
		return;
	t->step_timed_out = true;
	t->is_killed = true;
	signal_step(a, t, SIGKILL);
}
