/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A step at a breakpoint (tekton-semantics 25). It waits until somebody asks for its release
 * over the control socket, or writes one of Tekton's control files into /tekton/run/I: which
 * only the step itself can, and whoever visits it. How the wait ended becomes an event; what
 * comes of it is the agent's to say.
 */
#include "drive_task.h"

#include "view_text.h"

#include <base/fd.h>
#include <base/log.h>
#include <base/num.h>
#include <base/path.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_BITS = 0xff, CONTROL_BYTES = 32, EVENTS_BYTES = 4096 };

struct halt {
	struct step_context *step;
	bool has_failed;
	bool is_released; /* an event is on its way, or was */
	int run_dfd;      /* /tekton/run/I */
	int notify_fd;
	struct watch *watch;
};

/* What a file means that appears there. Of two that are there the first counts. */
static const struct control_file {
	const char *name;
	bool has_failed; /* at which breakpoint */
	bool is_error;
} control_files[] = {
	{"out.breakpointexit", true, false},
	{"out.breakpointexit.err", true, true},
	{"out.beforestepexit", false, false},
	{"out.beforestepexit.err", false, true},
};
enum { CONTROL_ALL = (1 << ARRAY_SIZE(control_files)) - 1 };

/* --- what is said ------------------------------------------------------------------------ */

/* As the other verbs name the run from here. */
static struct str run_word(const struct drive *d, struct arena *a)
{
	struct str path = d->run->path;
	char cwd[PATH_MAX];
	struct str runs;

	if (!getcwd(cwd, sizeof(cwd)))
		return path;
	runs = arena_printf(a, "%s/.monopod/runs/", cwd);
	if (str_starts(path, runs) && str_chr(str_slice(path, runs.n, path.n), '/') < 0)
		return str_slice(path, runs.n, path.n);
	return path;
}

static void say(const struct step_context *s, const struct step_outcome *failed)
{
	struct arena *a cleanup_arena = arena_new();
	const struct task_context *t = s->task;
	const struct run_view *run = agent_view(t->drive->agent);
	struct str how = STR_NONE;

	if (failed && failed->end == STEP_END_EXITED)
		how = arena_printf(a, "exit code %d, ", failed->exit_code);
	else if (failed && failed->end == STEP_END_SIGNALED)
		how = arena_printf(a, "killed by signal %d, ", failed->signal);
	else if (failed)
		how = STR("failed, ");
	step_say(s->proc, arena_printf(a,
				  STR_FMT "waiting at a breakpoint%s: monopod shell " STR_FMT
					  " " STR_FMT " " STR_FMT ", --continue or --fail",
				  STR_ARG(how), failed ? "" : " before it starts",
				  STR_ARG(run_word(t->drive, a)),
				  STR_ARG(view_task_name(run, run->task_runs[t->task])),
				  STR_ARG(t->launch->steps[s->index].name)));
}

/* --- the control files ------------------------------------------------------------------- */

/* As Tekton's entrypoint reads it: what is no number counts as 0. False: no such file. */
static bool control_read(const struct halt *h, const char *name, int *ret_code)
{
	struct sandbox_ns *ns = h->step->task->drive->c->ns;
	char text[CONTROL_BYTES];
	struct stat st;
	uint64_t n;
	ssize_t got;
	int fd cleanup_fd = sandbox_open_beneath(ns, h->run_dfd, name, NULL);

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	got = read(fd, text, sizeof(text));
	*ret_code = 0;
	if (got > 0 && num_u64(str_trim((struct str){.p = text, .n = (size_t)got}), INT_MAX, &n,
			       NULL) == 0)
		*ret_code = (int)n & EXIT_BITS;
	return true;
}

static bool control_take(const struct halt *h, const struct control_file *f)
{
	int code = 0;

	if (f->has_failed != h->has_failed || !control_read(h, f->name, &code))
		return false;
	if (f->is_error)
		return halt_release(h->step, RELEASE_FAIL, code ? code : 1);
	/* before a step only the name counts */
	if (code && h->has_failed)
		return halt_release(h->step, RELEASE_FAIL, code);
	return halt_release(h->step, RELEASE_CONTINUE, 0);
}

