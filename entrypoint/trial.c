/* SPDX-License-Identifier: Apache-2.0 */
/* A run that is bound and checked but never started. */
#include "trial.h"

#include "input.h"
#include "machine.h"

struct agent *trial_new(const struct options *o, struct arena *a, const struct spec *spec,
	const struct run_ref *run)
{
	struct agent_options *opts = arena_new_object(a, struct agent_options);

	*opts = options_of_agent(o);
	opts->uid = input_random_uid(a);
	machine_describe(a, opts);
	return agent_new(spec, run, opts, spec->diags);
}
