/* SPDX-License-Identifier: Apache-2.0 */
/* PipelineRuns and TaskRuns themselves: what they reference, bind and limit. */
#include "spec/check.h"
#include <base/num.h>

#define DEFAULT_TIMEOUT_NS (INT64_C(60) * 60 * NS_PER_S)

/* Tekton compares the names of given params without case. */
static struct str lower(struct arena *a, struct str s)
{
	struct str copy = arena_str(a, s);
	char *p = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)(copy.p[i] >= 'A' && copy.p[i] <= 'Z' ? copy.p[i] + 32
								   : copy.p[i]);
	return (struct str){.p = p, .n = s.n};
}

static void check_params(struct check *c, const struct param *params, size_t n)
{
	struct map seen;

	map_init(&seen, c->arena);
	for (size_t i = 0; i < n; i++)
		if (!map_set(&seen, lower(c->arena, params[i].name.s), c))
			check_report(c, "duplicate", params[i].name,
				arena_printf(c->arena, "params[" STR_FMT "].name",
					STR_ARG(params[i].name.s))
					.p,
				"expected exactly one, got both");
}

/* One of two ways to say what is run. */
static void check_one_of(struct check *c, const char *ref, struct pos ref_pos, const char *spec,
	struct pos spec_pos, struct pos at)
{
	struct str paths[] = {check_path(c, ref), check_path(c, spec)};
	bool both = ref_pos.line && spec_pos.line;

	if (!ref_pos.line == !spec_pos.line)
		check_report_paths(c, both ? "excluded-field" : "missing-field",
			both ? spec_pos : at,
			both ? "expected exactly one, got both"
			     : "expected exactly one, got neither",
			paths, ARRAY_SIZE(paths));
}

/* --- workspace bindings */

static const char *const sources[] = {
	"configmap", "emptydir", "persistentvolumeclaim", "secret", "volumeclaimtemplate"};

static void report_sources(struct check *c, const struct workspace_binding *b)
{
	struct str paths[ARRAY_SIZE(sources)];

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		paths[i] = check_path(c, sources[i]);
	check_report_paths(c, b->source.n_kinds ? "excluded-field" : "missing-field",
		b->source.n_kinds ? b->source.pos : b->name.pos,
		b->source.n_kinds ? "expected exactly one, got both"
				  : "expected exactly one, got neither",
		paths, ARRAY_SIZE(paths));
}

static void check_binding(struct check *c, const struct workspace_binding *b)
{
	const struct volume_source *v = &b->source;
	const struct {
		enum volume_kind kind;
		const char *field;
		struct str value;
	} required[] = {
		{VOLUME_CLAIM, "persistentvolumeclaim.claimname", v->claim_name.s},
		{VOLUME_CONFIG_MAP, "configmap.name", v->object_name.s},
		{VOLUME_SECRET, "secret.secretName", v->object_name.s},
	};

	if (v->n_kinds != 1) {
		report_sources(c, b);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(required); i++)
		if (v->kind == required[i].kind && !required[i].value.n)
			check_missing(c, v->pos, required[i].field);
}

static void check_bindings(
	struct check *c, const struct workspace_binding *list, size_t n, bool pipeline)
{
	struct map seen;

	map_init(&seen, c->arena);
	for (size_t i = 0; i < n; i++) {
		struct str before = check_enter(c, "workspaces[%zu]", i);
		struct str name = list[i].name.s, key = pipeline ? name : lower(c->arena, name);
		size_t *first = map_get(&seen, key);

		check_binding(c, &list[i]);
		if (first && pipeline)
			check_report(c, "duplicate", list[i].name, "name",
				"workspace \"" STR_FMT
				"\" provided by pipelinerun more than once, at index %zu and "
				"%zu",
				STR_ARG(name), *first, i);
		else if (first)
			check_report(c, "duplicate", list[i].name, "name",
				"expected exactly one, got both");
		first = arena_new_object(c->arena, size_t);
		*first = i;
		map_set(&seen, key, first);
		check_leave(c, before);
	}
}

/* --- resources of the whole task and of its containers (section 3.2) */

static void check_override_names(
	struct check *c, const char *field, const struct container_resources *list, size_t n)
{
	struct map seen;

