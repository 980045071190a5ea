/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of a container (section 23, Kubernetes' order of expansion). */
#ifndef AGENT_ENV_H
#define AGENT_ENV_H

#include "pod.h"
#include <monopod/runner.h>

struct env_context {
	struct arena *arena;
	const struct spec *spec;
	const struct pod_facts *facts;
	const struct pod_template *pod;
	bool hermetic;
};

/*
 * envFrom, then the pod template's in the order written, then the step's own, a name of the pod
 * template winning; TEKTON_HERMETIC last. ERR_NOT_FOUND when an object or key is missing, in
 * Kubernetes' words.
 */
int env_make(const struct env_context *c, const struct step *step, size_t index,
	struct env_entry **ret, size_t *ret_n, struct err *err);

#endif
