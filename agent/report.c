/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run as Tekton v1 objects with their status: what `-o json`, run.json and `describe` show.
 * Reads the run_view only. Fields and their order follow PipelineRunStatus and TaskRunStatus of
 * tekton.dev/v1 (tekton-semantics 27).
 */
#include "metadata.h"
#include <base/clock.h>
#include <base/json.h>
#include <base/num.h>
#include <monopod/agent.h>

static const char *const condition_word[] = {
	[CONDITION_UNKNOWN] = "Unknown",
	[CONDITION_TRUE] = "True",
	[CONDITION_FALSE] = "False",
};
_Static_assert(ARRAY_SIZE(condition_word) == CONDITION_STATUS_N, "a word for each status");

struct report {
	const struct run_view *run;
	struct json_writer *w;
	struct arena *scratch; /* texts of the object that is being written */
};

/* A time member; a time of 0 has not come yet and is left out. */
static void put_time(const struct report *p, const char *key, int64_t wall_ns)
{
	if (wall_ns)
		json_field(p->w, key, clock_rfc3339(p->scratch, wall_ns));
}

static void put_condition(const struct report *p, const struct condition *c)
{
	json_key(p->w, "conditions");
	json_open(p->w, '[');
	json_open(p->w, '{');
	json_fieldz(p->w, "type", "Succeeded");
	json_fieldz(p->w, "status", condition_word[c->status]);
	put_time(p, "lastTransitionTime", c->changed_wall_ns);
	json_field_given(p->w, "reason", c->reason);
	json_field_given(p->w, "message", c->message);
	json_close(p->w, '}');
	json_close(p->w, ']');
}

