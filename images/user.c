/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which ids a user text means inside an image (sandbox.md R30-R33). Digits are numbers,
 * everything else is a name that must be there; nothing falls back to root.
 */
#include "passwd.h"

#include <base/num.h>
#include <base/vec.h>
#include <monopod/images.h>
#include <string.h>

enum { USER_GROUPS = 1024, USER_BYTES = 256 };

struct lookup {
	struct arena *a;
	const int *dfds;
	size_t n_dfds;
	struct str passwd, group;
	/* why they could not be read; matters only when a name is asked for */
	struct err passwd_err, group_err;
};

static bool is_digits(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n > 0;
}

static int user_bad(struct str text, const char *why, struct err *err)
{
	return err_set(err, ERR_IMAGE, "user '" STR_FMT "': %s",
		(int)(text.n < USER_BYTES ? text.n : USER_BYTES), text.n ? text.p : "", why);
}

/* Splits "user[:group]"; refuses what no passwd file can hold and what only looks like a
 * number. */
static int user_split(
	struct str text, struct str *ret_user, struct str *ret_group, struct err *err)
{
	*ret_group = STR_NONE;
	*ret_user = text;
	if (text.n >= USER_BYTES)
		return user_bad(text, "is too long", err);
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f || text.p[i] == '/' ||
			text.p[i] == ',')
			return user_bad(text, "holds a character that no name can have", err);
	if (str_cut(text, ':', ret_user, ret_group)) {
		if (!ret_user->n || !ret_group->n)
			return user_bad(text, "has an empty part", err);
		if (str_chr(*ret_group, ':') >= 0)
			return user_bad(text, "has more than two parts", err);
	}
	if ((ret_user->n && strchr("+-", ret_user->p[0])) ||
		(ret_group->n && strchr("+-", ret_group->p[0])))
		return user_bad(text, "a sign is not allowed", err);
	return 0;
}

static int id_of(struct str digits, struct str text, uint32_t *ret, struct err *err)
{
	uint64_t v;

	if (num_u64(digits, UINT32_MAX - 1U, &v, NULL) < 0)
		return user_bad(text, "the number is not between 0 and 4294967294", err);
	*ret = (uint32_t)v;
	return 0;
}

static int by_name(const struct lookup *l, struct str name, struct str text,
	struct image_user *u, struct err *err)
{
	struct passwd_entry e;
	bool found;

	if (l->passwd_err.kind != ERR_NONE) {
		if (err)
			*err = l->passwd_err;
		return -1;
	}
	if (passwd_find(l->passwd, name, 0, &found, &e, err) < 0)
		return -1;
	if (!found)
		return user_bad(text, "not in etc/passwd of the image", err);
	u->uid = e.uid;
	u->gid = e.gid;
	u->name = arena_str(l->a, e.name);
	u->home = arena_str(l->a, e.home);
	return 0;
}

/* A number needs no entry; without one its group is 0, as with other runtimes. */
static int by_number(
	const struct lookup *l, uint32_t uid, struct image_user *u, struct err *err)
{
	struct passwd_entry e;
	bool found;

	u->uid = uid;
	u->gid = 0;
	if (passwd_find(l->passwd, STR_NONE, uid, &found, &e, err) < 0)
		return -1;
	if (found) {
		u->gid = e.gid;
		u->name = arena_str(l->a, e.name);
		u->home = arena_str(l->a, e.home);
	}
	return 0;
}

static int group_of(const struct lookup *l, struct str group, struct str text, uint32_t *ret,
	struct err *err)
{
	bool found;

	if (is_digits(group))
		return id_of(group, text, ret, err);
	if (l->group_err.kind != ERR_NONE) {
		if (err)
			*err = l->group_err;
		return -1;
	}
	if (group_find(l->group, group, &found, ret, err) < 0)
		return -1;
	if (!found)
		return user_bad(text, "the group is not in etc/group of the image", err);
	return 0;
}

static int groups_fill(const struct lookup *l, struct image_user *u, struct err *err)
{
	uint32_t *groups = arena_new_array(l->a, uint32_t, USER_GROUPS);

	u->groups = groups;
	u->n_groups = 0;
	if (!u->name.n)
		return 0;
	return group_members(l->group, u->name, groups, USER_GROUPS, &u->n_groups, err);
}

static int user_resolve(const struct lookup *l, struct str text, int64_t uid_override,
	struct image_user *u, struct err *err)
{
	struct str user, group;
	uint32_t uid = 0;

	if (uid_override >= 0) {
		if (uid_override >= UINT32_MAX)
			return err_set(err, ERR_SPEC, "runAsUser is not below 4294967295");
		return by_number(l, (uint32_t)uid_override, u, err);
	}
	if (user_split(text, &user, &group, err) < 0)
		return -1;
	if (!user.n || is_digits(user)) {
		if (user.n && id_of(user, text, &uid, err) < 0)
			return -1;
		if (by_number(l, uid, u, err) < 0)
			return -1;
	} else if (by_name(l, user, text, u, err) < 0) {
		return -1;
	}
	return group.n ? group_of(l, group, text, &u->gid, err) : 0;
}

/* NOLINTNEXTLINE(readability-function-size): a list comes in two parameters */
int image_user_find(struct arena *a, const int *root_dfds, size_t n_root_dfds, struct str user,
	int64_t uid_override, int64_t gid_override, struct image_user *ret, struct err *err)
{
	struct lookup l = {.a = a, .dfds = root_dfds, .n_dfds = n_root_dfds};

	*ret = (struct image_user){0};
	if (passwd_read(a, root_dfds, n_root_dfds, "passwd", &l.passwd, &l.passwd_err) < 0)
		l.passwd = STR_NONE;
	if (passwd_read(a, root_dfds, n_root_dfds, "group", &l.group, &l.group_err) < 0)
		l.group = STR_NONE;
	if (user_resolve(&l, user, uid_override, ret, err) < 0)
		return -1;
	if (gid_override >= UINT32_MAX)
		return err_set(err, ERR_SPEC, "runAsGroup is not below 4294967295");
	if (gid_override >= 0)
		ret->gid = (uint32_t)gid_override;
	return groups_fill(&l, ret, err);
}
