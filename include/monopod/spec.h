/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The typed model of what the user wrote: Tekton v1 objects and the Kubernetes objects they
 * need, with positions. Built once by spec_load, immutable afterwards, everything in one arena.
 * Field names are the YAML keys in snake_case; what a field means is Tekton's business
 * (tekton.dev/docs), not repeated here.
 * What Tekton takes over from Kubernetes' pods is in pod.h. A list is `TYPE *x; size_t n_x;`.
 */
#ifndef MONOPOD_SPEC_H
#define MONOPOD_SPEC_H

#include <base/arena.h>
#include <base/diag.h>
#include <base/map.h>
#include <base/source.h>
#include <base/str.h>
#include <monopod/pod.h>
#include <monopod/text.h>
#include <stdint.h>

/* --- parameter values (tekton-semantics 5): string, array of strings, object of strings --- */

enum value_type { VALUE_STRING, VALUE_ARRAY, VALUE_OBJECT };
enum { VALUE_TYPE_N = VALUE_OBJECT + 1 };

struct value_key {
	struct text key;
	struct text value;
};
struct value {
	enum value_type type;
	struct text string; /* VALUE_STRING */
	struct text *array; /* VALUE_ARRAY */
	size_t n_array;
	struct value_key *object; /* VALUE_OBJECT, in the order written */
	size_t n_object;
	struct pos pos; /* line 0: absent */
};

struct param { /* name: value, as given by runs, pipeline tasks, matrix, step refs */
	struct text name;
	struct value value;
};
struct property { /* of an object param or result */
	struct text name;
	struct text type; /* "string" */
};
struct param_spec { /* a declaration */
	struct text name;
	enum value_type type;  /* after the rules of section 5 (type, properties, default) */
	struct text type_text; /* as written; may be absent or wrong */
	struct text description;
	struct property *properties;
	size_t n_properties;
	struct pos properties_pos;
	struct value default_value; /* pos.line 0: none */
	struct text *enums;
	size_t n_enums;
};
struct result_spec { /* of a task, a step or a pipeline */
	struct text name;
	enum value_type type;
	struct text type_text;
	struct text description;
	struct property *properties;
	size_t n_properties;
	struct pos properties_pos;
	struct value
		value; /* pipeline: made of references; task: $(steps.S.results.R) or absent */
};

/* --- workspaces ---------------------------------------------------------------------- */

struct workspace_spec { /* a Task's declaration */
	struct text name;
	struct text description;
	struct text mount_path; /* absent: /workspace/NAME */
	struct maybe_bool read_only;
	struct maybe_bool optional;
};
struct pipeline_workspace_spec {
	struct text name;
	struct text description;
	struct maybe_bool optional;
};
struct workspace_use { /* a pipeline task's entry: which pipeline workspace it gets */
	struct text name;
	struct text workspace; /* absent: same name */
	struct text sub_path;
};
struct step_workspace { /* isolation to a step */
	struct text name;
	struct text mount_path;
};
struct workspace_binding {           /* of a run */
	struct volume_source source; /* first, as above; exactly one kind is valid */
	struct text name;
	struct text sub_path;
};
/* --- steps --------------------------------------------------------------------------- */

enum when_operator { WHEN_IN, WHEN_NOTIN, WHEN_OTHER };
struct when {
	struct text input;
	struct text operator_text;
	enum when_operator op;
	struct text *values;
	size_t n_values;
	struct pos values_pos; /* line 0: absent */
	struct text cel;       /* refused for now */
	struct pos pos;
};
enum on_error {
	ON_ERROR_STOP,
	ON_ERROR_CONTINUE,
	ON_ERROR_TEXT /* a param reference, resolved later */
};

/*
 * A container as Tekton writes it: a step, a step template, and the container part of what runs
 * beside the steps. Not every field is allowed in each; the schemas say which.
 */
