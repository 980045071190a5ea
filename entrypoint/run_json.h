/* SPDX-License-Identifier: Apache-2.0 */
/* The List of product.md: the run objects and their TaskRuns with status, as run.json and as
 * the output of `-o json`. */
#ifndef ENTRYPOINT_RUN_JSON_H
#define ENTRYPOINT_RUN_JSON_H

#include <base/err.h>
#include <base/mask.h>
#include <monopod/agent.h>

enum { RUN_JSON_MAX = 1024 * 1024 * 1024 };

/*
 * What of the Secrets is not shown. The document that the caller asked for is how params and
 * results reach it, so their values are as they are there, as in Tekton's own status; in what
 * stays in the run directory they are masked like everything else.
 */
struct run_json_hiding {
	const struct mask *mask; /* NULL: nothing is hidden */
	bool shows_values;       /* of params and results */
};
/* Indented JSON with a line end, in pieces, so that its size costs no memory. */
int run_json_write(const struct run_view *const *runs, size_t n_runs,
	const struct run_json_hiding *hiding, int fd, struct err *err);

#endif
