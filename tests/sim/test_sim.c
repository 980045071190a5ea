/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulation of the scheduler: random pipelines, a fake runner with a virtual clock, and beside
 * the agent a second, naive model: of the graph (model.h, section 11), recomputed from nothing
 * after every event, as a reconciler would, and of each task run (runs.h, sections 14 to 16),
 * which knows only what the fake runner did. Both must agree on what was created with which
 * params, on every skip reason, on the end, attempts and results of every task run, and on the
 * run's condition at every moment; the runner (fake.h) checks the protocol of actions.
 */
#include <base/bounds.h>
#include <base/buf.h>
#include <base/json.h>
#include <base/num.h>
#include <inttypes.h>
#include <monopod/agent.h>
#include <monopod/spec.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake.h"

enum { N_SEEDS = 4000 };

/* --- model and agent side by side */

/* Section 17: what became of a pipeline task; 15: a timeout of the run counts as a failure. */
static enum m_outcome outcome_of(const struct sim *s, int i)
{
	bool ok = true, cancelled = false, timed_out = false;

	for (size_t k = 0; k < s->n_mr; k++) {
		const struct mrun *r = &s->mr[k];
		bool was_cancelled;

		if (r->task != i)
			continue;
		if (r->stage != R_OVER)
			return M_NONE;
		was_cancelled = !r->ok && !strcmp(r->reason, "TaskRunCancelled");
		ok &= r->ok;
		cancelled |= was_cancelled;
		timed_out |= was_cancelled && r->cause == C_RUN_TIMEOUT;
	}
	if (ok)
		return M_OK;
	if (timed_out)
		return M_FAILED;
	if (cancelled)
		return M_CANCELLED;
	return s->g->t[i].on_error_continue ? M_IGNORED : M_FAILED;
}

static void learn(struct sim *s)
{
	know_runs(s);
	for (int i = 0; i < s->g->n; i++) {
		const struct gtask *g = &s->g->t[i];
		struct mtask *t = &s->m.t[i];

		if (!t->created || t->outcome != M_NONE)
			continue;
		t->outcome = outcome_of(s, i);
		for (size_t k = 0; t->outcome != M_NONE && k < s->n_mr; k++)
			if (s->mr[k].task == i && s->mr[k].has_results) {
				t->n_r += g->emits;
				t->has_a = g->array_size >= 0 && !g->bad_array;
			}
		t->has_r = t->n_r > 0 && !gen_is_matrix(g);
	}
}

static void stop_runs(struct sim *s, enum m_cause cause, bool with_finally)
{
	for (size_t k = 0; k < s->n_mr; k++)
		if (with_finally || !s->g->t[s->mr[k].task].is_finally)
			r_stop(&s->m, &s->mr[k], cause);
}

/* Every task run is as the model says it is: over or not, why, after how many attempts. */
static void compare_runs(struct sim *s)
{
	for (size_t k = 0; k < s->n_mr; k++) {
		const struct mrun *r = &s->mr[k];
		const struct task_run_view *t = s->v->task_runs[k];

		check(s, (t->state == TASK_DONE) == (r->stage == R_OVER));
		check(s, t->n_attempts == (size_t)r->attempt + 1);
		/* nothing waits but for a slot */
		check(s, r->stage != R_HELD ||
				 (s->g->max_parallel && s->active >= s->g->max_parallel));
		if (r->stage != R_OVER)
			continue;
		check(s, str_eqz(t->condition.reason, r->reason));
		check(s, (t->condition.status == CONDITION_TRUE) == r->ok);
	}
}

/* One task run for each combination, none before it is its turn. */
static size_t children(const struct sim *s, int i)
{
	const struct gtask *g = &s->g->t[i];

	if (!s->m.t[i].created)
		return 0;
	if (g->matrix >= 0)
		return (size_t)g->matrix;
	return g->matrix_from >= 0 ? (size_t)s->g->t[g->matrix_from].array_size : 1;
}

