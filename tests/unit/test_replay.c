/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run made again from its journal, whole, torn, edited and forced; and what an agent that
 * goes on with it does. Every other test of agent/ replays its run as well (rig_free).
 */
#include "agent_rig.h"

#define PR "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"

static const char rich[] = PR
	"  timeouts: {pipeline: 100s}\n"
	"  pipelineSpec:\n"
	"    results: [{name: out, value: $(tasks.make.results.v)}, {name: up, value: "
	"$(tasks.make.results.up)}]\n"
	"    tasks:\n"
	"    - {name: make, taskSpec: {results: [{name: v}, {name: list, type: array}, {name: "
	"ro}, {name: up, value: $(steps.one.results.g)}], steps: [{name: one, image: x, "
	"results: "
	"[{name: g}]}, {name: skip, image: x, when: [{input: $(steps.one.results.g), operator: "
	"in, values: [g]}]}, {name: two, image: x, args: [$(steps.one.results.g)]}]}}\n"
	"    - {name: use, retries: 2, params: [{name: p, value: $(tasks.make.results.v)}], "
	"taskSpec: {params: [{name: p}], steps: [{image: x, script: '$(params.p) "
	"$(context.task.retry-count)'}]}}\n"
	"    - {name: fan, onError: continue, matrix: {params: [{name: m, value: "
	"'$(tasks.make.results.list[*])'}]}, taskSpec: {params: [{name: m}], steps: [{image: "
	"x}]}}\n"
	"    - {name: never, when: [{input: a, operator: in, values: [b]}], taskSpec: {steps: "
	"[{image: x}]}}\n"
	"    finally:\n"
	"    - {name: last, params: [{name: s, value: $(tasks.fan.status)}], taskSpec: "
	"{params: [{name: s}], steps: [{image: x}]}}\n";
static const struct fate rich_fates[] = {
	{"r-make", -1, -1, STEP_END_EXITED, 0, 0,
		{"v", "a\xff\x80\"<b>\n", "list", "[\"x\",\"y\"]", "ro", "!is a FIFO", "@g",
			"\xfe g"},
		false},
	{"r-use", 0, -1, STEP_END_SIGNALED, 0, SIGSEGV, {0}, false},
	{"r-use", 1, -1, STEP_END_OOM, 0, 0, {0}, false},
	{"r-fan-1", -1, -1, STEP_END_EXEC_FAILED, 0, 0, {0}, false},
};

/* A run in the run, which fails once and is retried. */
static const char nested[] =
	PR "  pipelineSpec:\n"
	   "    tasks:\n"
	   "    - name: kid\n"
	   "      retries: 1\n"
	   "      pipelineSpec:\n"
	   "        results: [{name: out, value: $(tasks.a.results.v)}]\n"
	   "        tasks:\n"
	   "        - {name: a, taskSpec: {results: [{name: v}], steps: [{image: x}]}}\n"
	   "        - {name: b, runAfter: [a], taskSpec: {steps: [{image: x}]}}\n"
	   "    - {name: use, params: [{name: p, value: $(tasks.kid.results.out)}], taskSpec: "
	   "{params: [{name: p}], steps: [{image: x}]}}\n"
	   "    results: [{name: out, value: $(tasks.kid.results.out)}]\n";
