/* SPDX-License-Identifier: Apache-2.0 */
/* The public calls: config to operations, to processes, to what the caller watches. */
#include "build.h"
#include "caps.h"
#include "child.h"
#include "init/orders.h"
#include "spawn.h"
#include <base/clock.h>
#include <base/fd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INIT_ID = 65535, INIT_ID_OTHER = 65533 };

static const char *const level_names[] = {
	[SANDBOX_ROOT] = "root",
	[SANDBOX_USER] = "user",
	[SANDBOX_USER_SINGLE] = "user-single",
	[SANDBOX_NONE] = "none",
};
_Static_assert(ARRAY_SIZE(level_names) == SANDBOX_LEVEL_N, "a name for every level");

const char *sandbox_level_name(enum sandbox_level l)
{
	return level_names[l];
}

struct start { /* what a start holds until it is over */
	struct build b;
	int step_fd;    /* pidfd of the step to visit, borrowed; -1: a new one */
	uint32_t flags; /* enum orders_flags */
	uint64_t caps;  /* of the main process */
	const struct sock_fprog *filter; /* of step-init and all of the step */
	const struct sock_fprog *own;    /* of the main process behind it; NULL: none */
	struct sock_fprog rules;         /* its place, when the step brings its own */
	int report_fd, report_child_fd;
	int status_fd, status_child_fd;
	int copies_fd, copies_child_fd;
	int orders_fd;
	int program_fd; /* borrowed; -1: argv[0] is in the root */
};

/* --- what step-init is told ----------------------------------------------------------------
 */

/* An id that is neither the step's nor 0, when the map has one to spare. */
static uint32_t init_own_id(const struct sandbox_config *c)
{
	const struct id_map *m = &c->ns->map;
	uint32_t id = c->uid == INIT_ID || c->gid == INIT_ID ? INIT_ID_OTHER : INIT_ID;

	if (id_map_outside(m->uid, m->n_uid, id) < 0 ||
		id_map_outside(m->gid, m->n_gid, id) < 0)
		return 0;
	return id;
}

/*
 * For every step, before its own: no core files (core_pattern may be a pipe to the machine) and
 * no real-time or raised priority. They only lower, which needs no privilege.
 */
static const struct orders_limit default_limits[] = {
	{.resource = RLIMIT_CORE},
	{.resource = RLIMIT_RTPRIO},
	{.resource = RLIMIT_NICE},
};

/* With it the reports end when the nested namespaces are there, for visitors to enter. */
static int start_fd(const struct start *s)
{
	return s->flags & ORDERS_NEST && !(s->flags & ORDERS_VISIT) ? s->report_child_fd : -1;
}

static bool has_copies(const struct sandbox_config *c)
{
	return c->copies[SANDBOX_COPY_STDOUT].n || c->copies[SANDBOX_COPY_STDERR].n;
}

static int orders_count_copies(
	const struct sandbox_config *c, struct orders *o, struct err *err)
{
	static const char *const names[] = {
		[SANDBOX_COPY_STDOUT] = "standard output",
		[SANDBOX_COPY_STDERR] = "standard error",
	};

	for (size_t i = 0; i < SANDBOX_COPIES; i++) {
		if (!c->copies[i].n)
			continue;
		if (c->copies[i].n >= ORDERS_PATH_MAX)
			return err_set(err, ERR_LIMIT,
				"the path of the copy of %s has %zu bytes, at most %d",
				names[i], c->copies[i].n, ORDERS_PATH_MAX - 1);
		o->n_copy[i] = (uint32_t)c->copies[i].n + 1;
	}
	return 0;
}

static void orders_add_copies(const struct sandbox_config *c, struct buf *b)
{
	for (size_t i = 0; i < SANDBOX_COPIES; i++) {
		if (!c->copies[i].n)
			continue;
		buf_adds(b, c->copies[i]);
		buf_addc(b, 0);
	}
}

static struct str start_cwd(const struct sandbox_config *c)
{
	return c->cwd.n ? c->cwd : STR("/");
}

/* What a main process in namespaces of its own needs to know. */
static void orders_add_nest(const struct sandbox_config *c, struct orders *o)
{
	const struct sandbox_ns *ns = c->ns;

	if (!(o->flags & ORDERS_NEST))
		return;
	o->n_uid_map = (uint32_t)ns->uid_map.n;
	o->n_gid_map = (uint32_t)ns->gid_map.n;
	o->n_cwd = (uint32_t)start_cwd(c).n + 1;
}

