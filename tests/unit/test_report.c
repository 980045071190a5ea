/* SPDX-License-Identifier: Apache-2.0 */
/* Runs as Tekton objects: what must be in them, against runs of a fake runner, and, where the
 * recorded objects of a real cluster are at hand, against those. */
#include "agent_rig.h"

#include <base/file.h>
#include <base/json.h>
#include <fcntl.h>
#include <unistd.h>

#define OBJECTS "../shared/conformance/objects/"
#define PR                                                                                     \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r, labels: {own: "     \
	"x}}\n"

static const struct json *report(struct rig *r)
{
	struct buf b;
	struct json_writer w;
	struct json *v;
	struct err err = {0};
	struct str text;

	buf_init(&b, 64 * (size_t)MIB);
	json_writer_init(&w, &b, 2);
	json_open(&w, '[');
	report_items(r->view, &w);
	json_close(&w, ']');
	text = arena_str(r->arena, buf_str(&b));
	buf_release(&b);
	if (json_parse(r->arena, text, text.n, &v, &err))
		fail_msg("%s", err.msg);
	return v;
}

/* The value at a path of members and indexes: "status.steps.0.name"; NULL: there is none. */
static const struct json *at(const struct json *v, const char *path)
{
	struct str rest = str_z(path);

	while (v && rest.n) {
		struct str word, tail = STR_NONE;
		char key[64];
		size_t i = 0;

		if (!str_cut(rest, '.', &word, &tail))
			word = rest;
		rest = tail;
		snprintf(key, sizeof(key), STR_FMT, STR_ARG(word));
		if (v->kind == JSON_ARRAY) {
			for (const char *c = key; *c; c++)
				i = i * 10 + (size_t)(*c - '0');
			v = json_at(v, i);
		} else {
			v = json_get(v, key);
		}
	}
	return v;
}

static const char *text_at(struct rig *r, const struct json *v, const char *path)
{
	const struct json *found = at(v, path);
	struct buf b;
	struct str s;

	if (!found)
		return "(none)";
	if (found->kind == JSON_STRING)
		return str_c(arena_str(r->arena, found->text));
	buf_init(&b, MIB);
	json_print(found, false, &b);
	s = arena_str(r->arena, buf_str(&b));
	buf_release(&b);
	return str_c(s);
}

#define assert_at(v, path, want) assert_string_equal(text_at(r, (v), (path)), (want))

static const char pipeline[] =
	PR "spec:\n"
	   "  params: [{name: a, value: one}, {name: b, value: [x, z]}]\n"
	   "  timeouts: {tasks: 10m}\n"
	   "  taskRunSpecs: [{pipelineTaskName: first, metadata: {labels: {extra: e}}}]\n"
	   "  workspaces: [{name: w, emptyDir: {}}]\n"
	   "  pipelineSpec:\n"
	   "    params: [{name: a}, {name: b, type: array}, {name: c, default: d}]\n"
	   "    workspaces: [{name: w}]\n"
	   "    results: [{name: out, value: $(tasks.first.results.r)}]\n"
	   "    tasks:\n"
	   "    - name: first\n"
	   "      retries: 1\n"
	   "      workspaces: [{name: w}]\n"
	   "      params: [{name: p, value: $(params.a)}]\n"
	   "      taskSpec: {params: [{name: p}], results: [{name: r}], workspaces: [{name: "
	   "w}], steps: "
	   "[{name: s, image: i, script: 'echo $(params.p)'}, {image: i, script: 'true'}]}\n"
	   "    - name: second\n"
	   "      onError: continue\n"
	   "      taskSpec: {steps: [{name: s, image: i, script: 'true'}, {name: t, image: i, "
	   "script: "
	   "'true'}]}\n"
	   "    - name: third\n"
	   "      runAfter: [first]\n"
	   "      when: [{input: $(params.a), operator: in, values: [two]}]\n"
	   "      taskSpec: {steps: [{name: s, image: i, script: 'true'}]}\n";

