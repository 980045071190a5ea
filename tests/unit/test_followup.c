/* SPDX-License-Identifier: Apache-2.0 */
/* Problems that follow from another one are not told beside it. */
#include "spec_text.h"

#define TASK "apiVersion: tekton.dev/v1\nkind: Task\nmetadata: {name: t}\n"

static void test_refused_fields(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"params without a reference",
			TASK "spec: {steps: [{image: a, params: [{name: p, value: v}]}]}\n",
			"4:43 error excluded-field spec.steps[0].params: params cannot be used "
			"without Ref: spec.steps[0].params\n"},
		{"a StepAction",
			"apiVersion: tekton.dev/v1beta1\nkind: StepAction\nmetadata: {name: "
			"a}\n"
			"spec:\n  image: a\n  script: echo $(params.p) $(params.q)\n",
			"6:16 error excluded-variable spec.script: param substitution in "
			"scripts "
			"is not allowed.: spec.script\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

static void test_misspelt_keys(void **state attr_unused)
{
	static const struct diag_case cases[] = {
		{"what was misspelt is not missing", TASK "spec: {steps: [{imgae: a}]}\n",
			"4:17 error unknown-field spec.steps[0].imgae: step: unknown field "
			"\"imgae\"\n"},
		{"params that it would have declared are not unknown",
			TASK "spec: {parms: [{name: p}], steps: [{image: a, script: "
			     "$(params.p)}]}\n",
			"4:8 error unknown-field spec.parms: task spec: unknown field "
			"\"parms\"\n"},
		{"another key does not hide them",
			TASK "spec: {stepz: [], steps: [{image: a, script: $(params.p)}]}\n",
			"4:8 error unknown-field spec.stepz: task spec: unknown field "
			"\"stepz\"\n"
			"4:46 error unknown-param spec.steps[0].script: non-existent variable "
			"in \"$(params.p)\": spec.steps[0].script\n"},
	};

	check_diags(cases, ARRAY_SIZE(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_fields),
		cmocka_unit_test(test_misspelt_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
