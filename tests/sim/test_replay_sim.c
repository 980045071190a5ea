/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pure model of journal and resume: random small pipelines run once undisturbed; then for
 * every prefix of their journal a new agent replays it and goes on, with the same outcome of
 * every step, and must come to the same facts; then again from prefixes of such journals.
 *
 * An interruption changes what happens at which time, so runs are made whose facts do not hang
 * on that: everything that succeeds comes before anything that fails, failures come in the
 * order of names, and the clock goes on only when nothing else happens.
 */
#include <base/bounds.h>
#include <base/json.h>
#include <base/num.h>
#include <base/vec.h>
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

enum { N_SEEDS = 100, N_AGAIN = 12, MAX_TURNS = 20000, MAX_GOT = 4 };

enum scenario { PLAIN, OWN_TIMEOUT, RUN_TIMEOUT, CANCELLED, SCENARIO_N };

/* --- a run of one agent, or of what several did one after the other */

struct pending {
	struct event ev;
	bool is_failure;
	uint64_t order;
};
struct world { /* what does not change between agents */
	struct gen g;
	enum scenario scenario;
	int hanging; /* OWN_TIMEOUT: the task */
	struct arena *arena;
	struct spec *spec;
	struct agent_options opts;
	struct str yaml;
};
struct life {
	const struct world *w;
	struct arena *arena;
	struct agent *a;
	const struct run_view *v;
	VEC(struct pending) q;
	uint64_t order;
	VEC(struct str) records;
	VEC(struct str) done; /* task runs that were over when this agent took over */
	int n_cancelled;
	int64_t now;
	bool finished;
	size_t active;
};

static void complain(const struct life *l, const char *what, int line)
{
	print_error("seed %" PRIu64 " line %d: %s\n%s", l->w->g.seed, line, what,
		str_c(l->w->yaml));
	for (size_t i = 0; i < l->records.n; i++)
		print_error("%zu " STR_FMT "\n", i, STR_ARG(l->records.p[i]));
	fail();
}
#define check(l, cond)                                                                         \
	do {                                                                                   \
		if (!(cond))                                                                   \
			complain(l, #cond, __LINE__);                                          \
	} while (0)

/* --- fates: of a task run, the number of its retry, and a step */

enum fate { FATE_OK, FATE_FAILS, FATE_REFUSED, FATE_HANGS };

static uint64_t hash(struct str s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h;
}

static size_t retry_of(const struct task_run_view *t)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < t->n_attempts; i++)
		n += !t->attempts[i].is_interrupted;
	return n;
}

static uint64_t dice(const struct life *l, size_t task, size_t step)
{
	const struct task_run_view *t = l->v->task_runs[task];

	return mix(l->w->g.seed ^ mix(hash(t->name) + retry_of(t) * 100 + step)) >> 20;
}

static enum fate fate_of(const struct life *l, size_t task, size_t step)
{
	const struct world *w = l->w;
	const struct task_run_view *t = l->v->task_runs[task];
	uint64_t d = dice(l, task, step);

	if (w->scenario == OWN_TIMEOUT && (int)t->pipeline_task == w->hanging &&
		(d % 4 || step == 0))
		return FATE_HANGS;
	if (w->scenario >= RUN_TIMEOUT && d % 5 == 0)
		return FATE_HANGS;
	if (d / 5 % 100 < w->g.t[t->pipeline_task].fail_percent)
		return d / 500 % 4 ? FATE_FAILS : FATE_REFUSED;
	return FATE_OK;
}

/* --- the runner */

static void post(struct life *l, struct event ev, bool is_failure)
{
	vec_push(&l->q,
		((struct pending){.ev = ev, .is_failure = is_failure, .order = l->order++}));
}

static void forget(struct life *l, const struct action *x, bool ends_only)
{
	size_t n = 0;

	for (size_t i = 0; i < l->q.n; i++) {
		const struct event *ev = &l->q.p[i].ev;

		if (ev->task == x->task && ev->attempt == x->attempt &&
			(!ends_only || ev->kind == EVENT_STEP_ENDED))
			continue;
		l->q.p[n++] = l->q.p[i];
	}
	l->q.n = n;
}

