/* SPDX-License-Identifier: Apache-2.0 */
/* Run directories read back: by path, by name, the newest, several runs in one, and what is no
 * run directory at all. */
#include "entrypoint/record.h"

#include <base/file.h>
#include <base/path.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those four first */
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fixture {
	struct arena *arena;
	char dir[64];
	int dfd;
	struct str runs;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = {0};
	assert_non_null(f);
	f->arena = arena_new();
	snprintf(f->dir, sizeof(f->dir), "/tmp/monopod-record.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->dfd = dir_open(AT_FDCWD, f->dir, &err);
	assert_true(f->dfd >= 0);
	f->runs = str_z(f->dir);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct err err = {0};
	close(f->dfd);
	assert_int_equal(dir_remove(AT_FDCWD, f->dir, &err), 0);
	arena_free(f->arena);
	free(f);
	return 0;
}

static void run_make(struct fixture *f, const char *dir, const char *name, const char *started)
{
	struct str path = arena_printf(f->arena, "%s/run.json", dir);
	struct str text = arena_printf(f->arena,
		"{\"kind\":\"List\",\"items\":[{\"kind\":\"PipelineRun\",\"metadata\":{"
		"\"name\":\"%s\"},"
		"\"status\":{\"startTime\":\"%s\",\"conditions\":[{\"type\":\"Other\","
		"\"status\":\"x\"},"
		"{\"type\":\"Succeeded\",\"status\":\"True\",\"reason\":\"Completed\","
		"\"message\":\"m\"}]}}]}",
		name, started);
	struct err err = {0};
	assert_int_equal(dir_make(f->dfd, dir, 0755, &err), 0);
	assert_int_equal(file_write(f->dfd, str_c(path), text, 0644, &err), 0);
}

static void two_and_junk(struct fixture *f)
{
	struct err err = {0};
	run_make(f, "build-0001", "build", "2026-11-22T10:00:00Z");
	run_make(f, "build-0002", "build", "2026-11-22T11:00:00Z");
	run_make(f, "test-0001", "test", "2026-11-22T10:30:00Z");
	assert_int_equal(dir_make(f->dfd, "junk", 0755, &err), 0);
	assert_int_equal(dir_make(f->dfd, "broken", 0755, &err), 0);
	assert_int_equal(
		file_write(f->dfd, "broken/run.json", STR("{\"items\":["), 0644, &err), 0);
	assert_int_equal(file_write(f->dfd, "file", STR("x"), 0644, &err), 0);
}

static void lists(void **state)
{
	struct fixture *f = *state;
	struct record *r;
	size_t n;
	struct err err = {0};
	two_and_junk(f);
	assert_int_equal(record_list(f->arena, f->runs, &r, &n, &err), 0);
	assert_int_equal(n, 3);
	assert_true(str_eqz(path_base(r[0].path), "build-0002"));
	assert_true(str_eqz(path_base(r[1].path), "test-0001"));
	assert_true(str_eqz(record_condition(r[0].run).reason, "Completed"));
	assert_true(r[0].ended_wall_ns == 0);
	assert_int_equal(record_list(f->arena, STR("/nonexistent/dir"), &r, &n, &err), 0);
	assert_int_equal(n, 0);
}

static void finds(void **state)
{
	static const struct {
		const char *word, *want; /* NULL: not found */
	} cases[] = {
		{"", "build-0002"},
		{"build", "build-0002"},
		{"build-0001", "build-0001"},
		{"test", "test-0001"},
		{"nope", NULL},
		{"junk", NULL},
	};
	struct fixture *f = *state;
	struct record *r;
	size_t n;
	two_and_junk(f);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};
		int rc = record_find(f->arena, f->runs, str_z(cases[i].word), &r, &n, &err);
		assert_int_equal(rc, cases[i].want ? 0 : -1);
		if (cases[i].want)
			assert_true(str_eqz(path_base(r[0].path), cases[i].want));
		else
			assert_int_equal(err.kind, ERR_NOT_FOUND);
	}
}

/* By path, and a directory of several runs. */
static void several(void **state)
{
	struct fixture *f = *state;
	struct record *r;
	size_t n;
	struct err err = {0};
	run_make(f, "both-0001/runs/one", "one", "2026-11-22T10:00:00Z");
	run_make(f, "both-0001/runs/two", "two", "2026-11-22T10:01:00Z");
	assert_int_equal(record_find(f->arena, STR("/nonexistent"),
				 path_join(f->arena, f->runs, STR("both-0001")), &r, &n, &err),
		0);
	assert_int_equal(n, 2);
	assert_true(str_eqz(record_name(&r[0]), "one"));
	assert_true(str_eqz(record_name(&r[1]), "two"));
}

/* A run that is named and broken says so; it is not passed over. */
static void broken(void **state)
{
	struct fixture *f = *state;
	struct record *r;
	size_t n;
	struct err err = {0};
	two_and_junk(f);
	assert_int_equal(record_find(f->arena, f->runs, STR("broken"), &r, &n, &err), -1);
	assert_true(str_has(str_z(err.msg), STR("broken/run.json")));
}

/* A step's result may hold any byte; a run that has one can be looked at all the same. */
static void zero_bytes(void **state)
{
	struct fixture *f = *state;
	struct record *r;
	size_t n;
	struct err err = {0};
	run_make(f, "zero-0001", "zero", "2026-11-22T10:00:00Z\",\"x\":\"a\\u0000b");
	assert_int_equal(record_find(f->arena, f->runs, STR("zero"), &r, &n, &err), 0);
	assert_int_equal(json_str(record_status(r[0].run, "x")).n, 3);
}

/* Half of it would pass for all of it. */
static void too_much_is_not_printed(void **state attr_unused)
{
	const struct options o = {.output = OUTPUT_JSON};
	cleanup_buf struct buf b;
	struct err err = {0};
	buf_init(&b, 4);
	buf_addz(&b, "12345");
	assert_int_equal(record_print(&o, &b, &err), -1);
	assert_int_equal(err.kind, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lists, setup, teardown),
		cmocka_unit_test_setup_teardown(finds, setup, teardown),
		cmocka_unit_test_setup_teardown(several, setup, teardown),
		cmocka_unit_test_setup_teardown(broken, setup, teardown),
		cmocka_unit_test_setup_teardown(zero_bytes, setup, teardown),
		cmocka_unit_test(too_much_is_not_printed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
