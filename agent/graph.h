/* SPDX-License-Identifier: Apache-2.0 */
/* Edges of a plan and the variables that only other tasks can fill in (section 11). */
#ifndef AGENT_GRAPH_H
#define AGENT_GRAPH_H

#include "plan.h"

/* parents and children of the dag tasks, from what was written. False: refused. */
bool graph_edges(const struct plan_context *c);
/* uses of every task, from what is bound; counts on graph_edges. */
void graph_uses(const struct plan_context *c);

#endif
