/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field of the Kubernetes types that Tekton's objects hold, from the API server's own
 * schemas: it is kept in the model (what is printed of it shows it), has a warning that nothing
 * comes of it, or is refused with a reason. None is read and forgotten.
 */
#include "spec_text.h"

#include <base/file.h>
#include <fcntl.h>

#define SCHEMAS "tests/kubernetes/openapi-1.36.json"
#define CORE    "io.k8s.api.core.v1."

#define OBJECT(kind)                                                                           \
	"{\"apiVersion\":\"tekton.dev/v1\",\"kind\":\"" kind                                   \
	"\",\"metadata\":{\"name\":\"t\"},"                                                    \
	"\"spec\":"

/* A place where Tekton has a Kubernetes type. */
static const struct root {
	const char *name, *type;
	const char *before, *after; /* the object of the type */
	const char *foreign;        /* members that Tekton's type has not: unknown */
} roots[] = {
	{"steps", "Container", OBJECT("Task") "{\"volumes\":[{\"name\":\"v\"}],\"steps\":[",
		"]}}",
		" lifecycle livenessProbe ports readinessProbe resizePolicy restartPolicy "
		"restartPolicyRules startupProbe stdin stdinOnce terminationMessagePath "
		"terminationMessagePolicy tty "},
	{"stepTemplate", "Container",
		OBJECT("Task") "{\"volumes\":[{\"name\":\"v\"}],\"steps\":[{\"image\":\"j\"}],"
			       "\"stepTemplate\":",
		"}}",
		" lifecycle livenessProbe name ports readinessProbe resizePolicy restartPolicy "
		"restartPolicyRules startupProbe stdin stdinOnce terminationMessagePath "
		"terminationMessagePolicy tty "},
	{"sidecars", "Container",
		OBJECT("Task") "{\"volumes\":[{\"name\":\"v\"}],\"steps\":[{\"image\":\"j\"}],"
			       "\"sidecars\":[",
		"]}}", " resizePolicy restartPolicyRules "},
	{"volumes", "Volume", OBJECT("Task") "{\"steps\":[{\"image\":\"j\"}],\"volumes\":[",
		"]}}", " "},
	{"podTemplate", "PodSpec",
		OBJECT("TaskRun") "{\"taskRef\":{\"name\":\"r\"},\"podTemplate\":", "}}",
		" activeDeadlineSeconds containers ephemeralContainers hostIPC hostPID "
		"hostname "
		"hostnameOverride initContainers nodeName os overhead preemptionPolicy "
		"priority "
		"readinessGates resourceClaims resources restartPolicy schedulingGates "
		"schedulingGroup serviceAccount serviceAccountName setHostnameAsFQDN "
		"shareProcessNamespace subdomain terminationGracePeriodSeconds "},
	{"computeResources", "ResourceRequirements",
		OBJECT("TaskRun") "{\"taskRef\":{\"name\":\"r\"},\"computeResources\":", "}}",
		" "},
	{"stepSpecs", "ResourceRequirements",
		OBJECT("TaskRun") "{\"taskRef\":{\"name\":\"r\"},\"stepSpecs\":[{\"name\":"
				  "\"s\","
				  "\"computeResources\":",
		"}]}}", " "},
#define BINDING(type_, key)                                                                    \
	{                                                                                      \
		"workspaces." key, type_,                                                      \
			OBJECT("TaskRun") "{\"taskRef\":{\"name\":\"r\"},\"workspaces\":[{"    \
					  "\"name\":\"w\",\"" key "\":",                       \
			"}]}}", " "                                                            \
	}
	BINDING("EmptyDirVolumeSource", "emptyDir"),
	BINDING("PersistentVolumeClaimVolumeSource", "persistentVolumeClaim"),
	BINDING("PersistentVolumeClaimTemplate", "volumeClaimTemplate"),
	BINDING("ConfigMapVolumeSource", "configMap"),
	BINDING("SecretVolumeSource", "secret"),
	BINDING("ProjectedVolumeSource", "projected"),
	BINDING("CSIVolumeSource", "csi"),
};

