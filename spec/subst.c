/* SPDX-License-Identifier: Apache-2.0 */
/* The replacement engine (tekton-semantics 6.1, 6.2): sets, texts, lists, values. */
#include "spec/ref.h"
#include <base/bounds.h>
#include <base/buf.h>
#include <base/json.h>
#include <base/num.h>

/* --- sets */

void subst_init(struct subst *s, struct arena *a)
{
	*s = (struct subst){.arena = a, .spent = arena_new_object(a, struct subst_spent)};
	map_init(&s->strings, a);
	map_init(&s->arrays, a);
	map_init(&s->objects, a);
}

bool subst_too_long(const struct subst *s)
{
	return s->spent->too_long;
}

/* Makes room for a new value of a key: what an older one added does not survive it. */
static void forget_key(struct subst *s, struct str key)
{
	const struct value *old = map_get(&s->objects, key);

	for (size_t i = 0; old && i < old->n_object; i++)
		map_set(&s->strings,
			arena_printf(s->arena, STR_FMT "." STR_FMT, STR_ARG(key),
				STR_ARG(old->object[i].key.s)),
			NULL);
	if (old)
		map_set(&s->objects, key, NULL);
	if (map_get(&s->arrays, key))
		map_set(&s->arrays, key, NULL);
	if (map_get(&s->strings, key))
		map_set(&s->strings, key, NULL);
}

static void add_string(struct subst *s, struct str key, struct str value)
{
	struct str *copy = arena_new_object(s->arena, struct str);

	*copy = value;
	map_set(&s->strings, key, copy);
}

void subst_add(struct subst *s, struct str key, struct str value)
{
	forget_key(s, key);
	add_string(s, key, value);
}

void subst_addf(struct subst *s, struct str value, const char *key_fmt, ...)
{
	va_list ap;
	struct str key;

	va_start(ap, key_fmt);
	key = arena_vprintf(s->arena, key_fmt, ap);
	va_end(ap);
	subst_add(s, key, value);
}

/* One spelling of a value; keys of objects exist in dot spelling only. */
static void add_value(struct subst *s, struct str key, const struct value *v, bool dots)
{
	struct value *copy;

	forget_key(s, key);
	if (v->type == VALUE_STRING) {
		add_string(s, key, v->string.s);
		return;
	}
	copy = arena_new_object(s->arena, struct value);
	*copy = *v;
	map_set(v->type == VALUE_ARRAY ? &s->arrays : &s->objects, key, copy);
	for (size_t i = 0; dots && i < v->n_object && v->type == VALUE_OBJECT; i++)
		add_string(s,
			arena_printf(s->arena, STR_FMT "." STR_FMT, STR_ARG(key),
				STR_ARG(v->object[i].key.s)),
			v->object[i].value.s);
}

static void add_spellings(struct subst *s, struct str prefix, struct str name,
	const struct value *v, bool brackets)
{
	struct arena *a = s->arena;

	add_value(s, arena_printf(a, STR_FMT "." STR_FMT, STR_ARG(prefix), STR_ARG(name)), v,
		true);
	if (!brackets)
		return;
	add_value(s,
		arena_printf(a, STR_FMT "[\"" STR_FMT "\"]", STR_ARG(prefix), STR_ARG(name)), v,
		false);
	add_value(s, arena_printf(a, STR_FMT "['" STR_FMT "']", STR_ARG(prefix), STR_ARG(name)),
		v, false);
}

void subst_add_param(struct subst *s, struct str prefix, struct str name, const struct value *v)
{
	add_spellings(s, prefix, name, v, str_eqz(prefix, "params"));
}

void subst_add_result(
	struct subst *s, struct str prefix, struct str name, const struct value *v)
{
	add_spellings(s, prefix, name, v, str_starts(prefix, STR("tasks.")));
}

/* --- looking up */

static struct str without_star(struct str key)
{
	return str_ends(key, STR("[*]")) ? str_slice(key, 0, key.n - 3) : key;
}

/* The string that a key stands for, or NULL. Indexes are as Go prints them: no leading zeros.
 */
static const struct str *find_string(const struct subst *s, struct str key)
{
	const struct str *found = map_get(&s->strings, key);
	const struct value *array;
	struct str digits;
	ptrdiff_t open;
	uint64_t i;

	if (found || !key.n || key.p[key.n - 1] != ']')
		return found;
	open = str_rchr(key, '[');
	if (open < 0)
		return NULL;
	array = map_get(&s->arrays, str_slice(key, 0, (size_t)open));
	digits = str_slice(key, (size_t)open + 1, key.n - 1);
	if (!array || (digits.n > 1 && digits.p[0] == '0') ||
		num_u64(digits, SIZE_MAX, &i, NULL) < 0)
		return NULL;
	return i < array->n_array ? &array->array[i].s : NULL;
}

/* The whole array or object that a text consists of, or NULL. */
static const struct value *find_whole(const struct map *values, struct str text)
{
	size_t at = 0, from, to;

	if (!values->n || !ref_scan(text, &at, &from, &to) || from != 0 || to != text.n)
		return NULL;
	return map_get(values, without_star(ref_inside(text, from, to)));
}

/* --- texts */

