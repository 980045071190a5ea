/* SPDX-License-Identifier: Apache-2.0 */
/* Params, their declarations, and results: everything that has a string, array or object. */
#include "decode.h"

#include <base/bounds.h>
#include <string.h>

static bool is_stringy(const struct yaml_node *n)
{
	return n->type == YAML_STRING || n->type == YAML_NULL;
}

static struct text text_of(const struct yaml_node *n)
{
	return (struct text){.s = n->type == YAML_STRING ? n->text : STR(""), .pos = n->pos};
}

/* A list or map that is not all strings is a string: its compact JSON as Go prints it. */
static void value_as_json(struct decode *d, const struct yaml_node *n, struct value *ret)
{
	struct buf text cleanup_buf;
	buf_init(&text, BOUND_SUBST_BYTES);
	struct json_writer w;
	json_writer_init(&w, &text, 0);
	w.go_escapes = true;
	yaml_json(n, YAML_SORTED, &w);
	if (text.full) { /* aliases can make a short list long */
		d->broken = true;
		(void)decode_fail(d, "limit", n, "value of more than 16 MiB");
	}
	ret->type = VALUE_STRING;
	ret->string = (struct text){.s = arena_str(d->arena, buf_str(&text)), .pos = n->pos};
	(void)decode_warn(d, "yaml-not-strings", n,
		"%s: not all values are strings, so the value is a string of JSON text",
		yaml_type_name(n->type));
}

static void value_list(struct decode *d, const struct yaml_node *n, struct value *ret)
{
	for (size_t i = 0; i < n->n; i++) {
		if (is_stringy(n->items[i]))
			continue;
		value_as_json(d, n, ret);
		return;
	}
	ret->type = VALUE_ARRAY;
	ret->array = arena_new_array(d->arena, struct text, n->n ? n->n : 1);
	ret->n_array = n->n;
	for (size_t i = 0; i < n->n; i++)
		ret->array[i] = text_of(n->items[i]);
}

static void value_map(struct decode *d, const struct yaml_node *n, struct value *ret)
{
	decode_warn_keys(d, n);
	for (size_t i = 0; i < n->n; i++) {
		if (is_stringy(n->pairs[i].value))
			continue;
		value_as_json(d, n, ret);
		return;
	}
	ret->type = VALUE_OBJECT;
	ret->object = arena_new_array(d->arena, struct value_key, n->n ? n->n : 1);
	ret->n_object = n->n;
	for (size_t i = 0; i < n->n; i++) {
		const struct yaml_pair *pair = &n->pairs[i];
		ret->object[i].key = (struct text){.s = pair->key, .pos = pair->key_node->pos};
		ret->object[i].value = text_of(pair->value);
	}
}

void decode_value_field(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct value *ret = (struct value *)(void *)((char *)base + f->at);
	ret->pos = n->pos;
	if (n->type == YAML_LIST) {
		value_list(d, n, ret);
	} else if (n->type == YAML_MAP) {
		value_map(d, n, ret);
	} else {
		ret->type = VALUE_STRING;
		ret->string = text_of(n);
		if (!is_stringy(n))
			ret->string.s = n->json;
		decode_warn_changed(d, n, n->json, "value");
	}
}

/* A default of null is no default. */
static void decode_default(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	if (n->type != YAML_NULL)
		decode_value_field(d, f, n, base);
}

static const struct field param_fields[] = {
	{FIELD_TEXT_OF(struct param, "name", name)},
	{.key = "value",
		.kind = FIELD_CALL,
		.at = offsetof(struct param, value),
		.call = decode_value_field},
};
const struct schema schema_param = {
	.what = "param",
	.size = sizeof(struct param),
	.fields = param_fields,
	.n_fields = ARRAY_SIZE(param_fields),
};

static const struct field property_fields[] = {
	{FIELD_TEXT_OF(struct property, "type", type)},
};
static const struct schema schema_property = {
	.what = "property",
	.size = sizeof(struct property),
	.fields = property_fields,
	.n_fields = ARRAY_SIZE(property_fields),
};

struct properties { /* where a map of properties goes */
	struct property **items;
	size_t *n;
	struct pos *pos;
};

static void decode_properties(
	struct decode *d, const struct yaml_node *n, const struct properties *to)
{
	if (n->type == YAML_NULL)
		return;
	*to->pos = n->pos;
	if (!decode_expect(d, n, YAML_MAP, "map of properties"))
		return;
	decode_warn_keys(d, n);
	*to->items = arena_new_array(d->arena, struct property, n->n ? n->n : 1);
	*to->n = n->n;
	for (size_t i = 0; i < n->n; i++) {
		const struct yaml_pair *pair = &n->pairs[i];
		struct property *p = &(*to->items)[i];
		size_t mark = path_enter(d, pair->key);
		p->name = (struct text){.s = pair->key, .pos = pair->key_node->pos};
		decode_object(d, &schema_property, pair->value, p);
		if (!text_given(p->type)) /* Tekton's default */
			p->type = (struct text){.s = STR("string"), .pos = pair->value->pos};
		path_leave(d, mark);
	}
}

