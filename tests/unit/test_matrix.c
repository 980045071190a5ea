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
 * row of three digits.
 */
enum { ENTRIES_MAX = 3 };
struct rows {
	int v[64][3];
	int n;
};
struct list { /* the values of a param */
	const char *text;
	int v[2];
	int n;
};
struct small { /* a matrix of at most two params, x and y, and three include entries */
	struct list lists[2];
	int n_params;
	int inc[ENTRIES_MAX][3];
	int n_inc;
};

/* x varies fastest */
static void naive_product(struct rows *out, const struct small *s)
{
	const struct list one = {.n = 1}; /* of a param that is not there */
	const struct list *x = s->n_params > 0 ? &s->lists[0] : &one;
	const struct list *y = s->n_params > 1 ? &s->lists[1] : &one;

	out->n = 0;
	for (int k = 0; k < y->n; k++)
		for (int i = 0; i < x->n; i++) {
			out->v[out->n][0] = x->v[i];
			out->v[out->n][1] = y->v[k];
			out->v[out->n++][2] = 0;
		}
}

static bool naive_contradicts(const int row[3], const int inc[3])
{
	for (int p = 0; p < 3; p++)
		if (inc[p] && row[p] && inc[p] != row[p])
			return true;
	return false;
}

static bool naive_shares(const struct rows *r, const int inc[3])
{
	for (int i = 0; i < r->n; i++)
		for (int p = 0; p < 3; p++)
			if (inc[p] && inc[p] == r->v[i][p])
				return true;
	return false;
}

static bool naive_is_empty(const int inc[3])
{
	return !inc[0] && !inc[1] && !inc[2];
}

static void naive_includes(struct rows *r, const struct small *s)
{
	int n_product = r->n;

	for (int k = 0; k < s->n_inc; k++)
		for (int i = 0; i < n_product; i++)
			if (!naive_contradicts(r->v[i], s->inc[k]))
				for (int p = 0; p < 3; p++)
					r->v[i][p] = s->inc[k][p] ? s->inc[k][p] : r->v[i][p];
	for (int k = 0; k < s->n_inc; k++)
		if (!naive_is_empty(s->inc[k]) && !naive_shares(r, s->inc[k]))
			memcpy(r->v[r->n++], s->inc[k], sizeof(s->inc[k]));
}

static void naive_expand(struct rows *r, const struct small *s)
{
	if (!s->n_params && s->n_inc) {
		memcpy(r->v, s->inc, (size_t)s->n_inc * sizeof(s->inc[0]));
		r->n = s->n_inc;
		return;
	}
	naive_product(r, s);
	if (r->n)
		naive_includes(r, s);
}

/* The names of the entries all of whose params a row has, joined by spaces. */
static void naive_names(const struct small *s, const int row[3], char ret[16])
{
	size_t n = 0;

	ret[0] = 0;
	for (int k = 0; k < s->n_inc; k++) {
		bool same = true;

		for (int p = 0; p < 3; p++)
			same &= !s->inc[k][p] || s->inc[k][p] == row[p];
		n += same ? (size_t)snprintf(ret + n, 16 - n, "%s%c", n ? " " : "", 'a' + k)
			  : 0;
	}
}

static struct matrix small_matrix(struct arena *a, const struct small *s)
{
	static const char *const names[] = {"x", "y", "z"};
	static const char *const values[] = {"", "1", "2", "3"};
	static const char *const entries[] = {"a", "b", "c"};
	struct matrix m = {0};

	m.params = arena_new_array(a, struct param, 2);
	for (int i = 0; i < s->n_params; i++)
		m.params[m.n_params++] = (struct param){
			.name = make_text(names[i]), .value = make_array(a, s->lists[i].text)};
	m.include = arena_new_array(a, struct matrix_include, ENTRIES_MAX);
	for (int k = 0; k < s->n_inc; k++) {
		struct matrix_include *e = &m.include[m.n_include++];

		e->name = make_text(entries[k]);
		e->params = arena_new_array(a, struct param, 3);
		for (int p = 2; p >= 0; p--)
			if (s->inc[k][p])
				e->params[e->n_params++] =
					(struct param){.name = make_text(names[p]),
						.value = make_string(values[s->inc[k][p]])};
	}
	return m;
}

