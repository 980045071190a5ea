/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fan-out: the rules of section 17 by example, and every small matrix compared with a second,
 * naive implementation.
 */
#include "tests/unit/spec_build.h"
#include <base/bounds.h>
#include <base/buf.h>
#include <monopod/subst.h>
#include <stdio.h>
#include <string.h>

/* A matrix from text: "x=a,b y=c" are params, "|name:x=a,z=1" is an include entry. */
static struct matrix make_matrix(struct arena *a, const char *spec)
{
	struct matrix m = {.pos = {1, 1, 1}};
	struct str rest = str_z(spec), part, word, key;
	bool first = true;

	m.params = arena_new_array(a, struct param, 8);
	m.include = arena_new_array(a, struct matrix_include, 8);
	for (bool more = true; more; first = false) {
		struct matrix_include *inc = &m.include[m.n_include];

		more = str_cut(rest, '|', &part, &rest);
		if (!more)
			part = rest;
		if (!first) {
			m.n_include++;
			str_cut(part, ':', &inc->name.s, &part);
			inc->params = arena_new_array(a, struct param, 8);
		}
		while (part.n) {
			if (!str_cut(part, first ? ' ' : ',', &word, &part)) {
				word = part;
				part = STR_NONE;
			}
			str_cut(word, '=', &key, &word);
			if (first)
				m.params[m.n_params++] =
					(struct param){.name = {.s = key, .pos = {1, 1, 1}},
						.value = make_array(a,
							word.n ? arena_str(a, word).p : NULL)};
			else
				inc->params[inc->n_params++] =
					(struct param){.name = {.s = key, .pos = {1, 1, 1}},
						.value = make_string(arena_str(a, word).p)};
		}
	}
	return m;
}

static struct str show(struct arena *a, const struct combination *c, size_t n)
{
	struct str s = STR("");

	for (size_t i = 0; i < n; i++) {
		s = arena_printf(a, STR_FMT "%s", STR_ARG(s), i ? " " : "");
		for (size_t k = 0; k < c[i].n_params; k++)
			s = arena_printf(a, STR_FMT "%s" STR_FMT "=" STR_FMT, STR_ARG(s),
				k ? "," : "", STR_ARG(c[i].params[k].name.s),
				STR_ARG(c[i].params[k].value.string.s));
		if (!c[i].n_params)
			s = arena_printf(a, STR_FMT "-", STR_ARG(s));
	}
	return s;
}

static void test_examples(void **state)
{
	static const struct {
		const char *matrix, *want;
	} cases[] = {
		{"x=a,b", "x=a x=b"},
		/* first param fastest, names sorted inside a combination */
		{"z=b0,b1,b2 y=a0,a1",
			"y=a0,z=b0 y=a0,z=b1 y=a0,z=b2 y=a1,z=b0 y=a1,z=b1 y=a1,z=b2"},
		/* only new names: merges into all */
		{"x=a,b|:v=1", "v=1,x=a v=1,x=b"},
		/* one pair fits */
		{"x=a,b|:x=a,v=1", "v=1,x=a x=b"},
		/* nothing fits: a combination of its own */
		{"x=a,b|:x=c,v=1", "x=a x=b v=1,x=c"},
		/* shares one pair but contradicts everywhere: dropped */
		{"x=a y=p|:x=a,y=q", "x=a,y=p"},
		/* contradicts what an earlier include added; shares x: dropped */
		{"x=a|:v=1|:x=a,v=2", "v=1,x=a"},
		/* an appended entry counts for the next one */
		{"x=a|:x=c,v=1|:x=c,w=2", "x=a v=1,x=c"},
		{"x=a|:", "x=a"},
		{"x=", ""},
		{"x=a y=", ""},
		{"x=|:v=1", ""},
		/* without params every entry is one combination, in order */
		{"|:x=b,a=1|:x=a", "a=1,x=b x=a"},
		{"|:", "-"},
		{"|:x=a|:", "x=a -"},
		{"", "-"},
		/* section 30, first row: 7 children */
		{"plat=linux,mac,win ver=v1,v2|:plat=bsd,ver=v9",
			"plat=linux,ver=v1 plat=mac,ver=v1 plat=win,ver=v1 plat=linux,ver=v2 "
			"plat=mac,ver=v2 plat=win,ver=v2 plat=bsd,ver=v9"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena *a = arena_new();
		struct matrix m = make_matrix(a, cases[i].matrix);
		struct combination *c;
		struct err err;
		size_t n;

		assert_int_equal(matrix_expand(a, &m, &c, &n, &err), 0);
		assert_str(show(a, c, n), cases[i].want);
		arena_free(a);
	}
}

static void test_include_names(void **state)
{
	struct arena *a = arena_new();
	struct matrix m = make_matrix(a, "x=a,b|one:x=a|:x=a|two:x=a,v=1|three:x=b");
	struct combination *c;
	struct err err;
	size_t n;

	(void)state;
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_str(matrix_include_names(a, &m, &c[0]), "one two");
	assert_str(matrix_include_names(a, &m, &c[1]), "three");
	m = make_matrix(a, "x=a|one:x=b");
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), 0);
	assert_int_equal(matrix_include_names(a, &m, &c[0]).n, 0);
	arena_free(a);
}