static const struct fate fates[] = {
	{"r-first", 0, 0, STEP_END_EXITED, 3, 0, {0}, false},
	{"r-first", 1, 1, STEP_END_EXITED, 0, 0, {"r", "made"}, false},
	{"r-second", -1, 0, STEP_END_SIGNALED, 0, SIGKILL, {0}, false},
};

static void run_object(void **state)
{
	static const struct param_override over[] = {
		{STR_INIT("a"), STR_INIT("new")}, {STR_INIT("z"), STR_INIT("implicit")}};
	struct rig *r = rig_new(pipeline);
	const struct json *d, *run;

	(void)state;
	r->opts.params = over;
	r->opts.n_params = ARRAY_SIZE(over);
	rig_start(r, fates, ARRAY_SIZE(fates));
	d = report(r);
	run = json_at(d, 0);
	assert_int_equal(d->n_children, 3);
	assert_at(run, "kind", "PipelineRun");
	assert_at(run, "apiVersion", "tekton.dev/v1");
	assert_at(run, "metadata.labels", "{\"own\":\"x\",\"tekton.dev/pipeline\":\"r\"}");
	assert_at(run, "spec.params",
		"[{\"name\":\"a\",\"value\":\"new\"},{\"name\":\"b\",\"value\":[\"x\",\"z\"]},"
		"{\"name\":\"z\",\"value\":\"implicit\"}]");
	assert_at(run, "spec.timeouts", "{\"tasks\":\"10m\",\"pipeline\":\"1h0m0s\"}");
	assert_at(run, "spec.taskRunTemplate.serviceAccountName", "default");
	assert_at(run, "status.conditions.0.status", "True");
	assert_at(run, "status.conditions.0.reason", "Completed");
	assert_at(run, "status.results", "[{\"name\":\"out\",\"value\":\"made\"}]");
	assert_at(run, "status.skippedTasks.0.name", "third");
	assert_at(run, "status.skippedTasks.0.reason", "When Expressions evaluated to false");
	assert_at(run, "status.skippedTasks.0.whenExpressions.0.input", "new");
	assert_int_equal(at(run, "status.childReferences")->n_children, 2);
	assert_at(run, "status.childReferences.1",
		"{\"apiVersion\":\"tekton.dev/v1\",\"kind\":\"TaskRun\",\"name\":\"r-second\","
		"\"pipelineTaskName\":\"second\"}");
	assert_at(
		run, "status.pipelineSpec.tasks.0.taskSpec.steps.0.script", "echo $(params.p)");
	rig_free(r);
}

static void children(void **state)
{
	struct rig *r = rig_run(pipeline, fates, ARRAY_SIZE(fates));
	const struct json *d = report(r);
	const struct json *first = json_at(d, 1);
	const struct json *second = json_at(d, 2);

	(void)state;
	assert_at(first, "metadata.name", "r-first");
	assert_at(first, "metadata.labels.own", "x");
	assert_at(first, "metadata.labels.extra", "e");
	assert_at(first, "metadata.ownerReferences.0.uid", RIG_UID);
	assert_at(first, "spec.params", "[{\"name\":\"p\",\"value\":\"one\"}]");
	assert_at(first, "spec.workspaces", "[{\"name\":\"w\",\"emptyDir\":{}}]");
	assert_at(first, "spec.retries", "1");
	assert_at(first, "spec.taskSpec.steps.0.script", "echo $(params.p)");
	assert_at(first, "status.taskSpec.steps.0.script", "echo one");
	assert_at(first, "status.podName", "r-first-pod-retry1");
	assert_at(first, "status.results",
		"[{\"name\":\"r\",\"type\":\"string\",\"value\":\"made\"}]");
	assert_int_equal(at(first, "status.retriesStatus")->n_children, 1);
	assert_at(first, "status.retriesStatus.0.podName", "r-first-pod");
	assert_at(first, "status.retriesStatus.0.conditions.0.reason", "StepFailed");
	assert_at(first, "status.retriesStatus.0.steps.0.terminated.exitCode", "3");
	assert_at(first, "status.retriesStatus.0.steps.1.terminationReason", "Skipped");
	assert_at(first, "status.steps.0.terminated.reason", "Completed");
	assert_at(first, "status.steps.1.container", "step-unnamed-1");
	assert_at(second, "metadata.annotations",
		"{\"pipeline.tekton.dev/pipeline-task-on-error\":\"continue\"}");
	assert_at(second, "status.conditions.0.reason", "FailureIgnored");
	assert_at(second, "status.steps.0.terminated.exitCode", "255");
	rig_free(r);
}

