/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this place permits, found by doing it (sandbox.md R81): every question is a child that
 * carries the operation out, and its answer is kept with its evidence. Nothing is inferred from
 * capability bits, kernel versions or a pod's description.
 */
#include "child.h"
#include "idmap.h"
#include "init/rawsys.h"
#include "ns.h"
#include "ops.h"
#include "spawn.h"
#include <base/fd.h>
#include <base/file.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROBE_TIMEOUT_MS = 10000, FACTS_MAX = 16 };

struct probe {
	struct arena *a;
	struct sandbox_place *place;
};

static void fact_add(struct probe *p, const char *name, const struct err *err, const char *did)
{
	struct sandbox_fact *f = &p->place->facts[p->place->n_facts++];
	bool works = err->kind == ERR_NONE;

	BUG_ON(p->place->n_facts > FACTS_MAX);
	f->name = name;
	f->works = works;
	f->sys = err->sys;
	f->evidence = works ? arena_printf(p->a, "%s: worked", did)
			    : arena_printf(p->a, "%s: %s", did, err->msg);
}

/* --- a question in a child ------------------------------------------------------------------
 */

struct question {
	struct sandbox_ns *ns;
	int (*ask)(struct question *q, struct err *err);
	int dfd;
	int report_fd;
};

static int question_run(void *arg)
{
	struct question *q = arg;
	struct err err = {0};

	if (ns_join(q->ns, &err) == 0)
		(void)q->ask(q, &err); /* the error says it */
	return write(q->report_fd, &err, sizeof(err)) != (ssize_t)sizeof(err);
}

/* The answer is an error of kind ERR_NONE, or what did not work. */
static struct err question_ask(struct question *q, unsigned long flags)
{
	struct err err = {0}, got = {0};
	struct spawned child;
	int read_fd cleanup_fd = -1, write_fd cleanup_fd = -1;
	int status = 0;

	if (fd_pipe(&read_fd, &write_fd, &err))
		return err;
	q->report_fd = write_fd;
	if (spawn_child(flags, question_run, q, &child, &err))
		return err;
	fd_close(&write_fd);
	if (spawn_wait(&child, PROBE_TIMEOUT_MS, &status, &err))
		return err;
	if (read(read_fd, &got, sizeof(got)) != (ssize_t)sizeof(got))
		err_set(&got, ERR_SANDBOX, "the child ended with %d and without an answer",
			status);
	return got;
}

/* --- the questions --------------------------------------------------------------------------
 */

static int ask_loopback(struct question *q, struct err *err)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int listen_fd cleanup_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client_fd cleanup_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)q;
	if (listen_fd < 0 || client_fd < 0)
		return err_sys(err, "make a socket");
	if (bind(listen_fd, (struct sockaddr *)&at, n) || listen(listen_fd, 1) ||
		getsockname(listen_fd, (struct sockaddr *)&at, &n))
		return err_sys(err, "listen on the loopback interface");
	if (connect(client_fd, (struct sockaddr *)&at, n))
		return err_sys(err, "connect over the loopback interface");
	return 0;
}

static int ask_cgroup(struct question *q, struct err *err)
{
	(void)q;
	return unshare(CLONE_NEWCGROUP) ? err_sys(err, "make a cgroup namespace") : 0;
}

static int ask_op(struct child_state *s, enum op_kind kind, const char *target, struct err *err)
{
	struct op op = {
		.kind = kind, .fd = -1, .upper_fd = -1, .work_fd = -1, .target = target};
	long ret = child_op(s, &op);

	return ret < 0 ? err_sysno(err, (int)-ret, "%s", op_kind_name(kind)) : 0;
}

static int own_mounts(struct child_state *s, struct err *err)
{
	*s = (struct child_state){.stage_fd = -1, .root_fd = -1, .dev_fd = -1, .proc_fd = -1};
	if (unshare(CLONE_NEWNS))
		return err_sys(err, "make a mount namespace");
	return ask_op(s, OP_STAGE, "/", err);
}

/* A mount that succeeds is not enough: without userxattr, removing a lower directory fails. */
static int ask_overlay(struct question *q, struct err *err)
{
	struct child_state s;

	(void)q;
	if (own_mounts(&s, err))
		return -1;
	if (mkdirat(s.stage_fd, "low", 0755) || mkdirat(s.stage_fd, "low/dir", 0755))
		return err_sys(err, "make a lower directory");
	s.layer_fd[0] = openat(s.stage_fd, "low", O_PATH | O_CLOEXEC);
	s.n_layers = 1;
	if (ask_op(&s, OP_OVERLAY, NULL, err))
		return -1;
	if (unlinkat(s.root_fd, "dir", AT_REMOVEDIR))
		return err_sys(err, "remove a lower directory");
	return 0;
}

