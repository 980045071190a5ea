/* SPDX-License-Identifier: Apache-2.0 */
/* The single writer: transition tables, effects. Records are written by record.c. */
#include "run.h"

#include "condition.h"
#include "record.h"
#include "sched.h"
#include <string.h>

enum machine { MACHINE_RUN, MACHINE_PT, MACHINE_TASK, MACHINE_STEP };
enum { FROM_MAX = 4, STAY = -1 };

/* From which states a change may come, and where it leads (STAY: nowhere else). */
struct transition {
	const char *name;
	enum machine machine;
	unsigned n_from;
	int from[FROM_MAX];
	int to;
	bool durable;
};

static const struct transition transitions[] = {
	[CHANGE_RUN_START] = {"run-start", MACHINE_RUN, 1, {RUN_NEW}, RUN_TASKS, true},
	[CHANGE_RUN_CANCEL] = {"run-cancel", MACHINE_RUN, 2, {RUN_TASKS, RUN_FINALLY}, STAY,
		true},
	[CHANGE_RUN_TIMEOUT] = {"run-timeout", MACHINE_RUN, 2, {RUN_TASKS, RUN_FINALLY}, STAY,
		true},
	[CHANGE_RUN_ABORT] = {"run-abort", MACHINE_RUN, 2, {RUN_TASKS, RUN_FINALLY}, STAY,
		true},
	[CHANGE_RUN_STOPPING] = {"run-stopping", MACHINE_RUN, 1, {RUN_TASKS}, STAY, false},
	[CHANGE_RUN_FINALLY] = {"run-finally", MACHINE_RUN, 1, {RUN_TASKS}, RUN_FINALLY, true},
	[CHANGE_RUN_CONDITION] = {"run-condition", MACHINE_RUN, 2, {RUN_TASKS, RUN_FINALLY},
		STAY, false},
	[CHANGE_RUN_RESUME] = {"run-resume", MACHINE_RUN, 2, {RUN_TASKS, RUN_FINALLY}, STAY,
		true},
	[CHANGE_RUN_END] = {"run-end", MACHINE_RUN, 3, {RUN_NEW, RUN_TASKS, RUN_FINALLY},
		RUN_DONE, true},
	[CHANGE_PT_START] = {"pt-start", MACHINE_PT, 1, {PT_WAITING}, PT_STARTED, false},
	[CHANGE_PT_SKIP] = {"pt-skip", MACHINE_PT, 1, {PT_WAITING}, PT_SKIPPED, true},
	[CHANGE_PT_RESKIP] = {"pt-reskip", MACHINE_PT, 1, {PT_SKIPPED}, STAY, true},
	[CHANGE_PT_INVALID] = {"pt-invalid", MACHINE_PT, 1, {PT_WAITING}, PT_FAILED_VALIDATION,
		true},
	[CHANGE_PT_DONE] = {"pt-done", MACHINE_PT, 1, {PT_STARTED}, PT_DONE, true},
	[CHANGE_TASK_CREATE] = {"task-create", MACHINE_TASK, 1, {TASK_WAITING}, STAY, false},
	[CHANGE_TASK_ATTEMPT] = {"task-attempt", MACHINE_TASK, 1, {TASK_WAITING},
		TASK_PREPARING, true},
	[CHANGE_TASK_WAIT] = {"task-wait", MACHINE_TASK, 1, {TASK_PREPARING}, STAY, false},
	[CHANGE_TASK_READY] = {"task-ready", MACHINE_TASK, 1, {TASK_PREPARING}, TASK_RUNNING,
		false},
	[CHANGE_TASK_STOP] = {"task-stop", MACHINE_TASK, 2, {TASK_PREPARING, TASK_RUNNING},
		TASK_STOPPING, false},
	[CHANGE_TASK_INTERRUPTED] = {"task-interrupted", MACHINE_TASK, 2,
		{TASK_PREPARING, TASK_RUNNING}, TASK_WAITING, true},
	[CHANGE_TASK_RETRY] = {"task-retry", MACHINE_TASK, 4,
		{TASK_WAITING, TASK_PREPARING, TASK_RUNNING, TASK_STOPPING}, TASK_WAITING,
		true},
	[CHANGE_TASK_END] = {"task-end", MACHINE_TASK, 4,
		{TASK_WAITING, TASK_PREPARING, TASK_RUNNING, TASK_STOPPING}, TASK_DONE, true},
	[CHANGE_STEP_START] = {"step-start", MACHINE_STEP, 1, {STEP_WAITING}, STEP_STARTING,
		false},
	[CHANGE_STEP_STARTED] = {"step-started", MACHINE_STEP, 1, {STEP_STARTING}, STEP_RUNNING,
		false},
	[CHANGE_STEP_HALT] = {"step-halt", MACHINE_STEP, 1, {STEP_RUNNING}, STEP_HALTED, true},
	[CHANGE_STEP_RELEASE] = {"step-release", MACHINE_STEP, 1, {STEP_HALTED}, STEP_RUNNING,
		true},
	[CHANGE_STEP_STOP] = {"step-stop", MACHINE_STEP, 3,
		{STEP_STARTING, STEP_RUNNING, STEP_HALTED}, STAY, false},
	[CHANGE_STEP_END] = {"step-end", MACHINE_STEP, 3,
		{STEP_STARTING, STEP_RUNNING, STEP_HALTED}, STEP_ENDED, false},
	[CHANGE_STEP_SKIP] = {"step-skip", MACHINE_STEP, 1, {STEP_WAITING}, STEP_ENDED, false},
	[CHANGE_SIDECAR_START] = {"sidecar-start", MACHINE_STEP, 1, {STEP_WAITING},
		STEP_STARTING, false},
	[CHANGE_SIDECAR_STARTED] = {"sidecar-started", MACHINE_STEP, 1, {STEP_STARTING},
		STEP_RUNNING, false},
	[CHANGE_SIDECAR_READY] = {"sidecar-ready", MACHINE_STEP, 1, {STEP_RUNNING}, STAY,
		false},
	[CHANGE_SIDECAR_UNREADY] = {"sidecar-unready", MACHINE_STEP, 1, {STEP_RUNNING}, STAY,
		false},
	[CHANGE_SIDECAR_END] = {"sidecar-end", MACHINE_STEP, 2, {STEP_STARTING, STEP_RUNNING},
		STEP_ENDED, false},
};
_Static_assert(ARRAY_SIZE(transitions) == CHANGE_KIND_N, "a change without a transition");

