/* SPDX-License-Identifier: Apache-2.0 */
/* Steps and the step template: containers as Tekton writes them. */
#include "decode.h"

#include <base/bounds.h>
#include <base/err.h>
#include <base/num.h>
#include <monopod/name.h>

void decode_quantities(
	struct decode *d, const struct yaml_node *n, struct resource **ret, size_t *ret_n)
{
	if (n->type == YAML_NULL || !decode_expect(d, n, YAML_MAP, "map of quantities"))
		return;
	*ret = arena_new_array(d->arena, struct resource, n->n ? n->n : 1);
	*ret_n = n->n;
	for (size_t i = 0; i < n->n; i++) {
		const struct yaml_pair *pair = &n->pairs[i];
		const struct yaml_node *v = pair->value;
		struct resource *r = &(*ret)[i];
		size_t mark = path_enter(d, pair->key);
		r->name = (struct text){.s = pair->key, .pos = pair->key_node->pos};
		struct err err;
		int64_t milli;
		if (v->type == YAML_NUMBER || decode_expect(d, v, YAML_STRING, "quantity")) {
			struct str text = v->type == YAML_NUMBER ? v->json : v->text;
			r->quantity = (struct text){.s = text, .pos = v->pos};
			if (num_quantity_milli(text, &milli, &err) &&
				num_quantity(text, &milli, &err)) {
				d->broken = true;
				(void)decode_fail(d, "bad-quantity", v, "%s", err.msg);
			}
		}
		path_leave(d, mark);
	}
}

void decode_not_negative(struct decode *d, const struct yaml_node *n, struct str quantity)
{
	int64_t milli;

	if (num_quantity_milli(quantity, &milli, NULL) == 0 && milli < 0)
		(void)decode_fail(d, "bad-value", n,
			"Invalid value: \"" STR_FMT "\": must be greater than or equal to 0",
			STR_ARG(quantity));
}

enum whose { OF_CONTAINER, OF_CLAIM };

/* Nothing but storage is looked at of a claim, there and here. */
static bool is_standard(struct str name, enum whose whose)
{
	return whose == OF_CLAIM || str_eqz(name, "cpu") || str_eqz(name, "memory") ||
	       str_eqz(name, "ephemeral-storage") || str_starts(name, STR("hugepages-")) ||
	       str_chr(name, '/') >= 0;
}

/* What the API server says of a pod's containers (ValidateContainerResourceRequirements). */
static void check_resources(
	struct decode *d, enum whose whose, const struct resource *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct yaml_node name = {.pos = r[i].name.pos};
		struct yaml_node amount = {.pos = r[i].quantity.pos};
		size_t mark = path_enter(d, r[i].name.s);

		if (!is_standard(r[i].name.s, whose) ||
			(whose == OF_CONTAINER && !name_is_qualified(r[i].name.s)))
			(void)decode_fail(d, "bad-value", &name,
				"Invalid value: \"" STR_FMT
				"\": must be a standard resource type or fully qualified",
				STR_ARG(r[i].name.s));
		else
			decode_not_negative(d, &amount, r[i].quantity.s);
		path_leave(d, mark);
	}
}

static void decode_limits(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct resources *r = base;
	decode_quantities(d, n, &r->limits, &r->n_limits);
	check_resources(d, f->arg, r->limits, r->n_limits);
}

static void decode_requests(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct resources *r = base;
	decode_quantities(d, n, &r->requests, &r->n_requests);
	check_resources(d, f->arg, r->requests, r->n_requests);
}

static const struct field resources_fields[] = {
	{.key = "limits", .kind = FIELD_CALL, .call = decode_limits, .arg = OF_CONTAINER},
	{.key = "requests", .kind = FIELD_CALL, .call = decode_requests, .arg = OF_CONTAINER},
	{REFUSED("claims", "devices are a cluster's to allocate")},
};
const struct schema schema_resources = {
	.what = "computeResources",
	.size = sizeof(struct resources),
	.at_pos = offsetof(struct resources, pos),
	.fields = resources_fields,
	.n_fields = ARRAY_SIZE(resources_fields),
};

static const struct field claim_resources_fields[] = {
	{.key = "limits", .kind = FIELD_CALL, .call = decode_limits, .arg = OF_CLAIM},
	{.key = "requests", .kind = FIELD_CALL, .call = decode_requests, .arg = OF_CLAIM},
};
const struct schema schema_claim_resources = {
	.what = "resources of a claim",
	.size = sizeof(struct resources),
	.at_pos = offsetof(struct resources, pos),
	.fields = claim_resources_fields,
	.n_fields = ARRAY_SIZE(claim_resources_fields),
};

