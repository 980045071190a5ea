/* SPDX-License-Identifier: Apache-2.0 */
/* Events as records: one table of names and of the members each has. */
#include "event.h"

#include "names.h"
#include <base/base64.h>
#include <base/bounds.h>
#include <base/json.h>

/* Twice of it can still be added up; no clock gets there. */
#define TIME_MAX_NS (INT64_MAX / 4)

enum {
	HAS_TASK = 1 << 0,
	HAS_STEP = 1 << 1,
	HAS_REFUSAL = 1 << 2, /* reason, message */
	HAS_IMAGE = 1 << 3,
	HAS_END = 1 << 4,
	HAS_CANCEL = 1 << 5, /* mode, message, grace */
	HAS_FORCE = 1 << 6,
	HAS_SIDECAR = 1 << 7,
	HAS_RESULTS = 1 << 8,
	HAS_RELEASE = 1 << 9,
	MAY_CANCEL = 1 << 10, /* the same, when it was asked for before */
	OF_TASK = HAS_STEP | HAS_END | HAS_SIDECAR | HAS_RESULTS, /* only with HAS_TASK */
};

static const struct {
	const char *name;
	unsigned has;
} kinds[] = {
	[EVENT_START] = {"start", MAY_CANCEL},
	[EVENT_TASK_WAITS] = {"task-waits", HAS_TASK},
	[EVENT_TASK_READY] = {"task-ready", HAS_TASK},
	[EVENT_TASK_REFUSED] = {"task-refused", HAS_TASK | HAS_REFUSAL},
	[EVENT_STEP_STARTED] = {"step-started", HAS_TASK | HAS_STEP | HAS_IMAGE},
	[EVENT_STEP_REFUSED] = {"step-refused", HAS_TASK | HAS_STEP | HAS_REFUSAL},
	[EVENT_STEP_HALTED] = {"step-halted", HAS_TASK | HAS_STEP | HAS_END},
	[EVENT_STEP_RELEASED] = {"step-released", HAS_TASK | HAS_STEP | HAS_RELEASE},
	[EVENT_STEP_ENDED] = {"step-ended", HAS_TASK | HAS_STEP | HAS_END | HAS_RESULTS},
	[EVENT_SIDECAR_STARTED] = {"sidecar-started", HAS_TASK | HAS_SIDECAR | HAS_IMAGE},
	[EVENT_SIDECAR_REFUSED] = {"sidecar-refused", HAS_TASK | HAS_SIDECAR | HAS_REFUSAL},
	[EVENT_SIDECAR_READY] = {"sidecar-ready", HAS_TASK | HAS_SIDECAR},
	[EVENT_SIDECAR_UNREADY] = {"sidecar-unready", HAS_TASK | HAS_SIDECAR},
	[EVENT_SIDECAR_ENDED] = {"sidecar-ended", HAS_TASK | HAS_SIDECAR | HAS_END},
	[EVENT_TICK] = {"tick", 0},
	[EVENT_CANCEL] = {"cancel", HAS_CANCEL},
	[EVENT_RESUME] = {"resume", HAS_FORCE | MAY_CANCEL},
};
_Static_assert(ARRAY_SIZE(kinds) == EVENT_KIND_N, "an event without a name");

static const char *const ends[] = {
	[STEP_END_EXITED] = "exited",
	[STEP_END_SIGNALED] = "signaled",
	[STEP_END_EXEC_FAILED] = "exec-failed",
	[STEP_END_OOM] = "oom",
	[STEP_END_LOST] = "lost",
};
_Static_assert(ARRAY_SIZE(ends) == STEP_END_N, "an end without a name");

/* --- writing */

struct text_keys { /* of a text, and of the same in base64 */
	const char *plain, *base64;
};
static const struct text_keys key_reason = {"reason", "reasonBase64"};
static const struct text_keys key_message = {"message", "messageBase64"};
static const struct text_keys key_image = {"imageID", "imageIDBase64"};
static const struct text_keys key_text = {"text", "textBase64"};
static const struct text_keys key_problem = {"problem", "problemBase64"};

