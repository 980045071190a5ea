/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole documents: what all objects have in common, where the specs of Tekton's kinds go, and
 * the Kubernetes objects a run needs (ConfigMap, Secret, claims, accounts).
 */
#include "decode.h"

#include "yaml_scalar.h"
#include <base/base64.h>
#include <base/bounds.h>
#include <base/json.h>
#include <base/map.h>
#include <string.h>

static const struct field meta_fields[] = {
	{FIELD_TEXT_OF(struct object_meta, "name", name)},
	{FIELD_TEXT_OF(struct object_meta, "generateName", generate_name)},
	{FIELD_TEXT_OF(struct object_meta, "namespace", ns)},
	{FIELD_OF(struct object_meta, "labels", FIELD_LABELS, labels)},
	{FIELD_OF(struct object_meta, "annotations", FIELD_LABELS, annotations)},
};
/* The rest of metadata (uid, ownerReferences …) is the API server's; Tekton takes any key. */
static const struct schema schema_meta = {
	.what = "metadata",
	.size = sizeof(struct object_meta),
	.open = true,
	.fields = meta_fields,
	.n_fields = ARRAY_SIZE(meta_fields),
};

enum data_form { DATA_TEXT, DATA_BASE64 };
enum { DATA_KEY_MAX = 253 };

/* Keys become file names: letters, digits, '-', '_' and '.', but not the names of directories.
 */
static bool is_data_key(struct str key)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-_.";

	for (size_t i = 0; i < key.n; i++)
		if (!strchr(allowed, key.p[i]))
			return false;
	return key.n && key.n <= DATA_KEY_MAX && !str_eqz(key, ".") &&
	       !str_starts(key, STR(".."));
}

/* Makes room for n more entries, and finds those that are there by their key. */
static void data_grow(struct decode *d, struct data_object *o, size_t n, struct map *ret_old)
{
	struct data_entry *grown =
		arena_new_array(d->arena, struct data_entry, o->n_data + n + 1);
	map_init(ret_old, d->arena);
	for (size_t i = 0; i < o->n_data; i++) {
		grown[i] = o->data[i];
		(void)map_set(ret_old, grown[i].key, &grown[i]);
	}
	o->data = grown;
}

/* The bytes of one value; base64 is undone, strictly. */
static struct str data_bytes(
	struct decode *d, enum data_form form, const struct yaml_pair *pair)
{
	struct text text = {.s = STR("")};
	decode_text(d, pair->value, &text);
	struct str raw = text.s;
	if (form == DATA_BASE64 && base64_parse(d->arena, text.s, &raw)) {
		d->broken = true;
		(void)decode_fail(d, "bad-base64", pair->value,
			"'" STR_FMT "': illegal base64 data", STR_ARG(pair->key));
	}
	return raw;
}

/* Reads one map of data into the object; a value replaces an earlier one of the same key. */
static void decode_data(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct data_object *o = base;
	if (n->type == YAML_NULL || !decode_expect(d, n, YAML_MAP, "map[string]string"))
		return;
	decode_warn_keys(d, n);
	struct map old;
	data_grow(d, o, n->n, &old);
	for (size_t i = 0; i < n->n; i++) {
		const struct yaml_pair *pair = &n->pairs[i];
		size_t mark = path_enter(d, pair->key);
		struct data_entry *e = map_get(&old, pair->key);
		if (!is_data_key(pair->key))
			(void)decode_fail(d, "bad-key", pair->key_node,
				"a valid key must consist of alphanumeric characters, '-', "
				"'_' or '.', and be no directory");
		if (e && !o->is_secret && !d->secret)
			(void)decode_fail(d, "duplicate-key", pair->key_node,
				"'" STR_FMT "': duplicate of key present in data and "
				"binaryData",
				STR_ARG(pair->key));
		if (!e)
			e = &o->data[o->n_data++];
		e->key = pair->key;
		e->is_binary = !d->secret && f->arg == DATA_BASE64;
		e->value = data_bytes(d, (enum data_form)f->arg, pair);
		path_leave(d, mark);
	}
}

