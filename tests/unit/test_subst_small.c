/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Substitution against a second, naive implementation (tekton-semantics 6.1, 6.2): every short
 * string of the engine's own tokens, and every short string of whole references, as a text, as
 * an element of a list and as a value.
 */
#include "tests/unit/spec_build.h"
#include <base/buf.h>
#include <monopod/subst.h>
#include <stdio.h>
#include <string.h>

/* What is known: s = "S", t = a text with variables in it, a = [A0, "A 1"], e = [], o = {k: K,
 * l: L}. Every key is written out; nothing is computed from a name. */
static const struct known {
	const char *key, *value;
} known[] = {
	{"params.s", "S"},
	{"params[\"s\"]", "S"},
	{"params['s']", "S"},
	{"inputs.params.s", "S"},
	{"params.t", "$(params.s)$("},
	{"params[\"t\"]", "$(params.s)$("},
	{"params['t']", "$(params.s)$("},
	{"inputs.params.t", "$(params.s)$("},
	{"params.a[0]", "A0"},
	{"params[\"a\"][0]", "A0"},
	{"params['a'][0]", "A0"},
	{"inputs.params.a[0]", "A0"},
	{"params.a[1]", "A 1"},
	{"params[\"a\"][1]", "A 1"},
	{"params['a'][1]", "A 1"},
	{"inputs.params.a[1]", "A 1"},
	{"params.o.k", "K"},
	{"inputs.params.o.k", "K"},
	{"params.o.l", "L"},
	{"inputs.params.o.l", "L"},
};

/* Whole arrays, and whether a value of a pipeline task's param takes their type (dots only). */
static const struct whole {
	const char *text;
	char name;
	bool by_dots;
} wholes[] = {
	{"$(params.a[*])", 'a', true},
	{"$(params.a)", 'a', true},
	{"$(params['a'])", 'a', false},
	{"$(params[\"a\"])", 'a', false},
	{"$(params['a'][*])", 'a', false},
	{"$(params[\"a\"][*])", 'a', false},
	{"$(inputs.params.a[*])", 'a', true},
	{"$(inputs.params.a)", 'a', true},
	{"$(inputs.params.e[*])", 'e', true},
	{"$(inputs.params.e)", 'e', true},
	{"$(params.e[*])", 'e', true},
	{"$(params.e)", 'e', true},
	{"$(params['e'][*])", 'e', false},
};

static const char *const whole_objects[] = {
	"$(params.o[*])", "$(params.o)", "$(inputs.params.o[*])", "$(inputs.params.o)"};
static const char *const a_items[] = {"A0", "A 1"};

static void make_set(struct subst *s, struct arena *a, struct value values[5])
{
	static const char *const names[] = {"s", "t", "a", "e", "o"};

	values[0] = make_string("S");
	values[1] = make_string("$(params.s)$(");
	values[2] = make_array(a, "A0,A 1");
	values[3] = make_array(a, NULL);
	values[4] = make_object(a, "k,K,l,L");
	subst_init(s, a);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		subst_add_param(s, STR("params"), str_z(names[i]), &values[i]);
		subst_add_param(s, STR("inputs.params"), str_z(names[i]), &values[i]);
	}
}

static char *put(char *at, const char *text)
{
	size_t n = strlen(text);

	memcpy(at, text, n + 1);
	return at + n;
}

/* From left to right; at each place every key is tried. */
static void naive_text(const char *in, char *out)
{
	while (*in) {
		bool found = false;

		for (size_t k = 0; k < ARRAY_SIZE(known) && !found; k++) {
			size_t n = strlen(known[k].key);

			found = strncmp(in, "$(", 2) == 0 &&
				strncmp(in + 2, known[k].key, n) == 0 && in[2 + n] == ')';
			if (found) {
				out = put(out, known[k].value);
				in += n + 3;
			}
		}
		if (!found)
			*out++ = *in++;
	}
	*out = 0;
}

static const struct whole *naive_whole(const char *in)
{
	for (size_t i = 0; i < ARRAY_SIZE(wholes); i++)
		if (strcmp(in, wholes[i].text) == 0)
			return &wholes[i];
	return NULL;
}

static void check_items(const struct whole *w, const struct text *got, size_t n)
{
	assert_int_equal(n, w->name == 'a' ? ARRAY_SIZE(a_items) : 0);
	for (size_t i = 0; i < n; i++)
		assert_str(got[i].s, a_items[i]);
}

static void check_list(const struct subst *s, struct arena *a, const char *in, const char *want)
{
	const struct whole *w = naive_whole(in);
	struct text list[] = {make_text("first"), make_text(in), make_text("last")}, *got;
	size_t n;

	subst_list(s, a, list, ARRAY_SIZE(list), &got, &n);
	assert_true(n >= 2);
	assert_str(got[0].s, "first");
	assert_str(got[n - 1].s, "last");
	if (w) {
		check_items(w, got + 1, n - 2);
		return;
	}
	assert_int_equal(n, 3);
	assert_str(got[1].s, want);
}

