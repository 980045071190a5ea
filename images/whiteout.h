/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whiteouts: how a layer says "not there any more". In layers they are files named .wh.NAME and
 * .wh..wh..opq; on disk they have overlay's own form, character device 0:0 and the opaque
 * attribute, in the way that overlays mounted inside (user.*) and outside (trusted.*) a user
 * namespace understand.
 */
#ifndef IMAGES_WHITEOUT_H
#define IMAGES_WHITEOUT_H

#include <base/err.h>
#include <base/str.h>
#include <stdbool.h>
#include <sys/stat.h>

enum whiteout_kind {
	WHITEOUT_NONE,   /* an ordinary name */
	WHITEOUT_NAME,   /* hides one name of lower layers */
	WHITEOUT_OPAQUE, /* hides all names of lower layers in this directory */
	WHITEOUT_AUFS,   /* bookkeeping of an old storage driver: not part of the image */
};

/* The kind of the last component of a path; *ret_name is what WHITEOUT_NAME hides. ERR_IMAGE
 * for names that no whiteout can have. */
int whiteout_parse(
	struct str component, enum whiteout_kind *ret, struct str *ret_name, struct err *err);

bool whiteout_is(const struct stat *st); /* of a file found in an unpacked layer */
int whiteout_make(int dfd, const char *name, struct err *err);
int whiteout_set_opaque(int dfd, struct err *err);
bool whiteout_is_opaque(int dfd);

#endif