static void test_types(void **state)
{
	struct arena *a = arena_new();
	struct matrix m = make_matrix(a, "x=a|:x=b");
	struct combination *c;
	struct err err;
	size_t n;

	(void)state;
	m.params[0].value = make_string("one");
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), -1);
	assert_int_equal(err.kind, ERR_SPEC);
	assert_string_equal(err.msg, "parameters of type array only are allowed, but param "
				     "\"x\" has type \"string\"");
	m = make_matrix(a, "x=a|:x=b");
	m.include[0].params[0].value = make_array(a, "b");
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), -1);
	assert_int_equal(err.kind, ERR_SPEC);
	arena_free(a);
}

/* A param with n values. */
static struct param long_param(struct arena *a, const char *name, size_t n)
{
	struct param p = {.name = make_text(name), .value = {.type = VALUE_ARRAY}};

	p.value.array = arena_new_array(a, struct text, n);
	p.value.n_array = n;
	for (size_t i = 0; i < n; i++)
		p.value.array[i] = (struct text){.s = arena_printf(a, "%zu", i)};
	return p;
}

static void test_limit(void **state)
{
	struct arena *a = arena_new();
	struct matrix m = make_matrix(a, "x=a y=b|:x=new,y=new");
	struct combination *c;
	struct err err;
	size_t n;

	(void)state;
	m.params[0] = long_param(a, "x", 16);
	m.params[1] = long_param(a, "y", 16);
	m.n_include = 0;
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), 0);
	assert_int_equal(n, 256);
	m.n_include = 1;
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(err.msg, "expected 0 <= 257 <= 256");
	m.params[1] = long_param(a, "y", 17);
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), -1);
	assert_string_equal(err.msg, "expected 0 <= 272 <= 256");
	for (size_t i = 0; i < 8; i++)
		m.params[i] = long_param(a, "x", 4096);
	m.n_params = 8;
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	m.params = arena_new_array(a, struct param, BOUND_MATRIX_PARAMS + 1);
	for (size_t i = 0; i <= BOUND_MATRIX_PARAMS; i++)
		m.params[i] = long_param(a, arena_printf(a, "p%zu", i).p, 1);
	m.n_params = BOUND_MATRIX_PARAMS;
	m.n_include = 0;
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), 0);
	assert_int_equal(n, 1);
	m.n_params++;
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	arena_free(a);
}

/*
 * The naive one: names are x, y, z (0..2), values digits, 0 means absent. A combination is a
 * row of three digits; the product is a recursion from the slowest param down.
 */
struct rows {
	int v[64][3];
	int n;
};

