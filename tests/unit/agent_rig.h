/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rig for tests of agent/: YAML in, a fake runner that carries actions out at once and ends
 * steps as a table of fates says, and the run's view.
 */
#ifndef TESTS_UNIT_AGENT_RIG_H
#define TESTS_UNIT_AGENT_RIG_H

#include <base/bounds.h>
#include <base/json.h>
#include <base/num.h>
#include <monopod/agent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RIG_UID "00000000-0000-4000-8000-000000000001"

struct fate { /* how a step ends; the first row that fits, else exit 0 without results */
	const char *task; /* TaskRun */
	int attempt;      /* -1: every */
	int step;         /* -1: every */
	enum step_end end;
	int exit_code;
	int signal;
	/* name, text, name, text …; text "!x": the problem x; name "@x": result x of the step;
	 * "<step" and "<task": the files of artifacts */
	const char *results[10];
	bool hangs; /* does not end by itself */
};
/* A sidecar with a fate ends as that says and is never ready; one that hangs is not even that.
 */

enum { RIG_ACTIONS = 4096, RIG_EVENTS = 4096 };

struct rig {
	struct arena *arena;
	struct spec *spec;
	struct agent *agent;
	const struct run_view *view;
	struct diags diags;
	struct agent_options opts;
	const struct fate *fates;
	size_t n_fates;
	struct event queue[RIG_EVENTS];
	size_t head, tail;
	struct action actions[RIG_ACTIONS]; /* everything handed out, records left out */
	size_t n_actions;
	char *records; /* one a line */
	size_t n_records;
	int64_t now_ns;
	bool finished;
	bool holds_tasks;    /* START_TASK is not answered */
	bool holds_sidecars; /* nor is START_SIDECAR */
	bool is_touched;     /* the test wrote into the state: it cannot be made again */
};

static inline const struct fate *rig_fate(
	struct rig *r, size_t task, size_t attempt, size_t step)
{
	for (size_t i = 0; i < r->n_fates; i++) {
		const struct fate *f = &r->fates[i];

		if (str_eqz(r->view->task_runs[task]->name, f->task) &&
			(f->attempt < 0 || (size_t)f->attempt == attempt) &&
			(f->step < 0 || (size_t)f->step == step))
			return f;
	}
	return NULL;
}

static inline void rig_results(
	struct rig *r, const struct action *x, const struct fate *f, struct event *ev)
{
	size_t n = x->launch->n_results;
	struct result_got *got = arena_new_array(r->arena, struct result_got, n);

	for (size_t i = 0; i < n; i++) {
		got[i].name = x->launch->results[i].name;
		for (size_t k = 0; f && k + 1 < ARRAY_SIZE(f->results) && f->results[k];
			k += 2) {
			if (!str_eqz(got[i].name, f->results[k]))
				continue;
			if (f->results[k + 1][0] == '!') {
				got[i].problem = str_z(f->results[k + 1] + 1);
				continue;
			}
			got[i].present = true;
			got[i].text = str_z(f->results[k + 1]);
		}
	}
	ev->results = got;
	ev->n_results = n;
}

static inline void rig_step_results(
	struct rig *r, const struct action *x, const struct fate *f, struct event *ev)
{
	const struct step_launch *l = &x->launch->steps[x->step];
	struct result_got *got = arena_new_array(r->arena, struct result_got, l->n_results);

	for (size_t i = 0; i < l->n_results; i++) {
		got[i].name = l->results[i].name;
		for (size_t k = 0; f && k + 1 < ARRAY_SIZE(f->results) && f->results[k];
			k += 2) {
			if (f->results[k][0] != '@' || !str_eqz(got[i].name, f->results[k] + 1))
				continue;
			got[i].present = true;
			got[i].text = str_z(f->results[k + 1]);
		}
	}
	ev->step_results = got;
	ev->n_step_results = l->n_results;
}

static inline void rig_artifacts(struct rig *r, const struct fate *f, struct event *ev)
{
	static const char *const names[ARTIFACTS_FILE_N] = {"<step", "<task"};
	struct result_got *got = NULL;

	for (size_t k = 0; f && k + 1 < ARRAY_SIZE(f->results) && f->results[k]; k += 2) {
		const char *text = f->results[k + 1];

		if (f->results[k][0] != '<')
			continue;
		if (!got)
			got = arena_new_array(r->arena, struct result_got, ARTIFACTS_FILE_N);
		for (size_t i = 0; i < ARTIFACTS_FILE_N; i++)
			if (!strcmp(f->results[k], names[i]))
				got[i] = (struct result_got){.present = text[0] != '!',
					.text = str_z(text),
					.problem = text[0] == '!' ? str_z(text + 1) : STR_NONE};
	}
	ev->artifacts = got;
}

