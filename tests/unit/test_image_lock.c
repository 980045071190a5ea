/* SPDX-License-Identifier: Apache-2.0 */
/* Lock files: what is written is read again, what is not understood is refused. */
#include "image_build.h"

#include <base/bounds.h>
#include <monopod/images.h>

#define HEX    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:" HEX
#define OTHER                                                                                  \
	"sha256:1"                                                                             \
	"123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD "{\"apiVersion\":\"monopod/v1\",\"kind\":\"ImageLock\",\"images\":["
#define NAME "docker.io/library/busybox:latest"
#define ENTRY(ref, config)                                                                     \
	"{\"ref\":\"" ref "\",\"name\":\"" NAME "\",\"digest\":\"" DIGEST                      \
	"\",\"config\":" config "}"

static void test_round(void **state)
{
	struct str words[] = {STR("/bin/tool"), STR("--x=\"y\"")};
	struct str env[] = {STR("A=b"), STR("C=")};
	struct image_lock_entry in[] = {
		{.ref = STR("busybox"),
			.name = STR(NAME),
			.digest = STR(DIGEST),
			.config_digest = STR(OTHER),
			.config = {.entrypoint = words,
				.n_entrypoint = 2,
				.cmd = words,
				.n_cmd = 1,
				.env = env,
				.n_env = 2,
				.user = STR("joe:staff"),
				.working_dir = STR("/src"),
				.architecture = STR("amd64"),
				.os = STR("linux")}},
		{.ref = STR("quay.io/a/b:c"),
			.name = STR("quay.io/a/b:c"),
			.config_digest = STR(OTHER)},
	};
	cleanup_arena struct arena *a = arena_new();
	struct buf text cleanup_buf = {0};
	struct buf again cleanup_buf = {0};
	struct image_lock *lock;
	struct err err = {0};

	(void)state;
	buf_init(&text, MIB);
	buf_init(&again, MIB);
	image_lock_print(in, ARRAY_SIZE(in), &text);
	assert_ok(image_lock_parse(a, buf_str(&text), &lock, &err), err);
	assert_int_equal(lock->n, 2);
	image_lock_print(lock->entries, lock->n, &again);
	assert_string_equal(again.p, text.p);
	assert_string_equal(str_c(lock->entries[0].config.user), "joe:staff");
	assert_string_equal(str_c(lock->entries[0].config.entrypoint[1]), "--x=\"y\"");
	assert_ptr_equal(image_lock_find(lock, STR("busybox")), &lock->entries[0]);
	assert_ptr_equal(image_lock_find(lock, STR(NAME)), &lock->entries[0]);
	assert_ptr_equal(image_lock_find(lock, STR("busybox:latest")), &lock->entries[0]);
	assert_null(image_lock_find(lock, STR("busybox:1")));
	assert_null(image_lock_find(lock, STR("not a reference")));
	assert_null(image_lock_find(NULL, STR("busybox")));
}

static void test_check(void **state)
{
	static const struct {
		const char *digest, *config, *manifest, *image_config;
		bool fits;
	} cases[] = {
		{DIGEST, "", DIGEST, OTHER, true},
		{DIGEST, "", OTHER, OTHER, false},
		{DIGEST, OTHER, "", OTHER, true}, /* of an archive, which has no manifest */
		{DIGEST, OTHER, "", DIGEST, false},
		{DIGEST, "", "", OTHER, false},
		{"", OTHER, DIGEST, OTHER, true},
		{"", OTHER, OTHER, DIGEST, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_lock_entry e = {.ref = STR("x"),
			.digest = str_z(cases[i].digest),
			.config_digest = str_z(cases[i].config)};
		struct image img = {.manifest_digest = str_z(cases[i].manifest),
			.config_digest = str_z(cases[i].image_config)};
		struct err err = {0};

		if ((image_lock_check(&e, &img, &err) == 0) != cases[i].fits)
			fail_msg("case %zu: %s", i, err.msg);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"", "json"},
		{"[]", "expected an object"},
		{"{}", "expected apiVersion monopod/v1 and kind ImageLock"},
		{"{\"apiVersion\":\"monopod/v2\",\"kind\":\"ImageLock\",\"images\":[]}",
			"expected apiVersion"},
		{"{\"apiVersion\":1,\"kind\":\"ImageLock\",\"images\":[]}",
			"expected apiVersion"},
		{"{\"apiVersion\":\"monopod/v1\",\"kind\":\"ImageLock\"}",
			"'images': expected a list"},
		{"{\"apiVersion\":\"monopod/v1\",\"kind\":\"ImageLock\",\"images\":[],\"x\":1}",
			"unknown member 'x'"},
		{HEAD "1]}", "images[0]: entry: expected an object"},
		{HEAD "{}]}", "images[0]: 'config': expected an object"},
		{HEAD ENTRY("", "{}") "]}", "images[0]: 'ref'"},
		{HEAD ENTRY("x", "[]") "]}", "'config': expected an object"},
		{HEAD ENTRY("x", "{\"User\":0}") "]}", "'User' is not a string"},
		{HEAD ENTRY("x", "{\"Volumes\":{}}") "]}", "unknown member 'Volumes'"},
		{HEAD ENTRY("x", "{\"Env\":[\"=v\"]}") "]}", "expected NAME=VALUE"},
		{HEAD ENTRY("x", "{\"Cmd\":\"sh\"}") "]}", "'Cmd' is not a list"},
		{HEAD ENTRY("x", "{\"os\":1}") "]}", "'os': expected a string"},
		{HEAD ENTRY("x", "{}") "," ENTRY("x", "{}") "]}", "'x' is there twice"},
		{HEAD "{\"ref\":\"x\",\"name\":\"" NAME "\",\"config\":{}}]}",
			"expected 'digest' or 'imageID'"},
		{HEAD "{\"ref\":\"x\",\"name\":\"" NAME
		      "\",\"digest\":\"sha256:..\",\"config\":{}}]}",
			"'digest'"},
		{HEAD "{\"ref\":\"x\",\"name\":\"busybox\",\"digest\":\"" DIGEST
		      "\",\"config\":{}}]}",
			"'busybox' is not in its normal form"},
		{HEAD "{\"ref\":\"x\",\"name\":\"A B\",\"digest\":\"" DIGEST
		      "\",\"config\":{}}]}",
			"'name'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct image_lock *lock;
		struct err err = {0};

		if (image_lock_parse(a, str_z(cases[i].text), &lock, &err) == 0)
			fail_msg("case %zu: taken", i);
		if (!strstr(err.msg, cases[i].want))
			fail_msg("case %zu: '%s', want '%s'", i, err.msg, cases[i].want);
	}
}

static void test_id(void **state)
{
	cleanup_arena struct arena *a = arena_new();

	(void)state;
	assert_string_equal(str_c(image_id_text(a, STR("busybox:1"), STR(DIGEST), STR(OTHER))),
		"docker.io/library/busybox@" DIGEST);
	assert_string_equal(
		str_c(image_id_text(a, STR("busybox"), STR_NONE, STR(OTHER))), OTHER);
	assert_string_equal(str_c(image_id_text(a, STR("B B"), STR(DIGEST), STR_NONE)), DIGEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
