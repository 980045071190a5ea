/* SPDX-License-Identifier: Apache-2.0 */
/* Task runs and steps: carrying actions out, turning what happens into events. */
#include "drive_task.h"
#include "drive_visit.h"

#include <base/buf.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/log.h>
#include <base/num.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { TIMES_BYTES = 512 };

static struct task_context *task_find(const struct drive *d, size_t task, size_t attempt)
{
	for (size_t i = 0; i < d->tasks.n; i++) {
		if (d->tasks.p[i]->task == task && d->tasks.p[i]->attempt == attempt)
			return d->tasks.p[i];
	}
	return NULL;
}

struct queued_event *task_queue(const struct task_context *t, enum event_kind kind)
{
	struct queued_event *q = drive_queue(t->drive, kind);

	q->event.task = t->task;
	q->event.attempt = t->attempt;
	return q;
}

struct queued_event *step_queue(const struct step_context *s, enum event_kind kind)
{
	struct queued_event *q = task_queue(s->task, kind);

	q->event.step = s->index;
	return q;
}

static void task_refuse(struct task_context *t, size_t step, const struct err *err)
{
	struct queued_event *q = task_queue(t, EVENT_TASK_REFUSED);

	t->is_refused = true;
	refusal_fill(q, t, &t->launch->steps[step], err);
}

/* --- the start of an attempt ------------------------------------------------------------- */

/* The first container that mounts it: a pod's kubelet pulls for containers. */
static size_t volume_user(const struct task_context *t, size_t volume)
{
	for (size_t i = 0; i < launch_n_containers(t->launch); i++) {
		for (size_t k = 0; k < t->launch->steps[i].n_mounts; k++) {
			if (t->launch->steps[i].mounts[k].volume == volume)
				return i;
		}
	}
	return 0;
}

static void task_refuse_volume(struct task_context *t, size_t volume, const struct err *err)
{
	const struct launch_volume *v = &t->launch->volumes[volume];
	const struct step_launch *s = &t->launch->steps[volume_user(t, volume)];
	struct queued_event *q = task_queue(t, EVENT_TASK_REFUSED);

	t->is_refused = true;
	q->event.reason = STR("TaskRunImagePullFailed");
	q->event.message = arena_printf(q->arena,
		"the %s \"" STR_FMT "\" in TaskRun \"" STR_FMT
		"\" failed to pull the image \"" STR_FMT "\" of its volume \"" STR_FMT
		"\". The pod errored with the message: \"%s.\".",
		drive_word(s), STR_ARG(s->name), STR_ARG(t->launch->name), STR_ARG(v->image),
		STR_ARG(v->name), err->msg);
}

static int task_find_volume(struct task_context *t, size_t volume, struct err *err)
{
	const struct launch_volume *v = &t->launch->volumes[volume];
	struct imageset *images = t->drive->c->images;

	if (v->kind != LAUNCH_IMAGE)
		return 0;
	if (imageset_find(images, v->image, &t->volumes[volume], err))
		return -1;
	if (t->volumes[volume]->kind == TARGET_HOST)
		return err_set(err, ERR_IMAGE, "the host is no volume");
	imageset_want(images, t->volumes[volume]);
	return 0;
}

/* Looks all images up. False: refused. */
static bool task_find_images(struct task_context *t)
{
	struct imageset *images = t->drive->c->images;

	for (size_t i = 0; i < launch_n_containers(t->launch); i++) {
		struct err err = {0};

		if (imageset_find(images, t->launch->steps[i].image, &t->images[i], &err)) {
			err.kind = ERR_IMAGE;
			task_refuse(t, i, &err);
			return false;
		}
		imageset_want(images, t->images[i]);
	}
	for (size_t i = 0; i < t->launch->n_volumes; i++) {
		struct err err = {0};

		if (task_find_volume(t, i, &err)) {
			task_refuse_volume(t, i, &err);
			return false;
		}
	}
	return true;
}

