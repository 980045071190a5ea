/* SPDX-License-Identifier: Apache-2.0 */
/* Params: checks and defaults (tekton-semantics 5). */
#include "param.h"

#include <base/bounds.h>
#include <base/vec.h>
#include <string.h>

const struct param *param_find(const struct param *p, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(p[i].name.s, name))
			return &p[i];
	return NULL;
}

const struct param_spec *param_spec_find(const struct param_spec *p, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(p[i].name.s, name))
			return &p[i];
	return NULL;
}

static bool has_default(const struct param_spec *s)
{
	return s->default_value.pos.line != 0;
}

/* --- checks */

void param_list_add(struct arena *a, struct str *list, struct str word)
{
	*list = arena_printf(
		a, STR_FMT "%s" STR_FMT, STR_ARG(*list), list->n ? " " : "[", STR_ARG(word));
}

struct str param_list_end(struct arena *a, struct str list)
{
	return list.n ? arena_printf(a, STR_FMT "]", STR_ARG(list)) : list;
}

struct str param_missing(const struct param_check *c)
{
	struct str list = STR_NONE;

	for (size_t i = 0; i < c->n_specs; i++)
		if (!has_default(&c->specs[i]) &&
			!param_find(c->given, c->n_given, c->specs[i].name.s))
			param_list_add(c->arena, &list, c->specs[i].name.s);
	return param_list_end(c->arena, list);
}

static bool has_variable(const struct value *v)
{
	return v->type == VALUE_STRING && str_has(v->string.s, STR("$("));
}

struct str param_mistyped(const struct param_check *c)
{
	struct str list = STR_NONE;

	for (size_t i = 0; i < c->n_given; i++) {
		const struct param *p = &c->given[i];
		const struct param_spec *s = param_spec_find(c->specs, c->n_specs, p->name.s);

		if (!s || s->type == p->value.type ||
			(c->skip_variables && has_variable(&p->value)))
			continue;
		param_list_add(c->arena, &list, p->name.s);
	}
	return param_list_end(c->arena, list);
}

static bool has_key(const struct value *v, struct str key)
{
	for (size_t i = 0; v && v->type == VALUE_OBJECT && i < v->n_object; i++)
		if (str_eq(v->object[i].key.s, key))
			return true;
	return false;
}

static struct str missing_keys_of(
	struct arena *a, const struct param_spec *s, const struct value *v)
{
	struct str list = STR_NONE;

	for (size_t k = 0; k < s->n_properties; k++) {
		struct str key = s->properties[k].name.s;

		if (!has_key(v, key) && !(has_default(s) && has_key(&s->default_value, key)))
			param_list_add(a, &list, key);
	}
	return param_list_end(a, list);
}

struct str param_lost_keys(
	struct arena *a, const struct param_spec *s, const struct value *given)
{
	const struct value *fallback = &s->default_value;
	struct str list = STR_NONE;

	if (given->type != VALUE_OBJECT || fallback->type != VALUE_OBJECT)
		return list;
	for (size_t i = 0; i < fallback->n_object; i++)
		if (!has_key(given, fallback->object[i].key.s))
			param_list_add(a, &list, fallback->object[i].key.s);
	return param_list_end(a, list);
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

struct str param_missing_keys(const struct param_check *c)
{
	struct str *entries = arena_new_array(c->arena, struct str, c->n_given);
	struct str list = STR_NONE;
	size_t n = 0;

