/* SPDX-License-Identifier: Apache-2.0 */
/* `pod` without its verb: names, YAML, ConfigMaps, placement. */
#include "entrypoint/deflate.h"
#include "entrypoint/pod.h"
#include "spec_build.h"

#include <base/bounds.h>
#include <monopod/name.h>
#include <string.h>

static void test_names(void **state)
{
	static const struct {
		const char *s;
		bool label, subdomain, qualified, value;
	} cases[] = {
		{"", false, false, false, true},
		{"a", true, true, true, true},
		{"a-b", true, true, true, true},
		{"-a", false, false, false, false},
		{"a-", false, false, false, false},
		{"a.b", false, true, true, true},
		{"a..b", false, false, true, true},
		{".a", false, false, false, false},
		{"a.-b", false, false, true, true},
		{"A", false, false, true, true},
		{"a_b", false, false, true, true},
		{"a/b", false, false, true, false},
		{"a.b/C_d", false, false, true, false},
		{"A/b", false, false, false, false},
		{"/b", false, false, false, false},
		{"a/", false, false, false, false},
		{"a/b/c", false, false, false, false},
		{"a b", false, false, false, false},
		{"\xc3\xbc", false, false, false, false},
		{"..", false, false, false, false},
	};
	char text[255];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str s = str_z(cases[i].s);

		if (name_is_dns_label(s) != cases[i].label ||
			name_is_dns_subdomain(s) != cases[i].subdomain ||
			name_is_qualified(s) != cases[i].qualified ||
			name_is_label_value(s) != cases[i].value)
			fail_msg("'%s'", cases[i].s);
	}
	memset(text, 'a', sizeof(text));
	assert_true(name_is_dns_label((struct str){text, 63}));
	assert_false(name_is_dns_label((struct str){text, 64}));
	assert_false(name_is_label_value((struct str){text, 64}));
	assert_true(name_is_dns_subdomain((struct str){text, 253}));
	assert_false(name_is_dns_subdomain((struct str){text, 254}));
}

static void test_yaml(void **state)
{
	static const struct {
		const char *json, *want;
	} cases[] = {
		{"{}", "{}\n"},
		{"[]", "[]\n"},
		{"{\"a\":1,\"b\":true,\"c\":null}", "a: 1\nb: true\nc: null\n"},
		{"{\"a\":{},\"b\":[]}", "a: {}\nb: []\n"},
		{"{\"a\":{\"b\":[1,[2,3],{\"c\":4,\"d\":[5]}]}}",
			"a:\n  b:\n  - 1\n  - - 2\n    - 3\n  - c: 4\n    d:\n    - 5\n"},
		{"{\"a\":\"plain/text.x_y-z\",\"b\":\"\"}", "a: plain/text.x_y-z\nb: \"\"\n"},
		{"{\"y\":\"no\",\"On\":\"NULL\"}", "\"y\": \"no\"\n\"On\": \"NULL\"\n"},
		{"{\"a\":\"010\",\"b\":\"1e3\",\"c\":\"-x\",\"d\":\"a b\"}",
			"a: \"010\"\nb: \"1e3\"\nc: \"-x\"\nd: \"a b\"\n"},
		{"{\"a\":\"x\\ny\\t\\\"\"}", "a: \"x\\ny\\t\\\"\"\n"},
		{"{\"a: b\":\"#\"}", "\"a: b\": \"#\"\n"},
		{"{\"a\":\"\u2028\u2029\ufeff \x7f \xc2\x85 \xc2\xa0 \xf0\x9f\x98\x80\"}",
			"a: \"\\u2028\\u2029\\ufeff \\u007f \\u0085 \xc2\xa0 "
			"\xf0\x9f\x98\x80\"\n"},
		{"{\"a\":\"\xef\xbf\xbe \xef\xbf\xbf\"}", "a: \"\\ufffe \\uffff\"\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out cleanup_buf = {0};
		struct err err = {0};

		buf_init(&out, MIB);
		assert_int_equal(pod_yaml(str_z(cases[i].json), &out, &err), 0);
		assert_string_equal(out.p, cases[i].want);
	}
}

/* Text that does not get smaller. */
static struct str noise(struct arena *a, size_t n, uint32_t seed)
{
	char *p = arena_alloc(a, n + 3);

	p[0] = '"';
	for (size_t i = 1; i <= n; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 17;
		seed ^= seed << 5;
		p[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"[seed %
											  64];
	}
	p[n + 1] = '"';
	p[n + 2] = '\0';
	return (struct str){p, n + 2};
}

static size_t map_bytes(const struct pod_map *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_files; i++)
		n += m->files[i].name.n + m->files[i].bytes.n;
	return n;
}

