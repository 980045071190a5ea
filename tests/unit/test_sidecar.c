/* SPDX-License-Identifier: Apache-2.0 */
/* Sidecars to the agent: who waits for whom, who is to blame, how they are reported. */
#include "agent_rig.h"

#define TR "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: r}\nspec:\n"
#define TWO                                                                                    \
	TR "  retries: 0\n  timeout: 60s\n  taskSpec:\n"                                       \
	   "    steps: [{name: one, image: i, command: [x]}, {name: two, image: i, command: "  \
	   "[x]}]\n"                                                                           \
	   "    sidecars: [{name: a, image: s, command: [x]}, {name: b, image: s, script: "    \
	   "echo}]\n"

enum { A = 2, B = 3 }; /* the steps come first */

static const struct step_view *container(struct rig *r, size_t i)
{
	const struct task_run_view *t = rig_task(r, "r");

	return &t->attempts[t->n_attempts - 1].steps[i];
}

/* --- the first step waits */

static void test_waits(void **state)
{
	static const struct fate hang[] = {
		{.task = "r", .attempt = -1, .step = B, .hangs = true}};
	struct rig *r = rig_run(TWO, hang, ARRAY_SIZE(hang));

	(void)state;
	assert_int_equal(rig_count(r, ACTION_START_SIDECAR), 2);
	assert_int_equal(rig_count(r, ACTION_START_STEP), 0);
	assert_true(container(r, A)->is_ready);
	assert_false(container(r, B)->is_ready);
	assert_int_equal(container(r, B)->state, STEP_RUNNING);
	assert_str(rig_task(r, "r")->condition.reason, "Running");
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_READY, .step = B});
	assert_int_equal(rig_count(r, ACTION_START_STEP), 2);
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	rig_free(r);
}

/* All are ready at one moment, not each at some. */
static void test_ready_no_more(void **state)
{
	static const struct fate hang[] = {
		{.task = "r", .attempt = -1, .step = B, .hangs = true}};
	struct rig *r = rig_run(TWO, hang, ARRAY_SIZE(hang));

	(void)state;
	assert_true(container(r, A)->is_ready);
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_UNREADY, .step = A});
	assert_false(container(r, A)->is_ready);
	assert_true(container(r, A)->was_ready);
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_READY, .step = B});
	assert_int_equal(rig_count(r, ACTION_START_STEP), 0);
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_READY, .step = A});
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	rig_free(r);
}

/* One with a postStart hook has started when that is over; the next ones wait. */
static void test_post_start(void **state)
{
	static const struct fate hang[] = {
		{.task = "r", .attempt = -1, .step = -1, .hangs = true}};
	struct rig *r = rig_new(
		TR "  taskSpec:\n    steps: [{name: s, image: i, command: [x]}]\n"
		   "    sidecars:\n    - {name: a, image: s, command: [x]}\n"
		   "    - {name: b, image: s, command: [x], lifecycle: {postStart: "
		   "{exec: {command: [x]}}}}\n    - {name: c, image: s, command: [x]}\n");

	(void)state;
	r->holds_sidecars = true;
	rig_start(r, hang, ARRAY_SIZE(hang));
	assert_int_equal(rig_count(r, ACTION_START_SIDECAR), 2);
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_STARTED, .step = 1});
	assert_int_equal(rig_count(r, ACTION_START_SIDECAR), 2);
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_READY, .step = 1});
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_ENDED, .step = 2, .exit_code = 3});
	assert_int_equal(rig_count(r, ACTION_START_SIDECAR), 3);
	assert_int_equal(rig_count(r, ACTION_START_STEP), 0);
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_STARTED, .step = 3});
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_READY, .step = 3});
	assert_int_equal(rig_count(r, ACTION_START_STEP), 1);
	rig_free(r);
}

/* One that has ended is not waited for, however it ended. */
static void test_ended_before(void **state)
{
	static const struct fate ends[] = {
		{.task = "r", .attempt = -1, .step = A, .exit_code = 5},
		{.task = "r", .attempt = -1, .step = B, .end = STEP_END_SIGNALED, .signal = 9},
	};
	struct rig *r = rig_run(TWO, ends, ARRAY_SIZE(ends));

	(void)state;
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	assert_int_equal(container(r, A)->exit_code, 5);
	assert_str(container(r, A)->reason, "Error");
	assert_int_equal(container(r, B)->exit_code, 128 + 9);
	rig_free(r);
}

