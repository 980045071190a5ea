/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the input of `pod`: what is refused has a diagnostic; what is printed is the
 * same as JSON and as YAML, and what is in its ConfigMaps loads there as it did here.
 */
#include "../../entrypoint/deflate.h"
#include "../../entrypoint/input.h"
#include "../../entrypoint/pod_gather.h"
#include "spec/yaml.h"
#include "yaml_mutator.h"

#include <base/bounds.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str as_read(struct arena *a, struct str text)
{
	struct buf out cleanup_buf;
	struct sources sources;
	struct diags diags;
	struct yaml_docs docs;
	struct json_writer w;

	sources_init(&sources, a);
	diags_init(&diags, a, &sources);
	BUG_ON(yaml_read(&(struct yaml_arenas){a, a}, sources_add(&sources, STR("in"), text),
		text, &diags, &docs));
	BUG_ON(docs.n != 1);
	buf_init(&out, 16 * MIB);
	json_writer_init(&w, &out, 0);
	yaml_json(docs.roots[0], YAML_SORTED, &w);
	BUG_ON(out.full);
	return arena_str(a, buf_str(&out));
}

static void check_printed(struct arena *a, const struct pod_plan *p)
{
	struct str *documents;
	size_t n;

	pod_render(a, p, &documents, &n);
	BUG_ON(!n);
	for (size_t i = 0; i < n; i++) {
		struct buf yaml cleanup_buf = {0};
		struct buf json cleanup_buf = {0};
		struct err err = {0};
		struct json *doc;

		BUG_ON(json_parse(a, documents[i], 16 * MIB, &doc, &err));
		buf_init(&yaml, 16 * MIB);
		BUG_ON(pod_yaml(documents[i], &yaml, &err));
		buf_init(&json, 16 * MIB);
		pod_put_printable(documents[i], &json);
		BUG_ON(!str_eq(as_read(a, buf_str(&yaml)), as_read(a, buf_str(&json))));
	}
}

static struct str unpacked(struct arena *a, const struct pod_file *f)
{
	struct buf text cleanup_buf = {0};
	struct err err = {0};

	if (!f->is_binary)
		return f->bytes;
	buf_init(&text, 64 * MIB);
	BUG_ON(inflate_text(f->bytes, DEFLATE_GZIP, &text, &err));
	return arena_str(a, buf_str(&text));
}

static void check_input(struct arena *a, const struct pod_plan *p, const struct run_ref *run)
{
	struct spec_input inputs[64];
	struct spec *s;
	size_t n = 0;

	for (size_t i = 0; i < p->n_maps; i++)
		for (size_t k = 0; k < p->maps[i].n_files && n < ARRAY_SIZE(inputs); k++)
			if (str_starts(p->maps[i].files[k].name, STR("input-")))
				inputs[n++] =
					(struct spec_input){.name = p->maps[i].files[k].name,
						.text = unpacked(a, &p->maps[i].files[k])};
	s = spec_load(a, inputs, n, NULL);
	if (!spec_ok(s)) {
		struct buf out cleanup_buf;

		buf_init(&out, MIB);
		diags_print(s->diags, true, &out);
		bug_fail(__FILE__, __LINE__, out.p);
	}
	BUG_ON(s->n_runs != 1 || !str_eq(input_run_name(&s->runs[0]), input_run_name(run)));
}

static struct str suffix(void *arg, struct arena *a)
{
	(void)arg;
	return arena_strz(a, "abcde");
}

static void make_pod(
	struct arena *a, struct spec *s, const struct run_ref *run, unsigned random)
{
	const struct options o = {.pod_image = STR("monopod"),
		.pod_name = STR("p"),
		.images_from = random & 1 ? STR("layouts") : STR_NONE,
		.pod_profile = (int)(random / 2 % POD_PROFILE_N),
		.is_job = random & 8,
		.run_claim = random & 16 ? STR("c") : STR_NONE,
		.pod_namespace = random & 32 ? STR("ns") : STR_NONE};
	const struct agent_options opts = {
		.uid = STR("00000000-0000-4000-8000-000000000001"), .random = suffix};
	struct agent *agent = agent_new(s, run, &opts, s->diags);
	struct pod_gather g = {.options = &o,
		.arena = a,
		.spec = s,
		.run = run,
		.agent = agent,
		.diags = s->diags,
		.map = image_map_new(a)};
	struct pod_plan plan;
	struct err err = {0};

	if (!diags_has_errors(s->diags, DIAG_RUN)) {
		int rc = pod_gather(&g, &plan, &err);

		BUG_ON(rc && err.kind == ERR_NONE && !s->diags->n_errors);
		if (!rc && !s->diags->n_errors) {
			check_printed(a, &plan);
			check_input(a, &plan, run);
		}
	}
	agent_free(agent);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a cleanup_arena = arena_new();
	struct spec_input in = {.name = STR("in.yaml")};
	const struct run_ref *run = NULL;
	unsigned random = 0;
	struct spec *s;

	for (size_t i = 0; i < size; i++)
		random = random * 31 + data[i];
	in.text = arena_strn(a, (const char *)data, size);
	s = spec_load(a, &in, 1, NULL);
	if (!spec_ok(s))
		return 0;
	if (s->n_runs)
		run = &s->runs[0];
	else if (s->n_pipelines)
		run = spec_make_run(s, s->pipelines[0].meta.name.s, STR("abcde"));
	else if (s->n_tasks)
		run = spec_make_run(s, s->tasks[0].meta.name.s, STR("abcde"));
	if (run)
		make_pod(a, s, run, random >> 8);
	return 0;
}
