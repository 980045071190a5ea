/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes become directories. */
#include "binding.h"

#include "hostpath.h"
#include "memory.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/num.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE_READ = 0755, MODE_ALL = 0777 };

/* --- subPath ----------------------------------------------------------------------------- */

static int sub_path_step(int root_dfd, const char *rel, struct err *err)
{
	return path_open(root_dfd, rel, O_PATH | O_DIRECTORY, 0, PATH_BENEATH, err);
}

/* The last element may be a regular file; sockets and the like are no part of a volume. */
static int sub_path_last(int root_dfd, const char *rel, bool *ret_is_file, struct err *err)
{
	int fd cleanup_fd = path_open(root_dfd, rel, O_PATH, 0, PATH_BENEATH, err);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "look at '%s'", rel);
	*ret_is_file = S_ISREG(st.st_mode);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return err_sysno(err, ENOTDIR, "open '%s'", rel);
	return fd_take(&fd);
}

/*
 * The volume's own mode, as the kubelet has it (makeMounts, SafeMakeDir): whoever can write to
 * the volume can write to what was made for him in it. Directories on the way are not for
 * writing.
 */
static int sub_path_mode(
	const struct sub_path *s, struct str rel, uint32_t *ret, struct err *err)
{
	struct stat st;

	if (fstat(s->root_dfd, &st) < 0)
		return err_sys(err, "look at the volume");
	*ret = st.st_mode & (rel.n == s->path.n ? MODE_ALL : MODE_READ);
	return 0;
}

/* In a directory of the caller's, what is made belongs to whom it belongs to. */
static int sub_path_make_as(int dfd, const char *name, uint32_t mode, struct err *err)
{
	const bool is_root = geteuid() == 0;
	struct stat st;

	if (fstat(dfd, &st) < 0)
		return err_sys(err, "look at the directory of '%s'", name);
	return sandbox_mkdir_as(dfd, name, is_root ? st.st_uid : geteuid(),
		is_root ? st.st_gid : getegid(), mode, err);
}

/* Makes the last element of `rel`, whose parent exists. */
static int sub_path_make(const struct sub_path *s, struct str rel, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str parent = path_dir(a, rel);
	struct str name = arena_str(a, path_base(rel));
	int parent_fd cleanup_fd = sub_path_step(s->root_dfd, str_c(parent), err);
	uint32_t mode = 0;

	if (parent_fd < 0 || sub_path_mode(s, rel, &mode, err))
		return -1;
	if (s->owner == OWNER_CALLER)
		return sub_path_make_as(parent_fd, str_c(name), mode, err);
	return sandbox_make_dir(s->ns, parent_fd, str_c(name), 0, 0, mode, err);
}

static int sub_path_at(
	const struct sub_path *s, size_t n, const char *rel, bool *ret_is_file, struct err *err)
{
	return n == s->path.n ? sub_path_last(s->root_dfd, rel, ret_is_file, err)
			      : sub_path_step(s->root_dfd, rel, err);
}

int binding_sub_path(const struct sub_path *s, bool *ret_is_file, struct err *err)
{
	struct str sub_path = s->path;
	struct arena *a cleanup_arena = arena_new();
	int fd = -1;

	/* from the root for every element: a link in the middle is judged by where it leads */
	for (size_t i = 0; i <= sub_path.n; i++) {
		struct err low = {0};
		struct str rel;

		if (i < sub_path.n && sub_path.p[i] != '/')
			continue;
		rel = arena_strn(a, sub_path.p, i);
		fd_close(&fd);
		fd = sub_path_at(s, i, str_c(rel), ret_is_file, &low);
		if (fd < 0 && low.sys == ENOENT && s->may_make &&
			sub_path_make(s, rel, &low) == 0)
			fd = sub_path_at(s, i, str_c(rel), ret_is_file, &low);
		if (fd < 0)
			return err_set(err, low.sys == ENOENT ? ERR_NOT_FOUND : ERR_SANDBOX,
				"failed to prepare subPath \"" STR_FMT "\": %s",
				STR_ARG(sub_path), low.msg);
	}
	return fd;
}

/* --- the sources ------------------------------------------------------------------------- */

/* Mount options of a tmpfs that is the run's. */
static struct str owned_option(
	const struct binding_config *c, struct arena *a, const char *options)
{
	return arena_printf(a, "%s,uid=%u,gid=%u", options,
		c->owned->must_chown ? c->owned->uid : (unsigned)geteuid(),
		c->owned->must_chown ? c->owned->gid : (unsigned)getegid());
}

static int bind_tmpfs(const struct binding_config *c, const struct launch_volume *v, int dfd,
	const char *name, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str size = v->size_limit_bytes > 0
				  ? arena_printf(a, "size=%lld", (long long)v->size_limit_bytes)
				  : memory_half_option(a, NULL);
	struct str options =
		owned_option(c, a, str_c(arena_printf(a, "%s,mode=0777", str_c(size))));

	return rundir_mount_tmpfs(dfd, name, str_c(options), err);
}

static int bind_empty_dir(const struct binding_config *c, const struct launch_volume *v,
	int dfd, const char *name, struct binding *ret, struct err *err)
{
	const bool wants_memory = v->is_memory;

	ret->fd = owned_dir(c->owned, dfd, name, MODE_ALL, err);
	if (ret->fd < 0)
		return -1;
	if (wants_memory && c->can_mount) {
		fd_close(&ret->fd);
		ret->fd = bind_tmpfs(c, v, dfd, name, err);
		ret->is_mounted = ret->fd >= 0;
		return ret->fd < 0 ? -1 : 0;
	}
	if (wants_memory)
		c->note(c->note_arg, "emptyDir with medium Memory is a directory on the disk "
				     "here");
	if (v->size_limit_bytes > 0)
		c->note(c->note_arg, "sizeLimit of emptyDir is not enforced");
	return 0;
}

