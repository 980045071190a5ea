/* SPDX-License-Identifier: Apache-2.0 */
/* The peak of requests: the flow against all subsets of small graphs, and whole runs. */
#include "agent/peak.h"
#include "agent_rig.h"

/* --- the heaviest antichain --------------------------------------------------------------- */

enum { NODES = 10, GRAPHS = 3000 };

static uint32_t next(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

/* Every subset, with the pairs that a path joins. */
static int64_t naive(const int64_t *weight, size_t n, const struct peak_edge *e, size_t n_edges)
{
	uint32_t above[NODES] = {0};
	int64_t best = 0;

	for (size_t round = 0; round < n; round++)
		for (size_t i = 0; i < n_edges; i++)
			above[e[i].to] |= above[e[i].from] | UINT32_C(1) << e[i].from;
	for (uint32_t set = 0; set < UINT32_C(1) << n; set++) {
		int64_t sum = 0;
		bool fits = true;

		for (size_t i = 0; i < n; i++) {
			if (!(set >> i & 1))
				continue;
			sum += weight[i];
			fits = fits && !(above[i] & set);
		}
		if (fits && sum > best)
			best = sum;
	}
	return best;
}

static void test_antichain(void **state)
{
	uint32_t seed = 20260811;

	(void)state;
	for (size_t round = 0; round < GRAPHS; round++) {
		int64_t weight[NODES];
		struct peak_edge edges[NODES * NODES];
		size_t n = 1 + next(&seed) % NODES;
		size_t n_edges = 0;
		uint32_t dense = 1 + next(&seed) % 9;
		bool is_bound = false;
		int64_t got, want;

		for (size_t i = 0; i < n; i++) {
			weight[i] = next(&seed) % 4 ? next(&seed) % 20 : 0;
			for (size_t k = 0; k < i; k++)
				if (next(&seed) % 10 < dense)
					edges[n_edges++] = (struct peak_edge){k, i};
		}
		want = naive(weight, n, edges, n_edges);
		got = peak_antichain(weight, n, edges, n_edges, &is_bound);
		if (got != want || is_bound)
			fail_msg("graph %zu: %lld, want %lld", round, (long long)got,
				(long long)want);
	}
}

/* As many tasks as a pipeline may have, in layers that all hang together. */
static void test_large(void **state)
{
	enum { N = BOUND_TASKS, LAYER = 20 };
	struct arena *a cleanup_arena = arena_new();
	int64_t *weight = arena_new_array(a, int64_t, N);
	struct peak_edge *edges = arena_new_array(a, struct peak_edge, N * LAYER);
	size_t n_edges = 0;
	bool is_bound = false;
	int64_t got;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		weight[i] = 1 + (int64_t)(i / LAYER % 7);
		for (size_t k = i / LAYER * LAYER; i >= LAYER && k > i / LAYER * LAYER - LAYER;
			k--)
			edges[n_edges++] = (struct peak_edge){k - 1, i};
	}
	got = peak_antichain(weight, N, edges, n_edges, &is_bound);
	assert_true(got == INT64_C(7) * LAYER || (is_bound && got > INT64_C(7) * LAYER));
}

/* --- runs --------------------------------------------------------------------------------- */

#define STEP(requests) "{image: i, computeResources: {requests: {" requests "}}}"
#define TASK(name, more, requests)                                                             \
	"    - {name: " name more ", taskSpec: {steps: [" STEP(requests) "]}}\n"
#define MATRIX(values)                                                                         \
	"    - {name: a, matrix: {params: [{name: v, value: " values                           \
	"}]}, taskSpec: {params: "                                                             \
	"[{name: v}], steps: [" STEP("memory: 1Mi") "]}}\n"
#define RUN                                                                                    \
	"apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"           \
	"  pipelineSpec:\n    tasks:\n"

