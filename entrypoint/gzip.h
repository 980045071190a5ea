/* SPDX-License-Identifier: Apache-2.0 */
/* gzip (RFC 1952), for inputs that have to fit where little fits; inflate.h reads it. */
#ifndef ENTRYPOINT_GZIP_H
#define ENTRYPOINT_GZIP_H

#include <base/arena.h>
#include <base/str.h>

/* The same bytes for the same text: without a name and without a time. */
struct str gzip_pack(struct arena *a, struct str text);

#endif
