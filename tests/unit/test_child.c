/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines in pipelines: what a child is to the run around it, scene by scene (section 19). */
#include "agent_rig.h"

#define HEAD "apiVersion: tekton.dev/v1\n"
#define TASK(name, more)                                                                       \
	"{name: " name more ", taskSpec: {results: [{name: r}], steps: [{image: x}]}}"
#define USE(name, value)                                                                       \
	"{name: " name ", params: [{name: v, value: " value                                    \
	"}], taskSpec: {params: [{name: v, type: string}], steps: [{image: x}]}}"
#define RESULT "results: [{name: out, value: $(tasks.a.results.r)}]"
/* The child: a, then b, finally c. */
#define CHILD(more)                                                                            \
	"{params: [{name: m, type: string, default: d}" more                                   \
	"], tasks: [" TASK("a", "") ", " TASK("b", ", runAfter: [a]") "], finally: [" TASK(    \
		"c", "") "], " RESULT "}"
#define PR(tasks)                                                                              \
	HEAD "kind: PipelineRun\nmetadata: {name: p}\nspec:\n  pipelineSpec:\n    "            \
	     "tasks:\n" tasks
#define KID(more) "    - {name: kid" more ", pipelineSpec: " CHILD("") "}\n"
#define PT(task)  "    - " task "\n"
#define FINALLY   "    finally:\n"
#define RUN(more) "  " more "\n"

enum { SCENE_STEPS = 4 };
struct stimulus {
	int64_t at_s; /* 0: no more */
	enum cancel_mode cancel;
};
struct scene {
	const char *name, *yaml;
	struct fate fates[5];
	struct stimulus then[SCENE_STEPS];
	const char *want; /* see facts */
	bool goes_on;
};

static void put_run(struct rig *r, const struct run_view *run, struct buf *out)
{
	buf_addf(out, STR_FMT ": " STR_FMT "\n", STR_ARG(run->name),
		STR_ARG(run->condition.reason));
	for (size_t i = 0; i < run->n_pipeline_tasks; i++) {
		const struct pipeline_task_view *pt = &run->pipeline_tasks[i];

		if (pt->state == PT_SKIPPED)
			buf_addf(out, STR_FMT "/" STR_FMT ": %s\n", STR_ARG(run->name),
				STR_ARG(pt->spec->name.s), skip_reason_text(pt->skip));
		for (size_t k = 0; k < pt->n_task_runs; k++) {
			const struct task_run_view *t = run->task_runs[pt->task_runs[k]];

			assert_ptr_equal(t->owner, run);
			for (size_t n = 0; n < t->n_attempts; n++)
				if (t->attempts[n].run)
					put_run(r, t->attempts[n].run, out);
			buf_addf(out, STR_FMT " = " STR_FMT, STR_ARG(t->name),
				STR_ARG(t->condition.reason));
			for (size_t n = 0; n < t->n_params; n++)
				buf_addf(
					out, " " STR_FMT, STR_ARG(t->params[n].value.string.s));
			buf_addc(out, '\n');
		}
	}
	for (size_t i = 0; i < run->n_results; i++)
		buf_addf(out, STR_FMT " gives " STR_FMT "\n", STR_ARG(run->results[i].name),
			STR_ARG(run->results[i].value.string.s));
}

/* The steps that were told to stop do. */
static void obey(struct rig *r)
{
	for (size_t i = 0; i < r->view->n_task_runs; i++) {
		const struct task_run_view *t = r->view->task_runs[i];

		if (t->kind == OBJECT_TASK_RUN && t->state == TASK_STOPPING)
			rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED,
					    .task = i,
					    .end = STEP_END_SIGNALED,
					    .signal = SIGTERM});
	}
}

