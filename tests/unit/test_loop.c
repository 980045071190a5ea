/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: priorities, removal from callbacks, timers, no starvation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/clock.h>
#include <base/fd.h>
#include <base/loop.h>
#include <base/num.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_PIPES = 8 };

/* Some pipes with a watcher each, and what was called in which order. */
struct fixture {
	struct loop *loop;
	struct channel {
		struct fixture *f;
		int index;
		int r_fd, w_fd;
		struct watch *watch;
		bool drain;
	} ch[N_PIPES];
	struct watch *timer;
	int64_t rearm_ns;
	char calls[256];
};

static void note(struct fixture *f, char c)
{
	size_t n = strlen(f->calls);

	assert_true(n + 1 < sizeof(f->calls));
	f->calls[n] = c;
	f->calls[n + 1] = '\0';
}

static int setup(void **state)
{
	struct fixture *f = mem_zalloc(sizeof(*f));

	assert_int_equal(loop_new(&f->loop, NULL), 0);
	for (int i = 0; i < N_PIPES; i++) {
		struct channel *c = &f->ch[i];

		*c = (struct channel){.f = f, .index = i, .drain = true};
		assert_int_equal(fd_pipe(&c->r_fd, &c->w_fd, NULL), 0);
		assert_int_equal(fd_set_nonblock(c->r_fd, NULL), 0);
	}
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	loop_free(f->loop);
	for (int i = 0; i < N_PIPES; i++) {
		fd_close(&f->ch[i].r_fd);
		fd_close(&f->ch[i].w_fd);
	}
	free(f);
	return 0;
}

static void fill(struct fixture *f, int i)
{
	assert_int_equal(write(f->ch[i].w_fd, "x", 1), 1);
}

static void turn(struct fixture *f)
{
	struct err err = {0};

	f->calls[0] = '\0';
	if (loop_turn(f->loop, &err) < 0)
		print_error("%s\n", err.msg);
	assert_int_equal(err.kind, ERR_NONE);
}

static void on_read(void *arg, int fd)
{
	struct channel *c = arg;
	char byte[64];

	assert_int_equal(fd, c->r_fd);
	note(c->f, (char)('0' + c->index));
	if (c->drain)
		assert_true(read(fd, byte, sizeof(byte)) >= 0);
}

static void watch(struct fixture *f, int i, enum loop_priority prio, loop_fn *fn)
{
	f->ch[i].watch =
		loop_add_read(f->loop, f->ch[i].r_fd, prio, "pipe", fn, &f->ch[i], NULL);
	assert_non_null(f->ch[i].watch);
}

static void test_priorities(void **state)
{
	struct fixture *f = *state;
	static const enum loop_priority prios[N_PIPES] = {LOOP_SIGNAL, LOOP_TIMER, LOOP_EXIT,
		LOOP_OUTPUT, LOOP_SIGNAL, LOOP_OUTPUT, LOOP_EXIT, LOOP_TIMER};

	for (int i = 0; i < N_PIPES; i++)
		watch(f, i, prios[i], on_read);
	for (int i = 0; i < N_PIPES; i++)
		fill(f, i);
	turn(f);
	assert_int_equal(strlen(f->calls), N_PIPES);
	for (int i = 1; i < N_PIPES; i++)
		assert_true(prios[f->calls[i - 1] - '0'] <= prios[f->calls[i] - '0']);
	for (int i = 0; i < N_PIPES; i++)
		assert_non_null(strchr(f->calls, '0' + i));
}

/* What was not read is reported again; a full output never keeps the rest from running. */
static void test_level_triggered_no_starvation(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, LOOP_OUTPUT, on_read);
	watch(f, 1, LOOP_SIGNAL, on_read);
	f->ch[0].drain = false;
	fill(f, 0);
	for (int round = 0; round < 5; round++) {
		fill(f, 1);
		turn(f);
		assert_string_equal(f->calls, "01");
	}
	f->ch[0].drain = true;
	turn(f);
	assert_string_equal(f->calls, "0");
}

