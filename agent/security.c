/* SPDX-License-Identifier: Apache-2.0 */
/* What a container's security context comes to. */
#include "security.h"

void security_merge(struct security_context *s, const struct security_context *t)
{
	if (!s->run_as_user.pos.line)
		s->run_as_user = t->run_as_user;
	if (!s->run_as_group.pos.line)
		s->run_as_group = t->run_as_group;
	if (!s->run_as_non_root.pos.line)
		s->run_as_non_root = t->run_as_non_root;
	if (!s->privileged.pos.line)
		s->privileged = t->privileged;
	if (!s->read_only_root_filesystem.pos.line)
		s->read_only_root_filesystem = t->read_only_root_filesystem;
	if (!s->allow_privilege_escalation.pos.line)
		s->allow_privilege_escalation = t->allow_privilege_escalation;
	if (!s->proc_mount.s.n)
		s->proc_mount = t->proc_mount;
	if (!s->seccomp_type.s.n) {
		s->seccomp_type = t->seccomp_type;
		s->profile = t->profile;
	}
	if (!s->n_cap_add) {
		s->cap_add = t->cap_add;
		s->n_cap_add = t->n_cap_add;
	}
	if (!s->n_cap_drop) {
		s->cap_drop = t->cap_drop;
		s->n_cap_drop = t->n_cap_drop;
	}
}

/* As container runtimes do it: ALL comes first on both sides, names count after it. */
static uint64_t capability_set(const struct text *names, size_t n, bool *ret_all)
{
	uint64_t set = 0;

	*ret_all = false;
	for (size_t i = 0; i < n; i++) {
		int number = capability_number(names[i].s);

		if (number >= 0)
			set |= UINT64_C(1) << number;
		else if (capability_is_all(names[i].s))
			*ret_all = true;
	}
	return set;
}

static void launch_users(const struct security_context *pod, const struct security_context *own,
	struct step_launch *l)
{
	const struct maybe_int *user =
		own->run_as_user.pos.line ? &own->run_as_user : &pod->run_as_user;
	const struct maybe_int *group =
		own->run_as_group.pos.line ? &own->run_as_group : &pod->run_as_group;
	const struct maybe_bool *non_root =
		own->run_as_non_root.pos.line ? &own->run_as_non_root : &pod->run_as_non_root;

	l->run_as_user = user->pos.line ? user->v : -1;
	l->run_as_group = group->pos.line ? group->v : -1;
	l->run_as_non_root = non_root->v;
}

static void launch_groups(
	struct arena *a, const struct security_context *pod, struct launch_security *s)
{
	uint32_t *groups = arena_new_array(a, uint32_t, pod->n_supplemental_groups + 1);

	for (size_t i = 0; i < pod->n_supplemental_groups; i++)
		groups[s->n_groups++] = (uint32_t)pod->supplemental_groups[i].v;
	if (pod->fs_group.pos.line)
		groups[s->n_groups++] = (uint32_t)pod->fs_group.v;
	s->groups = groups;
	s->own_groups_only = str_eqz(pod->supplemental_groups_policy.s, "Strict");
}

void security_volumes(const struct security_context *pod, struct task_launch *l)
{
	l->has_fs_group = pod->fs_group.pos.line != 0;
	l->fs_group = (uint32_t)pod->fs_group.v;
	l->fs_group_on_mismatch = str_eqz(pod->fs_group_change_policy.s, "OnRootMismatch");
}

bool security_needs_power(struct str capability)
{
	return capability_is_all(capability) ||
	       capability_number(capability) == capability_number(STR("SYS_ADMIN")) ||
	       capability_number(capability) == capability_number(STR("SYS_PTRACE"));
}

const char *security_conflict(const struct security_context *s)
{
	if (!s->allow_privilege_escalation.pos.line || s->allow_privilege_escalation.v)
		return NULL;
	if (s->privileged.v)
		return "cannot set `allowPrivilegeEscalation` to false and `privileged` to "
		       "true";
	for (size_t i = 0; i < s->n_cap_add; i++)
		if (str_eqz(s->cap_add[i].s, "CAP_SYS_ADMIN"))
			return "cannot set `allowPrivilegeEscalation` to false and "
			       "`capabilities.Add` CAP_SYS_ADMIN";
	return NULL;
}

/* privileged is all of it, and takes the place of a profile; as in Kubernetes, setuid programs
 * count for who is an administrator and does not say otherwise. */
static void launch_privilege(const struct security_context *own, struct launch_security *s)
{
	const uint64_t admin = UINT64_C(1) << capability_number(STR("SYS_ADMIN"));

	s->is_privileged = own->privileged.v;
	if (s->is_privileged)
		s->adds_all = s->is_unconfined = s->is_proc_unmasked = true;
	if (s->is_unconfined)
		s->rules = NULL;
	s->is_admin = s->adds_all || s->cap_add & admin;
	if (s->is_admin && !own->allow_privilege_escalation.pos.line)
		s->may_escalate = true;
}

void security_launch(struct arena *a, const struct security_context *pod,
	const struct security_context *own, struct step_launch *l)
{
	const struct security_context *filter = own->seccomp_type.s.n ? own : pod;
	struct launch_security *s = &l->security;

	launch_users(pod, own, l);
	launch_groups(a, pod, s);
	s->is_unconfined = str_eqz(filter->seccomp_type.s, "Unconfined");
	s->rules = filter->profile ? filter->profile->rules : NULL;
	s->is_proc_unmasked = str_eqz(own->proc_mount.s, "Unmasked");
	s->read_only_root = own->read_only_root_filesystem.v;
	s->may_escalate = own->allow_privilege_escalation.v;
	s->cap_add = capability_set(own->cap_add, own->n_cap_add, &s->adds_all);
	s->cap_drop = capability_set(own->cap_drop, own->n_cap_drop, &s->drops_all);
	launch_privilege(own, s);
}

enum step_reach security_reach(const struct launch_security *s)
{
	if (s->is_privileged)
		return REACH_PRIVILEGED;
	if (s->is_admin)
		return REACH_ADMIN;
	return s->is_unconfined ? REACH_UNCONFINED : REACH_PLAIN;
}