/* JSON has UTF-8 only, and ours no NUL; every byte counts here. */
static void put_bytes(struct json_writer *w, const struct text_keys *k, struct str s)
{
	struct buf out cleanup_buf = {0};

	if (str_utf8_valid(s) && str_chr(s, '\0') < 0) {
		json_field(w, k->plain, s);
		return;
	}
	buf_init(&out, s.n / 3 * 4 + 8);
	base64_add(&out, s, true);
	json_field(w, k->base64, buf_str(&out));
}

static void put_optional(struct json_writer *w, const struct text_keys *k, struct str s)
{
	if (s.n)
		put_bytes(w, k, s);
}

/* Whether the agent would learn something. */
static bool is_news(const struct execution *t, size_t i, const struct result_got *r)
{
	if (r->problem.n)
		return true;
	return r->present && (!t->has_raw[i] || !str_eq(t->raw[i], r->text));
}

static bool is_news_of_artifacts(
	const struct execution *t, enum artifacts_file file, const struct result_got *r)
{
	if (r->problem.n)
		return true;
	return r->present && (file == ARTIFACTS_OF_STEP || !str_eq(t->artifacts_raw, r->text));
}

/* Without a name: a member's value. */
static void put_result(struct json_writer *w, struct str name, const struct result_got *r)
{
	json_open(w, '{');
	json_field_given(w, "name", name);
	if (r->present)
		put_bytes(w, &key_text, r->text);
	put_optional(w, &key_problem, r->problem);
	json_close(w, '}');
}

static void put_results(
	const struct execution *t, const struct event *ev, struct json_writer *w)
{
	size_t n = ev->n_results < t->launch->n_results ? ev->n_results : t->launch->n_results;
	size_t n_news = 0;

	for (size_t i = 0; i < n; i++)
		n_news += is_news(t, i, &ev->results[i]);
	if (!json_list(w, "results", n_news))
		return;
	for (size_t i = 0; i < n; i++)
		if (is_news(t, i, &ev->results[i]))
			put_result(w, t->launch->results[i].name, &ev->results[i]);
	json_close(w, ']');
}

/* The step's own are read once. */
static void put_step_results(
	const struct execution *t, const struct event *ev, struct json_writer *w)
{
	const struct step_launch *l = &t->launch->steps[ev->step];
	size_t n = ev->n_step_results < l->n_results ? ev->n_step_results : l->n_results;
	size_t n_present = 0;

	for (size_t i = 0; i < n; i++)
		n_present += ev->step_results[i].present;
	if (!json_list(w, "stepResults", n_present))
		return;
	for (size_t i = 0; i < n; i++)
		if (ev->step_results[i].present)
			put_result(w, l->results[i].name, &ev->step_results[i]);
	json_close(w, ']');
}

static const char *const artifacts_keys[] = {
	[ARTIFACTS_OF_STEP] = "stepArtifacts",
	[ARTIFACTS_OF_TASK] = "artifacts",
};
_Static_assert(ARRAY_SIZE(artifacts_keys) == ARTIFACTS_FILE_N, "a file without a name");

static void put_artifacts(
	const struct execution *t, const struct event *ev, struct json_writer *w)
{
	for (size_t i = 0; ev->artifacts && i < ARTIFACTS_FILE_N; i++) {
		const struct result_got *r = &ev->artifacts[i];

		if (!is_news_of_artifacts(t, (enum artifacts_file)i, r))
			continue;
		json_key(w, artifacts_keys[i]);
		put_result(w, STR_NONE, r);
	}
}

