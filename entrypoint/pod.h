/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `monopod pod`: a run as the objects that run it in one pod (docs/kubernetes.md). cmd_pod
 * gathers what is asked into a pod_plan; the other pod_*.c are pure: the plan to documents of
 * JSON, and JSON to YAML. Nothing of the cluster is known here.
 */
#ifndef ENTRYPOINT_POD_H
#define ENTRYPOINT_POD_H

#include "options.h"

#include <base/arena.h>
#include <base/diag.h>
#include <base/err.h>
#include <base/json.h>
#include <base/vec.h>
#include <monopod/agent.h>
#include <monopod/images.h>
#include <monopod/spec.h>

enum pod_profile { POD_USERNS, POD_DEFAULT, POD_RESTRICTED, POD_PRIVILEGED };
enum { POD_PROFILE_N = POD_PRIVILEGED + 1 };

/* --- what goes into the ConfigMaps (pod_bundle.c) ------------------------------------- */

struct pod_file { /* a key of a ConfigMap */
	struct str name;
	struct str bytes;
	bool is_binary;
};
struct pod_map { /* a ConfigMap */
	struct pod_file *files;
	size_t n_files;
};
struct pod_bundle_input {
	const struct str *documents; /* JSON, the run and the objects it needs */
	size_t n_documents;
	const struct pod_file *files; /* what else is in the first ConfigMap */
	size_t n_files;
};
/*
 * Packed into as few ConfigMaps as they fit in: as text while one is enough, else compressed.
 * ERR_LIMIT: one of them fits in none.
 */
int pod_bundle(struct arena *a, const struct pod_bundle_input *in, struct pod_map **ret,
	size_t *ret_n, struct err *err);

/* --- where the pod goes (pod_place.c) --------------------------------------------------- */

/* Members of podTemplates that are of the pod alone, as JSON of a pod's spec; empty: absent. */
struct pod_placement {
	struct str json[POD_INERT_N];
};
/*
 * Of the run's template and of those of its tasks. Diagnostics for what tasks say differently,
 * as there is one pod, and for what the API server would not take.
 */
void pod_place(struct arena *a, const struct run_ref *run, struct diags *diags,
	struct pod_placement *ret);
/* The spec of a claim or claim template; false: a diagnostic says what the API server wants. */
bool pod_check_claim(const struct json *spec, struct pos pos, struct diags *diags);
bool pod_check_template_meta(const struct json *meta, struct pos pos, struct diags *diags);

/* --- the objects (pod_render.c) --------------------------------------------------------- */

struct pod_volume {
	enum { POD_CLAIM, POD_CLAIM_TEMPLATE, POD_CONFIG_MAP, POD_SECRET } kind;
	struct str name;   /* of the claim or object, as the run names it */
	struct str object; /* SECRET: the object in the cluster, when it has another name */
	struct str json;   /* CLAIM_TEMPLATE: {"metadata": …, "spec": …} */
};
struct pod_image {
	struct str reference;             /* with its digest, where it has one */
	struct str digest, config_digest; /* which image it is; one of them may be empty */
};
struct pod_label {
	struct str key, value;
};
struct pod_secret {
	struct str name, type;
	struct str data; /* JSON of the object's data */
};
struct pod_request {
	struct str name, quantity;
};
struct pod_plan {
	struct str name, ns; /* ns may be empty */
	struct str image;    /* monopod's own */
	enum pod_profile profile;
	bool is_job;
	struct pod_label *labels; /* of the pod, without those that say who made it */
	size_t n_labels;
	struct pod_label *annotations;
	size_t n_annotations;
	struct str *args;
	size_t n_args;
	struct pod_volume *volumes;
	size_t n_volumes;
	struct pod_image *images; /* image volumes, each once */
	size_t n_images;
	struct str layout_claim; /* --images-from CLAIM; empty: none */
	struct str run_claim;    /* empty: the run directory ends with the pod */
	struct pod_map *maps;
	size_t n_maps;
	bool has_secrets_meta;
	struct pod_secret *secrets; /* made from the input */
	struct str *claims;         /* whole documents of the input */
	size_t n_secrets, n_claims;
	struct pod_request *requests;
	size_t n_requests;
	struct str service_account; /* empty: the namespace's default */
	struct pod_placement placement;
	int64_t deadline_s; /* 0: none */
	int64_t grace_s;
};
/* The documents in the order in which they are to be made. */
void pod_render(struct arena *a, const struct pod_plan *p, struct str **ret, size_t *ret_n);

/* Characters that JSON lets stand in its strings, and YAML does not, as \u escapes
 * (pod_yaml.c). */
void pod_put_printable(struct str json, struct buf *out);
/* One JSON document as block YAML. */
int pod_yaml(struct str json, struct buf *out, struct err *err);

#endif