static const struct {
	const char *name, *yaml;
	size_t max_parallel;
	const char *want; /* NAME AMOUNT, ! for a bound */
} cases[] = {
	{"nothing", RUN TASK("a", "", ""), 0, ""},
	{"side by side", RUN TASK("a", "", "cpu: 1") TASK("b", "", "cpu: 500m"), 0,
		"cpu 1500m"},
	{"one after the other",
		RUN TASK("a", "", "cpu: 1") TASK("b", ", runAfter: [a]", "cpu: 500m"), 0,
		"cpu 1"},
	{"a different set for each resource",
		RUN TASK("a", "", "cpu: 3, memory: 1Mi")
			TASK("b", ", runAfter: [a]", "cpu: 1, memory: 1Mi")
				TASK("c", ", runAfter: [a]", "cpu: 1, memory: 1Mi"),
		0, "cpu 3 memory 2Mi"},
	{"finally comes after",
		RUN TASK("a", "", "cpu: 1") "    finally:\n" TASK("f", "", "cpu: 1")
			TASK("g", "", "cpu: 1"),
		0, "cpu 2"},
	{"the largest step and all sidecars",
		RUN "    - name: a\n      taskSpec:\n        steps: [" STEP("cpu: 1") ", " STEP(
			"cpu: 2, memory: 1Gi") "]\n"
					       "        sidecars: "
					       "[{name: x, image: "
					       "i, "
					       "computeResources: "
					       "{requests: {cpu: "
					       "1}}}, {name: z, "
					       "image: i, "
					       "computeResources: "
					       "{requests: {cpu: "
					       "250m}}}]\n",
		0, "cpu 3250m memory 1Gi"},
	{"a limit is a request when there is none",
		RUN "    - {name: a, taskSpec: {steps: [{image: i, computeResources: "
		    "{limits: "
		    "{memory: 3Mi}}}]}}\n",
		0, "memory 3Mi"},
	{"the step template's",
		RUN "    - {name: a, taskSpec: {stepTemplate: {computeResources: "
		    "{requests: "
		    "{cpu: 2}}}, steps: [{image: i}]}}\n",
		0, "cpu 2"},
	{"a fan-out", RUN MATRIX("[a, b, c]"), 0, "memory 3Mi"},
	{"an empty fan-out", RUN MATRIX("[]"), 0, "memory 0"},
	{"no more than may run at once",
		RUN TASK("a", "", "cpu: 1") TASK("b", "", "cpu: 2") TASK("c", "", "cpu: 3"), 2,
		"cpu 5!"},
	{"fewer than the heaviest set has, though it weighs no more",
		RUN TASK("a", "", "cpu: 1") TASK("b", "", "cpu: 1")
			TASK("c", ", runAfter: [a, b]", "cpu: 2"),
		1, "cpu 2!"},
	{"those that request nothing are not in the way",
		RUN TASK("a", "", "cpu: 1") TASK("b", "", "") TASK("c", "", "memory: 1Mi"), 1,
		"cpu 1 memory 1Mi"},
	{"as many as may run anyway", RUN TASK("a", "", "cpu: 1") TASK("b", "", "cpu: 2"), 2,
		"cpu 3"},
	{"the whole task's",
		RUN TASK("a", "", "cpu: 1") "  taskRunSpecs: [{pipelineTaskName: a, "
					    "computeResources: {requests: {cpu: 4}}}]\n",
		0, "cpu 4"},
	{"a step's from the run",
		RUN "    - {name: a, taskSpec: {steps: [{name: s, image: i}]}}\n"
		    "  taskRunSpecs: [{pipelineTaskName: a, stepSpecs: [{name: s, "
		    "computeResources: {requests: {cpu: 4}}}]}]\n",
		0, "cpu 4"},
	{"a pipeline in the pipeline",
		RUN "    - {name: p, pipelineSpec: {tasks: [{name: d, taskSpec: {steps: "
		    "[" STEP("cpu: 1") "]}}, {name: e, taskSpec: {steps: [" STEP(
			    "cpu: 1") "]}}]}}\n" TASK("b", "", "cpu: 1"),
		0, "cpu 3"},
	{"a TaskRun",
		"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: r}\nspec: "
		"{taskSpec: "
		"{steps: [" STEP("cpu: 100m") ", " STEP("cpu: 200m") "]}}\n",
		0, "cpu 200m"},
	{"what no number holds", RUN TASK("a", "", "memory: 8000000Ti"), 0,
		"memory 70368744177663"},
};

static struct rig *bound(const char *yaml, size_t max_parallel)
{
	struct rig *r = rig_new(yaml);

