/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lifetime. Everything allocated in an arena is freed together; single objects are never
 * freed. Memory is zeroed and aligned for any type. Out of memory ends the program (attr.h).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <base/attr.h>
#include <base/str.h>
#include <stdarg.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is fine */
void cleanup_arena_ptr(struct arena **a);
#define cleanup_arena attr_cleanup(cleanup_arena_ptr)

void *arena_alloc(struct arena *a, size_t n_bytes) __attribute__((returns_nonnull));
void *arena_array(struct arena *a, size_t n, size_t each) __attribute__((returns_nonnull));
#define arena_new_object(a, type)   ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_array(a, type, n) ((type *)arena_array((a), (n), sizeof(type)))

struct str arena_str(struct arena *a, struct str s);             /* copy, NUL-terminated */
struct str arena_strn(struct arena *a, const char *p, size_t n); /* copy, NUL-terminated */
struct str arena_strz(struct arena *a, const char *z);
struct str arena_printf(struct arena *a, const char *fmt, ...) attr_printf(2, 3);
struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap) attr_printf(2, 0);

size_t arena_bytes(const struct arena *a); /* handed out so far */

#endif