const char *change_name(enum change_kind kind)
{
	return transitions[kind].name;
}

bool skip_is_timeout(enum skip_reason r)
{
	return r == SKIP_PIPELINE_TIMEOUT || r == SKIP_TASKS_TIMEOUT ||
	       r == SKIP_FINALLY_TIMEOUT;
}

static struct attempt_view *current_attempt(struct agent *a, const struct change *c)
{
	return attempt_of(execution_of(a, c->task));
}

/* --- effects: what a change writes beside the state itself */

/* To the run around it a child is in the condition that its own run is in. */
static void mirror(struct agent *a)
{
	if (a->up)
		attempt_of(a->up)->condition = a->up->v.condition = a->view.condition;
}

static void on_run_start(struct agent *a, const struct change *c)
{
	struct run_view *v = &a->view;

	v->started_ns = a->root->now_ns;
	v->started_wall_ns = a->root->wall_ns;
	v->condition = c->condition;
	mirror(a);
}

static void on_run_cancel(struct agent *a, const struct change *c)
{
	a->view.cancelled = c->cancel;
}

static void on_run_timeout(struct agent *a, const struct change *c)
{
	a->is_pipeline_timed_out |= c->timer == TIMER_PIPELINE;
	a->is_tasks_timed_out |= c->timer == TIMER_TASKS;
}

