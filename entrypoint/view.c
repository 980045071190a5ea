/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people see of a run. Three forms behind one set of calls: a live tree (standard output
 * is a terminal), plain prefixed lines, and plain lines on standard error beside a JSON
 * document. The live form owns the rows below the cursor: it is drawn at most ten times a
 * second, never wider or higher than the terminal, and taken away before anything else is
 * printed.
 */
#include "view.h"

#include "view_end.h"
#include "view_screen.h"
#include "view_text.h"
#include "view_tree.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/log.h>
#include <base/num.h>
#include <base/vec.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	VIEW_PERIOD_NS = 100 * NS_PER_MS,
	VIEW_LAST_BYTES = 512,
	VIEW_PATIENCE_MS = 2000,
	VIEW_PATIENCE_END_MS = 10000,
	VIEW_PUMP_MS = 2,              /* for one piece, when others wait for their turn */
	VIEW_PUMP_NS = 10 * NS_PER_MS, /* for one turn */
	VIEW_PIECE = 64 * KIB,
	VIEW_FULL = 256 * KIB,
	VIEW_MANY = 512, /* tasks; more are not looked through at every change */
};

/* What was already said of a task run in the plain form. */
struct said {
	bool is_started;
	bool is_ended;
	size_t attempt; /* this one is the current; those before were told */
	size_t step;    /* steps before this one were told */
};

/* The last line of a task's running step, for the tree. */
struct last_line {
	size_t step;
	char text[VIEW_LAST_BYTES];
	size_t n;
};

struct view {
	const struct mask *mask;
	bool is_live;
	bool utf8;     /* the locale is: our own signs */
	bool is_ascii; /* a terminal that is not: the bytes of others, too */
	bool colour;
	int out_fd;
	char cwd[PATH_MAX];
	struct screen screen;
	const struct run_view *run;
	bool is_dirty;
	int64_t drawn_ns;
	int64_t ahead_ns; /* the clock of the run, less ours */
	struct buf progress;
	struct buf out;     /* scratch for one write */
	uint64_t n_unread;  /* bytes that nobody took; said when somebody does */
	int64_t pumped_ns;  /* when it was last tried */
	int64_t stalled_ns; /* since when nothing was taken; 0: it was */
	VEC(struct said) tasks;
	VEC(bool) pipeline_tasks; /* the end was said */
	size_t first_open;        /* all task runs before were told to their end */
	size_t first_pt_open;
	VEC(struct last_line) last;
};

static bool env_is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *v = getenv(names[i]);
		if (v && *v)
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
	}
	return false;
}

/*
 * Whoever reads slowly is waited for. Whoever has stopped reading (a pager, a stopped terminal,
 * a lost connection) must not stop the run, its deadlines and its signals: what is not taken in
 * time is left to the log files, and that is said when there is room again. A closed pipe: the
 * run goes on.
 */
static int view_say_unread(struct view *v, int patience_ms, struct err *err)
{
	char note[96];
	size_t done;
	int n = snprintf(note, sizeof(note),
		"\nmonopod: %llu bytes were not read in time; the logs have them\n",
		(unsigned long long)v->n_unread);

	if (!v->n_unread)
		return 0;
	if (fd_write_patient(v->out_fd, note, (size_t)n, patience_ms, &done, err))
		return -1;
	v->n_unread = 0;
	return 0;
}

static void view_give_up(struct view *v, size_t n)
{
	v->n_unread += n;
	v->stalled_ns = 0;
	buf_clear(&v->out);
}

static void view_flush_for(struct view *v, int patience_ms)
{
	struct err err = {0};
	size_t done = 0;
	int rc = view_say_unread(v, patience_ms, &err);

	if (rc == 0)
		rc = fd_write_patient(v->out_fd, v->out.p, v->out.n,
			patience_ms ? patience_ms : VIEW_PATIENCE_MS, &done, &err);
	if (rc && err.sys == ETIMEDOUT)
		view_give_up(v, v->out.n - done);
	buf_clear(&v->out);
}

/* Once it has stopped, nothing more is waited for. */
static void view_flush(struct view *v)
{
	view_flush_for(v, v->n_unread ? 0 : VIEW_PATIENCE_MS);
}

