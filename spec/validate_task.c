/* SPDX-License-Identifier: Apache-2.0 */
/* Task specs without their variables: steps and workspaces (section 28). */
#include "spec/check.h"
#include <base/num.h>
#include <base/path.h>

/* Tekton's own directory; a workspace there would hide what the steps live on. */
static bool is_reserved_path(struct str path)
{
	return path_is_below(path, STR("/tekton")) && !path_is_below(path, STR("/tekton/home"));
}

static struct str mount_path_of(struct arena *a, const struct workspace_spec *w)
{
	if (!w->mount_path.s.n)
		return arena_printf(a, "/workspace/" STR_FMT, STR_ARG(w->name.s));
	return path_clean(a, w->mount_path.s);
}

static void check_mount(
	struct check *c, struct str name, struct text at, struct str path, const char *field)
{
	if (is_reserved_path(path))
		check_report(c, "reserved-path", at, field,
			"workspace cannot be mounted under /tekton/ (workspace \"" STR_FMT
			"\" mounted at \"" STR_FMT "\")",
			STR_ARG(name), STR_ARG(path));
	else if (str_eqz(path, "/")) /* Tekton finds it when the container cannot start */
		check_report(c, "reserved-path", at, field,
			"workspace cannot be mounted at / (workspace \"" STR_FMT "\")",
			STR_ARG(name));
}

static void check_workspaces(
	struct check *c, const struct workspace_spec *list, size_t n, struct map *names)
{
	struct map paths;

	map_init(&paths, c->arena);
	for (size_t i = 0; i < n; i++) {
		struct str before = check_enter(c, "workspaces[%zu]", i);
		struct str path = mount_path_of(c->arena, &list[i]);
		struct text at =
			text_given(list[i].mount_path) ? list[i].mount_path : list[i].name;

		if (!map_set(names, list[i].name.s, names))
			check_report(c, "duplicate", list[i].name, "name",
				"workspace name \"" STR_FMT "\" must be unique",
				STR_ARG(list[i].name.s));
		else if (!map_set(&paths, path, names))
			check_report(c, "duplicate", at, "mountpath",
				"workspace mount path \"" STR_FMT "\" must be unique",
				STR_ARG(path));
		check_mount(c, list[i].name.s, at, path, "mountPath");
		check_leave(c, before);
	}
}

static void check_step_workspaces(
	struct check *c, const struct step *s, const struct map *declared)
{
	for (size_t i = 0; i < s->n_workspaces; i++) {
		const struct step_workspace *w = &s->workspaces[i];
		struct str before = check_enter(c, "workspaces[%zu]", i);

		if (!map_has(declared, w->name.s))
			check_suggest(c,
				check_report(c, "undefined-workspace", w->name, "name",
					"undefined workspace \"" STR_FMT "\"",
					STR_ARG(w->name.s)),
				w->name.s, declared);
		if (w->mount_path.s.n)
			check_mount(c, w->name.s, w->mount_path,
				path_clean(c->arena, w->mount_path.s), "mountPath");
		check_leave(c, before);
	}
}

/* What a step that takes everything from a StepAction may not say itself. */
static void check_step_ref(struct check *c, const struct step *s)
{
	const struct {
		const char *field;
		bool used;
		struct pos pos;
	} fields[] = {
		{"image", s->image.s.n > 0, s->image.pos},
		{"command", s->n_command > 0, s->command_pos},
		{"args", s->n_args > 0, s->args_pos},
		{"script", s->script.s.n > 0, s->script.pos},
		{"env", s->n_env > 0, s->n_env ? s->env[0].name.pos : s->pos},
		{"workingDir", s->working_dir.s.n > 0, s->working_dir.pos},
		{"volumeMounts", s->n_volume_mounts > 0,
			s->n_volume_mounts ? s->volume_mounts[0].pos : s->pos},
		{"results", s->n_results > 0, s->n_results ? s->results[0].name.pos : s->pos},
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].used)
			check_report(c, "excluded-field", text_at(fields[i].pos),
				fields[i].field, "%s cannot be used with Ref", fields[i].field);
}

