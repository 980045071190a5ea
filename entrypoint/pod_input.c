/* SPDX-License-Identifier: Apache-2.0 */
/* From the run to everything it refers to. */
#include "pod_input.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/map.h>
#include <base/vec.h>

struct gathering {
	struct arena *arena;
	const struct spec *spec;
	struct map seen; /* "Kind/name" */
	VEC(struct str) documents;
};

static void put_rest(struct json_writer *w, struct str json)
{
	struct str key, value;

	while (json_text_member(&json, &key, &value)) {
		if (str_ieq(key, STR("apiVersion")) || str_ieq(key, STR("kind")) ||
			str_ieq(key, STR("metadata")) || str_ieq(key, STR("status")))
			continue;
		json_text_put_member(w, key, value);
	}
}

struct str pod_document(struct arena *a, const struct object_meta *meta, const char *kind)
{
	struct buf out cleanup_buf = {0};
	struct json_writer w;

	buf_init(&out, BOUND_OBJECT_BYTES);
	json_writer_init(&w, &out, 0);
	json_open(&w, '{');
	json_field(&w, "apiVersion", meta->api_version.s);
	json_fieldz(&w, "kind", kind);
	json_key(&w, "metadata");
	spec_object_json(meta, "metadata", &w);
	put_rest(&w, meta->json);
	json_close(&w, '}');
	return arena_str(a, buf_str(&out));
}

struct str pod_claim_document(struct arena *a, const struct object_meta *meta, struct str ns)
{
	struct buf out cleanup_buf = {0};
	struct json_writer w;

	buf_init(&out, BOUND_OBJECT_BYTES);
	json_writer_init(&w, &out, 0);
	json_open(&w, '{');
	json_fieldz(&w, "apiVersion", "v1");
	json_fieldz(&w, "kind", "PersistentVolumeClaim");
	json_key(&w, "metadata");
	json_open(&w, '{');
	json_field(&w, "name", meta->name.s);
	json_field_given(&w, "namespace", ns.n ? ns : meta->ns.s);
	labels_json(&meta->labels, "labels", &w);
	labels_json(&meta->annotations, "annotations", &w);
	json_close(&w, '}');
	json_key(&w, "spec");
	spec_object_json(meta, "spec", &w);
	json_close(&w, '}');
	return arena_str(a, buf_str(&out));
}

/* False: it is there already. */
static bool add(struct gathering *g, const struct object_meta *meta, const char *kind)
{
	struct str id = arena_printf(g->arena, "%s/" STR_FMT, kind, STR_ARG(meta->name.s));

	if (!map_set(&g->seen, id, g))
		return false;
	vec_push(&g->documents, pod_document(g->arena, meta, kind));
	return true;
}

/* --- what refers to what ----------------------------------------------------------------- */

static void add_actions(struct gathering *g, const struct task_spec *ts)
{
	for (size_t i = 0; i < ts->n_steps; i++) {
		struct text name = ts->steps[i].ref_name;
		const struct step_action *sa = map_get(&g->spec->step_action_by_name, name.s);
		bool is_open = str_has(name.s, STR("$("));

		if (sa)
			(void)add(g, &sa->meta, "StepAction");
		/* which one is known by the values of params: all may be it */
		for (size_t k = 0; is_open && k < g->spec->n_step_actions; k++)
			(void)add(g, &g->spec->step_actions[k].meta, "StepAction");
	}
}

static void add_task(struct gathering *g, struct str name)
{
	const struct task *t = map_get(&g->spec->task_by_name, name);

	if (t && add(g, &t->meta, "Task"))
		add_actions(g, &t->spec);
}

static void add_pipeline(struct gathering *g, struct str name);

static void add_tasks(struct gathering *g, const struct pipeline_spec *ps);