void view_pump(struct view *v)
{
	const int64_t until_ns = clock_mono_ns() + VIEW_PUMP_NS;
	struct err err = {0};
	int rc = 0;

	if (v->out.n == 0)
		return;
	if (v->out.full || view_say_unread(v, 0, &err))
		view_give_up(v, v->out.n);
	while (v->out.n && rc == 0 && v->pumped_ns < until_ns) {
		size_t n = v->out.n < VIEW_PIECE ? v->out.n : VIEW_PIECE;
		size_t done;

		rc = fd_write_patient(v->out_fd, v->out.p, n, VIEW_PUMP_MS, &done, &err);
		v->pumped_ns = clock_mono_ns();
		buf_shift(&v->out, done);
		if (done || !v->stalled_ns)
			v->stalled_ns = done ? 0 : v->pumped_ns;
	}
	if (rc && err.sys != ETIMEDOUT)
		buf_clear(&v->out); /* a closed pipe: nobody will read it */
	if (v->stalled_ns && v->pumped_ns - v->stalled_ns > VIEW_PATIENCE_MS * NS_PER_MS)
		view_give_up(v, v->out.n);
}

bool view_is_full(const struct view *v)
{
	return v->out.n >= VIEW_FULL;
}

/* The program's own messages while the tree is on the screen. */
static void view_log_line(void *arg, enum log_level level, const char *line)
{
	struct view *v = arg;
	struct err err = {0};
	(void)level;
	screen_clear(&v->screen, &v->out);
	view_flush(v);
	(void)fd_write_all(
		STDERR_FILENO, line, strlen(line), &err); /* nowhere else to say it */
	(void)fd_write_all(STDERR_FILENO, "\n", 1, &err);
	v->is_dirty = true;
}

struct view *view_new(const struct options *o, const struct mask *mask)
{
	struct view *v = mem_zalloc(sizeof(*v));
	const char *term = getenv("TERM");
	v->mask = mask;
	v->out_fd = o->output == OUTPUT_JSON ? STDERR_FILENO : STDOUT_FILENO;
	v->is_live = o->output == OUTPUT_AUTO && isatty(STDOUT_FILENO) && term &&
		     strcmp(term, "dumb") != 0;
	v->colour = !o->no_color && isatty(v->out_fd) && term && strcmp(term, "dumb") != 0;
	v->utf8 = env_is_utf8();
	v->is_ascii = !v->utf8 && isatty(v->out_fd);
	if (!getcwd(v->cwd, sizeof(v->cwd)))
		v->cwd[0] = '\0'; /* it was removed: paths are shown whole */
	buf_init(&v->out, 64 * (size_t)MIB);
	buf_init(&v->progress, 4 * KIB);
	screen_init(&v->screen, STDOUT_FILENO);
	if (v->is_live)
		log_set_sink(view_log_line, v);
	return v;
}

void view_free(struct view *v)
{
	if (!v)
		return;
	if (v->is_live) {
		screen_clear(&v->screen, &v->out);
		screen_show_cursor(&v->screen, &v->out);
		view_flush(v);
		log_set_sink(NULL, NULL);
	}
	screen_release(&v->screen);
	buf_release(&v->out);
	buf_release(&v->progress);
	vec_release(&v->tasks);
	vec_release(&v->pipeline_tasks);
	vec_release(&v->last);
	free(v);
}

/* --- the live form ------------------------------------------------------------------- */

static struct str last_line_of(void *arg, size_t task, size_t step)
{
	struct view *v = arg;
	if (task >= v->last.n || v->last.p[task].step != step)
		return STR_NONE;
	return (struct str){.p = v->last.p[task].text, .n = v->last.p[task].n};
}

static void last_line_set(struct view *v, const struct view_line *line)
{
	struct last_line *l;
	while (v->last.n <= line->task)
		(void)vec_add(&v->last);
	l = &v->last.p[line->task];
	l->step = line->step;
	l->n = line->text.n < VIEW_LAST_BYTES ? line->text.n : VIEW_LAST_BYTES;
	memcpy(l->text, line->text.n ? line->text.p : "", l->n);
}

/* The last column stays free: a terminal may wrap when it is written. */
static size_t view_cols(const struct view *v)
{
	return v->screen.cols > 1 ? v->screen.cols - 1 : 1;
}

