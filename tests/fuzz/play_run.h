/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a loaded spec played to its end: an agent, a runner that answers as a stream of
 * random numbers says (refusals, exits, signals, results of every shape, cancelling, late
 * answers), and everything that can be printed of it on the way. However it goes, the run ends.
 */
#ifndef TESTS_FUZZ_PLAY_RUN_H
#define TESTS_FUZZ_PLAY_RUN_H

#include <base/bounds.h>
#include <base/json.h>
#include <base/num.h>
#include <base/vec.h>
#include <monopod/agent.h>
#include <signal.h>
#include <stdlib.h>

enum { PLAY_EVENTS = 600 };

struct play {
	struct arena *arena;
	struct agent *agent;
	const struct spec *spec;
	const struct run_ref *run;
	struct agent_options opts;
	VEC(struct event) queue; /* answers that are owed */
	VEC(struct str) records;
	uint64_t random;
	int64_t now_ns;
	bool finished;
};

static uint32_t play_pick(struct play *p, uint32_t n)
{
	p->random = p->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(p->random >> 33) % n;
}

/* What a step may leave in a result file. */
static const char *const play_texts[] = {
	"v",
	"",
	"line\n",
	"[\"a\",\"b\"]",
	"[]",
	"{\"k\":\"v\",\"l\":\"w\"}",
	"{}",
	"[1,2]",
	"[\"a\"",
	"$(params.p)",
	"$(context.pipelineRun.name)",
	"$(tasks.a.results.r)",
	"$$(X) $(X)",
	"\xff\xfe",
};

static struct result_got play_got(struct play *p, const char *text)
{
	struct result_got got = {.present = play_pick(p, 8) != 0};

	if (got.present)
		got.text = str_z(text);
	else if (play_pick(p, 3) == 0)
		got.problem = STR("is a FIFO");
	return got;
}

static struct result_got *play_results(
	struct play *p, const struct result_want *wants, size_t n_wants)
{
	struct result_got *got = arena_new_array(p->arena, struct result_got, n_wants + 1);

	for (size_t i = 0; i < n_wants; i++) {
		const char *text = play_texts[play_pick(p, ARRAY_SIZE(play_texts))];

		if (wants[i].type == VALUE_ARRAY && play_pick(p, 4))
			text = "[\"x\",\"y z\"]";
		if (wants[i].type == VALUE_OBJECT && play_pick(p, 4))
			text = "{\"k\":\"v\",\"a\":\"1\",\"b\":\"2\"}";
		got[i] = play_got(p, text);
		got[i].name = wants[i].name;
	}
	return got;
}

static struct result_got *play_artifacts(struct play *p)
{
	static const char *const texts[] = {
		"{}",
		"{\"inputs\":[{\"name\":\"i\",\"values\":[{\"digest\":{\"sha256\":\"00\"}}]}]}",
		"{\"outputs\":[{\"name\":\"o\",\"values\":[{\"uri\":\"u\"}]}]}",
		"{\"outputs\":1}",
		"{\"inputs\"",
		"\xff",
	};
	struct result_got *got = arena_new_array(p->arena, struct result_got, ARTIFACTS_FILE_N);

	for (int i = 0; i < ARTIFACTS_FILE_N; i++)
		got[i] = play_got(p, texts[play_pick(p, ARRAY_SIZE(texts))]);
	return got;
}

/* What the step leaves behind it. */
static void play_files(
	struct play *p, const struct task_launch *launch, size_t step, struct event *ev)
{
	const struct step_launch *s = &launch->steps[step];

	ev->results = play_results(p, launch->results, launch->n_results);
	ev->n_results = launch->n_results;
	ev->step_results = play_results(p, s->results, s->n_results);
	ev->n_step_results = s->n_results;
	if (play_pick(p, 4) == 0)
		ev->artifacts = play_artifacts(p);
}

/* How its program ends; with `halts` a failure waits at a breakpoint first. */
static void play_program(struct play *p, const struct action *x, bool halts)
{
	struct event ev = {.kind = EVENT_STEP_ENDED,
		.task = x->task,
		.attempt = x->attempt,
		.step = x->step};

	if (play_pick(p, 6) == 0) {
		ev.end = (enum step_end)play_pick(p, STEP_END_N);
		ev.exit_code = ev.end == STEP_END_EXITED ? (int)play_pick(p, 256) : 0;
		ev.signal = ev.end == STEP_END_SIGNALED ? SIGSEGV : 0;
	}
	if (halts && (ev.end != STEP_END_EXITED || ev.exit_code))
		ev.kind = EVENT_STEP_HALTED;
	else if (x->launch)
		play_files(p, x->launch, x->step, &ev);
	vec_push(&p->queue, ev);
}

static void play_release(struct play *p, struct event ev)
{
	ev.kind = EVENT_STEP_RELEASED;
	ev.release = play_pick(p, 2) ? RELEASE_CONTINUE : RELEASE_FAIL;
	ev.exit_code = ev.release == RELEASE_FAIL ? (int)play_pick(p, 3) : 0;
	vec_push(&p->queue, ev);
}

