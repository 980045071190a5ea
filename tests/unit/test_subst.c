/* SPDX-License-Identifier: Apache-2.0 */
/* Substitution: engine, lists, values, copies of specs. */
#include "tests/unit/cpu_time.h"
#include "tests/unit/spec_build.h"
#include <base/bounds.h>
#include <base/num.h>
#include <monopod/subst.h>
#include <stdlib.h>
#include <string.h>

static void add(struct subst *s, const char *name, struct value v)
{
	subst_add_param(s, STR("params"), str_z(name), &v);
	subst_add_param(s, STR("inputs.params"), str_z(name), &v);
}

static void fill(struct subst *s, struct arena *a)
{
	struct value v;

	subst_init(s, a);
	add(s, "x", make_string("X"));
	add(s, "empty", make_string(""));
	add(s, "dot.ted", make_string("D"));
	add(s, "later", make_string("$(params.x)"));
	add(s, "a", make_array(a, "a0,a1,a2"));
	add(s, "none", make_array(a, NULL));
	add(s, "o", make_object(a, "k,v,k2,v2"));
	subst_add(s, STR("context.taskRun.name"), STR("tr"));
	subst_addf(s, STR("/ws"), "workspaces.%s.path", "w");
	v = make_string("R");
	subst_add_result(s, STR("tasks.t.results"), STR("r"), &v);
	v = make_array(a, "r0,r<1");
	subst_add_result(s, STR("tasks.t.results"), STR("ra"), &v);
	v = make_object(a, "url,U");
	subst_add_result(s, STR("tasks.t.results"), STR("ro"), &v);
	v = make_string("S");
	subst_add_result(s, STR("steps.s.results"), STR("r"), &v);
}

static void test_texts(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"$(params.x)", "X"},
		{"a$(params.x)b$(params.x)c", "aXbXc"},
		{"$(params[\"x\"])$(params['x'])$(inputs.params.x)", "XXX"},
		{"$(inputs.params['x'])", "$(inputs.params['x'])"},
		{"$(params['dot.ted'])", "D"},
		{"$( params.x)", "$( params.x)"},
		{"$(params.x )", "$(params.x )"},
		{"$$(params.x)", "$X"},
		{"$($(params.x))", "$(X)"},
		{"$(a$(params.x)b)", "$(aXb)"},
		{"$(params.X)", "$(params.X)"},
		{"$(params.later)", "$(params.x)"},
		{"[$(params.empty)]", "[]"},
		{"$(params.a)", "$(params.a)"},
		{"$(params.a[*])", "$(params.a[*])"},
		{"$(params.a[0])$(params['a'][2])$(params[\"a\"][1])", "a0a2a1"},
		{"$(params.a[3])", "$(params.a[3])"},
		{"$(params.a[01])", "$(params.a[01])"},
		{"$(params.a[-1])$(params.a[])$(params.a[18446744073709551617])",
			"$(params.a[-1])$(params.a[])$(params.a[18446744073709551617])"},
		{"$(params.x[0])", "$(params.x[0])"},
		{"$(params.o.k)$(params.o.k2)", "vv2"},
		{"$(params['o'].k)$(params.o.k3)", "$(params['o'].k)$(params.o.k3)"},
		{"$(params.o)", "$(params.o)"},
		{"$(context.taskRun.name) $(workspaces.w.path)", "tr /ws"},
		{"$(tasks.t.results.r)$(tasks.t.results['r'])$(tasks.t.results[\"r\"])", "RRR"},
		{"$(tasks.t.results.ra[1])$(tasks.t.results.ro.url)", "r<1U"},
		{"$(tasks.t.results.ra)", "$(tasks.t.results.ra)"},
		{"$(steps.s.results.r)$(steps.s.results['r'])", "S$(steps.s.results['r'])"},
		{"$(", "$("},
		{"$()", "$()"},
		{"$(params.x", "$(params.x"},
		{"$(params.x$(params.x)", "$(params.xX"},
		{")$(params.x))", ")X)"},
		{"$", "$"},
		{"$[params.x]${params.x}", "$[params.x]${params.x}"},
	};
	struct arena *a = arena_new();
	struct subst s;

	(void)state;
	fill(&s, a);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_str(subst_text(&s, a, str_z(cases[i].in)), cases[i].want);
	assert_false(subst_too_long(&s));
	arena_free(a);
}

