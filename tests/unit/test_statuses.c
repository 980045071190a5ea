/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every row of tekton-semantics 27.1 and 27.2 that can happen here, word by word, each produced
 * by an agent that is fed the events of it. At the end: the rows that cannot happen, and why.
 */
#include "agent_rig.h"

#define SEC(s) ((int64_t)(s)*NS_PER_S)

/* --- YAML of one line each, so that a row shows what matters */

#define HEAD(kind)     "apiVersion: tekton.dev/v1\nkind: " kind "\nmetadata: {name: "
#define PR(more, spec) HEAD("PipelineRun") "p}\nspec: {" more "pipelineSpec: {" spec "}}\n"
#define TR(more, spec) HEAD("TaskRun") "t}\nspec: {" more "taskSpec: {" spec "}}\n"
#define STEP           "steps: [{name: s, image: x, script: 'true'}]"
#define TWO_STEPS      "steps: [{name: s, image: x, timeout: 2s, script: 'true'}, {image: x}]"
#define T(name, more)  "{name: " name more ", taskSpec: {results: [{name: r}], " STEP "}}"
#define USE(name, ref)                                                                         \
	"{name: " name ", params: [{name: v, value: '" ref "'}], taskSpec: {params: [{name: "  \
	"v}], " STEP "}}"
#define FALSE_WHEN ", when: [{input: a, operator: in, values: [b]}]"
#define TASK_T     "---\n" HEAD("Task") "tt}\nspec: {params: [{name: v}], " STEP "}\n"

static const struct fate fates[] = {
	{"p-bad", -1, -1, STEP_END_EXITED, 1, 0, {"r", "left"}, false},
	{"p-slow", -1, -1, STEP_END_EXITED, 0, 0, {0}, true},
	{"p-again", 0, -1, STEP_END_EXITED, 3, 0, {0}, false},
	{"p-again", 1, -1, STEP_END_EXITED, 0, 0, {0}, true},
	{"p-list", -1, -1, STEP_END_EXITED, 0, 0, {"l", "[\"x\"]"}, false},
};
static const struct fate bad_fate[] = {{"t", -1, 0, STEP_END_EXITED, 7, 0, {0}, false}};
static const struct fate killed_fate[] = {{"t", -1, 0, STEP_END_SIGNALED, 0, 9, {0}, false}};
static const struct fate oom_fate[] = {{"t", -1, 0, STEP_END_OOM, 0, 9, {0}, false}};
static const struct fate hang_fate[] = {{"t", -1, -1, STEP_END_EXITED, 0, 0, {0}, true}};
static const struct fate typed_fate[] = {{"t", -1, -1, STEP_END_EXITED, 0, 0,
	{"a", "no list", "b", "[1]", "o", "{\"k\":\"1\"}"}, false}};
static const struct fate huge_fate[] = {
	{"t", -1, -1, STEP_END_EXITED, 0, 0, {"r", "!" RESULT_TOO_LARGE}, false}};
static const struct fate odd_fate[] = {
	{"t", -1, -1, STEP_END_EXITED, 0, 0, {"r", "!is a FIFO"}, false}};

#define FATES(f) .fates = (f), .n_fates = ARRAY_SIZE(f)

/* --- what happens after the start */

static void cancel(struct rig *r, enum cancel_mode mode, const char *why)
{
	rig_feed(
		r, (struct event){.kind = EVENT_CANCEL, .cancel = mode, .message = str_z(why)});
}

/* The running step of a task run obeys its signal. */
static void dies(struct rig *r, const char *name)
{
	const struct task_run_view *t = rig_task(r, name);
	size_t step = 0;

	while (t->attempts[t->n_attempts - 1].steps[step].state == STEP_ENDED)
		step++;
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED,
			    .task = t->index,
			    .attempt = t->n_attempts - 1,
			    .step = step,
			    .end = STEP_END_SIGNALED,
			    .signal = SIGTERM});
}