static void test_order(void **state)
{
	struct rig *r = rig_run(TWO, NULL, 0);
	static const enum action_kind want[] = {ACTION_START_TASK, ACTION_START_SIDECAR,
		ACTION_START_SIDECAR, ACTION_START_STEP, ACTION_START_STEP, ACTION_END_TASK};
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < r->n_actions; i++) {
		if (r->actions[i].kind == ACTION_PUBLISH || r->actions[i].kind == ACTION_FINISH)
			continue;
		assert_true(n < ARRAY_SIZE(want));
		assert_int_equal(r->actions[i].kind, want[n++]);
	}
	assert_int_equal(n, ARRAY_SIZE(want));
	rig_free(r);
}

/* --- the end */

/* Stopped with its task is no failure, and never 137. */
static void test_stopped(void **state)
{
	struct rig *r = rig_run(TWO, NULL, 0);

	(void)state;
	assert_int_equal(container(r, A)->state, STEP_ENDED);
	assert_int_equal(container(r, A)->exit_code, 0);
	assert_str(container(r, A)->reason, "Completed");
	assert_str(container(r, A)->container, "sidecar-a");
	assert_true(str_has(rig_report(r->arena, r->agent),
		STR("\"name\": \"a\",\n     \"container\": \"sidecar-a\",\n")));
	/* late news change nothing */
	rig_feed(r, (struct event){.kind = EVENT_SIDECAR_ENDED, .step = A, .exit_code = 137});
	assert_int_equal(container(r, A)->exit_code, 0);
	rig_free(r);
}

static const struct {
	const char *name;
	struct fate fates[3];
	const char *reason, *message;
} blames[] = {
	{"a failed step alone", {{.task = "r", .attempt = -1, .step = 0, .exit_code = 1}},
		"StepFailed", "\"step-one\" exited with code 1: Error"},
	{"sidecar before step",
		{{.task = "r", .attempt = -1, .step = 0, .exit_code = 1},
			{.task = "r", .attempt = -1, .step = A, .exit_code = 3}},
		"SidecarFailed", "\"sidecar-a\" exited with code 3: Error"},
	{"a sidecar that succeeded is not to blame",
		{{.task = "r", .attempt = -1, .step = 0, .exit_code = 1},
			{.task = "r", .attempt = -1, .step = A, .exit_code = 0}},
		"StepFailed", "\"step-one\" exited with code 1: Error"},
	{"step OOM before sidecar",
		{{.task = "r", .attempt = -1, .step = 0, .end = STEP_END_OOM},
			{.task = "r", .attempt = -1, .step = A, .exit_code = 3}},
		"StepOOM", "\"step-one\" exited with code 137: OOMKilled"},
	{"sidecar OOM before all",
		{{.task = "r", .attempt = -1, .step = 0, .end = STEP_END_OOM},
			{.task = "r", .attempt = -1, .step = A, .exit_code = 3},
			{.task = "r", .attempt = -1, .step = B, .end = STEP_END_OOM}},
		"SidecarOOM", "\"sidecar-b\" exited with code 137: OOMKilled"},
	{"a program that is not there",
		{{.task = "r", .attempt = -1, .step = 1, .exit_code = 2},
			{.task = "r", .attempt = -1, .step = B, .end = STEP_END_EXEC_FAILED}},
		"SidecarFailed", "\"sidecar-b\" exited with code 128: StartError"},
};

static void test_blame(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(blames); i++) {
		struct rig *r = rig_run(TWO, blames[i].fates, ARRAY_SIZE(blames[i].fates) - 1);

		if (blames[i].fates[2].task) {
			rig_free(r);
			r = rig_run(TWO, blames[i].fates, ARRAY_SIZE(blames[i].fates));
		}
		if (!str_eqz(r->view->condition.message, blames[i].message))
			print_error("%s\n", blames[i].name);
		assert_condition(r->view->condition, CONDITION_FALSE, blames[i].reason);
		assert_str(r->view->condition.message, blames[i].message);
		rig_free(r);
	}
}

/* --- refused, stopped, again */

static void test_refused(void **state)
{
	static const struct fate hang[] = {
		{.task = "r", .attempt = -1, .step = A, .hangs = true},
		{.task = "r", .attempt = -1, .step = B, .hangs = true}};
	struct rig *r = rig_new(TWO);

	(void)state;
	r->holds_tasks = true;
	rig_start(r, hang, ARRAY_SIZE(hang));
	r->queue[r->tail++] = (struct event){.kind = EVENT_SIDECAR_REFUSED,
		.step = B,
		.reason = STR("CreateContainerConfigError"),
		.message = STR("no such user")};
	rig_feed(r, (struct event){.kind = EVENT_TASK_READY});
	assert_condition(r->view->condition, CONDITION_FALSE, "CreateContainerConfigError");
	assert_int_equal(rig_count(r, ACTION_START_STEP), 0);
	assert_int_equal(rig_count(r, ACTION_END_TASK), 1);
	rig_free(r);
}