/* TaskRun results carry their type, pipeline results and params do not. */
static void put_values(const struct report *p, const char *key, const struct named_value *v,
	size_t n, bool with_type)
{
	if (!json_list(p->w, key, n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(p->w, '{');
		json_field(p->w, "name", v[i].name);
		if (with_type)
			json_fieldz(p->w, "type", value_type_name(v[i].value.type));
		json_key(p->w, "value");
		value_json(&v[i].value, p->w);
		json_close(p->w, '}');
	}
	json_close(p->w, ']');
}

static void put_params(const struct report *p, const struct param *params, size_t n)
{
	if (!json_list(p->w, "params", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(p->w, '{');
		json_field(p->w, "name", params[i].name.s);
		json_key(p->w, "value");
		value_json(&params[i].value, p->w);
		json_close(p->w, '}');
	}
	json_close(p->w, ']');
}

static void put_when(const struct report *p, const struct when *when, size_t n)
{
	if (!json_list(p->w, "whenExpressions", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(p->w, '{');
		json_field(p->w, "input", when[i].input.s);
		json_field(p->w, "operator", when[i].operator_text.s);
		json_key(p->w, "values");
		json_open(p->w, '[');
		for (size_t k = 0; k < when[i].n_values; k++)
			json_put_str(p->w, when[i].values[k].s);
		json_close(p->w, ']');
		json_close(p->w, '}');
	}
	json_close(p->w, ']');
}

/* --- labels and annotations ------------------------------------------------------------ */

static const struct object_meta *run_meta(const struct run_view *r)
{
	return r->kind == OBJECT_PIPELINE_RUN ? &r->object->pipeline_run->meta
					      : &r->object->task_run->meta;
}

static void put_map(const struct report *p, const char *key, const struct map *m)
{
	if (m->n == 0)
		return;
	json_key(p->w, key);
	json_open(p->w, '{');
	map_foreach (it, m) {
		json_keys(p->w, it->key);
		json_put_str(p->w, *(const struct str *)it->value);
	}
	json_close(p->w, '}');
}

/* The name a childReference has: a child's, as its last attempt is called. */
static struct str child_name(const struct task_run_view *t)
{
	const struct run_view *run = t->n_attempts ? t->attempts[t->n_attempts - 1].run : NULL;

	return run ? run->name : t->name;
}

static void put_metadata(const struct report *p, const struct metadata *m)
{
	put_map(p, "labels", &m->labels);
	put_map(p, "annotations", &m->annotations);
}

/* --- TaskRuns ------------------------------------------------------------------------ */

static void put_step_state(const struct report *p, const struct step_view *s)
{
	switch (s->state) {
	case STEP_WAITING:
	case STEP_STARTING:
		json_key(p->w, "waiting");
		json_open(p->w, '{');
		json_fieldz(p->w, "reason", "PodInitializing");
		json_close(p->w, '}');
		break;
	case STEP_RUNNING:
	case STEP_HALTED:
		json_key(p->w, "running");
		json_open(p->w, '{');
		put_time(p, "startedAt", s->started_wall_ns);
		json_close(p->w, '}');
		break;
	case STEP_ENDED:
		json_key(p->w, "terminated");
		json_open(p->w, '{');
		json_field_int(p->w, "exitCode", s->exit_code);
		json_field_given(p->w, "reason", s->reason);
		json_field_given(p->w, "message", s->message);
		put_time(p, "startedAt", s->started_wall_ns);
		put_time(p, "finishedAt", s->ended_wall_ns);
		json_close(p->w, '}');
		break;
	}
}

static void put_steps(const struct report *p, const struct attempt_view *at)
{
	if (at->n_steps == 0)
		return;
	json_key(p->w, "steps");
	json_open(p->w, '[');
	for (size_t i = 0; i < at->n_steps; i++) {
		const struct step_view *s = &at->steps[i];
		json_open(p->w, '{');
		put_step_state(p, s);
		if (s->state == STEP_HALTED) /* as Tekton has no word for it */
			json_fieldz(p->w, "breakpoint", s->has_failed ? "failure" : "before");
		json_field(p->w, "name", s->name);
		json_field(p->w, "container", s->container);
		json_field_given(p->w, "imageID", s->image_id);
		if (s->state == STEP_ENDED)
			json_field_given(p->w, "terminationReason", s->termination_reason);
		put_values(p, "results", s->results, s->n_results, true);
		artifacts_put(&s->artifacts, p->w);
		json_close(p->w, '}');
	}
	json_close(p->w, ']');
}

static void put_sidecars(const struct report *p, const struct attempt_view *at)
{
	if (!json_list(p->w, "sidecars", at->n_sidecars))
		return;
	for (size_t i = 0; i < at->n_sidecars; i++) {
		const struct step_view *s = &at->steps[at->n_steps + i];

		json_open(p->w, '{');
		put_step_state(p, s);
		json_field(p->w, "name", s->name);
		json_field(p->w, "container", s->container);
		json_field_given(p->w, "imageID", s->image_id);
		json_close(p->w, '}');
	}
	json_close(p->w, ']');
}

/* Tekton has an empty object where there are none. */
static void put_artifacts(const struct report *p, const struct artifacts *set)
{
	if (!artifacts_any(set))
		return;
	json_key(p->w, "artifacts");
	json_open(p->w, '{');
	artifacts_put(set, p->w);
	json_close(p->w, '}');
}

static void put_retries(const struct report *p, const struct task_run_view *t);

/* The members that an attempt has in status, and again as an entry of retriesStatus; t: it is
 * the last one, with those before it. */
static void put_attempt(
	const struct report *p, const struct attempt_view *at, const struct task_run_view *t)
{
	json_field_given(p->w, "podName", at->pod_name);
	put_time(p, "startTime", at->started_wall_ns);
	put_time(p, "completionTime", at->ended_wall_ns);
	put_steps(p, at);
	if (t)
		put_retries(p, t);
	put_values(p, "results", at->results, at->n_results, true);
	put_artifacts(p, &at->artifacts);
	put_sidecars(p, at);
	if (at->spec) {
		json_key(p->w, "taskSpec");
		task_spec_json(at->spec, p->w);
	}
}

/* An interrupted attempt was no retry: Tekton has no such thing. */
static void put_retries(const struct report *p, const struct task_run_view *t)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < t->n_attempts; i++)
		n += !t->attempts[i].is_interrupted;
	if (!json_list(p->w, "retriesStatus", n))
		return;
	for (size_t i = 0; i + 1 < t->n_attempts; i++) {
		if (t->attempts[i].is_interrupted)
			continue;
		json_open(p->w, '{');
		put_condition(p, &t->attempts[i].condition);
		put_attempt(p, &t->attempts[i], NULL);
		json_close(p->w, '}');
	}
	json_close(p->w, ']');
}

static void put_task_status(const struct report *p, const struct task_run_view *t)
{
	json_key(p->w, "status");
	json_open(p->w, '{');
	put_condition(p, &t->condition);
	if (t->n_attempts)
		put_attempt(p, &t->attempts[t->n_attempts - 1], t);
	json_close(p->w, '}');
}

static void put_duration(const struct report *p, const char *key, int64_t ns)
{
	json_field(p->w, key, num_duration_text(p->scratch, ns));
}

static void put_workspaces(const struct report *p, const struct workspace_binding *b, size_t n)
{
	if (!json_list(p->w, "workspaces", n))
		return;
	for (size_t i = 0; i < n; i++)
		workspace_binding_json(&b[i], p->w);
	json_close(p->w, ']');
}

static void put_child_spec(const struct report *p, const struct task_run_view *t)
{
	json_key(p->w, "spec");
	json_open(p->w, '{');
	put_params(p, t->params, t->n_params);
	json_field_given(p->w, "serviceAccountName", t->service_account_name);
	if (t->task_name.n) {
		json_key(p->w, "taskRef");
		json_open(p->w, '{');
		json_field(p->w, "name", t->task_name);
		json_fieldz(p->w, "kind", "Task");
		json_close(p->w, '}');
	} else if (t->spec) {
		json_key(p->w, "taskSpec");
		task_spec_json(t->spec, p->w);
	}
	if (t->retries > 0)
		json_field_int(p->w, "retries", t->retries);
	put_duration(p, "timeout", t->timeout_ns);
	pod_settings_json(t->pod, p->w);
	put_workspaces(p, t->workspaces, t->n_workspaces);
	json_close(p->w, '}');
}

static void put_owner(const struct report *p, const struct run_view *r)
{
	json_key(p->w, "ownerReferences");
	json_open(p->w, '[');
	json_open(p->w, '{');
	json_fieldz(p->w, "apiVersion", "tekton.dev/v1");
	json_fieldz(p->w, "kind", "PipelineRun");
	json_field(p->w, "name", r->name);
	json_field(p->w, "uid", r->uid);
	json_field_bool(p->w, "controller", true);
	json_close(p->w, '}');
	json_close(p->w, ']');
}

static void put_task_run(const struct report *p, const struct task_run_view *t)
{
	const struct run_view *r = p->run;
	struct metadata m;

	json_open(p->w, '{');
	json_fieldz(p->w, "apiVersion", "tekton.dev/v1");
	json_fieldz(p->w, "kind", "TaskRun");
	json_key(p->w, "metadata");
	json_open(p->w, '{');
	json_field(p->w, "name", t->name);
	json_field(p->w, "namespace", r->ns);
	json_field_given(p->w, "uid", t->uid);
	metadata_of_child(&m, p->scratch, p->run, t);
	metadata_add_reach(&m, t);
	put_metadata(p, &m);
	put_owner(p, r);
	json_close(p->w, '}');
	put_child_spec(p, t);
	put_task_status(p, t);
	json_close(p->w, '}');
}

/* --- the run object ------------------------------------------------------------------ */

/*
 * What skippedTasks says of a pipeline task. Tekton does not know a pipeline in the pipeline
 * for started, so one that has run is listed, too, when the run stopped before its end; it is
 * counted as what it was all the same.
 */
static enum skip_reason listed_skip(
	const struct run_view *r, const struct pipeline_task_view *pt)
{
	bool is_child =
		pt->n_task_runs && r->task_runs[pt->task_runs[0]]->kind == OBJECT_PIPELINE_RUN;

	if (pt->state == PT_SKIPPED)
		return pt->skip;
	if (!is_child || pt->is_finally)
		return SKIP_NONE;
	if (r->is_stopping)
		return SKIP_STOPPING;
	if (r->cancelled == CANCEL_GRACEFUL)
		return SKIP_GRACEFULLY_CANCELLED;
	return r->cancelled == CANCEL_STOP ? SKIP_GRACEFULLY_STOPPED : SKIP_NONE;
}

static void put_skipped(const struct report *p)
{
	const struct run_view *r = p->run;
	bool any = false;
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
		enum skip_reason skip = listed_skip(r, pt);
		if (skip == SKIP_NONE)
			continue;
		if (!any) {
			json_key(p->w, "skippedTasks");
			json_open(p->w, '[');
			any = true;
		}
		json_open(p->w, '{');
		json_field(p->w, "name", pt->spec->name.s);
		json_fieldz(p->w, "reason", skip_reason_text(skip));
		if (!pt->is_finally || skip == SKIP_WHEN)
			put_when(p, pt->when, pt->n_when);
		json_close(p->w, '}');
	}
	if (any)
		json_close(p->w, ']');
}

