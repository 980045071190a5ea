/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A problem as text and as JSON. Everything that comes from the input goes through diag_char,
 * so that no control character of it reaches the terminal.
 */
#include <base/diag.h>

#include <base/json.h>

static const char *const diag_severity_names[] = {
	[DIAG_ERROR] = "error",
	[DIAG_WARNING] = "warning",
	[DIAG_NOTE] = "note",
};
_Static_assert(ARRAY_SIZE(diag_severity_names) == DIAG_SEVERITY_N, "one name a severity");

enum diag_style { STYLE_NONE, STYLE_BOLD, STYLE_ERROR, STYLE_WARNING, STYLE_NOTE, STYLE_CARET };

static const char *const diag_styles[] = {
	[STYLE_NONE] = "\x1b[0m",
	[STYLE_BOLD] = "\x1b[1m",
	[STYLE_ERROR] = "\x1b[1;31m",
	[STYLE_WARNING] = "\x1b[1;35m",
	[STYLE_NOTE] = "\x1b[1;36m",
	[STYLE_CARET] = "\x1b[1;32m",
};

static void diag_style(struct buf *out, bool colour, enum diag_style style)
{
	if (colour)
		buf_addz(out, diag_styles[style]);
}

/* Code points that a terminal shows two cells wide or not at all; the rest takes one. */
static const struct {
	uint32_t first, last;
	unsigned int cells;
} diag_widths[] = {
	{0x0300, 0x036f, 0},
	{0x1100, 0x115f, 2},
	{0x200b, 0x200d, 0},
	{0x2e80, 0xa4cf, 2},
	{0xac00, 0xd7a3, 2},
	{0xf900, 0xfaff, 2},
	{0xfe00, 0xfe0f, 0},
	{0xfe30, 0xfe6f, 2},
	{0xff00, 0xff60, 2},
	{0xffe0, 0xffe6, 2},
	{0x1f300, 0x1faff, 2},
	{0x20000, 0x3fffd, 2},
};

static unsigned int diag_cells(uint32_t c)
{
	for (size_t i = 0; i < ARRAY_SIZE(diag_widths); i++) {
		if (c >= diag_widths[i].first && c <= diag_widths[i].last)
			return diag_widths[i].cells;
	}
	return 1;
}

/* Controls of both sets, and the marks that turn the direction of text around. */
static bool diag_is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e ||
	       c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0xfeff;
}

