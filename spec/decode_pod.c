/* SPDX-License-Identifier: Apache-2.0 */
/* Environments and pod templates (sections 3.6, 23). */
#include "decode.h"

/* --- env */

struct object_key {
	struct text name;
	struct text key;
	struct maybe_bool optional;
};
static const struct field object_key_fields[] = {
	{FIELD_TEXT_OF(struct object_key, "name", name)},
	{FIELD_TEXT_OF(struct object_key, "key", key)},
	{FIELD_OF(struct object_key, "optional", FIELD_BOOL, optional)},
};
static void finish_object_key(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct object_key *k = base;

	if (n->type == YAML_MAP && !k->key.s.n && !yaml_get(n, "key"))
		(void)decode_fail(d, "missing-field", n, "'key' is missing");
}
static const struct schema schema_object_key = {
	.what = "key selector",
	.size = sizeof(struct object_key),
	.fields = object_key_fields,
	.n_fields = ARRAY_SIZE(object_key_fields),
	.finish = finish_object_key,
};

/* The first source is the one kept; their number tells none and several. */
static void set_source(struct env_var *e, int source)
{
	if (e->n_sources++ == 0)
		e->source = (enum env_source)source;
}

static void decode_object_key(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct env_var *e = base;
	struct object_key k = {0};

	if (n->type == YAML_NULL)
		return;
	set_source(e, f->arg);
	decode_object(d, &schema_object_key, n, &k);
	e->object_name = k.name;
	e->key = k.key;
	e->optional = k.optional;
}

static void decode_env_field(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct env_var *e = base;

	if (n->type == YAML_NULL)
		return;
	set_source(e, f->arg);
	decode_object(d, &schema_env_field_ref, n, &e->field);
}

static void decode_env_resource(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct env_var *e = base;

	if (n->type == YAML_NULL)
		return;
	set_source(e, f->arg);
	decode_object(d, &schema_resource_ref, n, &e->resource);
}

static const struct field value_from_fields[] = {
	{.key = "configMapKeyRef",
		.kind = FIELD_CALL,
		.call = decode_object_key,
		.arg = ENV_CONFIG_MAP},
	{.key = "secretKeyRef",
		.kind = FIELD_CALL,
		.call = decode_object_key,
		.arg = ENV_SECRET},
	{.key = "fieldRef", .kind = FIELD_CALL, .call = decode_env_field, .arg = ENV_FIELD},
	{.key = "resourceFieldRef",
		.kind = FIELD_CALL,
		.call = decode_env_resource,
		.arg = ENV_RESOURCE},
	{.key = "fileKeyRef",
		.kind = FIELD_ANY,
		.flags = FIELD_REFUSED | FIELD_PRESENT,
		.why = "it is not in the API that Tekton takes"},
};
static const struct schema schema_value_from = {
	.what = "valueFrom",
	.fields = value_from_fields,
	.n_fields = ARRAY_SIZE(value_from_fields),
};

/* As the API server checks it when a pod is made (Kubernetes, validateEnvVarValueFrom). */
static void finish_env(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct env_var *e = base;

	if (!e->value_from.line)
		return;
	if (e->n_sources != 1)
		(void)decode_fail(d, "one-of", n,
			"env '" STR_FMT "': valueFrom has exactly one of configMapKeyRef, "
			"secretKeyRef, fieldRef, resourceFieldRef",
			STR_ARG(e->name.s));
	if (e->value.s.n)
		(void)decode_fail(d, "one-of", n,
			"env '" STR_FMT "': value and valueFrom cannot both be given",
			STR_ARG(e->name.s));
}

static const struct field env_fields[] = {
	{FIELD_TEXT_OF(struct env_var, "name", name)},
	{FIELD_TEXT_OF(struct env_var, "value", value)},
	{.key = "valueFrom",
		.kind = FIELD_OBJECT,
		.at_pos = offsetof(struct env_var, value_from),
		.schema = &schema_value_from},
};
const struct schema schema_env = {
	.what = "env",
	.size = sizeof(struct env_var),
	.fields = env_fields,
	.n_fields = ARRAY_SIZE(env_fields),
	.finish = finish_env,
};

/* --- envFrom */

