/* SPDX-License-Identifier: Apache-2.0 */
/* What the security contexts of a run ask of its place, wherever they are written. */
#include "agent_rig.h"

#define ACTION                                                                                 \
	"apiVersion: tekton.dev/v1beta1\nkind: StepAction\nmetadata: {name: act}\n"            \
	"spec: {image: i, securityContext: {runAsUser: 7}}\n---\n"
#define PIPELINE(more)                                                                         \
	ACTION "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: pr}\nspec:\n"   \
	       "  taskRunTemplate: {podTemplate: {securityContext: {runAsUser: 1, fsGroup: "   \
	       "2}}}\n" more
#define ONE(context)                                                                           \
	"apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: tr}\nspec:\n"              \
	"  taskSpec:\n    steps:\n    - image: i\n      securityContext: " context "\n"

/* "runAsUser=1@5:60", one a line. */
static struct str demands_text(const char *yaml)
{
	static const char *const kinds[DEMAND_KIND_N] = {
		"user", "group", "more-groups", "privilege", "escalation"};
	static char text[4096];
	struct rig *r = rig_new(yaml);
	struct demand *all;
	size_t n, at = 0;

	r->holds_tasks = true;
	rig_start(r, NULL, 0);
	agent_demands(r->agent, r->arena, &all, &n);
	text[0] = 0;
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s %s=%lld@%u\n",
			kinds[all[i].kind], all[i].field, (long long)all[i].id,
			all[i].pos.line);
	rig_free(r);
	return str_z(text);
}

static void test_kinds(void **state)
{
	static const struct {
		const char *yaml, *text;
	} cases[] = {
		{ONE("{}"), ""},
		{ONE("{readOnlyRootFilesystem: true, capabilities: {drop: [ALL], add: "
		     "[CHOWN, IPC_OWNER]}, procMount: Unmasked, privileged: false}"),
			""},
		{ONE("{runAsUser: 5, runAsGroup: 6}"),
			"user runAsUser=5@8\ngroup runAsGroup=6@8\n"},
		{ONE("{privileged: true}"), "privilege privileged=0@8\n"},
		{ONE("{capabilities: {add: [KILL, cap_sys_admin]}}"),
			"privilege capabilities=0@8\n"},
		{ONE("{capabilities: {add: [SYS_PTRACE]}}"), "privilege capabilities=0@8\n"},
		{ONE("{capabilities: {add: [all]}}"), "privilege capabilities=0@8\n"},
		{ONE("{allowPrivilegeEscalation: true}"),
			"escalation allowPrivilegeEscalation=0@8\n"},
		{ONE("{allowPrivilegeEscalation: false}"), ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(str_c(demands_text(cases[i].yaml)), cases[i].text);
}

/* The pod's, the template's, the action's, the sidecar's; each once. */
static void test_places(void **state)
{
	static const char yaml[] = PIPELINE(
		"  taskRunSpecs:\n"
		"  - pipelineTaskName: c\n"
		"    podTemplate: {securityContext: {runAsUser: 3, supplementalGroups: [4]}}\n"
		"  pipelineSpec:\n"
		"    tasks:\n"
		"    - name: a\n"
		"      taskSpec: {steps: [{image: i}, {image: i}]}\n"
		"    - name: b\n"
		"      taskSpec:\n"
		"        stepTemplate: {securityContext: {runAsUser: 5, runAsGroup: 6}}\n"
		"        steps:\n"
		"        - {image: i}\n"
		"        - {image: i, securityContext: {runAsGroup: 8}}\n"
		"        - {name: x, ref: {name: act}}\n"
		"        sidecars: [{name: s, image: i, securityContext: {privileged: true}}]\n"
		"    - name: c\n"
		"      taskSpec: {steps: [{image: i}]}\n");

	(void)state;
	assert_string_equal(str_c(demands_text(yaml)), "more-groups fsGroup=2@10\n"
						       "user runAsUser=1@10\n"
						       "user runAsUser=5@20\n"
						       "group runAsGroup=6@20\n"
						       "group runAsGroup=8@23\n"
						       "user runAsUser=7@4\n"
						       "privilege privileged=0@25\n"
						       "more-groups supplementalGroups=4@13\n"
						       "user runAsUser=3@13\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
