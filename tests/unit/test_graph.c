/* SPDX-License-Identifier: Apache-2.0 */
/* What orders a pipeline task and what does not (section 11). */
#include "agent/graph.h"
#include "agent/state.h"
#include "agent_rig.h"

#define PR(b)                                                                                  \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: p}\nspec:\n"           \
	"  workspaces: [{name: w, emptyDir: {}}]\n  pipelineSpec:\n    workspaces: [{name: "   \
	"w}]\n"                                                                                \
	"    tasks:\n"                                                                         \
	"    - {name: a, taskSpec: {results: [{name: r}, {name: l, type: array}], steps: "     \
	"[{image: x}]}}\n"                                                                     \
	"    - {name: c, taskSpec: {results: [{name: r}], steps: [{image: x}]}}\n"             \
	"    - {name: b, " b "}\n"
#define SPEC "taskSpec: {params: [{name: v}], steps: [{image: x}]}"

struct edge_case {
	const char *name, *yaml;
	size_t n_parents; /* the first is a, the second c */
	size_t n_uses;
};

static const struct edge_case cases[] = {
	{"nothing", PR("taskSpec: {steps: [{image: x}]}"), 0, 0},
	{"runAfter", PR("runAfter: [a, c], taskSpec: {steps: [{image: x}]}"), 2, 0},
	{"both count once",
		PR("runAfter: [a], params: [{name: v, value: $(tasks.a.results.r)}], " SPEC), 1,
		1},
	{"param",
		PR("params: [{name: v, value: '$(tasks.a.results.r) "
		   "$(tasks.c.results.r)'}], " SPEC),
		2, 2},
	{"the same result twice is one use",
		PR("params: [{name: v, value: "
		   "'$(tasks.a.results.r)$(tasks.a.results.r)'}], " SPEC),
		1, 1},
	{"other indexes are other uses",
		PR("params: [{name: v, value: "
		   "'$(tasks.a.results.l[0])$(tasks.a.results.l[1])'}], " SPEC),
		1, 2},
	{"matrix", PR("matrix: {params: [{name: v, value: ['$(tasks.a.results.r)']}]}, " SPEC),
		1, 1},
	{"include",
		PR("matrix: {include: [{name: i, params: [{name: v, value: "
		   "$(tasks.a.results.r)}]}]}, " SPEC),
		1, 1},
	{"when input",
		PR("when: [{input: $(tasks.a.results.r), operator: in, values: [x]}], " SPEC
		   ", params: [{name: v, value: x}]"),
		1, 1},
	{"when values",
		PR("when: [{input: x, operator: in, values: [$(tasks.a.results.r)]}], " SPEC
		   ", params: [{name: v, value: x}]"),
		1, 1},
	{"a script of an inline spec",
		PR("taskSpec: {steps: [{image: x, script: 'echo $(tasks.a.results.r)'}]}"), 1,
		1},
	{"an image of an inline spec", PR("taskSpec: {steps: [{image: $(tasks.a.results.r)}]}"),
		1, 1},
	{"displayName does not order",
		PR("displayName: $(tasks.a.results.r), taskSpec: {steps: [{image: x}]}"), 0, 0},
	{"subPath does not order",
		PR("workspaces: [{name: w, subPath: $(tasks.a.results.r)}], taskSpec: "
		   "{workspaces: "
		   "[{name: w}], steps: [{image: x}]}"),
		0, 1},
	{"brackets do not order",
		PR("params: [{name: v, value: \"$(tasks.a.results['r'])\"}], " SPEC), 0, 0},
};

static void test_edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = rig_new(cases[i].yaml);
		const struct plan_task *b;

		r->holds_tasks = true;
		rig_start(r, NULL, 0);
		assert_false(r->agent->plan.is_refused);
		b = plan_find(&r->agent->plan, STR("b"));
		if (b->n_parents != cases[i].n_parents || b->n_uses != cases[i].n_uses)
			print_error("case '%s'\n", cases[i].name);
		assert_int_equal(b->n_parents, cases[i].n_parents);
		assert_int_equal(b->n_uses, cases[i].n_uses);
		for (size_t k = 0; k < b->n_parents; k++) {
			const struct plan_task *p = &r->agent->plan.tasks[b->parents[k]];

			assert_int_equal(b->parents[k], k);
			assert_int_equal(p->n_children, 1);
			assert_ptr_equal(&r->agent->plan.tasks[p->children[0]], b);
		}
		rig_free(r);
	}
}

