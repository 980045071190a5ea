/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of one pod, as JSON. The layout inside the pod is that of docs/kubernetes.md. */
#include "pod.h"

#include <base/base64.h>
#include <base/bounds.h>
#include <stdarg.h>

enum {
	DOCUMENT_BYTES = 32 * MIB,
	NOBODY = 65532,
	BACKOFF = 6, /* pods that a Job makes one after the other, as is its default */
	MODE_READ = 0444,
	MODE_SECRET = 0400,
};

struct rendering {
	struct arena *arena;
	const struct pod_plan *p;
	VEC(struct str) documents;
	struct json_writer w;
};

/* --- parts of all objects ---------------------------------------------------------------- */

static void put_labels(
	struct json_writer *w, const char *key, const struct pod_label *l, size_t n)
{
	if (!n)
		return;
	json_key(w, key);
	json_open(w, '{');
	for (size_t i = 0; i < n; i++) {
		json_keys(w, l[i].key);
		json_put_str(w, l[i].value);
	}
	json_close(w, '}');
}

static void put_meta(struct rendering *r, struct str name, bool of_pod)
{
	const struct pod_plan *p = r->p;
	const size_t n = of_pod ? p->n_labels : 0;
	struct pod_label *all = arena_new_array(r->arena, struct pod_label, n + 2);

	all[0] = (struct pod_label){STR("app.kubernetes.io/managed-by"), STR("monopod")};
	all[1] = (struct pod_label){STR("app.kubernetes.io/instance"), p->name};
	for (size_t i = 0; i < n; i++)
		all[i + 2] = p->labels[i];
	json_key(&r->w, "metadata");
	json_open(&r->w, '{');
	json_field_given(&r->w, "name", name);
	if (name.n && p->ns.n)
		json_field(&r->w, "namespace", p->ns);
	put_labels(&r->w, "labels", all, n + 2);
	if (of_pod)
		put_labels(&r->w, "annotations", p->annotations, p->n_annotations);
	json_close(&r->w, '}');
}

static void put_kind(struct json_writer *w, const char *version, const char *kind)
{
	json_fieldz(w, "apiVersion", version);
	json_fieldz(w, "kind", kind);
}

static void put_raw(struct json_writer *w, const char *key, struct str json)
{
	if (!json.n)
		return;
	json_key(w, key);
	json_put_raw(w, json);
}

/* One document: what put writes between its braces. */
static void document(struct rendering *r, void (*put)(struct rendering *r, size_t i), size_t i)
{
	struct buf out cleanup_buf = {0};

	buf_init(&out, DOCUMENT_BYTES);
	json_writer_init(&r->w, &out, 0);
	json_open(&r->w, '{');
	put(r, i);
	json_close(&r->w, '}');
	BUG_ON(out.full);
	vec_push(&r->documents, arena_str(r->arena, buf_str(&out)));
}

/* --- Secrets and ConfigMaps -------------------------------------------------------------- */

static void put_secret(struct rendering *r, size_t i)
{
	put_kind(&r->w, "v1", "Secret");
	put_meta(r, r->p->secrets[i].name, false);
	json_field(&r->w, "type", r->p->secrets[i].type);
	put_raw(&r->w, "data", r->p->secrets[i].data);
}

static struct str map_name(const struct rendering *r, size_t i)
{
	return i ? arena_printf(r->arena, STR_FMT "-input-%zu", STR_ARG(r->p->name), i)
		 : arena_printf(r->arena, STR_FMT "-input", STR_ARG(r->p->name));
}

static void put_files(struct rendering *r, const struct pod_map *m, bool binary)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_files; i++)
		n += m->files[i].is_binary == binary;
	if (!n)
		return;
	json_key(&r->w, binary ? "binaryData" : "data");
	json_open(&r->w, '{');
	for (size_t i = 0; i < m->n_files; i++) {
		struct buf text cleanup_buf = {0};

		if (m->files[i].is_binary != binary)
			continue;
		json_keys(&r->w, m->files[i].name);
		buf_init(&text, 4 * (size_t)MIB);
		if (binary)
			base64_add(&text, m->files[i].bytes, true);
		json_put_str(&r->w, binary ? buf_str(&text) : m->files[i].bytes);
	}
	json_close(&r->w, '}');
}

