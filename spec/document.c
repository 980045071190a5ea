/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Single members of a document as written, in v1: what v1beta1 calls otherwise has v1's name
 * and place.
 */
#include "decode.h"
#include "yaml.h"

#include <base/bounds.h>
#include <monopod/spec.h>
#include <string.h>

/* metadata as written, with the name that generateName led to. */
static void put_metadata(
	const struct object_meta *meta, struct str metadata, struct json_writer *w)
{
	struct str key, value;
	json_open(w, '{');
	json_field(w, "name", meta->name.s);
	while (json_text_member(&metadata, &key, &value))
		if (!str_ieq(key, STR("name")))
			json_text_put_member(w, key, value);
	json_close(w, '}');
}

static const struct yaml_node *part_at(const struct yaml_node *n, size_t i)
{
	return n->type == YAML_LIST ? n->items[i] : n->pairs[i].value;
}

/* Text, or a list or map of text; null parts count as empty ones. */
static bool is_value(const struct yaml_node *n)
{
	if (n->type != YAML_LIST && n->type != YAML_MAP)
		return n->type == YAML_STRING || n->type == YAML_NULL;
	for (size_t i = 0; i < n->n; i++)
		if (part_at(n, i)->type != YAML_STRING && part_at(n, i)->type != YAML_NULL)
			return false;
	return true;
}

/* A value as Tekton keeps it: what is no value is the text of its JSON. */
static void put_param_value(const struct yaml_node *n, struct json_writer *w)
{
	if (is_value(n) && (n->type == YAML_LIST || n->type == YAML_MAP)) {
		json_open(w, n->type == YAML_LIST ? '[' : '{');
		for (size_t i = 0; i < n->n; i++) {
			if (n->type == YAML_MAP)
				json_keys(w, n->pairs[i].key);
			const struct yaml_node *part = part_at(n, i);
			json_put_str(w, part->type == YAML_STRING ? part->text : STR(""));
		}
		json_close(w, n->type == YAML_LIST ? ']' : '}');
		return;
	}
	if (is_value(n)) {
		json_put_str(w, n->type == YAML_STRING ? n->text : STR(""));
		return;
	}
	struct buf text cleanup_buf;
	struct json_writer inner;
	buf_init(&text, BOUND_SUBST_BYTES);
	json_writer_init(&inner, &text, 0);
	inner.go_escapes = true;
	yaml_json(n, YAML_SORTED, &inner);
	json_put_str(w, buf_str(&text));
}

static bool is_value_key(struct str key)
{
	return str_ieq(key, STR("value")) || str_ieq(key, STR("default"));
}

/* What surrounds a node and decides how its keys are read. */
enum place {
	PLACE_ANY,
	PLACE_PARAMS,     /* params and results carry their values as Tekton's objects do */
	PLACE_CONTAINERS, /* steps, sidecars, stepTemplate and what overrides them */
	PLACE_ENTRIES,    /* taskRunSpecs */
};

static const struct inner {
	const char *key;
	enum place place;
} inner_places[] = {
	{"params", PLACE_PARAMS},
	{"results", PLACE_PARAMS},
	{"steps", PLACE_CONTAINERS},
	{"sidecars", PLACE_CONTAINERS},
	{"stepTemplate", PLACE_CONTAINERS},
	{"stepOverrides", PLACE_CONTAINERS},
	{"sidecarOverrides", PLACE_CONTAINERS},
	{"taskRunSpecs", PLACE_ENTRIES},
};

/* v1beta1's name of a field and v1's. */
static const struct renamed {
	enum place place;
	const char *old, *now;
} renamed[] = {
	{PLACE_CONTAINERS, "resources", "computeResources"},
	{PLACE_ENTRIES, "taskServiceAccountName", "serviceAccountName"},
	{PLACE_ENTRIES, "taskPodTemplate", "podTemplate"},
	{PLACE_ENTRIES, "stepOverrides", "stepSpecs"},
	{PLACE_ENTRIES, "sidecarOverrides", "sidecarSpecs"},
	{PLACE_ANY, "stepOverrides", "stepSpecs"},
	{PLACE_ANY, "sidecarOverrides", "sidecarSpecs"},
};

struct document {
	struct json_writer *w;
	bool beta;
};

static struct str key_now(const struct document *doc, struct str key, enum place place)
{
	for (size_t i = 0; doc->beta && i < ARRAY_SIZE(renamed); i++)
		if (renamed[i].place == place && str_ieq(key, str_z(renamed[i].old)))
			return str_z(renamed[i].now);
	return key;
}