static void on_run_abort(struct agent *a, const struct change *c)
{
	a->is_aborted = true;
	a->verdict = c->condition;
}

static void on_run_stopping(struct agent *a, const struct change *c)
{
	(void)c;
	a->view.is_stopping = true;
}

static void on_run_finally(struct agent *a, const struct change *c)
{
	(void)c;
	a->view.finally_started_wall_ns = a->root->wall_ns;
}

static void on_run_condition(struct agent *a, const struct change *c)
{
	struct run_view *v = &a->view;

	v->condition = c->condition;
	v->condition.message = arena_str(a->arena, c->condition.message);
	mirror(a);
}

static void on_run_end(struct agent *a, const struct change *c)
{
	struct run_view *v = &a->view;

	v->condition = c->condition;
	v->results = vec_copy(a->arena, c->values, c->n_values, sizeof(*c->values));
	v->n_results = c->n_values;
	v->is_done = true;
	if (c->condition.status == CONDITION_UNKNOWN)
		return;
	v->ended_ns = a->root->now_ns;
	v->ended_wall_ns = a->root->wall_ns;
}

static void count_outcome(struct run_counts *n, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_NONE:
		break;
	case OUTCOME_SUCCEEDED:
		n->succeeded++;
		break;
	case OUTCOME_FAILED:
		n->failed++;
		break;
	case OUTCOME_IGNORED:
		n->ignored++;
		break;
	case OUTCOME_CANCELLED:
		n->cancelled++;
		break;
	}
}

static void on_pt_skip(struct agent *a, const struct change *c)
{
	struct pipeline_task_view *pt = &a->view.pipeline_tasks[c->pt];
	struct run_counts *n = &a->counts;

	pt->skip = c->skip;
	n->skipped++;
	n->skipped_by_timeout += skip_is_timeout(c->skip);
}

static void on_pt_reskip(struct agent *a, const struct change *c)
{
	struct pipeline_task_view *pt = &a->view.pipeline_tasks[c->pt];
	struct run_counts *n = &a->counts;

	n->skipped_by_timeout -= skip_is_timeout(pt->skip);
	n->skipped_by_timeout += skip_is_timeout(c->skip);
	pt->skip = c->skip;
}

static void on_pt_invalid(struct agent *a, const struct change *c)
{
	struct run_counts *n = &a->counts;

	n->invalid++;
	a->invalid_text = a->invalid_text.n
				  ? arena_printf(a->arena, STR_FMT "; " STR_FMT,
					    STR_ARG(a->invalid_text), STR_ARG(c->message))
				  : arena_str(a->arena, c->message);
}

static void on_pt_done(struct agent *a, const struct change *c)
{
	struct run_counts *n = &a->counts;

	a->pts[c->pt].outcome = c->outcome;
	count_outcome(n, c->outcome);
}

static void attempt_open(struct agent *a, struct execution *t)
{
	struct attempt_view *at;

	if (t->v.n_attempts == t->attempts_cap) {
		size_t cap = t->attempts_cap ? 2 * t->attempts_cap : 1;
		struct attempt_view *all = arena_new_array(a->arena, struct attempt_view, cap);

		if (t->v.n_attempts)
			memcpy(all, t->v.attempts, t->v.n_attempts * sizeof(*all));
		t->v.attempts = all;
		t->attempts_cap = cap;
	}
	at = &t->v.attempts[t->v.n_attempts++];
	*at = (struct attempt_view){
		.condition = {.reason = STR("Started"), .changed_wall_ns = a->root->wall_ns}};
}

/* The attempt's spec and steps as they will be reported. */
static void attempt_fill(struct attempt_view *at, const struct prepared *p)
{
	if (!p)
		return;
	at->pod_name = p->pod_name;
	at->spec = p->spec;
	at->steps = p->steps;
	at->n_steps = p->n_steps;
	at->n_sidecars = p->n_sidecars;
	at->launch = p->launch;
}