/* What an object of a type must have beside the member that is looked at. */
static const struct {
	const char *type, *key, *value;
	const char *unless; /* one of these is looked at */
} beside[] = {
	{"Container", "image", "\"i\"", ""},
	{"Volume", "name", "\"zv\"", ""},
	{"VolumeMount", "name", "\"v\"", ""},
	{"VolumeMount", "mountPath", "\"/m\"", ""},
	{"EnvVar", "name", "\"E\"", ""},
	{"EnvFromSource", "configMapRef", "{\"name\":\"c\"}", " secretRef "},
	{"ConfigMapKeySelector", "key", "\"k\"", ""},
	{"SecretKeySelector", "key", "\"k\"", ""},
	{"KeyToPath", "key", "\"k\"", ""},
	{"KeyToPath", "path", "\"p\"", ""},
	{"ObjectFieldSelector", "fieldPath", "\"metadata.name\"", ""},
	{"ResourceFieldSelector", "resource", "\"limits.cpu\"", ""},
	{"ResourceFieldSelector", "containerName", "\"c\"", ""},
	{"DownwardAPIVolumeFile", "path", "\"p\"", ""},
	{"DownwardAPIVolumeFile", "fieldRef", "{\"fieldPath\":\"metadata.name\"}",
		" resourceFieldRef "},
	{"Probe", "exec", "{\"command\":[\"x\"]}", " httpGet tcpSocket grpc "},
	{"ContainerPort", "containerPort", "80", ""},
	{"HTTPGetAction", "port", "80", ""},
	{"TCPSocketAction", "port", "80", ""},
	{"HTTPHeader", "name", "\"N\"", ""},
	{"SeccompProfile", "type", "\"Localhost\"", ""},
	{"ConfigMapVolumeSource", "name", "\"c\"", ""},
	{"SecretVolumeSource", "secretName", "\"c\"", ""},
	{"PersistentVolumeClaimVolumeSource", "claimName", "\"c\"", ""},
	{"ImageVolumeSource", "reference", "\"i\"", ""},
	{"HostPathVolumeSource", "path", "\"/m\"", ""},
};

/* Values that are valid where the one of the kind is not. */
static const struct {
	const char *type, *key, *value;
} samples[] = {
	{"ObjectFieldSelector", "fieldPath", "\"metadata.uid\""},
	{"ResourceFieldSelector", "resource", "\"limits.memory\""},
	{"Capabilities", "add", "[\"CHOWN\"]"},
	{"Capabilities", "drop", "[\"KILL\"]"},
	{"EmptyDirVolumeSource", "medium", "\"Memory\""},
	{"HostPathVolumeSource", "path", "\"/zq\""},
	{"HostPathVolumeSource", "type", "\"Directory\""},
	{"VolumeMount", "mountPath", "\"/zq\""},
	{"VolumeMount", "name", "\"v\""},
	{"VolumeMount", "recursiveReadOnly", "\"Disabled\""},
	{"Probe", "successThreshold", "1"},
	{"SeccompProfile", "type", "\"RuntimeDefault\""},
	{"PodDNSConfig", "nameservers", "[\"10.0.0.1\"]"},
	{"HostAlias", "ip", "\"10.0.0.1\""},
	{"HTTPGetAction", "host", "\"127.0.0.1\""},
	{"TCPSocketAction", "host", "\"127.0.0.1\""},
	{"PodSpec", "dnsPolicy", "\"Default\""},
};

struct walk {
	struct arena *arena;
	const struct json *schemas;
	const struct root *root;
	size_t n_fields, n_kept, n_warned, n_refused, n_foreign;
	size_t n_wrong;
};

static struct str type_of_ref(const struct json *property)
{
	const struct json *all = json_get(property, "allOf");
	struct str ref = json_str(json_get(all ? json_at(all, 0) : property, "$ref"));

	return str_slice(ref, (size_t)(str_rchr(ref, '/') + 1), ref.n);
}

static bool has_word(const char *words, const char *word)
{
	char padded[128];

	snprintf(padded, sizeof(padded), " %s ", word);
	return strstr(words, padded) != NULL;
}

/* --- one document ------------------------------------------------------------------------ */

static struct str dump(struct arena *a, const struct spec *s)
{
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	json_open(&w, '[');
	for (size_t i = 0; i < s->n_tasks; i++)
		task_spec_json(&s->tasks[i].spec, &w);
	for (size_t i = 0; i < s->n_pipelines; i++)
		pipeline_spec_json(&s->pipelines[i].spec, &w);
	for (size_t i = 0; i < s->n_runs; i++) {
		const struct task_run *tr = s->runs[i].task_run;

		if (!tr) {
			pipeline_spec_json(s->runs[i].pipeline_run->pipeline_spec, &w);
			continue;
		}
		json_open(&w, '{');
		pod_settings_json(&tr->pod, &w);
		json_close(&w, '}');
		for (size_t k = 0; k < tr->n_workspaces; k++)
			workspace_binding_json(&tr->workspaces[k], &w);
	}
	json_close(&w, ']');
	return arena_str(a, buf_str(&b));
}