	map_init(&seen, c->arena);
	for (size_t i = 0; i < n; i++) {
		struct str before = check_enter(c, "%s[%zu]", field, i);

		if (!list[i].name.s.n)
			check_missing(c, list[i].pos, "name");
		else if (!map_set(&seen, lower(c->arena, list[i].name.s), c))
			check_report(c, "duplicate", list[i].name, "name",
				"expected exactly one, got both");
		check_leave(c, before);
	}
}

static void check_overrides(struct check *c, const struct pod_settings *s)
{
	struct str paths[] = {
		check_path(c, "stepSpecs.resources"), check_path(c, "computeResources")};

	check_override_names(c, "stepSpecs", s->step_specs, s->n_step_specs);
	check_override_names(c, "sidecarSpecs", s->sidecar_specs, s->n_sidecar_specs);
	for (size_t i = 0; i < s->n_step_specs; i++)
		if (s->resources.pos.line && s->step_specs[i].resources.pos.line) {
			check_report_paths(c, "excluded-field", s->step_specs[i].resources.pos,
				"expected exactly one, got both", paths, ARRAY_SIZE(paths));
			return;
		}
}

/* --- timeouts (section 15) */

static struct str show(struct check *c, struct duration d)
{
	return num_duration_text(c->arena, d.ns);
}

static bool check_negative(struct check *c, struct duration d, const char *field)
{
	if (!d.pos.line || d.ns >= 0)
		return false;
	check_report(c, "invalid-timeout", text_at(d.pos), field,
		"invalid value: " STR_FMT " should be >= 0", STR_ARG(show(c, d)));
	return true;
}

static bool check_below(struct check *c, struct duration d, int64_t limit, const char *field)
{
	if (!d.pos.line || !limit || (d.ns && d.ns <= limit))
		return false;
	check_report(c, "invalid-timeout", text_at(d.pos), field,
		"invalid value: " STR_FMT "%s should be <= pipeline duration",
		STR_ARG(show(c, d)), d.ns ? "" : " (no timeout)");
	return true;
}

static void check_timeouts(struct check *c, const struct timeouts *t)
{
	int64_t limit = t->pipeline.pos.line ? t->pipeline.ns : DEFAULT_TIMEOUT_NS;
	int64_t sum;
	bool bad = check_negative(c, t->pipeline, "timeouts.pipeline");

	bad |= check_negative(c, t->tasks, "timeouts.tasks");
	bad |= check_negative(c, t->finally, "timeouts.finally");
	if (bad)
		return;
	bad |= check_below(c, t->tasks, limit, "timeouts.tasks");
	bad |= check_below(c, t->finally, limit, "timeouts.finally");
	if (bad || !limit || !t->tasks.pos.line || !t->finally.pos.line)
		return;
	if (__builtin_add_overflow(t->tasks.ns, t->finally.ns, &sum) || sum > limit) {
		struct str paths[] = {
			check_path(c, "timeouts.finally"), check_path(c, "timeouts.tasks")};
		struct str head = arena_printf(c->arena,
			"invalid value: " STR_FMT " + " STR_FMT
			" should be <= pipeline duration",
			STR_ARG(show(c, t->tasks)), STR_ARG(show(c, t->finally)));

		check_report_paths(
			c, "invalid-timeout", t->finally.pos, head.p, paths, ARRAY_SIZE(paths));
	}
}

static void check_task_run_specs(struct check *c, const struct pipeline_run *pr)
{
	const struct timeouts *t = &pr->timeouts;
	const char *source =
		t->tasks.pos.line ? "pipeline tasks duration" : "pipeline duration";
	int64_t limit = t->tasks.pos.line      ? t->tasks.ns
			: t->pipeline.pos.line ? t->pipeline.ns
					       : DEFAULT_TIMEOUT_NS;

	for (size_t i = 0; i < pr->n_task_run_specs; i++) {
		const struct task_run_spec_entry *e = &pr->task_run_specs[i];
		struct str name = e->pipeline_task_name.s;
		const char *field = arena_printf(
			c->arena, "taskRunSpecs[" STR_FMT "].timeout", STR_ARG(name))
					    .p;
		struct str before = check_enter(c, "taskRunSpecs[" STR_FMT "]", STR_ARG(name));

		check_overrides(c, &e->pod);
		check_leave(c, before);
		if (check_negative(c, e->timeout, field) || !e->timeout.pos.line ||
			limit <= 0 || e->timeout.ns <= limit)
			continue;
		check_report(c, "invalid-timeout", text_at(e->timeout.pos), field,
			"invalid value: " STR_FMT " should be <= %s " STR_FMT,
			STR_ARG(show(c, e->timeout)), source,
			STR_ARG(num_duration_text(c->arena, limit)));
	}
}

