/* SPDX-License-Identifier: Apache-2.0 */
/* StepActions: params, what a step keeps of its own, failures (section 18). */
#include "agent_rig.h"

#define ACTION(name, spec)                                                                     \
	"apiVersion: tekton.dev/v1beta1\nkind: StepAction\nmetadata: {name: " name             \
	"}\nspec:\n" spec "---\n"
#define TR(spec) "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\nspec:\n" spec

#define ACT                                                                                    \
	ACTION("act",                                                                          \
		"  params: [{name: s, default: d}, {name: need}, {name: l, type: array, "      \
		"default: [a, b]},\n"                                                          \
		"    {name: o, type: object, properties: {k: {}, m: {}}, default: {k: dk, "    \
		"m: dm}},\n"                                                                   \
		"    {name: of, default: 'of $(params.need)'}]\n"                              \
		"  image: 'img-$(params.s)'\n"                                                 \
		"  workingDir: /act\n"                                                         \
		"  results: [{name: r}]\n"                                                     \
		"  command: [c]\n"                                                             \
		"  args: ['$(params.l[*])', '$(params.l[1])', '$(params.o.k)', "               \
		"'$(params.o.m)', '$(params.of)']\n"                                           \
		"  env: [{name: NN, value: '$(params.need)'}, {name: P, value: "               \
		"'$(step.results.r.path)'}]\n")

static struct rig *held(const char *yaml)
{
	struct rig *r = rig_new(yaml);

	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	return r;
}

static struct str args_of(struct rig *r, const struct step_launch *l)
{
	struct str all = STR_NONE;

	for (size_t i = 0; i < l->n_args; i++)
		all = arena_printf(
			r->arena, STR_FMT "<" STR_FMT ">", STR_ARG(all), STR_ARG(l->args[i]));
	return all;
}

struct call {
	const char *params; /* of the step */
	const char *image, *args, *need;
};
static const struct call calls[] = {
	{"{name: need, value: nn}", "img-d", "<a><b><b><dk><dm><of nn>", "nn"},
	{"{name: need, value: nn}, {name: s, value: '$(params.t)'}", "img-task",
		"<a><b><b><dk><dm><of nn>", "nn"},
	/* object keys are merged over the default's, arrays are replaced */
	{"{name: need, value: nn}, {name: o, value: {m: given}}, {name: l, value: [p, q, u]}",
		"img-d", "<p><q><u><q><dk><given><of nn>", "nn"},
	{"{name: need, value: nn}, {name: l, value: '$(params.tl[*])'}", "img-d",
		"<1><2><2><dk><dm><of nn>", "nn"},
	{"{name: need, value: '$(context.taskRun.name)'}", "img-d", "<a><b><b><dk><dm><of tr>",
		"tr"},
	/* no array and no object: as if it were not given */
	{"{name: need, value: nn}, {name: o, value: '$(params.t[*])'}, {name: l, value: text}",
		"img-d", "<a><b><b><dk><dm><of nn>", "nn"},
	{"{name: need, value: ''}, {name: of, value: mine}", "img-d", "<a><b><b><dk><dm><mine>",
		""},
};

static void test_params(void **state)
{
	char yaml[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		const struct step_launch *l;
		struct rig *r;

		snprintf(yaml, sizeof(yaml),
			ACT TR("  params: [{name: t, value: task}, {name: tl, value: ['1', "
			       "'2']}]\n"
			       "  taskSpec:\n"
			       "    params: [{name: t}, {name: tl, type: array}]\n"
			       "    steps: [{name: one, ref: {name: act}, params: [%s]}]\n"),
			calls[i].params);
		r = held(yaml);
		l = &rig_launch(r, "tr")->steps[0];
		assert_str(l->image, calls[i].image);
		assert_str(args_of(r, l), calls[i].args);
		assert_str(l->env[0].value, calls[i].need);
		assert_str(l->env[1].value, "/tekton/steps/step-one/results/r");
		assert_str(l->working_dir, "/act");
		assert_int_equal(l->n_results, 1);
		rig_free(r);
	}
}