static void now_cancelled(struct rig *r)
{
	cancel(r, CANCEL_NOW, "");
	dies(r, "p-slow");
}
static void gracefully(struct rig *r)
{
	cancel(r, CANCEL_GRACEFUL, "");
}
static void gracefully_cancelled(struct rig *r)
{
	gracefully(r);
	dies(r, "p-slow");
}
static void stopped(struct rig *r)
{
	cancel(r, CANCEL_STOP, "");
}
static void stopped_and_ended(struct rig *r)
{
	stopped(r);
	rig_feed(r, (struct event){.kind = EVENT_STEP_ENDED, .task = 0});
}
static void task_cancelled(struct rig *r)
{
	cancel(r, CANCEL_NOW, "Asked for by me.");
	dies(r, "t");
}
static void after_2s(struct rig *r)
{
	rig_until(r, SEC(3));
}
static void task_dies_after_2s(struct rig *r)
{
	after_2s(r);
	dies(r, "t");
}
static void slow_dies_after_2s(struct rig *r)
{
	after_2s(r);
	dies(r, "p-slow");
}
static void slow_dies_after_an_hour(struct rig *r)
{
	rig_until(r, SEC(3601));
	dies(r, "p-slow");
}
static void holds_tasks(struct rig *r)
{
	r->holds_tasks = true;
}
static void one_at_once(struct rig *r)
{
	r->opts.max_parallel = 1;
}

/* --- the rows */

struct row {
	const char *yaml;
	const char *of; /* a task run; NULL: the run object */
	const char *status, *reason, *message;
	const struct fate *fates; /* NULL: those of pipelines above */
	size_t n_fates;
	void (*before)(struct rig *r);
	void (*then)(struct rig *r);
};

#define ROW(y, o, s, r, m, ...)                                                                \
	{                                                                                      \
		.yaml = (y), .of = (o), .status = (s), .reason = (r), .message = (m),          \
		__VA_ARGS__                                                                    \
	}
#define NOT_DONE "Not all Steps in the Task have finished executing"
#define INVALID  "[User error] invalid input params for task t: "