static void view_draw(struct view *v, int64_t now_ns)
{
	struct arena *a cleanup_arena = arena_new();
	struct view_tree_options tree = {
		.mask = v->mask,
		.utf8 = v->utf8,
		.is_ascii = v->is_ascii,
		.colour = v->colour,
		.now_ns = now_ns,
		.last_line = last_line_of,
		.last_line_arg = v,
	};
	struct str *lines = NULL;
	size_t n = 0;
	screen_measure(&v->screen);
	tree.cols = view_cols(v);
	tree.rows = v->screen.rows > 1 ? v->screen.rows - 1 : 1;
	if (v->progress.n) {
		lines = arena_new_object(a, struct str);
		*lines = buf_str(&v->progress);
		n = 1;
	} else if (v->run) {
		view_tree(v->run, &tree, a, &lines, &n);
	}
	screen_draw(&v->screen, lines, n, &v->out);
	view_flush(v);
	v->drawn_ns = now_ns;
	v->is_dirty = false;
}

void view_resize(struct view *v)
{
	v->is_dirty = true;
	v->drawn_ns = 0;
}

/* --- the plain form ------------------------------------------------------------------ */

static void plain_name(struct view *v, struct str task)
{
	buf_addc(&v->out, '[');
	view_text_safe(&v->out, task, 0, v->is_ascii);
	buf_addz(&v->out, "] ");
}

/* "[task/step] " is what the step wrote and nothing else; what is said about a step starts with
 * "[task] step ", which no step can write. A sidecar is called as its container is. */
static void plain_step(
	struct view *v, const struct task_run_view *t, struct str step, bool is_own)
{
	buf_addc(&v->out, '[');
	view_text_safe(&v->out, view_task_name(v->run, t), 0, v->is_ascii);
	buf_addz(&v->out, is_own ? "] step " : "/");
	buf_adds(&v->out, step);
	buf_addz(&v->out, is_own ? ": " : "] ");
}

static void plain_condition(struct view *v, const struct condition *c)
{
	struct arena *a cleanup_arena = arena_new();

	buf_addf(&v->out, ": " STR_FMT ": ", STR_ARG(c->reason));
	view_text_safe(&v->out, mask_text(v->mask, a, c->message), 0, v->is_ascii);
}

static void plain_task_ended(struct view *v, const struct task_run_view *t)
{
	enum view_mark mark = view_task_mark(t);
	bool was_cancelled = view_task_was_cancelled(t);
	plain_name(v, view_task_name(v->run, t));
	if (mark == MARK_DONE)
		buf_addz(&v->out, "succeeded in ");
	else
		buf_addz(&v->out, was_cancelled ? "cancelled after " : "failed after ");
	view_text_time(&v->out, t->ended_ns - t->started_ns);
	if (mark == MARK_IGNORED)
		buf_addz(&v->out, ", ignored");
	if (mark != MARK_DONE)
		plain_condition(v, &t->condition);
	buf_addc(&v->out, '\n');
}

/* Steps that ended badly; of the others their lines speak. */
static void plain_steps(struct view *v, const struct task_run_view *t, struct said *said)
{
	const struct attempt_view *at = &t->attempts[said->attempt];
	while (!at->is_interrupted && said->step < at->n_steps &&
		at->steps[said->step].state == STEP_ENDED) {
		const struct step_view *s = &at->steps[said->step++];
		enum view_mark mark = view_step_mark(s);
		if (mark != MARK_FAILED && mark != MARK_IGNORED)
			continue;
		plain_step(v, t, s->name, true);
		view_step_end(&v->out, s);
		buf_addc(&v->out, '\n');
	}
}

/* An attempt that went with its agent is none of those that retries allow. */
static void plain_next_attempt(struct view *v, const struct task_run_view *t, size_t attempt)
{
	long long n_allowed = t->retries + 1;

	for (size_t i = 0; i < attempt; i++)
		n_allowed += t->attempts[i].is_interrupted;
	buf_addf(&v->out, "; attempt %zu", attempt + 1);
	if (n_allowed > 1)
		buf_addf(&v->out, " of %lld", n_allowed);
	buf_addz(&v->out, " started\n");
}

