/* SPDX-License-Identifier: Apache-2.0 */
/* A run as lines: what they say, what stays when there is little room, and that none is too
 * wide. */
#include "agent_rig.h"
#include "entrypoint/view_text.h"
#include "entrypoint/view_tree.h"

#define PR                                                                                     \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"           \
	"  pipelineSpec:\n    tasks:\n"
#define STEP "      taskSpec: {steps: [{name: s, image: i, script: 'true'}]}\n"

static const char mixed[] =
	PR "    - name: good\n" STEP "    - name: bad\n"
	   "      taskSpec: {steps: [{name: one, image: i, script: 'true'}, {name: two, image: "
	   "i, script: "
	   "'true'}]}\n"
	   "    - name: tolerated\n      onError: continue\n" STEP "    - name: running\n" STEP
	   "    - name: after\n      runAfter: [bad]\n" STEP;

static const struct fate mixed_fates[] = {
	{"r-bad", -1, 0, STEP_END_EXITED, 7, 0, {0}, false},
	{"r-tolerated", -1, 0, STEP_END_EXITED, 1, 0, {0}, false},
	{"r-running", -1, 0, STEP_END_EXITED, 0, 0, {0}, true},
};

static struct str last_line(void *arg, size_t task, size_t step)
{
	(void)arg;
	(void)task;
	(void)step;
	return STR("\033[31mlast\033[0m line\twith much more text than there is room for");
}

static const char *tree_of(struct rig *r, const struct view_tree_options *o, size_t *ret_n)
{
	struct str *lines;
	struct buf b;
	struct str s;

	view_tree(r->view, o, r->arena, &lines, ret_n);
	buf_init(&b, 16 * (size_t)MIB);
	for (size_t i = 0; i < *ret_n; i++) {
		if (o->cols)
			assert_true(view_text_cols(lines[i]) <= o->cols);
		buf_adds(&b, lines[i]);
		buf_addc(&b, '\n');
	}
	s = arena_str(r->arena, buf_str(&b));
	buf_release(&b);
	return str_c(s);
}

static void live(void **state)
{
	struct rig *r = rig_run(mixed, mixed_fates, ARRAY_SIZE(mixed_fates));
	struct view_tree_options o = {
		.cols = 60, .rows = 23, .now_ns = 4 * NS_PER_S, .last_line = last_line};
	size_t n;

	(void)state;
	assert_string_equal(tree_of(r, &o, &n),
		"r  PipelineRunStopping  4/5 tasks     3.0s\n"
		"  + good           0ms\n"
		"  x bad            0ms  StepFailed: \"step-one\" exited wit...\n"
		"  ! tolerated      0ms  ignored: FailureIgnored: \"step-s\"...\n"
		"  > running       3.0s\n"
		"    > s     3.0s  last line    with much more text than t...\n"
		"  - after      skipped: PipelineRun was stopping\n");
	rig_free(r);
}

#define SIDECARS                                                                               \
	PR "    - name: t\n      taskSpec:\n"                                                  \
	   "        steps: [{name: s, image: i, script: 'true'}]\n"                            \
	   "        sidecars: [{name: db, image: i, script: x}, {name: web, image: i, "        \
	   "script: x}, {name: bad, image: i, script: x}]\n"