/* What can be known about a step before it starts must not be a surprise in the middle. */
static int task_check_steps(struct task_context *t, size_t *ret_step, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();

	for (size_t i = 0; i < launch_n_containers(t->launch); i++) {
		struct launch_program p;

		*ret_step = i;
		if (launch_program(a, &t->pod, &t->launch->steps[i], t->images[i], &p, err))
			return -1;
	}
	*ret_step = 0;
	return 0;
}

static int task_make_dirs(struct task_context *t, struct err *err)
{
	const int64_t from_ns = clock_mono_ns();
	struct drive *d = t->drive;
	struct attempt_config c = {.rundir = d->c->rundir,
		.run = d->run,
		.shared = d->c->shared,
		.sweeper = d->c->sweeper,
		.place = d->c->place,
		.binding = &d->binding,
		.hide = &d->c->launch.hide,
		.ns = d->c->ns,
		.key = arena_printf(
			t->arena, STR_FMT "-%zu", STR_ARG(t->launch->name), t->attempt)};
	int rc;

	if (t->launch->hermetic &&
		sandbox_ns_new_like(d->c->place, true, d->c->ns, &t->net, err))
		return -1;
	rc = attempt_open(&c, t->launch, &t->dirs, err);
	t->make_ns = clock_mono_ns() - from_ns;
	return rc;
}

static void task_note_images(struct task_context *t)
{
	for (size_t i = 0; i < launch_n_containers(t->launch); i++) {
		const struct rootfs *r = t->images[i];

		if (r->n_squashed)
			drive_note(t->drive,
				arena_printf(t->arena,
					"%llu files of image " STR_FMT
					" do not have their own owners here",
					(unsigned long long)r->n_squashed, STR_ARG(r->ref)));
		if (r->n_devices)
			drive_note(t->drive,
				arena_printf(t->arena,
					"%llu device nodes of image " STR_FMT " were left out",
					(unsigned long long)r->n_devices, STR_ARG(r->ref)));
	}
}

static void task_note_limits(struct task_context *t)
{
	for (size_t i = 0; i < launch_n_containers(t->launch); i++) {
		const struct step_launch *s = &t->launch->steps[i];

		for (size_t k = 0; k < s->n_limits_not_enforced; k++)
			drive_note(t->drive,
				arena_printf(t->arena,
					"limit " STR_FMT " of %s " STR_FMT " in " STR_FMT
					" is not enforced",
					STR_ARG(s->limits_not_enforced[k]), drive_word(s),
					STR_ARG(s->name), STR_ARG(t->launch->name)));
	}
}

/* Which steps could reach more of the kernel than others. */
static void task_note_security(struct task_context *t)
{
	for (size_t i = 0; i < launch_n_containers(t->launch); i++) {
		const struct step_launch *s = &t->launch->steps[i];
		const char *what = s->security.is_privileged ? "was privileged in its sandbox"
				   : s->security.is_admin ? "had CAP_SYS_ADMIN in its sandbox"
				   : s->security.is_unconfined ? "had no filter but the floor"
							       : NULL;

		if (what)
			drive_note(t->drive,
				arena_printf(t->arena, "%s " STR_FMT " in " STR_FMT " %s",
					drive_word(s), STR_ARG(s->name),
					STR_ARG(t->launch->name), what));
	}
}

/* False: they are not yet, or one never will be, and the attempt is refused. */
static bool task_has_images(struct task_context *t)
{
	for (size_t i = 0; i < launch_n_containers(t->launch); i++) {
		if (t->images[i]->state == ROOTFS_FAILED)
			task_refuse(t, i, &t->images[i]->err);
		if (t->images[i]->state != ROOTFS_READY)
			return false;
	}
	for (size_t i = 0; i < t->launch->n_volumes; i++) {
		const struct rootfs *r = t->volumes[i];

		if (r && r->state == ROOTFS_FAILED)
			task_refuse_volume(t, i, &r->err);
		if (r && r->state != ROOTFS_READY)
			return false;
	}
	return true;
}

