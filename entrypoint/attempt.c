/* SPDX-License-Identifier: Apache-2.0 */
/* Making and removing the directories of an attempt. */
#include "attempt.h"

#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODE_ALL = 0777, MODE_READ = 0755, MODE_FILE = 0666, MODE_SCRIPT = 0755 };

static struct owned attempt_owned(const struct attempt *at)
{
	return owned_by_root_of(&at->config->place->map);
}

/* The trees of an attempt in scratch/tasks: "T-A-w" and so on. */
enum tree { TREE_WORKSPACE, TREE_HOME, TREE_BINDINGS };
enum { TREE_N = TREE_BINDINGS + 1 };

static struct str tree_name(struct attempt *at, enum tree t)
{
	static const char *const ends[] = {
		[TREE_WORKSPACE] = "w",
		[TREE_HOME] = "h",
		[TREE_BINDINGS] = "b",
	};
	_Static_assert(ARRAY_SIZE(ends) == TREE_N, "an end for each tree");

	return arena_printf(at->arena, STR_FMT "-%s", STR_ARG(at->config->key), ends[t]);
}

/* --- the parts --------------------------------------------------------------------------- */

/* What all steps may write. */
static int attempt_make_shared(struct attempt *at, const struct owned *o, struct err *err)
{
	const int tasks_dfd = at->config->rundir->tasks_dfd;
	const struct {
		int dfd;
		const char *name;
		int *ret_dfd;
	} dirs[] = {
		/* programs keep large things in these two */
		{tasks_dfd, str_c(tree_name(at, TREE_WORKSPACE)), &at->workspace_dfd},
		{tasks_dfd, str_c(tree_name(at, TREE_HOME)), &at->home_dfd},
		{at->dfd, "results", &at->results_dfd},
		{at->dfd, "artifacts", &at->artifacts_dfd},
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		*dirs[i].ret_dfd = owned_dir(o, dirs[i].dfd, dirs[i].name, MODE_ALL, err);
		if (*dirs[i].ret_dfd < 0)
			return -1;
	}
	return 0;
}

/* All scripts of the task are visible to every step (21.1). */
static int attempt_make_scripts(struct attempt *at, const struct owned *o, struct err *err)
{
	for (size_t i = 0; i < launch_n_containers(at->launch); i++) {
		const struct step_launch *s = &at->launch->steps[i];

		if (!s->has_script)
			continue;
		if (at->scripts_dfd < 0)
			at->scripts_dfd = owned_dir(o, at->dfd, "scripts", MODE_READ, err);
		if (at->scripts_dfd < 0 ||
			owned_file(o, at->scripts_dfd, str_c(path_base(s->script_path)),
				s->script, MODE_SCRIPT, err))
			return -1;
	}
	return 0;
}

int attempt_script_renew(struct attempt *at, size_t step, struct err *err)
{
	const struct owned o = attempt_owned(at);
	const struct step_launch *s = &at->launch->steps[step];
	const char *name = str_c(path_base(s->script_path));

	/* the others see this directory, but cannot write in it */
	if (unlinkat(at->scripts_dfd, name, 0) < 0)
		return err_sys(err, "unlink '%s'", name);
	return owned_file(&o, at->scripts_dfd, name, s->script, MODE_SCRIPT, err);
}

/* --- breakpoints (25) */

/*
 * What a person at a breakpoint calls: as Tekton's, but of nothing that a shell does not have
 * itself. The one directory in /tekton/debug/info is called as the step's place is.
 */
#define DEBUG_SCRIPT(body)                                                                     \
	"#!/bin/sh\nset -e\nfor info in /tekton/debug/info/*; do step=${info##*/}; done\n"     \
	"cd /tekton/run/$step\n" body "echo \"Executing step $step...\"\n"

static const struct {
	const char *name;
	const char *text;
} debug_scripts[] = {
	{"debug-continue", DEBUG_SCRIPT(": >out\necho 0 >out.breakpointexit\n")},
	{"debug-fail-continue", DEBUG_SCRIPT(": >out.err\necho 1 >out.breakpointexit\n")},
	{"debug-beforestep-continue", DEBUG_SCRIPT("echo 0 >out.beforestepexit\n")},
	{"debug-beforestep-fail-continue", DEBUG_SCRIPT("echo 1 >out.beforestepexit.err\n")},
};