static void put_child_references(const struct report *p)
{
	const struct run_view *r = p->run;

	bool any = false;

	for (size_t i = 0; i < r->n_pipeline_tasks && !any; i++)
		any = r->pipeline_tasks[i].n_task_runs > 0;
	if (!any)
		return;
	json_key(p->w, "childReferences");
	json_open(p->w, '[');
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
		for (size_t k = 0; k < pt->n_task_runs; k++) {
			const struct task_run_view *t = r->task_runs[pt->task_runs[k]];
			json_open(p->w, '{');
			json_fieldz(p->w, "apiVersion", "tekton.dev/v1");
			json_fieldz(p->w, "kind", object_kind_name(t->kind));
			json_field(p->w, "name", child_name(t));
			json_field_given(p->w, "displayName", t->display_name);
			json_field(p->w, "pipelineTaskName", pt->spec->name.s);
			put_when(p, pt->when, pt->n_when);
			json_close(p->w, '}');
		}
	}
	json_close(p->w, ']');
}

static void put_pipeline_status(const struct report *p)
{
	const struct run_view *r = p->run;

	json_key(p->w, "status");
	json_open(p->w, '{');
	put_condition(p, &r->condition);
	put_time(p, "startTime", r->started_wall_ns);
	put_time(p, "completionTime", r->ended_wall_ns);
	put_values(p, "results", r->results, r->n_results, false);
	if (r->pipeline_spec) {
		json_key(p->w, "pipelineSpec");
		pipeline_spec_json(r->pipeline_spec, p->w);
	}
	put_skipped(p);
	put_child_references(p);
	put_time(p, "finallyStartTime", r->finally_started_wall_ns);
	json_close(p->w, '}');
}

