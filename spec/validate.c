/* SPDX-License-Identifier: Apache-2.0 */
/* Validation of a whole input: one object after the other. */
#include "spec/validate.h"
#include "spec/check.h"
#include "spec/yaml.h"

static void check_task(struct check *c, const struct task *t)
{
	struct scope own;

	c->object = t->meta.pos;
	check_object_name(c, &t->meta);
	c->at = STR("spec");
	scope_init(&own, c->arena, NULL);
	scope_add_specs(&own, t->spec.params, t->spec.n_params);
	check_task_spec(c, &t->spec);
	check_task_variables(c, &t->spec, &own);
}

static void check_pipeline(struct check *c, const struct pipeline *p)
{
	const struct pipeline_context ctx = {.standalone = true};

	c->object = p->meta.pos;
	check_object_name(c, &p->meta);
	c->at = STR("spec");
	check_pipeline_spec(c, &p->spec, &ctx);
}

static void check_action(struct check *c, const struct step_action *sa)
{
	c->object = sa->meta.pos;
	check_object_name(c, &sa->meta);
	c->at = STR("spec");
	check_step_action(c, &sa->spec);
}

static void check_run(struct check *c, const struct run_ref *run)
{
	const struct object_meta *meta =
		run->pipeline_run ? &run->pipeline_run->meta : &run->task_run->meta;

	c->object = meta->pos;
	check_object_name(c, meta);
	c->at = STR("spec");
	if (run->pipeline_run)
		check_pipeline_run(c, run->pipeline_run);
	else
		check_task_run(c, run->task_run);
}

/* Names of Kubernetes' own objects: they become names of files and lines of configuration. */
static void check_other_name(struct check *c, const struct object_meta *meta)
{
	c->object = meta->pos;
	c->at = STR("metadata.name");
	if (meta->name.s.n && !name_is_dns_subdomain(meta->name.s))
		check_report(c, "invalid-name", meta->name, "",
			"invalid resource name " STR_FMT
			": expected lower case letters, digits, '-' and '.', at most 253",
			STR_ARG(quote_go(c->arena, meta->name.s)));
	c->at = STR_NONE;
}

/* What was told outlives the check. */
static void keep_paths(struct spec *s)
{
	for (size_t i = 0; i < s->diags->n && i < DIAG_MAX; i++) {
		struct diag *d = &s->diags->items[i];

		d->path = arena_str(s->arena, d->path);
	}
}

void validate_spec(struct spec *s)
{
	struct arena *scratch cleanup_arena = arena_new();
	struct check c = {.spec = s, .arena = scratch};

	for (size_t i = 0; i < s->n_tasks; i++, c.at = STR_NONE)
		check_task(&c, &s->tasks[i]);
	for (size_t i = 0; i < s->n_pipelines; i++, c.at = STR_NONE)
		check_pipeline(&c, &s->pipelines[i]);
	for (size_t i = 0; i < s->n_step_actions; i++, c.at = STR_NONE)
		check_action(&c, &s->step_actions[i]);
	for (size_t i = 0; i < s->n_runs; i++, c.at = STR_NONE)
		check_run(&c, &s->runs[i]);
	for (size_t i = 0; i < s->n_data_objects; i++)
		check_other_name(&c, &s->data_objects[i].meta);
	for (size_t i = 0; i < s->n_claims; i++)
		check_other_name(&c, &s->claims[i].meta);
	for (size_t i = 0; i < s->n_service_accounts; i++)
		check_other_name(&c, &s->service_accounts[i].meta);
	keep_paths(s);
}
