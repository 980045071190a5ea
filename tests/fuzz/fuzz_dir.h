/* SPDX-License-Identifier: Apache-2.0 */
/* A directory for targets that read files, made by the first input and gone with the process;
 * and the log's lines, which nobody wants to see a million of. */
#ifndef TESTS_FUZZ_FUZZ_DIR_H
#define TESTS_FUZZ_FUZZ_DIR_H

#include <base/err.h>
#include <base/file.h>
#include <base/log.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char fuzz_dir_path[] = "/dev/shm/monopod-fuzz-XXXXXX";
static int fuzz_dfd = -1;
static size_t fuzz_log_errors; /* lines that told one */

static void fuzz_dir_remove(void)
{
	(void)dir_remove(AT_FDCWD, fuzz_dir_path, NULL);
}

static void fuzz_log_line(void *arg, enum log_level level, const char *line)
{
	(void)arg;
	BUG_ON(!line[0]);
	fuzz_log_errors += level == LOG_ERROR;
}

/* True for the caller that is to fill it. */
static inline bool fuzz_dir_make(void)
{
	static const char elsewhere[] = "/tmp/monopod-fuzz-XXXXXX";

	if (fuzz_dfd >= 0)
		return false;
	if (!mkdtemp(fuzz_dir_path)) { /* in memory a sync costs nothing */
		memcpy(fuzz_dir_path, elsewhere, sizeof(elsewhere));
		BUG_ON(!mkdtemp(fuzz_dir_path));
	}
	fuzz_dfd = dir_open(AT_FDCWD, fuzz_dir_path, NULL);
	BUG_ON(fuzz_dfd < 0 || atexit(fuzz_dir_remove));
	log_set_sink(fuzz_log_line, NULL);
	return true;
}

static inline void fuzz_put(const char *name, struct str text)
{
	BUG_ON(file_write(fuzz_dfd, name, text, 0600, NULL));
}

#endif
