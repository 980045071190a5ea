/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a step: every byte, or its beginning and its end, and what is missing told. */
#include "../../entrypoint/steplog.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/num.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct arena *a;
	char dir[64];
	int dfd;
	struct steplog *log;
};

static void open_log(struct fixture *f, uint64_t limit)
{
	struct err err = {0};

	*f = (struct fixture){.a = arena_new(), .dir = "/tmp/monopod-steplog-XXXXXX"};
	assert_non_null(mkdtemp(f->dir));
	f->dfd = dir_open(AT_FDCWD, f->dir, &err);
	assert_int_equal(steplog_open(f->dfd, STR("s"), limit, &f->log, &err), 0);
}

static void close_log(struct fixture *f)
{
	steplog_close(f->log);
	assert_int_equal(dir_remove(AT_FDCWD, f->dir, NULL), 0);
	fd_close(&f->dfd);
	arena_free(f->a);
}

/* All files in order, and their names. */
static struct str whole(struct fixture *f, struct buf *names)
{
	struct buf all = {0};
	struct str *parts;
	struct str text;
	struct err err = {0};
	size_t n;

	buf_init(&all, 64 * MIB);
	buf_init(names, KIB);
	assert_int_equal(steplog_parts(f->a, f->dfd, STR("s"), &parts, &n, &err), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(
			file_read(f->a, f->dfd, str_c(parts[i]), 64 * MIB, &text, &err), 0);
		buf_adds(&all, text);
		buf_addf(names, "%s" STR_FMT, i ? " " : "", STR_ARG(parts[i]));
	}
	text = arena_str(f->a, buf_str(&all));
	buf_release(&all);
	return text;
}

static void without_a_limit_it_is_one_file(void **state)
{
	struct fixture f;
	struct buf names;
	struct str text;

	(void)state;
	open_log(&f, 0);
	for (int i = 0; i < 1000; i++)
		steplog_write(f.log, STR("a line\nand a part of one"));
	text = whole(&f, &names);
	assert_int_equal(text.n, 24000);
	assert_string_equal(names.p, "s.log");
	assert_int_equal(steplog_gaps(f.log).n_dropped, 0);
	buf_release(&names);
	close_log(&f);
}

/* Numbered lines, so that it can be seen which are there. */
static size_t write_lines(struct fixture *f, int from, int to)
{
	size_t n = 0;

	for (int i = from; i < to; i++) {
		struct str line = arena_printf(f->a, "line %d\n", i);

		steplog_write(f->log, line);
		n += line.n;
	}
	return n;
}

static void within_the_limit_nothing_is_dropped(void **state)
{
	struct fixture f;
	struct buf names;
	struct str text;
	size_t n;

	(void)state;
	open_log(&f, 4096);
	n = write_lines(&f, 1000, 1000 + 380);
	text = whole(&f, &names);
	assert_int_equal(text.n, n);
	assert_string_equal(names.p, "s.log s.log.1 s.log.2 s.log.3");
	assert_true(str_starts(text, STR("line 1000\nline 1001\n")));
	assert_int_equal(steplog_gaps(f.log).n_dropped, 0);
	buf_release(&names);
	close_log(&f);
}

static void beyond_it_the_middle_is(void **state)
{
	struct fixture f;
	struct buf names;
	struct str text, line, rest;
	struct steplog_gaps gaps;
	size_t n;
	int want = 10000;
	int n_told = 0;

	(void)state;
	open_log(&f, 4096);
	n = write_lines(&f, 10000, 99999);
	gaps = steplog_gaps(f.log);
	text = whole(&f, &names);
	assert_true(text.n <= 4096 + 100);
	assert_true(text.n > 4096 / 4 * 3);
	assert_true(str_starts(names.n ? buf_str(&names) : STR_NONE, STR("s.log s.log.")));
	assert_true(str_ends(text, STR("line 99998\n")));
	rest = text;
	while (str_cut(rest, '\n', &line, &rest)) {
		if (str_starts(line, STR("monopod: "))) {
			assert_true(str_eq(
				line, arena_printf(f.a,
					      "monopod: %llu bytes with %llu line ends were "
					      "dropped here, "
					      "--log-limit is 4096",
					      (unsigned long long)gaps.n_dropped,
					      (unsigned long long)gaps.n_lines_dropped)));
			assert_int_equal(gaps.n_dropped, gaps.n_lines_dropped * 11);
			want += (int)gaps.n_lines_dropped;
			n_told++;
			continue;
		}
		assert_true(str_eq(line, arena_printf(f.a, "line %d", want)));
		want++;
	}
	assert_int_equal(want, 99999);
	assert_int_equal(n_told, 1);
	/* what is there and what was dropped is all */
	assert_true(n > gaps.n_dropped);
	buf_release(&names);
	close_log(&f);
}

