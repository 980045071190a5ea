/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a spec: it loads or is refused with diagnostics that can be printed; what loaded
 * can be dumped, planned, and its runs played to their end.
 */
#include "play_run.h"
#include "yaml_mutator.h"

enum { RUNS_PLAYED = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void dump_run(struct spec *s, const struct run_ref *r, struct json_writer *w)
{
	const struct object_meta *meta =
		r->pipeline_run ? &r->pipeline_run->meta : &r->task_run->meta;

	(void)s;
	BUG_ON(!meta->name.s.n);
	spec_object_json(meta, "metadata", w);
	spec_object_json(meta, "spec", w);
	if (r->pipeline_run && r->pipeline_run->pipeline_spec)
		pipeline_spec_json(r->pipeline_run->pipeline_spec, w);
	if (r->task_run && r->task_run->task_spec)
		task_spec_json(r->task_run->task_spec, w);
}

static void dump(struct spec *s)
{
	struct buf out cleanup_buf;
	struct json_writer w;

	buf_init(&out, MIB);
	json_writer_init(&w, &out, 0);
	json_open(&w, '[');
	for (size_t i = 0; i < s->n_tasks; i++)
		task_spec_json(&s->tasks[i].spec, &w);
	for (size_t i = 0; i < s->n_pipelines; i++)
		pipeline_spec_json(&s->pipelines[i].spec, &w);
	for (size_t i = 0; i < s->n_runs; i++)
		dump_run(s, &s->runs[i], &w);
	json_close(&w, ']');
}

static uint64_t hash(const uint8_t *data, size_t size)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < size; i++)
		h = (h ^ data[i]) * UINT64_C(1099511628211);
	return h;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a cleanup_arena = arena_new();
	struct spec_input in = {.name = STR("in.yaml")};
	struct buf out cleanup_buf;

	in.text = arena_strn(a, (const char *)data, size);
	struct spec *s = spec_load(a, &in, 1, NULL);

	buf_init(&out, MIB);
	diags_print(s->diags, true, &out);
	dump(s);
	if (spec_ok(s) && !s->n_runs && s->n_pipelines)
		BUG_ON(!spec_make_run(s, s->pipelines[0].meta.name.s, STR("abcde")));
	if (spec_ok(s) && s->n_tasks)
		BUG_ON(!spec_make_run(s, s->tasks[0].meta.name.s, STR("abcde")));
	for (size_t i = 0; spec_ok(s) && i < s->n_runs && i < RUNS_PLAYED; i++)
		play_run(s, &s->runs[i], hash(data, size) + i);
	return 0;
}
