/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sidecars while they run, and their end, which outlives the attempt for a moment. When a probe
 * is asked and what its answer means is agent/health's to say; the end has an order of its own:
 *
 *     STARTING ──► RUNNING ──► PRE_STOP ──► STOPPING (SIGTERM, SIGKILL at kill_ns)
 *     postStart    probes      preStop
 */
#include "drive_task.h"

#include "handler.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/log.h>
#include <base/num.h>
#include <monopod/health.h>
#include <signal.h>
#include <stdlib.h>

enum { SAID_BYTES = KIB };

static const int64_t pod_grace_ns = 30 * NS_PER_S;   /* terminationGracePeriodSeconds */
static const int64_t term_reserve_ns = 2 * NS_PER_S; /* of a grace, behind the hook */

enum sidecar_phase { SIDECAR_STARTING, SIDECAR_RUNNING, SIDECAR_PRE_STOP, SIDECAR_STOPPING };

struct probe_context {
	struct sidecar_watch *watch;
	enum probe_kind kind;
	struct handler_run *run; /* NULL: not under way */
	struct str said;         /* how it failed last */
};
struct sidecar_watch {
	struct step_context *step;
	struct arena *arena; /* of texts */
	enum sidecar_phase phase;
	struct launch_health *spec; /* of the attempt's arena; NULL: no probes, no hooks */
	struct sandbox_visit_config visit;
	struct health health;
	struct probe_context probes[PROBE_KIND_N];
	struct handler_run *hook;
	struct watch *timer; /* the next probe; SIGKILL */
	int64_t started_ns, kill_ns;
	struct str why; /* it was told to stop while its task goes on */
};

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

/* --- what is told ------------------------------------------------------------------------ */

static const struct step_launch *launch_of(const struct sidecar_watch *w)
{
	return &w->step->task->launch->steps[w->step->index];
}

static void sidecar_event(const struct sidecar_watch *w, enum event_kind kind)
{
	struct queued_event *q = task_queue(w->step->task, kind);

	q->event.step = w->step->index;
	if (kind == EVENT_SIDECAR_STARTED)
		q->event.image_id =
			arena_str(q->arena, w->step->task->images[w->step->index]->id);
}

/* What a handler said as the end of a sentence: one line, bounded, nothing of a Secret. */
static struct str text_line(const struct sidecar_watch *w, struct str text)
{
	struct str line;
	size_t n = SAID_BYTES;
	char *p;

	line = mask_text(w->step->task->drive->c->mask, w->arena, str_trim(text));
	/* no character is cut in two */
	while (n < line.n && n > SAID_BYTES - 3 && ((unsigned char)line.p[n] & 0xc0) == 0x80)
		n--;
	line = arena_str(w->arena, str_slice(line, 0, n));
	p = (char *)(uintptr_t)line.p;
	for (size_t i = 0; i < line.n; i++)
		if (p[i] >= 0 && p[i] < ' ')
			p[i] = ' ';
	return line;
}

static void say(const struct sidecar_watch *w, struct str what)
{
	step_say(w->step->proc, arena_printf(w->arena, "monopod: " STR_FMT, STR_ARG(what)));
}

static struct str failure_text(
	const struct sidecar_watch *w, const char *what, enum probe_answer a, struct str text)
{
	return arena_printf(w->arena, "%s %s: " STR_FMT, what,
		a == ANSWER_ERROR ? "could not be carried out" : "failed", STR_ARG(text));
}

/* A probe fails again and again: each way of failing is told once. */
static void say_probe(struct probe_context *p, enum probe_answer a, struct str text)
{
	struct sidecar_watch *w = p->watch;
	struct arena *old = w->arena;
	struct arena *fresh;
	struct str name, said;

	if (a == ANSWER_SUCCESS) {
		p->said = STR_NONE;
		return;
	}
	name = arena_printf(w->arena, "%s probe", probe_kind_name(p->kind));
	said = failure_text(w, name.p, a, text_line(w, text));
	if (!str_eq(said, p->said))
		say(w, said);
	p->said = said;
	/* texts of answers before are not kept, however many there will be */
	fresh = arena_new();
	for (size_t i = 0; i < PROBE_KIND_N; i++)
		w->probes[i].said = arena_str(fresh, w->probes[i].said);
	w->why = arena_str(fresh, w->why);
	w->arena = fresh;
	arena_free(old);
}

/* --- the end ----------------------------------------------------------------------------- */

