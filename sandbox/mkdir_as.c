/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories that are never there half made. mkdir with a chown behind it leaves, when it is
 * killed in between, a directory that its user cannot use and that the next one takes for done;
 * and where steps write, they may put something else at the name before the chown.
 */
#include "caps.h"

#include <errno.h>
#include <monopod/sandbox.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* setfsuid(2) tells the id that was there before and no errors: it is asked again. */
static int act_as(uid_t uid, gid_t gid, struct err *err)
{
	setfsgid(gid);
	setfsuid(uid);
	if ((gid_t)setfsgid((gid_t)-1) != gid || (uid_t)setfsuid((uid_t)-1) != uid)
		return err_sysno(err, EPERM, "act as user %u and group %u", uid, gid);
	return 0;
}

static int make(int dfd, const char *name, uint32_t mode, struct err *err)
{
	return mkdirat(dfd, name, mode) < 0 ? err_sys(err, "make the directory '%s'", name) : 0;
}

static int make_as_other(
	int dfd, const char *name, uint32_t uid, uint32_t gid, uint32_t mode, struct err *err)
{
	/* other ids take these from the process, and its children inherit that: prctl(2) */
	int dumpable = prctl(PR_GET_DUMPABLE), death_signal = 0, ret;

	(void)prctl(PR_GET_PDEATHSIG, &death_signal); /* cannot fail */
	ret = act_as(uid, gid, err);
	caps_pass_permissions();
	if (ret == 0)
		ret = make(dfd, name, mode, err);
	if (act_as(geteuid(), getegid(), NULL) ||
		prctl(PR_SET_DUMPABLE, dumpable == 1 ? 1UL : 0UL) ||
		prctl(PR_SET_PDEATHSIG, (unsigned long)death_signal))
		return err_set(err, ERR_BUG, "the agent cannot act as itself again");
	return ret;
}

int sandbox_mkdir_as(
	int dfd, const char *name, uint32_t uid, uint32_t gid, uint32_t mode, struct err *err)
{
	mode_t mask = umask(0);
	int ret = uid == geteuid() && gid == getegid()
			  ? make(dfd, name, mode, err)
			  : make_as_other(dfd, name, uid, gid, mode, err);

	umask(mask);
	return ret;
}
