/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DEFLATE (RFC 1951) in one piece, bounded: inputs that have to fit where little fits,
 * termination messages, records in logs.
 */
#ifndef ENTRYPOINT_DEFLATE_H
#define ENTRYPOINT_DEFLATE_H

#include <base/buf.h>
#include <base/err.h>

enum deflate_form { DEFLATE_RAW, DEFLATE_GZIP /* RFC 1952 */ };

/*
 * Appends the packed bytes to out, as few as there can be and the same for the same text:
 * without a name and without a time. False: they are more than out may hold.
 */
bool deflate_text(struct str text, enum deflate_form form, struct buf *out);

/*
 * Appends the unpacked bytes to out. ERR_LIMIT when they are more than out may hold, however
 * few bytes they were made of; ERR_SPEC when they are damaged, cut, or something comes after
 * their end.
 */
int inflate_text(struct str packed, enum deflate_form form, struct buf *out, struct err *err);

#endif