static int bind_caller_dir(
	const struct binding_config *c, struct str dir, struct binding *ret, struct err *err)
{
	ret->owner = OWNER_CALLER;
	ret->fd = callers_dir(c->callers, dir, err);
	return ret->fd < 0 ? -1 : 0;
}

/* One directory for all users of a claim, made by the first. */
static int bind_claim(const struct binding_config *c, const struct launch_volume *v,
	struct binding *ret, struct err *err)
{
	bool is_template = v->kind == LAUNCH_CLAIM_TEMPLATE;
	int parent = is_template ? c->run->templates_dfd : c->rundir->claims_dfd;
	const char *name = str_c(v->claim);

	if (!v->claim.n || str_chr(v->claim, '/') >= 0 || str_eqz(v->claim, ".") ||
		str_eqz(v->claim, ".."))
		return err_set(err, ERR_SPEC, "persistentvolumeclaim \"" STR_FMT "\" not found",
			STR_ARG(v->claim));
	for (size_t i = 0; i < c->options->n_volumes; i++) {
		if (str_eq(c->options->volumes[i].claim, v->claim))
			return bind_caller_dir(c, c->options->volumes[i].dir, ret, err);
	}
	ret->fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->fd < 0 && errno == ENOENT)
		ret->fd = owned_dir_kept(c->owned, parent, name, MODE_ALL, err);
	else if (ret->fd < 0)
		return err_sys(err, "open claim '%s'", name);
	return ret->fd < 0 ? -1 : 0;
}

/* --- files of ConfigMaps, Secrets and projections ---------------------------------------- */

/* A directory below one that only the agent writes, made when it is missing. */
static int files_dir(const struct binding_config *c, int dfd, const char *name, struct err *err)
{
	int fd = openat(dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 || errno != ENOENT)
		return fd < 0 ? err_sys(err, "open '%s'", name) : fd;
	return owned_dir(c->owned, dfd, name, MODE_READ, err);
}

static int files_put(
	const struct binding_config *c, int dfd, const struct launch_file *f, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	int parent_fd cleanup_fd = -1;
	struct str rest = f->path;
	struct str name = rest;

	while (str_cut(rest, '/', &name, &rest)) {
		int fd = files_dir(
			c, parent_fd < 0 ? dfd : parent_fd, str_c(arena_str(a, name)), err);

		fd_close(&parent_fd);
		parent_fd = fd;
		if (fd < 0)
			return -1;
	}
	return owned_file(c->owned, parent_fd < 0 ? dfd : parent_fd, str_c(arena_str(a, rest)),
		f->value, f->mode, err);
}

/* Secrets stay off the disk where that is possible. */
static int bind_files(const struct binding_config *c, const struct launch_volume *v, int dfd,
	const char *name, struct binding *ret, struct err *err)
{
	ret->fd = owned_dir(c->owned, dfd, name, MODE_READ, err);
	if (ret->fd < 0)
		return -1;
	if (v->is_secret && c->can_mount) {
		struct arena *a cleanup_arena = arena_new();
		struct str options = owned_option(c, a, "size=64m,mode=0755");

		fd_close(&ret->fd);
		ret->fd = rundir_mount_tmpfs(dfd, name, str_c(options), err);
		ret->is_mounted = ret->fd >= 0;
		if (ret->fd < 0)
			return -1;
	}
	for (size_t i = 0; i < v->n_files; i++) {
		if (files_put(c, ret->fd, &v->files[i], err))
			return -1;
	}
	return 0;
}

static int binding_source(const struct binding_config *c, const struct launch_volume *v,
	int dfd, const char *name, struct binding *ret, struct err *err)
{
	switch (v->kind) {
	case LAUNCH_EMPTY_DIR:
		return bind_empty_dir(c, v, dfd, name, ret, err);
	case LAUNCH_CLAIM:
	case LAUNCH_CLAIM_TEMPLATE:
		return bind_claim(c, v, ret, err);
	case LAUNCH_FILES:
		return bind_files(c, v, dfd, name, ret, err);
	case LAUNCH_CALLER_DIR:
		return bind_caller_dir(c, v->dir, ret, err);
	case LAUNCH_HOST_PATH:
		ret->owner = OWNER_CALLER;
		ret->fd = host_path_open(c->options, c->callers, v, &ret->is_file, err);
		return ret->fd < 0 ? -1 : 0;
	case LAUNCH_IMAGE:
		return 0; /* its layers are stacked by each step for itself */
	}
	return err_set(err, ERR_BUG, "volume '" STR_FMT "' has no source", STR_ARG(v->name));
}

int binding_open(const struct binding_config *c, const struct launch_volume *v, int dfd,
	const char *name, struct binding *ret, struct err *err)
{
	struct binding b = {.fd = -1, .owner = OWNER_AS_IS, .read_only = v->read_only};

	if (binding_source(c, v, dfd, name, &b, err)) {
		binding_close(&b, dfd, name);
		return -1;
	}
	*ret = b;
	return 0;
}

void binding_close(struct binding *b, int dfd, const char *name)
{
	fd_close(&b->fd);
	hide_release(&b->hidden);
	if (b->is_mounted)
		rundir_unmount(dfd, name);
	b->is_mounted = false;
}