void event_put(struct agent *a, const struct event *ev, struct json_writer *w)
{
	unsigned has = kinds[ev->kind].has;
	const struct execution *t = has & HAS_TASK ? execution_of(a, ev->task) : NULL;

	BUG_ON(!t && has & OF_TASK);
	json_fieldz(w, "event", kinds[ev->kind].name);
	if (t) {
		json_field(w, "task", t->v.name);
		json_field_int(w, "attempt", (int64_t)ev->attempt);
	}
	if (has & (HAS_STEP | HAS_SIDECAR))
		json_field(w, has & HAS_STEP ? "step" : "sidecar",
			attempt_of(t)->steps[ev->step].name);
	if (has & HAS_REFUSAL) {
		put_optional(w, &key_reason, ev->reason);
		put_optional(w, &key_message, ev->message);
	}
	if (has & HAS_IMAGE)
		put_optional(w, &key_image, ev->image_id);
	if (has & HAS_END) {
		json_fieldz(w, "end", ends[ev->end]);
		json_field_int(w, "exitCode", ev->exit_code);
		if (ev->signal)
			json_field_int(w, "signal", ev->signal);
		put_optional(w, &key_message, ev->message);
	}
	if (has & HAS_RELEASE) {
		json_fieldz(w, "release", release_name(ev->release));
		json_field_int(w, "exitCode", ev->exit_code);
	}
	if (has & HAS_RESULTS) {
		put_results(t, ev, w);
		put_step_results(t, ev, w);
		put_artifacts(t, ev, w);
	}
	if ((has & HAS_CANCEL) || ((has & MAY_CANCEL) && ev->cancel != CANCEL_NONE)) {
		json_fieldz(w, "mode", cancel_mode_name(ev->cancel));
		put_optional(w, &key_message, ev->message);
		if (ev->grace_ns)
			json_field_int(w, "grace", ev->grace_ns);
	}
	if ((has & HAS_FORCE) && a->root->is_forced)
		json_field_bool(w, "force", true);
}

/* --- reading */

/* A text that need not be there. */
static int read_bytes(const struct event_reader *r, const struct json *object,
	const struct text_keys *k, struct str *ret, struct err *err)
{
	const struct json *plain = json_get(object, k->plain);
	const struct json *coded = json_get(object, k->base64);

	*ret = json_str(plain);
	if ((plain && plain->kind != JSON_STRING) || (coded && coded->kind != JSON_STRING))
		return err_set(err, ERR_SPEC, "'%s' is not text", k->plain);
	if (coded && base64_parse(r->arena, coded->text, ret) < 0)
		return err_set(err, ERR_SPEC, "'%s' is not base64", k->base64);
	return 0;
}

/* A number that need not be there. */
static int read_number(
	const struct json *record, const char *key, int64_t max, int64_t *ret, struct err *err)
{
	const struct json *v = json_get(record, key);

	*ret = 0;
	if (v && json_int(v, 0, max, ret, err) < 0)
		return err_wrap(err, "'%s'", key);
	return 0;
}

/* The place of a member's text in a table. */
static int read_word(const struct json *record, const char *key, const char *(*name)(size_t),
	size_t n, size_t *ret, struct err *err)
{
	struct str word = json_str(json_get(record, key));

	for (*ret = 0; *ret < n; ++*ret)
		if (str_eqz(word, name(*ret)))
			return 0;
	return err_set(err, ERR_SPEC, "'%s' is '" STR_FMT "', which is none of ours", key,
		STR_ARG(word));
}

static const char *kind_name(size_t i)
{
	return kinds[i].name;
}
static const char *end_name(size_t i)
{
	return ends[i];
}
static const char *release_word(size_t i)
{
	return release_name((enum release)i);
}
static const char *mode_name(size_t i)
{
	return cancel_mode_name((enum cancel_mode)i);
}

/* Names of steps are not unique (an own one may be called unnamed-1): the current one first. */
static bool find_step(const struct execution *t, struct str name, size_t *ret)
{
	const struct attempt_view *at = attempt_of(t);

	*ret = t->step;
	if (*ret < at->n_steps && str_eq(at->steps[*ret].name, name))
		return true;
	for (*ret = 0; *ret < at->n_steps; ++*ret)
		if (str_eq(at->steps[*ret].name, name))
			return true;
	return false;
}

