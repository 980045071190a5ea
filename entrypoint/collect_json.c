/* SPDX-License-Identifier: Apache-2.0 */
/* The objects of a run that was collected: made from its records, or its run.json. */
#include "collect.h"

#include "list_json.h"
#include "pod_tasks.h"
#include "record.h"

#include <base/clock.h>
#include <base/json.h>

#define OMITTED "monopod/omitted"

struct printer {
	const struct collected *c;
	struct json_writer *w;
	struct arena *arena;
};

static void put_time(const struct printer *p, const char *key, int64_t wall_ns)
{
	if (wall_ns)
		json_field(p->w, key, clock_rfc3339(p->arena, wall_ns));
}

static void put_condition(const struct printer *p, struct str status, struct str reason,
	struct str message, int64_t changed_ns)
{
	json_key(p->w, "conditions");
	json_open(p->w, '[');
	json_open(p->w, '{');
	json_fieldz(p->w, "type", "Succeeded");
	json_field(p->w, "status", status);
	put_time(p, "lastTransitionTime", changed_ns);
	json_field_given(p->w, "reason", reason);
	json_field_given(p->w, "message", message);
	json_close(p->w, '}');
	json_close(p->w, ']');
}

static struct str status_word(enum condition_status s)
{
	static const char *const words[] = {[CONDITION_UNKNOWN] = "Unknown",
		[CONDITION_TRUE] = "True",
		[CONDITION_FALSE] = "False"};
	_Static_assert(ARRAY_SIZE(words) == CONDITION_STATUS_N, "one word a status");

	return str_z(words[s]);
}

static void put_run_condition(const struct printer *p)
{
	const struct condition *c = &p->c->condition;

	put_condition(p, status_word(c->status), c->reason, c->message, c->changed_wall_ns);
}

/* What was running when the pod ended has ended with it. */
static void put_task_condition(const struct printer *p, const char *kind, struct str name,
	struct str status, struct str reason, struct str message)
{
	const struct condition *c = &p->c->condition;

	if (!p->c->is_over || p->c->is_own_word || c->status != CONDITION_FALSE ||
		!str_eqz(status, "Unknown")) {
		put_condition(p, status, reason, message, 0);
		return;
	}
	put_condition(p, status_word(c->status), c->reason,
		arena_printf(p->arena, "%s \"" STR_FMT "\" had not ended when its pod did",
			kind, STR_ARG(name)),
		c->changed_wall_ns);
}

/* --- from records ------------------------------------------------------------------------ */

/* Those that the Job's controller sets are of the pod. */
static bool is_label_of_run(struct str key)
{
	return !str_starts(key, STR("batch.kubernetes.io/")) && !str_eqz(key, "job-name") &&
	       !str_eqz(key, "controller-uid");
}

static void put_labels(const struct printer *p)
{
	bool any = false;

	json_foreach (it, p->c->pod->labels) {
		if (it->kind != JSON_STRING || !is_label_of_run(it->key))
			continue;
		if (!any) {
			json_key(p->w, "labels");
			json_open(p->w, '{');
		}
		any = true;
		json_keys(p->w, it->key);
		json_put_str(p->w, it->text);
	}
	if (any)
		json_close(p->w, '}');
}

static void put_members(const struct printer *p, const struct json *object)
{
	json_foreach (it, object) {
		json_keys(p->w, it->key);
		json_put(p->w, it);
	}
}

static void put_annotations(const struct printer *p)
{
	const struct json *own =
		json_get(json_get(p->c->pod->object, "metadata"), "annotations");
	struct str omitted = p->c->told.omitted;

	if (!omitted.n && !own)
		return;
	json_key(p->w, "annotations");
	json_open(p->w, '{');
	json_foreach (it, own) {
		if (str_eqz(it->key, OMITTED))
			continue;
		json_keys(p->w, it->key);
		json_put(p->w, it);
	}
	json_field_given(p->w, OMITTED, omitted);
	json_close(p->w, '}');
}

static void put_metadata(const struct printer *p)
{
	json_key(p->w, "metadata");
	json_open(p->w, '{');
	json_field(p->w, "name", p->c->pod->run_name);
	json_field_given(p->w, "namespace", p->c->pod->ns);
	put_labels(p);
	put_annotations(p);
	json_close(p->w, '}');
}

