/* SPDX-License-Identifier: Apache-2.0 */
/* Deciding what became of a run. docs/kubernetes.md has the table of it. */
#include "collect.h"

#include "record.h"

#include <base/bounds.h>
#include <base/num.h>

enum { RUN_JSON_BYTES = 256 * MIB };

static enum condition_status status_of(struct str word)
{
	if (str_eqz(word, "True"))
		return CONDITION_TRUE;
	return str_eqz(word, "False") ? CONDITION_FALSE : CONDITION_UNKNOWN;
}

static void conclude(struct collected *c, enum condition_status status, struct str reason,
	struct str message, enum exit_code code)
{
	c->condition.status = status;
	c->condition.reason = reason;
	c->condition.message = message;
	c->code = code;
}

static struct str code_text(struct arena *a, const struct kube_end *end)
{
	return end->is_there && end->exit_code >= 0
		       ? arena_printf(a, "exit code %d", end->exit_code)
		       : STR("no exit code");
}

/* "Evicted: Usage of … exceeds the limit", "OOMKilled, exit code 137", "exit code 137". */
static struct str platform_text(struct arena *a, const struct collected *c)
{
	const struct kube_pod *p = c->pod;
	const struct kube_end *end = c->end;
	struct str code = code_text(a, end);

	if (p->reason.n && p->message.n)
		return arena_printf(
			a, STR_FMT ": " STR_FMT, STR_ARG(p->reason), STR_ARG(p->message));
	if (p->reason.n)
		return p->reason;
	if (end->reason.n && !str_eqz(end->reason, "Error") &&
		!str_eqz(end->reason, "Completed"))
		return arena_printf(
			a, STR_FMT ", " STR_FMT, STR_ARG(end->reason), STR_ARG(code));
	return code;
}

/* --- an end that the run told itself ----------------------------------------------------- */

/* One that is filed as pending has its last word, too. */
static bool told_is_end(const struct told *t)
{
	return !str_eqz(t->status, "Unknown") || str_ends(t->reason, STR("RunPending"));
}

static bool code_is_ours(int code)
{
	return (code >= EXIT_RUN_OK && code <= EXIT_INTERNAL) || code == EXIT_SIGINT ||
	       code == EXIT_SIGTERM;
}

/* 4: it succeeded, and not all could be written down. What is more than 128 came after the
 * last word: a signal, or the container's runtime. */
static bool code_fits_success(int code)
{
	return code == EXIT_RUN_OK || code == EXIT_INTERNAL || code > 128;
}

static enum exit_code code_of_failure(int code, struct str reason)
{
	if (code > EXIT_RUN_OK && code_is_ours(code))
		return (enum exit_code)code;
	if (str_eqz(reason, "Invalid"))
		return EXIT_INPUT;
	if (str_eqz(reason, "NotStarted"))
		return EXIT_PLACE;
	if (str_ends(reason, STR("Cancelled")))
		return EXIT_SIGTERM;
	return EXIT_RUN_FAILED;
}

/* The container's when it is one of ours, else that of the verdict. */
static enum exit_code code_of_end(int code, enum condition_status status, struct str reason)
{
	if (status != CONDITION_TRUE)
		return code_of_failure(code, reason);
	return code_is_ours(code) ? (enum exit_code)code : EXIT_RUN_OK;
}

static void judge_contradiction(struct arena *a, struct collected *c)
{
	conclude(c, CONDITION_UNKNOWN, STR("ContradictoryEnd"),
		arena_printf(a,
			"the container ended with " STR_FMT ", but its termination message "
			"says: " STR_FMT " " STR_FMT,
			STR_ARG(code_text(a, c->end)), STR_ARG(c->told.status),
			STR_ARG(c->told.reason)),
		EXIT_INTERNAL);
}

static void judge_told(struct arena *a, struct collected *c)
{
	const struct kube_end *end = c->end;
	const struct kube_pod *p = c->pod;
	enum condition_status status = status_of(c->told.status);
	struct str message = c->told.message;

	if (status == CONDITION_TRUE && !code_fits_success(end->exit_code)) {
		judge_contradiction(a, c);
		return;
	}
	if (status != CONDITION_TRUE && p->reason.n)
		message = arena_printf(a, STR_FMT "%spod " STR_FMT, STR_ARG(message),
			message.n ? "; " : "", STR_ARG(platform_text(a, c)));
	c->is_own_word = true;
	conclude(c, status, c->told.reason, message,
		code_of_end(end->exit_code, status, c->told.reason));
}

/* --- an end that nobody told ------------------------------------------------------------- */

static struct str killed_reason(const struct collected *c)
{
	const struct kube_pod *p = c->pod;

