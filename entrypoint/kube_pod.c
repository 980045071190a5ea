/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a Pod. Names and states are those of Kubernetes' core/v1. */
#include "kube_pod.h"

#include <base/attr.h>
#include <base/bounds.h>
#include <base/clock.h>

enum { PODS_TEXT_MAX = 64 * MIB, OBJECT_MAX = 256 * KIB };

/* As `monopod pod` calls it. */
#define OWN_CONTAINER "monopod"

/* --- members ----------------------------------------------------------------------------- */

static struct str text_of(const struct json *object, const char *key)
{
	return json_str(json_get(object, key));
}

/* A member that is an object; NULL: there is none. */
static const struct json *object_of(const struct json *object, const char *key)
{
	const struct json *v = json_get(object, key);

	return v && v->kind == JSON_OBJECT ? v : NULL;
}

static int64_t time_of(const struct json *object, const char *key)
{
	int64_t ns;

	if (clock_parse_rfc3339(text_of(object, key), &ns) || ns <= 0)
		return 0; /* "1970-01-01T00:00:00Z" is how a lost time is written */
	return ns;
}

static const struct json *meta_of(const struct json *pod)
{
	return json_get(pod, "metadata");
}

static struct str label_of(const struct json *pod, const char *key)
{
	return text_of(json_get(meta_of(pod), "labels"), key);
}

static struct str run_of(const struct json *pod, bool *ret_is_task_run)
{
	struct str pipeline_run = label_of(pod, "tekton.dev/pipelineRun");
	struct str task_run = label_of(pod, "tekton.dev/taskRun");
	struct str job = label_of(pod, "batch.kubernetes.io/job-name");

	*ret_is_task_run = !pipeline_run.n && task_run.n;
	if (pipeline_run.n || task_run.n)
		return pipeline_run.n ? pipeline_run : task_run;
	return job.n ? job : text_of(meta_of(pod), "name");
}

/* --- the container ----------------------------------------------------------------------- */

/* Ours among those of a list; NULL: there is none. *ret_n: how many there are. */
static const struct json *own_of(const struct json *list, size_t *ret_n)
{
	*ret_n = list && list->kind == JSON_ARRAY ? list->n_children : 0;
	if (!*ret_n)
		return NULL;
	json_foreach (it, list) {
		if (str_eqz(text_of(it, "name"), OWN_CONTAINER))
			return it;
	}
	return *ret_n == 1 ? json_at(list, 0) : NULL;
}

static void end_read(const struct json *state, struct kube_end *ret)
{
	const struct json *t = object_of(state, "terminated");
	int64_t code;

	*ret = (struct kube_end){.exit_code = -1};
	if (!t)
		return;
	ret->is_there = true;
	if (json_int(json_get(t, "exitCode"), 0, 255, &code, NULL) == 0)
		ret->exit_code = (int)code;
	ret->reason = text_of(t, "reason");
	ret->message = text_of(t, "message");
	ret->started_ns = time_of(t, "startedAt");
	ret->ended_ns = time_of(t, "finishedAt");
}

/* Of a container that was started again more than once, the first start is not told. */
static int64_t first_start(
	const struct kube_pod *p, const struct json *state, int64_t pod_start_ns)
{
	bool was_started = p->end.is_there || p->last.is_there || p->is_running;

	if (!was_started)
		return 0;
	if (p->n_restarts > 1)
		return pod_start_ns;
	if (p->last.is_there && p->last.started_ns)
		return p->last.started_ns;
	if (p->end.started_ns)
		return p->end.started_ns;
	return p->is_running ? time_of(json_get(state, "running"), "startedAt") : 0;
}

static void container_read(const struct json *c, int64_t pod_start_ns, struct kube_pod *ret)
{
	const struct json *state = json_get(c, "state");
	const struct json *waiting = object_of(state, "waiting");

	end_read(state, &ret->end);
	end_read(json_get(c, "lastState"), &ret->last);
	ret->is_running = object_of(state, "running") != NULL;
	ret->is_waiting = waiting != NULL;
	ret->wait_reason = text_of(waiting, "reason");
	ret->wait_message = text_of(waiting, "message");
	if (json_int(json_get(c, "restartCount"), 0, INT32_MAX, &ret->n_restarts, NULL))
		ret->n_restarts = 0;
	ret->started_ns = first_start(ret, state, pod_start_ns);
}

/* --- the pod ----------------------------------------------------------------------------- */

static enum kube_phase phase_of(struct str word)
{
	static const char *const words[] = {[KUBE_PENDING] = "Pending",
		[KUBE_RUNNING] = "Running",
		[KUBE_SUCCEEDED] = "Succeeded",
		[KUBE_FAILED] = "Failed",
		[KUBE_UNKNOWN] = "Unknown"};
	_Static_assert(ARRAY_SIZE(words) == KUBE_PHASE_N, "a word for each phase");

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (str_eqz(word, words[i]))
			return (enum kube_phase)i;
	}
	return KUBE_UNKNOWN;
}

static struct str unscheduled_of(const struct json *status)
{
	json_foreach (it, json_get(status, "conditions")) {
		if (str_eqz(text_of(it, "type"), "PodScheduled") &&
			str_eqz(text_of(it, "status"), "False"))
			return text_of(it, "message").n ? text_of(it, "message")
							: text_of(it, "reason");
	}
	return STR_NONE;
}

