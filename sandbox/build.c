/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Config to operations, in the one order that works: a private stage, the root in it, what lies
 * in the root, then into the root and away from everything else, host name and working
 * directory last.
 */
#include "build.h"
#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each entry of a directory that is made of its entries is a mount, of 100000 there may be. */
enum { BOUND_ENTRIES_MAX = 8192, TMP_MODE = 01777 };

void build_release(struct build *b)
{
	struct op *op;

	vec_foreach (op, &b->list.ops) {
		fd_close(&op->fd);
		fd_close(&op->upper_fd);
		fd_close(&op->work_fd);
	}
	op_list_release(&b->list);
}

static int check_ids(const struct build *b, struct err *err)
{
	const struct sandbox_config *c = b->c;
	const struct id_map *m = &b->ns->map;

	if (id_map_outside(m->uid, m->n_uid, c->uid) < 0)
		return err_set(
			err, ERR_SANDBOX, "user %u is not among the ids of this place", c->uid);
	if (id_map_outside(m->gid, m->n_gid, c->gid) < 0)
		return err_set(err, ERR_SANDBOX, "group %u is not among the ids of this place",
			c->gid);
	if (m->is_single)
		return 0; /* groups cannot be set; the caller reports it */
	for (size_t i = 0; i < c->n_groups; i++)
		if (id_map_outside(m->gid, m->n_gid, c->groups[i]) < 0)
			return err_set(err, ERR_SANDBOX,
				"group %u is not among the ids of this place", c->groups[i]);
	return 0;
}

static int check_target(struct str target, const char *what, struct err *err)
{
	if (!target.n || target.p[0] != '/' || target.n >= PATH_MAX ||
		str_has(target, STR("/../")) || str_ends(target, STR("/..")))
		return err_set(err, ERR_BUG, "%s '" STR_FMT "' is not an absolute clean path",
			what, STR_ARG(target));
	return 0;
}

static int check_image(const struct sandbox_mount *m, struct err *err)
{
	if (m->kind == MOUNT_IMAGE && (!m->n_layers || m->n_layers >= BOUND_LAYERS))
		return err_set(err, ERR_LIMIT,
			"%zu layers of an image on '" STR_FMT "', at least 1 and less than %d",
			m->n_layers, STR_ARG(m->target), BOUND_LAYERS);
	return 0;
}

static int check_config(const struct build *b, struct err *err)
{
	const struct sandbox_config *c = b->c;

	if (!c->argv || !c->argv[0])
		return err_set(err, ERR_BUG, "no program");
	if (c->n_layers > BOUND_LAYERS || !c->n_layers)
		return err_set(err, ERR_LIMIT, "%zu layers, at least 1 and at most %d",
			c->n_layers, BOUND_LAYERS);
	if (c->is_hermetic && b->ns->net_fd < 0)
		return err_set(err, ERR_BUG, "hermetic without a network of its own");
	if (c->cwd.n && check_target(c->cwd, "working directory", err))
		return -1;
	for (size_t i = 0; i < c->n_mounts; i++)
		if (check_target(c->mounts[i].target, "mount target", err) ||
			check_image(&c->mounts[i], err))
			return -1;
	return check_ids(b, err);
}

int build_layers(struct build *b, const struct sandbox_layer *layers, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct sandbox_layer *l = &layers[i];

		if (l->owners_are_real && b->ns->level != SANDBOX_ROOT)
			return err_set(err, ERR_BUG,
				"a layer with the image's own owners needs a root agent");
		if (source_bind(b, op_add(&b->list, OP_LAYER), l->dfd,
			    l->owners_are_real ? b->ns->user_fd : -1, err))
			return err_wrap(err, "layer %zu", i);
	}
	return 0;
}

static int build_overlay(struct build *b, struct err *err)
{
	const struct sandbox_config *c = b->c;
	struct op *op;

	if (build_layers(b, c->layers, c->n_layers, err))
		return -1;
	op = op_add(&b->list, OP_OVERLAY);
	op->flags = c->security.may_escalate ? OP_SUID : 0U;
	return c->upper_dfd < 0 ? 0 : source_upper(b, op, c->upper_dfd, c->work_dfd, err);
}

static bool is_replaced(struct str name)
{
	return str_eqz(name, "proc") || str_eqz(name, "dev") || str_eqz(name, "sys") ||
	       str_eqz(name, "tmp");
}

bool build_root_lacks(const struct build *b, struct str target)
{
	int fd cleanup_fd = path_open(b->c->layers[0].dfd, arena_str(b->a, target).p + 1,
		O_PATH, 0, PATH_IN_ROOT, NULL);

	return fd < 0;
}

/* Below path, and the image has nothing there: on a directory that is bound nothing can be
 * made.
 */
static bool is_missing_below(const struct build *b, struct str target, struct str path)
{
	return str_starts(target, path) && target.n > path.n && target.p[path.n] == '/' &&
	       build_root_lacks(b, target);
}

