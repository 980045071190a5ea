/* SPDX-License-Identifier: Apache-2.0 */
/* Variables in the steps of a task: known, of a fitting type, in a fitting place. */
#include "spec/check.h"

struct vars {
	struct check *c;
	const struct scope *scope;
	bool pipeline;                /* a pipeline task's own texts, not a task's */
	struct map results;           /* declared ones */
	const struct text_site *site; /* where the walk is */
	struct map seen;              /* variables of this text */
};

static const char non_existent[] = "non-existent variable in ";
static const char wrong_type[] = "variable type invalid in ";

static struct diag *complain(
	const struct vars *v, const struct ref *ref, const char *code, const char *what)
{
	const char *msg = what;

	if (!check_is_full(v->c))
		msg = arena_printf(v->c->arena, "%s" STR_FMT, what,
			STR_ARG(quote_go(v->c->arena, v->site->text.s)))
			      .p;
	return check_report_ref(v->c, code, v->site->text, ref, v->site->path, msg);
}

/* Where a whole array or object may stand (section 6.2). */
enum whole_use {
	WHOLE_NEVER,
	WHOLE_ALONE,      /* as an element of a list that it is spliced into */
	WHOLE_ALONE_STAR, /* as a text that becomes it: [*] is required */
};
static const enum whole_use whole_uses[] = {
	[SITE_STRING] = WHOLE_NEVER,
	[SITE_ELEMENT] = WHOLE_ALONE,
	[SITE_SCRIPT] = WHOLE_NEVER,
	[SITE_ENV] = WHOLE_NEVER,
	[SITE_INPUT] = WHOLE_NEVER,
	[SITE_WHEN_VAL] = WHOLE_ALONE_STAR,
	[SITE_PARAM] = WHOLE_ALONE_STAR,
	[SITE_ITEM] = WHOLE_ALONE,
};

static bool is_alone(const struct vars *v, const struct ref *ref)
{
	return ref->length == v->site->text.s.n;
}

static void check_object_use(
	const struct vars *v, const struct ref *ref, const struct known_param *p)
{
	bool whole = v->site->kind == SITE_PARAM && ref->star && is_alone(v, ref);

	if (!ref->key.n && !whole)
		complain(v, ref, "variable-type", wrong_type);
	else if (ref->key.n && p->keys.n && !map_has(&p->keys, ref->key))
		check_suggest(v->c, complain(v, ref, "unknown-param", non_existent), ref->key,
			&p->keys);
}

static void check_array_use(const struct vars *v, const struct ref *ref)
{
	enum whole_use use = whole_uses[v->site->kind];
	bool alone = is_alone(v, ref);

	if (ref->index >= 0 || ref->key.n)
		return;
	if (use == WHOLE_ALONE && !alone)
		complain(v, ref, "not-isolated", "variable is not properly isolated in ");
	else if (use == WHOLE_NEVER || (use == WHOLE_ALONE_STAR && !(ref->star && alone)))
		complain(v, ref, "variable-type", wrong_type);
}

static void complain_parts(const struct vars *v, const struct ref *ref)
{
	struct str msg = STR("Invalid referencing of parameters");

	if (!check_is_full(v->c))
		msg = arena_printf(v->c->arena,
			"Invalid referencing of parameters in " STR_FMT
			"! Only two dot-separated components after the prefix \"params\" are "
			"allowed.",
			STR_ARG(quote_go(v->c->arena, v->site->text.s)));
	check_report_ref(v->c, "unknown-param", v->site->text, ref, v->site->path, msg.p);
}

static void check_param_ref(const struct vars *v, const struct ref *ref)
{
	const struct known_param *p = scope_find(v->scope, ref->object);

	if (!str_starts(ref->whole, STR("params")))
		return; /* inputs.params is not checked */
	if (!ref->brackets && str_chr(ref->key, '.') >= 0) {
		complain_parts(v, ref);
	} else if (!p) {
		scope_suggest(v->c, complain(v, ref, "unknown-param", non_existent),
			ref->object, v->scope);
	} else if (p->typed && p->type == VALUE_OBJECT) {
		check_object_use(v, ref, p);
	} else if (p->typed && p->type == VALUE_ARRAY) {
		check_array_use(v, ref);
	}
}

/* Context variables of tasks and of pipelines; other ones are free. */
struct context_name {
	const char *group; /* with its dot */
	const char *names[4];
};
static const struct context_name task_contexts[] = {
	{"taskRun.", {"name", "namespace", "uid"}},
	{"task.", {"name", "retry-count"}},
};
static const struct context_name pipeline_contexts[] = {
	{"pipelineRun.", {"name", "namespace", "uid"}},
	{"pipeline.", {"name"}},
	{"pipelineTask.", {"retries"}},
};

static void check_context_ref(const struct vars *v, const struct ref *ref)
{
	bool when = v->site->kind == SITE_INPUT || v->site->kind == SITE_WHEN_VAL;
	const struct context_name *list = v->pipeline ? pipeline_contexts : task_contexts;
	size_t n = v->pipeline ? ARRAY_SIZE(pipeline_contexts) : ARRAY_SIZE(task_contexts);

	/* Tekton does not look into the when of a pipeline task */
	for (size_t i = 0; i < n && !(v->pipeline && when); i++) {
		struct str group = str_z(list[i].group), rest;

		if (!str_starts(ref->name, group))
			continue;
		rest = str_slice(ref->name, group.n, ref->name.n);
		for (size_t k = 0; list[i].names[k]; k++)
			if (str_eqz(rest, list[i].names[k]))
				return;
		complain(v, ref, "unknown-variable", non_existent);
	}
}

