/* SPDX-License-Identifier: Apache-2.0 */
/* What a run needs of a pod, and what of it a pod cannot give. */
#include "pod_gather.h"

#include "pod_input.h"
#include "pod_secret.h"
#include "pod_tasks.h"

#include <base/bounds.h>
#include <base/map.h>
#include <base/num.h>
#include <monopod/name.h>

#define VOLUMES_WORD "volumes"

enum {
	START_S = 300, /* for images and volumes: the pod's clock starts before the run's */
	GRACE_S = 5,   /* for the record after the run's own grace */
	OWN_CPU_MILLI = 100,
	OWN_MEMORY = 64 * MIB,
	NAME_MAX_BYTES = 63,
	OBJECT_BYTES = 64 * KIB,
	ANNOTATIONS_BYTES = 256 * KIB,
	ARG_BYTES = 120 * KIB,
	ARGS_BYTES =
		512 * KIB, /* of an object of 1.5 MiB, that may have the annotations twice */
};

struct gather {
	const struct pod_gather *in;
	struct arena *arena;
	struct pod_plan *p;
	struct need *needs;
	size_t n_needs;
	VEC(struct str) args;
	VEC(struct pod_volume) volumes;
	VEC(struct pod_image) images;
	VEC(struct pod_label) labels;
	VEC(struct pod_label) annotations;
	struct pod_secrets secrets;
	VEC(struct str) claims;
	VEC(struct pod_file) files; /* beside the input in the first ConfigMap */
	VEC(struct pod_request) requests;
	struct buf map; /* images.map */
	struct buf secrets_meta;
	struct json_writer meta; /* to secrets_meta; open from the first member on */
	VEC(struct image_lock_entry) locked;
};

static const struct object_meta *meta_of(const struct gather *g)
{
	const struct run_ref *run = g->in->run;

	return run->pipeline_run ? &run->pipeline_run->meta : &run->task_run->meta;
}

static void refuse(struct gather *g, struct pos pos, const char *fmt, ...) attr_printf(3, 4);
static void refuse(struct gather *g, struct pos pos, const char *fmt, ...)
{
	struct str text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vprintf(g->arena, fmt, ap);
	(void)diag_add(g->in->diags, DIAG_ERROR, "pod", pos, STR_FMT, STR_ARG(text));
	va_end(ap);
}

static void arg(struct gather *g, struct str word)
{
	vec_push(&g->args, word);
}

static void arg2(struct gather *g, const char *option, struct str value)
{
	arg(g, str_z(option));
	arg(g, value);
}

static void check_labels(struct gather *g, const struct labels *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!name_is_qualified(l->keys[i].s) || !name_is_label_value(l->values[i].s))
			refuse(g, l->keys[i].pos,
				"label '" STR_FMT "' is not one that "
				"Kubernetes takes",
				STR_ARG(l->keys[i].s));
}

/* --- claims, ConfigMaps, Secrets --------------------------------------------------------- */

static void mount_claim(struct gather *g, struct str name)
{
	arg2(g, "--volume",
		arena_printf(g->arena, STR_FMT "=/monopod/claims/" STR_FMT, STR_ARG(name),
			STR_ARG(name)));
}

/* It is made where the pod is: from elsewhere no pod can mount it. */
static bool check_claim_meta(struct gather *g, const struct object_meta *meta)
{
	const struct labels *l = &meta->annotations;
	const size_t n_before = g->in->diags->n_errors;

	if (meta->ns.s.n && g->p->ns.n && !str_eq(meta->ns.s, g->p->ns))
		refuse(g, meta->ns.pos,
			"claim '" STR_FMT "' is in namespace '" STR_FMT
			"', and the pod in '" STR_FMT "'",
			STR_ARG(meta->name.s), STR_ARG(meta->ns.s), STR_ARG(g->p->ns));
	check_labels(g, &meta->labels);
	for (size_t i = 0; i < l->n; i++)
		if (!name_is_annotation(l->keys[i].s))
			refuse(g, l->keys[i].pos,
				"annotation '" STR_FMT "' is not one that Kubernetes takes",
				STR_ARG(l->keys[i].s));
	return g->in->diags->n_errors == n_before;
}

