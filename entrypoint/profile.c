/* SPDX-License-Identifier: Apache-2.0 */
/* Files of seccompProfile.localhostProfile, read once each. */
#include "profile.h"

#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* Links count where they stay below the directory; nothing is waited for. */
static int profile_text(
	int root_fd, struct arena *a, struct str name, struct str *ret, struct err *err)
{
	int fd cleanup_fd = path_open(root_fd, str_c(arena_str(a, name)),
		O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, PATH_BENEATH, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st))
		return err_sys(err, "look at it");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE, "is not a regular file");
	return file_read_fd(a, fd, SPEC_PROFILE_BYTES_MAX, ret, err);
}

static void profile_fail(struct spec *s, const struct profile_use *u, const char *why)
{
	(void)diag_add(s->diags, DIAG_ERROR, "seccomp-profile", u->name.pos,
		"seccomp profile '" STR_FMT "': %s", STR_ARG(u->name.s), why);
}

static const struct profile_use *find_read(const struct spec *s, const struct profile_use *u)
{
	for (const struct profile_use *o = s->profiles; o; o = o->next)
		if (o->rules && str_eq(o->name.s, u->name.s))
			return o;
	return NULL;
}

static void profile_load(
	const struct options *o, int root_fd, struct spec *s, struct profile_use *u)
{
	const struct profile_use *before = find_read(s, u);
	struct err err = {0};

	if (before) {
		u->rules = before->rules;
		u->text = before->text;
	} else if (profile_text(root_fd, s->arena, u->name.s, &u->text, &err)) {
		profile_fail(s, u, err.msg);
	} else if (spec_read_profile(s, path_join(s->arena, o->profile_root, u->name.s),
			   u->text, &u->rules)) {
		profile_fail(s, u, "is not a profile that can be carried out");
	}
}

void profile_read(const struct options *o, struct spec *s)
{
	int root_fd cleanup_fd = -1;
	struct err err = {0};

	if (!s->profiles)
		return;
	if (o->profile_root.n) {
		root_fd = open(str_c(o->profile_root), O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root_fd < 0)
			err_sys(&err, "--seccomp-profile-root '" STR_FMT "'",
				STR_ARG(o->profile_root));
	}
	for (struct profile_use *u = s->profiles; u; u = u->next) {
		if (!o->profile_root.n)
			profile_fail(s, u,
				"there are no profiles of a node: --seccomp-profile-root names "
				"a directory of some");
		else if (root_fd < 0)
			profile_fail(s, u, err.msg);
		else
			profile_load(o, root_fd, s, u);
	}
	diags_sort(s->diags);
}