static void finish_when(struct decode *d, const struct yaml_node *n, void *base)
{
	(void)d;
	(void)n;
	struct when *w = base;
	w->op = WHEN_OTHER;
	if (str_eqz(w->operator_text.s, "in"))
		w->op = WHEN_IN;
	else if (str_eqz(w->operator_text.s, "notin"))
		w->op = WHEN_NOTIN;
}

static const struct field when_fields[] = {
	{FIELD_TEXT_OF(struct when, "input", input)},
	{FIELD_TEXT_OF(struct when, "operator", operator_text)},
	{FIELD_TEXTS_OF(struct when, "values", values),
		.at_pos = offsetof(struct when, values_pos)},
	{FIELD_TEXT_OF(struct when, "cel", cel), .flags = FIELD_REFUSED},
};
const struct schema schema_when = {
	.what = "when expression",
	.size = sizeof(struct when),
	.at_pos = offsetof(struct when, pos),
	.fields = when_fields,
	.n_fields = ARRAY_SIZE(when_fields),
	.finish = finish_when,
};

static const struct field step_workspace_fields[] = {
	{FIELD_TEXT_OF(struct step_workspace, "name", name)},
	{FIELD_TEXT_OF(struct step_workspace, "mountPath", mount_path)},
};
const struct schema schema_step_workspace = {
	.what = "step workspace",
	.size = sizeof(struct step_workspace),
	.fields = step_workspace_fields,
	.n_fields = ARRAY_SIZE(step_workspace_fields),
};

/* stdoutConfig, stderrConfig: {path} into a struct text. */
struct stream {
	struct text path;
};
static const struct field stream_fields[] = {
	{FIELD_TEXT_OF(struct stream, "path", path)},
};
static const struct schema schema_stream = {
	.what = "stream",
	.size = sizeof(struct stream),
	.fields = stream_fields,
	.n_fields = ARRAY_SIZE(stream_fields),
};

struct step_ref {
	struct text name;
};
static const struct field step_ref_fields[] = {
	{FIELD_TEXT_OF(struct step_ref, "name", name)},
	{REFUSED("resolver", WHY_RESOLVER)},
	{REFUSED("params", WHY_RESOLVER_PARAMS)},
};
static const struct schema schema_step_ref = {
	.what = "ref",
	.size = sizeof(struct step_ref),
	.fields = step_ref_fields,
	.n_fields = ARRAY_SIZE(step_ref_fields),
};

/* A reference without a name (a resolver's) still is one: checks must not miss an image. */
static void decode_step_ref(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct step *s = base;
	struct step_ref ref = {0};
	(void)f;
	if (n->type == YAML_NULL)
		return;
	decode_object(d, &schema_step_ref, n, &ref);
	s->ref_name = ref.name;
	if (!text_given(ref.name))
		s->ref_name = (struct text){.s = STR(""), .pos = n->pos};
}

/* What all containers have in common. */
static const struct field container_fields[] = {
	{FIELD_TEXT_OF(struct step, "image", image)},
	{FIELD_TEXTS_OF(struct step, "command", command),
		.at_pos = offsetof(struct step, command_pos)},
	{FIELD_TEXTS_OF(struct step, "args", args), .at_pos = offsetof(struct step, args_pos)},
	{FIELD_TEXT_OF(struct step, "workingDir", working_dir)},
	{FIELD_LIST_OF(struct step, "env", env, &schema_env)},
	{FIELD_LIST_OF(struct step, "envFrom", env_from, &schema_env_from)},
	{FIELD_OF(struct step, "computeResources", FIELD_OBJECT, resources), .flags = FIELD_V1,
		.schema = &schema_resources},
	{FIELD_OF(struct step, "resources", FIELD_OBJECT, resources), .flags = FIELD_BETA,
		.schema = &schema_resources},
	{FIELD_LIST_OF(struct step, "volumeMounts", volume_mounts, &schema_volume_mount)},
	{REFUSED("volumeDevices", "a step gets no block devices")},
	{FIELD_TEXT_OF(struct step, "imagePullPolicy", image_pull_policy)},
	{FIELD_OF(struct step, "securityContext", FIELD_OBJECT, security_context),
		.schema = &schema_security_context},
};
const struct schema schema_container = {
	.what = "container",
	.size = sizeof(struct step),
	.fields = container_fields,
	.n_fields = ARRAY_SIZE(container_fields),
};

