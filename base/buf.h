/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing byte buffer with a maximum. Reaching the maximum sets `full` and drops what does
 * not fit; the bytes kept are always NUL-terminated, and nothing more is
 * taken until buf_clear, so that no hole appears. Check full once at the end instead of
 * every call.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <base/attr.h>
#include <base/str.h>
#include <stdarg.h>
#include <stdint.h>

struct buf {
	char *p;
	size_t n;
	size_t cap;
	size_t max;
	bool full;
};

void buf_init(struct buf *b, size_t max_bytes);
void buf_release(struct buf *b); /* frees; safe on a zeroed struct */
void buf_clear(struct buf *b);   /* forgets the contents, keeps the memory and the maximum */
#define cleanup_buf attr_cleanup(buf_release)

void buf_add(struct buf *b, const void *p, size_t n);
void buf_addc(struct buf *b, char c);
void buf_adds(struct buf *b, struct str s);
void buf_addz(struct buf *b, const char *z);
void buf_addf(struct buf *b, const char *fmt, ...) attr_printf(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) attr_printf(2, 0);
void buf_cut(struct buf *b, size_t n_keep);   /* shorten to n_keep bytes */
void buf_shift(struct buf *b, size_t n_drop); /* drop bytes from the front */
struct str buf_str(const struct buf *b);      /* a view, valid until the next change */
char *buf_take(struct buf *b);                /* moves the memory out; free() it */

#endif