static void check_row(const struct combination *c, const int row[3])
{
	static const char names[] = "xyz";
	size_t at = 0;

	for (int p = 0; p < 3; p++) {
		if (!row[p])
			continue;
		assert_true(at < c->n_params);
		assert_int_equal(c->params[at].name.s.n, 1);
		assert_int_equal(c->params[at].name.s.p[0], names[p]);
		assert_int_equal(c->params[at++].value.string.s.p[0], '0' + row[p]);
	}
	assert_int_equal(at, c->n_params);
}

static void check_small(const struct small *s)
{
	struct arena *a = arena_new();
	struct matrix m = small_matrix(a, s);
	struct combination *c;
	struct rows want;
	struct err err;
	char names[16];
	size_t n;

	naive_expand(&want, s);
	assert_int_equal(matrix_expand(a, &m, &c, &n, &err), 0);
	assert_int_equal(n, want.n);
	for (size_t i = 0; i < n; i++) {
		check_row(&c[i], want.v[i]);
		naive_names(s, want.v[i], names);
		assert_str(matrix_include_names(a, &m, &c[i]), names);
	}
	arena_free(a);
}

static const struct list lists[] = {
	{NULL, {0}, 0},
	{"1", {1}, 1},
	{"2", {2}, 1},
	{"1,2", {1, 2}, 2},
	{"2,1", {2, 1}, 2},
	{"1,1", {1, 1}, 2},
};

/* No, one or two params with any of the lists above. */
static struct small shape_of(int shape)
{
	const int n = (int)ARRAY_SIZE(lists);
	struct small s = {.n_params = shape == 0 ? 0 : shape <= n ? 1 : 2};

	if (s.n_params)
		s.lists[0] = lists[(shape - 1) % n];
	if (s.n_params == 2)
		s.lists[1] = lists[(shape - 1 - n) / n];
	return s;
}

/* Entry e of those over x, y, z with the digits 0 to 3, 0 to 3 and 0 to 2 (3 is in no list). */
static void set_entry(struct small *s, int k, int e)
{
	s->inc[k][0] = e % 4;
	s->inc[k][1] = e / 4 % 4;
	s->inc[k][2] = e / 16;
}

static void test_exhaustive(void **state)
{
	enum { ENTRIES = 4 * 4 * 3, SHAPES = 1 + 6 + 36 };

	(void)state;
	for (int shape = 0; shape < SHAPES; shape++) {
		struct small s = shape_of(shape);

		check_small(&s);
		for (int e = 0; e < ENTRIES; e++) {
			s.n_inc = 1;
			set_entry(&s, 0, e);
			check_small(&s);
			for (int f = 0; f < ENTRIES; f++) {
				s.n_inc = 2;
				set_entry(&s, 1, f);
				check_small(&s);
			}
		}
	}
}

/* Three entries, over x and z with two digits each. */
static void test_three_entries(void **state)
{
	enum { ENTRIES = 3 * 3, SHAPES = 1 + 6 + 36 };

	(void)state;
	for (int i = 0; i < SHAPES * ENTRIES * ENTRIES * ENTRIES; i++) {
		struct small s = shape_of(i % SHAPES);

		s.n_inc = 3;
		for (int k = 0, e = i / SHAPES; k < 3; k++, e /= ENTRIES) {
			s.inc[k][0] = e % 3;
			s.inc[k][1] = 0;
			s.inc[k][2] = e % ENTRIES / 3;
		}
		check_small(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_include_names),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_exhaustive),
		cmocka_unit_test(test_three_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
