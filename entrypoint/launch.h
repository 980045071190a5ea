/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step as it is to be started: what the agent decided (step_launch), what its image says, and
 * where its directories are, become one sandbox_config.
 */
#ifndef ENTRYPOINT_LAUNCH_H
#define ENTRYPOINT_LAUNCH_H

#include "attempt.h"
#include "hide.h"
#include "imageset.h"

#include <base/arena.h>
#include <base/err.h>
#include <monopod/runner.h>
#include <monopod/sandbox.h>

struct launch_config {              /* the same for all steps of a command */
	struct str etc_hosts;       /* of the agent's machine */
	struct str etc_resolv_conf; /* likewise */
	struct hide_paths hide;     /* from steps that would see more than their own */
	struct str own_ip;          /* of the machine or pod, where a sidecar may listen */
};
/* Reads the two files; a missing one is empty. */
void launch_config_init(struct launch_config *c, struct arena *a);

struct launch_pod {     /* who the step is, for messages and names */
	struct str ns;  /* Kubernetes namespace */
	struct str uid; /* of the TaskRun */
	struct str pod_name;
	bool hermetic;
};

struct launch_program { /* after the image's config was taken into account */
	char *const *argv;
	char *const *envp;
	struct str cwd;
	struct image_user user;
};

/*
 * ENTRYPOINT and CMD, environment, user, working directory (tekton-semantics 21.1, 21.4, 23).
 * ERR_SPEC in Kubernetes' words when it must not run (no such user, runAsNonRoot), ERR_STEP
 * when there is nothing to execute.
 */
int launch_program(struct arena *a, const struct launch_pod *pod, const struct step_launch *s,
	const struct rootfs *r, struct launch_program *ret, struct err *err);

struct launch_parts {
	const struct launch_config *config;
	const struct launch_pod *pod;
	const struct step_launch *step;
	const struct rootfs *rootfs;
	struct rootfs *const *volumes; /* per volume: the image it is, READY; else NULL */
	const struct launch_program *program;
	const struct attempt *attempt;
	const struct attempt_step *dirs;
	int points_dfd; /* shared_points; -1: none */
	struct sandbox_ns *ns;
};
/* Descriptors are borrowed from the parts; std descriptors are left to step_start. */
void launch_sandbox(struct arena *a, const struct launch_parts *p, struct sandbox_config *ret);

/* What a visitor of a step has of it: user, groups, working directory, confinement, limits. */
void launch_visit(struct arena *a, const struct step_launch *s,
	const struct launch_program *program, struct sandbox_visit_config *ret);

/* Go's words for a program that could not be executed. */
struct str launch_exec_text(struct arena *a, const char *program, int sys);
/* Why the file of stdoutConfig or stderrConfig (field) could not be opened. */
struct str launch_copy_text(struct arena *a, const char *field, struct str path, int sys);

#endif