static bool is_opened(const struct build *b, struct str path)
{
	const struct sandbox_config *c = b->c;

	if ((c->etc_hosts.n && is_missing_below(b, STR("/etc/hosts"), path)) ||
		(c->etc_resolv_conf.n && is_missing_below(b, STR("/etc/resolv.conf"), path)))
		return true;
	for (size_t i = 0; i < c->n_mounts; i++)
		if (is_missing_below(b, c->mounts[i].target, path))
			return true;
	return false;
}

static int build_bound_dir(struct build *b, const struct sandbox_layer *l, int dfd,
	struct str path, struct err *err);

static int build_bound_link(struct build *b, int fd, struct str path, struct err *err)
{
	char link[PATH_MAX];
	ssize_t n = readlinkat(fd, "", link, sizeof(link) - 1);
	struct op *op;

	if (n < 0)
		return err_sys(err, "read the link '" STR_FMT "'", STR_ARG(path));
	op = op_add(&b->list, OP_LINK);
	op->source = arena_strn(b->a, link, (size_t)n).p;
	op->target = path.p;
	return 0;
}

/* One entry of a bound root: directories and files are bound, links are made again. */
static int build_bound_entry(struct build *b, const struct sandbox_layer *l, int fd,
	struct str path, struct err *err)
{
	struct stat st;
	struct op *op;

	if (fstat(fd, &st))
		return err_sys(err, "stat '" STR_FMT "'", STR_ARG(path));
	if (S_ISLNK(st.st_mode))
		return build_bound_link(b, fd, path, err);
	if (S_ISDIR(st.st_mode) && is_opened(b, path)) {
		op_add(&b->list, OP_MKDIR)->target = path.p;
		return build_bound_dir(b, l, fd, path, err);
	}
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return 0; /* sockets, devices and the like are left out */
	op = op_add(&b->list, OP_BIND);
	op->flags = OP_READ_ONLY | (S_ISREG(st.st_mode) ? OP_IS_FILE : 0U);
	op->target = path.p;
	return source_bind(b, op, fd, l->owners_are_real ? b->ns->user_fd : -1, err);
}

static int build_bound_dir(struct build *b, const struct sandbox_layer *l, int dfd,
	struct str path, struct err *err)
{
	struct str *names;
	size_t n;

	if (dir_list(b->a, dfd, BOUND_ENTRIES_MAX, &names, &n, err))
		return err_wrap(err, "root directory '" STR_FMT "'", STR_ARG(path));
	for (size_t i = 0; i < n; i++) {
		int fd cleanup_fd = -1;

		if (!path.n && is_replaced(names[i]))
			continue;
		fd = openat(dfd, names[i].p, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return err_sys(err, "open '" STR_FMT "/" STR_FMT "'", STR_ARG(path),
				STR_ARG(names[i]));
		if (build_bound_entry(b, l, fd,
			    arena_printf(b->a, STR_FMT "/" STR_FMT, STR_ARG(path),
				    STR_ARG(names[i])),
			    err))
			return -1;
	}
	return 0;
}

/* A tmpfs with a bind per entry: mount targets can be made in it, also deeper, and the
 * directory itself may have mounts below it that an overlay could not take as a layer. */
static int build_bound_root(struct build *b, struct err *err)
{
	const struct sandbox_layer *l = &b->c->layers[0];
	struct op *op;

	op_add(&b->list, OP_ROOT);
	if (build_bound_dir(b, l, l->dfd, STR_NONE, err))
		return -1;
	op = op_add(&b->list, OP_TMPFS);
	op->target = "/tmp";
	op->mode = TMP_MODE;
	return 0;
}

static void build_enter(struct build *b)
{
	const struct sandbox_config *c = b->c;
	bool is_sealed = c->root == ROOT_BIND || c->upper_dfd < 0;
	const char *cwd = c->cwd.n ? arena_str(b->a, c->cwd).p : "/";
	struct op *op;

	if (c->make_cwd) {
		op = op_add(&b->list, OP_MKDIR);
		op->target = cwd;
	}
	if (is_sealed)
		op_add(&b->list, OP_SEAL_ROOT);
	op_add(&b->list, OP_ENTER);
	if (c->hostname.n) {
		op = op_add(&b->list, OP_HOSTNAME);
		op->source = arena_str(b->a, c->hostname).p;
		op->size_bytes = c->hostname.n;
	}
	op = op_add(&b->list, OP_CWD);
	op->target = cwd;
}

/*
 * The stage covers a directory that no mount of a step comes from. On "/" it would do as well,
 * but costs a second detach at the end, which waits for the whole machine (RCU).
 */
static const char *stage_place(void)
{
	return faccessat(AT_FDCWD, "/sys", F_OK, 0) == 0 ? "/sys" : "/";
}

int build_ops(struct build *b, struct err *err)
{
	const struct sandbox_config *c = b->c;

	if (check_config(b, err))
		return -1;
	op_add(&b->list, OP_STAGE)->target = stage_place();
	if (c->root == ROOT_OVERLAY ? build_overlay(b, err) : build_bound_root(b, err))
		return -1;
	mounts_proc(b);
	mounts_dev(b);
	mounts_etc(b);
	for (size_t i = 0; i < c->n_mounts; i++)
		if (mounts_add(b, &c->mounts[i], err))
			return -1;
	build_enter(b);
	return 0;
}
