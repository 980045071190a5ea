/* SPDX-License-Identifier: Apache-2.0 */
/* Why a task run could not start: Tekton's reasons and sentences (tekton-semantics 23, 27.1).
 */
#include "drive_task.h"

#include <base/attr.h>

const char *drive_word(const struct step_launch *s)
{
	return s->sidecar ? "sidecar" : "step";
}

static struct str refusal_pull(struct arena *a, const struct task_context *t,
	const struct step_launch *s, const char *why)
{
	return arena_printf(a,
		"the %s \"" STR_FMT "\" in TaskRun \"" STR_FMT
		"\" failed to pull the image \"" STR_FMT
		"\". The pod errored with the message: \"%s.\".",
		drive_word(s), STR_ARG(s->name), STR_ARG(t->launch->name), STR_ARG(s->image),
		why);
}

static struct str refusal_start(struct arena *a, const struct task_context *t,
	const struct step_launch *s, const char *why)
{
	return arena_printf(a,
		"the %s \"" STR_FMT "\" in TaskRun \"" STR_FMT
		"\" failed to start. The pod errored with the message: \"%s.\"",
		drive_word(s), STR_ARG(s->name), STR_ARG(t->launch->name), why);
}

static struct str refusal_pod(struct arena *a, const struct task_context *t,
	const struct step_launch *s attr_unused, const char *why)
{
	const struct task_run_view *v = agent_view(t->drive->agent)->task_runs[t->task];

	if (v->is_inline)
		return arena_printf(a,
			"failed to create task run pod \"" STR_FMT
			"\": %s. Maybe invalid TaskSpec",
			STR_ARG(v->name), why);
	return arena_printf(a,
		"failed to create task run pod \"" STR_FMT
		"\": %s. Maybe missing or invalid Task " STR_FMT "/" STR_FMT,
		STR_ARG(v->name), why, STR_ARG(agent_view(t->drive->agent)->ns),
		STR_ARG(v->task_name));
}

void refusal_fill(struct queued_event *q, const struct task_context *t,
	const struct step_launch *s, const struct err *err)
{
	static const struct {
		const char *reason;
		struct str (*message)(struct arena *, const struct task_context *,
			const struct step_launch *, const char *);
	} table[ERR_KIND_N] = {
		[ERR_IMAGE] = {"TaskRunImagePullFailed", refusal_pull},
		[ERR_SPEC] = {"CreateContainerConfigError", refusal_start},
		[ERR_NOT_FOUND] = {"CreateContainerConfigError", refusal_start},
		[ERR_SANDBOX] = {"CreateContainerError", refusal_start},
		[ERR_SYS] = {"CreateContainerError", refusal_start},
	};

	if (table[err->kind].reason) {
		q->event.reason = str_z(table[err->kind].reason);
		q->event.message = table[err->kind].message(q->arena, t, s, err->msg);
		return;
	}
	q->event.reason = STR("PodCreationFailed");
	q->event.message = refusal_pod(q->arena, t, s, err->msg);
}
