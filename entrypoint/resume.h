/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Going on with an interrupted command, in this order: its run directory is found and locked
 * (nothing of it is alive then), the seed read, the input loaded with it, compared with what
 * the journals say, and every run made again. Without a journal nothing is different from a
 * first start. Also: the journals of runs that start.
 */
#ifndef ENTRYPOINT_RESUME_H
#define ENTRYPOINT_RESUME_H

#include "session.h"

/* --resume. Before session_read. */
int resume_find(struct session *s, struct err *err);
/*
 * After session_read. Fills in what became of each run. Differences of input and options are
 * errors in *diags, unless --resume=force; -1: for other reasons the run cannot go on.
 */
int resume_runs(struct session *s, struct diags *diags, struct err *err);
/* Every run has ended: there is nothing to start. */
bool resume_all_done(const struct session *s);

/* The journal that the run writes from here on: its own from before, or a new one. */
int resume_journal(struct session *s, struct session_run *r, const struct rundir_run *dir,
	struct drive_start *ret, struct err *err);

#endif
