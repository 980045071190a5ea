/* SPDX-License-Identifier: Apache-2.0 */
/* Kubernetes objects: data of ConfigMaps and Secrets, claims, accounts. */
#include "spec_text.h"

static void check_entry(
	const struct data_object *o, size_t i, const char *key, struct str value)
{
	assert_true(i < o->n_data);
	assert_string_equal(str_c(o->data[i].key), key);
	assert_true(str_eq(o->data[i].value, value));
}

static void test_config_map(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, "apiVersion: v1\n"
				      "kind: ConfigMap\n"
				      "metadata: {name: cm}\n"
				      "immutable: true\n"
				      "data: {a: text, b: ''}\n"
				      "binaryData: {c: AAEC, d: Zg==}\n");
	const struct data_object *o = map_get(&s->config_map_by_name, STR("cm"));

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_non_null(o);
	assert_false(o->is_secret);
	assert_int_equal(o->n_data, 4);
	check_entry(o, 0, "a", STR("text"));
	check_entry(o, 1, "b", STR(""));
	check_entry(o, 2, "c", STR("\0\1\2"));
	check_entry(o, 3, "d", STR("f"));
}

static void test_secret(void **state attr_unused)
{
	static const char *const orders[] = {
		"data: {a: Zm9v, b: \"YmFy\\n\"}\nstringData: {a: wins, c: new}\n",
		"stringData: {a: wins, c: new}\ndata: {a: Zm9v, b: YmFy}\n",
		"StringData: {a: wins, c: new}\ndata: {a: Zm9v, b: YmFy}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_text(
			a, str_c(arena_printf(a,
				   "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
				   "type: Opaque\n%s",
				   orders[i])));
		const struct data_object *o = map_get(&s->secret_by_name, STR("s"));

		assert_true(spec_ok(s));
		assert_non_null(o);
		assert_true(o->is_secret);
		check_text(o->type, "Opaque", 4, 7);
		assert_int_equal(o->n_data, 3);
		check_entry(o, 0, "a", STR("wins"));
		check_entry(o, 1, "b", STR("bar"));
		check_entry(o, 2, "c", STR("new"));
		assert_null(map_get(&s->config_map_by_name, STR("s")));
	}
}

static void test_claim_and_account(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, "apiVersion: v1\n"
				      "kind: PersistentVolumeClaim\n"
				      "metadata: {name: c}\n"
				      "spec: {accessModes: [ReadWriteOnce]}\n"
				      "status: {}\n"
				      "---\n"
				      "apiVersion: v1\n"
				      "kind: ServiceAccount\n"
				      "metadata: {name: sa}\n"
				      "secrets: [{name: x}]\n"
				      "imagePullSecrets: [{name: x}]\n"
				      "automountServiceAccountToken: false\n");

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(s->n_claims, 1);
	assert_ptr_equal(map_get(&s->claim_by_name, STR("c")), &s->claims[0]);
}

#define SECRET "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
#define OTHER  "apiVersion: v1\nkind: Secret\nmetadata: {name: t}\n"
#define NOT_A_QUANTITY                                                                         \
	" is not a number with an optional suffix (n u m k M G T P E, Ki Mi Gi Ti Pi Ei, or "  \
	"a decimal exponent)\n"
#define NOT_A_NAME                                                                             \
	": expected lower case letters, digits, '-' and '.', at most 253: metadata.name\n"
#define CONFIG_MAP "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"

