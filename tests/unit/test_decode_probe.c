/* SPDX-License-Identifier: Apache-2.0 */
/* Ports, probes and hooks of sidecars: what is read, what Kubernetes refuses, what is refused
 * here. */
#include "spec_text.h"

#define SIDECAR     TASK_HEAD OK_STEPS "  sidecars:\n  - {name: d, image: i, "
#define SIDECAR_END "}\n"

static void test_members(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_part(a, SIDECAR,
		"ports: [{name: http, containerPort: 80}], "
		"readinessProbe: {httpGet: {port: http, path: /p, host: 127.0.0.1, "
		"scheme: HTTP, httpHeaders: [{name: X-A, value: b}]}, "
		"initialDelaySeconds: 1, timeoutSeconds: 2, periodSeconds: 3, "
		"successThreshold: 4, failureThreshold: 5}, "
		"livenessProbe: {tcpSocket: {port: 81}, periodSeconds: 0, "
		"terminationGracePeriodSeconds: 6}, "
		"startupProbe: {exec: {command: [x, z]}, successThreshold: 1}, "
		"lifecycle: {postStart: {exec: {command: [z]}}, preStop: {sleep: "
		"{seconds: 7}}}",
		SIDECAR_END);
	const struct sidecar *d = &s->tasks[0].spec.sidecars[0];
	const struct probe *r = &d->probes[PROBE_READINESS];
	struct buf b cleanup_buf = {0};
	struct json_writer w;

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(r->handler.kind, HANDLER_HTTP_GET);
	assert_string_equal(str_c(r->handler.port_name.s), "http");
	assert_string_equal(str_c(r->handler.path.s), "/p");
	assert_int_equal(r->handler.n_headers, 1);
	assert_int_equal(r->initial_delay_seconds.v, 1);
	assert_int_equal(r->timeout_seconds.v, 2);
	assert_int_equal(r->period_seconds.v, 3);
	assert_int_equal(r->success_threshold.v, 4);
	assert_int_equal(r->failure_threshold.v, 5);
	assert_int_equal(d->probes[PROBE_LIVENESS].handler.port.v, 81);
	assert_int_equal(d->probes[PROBE_LIVENESS].termination_grace_period_seconds.v, 6);
	assert_int_equal(d->probes[PROBE_STARTUP].handler.n_command, 2);
	assert_int_equal(d->post_start.kind, HANDLER_EXEC);
	assert_int_equal(d->pre_stop.seconds.v, 7);
	/* and all of it in the report */
	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	task_spec_json(&s->tasks[0].spec, &w);
	assert_non_null(strstr(b.p,
		"\"livenessProbe\":{\"tcpSocket\":{\"port\":81},\"periodSeconds\":0,"
		"\"terminationGracePeriodSeconds\":6},\"readinessProbe\":{\"httpGet\":{"
		"\"path\":\"/p\",\"port\":\"http\",\"host\":\"127.0.0.1\",\"scheme\":\"HTTP\","
		"\"httpHeaders\":[{\"name\":\"X-A\",\"value\":\"b\"}]},\"initialDelaySeconds\":"
		"1,\"timeoutSeconds\":2,\"periodSeconds\":3,\"successThreshold\":4,"
		"\"failureThreshold\":5},\"startupProbe\":{\"exec\":{\"command\":[\"x\",\"z\"]}"
		",\"successThreshold\":1},\"lifecycle\":{\"postStart\":{\"exec\":{\"command\":["
		"\"z\"]}},\"preStop\":{\"sleep\":{\"seconds\":7}}}"));
}