/* Each file once, however often it was named: a look may cost a process. */
static void control_look(const struct halt *h, unsigned int which)
{
	for (size_t i = 0; i < ARRAY_SIZE(control_files) && !h->is_released; i++) {
		if (which >> i & 1)
			(void)control_take(h, &control_files[i]);
	}
}

/* Bits of the table. When the kernel had no room for more, any of them may be there. */
static unsigned int control_named(const struct inotify_event *ev)
{
	if (ev->mask & IN_Q_OVERFLOW)
		return CONTROL_ALL;
	for (size_t i = 0; ev->len && i < ARRAY_SIZE(control_files); i++) {
		if (str_eqz(str_z(ev->name), control_files[i].name))
			return 1U << i;
	}
	return 0;
}

/* A file counts when it was closed after writing: what is in it is whole. */
static void halt_on_notify(void *arg, int fd)
{
	struct halt *h = arg;
	union {
		struct inotify_event align;
		char bytes[EVENTS_BYTES];
	} room;
	ssize_t n = read(fd, &room, sizeof(room));
	unsigned int which = 0;

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *ev = (const void *)(room.bytes + at);

		at += (ssize_t)(sizeof(*ev) + ev->len);
		which |= control_named(ev);
	}
	control_look(h, which);
}

static int halt_watch(struct halt *h, struct err *err)
{
	struct step_context *s = h->step;
	char path[32];

	h->run_dfd = attempt_step_run(s->task->dirs, s->index, err);
	if (h->run_dfd < 0)
		return -1;
	h->notify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (h->notify_fd < 0)
		return err_sys(err, "watch for control files");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", h->run_dfd);
	if (inotify_add_watch(h->notify_fd, path, IN_CLOSE_WRITE | IN_MOVED_TO | IN_ONLYDIR) <
		0)
		return err_sys(err, "watch for control files");
	h->watch = loop_add_read(s->task->drive->c->loop, h->notify_fd, LOOP_SIGNAL,
		"breakpoint", halt_on_notify, h, err);
	return h->watch ? 0 : -1;
}

/* --- the wait ---------------------------------------------------------------------------- */

void halt_begin(struct step_context *s, const struct step_outcome *failed)
{
	struct halt *h;
	struct err err = {0};

	halt_free(s);
	h = mem_zalloc(sizeof(*h));
	*h = (struct halt){
		.step = s, .has_failed = failed != NULL, .run_dfd = -1, .notify_fd = -1};
	s->halt = h;
	if (halt_watch(h, &err))
		log_warn("%s: only 'monopod shell' ends the wait", err.msg);
	say(s, failed);
	/* a step may have left word before it failed, as with Tekton */
	control_look(h, CONTROL_ALL);
}

bool halt_release(struct step_context *s, enum release release, int exit_code)
{
	struct queued_event *q;

	if (!s->halt || s->halt->is_released)
		return false;
	s->halt->is_released = true;
	q = step_queue(s, EVENT_STEP_RELEASED);
	q->event.release = release;
	q->event.exit_code = exit_code;
	return true;
}

void halt_free(struct step_context *s)
{
	struct halt *h = s->halt;

	if (!h)
		return;
	s->halt = NULL;
	watch_remove(h->watch);
	fd_close(&h->notify_fd);
	fd_close(&h->run_dfd);
	free(h);
}

void task_release_step(struct drive *d, const struct action *a)
{
	struct step_context *s = task_step(d, a);
	struct err err = {0};
	bool goes_on;
	int rc;

	if (!s || !s->halt)
		return;
	goes_on = !s->halt->has_failed && a->release == RELEASE_CONTINUE;
	if (!goes_on)
		s->release = a->release;
	if (a->release == RELEASE_FAIL && !s->halt->has_failed)
		step_say(s->proc,
			STR("Skipping execute step script because before step breakpoint "
			    "fail-continue"));
	halt_free(s);
	rc = goes_on ? step_go(s->proc, &err) : step_end(s->proc, &err);
	if (rc)
		log_warn("%s, going on", err.msg);
}
