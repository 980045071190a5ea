/* SPDX-License-Identifier: Apache-2.0 */
/* The demands of security contexts against a place. */
#include "give.h"

#include <base/attr.h>
#include <base/vec.h>

static bool is_inside(const struct id_extent *e, size_t n, int64_t id)
{
	return id <= UINT32_MAX && id_map_outside(e, n, (uint32_t)id) >= 0;
}

/* "0 alone", "0 to 65535": the ids that steps can have. */
static struct str ids_text(struct arena *a, const struct id_extent *e, size_t n)
{
	uint64_t end = 0;

	for (size_t i = 0; i < n; i++)
		if ((uint64_t)e[i].inside + e[i].count > end)
			end = (uint64_t)e[i].inside + e[i].count;
	return end <= 1 ? STR("0 alone")
			: arena_printf(a, "0 to %llu", (unsigned long long)end - 1);
}

/* Why a fact does not hold, in the words of its evidence. */
static struct str fact_text(
	struct arena *a, const struct sandbox_place *p, const char *name, const char *else_text)
{
	for (size_t i = 0; i < p->n_facts; i++)
		if (str_eqz(str_z(p->facts[i].name), name) && !p->facts[i].works)
			return arena_printf(
				a, "%s: " STR_FMT, else_text, STR_ARG(p->facts[i].evidence));
	return str_z(else_text);
}

static struct str id_lack(struct arena *a, const char *who, const struct id_extent *e, size_t n,
	const struct demand *d)
{
	if (is_inside(e, n, d->id))
		return STR_NONE;
	return arena_printf(a, "%s of steps can be " STR_FMT, who, STR_ARG(ids_text(a, e, n)));
}

static struct str nest_lack(struct arena *a, const struct sandbox_place *p)
{
	return p->can_nest ? STR_NONE
			   : fact_text(a, p, "capabilities",
				     "no user namespace can be nested in a step's");
}

/* With one id there is nobody to become. */
static struct str escalation_lack(struct arena *a, const struct sandbox_place *p)
{
	return p->can_escalate || p->map.is_single
		       ? STR_NONE
		       : fact_text(a, p, "escalation", "setuid programs cannot count");
}

struct str give_lack(struct arena *a, const struct sandbox_place *p, const struct demand *d)
{
	const struct id_map *m = &p->map;

	switch (d->kind) {
	case DEMAND_USER:
		return id_lack(a, "users", m->uid, m->n_uid, d);
	case DEMAND_GROUP:
		return id_lack(a, "groups", m->gid, m->n_gid, d);
	case DEMAND_MORE_GROUPS: /* one id owns everything: what they are for is so */
		return m->is_single ? STR_NONE : id_lack(a, "groups", m->gid, m->n_gid, d);
	case DEMAND_PRIVILEGE:
		return nest_lack(a, p);
	case DEMAND_ESCALATION:
		return escalation_lack(a, p);
	}
	return STR_NONE;
}

bool give_check(struct arena *a, const struct sandbox_place *place, const struct demand *d,
	size_t n, struct diags *diags)
{
	bool all = true;

	for (size_t i = 0; i < n; i++) {
		struct str lack = give_lack(a, place, &d[i]);
		struct diag *one;

		if (!lack.n)
			continue;
		all = false;
		one = diag_add(diags, DIAG_ERROR, "place", d[i].pos,
			"securityContext.%s cannot be given here: " STR_FMT, d[i].field,
			STR_ARG(lack));
		diag_hint(diags, one, "'monopod probe' shows what this place permits");
	}
	return all;
}

unsigned int give_wants(const struct demand *d, size_t n)
{
	unsigned int wants = 0;

	for (size_t i = 0; i < n; i++)
		if (d[i].kind == DEMAND_PRIVILEGE)
			wants |= SANDBOX_WANT_NEST;
	return wants;
}

static struct give_line line_of(const char *field, struct str lack, struct str text)
{
	return (struct give_line){
		.field = field, .works = !lack.n, .text = lack.n ? lack : text};
}

void give_lines(
	struct arena *a, const struct sandbox_place *p, struct give_line **ret, size_t *ret_n)
{
	const struct id_map *m = &p->map;
	const struct give_line lines[] = {
		{"runAsUser", !m->is_single, ids_text(a, m->uid, m->n_uid)},
		{"runAsGroup", !m->is_single, ids_text(a, m->gid, m->n_gid)},
		{"supplementalGroups", !m->is_single,
			m->is_single ? STR("not set: one id owns everything")
				     : ids_text(a, m->gid, m->n_gid)},
		line_of("privileged", nest_lack(a, p),
			STR("and SYS_ADMIN, SYS_PTRACE, ALL: inside the step's sandbox")),
		line_of("allowPrivilegeEscalation", escalation_lack(a, p),
			m->is_single ? STR("one id: nobody else to become")
				     : STR("setuid programs of images count")),
	};

	*ret = vec_copy(a, lines, ARRAY_SIZE(lines), sizeof(lines[0]));
	*ret_n = ARRAY_SIZE(lines);
}
