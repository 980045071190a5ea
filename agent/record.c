/* SPDX-License-Identifier: Apache-2.0 */
/* Journal records. Members that do not apply to a change are left out. */
#include "record.h"

#include "event.h"
#include "names.h"
#include <base/json.h>

enum { RECORD_MAX_BYTES = 512 * 1024 * 1024 };

static void put_condition(struct json_writer *w, const struct condition *c)
{
	json_fieldz(w, "status", condition_status_name(c->status));
	json_field(w, "reason", c->reason);
	json_field_given(w, "message", c->message);
}

static void put_values(struct json_writer *w, const struct change *c)
{
	if (!c->n_values)
		return;
	json_key(w, "results");
	json_open(w, '[');
	for (size_t i = 0; i < c->n_values; i++) {
		json_open(w, '{');
		json_field(w, "name", c->values[i].name);
		json_key(w, "value");
		value_json(&c->values[i].value, w);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_run_start(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)c;
	json_fieldz(w, "object", object_kind_name(a->plan.kind));
	json_field(w, "name", a->plan.name);
	json_field(w, "namespace", a->plan.ns);
	json_field(w, "uid", a->view.uid);
}

static void put_cancel(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_fieldz(w, "mode", cancel_mode_name(c->cancel));
	json_field_given(w, "message", c->message);
}

static void put_timeout(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_fieldz(w, "scope", timer_kind_name(c->timer));
}

/* The end of a run, an attempt or a task run. */
static void put_end(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	put_condition(w, &c->condition);
	put_values(w, c);
}

static void put_skip(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_fieldz(w, "reason", skip_reason_text(c->skip));
}

static void put_message(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_field(w, "message", c->message);
}

static void put_outcome(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_fieldz(w, "outcome", outcome_name(c->outcome));
}

static void put_created(struct agent *a, const struct change *c, struct json_writer *w)
{
	const struct execution *t = execution_of(a, c->task);

	if (agent_is_pipeline(a))
		json_field(
			w, "pipelineTask", a->plan.tasks[t->v.pipeline_task].written->name.s);
	if (a->up)
		json_field(w, "run", a->view.name);
	if (t->pipeline)
		json_fieldz(w, "object", object_kind_name(OBJECT_PIPELINE_RUN));
	json_field(w, "uid", t->v.uid);
	json_key(w, "params");
	json_open(w, '[');
	for (size_t i = 0; i < t->v.n_params; i++) {
		json_open(w, '{');
		json_field(w, "name", t->v.params[i].name.s);
		json_key(w, "value");
		value_json(&t->v.params[i].value, w);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_stop(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_fieldz(w, "cause", stop_cause_name(c->stop));
}

static void put_started(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_field(w, "imageID", c->image_id);
}

static void put_signal(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_field_int(w, "signal", c->signal);
}

static void put_halt(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_fieldz(w, "point", c->has_failed ? "failure" : "before");
	if (!c->has_failed)
		return;
	json_field_int(w, "exitCode", c->ended.exit_code);
	if (c->ended.signal)
		json_field_int(w, "signal", c->ended.signal);
	json_field_given(w, "message", c->ended.message);
}

static void put_release(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_fieldz(w, "release", release_name(c->release));
	json_field_int(w, "exitCode", c->exit_code);
}

static void put_step_end(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_field_int(w, "exitCode", c->ended.exit_code);
	if (c->ended.signal)
		json_field_int(w, "signal", c->ended.signal);
	json_fieldz(w, "terminationReason", c->ended.termination_reason);
	json_field(w, "reason", c->ended.reason);
	json_field_given(w, "message", c->ended.message);
	put_values(w, c);
}

static void put_sidecar_end(struct agent *a, const struct change *c, struct json_writer *w)
{
	(void)a;
	json_field_int(w, "exitCode", c->ended.exit_code);
	if (c->ended.signal)
		json_field_int(w, "signal", c->ended.signal);
	json_field(w, "reason", c->ended.reason);
	json_field_given(w, "message", c->ended.message);
}

typedef void payload_fn(struct agent *a, const struct change *c, struct json_writer *w);

/* What a record says beside what it is about; NULL: nothing. */
static payload_fn *const payloads[CHANGE_KIND_N] = {
	[CHANGE_RUN_START] = put_run_start,
	[CHANGE_RUN_CANCEL] = put_cancel,
	[CHANGE_RUN_TIMEOUT] = put_timeout,
	[CHANGE_RUN_ABORT] = put_end,
	[CHANGE_RUN_CONDITION] = put_end,
	[CHANGE_RUN_END] = put_end,
	[CHANGE_PT_SKIP] = put_skip,
	[CHANGE_PT_RESKIP] = put_skip,
	[CHANGE_PT_INVALID] = put_message,
	[CHANGE_PT_DONE] = put_outcome,
	[CHANGE_TASK_CREATE] = put_created,
	[CHANGE_TASK_STOP] = put_stop,
	[CHANGE_TASK_INTERRUPTED] = put_end,
	[CHANGE_TASK_RETRY] = put_end,
	[CHANGE_TASK_END] = put_end,
	[CHANGE_STEP_STARTED] = put_started,
	[CHANGE_STEP_HALT] = put_halt,
	[CHANGE_STEP_RELEASE] = put_release,
	[CHANGE_STEP_STOP] = put_signal,
	[CHANGE_STEP_END] = put_step_end,
	[CHANGE_STEP_SKIP] = put_step_end,
	[CHANGE_SIDECAR_STARTED] = put_started,
	[CHANGE_SIDECAR_END] = put_sidecar_end,
};

/* Which pipeline task, task run, attempt and step or sidecar it is about. */
static void put_subject(struct agent *a, const struct change *c, struct json_writer *w)
{
	const struct execution *t;

	if (c->kind < CHANGE_TASK_CREATE && a->up)
		json_field(w, "run", a->view.name);
	if (c->kind < CHANGE_PT_START)
		return;
	if (c->kind < CHANGE_TASK_CREATE) {
		json_field(w, "pipelineTask", a->plan.tasks[c->pt].written->name.s);
		return;
	}
	t = execution_of(a, c->task);
	json_field(w, "task", t->v.name);
	if (t->v.n_attempts)
		json_field_int(w, "attempt", (int64_t)t->v.n_attempts - 1);
	if (c->kind >= CHANGE_STEP_START)
		json_field(w, c->kind < CHANGE_SIDECAR_START ? "step" : "sidecar",
			attempt_of(t)->steps[c->step].name);
}

static void record_open(
	struct agent *a, const char *kind, struct buf *out, struct json_writer *w)
{
	buf_init(out, RECORD_MAX_BYTES);
	json_writer_init(w, out, 0);
	json_open(w, '{');
	json_field_int(w, "seq", (int64_t)a->root->record_seq++);
	json_field_int(w, "ns", a->root->now_ns);
	json_field_int(w, "wall", a->root->wall_ns);
	json_fieldz(w, "kind", kind);
}

static void record_close(struct agent *a, bool durable, struct buf *out, struct json_writer *w)
{
	struct action *action;

	json_close(w, '}');
	BUG_ON(out->full);
	action = agent_push(a, ACTION_RECORD);
	action->durable = durable;
	action->record = arena_str(a->root->turn, buf_str(out));
	buf_release(out);
}

/* The event that is being fed changes something: its own record comes first. */
static void record_event(struct agent *a)
{
	const struct event *ev = a->root->unrecorded;
	struct json_writer w;
	struct buf out;

	if (!ev)
		return;
	a->root->unrecorded = NULL;
	record_open(a, EVENT_RECORD, &out, &w);
	event_put(a, ev, &w);
	/* a durable change that follows covers it */
	record_close(a, false, &out, &w);
}

void record_change(struct agent *a, const struct change *c, bool durable)
{
	struct json_writer w;
	struct buf out;

	record_event(a);
	record_open(a, change_name(c->kind), &out, &w);
	put_subject(a, c, &w);
	if (payloads[c->kind])
		payloads[c->kind](a, c, &w);
	record_close(a, durable, &out, &w);
}
