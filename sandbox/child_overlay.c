/* SPDX-License-Identifier: Apache-2.0 */
/* Overlays of an image's layers: the root of a step, and images as volumes. Closed world. */
#include "child_mount.h"
#include "child_text.h"
#include "init/rawsys.h"
#include "ops.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

enum { TEXT_BYTES = 4096 };

/*
 * A lower layer. It is always a mount of its own in the stage: what the step reads of the
 * overlay's options are names of the stage and not paths of the machine.
 */
long child_layer(struct child_state *s, const struct op *op)
{
	long ret;
	int fd = op->fd;

	if (s->n_layers == CHILD_LAYERS_MAX)
		return -E2BIG;
	if (fd < 0)
		fd = (int)child_tree_clone(AT_FDCWD, op->source, 0);
	if (fd < 0)
		return fd;
	ret = child_check_same(fd, op->dev, op->ino);
	if (ret == 0)
		ret = child_stage_attach(s, fd);
	if (ret < 0)
		return ret;
	s->layer_fd[s->n_layers++] = fd;
	return 0;
}

struct upper {
	int upper_fd, work_fd;
};

/*
 * Upper and work directories lie side by side. Without any, a pair in the stage takes what
 * mount targets need; the root is sealed later.
 */
static long upper_open(struct child_state *s, const struct op *op, struct upper *u)
{
	const char *upper = op->upper, *work = op->work;
	int base_fd = op->fd;
	long ret = 0;

	if (!upper) {
		upper = "upper";
		work = "work";
		base_fd = s->stage_fd;
		ret = sys3(SYS_mkdirat, base_fd, upper, STAGE_MODE);
		if (ret == 0)
			ret = sys3(SYS_mkdirat, base_fd, work, STAGE_MODE);
	} else {
		if (base_fd < 0)
			base_fd = (int)child_tree_clone(AT_FDCWD, op->source, 0);
		ret = base_fd < 0 ? base_fd : child_stage_attach(s, base_fd);
	}
	if (ret < 0)
		return ret;
	u->upper_fd = op->upper_fd;
	u->work_fd = op->work_fd;
	if (u->upper_fd < 0)
		u->upper_fd = (int)sys4(
			SYS_openat, base_fd, upper, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	if (u->work_fd < 0)
		u->work_fd = (int)sys4(
			SYS_openat, base_fd, work, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	ret = u->upper_fd < 0 ? u->upper_fd : u->work_fd < 0 ? u->work_fd : 0;
	if (ret == 0)
		ret = child_check_same(u->upper_fd, op->dev, op->ino);
	if (ret == 0)
		ret = child_check_same(u->work_fd, op->dev2, op->ino2);
	return ret;
}

/* Which directories an overlay is made of. */
struct stack {
	const struct upper *upper; /* NULL: nothing can be written */
	int bottom_fd;             /* below all layers; -1: none */
};

/* By descriptors, as kernels from 6.13 take them: a mount that is nowhere yet. */
static long stack_by_fd(const struct child_state *s, const struct stack *o, unsigned int attr)
{
	int fs_fd = (int)sys2(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	long ret = fs_fd;

	for (unsigned int i = 0; i < s->n_layers && ret >= 0; i++)
		ret = sys5(
			SYS_fsconfig, fs_fd, FSCONFIG_SET_FD, "lowerdir+", 0, s->layer_fd[i]);
	if (ret >= 0 && o->bottom_fd >= 0)
		ret = sys5(SYS_fsconfig, fs_fd, FSCONFIG_SET_FD, "lowerdir+", 0, o->bottom_fd);
	if (ret >= 0 && o->upper)
		ret = sys5(SYS_fsconfig, fs_fd, FSCONFIG_SET_FD, "upperdir", 0,
			o->upper->upper_fd);
	if (ret >= 0 && o->upper)
		ret = sys5(
			SYS_fsconfig, fs_fd, FSCONFIG_SET_FD, "workdir", 0, o->upper->work_fd);
	if (ret < 0) /* not known to this kernel: the caller tries by name */
		ret = -ENOSYS;
	if (ret >= 0)
		ret = sys5(SYS_fsconfig, fs_fd, FSCONFIG_SET_FLAG, "userxattr", 0, 0);
	if (ret >= 0 && o->upper)
		ret = sys5(SYS_fsconfig, fs_fd, FSCONFIG_SET_FLAG, "volatile", 0, 0);
	return child_fs_mount(fs_fd, ret, attr);
}

static void text_fd(struct text *t, const char *before, int fd)
{
	text_add(t, before);
	text_add(t, "/proc/self/fd/");
	text_number(t, (uint64_t)fd, 10);
}

/* By mount(2) with names of descriptors: any number of layers fits in one page. On a directory
 * of the stage; what is mounted there is opened again. */
static long stack_by_name(const struct child_state *s, const struct stack *o, const char *dir,
	unsigned long flags)
{
	char options[TEXT_BYTES], target[64];
	struct text t = {options, options + sizeof(options) - 1};
	struct text r = {target, target + sizeof(target) - 1};
	int dir_fd;
	long ret;

	text_add(&t, o->upper ? "userxattr,volatile" : "userxattr");
	if (o->upper) {
		text_fd(&t, ",upperdir=", o->upper->upper_fd);
		text_fd(&t, ",workdir=", o->upper->work_fd);
	}
	for (unsigned int i = 0; i < s->n_layers; i++)
		text_fd(&t, i ? ":" : ",lowerdir=", s->layer_fd[i]);
	if (o->bottom_fd >= 0)
		text_fd(&t, ":", o->bottom_fd);
	if (text_full(&t))
		return -E2BIG;
	dir_fd = (int)sys4(SYS_openat, s->stage_fd, dir, O_PATH | O_CLOEXEC, 0);
	if (dir_fd < 0)
		return dir_fd;
	text_fd(&r, "", dir_fd);
	ret = sys5(SYS_mount, "overlay", target, "overlay", flags, options);
	if (ret == 0)
		ret = sys4(SYS_openat, s->stage_fd, dir, O_PATH | O_CLOEXEC, 0);
	sys1(SYS_close, dir_fd);
	return ret;
}

/* They are in the overlay now, and the next one begins with none. */
static void layers_forget(struct child_state *s)
{
	while (s->n_layers)
		sys1(SYS_close, s->layer_fd[--s->n_layers]);
}

long child_overlay(struct child_state *s, const struct op *op)
{
	const bool is_suid = op->flags & OP_SUID;
	struct upper u = {-1, -1};
	const struct stack o = {&u, -1};
	long ret = upper_open(s, op, &u);

	if (ret < 0)
		return ret;
	ret = stack_by_fd(s, &o, MOUNT_ATTR_NODEV | (is_suid ? 0 : MOUNT_ATTR_NOSUID));
	if (ret >= 0) {
		s->root_fd = (int)ret;
		ret = sys5(SYS_move_mount, s->root_fd, "", s->stage_fd, "root",
			MOVE_MOUNT_F_EMPTY_PATH);
	} else if (ret == -ENOSYS) {
		ret = stack_by_name(s, &o, "root", MS_NODEV | (is_suid ? 0 : MS_NOSUID));
		s->root_fd = (int)ret;
	}
	layers_forget(s);
	return ret < 0 ? ret : 0;
}

/* --- images as volumes -------------------------------------------------------------------- */

/* Somewhere in the stage, where it can be cloned from. */
static long image_make(struct child_state *s)
{
	const unsigned int attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	char name[16];
	struct text t = {name, name + sizeof(name) - 1};
	/* an overlay without an upper directory has two others at least */
	struct stack o = {
		NULL, (int)sys4(SYS_openat, s->stage_fd, "empty", O_PATH | O_CLOEXEC, 0)};
	long ret = o.bottom_fd < 0 ? o.bottom_fd : stack_by_fd(s, &o, attr);

	if (ret >= 0) {
		int fd = (int)ret;

		ret = child_stage_attach(s, fd);
		ret = ret < 0 ? ret : fd;
	} else if (ret == -ENOSYS) {
		text_add(&t, "i");
		text_number(&t, s->n_names++, 10);
		ret = sys3(SYS_mkdirat, s->stage_fd, name, STAGE_MODE);
		if (ret == 0)
			ret = stack_by_name(s, &o, name, MS_RDONLY | MS_NOSUID | MS_NODEV);
	}
	if (o.bottom_fd >= 0)
		sys1(SYS_close, o.bottom_fd);
	layers_forget(s);
	return ret;
}

/* What lies at the subPath, which the image may have made a link that stays inside of it. */
static long image_part(int image_fd, const char *sub_path, unsigned int *flags)
{
	struct stat st = {0};
	long ret;
	int fd = (int)child_resolve(image_fd, sub_path, O_PATH, RESOLVE_IN_ROOT);

	if (fd < 0)
		return fd;
	ret = sys4(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH);
	if (ret == 0 && !S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		ret = -EINVAL;
	if (ret < 0) {
		sys1(SYS_close, fd);
		return ret;
	}
	if (S_ISREG(st.st_mode))
		*flags |= OP_IS_FILE;
	return fd;
}

long child_image(struct child_state *s, const struct op *op)
{
	unsigned int flags = op->flags;
	int part_fd = -1, mount_fd = -1;
	int fd = (int)image_make(s);
	long ret = fd;

	if (ret >= 0)
		ret = part_fd = (int)image_part(fd, op->source ? op->source : ".", &flags);
	if (ret >= 0)
		ret = mount_fd = (int)child_tree_clone(part_fd, "", 0);
	if (ret >= 0)
		ret = child_attach(s, mount_fd, op->target, flags);
	if (mount_fd >= 0)
		sys1(SYS_close, mount_fd);
	if (part_fd >= 0)
		sys1(SYS_close, part_fd);
	if (fd >= 0)
		sys1(SYS_close, fd);
	return ret < 0 ? ret : 0;
}
