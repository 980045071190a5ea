/* SPDX-License-Identifier: Apache-2.0 */
/* Step + image + directories → sandbox_config. */
#include "launch.h"

#include "etc.h"

#include <base/bounds.h>
#include <base/file.h>
#include <base/map.h>
#include <base/path.h>
#include <base/vec.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	HOSTNAME_MAX = 63,
	ETC_BYTES = 256 * KIB,
	NOFILE_SOFT = 65536,
	NOFILE_HARD = 1048576,
	CREDS_BYTES = MIB,
	HIDDEN_BYTES = 64 * KIB,
};

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void launch_config_init(struct launch_config *c, struct arena *a)
{
	*c = (struct launch_config){0};
	(void)file_read(a, AT_FDCWD, "/etc/hosts", ETC_BYTES, &c->etc_hosts, NULL);
	(void)file_read(a, AT_FDCWD, "/etc/resolv.conf", ETC_BYTES, &c->etc_resolv_conf, NULL);
}

/* --- what to execute --------------------------------------------------------------------- */

typedef VEC(char *) word_vec;

static void words_add(word_vec *v, struct arena *a, const struct str *words, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str copy = arena_str(a, words[i]);

		vec_push(v, (char *)(uintptr_t)copy.p);
	}
}

static char *const *words_end(word_vec *v, struct arena *a)
{
	char *const *ret;

	vec_push(v, NULL);
	ret = vec_freeze(v, a);
	vec_release(v);
	return ret;
}

static int program_argv(struct arena *a, const struct step_launch *s, const struct rootfs *r,
	struct launch_program *ret, struct err *err)
{
	static const struct image_config none;
	const struct image_config *ic = r->config ? r->config : &none;
	word_vec argv = {0};

	if (s->has_script) {
		words_add(&argv, a, &s->script_path, 1);
	} else if (s->n_command) {
		words_add(&argv, a, s->command, s->n_command);
	} else {
		words_add(&argv, a, ic->entrypoint, ic->n_entrypoint);
		/* args take CMD's place, but only behind an ENTRYPOINT (29.29) */
		if (!s->n_args || !ic->n_entrypoint)
			words_add(&argv, a, ic->cmd, ic->n_cmd);
	}
	words_add(&argv, a, s->args, s->n_args);
	if (argv.n > BOUND_ARGS) {
		vec_release(&argv);
		return err_set(err, ERR_LIMIT, "more than %d arguments", BOUND_ARGS);
	}
	if (!argv.n) {
		vec_release(&argv);
		return err_set(err, ERR_STEP,
			"%s '" STR_FMT "' has no command, and its image no ENTRYPOINT or CMD",
			s->sidecar ? "sidecar" : "step", STR_ARG(s->name));
	}
	ret->argv = words_end(&argv, a);
	return 0;
}

/* --- environment ------------------------------------------------------------------------- */

static void env_set(struct map *env, struct arena *a, struct str name, struct str value)
{
	struct str *entry = arena_new_object(a, struct str);

	*entry = arena_printf(a, STR_FMT "=" STR_FMT, STR_ARG(name), STR_ARG(value));
	map_set(env, name, entry);
}

static int env_add_image(
	struct map *env, struct arena *a, const struct image_config *ic, struct err *err)
{
	for (size_t i = 0; i < ic->n_env; i++) {
		struct str name;
		struct str value;

		if (!str_cut(ic->env[i], '=', &name, &value) || !name.n)
			return err_set(err, ERR_IMAGE,
				"image has an invalid environment entry '" STR_FMT "'",
				STR_ARG(ic->env[i]));
		env_set(env, a, name, value);
	}
	return 0;
}

static void env_default(struct map *env, struct arena *a, struct str name, struct str value)
{
	if (!map_has(env, name))
		env_set(env, a, name, value);
}

static struct str pod_hostname(const struct launch_pod *pod)
{
	return str_slice(pod->pod_name, 0, HOSTNAME_MAX);
}

static int program_env(struct arena *a, const struct launch_pod *pod,
	const struct step_launch *s, const struct rootfs *r, struct launch_program *ret,
	struct err *err)
{
	struct map env;
	word_vec words = {0};
	struct str home = ret->user.home.n ? ret->user.home : STR("/");