static void test_never_ready(void **state)
{
	static const struct fate hang[] = {
		{.task = "r", .attempt = -1, .step = A, .hangs = true}};
	struct rig *r = rig_run(TWO, hang, ARRAY_SIZE(hang));

	(void)state;
	rig_until(r, 100 * NS_PER_S);
	assert_condition(r->view->condition, CONDITION_FALSE, "TaskRunTimeout");
	assert_int_equal(rig_count(r, ACTION_STOP_STEP), 0);
	assert_int_equal(rig_count(r, ACTION_END_TASK), 1);
	assert_str(container(r, 0)->termination_reason, "TaskRunTimeout");
	rig_free(r);
}

static void test_cancelled_while_waiting(void **state)
{
	static const struct fate hang[] = {
		{.task = "r", .attempt = -1, .step = A, .hangs = true}};
	struct rig *r = rig_run(TWO, hang, ARRAY_SIZE(hang));

	(void)state;
	rig_feed(r, (struct event){.kind = EVENT_CANCEL, .cancel = CANCEL_NOW});
	assert_condition(r->view->condition, CONDITION_FALSE, "TaskRunCancelled");
	assert_true(r->finished);
	rig_free(r);
}

/* Each attempt has its own. */
static void test_retry(void **state)
{
	static const struct fate fails[] = {
		{.task = "r", .attempt = 0, .step = 0, .exit_code = 1}};
	struct arena *a = arena_new();
	struct str yaml = str_z(TWO);
	ptrdiff_t at = str_find(yaml, STR("retries: 0"));
	struct rig *r = rig_run(str_c(arena_printf(a, STR_FMT "retries: 1" STR_FMT,
					STR_ARG(str_slice(yaml, 0, (size_t)at)),
					STR_ARG(str_slice(yaml, (size_t)at + 10, yaml.n)))),
		fails, ARRAY_SIZE(fails));

	(void)state;
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	assert_int_equal(rig_count(r, ACTION_START_SIDECAR), 4);
	assert_int_equal(rig_task(r, "r")->n_attempts, 2);
	rig_free(r);
	arena_free(a);
}

/* --- what they are given */

#define GIVEN                                                                                  \
	TR "  params: [{name: p, value: side}]\n  taskSpec:\n    params: [{name: p}]\n"        \
	   "    stepTemplate: {image: t, env: [{name: T, value: t}]}\n"                        \
	   "    volumes: [{name: v, emptyDir: {}}]\n"                                          \
	   "    workspaces: [{name: w}, {name: own}]\n"                                        \
	   "    steps: [{name: s, command: [x], workspaces: [{name: own}]}]\n"                 \
	   "    sidecars:\n"                                                                   \
	   "    - name: $(params.p)\n      image: $(params.p)-image\n"                         \
	   "      workingDir: sub\n      env: [{name: E, value: $(params.p)}]\n"               \
	   "      volumeMounts: [{name: v, mountPath: /v}]\n"                                  \
	   "      script: cat $(workspaces.w.path)\n"                                          \
	   "      ports: [{containerPort: 80, name: http}]\n"                                  \
	   "  workspaces: [{name: w, emptyDir: {}}, {name: own, emptyDir: {}}]\n"

static void test_given(void **state)
{
	struct rig *r = rig_new(GIVEN);
	const struct step_launch *l;

	(void)state;
	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	assert_int_equal(rig_launch(r, "r")->n_sidecars, 1);
	l = &rig_launch(r, "r")->steps[1];
	assert_str(l->name, "side");
	assert_str(l->container, "sidecar-side");
	assert_str(l->image, "side-image");
	assert_str(l->working_dir, "/sub");
	assert_true(str_starts(l->script_path, STR("/tekton/scripts/sidecar-script-0-")));
	assert_true(str_has(l->script, STR("cat /workspace/w")));
	/* no template, and of the workspaces those that are not for steps alone */
	assert_int_equal(l->n_env, 1);
	assert_int_equal(l->n_mounts, 2);
	assert_str(l->mounts[0].mount_path, "/v");
	assert_str(l->mounts[1].mount_path, "/workspace/w");
	rig_free(r);
}

static void test_images(void **state)
{
	struct rig *r = rig_new(GIVEN);
	struct image_use *uses;
	size_t n;

	(void)state;
	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	agent_images(r->agent, r->arena, &uses, &n);
	assert_int_equal(n, 2);
	assert_str(uses[1].image, "side-image");
	rig_free(r);
}

