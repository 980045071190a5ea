/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes and their sources, mounts, and what a pod knows of itself. The base of every source
 * is a struct volume_source, which is the first member of what has one.
 */
#include "decode.h"

#include <base/err.h>
#include <base/num.h>

#define NODE_WHY                                                                               \
	"a cluster's node mounts it; bind a directory with --volume or a hostPath instead"

/* --- what a pod knows of itself */

struct known_field {
	const char *path;
	const char *why; /* NULL: answered; else why not */
	bool in_env;
	bool in_files;
};
static const char node_why[] = "only a cluster's node could tell";
static const struct known_field known_fields[] = {
	{"metadata.name", NULL, true, true},
	{"metadata.namespace", NULL, true, true},
	{"metadata.uid", NULL, true, true},
	{"metadata.labels", NULL, false, true},
	{"metadata.annotations", NULL, false, true},
	{"spec.serviceAccountName", NULL, true, false},
	{"spec.nodeName", node_why, true, false},
	{"status.podIP", NULL, true, false},
	{"status.podIPs", NULL, true, false},
	{"status.hostIP", node_why, true, false},
	{"status.hostIPs", node_why, true, false},
};

/* metadata.labels['KEY'], metadata.annotations['KEY'] */
static bool is_subscript(struct str path)
{
	return (str_starts(path, STR("metadata.labels['")) ||
		       str_starts(path, STR("metadata.annotations['"))) &&
	       str_ends(path, STR("']"));
}

static void check_field_path(
	struct decode *d, const struct yaml_node *n, struct str path, bool in_env)
{
	if (is_subscript(path))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(known_fields); i++) {
		const struct known_field *k = &known_fields[i];

		if (!str_eqz(path, k->path) || !(in_env ? k->in_env : k->in_files))
			continue;
		if (k->why)
			decode_refuse_for(d, n, k->why, "fieldPath '%s'", k->path);
		return;
	}
	d->broken = true;
	(void)decode_fail(d, "invalid-value", n,
		"'fieldPath': \"" STR_FMT "\" is no field that %s can have", STR_ARG(path),
		in_env ? "an environment variable" : "a file");
}

enum asker { ASKER_ENV, ASKER_FILE };

static void decode_field_path(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct field_ref *ref = base;

	decode_text(d, n, &ref->path);
	if (text_given(ref->path))
		check_field_path(d, n, ref->path.s, f->arg == ASKER_ENV);
}

static void finish_field_ref(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct field_ref *ref = base;

	if (text_given(ref->path) || n->type == YAML_NULL)
		return;
	d->broken = true;
	(void)decode_fail(d, "missing-field", n, "'fieldPath' is missing");
}

