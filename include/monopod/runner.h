/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between deciding and acting. agent/ decides: it is fed events and hands out actions.
 * entrypoint/ acts: it carries actions out and turns what happens into events. Everything here
 * is plain data; strings live as long as the agent unless said. Times: now_ns and at_ns are
 * monotonic, wall_ns is wall clock, all nanoseconds.
 */
#ifndef MONOPOD_RUNNER_H
#define MONOPOD_RUNNER_H

#include <base/str.h>
#include <monopod/spec.h>
#include <stdint.h>

/* --- what a task run needs, fully substituted; given with ACTION_START_TASK, valid until
 * ACTION_END_TASK. Env values, command and args of a step that read an earlier step's results
 * are filled in when START_STEP is handed out. --- */

struct env_entry {
	struct str name;
	struct str value;
	bool is_secret; /* the value came from a Secret, or holds one that did */
};
enum launch_kind {
	LAUNCH_EMPTY_DIR,
	LAUNCH_CLAIM,          /* shared by all runs of a command */
	LAUNCH_CLAIM_TEMPLATE, /* shared by the tasks of a run */
	LAUNCH_FILES,          /* ConfigMap, Secret, downwardAPI, projected */
	LAUNCH_CALLER_DIR,     /* -w NAME=DIR */
	LAUNCH_HOST_PATH,
	LAUNCH_IMAGE,
};
enum { LAUNCH_KIND_N = LAUNCH_IMAGE + 1 };
struct launch_file {
	struct str path; /* cleaned, relative */
	struct str value;
	uint32_t mode; /* 0 to 0777 */
	bool is_secret;
};
/* What stands behind workspaces and volumes; made once for an attempt, mounted by steps. */
/* Where the credentials of steps are: the Secrets, and below LAUNCH_HOME_FILES of it what each
 * step finds in its home and in LAUNCH_CREDS, as files of its own user. */
#define LAUNCH_SECRETS    "/tekton/creds-secrets"
#define LAUNCH_HOME_FILES ".home"
#define LAUNCH_CREDS      "/tekton/creds"
struct launch_volume {
	struct str name; /* as written, for messages */
	enum launch_kind kind;
	bool read_only;      /* whatever a mount says */
	bool is_secret;      /* FILES: some file came from a Secret */
	struct str dir;      /* CALLER_DIR, HOST_PATH: absolute */
	struct str dir_type; /* HOST_PATH: as Kubernetes names it, or empty */
	struct str
		claim; /* CLAIM, CLAIM_TEMPLATE: name of the directory that all users share */
	const struct launch_file *files; /* FILES */
	size_t n_files;
	bool is_memory;           /* EMPTY_DIR */
	int64_t size_limit_bytes; /* EMPTY_DIR, 0: none */
	struct str image;         /* IMAGE: reference */
};
struct launch_mount {          /* a volume as one step sees it */
	size_t volume;         /* index into task_launch.volumes */
	struct str mount_path; /* absolute, cleaned, in the step */
	struct str sub_path;   /* cleaned, relative; empty: the whole volume. Made when missing
				  and the volume can be written */
	bool read_only;
};
struct result_want {
	struct str name; /* of a file; no other one of the list has it */
	enum value_type type;
};
/* A container's securityContext over the pod's, without its users. Bits of sets of
 * capabilities are the kernel's numbers. */
