/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a termination message back (product.md, "The termination file"). It comes from a
 * cluster: any pod can claim to be one of ours, so it is taken as hostile. What is returned is
 * whole and unambiguous, or nothing is.
 */
#ifndef ENTRYPOINT_TERMINATION_READ_H
#define ENTRYPOINT_TERMINATION_READ_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>

struct told_item { /* a result, or a TaskRun */
	struct str name;
	struct str value;          /* of a result, as it was written */
	struct str status, reason; /* of a TaskRun */
};
struct told {
	struct str status; /* True, False or Unknown */
	struct str reason;
	struct str message; /* may be empty */
	struct told_item *results;
	size_t n_results;
	struct str omitted; /* names of what did not fit; empty: nothing was left out */
	struct str digest;  /* of run.json, "sha256:…"; empty: not known (yet) */
	struct str path;    /* where that was written */
	struct told_item *task_runs;
	size_t n_task_runs;
};

/*
 * ERR_NOT_FOUND when there is no text, ERR_LIMIT when it is or unpacks to more than a message
 * may be, ERR_SPEC when it is anything but the records of one run: cut, foreign, contradictory.
 */
int told_read(struct arena *a, struct str text, struct told *ret, struct err *err);

#endif