/* The type that an inline spec declares; empty: a string, or not known here. */
static struct str declared_type(const struct printer *p, struct str name)
{
	const struct kube_pod *pod = p->c->pod;
	const struct json *spec = json_get(
		json_get(pod->object, "spec"), pod->is_task_run ? "taskSpec" : "pipelineSpec");

	json_foreach (it, json_get(spec, "results")) {
		if (str_eq(json_str(json_get(it, "name")), name))
			return json_str(json_get(it, "type"));
	}
	return STR_NONE;
}

/* As Tekton takes it: what is not declared to be something else is a string. */
static void put_value(const struct printer *p, const struct told_item *r)
{
	struct str type = declared_type(p, r->name);
	struct json *v = NULL;
	bool is_it = false;

	if (str_eqz(type, "array") || str_eqz(type, "object"))
		is_it = json_parse_zeros(p->arena, r->value, r->value.n, &v, NULL) == 0 &&
			v->kind == (str_eqz(type, "array") ? JSON_ARRAY : JSON_OBJECT);
	if (p->c->pod->is_task_run)
		json_field(p->w, "type", is_it ? type : STR("string"));
	json_key(p->w, "value");
	if (is_it)
		json_put(p->w, v);
	else
		json_put_str(p->w, r->value);
}

static void put_results(const struct printer *p)
{
	const struct told *t = &p->c->told;

	if (!p->c->is_own_word || !json_list(p->w, "results", t->n_results))
		return;
	for (size_t i = 0; i < t->n_results; i++) {
		json_open(p->w, '{');
		json_field(p->w, "name", t->results[i].name);
		put_value(p, &t->results[i]);
		json_close(p->w, '}');
	}
	json_close(p->w, ']');
}

static const char *kind_of(const struct pod_task *t)
{
	return t->is_pipeline_run ? "PipelineRun" : "TaskRun";
}

/* Of what is not known the run itself is the owner. */
static struct pod_task task_of(const struct printer *p, const struct told_item *t)
{
	const struct kube_pod *pod = p->c->pod;
	struct pod_task k = pod_task_of(pod->tasks, pod->run_name, t->name);

	if (!k.owner.n)
		k.owner = pod->run_name;
	return k;
}

static void put_child_references(const struct printer *p, struct str owner)
{
	const struct told *t = &p->c->told;
	bool any = false;

	for (size_t i = 0; i < t->n_task_runs; i++) {
		const struct pod_task k = task_of(p, &t->task_runs[i]);

		if (!str_eq(k.owner, owner))
			continue;
		if (!any) {
			json_key(p->w, "childReferences");
			json_open(p->w, '[');
		}
		any = true;
		json_open(p->w, '{');
		json_fieldz(p->w, "apiVersion", "tekton.dev/v1");
		json_fieldz(p->w, "kind", kind_of(&k));
		json_field(p->w, "name", t->task_runs[i].name);
		json_field_given(p->w, "pipelineTaskName", k.pipeline_task);
		json_close(p->w, '}');
	}
	if (any)
		json_close(p->w, ']');
}

static void put_spec(const struct printer *p)
{
	const struct kube_pod *pod = p->c->pod;

	json_key(p->w, "spec");
	json_open(p->w, '{');
	put_members(p, json_get(pod->object, "spec"));
	/* that of an inline pipeline is the run's own name */
	if (!pod->object && !pod->is_task_run && pod->pipeline.n &&
		!str_eq(pod->pipeline, pod->run_name)) {
		json_key(p->w, "pipelineRef");
		json_open(p->w, '{');
		json_field(p->w, "name", pod->pipeline);
		json_close(p->w, '}');
	}
	json_close(p->w, '}');
}

static void put_run(const struct printer *p)
{
	const struct collected *c = p->c;
	bool is_task_run = c->pod->is_task_run;

	json_open(p->w, '{');
	json_fieldz(p->w, "apiVersion", "tekton.dev/v1");
	json_fieldz(p->w, "kind", is_task_run ? "TaskRun" : "PipelineRun");
	put_metadata(p);
	put_spec(p);
	json_key(p->w, "status");
	json_open(p->w, '{');
	put_run_condition(p);
	if (is_task_run)
		json_field(p->w, "podName", c->pod->name);
	put_time(p, "startTime", c->started_ns);
	put_time(p, "completionTime", c->ended_ns);
	put_results(p);
	if (!is_task_run)
		put_child_references(p, c->pod->run_name);
	json_close(p->w, '}');
	json_close(p->w, '}');
}