/* Of another name or kind than the labels say it is somebody's, not ours. */
static const struct json *object_read(
	struct arena *a, const struct json *pod, const struct kube_pod *p)
{
	struct str text = text_of(object_of(meta_of(pod), "annotations"), "monopod/object");
	const char *kind = p->is_task_run ? "TaskRun" : "PipelineRun";
	struct json *v;

	if (!text.n || json_parse(a, text, OBJECT_MAX, &v, NULL))
		return NULL;
	if (!str_eqz(text_of(v, "kind"), kind) || !object_of(v, "spec") ||
		!str_eq(text_of(meta_of(v), "name"), p->run_name))
		return NULL;
	return v;
}

static const struct json *tasks_read(struct arena *a, const struct json *pod)
{
	struct str text = text_of(object_of(meta_of(pod), "annotations"), "monopod/tasks");
	struct json *v;

	return text.n && json_parse(a, text, OBJECT_MAX, &v, NULL) == 0 ? v : NULL;
}

static int pod_read(
	struct arena *a, const struct json *pod, struct kube_pod *ret, struct err *err)
{
	const struct json *spec = json_get(pod, "spec");
	const struct json *status = json_get(pod, "status");
	const struct json *meta = meta_of(pod);
	const struct json *own, *declared;
	size_t n_specs, n_statuses;
	struct str policy = text_of(spec, "restartPolicy");

	*ret = (struct kube_pod){.name = text_of(meta, "name"),
		.ns = text_of(meta, "namespace"),
		.uid = text_of(meta, "uid"),
		.pipeline = label_of(pod, "tekton.dev/pipeline"),
		.labels = object_of(meta, "labels"),
		.created_ns = time_of(meta, "creationTimestamp"),
		.phase = phase_of(text_of(status, "phase")),
		.reason = text_of(status, "reason"),
		.message = str_trim(text_of(status, "message")),
		.unscheduled = unscheduled_of(status),
		.is_deleted = text_of(meta, "deletionTimestamp").n > 0,
		.may_restart = !str_eqz(policy, "Never"),
		.end = {.exit_code = -1},
		.last = {.exit_code = -1}};
	ret->run_name = run_of(pod, &ret->is_task_run);
	ret->has_run_label = ret->is_task_run || label_of(pod, "tekton.dev/pipelineRun").n;
	if (!ret->name.n)
		return err_set(err, ERR_SPEC, "a Pod without a name");
	ret->object = object_read(a, pod, ret);
	ret->tasks = tasks_read(a, pod);
	own = own_of(json_get(status, "containerStatuses"), &n_statuses);
	declared = own_of(json_get(spec, "containers"), &n_specs);
	if ((!own && n_statuses) || (!declared && n_specs))
		return err_set(err, ERR_SPEC,
			"pod '" STR_FMT
			"' has %zu containers, and none is called '" OWN_CONTAINER "'",
			STR_ARG(ret->name), n_specs > n_statuses ? n_specs : n_statuses);
	if (own)
		container_read(own, time_of(status, "startTime"), ret);
	return 0;
}

static bool is_kind(const struct json *v, const char *kind)
{
	return str_eqz(text_of(v, "kind"), kind);
}

/* Of two pods the one that was made later; of the same second the later name. */
static bool is_newer(const struct json *pod, const struct json *than)
{
	int64_t a = time_of(meta_of(pod), "creationTimestamp");
	int64_t b = time_of(meta_of(than), "creationTimestamp");

	if (a != b)
		return a > b;
	return str_cmp(text_of(meta_of(pod), "name"), text_of(meta_of(than), "name")) > 0;
}

static int newest_of(const struct json *list, const struct json **ret, struct err *err)
{
	const struct json *items = json_get(list, "items");
	bool is_task_run;

	*ret = NULL;
	json_foreach (it, items) {
		if (!is_kind(it, "Pod") && json_get(it, "kind"))
			return err_set(err, ERR_SPEC,
				"expected pods in the List, not a '" STR_FMT "'",
				STR_ARG(text_of(it, "kind")));
		if (*ret && !str_eq(run_of(it, &is_task_run), run_of(*ret, &is_task_run)))
			return err_set(err, ERR_SPEC,
				"the List has pods of several runs ('" STR_FMT "' and '" STR_FMT
				"'); select those of one",
				STR_ARG(run_of(*ret, &is_task_run)),
				STR_ARG(run_of(it, &is_task_run)));
		if (!*ret || is_newer(it, *ret))
			*ret = it;
	}
	return *ret ? 0 : err_set(err, ERR_NOT_FOUND, "there is no Pod in the List");
}

int kube_pod_read(struct arena *a, struct str text, struct kube_pod *ret, struct err *err)
{
	const struct json *pod;
	struct json *v;

	*ret = (struct kube_pod){0};
	if (!str_trim(text).n)
		return err_set(err, ERR_NOT_FOUND, "there is nothing to read");
	if (json_parse(a, text, PODS_TEXT_MAX, &v, err))
		return -1;
	pod = v;
	if ((is_kind(v, "List") || is_kind(v, "PodList")) && newest_of(v, &pod, err))
		return -1;
	if (pod == v && !is_kind(v, "Pod"))
		return err_set(err, ERR_SPEC, "expected a Pod, or a List of pods");
	return pod_read(a, pod, ret, err);
}

bool kube_pod_is_over(const struct kube_pod *p)
{
	if (p->phase == KUBE_SUCCEEDED || p->phase == KUBE_FAILED)
		return true;
	return p->end.is_there && (!p->may_restart || p->is_deleted);
}
