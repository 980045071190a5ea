/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the outcome down, again and again, always true. */
#include "outcome.h"

#include "log_record.h"
#include "run_json.h"

#include <base/buf.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <base/log.h>
#include <base/num.h>
#include <base/path.h>
#include <fcntl.h>
#include <monopod/images.h>
#include <stdlib.h>
#include <unistd.h>

enum { REST = 19 }; /* times what writing took before it is done again: one part in 20 */

static const char *condition_status_word(enum condition_status s)
{
	static const char *const words[] = {[CONDITION_UNKNOWN] = "Unknown",
		[CONDITION_TRUE] = "True",
		[CONDITION_FALSE] = "False"};
	_Static_assert(ARRAY_SIZE(words) == CONDITION_STATUS_N, "one word a status");

	return words[s];
}

enum exit_code outcome_code(const struct run_view *r)
{
	return r->condition.status == CONDITION_TRUE ? EXIT_RUN_OK : EXIT_RUN_FAILED;
}

/* --- run.json ---------------------------------------------------------------------------- */

struct views {
	const struct run_view *const *p;
	size_t n;
	const struct mask *mask;
};

static int views_fill(void *arg, int fd, struct err *err)
{
	const struct views *v = arg;
	const struct run_json_hiding hiding = {.mask = v->mask};

	return run_json_write(v->p, v->n, &hiding, fd, err);
}

static int json_write(const struct outcome *o, int dfd, const struct run_view *const *views,
	size_t n, struct err *err)
{
	struct views all = {views, n, o->mask};
	const struct file_filler filler = {views_fill, &all};

	return rundir_write(o->rundir, dfd, "run.json", &filler, err);
}

static const struct run_view **outcome_views(const struct outcome *o, struct arena *a)
{
	const struct run_view **views =
		arena_new_array(a, const struct run_view *, o->n_runs + 1);

	for (size_t i = 0; i < o->n_runs; i++)
		views[i] = o->runs[i].view;
	return views;
}

/* That of the current run, and with several runs the one of them all. */
static int outcome_json(struct outcome *o, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	const struct outcome_run *last = &o->runs[o->n_runs - 1];
	const int64_t from_ns = clock_mono_ns();
	int rc = 0;

	o->json_is_due = false;
	if (o->n_expected > 1)
		rc = json_write(o, last->dir->dfd, &last->view, 1, err);
	if (rc == 0)
		rc = json_write(o, o->rundir->dfd, outcome_views(o, a), o->n_runs, err);
	o->json_ns = clock_mono_ns();
	o->json_cost_ns = o->json_ns - from_ns;
	return rc;
}

static int64_t json_deadline_ns(const struct outcome *o)
{
	const int64_t rest_ns = o->json_cost_ns * REST;

	if (!o->json_is_due)
		return INT64_MAX;
	return o->json_ns + (rest_ns > NS_PER_S ? rest_ns : NS_PER_S);
}

static int64_t tell_deadline_ns(const struct outcome *o)
{
	return o->tell_is_due ? o->tell_ns + o->tell_cost_ns * REST : INT64_MAX;
}

int64_t outcome_deadline_ns(const struct outcome *o)
{
	const int64_t json_ns = json_deadline_ns(o);
	const int64_t tell_ns = tell_deadline_ns(o);

	return json_ns < tell_ns ? json_ns : tell_ns;
}

/* --- the termination file ---------------------------------------------------------------- */

static struct str verdict_text(
	struct arena *a, const char *status, struct str reason, struct str message)
{
	return arena_printf(a, "%s " STR_FMT "%s" STR_FMT, status, STR_ARG(reason),
		message.n ? " " : "", STR_ARG(message));
}

