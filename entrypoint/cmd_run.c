/* SPDX-License-Identifier: Apache-2.0 */
/* `monopod run`: the phases of product.md, in order. */
#include "cmd.h"

#include "input.h"
#include "outcome.h"
#include "pid1.h"
#include "results_write.h"
#include "resume.h"
#include "session.h"

#include <base/clock.h>
#include <base/log.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* The statement left behind when monopod itself dies. */
#define LAST_WORDS                                                                             \
	"[{\"key\":\"monopod/verdict\",\"value\":\"Unknown InternalError monopod ended by a "  \
	"bug of its own\",\"type\":3}]"

static enum exit_code signal_code(int signal)
{
	return signal == SIGINT ? EXIT_SIGINT : EXIT_SIGTERM;
}

/* --- before the first step --------------------------------------------------------------- */

/* "Nothing was started" is not said of a run that had started before. */
static void tell_refused(
	const struct session *s, struct outcome *out, enum exit_code code, struct str message)
{
	if (s->has_past)
		outcome_not_resumed(out, message);
	else
		outcome_refused(out, code, message);
}

static int refuse(struct session *s, struct outcome *out, const struct err *err)
{
	int code = err->kind == ERR_CANCELLED ? (int)signal_code(s->signal)
					      : input_refuse(s->options, err);

	if (err->kind == ERR_CANCELLED)
		log_error("%s", err->msg);
	tell_refused(s, out, (enum exit_code)code, str_z(err->msg));
	return code;
}

static int refuse_diags(
	struct session *s, struct outcome *out, const struct diags *d, enum exit_code code)
{
	struct str first = STR("the input is not valid");

	for (size_t i = 0; i < d->n; i++) {
		if (d->items[i].severity == DIAG_ERROR) {
			first = d->items[i].msg;
			break;
		}
	}
	tell_refused(s, out, code, first);
	return input_refuse_diags(s->options, d, code);
}

/* Where this command writes by name, there is no link that a step may have made. */
static int run_check_links(const struct session *s, const struct options *o, struct err *err)
{
	struct str runs;

	if (rundir_place(s->arena, o->run_dir, &runs, err) ||
		callers_check_links(o, s->arena, "run directory", runs, err))
		return -1;
	return o->results_dir.n
		       ? callers_check_links(o, s->arena, "--results-dir", o->results_dir, err)
		       : 0;
}

/* Everything up to the point of no return; -1: go on, else the exit code. */
static int run_prepare(struct session *s, struct outcome *out, const struct options *o)
{
	struct diags changed = {0};
	struct err err = {0};

	if (run_check_links(s, o, &err) || (o->resume && resume_find(s, &err)) ||
		session_read(s, &err))
		return refuse(s, out, &err);
	if (!spec_ok(s->spec))
		return refuse_diags(s, out, s->spec->diags, EXIT_INPUT);
	input_warn(o, s->spec->diags);
	if (resume_runs(s, &changed, &err))
		return refuse(s, out, &err);
	if (changed.n_errors)
		return refuse_diags(s, out, &changed, EXIT_INPUT);
	if (resume_all_done(s)) {
		control_forget(s->rundir.dfd);
		s->view = view_new(o, s->mask);
		return -1;
	}
	if (results_place_open(
		    &s->outcome.results, s->arena, o->results_dir, s->n_runs, &err) ||
		session_open(s, &err))
		return refuse(s, out, &err);
	if (!session_can_give(s) || !session_find_images(s))
		return refuse_diags(s, out, &s->problems, EXIT_PLACE);
	input_warn(o, &s->problems);
	if (session_unpack(s, &err))
		return refuse(s, out, &err);
	return -1;
}

/* --- the runs ---------------------------------------------------------------------------- */

struct log_lookup {
	const struct rundir_run *dir;
	const struct run_view *view;
};

/* Empty when the step never got so far as to have one. */
static struct str lookup_path(
	void *arg, struct arena *a, size_t task, size_t attempt, size_t step)
{
	const struct log_lookup *l = arg;
	const struct task_run_view *t = l->view->task_runs[task];
	struct str path = rundir_log_path(
		l->dir, a, t->name, attempt, t->attempts[attempt].steps[step].name);

	return access(str_c(path), F_OK) == 0 ? path : STR_NONE;
}

