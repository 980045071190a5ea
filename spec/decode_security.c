/* SPDX-License-Identifier: Apache-2.0 */
/*
 * securityContext of containers and of pods, with the rules of Kubernetes'
 * ValidateSecurityContext. What a step can be given is docs/security.md.
 */
#include "capability.h"
#include "decode.h"

#include <base/attr.h>

/* --- seccompProfile ---------------------------------------------------------------------- */

struct seccomp_profile { /* as it is written */
	struct text type;
	struct text file;
};

static const char *profile_path_problem(struct str path)
{
	struct str part;

	if (str_starts(path, STR("/")))
		return "must be a relative path";
	while (str_cut(path, '/', &part, &path))
		if (str_eqz(part, ".."))
			return "must not contain '..'";
	return str_eqz(path, "..") ? "must not contain '..'" : NULL;
}

/* As the API server wants it: below the node's directory, and only where it is asked for. */
static void check_profile_file(
	struct decode *d, const struct yaml_node *n, const struct seccomp_profile *p)
{
	const struct yaml_node *file = yaml_get(n, "localhostProfile");
	const bool is_local = str_eqz(p->type.s, "Localhost");
	const char *problem = is_local ? profile_path_problem(p->file.s) : NULL;

	if (!is_local && text_given(p->file))
		(void)decode_fail(d, "bad-value", file,
			"localhostProfile can only be set when seccomp type is Localhost");
	else if (is_local && !p->file.s.n)
		(void)decode_fail(d, "required", n,
			"localhostProfile must be set when seccomp type is Localhost");
	else if (problem)
		(void)decode_fail(d, "bad-value", file, "%s", problem);
}

static struct profile_use *profile_use(struct decode *d, struct text file)
{
	struct profile_use *use = arena_new_object(d->arena, struct profile_use);

	use->name = file;
	if (d->profiles) {
		use->next = *d->profiles;
		*d->profiles = use;
	}
	return use;
}

static void finish_seccomp(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct seccomp_profile *p = base;
	const struct yaml_node *type = yaml_get(n, "type");

	if (!type || !p->type.s.n) {
		if (n->type == YAML_MAP && (!type || type->type == YAML_STRING))
			(void)decode_fail(d, "required", n,
				"type is required when seccompProfile is set");
		return;
	}
	check_profile_file(d, n, p);
	if (str_eqz(p->type.s, "RuntimeDefault") || str_eqz(p->type.s, "Localhost"))
		return;
	if (str_eqz(p->type.s, "Unconfined"))
		(void)decode_warn(d, "unconfined", type,
			"Unconfined leaves the floor of the filter alone: more of the kernel "
			"can be reached");
	else
		(void)decode_fail(d, "bad-value", type,
			"Unsupported value: \"" STR_FMT
			"\": supported values: \"Localhost\", \"RuntimeDefault\", "
			"\"Unconfined\"",
			STR_ARG(p->type.s));
}

static const struct field seccomp_fields[] = {
	{FIELD_TEXT_OF(struct seccomp_profile, "type", type)},
	{FIELD_TEXT_OF(struct seccomp_profile, "localhostProfile", file)},
};
static const struct schema schema_seccomp = {
	.what = "seccompProfile",
	.size = sizeof(struct seccomp_profile),
	.fields = seccomp_fields,
	.n_fields = ARRAY_SIZE(seccomp_fields),
	.finish = finish_seccomp,
};

static void decode_seccomp(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct security_context *s = base;
	struct seccomp_profile p = {0};

	(void)f;
	if (n->type == YAML_NULL)
		return;
	decode_object(d, &schema_seccomp, n, &p);
	s->seccomp_type = p.type;
	if (str_eqz(p.type.s, "Localhost") && p.file.s.n && !profile_path_problem(p.file.s))
		s->profile = profile_use(d, p.file);
}

/* --- capabilities ------------------------------------------------------------------------ */

static void check_capability(struct decode *d, const struct yaml_node *n, struct text name,
	bool is_added, bool has_admin)
{
	int number = capability_number(name.s);
	const char *why = number < 0 ? NULL : capability_refusal(number, has_admin);
	struct diag *one;
	struct str *names;
	size_t n_names;

	if (capability_is_all(name.s))
		return;
	if (number < 0) {
		one = decode_fail(d, "bad-value", n, "no capability is called \"" STR_FMT "\"",
			STR_ARG(name.s));
		names = capability_names(d->arena, &n_names);
		diag_suggest(d->diags, one, name.s, names, n_names);
	} else if (is_added && why) {
		decode_refuse_for(d, n, why, "capability " STR_FMT, STR_ARG(name.s));
	}
}

