/* SPDX-License-Identifier: Apache-2.0 */
/* Arenas: zeroes, alignment, chunks, copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/arena.h>
#include <stdalign.h>
#include <string.h>

static void test_zeroed_aligned_disjoint(void **state attr_unused)
{
	static const size_t sizes[] = {0, 1, 7, 8, 15, 16, 17, 100, 1000, 1023, 1024, 1025,
		4096, 5000, 70000, 300000, 1048576, 3000000};
	cleanup_arena struct arena *a = arena_new();
	size_t total = 0;

	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes) - (round ? 4 : 0); i++) {
			unsigned char *p = arena_alloc(a, sizes[i]);

			assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_true(p[k] == 0);
			memset(p, 0xa5, sizes[i]); /* an overlap would show as not zeroed */
			total += sizes[i];
		}
	}
	assert_int_equal(arena_bytes(a), total);
}

static void test_objects_stay(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	int *p[2000];

	for (int i = 0; i < 2000; i++) {
		p[i] = arena_new_object(a, int);
		*p[i] = i;
	}
	for (int i = 0; i < 2000; i++)
		assert_int_equal(*p[i], i);
	assert_non_null(arena_new_array(a, int, 0));
}

static void test_strings(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	char longer[5000];
	struct str s;

	s = arena_strn(a, "abcdef", 3);
	assert_string_equal(s.p, "abc");
	assert_int_equal(s.n, 3);
	s = arena_str(a, STR_NONE);
	assert_int_equal(s.n, 0);
	assert_string_equal(s.p, "");
	s = arena_strz(a, NULL);
	assert_string_equal(s.p, "");
	s = arena_str(a, STR("a\0b"));
	assert_int_equal(s.n, 3);
	assert_memory_equal(s.p, "a\0b\0", 4);
	s = arena_printf(a, "%s-%d", "x", 42);
	assert_string_equal(s.p, "x-42");
	assert_int_equal(s.n, 4);
	memset(longer, 'y', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	s = arena_printf(a, "<%s>", longer);
	assert_int_equal(s.n, sizeof(longer) + 1);
	assert_int_equal(s.p[s.n - 1], '>');
	assert_int_equal(s.p[s.n], '\0');
}

static void test_lifetime(void **state attr_unused)
{
	struct arena *a = arena_new();

	arena_free(NULL);
	(void)arena_alloc(
		a, 10 * 1024 * 1024); /* a big one first: it must not become the head */
	(void)arena_alloc(a, 10);
	cleanup_arena_ptr(&a);
	assert_null(a);
	cleanup_arena_ptr(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_zeroed_aligned_disjoint),
		cmocka_unit_test(test_objects_stay),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_lifetime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