	for (size_t i = 0; i < c->n_given; i++) {
		const struct param *p = &c->given[i];
		const struct param_spec *s = param_spec_find(c->specs, c->n_specs, p->name.s);
		struct str keys;

		if (!s || s->type != VALUE_OBJECT || p->value.type != VALUE_OBJECT)
			continue;
		keys = missing_keys_of(c->arena, s, &p->value);
		if (keys.n)
			entries[n++] = arena_printf(c->arena, STR_FMT ":" STR_FMT,
				STR_ARG(p->name.s), STR_ARG(keys));
	}
	if (n)
		qsort(entries, n, sizeof(*entries), by_text);
	for (size_t i = 0; i < n; i++)
		param_list_add(c->arena, &list, entries[i]);
	list = param_list_end(c->arena, list);
	return n ? arena_printf(c->arena, "map" STR_FMT, STR_ARG(list)) : list;
}

static bool in_enum(const struct param_spec *s, struct str text)
{
	for (size_t i = 0; i < s->n_enums; i++)
		if (str_eq(s->enums[i].s, text))
			return true;
	return s->n_enums == 0;
}

/* Given values alone, in their order: admission looked at the defaults. An empty one is free.
 */
struct str param_not_in_enum(const struct param_check *c)
{
	for (size_t i = 0; i < c->n_given; i++) {
		const struct param *p = &c->given[i];
		const struct param_spec *s = param_spec_find(c->specs, c->n_specs, p->name.s);
		const struct value *v = &p->value;

		if (!s || v->type != VALUE_STRING || !v->string.s.n ||
			(c->skip_variables && has_variable(v)) || in_enum(s, v->string.s))
			continue;
		return arena_printf(c->arena,
			"param `" STR_FMT "` value: " STR_FMT " is not in the enum list",
			STR_ARG(s->name.s), STR_ARG(v->string.s));
	}
	return STR_NONE;
}

static void index_ref(void *arg, const struct ref *ref)
{
	struct param_index_check *c = arg;
	const struct param *p;

	if (ref->kind != REF_PARAM || ref->index < 0)
		return;
	p = param_find(c->values, c->n_values, ref->object);
	if (p && p->value.type == VALUE_ARRAY && (uint64_t)ref->index >= p->value.n_array)
		param_list_add(c->arena, &c->found,
			arena_printf(c->arena, "$(" STR_FMT ")", STR_ARG(ref->whole)));
}

void param_index_text(void *check, struct text t, const char *path)
{
	struct param_index_check *c = check;
	bool none = !c->found.n;

	(void)path;
	ref_each(t.s, index_ref, c);
	if (none && c->found.n)
		c->pos = t.pos;
}

/* --- defaults of pipelines */

enum resolve_state { NOT_RESOLVED, RESOLVING, RESOLVED };
struct resolver {
	const struct param_check *check;
	enum resolve_state *state; /* per declaration */
	struct value *values;
	size_t *depths; /* references below each, once it is resolved */
	struct subst *set;
	size_t below; /* of the one being resolved, so far */
	size_t level; /* how many are being resolved; bounds the recursion */
	const struct param_spec *at;
	struct pos pos; /* of the default that cannot be made */
	struct err *err;
	bool failed;
};

static void resolve_one(struct resolver *r, size_t i);

static void resolve_fail(struct resolver *r, const struct param_spec *s, const char *what)
{
	r->failed = true;
	r->pos = s->default_value.pos;
	err_set(r->err, ERR_SPEC, "%s \"%.*s\"", what, STR_ARG(s->name.s));
}

static void resolve_ref(void *arg, const struct ref *ref)
{
	struct resolver *r = arg;
	const struct param_check *c = r->check;
	const struct param_spec *s;

	if (r->failed || ref->kind != REF_PARAM || ref->brackets)
		return;
	if (param_find(c->given, c->n_given, ref->object))
		return; /* is in the set from the start */
	s = param_spec_find(c->specs, c->n_specs, ref->object);
	if (!s || !has_default(s)) {
		r->failed = true;
		r->pos = r->at->default_value.pos;
		err_set(r->err, ERR_SPEC,
			"param default refers to \"%.*s\", which is not defined",
			STR_ARG(ref->object));
		return;
	}
	resolve_one(r, (size_t)(s - c->specs));
	if (!r->failed && r->depths[s - c->specs] >= r->below)
		r->below = r->depths[s - c->specs] + 1;
}

static void resolve_texts(struct resolver *r, const struct value *v)
{
	ref_each(v->string.s, resolve_ref, r);
	for (size_t i = 0; i < v->n_array; i++)
		ref_each(v->array[i].s, resolve_ref, r);
	for (size_t i = 0; i < v->n_object; i++)
		ref_each(v->object[i].value.s, resolve_ref, r);
}

/* Elements and values get text only: a default keeps the type it has. */
static struct value resolved_value(const struct resolver *r, const struct value *in)
{
	struct arena *a = r->check->arena;
	struct value v = *in;

	v.string.s = subst_text(r->set, a, in->string.s);
	v.array = vec_copy(a, in->array, in->n_array, sizeof(*in->array));
	for (size_t i = 0; i < v.n_array; i++)
		v.array[i].s = subst_text(r->set, a, in->array[i].s);
	v.object = vec_copy(a, in->object, in->n_object, sizeof(*in->object));
	for (size_t i = 0; i < v.n_object; i++)
		v.object[i].value.s = subst_text(r->set, a, in->object[i].value.s);
	return v;
}

static void resolve_one(struct resolver *r, size_t i)
{
	const struct param_spec *s = &r->check->specs[i];
	const struct param_spec *outer = r->at;
	size_t outer_below = r->below;

	if (r->failed || r->state[i] == RESOLVED)
		return;
	if (r->state[i] == RESOLVING) {
		resolve_fail(r, s, "param defaults refer to each other in a circle at");
		return;
	}
	if (r->level > BOUND_PARAM_DEPTH) {
		resolve_fail(r, s, "param defaults are nested too deeply at");
		return;
	}
	r->state[i] = RESOLVING;
	r->at = s;
	r->level++;
	r->below = 0;
	resolve_texts(r, &s->default_value);
	r->depths[i] = r->below;
	r->below = outer_below;
	r->level--;
	r->at = outer;
	if (!r->failed && r->depths[i] > BOUND_PARAM_DEPTH)
		resolve_fail(r, s, "param defaults are nested too deeply at");
	if (r->failed)
		return;
	r->values[i] = resolved_value(r, &s->default_value);
	subst_add_param(r->set, STR("params"), s->name.s, &r->values[i]);
	r->state[i] = RESOLVED;
}

int param_resolve(const struct param_check *c, struct param **ret, size_t *ret_n,
	struct pos *ret_pos, struct err *err)
{
	struct param *out = arena_new_array(c->arena, struct param, c->n_given + c->n_specs);
	struct subst set;
	struct resolver r = {.check = c, .set = &set, .err = err};
	size_t n = 0;

