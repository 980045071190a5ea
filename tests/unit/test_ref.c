/* SPDX-License-Identifier: Apache-2.0 */
/* References: every spelling, places in the source, the texts of tasks. */
#include "tests/unit/spec_build.h"
#include <base/source.h>
#include <monopod/subst.h>
#include <stdio.h>
#include <string.h>

struct seen {
	struct ref refs[8];
	size_t n;
};

static void keep(void *arg, const struct ref *ref)
{
	struct seen *seen = arg;

	assert_true(seen->n < ARRAY_SIZE(seen->refs));
	seen->refs[seen->n++] = *ref;
}

static void test_spellings(void **state)
{
	static const struct {
		const char *in;
		enum ref_kind kind;
		const char *object, *name, *key;
		int64_t index;
		bool star, brackets;
	} cases[] = {
		{"params.n", REF_PARAM, "n", "", "", -1, false, false},
		{"params.n[3]", REF_PARAM, "n", "", "", 3, false, false},
		{"params.n[*]", REF_PARAM, "n", "", "", -1, true, false},
		{"params.n.k", REF_PARAM, "n", "", "k", -1, false, false},
		{"params.n.k.l", REF_PARAM, "n", "", "k.l", -1, false, false},
		{"params[\"a.b\"]", REF_PARAM, "a.b", "", "", -1, false, true},
		{"params['a.b'][2]", REF_PARAM, "a.b", "", "", 2, false, true},
		{"params['a'][*]", REF_PARAM, "a", "", "", -1, true, true},
		{"inputs.params.n", REF_PARAM, "n", "", "", -1, false, false},
		{"params['a\"]", REF_OTHER, "", "", "", -1, false, true},
		{"params", REF_OTHER, "", "", "", -1, false, false},
		{"params.", REF_OTHER, "", "", "", -1, false, false},
		{"paramsx.n", REF_OTHER, "", "", "", -1, false, false},
		{"tasks.t.results.r", REF_TASK_RESULT, "t", "r", "", -1, false, false},
		{"tasks.t.results.r[0]", REF_TASK_RESULT, "t", "r", "", 0, false, false},
		{"tasks.t.results.r[*]", REF_TASK_RESULT, "t", "r", "", -1, true, false},
		{"tasks.t.results.r.k", REF_TASK_RESULT, "t", "r", "k", -1, false, false},
		{"tasks.t.results['r']", REF_OTHER, "t", "r", "", -1, false, true},
		{"tasks.t.results", REF_OTHER, "t", "results", "", -1, false, false},
		{"finally.f.results.r", REF_FINALLY_RESULT, "f", "r", "", -1, false, false},
		{"tasks.t.status", REF_TASK_STATUS, "t", "status", "", -1, false, false},
		{"tasks.t.reason", REF_TASK_STATUS, "t", "reason", "", -1, false, false},
		{"tasks.status", REF_TASKS_STATUS, "", "", "", -1, false, false},
		{"tasks.t.matrix.length", REF_MATRIX_LENGTH, "t", "", "", -1, false, false},
		{"tasks.t.matrix.r.length", REF_MATRIX_LENGTH, "t", "r", "", -1, false, false},
		{"tasks.t.outputs.a", REF_TASK_ARTIFACT, "t", "outputs.a", "", -1, false,
			false},
		{"context.pipelineRun.name", REF_CONTEXT, "", "pipelineRun.name", "", -1, false,
			false},
		{"workspaces.w.path", REF_WORKSPACE, "w", "path", "", -1, false, false},
		{"workspaces.w", REF_WORKSPACE, "w", "", "", -1, false, false},
		{"steps.s.results.r[1]", REF_STEP_RESULT, "s", "r", "", 1, false, false},
		{"steps.step-s.exitCode.path", REF_OTHER, "step-s", "exitCode.path", "", -1,
			false, false},
		{"steps.s.outputs.a", REF_STEP_ARTIFACT, "s", "outputs.a", "", -1, false,
			false},
		{"steps.s.inputs.a b", REF_STEP_ARTIFACT, "s", "inputs.a b", "", -1, false,
			false},
		{"steps.s.outputs", REF_OTHER, "s", "outputs", "", -1, false, false},
		{"steps.s.outputs.", REF_OTHER, "s", "outputs.", "", -1, false, false},
		{"steps.s.outputs.a.b", REF_OTHER, "s", "outputs.a.b", "", -1, false, false},
		{"steps.s.output.a", REF_OTHER, "s", "output.a", "", -1, false, false},
		{"tasks.t.outputs", REF_TASK_ARTIFACT, "t", "outputs", "", -1, false, false},
		{"tasks.t.inputs.a.b", REF_TASK_ARTIFACT, "t", "inputs.a.b", "", -1, false,
			false},
		{"tasks.t.inputs.", REF_OTHER, "t", "inputs.", "", -1, false, false},
		{"finally.f.outputs.a", REF_OTHER, "f", "outputs.a", "", -1, false, false},
		{"artifacts.path", REF_ARTIFACT_PATH, "", "", "", -1, false, false},
		{"step.artifacts.path", REF_ARTIFACT_PATH, "", "", "", -1, false, false},
		{"step.artifacts", REF_OTHER, "", "", "", -1, false, false},
		{"results.r.path", REF_RESULT_PATH, "", "r", "", -1, false, false},
		{"results[\"r.s\"].path", REF_RESULT_PATH, "", "r.s", "", -1, false, true},
		{"results['r'].path", REF_RESULT_PATH, "", "r", "", -1, false, true},
		{"results.r", REF_OTHER, "", "", "", -1, false, false},
		{"date +%s", REF_OTHER, "", "", "", -1, false, false},
		{"", REF_OTHER, "", "", "", -1, false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[128];
		struct seen seen = {0};
		const struct ref *ref = &seen.refs[0];

		snprintf(text, sizeof(text), "ab$(%s)c", cases[i].in);
		ref_each(str_z(text), keep, &seen);
		if (seen.n != 1 || ref->kind != cases[i].kind)
			print_error("%s: kind %d\n", cases[i].in, (int)ref->kind);
		assert_int_equal(seen.n, 1);
		assert_int_equal(ref->kind, cases[i].kind);
		assert_str(ref->whole, cases[i].in);
		assert_str(ref->object, cases[i].object);
		assert_str(ref->name, cases[i].name);
		assert_str(ref->key, cases[i].key);
		assert_int_equal(ref->index, cases[i].index);
		assert_int_equal(ref->star, cases[i].star);
		assert_int_equal(ref->brackets, cases[i].brackets);
		assert_int_equal(ref->offset, 2);
		assert_int_equal(ref->length, strlen(cases[i].in) + 3);
	}
}

static void test_several(void **state)
{
	struct seen seen = {0};

	(void)state;
	ref_each(STR("$(a)$( $(params.x))$(tasks.t.results.r"), keep, &seen);
	assert_int_equal(seen.n, 2);
	assert_str(seen.refs[0].whole, "a");
	assert_str(seen.refs[1].whole, "params.x");
	assert_int_equal(seen.refs[1].offset, 7);
}

static void test_places(void **state)
{
	static const char yaml[] = "plain: go $(params.x) on\n"
				   "quoted: \"\\t$(params.x)\\n\"\n"
				   "block: |\n"
				   "  éé $(params.y)\n"
				   "  é$(params.x) $(params.x)\n"
				   "escaped: \"\\x24(params.q)\"\n";
	static const struct {
		struct pos at;
		const char *text;
		size_t which;
		struct pos want, end;
	} cases[] = {
		{{1, 1, 8}, "go $(params.x) on", 0, {1, 1, 11}, {1, 1, 22}},
		{{1, 2, 9}, "\t$(params.x)\n", 0, {1, 2, 12}, {1, 2, 23}},
		{{1, 3, 8}, "éé $(params.y)\né$(params.x) $(params.x)\n", 0, {1, 4, 6},
			{1, 4, 17}},
		{{1, 3, 8}, "éé $(params.y)\né$(params.x) $(params.x)\n", 2, {1, 5, 16},
			{1, 5, 27}},
		{{1, 6, 10}, "$(params.q)", 0, {1, 6, 10}, {1, 6, 10}},
		{{1, 99, 1}, "$(params.q)", 0, {1, 99, 1}, {1, 99, 1}},
		{{9, 1, 1}, "$(params.q)", 0, {9, 1, 1}, {9, 1, 1}},
	};
	struct arena *a = arena_new();
	struct sources sources;

	(void)state;
	sources_init(&sources, a);
	sources_add(&sources, STR("f"), str_z(yaml));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text t = {.s = str_z(cases[i].text), .pos = cases[i].at};
		struct seen seen = {0};
		struct pos got, end;

		ref_each(t.s, keep, &seen);
		got = ref_pos(&sources, t, &seen.refs[cases[i].which], &end);
		assert_int_equal(got.line, cases[i].want.line);
		assert_int_equal(got.col, cases[i].want.col);
		assert_int_equal(got.source, cases[i].want.source);
		assert_int_equal(end.line, cases[i].end.line);
		assert_int_equal(end.col, cases[i].end.col);
	}
	arena_free(a);
}

