/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop. libevent waits and tells what is ready; its callback only queues the watcher. The
 * batch is then run here, by priority and each watcher once. libevent's own priorities are not
 * used because there a busy high one starves the rest: a step that floods its output would
 * keep its own timeout from firing.
 */
#include <base/loop.h>

#include <base/clock.h>
#include <base/num.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/queue.h>

TAILQ_HEAD(watch_list, watch);

struct watch {
	TAILQ_ENTRY(watch) all;   /* in loop.live or loop.dead */
	TAILQ_ENTRY(watch) ready; /* in loop.ready[prio] when is_ready */
	struct loop *loop;
	struct event *event;
	const char *name;
	loop_fn *fn;
	void *arg;
	int64_t at_ns; /* timers; INT64_MAX when disarmed */
	int fd;        /* -1: a timer */
	enum loop_priority prio;
	bool is_ready;
	bool is_paused;
};

struct loop {
	struct event_base *base;
	struct watch_list live;
	struct watch_list dead; /* freed when the batch is over */
	struct watch_list ready[LOOP_PRIORITY_N];
	int64_t now_ns;
	bool in_batch;
};

/* libevent would write its warnings to standard error; what matters comes back as a result. */
static void loop_quiet(int severity attr_unused, const char *text attr_unused)
{
}

int loop_new(struct loop **ret, struct err *err)
{
	struct event_config *config;
	struct loop *l;

	event_set_log_callback(loop_quiet);
	config = event_config_new();
	if (!config)
		return err_set(err, ERR_SYS, "event loop: out of memory");
	/* The environment could choose another backend. */
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	l = mem_zalloc(sizeof(*l));
	l->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!l->base) {
		free(l);
		return err_sys(err, "event loop");
	}
	TAILQ_INIT(&l->live);
	TAILQ_INIT(&l->dead);
	for (size_t i = 0; i < LOOP_PRIORITY_N; i++)
		TAILQ_INIT(&l->ready[i]);
	l->now_ns = clock_mono_ns();
	*ret = l;
	return 0;
}

