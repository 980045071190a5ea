/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any verdict, results and tasks as a termination message: at most 4096 bytes of JSON, or of
 * its packed form, which read back say the truth: the verdict (its end cut only when nothing
 * else is told), each result and task in whole or, in the order of importance, left out and
 * named or counted. Fields are separated by zero bytes (one in a field is written 1): the
 * verdict's message, then names and values. A name "#3NAME" is eight results of long names that
 * do not compress; one that begins with "task" as many tasks as its value is long.
 */
#include "../../entrypoint/termination.h"
#include "../../entrypoint/termination_read.h"

#include <base/bounds.h>
#include <base/json.h>
#include <base/map.h>
#include <base/num.h>
#include <base/vec.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RUN_JSON                                                                               \
	"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef /r/run.json"

enum { RESULTS_MAX = 24 }; /* each that does not fit is tried alone */

struct fuzz {
	struct arena *arena;
	struct str rest; /* of the input */
	VEC(struct termination_item) results, tasks;
	struct map names; /* of results: the agent has each once */
};

/* --- the input --------------------------------------------------------------------------- */

static struct str field_next(struct fuzz *f)
{
	struct str field;
	char *p;

	if (!str_cut(f->rest, '\0', &field, &f->rest)) {
		field = f->rest;
		f->rest = STR_NONE;
	}
	p = arena_alloc(f->arena, field.n + 1);
	for (size_t i = 0; i < field.n; i++)
		p[i] = field.p[i] == '\1' ? '\0' : field.p[i];
	return (struct str){p, field.n};
}

/* A word, as validation leaves none but such, with bytes that it does not leave. */
static struct str name_next(struct fuzz *f)
{
	struct str field = field_next(f);
	char *p = arena_alloc(f->arena, field.n + 2);

	for (size_t i = 0; i < field.n; i++)
		p[i] = (unsigned char)field.p[i] <= ' ' ? '_' : field.p[i];
	if (!field.n)
		p[field.n++] = '_';
	return (struct str){p, field.n};
}

/* What can be told in JSON at all: U+FFFD for what is no UTF-8. */
static struct str as_told(struct arena *a, struct str s)
{
	struct buf out cleanup_buf;
	struct json_writer w;
	struct json *v;

	buf_init(&out, 16 * MIB);
	json_writer_init(&w, &out, 0);
	json_put_str(&w, s);
	BUG_ON(out.full || json_parse_zeros(a, buf_str(&out), 16 * MIB, &v, NULL));
	return v->text;
}

static void result_add(struct fuzz *f, struct str name, struct str value)
{
	if (map_set(&f->names, as_told(f->arena, name), f))
		vec_push(&f->results, ((struct termination_item){name, value}));
}

static void results_add(struct fuzz *f, struct str name, struct str value)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t x = (uint32_t)value.n + 1;
	size_t n;

	if (name.n < 2 || name.p[0] != '#' || name.p[1] < '0' || name.p[1] > '9') {
		result_add(f, name, value);
		return;
	}
	n = (size_t)1 << (name.p[1] - '0');
	for (size_t i = 0; i < n && f->results.n < RESULTS_MAX; i++) {
		struct str noise;
		char text[256];

		for (size_t k = 0; k < sizeof(text); k++) {
			x = x * 1664525 + 1013904223;
			text[k] = digits[x >> 28];
		}
		noise = arena_strn(f->arena, text, value.n % sizeof(text));
		result_add(f,
			arena_printf(f->arena, STR_FMT "-%zu-" STR_FMT,
				STR_ARG(str_slice(name, 2, name.n)), i, STR_ARG(noise)),
			noise);
	}
}

static void tasks_add(struct fuzz *f, struct str name, size_t n)
{
	static const char *const values[] = {
		"True Succeeded", "False Failed", "Unknown Running"};

	for (size_t i = 0; i < n; i++)
		vec_push(&f->tasks,
			((struct termination_item){
				arena_printf(f->arena, "r-" STR_FMT "-%zu",
					STR_ARG(as_told(f->arena, name)), f->tasks.n),
				str_z(values[f->tasks.n % ARRAY_SIZE(values)])}));
}