#define FIELD_REF_SCHEMA(name, asker)                                                          \
	static const struct field name##_fields[] = {                                          \
		{.key = "fieldPath",                                                           \
			.kind = FIELD_CALL,                                                    \
			.call = decode_field_path,                                             \
			.arg = (asker)},                                                       \
		{FIELD_TEXT_OF(struct field_ref, "apiVersion", api_version)},                  \
	};                                                                                     \
	const struct schema name = {                                                           \
		.what = "fieldRef",                                                            \
		.size = sizeof(struct field_ref),                                              \
		.at_pos = offsetof(struct field_ref, pos),                                     \
		.fields = name##_fields,                                                       \
		.n_fields = ARRAY_SIZE(name##_fields),                                         \
		.finish = finish_field_ref,                                                    \
	}

FIELD_REF_SCHEMA(schema_env_field_ref, ASKER_ENV);
FIELD_REF_SCHEMA(schema_file_field_ref, ASKER_FILE);

static const char *const known_resources[] = {"limits.cpu", "limits.memory",
	"limits.ephemeral-storage", "requests.cpu", "requests.memory",
	"requests.ephemeral-storage"};

static void decode_resource_name(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct resource_ref *ref = base;

	(void)f;
	decode_text(d, n, &ref->resource);
	for (size_t i = 0; i < ARRAY_SIZE(known_resources); i++)
		if (str_eqz(ref->resource.s, known_resources[i]))
			return;
	if (!text_given(ref->resource))
		return;
	d->broken = true;
	(void)decode_fail(d, "invalid-value", n,
		"'resource': \"" STR_FMT
		"\" is none of limits.cpu, limits.memory, limits.ephemeral-storage, "
		"requests.cpu, requests.memory, requests.ephemeral-storage",
		STR_ARG(ref->resource.s));
}

/* A quantity, written as text or as a number. */
static void decode_quantity(struct decode *d, const struct yaml_node *n, struct text *ret)
{
	struct str text;
	struct err err;
	int64_t v;

	if (n->type == YAML_NULL)
		return;
	if (n->type != YAML_NUMBER && !decode_expect(d, n, YAML_STRING, "quantity"))
		return;
	text = n->type == YAML_NUMBER ? n->json : n->text;
	if (num_quantity_milli(text, &v, &err) && num_quantity(text, &v, &err)) {
		d->broken = true;
		(void)decode_fail(d, "bad-quantity", n, "%s", err.msg);
		return;
	}
	*ret = (struct text){.s = text, .pos = n->pos};
}

static void decode_divisor(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	(void)f;
	decode_quantity(d, n, &((struct resource_ref *)base)->divisor);
}

static void finish_resource_ref(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct resource_ref *ref = base;

	if (text_given(ref->resource) || n->type == YAML_NULL)
		return;
	d->broken = true;
	(void)decode_fail(d, "missing-field", n, "'resource' is missing");
}

static const struct field resource_ref_fields[] = {
	{FIELD_TEXT_OF(struct resource_ref, "containerName", container)},
	{.key = "resource", .kind = FIELD_CALL, .call = decode_resource_name},
	{.key = "divisor", .kind = FIELD_CALL, .call = decode_divisor},
};
const struct schema schema_resource_ref = {
	.what = "resourceFieldRef",
	.size = sizeof(struct resource_ref),
	.at_pos = offsetof(struct resource_ref, pos),
	.fields = resource_ref_fields,
	.n_fields = ARRAY_SIZE(resource_ref_fields),
	.finish = finish_resource_ref,
};

/* --- emptyDir, claims */

static void decode_size_limit(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct text *limit = &((struct volume_source *)base)->size_limit;

	(void)f;
	decode_quantity(d, n, limit);
	decode_not_negative(d, n, limit->s);
}

static void decode_medium(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct volume_source *v = base;

	(void)f;
	decode_text(d, n, &v->medium);
	if (str_starts(v->medium.s, STR("HugePages")))
		decode_refuse_for(d, n, "huge pages are a node's to give", "medium");
	else if (v->medium.s.n && !str_eqz(v->medium.s, "Memory"))
		(void)decode_fail(d, "invalid-value", n,
			"'medium': \"" STR_FMT "\" is neither \"\" nor \"Memory\"",
			STR_ARG(v->medium.s));
}

static const struct field empty_dir_fields[] = {
	{.key = "medium", .kind = FIELD_CALL, .call = decode_medium},
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
	{.key = "spec", .kind = FIELD_CALL, .call = decode_claim_spec},
	{.key = "status", .kind = FIELD_ANY},
};
static void finish_template(struct decode *d, const struct yaml_node *n, void *base)
{
	struct volume_source *v = base;

	decode_json(d, n, &v->template_json);
}

static const struct schema schema_template = {
	.what = "volumeClaimTemplate",
	.fields = template_fields,
	.n_fields = ARRAY_SIZE(template_fields),
	.finish = finish_template,
};

static const struct field ephemeral_fields[] = {
	{.key = "volumeClaimTemplate", .kind = FIELD_OBJECT, .schema = &schema_template},
};
static const struct schema schema_ephemeral = {
	.what = "ephemeral",
	.fields = ephemeral_fields,
	.n_fields = ARRAY_SIZE(ephemeral_fields),
};

/* --- files */

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

#define DEFAULT_MODE                                                                           \
	{                                                                                      \
		FIELD_OF(struct volume_source, "defaultMode", FIELD_INT, default_mode),        \
			.min = 0, .max = 0777                                                  \
	}

static const struct field keys_fields[] = {
	{FIELD_LIST_OF(struct volume_source, "items", items, &schema_item)},
	{FIELD_OF(struct volume_source, "optional", FIELD_BOOL, optional)},
};
static const struct schema schema_keys = {
	/* of an object, in a projection */
	.what = "keys",
	.fields = keys_fields,
	.n_fields = ARRAY_SIZE(keys_fields),
};
static const struct field mode_fields[] = {DEFAULT_MODE};
static const struct schema schema_keys_and_mode = {
	.what = "keys",
	.base = &schema_keys,
	.fields = mode_fields,
	.n_fields = ARRAY_SIZE(mode_fields),
};

static const struct field name_fields[] = {
	{FIELD_TEXT_OF(struct volume_source, "name", object_name)},
};
static const struct field secret_name_fields[] = {
	{FIELD_TEXT_OF(struct volume_source, "secretName", object_name)},
};
static const struct schema schema_config_map_source = {
	.what = "configMap",
	.base = &schema_keys_and_mode,
	.fields = name_fields,
	.n_fields = ARRAY_SIZE(name_fields),
};
static const struct schema schema_secret_source = {
	.what = "secret",
	.base = &schema_keys_and_mode,
	.fields = secret_name_fields,
	.n_fields = ARRAY_SIZE(secret_name_fields),
};

static void finish_downward_item(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct downward_item *item = base;

	if (!item->field.pos.line == !item->resource.pos.line)
		(void)decode_fail(d, "one-of", n,
			"a file of downwardAPI has either 'fieldRef' or 'resourceFieldRef'");
	if (item->resource.pos.line && !item->resource.container.s.n)
		(void)decode_fail(d, "missing-field", n,
			"resourceFieldRef: 'containerName' is missing; a file belongs to no "
			"container");
}

static const struct field downward_item_fields[] = {
	{FIELD_TEXT_OF(struct downward_item, "path", path)},
	{FIELD_OF(struct downward_item, "fieldRef", FIELD_OBJECT, field),
		.schema = &schema_file_field_ref},
	{FIELD_OF(struct downward_item, "resourceFieldRef", FIELD_OBJECT, resource),
		.schema = &schema_resource_ref},
	{FIELD_OF(struct downward_item, "mode", FIELD_INT, mode), .min = 0, .max = 0777},
};
static const struct schema schema_downward_item = {
	.what = "item",
	.size = sizeof(struct downward_item),
	.fields = downward_item_fields,
	.n_fields = ARRAY_SIZE(downward_item_fields),
	.finish = finish_downward_item,
};

static const struct field downward_fields[] = {
	{FIELD_LIST_OF(struct volume_source, "items", files, &schema_downward_item)},
};
static const struct schema schema_downward = {
	.what = "downwardAPI",
	.fields = downward_fields,
	.n_fields = ARRAY_SIZE(downward_fields),
};
static const struct schema schema_downward_and_mode = {
	.what = "downwardAPI",
	.base = &schema_downward,
	.fields = mode_fields,
	.n_fields = ARRAY_SIZE(mode_fields),
};

/* --- the sources */

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
#define REFUSED_SOURCE(name, because)                                                          \
	SOURCE(name, VOLUME_REFUSED, NULL), .flags = FIELD_REFUSED | FIELD_PRESENT,            \
					    .why = (because)

static const struct schema schema_projected_config_map = {
	.what = "configMap",
	.base = &schema_keys,
	.fields = name_fields,
	.n_fields = ARRAY_SIZE(name_fields),
};
static const struct schema schema_projected_secret = {
	.what = "secret",
	.base = &schema_keys,
	.fields = name_fields,
	.n_fields = ARRAY_SIZE(name_fields),
};

static void finish_projection(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct volume_source *v = base;

	if (v->n_kinds != 1)
		(void)decode_fail(d, "one-of", n, "a projected source has exactly one kind");
}

static const struct field projection_fields[] = {
	{SOURCE("configMap", VOLUME_CONFIG_MAP, &schema_projected_config_map)},
	{SOURCE("secret", VOLUME_SECRET, &schema_projected_secret)},
	{SOURCE("downwardAPI", VOLUME_DOWNWARD_API, &schema_downward)},
	{REFUSED_SOURCE("serviceAccountToken", "no API server is here that would accept one")},
	{REFUSED_SOURCE("clusterTrustBundle", "it is an object of a cluster")},
	{REFUSED_SOURCE("podCertificate", "a cluster's signer would have to issue it")},
};
static const struct schema schema_projection = {
	.what = "projected source",
	.size = sizeof(struct volume_source),
	.fields = projection_fields,
	.n_fields = ARRAY_SIZE(projection_fields),
	.finish = finish_projection,
};
static const struct field projected_fields[] = {
	{FIELD_LIST_OF(struct volume_source, "sources", sources, &schema_projection)},
	DEFAULT_MODE,
};
static const struct schema schema_projected = {
	.what = "projected",
	.fields = projected_fields,
	.n_fields = ARRAY_SIZE(projected_fields),
};

static const struct field common_fields[] = {
	{SOURCE("emptyDir", VOLUME_EMPTY_DIR, &schema_empty_dir)},
	{SOURCE("persistentVolumeClaim", VOLUME_CLAIM, &schema_claim_source)},
	{SOURCE("configMap", VOLUME_CONFIG_MAP, &schema_config_map_source)},
	{SOURCE("secret", VOLUME_SECRET, &schema_secret_source)},
	{SOURCE("projected", VOLUME_PROJECTED, &schema_projected)},
	{REFUSED_SOURCE("csi", "its driver runs on a cluster's node")},
};
static const struct schema schema_common_sources = {
	.what = "volume",
	.fields = common_fields,
	.n_fields = ARRAY_SIZE(common_fields),
};

static const struct field binding_fields[] = {
	{FIELD_TEXT_OF(struct workspace_binding, "name", name)},
	{FIELD_TEXT_OF(struct workspace_binding, "subPath", sub_path)},
	{SOURCE("volumeClaimTemplate", VOLUME_CLAIM_TEMPLATE, &schema_template)},
};
_Static_assert(offsetof(struct workspace_binding, source) == 0, "sources decode in place");
const struct schema schema_workspace_binding = {
	.what = "workspace binding",
	.size = sizeof(struct workspace_binding),
	.base = &schema_common_sources,
	.fields = binding_fields,
	.n_fields = ARRAY_SIZE(binding_fields),
};

/* --- volumes */

static void decode_host_path_type(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	static const char *const types[] = {
		"", "DirectoryOrCreate", "Directory", "FileOrCreate", "File"};
	struct volume_source *v = base;

	(void)f;
	decode_text(d, n, &v->host_path_type);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_eqz(v->host_path_type.s, types[i]))
			return;
	if (str_eqz(v->host_path_type.s, "Socket") ||
		str_eqz(v->host_path_type.s, "CharDevice") ||
		str_eqz(v->host_path_type.s, "BlockDevice")) {
		decode_refuse_for(d, n, "a step gets no sockets and devices of the machine",
			"hostPath of type " STR_FMT, STR_ARG(v->host_path_type.s));
		return;
	}
	(void)decode_fail(d, "invalid-value", n,
		"'type': \"" STR_FMT
		"\" is none of DirectoryOrCreate, Directory, FileOrCreate, File",
		STR_ARG(v->host_path_type.s));
}

