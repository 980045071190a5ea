/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: one PipelineRun or TaskRun from start to end. It knows no clock, no file and no
 * process: it is fed events and hands out actions, so a run is reproducible from its events.
 *
 *     agent_new → (agent_feed → agent_next_action until none)* → the run_view is final →
 * agent_free
 *
 * The state is readable at any time through run_view; only agent/run.c writes it, and every
 * change is one record.
 */
#ifndef MONOPOD_AGENT_H
#define MONOPOD_AGENT_H

#include <base/arena.h>
#include <base/diag.h>
#include <base/err.h>
#include <monopod/artifact.h>
#include <monopod/runner.h>
#include <monopod/spec.h>

struct agent;

struct param_override { /* -p NAME=VALUE */
	struct str name;
	struct str text;
};
struct workspace_override { /* -w NAME=DIR; dir empty: a fresh emptyDir */
	struct str name;
	struct str dir; /* absolute */
};
struct claim_override { /* of a workspace that is bound to a volumeClaimTemplate */
	struct str workspace;
	struct str claim;
};
struct break_override { /* --debug before-step=TASK/STEP */
	struct str task;
	struct str step;
};
struct agent_options {
	const struct param_override *params;
	size_t n_params;
	const struct workspace_override *workspaces;
	size_t n_workspaces;
	const struct claim_override *claims;
	size_t n_claims;
	bool hermetic;          /* every task */
	bool breaks_on_failure; /* every task */
	const struct break_override *breaks;
	size_t n_breaks;
	size_t max_parallel; /* task runs at once; 0: no limit */
	struct str uid;      /* of the run object: 8-4-4-4-12 */
	struct str pod_ip;   /* of this machine or pod, for the downward API */
	int64_t cpu_milli;   /* of the machine: what a container without a limit may use */
	int64_t memory_bytes;
	int64_t storage_bytes; /* of the root file system */
	bool start_pending;    /* the run was named: Pending does not hold it back */
	/* Opaque random text for names that Tekton makes random (script files, volumes); 5
	 * characters. */
	struct str (*random)(void *arg, struct arena *a);
	void *random_arg;
};

/* --- state, read-only outside agent/ ------------------------------------------------- */

enum condition_status { CONDITION_UNKNOWN, CONDITION_TRUE, CONDITION_FALSE };
enum { CONDITION_STATUS_N = CONDITION_FALSE + 1 };
struct condition {
	enum condition_status status;
	struct str reason;
	struct str message;
	int64_t changed_wall_ns;
};

struct named_value {
	struct str name;
	struct value value;
};

enum step_state {
	STEP_WAITING,
	STEP_STARTING,
	STEP_RUNNING,
	STEP_HALTED, /* at a breakpoint: before its program, or after that failed */
	STEP_ENDED,
};
enum { STEP_STATE_N = STEP_ENDED + 1 };
/* What of the kernel a container reaches beyond others; each stands for those before it. */
enum step_reach { REACH_PLAIN, REACH_UNCONFINED, REACH_ADMIN, REACH_PRIVILEGED };
enum { STEP_REACH_N = REACH_PRIVILEGED + 1 };
struct step_view { /* or a sidecar */
	struct str name;
	struct str container;
	struct str image;
	struct str image_id;
	enum step_state state;
	enum step_reach reach;
	bool is_stopping;              /* SIGTERM or SIGKILL was sent */
	bool is_ready, was_ready;      /* of a sidecar: it is, it ever was */
	bool has_failed;               /* its program did, and a breakpoint keeps the step */
	enum release release;          /* of the breakpoint it was at last */
	int release_code;              /* RELEASE_FAIL: the exit code it ends with */
	int exit_code;                 /* as Tekton reports it: 255 for signals … */
	int signal;                    /* the real one, 0: none */
	struct str termination_reason; /* Completed, Error, Skipped, Continued, TimeoutExceeded,
					  TaskRunTimeout … */
	struct str reason;  /* terminated.reason: Completed, Error, or the TaskRun's reason for
			       killed ones */
	struct str message; /* for people; empty: none */
	struct named_value *results; /* the step's own */
	size_t n_results;
	struct artifacts artifacts;   /* likewise */
	int64_t started_ns, ended_ns; /* monotonic, 0: not */
	int64_t started_wall_ns, ended_wall_ns;
};
struct attempt_view {
	struct condition condition;
	struct str pod_name;
	int64_t started_ns, ended_ns;
	int64_t started_wall_ns, ended_wall_ns;
	const struct task_spec
		*spec; /* substituted, step template merged; NULL before it is known */
	struct step_view *steps; /* and behind them the sidecars */
	size_t n_steps;
	size_t n_sidecars;
	struct named_value *results;
	size_t n_results;
	struct artifacts artifacts;       /* of the task and of all its steps */
	const struct task_launch *launch; /* NULL once ended */
	bool is_interrupted; /* ended with the agent that ran it: no retry, not in retriesStatus
			      */
	const struct run_view *run; /* of a pipeline in the pipeline; NULL before it starts */
};