/* Collects the paths of texts, one a line. */
static void collect(void *arg, struct text t, const char *path)
{
	struct buf *out = arg;

	buf_addf(out, "%s=" STR_FMT "\n", path, STR_ARG(t.s));
}

static const char steps_want[] = "steps[0].name=n\n"
				 "steps[0].image=i\n"
				 "steps[0].imagePullPolicy=p\n"
				 "steps[0].command[0]=l\n"
				 "steps[0].args[0]=l\n"
				 "steps[0].script=s\n"
				 "steps[0].workingDir=w\n"
				 "steps[0].env[E]=v\n";

static void test_texts(void **state)
{
	struct arena *a = arena_new();
	struct text list = make_text("l");
	struct env_var env = {.name = make_text("E"), .value = make_text("v")};
	struct when when = {.input = make_text("in"),
		.values = &list,
		.n_values = 1,
		.cel = make_text("c")};
	struct param param = {.name = make_text("p"), .value = make_array(a, "x,y")};
	struct param object = {.name = make_text("o"), .value = make_object(a, "k,z")};
	struct param params[] = {param, object};
	struct step step = {.name = make_text("n"),
		.image = make_text("i"),
		.image_pull_policy = make_text("p"),
		.command = &list,
		.n_command = 1,
		.args = &list,
		.n_args = 1,
		.script = make_text("s"),
		.working_dir = make_text("w"),
		.env = &env,
		.n_env = 1,
		.on_error = make_text("e"),
		.when = &when,
		.n_when = 1,
		.stdout_path = make_text("so"),
		.stderr_path = make_text("se"),
		.display_name = make_text("never")};
	struct step tmpl = {.image = make_text("ti"), .args = &list, .n_args = 1};
	struct workspace_spec ws = {.name = make_text("never"), .mount_path = make_text("m")};
	struct task_spec ts = {.steps = &step,
		.n_steps = 1,
		.step_template = &tmpl,
		.workspaces = &ws,
		.n_workspaces = 1};
	struct param string = {.name = make_text("s"), .value = make_string("z")};
	struct matrix_include include = {.params = &string, .n_params = 1};
	struct pipeline_task pt = {.display_name = make_text("never"),
		.task_ref = make_text("never"),
		.when = &when,
		.n_when = 1,
		.params = params,
		.n_params = 2,
		.matrix = {.params = &param,
			.n_params = 1,
			.include = &include,
			.n_include = 1},
		.task_spec = &ts};
	struct str want;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	task_spec_texts(&ts, collect, &out);
	want = arena_printf(a, "%s%s", steps_want,
		"steps[0].onError=e\nsteps[0].stdoutConfig.path=so\n"
		"steps[0].stderrConfig.path=se\nsteps[0].when[0].input=in\n"
		"steps[0].when[0].values=l\nsteps[0].when[0].cel=c\nstepTemplate.image=ti\n"
		"stepTemplate.args[0]=l\nworkspaces[0].mountPath=m\n");
	assert_string_equal(buf_str(&out).p, want.p);
	buf_clear(&out);
	pt.task_spec = NULL;
	pipeline_task_edge_texts(&pt, collect, &out);
	assert_string_equal(buf_str(&out).p,
		"when[0].input=in\nwhen[0].values=l\nwhen[0].cel=c\n"
		"params[p].value[0]=x\nparams[p].value[1]=y\nparams[o].value[k]=z\n"
		"matrix.params[p].value[0]=x\nmatrix.params[p].value[1]=y\n"
		"matrix.include[0].params[s].value=z\n");
	/* an inline spec adds its step fields and neither template nor onError and the like */
	buf_clear(&out);
	pt = (struct pipeline_task){.task_spec = &ts};
	pipeline_task_edge_texts(&pt, collect, &out);
	assert_true(str_starts(buf_str(&out), STR("taskSpec.steps[0].name=n\n")));
	assert_true(str_ends(buf_str(&out), STR("taskSpec.steps[0].env[E]=v\n")));
	assert_false(str_has(buf_str(&out), STR("emplate")));
	buf_release(&out);
	arena_free(a);
}

static void test_sole(void **state)
{
	static const struct {
		const char *text;
		enum ref_kind kind;
		bool is_sole;
	} cases[] = {
		{"$(params.x)", REF_PARAM, true},
		{"$(params.x)", REF_TASK_RESULT, false},
		{"$(tasks.t.results.r[*])", REF_TASK_RESULT, true},
		{" $(params.x)", REF_PARAM, false},
		{"$(params.x) ", REF_PARAM, false},
		{"$(params.x)$(params.x)", REF_PARAM, false},
		{"$(params.x", REF_PARAM, false},
		{"params.x", REF_PARAM, false},
		{"", REF_PARAM, false},
	};
	struct ref ref;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(
			ref_sole(str_z(cases[i].text), cases[i].kind, &ref), cases[i].is_sole);
	assert_true(ref_sole(STR("$(params.abc)"), REF_PARAM, &ref));
	assert_true(str_eqz(ref.object, "abc"));
	assert_int_equal(ref.offset, 0);
	assert_int_equal(ref.length, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sole),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
