/* SPDX-License-Identifier: Apache-2.0 */
/* Params and results: the union of values, declared types, warnings about YAML 1.1. */
#include "spec_text.h"

/* One line a param value: type and JSON. */
static const char *value_shown(struct arena *a, const struct value *v)
{
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, MIB);
	buf_addf(&b, "%s ", value_type_name(v->type));
	json_writer_init(&w, &b, 0);
	value_json(v, &w);
	return str_c(arena_str(a, buf_str(&b)));
}

static void test_values(void **state attr_unused)
{
	static const struct {
		const char *yaml;
		const char *want;
		const char *code; /* of a warning */
	} cases[] = {
		{"x", "string \"x\"", NULL},
		{"''", "string \"\"", NULL},
		{"~", "string \"\"", NULL},
		{"", "string \"\"", NULL},
		{"42", "string \"42\"", NULL},
		{"true", "string \"true\"", NULL},
		{"1.5", "string \"1.5\"", NULL},
		{"yes", "string \"true\"", "yaml-bool"},
		{"off", "string \"false\"", "yaml-bool"},
		{"True", "string \"true\"", "yaml-bool"},
		{"010", "string \"8\"", "yaml-number"},
		{"1.10", "string \"1.1\"", "yaml-number"},
		{"1e3", "string \"1000\"", "yaml-number"},
		{"1_000", "string \"1000\"", "yaml-number"},
		{"'010'", "string \"010\"", NULL},
		{"[]", "array []", NULL},
		{"[a, 'b']", "array [\"a\",\"b\"]", NULL},
		{"[a, ~]", "array [\"a\",\"\"]", NULL},
		{"[x, y]", "string \"[\\\"x\\\",true]\"", "yaml-not-strings"},
		{"[1, 2]", "string \"[1,2]\"", "yaml-not-strings"},
		{"[a, [b]]", "string \"[\\\"a\\\",[\\\"b\\\"]]\"", "yaml-not-strings"},
		{"{}", "object {}", NULL},
		{"{b: x, a: 'y'}", "object {\"b\":\"x\",\"a\":\"y\"}", NULL},
		{"{b: 1, a: '<'}", "string \"{\\\"a\\\":\\\"\\\\u003c\\\",\\\"b\\\":1}\"",
			"yaml-not-strings"},
		{"{a: {b: c}}", "string \"{\\\"a\\\":{\\\"b\\\":\\\"c\\\"}}\"",
			"yaml-not-strings"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_text(a, str_c(arena_printf(a,
						      RUN_HEAD "  pipelineRef: {name: p}\n"
							       "  params:\n"
							       "  - name: v\n"
							       "    value: %s\n",
						      cases[i].yaml)));

		assert_true(spec_ok(s));
		assert_int_equal(s->n_runs, 1);
		const struct param *p = s->runs[0].pipeline_run->params;

		assert_string_equal(value_shown(a, &p->value), cases[i].want);
		assert_int_equal(p->value.pos.line, 8);
		assert_int_equal(s->diags->n, cases[i].code ? 1 : 0);
		if (cases[i].code) {
			assert_string_equal(s->diags->items[0].code, cases[i].code);
			assert_string_equal(
				str_c(s->diags->items[0].path), "spec.params[0].value");
			assert_int_equal(s->diags->items[0].pos.col, 12);
		}
	}
}

/* Keys are changed, too: a point's y is nobody's. */
static void test_keys_that_yaml_changes(void **state attr_unused)
{
	static const char *const texts[] = {
		RUN_HEAD "  pipelineRef: {name: p}\n  params:\n  - name: v\n"
			 "    value: {x: a, y: b}\n",
		"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\nspec:\n"
		"  params: [{name: v, properties: {x: {}, y: {}}}]\n  steps: [{image: i}]\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {x: a, y: b}\n",
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, labels: {y: b}}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_text(a, texts[i]);

		assert_true(spec_ok(s));
		assert_int_equal(s->diags->n, 1);
		assert_string_equal(s->diags->items[0].code, "yaml-bool");
		assert_string_equal(str_c(s->diags->items[0].msg),
			"YAML reads 'y' as a bool: the key is 'true'");
	}
}

static void test_positions_of_elements(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, RUN_HEAD "  pipelineRef: {name: p}\n"
					       "  params:\n"
					       "  - name: v\n"
					       "    value: [one, two]\n"
					       "  - name: o\n"
					       "    value:\n"
					       "      k: val\n");
	const struct param *p = s->runs[0].pipeline_run->params;

	check_text(p[0].name, "v", 7, 11);
	check_text(p[0].value.array[1], "two", 8, 18);
	check_text(p[1].value.object[0].key, "k", 11, 7);
	check_text(p[1].value.object[0].value, "val", 11, 10);
}

