/* SPDX-License-Identifier: Apache-2.0 */
/* Removing trees beside the run. */
#include "sweeper.h"

#include <base/fd.h>
#include <base/file.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum {
	OWN_FIRST = 4, /* a worker costs more than removing a few trees */
	ORDER_MAX = NAME_MAX + 2,
	ORDERS_BYTES = 8 * 1024,
	ORDER_LETTER = 'a', /* of the first place; no NUL */
};
_Static_assert(ORDER_MAX <= PIPE_BUF, "an order is written whole or not at all");

struct sweep_job { /* the worker's side */
	int orders_fd;
	int dfds[SWEEP_PLACE_N];
};

/* --- the worker ----------------------------------------------------------------------------
 */

/* Carries out whole orders (a letter of the place, the name, NUL); returns how many bytes they
 * were. */
static size_t job_do(const struct sweep_job *j, const char *orders, size_t n)
{
	size_t at = 0;

	for (;;) {
		const char *order = orders + at;
		const char *end = at < n ? memchr(order, 0, n - at) : NULL;

		if (!end)
			return at;
		/* a failure is met again, and told, when scratch/ is removed */
		(void)dir_remove(j->dfds[order[0] - ORDER_LETTER], order + 1, NULL);
		at += (size_t)(end - order) + 1;
	}
}

static int job_run(void *arg)
{
	const struct sweep_job *j = arg;
	char orders[ORDERS_BYTES];
	size_t n = 0;

	for (;;) {
		ssize_t got = read(j->orders_fd, orders + n, sizeof(orders) - n);
		size_t done;

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0;
		n += (size_t)got;
		done = job_do(j, orders, n);
		n -= done;
		memmove(orders, orders + done, n);
	}
}

/* --- the agent -----------------------------------------------------------------------------
 */

static uint64_t sweeper_room(const struct sweeper *s)
{
	struct statvfs v;

	if (fstatvfs(s->rundir->layers_dfd, &v) < 0)
		return 0;
	return (uint64_t)v.f_bavail * v.f_frsize;
}

void sweeper_init(struct sweeper *s, const struct rundir *rundir, struct sandbox_ns *ns,
	enum sandbox_level level)
{
	*s = (struct sweeper){.rundir = rundir, .ns = ns, .level = level, .orders_fd = -1};
	s->n_bytes_before = sweeper_room(s);
}

static int sweeper_dfd(const struct sweeper *s, enum sweep_place place)
{
	switch (place) {
	case SWEEP_TASKS:
		return s->rundir->tasks_dfd;
	case SWEEP_LAYERS:
		return s->rundir->layers_dfd;
	case SWEEP_SMALL:
		return s->rundir->small_dfd;
	}
	return -1;
}

static int sweeper_start(struct sweeper *s, struct err *err)
{
	int read_fd cleanup_fd = -1, write_fd cleanup_fd = -1;
	struct sweep_job job = {.orders_fd = -1};
	int keep_fds[] = {-1, s->rundir->lock_fd};
	struct sandbox_worker_config c = {
		/* a root agent's own directories are in no namespace of a run */
		.ns = s->level == SANDBOX_ROOT ? NULL : s->ns,
		.fn = job_run,
		.arg = &job,
		.write_dfds = job.dfds,
		.n_write_dfds = SWEEP_PLACE_N,
		.keep_fds = keep_fds,
		.n_keep_fds = ARRAY_SIZE(keep_fds)};

	for (int i = 0; i < SWEEP_PLACE_N; i++)
		job.dfds[i] = sweeper_dfd(s, (enum sweep_place)i);
	if (fd_pipe(&read_fd, &write_fd, err) || fd_set_nonblock(write_fd, err))
		return -1;
	job.orders_fd = keep_fds[0] = read_fd;
	if (sandbox_worker_start(&c, &s->worker, err))
		return -1;
	s->orders_fd = fd_take(&write_fd);
	return 0;
}

/* False: there is no worker, it has ended, or it has more than enough to do. */
static bool sweeper_order(struct sweeper *s, enum sweep_place place, const char *name)
{
	char order[ORDER_MAX];
	size_t n = strlen(name);

	if (n > NAME_MAX || sweeper_room(s) / 9 < s->n_bytes_before / 10)
		return false;
	if (s->orders_fd < 0 && (s->worker.pid || ++s->n_own <= OWN_FIRST))
		return false;
	if (s->orders_fd < 0 && sweeper_start(s, NULL)) {
		s->n_own = 0; /* not tried again at once */
		return false;
	}
	order[0] = (char)(ORDER_LETTER + (int)place);
	memcpy(order + 1, name, n + 1);
	if (write(s->orders_fd, order, n + 2) == (ssize_t)(n + 2))
		return true;
	if (errno != EAGAIN)
		fd_close(&s->orders_fd);
	return false;
}

int sweeper_remove(struct sweeper *s, enum sweep_place place, const char *name, struct err *err)
{
	if (sweeper_order(s, place, name))
		return 0;
	return sandbox_remove_tree(s->ns, sweeper_dfd(s, place), name, err);
}

bool sweeper_owns_pid(const struct sweeper *s, pid_t pid)
{
	return s->worker.pid && s->worker.pid == pid;
}

void sweeper_close(struct sweeper *s)
{
	struct pollfd p = {.fd = s->worker.pidfd_fd, .events = POLLIN};
	int status;

	if (!s->worker.pid)
		return;
	fd_close(&s->orders_fd);
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	(void)sandbox_worker_reap(&s->worker, &status, NULL); /* scratch/ is looked at next */
	s->worker.pid = 0;
}
