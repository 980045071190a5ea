/* SPDX-License-Identifier: Apache-2.0 */
/* Labels and annotations of runs, task runs and pods (section 4). */
#include "metadata.h"

static void metadata_init(struct metadata *m, struct arena *a)
{
	map_init(&m->labels, a);
	map_init(&m->annotations, a);
}

static const char *const reach_names[] = {
	[REACH_UNCONFINED] = "monopod/unconfined",
	[REACH_ADMIN] = "monopod/sys-admin",
	[REACH_PRIVILEGED] = "monopod/privileged",
};
_Static_assert(ARRAY_SIZE(reach_names) == STEP_REACH_N, "a name for each");

/* What programs write about a run is not taken from its author. */
static bool is_reserved(struct str key)
{
	static const char *const names[] = {"results.tekton.dev/result",
		"results.tekton.dev/record", "results.tekton.dev/log",
		"results.tekton.dev/stored"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eqz(key, names[i]))
			return true;
	for (size_t i = REACH_UNCONFINED; i < STEP_REACH_N; i++)
		if (str_eqz(key, reach_names[i]))
			return true;
	return str_starts(key, STR("chains.tekton.dev/"));
}

static void add_labels(struct map *m, const struct labels *l)
{
	for (size_t i = 0; i < l->n; i++)
		(void)map_set(m, l->keys[i].s, &l->values[i].s);
}

static void metadata_add(
	struct metadata *m, const struct labels *labels, const struct labels *annotations)
{
	add_labels(&m->labels, labels);
	for (size_t i = 0; i < annotations->n; i++)
		if (!is_reserved(annotations->keys[i].s))
			(void)map_set(&m->annotations, annotations->keys[i].s,
				&annotations->values[i].s);
}

/* A definition gives what it has to the run that refers to it, but not kubectl's copy of it. */
static void metadata_add_definition(struct metadata *m, const struct object_meta *definition)
{
	const struct str copy = STR("kubectl.kubernetes.io/last-applied-configuration");

	if (!definition)
		return;
	add_labels(&m->labels, &definition->labels);
	for (size_t i = 0; i < definition->annotations.n; i++) {
		struct str key = definition->annotations.keys[i].s;

		if (!is_reserved(key) && !str_eq(key, copy))
			(void)map_set(
				&m->annotations, key, &definition->annotations.values[i].s);
	}
}

static void map_add(struct map *m, const char *key, struct str value)
{
	struct str *s = arena_new_object(m->arena, struct str);
	*s = value;
	(void)map_set(m, str_z(key), s);
}

/* Of several entries for a task the last counts. */
static const struct task_run_spec_entry *find_entry(
	const struct pipeline_run *pr, struct str name)
{
	for (size_t i = pr ? pr->n_task_run_specs : 0; i-- > 0;)
		if (str_eq(pr->task_run_specs[i].pipeline_task_name.s, name))
			return &pr->task_run_specs[i];
	return NULL;
}

static const struct object_meta *run_meta(const struct run_view *r)
{
	return r->kind == OBJECT_PIPELINE_RUN ? &r->object->pipeline_run->meta
					      : &r->object->task_run->meta;
}

/* Tekton's own; the author may say who manages a run. */
static void add_managed_by(struct map *labels)
{
	if (!map_has(labels, STR("app.kubernetes.io/managed-by")))
		map_add(labels, "app.kubernetes.io/managed-by", STR("tekton-pipelines"));
}

void metadata_of_child(struct metadata *m, struct arena *a, const struct run_view *r,
	const struct task_run_view *t)
{
	const struct pipeline_task_view *pt = &r->pipeline_tasks[t->pipeline_task];
	const struct task_metadata *own = &pt->spec->task_metadata;
	const struct task_run_spec_entry *entry =
		r->parent ? NULL : find_entry(r->object->pipeline_run, pt->spec->name.s);

	metadata_init(m, a);
	metadata_add_definition(m, t->task_meta);
	metadata_add(m, &own->labels, &own->annotations);
	metadata_add_definition(m, r->pipeline_meta);
	metadata_add(m, &run_meta(r)->labels, &run_meta(r)->annotations);
	map_add(&m->labels, "tekton.dev/memberOf",
		pt->is_finally ? STR("finally") : STR("tasks"));
	map_add(&m->labels, "tekton.dev/pipeline", r->pipeline_name);
	map_add(&m->labels, "tekton.dev/pipelineRun", r->name);
	map_add(&m->labels, "tekton.dev/pipelineRunUID", r->uid);
	map_add(&m->labels, "tekton.dev/pipelineTask", pt->spec->name.s);
	if (entry)
		metadata_add(m, &entry->metadata.labels, &entry->metadata.annotations);
	if (t->task_name.n)
		map_add(&m->labels, "tekton.dev/task", t->task_name);
	add_managed_by(&m->labels);
	if (str_eqz(pt->spec->on_error.s, "continue"))
		map_add(&m->annotations, "pipeline.tekton.dev/pipeline-task-on-error",
			STR("continue"));
}

void metadata_of_run(struct metadata *m, struct arena *a, const struct run_view *r)
{
	metadata_init(m, a);
	metadata_add_definition(m, r->pipeline_meta);
	if (r->kind == OBJECT_TASK_RUN && r->n_task_runs)
		metadata_add_definition(m, r->task_runs[0]->task_meta);
	metadata_add(m, &run_meta(r)->labels, &run_meta(r)->annotations);
	if (r->kind == OBJECT_PIPELINE_RUN) {
		map_add(&m->labels, "tekton.dev/pipeline", r->pipeline_name);
		if (r->parent)
			add_managed_by(&m->labels);
	} else {
		add_managed_by(&m->labels);
		if (r->n_task_runs && r->task_runs[0]->task_name.n)
			map_add(&m->labels, "tekton.dev/task", r->task_runs[0]->task_name);
	}
}

void metadata_of_pod(struct metadata *m, struct arena *a, const struct run_view *r,
	const struct task_run_view *t)
{
	if (r->kind == OBJECT_PIPELINE_RUN)
		metadata_of_child(m, a, r, t);
	else
		metadata_of_run(m, a, r);
	map_add(&m->labels, "tekton.dev/taskRun", t->name);
	map_add(&m->labels, "tekton.dev/taskRunUID", t->uid);
}

/* Containers of a reach that were started, in any attempt, each once; empty: there are none. */
static struct str reach_text(
	struct arena *a, const struct task_run_view *t, enum step_reach reach)
{
	struct str text = STR_NONE;
	struct map seen;

	map_init(&seen, a);
	for (size_t i = 0; i < t->n_attempts; i++) {
		const struct attempt_view *at = &t->attempts[i];

		for (size_t k = 0; k < at->n_steps + at->n_sidecars; k++) {
			const struct step_view *s = &at->steps[k];

			if (s->reach == reach && s->image_id.n &&
				map_set(&seen, s->container, &text))
				text = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(text),
					text.n ? "," : "", STR_ARG(s->container));
		}
	}
	return text;
}

void metadata_add_reach(struct metadata *m, const struct task_run_view *t)
{
	for (size_t i = REACH_UNCONFINED; i < STEP_REACH_N; i++) {
		struct str text = reach_text(m->annotations.arena, t, (enum step_reach)i);

		if (text.n)
			map_add(&m->annotations, reach_names[i], text);
	}
}
