/* SPDX-License-Identifier: Apache-2.0 */
/* The untyped half of vec.h. */
#include <base/vec.h>

#include <stdint.h>
#include <string.h>

enum { VEC_FIRST = 8 };

void *vec_grow(void *p, size_t *cap, size_t need, size_t each)
{
	size_t n = *cap ? *cap : VEC_FIRST;
	size_t n_bytes;

	while (n < need)
		n = n > SIZE_MAX / 2 ? need : n * 2;
	if (__builtin_mul_overflow(n, each, &n_bytes))
		n_bytes = SIZE_MAX; /* refused by the allocator, reported as out of memory */
	p = mem_grow(p, n_bytes);
	*cap = n;
	return p;
}

void *vec_zero(void *p, size_t n)
{
	return memset(p, 0, n);
}

void *vec_copy(struct arena *a, const void *p, size_t n, size_t each)
{
	void *copy;

	if (!n)
		return NULL;
	copy = arena_array(a, n, each);
	return memcpy(copy, p, n * each);
}
