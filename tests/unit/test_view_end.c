/* SPDX-License-Identifier: Apache-2.0 */
/* The summary, and what failed at the very end. */
#include "agent_rig.h"
#include "entrypoint/view_end.h"

#define PR                                                                                     \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"           \
	"  pipelineSpec:\n"

static struct str log_path(void *arg, struct arena *a, size_t task, size_t attempt, size_t step)
{
	(void)arg;
	return arena_printf(a, "/here/run/logs/%zu/%zu/%zu.log", task, attempt, step);
}

static struct str log_tail(void *arg, struct arena *a, size_t task, size_t attempt, size_t step)
{
	(void)a;
	(void)task;
	(void)attempt;
	(void)step;
	return arg ? str_z(arg) : STR_NONE;
}

static const char *end_of(struct rig *r, const char *tail, bool summary)
{
	static const struct str notes[] = {
		STR_INIT("limits of \033[2Jmemory are not enforced")};
	struct outcome_info info = {.run_dir = STR("/here/run"),
		.own_time_ns = 5 * NS_PER_MS,
		.notes = notes,
		.n_notes = 1,
		.log_path = log_path,
		.log_tail = log_tail,
		.log_arg = (void *)(uintptr_t)tail};
	struct view_end_options o = {.cwd = STR("/here")};
	struct buf b;
	struct str s;

	buf_init(&b, MIB);
	if (summary)
		view_end_summary(r->view, &info, &o, &b);
	else
		view_end_failures(r->view, &info, &o, &b);
	s = arena_str(r->arena, buf_str(&b));
	buf_release(&b);
	return str_c(s);
}

static const char three_steps[] =
	PR "    tasks:\n    - name: t\n      retries: 1\n"
	   "      taskSpec: {results: [{name: x}], steps: [{name: a, image: i, script: "
	   "'true'}, {name: b, "
	   "image: i, script: 'true'}, {name: c, image: i, script: 'true'}]}\n"
	   "    results: [{name: out, value: $(tasks.t.results.x)}]\n";

static void summary(void **state)
{
	static const struct fate good[] = {
		{"r-t", -1, 2, STEP_END_EXITED, 0, 0, {"x", "a\033[1mb <&>"}, false}};
	struct rig *r = rig_run(three_steps, good, 1);

	(void)state;
	assert_string_equal(end_of(r, NULL, true),
		"\nPipelineRun 'r' succeeded: Succeeded: Tasks Completed: 1 (Failed: 0, "
		"Cancelled 0), "
		"Skipped: 0\n"
		"  + t      0ms  Succeeded\n"
		"results:\n"
		"  out = \"a\\u001b[1mb <&>\"\n"
		"note: limits of memory are not enforced\n"
		"time: 0ms, monopod's own 5ms\n"
		"run directory: run\n");
	assert_string_equal(end_of(r, NULL, false), "");
	rig_free(r);
}

/* A value that lies where a long result or a message is cut is hidden whole. */
static void values(void **state)
{
	struct mask *m = mask_new();
	struct view_end_options o = {.mask = m, .cols = 30};
	struct outcome_info info = {0};
	char long_result[402];
	const struct fate good[] = {
		{"r-t", -1, 2, STEP_END_EXITED, 0, 0, {"x", long_result}, false}};
	struct rig *r;
	struct buf b;

	(void)state;
	memset(long_result, '-', sizeof(long_result));
	memcpy(long_result + sizeof(long_result) - 10, "hunter2-3", 10);
	assert_int_equal(mask_add(m, STR("hunter2-3")), MASK_FITS);
	mask_seal(m);
	buf_init(&b, MIB);
	r = rig_run(three_steps, good, 1);
	view_end_summary(r->view, &info, &o, &b);
	assert_null(strstr(b.p, "hunt"));
	assert_non_null(strstr(b.p, "---***\"\n"));
	rig_free(r);
	buf_clear(&b);

	r = rig_new(PR "    tasks:\n    - name: t\n      taskSpec: {steps: [{image: i}]}\n");
	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	rig_feed(r, (struct event){.kind = EVENT_TASK_REFUSED,
			    .reason = STR("CreateContainerError"),
			    .message = STR("the configmap hunter2-3")});
	view_end_failures(r->view, &info, &o, &b);
	assert_null(strstr(b.p, "hunt"));
	rig_free(r);
	buf_release(&b);
	mask_free(m);
}

