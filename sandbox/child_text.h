/* SPDX-License-Identifier: Apache-2.0 */
/* Small texts without a C library. Closed world: see child.h. */
#ifndef SANDBOX_CHILD_TEXT_H
#define SANDBOX_CHILD_TEXT_H

#include <stdbool.h>
#include <stdint.h>

struct text {
	char *p, *end; /* end leaves room for the NUL */
};

static inline void text_add(struct text *t, const char *s)
{
	while (*s && t->p < t->end)
		*t->p++ = *s++;
	*t->p = 0;
}

static inline void text_number(struct text *t, uint64_t v, unsigned int base)
{
	char digits[24];
	char one[2] = {0};
	int n = 0;

	do {
		digits[n++] = (char)('0' + v % base);
		v /= base;
	} while (v);
	while (n) {
		one[0] = digits[--n];
		text_add(t, one);
	}
}

static inline bool text_full(const struct text *t)
{
	return t->p == t->end;
}

#endif