static void test_complaints(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"plain text as data", SECRET "data: {a: 'not base64!'}\n",
			"4:11 error bad-base64 data.a: 'a': illegal base64 data\n"},
		{"data that is a number", SECRET "stringData: {a: 1}\n",
			"4:17 error wrong-type stringData.a: 'a': cannot unmarshal number into "
			"a "
			"value of type string\n"},
		{"a bool in a ConfigMap", CONFIG_MAP "data: {a: yes}\n",
			"4:11 error wrong-type data.a: 'a': cannot unmarshal bool into a value "
			"of "
			"type string\n"},
		{"data as a list", CONFIG_MAP "data: [a]\n",
			"4:7 error wrong-type data: 'data': cannot unmarshal array into a "
			"value of "
			"type map[string]string\n"},
		{"stringData in a ConfigMap", CONFIG_MAP "stringData: {}\n",
			"4:1 error unknown-field stringData: ConfigMap: unknown field "
			"\"stringData\"\n"},
		{"keys that are no file names",
			CONFIG_MAP "data: {a/b: x, ..: x, a.b_c-D: x}\n",
			"4:8 error bad-key data.a/b: a valid key must consist of alphanumeric "
			"characters, '-', '_' or '.', and be no directory\n"
			"4:16 error bad-key data...: a valid key must consist of alphanumeric "
			"characters, '-', '_' or '.', and be no directory\n"},
		{"a key twice", CONFIG_MAP "binaryData: {a: aGk=}\ndata: {a: x}\n",
			"5:8 error duplicate-key data.a: 'a': duplicate of key present in data "
			"and binaryData\n"},
		{"immutable that is text", CONFIG_MAP "immutable: 'true'\n",
			"4:12 error wrong-type immutable: 'immutable': cannot unmarshal string "
			"into a value of type bool\n"},
		{"binaryData that is not", CONFIG_MAP "binaryData: {a: '%'}\n",
			"4:17 error bad-base64 binaryData.a: 'a': illegal base64 data\n"},
		{"a claim that is no directory",
			"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\n"
			"spec: {volumeMode: Block, dataSource: {name: x}, accessModes: "
			"[ReadWriteOnce]}\n",
			"4:20 error not-supported spec: volumeMode 'Block' is not supported: a "
			"claim is a directory, no block device\n"
			"4:27 error not-supported spec.dataSource: 'dataSource' is not "
			"supported: a claim is a directory, nothing is cloned or restored into "
			"it\n"},
		{"a claim's mistakes",
			"apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: c}\n"
			"spec: {accessModes: [ReadWrite], volumeMode: File, resources: "
			"{requests: {storage: 1Gx}}, storage: 1Gi}\n",
			"4:22 error invalid-value spec: accessModes: unsupported value "
			"\"ReadWrite\"\n"
			"4:46 error invalid-value spec: volumeMode: unsupported value "
			"\"File\"\n"
			"4:84 error bad-quantity spec.resources.requests.storage: quantity "
			"'1Gx'" NOT_A_QUANTITY
			"4:91 error unknown-field spec.storage: PersistentVolumeClaim spec: "
			"unknown field \"storage\"\n"},
		{"Secrets without what their type needs",
			SECRET "type: kubernetes.io/basic-auth\n---\n" OTHER
			       "type: kubernetes.io/ssh-auth\nstringData: {ssh-privatekey: "
			       "''}\n",
			"4:7 error missing-field : data[username]: required value of a Secret "
			"of "
			"type kubernetes.io/basic-auth\n"
			"9:7 error missing-field : data[ssh-privatekey]: required value of a "
			"Secret of type kubernetes.io/ssh-auth\n"},
		{"docker configurations that are none",
			SECRET "type: kubernetes.io/dockercfg\nstringData: {.dockercfg: "
			       "'[]'}\n---\n" OTHER "type: kubernetes.io/dockerconfigjson\n"
			       "stringData: {.dockerconfigjson: '{'}\n",
			"4:7 error invalid-value : data[.dockercfg]: expected a JSON object\n"
			"10:7 error invalid-value : data[.dockerconfigjson]: expected a JSON "
			"object\n"},
		{"names that are no names",
			"apiVersion: v1\nkind: Secret\nmetadata: {name: ../x}\n---\n"
			"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: \"a\\nb\"}"
			"\n",
			"3:18 error invalid-name metadata.name: invalid resource name "
			"\"../x\"" NOT_A_NAME
			"7:18 error invalid-name metadata.name: invalid resource name "
			"\"a\\nb\"" NOT_A_NAME},
		{"a certificate without a key",
			SECRET "type: kubernetes.io/tls\nstringData: {tls.crt: x}\n",
			"4:7 error missing-field : data[tls.key]: required value of a Secret "
			"of "
			"type kubernetes.io/tls\n"},
		{"an account's mistakes",
			"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: c}\n"
			"secrets: [x]\nimagePullSecrets: [{nam: x}]\n",
			"4:11 error wrong-type secrets[0]: 'secrets[0]': cannot unmarshal "
			"string "
			"into a value of type reference\n"
			"5:21 error unknown-field imagePullSecrets[0].nam: reference: unknown "
			"field \"nam\"\n"},
		{"a StepAction has no v1",
			"apiVersion: tekton.dev/v1\nkind: StepAction\nmetadata: {name: a}\n"
			"spec: {image: i}\n",
			"1:13 error unknown-kind : unknown apiVersion 'tekton.dev/v1' of kind "
			"'StepAction'\n"},
		{"a StepAction with what only a step has",
			"apiVersion: tekton.dev/v1beta1\nkind: StepAction\nmetadata: {name: "
			"a}\n"
			"spec: {image: i, timeout: 3s}\n",
			"4:18 error unknown-field spec.timeout: StepAction spec: unknown field "
			"\"timeout\"\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

#define LIMITS(items)                                                                          \
	"apiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: [" items "]}\n"
#define PATH "limit-range spec.limits[0]: "

static void test_limit_range(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a,
		LIMITS("{type: Pod, max: {cpu: 4}}, {type: Container, min: {memory: 1Mi}, max: "
		       "{cpu: '2', memory: 1Gi}, default: {cpu: 500m}, defaultRequest: {cpu: "
		       "100m}, maxLimitRequestRatio: {cpu: 20}}, {type: PersistentVolumeClaim, "
		       "max: {storage: 1Ti}}, {type: example.com/Image}"));
	const struct limit_item *item;

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(s->n_limit_ranges, 1);
	assert_int_equal(s->limit_ranges[0].n_items, 4);
	assert_false(s->limit_ranges[0].items[0].is_container);
	item = &s->limit_ranges[0].items[1];
	assert_true(item->is_container);
	assert_int_equal(item->defaults.n, 2);
	assert_string_equal(str_c(item->defaults.items[0].quantity.s), "500m");
	assert_string_equal(str_c(item->defaults.items[1].quantity.s), "1Gi");
}

