/* SPDX-License-Identifier: Apache-2.0 */
/* What ends a run before anything starts: reasons and messages of section 27.2. */
#include "agent_rig.h"

#define STEP "steps: [{name: s, image: x, script: 'true'}]"
#define PR   "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: 'n'}\nspec:\n"
#define TASK(name, spec)                                                                       \
	"---\napiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: " name "}\nspec: {" spec \
	"}\n"

struct refusal {
	const char *name, *yaml, *reason, *message;
};

static const struct refusal refusals[] = {
	{"unknown pipeline", PR "  pipelineRef: {name: p}\n", "CouldntGetPipeline",
		"Error retrieving pipeline for pipelinerun default/n: error when getting "
		"Pipeline for "
		"PipelineRun n: tekton client cannot get pipeline p from local cluster: "
		"pipelines.tekton.dev \"p\" not found"},
	{"unknown task", PR "  pipelineSpec: {tasks: [{name: a, taskRef: {name: ghost}}]}\n",
		"CouldntGetTask",
		"Pipeline default/n can't be Run; it contains Tasks that don't exist: Couldn't "
		"retrieve Task \"ghost\": tasks.tekton.dev \"ghost\" not found"},
	{"missing params",
		PR "  pipelineSpec: {params: [{name: q}, {name: d, default: x}, {name: r}], "
		   "tasks: "
		   "[{name: a, taskSpec: {" STEP "}}]}\n",
		"ParameterMissing",
		"[User error] PipelineRun default/n is missing some parameters required by "
		"Pipeline "
		"default/n: pipelineRun missing parameters: [q r]"},
	{"type",
		PR
		"  params: [{name: need, value: text}]\n  pipelineSpec: {params: [{name: need, "
		"type: array}], tasks: [{name: a, taskSpec: {" STEP "}}]}\n",
		"ParameterTypeMismatch",
		"[User error] PipelineRun default/n parameters have mismatching types with "
		"Pipeline "
		"default/n's parameters: parameters have inconsistent types : [need]"},
	{"enum",
		PR "  params: [{name: v, value: c}]\n  pipelineSpec: {params: [{name: v, enum: "
		   "[a, "
		   "b]}], tasks: [{name: a, taskSpec: {" STEP "}}]}\n",
		"InvalidParamValue",
		"[User error] PipelineRun default/n parameters have invalid value: param `v` "
		"value: "
		"c is not in the enum list"},
	{"object keys",
		PR "  params: [{name: o, value: {a: '1'}}]\n  pipelineSpec: {params: [{name: "
		   "o, type: "
		   "object, properties: {a: {}, b: {}}}], tasks: [{name: a, taskSpec: {" STEP
		   "}}]}\n",
		"ObjectParameterMissKeys",
		"[User error] PipelineRun default/n parameters is missing object keys required "
		"by "
		"Pipeline default/n's parameters: pipelineRun missing object keys for "
		"parameters: "
		"map[o:[b]]"},
	{"array index",
		PR "  params: [{name: l, value: [a, b]}]\n  pipelineSpec: {params: [{name: l, "
		   "type: "
		   "array}], tasks: [{name: a, params: [{name: p, value: '$(params.l[3])'}], "
		   "taskSpec: {params: [{name: p}], " STEP "}}]}\n",
		"ParamArrayIndexingInvalid",
		"[User error] PipelineRun default/n failed validation: failed to validate "
		"Pipeline "
		"default/n's parameter which has an invalid index while referring to an array: "
		"non-existent param references:[$(params.l[3])]"},
	{"default in a circle",
		PR "  pipelineSpec: {params: [{name: a, default: '$(params.b)'}, {name: b, "
		   "default: "
		   "'$(params.a)'}], tasks: [{name: a, taskSpec: {" STEP "}}]}\n",
		"PipelineValidationFailed", NULL},
	{"workspace",
		PR
		"  pipelineSpec: {workspaces: [{name: w}], tasks: [{name: a, taskSpec: {" STEP
		"}}]}\n",
		"InvalidWorkspaceBindings",
		"[User error] PipelineRun default/n doesn't bind Pipeline default/n's "
		"Workspaces "
		"correctly: pipeline requires workspace with name \"w\" be provided by "
		"pipelinerun"},
	{"taskRunSpecs",
		PR "  taskRunSpecs: [{pipelineTaskName: ghost, serviceAccountName: x}]\n  "
		   "pipelineSpec: {tasks: [{name: a, taskSpec: {" STEP "}}]}\n",
		"InvalidTaskRunSpecs",
		"[User error] PipelineRun default/n doesn't define taskRunSpecs correctly: "
		"pipelineRun's taskrunSpecs defined wrong taskName: \"ghost\", does not exist "
		"in "
		"Pipeline"},
	{"param of a task",
		PR "  pipelineSpec: {tasks: [{name: a, taskRef: {name: t}}]}\n" TASK(
			"t", "params: [{name: p}], " STEP),
		"PipelineValidationFailed",
		"[User error] Validation failed for pipelinerun n with error invalid input "
		"params for "
		"task t: missing values for these params which have no default values: [p]"},
	{"type of a task's param",
		PR "  pipelineSpec: {tasks: [{name: a, taskRef: {name: t}, params: [{name: p, "
		   "value: "
		   "x}]}]}\n" TASK("t", "params: [{name: p, type: array}], " STEP),
		"PipelineValidationFailed",
		"[User error] Validation failed for pipelinerun n with error invalid input "
		"params for "
		"task t: param types don't match the user-specified type: [p]"},
	{"enum without a subset",
		PR "  params: [{name: p, value: a}]\n  pipelineSpec: {params: [{name: p, enum: "
		   "[a, "
		   "z]}], tasks: [{name: a, taskRef: {name: t}, params: [{name: q, value: "
		   "'$(params.p)'}]}]}\n" TASK("t", "params: [{name: q, enum: [a, b]}], " STEP),
		"PipelineValidationFailed",
		"[User error] Validation failed for pipelinerun with error pipeline param "
		"\"p\" enum: "
		"[a z] is not a subset of the referenced in \"t\" task param enum: [a b]"},
	{"undeclared result",
		PR
		"  pipelineSpec: {tasks: [{name: a, taskRef: {name: t}}, {name: b, params: "
		"[{name: "
		"p, value: '$(tasks.a.results.nope)'}], taskSpec: {params: [{name: p}], " STEP
		"}}]}\n" TASK("t", STEP),
		"InvalidTaskResultReference",
		"[User error] invalid result reference in pipeline task \"b\": \"nope\" is not "
		"a "
		"named result returned by pipeline task \"a\""},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *c = &refusals[i];
		struct rig *r = rig_run(c->yaml, NULL, 0);

		if (!str_eqz(r->view->condition.reason, c->reason))
			print_error("case '%s'\n", c->name);
		assert_condition(r->view->condition, CONDITION_FALSE, c->reason);
		if (c->message)
			assert_str(r->view->condition.message, c->message);
		assert_true(r->finished && r->view->is_done);
		assert_int_equal(r->view->n_task_runs, 0);
		assert_int_equal(rig_count(r, ACTION_START_TASK), 0);
		/* the same problem, with a place in the input */
		assert_true(diags_has_errors(&r->diags, DIAG_RUN));
		assert_int_equal(r->diags.n, 1);
		assert_true(r->diags.items[0].pos.line > 0);
		rig_free(r);
	}
}

