/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A task and a pipeline of just this task are the same to the run around them: each random
 * pipeline of the simulation (whose flat form test_sim.c compares with its naive models) is run
 * flat and with every task inside one or two pipelines. What became of every pipeline task, its
 * results and params, the run's condition and the order in which tasks started must be equal;
 * no run ends while one inside it goes on; both can be made again from their records.
 */
#include <base/bounds.h>
#include <base/buf.h>
#include <base/json.h>
#include <base/num.h>
#include <inttypes.h>
#include <monopod/agent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gen.h"

enum { N_SEEDS = 1000, MAX_EVENTS = 4096, MAX_RECORDS = 65536 };

struct side {
	const struct gen *g;
	struct arena *arena;
	struct agent *a;
	const struct run_view *v;
	struct event queue[MAX_EVENTS];
	size_t head, tail, n_fed;
	struct str records[MAX_RECORDS];
	size_t n_records;
	struct buf starts; /* pipeline task, combination and attempt of each START_TASK */
	bool finished;
	size_t cancel_at[2]; /* before this event; 0: not */
	enum cancel_mode cancel[2];
};

/* What a task run is to the outermost run, and which attempt of that it is. */
static const struct task_run_view *outside(const struct task_run_view *t, size_t *ret_attempt)
{
	while (t->owner->parent)
		t = t->owner->parent;
	*ret_attempt = t->n_attempts - 1;
	return t;
}

static size_t combination(const struct side *s, const struct task_run_view *t)
{
	const struct pipeline_task_view *pt = &s->v->pipeline_tasks[t->pipeline_task];
	size_t k = 0;

	while (s->v->task_runs[pt->task_runs[k]] != t)
		k++;
	return k;
}

/* The same question has the same answer on both sides. */
static bool step_fails(const struct side *s, const struct action *x)
{
	size_t attempt;
	const struct task_run_view *t = outside(s->v->task_runs[x->task], &attempt);
	uint64_t of =
		t->pipeline_task * 10000 + combination(s, t) * 1000 + attempt * 100 + x->step;

	return mix(s->g->seed ^ mix(of)) % 100 < s->g->t[t->pipeline_task].fail_percent;
}

static void post(struct side *s, const struct action *x, enum event_kind kind)
{
	assert_true(s->tail < MAX_EVENTS);
	s->queue[s->tail++] = (struct event){
		.kind = kind, .task = x->task, .attempt = x->attempt, .step = x->step};
}

static void end_step(struct side *s, const struct action *x)
{
	const struct task_launch *l = x->launch;
	size_t attempt;
	const struct task_run_view *t = outside(s->v->task_runs[x->task], &attempt);
	struct result_got *got = arena_new_array(s->arena, struct result_got, l->n_results);
	struct event *ev;

	post(s, x, EVENT_STEP_ENDED);
	ev = &s->queue[s->tail - 1];
	ev->exit_code = step_fails(s, x) ? 7 : 0;
	for (size_t i = 0; i < l->n_results; i++)
		got[i] = (struct result_got){.name = l->results[i].name,
			.present = true,
			.text = str_z(str_eqz(l->results[i].name, "r")
					      ? gen_r((int)t->pipeline_task)
					      : gen_a(&s->g->t[t->pipeline_task]))};
	ev->results = got;
	ev->n_results = l->n_results;
}

static void act(struct side *s, const struct action *x)
{
	const struct task_run_view *t;
	size_t attempt;

	switch (x->kind) {
	case ACTION_RECORD:
		assert_true(s->n_records < MAX_RECORDS);
		s->records[s->n_records++] = arena_str(s->arena, x->record);
		break;
	case ACTION_START_TASK:
		t = outside(s->v->task_runs[x->task], &attempt);
		buf_addf(&s->starts, "%zu/%zu/%zu ", t->pipeline_task, combination(s, t),
			attempt);
		post(s, x, EVENT_TASK_READY);
		break;
	case ACTION_START_STEP:
		post(s, x, EVENT_STEP_STARTED);
		end_step(s, x);
		break;
	case ACTION_FINISH:
		s->finished = true;
		break;
	case ACTION_START_SIDECAR:
		post(s, x, EVENT_SIDECAR_STARTED);
		post(s, x, EVENT_SIDECAR_READY);
		break;
	case ACTION_SKIP_STEP:
	case ACTION_RELEASE_STEP:
	case ACTION_STOP_STEP:
	case ACTION_END_TASK:
	case ACTION_PUBLISH:
		break;
	}
}

/* A run that is over has nothing inside it that is not. */
static void check_ends(const struct side *s)
{
	for (size_t i = 0; i < s->v->n_task_runs; i++) {
		const struct task_run_view *t = s->v->task_runs[i];

		assert_true(t->state == TASK_DONE || !t->owner->is_done);
		for (size_t k = 0; k < t->n_attempts; k++)
			if (t->attempts[k].run && t->state == TASK_DONE)
				assert_true(t->attempts[k].run->is_done);
	}
}

static void feed(struct side *s, struct event ev)
{
	struct action x;

	ev.now_ns = S + (int64_t)s->n_fed++;
	ev.wall_ns = ev.now_ns + 1000000 * S;
	agent_feed(s->a, &ev);
	while (agent_next_action(s->a, &x))
		act(s, &x);
	check_ends(s);
}

static void play(struct side *s)
{
	feed(s, (struct event){.kind = EVENT_START});
	while (s->head < s->tail) {
		for (int i = 0; i < 2; i++)
			if (s->head && s->head == s->cancel_at[i])
				feed(s, (struct event){
						.kind = EVENT_CANCEL, .cancel = s->cancel[i]});
		feed(s, s->queue[s->head++]);
	}
	assert_true(s->finished);
}

