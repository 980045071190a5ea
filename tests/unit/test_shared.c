/* SPDX-License-Identifier: Apache-2.0 */
/* entrypoint/shared.c: one tree for many task runs, and none for those that differ. */
#include "../../entrypoint/shared.h"

#include <base/fd.h>
#include <base/file.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char work[64];

struct rig {
	struct rundir rundir;
	struct shared shared;
};

static int setup(void **state)
{
	static struct rig rig;
	const struct id_map map = {.uid = {{0, (uint32_t)geteuid(), 1}},
		.n_uid = 1,
		.gid = {{0, (uint32_t)getegid(), 1}},
		.n_gid = 1};

	(void)snprintf(work, sizeof(work), "/tmp/test-shared-XXXXXX");
	if (!mkdtemp(work))
		return -1;
	rig.rundir =
		(struct rundir){.layers_dfd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	shared_init(&rig.shared, &rig.rundir, &map, true);
	*state = &rig;
	return rig.rundir.layers_dfd < 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;
	int rc;

	shared_release(&rig->shared);
	rc = dir_remove(rig->rundir.layers_dfd, ".shared", NULL);
	fd_close(&rig->rundir.layers_dfd);
	return rc || rmdir(work);
}

static struct task_launch launch(struct step_launch *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		steps[i].index = i;
	return (struct task_launch){.name = STR("t"), .steps = steps, .n_steps = n};
}

static void trees_go_by_the_names_of_steps(void **state)
{
	struct rig *rig = *state;
	struct step_launch ab[] = {{.name = STR("a")}, {.name = STR("b")}};
	struct step_launch ba[] = {{.name = STR("b")}, {.name = STR("a")}};
	struct task_launch first = launch(ab, 2), other = launch(ba, 2), less = launch(ab, 1);
	int first_dfd = shared_tekton(&rig->shared, &first, NULL);
	int other_dfd = shared_tekton(&rig->shared, &other, NULL);
	int less_dfd = shared_tekton(&rig->shared, &less, NULL);
	char to[64] = {0};

	assert_true(first_dfd >= 0 && other_dfd >= 0 && less_dfd >= 0);
	assert_int_equal(shared_tekton(&rig->shared, &first, NULL), first_dfd);
	assert_int_not_equal(other_dfd, first_dfd);
	assert_int_not_equal(less_dfd, first_dfd);
	assert_true(readlinkat(first_dfd, "steps/step-b", to, sizeof(to) - 1) > 0);
	assert_string_equal(to, "/tekton/run/1/status");
	assert_true(readlinkat(other_dfd, "steps/step-b", to, sizeof(to) - 1) > 0);
	assert_string_equal(to, "/tekton/run/0/status");
	assert_int_equal(faccessat(less_dfd, "steps/1", F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

static void mount_points_are_made_once(void **state)
{
	static const struct {
		const char *name;
		mode_t mode;
	} want[] = {
		{"proc", S_IFDIR | 0755},
		{"dev", S_IFDIR | 0755},
		{"tekton", S_IFDIR | 0755},
		{"workspace", S_IFDIR | 0755},
		{"etc", S_IFDIR | 0755},
		{"etc/hosts", S_IFREG | 0644},
		{"etc/hostname", S_IFREG | 0644},
		{"etc/resolv.conf", S_IFREG | 0644},
	};
	struct rig *rig = *state;
	int dfd = shared_points(&rig->shared, NULL);
	struct stat st;

	assert_true(dfd >= 0);
	assert_int_equal(shared_points(&rig->shared, NULL), dfd);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(fstatat(dfd, want[i].name, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(st.st_mode, want[i].mode);
	}
}

/* Without one of the machine the image's own is seen, or none: not an empty file. */
static void no_resolv_conf_of_ours(void **state)
{
	struct rig *rig = *state;

	rig->shared.has_resolv_conf = false;
	assert_true(shared_points(&rig->shared, NULL) >= 0);
	assert_int_equal(faccessat(rig->shared.points_dfd, "etc/hosts", F_OK, 0), 0);
	assert_int_equal(faccessat(rig->shared.points_dfd, "etc/resolv.conf", F_OK, 0), -1);
}

/* A tree that was made only in part is not handed out, and not in the way. */
static void a_failure_is_not_for_ever(void **state)
{
	struct rig *rig = *state;
	struct step_launch s[] = {{.name = STR("a")}, {.name = STR("a")}};
	struct task_launch twice = launch(s, 2), once = launch(s, 1);
	struct err err = {0};

	assert_int_equal(shared_tekton(&rig->shared, &twice, &err), -1);
	assert_int_equal(err.sys, EEXIST);
	assert_int_equal(shared_tekton(&rig->shared, &twice, NULL), -1);
	assert_true(shared_tekton(&rig->shared, &once, NULL) >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			trees_go_by_the_names_of_steps, setup, teardown),
		cmocka_unit_test_setup_teardown(mount_points_are_made_once, setup, teardown),
		cmocka_unit_test_setup_teardown(no_resolv_conf_of_ours, setup, teardown),
		cmocka_unit_test_setup_teardown(a_failure_is_not_for_ever, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
