/* SPDX-License-Identifier: Apache-2.0 */
/* A block of lines at the bottom of a terminal. */
#include "view_screen.h"

#include "view_text.h"

#include <sys/ioctl.h>

enum { DEFAULT_COLS = 80, DEFAULT_ROWS = 24 };

void screen_init(struct screen *s, int fd)
{
	*s = (struct screen){.fd = fd, .cols = DEFAULT_COLS, .rows = DEFAULT_ROWS};
	screen_measure(s);
}

void screen_measure(struct screen *s)
{
	struct winsize size = {0};
	if (ioctl(s->fd, TIOCGWINSZ, &size) || size.ws_col == 0 || size.ws_row == 0)
		return;
	s->cols = size.ws_col;
	s->rows = size.ws_row;
}

/* Rows that the block takes now: a terminal that became narrower has wrapped its lines. Most
 * do; one that cuts them instead loses as many rows above the block. */
static size_t rows_taken(const struct screen *s)
{
	size_t taken = 0;
	for (size_t i = 0; i < s->widths.n; i++)
		taken +=
			s->widths.p[i] > s->cols ? (s->widths.p[i] + s->cols - 1) / s->cols : 1;
	return taken < s->rows ? taken : s->rows - 1;
}

/* To the first row of the block, and everything below is erased. */
static void block_erase(struct screen *s, struct buf *out)
{
	size_t up = rows_taken(s);
	if (up)
		buf_addf(out, "\033[%zuA", up);
	buf_addz(out, "\r\033[J");
}

void screen_clear(struct screen *s, struct buf *out)
{
	screen_measure(s);
	if (s->widths.n)
		block_erase(s, out);
	s->widths.n = 0;
}

void screen_release(struct screen *s)
{
	vec_release(&s->widths);
}

void screen_show_cursor(struct screen *s, struct buf *out)
{
	if (s->is_hidden)
		buf_addz(out, "\033[?25h");
	s->is_hidden = false;
}

void screen_draw(struct screen *s, const struct str *lines, size_t n, struct buf *out)
{
	bool is_same_width = s->drawn_cols == s->cols;
	if (!s->is_hidden)
		buf_addz(out, "\033[?25l");
	s->is_hidden = true;
	/* Same width: overwrite row by row, which does not flicker. */
	if (s->widths.n && is_same_width)
		buf_addf(out, "\033[%zuA\r", rows_taken(s));
	else if (s->widths.n)
		block_erase(s, out);
	s->widths.n = 0;
	for (size_t i = 0; i < n; i++) {
		vec_push(&s->widths, view_text_cols(lines[i]));
		buf_adds(out, lines[i]);
		buf_addz(out, "\033[K\n");
	}
	/* rows of a longer block before, and what the terminal echoed of the keyboard */
	buf_addz(out, "\033[J");
	s->drawn_cols = s->cols;
}