static void put_map(struct rendering *r, size_t i)
{
	put_kind(&r->w, "v1", "ConfigMap");
	put_meta(r, map_name(r, i), false);
	json_field_bool(&r->w, "immutable", true);
	put_files(r, &r->p->maps[i], false);
	put_files(r, &r->p->maps[i], true);
}

/* --- volumes ----------------------------------------------------------------------------- */

static void open_volume(struct rendering *r, const char *fmt, size_t i, const char *source)
{
	struct str name = i == SIZE_MAX ? str_z(fmt) : arena_printf(r->arena, "%s-%zu", fmt, i);

	json_open(&r->w, '{');
	json_field(&r->w, "name", name);
	json_key(&r->w, source);
	json_open(&r->w, '{');
}

static void close_volume(struct rendering *r)
{
	json_close(&r->w, '}');
	json_close(&r->w, '}');
}

static void put_claim_volume(struct rendering *r, const char *name, struct str claim)
{
	open_volume(r, name, SIZE_MAX, "persistentVolumeClaim");
	json_field(&r->w, "claimName", claim);
	close_volume(r);
}

/* An object that is missing is told by the task that needs it; a pod would wait for ever. */
static void put_named_volume(struct rendering *r, size_t i)
{
	const struct pod_volume *v = &r->p->volumes[i];

	switch (v->kind) {
	case POD_CLAIM:
		open_volume(r, "v", i, "persistentVolumeClaim");
		json_field(&r->w, "claimName", v->name);
		break;
	case POD_CLAIM_TEMPLATE:
		open_volume(r, "v", i, "ephemeral");
		put_raw(&r->w, "volumeClaimTemplate", v->json);
		break;
	case POD_CONFIG_MAP:
		open_volume(r, "v", i, "configMap");
		json_field(&r->w, "name", v->name);
		json_field_bool(&r->w, "optional", true);
		break;
	case POD_SECRET:
		open_volume(r, "v", i, "secret");
		json_field(&r->w, "secretName", v->object.n ? v->object : v->name);
		json_field_int(&r->w, "defaultMode", MODE_SECRET);
		if (!v->object.n)
			json_field_bool(&r->w, "optional", true);
		break;
	}
	close_volume(r);
}

static void put_input_volume(struct rendering *r)
{
	open_volume(r, "input", SIZE_MAX, "projected");
	json_field_int(&r->w, "defaultMode", MODE_READ);
	json_key(&r->w, "sources");
	json_open(&r->w, '[');
	for (size_t i = 0; i < r->p->n_maps; i++) {
		json_open(&r->w, '{');
		json_key(&r->w, "configMap");
		json_open(&r->w, '{');
		json_field(&r->w, "name", map_name(r, i));
		json_close(&r->w, '}');
		json_close(&r->w, '}');
	}
	json_close(&r->w, ']');
	close_volume(r);
}

static void put_info_volume(struct rendering *r)
{
	open_volume(r, "podinfo", SIZE_MAX, "downwardAPI");
	json_key(&r->w, "items");
	json_open(&r->w, '[');
	json_open(&r->w, '{');
	json_fieldz(&r->w, "path", "cancel");
	json_key(&r->w, "fieldRef");
	json_open(&r->w, '{');
	json_fieldz(&r->w, "fieldPath", "metadata.annotations['monopod/cancel']");
	json_close(&r->w, '}');
	json_close(&r->w, '}');
	json_close(&r->w, ']');
	close_volume(r);
}

