/* SPDX-License-Identifier: Apache-2.0 */
/* The Secrets of the input that become objects of a pod's own, and those that images are pulled
 * with. */
#ifndef ENTRYPOINT_POD_SECRET_H
#define ENTRYPOINT_POD_SECRET_H

#include "pod.h"

#include <base/map.h>

struct pod_secrets {
	struct arena *arena;
	struct str pod_name;
	const struct spec *spec;
	struct diags *diags;
	struct map own; /* name in the input: name in the cluster */
	VEC(struct pod_secret) list;
};
void pod_secrets_init(struct pod_secrets *s);

/*
 * The object's name in the cluster: that of a Secret of the pod's own when the input has one
 * with data, as the cluster's of that name may be another's; empty otherwise.
 */
struct str pod_secrets_own(struct pod_secrets *s, struct str name);

/*
 * imagePullSecrets of the pod: those of podTemplates (a JSON list, or empty) and of the
 * ServiceAccounts of the input that the run needs, each once. Empty: none. Diagnostics for
 * names that are none and for Secrets of a type that no kubelet pulls with.
 */
struct str pod_secrets_pull(struct pod_secrets *s, struct str of_templates,
	const struct need *needs, size_t n_needs);

#endif
