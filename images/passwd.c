/* SPDX-License-Identifier: Apache-2.0 */
/* Bounded, strict reading of passwd and group files. */
#include "passwd.h"

#include "whiteout.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/num.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSWD_BYTES = MIB, PASSWD_LINE = 64 * KIB };

/* What one layer says about a name: nothing, "not there", or a descriptor of it. */
enum seen { SEEN_NOTHING, SEEN_HIDDEN, SEEN_FILE };

static int layer_look(
	int dfd, const char *name, int flags, enum seen *ret, int *ret_fd, struct err *err)
{
	struct stat st;

	*ret = SEEN_NOTHING;
	*ret_fd = -1;
	if (fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(err, "'%s' of the image", name);
	}
	if (whiteout_is(&st)) {
		*ret = SEEN_HIDDEN;
		return 0;
	}
	if ((flags & O_DIRECTORY) ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		return err_set(err, ERR_IMAGE, "'%s' of the image is not a %s", name,
			(flags & O_DIRECTORY) ? "directory" : "regular file");
	*ret_fd = openat(
		dfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	if (*ret_fd < 0)
		return err_sys(err, "open '%s' of the image", name);
	*ret = SEEN_FILE;
	return 0;
}

static int lines_check(struct str text, const char *name, struct err *err)
{
	size_t from = 0;

	if (text.n && memchr(text.p, '\0', text.n))
		return err_set(err, ERR_IMAGE, "'etc/%s' of the image holds a NUL byte", name);
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '\n')
			from = i + 1;
		else if (i - from >= PASSWD_LINE)
			return err_set(err, ERR_IMAGE,
				"'etc/%s' of the image has a line of more than %d bytes", name,
				PASSWD_LINE);
	}
	return 0;
}

static int file_take(
	struct arena *a, int fd, const char *name, struct str *ret, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(
			err, ERR_IMAGE, "'etc/%s' of the image is not a regular file", name);
	if (file_read_fd(a, fd, PASSWD_BYTES, ret, err) < 0)
		return err_wrap_as(err, ERR_IMAGE, "'etc/%s' of the image", name);
	return lines_check(*ret, name, err);
}

int passwd_read(struct arena *a, const int *dfds, size_t n, const char *name, struct str *ret,
	struct err *err)
{
	*ret = STR_NONE;
	for (size_t i = 0; i < n; i++) {
		cleanup_fd int etc_fd = -1;
		cleanup_fd int fd = -1;
		enum seen seen;

		if (layer_look(dfds[i], "etc", O_DIRECTORY, &seen, &etc_fd, err) < 0)
			return -1;
		if (seen == SEEN_HIDDEN)
			return 0;
		if (seen == SEEN_NOTHING)
			continue;
		if (layer_look(etc_fd, name, 0, &seen, &fd, err) < 0)
			return -1;
		if (seen == SEEN_FILE)
			return file_take(a, fd, name, ret, err);
		if (seen == SEEN_HIDDEN || whiteout_is_opaque(etc_fd))
			return 0;
	}
	return 0;
}

/* The next line of the text as fields; false at the end. Fields missing are empty. */
enum { PASSWD_FIELDS = 7 };
static bool next_line(struct str *rest, struct str fields[PASSWD_FIELDS], size_t *ret_n)
{
	struct str line;

	if (!rest->n)
		return false;
	if (!str_cut(*rest, '\n', &line, rest)) {
		line = *rest;
		*rest = STR_NONE;
	}
	for (size_t i = 0; i < PASSWD_FIELDS; i++)
		fields[i] = STR_NONE;
	*ret_n = 0;
	while (*ret_n < PASSWD_FIELDS) {
		struct str head;
		bool more = str_cut(line, ':', &head, &line);

		fields[(*ret_n)++] = more ? head : line;
		if (!more)
			break;
	}
	return true;
}

static bool id_parse(struct str s, uint32_t *ret)
{
	uint64_t v;

	if (num_u64(s, UINT32_MAX - 1U, &v, NULL) < 0)
		return false;
	*ret = (uint32_t)v;
	return true;
}

/* Becomes an environment variable: nothing that could end a line or hide in a terminal. */
static struct str home_check(struct str home)
{
	if (!home.n || home.p[0] != '/' || home.n >= 4096)
		return STR_NONE;
	for (size_t i = 0; i < home.n; i++)
		if ((unsigned char)home.p[i] < ' ' || home.p[i] == 0x7f)
			return STR_NONE;
	return home;
}

int passwd_find(struct str text, struct str name, uint32_t uid, bool *ret_found,
	struct passwd_entry *ret, struct err *err)
{
	struct str f[PASSWD_FIELDS];
	size_t n;

	*ret_found = false;
	while (next_line(&text, f, &n)) {
		bool good = f[0].n && id_parse(f[2], &ret->uid) && id_parse(f[3], &ret->gid);

		if (name.n ? !str_eq(f[0], name) : (!good || ret->uid != uid))
			continue;
		if (!good)
			return err_set(err, ERR_IMAGE,
				"the entry of '" STR_FMT
				"' in etc/passwd of the image is not valid",
				STR_ARG(name));
		ret->name = f[0];
		ret->home = home_check(f[5]);
		*ret_found = true;
		return 0;
	}
	return 0;
}

int group_find(
	struct str text, struct str name, bool *ret_found, uint32_t *ret_gid, struct err *err)
{
	struct str f[PASSWD_FIELDS];
	size_t n;

	*ret_found = false;
	while (next_line(&text, f, &n)) {
		if (!str_eq(f[0], name))
			continue;
		if (!id_parse(f[2], ret_gid))
			return err_set(err, ERR_IMAGE,
				"the entry of '" STR_FMT
				"' in etc/group of the image is not valid",
				STR_ARG(name));
		*ret_found = true;
		return 0;
	}
	return 0;
}

static bool lists_member(struct str members, struct str user)
{
	struct str head;

	while (str_cut(members, ',', &head, &members))
		if (str_eq(head, user))
			return true;
	return str_eq(members, user);
}

static bool has_gid(const uint32_t *ids, size_t n, uint32_t gid)
{
	for (size_t i = 0; i < n; i++)
		if (ids[i] == gid)
			return true;
	return false;
}

int group_members(
	struct str text, struct str user, uint32_t *to, size_t max, size_t *n, struct err *err)
{
	struct str f[PASSWD_FIELDS];
	size_t n_fields;
	uint32_t gid;

	while (next_line(&text, f, &n_fields)) {
		if (n_fields < 4 || !lists_member(f[3], user) || !id_parse(f[2], &gid) ||
			has_gid(to, *n, gid))
			continue;
		if (*n == max)
			return err_set(err, ERR_IMAGE,
				"user '" STR_FMT "' is in more than %zu groups of the image",
				STR_ARG(user), max);
		to[(*n)++] = gid;
	}
	return 0;
}
