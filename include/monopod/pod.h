/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Tekton takes over from Kubernetes' pods: volumes, mounts, environment, resources, users,
 * pod templates. Part of the model of spec.h, whose conventions hold here.
 */
#ifndef MONOPOD_POD_H
#define MONOPOD_POD_H

#include <monopod/text.h>
#include <stddef.h>

/* --- volumes: what stands behind a workspace, a volume, a projected source ------------- */

struct key_to_path {
	struct text key;
	struct text path;
	struct maybe_int mode;
};
struct field_ref { /* what a pod knows of itself */
	struct text path;
	struct text api_version; /* absent: v1 */
	struct pos pos;          /* line 0: absent */
};
struct resource_ref {          /* a limit or request of a container */
	struct text container; /* absent: the one that asks; files must name it */
	struct text resource;  /* limits.cpu, requests.memory … */
	struct text divisor;   /* a quantity; absent: 1 */
	struct pos pos;        /* line 0: absent */
};
struct downward_item { /* one file of downwardAPI: field or resource */
	struct text path;
	struct field_ref field;
	struct resource_ref resource;
	struct maybe_int mode;
};
enum volume_kind {
	VOLUME_NONE, /* no source: as a volume an emptyDir, elsewhere a mistake */
	VOLUME_EMPTY_DIR,
	VOLUME_CLAIM,
	VOLUME_CLAIM_TEMPLATE, /* a workspace's volumeClaimTemplate, a volume's ephemeral */
	VOLUME_CONFIG_MAP,
	VOLUME_SECRET,
	VOLUME_PROJECTED,
	VOLUME_DOWNWARD_API,
	VOLUME_HOST_PATH,
	VOLUME_IMAGE,
	VOLUME_REFUSED, /* csi, nfs …: known, and named in a diagnostic */
};
enum { VOLUME_KIND_N = VOLUME_REFUSED + 1 };
struct volume_source {
	enum volume_kind kind;
	struct pos pos;
	unsigned n_kinds;              /* as written; more than 1 is an admission error */
	struct text claim_name;        /* CLAIM */
	struct maybe_bool read_only;   /* CLAIM */
	struct text template_name;     /* CLAIM_TEMPLATE: metadata.name, may be absent */
	struct text template_json;     /* likewise: all of it, as written */
	struct text object_name;       /* CONFIG_MAP, SECRET */
	struct maybe_bool optional;    /* CONFIG_MAP, SECRET */
	struct maybe_int default_mode; /* CONFIG_MAP, SECRET, PROJECTED, DOWNWARD_API */
	struct key_to_path *items;     /* CONFIG_MAP, SECRET; none: all keys */
	size_t n_items;
	struct downward_item *files; /* DOWNWARD_API */
	size_t n_files;
	struct volume_source *sources; /* PROJECTED: CONFIG_MAP, SECRET, DOWNWARD_API */
	size_t n_sources;
	struct text medium;     /* EMPTY_DIR: "" or Memory */
	struct text size_limit; /* EMPTY_DIR */
	struct text host_path;
	struct text host_path_type; /* absent: no check */
	struct text image;          /* IMAGE: reference */
	struct text pull_policy;    /* IMAGE; has no effect */
};
struct volume {                      /* of a task or a pod template */
	struct volume_source source; /* first: the sources are decoded in place */
	struct text name;
	struct pos pos;
};
struct volume_mount {
	struct text name;
	struct text mount_path;
	struct text sub_path;
	struct text sub_path_expr; /* with $(VAR) of the container's environment */
	struct maybe_bool read_only;
	struct text recursive_read_only; /* Disabled, IfPossible, Enabled: all that is below is
					    so anyway */
	struct text propagation;         /* None */
	struct pos pos;
};

/* --- containers -------------------------------------------------------------------- */

