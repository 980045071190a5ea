/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run made again from its journal, whole, torn, edited and forced; and what an agent that
 * goes on with it does. Every other test of agent/ replays its run as well (rig_free).
 */
#include "agent_rig.h"

#define PR "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: r}\nspec:\n"

static const char rich[] = PR
	"  timeouts: {pipeline: 100s}\n"
	"  pipelineSpec:\n"
	"    results: [{name: out, value: $(tasks.make.results.v)}, {name: up, value: "
	"$(tasks.make.results.up)}]\n"
	"    tasks:\n"
	"    - {name: make, taskSpec: {results: [{name: v}, {name: list, type: array}, {name: "
	"ro}, {name: up, value: $(steps.one.results.g)}], steps: [{name: one, image: x, "
	"results: "
	"[{name: g}]}, {name: skip, image: x, when: [{input: $(steps.one.results.g), operator: "
	"in, values: [g]}]}, {name: two, image: x, args: [$(steps.one.results.g)]}]}}\n"
	"    - {name: use, retries: 2, params: [{name: p, value: $(tasks.make.results.v)}], "
	"taskSpec: {params: [{name: p}], steps: [{image: x, script: '$(params.p) "
	"$(context.task.retry-count)'}]}}\n"
	"    - {name: fan, onError: continue, matrix: {params: [{name: m, value: "
	"'$(tasks.make.results.list[*])'}]}, taskSpec: {params: [{name: m}], steps: [{image: "
	"x}]}}\n"
	"    - {name: never, when: [{input: a, operator: in, values: [b]}], taskSpec: {steps: "
	"[{image: x}]}}\n"
	"    finally:\n"
	"    - {name: last, params: [{name: s, value: $(tasks.fan.status)}], taskSpec: "
	"{params: [{name: s}], steps: [{image: x}]}}\n";
static const struct fate rich_fates[] = {
	{"r-make", -1, -1, STEP_END_EXITED, 0, 0,
		{"v", "a\xff\x80\"<b>\n", "list", "[\"x\",\"y\"]", "ro", "!is a FIFO", "@g",
			"\xfe g"},
		false},
	{"r-use", 0, -1, STEP_END_SIGNALED, 0, SIGSEGV, {0}, false},
	{"r-use", 1, -1, STEP_END_OOM, 0, 0, {0}, false},
	{"r-fan-1", -1, -1, STEP_END_EXEC_FAILED, 0, 0, {0}, false},
};

/* --- an agent that goes on with the first k records of another one's */

static struct rig *reborn(struct rig *dead, size_t k)
{
	struct rig *r = arena_new_object(dead->arena, struct rig);
	size_t n;

	r->arena = dead->arena;
	r->spec = dead->spec;
	r->opts = dead->opts;
	r->fates = dead->fates;
	r->n_fates = dead->n_fates;
	diags_init(&r->diags, r->arena, r->spec->sources);
	r->agent = rig_again(dead);
	r->view = agent_view(r->agent);
	(void)rig_records(dead, &n);
	assert_true(k <= n);
	for (size_t i = 0; i < k; i++)
		r->n_records = (size_t)(strchr(dead->records + r->n_records, '\n') + 1 -
					dead->records);
	r->records = mem_grow(NULL, r->n_records + 1);
	memcpy(r->records, dead->records, r->n_records);
	r->records[r->n_records] = '\0';
	return r;
}

static void died(struct rig *r)
{
	rig_replay(r);
	agent_free(r->agent);
	free(r->records);
}

/* Replays, and goes on after `down_ns`. */
static struct rig *resume(struct rig *dead, size_t k, int64_t down_ns)
{
	struct rig *r = reborn(dead, k);
	struct replay_end end;
	struct str *records;
	struct err err;
	size_t n;

	records = rig_records(r, &n);
	if (agent_replay(r->agent, records, n, false, &end, &err) < 0)
		fail_msg("replay of %zu: %s", k, err.msg);
	r->now_ns = end.now_ns + down_ns;
	rig_feed(r, (struct event){.kind = EVENT_RESUME});
	return r;
}

static size_t n_records(struct rig *r)
{
	size_t n;

	(void)rig_records(r, &n);
	return n;
}

/* --- replay */

