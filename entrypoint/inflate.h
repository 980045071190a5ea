/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking what was written elsewhere, bounded: termination messages, records in logs. */
#ifndef ENTRYPOINT_INFLATE_H
#define ENTRYPOINT_INFLATE_H

#include <base/buf.h>
#include <base/err.h>

enum inflate_form { INFLATE_RAW, INFLATE_GZIP };

/*
 * Appends the unpacked bytes to out. ERR_LIMIT when they are more than out may hold, however
 * few bytes they were made of; ERR_SPEC when they are damaged, cut, or something comes after
 * their end.
 */
int inflate_text(struct str packed, enum inflate_form form, struct buf *out, struct err *err);

#endif