static const struct row task_rows[] = {
	/* 27.1 */
	ROW(PR("", "tasks: [" T("slow", "") ", " T("held", "") "]"), "p-held", "Unknown",
		"Started", "", .before = one_at_once),
	ROW(TR("", STEP), "t", "Unknown", "Pending", "pending", .before = holds_tasks),
	ROW(TR("", STEP), NULL, "Unknown", "Running", NOT_DONE, FATES(hang_fate)),
	ROW(PR("", "tasks: [" T("again", ", retries: 1") "]"), "p-again", "Unknown", "Running",
		NOT_DONE),
	ROW(TR("status: TaskRunPending, ", STEP), NULL, "Unknown", "TaskRunPending",
		"TaskRun \"t\" is pending"),
	ROW(TR("", STEP), NULL, "True", "Succeeded", "All Steps have completed executing"),
	ROW(TR("", STEP), NULL, "False", "StepFailed", "\"step-s\" exited with code 7: Error",
		FATES(bad_fate)),
	ROW(TR("", "steps: [{image: x}]"), NULL, "False", "StepFailed",
		"\"step-unnamed-0\" exited with code 255: Error", FATES(killed_fate)),
	ROW(TR("", TWO_STEPS), NULL, "False", "StepFailed",
		"\"step-s\" exited because the step exceeded the specified timeout limit",
		FATES(hang_fate), .then = task_dies_after_2s),
	ROW(TR("", STEP), NULL, "False", "StepOOM",
		"\"step-s\" exited with code 137: OOMKilled", FATES(oom_fate)),
	ROW(PR("", "tasks: [" T("bad", ", onError: continue") "]"), "p-bad", "False",
		"FailureIgnored", "\"step-s\" exited with code 1: Error"),
	ROW(TR("timeout: 2s, ", STEP), NULL, "False", "TaskRunTimeout",
		"TaskRun \"t\" failed to finish within \"2s\"", FATES(hang_fate),
		.then = task_dies_after_2s),
	ROW(PR("", "tasks: [" T("slow", ", timeout: 1500ms, onError: continue") "]"), "p-slow",
		"False", "TaskRunTimeout",
		"TaskRun \"p-slow\" failed to finish within \"1.5s\"",
		.then = slow_dies_after_2s),
	ROW(TR("", STEP), NULL, "False", "TaskRunCancelled",
		"TaskRun \"t\" was cancelled. Asked for by me.", FATES(hang_fate),
		.then = task_cancelled),
	ROW(TR("status: TaskRunCancelled, statusMessage: 'By hand.', ", STEP), NULL, "False",
		"TaskRunCancelled", "TaskRun \"t\" was cancelled. By hand."),
	ROW(PR("", "tasks: [" T("slow", "") "]"), "p-slow", "False", "TaskRunCancelled",
		"TaskRun \"p-slow\" was cancelled. TaskRun cancelled as the PipelineRun it "
		"belongs to has been cancelled.",
		.then = gracefully_cancelled),
	ROW(PR("timeouts: {pipeline: 2s}, ", "tasks: [" T("slow", "") "]"), "p-slow", "False",
		"TaskRunCancelled",
		"TaskRun \"p-slow\" was cancelled. TaskRun cancelled as the PipelineRun it "
		"belongs to has timed out.",
		.then = slow_dies_after_2s),
	ROW(TR("workspaces: [{name: w, configMap: {name: gone}}], ",
		    "workspaces: [{name: w}], " STEP),
		NULL, "False", "CreateContainerConfigError",
		"the step \"s\" in TaskRun \"t\" failed to start. The pod errored with the "
		"message: \"configmap \"gone\" not found.\""),
	ROW(TR("params: [{name: v, value: $(params.ghost)}], ",
		    "params: [{name: v}], steps: [{image: x, env: [{name: E, value: "
		    "$(params.v)}]}]"),
		NULL, "False", "PodCreationFailed",
		"failed to create task run pod \"t\": non-existent variable in "
		"\"$(params.ghost)\": steps[0].env[E]. Maybe invalid TaskSpec"),
	ROW(HEAD("TaskRun") "t}\nspec: {taskRef: {name: gone}}\n", NULL, "False",
		"TaskRunResolutionFailed",
		"error when listing tasks for taskRun t: tasks.tekton.dev \"gone\" not found"),
	ROW(TR("", "params: [{name: b}, {name: a}], " STEP), NULL, "False",
		"TaskRunValidationFailed",
		INVALID "missing values for these params which have no default values: [b a]"),
	ROW(TR("params: [{name: a, value: [x]}], ", "params: [{name: a}], " STEP), NULL,
		"False", "TaskRunValidationFailed",
		INVALID "param types don't match the user-specified type: [a]"),
	ROW(TR("params: [{name: o, value: {j: x}}], ",
		    "params: [{name: o, type: object, properties: {j: {}, k: {}}}], " STEP),
		NULL, "False", "TaskRunValidationFailed",
		INVALID "missing keys for these params which are required in ParamSpec's "
			"properties map[o:[k]]"),
	ROW(HEAD("TaskRun") "t}\nspec: {taskRef: {name: tt}}\n" TASK_T, NULL, "False",
		"TaskRunValidationFailed",
		"[User error] invalid input params for task tt: missing values for these "
		"params "
		"which have no default values: [v]"),
	ROW(TR("params: [{name: a, value: z}], ", "params: [{name: a, enum: [x, w]}], " STEP),
		NULL, "False", "InvalidParamValue",
		"[User error] param `a` value: z is not in the enum list"),
	ROW(TR("", "workspaces: [{name: w}], " STEP), NULL, "False", "TaskRunValidationFailed",
		"[User error] declared workspace \"w\" is required but has not been bound"),
	ROW(HEAD("TaskRun") "t}\nspec: {taskRef: {name: tt}, params: [{name: v, value: x}], "
			    "workspaces: [{name: w, emptyDir: {}}]}\n" TASK_T,
		NULL, "False", "TaskRunValidationFailed",
		"[User error] workspace binding \"w\" does not match any declared workspace"),
	ROW(TR("", "results: [{name: b, type: array}, {name: a, type: array}, {name: o, type: "
		   "object, properties: {k: {}}}], " STEP),
		NULL, "False", "TaskRunValidationFailed",
		"[User error] Provided results don't match declared results; may be invalid "
		"JSON "
		"or missing result declaration:  \"a\": task result is expected to be "
		"\"array\" "
		"type but was initialized to a different type \"string\", \"b\": task result "
		"is "
		"expected to be \"array\" type but was initialized to a different type "
		"\"string\"",
		FATES(typed_fate)),
	ROW(TR("", "results: [{name: o, type: object, properties: {k: {}, j: {}}}], " STEP),
		NULL, "False", "TaskRunValidationFailed",
		"[User error] missing keys for these results which are required in "
		"TaskResult's "
		"properties map[o:[j j]]",
		FATES(typed_fate)),
	ROW(TR("", "results: [{name: r}], " STEP), NULL, "False", "TaskRunValidationFailed",
		"[User error] task result \"r\" cannot be read: is a FIFO", FATES(odd_fate)),
	ROW(TR("", "results: [{name: r}], " STEP), NULL, "False",
		"TaskRunResultLargerThanAllowedLimit",
		"TaskRun \"t\" failed: results exceeded size limit 16777216 bytes",
		FATES(huge_fate)),
};

#define MISSING_R(consumer)                                                                    \
	"task \"none\" completed successfully but did not emit the result \"r\", which is "    \
	"referenced by task \"" consumer "\""
#define REFUSED "[User error] PipelineRun default/p "
#define CANNOT  "Pipeline default/p can't be Run; "

