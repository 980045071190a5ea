/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: order, reasons, what is known before the start, in all three forms. */
#include "agent_rig.h"

#include <base/json.h>

static const char pipeline[] =
	"apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p}\nspec:\n"
	"  params: [{name: who, default: you}, {name: img, default: alpine}]\n"
	"  tasks:\n"
	"  - name: z\n"
	"    runAfter: [a, b]\n"
	"    params: [{name: x, value: $(tasks.a.results.r) $(tasks.a.results.q)}]\n"
	"    taskRef: {name: other}\n"
	"  - name: a\n"
	"    taskSpec: {results: [{name: r}, {name: q}], steps: [{name: s, image: "
	"$(params.img), "
	"script: 'true'}, {image: i, script: 'true'}]}\n"
	"  - name: b\n"
	"    when: [{input: $(params.who), operator: notin, values: [you, me]}, {input: "
	"$(tasks.a.results.r), operator: in, values: [v]}]\n"
	"    retries: 1\n"
	"    timeout: 90s\n"
	"    matrix: {params: [{name: m, value: [u, v]}]}\n"
	"    taskSpec: {params: [{name: m}], results: [{name: r}], steps: [{name: s, image: i, "
	"script: 'true'}]}\n"
	"  finally:\n"
	"  - name: f\n"
	"    taskSpec: {steps: [{name: s, image: i, script: 'true'}]}\n"
	"---\n"
	"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: other}\nspec: {params: "
	"[{name: "
	"x}], stepTemplate: {image: base}, steps: [{name: long-name, script: 'true'}, {name: "
	"s, "
	"script: 'true'}]}\n"
	"---\n"
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec: "
	"{pipelineRef: "
	"{name: p}, params: [{name: who, value: me}]}\n";

static const char *plan_of(struct rig *r, enum plan_format format)
{
	struct buf b;
	struct str s;

	buf_init(&b, 64 * (size_t)MIB);
	plan_print(r->agent, (struct plan_style){.format = format}, &b);
	s = arena_str(r->arena, buf_str(&b));
	buf_release(&b);
	return str_c(s);
}

static struct rig *bound(const char *yaml)
{
	struct rig *r = rig_new(yaml);

	r->agent = agent_new(r->spec, &r->spec->runs[0], &r->opts, &r->diags);
	assert_int_equal(r->diags.n_errors, 0);
	return r;
}

static void text(void **state)
{
	struct rig *r = bound(pipeline);

	(void)state;
	assert_string_equal(plan_of(r, PLAN_TEXT),
		"PipelineRun 'r' of pipeline 'p': 3 tasks in 3 stages, 1 finally\n"
		"  param who = \"me\"\n"
		"\n1.\n"
		"  a\n"
		"    step s          alpine\n"
		"    step unnamed-1  i\n"
		"\n2.\n"
		"  b\n"
		"    after a (for its result r)\n"
		"    when 'me' notin ['you', 'me']: does not hold, so skipped\n"
		"    when '$(tasks.a.results.r)' in ['v']\n"
		"    once for each combination of m\n"
		"    up to 1 retry\n"
		"    timeout 1m30s\n"
		"    step s  i\n"
		"\n3.\n"
		"  z  (task other)\n"
		"    after a (for its results r, q), b\n"
		"    step long-name  base\n"
		"    step s          base\n"
		"\nfinally, whatever happened\n"
		"  f\n"
		"    step s  i\n");
	rig_free(r);
}

static void json(void **state)
{
	struct rig *r = bound(pipeline);
	struct str s = str_z(plan_of(r, PLAN_JSON));
	struct json *d;
	const struct json *z;
	struct err err = {0};

	(void)state;
	assert_int_equal(json_parse(r->arena, s, s.n, &d, &err), 0);
	assert_str(json_str(json_get(d, "pipeline")), "p");
	assert_int_equal(json_get(d, "tasks")->n_children, 4);
	z = json_at(json_get(d, "tasks"), 0);
	assert_str(json_get(z, "level")->text, "3");
	assert_int_equal(json_get(z, "after")->n_children, 2);
	assert_true(json_get(json_at(json_get(z, "after"), 0), "runAfter")->boolean);
	assert_int_equal(json_get(json_at(json_get(z, "after"), 0), "results")->n_children, 2);
	assert_str(json_str(json_get(json_at(json_get(z, "steps"), 0), "image")), "base");
	rig_free(r);
}

static void dot(void **state)
{
	struct rig *r = bound(pipeline);
	const char *s = plan_of(r, PLAN_DOT);

	(void)state;
	assert_non_null(strstr(s, "digraph \"r\" {\n"));
	assert_non_null(strstr(s, "\t\"a\" -> \"b\" [label=\"r\"];\n"));
	assert_non_null(strstr(s, "\t\"f\" [style=dashed];\n"));
	rig_free(r);
}