static void naive_product(struct rows *out, const int n_values[2], int n_params)
{
	int ny = n_params > 1 ? n_values[1] : 1;

	out->n = 0;
	for (int y = 1; y <= ny; y++)
		for (int x = 1; x <= n_values[0]; x++) {
			out->v[out->n][0] = x;
			out->v[out->n][1] = n_params > 1 ? y : 0;
			out->v[out->n++][2] = 0;
		}
}

static void naive_includes(struct rows *r, int inc[2][3], int n_inc)
{
	int n_product = r->n;

	for (int k = 0; k < n_inc; k++)
		for (int i = 0; i < n_product; i++) {
			bool fits = true;

			for (int p = 0; p < 3; p++)
				if (inc[k][p] && r->v[i][p] && inc[k][p] != r->v[i][p])
					fits = false;
			for (int p = 0; fits && p < 3; p++)
				if (inc[k][p])
					r->v[i][p] = inc[k][p];
		}
	for (int k = 0; k < n_inc; k++) {
		bool shares = false, any = false;

		for (int p = 0; p < 3; p++) {
			any |= inc[k][p] != 0;
			for (int i = 0; i < r->n; i++)
				shares |= inc[k][p] && inc[k][p] == r->v[i][p];
		}
		if (any && !shares)
			memcpy(r->v[r->n++], inc[k], sizeof(inc[k]));
	}
}

static void check_one(const int n_values[2], int n_params, int inc[2][3], int n_inc)
{
	static const char *const names[] = {"x", "y", "z"};
	static const char *const values[] = {"", "1", "2", "3"};
	struct arena *a = arena_new();
	struct matrix m = {0};
	struct combination *c;
	struct rows want;
	struct err err;
	size_t n;

	m.params = arena_new_array(a, struct param, 2);
	for (int i = 0; i < n_params; i++)
		m.params[m.n_params++] = (struct param){.name = make_text(names[i]),
			.value = make_array(a, n_values[i] == 1 ? "1" : "1,2")};
	m.include = arena_new_array(a, struct matrix_include, 2);
	for (int k = 0; k < n_inc; k++) {
		struct matrix_include *e = &m.include[m.n_include++];

		e->params = arena_new_array(a, struct param, 3);
		for (int p = 2; p >= 0; p--)
			if (inc[k][p])
				e->params[e->n_params++] =
					(struct param){.name = make_text(names[p]),
						.value = make_string(values[inc[k][p]])};
	}
	naive_product(&want, n_values, n_params);
	naive_includes(&want, inc, n_inc);
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), 0);
	assert_int_equal(n, want.n);
	for (size_t i = 0; i < n; i++) {
		size_t at = 0;

		for (int p = 0; p < 3; p++) {
			if (!want.v[i][p])
				continue;
			assert_true(at < c[i].n_params);
			assert_str(c[i].params[at].name.s, names[p]);
			assert_str(c[i].params[at++].value.string.s, values[want.v[i][p]]);
		}
		assert_int_equal(at, c[i].n_params);
	}
	arena_free(a);
}

/* One or two params of one or two values, up to two include entries over x, y, z with values
 * absent, 1, 2, 3 (3 is in no array). */
static void test_exhaustive(void **state)
{
	enum { ENTRIES = 4 * 4 * 3 };
	int checked = 0;

	(void)state;
	for (int shape = 0; shape < 6; shape++) {
		int n_values[2] = {1 + shape % 2, 1 + shape / 2 % 2};
		int n_params = shape < 4 ? 2 : 1;

		for (int e = 0; e < ENTRIES * ENTRIES; e++) {
			int one = e % ENTRIES, two = e / ENTRIES;
			int inc[2][3] = {{one % 4, one / 4 % 4, one / 16},
				{two % 4, two / 4 % 4, two / 16}};

			check_one(n_values, n_params, inc, 2);
			checked++;
		}
	}
	assert_int_equal(checked, 6 * ENTRIES * ENTRIES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_include_names),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_exhaustive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
