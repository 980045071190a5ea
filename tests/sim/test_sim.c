/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Simulation of the scheduler: random pipelines, a fake runner with a virtual clock, and beside
 * the agent a second, naive model of tekton-semantics 11 that is recomputed from nothing after
 * every event, as a reconciler would. Both must agree on what was created, on every skip reason
 * and on the run's condition; the runner checks the protocol of actions.
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

#include "gen.h"

enum { MAX_RUNS = 128, MAX_FLIGHT = 512, N_SEEDS = 4000 };

/* --- the naive model: section 11 from its text */

enum m_outcome { M_NONE, M_OK, M_FAILED, M_IGNORED, M_CANCELLED };
struct mtask {
	bool created;
	bool invalid;
	enum skip_reason skip; /* as last computed */
	enum m_outcome outcome;
	bool has_r;
	int n_r; /* number of children with r, for fan-outs */
	bool has_a;
};
struct model {
	const struct gen *g;
	struct mtask t[MAX_TASKS];
	enum cancel_mode cancelled;
	bool pipeline_timed_out, tasks_timed_out, aborted;
	bool finally_started;
	/* memo of one computation of skips */
	bool known[MAX_TASKS];
};

static bool m_is_matrix(const struct gtask *t)
{
	return t->matrix >= 0 || t->matrix_from >= 0;
}
static bool m_parent(const struct gen *g, int i, int p)
{
	const struct gtask *t = &g->t[i];

	if (t->is_finally)
		return false;
	for (int k = 0; k < t->n_refs; k++)
		if (t->refs[k].task == p)
			return true;
	return t->after[p] || t->matrix_from == p ||
	       (t->when >= WHEN_RESULT_IN && t->when_task == p);
}
static bool m_stopping(const struct model *m)
{
	for (int i = 0; i < m->g->n_dag; i++) {
		if (m->t[i].invalid)
			return true;
		if (!m->g->t[i].on_error_continue &&
			(m->t[i].outcome == M_FAILED || m->t[i].outcome == M_CANCELLED))
			return true;
	}
	return false;
}
static enum skip_reason m_skip(struct model *m, int i);

static bool m_done(struct model *m, int i)
{
	return m->t[i].outcome != M_NONE || m->t[i].invalid || m_skip(m, i) != SKIP_NONE;
}
static bool m_parents_done(struct model *m, int i)
{
	for (int p = 0; p < m->g->n_dag; p++)
		if (m_parent(m->g, i, p) && !m_done(m, p))
			return false;
	return true;
}
static bool m_when(const struct model *m, int i)
{
	const struct gtask *t = &m->g->t[i];
	bool listed;

	if (t->when == WHEN_NONE || t->when == WHEN_TRUE)
		return true;
	if (t->when == WHEN_FALSE)
		return false;
	listed = m->t[t->when_task].has_r && t->when_task <= 2;
	return t->when == WHEN_RESULT_IN ? listed : !listed;
}
/* 0: there, 1: index, 2: forgotten, 3: missing because of a skip or failure */
static int m_ref_state(const struct model *m, int task, bool array, int index)
{
	const struct mtask *p = &m->t[task];
	const struct gtask *g = &m->g->t[task];
	bool there = array ? p->has_a : m_is_matrix(g) ? p->n_r > 0 : p->has_r;

	if (there)
		return index >= g->array_size && index >= 0 ? 1 : 0;
	return p->outcome == M_OK || p->outcome == M_IGNORED ? 2 : 3;
}
static int m_supply(const struct model *m, int i)
{
	const struct gtask *t = &m->g->t[i];
	int worst = 0;

	for (int k = 0; k < t->n_refs + 2; k++) {
		int s;

		if (k < t->n_refs)
			s = m_ref_state(m, t->refs[k].task,
				t->refs[k].form == REF_INDEX || is_array_ref(m->g, &t->refs[k]),
				t->refs[k].form == REF_INDEX ? t->refs[k].index : -1);
		else if (k == t->n_refs && t->matrix_from >= 0)
			s = m_ref_state(m, t->matrix_from, true, -1);
		else if (k == t->n_refs + 1 && t->when >= WHEN_RESULT_IN)
			s = m_ref_state(m, t->when_task, false, -1);
		else
			continue;
		if (s == 2 && (t->is_finally || t->on_error_continue))
			s = 3;
		if (s > worst)
			worst = s;
	}
	return worst;
}
static bool m_empty_matrix(const struct model *m, int i)
{
	const struct gtask *t = &m->g->t[i];

	return t->matrix == 0 || (t->matrix_from >= 0 && m->t[t->matrix_from].has_a &&
					 m->g->t[t->matrix_from].array_size == 0);
}
static bool m_skipped_parent(struct model *m, int i)
{
	for (int p = 0; p < m->g->n_dag; p++)
		if (m_parent(m->g, i, p) && m_skip(m, p) != SKIP_NONE &&
			m_skip(m, p) != SKIP_WHEN)
			return true;
	return false;
}
static enum skip_reason m_dag_rules(struct model *m, int i)
{
	bool ready;

