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

/* --- the parts --------------------------------------------------------------------------- */

static int attempt_make_tekton(struct attempt *at, const struct owned *o, struct err *err)
{
	static const char *const parts[] = {"bin", "creds", "run", "scripts", "steps"};

	at->tekton_dfd = owned_dir(o, at->dfd, "tekton", MODE_READ, err);
	if (at->tekton_dfd < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (owned_dir_make(o, at->tekton_dfd, parts[i], MODE_READ, err))
			return -1;
	}
	/* where a file is bound, a file must be */
	return owned_file(o, at->tekton_dfd, "termination", STR_NONE, MODE_FILE, err);
}

/* What all steps may write. Those below tekton/ are bound again over the read-only tree. */
static int attempt_make_shared(struct attempt *at, const struct owned *o, struct err *err)
{
	const struct {
		int parent;
		const char *name;
		int *dfd;
	} dirs[] = {
		{at->dfd, "workspace", &at->workspace_dfd},
		{at->tekton_dfd, "home", &at->home_dfd},
		{at->tekton_dfd, "results", &at->results_dfd},
		{at->tekton_dfd, "artifacts", &at->artifacts_dfd},
	};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
		*dirs[i].dfd = owned_dir(o, dirs[i].parent, dirs[i].name, MODE_ALL, err);
		if (*dirs[i].dfd < 0)
			return -1;
	}
	return 0;
}

/* All scripts of the task are visible to every step (21.1). */
static int attempt_make_scripts(struct attempt *at, const struct owned *o, struct err *err)
{
	int scripts_fd cleanup_fd = dir_open(at->tekton_dfd, "scripts", err);

	if (scripts_fd < 0)
		return -1;
	for (size_t i = 0; i < at->launch->n_steps; i++) {
		const struct step_launch *s = &at->launch->steps[i];

		if (!s->has_script)
			continue;
		if (owned_file(o, scripts_fd, str_c(path_base(s->script_path)), s->script,
			    MODE_SCRIPT, err))
			return -1;
	}
	return 0;
}

/* run/I with its status, and the two links that lead there (21.3). */
static int attempt_make_step(struct attempt *at, const struct owned *o, int run_dfd,
	int steps_dfd, const struct step_launch *s, struct err *err)
{
	struct str index = arena_printf(at->arena, "%zu", s->index);
	struct str link = arena_printf(at->arena, "step-" STR_FMT, STR_ARG(s->name));
	struct str target = arena_printf(at->arena, "/tekton/run/%zu/status", s->index);
	int own_fd cleanup_fd = owned_dir(o, run_dfd, str_c(index), MODE_ALL, err);
	int status_fd cleanup_fd =
		own_fd < 0 ? -1 : owned_dir(o, own_fd, "status", MODE_ALL, err);

	if (status_fd < 0 || owned_dir_make(o, status_fd, "results", MODE_ALL, err))
		return -1;
	if (symlinkat(str_c(target), steps_dfd, str_c(index)) < 0 ||
		symlinkat(str_c(target), steps_dfd, str_c(link)) < 0)
		return err_sys(err, "link '%s'", str_c(link));
	return 0;
}

static int attempt_make_steps(struct attempt *at, const struct owned *o, struct err *err)
{
	int run_dfd cleanup_fd = dir_open(at->tekton_dfd, "run", err);
	int steps_dfd cleanup_fd = run_dfd < 0 ? -1 : dir_open(at->tekton_dfd, "steps", err);

	if (steps_dfd < 0)
		return -1;
	for (size_t i = 0; i < at->launch->n_steps; i++) {
		if (attempt_make_step(at, o, run_dfd, steps_dfd, &at->launch->steps[i], err))
			return -1;
	}
	return 0;
}

static struct str binding_name(struct attempt *at, size_t i)
{
	return arena_printf(at->arena, "bind-%zu", i);
}

static int attempt_make_bindings(struct attempt *at, struct err *err)
{
	size_t n = at->launch->n_workspaces;

	at->bindings = arena_new_array(at->arena, struct binding, n + 1);
	for (size_t i = 0; i < n; i++)
		at->bindings[i].fd = -1;
	for (size_t i = 0; i < n; i++) {
		if (binding_open(at->config->binding, &at->launch->workspaces[i], at->dfd,
			    str_c(binding_name(at, i)), &at->bindings[i], err))
			return -1;
	}
	return 0;
}

