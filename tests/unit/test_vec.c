/* SPDX-License-Identifier: Apache-2.0 */
/* Typed arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/vec.h>

struct pair {
	int a;
	char *b;
};

static void test_push(void **state attr_unused)
{
	VEC(int) v = {0};
	int *it;
	int sum = 0;

	vec_foreach (it, &v)
		sum++;
	assert_int_equal(sum, 0);
	for (int i = 0; i < 10000; i++)
		vec_push(&v, i);
	assert_int_equal(v.n, 10000);
	assert_true(v.cap >= v.n);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(v.p[i], i);
	vec_foreach (it, &v)
		sum += *it;
	assert_int_equal(sum, 49995000);
	vec_release(&v);
	assert_null(v.p);
	assert_int_equal(v.n, 0);
	assert_int_equal(v.cap, 0);
	vec_release(&v);
}

static void test_add_is_zeroed(void **state attr_unused)
{
	VEC(struct pair) v = {0};

	for (int i = 0; i < 100; i++) {
		struct pair *p = vec_add(&v);

		assert_int_equal(p->a, 0);
		assert_null(p->b);
		p->a = i + 1;
	}
	v.n = 50; /* what was used before is zeroed when it is added again */
	assert_int_equal(((struct pair *)vec_add(&v))->a, 0);
	vec_release(&v);
}

static void test_reserve(void **state attr_unused)
{
	VEC(char) v = {0};
	char *before;

	(void)vec_reserve(&v, 1000);
	assert_true(v.cap >= 1000);
	before = v.p;
	for (int i = 0; i < 1000; i++)
		vec_push(&v, 'x');
	assert_ptr_equal(before, v.p);
	vec_release(&v);
}

static void test_freeze(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	VEC(int) v = {0};
	int *copy;

	assert_null(vec_freeze(&v, a));
	vec_push(&v, 1);
	vec_push(&v, 2);
	copy = vec_freeze(&v, a);
	vec_release(&v);
	assert_int_equal(copy[0], 1);
	assert_int_equal(copy[1], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_push),
		cmocka_unit_test(test_add_is_zeroed),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_freeze),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
