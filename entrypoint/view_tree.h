/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run as lines of text: a header, its tasks, the steps of those that run or failed. Pure:
 * run_view in, lines out. When there are more lines than rows, what is finished and what waits
 * is counted instead of shown; what runs and what failed stays longest.
 */
#ifndef ENTRYPOINT_VIEW_TREE_H
#define ENTRYPOINT_VIEW_TREE_H

#include <base/arena.h>
#include <base/mask.h>
#include <monopod/agent.h>

struct view_tree_options {
	size_t cols;   /* 0: no limit */
	size_t rows;   /* 0: no limit */
	bool utf8;     /* signs of our own */
	bool is_ascii; /* texts of others, see view_text_safe */
	bool colour;
	bool is_final; /* every task's verdict, steps of failed tasks only, no header */
	int64_t now_ns;
	const struct mask *mask; /* NULL: nothing is hidden */
	/* The last line that a running step wrote; empty: none yet. NULL: not shown. */
	struct str (*last_line)(void *arg, size_t task, size_t step);
	void *last_line_arg;
};

/* Lines without their ends, in the arena; at least one row is used. */
void view_tree(const struct run_view *r, const struct view_tree_options *o, struct arena *a,
	struct str **ret, size_t *ret_n);

#endif