	if (c->has_told && !str_eqz(c->told.reason, "Running"))
		return c->told.reason; /* its last words: a bug of its own */
	if (p->reason.n)
		return p->reason;
	if (str_eqz(c->end->reason, "OOMKilled"))
		return c->end->reason;
	return STR("Interrupted");
}

/* It was known to run, or Kubernetes says what ended it: it did not succeed, and never will. */
static void judge_killed(struct arena *a, struct collected *c)
{
	const struct kube_pod *p = c->pod;
	int code = c->end->exit_code;
	struct str known = c->has_told ? c->told.message : STR_NONE;

	if (code == EXIT_RUN_OK) {
		judge_contradiction(a, c);
		return;
	}
	conclude(c, CONDITION_FALSE, killed_reason(c),
		arena_printf(a,
			"pod \"" STR_FMT "\" ended before the run did: " STR_FMT "%s" STR_FMT,
			STR_ARG(p->name), STR_ARG(platform_text(a, c)),
			known.n ? "; known last: " : "", STR_ARG(known)),
		code > EXIT_RUN_OK && code != EXIT_INPUT && code_is_ours(code)
			? (enum exit_code)code
			: EXIT_INTERNAL);
}

/* No usable message: what the exit code promises, if it promises that nothing was started. */
static void judge_silent(struct arena *a, struct collected *c, const struct err *why)
{
	const struct kube_pod *p = c->pod;
	int code = c->end->exit_code;
	bool is_missing = why->kind == ERR_NOT_FOUND;

	if (is_missing && (code == EXIT_INPUT || code == EXIT_PLACE)) {
		bool is_input = code == EXIT_INPUT;

		conclude(c, CONDITION_FALSE, is_input ? STR("Invalid") : STR("NotStarted"),
			arena_printf(a,
				"exit code %d: %s; nothing was started, the log says why", code,
				is_input ? "the input is not valid"
					 : "the pod cannot give what was asked"),
			(enum exit_code)code);
		return;
	}
	conclude(c, CONDITION_UNKNOWN,
		is_missing ? STR("NoTerminationMessage") : STR("InvalidTerminationMessage"),
		arena_printf(a,
			"pod \"" STR_FMT "\" ended with " STR_FMT
			", and its termination message does not tell how the run "
			"did: %s",
			STR_ARG(p->name), STR_ARG(platform_text(a, c)), why->msg),
		EXIT_INTERNAL);
}

static void judge_never_started(struct arena *a, struct collected *c)
{
	const struct kube_pod *p = c->pod;
	struct str why = p->reason.n ? platform_text(a, c) : STR_NONE;

	conclude(c, CONDITION_FALSE, p->reason.n ? p->reason : STR("NotStarted"),
		arena_printf(a,
			"pod \"" STR_FMT "\" ended before its container was started%s" STR_FMT,
			STR_ARG(p->name), why.n ? ": " : "", STR_ARG(why)),
		EXIT_PLACE);
}

/* --- no end yet -------------------------------------------------------------------------- */

static struct str running_text(struct arena *a, const struct collected *c)
{
	const struct kube_pod *p = c->pod;

	if (p->is_deleted)
		return arena_printf(
			a, "pod \"" STR_FMT "\" is being deleted", STR_ARG(p->name));
	if (!p->is_running)
		return arena_printf(
			a, "pod \"" STR_FMT "\" is to be started again", STR_ARG(p->name));
	if (p->reason.n)
		return arena_printf(a, "pod \"" STR_FMT "\": " STR_FMT, STR_ARG(p->name),
			STR_ARG(platform_text(a, c)));
	if (p->n_restarts)
		return arena_printf(a,
			"pod \"" STR_FMT "\" is running, started again %lld time%s",
			STR_ARG(p->name), (long long)p->n_restarts,
			p->n_restarts == 1 ? "" : "s");
	return arena_printf(a, "pod \"" STR_FMT "\" is running", STR_ARG(p->name));
}

/* What a container waits for when all goes well. */
static bool is_usual_wait(struct str reason)
{
	return !reason.n || str_eqz(reason, "ContainerCreating") ||
	       str_eqz(reason, "PodInitializing");
}

static void judge_pending(struct arena *a, struct collected *c)
{
	const struct kube_pod *p = c->pod;

	if (p->unscheduled.n) {
		conclude(c, CONDITION_UNKNOWN, STR("Pending"),
			arena_printf(a,
				"pod status \"PodScheduled\":\"False\"; message: \"" STR_FMT
				"\"",
				STR_ARG(p->unscheduled)),
			EXIT_PLACE);
		return;
	}
	if (is_usual_wait(p->wait_reason)) {
		conclude(c, CONDITION_UNKNOWN, STR("Pending"),
			p->wait_reason.n ? arena_printf(a, "the container is waiting: " STR_FMT,
						   STR_ARG(p->wait_reason))
					 : STR("pending"),
			EXIT_INTERNAL);
		return;
	}
	conclude(c, CONDITION_UNKNOWN, p->wait_reason,
		p->wait_message.n ? p->wait_message : STR("the container cannot be started"),
		EXIT_PLACE);
}