static const struct scene scenes[] = {
	{"a child's result is an edge and a value",
		PR(KID("") PT(USE("use", "$(tasks.kid.results.out)"))),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {"r", "made"}, false}}, {{0}},
		"p: Succeeded\np-kid: Succeeded\np-kid-a = Succeeded\np-kid-b = Succeeded\n"
		"p-kid-c = Succeeded\nout gives made\np-kid = Succeeded\np-use = Succeeded "
		"made\n",
		false},
	{"a child that forgot its result fails the consumer",
		PR(KID("") PT(USE("use", "$(tasks.kid.results.out)"))), {{0}}, {{0}},
		/* the pipeline result cannot be made: section 7.5 */
		"p: Failed\np-kid: CouldntGetPipelineResult\np-kid-a = Succeeded\np-kid-b = "
		"Succeeded\np-kid-c = Succeeded\np-kid = CouldntGetPipelineResult\np/use: "
		"PipelineRun was stopping\n",
		false},
	{"a failure inside: its own finally runs, the parent stops",
		PR(KID("") PT(TASK("next", ", runAfter: [kid]")) FINALLY PT(
			USE("f", "$(tasks.kid.status)/$(tasks.kid.reason)"))),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 1, 0, {0}, false}}, {{0}},
		"p: Failed\np-kid: Failed\np-kid-a = StepFailed\np-kid/b: PipelineRun was "
		"stopping\np-kid-c = Succeeded\np-kid = Failed\np/next: PipelineRun was "
		"stopping\np-f = Succeeded Failed/Failed\n",
		false},
	{"onError of the pipeline task",
		PR(KID(", onError: continue") PT(TASK("next", ", runAfter: [kid]"))),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 1, 0, {0}, false}}, {{0}},
		"p: Succeeded\np-kid: Failed\np-kid-a = StepFailed\np-kid/b: PipelineRun was "
		"stopping\np-kid-c = Succeeded\np-kid = Failed\np-next = Succeeded\n",
		false},
	{"when keeps it from starting",
		PR(KID(", when: [{input: a, operator: in, values: [b]}]") PT(USE("use",
			"$(tasks.kid.results.out)")) PT(TASK("next", ", runAfter: [kid]"))),
		{{0}}, {{0}},
		"p: Completed\np/kid: When Expressions evaluated to false\np/use: Results were "
		"missing\np-next = Succeeded\n",
		false},
	{"a retry is a run of its own", PR(KID(", retries: 1")),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 1, 0, {0}, false},
			{"p-kid-retry1-a", -1, -1, STEP_END_EXITED, 0, 0, {"r", "x"}, false}},
		{{0}},
		"p: Succeeded\np-kid: Failed\np-kid-a = StepFailed\np-kid/b: PipelineRun was "
		"stopping\np-kid-c = Succeeded\np-kid-retry1: Succeeded\np-kid-retry1-a = "
		"Succeeded\np-kid-retry1-b = Succeeded\np-kid-retry1-c = Succeeded\nout gives "
		"x\np-kid = Succeeded\n",
		false},
	{"a sibling that fails does not end the run around it",
		PR(KID("") PT(TASK("bad", "")) FINALLY PT(TASK("f", ""))),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {0}, true},
			{"p-bad", -1, -1, STEP_END_EXITED, 1, 0, {0}, false}},
		{{0}},
		"p: Running\np-kid: Running\np-kid-a = Running\np-kid = Running\n"
		"p-bad = StepFailed\n",
		true},
	{"the pipeline task's timeout bounds it", PR(KID(", timeout: 5s")),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}},
		{{4, CANCEL_NONE}, {20, CANCEL_NONE}},
		"p: Failed\np-kid: PipelineRunTimeout\np-kid-a = TaskRunCancelled\np-kid = "
		"PipelineRunTimeout\n",
		false},
	{"the run's timeout reaches it", PR(KID("")) RUN("timeouts: {pipeline: 5s}"),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}}, {{20, CANCEL_NONE}},
		"p: PipelineRunTimeout\np-kid: Cancelled\np-kid-a = TaskRunCancelled\np-kid = "
		"Cancelled\n",
		false},
	{"timeouts.tasks reaches it",
		PR(KID("") FINALLY PT(USE("f", "$(tasks.kid.reason)")))
			RUN("timeouts: {tasks: 5s}"),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}}, {{20, CANCEL_NONE}},
		"p: PipelineRunTimeout\np-kid: Cancelled\np-kid-a = TaskRunCancelled\np-kid = "
		"Cancelled\np-f = Succeeded Cancelled\n",
		false},
	{"cancelled", PR(KID("") FINALLY PT(TASK("f", ""))),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}},
		{{2, CANCEL_NOW}, {20, CANCEL_NONE}},
		"p: Cancelled\np-kid: Cancelled\np-kid-a = TaskRunCancelled\np-kid = "
		"Cancelled\n",
		false},
	{"cancelled gracefully: both run their finally tasks",
		PR(KID("") FINALLY PT(TASK("f", ""))),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}},
		{{2, CANCEL_GRACEFUL}, {20, CANCEL_NONE}},
		"p: Cancelled\np-kid: Cancelled\np-kid-a = TaskRunCancelled\np-kid/b: "
		"PipelineRun was stopping\np-kid-c = Succeeded\np-kid = Cancelled\np-f = "
		"Succeeded\n",
		false},
	{"gracefully, then at once", PR(KID("") FINALLY PT(TASK("f", ""))),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {0}, true},
			{"p-kid-c", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}},
		{{2, CANCEL_GRACEFUL}, {10, CANCEL_NOW}, {20, CANCEL_NONE}},
		"p: Cancelled\np-kid: Cancelled\np-kid-a = TaskRunCancelled\np-kid/b: "
		"PipelineRun was stopping\np-kid-c = TaskRunCancelled\np-kid = Cancelled\n",
		false},
	{"stopped: what runs goes on, nothing new starts in the child either",
		PR(KID(", retries: 1") PT(TASK("next", ", runAfter: [kid]"))
				FINALLY PT(TASK("f", ""))),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}},
		{{2, CANCEL_STOP}, {3, CANCEL_NONE}},
		"p: StoppedRunningFinally\np-kid: StoppedRunningFinally\np-kid-a = Running\n"
		"p-kid/b: PipelineRun was gracefully stopped\np-kid = StoppedRunningFinally\n"
		"p/next: PipelineRun was gracefully stopped\n",
		true},
	{"a child in finally, and one that is cancelled with it",
		PR(PT(TASK("a", "")) FINALLY KID("")),
		{{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}},
		{{2, CANCEL_GRACEFUL}, {10, CANCEL_NOW}, {20, CANCEL_NONE}},
		"p: Cancelled\np-a = Succeeded\np-kid: Cancelled\np-kid-a = TaskRunCancelled\n"
		"p-kid = Cancelled\n",
		false},
	{"fanned out, gathered",
		PR("    - {name: fan, matrix: {params: [{name: m, value: [x, z]}]}, "
		   "pipelineSpec: " CHILD("") "}\n"
					      "    - {name: all, params: [{name: v, value: "
					      "'$(tasks.fan.matrix.length)'}, {name: l, value: "
					      "['$(tasks.fan.results.out[*])']}], taskSpec: "
					      "{params: [{name: v}, {name: "
					      "l, type: array}], steps: [{image: x}]}}\n"),
		{{"p-fan-0-a", -1, -1, STEP_END_EXITED, 0, 0, {"r", "0"}, false},
			{"p-fan-1-a", -1, -1, STEP_END_EXITED, 0, 0, {"r", "1"}, false}},
		{{0}},
		"p: Succeeded\np-fan-0: Succeeded\np-fan-0-a = Succeeded\np-fan-0-b = "
		"Succeeded\np-fan-0-c = Succeeded\nout gives 0\np-fan-0 = Succeeded "
		"x\np-fan-1: "
		"Succeeded\np-fan-1-a = Succeeded\np-fan-1-b = Succeeded\np-fan-1-c = "
		"Succeeded\nout gives 1\np-fan-1 = Succeeded z\np-all = Succeeded 2 \n",
		false},
	{"its own start check ends it, without a retry",
		PR("    - {name: kid, retries: 3, pipelineSpec: {params: [{name: need, type: "
		   "string}], tasks: [" TASK("a", "") "]}}\n"),
		{{0}}, {{0}}, "p: Failed\np-kid: ParameterMissing\np-kid = ParameterMissing\n",
		false},
	{"two levels",
		PR("    - {name: o, pipelineSpec: {tasks: [{name: i, pipelineSpec: " CHILD(
			"") "}, " USE("u", "$(tasks.i.results.out)") "]}}\n"),
		{{"p-o-i-a", -1, -1, STEP_END_EXITED, 0, 0, {"r", "deep"}, false}}, {{0}},
		"p: Succeeded\np-o: Succeeded\np-o-i: Succeeded\np-o-i-a = Succeeded\np-o-i-b "
		"= Succeeded\np-o-i-c = Succeeded\nout gives deep\np-o-i = Succeeded\np-o-u = "
		"Succeeded deep\np-o = Succeeded\n",
		false},
};

