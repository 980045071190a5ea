/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A block of lines at the bottom of a terminal that is drawn over and over. Only ECMA-48
 * sequences that every terminal knows; no terminal database. What is to be written is put into
 * a buffer of the caller's.
 */
#ifndef ENTRYPOINT_VIEW_SCREEN_H
#define ENTRYPOINT_VIEW_SCREEN_H

#include <base/buf.h>
#include <base/vec.h>
#include <stddef.h>

struct screen {
	int fd;
	size_t cols, rows;
	VEC(size_t) widths; /* of the lines on the screen now */
	size_t drawn_cols;  /* the width they were drawn for */
	bool is_hidden;     /* the cursor */
};

void screen_init(struct screen *s, int fd);
void screen_release(struct screen *s); /* leaves the terminal as it is */
void screen_measure(struct screen *s); /* TIOCGWINSZ; 80x24 when it is not known */
/* The lines are as wide as screen_measure said at most, and fewer than its rows. */
void screen_draw(struct screen *s, const struct str *lines, size_t n, struct buf *out);
void screen_clear(struct screen *s, struct buf *out); /* takes the block away */
void screen_show_cursor(struct screen *s, struct buf *out);

#endif
