/* SPDX-License-Identifier: Apache-2.0 */
/* The fake runner: carries actions out on a virtual clock and checks their protocol. */
#ifndef TESTS_SIM_FAKE_H
#define TESTS_SIM_FAKE_H

#include "runs.h"

enum { MAX_RUNS = 128, MAX_FLIGHT = 512 };

enum sidecar_state { SIDE_NONE, SIDE_BOOT, SIDE_UP, SIDE_READY, SIDE_OVER };
enum flight_state { FLIGHT_NONE, PREPARING, READY, STEP_BOOT, STEP_UP, FLIGHT_OVER };
struct flight { /* a task run's current attempt as the runner knows it */
	size_t attempt;
	enum flight_state state;
	size_t step;
	bool dying;
	bool asked; /* to stop while it was being started */
	enum sidecar_state side[MAX_SIDECARS];
	bool waits, has_failed, is_released; /* at a breakpoint */
	struct event end;                    /* of a program that has failed there */
	const struct task_launch *launch;
};
struct pending {
	int64_t at;
	uint64_t order;
	struct event ev;
	bool is_cancel;
};
struct sim {
	struct gen *g;
	struct model m;
	struct mrun mr[MAX_RUNS];
	size_t n_mr;
	int64_t finally_at; /* when the first finally task was created; 0: none was */
	struct agent *a;
	const struct run_view *v;
	struct flight f[MAX_RUNS];
	int attempts_seen[MAX_RUNS];
	struct pending q[MAX_FLIGHT];
	size_t n_q;
	uint64_t order;
	int64_t now;
	bool finished;
	int active;
	int64_t grace_end;
	uint64_t seq;
	size_t n_actions;
	struct rng r;
};

