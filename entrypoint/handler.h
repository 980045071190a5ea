/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One probe or hook being carried out at a running container: a program in its sandbox, a
 * connection into its network, or a wait. All of it is on the loop; nothing the container does
 * blocks the agent or makes it keep more than 10 KiB.
 */
#ifndef ENTRYPOINT_HANDLER_H
#define ENTRYPOINT_HANDLER_H

#include <base/err.h>
#include <base/loop.h>
#include <monopod/health.h>
#include <monopod/runner.h>
#include <monopod/sandbox.h>

struct handler_run;

enum { HANDLER_OUTPUT_BYTES = 10 * 1024 }; /* what the kubelet keeps */

struct handler_config { /* borrowed until the end */
	struct loop *loop;
	const struct launch_handler *handler;
	/* EXEC: everything but the program and its descriptors */
	const struct sandbox_visit_config *visit;
	struct sandbox_ns *ns; /* the others: whose network */
	struct str own_ip;     /* as of struct dial_config */
	const char *user_agent;
	int64_t timeout_ns;  /* so long after it has begun it has failed; 0: at deadline_ns */
	int64_t deadline_ns; /* INT64_MAX: never */
	bool is_hook;        /* any status will do */
	/*
	 * Once, from the loop, never from within handler_start; the run may be freed in it.
	 * text: what a program wrote, or why it went wrong; foreign bytes.
	 */
	void (*done)(void *arg, enum probe_answer a, struct str text);
	void *arg;
};
int handler_start(const struct handler_config *c, struct handler_run **ret, struct err *err);
/* Of the program; -1: none runs. */
pid_t handler_pid(const struct handler_run *h);
/* Kills what still runs and waits for it. NULL is fine. */
void handler_free(struct handler_run *h);

#endif
