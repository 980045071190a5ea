/* SPDX-License-Identifier: Apache-2.0 */
/* Results: typing and checking of a task's, pipeline results, status variables (7, 13). */
#include "agent_rig.h"
#include <base/json.h>

#define TR "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: t}\nspec:\n"
#define PR                                                                                     \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: p}\nspec:\n  "         \
	"pipelineSpec:\n"
#define MISMATCH                                                                               \
	"[User error] Provided results don't match declared results; may be invalid JSON or "  \
	"missing result declaration:  "

struct typing {
	const char *name;
	const char *text; /* of the result r; NULL: not written */
	const char *declared;
	const char *want_json;    /* NULL: dropped */
	const char *want_message; /* NULL: Succeeded */
};

static const struct typing typings[] = {
	{"verbatim", "  a\n", "{name: r}", "\"  a\\n\"", NULL},
	{"a string may look like anything", "[\"a\"]", "{name: r}", "\"[\\\"a\\\"]\"", NULL},
	{"empty", "", "{name: r}", "\"\"", NULL},
	{"not written", NULL, "{name: r}", NULL, NULL},
	{"array", "[\"1\",\"\"]", "{name: r, type: array}", "[\"1\",\"\"]", NULL},
	{"blank before an array", " [\"1\"]", "{name: r, type: array}", NULL,
		MISMATCH
		"\"r\": task result is expected to be \"array\" type but was initialized to a "
		"different type \"string\""},
	{"broken array", "[\"1\"", "{name: r, type: array}", NULL,
		MISMATCH
		"\"r\": task result is expected to be \"array\" type but was initialized to a "
		"different type \"string\""},
	{"numbers in an array", "[1]", "{name: r, type: array}", NULL,
		MISMATCH
		"\"r\": task result is expected to be \"array\" type but was initialized to a "
		"different type \"string\""},
	{"object", "{\"k\":\"v\",\"more\":\"m\"}",
		"{name: r, type: object, properties: {k: {type: string}}}",
		"{\"k\":\"v\",\"more\":\"m\"}", NULL},
	{"object without a key", "{\"a\":\"v\"}",
		"{name: r, type: object, properties: {k: {type: string}, a: {type: string}}}",
		"{\"a\":\"v\"}",
		"[User error] missing keys for these results which are required in "
		"TaskResult's "
		"properties map[r:[k k]]"},
	{"declared twice", "a", "{name: r}, {name: r}", "\"a\"", NULL},
	{"the last type counts: array", "[\"a\"]", "{name: r}, {name: r, type: array}",
		"[\"a\"]", NULL},
	{"the last type counts: string", "[\"a\"]", "{name: r, type: array}, {name: r}",
		"\"[\\\"a\\\"]\"", NULL},
	{"not of the last type", "a", "{name: r}, {name: r, type: array}", NULL,
		MISMATCH
		"\"r\": task result is expected to be \"array\" type but was initialized to a "
		"different type \"string\""},
	{"object without a key of another declaration", "{\"k\":\"v\"}",
		"{name: r, type: object, properties: {a: {type: string}}}, {name: r, type: "
		"object, properties: {k: {type: string}}}",
		"{\"k\":\"v\"}",
		"[User error] missing keys for these results which are required in "
		"TaskResult's properties map[r:[a a]]"},
	{"a FIFO", "!is a FIFO", "{name: r}", NULL,
		"[User error] task result \"r\" cannot be read: is a FIFO"},
};