static void test_unchanged_is_the_input(void **state)
{
	struct arena *a = arena_new();
	struct str in = STR("nothing $(unknown) here");
	struct subst s;

	(void)state;
	fill(&s, a);
	assert_ptr_equal(subst_text(&s, a, in).p, in.p);
	arena_free(a);
}

static void test_replacing_a_key(void **state)
{
	struct arena *a = arena_new();
	struct subst s;

	(void)state;
	fill(&s, a);
	add(&s, "a", make_array(a, "z"));
	assert_str(subst_text(&s, a, STR("$(params.a[0])$(params.a[1])")), "z$(params.a[1])");
	add(&s, "o", make_object(a, "k2,w"));
	assert_str(subst_text(&s, a, STR("$(params.o.k)$(params.o.k2)")), "$(params.o.k)w");
	add(&s, "o", make_string("s"));
	assert_str(subst_text(&s, a, STR("$(params.o.k2)$(params.o)")), "$(params.o.k2)s");
	add(&s, "x", make_array(a, "q"));
	assert_str(subst_text(&s, a, STR("$(params.x)$(params['x'][0])")), "$(params.x)q");
	arena_free(a);
}

static void test_lists(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"one,two", "[one|two]"},
		{"-,$(params.a[*]),-", "[-|a0|a1|a2|-]"},
		{"$(params.a)", "[a0|a1|a2]"},
		{"$(params['a'][*])", "[a0|a1|a2]"},
		{"$(params.none[*])", "[]"},
		{"$(params.none),x", "[x]"},
		{"x$(params.a[*])", "[x$(params.a[*])]"},
		{"$(params.a[1])", "[a1]"},
		{"$(params.o[*])", "[$(params.o[*])]"},
		{"$(params.x)$(params.x)", "[XX]"},
		{"$(tasks.t.results.ra[*])", "[r0|r<1]"},
	};
	struct arena *a = arena_new();
	struct subst s;

	(void)state;
	fill(&s, a);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct value in = make_array(a, cases[i].in), out = {.type = VALUE_ARRAY};

		subst_list(&s, a, in.array, in.n_array, &out.array, &out.n_array);
		assert_str(show_value(a, &out), cases[i].want);
	}
	arena_free(a);
}

static void test_values(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{"$(params.a[*])", "[a0|a1|a2]"},
		{"$(params.a)", "[a0|a1|a2]"},
		{"$(params.none[*])", "[]"},
		{"$(params['a'][*])", "\"$(params['a'][*])\""},
		{"$(params[\"a\"])", "\"$(params[\"a\"])\""},
		{"$(params.o[*])", "{k=v|k2=v2}"},
		{"$(params.o)", "{k=v|k2=v2}"},
		{"$(tasks.t.results.ra[*])", "[r0|r<1]"},
		{"$(tasks.t.results.ro[*])", "{url=U}"},
		{"$(tasks.t.results['ra'][*])", "\"$(tasks.t.results['ra'][*])\""},
		{" $(params.a[*])", "\" $(params.a[*])\""},
		{"$(params.a[2])", "\"a2\""},
		{"$(params['x'])", "\"X\""},
		{"$(params.x)-$(params.o.k)", "\"X-v\""},
	};
	struct arena *a = arena_new();
	struct value in, out;
	struct subst s;

	(void)state;
	fill(&s, a);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		in = make_string(cases[i].in);
		out = subst_value(&s, a, &in);
		assert_str(show_value(a, &out), cases[i].want);
	}
	in = make_array(a, "q,$(params['a'][*]),$(params.x)");
	out = subst_value(&s, a, &in);
	assert_str(show_value(a, &out), "[q|a0|a1|a2|X]");
	in = make_object(a, "k,$(params.x),l,$(params.a[*])");
	out = subst_value(&s, a, &in);
	assert_str(show_value(a, &out), "{k=X|l=$(params.a[*])}");
	arena_free(a);
}