/* --- runs */

static void check_status(struct check *c, struct text status, const char *const *allowed,
	size_t n, const char *names)
{
	if (!status.s.n)
		return;
	for (size_t i = 0; i < n; i++)
		if (str_eqz(status.s, allowed[i]))
			return;
	check_report(c, "invalid-value", status, "status",
		"invalid value: " STR_FMT " should be %s", STR_ARG(status.s), names);
}

struct result_finder {
	struct check *c;
	const struct param *param;
	bool found;
};

static void find_result(void *arg, const struct ref *ref)
{
	struct result_finder *f = arg;

	if (ref->kind != REF_TASK_RESULT || f->found)
		return;
	f->found = true;
	check_report(f->c, "excluded-variable", f->param->value.string,
		arena_printf(
			f->c->arena, "params[" STR_FMT "].value", STR_ARG(f->param->name.s))
			.p,
		"invalid value: cannot use result expressions in [" STR_FMT
		"] as PipelineRun parameter values",
		STR_ARG(ref->whole));
}

static void check_pod_template(struct check *c, const char *path, const struct pod_template *t)
{
	struct str before = check_enter(c, "%s", path);

	check_task_volumes(c, t->volumes, t->n_volumes);
	check_leave(c, before);
}

static void check_pod_templates(struct check *c, const struct pipeline_run *pr)
{
	check_pod_template(c, "taskRunTemplate.podTemplate", &pr->pod_template);
	for (size_t i = 0; i < pr->n_task_run_specs; i++) {
		struct str before = check_enter(c, "taskRunSpecs[%zu]", i);

		check_pod_template(c, "podTemplate", &pr->task_run_specs[i].pod.pod_template);
		check_leave(c, before);
	}
}

void check_pipeline_run(struct check *c, const struct pipeline_run *pr)
{
	static const char *const statuses[] = {
		"Cancelled", "CancelledRunFinally", "StoppedRunFinally", "PipelineRunPending"};
	struct pipeline_context ctx = {0};
	struct str before;
	struct scope run;

	c->near = pr->pos;
	check_one_of(c, "pipelineRef", pr->pipeline_ref_pos, "pipelineSpec",
		pr->pipeline_spec ? pr->pipeline_spec->pos : (struct pos){0}, pr->pos);
	if (pr->pipeline_ref_pos.line && !pr->pipeline_ref.s.n)
		check_missing(c, pr->pipeline_ref_pos, "pipelineRef.name");
	check_pod_templates(c, pr);
	check_params(c, pr->params, pr->n_params);
	for (size_t i = 0; i < pr->n_params; i++) {
		struct result_finder f = {.c = c, .param = &pr->params[i]};

		ref_each(pr->params[i].value.string.s, find_result, &f);
	}
	check_timeouts(c, &pr->timeouts);
	check_task_run_specs(c, pr);
	check_status(c, pr->status, statuses, ARRAY_SIZE(statuses),
		"Cancelled, CancelledRunFinally, StoppedRunFinally or PipelineRunPending");
	check_bindings(c, pr->workspaces, pr->n_workspaces, true);
	if (!pr->pipeline_spec)
		return;
	scope_init(&run, c->arena, NULL);
	scope_add_params(&run, pr->params, pr->n_params);
	ctx.scope = &run;
	before = check_enter(c, "pipelineSpec");
	check_pipeline_spec(c, pr->pipeline_spec, &ctx);
	check_leave(c, before);
}

