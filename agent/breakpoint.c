/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits at a breakpoint, and how the wait ends. */
#include "breakpoint.h"

#include "attempt.h"

/* --- where ------------------------------------------------------------------------------- */

static bool is_named(const struct breakpoints *b, struct str step)
{
	for (size_t i = 0; i < b->n_before_steps; i++)
		if (str_eq(b->before_steps[i].s, step))
			return true;
	return false;
}

/* As people call a task: in the pipeline, or its TaskRun with or without the run's name. */
static bool is_called(const struct agent *a, const struct execution *t, struct str name)
{
	const struct str *run = &a->view.name;
	struct str own = t->v.name;

	if (str_eq(own, name) ||
		str_eq(a->plan.tasks[t->v.pipeline_task].written->name.s, name))
		return true;
	return own.n > run->n + 1 && str_starts(own, *run) &&
	       str_eq(str_slice(own, run->n + 1, own.n), name);
}

static bool is_asked(const struct agent *a, const struct execution *t, struct str step)
{
	for (size_t i = 0; i < a->opts.n_breaks; i++)
		if (str_eq(a->opts.breaks[i].step, step) &&
			is_called(a, t, a->opts.breaks[i].task))
			return true;
	return false;
}

void breakpoint_launch(
	const struct agent *a, const struct execution *t, struct task_launch *launch)
{
	static const struct breakpoints none;
	const struct breakpoints *b =
		agent_is_pipeline(a) ? &none : &a->object->task_run->debug.breakpoints;
	bool on_failure = a->opts.breaks_on_failure || b->on_failure.s.n > 0;

	launch->has_breakpoints = on_failure;
	for (size_t i = 0; i < launch->n_steps; i++) {
		struct step_launch *s = &launch->steps[i];

		s->breaks_on_failure = on_failure;
		s->breaks_before = is_named(b, s->name) || is_asked(a, t, s->name);
		launch->has_breakpoints |= s->breaks_before;
	}
}

/* --- waiting ----------------------------------------------------------------------------- */

static const struct step_view *current(const struct execution *t)
{
	return &attempt_of(t)->steps[t->step];
}

bool breakpoint_before(struct agent *a, struct execution *t)
{
	if (!t->launch->steps[t->step].breaks_before || current(t)->is_stopping)
		return false;
	run_apply(a, &(struct change){
			     .kind = CHANGE_STEP_HALT, .task = t->v.index, .step = t->step});
	return true;
}

static void push_release(struct agent *a, const struct execution *t, enum release release)
{
	struct action *action = attempt_push(a, t, ACTION_RELEASE_STEP);

	action->step = t->step;
	action->release = release;
}

/* What is being stopped anyway waits for nobody. */
static void halted(struct agent *a, struct execution *t, const struct event *ev)
{
	if (t->stop != STOP_NONE) {
		push_release(a, t, RELEASE_FAIL);
		return;
	}
	run_apply(a, &(struct change){.kind = CHANGE_STEP_HALT,
			     .task = t->v.index,
			     .step = t->step,
			     .has_failed = true,
			     .ended = {.exit_code = ev->exit_code,
				     .signal = ev->signal,
				     .message = ev->message}});
}

static bool released(struct agent *a, struct execution *t, const struct event *ev)
{
	run_apply(a, &(struct change){.kind = CHANGE_STEP_RELEASE,
			     .task = t->v.index,
			     .step = t->step,
			     .release = ev->release,
			     .exit_code = ev->release == RELEASE_FAIL && !ev->exit_code
						  ? 1
						  : ev->exit_code});
	push_release(a, t, ev->release);
	return !current(t)->has_failed && ev->release == RELEASE_CONTINUE;
}

bool breakpoint_event(struct agent *a, struct execution *t, const struct event *ev)
{
	const struct step_view *s = current(t);

	if (ev->kind == EVENT_STEP_HALTED) {
		if (s->state == STEP_RUNNING && !s->release &&
			t->launch->steps[t->step].breaks_on_failure)
			halted(a, t, ev);
		return false;
	}
	return s->state == STEP_HALTED && t->stop == STOP_NONE && ev->release != RELEASE_NONE &&
	       released(a, t, ev);
}

struct step_ended breakpoint_end(const struct step_view *s)
{
	if (s->release == RELEASE_CONTINUE)
		return (struct step_ended){
			.termination_reason = "Completed", .reason = STR("Completed")};
	return (struct step_ended){.exit_code = s->release_code,
		.termination_reason = "Error",
		.reason = STR("Error")};
}