static void test_typing(void **state)
{
	char yaml[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(typings); i++) {
		const struct typing *c = &typings[i];
		struct fate fate = {.task = "t", .attempt = -1, .step = -1};
		struct json_writer w;
		struct buf b;
		struct rig *r;

		if (c->text) {
			fate.results[0] = "r";
			fate.results[1] = c->text;
		}
		snprintf(yaml, sizeof(yaml),
			TR "  taskSpec: {results: [%s], steps: [{image: x}]}\n", c->declared);
		r = rig_run(yaml, &fate, 1);
		if ((r->view->n_results > 0) != (c->want_json != NULL))
			print_error("case '%s'\n", c->name);
		assert_int_equal(r->view->n_results, c->want_json != NULL);
		buf_init(&b, 1000);
		json_writer_init(&w, &b, 0);
		if (c->want_json) {
			value_json(&r->view->results[0].value, &w);
			assert_string_equal(b.p, c->want_json);
		}
		buf_release(&b);
		assert_condition(r->view->condition,
			c->want_message ? CONDITION_FALSE : CONDITION_TRUE,
			c->want_message ? "TaskRunValidationFailed" : "Succeeded");
		if (c->want_message)
			assert_str(r->view->condition.message, c->want_message);
		rig_free(r);
	}
}

/* Every step is read; later values replace earlier ones; a failed task keeps its results. */
static void test_steps(void **state)
{
	static const struct fate fates[] = {
		{"t", -1, 0, STEP_END_EXITED, 0, 0, {"a", "first", "b", "kept"}, false},
		{"t", -1, 1, STEP_END_EXITED, 9, 0, {"a", "second"}, false},
	};
	struct rig *r =
		rig_run(TR "  taskSpec: {results: [{name: a}, {name: b}, {name: c}], steps: "
			   "[{image: x}, {image: x}, {image: x}]}\n",
			fates, 2);

	(void)state;
	assert_condition(r->view->condition, CONDITION_FALSE, "StepFailed");
	assert_int_equal(r->view->n_results, 2);
	assert_str(r->view->results[0].value.string.s, "second");
	assert_str(r->view->results[1].value.string.s, "kept");
	rig_free(r);
}

/*
 * A name that is declared twice is one file, and once in the status; of several step results
 * the last that is there. rig_free makes the run again from its journal.
 */
static void test_declared_twice(void **state)
{
	static const struct fate fates[] = {
		{"t", -1, 0, STEP_END_EXITED, 0, 0, {"a", "text", "@q", "own"}, false},
		{"t", -1, 1, STEP_END_EXITED, 0, 0, {"@q", "later"}, false},
	};
	static const struct {
		const char *name, *value;
	} want[] = {{"a", "text"}, {"c", "later"}, {"d", "own"}};
	struct rig *r = rig_run(TR
		"  taskSpec:\n"
		"    results: [{name: a}, {name: b}, {name: a}, {name: c, value: "
		"$(steps.s.results.q)}, {name: c, value: $(steps.u.results.q)}, {name: d, "
		"value: $(steps.s.results.q)}, {name: d, value: $(steps.u.results.p)}]\n"
		"    steps:\n"
		"    - {name: s, image: x, results: [{name: q, type: array}, {name: q}]}\n"
		"    - {name: u, image: x, results: [{name: q}, {name: p}]}\n",
		fates, 2);
	const struct attempt_view *at = &r->view->task_runs[0]->attempts[0];

	(void)state;
	assert_condition(r->view->condition, CONDITION_TRUE, "Succeeded");
	assert_int_equal(r->view->n_results, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_str(r->view->results[i].name, want[i].name);
		assert_str(r->view->results[i].value.string.s, want[i].value);
	}
	assert_int_equal(at->steps[0].n_results, 1);
	assert_str(at->steps[0].results[0].value.string.s, "own");
	rig_free(r);
}

#define A                                                                                      \
	"{name: a, taskSpec: {results: [{name: s}, {name: l, type: array}, {name: o, type: "   \
	"object, properties: {k: {}}}, {name: unset}], steps: [{image: x}]}}"

static const struct fate all_results[] = {
	{"p-a", -1, -1, STEP_END_EXITED, 0, 0,
		{"s", "v", "l", "[\"x\",\"y\"]", "o", "{\"k\":\"kv\"}"}, false},
};
static const struct fate failed_with_s[] = {
	{"p-a", -1, -1, STEP_END_EXITED, 1, 0, {"s", "v"}, false},
};