/* Goes on with an attempt whose images may have become ready. */
static void task_advance(struct task_context *t)
{
	struct err err = {0};
	size_t step = 0;

	if (!task_has_images(t))
		return;
	if (sidecar_waits_for_ports(t)) {
		if (!t->is_waiting)
			(void)task_queue(t, EVENT_TASK_WAITS);
		t->is_waiting = true;
		return;
	}
	if (task_check_steps(t, &step, &err) || task_make_dirs(t, &err)) {
		task_refuse(t, step, &err);
		return;
	}
	task_note_images(t);
	task_note_limits(t);
	task_note_security(t);
	(void)task_queue(t, EVENT_TASK_READY);
}

void task_start(struct drive *d, const struct action *a)
{
	struct arena *arena = arena_new();
	struct task_context *t = arena_new_object(arena, struct task_context);
	const struct run_view *run = agent_view(d->agent);
	const size_t n = launch_n_containers(a->launch);

	t->drive = d;
	t->arena = arena;
	t->task = a->task;
	t->attempt = a->attempt;
	t->launch = a->launch;
	t->pod = (struct launch_pod){.ns = run->ns,
		.uid = run->task_runs[a->task]->uid,
		.pod_name = a->launch->pod_name,
		.hermetic = a->launch->hermetic};
	t->images = arena_new_array(arena, struct rootfs *, n + 1);
	t->volumes = arena_new_array(arena, struct rootfs *, a->launch->n_volumes + 1);
	t->steps = arena_new_array(arena, struct step_context, n + 1);
	for (size_t i = 0; i < n; i++)
		t->steps[i] = (struct step_context){.task = t, .index = i};
	vec_push(&d->tasks, t);
	if (task_find_images(t))
		task_advance(t);
}

void task_images_changed(struct drive *d)
{
	for (size_t i = 0; i < d->tasks.n; i++) {
		struct task_context *t = d->tasks.p[i];

		if (!t->dirs && !t->is_refused)
			task_advance(t);
	}
}

/* --- the end of a step ------------------------------------------------------------------- */

static const struct step_launch *step_of(const struct step_context *s)
{
	return &s->task->launch->steps[s->index];
}

static void step_count(struct step_context *s, bool runs)
{
	struct drive *d = s->task->drive;
	int64_t now = clock_mono_ns();

	if (s->is_running == runs)
		return;
	s->is_running = runs;
	if (runs && d->n_running++ == 0)
		d->idle_ns += now - d->idle_since_ns;
	if (!runs && --d->n_running == 0)
		d->idle_since_ns = now;
}

/* What /tekton/steps tells of a step that the task survived (21.2). */
static void step_mark(struct step_context *s, const struct step_outcome *o)
{
	const struct step_launch *l = &s->task->launch->steps[s->index];
	bool succeeded = o->end == STEP_END_EXITED && o->exit_code == 0;
	struct str code = STR_NONE;

	if (s->release) { /* nothing tells of the program then */
		attempt_step_mark(
			s->task->dirs, s->index, s->release == RELEASE_CONTINUE, code);
		return;
	}
	if (succeeded || (l->on_error_continue && o->end == STEP_END_EXITED))
		code = arena_printf(s->task->arena, "%d", o->exit_code);
	else if (l->on_error_continue && o->end == STEP_END_SIGNALED)
		code = STR("-1");
	attempt_step_mark(s->task->dirs, s->index, succeeded || l->on_error_continue, code);
}

static void step_note_gap(
	const struct step_context *s, uint64_t n, const char *verb, const char *why)
{
	if (n)
		drive_note(s->task->drive,
			arena_printf(s->task->arena,
				"the log of %s " STR_FMT " in " STR_FMT " %s %llu bytes %s",
				drive_word(step_of(s)), STR_ARG(step_of(s)->name),
				STR_ARG(s->task->launch->name), verb, (unsigned long long)n,
				why));
}