/* The name of a container among all of its task, in logs and in what people see. */
static inline struct str attempt_label(const struct attempt_view *at, size_t container)
{
	const struct step_view *s = &at->steps[container];

	return container < at->n_steps ? s->name : s->container;
}

enum task_state {
	TASK_WAITING,   /* created, held back by max_parallel */
	TASK_PREPARING, /* START_TASK was handed out */
	TASK_RUNNING,
	TASK_STOPPING, /* steps are being stopped */
	TASK_DONE,
};
enum { TASK_STATE_N = TASK_DONE + 1 };
/*
 * What a pipeline task runs: a TaskRun, or, when it has a pipeline instead of a task, a
 * PipelineRun inside the run (its child). A child is handled as a task run is, but each attempt
 * is a PipelineRun of its own, which has the steps.
 */
struct task_run_view {
	size_t index;
	enum object_kind kind;        /* OBJECT_TASK_RUN or OBJECT_PIPELINE_RUN */
	const struct run_view *owner; /* the run that it is of */
	struct str name;
	struct str uid;
	size_t pipeline_task; /* index into run_view.pipeline_tasks; 0 for a TaskRun object */
	struct str display_name;
	struct str task_name;                /* referenced Task, or empty for inline */
	const struct object_meta *task_meta; /* of the referenced Task, or NULL */
	struct str pipeline_name; /* of a child: the referenced Pipeline, or empty for inline */
	bool is_inline;
	const struct task_spec
		*spec; /* inline: spec.taskSpec as created, the pipeline's variables replaced */
	struct param *params; /* what the TaskRun is given */
	size_t n_params;
	struct workspace_binding *workspaces;
	size_t n_workspaces;
	struct str service_account_name;
	const struct pod_settings *pod;
	bool on_error_continue; /* the run around it goes on when it fails */
	int64_t retries;
	int64_t timeout_ns; /* 0: none */
	enum task_state state;
	struct condition condition;
	struct attempt_view
		*attempts; /* the last one is the current; earlier ones are retriesStatus */
	size_t n_attempts;
	int64_t started_ns, ended_ns; /* of the first attempt's start and the last one's end */
	int64_t started_wall_ns, ended_wall_ns;
};

enum skip_reason {
	SKIP_NONE,
	SKIP_STOPPING,             /* PipelineRun was stopping */
	SKIP_GRACEFULLY_CANCELLED, /* PipelineRun was gracefully cancelled */
	SKIP_GRACEFULLY_STOPPED,   /* PipelineRun was gracefully stopped */
	SKIP_WHEN,                 /* When Expressions evaluated to false */
	SKIP_PARENT,               /* Parent Tasks were skipped */
	SKIP_MISSING_RESULT,       /* Results were missing */
	SKIP_PIPELINE_TIMEOUT,     /* PipelineRun timeout has been reached */
	SKIP_TASKS_TIMEOUT,        /* PipelineRun Tasks timeout has been reached */
	SKIP_FINALLY_TIMEOUT,      /* PipelineRun Finally timeout has been reached */
	SKIP_EMPTY_MATRIX,         /* Matrix Parameters have an empty array */
};
enum { SKIP_REASON_N = SKIP_EMPTY_MATRIX + 1 };
const char *skip_reason_text(enum skip_reason r); /* Tekton's words; "None" for SKIP_NONE */

