/* SPDX-License-Identifier: Apache-2.0 */
/* `plan`: bind every run as `run` would and print the order in which its tasks would start. */
#include "cmd.h"
#include "input.h"
#include "secrets.h"
#include "trial.h"
#include "view_text.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/fd.h>
#include <unistd.h>

static enum plan_format format_of(enum output_format f)
{
	if (f == OUTPUT_JSON)
		return PLAN_JSON;
	return f == OUTPUT_DOT ? PLAN_DOT : PLAN_TEXT;
}

/* Texts of the input may hold escape sequences; a terminal gets none of them. */
static void lines_make_safe(struct str text, struct buf *out)
{
	struct str line;
	while (str_cut(text, '\n', &line, &text)) {
		view_text_safe(out, line, 0, false);
		buf_addc(out, '\n');
	}
}

/* Prints all plans; JSON of several runs is one document after the other. */
static int plans_print(
	const struct options *o, struct agent *const *agents, size_t n, const struct mask *mask)
{
	struct arena *a cleanup_arena = arena_new();
	enum plan_format format = format_of(o->output);
	cleanup_buf struct buf plans;
	cleanup_buf struct buf out;
	struct err err = {0};
	buf_init(&plans, 256 * (size_t)MIB);
	buf_init(&out, 256 * (size_t)MIB);
	for (size_t i = 0; i < n; i++) {
		if (i && format == PLAN_TEXT)
			buf_addc(&plans, '\n');
		plan_print(agents[i],
			(struct plan_style){.format = format, .has_resources = o->resources},
			&plans);
	}
	if (format == PLAN_TEXT)
		lines_make_safe(mask_text(mask, a, buf_str(&plans)), &out);
	else if (format == PLAN_JSON)
		buf_adds(&out, secrets_json(mask, a, buf_str(&plans)));
	else
		buf_adds(&out, mask_text(mask, a, buf_str(&plans)));
	if (fd_write_all(STDOUT_FILENO, out.p, out.n, &err))
		return input_refuse(o, &err);
	return EXIT_RUN_OK;
}

int cmd_plan(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	struct spec *spec;
	const struct run_ref **runs;
	struct agent **agents;
	struct mask *mask;
	size_t n;
	int code = input_open(o, a, &spec, &runs, &n);

	if (code >= 0)
		return code;
	agents = arena_new_array(a, struct agent *, n);
	for (size_t i = 0; i < n; i++)
		agents[i] = trial_new(o, a, spec, runs[i]);
	if (diags_has_errors(spec->diags, DIAG_RUN)) {
		code = input_refuse_diags(o, spec->diags, EXIT_INPUT);
	} else {
		input_warn(o, spec->diags);
		mask = secrets_mask(spec);
		code = plans_print(o, agents, n, mask);
		mask_free(mask);
	}
	for (size_t i = 0; i < n; i++)
		agent_free(agents[i]);
	return code;
}
