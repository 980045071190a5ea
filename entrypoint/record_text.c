/* SPDX-License-Identifier: Apache-2.0 */
/* A run in words, from its objects. */
#include "record_text.h"

#include "view_text.h"

#include <base/bounds.h>
#include <base/clock.h>

/* None of it is our own: it may be of a volume that others write to. */
static void word_put(const char *before, struct str word, struct buf *out)
{
	buf_addz(out, before);
	view_text_safe(out, word, 0, false);
}

static struct str name_of(const struct json *v)
{
	return json_str(json_get(v, "name"));
}

/* The objects have whole seconds. */
static void time_put(const char *what, struct str from, struct str to, struct buf *out)
{
	int64_t a, b;
	if (clock_parse_rfc3339(from, &a))
		return;
	word_put(what, from, out);
	if (clock_parse_rfc3339(to, &b) == 0) {
		buf_addz(out, b == a ? ", took less than 1s" : ", took ");
		if (b != a)
			view_text_time(out, clock_span_ns(a, b));
	}
	buf_addc(out, '\n');
}

static void results_put(const char *indent, const struct json *results, struct buf *out)
{
	json_foreach (it, results) {
		const struct json *v = json_get(it, "value");
		cleanup_buf struct buf value;
		buf_init(&value, out->max);
		if (v)
			json_print(v, false, &value);
		buf_addz(out, indent);
		word_put("result ", name_of(it), out);
		word_put(" = ", buf_str(&value), out);
		buf_addc(out, '\n');
	}
}

static void step_put(const struct json *s, struct buf *out)
{
	const struct json *end = json_get(s, "terminated");
	struct str how = json_str(json_get(s, "terminationReason"));
	int64_t code;
	struct err err = {0};
	word_put("    step ", name_of(s), out);
	if (str_eqz(how, "Skipped")) {
		buf_addz(out, "  skipped");
	} else if (end && json_int(json_get(end, "exitCode"), -1, 255, &code, &err) == 0) {
		word_put("  ", how, out);
		buf_addf(out, ", exit code %lld", (long long)code);
	} else if (json_get(s, "breakpoint")) {
		buf_addz(out, "  waiting at a breakpoint (monopod shell)");
	} else {
		buf_addz(out, json_get(s, "running") ? "  running" : "  waiting");
	}
	word_put("  ", json_str(json_get(s, "imageID")), out);
	buf_addc(out, '\n');
}

static void sidecar_put(const struct json *s, struct buf *out)
{
	const struct json *end = json_get(s, "terminated");
	int64_t code;
	struct err err = {0};

	word_put("    sidecar ", name_of(s), out);
	if (end && json_int(json_get(end, "exitCode"), -1, 255, &code, &err) == 0) {
		word_put("  ", json_str(json_get(end, "reason")), out);
		buf_addf(out, ", exit code %lld", (long long)code);
	} else {
		buf_addz(out, json_get(s, "running") ? "  running" : "  waiting");
	}
	word_put("  ", json_str(json_get(s, "imageID")), out);
	buf_addc(out, '\n');
}

/* A line for each value: what it is of, where it is, its digests. */
static void artifact_lines_put(
	const char *indent, const char *what, const struct json *list, struct buf *out)
{
	json_foreach (artifact, list) {
		const struct json *built = json_get(artifact, "buildOutput");

		json_foreach (value, json_get(artifact, "values")) {
			buf_addf(out, "%s%s", indent, what);
			word_put(" ", name_of(artifact), out);
			word_put("  ", json_str(json_get(value, "uri")), out);
			json_foreach (digest, json_get(value, "digest")) {
				word_put("  ", digest->key, out);
				word_put(":", json_str(digest), out);
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
	json_foreach (s, record_status(run, "skippedTasks")) {
		word_put(indent, name_of(s), out);
		word_put("  skipped: ", json_str(json_get(s, "reason")), out);
		buf_addc(out, '\n');
	}
}

static void task_put(const struct json *t, struct buf *out)
{
	struct record_condition c = record_condition(t);
	const struct json *retries = record_status(t, "retriesStatus");
	bool is_pipeline = str_eqz(json_str(json_get(t, "kind")), "PipelineRun");
	word_put("\n  ", name_of(json_get(t, "metadata")), out);
	word_put(is_pipeline ? "  (pipeline)  " : "  ", c.status, out);
	word_put("  ", c.reason, out);
	if (retries)
		buf_addf(out, "  after %zu failed attempt%s", retries->n_children,
			retries->n_children == 1 ? "" : "s");
	buf_addc(out, '\n');
	if (c.message.n && !str_eqz(c.status, "True")) {
		word_put("    ", c.message, out);
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
	word_put("", json_str(json_get(r->run, "kind")), out);
	word_put(" ", record_name(r), out);
	word_put("  ", c.status, out);
	word_put("  ", c.reason, out);
	word_put("\n", c.message, out);
	buf_addc(out, '\n');
	time_put("started ", json_str(record_status(r->run, "startTime")),
		json_str(record_status(r->run, "completionTime")), out);
	if (r->path.n) {
		word_put("run directory ", r->path, out);
		buf_addc(out, '\n');
	}
	work_put("", r->run, out);
	for (const struct json *t = r->run->next; t; t = t->next)
		task_put(t, out);
	skipped_put("\n  ", r->run, out);
}
