/* SPDX-License-Identifier: Apache-2.0 */
/* A run as lines of text. What there is to show is collected with a rank; only what fits, the
 * most important first, is made into text. */
#include "view_tree.h"

#include "view_text.h"

#include <base/bounds.h>
#include <base/vec.h>

enum { NAME_COLS_MAX = 32 };

/* What is dropped first when there is no room: higher goes first. */
enum rank { RANK_KEEP, RANK_RUNNING, RANK_FAILED, RANK_STEP, RANK_WAITING, RANK_DONE };
enum { RANK_N = RANK_DONE + 1 };

/* One line to be: what it is about, and how dear it is. */
struct item {
	enum rank rank;
	const struct task_run_view *task; /* NULL: of a pipeline task without one */
	const struct pipeline_task_view *absent;
	size_t step;  /* SIZE_MAX: the task itself */
	size_t depth; /* of the run it is in: 0 is the outermost */
};

struct tree {
	const struct run_view *run;
	const struct view_tree_options *o;
	struct arena *arena;
	size_t name_cols;
	bool has_no_steps; /* no room: the running step is told beside its task */
	struct buf line;   /* the one that is being made */
	VEC(struct item) items;
};

static void safe(struct tree *t, struct str text)
{
	view_text_safe(&t->line, text, t->o->cols, t->o->is_ascii);
}

/* Values are replaced before anything is cut: of one that is cut the beginning would stay. */
static struct str hidden(struct tree *t, struct str text)
{
	return mask_text(t->o->mask, t->arena, text);
}

static void safe_message(struct tree *t, struct str text)
{
	safe(t, hidden(t, text));
}

static void dim(struct tree *t, bool on)
{
	if (t->o->colour)
		buf_addz(&t->line, on ? "\033[2m" : "\033[0m");
}

/* Two columns for each run around it, and `more`. */
static void mark(struct tree *t, size_t depth, size_t more, enum view_mark m)
{
	for (size_t i = 0; i < 2 * depth + more; i++)
		buf_addc(&t->line, ' ');
	view_mark_print(&t->line, m, t->o->utf8, t->o->colour);
	buf_addc(&t->line, ' ');
}

static void name_pad(struct tree *t, size_t depth, struct str name)
{
	size_t from = t->line.n;
	size_t cols;
	view_text_safe(&t->line, name, NAME_COLS_MAX, t->o->is_ascii);
	cols = 2 * depth + view_text_cols(str_slice(buf_str(&t->line), from, t->line.n));
	for (; cols < t->name_cols; cols++)
		buf_addc(&t->line, ' ');
}

static void time_add(struct tree *t, int64_t from_ns, int64_t to_ns)
{
	struct buf text;
	if (!from_ns)
		return;
	buf_init(&text, KIB);
	view_text_time(&text, (to_ns ? to_ns : t->o->now_ns) - from_ns);
	buf_addf(&t->line, "  %7s", text.p);
	buf_release(&text);
}

/* --- one line each ------------------------------------------------------------------- */

static void header_line(struct tree *t)
{
	const struct run_view *r = t->run;
	size_t done = 0;
	for (size_t i = 0; i < r->n_pipeline_tasks; i++)
		done += r->pipeline_tasks[i].state >= PT_SKIPPED;
	safe(t, r->name);
	if (r->condition.reason.n)
		buf_addf(&t->line, "  " STR_FMT, STR_ARG(r->condition.reason));
	if (r->kind == OBJECT_PIPELINE_RUN)
		buf_addf(&t->line, "  %zu/%zu tasks", done, r->n_pipeline_tasks);
	time_add(t, r->started_ns, r->ended_ns);
	if (r->cancelled == CANCEL_GRACEFUL && !r->is_done)
		buf_addz(&t->line, "  stopping; once more to stop at once");
}

/* The last line that a running step wrote. */
static void last_line_add(struct tree *t, size_t task, size_t step)
{
	struct str last = STR_NONE;
	if (t->o->last_line)
		last = t->o->last_line(t->o->last_line_arg, task, step);
	if (last.n == 0)
		return;
	buf_addz(&t->line, "  ");
	dim(t, true);
	safe(t, last);
	dim(t, false);
}

static bool is_running(const struct step_view *s)
{
	return s->state == STEP_STARTING || s->state == STEP_RUNNING;
}

/* A running step, or before the first one the sidecar that it waits for. */
static void running_step_add(struct tree *t, const struct task_run_view *task)
{
	const struct attempt_view *at = view_attempt(task);
	for (size_t i = 0; at && i < at->n_steps + at->n_sidecars; i++) {
		if (!is_running(&at->steps[i]) || (i >= at->n_steps && at->steps[i].is_ready))
			continue;
		if (i >= at->n_steps && at->steps[0].state != STEP_WAITING)
			return;
		buf_addz(&t->line, i < at->n_steps ? "  " : "  waits for ");
		safe(t, attempt_label(at, i));
		last_line_add(t, task->index, i);
		return;
	}
}

