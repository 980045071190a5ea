/* SPDX-License-Identifier: Apache-2.0 */
/* The image map: matching, precedence, targets, files. */
#include "image_build.h"

#include <monopod/images.h>

static void test_find(void **state)
{
	static const struct {
		const char *rules[4];
		const char *ref;
		const char *want; /* NULL: no entry */
	} cases[] = {
		{{"busybox=host"}, "busybox", "host"},
		{{"docker.io/library/busybox:latest=host"}, "busybox", "host"},
		{{"busybox=host"}, "docker.io/library/busybox", NULL},
		{{"busybox=host"}, "busybox:1", NULL},
		{{"busybox*=host"}, "busybox:1", "host"},
		{{"*=a", "docker.io/*=b", "*busybox*=c"}, "busybox", "b"},
		{{"*=a", "docker.io/*=b", "*/library/busy*=c"}, "busybox", "c"},
		{{"a*=x", "a*=y"}, "abc", "y"},
		{{"*=x"}, "anything at all", "x"},
		{{"*x*y*=z"}, "aaxbbycc", "z"},
		{{"*x*y=z"}, "aaxbbycc", NULL},
		{{"a*b*c=z"}, "abbbcabc", "z"},
		{{"gcr.io/*=d"}, "busybox", NULL},
		{{"x=dir:/a/../b"}, "x", "dir:/b"},
		{{"x=dir:/with=equals"}, "x", "dir:/with=equals"},
		{{"x=y", "y=z"}, "x", "y"},
		{{"*@sha256:*=p"},
			"a@sha256:"
			"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
			"p"},
		{{NULL}, "x", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct image_map *m = image_map_new(a);
		struct image_target t = {0};
		struct err err = {0};
		const char *got = NULL;

		for (size_t j = 0; j < 4 && cases[i].rules[j]; j++)
			assert_ok(image_map_add(m, str_z(cases[i].rules[j]), &err), err);
		if (image_map_find(m, str_z(cases[i].ref), &t))
			got = t.kind == TARGET_HOST  ? "host"
			      : t.kind == TARGET_DIR ? arena_printf(a, "dir:%s", t.value.p).p
						     : t.value.p;
		if (!got != !cases[i].want || (got && strcmp(got, cases[i].want) != 0))
			fail_msg("case %zu: '%s' is '%s', want '%s'", i, cases[i].ref,
				got ? got : "none", cases[i].want ? cases[i].want : "none");
	}
}

static void test_bad(void **state)
{
	static const char *const cases[] = {"", "x", "=x", "x=", "x=dir:", "X=y", "x=Y", "x=*",
		"a b=c", "* =x", "x= host", "x=Host"};
	cleanup_arena struct arena *a = arena_new();
	struct image_map *m = image_map_new(a);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err err = {0};

		if (image_map_add(m, str_z(cases[i]), &err) == 0)
			fail_msg("'%s' was taken", cases[i]);
		assert_int_equal(err.kind, ERR_USAGE);
	}
}

static void test_file(void **state)
{
	static const char text[] = "# a comment\n\n  alpine*=busybox   # for the demo\r\n"
				   "python=dir:/srv/python#3\n\t# another\nnode=host";
	cleanup_arena struct arena *a = arena_new();
	struct image_map *m = image_map_new(a);
	struct image_target t;
	struct err err = {0};

	(void)state;
	assert_ok(image_map_add_file(m, STR("map"), str_z(text), &err), err);
	assert_true(image_map_find(m, STR("alpine:3"), &t));
	assert_string_equal(t.value.p, "busybox");
	assert_true(image_map_find(m, STR("python"), &t));
	assert_string_equal(t.value.p, "/srv/python#3");
	assert_true(image_map_find(m, STR("node"), &t));
	assert_int_equal(t.kind, TARGET_HOST);
	assert_int_equal(
		image_map_add_file(m, STR("my.map"), STR("a=b\n#\nc=d\nbroken\n"), &err), -1);
	assert_non_null(strstr(err.msg, "my.map:4: "));
	assert_non_null(strstr(err.msg, "expected REF=TARGET"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