/* The code point of a well-formed character of n bytes. */
static uint32_t diag_decode(struct str s, size_t n)
{
	static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (unsigned char)s.p[0] & lead[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
	return c;
}

/*
 * Takes one character off the front of *s, shows it, and returns how many cells it took. A
 * byte that is not UTF-8 counts as one character, as columns do.
 */
static unsigned int diag_char(struct str *s, struct buf *out)
{
	size_t n = str_utf8_next(*s);
	uint32_t c = n ? diag_decode(*s, n) : (unsigned char)s->p[0];
	struct str bytes = str_slice(*s, 0, n);

	*s = str_slice(*s, n ? n : 1, s->n);
	if (c == '\n' && n) {
		buf_addz(out, "\\n");
		return 2;
	}
	if (!n || (diag_is_control(c) && c <= 0xff)) {
		buf_addf(out, "\\x%02x", c);
		return 4;
	}
	if (diag_is_control(c)) {
		buf_addf(out, "\\u%04x", c);
		return 6;
	}
	buf_adds(out, bytes);
	return diag_cells(c);
}

static void diag_text(struct str s, struct buf *out)
{
	while (s.n)
		(void)diag_char(&s, out);
}

/* How much of a long line is shown around the column, in characters. */
enum { DIAG_WINDOW = 100, DIAG_EXCERPT_BYTES = 8 * DIAG_WINDOW };

struct diag_excerpt {
	struct buf *line;
	struct buf *mark;
	uint32_t from, to; /* the window, as columns; both shown */
	uint32_t first;    /* the caret */
	uint32_t last;     /* the last ~ */
};

static void diag_mark(struct buf *mark, unsigned int cells, char c)
{
	for (unsigned int i = 0; i < cells; i++)
		buf_addc(mark, c);
}

/* One character at column col on both lines; a tab stays a tab, so that they align. Nothing is
 * written below what follows the last one blamed. */
static void diag_excerpt_char(struct diag_excerpt *x, struct str *rest, uint32_t col)
{
	bool is_tab = rest->p[0] == '\t';
	unsigned int cells = 1;

	if (is_tab) {
		*rest = str_slice(*rest, 1, rest->n);
		buf_addc(x->line, '\t');
	} else {
		cells = diag_char(rest, x->line);
	}
	if (col < x->first) {
		diag_mark(x->mark, cells, is_tab ? '\t' : ' ');
	} else if (col == x->first) {
		buf_addc(x->mark, '^');
		diag_mark(x->mark, cells && x->last > x->first ? cells - 1 : 0, '~');
	} else if (col <= x->last) {
		diag_mark(x->mark, cells, is_tab ? '\t' : '~');
	}
}

static void diag_excerpt_fill(struct diag_excerpt *x, struct str line)
{
	struct str rest = line;
	uint32_t col = 1;

	for (; rest.n && col < x->from; col++) {
		size_t n = str_utf8_next(rest);

		rest = str_slice(rest, n ? n : 1, rest.n);
	}
	if (x->from > 1) {
		buf_addz(x->line, "\xe2\x80\xa6");
		buf_addc(x->mark, ' ');
	}
	for (; rest.n && col <= x->to; col++)
		diag_excerpt_char(x, &rest, col);
	if (rest.n)
		buf_addz(x->line, "\xe2\x80\xa6");
	if (col <= x->first) /* at the end of the line, or beyond it */
		buf_addc(x->mark, '^');
}

static void diag_excerpt_print(
	const struct diag *one, struct str line, bool colour, struct buf *out)
{
	cleanup_buf struct buf text;
	cleanup_buf struct buf mark;
	uint32_t col = one->pos.col ? one->pos.col : 1;
	struct diag_excerpt x = {.line = &text, .mark = &mark, .first = col, .last = col};

	buf_init(&text, DIAG_EXCERPT_BYTES);
	buf_init(&mark, DIAG_EXCERPT_BYTES);
	if (one->end.line == one->pos.line && one->end.col > col)
		x.last = one->end.col - 1;
	x.from = 1;
	if (line.n > DIAG_WINDOW && col > DIAG_WINDOW / 2)
		x.from = col - DIAG_WINDOW / 2;
	x.to = x.from + DIAG_WINDOW - 1;
	diag_excerpt_fill(&x, line);
	buf_addf(out, "  %s\n  ", text.p ? text.p : "");
	diag_style(out, colour, STYLE_CARET);
	buf_adds(out, buf_str(&mark));
	diag_style(out, colour, STYLE_NONE);
	buf_addc(out, '\n');
}

static void diag_place_print(const struct diag *one, const struct source *src, struct buf *out)
{
	if (!src)
		return;
	diag_text(src->name, out);
	if (one->pos.line)
		buf_addf(out, ":%u:%u", one->pos.line, one->pos.col ? one->pos.col : 1);
	buf_addz(out, ": ");
}

void diag_print(const struct diags *d, const struct diag *one, bool colour, struct buf *out)
{
	static const enum diag_style styles[] = {
		[DIAG_ERROR] = STYLE_ERROR,
		[DIAG_WARNING] = STYLE_WARNING,
		[DIAG_NOTE] = STYLE_NOTE,
	};
	const struct source *src = d->sources ? sources_get(d->sources, one->pos.source) : NULL;

	diag_style(out, colour, STYLE_BOLD);
	diag_place_print(one, src, out);
	diag_style(out, colour, styles[one->severity]);
	buf_addf(out, "%s: ", diag_severity_names[one->severity]);
	diag_style(out, colour, STYLE_NONE);
	diag_text(one->msg, out);
	buf_addf(out, " [%s]\n", one->code);
	if (src && one->pos.line && !one->no_excerpt)
		diag_excerpt_print(one, source_line(src, one->pos.line), colour, out);
	if (one->hint.n) {
		buf_addz(out, "  hint: ");
		diag_text(one->hint, out);
		buf_addc(out, '\n');
	}
}

void diags_print(const struct diags *d, bool colour, struct buf *out)
{
	for (size_t i = 0; i < d->n; i++)
		diag_print(d, &d->items[i], colour, out);
	if (d->n_dropped)
		buf_addf(out, "and %zu more\n", d->n_dropped);
}

void diag_json(const struct diags *d, const struct diag *one, struct json_writer *w)
{
	const struct source *src = d->sources ? sources_get(d->sources, one->pos.source) : NULL;
	struct pos end = one->end.line ? one->end : one->pos;

	json_open(w, '{');
	json_field(w, "file", src ? src->name : STR_NONE);
	json_field_int(w, "line", one->pos.line);
	json_field_int(w, "column", one->pos.col);
	json_field_int(w, "endLine", end.line);
	json_field_int(w, "endColumn", end.col);
	json_field(w, "path", one->path);
	json_fieldz(w, "severity", diag_severity_names[one->severity]);
	json_fieldz(w, "code", one->code);
	json_field(w, "message", one->msg);
	json_field(w, "hint", one->hint);
	json_close(w, '}');
}