#define check(s, cond)                                                                         \
	do {                                                                                   \
		if (!(cond))                                                                   \
			sim_fail(s, #cond, __LINE__);                                          \
	} while (0)

static void sim_fail(struct sim *s, const char *what, int line)
{
	struct arena *a = arena_new();

	print_error("seed %" PRIu64 " line %d: %s at %" PRId64 " ms\n", s->g->seed, line, what,
		s->now / 1000000);
	fputs(str_c(gen_yaml(a, s->g)), stderr);
	for (size_t i = 0; i < s->v->n_pipeline_tasks; i++)
		print_error("  t%zu state %d skip %s | model created %d invalid %d skip %s out "
			    "%d\n",
			i, (int)s->v->pipeline_tasks[i].state,
			skip_reason_text(s->v->pipeline_tasks[i].skip), s->m.t[i].created,
			s->m.t[i].invalid, skip_reason_text(s->m.t[i].skip),
			(int)s->m.t[i].outcome);
	for (size_t i = 0; i < s->v->n_task_runs; i++)
		print_error("  %.*s: %.*s %.*s\n", STR_ARG(s->v->task_runs[i]->name),
			STR_ARG(s->v->task_runs[i]->condition.reason),
			STR_ARG(s->v->task_runs[i]->condition.message));
	print_error("  run: %.*s: %.*s\n", STR_ARG(s->v->condition.reason),
		STR_ARG(s->v->condition.message));
	arena_free(a);
	fail();
}

static void post(struct sim *s, int64_t delay, struct event ev)
{
	check(s, s->n_q < MAX_FLIGHT);
	s->q[s->n_q++] = (struct pending){.at = s->now + delay, .order = s->order++, .ev = ev};
}

static const struct gtask *task_of(struct sim *s, size_t run)
{
	return &s->g->t[s->v->task_runs[run]->pipeline_task];
}

/* The fate of one step: the same question always has the same answer. */
static unsigned fate(struct sim *s, size_t run, size_t attempt, size_t step)
{
	return (unsigned)(mix(s->g->seed ^ mix(run * 1000 + attempt * 100 + step)) >> 20);
}
static bool step_fails(struct sim *s, size_t run, size_t attempt, size_t step)
{
	return fate(s, run, attempt, step) % 100 < task_of(s, run)->fail_percent;
}
/* What it is: 0 exit code, 1 signal, 2 exec failure, 3 lost, 4 oom */
static enum step_end fail_kind(struct sim *s, size_t run, size_t attempt, size_t step)
{
	unsigned k = fate(s, run, attempt, step) / 100 % 10;

	return k < 6 ? STEP_END_EXITED : (enum step_end)(k - 6 + 1);
}

static struct event about(const struct sim *s, size_t run, enum event_kind kind)
{
	return (struct event){.kind = kind,
		.task = run,
		.attempt = s->f[run].attempt,
		.step = s->f[run].step};
}

/* A program that ends badly leaves its step at the breakpoint, if it has one. */
static bool halts(const struct flight *f, const struct event *ev, bool is_killed)
{
	return f->launch->steps[f->step].breaks_on_failure && !is_killed &&
	       (ev->end == STEP_END_SIGNALED || ev->end == STEP_END_EXEC_FAILED ||
		       (ev->end == STEP_END_EXITED && ev->exit_code));
}

static void end_step(struct sim *s, size_t run, int64_t delay, int sig, bool spares)
{
	struct flight *f = &s->f[run];
	struct event ev = about(s, run, EVENT_STEP_ENDED);

	if (sig) {
		ev.end = STEP_END_SIGNALED;
		ev.signal = sig;
	} else if (step_fails(s, run, f->attempt, f->step)) {
		ev.end = fail_kind(s, run, f->attempt, f->step);
		ev.exit_code = ev.end == STEP_END_EXITED ? 7 : 0;
		ev.signal = ev.end == STEP_END_SIGNALED ? SIGSEGV : 0;
	}
	if (halts(f, &ev, sig == SIGKILL && !spares))
		ev.kind = EVENT_STEP_HALTED;
	post(s, delay, ev);
}

/* What was at a breakpoint ends, as its program did. */
static void end_waiting(struct sim *s, size_t run, int64_t delay)
{
	struct flight *f = &s->f[run];
	struct event ev = about(s, run, EVENT_STEP_ENDED);

	ev.end = STEP_END_SIGNALED;
	ev.signal = SIGKILL;
	if (f->has_failed) {
		ev = f->end;
		ev.kind = EVENT_STEP_ENDED;
	}
	f->waits = false;
	f->is_released = true;
	post(s, delay, ev);
}

/* Most of those who wait are found by somebody. */
static void wait_for_release(struct sim *s, size_t run)
{
	struct event ev = about(s, run, EVENT_STEP_RELEASED);

	ev.release = chance(&s->r, 50) ? RELEASE_CONTINUE : RELEASE_FAIL;
	if (chance(&s->r, 80) || !task_of(s, run)->timeout_s)
		post(s, (int64_t)pick(&s->r, 9000) * NS_PER_MS, ev);
}

/* --- actions */

/* Task runs that the agent created since it was last looked. */
static void know_runs(struct sim *s)
{
	for (; s->n_mr < s->v->n_task_runs; s->n_mr++) {
		check(s, s->n_mr < MAX_RUNS);
		s->mr[s->n_mr] =
			(struct mrun){.task = (int)s->v->task_runs[s->n_mr]->pipeline_task};
	}
}

/* Nothing starts before its parents are over, finally tasks not before the whole dag is. */
static void check_parents(struct sim *s, size_t pt)
{
	for (int p = 0; p < s->g->n_dag; p++) {
		enum pipeline_task_state state = s->v->pipeline_tasks[p].state;

		if (s->g->t[pt].is_finally || m_parent(s->g, (int)pt, p))
			check(s, state != PT_WAITING && state != PT_STARTED);
	}
}

/* Sections 15, 16: what is cancelled or timed out starts nothing more, no retry either. */
static void check_may_start(struct sim *s, size_t pt)
{
	const struct model *m = &s->m;

	check(s, !m_ending(m));
	if (!s->g->t[pt].is_finally)
		check(s, m->cancelled != CANCEL_GRACEFUL && !m->tasks_timed_out);
}

static void on_start_task(struct sim *s, const struct action *x)
{
	struct flight *f;
	const struct task_run_view *t = s->v->task_runs[x->task];
	int64_t prepares_ns = 100 * NS_PER_MS;
	struct event ev;

	check(s, x->task < MAX_RUNS && x->launch);
	f = &s->f[x->task];
	check(s, f->state == FLIGHT_NONE || f->state == FLIGHT_OVER);
	check(s, (int)x->attempt == s->attempts_seen[x->task]++);
	check(s, x->launch->attempt == x->attempt && x->launch->task == x->task);
	check_parents(s, t->pipeline_task);
	check_may_start(s, t->pipeline_task);
	know_runs(s);
	check(s, s->mr[x->task].stage == R_HELD && s->mr[x->task].attempt == (int)x->attempt);
	r_start(&s->m, &s->mr[x->task], s->now);
	*f = (struct flight){.attempt = x->attempt, .state = PREPARING, .launch = x->launch};
	s->active++;
	check(s, !s->g->max_parallel || s->active <= s->g->max_parallel);
	if (chance(&s->r, 20)) { /* somebody else has the ports, for longer than its timeout */
		post(s, (int64_t)pick(&s->r, 100) * NS_PER_MS,
			about(s, x->task, EVENT_TASK_WAITS));
		prepares_ns += (int64_t)pick(&s->r, 20000) * NS_PER_MS;
	}
	ev = about(s, x->task, EVENT_TASK_READY);
	if (chance(&s->r, s->g->refuse_percent)) {
		ev.kind = EVENT_TASK_REFUSED;
		ev.reason = STR("PodCreationFailed");
		ev.message = STR("no room");
	}
	post(s, prepares_ns + (int64_t)pick(&s->r, 300) * NS_PER_MS, ev);
}

/* All of them at once, before any step. */
static void on_start_sidecar(struct sim *s, const struct action *x)
{
	struct flight *f = &s->f[x->task];
	struct event ev = about(s, x->task, EVENT_SIDECAR_STARTED);
	size_t k = x->step - f->launch->n_steps;

	check(s, f->attempt == x->attempt && f->state == READY && f->step == 0);
	check(s, x->launch == f->launch && x->step >= f->launch->n_steps);
	check(s, k < f->launch->n_sidecars && f->side[k] == SIDE_NONE);
	f->side[k] = SIDE_BOOT;
	ev.step = x->step;
	ev.image_id = STR("sha256:2");
	if (chance(&s->r, s->g->refuse_percent)) {
		ev.kind = EVENT_SIDECAR_REFUSED;
		ev.reason = STR("TaskRunImagePullFailed");
		ev.message = STR("no image");
	}
	post(s, (int64_t)pick(&s->r, 100) * NS_PER_MS, ev);
}

/* It runs: ready at some time, over at another, which may be the first or never come. */
static void sidecar_up(struct sim *s, const struct event *started)
{
	struct event ev = *started;
	unsigned fate_of = fate(s, started->task, started->attempt, started->step);

	ev.kind = EVENT_SIDECAR_READY;
	post(s, (int64_t)pick(&s->r, 2000) * NS_PER_MS, ev);
	if (fate_of % 100 >= 50)
		return;
	ev.kind = EVENT_SIDECAR_ENDED;
	ev.end = fate_of / 100 % 2 ? STEP_END_EXITED : (enum step_end)(fate_of / 200 % 5);
	ev.exit_code = ev.end == STEP_END_EXITED ? (int)(fate_of / 1000 % 3) : 0;
	ev.signal = ev.end == STEP_END_SIGNALED ? SIGSEGV : 0;
	post(s, (int64_t)pick(&s->r, 3000) * NS_PER_MS, ev);
}

/* False: the runner has nothing to say about it any more. */
static bool sidecar_arrives(struct sim *s, const struct event *ev)
{
	enum sidecar_state *side =
		&s->f[ev->task].side[ev->step - s->f[ev->task].launch->n_steps];

	if (*side == SIDE_OVER)
		return false;
	if (ev->kind == EVENT_SIDECAR_STARTED) {
		*side = SIDE_UP;
		sidecar_up(s, ev);
	} else {
		*side = ev->kind == EVENT_SIDECAR_READY ? SIDE_READY : SIDE_OVER;
	}
	return true;
}

static bool is_of_sidecar(const struct event *ev)
{
	return ev->kind >= EVENT_SIDECAR_STARTED && ev->kind <= EVENT_SIDECAR_ENDED;
}

static void on_start_step(struct sim *s, const struct action *x)
{
	struct flight *f = &s->f[x->task];
	struct event ev;

	check(s, f->attempt == x->attempt && f->state == READY && f->step == x->step);
	check(s, x->launch == f->launch && x->step < f->launch->n_steps);
	for (size_t k = 0; k < f->launch->n_sidecars; k++)
		check(s, f->side[k] >= SIDE_READY);
	f->state = STEP_BOOT;
	f->dying = f->asked = f->waits = f->has_failed = f->is_released = false;
	ev = about(s, x->task, EVENT_STEP_STARTED);
	ev.image_id = STR("sha256:1");
	if (chance(&s->r, s->g->refuse_percent)) {
		ev.kind = EVENT_STEP_REFUSED;
		ev.reason = STR("TaskRunImagePullFailed");
		ev.message = STR("no image");
	}
	post(s, (int64_t)pick(&s->r, 100) * NS_PER_MS, ev);
}

static void on_stop_step(struct sim *s, const struct action *x)
{
	struct flight *f = &s->f[x->task];

	check(s, f->attempt == x->attempt && f->step == x->step);
	check(s, f->state == STEP_BOOT || f->state == STEP_UP);
	check(s, x->signal == SIGTERM || x->signal == SIGKILL);
	f->asked |= f->state == STEP_BOOT;
	if (f->waits) {
		f->dying = true;
		end_waiting(s, x->task, (int64_t)pick(&s->r, 200) * NS_PER_MS);
		return;
	}
	if (f->is_released)
		return;
	if (f->state == STEP_BOOT || f->dying || (x->signal == SIGTERM && s->g->stubborn))
		return;
	f->dying = true;
	end_step(s, x->task, (int64_t)pick(&s->r, 200) * NS_PER_MS, x->signal, x->spares);
}

static void on_release_step(struct sim *s, const struct action *x)
{
	struct flight *f = &s->f[x->task];

	check(s, f->attempt == x->attempt && f->step == x->step);
	check(s, f->state == STEP_UP && f->waits && x->release != RELEASE_NONE);
	if (f->has_failed || x->release == RELEASE_FAIL) {
		end_waiting(s, x->task, (int64_t)pick(&s->r, 50) * NS_PER_MS);
		return;
	}
	f->waits = false;
	end_step(s, x->task, (int64_t)pick(&s->r, 5000) * NS_PER_MS, 0, false);
}

static void on_end_task(struct sim *s, const struct action *x)
{
	struct flight *f = &s->f[x->task];

	check(s, f->attempt == x->attempt);
	check(s, f->state == READY || f->state == PREPARING);
	f->state = FLIGHT_OVER;
	s->active--;
}

static void on_record(struct sim *s, const struct action *x)
{
	struct json *j;
	struct err err;
	struct arena *a;
	int64_t seq;

	if (s->g->seed % 16)
		return;
	a = arena_new();
	check(s, json_parse(a, x->record, MIB, &j, &err) == 0);
	check(s, json_int(json_get(j, "seq"), 0, INT64_MAX, &seq, &err) == 0);
	check(s, (uint64_t)seq == s->seq++);
	check(s, json_str(json_get(j, "kind")).n > 0);
	arena_free(a);
}

static void drain(struct sim *s)
{
	struct action x;
	int n_publish = 0;

	while (agent_next_action(s->a, &x)) {
		s->n_actions++;
		check(s, !s->finished);
		switch (x.kind) {
		case ACTION_RECORD:
			on_record(s, &x);
			break;
		case ACTION_START_TASK:
			on_start_task(s, &x);
			break;
		case ACTION_START_STEP:
			on_start_step(s, &x);
			break;
		case ACTION_START_SIDECAR:
			on_start_sidecar(s, &x);
			break;
		case ACTION_SKIP_STEP:
			check(s, x.after_failure); /* no step has a when */
			break;
		case ACTION_STOP_STEP:
			on_stop_step(s, &x);
			break;
		case ACTION_RELEASE_STEP:
			on_release_step(s, &x);
			break;
		case ACTION_END_TASK:
			on_end_task(s, &x);
			break;
		case ACTION_PUBLISH:
			check(s, ++n_publish == 1);
			break;
		case ACTION_FINISH:
			s->finished = true;
			break;
		}
	}
}

#endif