static int attempt_make_debug(struct attempt *at, const struct owned *o, struct err *err)
{
	if (!at->launch->has_breakpoints)
		return 0;
	at->debug_dfd = owned_dir(o, at->dfd, "debug", MODE_READ, err);
	for (size_t i = 0; at->debug_dfd >= 0 && i < ARRAY_SIZE(debug_scripts); i++) {
		if (owned_file(o, at->debug_dfd, debug_scripts[i].name,
			    str_z(debug_scripts[i].text), MODE_SCRIPT, err))
			return -1;
	}
	return at->debug_dfd < 0 ? -1 : 0;
}

static int attempt_step_info(struct attempt *at, size_t step, struct err *err)
{
	struct owned own = attempt_owned(at);
	struct str name = arena_printf(at->arena, "info-%zu", step);
	struct str inner = arena_printf(at->arena, "%zu", step);
	int dfd cleanup_fd = owned_dir(&own, at->dfd, str_c(name), MODE_READ, err);

	if (dfd < 0 || owned_dir_make(&own, dfd, str_c(inner), MODE_ALL, err))
		return -1;
	return fd_take(&dfd);
}

/* run/I with its status (21.3). */
static int attempt_make_step(
	struct attempt *at, const struct owned *o, const struct step_launch *s, struct err *err)
{
	struct str index = arena_printf(at->arena, "%zu", s->index);
	int own_fd cleanup_fd = owned_dir(o, at->run_dfd, str_c(index), MODE_ALL, err);
	int status_fd cleanup_fd =
		own_fd < 0 ? -1 : owned_dir(o, own_fd, "status", MODE_ALL, err);

	if (status_fd < 0 || owned_dir_make(o, status_fd, "results", MODE_ALL, err) ||
		owned_dir_make(o, status_fd, "artifacts", MODE_ALL, err))
		return -1;
	return 0;
}

static int attempt_make_steps(struct attempt *at, const struct owned *o, struct err *err)
{
	/* alone, a step's directory is bound where the shared tree has one for it */
	at->run_dfd = at->launch->n_steps == 1 ? dir_open(at->dfd, ".", err)
					       : owned_dir(o, at->dfd, "run", MODE_READ, err);
	if (at->run_dfd < 0)
		return -1;
	for (size_t i = 0; i < at->launch->n_steps; i++) {
		if (attempt_make_step(at, o, &at->launch->steps[i], err))
			return -1;
	}
	return 0;
}

static struct str binding_name(struct attempt *at, size_t i)
{
	return arena_printf(at->arena, "bind-%zu", i);
}

static struct place *place_find(const struct attempt *at, const struct launch_mount *m)
{
	struct place *p;

	vec_foreach (p, &at->places) {
		if (p->volume == m->volume && str_eq(p->sub_path, m->sub_path))
			return p;
	}
	return NULL;
}

struct attempt_mount attempt_mount(const struct attempt *at, const struct launch_mount *m)
{
	const struct place *p = place_find(at, m);

	BUG_ON(m->sub_path.n && !p && at->bindings[m->volume].fd >= 0);
	if (p)
		return (struct attempt_mount){
			.fd = p->fd, .is_file = p->is_file, .hidden = &p->hidden};
	return (struct attempt_mount){.fd = at->bindings[m->volume].fd,
		.is_file = at->bindings[m->volume].is_file,
		.hidden = &at->bindings[m->volume].hidden};
}

/*
 * A directory of the caller's, or a part of one, without what is monopod's own in it. No author
 * of a subPath gets into that either.
 */
static int attempt_hide(struct attempt *at, int fd, bool or_past, struct str name,
	hidden_vec *ret, struct err *err)
{
	if (hide_has(at->config->hide, fd, or_past))
		return err_set(err, ERR_NOT_FOUND,
			"'" STR_FMT "' lies in a directory of monopod's own", STR_ARG(name));
	return hide_find(at->config->hide, at->arena, fd, ret, err);
}

/*
 * All subPaths are resolved before the first step runs, as a pod's are: no step of the task can
 * change where they lead.
 */
