/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `logs`: what steps wrote, from logs/TASKRUN/ATTEMPT/. Of one step the bytes as they are; of
 * several, and on a terminal, harmless lines, each with its step, so that none can pass for
 * another's.
 */
#include "cmd.h"
#include "input.h"
#include "record.h"
#include "steplog.h"
#include "view_text.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/num.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ATTEMPTS_LISTED = 1000000 };

struct logs {
	const struct options *o;
	struct arena *arena;
	const struct record *record;
	struct str task, step; /* empty: all */
	bool with_names;
	bool is_safe; /* lines made harmless; else bytes as they are */
	struct str prefix;
	struct buf out;
	char block[64 * KIB];
	size_t n_block;
	size_t n_shown;
};

static int show_line(struct logs *l, struct str line, struct err *err)
{
	buf_clear(&l->out);
	buf_adds(&l->out, l->prefix);
	view_text_safe(&l->out, line, 0, false);
	buf_addc(&l->out, '\n');
	return fd_write_all(STDOUT_FILENO, l->out.p, l->out.n, err);
}

/* The whole lines of what was read; what is too long for one is broken. */
static int show_lines(struct logs *l, bool is_end, struct err *err)
{
	struct str rest = {l->block, l->n_block};
	struct str line;

	while (str_cut(rest, '\n', &line, &rest)) {
		if (show_line(l, line, err))
			return -1;
	}
	if (rest.n && (is_end || rest.n == sizeof(l->block))) {
		if (show_line(l, rest, err))
			return -1;
		rest = STR_NONE;
	}
	if (rest.n)
		memmove(l->block, rest.p, rest.n);
	l->n_block = rest.n;
	return 0;
}