/* Of one run its own; of several that of the first that is not True. */
static struct str outcome_verdict(const struct outcome *o, struct arena *a)
{
	for (size_t i = 0; i < o->n_runs; i++) {
		const struct run_view *r = o->runs[i].view;
		const struct condition *c = &r->condition;
		struct str message = c->message;

		if (c->status == CONDITION_TRUE && (o->n_expected > 1 || !r->is_done))
			continue;
		if (o->n_expected > 1)
			message = arena_printf(
				a, STR_FMT ": " STR_FMT, STR_ARG(r->name), STR_ARG(c->message));
		if (!r->is_done)
			return verdict_text(a, "Unknown", STR("Running"), message);
		return verdict_text(a, condition_status_word(c->status), c->reason, message);
	}
	if (o->n_runs < o->n_expected)
		return STR("Unknown Running");
	return arena_printf(a, "True Succeeded %zu runs succeeded", o->n_runs);
}

static void outcome_task_items(
	const struct outcome *o, struct arena *a, struct termination_item **ret, size_t *ret_n)
{
	size_t n = 0;
	size_t at = 0;

	for (size_t i = 0; i < o->n_runs; i++)
		n += o->runs[i].view->n_task_runs;
	*ret = arena_new_array(a, struct termination_item, n + 1);
	for (size_t i = 0; i < o->n_runs; i++) {
		const struct run_view *r = o->runs[i].view;

		for (size_t k = 0; k < r->n_task_runs; k++) {
			const struct condition *c = &r->task_runs[k]->condition;

			(*ret)[at].name = r->task_runs[k]->name;
			(*ret)[at++].value = verdict_text(
				a, condition_status_word(c->status), c->reason, STR_NONE);
		}
	}
	*ret_n = n;
}

/* Arrays and objects stay JSON. */
static struct str outcome_masked(
	const struct outcome *o, struct arena *a, const struct value *v)
{
	struct str text = result_text(a, v);

	return v->type == VALUE_STRING ? mask_text(o->mask, a, text)
				       : mask_json(o->mask, a, text, NULL);
}

static int outcome_tell(struct outcome *o, struct str run_json, bool is_final, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct termination_text t = {.run_json = run_json};
	struct termination_item *tasks;
	struct termination_item *results;
	const struct named_value *values = NULL;
	size_t n_values = 0;

	if (o->termination.fd < 0)
		return 0;
	t.verdict = mask_text(o->mask, a, outcome_verdict(o, a));
	outcome_task_items(o, a, &tasks, &t.n_tasks);
	t.tasks = tasks;
	if (is_final && o->n_expected == 1)
		values = results_of(o->runs[0].view, &n_values);
	results = arena_new_array(a, struct termination_item, n_values + 1);
	for (size_t i = 0; i < n_values; i++)
		results[i] = (struct termination_item){
			values[i].name, outcome_masked(o, a, &values[i].value)};
	t.results = results;
	t.n_results = n_values;
	return termination_write(&o->termination, termination_encode(a, &t), err);
}

static size_t outcome_count_ended(const struct outcome *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->n_runs; i++) {
		const struct run_view *r = o->runs[i].view;

		for (size_t k = 0; k < r->n_task_runs; k++)
			n += r->task_runs[k]->state == TASK_DONE;
	}
	return n;
}

/* --- calls ------------------------------------------------------------------------------- */

int outcome_open(struct outcome *o, const struct options *options, struct err *err)
{
	*o = (struct outcome){.options = options,
		.termination = {.fd = -1},
		.results = {.dfd = -1},
		.n_tasks_ended = SIZE_MAX};
	if (options->dry_run)
		return 0;
	return termination_open(&o->termination, options->termination_log, err);
}

void outcome_close(struct outcome *o)
{
	termination_close(&o->termination);
	results_place_close(&o->results);
}

static void outcome_tell_verdict(struct outcome *o, struct arena *a, struct str verdict)
{
	struct termination_text t = {.verdict = verdict};
	struct err err = {0};

	if (o->termination.fd >= 0 &&
		termination_write(&o->termination, termination_encode(a, &t), &err))
		log_error("%s", err.msg);
}

