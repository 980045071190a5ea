/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits at a breakpoint, and how the wait ends. */
#include "breakpoint.h"

#include "attempt.h"
#include "name.h"

#include <base/bounds.h>
#include <base/num.h>

/* --- where ------------------------------------------------------------------------------- */

static bool is_named(const struct breakpoints *b, struct str step)
{
	for (size_t i = 0; i < b->n_before_steps; i++)
		if (str_eq(b->before_steps[i].s, step))
			return true;
	return false;
}

/* As people call a task: in the pipeline, or its TaskRun with or without the run's name. */
static bool is_called(
	const struct plan *p, const struct plan_task *t, struct str task_run, struct str name)
{
	if (str_eq(task_run, name) || (t->written && str_eq(t->written->name.s, name)))
		return true;
	return task_run.n > p->name.n + 1 && str_starts(task_run, p->name) &&
	       str_eq(str_slice(task_run, p->name.n + 1, task_run.n), name);
}

static bool is_asked(const struct agent *a, const struct execution *t, struct str step)
{
	const struct plan_task *me = &a->plan.tasks[t->v.pipeline_task];

	for (size_t i = 0; i < a->opts.n_breaks; i++)
		if (str_eq(a->opts.breaks[i].step, step) &&
			is_called(&a->plan, me, t->v.name, a->opts.breaks[i].task))
			return true;
	return false;
}

/* --- what can be named ------------------------------------------------------------------- */

struct naming {
	struct arena *arena;
	const struct break_override *asked;
	struct break_found *found;
};

/* Some task run of it may be called so: how many a fan-out has shows later. */
static bool may_be_called(
	const struct naming *n, const struct plan *p, const struct plan_task *t)
{
	struct str name = n->asked->task;
	struct str digits = str_slice(name, (size_t)(str_rchr(name, '-') + 1), name.n);
	struct err err;
	int64_t i;

	if (!t->written)
		return str_eq(p->name, name);
	if (is_called(p, t, name_run(n->arena, p->name, t->written->name.s, 0, 1), name))
		return true;
	return t->is_matrixed && num_i64(digits, 0, BOUND_MATRIX, &i, &err) == 0 &&
	       is_called(p, t, name_fan_out(n->arena, p->name, t->written->name.s, (size_t)i),
		       name);
}

static void look_at_steps(const struct naming *n, const struct task_spec *ts)
{
	n->found->has_task = true;
	for (size_t i = 0; ts && i < ts->n_steps; i++) {
		struct str name = name_step(n->arena, ts->steps[i].name.s, i);

		(void)map_set(&n->found->steps, name, n->found);
		n->found->has_step |= str_eq(name, n->asked->step);
	}
	n->found->has_step |= !ts; /* a task that is known only later */
}

static void look_at_run(const struct naming *n, const struct plan *p)
{
	n->found->is_open |= !plan_starts(p);
	for (size_t i = 0; i < p->n_tasks; i++) {
		const struct plan_task *t = &p->tasks[i];

		if (t->child) {
			look_at_run(n, &t->child->plan);
			continue;
		}
		n->found->is_open |= plan_task_is_child(t);
		(void)map_set(
			&n->found->tasks, t->written ? t->written->name.s : p->name, n->found);
		if (may_be_called(n, p, t))
			look_at_steps(n, t->task);
	}
}

void agent_find_break(const struct agent *a, struct arena *arena,
	const struct break_override *asked, struct break_found *found)
{
	const struct naming n = {.arena = arena, .asked = asked, .found = found};

	look_at_run(&n, &a->plan);
}

/* --- the launch -------------------------------------------------------------------------- */

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
