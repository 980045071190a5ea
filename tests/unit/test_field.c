/* SPDX-License-Identifier: Apache-2.0 */
/* Table-driven decoding, on a schema made for the test: every kind, every complaint. */
#include "spec_text.h"

#include "spec/field.h"

struct inner {
	struct text name;
	struct pos pos;
};
struct outer {
	struct text text;
	struct text *texts;
	size_t n_texts;
	struct pos texts_pos;
	struct maybe_bool flag;
	struct maybe_int count;
	struct maybe_int mode;
	struct duration time;
	struct labels labels;
	struct inner in;
	struct inner *in_ptr;
	struct inner *list;
	size_t n_list;
	struct text called;
	struct text refused;
	struct text based;
	struct pos pos;
	int finished;
};

static void call(struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct outer *o = base;

	o->called = (struct text){
		.s = arena_printf(d->arena, "%s %d", yaml_type_name(n->type), f->arg),
		.pos = n->pos};
}

static void finish(struct decode *d, const struct yaml_node *n, void *base)
{
	(void)d;
	(void)n;
	((struct outer *)base)->finished++;
}

static const struct field inner_fields[] = {
	{FIELD_TEXT_OF(struct inner, "name", name)},
};
static const struct schema inner = {
	.what = "inner",
	.size = sizeof(struct inner),
	.at_pos = offsetof(struct inner, pos),
	.fields = inner_fields,
	.n_fields = ARRAY_SIZE(inner_fields),
};
static const struct field based_fields[] = {
	{FIELD_TEXT_OF(struct outer, "based", based)},
};
static const struct schema based = {
	.what = "based",
	.size = sizeof(struct outer),
	.fields = based_fields,
	.n_fields = ARRAY_SIZE(based_fields),
};
static const struct field outer_fields[] = {
	{FIELD_TEXT_OF(struct outer, "text", text)},
	{FIELD_TEXTS_OF(struct outer, "texts", texts),
		.at_pos = offsetof(struct outer, texts_pos)},
	{FIELD_OF(struct outer, "flag", FIELD_BOOL, flag)},
	{FIELD_OF(struct outer, "count", FIELD_INT, count)},
	{FIELD_OF(struct outer, "mode", FIELD_INT, mode), .min = 0, .max = 0777},
	{FIELD_OF(struct outer, "time", FIELD_DURATION, time)},
	{FIELD_OF(struct outer, "labels", FIELD_LABELS, labels)},
	{FIELD_OF(struct outer, "in", FIELD_OBJECT, in), .schema = &inner},
	{FIELD_OF(struct outer, "inPtr", FIELD_OBJECT_PTR, in_ptr), .schema = &inner},
	{FIELD_LIST_OF(struct outer, "list", list, &inner), .max = 3},
	{.key = "called", .kind = FIELD_CALL, .call = call, .arg = 7},
	{.key = "any", .kind = FIELD_ANY},
	{FIELD_TEXT_OF(struct outer, "refused", refused), .flags = FIELD_REFUSED},
	{.key = "present", .kind = FIELD_ANY, .flags = FIELD_REFUSED | FIELD_PRESENT},
	{.key = "onlyV1", .kind = FIELD_ANY, .flags = FIELD_V1},
	{.key = "onlyBeta", .kind = FIELD_ANY, .flags = FIELD_BETA},
};
static const struct schema outer = {
	.what = "outer",
	.size = sizeof(struct outer),
	.at_pos = offsetof(struct outer, pos),
	.base = &based,
	.fields = outer_fields,
	.n_fields = ARRAY_SIZE(outer_fields),
	.finish = finish,
};

struct decoded {
	struct sources sources;
	struct diags diags;
	struct outer outer;
	bool broken;
};

static void decode_as(struct decoded *ret, struct arena *a, const struct schema *s,
	const char *yaml, bool beta)
{
	struct yaml_docs docs;

	memset(ret, 0, sizeof(*ret));
	sources_init(&ret->sources, a);
	diags_init(&ret->diags, a, &ret->sources);
	assert_int_equal(yaml_read(&(struct yaml_arenas){a, a},
				 sources_add(&ret->sources, STR("x"), str_z(yaml)), str_z(yaml),
				 &ret->diags, &docs),
		0);
	assert_int_equal(docs.n, 1);
	struct decode d = {.arena = a, .diags = &ret->diags, .beta = beta};

	buf_init(&d.path, 4096);
	decode_object(&d, s, docs.roots[0], &ret->outer);
	assert_int_equal(d.path.n, 0);
	buf_release(&d.path);
	ret->broken = d.broken;
}

