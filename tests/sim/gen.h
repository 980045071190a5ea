/* SPDX-License-Identifier: Apache-2.0 */
/* Random pipelines for the simulation: made from a seed, printed as YAML. */
#ifndef TESTS_SIM_GEN_H
#define TESTS_SIM_GEN_H

#include <base/bounds.h>
#include <base/buf.h>
#include <base/num.h>
#include <inttypes.h>
#include <monopod/runner.h>
#include <string.h>

enum { MAX_TASKS = 14, MAX_STEPS = 3, MAX_SIDECARS = 2 };

#define S NS_PER_S

/* --- randomness of the test's own */

struct rng {
	uint64_t x;
};
static uint64_t mix(uint64_t z)
{
	z += 0x9e3779b97f4a7c15;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}
static unsigned pick(struct rng *r, unsigned n)
{
	r->x = mix(r->x);
	return (unsigned)(r->x >> 33) % n;
}
static bool chance(struct rng *r, unsigned percent)
{
	return pick(r, 100) < percent;
}

/* --- a random pipeline */

enum ref_form { REF_NO, REF_STRING, REF_STAR, REF_INDEX };
struct gref { /* a reference to a result of another task, as a param */
	int task;
	enum ref_form form;
	int index;
};
enum when_form { WHEN_NONE, WHEN_TRUE, WHEN_FALSE, WHEN_RESULT_IN, WHEN_RESULT_NOTIN };
struct gtask {
	bool is_finally;
	bool on_error_continue;
	int retries;
	int timeout_s; /* 0: default */
	int n_steps;
	bool step_continue[MAX_STEPS];
	int step_timeout_s[MAX_STEPS];
	int n_sidecars;
	bool emits;      /* result r */
	int array_size;  /* result a; -1: none */
	bool bad_array;  /* what is written as a is no list */
	int matrix;      /* -1: none, else number of literal elements */
	int matrix_from; /* task whose result a feeds the matrix; -1: literal */
	bool after[MAX_TASKS];
	struct gref refs[3];
	int n_refs;
	enum when_form when;
	int when_task;
	int asks; /* finally: for the status of this task, as a param; -1: no */
	unsigned fail_percent;
	int wrap; /* so many pipelines around what it runs; test_sim_nested.c */
};
struct gen {
	uint64_t seed;
	struct gtask t[MAX_TASKS];
	int n, n_dag;
	int pipeline_s, tasks_s, finally_s; /* 0: not given */
	int max_parallel;
	bool has_surprises; /* timeouts, cancels, refusals: task runs are not predictable */
	int64_t cancel_at[2];
	enum cancel_mode cancel[2];
	int64_t grace_ns;
	int n_cancels;
	unsigned refuse_percent;
	bool stubborn;                         /* steps ignore SIGTERM */
	bool breaks_on_failure, breaks_before; /* the latter: the first step of t0, the last of
						  t1 */
};

static bool gen_is_matrix(const struct gtask *t)
{
	return t->matrix >= 0 || t->matrix_from >= 0;
}

static void gen_refs(struct rng *r, struct gen *g, int i)
{
	struct gtask *t = &g->t[i];
	int limit = t->is_finally ? g->n_dag : i;

	for (int k = 0; k < 2 && limit > 0; k++) {
		struct gref ref = {.task = (int)pick(r, (unsigned)limit), .form = REF_STRING};
		const struct gtask *p = &g->t[ref.task];

		if (!chance(r, 35))
			continue;
		if (p->matrix >= 0 || p->matrix_from >= 0) {
			ref.form = REF_STAR;
		} else if (p->array_size >= 0 && chance(r, 40)) {
			ref.form = chance(r, 90) ? REF_STAR : REF_INDEX;
			ref.index = (int)pick(r, 3);
		}
		t->refs[t->n_refs++] = ref;
	}
	if (limit > 0 && chance(r, 15)) {
		t->when_task = (int)pick(r, (unsigned)limit);
		if (g->t[t->when_task].matrix < 0 && g->t[t->when_task].matrix_from < 0)
			t->when = chance(r, 50) ? WHEN_RESULT_IN : WHEN_RESULT_NOTIN;
	} else if (chance(r, 20)) {
		t->when = chance(r, 60) ? WHEN_TRUE : WHEN_FALSE;
	}
}

