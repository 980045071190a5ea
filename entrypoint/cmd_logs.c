/* SPDX-License-Identifier: Apache-2.0 */
/* `logs`: what steps wrote, byte by byte, from logs/TASKRUN/ATTEMPT/STEP.log. */
#include "cmd.h"
#include "input.h"
#include "record.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/num.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct logs {
	const struct options *o;
	struct arena *arena;
	const struct record *record;
	struct str task, step; /* empty: all */
	bool with_heads;
	size_t n_shown;
};

static int file_copy(int fd, struct err *err)
{
	char block[8 * KIB];
	ssize_t n;
	while ((n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read the log");
		if (fd_write_all(STDOUT_FILENO, block, (size_t)n, err))
			return -1;
	}
	return 0;
}

/* The directory of the attempt that was asked for; the last one by default. */
static int attempt_dir(struct logs *l, struct str task_run, struct str *ret, struct err *err)
{
	struct str dir = path_join(
		l->arena, path_join(l->arena, l->record->path, STR("logs")), task_run);
	struct str *names;
	size_t n;
	uint64_t best = 0;
	if (l->o->attempt != SIZE_MAX) {
		*ret = path_join(l->arena, dir, arena_printf(l->arena, "%zu", l->o->attempt));
		return 0;
	}
	if (record_names(l->arena, dir, &names, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		uint64_t one;
		struct err passed = {0};
		if (num_u64(names[i], UINT32_MAX, &one, &passed) == 0 && one > best)
			best = one;
	}
	*ret = path_join(
		l->arena, dir, arena_printf(l->arena, "%llu", (unsigned long long)best));
	return 0;
}

static int step_show(struct logs *l, struct str task_run, struct str step, struct err *err)
{
	cleanup_fd int fd = -1;
	struct str dir, path;
	if (l->step.n && !str_eq(l->step, step))
		return 0;
	if (attempt_dir(l, task_run, &dir, err))
		return 0; /* the task never started a step: there is no directory */
	path = arena_printf(l->arena, STR_FMT "/" STR_FMT ".log", STR_ARG(dir), STR_ARG(step));
	fd = open(str_c(path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0; /* a step that never started */
	if (fd < 0)
		return err_sys(err, "open '" STR_FMT "'", STR_ARG(path));
	if (l->with_heads) {
		struct str head = arena_printf(l->arena, "==> " STR_FMT "/" STR_FMT " <==\n",
			STR_ARG(task_run), STR_ARG(step));
		if (fd_write_all(STDOUT_FILENO, head.p, head.n, err))
			return -1;
	}
	l->n_shown++;
	return file_copy(fd, err);
}

static bool task_is_wanted(const struct logs *l, const struct json *t)
{
	const struct json *meta = json_get(t, "metadata");
	if (l->task.n == 0 || str_eq(l->task, json_str(json_get(meta, "name"))))
		return true;
	return str_eq(l->task,
		json_str(json_get(json_get(meta, "labels"), "tekton.dev/pipelineTask")));
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
	return 0;
}

static int logs_show(struct logs *l, struct err *err)
{
	bool is_task_run = str_eqz(json_str(json_get(l->record->run, "kind")), "TaskRun");
	for (const struct json *t = is_task_run ? l->record->run : l->record->run->next; t;
		t = t->next)
		if (task_show(l, t, err))
			return -1;
	if (l->n_shown == 0 && l->task.n)
		return err_set(err, ERR_NOT_FOUND,
			"run '" STR_FMT "': no log of task '" STR_FMT "'%s" STR_FMT,
			STR_ARG(record_name(l->record)), STR_ARG(l->task),
			l->step.n ? ", step " : "", STR_ARG(l->step));
	return 0;
}

int cmd_logs(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	struct record *r;
	size_t n;
	struct err err = {0};
	size_t first = o->run_dir.n ? 0 : 1; /* words before TASK */
	if (record_asked(o, a, &r, &n, &err))
		return input_refuse(o, &err);
	for (size_t i = 0; i < n; i++) {
		struct logs l = {
			.o = o,
			.arena = a,
			.record = &r[i],
			.task = o->n_args > first ? o->args[first] : STR_NONE,
			.step = o->n_args > first + 1 ? o->args[first + 1] : STR_NONE,
		};
		l.with_heads = l.step.n == 0;
		if (logs_show(&l, &err))
			return input_refuse(o, &err);
	}
	return EXIT_RUN_OK;
}
