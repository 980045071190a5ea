/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people see of a run: a live tree on a terminal, prefixed lines elsewhere, then failures
 * and a summary. One view serves all runs of one command, one after the other. It reads the
 * run_view and never changes anything. Logs go to standard output, with `-o json` to standard
 * error; the JSON document itself is not the view's business.
 */
#ifndef ENTRYPOINT_VIEW_H
#define ENTRYPOINT_VIEW_H

#include "options.h"

#include <base/mask.h>
#include <monopod/agent.h>
#include <stdint.h>

struct view;

/* Everything the end of a run needs that is not in the run_view. */
struct outcome_info {
	struct str run_dir; /* of this run, as it should be shown */
	int exit_code;
	int64_t own_time_ns;     /* of the run's wall time: when no step was running */
	int64_t unpack_time_ns;  /* before the start: unpacking images */
	const struct str *notes; /* whole sentences without an end: limits that are not
				    enforced, owners that were squashed … */
	size_t n_notes;
	/* Path and last lines (at most BOUND_TAIL_LINES, raw bytes) of a step's log; empty when
	 * there is none. */
	struct str (*log_path)(
		void *arg, struct arena *a, size_t task, size_t attempt, size_t step);
	struct str (*log_tail)(
		void *arg, struct arena *a, size_t task, size_t attempt, size_t step);
	void *log_arg;
};

/* One line of a step's output. */
struct view_line {
	size_t task;
	size_t attempt;
	size_t step;
	bool is_own;     /* monopod's, not the step's */
	bool is_cut;     /* longer than BOUND_LINE_BYTES: the rest is in the log file only */
	struct str text; /* raw bytes without the line end; valid during the call */
};

/* Decides on the form (terminal, plain, json), takes over the log sink where it must. */
/* Values in mask (borrowed, may be NULL) are shown nowhere; lines of steps come without them.
 */
struct view *view_new(const struct options *o, const struct mask *mask);
void view_free(struct view *v); /* restores terminal and log sink; NULL is fine */

/* Before any run: "unpacking 3 layers …"; text is one line, replaced by the next on a terminal;
 * empty ends it. */
void view_progress(struct view *v, struct str text);
void view_run_started(struct view *v, const struct run_view *r, int64_t now_ns);
/* Lines are kept until view_pump. */
void view_step_line(struct view *v, const struct run_view *r, const struct view_line *line);
/* State changed. Cheap: drawing happens in view_tick. */
void view_changed(struct view *v, const struct run_view *r, int64_t now_ns);
/* Draws when due. When to call next: view_deadline_ns (INT64_MAX: never). */
void view_tick(struct view *v, int64_t now_ns);
int64_t view_deadline_ns(const struct view *v);
/* After each turn: writes what there is, as far as somebody reads, without waiting for long. */
void view_pump(struct view *v);
/* More lines would have to wait: better not to read them yet. */
bool view_is_full(const struct view *v);
void view_resize(struct view *v); /* SIGWINCH */
/* The final tree, the failure block, the summary. The run_view is final. */
void view_finished(struct view *v, const struct run_view *r, const struct outcome_info *info);

#endif
