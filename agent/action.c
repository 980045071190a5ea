/* SPDX-License-Identifier: Apache-2.0 */
/* StepActions into steps. */
#include "action.h"

#include "param.h"

/* --- params */

/* What one step gives to the StepAction that it names. */
struct call {
	const struct action_context *c;
	const struct step_action *action;
	struct param *given; /* the task's params filled in */
	size_t n_given;
	struct subst *set;
};

static struct str missing_params(const struct call *call)
{
	const struct step_action_spec *s = &call->action->spec;
	struct str list = STR_NONE;

	for (size_t i = 0; i < s->n_params; i++)
		if (!s->params[i].default_value.pos.line &&
			!param_find(call->given, call->n_given, s->params[i].name.s))
			param_list_add(call->c->arena, &list, s->params[i].name.s);
	return param_list_end(call->c->arena, list);
}

static struct str extra_params(const struct call *call)
{
	const struct step_action_spec *s = &call->action->spec;
	struct str list = STR_NONE;

	for (size_t i = 0; i < call->n_given; i++)
		if (!param_spec_find(s->params, s->n_params, call->given[i].name.s))
			param_list_add(call->c->arena, &list, call->given[i].name.s);
	return param_list_end(call->c->arena, list);
}

static struct str check_params(const struct call *call)
{
	struct str names = missing_params(call);

	if (names.n)
		return arena_printf(call->c->arena, "non-existent params in Step: " STR_FMT,
			STR_ARG(names));
	names = extra_params(call);
	if (names.n)
		return arena_printf(call->c->arena,
			"extra params passed by Step to StepAction: " STR_FMT, STR_ARG(names));
	return STR_NONE;
}

/* --- references to a result of an earlier step, handed on through a param */

struct hand_on {
	const struct call *call;
	struct subst *set;
};

/* "[2]", "[*]", ".key" or nothing: how the StepAction looks into its param. */
static struct str member_of(struct arena *a, const struct ref *ref)
{
	if (ref->star)
		return STR("[*]");
	if (ref->index >= 0)
		return arena_printf(a, "[%lld]", (long long)ref->index);
	if (ref->key.n)
		return arena_printf(a, "." STR_FMT, STR_ARG(ref->key));
	return STR_NONE;
}

/* $(params.p[2]) with p given as $(steps.s.results.r[*]) is $(steps.s.results.r[2]). */
static void hand_on_ref(void *arg, const struct ref *ref)
{
	struct hand_on *h = arg;
	struct arena *a = h->call->c->arena;
	const struct param *p;
	struct ref sole;
	struct str member;

	if (ref->kind != REF_PARAM)
		return;
	p = param_find(h->call->given, h->call->n_given, ref->object);
	if (!p || p->value.type != VALUE_STRING ||
		!ref_sole(p->value.string.s, REF_STEP_RESULT, &sole))
		return;
	member = member_of(a, ref);
	if (!member.n)
		member = member_of(a, &sole);
	subst_add(h->set, arena_str(a, ref->whole),
		arena_printf(a, "$(steps." STR_FMT ".results." STR_FMT STR_FMT ")",
			STR_ARG(sole.object), STR_ARG(sole.name), STR_ARG(member)));
}

static void hand_on_text(void *arg, struct text t, const char *path)
{
	(void)path;
	ref_each(t.s, hand_on_ref, arg);
}

/* --- one step */

/* Given values over defaults; a default sees the given ones and the other defaults. */
/* A text given for an array or an object that is no reference leaves the default as it is. */
static bool is_usable(const struct param_spec *p, const struct param *given)
{
	struct ref sole;

	if (!given)
		return false;
	if (given->value.type == p->type || !p->default_value.pos.line)
		return true;
	return ref_sole(given->value.string.s, REF_STEP_RESULT, &sole);
}

