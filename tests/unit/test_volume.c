/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes, mounts, environments and pod templates of an attempt (sections 3, 9, 10, 23). */
#include "agent_rig.h"

#define TR(spec) "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\nspec:\n" spec
#define PR(spec)                                                                               \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: pr}\nspec:\n" spec
#define OBJECTS                                                                                \
	"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n"                          \
	"data: {K: v, 1ST: x, two: w}\nbinaryData: {bin: eA==}\n"                              \
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {T: hidden}\n"

static struct rig *held(const char *yaml)
{
	struct rig *r = rig_new(yaml);

	r->holds_tasks = true;
	r->opts.pod_ip = STR("10.1.2.3");
	r->opts.cpu_milli = 2500;
	r->opts.memory_bytes = 1000;
	r->opts.storage_bytes = 7000;
	rig_start(r, NULL, 0);
	return r;
}

static const char *env_text(const struct step_launch *s, struct arena *a)
{
	struct str all = STR("");

	for (size_t i = 0; i < s->n_env; i++)
		all = arena_printf(a, STR_FMT "%s" STR_FMT "%s=" STR_FMT, STR_ARG(all),
			i ? " " : "", STR_ARG(s->env[i].name), s->env[i].is_secret ? "!" : "",
			STR_ARG(s->env[i].value));
	return str_c(all);
}

/* "!" marks what is secret. */
static void test_env(void **state)
{
	struct arena *a = arena_new();
	struct rig *r = held(TR(
		"  podTemplate: {env: [{name: P, value: pod}, {name: S, value: pod}]}\n"
		"  taskSpec:\n"
		"    stepTemplate: {env: [{name: A, value: t}, {name: B, value: t}]}\n"
		"    steps:\n"
		"    - image: x\n"
		"      envFrom: [{configMapRef: {name: m}}, {prefix: X_, secretRef: {name: s}},"
		" {configMapRef: {name: none, optional: true}}]\n"
		"      env:\n"
		"      - {name: S, value: step}\n"
		"      - {name: B, value: \"$(A)$(P)$(K)\"}\n"
		"      - {name: C, valueFrom: {configMapKeyRef: {name: m, key: two}}}\n"
		"      - {name: D, valueFrom: {secretKeyRef: {name: s, key: T}}}\n"
		"      - {name: E, value: <$(D)>}\n"
		"      - {name: F, valueFrom: {secretKeyRef: {name: s, key: nope, optional: "
		"true}}}\n"
		"      - {name: G, valueFrom: {configMapKeyRef: {name: nope, key: nope, "
		"optional: "
		"true}}}\n" OBJECTS));

	(void)state;
	assert_string_equal(env_text(&rig_launch(r, "tr")->steps[0], a),
		"K=v two=w X_T!=hidden P=pod S=pod A=t B=tpodv C=w D!=hidden E!=<hidden>");
	rig_free(r);
	arena_free(a);
}

static void test_downward(void **state)
{
	struct arena *a = arena_new();
	struct rig *r = held(
		"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr, namespace: ns, "
		"labels: {a: b}, annotations: {c: d}}\nspec:\n"
		"  serviceAccountName: sa\n"
		"  taskSpec:\n"
		"    steps:\n"
		"    - image: x\n"
		"      computeResources: {limits: {memory: 10Mi}, requests: {cpu: 100m}}\n"
		"      env:\n"
		"      - {name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}\n"
		"      - {name: B, valueFrom: {fieldRef: {fieldPath: metadata.namespace}}}\n"
		"      - {name: C, valueFrom: {fieldRef: {fieldPath: "
		"\"metadata.labels['a']\"}}}\n"
		"      - {name: D, valueFrom: {fieldRef: {fieldPath: "
		"\"metadata.annotations['c']\"}}}\n"
		"      - {name: E, valueFrom: {fieldRef: {fieldPath: "
		"spec.serviceAccountName}}}\n"
		"      - {name: F, valueFrom: {fieldRef: {fieldPath: status.podIP}}}\n"
		"      - {name: G, valueFrom: {fieldRef: {fieldPath: "
		"\"metadata.labels['nope']\"}}}\n"
		"      - {name: H, valueFrom: {resourceFieldRef: {resource: limits.memory, "
		"divisor: 1Mi}}}\n"
		"      - {name: I, valueFrom: {resourceFieldRef: {resource: limits.cpu}}}\n"
		"      - {name: J, valueFrom: {resourceFieldRef: {resource: requests.cpu, "
		"divisor: 1m}}}\n"
		"      - {name: K, valueFrom: {resourceFieldRef: {resource: "
		"requests.memory}}}\n"
		"      - {name: L, valueFrom: {resourceFieldRef: {resource: limits.memory, "
		"containerName: step-two}}}\n"
		"      - {name: M, valueFrom: {resourceFieldRef: {resource: "
		"limits.ephemeral-storage, divisor: 1k}}}\n"
		"    - {image: x, name: two}\n");

	(void)state;
	assert_string_equal(env_text(&rig_launch(r, "tr")->steps[0], a),
		"A=tr-pod B=ns C=b D=d E=sa F=10.1.2.3 G= H=10 I=3 J=100 K=10485760 L=1000 "
		"M=7");
	rig_free(r);
	arena_free(a);
}

