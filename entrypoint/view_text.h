/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a run for people: names, verdicts, times, and bytes of steps made harmless for a
 * screen. */
#ifndef ENTRYPOINT_VIEW_TEXT_H
#define ENTRYPOINT_VIEW_TEXT_H

#include <base/buf.h>
#include <monopod/agent.h>

/*
 * One line of a step as it may be shown: escape sequences are dropped, of a line with carriage
 * returns only what would stay on the screen is kept, other control characters, signs that
 * change the direction of text and bytes that are not UTF-8 become \xNN or \uNNNN, tabs become
 * blanks. At most max_cols columns (0: no limit), the cut marked with "…". is_ascii: for a
 * terminal that does not know UTF-8; other characters become "?".
 */
void view_text_safe(struct buf *out, struct str line, size_t max_cols, bool is_ascii);
/* The same of a text of many lines, whole. */
void view_text_safe_lines(struct buf *out, struct str text);

/* The same of a name or a word in a table, with blanks behind it up to so many columns. */
void view_text_cell(struct buf *out, struct str word, size_t min_cols);

/* Columns of text that is safe, colour sequences counting nothing; never too few. */
size_t view_text_cols(struct str s);
/* Cuts what was added since out->n was `from` to max_cols columns (0: no limit), colours
 * included. */
void view_text_fit(struct buf *out, size_t from, size_t max_cols, bool is_ascii);

/* "1.2s", "340ms", "2m05s", "1h02m05s". */
void view_text_time(struct buf *out, int64_t ns);

/* The task run's name without the run's: "build", "build-2"; in a TaskRun object its own. */
struct str view_task_name(const struct run_view *r, const struct task_run_view *t);

enum view_mark {
	MARK_WAITING,
	MARK_RUNNING,
	MARK_DONE,
	MARK_FAILED,
	MARK_IGNORED,
	MARK_SKIPPED
};
enum { VIEW_MARK_N = MARK_SKIPPED + 1 };
enum view_mark view_task_mark(const struct task_run_view *t);
bool view_task_was_cancelled(const struct task_run_view *t);
/* It is of a pipeline in the pipeline whose failure is ignored. */
bool view_task_is_inside_ignored(const struct task_run_view *t);
enum view_mark view_step_mark(const struct step_view *s);
/* The sign and its colour; utf8 chooses between "✓" and "+". */
void view_mark_print(struct buf *out, enum view_mark m, bool utf8, bool colour);

/* How a step ended, in words: "exit code 7", "killed by signal 9 (SIGKILL)", "stopped: the task
 * exceeded its timeout". */
void view_step_end(struct buf *out, const struct step_view *s);

/* The running attempt, or the last one; NULL before the first. */
const struct attempt_view *view_attempt(const struct task_run_view *t);

#endif