/* The API server keeps no more than this in one object. */
static void check_size(struct decode *d, const struct yaml_node *n, const struct data_object *o)
{
	size_t total = 0;

	for (size_t i = 0; i < o->n_data; i++)
		total += o->data[i].value.n;
	if (total > MIB)
		(void)decode_fail(d, "limit", n, "data: must have at most %d bytes", MIB);
}

static void finish_config_map(struct decode *d, const struct yaml_node *n, void *base)
{
	check_size(d, n, base);
}

/* Every object struct starts with its metadata, so one base serves them all. */
static const struct field object_fields[] = {
	{.key = "apiVersion", .kind = FIELD_ANY},
	{.key = "kind", .kind = FIELD_ANY},
	{.key = "metadata", .kind = FIELD_OBJECT, .schema = &schema_meta},
};
const struct schema schema_object = {
	.what = "object",
	.size = sizeof(struct object_meta),
	.fields = object_fields,
	.n_fields = ARRAY_SIZE(object_fields),
};

/* A status in the input is ignored, as the API server does. */
static const struct field task_fields[] = {
	{FIELD_OF(struct task, "spec", FIELD_OBJECT, spec), .schema = &schema_task_spec},
	{.key = "status", .kind = FIELD_ANY},
};
const struct schema schema_task_object = {
	.what = "Task",
	.size = sizeof(struct task),
	.base = &schema_object,
	.fields = task_fields,
	.n_fields = ARRAY_SIZE(task_fields),
};

static const struct field pipeline_fields[] = {
	{FIELD_OF(struct pipeline, "spec", FIELD_OBJECT, spec),
		.schema = &schema_pipeline_spec},
	{.key = "status", .kind = FIELD_ANY},
};
const struct schema schema_pipeline_object = {
	.what = "Pipeline",
	.size = sizeof(struct pipeline),
	.base = &schema_object,
	.fields = pipeline_fields,
	.n_fields = ARRAY_SIZE(pipeline_fields),
};

static const struct field pipeline_run_fields[] = {
	{.key = "spec", .kind = FIELD_OBJECT, .schema = &schema_pipeline_run},
	{.key = "status", .kind = FIELD_ANY},
};
const struct schema schema_pipeline_run_object = {
	.what = "PipelineRun",
	.size = sizeof(struct pipeline_run),
	.base = &schema_object,
	.fields = pipeline_run_fields,
	.n_fields = ARRAY_SIZE(pipeline_run_fields),
};

static const struct field task_run_fields[] = {
	{.key = "spec", .kind = FIELD_OBJECT, .schema = &schema_task_run},
	{.key = "status", .kind = FIELD_ANY},
};
const struct schema schema_task_run_object = {
	.what = "TaskRun",
	.size = sizeof(struct task_run),
	.base = &schema_object,
	.fields = task_run_fields,
	.n_fields = ARRAY_SIZE(task_run_fields),
};

static const struct field step_action_fields[] = {
	{FIELD_OF(struct step_action, "spec", FIELD_OBJECT, spec),
		.schema = &schema_step_action},
	{.key = "status", .kind = FIELD_ANY},
};
const struct schema schema_step_action_object = {
	.what = "StepAction",
	.size = sizeof(struct step_action),
	.base = &schema_object,
	.fields = step_action_fields,
	.n_fields = ARRAY_SIZE(step_action_fields),
};

static const struct field config_map_fields[] = {
	{.key = "data", .kind = FIELD_CALL, .call = decode_data, .arg = DATA_TEXT},
	{.key = "binaryData", .kind = FIELD_CALL, .call = decode_data, .arg = DATA_BASE64},
	{FIELD_OF(struct data_object, "immutable", FIELD_BOOL, immutable)},
};
const struct schema schema_config_map = {
	.what = "ConfigMap",
	.size = sizeof(struct data_object),
	.base = &schema_object,
	.fields = config_map_fields,
	.n_fields = ARRAY_SIZE(config_map_fields),
	.finish = finish_config_map,
};