/* The run's condition while it goes on (27.2): counts of the model, and its reason. */
static void compare_progress(struct sim *s)
{
	const struct model *m = &s->m;
	int done = 0, failed = 0, cancelled = 0, skipped = 0, invalid = 0, open_final = 0;
	const char *reason = "Running";
	char text[200];

	for (int i = 0; i < s->g->n; i++) {
		const struct mtask *t = &m->t[i];
		bool is_skipped = t->skip != SKIP_NONE && !t->created && !t->invalid;

		done += t->outcome != M_NONE;
		failed += t->outcome == M_FAILED;
		cancelled += t->outcome == M_CANCELLED;
		skipped += is_skipped;
		invalid += t->invalid;
		open_final += i >= s->g->n_dag && t->outcome == M_NONE && !is_skipped;
	}
	if (m->tasks_timed_out && open_final)
		reason = "PipelineRunTimeoutRunningFinally";
	else if (m->cancelled == CANCEL_GRACEFUL)
		reason = "CancelledRunningFinally";
	else if (m->cancelled == CANCEL_STOP)
		reason = "StoppedRunningFinally";
	else if (cancelled || (failed && !open_final))
		reason = "PipelineRunStopping";
	snprintf(text, sizeof(text),
		"Tasks Completed: %d (Failed: %d, Cancelled %d), Incomplete: %d, Skipped: %d",
		done, failed, cancelled, s->g->n - done - skipped - invalid, skipped);
	check(s, s->v->condition.status == CONDITION_UNKNOWN);
	check(s, str_eqz(s->v->condition.reason, reason));
	check(s, str_eqz(s->v->condition.message, text));
}

static void compare(struct sim *s)
{
	/* task runs that ended tell the model; what it creates may have ended at once */
	for (int k = 0; k < MAX_TASKS; k++) {
		bool was_aborted = s->m.aborted;

		learn(s);
		m_reconcile(&s->m);
		if (s->m.aborted && !was_aborted)
			stop_runs(s, C_CANCELLED, true);
		if (s->m.finally_started && !s->finally_at)
			s->finally_at = s->now;
	}
	compare_runs(s);
	for (int i = 0; i < s->g->n; i++) {
		const struct pipeline_task_view *pt = &s->v->pipeline_tasks[i];
		const struct mtask *t = &s->m.t[i];

		check(s, pt->n_task_runs == children(s, i));
		check(s, (pt->state == PT_FAILED_VALIDATION) == t->invalid);
		check(s, (pt->state == PT_DONE) == (t->outcome != M_NONE));
		if (!m_ending(&s->m) && (i >= s->g->n_dag || pt->state == PT_SKIPPED))
			check(s, pt->skip == t->skip);
		if (!m_ending(&s->m) && i < s->g->n_dag && t->skip != SKIP_NONE)
			check(s, pt->state == PT_SKIPPED);
	}
	if (!s->finished && !m_ending(&s->m))
		compare_progress(s);
}

static void expected_verdict(struct sim *s, char *reason, char *message, size_t max)
{
	const struct model *m = &s->m;
	int ok = 0, failed = 0, ignored = 0, cancelled = 0, skipped = 0, invalid = 0, late = 0;
	char text[200], ign[40] = "";

	for (int i = 0; i < s->g->n; i++) {
		const struct mtask *t = &m->t[i];

		ok += t->outcome == M_OK;
		failed += t->outcome == M_FAILED;
		ignored += t->outcome == M_IGNORED;
		cancelled += t->outcome == M_CANCELLED;
		skipped += t->skip != SKIP_NONE && !t->created && !t->invalid;
		late += t->skip == SKIP_TASKS_TIMEOUT && !t->created;
		invalid += t->invalid;
	}
	if (ignored)
		snprintf(ign, sizeof(ign), " (Ignored: %d)", ignored);
	snprintf(text, sizeof(text),
		"Tasks Completed: %d (Failed: %d%s, Cancelled %d), Skipped: %d",
		ok + failed + ignored + cancelled, failed + ignored, ign, cancelled, skipped);
	snprintf(message, max, "%s", text);
	if (m->aborted) {
		snprintf(reason, max, "PipelineValidationFailed");
		snprintf(
			message, max, "PipelineRun default/sim can't be Run; couldn't resolve");
	} else if (m->pipeline_timed_out) {
		snprintf(reason, max, "PipelineRunTimeout");
		snprintf(message, max, "PipelineRun \"sim\" failed to finish within");
	} else if (m->cancelled == CANCEL_NOW) {
		snprintf(reason, max, "Cancelled");
		snprintf(message, max, "PipelineRun \"sim\" was cancelled");
	} else if (m->tasks_timed_out) {
		snprintf(reason, max, "PipelineRunTimeout");
		snprintf(message, max,
			"PipelineRun \"sim\" failed due to tasks failed to finish");
	} else if (invalid) {
		snprintf(reason, max, "PipelineValidationFailed");
		snprintf(message, max, "%s, Failed Validation: %d (task \"t", text, invalid);
	} else if (failed || late) {
		snprintf(reason, max, "Failed");
	} else if (m->cancelled != CANCEL_NONE) {
		snprintf(reason, max, "Cancelled");
		snprintf(message, max, "PipelineRun \"sim\" was cancelled");
	} else if (cancelled) {
		snprintf(reason, max, "Cancelled");
	} else {
		snprintf(reason, max, skipped ? "Completed" : "Succeeded");
	}
}

