/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model as Tekton-shaped JSON, members in the order of Tekton's own structs, absent ones
 * left out: status.taskSpec, status.pipelineSpec and the golden tests.
 */
#include "dump.h"
#include "yaml.h"

#include <base/bounds.h>
#include <base/num.h>
#include <monopod/spec.h>

static void put_duration(struct json_writer *w, const char *key, struct duration d)
{
	if (!d.pos.line)
		return;
	struct arena *a cleanup_arena = arena_new();
	json_field(w, key, num_duration_text(a, d.ns));
}

static void put_value(struct json_writer *w, const char *key, const struct value *v)
{
	if (!v->pos.line)
		return;
	json_key(w, key);
	value_json(v, w);
}

static void put_params(struct json_writer *w, const char *key, const struct param *p, size_t n)
{
	if (!json_list(w, key, n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", p[i].name);
		put_value(w, "value", &p[i].value);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_properties(struct json_writer *w, const struct property *p, size_t n)
{
	if (!n)
		return;
	json_key(w, "properties");
	json_open(w, '{');
	for (size_t i = 0; i < n; i++) {
		json_keys(w, p[i].name.s);
		json_open(w, '{');
		json_field(w, "type", p[i].type.s);
		json_close(w, '}');
	}
	json_close(w, '}');
}

static void put_param_specs(struct json_writer *w, const struct param_spec *p, size_t n)
{
	if (!json_list(w, "params", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", p[i].name);
		json_fieldz(w, "type", value_type_name(p[i].type));
		put_text(w, "description", p[i].description);
		put_properties(w, p[i].properties, p[i].n_properties);
		put_value(w, "default", &p[i].default_value);
		dump_texts(w, "enum", p[i].enums, p[i].n_enums, p[i].n_enums != 0);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_results(struct json_writer *w, const struct result_spec *r, size_t n)
{
	if (!json_list(w, "results", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", r[i].name);
		json_fieldz(w, "type", value_type_name(r[i].type));
		put_properties(w, r[i].properties, r[i].n_properties);
		put_text(w, "description", r[i].description);
		put_value(w, "value", &r[i].value);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_when(struct json_writer *w, const struct when *when, size_t n)
{
	if (!json_list(w, "when", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "input", when[i].input);
		put_text(w, "operator", when[i].operator_text);
		dump_texts(w, "values", when[i].values, when[i].n_values,
			when[i].values_pos.line != 0);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void labels_json(const struct labels *l, const char *member, struct json_writer *w)
{
	if (!l->n)
		return;
	json_key(w, member);
	json_open(w, '{');
	for (size_t i = 0; i < l->n; i++) {
		json_keys(w, l->keys[i].s);
		json_put_str(w, l->values[i].s);
	}
	json_close(w, '}');
}

static void put_step_workspaces(
	struct json_writer *w, const struct step_workspace *ws, size_t n)
{
	if (!json_list(w, "workspaces", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", ws[i].name);
		put_text(w, "mountPath", ws[i].mount_path);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_stream(struct json_writer *w, const char *key, struct text path)
{
	if (!text_given(path))
		return;
	json_key(w, key);
	json_open(w, '{');
	put_text(w, "path", path);
	json_close(w, '}');
}

static void put_step_ref(struct json_writer *w, const struct step *s)
{
	if (!text_given(s->ref_name))
		return;
	json_key(w, "ref");
	json_open(w, '{');
	put_text(w, "name", s->ref_name);
	json_close(w, '}');
	put_params(w, "params", s->params, s->n_params);
}

/* The members of a container, into an object that the caller opened. */
static void put_container(struct json_writer *w, const struct step *s)
{
	put_text(w, "name", s->name);
	put_text(w, "displayName", s->display_name);
	put_text(w, "image", s->image);
	dump_texts(w, "command", s->command, s->n_command, s->command_pos.line != 0);
	dump_texts(w, "args", s->args, s->n_args, s->args_pos.line != 0);
	put_text(w, "workingDir", s->working_dir);
	dump_env(w, s);
	dump_resources(w, &s->resources);
	put_text(w, "imagePullPolicy", s->image_pull_policy);
	dump_mounts(w, s);
	dump_security_context(w, &s->security_context);
}

static void put_step(struct json_writer *w, const struct step *s)
{
	json_open(w, '{');
	put_container(w, s);
	put_text(w, "script", s->script);
	put_duration(w, "timeout", s->timeout);
	put_step_workspaces(w, s->workspaces, s->n_workspaces);
	put_text(w, "onError", s->on_error);
	put_stream(w, "stdoutConfig", s->stdout_path);
	put_stream(w, "stderrConfig", s->stderr_path);
	put_step_ref(w, s);
	put_when(w, s->when, s->n_when);
	put_results(w, s->results, s->n_results);
	json_close(w, '}');
}

static void put_ports(struct json_writer *w, const struct container_port *p, size_t n)
{
	if (!json_list(w, "ports", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", p[i].name);
		put_int(w, "containerPort", p[i].port);
		put_text(w, "protocol", p[i].protocol);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_sidecar(struct json_writer *w, const struct sidecar *s)
{
	json_open(w, '{');
	put_container(w, &s->container);
	put_ports(w, s->ports, s->n_ports);
	dump_probes(w, s);
	put_text(w, "script", s->container.script);
	put_step_workspaces(w, s->container.workspaces, s->container.n_workspaces);
	json_close(w, '}');
}

static void put_workspace_specs(
	struct json_writer *w, const struct workspace_spec *ws, size_t n)
{
	if (!json_list(w, "workspaces", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", ws[i].name);
		put_text(w, "description", ws[i].description);
		put_text(w, "mountPath", ws[i].mount_path);
		put_bool(w, "readOnly", ws[i].read_only);
		put_bool(w, "optional", ws[i].optional);
		json_close(w, '}');
	}
	json_close(w, ']');
}

/* The members of a task spec, into an object that the caller opened. */
static void put_task_members(struct json_writer *w, const struct task_spec *t)
{
	put_param_specs(w, t->params, t->n_params);
	put_text(w, "displayName", t->display_name);
	put_text(w, "description", t->description);
	if (t->n_steps) {
		json_key(w, "steps");
		json_open(w, '[');
		for (size_t i = 0; i < t->n_steps; i++)
			put_step(w, &t->steps[i]);
		json_close(w, ']');
	}
	if (t->step_template) {
		json_key(w, "stepTemplate");
		put_step(w, t->step_template);
	}
	dump_volumes(w, t->volumes, t->n_volumes);
	if (json_list(w, "sidecars", t->n_sidecars)) {
		for (size_t i = 0; i < t->n_sidecars; i++)
			put_sidecar(w, &t->sidecars[i]);
		json_close(w, ']');
	}
	put_workspace_specs(w, t->workspaces, t->n_workspaces);
	put_results(w, t->results, t->n_results);
}

void task_spec_json(const struct task_spec *t, struct json_writer *w)
{
	json_open(w, '{');
	put_task_members(w, t);
	json_close(w, '}');
}

static void put_task_ref(struct json_writer *w, const struct pipeline_task *pt)
{
	if (!pt->task_ref_pos.line)
		return;
	json_key(w, "taskRef");
	json_open(w, '{');
	put_text(w, "name", pt->task_ref);
	if (text_given(pt->task_ref_kind))
		put_text(w, "kind", pt->task_ref_kind);
	else
		json_fieldz(w, "kind", "Task");
	put_text(w, "apiVersion", pt->task_ref_api_version);
	json_close(w, '}');
}

static void put_task_spec(struct json_writer *w, const struct pipeline_task *pt)
{
	const struct task_metadata *meta = &pt->task_metadata;

	if (!pt->task_spec)
		return;
	json_key(w, "taskSpec");
	json_open(w, '{');
	if (meta->labels.n || meta->annotations.n) {
		json_key(w, "metadata");
		json_open(w, '{');
		labels_json(&meta->labels, "labels", w);
		labels_json(&meta->annotations, "annotations", w);
		json_close(w, '}');
	}
	put_task_members(w, pt->task_spec);
	json_close(w, '}');
}

static void put_matrix(struct json_writer *w, const struct matrix *m)
{
	if (!m->pos.line)
		return;
	json_key(w, "matrix");
	json_open(w, '{');
	put_params(w, "params", m->params, m->n_params);
	if (m->n_include) {
		json_key(w, "include");
		json_open(w, '[');
		for (size_t i = 0; i < m->n_include; i++) {
			json_open(w, '{');
			put_text(w, "name", m->include[i].name);
			put_params(w, "params", m->include[i].params, m->include[i].n_params);
			json_close(w, '}');
		}
		json_close(w, ']');
	}
	json_close(w, '}');
}

static void put_workspace_uses(struct json_writer *w, const struct workspace_use *ws, size_t n)
{
	if (!json_list(w, "workspaces", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", ws[i].name);
		put_text(w, "workspace", ws[i].workspace);
		put_text(w, "subPath", ws[i].sub_path);
		json_close(w, '}');
	}
	json_close(w, ']');
}

static void put_pipeline_ref(struct json_writer *w, const struct pipeline_task *pt)
{
	if (!pt->pipeline_ref_pos.line)
		return;
	json_key(w, "pipelineRef");
	json_open(w, '{');
	put_text(w, "name", pt->pipeline_ref);
	json_close(w, '}');
}

static void put_pipeline_task(struct json_writer *w, const struct pipeline_task *pt)
{
	json_open(w, '{');
	put_text(w, "name", pt->name);
	put_text(w, "displayName", pt->display_name);
	put_text(w, "description", pt->description);
	put_task_ref(w, pt);
	put_task_spec(w, pt);
	put_when(w, pt->when, pt->n_when);
	put_int(w, "retries", pt->retries);
	dump_texts(w, "runAfter", pt->run_after, pt->n_run_after, pt->n_run_after != 0);
	put_params(w, "params", pt->params, pt->n_params);
	put_matrix(w, &pt->matrix);
	put_workspace_uses(w, pt->workspaces, pt->n_workspaces);
	put_duration(w, "timeout", pt->timeout);
	put_pipeline_ref(w, pt);
	if (pt->pipeline_spec) {
		json_key(w, "pipelineSpec");
		pipeline_spec_json(pt->pipeline_spec, w);
	}
	put_text(w, "onError", pt->on_error);
	json_close(w, '}');
}

static void put_pipeline_tasks(
	struct json_writer *w, const char *key, const struct pipeline_task *pt, size_t n)
{
	if (!json_list(w, key, n))
		return;
	for (size_t i = 0; i < n; i++)
		put_pipeline_task(w, &pt[i]);
	json_close(w, ']');
}

static void put_pipeline_workspaces(
	struct json_writer *w, const struct pipeline_workspace_spec *ws, size_t n)
{
	if (!json_list(w, "workspaces", n))
		return;
	for (size_t i = 0; i < n; i++) {
		json_open(w, '{');
		put_text(w, "name", ws[i].name);
		put_text(w, "description", ws[i].description);
		put_bool(w, "optional", ws[i].optional);
		json_close(w, '}');
	}
	json_close(w, ']');
}

void pipeline_spec_json(const struct pipeline_spec *p, struct json_writer *w)
{
	json_open(w, '{');
	put_text(w, "displayName", p->display_name);
	put_text(w, "description", p->description);
	put_pipeline_tasks(w, "tasks", p->tasks, p->n_tasks);
	put_param_specs(w, p->params, p->n_params);
	put_pipeline_workspaces(w, p->workspaces, p->n_workspaces);
	put_results(w, p->results, p->n_results);
	put_pipeline_tasks(w, "finally", p->finally, p->n_finally);
	json_close(w, '}');
}