static void plain_attempts(struct view *v, const struct task_run_view *t, struct said *said)
{
	while (said->attempt + 1 < t->n_attempts) {
		const struct attempt_view *at = &t->attempts[said->attempt];
		plain_steps(v, t, said);
		plain_name(v, view_task_name(v->run, t));
		buf_addf(&v->out, "attempt %zu %s after ", said->attempt + 1,
			at->is_interrupted ? "interrupted" : "failed");
		view_text_time(&v->out, at->ended_ns - at->started_ns);
		if (!at->is_interrupted)
			plain_condition(v, &at->condition);
		said->attempt++;
		said->step = 0;
		plain_next_attempt(v, t, said->attempt);
	}
	if (t->n_attempts)
		plain_steps(v, t, said);
}

static void plain_absent(struct view *v, const struct pipeline_task_view *pt, struct str name)
{
	if (pt->state != PT_SKIPPED && pt->state != PT_FAILED_VALIDATION)
		return;
	plain_name(v, name);
	if (pt->state == PT_SKIPPED)
		buf_addf(&v->out, "skipped: %s\n", skip_reason_text(pt->skip));
	else
		buf_addz(&v->out, "not started: a result that it needs is missing\n");
}

/* What did not start in a pipeline in the pipeline is told when that ends. */
static void plain_child_absent(struct view *v, const struct task_run_view *t)
{
	const struct run_view *inside = t->n_attempts ? view_attempt(t)->run : NULL;
	struct arena *a cleanup_arena = arena_new();
	for (size_t i = 0; inside && i < inside->n_pipeline_tasks; i++) {
		const struct pipeline_task_view *pt = &inside->pipeline_tasks[i];
		plain_absent(v, pt,
			arena_printf(a, STR_FMT "-" STR_FMT, STR_ARG(view_task_name(v->run, t)),
				STR_ARG(pt->spec->name.s)));
	}
}

static void plain_task(struct view *v, size_t i)
{
	const struct task_run_view *t = v->run->task_runs[i];
	struct said *said;
	while (v->tasks.n <= i)
		(void)vec_add(&v->tasks);
	said = &v->tasks.p[i];
	if (!said->is_started && t->state != TASK_WAITING) {
		said->is_started = true;
		plain_name(v, view_task_name(v->run, t));
		buf_addz(&v->out, "started\n");
	}
	if (!said->is_ended)
		plain_attempts(v, t, said);
	if (!said->is_ended && t->state == TASK_DONE && t->kind == OBJECT_TASK_RUN) {
		said->is_ended = true;
		plain_task_ended(v, t);
	}
}

/* What is inside has been told before; it has the higher numbers. */
static void plain_children_ended(struct view *v)
{
	for (size_t i = v->run->n_task_runs; i-- > v->first_open;) {
		const struct task_run_view *t = v->run->task_runs[i];
		if (v->tasks.p[i].is_ended || t->state != TASK_DONE)
			continue;
		v->tasks.p[i].is_ended = true;
		plain_child_absent(v, t);
		plain_task_ended(v, t);
	}
}

static void plain_pipeline_task(struct view *v, size_t i)
{
	const struct pipeline_task_view *pt = &v->run->pipeline_tasks[i];
	while (v->pipeline_tasks.n <= i)
		(void)vec_add(&v->pipeline_tasks);
	if (v->pipeline_tasks.p[i] || pt->state < PT_SKIPPED)
		return;
	v->pipeline_tasks.p[i] = true;
	plain_absent(v, pt, pt->spec->name.s);
}

/* Everything that has not been said yet. */
static void plain_say(struct view *v, int64_t now_ns)
{
	const struct run_view *r = v->run;
	for (size_t i = v->first_open; i < r->n_task_runs; i++)
		plain_task(v, i);
	plain_children_ended(v);
	while (v->first_open < r->n_task_runs && v->tasks.p[v->first_open].is_ended)
		v->first_open++;
	for (size_t i = v->first_pt_open; i < r->n_pipeline_tasks; i++) {
		plain_pipeline_task(v, i);
		if (i == v->first_pt_open && v->pipeline_tasks.p[i])
			v->first_pt_open++;
	}
	v->drawn_ns = now_ns;
	v->is_dirty = false;
}

/* --- the calls ----------------------------------------------------------------------- */

