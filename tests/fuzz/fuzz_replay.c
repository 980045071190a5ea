/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A damaged or hostile journal: the first line is "force" or anything else, each further one a
 * record of a fixed run. It is refused with words, or the run goes on from it to an end, and
 * what was recorded then makes it again.
 */
#include "play_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char run_yaml[] =
	"apiVersion: tekton.dev/v1\n"
	"kind: PipelineRun\n"
	"metadata: {name: r}\n"
	"spec:\n"
	"  timeouts: {pipeline: 60s, tasks: 40s}\n"
	"  pipelineSpec:\n"
	"    results: [{name: out, value: $(tasks.a.results.v)}]\n"
	"    tasks:\n"
	"    - {name: a, retries: 1, timeout: 9s, taskSpec: {results: [{name: v}, {name: l, "
	"type: array}], steps: [{name: s, image: x, timeout: 5s}, {name: t, image: x}]}}\n"
	"    - {name: m, onError: continue, matrix: {params: [{name: p, value: "
	"'$(tasks.a.results.l[*])'}]}, taskSpec: {params: [{name: p}], steps: [{name: s, "
	"image: "
	"x}]}}\n"
	"    - {name: w, when: [{input: $(tasks.a.results.v), operator: in, values: [v]}], "
	"taskSpec: {steps: [{name: s, image: x}]}}\n"
	"    finally:\n"
	"    - {name: f, taskSpec: {steps: [{name: s, image: x}]}}\n";

static void go_on(struct play *p, const struct str *records, const struct replay_end *end)
{
	struct action x;

	for (size_t i = 0; i < end->n_records; i++)
		vec_push(&p->records, records[i]);
	while (agent_next_action(p->agent, &x))
		play_action(p, &x);
	p->now_ns = end->now_ns + NS_PER_S;
	play_feed(p, (struct event){.kind = EVENT_RESUME});
	play_to_end(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a cleanup_arena = arena_new();
	struct spec_input in = {.name = STR("r.yaml"), .text = str_z(run_yaml)};
	struct play p = {.arena = a, .random = size};
	struct str rest = {.p = (const char *)data, .n = size}, line, mode;
	struct replay_end end;
	struct err err = {0};
	bool forced;
	VEC(struct str) records = {0};

	if (!str_cut(rest, '\n', &mode, &rest))
		return 0;
	while (str_cut(rest, '\n', &line, &rest))
		vec_push(&records, arena_str(a, line));
	p.spec = spec_load(a, &in, 1, NULL);
	BUG_ON(!spec_ok(p.spec));
	p.run = &p.spec->runs[0];
	p.opts = (struct agent_options){.uid = STR("00000000-0000-4000-8000-000000000001"),
		.random = play_suffix,
		.max_parallel = 2};
	p.agent = play_agent(&p);
	forced = str_eqz(mode, "force");
	if (agent_replay(p.agent, records.p, records.n, forced, &end, &err) < 0) {
		BUG_ON(err.kind != ERR_SPEC || !err.msg[0]);
		agent_free(p.agent);
	} else if (forced && end.is_done) {
		agent_free(
			p.agent); /* nothing goes on, so nothing records that it was forced */
	} else {
		go_on(&p, records.p, &end);
	}
	vec_release(&records);
	return 0;
}
