/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind a workspace or volume: a directory of its own for an emptyDir, one
 * directory per claim, files made from ConfigMaps and Secrets, or a directory of the caller's.
 */
#ifndef ENTRYPOINT_BINDING_H
#define ENTRYPOINT_BINDING_H

#include "callers.h"
#include "hide.h"
#include "options.h"
#include "owned.h"
#include "rundir.h"

#include <base/err.h>
#include <monopod/runner.h>
#include <monopod/sandbox.h>

struct binding_config {
	const struct options *options; /* --volume */
	const struct callers *callers;
	const struct rundir *rundir;
	const struct rundir_run *run;
	const struct owned *owned;
	struct sandbox_ns *ns;
	struct str ns_name;                        /* Kubernetes namespace, for messages */
	bool can_mount;                            /* rundir_own_mounts worked */
	void (*note)(void *arg, const char *text); /* something is not as was asked */
	void *note_arg;
};

struct binding {
	int fd; /* O_PATH or directory */
	enum sandbox_owner owner;
	bool read_only;
	bool is_file;      /* a hostPath may be one */
	bool is_mounted;   /* a tmpfs of ours on bind-W */
	hidden_vec hidden; /* of a directory of the caller's */
};

/* `name` is free below dfd, the attempt's directory. */
int binding_open(const struct binding_config *c, const struct launch_volume *v, int dfd,
	const char *name, struct binding *ret, struct err *err);
void binding_close(struct binding *b, int dfd, const char *name);

struct sub_path {
	struct sandbox_ns *ns;
	int root_dfd;
	enum sandbox_owner owner; /* of root_dfd */
	struct str path;          /* cleaned, relative */
	bool may_make;
};
/*
 * What lies at a subPath below root_dfd: a directory, made when missing (with the mode of the
 * volume, of the step's root or, in a directory of the caller's, of its owner), or a regular
 * file. Links are followed only inside of root_dfd. Returns an O_PATH descriptor or -1.
 */
int binding_sub_path(const struct sub_path *s, bool *ret_is_file, struct err *err);

#endif
