/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that runs between clone and exec. Closed world: it reads only what the parent prepared,
 * calls the kernel through init/rawsys.h and nothing else (sandbox/child.allow). Built without
 * sanitizers, whose runtime must not run here.
 */
#ifndef SANDBOX_CHILD_H
#define SANDBOX_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct op;

enum child_stage {
	CHILD_JOIN,    /* entering the run's namespaces */
	CHILD_CLONE,   /* making the step's own */
	CHILD_MAP,     /* writing its id maps */
	CHILD_STARTED, /* no failure: err holds the new pid */
	CHILD_IDS,     /* becoming uid 0 of the step's user namespace */
	CHILD_STDIO,
	CHILD_OP, /* op holds the index */
	CHILD_CAPS,
	CHILD_SECCOMP,
	CHILD_EXEC,
};
enum { CHILD_STAGE_N = CHILD_EXEC + 1 };

struct child_report {
	uint16_t stage;
	uint16_t op;
	int32_t err;
};

struct child_times { /* in memory shared with the parent */
	int64_t cloned_ns, ready_ns;
};

enum { CHILD_LAYERS_MAX = 128, CHILD_STACK_BYTES = 65536 };

struct child_plan {
	const struct op *ops;
	size_t n_ops;
	int user_fd;     /* the run's user namespace */
	int net_fd;      /* its network namespace, or -1: the agent's */
	int step_fd;     /* pidfd of a running step to visit, or -1: a new step */
	bool has_cgroup; /* a step's own cgroup namespace is among its namespaces */
	int report_fd;
	int status_fd;
	int orders_fd;
	int init_fd;    /* step-init */
	int agent_fd;   /* the agent's pidfd, for step-init */
	int hold_fd;    /* step-init keeps it, or -1 */
	int copies_fd;  /* step-init sends the copies there, or -1 */
	int start_fd;   /* step-init keeps it until the program runs, or -1 */
	int program_fd; /* step-init executes it, or -1 */
	int std_fd[3];
	const char *uid_map, *gid_map; /* of the step's own user namespace */
	size_t n_uid_map, n_gid_map;
	const char *oom_text; /* for /proc/self/oom_score_adj */
	size_t n_oom_text;
	bool keeps_groups; /* single-id map */
	uint64_t caps;     /* bounding set of step-init */
	uint32_t last_cap;
	bool may_escalate;
	const void *filter; /* struct sock_fprog */
	char *const *argv;  /* of step-init */
	char *const *envp;
	char *stack_top;      /* of the step's process until it execs */
	volatile uint32_t go; /* futex: maps are written */
	struct child_times *times;
};

/* What the operations leave for later ones. */
struct child_state {
	int stage_fd;
	int root_fd;
	int dev_fd;
	int proc_fd;
	int layer_fd[CHILD_LAYERS_MAX];
	unsigned int n_layers;
	unsigned int n_names; /* of the stage's entries */
};

/* In the first child: joins, clones the step's process, writes its maps, ends. */
void child_join(struct child_plan *p) __attribute__((noreturn));

/* One operation; 0 or -errno. */
long child_op(struct child_state *s, const struct op *op);
long child_drop_caps(const struct child_plan *p);
long child_become_root(const struct child_plan *p);
long child_confine(const struct child_plan *p);

#endif
