/* SPDX-License-Identifier: Apache-2.0 */
/* The end of sidecars, which outlive their attempt for a moment. */
#include "drive_task.h"

#include <base/clock.h>
#include <base/log.h>
#include <signal.h>

bool sidecar_waits_for_ports(const struct task_context *t)
{
	const struct drive *d = t->drive;

	if (!t->launch->n_sidecars || t->launch->hermetic)
		return false;
	for (size_t i = 0; i < d->tasks.n; i++) {
		if (d->tasks.p[i]->is_stopping && !d->tasks.p[i]->net)
			return true;
	}
	return false;
}

bool sidecar_is_left(const struct task_context *t)
{
	for (size_t i = t->launch->n_steps; i < launch_n_containers(t->launch); i++) {
		if (t->steps[i].proc)
			return true;
	}
	return false;
}

/* The last of its sidecars may be gone. */
void sidecar_gone(struct task_context *t)
{
	struct drive *d = t->drive;

	if (sidecar_is_left(t))
		return;
	task_remove(t);
	task_images_changed(d); /* somebody may wait for their ports */
}

static void signal_all(struct task_context *t, int signal)
{
	struct err err = {0};

	for (size_t i = t->launch->n_steps; i < launch_n_containers(t->launch); i++) {
		if (t->steps[i].proc && step_signal(t->steps[i].proc, signal, &err))
			log_warn("%s, going on", err.msg);
	}
}

static void on_stop_timer(void *arg, int fd attr_unused)
{
	signal_all(arg, SIGKILL);
}

/* What is left of a launch that ends with END_TASK: names, and how many there are. */
static const struct task_launch *launch_keep(struct arena *a, const struct task_launch *l)
{
	struct task_launch *kept = arena_new_object(a, struct task_launch);

	*kept = (struct task_launch){.task = l->task,
		.attempt = l->attempt,
		.name = arena_str(a, l->name),
		.hermetic = l->hermetic,
		.n_volumes = l->n_volumes,
		.n_steps = l->n_steps,
		.n_sidecars = l->n_sidecars,
		.steps = arena_new_array(a, struct step_launch, launch_n_containers(l))};
	for (size_t i = 0; i < launch_n_containers(l); i++)
		kept->steps[i] = (struct step_launch){.index = i,
			.name = arena_str(a, l->steps[i].name),
			.container = arena_str(a, l->steps[i].container),
			.sidecar = l->steps[i].sidecar};
	return kept;
}

void sidecar_stop_all(struct task_context *t)
{
	struct drive *d = t->drive;
	const int64_t at_ns = clock_mono_ns() + d->stop_grace_ns;
	struct err err = {0};

	t->is_stopping = true;
	t->launch = launch_keep(t->arena, t->launch);
	attempt_keep(t->dirs, t->launch);
	if (d->n_cancels < 2)
		t->stop_timer =
			loop_add_timer(d->c->loop, "sidecar stop", on_stop_timer, t, &err);
	if (!t->stop_timer) {
		signal_all(t, SIGKILL);
		return;
	}
	watch_set_deadline(t->stop_timer, at_ns);
	signal_all(t, SIGTERM);
}

void sidecar_kill_stopping(struct drive *d)
{
	for (size_t i = 0; i < d->tasks.n; i++) {
		if (d->tasks.p[i]->is_stopping)
			signal_all(d->tasks.p[i], SIGKILL);
	}
}
