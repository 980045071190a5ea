/* SPDX-License-Identifier: Apache-2.0 */
/* When expressions after substitution (tekton-semantics 12). */
#include <monopod/subst.h>

static bool is_among(const struct when *w)
{
	for (size_t i = 0; i < w->n_values; i++)
		if (str_eq(w->input.s, w->values[i].s))
			return true;
	return false;
}

/* An operator that is not known holds never; admission refuses it, so this is the safe answer.
 */
static bool one_holds(const struct when *w)
{
	switch (w->op) {
	case WHEN_IN:
		return is_among(w);
	case WHEN_NOTIN:
		return !is_among(w);
	case WHEN_OTHER:
		break;
	}
	return false;
}

bool when_holds(const struct when *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!one_holds(&w[i]))
			return false;
	return true;
}