/* All documents are there again, in their order, and no map is too large. */
static void check_bundle(struct arena *a, const struct str *docs, size_t n,
	const struct pod_map *maps, size_t n_maps)
{
	size_t found = 0;

	for (size_t i = 0; i < n_maps; i++) {
		assert_true(map_bytes(&maps[i]) <= MIB);
		for (size_t k = 0; k < maps[i].n_files; k++) {
			const struct pod_file *f = &maps[i].files[k];
			struct buf text cleanup_buf = {0};
			struct err err = {0};
			struct json *v;

			if (!str_starts(f->name, STR("input-")))
				continue;
			buf_init(&text, 64 * (size_t)MIB);
			if (f->is_binary)
				assert_int_equal(
					inflate_text(f->bytes, DEFLATE_GZIP, &text, &err), 0);
			else
				buf_adds(&text, f->bytes);
			assert_int_equal(
				json_parse(a, buf_str(&text), 64 * (size_t)MIB, &v, &err), 0);
			json_foreach (it, json_get(v, "items"))
				assert_memory_equal(
					it->text.p, docs[found++].p + 1, it->text.n);
		}
	}
	assert_int_equal(found, n);
}

static int bundle(struct arena *a, const struct str *docs, size_t n,
	const struct pod_file *more, struct pod_map **ret, size_t *ret_n, struct err *err)
{
	const struct pod_bundle_input in = {docs, n, more, more != NULL};

	return pod_bundle(a, &in, ret, ret_n, err);
}

static void test_bundle(void **state)
{
	static const struct {
		size_t n, bytes, n_maps;
	} cases[] = {
		{1, 10, 1}, {3, 300000, 1}, {2, 900000, 2}, {5, 400000, 2}, {40, 100000, 4}};
	struct pod_file more = {.name = STR("images.map"), .bytes = STR("a=b\n")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *a cleanup_arena = arena_new();
		struct str *docs = arena_new_array(a, struct str, cases[i].n);
		struct pod_map *maps;
		struct err err = {0};
		size_t n_maps;

		for (size_t k = 0; k < cases[i].n; k++)
			docs[k] = noise(a, cases[i].bytes, (uint32_t)k + 1);
		assert_int_equal(bundle(a, docs, cases[i].n, &more, &maps, &n_maps, &err), 0);
		if (n_maps != cases[i].n_maps)
			fail_msg("case %zu: %zu maps", i, n_maps);
		assert_string_equal(str_c(maps[0].files[0].name), "images.map");
		check_bundle(a, docs, cases[i].n, maps, n_maps);
	}
}

