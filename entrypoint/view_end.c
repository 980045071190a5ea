/* SPDX-License-Identifier: Apache-2.0 */
/* What is said when a run has ended. */
#include "view_end.h"

#include "view_text.h"
#include "view_tree.h"

#include <base/bounds.h>
#include <base/json.h>

static const char *condition_word(const struct condition *c)
{
	static const char *const words[] = {
		[CONDITION_UNKNOWN] = "not known",
		[CONDITION_TRUE] = "succeeded",
		[CONDITION_FALSE] = "failed",
	};
	_Static_assert(ARRAY_SIZE(words) == CONDITION_STATUS_N, "a word for each status");
	return words[c->status];
}

static void verdicts_print(
	const struct run_view *r, const struct view_end_options *o, struct buf *out)
{
	struct arena *a cleanup_arena = arena_new();
	struct view_tree_options tree = {
		.cols = o->cols, .utf8 = o->utf8, .colour = o->colour, .is_final = true};
	struct str *lines;
	size_t n;
	view_tree(r, &tree, a, &lines, &n);
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, lines[i]);
		buf_addc(out, '\n');
	}
}

static void results_print(const struct run_view *r, struct buf *out)
{
	const struct named_value *v = r->results;
	size_t n = r->n_results;
	const struct attempt_view *at;
	if (r->kind == OBJECT_TASK_RUN && r->n_task_runs) {
		at = view_attempt(r->task_runs[0]);
		v = at ? at->results : NULL;
		n = at ? at->n_results : 0;
	}
	if (n)
		buf_addz(out, "results:\n");
	for (size_t i = 0; i < n; i++) {
		struct json_writer w;
		buf_addf(out, "  " STR_FMT " = ", STR_ARG(v[i].name));
		json_writer_init(&w, out, 0);
		value_json(&v[i].value, &w);
		buf_addc(out, '\n');
	}
}

static void time_print(
	const struct run_view *r, const struct outcome_info *info, struct buf *out)
{
	buf_addz(out, "time: ");
	view_text_time(out, r->ended_ns - r->started_ns);
	buf_addz(out, ", monopod's own ");
	view_text_time(out, info->own_time_ns);
	if (info->unpack_time_ns >= 1000000) {
		buf_addz(out, "; unpacking images before that ");
		view_text_time(out, info->unpack_time_ns);
	}
	buf_addc(out, '\n');
}

void view_end_summary(const struct run_view *r, const struct outcome_info *info,
	const struct view_end_options *o, struct buf *out)
{
	verdicts_print(r, o, out);
	buf_addf(out, "%s '" STR_FMT "' %s: " STR_FMT, object_kind_name(r->kind),
		STR_ARG(r->name), condition_word(&r->condition), STR_ARG(r->condition.reason));
	if (r->condition.message.n)
		buf_addz(out, ": ");
	view_text_safe(out, r->condition.message, 0);
	buf_addc(out, '\n');
	results_print(r, out);
	for (size_t i = 0; i < info->n_notes; i++)
		buf_addf(out, "note: " STR_FMT "\n", STR_ARG(info->notes[i]));
	time_print(r, info, out);
	if (info->run_dir.n)
		buf_addf(out, "run directory: " STR_FMT "\n", STR_ARG(info->run_dir));
}

/* --- failures ------------------------------------------------------------------------ */

struct failure {
	const struct run_view *run;
	const struct outcome_info *info;
	const struct view_end_options *o;
	struct buf *out;
};

static void log_print(const struct failure *f, size_t task, size_t attempt, size_t step)
{
	struct arena *a cleanup_arena = arena_new();
	struct str tail = STR_NONE;
	struct str path = STR_NONE;
	struct str line;
	if (f->info->log_tail)
		tail = f->info->log_tail(f->info->log_arg, a, task, attempt, step);
	if (f->info->log_path)
		path = f->info->log_path(f->info->log_arg, a, task, attempt, step);
	while (tail.n) {
		if (!str_cut(tail, '\n', &line, &tail)) {
			line = tail;
			tail = STR_NONE;
		}
		buf_addz(f->out, "  | ");
		view_text_safe(f->out, line, f->o->cols > 4 ? f->o->cols - 4 : 0);
		buf_addc(f->out, '\n');
	}
	if (path.n)
		buf_addf(f->out, "  whole log: " STR_FMT "\n", STR_ARG(path));
}

static void failed_head(const struct failure *f, struct str task)
{
	if (f->o->colour)
		buf_addz(f->out, "\033[31m");
	buf_addf(f->out, "failed: task '" STR_FMT "'", STR_ARG(task));
}

static void head_end(const struct failure *f)
{
	if (f->o->colour)
		buf_addz(f->out, "\033[0m");
	buf_addc(f->out, '\n');
}

/* The step that failed, or the condition when no step did (an image, a workspace, a result). */
static void task_print(const struct failure *f, const struct task_run_view *t)
{
	const struct attempt_view *at = view_attempt(t);
	bool any = false;
	for (size_t i = 0; at && i < at->n_steps; i++) {
		if (view_step_mark(&at->steps[i]) != MARK_FAILED)
			continue;
		failed_head(f, view_task_name(f->run, t));
		buf_addf(f->out, ", step '" STR_FMT "': ", STR_ARG(at->steps[i].name));
		view_step_end(f->out, &at->steps[i]);
		if (t->n_attempts > 1)
			buf_addf(f->out, ", attempt %zu of %zu", t->n_attempts, t->n_attempts);
		head_end(f);
		if (at->steps[i].message.n) {
			buf_addz(f->out, "  ");
			view_text_safe(f->out, at->steps[i].message, 0);
			buf_addc(f->out, '\n');
		}
		log_print(f, t->index, t->n_attempts - 1, i);
		any = true;
	}
	if (!any || !str_eqz(t->condition.reason, "StepFailed")) {
		failed_head(f, view_task_name(f->run, t));
		buf_addf(f->out, ": " STR_FMT ": ", STR_ARG(t->condition.reason));
		view_text_safe(f->out, t->condition.message, 0);
		head_end(f);
	}
}

void view_end_failures(const struct run_view *r, const struct outcome_info *info,
	const struct view_end_options *o, struct buf *out)
{
	struct failure f = {.run = r, .info = info, .o = o, .out = out};
	for (size_t i = 0; i < r->n_task_runs; i++)
		if (view_task_mark(r->task_runs[i]) == MARK_FAILED)
			task_print(&f, r->task_runs[i]);
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		if (r->pipeline_tasks[i].state != PT_FAILED_VALIDATION)
			continue;
		failed_head(&f, r->pipeline_tasks[i].spec->name.s);
		buf_addz(out, ": not started, because a result that it needs is missing");
		head_end(&f);
	}
}