static void need_claim(struct gather *g, const struct need *n)
{
	const struct claim *c = map_get(&g->in->spec->claim_by_name, n->name);
	struct json *doc = NULL;

	if (str_eq(n->name, g->p->run_claim))
		refuse(g, n->pos,
			"claim '" STR_FMT
			"' is the one of --run-claim: a step that has it would reach the run "
			"directory, and with it what other tasks are given",
			STR_ARG(n->name));
	vec_push(&g->volumes, ((struct pod_volume){.kind = POD_CLAIM, .name = n->name}));
	mount_claim(g, n->name);
	if (!c)
		return;
	(void)json_parse(g->arena, c->meta.spec_json, BOUND_OBJECT_BYTES, &doc, NULL);
	if (check_claim_meta(g, &c->meta) && pod_check_claim(doc, c->meta.pos, g->in->diags))
		vec_push(&g->claims, pod_claim_document(g->arena, &c->meta, g->p->ns));
}

/* An ephemeral volume takes no other metadata. */
static void put_template_meta(struct json_writer *w, const struct json *meta)
{
	static const char *const keys[] = {"labels", "annotations"};

	json_key(w, "metadata");
	json_open(w, '{');
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct json *v = json_get(meta, keys[i]);

		if (!v || v->kind == JSON_NULL)
			continue;
		json_key(w, keys[i]);
		json_put(w, v);
	}
	json_close(w, '}');
}

static void need_template(struct gather *g, const struct need *n)
{
	struct json *t = NULL;
	/* the claim that Kubernetes makes of an ephemeral volume is called POD-VOLUME */
	struct str claim =
		arena_printf(g->arena, STR_FMT "-v-%zu", STR_ARG(g->p->name), g->volumes.n);
	struct buf out cleanup_buf = {0};
	struct json_writer w;

	(void)json_parse(g->arena, n->json, BOUND_OBJECT_BYTES, &t, NULL);
	if (!json_get(t, "spec")) {
		refuse(g, n->pos,
			"volumeClaimTemplate of workspace '" STR_FMT
			"': no spec is written there",
			STR_ARG(n->name));
		return;
	}
	if (g->p->is_job && g->p->run_claim.n) {
		refuse(g, n->pos,
			"volumeClaimTemplate of workspace '" STR_FMT
			"': its claim ends with the pod, and with --job and --run-claim the "
			"run "
			"may go on in another: bind a claim",
			STR_ARG(n->name));
		return;
	}
	if (!pod_check_claim(json_get(t, "spec"), n->pos, g->in->diags) ||
		!pod_check_template_meta(json_get(t, "metadata"), n->pos, g->in->diags))
		return;
	buf_init(&out, BOUND_OBJECT_BYTES);
	json_writer_init(&w, &out, 0);
	json_open(&w, '{');
	put_template_meta(&w, json_get(t, "metadata"));
	json_key(&w, "spec");
	json_put(&w, json_get(t, "spec"));
	json_close(&w, '}');
	vec_push(&g->volumes, ((struct pod_volume){.kind = POD_CLAIM_TEMPLATE,
				      .name = claim,
				      .json = arena_str(g->arena, buf_str(&out))}));
	arg2(g, "--template-claim",
		arena_printf(g->arena, STR_FMT "=" STR_FMT, STR_ARG(n->name), STR_ARG(claim)));
	mount_claim(g, claim);
}

/* What a mounted Secret does not tell. */
static void add_secret_meta(struct gather *g, const struct data_object *o)
{
	const struct labels *l = &o->meta.annotations;
	struct json_writer *w = &g->meta;

	if (!o->type.s.n && !l->n)
		return;
	if (!w->depth)
		json_open(w, '{');
	json_keys(w, o->meta.name.s);
	json_open(w, '{');
	json_field_given(w, "type", o->type.s);
	json_key(w, "annotations");
	json_open(w, '{');
	for (size_t i = 0; i < l->n; i++) {
		if (!str_starts(l->keys[i].s, STR("tekton.dev/")))
			continue;
		json_keys(w, l->keys[i].s);
		json_put_str(w, l->values[i].s);
	}
	json_close(w, '}');
	json_close(w, '}');
}

