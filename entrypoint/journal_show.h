/* SPDX-License-Identifier: Apache-2.0 */
/* `describe --journal`: the records of a run directory's journal. */
#ifndef ENTRYPOINT_JOURNAL_SHOW_H
#define ENTRYPOINT_JOURNAL_SHOW_H

#include <base/buf.h>
#include <base/err.h>

/*
 * One line a record: seconds since the first, kind ('>': an event), subject, members. As JSON
 * the records as they are, one a line. A torn tail is told at the end.
 */
int journal_show(int dfd, bool as_json, struct buf *out, struct err *err);

#endif
