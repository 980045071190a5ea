/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent tells step-init: one block in a memfd whose number is step-init's second
 * argument; the rest of its arguments and its environment are the step's own. After the fixed
 * part come n_groups group ids and, from the next multiple of eight bytes, n_limits limits,
 * then the paths of the copies, each with its NUL.
 */
#ifndef SANDBOX_INIT_ORDERS_H
#define SANDBOX_INIT_ORDERS_H

#include <stdint.h>

enum { ORDERS_MAGIC = 0x6d6f7264, ORDERS_GROUPS_MAX = 4096, ORDERS_LIMITS_MAX = 32 };
enum { ORDERS_COPIES = 2, ORDERS_PATH_MAX = 4096 };
enum { ORDERS_BYTES_MAX = 32768 };

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
	uint32_t unused;
};

enum orders_flags {
	ORDERS_VISIT = 1,    /* not PID 1: execute the program and be gone */
	ORDERS_TERMINAL = 2, /* descriptor 0 becomes the controlling terminal */
	ORDERS_ESCALATE = 4, /* setuid programs count */
	ORDERS_HOME = 8,     /* SANDBOX_HOME_SOURCE goes into the home */
};
/* step-init itself has these beside the step's: KILL, SETGID, SETUID, SETPCAP. */
#define ORDERS_INIT_CAPS (UINT64_C(0xf) << 5)
/* From the kernel at the agent's death: PID 1 then ends its namespace in its own order. */
#define ORDERS_DEATH_SIGNAL SIGPWR

/* What code holds when exec_errno is set: which step of starting the program failed. */
enum orders_stage { ORDERS_EXEC, ORDERS_LIMITS, ORDERS_CAPS, ORDERS_IDS, ORDERS_FORK };
/* One message of a copy: whose it is (its index), with the descriptor. */

static inline uint64_t orders_limits_at(const struct orders *o)
{
	return (sizeof(*o) + UINT64_C(4) * o->n_groups + 7) & ~UINT64_C(7);
}

static inline uint64_t orders_copies_at(const struct orders *o)
{
	return orders_limits_at(o) + o->n_limits * sizeof(struct orders_limit);
}

#endif
