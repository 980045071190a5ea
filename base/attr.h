/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes and the few macros that a function cannot replace. */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define attr_printf(fmt, args) __attribute__((format(printf, fmt, args)))
#define attr_noreturn          __attribute__((noreturn))
#define attr_unused            __attribute__((unused))
#define attr_cleanup(fn)       __attribute__((cleanup(fn)))
#define attr_must_use          __attribute__((warn_unused_result))

/*
 * A broken promise of our own code: writes "file:line: bug: expression" with write(2) and
 * aborts. Stays on in release builds and has no side effects. Never used in sandbox/child*.c.
 */
#define BUG_ON(x)                                                                              \
	do {                                                                                   \
		if (__builtin_expect(!!(x), 0))                                                \
			bug_fail(__FILE__, __LINE__, #x);                                      \
	} while (0)

void bug_fail(const char *file, int line, const char *what) attr_noreturn;

/* Allocation that does not fail: out of memory writes one prepared sentence and exits with 4.
 */
void *mem_alloc(size_t n_bytes) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t n_bytes) __attribute__((malloc, returns_nonnull));
void *mem_grow(void *old, size_t n_bytes) __attribute__((returns_nonnull));

void cleanup_free_ptr(void *p); /* p is the address of the owning pointer */
#define cleanup_free attr_cleanup(cleanup_free_ptr)

#endif
