/* SPDX-License-Identifier: Apache-2.0 */
/* Bump allocation in chunks that double; a big request gets a chunk of its own. */
#include <base/arena.h>

#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ARENA_FIRST_CHUNK = 4096,
	ARENA_LAST_CHUNK = 1024 * 1024,
	ARENA_ALIGN = alignof(max_align_t),
};

struct arena_chunk {
	struct arena_chunk *next;
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct arena_chunk *chunks; /* the head is the one that is being filled */
	char *free;                 /* in the head */
	size_t n_free;
	size_t next_chunk;
	size_t n_bytes;
};

struct arena *arena_new(void)
{
	struct arena *a = mem_zalloc(sizeof(*a));

	a->next_chunk = ARENA_FIRST_CHUNK;
	return a;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

void cleanup_arena_ptr(struct arena **a)
{
	arena_free(*a);
	*a = NULL;
}

/* calloc gives the zeroes; big chunks come from mmap and cost nothing until touched. */
static struct arena_chunk *arena_chunk_new(size_t n_bytes)
{
	size_t total;

	if (__builtin_add_overflow(n_bytes, sizeof(struct arena_chunk), &total))
		total = SIZE_MAX; /* refused by the allocator, reported as out of memory */
	return mem_zalloc(total);
}

/* Behind the head, so that the head's room stays in use. */
static void *arena_alloc_big(struct arena *a, size_t n_bytes)
{
	struct arena_chunk *c = arena_chunk_new(n_bytes);

	if (a->chunks) {
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		a->chunks = c;
	}
	return c->bytes;
}

static void arena_add_chunk(struct arena *a)
{
	struct arena_chunk *c = arena_chunk_new(a->next_chunk);

	c->next = a->chunks;
	a->chunks = c;
	a->free = c->bytes;
	a->n_free = a->next_chunk;
	if (a->next_chunk < ARENA_LAST_CHUNK)
		a->next_chunk *= 2;
}

void *arena_alloc(struct arena *a, size_t n_bytes)
{
	static max_align_t nothing; /* of no bytes: empty lists are many */
	size_t n = n_bytes;
	void *p;

	if (n == 0)
		return &nothing;
	a->n_bytes += n_bytes;
	if (n > a->next_chunk / 4)
		return arena_alloc_big(a, n);
	n = (n + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
	if (n > a->n_free)
		arena_add_chunk(a);
	p = a->free;
	a->free += n;
	a->n_free -= n;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t each)
{
	size_t n_bytes;

	if (__builtin_mul_overflow(n, each, &n_bytes))
		n_bytes = SIZE_MAX;
	return arena_alloc(a, n_bytes);
}

struct str arena_strn(struct arena *a, const char *p, size_t n)
{
	char *copy = arena_alloc(a, n < SIZE_MAX ? n + 1 : n);

	if (n)
		memcpy(copy, p, n);
	return (struct str){.p = copy, .n = n};
}

struct str arena_str(struct arena *a, struct str s)
{
	return arena_strn(a, s.p, s.n);
}

struct str arena_strz(struct arena *a, const char *z)
{
	return arena_str(a, str_z(z));
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	BUG_ON(n < 0);
	text = arena_alloc(a, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	return (struct str){.p = text, .n = (size_t)n};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	struct str s;
	va_list ap;

	va_start(ap, fmt);
	s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

size_t arena_bytes(const struct arena *a)
{
	return a->n_bytes;
}
