/* SPDX-License-Identifier: Apache-2.0 */
/* JSON of single documents and corners of the dump; the breadth is in tests/golden. */
#include "spec_text.h"

static const char *object_json(struct arena *a, const struct object_meta *m, const char *member)
{
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	spec_object_json(m, member, &w);
	return str_c(arena_str(a, buf_str(&b)));
}

static void test_object(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s =
		load_text(a, "apiVersion: tekton.dev/v1\n"
			     "kind: TaskRun\n"
			     "metadata: {labels: {b: c}, generateName: g-, own: [1]}\n"
			     "Spec: {taskRef: {name: t}, params: [{name: x, value: \"é\"}]}\n"
			     "status: {a: b}\n");
	const struct object_meta *m = &s->runs[0].task_run->meta;

	assert_string_equal(object_json(a, m, "metadata"),
		"{\"name\":\"g-00000\",\"labels\":{\"b\":\"c\"},\"generateName\":\"g-\","
		"\"own\":[1]}");
	assert_string_equal(object_json(a, m, "spec"),
		"{\"taskRef\":{\"name\":\"t\"},\"params\":[{\"name\":\"x\",\"value\":\"é\"}]}");
	assert_string_equal(object_json(a, m, "nothing"), "null");
}

static const char *task_json(struct arena *a, const char *yaml)
{
	struct spec *s = load_text(a, yaml);
	struct buf b cleanup_buf;
	struct json_writer w;

	assert_string_equal(diag_lines(a, s->diags), "");
	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	task_spec_json(&s->tasks[0].spec, &w);
	return str_c(arena_str(a, buf_str(&b)));
}

/* Params are the one place where Tekton's objects differ from what was written. */
static void test_object_params(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, RUN_HEAD "  pipelineRef: {name: p}\n"
					       "  params:\n"
					       "  - {name: a, value: 1.50}\n"
					       "  - {name: b, value: yes}\n"
					       "  - {name: c, value: ~}\n"
					       "  - {name: d, value: [x, ~]}\n"
					       "  - {name: e, value: [x, y]}\n"
					       "  - {name: f, value: {k: {z: 1, a: 2}}}\n"
					       "  - {name: g, value: {k: v}}\n"
					       "  timeouts: {pipeline: 1h}\n");

	assert_string_equal(object_json(a, &s->runs[0].pipeline_run->meta, "spec"),
		"{\"pipelineRef\":{\"name\":\"p\"},\"params\":["
		"{\"name\":\"a\",\"value\":\"1.5\"},{\"name\":\"b\",\"value\":\"true\"},"
		"{\"name\":\"c\",\"value\":\"\"},{\"name\":\"d\",\"value\":[\"x\",\"\"]},"
		"{\"name\":\"e\",\"value\":\"[\\\"x\\\",true]\"},"
		"{\"name\":\"f\",\"value\":\"{\\\"k\\\":{\\\"a\\\":2,\\\"z\\\":1}}\"},"
		"{\"name\":\"g\",\"value\":{\"k\":\"v\"}}],\"timeouts\":{\"pipeline\":\"1h\"}"
		"}");
}

/* Given and empty is not the same as absent. */
static void test_given_and_empty(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();

	assert_string_equal(
		task_json(a, TASK_HEAD "  steps: [{image: i, command: [], script: ''}]\n"),
		"{\"steps\":[{\"image\":\"i\",\"command\":[],\"script\":\"\"}]}");
	assert_string_equal(
		task_json(a,
			TASK_HEAD "  description: ''\n  params: []\n"
				  "  steps: [{image: i, command: ~, computeResources: {}}]\n"),
		"{\"description\":\"\",\"steps\":[{\"image\":\"i\",\"computeResources\":{}}]}");
	assert_string_equal(task_json(a, TASK_HEAD OK_STEPS
				    "  params: [{name: a, type: array, default: []}]\n"),
		"{\"params\":[{\"name\":\"a\",\"type\":\"array\",\"default\":[]}],"
		"\"steps\":[{\"name\":\"s\",\"image\":\"i\"}]}");
}

/* A template that was left out, and text that aliases would multiply beyond what an object may
 * have: that is told once, and nothing of it is kept. */
