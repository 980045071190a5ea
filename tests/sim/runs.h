/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second, naive model of one task run, from the text of sections 7.1, 14, 15, 16 and 22: what
 * the fake runner saw and did, and the clock, decide how it ends; the agent is not asked.
 */
#ifndef TESTS_SIM_RUNS_H
#define TESTS_SIM_RUNS_H

#include "model.h"

enum m_cause { C_NONE, C_TIMEOUT, C_CANCELLED, C_RUN_TIMEOUT };
enum m_stage { R_HELD, R_PREPARING, R_SIDECARS, R_STEPS, R_OVER };
struct mrun {
	int task;
	enum m_stage stage;
	int attempt;
	int step;
	bool beside[MAX_SIDECARS]; /* that sidecar is ready or over */
	bool sidecar_failed, sidecar_oom;
	int64_t end_at;      /* of the attempt's time; INT64_MAX: it does not run */
	int64_t left_ns;     /* of it then */
	int64_t step_end_at; /* of the step's; 0: none */
	bool step_late;
	bool has_halted; /* the step's program has failed, and a breakpoint keeps it */
	enum release release;
	enum m_cause cause;
	const char *reason; /* of the end */
	bool ok;
	bool has_results; /* some step of the last attempt ended by itself */
};

/* What forbids another attempt: cancellation and the run's own timeouts (14, 15, 16). */
static bool r_may_retry(const struct model *m, const struct mrun *r)
{
	const struct gtask *g = &m->g->t[r->task];

	if (r->cause == C_CANCELLED || r->cause == C_RUN_TIMEOUT || r->attempt >= g->retries)
		return false;
	if (m_ending(m))
		return false;
	return g->is_finally || (m->cancelled != CANCEL_GRACEFUL && !m->tasks_timed_out);
}

static void r_end(const struct model *m, struct mrun *r, const char *reason, bool ok)
{
	if (!ok && r_may_retry(m, r)) {
		*r = (struct mrun){.task = r->task, .stage = R_HELD, .attempt = r->attempt + 1};
		return;
	}
	r->stage = R_OVER;
	r->reason = reason;
	r->ok = ok;
}

/* Stopped from outside: the reason is that of the cause, and results are lost. */
static void r_end_stopped(const struct model *m, struct mrun *r)
{
	r->has_results = false;
	r_end(m, r, r->cause == C_TIMEOUT ? "TaskRunTimeout" : "TaskRunCancelled", false);
}

static void r_stop(const struct model *m, struct mrun *r, enum m_cause cause)
{
	if (r->stage == R_OVER || r->cause != C_NONE)
		return;
	r->cause = cause;
	if (r->stage != R_STEPS)
		r_end_stopped(m, r);
}

/* What the clock brought. */
static void r_tick(const struct model *m, struct mrun *r, int64_t now)
{
	if (r->stage == R_HELD || r->stage == R_OVER)
		return;
	if (r->step_end_at && now >= r->step_end_at && r->cause == C_NONE)
		r->step_late = true;
	if (now >= r->end_at)
		r_stop(m, r, C_TIMEOUT);
}

static void r_start(const struct model *m, struct mrun *r, int64_t now)
{
	r->stage = R_PREPARING;
	r->end_at = now + gen_task_timeout_ns(&m->g->t[r->task], r->task);
}

/* Section 14: onError covers a process that really ran. */
static bool r_goes_on(const struct gtask *g, const struct mrun *r, const struct event *ev)
{
	if (r->step_late)
		return false;
	if (ev->end == STEP_END_EXITED && !ev->exit_code)
		return true;
	return g->step_continue[r->step] && ev->end != STEP_END_EXEC_FAILED &&
	       ev->end != STEP_END_LOST;
}

static void r_steps_over(const struct model *m, struct mrun *r, const char *failure)
{
	const struct gtask *g = &m->g->t[r->task];

	r->has_results = true;
	if (failure)
		r_end(m, r, g->on_error_continue ? "FailureIgnored" : failure, false);
	else if (g->bad_array)
		r_end(m, r, "TaskRunValidationFailed", false);
	else
		r_end(m, r, "Succeeded", true);
}

/* Section 22: a sidecar that failed is nothing as long as the steps succeed; else it is to
 * blame. */
