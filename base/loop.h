/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop, over libevent's core; no other file includes its headers. Level-triggered.
 * Every watcher has a name and a priority, so that data is read before its writer's death is
 * acted on. A batch runs each ready watcher once, by priority: a busy one cannot starve the
 * rest. A watcher may be removed or paused from any callback, its own included, and is then
 * not called any more; its memory is freed after the batch. One thread.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <base/err.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct watch;

enum loop_priority { LOOP_OUTPUT, LOOP_EXIT, LOOP_TIMER, LOOP_SIGNAL };
enum { LOOP_PRIORITY_N = LOOP_SIGNAL + 1 };

typedef void loop_fn(void *arg, int fd);

int loop_new(struct loop **ret, struct err *err);
void loop_free(struct loop *l); /* watchers left are freed; their descriptors are not closed */

/*
 * Descriptors are borrowed, and must stay open until the watcher is removed. name is static
 * text, for messages. NULL on failure; regular files cannot be watched.
 */
struct watch *loop_add_read(struct loop *l, int fd, enum loop_priority prio, const char *name,
	loop_fn *fn, void *arg, struct err *err);
struct watch *loop_add_write(struct loop *l, int fd, enum loop_priority prio, const char *name,
	loop_fn *fn, void *arg, struct err *err);
/* A timer at an absolute monotonic time; made disarmed, fires once (fd is -1), never early, and
 * may be set again. */
struct watch *loop_add_timer(
	struct loop *l, const char *name, loop_fn *fn, void *arg, struct err *err);
void watch_set_deadline(struct watch *w, int64_t at_ns); /* INT64_MAX disarms */
void watch_pause(struct watch *w);                       /* a timer keeps its deadline */
void watch_resume(struct watch *w);
void watch_remove(struct watch *w); /* NULL is fine */

/*
 * Waits for and runs one batch of at least one callback. Returns 0, or -1 with err; ERR_BUG
 * when nothing is watched, as that would wait for ever. Not from within a callback.
 */
int loop_turn(struct loop *l, struct err *err);
/* The monotonic time read at the start of the batch. */
int64_t loop_now_ns(const struct loop *l);

#endif
