/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `shell` and the agent say to each other, over a SEQPACKET pair whose one end was handed
 * over through the control socket. The data of the visit does not go this way: the visitor has
 * the descriptors that the client sent.
 *
 *   client: the request: words, each with a NUL behind it: the verb (shell, exec, continue or
 *           fail), run, task, step (empty: the only one that waits), TERM, then the command of
 *           exec
 *           one byte with a descriptor, for each: 't' a terminal, or '0' '1' '2'; 'p' a program
 *           for the shell that an image has not
 *           '.'       that is all
 *           's' N     later: signal N to the visitor
 *   agent:  struct visit_reply; the end of the connection follows all but STARTED
 *
 * The end of the client's side is the end of the visit.
 */
#ifndef ENTRYPOINT_VISIT_WIRE_H
#define ENTRYPOINT_VISIT_WIRE_H

#include <stdint.h>

enum { VISIT_REQUEST_MAX = 96 * 1024, VISIT_TEXT_MAX = 1024, VISIT_WORDS = 5 };

/* Where a shell for images that have none is looked for first. */
#define VISIT_PROGRAM_PLACE "/usr/local/lib/monopod/busybox"

enum visit_reply_kind {
	VISIT_STARTED,
	VISIT_ENDED,   /* value: exit code, or 128+signal; 127 or 126 with a text: the command
			  was not found, or could not be executed */
	VISIT_DONE,    /* the wait is over; text: of which step */
	VISIT_REFUSED, /* value: enum err_kind; text: why */
};
enum { VISIT_REPLY_KIND_N = VISIT_REFUSED + 1 };

struct visit_reply {
	uint32_t kind;
	int32_t value;
	char text[VISIT_TEXT_MAX]; /* with a NUL */
};

#endif
