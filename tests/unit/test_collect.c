/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a Pod: recorded ones as a whole, and the decision for each kind of end. */
#include "../../entrypoint/collect.h"

#include <base/bounds.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/json.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define PODS "tests/pods"

static const struct json *parse(struct arena *a, struct str text)
{
	struct err err = {0};
	struct json *v;

	if (json_parse(a, text, 16 * MIB, &v, &err))
		fail_msg("%s: %.*s", err.msg, STR_ARG(text));
	return v;
}

static struct str compact(struct arena *a, const struct json *v)
{
	struct buf b cleanup_buf;

	buf_init(&b, 16 * MIB);
	json_print(v, false, &b);
	return arena_str(a, buf_str(&b));
}

static void judge(struct arena *a, struct str pod, struct collected *ret)
{
	struct kube_pod *p = arena_new_object(a, struct kube_pod);
	struct err err = {0};

	if (kube_pod_read(a, pod, p, &err))
		fail_msg("%s", err.msg);
	collect_judge(a, p, ret);
}

static const struct json *list_of(struct arena *a, const struct collected *c)
{
	struct buf b cleanup_buf;

	buf_init(&b, 16 * MIB);
	collect_json(a, c, &b);
	return parse(a, arena_str(a, buf_str(&b)));
}

/* --- recorded ones ----------------------------------------------------------------------- */

static bool recorded_one(int dfd, struct str name)
{
	struct arena *a cleanup_arena = arena_new();
	struct str want_name =
		arena_printf(a, "%.*s.want", (int)(name.n - sizeof(".json") + 1), name.p);
	struct str pod, want, got;
	struct err err = {0};
	struct collected c;
	const struct json *w;
	int64_t code;

	if (file_read(a, dfd, str_c(name), MIB, &pod, &err) ||
		file_read(a, dfd, str_c(want_name), MIB, &want, &err))
		fail_msg("%s", err.msg);
	w = parse(a, want);
	assert_int_equal(json_int(json_get(w, "code"), 0, 255, &code, &err), 0);
	judge(a, pod, &c);
	got = compact(a, list_of(a, &c));
	want = compact(a, json_get(w, "list"));
	if (str_eq(got, want) && (int)c.code == code)
		return true;
	print_error("%s: want %d %s\n", str_c(name), (int)code, str_c(want));
	print_error("%s: got  %d %s\n", str_c(name), (int)c.code, str_c(got));
	return false;
}