/* What a step says itself stays, and the template comes after. */
static void test_merge(void **state)
{
	struct rig *r = held(ACT TR(
		"  taskSpec:\n"
		"    stepTemplate: {env: [{name: T, value: t}, {name: NN, value: template}], "
		"workingDir: /template, args: [x]}\n"
		"    steps: [{name: one, onError: continue, timeout: 3s, ref: {name: act}, "
		"params: [{name: need, value: nn}]}]\n"));
	const struct step_launch *l = &rig_launch(r, "tr")->steps[0];
	const struct step *s = &rig_task(r, "tr")->attempts[0].spec->steps[0];

	(void)state;
	assert_true(l->on_error_continue);
	assert_int_equal(s->timeout.ns, 3 * NS_PER_S);
	assert_false(text_given(s->ref_name));
	assert_int_equal(s->n_params, 0);
	assert_int_equal(l->n_env, 3);
	assert_str(l->env[1].name, "NN");
	assert_str(l->env[1].value, "nn");
	assert_str(l->working_dir, "/act");
	rig_free(r);
}

/* A reference to an earlier step's result goes on as what it is (section 18). */
static void test_step_results_through_params(void **state)
{
	struct rig *r = held(ACT TR(
		"  taskSpec:\n"
		"    steps:\n"
		"    - {name: a, image: x, script: s, results: [{name: r}, {name: l, type: "
		"array}, {name: o, type: object, properties: {k: {}}}]}\n"
		"    - name: one\n"
		"      ref: {name: act}\n"
		"      params: [{name: need, value: $(steps.a.results.r)}, {name: l, value: "
		"'$(steps.a.results.l[*])'}, {name: o, value: '$(steps.a.results.o[*])'}]\n"));
	const struct step_launch *l = &rig_launch(r, "tr")->steps[1];

	(void)state;
	assert_str(l->env[0].value, "$(steps.a.results.r)");
	assert_str(args_of(r, l),
		"<$(steps.a.results.l[*])><$(steps.a.results.l[1])><$(steps.a.results.o.k)>"
		"<$(steps.a.results.o.m)><of $(steps.a.results.r)>");
	rig_free(r);
}

struct failure {
	const char *step;
	const char *message;
};
static const struct failure failures[] = {
	{"ref: {name: act}", "non-existent params in Step: [need]"},
	{"ref: {name: act}, params: [{name: need, value: nn}, {name: nope, value: v}]",
		"extra params passed by Step to StepAction: [nope]"},
	{"ref: {name: ghost}", "stepactions.tekton.dev \"ghost\" not found"},
};

static void test_failures(void **state)
{
	char yaml[4096], want[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		struct rig *r;

		snprintf(yaml, sizeof(yaml),
			ACT TR("  retries: 2\n  taskSpec: {steps: [{name: zero, image: x, "
			       "script: s}, {name: one, %s}]}\n"),
			failures[i].step);
		snprintf(want, sizeof(want),
			"failed to resolve step ref for step \"one\" (index 1): %s",
			failures[i].message);
		r = rig_run(yaml, NULL, 0);
		assert_condition(
			r->view->condition, CONDITION_FALSE, "TaskRunResolutionFailed");
		assert_str(r->view->condition.message, want);
		assert_int_equal(rig_count(r, ACTION_START_TASK), 0);
		/* told before the start as well, at the reference */
		assert_int_equal(r->diags.n_errors, 1);
		assert_int_equal(r->diags.items[0].stage, DIAG_RUN);
		rig_free(r);
	}
}

/* Params of the task stay outside: only what the step hands on goes in. */
static void test_no_propagation(void **state)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec_input in = {.name = STR("test.yaml"),
		.text = STR(ACTION("act", "  image: x\n  args: ['$(params.t)']\n")
				TR("  params: [{name: t, value: task}]\n  taskSpec: {params: "
				   "[{name: t}], steps: [{name: one, ref: {name: act}}]}\n"))};
	struct spec *s = spec_load(a, &in, 1, NULL);

	(void)state;
	assert_int_equal(s->diags->n_errors, 1);
	assert_true(str_has(
		s->diags->items[0].msg, STR("non-existent variable in \"$(params.t)\"")));
}

static void test_images(void **state)
{
	struct rig *r = held(ACT TR("  params: [{name: t, value: task}]\n  taskSpec: "
				    "{params: [{name: t}], steps: [{name: one, ref: {name: "
				    "act}, params: [{name: need, value: nn}, {name: s, value: "
				    "$(params.t)}]}]}\n"));
	struct image_use *uses;
	size_t n;

	(void)state;
	agent_images(r->agent, r->arena, &uses, &n);
	assert_int_equal(n, 1);
	assert_str(uses[0].image, "img-task");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_step_results_through_params),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_no_propagation),
		cmocka_unit_test(test_images),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