	map_init(&env, a);
	env_set(&env, a, STR("PATH"), STR(DEFAULT_PATH));
	env_set(&env, a, STR("HOSTNAME"), pod_hostname(pod));
	if (r->config && env_add_image(&env, a, r->config, err))
		return -1;
	for (size_t i = 0; i < s->n_env; i++)
		env_set(&env, a, s->env[i].name, s->env[i].value);
	env_default(&env, a, STR("HOME"), home); /* R32 */
	if (pod->hermetic && !s->sidecar)
		env_set(&env, a, STR("TEKTON_HERMETIC"), STR("1"));
	if (env.n > BOUND_ARGS)
		return err_set(
			err, ERR_LIMIT, "more than %d environment variables", BOUND_ARGS);
	map_foreach (it, &env) {
		words_add(&words, a, it->value, 1);
	}
	ret->envp = words_end(&words, a);
	return 0;
}

/* --- user -------------------------------------------------------------------------------- */

static int program_check_non_root(const struct launch_pod *pod, const struct step_launch *s,
	const struct launch_program *p, struct err *err)
{
	if (!s->run_as_non_root || p->user.uid != 0)
		return 0;
	return err_set(err, ERR_SPEC,
		"%s (pod: \"" STR_FMT "_" STR_FMT "(" STR_FMT ")\", container: " STR_FMT ")",
		s->run_as_user == 0 ? "container's runAsUser breaks non-root policy"
				    : "container has runAsNonRoot and image will run as root",
		STR_ARG(pod->pod_name), STR_ARG(pod->ns), STR_ARG(pod->uid),
		STR_ARG(s->container));
}

static void groups_add(uint32_t *groups, size_t *n, const uint32_t *more, size_t n_more)
{
	for (size_t i = 0; i < n_more; i++) {
		size_t k = 0;

		while (k < *n && groups[k] != more[i])
			k++;
		if (k == *n)
			groups[(*n)++] = more[i];
	}
}

/* The primary group is one of the groups (R33), then the image's and the pod's. */
static void user_add_groups(
	struct arena *a, const struct launch_security *s, struct image_user *u)
{
	uint32_t *groups = arena_new_array(a, uint32_t, u->n_groups + s->n_groups + 1);
	size_t n = 0;

	groups_add(groups, &n, &u->gid, 1);
	if (!s->own_groups_only)
		groups_add(groups, &n, u->groups, u->n_groups);
	groups_add(groups, &n, s->groups, s->n_groups);
	u->groups = groups;
	u->n_groups = n;
}

static int program_user(struct arena *a, const struct step_launch *s, const struct rootfs *r,
	struct launch_program *ret, struct err *err)
{
	struct str user = r->config ? r->config->user : STR_NONE;
	int *dfds = arena_new_array(a, int, r->n_layers + 1);

	for (size_t i = 0; i < r->n_layers; i++)
		dfds[i] = r->layers[i].dfd;
	if (image_user_find(a, dfds, r->n_layers, user, s->run_as_user, s->run_as_group,
		    &ret->user, err) == 0) {
		user_add_groups(a, &s->security, &ret->user);
		return 0;
	}
	err->kind = err->kind == ERR_SYS ? ERR_SYS : ERR_SPEC;
	return -1;
}

static int check_no_nul(const char *what, struct str s, struct err *err)
{
	if (!memchr(s.p ? s.p : "", '\0', s.n))
		return 0;
	return err_set(
		err, ERR_SANDBOX, "%s holds a NUL byte, which no program can be given", what);
}

/* A result may hold any byte; the words of a program end at the first NUL and would be cut. */
static int program_check_nul(const struct step_launch *s, struct err *err)
{
	for (size_t i = 0; i < s->n_command; i++) {
		if (check_no_nul("the command", s->command[i], err))
			return -1;
	}
	for (size_t i = 0; i < s->n_args; i++) {
		if (check_no_nul("an argument", s->args[i], err))
			return -1;
	}
	for (size_t i = 0; i < s->n_env; i++) {
		if (check_no_nul("an environment variable", s->env[i].value, err))
			return -1;
	}
	if (check_no_nul("stdoutConfig.path", s->stdout_path, err) ||
		check_no_nul("stderrConfig.path", s->stderr_path, err))
		return -1;
	return check_no_nul("the working directory", s->working_dir, err);
}

int launch_program(struct arena *a, const struct launch_pod *pod, const struct step_launch *s,
	const struct rootfs *r, struct launch_program *ret, struct err *err)
{
	*ret = (struct launch_program){0};
	if (program_check_nul(s, err))
		return -1;
	if (program_user(a, s, r, ret, err) || program_check_non_root(pod, s, ret, err))
		return -1;
	if (program_argv(a, s, r, ret, err) || program_env(a, pod, s, r, ret, err))
		return -1;
	if (s->working_dir.n)
		ret->cwd = s->working_dir;
	else if (r->config && r->config->working_dir.n)
		ret->cwd = path_join(a, STR("/"), r->config->working_dir);
	else
		ret->cwd = STR("/");
	return 0;
}