static void on_timer(void *arg, int fd)
{
	struct fixture *f = arg;

	assert_int_equal(fd, -1);
	note(f, 't');
	if (f->rearm_ns)
		watch_set_deadline(f->timer, loop_now_ns(f->loop) + f->rearm_ns);
}

/* A flooded pipe and a timer: the timer fires. */
static void test_timer_under_flood(void **state)
{
	struct fixture *f = *state;
	int64_t at;

	watch(f, 0, LOOP_OUTPUT, on_read);
	f->ch[0].drain = false;
	fill(f, 0);
	f->timer = loop_add_timer(f->loop, "timer", on_timer, f, NULL);
	at = clock_mono_ns() + 3 * NS_PER_MS;
	watch_set_deadline(f->timer, at);
	do {
		turn(f);
		if (strchr(f->calls, 't'))
			assert_true(loop_now_ns(f->loop) >= at);
	} while (!strchr(f->calls, 't'));
}

static void test_timer(void **state)
{
	struct fixture *f = *state;
	int64_t at;

	f->timer = loop_add_timer(f->loop, "timer", on_timer, f, NULL);
	assert_non_null(f->timer);
	for (int64_t wait = 0; wait < 4 * NS_PER_MS; wait += 777777) {
		at = clock_mono_ns() + wait;
		watch_set_deadline(f->timer, at);
		turn(f);
		assert_string_equal(f->calls, "t");
		assert_true(loop_now_ns(f->loop) >= at); /* never early */
		assert_true(loop_now_ns(f->loop) <= clock_mono_ns());
	}
	watch_set_deadline(f->timer, 0); /* long past */
	turn(f);
	assert_string_equal(f->calls, "t");
	watch_set_deadline(f->timer, INT64_MIN);
	turn(f);
	assert_string_equal(f->calls, "t");
	/* moved forward, then back; only the last counts */
	watch_set_deadline(f->timer, clock_mono_ns() + 3600 * NS_PER_S);
	watch_set_deadline(f->timer, clock_mono_ns() + NS_PER_MS);
	turn(f);
	assert_string_equal(f->calls, "t");
	/* fired once: it is silent while another runs */
	watch(f, 0, LOOP_OUTPUT, on_read);
	fill(f, 0);
	turn(f);
	assert_string_equal(f->calls, "0");
	/* far away, and as far as can be */
	watch_set_deadline(f->timer, INT64_MAX - 1);
	fill(f, 0);
	turn(f);
	assert_string_equal(f->calls, "0");
	watch_set_deadline(f->timer, INT64_MAX);
	fill(f, 0);
	turn(f);
	assert_string_equal(f->calls, "0");
}

static void test_timer_rearms_itself(void **state)
{
	struct fixture *f = *state;

	f->timer = loop_add_timer(f->loop, "timer", on_timer, f, NULL);
	f->rearm_ns = NS_PER_MS;
	watch_set_deadline(f->timer, clock_mono_ns());
	for (int i = 0; i < 5; i++) {
		turn(f);
		assert_string_equal(f->calls, "t");
	}
	/* due at once, for ever: one call a batch, the others run too */
	f->rearm_ns = -1;
	f->ch[0].drain = false;
	watch(f, 0, LOOP_SIGNAL, on_read);
	fill(f, 0);
	for (int i = 0, n = 0; n < 3; i++) {
		turn(f);
		assert_true(i < 1000);
		assert_true(strlen(f->calls) <= 2);
		n += strcmp(f->calls, "t0") == 0;
	}
}

struct order {
	struct fixture *f;
	char name;
};

static void on_order(void *arg, int fd attr_unused)
{
	struct order *o = arg;

	note(o->f, o->name);
}

