/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Substitution against a naive second implementation: first the values of three params (a
 * string, an array split at commas, an object of key, value …), then any text, all separated by
 * zero bytes. References of any text lie inside it, in order.
 */
#include <base/bounds.h>
#include <base/buf.h>
#include <monopod/subst.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_ITEMS = 4, N_NAIVE = 64 };

/* All spellings one by one, as Tekton's replacer has them. */
struct naive {
	struct str keys[N_NAIVE];
	struct str values[N_NAIVE];
	size_t n;
};

static void naive_add(struct naive *m, struct str key, struct str value)
{
	BUG_ON(m->n == N_NAIVE);
	m->keys[m->n] = key;
	m->values[m->n++] = value;
}

/* tail is "", "[0]" or ".k0"; keys of objects have no spelling with brackets. */
static void naive_spell(
	struct naive *m, struct arena *a, char name, const char *tail, struct str value)
{
	naive_add(m, arena_printf(a, "$(params.%c%s)", name, tail), value);
	naive_add(m, arena_printf(a, "$(inputs.params.%c%s)", name, tail), value);
	if (tail[0] == '.')
		return;
	naive_add(m, arena_printf(a, "$(params[\"%c\"]%s)", name, tail), value);
	naive_add(m, arena_printf(a, "$(params['%c']%s)", name, tail), value);
}

static struct str naive_replace(const struct naive *m, struct arena *a, struct str text)
{
	struct str result;
	struct buf out;
	size_t i = 0;

	buf_init(&out, 64 * MIB);
	while (i < text.n) {
		struct str rest = str_slice(text, i, text.n);
		size_t k = 0;

		while (k < m->n && !str_starts(rest, m->keys[k]))
			k++;
		if (k < m->n) {
			buf_adds(&out, m->values[k]);
			i += m->keys[k].n;
		} else {
			buf_addc(&out, text.p[i++]);
		}
	}
	result = arena_str(a, buf_str(&out));
	buf_release(&out);
	return result;
}

static size_t split(struct arena *a, struct str s, struct text **ret)
{
	struct text *items = arena_new_array(a, struct text, N_ITEMS);
	struct str rest = s, item;
	size_t n = 0;

	while (n < N_ITEMS && str_cut(rest, ',', &item, &rest))
		items[n++].s = item;
	*ret = items;
	return n;
}

struct order {
	struct str text;
	size_t end;
};

static void check_ref(void *arg, const struct ref *ref)
{
	struct order *o = arg;
	struct sources none = {0};
	struct text t = {.s = o->text};

	BUG_ON(ref->offset < o->end || ref->length < 3);
	o->end = ref->offset + ref->length;
	BUG_ON(o->end > o->text.n);
	BUG_ON(!str_eq(ref->whole, str_slice(o->text, ref->offset + 2, o->end - 1)));
	BUG_ON(ref->index < -1 || (ref->star && ref->index >= 0));
	BUG_ON(ref_pos(&none, t, ref, NULL).line);
}

/* Values, lists and when take the same text and do not grow out of it. */
static void check_values(
	const struct subst *s, struct arena *a, struct str text, const struct value *array)
{
	struct value in = {.type = VALUE_STRING, .string = {.s = text}}, out;
	struct text list = {.s = text}, *spliced;
	struct when when = {.input = list, .values = &list, .n_values = 1}, *whens;
	size_t n;

	out = subst_value(s, a, &in);
	subst_list(s, a, &list, 1, &spliced, &n);
	BUG_ON(out.type == VALUE_STRING && n == 1 && array->n_array != 1 &&
		!str_eq(out.string.s, spliced[0].s));
	BUG_ON(out.type == VALUE_ARRAY && n != array->n_array);
	subst_when(s, a, &when, 1, &whens);
	BUG_ON(whens[0].n_values != n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cleanup_arena struct arena *a = arena_new();
	struct str rest = {.p = (const char *)data, .n = size}, parts[3], got, want;
	struct value s_value = {.type = VALUE_STRING}, a_value = {.type = VALUE_ARRAY},
		     o_value = {.type = VALUE_OBJECT};
	struct value *values[] = {&s_value, &a_value, &o_value};
	struct order order = {0};
	struct naive naive = {.n = 0};
	struct text *items;
	struct subst s;

	if (size > 64 * KIB)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!str_cut(rest, '\0', &parts[i], &rest))
			return 0;
	s_value.string.s = parts[0];
	a_value.n_array = split(a, parts[1], &a_value.array);
	o_value.n_object = split(a, parts[2], &items) / 2;
	o_value.object = arena_new_array(a, struct value_key, N_ITEMS);
	for (size_t i = 0; i < o_value.n_object; i++)
		o_value.object[i] = (struct value_key){
			.key = {.s = arena_printf(a, "k%zu", i)}, .value = items[2 * i + 1]};
	subst_init(&s, a);
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct str name = arena_printf(a, "%c", "sao"[i]);

		subst_add_param(&s, STR("params"), name, values[i]);
		subst_add_param(&s, STR("inputs.params"), name, values[i]);
	}
	naive_spell(&naive, a, 's', "", s_value.string.s);
	for (size_t i = 0; i < a_value.n_array; i++)
		naive_spell(&naive, a, 'a', arena_printf(a, "[%zu]", i).p, a_value.array[i].s);
	for (size_t i = 0; i < o_value.n_object; i++)
		naive_spell(&naive, a, 'o', arena_printf(a, ".k%zu", i).p,
			o_value.object[i].value.s);
	got = subst_text(&s, a, rest);
	want = naive_replace(&naive, a, rest);
	BUG_ON(!subst_too_long(&s) && !str_eq(got, want));
	order.text = rest;
	ref_each(rest, check_ref, &order);
	check_values(&s, a, rest, &a_value);
	return 0;
}