static void step_tell_problems(
	struct step_context *s, const struct event *ev, const struct step_outcome *o)
{
	drive_results_tell(s, ev);
	step_note_gap(s, o->gaps.n_lost, "lacks", "that could not be written");
	step_note_gap(s, o->gaps.n_dropped, "is without", "that --log-limit dropped");
	if (o->is_oom_unknown)
		drive_note(s->task->drive,
			STR("a step was killed; whether for want of memory cannot be known "
			    "here"));
}

/* Where the time of a step went, for tests/bench/phases: microseconds by phase. */
static void step_tell_times(
	const struct step_context *s, const struct sandbox_times *t, int64_t ended_ns)
{
	const int64_t sandbox_ns = t->build_ns + t->clone_ns + t->setup_ns + t->exec_ns;
	const int64_t launch_ns = s->started_ns - s->dirs_made_ns;
	const struct {
		const char *name;
		int64_t ns;
	} phases[] = {
		{"task-dirs", s->index ? 0 : s->task->make_ns},
		{"step-dirs", s->dirs_made_ns - s->asked_ns},
		{"prepare", launch_ns - sandbox_ns},
		{"build", t->build_ns},
		{"clone", t->clone_ns},
		{"setup", t->setup_ns},
		{"exec", t->exec_ns},
		{"program", ended_ns - s->started_ns},
		{"end", clock_mono_ns() - ended_ns},
	};
	struct buf b attr_cleanup(buf_release) = {0};

	buf_init(&b, TIMES_BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(phases); i++)
		buf_addf(&b, " %s=%lld", phases[i].name, (long long)phases[i].ns / NS_PER_US);
	log_debug("times of step '" STR_FMT "/" STR_FMT "':" STR_FMT,
		STR_ARG(s->task->launch->name), STR_ARG(step_launch_label(step_of(s))),
		STR_ARG(buf_str(&b)));
}

/* Why the program does not run. */
static struct str step_exec_text(
	struct step_context *s, struct arena *a, const struct step_outcome *o)
{
	const struct step_launch *l = &s->task->launch->steps[s->index];

	switch (o->exec_stage) {
	case SANDBOX_EXIT_COPY + SANDBOX_COPY_STDOUT:
		return launch_copy_text(a, "stdoutConfig", l->stdout_path, o->exec_errno);
	case SANDBOX_EXIT_COPY + SANDBOX_COPY_STDERR:
		return launch_copy_text(a, "stderrConfig", l->stderr_path, o->exec_errno);
	default:
		return launch_exec_text(a, str_c(s->program), o->exec_errno);
	}
}

static void step_event_end(
	struct step_context *s, const struct step_outcome *o, struct queued_event *q)
{
	q->event.step = s->index;
	q->event.end = o->end;
	q->event.exit_code = o->exit_code;
	q->event.signal = o->signal;
	if (o->end != STEP_END_EXEC_FAILED)
		return;
	q->event.message = step_exec_text(s, q->arena, o);
	if (s->is_told)
		return;
	s->is_told = true;
	step_say(s->proc, arena_printf(s->task->arena, "Error executing command: " STR_FMT,
				  STR_ARG(q->event.message)));
}

static void step_close(struct step_context *s)
{
	struct err err = {0};

	visit_end_of(s->task->drive, s);
	step_free(s->proc);
	s->proc = NULL;
	if (attempt_step_free(s->task->dirs, s->index, &err))
		log_warn("%s, going on", err.msg);
}