static struct str lookup_tail(
	void *arg, struct arena *a, size_t task, size_t attempt, size_t step)
{
	const struct log_lookup *l = arg;
	const struct task_run_view *t = l->view->task_runs[task];

	return rundir_log_tail(
		l->dir, a, t->name, attempt, t->attempts[attempt].steps[step].name);
}

/* "resumed 2 times"; empty: it never was. */
static struct str resumes_text(
	const struct session *s, const struct session_run *r, struct arena *a)
{
	const size_t n = r->is_done ? r->n_resumes - 1 : r->n_resumes; /* this is none, then */

	if (!r->has_journal || !n)
		return STR_NONE;
	return arena_printf(a, "resumed %zu time%s%s", n, n == 1 ? "" : "s",
		s->has_changed ? ", the last time with another input (--resume=force)" : "");
}

static void run_show_end(struct session *s, const struct session_run *r,
	const struct rundir_run *dir, enum exit_code code)
{
	struct arena *a cleanup_arena = arena_new();
	struct str notes[2];
	struct log_lookup lookup = {.dir = dir, .view = agent_view(r->agent)};
	struct outcome_info info = {.run_dir = dir->path,
		.exit_code = (int)code,
		.own_time_ns = s->drive ? drive_own_ns(s->drive) : 0,
		.unpack_time_ns = s->unpack_ns,
		.log_path = lookup_path,
		.log_tail = lookup_tail,
		.log_arg = &lookup};

	if (s->drive) {
		drive_notes(s->drive, &info.notes, &info.n_notes);
	} else {
		notes[0] = STR("it had ended before: nothing was started");
		notes[1] = resumes_text(s, r, a);
		info.notes = notes;
		info.n_notes = notes[1].n ? 2 : 1;
	}
	view_finished(s->view, lookup.view, &info);
}

/* 0 and 1 promise that the run can be looked up. */
static enum exit_code code_unrecorded(enum exit_code code)
{
	return code == EXIT_RUN_OK || code == EXIT_RUN_FAILED ? EXIT_INTERNAL : code;
}

/* A run that had ended before: its outcome is told again, nothing is started. */
static enum exit_code run_recall(
	struct session *s, const struct session_run *r, const struct rundir_run *dir)
{
	const struct run_view *v = agent_view(r->agent);
	struct outcome *out = &s->outcome;
	enum exit_code code = outcome_code(v);
	struct err err = {0};

	if (r->exit_code >= 0)
		code = (enum exit_code)r->exit_code;
	else if (v->cancelled != CANCEL_NONE)
		code = EXIT_SIGTERM; /* it died before it could say which signal it was */
	out->runs[out->n_runs++] = (struct outcome_run){.view = v, .dir = dir};
	view_run_started(s->view, v, r->end.now_ns);
	if (outcome_run_ended(out, &err))
		log_error("%s", err.msg);
	run_show_end(s, r, dir, code);
	return code;
}

/* Drives one run to its end and writes it down. */
static enum exit_code run_drive(
	struct session *s, struct session_run *r, const struct rundir_run *dir)
{
	struct drive_start from;
	struct err err = {0};
	struct outcome *out = &s->outcome;
	enum exit_code code;
	int rc;

	rc = resume_journal(s, r, dir, &from, &err);
	from.asked = s->asked;
	from.asked_why = s->asked_why;
	if (rc || drive_new(&s->drive_config, r->agent, dir, &from, &s->drive, &err)) {
		log_error("%s", err.msg);
		journal_close(&from.journal);
		return EXIT_INTERNAL;
	}
	if (r->has_journal)
		drive_note(s->drive, resumes_text(s, r, s->arena));
	outcome_run_starts(
		out, &(struct outcome_run){.view = drive_view(s->drive), .dir = dir});
	rc = drive_run(s->drive, &err);
	code = rc ? EXIT_INTERNAL : outcome_code(drive_view(s->drive));
	if (rc)
		log_error("%s", err.msg);
	else if (session_is_stopped(s) && drive_view(s->drive)->cancelled != CANCEL_NONE)
		code = signal_code(s->signal);
	if (outcome_run_ended(out, &err))
		log_error("%s", err.msg);
	if (err.kind || !drive_journal_is_whole(s->drive))
		code = code_unrecorded(code);
	if (rc == 0)
		drive_exit(s->drive, (int)code);
	run_show_end(s, r, dir, code);
	drive_free(s->drive);
	s->drive = NULL;
	return code;
}