/* stringData wins whatever the order in the file; it is read in the second of two passes. */
static const struct field secret_fields[] = {
	{.key = "data", .kind = FIELD_CALL, .call = decode_data, .arg = DATA_BASE64},
	{.key = "stringData", .kind = FIELD_ANY},
	{FIELD_TEXT_OF(struct data_object, "type", type)},
	{FIELD_OF(struct data_object, "immutable", FIELD_BOOL, immutable)},
};

const struct data_entry *data_find(const struct data_object *o, struct str key)
{
	for (size_t i = 0; i < o->n_data; i++)
		if (str_eq(o->data[i].key, key))
			return &o->data[i];
	return NULL;
}

/* What the API server wants in a Secret of a type. */
static void check_secret_type(
	struct decode *d, const struct yaml_node *n, const struct data_object *o)
{
	static const struct secret_type {
		const char *type;
		const char *key, *or_key;
		bool is_json; /* an object */
		bool is_text; /* not empty */
	} types[] = {
		{.type = "kubernetes.io/basic-auth", .key = "username", .or_key = "password"},
		{.type = "kubernetes.io/ssh-auth", .key = "ssh-privatekey", .is_text = true},
		{.type = "kubernetes.io/dockercfg", .key = ".dockercfg", .is_json = true},
		{.type = "kubernetes.io/dockerconfigjson",
			.key = ".dockerconfigjson",
			.is_json = true},
		{.type = "kubernetes.io/tls", .key = "tls.crt"},
		{.type = "kubernetes.io/tls", .key = "tls.key"},
	};
	struct yaml_node at = {.pos = text_given(o->type) ? o->type.pos : n->pos};

	if (!o->n_data && d->may_lack_data)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(types) && !d->broken; i++) {
		const struct secret_type *t = &types[i];
		const struct data_entry *e = data_find(o, str_z(t->key));
		struct json *v = NULL;

		if (!str_eqz(o->type.s, t->type))
			continue;
		if (t->is_text && e && !e->value.n)
			e = NULL;
		if (!e && !(t->or_key && data_find(o, str_z(t->or_key))))
			(void)decode_fail(d, "missing-field", &at,
				"data[%s]: required value of a Secret of type %s", t->key,
				t->type);
		else if (t->is_json && (json_parse(d->arena, e->value, MIB, &v, NULL) < 0 ||
					       v->kind != JSON_OBJECT))
			(void)decode_fail(d, "invalid-value", &at,
				"data[%s]: expected a JSON object", t->key);
	}
}

static void finish_secret(struct decode *d, const struct yaml_node *n, void *base)
{
	static const struct field as_text = {.key = "stringData", .arg = DATA_TEXT};
	for (size_t i = 0; n->type == YAML_MAP && i < n->n; i++) {
		if (!str_ieq(n->pairs[i].key, STR("stringData")))
			continue;
		size_t mark = path_enter(d, STR("stringData"));
		decode_data(d, &as_text, n->pairs[i].value, base);
		path_leave(d, mark);
	}
	check_size(d, n, base);
	check_secret_type(d, n, base);
}

const struct schema schema_secret = {
	.what = "Secret",
	.size = sizeof(struct data_object),
	.base = &schema_object,
	.fields = secret_fields,
	.n_fields = ARRAY_SIZE(secret_fields),
	.finish = finish_secret,
};

/* Size, class and access modes of a claim say nothing about a directory; they are read for
 * mistakes only. */
struct claim_spec {
	struct text *modes;
	size_t n_modes;
	struct text volume_mode;
	struct text class_name, volume_name, attributes_class;
	struct resources resources;
};

static void check_word(struct decode *d, const char *what, struct text t,
	const char *const *words, size_t n_words)
{
	struct yaml_node at = {.pos = t.pos};

	for (size_t i = 0; i < n_words; i++)
		if (str_eqz(t.s, words[i]))
			return;
	if (text_given(t))
		(void)decode_fail(d, "invalid-value", &at,
			"%s: unsupported value \"" STR_FMT "\"", what, STR_ARG(t.s));
}

