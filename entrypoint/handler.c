/* SPDX-License-Identifier: Apache-2.0 */
/* Probes and hooks being carried out. */
#include "handler.h"

#include "dial.h"
#include "launch.h"

#include <base/arena.h>
#include <base/bounds.h>
#include <base/buf.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/num.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { READS_MAX = 64, READ_BYTES = 4 * KIB };

struct handler_run {
	struct handler_config c;
	struct arena *arena;
	struct watch *timer; /* the beginning, then the deadline or the end of a sleep */
	bool has_begun;
	int64_t begun_ns;
	struct dial *dial;
	/* --- EXEC */
	struct sandbox_proc proc;
	struct watch *exit_watch, *output_watch;
	int output_fd;
	struct buf output;
	bool is_late; /* its end was asked for at its deadline */
};

static void handler_end(struct handler_run *h, enum probe_answer a, struct str text)
{
	watch_set_deadline(h->timer, INT64_MAX);
	h->c.done(h->c.arg, a, text);
}

/* What a busy agent was late with is no fault of the container. */
static void handler_set_deadline(struct handler_run *h)
{
	h->begun_ns = clock_mono_ns();
	if (h->c.timeout_ns)
		h->c.deadline_ns = h->begun_ns + h->c.timeout_ns;
	watch_set_deadline(h->timer, h->c.deadline_ns);
}

static struct str late_text(const struct handler_run *h)
{
	const int64_t unit_ns = 100 * NS_PER_MS;
	int64_t n = (h->c.deadline_ns - h->begun_ns + unit_ns / 2) / unit_ns;

	return arena_printf(h->arena, "timed out after " STR_FMT,
		STR_ARG(num_duration_text(h->arena, n * unit_ns)));
}

/* --- a program --------------------------------------------------------------------------- */

/* False: there is no more. What is beyond the bound is read and dropped, so it can go on. */
static bool exec_read(struct handler_run *h)
{
	char bytes[READ_BYTES];
	ssize_t n = read(h->output_fd, bytes, sizeof(bytes));
	size_t room = HANDLER_OUTPUT_BYTES - h->output.n;

	if (n > 0)
		buf_add(&h->output, bytes, (size_t)n < room ? (size_t)n : room);
	return n > 0;
}

static void exec_on_output(void *arg, int fd attr_unused)
{
	struct handler_run *h = arg;

	if (exec_read(h) || errno == EAGAIN || errno == EINTR)
		return;
	watch_remove(h->output_watch);
	h->output_watch = NULL;
}

static void exec_close(struct handler_run *h)
{
	watch_remove(h->exit_watch);
	watch_remove(h->output_watch);
	h->exit_watch = h->output_watch = NULL;
	fd_close(&h->output_fd);
}

/* Why the program could not be executed; 0: it was. */
static int exec_errno(const struct handler_run *h)
{
	struct sandbox_exit report = {0};

	if (read(h->proc.status_fd, &report, sizeof(report)) != (ssize_t)sizeof(report) ||
		report.magic != SANDBOX_EXIT_MAGIC)
		return 0;
	return (int)report.exec_errno;
}

static void exec_on_exit(void *arg, int fd attr_unused)
{
	struct handler_run *h = arg;
	struct err err = {0};
	const int sys = exec_errno(h);
	int status = 0;
	bool is_known;

	/* what its children still hold is not waited for */
	for (int i = 0; i < READS_MAX && h->output_watch && exec_read(h); i++)
		;
	exec_close(h);
	is_known = sandbox_visit_finish(&h->proc, &status, &err) == 0;
	if (!is_known)
		handler_end(h, ANSWER_ERROR, arena_strz(h->arena, err.msg));
	else if (h->is_late)
		handler_end(h, ANSWER_FAILURE, late_text(h));
	else if (sys)
		handler_end(h, ANSWER_ERROR,
			launch_exec_text(h->arena, str_c(h->c.handler->command[0]), sys));
	else if (status == 0)
		handler_end(h, ANSWER_SUCCESS, buf_str(&h->output));
	else
		handler_end(h, ANSWER_FAILURE,
			h->output.n ? buf_str(&h->output)
				    : arena_printf(h->arena, "exit code %d", status));
}

