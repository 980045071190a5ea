/* SPDX-License-Identifier: Apache-2.0 */
/* The List of product.md: the run objects and their TaskRuns with status, as run.json and as
 * the output of `-o json`. */
#ifndef ENTRYPOINT_RUN_JSON_H
#define ENTRYPOINT_RUN_JSON_H

#include <base/err.h>
#include <base/mask.h>
#include <monopod/agent.h>

enum { RUN_JSON_MAX = 1024 * 1024 * 1024 };

/* Indented JSON with a line end, in pieces, so that its size costs no memory. Values in
 * mask are not in it; NULL: all are. */
int run_json_write(const struct run_view *const *runs, size_t n_runs, const struct mask *mask,
	int fd, struct err *err);

#endif
