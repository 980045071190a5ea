/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes and mounts (section 28). Breakpoints are not carried out yet, hence not in the model,
 * but a mistake in them is named as one, from the tree.
 */
#include "spec/check.h"
#include "spec/yaml.h"

static void check_names(struct check *c, const struct volume *volumes, size_t n)
{
	struct map seen;

	map_init(&seen, c->arena);
	for (size_t i = 0; i < n; i++) {
		struct text name = volumes[i].name;

		if (text_given(name) && !map_set(&seen, name.s, &seen))
			check_report(c, "duplicate", name,
				arena_printf(c->arena, "volumes[%zu].name", i).p,
				"multiple volumes with same name \"" STR_FMT "\"",
				STR_ARG(name.s));
	}
}

static const char *const source_keys[VOLUME_KIND_N] = {
	[VOLUME_CLAIM] = "persistentVolumeClaim.claimName",
	[VOLUME_CONFIG_MAP] = "configMap.name",
	[VOLUME_SECRET] = "secret.secretName",
	[VOLUME_IMAGE] = "image.reference",
};

static void check_pull_policy(struct check *c, struct text policy)
{
	if (policy.s.n && !str_eqz(policy.s, "Always") && !str_eqz(policy.s, "IfNotPresent") &&
		!str_eqz(policy.s, "Never"))
		check_report(c, "invalid-value", policy, "image.pullPolicy",
			"unsupported value \"" STR_FMT
			"\": supported values are Always, IfNotPresent, Never",
			STR_ARG(policy.s));
}

/* What the API server would refuse when the pod is made. */
static void check_source(struct check *c, const struct volume *v)
{
	const struct volume_source *s = &v->source;
	const struct str name = s->kind == VOLUME_CLAIM   ? s->claim_name.s
				: s->kind == VOLUME_IMAGE ? s->image.s
							  : s->object_name.s;

	if (s->kind == VOLUME_HOST_PATH) {
		struct host_path_use *use =
			arena_new_object(c->spec->arena, struct host_path_use);

		*use = (struct host_path_use){
			.path = s->host_path, .next = c->spec->host_paths};
		c->spec->host_paths = use;
	}
	if (!v->name.s.n)
		check_missing(c, v->pos, "name");
	if (s->n_kinds > 1)
		check_report(c, "excluded-field", text_at(s->pos), "",
			"volume \"" STR_FMT "\" has more than one source", STR_ARG(v->name.s));
	else if (source_keys[s->kind] && !name.n)
		check_missing(c, s->pos, source_keys[s->kind]);
	if (s->kind == VOLUME_IMAGE)
		check_pull_policy(c, s->pull_policy);
}

void check_task_volumes(struct check *c, const struct volume *volumes, size_t n)
{
	check_names(c, volumes, n);
	for (size_t i = 0; i < n && !check_is_full(c); i++) {
		struct str before = check_enter(c, "volumes[%zu]", i);

		check_source(c, &volumes[i]);
		check_leave(c, before);
	}
}

static void check_mount(struct check *c, const struct volume_mount *m, struct map *paths)
{
	struct str path = m->mount_path.s;

	if (str_starts(m->name.s, STR("tekton-internal-")))
		check_report(c, "reserved-name", m->name, "name",
			"volumeMount name \"" STR_FMT
			"\" cannot start with \"tekton-internal-\"",
			STR_ARG(m->name.s));
	if (str_starts(path, STR("/tekton/")) && !str_starts(path, STR("/tekton/home")))
		check_report(c, "reserved-path", m->mount_path, "mountPath",
			"volumeMount cannot be mounted under /tekton/ (volumeMount \"" STR_FMT
			"\" mounted at \"" STR_FMT "\")",
			STR_ARG(m->name.s), STR_ARG(path));
	if (path.n && !map_set(paths, path, paths))
		check_report(c, "duplicate", m->mount_path, "mountPath",
			"invalid value: \"" STR_FMT "\": must be unique", STR_ARG(path));
}

void check_step_mounts(struct check *c, const struct step *s)
{
	struct map paths;

	map_init(&paths, c->arena);
	for (size_t i = 0; i < s->n_volume_mounts && !check_is_full(c); i++) {
		struct str before = check_enter(c, "volumeMounts[%zu]", i);

		check_mount(c, &s->volume_mounts[i], &paths);
		check_leave(c, before);
	}
}