static const struct fate nested_fates[] = {
	{"r-kid-b", -1, -1, STEP_END_EXITED, 7, 0, {0}, false},
	{"r-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {"v", "1"}, false},
	{"r-kid-retry1-a", -1, -1, STEP_END_EXITED, 0, 0, {"v", "2"}, false},
};

static struct rig *run_of(int which)
{
	if (which)
		return rig_run(nested, nested_fates, ARRAY_SIZE(nested_fates));
	return rig_run(rich, rich_fates, ARRAY_SIZE(rich_fates));
}

/* --- an agent that goes on with the first k records of another one's */

static struct rig *reborn(struct rig *dead, size_t k)
{
	struct rig *r = arena_new_object(dead->arena, struct rig);
	size_t n;

	r->arena = dead->arena;
	r->spec = dead->spec;
	r->opts = dead->opts;
	r->fates = dead->fates;
	r->n_fates = dead->n_fates;
	diags_init(&r->diags, r->arena, r->spec->sources);
	r->agent = rig_again(dead);
	r->view = agent_view(r->agent);
	(void)rig_records(dead, &n);
	assert_true(k <= n);
	for (size_t i = 0; i < k; i++)
		r->n_records = (size_t)(strchr(dead->records + r->n_records, '\n') + 1 -
					dead->records);
	r->records = mem_grow(NULL, r->n_records + 1);
	memcpy(r->records, dead->records, r->n_records);
	r->records[r->n_records] = '\0';
	return r;
}

static void died(struct rig *r)
{
	rig_replay(r);
	agent_free(r->agent);
	free(r->records);
}

/* Replays, and goes on after `down_ns`; or is told at once to cancel it. */
static struct rig *resume_asked(
	struct rig *dead, size_t k, int64_t down_ns, enum cancel_mode asked, bool *had_ended)
{
	struct rig *r = reborn(dead, k);
	struct replay_end end;
	struct str *records;
	struct err err;
	size_t n;

	records = rig_records(r, &n);
	if (agent_replay(r->agent, records, n, false, &end, &err) < 0)
		fail_msg("replay of %zu: %s", k, err.msg);
	*had_ended = end.is_done;
	r->now_ns = end.now_ns + down_ns;
	rig_feed(r,
		(struct event){.kind = EVENT_RESUME, .cancel = asked, .message = STR("why")});
	return r;
}

static struct rig *resume(struct rig *dead, size_t k, int64_t down_ns)
{
	bool had_ended;

	return resume_asked(dead, k, down_ns, CANCEL_NONE, &had_ended);
}

static size_t n_records(struct rig *r)
{
	size_t n;

	(void)rig_records(r, &n);
	return n;
}

/* --- replay */

/* Cut after any record, what is missing of the last event is made up for. */
static void torn_of(int which)
{
	struct rig *r = run_of(which);
	size_t n, k;
	struct str *all = rig_records(r, &n);

	for (k = 0; k <= n; k++) {
		struct agent *a = rig_again(r);
		struct replay_end end;
		struct action x;
		struct err err;
		size_t at = k;

		if (agent_replay(a, all, k, false, &end, &err) < 0)
			fail_msg("replay of %zu: %s", k, err.msg);
		assert_int_equal(end.n_records, k);
		for (; agent_next_action(a, &x); at++) {
			assert_int_equal(x.kind, ACTION_RECORD);
			assert_true(at < n);
			assert_true(str_eq(x.record, all[at]));
		}
		assert_true(at == n || str_has(all[at], STR("\"kind\":\"event\"")));
		assert_int_equal(end.is_done, at == n);
		agent_free(a);
	}
	rig_free(r);
}

static void torn(void **state)
{
	(void)state;
	torn_of(0);
	torn_of(1);
}

/* One other digit in any record is found, and the record is named. */
static void edited(void **state)
{
	struct rig *r = rig_run(rich, rich_fates, ARRAY_SIZE(rich_fates));
	size_t n;
	struct str *all = rig_records(r, &n);

	(void)state;
	for (size_t k = 0; k < n; k++) {
		struct str was = all[k];
		struct agent *a = rig_again(r);
		bool is_event = str_has(was, STR("\"kind\":\"event\""));
		struct replay_end end;
		struct err err;
		struct str own;

		own = arena_str(r->arena, was);
		/* of events the number; of changes the last letter of the last text */
		((char *)(uintptr_t)own.p)[is_event ? 7 : own.n - 3] ^= 1;
		all[k] = own;
		if (agent_replay(a, all, n, false, &end, &err) == 0)
			fail_msg("taken: %s", str_c(own));
		own = arena_printf(r->arena, "record %zu of the journal", k);
		if (!strstr(err.msg, str_c(own)))
			fail_msg("record %zu: %s", k, err.msg);
		all[k] = was;
		agent_free(a);
	}
	rig_free(r);
}

static void refused(void **state)
{
	static const struct {
		const char *records[2];
		const char *want;
	} cases[] = {
		{{"{"}, "record 0 of the journal: "},
		{{"[]"}, "record 0 of the journal is [], but this run would have none there"},
		{{"{\"kind\":\"event\"}"}, "'event' is '', which is none of ours"},
		{{"{\"kind\":\"event\",\"event\":\"tick\"}"}, "would have none there"},
		{{"{\"kind\":\"event\",\"event\":\"task-ready\"}"}, "there is no task run ''"},
		{{"{\"kind\":\"event\",\"event\":\"start\",\"ns\":-1}"}, "'ns'"},
		{{"{\"seq\":0,\"ns\":1,\"wall\":2,\"kind\":\"event\",\"event\":\"start\"}",
			 "{\"seq\":1}"},
			"record 1 of the journal is {\"seq\":1}, but this run would have "
			"{\"seq\":1,\"ns\":1,\"wall\":2,\"kind\":\"run-start\""},
		{{"{\"seq\":0,\"ns\":1,\"wall\":2,\"kind\":\"event\",\"event\":\"start\",\"x\":"
		  "1}"},
			"but this run would have {\"seq\":0"},
	};
	struct rig *r = rig_new(rich);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str records[2] = {
			str_z(cases[i].records[0]), str_z(cases[i].records[1])};
		struct agent *a = rig_again(r);
		struct replay_end end;
		struct err err;

		if (agent_replay(a, records, records[1].n ? 2 : 1, false, &end, &err) == 0)
			fail_msg("taken: %s", cases[i].records[0]);
		assert_int_equal(err.kind, ERR_SPEC);
		if (!strstr(err.msg, cases[i].want))
			fail_msg("'%s' is not in '%s'", cases[i].want, err.msg);
		agent_free(a);
	}
	rig_free(r);
}