static int exec_spawn(struct handler_run *h, struct err *err)
{
	const struct launch_handler *l = h->c.handler;
	struct sandbox_visit_config v = *h->c.visit;
	char **argv = arena_new_array(h->arena, char *, l->n_command + 1);
	int null_fd cleanup_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out_fd cleanup_fd = -1;

	for (size_t i = 0; i < l->n_command; i++)
		argv[i] = (char *)(uintptr_t)arena_str(h->arena, l->command[i]).p;
	if (null_fd < 0)
		return err_sys(err, "open '/dev/null'");
	if (v.step->pidfd_fd < 0)
		return err_set(err, ERR_SANDBOX, "the container has ended");
	if (fd_pipe(&h->output_fd, &out_fd, err) || fd_set_nonblock(h->output_fd, err))
		return -1;
	v.argv = argv;
	v.stdin_fd = null_fd;
	v.stdout_fd = v.stderr_fd = out_fd;
	if (sandbox_visit(&v, &h->proc, err))
		return -1;
	/* the end must be seen: from here on there is somebody to reap */
	h->exit_watch = loop_add_read(
		h->c.loop, h->proc.pidfd_fd, LOOP_EXIT, "handler exit", exec_on_exit, h, err);
	h->output_watch = loop_add_read(
		h->c.loop, h->output_fd, LOOP_OUTPUT, "handler output", exec_on_output, h, err);
	return h->exit_watch && h->output_watch ? fd_set_nonblock(h->proc.status_fd, err) : -1;
}

static void exec_abandon(struct handler_run *h)
{
	exec_close(h);
	sandbox_visit_abandon(&h->proc);
}

/* The deadline; then once more, when that was of no use. */
static void exec_stop(struct handler_run *h)
{
	if (h->is_late) {
		(void)sandbox_signal(&h->proc, SIGKILL, NULL);
		return;
	}
	h->is_late = true;
	sandbox_visit_kill(&h->proc);
	watch_set_deadline(
		h->timer, loop_now_ns(h->c.loop) + SANDBOX_VISIT_END_MS * (int64_t)NS_PER_MS);
}

static void exec_begin(struct handler_run *h)
{
	struct err err = {0};

	if (exec_spawn(h, &err) == 0) {
		handler_set_deadline(h); /* to start it was our time */
		return;
	}
	exec_abandon(h);
	handler_end(h, ANSWER_ERROR, arena_strz(h->arena, err.msg));
}

/* --- a connection ------------------------------------------------------------------------ */

static void dial_on_done(void *arg, enum probe_answer a, struct str text)
{
	struct handler_run *h = arg;

	handler_end(h, a, arena_str(h->arena, text));
}

static void dial_begin(struct handler_run *h)
{
	const struct dial_config c = {.loop = h->c.loop,
		.ns = h->c.ns,
		.handler = h->c.handler,
		.own_ip = h->c.own_ip,
		.agent = h->c.user_agent,
		.any_status = h->c.is_hook,
		.done = dial_on_done,
		.arg = h};

	h->dial = dial_new(&c);
	dial_start(h->dial);
}

/* --- all of them ------------------------------------------------------------------------- */

static void handler_begin(struct handler_run *h)
{
	h->has_begun = true;
	handler_set_deadline(h);
	switch (h->c.handler->kind) {
	case HANDLER_EXEC:
		exec_begin(h);
		break;
	case HANDLER_HTTP_GET:
	case HANDLER_TCP_SOCKET:
		dial_begin(h);
		break;
	case HANDLER_SLEEP:
		if (h->c.handler->sleep_ns < h->c.deadline_ns - h->begun_ns)
			watch_set_deadline(h->timer, h->begun_ns + h->c.handler->sleep_ns);
		else
			h->is_late = true;
		break;
	case HANDLER_NONE:
		handler_end(h, ANSWER_SUCCESS, STR_NONE);
		break;
	}
}

static void handler_on_timer(void *arg, int fd attr_unused)
{
	struct handler_run *h = arg;

	if (!h->has_begun && h->c.handler->problem.n) {
		handler_end(h, ANSWER_ERROR, h->c.handler->problem);
	} else if (!h->has_begun) {
		handler_begin(h);
	} else if (h->proc.pidfd_fd >= 0) {
		exec_stop(h);
	} else if (h->c.handler->kind == HANDLER_SLEEP && !h->is_late) {
		handler_end(h, ANSWER_SUCCESS, STR_NONE);
	} else {
		handler_end(h, ANSWER_FAILURE, late_text(h));
	}
}

int handler_start(const struct handler_config *c, struct handler_run **ret, struct err *err)
{
	struct arena *a = arena_new();
	struct handler_run *h = arena_new_object(a, struct handler_run);

	h->c = *c;
	h->arena = a;
	h->proc = (struct sandbox_proc){.pidfd_fd = -1, .status_fd = -1, .copies_fd = -1};
	h->output_fd = -1;
	buf_init(&h->output, HANDLER_OUTPUT_BYTES);
	h->timer = loop_add_timer(c->loop, "handler", handler_on_timer, h, err);
	if (!h->timer) {
		handler_free(h);
		return -1;
	}
	watch_set_deadline(h->timer, loop_now_ns(c->loop));
	*ret = h;
	return 0;
}

pid_t handler_pid(const struct handler_run *h)
{
	return h && h->proc.pidfd_fd >= 0 ? h->proc.pid : -1;
}

void handler_free(struct handler_run *h)
{
	if (!h)
		return;
	watch_remove(h->timer);
	dial_free(h->dial);
	exec_abandon(h);
	buf_release(&h->output);
	arena_free(h->arena);
}
