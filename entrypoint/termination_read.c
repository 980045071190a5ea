/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a termination message: unpack, parse, take each record once. */
#include "termination_read.h"

#include "deflate.h"

#include <base/base64.h>
#include <base/bounds.h>
#include <base/buf.h>
#include <base/json.h>
#include <base/map.h>

#define TKNZ      "tknz:"
#define TASK_HEAD "monopod/task/"

enum {
	TYPE_RESULT = 1,
	TYPE_INTERNAL = 3,
	TEXT_MAX = 12 * KIB,      /* what Kubernetes gives all containers of a pod together */
	UNPACKED_MAX = 128 * KIB, /* what a writer keeps to */
};

/* --- the text ---------------------------------------------------------------------------- */

static int told_unpack(struct arena *a, struct str *text, struct err *err)
{
	struct str digits = str_slice(*text, sizeof(TKNZ) - 1, text->n);
	struct buf padded cleanup_buf = {0};
	struct buf out cleanup_buf = {0};
	struct str packed;

	buf_init(&padded, TEXT_MAX + 4);
	buf_adds(&padded, digits);
	while (padded.n % 4)
		buf_addc(&padded, '=');
	if (base64_parse(a, buf_str(&padded), &packed))
		return err_set(err, ERR_SPEC, "what follows '" TKNZ "' is not base64");
	buf_init(&out, UNPACKED_MAX);
	if (inflate_text(packed, DEFLATE_RAW, &out, err))
		return -1;
	*text = arena_str(a, buf_str(&out));
	return 0;
}

/* --- the records ------------------------------------------------------------------------- */

struct reader {
	struct told *told;
	struct map seen; /* keys of each type */
	struct arena *arena;
	bool has_verdict;
};

static bool is_word(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    (c >= '0' && c <= '9')))
			return false;
	}
	return s.n > 0;
}

static bool is_status(struct str s)
{
	return str_eqz(s, "True") || str_eqz(s, "False") || str_eqz(s, "Unknown");
}

/* "True Succeeded all the rest" */
static int verdict_split(struct str value, struct str *ret_status, struct str *ret_reason,
	struct str *ret_message, struct err *err)
{
	struct str rest;

	if (!str_cut(value, ' ', ret_status, &rest) || !is_status(*ret_status))
		return err_set(
			err, ERR_SPEC, "a status is 'True', 'False' or 'Unknown' and a reason");
	if (!str_cut(rest, ' ', ret_reason, ret_message)) {
		*ret_reason = rest;
		*ret_message = STR_NONE;
	}
	if (!is_word(*ret_reason))
		return err_set(err, ERR_SPEC, "a reason is one word");
	return 0;
}

static bool is_digest(struct str s)
{
	const struct str head = STR("sha256:");
	enum { HEX = 64 };

	if (!str_starts(s, head) || s.n != head.n + HEX)
		return false;
	for (size_t i = head.n; i < s.n; i++) {
		if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
			return false;
	}
	return true;
}

static int run_json_read(struct reader *r, struct str value, struct err *err)
{
	if (!str_cut(value, ' ', &r->told->digest, &r->told->path) ||
		!is_digest(r->told->digest))
		return err_set(
			err, ERR_SPEC, "monopod/run.json: expected a sha256 digest and a path");
	return 0;
}

static int internal_read(struct reader *r, struct str key, struct str value, struct err *err)
{
	const struct str task = STR(TASK_HEAD);
	struct told *t = r->told;

	if (str_eqz(key, "monopod/verdict")) {
		r->has_verdict = true;
		if (verdict_split(value, &t->status, &t->reason, &t->message, err))
			return err_wrap(err, "monopod/verdict");
	} else if (str_eqz(key, "monopod/omitted")) {
		t->omitted = value;
	} else if (str_eqz(key, "monopod/run.json")) {
		return run_json_read(r, value, err);
	} else if (str_starts(key, task)) {
		struct told_item *item = &t->task_runs[t->n_task_runs++];
		struct str message;

		item->name = str_slice(key, task.n, key.n);
		if (verdict_split(value, &item->status, &item->reason, &message, err))
			return err_wrap(err, "a TaskRun");
	}
	return 0; /* a record that a later version writes is passed over */
}

/* One that is there twice could say two things. */
static int key_once(struct reader *r, struct str key, bool is_result, struct err *err)
{
	struct str typed =
		arena_printf(r->arena, "%d" STR_FMT, is_result ? 1 : 3, STR_ARG(key));

	if (!map_set(&r->seen, typed, r))
		return err_set(err, ERR_SPEC, "one record is there twice");
	return 0;
}

static int record_read(struct reader *r, const struct json *v, struct err *err)
{
	const struct json *key = json_get(v, "key");
	const struct json *value = json_get(v, "value");
	int64_t type;

	if (!key || key->kind != JSON_STRING || !value || value->kind != JSON_STRING ||
		json_int(json_get(v, "type"), TYPE_RESULT, INT32_MAX, &type, NULL))
		return err_set(err, ERR_SPEC, "a record is {key, value, type}");
	if (type != TYPE_RESULT && type != TYPE_INTERNAL)
		return err_set(err, ERR_SPEC, "a record of type %lld", (long long)type);
	if (key_once(r, key->text, type == TYPE_RESULT, err))
		return -1;
	if (type == TYPE_INTERNAL)
		return internal_read(r, key->text, value->text, err);
	r->told->results[r->told->n_results++] =
		(struct told_item){.name = key->text, .value = value->text};
	return 0;
}

static int told_take(struct reader *r, struct str text, struct err *err)
{
	struct told *t = r->told;
	struct json *list;

	if (str_starts(text, STR(TKNZ)) && told_unpack(r->arena, &text, err))
		return -1;
	if (json_parse_zeros(r->arena, text, UNPACKED_MAX, &list, err))
		return -1;
	if (list->kind != JSON_ARRAY)
		return err_set(err, ERR_SPEC, "expected an array of records");
	t->results = arena_new_array(r->arena, struct told_item, list->n_children + 1);
	t->task_runs = arena_new_array(r->arena, struct told_item, list->n_children + 1);
	json_foreach (it, list) {
		if (record_read(r, it, err))
			return -1;
	}
	if (!r->has_verdict)
		return err_set(err, ERR_SPEC, "there is no record 'monopod/verdict'");
	return 0;
}

int told_read(struct arena *a, struct str text, struct told *ret, struct err *err)
{
	struct reader r = {.told = ret, .arena = a};

	*ret = (struct told){0};
	text = str_trim(text); /* a shell's line end, the writer's padding */
	if (!text.n)
		return err_set(err, ERR_NOT_FOUND, "there is none");
	if (text.n > TEXT_MAX)
		return err_set(err, ERR_LIMIT, "more than %d bytes", TEXT_MAX);
	map_init(&r.seen, a);
	if (told_take(&r, text, err) == 0)
		return 0;
	*ret = (struct told){0};
	if (text.n < BOUND_TERMINATION_BYTES)
		return -1;
	return err_wrap(err,
		"%zu bytes, and Kubernetes cuts the beginning of what is longer than %d",
		text.n, BOUND_TERMINATION_BYTES);
}
