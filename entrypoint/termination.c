/* SPDX-License-Identifier: Apache-2.0 */
/* The termination file: encoding, what to leave out, writing in place. */
#include "termination.h"

#include "deflate.h"

#include <base/attr.h>
#include <base/base64.h>
#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/json.h>
#include <base/log.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_PATH "/dev/termination-log"
#define TKNZ         "tknz:"

enum {
	TYPE_RESULT = 1,
	TYPE_INTERNAL = 3,
	INFLATE_LIMIT = 128 * KIB, /* a reader refuses what inflates to more */
	NAMES_LEAST = 64,
	OMITTED_NAMES = 24 * KIB, /* at most, compressed */
};

/* Which of the items are in. */
struct choice {
	bool *results;
	size_t n_tasks; /* the first n */
	bool run_json;
	size_t n_names;   /* bytes for the names of what is not in; names beyond are counted */
	size_t n_verdict; /* bytes of the verdict; all but for the hopeless case */
};

static void record_put(
	struct json_writer *w, const char *prefix, struct str key, struct str value, int type)
{
	struct buf full cleanup_buf = {0};

	buf_init(&full, KIB * KIB);
	buf_addz(&full, prefix);
	buf_adds(&full, key);
	json_open(w, '{');
	json_field(w, "key", buf_str(&full));
	json_field(w, "value", value);
	json_field_int(w, "type", type);
	json_close(w, '}');
}

/* The names of everything that is not in; empty when all is. */
static void omitted_put(
	const struct termination_text *t, const struct choice *c, struct buf *out)
{
	size_t n_uncounted = 0;

	buf_init(out, OMITTED_NAMES + KIB);
	for (size_t i = 0; i < t->n_results + t->n_tasks; i++) {
		bool is_result = i < t->n_results;
		struct str name =
			is_result ? t->results[i].name : t->tasks[i - t->n_results].name;

		if (is_result ? c->results[i] : i - t->n_results < c->n_tasks)
			continue;
		if (out->n + name.n + 1 > c->n_names) {
			n_uncounted++;
			continue;
		}
		if (out->n)
			buf_addc(out, ' ');
		buf_adds(out, name);
	}
	if (n_uncounted)
		buf_addf(out, "%sand %zu more", out->n ? " " : "", n_uncounted);
}

static void choice_json(
	const struct termination_text *t, const struct choice *c, struct buf *out)
{
	struct json_writer w;
	struct buf omitted cleanup_buf = {0};

	json_writer_init(&w, out, 0);
	w.go_escapes = true;
	json_open(&w, '[');
	record_put(&w, "", STR("monopod/verdict"), str_slice(t->verdict, 0, c->n_verdict),
		TYPE_INTERNAL);
	for (size_t i = 0; i < t->n_results; i++) {
		if (c->results[i])
			record_put(
				&w, "", t->results[i].name, t->results[i].value, TYPE_RESULT);
	}
	omitted_put(t, c, &omitted);
	if (omitted.n)
		record_put(&w, "", STR("monopod/omitted"), buf_str(&omitted), TYPE_INTERNAL);
	if (c->run_json)
		record_put(&w, "", STR("monopod/run.json"), t->run_json, TYPE_INTERNAL);
	for (size_t i = 0; i < c->n_tasks; i++)
		record_put(&w, "monopod/task/", t->tasks[i].name, t->tasks[i].value,
			TYPE_INTERNAL);
	json_close(&w, ']');
}

/* "tknz:" and the compressed text; false when that is more than a message may have. */
static bool tknz_put(struct buf *out, struct str text)
{
	struct buf packed cleanup_buf = {0};

	buf_init(&packed, BOUND_TERMINATION_BYTES);
	if (text.n > INFLATE_LIMIT || !deflate_text(text, DEFLATE_RAW, &packed))
		return false;
	buf_addz(out, TKNZ);
	base64_add(out, buf_str(&packed), false);
	return !out->full && out->n <= BOUND_TERMINATION_BYTES;
}

/* The bytes for a choice, when they fit. */
static bool choice_encode(const struct termination_text *t, const struct choice *c,
	struct arena *a, struct str *ret)
{
	struct buf json cleanup_buf = {0};
	struct buf packed cleanup_buf = {0};
	bool fits;

	buf_init(&json, INFLATE_LIMIT + 1);
	choice_json(t, c, &json);
	if (json.full)
		return false;
	fits = json.n <= BOUND_TERMINATION_BYTES;
	if (fits) {
		*ret = arena_str(a, buf_str(&json));
		return true;
	}
	buf_init(&packed, 2 * BOUND_TERMINATION_BYTES);
	if (!tknz_put(&packed, buf_str(&json)))
		return false;
	*ret = arena_str(a, buf_str(&packed));
	return true;
}

/* Names that do not compress can be too many by themselves: fewer of them. */
static bool choice_name_fewer(
	const struct termination_text *t, struct choice *c, struct arena *a, struct str *ret)
{
	while (c->n_names) {
		c->n_names = c->n_names > NAMES_LEAST ? c->n_names / 2 : 0;
		if (choice_encode(t, c, a, ret))
			return true;
	}
	return false;
}

