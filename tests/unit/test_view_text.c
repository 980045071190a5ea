/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of steps as they may be shown, and times in words. */
#include "entrypoint/view_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those four first */
#include <cmocka.h>

static void safe(void **state)
{
	static const struct {
		struct str in;
		size_t cols;
		const char *want;
	} cases[] = {
		{STR_INIT(""), 0, ""},
		{STR_INIT("plain text"), 0, "plain text"},
		{STR_INIT("a\tb"), 0, "a    b"},
		{STR_INIT("\033[31mred\033[0m"), 0, "red"},
		{STR_INIT("\033]0;title\007after"), 0, "after"},
		{STR_INIT("\033]8;;http://x\033\\link"), 0, "link"},
		{STR_INIT("\033[2J\033[Hgone"), 0, "gone"},
		{STR_INIT("\033"), 0, ""},
		{STR_INIT("\033["), 0, ""},
		{STR_INIT("\033[1;"), 0, ""},
		{STR_INIT("10%\r50%\r100%"), 0, "100%"},
		{STR_INIT("line\r"), 0, "line"},
		{STR_INIT("bell\007nul\0end"), 0, "bell\\x07nul\\x00end"},
		{STR_INIT("\x7f"), 0, "\\x7f"},
		{STR_INIT("caf\xc3\xa9"), 0, "caf\xc3\xa9"},
		{STR_INIT("bad\xff\xfe"), 0, "bad\\xff\\xfe"},
		{STR_INIT("c1\xc2\x9b"
			  "31m"),
			0, "c1\\x9b31m"},
		{STR_INIT("1234567890"), 5, "1234\xe2\x80\xa6"},
		{STR_INIT("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), 3,
			"\xc3\xa9\xc3\xa9\xe2\x80\xa6"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b;
		buf_init(&b, 4096);
		view_text_safe(&b, cases[i].in, cases[i].cols);
		assert_string_equal(b.n ? b.p : "", cases[i].want);
		buf_release(&b);
	}
}

static void times(void **state)
{
	static const struct {
		int64_t ns;
		const char *want;
	} cases[] = {
		{0, "0ms"},
		{-5, "0ms"},
		{1999999, "1ms"},
		{999000000, "999ms"},
		{1000000000, "1.0s"},
		{59999000000, "59.9s"},
		{60000000000, "1m00s"},
		{3725000000000, "62m05s"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b;
		buf_init(&b, 64);
		view_text_time(&b, cases[i].ns);
		assert_string_equal(b.p, cases[i].want);
		buf_release(&b);
	}
}

static void ends(void **state)
{
	static const struct {
		struct step_view s;
		const char *want;
	} cases[] = {
		{{.exit_code = 7, .reason = STR_INIT("Error")}, "exit code 7"},
		{{.exit_code = 255, .signal = 9, .reason = STR_INIT("Error")},
			"killed by signal 9 (SIGKILL)"},
		{{.exit_code = 1, .termination_reason = STR_INIT("TimeoutExceeded")},
			"stopped because it exceeded its timeout"},
		{{.exit_code = 1, .reason = STR_INIT("TaskRunTimeout")},
			"exit code 1 (TaskRunTimeout)"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b;
		buf_init(&b, 256);
		view_step_end(&b, &cases[i].s);
		assert_string_equal(b.p, cases[i].want);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(safe),
		cmocka_unit_test(times),
		cmocka_unit_test(ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
