/* SPDX-License-Identifier: Apache-2.0 */
/* The journal's framing: what is written can be read, what is damaged is not. */
#include "../../entrypoint/journal.h"

#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	char dir[64];
	int dfd;
	struct arena *a;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	(void)snprintf(f->dir, sizeof(f->dir), "/tmp/test-journal-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->dfd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	f->a = arena_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(dir_remove(AT_FDCWD, f->dir, NULL), 0);
	fd_close(&f->dfd);
	arena_free(f->a);
	free(f);
	return 0;
}

static void crc_is_the_usual_one(void **state)
{
	(void)state;
	/* the check value of CRC-32/ISO-HDLC, as zlib's crc32 gives it */
	assert_int_equal(journal_crc(STR("123456789")), 0xcbf43926);
	assert_int_equal(journal_crc(STR_NONE), 0);
}

static void records_come_back(void **state)
{
	static const char *const records[] = {"{\"a\":1}", "{}", "{\"text\":\"x y\"}"};
	struct fixture *f = *state;
	struct journal j;
	struct err err = {0};
	struct str text;
	struct journal_text got;
	struct stat st;

	assert_int_equal(journal_create(&j, f->dfd, "journal", &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		assert_int_equal(journal_append(&j, str_z(records[i]), i == 1, &err), 0);
	journal_close(&j);
	assert_int_equal(fstatat(f->dfd, "journal", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_read(f->a, f->dfd, "journal", 4096, &text, &err), 0);
	journal_parse(f->a, text, &got);
	assert_int_equal(got.n, ARRAY_SIZE(records));
	assert_int_equal(got.n_valid_bytes, text.n);
	for (size_t i = 0; i < got.n; i++)
		assert_true(str_eqz(got.records[i], records[i]));
}

static void an_old_journal_is_not_taken(void **state)
{
	struct fixture *f = *state;
	struct journal j;
	struct err err = {0};

	assert_int_equal(file_write(f->dfd, "journal", STR("old"), 0600, &err), 0);
	assert_int_equal(journal_create(&j, f->dfd, "journal", &err), -1);
}

static void reading_stops_at_damage(void **state)
{
	static const struct {
		const char *name;
		const char *before, *after; /* a valid line */
		size_t n_records;
		bool is_damaged;
	} cases[] = {
		{"nothing", NULL, "", 0, false},
		{"torn line", "", "0a1b2c3d {\"x\"", 1, false},
		{"line without its end", "", "cbf43926 123456789", 1, false},
		{"complete line", "", "cbf43926 123456789\n", 2, false},
		{"wrong sum", "", "cbf43927 123456789\n", 1, false},
		{"changed record", "", "cbf43926 123456780\n", 1, false},
		{"damage in front", NULL, "garbage\ncbf43926 123456789\n", 0, true},
		{"capital digits", "", "CBF43926 123456789\n", 1, false},
		{"only a sum", "", "cbf43926 \n", 1, false},
		{"blank line", "", "\n", 1, false},
		{"good after bad is not believed", "", "bad\ncbf43926 123456789\n", 1, true},
		{"good after much that is bad", "", "a\n\nb\ncbf43926 123456789\nc", 1, true},
		{"the end of a good one after bad", "", "bad\ncbf43926 123456789", 1, false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[256];
		struct journal_text got;

		(void)snprintf(text, sizeof(text), "%s%s%s",
			cases[i].before ? cases[i].before : "",
			cases[i].before ? "cbf43926 123456789\n" : "", cases[i].after);
		journal_parse(f->a, str_z(text), &got);
		if (got.n != cases[i].n_records)
			fail_msg("%s: %zu records", cases[i].name, got.n);
		if (got.is_damaged != cases[i].is_damaged)
			fail_msg("%s: damaged: %d", cases[i].name, got.is_damaged);
		assert_int_equal(got.n_valid_bytes, got.n * strlen("cbf43926 123456789\n"));
		assert_int_equal(got.n_torn_bytes, strlen(text) - got.n_valid_bytes);
	}
}

/* A disk that is full for a while costs no record: they are written when there is room. */
static void a_torn_append_is_repaired(void **state)
{
	struct fixture *f = *state;
	struct journal j;
	struct err err = {0};
	struct str text;
	struct journal_text got;
	int real_fd;

	assert_int_equal(journal_create(&j, f->dfd, "journal", &err), 0);
	assert_int_equal(journal_append(&j, STR("{\"n\":1}"), false, &err), 0);
	assert_int_equal(write(j.fd, "cbf43926 12", 11), 11); /* half a record */
	real_fd = j.fd;
	j.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_int_equal(journal_append(&j, STR("{\"n\":2}"), false, &err), -1);
	assert_int_equal(journal_append(&j, STR("{\"n\":3}"), true, &err), -1);
	assert_false(journal_is_whole(&j));
	assert_int_equal(close(j.fd), 0);
	j.fd = real_fd;
	assert_int_equal(journal_sync(&j, &err), 0);
	assert_true(journal_is_whole(&j));
	assert_int_equal(journal_append(&j, STR("{\"n\":4}"), true, &err), 0);
	journal_close(&j);
	assert_int_equal(file_read(f->a, f->dfd, "journal", 4096, &text, &err), 0);
	journal_parse(f->a, text, &got);
	assert_int_equal(got.n, 4);
	assert_int_equal(got.n_valid_bytes, text.n);
	assert_true(str_eqz(got.records[1], "{\"n\":2}"));
	assert_true(str_eqz(got.records[2], "{\"n\":3}"));
	assert_true(str_eqz(got.records[3], "{\"n\":4}"));
}

/* What was too much to be kept is a gap: nothing is written behind it. */
static void nothing_is_written_behind_a_gap(void **state)
{
	struct fixture *f = *state;
	struct journal j;
	struct err err = {0};
	struct str text;
	struct journal_text got;
	int real_fd;

	assert_int_equal(journal_create(&j, f->dfd, "journal", &err), 0);
	buf_release(&j.pending);
	buf_init(&j.pending, 64);
	assert_int_equal(journal_append(&j, STR("{\"n\":1}"), false, &err), 0);
	real_fd = j.fd;
	j.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	for (int i = 0; i < 4; i++) /* 17 bytes each: three fit */
		assert_int_equal(journal_append(&j, STR("{\"n\":2}"), false, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_int_equal(close(j.fd), 0);
	j.fd = real_fd;
	assert_int_equal(journal_append(&j, STR("{\"n\":3}"), true, &err), -1);
	assert_false(journal_is_whole(&j));
	journal_close(&j);
	assert_int_equal(file_read(f->a, f->dfd, "journal", 4096, &text, &err), 0);
	journal_parse(f->a, text, &got);
	assert_int_equal(got.n, 4);
	assert_int_equal(got.n_valid_bytes, text.n);
	assert_true(str_eqz(got.records[3], "{\"n\":2}"));
}

/* Cut off anywhere, a journal is what was whole, and goes on behind that. */
static void every_torn_tail_is_cut(void **state)
{
	static const char *const records[] = {"{\"a\":1}", "{}", "{\"text\":\"x y\"}"};
	enum { FIRST = 17, SECOND = FIRST + 12, ALL = SECOND + 24 };
	struct fixture *f = *state;
	struct journal_text text;
	struct err err = {0};
	struct journal j;
	struct str whole;

	assert_int_equal(journal_create(&j, f->dfd, "journal", &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(records); i++)
		assert_int_equal(journal_append(&j, str_z(records[i]), false, &err), 0);
	journal_close(&j);
	assert_int_equal(file_read(f->a, f->dfd, "journal", 4096, &whole, &err), 0);
	assert_int_equal(whole.n, ALL);
	for (size_t at = 0; at <= whole.n; at++) {
		size_t n = at >= ALL ? 3 : at >= SECOND ? 2 : at >= FIRST;
		size_t n_bytes = n == 3 ? ALL : n == 2 ? SECOND : n ? FIRST : 0;

		assert_int_equal(
			file_write(f->dfd, "torn", str_slice(whole, 0, at), 0600, &err), 0);
		assert_int_equal(journal_read(f->dfd, "torn", f->a, &text, &err), 0);
		assert_int_equal(text.n, n);
		assert_int_equal(text.n_torn_bytes, at - n_bytes);
		assert_int_equal(journal_open(&j, f->dfd, "torn", f->a, &text, &err), 0);
		assert_int_equal(text.n, n);
		assert_int_equal(journal_append(&j, STR("{\"more\":1}"), true, &err), 0);
		journal_close(&j);
		assert_int_equal(journal_read(f->dfd, "torn", f->a, &text, &err), 0);
		assert_int_equal(text.n, n + 1);
		assert_int_equal(text.n_torn_bytes, 0);
		for (size_t i = 0; i < n; i++)
			assert_true(str_eqz(text.records[i], records[i]));
		assert_true(str_eqz(text.records[n], "{\"more\":1}"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_the_usual_one),
		cmocka_unit_test_setup_teardown(records_come_back, setup, teardown),
		cmocka_unit_test_setup_teardown(an_old_journal_is_not_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(reading_stops_at_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(a_torn_append_is_repaired, setup, teardown),
		cmocka_unit_test_setup_teardown(every_torn_tail_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(
			nothing_is_written_behind_a_gap, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
