/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a task run to what is executed: what came out of the passes is checked, gets the step
 * template, and becomes one step_launch per step.
 */
#include "launch_passes.h"

#include "breakpoint.h"
#include "condition.h"
#include "credential.h"
#include "env.h"
#include "expand.h"
#include "name.h"
#include "param.h"
#include "probe.h"
#include "security.h"
#include "sidecar.h"
#include "template.h"
#include "volume.h"
#include <base/path.h>
#include <monopod/name.h>

/* --- failures */

static bool fail_pod(struct build *b, struct str problem)
{
	b->out->failure = condition_make(CONDITION_FALSE, "PodCreationFailed",
		arena_printf(b->arena,
			"failed to create task run pod \"" STR_FMT "\": " STR_FMT
			". Maybe invalid TaskSpec",
			STR_ARG(b->t->v.name), STR_ARG(problem)));
	return false;
}

/* --- the check of what came out (section 6.6) */

static bool check_leftovers(struct build *b)
{
	struct str problem = param_leftover(b->arena, b->out->spec);

	return problem.n ? fail_pod(b, problem) : true;
}

/* onError made from a param must have come out as one of its two words. */
static bool check_step_on_error(struct build *b)
{
	for (size_t i = 0; i < b->out->spec->n_steps; i++) {
		struct str s = b->out->spec->steps[i].on_error.s;

		if (s.n && !str_eqz(s, "continue") && !str_eqz(s, "stopAndFail"))
			return launch_fail_invalid(b, "TaskRunValidationFailed",
				arena_printf(b->arena,
					"invalid value: \"" STR_FMT "\": steps[%zu].onError",
					STR_ARG(s), i));
	}
	return true;
}

static bool check_names(struct build *b)
{
	struct str problem = sidecar_name_problem(
		b->arena, b->out->steps, b->out->n_steps, b->out->n_sidecars);

	if (!problem.n)
		problem = pod_names_problem(b->arena, &b->pod);
	return !problem.n ||
	       fail_pod(b, arena_printf(b->arena, "Pod \"" STR_FMT "\" is invalid: " STR_FMT,
				   STR_ARG(b->out->pod_name), STR_ARG(problem)));
}

static void make_views(struct build *b)
{
	const struct task_spec *ts = b->out->spec;

	b->out->n_steps = ts->n_steps;
	b->out->n_sidecars = ts->n_sidecars;
	b->out->steps =
		arena_new_array(b->arena, struct step_view, ts->n_steps + ts->n_sidecars);
	for (size_t i = 0; i < ts->n_steps; i++) {
		struct str name = name_step(b->arena, ts->steps[i].name.s, i);

		b->out->steps[i] = (struct step_view){
			.name = name,
			.container = arena_printf(b->arena, "step-" STR_FMT, STR_ARG(name)),
			.image = ts->steps[i].image.s,
		};
	}
	for (size_t i = 0; i < ts->n_sidecars; i++) {
		const struct step *s = &ts->sidecars[i].container;

		b->out->steps[ts->n_steps + i] = (struct step_view){
			.name = s->name.s,
			.container = name_sidecar(b->arena, s->name.s),
			.image = s->image.s,
		};
	}
}

/* --- workspaces of the launch */

/* A problem of a volume or variable: the pod is refused, or a container cannot start. */
static bool fail_container(struct build *b, size_t step, const struct err *err)
{
	if (err->kind != ERR_NOT_FOUND)
		return fail_pod(b, arena_strz(b->arena, err->msg));
	b->out->failure = condition_start_failed(b->arena, "CreateContainerConfigError",
		b->out->steps[step].name, b->t->v.name,
		arena_printf(b->arena, "%s.", err->msg));
	return false;
}

static struct volume_context volume_context(const struct build *b)
{
	return (struct volume_context){
		.arena = b->brief, .spec = b->a->spec, .facts = &b->facts};
}

static bool fill_workspace(
	struct build *b, const struct task_workspace *from, struct launch_volume *v)
{
	const struct volume_context c = volume_context(b);
	const struct workspace_binding *bound =
		&b->bindings[from->binding - b->t->v.workspaces];
	struct err err;

	*v = (struct launch_volume){.kind = LAUNCH_CALLER_DIR, .dir = from->host_dir};
	if (!from->host_dir.n && volume_make(&c, &bound->source, v, &err) < 0)
		return fail_container(b, 0, &err);
	v->name = from->name;
	return true;
}

