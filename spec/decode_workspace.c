/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces: declared by tasks and pipelines, used by pipeline tasks. */
#include "decode.h"

static const struct field workspace_spec_fields[] = {
	{FIELD_TEXT_OF(struct workspace_spec, "name", name)},
	{FIELD_TEXT_OF(struct workspace_spec, "description", description)},
	{FIELD_TEXT_OF(struct workspace_spec, "mountPath", mount_path)},
	{FIELD_OF(struct workspace_spec, "readOnly", FIELD_BOOL, read_only)},
	{FIELD_OF(struct workspace_spec, "optional", FIELD_BOOL, optional)},
};
const struct schema schema_workspace_spec = {
	.what = "workspace",
	.size = sizeof(struct workspace_spec),
	.fields = workspace_spec_fields,
	.n_fields = ARRAY_SIZE(workspace_spec_fields),
};

static const struct field pipeline_workspace_fields[] = {
	{FIELD_TEXT_OF(struct pipeline_workspace_spec, "name", name)},
	{FIELD_TEXT_OF(struct pipeline_workspace_spec, "description", description)},
	{FIELD_OF(struct pipeline_workspace_spec, "optional", FIELD_BOOL, optional)},
};
const struct schema schema_pipeline_workspace_spec = {
	.what = "pipeline workspace",
	.size = sizeof(struct pipeline_workspace_spec),
	.fields = pipeline_workspace_fields,
	.n_fields = ARRAY_SIZE(pipeline_workspace_fields),
};

static const struct field workspace_use_fields[] = {
	{FIELD_TEXT_OF(struct workspace_use, "name", name)},
	{FIELD_TEXT_OF(struct workspace_use, "workspace", workspace)},
	{FIELD_TEXT_OF(struct workspace_use, "subPath", sub_path)},
};
const struct schema schema_workspace_use = {
	.what = "pipeline task workspace",
	.size = sizeof(struct workspace_use),
	.fields = workspace_use_fields,
	.n_fields = ARRAY_SIZE(workspace_use_fields),
};
