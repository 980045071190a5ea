/* SPDX-License-Identifier: Apache-2.0 */
/* `monopod pod`: the objects that run a pipeline in one pod, printed. */
#include "cmd.h"

#include "image_files.h"
#include "input.h"
#include "list_json.h"
#include "pod_gather.h"
#include "trial.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <unistd.h>

enum { OUT_BYTES = 256 * MIB };

static struct pos run_pos(const struct run_ref *run)
{
	return run->pipeline_run ? run->pipeline_run->meta.pos : run->task_run->meta.pos;
}

/* Where the tasks' pods go is where this one goes: what `run` says of it is not so here. */
static struct diags of_pod(const struct diags *d)
{
	struct diags rest = *d;

	rest.n = 0;
	rest.items = arena_new_array(d->arena, struct diag, d->n);
	for (size_t i = 0; i < d->n; i++)
		if (!str_eqz(str_z(d->items[i].code), "no-effect"))
			rest.items[rest.n++] = d->items[i];
	return rest;
}

static int print_list(const struct str *documents, size_t n, struct buf *out)
{
	struct json_writer w;

	json_writer_init(&w, out, 2);
	list_json_open(&w);
	for (size_t i = 0; i < n; i++)
		json_put_text(&w, documents[i]);
	list_json_close(&w);
	buf_addc(out, '\n');
	return 0;
}

static int print_yaml(const struct str *documents, size_t n, struct buf *out, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addz(out, "---\n");
		if (pod_yaml(documents[i], out, err))
			return -1;
	}
	return 0;
}

static int pod_print(
	const struct options *o, struct arena *a, const struct pod_plan *p, struct err *err)
{
	struct buf out cleanup_buf = {0};
	struct str *documents;
	size_t n;

	pod_render(a, p, &documents, &n);
	buf_init(&out, OUT_BYTES);
	if (o->output == OUTPUT_JSON ? print_list(documents, n, &out)
				     : print_yaml(documents, n, &out, err))
		return -1;
	return fd_write_all(STDOUT_FILENO, out.p, out.n, err);
}

static int pod_of_agent(
	const struct options *o, struct pod_gather *g, struct spec *spec, struct err *err)
{
	struct image_map *map;
	struct image_lock *lock;
	struct pod_plan plan;
	struct diags told;

	if (diags_has_errors(spec->diags, DIAG_RUN))
		return input_refuse_diags(o, spec->diags, EXIT_INPUT);
	if (image_files_map(o, g->arena, &map, err) ||
		image_files_lock(o, g->arena, &lock, err))
		return input_refuse(o, err);
	g->map = map;
	g->lock = lock;
	if (pod_gather(g, &plan, err) && err->kind != ERR_NONE)
		return input_refuse(o, err);
	told = of_pod(spec->diags);
	if (told.n_errors)
		return input_refuse_diags(o, &told, EXIT_INPUT);
	input_warn(o, &told);
	return pod_print(o, g->arena, &plan, err) ? input_refuse(o, err) : EXIT_RUN_OK;
}

int cmd_pod(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	const struct run_ref **runs;
	struct spec *spec;
	struct agent *agent;
	struct err err = {0};
	size_t n;
	int code = input_open(o, a, &spec, &runs, &n);

	if (code >= 0)
		return code;
	if (n > 1) {
		(void)diag_add(spec->diags, DIAG_ERROR, "pod", run_pos(runs[1]),
			"one pod is one run: name the one that is meant, '" STR_FMT
			"' or another",
			STR_ARG(input_run_name(runs[0])));
		return input_refuse_diags(o, spec->diags, EXIT_INPUT);
	}
	agent = trial_new(o, a, spec, runs[0]);
	code = pod_of_agent(o,
		&(struct pod_gather){.options = o,
			.arena = a,
			.spec = spec,
			.run = runs[0],
			.agent = agent,
			.diags = spec->diags},
		spec, &err);
	agent_free(agent);
	return code;
}
