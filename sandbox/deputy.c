/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deputies: file operations as the run's first user, for an agent that has sub-ids but no
 * rights over them. A root agent, and one whose single id owns everything, acts itself.
 */
#include "group.h"
#include "ns.h"
#include "spawn.h"
#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPUTY_TIMEOUT_MS = 600000 };

struct task {
	struct sandbox_ns *ns;
	int (*run)(struct task *t, struct err *err); /* a descriptor, or 0 when it makes none */
	int dfd;
	const char *name;
	uint32_t uid, gid, mode;
	const struct sandbox_group *group;
	bool is_inside; /* in the namespace: ids are inside ids */
	bool gives_fd;
	int sock_fd;
};

static int task_run(void *arg)
{
	struct task *t = arg;
	struct err err = {0};
	sigset_t none;
	int fd = -1;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (ns_join(t->ns, &err) == 0)
		fd = t->run(t, &err);
	if (t->gives_fd) /* a message must carry one; with an error its own end will do */
		return fd_send(t->sock_fd, &err, sizeof(err), fd < 0 ? t->sock_fd : fd, NULL) !=
		       0;
	return fd_write_all(t->sock_fd, &err, sizeof(err), NULL) != 0;
}

/* Takes the answer: a struct err, and a descriptor when all went well. */
static int task_answer(const struct task *t, int sock_fd, struct err *err)
{
	struct err got = {0};
	int fd = -1;
	size_t n = 0;

	if (t->gives_fd) {
		if (fd_receive(sock_fd, &got, sizeof(got), &n, &fd, err))
			return -1;
	} else {
		ssize_t r = read(sock_fd, &got, sizeof(got));

		n = r < 0 ? 0 : (size_t)r;
	}
	if (n != sizeof(got))
		return err_set(err, ERR_SANDBOX, "the deputy ended without a word");
	if (got.kind != ERR_NONE) {
		fd_close(&fd);
		if (err)
			*err = got;
		return -1;
	}
	return t->gives_fd ? fd : 0;
}

static int deputy(struct task *t, struct err *err)
{
	int own_fd cleanup_fd = -1, child_fd cleanup_fd = -1;
	struct spawned child;
	int ret, status;

	if (!t->ns ||
		!(t->ns->level == SANDBOX_USER || (t->group && t->ns->level == SANDBOX_ROOT)))
		return t->run(t, err);
	if (fd_socketpair(&own_fd, &child_fd, err))
		return -1;
	t->is_inside = true;
	t->sock_fd = child_fd;
	if (spawn_child(0, task_run, t, &child, err))
		return -1;
	fd_close(&child_fd);
	ret = task_answer(t, own_fd, err);
	if (spawn_wait(&child, DEPUTY_TIMEOUT_MS, &status, ret < 0 ? NULL : err)) {
		if (t->gives_fd)
			fd_close(&ret);
		return -1;
	}
	return ret;
}

static int run_open(struct task *t, struct err *err)
{
	return path_open(t->dfd, t->name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY, 0,
		PATH_BENEATH | PATH_NO_LINKS, err);
}

int sandbox_open_beneath(struct sandbox_ns *ns, int dfd, const char *rel, struct err *err)
{
	struct task t = {.ns = ns, .run = run_open, .dfd = dfd, .name = rel, .gives_fd = true};

	return deputy(&t, err);
}

static int run_remove(struct task *t, struct err *err)
{
	return dir_remove(t->dfd, t->name, err);
}

int sandbox_remove_tree(struct sandbox_ns *ns, int dfd, const char *name, struct err *err)
{
	struct task t = {.ns = ns, .run = run_remove, .dfd = dfd, .name = name};

	return deputy(&t, err);
}

/* The ids in the namespace where the task runs; those of a place with one id are this
 * process's.
 */
