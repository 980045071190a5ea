/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations: params and results; given params (sections 5 and 28). */
#include "spec/check.h"

static const char hint_param_name[] =
	"names have letters, digits, '-', '_' and '.', and begin with a letter or '_'";
static const char hint_object_name[] =
	"names of objects and their keys have letters, digits, '-' and '_', and begin with a "
	"letter or '_'";

static const char *field_of(struct check *c, struct str name, const char *rest)
{
	return arena_printf(c->arena, STR_FMT "%s", STR_ARG(name), rest).p;
}

/* The place of a property's type, or of its name when no type is written. */
static struct text property_text(const struct property *p)
{
	return text_given(p->type) ? p->type : p->name;
}

static bool is_type(struct str s)
{
	for (int t = 0; t < VALUE_TYPE_N; t++)
		if (str_eqz(s, value_type_name((enum value_type)t)))
			return true;
	return false;
}

/* Keys that declare another type than string. */
static void check_properties(struct check *c, struct str owner, const struct property *list,
	size_t n, const char *more)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].type.s.n && !str_eqz(list[i].type.s, "string"))
			check_report(c, "invalid-type", property_text(&list[i]),
				field_of(c, owner, ".properties"),
				"The value type specified for these keys [" STR_FMT
				"] is invalid%s",
				STR_ARG(list[i].name.s), more);
}

/* Paths are Tekton's: the name stands for the element, for missing properties alone. */
static void check_param_type(struct check *c, const struct param_spec *p)
{
	struct str name = arena_printf(c->arena, "params." STR_FMT, STR_ARG(p->name.s));

	if (c->types_spelled_out && !p->type_text.s.n) {
		diag_hint(c->spec->diags,
			check_report(c, "missing-type", p->name, field_of(c, name, ".type"),
				"invalid value: "),
			"params of a pipelineSpec inside a pipeline must say their type: "
			"'type: %s'",
			value_type_name(p->type));
		return;
	}
	if (p->type_text.s.n && !is_type(p->type_text.s)) {
		check_report(c, "invalid-type", p->type_text, field_of(c, name, ".type"),
			"invalid value: " STR_FMT, STR_ARG(p->type_text.s));
		return;
	}
	if (p->default_value.pos.line && p->default_value.type != p->type) {
		struct str paths[] = {check_path(c, field_of(c, name, ".default.type")),
			check_path(c, field_of(c, name, ".type"))};

		check_report_paths(c, "type-mismatch", p->default_value.pos,
			arena_printf(c->arena,
				"\"%s\" type does not match default value's type: \"%s\"",
				value_type_name(p->type),
				value_type_name(p->default_value.type))
				.p,
			paths, ARRAY_SIZE(paths));
		return;
	}
	if (p->type == VALUE_OBJECT && !p->properties_pos.line)
		check_missing(c, p->name.pos, field_of(c, p->name.s, ".properties"));
	check_properties(c, name, p->properties, p->n_properties, "");
}

static void check_param_name(struct check *c, const struct param_spec *p)
{
	struct diag *d;

	if (p->type != VALUE_OBJECT) {
		if (name_is_param(p->name.s))
			return;
		d = check_report(c, "invalid-name", p->name, "params",
			"The format of following array and string variable names is invalid: "
			"[" STR_FMT "]",
			STR_ARG(p->name.s));
		diag_hint(c->spec->diags, d, "%s", hint_param_name);
		return;
	}
	if (!name_is_object(p->name.s)) {
		d = check_report(c, "invalid-name", p->name, "params",
			"Object param name and key name format is invalid: map[" STR_FMT ":[]]",
			STR_ARG(p->name.s));
		diag_hint(c->spec->diags, d, "%s", hint_object_name);
	}
	for (size_t i = 0; i < p->n_properties; i++) {
		if (name_is_object(p->properties[i].name.s))
			continue;
		d = check_report(c, "invalid-name", p->properties[i].name, "params",
			"Object param name and key name format is invalid: map[" STR_FMT
			":[" STR_FMT "]]",
			STR_ARG(p->name.s), STR_ARG(p->properties[i].name.s));
		diag_hint(c->spec->diags, d, "%s", hint_object_name);
	}
}

static bool is_in(const struct text *list, size_t n, struct str s)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(list[i].s, s))
			return true;
	return false;
}

static void check_enum(struct check *c, const struct param_spec *p)
{
	const char *field = arena_printf(c->arena, "params[" STR_FMT "]", STR_ARG(p->name.s)).p;
	struct map seen;

	if (!p->n_enums)
		return;
	if (p->type != VALUE_STRING) {
		check_report(c, "invalid-enum", p->enums[0], field,
			"enum can only be set with string type param");
		return;
	}
	map_init(&seen, c->arena);
	for (size_t i = 0; i < p->n_enums; i++)
		if (!map_set(&seen, p->enums[i].s, c))
			check_report(c, "duplicate", p->enums[i], field,
				"parameter enum value " STR_FMT " appears more than once",
				STR_ARG(p->enums[i].s));
	if (p->default_value.pos.line && p->default_value.string.s.n &&
		!is_in(p->enums, p->n_enums, p->default_value.string.s))
		check_report(c, "invalid-enum", p->default_value.string, field,
			"param default value " STR_FMT " not in the enum list",
			STR_ARG(p->default_value.string.s));
}

