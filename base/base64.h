/* SPDX-License-Identifier: Apache-2.0 */
/* Standard base64 (RFC 4648 section 4): bytes that have to travel as text. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <base/arena.h>
#include <base/buf.h>

/* Appends the digits of `bytes`; padded: with '=' up to a multiple of four. */
void base64_add(struct buf *out, struct str bytes, bool padded);
/* Padding required, line ends ignored, as Go's StdEncoding reads it. Returns 0 or -1. */
int base64_parse(struct arena *a, struct str text, struct str *ret);

#endif
