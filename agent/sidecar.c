/* SPDX-License-Identifier: Apache-2.0 */
/* Sidecars: their states, and what an end of theirs means for the attempt. */
#include "sidecar.h"

#include "attempt.h"
#include "name.h"
#include "run.h"
#include <base/path.h>
#include <signal.h>

enum { EXIT_SIGNAL = 128, EXIT_NOT_STARTED = 128, EXIT_UNKNOWN = 255 };

static size_t end_of(const struct attempt_view *at)
{
	return at->n_steps + at->n_sidecars;
}

static void start(struct agent *a, struct execution *t, size_t i)
{
	struct action *action;

	run_apply(a,
		&(struct change){.kind = CHANGE_SIDECAR_START, .task = t->v.index, .step = i});
	action = attempt_push(a, t, ACTION_START_SIDECAR);
	action->step = i;
	action->launch = t->launch;
}

static bool is_in_post_start(const struct execution *t, size_t i)
{
	const struct launch_health *health = t->launch->steps[i].health;

	return attempt_of(t)->steps[i].state == STEP_STARTING && health &&
	       health->post_start.kind != HANDLER_NONE;
}

void sidecar_start_more(struct agent *a, struct execution *t)
{
	const struct attempt_view *at = attempt_of(t);

	for (size_t i = at->n_steps; i < end_of(at); i++) {
		if (at->steps[i].state == STEP_WAITING)
			start(a, t, i);
		if (is_in_post_start(t, i))
			return;
	}
}

bool sidecar_all_ready(const struct execution *t)
{
	const struct attempt_view *at = attempt_of(t);

	for (size_t i = at->n_steps; i < end_of(at); i++)
		if (at->steps[i].state != STEP_ENDED && !at->steps[i].is_ready)
			return false;
	return true;
}

static struct step_view *find(const struct execution *t, const struct event *ev)
{
	const struct attempt_view *at = attempt_of(t);

	return ev->step >= at->n_steps && ev->step < end_of(at) ? &at->steps[ev->step] : NULL;
}

bool sidecar_is_starting(const struct execution *t, const struct event *ev)
{
	const struct step_view *s = find(t, ev);

	return s && s->state == STEP_STARTING;
}

/* As Kubernetes reports a container that has ended. */
static struct step_ended read_end(const struct event *ev)
{
	struct step_ended e = {
		.exit_code = ev->exit_code, .reason = STR("Completed"), .message = ev->message};

	switch (ev->end) {
	case STEP_END_EXITED:
		break;
	case STEP_END_SIGNALED:
		e.signal = ev->signal;
		e.exit_code = EXIT_SIGNAL + ev->signal;
		break;
	case STEP_END_OOM:
		e.signal = SIGKILL;
		e.exit_code = EXIT_SIGNAL + SIGKILL;
		break;
	case STEP_END_EXEC_FAILED:
		e.exit_code = EXIT_NOT_STARTED;
		break;
	case STEP_END_LOST:
		e.exit_code = EXIT_UNKNOWN;
		break;
	}
	if (ev->end == STEP_END_OOM)
		e.reason = STR("OOMKilled");
	else if (ev->end == STEP_END_EXEC_FAILED)
		e.reason = STR("StartError");
	else if (e.exit_code)
		e.reason = STR("Error");
	return e;
}

void sidecar_event(struct agent *a, struct execution *t, const struct event *ev)
{
	const struct step_view *s = find(t, ev);
	struct change c = {.task = t->v.index, .step = ev->step};

	if (!s)
		return;
	if (ev->kind == EVENT_SIDECAR_STARTED && s->state == STEP_STARTING) {
		c.kind = CHANGE_SIDECAR_STARTED;
		c.image_id = ev->image_id;
	} else if (ev->kind == EVENT_SIDECAR_READY && s->state == STEP_RUNNING &&
		   !s->is_ready) {
		c.kind = CHANGE_SIDECAR_READY;
	} else if (ev->kind == EVENT_SIDECAR_UNREADY && s->state == STEP_RUNNING &&
		   s->is_ready) {
		c.kind = CHANGE_SIDECAR_UNREADY;
	} else if (ev->kind == EVENT_SIDECAR_ENDED &&
		   (s->state == STEP_RUNNING || s->state == STEP_STARTING)) {
		c.kind = CHANGE_SIDECAR_END;
		c.ended = read_end(ev);
	} else {
		return;
	}
	run_apply(a, &c);
}

void sidecar_close_all(struct agent *a, struct execution *t)
{
	const struct attempt_view *at = attempt_of(t);

	for (size_t i = at->n_steps; i < end_of(at); i++) {
		struct change c = {.kind = CHANGE_SIDECAR_END,
			.task = t->v.index,
			.step = i,
			.ended = {.reason = STR("Completed"),
				.message = STR("Sidecar container successfully stopped")}};

		if (at->steps[i].state != STEP_STARTING && at->steps[i].state != STEP_RUNNING)
			continue;
		if (!at->steps[i].was_ready)
			c.ended.message = STR("Sidecar container stopped before it was ready");
		run_apply(a, &c);
	}
}

static bool is_oom(const struct step_view *s)
{
	return str_eqz(s->reason, "OOMKilled");
}

const struct step_view *sidecar_to_blame(
	const struct execution *t, const struct step_view *step)
{
	const struct attempt_view *at = attempt_of(t);
	const struct step_view *failed = NULL;

	for (size_t i = at->n_steps; i < end_of(at); i++) {
		const struct step_view *s = &at->steps[i];

		if (s->state != STEP_ENDED || s->exit_code == 0)
			continue;
		if (is_oom(s))
			return s;
		if (!failed)
			failed = s;
	}
	return is_oom(step) ? NULL : failed;
}

struct str sidecar_name_problem(
	struct arena *a, const struct step_view *steps, size_t n_steps, size_t n_sidecars)
{
	struct map names;

	map_init(&names, a);
	for (size_t i = 0; i < n_steps; i++)
		(void)map_set(&names, steps[i].name, a);
	for (size_t i = n_steps; i < n_steps + n_sidecars; i++) {
		struct str name = steps[i].container;
		const char *problem = NULL;

		if (!name_is_label(name))
			problem = "Invalid value";
		else if (!map_set(&names, name, a))
			problem = "Duplicate value";
		if (problem)
			return arena_printf(a, "spec.containers[%zu].name: %s: \"" STR_FMT "\"",
				i, problem, STR_ARG(name));
	}
	return STR_NONE;
}

struct str sidecar_working_dir(
	struct arena *a, const struct step *container, const struct sidecar *sidecar)
{
	struct str dir = container->working_dir.s;

	if (!dir.n)
		return STR_NONE;
	if (dir.p[0] == '/')
		return path_clean(a, dir);
	return path_join(a, sidecar ? STR("/") : STR("/workspace"), dir);
}
