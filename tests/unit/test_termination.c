/* SPDX-License-Identifier: Apache-2.0 */
/* The termination file: what is kept, what is named, never more than 4096 bytes. */
#include "../../entrypoint/termination.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/json.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

/* A decoder of its own: base64 by search, inflate by zlib. */
static struct str decode(struct arena *a, struct str text)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	unsigned char *packed = arena_alloc(a, text.n);
	char *out = arena_alloc(a, 256 * KIB);
	z_stream z = {0};
	size_t n = 0;
	unsigned bits = 0;
	unsigned group = 0;

	if (!str_starts(text, STR("tknz:")))
		return text;
	for (size_t i = 5; i < text.n; i++) {
		const char *at = strchr(digits, text.p[i]);

		assert_non_null(at);
		group = group << 6 | (unsigned)(at - digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			packed[n++] = (unsigned char)(group >> bits);
		}
	}
	z.next_in = packed;
	z.avail_in = (uInt)n;
	z.next_out = (Bytef *)out;
	z.avail_out = 128 * KIB; /* a reader's limit */
	assert_int_equal(inflateInit2(&z, -15), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(inflateEnd(&z), Z_OK);
	return (struct str){out, z.total_out};
}

static const struct json *records(struct arena *a, struct str text)
{
	struct json *v;
	struct err err = {0};

	assert_true(text.n <= BOUND_TERMINATION_BYTES);
	if (json_parse(a, decode(a, text), 256 * KIB, &v, &err))
		fail_msg("%s", err.msg);
	return v;
}

/* The value of a record; NULL: there is none. */
static const struct json *find(const struct json *list, const char *key)
{
	json_foreach (it, list) {
		if (str_eqz(json_str(json_get(it, "key")), key))
			return json_get(it, "value");
	}
	return NULL;
}

static void short_is_plain(void **state)
{
	struct arena *a = arena_new();
	const struct termination_item results[] = {{STR("sha"), STR("abc<1>")}};
	const struct termination_item tasks[] = {{STR("r-build"), STR("True Succeeded")}};
	const struct termination_text t = {.verdict = STR("True Succeeded Tasks Completed: 1"),
		.results = results,
		.n_results = 1,
		.run_json = STR("sha256:00 /r/run.json"),
		.tasks = tasks,
		.n_tasks = 1};

	(void)state;
	assert_string_equal(termination_encode(a, &t).p,
		"[{\"key\":\"monopod/verdict\",\"value\":\"True Succeeded Tasks Completed: "
		"1\",\"type\":3},"
		"{\"key\":\"sha\",\"value\":\"abc\\u003c1\\u003e\",\"type\":1},"
		"{\"key\":\"monopod/run.json\",\"value\":\"sha256:00 /r/run.json\",\"type\":3},"
		"{\"key\":\"monopod/task/r-build\",\"value\":\"True Succeeded\",\"type\":3}]");
	arena_free(a);
}

/* Text that does not compress. */
static struct str noise(struct arena *a, size_t n, unsigned seed)
{
	char *p = arena_alloc(a, n + 1);

	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (char)('!' + (seed >> 16) % 90);
	}
	return (struct str){p, n};
}

static struct termination_item *make_items(
	struct arena *a, const char *prefix, size_t n, size_t n_noise)
{
	struct termination_item *items = arena_new_array(a, struct termination_item, n + 1);

	for (size_t i = 0; i < n; i++) {
		items[i].name = arena_printf(a, "%s%zu", prefix, i);
		items[i].value =
			n_noise ? noise(a, n_noise, (unsigned)i + 1) : STR("True Succeeded");
	}
	return items;
}

static void much_is_compressed(void **state)
{
	struct arena *a = arena_new();
	const struct termination_text t = {.verdict = STR("True Succeeded"),
		.tasks = make_items(a, "run-task-", 300, 0),
		.n_tasks = 300};
	struct str text = termination_encode(a, &t);

	(void)state;
	assert_true(str_starts(text, STR("tknz:")));
	assert_null(strchr(text.p, '='));
	assert_int_equal(records(a, text)->n_children, 301);
	assert_null(find(records(a, text), "monopod/omitted"));
	arena_free(a);
}

