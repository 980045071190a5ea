/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount operations of the step's process. Closed world. The image is hostile: targets are
 * resolved inside the new root by the kernel (RESOLVE_IN_ROOT) and mounted on the descriptor;
 * what is missing is made on descriptors, in the step's own upper layer.
 */
#include "child_mount.h"
#include "child_text.h"
#include "init/rawsys.h"
#include "ops.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

enum { TEXT_BYTES = 4096, STAGE_BYTES = 8 << 20, RESOLVE_TRIES = 1000 };

/* --- resolving ---------------------------------------------------------------------------- */

long child_resolve(int dfd, const char *path, int flags, uint64_t how_resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(uint32_t)(flags | O_CLOEXEC),
		.resolve = how_resolve | RESOLVE_NO_MAGICLINKS,
	};

	long ret = -EAGAIN;

	/* a rename anywhere on the machine, while ".." or a link is walked, asks for another
	 * try */
	for (int i = 0; i < RESOLVE_TRIES && ret == -EAGAIN; i++)
		ret = sys4(SYS_openat2, dfd, path, &how, sizeof(how));
	return ret;
}

static long make_last(int parent_fd, const char *name, unsigned int flags)
{
	if (flags & OP_REPLACE) {
		struct stat st = {0};
		long ret = sys4(SYS_newfstatat, parent_fd, name, &st, AT_SYMLINK_NOFOLLOW);
		bool is_file = flags & OP_IS_FILE;

		/* a link, or a thing of the wrong kind, where the step's own must be */
		if (ret == 0 && (is_file ? !S_ISREG(st.st_mode) : !S_ISDIR(st.st_mode))) {
			ret = sys3(SYS_unlinkat, parent_fd, name,
				S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
			if (ret < 0)
				return ret;
		}
	}
	if (flags & OP_IS_FILE) {
		long fd = sys4(SYS_openat, parent_fd, name,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

		if (fd >= 0)
			sys1(SYS_close, fd);
		return fd == -EEXIST ? 0 : fd < 0 ? fd : 0;
	}
	{
		long ret = sys3(SYS_mkdirat, parent_fd, name, 0755);

		return ret == -EEXIST ? 0 : ret;
	}
}

/*
 * Opens target (absolute, cleaned) inside root_fd and makes missing components. Each component
 * is resolved from the root again, so links inside the image are followed as the step itself
 * would see them and never lead out. The last one is made with the kind asked.
 */
static long target_make(int root_fd, const char *target, unsigned int flags)
{
	char path[TEXT_BYTES];
	size_t n = 0;
	int parent_fd = (int)sys4(SYS_openat, root_fd, ".", O_PATH | O_CLOEXEC, 0);

	while (*target == '/')
		target++;
	while (*target && parent_fd >= 0) {
		size_t start = n;
		long ret, fd;
		bool is_last;

		while (*target && *target != '/' && n < sizeof(path) - 2)
			path[n++] = *target++;
		path[n] = 0;
		while (*target == '/')
			target++;
		is_last = !*target;
		fd = is_last && (flags & OP_REPLACE)
			     ? -ENOENT
			     : child_resolve(root_fd, path, O_PATH, RESOLVE_IN_ROOT);
		if (fd == -ENOENT) {
			ret = make_last(parent_fd, path + start, is_last ? flags : 0);
			fd = ret < 0 ? ret
				     : child_resolve(root_fd, path, O_PATH, RESOLVE_IN_ROOT);
		}
		sys1(SYS_close, parent_fd);
		parent_fd = (int)fd;
		path[n++] = '/';
	}
	return parent_fd;
}

/* The target of a mount: of the kind asked and not inside a procfs. */
static long target_open(int root_fd, const char *target, unsigned int flags)
{
	struct statfs sfs = {0};
	struct stat st = {0};
	long ret;
	int fd = (int)target_make(root_fd, target, flags);

	if (fd < 0)
		return fd;
	ret = sys4(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH);
	if (ret == 0 && S_ISDIR(st.st_mode) == !!(flags & OP_IS_FILE))
		ret = flags & OP_IS_FILE ? -EISDIR : -ENOTDIR;
	if (ret == 0 && (flags & OP_REPLACE) && S_ISLNK(st.st_mode))
		ret = -ELOOP;
	if (ret == 0)
		ret = sys2(SYS_fstatfs, fd, &sfs);
	if (ret == 0 && sfs.f_type == PROC_SUPER_MAGIC)
		ret = -EPERM;
	if (ret == 0)
		return fd;
	sys1(SYS_close, fd);
	return ret;
}

static long move_on(int mount_fd, int target_fd)
{
	return sys5(SYS_move_mount, mount_fd, "", target_fd, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

/* In our own empty /dev: the name is new and nothing there can be a link. */
static long attach_in_dev(
	struct child_state *s, int mount_fd, const char *name, unsigned int flags)
{
	long ret;

	if (flags & OP_IS_FILE)
		ret = sys4(SYS_mknodat, s->dev_fd, name, S_IFREG | 0644, 0);
	else
		ret = sys3(SYS_mkdirat, s->dev_fd, name, 0755);
	if (ret < 0)
		return ret;
	return sys5(SYS_move_mount, mount_fd, "", s->dev_fd, name, MOVE_MOUNT_F_EMPTY_PATH);
}

/* Mounts on a target inside the root; keeps mount_fd open. */
long child_attach(struct child_state *s, int mount_fd, const char *target, unsigned int flags)
{
	long ret;
	int fd;

	if (flags & OP_IN_DEV)
		return attach_in_dev(s, mount_fd, target, flags);
	fd = (int)target_open(s->root_fd, target, flags);
	if (fd < 0)
		return fd;
	ret = move_on(mount_fd, fd);
	sys1(SYS_close, fd);
	return ret;
}

/* --- new file systems --------------------------------------------------------------------- */

struct fs_option {
	const char *key;
	const char *value; /* NULL: a flag */
};

long child_fs_mount(int fs_fd, long ret, unsigned int attr)
{
	if (ret >= 0)
		ret = sys5(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, 0, 0, 0);
	if (ret >= 0)
		ret = sys3(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, attr);
	if (fs_fd >= 0)
		sys1(SYS_close, fs_fd);
	return ret;
}

static long fs_new(const char *type, const struct fs_option *o, size_t n, unsigned int attr)
{
	int fs_fd = (int)sys2(SYS_fsopen, type, FSOPEN_CLOEXEC);
	long ret = fs_fd;

	for (size_t i = 0; i < n && ret >= 0; i++)
		ret = sys5(SYS_fsconfig, fs_fd,
			o[i].value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, o[i].key,
			o[i].value, 0);
	return child_fs_mount(fs_fd, ret, attr);
}

static long tmpfs_new(uint64_t size_bytes, uint32_t mode, unsigned int attr)
{
	char size[24], octal[12];
	struct text t = {size, size + sizeof(size) - 1};
	struct text m = {octal, octal + sizeof(octal) - 1};
	struct fs_option o[2] = {{"mode", octal}, {"size", size}};

	text_number(&m, mode, 8);
	text_number(&t, size_bytes, 10);
	return fs_new("tmpfs", o, size_bytes ? 2 : 1, attr);
}

static long attach_new(struct child_state *s, const struct op *op, long mount_fd)
{
	long ret;

	if (mount_fd < 0)
		return mount_fd;
	ret = child_attach(s, (int)mount_fd, op->target, op->flags);
	sys1(SYS_close, mount_fd);
	return ret;
}

/* --- the stage and the root ----------------------------------------------------------------
 */

static long op_stage(struct child_state *s, const struct op *op)
{
	static const char *const dirs[] = {"root", "dev", "empty"};
	long ret;
	int fd = (int)tmpfs_new(STAGE_BYTES, STAGE_MODE, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);

	if (fd < 0)
		return fd;
	ret = sys5(SYS_move_mount, fd, "", AT_FDCWD, op->target, MOVE_MOUNT_F_EMPTY_PATH);
	for (size_t i = 0; i < ARRAY_SIZE(dirs) && ret == 0; i++)
		ret = sys3(SYS_mkdirat, fd, dirs[i], STAGE_MODE);
	s->stage_fd = fd;
	return ret;
}

/* A new directory of the stage with a mount on it. */
long child_stage_attach(struct child_state *s, int mount_fd)
{
	char name[16];
	struct text t = {name, name + sizeof(name) - 1};
	long ret;

	text_add(&t, "d");
	text_number(&t, s->n_names++, 10);
	ret = sys3(SYS_mkdirat, s->stage_fd, name, STAGE_MODE);
	if (ret < 0)
		return ret;
	return sys5(SYS_move_mount, mount_fd, "", s->stage_fd, name, MOVE_MOUNT_F_EMPTY_PATH);
}

/* Opened again in this mount namespace, and it must be the very same file. */
long child_check_same(int fd, uint64_t dev, uint64_t ino)
{
	struct stat st = {0};
	long ret = sys4(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH);

	if (ret < 0)
		return ret;
	return !ino || (st.st_dev == dev && st.st_ino == ino) ? 0 : -ESTALE;
}

/* A copy of the mount at path with attributes added, everything below it included. */
long child_tree_clone(int dfd, const char *path, uint64_t attr_set)
{
	struct mount_attr attr = {.attr_set = attr_set};
	const unsigned int flags = AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
	long ret;
	int fd = (int)sys3(
		SYS_open_tree, dfd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);

	if (fd < 0 || !attr_set)
		return fd;
	ret = sys5(
		SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr));
	if (ret == 0)
		return fd;
	sys1(SYS_close, fd);
	return ret;
}

static long op_root(struct child_state *s)
{
	long ret;
	int fd = (int)tmpfs_new(0, 0755, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);

	if (fd < 0)
		return fd;
	ret = sys5(SYS_move_mount, fd, "", s->stage_fd, "root", MOVE_MOUNT_F_EMPTY_PATH);
	s->root_fd = fd;
	return ret;
}

static long op_seal_root(struct child_state *s)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	return sys5(SYS_mount_setattr, s->root_fd, "", AT_EMPTY_PATH, &attr, sizeof(attr));
}

/* Nothing lies over the root: ".." in it must be the root itself. */
static long check_alone(int root_fd)
{
	struct stat own = {0}, up = {0};
	long ret = sys4(SYS_newfstatat, root_fd, "", &own, AT_EMPTY_PATH);

	if (ret == 0)
		ret = sys4(SYS_newfstatat, AT_FDCWD, "/..", &up, 0);
	if (ret == 0 && (own.st_dev != up.st_dev || own.st_ino != up.st_ino))
		ret = -EXDEV;
	return ret;
}

/*
 * pivot_root stacks the old root on the new one, from where it is detached with everything on
 * it. When the stage lies on the old root's "/" it is the topmost and goes first. Some profiles
 * have no pivot_root but allow MS_MOVE and chroot: then the new root covers the old one, and
 * ".." at the top of the namespace leads to what covers it.
 */
static long op_enter(struct child_state *s)
{
	long ret = sys1(SYS_fchdir, s->root_fd);

	if (ret < 0)
		return ret;
	ret = sys2(SYS_pivot_root, ".", ".");
	if (ret == 0) {
		ret = sys2(SYS_umount2, ".", MNT_DETACH);
		if (ret == 0 && check_alone(s->root_fd) < 0)
			ret = sys2(SYS_umount2, ".", MNT_DETACH);
	} else if (ret == -EPERM || ret == -ENOSYS) {
		ret = sys5(SYS_mount, ".", "/", 0, MS_MOVE, 0);
		if (ret == 0)
			ret = sys1(SYS_chroot, ".");
	}
	if (ret == 0)
		ret = sys1(SYS_chdir, "/");
	return ret < 0 ? ret : check_alone(s->root_fd);
}

/* --- what is mounted in it ------------------------------------------------------------------
 */

static long op_proc(struct child_state *s, const struct op *op)
{
	int fd = (int)fs_new(
		"proc", NULL, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);

	if (fd < 0)
		return fd;
	s->proc_fd = fd;
	return child_attach(s, fd, op->target, op->flags);
}

/* A directory of the stage, so that /dev needs no file system of its own. */
static long op_dev(struct child_state *s, const struct op *op)
{
	int fd = (int)child_tree_clone(
		s->stage_fd, "dev", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);

	if (fd < 0)
		return fd;
	s->dev_fd = fd;
	return child_attach(s, fd, op->target, op->flags);
}

static long op_device(struct child_state *s, const struct op *op)
{
	struct stat st = {0};
	long ret;
	int fd = (int)child_tree_clone(AT_FDCWD, op->source, 0);

	if (fd < 0)
		return fd;
	ret = sys4(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH);
	if (ret == 0 && (!S_ISCHR(st.st_mode) || major(st.st_rdev) != op->major ||
				minor(st.st_rdev) != op->minor))
		ret = -ENODEV;
	if (ret == 0)
		ret = child_attach(s, fd, op->target, op->flags | OP_IS_FILE);
	sys1(SYS_close, fd);
	return ret;
}

static long op_readonly(struct child_state *s, const struct op *op)
{
	long ret;
	int target_fd;
	int fd = (int)child_tree_clone(s->proc_fd, op->target,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);

	if (fd == -ENOENT) /* not part of this kernel */
		return 0;
	if (fd < 0)
		return fd;
	target_fd = (int)child_resolve(s->proc_fd, op->target, O_PATH, RESOLVE_NO_SYMLINKS);
	ret = target_fd < 0 ? target_fd : move_on(fd, target_fd);
	if (target_fd >= 0)
		sys1(SYS_close, target_fd);
	sys1(SYS_close, fd);
	return ret;
}

static long mask_source(const struct child_state *s, const struct op *op)
{
	struct stat st = {0};
	int fd;

	if (op->kind == OP_MASK_DIR)
		return child_tree_clone(s->stage_fd, "empty",
			MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
				MOUNT_ATTR_NOEXEC);
	fd = (int)child_tree_clone(AT_FDCWD, "/dev/null", MOUNT_ATTR_NOEXEC);
	if (fd < 0)
		return fd;
	if (sys4(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) == 0 && S_ISCHR(st.st_mode) &&
		st.st_rdev == makedev(1, 3))
		return fd;
	sys1(SYS_close, fd);
	return -ENODEV;
}

static long op_mask(struct child_state *s, const struct op *op)
{
	long ret;
	int fd;
	int target_fd = (int)child_resolve(s->proc_fd, op->target, O_PATH, RESOLVE_NO_SYMLINKS);

	if (target_fd == -ENOENT)
		return 0;
	if (target_fd < 0)
		return target_fd;
	fd = (int)mask_source(s, op);
	ret = fd < 0 ? fd : move_on(fd, target_fd);
	if (fd >= 0)
		sys1(SYS_close, fd);
	sys1(SYS_close, target_fd);
	return ret;
}

static long op_link(struct child_state *s, const struct op *op)
{
	if (op->flags & OP_IN_DEV)
		return sys3(SYS_symlinkat, op->source, s->dev_fd, op->target);
	return sys3(SYS_symlinkat, op->source, s->root_fd, op->target + 1);
}

static long op_devpts(struct child_state *s, const struct op *op)
{
	static const struct fs_option o[] = {
		{"newinstance", NULL}, {"ptmxmode", "0666"}, {"mode", "0620"}, {"gid", "5"}};
	/* gid 5 (tty) only when it is mapped: size_bytes says so */
	size_t n = op->size_bytes ? ARRAY_SIZE(o) : ARRAY_SIZE(o) - 1;

	return attach_new(s, op, fs_new("devpts", o, n, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC));
}

static long op_bind(struct child_state *s, const struct op *op)
{
	uint64_t attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			(op->flags & OP_READ_ONLY ? MOUNT_ATTR_RDONLY : 0) |
			(op->flags & OP_NOEXEC ? MOUNT_ATTR_NOEXEC : 0);
	struct mount_attr set = {.attr_set = attr};
	long ret;
	int fd = op->fd;

	if (fd < 0) {
		fd = (int)child_tree_clone(AT_FDCWD, op->source, 0);
		if (fd < 0)
			return fd;
	}
	ret = child_check_same(fd, op->dev, op->ino);
	if (ret == 0)
		ret = sys5(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &set,
			sizeof(set));
	if (ret == 0)
		ret = child_attach(s, fd, op->target, op->flags);
	sys1(SYS_close, fd);
	return ret;
}

static long stage_file(struct child_state *s, const struct op *op, char *name, size_t n_name)
{
	struct text t = {name, name + n_name - 1};
	uint64_t done = 0;
	long ret = 0;
	int fd;

	text_add(&t, "f");
	text_number(&t, s->n_names++, 10);
	fd = (int)sys4(SYS_openat, s->stage_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		op->mode);
	if (fd < 0)
		return fd;
	while (done < op->size_bytes && ret >= 0) {
		ret = sys3(SYS_write, fd, op->source + done, op->size_bytes - done);
		if (ret > 0)
			done += (uint64_t)ret;
	}
	sys1(SYS_close, fd);
	return ret < 0 ? ret : 0;
}

static long op_file(struct child_state *s, const struct op *op)
{
	char name[24];
	long ret = stage_file(s, op, name, sizeof(name));
	int fd;

	if (ret < 0)
		return ret;
	fd = (int)child_tree_clone(s->stage_fd, name,
		MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	return attach_new(s, op, fd);
}

static long op_mkdir(struct child_state *s, const struct op *op)
{
	long fd = target_make(s->root_fd, op->target, 0);

	return fd < 0 ? fd : sys1(SYS_close, fd);
}

/* The working directory is inside the root and is a directory; links in the image cannot lead
 * out, and the old root is already detached. */
static long op_cwd(struct child_state *s, const struct op *op)
{
	char where[TEXT_BYTES];
	long ret;
	int fd = (int)child_resolve(s->root_fd, op->target, O_PATH, RESOLVE_IN_ROOT);

	where[0] = 0;
	if (fd < 0)
		return fd;
	ret = sys1(SYS_fchdir, fd);
	sys1(SYS_close, fd);
	if (ret < 0)
		return ret;
	ret = sys2(SYS_getcwd, where, sizeof(where));
	if (ret < 0)
		return ret;
	return where[0] == '/' ? 0 : -EXDEV;
}

static long op_hostname(const struct op *op)
{
	return sys2(SYS_sethostname, op->source, op->size_bytes);
}

static long op_tmpfs(struct child_state *s, const struct op *op)
{
	unsigned int attr = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    (op->flags & OP_NOEXEC ? MOUNT_ATTR_NOEXEC : 0) |
			    (op->flags & OP_READ_ONLY ? MOUNT_ATTR_RDONLY : 0);

	return attach_new(s, op, tmpfs_new(op->size_bytes, op->mode, attr));
}

static long op_mqueue(struct child_state *s, const struct op *op)
{
	return attach_new(s, op,
		fs_new("mqueue", NULL, 0,
			MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC));
}

long child_op(struct child_state *s, const struct op *op)
{
	switch (op->kind) {
	case OP_STAGE:
		return op_stage(s, op);
	case OP_LAYER:
		return child_layer(s, op);
	case OP_OVERLAY:
		return child_overlay(s, op);
	case OP_IMAGE:
		return child_image(s, op);
	case OP_ROOT:
		return op_root(s);
	case OP_PROC:
		return op_proc(s, op);
	case OP_READONLY:
		return op_readonly(s, op);
	case OP_MASK_FILE:
	case OP_MASK_DIR:
		return op_mask(s, op);
	case OP_DEV:
		return op_dev(s, op);
	case OP_DEVICE:
		return op_device(s, op);
	case OP_LINK:
		return op_link(s, op);
	case OP_DEVPTS:
		return op_devpts(s, op);
	case OP_MQUEUE:
		return op_mqueue(s, op);
	case OP_TMPFS:
		return op_tmpfs(s, op);
	case OP_BIND:
		return op_bind(s, op);
	case OP_FILE:
		return op_file(s, op);
	case OP_MKDIR:
		return op_mkdir(s, op);
	case OP_SEAL_ROOT:
		return op_seal_root(s);
	case OP_ENTER:
		return op_enter(s);
	case OP_HOSTNAME:
		return op_hostname(op);
	case OP_CWD:
		return op_cwd(s, op);
	}
	return -ENOSYS;
}