static void orders_put_nest(
	const struct sandbox_config *c, const struct orders *o, struct buf *b)
{
	if (!(o->flags & ORDERS_NEST))
		return;
	buf_adds(b, start_cwd(c));
	buf_addc(b, 0);
	buf_adds(b, buf_str(&c->ns->uid_map));
	buf_adds(b, buf_str(&c->ns->gid_map));
}

static int orders_fill(
	const struct sandbox_config *c, const struct start *s, struct buf *b, struct err *err)
{
	struct orders o = {
		.magic = ORDERS_MAGIC,
		.status_fd = s->status_child_fd,
		.agent_fd = c->ns->agent_fd,
		.hold_fd = c->ns->hold_fd,
		.uid = c->uid,
		.gid = c->gid,
		.own_id = init_own_id(c),
		.keeps_groups = c->ns->map.is_single,
		.n_groups = (uint32_t)c->n_groups,
		.n_limits = (uint32_t)(ARRAY_SIZE(default_limits) + c->n_rlimits),
		.caps = s->caps,
		.last_cap = c->ns->last_cap,
		.flags = s->flags,
		.n_filter = s->own ? s->own->len : 0,
		.filter_flags = s->rules.filter ? seccomp_rules_flags(c->security.rules) : 0,
		.start_fd = start_fd(s),
		.copies_fd = s->copies_child_fd,
		.program_fd = s->program_fd,
	};

	if (c->n_groups > ORDERS_GROUPS_MAX)
		return err_set(err, ERR_LIMIT, "%zu groups, at most %d", c->n_groups,
			ORDERS_GROUPS_MAX);
	if (o.n_limits > ORDERS_LIMITS_MAX)
		return err_set(err, ERR_LIMIT, "%u resource limits, at most %d", o.n_limits,
			ORDERS_LIMITS_MAX);
	if (orders_count_copies(c, &o, err))
		return -1;
	orders_add_nest(c, &o);
	buf_add(b, &o, sizeof(o));
	if (c->n_groups)
		buf_add(b, c->groups, c->n_groups * sizeof(c->groups[0]));
	while (b->n < orders_limits_at(&o))
		buf_addc(b, 0);
	buf_add(b, default_limits, sizeof(default_limits));
	for (size_t i = 0; i < c->n_rlimits; i++) {
		struct orders_limit l = {.resource = (uint32_t)c->rlimits[i].resource,
			.soft = c->rlimits[i].soft,
			.hard = c->rlimits[i].hard};

		buf_add(b, &l, sizeof(l));
	}
	if (s->own)
		buf_add(b, s->own->filter, s->own->len * sizeof(s->own->filter[0]));
	orders_add_copies(c, b);
	orders_put_nest(c, &o, b);
	BUG_ON(b->full);
	return 0;
}

static int orders_make(const struct sandbox_config *c, const struct start *s, struct err *err)
{
	struct buf b attr_cleanup(buf_release) = {0};
	int fd cleanup_fd = -1;

	buf_init(&b, ORDERS_BYTES_MAX);
	if (orders_fill(c, s, &b, err))
		return -1;
	fd = memfd_create("orders", MFD_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "make a memory file");
	if (fd_write_all(fd, b.p, b.n, err))
		return -1;
	return fd_take(&fd);
}

/* step-init's own arguments: its name, the number of its orders, the program and its own. */
static char **init_argv(const struct sandbox_config *c, int orders_fd, struct arena *a)
{
	size_t n = 0;
	char **argv;

	while (c->argv[n])
		n++;
	argv = arena_new_array(a, char *, n + 3);
	argv[0] = (char *)(uintptr_t) "step-init";
	argv[1] = (char *)(uintptr_t)arena_printf(a, "%d", orders_fd).p;
	memcpy(argv + 2, c->argv, (n + 1) * sizeof(argv[0]));
	return argv;
}

/* --- start ---------------------------------------------------------------------------------
 */

static void start_release(struct start *s)
{
	free(s->rules.filter);
	build_release(&s->b);
	arena_free(s->b.a);
	fd_close(&s->report_fd);
	fd_close(&s->report_child_fd);
	fd_close(&s->status_fd);
	fd_close(&s->status_child_fd);
	fd_close(&s->copies_fd);
	fd_close(&s->copies_child_fd);
	fd_close(&s->orders_fd);
}

