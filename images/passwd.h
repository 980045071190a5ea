/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/passwd and /etc/group of an image, read by code of our own from the layers' directories
 * (sandbox.md R31): the C library's lookup would load what the machine's NSS names.
 */
#ifndef IMAGES_PASSWD_H
#define IMAGES_PASSWD_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>
#include <stdint.h>

/*
 * The text of etc/NAME as the stack of layers shows it, topmost first. Empty when there is
 * none. ERR_IMAGE when it is not a regular file, too large, or below a link.
 */
int passwd_read(struct arena *a, const int *dfds, size_t n, const char *name, struct str *ret,
	struct err *err);

struct passwd_entry {
	struct str name;
	uint32_t uid, gid;
	struct str home; /* absolute and printable, or empty */
};
/* By name (not empty) or by uid. False: none. An entry found by name whose numbers are not
 * valid is an error. */
int passwd_find(struct str text, struct str name, uint32_t uid, bool *ret_found,
	struct passwd_entry *ret, struct err *err);
int group_find(
	struct str text, struct str name, bool *ret_found, uint32_t *ret_gid, struct err *err);
/* Adds the groups that list the user; at most max, an error beyond. */
int group_members(
	struct str text, struct str user, uint32_t *to, size_t max, size_t *n, struct err *err);

#endif
