/* SPDX-License-Identifier: Apache-2.0 */
/* Names and ids that Tekton derives from other names (tekton-semantics 4). Pure functions. */
#ifndef AGENT_NAME_H
#define AGENT_NAME_H

#include <base/arena.h>
#include <base/str.h>
#include <stdint.h>

enum { NAME_MAX_BYTES = 63 };

/* parent + suffix (which carries its own "-"), at most 63 bytes, hashed when longer. */
struct str name_child(struct arena *a, struct str parent, struct str suffix);
/* A fanned-out child: name_child(parent, "-PT-i"), whose "-i" ending survives hashing. */
struct str name_fan_out(struct arena *a, struct str parent, struct str pt, size_t i);
/* The i-th of n task runs of a pipeline task; one alone has no index. */
struct str name_run(struct arena *a, struct str parent, struct str pt, size_t i, size_t n);
/* TR-pod, TR-pod-retry1 … */
struct str name_pod(struct arena *a, struct str task_run, size_t attempt);
/* "build", or "unnamed-2" for a step without a name; the container is "step-" before it. */
struct str name_step(struct arena *a, struct str name, size_t index);
/* The container of a sidecar: at most 63 characters, the last a letter or a digit. */
struct str name_sidecar(struct arena *a, struct str name);
/* pvc-0123456789: one name for all users of a claim template of one run. */
struct str name_claim(
	struct arena *a, struct str template_name, struct str workspace, struct str owner_uid);
/* A uuid that is always the same for the same two texts. */
struct str name_uid(struct arena *a, struct str owner_uid, struct str name);
/* n letters and digits in the alphabet of generateName, from a text. */
struct str name_letters(struct arena *a, struct str seed, size_t n);

/* Whether a pod takes it as the name of a container: RFC 1123, 63 characters of a-z, 0-9 and
 * '-'. */
bool name_is_label(struct str s);

#endif