/* A result, if it fits; names that are not all there anyway make room for it. */
static void choice_add_result(const struct termination_text *t, struct choice *c, size_t i,
	struct arena *a, struct str *ret)
{
	size_t n_names = c->n_names;

	c->results[i] = true;
	if (choice_encode(t, c, a, ret))
		return;
	if (n_names < OMITTED_NAMES && choice_name_fewer(t, c, a, ret))
		return;
	c->results[i] = false;
	c->n_names = n_names;
}

/* As many tasks as fit, from the first. Fitting is monotone enough for a binary search; what is
 * returned did fit. */
static void choice_add_tasks(
	const struct termination_text *t, struct choice *c, struct arena *a, struct str *ret)
{
	size_t low = 0;
	size_t high = t->n_tasks;

	while (low < high) {
		size_t mid = low + (high - low + 1) / 2;

		c->n_tasks = mid;
		if (choice_encode(t, c, a, ret))
			low = mid;
		else
			high = mid - 1;
	}
	c->n_tasks = low;
	BUG_ON(!choice_encode(t, c, a, ret));
}

/* The verdict alone, its message shortened until it fits: better than no statement. */
static struct str choice_last_resort(
	const struct termination_text *t, struct choice *c, struct arena *a)
{
	struct str ret = STR_NONE;

	for (c->run_json = false; !choice_encode(t, c, a, &ret) && c->n_verdict;)
		c->n_verdict /= 2;
	return ret;
}

struct str termination_encode(struct arena *a, const struct termination_text *t)
{
	struct choice c = {.results = arena_new_array(a, bool, t->n_results + 1),
		.n_tasks = t->n_tasks,
		.run_json = t->run_json.n > 0,
		.n_names = OMITTED_NAMES,
		.n_verdict = t->verdict.n};
	struct str ret;

	memset(c.results, true, t->n_results);
	if (choice_encode(t, &c, a, &ret))
		return ret;
	memset(c.results, false, t->n_results);
	c.n_tasks = 0;
	if (!choice_encode(t, &c, a, &ret) && !choice_name_fewer(t, &c, a, &ret))
		return choice_last_resort(t, &c, a);
	for (size_t i = 0; i < t->n_results; i++)
		choice_add_result(t, &c, i, a, &ret);
	choice_add_tasks(t, &c, a, &ret);
	return ret;
}

/*
 * One agent at a time: two would write over each other, and one that is only refused over what
 * the other said. A lock of the process: it ends with the agent, whatever the agent has
 * started.
 */
static int termination_claim(const struct termination *t, struct str path, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(t->fd, F_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES))
		return 0; /* not every file system has locks */
	if (fcntl(t->fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
		lock.l_pid = 0; /* gone just now, or not to be seen */
	return err_set(err, ERR_SANDBOX, "termination file '%s' is in use by process %d",
		str_c(path), (int)lock.l_pid);
}

static int termination_open_at(
	struct termination *t, struct str path, int flags, struct err *err)
{
	struct stat st;

	t->fd = open(str_c(path), O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags, 0644);
	if (t->fd < 0) {
		(void)err_sys(err, "'%s'", str_c(path));
		return err_wrap_as(err, ERR_SANDBOX, "open termination file");
	}
	if (fstat(t->fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		fd_close(&t->fd);
		return err_set(err, ERR_SANDBOX, "termination file '%s' is not a regular file",
			str_c(path));
	}
	if (termination_claim(t, path, err)) {
		fd_close(&t->fd);
		return -1;
	}
	t->n_bytes = st.st_size > BOUND_TERMINATION_BYTES ? BOUND_TERMINATION_BYTES
							  : (size_t)st.st_size;
	return 0;
}

int termination_open(struct termination *t, struct str path, struct err *err)
{
	struct err low = {0};

	*t = (struct termination){.fd = -1};
	if (path.n)
		return termination_open_at(t, path, O_CREAT, err);
	/* nobody asked for this one, so it cannot cost the run */
	if (termination_open_at(t, STR(DEFAULT_PATH), 0, &low) && low.sys != ENOENT)
		log_warn("%s: nothing is written there", low.msg);
	return 0;
}

int termination_write(struct termination *t, struct str text, struct err *err)
{
	char padded[BOUND_TERMINATION_BYTES];
	size_t n = text.n > t->n_bytes ? text.n : t->n_bytes;
	ssize_t done;

	if (t->fd < 0)
		return 0;
	BUG_ON(text.n > sizeof(padded));
	memset(padded, ' ', sizeof(padded));
	memcpy(padded, text.p, text.n);
	done = pwrite(t->fd, padded, n, 0);
	if (done < 0 || (size_t)done != n)
		return err_sys(err, "write termination file");
	t->n_bytes = text.n;
	if (ftruncate(t->fd, (off_t)text.n) < 0)
		return err_sys(err, "cut termination file");
	return 0;
}

void termination_close(struct termination *t)
{
	fd_close(&t->fd);
}