	subst_init(&set, c->arena);
	r.state = arena_new_array(c->arena, enum resolve_state, c->n_specs);
	r.values = arena_new_array(c->arena, struct value, c->n_specs);
	r.depths = arena_new_array(c->arena, size_t, c->n_specs);
	for (size_t i = 0; i < c->n_given; i++) {
		out[n++] = c->given[i];
		subst_add_param(&set, STR("params"), c->given[i].name.s, &c->given[i].value);
	}
	for (size_t i = 0; i < c->n_specs && !r.failed; i++) {
		const struct param_spec *s = &c->specs[i];

		if (!has_default(s) || param_find(c->given, c->n_given, s->name.s))
			continue;
		resolve_one(&r, i);
		out[n++] = (struct param){.name = s->name, .value = r.values[i]};
	}
	*ret = out;
	*ret_n = n;
	*ret_pos = r.pos;
	return r.failed ? -1 : 0;
}

/* --- defaults of tasks */

static void find_param_ref(void *arg, const struct ref *ref)
{
	if (ref->kind == REF_PARAM)
		*(bool *)arg = true;
}

static bool has_param_ref(const struct value *v)
{
	bool found = false;

	if (v->type == VALUE_STRING)
		ref_each(v->string.s, find_param_ref, &found);
	return found;
}

/* The keys of a default that the given object lacks come after its own. */
static struct value merge_object(
	struct arena *a, const struct value *given, const struct value *fallback)
{
	struct value out = *given;
	size_t n = 0;

	out.object = arena_new_array(a, struct value_key, given->n_object + fallback->n_object);
	for (size_t i = 0; i < given->n_object; i++)
		out.object[n++] = given->object[i];
	for (size_t i = 0; i < fallback->n_object; i++)
		if (!has_key(given, fallback->object[i].key.s))
			out.object[n++] = fallback->object[i];
	out.n_object = n;
	return out;
}

void param_resolve_task(const struct param_check *c, struct param **ret, size_t *ret_n)
{
	struct param *out = arena_new_array(c->arena, struct param, c->n_given + c->n_specs);
	struct subst defaults;
	size_t n = 0;

	subst_init(&defaults, c->arena);
	defaults.texts = c->texts;
	for (size_t i = 0; i < c->n_specs; i++)
		if (has_default(&c->specs[i]) && !has_param_ref(&c->specs[i].default_value))
			subst_add_param(&defaults, STR("params"), c->specs[i].name.s,
				&c->specs[i].default_value);
	for (size_t i = 0; i < c->n_given; i++) {
		const struct param *p = &c->given[i];
		const struct param_spec *s = param_spec_find(c->specs, c->n_specs, p->name.s);

		out[n] = *p;
		if (s && has_default(s) && p->value.type == VALUE_OBJECT &&
			s->default_value.type == VALUE_OBJECT)
			out[n].value = merge_object(c->arena, &p->value, &s->default_value);
		n++;
	}
	for (size_t i = 0; i < c->n_specs; i++) {
		const struct param_spec *s = &c->specs[i];
		struct value v;

		if (!has_default(s) || param_find(c->given, c->n_given, s->name.s))
			continue;
		v = subst_value(&defaults, c->arena, &s->default_value);
		if (!has_param_ref(&v))
			out[n++] = (struct param){.name = s->name, .value = v};
	}
	*ret = out;
	*ret_n = n;
}

/* --- what no param filled in (section 6.6) */

struct leftover {
	const struct task_spec *ts;
	struct text text;
	const char *path;
	struct arena *arena;
	struct str problem;
};

static void leftover_ref(void *arg, const struct ref *ref)
{
	struct leftover *l = arg;

	if (l->problem.n || ref->kind != REF_PARAM ||
		param_spec_find(l->ts->params, l->ts->n_params, ref->object))
		return;
	l->problem = arena_printf(l->arena, "non-existent variable in \"" STR_FMT "\": %s",
		STR_ARG(l->text.s), l->path);
}

static void leftover_text(void *arg, struct text t, const char *path)
{
	struct leftover *l = arg;

	l->text = t;
	l->path = path;
	ref_each(t.s, leftover_ref, l);
}

struct str param_leftover(struct arena *a, const struct task_spec *ts)
{
	struct leftover l = {.ts = ts, .arena = a};

	task_spec_texts(ts, leftover_text, &l);
	return l.problem;
}
