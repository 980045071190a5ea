/* SPDX-License-Identifier: Apache-2.0 */
/* References in a text: scanning, parsing, finding them in the source. */
#include "spec/ref.h"
#include <base/num.h>
#include <string.h>

bool ref_scan(struct str text, size_t *at, size_t *ret_from, size_t *ret_to)
{
	bool open = false;

	for (size_t i = *at; i < text.n; i++) {
		char c = text.p[i];

		if (c == '$' && i + 1 < text.n && text.p[i + 1] == '(') {
			*ret_from = i++;
			open = true;
		} else if (c == ')' && open) {
			*ret_to = i + 1;
			*at = i + 1;
			return true;
		}
	}
	*at = text.n;
	return false;
}

struct str ref_inside(struct str text, size_t from, size_t to)
{
	return str_slice(text, from + 2, to - 1);
}

/* --- parsing */

/* Takes "[i]" or "[*]" off the end of a name. What is neither stays part of the name. */
static struct str take_index(struct str name, struct ref *ref)
{
	ptrdiff_t open = str_rchr(name, '[');
	struct str inside;
	uint64_t i;

	if (open < 0 || name.p[name.n - 1] != ']')
		return name;
	inside = str_slice(name, (size_t)open + 1, name.n - 1);
	if (str_eqz(inside, "*"))
		ref->star = true;
	else if (num_u64(inside, INT64_MAX, &i, NULL) == 0)
		ref->index = (int64_t)i;
	else
		return name;
	return str_slice(name, 0, (size_t)open);
}

/* NAME, NAME[i], NAME[*], NAME.key, or ["NAME"] and ['NAME'] with an index. */
static bool parse_name(struct str rest, struct ref *ref, struct str *ret_name)
{
	struct str head, tail;

	if (str_starts(rest, STR("[\"")) || str_starts(rest, STR("['"))) {
		char quote = rest.p[1];
		struct str body = take_index(rest, ref);

		ref->brackets = true;
		if (body.n < 5 || body.p[body.n - 1] != ']' || body.p[body.n - 2] != quote)
			return false;
		*ret_name = str_slice(body, 2, body.n - 2);
		return true;
	}
	if (!rest.n || rest.p[0] != '.')
		return false;
	rest = str_slice(rest, 1, rest.n);
	if (str_cut(rest, '.', &head, &tail)) {
		*ret_name = head;
		ref->key = tail;
	} else {
		*ret_name = take_index(rest, ref);
	}
	return ret_name->n > 0;
}

/* results.R… behind "tasks.T." and the like; rest begins with "results". */
static void parse_result(struct str rest, enum ref_kind kind, struct ref *ref)
{
	rest = str_slice(rest, strlen("results"), rest.n);
	if (!parse_name(rest, ref, &ref->name))
		return;
	/* only dots make a reference to a result (section 7.4) */
	ref->kind = ref->brackets ? REF_OTHER : kind;
}

/* outputs.A or inputs.A; for tasks the name may be missing, and may have dots. */
static bool is_artifact(struct str s, bool of_task)
{
	struct str side, name;
	bool is_named = str_cut(s, '.', &side, &name);

	if (!is_named)
		side = s;
	if (!str_eqz(side, "outputs") && !str_eqz(side, "inputs"))
		return false;
	return is_named ? name.n && (of_task || str_chr(name, '.') < 0) : of_task;
}

static void parse_tasks(struct str rest, struct ref *ref)
{
	struct str tail, middle;

	if (str_eqz(rest, "status")) {
		ref->kind = REF_TASKS_STATUS;
		return;
	}
	if (!str_cut(rest, '.', &ref->object, &tail) || !ref->object.n)
		return;
	ref->name = tail;
	if (str_eqz(tail, "status") || str_eqz(tail, "reason")) {
		ref->kind = REF_TASK_STATUS;
	} else if (str_starts(tail, STR("results"))) {
		parse_result(tail, REF_TASK_RESULT, ref);
	} else if (is_artifact(tail, true)) {
		ref->kind = REF_TASK_ARTIFACT;
	} else if (str_eqz(tail, "matrix.length")) {
		ref->kind = REF_MATRIX_LENGTH;
		ref->name = STR_NONE;
	} else if (str_starts(tail, STR("matrix.")) && str_ends(tail, STR(".length"))) {
		middle = str_slice(tail, strlen("matrix."), tail.n - strlen(".length"));
		ref->name = middle;
		ref->kind = REF_MATRIX_LENGTH;
	}
}

static void parse_param(struct str rest, struct ref *ref)
{
	if (parse_name(rest, ref, &ref->object))
		ref->kind = REF_PARAM;
}

static void parse_results_path(struct str rest, struct ref *ref)
{
	struct str name;

	if (!str_ends(rest, STR(".path")))
		return;
	rest = str_slice(rest, 0, rest.n - strlen(".path"));
	if (rest.n && rest.p[0] == '.')
		name = str_slice(rest, 1, rest.n);
	else if (!parse_name(rest, ref, &name))
		return;
	ref->name = name;
	ref->kind = REF_RESULT_PATH;
}

/* finally.F.results.R and steps.S.results.R */
static void parse_of_object(struct str rest, enum ref_kind kind, struct ref *ref)
{
	struct str tail;

	if (!str_cut(rest, '.', &ref->object, &tail))
		return;
	ref->name = tail;
	if (str_starts(tail, STR("results")))
		parse_result(tail, kind, ref);
	else if (kind == REF_STEP_RESULT && is_artifact(tail, false))
		ref->kind = REF_STEP_ARTIFACT;
}