static inline void rig_sidecar(struct rig *r, const struct action *x)
{
	struct event ev = {.kind = EVENT_SIDECAR_STARTED,
		.task = x->task,
		.attempt = x->attempt,
		.step = x->step,
		.image_id = STR("sha256:1")};
	const struct fate *f = rig_fate(r, x->task, x->attempt, x->step);

	r->queue[r->tail++] = ev;
	ev.kind = EVENT_SIDECAR_READY;
	if (f && f->hangs)
		return;
	if (f) {
		ev.kind = EVENT_SIDECAR_ENDED;
		ev.end = f->end;
		ev.exit_code = f->exit_code;
		ev.signal = f->signal;
	}
	r->queue[r->tail++] = ev;
}

static inline void rig_action(struct rig *r, const struct action *x)
{
	struct event ev = {.task = x->task, .attempt = x->attempt, .step = x->step};
	const struct fate *f;

	if (x->kind == ACTION_FINISH)
		r->finished = true;
	if (x->kind == ACTION_START_TASK && !r->holds_tasks) {
		ev.kind = EVENT_TASK_READY;
		r->queue[r->tail++] = ev;
	}
	if (x->kind == ACTION_START_SIDECAR && !r->holds_sidecars)
		rig_sidecar(r, x);
	if (x->kind != ACTION_START_STEP)
		return;
	ev.kind = EVENT_STEP_STARTED;
	ev.image_id = STR("sha256:0");
	r->queue[r->tail++] = ev;
	f = rig_fate(r, x->task, x->attempt, x->step);
	if (f && f->hangs)
		return;
	ev.kind = EVENT_STEP_ENDED;
	ev.end = f ? f->end : STEP_END_EXITED;
	ev.exit_code = f ? f->exit_code : 0;
	ev.signal = f ? f->signal : 0;
	rig_results(r, x, f, &ev);
	rig_step_results(r, x, f, &ev);
	rig_artifacts(r, f, &ev);
	r->queue[r->tail++] = ev;
	assert_true(r->tail < RIG_EVENTS - 2);
}

/* Feeds one event, carries out what comes of it, then what comes of that. */
static inline void rig_feed(struct rig *r, struct event ev)
{
	struct action x;

	for (;;) {
		ev.now_ns = r->now_ns;
		ev.wall_ns = r->now_ns + 1000000 * NS_PER_S;
		agent_feed(r->agent, &ev);
		while (agent_next_action(r->agent, &x)) {
			if (x.kind == ACTION_RECORD) {
				size_t n = r->n_records + x.record.n + 2;

				r->records = mem_grow(r->records, n);
				memcpy(r->records + r->n_records, x.record.p, x.record.n);
				memcpy(r->records + n - 2, "\n", 2);
				r->n_records = n - 1;
				continue;
			}
			assert_true(r->n_actions < RIG_ACTIONS);
			r->actions[r->n_actions++] = x;
			rig_action(r, &x);
		}
		if (r->head == r->tail)
			return;
		ev = r->queue[r->head++];
	}
}

/* The clock goes on to `ns`; everything due on the way fires. */
static inline void rig_until(struct rig *r, int64_t ns)
{
	while (agent_deadline_ns(r->agent) <= ns) {
		r->now_ns = agent_deadline_ns(r->agent);
		rig_feed(r, (struct event){.kind = EVENT_TICK});
	}
	r->now_ns = ns;
}

static inline struct rig *rig_new(const char *yaml)
{
	struct arena *a = arena_new();
	struct rig *r = arena_new_object(a, struct rig);
	struct spec_input in = {.name = STR("test.yaml"), .text = str_z(yaml)};
	struct spec_options so = {0};
	struct buf b;

	r->arena = a;
	r->now_ns = NS_PER_S;
	r->opts.uid = STR(RIG_UID);
	r->spec = spec_load(a, &in, 1, &so);
	buf_init(&b, MIB);
	if (!spec_ok(r->spec)) {
		diags_print(r->spec->diags, false, &b);
		fputs(b.p, stderr);
		fail();
	}
	buf_release(&b);
	diags_init(&r->diags, a, r->spec->sources);
	return r;
}

