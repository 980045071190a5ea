/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces become directories. */
#include "binding.h"

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

enum { MODE_FILE = 0644, MODE_SUB_PATH = 0750, MODE_BITS = 0777 };

/* --- subPath ----------------------------------------------------------------------------- */

static int sub_path_step(int root_dfd, const char *rel, struct err *err)
{
	return path_open(root_dfd, rel, O_PATH | O_DIRECTORY, 0, PATH_BENEATH, err);
}

/* In a directory of the caller's, what is made belongs to whom it belongs to. */
static int sub_path_make_as(int dfd, const char *name, struct err *err)
{
	struct stat st;
	int fd cleanup_fd = -1;

	if (fstat(dfd, &st) < 0)
		return err_sys(err, "look at the directory of '%s'", name);
	if (mkdirat(dfd, name, MODE_SUB_PATH) < 0)
		return err_sys(err, "make '%s'", name);
	if (geteuid() != 0)
		return 0;
	fd = openat(dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, st.st_uid, st.st_gid) < 0)
		return err_sys(err, "give '%s' to its owner", name);
	return 0;
}

/* Makes the last element of `rel`, whose parent exists. */
static int sub_path_make(const struct sub_path *s, struct str rel, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str parent = path_dir(a, rel);
	struct str name = arena_str(a, path_base(rel));
	int parent_fd cleanup_fd = sub_path_step(s->root_dfd, str_c(parent), err);

	if (parent_fd < 0)
		return -1;
	if (s->owner == OWNER_CALLER)
		return sub_path_make_as(parent_fd, str_c(name), err);
	return sandbox_make_dir(s->ns, parent_fd, str_c(name), 0, 0, MODE_SUB_PATH, err);
}

int binding_sub_path(const struct sub_path *s, struct err *err)
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
		fd = sub_path_step(s->root_dfd, str_c(rel), &low);
		if (fd < 0 && low.sys == ENOENT && s->may_make &&
			sub_path_make(s, rel, &low) == 0)
			fd = sub_path_step(s->root_dfd, str_c(rel), &low);
		if (fd < 0)
			return err_set(err, low.sys == ENOENT ? ERR_NOT_FOUND : ERR_SANDBOX,
				"failed to prepare subPath \"" STR_FMT "\": %s",
				STR_ARG(sub_path), low.msg);
	}
	return fd;
}

/* --- the sources ------------------------------------------------------------------------- */

static int bind_tmpfs(const struct binding_config *c, const struct launch_workspace *w, int dfd,
	const char *name, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str size = w->size_limit_bytes > 0
				  ? arena_printf(a, "size=%lld", (long long)w->size_limit_bytes)
				  : memory_half_option(a, NULL);
	struct str options = arena_printf(a, "%s,mode=0777,uid=%u,gid=%u", str_c(size),
		c->owned->must_chown ? c->owned->uid : (unsigned)geteuid(),
		c->owned->must_chown ? c->owned->gid : (unsigned)getegid());

	return rundir_mount_tmpfs(dfd, name, str_c(options), err);
}

static int bind_empty_dir(const struct binding_config *c, const struct launch_workspace *w,
	int dfd, const char *name, struct binding *ret, struct err *err)
{
	bool wants_memory = str_eqz(w->medium, "Memory");

	ret->fd = owned_dir(c->owned, dfd, name, MODE_BITS, err);
	if (ret->fd < 0)
		return -1;
	if (wants_memory && c->can_mount) {
		fd_close(&ret->fd);
		ret->fd = bind_tmpfs(c, w, dfd, name, err);
		ret->is_mounted = ret->fd >= 0;
		return ret->fd < 0 ? -1 : 0;
	}
	if (wants_memory)
		c->note(c->note_arg, "emptyDir with medium Memory is a directory on the disk "
				     "here");
	if (w->size_limit_bytes > 0)
		c->note(c->note_arg, "sizeLimit of emptyDir is not enforced");
	return 0;
}

