/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The run as Tekton v1 objects with their status: what `-o json`, run.json and `describe` show.
 * Reads the run_view only. Fields and their order follow PipelineRunStatus and TaskRunStatus of
 * tekton.dev/v1 (tekton-semantics 27).
 */
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

/* A time member; a time of 0 has not come yet and is left out. */
static void put_time(struct json_writer *w, const char *key, int64_t wall_ns)
{
	if (wall_ns == 0)
		return;
	struct arena *a = arena_new();
	json_field(w, key, clock_rfc3339(a, wall_ns));
	arena_free(a);
}

static void put_optional(struct json_writer *w, const char *key, struct str s)
{
	if (s.n)
		json_field(w, key, s);
}

static void put_condition(struct json_writer *w, const struct condition *c)
{
	json_key(w, "conditions");
	json_open(w, '[');
	json_open(w, '{');
	json_fieldz(w, "type", "Succeeded");
	json_fieldz(w, "status", condition_word[c->status]);
	put_time(w, "lastTransitionTime", c->changed_wall_ns);
	put_optional(w, "reason", c->reason);
	put_optional(w, "message", c->message);
	json_close(w, '}');
	json_close(w, ']');
}

/* TaskRun results carry their type, pipeline results and params do not. */
static void put_values(struct json_writer *w, const char *key, const struct named_value *v,
	size_t n, bool with_type)
{
	if (n == 0)
		return;
	json_key(w, key);
	json_open(w, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		json_field(w, "name", v[i].name);
		if (with_type)
			json_fieldz(w, "type", value_type_name(v[i].value.type));
		json_key(w, "value");
		value_json(&v[i].value, w);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_params(struct json_writer *w, const struct param *p, size_t n)
{
	if (n == 0)
		return;
	json_key(w, "params");
	json_open(w, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		json_field(w, "name", p[i].name.s);
		json_key(w, "value");
		value_json(&p[i].value, w);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_when(struct json_writer *w, const struct when *when, size_t n)
{
	if (n == 0)
		return;
	json_key(w, "whenExpressions");
	json_open(w, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		json_field(w, "input", when[i].input.s);
		json_field(w, "operator", when[i].operator_text.s);
		json_key(w, "values");
		json_open(w, '[');
		for (size_t k = 0; k < when[i].n_values; k++)
			json_put_str(w, when[i].values[k].s);
		json_close(w, ']');
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* --- labels: the more specific object wins (tekton-semantics 4), so it is written last --- */

static void map_add_labels(struct map *m, const struct labels *l)
{
	for (size_t i = 0; i < l->n; i++)
		(void)map_set(m, l->keys[i].s, &l->values[i].s);
}

static void put_map(struct json_writer *w, const char *key, const struct map *m)
{
	if (m->n == 0)
		return;
	json_key(w, key);
	json_open(w, '{');
	map_foreach (it, m) {
		json_keys(w, it->key);
		json_put_str(w, *(const struct str *)it->value);
	}
	json_close(w, '}');
}

static void map_add(struct map *m, struct arena *a, const char *key, struct str value)
{
	struct str *s = arena_new_object(a, struct str);
	*s = value;
	(void)map_set(m, str_z(key), s);
}

static const struct task_run_spec_entry *entry_of(const struct run_view *r, struct str name)
{
	const struct task_run_spec_entry *found = NULL;
	const struct pipeline_run *pr = r->object->pipeline_run;
	for (size_t i = 0; pr && i < pr->n_task_run_specs; i++)
		if (str_eq(pr->task_run_specs[i].pipeline_task_name.s, name))
			found = &pr->task_run_specs[i];
	return found;
}

static void put_child_labels(
	struct json_writer *w, const struct run_view *r, const struct task_run_view *t)
{
	struct arena *a = arena_new();
	const struct pipeline_task_view *pt = &r->pipeline_tasks[t->pipeline_task];
	const struct task_run_spec_entry *entry = entry_of(r, pt->spec->name.s);
	struct map labels;
	struct map annotations;
	map_init(&labels, a);
	map_init(&annotations, a);
	map_add_labels(&labels, &r->object->pipeline_run->meta.labels);
	map_add_labels(&annotations, &r->object->pipeline_run->meta.annotations);
	map_add_labels(&labels, &pt->spec->task_labels);
	map_add_labels(&annotations, &pt->spec->task_annotations);
	if (entry) {
		map_add_labels(&labels, &entry->labels);
		map_add_labels(&annotations, &entry->annotations);
	}
	map_add(&labels, a, "app.kubernetes.io/managed-by", STR("tekton-pipelines"));
	map_add(&labels, a, "tekton.dev/memberOf",
		pt->is_finally ? STR("finally") : STR("tasks"));
	map_add(&labels, a, "tekton.dev/pipeline", r->pipeline_name);
	map_add(&labels, a, "tekton.dev/pipelineRun", r->name);
	map_add(&labels, a, "tekton.dev/pipelineRunUID", r->uid);
	map_add(&labels, a, "tekton.dev/pipelineTask", pt->spec->name.s);
	if (t->task_name.n)
		map_add(&labels, a, "tekton.dev/task", t->task_name);
	put_map(w, "labels", &labels);
	put_map(w, "annotations", &annotations);
	arena_free(a);
}

static void put_object_labels(struct json_writer *w, const struct run_view *r)
{
	struct arena *a = arena_new();
	const struct object_meta *meta = r->kind == OBJECT_PIPELINE_RUN
						 ? &r->object->pipeline_run->meta
						 : &r->object->task_run->meta;
	struct map labels;
	struct map annotations;
	map_init(&labels, a);
	map_init(&annotations, a);
	map_add_labels(&labels, &meta->labels);
	map_add_labels(&annotations, &meta->annotations);
	if (r->kind == OBJECT_PIPELINE_RUN) {
		map_add(&labels, a, "tekton.dev/pipeline", r->pipeline_name);
	} else {
		map_add(&labels, a, "app.kubernetes.io/managed-by", STR("tekton-pipelines"));
		if (r->n_task_runs && r->task_runs[0]->task_name.n)
			map_add(&labels, a, "tekton.dev/task", r->task_runs[0]->task_name);
	}
	put_map(w, "labels", &labels);
	put_map(w, "annotations", &annotations);
	arena_free(a);
}

/* --- TaskRuns ------------------------------------------------------------------------ */

static void put_step_state(struct json_writer *w, const struct step_view *s)
{
	switch (s->state) {
	case STEP_WAITING:
	case STEP_STARTING:
		json_key(w, "waiting");
		json_open(w, '{');
		json_fieldz(w, "reason", "PodInitializing");
		json_close(w, '}');
		break;
	case STEP_RUNNING:
		json_key(w, "running");
		json_open(w, '{');
		put_time(w, "startedAt", s->started_wall_ns);
		json_close(w, '}');
		break;
	case STEP_ENDED:
		json_key(w, "terminated");
		json_open(w, '{');
		json_field_int(w, "exitCode", s->exit_code);
		put_optional(w, "reason", s->reason);
		put_optional(w, "message", s->message);
		put_time(w, "startedAt", s->started_wall_ns);
		put_time(w, "finishedAt", s->ended_wall_ns);
		json_close(w, '}');
		break;
	}
}

static void put_steps(struct json_writer *w, const struct attempt_view *at)
{
	if (at->n_steps == 0)
		return;
	json_key(w, "steps");
	json_open(w, '[');
	for (size_t i = 0; i < at->n_steps; i++) {
		const struct step_view *s = &at->steps[i];
		json_open(w, '{');
		put_step_state(w, s);
		json_field(w, "name", s->name);
		json_field(w, "container", s->container);
		put_optional(w, "imageID", s->image_id);
		if (s->state == STEP_ENDED)
			put_optional(w, "terminationReason", s->termination_reason);
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* The members that an attempt has in status, and again as an entry of retriesStatus. */
static void put_attempt(struct json_writer *w, const struct attempt_view *at)
{
	put_optional(w, "podName", at->pod_name);
	put_time(w, "startTime", at->started_wall_ns);
	put_time(w, "completionTime", at->ended_wall_ns);
	put_steps(w, at);
	put_values(w, "results", at->results, at->n_results, true);
	if (at->spec) {
		json_key(w, "taskSpec");
		task_spec_json(at->spec, w);
	}
}

static void put_task_status(struct json_writer *w, const struct task_run_view *t)
{
	json_key(w, "status");
	json_open(w, '{');
	put_condition(w, &t->condition);
	if (t->n_attempts)
		put_attempt(w, &t->attempts[t->n_attempts - 1]);
	if (t->n_attempts > 1) {
		json_key(w, "retriesStatus");
		json_open(w, '[');
		for (size_t i = 0; i + 1 < t->n_attempts; i++) {
			json_open(w, '{');
			put_condition(w, &t->attempts[i].condition);
			put_attempt(w, &t->attempts[i]);
			json_close(w, '}');
		}
		json_close(w, ']');
	}
	json_close(w, '}');
}

static void put_duration(struct json_writer *w, const char *key, int64_t ns)
{
	struct arena *a = arena_new();
	json_field(w, key, num_duration_text(a, ns));
	arena_free(a);
}

static void put_child_spec(struct json_writer *w, const struct task_run_view *t)
{
	json_key(w, "spec");
	json_open(w, '{');
	put_params(w, t->params, t->n_params);
	put_optional(w, "serviceAccountName", t->service_account_name);
	if (t->task_name.n) {
		json_key(w, "taskRef");
		json_open(w, '{');
		json_field(w, "name", t->task_name);
		json_fieldz(w, "kind", "Task");
		json_close(w, '}');
	} else if (t->spec) {
		json_key(w, "taskSpec");
		task_spec_json(t->spec, w);
	}
	if (t->retries > 0)
		json_field_int(w, "retries", t->retries);
	put_duration(w, "timeout", t->timeout_ns);
	json_close(w, '}');
}

static void put_child(
	struct json_writer *w, const struct run_view *r, const struct task_run_view *t)
{
	json_open(w, '{');
	json_fieldz(w, "apiVersion", "tekton.dev/v1");
	json_fieldz(w, "kind", "TaskRun");
	json_key(w, "metadata");
	json_open(w, '{');
	json_field(w, "name", t->name);
	json_field(w, "namespace", r->ns);
	put_optional(w, "uid", t->uid);
	put_child_labels(w, r, t);
	json_key(w, "ownerReferences");
	json_open(w, '[');
	json_open(w, '{');
	json_fieldz(w, "apiVersion", "tekton.dev/v1");
	json_fieldz(w, "kind", "PipelineRun");
	json_field(w, "name", r->name);
	json_field(w, "uid", r->uid);
	json_field_bool(w, "controller", true);
	json_close(w, '}');
	json_close(w, ']');
	json_close(w, '}');
	put_child_spec(w, t);
	put_task_status(w, t);
	json_close(w, '}');
}

/* --- the run object ------------------------------------------------------------------ */

static void put_skipped(struct json_writer *w, const struct run_view *r)
{
	bool any = false;
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
		if (pt->state != PT_SKIPPED)
			continue;
		if (!any) {
			json_key(w, "skippedTasks");
			json_open(w, '[');
			any = true;
		}
		json_open(w, '{');
		json_field(w, "name", pt->spec->name.s);
		json_fieldz(w, "reason", skip_reason_text(pt->skip));
		if (!pt->is_finally || pt->skip == SKIP_WHEN)
			put_when(w, pt->when, pt->n_when);
		json_close(w, '}');
	}
	if (any)
		json_close(w, ']');
}

static void put_child_references(struct json_writer *w, const struct run_view *r)
{
	if (r->n_task_runs == 0)
		return;
	json_key(w, "childReferences");
	json_open(w, '[');
	for (size_t i = 0; i < r->n_pipeline_tasks; i++) {
		const struct pipeline_task_view *pt = &r->pipeline_tasks[i];
		for (size_t k = 0; k < pt->n_task_runs; k++) {
			const struct task_run_view *t = r->task_runs[pt->task_runs[k]];
			json_open(w, '{');
			json_fieldz(w, "apiVersion", "tekton.dev/v1");
			json_fieldz(w, "kind", "TaskRun");
			json_field(w, "name", t->name);
			put_optional(w, "displayName", t->display_name);
			json_field(w, "pipelineTaskName", pt->spec->name.s);
			put_when(w, pt->when, pt->n_when);
			json_close(w, '}');
		}
	}
	json_close(w, ']');
}

static void put_pipeline_status(struct json_writer *w, const struct run_view *r)
{
	json_key(w, "status");
	json_open(w, '{');
	put_condition(w, &r->condition);
	put_time(w, "startTime", r->started_wall_ns);
	put_time(w, "completionTime", r->ended_wall_ns);
	put_values(w, "results", r->results, r->n_results, false);
	if (r->pipeline_spec) {
		json_key(w, "pipelineSpec");
		pipeline_spec_json(r->pipeline_spec, w);
	}
	put_skipped(w, r);
	put_child_references(w, r);
	put_time(w, "finallyStartTime", r->finally_started_wall_ns);
	json_close(w, '}');
}

static void put_run_object(struct json_writer *w, const struct run_view *r)
{
	bool is_pipeline = r->kind == OBJECT_PIPELINE_RUN;
	const struct object_meta *meta =
		is_pipeline ? &r->object->pipeline_run->meta : &r->object->task_run->meta;
	json_open(w, '{');
	json_fieldz(w, "apiVersion", "tekton.dev/v1");
	json_fieldz(w, "kind", object_kind_name(r->kind));
	json_key(w, "metadata");
	json_open(w, '{');
	json_field(w, "name", r->name);
	json_field(w, "namespace", r->ns);
	put_optional(w, "uid", r->uid);
	put_object_labels(w, r);
	json_close(w, '}');
	json_key(w, "spec");
	spec_object_json(meta, "spec", w);
	if (is_pipeline) {
		put_pipeline_status(w, r);
	} else if (r->n_task_runs) {
		put_task_status(w, r->task_runs[0]);
	} else {
		json_key(w, "status");
		json_open(w, '{');
		put_condition(w, &r->condition);
		put_time(w, "startTime", r->started_wall_ns);
		put_time(w, "completionTime", r->ended_wall_ns);
		json_close(w, '}');
	}
	json_close(w, '}');
}

void report_items(const struct run_view *r, struct json_writer *w)
{
	put_run_object(w, r);
	if (r->kind != OBJECT_PIPELINE_RUN)
		return;
	for (size_t i = 0; i < r->n_task_runs; i++)
		put_child(w, r, r->task_runs[i]);
}
