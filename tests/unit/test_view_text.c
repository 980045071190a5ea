/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of steps as they may be shown, and times in words. */
#include "entrypoint/view_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those four first */
#include <cmocka.h>
#include <string.h>

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
		{STR_INIT("12345"), 5, "12345"},
		{STR_INIT("123456"), 1, "\xe2\x80\xa6"},
		{STR_INIT("1\007234"), 5, "1\xe2\x80\xa6"},
		{STR_INIT("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"), 5,
			"\xe6\x97\xa5\xe6\x9c\xac\xe2\x80\xa6"},
		{STR_INIT("\xe6\x97\xa5\xe6\x9c\xac"), 4, "\xe6\x97\xa5\xe6\x9c\xac"},
		{STR_INIT("a\xe2\x80\xae"
			  "b"),
			0, "a\\u202eb"},
		{STR_INIT("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"), 3,
			"\xc3\xa9\xc3\xa9\xe2\x80\xa6"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b;
		buf_init(&b, 4096);
		view_text_safe(&b, cases[i].in, cases[i].cols, false);
		assert_string_equal(b.n ? b.p : "", cases[i].want);
		if (cases[i].cols)
			assert_true(view_text_cols(buf_str(&b)) <= cases[i].cols);
		buf_release(&b);
	}
}

static void ascii(void **state)
{
	static const struct {
		struct str in;
		size_t cols;
		const char *want;
	} cases[] = {
		{STR_INIT("caf\xc3\xa9 \xe2\x9c\x93"), 0, "caf? ?"},
		{STR_INIT("\xff"), 0, "\\xff"},
		{STR_INIT("1234567890"), 6, "123..."},
		{STR_INIT("1234567890"), 2, ".."},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b;
		buf_init(&b, 4096);
		view_text_safe(&b, cases[i].in, cases[i].cols, true);
		assert_string_equal(b.p, cases[i].want);
		buf_release(&b);
	}
}

/* Whatever the bytes are, the width holds. */
static void width(void **state)
{
	static const char *const parts[] = {"a", "\t", "\x01", "\xe6\x97\xa5", "\xff",
		"\xe2\x80\xae", "\033[1m", "\r", "\xf0\x9f\x98\x80"};
	uint32_t seed = 1;
	(void)state;
	for (size_t round = 0; round < 5000; round++) {
		struct buf in, out;
		size_t cols = 1 + round % 17;
		buf_init(&in, 4096);
		buf_init(&out, 4096);
		for (size_t i = 0; i < round % 23; i++) {
			seed = seed * 1664525 + 1013904223;
			buf_addz(&in, parts[(seed >> 16) % ARRAY_SIZE(parts)]);
		}
		view_text_safe(&out, buf_str(&in), cols, round & 1);
		assert_true(view_text_cols(buf_str(&out)) <= cols);
		for (size_t i = 0; i < out.n; i++)
			assert_true((unsigned char)out.p[i] >= 0x20 && out.p[i] != 0x7f);
		buf_release(&in);
		buf_release(&out);
	}
}

/* Without a width characters are taken many at a time; what is shown is the same. */
static void many_at_a_time(void **state)
{
	static const char *const parts[] = {"a", "plain words ", "~", "\t", "\x01", "\x7f",
		"\xe6\x97\xa5", "\xff", "\xe2\x80\xae", "\033[1m", "\r", " "};
	uint32_t seed = 7;
	(void)state;
	for (size_t round = 0; round < 2000; round++) {
		struct buf in, one, many;
		buf_init(&in, 4096);
		buf_init(&one, 4096);
		buf_init(&many, 4096);
		for (size_t i = 0; i < 1 + round % 23; i++) {
			seed = seed * 1664525 + 1013904223;
			buf_addz(&in, parts[(seed >> 16) % ARRAY_SIZE(parts)]);
		}
		view_text_safe(&one, buf_str(&in), 4000, round & 1);
		view_text_safe(&many, buf_str(&in), 0, round & 1);
		assert_true(str_eq(buf_str(&one), buf_str(&many)));
		buf_release(&in);
		buf_release(&one);
		buf_release(&many);
	}
}