enum pipeline_task_state { PT_WAITING, PT_STARTED, PT_SKIPPED, PT_FAILED_VALIDATION, PT_DONE };
enum { PIPELINE_TASK_STATE_N = PT_DONE + 1 };
struct pipeline_task_view {
	const struct pipeline_task *spec; /* as written */
	const struct task_spec *task;     /* inline or referenced, as written; NULL: unknown */
	const struct pipeline_spec *pipeline; /* the same, of a task that is a pipeline */
	bool is_finally;
	enum pipeline_task_state state;
	enum skip_reason skip;
	const struct when *
		when; /* substituted as far as possible; for skippedTasks and childReferences */
	size_t n_when;
	size_t *task_runs; /* indices into run_view.task_runs, one per matrix combination */
	size_t n_task_runs;
	size_t *parents; /* indices of pipeline tasks */
	size_t n_parents;
};

struct run_view {
	enum object_kind kind; /* OBJECT_PIPELINE_RUN or OBJECT_TASK_RUN */
	struct str name;
	struct str ns;
	struct str uid;
	const struct run_ref *object; /* of a child: made for it, with no document behind it */
	const struct task_run_view *parent; /* of a child: what it is to the run around it */
	struct param *params;               /* of the run object, -p applied */
	size_t n_params;
	const struct pipeline_spec
		*pipeline_spec;                  /* resolved, as written; NULL for a TaskRun */
	struct str pipeline_name;                /* the run's name when inline */
	const struct object_meta *pipeline_meta; /* of the referenced Pipeline, or NULL */
	struct condition condition;
	bool is_done;
	int64_t started_ns, ended_ns;
	int64_t started_wall_ns, ended_wall_ns, finally_started_wall_ns;
	struct pipeline_task_view
		*pipeline_tasks; /* tasks, then finally, in the order written */
	size_t n_pipeline_tasks;
	struct task_run_view *
		*task_runs; /* of this run and all runs inside it, in creation order */
	size_t n_task_runs; /* 0 in a child, which shares the table of the outermost run */
	struct named_value *results; /* pipeline results */
	size_t n_results;
	enum cancel_mode cancelled;
	bool is_stopping; /* a dag task failed: nothing new of them starts */
};

/* --- calls --------------------------------------------------------------------------- */

/*
 * Binds params and workspaces and runs every check that Tekton makes when a run starts.
 * Problems are added to diags with stage DIAG_RUN and make the run end False with Tekton's
 * reason and message as soon as EVENT_START is fed; no step is started. spec and opts must
 * outlive the agent.
 */
struct agent *agent_new(const struct spec *spec, const struct run_ref *run,
	const struct agent_options *opts, struct diags *diags);
void agent_free(struct agent *a);

void agent_feed(struct agent *a, const struct event *ev);
bool agent_next_action(
	struct agent *a, struct action *ret); /* false: nothing (more) to do now */
/* When EVENT_TICK is wanted; INT64_MAX: never. */
int64_t agent_deadline_ns(const struct agent *a);

/*
 * Resuming (docs/journal.md). An event that changes something is itself a record, before the
 * records of the changes that follow from it, so a run is made again from its journal: the same
 * decisions are taken from the same events, and the records they produce are compared with
 * those that were written. records are the journal's after its header, whole ones only; an end
 * without the last changes of an event is a torn tail and completed. force: what differs (an
 * edited pipeline) is not an error; events whose task, attempt or step is not there are
 * dropped.
 *
 * Call it on a new agent, made with the uid, suffix and options of the first one. No action is
 * handed out of it but ACTION_RECORD for changes that the torn tail did not hold. Afterwards
 * feed EVENT_RESUME with a now_ns that goes on from ret->now_ns plus the time the agent was
 * down: a run that is not done starts new attempts for what was interrupted, one that had not
 * started starts, one that is done hands out PUBLISH and FINISH again. Interrupted attempts
 * consume no retry, are not in retriesStatus, and get no END_TASK. -1: the records are not of
 * this run, or say something else than it decides (err names the record and both texts).
 */
struct replay_end {
	int64_t now_ns; /* of the last event; 0: there was none */
	int64_t wall_ns;
	size_t n_records; /* taken from records */
	bool is_done;     /* the run had ended */
};
int agent_replay(struct agent *a, const struct str *records, size_t n_records, bool force,
	struct replay_end *ret, struct err *err);
const struct run_view *agent_view(const struct agent *a);