static void what_is_left_out_is_named(void **state)
{
	struct arena *a = arena_new();
	struct termination_item *results = make_items(a, "result", 4, 400);
	const struct termination_text t = {.verdict = STR("True Succeeded"),
		.results = results,
		.n_results = 4,
		.run_json = STR("sha256:00 /r/run.json"),
		.tasks = make_items(a, "t", 3, 0),
		.n_tasks = 3};
	const struct json *got;

	(void)state;
	results[1].value = noise(a, 10 * MIB, 7);
	got = records(a, termination_encode(a, &t));
	assert_true(str_eqz(json_str(find(got, "monopod/omitted")), "result1"));
	assert_true(str_eq(json_str(find(got, "result0")), results[0].value));
	assert_true(str_eq(json_str(find(got, "result3")), results[3].value));
	assert_null(find(got, "result1"));
	assert_non_null(find(got, "monopod/run.json"));
	assert_non_null(find(got, "monopod/task/t2"));
	arena_free(a);
}

static bool names(struct str list, struct str name)
{
	struct str word;

	while (str_cut(list, ' ', &word, &list)) {
		if (str_eq(word, name))
			return true;
	}
	return str_eq(list, name);
}

/* Results go before tasks, and each thing is in whole or named. */
static void importance_decides(void **state)
{
	struct arena *a = arena_new();
	const struct termination_text t = {.verdict = STR("False Failed it did"),
		.results = make_items(a, "r", 10, 270),
		.n_results = 10,
		.tasks = make_items(a, "task", 50, 20),
		.n_tasks = 50};
	const struct json *got = records(a, termination_encode(a, &t));
	struct str omitted = json_str(find(got, "monopod/omitted"));
	size_t n_in = 0;
	size_t n_tasks_in = 0;

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		const struct json *v = find(got, t.results[i].name.p);

		if (v)
			assert_true(str_eq(json_str(v), t.results[i].value));
		n_in += v != NULL;
	}
	assert_true(n_in >= 8);
	for (size_t i = 0; i < 50; i++) {
		struct str key = arena_printf(a, "monopod/task/task%zu", i);
		bool is_in = find(got, key.p) != NULL;

		assert_true(is_in != names(omitted, t.tasks[i].name));
		n_tasks_in += is_in;
	}
	assert_true(n_tasks_in > 0 && n_tasks_in < 50);
	arena_free(a);
}

static void too_many_names_are_counted(void **state)
{
	struct arena *a = arena_new();
	const struct termination_text t = {.verdict = STR("True Succeeded"),
		.tasks = make_items(a, "a-rather-long-name-of-a-task-run-", 20000, 0),
		.n_tasks = 20000};
	const struct json *got = records(a, termination_encode(a, &t));

	(void)state;
	assert_true(str_has(json_str(find(got, "monopod/omitted")), STR(" more")));
	assert_non_null(find(got, "monopod/verdict"));
	arena_free(a);
}

/* Names that do not compress: a few of them, the number of the others, and what is more
 * important than they are. */
