/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes, mounts and environments as JSON, in Kubernetes' shape. */
#include "dump.h"

static void open_member(struct json_writer *w, const char *key)
{
	json_key(w, key);
	json_open(w, '{');
}

/* --- what a pod knows of itself */

static void put_field_ref(struct json_writer *w, const struct field_ref *r)
{
	if (!r->pos.line)
		return;
	open_member(w, "fieldRef");
	put_text(w, "apiVersion", r->api_version);
	put_text(w, "fieldPath", r->path);
	json_close(w, '}');
}

static void put_resource_ref(struct json_writer *w, const struct resource_ref *r)
{
	if (!r->pos.line)
		return;
	open_member(w, "resourceFieldRef");
	put_text(w, "containerName", r->container);
	put_text(w, "resource", r->resource);
	put_text(w, "divisor", r->divisor);
	json_close(w, '}');
}

/* --- env */

static void put_value_from(struct json_writer *w, const struct env_var *e)
{
	static const char *const keys[ENV_SOURCE_N] = {
		[ENV_CONFIG_MAP] = "configMapKeyRef", [ENV_SECRET] = "secretKeyRef"};

	if (!e->value_from.line)
		return;
	open_member(w, "valueFrom");
	put_field_ref(w, &e->field);
	put_resource_ref(w, &e->resource);
	if (keys[e->source]) {
		open_member(w, keys[e->source]);
		put_text(w, "name", e->object_name);
		put_text(w, "key", e->key);
		put_bool(w, "optional", e->optional);
		json_close(w, '}');
	}
	json_close(w, '}');
}

static void put_env_from(struct json_writer *w, const struct step *s)
{
	if (!json_list(w, "envFrom", s->n_env_from))
		return;
	for (size_t i = 0; i < s->n_env_from; i++) {
		const struct env_from *e = &s->env_from[i];

		json_open(w, '{');
		put_text(w, "prefix", e->prefix);
		open_member(w, e->source == ENV_SECRET ? "secretRef" : "configMapRef");
		put_text(w, "name", e->object_name);
		put_bool(w, "optional", e->optional);
		json_close(w, '}');
		json_close(w, '}');
	}
	json_close(w, ']');
}

void dump_env(struct json_writer *w, const struct step *s)
{
	put_env_from(w, s);
	if (!json_list(w, "env", s->n_env))
		return;
	for (size_t i = 0; i < s->n_env; i++) {
		json_open(w, '{');
		put_text(w, "name", s->env[i].name);
		put_text(w, "value", s->env[i].value);
		put_value_from(w, &s->env[i]);
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* --- mounts and volumes */

void dump_mounts(struct json_writer *w, const struct step *s)
{
	if (!json_list(w, "volumeMounts", s->n_volume_mounts))
		return;
	for (size_t i = 0; i < s->n_volume_mounts; i++) {
		const struct volume_mount *m = &s->volume_mounts[i];

		json_open(w, '{');
		put_text(w, "name", m->name);
		put_bool(w, "readOnly", m->read_only);
		put_text(w, "mountPath", m->mount_path);
		put_text(w, "subPath", m->sub_path);
		put_text(w, "subPathExpr", m->sub_path_expr);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_items(struct json_writer *w, const struct volume_source *v)
{
	if (!json_list(w, "items", v->n_items))
		return;
	for (size_t i = 0; i < v->n_items; i++) {
		json_open(w, '{');
		put_text(w, "key", v->items[i].key);
		put_text(w, "path", v->items[i].path);
		put_int(w, "mode", v->items[i].mode);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_files(struct json_writer *w, const struct volume_source *v)
{
	if (!json_list(w, "items", v->n_files))
		return;
	for (size_t i = 0; i < v->n_files; i++) {
		const struct downward_item *f = &v->files[i];

		json_open(w, '{');
		put_text(w, "path", f->path);
		put_field_ref(w, &f->field);
		put_resource_ref(w, &f->resource);
		put_int(w, "mode", f->mode);
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* A projection names a Secret by name, a volume by secretName. */
enum place { PLACE_VOLUME, PLACE_PROJECTION, PLACE_BINDING };

static void put_template(struct json_writer *w, const struct volume_source *v)
{
	open_member(w, "volumeClaimTemplate");
	if (text_given(v->template_name)) {
		open_member(w, "metadata");
		put_text(w, "name", v->template_name);
		json_close(w, '}');
	}
	json_close(w, '}');
}

/* The members of every kind; those of other kinds are absent. */
static void put_members(struct json_writer *w, const struct volume_source *v, enum place at)
{
	bool secret = v->kind == VOLUME_SECRET && at != PLACE_PROJECTION;

	put_text(w, "medium", v->medium);
	put_text(w, "sizeLimit", v->size_limit);
	put_text(w, "claimName", v->claim_name);
	put_bool(w, "readOnly", v->read_only);
	put_text(w, secret ? "secretName" : "name", v->object_name);
	put_items(w, v);
	put_files(w, v);
	put_int(w, "defaultMode", v->default_mode);
	put_bool(w, "optional", v->optional);
	put_text(w, "path", v->host_path);
	put_text(w, "type", v->host_path_type);
	put_text(w, "reference", v->image);
	put_text(w, "pullPolicy", v->pull_policy);
}

static const char *const source_keys[VOLUME_KIND_N] = {
	[VOLUME_EMPTY_DIR] = "emptyDir",
	[VOLUME_CLAIM] = "persistentVolumeClaim",
	[VOLUME_CLAIM_TEMPLATE] = "ephemeral",
	[VOLUME_CONFIG_MAP] = "configMap",
	[VOLUME_SECRET] = "secret",
	[VOLUME_PROJECTED] = "projected",
	[VOLUME_DOWNWARD_API] = "downwardAPI",
	[VOLUME_HOST_PATH] = "hostPath",
	[VOLUME_IMAGE] = "image",
};

static void put_projections(struct json_writer *w, const struct volume_source *v)
{
	if (!json_list(w, "sources", v->n_sources))
		return;
	for (size_t i = 0; i < v->n_sources; i++) {
		const struct volume_source *one = &v->sources[i];

		json_open(w, '{');
		if (source_keys[one->kind]) {
			open_member(w, source_keys[one->kind]);
			put_members(w, one, PLACE_PROJECTION);
			json_close(w, '}');
		}
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_source(struct json_writer *w, const struct volume_source *v, enum place at)
{
	if (!source_keys[v->kind])
		return;
	if (v->kind == VOLUME_CLAIM_TEMPLATE && at == PLACE_BINDING) {
		put_template(w, v);
		return;
	}
	open_member(w, source_keys[v->kind]);
	if (v->kind == VOLUME_CLAIM_TEMPLATE)
		put_template(w, v);
	else
		put_members(w, v, at);
	put_projections(w, v);
	json_close(w, '}');
}

void dump_volumes(struct json_writer *w, const struct volume *volumes, size_t n)
{
	if (!json_list(w, "volumes", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", volumes[i].name);
		put_source(w, &volumes[i].source, PLACE_VOLUME);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void workspace_binding_json(const struct workspace_binding *b, struct json_writer *w)
{
	json_open(w, '{');
	json_field(w, "name", b->name.s);
	json_field_given(w, "subPath", b->sub_path.s);
	put_source(w, &b->source, PLACE_BINDING);
	json_close(w, '}');
}
