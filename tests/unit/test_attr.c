/* SPDX-License-Identifier: Apache-2.0 */
/* Dying at once, and allocation that does not fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <base/attr.h>
#include <base/err.h>
#include <base/fd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs fn in a child whose standard error is kept. */
static int child_run(void (*fn)(void), char *text, size_t size)
{
	int r_fd = -1;
	int w_fd = -1;
	size_t n = 0;
	ssize_t got;
	int status;
	pid_t pid;

	assert_int_equal(fd_pipe(&r_fd, &w_fd, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(w_fd, STDERR_FILENO);
		fn();
		_exit(99);
	}
	fd_close(&w_fd);
	while (n < size - 1 && (got = read(r_fd, text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	fd_close(&r_fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void child_bug(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	int zero = 0;

	sigaction(SIGABRT, &dfl, NULL);
	BUG_ON(zero == 0);
}

static void test_bug_on(void **state attr_unused)
{
	char text[1024];
	int status = child_run(child_bug, text, sizeof(text));

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(text, "test_attr.c:"));
	assert_non_null(strstr(text, ": bug: zero == 0\n"));
}

#if !defined(__SANITIZE_ADDRESS__)
static void child_no_memory(void)
{
	void *p = mem_alloc(SIZE_MAX / 2);

	free(p);
}

static void child_no_growth(void)
{
	void *p = mem_grow(NULL, SIZE_MAX / 2);

	free(p);
}

static void child_no_zeroes(void)
{
	void *p = mem_zalloc(SIZE_MAX / 2);

	free(p);
}

static void test_out_of_memory(void **state attr_unused)
{
	void (*const fns[])(void) = {child_no_memory, child_no_growth, child_no_zeroes};

	for (size_t i = 0; i < ARRAY_SIZE(fns); i++) {
		char text[256];
		int status = child_run(fns[i], text, sizeof(text));

		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), EXIT_INTERNAL);
		assert_string_equal(text, "monopod: error: out of memory\n");
	}
}
#endif

static void test_alloc(void **state attr_unused)
{
	cleanup_free char *zeroed = mem_zalloc(100);
	char *none = mem_alloc(0);

	for (int i = 0; i < 100; i++)
		assert_int_equal(zeroed[i], 0);
	none = mem_grow(none, 10);
	memset(none, 1, 10);
	none = mem_grow(none, 0);
	free(none);
}

static void test_macros(void **state attr_unused)
{
	struct outer {
		int before;
		int inner;
	} o = {1, 2};
	int *inner = &o.inner;

	assert_ptr_equal(container_of(inner, struct outer, inner), &o);
	assert_int_equal(ARRAY_SIZE(((int[7]){0})), 7);
	BUG_ON(o.before != 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bug_on),
#if !defined(__SANITIZE_ADDRESS__) /* its allocator aborts by itself */
		cmocka_unit_test(test_out_of_memory),
#endif
		cmocka_unit_test(test_alloc),
		cmocka_unit_test(test_macros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