	if (m->t[i].created || m->t[i].invalid)
		return SKIP_NONE;
	if (m_stopping(m))
		return SKIP_STOPPING;
	if (m->cancelled == CANCEL_GRACEFUL)
		return SKIP_GRACEFULLY_CANCELLED;
	if (m->cancelled == CANCEL_STOP)
		return SKIP_GRACEFULLY_STOPPED;
	ready = m_parents_done(m, i);
	if (!ready)
		return SKIP_NONE;
	if (!m_when(m, i))
		return SKIP_WHEN;
	if (m_skipped_parent(m, i))
		return SKIP_PARENT;
	if (m_supply(m, i) == 3)
		return SKIP_MISSING_RESULT;
	if (m->tasks_timed_out)
		return SKIP_TASKS_TIMEOUT;
	return m_empty_matrix(m, i) ? SKIP_EMPTY_MATRIX : SKIP_NONE;
}
static enum skip_reason m_skip(struct model *m, int i)
{
	if (!m->known[i]) {
		m->t[i].skip = m_dag_rules(m, i);
		m->known[i] = true;
	}
	return m->t[i].skip;
}
static void m_all_skips(struct model *m)
{
	memset(m->known, 0, sizeof(m->known));
	for (int i = 0; i < m->g->n_dag; i++)
		(void)m_skip(m, i);
}
static bool m_ending(const struct model *m)
{
	return m->aborted || m->pipeline_timed_out || m->cancelled == CANCEL_NOW;
}
/* One reconciliation of the dag; true when something changed. */
static bool m_reconcile_dag(struct model *m)
{
	bool invalid = false, created = false;
	bool go[MAX_TASKS] = {false};

	m_all_skips(m);
	if (m_stopping(m) || m->cancelled != CANCEL_NONE)
		return false;
	for (int i = 0; i < m->g->n_dag; i++)
		go[i] = !m->t[i].created && !m->t[i].invalid && m->t[i].skip == SKIP_NONE &&
			m_parents_done(m, i);
	for (int i = 0; i < m->g->n_dag; i++)
		if (go[i] && m_supply(m, i) == 2)
			invalid = m->t[i].invalid = true;
	for (int i = 0; i < m->g->n_dag && !invalid; i++)
		if (go[i] && m_supply(m, i) == 1) {
			m->aborted = true;
			return false;
		}
	for (int i = 0; i < m->g->n_dag && !invalid; i++)
		if (go[i])
			created = m->t[i].created = true;
	return invalid || created;
}
static void m_reconcile_finally(struct model *m)
{
	for (int i = 0; i < m->g->n_dag; i++)
		if (!m_done(m, i))
			return;
	if (m->finally_started)
		return;
	m->finally_started = true;
	for (int i = m->g->n_dag; i < m->g->n; i++) {
		struct mtask *t = &m->t[i];

		if (m_supply(m, i) == 3)
			t->skip = SKIP_MISSING_RESULT;
		else if (!m_when(m, i))
			t->skip = SKIP_WHEN;
		else if (m_empty_matrix(m, i))
			t->skip = SKIP_EMPTY_MATRIX;
		else if (m_supply(m, i) == 1)
			m->aborted = true;
	}
	for (int i = m->g->n_dag; i < m->g->n && !m->aborted; i++)
		m->t[i].created = m->t[i].skip == SKIP_NONE;
}
static void m_reconcile(struct model *m)
{
	if (m_ending(m))
		return;
	while (m_reconcile_dag(m))
		;
	m_all_skips(m);
	if (!m->aborted)
		m_reconcile_finally(m);
}

/* --- the fake runner */