static inline void rig_start(struct rig *r, const struct fate *fates, size_t n_fates)
{
	r->fates = fates;
	r->n_fates = n_fates;
	assert_true(r->spec->n_runs > 0);
	r->agent = agent_new(r->spec, &r->spec->runs[0], &r->opts, &r->diags);
	r->view = agent_view(r->agent);
	rig_feed(r, (struct event){.kind = EVENT_START});
}

/* Load, start, run as far as it goes. */
static inline struct rig *rig_run(const char *yaml, const struct fate *fates, size_t n_fates)
{
	struct rig *r = rig_new(yaml);

	rig_start(r, fates, n_fates);
	return r;
}

/* The run as it is reported. */
static inline struct str rig_report(struct arena *arena, const struct agent *a)
{
	struct json_writer w;
	struct str text;
	struct buf out;

	buf_init(&out, 64 * MIB);
	json_writer_init(&w, &out, 1);
	json_open(&w, '[');
	report_items(agent_view(a), &w);
	json_close(&w, ']');
	text = arena_str(arena, buf_str(&out));
	buf_release(&out);
	return text;
}

static inline struct str *rig_records(struct rig *r, size_t *ret_n)
{
	struct str rest = {.p = r->records, .n = r->n_records}, line;
	struct str *all;
	size_t n = 0;

	for (size_t i = 0; i < rest.n; i++)
		n += rest.p[i] == '\n';
	all = arena_new_array(r->arena, struct str, n);
	for (size_t i = 0; str_cut(rest, '\n', &line, &rest); i++)
		all[i] = line;
	*ret_n = n;
	return all;
}

static inline struct agent *rig_again(struct rig *r)
{
	struct diags *diags = arena_new_object(r->arena, struct diags);

	diags_init(diags, r->arena, r->spec->sources);
	return agent_new(r->spec, &r->spec->runs[0], &r->opts, diags);
}

/* Whatever a test does with a run, its journal says it all. */
static inline void rig_replay(struct rig *r)
{
	struct agent *again;
	struct replay_end end;
	struct action x;
	struct str *records;
	struct err err;
	size_t n;

	if (!r->n_records || r->is_touched)
		return;
	records = rig_records(r, &n);
	again = rig_again(r);
	if (agent_replay(again, records, n, false, &end, &err) < 0)
		fail_msg("replay: %s", err.msg);
	assert_false(agent_next_action(again, &x));
	assert_string_equal(
		str_c(rig_report(r->arena, again)), str_c(rig_report(r->arena, r->agent)));
	assert_int_equal(end.n_records, n);
	assert_int_equal(end.is_done, r->view->is_done);
	agent_free(again);
}

static inline void rig_free(struct rig *r)
{
	rig_replay(r);
	agent_free(r->agent);
	free(r->records);
	arena_free(r->arena);
}

static inline const struct task_run_view *rig_task(struct rig *r, const char *name)
{
	for (size_t i = 0; i < r->view->n_task_runs; i++)
		if (str_eqz(r->view->task_runs[i]->name, name))
			return r->view->task_runs[i];
	print_error("no task run '%s'\n", name);
	fail();
	abort(); /* not reached; fail() does not say so */
}

static inline const struct pipeline_task_view *rig_pt(struct rig *r, const char *name)
{
	for (size_t i = 0; i < r->view->n_pipeline_tasks; i++)
		if (str_eqz(r->view->pipeline_tasks[i].spec->name.s, name))
			return &r->view->pipeline_tasks[i];
	print_error("no pipeline task '%s'\n", name);
	fail();
	abort(); /* not reached; fail() does not say so */
}

/* The launch of a task run that is going on. */
static inline const struct task_launch *rig_launch(struct rig *r, const char *name)
{
	const struct task_run_view *t = rig_task(r, name);
	const struct task_launch *l = t->attempts[t->n_attempts - 1].launch;

	assert_non_null(l);
	return l;
}

static inline size_t rig_count(struct rig *r, enum action_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_actions; i++)
		n += r->actions[i].kind == kind;
	return n;
}

#define assert_str(got, want) assert_string_equal(str_c(arena_str(r->arena, (got))), (want))

#define assert_condition(c, want_status, want_reason)                                          \
	do {                                                                                   \
		assert_str((c).reason, want_reason);                                           \
		assert_int_equal((c).status, want_status);                                     \
	} while (0)

#endif