static void recorded_pods(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct err err = {0};
	int dfd cleanup_fd = dir_open(AT_FDCWD, PODS, &err);
	size_t n, n_pods = 0, n_bad = 0;
	struct str *names;

	(void)state;
	if (dfd < 0 || dir_list(a, dfd, 100, &names, &n, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < n; i++) {
		if (!str_ends(names[i], STR(".json")))
			continue;
		n_pods++;
		n_bad += !recorded_one(dfd, names[i]);
	}
	assert_int_equal(n_pods, 15);
	assert_int_equal(n_bad, 0);
}

/* --- each kind of end -------------------------------------------------------------------- */

#define VERDICT(v) "[{\"key\":\"monopod/verdict\",\"value\":\"" v "\",\"type\":3}]"
#define RUNNING    VERDICT("Unknown Running Tasks Completed: 1")
#define GOOD       VERDICT("True Succeeded Tasks Completed: 2")
#define BAD        VERDICT("False Failed Tasks Completed: 2")

struct end_case {
	const char *what;
	const char *phase, *policy, *pod_reason; /* NULL: Failed, Never, none */
	int code;
	const char *reason;  /* of the container; NULL: Error */
	const char *message; /* NULL: none */
	const char *want_status, *want_reason;
	int want_code;
};

static const struct end_case ends[] = {
	{"a success", "Succeeded", NULL, NULL, 0, "Completed", GOOD, "True", "Succeeded", 0},
	{"a child was OOM-killed, the run succeeded", "Succeeded", NULL, NULL, 0, "OOMKilled",
		GOOD, "True", "Succeeded", 0},
	{"killed after its last word", NULL, NULL, NULL, 137, NULL, GOOD, "True", "Succeeded",
		0},
	{"a success that could not all be written down", NULL, NULL, NULL, 4, NULL, GOOD,
		"True", "Succeeded", 4},
	{"a success that was told to stop", NULL, NULL, NULL, 143, NULL, GOOD, "True",
		"Succeeded", 143},
	{"a message of success, but exit code 1", NULL, NULL, NULL, 1, NULL, GOOD, "Unknown",
		"ContradictoryEnd", 4},
	{"… and 2", NULL, NULL, NULL, 2, NULL, GOOD, "Unknown", "ContradictoryEnd", 4},
	{"… and one that is not ours", NULL, NULL, NULL, 77, NULL, GOOD, "Unknown",
		"ContradictoryEnd", 4},
	{"… and none that can be read", NULL, NULL, NULL, -1, NULL, GOOD, "Unknown",
		"ContradictoryEnd", 4},
	{"a message of failure, but exit code 0", "Succeeded", NULL, NULL, 0, "Completed", BAD,
		"False", "Failed", 1},
	{"a message of nothing yet, but exit code 0", "Succeeded", NULL, NULL, 0, "Completed",
		RUNNING, "Unknown", "ContradictoryEnd", 4},
	{"no message, exit code 0", "Succeeded", NULL, NULL, 0, "Completed", NULL, "Unknown",
		"NoTerminationMessage", 4},
	{"no message, exit code 0, shown as OOM-killed", "Succeeded", NULL, NULL, 0,
		"OOMKilled", NULL, "Unknown", "NoTerminationMessage", 4},
	{"blanks", "Succeeded", NULL, NULL, 0, "Completed", " \n ", "Unknown",
		"NoTerminationMessage", 4},
	{"no message, exit code 1", NULL, NULL, NULL, 1, NULL, NULL, "Unknown",
		"NoTerminationMessage", 4},
	{"no message, exit code 3", NULL, NULL, NULL, 3, NULL, NULL, "False", "NotStarted", 3},
	{"somebody's words", "Succeeded", NULL, NULL, 0, "Completed", "all is well", "Unknown",
		"InvalidTerminationMessage", 4},
	{"somebody's words, exit code 2", NULL, NULL, NULL, 2, NULL, "usage: x", "Unknown",
		"InvalidTerminationMessage", 4},
	{"a failure", NULL, NULL, NULL, 1, NULL, BAD, "False", "Failed", 1},
	{"a failure, killed after its last word", NULL, NULL, NULL, 137, NULL, BAD, "False",
		"Failed", 1},
	{"cancelled, killed after its last word", NULL, NULL, NULL, 137, NULL,
		VERDICT("False Cancelled x"), "False", "Cancelled", 143},
	{"interrupted from the keyboard", NULL, NULL, NULL, 130, NULL,
		VERDICT("False Cancelled x"), "False", "Cancelled", 130},
	{"an invalid input", NULL, NULL, NULL, 2, NULL, VERDICT("False Invalid x"), "False",
		"Invalid", 2},
	{"no place", NULL, NULL, NULL, 137, NULL, VERDICT("False NotStarted x"), "False",
		"NotStarted", 3},
	{"filed as pending", NULL, NULL, NULL, 1, NULL, VERDICT("Unknown PipelineRunPending x"),
		"Unknown", "PipelineRunPending", 1},
	{"a bug of its own", NULL, NULL, NULL, 134, NULL,
		VERDICT("Unknown InternalError monopod ended by a bug of its own"), "False",
		"InternalError", 4},
	{"killed by nobody knows whom", NULL, NULL, NULL, 137, NULL, RUNNING, "False",
		"Interrupted", 4},
	{"killed, and nobody could see it", NULL, NULL, "NodeLost", 137,
		"ContainerStatusUnknown", NULL, "False", "NodeLost", 4},
	{"OOM-killed before it wrote anything", NULL, NULL, NULL, 137, "OOMKilled", NULL,
		"False", "OOMKilled", 4},
	{"evicted with somebody's words", NULL, NULL, "Evicted", 137, NULL, "x", "False",
		"Evicted", 4},
	{"told to stop, its last word lost", NULL, NULL, "Evicted", 143, NULL, RUNNING, "False",
		"Evicted", 143},
	{"a success all the same, then evicted", NULL, NULL, "Evicted", 137, NULL, GOOD, "True",
		"Succeeded", 0},
	{"killed, to be started again", "Running", "OnFailure", NULL, 137, NULL, RUNNING,
		"Unknown", "Running", 4},
	{"a policy that is not told is Always", "Running", "", NULL, 137, NULL, RUNNING,
		"Unknown", "Running", 4},
	{"failed, to be started again in vain", "Running", "OnFailure", NULL, 1, NULL, BAD,
		"False", "Failed", 1},
	{"killed, and the kubelet has not counted it yet", "Running", NULL, NULL, 137, NULL,
		RUNNING, "False", "Interrupted", 4},
};

static struct str pod_of(struct arena *a, const struct end_case *e)
{
	struct buf message cleanup_buf = {0};
	struct json_writer w;

	buf_init(&message, MIB);
	json_writer_init(&w, &message, 0);
	json_putz(&w, e->message ? e->message : "");
	return arena_printf(a,
		"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"labels\":{"
		"\"tekton.dev/pipelineRun\":\"r\"}},\"spec\":{\"restartPolicy\":\"%s\"},"
		"\"status\":{\"phase\":\"%s\",\"reason\":\"%s\",\"containerStatuses\":[{"
		"\"name\":\"monopod\",\"state\":{\"terminated\":{\"exitCode\":%d,\"reason\":"
		"\"%s\",\"message\":" STR_FMT "}}}]}}",
		e->policy ? e->policy : "Never", e->phase ? e->phase : "Failed",
		e->pod_reason ? e->pod_reason : "", e->code, e->reason ? e->reason : "Error",
		STR_ARG(buf_str(&message)));
}

static void ends_are_decided(void **state)
{
	size_t n_bad = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct arena *a cleanup_arena = arena_new();
		struct collected c;
		struct str status, reason;
		const struct json *condition;

		judge(a, pod_of(a, &ends[i]), &c);
		condition =
			json_at(json_get(json_get(json_at(json_get(list_of(a, &c), "items"), 0),
						 "status"),
					"conditions"),
				0);
		status = json_str(json_get(condition, "status"));
		reason = json_str(json_get(condition, "reason"));
		if (str_eqz(status, ends[i].want_status) &&
			str_eqz(reason, ends[i].want_reason) &&
			(int)c.code == ends[i].want_code)
			continue;
		print_error("%s: got %s %s %d\n", ends[i].what, str_c(status), str_c(reason),
			(int)c.code);
		n_bad++;
	}
	assert_int_equal(n_bad, 0);
}

