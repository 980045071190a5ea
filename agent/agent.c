/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's calls: building it, feeding events, handing out actions. */
#include "attempt.h"
#include "child.h"
#include "condition.h"
#include "deadline.h"
#include "dispatch.h"
#include "run.h"
#include "sched.h"

enum { TURN_KEPT_BYTES = 256 * 1024 };

struct agent *agent_new(const struct spec *spec, const struct run_ref *run,
	const struct agent_options *opts, struct diags *diags)
{
	struct arena *arena = arena_new();
	struct agent *a = arena_new_object(arena, struct agent);
	size_t n_child_tasks = 0;
	struct plan_context c = {.arena = arena,
		.spec = spec,
		.run = run,
		.opts = opts,
		.diags = diags,
		.plan = &a->plan,
		.n_child_tasks = &n_child_tasks};

	a->arena = arena;
	a->root = arena_new_object(arena, struct root);
	a->root->turn = arena_new();
	a->spec = spec;
	a->object = run;
	a->opts = *opts;
	plan_build(&c);
	run_init(a);
	sched_init(a);
	return a;
}

void agent_free(struct agent *a)
{
	struct root *root;

	if (!a)
		return;
	root = a->root;
	for (size_t i = 0; i < root->runs.n; i++)
		arena_free(execution_at(root, i)->arena);
	for (size_t i = 0; i < root->retired.n; i++)
		arena_free(root->retired.p[i]);
	vec_release(&root->retired);
	vec_release(&root->runs);
	vec_release(&root->actions);
	vec_release(&root->touched);
	vec_release(&root->held);
	vec_release(&root->timers);
	for (size_t i = 0; i < root->children.n; i++)
		vec_release(&root->children.p[i]->ready);
	vec_release(&root->children);
	vec_release(&a->ready);
	arena_free(root->turn);
	arena_free(a->arena); /* agent and root lie in it */
}

/* --- the queue */

struct action *agent_push(struct agent *a, enum action_kind kind)
{
	struct action *action = vec_add(&a->root->actions);

	action->kind = kind;
	return action;
}

void agent_retire(struct agent *a, struct arena *arena)
{
	if (arena)
		vec_push(&a->root->retired, arena);
}

/* What was handed out in the turn before is not looked at any more. */
static void turn_begin(struct root *root)
{
	if (root->actions_head < root->actions.n)
		return;
	root->actions.n = root->actions_head = 0;
	for (size_t i = 0; i < root->retired.n; i++)
		arena_free(root->retired.p[i]);
	root->retired.n = 0;
	if (arena_bytes(root->turn) > TURN_KEPT_BYTES) {
		arena_free(root->turn);
		root->turn = arena_new();
	}
}

bool agent_next_action(struct agent *a, struct action *ret)
{
	struct root *root = a->root;

	if (root->actions_head < root->actions.n) {
		*ret = root->actions.p[root->actions_head++];
		return true;
	}
	if (root->wants_publish) {
		root->wants_publish = false;
		*ret = (struct action){.kind = ACTION_PUBLISH};
		return true;
	}
	if (root->wants_finish) {
		root->wants_finish = false;
		*ret = (struct action){.kind = ACTION_FINISH};
		return true;
	}
	return false;
}

/* --- events */

/* A pending run has no times: it did not begin, and it may still. */
static void end_at_once(struct agent *a, struct condition c)
{
	if (c.status != CONDITION_UNKNOWN) {
		a->view.started_ns = a->root->now_ns;
		a->view.started_wall_ns = a->root->wall_ns;
	}
	run_apply(a, &(struct change){.kind = CHANGE_RUN_END, .condition = c});
	if (a->up)
		child_ended(a);
	else
		a->root->wants_finish = true;
}

static struct str written_status(const struct agent *a)
{
	return agent_is_pipeline(a) ? a->object->pipeline_run->status.s
				    : a->object->task_run->status.s;
}