static void need_secret(struct gather *g, const struct need *n)
{
	const struct data_object *o = map_get(&g->in->spec->secret_by_name, n->name);
	struct pod_volume v = {.kind = POD_SECRET, .name = n->name};

	if (o)
		add_secret_meta(g, o);
	v.object = pod_secrets_own(&g->secrets, n->name);
	vec_push(&g->volumes, v);
}

static void gather_need(struct gather *g, const struct need *n)
{
	static const char *const what[NEED_KIND_N] = {
		"claim", "workspace", "ConfigMap", "Secret", "ServiceAccount", "hostPath"};

	if (n->kind == NEED_HOST_PATH) {
		refuse(g, n->pos,
			"hostPath '" STR_FMT "': a pod does not get a directory of its node",
			STR_ARG(n->name));
		return;
	}
	if (n->kind == NEED_ACCOUNT)
		return;
	if (n->kind != NEED_CLAIM_TEMPLATE && !name_is_dns_subdomain(n->name)) {
		refuse(g, n->pos,
			str_has(n->name, STR("$("))
				? "%s '" STR_FMT "': its name is known only while the run is "
				  "under way, and the volumes of a pod are known before"
				: "%s '" STR_FMT "' is not a name that Kubernetes takes",
			what[n->kind], STR_ARG(n->name));
		return;
	}
	if (n->kind == NEED_CLAIM)
		need_claim(g, n);
	else if (n->kind == NEED_CLAIM_TEMPLATE)
		need_template(g, n);
	else if (n->kind == NEED_SECRET)
		need_secret(g, n);
	else if (!map_has(&g->in->spec->config_map_by_name, n->name))
		vec_push(&g->volumes,
			((struct pod_volume){.kind = POD_CONFIG_MAP, .name = n->name}));
}

static bool has_objects(const struct gather *g)
{
	for (size_t i = 0; i < g->volumes.n; i++)
		if (g->volumes.p[i].kind == POD_CONFIG_MAP ||
			g->volumes.p[i].kind == POD_SECRET)
			return true;
	return false;
}

static void gather_needs(struct gather *g)
{
	for (size_t i = 0; i < g->n_needs; i++)
		gather_need(g, &g->needs[i]);
	if (has_objects(g))
		arg2(g, "--object-dir", STR("/monopod/objects"));
	if (!g->secrets_meta.n)
		return;
	json_close(&g->meta, '}');
	g->p->has_secrets_meta = true;
	vec_push(&g->files, ((struct pod_file){.name = STR("secrets.meta"),
				    .bytes = arena_str(g->arena, buf_str(&g->secrets_meta))}));
}

/* --- images ------------------------------------------------------------------------------ */

static bool is_same_image(
	const struct pod_image *i, struct str reference, const struct image_lock_entry *e)
{
	return (e->config_digest.n && str_eq(i->config_digest, e->config_digest)) ||
	       (e->digest.n && str_eq(i->digest, e->digest)) || str_eq(i->reference, reference);
}

/* One image has one volume, whatever it is called: in a user namespace it can be mounted once.
 */
static size_t image_volume(struct gather *g, const struct image_lock_entry *e)
{
	struct str reference =
		e->digest.n ? image_id_text(g->arena, e->name, e->digest, e->config_digest)
			    : e->name;

	for (size_t i = 0; i < g->images.n; i++)
		if (is_same_image(&g->images.p[i], reference, e))
			return i;
	vec_push(&g->images, ((struct pod_image){reference, e->digest, e->config_digest}));
	return g->images.n - 1;
}

static void image_as_volume(struct gather *g, const struct image_use *use)
{
	const struct image_lock_entry *e = image_lock_find(g->in->lock, use->image);

	if (!e) {
		refuse(g, use->pos, "image '" STR_FMT "' is not in the lock file",
			STR_ARG(use->image));
		return;
	}
	buf_addf(&g->map, STR_FMT "=dir:/monopod/images/%zu\n", STR_ARG(use->image),
		image_volume(g, e));
	vec_push(&g->locked, *e);
	g->locked.p[g->locked.n - 1].ref = use->image;
}

