/* SPDX-License-Identifier: Apache-2.0 */
/* What a step is started with: passes, scripts, environment, users, mounts (6, 9, 21, 23). */
#include "agent_rig.h"

#define TR(spec) "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\nspec:\n" spec
#define PR(spec)                                                                               \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: pr}\nspec:\n" spec

/* Starts without letting anything end, so that the launch can be looked at. */
static struct rig *held(const char *yaml)
{
	struct rig *r = rig_new(yaml);

	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	return r;
}

static const struct step_launch *step(struct rig *r, const char *task, size_t i)
{
	const struct task_launch *l = rig_launch(r, task);

	assert_true(i < l->n_steps);
	return &l->steps[i];
}

static void test_script(void **state)
{
	static const struct {
		const char *yaml, *want;
	} cases[] = {
		{"'echo hi'", "#!/bin/sh\nset -e\necho hi"},
		{"\"#!/usr/bin/python\\nprint(1)\"", "#!/usr/bin/python\nprint(1)"},
		/* leading blanks: no preamble, and it fails when it is executed */
		{"\"\\n  #!/bin/sh\\n\"", "\n  #!/bin/sh\n"},
		{"\"# no shebang\\n$$(X) $(params.a)\"",
			"#!/bin/sh\nset -e\n# no shebang\n$$(X) v"},
	};
	char yaml[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r;

		snprintf(yaml, sizeof(yaml),
			TR("  params: [{name: a, value: v}]\n  taskSpec: {params: [{name: a}], "
			   "steps: "
			   "[{image: x, script: %s}]}\n"),
			cases[i].yaml);
		r = held(yaml);
		assert_true(step(r, "tr", 0)->has_script);
		assert_str(step(r, "tr", 0)->script, cases[i].want);
		assert_true(str_starts(
			step(r, "tr", 0)->script_path, STR("/tekton/scripts/script-0-")));
		assert_int_equal(step(r, "tr", 0)->script_path.n,
			strlen("/tekton/scripts/script-0-xxxxx"));
		rig_free(r);
	}
}

static void test_command_and_env(void **state)
{
	struct rig *r = held(
		TR("  params: [{name: l, value: [x, 'y z']}, {name: e, value: []}]\n"
		   "  taskSpec:\n"
		   "    params: [{name: l, type: array}, {name: e, type: array}]\n"
		   "    stepTemplate: {image: base, workingDir: /t, command: [tc], args: [ta], "
		   "env: "
		   "[{name: A, value: ta}, {name: B, value: 'b-$(A)'}]}\n"
		   "    steps:\n"
		   "    - {name: one, command: [sh, '-c'], args: ['$(params.l[*])', "
		   "'$(params.e[*])', "
		   "'$(B) $$(B) $(NO)', '$(params.l[1])'], env: [{name: C, value: '$(B)$(D)'}, "
		   "{name: A, "
		   "value: own}]}\n"
		   "    - {name: two, image: own, script: 'true', workingDir: rel/../dir}\n"));
	const struct step_launch *one = step(r, "tr", 0), *two = step(r, "tr", 1);

	(void)state;
	assert_str(one->image, "base");
	assert_str(one->working_dir, "/t");
	assert_int_equal(one->n_command, 2);
	assert_int_equal(one->n_args, 4);
	assert_str(one->args[0], "x");
	assert_str(one->args[1], "y z");
	/* the template's order, the step's value in its place, then the step's own */
	assert_int_equal(one->n_env, 3);
	assert_str(one->env[0].name, "A");
	assert_str(one->env[0].value, "own");
	assert_str(one->env[1].value, "b-own");
	assert_str(one->env[2].name, "C");
	assert_str(one->env[2].value, "b-own$(D)");
	assert_str(one->args[2], "b-own $(B) $(NO)");
	assert_str(one->args[3], "y z");
	/* a script overrides the template's command, its args stay */
	assert_true(two->has_script);
	assert_int_equal(two->n_command, 0);
	assert_int_equal(two->n_args, 1);
	assert_str(two->image, "own");
	assert_str(two->working_dir, "/workspace/dir");
	assert_int_equal(two->index, 1);
	rig_free(r);
}

