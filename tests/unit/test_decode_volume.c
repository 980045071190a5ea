/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes, mounts and environments: every source, and what is refused with its reason. */
#include "spec_text.h"

#define VOLUMES TASK_HEAD OK_STEPS "  volumes:\n"
#define STEP    TASK_HEAD "  steps:\n  - image: i\n"

static void test_every_source(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, VOLUMES
		"  - {name: a}\n"
		"  - {name: b, emptyDir: {medium: Memory, sizeLimit: 1Mi}}\n"
		"  - {name: c, configMap: {name: m, defaultMode: 0640, items: [{key: k, path: "
		"p, mode: 256}]}}\n"
		"  - {name: d, secret: {secretName: s, optional: true}}\n"
		"  - name: e\n"
		"    projected:\n"
		"      defaultMode: 0400\n"
		"      sources:\n"
		"      - configMap: {name: m}\n"
		"      - secret: {name: s, items: [{key: k, path: p}]}\n"
		"      - downwardAPI: {items: [{path: l, fieldRef: {fieldPath: "
		"metadata.labels}}]}\n"
		"  - {name: f, downwardAPI: {items: [{path: m, mode: 0444, resourceFieldRef: "
		"{containerName: step-s, resource: limits.memory, divisor: 1Mi}}]}}\n"
		"  - {name: g, persistentVolumeClaim: {claimName: p, readOnly: true}}\n"
		"  - {name: h, ephemeral: {volumeClaimTemplate: {spec: {}}}}\n"
		"  - {name: i, hostPath: {path: /srv, type: Directory}}\n");
	static const enum volume_kind want[] = {VOLUME_NONE, VOLUME_EMPTY_DIR,
		VOLUME_CONFIG_MAP, VOLUME_SECRET, VOLUME_PROJECTED, VOLUME_DOWNWARD_API,
		VOLUME_CLAIM, VOLUME_CLAIM_TEMPLATE, VOLUME_HOST_PATH};
	const struct volume *v = s->tasks[0].spec.volumes;

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(s->tasks[0].spec.n_volumes, ARRAY_SIZE(want));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(v[i].source.kind, want[i]);
	assert_int_equal(v[2].source.default_mode.v, 0640); /* octal, as YAML 1.1 reads it */
	assert_int_equal(v[2].source.items[0].mode.v, 0400);
	assert_int_equal(v[4].source.n_sources, 3);
	assert_int_equal(v[4].source.sources[1].kind, VOLUME_SECRET);
	check_text(v[4].source.sources[1].object_name, "s", 16, 24);
	check_text(v[5].source.files[0].resource.divisor, "1Mi", 18, 135);
}

static void test_mounts_and_env(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, STEP
		"    volumeMounts:\n"
		"    - {name: v, mountPath: /v, subPath: x, readOnly: true, mountPropagation: "
		"None, recursiveReadOnly: Enabled}\n"
		"    - {name: v, mountPath: /w, subPathExpr: $(X)}\n"
		"    envFrom: [{prefix: P_, configMapRef: {name: m, optional: true}}]\n"
		"    env:\n"
		"    - {name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}\n"
		"    - {name: B, valueFrom: {fieldRef: {fieldPath: "
		"\"metadata.labels['a']\"}}}\n"
		"    - {name: C, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}\n");
	const struct step *st = s->tasks[0].spec.steps;

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(st->n_volume_mounts, 2);
	check_text(st->volume_mounts[0].sub_path, "x", 8, 41);
	assert_true(st->volume_mounts[0].read_only.v);
	check_text(st->volume_mounts[1].sub_path_expr, "$(X)", 9, 45);
	assert_int_equal(st->env_from[0].source, ENV_CONFIG_MAP);
	assert_int_equal(st->env[0].source, ENV_SECRET);
	check_text(st->env[0].key, "k", 12, 58);
	assert_int_equal(st->env[1].source, ENV_FIELD);
	assert_int_equal(st->env[2].source, ENV_RESOURCE);
}