/* All runs, one after the other; the first code that is not 0 counts, a signal more. What was
 * cancelled before is written down as that, all of it: nothing of it starts. */
static enum exit_code run_all(struct session *s)
{
	struct rundir_run *dirs = arena_new_array(s->arena, struct rundir_run, s->n_runs);
	enum exit_code first = EXIT_RUN_OK;
	const bool is_cancelled = s->asked != CANCEL_NONE;
	size_t n_open = 0;

	s->outcome.rundir = &s->rundir;
	s->outcome.runs = arena_new_array(s->arena, struct outcome_run, s->n_runs);
	s->outcome.n_expected = s->n_runs;
	for (size_t i = 0; i < s->n_runs && !s->signal; i++) {
		struct session_run *r = &s->runs[i];
		enum exit_code code = EXIT_INTERNAL;
		struct err err = {0};

		if (session_is_stopped(s) && !is_cancelled)
			break;
		if (rundir_run_open(&s->rundir, s->arena, input_run_name(r->ref),
			    s->n_runs == 1, &dirs[i], &err)) {
			log_error("%s", err.msg);
		} else {
			n_open = i + 1;
			code = r->is_done ? run_recall(s, r, &dirs[i])
					  : run_drive(s, r, &dirs[i]);
		}
		if (code != EXIT_RUN_OK && (first == EXIT_RUN_OK || session_is_stopped(s)))
			first = code;
	}
	for (size_t i = 0; i < n_open; i++)
		rundir_run_close(&dirs[i]);
	return first;
}

/* Where the lines of the steps go, too. */
static int log_fd(const struct options *o)
{
	return o->output == OUTPUT_JSON ? STDERR_FILENO : STDOUT_FILENO;
}

static enum exit_code run_tell(struct session *s, enum exit_code code)
{
	const struct options *o = s->options;
	struct err err = {0};
	int rc = outcome_ended(&s->outcome, &err);

	if (rc == 0 && o->output == OUTPUT_JSON && s->outcome.n_runs)
		rc = outcome_print(&s->outcome, &err);
	if (rc) {
		log_error("%s", err.msg);
		code = code_unrecorded(code);
	}
	err = (struct err){0};
	if (o->log_record && !o->dry_run && s->outcome.n_runs &&
		outcome_log(&s->outcome, log_fd(o), &err))
		log_warn("--log-record: %s", err.msg); /* the file itself is whole */
	return code;
}

static int run_with_outcome(struct session *s, const struct options *o)
{
	enum exit_code code;
	int refused = run_prepare(s, &s->outcome, o);

	if (refused >= 0) {
		session_discard(s);
		return refused;
	}
	code = run_all(s);
	code = run_tell(s, code);
	session_close(s);
	return (int)code;
}

int cmd_run(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	struct session s = {.rundir = {.dfd = -1}, .options = o};
	struct sigaction ignored = {.sa_handler = SIG_IGN};
	struct options plain = *o;
	struct err err = {0};
	int code;

	(void)sigaction(SIGPIPE, &ignored, NULL); /* nobody reads any more: the run goes on */
	if (o->dry_run && o->output == OUTPUT_AUTO)
		plain.output = OUTPUT_PLAIN;
	pid1_hold_signals();
	if (outcome_open(&s.outcome, &plain, &err) || outcome_started(&s.outcome, &err))
		return input_refuse(&plain, &err);
	last_words_set(s.outcome.termination.fd, STR(LAST_WORDS));
	s.options = &plain;
	s.arena = a;
	code = run_with_outcome(&s, &plain);
	outcome_close(&s.outcome);
	return code;
}
