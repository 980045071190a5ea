/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run made again from its journal. Its events are fed once more; what the agent then records
 * must be what was written, byte by byte. Only where a resume was forced the records before it
 * may say something else.
 */
#include "event.h"
#include <base/json.h>

struct replay {
	struct agent *a;
	const struct str *records;
	size_t n;
	size_t n_free;       /* the first so many may differ */
	bool has_differed;   /* one of them did */
	bool is_lost;        /* since the last event: what it caused is not compared any more */
	struct arena *names; /* of tasks */
	struct map tasks;    /* name → execution; the first n_tasks of a->root->runs */
	size_t n_tasks;
	struct replay_end end;
};

/* --- what went wrong */

enum { SHOWN_BEFORE = 40, SHOWN_BYTES = 150 };

/* A text around the place where it differs, without splitting characters. */
static struct str clip(struct arena *a, struct str s, size_t at)
{
	size_t from = at > SHOWN_BEFORE && s.n > SHOWN_BYTES ? at - SHOWN_BEFORE : 0;
	size_t to = s.n - from > SHOWN_BYTES ? from + SHOWN_BYTES : s.n;

	while (from && from < s.n && ((unsigned char)s.p[from] & 0xc0) == 0x80)
		from--;
	while (to < s.n && ((unsigned char)s.p[to] & 0xc0) == 0x80)
		to++;
	return arena_printf(a, "%s" STR_FMT "%s", from ? "…" : "",
		STR_ARG(str_slice(s, from, to)), to < s.n ? "…" : "");
}

static int fail_differs(size_t i, struct str written, struct str made, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	size_t at = 0;

	while (at < written.n && at < made.n && written.p[at] == made.p[at])
		at++;
	return err_set(err, ERR_SPEC,
		"record %zu of the journal is " STR_FMT ", but this run would have " STR_FMT, i,
		STR_ARG(clip(a, written, at)), STR_ARG(clip(a, made, at)));
}

static int fail_surplus(size_t i, struct str written, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();

	return err_set(err, ERR_SPEC,
		"record %zu of the journal is " STR_FMT ", but this run would have none there",
		i, STR_ARG(clip(a, written, 0)));
}

/* --- what the agent records */

/* Nothing but records is handed out of a replay. */
static void keep_records(struct agent *a)
{
	size_t n = a->root->actions_head;

	for (size_t i = n; i < a->root->actions.n; i++)
		if (a->root->actions.p[i].kind == ACTION_RECORD)
			a->root->actions.p[n++] = a->root->actions.p[i];
	a->root->actions.n = n;
	a->root->wants_publish = a->root->wants_finish = false;
}

static void drop_records(struct agent *a)
{
	a->root->actions_head = a->root->actions.n;
}

static const struct str *next_made(const struct agent *a)
{
	return a->root->actions_head < a->root->actions.n
		       ? &a->root->actions.p[a->root->actions_head].record
		       : NULL;
}

/* Takes the record that the agent made when it is the one that was written. */
static bool take_same(struct replay *r, size_t i)
{
	const struct str *made = next_made(r->a);

	if (r->is_lost || !made || !str_eq(*made, r->records[i]))
		return false;
	r->a->root->actions_head++;
	return true;
}

/* --- events */

static const struct execution *find_task(void *arg, struct str name)
{
	struct replay *r = arg;

	for (; r->n_tasks < r->a->root->runs.n; r->n_tasks++)
		(void)map_set(&r->tasks, r->a->root->runs.p[r->n_tasks]->name,
			r->a->root->runs.p[r->n_tasks]);
	return map_get(&r->tasks, name);
}

static int parse(struct arena *arena, const struct replay *r, size_t i, struct json **ret,
	struct err *err)
{
	if (json_parse_zeros(arena, r->records[i], r->records[i].n, ret, err) < 0)
		return err_wrap(err, "record %zu of the journal", i);
	return 0;
}

static bool is_event(const struct json *record)
{
	return str_eqz(json_str(json_get(record, "kind")), EVENT_RECORD);
}

static void feed(struct replay *r, size_t i, const struct event *ev, bool forced)
{
	struct agent *a = r->a;

	if (i < r->n_free || forced) { /* numbers go on where the journal is */
		drop_records(a);
		a->root->record_seq = i;
	}
	a->root->is_forced = forced;
	agent_feed(a, ev);
	keep_records(a);
	r->end.now_ns = ev->now_ns;
	r->end.wall_ns = ev->wall_ns;
	r->is_lost = false;
}

/* Record i is an event, or must not be there. */
static int take_event(struct replay *r, size_t i, struct err *err)
{
	struct arena *arena cleanup_arena = arena_new();
	struct event_reader reader = {.arena = arena, .find = find_task, .arg = r};
	bool may_differ = i < r->n_free;
	const struct str *made = next_made(r->a);
	struct json *record;
	struct event ev;
	struct err why;
	bool forced;

	/* where a resume was forced, a torn tail that differs was not completed */
	if (made && !may_differ && (!i || i != r->n_free))
		return fail_differs(i, r->records[i], *made, err);
	if (parse(arena, r, i, &record, err) < 0)
		return -1;
	if (!is_event(record)) {
		if (!may_differ)
			return fail_surplus(i, r->records[i], err);
		r->has_differed = r->is_lost = true;
		return 0;
	}
	if (event_read(&reader, record, &ev, &forced, &why) < 0) {
		if (!may_differ || why.kind != ERR_NOT_FOUND)
			return err_set(
				err, ERR_SPEC, "record %zu of the journal: %s", i, why.msg);
		r->has_differed = r->is_lost = true;
		return 0;
	}
	if (ev.now_ns < r->end.now_ns)
		return err_set(err, ERR_SPEC, "record %zu of the journal goes back in time", i);
	r->has_differed |= made != NULL;
	feed(r, i, &ev, forced);
	if (take_same(r, i))
		return 0;
	made = next_made(r->a);
	if (may_differ)
		r->has_differed = r->is_lost = true;
	else if (made)
		return fail_differs(i, r->records[i], *made, err);
	else
		return fail_surplus(i, r->records[i], err);
	return 0;
}

/* The first record that is compared: after a resume that was forced. */
static int find_forced(struct replay *r, struct err *err)
{
	struct arena *arena cleanup_arena = arena_new();

	for (size_t i = 0; i < r->n; i++) {
		struct json *record;
		const struct json *force;

		if (!str_has(r->records[i], STR("\"force\":true")))
			continue;
		if (parse(arena, r, i, &record, err) < 0)
			return -1;
		force = json_get(record, "force");
		if (is_event(record) && force && force->kind == JSON_BOOL)
			r->n_free = i;
	}
	return 0;
}

int agent_replay(struct agent *a, const struct str *records, size_t n_records, bool force,
	struct replay_end *ret, struct err *err)
{
	struct arena *names cleanup_arena = arena_new();
	struct replay r = {.a = a, .records = records, .n = n_records, .names = names};

	BUG_ON(a->phase != RUN_NEW || a->root->record_seq);
	map_init(&r.tasks, names);
	if (force)
		r.n_free = n_records;
	else if (find_forced(&r, err) < 0)
		return -1;
	for (size_t i = 0; i < n_records; i++)
		if (!take_same(&r, i) && take_event(&r, i, err) < 0)
			return -1;
	if (r.has_differed && r.n_free == n_records) {
		drop_records(a);
		a->root->record_seq = n_records;
	}
	a->root->is_forced = force;
	r.end.n_records = n_records;
	r.end.is_done = a->view.is_done;
	*ret = r.end;
	return 0;
}
