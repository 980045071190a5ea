/* SPDX-License-Identifier: Apache-2.0 */
/* Workspace bindings of runs: every source, and how none and several are told. */
#include "spec_text.h"

#define BINDINGS RUN_HEAD "  pipelineRef: {name: p}\n  workspaces:\n"

static void test_every_source(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, BINDINGS
		"  - {name: a, emptyDir: {medium: Memory, sizeLimit: 64Mi}, subPath: x}\n"
		"  - {name: b, persistentVolumeClaim: {claimName: c, readOnly: true}}\n"
		"  - name: c\n"
		"    volumeClaimTemplate:\n"
		"      apiVersion: v1\n"
		"      metadata: {name: tpl, labels: {a: b}, creationTimestamp: ~}\n"
		"      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: "
		"1Gi}}}\n"
		"      status: {}\n"
		"  - name: d\n"
		"    configMap:\n"
		"      name: cm\n"
		"      optional: true\n"
		"      defaultMode: 0640\n"
		"      items: [{key: k, path: p/q, mode: 0400}]\n"
		"  - {name: e, secret: {secretName: s, items: [{key: k, path: l}]}}\n"
		"  - {name: f, emptyDir: {}}\n"
		"  - {name: g, emptyDir: {sizeLimit: 1000}}\n"
		"  - {name: h, volumeClaimTemplate: {spec: {}}}\n");
	const struct workspace_binding *w = s->runs[0].pipeline_run->workspaces;

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(s->runs[0].pipeline_run->n_workspaces, 8);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(w[i].source.n_kinds, 1);
		assert_true(w[i].source.pos.line != 0);
	}
	assert_int_equal(w[0].source.kind, VOLUME_EMPTY_DIR);
	check_text(w[0].source.medium, "Memory", 7, 34);
	check_text(w[0].source.size_limit, "64Mi", 7, 53);
	check_text(w[0].sub_path, "x", 7, 69);
	assert_int_equal(w[1].source.kind, VOLUME_CLAIM);
	check_text(w[1].source.claim_name, "c", 8, 50);
	assert_true(w[1].source.read_only.v);
	assert_int_equal(w[2].source.kind, VOLUME_CLAIM_TEMPLATE);
	check_text(w[2].source.template_name, "tpl", 12, 24);
	assert_int_equal(w[3].source.kind, VOLUME_CONFIG_MAP);
	check_text(w[3].source.object_name, "cm", 17, 13);
	assert_true(w[3].source.optional.v);
	assert_int_equal(w[3].source.default_mode.v, 0640);
	check_text(w[3].source.items[0].path, "p/q", 20, 30);
	assert_int_equal(w[3].source.items[0].mode.v, 0400);
	assert_int_equal(w[4].source.kind, VOLUME_SECRET);
	check_text(w[4].source.object_name, "s", 21, 36);
	assert_int_equal(w[4].source.n_items, 1);
	assert_int_equal(w[4].source.items[0].mode.pos.line, 0);
	check_text(w[6].source.size_limit, "1000", 23, 37);
	assert_false(text_given(w[7].source.template_name));
}

static void test_count_of_sources(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec_input in = {.name = STR("x"),
		.text = STR(
			TASK_RUN_HEAD "  taskRef: {name: t}\n"
				      "  workspaces:\n"
				      "  - {name: a}\n"
				      "  - {name: b, emptyDir: {}, secret: {secretName: s}}\n"
				      "  - {name: c, emptyDir: ~, configMap: {name: m}}\n")};
	struct spec *s = spec_load(a, &in, 1, NULL);

	assert_int_equal(s->n_runs, 1);
	const struct workspace_binding *w = s->runs[0].task_run->workspaces;

	assert_int_equal(w[0].source.n_kinds, 0);
	assert_int_equal(w[0].source.kind, VOLUME_NONE);
	assert_int_equal(w[1].source.n_kinds, 2);
	assert_int_equal(w[1].source.kind, VOLUME_EMPTY_DIR);
	assert_int_equal(w[2].source.n_kinds, 1);
	assert_int_equal(w[2].source.kind, VOLUME_CONFIG_MAP);
}

static void test_complaints(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"csi", BINDINGS "  - {name: a, csi: {driver: d}}\n",
			"7:15 error not-supported spec.workspaces[0].csi: 'csi' is not "
			"supported: its driver runs on a cluster's node\n"},
		{"a volume that is no workspace",
			BINDINGS "  - {name: a, emptyDir: {}, hostPath: {path: /}}\n",
			"7:29 error unknown-field spec.workspaces[0].hostPath: workspace "
			"binding: "
			"unknown field \"hostPath\"\n"},
		{"a bad limit", BINDINGS "  - {name: a, emptyDir: {sizeLimit: 1 GB}}\n",
			"7:37 error bad-quantity spec.workspaces[0].emptyDir.sizeLimit: "
			"quantity "
			"'1 GB' is not a number with an optional suffix (n u m k M G T P E, Ki "
			"Mi "
			"Gi Ti Pi Ei, or a decimal exponent)\n"},
		{"a template's spec",
			BINDINGS
			"  - {name: a, volumeClaimTemplate: {spec: {accessModes: [RWO], "
			"resources: {requests: {storage: 1 GB}}}}}\n",
			"7:58 error invalid-value "
			"spec.workspaces[0].volumeClaimTemplate.spec: accessModes: "
			"unsupported value \"RWO\"\n"
			"7:96 error bad-quantity "
			"spec.workspaces[0].volumeClaimTemplate.spec.resources.requests"
			".storage: quantity '1 GB' is not a number with an optional suffix (n "
			"u "
			"m k M G T P E, Ki Mi Gi Ti Pi Ei, or a decimal exponent)\n"},
		{"a mode that is no mode",
			BINDINGS "  - {name: a, secret: {secretName: s, defaultMode: 644}}\n",
			"7:52 error out-of-range spec.workspaces[0].secret.defaultMode: "
			"'defaultMode': 644 is not in 0 to 511\n"},
		{"name of a secret",
			BINDINGS "  - {name: a, secret: {secretName: s, name: t}}\n",
			"7:39 error unknown-field spec.workspaces[0].secret.name: secret: "
			"unknown "
			"field \"name\"\n"},
		{"claim without a map", BINDINGS "  - {name: a, persistentVolumeClaim: c}\n",
			"7:38 error wrong-type spec.workspaces[0].persistentVolumeClaim: "
			"'persistentVolumeClaim': cannot unmarshal string into a value of type "
			"persistentVolumeClaim\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_source),
		cmocka_unit_test(test_count_of_sources),
		cmocka_unit_test(test_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