static void test_when(void **state)
{
	struct arena *a = arena_new();
	struct value values = make_array(a, "p,$(params.a[*]),$(tasks.t.results.ra[*])");
	struct when in[] = {
		{.input = make_text("$(tasks.t.results.ra[*])"),
			.op = WHEN_IN,
			.values = values.array,
			.n_values = values.n_array},
		{.input = make_text("$(params.a[*])$(params.x)"), .op = WHEN_IN},
		{.input = make_text("$(tasks.t.results.ro)"), .op = WHEN_IN},
	};
	struct value got = {.type = VALUE_ARRAY};
	struct when *out;
	struct subst s;

	(void)state;
	fill(&s, a);
	subst_when(&s, a, in, ARRAY_SIZE(in), &out);
	assert_str(out[0].input.s, "[\"r0\",\"r\\u003c1\"]");
	got.array = out[0].values;
	got.n_array = out[0].n_values;
	assert_str(show_value(a, &got), "[p|a0|a1|a2|r0|r<1]");
	assert_str(out[1].input.s, "$(params.a[*])X");
	assert_str(out[2].input.s, "{\"url\":\"U\"}");
	arena_free(a);
}

/* Every field of 6.5 changes, everything else stays. */
static void test_task_spec(void **state)
{
	struct arena *a = arena_new();
	struct text t = make_text("$(params.x)");
	struct text list[] = {make_text("$(params.a[*])"), t};
	struct env_var env[] = {{.name = t, .value = t}};
	struct when when[] = {{.input = t, .values = list, .n_values = 1}};
	struct param params[] = {{.name = t, .value = make_string("$(params.a[*])")}};
	struct step step = {.name = t,
		.display_name = t,
		.image = t,
		.command = list,
		.n_command = 2,
		.args = list,
		.n_args = 1,
		.script = t,
		.working_dir = t,
		.env = env,
		.n_env = 1,
		.image_pull_policy = t,
		.on_error = t,
		.stdout_path = t,
		.stderr_path = t,
		.when = when,
		.n_when = 1,
		.params = params,
		.n_params = 1,
		.ref_name = t};
	struct workspace_spec ws = {.name = t, .mount_path = t};
	struct task_spec in = {.steps = &step,
		.n_steps = 1,
		.step_template = &step,
		.workspaces = &ws,
		.n_workspaces = 1,
		.description = t};
	struct task_spec *out;
	const struct step *both[2];
	struct subst s;

	(void)state;
	fill(&s, a);
	out = subst_task_spec(&s, a, &in);
	both[0] = &out->steps[0];
	both[1] = out->step_template;
	for (size_t i = 0; i < 2; i++) {
		const struct step *o = both[i];
		const struct text changed[] = {o->name, o->image, o->script, o->working_dir,
			o->image_pull_policy, o->on_error, o->stdout_path, o->stderr_path,
			o->env[0].value, o->when[0].input, o->command[3]};
		const struct text kept[] = {
			o->display_name, o->env[0].name, o->ref_name, o->params[0].name};

		for (size_t k = 0; k < ARRAY_SIZE(changed); k++)
			assert_str(changed[k].s, "X");
		for (size_t k = 0; k < ARRAY_SIZE(kept); k++)
			assert_str(kept[k].s, "$(params.x)");
		assert_int_equal(o->n_command, 4);
		assert_int_equal(o->n_args, 3);
		assert_str(o->args[2].s, "a2");
		assert_int_equal(o->when[0].n_values, 3);
		assert_int_equal(o->params[0].value.type, VALUE_ARRAY);
	}
	assert_str(out->workspaces[0].mount_path.s, "X");
	assert_str(out->workspaces[0].name.s, "$(params.x)");
	assert_str(out->description.s, "$(params.x)");
	assert_str(in.steps[0].image.s, "$(params.x)");
	arena_free(a);
}