static void wrong(struct walk *w, const char *path, const char *what, const char *detail)
{
	w->n_wrong++;
	print_error("%s: %s: %s\n%s\n", w->root->name, path, what, detail);
}

/* member: the "key":value that must be in what is printed */
static void check(struct walk *w, const char *text, const char *path, const char *member,
	bool want_foreign)
{
	cleanup_arena struct arena *a = arena_new();
	const struct spec *s = load_text(a, text);
	const char *lines = diag_lines(a, s->diags);
	const bool is_foreign = strstr(lines, "unknown-field") != NULL;

	w->n_fields++;
	w->n_foreign += is_foreign;
	if (is_foreign != want_foreign) {
		wrong(w, path, is_foreign ? "is unknown" : "is known", lines);
	} else if (is_foreign) {
		return;
	} else if (strstr(lines, "not-supported") || strstr(lines, "must not be set")) {
		w->n_refused++;
		if (strstr(lines, "not supported yet"))
			wrong(w, path, "refused without a reason", lines);
	} else if (!spec_ok(s)) {
		wrong(w, path, "not what was asked", lines);
	} else if (strstr(lines, "no-effect")) {
		w->n_warned++;
	} else if (!str_has(dump(a, s), str_z(member))) {
		wrong(w, path, "read and forgotten", text);
	} else {
		w->n_kept++;
	}
}

/* --- the walk ---------------------------------------------------------------------------- */

static const char *sample(
	struct walk *w, const char *type, const char *key, const struct json *property)
{
	const struct json *enums = json_get(property, "enum");
	struct str kind = json_str(json_get(property, "type"));
	struct str ref = type_of_ref(property);
	const struct json *of;

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++)
		if (strcmp(samples[i].type, type) == 0 && strcmp(samples[i].key, key) == 0)
			return samples[i].value;
	if (enums)
		return str_c(arena_printf(
			w->arena, "\"" STR_FMT "\"", STR_ARG(json_str(json_at(enums, 0)))));
	if (str_ends(ref, STR("IntOrString")) || str_eqz(kind, "integer") ||
		str_eqz(kind, "number"))
		return "7";
	if (str_ends(ref, STR("Quantity")))
		return "\"1\"";
	if (str_eqz(kind, "boolean"))
		return "true";
	if ((of = json_get(property, "items")))
		return str_c(arena_printf(w->arena, "[%s]", sample(w, type, "", of)));
	if ((of = json_get(property, "additionalProperties")))
		return str_c(arena_printf(w->arena, "{\"cpu\":%s}", sample(w, type, "", of)));
	return "\"zq\"";
}

static void walk(struct walk *w, struct str type, const char *before, const char *after,
	const char *path);

static void walk_member(struct walk *w, struct str type, const struct json *p,
	const char *before, const char *after, const char *path)
{
	const char *name = str_c(arena_str(w->arena, str_slice(type, strlen(CORE), type.n)));
	const char *key = str_c(arena_str(w->arena, p->key));
	const struct json *items = json_get(p, "items");
	const struct json *below = json_get(w->schemas, str_c(type_of_ref(items ? items : p)));
	const bool is_foreign =
		strcmp(before, w->root->before) == 0 && has_word(w->root->foreign, key);
	struct buf head cleanup_buf;
	const char *member;

	if (strcmp(name, "Container") == 0 && strcmp(key, "resources") == 0)
		key = "computeResources"; /* as Tekton's v1 calls it */
	path = str_c(arena_printf(w->arena, "%s.%s", path, key));
	buf_init(&head, MIB);
	buf_addf(&head, "%s{", before);
	for (size_t i = 0; i < ARRAY_SIZE(beside); i++)
		if (strcmp(beside[i].type, name) == 0 && strcmp(beside[i].key, key) != 0 &&
			!has_word(beside[i].unless, key))
			buf_addf(&head, "\"%s\":%s,", beside[i].key, beside[i].value);
	if (json_get(below, "properties") && !is_foreign) {
		buf_addf(&head, "\"%s\":%s", key, items ? "[" : "");
		walk(w, type_of_ref(items ? items : p),
			str_c(arena_str(w->arena, buf_str(&head))),
			str_c(arena_printf(w->arena, "%s}%s", items ? "]" : "", after)), path);
		return;
	}
	member = str_c(arena_printf(w->arena, "\"%s\":%s", key, sample(w, name, key, p)));
	check(w,
		str_c(arena_printf(
			w->arena, STR_FMT "%s}%s", STR_ARG(buf_str(&head)), member, after)),
		path, member, is_foreign);
}