static void fit(void **state)
{
	static const struct {
		const char *in;
		size_t cols;
		bool is_ascii;
		const char *want;
	} cases[] = {
		{"12345", 5, false, "12345"},
		{"123456", 5, false, "1234\xe2\x80\xa6"},
		{"123456", 5, true, "12..."},
		{"\033[31m12\033[0m345", 5, false, "\033[31m12\033[0m345"},
		{"\033[31m123456\033[0m", 5, false, "\033[31m1234\xe2\x80\xa6\033[0m"},
		{"123456", 0, false, "123456"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b;
		buf_init(&b, 4096);
		buf_addz(&b, "before ");
		buf_addz(&b, cases[i].in);
		view_text_fit(&b, 7, cases[i].cols, cases[i].is_ascii);
		assert_string_equal(b.p + 7, cases[i].want);
		buf_release(&b);
	}
}

/* One line, whatever is in it, and the next column where it should be. */
static void cell(void **state)
{
	static const struct {
		struct str word;
		size_t cols;
		const char *want;
	} cases[] = {
		{STR_INIT(""), 0, ""},
		{STR_INIT(""), 3, "   "},
		{STR_INIT("ab"), 3, "ab "},
		{STR_INIT("abcd"), 3, "abcd"},
		{STR_INIT("a\n\0"), 12, "a\\x0a\\x00   "},
		{STR_INIT("\xe6\x97\xa5"), 4, "\xe6\x97\xa5  "},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf b;
		buf_init(&b, 64);
		buf_addz(&b, "before ");
		view_text_cell(&b, cases[i].word, cases[i].cols);
		assert_string_equal(b.p + strlen("before "), cases[i].want);
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
		{3599000000000, "59m59s"},
		{3725000000000, "1h02m05s"},
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
		{{.exit_code = 7,
			 .termination_reason = STR_INIT("Error"),
			 .reason = STR_INIT("Error")},
			"exit code 7"},
		{{.exit_code = 255,
			 .signal = 9,
			 .termination_reason = STR_INIT("Error"),
			 .reason = STR_INIT("Error")},
			"killed by signal 9 (SIGKILL)"},
		{{.exit_code = 137,
			 .signal = 9,
			 .termination_reason = STR_INIT("Error"),
			 .reason = STR_INIT("OOMKilled")},
			"killed by signal 9 (SIGKILL) (OOMKilled)"},
		{{.exit_code = 3, .termination_reason = STR_INIT("Continued")},
			"exit code 3, ignored"},
		{{.exit_code = 1, .termination_reason = STR_INIT("TimeoutExceeded")},
			"stopped: it exceeded its timeout"},
		{{.exit_code = 1, .termination_reason = STR_INIT("TaskRunTimeout")},
			"stopped: the task exceeded its timeout"},
		{{.exit_code = 1, .termination_reason = STR_INIT("TaskRunImagePullFailed")},
			"did not run: TaskRunImagePullFailed"},
		{{.exit_code = 1,
			 .image_id = STR_INIT("sha256:1"),
			 .termination_reason = STR_INIT("PodEvicted")},
			"stopped: PodEvicted"},
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

/* The clock may stand still between the start of a step and its end. */
static void marks(void **state)
{
	static const struct {
		struct step_view s;
		enum view_mark want;
	} cases[] = {
		{{.state = STEP_WAITING}, MARK_WAITING},
		{{.state = STEP_RUNNING}, MARK_RUNNING},
		{{.state = STEP_ENDED, .termination_reason = STR_INIT("Error")}, MARK_FAILED},
		{{.state = STEP_ENDED,
			 .termination_reason = STR_INIT("TaskRunCancelled"),
			 .started_ns = 7,
			 .ended_ns = 7},
			MARK_SKIPPED},
		{{.state = STEP_ENDED,
			 .termination_reason = STR_INIT("TaskRunCancelled"),
			 .started_ns = 7,
			 .ended_ns = 8},
			MARK_FAILED},
		{{.state = STEP_ENDED,
			 .termination_reason = STR_INIT("TaskRunCancelled"),
			 .image_id = STR_INIT("sha256:1"),
			 .started_ns = 7,
			 .ended_ns = 7},
			MARK_FAILED},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(view_step_mark(&cases[i].s), cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(safe),
		cmocka_unit_test(ascii),
		cmocka_unit_test(width),
		cmocka_unit_test(many_at_a_time),
		cmocka_unit_test(fit),
		cmocka_unit_test(cell),
		cmocka_unit_test(times),
		cmocka_unit_test(ends),
		cmocka_unit_test(marks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
