/* SPDX-License-Identifier: Apache-2.0 */
/* Late binding and fan-out: sections 4, 7.4, 13, 17 and 30. */
#include "agent_rig.h"

#define PR                                                                                     \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: p}\nspec:\n  "         \
	"pipelineSpec:\n"
#define EMIT "results: [{name: r}], steps: [{image: x}]"

static const struct fate by_name[] = {
	{"p-a", -1, -1, STEP_END_EXITED, 0, 0, {"r", "ra", "l", "[\"x\",\"y\"]"}, false},
	{"p-fan-0", -1, -1, STEP_END_EXITED, 0, 0, {"r", "f0"}, false},
	{"p-fan-1", -1, -1, STEP_END_EXITED, 0, 0, {0}, false},
	{"p-fan-2", -1, -1, STEP_END_EXITED, 0, 0, {"r", "f2"}, false},
	{"p-fan-10", -1, -1, STEP_END_EXITED, 0, 0, {"r", "f10"}, false},
	{"p-one", -1, -1, STEP_END_EXITED, 0, 0, {"r", "single"}, false},
};

static void test_include(void **state)
{
	struct rig *r =
		rig_run(PR "    tasks:\n"
			   "    - name: t\n"
			   "      displayName: 'd $(params.arch)'\n"
			   "      params: [{name: own, value: o}]\n"
			   "      matrix:\n"
			   "        params: [{name: arch, value: [x86, arm]}, {name: ver, "
			   "value: ['1', '2']}]\n"
			   "        include:\n"
			   "        - {name: common, params: [{name: pkg, value: common}]}\n"
			   "        - {name: 'flag $(params.ver)', params: [{name: arch, "
			   "value: arm}, {name: "
			   "flag, value: f}]}\n"
			   "        - {name: alien, params: [{name: arch, value: s390}]}\n"
			   "      taskSpec: {params: [{name: arch}, {name: own}], " EMIT "}\n",
			NULL, 0);
	static const struct {
		const char *name, *display;
		size_t n_params;
	} want[] = {{"p-t-0", "common", 4}, {"p-t-1", "common flag 1", 5},
		{"p-t-2", "common", 4}, {"p-t-3", "common flag 2", 5}, {"p-t-4", "alien", 2}};

	(void)state;
	assert_int_equal(r->view->n_task_runs, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const struct task_run_view *t = r->view->task_runs[i];

		assert_str(t->name, want[i].name);
		assert_str(t->display_name, want[i].display);
		assert_int_equal(t->n_params, want[i].n_params);
		/* sorted by name, then the pipeline task's own */
		assert_str(t->params[0].name.s, "arch");
		assert_str(t->params[t->n_params - 1].name.s, "own");
	}
	assert_str(r->view->condition.message,
		"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0");
	rig_free(r);
}

static void test_fan_in(void **state)
{
	struct rig *r = rig_run(PR
		"    tasks:\n"
		"    - {name: fan, displayName: 'n $(params.m)', matrix: {params: [{name: m, "
		"value: "
		"[a, b, c, d, e, f, g, h, i, j, k]}]}, taskSpec: {params: [{name: m}], " EMIT
		"}}\n"
		"    - {name: one, matrix: {params: [{name: m, value: [a]}]}, taskSpec: "
		"{params: "
		"[{name: m}], " EMIT "}}\n"
		"    - name: sink\n"
		"      params: [{name: all, value: '$(tasks.fan.results.r[*])'}, {name: "
		"single, value: "
		"'$(tasks.one.results.r[*])'}, {name: len, value: '$(tasks.fan.matrix.length) "
		"$(tasks.fan.matrix.r.length)'}]\n"
		"      taskSpec: {params: [{name: all, type: array}, {name: single, type: "
		"array}, "
		"{name: len}], " EMIT "}\n",
		by_name, ARRAY_SIZE(by_name));
	const struct task_run_view *t = rig_task(r, "p-sink");
	const struct value *all = &t->params[0].value;

	(void)state;
	/* in the order of names as text: 0, 10, 2; children without it are left out */
	assert_int_equal(all->n_array, 3);
	assert_str(all->array[0].s, "f0");
	assert_str(all->array[1].s, "f10");
	assert_str(all->array[2].s, "f2");
	assert_int_equal(t->params[1].value.n_array, 1);
	assert_str(t->params[1].value.array[0].s, "single");
	assert_str(t->params[2].value.string.s, "11 3");
	assert_str(rig_task(r, "p-fan-7")->display_name, "n h");
	rig_free(r);
}

