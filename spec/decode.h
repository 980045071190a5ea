/* SPDX-License-Identifier: Apache-2.0 */
/* The schemas of Tekton's objects, private to spec/: which file decodes what. */
#ifndef SPEC_DECODE_H
#define SPEC_DECODE_H

#include "field.h"

/* Why what is not in the input is refused, and what another controller would run. */
#define WHY_RESOLVER                                                                           \
	"nothing is fetched: give the file that it would find with -f, and refer to what is "  \
	"in it by name"
#define WHY_RESOLVER_PARAMS    "they are a resolver's, and nothing is fetched"
#define WHY_CLUSTER_TASK       "Tekton has ClusterTasks no more: make a Task of it"
#define WHY_CUSTOM             "a custom task needs a controller of its own, and there is none in one pod"
#define WHY_PIPELINE_RESOURCES "PipelineResources are gone from Tekton"

/* decode_param.c */
extern const struct schema schema_param;           /* struct param */
extern const struct schema schema_param_spec;      /* struct param_spec */
extern const struct schema schema_task_result;     /* struct result_spec */
extern const struct schema schema_step_result;     /* struct result_spec */
extern const struct schema schema_pipeline_result; /* struct result_spec */
/* Tekton's union of section 5: array, object or string; base + f->at is a struct value. */
void decode_value_field(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base);

/* decode_workspace.c */
extern const struct schema schema_workspace_spec;          /* struct workspace_spec */
extern const struct schema schema_pipeline_workspace_spec; /* struct pipeline_workspace_spec */
extern const struct schema schema_workspace_use;           /* struct workspace_use */

/* decode_volume.c */
extern const struct schema schema_workspace_binding; /* struct workspace_binding */
extern const struct schema schema_volume;            /* struct volume */
extern const struct schema schema_volume_mount;      /* struct volume_mount */
extern const struct schema schema_env_field_ref;     /* struct field_ref */
extern const struct schema schema_file_field_ref;    /* struct field_ref */
extern const struct schema schema_resource_ref;      /* struct resource_ref */

/* decode_pod.c */
extern const struct schema schema_env;                 /* struct env_var */
extern const struct schema schema_env_from;            /* struct env_from */
extern const struct schema schema_pod_template;        /* struct pod_template */
extern const struct schema schema_container_resources; /* struct container_resources */

/* decode_step.c */
extern const struct schema schema_step;                 /* struct step */
extern const struct schema schema_step_template;        /* struct step */
extern const struct schema schema_container;            /* struct step: of all containers */
extern const struct schema schema_step_workspace;       /* struct step_workspace */
extern const struct schema schema_step_action;          /* struct step_action_spec */
extern const struct schema schema_resources;            /* struct resources */
extern const struct schema schema_claim_resources;      /* struct resources */
extern const struct schema schema_security_context;     /* struct security_context */
extern const struct schema schema_pod_security_context; /* struct security_context */
extern const struct schema schema_when;                 /* struct when */
/* limits, requests and the like: names to quantities, written as text or as numbers. */
/* Refuses a quantity below zero; n is its place. */
void decode_not_negative(struct decode *d, const struct yaml_node *n, struct str quantity);
void decode_quantities(
	struct decode *d, const struct yaml_node *n, struct resource **ret, size_t *ret_n);

/* decode_sidecar.c */
extern const struct schema schema_sidecar; /* struct sidecar */

/* decode_probe.c: parts of a struct sidecar */
extern const struct schema schema_port; /* struct container_port */
/* f->arg is the enum probe_kind. */
void decode_probe(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base);
void decode_lifecycle(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base);
/* Names of ports: unique, and those that are referred to. */
void finish_sidecar(struct decode *d, const struct yaml_node *n, void *base);

/* decode_task.c */
extern const struct schema schema_task_spec; /* struct task_spec */
struct embedded_task {                       /* taskSpec of a pipeline task */
	struct task_spec spec;
	struct task_metadata metadata;
};
extern const struct schema schema_embedded_task;
struct reference {        /* to a task or a pipeline */
	struct text name; /* the resolver's, when it has no other */
	struct text kind;
	const struct yaml_node *kind_node;
	struct text api_version;
	struct text resolver; /* refused */
};
void refuse_kind(struct decode *d, const struct reference *ref); /* of a task, not Task */
extern const struct schema schema_task_ref;                      /* struct reference */
extern const struct schema schema_pipeline_ref;                  /* struct reference */
extern const struct schema schema_task_metadata;                 /* struct task_metadata */

/* decode_pipeline.c */
extern const struct schema schema_pipeline_spec; /* struct pipeline_spec */

/* decode_run.c */
extern const struct schema schema_pipeline_run; /* struct pipeline_run: its spec */
extern const struct schema schema_task_run;     /* struct task_run: its spec */

/* decode_object.c: whole documents; every struct starts with its struct object_meta */
extern const struct schema schema_object;              /* what all have: the base of the rest */
extern const struct schema schema_task_object;         /* struct task */
extern const struct schema schema_pipeline_object;     /* struct pipeline */
extern const struct schema schema_task_run_object;     /* struct task_run */
extern const struct schema schema_pipeline_run_object; /* struct pipeline_run */
extern const struct schema schema_step_action_object;  /* struct step_action */
extern const struct schema schema_config_map;          /* struct data_object */
extern const struct schema schema_secret;              /* struct data_object */
extern const struct schema schema_claim;               /* struct claim */
extern const struct schema schema_service_account;     /* struct service_account */
/* The spec of a claim is read for mistakes only, be it an object's or a template's. */
void decode_claim_spec(
	struct decode *d, const struct field *f, const struct yaml_node *n, void *base);

/* document.c: meta->json and spec_json from meta->tree; -1: larger than BOUND_OBJECT_BYTES */
int document_keep(struct arena *a, struct object_meta *meta);

/* decode_limit.c */
extern const struct schema schema_limit_range; /* struct limit_range */

#endif