/* Kubernetes' defaults, named ports, and $(VAR) of a probe's command from values as written. */
static void test_health(void **state)
{
	struct rig *r = rig_new(
		TR "  params: [{name: p, value: v}]\n  taskSpec:\n    params: [{name: p}]\n"
		   "    steps: [{name: s, image: i, command: [x]}]\n    sidecars:\n"
		   "    - name: a\n      image: s\n      command: [x]\n"
		   "      env: [{name: A, value: $(params.p)}, {name: B, value: \"[$(A)]\"}]\n"
		   "      ports: [{name: web, containerPort: 8080}]\n"
		   "      livenessProbe: {exec: {command: [c, $(A), $(B), $(C), $$(A), "
		   "$(params.p)]}}\n"
		   "      startupProbe: {httpGet: {port: web}, periodSeconds: 0, "
		   "timeoutSeconds: 4, initialDelaySeconds: 5, failureThreshold: 6, "
		   "terminationGracePeriodSeconds: 7}\n"
		   "      readinessProbe: {tcpSocket: {port: none}, successThreshold: 2}\n"
		   "      lifecycle: {postStart: {tcpSocket: {port: 1}}, preStop: {exec: "
		   "{command: [$(A)]}}}\n"
		   "    - {name: b, image: s, command: [x]}\n");
	const struct launch_health *h;
	const struct launch_probe *p;

	(void)state;
	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	h = rig_launch(r, "r")->steps[1].health;
	assert_null(rig_launch(r, "r")->steps[0].health);
	assert_null(rig_launch(r, "r")->steps[2].health);
	p = &h->probes[PROBE_LIVENESS];
	assert_int_equal(p->period_ns, 10 * NS_PER_S);
	assert_int_equal(p->timeout_ns, NS_PER_S);
	assert_int_equal(p->initial_delay_ns, 0);
	assert_int_equal(p->success_threshold, 1);
	assert_int_equal(p->failure_threshold, 3);
	assert_int_equal(p->grace_ns, 0);
	assert_str(p->handler.command[1], "v");
	assert_str(p->handler.command[2], "[$(A)]");
	assert_str(p->handler.command[3], "$(C)");
	assert_str(p->handler.command[4], "$(A)");
	assert_str(p->handler.command[5], "$(params.p)");
	p = &h->probes[PROBE_STARTUP];
	assert_int_equal(p->handler.port, 8080);
	assert_str(p->handler.path, "/");
	assert_int_equal(p->period_ns, 10 * NS_PER_S);
	assert_int_equal(p->timeout_ns, 4 * NS_PER_S);
	assert_int_equal(p->initial_delay_ns, 5 * NS_PER_S);
	assert_int_equal(p->failure_threshold, 6);
	assert_int_equal(p->grace_ns, 7 * NS_PER_S);
	p = &h->probes[PROBE_READINESS];
	assert_int_equal(p->success_threshold, 2);
	assert_str(p->handler.problem, "no port of the sidecar is called 'none'");
	assert_true(h->post_start.problem.n);
	assert_str(h->pre_stop.command[0], "$(A)");
	rig_free(r);
}

/* Names become names of files and must not be anybody else's. */
static void test_names(void **state)
{
	static const struct {
		const char *name, *message;
	} cases[] = {
		{"../../x", "Invalid value: \"sidecar-../../x\""},
		{"a", "Duplicate value: \"sidecar-a\""},
		{"b", "Duplicate value: \"sidecar-b\""},
		{"c", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *a = arena_new();
		struct rig *r = rig_run(
			str_c(arena_printf(a,
				TR "  params: [{name: p, value: %s}]\n  taskSpec:\n"
				   "    params: [{name: p}]\n"
				   "    steps: [{name: sidecar-b, image: i}]\n"
				   "    sidecars: [{name: a, image: i}, {name: $(params.p), "
				   "image: i}]\n",
				cases[i].name)),
			NULL, 0);

		if (cases[i].message) {
			assert_condition(
				r->view->condition, CONDITION_FALSE, "PodCreationFailed");
			assert_true(
				str_has(r->view->condition.message, str_z(cases[i].message)));
		} else {
			assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
		}
		rig_free(r);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits),
		cmocka_unit_test(test_ended_before),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_blame),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_never_ready),
		cmocka_unit_test(test_cancelled_while_waiting),
		cmocka_unit_test(test_retry),
		cmocka_unit_test(test_given),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ready_no_more),
		cmocka_unit_test(test_post_start),
		cmocka_unit_test(test_health),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
