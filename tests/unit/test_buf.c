/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/buf.h>
#include <stdlib.h>
#include <string.h>

static void test_add(void **state attr_unused)
{
	cleanup_buf struct buf b;

	buf_init(&b, 1000);
	assert_string_equal(buf_str(&b).p, "");
	assert_int_equal(buf_str(&b).n, 0);
	buf_addz(&b, "a");
	buf_addc(&b, 'b');
	buf_adds(&b, STR("c\0d"));
	buf_add(&b, "", 0);
	buf_adds(&b, STR_NONE);
	buf_addf(&b, "-%d", 7);
	assert_int_equal(b.n, 7);
	assert_memory_equal(b.p, "abc\0d-7", 8);
	assert_false(b.full);
}

/* Every maximum around every growth step: nothing beyond it, NUL behind it. */
static void test_maximum(void **state attr_unused)
{
	for (size_t max = 0; max < 300; max++) {
		struct buf b;

		buf_init(&b, max);
		for (size_t i = 0; i < max; i++)
			buf_addc(&b, 'x');
		assert_false(b.full);
		assert_int_equal(b.n, max);
		buf_addz(&b, "yz");
		assert_true(b.full);
		assert_int_equal(b.n, max);
		assert_true(b.cap <= max + 1);
		assert_int_equal(strlen(b.p), max);
		buf_release(&b);
	}
}

static void test_full_keeps_the_front(void **state attr_unused)
{
	cleanup_buf struct buf b;

	buf_init(&b, 5);
	buf_addz(&b, "abc");
	buf_addz(&b, "defgh");
	assert_string_equal(b.p, "abcde");
	buf_cut(&b, 2);
	buf_addz(&b, "z"); /* full stays until the buffer is cleared: no hole */
	assert_string_equal(b.p, "ab");
	assert_true(b.full);
	buf_clear(&b);
	assert_false(b.full);
	buf_addz(&b, "z");
	assert_string_equal(b.p, "z");
}

static void test_cut_shift(void **state attr_unused)
{
	cleanup_buf struct buf b;

	buf_init(&b, 100);
	buf_shift(&b, 3);
	buf_cut(&b, 3);
	buf_addz(&b, "0123456789");
	buf_shift(&b, 3);
	assert_string_equal(b.p, "3456789");
	buf_cut(&b, 100);
	buf_cut(&b, 4);
	assert_string_equal(b.p, "3456");
	buf_shift(&b, 0);
	assert_string_equal(b.p, "3456");
	buf_shift(&b, SIZE_MAX);
	assert_string_equal(b.p, "");
	assert_int_equal(b.n, 0);
	buf_addz(&b, "x");
	buf_cut(&b, 0);
	assert_string_equal(b.p, "");
}

static void test_format(void **state attr_unused)
{
	cleanup_buf struct buf b;
	char text[700];

	buf_init(&b, 10000);
	for (size_t n = 250; n < 260; n++) {
		memset(text, 'q', n);
		text[n] = '\0';
		buf_clear(&b);
		buf_addf(&b, "%s", text);
		assert_int_equal(b.n, n);
		assert_string_equal(b.p, text);
	}
}

static void test_take(void **state attr_unused)
{
	struct buf b;
	char *p;

	buf_init(&b, 100);
	p = buf_take(&b);
	assert_string_equal(p, "");
	free(p);
	buf_addz(&b, "text");
	p = buf_take(&b);
	assert_string_equal(p, "text");
	assert_int_equal(b.n, 0);
	assert_null(b.p);
	buf_addz(&b, "again");
	assert_string_equal(b.p, "again");
	assert_string_equal(p, "text");
	free(p);
	buf_release(&b);
	buf_release(&b);
}

static void test_release_of_zeroed(void **state attr_unused)
{
	struct buf b = {0};

	buf_clear(&b);
	buf_release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),
		cmocka_unit_test(test_maximum),
		cmocka_unit_test(test_full_keeps_the_front),
		cmocka_unit_test(test_cut_shift),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_release_of_zeroed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
