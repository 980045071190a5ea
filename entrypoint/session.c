/* SPDX-License-Identifier: Apache-2.0 */
/* What the runs of one command share, opened in order, closed in reverse. */
#include "session.h"

#include "durable.h"
#include "give.h"
#include "input.h"
#include "keep.h"
#include "machine.h"
#include "secrets.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/log.h>
#include <base/path.h>
#include <base/vec.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the input --------------------------------------------------------------------------- */

static int session_check_dir(const char *what, struct str name, struct str dir, struct err *err)
{
	struct stat st;

	if (stat(str_c(dir), &st) < 0) {
		(void)err_sys(err, "'%s'", str_c(dir));
		return err_wrap_as(err, ERR_USAGE, "%s '" STR_FMT "'", what, STR_ARG(name));
	}
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_USAGE, "%s '" STR_FMT "': '%s' is not a directory",
			what, STR_ARG(name), str_c(dir));
	return 0;
}

static int session_check_dirs(const struct options *o, struct err *err)
{
	for (size_t i = 0; i < o->n_workspaces; i++) {
		const struct workspace_override *w = &o->workspaces[i];

		if (w->dir.n && session_check_dir("workspace", w->name, w->dir, err))
			return -1;
	}
	for (size_t i = 0; i < o->n_volumes; i++) {
		if (session_check_dir("volume", o->volumes[i].claim, o->volumes[i].dir, err))
			return -1;
	}
	return 0;
}

/*
 * Every task run keeps descriptors open. More of them at once than the hard limit carries would
 * fail, so they wait. (The images, the store and the start of a step need the rest.)
 */
static size_t session_max_parallel(size_t asked)
{
	enum { FILES_OF_RUN = 192, FILES_OF_TASK = 24 };
	struct rlimit r;
	size_t fit = 1;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_max == RLIM_INFINITY)
		return asked;
	if (r.rlim_max > FILES_OF_RUN + FILES_OF_TASK)
		fit = (r.rlim_max - FILES_OF_RUN) / FILES_OF_TASK;
	return asked && asked < fit ? asked : fit;
}

/* A run that goes on decides with the number that it began with. */
static size_t session_parallel(const struct session *s)
{
	if (s->is_resumed && !s->options->resume_force)
		return s->n_parallel_before;
	return session_max_parallel(s->options->max_parallel);
}

static void session_agent_options(struct session *s)
{
	s->agent_options = options_of_agent(s->options);
	s->agent_options.max_parallel = session_parallel(s);
	machine_describe(s->arena, &s->agent_options);
}

static void session_make_agents(struct session *s, const struct run_ref **refs)
{
	session_agent_options(s);
	diags_init(&s->problems, s->arena, s->spec->sources);
	for (size_t i = 0; i < s->n_runs; i++) {
		struct session_run *r = &s->runs[i];
		struct agent_options *opts = arena_new_object(s->arena, struct agent_options);
		size_t n_before = s->problems.n_errors;

		*opts = s->agent_options;
		opts->uid = seed_uid(s->arena, s->seed, "run", i);
		r->ref = refs[i];
		r->journal.fd = -1;
		r->agent = agent_new(s->spec, r->ref, opts, &s->problems);
		r->is_hopeless = s->problems.n_errors > n_before;
	}
}

static int session_no_break(const struct session *s, const struct break_override *b,
	const struct break_found *found, struct err *err)
{
	enum { NAMES_BYTES = ERR_MSG_BYTES / 2 };
	const struct map *names = found->has_task ? &found->steps : &found->tasks;
	struct str wrong =
		found->has_task
			? arena_printf(s->arena, "task '" STR_FMT "' has no step '" STR_FMT "'",
				  STR_ARG(b->task), STR_ARG(b->step))
			: arena_printf(s->arena, "no run has a task '" STR_FMT "'",
				  STR_ARG(b->task));
	struct buf list cleanup_buf;

	buf_init(&list, MIB);
	for (size_t i = 0; i < names->n && list.n < NAMES_BYTES; i++)
		buf_addf(&list, "%s'" STR_FMT "'", i ? ", " : "",
			STR_ARG(names->entries[i].key));
	return err_set(err, ERR_USAGE,
		"--debug before-step=" STR_FMT "/" STR_FMT ": " STR_FMT
		": expected one of " STR_FMT "%s",
		STR_ARG(b->task), STR_ARG(b->step), STR_ARG(wrong), STR_ARG(buf_str(&list)),
		list.n < NAMES_BYTES ? "" : " …");
}

