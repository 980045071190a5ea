/* SPDX-License-Identifier: Apache-2.0 */
/* `list`: the runs below a directory, newest first. */
#include "cmd.h"
#include "input.h"
#include "record.h"
#include "view_text.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <unistd.h>

static void list_text(struct arena *a, const struct record *r, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		struct record_condition c = record_run_condition(&r[i]);
		const struct {
			struct str word;
			size_t cols;
		} cells[] = {
			{record_name(&r[i]), 24},
			{c.status, 7},
			{c.reason, 20},
			{r[i].started_wall_ns ? clock_rfc3339(a, r[i].started_wall_ns)
					      : STR("-"),
				0},
		};
		for (size_t k = 0; k < ARRAY_SIZE(cells); k++) {
			view_text_cell(out, cells[k].word, cells[k].cols);
			buf_addz(out, "  ");
		}
		if (r[i].ended_wall_ns)
			view_text_time(
				out, clock_span_ns(r[i].started_wall_ns, r[i].ended_wall_ns));
		else
			buf_addz(out, "-");
		buf_addz(out, "  ");
		view_text_safe(out, r[i].path, 0, false);
		buf_addz(out, record_waits(&r[i]) ? "  waiting at a breakpoint\n" : "\n");
	}
}

static void list_json(const struct record *r, size_t n, struct buf *out)
{
	struct json_writer w;
	json_writer_init(&w, out, 2);
	json_open(&w, '[');
	for (size_t i = 0; i < n; i++) {
		struct record_condition c = record_run_condition(&r[i]);
		json_open(&w, '{');
		json_field(&w, "kind", json_str(json_get(r[i].run, "kind")));
		json_field(&w, "name", record_name(&r[i]));
		json_field(&w, "status", c.status);
		json_field(&w, "reason", c.reason);
		if (record_waits(&r[i]))
			json_field_bool(&w, "atBreakpoint", true);
		json_field(&w, "startTime", json_str(record_status(r[i].run, "startTime")));
		json_field(&w, "completionTime",
			json_str(record_status(r[i].run, "completionTime")));
		json_field(&w, "runDir", r[i].path);
		json_close(&w, '}');
	}
	json_close(&w, ']');
	buf_addc(out, '\n');
}

int cmd_list(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	cleanup_buf struct buf out;
	struct record *r;
	size_t n;
	struct err err = {0};
	buf_init(&out, 256 * (size_t)MIB);
	if (record_list(a, o->n_args ? o->args[0] : STR(".monopod/runs"), &r, &n, &err))
		return input_refuse(o, &err);
	if (o->output == OUTPUT_JSON)
		list_json(r, n, &out);
	else
		list_text(a, r, n, &out);
	if (record_print(o, &out, &err))
		return input_refuse(o, &err);
	return EXIT_RUN_OK;
}
