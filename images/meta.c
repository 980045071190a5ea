/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata rules (sandbox.md R62, R63): chown before chmod, because chown clears setuid bits
 * and capabilities; setuid bits are dropped where the owner could not be kept; of the extended
 * attributes only user.* and security.capability pass, and never those of an overlay.
 */
#include "meta.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

struct owner {
	uint32_t uid, gid;
	bool squashed; /* the image's owner cannot be kept: the file stays the unpacker's */
};

static struct owner owner_of(const struct meta *m, const struct tar_entry *e)
{
	const struct unpack_rules *r = m->rules;
	struct owner o = {.uid = e->uid, .gid = e->gid};

	if (r->owner == UNPACK_OWNERS_SQUASH)
		o.squashed = e->uid != 0 || e->gid != 0;
	if (r->owner == UNPACK_OWNERS_SHIFT) {
		o.squashed = e->uid >= r->shift_count || e->gid >= r->shift_count;
		/* a squashed file becomes the range's root, never the real one */
		o.uid = r->shift_base + (o.squashed ? 0 : e->uid);
		o.gid = r->shift_base + (o.squashed ? 0 : e->gid);
	}
	return o;
}

static uint32_t mode_of(const struct meta *m, const struct owner *o, uint32_t mode)
{
	if (o->squashed || m->rules->owner == UNPACK_OWNERS_SQUASH)
		return mode & 01777;
	return mode;
}

static bool owner_is_new(const struct meta *m, const struct owner *o, bool inherits_gid)
{
	if (m->rules->owner == UNPACK_OWNERS_SQUASH)
		return false;
	return inherits_gid || o->uid != m->self_uid || o->gid != m->self_gid;
}

uint32_t meta_first_mode(const struct meta *m, const struct tar_entry *e)
{
	struct owner o = owner_of(m, e);

	/* nobody may use it before its owner is right */
	if (owner_is_new(m, &o, false) || (e->mode & 07000))
		return 0600;
	return e->mode;
}

/* EINVAL: the id has no image in the user namespace of the unpacker. */
static int owner_failed(struct owner *o, struct err *err)
{
	if (errno != EINVAL)
		return err_sys(err, "change the owner to %u:%u", o->uid, o->gid);
	o->squashed = true;
	return 0;
}

enum { CAP_V2_BYTES = 20, CAP_V3_BYTES = 24, CAP_V2 = 2, CAP_V3 = 3 };

/*
 * struct vfs_cap_data: little-endian magic with the revision in the top byte. A root id in
 * the image means nothing here; the one of our own range is put in its place.
 */
static size_t capability_text(const struct meta *m, struct str value, uint8_t *to)
{
	size_t n = CAP_V2_BYTES;
	uint32_t root = m->rules->shift_base;

	if (m->rules->owner == UNPACK_OWNERS_SQUASH)
		return 0;
	if (!(value.n == CAP_V2_BYTES && value.p[3] == CAP_V2) &&
		!(value.n == CAP_V3_BYTES && value.p[3] == CAP_V3))
		return 0;
	memcpy(to, value.p, CAP_V2_BYTES);
	to[3] = CAP_V2;
	if (m->rules->owner == UNPACK_OWNERS_SHIFT) {
		to[3] = CAP_V3;
		for (; n < CAP_V3_BYTES; n++, root >>= 8)
			to[n] = (uint8_t)root;
	}
	return n;
}

static int xattr_set(
	const struct meta *m, int fd, const struct tar_xattr *x, bool squashed, struct err *err)
{
	char name[256] = {0};
	uint8_t cap[CAP_V3_BYTES];
	struct str value = x->value;

	memcpy(name, x->name.p, x->name.n); /* 255 bytes at most, pax.c */
	if (str_eqz(x->name, "security.capability") && !squashed) {
		value = (struct str){
			.p = (const char *)cap, .n = capability_text(m, value, cap)};
		if (!value.n) {
			m->stats->n_xattrs++;
			return 0;
		}
	} else if (!str_starts(x->name, STR("user.")) ||
		   str_starts(x->name, STR("user.overlay."))) {
		m->stats->n_xattrs++;
		return 0;
	}
	if (fsetxattr(fd, name, value.n ? value.p : "", value.n, 0) == 0)
		return 0;
	if (errno != ENOTSUP && errno != EPERM)
		return err_sys(err, "set extended attribute '%s'", name);
	m->stats->n_xattrs++;
	return 0;
}

int meta_set_fd(const struct meta *m, int fd, const struct tar_entry *e,
	const struct meta_new *was, uint32_t *ret_mode, struct err *err)
{
	struct owner o = owner_of(m, e);
	bool chowns = owner_is_new(m, &o, was->inherits_gid);
	struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT}, {.tv_sec = e->mtime_s, .tv_nsec = e->mtime_ns}};

	if (chowns && fchown(fd, o.uid, o.gid) < 0 && owner_failed(&o, err) < 0)
		return -1;
	*ret_mode = mode_of(m, &o, e->mode);
	if (*ret_mode != was->mode && fchmod(fd, *ret_mode) < 0)
		return err_sys(err, "change the mode");
	for (size_t i = 0; i < e->n_xattrs; i++)
		if (xattr_set(m, fd, &e->xattrs[i], o.squashed, err) < 0)
			return -1;
	if (futimens(fd, times) < 0)
		return err_sys(err, "set the modification time");
	if (o.squashed)
		m->stats->n_squashed++;
	return 0;
}

int meta_set_name(const struct meta *m, int dfd, const char *name, const struct tar_entry *e,
	struct err *err)
{
	struct owner o = owner_of(m, e);
	struct timespec times[2] = {
		{.tv_nsec = UTIME_OMIT}, {.tv_sec = e->mtime_s, .tv_nsec = e->mtime_ns}};

	if (owner_is_new(m, &o, true) &&
		fchownat(dfd, name, o.uid, o.gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		owner_failed(&o, err) < 0)
		return -1;
	if (e->type == TAR_FIFO && fchmodat(dfd, name, mode_of(m, &o, e->mode), 0) < 0)
		return err_sys(err, "change the mode");
	m->stats->n_xattrs += e->n_xattrs;
	if (utimensat(dfd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "set the modification time");
	if (o.squashed)
		m->stats->n_squashed++;
	return 0;
}
