/* SPDX-License-Identifier: Apache-2.0 */
/* Runs, read back from their run directories. */
#include "record.h"

#include "lock.h"
#include "view_text.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <base/vec.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUN_JSON_BYTES = 256 * MIB, RUNS_MAX = 1000000 };

struct records {
	struct arena *arena;
	VEC(struct record) found;
};

const struct json *record_status(const struct json *object, const char *member)
{
	return json_get(json_get(object, "status"), member);
}

struct record_condition record_condition(const struct json *object)
{
	struct record_condition c = {0};
	json_foreach (it, record_status(object, "conditions")) {
		if (!str_eqz(json_str(json_get(it, "type")), "Succeeded"))
			continue;
		c.status = json_str(json_get(it, "status"));
		c.reason = json_str(json_get(it, "reason"));
		c.message = json_str(json_get(it, "message"));
	}
	return c;
}

struct str record_name(const struct record *r)
{
	return json_str(json_get(json_get(r->run, "metadata"), "name"));
}

static int record_names(
	struct arena *a, struct str dir, struct str **ret, size_t *ret_n, struct err *err)
{
	cleanup_fd int dfd = dir_open(AT_FDCWD, str_c(dir), err);
	if (dfd < 0)
		return -1;
	return dir_list(a, dfd, RUNS_MAX, ret, ret_n, err);
}

static int64_t time_of(const struct json *object, const char *member)
{
	int64_t ns;
	if (clock_parse_rfc3339(json_str(record_status(object, member)), &ns))
		return 0;
	return ns;
}

struct record_condition record_run_condition(const struct record *r)
{
	struct record_condition c = record_condition(r->run);
	if (!r->is_interrupted)
		return c;
	c.status = STR("Unknown");
	c.reason = STR("Interrupted");
	c.message = STR("the run was killed, or the machine stopped; what is told here is how "
			"far it was known to be");
	return c;
}

/* A command holds the lock of its run directory as long as it lives. */
static bool is_abandoned(struct str top)
{
	cleanup_fd int dfd = dir_open(AT_FDCWD, str_c(top), NULL);
	return dfd >= 0 && !lock_is_held(dfd);
}

/* One that is filed as pending ends without a verdict; one without a start was killed early. */
static bool has_end(struct record_condition c)
{
	return str_eqz(c.status, "True") || str_eqz(c.status, "False") ||
	       str_ends(c.reason, STR("RunPending"));
}