static int attempt_make_places(struct attempt *at, const struct step_launch *s, struct err *err)
{
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct launch_mount *m = &s->mounts[i];
		const struct binding *b = &at->bindings[m->volume];
		struct sub_path sub = {.ns = at->config->ns,
			.root_dfd = b->fd,
			.owner = b->owner,
			.path = m->sub_path,
			.may_make = at->launch->volumes[m->volume].kind != LAUNCH_FILES};
		struct place place = {.volume = m->volume, .sub_path = m->sub_path};

		if (!m->sub_path.n || b->fd < 0 || place_find(at, m))
			continue;
		place.fd = binding_sub_path(&sub, &place.is_file, err);
		if (place.fd < 0)
			return -1;
		if (b->owner == OWNER_CALLER &&
			attempt_hide(at, place.fd, !hide_has(at->config->hide, b->fd, true),
				m->sub_path, &place.hidden, err)) {
			hide_release(&place.hidden);
			fd_close(&place.fd);
			return -1;
		}
		vec_push(&at->places, place);
	}
	return 0;
}

static int attempt_make_bindings(struct attempt *at, struct err *err)
{
	size_t n = at->launch->n_volumes;
	struct owned mine = {0};

	at->bindings = arena_new_array(at->arena, struct binding, n + 1);
	for (size_t i = 0; i < n; i++)
		at->bindings[i].fd = -1;
	if (n == 0)
		return 0;
	at->bind_dfd = owned_dir(&mine, at->config->rundir->tasks_dfd,
		str_c(tree_name(at, TREE_BINDINGS)), 0700, err);
	if (at->bind_dfd < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (binding_open(at->config->binding, &at->launch->volumes[i], at->bind_dfd,
			    str_c(binding_name(at, i)), &at->bindings[i], err))
			return -1;
		if (at->bindings[i].owner == OWNER_CALLER &&
			attempt_hide(at, at->bindings[i].fd, false, at->launch->volumes[i].name,
				&at->bindings[i].hidden, err))
			return -1;
	}
	for (size_t i = 0; i < launch_n_containers(at->launch); i++) {
		if (attempt_make_places(at, &at->launch->steps[i], err))
			return -1;
	}
	return 0;
}

static bool volume_takes_group(const struct attempt *at, size_t i, bool is_files)
{
	return at->bindings[i].fd >= 0 && at->bindings[i].owner == OWNER_AS_IS &&
	       !at->bindings[i].is_file &&
	       (at->launch->volumes[i].kind == LAUNCH_FILES) == is_files;
}

/* What a pod would have as volumes; the caller's own directories stay as they are. */
static int attempt_give_group(struct attempt *at, struct err *err)
{
	const struct task_launch *l = at->launch;
	const struct id_map *map = &at->config->place->map;
	int *dfds = arena_new_array(at->arena, int, l->n_volumes + 4);
	struct sandbox_group g = {
		.dfds = dfds, .gid = l->fs_group, .on_mismatch = l->fs_group_on_mismatch};

	if (!l->has_fs_group)
		return 0;
	if (map->is_single && id_map_outside(map->gid, map->n_gid, l->fs_group) < 0)
		return 0; /* one user owns everything; that groups are not set is noted */
	dfds[g.n++] = at->workspace_dfd;
	dfds[g.n++] = at->home_dfd;
	dfds[g.n++] = at->results_dfd;
	dfds[g.n++] = at->artifacts_dfd;
	for (size_t i = 0; i < l->n_volumes; i++)
		if (volume_takes_group(at, i, false))
			dfds[g.n++] = at->bindings[i].fd;
	if (sandbox_give_group(at->config->ns, &g, err))
		return -1;
	g.n = 0;
	g.read_only = true;
	for (size_t i = 0; i < l->n_volumes; i++)
		if (volume_takes_group(at, i, true))
			dfds[g.n++] = at->bindings[i].fd;
	return g.n ? sandbox_give_group(at->config->ns, &g, err) : 0;
}

