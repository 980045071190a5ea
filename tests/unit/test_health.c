/* SPDX-License-Identifier: Apache-2.0 */
/* Probes against a virtual clock: when they are asked, what their answers come to. */
#include <base/num.h>
#include <monopod/health.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TRACE_BYTES = 1024 };

/* A container that answers as a text says, and what came of it, as text: "0.0r 0.1R+" … */
struct lab {
	struct launch_health spec;
	struct health h;
	int64_t now_ns;
	char trace[TRACE_BYTES];
};

static struct launch_probe probe(int delay, int period, int successes, int failures)
{
	return (struct launch_probe){.handler = {.kind = HANDLER_EXEC},
		.initial_delay_ns = delay * NS_PER_S,
		.period_ns = period * NS_PER_S,
		.timeout_ns = NS_PER_S,
		.success_threshold = successes,
		.failure_threshold = failures};
}

static void note(struct lab *l, const char *text)
{
	size_t n = strlen(l->trace);

	snprintf(l->trace + n, TRACE_BYTES - n, "%s", text);
}

/* Until `until` (tenths of a second): each probe takes no time and answers by the next letter:
 * '+', '-', '?' (could not be asked). The trace has when, of what kind, the answer, the news.
 */
static void play(struct lab *l, const char *answers, int until)
{
	static const char kinds[] = "srl";
	static const char *const news[] = {
		[HEALTH_SAME] = "",
		[HEALTH_READY] = " READY",
		[HEALTH_UNREADY] = " UNREADY",
		[HEALTH_FAILED] = " FAILED",
	};
	const int64_t until_ns = until * (NS_PER_S / 10);

	while (health_deadline_ns(&l->h) <= until_ns) {
		enum probe_kind kind;
		char text[64];

		l->now_ns = health_deadline_ns(&l->h) > l->now_ns ? health_deadline_ns(&l->h)
								  : l->now_ns;
		while (health_next(&l->h, l->now_ns, &kind)) {
			enum probe_answer a = *answers == '+'   ? ANSWER_SUCCESS
					      : *answers == '-' ? ANSWER_FAILURE
								: ANSWER_ERROR;
			enum health_news n = health_answer(&l->h, kind, a, l->now_ns);

			assert_true(*answers);
			snprintf(text, sizeof(text), "%s%d.%d%c%c%s", l->trace[0] ? ", " : "",
				(int)(l->now_ns / NS_PER_S),
				(int)(l->now_ns / (NS_PER_S / 10) % 10), kinds[kind], *answers,
				news[n]);
			note(l, text);
			answers++;
		}
	}
	assert_string_equal(answers, "");
}

