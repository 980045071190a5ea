/* SPDX-License-Identifier: Apache-2.0 */
/* What is behind agent_peak: the graph as a flow; and the peak for people and programs. */
#ifndef AGENT_PEAK_H
#define AGENT_PEAK_H

#include <monopod/agent.h>

/*
 * The most that a set of nodes of which no path leads from one to another can weigh, in an
 * acyclic graph. *ret_bound is set when the search was cut short: the answer is then too high,
 * never too low. The weights together must fit an int64_t four times.
 */
struct peak_edge {
	size_t from, to;
};
int64_t peak_antichain(const int64_t *weight, size_t n, const struct peak_edge *edges,
	size_t n_edges, bool *ret_bound);

/* For `plan --resources`. */
void peak_print_text(const struct agent *a, struct buf *out);
struct json_writer;
void peak_print_json(const struct agent *a, struct json_writer *w); /* a value */

#endif
