/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of pipeline tasks with every field of tekton-semantics 6.3 replaced. */
#include <monopod/subst.h>

static struct matrix replace_matrix(
	const struct subst *s, struct arena *a, const struct matrix *in)
{
	struct matrix out = *in;

	subst_params(s, a, in->params, in->n_params, &out.params);
	out.include = arena_new_array(a, struct matrix_include, in->n_include);
	for (size_t i = 0; i < in->n_include; i++) {
		out.include[i] = in->include[i];
		subst_params(s, a, in->include[i].params, in->include[i].n_params,
			&out.include[i].params);
	}
	return out;
}

void subst_pipeline_task(const struct subst *s, struct arena *a,
	const struct pipeline_task *from, struct pipeline_task *out)
{
	const struct pipeline_task copy = *from;
	const struct pipeline_task *in = &copy;

	*out = *in;
	out->display_name.s = subst_text(s, a, in->display_name.s);
	out->task_ref.s = subst_text(s, a, in->task_ref.s);
	out->on_error.s = subst_text(s, a, in->on_error.s);
	subst_params(s, a, in->params, in->n_params, &out->params);
	subst_when(s, a, in->when, in->n_when, &out->when);
	out->matrix = replace_matrix(s, a, &in->matrix);
	out->workspaces = arena_new_array(a, struct workspace_use, in->n_workspaces);
	for (size_t i = 0; i < in->n_workspaces; i++) {
		out->workspaces[i] = in->workspaces[i];
		out->workspaces[i].sub_path.s = subst_text(s, a, in->workspaces[i].sub_path.s);
	}
	if (in->task_spec)
		out->task_spec = subst_task_spec(s, a, in->task_spec);
}