static void test_files(void **state)
{
	struct rig *r = held(TR(
		"  taskSpec:\n"
		"    volumes:\n"
		"    - name: p\n"
		"      projected:\n"
		"        defaultMode: 0400\n"
		"        sources:\n"
		"        - configMap: {name: m, items: [{key: K, path: a/./b, mode: 0444}]}\n"
		"        - secret: {name: s, items: [{key: T, path: a/b}]}\n"
		"        - configMap: {name: none, optional: true}\n"
		"        - downwardAPI: {items: [{path: l, fieldRef: {fieldPath: "
		"metadata.labels}}]}\n"
		"    - {name: c, configMap: {name: m}}\n"
		"    - {name: e}\n"
		"    steps: [{image: x}]\n" OBJECTS));
	const struct launch_volume *v = rig_launch(r, "tr")->volumes;

	(void)state;
	/* what comes later takes the place of an earlier file */
	assert_int_equal(v[0].n_files, 2);
	assert_str(v[0].files[0].path, "a/b");
	assert_str(v[0].files[0].value, "hidden");
	assert_true(v[0].is_secret && v[0].files[0].is_secret && !v[0].files[1].is_secret);
	assert_int_equal(v[0].files[0].mode, 0400);
	assert_true(str_has(v[0].files[1].value, STR("tekton.dev/taskRun=\"tr\"\n")));
	assert_int_equal(v[1].n_files, 4); /* binary data, too */
	assert_true(v[1].read_only && !v[1].is_secret);
	assert_int_equal(v[1].files[0].mode, 0644);
	assert_int_equal(v[2].kind, LAUNCH_EMPTY_DIR);
	rig_free(r);
}

static void test_mounts(void **state)
{
	struct rig *r =
		held(TR("  workspaces: [{name: w, emptyDir: {}}]\n"
			"  podTemplate: {volumes: [{name: q, emptyDir: {}}]}\n"
			"  taskSpec:\n"
			"    params: [{name: d, default: deep}]\n"
			"    workspaces: [{name: w, mountPath: /w}]\n"
			"    volumes: [{name: v, emptyDir: {}}]\n"
			"    stepTemplate: {volumeMounts: [{name: v, mountPath: /t}, {name: v, "
			"mountPath: /v}]}\n"
			"    steps:\n"
			"    - image: x\n"
			"      env: [{name: X, value: $(params.d)}]\n"
			"      volumeMounts:\n"
			"      - {name: q, mountPath: /t, readOnly: true}\n"
			"      - {name: v, mountPath: /s/, subPath: ./$(params.d)//y}\n"
			"      - {name: v, mountPath: /x, subPathExpr: a/$(X)}\n"
			"    - image: x\n"
			"      volumeMounts: [{name: v, mountPath: /w}]\n"));
	const struct task_launch *l = rig_launch(r, "tr");
	const struct launch_mount *m = l->steps[0].mounts;

	(void)state;
	assert_int_equal(l->n_volumes, 3);
	assert_int_equal(l->steps[0].n_mounts, 5);
	assert_str(l->volumes[m[0].volume].name, "q");
	assert_true(m[0].read_only);
	assert_str(m[1].mount_path, "/v");
	assert_str(m[2].mount_path, "/s");
	assert_str(m[2].sub_path, "deep/y");
	assert_str(m[3].sub_path, "a/deep");
	assert_str(l->volumes[m[4].volume].name, "w");
	/* a step's own takes the place of a workspace */
	m = l->steps[1].mounts;
	assert_int_equal(l->steps[1].n_mounts, 3);
	assert_str(m[2].mount_path, "/w");
	assert_str(l->volumes[m[2].volume].name, "v");
	rig_free(r);
}