static void test_timers_in_order(void **state)
{
	struct fixture *f = *state;
	struct order o[5];
	struct watch *timers[5];
	int64_t first_ns = 0, unit_ns = 100 * NS_PER_US;
	char all[8] = "";

	for (int i = 0; i < 5; i++) {
		o[i] = (struct order){f, (char)('a' + i)};
		timers[i] = loop_add_timer(f->loop, "t", on_order, &o[i], NULL);
	}
	/* all of them before any is due: what is late already has no order */
	while (clock_mono_ns() >= first_ns) {
		unit_ns *= 2;
		first_ns = clock_mono_ns() + unit_ns;
		for (int i = 0; i < 5; i++)
			watch_set_deadline(timers[i], first_ns + (4 - i) * unit_ns);
	}
	while (strlen(all) < 5) {
		turn(f);
		memcpy(all + strlen(all), f->calls, strlen(f->calls) + 1);
	}
	assert_string_equal(all, "edcba");
}

static void on_remove_all(void *arg, int fd)
{
	struct channel *c = arg;

	on_read(arg, fd);
	for (int i = 0; i < N_PIPES; i++) {
		watch_remove(c->f->ch[i].watch);
		c->f->ch[i].watch = NULL;
	}
}

/* One of the ready ones removes all, itself included: no other is called, nor later. */
static void test_remove_in_callback(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < N_PIPES; i++) {
		watch(f, i, i == 5 ? LOOP_OUTPUT : LOOP_EXIT, i == 5 ? on_remove_all : on_read);
		fill(f, i);
	}
	turn(f);
	assert_string_equal(f->calls, "5");
	watch(f, 1, LOOP_OUTPUT, on_read);
	turn(f);
	assert_string_equal(f->calls, "1");
	watch_remove(NULL);
}

static void on_remove_self_and_close(void *arg, int fd)
{
	struct channel *c = arg;

	on_read(arg, fd);
	watch_remove(c->watch);
	c->watch = NULL;
	fd_close(&c->r_fd);
	/* the number is taken again at once, by another pipe with a new watcher */
	fd_close(&c->w_fd);
	assert_int_equal(fd_pipe(&c->r_fd, &c->w_fd, NULL), 0);
	watch(c->f, c->index, LOOP_OUTPUT, on_read);
}

static void test_descriptor_reuse(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, LOOP_OUTPUT, on_remove_self_and_close);
	watch(f, 1, LOOP_SIGNAL, on_read);
	fill(f, 0);
	fill(f, 1);
	turn(f);
	assert_string_equal(f->calls, "01");
	fill(f, 1);
	turn(f);
	assert_string_equal(f->calls, "1"); /* nothing is in the new pipe */
	fill(f, 0);
	turn(f);
	assert_string_equal(f->calls, "0");
}

static void on_pause_next(void *arg, int fd)
{
	struct channel *c = arg;

	on_read(arg, fd);
	watch_pause(c->f->ch[1].watch);
}

static void test_pause(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, LOOP_OUTPUT, on_pause_next);
	watch(f, 1, LOOP_EXIT, on_read);
	fill(f, 0);
	fill(f, 1);
	turn(f);
	assert_string_equal(f->calls, "0"); /* paused in the batch where it was ready */
	fill(f, 0);
	turn(f);
	assert_string_equal(f->calls, "0");
	watch_pause(f->ch[1].watch);
	watch_resume(f->ch[1].watch);
	watch_resume(f->ch[1].watch);
	turn(f);
	assert_string_equal(f->calls, "1");
	f->timer = loop_add_timer(f->loop, "timer", on_timer, f, NULL);
	watch_set_deadline(f->timer, clock_mono_ns());
	watch_pause(f->timer);
	fill(f, 1);
	turn(f);
	assert_string_equal(f->calls, "1");
	watch_resume(f->timer);
	turn(f);
	assert_string_equal(f->calls, "t");
	watch_pause(f->timer);
	watch_set_deadline(f->timer, clock_mono_ns()); /* set while paused */
	fill(f, 1);
	turn(f);
	assert_string_equal(f->calls, "1");
	watch_resume(f->timer);
	turn(f);
	assert_string_equal(f->calls, "t");
}