static void test_limit_range_complaints(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"no type", LIMITS("{max: {cpu: 1}}"),
			"4:17 error missing-field spec.limits[0]: missing field(s): type\n"},
		{"another type", LIMITS("{type: Node}"),
			"4:24 error " PATH
			"type 'Node': must be a standard limit type or fully qualified\n"},
		{"twice", LIMITS("{type: Pod}, {type: Pod}"),
			"4:37 error limit-range spec.limits[1]: type 'Pod' appears more than "
			"once\n"},
		{"defaults of a pod",
			LIMITS("{type: Pod, default: {cpu: 1}, defaultRequest: {cpu: 1}}"),
			"4:38 error " PATH "'default': may not be specified when `type` is "
			"'Pod'\n"
			"4:64 error " PATH "'defaultRequest': may not be specified when `type` "
			"is 'Pod'\n"},
		{"a claim without bounds", LIMITS("{type: PersistentVolumeClaim}"),
			"4:17 error " PATH "either minimum or maximum storage value is "
			"required, but neither was provided\n"},
		{"min above max", LIMITS("{type: Container, min: {cpu: 2}, max: {cpu: 1500m}}"),
			"4:46 error " PATH "min value 2 is greater than max value 1500m\n"},
		{"request above default",
			LIMITS("{type: Container, default: {memory: 1Gi}, defaultRequest: "
			       "{memory: 2Gi}}"),
			"4:84 error " PATH "default request value 2Gi is greater than default "
			"limit value 1Gi\n"},
		{"default out of bounds",
			LIMITS("{type: Container, default: {a: 4, b: 1}, min: {b: 2}, max: {a: "
			       "3}}"),
			"4:48 error " PATH "default value 4 is greater than max value 3\n"
			"4:67 error " PATH "min value 2 is greater than default value 1\n"},
		{"a ratio below one", LIMITS("{type: Pod, maxLimitRequestRatio: {cpu: 500m}}"),
			"4:57 error " PATH "ratio 500m is less than 1\n"},
		{"no quantity", LIMITS("{type: Pod, max: {cpu: many}}"),
			"4:40 error bad-quantity spec.limits[0].max.cpu: quantity "
			"'many'" NOT_A_QUANTITY},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

/* A message about a Secret must not show it: not its line, not in a hint. */
static void test_secret_is_not_shown(void **state attr_unused)
{
	static const char *const texts[] = {
		SECRET "data: {a: hunter2}\n",
		SECRET "stringData: {a: 4711, b: hunter2}\n",
		SECRET "stringData: [hunter2, 4711]\n",
		SECRET "stringDatas: {a: hunter2}\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_text(a, texts[i]);
		struct buf b cleanup_buf;

		buf_init(&b, MIB);
		diags_print(s->diags, false, &b);
		assert_false(spec_ok(s));
		if (strstr(b.p, "hunter2") || strstr(b.p, "4711"))
			fail_msg("%s", b.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config_map),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_claim_and_account),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_limit_range),
		cmocka_unit_test(test_limit_range_complaints),
		cmocka_unit_test(test_secret_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