static void gen_task(struct rng *r, struct gen *g, int i)
{
	struct gtask *t = &g->t[i];

	*t = (struct gtask){
		.is_finally = i >= g->n_dag, .matrix = -1, .matrix_from = -1, .asks = -1};
	t->on_error_continue = chance(r, 20);
	t->retries = !t->on_error_continue && chance(r, 20) ? 1 + (int)pick(r, 2) : 0;
	t->n_steps = 1 + (int)pick(r, MAX_STEPS);
	for (int s = 0; s < t->n_steps; s++)
		t->step_continue[s] = chance(r, 10);
	t->emits = chance(r, 80);
	t->array_size = chance(r, 40) ? (int)pick(r, 4) : -1;
	t->fail_percent = chance(r, 25) ? 60 : 3;
	if (chance(r, 15)) {
		t->matrix = chance(r, 10) ? 0 : 1 + (int)pick(r, 3);
		t->array_size = -1;
	}
	for (int p = 0; p < (t->is_finally ? 0 : i); p++)
		t->after[p] = chance(r, 12);
	gen_refs(r, g, i);
	if (t->matrix < 0 && t->n_refs && t->refs[0].form == REF_STAR &&
		g->t[t->refs[0].task].array_size >= 0 && chance(r, 50)) {
		t->matrix_from = t->refs[0].task;
		t->array_size = -1;
		t->refs[0] = t->refs[--t->n_refs];
	}
	t->bad_array = t->array_size >= 0 && chance(r, 8);
	t->n_sidecars = chance(r, 25) ? 1 + (int)pick(r, MAX_SIDECARS) : 0;
	if (t->is_finally && chance(r, 60))
		t->asks = (int)pick(r, (unsigned)g->n_dag);
}

static void gen_surprises(struct rng *r, struct gen *g)
{
	g->has_surprises = chance(r, 50);
	if (!g->has_surprises)
		return;
	if (chance(r, 30))
		g->refuse_percent = 10;
	g->stubborn = chance(r, 30);
	for (int i = 0; i < g->n; i++) {
		g->t[i].timeout_s = chance(r, 20) ? 1 + (int)pick(r, 8) : 0;
		for (int s = 0; s < g->t[i].n_steps; s++)
			g->t[i].step_timeout_s[s] = chance(r, 10) ? 1 + (int)pick(r, 4) : 0;
	}
	if (chance(r, 30)) {
		g->pipeline_s = 20 + (int)pick(r, 40);
		if (chance(r, 60))
			g->tasks_s = 1 + (int)pick(r, 18);
		else if (chance(r, 60))
			g->finally_s = 1 + (int)pick(r, 10);
	}
	for (int k = 0; k < 2 && chance(r, k ? 40 : 45); k++) {
		g->cancel_at[k] = (int64_t)pick(r, 30) * S;
		g->cancel[k] = (enum cancel_mode)(1 + pick(r, 3));
		g->n_cancels++;
	}
	g->grace_ns = chance(r, 50) ? (int64_t)(1 + pick(r, 30)) * S + 777 : 0;
}

static void gen_make(struct gen *g, uint64_t seed)
{
	struct rng r = {.x = mix(seed)};

	*g = (struct gen){.seed = seed};
	g->n_dag = 1 + (int)pick(&r, 9);
	g->n = g->n_dag + (int)pick(&r, 4);
	for (int i = 0; i < g->n; i++)
		gen_task(&r, g, i);
	g->max_parallel = chance(&r, 30) ? 1 + (int)pick(&r, 3) : 0;
	gen_surprises(&r, g);
	g->breaks_on_failure = mix(seed + 5) % 3 == 0;
	g->breaks_before = mix(seed + 6) % 3 == 0;
}

/*
 * Own timeouts end at odd nanoseconds and everything else happens at whole milliseconds, so
 * that no two of them fall on one instant, whose order no rule gives.
 */
static int64_t gen_task_timeout_ns(const struct gtask *t, int i)
{
	return t->timeout_s ? t->timeout_s * S + 1 + i : 3600 * S;
}
static int64_t gen_step_timeout_ns(const struct gtask *t, int step)
{
	return t->step_timeout_s[step] ? t->step_timeout_s[step] * S + 101 + step : 0;
}