static void check_inline_task(struct check *c, const struct task_run *tr)
{
	struct str before = check_enter(c, "taskSpec");
	struct scope run, own;

	scope_init(&run, c->arena, NULL);
	scope_add_params(&run, tr->params, tr->n_params);
	scope_init(&own, c->arena, &run);
	scope_add_specs(&own, tr->task_spec->params, tr->task_spec->n_params);
	check_task_spec(c, tr->task_spec);
	check_task_variables(c, tr->task_spec, &own);
	check_leave(c, before);
}

/* --- breakpoints of a TaskRun (section 25) */

static const struct task_spec *task_of_run(const struct check *c, const struct task_run *tr)
{
	const struct task *t = map_get(&c->spec->task_by_name, tr->task_ref.s);

	return tr->task_spec ? tr->task_spec : t ? &t->spec : NULL;
}

/* A step without a name is called by its place. */
static bool has_step(struct check *c, const struct task_spec *ts, struct str name)
{
	for (size_t i = 0; i < ts->n_steps; i++) {
		struct str own = ts->steps[i].name.s;

		if (str_eq(own.n ? own : arena_printf(c->arena, "unnamed-%zu", i), name))
			return true;
	}
	return false;
}

static void check_before_steps(
	struct check *c, const struct breakpoints *b, const struct task_spec *ts)
{
	struct map seen;

	map_init(&seen, c->arena);
	for (size_t i = 0; i < b->n_before_steps; i++) {
		const struct text *step = &b->before_steps[i];
		struct str field =
			arena_printf(c->arena, "debug.breakpoints.beforeSteps[%zu]", i);

		if (!map_set(&seen, step->s, c))
			check_report(c, "duplicate", *step, str_c(field),
				"before step must be unique, the same step: " STR_FMT
				" is defined multiple times at",
				STR_ARG(step->s));
		else if (ts && !has_step(c, ts, step->s))
			check_report(c, "unknown-step", *step, str_c(field),
				"invalid value: the task has no step \"" STR_FMT "\"",
				STR_ARG(step->s));
	}
}

static void check_debug(
	struct check *c, const struct breakpoints *b, const struct task_spec *ts)
{
	static const char field[] = "debug.breakpoints.onFailure";
	const struct text *on_failure = &b->on_failure;

	if (on_failure->pos.line && !on_failure->s.n)
		check_report(c, "invalid-value", *on_failure, field,
			"invalid value: onFailure breakpoint is empty, it is only allowed to "
			"be set as enabled");
	else if (on_failure->s.n && !str_eqz(on_failure->s, "enabled"))
		check_report(c, "invalid-value", *on_failure, field,
			"invalid value: " STR_FMT
			" is not a valid onFailure breakpoint value, onFailure breakpoint is "
			"only allowed to be set as enabled",
			STR_ARG(on_failure->s));
	check_before_steps(c, b, ts);
}

void check_task_run(struct check *c, const struct task_run *tr)
{
	static const char *const statuses[] = {"TaskRunCancelled", "TaskRunPending"};

	c->near = tr->pos;
	check_one_of(c, "taskRef", tr->task_ref_pos, "taskSpec",
		tr->task_spec ? tr->task_spec->pos : (struct pos){0}, tr->pos);
	if (tr->task_ref_pos.line && !tr->task_ref.s.n)
		check_missing(c, tr->task_ref_pos, "taskRef.name");
	check_pod_template(c, "podTemplate", &tr->pod.pod_template);
	check_params(c, tr->params, tr->n_params);
	check_bindings(c, tr->workspaces, tr->n_workspaces, false);
	check_status(c, tr->status, statuses, ARRAY_SIZE(statuses),
		"TaskRunCancelled or TaskRunPending");
	if (!tr->status.s.n && tr->status_message.s.n)
		check_report(c, "excluded-field", tr->status_message, "statusMessage",
			"invalid value: statusMessage should not be set if status is not set, "
			"but it is currently set to " STR_FMT,
			STR_ARG(tr->status_message.s));
	if (tr->retries.pos.line && tr->retries.v < 0)
		check_report(c, "invalid-value", text_at(tr->retries.pos), "retries",
			"invalid value: %lld should be >= 0", (long long)tr->retries.v);
	check_negative(c, tr->timeout, "timeout");
	check_overrides(c, &tr->pod);
	check_debug(c, &tr->debug.breakpoints, task_of_run(c, tr));
	if (tr->task_spec)
		check_inline_task(c, tr);
}