static void put_task_run(const struct printer *p, const struct told_item *t)
{
	const struct pod_task k = task_of(p, t);

	json_open(p->w, '{');
	json_fieldz(p->w, "apiVersion", "tekton.dev/v1");
	json_fieldz(p->w, "kind", kind_of(&k));
	json_key(p->w, "metadata");
	json_open(p->w, '{');
	json_field(p->w, "name", t->name);
	json_field_given(p->w, "namespace", p->c->pod->ns);
	json_key(p->w, "labels");
	json_open(p->w, '{');
	json_field(p->w, "tekton.dev/pipelineRun", k.owner);
	json_field_given(p->w, "tekton.dev/pipelineTask", k.pipeline_task);
	json_close(p->w, '}');
	json_close(p->w, '}');
	json_key(p->w, "spec");
	json_open(p->w, '{');
	json_close(p->w, '}');
	json_key(p->w, "status");
	json_open(p->w, '{');
	put_task_condition(p, kind_of(&k), t->name, t->status, t->reason, STR_NONE);
	if (k.is_pipeline_run)
		put_child_references(p, t->name);
	else
		json_field(p->w, "podName", p->c->pod->name);
	json_close(p->w, '}');
	json_close(p->w, '}');
}

static void put_records(const struct printer *p)
{
	const struct told *t = &p->c->told;

	put_run(p);
	for (size_t i = 0; !p->c->pod->is_task_run && i < t->n_task_runs; i++)
		put_task_run(p, &t->task_runs[i]);
}

/* --- from run.json ----------------------------------------------------------------------- */

/* A status gets the end that is concluded, and keeps the rest. */
static void put_ended_status(
	const struct printer *p, const struct json *item, const struct json *status)
{
	struct record_condition told = record_condition(item);
	struct str name = json_str(json_get(json_get(item, "metadata"), "name"));
	bool is_run =
		item == p->c->run || !json_get(json_get(item, "metadata"), "ownerReferences");

	json_open(p->w, '{');
	if (is_run)
		put_run_condition(p);
	else
		put_task_condition(p,
			str_eqz(json_str(json_get(item, "kind")), "PipelineRun") ? "PipelineRun"
										 : "TaskRun",
			name, told.status, told.reason, told.message);
	json_foreach (it, status) {
		if (str_eqz(it->key, "conditions"))
			continue;
		json_keys(p->w, it->key);
		json_put(p->w, it);
	}
	if (!json_get(status, "completionTime"))
		put_time(p, "completionTime", p->c->ended_ns);
	json_close(p->w, '}');
}

/* It says Running of what has ended, or is a success that the container's end denies. */
static bool is_concluded(const struct collected *c, const struct json *item)
{
	struct str told = record_condition(item).status;

	if (c->is_own_word)
		return false;
	return (c->is_over && str_eqz(told, "Unknown")) ||
	       (item == c->run && str_eqz(told, "True"));
}

static void put_item(const struct printer *p, const struct json *item)
{
	const struct json *status = json_get(item, "status");

	if (!is_concluded(p->c, item)) {
		json_put(p->w, item);
		return;
	}
	json_open(p->w, '{');
	json_foreach (it, item) {
		json_keys(p->w, it->key);
		if (it == status)
			put_ended_status(p, item, status);
		else
			json_put(p->w, it);
	}
	json_close(p->w, '}');
}

void collect_json(struct arena *a, const struct collected *c, struct buf *out)
{
	struct json_writer w;
	const struct printer p = {c, &w, a};

	json_writer_init(&w, out, 2);
	list_json_open(&w);
	if (c->run_json) {
		json_foreach (it, json_get(c->run_json, "items"))
			put_item(&p, it);
	} else {
		put_records(&p);
	}
	list_json_close(&w);
	buf_addc(out, '\n');
}
