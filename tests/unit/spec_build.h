/* SPDX-License-Identifier: Apache-2.0 */
/* Short ways to write model values in tests of spec/. All memory is in the given arena. */
#ifndef TESTS_UNIT_SPEC_BUILD_H
#define TESTS_UNIT_SPEC_BUILD_H

#include <monopod/spec.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static inline struct text make_text(const char *z)
{
	return (struct text){.s = str_z(z), .pos = {1, 1, 1}};
}

static inline struct value make_string(const char *z)
{
	return (struct value){.type = VALUE_STRING, .string = make_text(z), .pos = {1, 1, 1}};
}

/* An array of the words of a text, split at commas; NULL gives none. */
static inline struct value make_array(struct arena *a, const char *words)
{
	struct value v = {.type = VALUE_ARRAY, .pos = {1, 1, 1}};
	struct str rest = str_z(words), word;
	bool more = words != NULL;

	v.array = arena_new_array(a, struct text, rest.n + 1);
	while (more) {
		more = str_cut(rest, ',', &word, &rest);
		if (!more)
			word = rest;
		v.array[v.n_array++] = (struct text){.s = word, .pos = {1, 1, 1}};
	}
	return v;
}

/* An object of key, value, key, value … of a text, split at commas. */
static inline struct value make_object(struct arena *a, const char *words)
{
	struct value list = make_array(a, words);
	struct value v = {.type = VALUE_OBJECT, .pos = {1, 1, 1}};

	v.n_object = list.n_array / 2;
	v.object = arena_new_array(a, struct value_key, v.n_object);
	for (size_t i = 0; i < v.n_object; i++)
		v.object[i] = (struct value_key){list.array[2 * i], list.array[2 * i + 1]};
	return v;
}

static inline void assert_str(struct str got, const char *want)
{
	if (!str_eqz(got, want))
		print_error("got '" STR_FMT "', want '%s'\n", STR_ARG(got), want);
	assert_true(str_eqz(got, want));
}

/* Strings as "x", arrays as [a|b], objects as {k=v}. */
static inline struct str show_value(struct arena *a, const struct value *v)
{
	struct str s;

	if (v->type == VALUE_STRING)
		return arena_printf(a, "\"" STR_FMT "\"", STR_ARG(v->string.s));
	s = v->type == VALUE_ARRAY ? STR("[") : STR("{");
	for (size_t i = 0; v->type == VALUE_ARRAY && i < v->n_array; i++)
		s = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(s), i ? "|" : "",
			STR_ARG(v->array[i].s));
	for (size_t i = 0; v->type == VALUE_OBJECT && i < v->n_object; i++)
		s = arena_printf(a, STR_FMT "%s" STR_FMT "=" STR_FMT, STR_ARG(s), i ? "|" : "",
			STR_ARG(v->object[i].key.s), STR_ARG(v->object[i].value.s));
	return arena_printf(a, STR_FMT "%s", STR_ARG(s), v->type == VALUE_ARRAY ? "]" : "}");
}

#endif
