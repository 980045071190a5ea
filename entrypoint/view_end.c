/* SPDX-License-Identifier: Apache-2.0 */
/* What is said when a run has ended. */
#include "view_end.h"

#include "view_text.h"
#include "view_tree.h"

#include <base/bounds.h>
#include <base/json.h>
#include <string.h>

enum { RESULT_COLS = 400 }; /* of a result's value; run.json has all of it */

static const char *condition_word(const struct condition *c)
{
	static const char *const words[] = {
		[CONDITION_UNKNOWN] = "was not started", /* pending */
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
	struct view_tree_options tree = {.cols = o->cols,
		.utf8 = o->utf8,
		.is_ascii = o->is_ascii,
		.colour = o->colour,
		.mask = o->mask,
		.is_final = true};
	struct str *lines;
	size_t n;
	view_tree(r, &tree, a, &lines, &n);
	for (size_t i = 0; i < n; i++) {
		buf_adds(out, lines[i]);
		buf_addc(out, '\n');
	}
}

static void results_print(
	const struct run_view *r, const struct view_end_options *o, struct buf *out)
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
		struct arena *a cleanup_arena = arena_new();
		cleanup_buf struct buf text;
		struct json_writer w;
		size_t from;
		buf_init(&text, BOUND_RESULT_BYTES);
		json_writer_init(&w, &text, 0);
		if (v[i].value.type == VALUE_STRING)
			json_put_str(&w, v[i].value.string.s); /* for people: no \u003c */
		else
			value_json(&v[i].value, &w);
		buf_addf(out, "  " STR_FMT " = ", STR_ARG(v[i].name));
		from = out->n;
		view_text_safe(out, mask_text(o->mask, a, buf_str(&text)), 0, o->is_ascii);
		view_text_fit(out, from, RESULT_COLS, !o->utf8);
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

/* A path as one would type it here. */
static struct str path_shown(const struct view_end_options *o, struct str path)
{
	if (o->cwd.n > 1 && path.n > o->cwd.n + 1 && str_starts(path, o->cwd) &&
		path.p[o->cwd.n] == '/')
		return str_slice(path, o->cwd.n + 1, path.n);
	return path;
}

static void verdict_print(
	const struct run_view *r, const struct view_end_options *o, struct buf *out)
{
	static const char *const colours[] = {
		[CONDITION_UNKNOWN] = "33",
		[CONDITION_TRUE] = "32",
		[CONDITION_FALSE] = "31",
	};
	if (o->colour)
		buf_addf(out, "\033[%sm", colours[r->condition.status]);
	buf_addf(out, "%s '" STR_FMT "' %s: " STR_FMT, object_kind_name(r->kind),
		STR_ARG(r->name), condition_word(&r->condition), STR_ARG(r->condition.reason));
	if (r->condition.message.n)
		buf_addz(out, ": ");
	view_text_safe(out, r->condition.message, 0, o->is_ascii);
	if (o->colour)
		buf_addz(out, "\033[0m");
	buf_addc(out, '\n');
}

void view_end_summary(const struct run_view *r, const struct outcome_info *info,
	const struct view_end_options *o, struct buf *out)
{
	buf_addc(out, '\n');
	verdict_print(r, o, out);
	verdicts_print(r, o, out);
	results_print(r, o, out);
	for (size_t i = 0; i < info->n_notes; i++) {
		buf_addz(out, "note: ");
		view_text_safe(out, info->notes[i], 0, o->is_ascii);
		buf_addc(out, '\n');
	}
	if (r->started_ns)
		time_print(r, info, out);
	if (info->run_dir.n) {
		buf_addz(out, "run directory: ");
		view_text_safe(out, path_shown(o, info->run_dir), 0, o->is_ascii);
		buf_addc(out, '\n');
	}
}

/* --- failures ------------------------------------------------------------------------ */

enum { FAILURES_MAX = 10 }; /* with their logs; more are only counted */

struct failure {
	const struct run_view *run;
	const struct outcome_info *info;
	const struct view_end_options *o;
	struct buf *out;
	size_t n;
};

static void lines_print(const struct failure *f, const char *indent, struct str text)
{
	struct arena *a cleanup_arena = arena_new();
	size_t n = strlen(indent);
	struct str line;

	text = mask_text(f->o->mask, a, text);
	while (text.n) {
		if (!str_cut(text, '\n', &line, &text)) {
			line = text;
			text = STR_NONE;
		}
		buf_addz(f->out, indent);
		view_text_safe(
			f->out, line, f->o->cols > n ? f->o->cols - n : 0, f->o->is_ascii);
		buf_addc(f->out, '\n');
	}
}

/* What is known of a step's end, unless its log says it as well, then the end of the log. */
static void log_print(
	const struct failure *f, struct str message, size_t task, size_t attempt, size_t step)
{
	struct arena *a cleanup_arena = arena_new();
	struct str tail = STR_NONE;
	struct str path = STR_NONE;
	if (f->info->log_tail)
		tail = f->info->log_tail(f->info->log_arg, a, task, attempt, step);
	if (f->info->log_path)
		path = f->info->log_path(f->info->log_arg, a, task, attempt, step);
	if (!str_has(tail, message))
		lines_print(f, "  ", message);
	lines_print(f, "  | ", tail);
	if (path.n) {
		buf_addz(f->out, "  whole log: ");
		view_text_safe(f->out, path_shown(f->o, path), 0, f->o->is_ascii);
		buf_addc(f->out, '\n');
	}
}

static void head_start(const struct failure *f, const char *verdict, struct str task)
{
	buf_addc(f->out, '\n');
	if (f->o->colour)
		buf_addz(f->out, "\033[31m");
	buf_addf(f->out, "%s: task '", verdict);
	view_text_safe(f->out, task, 0, f->o->is_ascii);
	buf_addc(f->out, '\'');
}

static void head_end(const struct failure *f)
{
	if (f->o->colour)
		buf_addz(f->out, "\033[0m");
	buf_addc(f->out, '\n');
}

/* The step that is to blame: the first that ran and did not end well. -1: none, it was an
 * image, a workspace, a result … */
static const struct step_view *step_blamed(const struct attempt_view *at)
{
	for (size_t i = 0; at && i < at->n_steps; i++)
		if (view_step_mark(&at->steps[i]) == MARK_FAILED)
			return &at->steps[i];
	return NULL;
}

static void task_print(struct failure *f, const struct task_run_view *t)
{
	const struct attempt_view *at = view_attempt(t);
	const struct step_view *s = step_blamed(at);
	bool was_cancelled = view_task_was_cancelled(t);
	if (++f->n > FAILURES_MAX)
		return;
	head_start(f, was_cancelled ? "cancelled" : "failed", view_task_name(f->run, t));
	if (s) {
		buf_addf(f->out, ", step '" STR_FMT "': ", STR_ARG(s->name));
		view_step_end(f->out, s);
	} else {
		buf_addf(f->out, ": " STR_FMT, STR_ARG(t->condition.reason));
	}
	if (t->n_attempts > 1)
		buf_addf(f->out, ", in the last of %zu attempts", t->n_attempts);
	head_end(f);
	if (!s)
		lines_print(f, "  ", t->condition.message);
	else
		log_print(f,
			str_eqz(t->condition.reason, "StepFailed") ? s->message
								   : t->condition.message,
			t->index, t->n_attempts - 1, (size_t)(s - at->steps));
}

/* Of a child whose tasks tell what went wrong only these are told. */
static bool is_worth_telling(const struct task_run_view *t)
{
	if (view_task_mark(t) != MARK_FAILED || view_task_is_inside_ignored(t))
		return false;
	return t->kind != OBJECT_PIPELINE_RUN || !str_eqz(t->condition.reason, "Failed");
}

void view_end_failures(const struct run_view *r, const struct outcome_info *info,
	const struct view_end_options *o, struct buf *out)
{
	struct failure f = {.run = r, .info = info, .o = o, .out = out};
	for (size_t i = 0; i < r->n_task_runs; i++)
		if (is_worth_telling(r->task_runs[i]))
			task_print(&f, r->task_runs[i]);
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		if (r->pipeline_tasks[i].state != PT_FAILED_VALIDATION || ++f.n > FAILURES_MAX)
			continue;
		head_start(&f, "failed", r->pipeline_tasks[i].spec->name.s);
		buf_addz(out, ": not started, because a result that it needs is missing");
		head_end(&f);
	}
	if (f.n > FAILURES_MAX)
		buf_addf(out, "\nand %zu more; 'monopod describe' lists them\n",
			f.n - FAILURES_MAX);
}
