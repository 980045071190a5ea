/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of tasks and pipeline tasks that may hold references (sections 6.5 and 11). */
#include "spec/ref.h"
#include <stdarg.h>
#include <stdio.h>

enum { PATH_BYTES = 256 };

/* A walk: the callback and the path of where it is. */
struct walk {
	text_site_fn *fn;
	void *arg;
	char at[PATH_BYTES]; /* steps[0] */
};

/* Paths are for people: an overlong name cuts them short. */
static void attr_printf(2, 3) path_set(char path[PATH_BYTES], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, PATH_BYTES, fmt, ap);
	va_end(ap);
}

static void visit(
	struct walk *w, enum site_kind kind, bool edge, struct text t, const char *field)
{
	char path[PATH_BYTES];
	struct text_site site = {.kind = kind, .edge = edge, .text = t, .path = path};

	if (!text_given(t) && !t.s.n)
		return;
	path_set(path, "%s%s%s", w->at, w->at[0] ? "." : "", field);
	w->fn(w->arg, &site);
}

static void visit_list(
	struct walk *w, const struct text *list, size_t n, bool edge, const char *field)
{
	char name[PATH_BYTES];

	for (size_t i = 0; i < n; i++) {
		path_set(name, "%s[%zu]", field, i);
		visit(w, SITE_ELEMENT, edge, list[i], name);
	}
}

static void visit_when(struct walk *w, const struct when *when, size_t n, bool edge)
{
	char name[PATH_BYTES];

	for (size_t i = 0; i < n; i++) {
		path_set(name, "when[%zu].input", i);
		visit(w, SITE_INPUT, edge, when[i].input, name);
		path_set(name, "when[%zu].values", i);
		for (size_t k = 0; k < when[i].n_values; k++)
			visit(w, SITE_WHEN_VAL, edge, when[i].values[k], name);
		path_set(name, "when[%zu].cel", i);
		visit(w, SITE_INPUT, edge, when[i].cel, name);
	}
}

/* The texts of one value; in pipeline tasks all of them order, in steps none does. */
static void visit_value(struct walk *w, const struct value *v, bool edge, const char *field)
{
	char name[PATH_BYTES];

	visit(w, SITE_PARAM, edge, v->string, field);
	for (size_t i = 0; v->type == VALUE_ARRAY && i < v->n_array; i++) {
		path_set(name, "%s[%zu]", field, i);
		visit(w, SITE_ITEM, edge, v->array[i], name);
	}
	for (size_t i = 0; v->type == VALUE_OBJECT && i < v->n_object; i++) {
		path_set(name, "%s[" STR_FMT "]", field, STR_ARG(v->object[i].key.s));
		visit(w, SITE_STRING, edge, v->object[i].value, name);
	}
}

static void visit_params(
	struct walk *w, const struct param *params, size_t n, bool edge, const char *field)
{
	char name[PATH_BYTES];

	for (size_t i = 0; i < n; i++) {
		path_set(name, "%s[" STR_FMT "].value", field, STR_ARG(params[i].name.s));
		visit_value(w, &params[i].value, edge, name);
	}
}

/* Which keys valueFrom takes orders, too (section 11). */
static void visit_env(struct walk *w, const struct step *s, bool edge)
{
	char name[PATH_BYTES];

	for (size_t i = 0; i < s->n_env; i++) {
		path_set(name, "env[" STR_FMT "]", STR_ARG(s->env[i].name.s));
		visit(w, SITE_ENV, edge, s->env[i].value, name);
		visit(w, SITE_STRING, edge, s->env[i].object_name, name);
		visit(w, SITE_STRING, edge, s->env[i].key, name);
	}
	for (size_t i = 0; i < s->n_env_from; i++) {
		path_set(name, "envFrom[%zu]", i);
		visit(w, SITE_STRING, false, s->env_from[i].prefix, name);
		visit(w, SITE_STRING, false, s->env_from[i].object_name, name);
	}
}

static void visit_mounts(struct walk *w, const struct step *s)
{
	char name[PATH_BYTES];

	for (size_t i = 0; i < s->n_volume_mounts; i++) {
		const struct volume_mount *m = &s->volume_mounts[i];

		path_set(name, "volumeMounts[%zu].name", i);
		visit(w, SITE_STRING, false, m->name, name);
		path_set(name, "volumeMounts[%zu].mountPath", i);
		visit(w, SITE_STRING, false, m->mount_path, name);
		path_set(name, "volumeMounts[%zu].subPath", i);
		visit(w, SITE_STRING, false, m->sub_path, name);
	}
}

static void visit_source(struct walk *w, const struct volume_source *v)
{
	visit(w, SITE_STRING, false, v->object_name, "name");
	visit(w, SITE_STRING, false, v->claim_name, "claimName");
	for (size_t i = 0; i < v->n_items; i++) {
		visit(w, SITE_STRING, false, v->items[i].key, "items.key");
		visit(w, SITE_STRING, false, v->items[i].path, "items.path");
	}
}