/* What steps write as results r and a. */
static const char *gen_r(int task)
{
	static const char *const texts[] = {"vt0", "vt1", "vt2", "other"};

	return texts[task < 3 ? task : 3];
}
static const char *gen_a(const struct gtask *t)
{
	static const char *const arrays[] = {
		"[]", "[\"x\"]", "[\"x\",\"y\"]", "[\"x\",\"y\",\"z\"]"};

	return t->bad_array ? "no list" : arrays[t->array_size];
}

/* --- as YAML */

static void put_ref(struct buf *b, const struct gref *r)
{
	if (r->form == REF_STRING)
		buf_addf(b, "$(tasks.t%d.results.r)", r->task);
	else if (r->form == REF_INDEX)
		buf_addf(b, "$(tasks.t%d.results.a[%d])", r->task, r->index);
	else
		buf_addf(b, "$(tasks.t%d.results.%s[*])", r->task, r->index < 0 ? "a" : "r");
}

static bool is_array_ref(const struct gen *g, const struct gref *r)
{
	const struct gtask *p = &g->t[r->task];

	return r->form == REF_STAR && p->matrix < 0 && p->matrix_from < 0;
}

static void put_params(struct buf *b, const struct gen *g, const struct gtask *t)
{
	buf_addz(b, ", params: [");
	for (int k = 0; k < t->n_refs; k++) {
		struct gref r = t->refs[k];

		if (is_array_ref(g, &r))
			r.index = -1;
		buf_addf(b, "%s{name: p%d, value: \"", k ? ", " : "", k);
		put_ref(b, &r);
		buf_addz(b, "\"}");
	}
	if (t->asks >= 0)
		buf_addf(b,
			"%s{name: st, value: \"$(tasks.status)/$(tasks.t%d.status)/"
			"$(tasks.t%d.reason)\"}",
			t->n_refs ? ", " : "", t->asks, t->asks);
	buf_addz(b, "]");
}

static void put_when(struct buf *b, const struct gtask *t)
{
	static const char *const text[] = {
		[WHEN_NONE] = "",
		[WHEN_TRUE] = ", when: [{input: a, operator: in, values: [a, b]}]",
		[WHEN_FALSE] = ", when: [{input: a, operator: notin, values: [a, b]}]",
		[WHEN_RESULT_IN] = ", when: [{input: \"$(tasks.t%d.results.r)\", operator: in, "
				   "values: [vt0, vt1, vt2]}]",
		[WHEN_RESULT_NOTIN] = ", when: [{input: \"$(tasks.t%d.results.r)\", operator: "
				      "notin, values: [vt0, vt1, vt2]}]",
	};
	const char *at = strstr(text[t->when], "%d");

	if (!at) {
		buf_addz(b, text[t->when]);
		return;
	}
	buf_add(b, text[t->when], (size_t)(at - text[t->when]));
	buf_addf(b, "%d%s", t->when_task, at + 2);
}

static void put_matrix(struct buf *b, const struct gtask *t)
{
	if (t->matrix_from >= 0)
		buf_addf(b,
			", matrix: {params: [{name: m, value: \"$(tasks.t%d.results.a[*])\"}]}",
			t->matrix_from);
	if (t->matrix < 0)
		return;
	buf_addz(b, ", matrix: {params: [{name: m, value: [");
	for (int k = 0; k < t->matrix; k++)
		buf_addf(b, "%sm%d", k ? ", " : "", k);
	buf_addz(b, "]}]}");
}

static void put_spec(struct buf *b, const struct gtask *t)
{
	buf_addz(b, ", taskSpec: {params: [");
	for (int k = 0; k < t->n_refs; k++)
		buf_addf(b, "%s{name: p%d, type: %s}", k ? ", " : "", k,
			t->refs[k].form == REF_STAR ? "array" : "string");
	if (gen_is_matrix(t))
		buf_addf(b, "%s{name: m, type: string}", t->n_refs ? ", " : "");
	if (t->asks >= 0)
		buf_addf(b, "%s{name: st, type: string}",
			t->n_refs || gen_is_matrix(t) ? ", " : "");
	buf_addz(b, "], results: [{name: r}");
	if (t->array_size >= 0)
		buf_addz(b, ", {name: a, type: array}");
	buf_addz(b, "], steps: [");
	for (int s = 0; s < t->n_steps; s++) {
		buf_addf(b, "%s{name: s%d, image: x, script: \"true\"", s ? ", " : "", s);
		if (t->step_continue[s])
			buf_addz(b, ", onError: continue");
		if (t->step_timeout_s[s])
			buf_addf(b, ", timeout: %" PRId64 "ns", gen_step_timeout_ns(t, s));
		buf_addz(b, "}");
	}
	for (int k = 0; k < t->n_sidecars; k++)
		buf_addf(b, "%s{name: c%d, image: x, script: \"true\"}",
			k ? ", " : "], sidecars: [", k);
	buf_addz(b, "]}");
}