/* --- other pods -------------------------------------------------------------------------- */

#define META      "\"metadata\":{\"name\":\"p\",\"labels\":{\"tekton.dev/pipelineRun\":\"r\"}}"
#define POD(rest) "{\"kind\":\"Pod\"," META "," rest "}"
#define STATUS(s) "\"status\":{\"containerStatuses\":[{\"name\":\"monopod\"," s "}]}"
#define ENDED     "{\"terminated\":{\"exitCode\":137,\"reason\":\"Error\"}}"

struct pod_case {
	const char *pod;
	const char *want_reason; /* NULL: refused */
	const char *want;        /* part of the condition's message, or of the refusal */
	int want_code;
};

static const struct pod_case pods[] = {
	{POD("\"status\":{\"phase\":\"Pending\"}"), "Pending", "pending", 4},
	{POD("\"status\":{\"phase\":\"Failed\",\"reason\":\"OutOfcpu\",\"message\":\"no "
	     "room\"}"),
		"OutOfcpu", "ended before its container was started: OutOfcpu: no room", 3},
	{POD("\"status\":{\"phase\":\"Failed\"}"), "NotStarted", "before its container", 3},
	/* its containers have run: nothing promises that no step did */
	{POD("\"status\":{\"phase\":\"Succeeded\"}"), "NoTerminationMessage",
		"does not tell how the run did", 4},
	{POD(STATUS("\"restartCount\":3,\"lastState\":" ENDED
		    ",\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}")),
		"Running", "is to be started again", 4},
	{POD(STATUS("\"restartCount\":3,\"lastState\":" ENDED ",\"state\":{\"running\":{}}")),
		"Running", "started again 3 times", 4},
	{POD(STATUS("\"state\":{\"waiting\":{\"reason\":\"CreateContainerConfigError\","
		    "\"message\":\"secret \\\"x\\\" not found\"}}")),
		"CreateContainerConfigError", "secret \"x\" not found", 3},
	{POD(STATUS("\"state\":{\"waiting\":{\"reason\":\"PodInitializing\"}}")), "Pending",
		"the container is waiting: PodInitializing", 4},
	{POD("\"status\":{\"containerStatuses\":7,\"phase\":{}}"), "Pending", "pending", 4},
	{POD(STATUS("\"state\":{\"terminated\":null,\"running\":null}")), "Pending", "", 4},
	{POD("\"spec\":{\"containers\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"), NULL,
		"pod 'p' has 2 containers, and none is called 'monopod'", 0},
	{POD("\"status\":{\"containerStatuses\":[{\"name\":\"a\"},{\"name\":\"b\"}]}"), NULL,
		"pod 'p' has 2 containers, and none is called 'monopod'", 0},
	{POD("\"spec\":{\"containers\":[{\"name\":\"a\"},{\"name\":\"monopod\"}]}"), "Pending",
		"", 4},
	{POD("\"spec\":{\"containers\":[{\"name\":\"a\"}]}"), "Pending", "", 4},
	{"", NULL, "there is nothing to read", 0},
	{"[]", NULL, "expected a Pod, or a List of pods", 0},
	{"{\"kind\":\"Job\",\"metadata\":{\"name\":\"x\"}}", NULL, "expected a Pod", 0},
	{"{\"kind\":\"Pod\"}", NULL, "a Pod without a name", 0},
	{"{\"kind\":\"List\",\"items\":[]}", NULL, "there is no Pod in the List", 0},
	{"{\"kind\":\"List\",\"items\":[{\"kind\":\"Job\"}]}", NULL,
		"expected pods in the List, not a 'Job'", 0},
	{"{\"kind\":\"PodList\",\"items\":[{\"metadata\":{\"name\":\"a\"}},{\"metadata\":{"
	 "\"name\":\"b\"}}]}",
		NULL, "pods of several runs ('a' and 'b')", 0},
};