/* --- going on */

/* Whatever was interrupted runs again, what had ended does not, and all ends as it would have.
 */
static void every_prefix_of(int which)
{
	struct rig *r = run_of(which);
	size_t n = n_records(r);

	assert_true(r->view->n_results > 0);
	for (size_t k = 0; k <= n; k++) {
		struct rig *next = resume(r, k, NS_PER_S);

		assert_true(next->finished);
		assert_str(next->view->condition.reason, str_c(r->view->condition.reason));
		assert_str(next->view->condition.message, str_c(r->view->condition.message));
		assert_int_equal(next->view->n_results, r->view->n_results);
		for (size_t i = 0; i < r->view->n_results; i++)
			assert_true(str_eq(next->view->results[i].value.string.s,
				r->view->results[i].value.string.s));
		died(next);
	}
	rig_free(r);
}

static void every_prefix(void **state)
{
	(void)state;
	every_prefix_of(0);
	every_prefix_of(1);
}

/* Whatever had not ended ends as cancelled, what had stays; at once means that nothing starts.
 */
static void cancelled_before_of(int which, enum cancel_mode mode)
{
	struct rig *r = run_of(which);
	size_t n = n_records(r);

	for (size_t k = 0; k <= n; k++) {
		bool had_ended;
		struct rig *next = resume_asked(r, k, NS_PER_S, mode, &had_ended);

		assert_true(next->finished);
		if (had_ended) {
			assert_int_equal(next->view->cancelled, CANCEL_NONE);
			assert_str(
				next->view->condition.reason, str_c(r->view->condition.reason));
		} else {
			assert_int_equal(next->view->cancelled, mode);
			assert_int_equal(next->view->condition.status, CONDITION_FALSE);
			if (mode == CANCEL_NOW) {
				assert_str(next->view->condition.reason, "Cancelled");
				assert_int_equal(rig_count(next, ACTION_START_TASK), 0);
			}
		}
		assert_true(k || !had_ended);
		died(next);
	}
	rig_free(r);
}

static void cancelled_before(void **state)
{
	(void)state;
	for (int which = 0; which < 2; which++)
		for (enum cancel_mode mode = CANCEL_STOP; mode <= CANCEL_NOW; mode++)
			cancelled_before_of(which, mode);
}

#define SEC(n)                                                                                 \
	((int64_t)(n)*NS_PER_S + NS_PER_S) /* of the rig's clock, which starts at 1 s          \
					    */
#define ONE(more, step)                                                                        \
	PR "  pipelineSpec: {tasks: [{name: a" more                                            \
	   ", taskSpec: {steps: [{name: x, image: x}, "                                        \
	   "{name: z, image: x, script: '$(context.task.retry-count)'" step "}]}}]}\n"

static const struct fate hangs[] = {
	{"r-a", -1, 1, STEP_END_EXITED, 0, 0, {0}, true},
	{"r-b", -1, 0, STEP_END_EXITED, 0, 0, {0}, true},
	{"r-last", -1, 0, STEP_END_EXITED, 0, 0, {0}, true},
};