/* A TaskRun has what taskRunSpecs say of its pod, over the run's template; variables stay. */
static void pods_of_children(void **state)
{
	struct rig *r = rig_run(PR
		"spec:\n"
		"  taskRunTemplate: {podTemplate: {env: [{name: A, value: run}, {name: B, "
		"value: "
		"run}], nodeSelector: {disk: ssd}, schedulerName: run}}\n"
		"  taskRunSpecs:\n"
		"  - pipelineTaskName: a\n"
		"    podTemplate: {env: [{name: B, value: $(params.p)}], NodeSelector: {zone: "
		"z}}\n"
		"    stepSpecs: [{name: s, computeResources: {limits: {cpu: 1}}}]\n"
		"    sidecarSpecs: [{name: d, computeResources: {requests: {memory: 1Mi}}}]\n"
		"  - {pipelineTaskName: b, computeResources: {requests: {cpu: 500m}}}\n"
		"  pipelineSpec:\n"
		"    tasks:\n"
		"    - {name: a, taskSpec: {params: [{name: p, default: d}], sidecars: [{name: "
		"d, "
		"image: i}], steps: [{name: s, image: i}]}}\n"
		"    - {name: b, taskSpec: {steps: [{name: s, image: i}]}}\n"
		"    - {name: c, pipelineSpec: {tasks: [{name: x, taskSpec: {steps: [{name: s, "
		"image: i}]}}]}}\n",
		NULL, 0);
	const struct json *d = report(r);
	static const char of_run[] =
		"{\"env\":[{\"name\":\"A\",\"value\":\"run\"},{\"name\":\"B\","
		"\"value\":\"run\"}],\"nodeSelector\":{\"disk\":\"ssd\"},"
		"\"schedulerName\":\"run\"}";

	(void)state;
	assert_int_equal(d->n_children, 5);
	assert_at(d, "1.metadata.name", "r-a");
	assert_at(d, "1.spec.podTemplate",
		"{\"env\":[{\"name\":\"B\",\"value\":\"$(params.p)\"},{\"name\":\"A\","
		"\"value\":\"run\"}],\"nodeSelector\":{\"zone\":\"z\"},\"schedulerName\":"
		"\"run\"}");
	assert_at(d, "1.spec.stepSpecs",
		"[{\"name\":\"s\",\"computeResources\":{\"limits\":{\"cpu\":\"1\"}}}]");
	assert_at(d, "1.spec.sidecarSpecs.0.computeResources.requests.memory", "1Mi");
	assert_at(d, "1.spec.computeResources", "(none)");
	assert_at(d, "2.spec.podTemplate", of_run);
	assert_at(d, "2.spec.computeResources", "{\"requests\":{\"cpu\":\"500m\"}}");
	assert_at(d, "2.spec.stepSpecs", "(none)");
	assert_at(d, "3.kind", "PipelineRun");
	assert_at(d, "3.spec.taskRunTemplate.podTemplate", of_run);
	assert_at(d, "4.metadata.name", "r-c-x");
	assert_at(d, "4.spec.podTemplate", of_run);
	rig_free(r);
}

