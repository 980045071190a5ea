/* SPDX-License-Identifier: Apache-2.0 */
/* The loop between the agent and the world. */
#include "drive.h"

#include "drive_task.h"
#include "drive_visit.h"
#include "header.h"

#include <base/clock.h>
#include <base/log.h>
#include <base/num.h>
#include <stdlib.h>

static const int64_t SIDECAR_GRACE_NS = 5 * NS_PER_S;

/* --- notes and events -------------------------------------------------------------------- */

void drive_note(struct drive *d, struct str text)
{
	for (size_t i = 0; i < d->notes.n; i++) {
		if (str_eq(d->notes.p[i], text))
			return;
	}
	vec_push(&d->notes, arena_str(d->arena, text));
}

static void drive_note_z(void *arg, const char *text)
{
	drive_note(arg, str_z(text));
}

/* The run's clock goes on where the last agent left it. */
static int64_t drive_now_ns(const struct drive *d)
{
	return clock_mono_ns() + d->ahead_ns;
}

struct queued_event *drive_queue(struct drive *d, enum event_kind kind)
{
	struct queued_event *q = vec_add(&d->queue);

	q->arena = arena_new();
	q->event.kind = kind;
	return q;
}

/* Feeds the oldest event; false: there is none. */
static bool drive_feed_next(struct drive *d)
{
	struct queued_event q;

	if (d->n_fed == d->queue.n)
		return false;
	q = d->queue.p[d->n_fed++];
	if (d->n_fed == d->queue.n)
		d->n_fed = d->queue.n = 0;
	q.event.now_ns = drive_now_ns(d);
	q.event.wall_ns = clock_wall_ns();
	agent_feed(d->agent, &q.event);
	arena_free(q.arena);
	return true;
}

/* --- actions ----------------------------------------------------------------------------- */

/* The run goes on. Whether the journal was lacking something at the end is told then. */
static void drive_journal_failed(struct drive *d, const struct err *err)
{
	if (!d->journal_failed)
		log_error("%s", err->msg);
	d->journal_failed = true;
}

static void act_record(struct drive *d, const struct action *a)
{
	struct err err = {0};

	d->must_sync = d->must_sync || a->durable;
	if (journal_append(&d->journal, a->record, false, &err))
		drive_journal_failed(d, &err);
}

/* What must be durable is, before anything that follows from it can be seen. */
static void drive_sync(struct drive *d)
{
	struct err err = {0};

	if (d->must_sync && journal_sync(&d->journal, &err))
		drive_journal_failed(d, &err);
	d->must_sync = false;
}

static void act_publish(struct drive *d, const struct action *a attr_unused)
{
	d->is_dirty = true;
}

static void act_finish(struct drive *d, const struct action *a attr_unused)
{
	d->is_finished = true;
	d->is_dirty = true;
}

static void drive_act(struct drive *d, const struct action *a)
{
	static void (*const acts[])(struct drive *, const struct action *) = {
		[ACTION_RECORD] = act_record,
		[ACTION_START_TASK] = task_start,
		[ACTION_START_SIDECAR] = task_start_step,
		[ACTION_START_STEP] = task_start_step,
		[ACTION_SKIP_STEP] = task_skip_step,
		[ACTION_STOP_STEP] = task_stop_step,
		[ACTION_RELEASE_STEP] = task_release_step,
		[ACTION_END_TASK] = task_end,
		[ACTION_PUBLISH] = act_publish,
		[ACTION_FINISH] = act_finish,
	};
	/*
	 * One sync serves all records before it. PUBLISH and FINISH only leave word for the end
	 * of drive_settle; END_TASK takes away what nobody but the ended attempt could see.
	 */
	static const bool waits[ACTION_KIND_N] = {
		[ACTION_START_TASK] = true,
		[ACTION_START_SIDECAR] = true,
		[ACTION_START_STEP] = true,
		[ACTION_SKIP_STEP] = true,
		[ACTION_STOP_STEP] = true,
		[ACTION_RELEASE_STEP] = true,
	};
	_Static_assert(ARRAY_SIZE(acts) == ACTION_KIND_N, "one function an action");

	if (waits[a->kind])
		drive_sync(d);
	acts[a->kind](d, a);
}

/* Until the agent has nothing more to say and nothing more to hear. */
static void drive_settle(struct drive *d)
{
	struct action a;

	do {
		while (agent_next_action(d->agent, &a))
			drive_act(d, &a);
	} while (drive_feed_next(d));
	drive_sync(d);
	if (!d->is_dirty)
		return;
	d->is_dirty = false;
	view_changed(d->c->view, agent_view(d->agent), drive_now_ns(d));
	d->c->published(d->c->arg);
}

/* --- the loop ---------------------------------------------------------------------------- */

static void drive_on_timer(void *arg attr_unused, int fd attr_unused)
{
	/* its work is done after each batch: drive_turn looks at the clock */
}

static int64_t ns_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Nothing runs, nothing is awaited, and the agent is not done: waiting would be for ever. */
static bool drive_is_stuck(const struct drive *d)
{
	return !d->n_running && d->n_fed == d->queue.n && !imageset_pending(d->c->images) &&
	       agent_deadline_ns(d->agent) == INT64_MAX;
}

