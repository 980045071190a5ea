/* SPDX-License-Identifier: Apache-2.0 */
/* Mounted ConfigMaps and Secrets, as documents. */
#include "../../entrypoint/objects.h"

#include <base/bounds.h>
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

static char dir[64];

static void put(const char *path, struct str text)
{
	assert_int_equal(file_write(AT_FDCWD, path, text, 0644, NULL), 0);
}

/* As a kubelet mounts them: ..data is a link to a directory of its own. */
static int setup(void **state)
{
	(void)state;
	(void)snprintf(dir, sizeof(dir), "/tmp/test-objects-XXXXXX");
	if (!mkdtemp(dir) || chdir(dir))
		return -1;
	assert_int_equal(dir_make(AT_FDCWD, "configmaps/one/..1", 0755, NULL), 0);
	assert_int_equal(dir_make(AT_FDCWD, "configmaps/empty/..1", 0755, NULL), 0);
	assert_int_equal(dir_make(AT_FDCWD, "secrets/cred", 0755, NULL), 0);
	assert_int_equal(dir_make(AT_FDCWD, "secrets/pull", 0755, NULL), 0);
	put("configmaps/one/..1/text", STR("a\n"));
	put("configmaps/one/..1/bytes", STR("\xff\x01"));
	put("secrets/cred/username", STR("joe"));
	put("secrets/pull/.dockerconfigjson", STR("{}"));
	return symlink("..1", "configmaps/one/..data") ||
	       symlink("..data/text", "configmaps/one/text") ||
	       symlink("..data/bytes", "configmaps/one/bytes") ||
	       symlink("..1", "configmaps/empty/..data");
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") || dir_remove(AT_FDCWD, dir, NULL);
}

static struct spec *load(struct arena *a)
{
	struct spec_input *inputs;
	struct err err = {0};
	size_t n;

	if (objects_read(a, str_z(dir), &inputs, &n, &err))
		fail_msg("%s", err.msg);
	return spec_load(a, inputs, n, &(struct spec_options){0});
}

static struct str value_of(const struct data_object *o, const char *key)
{
	for (size_t i = 0; i < o->n_data; i++)
		if (str_eqz(o->data[i].key, key))
			return o->data[i].value;
	return STR_NONE;
}

static void test_read(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct spec *s = load(a);
	const struct data_object *one = map_get(&s->config_map_by_name, STR("one"));

	(void)state;
	assert_true(spec_ok(s));
	assert_int_equal(s->n_data_objects, 3);
	assert_int_equal(one->n_data, 2);
	assert_string_equal(str_c(value_of(one, "text")), "a\n");
	assert_true(str_eq(value_of(one, "bytes"), STR("\xff\x01")));
	assert_null(map_get(&s->config_map_by_name, STR("empty")));
}

/* What a mounted Secret does not tell is in a file beside it, or in its keys. */
static void test_types(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct spec *s = load(a);
	const struct data_object *cred = map_get(&s->secret_by_name, STR("cred"));
	const struct data_object *pull = map_get(&s->secret_by_name, STR("pull"));

	(void)state;
	assert_string_equal(str_c(cred->type.s), "Opaque");
	assert_string_equal(str_c(pull->type.s), "kubernetes.io/dockerconfigjson");
	put("secrets.meta",
		STR("{\"cred\":{\"type\":\"kubernetes.io/basic-auth\",\"annotations\":{"
		    "\"tekton.dev/git-0\":\"https://example.com\"}}}"));
	s = load(a);
	cred = map_get(&s->secret_by_name, STR("cred"));
	assert_string_equal(str_c(cred->type.s), "kubernetes.io/basic-auth");
	assert_string_equal(str_c(cred->meta.annotations.keys[0].s), "tekton.dev/git-0");
}

static void test_bad(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct spec_input *inputs;
	struct err err = {0};
	size_t n;

	(void)state;
	assert_int_equal(objects_read(a, STR("/does/not/exist"), &inputs, &n, &err), -1);
	assert_int_equal(err.kind, ERR_USAGE);
	put("secrets.meta", STR("{"));
	assert_int_equal(objects_read(a, str_z(dir), &inputs, &n, &err), -1);
	assert_non_null(strstr(err.msg, "secrets.meta"));
	assert_int_equal(unlink("secrets.meta"), 0);
	assert_int_equal(mkdir("secrets/cred/key", 0755), 0);
	assert_int_equal(objects_read(a, str_z(dir), &inputs, &n, &err), -1);
	assert_non_null(strstr(err.msg, "secrets/cred/key"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