/* Its results are those that its last attempt left, in the types declared (7.1, 7.3). */
static void check_results(struct sim *s, const struct task_run_view *t)
{
	const struct mrun *r = &s->mr[t->index];
	const struct gtask *g = task_of(s, t->index);
	const struct attempt_view *at = &t->attempts[t->n_attempts - 1];
	bool has_r = r->has_results && g->emits;
	bool has_a = r->has_results && g->array_size >= 0 && !g->bad_array;

	check(s, at->n_results == (size_t)has_r + has_a);
	for (size_t i = 0; i < at->n_results; i++) {
		const struct value *v = &at->results[i].value;

		if (str_eqz(at->results[i].name, "r"))
			check(s, has_r && v->type == VALUE_STRING &&
					 str_eqz(v->string.s, gen_r(r->task)));
		else
			check(s, has_a && v->type == VALUE_ARRAY &&
					 v->n_array == (size_t)g->array_size);
	}
}

/* A param that is a reference is what its producer left (7.4); arrays of fan-outs too (17). */
static void check_param(struct sim *s, const struct gref *ref, const struct value *v)
{
	const struct gtask *p = &s->g->t[ref->task];
	size_t n = 0;

	if (ref->form == REF_STRING) {
		check(s, str_eqz(v->string.s, gen_r(ref->task)));
		return;
	}
	if (ref->form == REF_INDEX) {
		check(s, str_eqz(v->string.s, "x\0y\0z" + 2 * ref->index));
		return;
	}
	if (!gen_is_matrix(p)) {
		check(s, v->n_array == (size_t)p->array_size);
		return;
	}
	for (size_t k = 0; k < s->n_mr; k++)
		n += s->mr[k].task == ref->task && s->mr[k].has_results && p->emits;
	check(s, v->n_array == n);
	for (size_t i = 0; i < n; i++)
		check(s, str_eqz(v->array[i].s, gen_r(ref->task)));
}

/* Section 13, from the model: tasks.status, tasks.T.status, tasks.T.reason. */
static void check_status(struct sim *s, int of, struct str got)
{
	const struct model *m = &s->m;
	const char *all = "Succeeded", *one = "None", *reason = "";
	char text[200];

	for (int i = s->g->n_dag; i-- > 0;) {
		const struct mtask *t = &m->t[i];

		if (t->outcome != M_NONE && t->outcome != M_OK)
			all = "Failed";
		else if (t->skip != SKIP_NONE && !t->created && !t->invalid &&
			 strcmp(all, "Failed") != 0)
			all = "Completed";
	}
	if (m->t[of].outcome != M_NONE)
		one = m->t[of].outcome == M_OK ? "Succeeded" : "Failed";
	for (size_t k = s->n_mr; k-- > 0;)
		if (s->mr[k].task == of && (m->t[of].outcome == M_OK || !s->mr[k].ok))
			reason = s->mr[k].reason;
	snprintf(text, sizeof(text), "%s/%s/%s", all, one, reason);
	check(s, str_eqz(got, text));
}

