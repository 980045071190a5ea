/* SPDX-License-Identifier: Apache-2.0 */
/* hostPath volumes: only below a prefix that --allow-host-path names. */
#ifndef ENTRYPOINT_HOSTPATH_H
#define ENTRYPOINT_HOSTPATH_H

#include "callers.h"
#include "options.h"

#include <base/err.h>
#include <monopod/runner.h>
#include <monopod/spec.h>

/* Adds an error (stage ADMISSION) for every hostPath of the input that is not allowed. */
void host_path_check(const struct options *o, struct spec *s);
/*
 * Opens what a hostPath names, O_PATH, by its type (Directory, DirectoryOrCreate, File,
 * FileOrCreate or none). Links are followed only where they stay beneath the prefix. Returns a
 * descriptor or -1: ERR_NOT_FOUND in Kubernetes' words when the type does not hold.
 */
int host_path_open(const struct options *o, const struct callers *c,
	const struct launch_volume *v, bool *ret_is_file, struct err *err);

#endif