static bool make_workspaces(struct build *b, struct task_launch *l)
{
	l->volumes = arena_new_array(b->brief, struct launch_volume,
		b->n_workspaces + b->out->spec->n_volumes + b->pod.n_volumes + 1);
	b->mount_index = arena_new_array(b->brief, size_t, b->n_workspaces);
	for (size_t i = 0; i < b->n_workspaces; i++) {
		b->mount_index[i] = SIZE_MAX;
		if (!b->workspaces[i].binding)
			continue;
		if (!fill_workspace(b, &b->workspaces[i], &l->volumes[l->n_volumes]))
			return false;
		b->mount_index[i] = l->n_volumes++;
	}
	return true;
}

/* Between the two, as it has no name that a task could use. */
static bool make_credentials(struct build *b, struct task_launch *l)
{
	struct launch_volume *v = &l->volumes[l->n_volumes];
	struct err err;

	b->credentials = l->n_volumes;
	if (credential_volume(b->brief, b->a->spec, b->t->v.service_account_name, v, &err) < 0)
		return fail_container(b, 0, &err);
	l->has_credentials = v->n_files > 0;
	l->n_volumes += l->has_credentials;
	return true;
}

/* Volumes of the task, then of its pod template; their names are unique together. */
static bool make_volumes(struct build *b, struct task_launch *l)
{
	const struct volume_context c = volume_context(b);
	const struct task_spec *ts = b->out->spec;
	struct map names;
	struct err err;

	map_init(&names, b->brief);
	for (size_t i = 0; i < ts->n_volumes + b->pod.n_volumes; i++) {
		const struct volume *from = i < ts->n_volumes
						    ? &ts->volumes[i]
						    : &b->pod.volumes[i - ts->n_volumes];
		struct launch_volume *v = &l->volumes[l->n_volumes++];
		struct volume_source source = from->source;

		if (!map_set(&names, from->name.s, v))
			return fail_pod(b, arena_printf(b->arena,
						   "multiple volumes with same name "
						   "\"" STR_FMT "\"",
						   STR_ARG(from->name.s)));
		if (!name_is_dns_label(from->name.s))
			return fail_pod(b,
				arena_printf(b->arena,
					"Pod \"" STR_FMT
					"\" is invalid: spec.volumes[%zu].name: Invalid value: "
					"\"" STR_FMT
					"\": must be lower case letters, digits and '-'",
					STR_ARG(b->out->pod_name), i, STR_ARG(from->name.s)));
		/* an ephemeral claim is the pod's own and ends with it */
		if (source.kind == VOLUME_CLAIM_TEMPLATE)
			source = (struct volume_source){.kind = VOLUME_EMPTY_DIR};
		if (volume_make(&c, &source, v, &err) < 0)
			return fail_container(b, 0, &err);
		v->name = from->name.s;
	}
	return true;
}

static bool has_mount(const struct step_launch *l, struct str path)
{
	for (size_t i = 0; i < l->n_mounts; i++)
		if (str_eq(l->mounts[i].mount_path, path))
			return true;
	return false;
}

/* The volumes follow the workspaces; SIZE_MAX: there is none of the name. */
static size_t find_volume(const struct build *b, const struct task_launch *l, struct str name)
{
	size_t n = b->out->spec->n_volumes + b->pod.n_volumes;

	for (size_t i = l->n_volumes - n; i < l->n_volumes; i++)
		if (str_eq(l->volumes[i].name, name))
			return i;
	for (size_t i = 0; i < b->n_workspaces; i++)
		if (b->workspaces[i].binding &&
			str_eq(launch_workspace_volume(b, &b->workspaces[i]), name))
			return b->mount_index[i];
	return SIZE_MAX;
}

/* As the API server says it. */
static bool fail_field(
	struct build *b, size_t step, const char *field, size_t i, struct str problem)
{
	return fail_pod(
		b, arena_printf(b->arena,
			   "Pod \"" STR_FMT "\" is invalid: "
			   "spec.containers[%zu].%s[%zu]." STR_FMT,
			   STR_ARG(b->out->pod_name), step, field, i, STR_ARG(problem)));
}

static bool fail_mount(struct build *b, size_t step, size_t mount, struct str problem)
{
	return fail_field(b, step, "volumeMounts", mount, problem);
}