static void play_step(struct play *p, const struct action *x, struct event ev)
{
	const struct step_launch *step = &x->launch->steps[x->step];

	if (play_pick(p, 24) == 0) {
		ev.kind = EVENT_STEP_REFUSED;
		ev.reason = STR("TaskRunImagePullFailed");
		ev.message = STR("no such image");
		vec_push(&p->queue, ev);
		return;
	}
	ev.kind = EVENT_STEP_STARTED;
	ev.image_id = STR("sha256:0");
	vec_push(&p->queue, ev);
	ev = (struct event){.task = x->task, .attempt = x->attempt, .step = x->step};
	if (!step->breaks_before)
		play_program(p, x, step->breaks_on_failure);
	if (step->breaks_before || step->breaks_on_failure)
		play_release(p, ev);
}

/* It may be ready, or end, or be ready and end, or hang; whatever comes after END_TASK is gone.
 */
static void play_sidecar(struct play *p, struct event ev)
{
	if (play_pick(p, 24) == 0) {
		ev.kind = EVENT_SIDECAR_REFUSED;
		ev.reason = STR("TaskRunImagePullFailed");
		ev.message = STR("no such image");
		vec_push(&p->queue, ev);
		return;
	}
	ev.kind = EVENT_SIDECAR_STARTED;
	ev.image_id = STR("sha256:0");
	vec_push(&p->queue, ev);
	ev.kind = EVENT_SIDECAR_READY;
	if (play_pick(p, 8))
		vec_push(&p->queue, ev);
	ev.kind = EVENT_SIDECAR_UNREADY;
	if (play_pick(p, 8) == 0)
		vec_push(&p->queue, ev);
	ev.kind = EVENT_SIDECAR_ENDED;
	ev.end = (enum step_end)play_pick(p, STEP_END_N);
	ev.exit_code = ev.end == STEP_END_EXITED ? (int)play_pick(p, 256) : 0;
	ev.signal = ev.end == STEP_END_SIGNALED ? SIGSEGV : 0;
	if (play_pick(p, 3) == 0)
		vec_push(&p->queue, ev);
}

static void play_forget(struct play *p, const struct action *x)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->queue.n; i++)
		if (p->queue.p[i].task != x->task || p->queue.p[i].attempt != x->attempt)
			p->queue.p[kept++] = p->queue.p[i];
	p->queue.n = kept;
}

static void play_action(struct play *p, const struct action *x)
{
	struct event ev = {.task = x->task, .attempt = x->attempt, .step = x->step};

	BUG_ON(p->finished);
	switch (x->kind) {
	case ACTION_START_TASK:
		if (play_pick(p, 12) == 0) { /* others hold its ports */
			ev.kind = EVENT_TASK_WAITS;
			vec_push(&p->queue, ev);
		}
		ev.kind = EVENT_TASK_READY;
		if (play_pick(p, 24) == 0) {
			ev.kind = EVENT_TASK_REFUSED;
			ev.reason = STR("CreateContainerConfigError");
			ev.message = STR("configmap \"x\" not found");
		}
		vec_push(&p->queue, ev);
		break;
	case ACTION_START_SIDECAR:
		BUG_ON(x->step < x->launch->n_steps);
		BUG_ON(x->step >= launch_n_containers(x->launch));
		play_sidecar(p, ev);
		break;
	case ACTION_START_STEP:
		BUG_ON(x->step >= x->launch->n_steps);
		play_step(p, x, ev);
		break;
	case ACTION_RELEASE_STEP:
		play_program(p, x, false);
		break;
	case ACTION_END_TASK:
		play_forget(p, x);
		break;
	case ACTION_FINISH:
		p->finished = true;
		break;
	case ACTION_RECORD:
		vec_push(&p->records, arena_str(p->arena, x->record));
		break;
	case ACTION_SKIP_STEP:
	case ACTION_STOP_STEP:
	case ACTION_PUBLISH:
	default:
		break;
	}
}

static void play_feed(struct play *p, struct event ev)
{
	struct action x;

	ev.now_ns = p->now_ns;
	ev.wall_ns = p->now_ns + INT64_C(1700000000) * NS_PER_S;
	agent_feed(p->agent, &ev);
	while (agent_next_action(p->agent, &x))
		play_action(p, &x);
}

/* One task's answers come in order; tasks among each other in any. */
static struct event play_take(struct play *p)
{
	size_t at = play_pick(p, (uint32_t)p->queue.n);
	struct event ev = p->queue.p[at];

	for (size_t i = 0; i < at; i++)
		if (p->queue.p[i].task == ev.task && p->queue.p[i].attempt == ev.attempt) {
			at = i;
			ev = p->queue.p[i];
			break;
		}
	for (size_t i = at; i + 1 < p->queue.n; i++)
		p->queue.p[i] = p->queue.p[i + 1];
	p->queue.n--;
	return ev;
}

