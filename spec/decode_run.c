/* SPDX-License-Identifier: Apache-2.0 */
/* PipelineRun and TaskRun specs. */
#include "decode.h"

/* managedBy hands the run to another controller. */
static void decode_managed_by(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct text who = {0};
	(void)f;
	(void)base;
	decode_text(d, n, &who);
	if (who.s.n && !str_eqz(who.s, "tekton.dev/pipeline"))
		decode_refuse_for(d, n, "the run would be another controller's",
			"managedBy '" STR_FMT "'", STR_ARG(who.s));
}

static const struct field timeouts_fields[] = {
	{FIELD_OF(struct timeouts, "pipeline", FIELD_DURATION, pipeline)},
	{FIELD_OF(struct timeouts, "tasks", FIELD_DURATION, tasks)},
	{FIELD_OF(struct timeouts, "finally", FIELD_DURATION, finally)},
};
static const struct schema schema_timeouts = {
	.what = "timeouts",
	.size = sizeof(struct timeouts),
	.at_pos = offsetof(struct timeouts, pos),
	.fields = timeouts_fields,
	.n_fields = ARRAY_SIZE(timeouts_fields),
};

/* taskRunTemplate: its two members lie in the run itself. */
static const struct field template_fields[] = {
	{FIELD_TEXT_OF(struct pipeline_run, "serviceAccountName", service_account_name)},
	{FIELD_OF(struct pipeline_run, "podTemplate", FIELD_OBJECT, pod_template),
		.schema = &schema_pod_template},
};
static const struct schema schema_task_run_template = {
	.what = "taskRunTemplate",
	.fields = template_fields,
	.n_fields = ARRAY_SIZE(template_fields),
};

