/* SPDX-License-Identifier: Apache-2.0 */
/* The growing buffer. cap counts the byte for the NUL; max does not. */
#include <base/buf.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_FIRST_BYTES = 64 };

void buf_init(struct buf *b, size_t max_bytes)
{
	BUG_ON(max_bytes == SIZE_MAX);
	*b = (struct buf){.max = max_bytes};
}

void buf_release(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->full = false;
	if (b->p)
		b->p[0] = '\0';
}

/* Room for n more bytes and the NUL; returns how many of them may be used. */
static size_t buf_room(struct buf *b, size_t n)
{
	size_t left = b->max - b->n;
	size_t need;

	if (n > left) {
		b->full = true;
		n = left;
	}
	need = b->n + n + 1;
	if (need > b->cap) {
		size_t cap = b->cap ? b->cap : BUF_FIRST_BYTES;

		while (cap < need)
			cap = cap > SIZE_MAX / 2 ? need : cap * 2;
		if (cap > b->max + 1)
			cap = b->max + 1;
		b->p = mem_grow(b->p, cap);
		b->cap = cap;
	}
	return n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (b->full)
		return; /* a hole in the middle would be worse than a missing end */
	n = buf_room(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_addc(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_adds(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_addz(struct buf *b, const char *z)
{
	buf_adds(b, str_z(z));
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	char small[256];
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, again);
	va_end(again);
	BUG_ON(n < 0);
	if ((size_t)n < sizeof(small)) {
		buf_add(b, small, (size_t)n);
		return;
	}
	text = mem_alloc((size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	buf_add(b, text, (size_t)n);
	free(text);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void buf_cut(struct buf *b, size_t n_keep)
{
	if (n_keep >= b->n)
		return;
	b->n = n_keep;
	b->p[n_keep] = '\0';
}

void buf_shift(struct buf *b, size_t n_drop)
{
	if (!b->n)
		return;
	if (n_drop > b->n)
		n_drop = b->n;
	b->n -= n_drop;
	memmove(b->p, b->p + n_drop, b->n);
	b->p[b->n] = '\0';
}

struct str buf_str(const struct buf *b)
{
	return (struct str){.p = b->p ? b->p : "", .n = b->n};
}

char *buf_take(struct buf *b)
{
	char *p = b->p ? b->p : mem_zalloc(1);

	*b = (struct buf){.max = b->max};
	return p;
}