/* When the state is to be said or drawn. */
static int64_t view_due_ns(const struct view *v)
{
	bool has_much = v->run && v->run->n_task_runs + v->run->n_pipeline_tasks > VIEW_MANY;
	if (v->is_live) /* times of what runs move on by themselves */
		return v->run || v->is_dirty ? v->drawn_ns + VIEW_PERIOD_NS : INT64_MAX;
	if (!v->run || !v->is_dirty)
		return INT64_MAX;
	return has_much ? v->drawn_ns + VIEW_PERIOD_NS : v->drawn_ns;
}

int64_t view_deadline_ns(const struct view *v)
{
	int64_t due_ns = view_due_ns(v);
	int64_t pump_ns = v->out.n ? v->pumped_ns + VIEW_PUMP_MS * NS_PER_MS : INT64_MAX;
	return due_ns < pump_ns ? due_ns : pump_ns;
}

void view_tick(struct view *v, int64_t now_ns)
{
	if (now_ns < view_due_ns(v))
		return;
	if (v->is_live)
		view_draw(v, now_ns);
	else
		plain_say(v, now_ns);
}

void view_progress(struct view *v, struct str text)
{
	buf_clear(&v->progress);
	if (v->is_live) {
		view_text_safe(&v->progress, text, view_cols(v), v->is_ascii);
		v->is_dirty = true;
		view_draw(v, clock_mono_ns() + v->ahead_ns);
	} else if (text.n) {
		buf_adds(&v->out, text);
		buf_addc(&v->out, '\n');
		view_flush(v);
	}
}

void view_run_started(struct view *v, const struct run_view *r, int64_t now_ns)
{
	const int64_t ahead_ns = now_ns - clock_mono_ns();

	v->drawn_ns += ahead_ns - v->ahead_ns;
	v->ahead_ns = ahead_ns;
	v->run = r;
	v->tasks.n = 0;
	v->pipeline_tasks.n = 0;
	v->last.n = 0;
	v->first_open = 0;
	v->first_pt_open = 0;
	if (v->is_live) {
		view_draw(v, now_ns);
		return;
	}
	if (str_ends(r->condition.reason, STR("RunPending")))
		return; /* the summary says that it was not started */
	buf_addf(&v->out, "%s '" STR_FMT "' started\n", object_kind_name(r->kind),
		STR_ARG(r->name));
	view_pump(v);
}

void view_step_line(struct view *v, const struct run_view *r, const struct view_line *line)
{
	const struct task_run_view *t = r->task_runs[line->task];
	const struct attempt_view *at = &t->attempts[line->attempt];
	if (v->is_live) {
		if (line->step < at->n_steps)
			last_line_set(v, line);
		v->is_dirty = true;
		return;
	}
	/* a task says that it started before its first line, also within one batch of events */
	plain_task(v, line->task);
	plain_step(v, t, attempt_label(at, line->step), line->is_own);
	view_text_safe(&v->out, line->text, 0, v->is_ascii);
	buf_addz(&v->out, line->is_cut ? " ... (the rest is in the log)\n" : "\n");
}

void view_changed(struct view *v, const struct run_view *r, int64_t now_ns)
{
	v->run = r;
	v->is_dirty = true;
	if (!v->is_live)
		view_tick(v, now_ns);
}

/* Names of the input too, if they are values: nothing reads this back. */
static void end_add(struct view *v, const struct run_view *r, const struct outcome_info *info,
	const struct view_end_options *o)
{
	struct arena *a cleanup_arena = arena_new();
	cleanup_buf struct buf end = {0};

	buf_init(&end, 64 * (size_t)MIB);
	view_end_summary(r, info, o, &end);
	view_end_failures(r, info, o, &end);
	buf_adds(&v->out, mask_text(v->mask, a, buf_str(&end)));
}

void view_finished(struct view *v, const struct run_view *r, const struct outcome_info *info)
{
	struct view_end_options o = {.utf8 = v->utf8,
		.is_ascii = v->is_ascii,
		.colour = v->colour,
		.mask = v->mask,
		.cwd = str_z(v->cwd)};
	v->run = r;
	if (v->is_live) {
		screen_clear(&v->screen, &v->out);
		o.cols = view_cols(v);
		screen_show_cursor(&v->screen, &v->out);
	} else {
		plain_say(v, clock_mono_ns() + v->ahead_ns);
	}
	end_add(v, r, info, &o);
	view_flush_for(v, VIEW_PATIENCE_END_MS);
	v->run = NULL;
	v->is_dirty = false;
}
