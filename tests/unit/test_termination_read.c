/* SPDX-License-Identifier: Apache-2.0 */
/* Reading termination messages: what ours hold, and everything else refused. */
#include "../../entrypoint/termination_read.h"

#include "../../entrypoint/termination.h"

#include <base/attr.h>
#include <base/base64.h>
#include <base/bounds.h>
#include <base/buf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define REC(k, v, t) "{\"key\":\"" k "\",\"value\":\"" v "\",\"type\":" t "}"
#define V            REC("monopod/verdict", "True Succeeded all is well", "3")
#define HEX          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct str digits_of(struct arena *a, const void *p, size_t n, bool padded)
{
	struct buf b cleanup_buf;

	buf_init(&b, MIB);
	buf_addz(&b, "tknz:");
	base64_add(&b, (struct str){.p = p, .n = n}, padded);
	return arena_str(a, buf_str(&b));
}

/* As a writer does it. */
static struct str pack(struct arena *a, struct str text)
{
	size_t max = text.n + 1024;
	unsigned char *out = arena_alloc(a, max);
	z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)text.p,
		.avail_in = (uInt)text.n,
		.next_out = out,
		.avail_out = (uInt)max};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return digits_of(a, out, z.total_out, false);
}

static void all_records(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct str text = STR("[" V "," REC("r", "a\\nb", "1") "," REC(
		"monopod/verdict", "mine", "1") "," REC("monopod/omitted",
		"big a-task and 3 more", "3") "," REC("monopod/run.json",
		"sha256:" HEX " /run/a b/run.json", "3") "," REC("monopod/later", "x",
		"3") "," REC("monopod/task/run-a", "False StepFailed", "3") "]\n   ");
	struct str forms[2] = {text, pack(a, str_trim(text))};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct told t;
		struct err err = {0};

		if (told_read(a, forms[i], &t, &err))
			fail_msg("%s", err.msg);
		assert_true(str_eqz(t.status, "True"));
		assert_true(str_eqz(t.reason, "Succeeded"));
		assert_true(str_eqz(t.message, "all is well"));
		assert_int_equal(t.n_results, 2);
		assert_true(str_eqz(t.results[0].name, "r"));
		assert_true(str_eqz(t.results[0].value, "a\nb"));
		assert_true(str_eqz(t.results[1].name, "monopod/verdict"));
		assert_true(str_eqz(t.omitted, "big a-task and 3 more"));
		assert_true(str_eqz(t.digest, "sha256:" HEX));
		assert_true(str_eqz(t.path, "/run/a b/run.json"));
		assert_int_equal(t.n_task_runs, 1);
		assert_true(str_eqz(t.task_runs[0].name, "run-a"));
		assert_true(str_eqz(t.task_runs[0].status, "False"));
		assert_true(str_eqz(t.task_runs[0].reason, "StepFailed"));
	}
}

/* What the writer writes comes back whole, however it had to pack it. */
static void what_is_written_is_read(void **state)
{
	static const size_t sizes[] = {0, 1, 40, 300, 2000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct arena *a cleanup_arena = arena_new();
		struct termination_item *tasks =
			arena_new_array(a, struct termination_item, sizes[i] + 1);
		struct termination_item result = {STR("r"), STR("<\"é\n>\0z")};
		struct termination_text text = {.verdict = STR("Unknown Running"),
			.results = &result,
			.n_results = 1,
			.run_json = STR("sha256:" HEX " /r"),
			.tasks = tasks,
			.n_tasks = sizes[i]};
		struct told t;
		struct err err = {0};

		for (size_t k = 0; k < sizes[i]; k++)
			tasks[k] = (struct termination_item){
				arena_printf(a, "run-task-%zu", k), STR("True Succeeded")};
		if (told_read(a, termination_encode(a, &text), &t, &err))
			fail_msg("%s", err.msg);
		assert_true(str_eq(t.results[0].value, result.value));
		assert_true(t.n_task_runs == sizes[i] || t.omitted.n);
		assert_int_equal(t.message.n, 0);
		for (size_t k = 0; k < t.n_task_runs; k++)
			assert_true(str_eq(t.task_runs[k].name, tasks[k].name));
	}
}

struct refusal {
	const char *text;
	enum err_kind kind;
	const char *want;
};

