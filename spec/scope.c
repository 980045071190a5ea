/* SPDX-License-Identifier: Apache-2.0 */
/* Which params are known at some place of a spec, and what they are (section 5). */
#include "spec/check.h"

void scope_init(struct scope *s, struct arena *a, const struct scope *outer)
{
	*s = (struct scope){.outer = outer};
	map_init(&s->params, a);
}

/* The entry of a name in this scope; a new one is untyped. */
static struct known_param *scope_entry(struct scope *s, struct str name)
{
	struct known_param *p = map_get(&s->params, name);

	if (p)
		return p;
	p = arena_new_object(s->params.arena, struct known_param);
	p->name = name;
	map_init(&p->keys, s->params.arena);
	map_set(&s->params, name, p);
	return p;
}

static void add_keys(struct known_param *p, const struct value *v)
{
	for (size_t i = 0; v->type == VALUE_OBJECT && i < v->n_object; i++)
		map_set(&p->keys, v->object[i].key.s, p);
}

static void set_type(struct known_param *p, enum value_type type)
{
	if (p->typed)
		return;
	p->typed = true;
	p->type = type;
}

void scope_add_specs(struct scope *s, const struct param_spec *specs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct known_param *p = scope_entry(s, specs[i].name.s);

		set_type(p, specs[i].type);
		for (size_t k = 0; k < specs[i].n_properties; k++)
			map_set(&p->keys, specs[i].properties[k].name.s, p);
		add_keys(p, &specs[i].default_value);
	}
}

/* A string that is one whole reference may become an array or an object. */
static bool may_change_type(const struct value *v)
{
	size_t at = 0, from, to;

	return v->type == VALUE_STRING && ref_scan(v->string.s, &at, &from, &to) && from == 0 &&
	       to == v->string.s.n;
}

void scope_add_params(struct scope *s, const struct param *params, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct known_param *p = scope_entry(s, params[i].name.s);

		if (!may_change_type(&params[i].value))
			set_type(p, params[i].value.type);
		add_keys(p, &params[i].value);
	}
}

/* Each child gets one string of the array, or the string of the include entry. */
void scope_add_matrix(struct scope *s, const struct matrix *m)
{
	for (size_t i = 0; i < m->n_params; i++)
		set_type(scope_entry(s, m->params[i].name.s), VALUE_STRING);
	for (size_t i = 0; i < m->n_include; i++)
		for (size_t k = 0; k < m->include[i].n_params; k++)
			set_type(scope_entry(s, m->include[i].params[k].name.s), VALUE_STRING);
}

void scope_add_name(struct scope *s, struct str name)
{
	scope_entry(s, name);
}

void scope_add_names(struct scope *s, const struct param_spec *specs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		scope_entry(s, specs[i].name.s);
}

const struct known_param *scope_find(const struct scope *s, struct str name)
{
	for (; s; s = s->outer) {
		const struct known_param *p = map_get(&s->params, name);

		if (p)
			return p;
	}
	return NULL;
}

void scope_suggest(struct check *c, struct diag *d, struct str got, const struct scope *s)
{
	for (; s && !d->hint.n; s = s->outer)
		check_suggest(c, d, got, &s->params);
}