static void test_bundle_too_large(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct str docs[] = {STR("1"), noise(a, 2 * (size_t)MIB, 7)};
	struct pod_file more = {
		.name = STR("images.lock"), .bytes = noise(a, 2 * (size_t)MIB, 9)};
	struct pod_map *maps;
	struct err err = {0};
	size_t n;

	(void)state;
	assert_int_equal(bundle(a, docs, 2, NULL, &maps, &n, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(bundle(a, docs, 1, &more, &maps, &n, &err), -1);
	assert_non_null(strstr(err.msg, "images.lock"));
}

/* As it is read in the pod: by a reader of YAML. */
static void test_bundle_is_yaml(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct str doc =
		STR("{\"a\":\"\x7f \xc2\x80 \xc2\x85 \xe2\x80\xa8 \xef\xbb\xbf \xc3\xbc\"}");
	struct pod_map *maps;
	struct err err = {0};
	size_t n;

	(void)state;
	assert_int_equal(bundle(a, &doc, 1, NULL, &maps, &n, &err), 0);
	assert_non_null(strstr(str_c(maps[0].files[0].bytes),
		"{\"a\":\"\\u007f \\u0080 \\u0085 \\u2028 \\ufeff \xc3\xbc\"}"));
}

#define RUN                                                                                    \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"           \
	"  pipelineSpec: {tasks: [{name: a, taskSpec: {steps: [{image: i, script: x}]}}, "     \
	"{name: "                                                                              \
	"b, taskSpec: {steps: [{image: i, script: x}]}}]}\n"
#define ALL(template) "  taskRunTemplate: {podTemplate: {" template "}}\n"
#define TWO(a, b)                                                                              \
	"  taskRunSpecs: [{pipelineTaskName: a, podTemplate: {" a "}}, {pipelineTaskName: b, " \
	"podTemplate: {" b "}}]\n"

static void test_place(void **state)
{
	static const struct {
		const char *yaml,
			*want; /* the first of the placement that is set; or a problem */
	} cases[] = {
		{RUN, ""},
		{RUN ALL("nodeSelector: {a: b}"), "{\"a\":\"b\"}"},
		{RUN ALL("nodeSelector: {a: b}")
				TWO("nodeSelector: {c: d}", "nodeSelector: {a: b}"),
			"{\"a\":\"b\",\"c\":\"d\"}"},
		{RUN ALL("nodeSelector: {a: b}") TWO("nodeSelector: {a: c}", ""),
			"!podTemplate.nodeSelector of task 'a'"},
		{RUN TWO("tolerations: [{key: a}]", "tolerations: [{key: b}, {key: a}]"),
			"[{\"key\":\"a\"},{\"key\":\"b\"}]"},
		{RUN TWO("schedulerName: s", "schedulerName: s"), "\"s\""},
		{RUN TWO("schedulerName: s", "schedulerName: t"),
			"!podTemplate.schedulerName of task 'b'"},
		{RUN ALL("schedulerName: \"\""), ""},
		{RUN ALL("nodeSelector: {a: 1}"), "!podTemplate.nodeSelector: not what"},
		{RUN ALL("tolerations: [{key: a, tolerationSeconds: x}]"),
			"!podTemplate.tolerations: not"},
		{RUN ALL("affinity: {nodeAffinity: {x: 1}}"),
			"!podTemplate.affinity: not what"},
		{RUN ALL("affinity: {nodeAffinity: "
			 "{preferredDuringSchedulingIgnoredDuringExecution: "
			 "[{weight: 1, preference: {matchExpressions: [{key: k, operator: "
			 "Exists}]}}]}}"),
			"{\"nodeAffinity\":{"
			"\"preferredDuringSchedulingIgnoredDuringExecution\":["
			"{\"weight\":1,\"preference\":{\"matchExpressions\":[{\"key\":\"k\","
			"\"operator\":\"Exists\"}]}}]}}"},
		{RUN ALL("nodeSelector: {a b: c}"), "!podTemplate.nodeSelector: not what"},
		{RUN ALL("nodeSelector: {a: c d}"), "!podTemplate.nodeSelector: not what"},
		{RUN ALL("priorityClassName: Bad Name"),
			"!podTemplate.priorityClassName: not what"},
		{RUN ALL("runtimeClassName: Bad_"), "!podTemplate.runtimeClassName: not what"},
		{RUN ALL("imagePullSecrets: [{name: Bad Name}]"),
			"!podTemplate.imagePullSecrets: not what"},
		{RUN ALL("imagePullSecrets: [{}]"),
			"!podTemplate.imagePullSecrets: not what a pod takes there: "
			"imagePullSecrets[0].name"},
		{RUN ALL("tolerations: [{key: b}, {key: a, operator: Bogus}]"),
			"!podTemplate.tolerations: not what a pod takes there: "
			"tolerations[1].operator"},
		{RUN ALL("tolerations: [{operator: Equal, value: x}]"),
			"!podTemplate.tolerations: not what"},
		{RUN ALL("tolerations: [{key: a, operator: Exists, value: x}]"),
			"!podTemplate.tolerations: not what"},
		{RUN ALL("tolerations: [{key: a, effect: NoSchedule, tolerationSeconds: 5}]"),
			"!podTemplate.tolerations: not what"},
		{RUN ALL("tolerations: [{key: a, value: no value}]"),
			"!podTemplate.tolerations: not what"},
		{RUN ALL("topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, "
			 "whenUnsatisfiable: ScheduleAnyway, minDomains: 2}]"),
			"!podTemplate.topologySpreadConstraints: not what"},
		{RUN ALL("topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, "
			 "whenUnsatisfiable: DoNotSchedule}, {maxSkew: 2, topologyKey: z, "
			 "whenUnsatisfiable: DoNotSchedule}]"),
			"!podTemplate.topologySpreadConstraints: not what"},
		{RUN ALL("topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, "
			 "whenUnsatisfiable: DoNotSchedule, minDomains: 2}, {maxSkew: 2, "
			 "topologyKey: z, whenUnsatisfiable: ScheduleAnyway}]"),
			""},
		{RUN ALL("topologySpreadConstraints: [{topologyKey: z}]"),
			"!podTemplate.topologySpreadConstraints: not what"},
		{RUN ALL("topologySpreadConstraints: [{maxSkew: 0, topologyKey: z, "
			 "whenUnsatisfiable: ScheduleAnyway}]"),
			"!podTemplate.topologySpreadConstraints: not what"},
		{RUN ALL("topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, "
			 "whenUnsatisfiable: Maybe}]"),
			"!podTemplate.topologySpreadConstraints: not what"},
		{RUN ALL("affinity: {nodeAffinity: "
			 "{requiredDuringSchedulingIgnoredDuringExecution: {}}}"),
			"!podTemplate.affinity: not what"},
		{RUN ALL("affinity: {nodeAffinity: "
			 "{requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
			 "[]}}}"),
			"!podTemplate.affinity: not what"},
		{RUN ALL("affinity: {nodeAffinity: "
			 "{requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
			 "[{matchExpressions: [{key: k, operator: In}]}]}}}"),
			"!podTemplate.affinity: not what"},
		{RUN ALL("affinity: {podAffinity: "
			 "{preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1, "
			 "podAffinityTerm: {}}]}}"),
			"!podTemplate.affinity: not what"},
		{RUN ALL("affinity: {podAffinity: "
			 "{preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, "
			 "podAffinityTerm: {topologyKey: z}}]}}"),
			"!podTemplate.affinity: not what"},
		{RUN ALL("tolerations: [{operator: Exists, effect: NoExecute, "
			 "tolerationSeconds: 5}]"),
			"[{\"operator\":\"Exists\",\"effect\":\"NoExecute\","
			"\"tolerationSeconds\":5}]"},
#define NODE_TERM(term)                                                                        \
	RUN ALL("affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "   \
		"{nodeSelectorTerms: [{" term "}]}}}")
#define POD_TERM(term)                                                                         \
	RUN ALL("affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "    \
		"[{topologyKey: z" term "}]}}")
#define SPREAD(more)                                                                           \
	RUN ALL("topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: " \
		"ScheduleAnyway" more "}]")
#define L16         "{a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: "
#define R16         "}}}}}}}}}}}}}}}}"
#define NO_AFFINITY "!podTemplate.affinity: not what"
#define NO_SPREAD   "!podTemplate.topologySpreadConstraints: not what"
		{NODE_TERM("matchFields: [{key: metadata.name, operator: In, values: [n.x]}]"),
			"{\"nodeAffinity\":{"
			"\"requiredDuringSchedulingIgnoredDuringExecution\":{"
			"\"nodeSelectorTerms\":[{\"matchFields\":[{\"key\":\"metadata.name\","
			"\"operator\":\"In\",\"values\":[\"n.x\"]}]}]}}}"},
		{NODE_TERM("matchFields: [{key: name, operator: In, values: [node]}]"),
			NO_AFFINITY " a pod takes there: affinity.nodeAffinity."
				    "requiredDuringSchedulingIgnoredDuringExecution."
				    "nodeSelectorTerms[0].matchFields[0]"},
		{NODE_TERM("matchFields: [{key: metadata.name, operator: Exists}]"),
			NO_AFFINITY},
		{NODE_TERM("matchFields: [{key: metadata.name, operator: In, values: [a, b]}]"),
			NO_AFFINITY},
		{NODE_TERM("matchFields: [{key: metadata.name, operator: In, values: [A_]}]"),
			NO_AFFINITY},
		{NODE_TERM("matchExpressions: [{key: k, operator: In, values: [a b]}]"),
			NO_AFFINITY},
		{NODE_TERM("matchExpressions: [{key: k, operator: Gt, values: [x]}]"),
			NO_AFFINITY},
		{NODE_TERM("matchExpressions: [{key: k, operator: Gt, values: ['1', '2']}]"),
			NO_AFFINITY},
		{NODE_TERM("matchExpressions: [{key: k, operator: Exists, values: [a]}]"),
			NO_AFFINITY},
		{NODE_TERM("matchExpressions: [{key: k, operator: Between, values: [a]}]"),
			NO_AFFINITY},
		{NODE_TERM("matchExpressions: [{key: k b, operator: Exists}]"), NO_AFFINITY},
		{NODE_TERM("matchExpressions: [{key: k, operator: Lt, values: ['4']}]"),
			"{\"nodeAffinity\":{"
			"\"requiredDuringSchedulingIgnoredDuringExecution\":{"
			"\"nodeSelectorTerms\":[{\"matchExpressions\":[{\"key\":\"k\","
			"\"operator\":\"Lt\",\"values\":[\"4\"]}]}]}}}"},
		{POD_TERM(", namespaces: [Bad_]"), NO_AFFINITY},
		{POD_TERM(", matchLabelKeys: [a]"), NO_AFFINITY},
		{POD_TERM(", labelSelector: {matchLabels: {b: c}}, matchLabelKeys: [a b]"),
			NO_AFFINITY},
		{POD_TERM(", labelSelector: {matchLabels: {a: c}}, matchLabelKeys: [a]"),
			NO_AFFINITY},
		{POD_TERM(", labelSelector: {}, matchLabelKeys: [a], mismatchLabelKeys: [a]"),
			NO_AFFINITY},
		{POD_TERM(", labelSelector: {matchExpressions: [{key: a, operator: In, values: "
			  "['-']}]}"),
			NO_AFFINITY},
		{POD_TERM(", labelSelector: {matchExpressions: [{key: a, operator: Gt, values: "
			  "['1']}]}"),
			NO_AFFINITY},
		{POD_TERM(", labelSelector: {matchLabels: {b: c}}, matchLabelKeys: [a]"),
			"{\"podAffinity\":{"
			"\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":"
			"\"z\",\"labelSelector\":{\"matchLabels\":{\"b\":\"c\"}},"
			"\"matchLabelKeys\":[\"a\"]}]}}"},
		{SPREAD(", matchLabelKeys: [a]"), NO_SPREAD},
		/* deeper than JSON is read */
		{RUN ALL("affinity: " L16 L16 L16 L16 L16 "{}" R16 R16 R16 R16 R16),
			NO_AFFINITY},
		{SPREAD(", labelSelector: {matchExpressions: [{key: a, operator: Exists}]}, "
			"matchLabelKeys: [a]"),
			NO_SPREAD},
		{SPREAD(", labelSelector: {matchLabels: {b: c}}, matchLabelKeys: [a]"), ""},
		{RUN ALL("schedulerName: $(params.x)"), "!podTemplate.schedulerName: not what"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *a cleanup_arena = arena_new();
		struct spec_input in = {.name = STR("t"), .text = str_z(cases[i].yaml)};
		struct spec *s = spec_load(a, &in, 1, &(struct spec_options){0});
		struct pod_placement p;
		struct str got;

		if (!spec_ok(s))
			fail_msg("case %zu: not a spec", i);
		pod_place(a, &s->runs[0], s->diags, &p);
		got = p.json[POD_NODE_SELECTOR].n ? p.json[POD_NODE_SELECTOR]
		      : p.json[POD_TOLERATIONS].n ? p.json[POD_TOLERATIONS]
		      : p.json[POD_AFFINITY].n    ? p.json[POD_AFFINITY]
						  : p.json[POD_SCHEDULER_NAME];
		for (size_t k = 0; k < s->diags->n; k++)
			if (s->diags->items[k].severity == DIAG_ERROR)
				got = arena_printf(a, "!%s", str_c(s->diags->items[k].msg));
		if (cases[i].want[0] == '!' ? !str_starts(got, str_z(cases[i].want))
					    : !str_eqz(got, cases[i].want))
			fail_msg("case %zu: '%s', want '%s'", i, str_c(got), cases[i].want);
	}
}

/* Each is told at the field, of the run's template and of a task's. */
static void test_place_positions(void **state)
{
	static const char yaml[] =
		"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"
		"  taskRunTemplate:\n"
		"    podTemplate:\n"
		"      nodeSelector: {a: b}\n"
		"      tolerations: [{key: a, value: b c}]\n"
		"      affinity:\n"
		"        nodeAffinity: {none: 1}\n"
		"  taskRunSpecs:\n"
		"  - pipelineTaskName: t\n"
		"    podTemplate:\n"
		"      schedulerName: s\n"
		"      nodeSelector: {a: c}\n"
		"  pipelineSpec: {tasks: [{name: t, taskSpec: {steps: [{image: x}]}}]}\n";
	static const struct {
		const char *msg;
		unsigned line, col;
	} want[] = {
		{"podTemplate.tolerations: not what a pod takes there: tolerations[0]", 8, 20},
		{"podTemplate.affinity: not what a pod takes there: affinity.nodeAffinity.none",
			10, 9},
		{"podTemplate.nodeSelector of task 't' is not what other tasks want: one pod "
		 "runs them all",
			15, 21},
	};
	struct arena *a cleanup_arena = arena_new();
	struct spec_input in = {.name = STR("t"), .text = str_z(yaml)};
	struct spec *s = spec_load(a, &in, 1, &(struct spec_options){0});
	struct pod_placement p;
	size_t n = 0;

	(void)state;
	assert_true(spec_ok(s));
	pod_place(a, &s->runs[0], s->diags, &p);
	for (size_t i = 0; i < s->diags->n; i++) {
		const struct diag *d = &s->diags->items[i];

		if (d->severity != DIAG_ERROR)
			continue;
		assert_true(n < ARRAY_SIZE(want));
		assert_string_equal(str_c(d->msg), want[n].msg);
		assert_int_equal(d->pos.line, want[n].line);
		assert_int_equal(d->pos.col, want[n].col);
		n++;
	}
	assert_int_equal(n, ARRAY_SIZE(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_bundle),
		cmocka_unit_test(test_bundle_too_large),
		cmocka_unit_test(test_bundle_is_yaml),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_place_positions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
