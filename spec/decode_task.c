/* SPDX-License-Identifier: Apache-2.0 */
/* Task specs, alone and inside a pipeline, and references to tasks. */
#include "decode.h"

#include <base/bounds.h>

static const struct field task_spec_fields[] = {
	{FIELD_TEXT_OF(struct task_spec, "displayName", display_name)},
	{FIELD_TEXT_OF(struct task_spec, "description", description)},
	{FIELD_LIST_OF(struct task_spec, "params", params, &schema_param_spec)},
	{FIELD_LIST_OF(struct task_spec, "steps", steps, &schema_step), .max = BOUND_STEPS},
	{FIELD_OF(struct task_spec, "stepTemplate", FIELD_OBJECT_PTR, step_template),
		.schema = &schema_step_template},
	{FIELD_LIST_OF(struct task_spec, "sidecars", sidecars, &schema_sidecar),
		.max = BOUND_STEPS},
	{FIELD_LIST_OF(struct task_spec, "volumes", volumes, &schema_volume)},
	{FIELD_LIST_OF(struct task_spec, "workspaces", workspaces, &schema_workspace_spec)},
	{FIELD_LIST_OF(struct task_spec, "results", results, &schema_task_result)},
	{REFUSED_BETA("resources", WHY_PIPELINE_RESOURCES)},
};
const struct schema schema_task_spec = {
	.what = "task spec",
	.size = sizeof(struct task_spec),
	.at_pos = offsetof(struct task_spec, pos),
	.fields = task_spec_fields,
	.n_fields = ARRAY_SIZE(task_spec_fields),
};

static const struct field task_metadata_fields[] = {
	{FIELD_OF(struct task_metadata, "labels", FIELD_LABELS, labels)},
	{FIELD_OF(struct task_metadata, "annotations", FIELD_LABELS, annotations)},
};
const struct schema schema_task_metadata = {
	.what = "metadata",
	.size = sizeof(struct task_metadata),
	.fields = task_metadata_fields,
	.n_fields = ARRAY_SIZE(task_metadata_fields),
};

/* apiVersion, kind and spec make it a custom task (section 20). */
static const struct field embedded_task_fields[] = {
	{REFUSED("apiVersion", WHY_CUSTOM)},
	{REFUSED("kind", WHY_CUSTOM)},
	{REFUSED("spec", WHY_CUSTOM)},
	{FIELD_OF(struct embedded_task, "metadata", FIELD_OBJECT, metadata),
		.schema = &schema_task_metadata},
};
const struct schema schema_embedded_task = {
	.what = "taskSpec",
	.size = sizeof(struct embedded_task),
	.at_pos = offsetof(struct embedded_task, spec.pos),
	.base = &schema_task_spec, /* at offset 0 of the struct */
	.fields = embedded_task_fields,
	.n_fields = ARRAY_SIZE(embedded_task_fields),
};
_Static_assert(offsetof(struct embedded_task, spec) == 0, "base schema needs offset 0");

/* Kinds of tasks other than Task (ClusterTask, custom ones) are known to Tekton only. */
static void decode_task_kind(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct reference *ref = base;
	(void)f;
	decode_text(d, n, &ref->kind);
	ref->kind_node = n;
}

/* A resolver's reference has no name; checks that follow must not ask for one. */
static void finish_reference(struct decode *d, const struct yaml_node *n, void *base)
{
	struct reference *ref = base;
	(void)d;
	(void)n;
	if (!text_given(ref->name))
		ref->name = ref->resolver;
}

void refuse_kind(struct decode *d, const struct reference *ref)
{
	decode_refuse_for(d, ref->kind_node,
		str_eqz(ref->kind.s, "ClusterTask") ? WHY_CLUSTER_TASK : WHY_CUSTOM,
		"task kind '" STR_FMT "'", STR_ARG(ref->kind.s));
}

/* Beside an apiVersion the kind is a custom task's, which is refused as a whole. */
static void finish_task_ref(struct decode *d, const struct yaml_node *n, void *base)
{
	struct reference *ref = base;
	size_t mark;
	if (ref->kind.s.n && !str_eqz(ref->kind.s, "Task") && !ref->api_version.s.n) {
		mark = path_enter(d, STR("kind"));
		refuse_kind(d, ref);
		path_leave(d, mark);
	}
	finish_reference(d, n, base);
}

/* Of both kinds: a name, or what would fetch the object. */
static const struct field reference_fields[] = {
	{FIELD_TEXT_OF(struct reference, "name", name)},
	{FIELD_TEXT_OF(struct reference, "resolver", resolver), .flags = FIELD_REFUSED,
		.why = WHY_RESOLVER},
	{REFUSED("params", WHY_RESOLVER_PARAMS)},
	{REFUSED_BETA("bundle", WHY_RESOLVER)},
};
static const struct schema schema_reference = {
	.what = "reference",
	.size = sizeof(struct reference),
	.fields = reference_fields,
	.n_fields = ARRAY_SIZE(reference_fields),
};

static const struct field task_ref_fields[] = {
	{.key = "kind", .kind = FIELD_CALL, .call = decode_task_kind},
	{FIELD_TEXT_OF(struct reference, "apiVersion", api_version)},
};
const struct schema schema_task_ref = {
	.what = "taskRef",
	.size = sizeof(struct reference),
	.base = &schema_reference,
	.fields = task_ref_fields,
	.n_fields = ARRAY_SIZE(task_ref_fields),
	.finish = finish_task_ref,
};

/* pipelineRef.apiVersion says nothing that kind of reference does not say already. */
static void decode_pipeline_api_version(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct reference *ref = base;
	(void)f;
	decode_text(d, n, &ref->api_version);
	if (ref->api_version.s.n && !str_starts(ref->api_version.s, STR("tekton.dev/")))
		decode_refuse_for(d, n, "a Pipeline is of tekton.dev",
			"pipelineRef with apiVersion '" STR_FMT "'",
			STR_ARG(ref->api_version.s));
}

static const struct field pipeline_ref_fields[] = {
	{.key = "apiVersion", .kind = FIELD_CALL, .call = decode_pipeline_api_version},
};
const struct schema schema_pipeline_ref = {
	.what = "pipelineRef",
	.size = sizeof(struct reference),
	.base = &schema_reference,
	.fields = pipeline_ref_fields,
	.n_fields = ARRAY_SIZE(pipeline_ref_fields),
	.finish = finish_reference,
};