/* Tasks < taskSpec.metadata < Pipelines < runs < taskRunSpecs; each label says who gave it. */
static void labels(void **state)
{
	struct rig *r = rig_run(
		"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r, labels: "
		"{run: run, all: run, entry: run, tekton.dev/pipelineTask: mine}, annotations: "
		"{chains.tekton.dev/signed: 'true', results.tekton.dev/record: x, "
		"results.tekton.dev/recordSummaryAnnotations: x}}\nspec: {pipelineRef: {name: "
		"p}, taskRunSpecs: [{pipelineTaskName: a, metadata: {labels: {entry: "
		"entry}}}]}\n---\n"
		"apiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: p, labels: "
		"{pipeline: pipeline, all: pipeline, spec: pipeline}, annotations: {doc: p, "
		"kubectl.kubernetes.io/last-applied-configuration: '{}'}}\nspec: {tasks: "
		"[{name: a, taskRef: {name: t}}, {name: b, taskSpec: {metadata: {labels: "
		"{spec: "
		"spec, own: spec}}, steps: [{image: i}]}}]}\n---\n"
		"apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t, labels: {task: "
		"task, all: task, app.kubernetes.io/managed-by: me}}\nspec: {steps: [{image: "
		"i}]}\n",
		NULL, 0);
	const struct json *d = report(r);

	(void)state;
	assert_at(d, "0.metadata.labels",
		"{\"pipeline\":\"pipeline\",\"all\":\"run\",\"spec\":\"pipeline\",\"run\":"
		"\"run\",\"entry\":\"run\",\"tekton.dev/pipelineTask\":\"mine\",\"tekton.dev/"
		"pipeline\":\"p\"}");
	assert_at(d, "0.metadata.annotations",
		"{\"doc\":\"p\",\"results.tekton.dev/recordSummaryAnnotations\":\"x\"}");
	assert_at(d, "1.metadata.labels",
		"{\"task\":\"task\",\"all\":\"run\",\"app.kubernetes.io/managed-by\":\"me\","
		"\"pipeline\":\"pipeline\",\"spec\":\"pipeline\",\"run\":\"run\",\"entry\":"
		"\"entry\",\"tekton.dev/pipelineTask\":\"a\",\"tekton.dev/memberOf\":\"tasks\","
		"\"tekton.dev/pipeline\":\"p\",\"tekton.dev/pipelineRun\":\"r\",\"tekton.dev/"
		"pipelineRunUID\":\"" RIG_UID "\",\"tekton.dev/task\":\"t\"}");
	assert_at(d, "2.metadata.labels.own", "spec");
	assert_at(d, "2.metadata.labels.spec", "pipeline");
	rig_free(r);
	r = rig_run("apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: r, labels: {l: "
		    "run}}\nspec: {taskRef: {name: t}}\n---\napiVersion: "
		    "tekton.dev/v1\nkind: Task\nmetadata: {name: t, labels: {l: task, t: "
		    "task}}\nspec: {steps: [{image: i}]}\n",
		NULL, 0);
	assert_at(report(r), "0.metadata.labels",
		"{\"l\":\"run\",\"t\":\"task\",\"app.kubernetes.io/managed-by\":\"tekton-"
		"pipelines\",\"tekton.dev/task\":\"t\"}");
	rig_free(r);
}

static void task_run(void **state)
{
	struct rig *r =
		rig_run("apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\n"
			"spec: {params: [{name: p, value: v}], podTemplate: {nodeSelector: {a: "
			"b}}, stepSpecs: [{name: s, computeResources: {limits: {cpu: 2}}}], "
			"taskSpec: {params: [{name: p}], steps: [{name: s, image: i, script: "
			"'true'}]}}\n",
			NULL, 0);
	const struct json *d = report(r);

	(void)state;
	assert_int_equal(d->n_children, 1);
	assert_at(d, "0.kind", "TaskRun");
	assert_at(d, "0.spec.params", "[{\"name\":\"p\",\"value\":\"v\"}]");
	assert_at(d, "0.spec.timeout", "1h0m0s");
	assert_at(d, "0.spec.serviceAccountName", "default");
	assert_at(d, "0.spec.podTemplate", "{\"nodeSelector\":{\"a\":\"b\"}}");
	assert_at(d, "0.spec.stepSpecs.0.computeResources.limits.cpu", "2");
	assert_at(d, "0.status.conditions.0.reason", "Succeeded");
	assert_at(d, "0.status.podName", "tr-pod");
	rig_free(r);
}