struct pipeline_case {
	const char *name, *results;
	bool fails;
	const char *want; /* JSON of all results in order */
	const char *want_reason, *want_message;
};

static const struct pipeline_case pipeline_cases[] = {
	{"all forms",
		"[{name: a, value: $(tasks.a.results.s) and more}, {name: b, value: "
		"'$(tasks.a.results.l[*])'}, {name: c, value: '$(tasks.a.results.l[1])'}, "
		"{name: d, "
		"value: $(tasks.a.results.o.k)}, {name: e, value: ['$(tasks.a.results.s)', "
		"'$(tasks.a.results.o.k)']}, {name: f, value: '$(tasks.a.results.o[*])'}]",
		false, "\"v and more\"[\"x\",\"y\"]\"y\"\"kv\"[\"v\",\"kv\"]{\"k\":\"kv\"}",
		"Succeeded", NULL},
	{"not there although it succeeded",
		"[{name: good, value: $(tasks.a.results.s)}, {name: oob, value: "
		"'$(tasks.a.results.l[3])'}, {name: unset, value: $(tasks.a.results.unset)}]",
		false, "\"v\"", "CouldntGetPipelineResult",
		"Failed to get PipelineResult from TaskRun Results for PipelineRun p: invalid "
		"pipelineresults [oob unset], the referenced results don't exist"},
	{"declared twice: both, as Tekton has them",
		"[{name: a, value: $(tasks.a.results.s)}, {name: a, value: "
		"$(tasks.a.results.o.k)}]",
		false, "\"v\"\"kv\"", "Succeeded", NULL},
	{"failed tasks: what there is",
		"[{name: good, value: $(tasks.a.results.s)}, {name: gone, value: "
		"$(tasks.a.results.unset)}]",
		true, "\"v\"", "Failed", NULL},
};

static void test_pipeline_results(void **state)
{
	char yaml[2048];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pipeline_cases); i++) {
		const struct pipeline_case *c = &pipeline_cases[i];
		struct json_writer w;
		struct buf b;
		struct rig *r;

		snprintf(yaml, sizeof(yaml), PR "    tasks: [" A "]\n    results: %s\n",
			c->results);
		r = rig_run(yaml, c->fails ? failed_with_s : all_results, 1);
		buf_init(&b, 1000);
		for (size_t k = 0; k < r->view->n_results; k++) {
			json_writer_init(&w, &b, 0);
			value_json(&r->view->results[k].value, &w);
		}
		if (!str_eqz(buf_str(&b), c->want))
			print_error("case '%s'\n", c->name);
		assert_string_equal(str_c(buf_str(&b)), c->want);
		assert_str(r->view->condition.reason, c->want_reason);
		if (c->want_message)
			assert_str(r->view->condition.message, c->want_message);
		buf_release(&b);
		rig_free(r);
	}
}

/* --- artifacts */

#define ONE(name, uri)                                                                         \
	"{\"outputs\":[{\"name\":\"" name "\",\"values\":[{\"uri\":\"" uri "\"}]}]}"

static const char *shown_artifacts(struct rig *r, const struct artifacts *set)
{
	struct buf b cleanup_buf = {0};
	struct json_writer w;

	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	artifacts_put(set, &w);
	json_close(&w, '}');
	return str_c(arena_str(r->arena, buf_str(&b)));
}

