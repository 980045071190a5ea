/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 against sums made elsewhere, at every edge of its padding. */
#include "agent/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	size_t n; /* letters a; SIZE_MAX: "abc" */
	const char *sum;
} sums[] = {
	{0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{SIZE_MAX, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
	{56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
	{64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
	{119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
	{120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
	{200, "c2a908d98f5df987ade41b5fce213067efbcc21ef2240212a41e54b5e7c28ae5"},
};

static void test_sums(void **state)
{
	struct arena *a = arena_new();
	char text[200];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(sums); i++) {
		struct str s = {.p = text, .n = sums[i].n};

		if (sums[i].n == SIZE_MAX)
			s = STR("abc");
		assert_string_equal(str_c(sha256_hex(a, s, 64)), sums[i].sum);
		assert_int_equal(sha256_hex(a, s, 10).n, 10);
		assert_memory_equal(sha256_hex(a, s, 10).p, sums[i].sum, 10);
	}
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