/* A run that was refused at its start still has its params and a whole status. */
static void refused(void **state)
{
	struct rig *r =
		rig_run(PR "spec: {pipelineRef: {name: none}, params: [{name: a, value: b}]}\n",
			NULL, 0);
	const struct json *d = report(r);

	(void)state;
	assert_at(d, "0.status.conditions.0.reason", "CouldntGetPipeline");
	assert_at(d, "0.spec.params.0.value", "b");
	assert_int_equal(d->n_children, 1);
	rig_free(r);
}

/* --- the recorded objects ---------------------------------------------------------------- */

/* Members that only a cluster has, or that we have beyond it. */
static bool is_known_difference(struct str key)
{
	static const char *const keys[] = {"provenance", "namespace", "uid", "ownerReferences",
		"annotations", "artifacts", "message", "computeResources", "metadata", "spec",
		"imageID", "description", "type", "timeouts", "taskRunTemplate",
		"pipeline.tekton.dev/release"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (str_eqz(key, keys[i]))
			return true;
	return false;
}

static void compare_members(const struct json *want, const struct json *got, const char *path)
{
	char below[512];

	json_foreach (it, want) {
		const char *key = str_c(it->key);
		const struct json *mine = json_get(got, key);

		snprintf(below, sizeof(below), "%s.%s", path, key);
		if (!mine && !is_known_difference(it->key))
			fail_msg("%s is not there", below);
		if (mine && it->kind == JSON_OBJECT && mine->kind == JSON_OBJECT)
			compare_members(it, mine, below);
		for (size_t i = 0; mine && it->kind == JSON_ARRAY && i < it->n_children; i++)
			if (json_at(it, i)->kind == JSON_OBJECT && json_at(mine, i))
				compare_members(json_at(it, i), json_at(mine, i), below);
	}
	json_foreach (it, got)
		if (!json_get(want, str_c(it->key)) && !is_known_difference(it->key))
			fail_msg("%s." STR_FMT " is ours alone", path, STR_ARG(it->key));
}

static const struct json *named(const struct json *list, struct str name)
{
	json_foreach (it, list)
		if (str_eq(json_str(json_get(json_get(it, "metadata"), "name")), name))
			return it;
	return NULL;
}

/* The recorded run object as input: without its status and without what defaulting added. */
static struct str input_of(struct arena *a, const struct json *object)
{
	struct buf b;
	struct json_writer w;
	struct str s;

	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	json_fieldz(&w, "apiVersion", "tekton.dev/v1");
	json_field(&w, "kind", json_str(json_get(object, "kind")));
	json_key(&w, "metadata");
	json_open(&w, '{');
	json_field(&w, "name", json_str(at(object, "metadata.name")));
	json_close(&w, '}');
	json_key(&w, "spec");
	json_put(&w, json_get(object, "spec"));
	json_close(&w, '}');
	s = arena_str(a, buf_str(&b));
	buf_release(&b);
	return s;
}

/* Ten seconds; a step that is told to stop does. */
static void let_time_pass(struct rig *r)
{
	size_t next = 0;

	for (int64_t s = 2; s <= 12; s++) {
		rig_until(r, s * NS_PER_S);
		for (; next < r->n_actions; next++)
			if (r->actions[next].kind == ACTION_STOP_STEP)
				rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED,
						    .task = r->actions[next].task,
						    .attempt = r->actions[next].attempt,
						    .step = r->actions[next].step,
						    .end = STEP_END_SIGNALED,
						    .signal = SIGTERM});
	}
}