static void on_write(void *arg, int fd)
{
	struct channel *c = arg;

	assert_int_equal(fd, c->w_fd);
	note(c->f, 'w');
	watch_remove(c->watch);
	c->watch = NULL;
}

static void test_write_and_hangup(void **state)
{
	struct fixture *f = *state;

	f->ch[0].watch = loop_add_write(
		f->loop, f->ch[0].w_fd, LOOP_OUTPUT, "w", on_write, &f->ch[0], NULL);
	turn(f);
	assert_string_equal(f->calls, "w");
	/* the end of a stream wakes a reader */
	watch(f, 1, LOOP_OUTPUT, on_read);
	fd_close(&f->ch[1].w_fd);
	turn(f);
	assert_string_equal(f->calls, "1");
	/* and a reader that is gone wakes a writer */
	fd_close(&f->ch[2].r_fd);
	f->ch[2].watch = loop_add_write(
		f->loop, f->ch[2].w_fd, LOOP_EXIT, "w", on_write, &f->ch[2], NULL);
	turn(f);
	assert_string_equal(f->calls, "1w");
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	cleanup_fd int file_fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_int_equal(loop_turn(f->loop, &err), -1); /* would wait for ever */
	assert_int_equal(err.kind, ERR_BUG);
	f->timer = loop_add_timer(f->loop, "timer", on_timer, f, NULL);
	assert_int_equal(loop_turn(f->loop, &err), -1); /* disarmed */
	err = (struct err){0};
	assert_null(
		loop_add_read(f->loop, file_fd, LOOP_OUTPUT, "a file", on_read, NULL, &err));
	assert_int_equal(err.kind, ERR_SYS);
	assert_true(strncmp(err.msg, "watch 'a file': ", 16) == 0);
	err = (struct err){0};
	assert_null(loop_add_read(f->loop, 9999, LOOP_OUTPUT, "bad", on_read, NULL, &err));
	assert_int_equal(err.kind, ERR_SYS);
	watch(f, 0, LOOP_OUTPUT, on_read);
	fill(f, 0);
	turn(f); /* the refused ones left nothing behind */
	assert_string_equal(f->calls, "0");
}

static void test_many(void **state)
{
	struct fixture *f = *state;
	struct watch *timers[1500];
	int64_t now = clock_mono_ns();
	int n = 0;

	for (int i = 0; i < 1500; i++) {
		timers[i] = loop_add_timer(f->loop, "t", on_timer, f, NULL);
		watch_set_deadline(timers[i], now + 3600 * NS_PER_S + i);
	}
	for (int i = 0; i < 1500; i++) {
		if (i % 100)
			watch_remove(timers[i]);
		else
			watch_set_deadline(timers[i], now + i);
	}
	while (n < 15) {
		turn(f);
		n += (int)strlen(f->calls);
	}
	assert_int_equal(n, 15);
}

static void test_environment(void **state attr_unused)
{
	static const char *const names[] = {"EVENT_NOEPOLL", "EVENT_NOPOLL", "EVENT_NOSELECT"};
	struct loop *l = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		setenv(names[i], "1", 1);
	assert_int_equal(loop_new(&l, NULL), 0);
	loop_free(l);
	loop_free(NULL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		unsetenv(names[i]);
}

int main(void)
{
#define LOOP_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		LOOP_TEST(test_priorities),
		LOOP_TEST(test_level_triggered_no_starvation),
		LOOP_TEST(test_timer_under_flood),
		LOOP_TEST(test_timer),
		LOOP_TEST(test_timer_rearms_itself),
		LOOP_TEST(test_timers_in_order),
		LOOP_TEST(test_remove_in_callback),
		LOOP_TEST(test_descriptor_reuse),
		LOOP_TEST(test_pause),
		LOOP_TEST(test_write_and_hangup),
		LOOP_TEST(test_refused),
		LOOP_TEST(test_many),
		cmocka_unit_test(test_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
