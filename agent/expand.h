/* SPDX-License-Identifier: Apache-2.0 */
/* Kubernetes' own $(VAR) expansion of command, args and env values (section 6.7). */
#ifndef AGENT_EXPAND_H
#define AGENT_EXPAND_H

#include <base/arena.h>
#include <monopod/runner.h>

/* The first name that the environment lacks, or has without a value; empty: none. */
struct str expand_missing(struct str text, const struct env_entry *env, size_t n_env);
/* Known names are replaced by the environment's last entry, unknown stay, $$ becomes $. */
struct str expand_text(
	struct arena *a, struct str text, const struct env_entry *env, size_t n_env);

#endif
