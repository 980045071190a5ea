/* SPDX-License-Identifier: Apache-2.0 */
/* One running step: start, and the meeting of exit and end of output. */
#include "step.h"

#include "memory.h"

#include <base/attr.h>
#include <base/fd.h>
#include <base/num.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_CHILD_KILLED = 128 + SIGKILL };

struct step_proc {
	struct loop *loop;
	struct step_events events;
	struct sandbox_proc proc;
	struct stepio *io;
	struct watch *exit_watch;
	struct watch *report_watch; /* of one that holds a failure */
	struct watch *grace;
	enum step_phase phase;
	struct step_outcome outcome;
	pid_t pid;
	bool was_killed; /* by us, with SIGKILL */
	bool has_report; /* the end of its program is known already */
	int64_t n_oom_before;
};

/* What the thing that happened makes of a phase. One table instead of flags in four places. */
enum step_sign { SIGN_EXITED, SIGN_DRAINED, SIGN_GRACE_OVER };
static const enum step_phase step_next[][3] = {
	[STEP_PHASE_RUNNING] = {STEP_PHASE_EXITED, STEP_PHASE_DRAINED, STEP_PHASE_RUNNING},
	[STEP_PHASE_DRAINED] = {STEP_PHASE_DONE, STEP_PHASE_DRAINED, STEP_PHASE_DRAINED},
	[STEP_PHASE_EXITED] = {STEP_PHASE_EXITED, STEP_PHASE_DONE, STEP_PHASE_DONE},
	[STEP_PHASE_DONE] = {STEP_PHASE_DONE, STEP_PHASE_DONE, STEP_PHASE_DONE},
};
_Static_assert(ARRAY_SIZE(step_next) == STEP_PHASE_DONE + 1, "one row a phase");

/* May free the step: nothing of it is used after the call. */
static void step_see(struct step_proc *s, enum step_sign sign)
{
	enum step_phase next = step_next[s->phase][sign];

	if (next == s->phase)
		return;
	s->phase = next;
	if (next == STEP_PHASE_EXITED)
		watch_set_deadline(
			s->grace, loop_now_ns(s->loop) + STEP_GRACE_MS * (int64_t)NS_PER_MS);
	if (next != STEP_PHASE_DONE)
		return;
	watch_set_deadline(s->grace, INT64_MAX);
	s->outcome.gaps = stepio_gaps(s->io);
	/* as Tekton's entrypoint ends when it cannot copy */
	if (stepio_has_lost_copy(s->io) && s->outcome.end == STEP_END_EXITED &&
		s->outcome.exit_code == 0)
		s->outcome.exit_code = 1;
	s->events.done(s->events.arg, &s->outcome);
}

/* What step-init wrote before it ended. Anything but a whole, known report is "not known". */
static void step_read_report(struct step_proc *s)
{
	struct sandbox_exit report = {0};
	ssize_t n = read(s->proc.status_fd, &report, sizeof(report));

	s->outcome.end = STEP_END_LOST;
	if (n != (ssize_t)sizeof(report) || report.magic != SANDBOX_EXIT_MAGIC)
		return;
	if (report.exec_errno) {
		s->outcome.end = STEP_END_EXEC_FAILED;
		s->outcome.exec_errno = (int)report.exec_errno;
		s->outcome.exec_stage = report.code;
	} else if (report.signal) {
		s->outcome.end = STEP_END_SIGNALED;
		s->outcome.signal = report.signal;
	} else {
		s->outcome.end = STEP_END_EXITED;
		s->outcome.exit_code = report.code;
	}
}

/*
 * The kernel's OOM killer sends SIGKILL, as anybody might: it was the one when its count has
 * gone up while the step ran. A shell tells of its child's end as 137.
 */
static void step_judge_kill(struct step_proc *s)
{
	struct step_outcome *o = &s->outcome;
	bool is_killed = o->end == STEP_END_LOST ||
			 (o->end == STEP_END_SIGNALED && o->signal == SIGKILL);
	int64_t n;

	if (s->was_killed || (!is_killed && (o->end != STEP_END_EXITED ||
						    o->exit_code != EXIT_CHILD_KILLED)))
		return;
	n = memory_oom_kills_here();
	o->is_oom_unknown = is_killed && (n < 0 || s->n_oom_before < 0);
	if (s->n_oom_before >= 0 && n > s->n_oom_before)
		o->end = STEP_END_OOM;
}

static void step_reap(struct step_proc *s)
{
	watch_remove(s->exit_watch);
	watch_remove(s->report_watch);
	s->exit_watch = s->report_watch = NULL;
	if (!s->has_report)
		step_read_report(s);
	/* our own SIGKILL took step-init away before it could report: that end is known */
	if (s->outcome.end == STEP_END_LOST && s->was_killed) {
		s->outcome.end = STEP_END_SIGNALED;
		s->outcome.signal = SIGKILL;
	}
	if (!s->has_report)
		step_judge_kill(s);
	(void)sandbox_finish(&s->proc, NULL); /* it has ended; there is nothing to add */
}