static void walk(struct walk *w, struct str type, const char *before, const char *after,
	const char *path)
{
	const struct json *schema = json_get(w->schemas, str_c(type));

	assert_non_null(schema);
	json_foreach (p, json_get(schema, "properties"))
		walk_member(w, type, p, before, after, path);
}

static void test_every_field(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct err err = {0};
	struct str text;
	struct json *all;
	size_t n = 0, n_wrong = 0;

	if (file_read(a, AT_FDCWD, SCHEMAS, 16 * (size_t)MIB, &text, &err) < 0 ||
		json_parse(a, text, text.n, &all, &err) < 0)
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < ARRAY_SIZE(roots); i++) {
		struct walk w = {.arena = a,
			.schemas = json_get(json_get(all, "components"), "schemas"),
			.root = &roots[i]};

		walk(&w, arena_printf(a, CORE "%s", roots[i].type), roots[i].before,
			roots[i].after, roots[i].name);
		print_message("%-32s %4zu fields: %zu kept, %zu without effect, %zu refused, "
			      "%zu not in Tekton's type\n",
			roots[i].name, w.n_fields, w.n_kept, w.n_warned, w.n_refused,
			w.n_foreign);
		n += w.n_fields;
		n_wrong += w.n_wrong;
	}
	assert_true(n > 500);
	assert_int_equal(n_wrong, 0);
}

/* --- Tekton's own types ------------------------------------------------------------------ */

#define PT                                                                                     \
	OBJECT("Pipeline")                                                                     \
	"{\"workspaces\":[{\"name\":\"w\"}],\"tasks\":[{\"name\":\"a\"," TASK "},{"
#define TASK "\"taskSpec\":{\"steps\":[{\"image\":\"j\"}]}"

