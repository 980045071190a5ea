/* SPDX-License-Identifier: Apache-2.0 */
/* Making files and directories that belong to a run's ids. */
#include "owned.h"

#include <base/fd.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct owned owned_by_root_of(const struct id_map *map)
{
	int64_t uid = id_map_outside(map->uid, map->n_uid, 0);
	int64_t gid = id_map_outside(map->gid, map->n_gid, 0);

	return (struct owned){
		.must_chown = uid >= 0 && gid >= 0 &&
			      ((uid_t)uid != geteuid() || (gid_t)gid != getegid()),
		.uid = uid < 0 ? 0 : (uint32_t)uid,
		.gid = gid < 0 ? 0 : (uint32_t)gid,
	};
}

/* Owner first: a chown takes set-id bits away. The mode is set again because of the umask. */
static int owned_take(
	const struct owned *o, int fd, const char *name, uint32_t mode, struct err *err)
{
	if (o->must_chown && fchown(fd, o->uid, o->gid) < 0)
		return err_sys(err, "give '%s' to the run", name);
	if (fchmod(fd, mode) < 0)
		return err_sys(err, "set mode of '%s'", name);
	return 0;
}

int owned_dir(const struct owned *o, int dfd, const char *name, uint32_t mode, struct err *err)
{
	int fd cleanup_fd = -1;

	if (mkdirat(dfd, name, 0700) < 0)
		return err_sys(err, "make directory '%s'", name);
	fd = openat(dfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open directory '%s'", name);
	if (owned_take(o, fd, name, mode, err))
		return -1;
	return fd_take(&fd);
}

int owned_dir_make(
	const struct owned *o, int dfd, const char *name, uint32_t mode, struct err *err)
{
	int fd = owned_dir(o, dfd, name, mode, err);

	if (fd < 0)
		return -1;
	fd_close(&fd);
	return 0;
}

int owned_dir_kept(
	const struct owned *o, int dfd, const char *name, uint32_t mode, struct err *err)
{
	uint32_t uid = o->must_chown ? o->uid : geteuid();
	uint32_t gid = o->must_chown ? o->gid : getegid();
	int fd;

	if (sandbox_mkdir_as(dfd, name, uid, gid, mode, err))
		return -1;
	fd = openat(dfd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? err_sys(err, "open directory '%s'", name) : fd;
}

int owned_file(const struct owned *o, int dfd, const char *name, struct str text, uint32_t mode,
	struct err *err)
{
	int fd cleanup_fd = -1;

	fd = openat(dfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "create '%s'", name);
	if (fd_write_all(fd, text.p, text.n, err))
		return err_wrap(err, "write '%s'", name);
	return owned_take(o, fd, name, mode, err);
}
