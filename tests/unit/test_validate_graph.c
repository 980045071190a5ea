/* SPDX-License-Identifier: Apache-2.0 */
/* Edges of pipeline tasks: unknown names, cycles. */
#include "tests/unit/cpu_time.h"
#include "tests/unit/validate_case.h"
#include <base/buf.h>
#include <base/num.h>

#define AFTER(name, after) "  - {name: " name ", runAfter: [" after "], " INLINE "}\n"
#define TASKS              "  tasks:\n"

static void test_unknown(void **state)
{
	static const struct validate_case cases[] = {
		{PIPELINE(TASKS AFTER("a", "") AFTER("b", "a")), {{0}}},
		{PIPELINE(TASKS AFTER("build", "") AFTER("test", "biuld, build, biuld")),
			{{7, 29,
				"invalid value: couldn't add link between test and biuld: task "
				"test depends on biuld but biuld wasn't present in Pipeline: "
				"spec.tasks",
				"did you mean 'build'?"}}},
		{PIPELINE(TASKS
			 "  - {name: a, params: [{name: p, value: 'x$(tasks.gg.results.r)'}], "
			 "taskRef: {name: t}}\n"),
			{{6, 43,
				"invalid value: couldn't add link between a and gg: task a "
				"depends on gg but gg wasn't present in Pipeline: spec.tasks",
				NULL}}},
		/* a finally task is not there either; brackets make no reference */
		{PIPELINE(TASKS AFTER("a", "fin") "  - {name: b, params: [{name: p, value: "
						  "\"$(tasks.no.results['r'])\"}],"
						  " taskRef: {name: t}}\n"
						  "  finally:\n  - {name: fin, " INLINE "}"),
			{{6, 26,
				"invalid value: couldn't add link between a and fin: task a "
				"depends on fin but fin wasn't present in Pipeline: spec.tasks",
				NULL}}},
	};

	(void)state;
	check_cases(cases);
}

static void test_cycles(void **state)
{
	static const struct validate_case cases[] = {
		{PIPELINE(TASKS AFTER("a", "c") AFTER("b", "a") AFTER("c", "b")),
			{{6, 26,
				"invalid value: cycle detected; task \"a\" depends on \"c\": "
				"spec.tasks",
				"cycle: a → c → b → a"}}},
		{PIPELINE(TASKS AFTER("a", "a")),
			{{6, 26,
				"invalid value: cycle detected; task \"a\" depends on \"a\": "
				"spec.tasks",
				"cycle: a → a"}}},
		/* what hangs behind a cycle is no cycle; Tekton names the least of both */
		{PIPELINE(TASKS AFTER("x", "z") AFTER("z", "x") AFTER("a", "x") AFTER("b", "")),
			{{8, 26,
				"invalid value: cycle detected; task \"a\" depends on \"x\": "
				"spec.tasks",
				"cycle: x → z → x"}}},
		/* two cycles are two problems */
		{PIPELINE(
			 TASKS AFTER("a", "b") AFTER("b", "a") AFTER("c", "d") AFTER("d", "c")),
			{{6, 26,
				 "invalid value: cycle detected; task \"a\" depends on \"b\": "
				 "spec.tasks",
				 "cycle: a → b → a"},
				{8, 26,
					"invalid value: cycle detected; task \"c\" depends on "
					"\"d\": spec.tasks",
					"cycle: c → d → c"}}},
		{PIPELINE(TASKS AFTER("a", "c, b") AFTER("b", "a") AFTER("c", "a")),
			{{6, 29,
				 "invalid value: cycle detected; task \"a\" depends on \"b\", "
				 "\"c\": spec.tasks",
				 "cycle: a → b → a"},
				{0}}},
		/* through results, also in the text of a step */
		{PIPELINE(TASKS
			 "  - {name: a, taskSpec: {steps: [{image: i, args: "
			 "[$(tasks.b.results.r)]}]}}\n"
			 "  - {name: b, when: [{input: $(tasks.a.results.r), operator: in, "
			 "values: [x]}], " INLINE "}\n"),
			{{6, 52,
				"invalid value: cycle detected; task \"a\" depends on \"b\": "
				"spec.tasks",
				"cycle: a → b → a"}}},
		/* fields that do not order */
		{PIPELINE(TASKS "  - {name: a, displayName: $(tasks.a.results.r), taskRef: "
				"{name: t}}\n"),
			{{0}}},
	};

	(void)state;
	check_cases(cases);
}

/* A ring of very many tasks: no recursion, no quadratic work, one problem. */
static void test_long_ring(void **state)
{
	enum { N = 5000 };
	struct arena *a = arena_new();
	int64_t start = cpu_time_ns();
	struct spec *s;
	struct buf yaml;

	(void)state;
	buf_init(&yaml, 1 << 20);
	buf_addz(&yaml, PIPELINE("  tasks:"));
	for (int i = 0; i < N; i++)
		buf_addf(&yaml, "  - {name: t%d, runAfter: [t%d], taskRef: {name: x}}\n", i,
			(i + 1) % N);
	s = case_load(a, buf_str(&yaml).p);
	assert_int_equal(s->diags->n_errors, 1);
	assert_string_equal(s->diags->items[0].code, "cycle");
	assert_true(str_starts(s->diags->items[0].hint, STR("cycle: t0 → t1 → t2 → t3")));
	assert_true(cpu_time_ns() - start < 20 * NS_PER_S);
	buf_release(&yaml);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_long_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