static int attempt_make(struct attempt *at, struct err *err)
{
	const struct rundir *rd = at->config->rundir;
	struct owned own = attempt_owned(at);
	struct owned mine = {0};
	const char *key = str_c(at->config->key);

	at->dfd = owned_dir(&mine, rd->tasks_dfd, key, 0700, err);
	at->layers_dfd = at->dfd < 0 ? -1 : owned_dir(&mine, rd->layers_dfd, key, 0700, err);
	if (at->layers_dfd < 0)
		return -1;
	if (attempt_make_tekton(at, &own, err) || attempt_make_shared(at, &own, err) ||
		attempt_make_scripts(at, &own, err) || attempt_make_steps(at, &own, err))
		return -1;
	at->log_dfd =
		rundir_log_dir(at->config->run, at->launch->name, at->launch->attempt, err);
	if (at->log_dfd < 0)
		return -1;
	return attempt_make_bindings(at, err);
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
		.dfd = -1,
		.layers_dfd = -1,
		.workspace_dfd = -1,
		.tekton_dfd = -1,
		.home_dfd = -1,
		.results_dfd = -1,
		.artifacts_dfd = -1,
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
	for (size_t i = 0; at->bindings && i < at->launch->n_workspaces; i++)
		binding_close(&at->bindings[i], at->dfd, str_c(binding_name(at, i)));
	fd_close(&at->log_dfd);
	fd_close(&at->artifacts_dfd);
	fd_close(&at->results_dfd);
	fd_close(&at->home_dfd);
	fd_close(&at->tekton_dfd);
	fd_close(&at->workspace_dfd);
	fd_close(&at->layers_dfd);
	fd_close(&at->dfd);
}

int attempt_close(struct attempt *at, struct err *err)
{
	const struct attempt_config *c;
	int rc;

	if (!at)
		return 0;
	c = at->config;
	attempt_close_fds(at);
	rc = sandbox_remove_tree(c->ns, c->rundir->layers_dfd, str_c(c->key), err);
	if (sandbox_remove_tree(c->ns, c->rundir->tasks_dfd, str_c(c->key), rc ? NULL : err))
		rc = -1;
	arena_free(at->arena);
	return rc;
}

/* --- one step ---------------------------------------------------------------------------- */

static int attempt_step_layer(
	struct attempt *at, const char *index, struct attempt_step *s, struct err *err)
{
	/* The directory above upper and work is what the step's namespace walks through. */
	struct owned own = attempt_owned(at);
	int dfd cleanup_fd = owned_dir(&own, at->layers_dfd, index, 0700, err);

	if (dfd < 0)
		return -1;
	s->upper_dfd = owned_dir(&own, dfd, "upper", MODE_READ, err);
	s->work_dfd = s->upper_dfd < 0 ? -1 : owned_dir(&own, dfd, "work", MODE_READ, err);
	return s->work_dfd < 0 ? -1 : 0;
}

static int attempt_step_fill(
	struct attempt *at, size_t step, struct attempt_step *s, struct err *err)
{
	struct owned own = attempt_owned(at);
	struct str index = arena_printf(at->arena, "%zu", step);
	struct str run = arena_printf(at->arena, "run/%zu", step);
	struct str end = arena_printf(at->arena, "end-%zu", step);

	s->run_dfd = openat(
		at->tekton_dfd, str_c(run), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->run_dfd < 0)
		return err_sys(err, "open '%s'", str_c(run));
	if (owned_file(&own, at->dfd, str_c(end), STR_NONE, MODE_FILE, err))
		return -1;
	s->termination_fd = openat(at->dfd, str_c(end), O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (s->termination_fd < 0)
		return err_sys(err, "open '%s'", str_c(end));
	return attempt_step_layer(at, str_c(index), s, err);
}

int attempt_step_open(
	struct attempt *at, size_t step, struct attempt_step *ret, struct err *err)
{
	struct attempt_step s = {
		.run_dfd = -1, .termination_fd = -1, .upper_dfd = -1, .work_dfd = -1};

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

void attempt_step_mark(struct attempt *at, size_t step, bool succeeded, struct str exit_code)
{
	struct str run = arena_printf(at->arena, "run/%zu", step);
	int run_dfd cleanup_fd = openat(
		at->tekton_dfd, str_c(run), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (run_dfd < 0)
		return;
	mark_put(run_dfd, ".", succeeded ? "out" : "out.err", STR_NONE);
	if (exit_code.n)
		mark_put(run_dfd, "status", "exitCode", exit_code);
}

int attempt_step_free(struct attempt *at, size_t step, struct err *err)
{
	struct str index = arena_printf(at->arena, "%zu", step);

	return sandbox_remove_tree(at->config->ns, at->layers_dfd, str_c(index), err);
}