static const struct row run_rows[] = {
	/* 27.2 */
	ROW(PR("", "tasks: [" T("slow", "") ", " T("next", ", runAfter: [slow]") "]"), NULL,
		"Unknown", "Running",
		"Tasks Completed: 0 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 0"),
	/* an ignored failure is completed, and told as one only at the end */
	ROW(PR("", "tasks: [" T("bad", ", onError: continue") ", " T("slow", "") ", " T(
			   "no-1", FALSE_WHEN) "]"),
		NULL, "Unknown", "Running",
		"Tasks Completed: 1 (Failed: 0, Cancelled 0), Incomplete: 1, Skipped: 1"),
	ROW(PR("", "tasks: [" T("bad", "") ", " T("slow", "") ", " T(
			   "next", ", runAfter: [slow]") "]"),
		NULL, "Unknown", "PipelineRunStopping",
		"Tasks Completed: 1 (Failed: 1, Cancelled 0), Incomplete: 1, Skipped: 1"),
	/* with finally tasks to come it goes on "Running" */
	ROW(PR("", "tasks: [" T("bad", "") ", " T("slow", "") "], finally: [" T("f", "") "]"),
		NULL, "Unknown", "Running",
		"Tasks Completed: 1 (Failed: 1, Cancelled 0), Incomplete: 2, Skipped: 0"),
	ROW(PR("", "tasks: [" T("bad", "") "], finally: [" T("slow", "") "]"), NULL, "Unknown",
		"Running",
		"Tasks Completed: 1 (Failed: 1, Cancelled 0), Incomplete: 1, Skipped: 0"),
	ROW(PR("", "tasks: [" T("slow", "") ", " T(
			   "next", ", runAfter: [slow]") "], finally: [" T("f", "") "]"),
		NULL, "Unknown", "CancelledRunningFinally",
		"Tasks Completed: 0 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 1",
		.then = gracefully),
	ROW(PR("", "tasks: [" T("a", "") "], finally: [" T("slow", "") "]"), NULL, "Unknown",
		"CancelledRunningFinally",
		"Tasks Completed: 1 (Failed: 0, Cancelled 0), Incomplete: 1, Skipped: 0",
		.then = gracefully),
	ROW(PR("", "tasks: [" T("slow", "") ", " T("next", ", runAfter: [slow]") "]"), NULL,
		"Unknown", "StoppedRunningFinally",
		"Tasks Completed: 0 (Failed: 0, Cancelled 0), Incomplete: 1, Skipped: 1",
		.then = stopped),
	ROW(PR("timeouts: {pipeline: 1m, tasks: 2s}, ",
		    "tasks: [" T("slow", "") "], finally: [" T("f", "") "]"),
		NULL, "Unknown", "PipelineRunTimeoutRunningFinally",
		"Tasks Completed: 0 (Failed: 0, Cancelled 0), Incomplete: 2, Skipped: 0",
		.then = after_2s),
	ROW(PR("status: PipelineRunPending, ", "tasks: [" T("a", "") "]"), NULL, "Unknown",
		"PipelineRunPending", "PipelineRun \"p\" is pending"),

	ROW(PR("", "tasks: [" T("a", "") "], finally: [" T("b", "") "]"), NULL, "True",
		"Succeeded", "Tasks Completed: 2 (Failed: 0, Cancelled 0), Skipped: 0"),
	ROW(PR("", "tasks: [" T("a", FALSE_WHEN) "]"), NULL, "True", "Completed",
		"Tasks Completed: 0 (Failed: 0, Cancelled 0), Skipped: 1"),
	ROW(PR("", "tasks: [" T("bad", ", onError: continue") "]"), NULL, "True", "Succeeded",
		"Tasks Completed: 1 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 0"),
	ROW(PR("", "tasks: [" T("bad", ", onError: continue") ", " T("no-1", FALSE_WHEN) "]"),
		NULL, "True", "Completed",
		"Tasks Completed: 1 (Failed: 1 (Ignored: 1), Cancelled 0), Skipped: 1"),
	ROW(PR("", "tasks: [" T("bad", "") ", " T("next", ", runAfter: [bad]") "]"), NULL,
		"False", "Failed", "Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 1"),
	/* a fan-out is one task, however many of it fail */
	ROW(PR("", "tasks: [{name: fan, matrix: {params: [{name: m, value: [a, b, c]}]}, "
		   "taskSpec: "
		   "{params: [{name: m}], " STEP "}}]"),
		NULL, "True", "Succeeded",
		"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0"),
	ROW(PR("", "tasks: [" T("none", "") ", " USE("a", "$(tasks.none.results.r)") ", " USE(
			   "b", "$(tasks.none.results.r)") "]"),
		NULL, "False", "PipelineValidationFailed",
		"Tasks Completed: 1 (Failed: 0, Cancelled 0), Skipped: 0, Failed Validation: 2 "
		"(" MISSING_R("a") "; " MISSING_R("b") ")"),
	ROW(PR("", "tasks: [{name: list, taskSpec: {results: [{name: l, type: array}], " STEP
		   "}}, " USE("a", "$(tasks.list.results.l[5])") "], finally: [" T(
			   "f", "") "]"),
		NULL, "False", "PipelineValidationFailed",
		"PipelineRun default/p can't be Run; couldn't resolve all references: array "
		"Result Index 5 for Task list Result l is out of bound of size 1"),
	ROW(PR("", "tasks: [" T("none", "") "], results: [{name: y2, value: "
					    "$(tasks.none.results.r)}, {name: x1, value: "
					    "$(tasks.none.results.r)}]"),
		NULL, "False", "CouldntGetPipelineResult",
		"Failed to get PipelineResult from TaskRun Results for PipelineRun p: invalid "
		"pipelineresults [y2 x1], the referenced results don't exist"),
	ROW(PR("", "tasks: [" T("slow", "") "], finally: [" T("f", "") "]"), NULL, "False",
		"PipelineRunTimeout", "PipelineRun \"p\" failed to finish within \"1h0m0s\"",
		.then = slow_dies_after_an_hour),
	ROW(PR("timeouts: {pipeline: 1m, tasks: 2s}, ",
		    "tasks: [" T("slow", "") "], finally: [" T("f", "") "]"),
		NULL, "False", "PipelineRunTimeout",
		"PipelineRun \"p\" failed due to tasks failed to finish within \"2s\"",
		.then = slow_dies_after_2s),
	ROW(PR("timeouts: {pipeline: 1m, finally: 2s}, ",
		    "tasks: [" T("a", "") "], finally: [" T("slow", "") "]"),
		NULL, "False", "Failed",
		"Tasks Completed: 2 (Failed: 1, Cancelled 0), Skipped: 0",
		.then = slow_dies_after_2s),
	ROW(PR("", "tasks: [" T("slow", "") "], finally: [" T("f", "") "]"), NULL, "False",
		"Cancelled", "PipelineRun \"p\" was cancelled", .then = now_cancelled),
	ROW(PR("", "tasks: [" T("slow", "") "], finally: [" T("f", "") "]"), NULL, "False",
		"Cancelled", "PipelineRun \"p\" was cancelled", .then = gracefully_cancelled),
	ROW(PR("", "tasks: [" T("slow", "") ", " T("next", ", runAfter: [slow]") "]"), NULL,
		"False", "Cancelled", "PipelineRun \"p\" was cancelled",
		.then = stopped_and_ended),
	ROW(PR("", "tasks: [" T("slow", "") ", " T("bad", "") "]"), NULL, "False", "Failed",
		"Tasks Completed: 2 (Failed: 1, Cancelled 1), Skipped: 0",
		.then = gracefully_cancelled),
	ROW(PR("status: Cancelled, ", "tasks: [" T("a", "") "], finally: [" T("f", "") "]"),
		NULL, "False", "Cancelled", "PipelineRun \"p\" was cancelled"),
	ROW(PR("status: StoppedRunFinally, ",
		    "tasks: [" T("a", "") "], finally: [" T("bad", "") "]"),
		NULL, "False", "Failed",
		"Tasks Completed: 1 (Failed: 1, Cancelled 0), Skipped: 1"),

	ROW(HEAD("PipelineRun") "p}\nspec: {pipelineRef: {name: gone}}\n", NULL, "False",
		"CouldntGetPipeline",
		"Error retrieving pipeline for pipelinerun default/p: error when getting "
		"Pipeline for PipelineRun p: tekton client cannot get pipeline gone from local "
		"cluster: pipelines.tekton.dev \"gone\" not found"),
	ROW(PR("", "tasks: [{name: a, taskRef: {name: gone}}]"), NULL, "False",
		"CouldntGetTask",
		CANNOT "it contains Tasks that don't exist: Couldn't retrieve Task \"gone\": "
		       "tasks.tekton.dev \"gone\" not found"),
	ROW(PR("", "params: [{name: e, default: maybe}], tasks: [" T(
			   "a", ", onError: $(params.e)") "]"),
		NULL, "False", "PipelineValidationFailed",
		"[User error] " CANNOT "it has an invalid spec: PipelineTask a OnError must be "
		"either \"continue\" or \"stopAndFail\""),
	ROW(PR("", "tasks: [{name: a, taskRef: {name: tt}}]") TASK_T, NULL, "False",
		"PipelineValidationFailed",
		"[User error] Validation failed for pipelinerun p with error invalid input "
		"params for task tt: missing values for these params which have no default "
		"values: [v]"),
	ROW(PR("", "params: [{name: q}], tasks: [" T("a", "") "]"), NULL, "False",
		"ParameterMissing",
		REFUSED
		"is missing some parameters required by Pipeline default/p: pipelineRun "
		"missing parameters: [q]"),
	ROW(PR("params: [{name: q, value: [x]}], ",
		    "params: [{name: q}], tasks: [" T("a", "") "]"),
		NULL, "False", "ParameterTypeMismatch",
		REFUSED
		"parameters have mismatching types with Pipeline default/p's parameters: "
		"parameters have inconsistent types : [q]"),
	ROW(PR("params: [{name: q, value: c}], ",
		    "params: [{name: q, enum: [a, b]}], tasks: [" T("a", "") "]"),
		NULL, "False", "InvalidParamValue",
		REFUSED "parameters have invalid value: param `q` value: c is not in the enum "
			"list"),
	ROW(PR("params: [{name: o, value: {a: x}}], ",
		    "params: [{name: o, type: object, properties: {a: {}, b: {}}}], tasks: [" T(
			    "a", "") "]"),
		NULL, "False", "ObjectParameterMissKeys",
		REFUSED "parameters is missing object keys required by Pipeline default/p's "
			"parameters: pipelineRun missing object keys for parameters: "
			"map[o:[b]]"),
	ROW(PR("params: [{name: l, value: [x]}], ",
		    "params: [{name: l, type: array}], tasks: [" USE(
			    "a", "$(params.l[3])") "]"),
		NULL, "False", "ParamArrayIndexingInvalid",
		REFUSED "failed validation: failed to validate Pipeline default/p's parameter "
			"which has an invalid index while referring to an array: non-existent "
			"param references:[$(params.l[3])]"),
	ROW(PR("", "workspaces: [{name: w}], tasks: [" T("a", "") "]"), NULL, "False",
		"InvalidWorkspaceBindings",
		REFUSED "doesn't bind Pipeline default/p's Workspaces correctly: pipeline "
			"requires workspace with name \"w\" be provided by pipelinerun"),
	ROW(PR("taskRunSpecs: [{pipelineTaskName: b}], ", "tasks: [" T("a", "") "]"), NULL,
		"False", "InvalidTaskRunSpecs",
		REFUSED "doesn't define taskRunSpecs correctly: pipelineRun's taskrunSpecs "
			"defined wrong taskName: \"b\", does not exist in Pipeline"),
	ROW(PR("", "tasks: [" T("a", "") ", " USE("b", "$(tasks.a.results.zz)") "]"), NULL,
		"False", "InvalidTaskResultReference",
		"[User error] invalid result reference in pipeline task \"b\": \"zz\" is not a "
		"named result returned by pipeline task \"a\""),
	ROW(PR("", "tasks: [" T(
			   "a", "") "], results: [{name: x, value: $(tasks.a.results.zz)}]"),
		NULL, "False", "InvalidPipelineResultReference",
		"[User error] invalid pipeline result \"x\": \"zz\" is not a named result "
		"returned by pipeline task \"a\""),
	ROW(PR("", "tasks: [{name: a, matrix: {params: [{name: m, value: x}]}, taskSpec: "
		   "{params: "
		   "[{name: m}], " STEP "}}]"),
		NULL, "False", "InvalidMatrixParameterTypes",
		"[User error] Failed to validate matrix \"parameters of type array only are "
		"allowed, but param \\\"m\\\" has type \\\"string\\\" in pipelineTask "
		"\\\"a\\\"\" with error %!v(MISSING)"),
	ROW(PR("", "workspaces: [{name: w, optional: true}], tasks: [{name: a, workspaces: "
		   "[{name: "
		   "w}], taskSpec: {workspaces: [{name: w}], " STEP "}}]"),
		NULL, "False", "CreateRunFailed",
		"expected workspace \"w\" to be provided by pipelinerun for pipeline task "
		"\"a\""),
};