static void step_on_done(void *arg, const struct step_outcome *o)
{
	struct step_context *s = arg;
	const int64_t ended_ns = clock_mono_ns();
	const struct sandbox_times times = o->times; /* o ends with the step */
	struct queued_event *q = task_queue(s->task, EVENT_STEP_ENDED);

	halt_free(s);
	step_count(s, false);
	step_event_end(s, o, q);
	drive_results_read(s, q);
	step_tell_problems(s, &q->event, o);
	step_mark(s, o);
	step_close(s);
	step_tell_times(s, &times, ended_ns);
}

static void step_on_halted(void *arg, const struct step_outcome *o)
{
	struct step_context *s = arg;

	step_event_end(s, o, task_queue(s->task, EVENT_STEP_HALTED));
	halt_begin(s, o);
}

/* Of an attempt that is over nobody wants to know any more. */
static void sidecar_on_done(void *arg, const struct step_outcome *o)
{
	struct step_context *s = arg;
	static const struct event nothing = {0};

	step_count(s, false);
	step_tell_problems(s, &nothing, o);
	if (!s->task->is_stopping) {
		struct queued_event *q = task_queue(s->task, EVENT_SIDECAR_ENDED);

		step_event_end(s, o, q);
		if (!q->event.message.n)
			q->event.message = arena_str(q->arena, sidecar_why(s));
	}
	sidecar_end(s);
	step_close(s);
	if (s->task->is_stopping)
		sidecar_gone(s->task);
}

static void step_on_line(void *arg, const struct stepio_line *line)
{
	struct step_context *s = arg;
	struct drive *d = s->task->drive;
	struct view_line v = {.task = s->task->task,
		.attempt = s->task->attempt,
		.step = s->index,
		.is_own = line->is_own,
		.is_cut = line->is_cut,
		.text = line->text};

	view_step_line(d->c->view, agent_view(d->agent), &v);
}

static bool step_is_held(void *arg)
{
	struct step_context *s = arg;
	struct drive *d = s->task->drive;

	d->is_held = d->is_held || view_is_full(d->c->view);
	return d->is_held;
}

/* The steps that wait for the view go on; who is first changes, or the last would starve. */
void task_resume_all(struct drive *d)
{
	size_t first = d->tasks.n ? d->n_resumed++ % d->tasks.n : 0;

	for (size_t i = 0; i < d->tasks.n; i++) {
		const struct task_context *t = d->tasks.p[(first + i) % d->tasks.n];

		for (size_t k = 0; k < launch_n_containers(t->launch); k++) {
			if (t->steps[k].proc)
				step_resume(t->steps[k].proc);
		}
	}
}

/* --- the start of a step ----------------------------------------------------------------- */

static int step_launch_real(struct step_context *s, struct sandbox_config *c, struct err *err)
{
	const struct drive_config *dc = s->task->drive->c;
	struct step_events events = {.line = step_on_line,
		.is_held = step_is_held,
		.halted = step_on_halted,
		.done = step_of(s)->sidecar ? sidecar_on_done : step_on_done,
		.arg = s,
		.mask = dc->mask};
	struct steplog *log;

	if (steplog_open(s->task->dirs->log_dfd, step_launch_label(step_of(s)),
		    dc->options->log_limit, &log, err))
		return -1;
	if (step_start(dc->loop, c, log, &events, &s->proc, err))
		return -1;
	if (c->holds_start)
		halt_begin(s, NULL);
	return 0;
}

