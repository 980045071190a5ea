/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted in every root, and what the config adds, as operations. */
#include "build.h"
#include <base/attr.h>
#include <base/bounds.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SHM_BYTES = 64 * MIB, TTY_GID = 5, SHM_MODE = 01777 };

/* runc's lists (sandbox.md R22). */
static const struct proc_path {
	const char *name;
	enum op_kind kind;
} proc_paths[] = {
	{"bus", OP_READONLY},
	{"fs", OP_READONLY},
	{"irq", OP_READONLY},
	{"sys", OP_READONLY},
	{"sysrq-trigger", OP_READONLY},
	{"acpi", OP_MASK_DIR},
	{"asound", OP_MASK_DIR},
	{"scsi", OP_MASK_DIR},
	{"interrupts", OP_MASK_FILE},
	{"kcore", OP_MASK_FILE},
	{"keys", OP_MASK_FILE},
	{"latency_stats", OP_MASK_FILE},
	{"sched_debug", OP_MASK_FILE},
	{"timer_list", OP_MASK_FILE},
	{"timer_stats", OP_MASK_FILE},
};

static const struct device {
	const char *name;
	const char *path;
	uint32_t major, minor;
} devices[] = {
	{"null", "/dev/null", 1, 3},
	{"zero", "/dev/zero", 1, 5},
	{"full", "/dev/full", 1, 7},
	{"random", "/dev/random", 1, 8},
	{"urandom", "/dev/urandom", 1, 9},
	{"tty", "/dev/tty", 5, 0},
};

static const struct dev_link {
	const char *name, *to;
} dev_links[] = {
	{"fd", "/proc/self/fd"},
	{"stdin", "/proc/self/fd/0"},
	{"stdout", "/proc/self/fd/1"},
	{"stderr", "/proc/self/fd/2"},
	{"ptmx", "pts/ptmx"},
};

void mounts_proc(struct build *b)
{
	struct op *op = op_add(&b->list, OP_PROC);

	op->target = "/proc";
	op->flags = OP_REPLACE;
	if (b->c->security.is_proc_unmasked)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(proc_paths); i++) {
		op = op_add(&b->list, proc_paths[i].kind);
		op->target = proc_paths[i].name;
	}
}

void mounts_dev(struct build *b)
{
	const struct id_map *m = &b->ns->map;
	struct op *op = op_add(&b->list, OP_DEV);

	op->target = "/dev";
	op->flags = OP_REPLACE;
	for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
		op = op_add(&b->list, OP_DEVICE);
		op->source = devices[i].path;
		op->target = devices[i].name;
		op->flags = OP_IN_DEV;
		op->major = devices[i].major;
		op->minor = devices[i].minor;
	}
	for (size_t i = 0; i < ARRAY_SIZE(dev_links); i++) {
		op = op_add(&b->list, OP_LINK);
		op->source = dev_links[i].to;
		op->target = dev_links[i].name;
		op->flags = OP_IN_DEV;
	}
	op = op_add(&b->list, OP_DEVPTS);
	op->target = "pts";
	op->flags = OP_IN_DEV;
	op->size_bytes = id_map_outside(m->gid, m->n_gid, TTY_GID) >= 0;
	op = op_add(&b->list, OP_TMPFS);
	op->target = "shm";
	op->flags = OP_IN_DEV | OP_NOEXEC;
	op->mode = SHM_MODE;
	op->size_bytes = SHM_BYTES;
	op = op_add(&b->list, OP_MQUEUE);
	op->target = "mqueue";
	op->flags = OP_IN_DEV;
}

/* A directory of the caller: its owner is the step's uid 0. Only root needs a map for that. */
static int mounts_owner_fd(
	struct build *b, const struct sandbox_mount *m, int *ret_user_fd, struct err *err)
{
	const struct id_map *map = &b->ns->map;
	struct stat st;

	*ret_user_fd = -1;
	if (m->owner != OWNER_CALLER || b->ns->level != SANDBOX_ROOT || b->is_dry)
		return 0;
	if (fstat(m->source_dfd, &st))
		return err_sys(err, "stat the directory");
	if (id_map_inside(map->uid, map->n_uid, st.st_uid) == 0 &&
		id_map_inside(map->gid, map->n_gid, st.st_gid) == 0)
		return 0;
	*ret_user_fd = ns_caller_fd(b->ns, st.st_uid, st.st_gid, err);
	return *ret_user_fd < 0 ? -1 : 0;
}

static int mounts_plain(struct build *b, const struct sandbox_mount *m, struct err *err)
{
	struct op *op = op_add(&b->list, m->kind == MOUNT_TMPFS ? OP_TMPFS : OP_BIND);
	int user_fd;

	op->target = arena_str(b->a, m->target).p;
	op->flags = (m->read_only ? OP_READ_ONLY : 0U) | (m->is_exec ? 0U : OP_NOEXEC) |
		    (m->is_file ? OP_IS_FILE : 0U);
	if (m->kind == MOUNT_TMPFS) {
		op->size_bytes = m->size_bytes;
		op->mode = m->mode;
		return 0;
	}
	if (mounts_owner_fd(b, m, &user_fd, err) ||
		source_bind(b, op, m->source_dfd, user_fd, err))
		return err_wrap(err, "mount on '%s'", op->target);
	return 0;
}

static int mounts_image(struct build *b, const struct sandbox_mount *m, struct err *err)
{
	const char *target = arena_str(b->a, m->target).p;
	struct op *op;

	if (build_layers(b, m->layers, m->n_layers, err))
		return err_wrap(err, "mount an image on '%s'", target);
	op = op_add(&b->list, OP_IMAGE);
	op->target = target;
	op->flags = OP_READ_ONLY;
	if (m->sub_path.n)
		op->source = arena_str(b->a, m->sub_path).p;
	return 0;
}

int mounts_add(struct build *b, const struct sandbox_mount *m, struct err *err)
{
	if (m->kind == MOUNT_IMAGE)
		return mounts_image(b, m, err);
	return mounts_plain(b, m, err);
}

static void mounts_file(struct build *b, const char *target, struct str text)
{
	struct op *op = op_add(&b->list, OP_FILE);

	op->target = target;
	/* a link in the image's own /etc must not decide where this lands; in a bound root one
	 * can be replaced that leads to nothing */
	op->flags = OP_IS_FILE | OP_READ_ONLY;
	if (b->c->root == ROOT_OVERLAY || build_root_lacks(b, str_z(target)))
		op->flags |= OP_REPLACE;
	op->source = str_c(text);
	op->size_bytes = text.n;
	op->mode = 0644;
}

void mounts_etc(struct build *b)
{
	const struct sandbox_config *c = b->c;

	if (c->etc_hosts.n)
		mounts_file(b, "/etc/hosts", c->etc_hosts);
	if (c->etc_resolv_conf.n)
		mounts_file(b, "/etc/resolv.conf", c->etc_resolv_conf);
	if (c->hostname.n && c->root == ROOT_OVERLAY)
		mounts_file(b, "/etc/hostname",
			arena_printf(b->a, STR_FMT "\n", STR_ARG(c->hostname)));
}