static const char *const status_words[] = {[CONDITION_UNKNOWN] = "Unknown",
	[CONDITION_TRUE] = "True",
	[CONDITION_FALSE] = "False"};

static void run_row(const struct row *row)
{
	struct rig *r = rig_new(row->yaml);
	const struct condition *c;

	if (row->before)
		row->before(r);
	if (row->fates)
		rig_start(r, row->fates, row->n_fates);
	else
		rig_start(r, fates, ARRAY_SIZE(fates));
	if (row->then)
		row->then(r);
	c = row->of ? &rig_task(r, row->of)->condition : &r->view->condition;
	if (!row->of && r->view->kind == OBJECT_TASK_RUN && r->view->n_task_runs)
		c = &r->view->task_runs[0]->condition;
	if (!str_eqz(c->reason, row->reason) || !str_eqz(c->message, row->message))
		print_error("row '%s': %s\n", row->reason, row->message);
	assert_string_equal(status_words[c->status], row->status);
	assert_str(c->reason, row->reason);
	assert_str(c->message, row->message);
	if (!row->of)
		assert_int_equal(r->finished, strcmp(row->status, "Unknown") != 0 ||
						      str_ends(c->reason, STR("RunPending")));
	rig_free(r);
}

static void test_task_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(task_rows); i++)
		run_row(&task_rows[i]);
}

