/* SPDX-License-Identifier: Apache-2.0 */
/* Finding, checking and making again what an interrupted command did. */
#include "resume.h"

#include "header.h"
#include "input.h"
#include "seal.h"

#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <base/log.h>
#include <base/path.h>
#include <base/vec.h>
#include <fcntl.h>
#include <unistd.h>

enum { RUNS_MAX = 100000 };

/* --- finding ----------------------------------------------------------------------------- */

/* Relative to the run directory. */
static struct str journal_path(const struct session *s, const struct session_run *r)
{
	if (s->n_runs == 1)
		return STR("journal");
	return arena_printf(
		s->arena, "runs/" STR_FMT "/journal", STR_ARG(input_run_name(r->ref)));
}

/* The last header counts: a forced resume writes one for the input it goes on with. */
static int header_of(
	const struct journal_text *t, struct arena *a, struct header *ret, struct err *err)
{
	size_t last = 0;

	for (size_t i = 1; i < t->n; i++) {
		if (header_is_file_record(t->records[i]) &&
			str_has(t->records[i], STR(",\"kind\":\"header\",")))
			last = i;
	}
	return header_read(a, t->records[last], ret, err);
}

/*
 * Damage is not the end of a writer: what ended behind it would run again. Who forces that says
 * so; without a header there is nothing to go on with.
 */
static int damage_refuse(const struct session *s, const struct journal_text *t,
	const char *path, struct err *err)
{
	if (!t->is_damaged || (t->n && s->options->resume_force))
		return 0;
	return err_set(err, ERR_USAGE,
		"%s: the record at byte %zu is damaged, whole ones stand behind it; %s", path,
		t->n_valid_bytes,
		t->n ? "what they say is lost when the run goes on from there: "
		       "--resume=force"
		     : "nothing can go on from there");
}

/* What is filed as pending has started nothing, whatever else is written there. */
static bool is_pending(const struct journal_text *t, struct arena *a)
{
	for (size_t i = t->n; i-- > 0;) {
		struct json *json;

		if (header_is_file_record(t->records[i]))
			continue;
		return json_parse_zeros(a, t->records[i], t->records[i].n, &json, NULL) == 0 &&
		       str_eqz(json_str(json_get(json, "kind")), "run-end") &&
		       str_eqz(json_str(json_get(json, "status")), "Unknown");
	}
	return false;
}

/* Reads the header of a journal; one without a whole record has started nothing. */
static int header_look(struct session *s, const char *path, struct err *err)
{
	struct arena *brief cleanup_arena = arena_new();
	struct journal_text text;
	struct err low = {0};

	if (journal_read(s->rundir.dfd, path, brief, &text, &low)) {
		if (low.kind == ERR_NOT_FOUND)
			return 0;
		*err = low;
		return -1;
	}
	if (damage_refuse(s, &text, path, err))
		return -1;
	if (text.n == 0) {
		(void)unlinkat(s->rundir.dfd, path, 0);
		return 0;
	}
	if (!s->header_arena)
		s->header_arena = arena_new();
	if (header_of(&text, s->header_arena, &s->header, err))
		return -1;
	s->seed = arena_str(s->arena, s->header.seed);
	s->header.seed = s->seed;
	s->is_begun_anew = is_pending(&text, brief);
	if (s->is_begun_anew)
		return 0;
	s->is_resumed = true;
	s->n_parallel_before = header_max_parallel(&s->header);
	return 0;
}

static int header_look_below(struct session *s, struct err *err)
{
	int dfd cleanup_fd = path_open(s->rundir.dfd, "runs", O_RDONLY | O_DIRECTORY, 0,
		PATH_BENEATH | PATH_NO_LINKS, NULL);
	struct str *names;
	size_t n;

	if (dfd < 0)
		return 0;
	if (dir_list(s->arena, dfd, RUNS_MAX, &names, &n, err))
		return -1;
	for (size_t i = 0; i < n && !s->is_resumed; i++) {
		if (header_look(s,
			    str_c(arena_printf(
				    s->arena, "runs/" STR_FMT "/journal", STR_ARG(names[i]))),
			    err))
			return -1;
	}
	return 0;
}

