/* SPDX-License-Identifier: Apache-2.0 */
/* The sidecars of an attempt: started before its steps, told to be over with them (22). */
#ifndef AGENT_SIDECAR_H
#define AGENT_SIDECAR_H

#include "state.h"

/* Those that wait, in their order: one with a postStart hook holds the next ones back until it
 * has started, as on a node. */
void sidecar_start_more(struct agent *a, struct execution *t);
/* Nothing holds the first step back: each is ready, or has ended. True without any. */
bool sidecar_all_ready(const struct execution *t);
/* SIDECAR_STARTED, _READY, _UNREADY and _ENDED; what does not fit its state is dropped. */
void sidecar_event(struct agent *a, struct execution *t, const struct event *ev);
/* Whether it is about a sidecar that is being started. */
bool sidecar_is_starting(const struct execution *t, const struct event *ev);
/* Those that still run end with the attempt, by END_TASK; that is no failure of theirs. */
void sidecar_close_all(struct agent *a, struct execution *t);
/* The one that takes the blame for a step that failed (29.31), or NULL. */
const struct step_view *sidecar_to_blame(
	const struct execution *t, const struct step_view *step);

/*
 * Names are of containers and of log files: labels, and unique among all containers of the
 * task. What the API server says of one that is not; empty: all are.
 */
struct str sidecar_name_problem(
	struct arena *a, const struct step_view *steps, size_t n_steps, size_t n_sidecars);

/* A step's is below /workspace; a sidecar (else NULL) has no such directory. */
struct str sidecar_working_dir(
	struct arena *a, const struct step *container, const struct sidecar *sidecar);

#endif