static void put_volumes(struct rendering *r)
{
	const struct pod_plan *p = r->p;

	json_key(&r->w, "volumes");
	json_open(&r->w, '[');
	put_input_volume(r);
	put_info_volume(r);
	open_volume(r, "work", SIZE_MAX, "emptyDir");
	close_volume(r);
	if (p->run_claim.n)
		put_claim_volume(r, "run", p->run_claim);
	if (p->layout_claim.n)
		put_claim_volume(r, "layout", p->layout_claim);
	for (size_t i = 0; i < p->n_volumes; i++)
		put_named_volume(r, i);
	for (size_t i = 0; i < p->n_images; i++) {
		open_volume(r, "image", i, "image");
		json_field(&r->w, "reference", p->images[i].reference);
		json_fieldz(&r->w, "pullPolicy", "IfNotPresent");
		close_volume(r);
	}
	json_close(&r->w, ']');
}

static void put_mount(struct rendering *r, struct str volume, struct str path, bool read_only,
	struct str sub_path)
{
	json_open(&r->w, '{');
	json_field(&r->w, "name", volume);
	json_field(&r->w, "mountPath", path);
	if (read_only)
		json_field_bool(&r->w, "readOnly", true);
	json_field_given(&r->w, "subPath", sub_path);
	json_close(&r->w, '}');
}

static const char *volume_folder(const struct pod_volume *v)
{
	switch (v->kind) {
	case POD_CONFIG_MAP:
		return "objects/configmaps";
	case POD_SECRET:
		return "objects/secrets";
	case POD_CLAIM:
	case POD_CLAIM_TEMPLATE:
		break;
	}
	return "claims";
}

static void put_mounts(struct rendering *r)
{
	const struct pod_plan *p = r->p;

	json_key(&r->w, "volumeMounts");
	json_open(&r->w, '[');
	put_mount(r, STR("input"), STR("/monopod/input"), true, STR_NONE);
	put_mount(r, STR("podinfo"), STR("/monopod/podinfo"), true, STR_NONE);
	put_mount(r, STR("work"), STR("/monopod/work"), false, STR_NONE);
	if (p->run_claim.n)
		put_mount(r, STR("run"), STR("/monopod/run"), false, p->name);
	if (p->layout_claim.n)
		put_mount(r, STR("layout"), STR("/monopod/layout"), true, STR_NONE);
	if (p->has_secrets_meta)
		put_mount(r, STR("input"), STR("/monopod/objects/secrets.meta"), true,
			STR("secrets.meta"));
	for (size_t i = 0; i < p->n_volumes; i++) {
		const struct pod_volume *v = &p->volumes[i];

		put_mount(r, arena_printf(r->arena, "v-%zu", i),
			arena_printf(r->arena, "/monopod/%s/" STR_FMT, volume_folder(v),
				STR_ARG(v->name)),
			v->kind == POD_CONFIG_MAP || v->kind == POD_SECRET, STR_NONE);
	}
	for (size_t i = 0; i < p->n_images; i++)
		put_mount(r, arena_printf(r->arena, "image-%zu", i),
			arena_printf(r->arena, "/monopod/images/%zu", i), true, STR_NONE);
	json_close(&r->w, ']');
}

/* --- security ---------------------------------------------------------------------------- */

static void put_words(struct json_writer *w, const char *key, const char *word)
{
	json_key(w, key);
	json_open(w, '[');
	json_putz(w, word);
	json_close(w, ']');
}

static void put_seccomp(struct json_writer *w)
{
	json_key(w, "seccompProfile");
	json_open(w, '{');
	json_fieldz(w, "type", "RuntimeDefault");
	json_close(w, '}');
}

static void put_capabilities(struct json_writer *w, const char *key, const char *word)
{
	json_key(w, "capabilities");
	json_open(w, '{');
	put_words(w, key, word);
	json_close(w, '}');
}

static void put_container_security(struct rendering *r)
{
	struct json_writer *w = &r->w;

	if (r->p->profile == POD_DEFAULT)
		return;
	json_key(w, "securityContext");
	json_open(w, '{');
	switch (r->p->profile) {
	case POD_USERNS:
		put_capabilities(w, "add", "SYS_ADMIN");
		json_fieldz(w, "procMount", "Unmasked");
		put_seccomp(w);
		break;
	case POD_RESTRICTED:
		json_field_bool(w, "allowPrivilegeEscalation", false);
		put_capabilities(w, "drop", "ALL");
		put_seccomp(w);
		break;
	case POD_PRIVILEGED:
		json_field_bool(w, "privileged", true);
		break;
	case POD_DEFAULT:
		break;
	}
	json_close(w, '}');
}

