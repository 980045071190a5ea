/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The results of a run as files, one each: in its run directory, and, for use as a step of a
 * Tekton Task, in the directory that was asked for.
 */
#ifndef ENTRYPOINT_RESULTS_WRITE_H
#define ENTRYPOINT_RESULTS_WRITE_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>
#include <monopod/agent.h>

/* Of a PipelineRun its own, of a TaskRun those of its last attempt. */
const struct named_value *results_of(const struct run_view *r, size_t *ret_n);
/* As Tekton's entrypoint writes it: strings as they are, the rest as JSON. */
struct str result_text(struct arena *a, const struct value *v);

struct results_place {  /* --results-dir */
	struct str dir; /* empty: none */
	int dfd;        /* it, or the nearest directory above it that is there */
	struct str missing;
};
/*
 * Before anything is started: that --results-dir can be written, or made. ERR_SANDBOX when it
 * cannot, ERR_USAGE when several runs would share it. Nothing is left there. It stays the
 * directory that it is, whatever a step that has one above it puts in its place.
 */
int results_place_open(struct results_place *ret, struct arena *a, struct str dir,
	size_t n_runs, struct err *err);
void results_place_close(struct results_place *p);

/* Below run_dfd (mode 0600), then to the place (0644, if it is one); each file is whole or not
 * there. A result whose name cannot be that of a file is warned of. */
int results_write(const struct run_view *r, int run_dfd, const struct results_place *place,
	struct err *err);

#endif