static struct child_plan start_plan(const struct start *s)
{
	static char *const no_env[] = {NULL};
	const struct sandbox_config *c = s->b.c;
	struct sandbox_ns *ns = c->ns;

	return (struct child_plan){
		.ops = s->b.list.ops.p,
		.n_ops = s->b.list.ops.n,
		.user_fd = ns->user_fd,
		.net_fd = ns->net_fd,
		.step_fd = s->step_fd,
		.has_cgroup = ns->has_cgroup,
		.report_fd = s->report_child_fd,
		.status_fd = s->status_child_fd,
		.orders_fd = s->orders_fd,
		.init_fd = ns->init_fd,
		.agent_fd = ns->agent_fd,
		.hold_fd = ns->hold_fd,
		.copies_fd = s->copies_child_fd,
		.start_fd = start_fd(s),
		.program_fd = s->program_fd,
		.std_fd = {c->stdin_fd, c->stdout_fd, c->stderr_fd},
		.uid_map = ns->uid_map.p,
		.gid_map = ns->gid_map.p,
		.n_uid_map = ns->uid_map.n,
		.n_gid_map = ns->gid_map.n,
		.oom_text = ns->oom_text.p,
		.n_oom_text = ns->oom_text.n,
		.keeps_groups = ns->map.is_single,
		.caps = s->flags & ORDERS_NEST ? ORDERS_NEST_CAPS : s->caps | ORDERS_INIT_CAPS,
		.may_escalate = c->security.may_escalate,
		.last_cap = ns->last_cap,
		.filter = s->filter,
		.argv = init_argv(c, s->orders_fd, s->b.a),
		.envp = c->envp ? c->envp : no_env,
		.stack_top = ns->stack + CHILD_STACK_BYTES,
		.times = ns->times,
	};
}

/* What is missing in the root is made, so only a link can be in the way of a target. */
static bool is_link_to_nothing(const struct op *op, int sys)
{
	return sys == ENOENT &&
	       (op->kind == OP_FILE || op->kind == OP_TMPFS || op->kind == OP_MKDIR ||
		       (op->kind == OP_BIND && op->fd >= 0)); /* else it may be the source */
}

/* Says which operation failed, in the words of the list. */
static int start_blame(const struct start *s, const struct child_report *r, struct err *err)
{
	struct buf what attr_cleanup(buf_release) = {0};

	if (r->err && r->stage == CHILD_OP && r->op < s->b.list.ops.n) {
		buf_init(&what, sizeof(err->msg));
		op_describe(&s->b.list.ops.p[r->op], &what);
		(void)err_sysno(err, r->err, "%s", what.p);
		if (is_link_to_nothing(&s->b.list.ops.p[r->op], r->err))
			(void)err_set(
				err, ERR_SANDBOX, "%s: a link there leads to nothing", what.p);
	}
	return err_wrap_as(err, ERR_SANDBOX, "step '" STR_FMT "'", STR_ARG(s->b.c->name));
}

/* A visitor finds everything in its place. */
static int start_ops(struct start *s, struct err *err)
{
	if (s->step_fd < 0)
		return build_ops(&s->b, err);
	op_add(&s->b.list, OP_CWD)->target = arena_str(s->b.a, s->b.c->cwd).p;
	return 0;
}

static enum seccomp_profile start_profile(const struct start *s)
{
	if (s->b.c->security.is_unconfined || s->caps >> CAP_SYS_ADMIN & 1)
		return SECCOMP_UNCONFINED;
	return s->caps >> CAP_SYS_PTRACE & 1 ? SECCOMP_TRACER : SECCOMP_STEP;
}

/*
 * A step's profile is a filter of all its processes. Where step-init has to make namespaces
 * first, it stands under the floor alone and the main process gets the profile.
 */
static int start_security(struct start *s, struct err *err)
{
	const struct sandbox_security *security = &s->b.c->security;
	enum seccomp_profile profile;

	s->caps = caps_of_step(security);
	/* a filter that setuid programs shall not undo is a matter for an administrator */
	if (caps_need_nest(s->caps) || (security->rules && security->may_escalate))
		s->flags |= ORDERS_NEST;
	profile = security->rules ? SECCOMP_UNCONFINED : start_profile(s);
	if (security->rules) {
		if (seccomp_compile_rules(security->rules, s->caps, &s->rules, err))
			return err_wrap(err, "seccomp profile");
		s->own = &s->rules;
	}
	s->filter = ns_filter(s->b.ns, profile, err);
	if (!s->filter)
		return -1;
	if (!(s->flags & ORDERS_NEST) || profile == SECCOMP_UNCONFINED)
		return 0;
	s->own = s->filter;
	s->filter = ns_filter(s->b.ns, SECCOMP_UNCONFINED, err);
	return s->filter ? 0 : -1;
}