/* A breakpoint that no step can reach was meant for another. */
static int session_check_breaks(const struct session *s, struct err *err)
{
	for (size_t i = 0; i < s->options->n_breaks; i++) {
		const struct break_override *b = &s->options->breaks[i];
		struct break_found found = {0};

		map_init(&found.tasks, s->arena);
		map_init(&found.steps, s->arena);
		for (size_t k = 0; k < s->n_runs; k++)
			agent_find_break(s->runs[k].agent, s->arena, b, &found);
		if (!found.has_step && !(found.is_open && !found.has_task))
			return session_no_break(s, b, &found, err);
	}
	return 0;
}

int session_read(struct session *s, struct err *err)
{
	const struct options *o = s->options;
	struct arena *a = s->arena;
	const struct run_ref **refs;

	if (!s->seed.n)
		s->seed = seed_new(a);
	if (session_check_dirs(o, err) || input_load(o, a, s->seed, &s->spec, err))
		return -1;
	if (!spec_ok(s->spec))
		return 0;
	if (input_runs(o, s->spec, s->seed, &refs, &s->n_runs, err))
		return -1;
	s->mask = secrets_mask(s->spec);
	log_set_mask(s->mask);
	s->outcome.mask = s->mask;
	s->runs = arena_new_array(a, struct session_run, s->n_runs);
	session_make_agents(s, refs);
	return session_check_breaks(s, err);
}

/* --- the place --------------------------------------------------------------------------- */

static int session_open_store(struct session *s, struct err *err)
{
	const struct options *o = s->options;
	struct str dir = options_store_dir(o, s->arena);
	struct err low = {0};

	if (store_open(s->arena, dir, &s->store, &low))
		return err_set(
			err, ERR_SANDBOX, "%s; name a writable place with --store", low.msg);
	for (size_t i = 0; i < o->n_images; i++) {
		if (store_add_source(s->store, o->images[i], err)) {
			if (err->kind == ERR_SYS)
				err->kind = ERR_IMAGE;
			return -1;
		}
	}
	return 0;
}

/* What did not work, for a place that can do nothing: the last of them. Those before it are
 * what it is made of, or what it could have done without. */
static int session_no_sandbox(const struct session *s, struct err *err)
{
	for (size_t i = s->place.n_facts; i-- > 0;) {
		const struct sandbox_fact *f = &s->place.facts[i];

		if (!f->works)
			return err_set(err, ERR_SANDBOX,
				"no sandbox is possible here: %s: " STR_FMT
				" (see 'monopod probe')",
				f->name, STR_ARG(f->evidence));
	}
	return err_set(err, ERR_SANDBOX, "no sandbox is possible here (see 'monopod probe')");
}

/* Where steps write: the run directory's file system, else a tmpfs, else nowhere. */
static int session_choose_layers(struct session *s, struct err *err)
{
	struct err low = {0};
	uint64_t n_bytes;

	if (s->place.can_upper)
		return 0;
	if (s->can_mount && rundir_use_tmpfs(s->arena, &s->rundir, &n_bytes, &low) == 0) {
		log_warn("run directory '%s' cannot carry writable layers: they are on a tmpfs "
			 "of at most %s",
			str_c(s->rundir.path),
			n_bytes ? str_c(arena_printf(s->arena, "%llu MiB",
					  (unsigned long long)(n_bytes / MIB)))
				: "half the memory");
		return 0;
	}
	return err_set(err, ERR_SANDBOX,
		"run directory '%s' cannot carry writable layers: mount a volume there, or "
		"name "
		"another place with --run-dir",
		str_c(s->rundir.path));
}

static bool session_wants_hermetic(const struct session *s)
{
	for (size_t i = 0; i < s->n_runs; i++) {
		if (!s->runs[i].is_hopeless && !s->runs[i].is_done &&
			agent_wants_hermetic(s->runs[i].agent))
			return true;
	}
	return false;
}

