/* SPDX-License-Identifier: Apache-2.0 */
/* Probes and hooks as written, made ready to be carried out. */
#ifndef AGENT_PROBE_H
#define AGENT_PROBE_H

#include <base/arena.h>
#include <monopod/runner.h>

/* NULL: the sidecar has none. */
const struct launch_health *probe_launch(struct arena *a, const struct sidecar *s);

#endif