/* A child in a PID namespace of its own: the first process there may mount its proc. */
static int proc_run(void *arg)
{
	struct question *q = arg;
	struct child_state s;
	struct err err = {0};

	if (own_mounts(&s, &err) == 0 && ask_op(&s, OP_ROOT, NULL, &err) == 0 &&
		ask_op(&s, OP_PROC, "/proc", &err) == 0 &&
		faccessat(s.root_fd, "proc/1/stat", F_OK, 0))
		(void)err_sys(&err, "look at the fresh proc");
	return write(q->report_fd, &err, sizeof(err)) != (ssize_t)sizeof(err);
}

static int ask_proc(struct question *q, struct err *err)
{
	struct spawned child;
	int read_fd cleanup_fd = -1, write_fd cleanup_fd = -1;
	struct question inner = *q;
	struct err got = {0};
	int status;

	if (fd_pipe(&read_fd, &write_fd, err))
		return -1;
	inner.report_fd = write_fd;
	if (spawn_child(CLONE_NEWPID, proc_run, &inner, &child, err))
		return -1;
	fd_close(&write_fd);
	if (spawn_wait(&child, PROBE_TIMEOUT_MS / 2, &status, err))
		return -1;
	if (read(read_fd, &got, sizeof(got)) != (ssize_t)sizeof(got))
		return err_set(err, ERR_SANDBOX, "the child ended without an answer");
	if (got.kind == ERR_NONE)
		return 0;
	*err = got;
	return -1;
}

/* Root only, in the agent itself: does this file system take an id map? */
static int try_idmap(int dfd, int user_fd, struct err *err)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP};
	int fd cleanup_fd =
		open_tree(dfd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (fd < 0)
		return err_sys(err, "clone the mount");
	attr.userns_fd = (__u64)(unsigned int)user_fd;
	if (mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)))
		return err_sys(err, "map the owners");
	return 0;
}

bool sandbox_ns_can_idmap(const struct sandbox_ns *ns, int dfd)
{
	return ns->level == SANDBOX_ROOT && try_idmap(dfd, ns->user_fd, NULL) == 0;
}

static int probe_dir(struct sandbox_ns *ns, int dfd, const char *rel, struct err *err)
{
	if (sandbox_make_dir(ns, dfd, rel, 0, 0, 0755, err))
		return -1;
	return dir_open(dfd, rel, err);
}

/* Where a start is tried, and as what. */
struct trial {
	struct sandbox_ns *ns;
	int dfd;
	bool has_upper;
	bool has_all; /* capabilities */
};

/* The whole of a start, up to a program that does not exist. */
static int start_nothing(
	const struct trial *t, int lower_fd, int upper_fd, int work_fd, struct err *err)
{
	char program[] = "/does-not-exist";
	char *const argv[] = {program, NULL};
	struct sandbox_layer layer = {.dfd = lower_fd};
	struct sandbox_config c = {
		.name = STR("probe"),
		.ns = t->ns,
		.layers = &layer,
		.n_layers = 1,
		.upper_dfd = upper_fd,
		.work_dfd = work_fd,
		.argv = argv,
		.security = {.adds_all = t->has_all},
		.stdout_fd = 1,
		.stderr_fd = 2,
	};
	struct sandbox_proc p;
	struct sandbox_exit e = {0};
	ssize_t n;

	if (sandbox_start(&c, &p, err))
		return -1;
	n = read(p.status_fd, &e, sizeof(e));
	if (sandbox_finish(&p, err))
		return -1;
	if (n != (ssize_t)sizeof(e) || e.magic != SANDBOX_EXIT_MAGIC)
		return err_set(err, ERR_SANDBOX, "step-init ended without a word");
	if (e.exec_errno != ENOENT || e.code != 0)
		return err_sysno(err, (int)e.exec_errno, "step-init, stage %d", e.code);
	return 0;
}