/* A member of an object's text; empty: it has none. */
static struct str text_get(struct str object, const char *name)
{
	struct str key, value;

	while (json_text_member(&object, &key, &value))
		if (str_eqz(key, name))
			return value;
	return STR_NONE;
}

static void put_members(const struct report *p, struct str object)
{
	struct str key, value;

	while (json_text_member(&object, &key, &value))
		json_text_put_member(p->w, key, value);
}

/* timeouts.pipeline and taskRunTemplate.serviceAccountName, as admission fills them in. */
static void put_pipeline_run_defaults(const struct report *p, struct str spec)
{
	struct str timeouts = text_get(spec, "timeouts");
	struct str template = text_get(spec, "taskRunTemplate");
	json_key(p->w, "timeouts");
	json_open(p->w, '{');
	put_members(p, timeouts);
	if (!text_get(timeouts, "pipeline").n)
		json_fieldz(p->w, "pipeline", "1h0m0s");
	json_close(p->w, '}');
	json_key(p->w, "taskRunTemplate");
	json_open(p->w, '{');
	put_members(p, template);
	if (!text_get(template, "serviceAccountName").n)
		json_fieldz(p->w, "serviceAccountName", "default");
	json_close(p->w, '}');
}

static void put_task_run_defaults(const struct report *p, struct str spec)
{
	if (!text_get(spec, "serviceAccountName").n)
		json_fieldz(p->w, "serviceAccountName", "default");
	if (!text_get(spec, "timeout").n)
		json_fieldz(p->w, "timeout", "1h0m0s");
}

/*
 * The spec as written, but with the params that the run really has (-p) and with Tekton's
 * defaults. What is no object is shown as it was written.
 */
static void put_run_spec(const struct report *p)
{
	static const char *const replaced[] = {"params", "timeouts", "taskRunTemplate"};
	bool is_pipeline = p->run->kind == OBJECT_PIPELINE_RUN;
	size_t n_replaced = is_pipeline ? ARRAY_SIZE(replaced) : 1;
	const struct str spec = run_meta(p->run)->spec_json;
	struct str rest = spec, key, value;
	json_key(p->w, "spec");
	if (!str_starts(spec, STR("{"))) {
		spec_object_json(run_meta(p->run), "spec", p->w);
		return;
	}
	json_open(p->w, '{');
	while (json_text_member(&rest, &key, &value)) {
		bool is_ours = false;
		for (size_t i = 0; i < n_replaced; i++)
			is_ours |= str_eqz(key, replaced[i]);
		/* started by its name, which clears it */
		is_ours |= p->run->started_ns && str_eqz(key, "status") &&
			   str_ends(value, STR("RunPending\""));
		if (!is_ours)
			json_text_put_member(p->w, key, value);
	}
	put_params(p, p->run->params, p->run->n_params);
	if (is_pipeline)
		put_pipeline_run_defaults(p, spec);
	else
		put_task_run_defaults(p, spec);
	json_close(p->w, '}');
}