static void loop_free_all(struct watch_list *list)
{
	struct watch *w;

	while ((w = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, w, all);
		event_free(w->event);
		free(w);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	BUG_ON(l->in_batch);
	loop_free_all(&l->live);
	loop_free_all(&l->dead);
	event_base_free(l->base);
	free(l);
}

/* Called by libevent while it collects. */
static void watch_on_event(evutil_socket_t fd attr_unused, short what attr_unused, void *arg)
{
	struct watch *w = arg;

	if (w->is_ready)
		return;
	w->is_ready = true;
	TAILQ_INSERT_TAIL(&w->loop->ready[w->prio], w, ready);
}

static void watch_unready(struct watch *w)
{
	if (!w->is_ready)
		return;
	w->is_ready = false;
	TAILQ_REMOVE(&w->loop->ready[w->prio], w, ready);
}

static struct watch *watch_new(
	struct loop *l, const struct watch *what, short events, struct err *err)
{
	struct watch *w = mem_zalloc(sizeof(*w));

	*w = *what;
	w->loop = l;
	w->event = event_new(l->base, w->fd, events, watch_on_event, w);
	if (!w->event) {
		free(w);
		err_set(err, ERR_SYS, "watch '%s': out of memory", what->name);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&l->live, w, all);
	return w;
}

static struct watch *watch_new_fd(
	struct loop *l, const struct watch *what, short events, struct err *err)
{
	struct watch *w;

	BUG_ON(what->fd < 0);
	w = watch_new(l, what, (short)(events | EV_PERSIST), err);
	if (w && event_add(w->event, NULL) < 0) {
		err_sys(err, "watch '%s'", w->name);
		TAILQ_REMOVE(&l->live, w, all);
		event_free(w->event);
		free(w);
		return NULL;
	}
	return w;
}

/* NOLINTNEXTLINE(readability-function-size): a callback and its argument are one */
struct watch *loop_add_read(struct loop *l, int fd, enum loop_priority prio, const char *name,
	loop_fn *fn, void *arg, struct err *err)
{
	struct watch what = {.fd = fd, .prio = prio, .name = name, .fn = fn, .arg = arg};

	return watch_new_fd(l, &what, EV_READ, err);
}

/* NOLINTNEXTLINE(readability-function-size): a callback and its argument are one */
struct watch *loop_add_write(struct loop *l, int fd, enum loop_priority prio, const char *name,
	loop_fn *fn, void *arg, struct err *err)
{
	struct watch what = {.fd = fd, .prio = prio, .name = name, .fn = fn, .arg = arg};

	return watch_new_fd(l, &what, EV_WRITE, err);
}

struct watch *loop_add_timer(
	struct loop *l, const char *name, loop_fn *fn, void *arg, struct err *err)
{
	struct watch what = {.fd = -1,
		.prio = LOOP_TIMER,
		.name = name,
		.fn = fn,
		.arg = arg,
		.at_ns = INT64_MAX};

	return watch_new(l, &what, EV_TIMEOUT, err);
}

/* Hands the deadline to libevent, in microseconds rounded up: late by less than one, never
 * early. Long waits are cut: watch_is_due arms the rest. */
static void watch_arm(struct watch *w)
{
	const int64_t longest_ns = INT64_C(24) * 3600 * NS_PER_S;
	int64_t now_ns = clock_mono_ns();
	int64_t wait_ns = w->at_ns > now_ns ? w->at_ns - now_ns : 0;
	struct timeval tv;
	int64_t us;
	int rc;

	if (wait_ns > longest_ns)
		wait_ns = longest_ns;
	us = (wait_ns + NS_PER_US - 1) / NS_PER_US;
	tv.tv_sec = us / 1000000;
	tv.tv_usec = us % 1000000;
	rc = event_add(w->event, &tv);
	BUG_ON(rc < 0); /* only memory can fail here */
}

void watch_set_deadline(struct watch *w, int64_t at_ns)
{
	BUG_ON(w->fd >= 0);
	w->at_ns = at_ns;
	watch_unready(w);
	event_del(w->event);
	if (at_ns != INT64_MAX && !w->is_paused)
		watch_arm(w);
}

void watch_pause(struct watch *w)
{
	if (w->is_paused)
		return;
	w->is_paused = true;
	watch_unready(w);
	event_del(w->event);
}

void watch_resume(struct watch *w)
{
	int rc = 0;

	if (!w->is_paused)
		return;
	w->is_paused = false;
	if (w->fd < 0)
		watch_set_deadline(w, w->at_ns);
	else
		rc = event_add(w->event, NULL);
	BUG_ON(rc < 0); /* it was accepted before */
}

void watch_remove(struct watch *w)
{
	if (!w)
		return;
	watch_unready(w);
	event_del(w->event);
	TAILQ_REMOVE(&w->loop->live, w, all);
	TAILQ_INSERT_TAIL(&w->loop->dead, w, all);
}

/* A timer that libevent called early, by its own clock's rounding or after a cut wait. */
static bool watch_is_due(struct watch *w)
{
	if (w->fd >= 0)
		return true;
	if (w->at_ns > w->loop->now_ns) {
		watch_arm(w);
		return false;
	}
	w->at_ns = INT64_MAX; /* fires once */
	return true;
}

/*
 * A callback may remove or pause any watcher, which takes it off these lists; what becomes
 * ready meanwhile waits for the next batch, because only libevent's wait puts it on.
 */
static size_t loop_run_batch(struct loop *l)
{
	size_t n = 0;

	l->in_batch = true;
	for (size_t prio = 0; prio < LOOP_PRIORITY_N; prio++) {
		struct watch *w;

		while ((w = TAILQ_FIRST(&l->ready[prio]))) {
			watch_unready(w);
			if (!watch_is_due(w))
				continue;
			n++;
			w->fn(w->arg, w->fd);
		}
	}
	l->in_batch = false;
	loop_free_all(&l->dead);
	return n;
}

int loop_turn(struct loop *l, struct err *err)
{
	BUG_ON(l->in_batch);
	do {
		int rc = event_base_loop(l->base, EVLOOP_ONCE);

		if (rc < 0)
			return err_sys(err, "event loop");
		if (rc > 0)
			return err_set(err, ERR_BUG, "event loop: nothing to wait for");
		l->now_ns = clock_mono_ns();
	} while (!loop_run_batch(l));
	return 0;
}

int64_t loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}