static bool mount_volume(struct build *b, const struct task_launch *task,
	const struct volume_mount *from, size_t k, struct step_launch *l)
{
	struct launch_mount *m = &l->mounts[l->n_mounts];
	struct str sub_path = from->sub_path.s;
	struct err err;

	*m = (struct launch_mount){.volume = find_volume(b, task, from->name.s),
		.mount_path = path_join(b->brief, STR("/"), from->mount_path.s),
		.read_only = from->read_only.v};
	if (m->volume == SIZE_MAX)
		return fail_mount(b, l->index, k,
			arena_printf(b->brief, "name: Not found: \"" STR_FMT "\"",
				STR_ARG(from->name.s)));
	if (has_mount(l, m->mount_path))
		return fail_mount(b, l->index, k,
			arena_printf(b->brief,
				"mountPath: Invalid value: \"" STR_FMT "\": must be unique",
				STR_ARG(from->mount_path.s)));
	if (str_eqz(m->mount_path, "/") ||
		(path_is_below(m->mount_path, STR("/tekton")) &&
			!path_is_below(m->mount_path, STR("/tekton/home"))))
		return fail_mount(b, l->index, k,
			arena_printf(b->brief,
				"mountPath: Invalid value: \"" STR_FMT
				"\": a volume cannot be mounted there",
				STR_ARG(from->mount_path.s)));
	if (!m->read_only && (str_eqz(from->recursive_read_only.s, "Enabled") ||
				     str_eqz(from->recursive_read_only.s, "IfPossible")))
		return fail_mount(b, l->index, k,
			STR("recursiveReadOnly: Forbidden: may only be specified when "
			    "readOnly is true"));
	if (from->sub_path_expr.s.n && volume_expand(b->brief, from->sub_path_expr.s, l->env,
					       l->n_env, &sub_path, &err) < 0)
		return fail_container(b, l->index, &err);
	if (volume_sub_path(b->brief, sub_path, &m->sub_path, &err) < 0)
		return fail_container(b, l->index, &err);
	l->n_mounts++;
	return true;
}

/* Without isolation every step gets every workspace; with it only those that list it. */
static bool mount_workspace(
	struct build *b, const struct step *step, size_t i, struct step_launch *l)
{
	const struct task_workspace *w = &b->workspaces[i];
	struct launch_mount *m = &l->mounts[l->n_mounts];
	struct err err;

	if (b->mount_index[i] == SIZE_MAX || (workspace_is_isolated(b->out->spec, w->name) &&
						     !workspace_of_step(step, w->name)))
		return true;
	*m = (struct launch_mount){
		.volume = b->mount_index[i],
		.mount_path = launch_step_path(b->brief, step, w),
		.read_only = w->read_only,
	};
	/* workspaces are mounts of the template: the step's own take their place */
	if (has_mount(l, m->mount_path))
		return true;
	if (volume_sub_path(b->brief, b->bindings[w->binding - b->t->v.workspaces].sub_path.s,
		    &m->sub_path, &err) < 0)
		return fail_container(b, l->index, &err);
	l->n_mounts++;
	return true;
}

static bool make_mounts(struct build *b, const struct task_launch *task,
	const struct step *step, struct step_launch *l)
{
	l->mounts = arena_new_array(
		b->brief, struct launch_mount, b->n_workspaces + step->n_volume_mounts + 1);
	for (size_t i = 0; i < step->n_volume_mounts; i++)
		if (!mount_volume(b, task, &step->volume_mounts[i], i, l))
			return false;
	for (size_t i = 0; i < b->n_workspaces; i++)
		if (!mount_workspace(b, step, i, l))
			return false;
	if (task->has_credentials && !l->sidecar && !has_mount(l, STR(LAUNCH_SECRETS)))
		l->mounts[l->n_mounts++] = (struct launch_mount){.volume = b->credentials,
			.mount_path = STR(LAUNCH_SECRETS),
			.read_only = true};
	return true;
}

/* --- steps of the launch */

static bool make_env(
	struct build *b, const struct step *step, bool hermetic, struct step_launch *l)
{
	const struct env_context c = {.arena = b->brief,
		.spec = b->a->spec,
		.facts = &b->facts,
		.pod = &b->pod,
		.hermetic = hermetic};
	struct err err;

	for (size_t i = 0; i < step->n_env; i++) {
		struct str name = step->env[i].name.s;

		if (!name.n)
			return fail_field(b, l->index, "env", i, STR("name: Required value"));
		if (str_has(name, STR("=")))
			return fail_field(b, l->index, "env", i,
				arena_printf(b->brief,
					"name: Invalid value: \"" STR_FMT
					"\": must not contain '='",
					STR_ARG(name)));
	}
	if (env_make(&c, step, l->index, &l->env, &l->n_env, &err) < 0)
		return fail_container(b, l->index, &err);
	return true;
}

