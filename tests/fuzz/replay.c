/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Feeds files to a fuzz target without a fuzzer: every file named on the command line, and
 * every file of a directory named there. Fails when there was nothing to feed.
 */
#include <base/file.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { REPLAY_BYTES = 64 * 1024 * 1024, REPLAY_FILES = 100000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int dfd, const char *name, struct err *err)
{
	cleanup_arena struct arena *a = arena_new();
	struct str text;

	if (file_read(a, dfd, name, REPLAY_BYTES, &text, err) < 0)
		return -1;
	(void)LLVMFuzzerTestOneInput((const uint8_t *)text.p, text.n); /* 0 by its contract */
	return 0;
}

static int replay_dir(int dfd, size_t *n_fed, struct err *err)
{
	cleanup_arena struct arena *a = arena_new();
	struct str *names;
	size_t n;

	if (dir_list(a, dfd, REPLAY_FILES, &names, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (replay_file(dfd, names[i].p, err) < 0)
			return -1;
		*n_fed += 1;
	}
	return 0;
}

static int replay_any(const char *path, size_t *n_fed, struct err *err)
{
	int dfd = dir_open(AT_FDCWD, path, err);
	int rc;

	if (dfd < 0 && err->sys != ENOTDIR)
		return -1;
	if (dfd < 0) {
		*n_fed += 1;
		return replay_file(AT_FDCWD, path, err);
	}
	rc = replay_dir(dfd, n_fed, err);
	close(dfd);
	return rc;
}

int main(int argc, char **argv)
{
	size_t n_fed = 0;
	struct err err;

	for (int i = 1; i < argc; i++) {
		if (replay_any(argv[i], &n_fed, &err) < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], err.msg);
			return 1;
		}
	}
	printf("%s: %zu inputs\n", argv[0], n_fed);
	return n_fed ? 0 : 1;
}
