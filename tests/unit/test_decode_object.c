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
				      "binaryData: {c: AAEC, a: Zg==}\n");
	const struct data_object *o = map_get(&s->config_map_by_name, STR("cm"));

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_non_null(o);
	assert_false(o->is_secret);
	assert_int_equal(o->n_data, 3);
	check_entry(o, 0, "a", STR("f"));
	check_entry(o, 1, "b", STR(""));
	check_entry(o, 2, "c", STR("\0\1\2"));
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

#define SECRET     "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
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
		{"a LimitRange",
			"apiVersion: v1\nkind: LimitRange\nmetadata: {name: l}\nspec: {limits: "
			"[]}\n",
			"2:7 error not-supported : kind 'LimitRange': not supported yet\n"},
		{"a StepAction",
			"apiVersion: tekton.dev/v1beta1\nkind: StepAction\nmetadata: {name: "
			"a}\n"
			"spec: {image: i}\n",
			"2:7 error not-supported : kind 'StepAction': not supported yet\n"},
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
		cmocka_unit_test(test_secret_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