enum env_source { ENV_VALUE, ENV_CONFIG_MAP, ENV_SECRET, ENV_FIELD, ENV_RESOURCE };
enum { ENV_SOURCE_N = ENV_RESOURCE + 1 };
struct env_var {
	struct text name;
	struct text value;
	struct pos value_from;      /* line 0: absent */
	enum env_source source;     /* of valueFrom */
	unsigned n_sources;         /* as written; valid input has 1 */
	struct text object_name;    /* CONFIG_MAP, SECRET */
	struct text key;            /* likewise */
	struct maybe_bool optional; /* likewise */
	struct field_ref field;
	struct resource_ref resource;
};
struct env_from { /* all keys of an object */
	struct text prefix;
	enum env_source source; /* CONFIG_MAP or SECRET; VALUE: neither was given */
	struct text object_name;
	struct maybe_bool optional;
	struct pos pos;
};
struct resource {         /* one entry of limits or requests */
	struct text name; /* cpu, memory, ephemeral-storage … */
	struct text quantity;
};
struct resources {
	struct resource *limits;
	size_t n_limits;
	struct resource *requests;
	size_t n_requests;
	struct pos pos;
};
struct seccomp_rules;
struct profile_use { /* seccompProfile.localhostProfile: below a directory of the caller's */
	struct text name;
	const struct seccomp_rules *rules; /* filled in by who has the files; see
					      spec_read_profile */
	struct str text;                   /* likewise: the file's */
	struct profile_use *next;          /* of the same input */
};
/*
 * Of a container, or of a pod template. Other members are refused when read, and so is a
 * capability that could not be given to a step (spec/decode_security.c).
 */
struct security_context {
	struct maybe_int run_as_user;
	struct maybe_int run_as_group;
	struct maybe_bool run_as_non_root;
	struct text seccomp_type;    /* RuntimeDefault, Unconfined, Localhost; or absent */
	struct profile_use *profile; /* Localhost; else NULL */
	/* of a container alone */
	struct maybe_bool privileged;
	struct maybe_bool read_only_root_filesystem;
	struct maybe_bool allow_privilege_escalation;
	struct text proc_mount; /* Default, Unmasked; or absent */
	struct text *cap_add;   /* as written: capability_number knows them, or "ALL" */
	size_t n_cap_add;
	struct text *cap_drop;
	size_t n_cap_drop;
	/* of a pod alone */
	struct maybe_int fs_group;
	struct text fs_group_change_policy; /* Always, OnRootMismatch; or absent */
	struct maybe_int *supplemental_groups;
	size_t n_supplemental_groups;
	struct text supplemental_groups_policy; /* Merge, Strict; or absent */
	struct pos pos;
};
/* The number of a capability: CHOWN, chown and CAP_CHOWN are 0. -1: there is none. */
int capability_number(struct str name);
/* ALL, in any case of its letters. */
bool capability_is_all(struct str name);

/* --- pod templates ------------------------------------------------------------------ */

struct host_alias { /* a line of /etc/hosts */
	struct text ip;
	struct text *hostnames;
	size_t n_hostnames;
};
struct dns_option {
	struct text name;
	struct text value; /* absent: the name alone */
};
struct dns_config {
	struct text *nameservers;
	size_t n_nameservers;
	struct text *searches;
	size_t n_searches;
	struct dns_option *options;
	size_t n_options;
	struct pos pos; /* line 0: absent */
};
/* What of a template means nothing in one pod; kept to be shown. */
enum pod_inert {
	POD_NODE_SELECTOR,
	POD_TOLERATIONS,
	POD_AFFINITY,
	POD_RUNTIME_CLASS_NAME,
	POD_AUTOMOUNT_TOKEN,
	POD_SERVICE_LINKS,
	POD_PRIORITY_CLASS_NAME,
	POD_SCHEDULER_NAME,
	POD_PULL_SECRETS,
	POD_HOST_NETWORK,
	POD_HOST_USERS,
	POD_TOPOLOGY_SPREAD,
};
enum { POD_INERT_N = POD_TOPOLOGY_SPREAD + 1 };
const char *pod_inert_key(enum pod_inert which); /* of a podTemplate's member */
struct pod_template {                            /* section 3.6 */
	struct text inert[POD_INERT_N];          /* JSON, as written */
	struct security_context security_context;
	struct env_var *env;
	size_t n_env;
	struct volume *volumes;
	size_t n_volumes;
	struct host_alias *host_aliases;
	size_t n_host_aliases;
	struct text dns_policy;
	struct dns_config dns_config;
	struct pos pos; /* line 0: absent */
};
struct container_resources { /* stepSpecs[], sidecarSpecs[] */
	struct text name;
	struct resources resources;
	struct pos pos;
};
struct pod_settings { /* what a run says of the pod of one of its tasks */
	struct pod_template pod_template;
	struct container_resources *step_specs;
	size_t n_step_specs;
	struct container_resources *sidecar_specs;
	size_t n_sidecar_specs;
	struct resources resources; /* of the whole task */
};

#endif