static void pods_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pods); i++) {
		struct arena *a cleanup_arena = arena_new();
		struct kube_pod p;
		struct collected c;
		struct err err = {0};

		if (kube_pod_read(a, str_z(pods[i].pod), &p, &err)) {
			if (pods[i].want_reason ||
				!str_has(str_z(err.msg), str_z(pods[i].want)))
				fail_msg("%s: %s", pods[i].pod, err.msg);
			continue;
		}
		if (!pods[i].want_reason)
			fail_msg("%s: was taken", pods[i].pod);
		collect_judge(a, &p, &c);
		if (!str_eqz(c.condition.reason, pods[i].want_reason) ||
			!str_has(c.condition.message, str_z(pods[i].want)) ||
			(int)c.code != pods[i].want_code)
			fail_msg("%s: %.*s: %.*s (%d)", pods[i].pod,
				STR_ARG(c.condition.reason), STR_ARG(c.condition.message),
				(int)c.code);
	}
}

/* Of the pods of a Job the newest counts, in whatever order they are listed. */
static void newest_counts(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	const char *orders[] = {"%1$s,%2$s", "%2$s,%1$s"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct str old =
			STR("{\"kind\":\"Pod\",\"metadata\":{\"name\":\"z\","
			    "\"creationTimestamp\":\"2026-11-22T12:00:00Z\",\"labels\":{"
			    "\"batch.kubernetes.io/job-name\":\"j\"}}}");
		struct str new =
			STR("{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\","
			    "\"creationTimestamp\":\"2026-11-22T12:00:01Z\",\"labels\":{"
			    "\"batch.kubernetes.io/job-name\":\"j\"}}}");
		bool is_turned = str_starts(str_z(orders[i]), STR("%2"));
		struct kube_pod p;
		struct err err = {0};
		struct str text = arena_printf(a, "{\"kind\":\"List\",\"items\":[%s,%s]}",
			str_c(is_turned ? new : old), str_c(is_turned ? old : new));

		assert_int_equal(kube_pod_read(a, text, &p, &err), 0);
		assert_string_equal(str_c(p.name), "a");
		assert_string_equal(str_c(p.run_name), "j");
	}
}

