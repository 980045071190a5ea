/* SPDX-License-Identifier: Apache-2.0 */
/* A run in words, from its objects. */
#include "record_text.h"

#include "view_text.h"

#include <base/bounds.h>
#include <base/clock.h>

/* The objects have whole seconds. */
static void time_put(const char *what, struct str from, struct str to, struct buf *out)
{
	int64_t a, b;
	if (clock_parse_rfc3339(from, &a))
		return;
	buf_addf(out, "%s" STR_FMT, what, STR_ARG(from));
	if (clock_parse_rfc3339(to, &b) == 0) {
		buf_addz(out, b == a ? ", took less than 1s" : ", took ");
		if (b != a)
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
	else if (json_get(s, "breakpoint"))
		buf_addz(out, "  waiting at a breakpoint (monopod shell)");
	else
		buf_addz(out, json_get(s, "running") ? "  running" : "  waiting");
	buf_addf(out, "  " STR_FMT "\n", STR_ARG(json_str(json_get(s, "imageID"))));
}

static void sidecar_put(const struct json *s, struct buf *out)
{
	const struct json *end = json_get(s, "terminated");
	int64_t code;
	struct err err = {0};

	buf_addf(out, "    sidecar " STR_FMT, STR_ARG(json_str(json_get(s, "name"))));
	if (end && json_int(json_get(end, "exitCode"), -1, 255, &code, &err) == 0)
		buf_addf(out, "  " STR_FMT ", exit code %lld",
			STR_ARG(json_str(json_get(end, "reason"))), (long long)code);
	else
		buf_addz(out, json_get(s, "running") ? "  running" : "  waiting");
	buf_addf(out, "  " STR_FMT "\n", STR_ARG(json_str(json_get(s, "imageID"))));
}

/* A line for each value: what it is of, where it is, its digests. */
static void artifact_lines_put(
	const char *indent, const char *what, const struct json *list, struct buf *out)
{
	json_foreach (artifact, list) {
		const struct json *built = json_get(artifact, "buildOutput");

		json_foreach (value, json_get(artifact, "values")) {
			buf_addf(out, "%s%s ", indent, what);
			view_text_safe(out, json_str(json_get(artifact, "name")), 0, false);
			buf_addz(out, "  ");
			view_text_safe(out, json_str(json_get(value, "uri")), 0, false);
			json_foreach (digest, json_get(value, "digest")) {
				buf_addz(out, "  ");
				view_text_safe(out, digest->key, 0, false);
				buf_addc(out, ':');
				view_text_safe(out, json_str(digest), 0, false);
			}
			buf_addz(out, built && built->boolean ? "  (build output)\n" : "\n");
		}
	}
}

/* What a task run did: its steps, what ran beside them, what came of it. */
static void work_put(const char *indent, const struct json *t, struct buf *out)
{
	const struct json *artifacts = record_status(t, "artifacts");

	json_foreach (s, record_status(t, "steps"))
		step_put(s, out);
	json_foreach (s, record_status(t, "sidecars"))
		sidecar_put(s, out);
	results_put(indent, record_status(t, "results"), out);
	artifact_lines_put(indent, "input", json_get(artifacts, "inputs"), out);
	artifact_lines_put(indent, "output", json_get(artifacts, "outputs"), out);
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
	work_put("    ", t, out);
	skipped_put("    ", t, out);
}

void record_text(const struct record *r, struct buf *out)
{
	struct record_condition c = record_run_condition(r);
	buf_addf(out, STR_FMT " " STR_FMT "  " STR_FMT "  " STR_FMT "\n",
		STR_ARG(json_str(json_get(r->run, "kind"))), STR_ARG(record_name(r)),
		STR_ARG(c.status), STR_ARG(c.reason));
	view_text_safe(out, c.message, 0, false);
	buf_addc(out, '\n');
	time_put("started ", json_str(record_status(r->run, "startTime")),
		json_str(record_status(r->run, "completionTime")), out);
	if (r->path.n)
		buf_addf(out, "run directory " STR_FMT "\n", STR_ARG(r->path));
	work_put("", r->run, out);
	for (const struct json *t = r->run->next; t; t = t->next)
		task_put(t, out);
	skipped_put("\n  ", r->run, out);
}
