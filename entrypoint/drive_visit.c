/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's side of `shell`: requests, the visitors, and the release of who waits. */
#include "drive_visit.h"

#include "launch.h"
#include "view_text.h"
#include "visit_request.h"

#include <base/buf.h>
#include <base/fd.h>
#include <base/log.h>
#include <base/num.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { VISITS_MAX = 64, EXIT_NO_PROGRAM = 126, EXIT_MISSING = 127 };

struct visit {
	struct drive *drive;
	struct arena *arena;
	int channel_fd;
	struct watch *channel;
	struct visit_request request;
	bool has_request;
	int slot_fd[VISIT_SLOTS]; /* of the client: standard descriptors, and a shell for who
				     has none */
	bool has_terminal;
	/* --- once it was started */
	struct step_context *host;
	struct sandbox_proc proc;
	struct watch *started, *exited;
	struct watch *limit; /* the client is gone: how long its end may take */
	size_t n_tried;      /* shells */
	int exec_errno;
};

/* Where images have them. An interactive one first. */
static const char *const shells[] = {
	"/bin/bash", "/usr/bin/bash", "/bin/sh", "/usr/bin/sh", "/bin/ash", "/busybox/sh"};

static void visit_free(struct visit *v)
{
	struct drive *d = v->drive;

	for (size_t i = 0; i < d->visits.n; i++) {
		if (d->visits.p[i] == v)
			d->visits.p[i] = d->visits.p[--d->visits.n];
	}
	watch_remove(v->channel);
	watch_remove(v->started);
	watch_remove(v->exited);
	watch_remove(v->limit);
	sandbox_visit_abandon(&v->proc);
	for (size_t i = 0; i < VISIT_SLOTS; i++)
		fd_close(&v->slot_fd[i]);
	fd_close(&v->channel_fd);
	arena_free(v->arena);
}

/* Who does not read what is said to him has left. */
static void visit_reply(
	struct visit *v, enum visit_reply_kind kind, int value, const char *text)
{
	struct visit_reply r = {.kind = kind, .value = value};