static void sidecar_signal(struct sidecar_watch *w, int signal)
{
	struct err err = {0};

	if (w->step->proc && step_signal(w->step->proc, signal, &err))
		log_warn("%s, going on", err.msg);
}

static void sidecar_terminate(struct sidecar_watch *w)
{
	const struct drive *d = w->step->task->drive;
	const int64_t now_ns = clock_mono_ns();

	w->phase = SIDECAR_STOPPING;
	/* who is told on its own has the time that its probe gives */
	if (!w->why.n && w->kill_ns > now_ns + d->stop_grace_ns)
		w->kill_ns = now_ns + d->stop_grace_ns;
	watch_set_deadline(w->timer, w->kill_ns);
	sidecar_signal(w, SIGTERM);
}

static int hook_start(struct sidecar_watch *w, const struct launch_handler *h,
	int64_t deadline_ns, void (*done)(void *, enum probe_answer, struct str),
	struct err *err)
{
	const struct handler_config c = {.loop = w->step->task->drive->c->loop,
		.handler = h,
		.visit = &w->visit,
		.ns = w->visit.ns,
		.own_ip =
			w->step->task->net ? STR_NONE : w->step->task->drive->c->launch.own_ip,
		.user_agent = "kube-lifecycle/monopod",
		.deadline_ns = deadline_ns,
		.is_hook = true,
		.done = done,
		.arg = w};

	return handler_start(&c, &w->hook, err);
}

static void pre_stop_done(void *arg, enum probe_answer a, struct str text)
{
	struct sidecar_watch *w = arg;

	if (a != ANSWER_SUCCESS)
		say(w, failure_text(w, "preStop hook", a, text_line(w, text)));
	handler_free(w->hook);
	w->hook = NULL;
	sidecar_terminate(w);
}

static void handlers_free(struct sidecar_watch *w)
{
	health_stop(&w->health);
	for (size_t i = 0; i < PROBE_KIND_N; i++) {
		handler_free(w->probes[i].run);
		w->probes[i].run = NULL;
	}
	handler_free(w->hook);
	w->hook = NULL;
}

/* Once more: with less time, when that is what is asked for. */
static void sidecar_stop(struct sidecar_watch *w, int64_t total_ns)
{
	const int64_t now_ns = clock_mono_ns();
	const int64_t reserve_ns =
		total_ns / 2 < term_reserve_ns ? total_ns / 2 : term_reserve_ns;
	const bool has_hook = w->spec && w->spec->pre_stop.kind != HANDLER_NONE;
	const bool again = w->phase >= SIDECAR_PRE_STOP;
	struct err err = {0};

	if (again && w->kill_ns <= now_ns + total_ns)
		return;
	w->kill_ns = now_ns + total_ns;
	if (again) {
		watch_set_deadline(w->timer, w->kill_ns);
		return;
	}
	handlers_free(w);
	if (!has_hook || !total_ns) {
		sidecar_terminate(w);
		return;
	}
	w->phase = SIDECAR_PRE_STOP;
	watch_set_deadline(w->timer, w->kill_ns);
	if (hook_start(w, &w->spec->pre_stop, w->kill_ns - reserve_ns, pre_stop_done, &err)) {
		log_warn("%s, going on", err.msg);
		sidecar_terminate(w);
	}
}

/* The task goes on without it: probes and hooks may end a sidecar. */
static void sidecar_fail(struct sidecar_watch *w, struct str why, int64_t grace_ns)
{
	w->why = why;
	say(w, arena_printf(w->arena, "stopped, as its " STR_FMT, STR_ARG(why)));
	sidecar_stop(w, grace_ns ? grace_ns : pod_grace_ns);
}

/* --- probes ------------------------------------------------------------------------------ */

static void probes_turn(struct sidecar_watch *w);

static void take_news(struct probe_context *p, enum health_news news)
{
	struct sidecar_watch *w = p->watch;

	switch (news) {
	case HEALTH_SAME:
		break;
	case HEALTH_READY:
		sidecar_event(w, EVENT_SIDECAR_READY);
		break;
	case HEALTH_UNREADY:
		sidecar_event(w, EVENT_SIDECAR_UNREADY);
		break;
	case HEALTH_FAILED:
		sidecar_fail(w, p->said, w->spec->probes[p->kind].grace_ns);
		return;
	}
	probes_turn(w);
}

static void probe_done(void *arg, enum probe_answer a, struct str text)
{
	struct probe_context *p = arg;
	struct handler_run *run = p->run;

	p->run = NULL;
	say_probe(p, a, text);
	handler_free(run);
	take_news(p, health_answer(&p->watch->health, p->kind, a, clock_mono_ns()));
}