/* In the order of the steps, of each the task's file first, whatever becomes of the task. */
static void test_artifacts_joined(void **state)
{
	static const struct {
		const char *name;
		struct fate fates[3];
		const char *reason;
		const char *joined;
	} cases[] = {
		{"none", {{.task = "t", .step = -1}}, "Succeeded", "{}"},
		{"the task's file is read after each step",
			{{"t", -1, 0, STEP_END_EXITED, 0, 0,
				 {"<task", ONE("a", "1"), "<step", ONE("a", "0")}, false},
				{"t", -1, 1, STEP_END_EXITED, 0, 0, {"<task", ONE("b", "2")},
					false},
				{"t", -1, 2, STEP_END_EXITED, 0, 0, {"<task", ONE("b", "2")},
					false}},
			"Succeeded",
			"{\"outputs\":[{\"name\":\"a\",\"values\":[{\"uri\":\"1\"},{\"uri\":"
			"\"0\"}]},"
			"{\"name\":\"b\",\"values\":[{\"uri\":\"2\"}]}]}"},
		{"a step that fails",
			{{"t", -1, 0, STEP_END_EXITED, 3, 0, {"<step", ONE("a", "1")}, false}},
			"StepFailed",
			"{\"outputs\":[{\"name\":\"a\",\"values\":[{\"uri\":\"1\"}]}]}"},
		{"what is none is not taken",
			{{"t", -1, 0, STEP_END_EXITED, 0, 0, {"<step", "{", "<task", "[]"},
				false}},
			"Succeeded", "{}"},
		{"what cannot be read",
			{{"t", -1, 0, STEP_END_EXITED, 0, 0, {"<step", "!is a FIFO"}, false}},
			"TaskRunValidationFailed", "{}"},
		{"the same of the task",
			{{"t", -1, 1, STEP_END_EXITED, 0, 0,
				{"<task", "!is larger than 256 KiB"}, false}},
			"TaskRunValidationFailed", "{}"},
		{"the failure of a step comes first",
			{{"t", -1, 1, STEP_END_EXITED, 1, 0, {"<task", "!is a FIFO"}, false}},
			"StepFailed", "{}"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = rig_run(TR
			"  taskSpec: {steps: [{image: x, name: a}, {image: x, name: b}, "
			"{image: x, name: c}]}\n",
			cases[i].fates, ARRAY_SIZE(cases[i].fates));
		const struct attempt_view *at = &rig_task(r, "t")->attempts[0];

		if (!str_eqz(at->condition.reason, cases[i].reason) ||
			strcmp(shown_artifacts(r, &at->artifacts), cases[i].joined) != 0)
			fail_msg("%s: %s %s", cases[i].name, str_c(at->condition.reason),
				shown_artifacts(r, &at->artifacts));
		rig_free(r);
	}
}

/* Each attempt has its own, and a task that was stopped none. */
static void test_artifacts_of_attempts(void **state)
{
	static const struct fate fates[] = {
		{"t", 0, 0, STEP_END_EXITED, 1, 0, {"<step", ONE("a", "1")}, false},
		{"t", 1, 0, STEP_END_EXITED, 0, 0, {"<task", ONE("b", "2")}, false},
	};
	struct rig *r = rig_run(TR "  retries: 1\n  taskSpec: {steps: [{image: x}]}\n", fates,
		ARRAY_SIZE(fates));
	const struct task_run_view *t = rig_task(r, "t");

	(void)state;
	assert_int_equal(t->n_attempts, 2);
	assert_string_equal(shown_artifacts(r, &t->attempts[0].artifacts), ONE("a", "1"));
	assert_string_equal(shown_artifacts(r, &t->attempts[1].artifacts), ONE("b", "2"));
	rig_free(r);
}

/* In an inline task and in params, once the producer has succeeded; nothing is ordered. */
static void test_artifacts_between_tasks(void **state)
{
	static const char text[] =
		PR "    tasks:\n"
		   "    - {name: a, taskSpec: {steps: [{image: x}]}}\n"
		   "    - {name: m, matrix: {params: [{name: k, value: [v, w]}]}, taskSpec: "
		   "{params: "
		   "[{name: k}], steps: [{image: x}]}}\n"
		   "    - {name: bad, onError: continue, taskSpec: {steps: [{image: x}]}}\n"
		   "    - name: c\n      runAfter: [%s]\n"
		   "      params: [{name: q, value: '$(tasks.a.outputs.i)'}]\n"
		   "      taskSpec:\n"
		   "        params: [{name: q}]\n"
		   "        steps: [{image: x, args: ['$(tasks.a.outputs.i)', "
		   "'$(tasks.a.outputs)', "
		   "'$(tasks.a.outputs.no)', '$(tasks.m.outputs.i)', '$(tasks.bad.outputs.i)', "
		   "'$(tasks.ghost.outputs.i)', '$(params.q)']}]\n";
	static const struct {
		const char *after;
		const char *want[7];
	} cases[] = {
		{"a, m, bad",
			{"[{\"uri\":\"1\"}]", "[{\"uri\":\"1\"}]", "$(tasks.a.outputs.no)",
				"[{\"uri\":\"x\"},{\"uri\":\"y\"}]", "$(tasks.bad.outputs.i)",
				"$(tasks.ghost.outputs.i)", "[{\"uri\":\"1\"}]"}},
		{"", {"$(tasks.a.outputs.i)", "$(tasks.a.outputs)", "$(tasks.a.outputs.no)",
			     "$(tasks.m.outputs.i)", "$(tasks.bad.outputs.i)",
			     "$(tasks.ghost.outputs.i)", "$(tasks.a.outputs.i)"}},
	};
	static const struct fate fates[] = {
		{"p-a", -1, 0, STEP_END_EXITED, 0, 0, {"<task", ONE("i", "1")}, false},
		{"p-m-0", -1, 0, STEP_END_EXITED, 0, 0, {"<step", ONE("i", "x")}, false},
		{"p-m-1", -1, 0, STEP_END_EXITED, 0, 0, {"<step", ONE("i", "y")}, false},
		{"p-bad", -1, 0, STEP_END_EXITED, 1, 0, {"<step", ONE("i", "3")}, false},
		{"p-c", -1, 0, STEP_END_EXITED, 0, 0, {0}, true},
	};
	char yaml[2048];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct step_launch *l;
		struct rig *r;

		snprintf(yaml, sizeof(yaml), text, cases[i].after);
		r = rig_run(yaml, fates, ARRAY_SIZE(fates));
		l = &rig_launch(r, "p-c")->steps[0];
		assert_int_equal(l->n_args, ARRAY_SIZE(cases[i].want));
		for (size_t k = 0; k < l->n_args; k++)
			assert_str(l->args[k], cases[i].want[k]);
		assert_int_equal(rig_pt(r, "c")->n_parents, cases[i].after[0] ? 3 : 0);
		rig_free(r);
	}
}