/* What the steps wait for, and how sidecars are beside them. */
static void sidecars(void **state)
{
	static const struct fate fates[] = {{"r-t", -1, 0, STEP_END_EXITED, 0, 0, {0}, true},
		{"r-t", -1, 2, STEP_END_EXITED, 0, 0, {0}, true},
		{"r-t", -1, 3, STEP_END_EXITED, 7, 0, {0}, false}};
	struct rig *r = rig_run(SIDECARS, fates, ARRAY_SIZE(fates));
	struct view_tree_options o = {
		.cols = 60, .rows = 23, .now_ns = 4 * NS_PER_S, .last_line = last_line};
	struct view_tree_options small = o;
	size_t n;

	(void)state;
	small.rows = 3;
	assert_string_equal(tree_of(r, &o, &n),
		"r  Running  0/1 tasks     3.0s\n"
		"  > t     3.0s\n"
		"    > sidecar-db     3.0s  last line    with much more te...\n"
		"    . sidecar-web     3.0s  not ready  last line    with ...\n"
		"    ! sidecar-bad      0ms  exit code 7\n");
	assert_string_equal(tree_of(r, &small, &n),
		"r  Running  0/1 tasks     3.0s\n"
		"  > t     3.0s  waits for sidecar-web  last line    with ...\n"
		"  ... not all is shown\n");
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_READY, .step = 2});
	assert_string_equal(tree_of(r, &small, &n),
		"r  Running  0/1 tasks     3.0s\n"
		"  > t     3.0s  s  last line    with much more text than ...\n"
		"  ... not all is shown\n");
	rig_free(r);
}

/* Of a task that waited in vain. */
static void never_ready(void **state)
{
	static const struct fate fates[] = {{"r-t", -1, 2, STEP_END_EXITED, 0, 0, {0}, true}};
	struct rig *r = rig_run(SIDECARS, fates, ARRAY_SIZE(fates));
	struct view_tree_options o = {.is_final = true, .cols = 60};
	size_t n;

	(void)state;
	rig_feed(r, (struct event){.kind = EVENT_CANCEL, .cancel = CANCEL_NOW});
	assert_non_null(
		strstr(tree_of(r, &o, &n), "    ! sidecar-web      0ms  was never ready\n"));
	assert_null(strstr(tree_of(r, &o, &n), "sidecar-db"));
	rig_free(r);
}

/* A value that is cut is hidden as one that is not. */
static void values(void **state)
{
	struct mask *m = mask_new();
	struct view_tree_options o = {.is_final = true, .mask = m};
	struct rig *r =
		rig_run(PR "    - name: t\n      displayName: 'a title of 26 characters "
			   "hunter2-$(params.p)'\n" STEP
			   "    - name: u\n      displayName: short hunter2-$(params.p)\n" STEP
			   "    params: [{name: p, default: hunter3}]\n",
			NULL, 0);
	const char *text;
	size_t n;

	(void)state;
	assert_int_equal(mask_add(m, STR("hunter2-hunter3")), MASK_FITS);
	mask_seal(m);
	text = tree_of(r, &o, &n);
	assert_null(strstr(text, "hunt"));
	assert_non_null(strstr(text, "+ a title of 26 characters ***"));
	assert_non_null(strstr(text, "+ short ***                     "));
	rig_free(r);
	mask_free(m);
}

static void final(void **state)
{
	struct rig *r = rig_run(mixed, mixed_fates, ARRAY_SIZE(mixed_fates));
	struct view_tree_options o = {.utf8 = true, .is_final = true, .colour = true};
	size_t n;
	const char *text;

	(void)state;
	rig_feed(r, (struct event){
			    .kind = EVENT_STEP_ENDED, .task = rig_task(r, "r-running")->index});
	assert_true(r->finished);
	text = tree_of(r, &o, &n);
	assert_non_null(strstr(text, "  \033[32m✓\033[0m good"));
	assert_non_null(strstr(text, "    \033[31m✗\033[0m one"));
	assert_non_null(strstr(text, "exit code 7\n"));
	assert_null(strstr(text, " two"));         /* it never ran */
	assert_true(strncmp(text, "r  ", 3) != 0); /* no header */
	assert_int_equal(n, 7);
	rig_free(r);
}

/* A pipeline in the pipeline: its tasks below it while it runs, and of a failed one at the end.
 */
