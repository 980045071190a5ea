/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as records of the journal and back (docs/journal.md). Names instead of indices, and of
 * the results only what the agent did not know, so that the text is what the agent reads of an
 * event and no more.
 */
#ifndef AGENT_EVENT_H
#define AGENT_EVENT_H

#include "state.h"

struct json;
struct json_writer;

#define EVENT_RECORD "event" /* the kind of these records */

/* The members after `kind`. */
void event_put(struct agent *a, const struct event *ev, struct json_writer *w);

/*
 * Reads a record. Strings and results lie in `arena`. find gives the task run of a name, or
 * NULL. ERR_SPEC: it is not such a record; ERR_NOT_FOUND: its task run, attempt or step is not
 * what the agent is at.
 */
struct event_reader {
	struct arena *arena;
	const struct execution *(*find)(void *arg, struct str name);
	void *arg;
};
int event_read(const struct event_reader *r, const struct json *record, struct event *ret,
	bool *ret_forced, struct err *err);

#endif