/* The start in a directory that was made for it. */
static int try_start_in(const struct trial *t, int dfd, struct err *err)
{
	struct sandbox_ns *ns = t->ns;
	int lower_fd cleanup_fd = probe_dir(ns, dfd, "lower", err);
	int upper_fd cleanup_fd = -1, work_fd cleanup_fd = -1;

	if (lower_fd < 0)
		return -1;
	if (t->has_upper) {
		upper_fd = probe_dir(ns, dfd, "upper", err);
		work_fd = upper_fd < 0 ? -1 : probe_dir(ns, dfd, "work", err);
		if (work_fd < 0)
			return -1;
	}
	return start_nothing(t, lower_fd, upper_fd, work_fd, err);
}

/*
 * In a directory of our own below dfd, of a random name: other runs probe the same store at the
 * same time, perhaps from another PID namespace.
 */
static int try_start(const struct trial *t, struct err *err)
{
	struct sandbox_ns *ns = t->ns;
	const int dfd = t->dfd;
	int own_dfd cleanup_fd = -1;
	char name[64];
	uint64_t random;
	int ret;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_sys(err, "get random bytes");
	snprintf(name, sizeof(name), ".monopod-probe-%016llx", (unsigned long long)random);
	own_dfd = probe_dir(ns, dfd, name, err);
	if (own_dfd < 0)
		return -1;
	ret = try_start_in(t, own_dfd, err);
	if (sandbox_remove_tree(ns, dfd, name, ret ? NULL : err))
		return -1;
	return ret;
}

/* --- the place ------------------------------------------------------------------------------
 */

static const struct candidate {
	enum sandbox_level level;
	bool is_root, with_sub_ids;
	const char *fact, *did;
} candidates[] = {
	{SANDBOX_ROOT, true, false, "user-namespace",
		"a user namespace with a range of ids, uid 0 not among them"},
	{SANDBOX_USER, false, true, "sub-ids",
		"a user namespace with the sub-ids of /etc/subuid, by newuidmap"},
	{SANDBOX_USER_SINGLE, false, false, "user-namespace", "a user namespace with one id"},
};

/* The best level that can be made; NULL when there is none. */
static struct sandbox_ns *probe_level(struct probe *p, bool is_root)
{
	struct sandbox_place *place = p->place;

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		const struct candidate *c = &candidates[i];
		struct sandbox_ns *ns = NULL;
		struct err err = {0};

		if (c->is_root != is_root)
			continue;
		place->level = c->level;
		if (id_map_choose(is_root, c->with_sub_ids, &place->map, &err) == 0)
			(void)sandbox_ns_new(place, false, &ns, &err); /* ns says it */
		fact_add(p, c->fact, &err, c->did);
		if (ns)
			return ns;
	}
	place->level = SANDBOX_NONE;
	return NULL;
}

static void probe_net(struct probe *p, const struct sandbox_ns *like)
{
	struct sandbox_ns *ns = NULL;
	struct err err = {0};
	struct question q = {.ask = ask_loopback};

	p->place->can_net_namespace = true; /* so that it is tried */
	if (sandbox_ns_new_like(p->place, true, like, &ns, &err) == 0) {
		q.ns = ns;
		err = question_ask(&q, 0);
	}
	sandbox_ns_free(ns);
	p->place->can_net_namespace = err.kind == ERR_NONE;
	fact_add(p, "net-namespace", &err, "a connection over lo in a network of its own");
}

static bool probe_ask(struct probe *p, struct sandbox_ns *ns, const char *name,
	int (*ask)(struct question *q, struct err *err), const char *did)
{
	struct question q = {.ns = ns, .ask = ask};
	struct err err = question_ask(&q, 0);

	fact_add(p, name, &err, did);
	return err.kind == ERR_NONE;
}

static bool probe_overlay(struct probe *p, struct sandbox_ns *ns)
{
	return probe_ask(p, ns, "overlay", ask_overlay,
		"an overlay on a tmpfs and the removal of a lower directory");
}

static bool probe_needed(struct probe *p, struct sandbox_ns *ns, int store_dfd, int run_dfd)
{
	struct err err = {0};
	int dfd = store_dfd >= 0 ? store_dfd : run_dfd;
	bool works = probe_overlay(p, ns);

	works &= probe_ask(
		p, ns, "fresh-proc", ask_proc, "a fresh proc in a PID namespace of its own");
	/* the floor of a step of monopod refuses it: monopod in a step goes on without */
	ns->has_cgroup = p->place->can_cgroup_namespace = probe_ask(p, ns, "cgroup-namespace",
		ask_cgroup, "a cgroup namespace, in which the agent's group has no name");
	if (dfd >= 0) {
		(void)try_start(&(struct trial){.ns = ns, .dfd = dfd}, &err); /* err says it */
		fact_add(p, "start", &err, "the start of a step up to its program");
		works &= err.kind == ERR_NONE;
	}
	p->place->can_upper = works;
	return works;
}