/* v1beta1 has other names for them. */
#define CONTAINER_RESOURCES(type, name, member, flag)                                          \
	{                                                                                      \
		FIELD_OF(type, name, FIELD_LIST, pod.member),                                  \
			.at_n = offsetof(type, pod.n_##member),                                \
			.schema = &schema_container_resources, .flags = (flag)                 \
	}
#define RESOURCES(type)                                                                        \
	CONTAINER_RESOURCES(type, "stepSpecs", step_specs, FIELD_V1),                          \
		CONTAINER_RESOURCES(type, "sidecarSpecs", sidecar_specs, FIELD_V1),            \
		CONTAINER_RESOURCES(type, "stepOverrides", step_specs, FIELD_BETA),            \
		CONTAINER_RESOURCES(type, "sidecarOverrides", sidecar_specs, FIELD_BETA),      \
	{                                                                                      \
		FIELD_OF(type, "computeResources", FIELD_OBJECT, pod.resources),               \
			.schema = &schema_resources                                            \
	}

static const struct field entry_fields[] = {
	{FIELD_TEXT_OF(struct task_run_spec_entry, "pipelineTaskName", pipeline_task_name)},
	{FIELD_TEXT_OF(struct task_run_spec_entry, "serviceAccountName", service_account_name),
		.flags = FIELD_V1},
	{FIELD_TEXT_OF(
		 struct task_run_spec_entry, "taskServiceAccountName", service_account_name),
		.flags = FIELD_BETA},
	{FIELD_OF(struct task_run_spec_entry, "metadata", FIELD_OBJECT, metadata),
		.schema = &schema_task_metadata},
	{FIELD_OF(struct task_run_spec_entry, "timeout", FIELD_DURATION, timeout)},
	{FIELD_OF(struct task_run_spec_entry, "podTemplate", FIELD_OBJECT, pod.pod_template),
		.flags = FIELD_V1, .schema = &schema_pod_template},
	{FIELD_OF(
		 struct task_run_spec_entry, "taskPodTemplate", FIELD_OBJECT, pod.pod_template),
		.flags = FIELD_BETA, .schema = &schema_pod_template},
	RESOURCES(struct task_run_spec_entry),
};
static const struct schema schema_entry = {
	.what = "taskRunSpecs entry",
	.size = sizeof(struct task_run_spec_entry),
	.at_pos = offsetof(struct task_run_spec_entry, pos),
	.fields = entry_fields,
	.n_fields = ARRAY_SIZE(entry_fields),
};

static void decode_pipeline_ref(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct pipeline_run *run = base;
	struct reference ref = {0};
	(void)f;
	if (n->type == YAML_NULL)
		return;
	run->pipeline_ref_pos = n->pos;
	decode_object(d, &schema_pipeline_ref, n, &ref);
	run->pipeline_ref = ref.name;
}

/* v1beta1's timeout is v1's timeouts.pipeline; giving both is refused there, too. */
static void decode_old_timeout(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct pipeline_run *run = base;
	(void)f;
	if (n->type == YAML_NULL)
		return;
	decode_duration(d, n, &run->old_timeout);
}

static void finish_pipeline_run(struct decode *d, const struct yaml_node *n, void *base)
{
	struct pipeline_run *run = base;
	struct yaml_node at = {.pos = run->old_timeout.pos};
	(void)n;
	if (!at.pos.line)
		return;
	size_t mark = path_enter(d, STR("timeout"));
	if (run->timeouts.pos.line)
		(void)decode_fail(d, "one-of", &at,
			"expected exactly one, got both: spec.timeout, spec.timeouts");
	path_leave(d, mark);
	run->timeouts.pipeline = run->old_timeout;
	run->timeouts.pos = at.pos;
}

static const struct field pipeline_run_fields[] = {
	{FIELD_OF(struct pipeline_run, "pipelineSpec", FIELD_OBJECT_PTR, pipeline_spec),
		.schema = &schema_pipeline_spec},
	{.key = "pipelineRef", .kind = FIELD_CALL, .call = decode_pipeline_ref},
	{FIELD_LIST_OF(struct pipeline_run, "params", params, &schema_param)},
	{FIELD_TEXT_OF(struct pipeline_run, "status", status)},
	{FIELD_OF(struct pipeline_run, "timeouts", FIELD_OBJECT, timeouts),
		.schema = &schema_timeouts},
	{.key = "timeout", .kind = FIELD_CALL, .flags = FIELD_BETA, .call = decode_old_timeout},
	{.key = "taskRunTemplate",
		.kind = FIELD_OBJECT,
		.flags = FIELD_V1,
		.schema = &schema_task_run_template},
	{FIELD_TEXT_OF(struct pipeline_run, "serviceAccountName", service_account_name),
		.flags = FIELD_BETA},
	{FIELD_OF(struct pipeline_run, "podTemplate", FIELD_OBJECT, pod_template),
		.flags = FIELD_BETA, .schema = &schema_pod_template},
	{FIELD_LIST_OF(
		struct pipeline_run, "workspaces", workspaces, &schema_workspace_binding)},
	{FIELD_LIST_OF(struct pipeline_run, "taskRunSpecs", task_run_specs, &schema_entry)},
	{.key = "managedBy", .kind = FIELD_CALL, .call = decode_managed_by},
	{REFUSED_BETA("resources", WHY_PIPELINE_RESOURCES)},
};
const struct schema schema_pipeline_run = {
	.what = "PipelineRun spec",
	.size = sizeof(struct pipeline_run),
	.at_pos = offsetof(struct pipeline_run, pos),
	.fields = pipeline_run_fields,
	.n_fields = ARRAY_SIZE(pipeline_run_fields),
	.finish = finish_pipeline_run,
};

/* In a TaskRun an apiVersion does not make a custom task (section 20). */
static void decode_run_task_ref(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct task_run *run = base;
	struct reference ref = {0};
	(void)f;
	if (n->type == YAML_NULL)
		return;
	run->task_ref_pos = n->pos;
	decode_object(d, &schema_task_ref, n, &ref);
	if (ref.kind.s.n && !str_eqz(ref.kind.s, "Task") && ref.api_version.s.n)
		refuse_kind(d, &ref);
	run->task_ref = ref.name;
	run->task_ref_kind = ref.kind;
}

static const struct field breakpoints_fields[] = {
	{FIELD_TEXT_OF(struct breakpoints, "onFailure", on_failure)},
	{FIELD_TEXTS_OF(struct breakpoints, "beforeSteps", before_steps)},
};
static const struct schema schema_breakpoints = {
	.what = "breakpoints",
	.size = sizeof(struct breakpoints),
	.fields = breakpoints_fields,
	.n_fields = ARRAY_SIZE(breakpoints_fields),
};

static const struct field debug_fields[] = {
	{FIELD_OF(struct task_debug, "breakpoints", FIELD_OBJECT, breakpoints),
		.schema = &schema_breakpoints},
};
static const struct schema schema_debug = {
	.what = "debug",
	.size = sizeof(struct task_debug),
	.fields = debug_fields,
	.n_fields = ARRAY_SIZE(debug_fields),
};

static const struct field task_run_fields[] = {
	{FIELD_LIST_OF(struct task_run, "params", params, &schema_param)},
	{FIELD_TEXT_OF(struct task_run, "serviceAccountName", service_account_name)},
	{.key = "taskRef", .kind = FIELD_CALL, .call = decode_run_task_ref},
	{FIELD_OF(struct task_run, "taskSpec", FIELD_OBJECT_PTR, task_spec),
		.schema = &schema_task_spec},
	{FIELD_TEXT_OF(struct task_run, "status", status)},
	{FIELD_TEXT_OF(struct task_run, "statusMessage", status_message)},
	{FIELD_OF(struct task_run, "retries", FIELD_INT, retries), .min = INT32_MIN,
		.max = INT32_MAX},
	{FIELD_OF(struct task_run, "timeout", FIELD_DURATION, timeout)},
	{FIELD_OF(struct task_run, "podTemplate", FIELD_OBJECT, pod.pod_template),
		.schema = &schema_pod_template},
	{FIELD_LIST_OF(struct task_run, "workspaces", workspaces, &schema_workspace_binding)},
	{.key = "managedBy", .kind = FIELD_CALL, .call = decode_managed_by},
	{FIELD_OF(struct task_run, "debug", FIELD_OBJECT, debug), .schema = &schema_debug},
	RESOURCES(struct task_run),
	{REFUSED_BETA("resources", WHY_PIPELINE_RESOURCES)},
};
const struct schema schema_task_run = {
	.what = "TaskRun spec",
	.size = sizeof(struct task_run),
	.at_pos = offsetof(struct task_run, pos),
	.fields = task_run_fields,
	.n_fields = ARRAY_SIZE(task_run_fields),
};