static struct spec *load(struct arena *a, const struct gen *g)
{
	struct spec_input in = {.name = STR("sim.yaml"), .text = gen_yaml(a, g)};
	struct spec_options so = {0};
	struct spec *spec = spec_load(a, &in, 1, &so);

	if (!spec_ok(spec))
		fail_msg("seed %" PRIu64 ": %s", g->seed, str_c(in.text));
	return spec;
}

static struct agent *make(struct arena *a, const struct spec *spec)
{
	struct diags *diags = arena_new_object(a, struct diags);
	struct agent_options *o = arena_new_object(a, struct agent_options);

	o->uid = STR("00000000-0000-4000-8000-000000000001");
	diags_init(diags, a, spec->sources);
	return agent_new(spec, &spec->runs[0], o, diags);
}

static struct side *run_side(struct arena *a, const struct gen *g, struct rng *cancels)
{
	struct side *s = arena_new_object(a, struct side);
	struct spec *spec = load(a, g);
	struct replay_end end;
	struct agent *again;
	struct err err;

	s->g = g;
	s->arena = a;
	s->a = make(a, spec);
	s->v = agent_view(s->a);
	for (int i = 0; cancels && i < 2; i++) {
		s->cancel_at[i] = 1 + pick(cancels, 40);
		s->cancel[i] = (enum cancel_mode)(1 + pick(cancels, 3));
	}
	buf_init(&s->starts, MIB);
	play(s);
	again = make(a, spec);
	if (agent_replay(again, s->records, s->n_records, false, &end, &err) < 0)
		fail_msg("seed %" PRIu64 ": replay: %s", g->seed, err.msg);
	assert_true(end.is_done);
	agent_free(again);
	return s;
}

/* Tasks have reasons that runs do not have. */
static struct str reason(struct str s)
{
	if (str_eqz(s, "TaskRunCancelled"))
		return STR("Cancelled");
	return str_eqz(s, "StepFailed") || str_eqz(s, "FailureIgnored") ? STR("Failed") : s;
}

/* Of a status variable too, which ends with the reason. */
static struct str param(struct str s)
{
	ptrdiff_t at = str_rchr(s, '/');

	return at < 0 ? s : reason(str_slice(s, (size_t)at + 1, s.n));
}

static void facts(const struct side *s, struct buf *out)
{
	struct json_writer w;

	buf_addf(out, STR_FMT ": " STR_FMT "\n%s\n", STR_ARG(s->v->condition.reason),
		STR_ARG(s->v->condition.message), s->starts.n ? s->starts.p : "");
	for (size_t i = 0; i < s->v->n_pipeline_tasks; i++) {
		const struct pipeline_task_view *pt = &s->v->pipeline_tasks[i];

		buf_addf(out, "t%zu state %d skip %d\n", i, (int)pt->state, (int)pt->skip);
		for (size_t k = 0; k < pt->n_task_runs; k++) {
			const struct task_run_view *t = s->v->task_runs[pt->task_runs[k]];
			const struct attempt_view *at = &t->attempts[t->n_attempts - 1];

			buf_addf(out, "  " STR_FMT " %d " STR_FMT " attempts %zu",
				STR_ARG(t->name), (int)t->condition.status,
				STR_ARG(reason(t->condition.reason)), t->n_attempts);
			for (size_t n = 0; n < t->n_params; n++)
				buf_addf(out, " %zu:" STR_FMT, t->params[n].value.n_array,
					STR_ARG(param(t->params[n].value.string.s)));
			json_writer_init(&w, out, 0);
			for (size_t n = 0; n < at->n_results; n++) {
				buf_addf(out, " " STR_FMT "=", STR_ARG(at->results[n].name));
				value_json(&at->results[n].value, &w);
				json_writer_init(&w, out, 0);
			}
			buf_addc(out, '\n');
		}
	}
}

/* Surprises of time have no counterpart on the other side; what is forgotten fails a pipeline
 * that promised it, and a task not. */
static void make_gen(struct gen *g, uint64_t seed, int wrap)
{
	gen_make(g, seed);
	g->pipeline_s = g->tasks_s = g->finally_s = g->n_cancels = g->max_parallel = 0;
	g->refuse_percent = 0;
	for (int i = 0; i < g->n; i++) {
		struct gtask *t = &g->t[i];

		t->emits = true;
		t->bad_array = false;
		t->timeout_s = 0;
		memset(t->step_timeout_s, 0, sizeof(t->step_timeout_s));
		t->wrap = wrap;
	}
}

static void test_same(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		struct arena *a = arena_new();
		struct buf text[2];

		for (int i = 0; i < 2; i++) {
			struct gen g;
			struct side *s;

			make_gen(&g, seed, i ? 1 + (int)(seed % 2) : 0);
			s = run_side(a, &g, NULL);
			buf_init(&text[i], MIB);
			facts(s, &text[i]);
			buf_release(&s->starts);
			agent_free(s->a);
		}
		if (!str_eq(buf_str(&text[0]), buf_str(&text[1])))
			print_error("seed %" PRIu64 "\n", seed);
		assert_string_equal(text[1].p, text[0].p);
		buf_release(&text[0]);
		buf_release(&text[1]);
		arena_free(a);
	}
}

/* Cancelled at any moment, in any way: all ends, from the inside out, and can be made again. */
static void test_cancelled(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		struct arena *a = arena_new();
		struct rng r = {.x = mix(seed)};
		struct side *s;
		struct gen g;

		make_gen(&g, seed, 1);
		for (int i = 0; i < g.n; i++)
			g.t[i].wrap = (int)pick(&r, 4);
		s = run_side(a, &g, &r);
		buf_release(&s->starts);
		agent_free(s->a);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same), cmocka_unit_test(test_cancelled)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