static bool find_sidecar(const struct execution *t, struct str name, size_t *ret)
{
	const struct attempt_view *at = attempt_of(t);

	for (*ret = at->n_steps; *ret < at->n_steps + at->n_sidecars; ++*ret)
		if (str_eq(at->steps[*ret].name, name))
			return true;
	return false;
}

static int read_subject(const struct event_reader *r, const struct json *record,
	const struct execution **ret_task, struct event *ret, struct err *err)
{
	struct str name = json_str(json_get(record, "task"));
	const struct execution *t = r->find(r->arg, name);
	int64_t attempt;

	if (read_number(record, "attempt", INT32_MAX, &attempt, err) < 0)
		return -1;
	if (!t)
		return err_set(err, ERR_NOT_FOUND, "there is no task run '" STR_FMT "'",
			STR_ARG(name));
	if (!t->launch || (size_t)attempt + 1 != t->v.n_attempts)
		return err_set(err, ERR_NOT_FOUND,
			"attempt %lld of task run '" STR_FMT "' is not going on",
			(long long)attempt, STR_ARG(name));
	ret->task = t->v.index;
	ret->attempt = (size_t)attempt;
	*ret_task = t;
	if (kinds[ret->kind].has & HAS_SIDECAR) {
		name = json_str(json_get(record, "sidecar"));
		if (!find_sidecar(t, name, &ret->step))
			return err_set(err, ERR_NOT_FOUND,
				"task run '" STR_FMT "' has no sidecar '" STR_FMT "'",
				STR_ARG(t->v.name), STR_ARG(name));
		return 0;
	}
	if (!(kinds[ret->kind].has & HAS_STEP))
		return 0;
	name = json_str(json_get(record, "step"));
	if (!find_step(t, name, &ret->step))
		return err_set(err, ERR_NOT_FOUND,
			"task run '" STR_FMT "' has no step '" STR_FMT "'", STR_ARG(t->v.name),
			STR_ARG(name));
	return 0;
}

static int read_got(const struct event_reader *r, const struct json *one,
	struct result_got *ret, struct err *err)
{
	ret->present = json_get(one, key_text.plain) || json_get(one, key_text.base64);
	if (read_bytes(r, one, &key_text, &ret->text, err) < 0)
		return -1;
	return read_bytes(r, one, &key_problem, &ret->problem, err);
}

/* got has an entry for each result that is wanted. */
static int read_result(const struct event_reader *r, const struct json *one, size_t n,
	struct result_got *got, struct err *err)
{
	struct str name = json_str(json_get(one, "name"));
	size_t i = 0;

	while (i < n && !str_eq(got[i].name, name))
		i++;
	if (i == n)
		return err_set(
			err, ERR_NOT_FOUND, "there is no result '" STR_FMT "'", STR_ARG(name));
	return read_got(r, one, &got[i], err);
}

static int read_list(const struct event_reader *r, const struct json *list,
	const struct result_want *wants, size_t n, const struct result_got **ret,
	struct err *err)
{
	struct result_got *got = arena_new_array(r->arena, struct result_got, n);

	for (size_t i = 0; i < n; i++)
		got[i].name = wants[i].name;
	json_foreach (one, list)
		if (read_result(r, one, n, got, err) < 0)
			return -1;
	*ret = got;
	return 0;
}

static int read_artifacts(const struct event_reader *r, const struct json *record,
	struct event *ret, struct err *err)
{
	struct result_got *got = NULL;

	for (size_t i = 0; i < ARTIFACTS_FILE_N; i++) {
		const struct json *one = json_get(record, artifacts_keys[i]);

		if (!one)
			continue;
		if (!got)
			got = arena_new_array(r->arena, struct result_got, ARTIFACTS_FILE_N);
		if (read_got(r, one, &got[i], err) < 0)
			return -1;
	}
	ret->artifacts = got;
	return 0;
}