/* What steps ask of the place beside their images; a refused run asks for nothing. */
static void session_list_demands(struct session *s)
{
	VEC(struct demand) all = {0};

	for (size_t i = 0; i < s->n_runs; i++) {
		struct demand *some;
		size_t n;

		if (s->runs[i].is_hopeless || s->runs[i].is_done)
			continue;
		agent_demands(s->runs[i].agent, s->arena, &some, &n);
		for (size_t k = 0; k < n; k++)
			vec_push(&all, some[k]);
	}
	s->demands = vec_freeze(&all, s->arena);
	s->n_demands = all.n;
	vec_release(&all);
}

bool session_can_give(struct session *s)
{
	return give_check(s->arena, &s->place, s->demands, s->n_demands, &s->problems);
}

static int session_probe(struct session *s, struct err *err)
{
	bool wants_net = session_wants_hermetic(s);
	struct sandbox_ask ask = {.store_dfd = store_dfd(s->store),
		.run_dfd = s->rundir.layers_dfd,
		.hold_fd = s->rundir.lock_fd};

	session_list_demands(s);
	ask.wants = give_wants(s->demands, s->n_demands) |
		    (wants_net ? (unsigned int)SANDBOX_WANT_NET : 0U);
	sandbox_probe_run(s->arena, &ask, &s->place);
	if (s->place.level == SANDBOX_NONE)
		return session_no_sandbox(s, err);
	if (s->place.level > s->options->require_level)
		return err_set(err, ERR_SANDBOX,
			"--require-isolation %s: this place gives only '%s' (see 'monopod "
			"probe')",
			sandbox_level_name(s->options->require_level),
			sandbox_level_name(s->place.level));
	if (wants_net && !s->place.can_net_namespace)
		return err_set(err, ERR_SANDBOX,
			"a hermetic task is asked for, and no network namespace can be made "
			"here "
			"(see 'monopod probe')");
	if (session_choose_layers(s, err))
		return -1;
	return sandbox_ns_new(&s->place, false, &s->ns, err);
}

bool session_is_stopped(const struct session *s)
{
	return s->signal || s->asked != CANCEL_NONE;
}

/* --- the loop ---------------------------------------------------------------------------- */

static void session_on_stop(void *arg, int signal)
{
	struct session *s = arg;
	bool is_first = s->signal == 0;

	if (is_first)
		s->signal = signal;
	if (s->drive)
		drive_cancel(s->drive, is_first ? CANCEL_GRACEFUL : CANCEL_NOW,
			s->options->grace_ns,
			signal == SIGINT ? STR("interrupted") : STR("told to stop"));
}

/* No grace bounds it. What comes before the first run is driven is its cancellation. */
static void session_asked(struct session *s, enum cancel_mode mode, struct str why)
{
	if (mode > s->asked) {
		s->asked = mode;
		s->asked_why = why;
	}
	if (s->drive)
		drive_cancel(s->drive, mode, 0, why);
}

static void session_on_asked(void *arg, enum cancel_mode mode)
{
	session_asked(arg, mode, STR("asked for by 'monopod cancel'"));
}

static void session_on_cancel_file(void *arg, enum cancel_mode mode)
{
	session_asked(arg, mode, STR("asked for by the cancel file"));
}

/* `monopod shell`: between runs there is nobody to visit. */
static void session_on_visited(void *arg, int *fd)
{
	struct session *s = arg;

	if (s->drive)
		drive_visit(s->drive, fd);
}

static void session_on_resize(void *arg)
{
	struct session *s = arg;

	view_resize(s->view);
}

static bool session_is_ours(void *arg, pid_t pid)
{
	struct session *s = arg;

	return sweeper_owns_pid(&s->sweeper, pid) ||
	       (s->images && imageset_owns_pid(s->images, pid)) ||
	       (s->drive && drive_owns_pid(s->drive, pid));
}

static void session_on_images(void *arg)
{
	struct session *s = arg;

	if (s->drive)
		drive_images_changed(s->drive);
}

static void session_on_published(void *arg)
{
	struct session *s = arg;

	outcome_changed(&s->outcome, clock_mono_ns());
}

static void session_on_turn(void *arg)
{
	struct session *s = arg;

	pid1_turn(s->pid1);
	watch_set_deadline(s->timer, outcome_deadline_ns(&s->outcome));
}

static void session_on_timer(void *arg, int fd attr_unused)
{
	session_on_published(arg);
}