/* Each is one diagnostic, whose text and column are these. */
static void test_wrong(void **state attr_unused)
{
	static const struct wrong_part cases[] = {
		{"readinessProbe: {}", "Required value: must specify a handler type", 41},
		{"readinessProbe: {periodSeconds: 5}", "must specify a handler type", 41},
		{"livenessProbe: {exec: {}}", "command: Required value", 47},
		{"livenessProbe: {exec: {command: []}}", "command: Required value", 47},
		{"livenessProbe: {exec: {command: [x]}, tcpSocket: {port: 1}}",
			"Forbidden: may not specify more than 1 handler type", 74},
		{"livenessProbe: {exec: {command: [x]}, successThreshold: 2}",
			"Invalid value: 2: must be 1", 81},
		{"startupProbe: {exec: {command: [x]}, successThreshold: 2}",
			"Invalid value: 2: must be 1", 80},
		{"readinessProbe: {exec: {command: [x]}, terminationGracePeriodSeconds: 2}",
			"Invalid value: 2: must not be set for readinessProbes", 95},
		{"startupProbe: {exec: {command: [x]}, terminationGracePeriodSeconds: 0}",
			"'terminationGracePeriodSeconds': 0 is not in 1", 93},
		{"startupProbe: {exec: {command: [x]}, periodSeconds: -1}",
			"'periodSeconds': -1 is not in 0", 77},
		{"startupProbe: {exec: {command: [x]}, failureThreshold: -1}", "is not in 0",
			80},
		{"startupProbe: {exec: {command: [x]}, timeoutSeconds: x}",
			"cannot unmarshal string", 78},
		{"startupProbe: {tcpSocket: {}}", "must be between 1 and 65535", 51},
		{"startupProbe: {tcpSocket: {port: 0}}", "'port': 0 is not in 1 to 65535", 58},
		{"startupProbe: {tcpSocket: {port: 65536}}", "is not in 1 to 65535", 58},
		{"startupProbe: {tcpSocket: {port: '80'}}",
			"Invalid value: \"80\": must contain at least one letter", 58},
		{"startupProbe: {tcpSocket: {port: Web}}", "must contain only alpha-numeric",
			58},
		{"startupProbe: {tcpSocket: {port: a-name-of-16-bytes}}",
			"must be no more than 15 characters", 58},
		{"startupProbe: {tcpSocket: {port: a--b}}", "consecutive hyphens", 58},
		{"startupProbe: {tcpSocket: {port: a-}}", "begin or end with a hyphen", 58},
		{"startupProbe: {tcpSocket: {port: 1, host: db.example}}",
			"host \"db.example\" is not supported: names are not looked up", 67},
		{"startupProbe: {httpGet: {port: 1, scheme: HTTPS}}",
			"scheme HTTPS is not supported: the agent speaks no TLS", 67},
		{"startupProbe: {httpGet: {port: 1, scheme: http}}",
			"Unsupported value: \"http\": supported values: \"HTTP\", \"HTTPS\"",
			67},
		{"startupProbe: {httpGet: {port: 1, httpHeaders: [{name: 'a b', value: c}]}}",
			"a valid HTTP header must consist of", 80},
		{"startupProbe: {httpGet: {port: 1, httpHeaders: [{name: a, value: "
		 "\"b\\nc\"}]}}",
			"the value of a header is one line", 90},
		{"startupProbe: {grpc: {port: 1}}", "'grpc' is not supported", 40},
		{"startupProbe: {exec: {command: [x]}, sleep: {seconds: 1}}",
			"unknown field \"sleep\"", 62},
		{"lifecycle: {preStop: {}}", "must specify a handler type", 46},
		{"lifecycle: {preStop: {sleep: {seconds: -1}}}",
			"Invalid value: -1: must be non-negative and less than "
			"terminationGracePeriodSeconds (30)",
			64},
		{"lifecycle: {preStop: {sleep: {seconds: 31}}}", "Invalid value: 31", 64},
		{"lifecycle: {stopSignal: SIGUSR1}", "'stopSignal' is not supported: it needs",
			37},
		{"lifecycle: {preEnd: {}}", "unknown field \"preEnd\"", 37},
		{"ports: [{name: Web, containerPort: 1}]",
			"Invalid value: \"Web\": must contain only", 40},
		{"ports: [{name: a, containerPort: 2}, {name: a, containerPort: 2}]",
			"[1].name: Duplicate value: \"a\"", 69},
		{"ports: [{containerPort: 1, protocol: tcp}]",
			"supported values: \"SCTP\", \"TCP\", \"UDP\"", 62},
		{"ports: [{name: a}]", "containerPort: Required value", 33},
		/* a warning alone: as on a node it is never ready */
		{"readinessProbe: {tcpSocket: {port: web}}",
			"no port of this sidecar is called \"web\": it will never succeed", 60},
	};

	check_wrong(SIDECAR, SIDECAR_END, cases, ARRAY_SIZE(cases), "it will never");
}

static void test_right(void **state attr_unused)
{
	static const char *const cases[] = {
		"readinessProbe: ~, lifecycle: ~",
		"lifecycle: {}",
		"startupProbe: {tcpSocket: {port: 1, host: '::1'}, successThreshold: 0}",
		"startupProbe: {httpGet: {port: 1, host: localhost}}",
		"readinessProbe: {exec: {command: ['']}, successThreshold: 9}",
		"readinessProbe: {grpc: ~, exec: {command: [x]}}",
		"lifecycle: {postStart: {tcpSocket: {port: 1}}, preStop: {sleep: {seconds: "
		"0}}}",
		"ports: [{containerPort: 1}, {containerPort: 1}]",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_part(a, SIDECAR, cases[i], SIDECAR_END);

		assert_string_equal(diag_lines(a, s->diags), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
