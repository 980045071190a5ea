/* SPDX-License-Identifier: Apache-2.0 */
/* A second, naive model of section 11, from its text: everything is computed anew every time.
 */
#ifndef TESTS_SIM_MODEL_H
#define TESTS_SIM_MODEL_H

#include "gen.h"
#include <monopod/agent.h>

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
	bool there = array ? p->has_a : gen_is_matrix(g) ? p->n_r > 0 : p->has_r;

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

#endif