static void test_pipeline_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(run_rows); i++)
		run_row(&run_rows[i]);
}

/* Both kinds are "Started" before anything of them is; a run only until its first round. */
static void test_started(void **state)
{
	struct rig *r = rig_new(PR("", "tasks: [" T("slow", "") "]"));

	(void)state;
	r->agent = agent_new(r->spec, &r->spec->runs[0], &r->opts, &r->diags);
	r->view = agent_view(r->agent);
	assert_condition(r->view->condition, CONDITION_UNKNOWN, "Started");
	assert_str(r->view->condition.message, "");
	rig_free(r);
}

/* ToBeRetried is not published: the next attempt begins at once. The journal has the failed
 * one. */
static void test_to_be_retried(void **state)
{
	struct rig *r = rig_run(
		PR("", "tasks: [" T("again", ", retries: 1") "]"), fates, ARRAY_SIZE(fates));
	const char *record;

	(void)state;
	record = strstr(r->records, "\"kind\":\"task-retry\"");
	assert_non_null(record);
	assert_non_null(strstr(record, "\"reason\":\"StepFailed\""));
	assert_non_null(
		strstr(record, "\"message\":\"\\\"step-s\\\" exited with code 3: Error\""));
	rig_free(r);
}

/* "texts joined by "; ", cut at 1024" */
static void test_long_validation(void **state)
{
	char yaml[8192];
	size_t n = (size_t)snprintf(yaml, sizeof(yaml),
		HEAD("PipelineRun") "p}\nspec:\n  pipelineSpec:\n    tasks:\n    - " T(
			"none", "") "\n");
	const char *open;
	struct rig *r;

	(void)state;
	for (int i = 0; i < 12; i++)
		n += (size_t)snprintf(yaml + n, sizeof(yaml) - n,
			"    - {name: c%d, params: [{name: v, value: "
			"$(tasks.none.results.r)}], "
			"taskSpec: {params: [{name: v}], " STEP "}}\n",
			i);
	r = rig_run(yaml, fates, ARRAY_SIZE(fates));
	open = str_c(arena_str(r->arena, r->view->condition.message));
	assert_non_null(strstr(open, ", Failed Validation: 12 (task \"none\""));
	open = strstr(open, "12 (") + 4;
	assert_int_equal(strlen(open), 1024 + 1);
	assert_int_equal(open[1024], ')');
	rig_free(r);
}