/* What ran when the agent died is another attempt, and none that counts. */
static void interrupted(void **state)
{
	struct rig *r = rig_run(ONE(", retries: 1, timeout: 5s", ""), hangs, 1), *next;
	const struct task_run_view *t;

	(void)state;
	next = resume(r, n_records(r), SEC(100));
	t = rig_task(next, "r-a");
	assert_int_equal(t->n_attempts, 2);
	assert_true(t->attempts[0].is_interrupted);
	assert_condition(t->attempts[0].condition, CONDITION_FALSE, "Interrupted");
	assert_str(t->attempts[0].condition.message,
		"TaskRun \"r-a\" was interrupted: monopod ended while it ran");
	assert_str(t->attempts[0].steps[0].termination_reason, "Completed");
	assert_str(t->attempts[0].steps[1].termination_reason, "Interrupted");
	assert_str(t->attempts[1].pod_name, "r-a-pod");
	assert_str(rig_launch(next, "r-a")->steps[1].script, "#!/bin/sh\nset -e\n0");
	assert_int_equal(rig_launch(next, "r-a")->attempt, 1);
	assert_null(strstr(str_c(rig_report(r->arena, next->agent)), "retriesStatus"));
	/* nothing is freed that this agent did not make */
	assert_int_equal(rig_count(next, ACTION_END_TASK), 0);
	assert_int_equal(rig_count(next, ACTION_START_TASK), 1);
	/* its own timeout starts anew, and its one retry is still there */
	assert_int_equal(agent_deadline_ns(next->agent), next->now_ns + 5 * NS_PER_S);
	rig_until(next, next->now_ns + 5 * NS_PER_S);
	assert_int_equal(t->state, TASK_STOPPING);
	rig_feed(next, (struct event){.kind = EVENT_STEP_ENDED,
			       .attempt = 1,
			       .step = 1,
			       .end = STEP_END_SIGNALED,
			       .signal = SIGTERM});
	assert_int_equal(t->n_attempts, 3);
	assert_str(rig_launch(next, "r-a")->steps[1].script, "#!/bin/sh\nset -e\n1");
	assert_str(t->attempts[2].pod_name, "r-a-pod-retry1");
	died(next);
	rig_free(r);
}

struct stop_case {
	const char *more, *step; /* of the task, of its second step */
	enum cancel_mode cancel; /* at once */
	int64_t until_s;         /* then the clock goes on */
	int64_t down_s;
	size_t attempts;
	const char *reason;      /* of the first attempt */
	const char *step_reason; /* termination reason of its second step */
	const char *run_reason;
};

