/* SPDX-License-Identifier: Apache-2.0 */
/* What a step may be given beyond the default, and what it must not gain by it. */
#include "sandbox_fixture.h"

static struct ended out;

static void run_with(struct sandbox_security security, uint32_t uid, char *const *argv)
{
	struct step s;

	fix_step(&s, argv);
	s.c.uid = s.c.gid = uid;
	s.c.security = security;
	fix_run(&s, &out);
}

#define BIT(n) (UINT64_C(1) << (n))

static void test_capabilities(void **state)
{
	static const struct {
		struct sandbox_security security;
		const char *set;
	} cases[] = {
		{{.cap_drop = BIT(0)}, "00000000800405fa"},
		{{.cap_drop = BIT(19)}, "00000000800405fb"},
		{{.drops_all = true}, "0000000000000000"},
		{{.drops_all = true, .cap_add = BIT(7) | BIT(10)}, "0000000000000480"},
		{{.cap_add = BIT(2) | BIT(15)}, "00000000800485ff"},
		/* step-init stays closed to the step */
		{{.cap_add = BIT(19)}, "00000000800405fb"},
		{{.cap_add = BIT(0), .cap_drop = BIT(0)}, "00000000800405fa"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		static const char *const sets[] = {"CapPrm", "CapEff", "CapBnd"};
		char line[64];

		run_with(cases[i].security, 0, PROBE(ARG("ids")));
		for (size_t k = 0; k < ARRAY_SIZE(sets); k++) {
			snprintf(line, sizeof(line), "%s:\t%s", sets[k], cases[i].set);
			assert_has(out.text, line);
		}
		assert_has(out.text, "CapInh:\t0000000000000000");
		assert_has(out.text, "CapAmb:\t0000000000000000");
		assert_has(out.text, "NoNewPrivs:\t1");
		if (fix.place == AS_SINGLE)
			continue;
		run_with(cases[i].security, 1000, PROBE(ARG("ids")));
		assert_has(out.text, "CapEff:\t0000000000000000");
		assert_has(out.text, "CapBnd:\t0000000000000000");
		assert_has(out.text, "CapAmb:\t0000000000000000");
	}
}

/* What a capability is for: chown fails without it. */
static void test_capability_counts(void **state)
{
	(void)state;
	if (fix.place == AS_SINGLE)
		return;
	run_with((struct sandbox_security){0}, 0,
		PROBE(ARG("chown"), ARG("/dir/file"), ARG("5"), ARG("5")));
	assert_has(out.text, "=ok\n");
	run_with((struct sandbox_security){.cap_drop = BIT(0)}, 0,
		PROBE(ARG("chown"), ARG("/dir/file"), ARG("5"), ARG("5")));
	assert_has(out.text, "=EPERM\n");
}

/* allowPrivilegeEscalation: setuid programs of the image become the step's own uid 0. */
static void test_escalation(void **state)
{
	int probe_fd = openat(fix.layer_fd, "probe", O_RDONLY | O_CLOEXEC);
	char *const argv[] = {ARG("/suid"), ARG("ids"), NULL};
	struct sandbox_security security = {.may_escalate = true, .cap_drop = BIT(0)};

	(void)state;
	fix_copy(probe_fd, fix.layer_fd, "suid");
	assert_int_equal(fchmodat(fix.layer_fd, "suid", 04755, 0), 0);
	close(probe_fd);
	run_with(security, 0, argv);
	assert_has(out.text, "NoNewPrivs:\t0");
	assert_has(out.text, "Seccomp:\t2");
	assert_has(out.text, "CapEff:\t00000000800405fa");
	if (fix.place == AS_SINGLE)
		return;
	run_with((struct sandbox_security){0}, 1000, argv);
	assert_has(out.text, "NoNewPrivs:\t1");
	assert_has(out.text, "CapEff:\t0000000000000000");
	run_with(security, 1000, argv);
	assert_has(out.text, "NoNewPrivs:\t0");
	assert_has(out.text, "Seccomp:\t2");
	assert_has(out.text, "CapEff:\t00000000800405fa"); /* of the setuid program */
	run_with(security, 1000, PROBE(ARG("ids")));
	assert_has(out.text, "CapEff:\t0000000000000000");
	assert_has(out.text, "CapAmb:\t0000000000000000");
}

/* Not for what is mounted: a program that somebody left in a volume gives nothing. */
static void test_escalation_not_from_volumes(void **state)
{
	struct sandbox_mount m = {.kind = MOUNT_BIND,
		.source_dfd = fix.layer_fd,
		.is_exec = true,
		.target = STR("/volume")};
	char *const argv[] = {ARG("/volume/suid"), ARG("ids"), NULL};
	struct step s;

	(void)state;
	if (fix.place == AS_SINGLE)
		return;
	fix_step(&s, argv);
	s.c.uid = s.c.gid = 1000;
	s.c.mounts = &m;
	s.c.n_mounts = 1;
	s.c.security.may_escalate = true;
	m.owner = OWNER_CALLER;
	fix_run(&s, &out);
	assert_has(out.text, "NoNewPrivs:\t0");
	assert_has(out.text, "CapEff:\t0000000000000000");
}

/* A second program in the sandbox is no stronger and no weaker. */
static void test_visit(void **state)
{
	struct sandbox_security security = {.may_escalate = true, .cap_drop = BIT(0)};
	struct sandbox_visit_config v;
	struct sandbox_proc p;
	struct step s;
	struct err err = {0};
	int out_fd = -1, child_fd = -1, status = -1;
	char text[TEXT_MAX];

	(void)state;
	fix_step(&s, PROBE(ARG("wait")));
	s.c.security = security;
	assert_worked(fix_start(&s, &err), err);
	assert_worked(fd_pipe(&out_fd, &child_fd, &err), err);
	v = (struct sandbox_visit_config){.name = STR("visit"),
		.ns = fix.ns,
		.step = &s.p,
		.argv = PROBE(ARG("ids")),
		.envp = fix_env(),
		.cwd = STR("/"),
		.security = security,
		.stdin_fd = fix.null_fd,
		.stdout_fd = child_fd,
		.stderr_fd = child_fd};
	assert_worked(sandbox_visit(&v, &p, &err), err);
	fd_close(&child_fd);
	fix_drain(out_fd, text);
	fd_close(&out_fd);
	assert_true(fix_readable(p.pidfd_fd, STEP_TIMEOUT_MS));
	assert_worked(sandbox_visit_finish(&p, &status, &err), err);
	assert_int_equal(status, 0);
	assert_has(text, "CapEff:\t00000000800405fa");
	assert_has(text, "CapBnd:\t00000000800405fa");
	assert_has(text, "NoNewPrivs:\t0");
	assert_has(text, "Seccomp:\t2");
	assert_worked(sandbox_signal(&s.p, SIGKILL, &err), err);
	fix_end(&s, &out);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_capability_counts),
		cmocka_unit_test(test_escalation),
		cmocka_unit_test(test_escalation_not_from_volumes),
		cmocka_unit_test(test_visit),
	};

	(void)argc;
	return FIX_MAIN(tests);
}