/* --dry-run: the operations are printed instead; values that nobody made are named as such. */
static int step_launch_dry(struct step_context *s, struct sandbox_config *c, struct err *err)
{
	static const char *const stand_ins[VALUE_TYPE_N] = {[VALUE_STRING] = "(dry-run)",
		[VALUE_ARRAY] = "[\"(dry-run)\"]",
		[VALUE_OBJECT] = "{}"};
	struct task_context *t = s->task;
	struct str text;
	struct queued_event *q;
	struct result_got *got;

	if (sandbox_explain(c, t->arena, &text, err))
		return -1;
	while (text.n) {
		struct str line = text;

		if (!str_cut(text, '\n', &line, &text))
			text = STR_NONE;
		log_info("%s: " STR_FMT, str_c(c->name), STR_ARG(line));
	}
	if (step_of(s)->sidecar)
		return attempt_step_free(t->dirs, s->index, err);
	q = task_queue(t, EVENT_STEP_ENDED);
	got = arena_new_array(q->arena, struct result_got, t->launch->n_results + 1);
	for (size_t i = 0; i < t->launch->n_results; i++) {
		const struct result_want *want = &t->launch->results[i];

		got[i] = (struct result_got){.name = want->name,
			.present = true,
			.text = str_z(stand_ins[want->type])};
	}
	q->event.step = s->index;
	q->event.results = got;
	q->event.n_results = t->launch->n_results;
	return attempt_step_free(t->dirs, s->index, err);
}

static int step_launch_in(
	struct step_context *s, struct attempt_step *dirs, struct arena *a, struct err *err)
{
	struct task_context *t = s->task;
	const struct drive_config *dc = t->drive->c;
	struct launch_program program;
	struct sandbox_config config;
	struct launch_parts parts = {.config = &dc->launch,
		.pod = &t->pod,
		.step = &t->launch->steps[s->index],
		.rootfs = t->images[s->index],
		.volumes = t->volumes,
		.program = &program,
		.attempt = t->dirs,
		.dirs = dirs,
		.points_dfd = -1,
		.ns = t->net ? t->net : dc->ns};
	struct queued_event *q;

	/* a sidecar shows what its image has, unless it could not be made there */
	if (!parts.step->sidecar || parts.step->security.read_only_root) {
		parts.points_dfd = shared_points(dc->shared, err);
		if (parts.points_dfd < 0)
			return -1;
	}
	if (parts.step->has_new_script && attempt_script_renew(t->dirs, s->index, err))
		return -1;
	if (launch_program(a, &t->pod, parts.step, parts.rootfs, &program, err))
		return -1;
	launch_sandbox(a, &parts, &config);
	if (dc->place->map.is_single && config.n_groups > 1)
		drive_note(t->drive, STR("supplementary groups are not set here"));
	s->program = arena_strz(t->arena, program.argv[0]);
	if (!parts.step->sidecar) {
		q = task_queue(t, EVENT_STEP_STARTED);
		q->event.step = s->index;
		q->event.image_id = arena_str(q->arena, parts.rootfs->id);
	}
	if (dc->options->dry_run ? step_launch_dry(s, &config, err)
				 : step_launch_real(s, &config, err))
		return -1;
	if (parts.step->sidecar)
		sidecar_begin(s, &config);
	return 0;
}

void task_start_step(struct drive *d, const struct action *a)
{
	struct arena *arena cleanup_arena = arena_new();
	struct task_context *t = task_find(d, a->task, a->attempt);
	struct attempt_step dirs;
	struct step_context *s;
	struct err err = {0};
	size_t n_queued = d->queue.n;

	BUG_ON(!t || !t->dirs || a->step >= launch_n_containers(t->launch));
	t->launch = a->launch;
	s = &t->steps[a->step];
	s->asked_ns = clock_mono_ns();
	if (attempt_step_open(t->dirs, a->step, &dirs, &err) == 0) {
		int rc;

		s->dirs_made_ns = clock_mono_ns();
		rc = step_launch_in(s, &dirs, step_of(s)->health ? t->arena : arena, &err);
		s->started_ns = clock_mono_ns();

		attempt_step_close(&dirs);
		if (rc == 0) {
			step_count(s, s->proc != NULL);
			return;
		}
	}
	/* what was announced did not come about */
	while (d->queue.n > n_queued)
		arena_free(d->queue.p[--d->queue.n].arena);
	task_queue(t, step_of(s)->sidecar ? EVENT_SIDECAR_REFUSED : EVENT_STEP_REFUSED)
		->event.step = a->step;
	refusal_fill(&d->queue.p[d->queue.n - 1], t, &t->launch->steps[a->step], &err);
}