static void test_failures(void **state)
{
	static const struct {
		const char *yaml, *reason, *message;
	} cases[] = {
		{TR("  taskSpec: {volumes: [{name: v, configMap: {name: nope}}], steps: "
		    "[{image: "
		    "x}]}\n"),
			"CreateContainerConfigError", "\"configmap \"nope\" not found.\""},
		{TR("  taskSpec: {volumes: [{name: v, secret: {secretName: s, items: [{key: "
		    "nope, path: p}]}}], steps: [{image: x}]}\n" OBJECTS),
			"CreateContainerConfigError",
			"references non-existent secret key: nope."},
		{TR("  taskSpec: {steps: [{image: x}, {name: b, image: x, env: [{name: A, "
		    "valueFrom: {secretKeyRef: {name: nope, key: k}}}]}]}\n"),
			"CreateContainerConfigError",
			"the step \"b\" in TaskRun \"tr\" failed to start. The pod errored "
			"with the message: \"secret \"nope\" not found.\""},
		{TR("  taskSpec: {steps: [{image: x, env: [{name: A, valueFrom: "
		    "{configMapKeyRef: {name: m, key: nope}}}]}]}\n" OBJECTS),
			"CreateContainerConfigError",
			"couldn't find key nope in ConfigMap default/m."},
		{TR("  taskSpec: {steps: [{image: x, env: [{name: A, valueFrom: "
		    "{configMapKeyRef: {name: m, key: bin}}}]}]}\n" OBJECTS),
			"CreateContainerConfigError", "couldn't find key bin in ConfigMap"},
		{TR("  taskSpec: {steps: [{image: x, envFrom: [{configMapRef: {name: "
		    "nope}}]}]}\n"),
			"CreateContainerConfigError", "configmap \"nope\" not found."},
		{TR("  taskSpec: {volumes: [{name: v}], steps: [{image: x, volumeMounts: "
		    "[{name: v, mountPath: /v, subPathExpr: $(NO)}]}]}\n"),
			"CreateContainerConfigError", "missing value for \"NO\"."},
		{TR("  taskSpec: {steps: [{image: x, volumeMounts: [{name: v, mountPath: "
		    "/v}]}]}\n"),
			"PodCreationFailed",
			"Pod \"tr-pod\" is invalid: spec.containers[0].volumeMounts[0].name: "
			"Not found: \"v\""},
		{TR("  taskSpec: {volumes: [{name: v}], steps: [{image: x, volumeMounts: "
		    "[{name: v, mountPath: /v, recursiveReadOnly: Enabled}]}]}\n"),
			"PodCreationFailed",
			"spec.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may "
			"only be specified when readOnly is true"},
		{TR("  taskSpec: {volumes: [{name: my_volume}], steps: [{image: x}]}\n"),
			"PodCreationFailed",
			"spec.volumes[0].name: Invalid value: \"my_volume\": must be lower "
			"case letters, digits and '-'"},
		{TR("  podTemplate: {volumes: [{name: a.b}]}\n"
		    "  taskSpec: {volumes: [{name: v}], steps: [{image: x}]}\n"),
			"PodCreationFailed", "spec.volumes[1].name: Invalid value: \"a.b\""},
		{TR("  podTemplate: {volumes: [{name: v}]}\n"
		    "  taskSpec: {volumes: [{name: v}], steps: [{image: x}]}\n"),
			"PodCreationFailed", "multiple volumes with same name \"v\""},
		{TR("  params: [{name: p, value: /tekton/results}]\n"
		    "  taskSpec: {params: [{name: p}], volumes: [{name: v}], steps: [{image: "
		    "x, volumeMounts: [{name: v, mountPath: $(params.p)}]}]}\n"),
			"PodCreationFailed", "a volume cannot be mounted there"},
		{TR("  params: [{name: p, value: ../x}]\n"
		    "  taskSpec: {params: [{name: p}], volumes: [{name: v}], steps: [{image: "
		    "x, volumeMounts: [{name: v, mountPath: /v, subPath: $(params.p)}]}]}\n"),
			"PodCreationFailed", "leads out of its volume"},
		{TR("  taskSpec: {volumes: [{name: v, configMap: {name: m, items: [{key: K, "
		    "path: ../p}]}}], steps: [{image: x}]}\n" OBJECTS),
			"PodCreationFailed", "leads out of its volume"},
		{TR("  taskSpec: {volumes: [{name: v, configMap: {name: m, items: [{key: K, "
		    "path: ..data}]}}], steps: [{image: x}]}\n" OBJECTS),
			"PodCreationFailed", "path \"..data\": must not start with '..'"},
		{TR("  taskSpec: {volumes: [{name: v}], steps: [{image: x, volumeMounts: "
		    "[{name: v, mountPath: /v, subPath: a/../b}]}]}\n"),
			"PodCreationFailed", "subPath \"a/../b\" leads out of its volume"},
		{TR("  taskSpec: {volumes: [{name: v}], steps: [{image: x, volumeMounts: "
		    "[{name: v, mountPath: /v, subPath: a/..}]}]}\n"),
			"PodCreationFailed", "subPath \"a/..\" leads out of its volume"},
		{TR("  taskSpec: {volumes: [{name: v, projected: {sources: [{configMap: {name: "
		    "m, "
		    "items: [{key: K, path: same}]}}, {downwardAPI: {items: [{path: same, "
		    "fieldRef: {fieldPath: metadata.name}}]}}]}}], steps: [{image: "
		    "x}]}\n" OBJECTS),
			"PodCreationFailed",
			"projected: conflicting duplicate paths: \"same\""},
		{TR("  taskSpec: {steps: [{image: x, env: [{name: A, value: b}, {value: "
		    "c}]}]}\n"),
			"PodCreationFailed",
			"spec.containers[0].env[1].name: Required value. Maybe invalid "
			"TaskSpec"},
		{TR("  taskSpec: {steps: [{image: x}, {image: x, env: [{name: A=B}]}]}\n"),
			"PodCreationFailed",
			"spec.containers[1].env[0].name: Invalid value: \"A=B\""},
		{TR("  podTemplate: {hostAliases: [{ip: '::1', hostnames: [a-b.c1]}, {ip: "
		    "1.2.3, hostnames: [a]}]}\n  taskSpec: {steps: [{image: x}]}\n"),
			"PodCreationFailed",
			"spec.hostAliases[1]: Invalid value: \"1.2.3\": must be valid IP "
			"address"},
		{TR("  params: [{name: h, value: \"a\\n6.6.6.6 b\"}]\n"
		    "  podTemplate: {hostAliases: [{ip: 1.2.3.4, hostnames: [ok, "
		    "$(params.h)]}]}\n  taskSpec: {params: [{name: h}], steps: [{image: "
		    "x}]}\n"),
			"PodCreationFailed", "must be a lowercase RFC 1123 subdomain"},
		{TR("  podTemplate: {dnsConfig: {nameservers: [localhost]}}\n"
		    "  taskSpec: {steps: [{image: x}]}\n"),
			"PodCreationFailed", "spec.dnsConfig.nameservers[0]: Invalid value"},
		{TR("  podTemplate: {dnsConfig: {searches: [a.b., '.', 'c d']}}\n"
		    "  taskSpec: {steps: [{image: x}]}\n"),
			"PodCreationFailed", "spec.dnsConfig.searches[2]: Invalid value"},
		{TR("  podTemplate: {dnsConfig: {options: [{name: o, value: \"1\\nnameserver "
		    "6.6.6.6\"}]}}\n  taskSpec: {steps: [{image: x}]}\n"),
			"PodCreationFailed", "spec.dnsConfig.options[0]: Invalid value"},
		{TR("  podTemplate: {dnsConfig: {nameservers: [1.1.1.1, 1.1.1.2, 1.1.1.3, "
		    "1.1.1.4]}}\n  taskSpec: {steps: [{image: x}]}\n"),
			"PodCreationFailed", "must not have more than 3 nameservers"},
		{TR("  stepSpecs: [{name: s}, {name: z}]\n"
		    "  taskSpec: {steps: [{name: s, image: x}]}\n"),
			"TaskRunValidationFailed", "invalid StepOverride: No Step named z"},
		{TR("  sidecarSpecs: [{name: c}, {name: s}]\n"
		    "  taskSpec: {steps: [{name: s, image: x}], sidecars: [{name: c, image: "
		    "x}]}\n"),
			"TaskRunValidationFailed",
			"invalid SidecarOverride: No Sidecar named s"},
		{TR("  taskSpec: {steps: [{image: x, computeResources: {limits: {cpu: 100m}, "
		    "requests: {cpu: 0.2}}}]}\n"),
			"TaskRunValidationFailed",
			"invalid request resource value: 0.2 must be less or equal to limit "
			"100m"},
		{TR("  taskSpec: {stepTemplate: {computeResources: {limits: {memory: 1Ki}}}, "
		    "steps: [{image: x, computeResources: {requests: {memory: 1025}}}]}\n"),
			"TaskRunValidationFailed", "1025 must be less or equal to limit 1Ki"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = rig_run(cases[i].yaml, NULL, 0);
		const struct condition *c = &r->view->condition;

		if (!str_eqz(c->reason, cases[i].reason) ||
			!str_has(c->message, str_z(cases[i].message)))
			fail_msg("%s: " STR_FMT " " STR_FMT, cases[i].yaml, STR_ARG(c->reason),
				STR_ARG(c->message));
		assert_int_equal(rig_count(r, ACTION_START_TASK), 0);
		rig_free(r);
	}
}

/* The entry over the template: env and volumes by name, all else whole. */
static void test_templates(void **state)
{
	struct arena *a = arena_new();
	struct rig *r = held(PR(
		"  taskRunTemplate:\n"
		"    podTemplate:\n"
		"      env: [{name: A, value: t}, {name: B, value: t}]\n"
		"      volumes: [{name: v, emptyDir: {}}]\n"
		"      hostAliases: [{ip: 1.1.1.1, hostnames: [x]}]\n"
		"      securityContext: {runAsUser: 5}\n"
		"  taskRunSpecs:\n"
		"  - pipelineTaskName: one\n"
		"    podTemplate: {env: [{name: B, value: $(params.p)}, {name: C, value: e}], "
		"volumes: [{name: v, configMap: {name: m}}, {name: w}], dnsPolicy: None, "
		"dnsConfig: {nameservers: [9.9.9.9]}}\n"
		"    stepSpecs: [{name: s, computeResources: {limits: {memory: 7Mi}}}]\n"
		"  - pipelineTaskName: two\n"
		"    computeResources: {limits: {memory: 9Mi}, requests: {cpu: 1}}\n"
		"  pipelineSpec:\n"
		"    tasks:\n"
		"    - {name: one, params: [{name: p, value: given}], taskSpec: {params: "
		"[{name: "
		"p}], steps: [{name: s, image: x, computeResources: {limits: {memory: 1Mi, "
		"cpu: "
		"1}}}]}}\n"
		"    - {name: two, taskSpec: {steps: [{name: s, image: x, env: [{name: R, "
		"valueFrom: {resourceFieldRef: {resource: requests.cpu, divisor: 1m}}}]}, "
		"{image: x}]}}\n" OBJECTS));
	const struct task_launch *one = rig_launch(r, "pr-one"), *two = rig_launch(r, "pr-two");

	(void)state;
	assert_string_equal(env_text(&one->steps[0], a), "B=given C=e A=t");
	assert_int_equal(one->n_volumes, 2);
	assert_int_equal(one->volumes[0].kind, LAUNCH_FILES);
	assert_int_equal(one->n_hosts, 1);
	assert_true(one->dns.own_only && one->dns.n_nameservers == 1);
	assert_int_equal(one->steps[0].run_as_user, 5);
	assert_str(one->steps[0].limits_not_enforced[0], "memory=7Mi");
	assert_str(one->steps[0].limits_not_enforced[1], "cpu=1");
	assert_false(two->dns.own_only);
	assert_string_equal(env_text(&two->steps[0], a), "A=t B=t R=500");
	assert_str(two->steps[0].limits_not_enforced[0], "memory=9Mi");
	rig_free(r);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_env),
		cmocka_unit_test(test_downward),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_mounts),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_templates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
