/* SPDX-License-Identifier: Apache-2.0 */
/* What a run names of its namespace; previews of a fan-out that has workspaces. */
#include "agent_rig.h"

static struct rig *bound(const char *yaml)
{
	struct rig *r = rig_new(yaml);

	r->is_touched = true; /* it is never started */
	r->agent = agent_new(r->spec, &r->spec->runs[0], &r->opts, &r->diags);
	if (r->diags.n_errors)
		fail_msg("%s: %s", yaml, str_c(r->diags.items[0].msg));
	return r;
}

static struct str needs_line(struct rig *r)
{
	static const char *const words[NEED_KIND_N] = {
		"claim", "template", "map", "secret", "account", "path"};
	struct str line = STR("");
	struct need *needs;
	size_t n;

	agent_needs(r->agent, r->arena, &needs, &n);
	for (size_t i = 0; i < n; i++)
		if (needs[i].kind != NEED_ACCOUNT || !str_eqz(needs[i].name, "default"))
			line = arena_printf(r->arena, "%s%s%s %s", str_c(line),
				line.n ? ", " : "", words[needs[i].kind], str_c(needs[i].name));
	return line;
}

#define TASK_RUN "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: r}\nspec:\n"
#define STEPS    "steps: [{name: s, image: i, script: x}]"

static void test_needs(void **state)
{
	static const struct {
		const char *yaml, *want;
	} cases[] = {
		{TASK_RUN "  taskSpec: {" STEPS "}\n", ""},
		{TASK_RUN "  workspaces: [{name: w, persistentVolumeClaim: {claimName: c}}]\n"
			  "  taskSpec: {workspaces: [{name: w}], " STEPS "}\n",
			"claim c"},
		{TASK_RUN "  workspaces: [{name: w, volumeClaimTemplate: {spec: {accessModes: "
			  "[ReadWriteOnce], resources: {requests: {storage: 1Gi}}}}}]\n"
			  "  taskSpec: {workspaces: [{name: w}], " STEPS "}\n",
			"template w"},
		{TASK_RUN "  workspaces: [{name: w, projected: {sources: [{secret: {name: s}}, "
			  "{configMap: {name: m}}]}}]\n"
			  "  taskSpec: {workspaces: [{name: w}], " STEPS "}\n",
			"secret s, map m"},
		{TASK_RUN "  params: [{name: p, value: q}]\n"
			  "  taskSpec: {params: [{name: p}], volumes: [{name: v, secret: "
			  "{secretName: $(params.p)}}, {name: u, configMap: {name: m}}], " STEPS
			  "}\n",
			"secret q, map m"},
		{TASK_RUN
			"  taskSpec: {stepTemplate: {envFrom: [{secretRef: {name: a}}]}, "
			"steps: "
			"[{name: s, image: i, script: x, env: [{name: E, valueFrom: "
			"{configMapKeyRef: {name: b, key: k}}}], envFrom: [{secretRef: {name: "
			"c}}]}], sidecars: [{name: c, image: i, env: [{name: E, valueFrom: "
			"{secretKeyRef: {name: d, key: k}}}]}]}\n",
			"map b, secret c, secret a, secret d"},
		{TASK_RUN "  podTemplate: {env: [{name: E, valueFrom: {secretKeyRef: {name: e, "
			  "key: k}}}], volumes: [{name: v, persistentVolumeClaim: {claimName: "
			  "f}}]}\n  taskSpec: {" STEPS "}\n",
			"claim f, secret e"},
		{TASK_RUN "  serviceAccountName: sa\n  taskSpec: {" STEPS
			  "}\n---\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: "
			  "sa}\nsecrets: [{name: g}]\n",
			"account sa, secret g"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = bound(cases[i].yaml);
		struct str got = needs_line(r);

		if (!str_eqz(got, cases[i].want))
			fail_msg("case %zu: '%s', want '%s'", i, str_c(got), cases[i].want);
		rig_free(r);
	}
}

/* Each combination has the task's workspaces, and not those of the ones before it as well. */
static void test_fan_out(void **state)
{
	struct rig *r = bound(
		"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"
		"  workspaces: [{name: w, persistentVolumeClaim: {claimName: c}}]\n"
		"  pipelineSpec:\n    workspaces: [{name: w}]\n    tasks:\n    - name: a\n"
		"      matrix: {params: [{name: i, value: [one, two, three, four, five, "
		"six]}]}\n"
		"      workspaces: [{name: w}]\n"
		"      taskSpec: {params: [{name: i}], workspaces: [{name: w}], steps: [{name: "
		"s, "
		"image: $(params.i), script: x}], volumes: [{name: v, secret: {secretName: "
		"s-$(params.i)}}]}\n");
	struct image_use *uses;
	size_t n;

	(void)state;
	agent_images(r->agent, r->arena, &uses, &n);
	assert_int_equal(n, 6);
	assert_string_equal(str_c(uses[5].image), "six");
	assert_string_equal(str_c(needs_line(r)),
		"claim c, secret s-one, secret s-two, secret s-three, secret s-four, secret "
		"s-five, secret s-six");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_fan_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
