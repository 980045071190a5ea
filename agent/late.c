/* SPDX-License-Identifier: Apache-2.0 */
/* Results from step to step. They are filled in last, so nothing in them is read as a variable.
 */
#include "late.h"

#include "result.h"

/* --- what the steps so far have left */

const struct value *late_find(const struct attempt_view *at, struct str step, struct str result)
{
	for (size_t i = 0; i < at->n_steps; i++) {
		const struct step_view *s = &at->steps[i];

		if (!str_eq(s->name, step))
			continue;
		for (size_t k = 0; k < s->n_results; k++)
			if (str_eq(s->results[k].name, result))
				return &s->results[k].value;
	}
	return NULL;
}

/* A step without a name cannot be referred to (7.6). */
static void add_all(const struct execution *t, struct subst *set)
{
	const struct attempt_view *at = attempt_of(t);

	for (size_t i = 0; i < t->step; i++) {
		const struct step_view *s = &at->steps[i];
		struct str prefix =
			arena_printf(set->arena, "steps." STR_FMT ".results", STR_ARG(s->name));

		for (size_t k = 0; at->spec->steps[i].name.s.n && k < s->n_results; k++)
			subst_add_result(set, prefix, s->results[k].name, &s->results[k].value);
	}
}

void late_collect(struct agent *a, const struct execution *t, const struct event *ev,
	struct named_value **ret, size_t *ret_n)
{
	const struct step_launch *l = &t->launch->steps[t->step];
	struct named_value *values =
		arena_new_array(a->arena, struct named_value, l->n_results);
	size_t n = 0;

	for (size_t i = 0; i < l->n_results && i < ev->n_step_results; i++) {
		const struct result_got *got = &ev->step_results[i];
		struct value v;

		if (!got->present)
			continue;
		v = result_typed(a->arena, arena_str(a->arena, got->text), l->results[i].type);
		if (v.type == l->results[i].type)
			values[n++] =
				(struct named_value){.name = l->results[i].name, .value = v};
	}
	*ret = values;
	*ret_n = n;
}

/* --- filling in */

static bool mentions_steps(struct str text)
{
	return str_has(text, STR("$(steps."));
}

static void bind_list(
	const struct subst *set, struct arena *a, struct str **list, size_t *n_list)
{
	struct text *in = arena_new_array(a, struct text, *n_list);
	struct text *out;
	size_t n;

	for (size_t i = 0; i < *n_list; i++)
		in[i].s = (*list)[i];
	subst_list(set, a, in, *n_list, &out, &n);
	*list = arena_new_array(a, struct str, n);
	for (size_t i = 0; i < n; i++)
		(*list)[i] = out[i].s;
	*n_list = n;
}

static bool list_mentions(const struct str *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (mentions_steps(list[i]))
			return true;
	return false;
}

static void bind_launch(const struct subst *set, struct arena *a, struct step_launch *l)
{
	for (size_t i = 0; i < l->n_env; i++)
		if (mentions_steps(l->env[i].value))
			l->env[i].value = subst_text(set, a, l->env[i].value);
	if (list_mentions(l->command, l->n_command))
		bind_list(set, a, &l->command, &l->n_command);
	if (list_mentions(l->args, l->n_args))
		bind_list(set, a, &l->args, &l->n_args);
}

bool late_bind(struct agent *a, struct execution *t)
{
	const struct step *step = &attempt_of(t)->spec->steps[t->step];
	struct subst set;
	struct when *when;

	(void)a;
	subst_init(&set, t->arena);
	add_all(t, &set);
	bind_launch(&set, t->arena, &t->launch->steps[t->step]);
	subst_when(&set, t->arena, step->when, step->n_when, &when);
	return when_holds(when, step->n_when);
}
