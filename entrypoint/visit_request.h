/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients of `shell` and the agent say to each other (visit_wire.h), from bytes and to
 * bytes. Pure. The other side is a stranger in either direction: what is not exactly as written
 * there is refused.
 */
#ifndef ENTRYPOINT_VISIT_REQUEST_H
#define ENTRYPOINT_VISIT_REQUEST_H

#include "visit_wire.h"

#include <base/arena.h>
#include <base/buf.h>
#include <base/err.h>
#include <base/str.h>

enum visit_verb { VISIT_SHELL, VISIT_EXEC, VISIT_CONTINUE, VISIT_FAIL };
enum { VISIT_VERB_N = VISIT_FAIL + 1 };

/* No word has a NUL in it. command is VISIT_EXEC's; others have none. */
struct visit_request {
	enum visit_verb verb;
	struct str run, task, step, term;
	struct str *command;
	size_t n_command;
};

/* What programs take for the name of a terminal, or empty: none. */
bool visit_is_term(struct str term);
/* The first message. All that is returned lies in the arena. ERR_USAGE. */
int visit_request_read(
	struct arena *a, struct str text, struct visit_request *ret, struct err *err);
/* The same backwards; b is full when it is too long. */
void visit_request_print(const struct visit_request *r, struct buf *b);

enum visit_message_kind {
	VISIT_MESSAGE_END,        /* the request is whole */
	VISIT_MESSAGE_DESCRIPTOR, /* slot: 0 to 2, or VISIT_SLOT_PROGRAM */
	VISIT_MESSAGE_SIGNAL,     /* signal: 1 to 64 */
};
enum { VISIT_SLOT_PROGRAM = 3, VISIT_SLOTS };
enum { VISIT_SIGNAL_MAX = 64 };

struct visit_message {
	enum visit_message_kind kind;
	int slot;
	bool is_terminal; /* slot 0, which stands for all three */
	int signal;
};

/* Any message but the first. False: it is none of them. */
bool visit_message_read(struct str text, struct visit_message *ret);

/* What the agent answers, n bytes of it. False: no such answer. */
bool visit_reply_check(struct visit_reply *r, size_t n);

#endif