static void task_run(void **state)
{
	struct rig *r = bound(
		"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec: {steps: "
		"[{name: s, image: i, script: 'true'}]}\n---\n"
		"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\nspec: "
		"{taskRef: "
		"{name: t}}\n");

	(void)state;
	assert_string_equal(plan_of(r, PLAN_TEXT), "TaskRun 'tr'\n  step s  i\n");
	rig_free(r);
}

/* A chain written from its end, and a join that mentions every task: the worst of both. */
static void large(void **state)
{
	enum { N = 2000 };
	struct buf yaml;
	struct rig *r;
	char last[64];

	(void)state;
	buf_init(&yaml, 16 * (size_t)MIB);
	buf_addz(&yaml,
		"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"
		"  pipelineSpec:\n    tasks:\n    - name: join\n      params:\n");
	for (int i = 0; i < N; i++)
		buf_addf(&yaml, "      - {name: p%d, value: $(tasks.t%d.results.r)}\n", i, i);
	buf_addz(&yaml, "      taskSpec: {steps: [{name: s, image: i, script: 'true'}]}\n");
	for (int i = N - 1; i >= 0; i--) {
		buf_addf(&yaml, "    - name: t%d\n", i);
		if (i)
			buf_addf(&yaml, "      runAfter: [t%d]\n", i - 1);
		buf_addz(&yaml,
			"      taskSpec: {results: [{name: r}], steps: [{name: s, image: i, "
			"script: 'true'}]}\n");
	}
	r = bound(yaml.p);
	snprintf(last, sizeof(last), "%d tasks in %d stages\n", N + 1, N + 1);
	assert_non_null(strstr(plan_of(r, PLAN_TEXT), last));
	buf_release(&yaml);
	rig_free(r);
}

/* A run that will be refused has a plan, too: tasks that are not known, all three forms. */
static void refused(void **state)
{
	struct rig *r =
		rig_run("apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\n"
			"spec: {pipelineSpec: {tasks: [{name: a, taskRef: {name: ghost}}, "
			"{name: b, runAfter: [a], taskSpec: {steps: [{image: i}]}}]}}\n",
			NULL, 0);

	(void)state;
	assert_non_null(strstr(plan_of(r, PLAN_TEXT), "a  (task ghost)"));
	assert_non_null(strstr(plan_of(r, PLAN_JSON), "\"a\""));
	assert_non_null(strstr(plan_of(r, PLAN_DOT), "digraph"));
	rig_free(r);
}

/* A pipeline in the pipeline is shown inside its task, in every form. */
static void nested(void **state)
{
	static const char yaml[] =
		"apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: q}\nspec: {tasks: "
		"[{name: b, runAfter: [a], taskSpec: {steps: [{name: s, image: "
		"$(params.i)}]}}, "
		"{name: a, taskSpec: {steps: [{name: s, image: i}]}}], params: [{name: "
		"i}]}\n---\n"
		"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec: "
		"{pipelineSpec: {tasks: [{name: kid, params: [{name: i, value: j}], "
		"pipelineRef: "
		"{name: q}}, {name: own, pipelineSpec: {tasks: [{name: c, when: [{input: x, "
		"operator: in, values: [x]}], taskSpec: {steps: [{image: k}]}}]}}]}}\n";
	struct rig *r = bound(yaml);
	const char *json;

	(void)state;
	assert_string_equal(plan_of(r, PLAN_TEXT), "PipelineRun 'r': 2 tasks in 1 stage\n"
						   "\n1. side by side\n"
						   "  kid  (pipeline q)\n"
						   "      1.\n"
						   "        a\n"
						   "          step s  i\n"
						   "      2.\n"
						   "        b\n"
						   "          after a\n"
						   "          step s  j\n"
						   "  own  (pipeline)\n"
						   "      1.\n"
						   "        c\n"
						   "          when 'x' in ['x']: holds\n"
						   "          step unnamed-0  k\n");
	json = plan_of(r, PLAN_JSON);
	assert_non_null(strstr(json, "\"pipeline\": {\n        \"name\": \"q\",\n"));
	assert_string_equal(plan_of(r, PLAN_DOT),
		"digraph \"r\" {\n\trankdir=LR;\n\tnode [shape=box];\n"
		"\t\"kid\";\n\tsubgraph \"cluster_kid/\" {\n\tlabel=\"kid\";\n"
		"\t\"kid/b\";\n\t\"kid/a\";\n\t\"kid/a\" -> \"kid/b\";\n\t}\n"
		"\t\"own\";\n\tsubgraph \"cluster_own/\" {\n\tlabel=\"own\";\n"
		"\t\"own/c\";\n\t}\n}\n");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nested),
		cmocka_unit_test(text),
		cmocka_unit_test(json),
		cmocka_unit_test(dot),
		cmocka_unit_test(task_run),
		cmocka_unit_test(large),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
