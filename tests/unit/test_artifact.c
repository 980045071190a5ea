/* SPDX-License-Identifier: Apache-2.0 */
/* Files of artifacts: what is one, how several are joined, what references yield. */
#include "spec_text.h"

#include <monopod/artifact.h>

static const char *shown(struct arena *a, const struct artifacts *set)
{
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	artifacts_put(set, &w);
	json_close(&w, '}');
	return str_c(arena_str(a, buf_str(&b)));
}

#define DEEP "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["

static void test_parse(void **state attr_unused)
{
	static const struct {
		const char *text;
		const char *shown;   /* NULL: it is none */
		const char *problem; /* part of it */
	} cases[] = {
		{"{}", "{}", NULL},
		{"null", "{}", NULL},
		{" {\n} ", "{}", NULL},
		{"{\"inputs\":null,\"outputs\":[]}", "{}", NULL},
		{"{\"inputs\":[{\"name\":\"a\",\"values\":[{\"uri\":\"u\"}]}]}",
			"{\"inputs\":[{\"name\":\"a\",\"values\":[{\"uri\":\"u\"}]}]}", NULL},
		/* digests come before uri, in the order of their names */
		{"{\"outputs\":[{\"values\":[{\"uri\":\"u\",\"digest\":{\"b\":\"2\",\"a\":"
		 "\"1\"}"
		 "}],\"buildOutput\":true}]}",
			"{\"outputs\":[{\"buildOutput\":true,\"values\":[{\"digest\":{\"a\":"
			"\"1\",\"b\":\"2\"},\"uri\":\"u\"}]}]}",
			NULL},
		/* Go does not mind case, null and what it does not know */
		{"{\"OutPuts\":[{\"NAME\":\"n\",\"Values\":null,\"more\":[1]},null],\"x\":1}",
			"{\"outputs\":[{\"name\":\"n\"},{}]}", NULL},
		{"{\"outputs\":[{\"name\":\"n\",\"values\":[{},null],\"buildOutput\":null}]}",
			"{\"outputs\":[{\"name\":\"n\",\"values\":[{},{}]}]}", NULL},
		{"{\"inputs\":[{\"values\":[{\"digest\":{\"sha256\":null}}]}]}",
			"{\"inputs\":[{\"values\":[{\"digest\":{\"sha256\":\"\"}}]}]}", NULL},
		{"", NULL, "json"},
		{"{", NULL, "json"},
		{"{} {}", NULL, "json"},
		{"[]", NULL, "it is not an object"},
		{"\"x\"", NULL, "it is not an object"},
		{"{\"inputs\":{}}", NULL, "'inputs' is not a list"},
		{"{\"inputs\":[1]}", NULL, "'inputs' is not a list of objects"},
		{"{\"inputs\":[{},{\"name\":1}]}", NULL, "inputs[1]: 'name' is not a string"},
		{"{\"outputs\":[{\"values\":{}}]}", NULL, "outputs[0]: 'values' is not a list"},
		{"{\"outputs\":[{\"values\":[\"u\"]}]}", NULL,
			"outputs[0]: 'values' is not a list of objects"},
		{"{\"outputs\":[{\"values\":[{\"uri\":[]}]}]}", NULL, "'uri' is not a string"},
		{"{\"outputs\":[{\"values\":[{\"digest\":\"x\"}]}]}", NULL,
			"'digest' is not an object"},
		{"{\"outputs\":[{\"values\":[{\"digest\":{\"a\":{}}}]}]}", NULL,
			"'digest' is not an object of strings"},
		{"{\"outputs\":[{\"buildOutput\":\"true\"}]}", NULL,
			"'buildOutput' is not true or false"},
		{"{\"inputs\":[{\"name\":\"\xff\"}]}", NULL, "UTF-8"},
		{"{\"inputs\":[{\"name\":\"\\u0000\"}]}", NULL, ""},
		{"{\"x\":" DEEP, NULL, ""},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct artifacts set = {0};
		struct err err = {0};
		int rc = artifacts_parse(a, str_z(cases[i].text), &set, &err);

		if ((rc == 0) != (cases[i].shown != NULL))
			fail_msg("%s: %s", cases[i].text, err.msg);
		if (rc == 0)
			assert_string_equal(shown(a, &set), cases[i].shown);
		else if (!str_has(str_z(err.msg), str_z(cases[i].problem)))
			fail_msg("%s: '%s' has no '%s'", cases[i].text, err.msg,
				cases[i].problem);
		assert_true(rc == 0 || !artifacts_any(&set));
	}
}

