/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where mounts come from. A descriptor of the agent belongs to the agent's mount namespace and
 * cannot be bound or stacked from the step's. Root clones the tree behind it into a detached
 * mount, with an id map when one is asked, and hands that over. An agent without rights cannot;
 * its child opens the path again in its own mount namespace and refuses anything but the same
 * device and inode, so a path that changes in between ends in an error and not in another file.
 */
#include "build.h"
#include <base/fd.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int source_path(struct build *b, int fd, struct str *ret, struct err *err)
{
	char path[PATH_MAX];
	struct str link = arena_printf(b->a, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link.p, path, sizeof(path));

	if (n < 0)
		return err_sys(err, "find the path of descriptor %d", fd);
	if ((size_t)n == sizeof(path) || path[0] != '/')
		return err_set(err, ERR_SANDBOX, "descriptor %d has no path", fd);
	*ret = arena_strn(b->a, path, (size_t)n);
	return 0;
}

static int source_clone(int dfd, int user_fd, struct err *err)
{
	const unsigned int flags =
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
	struct mount_attr attr = {0};
	int fd cleanup_fd = open_tree(dfd, "", flags);

	if (fd < 0)
		return err_sys(err, "clone the mount");
	if (user_fd < 0)
		return fd_take(&fd);
	attr.attr_set = MOUNT_ATTR_IDMAP;
	attr.userns_fd = (__u64)(unsigned int)user_fd;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) == 0)
		return fd_take(&fd);
	if (errno == EINVAL || errno == EPERM)
		return err_set(err, ERR_SANDBOX,
			"this file system cannot be mounted with mapped owners");
	return err_sys(err, "map the owners");
}

static int source_stat(int fd, uint64_t *ret_dev, uint64_t *ret_ino, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_sys(err, "stat descriptor %d", fd);
	*ret_dev = st.st_dev;
	*ret_ino = st.st_ino;
	return 0;
}

int source_bind(struct build *b, struct op *op, int dfd, int user_fd, struct err *err)
{
	struct str path;

	if (source_path(b, dfd, &path, err))
		return -1;
	op->source = path.p;
	if (b->is_dry)
		return 0;
	if (source_stat(dfd, &op->dev, &op->ino, err))
		return -1;
	if (b->ns->level != SANDBOX_ROOT)
		return 0;
	op->fd = source_clone(dfd, user_fd, err);
	return op->fd < 0 ? err_wrap(err, "'%s'", path.p) : 0;
}

/* A directory of the clone, which must be the one that was given. */
static int source_beside(
	int parent_fd, const char *name, uint64_t dev, uint64_t ino, struct err *err)
{
	uint64_t got_dev, got_ino;
	int fd cleanup_fd = path_open(
		parent_fd, name, O_PATH | O_DIRECTORY, 0, PATH_BENEATH | PATH_NO_LINKS, err);

	if (fd < 0 || source_stat(fd, &got_dev, &got_ino, err))
		return -1;
	if (got_dev != dev || got_ino != ino)
		return err_sysno(err, ESTALE, "'%s'", name);
	return fd_take(&fd);
}

/*
 * Overlay wants upper and work under one mount, so root clones the directory above both and
 * opens them in the clone. The step's user need not be able to search that directory.
 */
int source_upper(struct build *b, struct op *op, int upper_dfd, int work_dfd, struct err *err)
{
	struct str upper, work;
	int parent_fd cleanup_fd = -1;

	if (source_path(b, upper_dfd, &upper, err) || source_path(b, work_dfd, &work, err))
		return -1;
	if (!str_eq(path_dir(b->a, upper), path_dir(b->a, work)))
		return err_set(
			err, ERR_BUG, "'%s' and '%s' are not side by side", upper.p, work.p);
	op->source = path_dir(b->a, upper).p;
	op->upper = arena_str(b->a, path_base(upper)).p;
	op->work = arena_str(b->a, path_base(work)).p;
	if (b->is_dry)
		return 0;
	if (source_stat(upper_dfd, &op->dev, &op->ino, err) ||
		source_stat(work_dfd, &op->dev2, &op->ino2, err))
		return -1;
	if (b->ns->level != SANDBOX_ROOT)
		return 0;
	parent_fd = openat(upper_dfd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (parent_fd < 0)
		return err_sys(err, "open the directory above '%s'", upper.p);
	op->fd = source_clone(parent_fd, -1, err);
	if (op->fd < 0)
		return err_wrap(err, "'%s'", upper.p);
	op->upper_fd = source_beside(op->fd, op->upper, op->dev, op->ino, err);
	if (op->upper_fd < 0)
		return -1;
	op->work_fd = source_beside(op->fd, op->work, op->dev2, op->ino2, err);
	return op->work_fd < 0 ? -1 : 0;
}