#define WHY_INHERITED "it never had an effect on steps, and v1 has it no more"

/* v1beta1 still lists what it inherited from Kubernetes' containers. */
static const struct field beta_container_fields[] = {
	{REFUSED_BETA("ports", WHY_INHERITED)},
	{REFUSED_BETA("livenessProbe", WHY_INHERITED)},
	{REFUSED_BETA("readinessProbe", WHY_INHERITED)},
	{REFUSED_BETA("startupProbe", WHY_INHERITED)},
	{REFUSED_BETA("lifecycle", WHY_INHERITED)},
	{REFUSED_BETA("terminationMessagePath", WHY_INHERITED)},
	{REFUSED_BETA("terminationMessagePolicy", WHY_INHERITED)},
	{REFUSED_BETA("stdin", WHY_INHERITED)},
	{REFUSED_BETA("stdinOnce", WHY_INHERITED)},
	{REFUSED_BETA("tty", WHY_INHERITED)},
};
static const struct schema schema_any_container = {
	.what = "container",
	.size = sizeof(struct step),
	.base = &schema_container,
	.fields = beta_container_fields,
	.n_fields = ARRAY_SIZE(beta_container_fields),
};

static const struct field step_template_fields[] = {
	{FIELD_TEXT_OF(struct step, "name", name), .flags = FIELD_BETA},
};
const struct schema schema_step_template = {
	.what = "stepTemplate",
	.size = sizeof(struct step),
	.at_pos = offsetof(struct step, pos),
	.base = &schema_any_container,
	.fields = step_template_fields,
	.n_fields = ARRAY_SIZE(step_template_fields),
};

static const struct field step_fields[] = {
	{FIELD_TEXT_OF(struct step, "name", name)},
	{FIELD_TEXT_OF(struct step, "displayName", display_name)},
	{FIELD_TEXT_OF(struct step, "script", script)},
	{FIELD_OF(struct step, "timeout", FIELD_DURATION, timeout)},
	{FIELD_LIST_OF(struct step, "workspaces", workspaces, &schema_step_workspace)},
	{FIELD_TEXT_OF(struct step, "onError", on_error)},
	{FIELD_OF(struct step, "stdoutConfig", FIELD_OBJECT, stdout_path),
		.schema = &schema_stream},
	{FIELD_OF(struct step, "stderrConfig", FIELD_OBJECT, stderr_path),
		.schema = &schema_stream},
	{.key = "ref", .kind = FIELD_CALL, .call = decode_step_ref},
	{FIELD_LIST_OF(struct step, "params", params, &schema_param)},
	{FIELD_LIST_OF(struct step, "results", results, &schema_step_result)},
	{FIELD_LIST_OF(struct step, "when", when, &schema_when)},
};
const struct schema schema_step = {
	.what = "step",
	.size = sizeof(struct step),
	.at_pos = offsetof(struct step, pos),
	.base = &schema_any_container,
	.fields = step_fields,
	.n_fields = ARRAY_SIZE(step_fields),
};

/* A StepAction: the part of a step that it stands for, and params of its own (section 18). */
static const struct field step_action_fields[] = {
	{FIELD_TEXT_OF(struct step_action_spec, "description", description)},
	{FIELD_LIST_OF(struct step_action_spec, "params", params, &schema_param_spec)},
	{FIELD_TEXT_OF(struct step, "image", image)},
	{FIELD_TEXTS_OF(struct step, "command", command),
		.at_pos = offsetof(struct step, command_pos)},
	{FIELD_TEXTS_OF(struct step, "args", args), .at_pos = offsetof(struct step, args_pos)},
	{FIELD_LIST_OF(struct step, "env", env, &schema_env)},
	{FIELD_TEXT_OF(struct step, "script", script)},
	{FIELD_TEXT_OF(struct step, "workingDir", working_dir)},
	{FIELD_LIST_OF(struct step, "results", results, &schema_step_result)},
	{FIELD_OF(struct step, "securityContext", FIELD_OBJECT, security_context),
		.schema = &schema_security_context},
	{FIELD_LIST_OF(struct step, "volumeMounts", volume_mounts, &schema_volume_mount)},
};
const struct schema schema_step_action = {
	.what = "StepAction spec",
	.size = sizeof(struct step_action_spec),
	.at_pos = offsetof(struct step_action_spec, pos),
	.fields = step_action_fields,
	.n_fields = ARRAY_SIZE(step_action_fields),
};
_Static_assert(offsetof(struct step_action_spec, step) == 0, "its fields are those of a step");