static void play_tick(struct play *p, int64_t at)
{
	if (at > p->now_ns)
		p->now_ns = at;
	play_feed(p, (struct event){.kind = EVENT_TICK});
}

static struct agent *play_agent(const struct play *p)
{
	struct diags diags;

	diags_init(&diags, p->arena, p->spec->sources);
	return agent_new(p->spec, p->run, &p->opts, &diags);
}

static struct agent *play_again(const struct play *p)
{
	struct agent *again = play_agent(p);
	struct replay_end end;
	struct err err = {0};

	if (agent_replay(again, p->records.p, p->records.n, false, &end, &err) < 0)
		bug_fail(__FILE__, __LINE__, err.msg);
	BUG_ON(end.n_records != p->records.n || end.is_done != agent_view(p->agent)->is_done);
	return again;
}

/* The agent dies; another one makes the run again from its journal and goes on. */
static void play_die(struct play *p)
{
	struct agent *next = play_again(p);

	agent_free(p->agent);
	p->agent = next;
	p->queue.n = 0;
	play_feed(p, (struct event){.kind = EVENT_RESUME});
}

static void play_on(struct play *p)
{
	int64_t deadline = agent_deadline_ns(p->agent);

	p->now_ns += NS_PER_S / 10;
	if (play_pick(p, 64) == 0) {
		play_die(p);
		return;
	}
	if (play_pick(p, 128) == 0) {
		play_feed(p, (struct event){.kind = EVENT_CANCEL,
				     .cancel = (enum cancel_mode)(1 + play_pick(p, 3)),
				     .grace_ns = play_pick(p, 2) * 8 * NS_PER_S});
		return;
	}
	if (deadline < INT64_MAX && (!p->queue.n || play_pick(p, 64) == 0)) {
		play_tick(p, deadline);
		return;
	}
	BUG_ON(!p->queue.n); /* nothing to wait for, and not over */
	play_feed(p, play_take(p));
}

static void play_end(struct play *p)
{
	play_feed(p, (struct event){.kind = EVENT_CANCEL, .cancel = CANCEL_NOW});
	while (!p->finished && p->queue.n)
		play_feed(p, play_take(p));
}

static void play_print(struct play *p)
{
	struct arena *a cleanup_arena = arena_new();
	struct buf out cleanup_buf;
	struct json_writer w;
	struct json *back;
	struct err err;

	buf_init(&out, 64 * MIB);
	for (int f = PLAN_TEXT; f <= PLAN_DOT; f++)
		plan_print(p->agent,
			(struct plan_style){
				.format = (enum plan_format)f, .has_resources = true},
			&out);
	buf_release(&out);
	buf_init(&out, 64 * MIB);
	json_writer_init(&w, &out, 0);
	json_open(&w, '[');
	report_items(agent_view(p->agent), &w);
	json_close(&w, ']');
	/* depth and size are bounded differently in the two directions; all else must hold */
	BUG_ON(json_parse(a, buf_str(&out), 64 * MIB, &back, &err) < 0 &&
		err.kind != ERR_LIMIT);
}

static void play_report(const struct agent *a, struct buf *out)
{
	struct json_writer w;

	buf_init(out, 64 * MIB);
	json_writer_init(&w, out, 0);
	json_open(&w, '[');
	report_items(agent_view(a), &w);
	json_close(&w, ']');
}

/* All that is known of the run can be known from its journal. */
static void play_compare(struct play *p)
{
	struct agent *again = play_again(p);
	struct buf one cleanup_buf, other cleanup_buf;

	play_report(p->agent, &one);
	play_report(again, &other);
	BUG_ON(!str_eq(buf_str(&one), buf_str(&other)));
	agent_free(again);
}

/* From wherever it stands to its end. */
static void play_to_end(struct play *p)
{
	for (int i = 0; i < PLAY_EVENTS && !p->finished; i++)
		play_on(p);
	if (!p->finished)
		play_end(p);
	BUG_ON(!p->finished);
	play_print(p);
	play_compare(p);
	vec_release(&p->queue);
	vec_release(&p->records);
	agent_free(p->agent);
}

static struct str play_suffix(void *arg, struct arena *a)
{
	(void)arg;
	return arena_strz(a, "abcde");
}

static inline void play_run(struct spec *s, const struct run_ref *run, uint64_t seed)
{
	struct arena *a cleanup_arena = arena_new();
	struct play p = {.arena = a, .random = seed, .now_ns = NS_PER_S, .spec = s, .run = run};
	struct agent_options *opts = &p.opts;
	struct image_use *images;
	size_t n;

	opts->uid = STR("00000000-0000-4000-8000-000000000001");
	opts->random = play_suffix;
	opts->max_parallel = play_pick(&p, 3);
	opts->start_pending = play_pick(&p, 2);
	opts->hermetic = play_pick(&p, 8) == 0;
	p.agent = play_agent(&p);
	agent_images(p.agent, a, &images, &n);
	(void)agent_wants_hermetic(p.agent);
	play_print(&p);
	play_feed(&p, (struct event){.kind = EVENT_START});
	play_to_end(&p);
}

#endif