static enum place place_below(struct str key)
{
	for (size_t i = 0; i < ARRAY_SIZE(inner_places); i++)
		if (str_ieq(key, str_z(inner_places[i].key)))
			return inner_places[i].place;
	return PLACE_ANY;
}

static void put_node(const struct document *doc, const struct yaml_node *n, enum place place);

static void put_pair(const struct document *doc, const struct yaml_pair *pair, enum place place)
{
	json_keys(doc->w, key_now(doc, pair->key, place));
	if (place == PLACE_PARAMS && is_value_key(pair->key))
		put_param_value(pair->value, doc->w);
	else
		put_node(doc, pair->value, place_below(pair->key));
}

static void put_node(const struct document *doc, const struct yaml_node *n, enum place place)
{
	struct json_writer *w = doc->w;
	if (n->type == YAML_LIST) {
		json_open(w, '[');
		for (size_t i = 0; i < n->n; i++)
			put_node(doc, n->items[i], place);
		json_close(w, ']');
	} else if (n->type == YAML_MAP) {
		json_open(w, '{');
		for (size_t i = 0; i < n->n; i++)
			put_pair(doc, &n->pairs[i], place);
		json_close(w, '}');
	} else {
		yaml_json(n, YAML_AS_WRITTEN, w);
	}
}

static const struct yaml_node *find_key(const struct yaml_node *map, const char *key)
{
	for (size_t i = 0; map && map->type == YAML_MAP && i < map->n; i++)
		if (str_ieq(map->pairs[i].key, str_z(key)))
			return map->pairs[i].value;
	return NULL;
}

/* The spec of a v1beta1 PipelineRun: three members moved into others. */
static void put_beta_run(const struct document *doc, const struct yaml_node *n)
{
	static const char *const template[] = {"serviceAccountName", "podTemplate"};
	const struct yaml_node *timeout = find_key(n, "timeout");
	struct json_writer *w = doc->w;
	json_open(w, '{');
	for (size_t i = 0; i < n->n; i++) {
		struct str key = n->pairs[i].key;
		if (!str_ieq(key, str_z(template[0])) && !str_ieq(key, str_z(template[1])) &&
			!str_ieq(key, STR("timeout")))
			put_pair(doc, &n->pairs[i], PLACE_ANY);
	}
	if (timeout && timeout->type != YAML_NULL) {
		json_key(w, "timeouts");
		json_open(w, '{');
		json_key(w, "pipeline");
		put_node(doc, timeout, PLACE_ANY);
		json_close(w, '}');
	}
	if (find_key(n, template[0]) || find_key(n, template[1])) {
		json_key(w, "taskRunTemplate");
		json_open(w, '{');
		for (size_t i = 0; i < ARRAY_SIZE(template); i++) {
			const struct yaml_node *member = find_key(n, template[i]);
			if (!member)
				continue;
			json_key(w, template[i]);
			put_node(doc, member, PLACE_ANY);
		}
		json_close(w, '}');
	}
	json_close(w, '}');
}

static void put_spec(const struct object_meta *meta, struct json_writer *w)
{
	const struct yaml_node *n = find_key(meta->tree, "spec");
	const struct yaml_node *kind = yaml_get(meta->tree, "kind");
	struct document doc = {.w = w, .beta = str_ends(meta->api_version.s, STR("/v1beta1"))};
	if (!n)
		json_put_null(w);
	else if (doc.beta && n->type == YAML_MAP && kind && str_eqz(kind->text, "PipelineRun"))
		put_beta_run(&doc, n);
	else
		put_node(&doc, n, PLACE_ANY);
}

int document_keep(struct arena *a, struct object_meta *meta)
{
	struct buf text cleanup_buf;
	struct json_writer w;
	buf_init(&text, BOUND_OBJECT_BYTES);
	json_writer_init(&w, &text, 0);
	yaml_json(meta->tree, YAML_AS_WRITTEN, &w);
	meta->json = arena_str(a, buf_str(&text));
	if (text.full)
		return -1;
	buf_clear(&text);
	put_spec(meta, &w);
	meta->spec_json = arena_str(a, buf_str(&text));
	return text.full ? -1 : 0;
}

static struct str find_member(struct str object, const char *name)
{
	struct str key, value;
	while (json_text_member(&object, &key, &value))
		if (str_ieq(key, str_z(name)))
			return value;
	return STR_NONE;
}

void spec_object_json(const struct object_meta *meta, const char *member, struct json_writer *w)
{
	if (strcmp(member, "metadata") == 0)
		put_metadata(meta, find_member(meta->json, member), w);
	else if (strcmp(member, "spec") == 0 && meta->spec_json.n)
		json_put_text(w, meta->spec_json);
	else
		json_put_null(w);
}