/* --- the order of checks at the start (27.2): every mistake at once, repaired from the front
 */

enum { N_PARTS = 12 };
static const struct {
	const char *reason; /* of the first mistake that is left */
	const char *text;   /* of its message */
	const char *bad, *good;
} parts[N_PARTS] = {
	{"PipelineRunPending", "is pending", "status: PipelineRunPending", "status: ''"},
	{"ParameterMissing", "[need]",
		", params: [{name: m, value: [x]}, {name: e, value: c}, "
		"{name: o, value: {}}, {name: l, value: [x]}]",
		", params: [{name: need, value: x}, {name: m, value: [x]}, {name: e, value: "
		"c}, "
		"{name: o, value: {}}, {name: l, value: [x]}]"},
	{"ParameterTypeMismatch", "[m]", "{name: m}", "{name: m, type: array}"},
	{"InvalidParamValue", "`e`", "{name: e, enum: [a]}", "{name: e}"},
	{"ObjectParameterMissKeys", "map[o:[k]]",
		"{name: o, type: object, properties: {k: {}}}",
		"{name: o, type: object, properties: {k: {}}, default: {k: v}}"},
	{"ParamArrayIndexingInvalid", "$(params.l[3])", "$(params.l[3])", "$(params.l[0])"},
	{"InvalidWorkspaceBindings", "\"w\"", "{name: w}", "{name: w, optional: true}"},
	{"InvalidTaskRunSpecs", "\"ghost\"", "ghost", "a"},
	{"PipelineValidationFailed", "param default", "$(params.nowhere)", "d"},
	{"PipelineValidationFailed", "OnError", "default: maybe", "default: continue"},
	{"CouldntGetTask", "\"gone\"", "gone", "tt"},
	{"PipelineValidationFailed", "for task tt", "[{name: other", "[{name: v"},
};

