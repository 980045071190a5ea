/* SPDX-License-Identifier: Apache-2.0 */
/* A run in words: what a task's line and what stands below it say. */
#include "entrypoint/record_text.h"

#include <base/bounds.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those four first */
#include <cmocka.h>
#include <stdio.h>

#define STATUS(members)                                                                        \
	"{\"conditions\":[{\"type\":\"Succeeded\",\"status\":\"True\",\"reason\":"             \
	"\"Succeeded\"}]," members "}"

static const struct {
	const char *name;
	const char *members; /* of a task run's status */
	const char *want;    /* below its line */
} cases[] = {
	{"steps and sidecars in every state",
		"\"steps\":[{\"name\":\"a\",\"terminated\":{\"exitCode\":3},"
		"\"terminationReason\":"
		"\"Error\",\"imageID\":\"i@sha256:1\"},{\"name\":\"b\",\"running\":{}}],"
		"\"sidecars\":[{\"name\":\"db\",\"terminated\":{\"exitCode\":0,\"reason\":"
		"\"Completed\"},\"imageID\":\"j@sha256:2\"},{\"name\":\"web\",\"running\":{}},"
		"{\"name\":\"late\",\"waiting\":{}}]",
		"    step a  Error, exit code 3  i@sha256:1\n"
		"    step b  running  \n"
		"    sidecar db  Completed, exit code 0  j@sha256:2\n"
		"    sidecar web  running  \n"
		"    sidecar late  waiting  \n"},
	{"results, then artifacts",
		"\"results\":[{\"name\":\"r\",\"value\":\"v\"}],"
		"\"artifacts\":{\"inputs\":[{\"name\":\"src\",\"values\":[{\"uri\":\"git+x\"}]}"
		"],"
		"\"outputs\":[{\"name\":\"img\",\"buildOutput\":true,\"values\":[{\"uri\":"
		"\"pkg:x\",\"digest\":{\"sha1\":\"c\",\"sha256\":\"b\"}},{\"uri\":\"pkg:y\"}]},"
		"{\"name\":\"log\",\"buildOutput\":false,\"values\":[{\"uri\":\"z\"}]}]}",
		"    result r = \"v\"\n"
		"    input src  git+x\n"
		"    output img  pkg:x  sha1:c  sha256:b  (build output)\n"
		"    output img  pkg:y  (build output)\n"
		"    output log  z\n"},
	{"what a step wrote is no control sequence",
		"\"artifacts\":{\"outputs\":[{\"name\":\"a\\u001b[2J\",\"values\":[{\"uri\":"
		"\"x\\ny\",\"digest\":{\"d\\u0007\":\"\\u001b]0;t\\u0007\"}}]}]}",
		"    output a  x\\x0ay  d\\x07:\n"},
	{"a name is one word of one line",
		"\"steps\":[{\"name\":\"a\\nb\",\"imageID\":\"i\\u0000j\\n\"}],\"results\":[{"
		"\"name\":\"r\\n    result s = 1\",\"value\":\"a\\u0000\\n\"}],"
		"\"skippedTasks\":[{\"name\":\"k\\n\",\"reason\":\"\\u001b[2J\"}]",
		"    step a\\x0ab  waiting  i\\x00j\\x0a\n"
		"    result r\\x0a    result s = 1 = \"a\\u0000\\n\"\n"
		"    k\\x0a  skipped: \n"},
	{"a result without a value", "\"results\":[{\"name\":\"r\"}]", "    result r = \n"},
	{"times that are further away than can be counted",
		"\"startTime\":\"1700-01-01T00:00:00Z\",\"completionTime\":\"2200-01-01T00:00:"
		"00Z\"",
		"    started 1700-01-01T00:00:00Z, took 2562047h47m16s\n"},
	{"nothing", "\"steps\":[]", ""},
};

static const char *text_of(struct arena *a, const char *json)
{
	struct json *items;
	struct err err = {0};
	struct buf b cleanup_buf;

	if (json_parse_zeros(a, str_z(json), MIB, &items, &err))
		fail_msg("%s", err.msg);
	const struct record r = {.items = items, .run = json_at(items, 0)};
	buf_init(&b, MIB);
	record_text(&r, &b);
	return str_c(arena_str(a, buf_str(&b)));
}

static void of_pipeline_run(void **state attr_unused)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct str in = arena_printf(a,
			"[{\"kind\":\"PipelineRun\",\"metadata\":{\"name\":\"r\"},\"status\":%"
			"s},"
			"{\"kind\":\"TaskRun\",\"metadata\":{\"name\":\"r-t\"},"
			"\"status\":" STATUS("%s") "}]",
			STATUS("\"a\":1"), cases[i].members);
		struct str want = arena_printf(a,
			"PipelineRun r  True  Succeeded\n\n\n  r-t  True  Succeeded\n%s",
			cases[i].want);

		print_message("%s\n", cases[i].name);
		assert_string_equal(text_of(a, str_c(in)), str_c(want));
	}
}

/* Of a TaskRun its own are shown, those of its results and artifacts further to the left. */
static void of_task_run(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();

	assert_string_equal(
		text_of(a, "[{\"kind\":\"TaskRun\",\"metadata\":{\"name\":\"t\"},"
			   "\"status\":" STATUS("\"steps\":[{\"name\":\"s\"}],\"sidecars\":[{"
						"\"name\":\"d\"}],"
						"\"results\":[{\"name\":\"r\",\"value\":[\"v\"]"
						"}],\"artifacts\":{"
						"\"outputs\":[{\"name\":\"o\",\"values\":[{"
						"\"uri\":\"u\"}]}]}") "}]"),
		"TaskRun t  True  Succeeded\n\n"
		"    step s  waiting  \n"
		"    sidecar d  waiting  \n"
		"result r = [\"v\"]\n"
		"output o  u\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_pipeline_run),
		cmocka_unit_test(of_task_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
