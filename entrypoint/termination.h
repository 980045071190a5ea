/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The termination file (product.md): what Kubernetes shows of a container that has ended, at
 * most 4096 bytes. It is true at every moment: written in place, one write padded to the
 * previous length, then cut.
 */
#ifndef ENTRYPOINT_TERMINATION_H
#define ENTRYPOINT_TERMINATION_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>

struct termination_item {
	struct str name;
	struct str value;
};
struct termination_text {   /* what is to be told, in order of importance */
	struct str verdict; /* "True Succeeded Tasks Completed: …" */
	const struct termination_item *results;
	size_t n_results;
	struct str run_json;                  /* "sha256:… PATH"; empty: not yet */
	const struct termination_item *tasks; /* TaskRun → "True Succeeded" */
	size_t n_tasks;
};

/* The bytes of the file: a JSON array, or "tknz:" and its compressed form when it is too long.
 * What does not fit is left out whole and named in `monopod/omitted`; names that do not fit
 * there are counted. */
struct str termination_encode(struct arena *a, const struct termination_text *t);

struct termination {
	int fd; /* -1: there is no file */
	size_t n_bytes;
};

/* With an empty path, /dev/termination-log when it can be written; a warning when it exists and
 * cannot. ERR_SANDBOX when a named one cannot be written, or is that of an agent that lives. */
int termination_open(struct termination *t, struct str path, struct err *err);
int termination_write(struct termination *t, struct str text, struct err *err);
void termination_close(struct termination *t);

#endif