/* dfd -1: there is no directory to try it in. */
static void probe_nest(struct probe *p, struct sandbox_ns *ns, int dfd)
{
	const struct trial t = {.ns = ns, .dfd = dfd, .has_all = true};
	struct err err = {0};

	if (dfd < 0)
		return;
	p->place->can_nest = try_start(&t, &err) == 0;
	fact_add(p, "capabilities", &err,
		"the start of a step with every capability, in a user namespace nested in its "
		"sandbox's");
}

/* What a process has lost, its children cannot have. */
static void probe_escalation(struct probe *p)
{
	struct err err = {0};

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0)
		p->place->can_escalate = true;
	else
		(void)err_set(&err, ERR_SANDBOX, "no_new_privs is set on this process");
	fact_add(p, "escalation", &err, "setuid programs of images");
}

/* What is tried holds the descriptor (-1: none), as steps do. */
static void probe_all(
	struct arena *a, int store_dfd, int run_dfd, int hold_fd, struct sandbox_place *ret)
{
	struct sandbox_place place = {.can_cgroup_namespace = true};
	struct probe p = {.a = a, .place = &place};
	struct sandbox_ns *ns;
	struct err why = {0};

	place.facts = arena_new_array(a, struct sandbox_fact, FACTS_MAX);
	ns = probe_level(&p, geteuid() == 0);
	if (ns)
		sandbox_ns_hold(ns, hold_fd);
	if (ns && !probe_needed(&p, ns, store_dfd, run_dfd))
		place.level = SANDBOX_NONE;
	if (place.level != SANDBOX_NONE) {
		probe_net(&p, ns);
		probe_nest(&p, ns, store_dfd >= 0 ? store_dfd : run_dfd);
		probe_escalation(&p);
		if (place.level == SANDBOX_ROOT && store_dfd >= 0) {
			place.can_idmap = try_idmap(store_dfd, ns->user_fd, &why) == 0;
			fact_add(&p, "idmapped-mount", &why, "an id map on the store's mount");
		}
		if (run_dfd >= 0) {
			why = (struct err){0};
			place.can_upper = try_start(&(struct trial){.ns = ns,
							    .dfd = run_dfd,
							    .has_upper = true},
						  &why) == 0;
			fact_add(&p, "upper", &why,
				"a step with its upper directory on the run's file system");
		}
	}
	sandbox_ns_free(ns);
	*ret = place;
}

void sandbox_probe(struct arena *a, int store_dfd, int run_dfd, struct sandbox_place *ret)
{
	probe_all(a, store_dfd, run_dfd, -1, ret);
}

void sandbox_probe_run(
	struct arena *a, const struct sandbox_ask *ask, struct sandbox_place *ret)
{
	struct sandbox_place place = {.can_cgroup_namespace = true};
	struct probe p = {.a = a, .place = &place};
	struct trial t = {.dfd = ask->run_dfd, .has_upper = true};

	place.facts = arena_new_array(a, struct sandbox_fact, FACTS_MAX);
	t.ns = probe_level(&p, geteuid() == 0);
	if (t.ns)
		sandbox_ns_hold(t.ns, ask->hold_fd);
	place.can_upper = t.ns && probe_overlay(&p, t.ns) && try_start(&t, NULL) == 0;
	if (place.can_upper && ask->wants & SANDBOX_WANT_NET)
		probe_net(&p, t.ns);
	if (place.can_upper && ask->wants & SANDBOX_WANT_NEST)
		probe_nest(&p, t.ns, ask->run_dfd);
	probe_escalation(&p);
	if (place.can_upper && place.level == SANDBOX_ROOT)
		place.can_idmap = try_idmap(ask->store_dfd, t.ns->user_fd, NULL) == 0;
	sandbox_ns_free(t.ns);
	if (!place.can_upper || (ask->wants & SANDBOX_WANT_NET && !place.can_net_namespace) ||
		(ask->wants & SANDBOX_WANT_NEST && !place.can_nest))
		probe_all(a, ask->store_dfd, ask->run_dfd, ask->hold_fd, ret);
	else
		*ret = place;
}
