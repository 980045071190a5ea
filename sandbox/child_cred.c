/* SPDX-License-Identifier: Apache-2.0 */
/* Ids, capabilities and the seccomp filter of the step's process. Closed world. */
#include "child.h"
#include "init/rawsys.h"
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>

/* uid 0 of the namespace just entered; the groups of the agent are left behind. */
long child_become_root(const struct child_plan *p)
{
	long ret = 0;

	if (!p->keeps_groups)
		ret = sys2(SYS_setgroups, 0, 0);
	if (ret == 0)
		ret = sys3(SYS_setresgid, 0, 0, 0);
	if (ret == 0)
		ret = sys3(SYS_setresuid, 0, 0, 0);
	return ret;
}

/*
 * The bounding set alone is enough: exec of step-init by uid 0 computes permitted and effective
 * from it. Up to the running kernel's last capability. Inheritable and ambient are empty in a
 * new user namespace.
 */
long child_drop_caps(const struct child_plan *p)
{
	for (uint32_t c = 0; c <= p->last_cap; c++) {
		long ret;

		if (p->caps >> c & 1)
			continue;
		ret = sys5(SYS_prctl, PR_CAPBSET_DROP, c, 0, 0, 0);
		if (ret < 0)
			return ret;
	}
	return 0;
}

long child_confine(const struct child_plan *p)
{
	long ret = 0;

	/* without it the filter needs CAP_SYS_ADMIN, which we still have ourselves */
	if (!p->may_escalate)
		ret = sys5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (ret == 0)
		ret = sys3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, p->filter);
	return ret;
}