static void finish_host_path(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct volume_source *v = base;

	if (!str_starts(v->host_path.s, STR("/")))
		(void)decode_fail(
			d, "invalid-value", n, "hostPath: 'path' must be an absolute path");
}

static const struct field host_path_fields[] = {
	{FIELD_TEXT_OF(struct volume_source, "path", host_path)},
	{.key = "type", .kind = FIELD_CALL, .call = decode_host_path_type},
};
static const struct schema schema_host_path = {
	.what = "hostPath",
	.fields = host_path_fields,
	.n_fields = ARRAY_SIZE(host_path_fields),
	.finish = finish_host_path,
};

static const struct field image_fields[] = {
	{FIELD_TEXT_OF(struct volume_source, "reference", image)},
	{FIELD_TEXT_OF(struct volume_source, "pullPolicy", pull_policy)},
};
static const struct schema schema_image = {
	.what = "image",
	.fields = image_fields,
	.n_fields = ARRAY_SIZE(image_fields),
};

#define NODE_SOURCE(name)                                                                      \
	{                                                                                      \
		REFUSED_SOURCE(name, NODE_WHY)                                                 \
	}

static const struct field volume_fields[] = {
	{FIELD_TEXT_OF(struct volume, "name", name)},
	{SOURCE("downwardAPI", VOLUME_DOWNWARD_API, &schema_downward_and_mode)},
	{SOURCE("ephemeral", VOLUME_CLAIM_TEMPLATE, &schema_ephemeral)},
	{SOURCE("hostPath", VOLUME_HOST_PATH, &schema_host_path)},
	{SOURCE("image", VOLUME_IMAGE, &schema_image)},
	NODE_SOURCE("awsElasticBlockStore"),
	NODE_SOURCE("azureDisk"),
	NODE_SOURCE("azureFile"),
	NODE_SOURCE("cephfs"),
	NODE_SOURCE("cinder"),
	NODE_SOURCE("fc"),
	NODE_SOURCE("flexVolume"),
	NODE_SOURCE("flocker"),
	NODE_SOURCE("gcePersistentDisk"),
	NODE_SOURCE("gitRepo"),
	NODE_SOURCE("glusterfs"),
	NODE_SOURCE("iscsi"),
	NODE_SOURCE("nfs"),
	NODE_SOURCE("photonPersistentDisk"),
	NODE_SOURCE("portworxVolume"),
	NODE_SOURCE("quobyte"),
	NODE_SOURCE("rbd"),
	NODE_SOURCE("scaleIO"),
	NODE_SOURCE("storageos"),
	NODE_SOURCE("vsphereVolume"),
};
_Static_assert(offsetof(struct volume, source) == 0, "sources decode in place");
const struct schema schema_volume = {
	.what = "volume",
	.size = sizeof(struct volume),
	.at_pos = offsetof(struct volume, pos),
	.base = &schema_common_sources,
	.fields = volume_fields,
	.n_fields = ARRAY_SIZE(volume_fields),
};

