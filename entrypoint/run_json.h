/* SPDX-License-Identifier: Apache-2.0 */
/* The List of product.md: the run objects and their TaskRuns with status, as run.json and as
 * the output of `-o json`. */
#ifndef ENTRYPOINT_RUN_JSON_H
#define ENTRYPOINT_RUN_JSON_H

#include <base/buf.h>
#include <monopod/agent.h>

enum { RUN_JSON_MAX = 256 * 1024 * 1024 };

/* Indented JSON with a line end. out is initialised here; check out->full. */
void run_json_print(const struct run_view *const *runs, size_t n_runs, struct buf *out);

#endif