static void give_results(struct life *l, const struct action *x, struct event *ev)
{
	const struct task_launch *launch = x->launch;
	size_t pt = l->v->task_runs[x->task]->pipeline_task;
	struct result_got *got = arena_new_array(l->arena, struct result_got, MAX_GOT);

	check(l, launch->n_results <= MAX_GOT);
	for (size_t i = 0; i < launch->n_results; i++) {
		bool is_r = str_eqz(launch->results[i].name, "r");
		const char *text = is_r ? gen_r((int)pt) : gen_a(&l->w->g.t[pt]);

		got[i] = (struct result_got){
			.name = launch->results[i].name, .present = true, .text = str_z(text)};
	}
	ev->results = got;
	ev->n_results = launch->n_results;
}

static void start_task(struct life *l, const struct action *x)
{
	struct event ev = {.kind = EVENT_TASK_READY, .task = x->task, .attempt = x->attempt};
	bool refused = fate_of(l, x->task, 99) == FATE_REFUSED;

	for (size_t i = 0; i < l->done.n; i++)
		check(l, !str_eq(l->done.p[i], l->v->task_runs[x->task]->name));
	l->active++;
	check(l, !l->w->opts.max_parallel || l->active <= l->w->opts.max_parallel);
	if (refused) {
		ev.kind = EVENT_TASK_REFUSED;
		ev.reason = STR("PodCreationFailed");
		ev.message = STR("no room");
	}
	post(l, ev, refused);
}

static void start_step(struct life *l, const struct action *x)
{
	struct event ev = {.kind = EVENT_STEP_STARTED,
		.task = x->task,
		.attempt = x->attempt,
		.step = x->step,
		.image_id = STR("sha256:1")};
	enum fate fate = fate_of(l, x->task, x->step);
	uint64_t d = dice(l, x->task, x->step) / 2000;

	if (fate == FATE_REFUSED) {
		ev.kind = EVENT_STEP_REFUSED;
		ev.reason = STR("TaskRunImagePullFailed");
		ev.message = STR("no image");
		post(l, ev, true);
		return;
	}
	post(l, ev, false);
	if (fate == FATE_HANGS)
		return;
	ev.kind = EVENT_STEP_ENDED;
	ev.image_id = STR_NONE;
	if (fate == FATE_FAILS) {
		ev.end = (enum step_end)(d % STEP_END_N);
		ev.exit_code = ev.end == STEP_END_EXITED ? 7 : 0;
		ev.signal = ev.end == STEP_END_SIGNALED ? SIGSEGV : 0;
		ev.message = ev.end == STEP_END_EXEC_FAILED ? STR("no such file") : STR_NONE;
	}
	give_results(l, x, &ev);
	post(l, ev, fate == FATE_FAILS);
}

/* Ready, or over before it was; what it is to a step that fails is then the same in every life.
 */
static void start_sidecar(struct life *l, const struct action *x)
{
	struct event ev = {.kind = EVENT_SIDECAR_STARTED,
		.task = x->task,
		.attempt = x->attempt,
		.step = x->step,
		.image_id = STR("sha256:2")};
	uint64_t d = dice(l, x->task, x->step);

	if (d % 20 == 0) {
		ev.kind = EVENT_SIDECAR_REFUSED;
		ev.reason = STR("TaskRunImagePullFailed");
		ev.message = STR("no image");
		post(l, ev, true);
		return;
	}
	post(l, ev, false);
	ev.image_id = STR_NONE;
	ev.kind = d % 3 ? EVENT_SIDECAR_READY : EVENT_SIDECAR_ENDED;
	if (ev.kind == EVENT_SIDECAR_ENDED) {
		ev.end = (enum step_end)(d / 100 % STEP_END_N);
		ev.exit_code = ev.end == STEP_END_EXITED ? (int)(d / 1000 % 3) : 0;
		ev.signal = ev.end == STEP_END_SIGNALED ? SIGSEGV : 0;
	}
	post(l, ev, false);
}

static void stop_step(struct life *l, const struct action *x)
{
	struct event ev = {.kind = EVENT_STEP_ENDED,
		.task = x->task,
		.attempt = x->attempt,
		.step = x->step,
		.end = STEP_END_SIGNALED,
		.signal = x->signal};

	if (x->signal == SIGTERM && l->w->g.stubborn)
		return;
	forget(l, x, true);
	post(l, ev, false);
}