static int bind_caller_dir(struct str dir, struct binding *ret, struct err *err)
{
	ret->owner = OWNER_CALLER;
	ret->fd = open(str_c(dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	return ret->fd < 0 ? err_sys(err, "open '%s'", str_c(dir)) : 0;
}

/* One directory for all users of a claim, made by the first. */
static int bind_claim(const struct binding_config *c, const struct launch_workspace *w,
	struct binding *ret, struct err *err)
{
	bool is_template = w->source == WORKSPACE_CLAIM_TEMPLATE;
	int parent = is_template ? c->run->templates_dfd : c->rundir->claims_dfd;
	const char *name = str_c(w->claim);

	if (!w->claim.n || str_chr(w->claim, '/') >= 0 || str_eqz(w->claim, ".") ||
		str_eqz(w->claim, ".."))
		return err_set(err, ERR_SPEC, "persistentvolumeclaim \"" STR_FMT "\" not found",
			STR_ARG(w->claim));
	for (size_t i = 0; !is_template && i < c->options->n_volumes; i++) {
		if (str_eq(c->options->volumes[i].claim, w->claim))
			return bind_caller_dir(c->options->volumes[i].dir, ret, err);
	}
	ret->fd = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (ret->fd < 0 && errno == ENOENT)
		ret->fd = owned_dir(c->owned, parent, name, MODE_BITS, err);
	else if (ret->fd < 0)
		return err_sys(err, "open claim '%s'", name);
	return ret->fd < 0 ? -1 : 0;
}

/* --- ConfigMap and Secret ---------------------------------------------------------------- */

static const struct data_entry *data_find(const struct data_object *o, struct str key)
{
	for (size_t i = 0; i < o->n_data; i++) {
		if (str_eq(o->data[i].key, key))
			return &o->data[i];
	}
	return NULL;
}

/* A file below a directory that only the agent writes; its parents are made. */
static int data_put(const struct binding_config *c, int dfd, struct str rel, struct str value,
	int64_t mode, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str clean = path_clean(a, rel);
	uint32_t bits = mode < 0 ? MODE_FILE : (uint32_t)mode & MODE_BITS;
	int parent_fd cleanup_fd = -1;

	if (!clean.n || clean.p[0] == '/' || str_starts(clean, STR("..")))
		return err_set(
			err, ERR_SPEC, "path '" STR_FMT "' leaves the volume", STR_ARG(rel));
	if (str_chr(clean, '/') < 0)
		return owned_file(c->owned, dfd, str_c(clean), value, bits, err);
	if (dir_make(dfd, str_c(path_dir(a, clean)), 0755, err))
		return -1;
	parent_fd = dir_open(dfd, str_c(path_dir(a, clean)), err);
	if (parent_fd < 0)
		return -1;
	return owned_file(
		c->owned, parent_fd, str_c(arena_str(a, path_base(clean))), value, bits, err);
}

static int data_put_items(const struct binding_config *c, const struct launch_workspace *w,
	int dfd, struct err *err)
{
	for (size_t i = 0; i < w->n_items; i++) {
		const struct key_to_path *item = &w->items[i];
		const struct data_entry *e = data_find(w->object, item->key.s);

		if (!e && w->optional)
			continue;
		if (!e)
			return err_set(err, ERR_NOT_FOUND,
				"references non-existent %s key: " STR_FMT,
				w->source == WORKSPACE_SECRET ? "secret" : "config",
				STR_ARG(item->key.s));
		if (data_put(c, dfd, item->path.s, e->value,
			    item->mode.pos.line ? item->mode.v : w->default_mode, err))
			return -1;
	}
	return 0;
}

static int data_put_all(const struct binding_config *c, const struct launch_workspace *w,
	int dfd, struct err *err)
{
	if (w->n_items)
		return data_put_items(c, w, dfd, err);
	for (size_t i = 0; i < w->object->n_data; i++) {
		const struct data_entry *e = &w->object->data[i];

		if (data_put(c, dfd, e->key, e->value, w->default_mode, err))
			return -1;
	}
	return 0;
}

/* Secrets stay off the disk where that is possible. */
static int bind_data(const struct binding_config *c, const struct launch_workspace *w, int dfd,
	const char *name, struct binding *ret, struct err *err)
{
	static const char tmpfs[] = "size=64m,mode=0755";

	ret->read_only = true;
	ret->fd = owned_dir(c->owned, dfd, name, 0755, err);
	if (ret->fd < 0)
		return -1;
	if (w->source == WORKSPACE_SECRET && c->can_mount) {
		fd_close(&ret->fd);
		ret->fd = rundir_mount_tmpfs(dfd, name, tmpfs, err);
		ret->is_mounted = ret->fd >= 0;
		if (ret->fd < 0)
			return -1;
	}
	return w->object ? data_put_all(c, w, ret->fd, err) : 0;
}

static int binding_source(const struct binding_config *c, const struct launch_workspace *w,
	int dfd, const char *name, struct binding *ret, struct err *err)
{
	if (w->host_dir.n)
		return bind_caller_dir(w->host_dir, ret, err);
	switch (w->source) {
	case WORKSPACE_EMPTY_DIR:
		return bind_empty_dir(c, w, dfd, name, ret, err);
	case WORKSPACE_CLAIM:
	case WORKSPACE_CLAIM_TEMPLATE:
		return bind_claim(c, w, ret, err);
	case WORKSPACE_CONFIG_MAP:
	case WORKSPACE_SECRET:
		if (!w->object && !w->optional)
			return err_set(err, ERR_NOT_FOUND, "%s \"" STR_FMT "\" not found",
				w->source == WORKSPACE_SECRET ? "secret" : "configmap",
				STR_ARG(w->object_name));
		return bind_data(c, w, dfd, name, ret, err);
	case WORKSPACE_NONE:
	case WORKSPACE_PROJECTED:
	case WORKSPACE_CSI:
		break;
	}
	return err_set(err, ERR_UNSUPPORTED, "workspace '" STR_FMT "' has no source",
		STR_ARG(w->name));
}

int binding_open(const struct binding_config *c, const struct launch_workspace *w, int dfd,
	const char *name, struct binding *ret, struct err *err)
{
	struct binding b = {.fd = -1, .owner = OWNER_AS_IS, .read_only = w->read_only};
	int sub_fd;

	if (binding_source(c, w, dfd, name, &b, err)) {
		binding_close(&b, dfd, name);
		return -1;
	}
	if (w->sub_path.n) {
		struct sub_path sub = {.ns = c->ns,
			.root_dfd = b.fd,
			.owner = b.owner,
			.path = w->sub_path,
			.may_make = w->source != WORKSPACE_CONFIG_MAP &&
				    w->source != WORKSPACE_SECRET};

		sub_fd = binding_sub_path(&sub, err);
		if (sub_fd < 0) {
			binding_close(&b, dfd, name);
			return -1;
		}
		fd_close(&b.fd);
		b.fd = sub_fd;
	}
	*ret = b;
	return 0;
}

void binding_close(struct binding *b, int dfd, const char *name)
{
	fd_close(&b->fd);
	if (b->is_mounted)
		rundir_unmount(dfd, name);
	b->is_mounted = false;
}