static void test_scenes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
		const struct scene *s = &scenes[i];
		struct rig *r;
		struct buf out;
		size_t n = 0;

		while (n < ARRAY_SIZE(s->fates) && s->fates[n].task)
			n++;
		r = rig_run(s->yaml, s->fates, n);

		for (const struct stimulus *t = s->then; t < s->then + SCENE_STEPS && t->at_s;
			t++) {
			rig_until(r, t->at_s * NS_PER_S);
			if (t->cancel != CANCEL_NONE)
				rig_feed(r, (struct event){
						    .kind = EVENT_CANCEL, .cancel = t->cancel});
			obey(r);
		}
		buf_init(&out, MIB);
		put_run(r, r->view, &out);
		if (r->finished == s->goes_on || !str_eqz(buf_str(&out), s->want))
			print_error("scene '%s'\n", s->name);
		assert_string_equal(out.p, s->want);
		assert_true(r->finished != s->goes_on);
		buf_release(&out);
		rig_free(r);
	}
}

/* --- what is found before anything starts */

#define PIPELINE(name, tasks)                                                                  \
	HEAD "kind: Pipeline\nmetadata: {name: " name "}\nspec: {tasks: [" tasks "]}\n---\n"
#define OF(name)                                                                               \
	HEAD "kind: PipelineRun\nmetadata: {name: p}\nspec: {pipelineRef: {name: " name "}}\n"
