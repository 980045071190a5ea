/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tcpSocket or httpGet handler: one connection into the network of a task, and over it one
 * request. Everything is on the loop and bounded; the caller limits the time.
 *
 * Answers are the kubelet's: a connection is success for tcpSocket, a status of 200 to 399 for
 * httpGet. Redirects within the host are followed, others are success.
 */
#ifndef ENTRYPOINT_DIAL_H
#define ENTRYPOINT_DIAL_H

#include <base/err.h>
#include <base/loop.h>
#include <monopod/health.h>
#include <monopod/runner.h>
#include <monopod/sandbox.h>

struct dial;

struct dial_config { /* borrowed until the end */
	struct loop *loop;
	struct sandbox_ns *ns;
	const struct launch_handler *handler;
	struct str own_ip; /* where a sidecar may listen beside loopback; empty: nowhere */
	const char *agent; /* User-Agent */
	bool any_status;   /* an answer is success, whatever it says */
	/* Once, from the loop; the dial may be freed in it. text: why not. */
	void (*done)(void *arg, enum probe_answer a, struct str text);
	void *arg;
};
struct dial *dial_new(const struct dial_config *c);
/* From a callback of the loop; may call done, so nothing of d is used after it. */
void dial_start(struct dial *d);
void dial_free(struct dial *d); /* NULL is fine */

/*
 * What is put behind GET: the path and query of a handler or of a Location, in the characters
 * that a request line may have.
 */
struct str dial_target(struct arena *a, struct str path);
/*
 * Where a Location leads from a target on a host and port. False: elsewhere, or nowhere; then
 * *ret_why says why it is a failure, or is NULL: another host.
 */
struct dial_place {
	struct str host; /* without brackets */
	uint16_t port;
	struct str target;
	bool is_named; /* the Location named a host, which a Host header is for no more */
};
bool dial_redirect(struct arena *a, const struct dial_place *from, struct str location,
	struct dial_place *ret, const char **ret_why);

#endif
