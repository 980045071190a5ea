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

/* A name that comes twice in one list is the first of them. */
static void add_list(struct subst *set, struct str prefix, const struct artifacts *all,
	const struct artifact_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct str which = arena_printf(set->arena, "%s." STR_FMT,
			list == &all->inputs ? "inputs" : "outputs",
			STR_ARG(list->items[i].name));
		struct str key = arena_printf(
			set->arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(which));
		struct str text;

		if (!map_has(&set->strings, key) &&
			artifacts_values(all, which, set->arena, &text))
			subst_add(set, key, text);
	}
}

/* Every step has artifacts, also one without a name: under the name that it is told by. */
static void add_artifacts(const struct execution *t, struct subst *set)
{
	const struct attempt_view *at = attempt_of(t);

	for (size_t i = 0; i < t->step; i++) {
		const struct step_view *s = &at->steps[i];
		struct str prefix;

		if (!artifacts_any(&s->artifacts))
			continue;
		prefix = arena_printf(set->arena, "steps." STR_FMT ".", STR_ARG(s->name));
		add_list(set, prefix, &s->artifacts, &s->artifacts.inputs);
		add_list(set, prefix, &s->artifacts, &s->artifacts.outputs);
	}
}

struct artifacts late_artifacts(struct agent *a, const struct result_got *got)
{
	struct artifacts ret = {0};

	/* whoever read the file has told that it is not taken */
	if (got->present)
		(void)artifacts_parse(a->arena, got->text, &ret, NULL);
	return ret;
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

/* As Tekton's entrypoint does it: after the results, and in the script, too. */
static void bind_artifacts(const struct execution *t, struct step_launch *l)
{
	struct subst set;
	struct str script;

	subst_init(&set, t->arena);
	add_artifacts(t, &set);
	if (!set.strings.n)
		return;
	bind_launch(&set, t->arena, l);
	if (!l->has_script || !mentions_steps(l->script))
		return;
	script = subst_text(&set, t->arena, l->script);
	l->has_new_script = script.p != l->script.p;
	l->script = script;
}

bool late_bind(struct agent *a, struct execution *t)
{
	const struct step *step = &attempt_of(t)->spec->steps[t->step];
	struct step_launch *l = &t->launch->steps[t->step];
	struct subst set;
	struct when *when;

	(void)a;
	subst_init(&set, t->arena);
	add_all(t, &set);
	bind_launch(&set, t->arena, l);
	bind_artifacts(t, l);
	subst_when(&set, t->arena, step->when, step->n_when, &when);
	return when_holds(when, step->n_when);
}
