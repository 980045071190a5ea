/* SPDX-License-Identifier: Apache-2.0 */
/* A run that is bound and checked but never started: for `check` and `plan`. */
#ifndef ENTRYPOINT_TRIAL_H
#define ENTRYPOINT_TRIAL_H

#include "options.h"

/*
 * The agent of a run as `run` would make it, its problems added to spec->diags. Its options are
 * in the arena, which must outlive it. agent_free frees it.
 */
struct agent *trial_new(const struct options *o, struct arena *a, const struct spec *spec,
	const struct run_ref *run);

#endif