struct step {
	struct text name; /* may be absent or "" */
	struct text display_name;
	struct text image;
	struct text *command;
	size_t n_command;
	struct pos command_pos; /* line 0: not given */
	struct text *args;
	size_t n_args;
	struct pos args_pos;
	struct text script;
	struct text working_dir;
	struct env_var *env;
	size_t n_env;
	struct env_from *env_from;
	size_t n_env_from;
	struct volume_mount *volume_mounts;
	size_t n_volume_mounts;
	struct text image_pull_policy;
	struct resources resources;
	struct security_context security_context;
	struct duration timeout;
	struct step_workspace *workspaces; /* isolation */
	size_t n_workspaces;
	struct text on_error;
	struct when *when;
	size_t n_when;
	struct text stdout_path; /* stdoutConfig.path */
	struct text stderr_path;
	struct text ref_name; /* a StepAction's; given and empty: none was named */
	struct param *params;
	size_t n_params;
	struct result_spec *results;
	size_t n_results;
	struct pos pos;
};

struct container_port {
	struct text name;
	struct maybe_int port;
	struct text protocol; /* absent: TCP */
	struct pos pos;
};

/* What is done to see how a container is, or at its start and before its end. */
enum handler_kind {
	HANDLER_NONE, /* there is none */
	HANDLER_EXEC,
	HANDLER_HTTP_GET,
	HANDLER_TCP_SOCKET,
	HANDLER_SLEEP, /* of hooks alone */
};
enum { HANDLER_KIND_N = HANDLER_SLEEP + 1 };
struct http_header {
	struct text name;
	struct text value;
};
struct handler {
	enum handler_kind kind;
	struct text *command; /* EXEC */
	size_t n_command;
	struct text path;      /* HTTP_GET; absent: / */
	struct text host;      /* HTTP_GET, TCP_SOCKET: an address, or absent: the task's own */
	struct text scheme;    /* HTTP_GET: HTTP, or absent */
	struct text port_name; /* of a port of the container; absent: port */
	struct maybe_int port;
	struct http_header *headers;
	size_t n_headers;
	struct maybe_int seconds; /* SLEEP */
	struct pos pos;
};
enum probe_kind { PROBE_STARTUP, PROBE_READINESS, PROBE_LIVENESS };
enum { PROBE_KIND_N = PROBE_LIVENESS + 1 };
const char *probe_kind_name(enum probe_kind k); /* "startup" … */
struct probe {                  /* as written: absent and 0 mean Kubernetes' defaults */
	struct handler handler; /* first: its fields are decoded in place; NONE: no probe */
	struct maybe_int initial_delay_seconds;
	struct maybe_int timeout_seconds;
	struct maybe_int period_seconds;
	struct maybe_int success_threshold;
	struct maybe_int failure_threshold;
	struct maybe_int termination_grace_period_seconds;
};
struct sidecar {
	struct step container; /* first: its fields are decoded in place */
	struct container_port *ports;
	size_t n_ports;
	struct probe probes[PROBE_KIND_N];
	struct handler post_start, pre_stop; /* lifecycle */
};

struct task_spec {
	struct text display_name;
	struct text description;
	struct param_spec *params;
	size_t n_params;
	struct step *steps;
	size_t n_steps;
	struct step
		*step_template;   /* NULL: none; merged into the steps by the agent, not here */
	struct sidecar *sidecars; /* run beside the steps; the template is not theirs */
	size_t n_sidecars;
	struct volume *volumes;
	size_t n_volumes;
	struct workspace_spec *workspaces;
	size_t n_workspaces;
	struct result_spec *results;
	size_t n_results;
	struct pos pos;
};

/* --- pipelines ----------------------------------------------------------------------- */

