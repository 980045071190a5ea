/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LimitRange: read and checked as the API server checks it (Kubernetes, ValidateLimitRange).
 * What it says of containers without limits and requests is all that has a meaning in one pod.
 */
#include "decode.h"

#include <base/err.h>
#include <base/map.h>
#include <base/num.h>

enum bound { BOUND_MIN, BOUND_MAX, BOUND_DEFAULT, BOUND_REQUEST, BOUND_RATIO };
enum { BOUND_N = BOUND_RATIO + 1 };

static const char *const bound_keys[BOUND_N] = {
	[BOUND_MIN] = "min",
	[BOUND_MAX] = "max",
	[BOUND_DEFAULT] = "default",
	[BOUND_REQUEST] = "defaultRequest",
	[BOUND_RATIO] = "maxLimitRequestRatio",
};
static const char *const bound_words[BOUND_N] = {
	[BOUND_MIN] = "min value",
	[BOUND_MAX] = "max value",
	[BOUND_DEFAULT] = "default value",
	[BOUND_REQUEST] = "default request value",
	[BOUND_RATIO] = "ratio",
};

struct item { /* while it is read */
	struct text type;
	struct quantities bounds[BOUND_N];
	const struct yaml_node *nodes[BOUND_N]; /* NULL: not given */
	struct limit_item *out;
};

static const struct resource *find(const struct quantities *q, struct str name)
{
	for (size_t i = 0; i < q->n; i++)
		if (str_eq(q->items[i].name.s, name))
			return &q->items[i];
	return NULL;
}

/* Thousandths; what is too large for them is larger than anything that is not. */
static int64_t amount(const struct resource *r)
{
	struct err err;
	int64_t v;

	return num_quantity_milli(r->quantity.s, &v, &err) ? INT64_MAX : v;
}

/* a must not be greater than b, where both are given. */
static void check_order(struct decode *d, const struct item *it, enum bound a, enum bound b)
{
	const struct quantities *small = &it->bounds[a], *large = &it->bounds[b];

	for (size_t i = 0; i < small->n; i++) {
		const struct resource *r = &small->items[i];
		const struct resource *other = find(large, r->name.s);
		struct yaml_node at = {.pos = r->quantity.pos};

		if (!other || amount(r) <= amount(other))
			continue;
		(void)decode_fail(d, "limit-range", &at,
			"%s " STR_FMT " is greater than %s " STR_FMT, bound_words[a],
			STR_ARG(r->quantity.s),
			a == BOUND_REQUEST && b == BOUND_DEFAULT ? "default limit value"
								 : bound_words[b],
			STR_ARG(other->quantity.s));
	}
}

static void check_ratio(struct decode *d, const struct item *it)
{
	const struct quantities *q = &it->bounds[BOUND_RATIO];

	for (size_t i = 0; i < q->n; i++) {
		struct yaml_node at = {.pos = q->items[i].quantity.pos};

		if (amount(&q->items[i]) < 1000)
			(void)decode_fail(d, "limit-range", &at,
				"ratio " STR_FMT " is less than 1",
				STR_ARG(q->items[i].quantity.s));
	}
}

static void refuse_bound(struct decode *d, const struct item *it, enum bound b)
{
	if (it->bounds[b].n)
		(void)decode_fail(d, "limit-range", it->nodes[b],
			"'%s': may not be specified when `type` is '" STR_FMT "'",
			bound_keys[b], STR_ARG(it->type.s));
}

static void check_type(struct decode *d, const struct item *it, const struct yaml_node *n)
{
	struct yaml_node at = {.pos = it->type.pos};

	if (!it->type.s.n) {
		(void)decode_fail(d, "missing-field", n, "missing field(s): type");
	} else if (str_eqz(it->type.s, "Pod")) {
		refuse_bound(d, it, BOUND_DEFAULT);
		refuse_bound(d, it, BOUND_REQUEST);
	} else if (str_eqz(it->type.s, "PersistentVolumeClaim")) {
		if (!find(&it->bounds[BOUND_MIN], STR("storage")) &&
			!find(&it->bounds[BOUND_MAX], STR("storage")))
			(void)decode_fail(d, "limit-range", n,
				"either minimum or maximum storage value is required, but "
				"neither was provided");
	} else if (!str_eqz(it->type.s, "Container") && str_chr(it->type.s, '/') < 0) {
		(void)decode_fail(d, "limit-range", &at,
			"type '" STR_FMT "': must be a standard limit type or fully qualified",
			STR_ARG(it->type.s));
	}
}