static void add_pipeline_tasks(struct gathering *g, const struct pipeline_task *tasks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct pipeline_task *t = &tasks[i];

		add_task(g, t->task_ref.s);
		add_pipeline(g, t->pipeline_ref.s);
		if (t->task_spec)
			add_actions(g, t->task_spec);
		if (t->pipeline_spec)
			add_tasks(g, t->pipeline_spec);
	}
}

static void add_tasks(struct gathering *g, const struct pipeline_spec *ps)
{
	add_pipeline_tasks(g, ps->tasks, ps->n_tasks);
	add_pipeline_tasks(g, ps->finally, ps->n_finally);
}

/* A cycle ends at what is there already. */
static void add_pipeline(struct gathering *g, struct str name)
{
	const struct pipeline *p = map_get(&g->spec->pipeline_by_name, name);

	if (p && add(g, &p->meta, "Pipeline"))
		add_tasks(g, &p->spec);
}

/* --- the run ------------------------------------------------------------------------------ */

/* A run that was made from the name of a Pipeline or Task has no document. */
static void add_made_run(struct gathering *g, const struct run_ref *run)
{
	const bool is_pipeline = run->kind == OBJECT_PIPELINE_RUN;
	struct buf out cleanup_buf = {0};
	struct json_writer w;

	buf_init(&out, MIB);
	json_writer_init(&w, &out, 0);
	json_open(&w, '{');
	json_fieldz(&w, "apiVersion", "tekton.dev/v1");
	json_fieldz(&w, "kind", object_kind_name(run->kind));
	json_key(&w, "metadata");
	json_open(&w, '{');
	json_field(&w, "name",
		is_pipeline ? run->pipeline_run->meta.name.s : run->task_run->meta.name.s);
	json_close(&w, '}');
	json_key(&w, "spec");
	json_open(&w, '{');
	json_key(&w, is_pipeline ? "pipelineRef" : "taskRef");
	json_open(&w, '{');
	json_field(&w, "name",
		is_pipeline ? run->pipeline_run->pipeline_ref.s : run->task_run->task_ref.s);
	json_close(&w, '}');
	json_close(&w, '}');
	json_close(&w, '}');
	vec_push(&g->documents, arena_str(g->arena, buf_str(&out)));
}

static void add_run(struct gathering *g, const struct run_ref *run)
{
	const struct pipeline_run *pr = run->pipeline_run;
	const struct task_run *tr = run->task_run;
	const struct object_meta *meta = pr ? &pr->meta : &tr->meta;

	if (meta->json.n)
		(void)add(g, meta, object_kind_name(run->kind));
	else
		add_made_run(g, run);
	if (pr) {
		add_pipeline(g, pr->pipeline_ref.s);
		if (pr->pipeline_spec)
			add_tasks(g, pr->pipeline_spec);
	} else {
		add_task(g, tr->task_ref.s);
		if (tr->task_spec)
			add_actions(g, tr->task_spec);
	}
}

void pod_input(struct arena *a, const struct pod_input *in, struct str **ret, size_t *ret_n)
{
	const struct spec *spec = in->spec;
	struct gathering g = {.arena = a, .spec = spec};

	map_init(&g.seen, a);
	add_run(&g, in->run);
	for (size_t i = 0; i < in->n_needs; i++) {
		struct str name = in->needs[i].name;
		const struct service_account *sa =
			map_get(&spec->service_account_by_name, name);
		const struct data_object *cm = map_get(&spec->config_map_by_name, name);

		if (in->needs[i].kind == NEED_ACCOUNT && sa)
			(void)add(&g, &sa->meta, "ServiceAccount");
		if (in->needs[i].kind == NEED_CONFIG_MAP && cm)
			(void)add(&g, &cm->meta, "ConfigMap");
	}
	for (size_t i = 0; i < spec->n_limit_ranges; i++)
		(void)add(&g, &spec->limit_ranges[i].meta, "LimitRange");
	*ret = vec_freeze(&g.documents, a);
	*ret_n = g.documents.n;
	vec_release(&g.documents);
}