static void gather_image(struct gather *g, const struct image_use *use)
{
	const struct options *o = g->in->options;
	struct image_target target = {.kind = TARGET_REF, .value = use->image};
	struct image_ref parsed;
	bool is_mapped = image_map_find(g->in->map, use->image, &target);

	if (image_ref_parse(g->arena, use->image, &parsed, NULL)) {
		refuse(g, use->pos, "image '" STR_FMT "' is not a reference",
			STR_ARG(use->image));
		return;
	}
	if (target.kind == TARGET_DIR)
		refuse(g, use->pos,
			"image '" STR_FMT "' is mapped to a directory of this machine",
			STR_ARG(use->image));
	else if (target.kind == TARGET_HOST)
		buf_addf(&g->map, STR_FMT "=host\n", STR_ARG(use->image));
	else if (!o->images_from.n)
		refuse(g, use->pos,
			"image '" STR_FMT "': say where images come from, with --images-from "
			"volumes or --images-from CLAIM",
			STR_ARG(use->image));
	else if (str_eqz(o->images_from, VOLUMES_WORD))
		image_as_volume(g, use);
	else if (is_mapped)
		buf_addf(&g->map, STR_FMT "=" STR_FMT "\n", STR_ARG(use->image),
			STR_ARG(target.value));
}

static void add_lock(struct gather *g)
{
	struct buf text cleanup_buf = {0};

	if (!g->locked.n)
		return;
	buf_init(&text, BOUND_LOCK_BYTES);
	image_lock_print(g->locked.p, g->locked.n, &text);
	vec_push(&g->files, ((struct pod_file){.name = STR("images.lock"),
				    .bytes = arena_str(g->arena, buf_str(&text))}));
	arg2(g, "--image-lock", STR("/monopod/input/images.lock"));
}

static void gather_images(struct gather *g)
{
	const struct options *o = g->in->options;
	struct image_use *uses;
	size_t n;

	agent_images(g->in->agent, g->arena, &uses, &n);
	for (size_t i = 0; i < n; i++)
		gather_image(g, &uses[i]);
	if (o->images_from.n && !str_eqz(o->images_from, VOLUMES_WORD)) {
		g->p->layout_claim = o->images_from;
		arg2(g, "--images", STR("/monopod/layout"));
	}
	if (g->map.n) {
		vec_push(&g->files, ((struct pod_file){.name = STR("images.map"),
					    .bytes = arena_str(g->arena, buf_str(&g->map))}));
		arg2(g, "--image-map-file", STR("/monopod/input/images.map"));
	}
	add_lock(g);
}

/* --- labels and annotations -------------------------------------------------------------- */

static void add_label(struct gather *g, const char *key, struct str value)
{
	if (name_is_label_value(value))
		vec_push(&g->labels, ((struct pod_label){str_z(key), value}));
}

static void tekton_labels(struct gather *g)
{
	const struct run_ref *run = g->in->run;
	struct str name = meta_of(g)->name.s;

	if (run->pipeline_run) {
		struct str pipeline = run->pipeline_run->pipeline_ref.s;

		add_label(g, "tekton.dev/pipelineRun", name);
		add_label(g, "tekton.dev/pipeline", pipeline.n ? pipeline : name);
		return;
	}
	add_label(g, "tekton.dev/taskRun", name);
	if (run->task_run->task_ref.s.n)
		add_label(g, "tekton.dev/task", run->task_run->task_ref.s);
}

static bool is_ours(struct str key)
{
	return str_starts(key, STR("monopod/")) ||
	       str_starts(key, STR("tekton.dev/pipeline")) ||
	       str_eqz(key, "tekton.dev/taskRun") || str_eqz(key, "tekton.dev/task") ||
	       str_eqz(key, "app.kubernetes.io/managed-by") ||
	       str_eqz(key, "app.kubernetes.io/instance");
}