static struct str *expand_list(
	struct build *b, const struct text *in, size_t n, const struct step_launch *l)
{
	struct str *out = arena_new_array(b->brief, struct str, n);

	for (size_t i = 0; i < n; i++)
		out[i] = expand_text(b->brief, in[i].s, l->env, l->n_env);
	return out;
}

static bool has_shebang(struct str script)
{
	return str_starts(str_trim(script), STR("#!"));
}

static void make_script(struct build *b, const struct step *step, struct step_launch *l)
{
	const struct agent *a = b->a;
	struct str suffix;

	l->has_script = true;
	l->script = has_shebang(step->script.s)
			    ? step->script.s
			    : arena_printf(b->brief, "#!/bin/sh\nset -e\n" STR_FMT,
				      STR_ARG(step->script.s));
	suffix = a->opts.random
			 ? a->opts.random(a->opts.random_arg, b->brief)
			 : name_letters(b->brief,
				   arena_printf(b->brief, STR_FMT "/%zu/%zu",
					   STR_ARG(b->t->v.uid), b->t->v.n_attempts, l->index),
				   5);
	l->script_path = arena_printf(b->brief, "/tekton/scripts/%sscript-%zu-" STR_FMT,
		l->sidecar ? "sidecar-" : "",
		l->sidecar ? l->index - b->out->n_steps : l->index, STR_ARG(suffix));
}

static void make_limits(struct build *b, struct step_launch *l)
{
	const struct resources *r = &b->facts.resources[l->index];

	l->limits_not_enforced = arena_new_array(b->brief, struct str, r->n_limits);
	for (size_t i = 0; i < r->n_limits; i++)
		l->limits_not_enforced[l->n_limits_not_enforced++] =
			arena_printf(b->brief, STR_FMT "=" STR_FMT,
				STR_ARG(r->limits[i].name.s), STR_ARG(r->limits[i].quantity.s));
}

/* Of a name that is declared more than once the last declaration counts, in the first's place.
 */
static struct result_want *make_wants(
	struct build *b, const struct result_spec *results, size_t n, size_t *ret_n)
{
	struct result_want *wants = arena_new_array(b->brief, struct result_want, n);
	size_t n_wants = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < n_wants && !str_eq(wants[k].name, results[i].name.s))
			k++;
		wants[k] = (struct result_want){
			.name = results[i].name.s, .type = results[i].type};
		n_wants += k == n_wants;
	}
	*ret_n = n_wants;
	return wants;
}

/* Nothing is pulled, but a pod with another word would not have been made. */
static bool check_pull_policy(struct build *b, const struct step_launch *l, struct str policy)
{
	if (!policy.n || str_eqz(policy, "Always") || str_eqz(policy, "IfNotPresent") ||
		str_eqz(policy, "Never"))
		return true;
	return fail_pod(b,
		arena_printf(b->arena,
			"Pod \"" STR_FMT "\" is invalid: spec.containers[%zu].imagePullPolicy: "
			"Unsupported value: \"" STR_FMT
			"\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
			STR_ARG(b->out->pod_name), l->index, STR_ARG(policy)));
}

/* Each part may be right alone: what a step has of its template is known only now. */
static bool check_security(
	struct build *b, const struct step_launch *l, const struct security_context *s)
{
	const char *conflict = security_conflict(s);

	return !conflict ||
	       fail_pod(b, arena_printf(b->arena,
				   "Pod \"" STR_FMT "\" is invalid: "
				   "spec.containers[%zu].securityContext: Invalid value: %s",
				   STR_ARG(b->out->pod_name), l->index, conflict));
}

