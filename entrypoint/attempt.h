/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directories of one attempt of a task run (tekton-semantics 21.3): /workspace, what is
 * its own below /tekton, its volumes, and per step the writable layer. They
 * live in the run directory's scratch/ and end with the attempt.
 *
 *     scratch/small/T-A/     results/ artifacts/ run/I/ (of an only step 0/) scripts/ (when
 *                            there are some) end-I (termination) debug/ info-I/I/ (with
 *                            breakpoints): a tmpfs where one can be
 *     scratch/tasks/T-A-w/   /workspace; T-A-h/ home; T-A-b/bind-W/ (emptyDir, ConfigMap,
 *                            Secret)
 *     scratch/layers/T-A-I/  upper/ work/
 */
#ifndef ENTRYPOINT_ATTEMPT_H
#define ENTRYPOINT_ATTEMPT_H

#include "binding.h"
#include "owned.h"
#include "rundir.h"
#include "shared.h"
#include "sweeper.h"

#include <base/err.h>
#include <monopod/runner.h>
#include <monopod/sandbox.h>

struct attempt_config {
	const struct rundir *rundir;
	const struct rundir_run *run;
	struct shared *shared;
	struct sweeper *sweeper;
	const struct sandbox_place *place;
	const struct binding_config *binding;
	const struct hide_paths *hide;
	struct sandbox_ns *ns;
	struct str key; /* a name no other attempt of this command has */
};

struct place { /* the part of a volume that a subPath names */
	size_t volume;
	struct str sub_path; /* borrowed from the launch */
	int fd;
	bool is_file;
	hidden_vec hidden;
};

struct attempt {
	struct arena *arena; /* of the attempt */
	const struct attempt_config *config;
	const struct task_launch *launch;
	int dfd;        /* scratch/small/T-A */
	int bind_dfd;   /* scratch/tasks/T-A-b; -1: no volumes */
	int tekton_dfd; /* shared, borrowed */
	int workspace_dfd, home_dfd, results_dfd, artifacts_dfd, run_dfd;
	int scripts_dfd;          /* -1: no step has a script */
	int debug_dfd;            /* the scripts of breakpoints; -1: there are none */
	bool *has_layer;          /* one per container: its writable layer is there */
	struct binding *bindings; /* one per volume of the launch */
	VEC(struct place) places; /* one per volume and subPath */
	int log_dfd;
};

struct attempt_step {            /* what one container adds; closed when it has started */
	int run_dfd;             /* /tekton/run/I; -1: a sidecar has none */
	int termination_fd;      /* a file; likewise */
	int info_dfd;            /* /tekton/debug/info; -1: there are no breakpoints */
	int upper_dfd, work_dfd; /* -1: a read-only root */
};

/*
 * Makes everything that does not depend on the step. ERR_NOT_FOUND with Kubernetes' words when
 * a ConfigMap, Secret or key is missing; other kinds are failures of the machine.
 */
int attempt_open(const struct attempt_config *c, const struct task_launch *l,
	struct attempt **ret, struct err *err);
/* The launch is another one from now on: as many containers and volumes, which nobody opens any
 * more. */
void attempt_keep(struct attempt *at, const struct task_launch *l);
/* Removes it all, by way of the sweeper. Failures are reported once everything else is gone. */
int attempt_close(struct attempt *at, struct err *err);

struct attempt_mount {
	int fd; /* borrowed */
	bool is_file;
	const hidden_vec *hidden;
};
/* What is mounted: the volume itself or the place in it. */
struct attempt_mount attempt_mount(const struct attempt *at, const struct launch_mount *m);

int attempt_step_open(
	struct attempt *at, size_t step, struct attempt_step *ret, struct err *err);
void attempt_step_close(struct attempt_step *s);
/* /tekton/run/I as it is now; O_PATH, or -1. */
int attempt_step_run(struct attempt *at, size_t step, struct err *err);
/* Where a step leaves its own "results" or "artifacts", as it is now; O_PATH, or -1. */
int attempt_step_dir(struct attempt *at, size_t step, const char *name, struct err *err);
/* Writes the script of a step that has not started anew. */
int attempt_script_renew(struct attempt *at, size_t step, struct err *err);
/*
 * The markers of an ended step: run/I/out or out.err and, when the text is not empty,
 * status/exitCode. After the last step nobody is left to see them, and there are none.
 */
void attempt_step_mark(struct attempt *at, size_t step, bool succeeded, struct str exit_code);
/* Frees the writable layer of a step that has ended. */
int attempt_step_free(struct attempt *at, size_t step, struct err *err);

#endif
