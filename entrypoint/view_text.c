/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a run for people. */
#include "view_text.h"

#include <signal.h>
#include <string.h>

/* --- bytes of steps ------------------------------------------------------------------ */

/* Length of an escape sequence at the start of s (ECMA-48: CSI, OSC and the like, two bytes).
 */
static size_t escape_length(struct str s)
{
	size_t i = 2;
	if (s.n < 2)
		return s.n;
	if (s.p[1] == '[') {
		while (i < s.n &&
			((unsigned char)s.p[i] < 0x40 || (unsigned char)s.p[i] > 0x7e))
			i++;
		return i < s.n ? i + 1 : i;
	}
	if (strchr("]PX^_", s.p[1])) {
		while (i < s.n && s.p[i] != '\a' && s.p[i] != '\033')
			i++;
		if (i < s.n && s.p[i] == '\033' && i + 1 < s.n && s.p[i + 1] == '\\')
			i++;
		return i < s.n ? i + 1 : i;
	}
	return 2;
}

/* What a terminal would still show of a line that returns to its start. */
static struct str line_visible(struct str s)
{
	ptrdiff_t at;
	while (s.n && s.p[s.n - 1] == '\r')
		s = str_slice(s, 0, s.n - 1);
	at = str_rchr(s, '\r');
	return at < 0 ? s : str_slice(s, (size_t)at + 1, s.n);
}

struct range {
	uint32_t first, last;
};

static bool range_has(const struct range *r, size_t n, uint32_t c)
{
	size_t from = 0;
	while (from < n) {
		size_t mid = from + (n - from) / 2;
		if (c < r[mid].first)
			n = mid;
		else if (c > r[mid].last)
			from = mid + 1;
		else
			return true;
	}
	return false;
}

/* East Asian Wide and Fullwidth, rounded up to blocks where those hold little else. */
static bool char_is_wide(uint32_t c)
{
	static const struct range wide[] = {
		{0x1100, 0x115f},
		{0x231a, 0x231b},
		{0x2329, 0x232a},
		{0x23e9, 0x23f3},
		{0x25fd, 0x25fe},
		{0x2614, 0x2615},
		{0x2648, 0x2653},
		{0x267f, 0x267f},
		{0x2693, 0x2693},
		{0x26a1, 0x26a1},
		{0x26aa, 0x26ab},
		{0x26bd, 0x26be},
		{0x26c4, 0x26c5},
		{0x26ce, 0x26ce},
		{0x26d4, 0x26d4},
		{0x26ea, 0x26ea},
		{0x26f2, 0x26f5},
		{0x26fa, 0x26fd},
		{0x2705, 0x2705},
		{0x270a, 0x270b},
		{0x2728, 0x2728},
		{0x274c, 0x274e},
		{0x2753, 0x2757},
		{0x2795, 0x2797},
		{0x27b0, 0x27bf},
		{0x2b1b, 0x2b1c},
		{0x2b50, 0x2b55},
		{0x2e80, 0xa4cf},
		{0xa960, 0xa97f},
		{0xac00, 0xd7a3},
		{0xf900, 0xfaff},
		{0xfe10, 0xfe19},
		{0xfe30, 0xfe6f},
		{0xff00, 0xff60},
		{0xffe0, 0xffe6},
		{0x16fe0, 0x18dff},
		{0x1aff0, 0x1b2ff},
		{0x1d300, 0x1d37f},
		{0x1f000, 0x1faff},
		{0x20000, 0x3ffff},
	};
	return range_has(wide, ARRAY_SIZE(wide), c);
}

/* C1 controls, and what reorders or hides the text around it. */
static bool char_is_hostile(uint32_t c)
{
	static const struct range hostile[] = {{0x80, 0x9f}, {0x61c, 0x61c}, {0x200b, 0x200b},
		{0x200e, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},
		{0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
	return range_has(hostile, ARRAY_SIZE(hostile), c);
}

/* The code point of n well-formed bytes. */
static uint32_t char_decode(const char *p, size_t n)
{
	static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (unsigned char)p[0] & first_bits[n];
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)p[i] & 0x3f);
	return c;
}

/* One character; returns the bytes used and adds the columns it takes. */
static size_t char_print(struct buf *out, struct str s, bool is_ascii, size_t *cols)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n_before = out->n;
	size_t n = str_utf8_next(s);
	uint32_t code = n ? char_decode(s.p, n) : 0;
	bool is_wide = false;
	if (c == '\033')
		return escape_length(s);
	if (c == '\t') {
		buf_addz(out, "    ");
	} else if (n == 0 || c < 0x20 || c == 0x7f) {
		buf_addf(out, "\\x%02x", c);
	} else if (char_is_hostile(code)) {
		buf_addf(out, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
	} else if (n > 1 && is_ascii) {
		buf_addc(out, '?');
	} else {
		buf_add(out, s.p, n);
		is_wide = char_is_wide(code);
		n_before = out->n - 1;
	}
	*cols += is_wide ? 2 : out->n - n_before;
	return n ? n : 1;
}

