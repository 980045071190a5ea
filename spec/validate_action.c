/* SPDX-License-Identifier: Apache-2.0 */
/* StepActions as objects of their own (sections 18 and 28). */
#include "spec/check.h"

struct script_check {
	struct check *c;
	struct text script;
	bool complained;
};

static void find_param(void *arg, const struct ref *ref)
{
	struct script_check *s = arg;

	if (ref->kind != REF_PARAM || s->complained)
		return;
	s->complained = true;
	check_report_ref(s->c, "excluded-variable", s->script, ref, "script",
		"param substitution in scripts is not allowed.");
}

static void check_program(struct check *c, const struct step *s, struct pos near)
{
	if (!s->image.s.n)
		check_missing(c, text_given(s->image) ? s->image.pos : near, "Image");
	if (s->script.s.n && s->n_command)
		check_report(c, "excluded-field", s->script, "script",
			"script cannot be used with command");
}

/* A StepAction knows no volumes: its user names them. */
static void check_mount_names(struct check *c, const struct step *s)
{
	for (size_t i = 0; i < s->n_volume_mounts; i++) {
		struct text name = s->volume_mounts[i].name;
		size_t at = 0, from, to;
		bool found = ref_scan(name.s, &at, &from, &to);

		if (found && from == 0 && to == name.s.n &&
			ref_parse(ref_inside(name.s, from, to)).kind == REF_PARAM)
			continue;
		check_report(c, "invalid-value", name,
			arena_printf(c->arena, "volumeMounts[%zu].name", i).p,
			"invalid value: expect the Name to be a single param reference");
	}
}

void check_step_action(struct check *c, const struct step_action_spec *s)
{
	struct script_check script = {.c = c, .script = s->step.script};
	struct scope own;

	c->near = s->pos;
	check_program(c, &s->step, s->pos);
	ref_each(script.script.s, find_param, &script);
	check_mount_names(c, &s->step);
	check_step_mounts(c, &s->step);
	check_param_specs(c, s->params, s->n_params, true);
	check_results(c, s->step.results, s->step.n_results);
	scope_init(&own, c->arena, NULL);
	scope_add_specs(&own, s->params, s->n_params);
	check_action_variables(c, &s->step, &own);
}