/* What was being stopped ends with its cause; what is due meanwhile stops the rest. */
static void stopped(void **state)
{
	static const struct stop_case cases[] = {
		{"", "", CANCEL_NOW, 0, 0, 1, "TaskRunCancelled", "TaskRunCancelled",
			"Cancelled"},
		{"", "", CANCEL_GRACEFUL, 0, 9, 1, "TaskRunCancelled", "TaskRunCancelled",
			"Cancelled"},
		{"", "", CANCEL_STOP, 0, 9, 2, "Interrupted", "Interrupted",
			"StoppedRunningFinally"},
		{", timeout: 3s", "", CANCEL_NONE, 4, 0, 1, "TaskRunTimeout", "TaskRunTimeout",
			"Failed"},
		{", timeout: 3s, retries: 1", "", CANCEL_NONE, 4, 9, 2, "TaskRunTimeout",
			"TaskRunTimeout", "Running"},
		{", timeout: 3s", "", CANCEL_NONE, 2, 9, 2, "Interrupted", "Interrupted",
			"Running"},
		{"", ", timeout: 3s", CANCEL_NONE, 4, 0, 1, "StepFailed", "TimeoutExceeded",
			"Failed"},
		{", retries: 1", ", timeout: 3s", CANCEL_NONE, 4, 9, 2, "StepFailed",
			"TimeoutExceeded", "Running"},
		{"", ", timeout: 3s", CANCEL_NONE, 2, 9, 2, "Interrupted", "Interrupted",
			"Running"},
		/* 1h is the pipeline's timeout */
		{", retries: 3", "", CANCEL_NONE, 0, 3599, 2, "Interrupted", "Interrupted",
			"Running"},
		{", retries: 3", "", CANCEL_NONE, 0, 3601, 1, "TaskRunCancelled",
			"TaskRunCancelled", "PipelineRunTimeout"},
		{", timeout: 3s, retries: 3", "", CANCEL_NONE, 4, 3601, 1, "TaskRunTimeout",
			"TaskRunTimeout", "PipelineRunTimeout"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct stop_case *c = &cases[i];
		struct arena *a = arena_new();
		struct str yaml = arena_printf(a,
			PR "  pipelineSpec: {tasks: [{name: a%s, taskSpec: {steps: [{name: x, "
			   "image: x}, {name: z, image: x%s}]}}]}\n",
			c->more, c->step);
		struct rig *r = rig_run(str_c(yaml), hangs, 1), *next;
		const struct attempt_view *at;

		if (c->cancel)
			rig_feed(r, (struct event){.kind = EVENT_CANCEL, .cancel = c->cancel});
		rig_until(r, SEC(c->until_s));
		next = resume(r, n_records(r), c->down_s * NS_PER_S);
		rig_until(next, next->now_ns);
		at = rig_task(next, "r-a")->attempts;
		if (rig_task(next, "r-a")->n_attempts != c->attempts ||
			!str_eqz(at->condition.reason, c->reason) ||
			!str_eqz(at->steps[0].termination_reason, "Completed") ||
			!str_eqz(at->steps[1].termination_reason, c->step_reason) ||
			!str_eqz(next->view->condition.reason, c->run_reason))
			fail_msg("case %zu: %s", i, str_c(rig_report(a, next->agent)));
		died(next);
		rig_free(r);
		arena_free(a);
	}
}

/* The time that a signal left was the old agent's; a signal to the new one sets another. */
static void signalled(void **state)
{
	const struct event cancel = {
		.kind = EVENT_CANCEL, .cancel = CANCEL_GRACEFUL, .grace_ns = 30 * NS_PER_S};
	struct rig *r = rig_run(PR
			   "  pipelineSpec:\n"
			   "    tasks: [{name: a, taskSpec: {steps: [{image: x}, {image: "
			   "x}]}}]\n"
			   "    finally: [{name: last, taskSpec: {steps: [{image: x}]}}]\n",
			   hangs, ARRAY_SIZE(hangs)),
		   *next;

	(void)state;
	rig_feed(r, cancel);
	assert_int_equal(rig_task(r, "r-a")->state, TASK_STOPPING);
	next = resume(r, n_records(r), 60 * NS_PER_S);
	assert_condition(rig_task(next, "r-a")->condition, CONDITION_FALSE, "TaskRunCancelled");
	assert_int_equal(rig_task(next, "r-last")->state, TASK_RUNNING);
	assert_int_equal(agent_deadline_ns(next->agent), r->now_ns + 3600 * NS_PER_S);
	rig_feed(next, cancel);
	assert_int_equal(agent_deadline_ns(next->agent), next->now_ns + 28 * NS_PER_S);
	rig_feed(next, cancel);
	rig_until(next, next->now_ns + 28 * NS_PER_S);
	assert_int_equal(next->view->cancelled, CANCEL_NOW);
	assert_int_equal(rig_task(next, "r-last")->state, TASK_STOPPING);
	died(next);
	rig_free(r);
}

/* Interrupted task runs go before those that never started. */
static void parallel(void **state)
{
	struct rig *r = rig_new(
			   PR "  pipelineSpec: {tasks: [{name: c, taskSpec: {steps: [{image: "
			      "x}]}}, {name: b, taskSpec: {steps: [{image: x}]}}, {name: a, "
			      "taskSpec: {steps: [{image: x}, {image: x}]}}]}\n"),
		   *next;

	(void)state;
	r->opts.max_parallel = 1;
	rig_start(r, hangs, ARRAY_SIZE(hangs));
	assert_int_equal(rig_task(r, "r-c")->state, TASK_DONE);
	assert_int_equal(rig_task(r, "r-b")->state, TASK_RUNNING);
	next = resume(r, n_records(r), 0);
	assert_int_equal(rig_task(next, "r-b")->state, TASK_RUNNING);
	assert_int_equal(rig_task(next, "r-a")->state, TASK_WAITING);
	assert_int_equal(rig_task(next, "r-c")->n_attempts, 1);
	died(next);
	rig_free(r);
}

/* An attempt that is interrupted before it is ready, of a TaskRun object. */
static void preparing(void **state)
{
	struct rig *r = rig_new(
			   "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\n"
			   "spec: {taskSpec: {steps: [{image: x}]}}\n"),
		   *next, *last;

	(void)state;
	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	assert_int_equal(rig_task(r, "tr")->state, TASK_PREPARING);
	next = resume(r, n_records(r), 0);
	assert_true(next->finished);
	assert_int_equal(rig_task(next, "tr")->n_attempts, 2);
	assert_condition(next->view->condition, CONDITION_TRUE, "Succeeded");
	/* a run that is over is only told so */
	last = resume(next, n_records(next), 0);
	assert_true(last->finished);
	assert_int_equal(n_records(last), n_records(next));
	assert_int_equal(last->n_actions, 2);
	assert_int_equal(last->actions[0].kind, ACTION_PUBLISH);
	died(last);
	died(next);
	rig_free(r);
}

/* Bytes that JSON cannot hold come back as they were. */
static void bytes(void **state)
{
	static const struct fate hang[] = {{"tr", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}};
	static const char odd[] = "a\0b\xff";
	struct str text = {.p = odd, .n = sizeof(odd) - 1};
	struct result_got got = {.name = STR("v"), .present = true, .text = text};
	struct rig *r = rig_run(
			   "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\n"
			   "spec: {taskSpec: {results: [{name: v}], steps: [{image: x}]}}\n",
			   hang, 1),
		   *next;
	const struct attempt_view *at;

	(void)state;
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED,
			    .end = STEP_END_EXEC_FAILED,
			    .message = text,
			    .results = &got,
			    .n_results = 1});
	assert_non_null(strstr(r->records, "\"messageBase64\":\"YQBi/w==\""));
	assert_non_null(strstr(r->records, "\"textBase64\":\"YQBi/w==\""));
	next = resume(r, n_records(r), 0);
	at = rig_task(next, "tr")->attempts;
	assert_true(str_eq(at->steps[0].message, text));
	assert_true(str_eq(at->results[0].value.string.s, text));
	died(next);
	rig_free(r);
}