/* --- mounts ------------------------------------------------------------------------------ */

typedef VEC(struct sandbox_mount) mount_vec;

static void mount_dir(mount_vec *v, int fd, struct str target, bool read_only)
{
	vec_push(v, ((struct sandbox_mount){.kind = MOUNT_BIND,
			    .source_dfd = fd,
			    .target = target,
			    .read_only = read_only,
			    .is_exec = true}));
}

/*
 * Only what a file or a step can see; the rest of /tekton is one read-only tree. Sidecars see
 * the scripts alone, and no /workspace (21.3).
 */
static void mounts_of_tekton(struct arena *a, const struct launch_parts *p, mount_vec *v)
{
	const struct attempt *at = p->attempt;

	if (p->step->sidecar) {
		if (at->scripts_dfd >= 0)
			mount_dir(v, at->scripts_dfd, STR("/tekton/scripts"), true);
		return;
	}
	mount_dir(v, at->tekton_dfd, STR("/tekton"), true);
	mount_dir(v, at->home_dfd, STR("/tekton/home"), false);
	mount_dir(v, at->results_dfd, STR("/tekton/results"), false);
	mount_dir(v, at->artifacts_dfd, STR("/tekton/artifacts"), false);
	if (at->scripts_dfd >= 0)
		mount_dir(v, at->scripts_dfd, STR("/tekton/scripts"), true);
	if (at->launch->has_breakpoints) {
		mount_dir(v, at->debug_dfd, STR("/tekton/debug/scripts"), true);
		mount_dir(v, p->dirs->info_dfd, STR("/tekton/debug/info"), false);
	}
	if (at->launch->n_steps > 1)
		mount_dir(v, at->run_dfd, STR("/tekton/run"), true);
	mount_dir(
		v, p->dirs->run_dfd, arena_printf(a, "/tekton/run/%zu", p->step->index), false);
	vec_push(v, ((struct sandbox_mount){.kind = MOUNT_TMPFS,
			    .source_dfd = -1,
			    .target = STR("/tekton/creds"),
			    .size_bytes = CREDS_BYTES,
			    .mode = 0777}));
	vec_push(v, ((struct sandbox_mount){.kind = MOUNT_BIND,
			    .source_dfd = p->dirs->termination_fd,
			    .target = STR("/tekton/termination"),
			    .is_file = true}));
}

static void mount_cover(mount_vec *v, struct str target)
{
	vec_push(v, ((struct sandbox_mount){.kind = MOUNT_TMPFS,
			    .source_dfd = -1,
			    .target = target,
			    .size_bytes = HIDDEN_BYTES,
			    .read_only = true,
			    .mode = 0755}));
}

/* Steps in the host's root see neither the store nor the run. */
static void mounts_that_hide(const struct launch_parts *p, mount_vec *v)
{
	const struct str *hidden = p->config->hide.paths;

	for (size_t i = 0; i < HIDE_PATHS && p->rootfs->kind == TARGET_HOST; i++) {
		bool is_covered = !hidden[i].n;

		for (size_t k = 0; k < i; k++)
			is_covered |= hidden[k].n && path_is_below(hidden[i], hidden[k]);
		if (!is_covered)
			mount_cover(v, hidden[i]);
	}
}

/* Nor do those that have a directory of the caller's around them. */
static void mounts_over_hidden(struct arena *a, const struct sandbox_mount *around,
	const hidden_vec *hidden, mount_vec *v)
{
	const struct hidden_part *part;

	vec_foreach (part, hidden) {
		struct sandbox_mount one = *around;

		one.target = path_join(a, around->target, part->rel);
		one.source_dfd = part->fd;
		if (part->fd < 0)
			mount_cover(v, one.target);
		else
			vec_push(v, one);
	}
}

static size_t path_depth(struct str path)
{
	size_t n = 0;

	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] == '/';
	return n;
}

/* Where the step mounts something at the place of an implicit mount, that is not made. */
static struct sandbox_mount *mount_slot(mount_vec *v, size_t first, struct str target)
{
	for (size_t i = first; i < v->n; i++) {
		if (str_eq(v->p[i].target, target))
			return &v->p[i];
	}
	vec_push(v, (struct sandbox_mount){0});
	return &v->p[v->n - 1];
}

/* A directory that stands for an image is bound as it is, whatever is mounted below it; a part
 * of it is resolved where parts of images are. */