static int start_prepare(struct start *s, struct err *err)
{
	if (start_security(s, err))
		return -1;
	if (start_ops(s, err) || fd_pipe(&s->report_fd, &s->report_child_fd, err) ||
		fd_pipe(&s->status_fd, &s->status_child_fd, err))
		return -1;
	if (has_copies(s->b.c) && fd_socketpair(&s->copies_fd, &s->copies_child_fd, err))
		return -1;
	s->orders_fd = orders_make(s->b.c, s, err);
	return s->orders_fd < 0 ? -1 : 0;
}

struct whom {        /* starts what, where */
	int step_fd; /* pidfd of a step to visit; -1: a new one */
	int program_fd;
	uint32_t flags;
};

static int start_run(const struct sandbox_config *c, const struct whom *whom,
	struct sandbox_proc *ret, struct err *err)
{
	struct start s = {
		.b = {.c = c, .ns = c->ns, .a = arena_new()},
		.step_fd = whom->step_fd,
		.program_fd = whom->program_fd,
		.flags = whom->flags,
		.report_fd = -1,
		.report_child_fd = -1,
		.status_fd = -1,
		.status_child_fd = -1,
		.copies_fd = -1,
		.copies_child_fd = -1,
		.orders_fd = -1,
	};
	struct child_report r = {0};
	struct child_plan p;
	int64_t start_ns = clock_mono_ns(), built_ns;
	pid_t pid = 0;

	if (start_prepare(&s, err)) {
		(void)err_wrap(err, "step '" STR_FMT "'", STR_ARG(c->name));
		start_release(&s);
		return -1;
	}
	p = start_plan(&s);
	built_ns = clock_mono_ns();
	s.report_child_fd = -1; /* closed by spawn_step */
	if (spawn_step(&p, s.report_fd, &pid, &r, err)) {
		(void)start_blame(&s, &r, err);
		start_release(&s);
		return -1;
	}
	ret->times = (struct sandbox_times){
		.build_ns = built_ns - start_ns,
		.clone_ns = c->ns->times->cloned_ns - built_ns,
		.setup_ns = c->ns->times->ready_ns - c->ns->times->cloned_ns,
		.exec_ns = clock_mono_ns() - c->ns->times->ready_ns,
	};
	ret->pid = pid;
	ret->status_fd = fd_take(&s.status_fd);
	ret->copies_fd = fd_take(&s.copies_fd);
	ret->pidfd_fd = pidfd_open(pid, 0); /* our child and not reaped: it is the right one */
	if (ret->pidfd_fd < 0) {
		err_sys(err, "open a descriptor of process %d", pid);
		fd_close(&ret->status_fd);
		fd_close(&ret->copies_fd);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, __WALL);
	}
	start_release(&s);
	return ret->pidfd_fd < 0 ? -1 : 0;
}

int sandbox_start(const struct sandbox_config *c, struct sandbox_proc *ret, struct err *err)
{
	const uint32_t flags = (c->security.may_escalate ? ORDERS_ESCALATE : 0U) |
			       (c->has_home_files ? ORDERS_HOME : 0U) |
			       (c->holds_start ? ORDERS_HOLD_START : 0U) |
			       (c->holds_failed ? ORDERS_HOLD_FAILED : 0U);

	return start_run(
		c, &(struct whom){.step_fd = -1, .program_fd = -1, .flags = flags}, ret, err);
}

int sandbox_visit(
	const struct sandbox_visit_config *v, struct sandbox_proc *ret, struct err *err)
{
	const struct sandbox_config c = {.name = v->name,
		.ns = v->ns,
		.argv = v->argv,
		.envp = v->envp,
		.cwd = v->cwd,
		.uid = v->uid,
		.gid = v->gid,
		.groups = v->groups,
		.n_groups = v->n_groups,
		.security = v->security,
		.rlimits = v->rlimits,
		.n_rlimits = v->n_rlimits,
		.stdin_fd = v->stdin_fd,
		.stdout_fd = v->stdout_fd,
		.stderr_fd = v->stderr_fd};
	uint32_t flags = ORDERS_VISIT | (v->has_terminal ? ORDERS_TERMINAL : 0U) |
			 (v->security.may_escalate ? ORDERS_ESCALATE : 0U);

	return start_run(&c,
		&(struct whom){.step_fd = v->step->pidfd_fd,
			.program_fd = v->has_program ? v->program_fd : -1,
			.flags = flags},
		ret, err);
}