/* Which of the added capabilities brings the calls of an administrator; n: none. */
static size_t admin_index(const struct security_context *s)
{
	const int admin = capability_number(STR("SYS_ADMIN"));
	size_t i = 0;

	while (i < s->n_cap_add && !capability_is_all(s->cap_add[i].s) &&
		capability_number(s->cap_add[i].s) != admin)
		i++;
	return i;
}

static void check_capabilities(
	struct decode *d, const struct yaml_node *n, const struct security_context *s)
{
	const bool has_admin = s->privileged.v || admin_index(s) < s->n_cap_add;
	const struct {
		const char *key;
		const struct text *names;
		size_t n;
	} lists[] = {{"add", s->cap_add, s->n_cap_add}, {"drop", s->cap_drop, s->n_cap_drop}};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		const struct yaml_node *list = lists[i].n ? yaml_get(n, lists[i].key) : NULL;
		size_t mark = path_enter(d, str_z(lists[i].key));

		for (size_t k = 0; list && k < lists[i].n; k++) {
			size_t inner = path_enter_index(d, k);

			if (lists[i].names[k].s.n || !d->broken)
				check_capability(d, list->items[k], lists[i].names[k], i == 0,
					has_admin);
			path_leave(d, inner);
		}
		path_leave(d, mark);
	}
}

static const struct field capability_fields[] = {
	{FIELD_TEXTS_OF(struct security_context, "add", cap_add)},
	{FIELD_TEXTS_OF(struct security_context, "drop", cap_drop)},
};
static const struct schema schema_capabilities = {
	.what = "capabilities",
	.size = sizeof(struct security_context),
	.fields = capability_fields,
	.n_fields = ARRAY_SIZE(capability_fields),
};

static void decode_capabilities(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	(void)f;
	if (n->type != YAML_NULL)
		decode_object(d, &schema_capabilities, n, base);
}

/* --- the contexts ------------------------------------------------------------------------ */

static void check_one_of(struct decode *d, const struct yaml_node *map, const char *key,
	const char *const *values, struct text given)
{
	size_t mark;

	if (!given.s.n || str_eqz(given.s, values[0]) || str_eqz(given.s, values[1]))
		return;
	mark = path_enter(d, str_z(key));
	(void)decode_fail(d, "bad-value", yaml_get(map, key),
		"Unsupported value: \"" STR_FMT "\": supported values: \"%s\", \"%s\"",
		STR_ARG(given.s), values[0], values[1]);
	path_leave(d, mark);
}

/* allowPrivilegeEscalation: false beside what needs it. */
static void check_escalation(
	struct decode *d, const struct yaml_node *n, const struct security_context *s)
{
	const struct yaml_node *at = yaml_get(n, "allowPrivilegeEscalation");

	if (!s->allow_privilege_escalation.pos.line || s->allow_privilege_escalation.v)
		return;
	if (s->privileged.v)
		(void)decode_fail(d, "excluded-field", at,
			"cannot set `allowPrivilegeEscalation` to false and `privileged` to "
			"true");
	for (size_t i = 0; i < s->n_cap_add; i++)
		if (str_eqz(s->cap_add[i].s, "CAP_SYS_ADMIN"))
			(void)decode_fail(d, "excluded-field", at,
				"cannot set `allowPrivilegeEscalation` to false and "
				"`capabilities.Add` CAP_SYS_ADMIN");
}

/* Nothing is wrong with it, but it should be meant. */
static void warn_of_power(
	struct decode *d, const struct yaml_node *n, const struct security_context *s)
{
	const struct yaml_node *caps = yaml_get(n, "capabilities");
	const size_t i = admin_index(s);
	const char *const over =
		"in user namespaces of the step's own: no devices, no cgroups, "
		"not the pod's network";
	size_t mark;

	if (s->privileged.v) {
		mark = path_enter(d, STR("privileged"));
		(void)decode_warn(d, "privileged", yaml_get(n, "privileged"),
			"privileged gives every capability %s", over);
	} else if (i < s->n_cap_add) {
		mark = path_enter(d, STR("capabilities"));
		(void)decode_warn(d, "privileged", yaml_get(caps, "add")->items[i],
			"capability " STR_FMT " counts %s", STR_ARG(s->cap_add[i].s), over);
	} else {
		return;
	}
	path_leave(d, mark);
}

