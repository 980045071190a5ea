/* SPDX-License-Identifier: Apache-2.0 */
/* `describe`: how a run went, from its run.json. */
#include "cmd.h"
#include "input.h"
#include "journal_show.h"
#include "record.h"
#include "view_text.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <unistd.h>

static void time_put(const char *what, struct str from, struct str to, struct buf *out)
{
	int64_t a, b;
	if (clock_parse_rfc3339(from, &a))
		return;
	buf_addf(out, "%s" STR_FMT, what, STR_ARG(from));
	if (clock_parse_rfc3339(to, &b) == 0) {
		buf_addz(out, ", took ");
		view_text_time(out, b - a);
	}
	buf_addc(out, '\n');
}

static void results_put(const char *indent, const struct json *results, struct buf *out)
{
	json_foreach (it, results) {
		cleanup_buf struct buf value;
		buf_init(&value, BOUND_RESULT_BYTES);
		json_print(json_get(it, "value"), false, &value);
		buf_addf(out, "%sresult " STR_FMT " = ", indent,
			STR_ARG(json_str(json_get(it, "name"))));
		view_text_safe(out, buf_str(&value), 0, false);
		buf_addc(out, '\n');
	}
}

static void step_put(const struct json *s, struct buf *out)
{
	const struct json *end = json_get(s, "terminated");
	struct str how = json_str(json_get(s, "terminationReason"));
	int64_t code;
	struct err err = {0};
	buf_addf(out, "    step " STR_FMT, STR_ARG(json_str(json_get(s, "name"))));
	if (str_eqz(how, "Skipped"))
		buf_addz(out, "  skipped");
	else if (end && json_int(json_get(end, "exitCode"), -1, 255, &code, &err) == 0)
		buf_addf(out, "  " STR_FMT ", exit code %lld", STR_ARG(how), (long long)code);
	else
		buf_addz(out, json_get(s, "running") ? "  running" : "  waiting");
	buf_addf(out, "  " STR_FMT "\n", STR_ARG(json_str(json_get(s, "imageID"))));
}

static void skipped_put(const char *indent, const struct json *run, struct buf *out)
{
	json_foreach (s, record_status(run, "skippedTasks"))
		buf_addf(out, "%s" STR_FMT "  skipped: " STR_FMT "\n", indent,
			STR_ARG(json_str(json_get(s, "name"))),
			STR_ARG(json_str(json_get(s, "reason"))));
}

static void task_put(const struct json *t, struct buf *out)
{
	struct record_condition c = record_condition(t);
	const struct json *retries = record_status(t, "retriesStatus");
	bool is_pipeline = str_eqz(json_str(json_get(t, "kind")), "PipelineRun");
	buf_addf(out, "\n  " STR_FMT "%s  " STR_FMT "  " STR_FMT,
		STR_ARG(json_str(json_get(json_get(t, "metadata"), "name"))),
		is_pipeline ? "  (pipeline)" : "", STR_ARG(c.status), STR_ARG(c.reason));
	if (retries)
		buf_addf(out, "  after %zu failed attempt%s", retries->n_children,
			retries->n_children == 1 ? "" : "s");
	buf_addc(out, '\n');
	if (c.message.n && !str_eqz(c.status, "True")) {
		buf_addz(out, "    ");
		view_text_safe(out, c.message, 0, false);
		buf_addc(out, '\n');
	}
	time_put("    started ", json_str(record_status(t, "startTime")),
		json_str(record_status(t, "completionTime")), out);
	json_foreach (s, record_status(t, "steps"))
		step_put(s, out);
	results_put("    ", record_status(t, "results"), out);
	skipped_put("    ", t, out);
}

static void record_put(const struct record *r, struct buf *out)
{
	struct record_condition c = record_run_condition(r);
	bool is_task_run = str_eqz(json_str(json_get(r->run, "kind")), "TaskRun");
	buf_addf(out, STR_FMT " " STR_FMT "  " STR_FMT "  " STR_FMT "\n",
		STR_ARG(json_str(json_get(r->run, "kind"))), STR_ARG(record_name(r)),
		STR_ARG(c.status), STR_ARG(c.reason));
	view_text_safe(out, c.message, 0, false);
	buf_addc(out, '\n');
	time_put("started ", json_str(record_status(r->run, "startTime")),
		json_str(record_status(r->run, "completionTime")), out);
	buf_addf(out, "run directory " STR_FMT "\n", STR_ARG(r->path));
	if (is_task_run) {
		json_foreach (s, record_status(r->run, "steps"))
			step_put(s, out);
	}
	results_put("", record_status(r->run, "results"), out);
	for (const struct json *t = r->run->next; t; t = t->next)
		task_put(t, out);
	skipped_put("\n  ", r->run, out);
}

static void records_json(const struct record *r, size_t n, struct buf *out)
{
	struct json_writer w;
	json_writer_init(&w, out, 2);
	json_open(&w, '{');
	json_fieldz(&w, "apiVersion", "v1");
	json_fieldz(&w, "kind", "List");
	json_key(&w, "items");
	json_open(&w, '[');
	for (size_t i = 0; i < n; i++)
		json_foreach (it, r[i].items)
			json_put(&w, it);
	json_close(&w, ']');
	json_close(&w, '}');
	buf_addc(out, '\n');
}

/* A run that has no run.json yet has a journal all the same. */
static int journals_put(const struct options *o, const struct record *r, size_t n,
	struct buf *out, struct err *err)
{
	struct str word = o->run_dir.n ? o->run_dir : o->n_args ? o->args[0] : STR_NONE;
	const struct record named = {.path = word};

	if (!n) {
		r = &named;
		n = 1;
	}
	for (size_t i = 0; i < n; i++) {
		cleanup_fd int dfd = dir_open(AT_FDCWD, str_c(r[i].path), err);

		if (dfd < 0 || journal_show(dfd, o->output == OUTPUT_JSON, out, err))
			return err_wrap(err, "run directory '%s'", str_c(r[i].path));
	}
	return 0;
}

int cmd_describe(const struct options *o)
{
	struct arena *a cleanup_arena = arena_new();
	cleanup_buf struct buf out;
	struct record *r = NULL;
	size_t n = 0;
	struct err err = {0};
	struct err low = {0};
	buf_init(&out, 256 * (size_t)MIB);
	if (record_asked(o, a, &r, &n, &err) &&
		(!o->journal || journals_put(o, NULL, 0, &out, &low)))
		return input_refuse(o, &err);
	if (o->journal) {
		if (n && journals_put(o, r, n, &out, &err))
			return input_refuse(o, &err);
	} else if (o->output == OUTPUT_JSON)
		records_json(r, n, &out);
	else
		for (size_t i = 0; i < n; i++)
			record_put(&r[i], &out);
	if (record_print(o, buf_str(&out), &err))
		return input_refuse(o, &err);
	return EXIT_RUN_OK;
}