static void test_complaints(void **state attr_unused)
{
	static const struct {
		const char *yaml;
		const char *code;
		const char *msg; /* a part of it */
	} cases[] = {
		{VOLUMES "  - {name: a, csi: {driver: d}}\n", "not-supported",
			"'csi' is not supported: its driver runs on a cluster's node"},
		{VOLUMES "  - {name: a, nfs: {}}\n", "not-supported", "'nfs' is not supported"},
		{VOLUMES "  - {name: a, hostPath: {path: x}}\n", "invalid-value",
			"'path' must be an absolute path"},
		{VOLUMES "  - {name: a, hostPath: {path: /x, type: Socket}}\n", "not-supported",
			"no sockets and devices"},
		{VOLUMES "  - {name: a, hostPath: {path: /x, type: Dir}}\n", "invalid-value",
			"is none of"},
		{VOLUMES "  - {name: a, emptyDir: {medium: Disk}}\n", "invalid-value",
			"neither \"\" nor \"Memory\""},
		{VOLUMES "  - {name: a, emptyDir: {medium: HugePages}}\n", "not-supported",
			"huge pages"},
		{VOLUMES "  - {name: a, projected: {sources: [{serviceAccountToken: {}}]}}\n",
			"not-supported", "no API server"},
		{VOLUMES "  - {name: a, projected: {sources: [{}]}}\n", "one-of",
			"exactly one kind"},
		{VOLUMES "  - {name: a, configMap: {name: m, defaultMode: 01000}}\n",
			"out-of-range", "is not in 0 to 511"},
		{VOLUMES "  - {name: a, downwardAPI: {items: [{path: p}]}}\n", "one-of",
			"either 'fieldRef' or 'resourceFieldRef'"},
		{VOLUMES "  - {name: a, downwardAPI: {items: [{path: p, fieldRef: {fieldPath: "
			 "status.podIP}}]}}\n",
			"invalid-value", "no field that a file can have"},
		{VOLUMES "  - {name: a, emptyDir: {}, configMap: {name: m}}\n",
			"excluded-field", "more than one source"},
		{VOLUMES "  - {name: a, configMap: {}}\n", "missing-field", "configMap.name"},
		{VOLUMES "  - {name: a, emptyDir: {sizeLimit: -1}}\n", "bad-value",
			"Invalid value: \"-1\": must be greater than or equal to 0"},
		{STEP "    volumeMounts: [{name: v, mountPath: /v, mountPropagation: "
		      "Bidirectional}]\n",
			"not-supported", "never seen by another"},
		{STEP "    volumeMounts: [{name: v, mountPath: /v, subPath: a, subPathExpr: "
		      "b}]\n",
			"one-of", "mutually exclusive"},
		{STEP "    volumeMounts: [{name: v}]\n", "missing-field", "'mountPath'"},
		{STEP "    volumeMounts: [{name: v, mountPath: /v}, {name: w, mountPath: "
		      "/v}]\n",
			"duplicate", "must be unique"},
		{STEP "    volumeMounts: [{name: v, mountPath: /tekton/results}]\n",
			"reserved-path", "cannot be mounted under /tekton/"},
		{STEP "  volumes: [{name: v, image: {}}]\n", "missing-field",
			"image.reference"},
		{STEP "  volumes: [{name: v, image: {reference: r, pullPolicy: always}}]\n",
			"invalid-value", "unsupported value \"always\""},
		{STEP "    volumeDevices: [{name: v}]\n", "not-supported", "block devices"},
		{STEP "    env: [{name: A, valueFrom: {}}]\n", "one-of", "exactly one of"},
		{STEP "    env: [{name: A, value: x, valueFrom: {secretKeyRef: {name: s, key: "
		      "k}}}]\n",
			"one-of", "cannot both be given"},
		{STEP "    env: [{name: A, valueFrom: {fieldRef: {fieldPath: "
		      "spec.nodeName}}}]\n",
			"not-supported", "only a cluster's node could tell"},
		{STEP "    env: [{name: A, valueFrom: {fieldRef: {fieldPath: "
		      "status.phase}}}]\n",
			"invalid-value", "no field that an environment variable can have"},
		{STEP "    env: [{name: A, valueFrom: {resourceFieldRef: {resource: cpu}}}]\n",
			"invalid-value", "is none of limits.cpu"},
		{STEP "    envFrom: [{prefix: x}]\n", "one-of", "is missing"},
		{"apiVersion: tekton.dev/v1beta1\nkind: StepAction\nmetadata: {name: a}\n"
		 "spec: {image: i, params: [{name: p}], volumeMounts: [{name: v$(params.p), "
		 "mountPath: /v}]}\n",
			"invalid-value", "expect the Name to be a single param reference"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_text(a, cases[i].yaml);
		const struct diag *one = s->diags->items;

		if (s->diags->n != 1 || strcmp(one->code, cases[i].code) != 0 ||
			!str_has(one->msg, str_z(cases[i].msg)))
			fail_msg("%s:\n%s", cases[i].yaml, diag_lines(a, s->diags));
		assert_false(spec_ok(s));
	}
}

#define PR RUN_HEAD "  pipelineRef: {name: p}\n"

static void test_pod_template(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, PR
		"  taskRunTemplate:\n"
		"    podTemplate:\n"
		"      env: [{name: A, value: x}]\n"
		"      volumes: [{name: v, emptyDir: {}}]\n"
		"      hostAliases: [{ip: 1.2.3.4, hostnames: [a, b]}]\n"
		"      dnsPolicy: None\n"
		"      dnsConfig: {nameservers: [9.9.9.9], searches: [x], options: [{name: nd, "
		"value: '1'}]}\n"
		"      automountServiceAccountToken: true\n"
		"      enableServiceLinks: true\n"
		"      hostUsers: false\n"
		"  taskRunSpecs:\n"
		"  - pipelineTaskName: t\n"
		"    podTemplate: {env: []}\n"
		"    stepSpecs: [{name: s, computeResources: {limits: {cpu: 1}}}]\n"
		"    sidecarSpecs: [{name: s}]\n"
		"  - pipelineTaskName: u\n"
		"    computeResources: {requests: {cpu: 1}}\n");
	const struct pipeline_run *r;
	const struct pod_template *t;

	assert_string_equal(diag_lines(a, s->diags), "");
	r = s->runs[0].pipeline_run;
	t = &r->pod_template;

	assert_int_equal(t->n_env, 1);
	assert_int_equal(t->n_volumes, 1);
	assert_int_equal(t->host_aliases[0].n_hostnames, 2);
	assert_true(str_eqz(t->dns_policy.s, "None"));
	check_text(t->dns_config.options[0].value, "1", 12, 86);
	assert_int_equal(r->task_run_specs[0].pod.n_step_specs, 1);
	assert_int_equal(r->task_run_specs[1].pod.resources.n_requests, 1);
}

static void test_pod_template_complaints(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"a runtime",
			TASK_RUN_HEAD "  taskRef: {name: t}\n"
				      "  podTemplate: {runtimeClassName: kata}\n",
			"6:17 warning no-effect spec.podTemplate.runtimeClassName: "
			"'runtimeClassName' has no effect: one pod runs every task, with the "
			"runtime it has\n"},
		{"the node's network",
			TASK_RUN_HEAD "  taskRef: {name: t}\n"
				      "  podTemplate: {hostNetwork: true}\n",
			"6:17 error not-supported spec.podTemplate.hostNetwork: 'hostNetwork' "
			"is not supported: a step gets the network of the pod, which is not "
			"its to choose\n"},
		{"no name servers",
			TASK_RUN_HEAD "  taskRef: {name: t}\n"
				      "  podTemplate: {dnsPolicy: None}\n",
			"6:16 error missing-field spec.podTemplate: dnsPolicy 'None' needs at "
			"least one of dnsConfig.nameservers\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_source),
		cmocka_unit_test(test_mounts_and_env),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_pod_template),
		cmocka_unit_test(test_pod_template_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
