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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_typing),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_pipeline_results),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