static void names_leave_room(void **state)
{
	struct arena *a = arena_new();
	const struct termination_item results[] = {{STR("sha"), noise(a, 300, 9)}};
	struct termination_text t = {.verdict = STR("True Succeeded it did"),
		.results = results,
		.n_results = 1,
		.run_json = STR("sha256:00 /r/run.json")};

	(void)state;
	for (size_t n = 50; n < 6000; n = n * 2 + 17) {
		struct termination_item *tasks = make_items(a, "", n, 0);
		const struct json *got;
		struct str list;
		struct str word;
		size_t n_listed = 0;
		size_t n_told = 0;

		for (size_t i = 0; i < n; i++)
			tasks[i].name = noise(a, 40, (unsigned)(n + i));
		t.tasks = tasks;
		t.n_tasks = n;
		got = records(a, termination_encode(a, &t));
		assert_true(str_eq(json_str(find(got, "monopod/verdict")), t.verdict));
		if (find(got, "sha"))
			assert_true(str_eq(json_str(find(got, "sha")), results[0].value));
		assert_non_null(find(got, "monopod/run.json"));
		json_foreach (it, got)
			n_told +=
				str_starts(json_str(json_get(it, "key")), STR("monopod/task/"));
		list = json_str(find(got, "monopod/omitted"));
		n_told += find(got, "sha") != NULL;
		while (str_cut(list, ' ', &word, &list) && !str_eqz(word, "and"))
			n_listed++;
		if (!str_eqz(word, "and")) {
			assert_int_equal(n_told + n_listed + (list.n > 0), n + 1);
			continue;
		}
		/* not all names are there: then none of them is where the result could be */
		assert_non_null(find(got, "sha"));
		assert_true(
			str_eq(list, arena_printf(a, "%zu more", n + 1 - n_told - n_listed)));
	}
	arena_free(a);
}

static void a_verdict_too_long_is_cut(void **state)
{
	struct arena *a = arena_new();
	const struct termination_text t = {.verdict = noise(a, 100 * KIB, 3)};
	const struct json *got = records(a, termination_encode(a, &t));

	(void)state;
	assert_true(str_starts(t.verdict, json_str(find(got, "monopod/verdict"))));
	assert_true(json_str(find(got, "monopod/verdict")).n > 100);
	arena_free(a);
}

static struct str file_text(struct arena *a, const char *path)
{
	char *p = arena_alloc(a, 8192);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, p, 8191);

	assert_true(fd >= 0 && n >= 0);
	assert_int_equal(close(fd), 0);
	return (struct str){p, (size_t)n};
}

/* In place: the inode stays, a shorter text leaves nothing of a longer one. */
static void writing_is_in_place(void **state)
{
	char path[] = "/tmp/test-termination-XXXXXX";
	int fd = mkstemp(path);
	struct arena *a = arena_new();
	struct termination t;
	struct err err = {0};
	struct stat before;
	struct stat after;

	(void)state;
	assert_int_equal(write(fd, "older and longer", 16), 16);
	assert_int_equal(fstat(fd, &before), 0);
	assert_int_equal(termination_open(&t, str_z(path), &err), 0);
	assert_true(str_eqz(file_text(a, path), "older and longer"));
	assert_int_equal(termination_write(&t, STR("[]"), &err), 0);
	assert_true(str_eqz(file_text(a, path), "[]"));
	assert_int_equal(termination_write(&t, STR("[1,2,3]"), &err), 0);
	assert_true(str_eqz(file_text(a, path), "[1,2,3]"));
	termination_close(&t);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(path), 0);
	arena_free(a);
}

static void what_is_no_file_is_refused(void **state)
{
	struct termination t;
	struct err err = {0};

	(void)state;
	assert_int_equal(termination_open(&t, STR("/dev/null"), &err), -1);
	assert_int_equal(err.kind, ERR_SANDBOX);
	assert_int_equal(termination_open(&t, STR("/tmp"), &err), -1);
	assert_int_equal(termination_open(&t, STR("/nonexistent/x"), &err), -1);
	assert_int_equal(err.kind, ERR_SANDBOX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_is_plain),
		cmocka_unit_test(much_is_compressed),
		cmocka_unit_test(what_is_left_out_is_named),
		cmocka_unit_test(importance_decides),
		cmocka_unit_test(too_many_names_are_counted),
		cmocka_unit_test(names_leave_room),
		cmocka_unit_test(a_verdict_too_long_is_cut),
		cmocka_unit_test(writing_is_in_place),
		cmocka_unit_test(what_is_no_file_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