static enum cancel_mode written_cancel(const struct agent *a)
{
	static const struct {
		const char *text;
		enum cancel_mode mode;
	} modes[] = {{"Cancelled", CANCEL_NOW}, {"CancelledRunFinally", CANCEL_GRACEFUL},
		{"StoppedRunFinally", CANCEL_STOP}, {"TaskRunCancelled", CANCEL_NOW}};
	struct str status = written_status(a);

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++)
		if (str_eqz(status, modes[i].text))
			return modes[i].mode;
	return CANCEL_NONE;
}

void agent_begin(struct agent *a)
{
	if (a->plan.is_refused) {
		end_at_once(a, (struct condition){.status = CONDITION_FALSE,
				       .reason = a->plan.reason,
				       .message = a->plan.message});
		return;
	}
	run_apply(a, &(struct change){.kind = CHANGE_RUN_START,
			     .condition = {.reason = STR("Started")}});
	deadline_start(a);
}

static void start(struct agent *a, const struct event *ev)
{
	enum cancel_mode cancel = written_cancel(a);

	if (a->phase != RUN_NEW)
		return;
	/* section 27.2: pending comes before every check */
	if (a->plan.is_pending) {
		end_at_once(a, condition_run_pending(a, a->arena));
		return;
	}
	agent_begin(a);
	if (a->phase == RUN_DONE)
		return;
	if (!agent_is_pipeline(a))
		dispatch_create_own(a);
	if (cancel != CANCEL_NONE)
		deadline_cancel(a, cancel, 0,
			agent_is_pipeline(a) ? STR_NONE
					     : a->object->task_run->status_message.s);
	if (ev->cancel > cancel)
		deadline_cancel(a, ev->cancel, ev->grace_ns, ev->message);
}

/*
 * Another agent goes on. Everything of the one before is dead: what was stopped by it, or is
 * stopped by a timeout of the run that passed meanwhile, ends with that cause; the rest is
 * interrupted and starts again.
 */
static void resume(struct agent *a, const struct event *ev)
{
	if (a->phase == RUN_NEW) {
		start(a, ev);
		return;
	}
	if (a->phase == RUN_DONE) {
		a->root->wants_publish = a->root->wants_finish = true;
		return;
	}
	run_apply(a, &(struct change){.kind = CHANGE_RUN_RESUME});
	deadline_resume(a->root);
	for (size_t i = 0; i < a->root->runs.n; i++)
		attempt_orphan(execution_of(a, i));
	deadline_tick(a->root);
	/* the same as before needs no second word: nothing of it runs any more */
	if (ev->cancel > a->view.cancelled)
		deadline_cancel(a, ev->cancel, ev->grace_ns, ev->message);
	sched_resume(a->root);
}

void agent_feed(struct agent *a, const struct event *ev)
{
	turn_begin(a->root);
	a->root->now_ns = ev->now_ns;
	a->root->wall_ns = ev->wall_ns;
	a->root->unrecorded = ev;
	switch (ev->kind) {
	case EVENT_START:
		start(a, ev);
		break;
	case EVENT_TASK_WAITS:
	case EVENT_TASK_READY:
	case EVENT_TASK_REFUSED:
	case EVENT_STEP_STARTED:
	case EVENT_STEP_REFUSED:
	case EVENT_STEP_HALTED:
	case EVENT_STEP_RELEASED:
	case EVENT_STEP_ENDED:
	case EVENT_SIDECAR_STARTED:
	case EVENT_SIDECAR_REFUSED:
	case EVENT_SIDECAR_READY:
	case EVENT_SIDECAR_UNREADY:
	case EVENT_SIDECAR_ENDED:
		attempt_event(a->root, ev);
		break;
	case EVENT_TICK:
		deadline_tick(a->root);
		break;
	case EVENT_CANCEL:
		if (a->phase != RUN_NEW)
			deadline_cancel(a, ev->cancel, ev->grace_ns, ev->message);
		break;
	case EVENT_RESUME:
		resume(a, ev);
		break;
	}
	sched_settle(a->root);
	deadline_prune(a->root);
	a->root->unrecorded = NULL;
	a->root->is_forced = false;
}

int64_t agent_deadline_ns(const struct agent *a)
{
	return deadline_next(a->root);
}

const struct run_view *agent_view(const struct agent *a)
{
	return &a->view;
}
