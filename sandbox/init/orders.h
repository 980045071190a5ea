/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent tells step-init: one block in a memfd whose number is step-init's second
 * argument; the rest of its arguments and its environment are the step's own. After the fixed
 * part come n_groups group ids and, from the next multiple of eight bytes, n_limits limits and
 * n_filter instructions, then texts: the paths of the copies and the working directory, each
 * with its NUL, and the two id maps.
 */
#ifndef SANDBOX_INIT_ORDERS_H
#define SANDBOX_INIT_ORDERS_H

#include <stdint.h>

enum { ORDERS_MAGIC = 0x6d6f7264, ORDERS_GROUPS_MAX = 4096, ORDERS_LIMITS_MAX = 32 };
enum { ORDERS_COPIES = 2, ORDERS_PATH_MAX = 4096 };
enum { ORDERS_FILTER_MAX = 4096, ORDERS_MAP_MAX = 4096 };
enum { ORDERS_BYTES_MAX = 98304 };

struct orders_limit {
	uint32_t resource;
	uint32_t unused;
	uint64_t soft;
	uint64_t hard;
};

struct orders {
	uint32_t magic;
	int32_t status_fd; /* one struct sandbox_exit is written there; its reader is the agent
			    */
	int32_t agent_fd;  /* a pidfd of the agent, or -1 */
	int32_t hold_fd;   /* stays open as long as anything of the step is there, or -1 */
	uint32_t uid;      /* of the main process */
	uint32_t gid;
	uint32_t own_id;       /* uid and gid of step-init once the main process is started */
	uint32_t keeps_groups; /* a single-id map: the kernel refuses setgroups */
	uint32_t n_groups;
	uint32_t n_limits;
	uint64_t caps; /* bounding set of the main process, see ORDERS_ESCALATE */
	uint32_t last_cap;
	uint32_t flags;    /* enum orders_flags */
	int32_t copies_fd; /* socket: the opened copies go there, a message each; or -1 */
	uint32_t n_copy[ORDERS_COPIES]; /* bytes of the path of a copy, NUL included; 0: none */
	uint32_t n_cwd;    /* bytes of the working directory, NUL included; with ORDERS_NEST */
	uint32_t n_filter; /* instructions of one more filter for the main process; 0: none */
	uint32_t filter_flags;         /* of seccomp(2) */
	uint32_t n_uid_map, n_gid_map; /* bytes; with ORDERS_NEST */
	int32_t start_fd; /* stays open until the namespaces of ORDERS_NEST are there; or -1 */
	int32_t program_fd; /* executed instead of what argv[0] names, or -1 */
};

enum orders_flags {
	ORDERS_VISIT = 1,    /* not PID 1: the program is one beside the step's own, whose exit
				code this process has */
	ORDERS_TERMINAL = 2, /* descriptor 0 becomes the controlling terminal */
	ORDERS_ESCALATE = 4, /* setuid programs count */
	ORDERS_HOME = 8,     /* SANDBOX_HOME_SOURCE goes into the home */
	/*
	 * The main process, and each visitor, is in a user namespace nested in step-init's,
	 * with copies of its mount and UTS namespaces. Whatever it can do in there, mounts that
	 * it was given cannot be taken apart, and step-init lies outside.
	 */
	ORDERS_NEST = 16,
	ORDERS_HOLD_START = 32,  /* ORDERS_GO_SIGNAL starts the program */
	ORDERS_HOLD_FAILED = 64, /* PID 1 reports a failure and stays */
};
/*
 * step-init itself has these beside the step's: KILL, SETGID, SETUID, SETPCAP; and WAKE_ALARM,
 * which is worth nothing in a user namespace and which no step can have in this one. It is what
 * makes a visitor's step-init another's than the step's: exec makes it dumpable, and until it
 * has said that it is not, a step's root with the same capabilities could trace it
 * (cap_ptrace_access_check). A file that cannot be read (mode 0111) would not do, as the step's
 * root is the owner of an unprivileged agent's files.
 */
#define ORDERS_INIT_CAPS (UINT64_C(0xf) << 5 | UINT64_C(1) << 35)
/* With ORDERS_NEST these alone: the step's are of the other namespace. SETFCAP is asked of who
 * maps uid 0, SYS_PTRACE of who enters the namespaces of a process that is not dumpable. */
#define ORDERS_NEST_CAPS (ORDERS_INIT_CAPS | UINT64_C(1) << 31 | UINT64_C(1) << 19)
/* The first process that step-init starts with ORDERS_NEST: the namespaces are its; with
 * start_fd nobody can come before it. */
enum { ORDERS_KEEPER_PID = 2 };
/* From the kernel at the agent's death: PID 1 then ends its namespace in its own order. */
#define ORDERS_DEATH_SIGNAL SIGPWR
/* From the agent, of the numbers that nothing else uses: start the program; SIGKILL to it, and
 * with ORDERS_VISIT to what came of it. */
enum { ORDERS_GO_SIGNAL = 40, ORDERS_KILL_SIGNAL = 41 };

/* What code holds when exec_errno is set: which step of starting the program failed. */
enum orders_stage {
	ORDERS_EXEC,
	ORDERS_LIMITS,
	ORDERS_CAPS,
	ORDERS_IDS,
	ORDERS_FORK,
	ORDERS_NESTING,
	ORDERS_SECCOMP,
};
/* One message of a copy: whose it is (its index), with the descriptor. */

static inline uint64_t orders_limits_at(const struct orders *o)
{
	return (sizeof(*o) + UINT64_C(4) * o->n_groups + 7) & ~UINT64_C(7);
}

static inline uint64_t orders_filter_at(const struct orders *o)
{
	return orders_limits_at(o) + o->n_limits * sizeof(struct orders_limit);
}

static inline uint64_t orders_copies_at(const struct orders *o)
{
	return orders_filter_at(o) + UINT64_C(8) * o->n_filter;
}

static inline uint64_t orders_cwd_at(const struct orders *o)
{
	return orders_copies_at(o) + o->n_copy[0] + o->n_copy[1];
}

static inline uint64_t orders_maps_at(const struct orders *o)
{
	return orders_cwd_at(o) + o->n_cwd;
}

static inline uint64_t orders_end(const struct orders *o)
{
	return orders_maps_at(o) + o->n_uid_map + o->n_gid_map;
}

#endif