static void compare_object(const char *file, const struct fate *f, size_t n)
{
	struct arena *a = arena_new();
	struct str text;
	struct json *list;
	const struct json *want, *got;
	struct err err = {0};
	struct rig *r;
	char path[256];

	snprintf(path, sizeof(path), OBJECTS "%s", file);
	assert_int_equal(file_read(a, AT_FDCWD, path, MIB, &text, &err), 0);
	assert_int_equal(json_parse(a, text, MIB, &list, &err), 0);
	want = json_get(list, "items");
	r = rig_run(str_c(input_of(a, json_at(want, 0))), f, n);
	let_time_pass(r);
	got = report(r);
	assert_int_equal(got->n_children, want->n_children);
	json_foreach (it, want) {
		struct str name = json_str(at(it, "metadata.name"));
		const struct json *mine = named(got, name);

		assert_non_null(mine);
		compare_members(it, mine, str_c(name));
		assert_string_equal(text_at(r, mine, "status.conditions.0.message"),
			text_at(r, it, "status.conditions.0.message"));
		assert_string_equal(text_at(r, mine, "status.childReferences"),
			text_at(r, it, "status.childReferences"));
		assert_string_equal(text_at(r, mine, "status.skippedTasks"),
			text_at(r, it, "status.skippedTasks"));
		assert_string_equal(
			text_at(r, mine, "status.results"), text_at(r, it, "status.results"));
	}
	rig_free(r);
	arena_free(a);
}

static void recorded(void **state)
{
	static const struct fate missing[] = {
		{"missres-producer", -1, -1, STEP_END_EXITED, 0, 0, {"r2", "two"}, false},
		{"missres-fin-ok", -1, -1, STEP_END_EXITED, 0, 0,
			{"seen", "two Succeeded/None/Succeeded//Succeeded"}, false}};
	static const struct fate slow[] = {
		{"ttr-slow", 0, -1, STEP_END_EXITED, 0, 0, {0}, true},
		{"ttr-slow", 1, -1, STEP_END_EXITED, 0, 0, {"cnt", "1"}, false},
		{"ttr-never", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}};

	(void)state;
	if (access(OBJECTS, F_OK))
		skip();
	compare_object("01-missing-result-consumer.json", missing, ARRAY_SIZE(missing));
	compare_object("07-task-timeout-retries.json", slow, ARRAY_SIZE(slow));
}

/* Section 11: whenExpressions of dag tasks always, of finally tasks only for that reason;
 * order. */
static void test_skipped(void **state)
{
	static const char yaml[] = PR
		"spec:\n"
		"  pipelineSpec:\n"
		"    params: [{name: q, default: [a, b], type: array}]\n"
		"    tasks:\n"
		"    - {name: z, when: [{input: '$(params.q[0])', operator: in, values: [c]}], "
		"taskSpec: {results: [{name: r}], steps: [{image: i}]}}\n"
		"    - {name: x, when: [{input: $(tasks.z.results.r), operator: notin, values: "
		"['$(params.q[*])']}], taskSpec: {steps: [{image: i}]}}\n"
		"    - {name: w, runAfter: [x], taskSpec: {steps: [{image: i}]}}\n"
		"    - {name: ok, when: [{input: a, operator: in, values: "
		"['$(params.q[*])']}], "
		"taskSpec: {steps: [{image: i}]}}\n"
		"    finally:\n"
		"    - {name: f, when: [{input: $(tasks.status), operator: in, values: "
		"[None]}], "
		"taskSpec: {steps: [{image: i}]}}\n"
		"    - {name: e, when: [{input: $(tasks.z.results.r), operator: notin, values: "
		"[k]}], taskSpec: {steps: [{image: i}]}}\n";
	struct rig *r = rig_run(yaml, NULL, 0);
	const struct json *run = json_at(report(r), 0);

	(void)state;
	assert_at(run, "status.skippedTasks",
		"[{\"name\":\"z\",\"reason\":\"When Expressions evaluated to false\","
		"\"whenExpressions\":[{\"input\":\"a\",\"operator\":\"in\",\"values\":[\"c\"]}]"
		"},"
		"{\"name\":\"x\",\"reason\":\"Results were missing\",\"whenExpressions\":[{"
		"\"input\":\"$(tasks.z.results.r)\",\"operator\":\"notin\",\"values\":[\"a\","
		"\"b\"]}]},"
		"{\"name\":\"w\",\"reason\":\"Parent Tasks were skipped\"},"
		"{\"name\":\"f\",\"reason\":\"When Expressions evaluated to false\","
		"\"whenExpressions\":[{\"input\":\"Completed\",\"operator\":\"in\",\"values\":["
		"\"None\"]}]},"
		"{\"name\":\"e\",\"reason\":\"Results were missing\"}]");
	assert_at(run, "status.childReferences",
		"[{\"apiVersion\":\"tekton.dev/v1\",\"kind\":\"TaskRun\",\"name\":\"r-ok\","
		"\"pipelineTaskName\":\"ok\",\"whenExpressions\":[{\"input\":\"a\","
		"\"operator\":"
		"\"in\",\"values\":[\"a\",\"b\"]}]}]");
	rig_free(r);
}