static int read_results(const struct event_reader *r, const struct execution *t,
	const struct json *record, struct event *ret, struct err *err)
{
	const struct step_launch *l = &t->launch->steps[ret->step];

	ret->n_results = t->launch->n_results;
	ret->n_step_results = l->n_results;
	if (read_list(r, json_get(record, "results"), t->launch->results, ret->n_results,
		    &ret->results, err) < 0 ||
		read_list(r, json_get(record, "stepResults"), l->results, ret->n_step_results,
			&ret->step_results, err) < 0 ||
		read_artifacts(r, record, ret, err) < 0)
		return err_wrap(err, "task run '" STR_FMT "'", STR_ARG(t->v.name));
	return 0;
}

static int read_end(const struct event_reader *r, const struct execution *t,
	const struct json *record, struct event *ret, struct err *err)
{
	int64_t exit_code, signal;
	size_t end;

	if (read_word(record, "end", end_name, STEP_END_N, &end, err) < 0 ||
		read_number(record, "exitCode", INT32_MAX, &exit_code, err) < 0 ||
		read_number(record, "signal", INT32_MAX, &signal, err) < 0 ||
		read_bytes(r, record, &key_message, &ret->message, err) < 0)
		return -1;
	ret->end = (enum step_end)end;
	ret->exit_code = (int)exit_code;
	ret->signal = (int)signal;
	return kinds[ret->kind].has & HAS_RESULTS ? read_results(r, t, record, ret, err) : 0;
}

static int read_release(const struct json *record, struct event *ret, struct err *err)
{
	int64_t exit_code;
	size_t release;

	if (read_word(record, "release", release_word, RELEASE_N, &release, err) < 0 ||
		read_number(record, "exitCode", INT32_MAX, &exit_code, err) < 0)
		return -1;
	ret->release = (enum release)release;
	ret->exit_code = (int)exit_code;
	return 0;
}

static int read_cancel(const struct event_reader *r, const struct json *record,
	struct event *ret, struct err *err)
{
	size_t mode;

	if (read_word(record, "mode", mode_name, CANCEL_MODE_N, &mode, err) < 0 ||
		read_bytes(r, record, &key_message, &ret->message, err) < 0 ||
		read_number(record, "grace", TIME_MAX_NS, &ret->grace_ns, err) < 0)
		return -1;
	ret->cancel = (enum cancel_mode)mode;
	return 0;
}

int event_read(const struct event_reader *r, const struct json *record, struct event *ret,
	bool *ret_forced, struct err *err)
{
	const struct json *force = json_get(record, "force");
	const struct execution *t = NULL;
	unsigned has;
	size_t kind;

	*ret = (struct event){0};
	if (read_word(record, "event", kind_name, EVENT_KIND_N, &kind, err) < 0 ||
		read_number(record, "ns", TIME_MAX_NS, &ret->now_ns, err) < 0 ||
		read_number(record, "wall", INT64_MAX, &ret->wall_ns, err) < 0)
		return -1;
	ret->kind = (enum event_kind)kind;
	has = kinds[kind].has;
	*ret_forced = (has & HAS_FORCE) && force && force->kind == JSON_BOOL && force->boolean;
	if ((has & HAS_TASK) && read_subject(r, record, &t, ret, err) < 0)
		return -1;
	BUG_ON(!t && has & OF_TASK);
	if ((has & HAS_REFUSAL) &&
		(read_bytes(r, record, &key_reason, &ret->reason, err) < 0 ||
			read_bytes(r, record, &key_message, &ret->message, err) < 0))
		return -1;
	if ((has & HAS_IMAGE) && read_bytes(r, record, &key_image, &ret->image_id, err) < 0)
		return -1;
	if ((has & HAS_END) && read_end(r, t, record, ret, err) < 0)
		return -1;
	if ((has & HAS_RELEASE) && read_release(record, ret, err) < 0)
		return -1;
	if (((has & HAS_CANCEL) || ((has & MAY_CANCEL) && json_get(record, "mode"))) &&
		read_cancel(r, record, ret, err) < 0)
		return -1;
	return 0;
}
