/* SPDX-License-Identifier: Apache-2.0 */
/* Where a step leaves its results and its artifacts (tekton-semantics 6.4). */
#ifndef AGENT_STEP_PATHS_H
#define AGENT_STEP_PATHS_H

#include <monopod/spec.h>

/*
 * Replaces step.results.R.path, step.artifacts.path and artifacts.path in a step, the index-th
 * of its task, by a copy in `a`; one that has none of them stays as it is.
 */
void step_paths_fill(struct arena *a, struct arena *brief, size_t index, struct step *step);

#endif