/* One block for the step to blame, none for those behind it. */
static void step_failed(void **state)
{
	static const struct fate bad[] = {{"r-t", -1, 1, STEP_END_EXITED, 7, 0, {0}, false}};
	struct rig *r = rig_run(three_steps, bad, 1);

	(void)state;
	assert_string_equal(end_of(r, "one\n\033[31mtwo\033[0m", false),
		"\nfailed: task 't', step 'b': exit code 7, in the last of 2 attempts\n"
		"  | one\n"
		"  | two\n"
		"  whole log: run/logs/0/1/1.log\n");
	rig_free(r);
}

static void not_started(void **state)
{
	struct rig *r = rig_new(three_steps);

	(void)state;
	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	rig_feed(r, (struct event){.kind = EVENT_TASK_REFUSED,
			    .reason = STR("CreateContainerError"),
			    .message = STR("no room\nfor \"it\"")});
	if (!r->finished) /* the retry */
		rig_feed(r, (struct event){.kind = EVENT_TASK_REFUSED,
				    .attempt = 1,
				    .reason = STR("CreateContainerError"),
				    .message = STR("no room\nfor \"it\"")});
	assert_true(r->finished);
	assert_non_null(
		strstr(end_of(r, "tail", false), "failed: task 't': CreateContainerError"));
	assert_non_null(strstr(end_of(r, "tail", false), "\n  no room\n  for \"it\"\n"));
	assert_null(strstr(end_of(r, "tail", false), "step"));
	assert_null(strstr(end_of(r, "tail", false), "tail"));
	rig_free(r);
}

static void timed_out(void **state)
{
	static const struct fate hangs[] = {{"r-t", -1, 1, STEP_END_EXITED, 0, 0, {0}, true}};
	struct rig *r = rig_run(PR "    tasks:\n    - name: t\n      timeout: 3s\n      "
				   "taskSpec: {steps: [{name: a, image: i, "
				   "script: 'true'}, {name: b, image: i, script: 'true'}, "
				   "{name: c, image: i, script: "
				   "'true'}]}\n",
		hangs, 1);
	const char *text;

	(void)state;
	rig_until(r, 10 * NS_PER_S);
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED,
			    .step = 1,
			    .end = STEP_END_SIGNALED,
			    .signal = SIGTERM});
	assert_true(r->finished);
	text = end_of(r, NULL, false);
	assert_string_equal(text,
		"\nfailed: task 't', step 'b': stopped: the task exceeded its timeout\n"
		"  TaskRun \"r-t\" failed to finish within \"3s\"\n"
		"  whole log: run/logs/0/0/1.log\n");
	rig_free(r);
}

/* What could not be executed says so once. */
static void said_once(void **state)
{
	static const struct fate bad[] = {
		{"r-t", -1, 0, STEP_END_EXEC_FAILED, 0, 0, {0}, false}};
	struct rig *r = rig_run(three_steps, bad, 1);
	struct step_view *s = &r->view->task_runs[0]->attempts[1].steps[0];

	(void)state;
	s->message = STR("exec: \"nope\": not found");
	r->is_touched = true;
	assert_null(strstr(end_of(r, "Error: exec: \"nope\": not found\n", false), "\n  exec"));
	assert_non_null(strstr(end_of(r, "", false), "\n  exec: \"nope\": not found\n"));
	rig_free(r);
}

static void many(void **state)
{
	struct buf yaml;
	struct fate f[30];
	char names[30][8];
	struct rig *r;

	(void)state;
	buf_init(&yaml, MIB);
	buf_addz(&yaml, PR "    tasks:\n");
	for (size_t i = 0; i < ARRAY_SIZE(f); i++) {
		snprintf(names[i], sizeof(names[i]), "r-t%zu", i);
		f[i] = (struct fate){
			.task = names[i], .attempt = -1, .step = -1, .exit_code = 1};
		buf_addf(&yaml,
			"    - name: t%zu\n      taskSpec: {steps: [{name: s, image: i, "
			"script: 'true'}]}\n",
			i);
	}
	r = rig_run(yaml.p, f, ARRAY_SIZE(f));
	assert_non_null(strstr(end_of(r, NULL, false), "\nand 20 more; 'monopod describe'"));
	buf_release(&yaml);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summary),
		cmocka_unit_test(values),
		cmocka_unit_test(step_failed),
		cmocka_unit_test(not_started),
		cmocka_unit_test(timed_out),
		cmocka_unit_test(said_once),
		cmocka_unit_test(many),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
