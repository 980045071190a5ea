/* SPDX-License-Identifier: Apache-2.0 */
/* From options, input and agent to a pod_plan. */
#ifndef ENTRYPOINT_POD_GATHER_H
#define ENTRYPOINT_POD_GATHER_H

#include "pod.h"

struct pod_gather {
	const struct options *options;
	struct arena *arena;
	const struct spec *spec;
	const struct run_ref *run;
	const struct agent *agent;
	struct diags *diags; /* what cannot be expressed, at its place */
	const struct image_map *map;
	const struct image_lock *lock; /* NULL: none */
};
/* -1: err says why, or it is ERR_NONE and diags has errors. */
int pod_gather(const struct pod_gather *g, struct pod_plan *ret, struct err *err);

#endif