#define REF(task, name) "{name: " task ", pipelineRef: {name: " name "}}"

static const struct {
	const char *name, *yaml;
	const char *reason; /* of the run; NULL: it is not refused */
	const char *diag;   /* [warning] line:col message, of the first; NULL: none */
} checks[] = {
	{"a cycle of one", PIPELINE("a", REF("x", "a")) OF("a"), "CreateRunFailed",
		"4:46 [User error] PipelineRun default/p can't be Run; pipeline \"a\" is "
		"inside itself: a → a"},
	{"a cycle of two",
		PIPELINE("a", TASK("t", "") ", " REF("x", "b")) PIPELINE("b", REF("v", "a"))
			OF("a"),
		"CreateRunFailed",
		"9:46 [User error] PipelineRun default/p can't be Run; pipeline \"a\" is "
		"inside itself: a → b → a"},
	{"a cycle below the run's own",
		PIPELINE("a", REF("x", "b")) PIPELINE("b", REF("v", "b")) OF("a"),
		"CreateRunFailed",
		"9:46 [User error] PipelineRun default/p can't be Run; pipeline \"b\" is "
		"inside itself: b → b"},
	{"through an inline pipeline",
		PIPELINE("a", "{name: x, pipelineSpec: {tasks: [" REF("v", "a") "]}}") OF("a"),
		"CreateRunFailed",
		"4:79 [User error] PipelineRun default/p can't be Run; pipeline \"a\" is "
		"inside itself: a → a"},
	{"one pipeline twice is no cycle",
		PIPELINE("a", REF("x", "b") ", " REF("v", "b")) PIPELINE("b", TASK("t", ""))
			OF("a"),
		NULL, NULL},
	{"an unknown pipeline is the run's problem", PIPELINE("a", REF("x", "zz")) OF("a"),
		"CouldntGetPipeline",
		"4:46 Pipeline default/a can't be Run; it contains Pipelines that don't exist: "
		"Couldn't retrieve Pipeline \"zz\": pipelines.tekton.dev \"zz\" not found"},
	{"further inside it is the child's",
		PIPELINE("a", REF("x", "b")) PIPELINE("b", REF("v", "zz")) OF("a"), NULL,
		"9:46 Pipeline default/b can't be Run; it contains Pipelines that don't exist: "
		"Couldn't retrieve Pipeline \"zz\": pipelines.tekton.dev \"zz\" not found"},
	{"a param that the child needs",
		PR("    - {name: kid, pipelineSpec: {params: [{name: need, type: string}], "
		   "tasks: [" TASK("a", "") "]}}\n"),
		NULL,
		"7:50 [User error] PipelineRun default/p-kid is missing some parameters "
		"required by Pipeline default/p-kid: pipelineRun missing parameters: [need]"},
	{"a child behind a when may not start",
		PR("    - {name: kid, when: [{input: a, operator: in, values: [b]}], "
		   "pipelineSpec: {params: [{name: need, type: string}], tasks: [" TASK(
			   "a", "") "]}}\n" PT(TASK("other", ""))),
		NULL,
		"warning 7:97 [User error] PipelineRun default/p-kid is missing some "
		"parameters "
		"required by Pipeline default/p-kid: pipelineRun missing parameters: [need]"},
	{"nor may what is deeper inside",
		PIPELINE("a", "{name: x, when: [{input: a, operator: in, values: [b]}], "
			      "pipelineRef: {name: b}}, " TASK("t", ""))
			PIPELINE("b", REF("v", "zz")) OF("a"),
		NULL,
		"warning 9:46 Pipeline default/b can't be Run; it contains Pipelines that "
		"don't exist: "
		"Couldn't retrieve Pipeline \"zz\": pipelines.tekton.dev \"zz\" not found"},
	{"a cycle refuses behind a when, too",
		PIPELINE("a", "{name: x, when: [{input: a, operator: in, values: [b]}], "
			      "pipelineRef: {name: a}}") OF("a"),
		"CreateRunFailed",
		"4:93 [User error] PipelineRun default/p can't be Run; pipeline \"a\" is "
		"inside itself: a → a"},
	{"a param that only a result can fill in",
		PR(PT(TASK("a",
			"")) "    - {name: kid, params: [{name: l, value: "
			     "'$(tasks.a.results.r)'}], pipelineSpec: {params: [{name: l, "
			     "type: "
			     "array}], tasks: [{name: a, matrix: {params: [{name: m, value: "
			     "'$(params.l[*])'}]}, taskSpec: {params: [{name: m, type: "
			     "string}], steps: "
			     "[{image: x}]}}]}}\n"),
		NULL, NULL},
	{"a result that the child does not have",
		PR(KID("") PT(USE("use", "$(tasks.kid.results.zz)"))),
		"InvalidTaskResultReference",
		"8:45 [User error] invalid result reference in pipeline task \"use\": \"zz\" "
		"is not a named result returned by pipeline task \"kid\""},
};