struct matrix_include {
	struct text name;
	struct param *params;
	size_t n_params;
};
struct matrix {
	struct param *params;
	size_t n_params;
	struct matrix_include *include;
	size_t n_include;
	struct pos pos; /* line 0: no matrix */
};
struct labels { /* metadata.labels or annotations, as written */
	struct text *keys;
	struct text *values;
	size_t n;
};
struct task_metadata { /* of what runs one task */
	struct labels labels;
	struct labels annotations;
};
struct pipeline_spec;
struct pipeline_task { /* runs one of taskRef, taskSpec, pipelineRef, pipelineSpec */
	struct text name;
	struct text display_name;
	struct text description;
	struct text task_ref;      /* taskRef.name */
	struct text task_ref_kind; /* absent: Task */
	struct text task_ref_api_version;
	struct pos task_ref_pos;             /* line 0: no taskRef */
	struct task_spec *task_spec;         /* inline, or NULL */
	struct task_metadata task_metadata;  /* taskSpec.metadata */
	struct text pipeline_ref;            /* pipelineRef.name */
	struct pos pipeline_ref_pos;         /* line 0: no pipelineRef */
	struct pipeline_spec *pipeline_spec; /* inline, or NULL */
	struct when *when;
	size_t n_when;
	struct maybe_int retries;
	struct text *run_after;
	size_t n_run_after;
	struct param *params;
	size_t n_params;
	struct matrix matrix;
	struct workspace_use *workspaces;
	size_t n_workspaces;
	struct duration timeout;
	struct text on_error;
	struct pos pos;
};
struct pipeline_spec {
	struct text display_name;
	struct text description;
	struct param_spec *params;
	size_t n_params;
	struct pipeline_workspace_spec *workspaces;
	size_t n_workspaces;
	struct pipeline_task *tasks;
	size_t n_tasks;
	struct pipeline_task *finally;
	size_t n_finally;
	struct result_spec *results;
	size_t n_results;
	struct pos pos;
};

/* --- objects ------------------------------------------------------------------------- */

struct yaml_node; /* spec/yaml.h */

struct object_meta {
	struct text name; /* generateName already resolved, see spec_options.suffix */
	struct text generate_name;
	struct text ns; /* metadata.namespace; absent: "default" */
	struct labels labels;
	struct labels annotations;
	struct text api_version; /* as written */
	struct pos pos;
	/* What is left of the document when it was loaded, as compact JSON: all of it as
	 * written, and its spec as spec_object_json prints it; empty in an object that was not
	 * read. */
	struct str json;
	struct str spec_json;
	const struct yaml_node *tree; /* of the document; NULL when it was loaded */
};

struct task {
	struct object_meta meta;
	struct task_spec spec;
};
struct pipeline {
	struct object_meta meta;
	struct pipeline_spec spec;
};
struct step_action_spec { /* section 18 */
	struct step step; /* image, command, args, env, script, workingDir, securityContext,
			     results */
	struct text description;
	struct param_spec *params;
	size_t n_params;
	struct pos pos;
};
struct step_action {
	struct object_meta meta;
	struct step_action_spec spec;
};
struct task_run_spec_entry { /* pipelineRun.spec.taskRunSpecs[] */
	struct text pipeline_task_name;
	struct text service_account_name;
	struct task_metadata metadata;
	struct duration timeout;
	struct pod_settings pod;
	struct pos pos;
};
struct timeouts {
	struct duration pipeline;
	struct duration tasks;
	struct duration finally;
	struct pos pos;
};
struct pipeline_run {
	struct object_meta meta;
	struct text pipeline_ref;
	struct pos pipeline_ref_pos;
	struct pipeline_spec *pipeline_spec; /* inline, or NULL */
	struct param *params;
	size_t n_params;
	struct text status; /* "", Cancelled, CancelledRunFinally, StoppedRunFinally,
			       PipelineRunPending */
	struct timeouts timeouts;
	struct duration old_timeout;      /* v1beta1: became timeouts.pipeline */
	struct text service_account_name; /* taskRunTemplate */
	struct pod_template pod_template; /* taskRunTemplate */
	struct workspace_binding *workspaces;
	size_t n_workspaces;
	struct task_run_spec_entry *task_run_specs;
	size_t n_task_run_specs;
	struct pos pos;
};
struct breakpoints {            /* of a TaskRun: where its steps wait for a person */
	struct text on_failure; /* "enabled", or empty */
	struct text *before_steps;
	size_t n_before_steps;
};
struct task_debug {
	struct breakpoints breakpoints;
};
struct task_run {
	struct object_meta meta;
	struct text task_ref;
	struct text task_ref_kind;
	struct pos task_ref_pos;
	struct task_spec *task_spec;
	struct param *params;
	size_t n_params;
	struct text service_account_name;
	struct text status; /* "", TaskRunCancelled, TaskRunPending */
	struct text status_message;
	struct maybe_int retries;
	struct duration timeout;
	struct pod_settings pod;
	struct workspace_binding *workspaces;
	size_t n_workspaces;
	struct task_debug debug;
	struct pos pos;
};
struct data_entry {
	bool is_binary; /* of a ConfigMap's binaryData: never a variable */
	struct str key;
	struct str value; /* raw bytes; base64 already undone */
};
struct data_object { /* ConfigMap or Secret */
	struct object_meta meta;
	bool is_secret;
	struct text type; /* Secret only */
	struct maybe_bool immutable;
	struct data_entry *data;
	size_t n_data;
};
const struct data_entry *data_find(const struct data_object *o, struct str key); /* or NULL */
struct secret_ref {
	struct text name;
};
struct service_account {
	struct object_meta meta;
	struct secret_ref *secrets; /* for the credentials of steps */
	size_t n_secrets;
	struct secret_ref *pull_secrets; /* for the kubelet of a pod */
	size_t n_pull_secrets;
	struct maybe_bool automount;
};
struct claim { /* PersistentVolumeClaim */
	struct object_meta meta;
};

