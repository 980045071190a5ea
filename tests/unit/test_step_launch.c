/* SPDX-License-Identifier: Apache-2.0 */
/* ENTRYPOINT and CMD, environment, user and mounts: what a step is started with. */
#include "../../entrypoint/launch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena *a;
static const struct launch_pod pod = {.pod_name = {.p = "p-pod", .n = 5}};

static int setup(void **state)
{
	(void)state;
	a = arena_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

/* "a b c" → words */
static struct str *words(const char *text, size_t *ret_n)
{
	struct str *w = arena_new_array(a, struct str, 16);
	struct str rest = arena_strz(a, text ? text : "");

	*ret_n = 0;
	while (rest.n) {
		struct str tail = STR_NONE;

		if (!str_cut(rest, ' ', &w[*ret_n], &tail))
			w[*ret_n] = rest;
		w[*ret_n] = arena_str(a, w[*ret_n]);
		(*ret_n)++;
		rest = tail;
	}
	return w;
}

static struct str joined(char *const *v)
{
	struct str s = STR("");

	for (size_t i = 0; v[i]; i++)
		s = arena_printf(a, STR_FMT "%s%s", STR_ARG(s), i ? " " : "", v[i]);
	return s;
}

static void what_is_executed(void **state)
{
	static const struct {
		const char *entrypoint, *cmd, *command, *args;
		bool script;
		const char *want; /* NULL: refused */
	} cases[] = {
		{"e", "c", NULL, NULL, false, "e c"},
		{"e", "c", NULL, "x y", false, "e x y"},
		{NULL, "c d", NULL, NULL, false, "c d"},
		{NULL, "c d", NULL, "x", false, "c d x"},
		{"e f", NULL, NULL, NULL, false, "e f"},
		{"e", "c", "mine", NULL, false, "mine"},
		{"e", "c", "mine -v", "x", false, "mine -v x"},
		{"e", "c", "mine", "x", true, "/tekton/scripts/s x"},
		{NULL, NULL, NULL, NULL, true, "/tekton/scripts/s"},
		{NULL, NULL, NULL, "x", false, "x"},
		{NULL, NULL, NULL, NULL, false, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image image = {0};
		struct rootfs r = {
			.kind = TARGET_REF, .image = &image, .config = &image.config};
		struct step_launch s = {.name = STR("s"),
			.has_script = cases[i].script,
			.script_path = STR("/tekton/scripts/s"),
			.run_as_user = 0,
			.run_as_group = -1};
		struct launch_program p;
		struct err err = {0};
		int rc;

		image.config.entrypoint =
			words(cases[i].entrypoint, &image.config.n_entrypoint);
		image.config.cmd = words(cases[i].cmd, &image.config.n_cmd);
		s.command = words(cases[i].command, &s.n_command);
		s.args = words(cases[i].args, &s.n_args);
		rc = launch_program(a, &pod, &s, &r, &p, &err);
		if (rc != (cases[i].want ? 0 : -1))
			fail_msg("case %zu: %s", i, err.msg);
		if (rc == 0)
			assert_string_equal(joined(p.argv).p, cases[i].want);
		else
			assert_int_equal(err.kind, ERR_STEP);
	}
}

static struct str env_of(const struct launch_program *p, const char *name)
{
	struct str ret = STR("(unset)");
	size_t n_found = 0;

	for (size_t i = 0; p->envp[i]; i++) {
		struct str key;
		struct str value;

		assert_true(str_cut(str_z(p->envp[i]), '=', &key, &value));
		if (!str_eqz(key, name))
			continue;
		ret = value;
		n_found++;
	}
	assert_true(n_found <= 1);
	return ret;
}

static void environment(void **state)
{
	static struct str image_env[] = {{.p = "PATH=/image", .n = 11},
		{.p = "A=image", .n = 7}, {.p = "B=x=y", .n = 5}};
	struct env_entry spec_env[] = {
		{.name = STR("A"), .value = STR("spec")}, {.name = STR("N"), .value = STR("")}};
	struct image image = {.config = {.env = image_env, .n_env = 3}};
	struct rootfs r = {.kind = TARGET_REF, .image = &image, .config = &image.config};
	struct step_launch s = {.name = STR("s"),
		.has_script = true,
		.script_path = STR("/x"),
		.env = spec_env,
		.n_env = 2,
		.run_as_user = 7,
		.run_as_group = -1};
	struct launch_pod hermetic = pod;
	struct launch_program p;
	struct err err = {0};

	(void)state;
	assert_int_equal(launch_program(a, &pod, &s, &r, &p, &err), 0);
	assert_string_equal(env_of(&p, "PATH").p, "/image");
	assert_string_equal(env_of(&p, "A").p, "spec");
	assert_string_equal(env_of(&p, "B").p, "x=y");
	assert_string_equal(env_of(&p, "N").p, "");
	assert_string_equal(env_of(&p, "HOME").p, "/"); /* nobody knows uid 7 */
	assert_string_equal(env_of(&p, "HOSTNAME").p, "p-pod");
	assert_string_equal(env_of(&p, "TEKTON_HERMETIC").p, "(unset)");
	hermetic.hermetic = true;
	image.config.n_env = 0;
	assert_int_equal(launch_program(a, &hermetic, &s, &r, &p, &err), 0);
	assert_string_equal(env_of(&p, "TEKTON_HERMETIC").p, "1");
	assert_true(str_has(env_of(&p, "PATH"), STR("/usr/bin")));
}

static void environment_of_the_image_is_checked(void **state)
{
	static const char *const bad[] = {"NOVALUE", "=x"};
	struct step_launch s = {.name = STR("s"),
		.has_script = true,
		.script_path = STR("/x"),
		.run_as_user = 0,
		.run_as_group = -1};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct str env = str_z(bad[i]);
		struct image image = {.config = {.env = &env, .n_env = 1}};
		struct rootfs r = {
			.kind = TARGET_REF, .image = &image, .config = &image.config};
		struct launch_program p;
		struct err err = {0};

		assert_int_equal(launch_program(a, &pod, &s, &r, &p, &err), -1);
		assert_int_equal(err.kind, ERR_IMAGE);
	}
}

static void root_where_it_must_not_be(void **state)
{
	static const struct {
		int64_t uid;
		const char *user; /* of the image */
		const char *want; /* NULL: runs */
	} cases[] = {
		{-1, "", "container has runAsNonRoot and image will run as root"},
		{-1, "0", "container has runAsNonRoot and image will run as root"},
		{-1, "12", NULL},
		{0, "12", "container's runAsUser breaks non-root policy"},
		{5, "0", NULL},
	};
	const struct launch_pod named = {
		.ns = STR("ns"), .uid = STR("u-1"), .pod_name = STR("p-pod")};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image image = {.config = {.user = str_z(cases[i].user)}};
		struct rootfs r = {
			.kind = TARGET_REF, .image = &image, .config = &image.config};
		struct step_launch s = {.name = STR("s"),
			.container = STR("step-s"),
			.has_script = true,
			.script_path = STR("/x"),
			.run_as_user = cases[i].uid,
			.run_as_group = -1,
			.run_as_non_root = true};
		struct launch_program p;
		struct err err = {0};
		struct str want =
			arena_printf(a, "%s (pod: \"p-pod_ns(u-1)\", container: step-s)",
				cases[i].want ? cases[i].want : "");

		if (launch_program(a, &named, &s, &r, &p, &err) != (cases[i].want ? -1 : 0))
			fail_msg("case %zu: %s", i, err.msg);
		if (cases[i].want)
			assert_string_equal(err.msg, want.p);
	}
}