enum flight_state { FLIGHT_NONE, PREPARING, READY, STEP_BOOT, STEP_UP, FLIGHT_OVER };
struct flight { /* a task run's current attempt as the runner knows it */
	size_t attempt;
	enum flight_state state;
	size_t step;
	bool dying;
	bool asked; /* to stop while it was being started */
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

static void end_step(struct sim *s, size_t run, int64_t delay, int sig)
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
	post(s, delay, ev);
}

/* --- actions */

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
	struct event ev;

	check(s, x->task < MAX_RUNS && x->launch);
	f = &s->f[x->task];
	check(s, f->state == FLIGHT_NONE || f->state == FLIGHT_OVER);
	check(s, (int)x->attempt == s->attempts_seen[x->task]++);
	check(s, x->launch->attempt == x->attempt && x->launch->task == x->task);
	check_parents(s, t->pipeline_task);
	check_may_start(s, t->pipeline_task);
	*f = (struct flight){.attempt = x->attempt, .state = PREPARING, .launch = x->launch};
	s->active++;
	check(s, !s->g->max_parallel || s->active <= s->g->max_parallel);
	ev = about(s, x->task, EVENT_TASK_READY);
	if (chance(&s->r, s->g->refuse_percent)) {
		ev.kind = EVENT_TASK_REFUSED;
		ev.reason = STR("PodCreationFailed");
		ev.message = STR("no room");
	}
	post(s, (int64_t)pick(&s->r, 300) * NS_PER_MS, ev);
}