static void test_checks(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		struct rig *r = rig_run(checks[i].yaml, NULL, 0);
		const struct diag *d = r->diags.n ? &r->diags.items[0] : NULL;
		struct str got = d ? arena_printf(r->arena, "%s%u:%u " STR_FMT,
					     d->severity == DIAG_WARNING ? "warning " : "",
					     d->pos.line, d->pos.col, STR_ARG(d->msg))
				   : STR_NONE;

		if (!str_eqz(got, checks[i].diag ? checks[i].diag : ""))
			print_error("check '%s'\n", checks[i].name);
		assert_str(got, checks[i].diag ? checks[i].diag : "");
		assert_true(!d || d->stage == DIAG_RUN);
		if (checks[i].reason) {
			assert_condition(r->view->condition, CONDITION_FALSE, checks[i].reason);
			assert_int_equal(r->view->n_task_runs, 0);
		} else {
			assert_true(r->view->n_task_runs > 0);
		}
		rig_free(r);
	}
}

/* A chain of pipelines, each `width` times in the one before. */
static const char *chain(int n, int width, struct buf *yaml)
{
	for (int i = 0; i < n; i++) {
		buf_addf(
			yaml, HEAD "kind: Pipeline\nmetadata: {name: q%d}\nspec: {tasks: [", i);
		for (int k = 0; k < width; k++)
			buf_addf(yaml, "{name: t%d, pipelineRef: {name: q%d}},", k, i + 1);
		buf_addz(yaml, "]}\n---\n");
	}
	buf_addf(yaml,
		HEAD "kind: Pipeline\nmetadata: {name: q%d}\nspec: {tasks: [" TASK(
			"t", "") "]}\n---\n" OF("q0"),
		n);
	return yaml->p;
}

