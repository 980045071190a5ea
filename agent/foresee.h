/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The task runs that are foreseeable before anything runs, of a run and of the runs inside it:
 * the passes of each are made once, as far as values are known.
 */
#ifndef AGENT_FORESEE_H
#define AGENT_FORESEE_H

#include "state.h"

struct foresight {
	/* Something of it depends on values: without, the spec as it is bound is told, once. */
	bool (*has_variables)(const struct task_spec *ts);
	/* One attempt of one task run; ts lives until the return. */
	void (*seen)(void *arg, const struct agent *a, const struct plan_task *t,
		const struct task_spec *ts);
	void *arg;
};
/* A run that is refused or pending has none. */
void foresee(const struct agent *a, const struct foresight *f);

#endif