static void step_on_exit(void *arg, int fd attr_unused)
{
	struct step_proc *s = arg;

	step_reap(s);
	step_see(s, SIGN_EXITED);
}

/* step-init writes once. Without a word it is about to end, which its pidfd tells. */
static void step_on_report(void *arg, int fd attr_unused)
{
	struct step_proc *s = arg;

	watch_remove(s->report_watch);
	s->report_watch = NULL;
	step_read_report(s);
	if (s->outcome.end == STEP_END_LOST)
		return;
	s->has_report = true;
	step_judge_kill(s);
	if (s->outcome.end == STEP_END_EXITED && s->outcome.exit_code == 0)
		return;
	s->events.halted(s->events.arg, &s->outcome);
}

static void step_on_grace(void *arg, int fd attr_unused)
{
	struct step_proc *s = arg;

	stepio_drain(s->io);
	step_see(s, SIGN_GRACE_OVER);
}

static void step_on_line(void *arg, const struct stepio_line *line)
{
	struct step_proc *s = arg;

	s->events.line(s->events.arg, line);
}

static bool step_is_held(void *arg)
{
	struct step_proc *s = arg;

	return s->events.is_held(s->events.arg);
}

static void step_on_drained(void *arg)
{
	step_see(arg, SIGN_DRAINED);
}

static int step_watch(struct step_proc *s, bool holds_failed, struct err *err)
{
	if (holds_failed) {
		s->report_watch = loop_add_read(s->loop, s->proc.status_fd, LOOP_EXIT,
			"step report", step_on_report, s, err);
		if (!s->report_watch)
			return -1;
	}
	s->exit_watch = loop_add_read(
		s->loop, s->proc.pidfd_fd, LOOP_EXIT, "step exit", step_on_exit, s, err);
	s->grace = loop_add_timer(s->loop, "step grace", step_on_grace, s, err);
	if (!s->exit_watch || !s->grace)
		return -1;
	return fd_set_nonblock(s->proc.status_fd, err);
}

static int step_spawn(struct step_proc *s, struct sandbox_config *c, struct err *err)
{
	int null_fd cleanup_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null_fd < 0)
		return err_sys(err, "open '/dev/null'");
	c->stdin_fd = null_fd;
	c->stdout_fd = stepio_stdout_fd(s->io);
	c->stderr_fd = stepio_stderr_fd(s->io);
	if (sandbox_start(c, &s->proc, err))
		return -1;
	s->pid = s->proc.pid;
	s->outcome.times = s->proc.times;
	stepio_copy_from(s->io, &s->proc.copies_fd);
	stepio_started(s->io);
	return 0;
}

int step_start(struct loop *loop, struct sandbox_config *c, struct steplog *log,
	const struct step_events *events, struct step_proc **ret, struct err *err)
{
	struct step_proc *s = mem_zalloc(sizeof(*s));
	struct stepio_events io = {.line = step_on_line,
		.is_held = step_is_held,
		.drained = step_on_drained,
		.arg = s,
		.mask = events->mask};

	s->loop = loop;
	s->events = *events;
	s->n_oom_before = memory_oom_kills_here();
	s->proc.pidfd_fd = -1;
	s->proc.status_fd = -1;
	s->proc.copies_fd = -1;
	if (stepio_open(loop, log, &io, &s->io, err) || step_spawn(s, c, err) ||
		step_watch(s, c->holds_failed, err)) {
		step_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

int step_signal(struct step_proc *s, int signal, struct err *err)
{
	if (s->proc.pidfd_fd < 0)
		return 0; /* it has ended */
	if (sandbox_signal(&s->proc, signal, err))
		return -1;
	s->was_killed = s->was_killed || signal == SIGKILL;
	return 0;
}

int step_kill_program(struct step_proc *s, struct err *err)
{
	return s->proc.pidfd_fd < 0 ? 0 : sandbox_kill_program(&s->proc, err);
}

int step_go(struct step_proc *s, struct err *err)
{
	return s->proc.pidfd_fd < 0 ? 0 : sandbox_go(&s->proc, err);
}

int step_end(struct step_proc *s, struct err *err)
{
	return step_signal(s, SIGKILL, err);
}

void step_resume(struct step_proc *s)
{
	stepio_resume(s->io);
}

void step_say(struct step_proc *s, struct str line)
{
	stepio_say(s->io, line);
}

pid_t step_pid(const struct step_proc *s)
{
	return s->pid;
}

const struct sandbox_proc *step_sandbox(const struct step_proc *s)
{
	return &s->proc;
}

void step_free(struct step_proc *s)
{
	if (!s)
		return;
	watch_remove(s->exit_watch);
	watch_remove(s->report_watch);
	watch_remove(s->grace);
	if (s->proc.pidfd_fd >= 0) {
		struct pollfd p = {.fd = s->proc.pidfd_fd, .events = POLLIN};

		(void)sandbox_signal(&s->proc, SIGKILL, NULL);
		while (poll(&p, 1, -1) < 0 && errno == EINTR)
			;
		(void)sandbox_finish(&s->proc, NULL);
	}
	stepio_free(s->io);
	free(s);
}