/* The attempt is over, with its condition, results and times. */
static void attempt_close(struct agent *a, struct execution *t, const struct change *c)
{
	struct attempt_view *at = attempt_of(t);

	attempt_fill(at, c->prepared);
	at->condition = c->condition;
	at->results = vec_copy(a->arena, c->values, c->n_values, sizeof(*c->values));
	at->n_results = c->n_values;
	at->artifacts = c->artifacts;
	at->ended_ns = a->root->now_ns;
	at->ended_wall_ns = a->root->wall_ns;
	if (!at->started_ns) {
		at->started_ns = a->root->now_ns;
		at->started_wall_ns = a->root->wall_ns;
	}
	at->launch = NULL;
}

static void task_end(struct agent *a, struct execution *t, const struct change *c)
{
	attempt_close(a, t, c);
	t->v.condition = c->condition;
	t->v.ended_ns = a->root->now_ns;
	t->v.ended_wall_ns = a->root->wall_ns;
	if (!t->v.started_ns) {
		t->v.started_ns = a->root->now_ns;
		t->v.started_wall_ns = a->root->wall_ns;
	}
}

static void on_task_create(struct agent *a, const struct change *c)
{
	struct execution *t = execution_of(a, c->task);

	attempt_open(a, t);
	t->v.condition = attempt_of(t)->condition;
}

static void on_task_attempt(struct agent *a, const struct change *c)
{
	struct execution *t = execution_of(a, c->task);
	struct attempt_view *at;

	at = attempt_of(t);
	attempt_fill(at, c->prepared);
	at->run = c->run;
	at->started_ns = a->root->now_ns;
	at->started_wall_ns = a->root->wall_ns;
	if (!t->v.started_ns) {
		t->v.started_ns = a->root->now_ns;
		t->v.started_wall_ns = a->root->wall_ns;
	}
	at->condition = t->v.condition = c->condition;
}

static void on_task_wait(struct agent *a, const struct change *c)
{
	execution_of(a, c->task)->waits_since_ns = a->root->now_ns;
}

static void on_task_ready(struct agent *a, const struct change *c)
{
	struct execution *t = execution_of(a, c->task);

	attempt_of(t)->condition = t->v.condition = c->condition;
}

static void on_task_stop(struct agent *a, const struct change *c)
{
	struct execution *t = execution_of(a, c->task);

	t->stop = c->stop;
}

static void on_task_retry(struct agent *a, const struct change *c)
{
	struct execution *t = execution_of(a, c->task);

	attempt_close(a, t, c);
	t->v.condition = (struct condition){.status = CONDITION_UNKNOWN,
		.reason = STR("ToBeRetried"),
		.message = c->condition.message,
		.changed_wall_ns = a->root->wall_ns};
	t->n_retries++;
	attempt_open(a, t);
	attempt_of(t)->condition = t->v.condition;
}

/* The task run is where it was before the attempt; the steps that ran stay to be seen. */
static void on_task_interrupted(struct agent *a, const struct change *c)
{
	struct execution *t = execution_of(a, c->task);

	attempt_close(a, t, c);
	attempt_of(t)->is_interrupted = true;
	t->v.condition = c->condition;
	t->v.condition.status = CONDITION_UNKNOWN;
	attempt_open(a, t);
	attempt_of(t)->condition = t->v.condition;
}

static void on_task_end(struct agent *a, const struct change *c)
{
	struct execution *t = execution_of(a, c->task);

	task_end(a, t, c);
}

static void step_end(struct agent *a, struct step_view *s, const struct step_ended *e)
{
	s->exit_code = e->exit_code;
	s->signal = e->signal;
	s->termination_reason = str_z(e->termination_reason);
	s->reason = e->reason;
	s->message = arena_str(a->arena, e->message);
	s->ended_ns = a->root->now_ns;
	s->ended_wall_ns = a->root->wall_ns;
	if (!s->started_ns) {
		s->started_ns = a->root->now_ns;
		s->started_wall_ns = a->root->wall_ns;
	}
}