static void drain(struct life *l)
{
	struct action x;

	while (agent_next_action(l->a, &x)) {
		check(l, !l->finished);
		switch (x.kind) {
		case ACTION_RECORD:
			vec_push(&l->records, arena_str(l->arena, x.record));
			break;
		case ACTION_START_TASK:
			start_task(l, &x);
			break;
		case ACTION_START_STEP:
			start_step(l, &x);
			break;
		case ACTION_STOP_STEP:
			stop_step(l, &x);
			break;
		case ACTION_END_TASK:
			forget(l, &x, false);
			check(l, l->active-- > 0);
			break;
		case ACTION_START_SIDECAR:
			start_sidecar(l, &x);
			break;
		case ACTION_RELEASE_STEP:
		case ACTION_SKIP_STEP:
		case ACTION_PUBLISH:
			break;
		case ACTION_FINISH:
			l->finished = true;
			break;
		}
	}
}

static void feed(struct life *l, struct event ev)
{
	ev.now_ns = l->now;
	ev.wall_ns = l->now + 1000000 * S;
	agent_feed(l->a, &ev);
	drain(l);
}

/* Successes as they come, then failures by name. */
static bool take(struct life *l, struct event *ret)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < l->q.n; i++) {
		const struct pending *p = &l->q.p[i], *b;
		int order;

		if (best == SIZE_MAX) {
			best = i;
			continue;
		}
		b = &l->q.p[best];
		order = (int)p->is_failure - (int)b->is_failure;
		if (!order && p->is_failure)
			order = str_cmp(l->v->task_runs[p->ev.task]->name,
				l->v->task_runs[b->ev.task]->name);
		if (order < 0 || (!order && p->order < b->order))
			best = i;
	}
	if (best == SIZE_MAX)
		return false;
	*ret = l->q.p[best].ev;
	l->q.p[best] = l->q.p[--l->q.n];
	return true;
}

static bool turn(struct life *l)
{
	const struct gen *g = &l->w->g;
	int64_t deadline = agent_deadline_ns(l->a);
	struct event ev = {.kind = EVENT_TICK};
	int k = l->n_cancelled;

	if (take(l, &ev)) {
		l->now += NS_PER_MS;
	} else if (k < g->n_cancels &&
		   (g->cancel_at[k] <= l->now || g->cancel_at[k] < deadline)) {
		l->now = l->now > g->cancel_at[k] ? l->now : g->cancel_at[k];
		ev = (struct event){.kind = EVENT_CANCEL,
			.cancel = g->cancel[k],
			.grace_ns = g->grace_ns,
			.message = STR("be\x80gone")};
		l->n_cancelled++;
	} else if (deadline == INT64_MAX) {
		return false;
	} else {
		l->now = l->now > deadline ? l->now : deadline;
	}
	feed(l, ev);
	return true;
}

/* No sidecar outlives its attempt, the interrupted ones included. */
static void check_sidecars(const struct life *l, const struct attempt_view *at)
{
	for (size_t i = at->n_steps; i < at->n_steps + at->n_sidecars; i++)
		check(l,
			at->steps[i].state == STEP_ENDED || at->steps[i].state == STEP_WAITING);
}

static void live(struct life *l)
{
	for (int k = 0; k < MAX_TURNS && !l->finished; k++)
		check(l, turn(l));
	check(l, l->finished && l->v->is_done);
	for (size_t i = 0; i < l->v->n_task_runs; i++)
		for (size_t k = 0; k < l->v->task_runs[i]->n_attempts; k++)
			check_sidecars(l, &l->v->task_runs[i]->attempts[k]);
}

/* --- facts */

static int by_name(const void *x, const void *y)
{
	return str_cmp((*(const struct task_run_view *const *)x)->name,
		(*(const struct task_run_view *const *)y)->name);
}

static void put_condition(struct buf *b, const char *what, const struct condition *c)
{
	buf_addf(b, "%s %d " STR_FMT ": " STR_FMT "\n", what, (int)c->status,
		STR_ARG(c->reason), STR_ARG(c->message));
}

static void put_attempt(struct buf *b, const struct attempt_view *at)
{
	struct json_writer w;

	put_condition(b, "  attempt", &at->condition);
	buf_addf(b, "    pod " STR_FMT "\n", STR_ARG(at->pod_name));
	for (size_t i = 0; i < at->n_steps + at->n_sidecars; i++)
		buf_addf(b, "    step " STR_FMT " %d " STR_FMT " " STR_FMT "\n",
			STR_ARG(at->steps[i].name), at->steps[i].exit_code,
			STR_ARG(at->steps[i].termination_reason), STR_ARG(at->steps[i].reason));
	for (size_t i = 0; i < at->n_results; i++) {
		buf_addf(b, "    result " STR_FMT " ", STR_ARG(at->results[i].name));
		json_writer_init(&w, b, 0);
		value_json(&at->results[i].value, &w);
		buf_addc(b, '\n');
	}
}

