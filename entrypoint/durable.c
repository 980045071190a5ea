/* SPDX-License-Identifier: Apache-2.0 */
/* File systems that lose what was synced, or replace a file in two steps. */
#include "durable.h"

#include <base/fd.h>
#include <base/file.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TRIAL_OLD ".trial-old"
#define TRIAL_NEW ".trial-new"

const char *durable_doubtful_kind(unsigned long magic)
{
	static const struct {
		unsigned long magic;
		const char *kind;
	} table[] = {
		{NFS_SUPER_MAGIC, "NFS, where a file may be replaced twice or be seen late"},
		{CIFS_SUPER_MAGIC, "SMB, where a file may not be replaced as a whole"},
		{SMB2_SUPER_MAGIC, "SMB, where a file may not be replaced as a whole"},
		{FUSE_SUPER_MAGIC, "FUSE, where nobody knows what a sync does"},
		{V9FS_MAGIC, "9p, where nobody knows what a sync does"},
		{MSDOS_SUPER_MAGIC, "FAT, where a file is not replaced as a whole"},
		{EXFAT_SUPER_MAGIC, "exFAT, where a file is not replaced as a whole"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (table[i].magic == magic)
			return table[i].kind;
	}
	return NULL;
}

static const char *trial(int dfd)
{
	int fd cleanup_fd = -1;

	if (file_write(dfd, TRIAL_OLD, STR("x"), 0600, NULL) ||
		file_write(dfd, TRIAL_NEW, STR("x"), 0600, NULL))
		return NULL; /* no room and the like: the run will tell */
	fd = openat(dfd, TRIAL_NEW, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && fdatasync(fd) < 0 && fd_cannot_sync(errno))
		return "a file system that cannot sync a file";
	if (renameat(dfd, TRIAL_NEW, dfd, TRIAL_OLD) < 0)
		return "a file system that cannot replace a file";
	if (fsync(dfd) < 0 && fd_cannot_sync(errno))
		return "a file system that cannot sync a directory";
	return NULL;
}

struct str durable_doubt(struct arena *a, int dfd)
{
	struct statfs fs;
	const char *why = NULL;

	if (fstatfs(dfd, &fs) == 0)
		why = durable_doubtful_kind((unsigned long)fs.f_type);
	if (!why) {
		why = trial(dfd);
		(void)unlinkat(dfd, TRIAL_NEW, 0);
		(void)unlinkat(dfd, TRIAL_OLD, 0);
	}
	return why ? arena_strz(a, why) : STR_NONE;
}