/* results.NAME… in scripts: NAME is declared. A name with dots counts as a whole, too. */
static void check_result_ref(const struct vars *v, const struct ref *ref)
{
	struct str name = ref->name, head, rest;

	if (!str_cut(name, '.', &head, &rest))
		head = name;
	if (!map_has(&v->results, name) && !map_has(&v->results, head))
		check_suggest(v->c, complain(v, ref, "unknown-result", non_existent), name,
			&v->results);
}

static void check_step_result_ref(const struct vars *v, const struct ref *ref)
{
	if (v->site->kind == SITE_STRING || v->site->kind == SITE_SCRIPT)
		check_report_ref(v->c, "excluded-variable", v->site->text, ref, v->site->path,
			"stepResult substitutions are only allowed in env, command and args. "
			"Found usage in");
}

/* Fields of a step that Kubernetes needs before the steps before it have run. */
static bool is_early_field(const char *path)
{
	static const char *const fields[] = {
		"name", "image", "imagePullPolicy", "workingDir", "envFrom[", "volumeMounts["};
	struct str step, field;

	if (!str_starts(str_z(path), STR("steps[")) ||
		!str_cut(str_z(path), '.', &step, &field))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (i < 4 ? str_eqz(field, fields[i]) : str_starts(field, str_z(fields[i])))
			return true;
	return false;
}

static void check_step_artifact_ref(const struct vars *v, const struct ref *ref)
{
	if (is_early_field(v->site->path) && !str_eqz(ref->whole, "artifacts.path"))
		check_report_ref(v->c, "excluded-variable", v->site->text, ref, v->site->path,
			"stepArtifact substitutions are only allowed in env, command, args and "
			"script. Found usage in");
}

static void check_ref(void *arg, const struct ref *ref)
{
	struct vars *v = arg;

	if (!map_set(&v->seen, ref->whole, v))
		return; /* the same variable is a problem once in a text */
	switch (ref->kind) {
	case REF_PARAM:
		check_param_ref(v, ref);
		break;
	case REF_CONTEXT:
		check_context_ref(v, ref);
		break;
	case REF_RESULT_PATH:
		if (v->site->kind == SITE_SCRIPT)
			check_result_ref(v, ref);
		break;
	case REF_STEP_RESULT:
		if (!v->pipeline)
			check_step_result_ref(v, ref);
		break;
	case REF_TASK_RESULT:
	case REF_FINALLY_RESULT:
	case REF_TASK_STATUS:
	case REF_TASKS_STATUS:
	case REF_MATRIX_LENGTH:
	case REF_WORKSPACE:
	case REF_TASK_ARTIFACT:
	case REF_OTHER:
		break;
	case REF_STEP_ARTIFACT:
	case REF_ARTIFACT_PATH:
		check_step_artifact_ref(v, ref);
		break;
	}
}

/* In a field that does not order tasks. */
static void check_early_ref(void *arg, const struct ref *ref)
{
	if (ref->kind == REF_STEP_RESULT || ref->kind == REF_STEP_ARTIFACT ||
		ref->kind == REF_ARTIFACT_PATH)
		check_ref(arg, ref);
}

/* Tekton looks at the fields that order tasks, and at onError. */
static void check_site(void *arg, const struct text_site *site)
{
	struct vars *v = arg;

	v->site = site;
	map_init(&v->seen, v->c->arena);
	if (site->edge || str_ends(str_z(site->path), STR(".onError")))
		ref_each(site->text.s, check_ref, v);
	else if (is_early_field(site->path))
		ref_each(site->text.s, check_early_ref, v);
}

void check_task_variables(
	struct check *c, const struct task_spec *ts, const struct scope *scope)
{
	struct vars v = {.c = c, .scope = scope};

	map_init(&v.results, c->arena);
	for (size_t i = 0; i < ts->n_results; i++)
		map_set(&v.results, ts->results[i].name.s, &v);
	task_spec_sites(ts, check_site, &v);
}

/* No param may be in its script, which was told. */
static void check_action_site(void *arg, const struct text_site *site)
{
	if (site->kind != SITE_SCRIPT)
		check_site(arg, site);
}

void check_action_variables(struct check *c, const struct step *s, const struct scope *scope)
{
	struct vars v = {.c = c, .scope = scope};

	map_init(&v.results, c->arena);
	step_sites(s, check_action_site, &v);
}

static void check_pipeline_site(void *arg, const struct text_site *site)
{
	struct vars *v = arg;

	if (str_starts(str_z(site->path), STR("taskSpec.")))
		return;
	v->site = site;
	map_init(&v->seen, v->c->arena);
	ref_each(site->text.s, check_ref, v);
}

void check_pipeline_task_params(
	struct check *c, const struct pipeline_task *pt, const struct scope *scope)
{
	struct vars v = {.c = c, .scope = scope, .pipeline = true};

	pipeline_task_sites(pt, check_pipeline_site, &v);
}