static size_t cut_cols(size_t max_cols, bool is_ascii)
{
	size_t n = is_ascii ? 3 : 1;
	return n < max_cols ? n : max_cols;
}

static void cut_print(struct buf *out, size_t max_cols, bool is_ascii)
{
	if (is_ascii)
		buf_add(out, "...", cut_cols(max_cols, true));
	else
		buf_addz(out, "…");
}

/* Characters at the start of s that are shown as they are, one column each: most of any log. */
static size_t plain_length(struct str s)
{
	size_t n = 0;
	while (n < s.n && (unsigned char)(s.p[n] - ' ') < 0x7f - ' ')
		n++;
	return n;
}

void view_text_safe(struct buf *out, struct str line, size_t max_cols, bool is_ascii)
{
	struct str rest = line_visible(line);
	size_t room = max_cols - cut_cols(max_cols, is_ascii);
	size_t cols = 0;
	size_t n_keep = out->n; /* what stays when the text has to be cut */
	while (rest.n) {
		size_t n = max_cols ? 0 : plain_length(rest);
		if (n)
			buf_add(out, rest.p, n);
		else
			n = char_print(out, rest, is_ascii, &cols);
		rest = str_slice(rest, n, rest.n);
		if (max_cols && cols > max_cols) {
			buf_cut(out, n_keep);
			cut_print(out, max_cols, is_ascii);
			return;
		}
		if (cols <= room)
			n_keep = out->n;
	}
}

void view_text_safe_lines(struct buf *out, struct str text)
{
	struct str line;

	while (str_cut(text, '\n', &line, &text)) {
		view_text_safe(out, line, 0, false);
		buf_addc(out, '\n');
	}
	view_text_safe(out, text, 0, false);
}

/* Bytes of a colour sequence of our own at the start of s; 0: there is none. */
static size_t colour_length(struct str s)
{
	ptrdiff_t end = s.n && s.p[0] == '\033' ? str_chr(s, 'm') : -1;
	return end < 0 ? 0 : (size_t)end + 1;
}

/* One character or colour sequence; adds its columns and returns its bytes. */
static size_t char_skip(struct str s, size_t *cols)
{
	size_t n = colour_length(s);
	if (n)
		return n;
	n = str_utf8_next(s);
	*cols += n && char_is_wide(char_decode(s.p, n)) ? 2 : 1;
	return n ? n : 1;
}

size_t view_text_cols(struct str s)
{
	size_t cols = 0;
	while (s.n)
		s = str_slice(s, char_skip(s, &cols), s.n);
	return cols;
}

void view_text_cell(struct buf *out, struct str word, size_t min_cols)
{
	size_t from = out->n;
	size_t cols;

	view_text_safe(out, word, 0, false);
	for (cols = view_text_cols(str_slice(buf_str(out), from, out->n)); cols < min_cols;
		cols++)
		buf_addc(out, ' ');
}

void view_text_fit(struct buf *out, size_t from, size_t max_cols, bool is_ascii)
{
	struct str rest = str_slice(buf_str(out), from, out->n);
	size_t room = max_cols - cut_cols(max_cols, is_ascii);
	size_t cols = 0;
	size_t n_keep = from;
	bool has_colour = false;
	if (max_cols == 0)
		return;
	while (rest.n) {
		has_colour |= rest.p[0] == '\033';
		rest = str_slice(rest, char_skip(rest, &cols), rest.n);
		if (cols > max_cols) {
			buf_cut(out, n_keep);
			cut_print(out, max_cols, is_ascii);
			if (has_colour)
				buf_addz(out, "\033[0m");
			return;
		}
		if (cols <= room)
			n_keep = out->n - rest.n;
	}
}

void view_text_time(struct buf *out, int64_t ns)
{
	long long ms = ns < 0 ? 0 : ns / 1000000;
	long long s = ms / 1000;
	if (s < 1)
		buf_addf(out, "%lldms", ms);
	else if (s < 60)
		buf_addf(out, "%lld.%llds", s, ms % 1000 / 100);
	else if (s < 3600)
		buf_addf(out, "%lldm%02llds", s / 60, s % 60);
	else
		buf_addf(out, "%lldh%02lldm%02llds", s / 3600, s / 60 % 60, s % 60);
}

/* --- names and verdicts -------------------------------------------------------------- */

