/* SPDX-License-Identifier: Apache-2.0 */
/* The files of /etc that a step gets from its pod: hosts and resolv.conf. */
#ifndef ENTRYPOINT_ETC_H
#define ENTRYPOINT_ETC_H

#include <base/arena.h>
#include <monopod/runner.h>

/* base, a line for the pod's own name, the aliases of the pod template. */
struct str etc_hosts(
	struct arena *a, struct str base, struct str hostname, const struct task_launch *l);
/* dnsPolicy and dnsConfig over the machine's; as it is when they ask for nothing. */
struct str etc_resolv_conf(struct arena *a, struct str base, const struct launch_dns *dns);

#endif