static void own_labels(struct gather *g)
{
	const struct labels *l = &meta_of(g)->labels;

	check_labels(g, l);
	for (size_t i = 0; i < l->n; i++)
		if (!is_ours(l->keys[i].s))
			vec_push(
				&g->labels, ((struct pod_label){l->keys[i].s, l->values[i].s}));
}

static void gather_annotations(struct gather *g, struct str object)
{
	const struct labels *l = &meta_of(g)->annotations;
	const struct str tasks = pod_tasks(g->arena, g->in->spec, g->in->run);
	size_t n_bytes = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct str key = l->keys[i].s;

		if (is_ours(key) ||
			str_eqz(key, "kubectl.kubernetes.io/last-applied-configuration"))
			continue;
		n_bytes += key.n + l->values[i].s.n;
		if (!name_is_annotation(key) ||
			n_bytes > ANNOTATIONS_BYTES - 2 * OBJECT_BYTES - KIB)
			refuse(g, l->keys[i].pos,
				"annotation '" STR_FMT "' is not one that Kubernetes takes, or "
				"there are too many",
				STR_ARG(key));
		else
			vec_push(&g->annotations, ((struct pod_label){key, l->values[i].s}));
	}
	if (object.n <= OBJECT_BYTES)
		vec_push(&g->annotations, ((struct pod_label){STR("monopod/object"), object}));
	if (tasks.n && tasks.n <= OBJECT_BYTES)
		vec_push(&g->annotations, ((struct pod_label){STR("monopod/tasks"), tasks}));
}

/* --- the rest of the pod ----------------------------------------------------------------- */

static void add_request(
	struct gather *g, const struct peak *peak, const char *name, int64_t own)
{
	int64_t amount = own;

	for (size_t i = 0; i < peak->n_names; i++)
		if (str_eqz(peak->names[i], name))
			amount += peak->amounts[i];
	if (amount)
		vec_push(&g->requests, ((struct pod_request){str_z(name),
					       peak_quantity(g->arena, str_z(name), amount)}));
}

static void gather_requests(struct gather *g)
{
	struct peak peak;

	agent_peak(g->in->agent, g->arena, &peak);
	for (size_t i = 0; i < peak.n_names; i++)
		if (!str_eqz(peak.names[i], "cpu") && !str_eqz(peak.names[i], "memory") &&
			!str_eqz(peak.names[i], "ephemeral-storage") && peak.amounts[i])
			refuse(g, peak.at[i].line ? peak.at[i] : meta_of(g)->pos,
				"resource '" STR_FMT
				"' is requested, and steps of one pod are given none of it",
				STR_ARG(peak.names[i]));
	add_request(g, &peak, "cpu", OWN_CPU_MILLI);
	add_request(g, &peak, "memory", OWN_MEMORY);
	add_request(g, &peak, "ephemeral-storage", 0);
}

static int64_t seconds(int64_t ns)
{
	return ns / NS_PER_S + (ns % NS_PER_S != 0);
}

static void gather_times(struct gather *g)
{
	const int64_t timeout_ns = agent_timeout_ns(g->in->agent);

	g->p->grace_s = seconds(g->in->options->grace_ns) + GRACE_S;
	if (timeout_ns)
		g->p->deadline_s = seconds(timeout_ns) + g->p->grace_s + START_S;
	if (g->p->deadline_s > INT32_MAX || g->p->grace_s > INT32_MAX)
		refuse(g, meta_of(g)->pos,
			"a timeout of more than %d seconds is more than a pod has", INT32_MAX);
}

/* One that the input has is here for its Secrets; the cluster need not know it. */
static void gather_account(struct gather *g)
{
	const struct run_ref *run = g->in->run;
	struct text name = run->pipeline_run ? run->pipeline_run->service_account_name
					     : run->task_run->service_account_name;

	if (!name.s.n || map_has(&g->in->spec->service_account_by_name, name.s))
		return;
	if (!name_is_dns_subdomain(name.s))
		refuse(g, name.pos,
			"serviceAccountName '" STR_FMT "' is not a name that Kubernetes takes",
			STR_ARG(name.s));
	g->p->service_account = name.s;
}

