/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles of system calls: what is read, and where each thing that is wrong stands. */
#include "spec_text.h"

#include <errno.h>
#include <monopod/seccomp.h>

static const struct seccomp_rules *read_profile(struct spec *s, const char *json)
{
	const struct seccomp_rules *r = NULL;

	if (spec_read_profile(s, STR("p.json"), str_z(json), &r))
		assert_true(s->diags->n_errors);
	else
		assert_int_equal(s->diags->n_errors, 0);
	return r;
}

static void test_whole(void **state attr_unused)
{
	cleanup_arena struct arena *a = arena_new();
	struct spec *s = load_text(a, TASK_HEAD "  steps: [{image: i}]\n");
	const struct seccomp_rules *r = read_profile(s,
		"{\n\t\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\t\"defaultErrnoRet\": 38,\n"
		"\t\"archMap\": [{\"architecture\": \"SCMP_ARCH_X86_64\", "
		"\"subArchitectures\": "
		"[]}],\n"
		"\t\"architectures\": [\"SCMP_ARCH_X86_64\"],\n"
		"\t\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\", \"SECCOMP_FILTER_FLAG_TSYNC\"],\n"
		"\t\"syscalls\": [\n"
		"\t\t{\"names\": [\"read\", \"write\"], \"action\": \"SCMP_ACT_ALLOW\", "
		"\"args\": "
		"null, \"comment\": \"\", \"includes\": {}, \"excludes\": {}},\n"
		"\t\t{\"name\": \"personality\", \"action\": \"SCMP_ACT_LOG\", \"args\": "
		"[{\"index\": 5, \"value\": 18446744073709551615, \"valueTwo\": 2, \"op\": "
		"\"SCMP_CMP_MASKED_EQ\"}]},\n"
		"\t\t{\"names\": [\"clone3\"], \"action\": \"SCMP_ACT_ERRNO\", \"errno\": "
		"\"ENOSYS\", \"errnoRet\": 1, \"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\"], "
		"\"minKernel\": \"6.1\"}},\n"
		"\t\t{\"names\": [\"x\"], \"action\": \"SCMP_ACT_TRAP\", \"includes\": "
		"{\"arches\": [\"s390x\"]}},\n"
		"\t\t{\"names\": [\"ptrace\"], \"action\": \"SCMP_ACT_KILL\", \"includes\": "
		"{\"caps\": [\"CAP_SYS_PTRACE\"], \"minKernel\": \"4.8.1\", \"arches\": "
		"[\"amd64\", \"arm64\"]}}\n"
		"\t]\n}\n");

	assert_string_equal(diag_lines(a, s->diags), "");
	assert_int_equal(r->verdict, VERDICT_ERRNO);
	assert_int_equal(r->err, ENOSYS);
	assert_true(r->logs);
	assert_false(r->allows_speculation);
	assert_int_equal(r->n_rules, 4);
	assert_int_equal(r->rules[0].n_names, 2);
	assert_string_equal(str_c(r->rules[1].names[0]), "personality");
	assert_int_equal(r->rules[1].verdict, VERDICT_LOG);
	assert_int_equal(r->rules[1].args[0].index, 5);
	assert_true(r->rules[1].args[0].value == UINT64_MAX);
	assert_int_equal(r->rules[1].args[0].op, OP_MASKED_EQ);
	assert_int_equal(r->rules[2].err, ENOSYS);
	assert_true(r->rules[2].caps_excluded == UINT64_C(1) << 21);
	assert_int_equal(r->rules[2].before_major, 6);
	assert_int_equal(r->rules[2].before_minor, 1);
	assert_true(r->rules[3].caps_needed == UINT64_C(1) << 19);
	assert_int_equal(r->rules[3].min_minor, 8);
	assert_int_equal(r->rules[3].verdict, VERDICT_KILL_THREAD);
}

#define RULE(more)                                                                             \
	"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"x\"]" more "}]" \
	"}"

/* Each has this among its diagnostics, at this column of line 1. */
static void test_wrong(void **state attr_unused)
{
	static const struct {
		const char *json;
		const char *text;
		unsigned col;
	} cases[] = {
		{"", "json, line 1", 1},
		{"[]", "cannot unmarshal", 1},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\"", "json, line 1", 1},
		{"defaultAction: SCMP_ACT_ALLOW", "json, line 1", 1},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"defaultAction\": "
		 "\"SCMP_ACT_KILL\"}",
			"json: key 'defaultAction' appears twice", 1},
		{"{}", "no action is given", 1},
		{"{\"defaultAction\": \"ALLOW\"}", "no action is called \"ALLOW\"", 19},
		{"{\"defaultAction\": 5}", "cannot unmarshal number", 19},
		{"{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}", "is not supported: nobody", 19},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"listenerPath\": \"/x\"}",
			"'listenerPath' is not supported: nobody", 37},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"default\": 1}", "unknown field",
			37},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"X\"]}",
			"flag \"X\" is not supported", 47},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"amd64\"]}",
			"no architecture is called \"amd64\"", 55},
		{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrno\": \"EWHAT\"}",
			"no error is called \"EWHAT\"", 53},
		{"{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 4096}",
			"is not in 0 to 4095", 56},
		{RULE(""), "no action is given", 50},
		{RULE(", \"action\": \"SCMP_ACT_TRACE\""), "is not supported: nobody", 77},
		{RULE(", \"action\": \"SCMP_ACT_ALLOW\", \"name\": \"y\""),
			"both name and names", 103},
		{RULE(", \"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 6, \"op\": "
		      "\"SCMP_CMP_EQ\"}]"),
			"is not in 0 to 5", 114},
		{RULE(", \"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 0, \"value\": "
		      "-1, "
		      "\"op\": \"SCMP_CMP_EQ\"}]"),
			"is not a number of 64 bits", 126},
		{RULE(", \"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 0, \"value\": "
		      "18446744073709551616, \"op\": \"SCMP_CMP_EQ\"}]"),
			"", 126},
		{RULE(", \"action\": \"SCMP_ACT_ERRNO\", \"args\": [{\"index\": 0, \"value\": "
		      "1}]"),
			"no comparison is called \"\"", 50},
		{RULE(", \"action\": \"SCMP_ACT_ERRNO\", \"includes\": {\"caps\": [\"X\"]}"),
			"no capability is called \"X\"", 117},
		{RULE(", \"action\": \"SCMP_ACT_ERRNO\", \"includes\": {\"minKernel\": \"4\"}"),
			"is no version of a kernel", 121},
		{"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [], "
		 "\"action\": \"SCMP_ACT_KILL\"}]}",
			"a rule without names", 50},
	};

	size_t n_missed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cleanup_arena struct arena *a = arena_new();
		struct spec *s = load_text(a, TASK_HEAD "  steps: [{image: i}]\n");
		bool found = false;

		assert_null(read_profile(s, cases[i].json));
		for (size_t k = 0; k < s->diags->n; k++) {
			const struct diag *one = &s->diags->items[k];

			found |= (str_has(one->msg, str_z(cases[i].text)) ||
					 !cases[i].text[0]) &&
				 one->pos.col == cases[i].col;
		}
		if (!found)
			print_error("%s:\n%s", cases[i].json, diag_lines(a, s->diags));
		n_missed += !found;
	}
	assert_int_equal(n_missed, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