static struct sandbox_mount mount_image(const struct rootfs *r, const struct launch_mount *m)
{
	if (r->kind == TARGET_DIR && !m->sub_path.n)
		return (struct sandbox_mount){.kind = MOUNT_BIND,
			.source_dfd = r->layers[0].dfd,
			.read_only = true,
			.is_exec = true,
			.target = m->mount_path};
	return (struct sandbox_mount){.kind = MOUNT_IMAGE,
		.source_dfd = -1,
		.layers = r->layers,
		.n_layers = r->n_layers,
		.sub_path = m->sub_path,
		.target = m->mount_path};
}

static void mounts_of_volumes(
	struct arena *a, const struct launch_parts *p, size_t first, mount_vec *v)
{
	for (size_t i = 0; i < p->step->n_mounts; i++) {
		const struct launch_mount *m = &p->step->mounts[i];
		const struct binding *b = &p->attempt->bindings[m->volume];
		struct attempt_mount at = attempt_mount(p->attempt, m);
		struct sandbox_mount one;

		if (p->volumes[m->volume]) {
			*mount_slot(v, first, m->mount_path) =
				mount_image(p->volumes[m->volume], m);
			continue;
		}
		one = (struct sandbox_mount){.kind = MOUNT_BIND,
			.source_dfd = at.fd,
			.owner = b->owner,
			.read_only = b->read_only || m->read_only,
			.is_file = at.is_file,
			.is_exec = true,
			.target = m->mount_path};
		*mount_slot(v, first, m->mount_path) = one;
		mounts_over_hidden(a, &one, at.hidden, v);
	}
}

/* Outer directories first, whatever the order they were written in. */
static void mounts_sort(mount_vec *v, size_t first)
{
	for (size_t i = first + 1; i < v->n; i++) {
		struct sandbox_mount one = v->p[i];
		size_t at = i;

		for (; at > first && path_depth(v->p[at - 1].target) > path_depth(one.target);
			at--)
			v->p[at] = v->p[at - 1];
		v->p[at] = one;
	}
}

/* --- limits and files -------------------------------------------------------------------- */

static void rlimit_add(struct sandbox_rlimit *r, int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit now = {.rlim_cur = 0, .rlim_max = RLIM_INFINITY};

	(void)getrlimit((__rlimit_resource_t)resource, &now);
	hard = hard < now.rlim_max ? hard : now.rlim_max;
	*r = (struct sandbox_rlimit){
		.resource = resource, .soft = soft < hard ? soft : hard, .hard = hard};
}

static void launch_rlimits(struct arena *a, struct sandbox_config *c) /* R53 */
{
	static const struct {
		int resource;
		uint64_t soft, hard;
	} want[] = {
		{RLIMIT_CORE, 0, 0},
		{RLIMIT_NOFILE, NOFILE_SOFT, NOFILE_HARD},
		{RLIMIT_MEMLOCK, 8 * MIB, 8 * MIB},
		{RLIMIT_MSGQUEUE, 819200, 819200},
		{RLIMIT_NICE, 0, 0},
		{RLIMIT_RTPRIO, 0, 0},
	};
	struct sandbox_rlimit *r = arena_new_array(a, struct sandbox_rlimit, ARRAY_SIZE(want));

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		rlimit_add(&r[i], want[i].resource, want[i].soft, want[i].hard);
	c->rlimits = r;
	c->n_rlimits = ARRAY_SIZE(want);
}

static void launch_etc(struct arena *a, const struct launch_parts *p, struct sandbox_config *c)
{
	static const char local[] = "127.0.0.1\tlocalhost\n"
				    "::1\tlocalhost ip6-localhost ip6-loopback\n";
	bool own = p->pod->hermetic || !p->config->etc_hosts.n;
	struct str base = own ? str_z(local) : p->config->etc_hosts;

	c->etc_hosts = etc_hosts(a, base, c->hostname, p->attempt->launch);
	/* a hermetic step gets one with nothing in it (R27); an empty text would mean the
	 * image's */
	c->etc_resolv_conf = p->pod->hermetic ? STR("\n")
					      : etc_resolv_conf(a, p->config->etc_resolv_conf,
							&p->attempt->launch->dns);
}

/*
 * The mount points lie below the image, so that it decides what they are when it has them, and
 * so that they need not be made in each step's own layer.
 */
static void launch_layers(
	struct arena *a, const struct launch_parts *p, struct sandbox_config *c)
{
	const struct rootfs *r = p->rootfs;
	struct sandbox_layer *layers;

