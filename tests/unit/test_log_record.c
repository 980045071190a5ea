/* SPDX-License-Identifier: Apache-2.0 */
/* run.json in a log: written, found again among other lines, never taken from a forger. */
#include "../../entrypoint/log_record.h"

#include <base/attr.h>
#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <monopod/images.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static int memory_file(struct str text)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text.p, text.n, NULL), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static struct str frame_of(struct arena *a, struct str text)
{
	int in cleanup_fd = memory_file(text);
	int out cleanup_fd = memory_file(STR(""));
	struct err err = {0};
	struct str log;

	if (log_record_write(in, image_digest_text(a, text), out, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(lseek(out, 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(a, out, 64 * MIB, &log, NULL), 0);
	return log;
}

/* Text that does not compress. */
static struct str noise(struct arena *a, size_t n)
{
	char *p = arena_alloc(a, n + 1);
	uint32_t x = 7;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (char)(x >> 24);
	}
	return (struct str){p, n};
}

/* Each line with something before it. */
static struct str prefixed(struct arena *a, const char *prefix, const char *end, struct str log)
{
	struct buf b cleanup_buf;
	struct str line;

	buf_init(&b, 64 * MIB);
	while (str_cut(log, '\n', &line, &log))
		buf_addf(&b, "%s" STR_FMT "%s\n", prefix, STR_ARG(line), end);
	return arena_str(a, buf_str(&b));
}

static void expect(struct arena *a, struct str log, struct str text)
{
	struct err err = {0};
	struct str got;

	if (log_record_read(a, log, image_digest_text(a, text), &got, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(got.n, text.n);
	assert_memory_equal(got.p, text.p, text.n);
}

static void round_trips(void **state)
{
	static const size_t sizes[] = {1, 100, 2999, 3000, 3001, 6000, 100000, 2000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct arena *a cleanup_arena = arena_new();
		struct str text = noise(a, sizes[i]);
		struct str log = frame_of(a, text);
		struct str rest = log, line;

		expect(a, log, text);
		while (str_cut(rest, '\n', &line, &rest)) {
			assert_true(line.n < 4096);
			assert_true(str_starts(line, STR("monopod-run.json ")));
		}
	}
}

/* As kubectl, containerd's files and a terminal show a log. */
static void collectors_change_lines(void **state)
{
	static const struct {
		const char *prefix, *end;
	} forms[] = {
		{"2026-11-22T12:58:19.123456789Z ", ""},
		{"2026-11-22T12:58:19.123456789Z stdout F ", ""},
		{"2026-11-22T12:58:19Z stderr F ", ""},
		{"", "\r"},
		{"noise\n[a/b] monopod-run.json begin x\nmonopod-run.json\n", ""},
	};
	struct arena *a cleanup_arena = arena_new();
	struct str text = noise(a, 10000);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		expect(a, prefixed(a, forms[i].prefix, forms[i].end, frame_of(a, text)), text);
}

/* Others around it, whole or not: the digest chooses. */
static void the_digest_chooses(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct str text = noise(a, 10000);
	struct str good = frame_of(a, text);
	struct str other = frame_of(a, STR("{\"another\": 1}"));
	struct str torn = str_slice(good, 0, good.n / 2);
	struct buf forged cleanup_buf;

	(void)state;
	/* the digest of ours, the bytes of another */
	buf_init(&forged, MIB);
	buf_addf(&forged, "monopod-run.json begin " STR_FMT " 14\n",
		STR_ARG(image_digest_text(a, text)));
	buf_adds(&forged, str_slice(other, (size_t)str_chr(other, '\n') + 1, other.n));
	expect(a,
		arena_printf(a, STR_FMT STR_FMT STR_FMT "\n" STR_FMT STR_FMT, STR_ARG(other),
			STR_ARG(buf_str(&forged)), STR_ARG(torn), STR_ARG(good),
			STR_ARG(other)),
		text);
}

static void refuse(struct arena *a, struct str log, struct str text, const char *want)
{
	struct err err = {0};
	struct str got = STR("x");

	assert_int_equal(log_record_read(a, log, image_digest_text(a, text), &got, &err), -1);
	if (!strstr(err.msg, want))
		fail_msg("%s, not %s", err.msg, want);
	assert_null(got.p);
}

/* The log without one line. */
static struct str without_line(struct arena *a, struct str log, size_t n)
{
	struct buf b cleanup_buf;
	struct str line;

	buf_init(&b, 64 * MIB);
	for (size_t i = 0; str_cut(log, '\n', &line, &log); i++) {
		if (i != n)
			buf_addf(&b, STR_FMT "\n", STR_ARG(line));
	}
	return arena_str(a, buf_str(&b));
}

static void broken_ones_are_refused(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct str text = noise(a, 10000);
	struct str log = frame_of(a, text);
	char *bad = arena_alloc(a, log.n + 1);

	(void)state;
	refuse(a, STR(""), text, "there is no record of");
	refuse(a, prefixed(a, "[a/b] ", "", log), text, "there is no record of");
	refuse(a, prefixed(a, " ", "", log), text, "there is no record of");
	refuse(a, without_line(a, log, 0), text, "its beginning is missing");
	refuse(a, without_line(a, log, 1), text, "a line is missing");
	refuse(a, without_line(a, log, 2), text, "a line is missing");
	refuse(a, without_line(a, log, 4), text, "its end is missing");
	refuse(a, without_line(a, log, 5), text, "its end is missing");
	refuse(a, str_slice(log, 0, log.n / 2), text, "");
	for (size_t i = 200; i < log.n; i += 97) {
		struct str got;

		memcpy(bad, log.p, log.n);
		bad[i] = bad[i] == 'A' ? 'B' : 'A';
		assert_int_equal(log_record_read(a, (struct str){bad, log.n},
					 image_digest_text(a, text), &got, NULL),
			-1);
	}
}

/* A kubelet that rotated the log gives only its end, from within any line on; a follower that
 * was cut off has its beginning. */
static void a_rotated_log_is_told(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct str text = noise(a, 3000);
	const struct str time = STR("2026-11-22T12:58:10.000000001Z ");
	struct str log = prefixed(a, time.p, "", frame_of(a, text));
	struct str older = frame_of(a, noise(a, 500));
	const char *end = strstr(log.p, "monopod-run.json end");
	const char *digest = strstr(log.p, "sha256:");
	size_t begun;

	(void)state;
	assert_non_null(end);
	assert_non_null(digest);
	begun = (size_t)(strchr(digest, ' ') - log.p);
	for (size_t i = 1; i <= log.n; i++) {
		struct str rest = str_slice(log, i, log.n);

		/* what is left of the first line has no time any more */
		if (str_starts(rest, STR("monopod-run.json begin")) || rest.p[-1] == '\n')
			continue;
		refuse(a, rest, text,
			rest.p > end - time.n && rest.p != end ? "there is no record of"
							       : "its beginning is missing");
	}
	for (size_t i = 0; i + 1 < log.n; i += 7)
		refuse(a, str_slice(log, 0, i), text,
			i <= begun ? "there is no record of" : "is not whole");
	refuse(a, older, text, "there is no record of");
	/* the rest of one, and a whole one behind it */
	expect(a,
		arena_printf(a, STR_FMT STR_FMT, STR_ARG(str_slice(older, 120, older.n)),
			STR_ARG(log)),
		text);
}

/* Nobody reads: an error after a while, not for ever. */
static void a_closed_log_is_an_error(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct str text = noise(a, 10000);
	int in cleanup_fd = memory_file(text);
	int out cleanup_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err err = {0};

	(void)state;
	assert_int_equal(log_record_write(in, image_digest_text(a, text), out, &err), -1);
	assert_true(err.kind != ERR_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(collectors_change_lines),
		cmocka_unit_test(the_digest_chooses),
		cmocka_unit_test(broken_ones_are_refused),
		cmocka_unit_test(a_rotated_log_is_told),
		cmocka_unit_test(a_closed_log_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