/* Too much of it is told as that, whatever it is made of. */
static void test_bounds(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct artifacts set;
	struct err err;
	struct buf b;

	buf_init(&b, 4 * MIB);
	buf_addz(&b, "{\"outputs\":[{\"values\":[{}");
	for (int i = 1; i < BOUND_ARTIFACT_VALUES; i++)
		buf_addz(&b, ",{}");
	buf_addz(&b, "]}");
	assert_int_equal(b.p[b.n - 1], '}');
	buf_addz(&b, ",{\"values\":[{}]}]}");
	assert_int_equal(artifacts_parse(a, buf_str(&b), &set, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	b.n -= strlen("{}]}]}");
	buf_addz(&b, "]}]}");
	assert_int_equal(artifacts_parse(a, buf_str(&b), &set, &err), 0);
	assert_int_equal(set.outputs.items[0].n_values, BOUND_ARTIFACT_VALUES);
	while (b.n <= BOUND_ARTIFACT_BYTES)
		buf_addc(&b, ' ');
	assert_int_equal(artifacts_parse(a, buf_str(&b), &set, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	buf_release(&b);
}

static void test_join(void **state attr_unused)
{
	static const struct {
		const char *sets[3];
		const char *shown;
	} cases[] = {
		{{"{}", "{}"}, "{}"},
		{{"{\"inputs\":[{\"name\":\"b\",\"values\":[{\"uri\":\"1\"}]},{\"name\":\"a\"}]"
		  "}",
			 "{\"inputs\":[{\"name\":\"a\",\"values\":[{\"uri\":\"3\"}]},{\"name\":"
			 "\"b\","
			 "\"values\":[{\"uri\":\"2\"},{\"uri\":\"1\"}]}],\"outputs\":[{"
			 "\"name\":"
			 "\"b\"}]}"},
			"{\"inputs\":[{\"name\":\"b\",\"values\":[{\"uri\":\"1\"},{\"uri\":"
			"\"2\"}]},"
			"{\"name\":\"a\",\"values\":[{\"uri\":\"3\"}]}],\"outputs\":[{\"name\":"
			"\"b\"}"
			"]}"},
		/* the same value is the same digests and the same uri */
		{{"{\"outputs\":[{\"name\":\"i\",\"values\":[{\"uri\":\"u\",\"digest\":{\"s\":"
		  "\"1\",\"t\":\"2\"}}]}]}",
			 "{\"outputs\":[{\"name\":\"i\",\"values\":[{\"uri\":\"u\"},{"
			 "\"digest\":{"
			 "\"t\":\"2\",\"s\":\"1\"},\"uri\":\"u\"}],\"buildOutput\":true}]}",
			 "{\"outputs\":[{\"name\":\"i\",\"buildOutput\":false}]}"},
			"{\"outputs\":[{\"buildOutput\":true,\"name\":\"i\",\"values\":[{"
			"\"digest\":{"
			"\"s\":\"1\",\"t\":\"2\"},\"uri\":\"u\"},{\"uri\":\"u\"}]}]}"},
		/* also within one file */
		{{"{\"outputs\":[{\"name\":\"i\",\"values\":[{\"uri\":\"u\"},{\"uri\":\"u\"}]}]"
		  "}"},
			"{\"outputs\":[{\"name\":\"i\",\"values\":[{\"uri\":\"u\"}]}]}"},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct artifacts sets[3], all;
		size_t n = 0;

		for (; n < 3 && cases[i].sets[n]; n++)
			assert_int_equal(
				artifacts_parse(a, str_z(cases[i].sets[n]), &sets[n], NULL), 0);
		all = artifacts_join(a, sets, n);
		assert_string_equal(shown(a, &all), cases[i].shown);
	}
}

static void test_values(void **state attr_unused)
{
	static const char text[] =
		"{\"inputs\":[{\"name\":\"in\",\"values\":[{\"uri\":\"a&<b>\"}]}],"
		"\"outputs\":[{\"name\":\"x.y\",\"values\":[{\"uri\":\"1\",\"digest\":{"
		"\"sha1\":\"d\"}"
		"}]},{\"name\":\"none\"},{\"name\":\"x.y\",\"values\":[{\"uri\":\"2\"}]}]}";
	static const struct {
		const char *which;
		const char *text; /* NULL: there is no such one */
	} cases[] = {
		{"inputs.in", "[{\"uri\":\"a\\u0026\\u003cb\\u003e\"}]"}, /* as Go has it */
		{"inputs", "[{\"uri\":\"a\\u0026\\u003cb\\u003e\"}]"},
		{"outputs", "[{\"digest\":{\"sha1\":\"d\"},\"uri\":\"1\"}]"},
		{"outputs.x.y", "[{\"digest\":{\"sha1\":\"d\"},\"uri\":\"1\"}]"},
		{"outputs.none", "[]"},
		{"outputs.", NULL},
		{"outputs.in", NULL},
		{"output.x.y", NULL},
		{"", NULL},
	};
	cleanup_arena struct arena *a = arena_new();
	const struct artifacts nothing = {0};
	struct artifacts set;
	struct str got;

	assert_int_equal(artifacts_parse(a, str_z(text), &set, NULL), 0);
	assert_false(artifacts_values(&nothing, STR("outputs"), a, &got));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		bool found = artifacts_values(&set, str_z(cases[i].which), a, &got);

		if (found != (cases[i].text != NULL) || (found && !str_eqz(got, cases[i].text)))
			fail_msg("%s: %s", cases[i].which, found ? str_c(got) : "nothing");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