struct str view_task_name(const struct run_view *r, const struct task_run_view *t)
{
	if (r->kind == OBJECT_PIPELINE_RUN && t->name.n > r->name.n + 1 &&
		str_starts(t->name, r->name) && t->name.p[r->name.n] == '-')
		return str_slice(t->name, r->name.n + 1, t->name.n);
	return t->name;
}

enum view_mark view_task_mark(const struct task_run_view *t)
{
	if (t->state == TASK_WAITING)
		return MARK_WAITING;
	if (t->state != TASK_DONE)
		return MARK_RUNNING;
	if (t->condition.status == CONDITION_TRUE)
		return MARK_DONE;
	if (t->kind == OBJECT_PIPELINE_RUN)
		return t->on_error_continue ? MARK_IGNORED : MARK_FAILED;
	return str_eqz(t->condition.reason, "FailureIgnored") ? MARK_IGNORED : MARK_FAILED;
}

bool view_task_was_cancelled(const struct task_run_view *t)
{
	return str_eqz(t->condition.reason,
		t->kind == OBJECT_PIPELINE_RUN ? "Cancelled" : "TaskRunCancelled");
}

bool view_task_is_inside_ignored(const struct task_run_view *t)
{
	for (t = t->owner->parent; t; t = t->owner->parent)
		if (view_task_mark(t) == MARK_IGNORED)
			return true;
	return false;
}

/* A program of it was started: that has an image, and may end before the clock moves. */
static bool has_run(const struct step_view *s)
{
	return s->image_id.n > 0;
}

/* Steps that were ended from outside before they ran have nothing to say: they were skipped. */
enum view_mark view_step_mark(const struct step_view *s)
{
	static const struct {
		const char *reason;
		enum view_mark mark;
	} ends[] = {
		{"Completed", MARK_DONE},
		{"Continued", MARK_IGNORED},
		{"Error", MARK_FAILED},
		{"TimeoutExceeded", MARK_FAILED},
		{"Skipped", MARK_SKIPPED},
	};
	if (s->state == STEP_WAITING)
		return MARK_WAITING;
	if (s->state != STEP_ENDED)
		return MARK_RUNNING;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		if (str_eqz(s->termination_reason, ends[i].reason))
			return ends[i].mark;
	return has_run(s) || s->started_ns < s->ended_ns ? MARK_FAILED : MARK_SKIPPED;
}

void view_mark_print(struct buf *out, enum view_mark m, bool utf8, bool colour)
{
	static const struct {
		const char *sign, *plain, *colour;
	} marks[] = {
		[MARK_WAITING] = {"○", ".", "2"},
		[MARK_RUNNING] = {"●", ">", "36"},
		[MARK_DONE] = {"✓", "+", "32"},
		[MARK_FAILED] = {"✗", "x", "31"},
		[MARK_IGNORED] = {"!", "!", "33"},
		[MARK_SKIPPED] = {"–", "-", "2"},
	};
	_Static_assert(ARRAY_SIZE(marks) == VIEW_MARK_N, "a sign for each mark");
	if (colour)
		buf_addf(out, "\033[%sm", marks[m].colour);
	buf_addz(out, utf8 ? marks[m].sign : marks[m].plain);
	if (colour)
		buf_addz(out, "\033[0m");
}

void view_step_end(struct buf *out, const struct step_view *s)
{
	static const struct {
		const char *reason, *words;
	} stopped[] = {
		{"TimeoutExceeded", "stopped: it exceeded its timeout"},
		{"TaskRunTimeout", "stopped: the task exceeded its timeout"},
		{"TaskRunCancelled", "stopped: the task was cancelled"},
		{"Skipped", "skipped"},
	};
	for (size_t i = 0; i < ARRAY_SIZE(stopped); i++) {
		if (!str_eqz(s->termination_reason, stopped[i].reason))
			continue;
		buf_addz(out, stopped[i].words);
		return;
	}
	if (!str_eqz(s->termination_reason, "Error") &&
		!str_eqz(s->termination_reason, "Continued")) {
		buf_addf(out, "%s: " STR_FMT, has_run(s) ? "stopped" : "did not run",
			STR_ARG(s->termination_reason));
		return;
	}
	if (s->signal > 0)
		buf_addf(out, "killed by signal %d (SIG%s)", s->signal,
			sigabbrev_np(s->signal) ? sigabbrev_np(s->signal) : "?");
	else
		buf_addf(out, "exit code %d", s->exit_code);
	if (s->reason.n && !str_eqz(s->reason, "Error") && !str_eqz(s->reason, "Completed"))
		buf_addf(out, " (" STR_FMT ")", STR_ARG(s->reason));
	if (str_eqz(s->termination_reason, "Continued"))
		buf_addz(out, ", ignored");
}

const struct attempt_view *view_attempt(const struct task_run_view *t)
{
	return t->n_attempts ? &t->attempts[t->n_attempts - 1] : NULL;
}
