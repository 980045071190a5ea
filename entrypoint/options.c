/* SPDX-License-Identifier: Apache-2.0 */
/* What options come to: defaults that depend on who is running, the part of the agent. */
#include "options.h"

#include <base/path.h>
#include <stdlib.h>
#include <unistd.h>

struct str options_store_dir(const struct options *o, struct arena *a)
{
	struct str from_env = str_z(getenv("MONOPOD_STORE"));
	struct str data = str_z(getenv("XDG_DATA_HOME"));
	struct str home = str_z(getenv("HOME"));
	struct str ret;

	if (o->store.n)
		return o->store;
	if (from_env.n && path_absolute(a, from_env, &ret, NULL) == 0)
		return ret;
	if (geteuid() == 0)
		return STR("/var/lib/monopod");
	if (data.n && data.p[0] == '/')
		return path_join(a, data, STR("monopod"));
	if (home.n && home.p[0] == '/')
		return path_join(a, home, STR(".local/share/monopod"));
	return arena_printf(a, "/var/tmp/monopod-%u", (unsigned)geteuid());
}

struct agent_options options_of_agent(const struct options *o)
{
	return (struct agent_options){.params = o->params,
		.n_params = o->n_params,
		.workspaces = o->workspaces,
		.n_workspaces = o->n_workspaces,
		.claims = o->claims,
		.n_claims = o->n_claims,
		.hermetic = o->hermetic,
		.breaks_on_failure = o->breaks_on_failure,
		.breaks = o->breaks,
		.n_breaks = o->n_breaks,
		.max_parallel = o->max_parallel,
		.start_pending = o->name.n > 0};
}
