/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline specs and their tasks. */
#include "decode.h"

#include <base/bounds.h>

static const struct field include_fields[] = {
	{FIELD_TEXT_OF(struct matrix_include, "name", name)},
	{FIELD_LIST_OF(struct matrix_include, "params", params, &schema_param)},
};
static const struct schema schema_include = {
	.what = "matrix include",
	.size = sizeof(struct matrix_include),
	.fields = include_fields,
	.n_fields = ARRAY_SIZE(include_fields),
};

static const struct field matrix_fields[] = {
	{FIELD_LIST_OF(struct matrix, "params", params, &schema_param)},
	{FIELD_LIST_OF(struct matrix, "include", include, &schema_include)},
};
static const struct schema schema_matrix = {
	.what = "matrix",
	.size = sizeof(struct matrix),
	.at_pos = offsetof(struct matrix, pos),
	.fields = matrix_fields,
	.n_fields = ARRAY_SIZE(matrix_fields),
};

/*
 * In a pipeline an apiVersion makes the reference one to a custom task, whatever it says
 * (section 20).
 */
static void decode_task_ref(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct pipeline_task *pt = base;
	struct reference ref = {0};
	(void)f;
	if (n->type == YAML_NULL)
		return;
	pt->task_ref_pos = n->pos;
	decode_object(d, &schema_task_ref, n, &ref);
	pt->task_ref = ref.name;
	pt->task_ref_kind = ref.kind;
	pt->task_ref_api_version = ref.api_version;
	if (ref.api_version.s.n) {
		size_t mark = path_enter(d, STR("apiVersion"));
		struct yaml_node at = {.pos = ref.api_version.pos};
		decode_refuse_for(d, &at, WHY_CUSTOM, "taskRef with apiVersion '" STR_FMT "'",
			STR_ARG(ref.api_version.s));
		path_leave(d, mark);
	}
}

static void decode_task_spec(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct pipeline_task *pt = base;
	(void)f;
	if (n->type == YAML_NULL)
		return;
	struct embedded_task *t = arena_new_object(d->arena, struct embedded_task);
	decode_object(d, &schema_embedded_task, n, t);
	pt->task_spec = &t->spec;
	pt->task_metadata = t->metadata;
}

static void decode_pipeline_ref(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct pipeline_task *pt = base;
	struct reference ref = {0};
	(void)f;
	if (n->type == YAML_NULL)
		return;
	pt->pipeline_ref_pos = n->pos;
	decode_object(d, &schema_pipeline_ref, n, &ref);
	pt->pipeline_ref = ref.name;
}

static const struct field pipeline_task_fields[] = {
	{FIELD_TEXT_OF(struct pipeline_task, "name", name)},
	{FIELD_TEXT_OF(struct pipeline_task, "displayName", display_name)},
	{FIELD_TEXT_OF(struct pipeline_task, "description", description)},
	{.key = "taskRef", .kind = FIELD_CALL, .call = decode_task_ref},
	{.key = "taskSpec", .kind = FIELD_CALL, .call = decode_task_spec},
	{.key = "pipelineRef", .kind = FIELD_CALL, .call = decode_pipeline_ref},
	{FIELD_OF(struct pipeline_task, "pipelineSpec", FIELD_OBJECT_PTR, pipeline_spec),
		.schema = &schema_pipeline_spec},
	{FIELD_LIST_OF(struct pipeline_task, "when", when, &schema_when)},
	{FIELD_OF(struct pipeline_task, "retries", FIELD_INT, retries), .min = INT32_MIN,
		.max = INT32_MAX},
	{FIELD_TEXTS_OF(struct pipeline_task, "runAfter", run_after)},
	{FIELD_LIST_OF(struct pipeline_task, "params", params, &schema_param)},
	{FIELD_OF(struct pipeline_task, "matrix", FIELD_OBJECT, matrix),
		.schema = &schema_matrix},
	{FIELD_LIST_OF(struct pipeline_task, "workspaces", workspaces, &schema_workspace_use)},
	{FIELD_OF(struct pipeline_task, "timeout", FIELD_DURATION, timeout)},
	{FIELD_TEXT_OF(struct pipeline_task, "onError", on_error)},
	{REFUSED_BETA("resources", WHY_PIPELINE_RESOURCES)},
};
static const struct schema schema_pipeline_task = {
	.what = "pipeline task",
	.size = sizeof(struct pipeline_task),
	.at_pos = offsetof(struct pipeline_task, pos),
	.fields = pipeline_task_fields,
	.n_fields = ARRAY_SIZE(pipeline_task_fields),
};

static const struct field pipeline_spec_fields[] = {
	{FIELD_TEXT_OF(struct pipeline_spec, "displayName", display_name)},
	{FIELD_TEXT_OF(struct pipeline_spec, "description", description)},
	{FIELD_LIST_OF(struct pipeline_spec, "params", params, &schema_param_spec)},
	{FIELD_LIST_OF(struct pipeline_spec, "workspaces", workspaces,
		&schema_pipeline_workspace_spec)},
	{FIELD_LIST_OF(struct pipeline_spec, "tasks", tasks, &schema_pipeline_task),
		.max = BOUND_TASKS},
	{FIELD_LIST_OF(struct pipeline_spec, "finally", finally, &schema_pipeline_task),
		.max = BOUND_TASKS},
	{FIELD_LIST_OF(struct pipeline_spec, "results", results, &schema_pipeline_result)},
	{REFUSED_BETA("resources", WHY_PIPELINE_RESOURCES)},
};
const struct schema schema_pipeline_spec = {
	.what = "pipeline spec",
	.size = sizeof(struct pipeline_spec),
	.at_pos = offsetof(struct pipeline_spec, pos),
	.fields = pipeline_spec_fields,
	.n_fields = ARRAY_SIZE(pipeline_spec_fields),
};
