/* SPDX-License-Identifier: Apache-2.0 */
/* `check`: read, validate, bind every run as `run` would, print every problem, start nothing.
 */
#include "cmd.h"
#include "header.h"
#include "input.h"
#include "trial.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/json.h>
#include <unistd.h>

static int list_json(const struct diags *d)
{
	cleanup_buf struct buf out;
	struct json_writer w;
	struct err err = {0};
	buf_init(&out, 64 * (size_t)MIB);
	json_writer_init(&w, &out, 2);
	json_open(&w, '[');
	for (size_t i = 0; i < d->n; i++)
		diag_json(d, &d->items[i], &w);
	json_close(&w, ']');
	buf_addc(&out, '\n');
	return fd_write_all(STDOUT_FILENO, out.p, out.n, &err);
}

static void list_text(const struct options *o, const struct diags *d)
{
	cleanup_buf struct buf out;
	struct err err = {0};
	buf_init(&out, 64 * (size_t)MIB);
	diags_print(d, !o->no_color && isatty(STDERR_FILENO), &out);
	(void)fd_write_all(STDERR_FILENO, out.p, out.n, &err); /* nowhere else to say it */
}

static size_t warnings_count(const struct diags *d)
{
	size_t n = 0;
	for (size_t i = 0; i < d->n; i++)
		n += d->items[i].severity == DIAG_WARNING;
	return n;
}

static void verdict_text(const struct spec *s)
{
	cleanup_buf struct buf out;
	struct err err = {0};
	size_t n_warnings = warnings_count(s->diags);
	buf_init(&out, KIB);
	if (s->diags->n_errors)
		buf_addf(&out, "%zu problem%s", s->diags->n_errors,
			s->diags->n_errors == 1 ? "" : "s");
	else
		buf_addf(&out, "ok: %zu run%s, %zu pipeline%s, %zu task%s", s->n_runs,
			s->n_runs == 1 ? "" : "s", s->n_pipelines,
			s->n_pipelines == 1 ? "" : "s", s->n_tasks, s->n_tasks == 1 ? "" : "s");
	if (n_warnings)
		buf_addf(&out, ", %zu warning%s", n_warnings, n_warnings == 1 ? "" : "s");
	buf_addc(&out, '\n');
	(void)fd_write_all(STDOUT_FILENO, out.p, out.n, &err); /* nobody reads: nothing to do */
}

int cmd_check(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	struct str seed = seed_new(a);
	struct spec *spec;
	const struct run_ref **runs = NULL;
	size_t n_runs = 0;
	struct err err = {0};

	if (input_load(o, a, seed, &spec, &err))
		return input_refuse(o, &err);
	/* Files without a run object are fine here; a name that fits nothing is not. */
	if (!diags_has_errors(spec->diags, DIAG_ADMISSION) && (spec->n_runs || o->name.n) &&
		input_runs(o, spec, seed, &runs, &n_runs, &err))
		return input_refuse(o, &err);
	for (size_t i = 0; i < n_runs; i++)
		agent_free(trial_new(o, a, spec, runs[i]));
	diags_sort(spec->diags);
	if (o->output == OUTPUT_JSON) {
		if (list_json(spec->diags))
			return EXIT_INTERNAL;
	} else {
		list_text(o, spec->diags);
		verdict_text(spec);
	}
	return spec->diags->n_errors ? EXIT_INPUT : EXIT_RUN_OK;
}
