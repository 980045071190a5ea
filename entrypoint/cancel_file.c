/* SPDX-License-Identifier: Apache-2.0 */
/* Watching a file for a word. */
#include "cancel_file.h"

#include "control.h"

#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/log.h>
#include <base/num.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORD_BYTES = 4096, SHOWN = 40 };

struct cancel_file {
	struct arena *arena;
	struct str path;
	int inotify_fd; /* -1: the timer looks */
	struct watch *watch;
	enum cancel_mode last;
	bool has_told; /* of a word that is none, or of what is no file */
	void (*asked)(void *arg, enum cancel_mode mode);
	void *arg;
};

/*
 * Links are followed: the kubelet's file is one. What is no plain file is not even opened: that
 * alone may wait for ever (a FIFO) or do something (a device); it may have come in between,
 * too.
 */
static int word_read(struct arena *a, struct str path, struct str *ret, struct err *err)
{
	cleanup_fd int fd = -1;
	struct stat st;

	if (stat(str_c(path), &st))
		return err_sys(err, "'" STR_FMT "'", STR_ARG(path));
	if (S_ISREG(st.st_mode)) {
		fd = open(str_c(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
		if (fd < 0 || fstat(fd, &st))
			return err_sys(err, "'" STR_FMT "'", STR_ARG(path));
	}
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_USAGE,
			"cancel file '" STR_FMT "': expected a plain file", STR_ARG(path));
	return file_read_fd(a, fd, WORD_BYTES, ret, err);
}

/* Whatever happened in the directory: only what the file says now counts. One that cannot be
 * read says nothing. */
static int look(struct cancel_file *c, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	enum cancel_mode mode;
	struct str word;

	if (word_read(a, c->path, &word, err))
		return -1;
	word = str_trim(word);
	mode = control_mode(word);
	if (word.n && mode == CANCEL_NONE && !c->has_told) {
		log_warn("cancel file: '" STR_FMT "' is none of Cancelled, "
			 "CancelledRunFinally and StoppedRunFinally",
			STR_ARG(str_slice(word, 0, SHOWN)));
		c->has_told = true;
	}
	if (mode == CANCEL_NONE || mode == c->last)
		return 0;
	c->last = mode;
	c->asked(c->arg, mode);
	return 0;
}

/* The file of a run that is under way. */
static void look_again(struct cancel_file *c)
{
	struct err err = {0};

	if (look(c, &err) == 0 || err.kind != ERR_USAGE || c->has_told)
		return;
	log_warn("%s", err.msg);
	c->has_told = true;
}

static void on_change(void *arg, int fd)
{
	struct cancel_file *c = arg;
	char events[WORD_BYTES] __attribute__((aligned(__alignof__(struct inotify_event))));

	while (read(fd, events, sizeof(events)) > 0)
		continue;
	look_again(c);
}

static void on_timer(void *arg, int fd attr_unused)
{
	struct cancel_file *c = arg;

	look_again(c);
	watch_set_deadline(c->watch, clock_mono_ns() + NS_PER_S);
}

/* There may be no more instances or watches for this user. */
static int watch_dir(struct cancel_file *c, struct str dir)
{
	const uint32_t what = IN_CREATE | IN_MOVED_TO | IN_MODIFY | IN_CLOSE_WRITE | IN_ONLYDIR;

	c->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (c->inotify_fd >= 0 && inotify_add_watch(c->inotify_fd, str_c(dir), what) >= 0)
		return 0;
	fd_close(&c->inotify_fd);
	return -1;
}

int cancel_file_open(struct loop *loop, struct str path,
	void (*asked)(void *arg, enum cancel_mode mode), void *arg, struct cancel_file **ret,
	struct err *err)
{
	struct arena *a = arena_new();
	struct cancel_file *c = arena_new_object(a, struct cancel_file);
	struct str dir = path_dir(a, path);
	int dfd cleanup_fd = dir_open(AT_FDCWD, str_c(dir), err);
	struct err low = {0};

	*c = (struct cancel_file){.arena = a,
		.path = arena_str(a, path),
		.inotify_fd = -1,
		.asked = asked,
		.arg = arg};
	if (dfd < 0) {
		arena_free(a);
		return err_wrap_as(err, ERR_USAGE, "cancel file '" STR_FMT "'", STR_ARG(path));
	}
	if (watch_dir(c, dir) == 0)
		c->watch = loop_add_read(
			loop, c->inotify_fd, LOOP_SIGNAL, "cancel file", on_change, c, err);
	else
		c->watch = loop_add_timer(loop, "cancel file", on_timer, c, err);
	if (!c->watch) {
		cancel_file_close(c);
		return -1;
	}
	if (c->inotify_fd < 0)
		watch_set_deadline(c->watch, clock_mono_ns() + NS_PER_S);
	if (look(c, &low) && low.kind == ERR_USAGE) {
		cancel_file_close(c);
		*err = low;
		return -1;
	}
	*ret = c;
	return 0;
}

void cancel_file_close(struct cancel_file *c)
{
	if (!c)
		return;
	watch_remove(c->watch);
	fd_close(&c->inotify_fd);
	arena_free(c->arena);
}
