/* SPDX-License-Identifier: Apache-2.0 */
/* What the sources of workspaces and volumes come to in one attempt (sections 9, 10). */
#ifndef AGENT_VOLUME_H
#define AGENT_VOLUME_H

#include "pod.h"
#include <base/arena.h>
#include <base/err.h>
#include <monopod/runner.h>
#include <monopod/spec.h>

struct volume_context {
	struct arena *arena; /* of the attempt */
	const struct spec *spec;
	const struct pod_facts *facts;
};

/*
 * Fills all but the name. ERR_NOT_FOUND when an object or key that must be there is missing, in
 * Kubernetes' words; ERR_SPEC for what Kubernetes refuses when the pod is created.
 */
int volume_make(const struct volume_context *c, const struct volume_source *s,
	struct launch_volume *ret, struct err *err);

/* subPathExpr: ERR_NOT_FOUND when a variable is missing or empty. */
int volume_expand(struct arena *a, struct str text, const struct env_entry *env, size_t n_env,
	struct str *ret, struct err *err);
/* A subPath as it is used: cleaned, empty for the whole volume. ERR_SPEC when it leads out. */
int volume_sub_path(struct arena *a, struct str sub_path, struct str *ret, struct err *err);

#endif