static void words_of_go(void **state)
{
	static const struct {
		const char *program;
		int sys;
		const char *want;
	} cases[] = {
		{"foo", ENOENT, "exec: \"foo\": executable file not found in $PATH"},
		{"/x/foo", ENOENT, "fork/exec /x/foo: no such file or directory"},
		{"/x", EACCES, "fork/exec /x: permission denied"},
		{"./x", ENOEXEC, "fork/exec ./x: exec format error"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(
			launch_exec_text(a, cases[i].program, cases[i].sys).p, cases[i].want);
}

static void words_about_copies(void **state)
{
	static const struct {
		int sys;
		const char *want;
	} cases[] = {
		{EISDIR, "stdoutConfig: open /x: is a directory"},
		{EINVAL, "stdoutConfig: open /x: not a regular file"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(
			launch_copy_text(a, "stdoutConfig", STR("/x"), cases[i].sys).p,
			cases[i].want);
}

/* Outer directories are mounted first, whatever the order; read-only and owner go along. */
static void mounts_are_in_order(void **state)
{
	struct launch_mount mounts[] = {{.volume = 0, .mount_path = STR("/workspace/a/b")},
		{.volume = 1, .mount_path = STR("/workspace/a")},
		{.volume = 2, .mount_path = STR("/data")},
		{.volume = 1, .mount_path = STR("/workspace/c"), .read_only = true}};
	struct binding bindings[] = {{.fd = 100, .read_only = true},
		{.fd = 101, .owner = OWNER_CALLER}, {.fd = 102}};
	struct step_launch s = {.name = STR("s"), .mounts = mounts, .n_mounts = 4};
	struct task_launch t = {.name = STR("t")};
	struct attempt at = {.launch = &t, .bindings = bindings};
	struct attempt_step dirs = {0};
	struct launch_config config = {0};
	struct launch_program program = {.cwd = STR("/")};
	struct rootfs r = {.kind = TARGET_REF};
	struct rootfs *images[3] = {NULL}; /* no volume is an image */
	struct launch_parts parts = {.config = &config,
		.volumes = images,
		.pod = &pod,
		.step = &s,
		.rootfs = &r,
		.program = &program,
		.attempt = &at,
		.dirs = &dirs};
	struct sandbox_config c;
	size_t seen[4];
	size_t n_seen = 0;
	size_t workspace_at = 0;

	(void)state;
	launch_sandbox(a, &parts, &c);
	for (size_t i = 0; i < c.n_mounts; i++) {
		if (str_eqz(c.mounts[i].target, "/workspace"))
			workspace_at = i;
		if (c.mounts[i].source_dfd >= 100)
			seen[n_seen++] = i;
	}
	assert_int_equal(n_seen, 4);
	assert_true(workspace_at < seen[0]);
	assert_true(str_eqz(c.mounts[seen[0]].target, "/data"));
	assert_true(str_eqz(c.mounts[seen[1]].target, "/workspace/a"));
	assert_true(str_eqz(c.mounts[seen[2]].target, "/workspace/c"));
	assert_true(str_eqz(c.mounts[seen[3]].target, "/workspace/a/b"));
	assert_true(c.mounts[seen[3]].read_only && !c.mounts[seen[0]].read_only);
	assert_true(c.mounts[seen[2]].read_only && !c.mounts[seen[1]].read_only);
	assert_int_equal(c.mounts[seen[1]].owner, OWNER_CALLER);
	assert_true(str_eqz(c.name, "t/s"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_executed, setup, teardown),
		cmocka_unit_test_setup_teardown(environment, setup, teardown),
		cmocka_unit_test_setup_teardown(
			environment_of_the_image_is_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(root_where_it_must_not_be, setup, teardown),
		cmocka_unit_test_setup_teardown(words_of_go, setup, teardown),
		cmocka_unit_test_setup_teardown(words_about_copies, setup, teardown),
		cmocka_unit_test_setup_teardown(mounts_are_in_order, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
