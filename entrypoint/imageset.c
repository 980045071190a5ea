/* SPDX-License-Identifier: Apache-2.0 */
/* Images of a run: lookup, unpacking by workers, readiness. */
#include "imageset.h"

#include "image_files.h"

#include <base/attr.h>
#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/map.h>
#include <base/path.h>
#include <base/vec.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORKERS_MAX = 8 };

struct layer_job { /* one layer that is not in the store yet */
	struct imageset *set;
	struct str dir; /* the name it will have; what makes two jobs the same */
	struct unpack_job unpack;
	struct sandbox_worker worker;
	struct watch *watch;
	int err_fd;   /* our end: the worker's struct err */
	int write_fd; /* the worker's end */
	bool is_started, is_done;
	struct err err; /* why the layer is not there */
};

struct imageset {
	struct arena *arena;
	struct imageset_config c;
	struct image_map *map;
	struct image_lock *lock; /* NULL: none */
	struct map by_ref;       /* → struct rootfs */
	VEC(struct layer_job *) jobs;
	VEC(int) open_fds; /* layers that are in use */
	size_t n_running, n_workers_max;
	struct str map_text;
	enum unpack_owner owner;
	int64_t busy_since_ns, busy_ns;
};

/* --- setting up -------------------------------------------------------------------------- */

/* Whose ids the unpacked files get (sandbox.h, ownership model). */
static void imageset_choose_owner(struct imageset *s)
{
	const struct sandbox_place *p = s->c.place;

	s->map_text = id_map_text(&p->map, s->arena);
	switch (p->level) {
	case SANDBOX_ROOT:
		s->owner = p->can_idmap ? UNPACK_OWNERS_REAL : UNPACK_OWNERS_SHIFT;
		if (p->can_idmap)
			s->map_text = STR("");
		return;
	case SANDBOX_USER:
		s->owner = UNPACK_OWNERS_REAL;
		return;
	case SANDBOX_USER_SINGLE:
	case SANDBOX_NONE:
		s->owner = UNPACK_OWNERS_SQUASH;
		return;
	}
}