static void make_set(const struct call *call, const struct task_spec *one)
{
	struct arena *a = call->c->arena;
	const struct step_action_spec *s = &call->action->spec;
	struct param_check check = {.arena = a,
		.specs = s->params,
		.n_specs = s->n_params,
		.given = call->given,
		.n_given = call->n_given};
	struct hand_on hand_on = {.call = call, .set = call->set};
	struct param *all;
	struct subst first;
	size_t n;

	param_resolve_task(&check, &all, &n);
	subst_init(&first, a);
	for (size_t i = 0; i < n; i++)
		subst_add_param(&first, STR("params"), all[i].name.s, &all[i].value);
	subst_init(call->set, a);
	for (size_t i = 0; i < s->n_params; i++) {
		const struct param_spec *p = &s->params[i];
		const struct param *given = param_find(all, n, p->name.s);
		struct value *v = arena_new_object(a, struct value);

		*v = is_usable(p, given) ? given->value
					 : subst_value(&first, a, &p->default_value);
		subst_add_param(call->set, STR("params"), p->name.s, v);
	}
	task_spec_texts(one, hand_on_text, &hand_on);
}

/* Image, working directory and security context always, the rest where it says something. */
static struct step merged(const struct step *own, const struct step *from)
{
	struct step s = *own;

	s.image = from->image;
	s.working_dir = from->working_dir;
	s.security_context = from->security_context;
	if (from->n_command) {
		s.command = from->command;
		s.n_command = from->n_command;
		s.command_pos = from->command_pos;
	}
	if (from->n_args) {
		s.args = from->args;
		s.n_args = from->n_args;
		s.args_pos = from->args_pos;
	}
	if (from->script.s.n)
		s.script = from->script;
	if (from->n_env) {
		s.env = from->env;
		s.n_env = from->n_env;
	}
	if (from->n_volume_mounts) {
		s.volume_mounts = from->volume_mounts;
		s.n_volume_mounts = from->n_volume_mounts;
	}
	if (from->n_results) {
		s.results = from->results;
		s.n_results = from->n_results;
	}
	s.ref_name = (struct text){0};
	s.params = NULL;
	s.n_params = 0;
	return s;
}

static struct str resolve_step(const struct action_context *c, struct step *step)
{
	struct subst set;
	struct call call = {.c = c,
		.action = map_get(&c->spec->step_action_by_name, step->ref_name.s),
		.n_given = step->n_params,
		.set = &set};
	struct step_action_spec body;
	struct task_spec one = {.n_steps = 1};
	struct str problem;

	if (!call.action)
		return arena_printf(c->arena,
			"stepactions.tekton.dev \"" STR_FMT "\" not found",
			STR_ARG(step->ref_name.s));
	subst_params(c->params, c->arena, step->params, step->n_params, &call.given);
	problem = check_params(&call);
	if (problem.n)
		return problem;
	body = call.action->spec;
	one.steps = &body.step;
	make_set(&call, &one);
	*step = merged(step, &subst_task_spec(&set, c->arena, &one)->steps[0]);
	return subst_too_long(&set) ? STR("a text of the StepAction is too long after "
					  "substitution")
				    : STR_NONE;
}

bool action_is_used(const struct task_spec *ts)
{
	for (size_t i = 0; i < ts->n_steps; i++)
		if (text_given(ts->steps[i].ref_name))
			return true;
	return false;
}

const struct task_spec *action_resolve(const struct action_context *c,
	const struct task_spec *ts, struct action_problem *ret_problem)
{
	struct task_spec *out;

	if (!action_is_used(ts))
		return ts;
	out = arena_new_object(c->arena, struct task_spec);
	*out = *ts;
	out->steps = arena_new_array(c->arena, struct step, ts->n_steps);
	for (size_t i = 0; i < ts->n_steps; i++) {
		struct step *s = &out->steps[i];
		struct str problem;

		*s = ts->steps[i];
		if (!text_given(s->ref_name))
			continue;
		problem = resolve_step(c, s);
		if (!problem.n)
			continue;
		*ret_problem = (struct action_problem){
			.text = arena_printf(c->arena,
				"failed to resolve step ref for step \"" STR_FMT
				"\" (index %zu): " STR_FMT,
				STR_ARG(s->name.s), i, STR_ARG(problem)),
			.pos = ts->steps[i].ref_name.pos,
		};
		return NULL;
	}
	return out;
}