static void on_step_start(struct agent *a, const struct change *c)
{
	struct step_view *s = &current_attempt(a, c)->steps[c->step];

	s->started_ns = a->root->now_ns;
	s->started_wall_ns = a->root->wall_ns;
}

static void on_step_started(struct agent *a, const struct change *c)
{
	struct step_view *s = &current_attempt(a, c)->steps[c->step];

	s->image_id = arena_str(a->arena, c->image_id);
	s->started_ns = a->root->now_ns;
	s->started_wall_ns = a->root->wall_ns;
}

static void on_step_halt(struct agent *a, const struct change *c)
{
	current_attempt(a, c)->steps[c->step].has_failed = c->has_failed;
}

/* A program that starts now has been waiting till now. */
static void on_step_release(struct agent *a, const struct change *c)
{
	struct step_view *s = &current_attempt(a, c)->steps[c->step];

	if (s->has_failed || c->release == RELEASE_FAIL) {
		s->release = c->release;
		s->release_code = c->exit_code;
		return;
	}
	on_step_start(a, c);
}

static void on_step_stop(struct agent *a, const struct change *c)
{
	struct step_view *s = &current_attempt(a, c)->steps[c->step];

	s->is_stopping = true;
}

static void on_sidecar_ready(struct agent *a, const struct change *c)
{
	struct step_view *s = &current_attempt(a, c)->steps[c->step];

	s->is_ready = c->kind == CHANGE_SIDECAR_READY;
	s->was_ready |= s->is_ready;
}

static void on_step_end(struct agent *a, const struct change *c)
{
	struct step_view *s = &current_attempt(a, c)->steps[c->step];

	step_end(a, s, &c->ended);
	s->results = vec_copy(a->arena, c->values, c->n_values, sizeof(*c->values));
	s->n_results = c->n_values;
	s->artifacts = c->artifacts;
}

/* --- the one door */

typedef void effect_fn(struct agent *a, const struct change *c);

static effect_fn *const effects[CHANGE_KIND_N] = {
	[CHANGE_RUN_START] = on_run_start,
	[CHANGE_RUN_CANCEL] = on_run_cancel,
	[CHANGE_RUN_TIMEOUT] = on_run_timeout,
	[CHANGE_RUN_ABORT] = on_run_abort,
	[CHANGE_RUN_STOPPING] = on_run_stopping,
	[CHANGE_RUN_FINALLY] = on_run_finally,
	[CHANGE_RUN_CONDITION] = on_run_condition,
	[CHANGE_RUN_END] = on_run_end,
	[CHANGE_PT_SKIP] = on_pt_skip,
	[CHANGE_PT_RESKIP] = on_pt_reskip,
	[CHANGE_PT_INVALID] = on_pt_invalid,
	[CHANGE_PT_DONE] = on_pt_done,
	[CHANGE_TASK_CREATE] = on_task_create,
	[CHANGE_TASK_ATTEMPT] = on_task_attempt,
	[CHANGE_TASK_WAIT] = on_task_wait,
	[CHANGE_TASK_READY] = on_task_ready,
	[CHANGE_TASK_STOP] = on_task_stop,
	[CHANGE_TASK_INTERRUPTED] = on_task_interrupted,
	[CHANGE_TASK_RETRY] = on_task_retry,
	[CHANGE_TASK_END] = on_task_end,
	[CHANGE_STEP_START] = on_step_start,
	[CHANGE_STEP_STARTED] = on_step_started,
	[CHANGE_STEP_HALT] = on_step_halt,
	[CHANGE_STEP_RELEASE] = on_step_release,
	[CHANGE_STEP_STOP] = on_step_stop,
	[CHANGE_STEP_END] = on_step_end,
	[CHANGE_STEP_SKIP] = on_step_end,
	[CHANGE_SIDECAR_START] = on_step_start,
	[CHANGE_SIDECAR_STARTED] = on_step_started,
	[CHANGE_SIDECAR_READY] = on_sidecar_ready,
	[CHANGE_SIDECAR_UNREADY] = on_sidecar_ready,
	[CHANGE_SIDECAR_END] = on_step_end,
};