/* The combination comes first, in order, then the task's own params (17). */
static void check_params(struct sim *s, const struct task_run_view *t, size_t child)
{
	const struct gtask *g = task_of(s, t->index);
	size_t own = gen_is_matrix(g);
	char m[2] = {(char)('x' + child), '\0'};

	check(s, t->n_params == own + (size_t)g->n_refs + (g->asks >= 0));
	if (g->asks >= 0)
		check_status(s, g->asks, t->params[t->n_params - 1].value.string.s);
	if (g->matrix >= 0)
		check(s, t->params[0].value.string.s.n == 2 &&
				 t->params[0].value.string.s.p[1] == (char)('0' + child));
	else if (own)
		check(s, str_eqz(t->params[0].value.string.s, m));
	for (int k = 0; k < g->n_refs; k++)
		check_param(s, &g->refs[k], &t->params[own + (size_t)k].value);
}

static void check_steps(struct sim *s, const struct task_run_view *t)
{
	bool started = s->attempts_seen[t->index] > 0;

	check(s, t->state == TASK_DONE);
	check(s, t->condition.status != CONDITION_UNKNOWN);
	check(s, t->ended_ns >= t->started_ns);
	for (size_t k = 0; k < t->n_attempts; k++) {
		const struct attempt_view *at = &t->attempts[k];
		bool skipped = false;

		check(s, at->condition.status != CONDITION_UNKNOWN && !at->launch);
		for (size_t i = 0; started && i < at->n_steps; i++) {
			const struct step_view *st = &at->steps[i];

			check(s, st->state == STEP_ENDED);
			check(s, st->ended_ns >= st->started_ns);
			check(s, st->termination_reason.n > 0);
			/* once a step was skipped, so is the rest */
			if (skipped)
				check(s, str_eqz(st->termination_reason, "Skipped"));
			skipped |= str_eqz(st->termination_reason, "Skipped");
			check(s, !skipped ||
					 (st->exit_code == 1 && str_eqz(st->reason, "Error")));
		}
		for (size_t i = at->n_steps; i < at->n_steps + at->n_sidecars; i++)
			check(s, at->steps[i].state == STEP_ENDED ||
					 at->steps[i].state == STEP_WAITING);
	}
}

static void check_end(struct sim *s)
{
	char reason[256], message[256];

	expected_verdict(s, reason, message, sizeof(message));
	check(s, s->v->is_done);
	check(s, agent_deadline_ns(s->a) == INT64_MAX);
	check(s, str_eqz(s->v->condition.reason, reason));
	check(s, str_starts(s->v->condition.message, str_z(message)));
	check(s, s->active == 0);
	for (int i = 0; i < s->g->n; i++)
		for (size_t k = 0; k < s->v->pipeline_tasks[i].n_task_runs; k++)
			check_params(
				s, s->v->task_runs[s->v->pipeline_tasks[i].task_runs[k]], k);
	for (size_t i = 0; i < s->v->n_task_runs; i++) {
		check(s, s->f[i].state == FLIGHT_NONE || s->f[i].state == FLIGHT_OVER);
		check_steps(s, s->v->task_runs[i]);
		check_results(s, s->v->task_runs[i]);
	}
	check(s, !s->v->n_task_runs || s->m.finally_started || m_ending(&s->m));
}

/* --- the clock */

static void feed(struct sim *s, struct event *ev)
{
	ev->now_ns = s->now;
	ev->wall_ns = s->now + 1000000 * S;
	agent_feed(s->a, ev);
	drain(s);
	compare(s);
}

static void give_results(struct sim *s, struct event *ev, struct result_got *got)
{
	const struct flight *f = &s->f[ev->task];
	const struct gtask *g = task_of(s, ev->task);
	size_t pt = s->v->task_runs[ev->task]->pipeline_task;

	for (size_t i = 0; i < f->launch->n_results; i++) {
		bool is_r = str_eqz(f->launch->results[i].name, "r");

		got[i] = (struct result_got){.name = f->launch->results[i].name};
		got[i].present = is_r ? g->emits : g->array_size >= 0;
		if (got[i].present)
			got[i].text = str_z(is_r ? gen_r((int)pt) : gen_a(g));
	}
	ev->results = got;
	ev->n_results = f->launch->n_results;
}