struct launch_security {
	uint64_t cap_add;
	uint64_t cap_drop;
	bool adds_all; /* before the named ones are added and dropped */
	bool drops_all;
	bool is_privileged; /* the others say what that comes to */
	bool is_admin;      /* CAP_SYS_ADMIN was asked for, alone or with others */
	bool may_escalate;  /* allowPrivilegeEscalation: true was asked for, or is implied */
	bool read_only_root;
	bool is_unconfined;                /* seccompProfile Unconfined */
	const struct seccomp_rules *rules; /* seccompProfile Localhost, or NULL */
	bool is_proc_unmasked;
	const uint32_t *groups; /* supplementary, of the pod: fsGroup is among them */
	size_t n_groups;
	bool own_groups_only; /* supplementalGroupsPolicy Strict: none of the image's */
};
/* What asks a container how it is, or goes with its start or end; see spec.h. */
struct launch_header {
	struct str name;
	struct str value;
};
struct launch_handler {
	enum handler_kind kind;
	struct str problem;  /* why it can never be carried out; empty: it can */
	struct str *command; /* EXEC */
	size_t n_command;
	struct str host; /* an address; empty: the task's own */
	uint16_t port;
	struct str path; /* HTTP_GET: as written, not empty */
	struct launch_header *headers;
	size_t n_headers;
	int64_t sleep_ns;
};
struct launch_probe { /* Kubernetes' defaults are filled in */
	struct launch_handler handler;
	int64_t initial_delay_ns, period_ns, timeout_ns;
	int64_t success_threshold, failure_threshold;
	int64_t grace_ns; /* from SIGTERM to SIGKILL when it fails; 0: as at any end */
};
struct launch_health {
	struct launch_probe probes[PROBE_KIND_N];
	struct launch_handler post_start, pre_stop;
};
/* A container: a step, or a sidecar. */
struct step_launch {
	size_t index;                       /* in task_launch.steps */
	struct str name;                    /* "build", or "unnamed-2" */
	struct str container;               /* "step-build", "step-unnamed-2", "sidecar-db" */
	const struct sidecar *sidecar;      /* what it is beside a container; NULL: a step */
	const struct launch_health *health; /* of a sidecar; NULL: no probes and no hooks */
	struct str image;                   /* reference as written, after substitution */
	bool has_script;
	bool has_new_script;    /* it is another one than at START_TASK */
	struct str script;      /* complete file contents, preamble included */
	struct str script_path; /* /tekton/scripts/script-0-xxxxx */
	struct str *command;    /* after Kubernetes' $(VAR) expansion; not used with a script */
	size_t n_command;
	struct str *args;
	size_t n_args;
	struct env_entry *env; /* of the spec, in order, expanded; the image's own is added by
				  entrypoint */
	size_t n_env;
	struct str working_dir; /* absolute and cleaned, or empty: the image's */
	/* stdoutConfig.path and stderrConfig.path: files of the step's that get a copy of its
	 * output, from its working directory when relative; empty: none */
	struct str stdout_path, stderr_path;
	struct launch_mount *mounts;
	size_t n_mounts;
	int64_t run_as_user;  /* -1: the image's */
	int64_t run_as_group; /* -1: by the user */
	bool run_as_non_root;
	struct launch_security security;
	bool on_error_continue;
	bool breaks_before;          /* it waits before its program starts */
	bool breaks_on_failure;      /* its sandbox stays when its program fails */
	struct result_want *results; /* the step's own: /tekton/steps/CONTAINER/results/NAME */
	size_t n_results;
	struct str *limits_not_enforced; /* "memory=1Gi" …, for the summary and the record */
	size_t n_limits_not_enforced;
};
struct launch_host { /* a line of /etc/hosts */
	struct str ip;
	struct str *names;
	size_t n_names;
};
struct launch_option {
	struct str name;
	struct str value; /* empty: the name alone */
};
struct launch_dns {    /* over the machine's resolv.conf; a hermetic task has none */
	bool own_only; /* dnsPolicy None */
	struct str *nameservers;
	size_t n_nameservers;
	struct str *searches;
	size_t n_searches;
	struct launch_option *options;
	size_t n_options;
};
/* Its name among all containers of its task, in logs and in what people see. */
static inline struct str step_launch_label(const struct step_launch *s)
{
	return s->sidecar ? s->container : s->name;
}
struct task_launch {
	size_t task;     /* index into run_view.task_runs */
	size_t attempt;  /* from 0 */
	struct str name; /* the TaskRun's */
	struct str pod_name;
	bool hermetic;
	bool has_credentials; /* a volume at LAUNCH_SECRETS, for steps alone */
	bool has_breakpoints; /* some step's: /tekton/debug is there for all */
	struct launch_volume
		*volumes; /* of workspaces, then of the task and its pod template */
	size_t n_volumes;
	bool has_fs_group; /* the volumes that are not the caller's get this group */
	uint32_t fs_group;
	bool fs_group_on_mismatch; /* not again where the top directory has it */
	struct launch_host *hosts;
	size_t n_hosts;
	struct launch_dns dns;
	struct step_launch *steps; /* and behind them the sidecars */
	size_t n_steps;
	size_t n_sidecars;
	struct result_want *results; /* declared task results, read after every step */
	size_t n_results;
};