static void put_pod_security(struct rendering *r)
{
	struct json_writer *w = &r->w;

	if (r->p->profile != POD_RESTRICTED)
		return;
	json_key(w, "securityContext");
	json_open(w, '{');
	json_field_bool(w, "runAsNonRoot", true);
	json_field_int(w, "runAsUser", NOBODY);
	json_field_int(w, "runAsGroup", NOBODY);
	json_field_int(w, "fsGroup", NOBODY);
	put_seccomp(w);
	json_close(w, '}');
}

/* --- the pod ----------------------------------------------------------------------------- */

/* Kubernetes replaces $(VAR) in arguments and makes $$ a $. */
static struct str escaped(struct arena *a, struct str s)
{
	struct buf out cleanup_buf = {0};

	buf_init(&out, DOCUMENT_BYTES);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '$')
			buf_addc(&out, '$');
		buf_addc(&out, s.p[i]);
	}
	return arena_str(a, buf_str(&out));
}

static void put_args(struct rendering *r)
{
	json_key(&r->w, "args");
	json_open(&r->w, '[');
	for (size_t i = 0; i < r->p->n_args; i++)
		json_put_str(&r->w, escaped(r->arena, r->p->args[i]));
	json_close(&r->w, ']');
}

/* Exit codes that are the end of a run: with the next start in its run directory it would only
 * be told again. All others are of an agent that was killed, or could not write. */
static void put_ends(struct rendering *r, const char *operator, bool has_success)
{
	static const int ends[] = {EXIT_RUN_OK, EXIT_RUN_FAILED, EXIT_INPUT, EXIT_PLACE,
		EXIT_SIGINT, EXIT_SIGTERM};
	struct json_writer *w = &r->w;

	json_fieldz(w, "operator", operator);
	json_key(w, "values");
	json_open(w, '[');
	for (size_t i = has_success ? 0 : 1; i < ARRAY_SIZE(ends); i++)
		json_put_int(w, ends[i]);
	json_close(w, ']');
}

/*
 * A run that has ended must not be started again, however it ended; one whose agent was killed
 * must be. A pod's own policy cannot tell the two apart, rules of a container can; those of a
 * Job do it for whole pods, and want that nothing is restarted inside them.
 */
static void put_restart_rules(struct rendering *r)
{
	struct json_writer *w = &r->w;

	if (!r->p->run_claim.n || r->p->is_job)
		return;
	json_fieldz(w, "restartPolicy", "Never");
	json_key(w, "restartPolicyRules");
	json_open(w, '[');
	json_open(w, '{');
	json_fieldz(w, "action", "Restart");
	json_key(w, "exitCodes");
	json_open(w, '{');
	put_ends(r, "NotIn", true);
	json_close(w, '}');
	json_close(w, '}');
	json_close(w, ']');
}

static void put_container(struct rendering *r)
{
	const struct pod_plan *p = r->p;
	struct json_writer *w = &r->w;

	json_open(w, '{');
	json_fieldz(w, "name", "monopod");
	json_field(w, "image", p->image);
	put_args(r);
	put_restart_rules(r);
	if (p->n_requests) {
		json_key(w, "resources");
		json_open(w, '{');
		json_key(w, "requests");
		json_open(w, '{');
		for (size_t i = 0; i < p->n_requests; i++) {
			json_keys(w, p->requests[i].name);
			json_put_str(w, p->requests[i].quantity);
		}
		json_close(w, '}');
		json_close(w, '}');
	}
	put_container_security(r);
	json_fieldz(w, "terminationMessagePath", "/dev/termination-log");
	json_fieldz(w, "terminationMessagePolicy", "File");
	put_mounts(r);
	json_close(w, '}');
}

