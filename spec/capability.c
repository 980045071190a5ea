/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's capabilities (capabilities(7)) and which of them count in a user namespace that
 * owns nothing but a step's mounts, processes and files.
 */
#include "capability.h"

#include <base/attr.h>
#include <linux/capability.h>
#include <monopod/pod.h>

enum worth {
	GIVEN,
	NETWORK, /* asked of the user namespace that owns the network */
	DEVICE,
	MACHINE, /* asked of the first user namespace of the machine */
};

static const struct {
	const char *name;
	enum worth worth;
} capabilities[] = {
	[CAP_CHOWN] = {"CHOWN", GIVEN},
	[CAP_DAC_OVERRIDE] = {"DAC_OVERRIDE", GIVEN},
	[CAP_DAC_READ_SEARCH] = {"DAC_READ_SEARCH", GIVEN},
	[CAP_FOWNER] = {"FOWNER", GIVEN},
	[CAP_FSETID] = {"FSETID", GIVEN},
	[CAP_KILL] = {"KILL", GIVEN},
	[CAP_SETGID] = {"SETGID", GIVEN},
	[CAP_SETUID] = {"SETUID", GIVEN},
	[CAP_SETPCAP] = {"SETPCAP", GIVEN},
	[CAP_LINUX_IMMUTABLE] = {"LINUX_IMMUTABLE", MACHINE},
	[CAP_NET_BIND_SERVICE] = {"NET_BIND_SERVICE", GIVEN},
	[CAP_NET_BROADCAST] = {"NET_BROADCAST", NETWORK},
	[CAP_NET_ADMIN] = {"NET_ADMIN", NETWORK},
	[CAP_NET_RAW] = {"NET_RAW", NETWORK},
	[CAP_IPC_LOCK] = {"IPC_LOCK", MACHINE},
	[CAP_IPC_OWNER] = {"IPC_OWNER", GIVEN},
	[CAP_SYS_MODULE] = {"SYS_MODULE", MACHINE},
	[CAP_SYS_RAWIO] = {"SYS_RAWIO", MACHINE},
	[CAP_SYS_CHROOT] = {"SYS_CHROOT", GIVEN},
	[CAP_SYS_PTRACE] = {"SYS_PTRACE", GIVEN},
	[CAP_SYS_PACCT] = {"SYS_PACCT", MACHINE},
	[CAP_SYS_ADMIN] = {"SYS_ADMIN", GIVEN},
	[CAP_SYS_BOOT] = {"SYS_BOOT", MACHINE},
	[CAP_SYS_NICE] = {"SYS_NICE", MACHINE},
	[CAP_SYS_RESOURCE] = {"SYS_RESOURCE", MACHINE},
	[CAP_SYS_TIME] = {"SYS_TIME", MACHINE},
	[CAP_SYS_TTY_CONFIG] = {"SYS_TTY_CONFIG", MACHINE},
	[CAP_MKNOD] = {"MKNOD", DEVICE},
	[CAP_LEASE] = {"LEASE", MACHINE},
	[CAP_AUDIT_WRITE] = {"AUDIT_WRITE", MACHINE},
	[CAP_AUDIT_CONTROL] = {"AUDIT_CONTROL", MACHINE},
	[CAP_SETFCAP] = {"SETFCAP", GIVEN},
	[CAP_MAC_OVERRIDE] = {"MAC_OVERRIDE", MACHINE},
	[CAP_MAC_ADMIN] = {"MAC_ADMIN", MACHINE},
	[CAP_SYSLOG] = {"SYSLOG", MACHINE},
	[CAP_WAKE_ALARM] = {"WAKE_ALARM", MACHINE},
	[CAP_BLOCK_SUSPEND] = {"BLOCK_SUSPEND", MACHINE},
	[CAP_AUDIT_READ] = {"AUDIT_READ", MACHINE},
	[CAP_PERFMON] = {"PERFMON", MACHINE},
	[CAP_BPF] = {"BPF", MACHINE},
	[CAP_CHECKPOINT_RESTORE] = {"CHECKPOINT_RESTORE", MACHINE},
};

static const char *const refusals[] = {
	[NETWORK] = "the network belongs to the pod or to the task, not to the step; with "
		    "SYS_ADMIN it counts in networks that the step makes",
	[DEVICE] = "no user namespace may make devices",
	[MACHINE] = "it counts for the machine alone, never in the user namespace of a step",
};

static struct str bare_name(struct str name)
{
	return name.n > 4 && str_ieq(str_slice(name, 0, 4), STR("CAP_"))
		       ? str_slice(name, 4, name.n)
		       : name;
}

int capability_number(struct str name)
{
	struct str bare = bare_name(name);

	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		if (str_ieq(bare, str_z(capabilities[i].name)))
			return (int)i;
	return -1;
}

bool capability_is_all(struct str name)
{
	return str_ieq(name, STR("ALL"));
}

const char *capability_refusal(int number, bool has_admin)
{
	const enum worth worth = capabilities[number].worth;

	return worth == NETWORK && has_admin ? NULL : refusals[worth];
}

struct str *capability_names(struct arena *a, size_t *ret_n)
{
	struct str *names = arena_new_array(a, struct str, ARRAY_SIZE(capabilities));

	for (size_t i = 0; i < ARRAY_SIZE(capabilities); i++)
		names[i] = str_z(capabilities[i].name);
	*ret_n = ARRAY_SIZE(capabilities);
	return names;
}