/* A TaskRun has its results with their type, and is itself the only TaskRun. */
static void task_run_is_one_object(void **state)
{
	struct arena *a cleanup_arena = arena_new();
	struct collected c;
	const struct json *items;

	(void)state;
	judge(a,
		STR("{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"labels\":{\"tekton.dev/"
		    "taskRun\":\"t\"}},\"status\":{\"phase\":\"Succeeded\","
		    "\"containerStatuses\":"
		    "[{\"name\":\"monopod\",\"state\":{\"terminated\":{\"exitCode\":0,"
		    "\"message\":"
		    "\"[{\\\"key\\\":\\\"monopod/verdict\\\",\\\"value\\\":\\\"True "
		    "Succeeded\\\","
		    "\\\"type\\\":3},{\\\"key\\\":\\\"r\\\",\\\"value\\\":\\\"v\\\","
		    "\\\"type\\\":1"
		    "},{\\\"key\\\":\\\"monopod/task/t\\\",\\\"value\\\":\\\"True "
		    "Succeeded\\\","
		    "\\\"type\\\":3}]\"}}}]}}"),
		&c);
	items = json_get(list_of(a, &c), "items");
	assert_int_equal(items->n_children, 1);
	assert_string_equal(str_c(compact(a, json_at(items, 0))),
		"{\"apiVersion\":\"tekton.dev/v1\",\"kind\":\"TaskRun\",\"metadata\":{\"name\":"
		"\"t\",\"labels\":{\"tekton.dev/taskRun\":\"t\"}},\"spec\":{},\"status\":{"
		"\"conditions\":[{\"type\":\"Succeeded\",\"status\":\"True\",\"reason\":"
		"\"Succeeded\"}],\"podName\":\"p\",\"results\":[{\"name\":\"r\",\"type\":"
		"\"string\",\"value\":\"v\"}]}}");
}

struct object_case {
	const char *object; /* the annotation monopod/object */
	const char *want;   /* in the printed run */
};

#define OBJECT(kind, name, spec)                                                               \
	"{\"kind\":\"" kind "\",\"metadata\":{\"name\":\"" name                                \
	"\",\"annotations\":{\"a/b\":\"c\",\"monopod/omitted\":\"not mine\"}},\"spec\":" spec  \
	"}"
#define TYPED                                                                                  \
	"{\"pipelineSpec\":{\"results\":[{\"name\":\"list\",\"type\":\"array\"},{\"name\":"    \
	"\"text\"},{\"name\":\"bad\",\"type\":\"object\"}]}}"

