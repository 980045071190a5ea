/* SPDX-License-Identifier: Apache-2.0 */
/* Sidecars: containers that run beside the steps (tekton-semantics 3.1, 22). */
#include "decode.h"

static const struct field sidecar_fields[] = {
	{FIELD_TEXT_OF(struct step, "name", name)},
	{FIELD_TEXT_OF(struct step, "script", script)},
	{FIELD_LIST_OF(struct step, "workspaces", workspaces, &schema_step_workspace)},
	{FIELD_LIST_OF(struct sidecar, "ports", ports, &schema_port)},
	{.key = "livenessProbe",
		.kind = FIELD_CALL,
		.call = decode_probe,
		.arg = PROBE_LIVENESS},
	{.key = "readinessProbe",
		.kind = FIELD_CALL,
		.call = decode_probe,
		.arg = PROBE_READINESS},
	{.key = "startupProbe", .kind = FIELD_CALL, .call = decode_probe, .arg = PROBE_STARTUP},
	{.key = "lifecycle", .kind = FIELD_CALL, .call = decode_lifecycle},
	{REFUSED("restartPolicy", "a sidecar that ends stays ended")},
	{REFUSED("stdin", "nobody is there to write to it")},
	{REFUSED("stdinOnce", "nobody is there to write to it")},
	{REFUSED("tty", "its output is a pipe")},
	{REFUSED("terminationMessagePath", "its output is its message")},
	{REFUSED("terminationMessagePolicy", "its output is its message")},
};
const struct schema schema_sidecar = {
	.what = "sidecar",
	.size = sizeof(struct sidecar),
	.at_pos = offsetof(struct sidecar, container.pos),
	.base = &schema_container, /* at offset 0 of the struct */
	.fields = sidecar_fields,
	.n_fields = ARRAY_SIZE(sidecar_fields),
	.finish = finish_sidecar,
};
_Static_assert(offsetof(struct sidecar, container) == 0, "its fields are those of a step");
