/* SPDX-License-Identifier: Apache-2.0 */
/* What of the input a run needs, as documents. */
#ifndef ENTRYPOINT_POD_INPUT_H
#define ENTRYPOINT_POD_INPUT_H

#include <base/arena.h>
#include <base/json.h>
#include <monopod/agent.h>
#include <monopod/spec.h>

/*
 * The run object, and the Pipelines, Tasks, StepActions, ServiceAccounts, ConfigMaps and
 * LimitRanges of the input that it leads to, as JSON, as they are written but for a status. The
 * run is the first, under the name that it has; one that was made from a name is written out.
 * Secrets and claims are not among them.
 */
struct pod_input {
	const struct spec *spec;
	const struct run_ref *run;
	const struct need *needs;
	size_t n_needs;
};
void pod_input(struct arena *a, const struct pod_input *in, struct str **ret, size_t *ret_n);

/* One object of the input as it is written, without its status. */
struct str pod_document(struct arena *a, const struct object_meta *meta, const char *kind);

/* A claim of the input as it is to be made, in the pod's namespace when that is known: its
 * name, labels, annotations and spec. */
struct str pod_claim_document(struct arena *a, const struct object_meta *meta, struct str ns);

#endif