static int attempt_make(struct attempt *at, struct err *err)
{
	const struct rundir *rd = at->config->rundir;
	struct owned own = attempt_owned(at);
	struct owned mine = {0};
	const char *key = str_c(at->config->key);

	at->dfd = owned_dir(&mine, rd->small_dfd, key, 0700, err);
	if (at->dfd < 0)
		return -1;
	at->tekton_dfd = shared_tekton(at->config->shared, at->launch, err);
	if (at->tekton_dfd < 0)
		return -1;
	if (attempt_make_shared(at, &own, err) || attempt_make_scripts(at, &own, err) ||
		attempt_make_steps(at, &own, err) || attempt_make_debug(at, &own, err))
		return -1;
	at->log_dfd =
		rundir_log_dir(at->config->run, at->launch->name, at->launch->attempt, err);
	if (at->log_dfd < 0)
		return -1;
	return attempt_make_bindings(at, err) || attempt_give_group(at, err) ? -1 : 0;
}

int attempt_open(const struct attempt_config *c, const struct task_launch *l,
	struct attempt **ret, struct err *err)
{
	struct arena *a = arena_new();
	struct attempt *at = arena_new_object(a, struct attempt);
	struct attempt_config *config = arena_new_object(a, struct attempt_config);

	*config = *c;
	config->key = arena_str(a, c->key);
	*at = (struct attempt){.arena = a,
		.config = config,
		.launch = l,
		.has_layer = arena_new_array(a, bool, launch_n_containers(l) + 1),
		.dfd = -1,
		.bind_dfd = -1,
		.tekton_dfd = -1,
		.workspace_dfd = -1,
		.home_dfd = -1,
		.results_dfd = -1,
		.artifacts_dfd = -1,
		.run_dfd = -1,
		.scripts_dfd = -1,
		.debug_dfd = -1,
		.log_dfd = -1};
	if (attempt_make(at, err)) {
		(void)attempt_close(at, NULL); /* the first failure is the one to tell */
		return -1;
	}
	*ret = at;
	return 0;
}

static void attempt_close_fds(struct attempt *at)
{
	struct place *p;

	vec_foreach (p, &at->places) {
		fd_close(&p->fd);
		hide_release(&p->hidden);
	}
	vec_release(&at->places);
	for (size_t i = 0; at->bindings && i < at->launch->n_volumes; i++)
		binding_close(&at->bindings[i], at->bind_dfd, str_c(binding_name(at, i)));
	fd_close(&at->log_dfd);
	fd_close(&at->artifacts_dfd);
	fd_close(&at->results_dfd);
	fd_close(&at->home_dfd);
	fd_close(&at->debug_dfd);
	fd_close(&at->scripts_dfd);
	fd_close(&at->run_dfd);
	fd_close(&at->workspace_dfd);
	fd_close(&at->bind_dfd);
	fd_close(&at->dfd);
}

void attempt_keep(struct attempt *at, const struct task_launch *l)
{
	at->launch = l;
}

int attempt_close(struct attempt *at, struct err *err)
{
	const struct attempt_config *c;
	int rc = 0;

	if (!at)
		return 0;
	c = at->config;
	attempt_close_fds(at);
	for (size_t i = 0; i < launch_n_containers(at->launch); i++) {
		if (attempt_step_free(at, i, rc ? NULL : err))
			rc = -1;
	}
	for (int i = 0; i < TREE_N; i++) {
		struct str name = tree_name(at, (enum tree)i);

		if ((i != TREE_BINDINGS || at->launch->n_volumes) &&
			sweeper_remove(c->sweeper, SWEEP_TASKS, str_c(name), rc ? NULL : err))
			rc = -1;
	}
	if (sweeper_remove(c->sweeper, SWEEP_SMALL, str_c(c->key), rc ? NULL : err))
		rc = -1;
	arena_free(at->arena);
	return rc;
}

/* --- one step ---------------------------------------------------------------------------- */

static struct str layer_name(struct attempt *at, size_t step)
{
	return arena_printf(at->arena, STR_FMT "-%zu", STR_ARG(at->config->key), step);
}

static int attempt_step_layer(
	struct attempt *at, size_t step, struct attempt_step *s, struct err *err)
{
	/* The directory above upper and work is what the step's namespace walks through. */
	struct owned own = attempt_owned(at);
	int dfd cleanup_fd = -1;

	at->has_layer[step] = true;
	dfd = owned_dir(
		&own, at->config->rundir->layers_dfd, str_c(layer_name(at, step)), 0700, err);
	if (dfd < 0)
		return -1;
	s->upper_dfd = owned_dir(&own, dfd, "upper", MODE_READ, err);
	s->work_dfd = s->upper_dfd < 0 ? -1 : owned_dir(&own, dfd, "work", MODE_READ, err);
	return s->work_dfd < 0 ? -1 : 0;
}

