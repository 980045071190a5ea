/* SPDX-License-Identifier: Apache-2.0 */
/* Timers, cancellation, abort. */
#include "deadline.h"

#include "attempt.h"
#include "run.h"
#include "sched.h"
#include <base/num.h>

static const int64_t default_kill_grace_ns = 5 * NS_PER_S;
static const int64_t end_reserve_ns = 2 * NS_PER_S; /* what finally leaves of a grace */

int64_t deadline_after(int64_t now_ns, int64_t span_ns)
{
	int64_t at;

	if (span_ns <= 0 || __builtin_add_overflow(now_ns, span_ns, &at))
		return INT64_MAX;
	return at;
}

/* --- the heap */

static bool is_before(const struct timer *x, const struct timer *y)
{
	return x->at_ns != y->at_ns ? x->at_ns < y->at_ns : x->seq < y->seq;
}

static void swap(struct root *root, size_t i, size_t k)
{
	struct timer t = root->timers.p[i];

	root->timers.p[i] = root->timers.p[k];
	root->timers.p[k] = t;
}

static void push(struct root *root, const struct timer *t)
{
	size_t i = root->timers.n;

	vec_push(&root->timers, *t);
	while (i > 0 && is_before(&root->timers.p[i], &root->timers.p[(i - 1) / 2])) {
		swap(root, i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
}

void deadline_add(struct agent *a, const struct timer *t)
{
	struct timer mine = *t;

	if (t->at_ns == INT64_MAX)
		return;
	mine.run = a;
	mine.seq = a->root->timer_seq++;
	push(a->root, &mine);
}

static struct timer pop(struct root *root)
{
	struct timer first = root->timers.p[0];
	size_t i = 0;

	root->timers.p[0] = root->timers.p[--root->timers.n];
	for (;;) {
		size_t least = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < root->timers.n; k++)
			if (is_before(&root->timers.p[k], &root->timers.p[least]))
				least = k;
		if (least == i)
			return first;
		swap(root, i, least);
		i = least;
	}
}

/* Whether what a timer watches is still going on. */
static bool is_live(const struct timer *t)
{
	const struct agent *a = t->run;
	const struct execution *e;
	enum task_state state;

	if (a->phase == RUN_DONE)
		return false;
	switch (t->kind) {
	case TIMER_PIPELINE:
	case TIMER_FINALLY:
	case TIMER_GRACE:
		return true;
	case TIMER_TASKS:
		return a->phase == RUN_TASKS;
	case TIMER_TASK:
	case TIMER_STEP:
	case TIMER_KILL:
		break;
	}
	e = execution_of(a, t->task);
	state = e->v.state;
	if (t->attempt + 1 != e->v.n_attempts)
		return false;
	if (t->kind == TIMER_KILL)
		return state == TASK_STOPPING && !e->is_killed;
	if (t->kind == TIMER_STEP)
		return state == TASK_RUNNING && e->step == t->step;
	if (t->at_ns != e->deadline_ns)
		return false;
	return state == TASK_PREPARING || state == TASK_RUNNING;
}

void deadline_prune(struct root *root)
{
	while (root->timers.n && !is_live(&root->timers.p[0]))
		(void)pop(root);
}

int64_t deadline_next(const struct root *root)
{
	return root->timers.n ? root->timers.p[0].at_ns : INT64_MAX;
}

/* --- the run's own timeouts */

void deadline_start(struct agent *a)
{
	const struct plan *p = &a->plan;

	if (!a->up)
		a->root->kill_grace_ns = default_kill_grace_ns;
	deadline_add(
		a, &(struct timer){.kind = TIMER_PIPELINE,
			   .at_ns = deadline_after(a->root->now_ns, p->pipeline_timeout_ns)});
	deadline_add(a, &(struct timer){.kind = TIMER_TASKS,
				.at_ns = deadline_after(a->root->now_ns, p->tasks_timeout_ns)});
}

static bool is_finally(const struct agent *a, const struct execution *t)
{
	return agent_is_pipeline(a) && a->plan.tasks[t->v.pipeline_task].is_finally;
}

/* Stops what runs; with_finally also the finally tasks. */
static void stop_all(struct agent *a, enum stop_cause cause, bool with_finally)
{
	size_t n = a->root->runs.n;

	for (size_t i = 0; i < n; i++) {
		struct execution *t = execution_of(a, i);

		if (t->run == a && (with_finally || !is_finally(a, t)))
			attempt_stop(a, t, cause);
	}
}

/* What runs may finish, but a child starts nothing new either. */
static void stop_children(struct agent *a)
{
	size_t n = a->root->runs.n;

	for (size_t i = 0; i < n; i++) {
		struct execution *t = execution_of(a, i);

		if (t->run == a && t->pipeline && !is_finally(a, t))
			attempt_stop(a, t, STOP_CANCELLED);
	}
}

static void run_timeout(struct agent *a, enum timer_kind kind)
{
	/* what ended the run first stays its verdict */
	if (a->is_aborted || a->is_pipeline_timed_out || a->view.cancelled == CANCEL_NOW)
		return;
	run_apply(a, &(struct change){.kind = CHANGE_RUN_TIMEOUT, .timer = kind});
	if (kind == TIMER_TASKS)
		sched_tasks_timed_out(a);
	stop_all(a, STOP_PIPELINE_TIMEOUT, true);
}

static void fire(const struct timer *t)
{
	struct agent *a = t->run;

	switch (t->kind) {
	case TIMER_TASK:
		attempt_stop(a, execution_of(a, t->task), STOP_TIMEOUT);
		break;
	case TIMER_STEP:
		attempt_step_timeout(a, execution_of(a, t->task));
		break;
	case TIMER_KILL:
		attempt_kill(a, execution_of(a, t->task));
		break;
	case TIMER_PIPELINE:
	case TIMER_TASKS:
	case TIMER_FINALLY:
		run_timeout(a, t->kind);
		break;
	case TIMER_GRACE:
		deadline_cancel(a, CANCEL_NOW, 0, STR_NONE);
		break;
	}
}

void deadline_resume(struct root *root)
{
	VEC(struct timer) kept = {0};

	for (size_t i = 0; i < root->timers.n; i++) {
		enum timer_kind kind = root->timers.p[i].kind;

		if (kind == TIMER_PIPELINE || kind == TIMER_TASKS || kind == TIMER_FINALLY)
			vec_push(&kept, root->timers.p[i]);
	}
	root->timers.n = 0;
	for (size_t i = 0; i < kept.n; i++)
		push(root, &kept.p[i]);
	vec_release(&kept);
	root->kill_grace_ns = default_kill_grace_ns;
	root->has_grace = false;
}

void deadline_tick(struct root *root)
{
	for (;;) {
		struct timer t;

		deadline_prune(root);
		if (!root->timers.n || root->timers.p[0].at_ns > root->now_ns)
			return;
		t = pop(root);
		fire(&t);
	}
}

/* --- cancellation */

static void kill_all(struct agent *a)
{
	size_t n = a->root->runs.n;

	for (size_t i = 0; i < n; i++) {
		struct execution *t = execution_of(a, i);

		if (t->run == a)
			attempt_kill(a, t);
	}
}

static int64_t least(int64_t x, int64_t y)
{
	return x < y ? x : y;
}

/* The signals of product.md: SIGKILL after 5 s or a third of the grace, finally until its end.
 */
static void set_grace(struct agent *a, enum cancel_mode mode, int64_t grace_ns)
{
	int64_t reserve = least(end_reserve_ns, grace_ns / 2);

	if (!grace_ns)
		return;
	a->root->kill_grace_ns = least(default_kill_grace_ns, grace_ns / 3);
	if (mode == CANCEL_NOW)
		return;
	a->root->has_grace = true;
	deadline_add(a, &(struct timer){.kind = TIMER_GRACE,
				.at_ns = deadline_after(a->root->now_ns, grace_ns - reserve)});
}

/* Asked for the same again, but what is left has no limit yet: the run was resumed since. */
static bool limits_anew(const struct agent *a, enum cancel_mode mode, int64_t grace_ns)
{
	return a->phase != RUN_DONE && mode != CANCEL_NONE && mode == a->view.cancelled &&
	       mode != CANCEL_NOW && grace_ns && !a->root->has_grace;
}

void deadline_cancel(struct agent *a, enum cancel_mode mode, int64_t grace_ns, struct str why)
{
	bool again = a->view.cancelled != CANCEL_NONE;

	if (limits_anew(a, mode, grace_ns)) {
		run_apply(a, &(struct change){.kind = CHANGE_RUN_CANCEL,
				     .cancel = mode,
				     .message = arena_str(a->arena, why)});
		set_grace(a, mode, grace_ns);
		return;
	}
	if (a->phase == RUN_DONE || mode <= a->view.cancelled) {
		/* asked for the same again: what is stopping is not waited for any more */
		if (a->phase != RUN_DONE && again && a->view.cancelled == CANCEL_NOW)
			kill_all(a);
		return;
	}
	if (!agent_is_pipeline(a))
		mode = CANCEL_NOW;
	a->cancel_why = arena_str(a->arena, why);
	run_apply(a,
		&(struct change){
			.kind = CHANGE_RUN_CANCEL, .cancel = mode, .message = a->cancel_why});
	if (again && mode == CANCEL_NOW)
		a->root->kill_grace_ns = least(a->root->kill_grace_ns, end_reserve_ns / 2);
	set_grace(a, mode, grace_ns);
	if (mode == CANCEL_STOP) {
		stop_children(a);
		return;
	}
	stop_all(a, STOP_CANCELLED, mode == CANCEL_NOW);
	if (again && mode == CANCEL_NOW)
		kill_all(a);
}

void deadline_abort(struct agent *a, struct condition verdict)
{
	if (a->is_aborted)
		return;
	run_apply(a, &(struct change){.kind = CHANGE_RUN_ABORT, .condition = verdict});
	stop_all(a, STOP_ABORTED, true);
}

bool deadline_forbids_retry(const struct agent *a, const struct execution *t)
{
	if (a->is_aborted || a->is_pipeline_timed_out || a->view.cancelled == CANCEL_NOW)
		return true;
	return !is_finally(a, t) &&
	       (a->is_tasks_timed_out || a->view.cancelled == CANCEL_GRACEFUL);
}

struct str deadline_why(const struct agent *a, enum stop_cause cause)
{
	if (cause != STOP_CANCELLED || agent_is_pipeline(a))
		return STR_NONE;
	return a->cancel_why;
}