static void fields_read(struct fuzz *f)
{
	while (f->rest.n) {
		struct str name = name_next(f);
		struct str value = field_next(f);

		if (str_starts(name, STR("task")))
			tasks_add(f, name, value.n);
		else
			results_add(f, name, value);
	}
}

/* --- what it says ------------------------------------------------------------------------ */

struct count {
	size_t n_told, n_named, n_counted;
};

static struct str verdict_of(struct arena *a, const struct told *t)
{
	return arena_printf(a, STR_FMT " " STR_FMT "%s", STR_ARG(t->status), STR_ARG(t->reason),
		t->message.n ? " " : "");
}

/* "a b and 3 more" is the names in order; words of a name count as the name. */
static bool omitted_take(struct str *rest, struct str name)
{
	if (!str_starts(*rest, name))
		return false;
	if (rest->n > name.n && rest->p[name.n] != ' ')
		return false;
	*rest = str_slice(*rest, name.n + (rest->n > name.n), rest->n);
	return true;
}

static void check_items(struct fuzz *f, const struct told *t, struct count *c, struct str *rest)
{
	size_t at = 0;

	for (size_t i = 0; i < f->results.n; i++) {
		struct str name = as_told(f->arena, f->results.p[i].name);

		if (at < t->n_results && str_eq(t->results[at].name, name)) {
			BUG_ON(!str_eq(t->results[at++].value,
				as_told(f->arena, f->results.p[i].value)));
			c->n_told++;
		} else if (omitted_take(rest, name)) {
			c->n_named++;
		} else {
			c->n_counted++;
		}
	}
	BUG_ON(at != t->n_results);
	for (size_t i = 0; i < f->tasks.n; i++) {
		if (i < t->n_task_runs) {
			BUG_ON(!str_eq(t->task_runs[i].name, f->tasks.p[i].name));
			BUG_ON(!str_starts(f->tasks.p[i].value, t->task_runs[i].status) ||
				!str_ends(f->tasks.p[i].value, t->task_runs[i].reason));
			c->n_told++;
		} else if (omitted_take(rest, f->tasks.p[i].name)) {
			c->n_named++;
		} else {
			c->n_counted++;
		}
	}
	BUG_ON(t->n_task_runs > f->tasks.n);
}

static void check_told(struct fuzz *f, const struct termination_text *text, struct str message)
{
	struct str encoded = termination_encode(f->arena, text);
	struct str want = as_told(f->arena, message);
	struct count c = {0};
	struct err err = {0};
	struct str rest;
	struct told t;

	BUG_ON(encoded.n > BOUND_TERMINATION_BYTES);
	BUG_ON(!str_utf8_valid(encoded));
	if (told_read(f->arena, encoded, &t, &err))
		bug_fail(__FILE__, __LINE__, err.msg);
	BUG_ON(!str_starts(text->verdict, verdict_of(f->arena, &t)));
	if (!str_eq(t.message, want)) {
		BUG_ON(t.n_results || t.n_task_runs || t.digest.n);
		BUG_ON(!str_starts(want, t.message) || encoded.n < 1024);
	}
	rest = t.omitted;
	check_items(f, &t, &c, &rest);
	if (c.n_counted)
		BUG_ON(!str_eq(rest, arena_printf(f->arena, "and %zu more", c.n_counted)));
	else
		BUG_ON(rest.n);
	BUG_ON(c.n_told + c.n_named + c.n_counted != f->results.n + f->tasks.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a cleanup_arena = arena_new();
	struct fuzz f = {.arena = a, .rest = {.p = (const char *)data, .n = size}};
	struct termination_text text = {0};
	struct buf verdict cleanup_buf;
	struct str message;

	if (size > 64 * KIB)
		return 0;
	map_init(&f.names, a);
	message = field_next(&f);
	fields_read(&f);
	buf_init(&verdict, 128 * KIB);
	buf_addz(&verdict, message.n ? "False Failed " : "False Failed");
	buf_adds(&verdict, message);
	text.verdict = buf_str(&verdict);
	text.results = f.results.p;
	text.n_results = f.results.n;
	text.tasks = f.tasks.p;
	text.n_tasks = f.tasks.n;
	text.run_json = size % 2 ? STR(RUN_JSON) : STR_NONE;
	check_told(&f, &text, message);
	vec_release(&f.results);
	vec_release(&f.tasks);
	return 0;
}