static void test_declared_types(void **state attr_unused)
{
	static const struct {
		const char *yaml;
		enum value_type want;
	} cases[] = {
		{"{name: p}", VALUE_STRING},
		{"{name: p, type: string}", VALUE_STRING},
		{"{name: p, type: array}", VALUE_ARRAY},
		{"{name: p, type: object, properties: {a: {}}}", VALUE_OBJECT},
		{"{name: p, properties: {a: {}}}", VALUE_OBJECT},
		{"{name: p, default: x}", VALUE_STRING},
		{"{name: p, default: [x]}", VALUE_ARRAY},
		{"{name: p, default: {a: x}, properties: {a: {}}}", VALUE_OBJECT},
		{"{name: p, type: '', default: [x]}", VALUE_ARRAY},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_text(
			a, str_c(arena_printf(
				   a, TASK_HEAD OK_STEPS "  params: [%s]\n", cases[i].yaml)));

		assert_string_equal(diag_lines(a, s->diags), "");
		assert_int_equal(s->tasks[0].spec.params[0].type, cases[i].want);
	}
}

static void test_param_spec(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s =
		load_text(a, TASK_HEAD OK_STEPS "  params:\n"
						"  - name: o\n"
						"    type: object\n"
						"    description: text\n"
						"    properties:\n"
						"      url: {type: string}\n"
						"      rev: {}\n"
						"      tag:\n"
						"    default: {url: u, rev: r, tag: ''}\n"
						"  - name: e\n"
						"    enum: [a, b]\n"
						"    default: ~\n"
						"  results:\n"
						"  - {name: s}\n"
						"  - {name: l, type: array}\n"
						"  - {name: m, properties: {k: {}}}\n");
	const struct param_spec *p = s->tasks[0].spec.params;
	const struct result_spec *r = s->tasks[0].spec.results;

	assert_string_equal(diag_lines(a, s->diags), "");
	check_text(p[0].description, "text", 9, 18);
	assert_int_equal(p[0].properties_pos.line, 11);
	assert_int_equal(p[0].n_properties, 3);
	check_text(p[0].properties[0].name, "url", 11, 7);
	check_text(p[0].properties[1].type, "string", 12, 12);
	assert_string_equal(str_c(p[0].properties[2].type.s), "string");
	assert_int_equal(p[0].default_value.n_object, 3);
	assert_int_equal(p[1].n_enums, 2);
	assert_string_equal(str_c(p[1].enums[1].s), "b");
	assert_int_equal(p[1].default_value.pos.line, 0);
	assert_int_equal(r[0].type, VALUE_STRING);
	assert_int_equal(r[1].type, VALUE_ARRAY);
	assert_int_equal(r[2].type, VALUE_OBJECT);
}

static void test_complaints(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"properties of a pipeline result",
			PIPELINE_HEAD
			"  tasks: [{name: a, taskRef: {name: t}}]\n"
			"  results: [{name: r, value: $(tasks.a.results.x), properties: {}}]\n",
			"6:52 error unknown-field spec.results[0].properties: pipeline result: "
			"unknown field \"properties\"\n"},
		{"type of a property",
			TASK_HEAD OK_STEPS
			"  params: [{name: p, properties: {a: {type: 1}}}]\n",
			"6:45 error wrong-type spec.params[0].properties.a.type: 'type': "
			"cannot "
			"unmarshal number into a value of type string\n"},
		{"properties as a list",
			TASK_HEAD OK_STEPS "  params: [{name: p, properties: [a]}]\n",
			"6:34 error wrong-type spec.params[0].properties: 'properties': cannot "
			"unmarshal array into a value of type map of properties\n"},
		{"enum as text", TASK_HEAD OK_STEPS "  params: [{name: p, enum: a}]\n",
			"6:28 error wrong-type spec.params[0].enum: 'enum': cannot unmarshal "
			"string into a value of type []string\n"},
		{"values instead of value",
			RUN_HEAD "  pipelineRef: {name: p}\n  params: [{name: p, values: a}]\n",
			"6:22 error unknown-field spec.params[0].values: param: unknown field "
			"\"values\"\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

/* Twenty aliases of one megabyte, and a number that makes the list a text. */
static void test_value_too_long(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct buf text cleanup_buf;

	buf_init(&text, 4 * MIB);
	buf_addz(&text, RUN_HEAD "  pipelineRef: {name: p}\n  params:\n  - name: &x ");
	for (int i = 0; i < MIB / 8; i++)
		buf_addz(&text, "abcdefgh");
	buf_addz(&text, "\n    value: [");
	for (int i = 0; i < 20; i++)
		buf_addz(&text, "*x ,");
	buf_addz(&text, "1]\n");
	struct spec *s = load_text(a, str_c(arena_str(a, buf_str(&text))));

	assert_int_equal(s->n_runs, 0);
	assert_string_equal(str_c(s->diags->items[0].msg), "value of more than 16 MiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_keys_that_yaml_changes),
		cmocka_unit_test(test_positions_of_elements),
		cmocka_unit_test(test_declared_types),
		cmocka_unit_test(test_param_spec),
		cmocka_unit_test(test_value_too_long),
		cmocka_unit_test(test_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