static void finish_claim_spec(struct decode *d, const struct yaml_node *n, void *base)
{
	static const char *const modes[] = {
		"ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"};
	static const char *const volume_modes[] = {"Filesystem"};
	const struct claim_spec *c = base;

	(void)n;
	for (size_t i = 0; i < c->n_modes; i++)
		check_word(d, "accessModes", c->modes[i], modes, ARRAY_SIZE(modes));
	if (str_eqz(c->volume_mode.s, "Block")) {
		struct yaml_node at = {.pos = c->volume_mode.pos};
		decode_refuse_for(d, &at, "a claim is a directory, no block device",
			"volumeMode 'Block'");
	} else {
		check_word(d, "volumeMode", c->volume_mode, volume_modes,
			ARRAY_SIZE(volume_modes));
	}
}

#define CLONED "a claim is a directory, nothing is cloned or restored into it"

static const struct field claim_spec_fields[] = {
	{FIELD_TEXTS_OF(struct claim_spec, "accessModes", modes)},
	{FIELD_OF(struct claim_spec, "resources", FIELD_OBJECT, resources),
		.schema = &schema_claim_resources},
	{FIELD_TEXT_OF(struct claim_spec, "storageClassName", class_name)},
	{FIELD_TEXT_OF(struct claim_spec, "volumeName", volume_name)},
	{FIELD_TEXT_OF(struct claim_spec, "volumeMode", volume_mode)},
	{FIELD_TEXT_OF(struct claim_spec, "volumeAttributesClassName", attributes_class)},
	{.key = "selector", .kind = FIELD_ANY},
	{REFUSED("dataSource", CLONED)},
	{REFUSED("dataSourceRef", CLONED)},
};
static const struct schema schema_claim_spec = {
	.what = "PersistentVolumeClaim spec",
	.size = sizeof(struct claim_spec),
	.fields = claim_spec_fields,
	.n_fields = ARRAY_SIZE(claim_spec_fields),
	.finish = finish_claim_spec,
};

void decode_claim_spec(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base)
{
	struct claim_spec spec = {0};

	(void)f;
	(void)base;
	decode_object(d, &schema_claim_spec, n, &spec);
}

static const struct field claim_fields[] = {
	{.key = "spec", .kind = FIELD_CALL, .call = decode_claim_spec},
	{.key = "status", .kind = FIELD_ANY},
};
const struct schema schema_claim = {
	.what = "PersistentVolumeClaim",
	.size = sizeof(struct claim),
	.base = &schema_object,
	.fields = claim_fields,
	.n_fields = ARRAY_SIZE(claim_fields),
};

static const struct field object_ref_fields[] = {
	{FIELD_TEXT_OF(struct secret_ref, "name", name)},
	{.key = "kind", .kind = FIELD_ANY},
	{.key = "namespace", .kind = FIELD_ANY},
	{.key = "uid", .kind = FIELD_ANY},
	{.key = "apiVersion", .kind = FIELD_ANY},
	{.key = "resourceVersion", .kind = FIELD_ANY},
	{.key = "fieldPath", .kind = FIELD_ANY},
};
static const struct schema schema_secret_ref = {
	.what = "reference",
	.size = sizeof(struct secret_ref),
	.fields = object_ref_fields,
	.n_fields = ARRAY_SIZE(object_ref_fields),
};
static const struct field service_account_fields[] = {
	{FIELD_LIST_OF(struct service_account, "secrets", secrets, &schema_secret_ref)},
	{FIELD_LIST_OF(
		struct service_account, "imagePullSecrets", pull_secrets, &schema_secret_ref)},
	{FIELD_OF(
		struct service_account, "automountServiceAccountToken", FIELD_BOOL, automount)},
};
const struct schema schema_service_account = {
	.what = "ServiceAccount",
	.size = sizeof(struct service_account),
	.base = &schema_object,
	.fields = service_account_fields,
	.n_fields = ARRAY_SIZE(service_account_fields),
};