static void decode_param_properties(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	(void)f;
	struct param_spec *p = base;
	decode_properties(d, n,
		&(struct properties){&p->properties, &p->n_properties, &p->properties_pos});
}

static void decode_result_properties(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	(void)f;
	struct result_spec *r = base;
	decode_properties(d, n,
		&(struct properties){&r->properties, &r->n_properties, &r->properties_pos});
}

/* A written type; false when it is absent, empty or none of the three. */
static bool type_from_text(struct text t, enum value_type *ret)
{
	for (int v = 0; v < VALUE_TYPE_N; v++) {
		if (str_eqz(t.s, value_type_name((enum value_type)v))) {
			*ret = (enum value_type)v;
			return true;
		}
	}
	return false;
}

/* Section 5: the type if given, else object if there are properties, else that of the default.
 */
static void finish_param_spec(struct decode *d, const struct yaml_node *n, void *base)
{
	(void)d;
	(void)n;
	struct param_spec *p = base;
	if (type_from_text(p->type_text, &p->type) || p->type_text.s.n)
		return;
	if (p->properties_pos.line)
		p->type = VALUE_OBJECT;
	else if (p->default_value.pos.line)
		p->type = p->default_value.type;
}

static void finish_result_spec(struct decode *d, const struct yaml_node *n, void *base)
{
	(void)d;
	(void)n;
	struct result_spec *r = base;
	if (type_from_text(r->type_text, &r->type) || r->type_text.s.n)
		return;
	if (r->properties_pos.line)
		r->type = VALUE_OBJECT;
	else if (r->value.pos.line)
		r->type = r->value.type;
}

static const struct field param_spec_fields[] = {
	{FIELD_TEXT_OF(struct param_spec, "name", name)},
	{FIELD_TEXT_OF(struct param_spec, "type", type_text)},
	{FIELD_TEXT_OF(struct param_spec, "description", description)},
	{.key = "properties", .kind = FIELD_CALL, .call = decode_param_properties},
	{.key = "default",
		.kind = FIELD_CALL,
		.at = offsetof(struct param_spec, default_value),
		.call = decode_default},
	{FIELD_TEXTS_OF(struct param_spec, "enum", enums)},
};
const struct schema schema_param_spec = {
	.what = "param",
	.size = sizeof(struct param_spec),
	.fields = param_spec_fields,
	.n_fields = ARRAY_SIZE(param_spec_fields),
	.finish = finish_param_spec,
};

static const struct field result_fields[] = {
	{FIELD_TEXT_OF(struct result_spec, "name", name)},
	{FIELD_TEXT_OF(struct result_spec, "type", type_text)},
	{FIELD_TEXT_OF(struct result_spec, "description", description)},
};
static const struct schema schema_result = {
	.what = "result",
	.size = sizeof(struct result_spec),
	.fields = result_fields,
	.n_fields = ARRAY_SIZE(result_fields),
};

static const struct field step_result_fields[] = {
	{.key = "properties", .kind = FIELD_CALL, .call = decode_result_properties},
};
const struct schema schema_step_result = {
	.what = "result",
	.size = sizeof(struct result_spec),
	.base = &schema_result,
	.fields = step_result_fields,
	.n_fields = ARRAY_SIZE(step_result_fields),
	.finish = finish_result_spec,
};

static const struct field task_result_fields[] = {
	{.key = "properties", .kind = FIELD_CALL, .call = decode_result_properties},
	{.key = "value",
		.kind = FIELD_CALL,
		.at = offsetof(struct result_spec, value),
		.call = decode_default},
};
const struct schema schema_task_result = {
	.what = "result",
	.size = sizeof(struct result_spec),
	.base = &schema_result,
	.fields = task_result_fields,
	.n_fields = ARRAY_SIZE(task_result_fields),
	.finish = finish_result_spec,
};

static const struct field pipeline_result_fields[] = {
	{.key = "value",
		.kind = FIELD_CALL,
		.at = offsetof(struct result_spec, value),
		.call = decode_value_field},
};
const struct schema schema_pipeline_result = {
	.what = "pipeline result",
	.size = sizeof(struct result_spec),
	.base = &schema_result,
	.fields = pipeline_result_fields,
	.n_fields = ARRAY_SIZE(pipeline_result_fields),
	.finish = finish_result_spec,
};