/* What a run came to, without times, and without attempts that were interrupted. */
static struct str facts(struct arena *arena, const struct run_view *v)
{
	const struct task_run_view **all =
		arena_new_array(arena, const struct task_run_view *, v->n_task_runs);
	struct str text;
	struct buf b;

	buf_init(&b, 16 * MIB);
	put_condition(&b, "run", &v->condition);
	for (size_t i = 0; i < v->n_pipeline_tasks; i++)
		buf_addf(&b, "t%zu %d %s\n", i, (int)v->pipeline_tasks[i].state,
			skip_reason_text(v->pipeline_tasks[i].skip));
	for (size_t i = 0; i < v->n_task_runs; i++)
		all[i] = v->task_runs[i];
	if (v->n_task_runs)
		qsort(all, v->n_task_runs, sizeof(*all), by_name);
	for (size_t i = 0; i < v->n_task_runs; i++) {
		buf_adds(&b, all[i]->name);
		put_condition(&b, "", &all[i]->condition);
		for (size_t k = 0; k < all[i]->n_attempts; k++)
			if (!all[i]->attempts[k].is_interrupted)
				put_attempt(&b, &all[i]->attempts[k]);
	}
	text = arena_str(arena, buf_str(&b));
	buf_release(&b);
	return text;
}

/* --- lives */

static void born(struct life *l, const struct world *w)
{
	struct diags diags;

	*l = (struct life){.w = w, .arena = arena_new(), .now = S};
	diags_init(&diags, l->arena, w->spec->sources);
	l->a = agent_new(w->spec, &w->spec->runs[0], &w->opts, &diags);
	l->v = agent_view(l->a);
	assert_int_equal(diags.n, 0);
}

static void buried(struct life *l)
{
	agent_free(l->a);
	vec_release(&l->q);
	vec_release(&l->records);
	vec_release(&l->done);
	arena_free(l->arena);
}

/*
 * Another agent takes the first k records and goes on. It gets the cancellations again: those
 * that hold are dropped, but what limited the agent before limits this one anew.
 */
static void resume(struct life *l, const struct life *dead, size_t k, int64_t down_ns)
{
	struct replay_end end;
	struct action x;
	struct err err;

	born(l, dead->w);
	for (size_t i = 0; i < k; i++)
		vec_push(&l->records, arena_str(l->arena, dead->records.p[i]));
	if (agent_replay(l->a, l->records.p, k, false, &end, &err) < 0)
		complain(l, err.msg, __LINE__);
	while (agent_next_action(l->a, &x)) {
		check(l, x.kind == ACTION_RECORD);
		vec_push(&l->records, arena_str(l->arena, x.record));
	}
	check(l, end.n_records == k && end.is_done == l->v->is_done);
	for (size_t i = 0; i < l->v->n_task_runs; i++)
		if (l->v->task_runs[i]->state == TASK_DONE)
			vec_push(&l->done, l->v->task_runs[i]->name);
	l->now = (end.now_ns ? end.now_ns : S) + down_ns;
	feed(l, (struct event){.kind = EVENT_RESUME});
}

static void compare(struct life *l, struct str want, size_t k)
{
	struct str got = facts(l->arena, l->v);
	char what[64];

	if (str_eq(got, want))
		return;
	print_error("undisturbed:\n%s\nresumed:\n%s\n", str_c(want), str_c(got));
	snprintf(what, sizeof(what), "facts differ after record %zu", k);
	complain(l, what, __LINE__);
}

static void every_prefix(const struct life *first, struct str want, struct rng *r)
{
	for (size_t k = 0; k <= first->records.n; k++) {
		struct life l;

		resume(&l, first, k, (int64_t)pick(r, 500) * NS_PER_MS);
		live(&l);
		compare(&l, want, k);
		buried(&l);
	}
}

