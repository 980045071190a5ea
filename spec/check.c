/* SPDX-License-Identifier: Apache-2.0 */
/* Reporting for all checks: paths, positions, Tekton's "message: path". */
#include "spec/check.h"
#include <base/buf.h>
#include <stdarg.h>

enum { QUOTE_MAX = 1000 };

static struct str join_path(struct arena *a, struct str at, struct str field)
{
	if (!field.n)
		return at;
	if (!at.n)
		return field;
	return arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(at), field.p[0] == '[' ? "" : ".",
		STR_ARG(field));
}

struct str check_enter(struct check *c, const char *fmt, ...)
{
	struct str before = c->at;
	va_list ap;

	va_start(ap, fmt);
	c->at = join_path(c->arena, before, arena_vprintf(c->arena, fmt, ap));
	va_end(ap);
	return before;
}

void check_leave(struct check *c, struct str before)
{
	c->at = before;
}

struct str check_path(const struct check *c, const char *field)
{
	return join_path(c->arena, c->at, str_z(field));
}

/* The end of a text written on one line, quotes included. */
static struct pos text_end(const struct check *c, struct text t)
{
	const struct source *src = sources_get(c->spec->sources, t.pos.source);
	struct str line = src ? source_line(src, t.pos.line) : STR_NONE;
	struct pos end = t.pos;
	size_t at = 0;

	for (uint32_t col = 1; col < t.pos.col && at < line.n; col++)
		for (at++; at < line.n && ((unsigned char)line.p[at] & 0xc0) == 0x80;)
			at++;
	if (at >= line.n || !t.s.n || str_chr(t.s, '\n') >= 0)
		return end;
	if (line.p[at] == '"' || line.p[at] == '\'')
		end.col += 2;
	else if (!str_starts(str_slice(line, at, line.n), t.s))
		return t.pos;
	for (size_t i = 0; i < t.s.n; i++)
		end.col += ((unsigned char)t.s.p[i] & 0xc0) != 0x80;
	return end;
}

/* A message without its path. What is missing is told by the path alone. */
static struct str sentence_of(struct str msg, struct str path, const char *code)
{
	if (!path.n || !str_ends(msg, path) || str_eqz(str_z(code), "missing-field"))
		return msg;
	return str_slice(msg, 0, msg.n - path.n);
}

/* The same words at the same place, be it by another path: an alias is read more than once. */
static bool is_known(const struct diags *d, const char *code, struct pos pos, struct str msg,
	struct str path)
{
	struct str sentence = sentence_of(msg, path, code);

	for (size_t i = 0; i < d->n; i++) {
		const struct diag *one = &d->items[i];

		if (one->pos.source == pos.source && one->pos.line == pos.line &&
			one->pos.col == pos.col &&
			str_eq(sentence_of(one->msg, one->path, one->code), sentence))
			return true;
	}
	return false;
}

static struct diag *report(
	struct check *c, const char *code, struct pos pos, struct str path, struct str msg)
{
	struct diags *d = c->spec->diags;
	struct diag *one;

	if (!pos.line)
		pos = c->near;
	if (path.n)
		msg = arena_printf(c->arena, STR_FMT ": " STR_FMT, STR_ARG(msg), STR_ARG(path));
	if (is_known(d, code, pos, msg, path))
		return arena_new_object(c->arena, struct diag);
	one = diag_add(d, DIAG_ERROR, code, pos, STR_FMT, STR_ARG(msg));
	one->stage = DIAG_ADMISSION;
	one->path = path;
	one->object = c->object;
	return one;
}

bool check_is_full(const struct check *c)
{
	return c->spec->diags->n >= DIAG_MAX;
}

struct diag *check_report(struct check *c, const char *code, struct text at, const char *field,
	const char *fmt, ...)
{
	struct str msg;
	struct diag *one;
	va_list ap;

	/* problems beyond the maximum are only counted: they need no memory */
	if (check_is_full(c))
		return diag_add(c->spec->diags, DIAG_ERROR, code, at.pos, "%s", fmt);
	va_start(ap, fmt);
	msg = arena_vprintf(c->arena, fmt, ap);
	va_end(ap);
	one = report(c, code, at.pos, check_path(c, field), msg);
	one->end = text_end(c, at);
	return one;
}

struct diag *check_report_ref(struct check *c, const char *code, struct text t,
	const struct ref *ref, const char *field, const char *message)
{
	struct pos end, pos;
	struct diag *one;

	if (check_is_full(c))
		return diag_add(c->spec->diags, DIAG_ERROR, code, t.pos, "%s", message);
	pos = ref_pos(c->spec->sources, t, ref, &end);
	one = report(c, code, pos, check_path(c, field), str_z(message));
	one->end = end;
	return one;
}

struct diag *check_report_paths(struct check *c, const char *code, struct pos at,
	const char *head, const struct str *paths, size_t n)
{
	struct str list = paths[0], before = c->at;
	struct diag *one;

	for (size_t i = 1; i < n; i++)
		list = arena_printf(
			c->arena, STR_FMT ", " STR_FMT, STR_ARG(list), STR_ARG(paths[i]));
	c->at = STR_NONE;
	one = check_report(c, code, text_at(at), "", "%s: " STR_FMT, head, STR_ARG(list));
	c->at = before;
	one->path = paths[0];
	return one;
}

void check_missing(struct check *c, struct pos at, const char *field)
{
	check_report(c, "missing-field", text_at(at), field, "missing field(s)");
}

void check_suggest(struct check *c, struct diag *d, struct str got, const struct map *names)
{
	enum { MAX = 1000 }; /* the distance is not free; nobody looks for one among more */
	size_t n = names->n < MAX ? names->n : MAX;
	struct str *all;

	/* any two names of one letter are near each other */
	if (check_is_full(c) || got.n < 2)
		return;
	all = arena_new_array(c->arena, struct str, n);
	for (size_t i = 0; i < n; i++)
		all[i] = names->entries[i].key;
	diag_suggest(c->spec->diags, d, got, all, n);
}

struct str quote_go(struct arena *a, struct str s)
{
	struct str result;
	struct buf out;
	size_t i;

	buf_init(&out, 4 * QUOTE_MAX + 16);
	buf_addc(&out, '"');
	for (i = 0; i < s.n && out.n < QUOTE_MAX; i++) {
		unsigned char ch = (unsigned char)s.p[i];

		if (ch == '"' || ch == '\\')
			buf_addf(&out, "\\%c", ch);
		else if (ch == '\n' || ch == '\t' || ch == '\r')
			buf_addf(&out, "\\%c", ch == '\n' ? 'n' : ch == '\t' ? 't' : 'r');
		else if (ch < 0x20 || ch == 0x7f)
			buf_addf(&out, "\\x%02x", ch);
		else
			buf_addc(&out, (char)ch);
	}
	/* not in the middle of a character */
	while (i < s.n && ((unsigned char)s.p[i] & 0xc0) == 0x80)
		buf_addc(&out, s.p[i++]);
	buf_addz(&out, i < s.n ? "…\"" : "\"");
	result = arena_str(a, buf_str(&out));
	buf_release(&out);
	return result;
}
