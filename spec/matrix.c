/* SPDX-License-Identifier: Apache-2.0 */
/* Fan-out of a matrix (tekton-semantics 17). */
#include <base/bounds.h>
#include <monopod/subst.h>
#include <stdlib.h>

static struct param *combination_find(const struct combination *c, struct str name)
{
	for (size_t i = 0; i < c->n_params; i++)
		if (str_eq(c->params[i].name.s, name))
			return &c->params[i];
	return NULL;
}

/* Sets a param; the array has room for every name of the matrix. */
static void combination_set(struct combination *c, struct param p)
{
	struct param *old = combination_find(c, p.name.s);

	if (old)
		*old = p;
	else
		c->params[c->n_params++] = p;
}

/* No param of the entry has another value in the combination. */
static bool contradicts_not(const struct combination *c, const struct matrix_include *inc)
{
	for (size_t i = 0; i < inc->n_params; i++) {
		const struct param *p = combination_find(c, inc->params[i].name.s);

		if (p && !str_eq(p->value.string.s, inc->params[i].value.string.s))
			return false;
	}
	return true;
}

/* At least one name=value pair is in both. */
static bool shares_pair(const struct combination *c, const struct matrix_include *inc)
{
	for (size_t i = 0; i < inc->n_params; i++) {
		const struct param *p = combination_find(c, inc->params[i].name.s);

		if (p && str_eq(p->value.string.s, inc->params[i].value.string.s))
			return true;
	}
	return false;
}

static int check_types(const struct matrix *m, struct err *err)
{
	for (size_t i = 0; i < m->n_params; i++)
		if (m->params[i].value.type != VALUE_ARRAY)
			return err_set(err, ERR_SPEC,
				"parameters of type array only are allowed, but param "
				"\"" STR_FMT "\" has type \"%s\"",
				STR_ARG(m->params[i].name.s),
				value_type_name(m->params[i].value.type));
	for (size_t i = 0; i < m->n_include; i++)
		for (size_t k = 0; k < m->include[i].n_params; k++)
			if (m->include[i].params[k].value.type != VALUE_STRING)
				return err_set(err, ERR_SPEC,
					"parameters of type string only are allowed, but "
					"param \"" STR_FMT "\" has type \"%s\"",
					STR_ARG(m->include[i].params[k].name.s),
					value_type_name(m->include[i].params[k].value.type));
	return 0;
}

static int too_many(size_t n, struct err *err)
{
	return err_set(err, ERR_LIMIT, "expected 0 <= %zu <= %d", n, BOUND_MATRIX);
}

/* The product of the array lengths; SIZE_MAX stands for anything that does not fit. */
static size_t count_product(const struct matrix *m)
{
	size_t n = 1;

	for (size_t i = 0; i < m->n_params; i++) {
		size_t len = m->params[i].value.n_array;

		if (!len)
			return 0;
		if (__builtin_mul_overflow(n, len, &n))
			n = SIZE_MAX / 2;
	}
	return n;
}

/* Room for the params of any combination: every name once. */
static size_t count_names(const struct matrix *m)
{
	size_t n = m->n_params;

	for (size_t i = 0; i < m->n_include; i++)
		n += m->include[i].n_params;
	return n;
}

/* Combination k of the product: the first param varies fastest. */
static void fill_product(const struct matrix *m, size_t k, struct combination *c)
{
	for (size_t i = 0; i < m->n_params; i++) {
		const struct value *v = &m->params[i].value;
		const struct text *t = &v->array[k % v->n_array];

		k /= v->n_array;
		combination_set(c,
			(struct param){.name = m->params[i].name,
				.value = {.type = VALUE_STRING, .string = *t, .pos = t->pos}});
	}
}

static void merge_include(struct combination *c, const struct matrix_include *inc)
{
	for (size_t i = 0; i < inc->n_params; i++)
		combination_set(c, inc->params[i]);
}

static int by_name(const void *a, const void *b)
{
	const struct param *pa = a, *pb = b;

	return str_cmp(pa->name.s, pb->name.s);
}