static int probe_start(struct probe_context *p, struct err *err)
{
	struct sidecar_watch *w = p->watch;
	const struct launch_probe *spec = &w->spec->probes[p->kind];
	const struct handler_config c = {.loop = w->step->task->drive->c->loop,
		.handler = &spec->handler,
		.visit = &w->visit,
		.ns = w->visit.ns,
		.own_ip =
			w->step->task->net ? STR_NONE : w->step->task->drive->c->launch.own_ip,
		.user_agent = "kube-probe/monopod",
		.timeout_ns = spec->timeout_ns,
		.done = probe_done,
		.arg = p};

	return handler_start(&c, &p->run, err);
}

/* Asks what is due, and waits for the next. */
static void probes_turn(struct sidecar_watch *w)
{
	const int64_t now_ns = clock_mono_ns();
	enum probe_kind kind;
	struct err err = {0};

	while (health_next(&w->health, now_ns, &kind)) {
		if (probe_start(&w->probes[kind], &err)) {
			log_warn("%s, going on", err.msg);
			(void)health_answer(&w->health, kind, ANSWER_ERROR, now_ns);
		}
	}
	watch_set_deadline(w->timer, health_deadline_ns(&w->health));
}

static void sidecar_on_timer(void *arg, int fd attr_unused)
{
	struct sidecar_watch *w = arg;

	if (w->phase == SIDECAR_RUNNING) {
		probes_turn(w);
		return;
	}
	/* the time is over, also for a hook */
	handlers_free(w);
	w->phase = SIDECAR_STOPPING;
	sidecar_signal(w, SIGKILL);
}

/* --- the beginning ----------------------------------------------------------------------- */

static void sidecar_started(struct sidecar_watch *w)
{
	w->phase = SIDECAR_RUNNING;
	sidecar_event(w, EVENT_SIDECAR_STARTED);
	health_start(&w->health, w->spec, w->started_ns, clock_mono_ns());
	if (w->health.is_ready)
		sidecar_event(w, EVENT_SIDECAR_READY);
	if (w->spec)
		probes_turn(w);
}

static void post_start_done(void *arg, enum probe_answer a, struct str text)
{
	struct sidecar_watch *w = arg;
	struct str why = a == ANSWER_SUCCESS
				 ? STR_NONE
				 : failure_text(w, "postStart hook", a, text_line(w, text));

	handler_free(w->hook);
	w->hook = NULL;
	if (a == ANSWER_SUCCESS)
		sidecar_started(w);
	else
		sidecar_fail(w, why, 0);
}

static struct launch_handler handler_copy(struct arena *a, const struct launch_handler *h)
{
	struct launch_handler copy = *h;

	copy.problem = arena_str(a, h->problem);
	copy.host = arena_str(a, h->host);
	copy.path = arena_str(a, h->path);
	copy.command = arena_new_array(a, struct str, h->n_command);
	for (size_t i = 0; i < h->n_command; i++)
		copy.command[i] = arena_str(a, h->command[i]);
	copy.headers = arena_new_array(a, struct launch_header, h->n_headers);
	for (size_t i = 0; i < h->n_headers; i++)
		copy.headers[i] =
			(struct launch_header){.name = arena_str(a, h->headers[i].name),
				.value = arena_str(a, h->headers[i].value)};
	return copy;
}

/* The launch is gone when a sidecar is told to stop. */
static struct launch_health *health_copy(struct arena *a, const struct launch_health *h)
{
	struct launch_health *copy = arena_new_object(a, struct launch_health);

	*copy = *h;
	for (size_t i = 0; i < PROBE_KIND_N; i++)
		copy->probes[i].handler = handler_copy(a, &h->probes[i].handler);
	copy->post_start = handler_copy(a, &h->post_start);
	copy->pre_stop = handler_copy(a, &h->pre_stop);
	return copy;
}

static void visit_fill(struct sidecar_watch *w, const struct sandbox_config *c)
{
	w->visit = (struct sandbox_visit_config){.name = c->name,
		.ns = c->ns,
		.step = step_sandbox(w->step->proc),
		.envp = c->envp,
		.cwd = arena_str(w->step->task->arena, c->cwd),
		.uid = c->uid,
		.gid = c->gid,
		.groups = c->groups,
		.n_groups = c->n_groups,
		.security = c->security,
		.rlimits = c->rlimits,
		.n_rlimits = c->n_rlimits};
}

