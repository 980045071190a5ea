/* SPDX-License-Identifier: Apache-2.0 */
/* The address steps are reached at, and the processors, memory and disk they may use. */
#include "machine.h"

#include "memory.h"

#include <base/fd.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/statvfs.h>

enum { MILLI = 1000 };

/* The first address of the first interface that is up and not loopback. */
static uint32_t find_address(void)
{
	struct ifaddrs *all = NULL;
	uint32_t found = INADDR_LOOPBACK;

	if (getifaddrs(&all) < 0)
		return found;
	for (const struct ifaddrs *i = all; i && found == INADDR_LOOPBACK; i = i->ifa_next) {
		const struct sockaddr_in *in = (const void *)i->ifa_addr;

		if (in && in->sin_family == AF_INET && i->ifa_flags & IFF_UP &&
			!(i->ifa_flags & IFF_LOOPBACK))
			found = ntohl(in->sin_addr.s_addr);
	}
	freeifaddrs(all);
	return found;
}

void machine_describe(struct arena *a, struct agent_options *o)
{
	uint32_t ip = find_address();
	int root_fd cleanup_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statvfs disk;
	cpu_set_t cpus;

	o->pod_ip = arena_printf(
		a, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		o->cpu_milli = (int64_t)CPU_COUNT(&cpus) * MILLI;
	if (root_fd >= 0)
		o->memory_bytes = (int64_t)memory_limit(a, root_fd);
	if (statvfs("/", &disk) == 0)
		o->storage_bytes = (int64_t)(disk.f_blocks * disk.f_frsize);
}
