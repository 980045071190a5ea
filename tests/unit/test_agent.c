/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's calls: pending and cancelled objects, overrides, images, records. */
#include "agent_rig.h"
#include <base/json.h>

#define PR(spec)                                                                               \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: p}\nspec:\n" spec
#define ONE                                                                                    \
	"  pipelineSpec: {tasks: [{name: a, taskSpec: {steps: [{image: x}]}}], finally: "      \
	"[{name: f, taskSpec: {steps: [{image: x}]}}]}\n"

static void test_pending(void **state)
{
	struct rig *r = rig_run(PR("  status: PipelineRunPending\n" ONE), NULL, 0);

	(void)state;
	assert_condition(r->view->condition, CONDITION_UNKNOWN, "PipelineRunPending");
	assert_str(r->view->condition.message, "PipelineRun \"p\" is pending");
	assert_true(r->finished);
	assert_int_equal(r->view->n_task_runs, 0);
	rig_free(r);
	/* it was named on the command line */
	r = rig_new(PR("  status: PipelineRunPending\n" ONE));
	r->opts.start_pending = true;
	rig_start(r, NULL, 0);
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	rig_free(r);
}

static void test_written_status(void **state)
{
	static const struct {
		const char *yaml;
		size_t n_runs;
		enum skip_reason skip;
		const char *reason;
	} cases[] = {
		{PR("  status: Cancelled\n" ONE), 0, SKIP_NONE, "Cancelled"},
		{PR("  status: CancelledRunFinally\n" ONE), 1, SKIP_GRACEFULLY_CANCELLED,
			"Cancelled"},
		{PR("  status: StoppedRunFinally\n" ONE), 1, SKIP_GRACEFULLY_STOPPED,
			"Cancelled"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = rig_run(cases[i].yaml, NULL, 0);

		assert_condition(r->view->condition, CONDITION_FALSE, cases[i].reason);
		assert_int_equal(r->view->n_task_runs, cases[i].n_runs);
		assert_int_equal(rig_pt(r, "a")->skip, cases[i].skip);
		rig_free(r);
	}
}

static void test_params(void **state)
{
	const struct param_override over[] = {
		{.name = STR("s"), .text = STR("[\"not\",\"json\"]")},
		{.name = STR("l"), .text = STR("[\"a\",\"b\"]")},
		{.name = STR("new"), .text = STR("first")},
		{.name = STR("new"), .text = STR("last")},
	};
	struct rig *r =
		rig_new(PR("  params: [{name: s, value: run}, {name: new, value: run}]\n"
			   "  pipelineSpec: {params: [{name: s}, {name: l, type: array}], "
			   "tasks: [{name: a, "
			   "params: [{name: p, value: '$(params.s) $(params.l[1]) "
			   "$(params.new)'}], taskSpec: "
			   "{params: [{name: p}], steps: [{image: x}]}}]}\n"));

	(void)state;
	r->opts.params = over;
	r->opts.n_params = ARRAY_SIZE(over);
	rig_start(r, NULL, 0);
	assert_str(rig_task(r, "p-a")->params[0].value.string.s, "[\"not\",\"json\"] b last");
	rig_free(r);
}

static void test_images(void **state)
{
	struct rig *r = rig_run(
		PR("  params: [{name: i, value: from-run}]\n"
		   "  pipelineSpec:\n"
		   "    tasks:\n"
		   "    - {name: a, taskSpec: {results: [{name: r}], stepTemplate: {image: "
		   "base}, "
		   "steps: [{name: s}, {image: plain}, {image: '$(params.i)'}]}}\n"
		   "    - {name: b, taskRef: {name: t}, params: [{name: image, value: "
		   "given}]}\n"
		   "    - {name: c, taskRef: {name: t}, params: [{name: image, value: "
		   "$(tasks.a.results.r)}]}\n"
		   "    - {name: d, taskRef: {name: t}}\n"
		   "---\napiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: "
		   "{params: "
		   "[{name: image, default: own}], steps: [{image: '$(params.image)'}, {image: "
		   "plain}]}\n"),
		NULL, 0);
	static const char *const want[] = {"base", "plain", "from-run", "given", "own"};
	struct image_use *uses;
	size_t n;

	(void)state;
	agent_images(r->agent, r->arena, &uses, &n);
	assert_int_equal(n, ARRAY_SIZE(want));
	for (size_t i = 0; i < n; i++) {
		assert_str(uses[i].image, want[i]);
		assert_true(uses[i].pos.line > 0);
	}
	rig_free(r);
}

/* What a matrix, a context, a workspace or a retry says of an image is known, too. */
static void test_images_of_runs(void **state)
{
	struct rig *r = rig_run(
		PR("  workspaces: [{name: w, emptyDir: {}}]\n"
		   "  pipelineSpec:\n"
		   "    params: [{name: base, default: [deb, alp]}, {name: none, default: "
		   "[]}]\n"
		   "    workspaces: [{name: w}, {name: o, optional: true}]\n"
		   "    tasks:\n"
		   "    - {name: a, taskSpec: {results: [{name: r}, {name: l, type: array}], "
		   "steps: [{image: x}]}}\n"
		   "    - name: m\n"
		   "      matrix: {params: [{name: b, value: '$(params.base[*])'}, {name: u, "
		   "value: '$(tasks.a.results.l[*])'}], include: [{params: [{name: b, value: "
		   "inc}, {name: v, value: $(tasks.a.results.r)}]}]}\n"
		   "      taskSpec: {steps: [{image: 'm-$(params.b)'}, {image: "
		   "'u-$(params.u)'}, "
		   "{image: '$(params.v)'}]}\n"
		   "    - {name: none, matrix: {params: [{name: b, value: "
		   "'$(params.none[*])'}]}, "
		   "taskSpec: {steps: [{image: 'n-$(params.b)'}]}}\n"
		   "    - {name: c, retries: 1, workspaces: [{name: w}], taskRef: {name: t}}\n"
		   "---\napiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: "
		   "{workspaces: [{name: w}], steps: [{image: "
		   "'$(context.taskRun.name)/"
		   "$(context.task.name):$(context.task.retry-count)'}, "
		   "{image: '$(workspaces.w.bound)'}]}\n"),
		NULL, 0);
	static const char *const want[] = {
		"x", "m-deb", "m-alp", "m-inc", "p-c/t:0", "true", "p-c/t:1"};
	struct image_use *uses;
	size_t n;

	(void)state;
	agent_images(r->agent, r->arena, &uses, &n);
	assert_int_equal(n, ARRAY_SIZE(want));
	for (size_t i = 0; i < n; i++)
		assert_str(uses[i].image, want[i]);
	rig_free(r);
}

/* Volumes are images, too: of tasks and of what the run says of their pods. */
static void test_images_of_volumes(void **state)
{
	struct rig *r = rig_run(
		PR("  taskRunTemplate: {podTemplate: {volumes: [{name: p, image: {reference: "
		   "of-pod}}]}}\n"
		   "  pipelineSpec: {tasks: [{name: a, taskSpec: {volumes: [{name: v, image: "
		   "{reference: of-task}}, {name: e, emptyDir: {}}, {name: q, image: "
		   "{reference: "
		   "'not-$(params.a)'}}], steps: [{image: x}]}}, {name: b, taskSpec: {volumes: "
		   "[{name: v, image: {reference: x}}], steps: [{image: 'x'}]}}]}\n"),
		NULL, 0);
	static const char *const want[] = {"of-pod", "x", "of-task"};
	struct image_use *uses;
	size_t n;

	(void)state;
	agent_images(r->agent, r->arena, &uses, &n);
	assert_int_equal(n, ARRAY_SIZE(want));
	for (size_t i = 0; i < n; i++)
		assert_str(uses[i].image, want[i]);
	rig_free(r);
}

/* Every record is JSON on one line, numbered, with the kinds of a whole run in order. */
static void test_records(void **state)
{
	static const struct fate fates[] = {
		{"p-a", -1, -1, STEP_END_EXITED, 0, 0, {"r", "line\n\"<&>\""}, false}};
	static const char *const kinds[] = {"event", "run-start", "task-create", "pt-start",
		"task-attempt", "run-condition", "event", "task-ready", "step-start", "event",
		"step-started", "event", "step-end", "task-end", "pt-done", "run-end"};
	struct rig *r =
		rig_run(PR("  pipelineSpec: {tasks: [{name: a, taskSpec: {results: [{name: "
			   "r}], steps: [{image: x}]}}]}\n"),
			fates, 1);
	struct str rest = {.p = r->records, .n = r->n_records}, line;
	size_t n = 0;

	(void)state;
	while (str_cut(rest, '\n', &line, &rest)) {
		struct json *j;
		int64_t seq;
		struct err err;

		assert_int_equal(json_parse(r->arena, line, MIB, &j, &err), 0);
		assert_int_equal(json_int(json_get(j, "seq"), 0, 1000, &seq, &err), 0);
		assert_int_equal(seq, n);
		assert_true(n < ARRAY_SIZE(kinds));
		assert_str(json_str(json_get(j, "kind")), kinds[n]);
		n++;
		if (str_eqz(json_str(json_get(j, "kind")), "task-end")) {
			const struct json *one = json_at(json_get(j, "results"), 0);

			assert_str(json_str(json_get(one, "value")), "line\n\"<&>\"");
			assert_str(json_str(json_get(j, "status")), "True");
		}
	}
	assert_int_equal(n, ARRAY_SIZE(kinds));
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_written_status),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_images),
		cmocka_unit_test(test_images_of_runs),
		cmocka_unit_test(test_images_of_volumes),
		cmocka_unit_test(test_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