/* A dry run has no process, and nothing to ask. */
static void sidecar_pretend(struct step_context *s)
{
	const struct sidecar_watch w = {.step = s};

	sidecar_event(&w, EVENT_SIDECAR_STARTED);
	sidecar_event(&w, EVENT_SIDECAR_READY);
}

void sidecar_begin(struct step_context *s, const struct sandbox_config *c)
{
	struct task_context *t = s->task;
	struct sidecar_watch *w;
	struct err err = {0};

	if (!s->proc) {
		sidecar_pretend(s);
		return;
	}
	w = arena_new_object(t->arena, struct sidecar_watch);
	w->step = s;
	w->arena = arena_new();
	w->started_ns = clock_mono_ns();
	for (size_t i = 0; i < PROBE_KIND_N; i++)
		w->probes[i] = (struct probe_context){.watch = w, .kind = (enum probe_kind)i};
	w->timer = loop_add_timer(t->drive->c->loop, "sidecar", sidecar_on_timer, w, &err);
	BUG_ON(!w->timer); /* only memory can fail here */
	s->watch = w;
	if (launch_of(w)->health) {
		w->spec = health_copy(t->arena, launch_of(w)->health);
		visit_fill(w, c);
	}
	if (!w->spec || w->spec->post_start.kind == HANDLER_NONE)
		sidecar_started(w);
	else if (hook_start(w, &w->spec->post_start, INT64_MAX, post_start_done, &err))
		sidecar_fail(w, arena_strz(w->arena, err.msg), 0);
}

void sidecar_end(struct step_context *s)
{
	struct sidecar_watch *w = s->watch;

	if (!w)
		return;
	s->watch = NULL;
	handlers_free(w);
	watch_remove(w->timer);
	arena_free(w->arena);
}

struct str sidecar_why(const struct step_context *s)
{
	return s->watch ? s->watch->why : STR_NONE;
}

bool sidecar_owns_pid(const struct step_context *s, pid_t pid)
{
	const struct sidecar_watch *w = s->watch;

	if (!w)
		return false;
	for (size_t i = 0; i < PROBE_KIND_N; i++)
		if (handler_pid(w->probes[i].run) == pid)
			return true;
	return handler_pid(w->hook) == pid;
}

/* --- the end of an attempt --------------------------------------------------------------- */

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

/* What the steps were waiting for, when they waited in vain. */
static void note_waits(const struct sidecar_watch *w)
{
	const struct task_context *t = w->step->task;
	struct str text = STR("its postStart hook was not over");

	if (!w->spec || w->health.was_ready || w->phase > SIDECAR_RUNNING)
		return;
	if (w->phase == SIDECAR_RUNNING)
		text = w->health.probes[PROBE_STARTUP].spec ? w->probes[PROBE_STARTUP].said
							    : w->probes[PROBE_READINESS].said;
	drive_note(t->drive,
		arena_printf(w->arena,
			"sidecar " STR_FMT " in " STR_FMT " was never ready: " STR_FMT,
			STR_ARG(launch_of(w)->name), STR_ARG(t->launch->name),
			STR_ARG(text.n ? text : STR("no probe was answered"))));
}

void sidecar_stop_all(struct task_context *t)
{
	struct drive *d = t->drive;

	t->is_stopping = true;
	t->launch = launch_keep(t->arena, t->launch);
	attempt_keep(t->dirs, t->launch);
	for (size_t i = t->launch->n_steps; i < launch_n_containers(t->launch); i++) {
		struct sidecar_watch *w = t->steps[i].watch;
		const bool has_hook = w && w->spec && w->spec->pre_stop.kind != HANDLER_NONE;

		if (!w)
			continue;
		note_waits(w);
		if (d->n_cancels > 1)
			sidecar_signal(w, SIGKILL);
		else
			sidecar_stop(
				w, has_hook && !d->n_cancels ? pod_grace_ns : d->stop_grace_ns);
	}
}

void sidecar_hurry(struct drive *d, bool kill)
{
	for (size_t i = 0; i < d->tasks.n; i++) {
		const struct task_context *t = d->tasks.p[i];

		if (!t->is_stopping)
			continue;
		for (size_t k = t->launch->n_steps; k < launch_n_containers(t->launch); k++) {
			if (!t->steps[k].watch)
				continue;
			if (kill)
				sidecar_signal(t->steps[k].watch, SIGKILL);
			else
				sidecar_stop(t->steps[k].watch, d->stop_grace_ns);
		}
	}
}