static void test_artifacts_in_report(void **state)
{
	static const struct fate fates[] = {
		{"t", -1, 0, STEP_END_EXITED, 0, 0,
			{"<step",
				"{\"inputs\":[{\"name\":\"s\"}],\"outputs\":[{\"buildOutput\":"
				"true}]}",
				"<task", ONE("b", "2")},
			false},
	};
	struct rig *r = rig_run(TR "  taskSpec: {steps: [{image: x}]}\n", fates, 1);
	struct str text = rig_report(r->arena, r->agent);
	const struct json *status, *step;
	struct json *list;
	struct err err;

	(void)state;
	assert_int_equal(json_parse(r->arena, text, MIB, &list, &err), 0);
	status = json_get(json_at(list, 0), "status");
	step = json_at(json_get(status, "steps"), 0);
	assert_true(json_get(json_at(json_get(step, "outputs"), 0), "buildOutput")->boolean);
	assert_str(json_str(json_get(json_at(json_get(step, "inputs"), 0), "name")), "s");
	assert_int_equal(json_get(json_get(status, "artifacts"), "outputs")->n_children, 2);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_typing),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_declared_twice),
		cmocka_unit_test(test_pipeline_results),
		cmocka_unit_test(test_artifacts_joined),
		cmocka_unit_test(test_artifacts_of_attempts),
		cmocka_unit_test(test_artifacts_between_tasks),
		cmocka_unit_test(test_artifacts_in_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