struct object_ref {
	struct text name;
	struct maybe_bool optional;
};
static const struct field object_ref_fields[] = {
	{FIELD_TEXT_OF(struct object_ref, "name", name)},
	{FIELD_OF(struct object_ref, "optional", FIELD_BOOL, optional)},
};
static const struct schema schema_object_ref = {
	.what = "reference",
	.size = sizeof(struct object_ref),
	.fields = object_ref_fields,
	.n_fields = ARRAY_SIZE(object_ref_fields),
};

static void decode_env_object(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct env_from *e = base;
	struct object_ref ref = {0};

	if (n->type == YAML_NULL)
		return;
	decode_object(d, &schema_object_ref, n, &ref);
	if (e->source != ENV_VALUE) {
		(void)decode_fail(d, "one-of", n,
			"envFrom: configMapRef and secretRef cannot both be given");
		return;
	}
	e->source = (enum env_source)f->arg;
	e->object_name = ref.name;
	e->optional = ref.optional;
}

static void finish_env_from(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct env_from *e = base;

	if (n->type == YAML_MAP && e->source == ENV_VALUE)
		(void)decode_fail(
			d, "one-of", n, "envFrom: configMapRef or secretRef is missing");
}

static const struct field env_from_fields[] = {
	{FIELD_TEXT_OF(struct env_from, "prefix", prefix)},
	{.key = "configMapRef",
		.kind = FIELD_CALL,
		.call = decode_env_object,
		.arg = ENV_CONFIG_MAP},
	{.key = "secretRef", .kind = FIELD_CALL, .call = decode_env_object, .arg = ENV_SECRET},
};
const struct schema schema_env_from = {
	.what = "envFrom",
	.size = sizeof(struct env_from),
	.at_pos = offsetof(struct env_from, pos),
	.fields = env_from_fields,
	.n_fields = ARRAY_SIZE(env_from_fields),
	.finish = finish_env_from,
};

/* --- pod templates */

static const struct field host_alias_fields[] = {
	{FIELD_TEXT_OF(struct host_alias, "ip", ip)},
	{FIELD_TEXTS_OF(struct host_alias, "hostnames", hostnames)},
};
static const struct schema schema_host_alias = {
	.what = "hostAliases entry",
	.size = sizeof(struct host_alias),
	.fields = host_alias_fields,
	.n_fields = ARRAY_SIZE(host_alias_fields),
};

static const struct field dns_option_fields[] = {
	{FIELD_TEXT_OF(struct dns_option, "name", name)},
	{FIELD_TEXT_OF(struct dns_option, "value", value)},
};
static const struct schema schema_dns_option = {
	.what = "option",
	.size = sizeof(struct dns_option),
	.fields = dns_option_fields,
	.n_fields = ARRAY_SIZE(dns_option_fields),
};
static const struct field dns_config_fields[] = {
	{FIELD_TEXTS_OF(struct dns_config, "nameservers", nameservers)},
	{FIELD_TEXTS_OF(struct dns_config, "searches", searches)},
	{FIELD_LIST_OF(struct dns_config, "options", options, &schema_dns_option)},
};
static const struct schema schema_dns_config = {
	.what = "dnsConfig",
	.size = sizeof(struct dns_config),
	.at_pos = offsetof(struct dns_config, pos),
	.fields = dns_config_fields,
	.n_fields = ARRAY_SIZE(dns_config_fields),
};

static void decode_dns_policy(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	static const char *const policies[] = {
		"", "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"};
	struct pod_template *t = base;

	(void)f;
	decode_text(d, n, &t->dns_policy);
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		if (str_eqz(t->dns_policy.s, policies[i]))
			return;
	(void)decode_fail(d, "invalid-value", n,
		"'dnsPolicy': \"" STR_FMT
		"\" is none of ClusterFirst, ClusterFirstWithHostNet, Default, None",
		STR_ARG(t->dns_policy.s));
}

static void finish_pod_template(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct pod_template *t = base;

	if (str_eqz(t->dns_policy.s, "None") && !t->dns_config.n_nameservers)
		(void)decode_fail(d, "missing-field", n,
			"dnsPolicy 'None' needs at least one of dnsConfig.nameservers");
}

#define INERT(name, which, type)                                                               \
	FIELD_OF(struct pod_template, name, FIELD_JSON, inert[which]), .arg = (type)