static const char *r_blame(const struct mrun *r, const struct event *ev)
{
	if (r->sidecar_oom)
		return "SidecarOOM";
	if (!r->step_late && ev->end == STEP_END_OOM)
		return "StepOOM";
	return r->sidecar_failed ? "SidecarFailed" : "StepFailed";
}

/* The steps begin when every sidecar is ready or over. */
static void r_begin(const struct model *m, struct mrun *r)
{
	if (r->stage != R_SIDECARS)
		return;
	for (int k = 0; k < m->g->t[r->task].n_sidecars; k++)
		if (!r->beside[k])
			return;
	r->stage = R_STEPS;
}

static void r_sidecar_ended(const struct model *m, struct mrun *r, const struct event *ev)
{
	r->beside[(int)ev->step - m->g->t[r->task].n_steps] = true;
	r->sidecar_oom |= ev->end == STEP_END_OOM;
	r->sidecar_failed |= ev->end != STEP_END_EXITED || ev->exit_code;
}

static void r_step_ended(const struct model *m, struct mrun *r, const struct event *ev)
{
	const struct gtask *g = &m->g->t[r->task];

	enum release release = r->release;

	r->step_end_at = 0;
	r->release = RELEASE_NONE;
	r->has_halted = false;
	if (r->cause != C_NONE)
		r_end_stopped(m, r);
	else if (release == RELEASE_FAIL || (!release && !r_goes_on(g, r, ev)))
		r_steps_over(m, r, r_blame(r, ev));
	else if (++r->step == g->n_steps)
		r_steps_over(m, r, NULL);
	else
		r->step_late = false;
}

/* Section 25: the step's clock stands while it waits, and begins with its program. */
static void r_released(struct mrun *r, const struct event *ev, int64_t step_end_at)
{
	if (r->cause != C_NONE)
		return;
	if (r->has_halted || ev->release == RELEASE_FAIL)
		r->release = ev->release;
	else
		r->step_end_at = step_end_at;
}

static bool gen_breaks_before(const struct gen *g, int task, int step)
{
	return g->breaks_before &&
	       ((task == 0 && step == 0) || (task == 1 && step == g->t[1].n_steps - 1));
}

/* An event of the attempt that is going on, before the agent hears of it. */
static void r_event(const struct model *m, struct mrun *r, const struct event *ev, int64_t now)
{
	int64_t limit;

	if (r->stage == R_OVER || r->stage == R_HELD || (int)ev->attempt != r->attempt)
		return;
	switch (ev->kind) {
	case EVENT_TASK_WAITS:
		r->left_ns = r->end_at - now;
		r->end_at = INT64_MAX;
		break;
	case EVENT_TASK_READY:
		if (r->end_at == INT64_MAX)
			r->end_at = now + r->left_ns;
		r->stage = R_SIDECARS;
		break;
	case EVENT_TASK_REFUSED:
	case EVENT_STEP_REFUSED:
	case EVENT_SIDECAR_REFUSED:
		if (r->cause != C_NONE)
			r_end_stopped(m, r);
		else
			r_end(m, r, str_c(ev->reason), false);
		break;
	case EVENT_STEP_STARTED:
		limit = gen_step_timeout_ns(&m->g->t[r->task], (int)ev->step);
		r->step_end_at = limit && !gen_breaks_before(m->g, r->task, (int)ev->step)
					 ? now + limit
					 : 0;
		break;
	case EVENT_STEP_HALTED:
		r->step_end_at = 0;
		r->has_halted = true;
		break;
	case EVENT_STEP_RELEASED:
		limit = gen_step_timeout_ns(&m->g->t[r->task], (int)ev->step);
		r_released(r, ev, limit ? now + limit : 0);
		break;
	case EVENT_STEP_ENDED:
		r_step_ended(m, r, ev);
		break;
	case EVENT_SIDECAR_READY:
		r->beside[(int)ev->step - m->g->t[r->task].n_steps] = true;
		break;
	case EVENT_SIDECAR_ENDED:
		r_sidecar_ended(m, r, ev);
		break;
	case EVENT_START:
	case EVENT_SIDECAR_STARTED:
	case EVENT_SIDECAR_UNREADY: /* they have no probes */
	case EVENT_TICK:
	case EVENT_CANCEL:
	case EVENT_RESUME:
		break;
	}
	r_begin(m, r);
}

#endif