/* As the value of a param, as an element of one, and as what a key of one has. */
static void check_values(
	const struct subst *s, struct arena *a, const char *in, const char *want)
{
	const struct whole *w = naive_whole(in);
	bool is_object = false;
	struct value v = make_string(in);
	struct value out = subst_value(s, a, &v);

	for (size_t i = 0; i < ARRAY_SIZE(whole_objects); i++)
		is_object |= strcmp(in, whole_objects[i]) == 0;
	if (is_object) {
		assert_int_equal(out.type, VALUE_OBJECT);
		assert_int_equal(out.n_object, 2);
		assert_str(out.object[1].value.s, "L");
	} else if (w && w->by_dots) {
		assert_int_equal(out.type, VALUE_ARRAY);
		check_items(w, out.array, out.n_array);
	} else {
		assert_int_equal(out.type, VALUE_STRING);
		assert_str(out.string.s, want);
	}
	v = (struct value){.type = VALUE_ARRAY, .n_array = 1};
	v.array = &(struct text){.s = str_z(in), .pos = {1, 1, 1}};
	out = subst_value(s, a, &v);
	assert_int_equal(out.type, VALUE_ARRAY);
	if (w) {
		check_items(w, out.array, out.n_array);
	} else {
		assert_int_equal(out.n_array, 1);
		assert_str(out.array[0].s, want);
	}
	v = (struct value){.type = VALUE_OBJECT, .n_object = 1};
	v.object = &(struct value_key){make_text("key"), make_text(in)};
	out = subst_value(s, a, &v);
	assert_int_equal(out.type, VALUE_OBJECT);
	assert_str(out.object[0].key.s, "key");
	assert_str(out.object[0].value.s, want);
}

struct alphabet {
	const char *const *tokens;
	int n, length;
};

/* Every string of at most length tokens; returns how many there were. */
static int check_all(const struct alphabet *al)
{
	struct arena *lasting = arena_new(), *a = arena_new();
	struct value values[5];
	char in[256], want[1024];
	int total = 1, checked = 0;
	struct subst s;

	for (int i = 0; i < al->length; i++)
		total *= al->n + 1; /* one more: no token */
	make_set(&s, lasting, values);
	for (int code = 0; code < total; code++) {
		char *end = in;

		*end = 0;
		for (int i = 0, rest = code; i < al->length; i++, rest /= al->n + 1)
			if (rest % (al->n + 1) < al->n)
				end = put(end, al->tokens[rest % (al->n + 1)]);
		naive_text(in, want);
		assert_str(subst_text(&s, a, str_z(in)), want);
		check_list(&s, a, in, want);
		check_values(&s, a, in, want);
		if (++checked % 1000 == 0) {
			arena_free(a);
			a = arena_new();
		}
	}
	arena_free(a);
	arena_free(lasting);
	return checked;
}

static void test_tokens(void **state)
{
	static const char *const tokens[] = {"$", "(", "$(", "params", ".", "s", "a", "o", "k",
		"[", "0", "*", "]", "['a']", ")", " "};
	const struct alphabet al = {tokens, ARRAY_SIZE(tokens), 4};

	(void)state;
	assert_true(check_all(&al) > 80000);
}

/* A reference can be as long as six of these: $( params .a [ 0 ] ) */
static void test_parts(void **state)
{
	static const char *const tokens[] = {"$(", "params.", "inputs.params.", "a", "o", "e",
		".k", "[0]", "[2]", "[*]", "[01]", "[-1]", ")"};
	const struct alphabet al = {tokens, ARRAY_SIZE(tokens), 5};

	(void)state;
	assert_true(check_all(&al) > 500000);
}

static void test_references(void **state)
{
	static const char *const tokens[] = {"$(params.s)", "$(params['s'])",
		"$(params[\"s\"])", "$(inputs.params.s)", "$(inputs.params['s'])",
		"$(params.t)", "$(params.a[*])", "$(params.a)", "$(params['a'][*])",
		"$(params['a'])", "$(params[\"a\"][1])", "$(inputs.params.a[*])",
		"$(params.a[0])", "$(params.a[2])", "$(params.e[*])", "$(params.o.k)",
		"$(params.o[*])", "$(params.o)", "$(params['o'].k)", "$(params.o.none)",
		"$(params.none)", "$", "$$", "(", "x"};
	const struct alphabet al = {tokens, ARRAY_SIZE(tokens), 3};

	(void)state;
	assert_true(check_all(&al) > 17000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
