/* SPDX-License-Identifier: Apache-2.0 */
/* Results become files. */
#include "results_write.h"

#include <base/attr.h>
#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <base/log.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum {
	RESULT_TEXT_MAX = 64 * MIB,
	RECORD_BYTES = 32, /* of a result in Tekton's message, beside its name and value */
};

/* Where Tekton looks for the results of a step's task. */
#define TEKTON_RESULTS "/tekton/results"

const struct named_value *results_of(const struct run_view *r, size_t *ret_n)
{
	const struct task_run_view *t;

	*ret_n = r->n_results;
	if (r->kind == OBJECT_PIPELINE_RUN || !r->n_task_runs)
		return r->results;
	t = r->task_runs[0];
	*ret_n = t->n_attempts ? t->attempts[t->n_attempts - 1].n_results : 0;
	return *ret_n ? t->attempts[t->n_attempts - 1].results : NULL;
}

struct str result_text(struct arena *a, const struct value *v)
{
	struct buf b cleanup_buf = {0};
	struct json_writer w;

	if (v->type == VALUE_STRING)
		return v->string.s;
	buf_init(&b, RESULT_TEXT_MAX);
	json_writer_init(&w, &b, 0);
	w.go_escapes = true;
	value_json(v, &w);
	return arena_str(a, buf_str(&b));
}

static int results_put(
	const struct run_view *r, int dfd, uint32_t mode, struct arena *a, struct err *err)
{
	size_t n;
	const struct named_value *results = results_of(r, &n);

	for (size_t i = 0; i < n; i++) {
		struct str name = arena_str(a, results[i].name);

		/* Tekton takes any name for a pipeline result */
		if (!name.n || str_chr(name, '/') >= 0 || str_starts(name, STR("."))) {
			log_warn(
				"result '%s' has no file: its name cannot be one", str_c(name));
			continue;
		}
		if (file_write_atomic(
			    dfd, str_c(name), result_text(a, &results[i].value), mode, err))
			return -1;
	}
	return 0;
}

/* All results of a task share one message, and Tekton fails the task when it is full. */
static void results_warn_size(const struct run_view *r, struct arena *a)
{
	size_t n, n_bytes = 0;
	const struct named_value *results = results_of(r, &n);

	for (size_t i = 0; i < n; i++)
		n_bytes +=
			results[i].name.n + result_text(a, &results[i].value).n + RECORD_BYTES;
	if (n_bytes > BOUND_TERMINATION_BYTES)
		log_warn("the results have %zu bytes; by default Tekton takes at most %d of a "
			 "task, all results together",
			n_bytes, BOUND_TERMINATION_BYTES);
}

int results_write(const struct run_view *r, int run_dfd, const struct results_place *place,
	struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	int own_fd cleanup_fd = -1;
	int dfd cleanup_fd = -1;
	size_t n;

	(void)results_of(r, &n);
	if (n) {
		if (dir_make(run_dfd, "results", 0700, err))
			return -1;
		own_fd = dir_open(run_dfd, "results", err);
		if (own_fd < 0 || results_put(r, own_fd, 0600, a, err))
			return -1;
	}
	if (!place->dir.n)
		return 0;
	/* a link in the place of what was missing is not followed */
	dfd = place->missing.n ? dir_make_inside(place->dfd, str_c(place->missing), 0755, err)
			       : dir_open(place->dfd, ".", err);
	if (dfd < 0 || results_put(r, dfd, 0644, a, err))
		return err_wrap(err, "--results-dir '%s'", str_c(place->dir));
	if (str_eqz(place->dir, TEKTON_RESULTS))
		results_warn_size(r, a);
	return 0;
}

/* --- before the start -------------------------------------------------------------------- */

/* A file without a name; where there is no such thing, by the permissions. */
static int dir_try(int dfd, struct err *err)
{
	int fd cleanup_fd = openat(dfd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

	if (fd >= 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)
		return err_sys(err, "write there");
	return faccessat(dfd, ".", W_OK | X_OK, AT_EACCESS) < 0 ? err_sys(err, "write there")
								: 0;
}

/* What is missing would be made below the nearest directory above it. */
static int dir_open_nearest(struct arena *a, struct str *dir, struct err *err)
{
	for (;;) {
		int fd = open(str_c(*dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0)
			return fd;
		if (errno != ENOENT || dir->n <= 1)
			return err_sys(err, "open");
		*dir = path_dir(a, *dir);
	}
}

int results_place_open(struct results_place *ret, struct arena *a, struct str dir,
	size_t n_runs, struct err *err)
{
	struct str there = dir;

	*ret = (struct results_place){.dir = dir, .dfd = -1};
	if (!dir.n)
		return 0;
	if (n_runs > 1)
		return err_set(err, ERR_USAGE,
			"--results-dir is for one run, and the input has %zu; name one of them",
			n_runs);
	ret->dfd = dir_open_nearest(a, &there, err);
	if (ret->dfd < 0 || dir_try(ret->dfd, err))
		return err_wrap_as(err, ERR_SANDBOX, "--results-dir '%s'", str_c(dir));
	ret->missing = str_slice(dir, there.n, dir.n);
	if (str_starts(ret->missing, STR("/")))
		ret->missing = str_slice(ret->missing, 1, ret->missing.n);
	return 0;
}

void results_place_close(struct results_place *p)
{
	fd_close(&p->dfd);
}