static inline size_t launch_n_containers(const struct task_launch *l)
{
	return l->n_steps + l->n_sidecars;
}

/*
 * Order. START_TASK, then TASK_READY or TASK_REFUSED, before which TASK_WAITS may come; after
 * READY START_SIDECAR for all sidecars (those behind one with a postStart hook once that has
 * started); when each is ready or over, one START_STEP at a time; at last END_TASK, once for
 * each START_TASK. A run that is stopped does not wait for answers: END_TASK may come instead
 * of the answer to START_TASK, STOP_STEP before the answer to START_STEP (the signal is then
 * repeated after STEP_STARTED). An answer that comes all the same is dropped. A step that
 * breaks before its program waits from STEP_STARTED on, one that breaks on failure from
 * STEP_HALTED on; RELEASE_STEP or STOP_STEP ends the wait, and STEP_ENDED comes as of any step.
 * PUBLISH comes at most once between two events and after all else but FINISH, FINISH once and
 * last. The agent's view of a step ends only with STEP_ENDED or STEP_REFUSED.
 */
/* --- actions: agent → entrypoint ----------------------------------------------------- */

enum action_kind {
	ACTION_RECORD, /* append to the journal; `durable` before anything after it is carried
			  out, but for END_TASK, which nobody outside the attempt can see */
	ACTION_START_TASK,    /* make directories, bindings, namespaces; answer TASK_READY or
				 TASK_REFUSED */
	ACTION_START_SIDECAR, /* answer SIDECAR_STARTED or SIDECAR_REFUSED, later SIDECAR_READY
				 and SIDECAR_ENDED, unless END_TASK comes first */
	ACTION_START_STEP,    /* answer STEP_STARTED or STEP_REFUSED, later STEP_ENDED */
	ACTION_SKIP_STEP, /* a step that does not run, its when being false or a step before it
			     having failed: leave its marks, say so in its log; no answer */
	ACTION_STOP_STEP, /* send `signal` to the step (SIGTERM: its main process; SIGKILL: all
			     of it, or with `spares` its main process alone). A step that waits
			     is ended by either */
	ACTION_RELEASE_STEP, /* the wait at a breakpoint is over: start the program, or, when
				that was it, end the sandbox; `release` is the verdict */
	ACTION_END_TASK,     /* the attempt is over: stop its sidecars, then free its layers,
				directories, namespaces; no answer */
	ACTION_PUBLISH, /* the report changed: run.json, provisional termination record, view */
	ACTION_FINISH,  /* the run is over; its condition is final */
};
enum { ACTION_KIND_N = ACTION_FINISH + 1 };

enum release { /* how the wait at a breakpoint ends */
	RELEASE_NONE,
	RELEASE_CONTINUE, /* the step starts, or counts as a success */
	RELEASE_FAIL,
};
enum { RELEASE_N = RELEASE_FAIL + 1 };

struct action {
	enum action_kind kind;
	size_t task;
	size_t attempt;
	size_t step; /* START_SIDECAR: its place in task_launch.steps */
	int signal;
	bool after_failure;   /* SKIP_STEP: because of a step before it */
	bool spares;          /* STOP_STEP */
	enum release release; /* RELEASE_STEP */
	bool durable;
	struct str record; /* RECORD: one compact JSON object, no newline; valid until the next
			      call */
	const struct task_launch *launch; /* START_TASK, START_SIDECAR, START_STEP */
};

/* --- events: entrypoint → agent ------------------------------------------------------ */

