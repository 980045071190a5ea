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

/* One character; returns the bytes used and adds the columns it takes. */
static size_t char_print(struct buf *out, struct str s, size_t *cols)
{
	unsigned char c = (unsigned char)s.p[0];
	size_t n;
	bool is_c1;
	if (c == '\033')
		return escape_length(s);
	if (c == '\t') {
		buf_addz(out, "    ");
		*cols += 4;
		return 1;
	}
	n = str_utf8_next(s);
	is_c1 = n == 2 && c == 0xc2 && (unsigned char)s.p[1] < 0xa0;
	/* C0, DEL and C1 controls, and what is not UTF-8 at all. */
	if (n == 0 || c < 0x20 || c == 0x7f) {
		buf_addf(out, "\\x%02x", c);
		*cols += 4;
		return 1;
	}
	if (is_c1)
		buf_addf(out, "\\x%02x", (unsigned char)s.p[1]);
	else
		buf_add(out, s.p, n);
	*cols += is_c1 ? 4 : 1;
	return n;
}

void view_text_safe(struct buf *out, struct str line, size_t max_cols)
{
	struct str rest = line_visible(line);
	size_t cols = 0;
	while (rest.n) {
		if (max_cols && cols + 1 >= max_cols) {
			buf_addz(out, "…");
			return;
		}
		rest = str_slice(rest, char_print(out, rest, &cols), rest.n);
	}
}

void view_text_time(struct buf *out, int64_t ns)
{
	int64_t ms = ns / 1000000;
	if (ms < 1000)
		buf_addf(out, "%lldms", (long long)(ms < 0 ? 0 : ms));
	else if (ms < 60000)
		buf_addf(out, "%lld.%llds", (long long)(ms / 1000),
			(long long)(ms % 1000 / 100));
	else
		buf_addf(out, "%lldm%02llds", (long long)(ms / 60000),
			(long long)(ms % 60000 / 1000));
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
	return str_eqz(t->condition.reason, "FailureIgnored") ? MARK_IGNORED : MARK_FAILED;
}

enum view_mark view_step_mark(const struct step_view *s)
{
	if (s->state == STEP_WAITING)
		return MARK_WAITING;
	if (s->state != STEP_ENDED)
		return MARK_RUNNING;
	if (str_eqz(s->termination_reason, "Continued"))
		return MARK_IGNORED;
	if (str_eqz(s->termination_reason, "Skipped"))
		return MARK_SKIPPED;
	return str_eqz(s->termination_reason, "Completed") ? MARK_DONE : MARK_FAILED;
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
	if (str_eqz(s->termination_reason, "TimeoutExceeded"))
		buf_addz(out, "stopped because it exceeded its timeout");
	else if (s->signal > 0)
		buf_addf(out, "killed by signal %d (SIG%s)", s->signal,
			sigabbrev_np(s->signal) ? sigabbrev_np(s->signal) : "?");
	else
		buf_addf(out, "exit code %d", s->exit_code);
	if (s->reason.n && !str_eqz(s->reason, "Error") && !str_eqz(s->reason, "Completed"))
		buf_addf(out, " (" STR_FMT ")", STR_ARG(s->reason));
}

const struct attempt_view *view_attempt(const struct task_run_view *t)
{
	return t->n_attempts ? &t->attempts[t->n_attempts - 1] : NULL;
}