/* --- mounts */

static void decode_propagation(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct text *how = &((struct volume_mount *)base)->propagation;

	(void)f;
	decode_text(d, n, how);
	if (how->s.n && !str_eqz(how->s, "None"))
		decode_refuse_for(d, n,
			"what one container mounts is never seen by another here",
			"mountPropagation '" STR_FMT "'", STR_ARG(how->s));
}

/* A read-only mount is so with all below it: every value asks for no more than that. */
static void decode_recursive(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct text *how = &((struct volume_mount *)base)->recursive_read_only;

	(void)f;
	decode_text(d, n, how);
	if (how->s.n && !str_eqz(how->s, "Disabled") && !str_eqz(how->s, "IfPossible") &&
		!str_eqz(how->s, "Enabled"))
		(void)decode_fail(d, "invalid-value", n,
			"'recursiveReadOnly': \"" STR_FMT
			"\" is none of Disabled, IfPossible, Enabled",
			STR_ARG(how->s));
}

static void finish_mount(struct decode *d, const struct yaml_node *n, void *base)
{
	const struct volume_mount *m = base;

	if (n->type != YAML_MAP)
		return;
	if (!m->name.s.n && !yaml_get(n, "name"))
		(void)decode_fail(d, "missing-field", n, "volumeMount: 'name' is missing");
	if (!m->mount_path.s.n && !yaml_get(n, "mountPath"))
		(void)decode_fail(d, "missing-field", n, "volumeMount: 'mountPath' is missing");
	if (m->sub_path.s.n && m->sub_path_expr.s.n)
		(void)decode_fail(d, "one-of", n,
			"volumeMount: 'subPath' and 'subPathExpr' are mutually exclusive");
}

static const struct field mount_fields[] = {
	{FIELD_TEXT_OF(struct volume_mount, "name", name)},
	{FIELD_TEXT_OF(struct volume_mount, "mountPath", mount_path)},
	{FIELD_TEXT_OF(struct volume_mount, "subPath", sub_path)},
	{FIELD_TEXT_OF(struct volume_mount, "subPathExpr", sub_path_expr)},
	{FIELD_OF(struct volume_mount, "readOnly", FIELD_BOOL, read_only)},
	{.key = "recursiveReadOnly", .kind = FIELD_CALL, .call = decode_recursive},
	{.key = "mountPropagation", .kind = FIELD_CALL, .call = decode_propagation},
};
const struct schema schema_volume_mount = {
	.what = "volumeMount",
	.size = sizeof(struct volume_mount),
	.at_pos = offsetof(struct volume_mount, pos),
	.fields = mount_fields,
	.n_fields = ARRAY_SIZE(mount_fields),
	.finish = finish_mount,
};