/* Section 27.1: a TaskRun object fails in its own words. */
#define TR "apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: 'n'}\nspec:\n"

static const struct refusal task_runs[] = {
	{"unknown task", TR "  taskRef: {name: ghost}\n", "TaskRunResolutionFailed",
		"error when listing tasks for taskRun n: tasks.tekton.dev \"ghost\" not found"},
	{"missing param", TR "  taskRef: {name: t}\n" TASK("t", "params: [{name: a}], " STEP),
		"TaskRunValidationFailed",
		"[User error] invalid input params for task t: missing values for these params "
		"which "
		"have no default values: [a]"},
	{"missing keys",
		TR
		"  params: [{name: o, value: {a: x}}]\n  taskSpec: {params: [{name: o, type: "
		"object, properties: {a: {}, k: {}}}], " STEP "}\n",
		"TaskRunValidationFailed",
		"[User error] invalid input params for task n: missing keys for these params "
		"which are "
		"required in ParamSpec's properties map[o:[k]]"},
	{"enum",
		TR "  params: [{name: v, value: c}]\n  taskSpec: {params: [{name: v, enum: "
		   "[a]}], " STEP "}\n",
		"InvalidParamValue", "[User error] param `v` value: c is not in the enum list"},
	{"index",
		TR "  params: [{name: l, value: [a]}]\n  taskSpec: {params: [{name: l, type: "
		   "array}], "
		   "steps: [{image: x, script: 'echo $(params.l[1])'}]}\n",
		"TaskRunValidationFailed",
		"[User error] non-existent param references:[$(params.l[1])]"},
	{"workspace", TR "  taskSpec: {workspaces: [{name: w}], " STEP "}\n",
		"TaskRunValidationFailed",
		"[User error] declared workspace \"w\" is required but has not been bound"},
	{"extra binding",
		TR "  workspaces: [{name: x, emptyDir: {}}]\n  taskRef: {name: t}\n" TASK(
			"t", STEP),
		"TaskRunValidationFailed",
		"[User error] workspace binding \"x\" does not match any declared workspace"},
	{"missing ConfigMap",
		TR "  workspaces: [{name: w, configMap: {name: x}}]\n  taskSpec: {workspaces: "
		   "[{name: w}], " STEP "}\n",
		"CreateContainerConfigError",
		"the step \"s\" in TaskRun \"n\" failed to start. The pod errored with the "
		"message: "
		"\"configmap \"x\" not found.\""},
};

static void test_task_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(task_runs); i++) {
		const struct refusal *c = &task_runs[i];
		struct rig *r = rig_run(c->yaml, NULL, 0);

		if (!str_eqz(r->view->condition.reason, c->reason))
			print_error("case '%s'\n", c->name);
		assert_condition(r->view->condition, CONDITION_FALSE, c->reason);
		assert_str(r->view->condition.message, c->message);
		assert_true(r->finished);
		assert_int_equal(rig_count(r, ACTION_START_TASK), 0);
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_task_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
