/* SPDX-License-Identifier: Apache-2.0 */
/* Sidecars: containers that run beside the steps (tekton-semantics 3.1, 22). */
#include "decode.h"

#include <base/bounds.h>

#define REFUSED(name) .key = (name), .kind = FIELD_ANY, .flags = FIELD_REFUSED

enum { PORT_MAX = 65535 };

static const struct field port_fields[] = {
	{FIELD_TEXT_OF(struct container_port, "name", name)},
	{FIELD_OF(struct container_port, "containerPort", FIELD_INT, port), .min = 1,
		.max = PORT_MAX},
	{FIELD_TEXT_OF(struct container_port, "protocol", protocol)},
	{REFUSED("hostPort"), .why = "what a sidecar listens on is reached by its task alone"},
	{REFUSED("hostIP"), .why = "what a sidecar listens on is reached by its task alone"},
};
static const struct schema schema_port = {
	.what = "port",
	.size = sizeof(struct container_port),
	.at_pos = offsetof(struct container_port, pos),
	.fields = port_fields,
	.n_fields = ARRAY_SIZE(port_fields),
};

static const struct field sidecar_fields[] = {
	{FIELD_TEXT_OF(struct step, "name", name)},
	{FIELD_TEXT_OF(struct step, "script", script)},
	{FIELD_LIST_OF(struct step, "workspaces", workspaces, &schema_step_workspace)},
	{FIELD_LIST_OF(struct sidecar, "ports", ports, &schema_port)},
	{REFUSED("livenessProbe")},
	{REFUSED("readinessProbe")},
	{REFUSED("startupProbe")},
	{REFUSED("lifecycle")},
	{REFUSED("restartPolicy"), .why = "a sidecar that ends stays ended"},
	{REFUSED("stdin"), .why = "nobody is there to write to it"},
	{REFUSED("stdinOnce"), .why = "nobody is there to write to it"},
	{REFUSED("tty"), .why = "its output is a pipe"},
	{REFUSED("terminationMessagePath")},
	{REFUSED("terminationMessagePolicy")},
};
const struct schema schema_sidecar = {
	.what = "sidecar",
	.size = sizeof(struct sidecar),
	.at_pos = offsetof(struct sidecar, container.pos),
	.base = &schema_container, /* at offset 0 of the struct */
	.fields = sidecar_fields,
	.n_fields = ARRAY_SIZE(sidecar_fields),
};
_Static_assert(offsetof(struct sidecar, container) == 0, "its fields are those of a step");