static const struct object_case objects[] = {
	{OBJECT("PipelineRun", "r", TYPED), "\"results\":[{\"name\":\"list\",\"value\":[\"x\"]}"
					    ",{\"name\":\"text\",\"value\":"
					    "\"[1]\"},{\"name\":\"bad\",\"value\":\"[]\"}]"},
	{OBJECT("PipelineRun", "r", TYPED), "\"spec\":" TYPED},
	{OBJECT("PipelineRun", "r", TYPED), "\"annotations\":{\"a/b\":\"c\"}"},
	{OBJECT("PipelineRun", "q", TYPED), "\"spec\":{\"pipelineRef\":{\"name\":\"pl\"}}"},
	{OBJECT("TaskRun", "r", TYPED), "\"spec\":{\"pipelineRef\":{\"name\":\"pl\"}}"},
	{OBJECT("PipelineRun", "r", "7"), "\"spec\":{\"pipelineRef\":{\"name\":\"pl\"}}"},
	{"{", "\"spec\":{\"pipelineRef\":{\"name\":\"pl\"}}"},
	{"", "{\"name\":\"list\",\"value\":\"[\\\"x\\\"]\"}"},
};

static struct str quoted(struct arena *a, struct str text)
{
	struct buf b cleanup_buf;
	struct json_writer w;

	buf_init(&b, MIB);
	json_writer_init(&w, &b, 0);
	json_put_str(&w, text);
	return arena_str(a, buf_str(&b));
}

/* What `monopod pod` wrote beside the pod gives the spec, and the types of results. */
static void objects_are_used(void **state)
{
	static const char message[] =
		"[{\"key\":\"monopod/verdict\",\"value\":\"True Succeeded\",\"type\":3},{"
		"\"key\":\"list\",\"value\":\"[\\\"x\\\"]\",\"type\":1},{\"key\":\"text\","
		"\"value\":\"[1]\",\"type\":1},{\"key\":\"bad\",\"value\":\"[]\",\"type\":1}]";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		struct arena *a cleanup_arena = arena_new();
		struct collected c;
		struct str got;

		judge(a,
			arena_printf(a,
				"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\",\"labels\":{"
				"\"tekton.dev/pipelineRun\":\"r\",\"tekton.dev/"
				"pipeline\":\"pl\"},"
				"\"annotations\":{\"monopod/"
				"object\":%s}},\"status\":{\"phase\":"
				"\"Succeeded\",\"containerStatuses\":[{\"name\":\"monopod\","
				"\"state\":"
				"{\"terminated\":{\"exitCode\":0,\"message\":%s}}}]}}",
				str_c(quoted(a, str_z(objects[i].object))),
				str_c(quoted(a, str_z(message)))),
			&c);
		got = compact(a, list_of(a, &c));
		if (!str_has(got, str_z(objects[i].want)))
			fail_msg("%s: %s", objects[i].object, str_c(got));
	}
}

/* --- run.json ---------------------------------------------------------------------------- */

#define RUN_JSON(run, task)                                                                    \
	"{\"kind\":\"List\",\"items\":[{\"kind\":\"PipelineRun\",\"metadata\":{\"name\":"      \
	"\"r\"},"                                                                              \
	"\"spec\":{\"x\":1},\"status\":{\"conditions\":[{\"type\":\"Succeeded\",\"status\":"   \
	"\"" run "\",\"reason\":\"R\"}],\"startTime\":\"2026-11-22T12:00:00Z\"}},{\"kind\":"   \
	"\"TaskRun\","                                                                         \
	"\"metadata\":{\"name\":\"r-t\",\"ownerReferences\":[{}]},\"status\":{\"conditions\":" \
	"[{"                                                                                   \
	"\"type\":\"Succeeded\",\"status\":\"" task "\",\"reason\":\"T\"}]}}]}"