	c->layers = r->layers;
	c->n_layers = r->n_layers;
	if (c->root != ROOT_OVERLAY || p->points_dfd < 0 || r->n_layers >= BOUND_LAYERS)
		return;
	layers = arena_new_array(a, struct sandbox_layer, r->n_layers + 1);
	for (size_t i = 0; i < r->n_layers; i++)
		layers[i] = r->layers[i];
	layers[r->n_layers] = (struct sandbox_layer){.dfd = p->points_dfd};
	c->layers = layers;
	c->n_layers = r->n_layers + 1;
}

static struct sandbox_security launch_security(const struct launch_security *s)
{
	return (struct sandbox_security){
		.cap_add = s->cap_add,
		.cap_drop = s->cap_drop,
		.adds_all = s->adds_all,
		.drops_all = s->drops_all,
		.may_escalate = s->may_escalate,
		.is_unconfined = s->is_unconfined,
		.rules = s->rules,
		.is_proc_unmasked = s->is_proc_unmasked,
	};
}

void launch_sandbox(struct arena *a, const struct launch_parts *p, struct sandbox_config *ret)
{
	mount_vec mounts = {0};
	size_t first;
	struct sandbox_config c = {
		.name = arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(p->attempt->launch->name),
			STR_ARG(step_launch_label(p->step))),
		.ns = p->ns,
		.is_hermetic = p->pod->hermetic,
		.holds_start = p->step->breaks_before,
		.holds_failed = p->step->breaks_on_failure,
		.has_home_files = p->attempt->launch->has_credentials && !p->step->sidecar,
		.root = rootfs_is_overlay(p->rootfs) ? ROOT_OVERLAY : ROOT_BIND,
		.upper_dfd = p->dirs->upper_dfd,
		.work_dfd = p->dirs->work_dfd,
		.hostname = arena_str(a, pod_hostname(p->pod)),
		.argv = p->program->argv,
		.envp = p->program->envp,
		.cwd = p->program->cwd,
		.make_cwd = true,
		.uid = p->program->user.uid,
		.gid = p->program->user.gid,
		.groups = p->program->user.groups,
		.n_groups = p->program->user.n_groups,
		.security = launch_security(&p->step->security),
		.stdin_fd = -1,
		.stdout_fd = -1,
		.stderr_fd = -1,
		.copies = {[SANDBOX_COPY_STDOUT] = p->step->stdout_path,
			[SANDBOX_COPY_STDERR] = p->step->stderr_path},
	};

	mounts_that_hide(p, &mounts);
	first = mounts.n;
	mounts_of_tekton(a, p, &mounts);
	if (!p->step->sidecar)
		mount_dir(&mounts, p->attempt->workspace_dfd, STR("/workspace"), false);
	mounts_of_volumes(a, p, first, &mounts);
	mounts_sort(&mounts, first);
	c.mounts = vec_freeze(&mounts, a);
	c.n_mounts = mounts.n;
	vec_release(&mounts);
	launch_layers(a, p, &c);
	launch_rlimits(a, &c);
	launch_etc(a, p, &c);
	*ret = c;
}

void launch_visit(struct arena *a, const struct step_launch *s,
	const struct launch_program *program, struct sandbox_visit_config *ret)
{
	struct sandbox_config c = {0};

	launch_rlimits(a, &c);
	*ret = (struct sandbox_visit_config){.cwd = program->cwd,
		.uid = program->user.uid,
		.gid = program->user.gid,
		.groups = program->user.groups,
		.n_groups = program->user.n_groups,
		.security = launch_security(&s->security),
		.rlimits = c.rlimits,
		.n_rlimits = c.n_rlimits};
}

static struct str launch_sys_text(struct arena *a, int sys)
{
	struct str text = arena_strz(a, strerror(sys));
	char *first = (char *)(uintptr_t)text.p;

	*first = (char)tolower((unsigned char)*first);
	return text;
}

struct str launch_exec_text(struct arena *a, const char *program, int sys)
{
	if (sys == ENOENT && !strchr(program, '/'))
		return arena_printf(
			a, "exec: \"%s\": executable file not found in $PATH", program);
	return arena_printf(a, "fork/exec %s: %s", program, launch_sys_text(a, sys).p);
}

struct str launch_copy_text(struct arena *a, const char *field, struct str path, int sys)
{
	return arena_printf(a, "%s: open " STR_FMT ": %s", field, STR_ARG(path),
		sys == EINVAL ? "not a regular file" : launch_sys_text(a, sys).p);
}
