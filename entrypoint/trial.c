/* SPDX-License-Identifier: Apache-2.0 */
/* A run that is bound and checked but never started. */
#include "trial.h"

#include "input.h"
#include "machine.h"

struct agent *trial_new(const struct options *o, struct arena *a, const struct spec *spec,
	const struct run_ref *run)
{
	struct agent_options *opts = arena_new_object(a, struct agent_options);
	*opts = (struct agent_options){
		.params = o->params,
		.n_params = o->n_params,
		.workspaces = o->workspaces,
		.n_workspaces = o->n_workspaces,
		.claims = o->claims,
		.n_claims = o->n_claims,
		.hermetic = o->hermetic,
		.max_parallel = o->max_parallel,
		.uid = input_random_uid(a),
		.start_pending = o->name.n != 0,
	};
	machine_describe(a, opts);
	return agent_new(spec, run, opts, spec->diags);
}
