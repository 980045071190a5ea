/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ConfigMaps and Secrets that a pod mounts (--object-dir), as documents of the input:
 *
 *     DIR/configmaps/NAME/KEY     one file a key; names that begin with '..' are the kubelet's
 *     DIR/secrets/NAME/KEY
 *     DIR/secrets.meta            {"NAME": {"type": …, "annotations": {…}}}; may be missing
 *
 * An object without keys is none: an optional volume whose object is missing is an empty
 * directory. A Secret that is not in secrets.meta has the type that its keys tell.
 */
#ifndef ENTRYPOINT_OBJECTS_H
#define ENTRYPOINT_OBJECTS_H

#include <base/arena.h>
#include <base/err.h>
#include <monopod/spec.h>

/* In the order of their names. ERR_USAGE for what cannot be read. */
int objects_read(struct arena *a, struct str dir, struct spec_input **ret, size_t *ret_n,
	struct err *err);

#endif
