/* SPDX-License-Identifier: Apache-2.0 */
/* Validation of a whole input: one object after the other. */
#include "spec/validate.h"

void validate_spec(struct spec *s)
{
	for (size_t i = 0; i < s->n_tasks; i++)
		if (!text_given(s->tasks[i].meta.name))
			diag_add(s->diags, DIAG_ERROR, "missing-field", s->tasks[i].meta.pos,
				"missing field(s): metadata.name");
}