static int session_open_loop(struct session *s, struct err *err)
{
	struct pid1_events events = {.stop = session_on_stop,
		.resize = session_on_resize,
		.is_ours = session_is_ours,
		.arg = s};

	if (loop_new(&s->loop, err) || pid1_open(s->loop, &events, &s->pid1, err))
		return -1;
	s->timer = loop_add_timer(s->loop, "run.json", session_on_timer, s, err);
	return s->timer ? 0 : -1;
}

/* Said once; the run goes on. */
static void session_doubt_place(struct session *s)
{
	struct str why = durable_doubt(s->arena, s->rundir.scratch_dfd);

	if (why.n)
		log_warn("run directory '%s' is on " STR_FMT
			 ": after a loss of power the record may be behind what was done",
			str_c(s->rundir.path), STR_ARG(why));
}

static void session_open_control(struct session *s)
{
	const struct control_events events = {
		.asked = session_on_asked, .visited = session_on_visited, .arg = s};
	struct err low = {0};

	if (control_open(s->loop, s->rundir.dfd, &events, &s->control, &low))
		log_warn("%s: 'monopod cancel' and 'monopod shell' cannot reach this run",
			low.msg);
}

static int session_open_cancel_file(struct session *s, struct err *err)
{
	if (!s->options->cancel_file.n)
		return 0;
	return cancel_file_open(s->loop, s->options->cancel_file, session_on_cancel_file, s,
		&s->cancel_file, err);
}

/* --- opening ----------------------------------------------------------------------------- */

/* Steps and their pipes are many; the soft limit is for programs that use select. */
static void session_raise_files(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
}

static void session_drive_config(struct session *s)
{
	s->drive_config = (struct drive_config){.options = s->options,
		.loop = s->loop,
		.view = s->view,
		.place = &s->place,
		.ns = s->ns,
		.images = s->images,
		.rundir = &s->rundir,
		.callers = &s->callers,
		.shared = &s->shared,
		.sweeper = &s->sweeper,
		.owned = owned_by_root_of(&s->place.map),
		.mask = s->mask,
		.can_mount = s->can_mount,
		.published = session_on_published,
		.turn = session_on_turn,
		.arg = s};
	launch_config_init(&s->drive_config.launch, s->arena);
	s->drive_config.launch.hide = s->hide;
	s->drive_config.launch.own_ip = s->agent_options.pod_ip;
	sweeper_init(&s->sweeper, &s->rundir, s->ns, s->place.level);
	shared_init(&s->shared, &s->rundir, &s->place.map,
		s->drive_config.launch.etc_resolv_conf.n > 0);
}

static int session_open_rundir(struct session *s, struct err *err)
{
	if (s->rundir.dfd >= 0) /* --resume has taken it */
		return rundir_open_taken(&s->rundir, err);
	s->can_mount = rundir_own_mounts();
	return rundir_open(
		s->arena, s->options->run_dir, input_run_name(s->runs[0].ref), &s->rundir, err);
}

int session_open(struct session *s, struct err *err)
{
	struct imageset_config images = {.options = s->options,
		.place = &s->place,
		.changed = session_on_images,
		.arg = s};

	/* first: from here on a signal finds somebody who cleans up */
	if (session_open_loop(s, err))
		return -1;
	session_raise_files();
	if (session_open_rundir(s, err) || callers_open(&s->callers, s->arena, s->options, err))
		return -1;
	if (s->can_mount)
		rundir_use_small_tmpfs(s->arena, &s->rundir);
	session_doubt_place(s);
	session_open_control(s);
	if (session_open_cancel_file(s, err) || session_open_store(s, err) ||
		session_probe(s, err))
		return -1;
	sandbox_ns_hold(s->ns, s->rundir.lock_fd);
	s->hide = hide_paths_of(
		s->arena, s->rundir.path, options_store_dir(s->options, s->arena));
	images.hide = &s->hide;
	images.store = s->store;
	images.loop = s->loop;
	images.ns = s->ns;
	images.hold_fd = s->rundir.lock_fd;
	if (imageset_new(&images, &s->images, err))
		return -1;
	s->view = view_new(s->options, s->mask);
	session_drive_config(s);
	rundir_sweep(&s->rundir, s->ns);
	return 0;
}

