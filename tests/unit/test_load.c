/* SPDX-License-Identifier: Apache-2.0 */
/* Whole inputs: kinds, names, order, duplicates, lists, several files, runs made by name. */
#include "spec_text.h"

#define TASK(name)                                                                             \
	"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: " name "}\n"                  \
	"spec: {steps: [{image: i}]}\n"
#define RUN(kind, name)                                                                        \
	"apiVersion: tekton.dev/v1\nkind: " kind "\nmetadata: {" name "}\n"                    \
	"spec: {taskRef: {name: t}}\n"

static void test_complaints(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"nothing", "", ""},
		{"a document of text", "hello\n",
			"1:1 error wrong-type : a document must be an object with apiVersion "
			"and "
			"kind, not string\n"},
		{"a list", "- a\n",
			"1:1 error wrong-type : a document must be an object with apiVersion "
			"and "
			"kind, not array\n"},
		{"a List of a map", "apiVersion: v1\nkind: List\nitems: {}\nitem: []\n",
			"3:8 error wrong-type items: 'items': cannot unmarshal object into a "
			"value of type list\n"
			"4:1 error unknown-field item: List: unknown field \"item\"\n"},
		{"neither kind nor version", "a: 1\n",
			"1:1 error missing-field kind: missing field(s): kind\n"
			"1:1 error missing-field apiVersion: missing field(s): apiVersion\n"},
		{"kind of another type", "apiVersion: v1\nkind: [a]\n",
			"2:7 error wrong-type kind: 'kind': cannot unmarshal array into a "
			"value of "
			"type string\n"},
		{"unknown kind", "apiVersion: tekton.dev/v1\nkind: Taks\n",
			"2:7 error unknown-kind : unknown kind 'Taks' of apiVersion "
			"'tekton.dev/v1', known are Task, Pipeline, TaskRun, PipelineRun, "
			"ConfigMap, Secret, PersistentVolumeClaim, ServiceAccount, LimitRange, "
			"StepAction\n"},
		{"unknown version", "apiVersion: tekton.dev/v2\nkind: Task\n",
			"1:13 error unknown-kind : unknown apiVersion 'tekton.dev/v2' of kind "
			"'Task'\n"},
		{"a kind of the wrong group", "apiVersion: v1\nkind: Task\n",
			"1:13 error unknown-kind : unknown apiVersion 'v1' of kind 'Task'\n"},
		{"no name", "apiVersion: v1\nkind: ConfigMap\nmetadata: {labels: {a: b}}\n",
			"3:11 error missing-field : expected exactly one, got neither: "
			"metadata.generateName, metadata.name\n"},
		{"a name of a wrong type",
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 1}\n",
			"3:18 error wrong-type metadata.name: 'name': cannot unmarshal number "
			"into "
			"a value of type string\n"},
		{"no metadata", "apiVersion: v1\nkind: ConfigMap\n",
			"1:1 error missing-field : expected exactly one, got neither: "
			"metadata.generateName, metadata.name\n"},
		{"twice", TASK("t") "---\n" TASK("u") "---\n" TASK("t"),
			"13:18 error duplicate-object metadata.name: Task 't' is defined "
			"twice, "
			"first in in.yaml:3:18\n"},
		{"same name, another kind",
			TASK("t") "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: t}\n",
			""},
		{"problems of several documents, in order",
			"apiVersion: v1\nkind: X\n---\napiVersion: v1\nkind: Secret\n"
			"metadata: {name: a}\ndata: 1\n---\na: [\n",
			"2:7 error unknown-kind : unknown kind 'X' of apiVersion 'v1', known "
			"are "
			"Task, Pipeline, TaskRun, PipelineRun, ConfigMap, Secret, "
			"PersistentVolumeClaim, ServiceAccount, LimitRange, StepAction\n"
			"7:7 error wrong-type data: 'data': cannot unmarshal number into a "
			"value "
			"of type map[string]string\n"
			"10:1 error yaml-syntax : did not find expected node content (while "
			"parsing a flow node that starts in line 10)\n"},
		{"a broken object is not checked any further",
			"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\n"
			"spec: {steps: 1}\n",
			"4:15 error wrong-type spec.steps: 'steps': cannot unmarshal number "
			"into a "
			"value of type list\n"},
		{"an unknown field hides what it caused",
			"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\n"
			"spec: {stpes: []}\n",
			"4:8 error unknown-field spec.stpes: task spec: unknown field "
			"\"stpes\"\n"},
		{"nor those that it did not cause",
			"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\n"
			"spec: {stpes: [], steps: [{imgae: a}, {name: b}]}\n",
			"4:8 error unknown-field spec.stpes: task spec: unknown field "
			"\"stpes\"\n"
			"4:28 error unknown-field spec.steps[0].imgae: step: unknown field "
			"\"imgae\"\n"
			"4:39 error missing-field spec.steps[1].Image: missing field(s): "
			"spec.steps[1].Image\n"},
		{"labels are text",
			"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {a: "
			"1}}\n",
			"3:33 error wrong-type metadata.labels.a: 'a': cannot unmarshal number "
			"into a value of type string\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

static struct str suffix(void *arg, struct arena *a, size_t i)
{
	return arena_printf(a, "%s%zu", (const char *)arg, i);
}

static char suffix_arg[] = "abcd";

static void test_generate_name(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec_options opts = {.suffix = suffix, .suffix_arg = suffix_arg};
	struct spec_input in = {.name = STR("x"),
		.text = STR(RUN("TaskRun", "generateName: one-") "---\n" RUN(
			"TaskRun", "generateName: one-") "---\n" RUN("TaskRun",
			"name: two, "
			"generateName: n-") "---\n" RUN("TaskRun",
			"generateName: aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd"
			"eeeeeeeeeeffffffffffgggggggggg"))};
	struct spec *s = spec_load(a, &in, 1, &opts);

	assert_int_equal(s->n_runs, 4);
	check_text(s->runs[0].task_run->meta.name, "one-abcd0", 3, 26);
	check_text(s->runs[0].task_run->meta.generate_name, "one-", 3, 26);
	assert_string_equal(str_c(s->runs[1].task_run->meta.name.s), "one-abcd1");
	assert_string_equal(str_c(s->runs[2].task_run->meta.name.s), "two");
	assert_string_equal(str_c(s->runs[3].task_run->meta.name.s),
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffabcd2");
}

static void test_order_of_runs(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a,
		RUN("TaskRun", "name: a") "---\n"
					  "apiVersion: tekton.dev/v1\nkind: "
					  "PipelineRun\nmetadata: {name: b}\n"
					  "spec: {pipelineRef: {name: p}}\n---\n" RUN(
						  "TaskRun", "name: c"));

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(s->n_runs, 3);
	assert_int_equal(s->runs[0].kind, OBJECT_TASK_RUN);
	assert_null(s->runs[0].pipeline_run);
	assert_int_equal(s->runs[1].kind, OBJECT_PIPELINE_RUN);
	assert_null(s->runs[1].task_run);
	assert_string_equal(str_c(s->runs[1].pipeline_run->meta.name.s), "b");
	assert_string_equal(str_c(s->runs[2].task_run->meta.name.s), "c");
}

static void test_lists(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s =
		load_text(a, "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n"
			     "{\"apiVersion\": \"tekton.dev/v1\", \"kind\": \"Task\",\n"
			     " \"metadata\": {\"name\": \"t\"},\n"
			     " \"spec\": {\"steps\": [{\"image\": \"i\"}]}},\n"
			     "{\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": [\n"
			     " {\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\",\n"
			     "  \"metadata\": {\"name\": \"c\"}}]}]}\n");

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(s->n_tasks, 1);
	assert_int_equal(s->n_data_objects, 1);
}

static void test_several_files(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec_input in[] = {{STR("a.yaml"), STR(TASK("t"))},
		{STR("b.json"), STR("{\"apiVersion\": \"v1\", \"kind\": \"X\"}")},
		{STR("c.yaml"), STR(TASK("u") "---\n" TASK("t"))}};
	struct spec *s = spec_load(a, in, 3, NULL);

	assert_int_equal(s->n_tasks, 2);
	assert_int_equal(s->diags->n, 2);
	assert_int_equal(s->diags->items[0].pos.source, 2);
	assert_int_equal(s->diags->items[1].pos.source, 3);
	assert_non_null(strstr(str_c(s->diags->items[1].msg), "first in a.yaml:3:18"));
}

static void test_limits(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec_input *many = arena_new_array(a, struct spec_input, BOUND_INPUT_FILES + 1);
	struct spec *s = spec_load(a, many, BOUND_INPUT_FILES + 1, NULL);
	struct buf text cleanup_buf;

	assert_string_equal(
		diag_lines(a, s->diags), "0:0 error limit : more than 10000 input files\n");
	buf_init(&text, 16 * MIB);
	for (int i = 0; i < BOUND_OBJECTS + 2; i++)
		buf_addf(&text,
			"--- {apiVersion: v1, kind: ConfigMap, metadata: {name: c%d}}\n", i);
	s = load_text(a, str_c(arena_str(a, buf_str(&text))));
	assert_int_equal(s->n_data_objects, BOUND_OBJECTS);
	assert_int_equal(s->diags->n_errors, 1);
	assert_string_equal(str_c(s->diags->items[0].msg), "more than 100000 objects");
}

static void test_kind_names(void **state attr_unused)
{
	static const char *const names[OBJECT_KIND_N] = {"Task", "Pipeline", "TaskRun",
		"PipelineRun", "ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount",
		"LimitRange", "StepAction"};

	for (int i = 0; i < OBJECT_KIND_N; i++)
		assert_string_equal(object_kind_name((enum object_kind)i), names[i]);
}

static void test_make_run(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a,
		TASK("t") "---\n" TASK(
			"both") "---\n"
				"apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: "
				"both}\n"
				"spec: {tasks: [{name: x, taskRef: {name: t}}]}\n");

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_null(spec_make_run(s, STR("nope"), STR("abcde")));
	const struct run_ref *r = spec_make_run(s, STR("t"), STR("abcde"));

	assert_non_null(r);
	assert_int_equal(r->kind, OBJECT_TASK_RUN);
	assert_string_equal(str_c(r->task_run->meta.name.s), "t-abcde");
	assert_string_equal(str_c(r->task_run->meta.generate_name.s), "t-");
	assert_string_equal(str_c(r->task_run->task_ref.s), "t");
	assert_true(r->task_run->task_ref_pos.line != 0);
	r = spec_make_run(s, STR("both"), STR("fghij"));
	assert_int_equal(r->kind, OBJECT_PIPELINE_RUN);
	assert_string_equal(str_c(r->pipeline_run->pipeline_ref.s), "both");
	assert_int_equal(s->n_runs, 2);
	assert_true(spec_ok(s));
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, KIB);
	json_writer_init(&w, &b, 0);
	spec_object_json(&r->pipeline_run->meta, "spec", &w);
	assert_string_equal(b.p, "{\"pipelineRef\":{\"name\":\"both\"}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_generate_name),
		cmocka_unit_test(test_order_of_runs),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_several_files),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_kind_names),
		cmocka_unit_test(test_make_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