int outcome_started(struct outcome *o, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct termination_text t = {.verdict = STR("Unknown Running")};
	struct err low = {0};

	if (termination_write(&o->termination, termination_encode(a, &t), &low) == 0)
		return 0;
	termination_close(&o->termination);
	if (o->options->termination_log.n)
		return err_set(err, ERR_SANDBOX, "'" STR_FMT "': %s",
			STR_ARG(o->options->termination_log), low.msg);
	log_warn("%s: nothing is written there", low.msg);
	return 0;
}

void outcome_not_resumed(struct outcome *o, struct str message)
{
	struct arena *a cleanup_arena = arena_new();

	outcome_tell_verdict(o, a,
		verdict_text(a, "Unknown", STR("NotResumed"), mask_text(o->mask, a, message)));
}

void outcome_refused(struct outcome *o, enum exit_code code, struct str message)
{
	struct arena *a cleanup_arena = arena_new();
	struct str reason = code == EXIT_INPUT ? STR("Invalid") : STR("NotStarted");

	outcome_tell_verdict(
		o, a, verdict_text(a, "False", reason, mask_text(o->mask, a, message)));
}

/* The provisional record. */
static void outcome_tell_now(struct outcome *o)
{
	const int64_t from_ns = clock_mono_ns();
	struct err err = {0};

	o->tell_is_due = false;
	if (outcome_tell(o, STR_NONE, false, &err))
		log_error("%s", err.msg);
	o->tell_ns = clock_mono_ns();
	o->tell_cost_ns = o->tell_ns - from_ns;
}

void outcome_changed(struct outcome *o, int64_t now_ns)
{
	struct err err = {0};
	size_t n_ended = outcome_count_ended(o);

	o->tell_is_due = o->tell_is_due || n_ended != o->n_tasks_ended;
	o->n_tasks_ended = n_ended;
	o->json_is_due = true;
	if (now_ns >= tell_deadline_ns(o))
		outcome_tell_now(o);
	if (now_ns < json_deadline_ns(o))
		return;
	if (outcome_json(o, &err))
		log_error("%s", err.msg);
}

void outcome_run_starts(struct outcome *o, const struct outcome_run *run)
{
	struct err err = {0};

	o->runs[o->n_runs++] = *run;
	outcome_changed(o, clock_mono_ns());
	if (o->json_is_due && outcome_json(o, &err))
		log_error("%s", err.msg);
}

int outcome_run_ended(struct outcome *o, struct err *err)
{
	struct err results = {0};
	const struct outcome_run *last = &o->runs[o->n_runs - 1];
	int rc = results_write(last->view, last->dir->dfd, &o->results, &results);

	/* the record first of all, whatever became of the result files */
	if (outcome_json(o, err))
		return -1;
	if (rc) {
		*err = results;
		return -1;
	}
	return 0;
}

/* The whole document, and its digest. */
static int outcome_open_json(
	const struct outcome *o, struct arena *a, struct str *ret_digest, struct err *err)
{
	int fd cleanup_fd = openat(
		o->rundir->dfd, "run.json", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);

	if (fd < 0)
		return err_sys(err, "open run.json");
	if (image_digest_fd(a, fd, ret_digest, err))
		return -1;
	return fd_take(&fd);
}

int outcome_ended(struct outcome *o, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	int fd cleanup_fd = -1;
	struct str path, digest;

	if (o->termination.fd < 0 || !o->n_runs)
		return 0;
	path = path_join(a, o->rundir->path, STR("run.json"));
	fd = outcome_open_json(o, a, &digest, err);
	if (fd < 0)
		return outcome_tell(o, STR_NONE, true, NULL), -1;
	return outcome_tell(o, arena_printf(a, "%s %s", str_c(digest), str_c(path)), true, err);
}

int outcome_log(const struct outcome *o, int out_fd, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	int fd cleanup_fd = -1;
	struct str digest;

	fd = outcome_open_json(o, a, &digest, err);
	if (fd < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "run.json");
	return log_record_write(fd, digest, out_fd, err);
}

int outcome_print(const struct outcome *o, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	const struct run_json_hiding hiding = {.mask = o->mask, .shows_values = true};

	return run_json_write(outcome_views(o, a), o->n_runs, &hiding, STDOUT_FILENO, err);
}