static const struct refusal refusals[] = {
	{"", ERR_NOT_FOUND, "there is none"},
	{" \n\t ", ERR_NOT_FOUND, "there is none"},
	{"hello", ERR_SPEC, ""},
	{"{}", ERR_SPEC, "expected an array of records"},
	{"7", ERR_SPEC, "expected an array of records"},
	{"[]", ERR_SPEC, "no record 'monopod/verdict'"},
	{"[" REC("monopod/verdict", "True Succeeded", "1") "]", ERR_SPEC, "no record"},
	{"[" V "," V "]", ERR_SPEC, "there twice"},
	{"[" V "," REC("r", "1", "1") "," REC("r", "2", "1") "]", ERR_SPEC, "there twice"},
	{"[" V
	 "," REC("monopod/task/t", "True A", "3") "," REC("monopod/task/t", "False A", "3") "]",
		ERR_SPEC, "there twice"},
	{"[" V ",7]", ERR_SPEC, "a record is {key, value, type}"},
	{"[{\"key\":\"monopod/verdict\",\"value\":\"True Succeeded\"}]", ERR_SPEC,
		"a record is"},
	{"[{\"key\":\"monopod/verdict\",\"value\":7,\"type\":3}]", ERR_SPEC, "a record is"},
	{"[{\"key\":\"monopod/verdict\",\"value\":\"True A\",\"type\":\"3\"}]", ERR_SPEC,
		"a record is"},
	{"[" V "," REC("x", "y", "2") "]", ERR_SPEC, "a record of type 2"},
	{"[" V "," REC("x", "y", "-1") "]", ERR_SPEC, "a record is"},
	{"[" REC("monopod/verdict", "True", "3") "]", ERR_SPEC, "a status is"},
	{"[" REC("monopod/verdict", "true Succeeded", "3") "]", ERR_SPEC, "a status is"},
	{"[" REC("monopod/verdict", "", "3") "]", ERR_SPEC, "a status is"},
	{"[" REC("monopod/verdict", "True ", "3") "]", ERR_SPEC, "a reason is one word"},
	{"[" REC("monopod/verdict", "True  x", "3") "]", ERR_SPEC, "a reason is one word"},
	{"[" REC("monopod/verdict", "True a-b x", "3") "]", ERR_SPEC, "a reason is one word"},
	{"[" V "," REC("monopod/task/t", "Good x", "3") "]", ERR_SPEC,
		"a TaskRun: a status is"},
	{"[" V "," REC("monopod/run.json", "sha256:" HEX, "3") "]", ERR_SPEC,
		"a sha256 digest"},
	{"[" V "," REC("monopod/run.json", "sha256:" HEX "0 /r", "3") "]", ERR_SPEC,
		"a sha256 digest"},
	{"[" V "," REC("monopod/run.json",
		 "sha256:ABCDEF6789abcdef0123456789abcdef0123456789abcdef"
		 "0123456789abcdef /r",
		 "3") "]",
		ERR_SPEC, "a sha256 digest"},
	{"[" V "]x", ERR_SPEC, ""},
	{"[" V ",", ERR_SPEC, ""},
	{"[{\"key\":\"monopod/verdict\",\"key\":\"x\",\"value\":\"True A\",\"type\":3}]",
		ERR_SPEC, ""},
	{"tknz:", ERR_SPEC, "damaged or cut"},
	{"tknz:AAAA", ERR_SPEC, "damaged or cut"},
	{"tknz:!!!!", ERR_SPEC, "is not base64"},
	{"tknz:A", ERR_SPEC, "is not base64"},
};

static void others_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct arena *a cleanup_arena = arena_new();
		const struct told none = {0};
		struct told t;
		struct err err = {0};

		if (told_read(a, str_z(refusals[i].text), &t, &err) == 0)
			fail_msg("%s: was taken", refusals[i].text);
		if (err.kind != refusals[i].kind ||
			!str_has(str_z(err.msg), str_z(refusals[i].want)))
			fail_msg("%s: %s", refusals[i].text, err.msg);
		assert_memory_equal(&t, &none, sizeof(t));
	}
}

/* 12 MiB of blanks are 12 KiB packed: not more is unpacked than a message may hold. */
static void bombs_are_bounded(void **state)
{
	enum { BOMB = 8 * MIB };
	struct arena *a cleanup_arena = arena_new();
	char *blanks = arena_alloc(a, BOMB);
	size_t n_before;
	struct told t;
	struct err err = {0};
	struct str text;

	(void)state;
	memset(blanks, ' ', BOMB);
	text = pack(a, (struct str){blanks, BOMB});
	assert_true(text.n < 12 * KIB);
	n_before = arena_bytes(a);
	assert_int_equal(told_read(a, text, &t, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_true(arena_bytes(a) - n_before < 256 * KIB);
}

static void cut_ones_are_refused(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct str whole = pack(a, STR("[" V "," REC("r", "value", "1") "]"));

	(void)state;
	for (size_t n = 6; n < whole.n; n++) {
		struct told t;

		assert_int_equal(told_read(a, str_slice(whole, 0, n), &t, NULL), -1);
	}
	for (size_t n = 1; n < whole.n; n++) {
		struct told t;

		assert_int_equal(told_read(a, str_slice(whole, n, whole.n), &t, NULL), -1);
	}
}

static void too_long_is_refused(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	char *p = arena_alloc(a, 12 * KIB + 1);
	struct told t;
	struct err err = {0};

	(void)state;
	memset(p, '[', 12 * KIB + 1);
	assert_int_equal(told_read(a, (struct str){p, 12 * KIB + 1}, &t, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	err = (struct err){0};
	assert_int_equal(told_read(a, (struct str){p, 4096}, &t, &err), -1);
	assert_non_null(strstr(err.msg, "Kubernetes cuts the beginning"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_records),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(bombs_are_bounded),
		cmocka_unit_test(cut_ones_are_refused),
		cmocka_unit_test(too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