static void decode_bound(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct item *it = base;
	struct quantities *q = &it->bounds[f->arg];

	it->nodes[f->arg] = n;
	decode_quantities(d, n, &q->items, &q->n);
}

/* What is given, and of names that are not there what stands for it. */
static struct quantities complete(
	struct decode *d, const struct quantities *given, const struct quantities *other)
{
	struct quantities all = {
		.items = arena_new_array(d->arena, struct resource, given->n + other->n + 1)};

	for (size_t i = 0; i < given->n; i++)
		all.items[all.n++] = given->items[i];
	for (size_t i = 0; i < other->n; i++)
		if (!find(given, other->items[i].name.s))
			all.items[all.n++] = other->items[i];
	return all;
}

/* As the API server fills them in (SetDefaults_LimitRangeItem). */
static void keep_defaults(struct decode *d, struct item *it)
{
	struct limit_item *out = it->out;

	out->is_container = str_eqz(it->type.s, "Container");
	out->least = it->bounds[BOUND_MIN];
	out->defaults = complete(d, &it->bounds[BOUND_DEFAULT], &it->bounds[BOUND_MAX]);
	out->requests = complete(d, &it->bounds[BOUND_REQUEST], &out->defaults);
	out->requests = complete(d, &out->requests, &out->least);
}

static const struct field item_fields[] = {
	{FIELD_TEXT_OF(struct item, "type", type)},
	{.key = "min", .kind = FIELD_CALL, .call = decode_bound, .arg = BOUND_MIN},
	{.key = "max", .kind = FIELD_CALL, .call = decode_bound, .arg = BOUND_MAX},
	{.key = "default", .kind = FIELD_CALL, .call = decode_bound, .arg = BOUND_DEFAULT},
	{.key = "defaultRequest",
		.kind = FIELD_CALL,
		.call = decode_bound,
		.arg = BOUND_REQUEST},
	{.key = "maxLimitRequestRatio",
		.kind = FIELD_CALL,
		.call = decode_bound,
		.arg = BOUND_RATIO},
};
static const struct schema schema_item = {
	.what = "limit",
	.size = sizeof(struct item),
	.fields = item_fields,
	.n_fields = ARRAY_SIZE(item_fields),
};

static void decode_item(struct decode *d, const struct yaml_node *n, struct limit_item *ret)
{
	static const enum bound order[][2] = {
		{BOUND_MIN, BOUND_MAX},
		{BOUND_MIN, BOUND_REQUEST},
		{BOUND_REQUEST, BOUND_MAX},
		{BOUND_REQUEST, BOUND_DEFAULT},
		{BOUND_MIN, BOUND_DEFAULT},
		{BOUND_DEFAULT, BOUND_MAX},
	};
	struct item it = {.out = ret};

	decode_object(d, &schema_item, n, &it);
	if (d->broken)
		return;
	check_type(d, &it, n);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		check_order(d, &it, order[i][0], order[i][1]);
	check_ratio(d, &it);
	keep_defaults(d, &it);
	ret->type = it.type;
}

static void decode_items(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct limit_range *r = base;
	struct map types;

	(void)f;
	if (n->type == YAML_NULL || !decode_expect(d, n, YAML_LIST, "list"))
		return;
	map_init(&types, d->arena);
	r->items = arena_new_array(d->arena, struct limit_item, n->n + 1);
	for (size_t i = 0; i < n->n; i++) {
		size_t mark = path_enter_index(d, i);
		struct limit_item *one = &r->items[r->n_items++];

		decode_item(d, n->items[i], one);
		if (one->type.s.n && !map_set(&types, one->type.s, one)) {
			struct yaml_node at = {.pos = one->type.pos};

			(void)decode_fail(d, "limit-range", &at,
				"type '" STR_FMT "' appears more than once",
				STR_ARG(one->type.s));
		}
		path_leave(d, mark);
	}
}

static const struct field spec_fields[] = {
	{.key = "limits", .kind = FIELD_CALL, .call = decode_items},
};
static const struct schema schema_spec = {
	.what = "LimitRange spec",
	.size = sizeof(struct limit_range),
	.fields = spec_fields,
	.n_fields = ARRAY_SIZE(spec_fields),
};

static const struct field limit_range_fields[] = {
	{.key = "spec", .kind = FIELD_OBJECT, .schema = &schema_spec},
};
const struct schema schema_limit_range = {
	.what = "LimitRange",
	.size = sizeof(struct limit_range),
	.base = &schema_object,
	.fields = limit_range_fields,
	.n_fields = ARRAY_SIZE(limit_range_fields),
};