static void on_start_step(struct sim *s, const struct action *x)
{
	struct flight *f = &s->f[x->task];
	struct event ev;

	check(s, f->attempt == x->attempt && f->state == READY && f->step == x->step);
	check(s, x->launch == f->launch && x->step < f->launch->n_steps);
	f->state = STEP_BOOT;
	f->dying = f->asked = false;
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
	if (f->state == STEP_BOOT || f->dying || (x->signal == SIGTERM && s->g->stubborn))
		return;
	f->dying = true;
	end_step(s, x->task, (int64_t)pick(&s->r, 200) * NS_PER_MS, x->signal);
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
		case ACTION_SKIP_STEP:
			break;
		case ACTION_STOP_STEP:
			on_stop_step(s, &x);
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

/* --- model and agent side by side */

static enum m_outcome seen_outcome(struct sim *s, const struct pipeline_task_view *pt, int i)
{
	bool failed = false, cancelled = false, timed_out = false;

	for (size_t k = 0; k < pt->n_task_runs; k++) {
		const struct task_run_view *t = s->v->task_runs[pt->task_runs[k]];
		const struct condition *c = &t->condition;

		if (t->state != TASK_DONE)
			return M_NONE;
		/* the consequence of an abort that the model has yet to find */
		if (!s->m.aborted && str_has(c->message, STR("cannot go on")))
			return M_NONE;
		failed |= c->status == CONDITION_FALSE;
		if (!str_eqz(c->reason, "TaskRunCancelled"))
			continue;
		if (str_has(c->message, STR("timed out")))
			timed_out = true;
		else
			cancelled = true;
	}
	if (!failed)
		return M_OK;
	if (timed_out)
		return M_FAILED;
	if (cancelled)
		return M_CANCELLED;
	return s->g->t[i].on_error_continue ? M_IGNORED : M_FAILED;
}

/* Results that the last attempt of a done task run must have, from the runner's own books. */
static bool seen_result(struct sim *s, const struct task_run_view *t, const char *name)
{
	const struct attempt_view *at = &t->attempts[t->n_attempts - 1];

	for (size_t i = 0; i < at->n_results; i++)
		if (str_eqz(at->results[i].name, name))
			return true;
	(void)s;
	return false;
}

static void learn(struct sim *s)
{
	for (int i = 0; i < s->g->n; i++) {
		const struct pipeline_task_view *pt = &s->v->pipeline_tasks[i];
		struct mtask *t = &s->m.t[i];

		if (!t->created || t->outcome != M_NONE || !pt->n_task_runs)
			continue;
		t->outcome = seen_outcome(s, pt, i);
		if (t->outcome == M_NONE)
			continue;
		for (size_t k = 0; k < pt->n_task_runs; k++)
			t->n_r += seen_result(s, s->v->task_runs[pt->task_runs[k]], "r");
		t->has_r = t->n_r > 0 && !m_is_matrix(&s->g->t[i]);
		t->has_a = seen_result(s, s->v->task_runs[pt->task_runs[0]], "a");
	}
}

static void compare(struct sim *s)
{
	/* task runs that ended tell the model; what it creates may have ended at once */
	for (int k = 0; k < MAX_TASKS; k++) {
		learn(s);
		m_reconcile(&s->m);
	}
	for (int i = 0; i < s->g->n; i++) {
		const struct pipeline_task_view *pt = &s->v->pipeline_tasks[i];
		const struct mtask *t = &s->m.t[i];

		check(s, (pt->n_task_runs > 0) == t->created);
		check(s, (pt->state == PT_FAILED_VALIDATION) == t->invalid);
		check(s, (pt->state == PT_DONE) == (t->outcome != M_NONE));
		if (!m_ending(&s->m) && (i >= s->g->n_dag || pt->state == PT_SKIPPED))
			check(s, pt->skip == t->skip);
		if (!m_ending(&s->m) && i < s->g->n_dag && t->skip != SKIP_NONE)
			check(s, pt->state == PT_SKIPPED);
	}
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

/* Without surprises the fate of every task run is known beforehand. */
static void check_task_run(struct sim *s, const struct task_run_view *t)
{
	const struct gtask *g = task_of(s, t->index);
	size_t attempt = 0;
	bool ok = false;

	for (; attempt <= (size_t)g->retries; attempt++) {
		int step = 0;

		for (; step < g->n_steps; step++) {
			enum step_end end = fail_kind(s, t->index, attempt, (size_t)step);
			bool go_on = g->step_continue[step] && end != STEP_END_EXEC_FAILED &&
				     end != STEP_END_LOST;

			if (step_fails(s, t->index, attempt, (size_t)step) && !go_on)
				break;
		}
		ok = step == g->n_steps;
		if (ok)
			break;
	}
	check(s, (t->condition.status == CONDITION_TRUE) == ok);
	check(s, t->n_attempts == (ok ? attempt + 1 : (size_t)g->retries + 1));
	if (!ok && g->on_error_continue)
		check(s, str_eqz(t->condition.reason, "FailureIgnored"));
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
	for (size_t i = 0; i < s->v->n_task_runs; i++) {
		check(s, s->f[i].state == FLIGHT_NONE || s->f[i].state == FLIGHT_OVER);
		check_steps(s, s->v->task_runs[i]);
		if (!s->g->has_surprises && !s->m.aborted)
			check_task_run(s, s->v->task_runs[i]);
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
	static const char *const arrays[] = {
		"[]", "[\"x\"]", "[\"x\",\"y\"]", "[\"x\",\"y\",\"z\"]"};
	static const char *const texts[] = {"vt0", "vt1", "vt2", "other"};
	size_t pt = s->v->task_runs[ev->task]->pipeline_task;

	for (size_t i = 0; i < f->launch->n_results; i++) {
		bool is_r = str_eqz(f->launch->results[i].name, "r");

		got[i] = (struct result_got){.name = f->launch->results[i].name};
		got[i].present = is_r ? g->emits : g->array_size >= 0;
		if (got[i].present)
			got[i].text =
				str_z(is_r ? texts[pt < 3 ? pt : 3] : arrays[g->array_size]);
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
	if (f->attempt != ev->attempt || f->state == FLIGHT_OVER)
		return ev->kind == EVENT_TASK_READY; /* late answers do no harm */
	switch (ev->kind) {
	case EVENT_TASK_READY:
	case EVENT_TASK_REFUSED:
		f->state = READY;
		break;
	case EVENT_STEP_STARTED:
		f->state = STEP_UP;
		f->step = ev->step;
		break;
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
	bool open = false;

	if (g->finally_s)
		tasks = pipeline - g->finally_s * S;
	if (m_ending(&s->m))
		return;
	for (int i = 0; i < g->n_dag; i++)
		open |= !m_done(&s->m, i);
	if (s->grace_end && s->now >= s->grace_end) {
		s->m.cancelled = CANCEL_NOW;
		return;
	}
	if (s->now >= pipeline + S)
		s->m.pipeline_timed_out = true;
	else if (tasks && s->now >= tasks + S && open)
		s->m.tasks_timed_out = true;
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
	if (ev->kind == EVENT_STEP_STARTED && f->state == STEP_UP && !f->dying)
		end_step(s, ev->task, (int64_t)pick(&s->r, 5000) * NS_PER_MS, 0);
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
	o.max_parallel = (size_t)g.max_parallel;
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