/* A step, or behind them a sidecar. */
static bool make_container(struct build *b, const struct task_launch *task, size_t i)
{
	const struct task_spec *ts = b->out->spec;
	const struct sidecar *sidecar = i < ts->n_steps ? NULL : &ts->sidecars[i - ts->n_steps];
	const struct step *step = sidecar ? &sidecar->container : &ts->steps[i];
	struct step_launch *l = &task->steps[i];

	*l = (struct step_launch){
		.index = i,
		.name = b->out->steps[i].name,
		.container = b->out->steps[i].container,
		.sidecar = sidecar,
		.image = step->image.s,
		.stdout_path = step->stdout_path.s,
		.stderr_path = step->stderr_path.s,
		.on_error_continue = str_eqz(step->on_error.s, "continue"),
		.working_dir = sidecar_working_dir(b->brief, step, sidecar),
	};
	if (!check_pull_policy(b, l, step->image_pull_policy.s) ||
		!check_security(b, l, &step->security_context) ||
		!make_env(b, step, task->hermetic && !sidecar, l))
		return false;
	if (step->script.s.n) {
		make_script(b, step, l);
	} else {
		l->command = expand_list(b, step->command, step->n_command, l);
		l->n_command = step->n_command;
	}
	l->args = expand_list(b, step->args, step->n_args, l);
	l->n_args = step->n_args;
	security_launch(b->brief, &b->pod.security_context, &step->security_context, l);
	b->out->steps[i].reach = security_reach(&l->security);
	make_limits(b, l);
	l->health = sidecar ? probe_launch(b->brief, sidecar) : NULL;
	l->results = make_wants(b, step->results, step->n_results, &l->n_results);
	return make_mounts(b, task, step, l);
}

static void make_facts(struct build *b)
{
	const struct agent *a = b->a;
	const struct execution *t = b->t;

	metadata_of_pod(&b->metadata, b->brief, &a->view, &t->v);
	b->facts = (struct pod_facts){
		.name = b->out->pod_name,
		.ns = a->plan.ns,
		.uid = name_uid(b->brief, t->v.uid, b->out->pod_name),
		.service_account = t->v.service_account_name,
		.labels = &b->metadata.labels,
		.annotations = &b->metadata.annotations,
		.opts = &a->opts,
		.spec = b->out->spec,
		.resources = pod_resources(b->brief, a->spec, a->plan.ns,
			a->plan.tasks[t->v.pipeline_task].pod, b->out->spec),
	};
}

static bool make_launch(struct build *b)
{
	const struct task_spec *ts = b->out->spec;
	struct task_launch *l = arena_new_object(b->brief, struct task_launch);

	*l = (struct task_launch){
		.task = b->t->v.index,
		.attempt = b->t->v.n_attempts - 1,
		.name = b->t->v.name,
		.pod_name = b->out->pod_name,
		.hermetic = plan_task_hermetic(&b->a->plan,
			&b->a->plan.tasks[b->t->v.pipeline_task], b->t->referenced),
		.n_steps = ts->n_steps,
		.n_sidecars = ts->n_sidecars,
	};
	make_facts(b);
	pod_names(b->brief, &b->pod, l);
	security_volumes(&b->pod.security_context, l);
	if (!make_workspaces(b, l) || !make_credentials(b, l) || !make_volumes(b, l))
		return false;
	l->steps = arena_new_array(b->brief, struct step_launch, l->n_steps + l->n_sidecars);
	for (size_t i = 0; i < l->n_steps + l->n_sidecars; i++)
		if (!make_container(b, l, i))
			return false;
	l->results = make_wants(b, ts->results, ts->n_results, &l->n_results);
	breakpoint_launch(b->a, b->t, l);
	b->out->launch = l;
	return true;
}

void launch_prepare(
	struct agent *a, const struct execution *t, struct arena *brief, struct prepared *ret)
{
	struct build b = {.a = a, .t = t, .arena = a->arena, .brief = brief, .out = ret};

	*ret = (struct prepared){0};
	if (!launch_bind_params(&b) || !launch_run_passes(&b))
		return;
	make_views(&b);
	ret->pod_name = name_pod(a->arena, t->v.name, t->n_retries);
	if (!check_leftovers(&b) || !check_step_on_error(&b) || !check_names(&b))
		return;
	if (ret->spec->step_template) {
		ret->spec = template_merge(a->arena, ret->spec);
		make_views(&b); /* images may come from it */
	}
	(void)make_launch(&b);
}

const struct task_spec *launch_preview(
	const struct agent *a, const struct execution *t, struct arena *arena)
{
	struct prepared out = {0};
	struct build b = {.a = a, .t = t, .arena = arena, .brief = arena, .out = &out};
	struct param_check c = {.arena = arena,
		.specs = t->task->params,
		.n_specs = t->task->n_params,
		.given = t->v.params,
		.n_given = t->v.n_params};

	param_resolve_task(&c, &b.params, &b.n_params);
	return launch_run_passes(&b) ? template_merge(arena, out.spec) : NULL;
}