static void test_pipeline_task(void **state)
{
	struct arena *a = arena_new();
	struct text t = make_text("$(params.x)");
	struct param p = {.name = t, .value = make_string("$(params.a[*])")};
	struct matrix_include include = {.name = t, .params = &p, .n_params = 1};
	struct workspace_use use = {.name = t, .workspace = t, .sub_path = t};
	struct when when = {.input = t};
	struct step step = {.image = t};
	struct task_spec spec = {.steps = &step, .n_steps = 1};
	struct pipeline_task in = {.name = t,
		.display_name = t,
		.description = t,
		.task_ref = t,
		.task_spec = &spec,
		.when = &when,
		.n_when = 1,
		.run_after = &t,
		.n_run_after = 1,
		.params = &p,
		.n_params = 1,
		.matrix = {.params = &p, .n_params = 1, .include = &include, .n_include = 1},
		.workspaces = &use,
		.n_workspaces = 1,
		.on_error = t};
	struct pipeline_task out;
	struct subst s;

	(void)state;
	fill(&s, a);
	subst_pipeline_task(&s, a, &in, &out);
	assert_str(out.name.s, "$(params.x)");
	assert_str(out.description.s, "$(params.x)");
	assert_str(out.run_after[0].s, "$(params.x)");
	assert_str(out.matrix.include[0].name.s, "$(params.x)");
	assert_str(out.workspaces[0].workspace.s, "$(params.x)");
	assert_str(out.display_name.s, "X");
	assert_str(out.task_ref.s, "X");
	assert_str(out.on_error.s, "X");
	assert_str(out.when[0].input.s, "X");
	assert_str(out.workspaces[0].sub_path.s, "X");
	assert_str(out.task_spec->steps[0].image.s, "X");
	assert_int_equal(out.params[0].value.n_array, 3);
	assert_int_equal(out.matrix.params[0].value.n_array, 3);
	assert_int_equal(out.matrix.include[0].params[0].value.n_array, 3);
	arena_free(a);
}

static void test_bindings(void **state)
{
	struct arena *a = arena_new();
	struct text t = make_text("$(params.x)");
	struct key_to_path item = {.key = t, .path = t};
	struct workspace_binding in = {.name = t,
		.sub_path = t,
		.source = {.claim_name = t, .object_name = t, .items = &item, .n_items = 1}};
	struct workspace_binding *out;
	struct subst s;

	(void)state;
	fill(&s, a);
	out = subst_bindings(&s, a, &in, 1);
	assert_str(out->name.s, "$(params.x)");
	assert_str(out->sub_path.s, "X");
	assert_str(out->source.claim_name.s, "X");
	assert_str(out->source.object_name.s, "X");
	assert_str(out->source.items[0].key.s, "X");
	assert_str(out->source.items[0].path.s, "X");
	arena_free(a);
}

/* A megabyte of opened, closed, known and unknown references stays linear. */
static void test_linear(void **state)
{
	static const char *const units[] = {"$(", "$(params.x", "$(y)", ")", "$(params.x)",
		"$(params.a[0", "$(params.a[9])"};
	enum { N = MIB };
	struct arena *a = arena_new();
	char *text = malloc(N);
	int64_t start = cpu_time_ns();
	struct subst s;

	(void)state;
	assert_non_null(text);
	fill(&s, a);
	for (size_t u = 0; u < ARRAY_SIZE(units); u++) {
		size_t len = strlen(units[u]);

		for (size_t i = 0; i < N; i++)
			text[i] = units[u][i % len];
		subst_text(&s, a, (struct str){text, N});
	}
	free(text);
	arena_free(a);
	/* quadratic work would take minutes */
	assert_true(cpu_time_ns() - start < 20 * NS_PER_S);
}

static void test_bounds(void **state)
{
	enum { N = 8 * MIB };
	struct arena *a = arena_new();
	char *text = malloc(N);
	struct str in = STR("$(big)$(big)$(big)");
	struct subst s;

	(void)state;
	assert_non_null(text);
	memset(text, 'y', N);
	subst_init(&s, a);
	subst_add(&s, STR("big"), (struct str){text, N});
	assert_int_equal(subst_text(&s, a, STR("$(big)")).n, N);
	assert_false(subst_too_long(&s));
	assert_ptr_equal(subst_text(&s, a, in).p, in.p);
	assert_true(subst_too_long(&s));
	subst_init(&s, a);
	subst_add(&s, STR("big"), (struct str){text, N});
	for (size_t i = 0; i < BOUND_SUBST_SET_BYTES / N; i++)
		subst_text(&s, a, STR("$(big)"));
	assert_false(subst_too_long(&s));
	subst_text(&s, a, STR("$(big)"));
	assert_true(subst_too_long(&s));
	free(text);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_unchanged_is_the_input),
		cmocka_unit_test(test_replacing_a_key),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_when),
		cmocka_unit_test(test_task_spec),
		cmocka_unit_test(test_pipeline_task),
		cmocka_unit_test(test_bindings),
		cmocka_unit_test(test_linear),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
