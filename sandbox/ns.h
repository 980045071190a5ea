/* SPDX-License-Identifier: Apache-2.0 */
/* What a run keeps for all its steps: namespaces, step-init, the filter, prepared texts. */
#ifndef SANDBOX_NS_H
#define SANDBOX_NS_H

#include "seccomp.h"
#include <base/buf.h>
#include <base/vec.h>
#include <monopod/sandbox.h>

struct child_times;

/* A user namespace that is only used to map a caller's directory. */
struct ns_caller {
	uint32_t uid, gid;
	int user_fd;
};

struct sandbox_ns {
	enum sandbox_level level;
	struct id_map map;
	int user_fd;
	int net_fd;                                   /* -1: the agent's network */
	int init_fd;                                  /* sealed copy of step-init */
	int agent_fd;                                 /* our own pidfd */
	int hold_fd;                                  /* borrowed; -1: none */
	bool has_cgroup;                              /* steps get a cgroup namespace each */
	struct sock_fprog filters[SECCOMP_PROFILE_N]; /* the step's; others when asked for */
	uint32_t last_cap;
	struct buf uid_map, gid_map; /* of a step's namespace inside this one */
	struct buf oom_text;
	char *stack; /* CHILD_STACK_BYTES, for the cloned process until it execs */
	struct child_times *times; /* shared with it */
	VEC(struct ns_caller) callers;
};

/* Of all steps that ask for it; borrowed. NULL: it could not be made. */
const struct sock_fprog *ns_filter(
	struct sandbox_ns *ns, enum seccomp_profile profile, struct err *err);
/*
 * The user namespace for an idmapped mount of a directory of uid and gid; kept in ns. Root
 * agents only. Returns a borrowed descriptor or -1.
 */
int ns_caller_fd(struct sandbox_ns *ns, uint32_t uid, uint32_t gid, struct err *err);
/* In a child: enters the user namespace (and the network) and becomes its uid 0. */
int ns_join(const struct sandbox_ns *ns, struct err *err);
/*
 * Makes namespaces for a map by way of a short child. ret_net_fd NULL: no network namespace.
 * level says who writes the map.
 */
int ns_make(enum sandbox_level level, const struct id_map *map, int *ret_user_fd,
	int *ret_net_fd, struct err *err);

#endif