/* A child has no document: its spec is what the pipeline task made of it. */
static void put_child_run_spec(const struct report *p)
{
	const struct run_view *r = p->run;
	const struct pipeline_run *pr = r->object->pipeline_run;

	json_key(p->w, "spec");
	json_open(p->w, '{');
	if (pr->pipeline_spec) {
		json_key(p->w, "pipelineSpec");
		pipeline_spec_json(pr->pipeline_spec, p->w);
	} else {
		json_key(p->w, "pipelineRef");
		json_open(p->w, '{');
		json_field(p->w, "name", pr->pipeline_ref.s);
		json_close(p->w, '}');
	}
	put_params(p, pr->params, pr->n_params);
	json_key(p->w, "timeouts");
	json_open(p->w, '{');
	put_duration(p, "pipeline", pr->timeouts.pipeline.ns);
	json_close(p->w, '}');
	json_key(p->w, "taskRunTemplate");
	json_open(p->w, '{');
	json_field(p->w, "serviceAccountName", pr->service_account_name.s);
	if (pr->pod_template.pos.line) {
		json_key(p->w, "podTemplate");
		pod_template_json(&pr->pod_template, p->w);
	}
	json_close(p->w, '}');
	put_workspaces(p, pr->workspaces, pr->n_workspaces);
	json_close(p->w, '}');
}

/* A TaskRun object that was refused before its only task run was made. */
static void put_bare_status(const struct report *p)
{
	json_key(p->w, "status");
	json_open(p->w, '{');
	put_condition(p, &p->run->condition);
	put_time(p, "startTime", p->run->started_wall_ns);
	put_time(p, "completionTime", p->run->ended_wall_ns);
	json_close(p->w, '}');
}

static void put_run_object(const struct report *p)
{
	const struct run_view *r = p->run;
	struct metadata m;
	json_open(p->w, '{');
	json_fieldz(p->w, "apiVersion", "tekton.dev/v1");
	json_fieldz(p->w, "kind", object_kind_name(r->kind));
	json_key(p->w, "metadata");
	json_open(p->w, '{');
	json_field(p->w, "name", r->name);
	json_field(p->w, "namespace", r->ns);
	json_field_given(p->w, "uid", r->uid);
	metadata_of_run(&m, p->scratch, p->run);
	if (r->kind == OBJECT_TASK_RUN && r->n_task_runs)
		metadata_add_reach(&m, r->task_runs[0]);
	put_metadata(p, &m);
	if (r->parent)
		put_owner(p, r->parent->owner);
	json_close(p->w, '}');
	if (r->parent)
		put_child_run_spec(p);
	else
		put_run_spec(p);
	if (r->kind == OBJECT_PIPELINE_RUN)
		put_pipeline_status(p);
	else if (r->n_task_runs)
		put_task_status(p, r->task_runs[0]);
	else
		put_bare_status(p);
	json_close(p->w, '}');
}

static void arena_renew(struct arena **a)
{
	arena_free(*a);
	*a = arena_new();
}

/* Each attempt of a child is a PipelineRun. */
static void put_child(struct report *p, const struct task_run_view *t)
{
	if (t->kind != OBJECT_PIPELINE_RUN) {
		p->run = t->owner;
		put_task_run(p, t);
		return;
	}
	for (size_t i = 0; i < t->n_attempts; i++) {
		p->run = t->attempts[i].run;
		if (p->run)
			put_run_object(p);
	}
}

void report_items(const struct run_view *r, struct json_writer *w)
{
	struct report p = {.run = r, .w = w, .scratch = arena_new()};
	put_run_object(&p);
	for (size_t i = 0; r->kind == OBJECT_PIPELINE_RUN && i < r->n_task_runs; i++) {
		arena_renew(&p.scratch);
		put_child(&p, r->task_runs[i]);
	}
	arena_free(p.scratch);
}