struct quantities {
	struct resource *items;
	size_t n;
};
struct limit_item {
	struct text type;
	bool is_container;
	struct quantities defaults; /* limits of containers that set none of the name */
	struct quantities requests; /* likewise; shared by the steps of a task */
	struct quantities least;
};
struct limit_range {
	struct object_meta meta;
	struct limit_item *items;
	size_t n_items;
};

enum object_kind {
	OBJECT_TASK,
	OBJECT_PIPELINE,
	OBJECT_TASK_RUN,
	OBJECT_PIPELINE_RUN,
	OBJECT_CONFIG_MAP,
	OBJECT_SECRET,
	OBJECT_CLAIM,
	OBJECT_SERVICE_ACCOUNT,
	OBJECT_LIMIT_RANGE,
	OBJECT_STEP_ACTION,
};
enum { OBJECT_KIND_N = OBJECT_STEP_ACTION + 1 };

struct run_ref {               /* a run object of the input, in input order */
	enum object_kind kind; /* OBJECT_PIPELINE_RUN or OBJECT_TASK_RUN */
	const struct pipeline_run *pipeline_run;
	const struct task_run *task_run;
};

struct host_path_use { /* a hostPath of some volume */
	struct text path;
	struct host_path_use *next;
};

struct spec {
	struct arena *arena;
	struct sources *sources;
	struct diags *diags; /* everything found while reading and validating */
	struct task *tasks;
	size_t n_tasks;
	struct pipeline *pipelines;
	size_t n_pipelines;
	struct step_action *step_actions;
	size_t n_step_actions;
	struct run_ref *runs;
	size_t n_runs;
	struct data_object *data_objects;
	size_t n_data_objects;
	struct claim *claims;
	size_t n_claims;
	struct service_account *service_accounts;
	size_t n_service_accounts;
	struct limit_range *limit_ranges;
	size_t n_limit_ranges;
	struct host_path_use *host_paths; /* of the whole input, in no order */
	struct profile_use *profiles;     /* likewise */
	/* name → object, per kind */
	struct map task_by_name;
	struct map pipeline_by_name;
	struct map step_action_by_name;
	struct map config_map_by_name;
	struct map secret_by_name;
	struct map claim_by_name;
	struct map service_account_by_name;
};