/* --- arguments --------------------------------------------------------------------------- */

static void args_of_run(struct gather *g)
{
	const struct options *o = g->in->options;

	for (size_t i = 0; i < o->n_params; i++)
		arg2(g, "-p",
			arena_printf(g->arena, STR_FMT "=" STR_FMT, STR_ARG(o->params[i].name),
				STR_ARG(o->params[i].text)));
	for (size_t i = 0; i < o->n_workspaces; i++)
		arg2(g, "-w",
			arena_printf(
				g->arena, STR_FMT "=emptyDir", STR_ARG(o->workspaces[i].name)));
	if (o->hermetic)
		arg(g, STR("--hermetic"));
	if (o->log_record)
		arg(g, STR("--log-record"));
	if (o->max_parallel)
		arg2(g, "--max-parallel", arena_printf(g->arena, "%zu", o->max_parallel));
	if (o->log_limit)
		arg2(g, "--log-limit",
			arena_printf(g->arena, "%llu", (unsigned long long)o->log_limit));
	if (o->require_level != SANDBOX_NONE)
		arg2(g, "--require-isolation", str_z(sandbox_level_name(o->require_level)));
	arg2(g, "--grace", num_duration_text(g->arena, o->grace_ns));
}

static void args_of_place(struct gather *g)
{
	arg2(g, "--store", STR("/monopod/work/store"));
	if (g->p->run_claim.n) {
		arg2(g, "--run-dir", STR("/monopod/run"));
		arg(g, STR("--resume"));
	} else {
		arg2(g, "--run-dir", STR("/monopod/work/run"));
	}
	arg2(g, "--cancel-file", STR("/monopod/podinfo/cancel"));
	arg2(g, "-o", STR("plain"));
}

static int args_check(const struct gather *g, struct err *err)
{
	size_t n_bytes = 0;

	for (size_t i = 0; i < g->args.n; i++) {
		struct str s = g->args.p[i];

		n_bytes += s.n;
		if (!str_utf8_valid(s) || s.n > ARG_BYTES)
			return err_set(err, ERR_USAGE, "'" STR_FMT "…': %s",
				STR_ARG(str_slice(s, 0, 40)),
				s.n > ARG_BYTES ? "too long for an argument of a container"
						: "not UTF-8, as arguments of a container are");
	}
	if (n_bytes > ARGS_BYTES)
		return err_set(err, ERR_USAGE,
			"%zu bytes of arguments, and a pod has room for %d: write params into "
			"the "
			"run",
			n_bytes, ARGS_BYTES);
	return 0;
}

/* --- all of it --------------------------------------------------------------------------- */

static int options_check(const struct gather *g, struct err *err)
{
	const struct options *o = g->in->options;

	for (size_t i = 0; i < o->n_workspaces; i++)
		if (o->workspaces[i].dir.n)
			return err_set(err, ERR_USAGE,
				"-w " STR_FMT
				": a directory of this machine is not in the pod; "
				"bind a claim in the run",
				STR_ARG(o->workspaces[i].name));
	if (!name_is_dns_subdomain(g->p->name) || g->p->name.n > NAME_MAX_BYTES)
		return err_set(err, ERR_USAGE,
			"'" STR_FMT "' is not a name for a pod of at most %d characters: give "
			"one with --name",
			STR_ARG(g->p->name), NAME_MAX_BYTES);
	if (g->p->ns.n && !name_is_dns_label(g->p->ns))
		return err_set(
			err, ERR_USAGE, "'" STR_FMT "' is not a namespace", STR_ARG(g->p->ns));
	if (!o->pod_image.n)
		return err_set(err, ERR_USAGE, "name monopod's own image with --image");
	if (o->run_claim.n && !name_is_dns_subdomain(o->run_claim))
		return err_set(err, ERR_USAGE,
			"--run-claim '" STR_FMT "' is not a claim's name",
			STR_ARG(o->run_claim));
	if (o->images_from.n && !name_is_dns_subdomain(o->images_from))
		return err_set(err, ERR_USAGE,
			"--images-from '" STR_FMT "' is neither 'volumes' nor a claim's name",
			STR_ARG(o->images_from));
	if (str_eqz(o->images_from, VOLUMES_WORD) && !o->image_lock.n)
		return err_set(err, ERR_USAGE,
			"--images-from volumes needs --image-lock: an image volume does not "
			"tell "
			"how its image is run (see 'monopod help image')");
	return 0;
}