/* --- with force */

/* The pipeline was edited between the agents: what fits is taken, the rest runs again. */
static void forced(void **state)
{
	static const struct {
		const char *before, *after;
		size_t attempts_a, attempts_b; /* after the resume */
		bool runs_a, runs_b;           /* again */
	} cases[] = {
		{"{name: x, image: x}", "{name: x, image: x}", 1, 2, false, true},
		/* another image of a step that has ended */
		{"{name: x, image: x}", "{name: x, image: w}", 1, 2, false, true},
		{"{name: x, image: x}", "{name: new, image: x}", 2, 2, true, true},
		{"{name: x, image: x}", "{name: x, image: x}, {name: z, image: x}", 2, 2, true,
			true},
		{"{name: x, image: x}, {name: z, image: x}", "{name: x, image: x}", 1, 2, false,
			true},
	};
	static const char yaml[] =
		PR "  pipelineSpec: {tasks: [{name: a, taskSpec: {steps: [%s]}}, {name: b, "
		   "taskSpec: {steps: [{image: x}]}}]}\n";
	static const struct fate b_hangs[] = {{"r-b", -1, 0, STEP_END_EXITED, 0, 0, {0}, true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *arena = arena_new();
		char before[512], after[512];
		struct rig *r, *edited_one, *next;
		struct replay_end end;
		struct str *records;
		struct err err;
		size_t n;

		snprintf(before, sizeof(before), yaml, cases[i].before);
		snprintf(after, sizeof(after), yaml, cases[i].after);
		r = rig_run(before, b_hangs, 1);
		edited_one = rig_new(after);
		edited_one->fates = b_hangs;
		edited_one->n_fates = 1;
		edited_one->records = mem_grow(NULL, r->n_records + 1);
		memcpy(edited_one->records, r->records, r->n_records + 1);
		edited_one->n_records = r->n_records;
		next = reborn(edited_one, n_records(r));
		records = rig_records(next, &n);
		assert_int_equal(agent_replay(next->agent, records, n, true, &end, &err), 0);
		next->now_ns = end.now_ns + NS_PER_S;
		rig_feed(next, (struct event){.kind = EVENT_RESUME});
		assert_int_equal(rig_task(next, "r-a")->n_attempts, cases[i].attempts_a);
		assert_int_equal(rig_task(next, "r-b")->n_attempts, cases[i].attempts_b);
		assert_non_null(strstr(next->records, "\"event\":\"resume\",\"force\":true"));
		/* and without force the next time, as the journal says which part may differ */
		died(next);
		agent_free(edited_one->agent);
		free(edited_one->records);
		arena_free(edited_one->arena);
		rig_free(r);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(torn),
		cmocka_unit_test(edited),
		cmocka_unit_test(refused),
		cmocka_unit_test(every_prefix),
		cmocka_unit_test(cancelled_before),
		cmocka_unit_test(interrupted),
		cmocka_unit_test(stopped),
		cmocka_unit_test(signalled),
		cmocka_unit_test(parallel),
		cmocka_unit_test(preparing),
		cmocka_unit_test(bytes),
		cmocka_unit_test(forced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