struct spec_input {
	struct str name; /* as shown in messages */
	struct str text;
};
struct spec_options {
	/* Five characters for each generateName, made by the caller (spec/ has no randomness):
	 * suffix(arg, i). */
	struct str (*suffix)(void *arg, struct arena *a, size_t i);
	void *suffix_arg;
	/* A Secret without data says what type one of the cluster is of: it need not have the
	 * keys of its type. */
	bool secrets_may_lack_data;
};

/*
 * A profile of system calls in the JSON of OCI runtimes, of at most SPEC_PROFILE_BYTES_MAX.
 * What is wrong with it is told in s->diags under this name; -1: something was. The text must
 * live as long as the spec.
 */
enum { SPEC_PROFILE_BYTES_MAX = 1 << 20 };
int spec_read_profile(
	struct spec *s, struct str name, struct str text, const struct seccomp_rules **ret);

/*
 * Reads, decodes and validates everything. Always returns a spec; problems are in spec->diags
 * (spec_ok is the quick question). Admission-stage checks run here. Run-stage checks need the
 * run's bindings and are the agent's.
 */
struct spec *spec_load(struct arena *a, const struct spec_input *inputs, size_t n_inputs,
	const struct spec_options *opts);
bool spec_ok(const struct spec *s);

/*
 * A run object made from a Pipeline or Task named on the command line ("start by name"):
 * generateName NAME-, the reference, no params or bindings (the agent's options add them). NULL
 * when there is no such object.
 */
const struct run_ref *spec_make_run(struct spec *s, struct str name, struct str suffix);

const char *value_type_name(enum value_type t); /* "string", "array", "object" */
const char *object_kind_name(enum object_kind k);

/*
 * A param value from text of the command line: JSON arrays of strings and objects of strings
 * become those, everything else is the string as it is (product.md, --param). want is the
 * declared type; a string declaration takes the text verbatim.
 */
struct value value_from_text(struct arena *a, struct str text, enum value_type want);
/* Tekton's union of section 5 from JSON text, for results and the like. */
struct value value_from_json(struct arena *a, struct str json);
/* Compact JSON of a value, Go's escapes; a string gives a JSON string. */
struct json_writer;
void value_json(const struct value *v, struct json_writer *w);

/*
 * One member ("metadata", "spec") of the object as written, after YAML → JSON: metadata with
 * the name that generateName led to, params and results with their values as Tekton keeps them
 * (1.50 is "1.5"). null when there is no such member.
 */
void spec_object_json(
	const struct object_meta *meta, const char *member, struct json_writer *w);
/*
 * The input as written, each scalar replaced by a digest of the caller's (with a salt: what is
 * in a Secret can be short): an object {"Kind/name": tree, …}. What changes nothing of the
 * meaning (order of keys and objects, style, comments) is not in it.
 */
struct spec_digest {
	struct str (*digest)(void *arg, struct arena *a, struct str text);
	void *arg;
};
void spec_fingerprint(const struct spec *s, const struct spec_digest *d, struct json_writer *w);
/* What differs from a fingerprint of an earlier input: errors with positions, the first ten.
 * Returns how many. */
struct json;
size_t spec_compare(const struct spec *s, const struct spec_digest *d, const struct json *old,
	struct diags *diags);

/* The typed model as Tekton-shaped JSON; used for status.taskSpec, status.pipelineSpec and
 * golden tests. */
void task_spec_json(const struct task_spec *t, struct json_writer *w);
void pipeline_spec_json(const struct pipeline_spec *p, struct json_writer *w);
void workspace_binding_json(const struct workspace_binding *b, struct json_writer *w);
void pod_template_json(const struct pod_template *t, struct json_writer *w);
/* What there is of the members podTemplate, stepSpecs, sidecarSpecs and computeResources of a
 * TaskRun's spec, into an object that is open. */
void pod_settings_json(const struct pod_settings *s, struct json_writer *w);
/* A member of the object that is open; left out when there are none. */
void labels_json(const struct labels *l, const char *member, struct json_writer *w);

#endif
