/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about file systems. */
#include "../../entrypoint/durable.h"

#include <base/attr.h>
#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void kinds(void **state)
{
	static const struct {
		unsigned long magic;
		const char *word; /* NULL: it is trusted */
	} table[] = {
		{NFS_SUPER_MAGIC, "NFS"},
		{SMB2_SUPER_MAGIC, "SMB"},
		{FUSE_SUPER_MAGIC, "FUSE"},
		{MSDOS_SUPER_MAGIC, "FAT"},
		{EXT4_SUPER_MAGIC, NULL},
		{XFS_SUPER_MAGIC, NULL},
		{TMPFS_MAGIC, NULL},
		{0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *kind = durable_doubtful_kind(table[i].magic);

		if (table[i].word ? !kind || !strstr(kind, table[i].word) : !!kind)
			fail_msg("%lx: %s", table[i].magic, kind ? kind : "trusted");
	}
}

static void a_trial_leaves_nothing(void **state)
{
	char dir[] = "/tmp/test-durable-XXXXXX";
	struct arena *a = arena_new();
	struct str *names;
	size_t n = 1;
	int dfd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	dfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)durable_doubt(a, dfd);
	assert_int_equal(dir_list(a, dfd, 10, &names, &n, NULL), 0);
	assert_int_equal(n, 0);
	fd_close(&dfd);
	assert_int_equal(dir_remove(AT_FDCWD, dir, NULL), 0);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds),
		cmocka_unit_test(a_trial_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