/* No line ends at all, in pieces larger than the whole limit. */
static void an_endless_line_is_cut_anywhere(void **state)
{
	enum { PIECE = 10000, PIECES = 100 };
	static char piece[PIECE];
	struct fixture f;
	struct buf names;
	struct str text;
	const char *note;

	(void)state;
	open_log(&f, 4096);
	memset(piece, 'x', sizeof(piece));
	for (int i = 0; i < PIECES; i++)
		steplog_write(f.log, (struct str){piece, sizeof(piece)});
	steplog_write(f.log, STR("the end"));
	text = whole(&f, &names);
	assert_true(text.n <= 4096 + 100);
	assert_true(str_ends(text, STR("xthe end")));
	note = strstr(str_c(text), "x\nmonopod: ");
	assert_non_null(note);
	assert_int_equal(steplog_gaps(f.log).n_lines_dropped, 0);
	assert_int_equal(text.n + steplog_gaps(f.log).n_dropped -
				 (size_t)(strchr(note + 2, '\n') - note),
		PIECE * PIECES + 7);
	buf_release(&names);
	close_log(&f);
}

static void the_tail_spans_files(void **state)
{
	static const size_t sizes[] = {0, 1, 10, 1000, 3000, 100000};
	struct fixture f;
	struct buf names;
	struct str text;

	(void)state;
	open_log(&f, 4096);
	steplog_write(f.log, (struct str){"\0binary\0", 8});
	(void)write_lines(&f, 1000, 2000);
	text = whole(&f, &names);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct str tail = steplog_tail(f.a, f.dfd, STR("s"), sizes[i]);

		assert_int_equal(tail.n, sizes[i] < text.n ? sizes[i] : text.n);
		assert_true(str_ends(text, tail));
	}
	assert_int_equal(steplog_tail(f.a, f.dfd, STR("other"), 10).n, 0);
	buf_release(&names);
	close_log(&f);
}

/* Files that only look like parts are none. */
static void names_of_parts(void **state)
{
	static const char *const others[] = {
		"s.log.x", "s.log.", "s.log.0", "s.log.-1", "s.log.1 ", "t.log", "s.log2"};
	struct fixture f;
	struct buf names;

	(void)state;
	open_log(&f, 0);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(file_write_atomic(f.dfd, others[i], STR("no"), 0600, NULL), 0);
	assert_int_equal(file_write_atomic(f.dfd, "s.log.10", STR("b"), 0600, NULL), 0);
	assert_int_equal(file_write_atomic(f.dfd, "s.log.9", STR("a"), 0600, NULL), 0);
	assert_true(str_eqz(whole(&f, &names), "ab"));
	assert_string_equal(names.p, "s.log s.log.9 s.log.10");
	buf_release(&names);
	close_log(&f);
}

/* What cannot be written is told in the log as soon as it can. */
static void a_gap_is_told_at_its_place(void **state)
{
	const struct rlimit small = {20, RLIM_INFINITY};
	const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
	const struct sigaction ignored = {.sa_handler = SIG_IGN};
	struct fixture f;
	struct buf names;

	(void)state;
	assert_int_equal(sigaction(SIGXFSZ, &ignored, NULL), 0);
	open_log(&f, 0);
	steplog_write(f.log, STR("before\n"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	steplog_write(f.log, STR("a line that does not fit\n"));
	steplog_write(f.log, STR("nor does this\n"));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	steplog_write(f.log, STR("after\n"));
	assert_string_equal(str_c(whole(&f, &names)),
		"before\na line that d\n"
		"monopod: 26 bytes are missing here, they could not be written: File too "
		"large\n"
		"after\n");
	assert_int_equal(steplog_gaps(f.log).n_lost, 26);
	assert_int_equal(steplog_gaps(f.log).n_dropped, 0);
	buf_release(&names);
	close_log(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_limit_it_is_one_file),
		cmocka_unit_test(within_the_limit_nothing_is_dropped),
		cmocka_unit_test(beyond_it_the_middle_is),
		cmocka_unit_test(an_endless_line_is_cut_anywhere),
		cmocka_unit_test(the_tail_spans_files),
		cmocka_unit_test(names_of_parts),
		cmocka_unit_test(a_gap_is_told_at_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
