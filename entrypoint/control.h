/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket of a run directory: a datagram socket, mode 0600 in a directory of mode
 * 0700, that takes one word of PipelineRun.spec.status (Cancelled, CancelledRunFinally,
 * StoppedRunFinally), or "visit" with a socket to talk over (visit_wire.h), from a process of
 * the same user or of root. Steps cannot reach it: the run directory is in no step's root.
 */
#ifndef ENTRYPOINT_CONTROL_H
#define ENTRYPOINT_CONTROL_H

#include <base/err.h>
#include <base/loop.h>
#include <base/str.h>
#include <monopod/runner.h>

struct control;

struct control_events {
	void (*asked)(void *arg, enum cancel_mode mode);
	/* Somebody wants to talk: a socket, which is closed afterwards unless it was taken. */
	void (*visited)(void *arg, int *fd);
	void *arg;
};
/* Makes the socket "control" below dfd (borrowed) and listens; an event for each word that is
 * understood. */
int control_open(struct loop *loop, int dfd, const struct control_events *events,
	struct control **ret, struct err *err);
/* Takes away the socket of a dead agent; for whoever has the lock of the directory. */
void control_forget(int dfd);
void control_close(struct control *c); /* and removes the socket; NULL is fine */

/* The other side: ERR_NOT_FOUND when nobody listens below dir. */
int control_ask(struct str dir, enum cancel_mode mode, struct err *err);
/* The connection to who listens there; -1 likewise. */
int control_visit(struct str dir, struct err *err);

/* What a word of PipelineRun.spec.status asks for; CANCEL_NONE: it is none. */
enum cancel_mode control_mode(struct str word);

#endif
