/* SPDX-License-Identifier: Apache-2.0 */
/* What a step has left: results, its own and its task's, and artifacts. */
#include "drive_task.h"

#include "results_read.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

static struct results_dir dir_of(const struct step_context *s, int dfd)
{
	const struct drive_config *c = s->task->drive->c;

	return (struct results_dir){.dfd = dfd,
		.ns = c->ns,
		.map = &c->place->map,
		.max_bytes = BOUND_RESULT_BYTES};
}

/* The step's own, from a place that it could write to: no link of it is followed. */
static void read_own(const struct step_context *s, struct queued_event *q)
{
	const struct step_launch *l = &s->task->launch->steps[s->index];
	struct results_dir dir;
	struct result_got *got;
	int dfd cleanup_fd = -1;

	if (!l->n_results)
		return;
	got = arena_new_array(q->arena, struct result_got, l->n_results);
	dfd = attempt_step_dir(s->task->dirs, s->index, "results", NULL);
	dir = dir_of(s, dfd);
	for (size_t i = 0; i < l->n_results; i++)
		got[i].name = l->results[i].name;
	if (dfd >= 0)
		results_read(&dir, q->arena, l->results, l->n_results, got);
	q->event.step_results = got;
	q->event.n_step_results = l->n_results;
}

/* Hardly any step leaves artifacts: whether there is a file is asked before anything is made
 * ready to read it. */
static bool has_artifacts(int dfd)
{
	struct stat st;

	return dfd >= 0 &&
	       (fstatat(dfd, ARTIFACTS_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT);
}

static void read_artifacts(const struct step_context *s, struct queued_event *q)
{
	static const struct result_want want = {.name = STR_INIT(ARTIFACTS_FILE)};
	struct result_got *got = NULL;
	int own_dfd cleanup_fd = attempt_step_dir(s->task->dirs, s->index, "artifacts", NULL);
	const int dfds[] = {
		[ARTIFACTS_OF_STEP] = own_dfd,
		[ARTIFACTS_OF_TASK] = s->task->dirs->artifacts_dfd,
	};
	_Static_assert(ARRAY_SIZE(dfds) == ARTIFACTS_FILE_N, "a place for each file");

	for (size_t i = 0; i < ARTIFACTS_FILE_N; i++) {
		struct results_dir dir = dir_of(s, dfds[i]);

		if (!has_artifacts(dfds[i]))
			continue;
		if (!got)
			got = arena_new_array(q->arena, struct result_got, ARTIFACTS_FILE_N);
		dir.max_bytes = BOUND_ARTIFACT_BYTES;
		results_read(&dir, q->arena, &want, 1, &got[i]);
	}
	q->event.artifacts = got;
}

void drive_results_read(const struct step_context *s, struct queued_event *q)
{
	const struct task_launch *l = s->task->launch;
	struct results_dir dir = dir_of(s, s->task->dirs->results_dfd);
	struct result_got *got = arena_new_array(q->arena, struct result_got, l->n_results + 1);

	results_read(&dir, q->arena, l->results, l->n_results, got);
	q->event.results = got;
	q->event.n_results = l->n_results;
	read_own(s, q);
	read_artifacts(s, q);
}

static void tell(
	const struct step_context *s, const char *what, struct str name, struct str why)
{
	step_say(s->proc,
		arena_printf(s->task->arena, "monopod: %s '" STR_FMT "' is not taken: " STR_FMT,
			what, STR_ARG(name), STR_ARG(why)));
}

/* Tekton shows a text that is none of artifacts to nobody; the task goes on there, too. */
static void tell_artifacts(const struct step_context *s, const struct result_got *got)
{
	struct arena *scratch cleanup_arena = arena_new();
	struct str why = got->problem;
	struct artifacts set;
	struct err err;

	if (got->present && artifacts_parse(scratch, got->text, &set, &err))
		why = str_z(err.msg);
	if (!why.n)
		return;
	tell(s, "artifacts", STR(ARTIFACTS_FILE), why);
	drive_note(s->task->drive,
		arena_printf(s->task->arena,
			"artifacts of step " STR_FMT " in " STR_FMT " are not taken: " STR_FMT,
			STR_ARG(s->task->launch->steps[s->index].name),
			STR_ARG(s->task->launch->name), STR_ARG(why)));
}

void drive_results_tell(const struct step_context *s, const struct event *ev)
{
	for (size_t i = 0; i < ev->n_results; i++)
		if (ev->results[i].problem.n)
			tell(s, "result", ev->results[i].name, ev->results[i].problem);
	for (size_t i = 0; ev->artifacts && i < ARTIFACTS_FILE_N; i++)
		tell_artifacts(s, &ev->artifacts[i]);
}