static void test_every_kind(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct decoded r;
	const struct outer *o = &r.outer;

	decode_as(&r, a, &outer,
		"text: hello\n"
		"texts: [a, 'b', ~]\n"
		"flag: yes\n"
		"count: -5\n"
		"mode: 0644\n"
		"time: 1h30m\n"
		"labels: {x: '1', w: ~}\n"
		"in: {name: i}\n"
		"inPtr: {name: p}\n"
		"list:\n"
		"- name: l0\n"
		"-\n"
		"called: [1]\n"
		"any: {x: [1, 2]}\n"
		"based: b\n",
		false);
	assert_string_equal(diag_lines(a, &r.diags), "");
	check_text(o->text, "hello", 1, 7);
	assert_int_equal(o->n_texts, 3);
	check_text(o->texts[1], "b", 2, 12);
	check_text(o->texts[2], "", 2, 17);
	assert_int_equal(o->texts_pos.col, 8);
	assert_true(o->flag.v && o->flag.pos.line == 3);
	assert_int_equal(o->count.v, -5);
	assert_int_equal(o->mode.v, 0644);
	assert_int_equal(o->time.ns / 1000000000, 5400);
	assert_int_equal(o->labels.n, 2);
	check_text(o->labels.keys[0], "x", 7, 10);
	check_text(o->labels.values[0], "1", 7, 13);
	check_text(o->labels.values[1], "", 7, 21);
	check_text(o->in.name, "i", 8, 12);
	assert_int_equal(o->in.pos.line, 8);
	check_text(o->in_ptr->name, "p", 9, 15);
	assert_int_equal(o->n_list, 2);
	check_text(o->list[0].name, "l0", 11, 9);
	assert_false(text_given(o->list[1].name));
	check_text(o->called, "array 7", 13, 9);
	check_text(o->based, "b", 15, 8);
	assert_int_equal(o->pos.line, 1);
	assert_int_equal(o->finished, 1);
	assert_false(r.broken);
}

static void test_null_is_absent(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct decoded r;

	decode_as(&r, a, &outer,
		"{text: ~, texts: ~, flag: ~, count: ~, time: ~, labels: ~, in: ~, inPtr: ~, "
		"list: ~, any: ~, refused: ~, present: ~}",
		false);
	assert_string_equal(diag_lines(a, &r.diags), "");
	assert_false(text_given(r.outer.text));
	assert_int_equal(r.outer.texts_pos.line, 0);
	assert_int_equal(r.outer.flag.pos.line, 0);
	assert_int_equal(r.outer.count.pos.line, 0);
	assert_int_equal(r.outer.time.pos.line, 0);
	assert_null(r.outer.in_ptr);
}