	(void)memccpy(r.text, text, 0, sizeof(r.text) - 1);
	(void)send(v->channel_fd, &r, sizeof(r), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void visit_refuse(struct visit *v, const struct err *err)
{
	visit_reply(v, VISIT_REFUSED, (int)err->kind, err->msg);
	visit_free(v);
}

/* --- which step -------------------------------------------------------------------------- */

/* By its TaskRun's name, whole or in the run, or by that of the pipeline task. */
static bool is_task(const struct task_context *t, struct str word)
{
	const struct run_view *run = agent_view(t->drive->agent);
	const struct task_run_view *v = run->task_runs[t->task];

	return !word.n || str_eq(word, v->name) || str_eq(word, view_task_name(run, v)) ||
	       (v->pipeline_task < v->owner->n_pipeline_tasks &&
		       str_eq(word, v->owner->pipeline_tasks[v->pipeline_task].spec->name.s));
}

/* A sidecar by its own name, when no step has that. */
static bool is_step(const struct task_context *t, size_t i, struct str word)
{
	const struct step_launch *s = &t->launch->steps[i];

	if (!word.n || str_eq(word, step_launch_label(s)))
		return true;
	for (size_t k = 0; k < t->launch->n_steps; k++) {
		if (str_eq(word, t->launch->steps[k].name))
			return false;
	}
	return s->sidecar && str_eq(word, s->name);
}

struct found {
	struct step_context *step, *halted; /* the last of each */
	size_t n_steps, n_halted;
	struct buf names;
};

static void found_add(struct found *f, struct step_context *s)
{
	const struct task_context *t = s->task;
	const struct run_view *run = agent_view(t->drive->agent);

	f->step = s;
	f->n_steps++;
	if (s->halt) {
		f->halted = s;
		f->n_halted++;
	}
	buf_addf(&f->names, "%s'" STR_FMT " " STR_FMT "'", f->n_steps == 1 ? "" : ", ",
		STR_ARG(view_task_name(run, run->task_runs[t->task])),
		STR_ARG(step_launch_label(&t->launch->steps[s->index])));
}

static bool is_running(const struct step_context *s)
{
	return s->proc && step_sandbox(s->proc)->pidfd_fd >= 0;
}

static void find_all(const struct drive *d, struct str task, struct str step, struct found *f)
{
	for (size_t i = 0; i < d->tasks.n; i++) {
		struct task_context *t = d->tasks.p[i];

		if (t->is_stopping || !is_task(t, task))
			continue;
		for (size_t k = 0; k < launch_n_containers(t->launch); k++) {
			if (is_running(&t->steps[k]) && is_step(t, k, step))
				found_add(f, &t->steps[k]);
		}
	}
}

/* With what there is instead. */
static void refuse_unknown(const struct visit *v, struct found *f, struct err *err)
{
	struct str what = v->request.step.n ? arena_printf(v->arena, "step '" STR_FMT "'",
						      STR_ARG(v->request.step))
					    : STR("step");

	if (v->request.task.n)
		what = arena_printf(v->arena, STR_FMT " of '" STR_FMT "'", STR_ARG(what),
			STR_ARG(v->request.task));
	find_all(v->drive, STR_NONE, STR_NONE, f);
	err_set(err, ERR_NOT_FOUND, "no " STR_FMT " is running%s%s", STR_ARG(what),
		f->names.n ? ": expected one of " : "", f->names.n ? f->names.p : "");
}

/* What was named, or else the only one that waits, or the only one. */
static struct step_context *visit_find(const struct visit *v, struct err *err)
{
	struct found f = {0};
	struct step_context *ret = NULL;

	buf_init(&f.names, VISIT_TEXT_MAX / 2);
	find_all(v->drive, v->request.task, v->request.step, &f);
	if (f.n_halted == 1 || f.n_steps == 1)
		ret = f.n_halted == 1 ? f.halted : f.step;
	else if (!f.n_steps)
		refuse_unknown(v, &f, err);
	else
		err_set(err, ERR_NOT_FOUND, "more than one step is running: name one of %s",
			f.names.n ? f.names.p : "them");
	buf_release(&f.names);
	return ret;
}

/* --- the program ------------------------------------------------------------------------- */

/* Of the step's environment all but what says which terminal this is. */
static char *const *visit_env(const struct visit *v, char *const *env)
{
	size_t n = 0, k = 0;
	char **ret;

	while (env[n])
		n++;
	ret = arena_new_array(v->arena, char *, n + 2);
	for (size_t i = 0; i < n; i++) {
		if (!v->request.term.n || !str_starts(str_z(env[i]), STR("TERM=")))
			ret[k++] = env[i];
	}
	if (v->request.term.n)
		ret[k] = (char *)(uintptr_t)arena_printf(
			v->arena, "TERM=" STR_FMT, STR_ARG(v->request.term))
				 .p;
	return ret;
}

static char *const *visit_argv(const struct visit *v, bool is_ours)
{
	const struct visit_request *r = &v->request;
	const char *name = is_ours ? "sh" : shells[v->n_tried % ARRAY_SIZE(shells)];
	char **argv = arena_new_array(v->arena, char *, r->n_command + 2);

	if (!r->n_command)
		argv[0] = (char *)(uintptr_t)name;
	for (size_t i = 0; i < r->n_command; i++)
		argv[i] = (char *)(uintptr_t)r->command[i].p;
	return argv;
}

static int visit_launch(struct visit *v, struct err *err)
{
	struct task_context *t = v->host->task;
	const struct drive_config *dc = t->drive->c;
	const struct step_launch *s = &t->launch->steps[v->host->index];
	bool is_ours = !v->request.n_command && v->n_tried == ARRAY_SIZE(shells);
	struct launch_program program;
	struct sandbox_visit_config c;

	if (launch_program(v->arena, &t->pod, s, t->images[v->host->index], &program, err))
		return -1;
	launch_visit(v->arena, s, &program, &c);
	c.name = arena_printf(v->arena, STR_FMT "/" STR_FMT, STR_ARG(t->launch->name),
		STR_ARG(step_launch_label(s)));
	c.ns = t->net ? t->net : dc->ns;
	c.step = step_sandbox(v->host->proc);
	c.argv = visit_argv(v, is_ours);
	c.envp = visit_env(v, program.envp);
	c.has_terminal = v->has_terminal;
	c.has_program = is_ours;
	c.program_fd = v->slot_fd[VISIT_SLOT_PROGRAM];
	c.stdin_fd = v->slot_fd[0];
	c.stdout_fd = v->has_terminal ? v->slot_fd[0] : v->slot_fd[1];
	c.stderr_fd = v->has_terminal ? v->slot_fd[0] : v->slot_fd[2];
	if (sandbox_visit(&c, &v->proc, err) == 0)
		return 0;
	c.cwd = STR("/"); /* the step may have taken its own away */
	return sandbox_visit(&c, &v->proc, NULL);
}

/* As a shell tells it. */
static void visit_refuse_command(struct visit *v)
{
	struct str text = arena_printf(v->arena, "exec '%s': %s", v->request.command[0].p,
		strerrordesc_np(v->exec_errno));

	visit_reply(v, VISIT_ENDED, v->exec_errno == ENOENT ? EXIT_MISSING : EXIT_NO_PROGRAM,
		str_c(text));
	visit_free(v);
}

static void visit_on_exit(void *arg, int fd);
static void visit_on_started(void *arg, int fd);

/* The next program that is to be tried; an error: there is none, or no visit is possible. */
static int visit_start(struct visit *v, struct err *err)
{
	struct loop *loop = v->drive->c->loop;

	if (!is_running(v->host))
		return err_set(err, ERR_NOT_FOUND, "the step has ended");
	if (v->n_tried > ARRAY_SIZE(shells) ||
		(v->n_tried == ARRAY_SIZE(shells) && v->slot_fd[VISIT_SLOT_PROGRAM] < 0))
		return err_set(err, ERR_NOT_FOUND,
			"the step's image has no shell, and there is none of ours here: put a "
			"static busybox at " VISIT_PROGRAM_PLACE
			", name one with MONOPOD_SHELL, or give a command behind '--'");
	if (visit_launch(v, err))
		return -1;
	v->started = loop_add_read(
		loop, v->proc.status_fd, LOOP_EXIT, "visit", visit_on_started, v, err);
	v->exited = loop_add_read(
		loop, v->proc.pidfd_fd, LOOP_EXIT, "visit exit", visit_on_exit, v, err);
	return v->started && v->exited ? 0 : -1;
}

static void visit_on_started(void *arg, int fd)
{
	struct visit *v = arg;
	struct sandbox_exit report = {0};
	ssize_t n = read(fd, &report, sizeof(report));

	watch_remove(v->started);
	v->started = NULL;
	v->exec_errno = 0;
	if (n == (ssize_t)sizeof(report))
		v->exec_errno = report.exec_errno ? (int)report.exec_errno : EIO;
	if (v->exec_errno)
		return; /* its end follows */
	for (size_t i = 0; i < VISIT_SLOT_PROGRAM; i++)
		fd_close(&v->slot_fd[i]);
	visit_reply(v, VISIT_STARTED, 0, "");
}

static void visit_on_exit(void *arg, int fd attr_unused)
{
	struct visit *v = arg;
	struct err err = {0};
	int status = 0;
	int rc;

	if (v->started)
		visit_on_started(v, v->proc.status_fd);
	watch_remove(v->exited);
	v->exited = NULL;
	rc = sandbox_visit_finish(&v->proc, &status, &err);
	if (rc == 0 && v->exec_errno && v->request.n_command) {
		visit_refuse_command(v);
		return;
	}
	if (rc == 0 && v->exec_errno && !v->limit) {
		v->n_tried++;
		rc = visit_start(v, &err);
		if (rc == 0)
			return;
	}
	if (rc) {
		visit_refuse(v, &err);
		return;
	}
	visit_reply(v, VISIT_ENDED, status, "");
	visit_free(v);
}

/* --- requests ---------------------------------------------------------------------------- */

static int visit_release(struct visit *v, struct step_context *s, struct err *err)
{
	const struct task_context *t = s->task;
	enum release how = v->request.verb == VISIT_FAIL ? RELEASE_FAIL : RELEASE_CONTINUE;
	struct str name = arena_printf(v->arena, STR_FMT "/" STR_FMT, STR_ARG(t->launch->name),
		STR_ARG(step_launch_label(&t->launch->steps[s->index])));

	if (!halt_release(s, how, how == RELEASE_FAIL))
		return err_set(err, ERR_NOT_FOUND,
			"step '" STR_FMT "' does not wait at a breakpoint", STR_ARG(name));
	visit_reply(v, VISIT_DONE, 0, str_c(name));
	visit_free(v);
	return 0;
}

/* All was said. Frees the visit unless it goes on. */
static int request_carry_out(struct visit *v, struct err *err)
{
	const struct run_view *run = agent_view(v->drive->agent);
	const bool is_release =
		v->request.verb == VISIT_CONTINUE || v->request.verb == VISIT_FAIL;

	if (!str_eq(v->request.run, run->name))
		return err_set(err, ERR_NOT_FOUND,
			"run '" STR_FMT "' is not running now, but '" STR_FMT "'",
			STR_ARG(v->request.run), STR_ARG(run->name));
	v->host = visit_find(v, err);
	if (!v->host)
		return -1;
	if (is_release)
		return visit_release(v, v->host, err);
	if (v->slot_fd[0] < 0 || (!v->has_terminal && (v->slot_fd[1] < 0 || v->slot_fd[2] < 0)))
		return err_set(err, ERR_USAGE, "the request is not understood");
	return visit_start(v, err);
}

static int request_descriptor(struct visit *v, const struct visit_message *m, struct err *err)
{
	char what;
	size_t n = 0;
	int fd cleanup_fd = -1;

	if (fd_receive(v->channel_fd, &what, 1, &n, &fd, err))
		return -1;
	if (v->slot_fd[m->slot] >= 0)
		return err_set(err, ERR_USAGE, "the request is not understood");
	v->slot_fd[m->slot] = fd_take(&fd);
	v->has_terminal |= m->is_terminal;
	return 0;
}

/* One message of a client that has been heard before. */
static int visit_message(struct visit *v, struct str text, struct err *err)
{
	struct visit_message m = {.kind = VISIT_MESSAGE_END};
	const bool is_known = visit_message_read(text, &m);

	if (is_known && m.kind == VISIT_MESSAGE_DESCRIPTOR && !v->host)
		return request_descriptor(v, &m, err);
	(void)recv(v->channel_fd, NULL, 0, MSG_DONTWAIT | MSG_TRUNC); /* it was read */
	if (is_known && m.kind == VISIT_MESSAGE_SIGNAL && v->proc.pidfd_fd >= 0)
		return sandbox_signal(&v->proc, m.signal, err);
	if (is_known && m.kind == VISIT_MESSAGE_END && !v->host)
		return request_carry_out(v, err);
	return err_set(err, ERR_USAGE, "the request is not understood");
}

static int visit_first(struct visit *v, struct err *err)
{
	char *text = arena_alloc(v->arena, VISIT_REQUEST_MAX);
	ssize_t n = recv(v->channel_fd, text, VISIT_REQUEST_MAX, MSG_DONTWAIT | MSG_TRUNC);

	if (n <= 0 || n > VISIT_REQUEST_MAX)
		return err_set(err, ERR_USAGE, "the request is too long");
	v->has_request = true;
	return visit_request_read(
		v->arena, (struct str){.p = text, .n = (size_t)n}, &v->request, err);
}

static void visit_on_limit(void *arg, int fd attr_unused)
{
	visit_free(arg);
}

/* With all that was started. */
static void visit_leave(struct visit *v)
{
	watch_remove(v->channel);
	v->channel = NULL;
	if (v->proc.pidfd_fd >= 0)
		v->limit =
			loop_add_timer(v->drive->c->loop, "visit end", visit_on_limit, v, NULL);
	if (!v->limit) {
		visit_free(v);
		return;
	}
	sandbox_visit_kill(&v->proc);
	watch_set_deadline(v->limit,
		loop_now_ns(v->drive->c->loop) + SANDBOX_VISIT_END_MS * (int64_t)NS_PER_MS);
}

static void visit_on_channel(void *arg, int fd)
{
	struct visit *v = arg;
	struct err err = {0};
	char text[2]; /* of a longer message there is more than it can mean */
	ssize_t n = recv(fd, text, sizeof(text), MSG_PEEK | MSG_DONTWAIT | MSG_TRUNC);
	int rc;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* the client is gone, and so is who he let in */
		visit_leave(v);
		return;
	}
	if (!v->has_request)
		rc = visit_first(v, &err);
	else if (n > (ssize_t)sizeof(text))
		rc = err_set(&err, ERR_USAGE, "the request is not understood");
	else
		rc = visit_message(v, (struct str){.p = text, .n = (size_t)n}, &err);
	if (rc)
		visit_refuse(v, &err);
}

/* --- from and to the drive --------------------------------------------------------------- */

static bool is_channel(int fd)
{
	int type = 0, domain = 0;
	socklen_t n = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_SEQPACKET &&
	       getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_UNIX;
}

void drive_visit(struct drive *d, int *channel_fd)
{
	struct err err = {0};
	struct visit *v;
	struct arena *a;

	if (d->visits.n >= VISITS_MAX || !is_channel(*channel_fd))
		return;
	a = arena_new();
	v = arena_new_object(a, struct visit);
	*v = (struct visit){.drive = d,
		.arena = a,
		.channel_fd = fd_take(channel_fd),
		.slot_fd = {-1, -1, -1, -1},
		.proc = {.pidfd_fd = -1, .status_fd = -1, .copies_fd = -1}};
	vec_push(&d->visits, v);
	v->channel = loop_add_read(d->c->loop, v->channel_fd, LOOP_SIGNAL, "visit request",
		visit_on_channel, v, &err);
	if (!v->channel)
		visit_refuse(v, &err);
}

void visit_end_of(struct drive *d, const struct step_context *s)
{
	static const struct err gone = {.kind = ERR_NOT_FOUND, .msg = "the step has ended"};

	for (size_t i = d->visits.n; i-- > 0;) {
		if (d->visits.p[i]->host == s)
			visit_refuse(d->visits.p[i], &gone);
	}
}

void visit_free_all(struct drive *d)
{
	while (d->visits.n)
		visit_free(d->visits.p[d->visits.n - 1]);
	vec_release(&d->visits);
}

bool visit_owns_pid(const struct drive *d, pid_t pid)
{
	for (size_t i = 0; i < d->visits.n; i++) {
		if (d->visits.p[i]->proc.pidfd_fd >= 0 && d->visits.p[i]->proc.pid == pid)
			return true;
	}
	return false;
}