/* What a breakpoint of the command line comes to; of several runs, all in one. */
struct break_found {
	struct map tasks; /* as they are called in pipelines, or TaskRuns */
	struct map steps; /* of those that are called as was asked */
	bool has_task, has_step;
	bool is_open; /* there may be tasks that show later, or none will start */
};
/* Adds what this run and the runs inside it have; found has two maps of the arena. */
void agent_find_break(const struct agent *a, struct arena *arena,
	const struct break_override *asked, struct break_found *found);

/* Some task that is known now wants no network: a place that cannot give that is refused. */
bool agent_wants_hermetic(const struct agent *a);

/* What steps and sidecars ask of the place, as far as is known before the first step. */
enum demand_kind {
	DEMAND_USER,        /* id */
	DEMAND_GROUP,       /* id */
	DEMAND_MORE_GROUPS, /* id: fsGroup, supplementalGroups */
	DEMAND_PRIVILEGE,   /* more than the harmless capabilities */
	DEMAND_ESCALATION,  /* setuid programs of the image shall count */
};
enum { DEMAND_KIND_N = DEMAND_ESCALATION + 1 };
struct demand {
	enum demand_kind kind;
	int64_t id;
	const char *field; /* of a securityContext: "runAsUser" */
	struct pos pos;
};
void agent_demands(
	const struct agent *a, struct arena *arena, struct demand **ret, size_t *ret_n);

/* Image references known before the first step, each once, with where they were written. */
struct image_use {
	struct str image;
	struct pos pos;
};
void agent_images(
	const struct agent *a, struct arena *arena, struct image_use **ret, size_t *ret_n);

/*
 * What the run's volumes, workspaces, variables and accounts name of the namespace, each once,
 * as far as it is known now. A name that still holds a variable is among them as it is.
 */
enum need_kind {
	NEED_CLAIM,
	NEED_CLAIM_TEMPLATE, /* name is the run's workspace */
	NEED_CONFIG_MAP,
	NEED_SECRET,
	NEED_ACCOUNT, /* a ServiceAccount */
	NEED_HOST_PATH,
};
enum { NEED_KIND_N = NEED_HOST_PATH + 1 };
struct need {
	enum need_kind kind;
	struct str name;
	struct str json; /* CLAIM_TEMPLATE: as it is written */
	struct pos pos;
};
void agent_needs(const struct agent *a, struct arena *arena, struct need **ret, size_t *ret_n);
/* Of the whole run; 0: none. */
int64_t agent_timeout_ns(const struct agent *a);

/* --- requests (peak.c) --------------------------------------------------------------- */

/* A task of the run or of a run inside it; one that runs a pipeline is not among them. */
struct peak_task {
	struct str name;  /* with those of the pipelines around it: child/first */
	size_t n_runs;    /* of a fan-out; 1 when the number is known only later */
	bool is_unknown;  /* the number */
	int64_t *amounts; /* per resource, of one task run */
};
/*
 * What the run requests at most at one time, before anything has started. Steps of a task come
 * one after the other, so a task run needs the most of any of its steps and, beside it, all its
 * sidecars; task runs that no edge orders may run side by side. Amounts of cpu are in
 * thousandths, all others in whole units.
 */
struct peak {
	struct str *names; /* of resources, sorted */
	size_t n_names;
	int64_t *amounts; /* per resource */
	int64_t *totals;  /* of all task runs together */
	bool *is_bound;   /* it may be less: max_parallel, or a graph that is too large */
	struct pos *at;   /* what asks for it first; no line when that is in no file */
	struct peak_task *tasks;
	size_t n_tasks;
	size_t n_unknown; /* fan-outs without a number: without max_parallel they count once */
};
void agent_peak(const struct agent *a, struct arena *arena, struct peak *ret);
/* As Kubernetes writes it: 1500m, 2, 512Mi. */
struct str peak_quantity(struct arena *a, struct str resource, int64_t amount);

/* --- reports (report.c, explain.c) --------------------------------------------------- */

struct json_writer;
/* The run object and its TaskRuns as items of a v1 List, in Tekton's shape, status included. */
void report_items(const struct run_view *r, struct json_writer *w);
/* `plan`: what would run, in which order and why; nothing is executed. */
enum plan_format { PLAN_TEXT, PLAN_JSON, PLAN_DOT };
struct plan_style {
	enum plan_format format;
	bool has_resources; /* with the peak of the requests; not in PLAN_DOT */
};
void plan_print(const struct agent *a, struct plan_style style, struct buf *out);

#endif
