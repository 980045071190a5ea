/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/golden/CASE/in.yaml through spec_load: the model as JSON must be spec.json, the
 * diagnostics as printed must be diag.txt. GOLDEN_UPDATE=1 writes the two files anew; look at
 * the difference before keeping it. Run from the top directory.
 */
#include "spec_text.h"

#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <stdlib.h>

#define GOLDEN "tests/golden"

static void put_run(struct json_writer *w, const struct run_ref *r)
{
	const struct object_meta *meta =
		r->pipeline_run ? &r->pipeline_run->meta : &r->task_run->meta;

	json_open(w, '{');
	json_fieldz(w, "kind", object_kind_name(r->kind));
	json_key(w, "metadata");
	spec_object_json(meta, "metadata", w);
	if (r->pipeline_run && r->pipeline_run->pipeline_spec) {
		json_key(w, "pipelineSpec");
		pipeline_spec_json(r->pipeline_run->pipeline_spec, w);
	}
	if (r->task_run && r->task_run->task_spec) {
		json_key(w, "taskSpec");
		task_spec_json(r->task_run->task_spec, w);
	}
	json_key(w, "spec");
	spec_object_json(meta, "spec", w);
	json_close(w, '}');
}

/* All of the model that has a JSON form, one object after the other. */
static struct str model_json(struct arena *a, const struct spec *s)
{
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, 16 * MIB);
	json_writer_init(&w, &b, 2);
	json_open(&w, '[');
	for (size_t i = 0; i < s->n_tasks; i++) {
		json_open(&w, '{');
		json_field(&w, "task", s->tasks[i].meta.name.s);
		json_key(&w, "spec");
		task_spec_json(&s->tasks[i].spec, &w);
		json_close(&w, '}');
	}
	for (size_t i = 0; i < s->n_pipelines; i++) {
		json_open(&w, '{');
		json_field(&w, "pipeline", s->pipelines[i].meta.name.s);
		json_key(&w, "spec");
		pipeline_spec_json(&s->pipelines[i].spec, &w);
		json_close(&w, '}');
	}
	for (size_t i = 0; i < s->n_runs; i++)
		put_run(&w, &s->runs[i]);
	json_close(&w, ']');
	buf_addc(&b, '\n');
	return arena_str(a, buf_str(&b));
}

static struct str diag_text(struct arena *a, const struct spec *s)
{
	struct buf b cleanup_buf;

	buf_init(&b, MIB);
	diags_print(s->diags, false, &b);
	return arena_str(a, buf_str(&b));
}

/* Compares with a file of the case, or writes it. Returns whether they are the same. */
static bool check_file(
	struct arena *a, int dir_fd, struct str name, const char *file, struct str got)
{
	struct err err = {0};
	struct str want = STR_NONE;

	if (getenv("GOLDEN_UPDATE")) {
		if (file_write(dir_fd, file, got, 0644, &err))
			fail_msg("%s", err.msg);
		return true;
	}
	if (file_read(a, dir_fd, file, 16 * MIB, &want, &err))
		fail_msg("%.*s: %s", (int)name.n, name.p, err.msg);
	if (str_eq(want, got))
		return true;
	print_error("%.*s/%s:\n--- want\n%s--- got\n%s", (int)name.n, name.p, file, str_c(want),
		str_c(got));
	return false;
}

static bool check_case(int golden_fd, struct str name)
{
	cleanup_arena struct arena *a = arena_new();
	struct err err = {0};
	int dir_fd cleanup_fd = dir_open(golden_fd, str_c(name), &err);
	struct spec_input in = {.name = STR("in.yaml")};

	if (dir_fd < 0 || file_read(a, dir_fd, "in.yaml", MIB, &in.text, &err))
		fail_msg("%s", err.msg);
	struct spec *s = spec_load(a, &in, 1, NULL);
	bool spec_same = check_file(a, dir_fd, name, "spec.json", model_json(a, s));
	bool diag_same = check_file(a, dir_fd, name, "diag.txt", diag_text(a, s));

	return spec_same && diag_same;
}

static void test_golden(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct err err = {0};
	struct str *names;
	size_t n;
	size_t n_bad = 0;
	int golden_fd cleanup_fd = dir_open(AT_FDCWD, GOLDEN, &err);

	if (golden_fd < 0 || dir_list(a, golden_fd, 1000, &names, &n, &err))
		fail_msg("%s", err.msg);
	assert_true(n > 0);
	for (size_t i = 0; i < n; i++)
		n_bad += !check_case(golden_fd, names[i]);
	assert_int_equal(n_bad, 0);
}

/* Loads every file of a directory beside the project; returns how many were refused. */
static size_t load_directory(const char *path)
{
	cleanup_arena struct arena *names_arena = arena_new();
	struct err err = {0};
	struct str *names;
	size_t n;
	size_t n_refused = 0;
	int dir_fd cleanup_fd = dir_open(AT_FDCWD, path, &err);

	if (dir_fd < 0 || dir_list(names_arena, dir_fd, 1000, &names, &n, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < n; i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec_input in = {.name = names[i]};

		if (!str_ends(names[i], STR(".yaml")) && !str_ends(names[i], STR(".json")))
			continue;
		if (file_read(a, dir_fd, str_c(names[i]), MIB, &in.text, &err))
			fail_msg("%s", err.msg);
		struct spec *s = spec_load(a, &in, 1, NULL);

		assert_true(spec_ok(s) || diag_text(a, s).n > 0);
		n_refused += !spec_ok(s);
	}
	return n_refused;
}

/* The sets of files that the project is measured by, when they lie beside it. */
static void test_shared_files(void **state attr_unused)
{
	struct err err = {0};
	int dir_fd cleanup_fd = dir_open(AT_FDCWD, "../shared/conformance", &err);

	if (dir_fd < 0) {
		print_message("skipped: %s\n", err.msg);
		skip();
	}
	assert_int_equal(load_directory("../shared/conformance/random/cases"), 0);
	assert_true(load_directory("../shared/conformance/tekton") <= 21);
	assert_true(load_directory("../shared/conformance/behaviour") <= 1);
	assert_true(load_directory("../shared/conformance/rich/cases") <= 39);
	assert_true(load_directory("../shared/conformance/invalid") >= 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_shared_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