static void nested(void **state)
{
	static const char yaml[] =
		PR "    - name: kid\n      pipelineSpec:\n        tasks:\n"
		   "        - {name: one, taskSpec: {steps: [{name: s, image: i}]}}\n"
		   "        - {name: a-long-name, runAfter: [one], taskSpec: {steps: [{image: "
		   "i}]}}\n"
		   "    - name: soft\n      onError: continue\n      pipelineSpec: {tasks: "
		   "[{name: bad, "
		   "taskSpec: {steps: [{name: s, image: i}]}}]}\n";
	static const struct fate fates[] = {
		{"r-kid-one", -1, 0, STEP_END_EXITED, 0, 0, {0}, true},
		{"r-soft-bad", -1, 0, STEP_END_EXITED, 1, 0, {0}, false},
	};
	struct rig *r = rig_run(yaml, fates, ARRAY_SIZE(fates));
	struct view_tree_options o = {.cols = 60, .rows = 23, .now_ns = 4 * NS_PER_S};
	size_t n;

	(void)state;
	assert_string_equal(tree_of(r, &o, &n),
		"r  Running  1/2 tasks     3.0s\n"
		"  > kid               3.0s\n"
		"    > one             3.0s\n"
		"      > s     3.0s\n"
		"    . a-long-name\n"
		"  ! soft               0ms  ignored: Failed: Tasks Comple...\n");
	rig_feed(r, (struct event){.kind = EVENT_CANCEL, .cancel = CANCEL_NOW});
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED,
			    .task = rig_task(r, "r-kid-one")->index,
			    .end = STEP_END_SIGNALED,
			    .signal = SIGTERM});
	o.is_final = true;
	o.cols = 0;
	assert_true(r->finished);
	assert_string_equal(tree_of(r, &o, &n),
		"  x kid                0ms  Cancelled: PipelineRun \"r-kid\" was cancelled\n"
		"    x one              0ms  TaskRunCancelled: TaskRun \"r-kid-one\" was "
		"cancelled. TaskRun cancelled as the PipelineRun it belongs to has been "
		"cancelled.\n"
		"      x s      0ms  stopped: the task was cancelled\n"
		"    . a-long-name  not started\n"
		"  ! soft               0ms  ignored: Failed: Tasks Completed: 1 (Failed: 1, "
		"Cancelled 0), Skipped: 0\n"
		"    x bad              0ms  StepFailed: \"step-s\" exited with code 1: Error\n"
		"      x s      0ms  exit code 1\n");
	rig_free(r);
}

/* Many tasks in every state: the most important stay, the rest is counted. */
static void little_room(void **state)
{
	const struct view_tree_options narrow = {
		.rows = 22, .cols = 50, .last_line = last_line};
	struct buf yaml;
	struct rig *r;
	size_t n;
	struct fate f[20];
	char names[20][8];

	(void)state;
	buf_init(&yaml, MIB);
	buf_addz(&yaml, PR);
	for (int i = 0; i < 60; i++)
		buf_addf(&yaml, "    - name: t%d\n" STEP, i);
	for (size_t i = 0; i < ARRAY_SIZE(f); i++) {
		snprintf(names[i], sizeof(names[i]), "r-t%zu", i * 3);
		f[i] = (struct fate){
			.task = names[i], .attempt = -1, .step = -1, .hangs = true};
	}
	r = rig_run(yaml.p, f, ARRAY_SIZE(f));
	for (size_t rows = 1; rows < 100; rows++) {
		struct view_tree_options o = {.rows = rows,
			.cols = rows < 15 ? 1 + rows : 60,
			.last_line = last_line};
		const char *text = tree_of(r, &o, &n);

		assert_true(n <= rows && n > 0);
		if (rows == 24)
			assert_non_null(strstr(text, "r  Running  40/60 tasks"));
		if (rows == 24)
			assert_non_null(strstr(text, "38 ended not shown"));
		if (rows == 15)
			assert_non_null(strstr(text, "7 running"));
	}
	/* no room for steps: told beside the task */
	assert_non_null(strstr(tree_of(r, &narrow, &n), " s  last line"));
	buf_release(&yaml);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live),
		cmocka_unit_test(sidecars),
		cmocka_unit_test(never_ready),
		cmocka_unit_test(values),
		cmocka_unit_test(final),
		cmocka_unit_test(nested),
		cmocka_unit_test(little_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