static void put_placement(struct rendering *r)
{
	static const enum pod_inert order[] = {POD_NODE_SELECTOR, POD_TOLERATIONS, POD_AFFINITY,
		POD_TOPOLOGY_SPREAD, POD_PRIORITY_CLASS_NAME, POD_SCHEDULER_NAME,
		POD_RUNTIME_CLASS_NAME, POD_PULL_SECRETS};

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		put_raw(&r->w, pod_inert_key(order[i]), r->p->placement.json[order[i]]);
}

static void put_pod_spec(struct rendering *r)
{
	const struct pod_plan *p = r->p;
	struct json_writer *w = &r->w;

	json_key(w, "spec");
	json_open(w, '{');
	json_fieldz(w, "restartPolicy", p->run_claim.n && !p->is_job ? "OnFailure" : "Never");
	if (p->deadline_s)
		json_field_int(w, "activeDeadlineSeconds", p->deadline_s);
	json_field_int(w, "terminationGracePeriodSeconds", p->grace_s);
	json_field_given(w, "serviceAccountName", p->service_account);
	json_field_bool(w, "automountServiceAccountToken", false);
	json_field_bool(w, "enableServiceLinks", false);
	if (p->profile == POD_USERNS)
		json_field_bool(w, "hostUsers", false);
	put_pod_security(r);
	put_placement(r);
	json_key(w, "containers");
	json_open(w, '[');
	put_container(r);
	json_close(w, ']');
	put_volumes(r);
	json_close(w, '}');
}

/* A pod that its node lost does not count; the end of the run ends the Job; the rest counts. */
static void put_failure_policy(struct rendering *r)
{
	struct json_writer *w = &r->w;

	if (!r->p->run_claim.n)
		return;
	json_key(w, "podFailurePolicy");
	json_open(w, '{');
	json_key(w, "rules");
	json_open(w, '[');
	json_open(w, '{');
	json_fieldz(w, "action", "Ignore");
	json_key(w, "onPodConditions");
	json_open(w, '[');
	json_open(w, '{');
	json_fieldz(w, "type", "DisruptionTarget");
	json_fieldz(w, "status", "True");
	json_close(w, '}');
	json_close(w, ']');
	json_close(w, '}');
	json_open(w, '{');
	json_fieldz(w, "action", "FailJob");
	json_key(w, "onExitCodes");
	json_open(w, '{');
	json_fieldz(w, "containerName", "monopod");
	put_ends(r, "In", false);
	json_close(w, '}');
	json_close(w, '}');
	json_close(w, ']');
	json_close(w, '}');
}

static void put_pod(struct rendering *r, size_t i attr_unused)
{
	struct json_writer *w = &r->w;

	if (!r->p->is_job) {
		put_kind(w, "v1", "Pod");
		put_meta(r, r->p->name, true);
		put_pod_spec(r);
		return;
	}
	put_kind(w, "batch/v1", "Job");
	put_meta(r, r->p->name, true);
	json_key(w, "spec");
	json_open(w, '{');
	json_field_int(w, "backoffLimit", r->p->run_claim.n ? BACKOFF : 0);
	put_failure_policy(r);
	json_key(w, "template");
	json_open(w, '{');
	put_meta(r, STR_NONE, true);
	put_pod_spec(r);
	json_close(w, '}');
	json_close(w, '}');
}

void pod_render(struct arena *a, const struct pod_plan *p, struct str **ret, size_t *ret_n)
{
	struct rendering r = {.arena = a, .p = p};

	for (size_t i = 0; i < p->n_claims; i++)
		vec_push(&r.documents, p->claims[i]);
	for (size_t i = 0; i < p->n_secrets; i++)
		document(&r, put_secret, i);
	for (size_t i = 0; i < p->n_maps; i++)
		document(&r, put_map, i);
	document(&r, put_pod, 0);
	*ret = vec_freeze(&r.documents, a);
	*ret_n = r.documents.n;
	vec_release(&r.documents);
}
