/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the journal may not show. A record that holds a masked value stands in the journal with
 * `***` and a number, `{"sealed":N,…`; the record itself is line N of journal.sealed (mode
 * 0600, the journal's framing), and was on the disk before. Who resumes reads it from there.
 */
#ifndef ENTRYPOINT_SEAL_H
#define ENTRYPOINT_SEAL_H

#include "journal.h"

#include <base/arena.h>
#include <base/err.h>
#include <base/mask.h>

struct seal;

/* dfd and mask are borrowed; path is the journal's. The file is made when it is needed. */
struct seal *seal_new(int dfd, struct str path, const struct mask *mask);
void seal_free(struct seal *s); /* NULL is fine */
/* What is to be written for a record: in *ret, valid as long as the arena. On failure it is the
 * record for the journal all the same, and nobody can resume from it. */
int seal_record(
	struct seal *s, struct arena *a, struct str record, struct str *ret, struct err *err);
bool seal_is_whole(const struct seal *s); /* NULL: it is */
/* The records as they were. ERR_USAGE when one of them is missing. */
int seal_break(
	int dfd, struct str path, struct arena *a, struct journal_text *text, struct err *err);

#endif
