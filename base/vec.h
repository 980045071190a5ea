/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed growing arrays: `VEC(struct foo) foos = {0};`. Memory is malloc'd and owned by the
 * vector; vec_release frees it. Elements move when the vector grows, so keep indices, not
 * pointers. vec_freeze copies into an arena.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include <base/arena.h>
#include <base/attr.h>
#include <stdlib.h>

#define VEC(type)                                                                              \
	struct {                                                                               \
		type *p;                                                                       \
		size_t n;                                                                      \
		size_t cap;                                                                    \
	}

void *vec_grow(void *p, size_t *cap, size_t need, size_t each);

#define vec_reserve(v, need)                                                                   \
	((v)->p = (need) > (v)->cap ? vec_grow((v)->p, &(v)->cap, (need), sizeof(*(v)->p))     \
				    : (v)->p)
#define vec_push(v, item) ((void)vec_reserve((v), (v)->n + 1), (v)->p[(v)->n++] = (item))
/* Appends one zeroed element and yields its address. */
#define vec_add(v)                                                                             \
	((void)vec_reserve((v), (v)->n + 1), vec_zero(&(v)->p[(v)->n++], sizeof(*(v)->p)))
#define vec_release(v)     (free((v)->p), (v)->p = NULL, (v)->n = 0, (v)->cap = 0)
#define vec_foreach(it, v) for (it = (v)->p; it && it < (v)->p + (v)->n; it++)
/* Copies the elements into an arena (NULL when empty); the vector stays as it is. */
#define vec_freeze(v, a) vec_copy((a), (v)->p, (v)->n, sizeof(*(v)->p))

void *vec_zero(void *p, size_t n);
void *vec_copy(struct arena *a, const void *p, size_t n, size_t each);

#endif
