/* SPDX-License-Identifier: Apache-2.0 */
/* When expressions as written (sections 12 and 28). */
#include "spec/check.h"
#include <base/buf.h>

/* As Go prints the struct that Tekton complains about. */
static struct str show_when(struct arena *a, const struct when *w)
{
	struct str result;
	struct buf out;

	buf_init(&out, 1000);
	buf_addf(&out, "&{" STR_FMT " " STR_FMT " [", STR_ARG(w->input.s),
		STR_ARG(w->operator_text.s));
	for (size_t i = 0; i < w->n_values; i++)
		buf_addf(&out, "%s" STR_FMT, i ? " " : "", STR_ARG(w->values[i].s));
	buf_addf(&out, "] " STR_FMT "}", STR_ARG(w->cel.s));
	result = arena_str(a, buf_str(&out));
	buf_release(&out);
	return result;
}

static void check_one(struct check *c, const struct when *w)
{
	struct text op = text_given(w->operator_text) ? w->operator_text : text_at(w->pos);

	if (w->cel.s.n) {
		if (w->input.s.n || w->operator_text.s.n || w->n_values)
			check_report(c, "excluded-field", w->cel, "",
				"cel and input+operator+values cannot be set in one "
				"WhenExpression: " STR_FMT,
				STR_ARG(show_when(c->arena, w)))
				->path = check_path(c, "cel");
	} else if (!w->input.s.n && !w->operator_text.s.n && !w->values_pos.line) {
		check_missing(c, w->pos, "");
	} else if (w->op == WHEN_OTHER) {
		check_report(c, "unknown-operator", op, "",
			"invalid value: operator \"" STR_FMT
			"\" is not recognized. valid operators: in,notin",
			STR_ARG(w->operator_text.s));
	} else if (!w->n_values) {
		check_report(c, "missing-field",
			text_at(w->values_pos.line ? w->values_pos : w->pos), "",
			"invalid value: expecting non-empty values field");
	}
}

void check_when(struct check *c, const struct when *when, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct str before = check_enter(c, "when[%zu]", i);

		check_one(c, &when[i]);
		check_leave(c, before);
	}
}