int resume_find(struct session *s, struct err *err)
{
	s->has_past = true; /* until it is known */
	s->can_mount = rundir_own_mounts();
	if (rundir_take(s->arena, s->options->run_dir, &s->rundir, err))
		return -1;
	if (s->rundir.dfd < 0) {
		s->has_past = false;
		return 0;
	}
	if (header_look(s, "journal", err) || (!s->is_resumed && header_look_below(s, err)))
		return err_wrap(err, "run directory '%s'", str_c(s->rundir.path));
	s->has_past = s->is_resumed;
	s->rundir.is_ours = !s->is_resumed;
	return 0;
}

/* --- comparing --------------------------------------------------------------------------- */

static struct header_facts facts_of(const struct session *s, const struct session_run *r)
{
	return (struct header_facts){.options = s->options,
		.spec = s->spec,
		.run = agent_view(r->agent),
		.seed = s->seed,
		.max_parallel = s->agent_options.max_parallel};
}

static void resume_compare(struct session *s, struct diags *diags)
{
	struct header_facts f = facts_of(s, &s->runs[0]);
	struct diags found;
	size_t n;

	diags_init(&found, s->arena, s->spec->sources);
	n = header_compare(&s->header, &f, &found);
	if (!n)
		return;
	s->has_changed = true;
	if (s->options->resume_force) {
		log_warn("going on although %zu %s as when the run was started", n,
			n == 1 ? "thing is not" : "things are not");
		return;
	}
	*diags = found;
	diag_hint(diags, &diags->items[diags->n - 1],
		"start anew in another --run-dir, or go on with what is here now: "
		"--resume=force");
}

/* The directory stays open longer than the journal. */
static void journal_hide(const struct session *s, struct journal *j, int dfd, struct str path)
{
	if (!mask_is_empty(s->mask))
		j->seal = seal_new(dfd, path, s->mask);
}

/* --- making again ------------------------------------------------------------------------ */

/* The records of the run among all. */
static struct str *run_records(const struct journal_text *t, struct arena *a, size_t *ret_n)
{
	struct str *records = arena_new_array(a, struct str, t->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++) {
		if (!header_is_file_record(t->records[i]))
			records[n++] = t->records[i];
	}
	*ret_n = n;
	return records;
}

/* Of a run that ended, what a torn tail did not hold; of others their first turn writes it. */
static int run_complete(struct session_run *r, struct err *err)
{
	struct action act;

	while (agent_next_action(r->agent, &act)) {
		if (act.kind == ACTION_RECORD &&
			journal_append(&r->journal, act.record, false, err))
			return -1;
	}
	return journal_sync(&r->journal, err);
}

static int run_replay(struct session *s, struct session_run *r, const struct journal_text *t,
	struct arena *a, struct err *err)
{
	struct header_notes notes;
	struct str *records;
	size_t n;

	header_notes_read(t->records, t->n, &notes);
	records = run_records(t, a, &n);
	if (n && agent_replay(r->agent, records, n, s->options->resume_force && s->has_changed,
			 &r->end, err)) {
		err->kind = ERR_USAGE;
		return -1;
	}
	r->n_resumes = notes.n_resumes + 1;
	r->exit_code = notes.exit_code;
	r->is_done = r->end.is_done;
	return r->is_done ? run_complete(r, err) : 0;
}