/* The members of a status in the order of the Go types, so that two reports can be laid side by
 * side. */
static void assert_keys(const struct json *v, const char *want)
{
	char keys[512] = "";

	json_foreach (it, v)
		snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), "%s%s",
			keys[0] ? " " : "", str_c(it->key));
	assert_string_equal(keys, want);
}

/* Only what was started counts, and the author has no say. */
static void test_reach(void **state)
{
	struct rig *r = rig_run(
		"apiVersion: tekton.dev/v1\nkind: TaskRun\n"
		"metadata: {name: r, annotations: {own: x, monopod/privileged: none, "
		"monopod/sys-admin: step-b}}\nspec:\n  taskSpec:\n"
		"    sidecars:\n"
		"    - {name: side, image: x, securityContext: {privileged: true}}\n"
		"    steps:\n"
		"    - {name: a, image: x, securityContext: {privileged: true}}\n"
		"    - {name: b, image: x}\n"
		"    - {name: c, image: x, securityContext: {seccompProfile: {type: "
		"Unconfined}}}\n"
		"    - {name: d, image: x, securityContext: {privileged: true}}\n",
		(const struct fate[]){{.task = "r", .attempt = -1, .step = 2, .exit_code = 1}},
		1);
	const struct json *m = at(report(r), "0.metadata.annotations");

	(void)state;
	assert_str(json_str(json_get(m, "own")), "x");
	assert_str(json_str(json_get(m, "monopod/privileged")), "step-a,sidecar-side");
	assert_str(json_str(json_get(m, "monopod/unconfined")), "step-c");
	assert_null(json_get(m, "monopod/sys-admin"));
	rig_free(r);
}

static void test_order(void **state)
{
	static const char yaml[] =
		PR "spec:\n"
		   "  pipelineSpec:\n"
		   "    tasks:\n"
		   "    - {name: first, retries: 1, taskSpec: {results: [{name: r}], steps: "
		   "[{image: "
		   "i}, {image: i}]}}\n"
		   "    - {name: z, when: [{input: a, operator: in, values: [c]}], taskSpec: "
		   "{steps: "
		   "[{image: i}]}}\n"
		   "    finally: [{name: f, taskSpec: {steps: [{image: i}]}}]\n"
		   "    results: [{name: out, value: $(tasks.first.results.r)}]\n";
	struct rig *r = rig_run(yaml, fates, ARRAY_SIZE(fates));
	const struct json *list = report(r), *child = at(list, "1.status");

	(void)state;
	assert_keys(at(list, "0.status"),
		"conditions startTime completionTime results pipelineSpec skippedTasks "
		"childReferences finallyStartTime");
	assert_keys(child, "conditions podName startTime completionTime steps retriesStatus "
			   "results taskSpec");
	assert_keys(at(child, "retriesStatus.0"),
		"conditions podName startTime completionTime steps taskSpec");
	assert_keys(
		at(child, "steps.0"), "terminated name container imageID terminationReason");
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_skipped),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_reach),
		cmocka_unit_test(run_object),
		cmocka_unit_test(children),
		cmocka_unit_test(pods_of_children),
		cmocka_unit_test(labels),
		cmocka_unit_test(task_run),
		cmocka_unit_test(refused),
		cmocka_unit_test(recorded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
