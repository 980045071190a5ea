/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was asked on the command line, checked for form but not against the world. Built by
 * cli.c from its option tables, read by everything else. All strings are in the arena.
 */
#ifndef ENTRYPOINT_OPTIONS_H
#define ENTRYPOINT_OPTIONS_H

#include <base/arena.h>
#include <base/log.h>
#include <base/str.h>
#include <monopod/agent.h>
#include <monopod/sandbox.h>
#include <stdint.h>

enum output_format {
	OUTPUT_AUTO, /* live view on a terminal, plain elsewhere */
	OUTPUT_PLAIN,
	OUTPUT_JSON,
	OUTPUT_DOT, /* plan only */
};
enum { OUTPUT_FORMAT_N = OUTPUT_DOT + 1 };

struct volume_override { /* --volume CLAIM=DIR */
	struct str claim;
	struct str dir; /* absolute */
};

struct keep {             /* which run directories of earlier runs stay; all zero: all */
	size_t n_runs;    /* the newest, this one included */
	bool only_failed; /* those that did not succeed, and this one */
};

struct options {
	struct arena *arena;
	struct str verb; /* "run" … */

	/* input */
	struct str *files; /* -f; "-" is standard input */
	size_t n_files;
	struct str name;               /* which run, Pipeline or Task; empty: not given */
	struct param_override *params; /* -p */
	size_t n_params;
	struct workspace_override *workspaces; /* -w */
	size_t n_workspaces;
	struct volume_override *volumes;
	size_t n_volumes;
	struct claim_override *claims; /* --template-claim */
	size_t n_claims;
	struct str object_dir;  /* absolute; empty: none */
	struct str *host_paths; /* --allow-host-path; absolute and cleaned */
	size_t n_host_paths;
	struct str profile_root; /* --seccomp-profile-root; absolute and cleaned */

	/* images */
	struct str *images; /* absolute paths of sources */
	size_t n_images;
	struct str *image_maps; /* REF=TARGET as written */
	size_t n_image_maps;
	struct str *image_map_files; /* absolute */
	size_t n_image_map_files;
	struct str image_lock; /* absolute; `image lock` writes it, others read it */
	struct str store;      /* absolute; empty: options_store_dir decides */

	/* where things go; absolute, empty: the default */
	struct str run_dir;
	struct str termination_log;
	struct str results_dir;
	struct str cancel_file; /* watched; empty: none */

	/* how it runs */
	enum output_format output;
	enum sandbox_level require_level; /* SANDBOX_NONE: whatever works */
	bool hermetic;
	bool breaks_on_failure;        /* --debug on-failure */
	struct break_override *breaks; /* --debug before-step=TASK/STEP */
	size_t n_breaks;
	size_t max_parallel; /* 0: no limit */
	int64_t grace_ns;    /* OPTIONS_GRACE_NS when not given */
	uint64_t log_limit;  /* bytes of a step's log; 0: none */
	struct keep keep;
	bool dry_run;
	bool resume, resume_force;
	bool log_record; /* run.json into the output */
	bool no_color;   /* --no-color or NO_COLOR */
	enum log_level log_level;

	/* pod */
	struct str pod_image, pod_name, pod_namespace; /* as written, or empty */
	struct str images_from;                        /* "volumes", a claim, or empty */
	struct str run_claim;
	int pod_profile; /* enum pod_profile */
	bool is_job;

	/* image pack */
	struct str pack_tag;
	struct str pack_layout;               /* absolute; empty: the store */
	struct str pack_entrypoint, pack_cmd; /* JSON arrays of strings as written, or empty */
	struct str *pack_env;
	size_t n_pack_env;
	struct str pack_user, pack_workdir;

	bool help_man; /* help --man */

	/* cancel */
	bool graceful, stop;

	/* shell */
	bool shell_continue, shell_fail;
	struct str *command; /* behind "--" */
	size_t n_command;

	/* describe */
	bool journal;

	/* plan */
	bool resources;

	/* collect */
	struct str collect_log; /* as written; "-" is standard input; empty: none */

	/* logs */
	size_t attempt; /* SIZE_MAX: the last one */

	/* words that are left over for verbs which take some (image, describe, logs, list) */
	struct str *args;
	size_t n_args;
};

#define OPTIONS_GRACE_NS (INT64_C(25) * 1000000000)

/* The store's directory: the option, $MONOPOD_STORE, or the default of this user. */
struct str options_store_dir(const struct options *o, struct arena *a);
/* What of them is for the agent; who has it adds what the machine has and the run's uid. */
struct agent_options options_of_agent(const struct options *o);

#endif