/* "head." followed by something; ret_rest is what follows the dot. */
static bool has_head(struct str s, struct str head_dot, struct str *ret_rest)
{
	*ret_rest = str_slice(s, head_dot.n, s.n);
	return str_starts(s, head_dot) && ret_rest->n > 0;
}

struct ref ref_parse(struct str inside)
{
	struct ref ref = {.kind = REF_OTHER, .whole = inside, .index = -1};
	struct str rest;

	if (str_starts(inside, STR("params"))) {
		parse_param(str_slice(inside, strlen("params"), inside.n), &ref);
	} else if (str_starts(inside, STR("inputs.params."))) {
		parse_param(str_slice(inside, strlen("inputs.params"), inside.n), &ref);
	} else if (has_head(inside, STR("tasks."), &rest)) {
		parse_tasks(rest, &ref);
	} else if (has_head(inside, STR("finally."), &rest)) {
		parse_of_object(rest, REF_FINALLY_RESULT, &ref);
	} else if (has_head(inside, STR("steps."), &rest)) {
		parse_of_object(rest, REF_STEP_RESULT, &ref);
	} else if (str_starts(inside, STR("results"))) {
		parse_results_path(str_slice(inside, strlen("results"), inside.n), &ref);
	} else if (has_head(inside, STR("context."), &rest)) {
		ref.kind = REF_CONTEXT;
		ref.name = rest;
	} else if (str_eqz(inside, "artifacts.path") ||
		   str_eqz(inside, "step.artifacts.path")) {
		ref.kind = REF_ARTIFACT_PATH;
	} else if (has_head(inside, STR("workspaces."), &rest)) {
		ref.kind = REF_WORKSPACE;
		if (!str_cut(rest, '.', &ref.object, &ref.name))
			ref.object = rest;
	}
	return ref;
}

void ref_each(struct str text, void (*fn)(void *arg, const struct ref *ref), void *arg)
{
	size_t at = 0, from, to;

	while (ref_scan(text, &at, &from, &to)) {
		struct ref ref = ref_parse(ref_inside(text, from, to));

		ref.offset = from;
		ref.length = to - from;
		fn(arg, &ref);
	}
}

bool ref_sole(struct str text, enum ref_kind kind, struct ref *ret)
{
	size_t at = 0, from, to;

	if (!ref_scan(text, &at, &from, &to) || from != 0 || to != text.n)
		return false;
	*ret = ref_parse(ref_inside(text, from, to));
	ret->offset = from;
	ret->length = to - from;
	return ret->kind == kind;
}

/* --- places */

/* Byte offset of a position in its source; false when it lies outside. */
static bool offset_of(struct str src, struct pos pos, size_t *ret)
{
	size_t i = 0;

	for (uint32_t line = 1; line < pos.line; line++) {
		const char *nl = i < src.n ? memchr(src.p + i, '\n', src.n - i) : NULL;

		if (!nl)
			return false;
		i = (size_t)(nl - src.p) + 1;
	}
	for (uint32_t col = 1; col < pos.col && i < src.n && src.p[i] != '\n'; col++)
		for (i++; i < src.n && ((unsigned char)src.p[i] & 0xc0) == 0x80;)
			i++;
	*ret = i;
	return i < src.n;
}

/* The position of an offset behind a known one. */
static struct pos pos_after(struct str src, struct pos pos, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (src.p[i] == '\n') {
			pos.line++;
			pos.col = 1;
		} else if (((unsigned char)src.p[i] & 0xc0) != 0x80) {
			pos.col++;
		}
	}
	return pos;
}

/* How often the needle occurs in the first n bytes of a text. */
static size_t count_in(struct str text, size_t n, struct str needle)
{
	struct str rest = str_slice(text, 0, n);
	size_t count = 0;
	ptrdiff_t at;

	while ((at = str_find(rest, needle)) >= 0) {
		count++;
		rest = str_slice(rest, (size_t)at + needle.n, rest.n);
	}
	return count;
}

/*
 * Quotes, indentation and folding change the bytes around a reference, hardly ever the
 * reference: its k-th occurrence in the text is its k-th occurrence behind the scalar's start.
 */
struct pos ref_pos(const struct sources *sources, struct text t, const struct ref *ref,
	struct pos *ret_end)
{
	const struct source *src = sources_get(sources, t.pos.source);
	struct str needle = str_slice(t.s, ref->offset, ref->offset + ref->length);
	size_t start, skip, at, window;

	if (ret_end)
		*ret_end = t.pos;
	if (!src || !text_given(t) || !needle.n || !offset_of(src->text, t.pos, &start))
		return t.pos;
	skip = count_in(t.s, ref->offset, needle);
	window = start + 256 + 4 * t.s.n; /* a scalar is not written much longer than it is */
	for (at = start;; at += needle.n) {
		ptrdiff_t found = str_find(str_slice(src->text, at, window), needle);

		if (found < 0)
			return t.pos;
		at += (size_t)found;
		if (!skip--)
			break;
	}
	t.pos = pos_after(src->text, t.pos, start, at);
	if (ret_end)
		*ret_end = pos_after(src->text, t.pos, at, at + needle.n);
	return t.pos;
}
