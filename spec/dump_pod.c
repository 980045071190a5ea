/* SPDX-License-Identifier: Apache-2.0 */
/* Resources, users, environments, volumes and pod templates as JSON, in Kubernetes' shape. */
#include "dump.h"

void dump_texts(
	struct json_writer *w, const char *key, const struct text *t, size_t n, bool given)
{
	if (!given)
		return;
	json_key(w, key);
	json_open(w, '[');
	for (size_t i = 0; i < n; i++)
		json_put_str(w, t[i].s);
	json_close(w, ']');
}

/* --- resources and users */

static void put_quantities(
	struct json_writer *w, const char *key, const struct resource *r, size_t n)
{
	if (!n)
		return;
	json_key(w, key);
	json_open(w, '{');
	for (size_t i = 0; i < n; i++) {
		json_keys(w, r[i].name.s);
		json_put_str(w, r[i].quantity.s);
	}
	json_close(w, '}');
}

void dump_resources(struct json_writer *w, const struct resources *r)
{
	if (!r->pos.line)
		return;
	json_key(w, "computeResources");
	json_open(w, '{');
	put_quantities(w, "limits", r->limits, r->n_limits);
	put_quantities(w, "requests", r->requests, r->n_requests);
	json_close(w, '}');
}

/* What a pod has beside it. */
static void put_pod_users(struct json_writer *w, const struct security_context *s)
{
	put_int(w, "fsGroup", s->fs_group);
	put_text(w, "fsGroupChangePolicy", s->fs_group_change_policy);
	if (json_list(w, "supplementalGroups", s->n_supplemental_groups)) {
		for (size_t i = 0; i < s->n_supplemental_groups; i++)
			json_put_int(w, s->supplemental_groups[i].v);
		json_close(w, ']');
	}
	put_text(w, "supplementalGroupsPolicy", s->supplemental_groups_policy);
}

void dump_security_context(struct json_writer *w, const struct security_context *s)
{
	if (!s->pos.line)
		return;
	json_key(w, "securityContext");
	json_open(w, '{');
	put_int(w, "runAsUser", s->run_as_user);
	put_int(w, "runAsGroup", s->run_as_group);
	put_bool(w, "runAsNonRoot", s->run_as_non_root);
	put_bool(w, "privileged", s->privileged);
	put_bool(w, "readOnlyRootFilesystem", s->read_only_root_filesystem);
	put_bool(w, "allowPrivilegeEscalation", s->allow_privilege_escalation);
	put_text(w, "procMount", s->proc_mount);
	if (s->n_cap_add || s->n_cap_drop) {
		json_key(w, "capabilities");
		json_open(w, '{');
		dump_texts(w, "add", s->cap_add, s->n_cap_add, s->n_cap_add != 0);
		dump_texts(w, "drop", s->cap_drop, s->n_cap_drop, s->n_cap_drop != 0);
		json_close(w, '}');
	}
	if (text_given(s->seccomp_type)) {
		json_key(w, "seccompProfile");
		json_open(w, '{');
		put_text(w, "type", s->seccomp_type);
		if (s->profile)
			put_text(w, "localhostProfile", s->profile->name);
		json_close(w, '}');
	}
	put_pod_users(w, s);
	json_close(w, '}');
}

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

/* The name of an object that may come of a param or a result, unlike names that the input
 * gives: whoever edits the writer's strings is to see the difference. */
static void put_object(struct json_writer *w, const char *key, struct text name)
{
	if (!text_given(name))
		return;
	json_key_as(w, str_z(key), STR("objectName"));
	json_put_str(w, name.s);
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
		put_object(w, "name", e->object_name);
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
		put_object(w, "name", e->object_name);
		put_bool(w, "optional", e->optional);
		json_close(w, '}');
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_env(struct json_writer *w, const struct env_var *env, size_t n)
{
	if (!json_list(w, "env", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", env[i].name);
		put_text(w, "value", env[i].value);
		put_value_from(w, &env[i]);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void dump_env(struct json_writer *w, const struct step *s)
{
	put_env_from(w, s);
	put_env(w, s->env, s->n_env);
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
		put_text(w, "recursiveReadOnly", m->recursive_read_only);
		put_text(w, "mountPath", m->mount_path);
		put_text(w, "subPath", m->sub_path);
		put_text(w, "mountPropagation", m->propagation);
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
	if (text_given(v->template_json))
		json_text_put_member(w, STR("volumeClaimTemplate"), v->template_json.s);
}

/* The members of every kind; those of other kinds are absent. */
static void put_members(struct json_writer *w, const struct volume_source *v, enum place at)
{
	bool secret = v->kind == VOLUME_SECRET && at != PLACE_PROJECTION;

	put_text(w, "medium", v->medium);
	put_text(w, "sizeLimit", v->size_limit);
	put_text(w, "claimName", v->claim_name);
	put_bool(w, "readOnly", v->read_only);
	put_object(w, secret ? "secretName" : "name", v->object_name);
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

/* --- pod templates */

static void put_dns_config(struct json_writer *w, const struct dns_config *d)
{
	if (!d->pos.line)
		return;
	open_member(w, "dnsConfig");
	dump_texts(w, "nameservers", d->nameservers, d->n_nameservers, d->n_nameservers != 0);
	dump_texts(w, "searches", d->searches, d->n_searches, d->n_searches != 0);
	if (json_list(w, "options", d->n_options)) {
		for (size_t i = 0; i < d->n_options; i++) {
			json_open(w, '{');
			put_text(w, "name", d->options[i].name);
			put_text(w, "value", d->options[i].value);
			json_close(w, '}');
		}
		json_close(w, ']');
	}
	json_close(w, '}');
}

static void put_host_aliases(struct json_writer *w, const struct pod_template *t)
{
	if (!json_list(w, "hostAliases", t->n_host_aliases))
		return;
	for (size_t i = 0; i < t->n_host_aliases; i++) {
		const struct host_alias *h = &t->host_aliases[i];

		json_open(w, '{');
		put_text(w, "ip", h->ip);
		dump_texts(w, "hostnames", h->hostnames, h->n_hostnames, h->n_hostnames != 0);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void pod_template_json(const struct pod_template *t, struct json_writer *w)
{
	json_open(w, '{');
	put_env(w, t->env, t->n_env);
	dump_security_context(w, &t->security_context);
	dump_volumes(w, t->volumes, t->n_volumes);
	put_text(w, "dnsPolicy", t->dns_policy);
	put_dns_config(w, &t->dns_config);
	put_host_aliases(w, t);
	for (size_t i = 0; i < POD_INERT_N; i++)
		if (text_given(t->inert[i]))
			json_text_put_member(
				w, str_z(pod_inert_key((enum pod_inert)i)), t->inert[i].s);
	json_close(w, '}');
}

static void put_container_resources(
	struct json_writer *w, const char *key, const struct container_resources *c, size_t n)
{
	if (!json_list(w, key, n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", c[i].name);
		dump_resources(w, &c[i].resources);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void pod_settings_json(const struct pod_settings *s, struct json_writer *w)
{
	if (s->pod_template.pos.line) {
		json_key(w, "podTemplate");
		pod_template_json(&s->pod_template, w);
	}
	put_container_resources(w, "stepSpecs", s->step_specs, s->n_step_specs);
	put_container_resources(w, "sidecarSpecs", s->sidecar_specs, s->n_sidecar_specs);
	dump_resources(w, &s->resources);
}