static int file_show(struct logs *l, int fd, struct err *err)
{
	ssize_t n;

	while ((n = read(fd, l->block + l->n_block, sizeof(l->block) - l->n_block)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read the log");
		l->n_block += (size_t)n;
		if (l->is_safe && show_lines(l, false, err))
			return -1;
		if (l->is_safe)
			continue;
		if (fd_write_all(STDOUT_FILENO, l->block, l->n_block, err))
			return -1;
		l->n_block = 0;
	}
	return 0;
}

/* Below a run directory that may be somebody else's: names and links lead nowhere else. */
static int dir_inside(int dfd, struct str rel, struct err *err)
{
	return path_open(
		dfd, str_c(rel), O_RDONLY | O_DIRECTORY, 0, PATH_BENEATH | PATH_NO_LINKS, err);
}

/* The directory of the attempt that was asked for; the last one by default. */
static int attempt_dir(struct logs *l, struct str task_run, struct err *err)
{
	int run_dfd cleanup_fd = dir_open(AT_FDCWD, str_c(l->record->path), err);
	int logs_dfd cleanup_fd = run_dfd < 0 ? -1 : dir_inside(run_dfd, STR("logs"), err);
	int dfd cleanup_fd = logs_dfd < 0 ? -1 : dir_inside(logs_dfd, task_run, err);
	struct str *names;
	size_t n;
	uint64_t best = 0;
	if (dfd < 0)
		return -1;
	if (l->o->attempt != SIZE_MAX)
		return dir_inside(dfd, arena_printf(l->arena, "%zu", l->o->attempt), err);
	if (dir_list(l->arena, dfd, ATTEMPTS_LISTED, &names, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		uint64_t one;
		struct err passed = {0};
		if (num_u64(names[i], UINT32_MAX, &one, &passed) == 0 && one > best)
			best = one;
	}
	return dir_inside(dfd, arena_printf(l->arena, "%llu", (unsigned long long)best), err);
}

static int part_show(struct logs *l, int dfd, struct str name, struct err *err)
{
	int fd cleanup_fd =
		openat(dfd, str_c(name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT)
		return 0; /* it was dropped just now */
	if (fd < 0)
		return err_sys(err, "open '" STR_FMT "'", STR_ARG(name));
	return file_show(l, fd, err);
}

static int step_show(struct logs *l, struct str task_run, struct str step, struct err *err)
{
	struct str *parts;
	size_t n_parts;
	struct err low = {0};
	int dfd cleanup_fd = -1;

	if (l->step.n && !str_eq(l->step, step))
		return 0;
	dfd = attempt_dir(l, task_run, &low);
	if (dfd < 0 && low.sys == ENOENT)
		return 0; /* the task never started a step: there is no directory */
	if (dfd < 0) {
		*err = low;
		return err_wrap(err, "logs of '" STR_FMT "'", STR_ARG(task_run));
	}
	if (steplog_parts(l->arena, dfd, step, &parts, &n_parts, err))
		return -1;
	if (n_parts == 0)
		return 0; /* it never started */
	l->n_shown++;
	l->prefix = STR_NONE;
	if (l->with_names)
		l->prefix = arena_printf(l->arena, "[" STR_FMT "/" STR_FMT "] ",
			STR_ARG(task_run), STR_ARG(step));
	for (size_t i = 0; i < n_parts; i++) {
		if (part_show(l, dfd, parts[i], err))
			return -1;
	}
	return l->is_safe ? show_lines(l, true, err) : 0;
}

/* The pipeline in the pipeline that a task run is of; NULL: it is of the run itself. */
static const struct json *child_around(const struct logs *l, const struct json *t)
{
	const struct json *labels = json_get(json_get(t, "metadata"), "labels");
	struct str name = json_str(json_get(labels, "tekton.dev/pipelineRun"));
	for (const struct json *c = l->record->run->next; c; c = c->next)
		if (c != t && str_eq(json_str(json_get(json_get(c, "metadata"), "name")), name))
			return c;
	return NULL;
}

/* The word may be the name of the task run, of its task, or of one that it is inside of. */
static bool task_is_wanted(const struct logs *l, const struct json *t)
{
	for (int depth = 0; t && depth <= BOUND_PIPELINE_DEPTH; depth++) {
		const struct json *meta = json_get(t, "metadata");
		const struct json *labels = json_get(meta, "labels");
		if (l->task.n == 0 || str_eq(l->task, json_str(json_get(meta, "name"))) ||
			str_eq(l->task, json_str(json_get(labels, "tekton.dev/pipelineTask"))))
			return true;
		t = child_around(l, t);
	}
	return false;
}

static int task_show(struct logs *l, const struct json *t, struct err *err)
{
	struct str name = json_str(json_get(json_get(t, "metadata"), "name"));
	if (!task_is_wanted(l, t))
		return 0;
	json_foreach (s, record_status(t, "steps")) {
		if (step_show(l, name, json_str(json_get(s, "name")), err))
			return -1;
	}
	json_foreach (s, record_status(t, "sidecars")) {
		if (step_show(l, name, json_str(json_get(s, "container")), err))
			return -1;
	}
	return 0;
}

static int logs_show(struct logs *l, struct err *err)
{
	bool is_task_run = str_eqz(json_str(json_get(l->record->run, "kind")), "TaskRun");
	for (const struct json *t = is_task_run ? l->record->run : l->record->run->next; t;
		t = t->next)
		if (task_show(l, t, err))
			return -1;
	return 0;
}

int cmd_logs(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	struct record *r;
	size_t n, n_shown = 0;
	struct err err = {0};
	size_t first = o->run_dir.n ? 0 : 1; /* words before TASK */
	struct str task = o->n_args > first ? o->args[first] : STR_NONE;
	struct str step = o->n_args > first + 1 ? o->args[first + 1] : STR_NONE;
	if (record_asked(o, a, &r, &n, &err))
		return input_refuse(o, &err);
	for (size_t i = 0; i < n; i++) {
		struct logs *l = arena_new_object(a, struct logs);
		int rc;

		l->o = o;
		l->arena = a;
		l->record = &r[i];
		l->task = task;
		l->step = step;
		l->with_names = l->step.n == 0;
		l->is_safe = l->with_names || isatty(STDOUT_FILENO);
		buf_init(&l->out, MIB);
		rc = logs_show(l, &err);
		buf_release(&l->out);
		if (rc)
			return input_refuse(o, &err);
		n_shown += l->n_shown;
	}
	if (n_shown || !task.n)
		return EXIT_RUN_OK;
	(void)err_set(&err, ERR_NOT_FOUND,
		"run '" STR_FMT "': no log of task '" STR_FMT "'%s" STR_FMT,
		STR_ARG(record_name(&r[0])), STR_ARG(task), step.n ? ", step " : "",
		STR_ARG(step));
	return input_refuse(o, &err);
}