/* Nobody is left to see the marks of a step after a failed one, and its line is in its log
 * alone: what matters on the screen is why. */
void task_skip_step(struct drive *d, const struct action *a)
{
	const struct str text = a->after_failure
					? STR("Skipping step because a previous step failed")
					: STR("Step was skipped due to when expressions were "
					      "evaluated to false.");
	const struct stepio_line line = {.is_own = true, .text = text};
	struct task_context *t = task_find(d, a->task, a->attempt);
	struct step_context *s;
	struct steplog *log;
	struct err err = {0};

	BUG_ON(!t || !t->dirs || a->step >= t->launch->n_steps);
	s = &t->steps[a->step];
	if (!a->after_failure) {
		attempt_step_mark(t->dirs, s->index, true, STR("0"));
		step_on_line(s, &line);
	}
	if (d->c->options->dry_run)
		return;
	if (steplog_open(t->dirs->log_dfd, t->launch->steps[s->index].name,
		    d->c->options->log_limit, &log, &err)) {
		log_warn("%s, going on", err.msg);
		return;
	}
	steplog_write(log, line.text);
	steplog_write(log, STR("\n"));
	steplog_close(log);
}

/* NULL: it has ended, and the event that says so is on its way. */
struct step_context *task_step(const struct drive *d, const struct action *a)
{
	struct task_context *t = task_find(d, a->task, a->attempt);

	if (!t || a->step >= t->launch->n_steps || !t->steps[a->step].proc)
		return NULL;
	return &t->steps[a->step];
}

void task_stop_step(struct drive *d, const struct action *a)
{
	struct step_context *s = task_step(d, a);
	struct err err = {0};
	int rc;

	if (!s)
		return;
	if (s->halt)
		rc = step_end(s->proc, &err);
	else if (a->spares)
		rc = step_kill_program(s->proc, &err);
	else
		rc = step_signal(s->proc, a->signal, &err);
	if (rc)
		log_warn("%s, going on", err.msg);
}

/* --- the end of an attempt --------------------------------------------------------------- */

static void task_free(struct task_context *t)
{
	struct err err = {0};

	for (size_t i = 0; i < launch_n_containers(t->launch); i++) {
		step_count(&t->steps[i], false);
		sidecar_end(&t->steps[i]);
		halt_free(&t->steps[i]);
		visit_end_of(t->drive, &t->steps[i]);
		step_free(t->steps[i].proc);
	}
	if (attempt_close(t->dirs, &err))
		log_warn("remove what TaskRun '" STR_FMT "' left: %s", STR_ARG(t->launch->name),
			err.msg);
	sandbox_ns_free(t->net);
	arena_free(t->arena);
}

void task_remove(struct task_context *t)
{
	struct drive *d = t->drive;
	size_t i = 0;

	while (d->tasks.p[i] != t)
		i++;
	d->tasks.p[i] = d->tasks.p[--d->tasks.n];
	task_free(t);
}

void task_end(struct drive *d, const struct action *a)
{
	struct task_context *t = task_find(d, a->task, a->attempt);

	if (!t)
		return;
	if (sidecar_is_left(t))
		sidecar_stop_all(t);
	else
		task_remove(t);
}

void task_free_all(struct drive *d)
{
	while (d->tasks.n)
		task_free(d->tasks.p[--d->tasks.n]);
}

bool task_owns_pid(const struct drive *d, pid_t pid)
{
	for (size_t i = 0; i < d->tasks.n; i++) {
		const struct task_context *t = d->tasks.p[i];

		for (size_t k = 0; k < launch_n_containers(t->launch); k++) {
			if ((t->steps[k].proc && step_pid(t->steps[k].proc) == pid) ||
				sidecar_owns_pid(&t->steps[k], pid))
				return true;
		}
	}
	return false;
}