/* Who reads an artifact of a task that it does not wait for is told where. */
static void artifact_races(void **state)
{
	static const struct {
		const char *name, *yaml;
		const char *hint; /* NULL: nothing is said */
	} races[] = {
		{"no order",
			PR("taskSpec: {steps: [{image: x, args: [$(tasks.a.outputs.o)]}]}"),
			"a reference to an artifact orders nothing: add runAfter: [a]"},
		{"in a param", PR("params: [{name: v, value: $(tasks.c.inputs)}], " SPEC),
			"a reference to an artifact orders nothing: add runAfter: [c]"},
		{"the other one",
			PR("runAfter: [c], taskSpec: {steps: [{image: x, args: "
			   "[$(tasks.a.outputs)]}]}"),
			"a reference to an artifact orders nothing: add runAfter: [a]"},
		{"its own", PR("taskSpec: {steps: [{image: x, args: [$(tasks.b.outputs)]}]}"),
			""},
		{"runAfter",
			PR("runAfter: [a], taskSpec: {steps: [{image: x, args: "
			   "[$(tasks.a.outputs)]}]}"),
			NULL},
		{"through another",
			PR("runAfter: [d], taskSpec: {steps: [{image: x, args: "
			   "[$(tasks.a.outputs)]}]}}\n"
			   "    - {name: d, runAfter: [a], taskSpec: {steps: [{image: x}]}"),
			NULL},
		{"a result",
			PR("taskSpec: {steps: [{image: x, args: [$(tasks.a.outputs), "
			   "$(tasks.a.results.r)]}]}"),
			NULL},
		{"finally",
			PR("taskSpec: {steps: [{image: x}]}}\n    finally:\n"
			   "    - {name: f, taskSpec: {steps: [{image: x, args: "
			   "[$(tasks.a.outputs)]}]}"),
			NULL},
		{"finally of finally",
			PR("taskSpec: {steps: [{image: x}]}}\n    finally:\n"
			   "    - {name: g, taskSpec: {steps: [{image: x}]}}\n"
			   "    - {name: f, taskSpec: {steps: [{image: x, args: "
			   "[$(tasks.g.outputs)]}]}"),
			""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(races); i++) {
		struct rig *r = rig_new(races[i].yaml);

		print_message("%s\n", races[i].name);
		r->agent = agent_new(r->spec, &r->spec->runs[0], &r->opts, &r->diags);
		assert_int_equal(r->diags.n, races[i].hint ? 1 : 0);
		if (races[i].hint) {
			assert_string_equal(r->diags.items[0].code, "unordered-artifact");
			assert_int_equal(r->diags.items[0].severity, DIAG_WARNING);
			assert_true(r->diags.items[0].pos.line > 6);
			assert_true(str_eqz(r->diags.items[0].hint, races[i].hint));
		}
		rig_free(r);
	}
}

/* A text may name several tasks that are not there; each is told, once. */
static void artifact_strangers(void **state)
{
	static const char *const want[] = {"$(tasks.z.outputs.o)", "$(tasks.y.inputs)",
		"$(tasks.z.outputs)", "$(tasks.z.outputs.o)"};
	struct rig *r =
		rig_new(PR("taskSpec: {steps: [{image: x, script: '$(tasks.z.outputs.o) "
			   "$(tasks.y.inputs) $(tasks.z.outputs) $(tasks.z.outputs.o)'},\n"
			   "        {image: x, script: 'echo $(tasks.z.outputs.o)'}]}"));

	(void)state;
	r->agent = agent_new(r->spec, &r->spec->runs[0], &r->opts, &r->diags);
	assert_int_equal(r->diags.n, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const struct diag *d = &r->diags.items[i];

		assert_string_equal(d->code, "unknown-task");
		assert_true(str_starts(d->msg, str_z(want[i])));
	}
	assert_str(r->diags.items[1].msg,
		"$(tasks.y.inputs) stays as text: the pipeline has no task \"y\"");
	assert_int_equal(r->diags.items[2].pos.line, r->diags.items[0].pos.line);
	assert_int_equal(r->diags.items[3].pos.line, r->diags.items[0].pos.line + 1);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_edges),
		cmocka_unit_test(artifact_races), cmocka_unit_test(artifact_strangers)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