	r->opts.max_parallel = max_parallel;
	r->is_touched = true; /* it is never started */
	r->agent = agent_new(r->spec, &r->spec->runs[0], &r->opts, &r->diags);
	if (r->diags.n_errors)
		fail_msg("%s: %s", yaml, str_c(r->diags.items[0].msg));
	return r;
}

static struct str peak_line(struct arena *a, const struct agent *agent)
{
	struct str line = STR("");
	struct peak p;

	agent_peak(agent, a, &p);
	for (size_t r = 0; r < p.n_names; r++)
		line = arena_printf(a, "%s%s%s %s%s", str_c(line), r ? " " : "",
			str_c(p.names[r]), str_c(peak_quantity(a, p.names[r], p.amounts[r])),
			p.is_bound[r] ? "!" : "");
	return line;
}

static void test_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rig *r = bound(cases[i].yaml, cases[i].max_parallel);
		struct str got = peak_line(r->arena, r->agent);

		if (!str_eqz(got, cases[i].want))
			fail_msg("%s: '%s', want '%s'", cases[i].name, str_c(got),
				cases[i].want);
		rig_free(r);
	}
}

/* A list that is a result: counted once, and said. */
static void test_unknown(void **state)
{
	static const char yaml[] = RUN
		"    - {name: a, taskSpec: {results: [{name: l, type: array}], steps: [" STEP(
			"cpu: 1") "]}}\n"
				  "    - {name: b, matrix: {params: [{name: v, value: "
				  "\"$(tasks.a.results.l[*])\"}]}, taskSpec: {params: [{name: "
				  "v}], "
				  "steps: [" STEP("cpu: 2") "]}}\n";
	struct rig *r = bound(yaml, 0);
	struct buf out cleanup_buf = {0};
	struct peak p;

	(void)state;
	agent_peak(r->agent, r->arena, &p);
	assert_int_equal(p.n_unknown, 1);
	assert_int_equal(p.amounts[0], 2000);
	buf_init(&out, MIB);
	peak_print_text(r->agent, &out);
	assert_non_null(strstr(out.p, "b (a fan-out whose number is known only later): cpu 2"));
	rig_free(r);
	r = bound(yaml, 3);
	assert_string_equal(str_c(peak_line(r->arena, r->agent)), "cpu 6!");
	rig_free(r);
}

/* A pipeline in the pipeline that fails when its 'when' lets it start asks for nothing. */
static void test_refused_child(void **state)
{
	struct rig *r = rig_new(RUN "    - {name: a, taskSpec: {steps: [" STEP(
		"cpu: 1") "]}}\n"
			  "    - {name: b, when: [{input: q, operator: in, values: [z]}], "
			  "pipelineRef: "
			  "{name: inner}}\n"
			  "---\napiVersion: tekton.dev/v1\nkind: Pipeline\nmetadata: {name: "
			  "inner}\n"
			  "spec: {tasks: [{name: c, taskRef: {name: t}}]}\n"
			  "---\napiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\n"
			  "spec: {params: [{name: need}], steps: [" STEP("cpu: 7") "]}\n");

	(void)state;
	r->agent = agent_new(r->spec, &r->spec->runs[0], &r->opts, &r->diags);
	assert_string_equal(r->diags.items[0].code, "task-params");
	assert_string_equal(str_c(peak_line(r->arena, r->agent)), "cpu 1");
	rig_free(r);
}

static void test_quantity(void **state)
{
	static const struct {
		const char *resource;
		int64_t amount;
		const char *want;
	} rows[] = {
		{"cpu", 0, "0"},
		{"cpu", 1, "1m"},
		{"cpu", 2000, "2"},
		{"cpu", 1500, "1500m"},
		{"memory", 0, "0"},
		{"memory", 1023, "1023"},
		{"memory", 1024, "1Ki"},
		{"memory", INT64_C(3) << 30, "3Gi"},
		{"memory", INT64_C(1) << 50, "1024Ti"},
		{"example.com/thing", 5, "5"},
	};
	struct arena *a cleanup_arena = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(
			str_c(peak_quantity(a, str_z(rows[i].resource), rows[i].amount)),
			rows[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_antichain),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_quantity),
		cmocka_unit_test(test_refused_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
