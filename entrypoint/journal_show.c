/* SPDX-License-Identifier: Apache-2.0 */
/* A journal for people, and as objects for programs. */
#include "journal_show.h"

#include "journal.h"
#include "view_text.h"

#include <base/bounds.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <base/num.h>
#include <fcntl.h>
#include <inttypes.h>

enum { VALUE_COLS = 160, KIND_COLS = 18, VALUE_BYTES = 64 * MIB };

/* Members that are said in their own way. */
static bool is_told(struct str key)
{
	static const char *const told[] = {"seq", "ns", "wall", "kind", "event", "task",
		"pipelineTask", "attempt", "step", "journal"};

	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		if (str_eqz(key, told[i]))
			return true;
	}
	return false;
}

static void time_put(const struct json *record, int64_t *first_ns, struct buf *out)
{
	struct err err = {0};
	int64_t ns;

	if (json_int(json_get(record, "wall"), 0, INT64_MAX, &ns, &err)) {
		buf_addz(out, "            ");
		return;
	}
	if (!*first_ns)
		*first_ns = ns;
	ns -= *first_ns; /* below 0 when the clock was put back */
	buf_addf(out, "%7" PRId64 ".%03" PRId64 "s", ns / NS_PER_S,
		(ns < 0 ? -ns : ns) % NS_PER_S / NS_PER_MS);
}

static void word_put(const char *before, struct str word, struct buf *out)
{
	if (!word.n)
		return;
	buf_addz(out, before);
	view_text_safe(out, word, 0, false);
}

static void subject_put(const struct json *record, struct buf *out)
{
	struct str pipeline_task = json_str(json_get(record, "pipelineTask"));
	struct str task = json_str(json_get(record, "task"));
	const struct json *attempt = json_get(record, "attempt");
	struct str step = json_str(json_get(record, "step"));

	word_put(" ", pipeline_task, out);
	word_put(" ", task, out);
	word_put("/", attempt ? attempt->text : STR_NONE, out);
	word_put("/", step, out);
}

static void members_put(const struct json *record, struct buf *out)
{
	json_foreach (it, record) {
		struct buf value cleanup_buf = {0};

		if (is_told(it->key))
			continue;
		buf_init(&value, VALUE_BYTES);
		json_print(it, false, &value);
		buf_addc(out, ' ');
		view_text_safe(out, it->key, 0, false);
		buf_addc(out, '=');
		view_text_safe(out, buf_str(&value), VALUE_COLS, false);
	}
}

static void record_put(struct str text, int64_t *first_ns, struct buf *out)
{
	struct arena *a cleanup_arena = arena_new();
	struct err err = {0};
	const struct json *event;
	struct json *record;

	if (json_parse_zeros(a, text, text.n, &record, &err)) {
		buf_addf(out, "not JSON: %s\n", err.msg);
		return;
	}
	event = json_get(record, "event");
	time_put(record, first_ns, out);
	buf_addz(out, event ? "  > " : "  ");
	if (event)
		view_text_cell(out, json_str(event), KIND_COLS - 2);
	else
		view_text_cell(out, json_str(json_get(record, "kind")), KIND_COLS);
	subject_put(record, out);
	members_put(record, out);
	buf_addc(out, '\n');
}

static void rest_put(const struct journal_text *t, bool as_json, struct buf *out)
{
	if (as_json)
		buf_addf(out, "{\"kind\":\"%s\",\"bytes\":%zu}\n",
			t->is_damaged ? "damaged" : "torn", t->n_torn_bytes);
	else if (t->is_damaged)
		buf_addf(out,
			"the record at byte %zu is damaged: it and what is behind it are not "
			"shown (%zu bytes)\n",
			t->n_valid_bytes, t->n_torn_bytes);
	else
		buf_addf(out,
			"the last %zu bytes (from byte %zu) are no whole record: its writer "
			"died "
			"there\n",
			t->n_torn_bytes, t->n_valid_bytes);
}

int journal_show(int dfd, bool as_json, struct buf *out, struct err *err)
{
	struct arena *a cleanup_arena = arena_new();
	struct journal_text text;
	int64_t first_ns = 0;

	if (journal_read(dfd, "journal", a, &text, err))
		return -1;
	for (size_t i = 0; i < text.n; i++) {
		if (as_json)
			buf_addf(out, STR_FMT "\n", STR_ARG(text.records[i]));
		else
			record_put(text.records[i], &first_ns, out);
	}
	if (text.n_torn_bytes)
		rest_put(&text, as_json, out);
	return out->full ? err_set(err, ERR_LIMIT, "the journal is too large to be shown") : 0;
}