static int dir_ids(struct task *t, struct err *err)
{
	const struct id_map *m = &t->ns->map;
	int64_t uid = t->is_inside ? t->uid : id_map_outside(m->uid, m->n_uid, t->uid);
	int64_t gid = t->is_inside ? t->gid : id_map_outside(m->gid, m->n_gid, t->gid);

	if ((uid < 0 || gid < 0) && !m->is_single)
		return err_set(err, ERR_SANDBOX,
			"user %u or group %u is not among the ids of this place", t->uid,
			t->gid);
	t->uid = uid < 0 || gid < 0 ? geteuid() : (uint32_t)uid;
	t->gid = uid < 0 || gid < 0 ? getegid() : (uint32_t)gid;
	return 0;
}

static int run_make_dir(struct task *t, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct str name = path_clean(a, str_z(t->name));
	struct err low = {0};
	int parent_fd cleanup_fd = -1, fd cleanup_fd = -1;

	if (dir_ids(t, err))
		return -1;
	parent_fd = path_open(t->dfd, path_dir(a, name).p, O_PATH | O_DIRECTORY, 0,
		PATH_BENEATH | PATH_NO_LINKS, err);
	if (parent_fd < 0)
		return -1;
	name = arena_str(a, path_base(name));
	if (sandbox_mkdir_as(parent_fd, name.p, t->uid, t->gid, t->mode, &low) == 0)
		return 0;
	if (low.sys != EEXIST) {
		if (err)
			*err = low;
		return -1;
	}
	fd = path_open(
		parent_fd, name.p, O_PATH | O_DIRECTORY, 0, PATH_BENEATH | PATH_NO_LINKS, err);
	return fd < 0 ? -1 : 0;
}

/* NOLINTNEXTLINE(readability-function-size): owner and mode belong together */
int sandbox_make_dir(struct sandbox_ns *ns, int dfd, const char *rel, uint32_t uid,
	uint32_t gid, uint32_t mode, struct err *err)
{
	struct task t = {.ns = ns,
		.run = run_make_dir,
		.dfd = dfd,
		.name = rel,
		.uid = uid,
		.gid = gid,
		.mode = mode};

	return deputy(&t, err);
}

static int run_group(struct task *t, struct err *err)
{
	return group_give(t->group, t->gid, err);
}

int sandbox_give_group(struct sandbox_ns *ns, const struct sandbox_group *g, struct err *err)
{
	struct task t = {.ns = ns, .run = run_group, .group = g, .gid = g->gid, .name = "."};
	int64_t outside = id_map_outside(ns->map.gid, ns->map.n_gid, g->gid);

	if (outside < 0)
		return err_set(err, ERR_SANDBOX, "group %u is not among the ids of this place",
			g->gid);
	if (ns->level == SANDBOX_USER_SINGLE)
		t.gid = (uint32_t)outside;
	return deputy(&t, err);
}

/* --- sockets of a task's own network ------------------------------------------------------ */

struct socket_task {
	struct sandbox_ns *ns;
	int family, type;
	int sock_fd;
};

static int socket_make(int family, int type, struct err *err)
{
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? err_sys(err, "make a socket") : fd;
}

static int socket_run(void *arg)
{
	struct socket_task *t = arg;
	struct err err = {0};
	int fd = -1;

	if (ns_join(t->ns, &err) == 0)
		fd = socket_make(t->family, t->type, &err);
	return fd_send(t->sock_fd, &err, sizeof(err), fd < 0 ? t->sock_fd : fd, NULL) != 0;
}

int sandbox_socket(struct sandbox_ns *ns, int family, int type, struct err *err)
{
	struct socket_task t = {.ns = ns, .family = family, .type = type};
	struct task answer = {.gives_fd = true};
	int own_fd cleanup_fd = -1, child_fd cleanup_fd = -1;
	struct spawned child;
	int ret, status;

	if (ns->net_fd < 0)
		return socket_make(family, type, err);
	if (fd_socketpair(&own_fd, &child_fd, err))
		return -1;
	t.sock_fd = child_fd;
	if (spawn_child(0, socket_run, &t, &child, err))
		return -1;
	fd_close(&child_fd);
	ret = task_answer(&answer, own_fd, err);
	if (spawn_wait(&child, DEPUTY_TIMEOUT_MS, &status, ret < 0 ? NULL : err)) {
		fd_close(&ret);
		return -1;
	}
	return ret;
}