static void test_complaints(void **state attr_unused)
{
	static const struct {
		const char *yaml;
		const char *want;
		bool broken;
		bool beta;
	} cases[] = {
		{"txt: 1", "1:1 error unknown-field txt: outer: unknown field \"txt\"\n", false,
			false},
		{"in: {nam: x}",
			"1:6 error unknown-field in.nam: inner: unknown field \"nam\"\n", false,
			false},
		{"text: no",
			"1:7 error wrong-type text: 'text': cannot unmarshal bool into a value "
			"of "
			"type string\n",
			true, false},
		{"text: 1.5",
			"1:7 error wrong-type text: 'text': cannot unmarshal number into a "
			"value of "
			"type string\n",
			true, false},
		{"text: [a]",
			"1:7 error wrong-type text: 'text': cannot unmarshal array into a "
			"value of "
			"type string\n",
			true, false},
		{"text: {}",
			"1:7 error wrong-type text: 'text': cannot unmarshal object into a "
			"value of "
			"type string\n",
			true, false},
		{"texts: a",
			"1:8 error wrong-type texts: 'texts': cannot unmarshal string into a "
			"value "
			"of type []string\n",
			true, false},
		{"texts: [a, 1]",
			"1:12 error wrong-type texts[1]: 'texts[1]': cannot unmarshal number "
			"into a "
			"value of type string\n",
			true, false},
		{"flag: 'true'",
			"1:7 error wrong-type flag: 'flag': cannot unmarshal string into a "
			"value of "
			"type bool\n",
			true, false},
		{"count: 1.5",
			"1:8 error wrong-type count: 'count': cannot unmarshal number 1.5 into "
			"a "
			"value of type int\n",
			true, false},
		{"count: 9223372036854775808",
			"1:8 error wrong-type count: 'count': cannot unmarshal number "
			"9223372036854775808 into a value of type int\n",
			true, false},
		{"mode: 01000", "1:7 error out-of-range mode: 'mode': 512 is not in 0 to 511\n",
			true, false},
		{"mode: -1", "1:7 error out-of-range mode: 'mode': -1 is not in 0 to 511\n",
			true, false},
		{"time: 5",
			"1:7 error wrong-type time: 'time': cannot unmarshal number into a "
			"value of "
			"type duration\n",
			true, false},
		{"time: 10 minutes",
			"1:7 error bad-duration time: time: unknown unit \" minutes\" in "
			"duration "
			"\"10 minutes\"\n",
			true, false},
		{"labels: {a: 1, b: yes}",
			"1:13 error wrong-type labels.a: 'a': cannot unmarshal number into a "
			"value "
			"of type string\n"
			"1:19 error wrong-type labels.b: 'b': cannot unmarshal bool into a "
			"value of "
			"type string\n",
			true, false},
		{"in: x",
			"1:5 error wrong-type in: 'in': cannot unmarshal string into a value "
			"of type "
			"inner\n",
			true, false},
		{"list: {}",
			"1:7 error wrong-type list: 'list': cannot unmarshal object into a "
			"value of "
			"type list\n",
			true, false},
		{"list: [{name: a}, {name: 1, x: 2}]",
			"1:26 error wrong-type list[1].name: 'name': cannot unmarshal number "
			"into a "
			"value of type string\n"
			"1:29 error unknown-field list[1].x: inner: unknown field \"x\"\n",
			true, false},
		{"list: [{}, {}, {}, {}]",
			"1:7 error limit list: 'list': 4 elements are more than 3\n", true,
			false},
		{"refused: x",
			"1:1 error not-supported refused: 'refused': not supported yet\n",
			false, false},
		{"refused: ''", "", false, false},
		{"present: {}",
			"1:1 error not-supported present: 'present': not supported yet\n",
			false, false},
		{"TEXT: a", "1:1 warning field-case text: field 'TEXT' is spelled 'text'\n",
			false, false},
		{"text: a\nText: b",
			"2:1 error duplicate-key text: key 'Text' is already set as 'text' in "
			"line 1, "
			"column 1\n",
			false, false},
		{"onlyV1: 1", "", false, false},
		{"onlyV1: 1",
			"1:1 error unknown-field onlyV1: outer: unknown field \"onlyV1\"\n",
			false, true},
		{"onlyBeta: 1", "", false, true},
		{"onlyBeta: 1",
			"1:1 error unknown-field onlyBeta: outer: unknown field \"onlyBeta\"\n",
			false, false},
		{"[]",
			"1:1 error wrong-type : '': cannot unmarshal array into a value of "
			"type "
			"outer\n",
			true, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct decoded r;

		decode_as(&r, a, &outer, cases[i].yaml, cases[i].beta);
		const char *got = diag_lines(a, &r.diags);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s\n--- want\n%s--- got\n%s", cases[i].yaml, cases[i].want,
				got);
		if (r.broken != cases[i].broken)
			fail_msg("%s: broken is %d", cases[i].yaml, r.broken);
	}
}

static void test_first_spelling_stays(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct decoded r;

	decode_as(&r, a, &outer, "TEXT: a\ntext: b\n", false);
	assert_string_equal(str_c(r.outer.text.s), "a");
	assert_int_equal(r.diags.n_errors, 1);
}

static void test_hints(void **state attr_unused)
{
	static const struct {
		const char *yaml, *hint;
	} cases[] = {
		{"labls: {}", "did you mean 'labels'?"},
		{"text: no", "quote it to keep it text: \"no\""},
		{"texts: a", "write a list: each element on a line with '- '"},
		{"time: 5x", "a duration is a number with a unit: 300ms, 90s, 1h30m"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct decoded r;

		decode_as(&r, a, &outer, cases[i].yaml, false);
		assert_int_equal(r.diags.n, 1);
		assert_string_equal(str_c(r.diags.items[0].hint), cases[i].hint);
		assert_true(r.diags.items[0].end.col > r.diags.items[0].pos.col ||
			    r.diags.items[0].end.line == 0);
	}
}

static void test_empty(void **state attr_unused)
{
	static const struct {
		const char *yaml;
		bool empty;
	} cases[] = {{"~", true}, {"''", true}, {"[]", true}, {"{}", true}, {"no", true},
		{"0", false}, {"yes", false}, {"x", false}, {"[~]", false}, {"{a: ~}", false}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct sources sources;
		struct diags diags;
		struct yaml_docs docs;
		struct str text = arena_printf(a, "- %s", cases[i].yaml);

		sources_init(&sources, a);
		diags_init(&diags, a, &sources);
		assert_int_equal(
			yaml_read(&(struct yaml_arenas){a, a}, 0, text, &diags, &docs), 0);
		assert_int_equal(node_is_empty(docs.roots[0]->items[0]), cases[i].empty);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_null_is_absent),
		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_first_spelling_stays),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
