/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heaviest antichain of a graph, as a flow (Dilworth's theorem with weights): cover every
 * node as often as it weighs with paths; the fewest paths that do are the heaviest antichain.
 * One path for each unit of weight is a start; joining the end of one with the beginning of
 * another saves one, and how many can be saved is a maximal flow (Dinic).
 */
#include "peak.h"

#include <stdlib.h>
#include <string.h>

enum { WORK_MAX = 20 * 1000 * 1000 }; /* arcs looked at, some tenths of a second */

struct arc {
	size_t to;
	size_t next; /* of the same node; SIZE_MAX: none */
	int64_t left;
};

struct net {
	struct arc *arcs; /* i and i ^ 1 are the two directions of one */
	size_t n_arcs;
	size_t *first; /* per node */
	size_t *at;    /* per node: where the search goes on */
	size_t *level; /* from the source; 0: not reached */
	size_t *queue;
	size_t *path; /* arcs from the source to where the search is */
	size_t n_nodes, source, sink;
	size_t n_work;
};

static void arc_add(struct net *g, size_t from, size_t to, int64_t room)
{
	g->arcs[g->n_arcs] = (struct arc){.to = to, .next = g->first[from], .left = room};
	g->first[from] = g->n_arcs++;
	g->arcs[g->n_arcs] = (struct arc){.to = from, .next = g->first[to]};
	g->first[to] = g->n_arcs++;
}

/* Breadth first; false: the sink cannot be reached any more. */
static bool net_levels(struct net *g)
{
	size_t n_queue = 0;

	memset(g->level, 0, g->n_nodes * sizeof(*g->level));
	g->level[g->source] = 1;
	g->queue[n_queue++] = g->source;
	for (size_t i = 0; i < n_queue; i++) {
		size_t v = g->queue[i];

		for (size_t e = g->first[v]; e != SIZE_MAX; e = g->arcs[e].next) {
			const struct arc *arc = &g->arcs[e];

			g->n_work++;
			if (arc->left <= 0 || g->level[arc->to])
				continue;
			g->level[arc->to] = g->level[v] + 1;
			g->queue[n_queue++] = arc->to;
		}
	}
	return g->level[g->sink] != 0;
}

/* One step of the search at the end of the path; false: a dead end. */
static bool net_advance(struct net *g, size_t v, size_t *n_path)
{
	for (; g->at[v] != SIZE_MAX; g->at[v] = g->arcs[g->at[v]].next) {
		const struct arc *arc = &g->arcs[g->at[v]];

		g->n_work++;
		if (arc->left > 0 && g->level[arc->to] == g->level[v] + 1) {
			g->path[(*n_path)++] = g->at[v];
			return true;
		}
	}
	return false;
}

/* Sends what fits along the path. */
static int64_t net_send(struct net *g, size_t n_path)
{
	int64_t room = INT64_MAX;

	for (size_t i = 0; i < n_path; i++) {
		int64_t left = g->arcs[g->path[i]].left;

		room = left < room ? left : room;
	}
	for (size_t i = 0; i < n_path; i++) {
		g->arcs[g->path[i]].left -= room;
		g->arcs[g->path[i] ^ 1].left += room;
	}
	return room;
}

/* All that this levelling carries, depth first without recursion. */
static int64_t net_push(struct net *g)
{
	int64_t sent = 0;
	size_t n_path = 0;

	memcpy(g->at, g->first, g->n_nodes * sizeof(*g->at));
	while (g->n_work < WORK_MAX) {
		size_t v = n_path ? g->arcs[g->path[n_path - 1]].to : g->source;

		if (v == g->sink) {
			sent += net_send(g, n_path);
			n_path = 0;
		} else if (!net_advance(g, v, &n_path)) {
			if (v == g->source)
				break;
			v = g->arcs[g->path[--n_path] ^ 1].to;
			g->at[v] = g->arcs[g->at[v]].next;
		}
	}
	return sent;
}

static void net_init(struct net *g, struct arena *a, size_t n_nodes, size_t n_arcs)
{
	*g = (struct net){.arcs = arena_new_array(a, struct arc, 2 * n_arcs),
		.first = arena_new_array(a, size_t, n_nodes),
		.at = arena_new_array(a, size_t, n_nodes),
		.level = arena_new_array(a, size_t, n_nodes),
		.queue = arena_new_array(a, size_t, n_nodes),
		.path = arena_new_array(a, size_t, n_nodes),
		.n_nodes = n_nodes};
	for (size_t i = 0; i < n_nodes; i++)
		g->first[i] = SIZE_MAX;
}

int64_t peak_antichain(const int64_t *weight, size_t n, const struct peak_edge *edges,
	size_t n_edges, bool *ret_bound)
{
	struct arena *a cleanup_arena = arena_new();
	int64_t best = 0;
	struct net g;

	for (size_t i = 0; i < n; i++)
		best += weight[i];
	if (!n_edges)
		return best;
	/* node 2i: paths that end at i come from here; 2i + 1: paths that begin at i */
	net_init(&g, a, 2 * n + 2, 3 * n + n_edges);
	g.source = 2 * n;
	g.sink = 2 * n + 1;
	for (size_t i = 0; i < n; i++) {
		arc_add(&g, g.source, 2 * i + 1, weight[i]);
		arc_add(&g, 2 * i, g.sink, weight[i]);
		arc_add(&g, 2 * i, 2 * i + 1, INT64_MAX / 4); /* a path may pass by */
	}
	for (size_t i = 0; i < n_edges; i++)
		arc_add(&g, 2 * edges[i].from + 1, 2 * edges[i].to, INT64_MAX / 4);
	while (g.n_work < WORK_MAX && net_levels(&g))
		best -= net_push(&g);
	*ret_bound |= g.n_work >= WORK_MAX;
	return best;
}
