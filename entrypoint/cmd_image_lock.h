/* SPDX-License-Identifier: Apache-2.0 */
/* `image lock`. */
#ifndef ENTRYPOINT_CMD_IMAGE_LOCK_H
#define ENTRYPOINT_CMD_IMAGE_LOCK_H

#include "options.h"

#include <base/err.h>
#include <monopod/images.h>

/*
 * Looks up every image that the runs of the input are known to use and prints a lock file, or
 * writes it where --image-lock says, whole or not at all. Images that are mapped to a directory
 * or to the host have no documents: they are not in it, and a warning says so. The exit code.
 */
int cmd_image_lock(const struct options *o);

/* The store with the sources of --images. store_close closes it. */
int image_store_open(
	const struct options *o, struct arena *a, struct store **ret, struct err *err);

#endif