static void judge_open(struct arena *a, struct collected *c)
{
	const struct kube_pod *p = c->pod;

	if (p->is_running || p->end.is_there || p->last.is_there)
		conclude(c, CONDITION_UNKNOWN, STR("Running"), running_text(a, c),
			EXIT_INTERNAL);
	else
		judge_pending(a, c);
}

/* --- the decision ------------------------------------------------------------------------ */

/* The end that a message can be of: none of one that runs again. */
static const struct kube_end *end_of(const struct kube_pod *p)
{
	if (p->end.is_there || p->is_running)
		return &p->end;
	return p->last.is_there ? &p->last : &p->end;
}

static void judge_times(struct collected *c)
{
	const struct kube_pod *p = c->pod;

	c->started_ns = p->started_ns;
	if (c->is_over)
		c->ended_ns = c->end->ended_ns;
	if (c->ended_ns < c->started_ns)
		c->ended_ns = 0; /* of two clocks, or lost */
	c->condition.changed_wall_ns = c->ended_ns     ? c->ended_ns
				       : c->started_ns ? c->started_ns
						       : p->created_ns;
}

static bool is_killed(const struct collected *c)
{
	return c->has_told || c->pod->reason.n ||
	       (str_eqz(c->end->reason, "OOMKilled") && c->end->exit_code > 0);
}

void collect_judge(struct arena *a, const struct kube_pod *pod, struct collected *ret)
{
	bool is_over = kube_pod_is_over(pod);
	struct err why = {0};
	bool has_end;

	*ret = (struct collected){.pod = pod, .end = end_of(pod)};
	ret->has_told = told_read(a, ret->end->message, &ret->told, &why) == 0;
	has_end = ret->has_told && told_is_end(&ret->told);
	ret->is_over = is_over || has_end;
	if (has_end)
		judge_told(a, ret);
	else if (!is_over)
		judge_open(a, ret);
	else if (!ret->end->is_there && !pod->is_running && pod->phase == KUBE_FAILED)
		judge_never_started(a, ret);
	else if (is_killed(ret))
		judge_killed(a, ret);
	else
		judge_silent(a, ret, &why);
	judge_times(ret);
}

/* --- run.json ---------------------------------------------------------------------------- */

static bool is_run(const struct json *item)
{
	struct str kind = json_str(json_get(item, "kind"));

	return str_eqz(kind, "PipelineRun") || str_eqz(kind, "TaskRun");
}

static bool is_of_run(const struct json *items, struct str name)
{
	json_foreach (it, items) {
		if (str_eq(json_str(json_get(json_get(it, "metadata"), "name")), name))
			return true;
	}
	return false;
}

/* Of several runs, which no pod of ours has, the first that is not True, as of the message. */
static const struct json *run_that_counts(const struct json *items)
{
	json_foreach (it, items) {
		if (is_run(it) && !json_get(json_get(it, "metadata"), "ownerReferences") &&
			!str_eqz(record_condition(it).status, "True"))
			return it;
	}
	return json_at(items, 0);
}

/* It was written a moment before the kill, and says more than the message. */
static void judge_run_json(struct collected *c)
{
	struct record_condition told = record_condition(c->run);
	enum condition_status status = status_of(told.status);
	int code = c->end->exit_code;

	if (status == CONDITION_UNKNOWN || c->is_own_word ||
		(status == CONDITION_TRUE && !code_fits_success(code)))
		return;
	c->is_own_word = true;
	c->is_over = true;
	conclude(c, status, told.reason, told.message, code_of_end(code, status, told.reason));
}

int collect_add_run_json(
	struct arena *a, struct collected *c, struct str text, bool is_proven, struct err *err)
{
	const struct json *items;
	struct json *list;

	if (json_parse_zeros(a, text, RUN_JSON_BYTES, &list, err))
		return -1;
	items = json_get(list, "items");
	if (!is_run(json_at(items, 0)))
		return err_set(err, ERR_SPEC, "expected a List with a run");
	if (!is_proven && c->pod->has_run_label && !is_of_run(items, c->pod->run_name))
		return err_set(err, ERR_SPEC, "it is not of run '" STR_FMT "'",
			STR_ARG(c->pod->run_name));
	c->run_json = list;
	c->run = run_that_counts(items);
	if (!is_proven)
		judge_run_json(c);
	return 0;
}
