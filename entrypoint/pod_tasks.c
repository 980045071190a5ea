/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline tasks of a run, written and looked up. */
#include "pod_tasks.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/map.h>
#include <base/num.h>

enum { DEPTH_MAX = 16 };

/* --- writing ----------------------------------------------------------------------------- */

struct walk {
	const struct spec *spec;
	struct json_writer w;
	size_t depth;
};

enum sort { SORT_TASK, SORT_FAN_OUT, SORT_PIPELINE, SORT_NONE };

static enum sort sort_of(const struct pipeline_task *t)
{
	const bool is_pipeline = t->pipeline_spec || t->pipeline_ref.s.n;

	if (t->matrix.pos.line)
		return is_pipeline ? SORT_NONE : SORT_FAN_OUT;
	return is_pipeline ? SORT_PIPELINE : SORT_TASK;
}

static void put_pipeline(struct walk *k, const struct pipeline_spec *ps);

static void put_nested(struct walk *k, const struct pipeline_task *t)
{
	const struct pipeline *p = map_get(&k->spec->pipeline_by_name, t->pipeline_ref.s);

	json_keys(&k->w, t->name.s);
	put_pipeline(k, t->pipeline_spec ? t->pipeline_spec : p ? &p->spec : NULL);
}

static const struct pipeline_task *task_at(const struct pipeline_spec *ps, size_t i)
{
	return i < ps->n_tasks ? &ps->tasks[i] : &ps->finally[i - ps->n_tasks];
}

static void put_sort(struct walk *k, const struct pipeline_spec *ps, enum sort sort)
{
	static const char *const keys[] = {"tasks", "fanOuts", "pipelines"};
	const bool is_list = sort != SORT_PIPELINE;
	const size_t n = ps->n_tasks + ps->n_finally;
	size_t i = 0;

	while (i < n && sort_of(task_at(ps, i)) != sort)
		i++;
	if (i == n)
		return;
	json_key(&k->w, keys[sort]);
	json_open(&k->w, is_list ? '[' : '{');
	for (; i < n; i++) {
		if (sort_of(task_at(ps, i)) != sort)
			continue;
		if (is_list)
			json_put_str(&k->w, task_at(ps, i)->name.s);
		else
			put_nested(k, task_at(ps, i));
	}
	json_close(&k->w, is_list ? ']' : '}');
}

static void put_pipeline(struct walk *k, const struct pipeline_spec *ps)
{
	json_open(&k->w, '{');
	for (enum sort s = SORT_TASK; ps && s < SORT_NONE && k->depth < DEPTH_MAX; s++) {
		k->depth++;
		put_sort(k, ps, s);
		k->depth--;
	}
	json_close(&k->w, '}');
}

struct str pod_tasks(struct arena *a, const struct spec *spec, const struct run_ref *run)
{
	const struct pipeline_run *pr = run->pipeline_run;
	const struct pipeline *p =
		pr ? map_get(&spec->pipeline_by_name, pr->pipeline_ref.s) : NULL;
	struct buf out cleanup_buf = {0};
	struct walk k = {.spec = spec};

	if (!pr)
		return STR_NONE;
	buf_init(&out, MIB);
	json_writer_init(&k.w, &out, 0);
	put_pipeline(&k, pr->pipeline_spec ? pr->pipeline_spec : p ? &p->spec : NULL);
	return out.full ? STR_NONE : arena_str(a, buf_str(&out));
}

/* --- looking up -------------------------------------------------------------------------- */

/* What stands behind "HEAD-"; empty: it does not begin so. */
static struct str behind(struct str head, struct str name)
{
	if (!head.n || !str_starts(name, head) || name.n < head.n + 2 || name.p[head.n] != '-')
		return STR_NONE;
	return str_slice(name, head.n + 1, name.n);
}

static bool is_index(struct str s)
{
	int64_t n;

	return s.n && num_i64(s, 0, INT64_MAX, &n, NULL) == 0;
}

/* A task of this very pipeline. */
static struct str task_called(const struct json *tasks, struct str rest)
{
	json_foreach (it, json_get(tasks, "tasks"))
		if (str_eq(json_str(it), rest))
			return rest;
	json_foreach (it, json_get(tasks, "fanOuts"))
		if (is_index(behind(json_str(it), rest)))
			return json_str(it);
	return STR_NONE;
}

struct pod_task pod_task_of(const struct json *tasks, struct str run, struct str name)
{
	struct str rest = behind(run, name);

	/* each pipeline around it takes some of the name away */
	while (tasks && rest.n) {
		struct str owner = str_slice(name, 0, name.n - rest.n - 1);
		struct str task = task_called(tasks, rest);
		const struct json *inner = NULL;

		if (task.n)
			return (struct pod_task){.pipeline_task = task, .owner = owner};
		json_foreach (it, json_get(tasks, "pipelines")) {
			if (str_eq(it->key, rest))
				return (struct pod_task){rest, owner, true};
			if (behind(it->key, rest).n && (!inner || it->key.n > inner->key.n))
				inner = it;
		}
		tasks = inner;
		rest = inner ? behind(inner->key, rest) : STR_NONE;
	}
	return (struct pod_task){0};
}
