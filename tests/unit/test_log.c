/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: levels, the sink, escapes, errno. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/buf.h>
#include <base/fd.h>
#include <base/log.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void sink(void *arg, enum log_level level, const char *line)
{
	struct buf *out = arg;

	buf_addf(out, "%d|%s\n", (int)level, line);
	errno = EIO;
}

static void test_sink_and_levels(void **state attr_unused)
{
	static const char *const want[] = {
		[LOG_ERROR] = "0|monopod: error: e 1\n",
		[LOG_WARN] = "0|monopod: error: e 1\n1|monopod: warning: w 2\n",
		[LOG_INFO] = "0|monopod: error: e 1\n1|monopod: warning: w 2\n2|monopod: info: "
			     "i 3\n",
		[LOG_DEBUG] =
			"0|monopod: error: e 1\n1|monopod: warning: w 2\n2|monopod: info: i 3\n"
			"3|monopod: debug: d 4\n",
	};
	cleanup_buf struct buf out;

	buf_init(&out, 10000);
	log_set_sink(sink, &out);
	for (size_t level = 0; level < LOG_LEVEL_N; level++) {
		buf_clear(&out);
		log_set_level((enum log_level)level);
		errno = ENOENT;
		log_error("e %d", 1);
		log_warn("w %d", 2);
		log_info("i %d", 3);
		log_debug("d %d", 4);
		assert_int_equal(errno, ENOENT);
		assert_string_equal(out.p, want[level]);
	}
	log_set_sink(NULL, NULL);
	log_set_level(LOG_WARN);
}

static void test_escapes_and_length(void **state attr_unused)
{
	cleanup_buf struct buf out;
	char longest[6000];

	buf_init(&out, 100000);
	log_set_sink(sink, &out);
	log_error("a\nb\x1b[1m\r\x7f\t\xc3\xa9");
	assert_string_equal(out.p, "0|monopod: error: a\\x0ab\\x1b[1m\\x0d\\x7f\t\xc3\xa9\n");
	buf_clear(&out);
	memset(longest, '\n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	log_error("%s", longest);
	assert_int_equal(out.n, strlen("0|monopod: error: ") + 4096 * 4 + 1);
	log_set_sink(NULL, NULL);
}

/* Without a sink lines go to standard error in one piece. */
static void test_standard_error(void **state attr_unused)
{
	cleanup_fd int r_fd = -1;
	cleanup_fd int w_fd = -1;
	cleanup_fd int saved_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	char got[100] = "";

	assert_int_equal(fd_pipe(&r_fd, &w_fd, NULL), 0);
	dup2(w_fd, STDERR_FILENO);
	log_error("one");
	log_info("not shown");
	log_warn("two");
	dup2(saved_fd, STDERR_FILENO);
	assert_true(read(r_fd, got, sizeof(got) - 1) > 0);
	assert_string_equal(got, "monopod: error: one\nmonopod: warning: two\n");
	/* a closed standard error is no reason to fail */
	close(STDERR_FILENO);
	errno = ENOENT;
	log_error("lost");
	assert_int_equal(errno, ENOENT);
	dup2(saved_fd, STDERR_FILENO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sink_and_levels),
		cmocka_unit_test(test_escapes_and_length),
		cmocka_unit_test(test_standard_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
