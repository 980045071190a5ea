/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces of task runs: who shares what, optional ones, propagation, -w (section 9). */
#include "agent_rig.h"

#define PR(spec)                                                                               \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: pr}\nspec:\n" spec
#define USES(name) "steps: [{image: x, args: ['$(workspaces." name ".path)']}]"

static struct rig *held(const char *yaml, const struct workspace_override *w, size_t n)
{
	struct rig *r = rig_new(yaml);

	r->holds_tasks = true;
	r->opts.workspaces = w;
	r->opts.n_workspaces = n;
	rig_start(r, NULL, 0);
	return r;
}

static const struct launch_volume *only(struct rig *r, const char *task)
{
	const struct task_launch *l = rig_launch(r, task);

	assert_int_equal(l->n_volumes, 1);
	return &l->volumes[0];
}

static const struct launch_mount *mount(struct rig *r, const char *task)
{
	const struct task_launch *l = rig_launch(r, task);

	assert_int_equal(l->steps[0].n_mounts, 1);
	return &l->steps[0].mounts[0];
}

static const char *three_sources = PR(
	"  workspaces:\n"
	"  - {name: e, emptyDir: {medium: Memory, sizeLimit: 1Mi}}\n"
	"  - {name: c, subPath: base, persistentVolumeClaim: {claimName: pvc}}\n"
	"  - {name: t, volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: "
	"{requests: {storage: 1Gi}}}}}\n"
	"  pipelineSpec:\n"
	"    workspaces: [{name: e}, {name: c}, {name: t}]\n"
	"    tasks:\n"
	"    - {name: e1, workspaces: [{name: w, workspace: e}], taskSpec: {workspaces: "
	"[{name: w}], "
	"steps: [{image: x}]}}\n"
	"    - {name: c1, workspaces: [{name: w, workspace: c, subPath: ./sub}], taskSpec: "
	"{workspaces: [{name: w}], steps: [{image: x}]}}\n"
	"    - {name: t1, workspaces: [{name: t}], taskSpec: {workspaces: [{name: t}], steps: "
	"[{image: x}]}}\n"
	"    - {name: t2, taskSpec: {" USES("t") "}}\n");

static void test_sources(void **state)
{
	struct rig *r = held(three_sources, NULL, 0);
	struct str claim;

	(void)state;
	assert_int_equal(only(r, "pr-e1")->kind, LAUNCH_EMPTY_DIR);
	assert_true(only(r, "pr-e1")->is_memory);
	assert_int_equal(only(r, "pr-e1")->size_limit_bytes, MIB);
	assert_int_equal(only(r, "pr-e1")->claim.n, 0);
	assert_int_equal(only(r, "pr-c1")->kind, LAUNCH_CLAIM);
	assert_str(only(r, "pr-c1")->claim, "pvc");
	assert_str(mount(r, "pr-c1")->sub_path, "base/sub");
	/* one claim for all users of the template, also by propagation */
	claim = only(r, "pr-t1")->claim;
	assert_true(str_starts(claim, STR("pvc-")) && claim.n == 14);
	assert_true(str_eq(claim, only(r, "pr-t2")->claim));
	assert_str(mount(r, "pr-t2")->mount_path, "/workspace/t");
	rig_free(r);
}

static void test_override(void **state)
{
	const struct workspace_override over[] = {
		{.name = STR("c"), .dir = STR("/first")},
		{.name = STR("c"), .dir = STR("/srv/src")},
		{.name = STR("t")},
	};
	struct rig *r = held(three_sources, over, ARRAY_SIZE(over));

	(void)state;
	assert_int_equal(only(r, "pr-c1")->kind, LAUNCH_CALLER_DIR);
	assert_str(only(r, "pr-c1")->dir, "/srv/src");
	assert_str(mount(r, "pr-c1")->sub_path, "sub");
	assert_int_equal(only(r, "pr-t1")->kind, LAUNCH_EMPTY_DIR);
	rig_free(r);
}

static void test_optional(void **state)
{
	struct rig *r =
		held(PR("  pipelineSpec:\n"
			"    workspaces: [{name: o, optional: true}]\n"
			"    tasks:\n"
			"    - {name: a, workspaces: [{name: o}], taskSpec: {workspaces: "
			"[{name: o, optional: true}], steps: [{image: x, args: "
			"['$(workspaces.o.bound)[$(workspaces.o.path)]']}]}}\n"),
			NULL, 0);

	(void)state;
	assert_int_equal(rig_launch(r, "pr-a")->n_volumes, 0);
	assert_str(rig_launch(r, "pr-a")->steps[0].args[0], "false[]");
	rig_free(r);
}

static void test_not_provided(void **state)
{
	static const char *const cases[] = {
		/* optional for the pipeline, required by the task */
		PR("  pipelineSpec:\n    workspaces: [{name: w, optional: true}]\n    tasks:\n "
		   "   - "
		   "{name: a, workspaces: [{name: w}], taskSpec: {workspaces: [{name: w}], "
		   "steps: "
		   "[{image: x}]}}\n"),
		/* used, and declared by nobody */
		PR("  pipelineSpec:\n    tasks:\n    - {name: a, taskSpec: {" USES("w") "}}\n"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = rig_run(cases[i], NULL, 0);

		assert_condition(r->view->condition, CONDITION_FALSE, "CreateRunFailed");
		assert_str(r->view->condition.message,
			"expected workspace \"w\" to be provided by pipelinerun for pipeline "
			"task "
			"\"a\"");
		assert_int_equal(r->view->n_task_runs, 0);
		assert_true(r->finished);
		rig_free(r);
	}
}

/* Inline specs get only what their text mentions; it need not be declared. */
static void test_task_run(void **state)
{
	struct rig *r =
		held("apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: pr}\nspec:\n"
		     "  params: [{name: d, value: deep}]\n"
		     "  workspaces: [{name: used, subPath: $(params.d), emptyDir: {}}, {name: "
		     "extra, emptyDir: {}}]\n"
		     "  taskSpec: {params: [{name: d}], " USES("used") "}\n",
			NULL, 0);

	(void)state;
	assert_str(only(r, "pr")->name, "used");
	assert_str(mount(r, "pr")->sub_path, "deep");
	rig_free(r);
}

/* A subPath is made of params and results, so it is not to be trusted. */
static void test_hostile_sub_path(void **state)
{
	static const char *const paths[] = {"../x", "..", "a/../../x", "a/../x", "/etc"};
	char yaml[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct rig *r;

		snprintf(yaml, sizeof(yaml),
			"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: "
			"pr}\nspec:\n"
			"  params: [{name: d, value: '%s'}]\n"
			"  workspaces: [{name: w, subPath: $(params.d), persistentVolumeClaim: "
			"{claimName: c}}]\n"
			"  taskSpec: {params: [{name: d}], workspaces: [{name: w}], steps: "
			"[{image: "
			"x}]}\n",
			paths[i]);
		r = rig_run(yaml, NULL, 0);
		assert_condition(r->view->condition, CONDITION_FALSE, "PodCreationFailed");
		assert_int_equal(rig_count(r, ACTION_START_TASK), 0);
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_override),
		cmocka_unit_test(test_optional),
		cmocka_unit_test(test_not_provided),
		cmocka_unit_test(test_task_run),
		cmocka_unit_test(test_hostile_sub_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