/* --- images ------------------------------------------------------------------------------ */

/* The images that all runs are known to use, each as often as a run does. */
static void session_list_images(struct session *s)
{
	VEC(struct image_use) all = {0};

	for (size_t i = 0; i < s->n_runs; i++) {
		struct image_use *uses;
		size_t n;

		if (s->runs[i].is_hopeless || s->runs[i].is_done)
			continue;
		agent_images(s->runs[i].agent, s->arena, &uses, &n);
		for (size_t k = 0; k < n; k++)
			vec_push(&all, uses[k]);
	}
	s->images_used = vec_freeze(&all, s->arena);
	s->n_images_used = all.n;
	vec_release(&all);
}

bool session_find_images(struct session *s)
{
	bool all = true;

	session_list_images(s);
	for (size_t i = 0; i < s->n_images_used; i++) {
		const struct image_use *use = &s->images_used[i];
		struct err err = {0};
		struct rootfs *r;

		if (imageset_find(s->images, use->image, &r, &err) == 0)
			continue;
		(void)diag_add(
			&s->problems, DIAG_ERROR, "image-missing", use->pos, "%s", err.msg);
		all = false;
	}
	return all;
}

static void session_want_images(struct session *s)
{
	for (size_t i = 0; i < s->n_images_used; i++) {
		struct rootfs *r;

		if (imageset_find(s->images, s->images_used[i].image, &r, NULL) == 0)
			imageset_want(s->images, r);
	}
}

/* The first image that could not be made ready. */
static int session_check_images(struct session *s, struct err *err)
{
	for (size_t i = 0; i < s->n_images_used; i++) {
		struct rootfs *r;

		if (imageset_find(s->images, s->images_used[i].image, &r, err))
			return -1;
		if (r->state == ROOTFS_READY)
			continue;
		*err = r->err;
		return -1;
	}
	return 0;
}

int session_unpack(struct session *s, struct err *err)
{
	size_t told = 0;

	session_want_images(s);
	pid1_poll(s->pid1); /* what came while there was nothing to wait for */
	while (imageset_pending(s->images) && !s->signal && s->asked != CANCEL_NOW) {
		size_t n = imageset_pending(s->images);

		if (n != told)
			view_progress(s->view, arena_printf(s->arena, "unpacking %zu layer%s",
						       n, n == 1 ? "" : "s"));
		told = n;
		if (loop_turn(s->loop, err))
			return -1;
		pid1_turn(s->pid1);
	}
	if (told)
		view_progress(s->view, STR_NONE);
	s->unpack_ns = imageset_unpack_ns(s->images);
	if (s->signal)
		return err_set(err, ERR_CANCELLED, "stopped before the first step");
	return s->asked == CANCEL_NOW ? 0 : session_check_images(s, err);
}

/* --- closing ----------------------------------------------------------------------------- */

static void session_close_shared(struct session *s)
{
	callers_close(&s->callers);
	cancel_file_close(s->cancel_file);
	arena_free(s->header_arena);
	view_free(s->view);
	imageset_free(s->images);
	watch_remove(s->timer);
	pid1_free(s->pid1);
	loop_free(s->loop);
	for (size_t i = 0; i < s->n_runs; i++) {
		journal_close(&s->runs[i].journal);
		agent_free(s->runs[i].agent);
	}
	if (s->store)
		store_close(s->store);
	log_set_mask(NULL);
	mask_free(s->mask);
}

void session_discard(struct session *s)
{
	sweeper_close(&s->sweeper);
	shared_release(&s->shared);
	control_close(s->control); /* while its directory is open */
	rundir_discard(&s->rundir);
	session_close_shared(s);
	sandbox_ns_free(s->ns);
}

void session_close(struct session *s)
{
	struct err err = {0};

	control_close(s->control); /* while its directory is open */
	if (s->options->dry_run)
		rundir_erase(&s->rundir, s->ns);
	sweeper_close(&s->sweeper);
	shared_release(&s->shared);
	if (!s->options->dry_run)
		keep_apply(&s->options->keep, &s->rundir, s->ns);
	if (rundir_close(&s->rundir, s->ns, &err))
		log_warn("remove what the runs left: %s", err.msg);
	session_close_shared(s);
	sandbox_ns_free(s->ns);
}