static void test_templates(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct buf text cleanup_buf;
	struct spec *s;

	assert_string_equal(
		task_json(a, TASK_HEAD OK_STEPS "  volumes: [{name: v, ephemeral: {}}]\n"),
		"{\"steps\":[{\"name\":\"s\",\"image\":\"i\"}],\"volumes\":[{\"name\":\"v\","
		"\"ephemeral\":{}}]}");
	buf_init(&text, 16 * MIB);
	buf_addz(&text, RUN_HEAD "  pipelineRef: {name: p}\n  taskRunTemplate:\n    "
				 "podTemplate: {schedulerName: &a ");
	for (size_t i = 0; i < MIB; i++)
		buf_addc(&text, 'x');
	buf_addz(&text, "}\n  taskRunSpecs:\n");
	for (int i = 0; i < 100; i++)
		buf_addf(&text,
			"  - {pipelineTaskName: t%d, podTemplate: {schedulerName: *a}}\n", i);
	s = load_text(a, str_c(arena_str(a, buf_str(&text))));
	assert_non_null(
		strstr(diag_lines(a, s->diags), "1:1 error limit : larger than 64 MiB"));
	assert_int_equal(s->diags->n_errors, 1);
}

/* What a TaskRun says of its pod: every member, in the order in which it is printed. */
static const char pod_members[] =
	"\"podTemplate\":{\"env\":[{\"name\":\"E\",\"valueFrom\":{\"secretKeyRef\":{\"name\":"
	"\"s\",\"key\":\"k\",\"optional\":true}}}],"
	"\"securityContext\":{\"runAsUser\":1,\"runAsGroup\":2,\"runAsNonRoot\":true,"
	"\"seccompProfile\":{\"type\":\"RuntimeDefault\"},\"fsGroup\":3,"
	"\"fsGroupChangePolicy\":\"Always\",\"supplementalGroups\":[4,5],"
	"\"supplementalGroupsPolicy\":\"Strict\"},"
	"\"volumes\":[{\"name\":\"v\",\"ephemeral\":{\"volumeClaimTemplate\":{\"metadata\":"
	"{\"labels\":{\"l\":\"m\"}},\"spec\":{\"accessModes\":[\"ReadWriteOnce\"],"
	"\"resources\":"
	"{\"requests\":{\"storage\":\"1Gi\"}}}}}}],"
	"\"dnsPolicy\":\"None\",\"dnsConfig\":{\"nameservers\":[\"10.0.0.1\"],\"searches\":"
	"[\"a.b\"],\"options\":[{\"name\":\"ndots\",\"value\":\"2\"}]},"
	"\"hostAliases\":[{\"ip\":\"10.0.0.2\",\"hostnames\":[\"h\"]}],"
	"\"nodeSelector\":{\"disk\":\"ssd\"},\"tolerations\":[{\"key\":\"k\",\"operator\":"
	"\"Exists\"}],\"affinity\":{\"nodeAffinity\":{}},\"runtimeClassName\":\"kata\","
	"\"automountServiceAccountToken\":false,\"enableServiceLinks\":true,"
	"\"priorityClassName\":\"high\",\"schedulerName\":\"own\",\"imagePullSecrets\":"
	"[{\"name\":\"p\"}],\"hostNetwork\":false,\"hostUsers\":false,"
	"\"topologySpreadConstraints\":[{\"maxSkew\":1,\"topologyKey\":\"zone\","
	"\"whenUnsatisfiable\":\"DoNotSchedule\"}]},"
	"\"stepSpecs\":[{\"name\":\"s\",\"computeResources\":{\"limits\":{\"cpu\":\"1\"}}}],"
	"\"sidecarSpecs\":[{\"name\":\"d\",\"computeResources\":{\"requests\":{\"memory\":"
	"\"1Mi\"}}}],"
	"\"computeResources\":{\"limits\":{\"cpu\":\"2\"},\"requests\":{\"cpu\":\"500m\"}}";

/* What is printed of a pod template and of containers' resources is read as it was written. */
static void test_pod_settings(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct str yaml =
		arena_printf(a, TASK_RUN_HEAD "  {taskRef: {name: t}, %s}\n", pod_members);
	const struct task_run *tr = load_text(a, str_c(yaml))->runs[0].task_run;
	const struct pod_settings none = {0};
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	pod_settings_json(&tr->pod, &w);
	json_close(&w, '}');
	assert_string_equal(
		str_c(arena_str(a, buf_str(&b))), str_c(arena_printf(a, "{%s}", pod_members)));
	buf_clear(&b);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	pod_settings_json(&none, &w);
	json_close(&w, '}');
	assert_string_equal(str_c(arena_str(a, buf_str(&b))), "{}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_object),
		cmocka_unit_test(test_object_params),
		cmocka_unit_test(test_given_and_empty),
		cmocka_unit_test(test_pod_settings),
		cmocka_unit_test(test_templates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
