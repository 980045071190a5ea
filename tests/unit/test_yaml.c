/* SPDX-License-Identifier: Apache-2.0 */
/* The YAML reader: trees, positions, aliases, merge keys, and everything it refuses. */
#include "spec_text.h"

#include "spec/yaml.h"

struct loaded {
	struct arena *arena;
	struct sources sources;
	struct diags diags;
	struct yaml_docs docs;
	int rc;
};

static void load(struct loaded *l, struct arena *a, struct str text)
{
	l->arena = a;
	sources_init(&l->sources, a);
	diags_init(&l->diags, a, &l->sources);
	l->rc = yaml_read(&(struct yaml_arenas){a, a}, sources_add(&l->sources, STR("x"), text),
		text, &l->diags, &l->docs);
}

static const char *json_of(struct arena *a, const struct yaml_node *n, enum yaml_json_order o)
{
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	yaml_json(n, o, &w);
	return str_c(arena_str(a, buf_str(&b)));
}

static void test_trees(void **state attr_unused)
{
	static const struct {
		const char *yaml;
		const char *want; /* JSON of all documents, joined by a line end */
	} cases[] = {
		{"", ""},
		{"---\n---\n# nothing\n", ""},
		{"a: 1\n---\nb: 2\n...\n---\n- c\n", "{\"a\":1}\n{\"b\":2}\n[\"c\"]\n"},
		{"{\"a\": [1, 2.50, true, null, \"x\"]}", "{\"a\":[1,2.5,true,null,\"x\"]}\n"},
		{"{\"a\":1}\n---\n{\"b\":2}", "{\"a\":1}\n{\"b\":2}\n"},
		{"{\n\t\"a\":\t1\n}", "{\"a\":1}\n"}, /* tabs as JSON has them */
		{"\xef\xbb\xbf"
		 "a: b",
			"{\"a\":\"b\"}\n"},
		{"a: |\n  x\n   y\n\nb: >-\n  x\n  y\n",
			"{\"a\":\"x\\n y\\n\",\"b\":\"x y\"}\n"},
		{"'a': \"\\u00e9\\t\\/\"", "{\"a\":\"\xc3\xa9\\t/\"}\n"},
		{"1: a\n0x10: b\n1.50: c\nyes: d\n",
			"{\"1\":\"a\",\"16\":\"b\",\"1.5\":\"c\",\"true\":\"d\"}\n"},
		{"? a\n: b\n? c\n", "{\"a\":\"b\",\"c\":null}\n"},
		{"a: ! yes", "{\"a\":\"yes\"}\n"},
		{"a: !!str 010", "{\"a\":\"010\"}\n"},
		{"b: 1\na: {d: 1, c: 2}", "{\"b\":1,\"a\":{\"d\":1,\"c\":2}}\n"},
		/* pairs of JSON; not when a backslash is escaped, not in YAML */
		{"{\"a\": \"x\\ud83d\\uDE00y\"}", "{\"a\":\"x\xf0\x9f\x98\x80y\"}\n"},
		{"[\"\\\\ud83d\\\\ude00\"]", "[\"\\\\ud83d\\\\ude00\"]\n"},
		/* aliases */
		{"a: &x [1, 2]\nb: *x", "{\"a\":[1,2],\"b\":[1,2]}\n"},
		{"a: &x 1\nb: &x 2\nc: *x", "{\"a\":1,\"b\":2,\"c\":2}\n"},
		{"&k a: *k", "{\"a\":\"a\"}\n"},
		/* merge keys */
		{"a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3, r: 4}",
			"{\"a\":{\"p\":1,\"q\":2},\"b\":{\"q\":3,\"r\":4,\"p\":1}}\n"},
		{"b: {q: 3, <<: {q: 1, s: 2}}", "{\"b\":{\"q\":3,\"s\":2}}\n"},
		{"b: {<<: [{p: 1}, {p: 2, q: 2}]}", "{\"b\":{\"p\":1,\"q\":2}}\n"},
		{"b: {\"<<\": 1}", "{\"b\":{\"<<\":1}}\n"},
		{"b: {!!merge x: {p: 1}}", "{\"b\":{\"p\":1}}\n"},
		{"b: {<<: {p: 1}, <<: {p: 2, q: 2}}", "{\"b\":{\"p\":1,\"q\":2}}\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct loaded l;
		struct buf got cleanup_buf;

		buf_init(&got, MIB);
		load(&l, a, str_z(cases[i].yaml));
		for (size_t k = 0; k < l.docs.n; k++)
			buf_addf(&got, "%s\n", json_of(a, l.docs.roots[k], YAML_AS_WRITTEN));
		if (l.rc || !str_eqz(buf_str(&got), cases[i].want))
			fail_msg("%s\n--- want\n%s--- got\n%s%s", cases[i].yaml, cases[i].want,
				got.n ? got.p : "", diag_lines(a, &l.diags));
	}
}

static void test_errors(void **state attr_unused)
{
	static const struct {
		struct str yaml;
		const char *want;
	} cases[] = {
		{STR_INIT("a: 1\nb: 2\na: 3\n"), "3:1 error duplicate-key : key 'a' already "
						 "set in map, in line 1, "
						 "column 1\n"},
		{STR_INIT("x:\n  1: a\n  \"1\": b\n  0x1: c\n"),
			"3:3 error duplicate-key : key '1' already set in map, in line "
			"2, "
			"column 3\n"
			"4:3 error duplicate-key : key '0x1' already set in map, in "
			"line 2, "
			"column 3\n"},
		{STR_INIT("a: b: c\n"), "1:5 error yaml-syntax : mapping values are not "
					"allowed in this context\n"},
		{STR_INIT("a:\n\t- b\n"),
			"2:1 error yaml-syntax : found character that cannot start any token "
			"(while scanning for the next token that starts in line 2)\n"},
		{STR_INIT("a: %x\n"),
			"1:4 error yaml-syntax : found character that cannot start any token "
			"(while scanning for the next token that starts in line 1)\n"},
		{STR_INIT("a: [1\nb: 2\n"), "2:2 error yaml-syntax : did not find expected ',' "
					    "or ']' (while parsing a "
					    "flow sequence that starts in line 1)\n"},
		{STR_INIT("a: \"x\n"), "2:1 error yaml-syntax : found unexpected end of stream "
				       "(while scanning a "
				       "quoted scalar that starts in line 1)\n"},
		{STR_INIT("a: b\nc: \xff\n"),
			"2:4 error yaml-syntax : invalid leading UTF-8 octet\n"},
		{STR_INIT("a: b\n\xc3\xa9: \x01\n"),
			"2:4 error yaml-syntax : control characters are not allowed\n"},
		{STR_INIT("a: b\nc: d\0e\n"),
			"2:5 error yaml-syntax : NUL characters are not allowed\n"},
		{STR_INIT("a: \"x\\0y\"\n"),
			"1:4 error yaml-scalar : text contains a NUL character\n"},
		{STR_INIT("a: .nan\n"), "1:4 error yaml-scalar : unsupported value '.nan': "
					"JSON has only finite "
					"numbers\n"},
		{STR_INIT("a: !!int x\n"),
			"1:4 error yaml-scalar : cannot decode string 'x' as !!int\n"},
		{STR_INIT("{\"a\": \"\\ud83d\"}"),
			"1:10 error yaml-syntax : found invalid Unicode character escape code "
			"(while parsing a quoted scalar that starts in line 1)\n"},
		{STR_INIT("a: *x\n"), "1:4 error yaml-alias : unknown anchor 'x' referenced\n"},
		{STR_INIT("a: &x [*x]\n"),
			"1:8 error yaml-alias : anchor 'x' value contains itself\n"},
		{STR_INIT("a: &x {b: *x}\n"),
			"1:11 error yaml-alias : anchor 'x' value contains itself\n"},
		{STR_INIT("a: &x 1\n---\na: *x\n"),
			"3:4 error yaml-alias : unknown anchor 'x' referenced\n"},
		{STR_INIT("a: {<<: 1}\n"), "1:9 error yaml-merge : map merge requires map or "
					   "sequence of maps as the value\n"},
		{STR_INIT("a: {<<: [{}, 1]}\n"), "1:9 error yaml-merge : map merge requires "
						 "map or sequence of maps as the "
						 "value\n"},
		{STR_INIT("? [a]\n: b\n"),
			"1:3 error yaml-key : a key must be text, not array\n"},
		{STR_INIT("~: b\n"), "1:1 error yaml-key : a key must be text, not null\n"},
		{STR_INIT("\xff\xfe"
			  "a\0:\0"),
			"1:4 error yaml-syntax : NUL characters are not allowed\n"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct loaded l;

		load(&l, a, cases[i].yaml);
		const char *got = diag_lines(a, &l.diags);

		if (l.rc != -1 || strcmp(got, cases[i].want) != 0)
			fail_msg("%s\n--- want\n%s--- got\n%s", cases[i].yaml.p, cases[i].want,
				got);
	}
}

static void test_documents_before_an_error_stay(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct loaded l;

	load(&l, a, STR("a: 1\n---\nb: 2\n---\nc: ]\n---\nd: 4\n"));
	assert_int_equal(l.rc, -1);
	assert_int_equal(l.docs.n, 2);
	assert_string_equal(json_of(a, l.docs.roots[1], YAML_AS_WRITTEN), "{\"b\":2}");
}

static void check_pos(struct pos p, unsigned line, unsigned col)
{
	assert_int_equal(p.source, 1);
	assert_int_equal(p.line, line);
	assert_int_equal(p.col, col);
}

static void test_positions(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct loaded l;

	load(&l, a,
		STR("a: b\n"
		    "\xc3\xa9\xc3\xa9: 'c d'\n"
		    "list:\n"
		    "  - x\n"
		    "  - {k: v}\n"
		    "text: |\n"
		    "  one\n"));
	assert_int_equal(l.rc, 0);
	const struct yaml_node *root = l.docs.roots[0];

	check_pos(root->pos, 1, 1);
	check_pos(root->pairs[0].value->pos, 1, 4);
	check_pos(root->pairs[0].value->end, 1, 5);
	check_pos(root->pairs[1].key_node->pos, 2, 1);
	check_pos(root->pairs[1].value->pos, 2, 5); /* characters, not bytes */
	check_pos(root->pairs[1].value->end, 2, 10);
	assert_int_equal(root->pairs[1].value->style, YAML_QUOTED);
	const struct yaml_node *list = yaml_get(root, "list");

	check_pos(list->items[0]->pos, 4, 5);
	check_pos(list->items[1]->pairs[0].value->pos, 5, 9);
	check_pos(yaml_get(root, "text")->pos, 6, 7);
	assert_int_equal(yaml_get(root, "text")->style, YAML_BLOCK);
	assert_null(yaml_get(root, "lis"));
	assert_null(yaml_get(list, "list"));
	assert_null(yaml_get(NULL, "list"));
}

static void test_sorted_json(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct loaded l;

	load(&l, a, STR("{b: {z: 1, a: 2}, B: [{d: 1, c: 2}], '': 0}"));
	assert_string_equal(json_of(a, l.docs.roots[0], YAML_SORTED),
		"{\"\":0,\"B\":[{\"c\":2,\"d\":1}],\"b\":{\"a\":2,\"z\":1}}");
}

/* n opening brackets; only the reader's own count keeps this from being quadratic. */
static void check_depth(size_t n, const char *open, int rc)
{
	cleanup_arena struct arena *a = arena_new();
	struct buf text cleanup_buf;
	struct loaded l;

	buf_init(&text, 16 * MIB);
	for (size_t i = 0; i < n; i++)
		buf_addz(&text, open);
	for (size_t i = 0; i < n && rc == 0; i++)
		buf_addc(&text, ']');
	load(&l, a, arena_str(a, buf_str(&text)));
	assert_int_equal(l.rc, rc);
	if (rc) {
		assert_int_equal(l.diags.n, 1);
		assert_string_equal(
			str_c(l.diags.items[0].msg), "nested more than 100 levels deep");
	}
}

static void test_depth(void **state attr_unused)
{
	check_depth(100, "[", 0);
	check_depth(101, "[", -1);
	check_depth(200000, "[", -1);
	check_depth(200000, "{a: ", -1);
	check_depth(200000, "- ", -1);
	check_depth(200000, "? ", -1);
}

/* Depth through aliases: each level wraps the one before. */
static void test_alias_depth(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct buf text cleanup_buf;
	struct loaded l;

	buf_init(&text, MIB);
	buf_addz(&text, "- &a0 x\n");
	for (int i = 1; i < 120; i++)
		buf_addf(&text, "- &a%d [*a%d]\n", i, i - 1);
	load(&l, a, arena_str(a, buf_str(&text)));
	assert_int_equal(l.rc, -1);
	assert_non_null(strstr(diag_lines(a, &l.diags), "nested more than 100 levels deep"));
}

/* The billion laughs: nine levels of nine aliases, and a quieter variant with merge keys. */
static void test_alias_bombs(void **state attr_unused)
{
	for (int merge = 0; merge < 2; merge++) {
		cleanup_arena struct arena *a = arena_new();
		struct buf text cleanup_buf;
		struct loaded l;

		buf_init(&text, MIB);
		buf_addz(&text,
			merge ? "a0: &a0 {k: {x: 1}}\n" : "a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
		for (int i = 1; i < 12; i++) {
			buf_addf(&text, "a%d: &a%d", i, i);
			for (int k = 0; k < 9; k++)
				buf_addf(&text, merge ? "%s k%d: *a%d" : "%s *a%d",
					k ? "," : (merge ? " {" : " ["), merge ? k : i - 1,
					i - 1);
			buf_addz(&text, merge ? "}\n" : "]\n");
		}
		load(&l, a, arena_str(a, buf_str(&text)));
		assert_int_equal(l.rc, -1);
		assert_non_null(strstr(diag_lines(a, &l.diags), "excessive aliasing"));
		assert_true(arena_bytes(a) < 4 * MIB);
	}
}

/* Sane use of aliases is let through: many small ones in a large document. */
static void test_alias_plenty(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct buf text cleanup_buf;
	struct loaded l;

	buf_init(&text, MIB);
	buf_addz(&text, "- &e {name: N, value: V}\n");
	for (int i = 0; i < 2000; i++)
		buf_addf(&text, "- {name: n%d, env: [*e, {name: o, value: %d}]}\n", i, i);
	load(&l, a, arena_str(a, buf_str(&text)));
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.docs.roots[0]->n, 2001);
}

/* Large documents may have a smaller share of aliases: 69 % of 1.3 million, not 79 % of 1.9. */
static void test_alias_share(void **state attr_unused)
{
	static const struct {
		int n_aliases;
		int rc;
	} cases[] = {{900, 0}, {1500, -1}};

	for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
		cleanup_arena struct arena *a = arena_new();
		struct buf text cleanup_buf;
		struct loaded l;

		buf_init(&text, 4 * MIB);
		buf_addz(&text, "a: [");
		for (int i = 0; i < 400000; i++)
			buf_addz(&text, "x,");
		buf_addz(&text, "]\nb: &b [");
		for (int i = 0; i < 1000; i++)
			buf_addz(&text, "x,");
		buf_addz(&text, "]\nc: [");
		for (int i = 0; i < cases[k].n_aliases; i++)
			buf_addz(&text, "*b ,");
		buf_addz(&text, "]\n");
		load(&l, a, arena_str(a, buf_str(&text)));
		assert_int_equal(l.rc, cases[k].rc);
	}
}

/* Not from aliases alone: four million values and one. */
static void test_too_many(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct buf text cleanup_buf;
	struct loaded l;

	buf_init(&text, 16 * MIB);
	buf_addz(&text, "[");
	for (int i = 0; i < BOUND_YAML_NODES; i++)
		buf_addz(&text, "x,");
	load(&l, a, arena_str(a, buf_str(&text)));
	assert_string_equal(diag_lines(a, &l.diags),
		"1:8000000 error limit : more than 4000000 values in one file\n");
}

static void test_too_large(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	char *p = arena_alloc(a, (size_t)BOUND_YAML_BYTES + 1);
	struct loaded l;

	memset(p, ' ', (size_t)BOUND_YAML_BYTES + 1);
	load(&l, a, (struct str){p, (size_t)BOUND_YAML_BYTES + 1});
	assert_int_equal(l.rc, -1);
	assert_string_equal(diag_lines(a, &l.diags), "1:1 error limit : larger than 32 MiB\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_documents_before_an_error_stay),
		cmocka_unit_test(test_positions),
		cmocka_unit_test(test_sorted_json),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_alias_depth),
		cmocka_unit_test(test_alias_bombs),
		cmocka_unit_test(test_alias_plenty),
		cmocka_unit_test(test_alias_share),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