/* A step, or behind the steps a sidecar. */
static struct step_view *container_of_change(struct agent *a, const struct change *c)
{
	const struct attempt_view *at = current_attempt(a, c);

	BUG_ON(c->step >= at->n_steps + at->n_sidecars);
	BUG_ON((c->step >= at->n_steps) != (c->kind >= CHANGE_SIDECAR_START));
	return &at->steps[c->step];
}

/* The state a change is about, as the number its table uses. */
static int state_get(struct agent *a, const struct change *c, enum machine m)
{
	switch (m) {
	case MACHINE_RUN:
		return (int)a->phase;
	case MACHINE_PT:
		return (int)a->view.pipeline_tasks[c->pt].state;
	case MACHINE_TASK:
		return (int)execution_of(a, c->task)->v.state;
	case MACHINE_STEP:
		return (int)container_of_change(a, c)->state;
	}
	return STAY;
}

static void state_set(struct agent *a, const struct change *c, enum machine m, int to)
{
	switch (m) {
	case MACHINE_RUN:
		a->phase = (enum run_phase)to;
		break;
	case MACHINE_PT:
		a->view.pipeline_tasks[c->pt].state = (enum pipeline_task_state)to;
		break;
	case MACHINE_TASK:
		execution_of(a, c->task)->v.state = (enum task_state)to;
		break;
	case MACHINE_STEP:
		current_attempt(a, c)->steps[c->step].state = (enum step_state)to;
		break;
	}
}

static bool is_declared(const struct transition *t, int from)
{
	for (unsigned i = 0; i < t->n_from; i++)
		if (t->from[i] == from)
			return true;
	return false;
}

void run_apply(struct agent *a, const struct change *c)
{
	const struct transition *t = &transitions[c->kind];
	struct change mine = *c;
	int from = state_get(a, c, t->machine);

	BUG_ON(!is_declared(t, from));
	mine.condition.changed_wall_ns = a->root->wall_ns;
	/* the attempt that a record speaks of is the one before the change */
	record_change(a, &mine, t->durable);
	if (t->to != STAY)
		state_set(a, &mine, t->machine, t->to);
	if (effects[c->kind])
		effects[c->kind](a, &mine);
	a->root->wants_publish = true;
	sched_touch(a);
}

void run_init(struct agent *a)
{
	const struct plan *p = &a->plan;
	struct run_view *v = &a->view;

	v->uid = a->opts.uid;
	v->object = a->object;
	v->parent = a->up ? &a->up->v : NULL;
	v->task_runs = a->root ? a->root->runs.p : NULL;
	v->kind = p->kind;
	v->name = p->name;
	v->ns = p->ns;
	v->params = p->given;
	v->n_params = p->n_given;
	v->pipeline_spec = p->pipeline;
	v->pipeline_name = p->pipeline_name;
	v->pipeline_meta = p->pipeline_meta;
	v->condition = p->is_pending ? condition_run_pending(a, a->arena)
				     : (struct condition){.reason = STR("Started")};
	v->n_pipeline_tasks = p->kind == OBJECT_PIPELINE_RUN ? p->n_tasks : 0;
	v->pipeline_tasks =
		arena_new_array(a->arena, struct pipeline_task_view, v->n_pipeline_tasks);
	for (size_t i = 0; i < v->n_pipeline_tasks; i++) {
		const struct plan_task *t = &p->tasks[i];

		v->pipeline_tasks[i] = (struct pipeline_task_view){
			.spec = t->written,
			.task = t->task,
			.pipeline = t->pipeline,
			.is_finally = t->is_finally,
			.when = t->bound ? t->bound->when : t->written->when,
			.n_when = t->written->n_when,
			.parents = t->parents,
			.n_parents = t->n_parents,
		};
	}
}
