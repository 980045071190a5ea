/* SPDX-License-Identifier: Apache-2.0 */
/* References: Docker's normalisation and the grammar's limits. */
#include "image_build.h"

#include <monopod/images.h>

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_good(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"busybox", "docker.io/library/busybox:latest"},
		{"busybox:1.36", "docker.io/library/busybox:1.36"},
		{"library/busybox", "docker.io/library/busybox:latest"},
		{"me/tool", "docker.io/me/tool:latest"},
		{"docker.io/busybox", "docker.io/library/busybox:latest"},
		{"index.docker.io/busybox", "docker.io/library/busybox:latest"},
		{"docker.io/me/a/b", "docker.io/me/a/b:latest"},
		{"localhost/x", "localhost/x:latest"},
		{"localhost:5000/x:t", "localhost:5000/x:t"},
		{"registry:5000/x", "registry:5000/x:latest"},
		{"registry.example/a-b/c__d.e:V1.0_x-y",
			"registry.example/a-b/c__d.e:V1.0_x-y"},
		{"REGISTRY/x", "REGISTRY/x:latest"},
		{"[::1]:80/x", "[::1]:80/x:latest"},
		{"a---b", "docker.io/library/a---b:latest"},
		{"x@sha256:" D64, "docker.io/library/x@sha256:" D64},
		{"x:t@sha256:" D64, "docker.io/library/x:t@sha256:" D64},
		{"x@sha512:" D64 D64, "docker.io/library/x@sha512:" D64 D64},
	};
	cleanup_arena struct arena *a = arena_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_ref r;
		struct err err = {0};

		if (image_ref_parse(a, str_z(cases[i].text), &r, &err) < 0)
			fail_msg("'%s': %s", cases[i].text, err.msg);
		assert_string_equal(image_ref_text(a, &r).p, cases[i].want);
		/* the normal form is its own */
		assert_int_equal(image_ref_parse(a, str_z(cases[i].want), &r, NULL), 0);
		assert_string_equal(image_ref_text(a, &r).p, cases[i].want);
	}
}

static void test_bad(void **state)
{
	static const char *const cases[] = {
		"",
		" ",
		"a b",
		"Busybox",
		"me/Tool",
		"-a",
		"a-",
		"a..b",
		"a___b",
		"a._b",
		"/a",
		"a/",
		"a//b",
		"a/../b",
		"../a",
		"a:",
		"a:b:c",
		"a:-x",
		"a:.x",
		"a:x/y:",
		"a:x y",
		"a@",
		"a@sha256:",
		"a@sha256:" D64 "0",
		"a@md5:" D64,
		"@sha256:" D64,
		"a@sha256:0123456789ABCDEF" D64,
		"a@b@c",
		D64,
		"localhost:x/a",
		"localhost:/a",
		"localhost:123456/a",
		"-x.example/a",
		"x-.example/a",
		".example/a",
		"a.b./c",
		"a\n",
		"a\xc3\xa9",
		"a=b",
		"a*",
		"[::x]/a",
		"a:" D64 D64 "0",
	};
	cleanup_arena struct arena *a = arena_new();
	struct image_ref r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (image_ref_parse(a, str_z(cases[i]), &r, NULL) == 0)
			fail_msg("'%s' was taken as '%s'", cases[i], image_ref_text(a, &r).p);
	char long_name[300];
	memset(long_name, 'a', sizeof(long_name));
	assert_int_equal(
		image_ref_parse(a, (struct str){.p = long_name, .n = 300}, &r, NULL), -1);
	/* as long as it may be with what normalising puts in front */
	for (size_t n = 200; n < 300; n++)
		assert_int_equal(
			image_ref_parse(a, (struct str){.p = long_name, .n = n}, &r, NULL),
			n + strlen("docker.io/library/") <= 255 ? 0 : -1);
	assert_int_equal(image_ref_parse(a, (struct str){.p = "a\0b", .n = 3}, &r, NULL), -1);
}

static void test_digests(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{"sha256:" D64, true},
		{"sha512:" D64 D64, true},
		{"sha512:" D64, false},
		{"sha256:" D64 D64, false},
		{"sha256:" D64 "\n", false},
		{"SHA256:" D64, false},
		{"sha256-" D64, false},
		{"sha384:" D64, false},
		{"sha256:../../../../../../../../../../../../../../../../../../../etc/passwd",
			false},
		{"", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if ((digest_check(str_z(cases[i].text), NULL, NULL) == 0) != cases[i].good)
			fail_msg("'%s'", cases[i].text);
	cleanup_arena struct arena *a = arena_new();
	assert_string_equal(image_digest_text(a, STR("hello")).p,
		"sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
	assert_int_equal(
		digest_verify(image_digest_text(a, STR("hello")), STR("hello"), NULL), 0);
	assert_int_equal(
		digest_verify(image_digest_text(a, STR("hello")), STR("hellO"), NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