enum event_kind {
	EVENT_START,      /* first of all */
	EVENT_TASK_WAITS, /* START_TASK is not carried out yet, for what other attempts hold:
			     this one's timeout does not run until the answer */
	EVENT_TASK_READY,
	EVENT_TASK_REFUSED, /* reason and message become the TaskRun's condition */
	EVENT_STEP_STARTED,
	EVENT_STEP_REFUSED,  /* the step's process never ran: image, user, config. reason +
				message as above */
	EVENT_STEP_HALTED,   /* its program has failed (end, exit_code, signal, message); its
				sandbox stays, as START_STEP asked */
	EVENT_STEP_RELEASED, /* somebody ended the wait: release, exit_code of RELEASE_FAIL */
	EVENT_STEP_ENDED,
	/* step: the sidecar's place in task_launch.steps */
	EVENT_SIDECAR_STARTED, /* and its postStart hook is over */
	EVENT_SIDECAR_REFUSED, /* its process never ran; as STEP_REFUSED */
	EVENT_SIDECAR_READY,
	EVENT_SIDECAR_UNREADY, /* its readiness probe failed since */
	EVENT_SIDECAR_ENDED,
	EVENT_TICK, /* agent_deadline_ns has passed */
	EVENT_CANCEL,
	EVENT_RESUME, /* after agent_replay: nothing of the agent before is alive any more */
};
enum { EVENT_KIND_N = EVENT_RESUME + 1 };

enum cancel_mode {
	CANCEL_NONE,
	CANCEL_STOP,     /* StoppedRunFinally: what runs may finish */
	CANCEL_GRACEFUL, /* CancelledRunFinally */
	CANCEL_NOW,      /* Cancelled; after another cancel: SIGKILL at once */
};
/* For a TaskRun object every mode is CANCEL_NOW. A weaker mode than the one before is dropped.
 */
enum { CANCEL_MODE_N = CANCEL_NOW + 1 };

enum step_end {
	STEP_END_EXITED,      /* exit_code */
	STEP_END_SIGNALED,    /* signal */
	STEP_END_EXEC_FAILED, /* the program could not be executed: exit 1, as Tekton's
				 entrypoint reports it */
	STEP_END_OOM,
	STEP_END_LOST, /* we cannot know; never success */
};
enum { STEP_END_N = STEP_END_LOST + 1 };

/* The problem of a result that is beyond every bound; it has a reason of its own. */
#define RESULT_TOO_LARGE "is larger than 16 MiB"

struct result_got {
	struct str name;
	bool present;
	struct str text;    /* verbatim bytes, valid during agent_feed only */
	struct str problem; /* not present because: "is a FIFO", "is larger than 16 MiB", "is a
			       symbolic link"; or empty */
};
/* Files of artifacts that are looked for when a step has ended. */
enum artifacts_file { ARTIFACTS_OF_STEP, ARTIFACTS_OF_TASK };
enum { ARTIFACTS_FILE_N = ARTIFACTS_OF_TASK + 1 };

struct event {
	enum event_kind kind;
	int64_t now_ns;
	int64_t wall_ns;
	size_t task;
	size_t attempt;
	size_t step;
	struct str reason;   /* REFUSED */
	struct str message;  /* REFUSED; …_ENDED, STEP_HALTED: EXEC_FAILED text, why a sidecar
				was  killed; CANCEL, START, RESUME: why it is cancelled */
	struct str image_id; /* …_STARTED: repo@sha256:… or sha256:… */
	enum step_end end;   /* …_ENDED, STEP_HALTED */
	enum release release;
	int exit_code;
	int signal;
	const struct result_got *results; /* STEP_ENDED, one per result_want of the task */
	size_t n_results;
	const struct result_got *step_results; /* STEP_ENDED, one per result_want of the step */
	size_t n_step_results;
	const struct result_got *artifacts; /* STEP_ENDED, one per artifacts_file; NULL: there
					       are none */
	enum cancel_mode cancel; /* CANCEL; START, RESUME: asked for before; NONE: it was not */
	int64_t grace_ns; /* CANCEL by a signal: everything is over this long after now; 0: no
			     limit */
};

#endif