static void test_limits(void **state)
{
	static const struct {
		int n, width;
		const char *what; /* NULL: not refused */
	} cases[] = {{16, 1, NULL}, {17, 1, "more than 16 levels"},
		{16, 2, "more than 40000 tasks"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf yaml;
		struct rig *r;

		buf_init(&yaml, MIB);
		r = rig_run(chain(cases[i].n, cases[i].width, &yaml), NULL, 0);
		if (cases[i].what) {
			assert_condition(
				r->view->condition, CONDITION_FALSE, "CreateRunFailed");
			assert_true(str_ends(r->view->condition.message, str_z(cases[i].what)));
			assert_true(r->diags.n == 1 && r->diags.items[0].pos.line);
		} else {
			assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
		}
		rig_free(r);
		buf_release(&yaml);
	}
}

/* What the journal says about a child: which run a record is of, and one number space of tasks.
 */
static void test_records(void **state)
{
	static const char *const want[] = {
		"\"kind\":\"task-create\",\"task\":\"p-kid\",\"pipelineTask\":\"kid\","
		"\"object\":\"PipelineRun\"",
		"\"kind\":\"run-start\",\"run\":\"p-kid\",\"object\":\"PipelineRun\",\"name\":"
		"\"p-kid\"",
		"\"kind\":\"task-create\",\"task\":\"p-kid-a\",\"pipelineTask\":\"a\",\"run\":"
		"\"p-kid\"",
		"\"kind\":\"pt-done\",\"run\":\"p-kid\",\"pipelineTask\":\"a\"",
		"\"kind\":\"run-end\",\"run\":\"p-kid\",\"status\":\"True\"",
		"\"kind\":\"task-end\",\"task\":\"p-kid\",\"attempt\":0,\"status\":\"True\"",
		"\"kind\":\"pt-done\",\"pipelineTask\":\"kid\"",
	};
	static const struct fate fates[] = {
		{"p-kid-a", -1, -1, STEP_END_EXITED, 0, 0, {"r", "v"}, false}};
	struct rig *r = rig_run(PR(KID("")), fates, ARRAY_SIZE(fates));
	const char *at = r->records;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const char *found = strstr(at, want[i]);

		if (!found)
			print_error("record %zu: %s\n", i, want[i]);
		assert_non_null(found);
		at = found;
	}
	for (size_t i = 0; i < r->n_actions; i++)
		if (r->actions[i].kind == ACTION_START_TASK)
			assert_int_equal(
				r->view->task_runs[r->actions[i].task]->kind, OBJECT_TASK_RUN);
	assert_int_equal(rig_count(r, ACTION_START_TASK), 3);
	assert_int_equal(rig_count(r, ACTION_END_TASK), 3);
	assert_int_equal(rig_count(r, ACTION_FINISH), 1);
	rig_free(r);
}

/* With one slot a child's tasks run one after the other, and the child itself takes none. */
static void test_slots(void **state)
{
	struct rig *r = rig_new(PR(KID("") PT(TASK("t", ""))));
	size_t active = 0;

	(void)state;
	r->opts.max_parallel = 1;
	rig_start(r, NULL, 0);
	assert_true(r->finished);
	for (size_t i = 0; i < r->n_actions; i++) {
		active += r->actions[i].kind == ACTION_START_TASK;
		active -= r->actions[i].kind == ACTION_END_TASK;
		assert_true(active <= 1);
	}
	rig_free(r);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenes),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