/* A pipeline of one task, which gets all params and gives all results on. */
static void put_wrapped(struct buf *b, const struct gtask *t, int level)
{
	int n = 0;

	if (!level) {
		put_spec(b, t);
		return;
	}
	buf_addz(b, ", pipelineSpec: {params: [");
	for (int k = 0; k < t->n_refs; k++)
		buf_addf(b, "%s{name: p%d, type: %s}", n++ ? ", " : "", k,
			t->refs[k].form == REF_STAR ? "array" : "string");
	if (gen_is_matrix(t))
		buf_addf(b, "%s{name: m, type: string}", n++ ? ", " : "");
	if (t->asks >= 0)
		buf_addf(b, "%s{name: st, type: string}", n++ ? ", " : "");
	buf_addz(b, "], results: [{name: r, value: $(tasks.in.results.r)}");
	if (t->array_size >= 0)
		buf_addz(b, ", {name: a, type: array, value: \"$(tasks.in.results.a[*])\"}");
	buf_addz(b, "], tasks: [{name: in, params: [");
	n = 0;
	for (int k = 0; k < t->n_refs; k++)
		buf_addf(b, "%s{name: p%d, value: \"$(params.p%d%s)\"}", n++ ? ", " : "", k, k,
			t->refs[k].form == REF_STAR ? "[*]" : "");
	if (gen_is_matrix(t))
		buf_addf(b, "%s{name: m, value: $(params.m)}", n++ ? ", " : "");
	if (t->asks >= 0)
		buf_addf(b, "%s{name: st, value: $(params.st)}", n++ ? ", " : "");
	buf_addz(b, "]");
	put_wrapped(b, t, level - 1);
	buf_addz(b, "}]}");
}

static void put_task(struct buf *b, const struct gen *g, int i)
{
	const struct gtask *t = &g->t[i];
	int n = 0;

	buf_addf(b, "    - {name: t%d", i);
	if (t->on_error_continue)
		buf_addz(b, ", onError: continue");
	if (t->retries)
		buf_addf(b, ", retries: %d", t->retries);
	if (t->timeout_s)
		buf_addf(b, ", timeout: %" PRId64 "ns", gen_task_timeout_ns(t, i));
	for (int p = 0; p < i; p++)
		if (t->after[p])
			buf_addf(b, "%st%d", n++ ? ", " : ", runAfter: [", p);
	if (n)
		buf_addz(b, "]");
	put_when(b, t);
	if (t->n_refs || t->asks >= 0)
		put_params(b, g, t);
	put_matrix(b, t);
	put_wrapped(b, t, t->wrap);
	buf_addz(b, "}\n");
}

static struct str gen_yaml(struct arena *a, const struct gen *g)
{
	struct str text;
	struct buf b;

	buf_init(&b, MIB);
	buf_addz(&b,
		"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: sim}\nspec:\n");
	if (g->pipeline_s) {
		buf_addf(&b, "  timeouts: {pipeline: %ds", g->pipeline_s);
		if (g->tasks_s)
			buf_addf(&b, ", tasks: %ds", g->tasks_s);
		if (g->finally_s)
			buf_addf(&b, ", finally: %ds", g->finally_s);
		buf_addz(&b, "}\n");
	}
	buf_addz(&b, "  pipelineSpec:\n    tasks:\n");
	for (int i = 0; i < g->n_dag; i++)
		put_task(&b, g, i);
	if (g->n > g->n_dag)
		buf_addz(&b, "    finally:\n");
	for (int i = g->n_dag; i < g->n; i++)
		put_task(&b, g, i);
	text = arena_str(a, buf_str(&b));
	buf_release(&b);
	return text;
}

#endif