static void ordered_yaml(char *yaml, size_t max, size_t n_good)
{
	const char *p[N_PARTS];

	for (size_t i = 0; i < N_PARTS; i++)
		p[i] = i < n_good ? parts[i].good : parts[i].bad;
	assert_true(
		(size_t)snprintf(yaml, max,
			HEAD("PipelineRun") "p}\n"
					    "spec: {%s%s, taskRunSpecs: [{pipelineTaskName: "
					    "%s}], pipelineSpec: {params: [{name: need}, %s, "
					    "%s, %s, {name: l, type: array}, {name: d, "
					    "default: '%s'}, {name: err, %s}], workspaces: "
					    "[%s], tasks: [{name: a, onError: $(params.err), "
					    "params: %s, value: '%s'}], taskRef: {name: %s}}, "
					    "{name: b, taskSpec: {results: [{name: r}], " STEP
					    "}}, {name: c, params: [{name: v, value: "
					    "$(tasks.b.results.zz)}], taskSpec: {params: "
					    "[{name: v}], " STEP "}}]}}\n" TASK_T,
			p[0], p[1], p[7], p[2], p[3], p[4], p[8], p[9], p[6], p[11], p[5],
			p[10]) < max);
}

static void test_order_of_checks(void **state)
{
	char yaml[4096];

	(void)state;
	for (size_t k = 0; k <= N_PARTS; k++) {
		const char *reason =
			k < N_PARTS ? parts[k].reason : "InvalidTaskResultReference";
		const char *text = k < N_PARTS ? parts[k].text : "\"zz\"";
		struct rig *r;

		ordered_yaml(yaml, sizeof(yaml), k);
		r = rig_run(yaml, NULL, 0);
		assert_str(r->view->condition.reason, reason);
		if (!str_has(r->view->condition.message, str_z(text)))
			print_error(
				"%s\n", str_c(arena_str(r->arena, r->view->condition.message)));
		assert_true(str_has(r->view->condition.message, str_z(text)));
		assert_int_equal(r->view->n_task_runs, 0);
		rig_free(r);
	}
}

/* --- rows of section 27 that cannot happen here */

static const struct {
	const char *reason, *why;
} impossible[] = {
	{"SidecarFailed", "told of in test_sidecar.c"},
	{"SidecarOOM", "the same"},
	{"InitContainerFailed", "there is no init container: tasks are prepared"},
	{"InitContainerOOM", "the same"},
	{"PodEvicted", "there is no pod that could be evicted"},
	{"TaskValidationFailed", "tasks are validated when the input is read"},
	{"ResourceVerificationFailed", "trusted resources are not supported"},
	{"ExceededResourceQuota", "there is no quota"},
	{"TaskRunImagePullFailed", "told by the program: tests/integration/run_refuse.t"},
	{"ResolvingTaskRef", "definitions come from files: nothing is waited for"},
	{"ResolvingPipelineRef", "the same"},
	{"PipelineInvalidGraph", "graphs are validated when the input is read"},
	{"RequiredWorkspaceMarkedOptional", "Tekton itself ends such a run CreateRunFailed"},
	{"CELEvaluationFailed", "CEL is refused (not supported yet)"},
	{"CouldntCreateWorkspacePVC", "a claim is a directory, made when it is needed"},
	{"CouldntCancel", "there is no API server that could refuse"},
	{"CouldntTimeOut", "the same"},
};

/* Who makes one of them happen moves it to the rows above. */
static void test_impossible(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(impossible); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(task_rows); k++)
			assert_string_not_equal(task_rows[k].reason, impossible[i].reason);
		for (size_t k = 0; k < ARRAY_SIZE(run_rows); k++)
			assert_string_not_equal(run_rows[k].reason, impossible[i].reason);
		assert_true(strlen(impossible[i].why) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_task_runs),
		cmocka_unit_test(test_pipeline_runs),
		cmocka_unit_test(test_started),
		cmocka_unit_test(test_to_be_retried),
		cmocka_unit_test(test_long_validation),
		cmocka_unit_test(test_order_of_checks),
		cmocka_unit_test(test_impossible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