/* One directory with a run.json, below the directory of its command. */
static int record_read(struct records *rs, struct str dir, struct str top, struct err *err)
{
	struct record r = {.path = dir};
	struct json *list;
	struct str text;
	struct str path = path_join(rs->arena, dir, STR("run.json"));
	cleanup_fd int fd =
		open(str_c(path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		(void)err_sys(err, "open");
		return err_wrap(err, STR_FMT, STR_ARG(path));
	}
	if (file_read_fd(rs->arena, fd, RUN_JSON_BYTES, &text, err) ||
		json_parse_zeros(rs->arena, text, RUN_JSON_BYTES, &list, err))
		return err_wrap(err, STR_FMT, STR_ARG(path));
	r.items = json_get(list, "items");
	r.run = json_at(r.items, 0);
	if (!r.run)
		return err_set(
			err, ERR_SPEC, STR_FMT ": expected a List with a run", STR_ARG(path));
	r.started_wall_ns = time_of(r.run, "startTime");
	r.ended_wall_ns = time_of(r.run, "completionTime");
	r.is_interrupted = !has_end(record_condition(r.run)) && is_abandoned(top);
	vec_push(&rs->found, r);
	return 0;
}

static bool path_exists(struct arena *a, struct str dir, const char *name)
{
	return access(str_c(path_join(a, dir, str_z(name))), F_OK) == 0;
}

/*
 * A run directory: those below runs/ that have begun, else the run itself. ERR_NOT_FOUND when
 * it is none.
 */
static int records_read(struct records *rs, struct str dir, struct err *err)
{
	struct str below = path_join(rs->arena, dir, STR("runs"));
	struct str *names;
	size_t n;
	if (!path_exists(rs->arena, dir, "runs")) {
		if (path_exists(rs->arena, dir, "run.json"))
			return record_read(rs, dir, dir, err);
		return err_set(err, ERR_NOT_FOUND,
			"'" STR_FMT "' is not a run directory: no run.json in it",
			STR_ARG(dir));
	}
	if (record_names(rs->arena, below, &names, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct str one = path_join(rs->arena, below, names[i]);
		if (path_exists(rs->arena, one, "run.json") && record_read(rs, one, dir, err))
			return -1;
	}
	return 0;
}

static int record_cmp(const void *pa, const void *pb)
{
	const struct record *a = pa;
	const struct record *b = pb;
	if (a->started_wall_ns != b->started_wall_ns)
		return a->started_wall_ns < b->started_wall_ns ? 1 : -1;
	return -str_cmp(a->path, b->path);
}

static void records_take(struct records *rs, struct record **ret, size_t *ret_n)
{
	*ret = vec_freeze(&rs->found, rs->arena);
	*ret_n = rs->found.n;
	vec_release(&rs->found);
}

int record_list(
	struct arena *a, struct str runs, struct record **ret, size_t *ret_n, struct err *err)
{
	struct records rs = {.arena = a};
	struct str *names;
	size_t n;
	if (!path_exists(a, runs, ".")) {
		*ret = NULL;
		*ret_n = 0;
		return 0;
	}
	if (record_names(a, runs, &names, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct err passed = {0};
		(void)records_read(&rs, path_join(a, runs, names[i]), &passed); /* not a run */
	}
	if (rs.found.n)
		qsort(rs.found.p, rs.found.n, sizeof(rs.found.p[0]), record_cmp);
	records_take(&rs, ret, ret_n);
	return 0;
}

/* The word when none is given; empty: the newest below .monopod/runs. */
static struct str record_default(void)
{
	bool is_here = access(".monopod/runs", F_OK) == 0;
	bool is_there = access("/run/monopod/run.json", F_OK) == 0 ||
			access("/run/monopod/runs", F_OK) == 0;
	return !is_here && is_there ? STR("/run/monopod") : STR_NONE;
}

static int record_missing(struct str word, const struct record *all, size_t n, struct err *err)
{
	if (n == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no run here; see --run-dir");
	return err_set(err, ERR_NOT_FOUND,
		"run '" STR_FMT "' is not known; the newest here is '" STR_FMT "'",
		STR_ARG(word), STR_ARG(path_base(all[0].path)));
}

int record_find(struct arena *a, struct str runs, struct str word, struct record **ret,
	size_t *ret_n, struct err *err)
{
	struct records rs = {.arena = a};
	struct str below = path_join(a, runs, word);
	struct record *all;
	size_t n;
	int r = 0;
	if (word.n && (path_exists(a, word, "run.json") || path_exists(a, word, "runs")))
		r = records_read(&rs, word, err);
	else if (word.n && (path_exists(a, below, "run.json") || path_exists(a, below, "runs")))
		r = records_read(&rs, below, err);
	if (r || rs.found.n) {
		records_take(&rs, ret, ret_n);
		return r;
	}
	if (record_list(a, runs, &all, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (word.n && !str_eq(record_name(&all[i]), word))
			continue;
		*ret = &all[i];
		*ret_n = 1;
		return 0;
	}
	return record_missing(word, all, n, err);
}

int record_asked(const struct options *o, struct arena *a, struct record **ret, size_t *ret_n,
	struct err *err)
{
	struct str word = o->run_dir.n ? o->run_dir : o->n_args ? o->args[0] : record_default();

	return record_find(a, STR(".monopod/runs"), word, ret, ret_n, err);
}

static bool object_waits(const struct json *object)
{
	json_foreach (s, record_status(object, "steps")) {
		if (json_get(s, "breakpoint"))
			return true;
	}
	return false;
}

bool record_waits(const struct record *r)
{
	for (const struct json *it = r->run; it && !r->is_interrupted; it = it->next) {
		if (object_waits(it))
			return true;
	}
	return false;
}

struct str record_control_dir(struct arena *a, struct str path)
{
	struct str above = path_dir(a, path);

	if (!path_exists(a, path, "control") && str_eqz(path_base(above), "runs"))
		return path_dir(a, above);
	return path;
}

int record_print(const struct options *o, const struct buf *text, struct err *err)
{
	struct buf out cleanup_buf = {0};

	if (text->full)
		return err_set(err, ERR_LIMIT, "what there is to show is more than %zu bytes",
			text->max);
	if (o->output == OUTPUT_JSON)
		return fd_write_all(STDOUT_FILENO, text->p, text->n, err);
	buf_init(&out, 4 * text->max + 1); /* a byte may become \xNN */
	view_text_safe_lines(&out, buf_str(text));
	return fd_write_all(STDOUT_FILENO, out.p, out.n, err);
}