/* Its failure is not its task's. */
static enum view_mark sidecar_mark(const struct step_view *s)
{
	if (s->state == STEP_ENDED)
		return s->exit_code || !s->was_ready ? MARK_IGNORED : MARK_DONE;
	return s->is_ready ? MARK_RUNNING : MARK_WAITING;
}

static void sidecar_line(struct tree *t, const struct item *it)
{
	const struct attempt_view *at = view_attempt(it->task);
	const struct step_view *s = &at->steps[it->step];
	mark(t, it->depth, 4, sidecar_mark(s));
	safe(t, s->container);
	time_add(t, s->started_ns, s->ended_ns);
	if (s->state == STEP_ENDED && s->exit_code) {
		buf_addf(&t->line, "  exit code %d%s", s->exit_code, s->message.n ? ": " : "");
		safe_message(t, s->message);
	} else if (!s->was_ready && s->state == STEP_ENDED) {
		buf_addz(&t->line, "  was never ready");
	} else if (s->state != STEP_ENDED) {
		if (!s->is_ready)
			buf_addz(&t->line, "  not ready");
		last_line_add(t, it->task->index, it->step);
	}
}

static void step_line(struct tree *t, const struct item *it)
{
	const struct step_view *s = &view_attempt(it->task)->steps[it->step];
	enum view_mark m = view_step_mark(s);
	mark(t, it->depth, 4, m);
	safe(t, s->name);
	time_add(t, s->started_ns, s->ended_ns);
	if (s->state == STEP_ENDED && m != MARK_DONE) {
		buf_addz(&t->line, "  ");
		view_step_end(&t->line, s);
	} else if (s->state != STEP_ENDED) {
		last_line_add(t, it->task->index, it->step);
	}
}

/* A display name may hold a param or a result; a name cannot. */
static struct str task_text(struct tree *t, const struct task_run_view *task)
{
	return task->display_name.n ? hidden(t, task->display_name)
				    : view_task_name(task->owner, task);
}

static void task_line(struct tree *t, const struct item *it)
{
	const struct task_run_view *task = it->task;
	enum view_mark m = view_task_mark(task);
	mark(t, it->depth, 2, m);
	name_pad(t, it->depth, task_text(t, task));
	time_add(t, task->started_ns, task->ended_ns);
	if (task->n_attempts > 1)
		buf_addf(&t->line, "  attempt %zu", task->n_attempts);
	if (m == MARK_RUNNING && t->has_no_steps)
		running_step_add(t, task);
	if (m == MARK_IGNORED)
		buf_addz(&t->line, "  ignored:");
	if (m == MARK_FAILED || m == MARK_IGNORED) {
		buf_addf(&t->line, "%s" STR_FMT ": ", m == MARK_IGNORED ? " " : "  ",
			STR_ARG(task->condition.reason));
		safe_message(t, task->condition.message);
	} else if (m == MARK_DONE && t->o->is_final) {
		buf_addf(&t->line, "  " STR_FMT, STR_ARG(task->condition.reason));
	}
}

static enum view_mark absent_mark(const struct pipeline_task_view *pt)
{
	if (pt->state == PT_FAILED_VALIDATION)
		return MARK_FAILED;
	return pt->state == PT_SKIPPED ? MARK_SKIPPED : MARK_WAITING;
}

/* A pipeline task that has no task run: it waits, or it was skipped. */
static void absent_line(struct tree *t, const struct item *it)
{
	const struct pipeline_task_view *pt = it->absent;
	mark(t, it->depth, 2, absent_mark(pt));
	name_pad(t, it->depth, pt->spec->name.s);
	dim(t, true);
	if (pt->state == PT_SKIPPED)
		buf_addf(&t->line, "  skipped: %s", skip_reason_text(pt->skip));
	else if (pt->state == PT_FAILED_VALIDATION)
		buf_addz(&t->line, "  not started: a result it needs is missing");
	else if (t->o->is_final)
		buf_addz(&t->line, "  not started");
	dim(t, false);
}

/* --- all of them, and what fits ------------------------------------------------------ */

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

static void item_add(struct tree *t, const struct item *it)
{
	struct str name = it->task     ? task_text(t, it->task)
			  : it->absent ? it->absent->spec->name.s
				       : STR_NONE;
	size_t cols = 2 * it->depth + (name.n < NAME_COLS_MAX ? name.n : NAME_COLS_MAX);
	if (it->step == SIZE_MAX && cols > t->name_cols)
		t->name_cols = cols;
	vec_push(&t->items, *it);
}

static void run_items(struct tree *t, const struct run_view *r, size_t depth);