static void finish_container(struct decode *d, const struct yaml_node *n, void *base)
{
	static const char *const proc[] = {"Default", "Unmasked"};
	const struct security_context *s = base;
	const struct yaml_node *caps = yaml_get(n, "capabilities");

	check_one_of(d, n, "procMount", proc, s->proc_mount);
	if (caps && caps->type == YAML_MAP) {
		size_t mark = path_enter(d, STR("capabilities"));

		check_capabilities(d, caps, s);
		path_leave(d, mark);
	}
	check_escalation(d, n, s);
	warn_of_power(d, n, s);
}

static const struct field run_as_fields[] = {
	{FIELD_OF(struct security_context, "runAsUser", FIELD_INT, run_as_user), .min = 0,
		.max = INT32_MAX},
	{FIELD_OF(struct security_context, "runAsGroup", FIELD_INT, run_as_group), .min = 0,
		.max = INT32_MAX},
	{FIELD_OF(struct security_context, "runAsNonRoot", FIELD_BOOL, run_as_non_root)},
	{.key = "seccompProfile", .kind = FIELD_CALL, .call = decode_seccomp},
	{REFUSED("appArmorProfile",
		"a step has monopod's own confinement, no profile of the machine's")},
	{REFUSED("seLinuxOptions",
		"a step has monopod's own confinement, no label of the machine's")},
	{REFUSED("windowsOptions", "steps run on Linux")},
};
static const struct schema schema_run_as = {
	.what = "securityContext",
	.size = sizeof(struct security_context),
	.fields = run_as_fields,
	.n_fields = ARRAY_SIZE(run_as_fields),
};

static const struct field security_context_fields[] = {
	{FIELD_OF(struct security_context, "allowPrivilegeEscalation", FIELD_BOOL,
		allow_privilege_escalation)},
	{.key = "capabilities", .kind = FIELD_CALL, .call = decode_capabilities},
	{FIELD_OF(struct security_context, "privileged", FIELD_BOOL, privileged)},
	{FIELD_TEXT_OF(struct security_context, "procMount", proc_mount)},
	{FIELD_OF(struct security_context, "readOnlyRootFilesystem", FIELD_BOOL,
		read_only_root_filesystem)},
};
const struct schema schema_security_context = {
	.what = "securityContext",
	.size = sizeof(struct security_context),
	.at_pos = offsetof(struct security_context, pos),
	.base = &schema_run_as,
	.fields = security_context_fields,
	.n_fields = ARRAY_SIZE(security_context_fields),
	.finish = finish_container,
};

static void decode_groups(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct security_context *s = base;

	if (n->type == YAML_NULL || !decode_expect(d, n, YAML_LIST, "list"))
		return;
	s->supplemental_groups = arena_new_array(d->arena, struct maybe_int, n->n + 1);
	s->n_supplemental_groups = n->n;
	for (size_t i = 0; i < n->n; i++) {
		size_t mark = path_enter_index(d, i);

		decode_int(d, f, n->items[i], &s->supplemental_groups[i]);
		path_leave(d, mark);
	}
}

static void finish_pod(struct decode *d, const struct yaml_node *n, void *base)
{
	static const char *const change[] = {"Always", "OnRootMismatch"};
	static const char *const groups[] = {"Merge", "Strict"};
	const struct security_context *s = base;

	check_one_of(d, n, "fsGroupChangePolicy", change, s->fs_group_change_policy);
	check_one_of(d, n, "supplementalGroupsPolicy", groups, s->supplemental_groups_policy);
}

static const struct field pod_security_context_fields[] = {
	{FIELD_OF(struct security_context, "fsGroup", FIELD_INT, fs_group), .min = 0,
		.max = INT32_MAX},
	{FIELD_TEXT_OF(struct security_context, "fsGroupChangePolicy", fs_group_change_policy)},
	{REFUSED("seLinuxChangePolicy", "no label of the machine's is put on volumes")},
	{.key = "supplementalGroups",
		.kind = FIELD_CALL,
		.call = decode_groups,
		.min = 0,
		.max = INT32_MAX},
	{FIELD_TEXT_OF(struct security_context, "supplementalGroupsPolicy",
		supplemental_groups_policy)},
	{REFUSED("sysctls", "the kernel's settings are the pod's, which is there already")},
};
const struct schema schema_pod_security_context = {
	.what = "securityContext",
	.size = sizeof(struct security_context),
	.at_pos = offsetof(struct security_context, pos),
	.base = &schema_run_as,
	.fields = pod_security_context_fields,
	.n_fields = ARRAY_SIZE(pod_security_context_fields),
	.finish = finish_pod,
};
