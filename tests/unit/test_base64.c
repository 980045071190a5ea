/* SPDX-License-Identifier: Apache-2.0 */
/* Base64: what is read, what is refused, and that all that is written is read again. */
#include <base/base64.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_parse(void **state attr_unused)
{
	static const struct {
		const char *text;
		int rc;
		const char *want;
	} cases[] = {
		{"", 0, ""},
		{"Zg==", 0, "f"},
		{"Zm8=", 0, "fo"},
		{"Zm9v", 0, "foo"},
		{"Zm9vYg==", 0, "foob"},
		{"Zm9v\nYg==\n", 0, "foob"},
		{"Zm9v\r\nYmFy", 0, "foobar"},
		{"+/+/", 0, "\xfb\xff\xbf"},
		{"Zg", -1, NULL},
		{"Zg=", -1, NULL},
		{"Z===", -1, NULL},
		{"====", -1, NULL},
		{"Zg==Zg==", -1, NULL},
		{"Zg==x", -1, NULL},
		{"Zg=a", -1, NULL},
		{"Zm9v=", -1, NULL},
		{"Zm 9v", -1, NULL},
		{"Zm9_", -1, NULL},
	};
	cleanup_arena struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct str got = STR_NONE;
		int rc = base64_parse(a, str_z(cases[i].text), &got);

		if (rc != cases[i].rc)
			fail_msg("'%s' gives %d", cases[i].text, rc);
		if (!rc && !str_eqz(got, cases[i].want))
			fail_msg("'%s' gives '%.*s'", cases[i].text, (int)got.n, got.p);
	}
}

static void test_add(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	unsigned char bytes[257];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		struct str in = {.p = (const char *)bytes, .n = n}, out;
		struct buf padded cleanup_buf = {0}, bare cleanup_buf = {0};

		buf_init(&padded, 1024);
		buf_init(&bare, 1024);
		base64_add(&padded, in, true);
		base64_add(&bare, in, false);
		assert_int_equal(padded.n, (n + 2) / 3 * 4);
		assert_int_equal(bare.n, (n * 8 + 5) / 6);
		assert_int_equal(base64_parse(a, buf_str(&padded), &out), 0);
		assert_true(str_eq(out, in));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_add),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