static void test_late(void **state)
{
	struct rig *r = rig_run(PR
		"    tasks:\n"
		"    - {name: a, taskSpec: {results: [{name: r}, {name: l, type: array}], "
		"steps: "
		"[{image: x}]}}\n"
		"    - name: b\n"
		"      displayName: 'after $(tasks.a.results.r)'\n"
		"      when: [{input: $(tasks.a.results.r), operator: in, values: [ra]}]\n"
		"      params: [{name: v, value: 'v $(tasks.a.results.r) "
		"$(tasks.a.results.l[1])'}, "
		"{name: l, value: ['0', '$(tasks.a.results.l[*])']}]\n"
		"      taskSpec: {params: [{name: v}, {name: l, type: array}], steps: [{image: "
		"'$(tasks.a.results.r)', args: ['$(tasks.a.results.l[0])', '$(params.l[*])', "
		"\"$(tasks.a.results['r'])\"]}]}\n"
		"    - {name: fan, matrix: {params: [{name: m, value: "
		"'$(tasks.a.results.l[*])'}]}, "
		"taskSpec: {params: [{name: m}], steps: [{image: x}]}}\n"
		"    finally:\n"
		"    - name: f\n"
		"      params: [{name: p, value: '$(tasks.status) $(tasks.a.status) "
		"$(tasks.b.reason) "
		"$(tasks.a.results.r)'}]\n"
		"      taskSpec: {params: [{name: p}], steps: [{image: x, args: "
		"['$(tasks.status)', "
		"'$(params.p)']}]}\n",
		by_name, ARRAY_SIZE(by_name));
	const struct task_run_view *b = rig_task(r, "p-b");
	const struct step *s = &b->attempts[0].spec->steps[0];

	(void)state;
	assert_str(b->display_name, "after ra");
	assert_str(b->params[0].value.string.s, "v ra y");
	assert_int_equal(b->params[1].value.n_array, 3);
	assert_str(s->image.s, "ra");
	assert_int_equal(s->n_args, 5);
	assert_str(s->args[0].s, "x");
	assert_str(s->args[4].s, "ra"); /* brackets resolve where dots are used too */
	assert_str(rig_pt(r, "b")->when[0].input.s, "ra");
	assert_str(rig_task(r, "p-fan-1")->params[0].value.string.s, "y");
	assert_str(rig_task(r, "p-f")->params[0].value.string.s,
		"Succeeded Succeeded Succeeded ra");
	/* status variables are not seen inside an inline spec */
	assert_str(rig_task(r, "p-f")->attempts[0].spec->steps[0].args[0].s, "$(tasks.status)");
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	rig_free(r);
}

static void test_broken_matrix(void **state)
{
	struct rig *r = rig_run(PR
		"    tasks:\n"
		"    - {name: a, taskSpec: {results: [{name: r}], steps: [{image: x}]}}\n"
		"    - {name: fan, matrix: {params: [{name: m, value: "
		"'$(tasks.a.results.r)'}]}, "
		"taskSpec: {params: [{name: m}], steps: [{image: x}]}}\n"
		"    finally: [{name: f, taskSpec: {steps: [{image: x}]}}]\n",
		by_name, 1);

	(void)state;
	assert_condition(r->view->condition, CONDITION_FALSE, "InvalidMatrixParameterTypes");
	assert_int_equal(r->view->n_task_runs, 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_include),
		cmocka_unit_test(test_fan_in),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_broken_matrix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