/* Three agents die, each at some record that it or one before it wrote. */
static void again_and_again(const struct life *first, struct str want, struct rng *r)
{
	for (int i = 0; i < N_AGAIN; i++) {
		struct life l[3];
		const struct life *dead = first;
		size_t k = 0;

		for (int n = 0; n < 3; n++) {
			k += pick(r, (unsigned)(dead->records.n - k) + 1);
			resume(&l[n], dead, k, (int64_t)pick(r, 500) * NS_PER_MS);
			live(&l[n]);
			compare(&l[n], want, k);
			dead = &l[n];
		}
		for (int n = 0; n < 3; n++)
			buried(&l[n]);
	}
}

/* --- worlds */

/* Races are taken out: what is forgotten or out of range stops a run in the middle. */
static void tame(struct gen *g)
{
	for (int i = 0; i < g->n; i++) {
		struct gtask *t = &g->t[i];

		t->emits = true;
		t->bad_array = false;
		t->timeout_s = 0;
		memset(t->step_timeout_s, 0, sizeof(t->step_timeout_s));
		for (int k = 0; k < t->n_refs; k++)
			if (t->refs[k].form == REF_INDEX)
				t->refs[k] = (struct gref){
					.task = t->refs[k].task, .form = REF_STRING};
	}
	g->pipeline_s = g->tasks_s = g->finally_s = g->n_cancels = 0;
}

static void world_make(struct world *w, uint64_t seed)
{
	struct rng r = {.x = mix(seed + 5)};
	struct gen *g = &w->g;

	*w = (struct world){.scenario = (enum scenario)(seed % SCENARIO_N)};
	do {
		gen_make(g, r.x);
		r.x = mix(r.x);
	} while (g->n > 6);
	g->seed = seed;
	tame(g);
	g->stubborn = chance(&r, 30);
	if (w->scenario == OWN_TIMEOUT) {
		struct gtask *t;

		w->hanging = (int)pick(&r, (unsigned)g->n);
		t = &g->t[w->hanging];
		t->timeout_s = chance(&r, 50) ? 3 : 0;
		for (int s = 0; s < t->n_steps && !t->timeout_s; s++)
			t->step_timeout_s[s] = 2;
	}
	if (w->scenario == RUN_TIMEOUT) {
		g->pipeline_s = 60;
		g->tasks_s = chance(&r, 40) ? 20 : 0;
		g->finally_s = !g->tasks_s && chance(&r, 60) ? 30 : 0;
	}
	if (w->scenario == CANCELLED) {
		g->n_cancels = 1 + (int)pick(&r, 2);
		g->grace_ns = chance(&r, 50) ? (int64_t)(3 + pick(&r, 30)) * S : 0;
		for (int k = 0; k < g->n_cancels; k++) {
			g->cancel[k] = (enum cancel_mode)(1 + pick(&r, 3));
			g->cancel_at[k] = (10 + 10 * k) * S;
		}
	}
}

static void run_one(uint64_t seed)
{
	struct spec_input in = {.name = STR("sim.yaml")};
	struct spec_options so = {0};
	struct world w;
	struct life first;
	struct rng r = {.x = mix(seed + 99)};
	struct str want;

	world_make(&w, seed);
	w.arena = arena_new();
	in.text = w.yaml = gen_yaml(w.arena, &w.g);
	w.spec = spec_load(w.arena, &in, 1, &so);
	if (!spec_ok(w.spec))
		fail_msg("%s", str_c(w.yaml));
	w.opts = (struct agent_options){.uid = STR("00000000-0000-4000-8000-000000000001"),
		.max_parallel = (size_t)w.g.max_parallel};
	born(&first, &w);
	feed(&first, (struct event){.kind = EVENT_START});
	live(&first);
	want = facts(w.arena, first.v);
	every_prefix(&first, want, &r);
	again_and_again(&first, want, &r);
	buried(&first);
	arena_free(w.arena);
}

static void test_resume(void **state)
{
	const char *one = getenv("SIM_SEED");
	const char *count = getenv("SIM_SEEDS");
	uint64_t n = N_SEEDS, seed;

	(void)state;
	if (one) {
		assert_int_equal(num_u64(str_z(one), UINT64_MAX, &seed, NULL), 0);
		run_one(seed);
		return;
	}
	if (count)
		assert_int_equal(num_u64(str_z(count), UINT64_MAX, &n, NULL), 0);
	for (seed = 1; seed <= n; seed++)
		run_one(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_resume)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