/* What is inside a task is shown while it runs, and of a failed one at the end. */
static void task_items(struct tree *t, const struct task_run_view *task, size_t depth)
{
	enum view_mark m = view_task_mark(task);
	bool has_failed = m == MARK_FAILED || m == MARK_IGNORED;
	const struct attempt_view *at = view_attempt(task);
	item_add(t,
		&(struct item){
			.rank = task_rank(m), .task = task, .step = SIZE_MAX, .depth = depth});
	if (!at || (m != MARK_RUNNING && !(has_failed && t->o->is_final)))
		return;
	if (at->run)
		run_items(t, at->run, depth + 1);
	for (size_t i = 0; i < at->n_steps; i++)
		if (at->steps[i].state != STEP_WAITING &&
			view_step_mark(&at->steps[i]) != MARK_SKIPPED)
			item_add(t, &(struct item){.rank = RANK_STEP,
					    .task = task,
					    .step = i,
					    .depth = depth});
	for (size_t i = at->n_steps; i < at->n_steps + at->n_sidecars; i++)
		if (m == MARK_RUNNING ? at->steps[i].state != STEP_WAITING
				      : sidecar_mark(&at->steps[i]) == MARK_IGNORED)
			item_add(t, &(struct item){.rank = RANK_STEP,
					    .task = task,
					    .step = i,
					    .depth = depth});
}

static void run_items(struct tree *t, const struct run_view *r, size_t depth)
{
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
		for (size_t k = 0; k < pt->n_task_runs; k++)
			task_items(t, r->task_runs[pt->task_runs[k]], depth);
		if (pt->n_task_runs == 0)
			item_add(t, &(struct item){.rank = task_rank(absent_mark(pt)),
					    .absent = pt,
					    .step = SIZE_MAX,
					    .depth = depth});
	}
}

static void items_collect(struct tree *t)
{
	const struct run_view *r = t->run;
	if (!t->o->is_final)
		item_add(t, &(struct item){.rank = RANK_KEEP, .step = SIZE_MAX});
	for (size_t i = 0; r->kind != OBJECT_PIPELINE_RUN && i < r->n_task_runs; i++)
		task_items(t, r->task_runs[i], 0);
	run_items(t, r, 0);
}

/* Which lines stay when only `rows` do: one row is kept for the count of what does not. Steps
 * stay all or none. */
static void ranks_cut(struct tree *t, size_t rows, size_t keep[RANK_N])
{
	size_t left = rows > 1 ? rows - 1 : 0;
	size_t have[RANK_N] = {0};
	for (size_t i = 0; i < t->items.n; i++)
		have[t->items.p[i].rank]++;
	for (size_t r = 0; r < RANK_N; r++) {
		keep[r] = have[r] < left ? have[r] : left;
		if (r == RANK_STEP && keep[r] < have[r]) {
			keep[r] = 0;
			t->has_no_steps = true;
		}
		left -= keep[r];
	}
}

static void dropped_line(struct tree *t, const size_t n[RANK_N])
{
	static const struct {
		enum rank rank;
		const char *words;
	} words[] = {
		{RANK_RUNNING, "running"},
		{RANK_FAILED, "failed"},
		{RANK_WAITING, "waiting"},
		{RANK_DONE, "ended"},
	};
	const char *comma = "";
	buf_addf(&t->line, "  %s ", t->o->utf8 ? "…" : "...");
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (n[words[i].rank] == 0)
			continue;
		buf_addf(&t->line, "%s%zu %s", comma, n[words[i].rank], words[i].words);
		comma = ", ";
	}
	buf_addz(&t->line, *comma ? " not shown" : "not all is shown");
}

static void item_line(struct tree *t, const struct item *it)
{
	if (it->rank == RANK_KEEP)
		header_line(t);
	else if (!it->task)
		absent_line(t, it);
	else if (it->step == SIZE_MAX)
		task_line(t, it);
	else if (it->step >= view_attempt(it->task)->n_steps)
		sidecar_line(t, it);
	else
		step_line(t, it);
}

/* The line that was made, cut to the width. */
static struct str line_take(struct tree *t, struct arena *a)
{
	struct str s;
	view_text_fit(&t->line, 0, t->o->cols, !t->o->utf8);
	s = arena_str(a, buf_str(&t->line));
	buf_clear(&t->line);
	return s;
}

void view_tree(const struct run_view *r, const struct view_tree_options *o, struct arena *a,
	struct str **ret, size_t *ret_n)
{
	struct tree t = {.run = r, .o = o, .arena = a};
	size_t keep[RANK_N] = {0};
	size_t dropped[RANK_N] = {0};
	bool is_cut;
	buf_init(&t.line, 256 * KIB);
	items_collect(&t);
	is_cut = o->rows && t.items.n > o->rows;
	if (is_cut)
		ranks_cut(&t, o->rows, keep);
	*ret = arena_new_array(a, struct str, is_cut ? o->rows : t.items.n);
	*ret_n = 0;
	for (size_t i = 0; i < t.items.n; i++) {
		const struct item *it = &t.items.p[i];
		if (is_cut && keep[it->rank] == 0) {
			dropped[it->rank] += it->step == SIZE_MAX;
			continue;
		}
		keep[it->rank] -= is_cut;
		item_line(&t, it);
		(*ret)[(*ret_n)++] = line_take(&t, a);
	}
	if (is_cut) {
		dropped_line(&t, dropped);
		(*ret)[(*ret_n)++] = line_take(&t, a);
	}
	vec_release(&t.items);
	buf_release(&t.line);
}
