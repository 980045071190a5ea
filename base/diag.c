/* SPDX-License-Identifier: Apache-2.0 */
/* The list of problems; how one is shown is in diag_print.c. */
#include <base/diag.h>

#include <base/json.h>
#include <string.h>

/*
 * DIAG_MAX errors, and apart from them as many warnings and notes: these must not push an
 * error out. One array for both, so that entries never move before diags_sort.
 */
enum { DIAG_ITEMS = 2 * DIAG_MAX };

void diags_init(struct diags *d, struct arena *a, const struct sources *sources)
{
	*d = (struct diags){.arena = a, .sources = sources};
}

/* Entries that are counted but not kept share one place; before it is used again, the stage
 * that the caller may have set is noted. */
static struct diag *diag_spill(struct diags *d)
{
	if (d->n_dropped && d->spill.severity == DIAG_ERROR)
		d->dropped_errors[d->spill.stage] = true;
	d->n_dropped++;
	d->spill = (struct diag){0};
	return &d->spill;
}

static struct diag *diag_place(struct diags *d, enum diag_severity severity)
{
	size_t n_errors = d->n_errors < DIAG_MAX ? d->n_errors : DIAG_MAX;
	size_t n_others = d->n - n_errors;

	if (severity == DIAG_ERROR)
		d->n_errors++;
	if (severity == DIAG_ERROR ? d->n_errors > DIAG_MAX : n_others == DIAG_MAX)
		return diag_spill(d);
	if (!d->items) {
		d->items = arena_new_array(d->arena, struct diag, DIAG_ITEMS);
		d->cap = DIAG_ITEMS;
	}
	return &d->items[d->n++];
}

struct diag *diag_add(struct diags *d, enum diag_severity severity, const char *code,
	struct pos pos, const char *fmt, ...)
{
	struct diag *one = diag_place(d, severity);
	va_list ap;

	one->severity = severity;
	one->code = code;
	one->pos = pos;
	if (one == &d->spill)
		return one;
	va_start(ap, fmt);
	one->msg = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	return one;
}

void diag_hint(struct diags *d, struct diag *one, const char *fmt, ...)
{
	va_list ap;

	if (one == &d->spill)
		return;
	va_start(ap, fmt);
	one->hint = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
}

void diag_suggest(struct diags *d, struct diag *one, struct str got,
	const struct str *candidates, size_t n_candidates)
{
	/* two letters that changed places are a distance of two */
	size_t limit = got.n >= 9 ? 3 : got.n >= 4 ? 2 : 1;
	size_t best = limit + 1;
	struct str found = STR_NONE;

	for (size_t i = 0; i < n_candidates; i++) {
		size_t distance = str_distance(got, candidates[i], best - 1);

		if (distance < best) {
			best = distance;
			found = candidates[i];
		}
		if (best == 0)
			break;
	}
	if (found.n)
		diag_hint(d, one, "did you mean '" STR_FMT "'?", STR_ARG(found));
}

static int diag_order(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int diag_cmp(const struct diag *a, const struct diag *b)
{
	int order = diag_order(a->pos.source, b->pos.source);

	if (!order)
		order = diag_order(a->pos.line, b->pos.line);
	return order ? order : diag_order(a->pos.col, b->pos.col);
}

/* By insertion: stable, and there are never more than DIAG_ITEMS. */
void diags_sort(struct diags *d)
{
	for (size_t i = 1; i < d->n; i++) {
		struct diag one = d->items[i];
		size_t at = i;

		for (; at > 0 && diag_cmp(&d->items[at - 1], &one) > 0; at--)
			d->items[at] = d->items[at - 1];
		d->items[at] = one;
	}
}

void diags_filter(struct diags *d, diag_keep_fn *keep)
{
	bool keeps[DIAG_ITEMS];
	size_t n = 0;

	/* the function looks at the whole list, so nothing moves before it has seen all */
	for (size_t i = 0; i < d->n; i++)
		keeps[i] = keep(d, &d->items[i]);
	for (size_t i = 0; i < d->n; i++) {
		if (keeps[i])
			d->items[n++] = d->items[i];
		else if (d->items[i].severity == DIAG_ERROR)
			d->n_errors--;
	}
	d->n = n;
}

bool diags_has_errors(const struct diags *d, enum diag_stage stage)
{
	if (d->dropped_errors[stage])
		return true;
	if (d->n_dropped && d->spill.severity == DIAG_ERROR && d->spill.stage == stage)
		return true;
	for (size_t i = 0; i < d->n; i++) {
		if (d->items[i].severity == DIAG_ERROR && d->items[i].stage == stage)
			return true;
	}
	return false;
}