static void gather_plan(struct gather *g)
{
	const struct options *o = g->in->options;
	struct pod_plan *p = g->p;
	const struct object_meta *meta = meta_of(g);

	p->name = o->pod_name.n ? o->pod_name : meta->name.s;
	p->ns = o->pod_namespace.n ? o->pod_namespace : meta->ns.s;
	p->image = o->pod_image;
	p->profile = (enum pod_profile)o->pod_profile;
	p->is_job = o->is_job;
	p->run_claim = o->run_claim;
}

static int gather_documents(struct gather *g, struct err *err)
{
	struct str *documents;
	size_t n;

	pod_input(g->arena, &(struct pod_input){g->in->spec, g->in->run, g->needs, g->n_needs},
		&documents, &n);
	gather_annotations(g, documents[0]);
	return pod_bundle(g->arena,
		&(struct pod_bundle_input){documents, n, g->files.p, g->files.n}, &g->p->maps,
		&g->p->n_maps, err);
}

#define freeze(member)                                                                         \
	do {                                                                                   \
		g->p->member = vec_freeze(&g->member, g->arena);                               \
		g->p->n_##member = g->member.n;                                                \
		vec_release(&g->member);                                                       \
	} while (0)

static void gather_end(struct gather *g)
{
	freeze(args);
	freeze(volumes);
	freeze(images);
	freeze(labels);
	freeze(annotations);
	freeze(claims);
	g->p->secrets = vec_freeze(&g->secrets.list, g->arena);
	g->p->n_secrets = g->secrets.list.n;
	vec_release(&g->secrets.list);
	freeze(requests);
	vec_release(&g->files);
	vec_release(&g->locked);
	buf_release(&g->map);
	buf_release(&g->secrets_meta);
}

static int gather_all(struct gather *g, struct err *err)
{
	const struct options *o = g->in->options;
	struct str *pull_secrets = &g->p->placement.json[POD_PULL_SECRETS];

	gather_plan(g);
	if (options_check(g, err))
		return -1;
	g->secrets = (struct pod_secrets){.arena = g->arena,
		.pod_name = g->p->name,
		.spec = g->in->spec,
		.diags = g->in->diags};
	pod_secrets_init(&g->secrets);
	arg(g, STR("run"));
	arg2(g, "-f", STR("/monopod/input"));
	agent_needs(g->in->agent, g->arena, &g->needs, &g->n_needs);
	args_of_run(g);
	gather_needs(g);
	gather_images(g);
	args_of_place(g);
	if (o->name.n && meta_of(g)->json.n)
		arg(g, o->name);
	tekton_labels(g);
	own_labels(g);
	gather_requests(g);
	gather_times(g);
	gather_account(g);
	pod_place(g->arena, g->in->run, g->in->diags, &g->p->placement);
	*pull_secrets = pod_secrets_pull(&g->secrets, *pull_secrets, g->needs, g->n_needs);
	if (args_check(g, err) || gather_documents(g, err))
		return -1;
	return g->in->diags->n_errors ? -1 : 0;
}

int pod_gather(const struct pod_gather *in, struct pod_plan *ret, struct err *err)
{
	struct gather g = {.in = in, .arena = in->arena, .p = ret};
	int rc;

	*ret = (struct pod_plan){0};
	buf_init(&g.map, 16 * (size_t)MIB);
	buf_init(&g.secrets_meta, MIB);
	json_writer_init(&g.meta, &g.secrets_meta, 0);
	rc = gather_all(&g, err);
	gather_end(&g);
	return rc;
}