int imageset_new(const struct imageset_config *c, struct imageset **ret, struct err *err)
{
	struct arena *a = arena_new();
	struct imageset *s = arena_new_object(a, struct imageset);
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);

	s->arena = a;
	s->c = *c;
	s->n_workers_max = n_cpus < 1 ? 1 : n_cpus > WORKERS_MAX ? WORKERS_MAX : (size_t)n_cpus;
	map_init(&s->by_ref, a);
	imageset_choose_owner(s);
	if (image_files_map(c->options, a, &s->map, err) ||
		image_files_lock(c->options, a, &s->lock, err)) {
		imageset_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

/* --- lookup ------------------------------------------------------------------------------ */

static int rootfs_find_image(struct imageset *s, struct rootfs *r, struct str ref,
	const struct image_lock_entry *locked, struct err *err)
{
	struct image *image;

	if (store_find(s->c.store, s->arena, ref, &image, err) ||
		(locked && image_lock_check(locked, image, err)))
		return -1;
	r->image = image;
	r->config = &image->config;
	r->id = image_id_text(
		s->arena, image->ref, image->manifest_digest, image->config_digest);
	return 0;
}

/* Steps see all of it, so it is refused when monopod's own directories are in it; in the
 * machine's root they are covered. */
static int rootfs_dir(const struct imageset *s, const struct rootfs *r, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	int fd cleanup_fd = open(str_c(r->dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct str held;

	if (fd < 0)
		return err_sys(err, "open '%s'", str_c(r->dir));
	held = r->kind == TARGET_DIR ? hide_held(s->c.hide, a, fd) : STR_NONE;
	if (held.n)
		return err_set(err, ERR_IMAGE,
			"directory '%s' holds monopod's own '%s', which no step may see",
			str_c(r->dir), str_c(held));
	return fd_take(&fd);
}

/* A directory has no documents: what it is, and how it is run, only a lock can say. */
static int rootfs_find_dir(struct imageset *s, struct rootfs *r, struct str dir,
	const struct image_lock_entry *locked, struct err *err)
{
	int fd cleanup_fd = -1;

	r->dir = dir;
	fd = rootfs_dir(s, r, err);
	if (fd < 0)
		return err_wrap_as(err, ERR_IMAGE, "image '" STR_FMT "'", STR_ARG(r->ref));
	r->id = arena_printf(s->arena, "dir:" STR_FMT, STR_ARG(dir));
	if (!locked)
		return 0;
	r->config = &locked->config;
	r->id = image_id_text(s->arena, locked->name, locked->digest, locked->config_digest);
	return 0;
}

int imageset_find(struct imageset *s, struct str ref, struct rootfs **ret, struct err *err)
{
	struct image_target target = {.kind = TARGET_REF, .value = ref};
	struct rootfs *r = map_get(&s->by_ref, ref);
	const struct image_lock_entry *locked;

	if (r) {
		*ret = r;
		return 0;
	}
	r = arena_new_object(s->arena, struct rootfs);
	r->ref = arena_str(s->arena, ref);
	(void)image_map_find(s->map, ref, &target); /* without an entry it is the ref itself */
	r->kind = target.kind;
	locked = image_lock_find(s->lock, ref);
	switch (target.kind) {
	case TARGET_REF:
		if (rootfs_find_image(s, r, target.value, locked, err))
			return -1;
		break;
	case TARGET_DIR:
		if (rootfs_find_dir(s, r, target.value, locked, err))
			return -1;
		break;
	case TARGET_HOST:
		r->dir = STR("/");
		r->id = STR("host");
		break;
	}
	r->state = ROOTFS_FOUND;
	map_set(&s->by_ref, r->ref, r);
	*ret = r;
	return 0;
}

/* --- workers ----------------------------------------------------------------------------- */

/* In the worker: everything but the verdict stays here. */
static int job_unpack(void *arg)
{
	struct layer_job *job = arg;
	struct err err = {0};

	if (layer_unpack(&job->unpack, &err) == 0)
		return 0;
	(void)fd_write_all(job->write_fd, &err, sizeof(err), NULL);
	return 1;
}

static void imageset_schedule(struct imageset *s);

/* The worker is hostile as soon as it has parsed a layer: its message is text, nothing else. */
static void job_read_verdict(struct layer_job *job, int status)
{
	ssize_t n;

	if (status == 0) {
		/* told only when the store has no such layer all the same */
		(void)err_set(&job->err, ERR_IMAGE, "layer '%s' is gone from the store",
			str_c(job->unpack.image->layers[job->unpack.layer].diff_id));
		return;
	}
	n = read(job->err_fd, &job->err, sizeof(job->err));
	job->err.msg[ERR_MSG_BYTES - 1] = '\0';
	if (n == (ssize_t)sizeof(job->err)) {
		job->err.kind = ERR_IMAGE;
		return;
	}
	(void)err_set(&job->err, ERR_IMAGE, "the worker that unpacked layer '%s' ended with %d",
		str_c(job->unpack.image->layers[job->unpack.layer].diff_id), status);
}

static void job_end(struct layer_job *job)
{
	struct imageset *s = job->set;

	watch_remove(job->watch);
	job->watch = NULL;
	fd_close(&job->err_fd);
	fd_close(&job->write_fd);
	job->is_done = true;
	if (--s->n_running == 0)
		s->busy_ns += clock_mono_ns() - s->busy_since_ns;
}

static void imageset_settle(struct imageset *s);

static void job_on_exit(void *arg, int fd attr_unused)
{
	struct layer_job *job = arg;
	struct imageset *s = job->set;
	int status = -1;

	if (sandbox_worker_reap(&job->worker, &status, &job->err) == 0)
		job_read_verdict(job, status);
	job_end(job);
	imageset_schedule(s);
	imageset_settle(s);
}

/* What the worker may use: the store, the sources, and the pipe for its message. */
static void job_confine(struct layer_job *job, struct arena *a, struct sandbox_worker_config *c)
{
	struct imageset *s = job->set;
	int *fds;
	size_t n;
	int *keep;
	int *read_dfds;
	int *write_dfd = arena_new_object(a, int);

	store_worker_fds(s->c.store, a, &fds, &n);
	keep = arena_new_array(a, int, n + 3);
	read_dfds = arena_new_array(a, int, n + 1);
	for (size_t i = 0; i < n; i++) {
		struct stat st;

		keep[c->n_keep_fds++] = fds[i];
		if (fstat(fds[i], &st) == 0 && S_ISDIR(st.st_mode))
			read_dfds[c->n_read_dfds++] = fds[i];
	}
	*write_dfd = store_dfd(s->c.store);
	keep[c->n_keep_fds++] = *write_dfd;
	keep[c->n_keep_fds++] = job->write_fd;
	keep[c->n_keep_fds++] = s->c.hold_fd;
	c->keep_fds = keep;
	c->read_dfds = read_dfds;
	c->write_dfds = write_dfd;
	c->n_write_dfds = 1;
}

static int job_start(struct layer_job *job, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct imageset *s = job->set;
	bool in_ns = s->c.place->level == SANDBOX_USER;
	struct sandbox_worker_config c = {
		.ns = in_ns ? s->c.ns : NULL, .fn = job_unpack, .arg = job};

	if (fd_pipe(&job->err_fd, &job->write_fd, err) || fd_set_nonblock(job->err_fd, err))
		return -1;
	job_confine(job, a, &c);
	if (sandbox_worker_start(&c, &job->worker, err))
		return -1;
	job->is_started = true;
	job->watch = loop_add_read(s->c.loop, job->worker.pidfd_fd, LOOP_EXIT, "unpack worker",
		job_on_exit, job, err);
	return job->watch ? 0 : -1;
}

static void imageset_schedule(struct imageset *s)
{
	for (size_t i = 0; i < s->jobs.n && s->n_running < s->n_workers_max; i++) {
		struct layer_job *job = s->jobs.p[i];

		if (job->is_started || job->is_done)
			continue;
		if (s->n_running++ == 0)
			s->busy_since_ns = clock_mono_ns();
		if (job_start(job, &job->err)) {
			(void)err_wrap_as(&job->err, ERR_IMAGE, "unpack");
			job_end(job);
		}
	}
}

/* --- readiness --------------------------------------------------------------------------- */

static int rootfs_open_layers(struct imageset *s, struct rootfs *r,
	const struct layer_dir *dirs, size_t n, struct err *err)
{
	r->layers = arena_new_array(s->arena, struct sandbox_layer, n);
	for (size_t i = 0; i < n; i++) {
		int fd = openat(store_dfd(s->c.store), str_c(dirs[i].dir),
			O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return err_sys(err, "open layer '%s'", str_c(dirs[i].diff_id));
		vec_push(&s->open_fds, fd);
		r->layers[n - 1 - i] = (struct sandbox_layer){.dfd = fd,
			.owners_are_real = s->owner == UNPACK_OWNERS_REAL &&
					   s->c.place->level == SANDBOX_ROOT};
	}
	r->n_layers = n;
	for (size_t i = 0; i < n; i++) {
		r->n_squashed += dirs[i].n_squashed;
		r->n_devices += dirs[i].n_devices;
	}
	return 0;
}

static struct layer_job *imageset_job(struct imageset *s, struct str dir)
{
	for (size_t i = 0; i < s->jobs.n; i++) {
		if (str_eq(s->jobs.p[i]->dir, dir) && !s->jobs.p[i]->is_done)
			return s->jobs.p[i];
	}
	return NULL;
}

/* Why the last job that was to make this layer failed; NULL: none has. */
static const struct err *imageset_failure(const struct imageset *s, struct str dir)
{
	for (size_t i = s->jobs.n; i > 0; i--) {
		const struct layer_job *job = s->jobs.p[i - 1];

		if (str_eq(job->dir, dir))
			return job->is_done ? &job->err : NULL;
	}
	return NULL;
}

static void imageset_add_job(
	struct imageset *s, const struct rootfs *r, const struct layer_dir *dir)
{
	struct layer_job *job;
	const struct id_extent *base = &s->c.place->map.uid[0];

	if (imageset_job(s, dir->dir))
		return;
	job = arena_new_object(s->arena, struct layer_job);
	*job = (struct layer_job){.set = s,
		.dir = dir->dir,
		.err_fd = -1,
		.write_fd = -1,
		.worker = {.pidfd_fd = -1},
		.unpack = {.store = s->c.store,
			.image = r->image,
			.layer = dir->layer,
			.map_text = s->map_text,
			.owner = s->owner,
			.shift_base = base->outside,
			.shift_count = base->count}};
	vec_push(&s->jobs, job);
}

/* Why is in r->err; what images/ says names the image already. */
static void rootfs_fail(struct rootfs *r)
{
	r->state = ROOTFS_FAILED;
	r->err.kind = ERR_IMAGE;
	if (!str_starts(str_z(r->err.msg), STR("image '")))
		(void)err_wrap(&r->err, "image '%s'", str_c(r->ref));
}

/* Looks at the store again: all there → READY; a job failed → FAILED; else jobs are added. */
static void rootfs_advance(struct imageset *s, struct rootfs *r)
{
	struct layer_dir *dirs;
	size_t n;
	bool is_complete = true;

	if (store_layers(s->c.store, s->arena, r->image, s->map_text, &dirs, &n, &r->err)) {
		rootfs_fail(r);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const struct err *failure =
			dirs[i].is_ready ? NULL : imageset_failure(s, dirs[i].dir);

		if (failure && r->state == ROOTFS_UNPACKING) {
			r->err = *failure;
			rootfs_fail(r);
			return;
		}
		if (!dirs[i].is_ready) {
			imageset_add_job(s, r, &dirs[i]);
			is_complete = false;
		}
	}
	r->state = ROOTFS_UNPACKING;
	if (!is_complete)
		return;
	if (rootfs_open_layers(s, r, dirs, n, &r->err))
		rootfs_fail(r);
	else
		r->state = ROOTFS_READY;
}

static void rootfs_open_dir(struct imageset *s, struct rootfs *r)
{
	int fd = rootfs_dir(s, r, &r->err);

	if (fd < 0) {
		rootfs_fail(r);
		return;
	}
	vec_push(&s->open_fds, fd);
	r->layers = arena_new_object(s->arena, struct sandbox_layer);
	r->layers[0] = (struct sandbox_layer){
		.dfd = fd, .owners_are_real = r->config && sandbox_ns_can_idmap(s->c.ns, fd)};
	r->n_layers = 1;
	r->state = ROOTFS_READY;
}

/* After a job: which of the waiting ones are decided now. */
static void imageset_settle(struct imageset *s)
{
	bool changed = false;

	map_foreach (it, &s->by_ref) {
		struct rootfs *r = it->value;

		if (r->state != ROOTFS_UNPACKING)
			continue;
		rootfs_advance(s, r);
		changed = changed || r->state != ROOTFS_UNPACKING;
	}
	if (changed)
		s->c.changed(s->c.arg);
}

void imageset_want(struct imageset *s, struct rootfs *r)
{
	if (r->state == ROOTFS_READY || r->state == ROOTFS_UNPACKING)
		return;
	r->state = ROOTFS_FOUND; /* one that failed is tried again */
	if (r->kind == TARGET_REF)
		rootfs_advance(s, r);
	else
		rootfs_open_dir(s, r);
	imageset_schedule(s);
	if (r->state == ROOTFS_UNPACKING)
		rootfs_advance(s, r); /* a worker may not even have started */
}

size_t imageset_pending(const struct imageset *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->jobs.n; i++)
		n += !s->jobs.p[i]->is_done;
	return n;
}

int64_t imageset_unpack_ns(const struct imageset *s)
{
	return s->busy_ns + (s->n_running ? clock_mono_ns() - s->busy_since_ns : 0);
}

bool imageset_owns_pid(const struct imageset *s, pid_t pid)
{
	for (size_t i = 0; i < s->jobs.n; i++) {
		const struct layer_job *job = s->jobs.p[i];

		if (job->is_started && !job->is_done && job->worker.pid == pid)
			return true;
	}
	return false;
}

static void job_stop(struct layer_job *job)
{
	int status;

	if (job->is_started && !job->is_done) {
		(void)syscall(SYS_pidfd_send_signal, job->worker.pidfd_fd, SIGKILL, NULL, 0);
		(void)sandbox_worker_reap(&job->worker, &status, NULL);
	}
	watch_remove(job->watch);
	fd_close(&job->err_fd);
	fd_close(&job->write_fd);
}

void imageset_free(struct imageset *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->jobs.n; i++)
		job_stop(s->jobs.p[i]);
	for (size_t i = 0; i < s->open_fds.n; i++)
		fd_close(&s->open_fds.p[i]);
	vec_release(&s->jobs);
	vec_release(&s->open_fds);
	arena_free(s->arena);
}