static int drive_turn(struct drive *d, struct err *err)
{
	struct view *v = d->c->view;
	int64_t now;

	now = ns_min(agent_deadline_ns(d->agent), view_deadline_ns(v));
	watch_set_deadline(d->timer, now == INT64_MAX ? now : now - d->ahead_ns);
	if (loop_turn(d->c->loop, err))
		return -1;
	now = drive_now_ns(d);
	if (now >= agent_deadline_ns(d->agent))
		(void)drive_queue(d, EVENT_TICK);
	drive_settle(d);
	if (now >= view_deadline_ns(v))
		view_tick(v, now);
	view_pump(v);
	if (d->is_held && !view_is_full(v)) {
		d->is_held = false;
		task_resume_all(d);
	}
	d->c->turn(d->c->arg);
	return 0;
}

int drive_run(struct drive *d, struct err *err)
{
	struct queued_event *first;
	int64_t ended_ns;

	d->idle_since_ns = clock_mono_ns();
	view_run_started(d->c->view, agent_view(d->agent), drive_now_ns(d));
	first = drive_queue(d, d->is_resumed ? EVENT_RESUME : EVENT_START);
	first->event.cancel = d->asked;
	first->event.message = arena_str(first->arena, d->asked_why);
	drive_settle(d);
	/* sidecars may be there a little longer than the run */
	while (!d->is_finished || d->tasks.n) {
		if (drive_is_stuck(d))
			return err_set(err, ERR_BUG, "nothing is left to wait for");
		if (drive_turn(d, err))
			return -1;
	}
	if (d->journal_failed)
		(void)journal_sync(&d->journal, NULL);
	if (!journal_is_whole(&d->journal))
		drive_note(d, STR("the journal is not complete"));
	ended_ns = agent_view(d->agent)->ended_ns - d->ahead_ns;
	if (!d->n_running && ended_ns > d->idle_since_ns)
		d->idle_ns += ended_ns - d->idle_since_ns;
	return 0;
}

/* --- life -------------------------------------------------------------------------------- */

void drive_exit(struct drive *d, int code)
{
	struct err err = {0};

	if (journal_append(&d->journal, header_exit_record(d->arena, code), true, &err))
		drive_journal_failed(d, &err);
}

/* NOLINTNEXTLINE(readability-function-size): what is driven, and from where */
int drive_new(const struct drive_config *c, struct agent *agent, const struct rundir_run *run,
	struct drive_start *from, struct drive **ret, struct err *err)
{
	struct arena *a = arena_new();
	struct drive *d = arena_new_object(a, struct drive);

	d->arena = a;
	d->c = c;
	d->agent = agent;
	d->run = run;
	d->journal = from->journal;
	from->journal = (struct journal){.fd = -1};
	d->is_resumed = from->is_resumed;
	d->ahead_ns = from->ahead_ns;
	d->asked = from->asked;
	d->asked_why = arena_str(a, from->asked_why);
	d->n_cancels = from->asked != CANCEL_NONE;
	d->stop_grace_ns = SIDECAR_GRACE_NS;
	d->binding = (struct binding_config){.options = c->options,
		.callers = c->callers,
		.rundir = c->rundir,
		.run = run,
		.owned = &c->owned,
		.ns = c->ns,
		.ns_name = agent_view(agent)->ns,
		.can_mount = c->can_mount,
		.note = drive_note_z,
		.note_arg = d};
	d->timer = loop_add_timer(c->loop, "deadline", drive_on_timer, d, err);
	if (!d->timer) {
		drive_free(d);
		return -1;
	}
	*ret = d;
	return 0;
}

void drive_free(struct drive *d)
{
	if (!d)
		return;
	visit_free_all(d);
	task_free_all(d);
	for (size_t i = d->n_fed; i < d->queue.n; i++)
		arena_free(d->queue.p[i].arena);
	watch_remove(d->timer);
	journal_close(&d->journal);
	vec_release(&d->tasks);
	vec_release(&d->queue);
	vec_release(&d->notes);
	arena_free(d->arena);
}

/* --- from outside ------------------------------------------------------------------------ */

void drive_cancel(struct drive *d, enum cancel_mode mode, int64_t grace_ns, struct str message)
{
	struct queued_event *q = drive_queue(d, EVENT_CANCEL);

	d->n_cancels++;
	if (grace_ns)
		d->stop_grace_ns = ns_min(d->stop_grace_ns, grace_ns / 3);
	sidecar_hurry(d, d->n_cancels > 1 || d->is_finished);

	q->event.cancel = mode;
	q->event.grace_ns = grace_ns;
	q->event.message = arena_str(q->arena, message);
}

void drive_images_changed(struct drive *d)
{
	task_images_changed(d);
}

bool drive_owns_pid(const struct drive *d, pid_t pid)
{
	return task_owns_pid(d, pid) || visit_owns_pid(d, pid);
}

const struct run_view *drive_view(const struct drive *d)
{
	return agent_view(d->agent);
}

int64_t drive_own_ns(const struct drive *d)
{
	return d->idle_ns;
}

void drive_notes(const struct drive *d, const struct str **ret, size_t *ret_n)
{
	*ret = d->notes.p;
	*ret_n = d->notes.n;
}

bool drive_journal_is_whole(const struct drive *d)
{
	return journal_is_whole(&d->journal);
}

const struct rundir_run *drive_rundir(const struct drive *d)
{
	return d->run;
}