#define NO_EFFECT(name, which, type, because)                                                  \
	INERT(name, which, type), .flags = FIELD_NO_EFFECT, .why = (because)
#define PLACED "one pod runs every task, and it is placed already"

/* What would change the steps' world is carried out or refused; what places a pod cannot be. */
static const struct field pod_template_fields[] = {
	{FIELD_OF(struct pod_template, "securityContext", FIELD_OBJECT, security_context),
		.schema = &schema_pod_security_context},
	{FIELD_LIST_OF(struct pod_template, "env", env, &schema_env)},
	{FIELD_LIST_OF(struct pod_template, "volumes", volumes, &schema_volume)},
	{FIELD_LIST_OF(struct pod_template, "hostAliases", host_aliases, &schema_host_alias)},
	{.key = "dnsPolicy", .kind = FIELD_CALL, .call = decode_dns_policy},
	{FIELD_OF(struct pod_template, "dnsConfig", FIELD_OBJECT, dns_config),
		.schema = &schema_dns_config},
	{NO_EFFECT("nodeSelector", POD_NODE_SELECTOR, YAML_MAP, PLACED)},
	{NO_EFFECT("tolerations", POD_TOLERATIONS, YAML_LIST, PLACED)},
	{NO_EFFECT("affinity", POD_AFFINITY, YAML_MAP, PLACED)},
	{NO_EFFECT("topologySpreadConstraints", POD_TOPOLOGY_SPREAD, YAML_LIST, PLACED)},
	{NO_EFFECT("priorityClassName", POD_PRIORITY_CLASS_NAME, YAML_STRING, PLACED)},
	{NO_EFFECT("schedulerName", POD_SCHEDULER_NAME, YAML_STRING, PLACED)},
	{NO_EFFECT("runtimeClassName", POD_RUNTIME_CLASS_NAME, YAML_STRING,
		"one pod runs every task, with the runtime it has")},
	{NO_EFFECT("imagePullSecrets", POD_PULL_SECRETS, YAML_LIST,
		"images come from layouts and the store")},
	/* asks for no more than is true here: there is neither a token nor a service */
	{INERT("automountServiceAccountToken", POD_AUTOMOUNT_TOKEN, YAML_BOOL)},
	{INERT("enableServiceLinks", POD_SERVICE_LINKS, YAML_BOOL)},
	/* false asks for a user namespace, which every step has */
	{INERT("hostUsers", POD_HOST_USERS, YAML_BOOL), .flags = FIELD_REFUSED,
		.why = "a step always has a user namespace of its own"},
	{INERT("hostNetwork", POD_HOST_NETWORK, YAML_BOOL), .flags = FIELD_REFUSED,
		.why = "a step gets the network of the pod, which is not its to choose"},
};
const char *pod_inert_key(enum pod_inert which)
{
	const struct field *f = pod_template_fields;
	size_t i = 0;

	while (f[i].kind != FIELD_JSON ||
		f[i].at != offsetof(struct pod_template, inert[which])) {
		i++;
		BUG_ON(i == ARRAY_SIZE(pod_template_fields));
	}
	return f[i].key;
}

const struct schema schema_pod_template = {
	.what = "podTemplate",
	.size = sizeof(struct pod_template),
	.at_pos = offsetof(struct pod_template, pos),
	.fields = pod_template_fields,
	.n_fields = ARRAY_SIZE(pod_template_fields),
	.finish = finish_pod_template,
};

/* --- resources of containers by name */

static const struct field container_resources_fields[] = {
	{FIELD_TEXT_OF(struct container_resources, "name", name)},
	{FIELD_OF(struct container_resources, "computeResources", FIELD_OBJECT, resources),
		.flags = FIELD_V1, .schema = &schema_resources},
	{FIELD_OF(struct container_resources, "resources", FIELD_OBJECT, resources),
		.flags = FIELD_BETA, .schema = &schema_resources},
};
const struct schema schema_container_resources = {
	.what = "container resources",
	.size = sizeof(struct container_resources),
	.at_pos = offsetof(struct container_resources, pos),
	.fields = container_resources_fields,
	.n_fields = ARRAY_SIZE(container_resources_fields),
};