/* Members of objects as a whole (tekton-semantics 3); a '!' before it: refused. */
static const struct own {
	const char *name, *before, *after;
	const char *members[24];
} own[] = {
	{"Task", OBJECT("Task") "{", ",\"steps\":[{\"name\":\"s\",\"image\":\"i\"}]}}",
		{"\"displayName\":\"zq\"", "\"description\":\"zq\"",
			"\"params\":[{\"name\":\"zq\",\"type\":\"string\",\"description\":"
			"\"d\","
			"\"default\":\"e\",\"enum\":[\"e\"]}]",
			"\"params\":[{\"name\":\"zq\",\"type\":\"object\",\"properties\":{"
			"\"k\":{\"type\":\"string\"}}}]",
			"\"workspaces\":[{\"name\":\"zq\",\"description\":\"d\",\"mountPath\":"
			"\"/m\",\"readOnly\":true,\"optional\":true}]",
			"\"results\":[{\"name\":\"zq\",\"type\":\"object\",\"properties\":{"
			"\"k\":{\"type\":\"string\"}},\"description\":\"d\"}]"}},
	{"steps",
		OBJECT("Task") "{\"workspaces\":[{\"name\":\"w\"}],\"steps\":[{\"image\":"
			       "\"i\",",
		"}]}}",
		{"\"displayName\":\"zq\"", "\"script\":\"zq\"", "\"timeout\":\"7s\"",
			"\"workspaces\":[{\"name\":\"w\",\"mountPath\":\"/m\"}]",
			"\"onError\":\"continue\"", "\"stdoutConfig\":{\"path\":\"zq\"}",
			"\"stderrConfig\":{\"path\":\"zq\"}",
			"\"results\":[{\"name\":\"zq\",\"type\":\"string\",\"description\":"
			"\"d\"}]",
			"\"when\":[{\"input\":\"a\",\"operator\":\"in\",\"values\":[\"b\"]}]"}},
	{"steps[].ref", OBJECT("Task") "{\"steps\":[{", "}]}}",
		{"\"ref\":{\"name\":\"zq\"}", "!\"ref\":{\"resolver\":\"zq\"}",
			"!\"ref\":{\"resolver\":\"git\",\"params\":[{\"name\":\"a\",\"value\":"
			"\"b\"}]}",
			"\"ref\":{\"name\":\"r\"},\"params\":[{\"name\":\"zq\",\"value\":\"v\"}"
			"]"}},
	{"sidecars",
		OBJECT("Task") "{\"workspaces\":[{\"name\":\"w\"}],\"steps\":[{\"image\":\"i\"}"
			       "],"
			       "\"sidecars\":[{\"image\":\"i\",",
		"}]}}",
		{"\"script\":\"zq\"",
			"\"workspaces\":[{\"name\":\"w\",\"mountPath\":\"/m\"}]"}},
	{"Pipeline", OBJECT("Pipeline") "{", ",\"tasks\":[{\"name\":\"a\"," TASK "}]}}",
		{"\"displayName\":\"zq\"", "\"description\":\"zq\"",
			"\"params\":[{\"name\":\"zq\",\"type\":\"string\"}]",
			"\"workspaces\":[{\"name\":\"zq\",\"description\":\"d\",\"optional\":"
			"true}]",
			"\"results\":[{\"name\":\"zq\",\"type\":\"string\",\"description\":"
			"\"d\","
			"\"value\":\"$(tasks.a.results.r)\"}]",
			"\"finally\":[{\"name\":\"zq\"," TASK "}]"}},
	{"tasks", PT, "\"name\":\"t\"," TASK "}]}}",
		{"\"displayName\":\"zq\",", "\"description\":\"zq\",",
			"\"when\":[{\"input\":\"a\",\"operator\":\"in\",\"values\":[\"b\"]}],",
			"\"retries\":7,", "\"runAfter\":[\"a\"],",
			"\"params\":[{\"name\":\"zq\",\"value\":[\"v\"]}],",
			"\"matrix\":{\"params\":[{\"name\":\"zq\",\"value\":[\"v\"]}],"
			"\"include\":["
			"{\"name\":\"i\",\"params\":[{\"name\":\"zz\",\"value\":\"v\"}]}]},",
			"\"workspaces\":[{\"name\":\"x\",\"workspace\":\"w\",\"subPath\":"
			"\"zq\"}],",
			"\"timeout\":\"7s\",", "\"onError\":\"continue\","}},
	{"tasks[] by what they run", PT, "\"name\":\"t\"}]}}",
		{"\"taskRef\":{\"name\":\"zq\",\"kind\":\"Task\"},",
			"!\"taskRef\":{\"name\":\"zq\",\"kind\":\"ClusterTask\"},",
			"!\"taskRef\":{\"name\":\"zq\",\"kind\":\"Other\"},",
			"!\"taskRef\":{\"name\":\"zq\",\"apiVersion\":\"e.dev/v1\"},",
			"!\"taskRef\":{\"resolver\":\"git\"},",
			"!\"taskRef\":{\"resolver\":\"cluster\",\"params\":[{\"name\":\"n\","
			"\"value\":\"v\"}]},",
			"\"pipelineRef\":{\"name\":\"zq\"},",
			"!\"pipelineRef\":{\"name\":\"zq\",\"apiVersion\":\"e.dev/v1\"},",
			"!\"pipelineRef\":{\"resolver\":\"hub\"},",
			"\"pipelineSpec\":{\"tasks\":[{\"name\":\"zq\"," TASK "}]},",
			"\"taskSpec\":{\"metadata\":{\"labels\":{\"a\":\"b\"},\"annotations\":{"
			"\"c\":\"d\"}},\"steps\":[{\"image\":\"j\"}]},",
			"!\"taskSpec\":{\"apiVersion\":\"e.dev/"
			"v1\",\"kind\":\"K\",\"spec\":{\"a\":"
			"1}},"}},
};

static void test_own_fields(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct root nameless = {0};
	struct walk w = {.arena = a, .root = &nameless};

	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		nameless.name = own[i].name;
		for (size_t k = 0; k < ARRAY_SIZE(own[i].members) && own[i].members[k]; k++) {
			const char *member = own[i].members[k];
			const bool is_refused = *member == '!';
			const size_t n_refused = w.n_refused;
			struct str text = arena_printf(
				a, "%s%s%s", own[i].before, member + is_refused, own[i].after);

			check(&w, str_c(text), member,
				str_c(arena_str(
					a, str_slice(str_z(member), 0,
						   strlen(member) -
							   str_ends(str_z(member), STR(","))))),
				false);
			if (w.n_refused - n_refused != is_refused)
				wrong(&w, member, is_refused ? "is not refused" : "is refused",
					str_c(text));
		}
	}
	assert_int_equal(w.n_wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_own_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
