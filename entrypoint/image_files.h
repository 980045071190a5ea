/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the command line that say which image stands behind a reference: maps and locks.
 */
#ifndef ENTRYPOINT_IMAGE_FILES_H
#define ENTRYPOINT_IMAGE_FILES_H

#include "options.h"

#include <base/err.h>
#include <monopod/images.h>

/* Of --image-map-file and --image-map, in this order; empty when there is none. */
int image_files_map(
	const struct options *o, struct arena *a, struct image_map **ret, struct err *err);
/* Of --image-lock; NULL when it is not given. */
int image_files_lock(
	const struct options *o, struct arena *a, struct image_lock **ret, struct err *err);

#endif