static const struct {
	const char *name;
	struct { /* delay, period, successes, failures; period 0: none */
		int delay, period, successes, failures;
	} startup, readiness, liveness;
	const char *answers;
	int until;
	const char *want;
} cases[] = {
	{"nothing to ask", {0}, {0}, {0}, "", 1000, ""},
	{"ready at once", {0}, {0, 10, 1, 3}, {0}, "+", 99, "0.0r+ READY"},
	{"asked early until it is ready", {0}, {0, 10, 1, 3}, {0}, "----+", 99,
		"0.0r-, 0.1r-, 0.3r-, 0.7r-, 1.5r+ READY"},
	{"then once a period", {0}, {0, 10, 1, 3}, {0}, "-+++", 299,
		"0.0r-, 0.1r+ READY, 10.0r+, 20.0r+"},
	{"early means no more often than the period", {0}, {0, 1, 1, 3}, {0}, "------", 29,
		"0.0r-, 0.1r-, 0.3r-, 0.7r-, 1.0r-, 2.0r-"},
	{"the delay is kept", {0}, {5, 10, 1, 3}, {0}, "+", 149, "5.0r+ READY"},
	{"successes in a row, a period apart", {0}, {0, 1, 3, 3}, {0}, "+-+++", 39,
		"0.0r+, 1.0r-, 1.1r+, 2.0r+, 3.0r+ READY"},
	{"not ready after failures in a row", {0}, {0, 1, 1, 2}, {0}, "+-+--+", 59,
		"0.0r+ READY, 1.0r-, 2.0r+, 3.0r-, 4.0r- UNREADY, 5.0r+ READY"},
	{"what could not be asked means nothing", {0}, {0, 1, 1, 1}, {0}, "+?-", 29,
		"0.0r+ READY, 1.0r?, 2.0r- UNREADY"},
	{"liveness fails", {0}, {0}, {0, 10, 1, 3}, "+---", 10000,
		"0.0l+, 10.0l-, 20.0l-, 30.0l- FAILED"},
	{"failures that are not in a row", {0}, {0}, {0, 10, 1, 2}, "-+-+", 399,
		"0.0l-, 10.0l+, 20.0l-, 30.0l+"},
	{"a liveness probe that cannot be asked kills nothing", {0}, {0}, {2, 1, 1, 1}, "???",
		49, "2.0l?, 3.0l?, 4.0l?"},
	{"a startup probe alone", {0, 10, 1, 3}, {0}, {0}, "--+", 1000,
		"0.0s-, 0.1s-, 0.3s+ READY"},
	{"its early failures do not count", {0, 1, 1, 2}, {0}, {0}, "-----", 1000,
		"0.0s-, 0.1s-, 0.3s-, 0.7s-, 1.0s- FAILED"},
	{"it holds the others back", {0, 1, 1, 9}, {0, 10, 1, 3}, {0, 10, 1, 3}, "--+++", 99,
		"0.0s-, 0.1s-, 0.3s+, 0.3r+ READY, 0.3l+"},
	{"whose delay is that of the container", {0, 1, 1, 9}, {2, 10, 1, 3}, {0}, "--++", 99,
		"0.0s-, 0.1s-, 0.3s+, 2.0r+ READY"},
};

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct lab l = {0};

		if (cases[i].startup.period)
			l.spec.probes[PROBE_STARTUP] =
				probe(cases[i].startup.delay, cases[i].startup.period,
					cases[i].startup.successes, cases[i].startup.failures);
		if (cases[i].readiness.period)
			l.spec.probes[PROBE_READINESS] = probe(cases[i].readiness.delay,
				cases[i].readiness.period, cases[i].readiness.successes,
				cases[i].readiness.failures);
		if (cases[i].liveness.period)
			l.spec.probes[PROBE_LIVENESS] = probe(cases[i].liveness.delay,
				cases[i].liveness.period, cases[i].liveness.successes,
				cases[i].liveness.failures);
		health_start(&l.h, &l.spec, 0, 0);
		assert_int_equal(
			l.h.is_ready, !cases[i].startup.period && !cases[i].readiness.period);
		print_message("%s\n", cases[i].name);
		play(&l, cases[i].answers, cases[i].until);
		assert_string_equal(l.trace, cases[i].want);
	}
}

/* One at a time of a kind; a period that passed meanwhile is made up for, once. */
static void test_slow(void **state)
{
	struct lab l = {.spec = {.probes = {[PROBE_LIVENESS] = probe(0, 1, 1, 3)}}};
	enum probe_kind kind;

	(void)state;
	health_start(&l.h, &l.spec, 0, 0);
	assert_true(health_next(&l.h, 0, &kind));
	assert_int_equal(kind, PROBE_LIVENESS);
	assert_false(health_next(&l.h, 5 * NS_PER_S, &kind));
	assert_true(health_deadline_ns(&l.h) == INT64_MAX);
	assert_int_equal(
		health_answer(&l.h, kind, ANSWER_SUCCESS, 5 * NS_PER_S / 2), HEALTH_SAME);
	assert_true(health_deadline_ns(&l.h) == 5 * NS_PER_S / 2);
	assert_true(health_next(&l.h, 5 * NS_PER_S / 2, &kind));
	assert_int_equal(
		health_answer(&l.h, kind, ANSWER_SUCCESS, 5 * NS_PER_S / 2), HEALTH_SAME);
	assert_true(health_deadline_ns(&l.h) == 3 * NS_PER_S);
}

/* After the end answers mean nothing, and nothing is asked. */
static void test_stopped(void **state)
{
	struct lab l = {.spec = {.probes = {[PROBE_LIVENESS] = probe(0, 1, 1, 1),
					 [PROBE_READINESS] = probe(0, 1, 1, 1)}}};
	enum probe_kind kind;

	(void)state;
	health_start(&l.h, &l.spec, 0, 0);
	assert_true(health_next(&l.h, 0, &kind));
	health_stop(&l.h);
	assert_int_equal(health_answer(&l.h, kind, ANSWER_FAILURE, 0), HEALTH_SAME);
	assert_true(health_deadline_ns(&l.h) == INT64_MAX);
	assert_false(health_next(&l.h, INT64_MAX, &kind));
}

/* No probes and no hooks; and the clock of the container is not the first moment. */
static void test_none(void **state)
{
	struct health h;

	(void)state;
	health_start(&h, NULL, 7, 9);
	assert_true(h.is_ready && h.was_ready);
	assert_true(health_deadline_ns(&h) == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