/* --- afterwards ------------------------------------------------------------------------------
 */

int sandbox_signal(const struct sandbox_proc *p, int signal, struct err *err)
{
	if (pidfd_send_signal(p->pidfd_fd, signal, NULL, 0) == 0 || errno == ESRCH)
		return 0; /* already gone is what was wanted */
	return err_sys(err, "send signal %d to process %d", signal, p->pid);
}

int sandbox_go(const struct sandbox_proc *p, struct err *err)
{
	return sandbox_signal(p, ORDERS_GO_SIGNAL, err);
}

int sandbox_kill_program(const struct sandbox_proc *p, struct err *err)
{
	return sandbox_signal(p, ORDERS_KILL_SIGNAL, err);
}

/* A message a copy: its index. Nobody sends more than one of each. */
int sandbox_copies_take(int copies_fd, int ret_fds[SANDBOX_COPIES], struct err *err)
{
	for (size_t i = 0; i < SANDBOX_COPIES; i++)
		ret_fds[i] = -1;
	for (;;) {
		int fd cleanup_fd = -1;
		uint8_t which = 0;
		size_t n = 0;

		/* the end, or none yet */
		if (recv(copies_fd, &which, sizeof(which), MSG_PEEK | MSG_DONTWAIT) <= 0)
			return 0;
		if (fd_receive(copies_fd, &which, sizeof(which), &n, &fd, err))
			return -1;
		BUG_ON(which >= SANDBOX_COPIES || ret_fds[which] >= 0);
		ret_fds[which] = fd_take(&fd);
	}
}

static int proc_finish(struct sandbox_proc *p, siginfo_t *si, struct err *err)
{
	int ret;

	do
		ret = waitid(P_PIDFD, (id_t)p->pidfd_fd, si, WEXITED | __WALL);
	while (ret < 0 && errno == EINTR);
	if (ret < 0 && errno == ECHILD) /* somebody who reaps strangers was quicker */
		ret = 0;
	if (ret < 0)
		err_sys(err, "wait for process %d", p->pid);
	fd_close(&p->pidfd_fd);
	fd_close(&p->status_fd);
	fd_close(&p->copies_fd);
	return ret;
}

int sandbox_finish(struct sandbox_proc *p, struct err *err)
{
	siginfo_t si = {0};

	return proc_finish(p, &si, err);
}

void sandbox_visit_kill(const struct sandbox_proc *p)
{
	(void)sandbox_signal(p, ORDERS_KILL_SIGNAL, NULL);
}

int sandbox_visit_finish(struct sandbox_proc *p, int *ret_status, struct err *err)
{
	siginfo_t si = {0};

	if (proc_finish(p, &si, err))
		return -1;
	if (!si.si_pid)
		return err_set(err, ERR_SANDBOX, "the end of process %d is not known", p->pid);
	*ret_status = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
	return 0;
}

void sandbox_visit_abandon(struct sandbox_proc *p)
{
	struct pollfd pfd = {.fd = p->pidfd_fd, .events = POLLIN};
	int n, status;

	if (p->pidfd_fd < 0)
		return;
	(void)sandbox_signal(p, SIGKILL, NULL);
	do
		n = poll(&pfd, 1, SANDBOX_VISIT_END_MS);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		(void)sandbox_visit_finish(p, &status, NULL);
		return;
	}
	fd_close(&p->pidfd_fd);
	fd_close(&p->status_fd);
}

int sandbox_explain(
	const struct sandbox_config *c, struct arena *a, struct str *ret, struct err *err)
{
	struct build b = {.c = c, .ns = c->ns, .a = a, .is_dry = true};
	struct buf text attr_cleanup(buf_release) = {0};
	struct op *op;

	buf_init(&text, 1 << 20);
	if (build_ops(&b, err)) {
		build_release(&b);
		return err_wrap(err, "step '" STR_FMT "'", STR_ARG(c->name));
	}
	vec_foreach (op, &b.list.ops) {
		op_describe(op, &text);
		buf_addc(&text, '\n');
	}
	*ret = arena_str(a, buf_str(&text));
	build_release(&b);
	return 0;
}