int attempt_step_run(struct attempt *at, size_t step, struct err *err)
{
	struct str index = arena_printf(at->arena, "%zu", step);
	int fd = openat(
		at->run_dfd, str_c(index), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? err_sys(err, "open 'run/%s'", str_c(index)) : fd;
}

/* What is a step's alone. */
static int attempt_step_files(
	struct attempt *at, size_t step, struct attempt_step *s, struct err *err)
{
	struct owned own = attempt_owned(at);
	struct str end = arena_printf(at->arena, "end-%zu", step);

	s->run_dfd = attempt_step_run(at, step, err);
	if (s->run_dfd < 0)
		return -1;
	if (owned_file(&own, at->dfd, str_c(end), STR_NONE, MODE_FILE, err))
		return -1;
	s->termination_fd = openat(at->dfd, str_c(end), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (s->termination_fd < 0)
		return err_sys(err, "open '%s'", str_c(end));
	if (!at->launch->has_breakpoints)
		return 0;
	s->info_dfd = attempt_step_info(at, step, err);
	return s->info_dfd < 0 ? -1 : 0;
}

static int attempt_step_fill(
	struct attempt *at, size_t step, struct attempt_step *s, struct err *err)
{
	const struct step_launch *l = &at->launch->steps[step];

	if (!l->sidecar && attempt_step_files(at, step, s, err))
		return -1;
	return l->security.read_only_root ? 0 : attempt_step_layer(at, step, s, err);
}

int attempt_step_open(
	struct attempt *at, size_t step, struct attempt_step *ret, struct err *err)
{
	struct attempt_step s = {.run_dfd = -1,
		.termination_fd = -1,
		.info_dfd = -1,
		.upper_dfd = -1,
		.work_dfd = -1};

	if (attempt_step_fill(at, step, &s, err)) {
		attempt_step_close(&s);
		return -1;
	}
	*ret = s;
	return 0;
}

void attempt_step_close(struct attempt_step *s)
{
	fd_close(&s->work_dfd);
	fd_close(&s->upper_dfd);
	fd_close(&s->info_dfd);
	fd_close(&s->termination_fd);
	fd_close(&s->run_dfd);
}

/*
 * The directory was the step's to write in, so what is there now is not to be trusted: beneath
 * it, no links, and the file is new.
 */
static void mark_put(int run_dfd, const char *dir, const char *name, struct str text)
{
	int dfd cleanup_fd = -1;
	struct owned mine = {0};

	dfd = path_open(
		run_dfd, dir, O_RDONLY | O_DIRECTORY, 0, PATH_BENEATH | PATH_NO_LINKS, NULL);
	if (dfd < 0)
		return; /* the step took it away: nobody but it loses something */
	(void)unlinkat(dfd, name, 0);
	(void)owned_file(&mine, dfd, name, text, 0644, NULL);
}

int attempt_step_dir(struct attempt *at, size_t step, const char *name, struct err *err)
{
	struct str rel = arena_printf(at->arena, "%zu/status/%s", step, name);

	return path_open(at->run_dfd, str_c(rel), O_PATH | O_DIRECTORY, 0,
		PATH_BENEATH | PATH_NO_LINKS, err);
}

void attempt_step_mark(struct attempt *at, size_t step, bool succeeded, struct str exit_code)
{
	int run_dfd cleanup_fd = -1;

	if (step + 1 == at->launch->n_steps)
		return;
	run_dfd = attempt_step_run(at, step, NULL);
	if (run_dfd < 0)
		return;
	mark_put(run_dfd, ".", succeeded ? "out" : "out.err", STR_NONE);
	if (exit_code.n)
		mark_put(run_dfd, "status", "exitCode", exit_code);
}

int attempt_step_free(struct attempt *at, size_t step, struct err *err)
{
	if (!at->has_layer[step])
		return 0;
	if (sweeper_remove(at->config->sweeper, SWEEP_LAYERS, str_c(layer_name(at, step)), err))
		return -1;
	at->has_layer[step] = false;
	return 0;
}