/* Brings the runner's own books up to date before the agent hears of it. */
static bool arrives(struct sim *s, struct event *ev, struct result_got *got)
{
	struct flight *f = &s->f[ev->task];

	if (ev->kind == EVENT_CANCEL)
		return true;
	if (f->attempt != ev->attempt || f->state == FLIGHT_OVER) /* late answers do no harm */
		return ev->kind == EVENT_TASK_WAITS || ev->kind == EVENT_TASK_READY ||
		       is_of_sidecar(ev);
	if (is_of_sidecar(ev))
		return sidecar_arrives(s, ev);
	switch (ev->kind) {
	case EVENT_TASK_WAITS:
		break;
	case EVENT_TASK_READY:
	case EVENT_TASK_REFUSED:
		f->state = READY;
		break;
	case EVENT_STEP_STARTED:
		f->state = STEP_UP;
		f->step = ev->step;
		f->waits = gen_breaks_before(s->g, s->mr[ev->task].task, (int)ev->step) &&
			   !f->asked;
		break;
	case EVENT_STEP_HALTED:
		if (f->state != STEP_UP || f->step != ev->step || f->waits || f->is_released)
			return false;
		f->waits = f->has_failed = true;
		f->dying = false;
		f->end = *ev;
		break;
	case EVENT_STEP_RELEASED:
		return f->waits && f->step == ev->step;
	case EVENT_STEP_REFUSED:
		f->state = READY;
		break;
	case EVENT_STEP_ENDED:
		if (f->state != STEP_UP || f->step != ev->step)
			return false; /* it was killed before its natural end */
		give_results(s, ev, got);
		f->state = READY;
		f->step++;
		break;
	case EVENT_START:
	case EVENT_SIDECAR_STARTED: /* above */
	case EVENT_SIDECAR_REFUSED:
	case EVENT_SIDECAR_READY:
	case EVENT_SIDECAR_UNREADY:
	case EVENT_SIDECAR_ENDED:
	case EVENT_TICK:
	case EVENT_CANCEL:
	case EVENT_RESUME:
		break;
	}
	return true;
}

static void note_cancel(struct sim *s, const struct event *ev)
{
	if (s->m.cancelled >= ev->cancel || s->finished)
		return;
	s->m.cancelled = ev->cancel;
	if (ev->cancel != CANCEL_STOP)
		stop_runs(s, C_CANCELLED, ev->cancel == CANCEL_NOW);
	if (ev->grace_ns && ev->cancel != CANCEL_NOW) {
		int64_t reserve = ev->grace_ns / 2 < 2 * S ? ev->grace_ns / 2 : 2 * S;
		int64_t end = s->now + ev->grace_ns - reserve;

		if (!s->grace_end || end < s->grace_end)
			s->grace_end = end;
	}
}

/* What the clock alone decides, as sections 15 and 16 say. */
static void note_tick(struct sim *s)
{
	const struct gen *g = s->g;
	int64_t pipeline = (g->pipeline_s ? g->pipeline_s : 3600) * S;
	int64_t tasks = g->tasks_s * S;
	int64_t finally = g->finally_s * S;
	bool open = false;

	for (size_t k = 0; k < s->n_mr; k++)
		r_tick(&s->m, &s->mr[k], s->now);
	if (g->finally_s)
		tasks = pipeline - finally;
	else if (g->tasks_s)
		finally = pipeline - tasks;
	if (m_ending(&s->m))
		return;
	for (int i = 0; i < g->n_dag; i++)
		open |= !m_done(&s->m, i);
	if (s->grace_end && s->now >= s->grace_end) {
		s->m.cancelled = CANCEL_NOW;
		stop_runs(s, C_CANCELLED, true);
	} else if (s->now >= pipeline + S) {
		s->m.pipeline_timed_out = true;
		stop_runs(s, C_RUN_TIMEOUT, true);
	} else if (tasks && s->now >= tasks + S && open) {
		s->m.tasks_timed_out = true;
		stop_runs(s, C_RUN_TIMEOUT, false);
	} else if (finally && s->finally_at && s->now >= s->finally_at + finally) {
		stop_runs(s, C_RUN_TIMEOUT, true);
	}
}