static struct combination combination_new(struct arena *a, size_t n_names)
{
	return (struct combination){.params = arena_new_array(a, struct param, n_names)};
}

/* Whether an include entry becomes a combination of its own beside those so far. */
static bool is_extra(const struct combination *all, size_t n, const struct matrix_include *inc)
{
	if (!inc->n_params)
		return false;
	for (size_t i = 0; i < n; i++)
		if (shares_pair(&all[i], inc))
			return false;
	return true;
}

/* With n combinations from the product in all, merges and appends the include entries. */
static int add_includes(struct arena *a, const struct matrix *m, struct combination *all,
	size_t *n, struct err *err)
{
	size_t n_names = count_names(m), n_product = *n;

	for (size_t i = 0; i < n_product; i++)
		for (size_t k = 0; k < m->n_include; k++)
			if (contradicts_not(&all[i], &m->include[k]))
				merge_include(&all[i], &m->include[k]);
	for (size_t k = 0; k < m->n_include; k++) {
		if (!is_extra(all, *n, &m->include[k]))
			continue;
		if (*n == BOUND_MATRIX)
			return too_many(*n + 1, err);
		all[*n] = combination_new(a, n_names);
		merge_include(&all[(*n)++], &m->include[k]);
	}
	return 0;
}

/* Without params every include entry is one combination, in order. */
static int expand_include(struct arena *a, const struct matrix *m, struct combination **ret,
	size_t *ret_n, struct err *err)
{
	if (m->n_include > BOUND_MATRIX)
		return too_many(m->n_include, err);
	*ret_n = m->n_include ? m->n_include : 1;
	*ret = arena_new_array(a, struct combination, *ret_n);
	for (size_t k = 0; k < m->n_include; k++) {
		(*ret)[k] = combination_new(a, m->include[k].n_params);
		merge_include(&(*ret)[k], &m->include[k]);
	}
	return 0;
}

static int expand_product(struct arena *a, const struct matrix *m, struct combination **ret,
	size_t *ret_n, struct err *err)
{
	size_t n = count_product(m);
	struct combination *all;

	if (n > BOUND_MATRIX)
		return too_many(n, err);
	all = arena_new_array(a, struct combination, BOUND_MATRIX);
	for (size_t k = 0; k < n; k++) {
		all[k] = combination_new(a, count_names(m));
		fill_product(m, k, &all[k]);
	}
	if (n && add_includes(a, m, all, &n, err) < 0)
		return -1;
	*ret = all;
	*ret_n = n;
	return 0;
}

int matrix_expand(struct arena *a, const struct matrix *m, struct combination **ret,
	size_t *ret_n, struct err *err)
{
	struct combination *all = NULL;
	size_t n = 0;
	int r;

	if (check_types(m, err) < 0)
		return -1;
	if (count_names(m) > BOUND_MATRIX_PARAMS)
		return err_set(
			err, ERR_LIMIT, "matrix has more than %d params", BOUND_MATRIX_PARAMS);
	r = m->n_params ? expand_product(a, m, &all, &n, err)
			: expand_include(a, m, &all, &n, err);
	if (r < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (all[i].n_params)
			qsort(all[i].params, all[i].n_params, sizeof(*all[i].params), by_name);
	*ret = all;
	*ret_n = n;
	return 0;
}

static bool include_matches(const struct matrix_include *inc, const struct combination *c)
{
	for (size_t i = 0; i < inc->n_params; i++) {
		const struct param *p = combination_find(c, inc->params[i].name.s);

		if (!p || !str_eq(p->value.string.s, inc->params[i].value.string.s))
			return false;
	}
	return true;
}

struct str matrix_include_names(
	struct arena *a, const struct matrix *m, const struct combination *c)
{
	struct str names = STR_NONE;

	for (size_t i = 0; i < m->n_include; i++) {
		const struct matrix_include *inc = &m->include[i];

		if (!inc->name.s.n || !include_matches(inc, c))
			continue;
		names = names.n ? arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(names),
					  STR_ARG(inc->name.s))
				: inc->name.s;
	}
	return names;
}
