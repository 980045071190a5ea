/* SPDX-License-Identifier: Apache-2.0 */
/* What the file system of the run directory does not promise. */
#ifndef ENTRYPOINT_DURABLE_H
#define ENTRYPOINT_DURABLE_H

#include <base/arena.h>
#include <base/str.h>

/*
 * Whether a record that is on the disk stays there and a file is replaced as a whole: known by
 * the kind of file system (statfs(2)) or tried out with files of our own, which are gone
 * afterwards. Empty when there is nothing to say, else why not, as a sentence goes on.
 */
struct str durable_doubt(struct arena *a, int dfd);

/* Of that kind of file system; NULL: it is one that keeps what it says. */
const char *durable_doubtful_kind(unsigned long magic);

#endif