struct json_case {
	const char *text;
	const char *message; /* of a container that was killed */
	bool is_proven;
	const char *want; /* status and reason of both, and the code; NULL: refused */
	int code;         /* of the container; 0: 0, and without a last word 137 */
};

static const struct json_case jsons[] = {
	/* what it says of its end counts, proven or not */
	{RUN_JSON("True", "True"), GOOD, true, "True R True T 0", 0},
	{RUN_JSON("True", "True"), RUNNING, false, "True R True T 0", 0},
	{RUN_JSON("False", "False"), RUNNING, false, "False R False T 1", 0},
	{RUN_JSON("True", "True"), RUNNING, false, "True R True T 4", 4},
	{RUN_JSON("True", "True"), RUNNING, false, "True R True T 143", 143},
	{RUN_JSON("True", "True"), GOOD, true, "True R True T 143", 143},
	/* but for a success that the container's end denies */
	{RUN_JSON("True", "True"), RUNNING, false, "False Interrupted True T 4", 2},
	{RUN_JSON("True", "True"), GOOD, true, "Unknown ContradictoryEnd True T 4", 1},
	{RUN_JSON("False", "False"), RUNNING, false, "False R False T 143", 143},
	/* it had none: what is concluded is filled in, what had ended stays */
	{RUN_JSON("Unknown", "Unknown"), RUNNING, false,
		"False Interrupted False Interrupted 4", 0},
	{RUN_JSON("Unknown", "True"), RUNNING, false, "False Interrupted True T 4", 0},
	/* not known stays not known */
	{RUN_JSON("Unknown", "Unknown"), "x", false,
		"Unknown InvalidTerminationMessage Unknown T 4", 0},
	{"{\"kind\":\"List\",\"items\":[{\"kind\":\"PipelineRun\",\"metadata\":{\"name\":\"q\"}"
	 "}]"
	 "}",
		RUNNING, false, NULL, 0},
	{"{\"kind\":\"List\",\"items\":[{\"kind\":\"Pod\"}]}", GOOD, true, NULL, 0},
	{"[]", GOOD, true, NULL, 0},
	{"{", GOOD, true, NULL, 0},
};

static struct str conditions_text(struct arena *a, const struct json *list)
{
	struct buf out cleanup_buf;

	buf_init(&out, 64 * KIB);
	json_foreach (it, json_get(list, "items")) {
		const struct json *c =
			json_at(json_get(json_get(it, "status"), "conditions"), 0);

		buf_addf(&out, STR_FMT " " STR_FMT " ",
			STR_ARG(json_str(json_get(c, "status"))),
			STR_ARG(json_str(json_get(c, "reason"))));
	}
	return arena_str(a, buf_str(&out));
}

static void run_json_is_used(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(jsons); i++) {
		struct arena *a cleanup_arena = arena_new();
		const struct json_case *j = &jsons[i];
		const bool is_good = str_eqz(str_z(j->message), GOOD);
		struct end_case e = {
			.code = j->code || is_good ? j->code : 137, .message = j->message};
		struct collected c;
		struct err err = {0};
		struct str got;
		int rc;

		judge(a, pod_of(a, &e), &c);
		rc = collect_add_run_json(a, &c, str_z(j->text), j->is_proven, &err);
		assert_int_equal(rc, j->want ? 0 : -1);
		if (rc)
			continue;
		got = arena_printf(
			a, "%s%d", str_c(conditions_text(a, list_of(a, &c))), (int)c.code);
		assert_string_equal(str_c(got), j->want);
		assert_true(str_has(compact(a, list_of(a, &c)), STR("\"spec\":{\"x\":1}")));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_pods),
		cmocka_unit_test(ends_are_decided),
		cmocka_unit_test(pods_are_read),
		cmocka_unit_test(newest_counts),
		cmocka_unit_test(task_run_is_one_object),
		cmocka_unit_test(objects_are_used),
		cmocka_unit_test(run_json_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