/* Cut after any record, what is missing of the last event is made up for. */
static void torn(void **state)
{
	struct rig *r = rig_run(rich, rich_fates, ARRAY_SIZE(rich_fates));
	size_t n, k;
	struct str *all = rig_records(r, &n);

	(void)state;
	for (k = 0; k <= n; k++) {
		struct agent *a = rig_again(r);
		struct replay_end end;
		struct action x;
		struct err err;
		size_t at = k;

		if (agent_replay(a, all, k, false, &end, &err) < 0)
			fail_msg("replay of %zu: %s", k, err.msg);
		assert_int_equal(end.n_records, k);
		for (; agent_next_action(a, &x); at++) {
			assert_int_equal(x.kind, ACTION_RECORD);
			assert_true(at < n);
			assert_true(str_eq(x.record, all[at]));
		}
		assert_true(at == n || str_has(all[at], STR("\"kind\":\"event\"")));
		assert_int_equal(end.is_done, at == n);
		agent_free(a);
	}
	rig_free(r);
}

/* One other digit in any record is found, and the record is named. */
static void edited(void **state)
{
	struct rig *r = rig_run(rich, rich_fates, ARRAY_SIZE(rich_fates));
	size_t n;
	struct str *all = rig_records(r, &n);

	(void)state;
	for (size_t k = 0; k < n; k++) {
		struct str was = all[k];
		struct agent *a = rig_again(r);
		bool is_event = str_has(was, STR("\"kind\":\"event\""));
		struct replay_end end;
		struct err err;
		struct str own;

		own = arena_str(r->arena, was);
		/* of events the number; of changes the last letter of the last text */
		((char *)(uintptr_t)own.p)[is_event ? 7 : own.n - 3] ^= 1;
		all[k] = own;
		if (agent_replay(a, all, n, false, &end, &err) == 0)
			fail_msg("taken: %s", str_c(own));
		own = arena_printf(r->arena, "record %zu of the journal", k);
		if (!strstr(err.msg, str_c(own)))
			fail_msg("record %zu: %s", k, err.msg);
		all[k] = was;
		agent_free(a);
	}
	rig_free(r);
}

static void refused(void **state)
{
	static const struct {
		const char *records[2];
		const char *want;
	} cases[] = {
		{{"{"}, "record 0 of the journal: "},
		{{"[]"}, "record 0 of the journal is [], but this run would have none there"},
		{{"{\"kind\":\"event\"}"}, "'event' is '', which is none of ours"},
		{{"{\"kind\":\"event\",\"event\":\"tick\"}"}, "would have none there"},
		{{"{\"kind\":\"event\",\"event\":\"task-ready\"}"}, "there is no task run ''"},
		{{"{\"kind\":\"event\",\"event\":\"start\",\"ns\":-1}"}, "'ns'"},
		{{"{\"seq\":0,\"ns\":1,\"wall\":2,\"kind\":\"event\",\"event\":\"start\"}",
			 "{\"seq\":1}"},
			"record 1 of the journal is {\"seq\":1}, but this run would have "
			"{\"seq\":1,\"ns\":1,\"wall\":2,\"kind\":\"run-start\""},
		{{"{\"seq\":0,\"ns\":1,\"wall\":2,\"kind\":\"event\",\"event\":\"start\",\"x\":"
		  "1}"},
			"but this run would have {\"seq\":0"},
	};
	struct rig *r = rig_new(rich);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str records[2] = {
			str_z(cases[i].records[0]), str_z(cases[i].records[1])};
		struct agent *a = rig_again(r);
		struct replay_end end;
		struct err err;

		if (agent_replay(a, records, records[1].n ? 2 : 1, false, &end, &err) == 0)
			fail_msg("taken: %s", cases[i].records[0]);
		assert_int_equal(err.kind, ERR_SPEC);
		if (!strstr(err.msg, cases[i].want))
			fail_msg("'%s' is not in '%s'", cases[i].want, err.msg);
		agent_free(a);
	}
	rig_free(r);
}

/* --- going on */

/* Whatever was interrupted runs again, what had ended does not, and all ends as it would have.
 */
static void every_prefix(void **state)
{
	struct rig *r = rig_run(rich, rich_fates, ARRAY_SIZE(rich_fates));
	size_t n = n_records(r);

	(void)state;
	for (size_t k = 0; k <= n; k++) {
		struct rig *next = resume(r, k, NS_PER_S);

		assert_true(next->finished);
		assert_str(next->view->condition.reason, str_c(r->view->condition.reason));
		assert_str(next->view->condition.message, str_c(r->view->condition.message));
		assert_int_equal(next->view->n_results, 2);
		for (size_t i = 0; i < 2; i++)
			assert_true(str_eq(next->view->results[i].value.string.s,
				r->view->results[i].value.string.s));
		died(next);
	}
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(torn),
		cmocka_unit_test(edited),
		cmocka_unit_test(refused),
		cmocka_unit_test(every_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