static void visit_volume(struct walk *w, const struct volume *v)
{
	visit(w, SITE_STRING, false, v->name, "name");
	visit_source(w, &v->source);
	for (size_t i = 0; i < v->source.n_sources; i++)
		visit_source(w, &v->source.sources[i]);
}

/* The template gives no edges: section 11 names the fields of steps and sidecars. */
static void visit_step(struct walk *w, const struct step *s, bool edge)
{
	visit(w, SITE_STRING, edge, s->name, "name");
	visit(w, SITE_STRING, edge, s->image, "image");
	visit(w, SITE_STRING, edge, s->image_pull_policy, "imagePullPolicy");
	visit_list(w, s->command, s->n_command, edge, "command");
	visit_list(w, s->args, s->n_args, edge, "args");
	visit(w, SITE_SCRIPT, edge, s->script, "script");
	visit(w, SITE_STRING, edge, s->working_dir, "workingDir");
	visit_env(w, s, edge);
	visit_mounts(w, s);
	visit(w, SITE_STRING, false, s->on_error, "onError");
	visit(w, SITE_STRING, false, s->stdout_path, "stdoutConfig.path");
	visit(w, SITE_STRING, false, s->stderr_path, "stderrConfig.path");
	visit_when(w, s->when, s->n_when, false);
	visit_params(w, s->params, s->n_params, false, "params");
}

static void walk_containers(struct walk *w, const struct task_spec *ts, const char *prefix)
{
	for (size_t i = 0; i < ts->n_steps; i++) {
		path_set(w->at, "%ssteps[%zu]", prefix, i);
		visit_step(w, &ts->steps[i], true);
	}
	for (size_t i = 0; i < ts->n_sidecars; i++) {
		path_set(w->at, "%ssidecars[%zu]", prefix, i);
		visit_step(w, &ts->sidecars[i].container, true);
	}
}

void task_spec_sites(const struct task_spec *ts, text_site_fn *fn, void *arg)
{
	struct walk w = {.fn = fn, .arg = arg};

	walk_containers(&w, ts, "");
	if (ts->step_template) {
		path_set(w.at, "stepTemplate");
		visit_step(&w, ts->step_template, false);
	}
	for (size_t i = 0; i < ts->n_volumes; i++) {
		path_set(w.at, "volumes[%zu]", i);
		visit_volume(&w, &ts->volumes[i]);
	}
	for (size_t i = 0; i < ts->n_workspaces; i++) {
		path_set(w.at, "workspaces[%zu]", i);
		visit(&w, SITE_STRING, false, ts->workspaces[i].mount_path, "mountPath");
	}
}

void step_sites(const struct step *s, text_site_fn *fn, void *arg)
{
	struct walk w = {.fn = fn, .arg = arg};

	visit_step(&w, s, true);
}

/* The public walks hand out text and path alone. */
struct plain {
	void (*fn)(void *arg, struct text t, const char *path);
	void *arg;
	bool edges_only;
};

static void visit_plain(void *arg, const struct text_site *site)
{
	const struct plain *p = arg;

	if (site->edge || !p->edges_only)
		p->fn(p->arg, site->text, site->path);
}

void task_spec_texts(const struct task_spec *ts,
	void (*fn)(void *arg, struct text t, const char *path), void *arg)
{
	struct plain plain = {.fn = fn, .arg = arg};

	task_spec_sites(ts, visit_plain, &plain);
}

/* Include entries take strings alone. */
static void visit_include(struct walk *w, const struct matrix_include *inc, size_t i)
{
	char name[PATH_BYTES];

	for (size_t k = 0; k < inc->n_params; k++) {
		path_set(name, "matrix.include[%zu].params[" STR_FMT "].value", i,
			STR_ARG(inc->params[k].name.s));
		visit(w, SITE_STRING, true, inc->params[k].value.string, name);
	}
}

static void visit_pipeline_task(struct walk *w, const struct pipeline_task *pt)
{
	visit_when(w, pt->when, pt->n_when, true);
	visit_params(w, pt->params, pt->n_params, true, "params");
	visit_params(w, pt->matrix.params, pt->matrix.n_params, true, "matrix.params");
	for (size_t i = 0; i < pt->matrix.n_include; i++)
		visit_include(w, &pt->matrix.include[i], i);
	if (pt->task_spec)
		walk_containers(w, pt->task_spec, "taskSpec.");
}

void pipeline_task_sites(const struct pipeline_task *pt, text_site_fn *fn, void *arg)
{
	struct walk w = {.fn = fn, .arg = arg};

	visit_pipeline_task(&w, pt);
}

void pipeline_task_edge_texts(const struct pipeline_task *pt,
	void (*fn)(void *arg, struct text t, const char *path), void *arg)
{
	struct plain plain = {.fn = fn, .arg = arg, .edges_only = true};
	struct walk w = {.fn = visit_plain, .arg = &plain};

	visit_pipeline_task(&w, pt);
}