/* The whole task result that a when input names (section 6.2: it becomes JSON), or NULL. */
static const struct value *find_result(const struct subst *s, struct str key)
{
	const struct value *v;

	if (!str_starts(key, STR("tasks.")))
		return NULL;
	v = map_get(&s->arrays, without_star(key));
	return v ? v : map_get(&s->objects, without_star(key));
}

static void add_json(struct buf *out, const struct value *v)
{
	struct json_writer w;

	json_writer_init(&w, out, 0);
	w.go_escapes = true;
	value_json(v, &w);
}

/* One pass; whole_results also replaces whole array and object results. */
static struct str replace_text(
	const struct subst *s, struct arena *a, struct str text, bool whole_results)
{
	size_t at = 0, from, to, done = 0;
	struct str result = text;
	struct buf out;

	buf_init(&out, BOUND_SUBST_BYTES);
	while (!out.full && ref_scan(text, &at, &from, &to)) {
		struct str key = ref_inside(text, from, to);
		const struct str *value = find_string(s, key);
		const struct value *whole =
			!value && whole_results ? find_result(s, key) : NULL;

		if (!value && !whole)
			continue;
		buf_adds(&out, str_slice(text, done, from));
		if (value)
			buf_adds(&out, *value);
		else
			add_json(&out, whole);
		done = to;
	}
	if (done)
		buf_adds(&out, str_slice(text, done, text.n));
	if (out.full || s->spent->bytes + out.n > BOUND_SUBST_SET_BYTES) {
		s->spent->too_long = true;
	} else if (done) {
		s->spent->bytes += out.n;
		result = arena_str(s->texts ? s->texts : a, buf_str(&out));
	}
	buf_release(&out);
	return result;
}

struct str subst_text(const struct subst *s, struct arena *a, struct str text)
{
	return replace_text(s, a, text, false);
}

static struct text replaced(const struct subst *s, struct arena *a, struct text t)
{
	return (struct text){.s = subst_text(s, a, t.s), .pos = t.pos};
}

/* --- lists and values */

void subst_list(const struct subst *s, struct arena *a, const struct text *in, size_t n_in,
	struct text **ret, size_t *ret_n)
{
	size_t n = 0, at = 0;
	struct text *out;

	for (size_t i = 0; i < n_in; i++) {
		const struct value *v = find_whole(&s->arrays, in[i].s);

		n += v ? v->n_array : 1;
	}
	if (s->spent->bytes + n * sizeof(*out) > BOUND_SUBST_SET_BYTES) {
		s->spent->too_long = true;
		n = 0;
		n_in = 0;
	}
	s->spent->bytes += n * sizeof(*out);
	out = arena_new_array(a, struct text, n);
	for (size_t i = 0; i < n_in; i++) {
		const struct value *v = find_whole(&s->arrays, in[i].s);

		for (size_t k = 0; v && k < v->n_array; k++)
			out[at++] = (struct text){.s = v->array[k].s, .pos = in[i].pos};
		if (!v)
			out[at++] = replaced(s, a, in[i]);
	}
	*ret = out;
	*ret_n = n;
}

/* Tekton's exactVariableSubstitution: names of letters, digits, '_', '.', '-' and one index. */
static bool is_exact_dotted(struct str text)
{
	for (size_t i = 2; i + 1 < text.n; i++) {
		char c = text.p[i];

		if (c == '"' || c == '\'')
			return false;
	}
	return true;
}

static struct value subst_string(const struct subst *s, struct arena *a, const struct value *in)
{
	const struct value *whole = find_whole(&s->arrays, in->string.s);
	struct value out = *in;

	if (!whole)
		whole = find_whole(&s->objects, in->string.s);
	if (!whole || !is_exact_dotted(in->string.s)) {
		out.string = replaced(s, a, in->string);
		return out;
	}
	out = *whole;
	out.pos = in->pos;
	return out;
}

struct value subst_value(const struct subst *s, struct arena *a, const struct value *in)
{
	struct value out = *in;

	switch (in->type) {
	case VALUE_STRING:
		return subst_string(s, a, in);
	case VALUE_ARRAY:
		subst_list(s, a, in->array, in->n_array, &out.array, &out.n_array);
		return out;
	case VALUE_OBJECT:
		break;
	}
	out.object = arena_new_array(a, struct value_key, in->n_object);
	for (size_t i = 0; i < in->n_object; i++)
		out.object[i] = (struct value_key){
			.key = in->object[i].key,
			.value = replaced(s, a, in->object[i].value),
		};
	return out;
}

void subst_params(const struct subst *s, struct arena *a, const struct param *in, size_t n,
	struct param **ret)
{
	struct param *out = arena_new_array(a, struct param, n);

	for (size_t i = 0; i < n; i++)
		out[i] = (struct param){
			.name = in[i].name,
			.value = subst_value(s, a, &in[i].value),
		};
	*ret = out;
}

void subst_when(const struct subst *s, struct arena *a, const struct when *in, size_t n,
	struct when **ret)
{
	struct when *out = arena_new_array(a, struct when, n);

	for (size_t i = 0; i < n; i++) {
		out[i] = in[i];
		out[i].input.s = replace_text(s, a, in[i].input.s, true);
		out[i].cel = replaced(s, a, in[i].cel);
		subst_list(
			s, a, in[i].values, in[i].n_values, &out[i].values, &out[i].n_values);
	}
	*ret = out;
}