void check_param_specs(struct check *c, const struct param_spec *specs, size_t n, bool names)
{
	struct map seen;

	map_init(&seen, c->arena);
	for (size_t i = 0; i < n; i++) {
		const struct param_spec *p = &specs[i];

		if (!p->name.s.n) {
			check_missing(c, p->name.pos.line ? p->name.pos : p->type_text.pos,
				arena_printf(c->arena, "params[%zu].name", i).p);
			continue;
		}
		if (!map_set(&seen, p->name.s, c)) {
			check_report(c, "duplicate", p->name,
				arena_printf(
					c->arena, "params[" STR_FMT "]", STR_ARG(p->name.s))
					.p,
				"parameter appears more than once");
			continue;
		}
		if (names)
			check_param_name(c, p);
		check_param_type(c, p);
		check_enum(c, p);
	}
}

void check_given_params(
	struct check *c, const struct param *params, size_t n, const char *field)
{
	struct map seen;

	map_init(&seen, c->arena);
	for (size_t i = 0; i < n; i++)
		if (!map_set(&seen, params[i].name.s, c))
			check_report(c, "duplicate", params[i].name,
				arena_printf(c->arena, "%s[%zu].name", field, i).p,
				"parameter names must be unique, the parameter \"" STR_FMT
				"\" is also defined at",
				STR_ARG(params[i].name.s));
}

/* A task result's value: nothing but $(steps.STEP.results.NAME). */
static void check_result_value(struct check *c, const struct result_spec *r)
{
	const char *field = field_of(c, r->name.s, ".value");
	struct str at_value = check_path(c, "value"); /* Tekton's own path is none */
	struct text t = r->value.string;
	size_t at = 0, from, to;
	struct str inside, step, name, rest;

	if (!r->value.pos.line)
		return;
	if (r->value.type != VALUE_STRING) {
		check_report(c, "invalid-value", text_at(r->value.pos),
			field_of(c, r->name.s, ".type"),
			"Invalid Type. Wanted string but got: \"%s\"",
			value_type_name(r->value.type))
			->path = at_value;
		return;
	}
	if (!ref_scan(t.s, &at, &from, &to) || from != 0 || to != t.s.n ||
		!str_starts(inside = ref_inside(t.s, from, to), STR("steps.")) ||
		!str_cut(str_slice(inside, 6, inside.n), '.', &step, &rest) ||
		!str_starts(rest, STR("results."))) {
		check_report(c, "invalid-value", t, field,
			"Could not extract step name and result name. Expected value to look "
			"like $(steps.<stepName>.results.<resultName>) but got \"" STR_FMT "\"",
			STR_ARG(t.s))
			->path = at_value;
		return;
	}
	name = str_slice(rest, 8, rest.n);
	if (!name_is_dns_label(step))
		check_report(c, "invalid-value", t, field,
			"invalid extracted step name \"" STR_FMT "\"", STR_ARG(step))
			->path = at_value;
	if (!name_is_result(name))
		check_report(c, "invalid-value", t, field,
			"invalid extracted result name \"" STR_FMT "\"", STR_ARG(name))
			->path = at_value;
}

static void check_result(struct check *c, const struct result_spec *r)
{
	struct diag *d;

	if (!name_is_result(r->name.s)) {
		d = check_report(c, "invalid-name", r->name, "name",
			"invalid key name \"" STR_FMT "\"", STR_ARG(r->name.s));
		diag_hint(c->spec->diags, d,
			"names have letters, digits, '-', '_' and '.', and begin and end with "
			"a letter or digit");
		return;
	}
	if (r->type_text.s.n && !is_type(r->type_text.s)) {
		d = check_report(c, "invalid-type", r->type_text, "type",
			"invalid value: " STR_FMT, STR_ARG(r->type_text.s));
		diag_hint(c->spec->diags, d, "type must be string, array or object");
		return;
	}
	if (r->type == VALUE_OBJECT && !r->properties_pos.line)
		check_missing(c, r->name.pos, field_of(c, r->name.s, ".properties"));
	check_properties(
		c, r->name.s, r->properties, r->n_properties, ", the type must be string");
	check_result_value(c, r);
}

void check_results(struct check *c, const struct result_spec *results, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str before = check_enter(c, "results[%zu]", i);

		check_result(c, &results[i]);
		check_leave(c, before);
	}
}