static void check_step_program(struct check *c, const struct step *s, bool template_image)
{
	if (s->n_params)
		check_report(c, "excluded-field", text_at(s->params[0].name.pos), "params",
			"params cannot be used without Ref");
	if (!s->image.s.n && !template_image)
		check_missing(c, text_given(s->image) ? s->image.pos : s->pos, "Image");
	if (s->script.s.n && s->n_command)
		check_report(c, "excluded-field", text_at(s->script.pos), "script",
			"script cannot be used with command");
}

static void check_step_name(struct check *c, const struct step *s, struct map *seen)
{
	struct diag *d;

	if (!s->name.s.n)
		return;
	if (!map_set(seen, s->name.s, seen))
		check_report(c, "duplicate", s->name, "name", "expected exactly one, got both");
	if (name_is_dns_label(s->name.s))
		return;
	d = check_report(c, "invalid-name", s->name, "name", "invalid value " STR_FMT,
		STR_ARG(quote_go(c->arena, s->name.s)));
	diag_hint(c->spec->diags, d,
		"Task step name must be a valid DNS Label, For more info refer to "
		"https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"
		"#names");
}

static void check_step(struct check *c, const struct step *s, bool template_image)
{
	struct diag *d;

	if (text_given(s->ref_name))
		check_step_ref(c, s);
	else
		check_step_program(c, s, template_image);
	if (s->timeout.pos.line && s->timeout.ns < 0)
		check_report(c, "invalid-timeout", text_at(s->timeout.pos), "negative timeout",
			"invalid value: " STR_FMT,
			STR_ARG(num_duration_text(c->arena, s->timeout.ns)));
	if (s->on_error.s.n && !str_starts(s->on_error.s, STR("$(params")) &&
		!str_eqz(s->on_error.s, "continue") && !str_eqz(s->on_error.s, "stopAndFail")) {
		d = check_report(c, "invalid-value", s->on_error, "onError",
			"invalid value: \"" STR_FMT "\"", STR_ARG(s->on_error.s));
		diag_hint(c->spec->diags, d,
			"Task step onError must be either \"continue\" or \"stopAndFail\"");
	}
	check_when(c, s->when, s->n_when);
	check_results(c, s->results, s->n_results);
}

static void check_sidecar(struct check *c, const struct sidecar *sc)
{
	const struct step *s = &sc->container;

	if (!s->image.s.n)
		check_missing(c, text_given(s->image) ? s->image.pos : s->pos, "image");
	if (s->script.s.n && s->n_command)
		check_report(c, "excluded-field", text_at(s->script.pos), "script",
			"script cannot be used with command");
	check_step_mounts(c, s);
}

static void check_sidecars(
	struct check *c, const struct task_spec *ts, const struct map *workspaces)
{
	for (size_t i = 0; i < ts->n_sidecars && !check_is_full(c); i++) {
		const struct step *s = &ts->sidecars[i].container;
		struct str before;

		c->near = s->pos;
		if (str_eqz(s->name.s, "tekton-log-results"))
			check_report(c, "reserved-name", s->name, "sidecars.name",
				"Invalid: cannot use reserved sidecar name "
				"tekton-log-results ");
		before = check_enter(c, "sidecars[%zu]", i);
		check_sidecar(c, &ts->sidecars[i]);
		check_step_workspaces(c, s, workspaces);
		check_leave(c, before);
	}
}

void check_task_spec(struct check *c, const struct task_spec *ts)
{
	bool template_image = ts->step_template && ts->step_template->image.s.n > 0;
	struct map workspaces, steps;

	c->near = ts->pos;
	map_init(&workspaces, c->arena);
	map_init(&steps, c->arena);
	if (!ts->n_steps)
		check_missing(c, ts->pos, "steps");
	check_task_volumes(c, ts->volumes, ts->n_volumes);
	check_workspaces(c, ts->workspaces, ts->n_workspaces, &workspaces);
	for (size_t i = 0; i < ts->n_steps; i++) {
		struct str before = check_enter(c, "steps[%zu]", i);

		c->near = ts->steps[i].pos;
		check_step_name(c, &ts->steps[i], &steps);
		check_step(c, &ts->steps[i], template_image);
		check_step_mounts(c, &ts->steps[i]);
		check_step_workspaces(c, &ts->steps[i], &workspaces);
		check_leave(c, before);
	}
	check_sidecars(c, ts, &workspaces);
	c->near = ts->pos;
	check_param_specs(c, ts->params, ts->n_params, true);
	check_results(c, ts->results, ts->n_results);
}
