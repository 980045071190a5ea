/* SPDX-License-Identifier: Apache-2.0 */
/* A run as lines of text. Lines are collected with a rank, then the least important are dropped
 * until they fit. */
#include "view_tree.h"

#include "view_text.h"

#include <base/bounds.h>
#include <base/vec.h>

/* What is dropped first when there is no room: higher goes first. */
enum rank { RANK_KEEP, RANK_RUNNING, RANK_FAILED, RANK_STEP, RANK_WAITING, RANK_DONE };
enum { RANK_N = RANK_DONE + 1 };

struct line {
	enum rank rank;
	bool is_task; /* counted when dropped */
	struct str text;
};

struct tree {
	const struct run_view *run;
	const struct view_tree_options *o;
	struct arena *arena;
	size_t name_cols;
	VEC(struct line) lines;
};

static void line_add(struct tree *t, enum rank rank, bool is_task, const struct buf *b)
{
	struct line one = {
		.rank = rank, .is_task = is_task, .text = arena_str(t->arena, buf_str(b))};
	vec_push(&t->lines, one);
}

/* Text in the columns that are left; `used` are taken. */
static void text_fit(const struct tree *t, struct buf *b, struct str text, size_t used)
{
	size_t left = t->o->cols > used ? t->o->cols - used : 1;
	view_text_safe(b, text, t->o->cols ? left : 0);
}

static void dim(const struct tree *t, struct buf *b, bool on)
{
	if (t->o->colour)
		buf_addz(b, on ? "\033[2m" : "\033[0m");
}

static void name_pad(const struct tree *t, struct buf *b, struct str name)
{
	text_fit(t, b, name, 4);
	for (size_t n = name.n; n < t->name_cols; n++)
		buf_addc(b, ' ');
}

static void time_add(const struct tree *t, struct buf *b, int64_t from_ns, int64_t to_ns)
{
	struct buf text;
	if (!from_ns)
		return;
	buf_init(&text, KIB);
	view_text_time(&text, (to_ns ? to_ns : t->o->now_ns) - from_ns);
	buf_addf(b, "  %7s", text.p);
	buf_release(&text);
}

/* --- one line each ------------------------------------------------------------------- */

static void header_line(struct tree *t)
{
	const struct run_view *r = t->run;
	size_t done = 0;
	struct buf b;
	buf_init(&b, 4 * KIB);
	for (size_t i = 0; i < r->n_pipeline_tasks; i++)
		done += r->pipeline_tasks[i].state >= PT_SKIPPED;
	text_fit(t, &b, r->name, 30);
	if (r->condition.reason.n)
		buf_addf(&b, "  " STR_FMT, STR_ARG(r->condition.reason));
	if (r->kind == OBJECT_PIPELINE_RUN)
		buf_addf(&b, "  %zu/%zu tasks", done, r->n_pipeline_tasks);
	time_add(t, &b, r->started_ns, r->ended_ns);
	line_add(t, RANK_KEEP, false, &b);
	buf_release(&b);
}

static void step_line(struct tree *t, const struct task_run_view *task, size_t i)
{
	const struct step_view *s = &view_attempt(task)->steps[i];
	struct str last = STR_NONE;
	struct buf b;
	if (s->state == STEP_WAITING)
		return;
	buf_init(&b, 64 * KIB);
	buf_addz(&b, "    ");
	view_mark_print(&b, view_step_mark(s), t->o->utf8, t->o->colour);
	buf_addc(&b, ' ');
	text_fit(t, &b, s->name, 20);
	time_add(t, &b, s->started_ns, s->ended_ns);
	if (s->state == STEP_ENDED && view_step_mark(s) != MARK_DONE) {
		buf_addz(&b, "  ");
		view_step_end(&b, s);
	} else if (s->state != STEP_ENDED && t->o->last_line) {
		last = t->o->last_line(t->o->last_line_arg, task->index, i);
	}
	if (last.n) {
		buf_addz(&b, "  ");
		dim(t, &b, true);
		text_fit(t, &b, last, 6 + s->name.n + 9 + 2);
		dim(t, &b, false);
	}
	line_add(t, RANK_STEP, false, &b);
	buf_release(&b);
}

static enum rank task_rank(enum view_mark m)
{
	static const enum rank ranks[] = {
		[MARK_WAITING] = RANK_WAITING,
		[MARK_RUNNING] = RANK_RUNNING,
		[MARK_DONE] = RANK_DONE,
		[MARK_FAILED] = RANK_FAILED,
		[MARK_IGNORED] = RANK_FAILED,
		[MARK_SKIPPED] = RANK_DONE,
	};
	return ranks[m];
}

static void task_line(struct tree *t, const struct task_run_view *task)
{
	enum view_mark mark = view_task_mark(task);
	const struct attempt_view *at = view_attempt(task);
	struct str name =
		task->display_name.n ? task->display_name : view_task_name(t->run, task);
	struct buf b;
	buf_init(&b, 64 * KIB);
	buf_addz(&b, "  ");
	view_mark_print(&b, mark, t->o->utf8, t->o->colour);
	buf_addc(&b, ' ');
	name_pad(t, &b, name);
	time_add(t, &b, task->started_ns, task->ended_ns);
	if (task->n_attempts > 1)
		buf_addf(&b, "  attempt %zu", task->n_attempts);
	if (mark == MARK_FAILED || mark == MARK_IGNORED) {
		buf_addf(&b, "  " STR_FMT ": ", STR_ARG(task->condition.reason));
		text_fit(t, &b, task->condition.message,
			4 + t->name_cols + 9 + 4 + task->condition.reason.n);
	} else if (mark == MARK_DONE && t->o->is_final) {
		buf_addf(&b, "  " STR_FMT, STR_ARG(task->condition.reason));
	}
	line_add(t, task_rank(mark), true, &b);
	buf_release(&b);
	for (size_t i = 0; at && i < at->n_steps; i++)
		if (mark == MARK_RUNNING ||
			((mark == MARK_FAILED || mark == MARK_IGNORED) && t->o->is_final))
			step_line(t, task, i);
}