static bool next_pending(struct sim *s, int64_t before, struct pending *ret)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < s->n_q; i++)
		if (best == SIZE_MAX || s->q[i].at < s->q[best].at ||
			(s->q[i].at == s->q[best].at && s->q[i].order < s->q[best].order))
			best = i;
	if (best == SIZE_MAX || s->q[best].at > before)
		return false;
	*ret = s->q[best];
	s->q[best] = s->q[--s->n_q];
	return true;
}

/* A step that is up gets its natural end; one that was stopped while booting dies of it. */
static void after_start(struct sim *s, const struct event *ev)
{
	struct flight *f = &s->f[ev->task];

	if (ev->kind == EVENT_STEP_STARTED && f->state == STEP_UP && f->asked &&
		!s->g->stubborn)
		check(s, f->dying); /* the signal was repeated */
	if (f->waits && (ev->kind == EVENT_STEP_STARTED || ev->kind == EVENT_STEP_HALTED)) {
		wait_for_release(s, ev->task);
		return;
	}
	if (ev->kind == EVENT_STEP_STARTED && f->state == STEP_UP && !f->dying)
		end_step(s, ev->task, (int64_t)pick(&s->r, 5000) * NS_PER_MS, 0, false);
}

static bool turn(struct sim *s)
{
	struct result_got got[4];
	struct pending p;
	int64_t deadline = agent_deadline_ns(s->a);

	if (next_pending(s, deadline, &p)) {
		s->now = p.at;
		if (!arrives(s, &p.ev, got))
			return true;
		if (p.ev.kind == EVENT_CANCEL)
			note_cancel(s, &p.ev);
		else
			r_event(&s->m, &s->mr[p.ev.task], &p.ev, s->now);
		feed(s, &p.ev);
		after_start(s, &p.ev);
		return true;
	}
	if (deadline == INT64_MAX)
		return false;
	check(s, deadline >= s->now);
	s->now = deadline;
	note_tick(s);
	feed(s, &(struct event){.kind = EVENT_TICK});
	return true;
}

static void run_one(uint64_t seed)
{
	struct gen g;
	struct arena *arena = arena_new();
	struct sim *s = arena_new_object(arena, struct sim);
	struct spec_input in = {.name = STR("sim.yaml")};
	struct spec_options so = {0};
	struct agent_options o = {.uid = STR("00000000-0000-4000-8000-000000000001")};
	struct spec *spec;
	struct diags diags;

	gen_make(&g, seed);
	in.text = gen_yaml(arena, &g);
	spec = spec_load(arena, &in, 1, &so);
	s->g = &g;
	s->m.g = &g;
	if (!spec_ok(spec)) {
		struct buf b;

		buf_init(&b, MIB);
		diags_print(spec->diags, false, &b);
		print_error("%s\n%s", str_c(in.text), str_c(buf_str(&b)));
		fail();
	}
	const struct break_override breaks[] = {{STR("t0"), STR("s0")},
		{STR("t1"), arena_printf(arena, "s%d", g.t[1].n_steps - 1)}};

	o.max_parallel = (size_t)g.max_parallel;
	o.breaks_on_failure = g.breaks_on_failure;
	o.breaks = breaks;
	o.n_breaks = g.breaks_before ? ARRAY_SIZE(breaks) : 0;
	diags_init(&diags, arena, spec->sources);
	s->r.x = mix(seed + 77);
	s->now = S;
	s->a = agent_new(spec, &spec->runs[0], &o, &diags);
	s->v = agent_view(s->a);
	check(s, diags.n == 0);
	for (int k = 0; k < g.n_cancels; k++)
		post(s, g.cancel_at[k],
			(struct event){.kind = EVENT_CANCEL,
				.cancel = g.cancel[k],
				.grace_ns = g.grace_ns});
	feed(s, &(struct event){.kind = EVENT_START});
	for (int k = 0; k < 100000 && !s->finished && turn(s); k++)
		;
	check(s, s->finished);
	check_end(s);
	agent_free(s->a);
	arena_free(arena);
}

static void test_random(void **state)
{
	const char *one = getenv("SIM_SEED");

	(void)state;
	if (one) {
		uint64_t seed;

		assert_int_equal(num_u64(str_z(one), UINT64_MAX, &seed, NULL), 0);
		run_one(seed);
		return;
	}
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++)
		run_one(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
