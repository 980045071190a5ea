/* SPDX-License-Identifier: Apache-2.0 */
/* A step's own profile as a filter: asked of the kernel, in children that install it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/attr.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <sandbox/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OK = 0, KILLED = 1000 };

#define NAMES(...)                                                                             \
	.names = (const struct str[]){__VA_ARGS__},                                            \
	.n_names = sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str)
#define ARGS(...)                                                                              \
	.args = (const struct seccomp_arg[]){__VA_ARGS__},                                     \
	.n_args =                                                                              \
		sizeof((const struct seccomp_arg[]){__VA_ARGS__}) / sizeof(struct seccomp_arg)

/* What a call with these arguments comes to: OK (or the call's own error), an errno, KILLED +
 * signal. getpriority is harmless and looks at nothing before it is let through. */
static int answer(const struct seccomp_rules *rules, uint64_t caps, long nr, unsigned long a0)
{
	struct sock_fprog f = {0};
	struct err err = {0};
	int status = 0;
	pid_t pid;

	if (seccomp_compile_rules(rules, caps, &f, &err))
		fail_msg("%s", err.msg);
	pid = fork();
	if (pid == 0) {
		long ret;

		/* the test library has its own */
		sigaction(SIGSYS, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f))
			_exit(255);
		ret = syscall(nr, a0, 0, 0);
		syscall(SYS_exit_group, ret < 0 ? errno : OK); /* nothing on the way out */
		abort();
	}
	free(f.filter);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? KILLED + WTERMSIG(status) : WEXITSTATUS(status);
}

static void test_verdicts(void **state)
{
	static const struct {
		enum seccomp_verdict verdict;
		int answer;
	} cases[] = {
		{VERDICT_ALLOW, OK},
		{VERDICT_LOG, OK},
		{VERDICT_ERRNO, ENOTTY},
		{VERDICT_TRAP, KILLED + SIGSYS},
		{VERDICT_KILL_THREAD, KILLED + SIGSYS},
		{VERDICT_KILL, KILLED + SIGSYS},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct seccomp_rule rule = {
			NAMES(STR_INIT("getppid"), STR_INIT("no-such-call")),
			.verdict = cases[i].verdict, .err = ENOTTY};
		const struct seccomp_rules r = {
			.verdict = VERDICT_ALLOW, .rules = &rule, .n_rules = 1};

		assert_int_equal(answer(&r, 0, SYS_getppid, 0), cases[i].answer);
		assert_int_equal(answer(&r, 0, SYS_getuid, 0), OK);
	}
}

static void test_comparisons(void **state)
{
	static const struct {
		struct seccomp_arg arg;
		unsigned long hit, miss;
	} cases[] = {
		{{0, OP_EQ, 7, 0}, 7, 8},
		{{0, OP_NE, 7, 0}, 8, 7},
		{{0, OP_LT, 7, 0}, 6, 7},
		{{0, OP_LE, 7, 0}, 7, 8},
		{{0, OP_GE, 7, 0}, 7, 6},
		{{0, OP_GT, 7, 0}, 8, 7},
		{{0, OP_MASKED_EQ, 6, 4}, 0xd, 0x6},
		{{0, OP_EQ, UINT64_C(1) << 40, 0}, 1UL << 40, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct seccomp_rule rule = {NAMES(STR_INIT("getppid")),
			.verdict = VERDICT_ERRNO, .err = ENOTTY, .args = &cases[i].arg,
			.n_args = 1};
		const struct seccomp_rules r = {
			.verdict = VERDICT_ALLOW, .rules = &rule, .n_rules = 1};

		assert_int_equal(answer(&r, 0, SYS_getppid, cases[i].hit), ENOTTY);
		assert_int_equal(answer(&r, 0, SYS_getppid, cases[i].miss), OK);
	}
}

/* Several of one argument: any of them; of several arguments: all. */
static void test_several(void **state)
{
	const struct seccomp_rule any = {NAMES(STR_INIT("getppid")), .verdict = VERDICT_ERRNO,
		.err = ENOTTY, ARGS({0, OP_EQ, 7, 0}, {0, OP_EQ, 9, 0})};
	const struct seccomp_rule all = {NAMES(STR_INIT("getppid")), .verdict = VERDICT_ERRNO,
		.err = ENOTTY, ARGS({0, OP_EQ, 7, 0}, {1, OP_EQ, 1, 0})};
	struct seccomp_rules r = {.verdict = VERDICT_ALLOW, .rules = &any, .n_rules = 1};

	(void)state;
	assert_int_equal(answer(&r, 0, SYS_getppid, 7), ENOTTY);
	assert_int_equal(answer(&r, 0, SYS_getppid, 9), ENOTTY);
	assert_int_equal(answer(&r, 0, SYS_getppid, 8), OK);
	r.rules = &all;
	assert_int_equal(answer(&r, 0, SYS_getppid, 7), OK);
}

/* By capabilities of the step and by the kernel that runs. */
static void test_conditions(void **state)
{
	static const struct {
		struct seccomp_rule rule;
		uint64_t caps;
		int answer;
	} cases[] = {
		{{.caps_needed = 4}, 4, ENOTTY},
		{{.caps_needed = 4}, 6, ENOTTY},
		{{.caps_needed = 6}, 4, OK},
		{{.caps_excluded = 6}, 4, OK},
		{{.caps_excluded = 2}, 4, ENOTTY},
		{{.min_major = 3, .min_minor = 17}, 0, ENOTTY},
		{{.min_major = 999}, 0, OK},
		{{.before_major = 3, .before_minor = 17}, 0, OK},
		{{.before_major = 999}, 0, ENOTTY},
	};
	const struct str name = STR_INIT("getppid");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct seccomp_rule rule = cases[i].rule;
		const struct seccomp_rules r = {
			.verdict = VERDICT_ALLOW, .rules = &rule, .n_rules = 1};

		rule.names = &name;
		rule.n_names = 1;
		rule.verdict = VERDICT_ERRNO;
		rule.err = ENOTTY;
		if (answer(&r, cases[i].caps, SYS_getppid, 0) != cases[i].answer)
			fail_msg("case %zu", i);
	}
}

/* An allow-list: what it does not name is refused, what is newer does not exist. */
static void test_allow_list(void **state)
{
	const struct seccomp_rule rule = {
		NAMES(STR_INIT("getuid"), STR_INIT("exit_group"), STR_INIT("getrandom")),
		.verdict = VERDICT_ALLOW};
	const struct seccomp_rule again[] = {rule,
		{NAMES(STR_INIT("getppid")), .verdict = VERDICT_ERRNO, .err = EPERM}, rule};
	struct seccomp_rules r = {
		.verdict = VERDICT_ERRNO, .err = EPERM, .rules = &rule, .n_rules = 1};

	(void)state;
	assert_int_equal(answer(&r, 0, SYS_getuid, 0), OK);
	assert_int_equal(answer(&r, 0, SYS_getppid, 0), EPERM);
	assert_int_equal(answer(&r, 0, 1000, 0), ENOSYS);
	r.rules = again; /* the default said again, a rule said twice */
	r.n_rules = ARRAY_SIZE(again);
	assert_int_equal(answer(&r, 0, SYS_getuid, 0), OK);
	assert_int_equal(answer(&r, 0, SYS_getppid, 0), EPERM);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_comparisons),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_allow_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