/* A pipeline task that has no task run: it waits, or it was skipped. */
static void absent_line(struct tree *t, const struct pipeline_task_view *pt)
{
	struct buf b;
	enum view_mark mark = pt->state == PT_WAITING ? MARK_WAITING : MARK_SKIPPED;
	if (pt->state == PT_FAILED_VALIDATION)
		mark = MARK_FAILED;
	buf_init(&b, 4 * KIB);
	buf_addz(&b, "  ");
	view_mark_print(&b, mark, t->o->utf8, t->o->colour);
	buf_addc(&b, ' ');
	name_pad(t, &b, pt->spec->name.s);
	dim(t, &b, true);
	if (pt->state == PT_SKIPPED)
		buf_addf(&b, "  skipped: %s", skip_reason_text(pt->skip));
	else if (pt->state == PT_FAILED_VALIDATION)
		buf_addz(&b, "  not started: a result it needs is missing");
	else if (t->o->is_final)
		buf_addz(&b, "  not started");
	dim(t, &b, false);
	line_add(t, task_rank(mark), true, &b);
	buf_release(&b);
}

/* --- all of them, and what fits ------------------------------------------------------ */

static void names_measure(struct tree *t)
{
	const struct run_view *r = t->run;
	size_t max = 0;
	for (size_t i = 0; i < r->n_pipeline_tasks; i++)
		if (r->pipeline_tasks[i].spec && r->pipeline_tasks[i].spec->name.s.n > max)
			max = r->pipeline_tasks[i].spec->name.s.n;
	for (size_t i = 0; i < r->n_task_runs; i++) {
		size_t n = view_task_name(r, r->task_runs[i]).n;
		max = n > max ? n : max;
	}
	t->name_cols = max > 32 ? 32 : max;
}

static void lines_collect(struct tree *t)
{
	const struct run_view *r = t->run;
	header_line(t);
	if (r->kind != OBJECT_PIPELINE_RUN) {
		for (size_t i = 0; i < r->n_task_runs; i++)
			task_line(t, r->task_runs[i]);
		return;
	}
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
		for (size_t k = 0; k < pt->n_task_runs; k++)
			task_line(t, r->task_runs[pt->task_runs[k]]);
		if (pt->n_task_runs == 0)
			absent_line(t, pt);
	}
}

/* Which lines stay when only `rows` do: one row is kept for the count of what does not. */
static size_t ranks_cut(const struct tree *t, size_t rows, size_t keep[RANK_N])
{
	size_t left = rows > 1 ? rows - 1 : 1;
	size_t dropped = 0;
	size_t have[RANK_N] = {0};
	for (size_t i = 0; i < t->lines.n; i++)
		have[t->lines.p[i].rank]++;
	for (size_t r = 0; r < RANK_N; r++) {
		keep[r] = have[r] < left ? have[r] : left;
		left -= keep[r];
		dropped += have[r] - keep[r];
	}
	return dropped;
}

static struct str dropped_line(const struct tree *t, const size_t n[RANK_N])
{
	struct buf b;
	struct str s;
	buf_init(&b, KIB);
	buf_addf(&b, "  %s", t->o->utf8 ? "…" : "...");
	if (n[RANK_DONE])
		buf_addf(&b, " %zu ended", n[RANK_DONE]);
	if (n[RANK_WAITING])
		buf_addf(&b, " %zu waiting", n[RANK_WAITING]);
	if (n[RANK_RUNNING])
		buf_addf(&b, " %zu running", n[RANK_RUNNING]);
	if (n[RANK_FAILED])
		buf_addf(&b, " %zu failed", n[RANK_FAILED]);
	buf_addz(&b, " not shown");
	s = arena_str(t->arena, buf_str(&b));
	buf_release(&b);
	return s;
}

void view_tree(const struct run_view *r, const struct view_tree_options *o, struct arena *a,
	struct str **ret, size_t *ret_n)
{
	struct tree t = {.run = r, .o = o, .arena = a};
	size_t keep[RANK_N] = {0};
	size_t dropped[RANK_N] = {0};
	bool is_cut = false;
	names_measure(&t);
	lines_collect(&t);
	if (o->rows && t.lines.n > o->rows)
		is_cut = ranks_cut(&t, o->rows, keep) > 0;
	*ret = arena_new_array(a, struct str, t.lines.n + 1);
	*ret_n = 0;
	for (size_t i = 0; i < t.lines.n; i++) {
		const struct line *l = &t.lines.p[i];
		if (!is_cut || keep[l->rank]) {
			keep[l->rank] -= is_cut;
			(*ret)[(*ret_n)++] = l->text;
		} else {
			dropped[l->rank] += l->is_task;
		}
	}
	if (is_cut)
		(*ret)[(*ret_n)++] = dropped_line(&t, dropped);
	vec_release(&t.lines);
}