static int run_resume(struct session *s, struct session_run *r, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str path = journal_path(s, r);
	struct journal_text text;
	struct err low = {0};

	if (journal_open(&r->journal, s->rundir.dfd, str_c(path), a, &text, &low)) {
		if (low.kind == ERR_NOT_FOUND)
			return 0;
		*err = low;
		return -1;
	}
	if (damage_refuse(s, &text, str_c(path), err)) {
		journal_close(&r->journal);
		return -1;
	}
	if (text.n == 0) { /* not even its header: it is made anew */
		journal_close(&r->journal);
		(void)unlinkat(s->rundir.dfd, str_c(path), 0);
		return 0;
	}
	if (text.is_damaged)
		log_warn("journal of '" STR_FMT
			 "': damaged at byte %zu; the %zu bytes from there "
			 "on are cut off",
			STR_ARG(input_run_name(r->ref)), text.n_valid_bytes, text.n_torn_bytes);
	else if (text.n_torn_bytes)
		log_info("journal of '" STR_FMT "': the last %zu bytes were not whole and are "
			 "cut off",
			STR_ARG(input_run_name(r->ref)), text.n_torn_bytes);
	r->has_journal = true;
	journal_hide(s, &r->journal, s->rundir.dfd, path);
	if (seal_break(s->rundir.dfd, path, a, &text, err))
		return -1;
	return run_replay(s, r, &text, a, err);
}

int resume_runs(struct session *s, struct diags *diags, struct err *err)
{
	if (!s->is_resumed)
		return 0;
	resume_compare(s, diags);
	arena_free(s->header_arena); /* as large as the input */
	s->header_arena = NULL;
	s->header.json = NULL;
	if (diags->n_errors)
		return 0;
	for (size_t i = 0; i < s->n_runs; i++) {
		if (run_resume(s, &s->runs[i], err))
			return err_wrap(err, "run directory '%s'", str_c(s->rundir.path));
	}
	return 0;
}

bool resume_all_done(const struct session *s)
{
	for (size_t i = 0; i < s->n_runs; i++) {
		if (!s->runs[i].is_done)
			return false;
	}
	return s->n_runs > 0;
}

/* --- writing on -------------------------------------------------------------------------- */

static int header_append(
	struct session *s, const struct session_run *r, struct journal *j, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct header_facts f = facts_of(s, r);
	struct str record;

	return header_print(&f, a, &record, err) || journal_append(j, record, false, err) ? -1
											  : 0;
}

/* The journal's name, and those of the directories that were made for it alone. */
static void names_sync(const struct session *s, const struct rundir_run *dir)
{
	(void)fsync(dir->dfd); /* not every file system can */
	if (s->n_runs > 1) {
		int runs_dfd cleanup_fd = dir_open(s->rundir.dfd, "runs", NULL);

		(void)fsync(runs_dfd);
		(void)fsync(s->rundir.dfd);
	}
}

static int journal_start(struct session *s, struct session_run *r, const struct rundir_run *dir,
	struct drive_start *ret, struct err *err)
{
	if (s->is_begun_anew) {
		(void)unlinkat(dir->dfd, "journal", 0);
		(void)unlinkat(dir->dfd, "journal.sealed", 0);
	}
	if (journal_create(&ret->journal, dir->dfd, "journal", err))
		return -1;
	journal_hide(s, &ret->journal, dir->dfd, STR("journal"));
	names_sync(s, dir);
	return header_append(s, r, &ret->journal, err);
}

int resume_journal(struct session *s, struct session_run *r, const struct rundir_run *dir,
	struct drive_start *ret, struct err *err)
{
	const int64_t now_ns = clock_wall_ns();
	struct arena *a cleanup_arena = arena_new();
	int64_t down_ns;

	*ret = (struct drive_start){.journal = {.fd = -1}};
	if (!r->has_journal)
		return journal_start(s, r, dir, ret, err);
	ret->journal = r->journal;
	r->journal = (struct journal){.fd = -1};
	if (r->end.n_records) {
		down_ns = now_ns > r->end.wall_ns ? now_ns - r->end.wall_ns : 0;
		ret->is_resumed = true;
		ret->ahead_ns = r->end.now_ns + down_ns - clock_mono_ns();
	}
	if (s->has_changed && header_append(s, r, &ret->journal, err))
		return -1;
	return journal_append(
		&ret->journal, header_resume_record(a, s->has_changed, now_ns), false, err);
}
