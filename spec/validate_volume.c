/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes, mounts, sidecars and breakpoints: not carried out yet, hence not in the
 * model, but a mistake in them is named as one. Read from the tree of the object (section 28).
 */
#include "spec/check.h"
#include "spec/yaml.h"

static struct text name_of(const struct yaml_node *n)
{
	const struct yaml_node *name = yaml_get(n, "name");

	if (!name || name->type != YAML_STRING)
		return (struct text){0};
	return (struct text){.s = name->text, .pos = name->pos};
}

static const struct yaml_node *list_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *list = yaml_get(map, key);

	return list && list->type == YAML_LIST ? list : NULL;
}

static void check_names(struct check *c, const struct yaml_node *volumes)
{
	struct map seen;

	map_init(&seen, c->arena);
	for (size_t i = 0; volumes && i < volumes->n; i++) {
		struct text name = name_of(volumes->items[i]);

		if (text_given(name) && !map_set(&seen, name.s, &seen))
			check_report(c, "duplicate", name,
				arena_printf(c->arena, "volumes[%zu].name", i).p,
				"multiple volumes with same name \"" STR_FMT "\"",
				STR_ARG(name.s));
	}
}

static void check_mount(struct check *c, const struct yaml_node *mount)
{
	const struct yaml_node *path = yaml_get(mount, "mountPath");
	struct text name = name_of(mount), at;

	if (str_starts(name.s, STR("tekton-internal-")))
		check_report(c, "reserved-name", name, "name",
			"volumeMount name \"" STR_FMT
			"\" cannot start with \"tekton-internal-\"",
			STR_ARG(name.s));
	if (!path || path->type != YAML_STRING || !str_starts(path->text, STR("/tekton/")) ||
		str_starts(path->text, STR("/tekton/home")))
		return;
	at = (struct text){.s = path->text, .pos = path->pos};
	check_report(c, "reserved-path", at, "mountPath",
		"volumeMount cannot be mounted under /tekton/ (volumeMount \"" STR_FMT
		"\" mounted at \"" STR_FMT "\")",
		STR_ARG(name.s), STR_ARG(path->text));
}

/* What a step takes from a StepAction it may not say itself (see check_step_ref). */
static void check_mounts_with_ref(struct check *c, const struct yaml_node *step, size_t i)
{
	const struct yaml_node *mounts = list_of(step, "volumeMounts");
	const struct yaml_node *ref = yaml_get(step, "ref");
	struct str before;

	if (!mounts || !mounts->n || !ref || ref->type == YAML_NULL)
		return;
	before = check_enter(c, "steps[%zu]", i);
	check_report(c, "excluded-field", text_at(mounts->pos), "volumeMounts",
		"volumeMounts cannot be used with Ref");
	check_leave(c, before);
}

static void check_mounts(struct check *c, const struct yaml_node *steps)
{
	for (size_t i = 0; steps && i < steps->n && !check_is_full(c); i++) {
		const struct yaml_node *mounts = list_of(steps->items[i], "volumeMounts");

		check_mounts_with_ref(c, steps->items[i], i);
		for (size_t k = 0; mounts && k < mounts->n; k++) {
			struct str before =
				check_enter(c, "steps[%zu].volumeMounts[%zu]", i, k);

			check_mount(c, mounts->items[k]);
			check_leave(c, before);
		}
	}
}

static void check_sidecars(struct check *c, const struct yaml_node *sidecars)
{
	for (size_t i = 0; sidecars && i < sidecars->n; i++) {
		struct text name = name_of(sidecars->items[i]);

		if (str_eqz(name.s, "tekton-log-results"))
			check_report(c, "reserved-name", name, "sidecars.name",
				"Invalid: cannot use reserved sidecar name "
				"tekton-log-results ");
	}
}

void check_volumes(struct check *c, const struct yaml_node *task_spec)
{
	check_names(c, list_of(task_spec, "volumes"));
	check_mounts(c, list_of(task_spec, "steps"));
	check_sidecars(c, list_of(task_spec, "sidecars"));
}

static void check_tasks(struct check *c, const struct yaml_node *spec, const char *field)
{
	const struct yaml_node *tasks = list_of(spec, field);

	for (size_t i = 0; tasks && i < tasks->n && !check_is_full(c); i++) {
		const struct yaml_node *ts = yaml_get(tasks->items[i], "taskSpec");
		const struct yaml_node *ps = yaml_get(tasks->items[i], "pipelineSpec");
		struct str before = check_enter(c, "%s[%zu].taskSpec", field, i);

		if (ts)
			check_volumes(c, ts);
		check_leave(c, before);
		before = check_enter(c, "%s[%zu].pipelineSpec", field, i);
		if (ps)
			check_pipeline_volumes(c, ps);
		check_leave(c, before);
	}
}

void check_pipeline_volumes(struct check *c, const struct yaml_node *pipeline_spec)
{
	check_tasks(c, pipeline_spec, "tasks");
	check_tasks(c, pipeline_spec, "finally");
}

/* --- breakpoints of a TaskRun (section 25) */

static struct text text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = yaml_get(map, key);

	if (!n || n->type != YAML_STRING)
		return (struct text){0};
	return (struct text){.s = n->text, .pos = n->pos};
}

void check_debug(struct check *c, const struct yaml_node *task_run_spec)
{
	const struct yaml_node *points =
		yaml_get(yaml_get(task_run_spec, "debug"), "breakpoints");
	struct text on_failure = text_of(points, "onFailure");

	if (!on_failure.s.n || str_eqz(on_failure.s, "enabled"))
		return;
	check_report(c, "invalid-value", on_failure, "debug.breakpoints.onFailure",
		"invalid value: " STR_FMT
		" is not a valid onFailure breakpoint value, onFailure breakpoint is only "
		"allowed to be set as enabled",
		STR_ARG(on_failure.s));
}
