/* SPDX-License-Identifier: Apache-2.0 */
/* Workspaces: declared by tasks and pipelines, used by pipeline tasks, bound by runs. */
#include "decode.h"

#include <base/err.h>
#include <base/num.h>

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

/*
 * The sources of workspaces, volumes and projections. The base of each is the struct
 * volume_source, which is the first member of what has it.
 */

/* sizeLimit: a quantity, written as text or as a number. */
static void decode_size_limit(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct volume_source *v = base;
	(void)f;
	if (n->type == YAML_NULL)
		return;
	if (n->type != YAML_NUMBER && !decode_expect(d, n, YAML_STRING, "quantity"))
		return;
	struct str text = n->type == YAML_NUMBER ? n->json : n->text;
	struct err err;
	int64_t bytes;
	if (num_quantity(text, &bytes, &err)) {
		d->broken = true;
		(void)decode_fail(d, "bad-quantity", n, "%s", err.msg);
		return;
	}
	v->size_limit = (struct text){.s = text, .pos = n->pos};
}

static const struct field empty_dir_fields[] = {
	{FIELD_TEXT_OF(struct volume_source, "medium", medium)},
	{.key = "sizeLimit", .kind = FIELD_CALL, .call = decode_size_limit},
};
static const struct schema schema_empty_dir = {
	.what = "emptyDir",
	.fields = empty_dir_fields,
	.n_fields = ARRAY_SIZE(empty_dir_fields),
};

static const struct field claim_fields[] = {
	{FIELD_TEXT_OF(struct volume_source, "claimName", claim_name)},
	{FIELD_OF(struct volume_source, "readOnly", FIELD_BOOL, read_only)},
};
static const struct schema schema_claim_source = {
	.what = "persistentVolumeClaim",
	.fields = claim_fields,
	.n_fields = ARRAY_SIZE(claim_fields),
};

static const struct field template_meta_fields[] = {
	{FIELD_TEXT_OF(struct volume_source, "name", template_name)},
};
static const struct schema schema_template_meta = {
	.what = "metadata",
	.open = true,
	.fields = template_meta_fields,
	.n_fields = ARRAY_SIZE(template_meta_fields),
};

static const struct field template_fields[] = {
	{.key = "apiVersion", .kind = FIELD_ANY},
	{.key = "kind", .kind = FIELD_ANY},
	{.key = "metadata", .kind = FIELD_OBJECT, .schema = &schema_template_meta},
	/* size, class and access modes: a directory has none of them */
	{.key = "spec", .kind = FIELD_ANY},
	{.key = "status", .kind = FIELD_ANY},
};
static const struct schema schema_template = {
	.what = "volumeClaimTemplate",
	.fields = template_fields,
	.n_fields = ARRAY_SIZE(template_fields),
};

static const struct field item_fields[] = {
	{FIELD_TEXT_OF(struct key_to_path, "key", key)},
	{FIELD_TEXT_OF(struct key_to_path, "path", path)},
	{FIELD_OF(struct key_to_path, "mode", FIELD_INT, mode), .min = 0, .max = 0777},
};
static const struct schema schema_item = {
	.what = "item",
	.size = sizeof(struct key_to_path),
	.fields = item_fields,
	.n_fields = ARRAY_SIZE(item_fields),
};

static const struct field projected_fields[] = {
	{FIELD_LIST_OF(struct volume_source, "items", items, &schema_item)},
	{FIELD_OF(struct volume_source, "optional", FIELD_BOOL, optional)},
	{FIELD_OF(struct volume_source, "defaultMode", FIELD_INT, default_mode), .min = 0,
		.max = 0777},
};
static const struct schema schema_files = {
	.what = "files",
	.fields = projected_fields,
	.n_fields = ARRAY_SIZE(projected_fields),
};

static const struct field config_map_fields[] = {
	{FIELD_TEXT_OF(struct volume_source, "name", object_name)},
};
static const struct schema schema_config_map_source = {
	.what = "configMap",
	.base = &schema_files,
	.fields = config_map_fields,
	.n_fields = ARRAY_SIZE(config_map_fields),
};

static const struct field secret_fields[] = {
	{FIELD_TEXT_OF(struct volume_source, "secretName", object_name)},
};
static const struct schema schema_secret_source = {
	.what = "secret",
	.base = &schema_files,
	.fields = secret_fields,
	.n_fields = ARRAY_SIZE(secret_fields),
};

/* Counts the sources, so that none and several can be told; the first is the one kept. */
static void decode_source(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct volume_source *v = base;
	if (n->type == YAML_NULL)
		return;
	if (v->n_kinds++ == 0) {
		v->kind = (enum volume_kind)f->arg;
		v->pos = n->pos;
	}
	if (f->schema)
		decode_object(d, f->schema, n, base);
}

#define SOURCE(name, source, of)                                                               \
	.key = (name), .kind = FIELD_CALL, .call = decode_source, .arg = (source),             \
	.schema = (of)

static const struct field binding_fields[] = {
	{FIELD_TEXT_OF(struct workspace_binding, "name", name)},
	{FIELD_TEXT_OF(struct workspace_binding, "subPath", sub_path)},
	{SOURCE("emptyDir", VOLUME_EMPTY_DIR, &schema_empty_dir)},
	{SOURCE("persistentVolumeClaim", VOLUME_CLAIM, &schema_claim_source)},
	{SOURCE("volumeClaimTemplate", VOLUME_CLAIM_TEMPLATE, &schema_template)},
	{SOURCE("configMap", VOLUME_CONFIG_MAP, &schema_config_map_source)},
	{SOURCE("secret", VOLUME_SECRET, &schema_secret_source)},
	{SOURCE("projected", VOLUME_PROJECTED, NULL), .flags = FIELD_REFUSED | FIELD_PRESENT},
	{SOURCE("csi", VOLUME_REFUSED, NULL), .flags = FIELD_REFUSED | FIELD_PRESENT},
};
_Static_assert(offsetof(struct workspace_binding, source) == 0, "sources decode in place");
const struct schema schema_workspace_binding = {
	.what = "workspace binding",
	.size = sizeof(struct workspace_binding),
	.fields = binding_fields,
	.n_fields = ARRAY_SIZE(binding_fields),
};