static void test_variables(void **state)
{
	struct rig *r = held(TR(
		"  workspaces: [{name: w, emptyDir: {}}, {name: c, persistentVolumeClaim: "
		"{claimName: pvc}}]\n"
		"  taskSpec:\n"
		"    workspaces: [{name: w, mountPath: /data}, {name: c}, {name: o, optional: "
		"true}]\n"
		"    results: [{name: r}]\n"
		"    steps:\n"
		"    - name: s\n      image: x\n      args:\n"
		"      - "
		"$(context.taskRun.name)/$(context.taskRun.namespace)/$(context.task.name)\n"
		"      - $(results.r.path) $(results['r'].path)\n"
		"      - $(steps.step-s.exitCode.path)\n"
		"      - $(workspaces.w.path) $(workspaces.c.path) [$(workspaces.o.path)]\n"
		"      - $(workspaces.w.bound) $(workspaces.o.bound) $(workspaces.none.bound)\n"
		"      - '[$(workspaces.w.claim)] $(workspaces.c.claim)'\n"
		"      - $(credentials.path)\n"));
	const struct step_launch *s = step(r, "tr", 0);
	static const char *const want[] = {"tr/default/tr",
		"/tekton/results/r /tekton/results/r", "/tekton/steps/step-s/exitCode",
		"/data /workspace/c []", "true false $(workspaces.none.bound)", "[] pvc",
		"/tekton/creds"};

	(void)state;
	assert_int_equal(s->n_args, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_str(s->args[i], want[i]);
	rig_free(r);
}

static void test_leftovers(void **state)
{
	struct rig *r = rig_run(
		PR("  params: [{name: obj, value: {k1: v1}}]\n"
		   "  pipelineSpec:\n"
		   "    params: [{name: obj, type: object, properties: {k1: {}, k2: "
		   "{}}, default: {k1: d1, k2: d2}}]\n"
		   "    tasks:\n"
		   "    - name: t\n"
		   "      params: [{name: out, value: '$(params.obj.k1)/$(params.obj.k2)'}]\n"
		   "      taskSpec: {params: [{name: out}], steps: [{name: s, image: "
		   "x, env: [{name: OUT, value: $(params.out)}], script: 'true'}]}\n"),
		NULL, 0);
	const struct task_run_view *t = rig_task(r, "pr-t");

	(void)state;
	assert_condition(t->condition, CONDITION_FALSE, "PodCreationFailed");
	assert_str(t->condition.message,
		"failed to create task run pod \"pr-t\": non-existent variable in "
		"\"v1/$(params.obj.k2)\": steps[0].env[OUT]. Maybe invalid TaskSpec");
	assert_int_equal(t->attempts[0].n_steps, 1);
	assert_int_equal(t->attempts[0].steps[0].state, STEP_WAITING);
	assert_int_equal(rig_count(r, ACTION_START_TASK), 0);
	assert_condition(r->view->condition, CONDITION_FALSE, "Failed");
	rig_free(r);
}

/* What a step has of its template or StepAction is refused where the pod would have been. */
static void test_security_conflict(void **state)
{
	static const struct {
		const char *template, *own, *action, *want; /* NULL: it starts */
	} cases[] = {
		{"{privileged: true}", "{allowPrivilegeEscalation: false}", NULL,
			"`privileged` to true"},
		{"{allowPrivilegeEscalation: false}", "{privileged: true}", NULL,
			"`privileged` to true"},
		{"{allowPrivilegeEscalation: false}", "{capabilities: {add: [CAP_SYS_ADMIN]}}",
			NULL, "`capabilities.Add` CAP_SYS_ADMIN"},
		{"{allowPrivilegeEscalation: false}", NULL, "{privileged: true}",
			"`privileged` to true"},
		/* as the API server compares */
		{"{allowPrivilegeEscalation: false}", "{capabilities: {add: [SYS_ADMIN]}}",
			NULL, NULL},
		{"{allowPrivilegeEscalation: true}", "{privileged: true}", NULL, NULL},
		{"{privileged: true}", "{privileged: false, allowPrivilegeEscalation: false}",
			NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *a = arena_new();
		struct str text = arena_printf(a,
			"apiVersion: tekton.dev/v1beta1\nkind: StepAction\nmetadata: {name: "
			"act}\nspec: {image: x, script: 'true', securityContext: %s}\n---\n" TR(
				"  taskSpec:\n"
				"    stepTemplate: {securityContext: %s}\n"
				"    steps:\n"
				"    - {name: a, image: x, script: 'true'}\n"
				"    - {name: b, %s%s}\n"),
			cases[i].action ? cases[i].action : "{}", cases[i].template,
			cases[i].own ? "image: x, script: 'true', securityContext: "
				     : "ref: {name: act}",
			cases[i].own ? cases[i].own : "");
		struct rig *r = held(str_c(text));
		const struct task_run_view *t = rig_task(r, "tr");

		/* the first step has the template's alone */
		assert_int_equal(rig_count(r, ACTION_START_TASK), !cases[i].want);
		if (cases[i].want)
			assert_str(t->condition.message,
				str_c(arena_printf(a,
					"failed to create task run pod \"tr\": Pod \"tr-pod\" "
					"is invalid: spec.containers[1].securityContext: "
					"Invalid value: cannot set `allowPrivilegeEscalation` "
					"to false and %s. Maybe invalid TaskSpec",
					cases[i].want)));
		rig_free(r);
		arena_free(a);
	}
}

/* Later passes expand what earlier ones put in; one pass does not see its own values. */
static void test_passes(void **state)
{
	struct rig *r = held(PR(
		"  params: [{name: a, value: '$(context.pipelineRun.name)'}, {name: b, value: "
		"'$(context.taskRun.name)'}]\n"
		"  pipelineSpec:\n"
		"    params: [{name: c, default: '<$(params.a)>'}]\n"
		"    tasks:\n"
		"    - name: t\n"
		"      params: [{name: p, value: '$(params.a) $(params.b) $(params.c) "
		"$(context.pipelineTask.retries)'}]\n"
		"      retries: 2\n"
		"      taskSpec: {params: [{name: p}, {name: z, default: 'z-$(params.p)'}], "
		"steps: "
		"[{image: x, args: ['$(params.p)', '$(params.b)', '$$(params.a)', "
		"'$(params.z)']}]}\n"));
	const struct step_launch *s = step(r, "pr-t", 0);

	(void)state;
	assert_str(s->args[0], "pr pr-t <pr> 2");
	assert_str(s->args[1], "pr-t");
	assert_str(s->args[2], "$pr"); /* no escape; what is left of it is not a variable */
	assert_str(s->args[3], "$(params.z)");
	rig_free(r);
}

static void test_precedence(void **state)
{
	struct rig *r = held(
		PR("  params: [{name: P, value: run}]\n"
		   "  pipelineSpec:\n"
		   "    params: [{name: Q, default: pipeline}]\n"
		   "    tasks:\n"
		   "    - {name: implicit, taskSpec: {steps: [{image: x, args: ['$(params.P) "
		   "$(params.Q)']}]}}\n"
		   "    - {name: default, taskSpec: {params: [{name: P, default: d}, {name: Q, "
		   "default: "
		   "d}], steps: [{image: x, args: ['$(params.P) $(params.Q)']}]}}\n"
		   "    - {name: value, params: [{name: P, value: task}], taskSpec: {params: "
		   "[{name: P}], "
		   "steps: [{image: x, args: ['$(params.P) $(params.Q)']}]}}\n"
		   "    - {name: ref, taskRef: {name: t}}\n"
		   "---\napiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: "
		   "{params: "
		   "[{name: P, default: own}], steps: [{image: x, args: ['$(params.P)']}]}\n"));

	(void)state;
	assert_str(step(r, "pr-implicit", 0)->args[0], "run pipeline");
	assert_str(step(r, "pr-default", 0)->args[0], "run pipeline");
	assert_str(step(r, "pr-value", 0)->args[0], "task pipeline");
	assert_str(step(r, "pr-ref", 0)->args[0], "own");
	rig_free(r);
}

static void test_isolation(void **state)
{
	struct rig *r = held(TR("  workspaces: [{name: all, emptyDir: {}}, {name: iso, secret: "
				"{secretName: s}}]\n"
				"  taskSpec:\n"
				"    workspaces: [{name: all, readOnly: true}, {name: iso}]\n"
				"    steps:\n"
				"    - {name: a, image: x, workspaces: [{name: iso, mountPath: "
				"/secret}], args: "
				"[$(workspaces.iso.path)]}\n"
				"    - {name: b, image: x, args: [$(workspaces.iso.path)]}\n"
				"---\napiVersion: v1\nkind: Secret\nmetadata: {name: "
				"s}\nstringData: {k: v}\n"));
	const struct task_launch *l = rig_launch(r, "tr");
	const struct step_launch *a = step(r, "tr", 0), *b = step(r, "tr", 1);

	(void)state;
	assert_int_equal(l->n_volumes, 2);
	assert_true(!l->volumes[0].read_only && a->mounts[0].read_only);
	assert_true(l->volumes[1].read_only); /* secrets always */
	assert_true(l->volumes[1].is_secret && l->volumes[1].files[0].is_secret);
	assert_str(l->volumes[1].files[0].path, "k");
	assert_str(l->volumes[1].files[0].value, "v");
	assert_int_equal(a->n_mounts, 2);
	assert_str(a->mounts[1].mount_path, "/secret");
	assert_str(a->args[0], "/secret");
	assert_int_equal(b->n_mounts, 1);
	assert_str(b->mounts[0].mount_path, "/workspace/all");
	assert_str(b->args[0], "/workspace/iso");
	rig_free(r);
}

static void test_users_limits_hermetic(void **state)
{
	struct rig *r = held(
		"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr, annotations: "
		"{experimental.tekton.dev/execution-mode: hermetic}}\nspec:\n"
		"  podTemplate: {securityContext: {runAsUser: 7, runAsNonRoot: true}}\n"
		"  taskSpec:\n"
		"    steps:\n"
		"    - {name: a, image: x, env: [{name: E, value: v}], onError: continue, "
		"computeResources: {limits: {memory: 1Gi, cpu: 500m}}}\n"
		"    - {name: b, image: x, securityContext: {runAsUser: 8, runAsGroup: 9, "
		"runAsNonRoot: false}}\n");
	const struct step_launch *a = step(r, "tr", 0), *b = step(r, "tr", 1);

	(void)state;
	assert_true(rig_launch(r, "tr")->hermetic);
	assert_str(a->env[a->n_env - 1].name, "TEKTON_HERMETIC");
	assert_str(a->env[a->n_env - 1].value, "1");
	assert_int_equal(a->run_as_user, 7);
	assert_int_equal(a->run_as_group, -1);
	assert_true(a->run_as_non_root && a->on_error_continue);
	assert_int_equal(a->n_limits_not_enforced, 2);
	assert_str(a->limits_not_enforced[0], "memory=1Gi");
	assert_int_equal(b->run_as_user, 8);
	assert_int_equal(b->run_as_group, 9);
	assert_false(b->run_as_non_root);
	rig_free(r);
}

/* A limit that a step lacks comes from the LimitRanges of the run's namespace. */
static void test_limit_range(void **state)
{
	struct rig *r = held(
		"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\nspec: "
		"{taskSpec: "
		"{steps: [{name: a, image: x, computeResources: {limits: {cpu: 1}}}, {name: b, "
		"image: x}]}}\n---\n"
		"apiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: [{type: "
		"Container, default: {cpu: 2}, max: {cpu: 4, memory: 1Gi}}, {type: Pod, max: "
		"{storage: 1Gi}}]}\n---\n"
		"apiVersion: v1\nkind: LimitRange\nmetadata: {name: m, namespace: "
		"other}\nspec: "
		"{limits: [{type: Container, max: {files: 3}}]}\n");
	const struct step_launch *a = step(r, "tr", 0), *b = step(r, "tr", 1);

	(void)state;
	assert_int_equal(a->n_limits_not_enforced, 2);
	assert_str(a->limits_not_enforced[0], "cpu=1");
	assert_str(a->limits_not_enforced[1], "memory=1Gi");
	assert_int_equal(b->n_limits_not_enforced, 2);
	assert_str(b->limits_not_enforced[0], "cpu=2");
	rig_free(r);
}

/* Requests of a LimitRange are shared by the steps; its minimum is not; a sidecar gets the
 * whole. */
static void test_range_requests(void **state)
{
#define ASKED                                                                                  \
	"env: [{name: C, valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: "     \
	"1m}}}, "                                                                              \
	"{name: M, valueFrom: {resourceFieldRef: {resource: requests.memory, divisor: 1Ki}}}]"
	static const char *const want[][2] = {
		{"50", "64"}, {"700", "8"}, {"50", "64"}, {"100", "128"}, {"300", "128"}};
	struct rig *r =
		held("apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\nspec: "
		     "{taskSpec: {\n"
		     "  stepTemplate: {image: x, " ASKED "},\n"
		     "  sidecars: [{name: p, image: x, " ASKED "},\n"
		     "    {name: q, image: x, computeResources: {limits: {cpu: 300m}}, " ASKED
		     "}],\n"
		     "  steps: [{name: a}, {name: b, computeResources: {requests: {cpu: 700m, "
		     "memory: 8Ki}}},\n"
		     "    {name: c, computeResources: {limits: {cpu: 2}}}]}}\n---\n"
		     "apiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: "
		     "[{type: Container, "
		     "default: {memory: 128Ki}, defaultRequest: {cpu: 100m}, min: {cpu: 50m, "
		     "memory: 64Ki}}]}\n---\n"
		     "apiVersion: v1\nkind: LimitRange\nmetadata: {name: m}\nspec: {limits: "
		     "[{type: Container, "
		     "defaultRequest: {cpu: 150m}, min: {cpu: 1m}}]}\n");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const struct step_launch *s = &rig_launch(r, "tr")->steps[i];

		assert_str(s->env[0].value, want[i][0]);
		assert_str(s->env[1].value, want[i][1]);
	}
	rig_free(r);
}

/* A value of many megabytes made from small ones ends the task run, not the agent. */
static void test_too_long(void **state)
{
	struct buf b;
	struct rig *r;

	(void)state;
	buf_init(&b, 4 * MIB);
	buf_addz(&b, TR("  params: [{name: p, value: "));
	for (int i = 0; i < 1 << 16; i++)
		buf_addz(&b, "0123456789abcdef");
	buf_addz(&b, "}]\n  taskSpec: {params: [{name: p}], steps: [{image: x, script: '");
	for (int i = 0; i < 32; i++)
		buf_addz(&b, "$(params.p)");
	buf_addz(&b, "'}]}\n");
	r = rig_run(str_c(buf_str(&b)), NULL, 0);
	assert_condition(r->view->condition, CONDITION_FALSE, "TaskRunValidationFailed");
	assert_str(r->view->condition.message,
		"[User error] a text of the task is too long after substitution");
	rig_free(r);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_command_and_env),
		cmocka_unit_test(test_variables),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_security_conflict),
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_precedence),
		cmocka_unit_test(test_isolation),
		cmocka_unit_test(test_users_limits_hermetic),
		cmocka_unit_test(test_limit_range),
		cmocka_unit_test(test_range_requests),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
