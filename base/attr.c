/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways to die at once (a bug, no memory), and the allocator that never returns NULL. */
#include <base/attr.h>

#include <base/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A short or failed write is accepted: the program is ending and has no other way to say it. */
static void attr_say(const char *text, size_t n)
{
	ssize_t done = write(STDERR_FILENO, text, n);

	(void)done;
}

void bug_fail(const char *file, int line, const char *what)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "monopod: %s:%d: bug: %s\n", file, line, what);

	if (n > 0)
		attr_say(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
	abort();
}

static void attr_noreturn mem_fail(void)
{
	static const char text[] = "monopod: error: out of memory\n";

	attr_say(text, sizeof(text) - 1);
	_exit(EXIT_INTERNAL);
}

void *mem_alloc(size_t n_bytes)
{
	void *p = malloc(n_bytes ? n_bytes : 1);

	if (!p)
		mem_fail();
	return p;
}

void *mem_zalloc(size_t n_bytes)
{
	void *p = calloc(1, n_bytes ? n_bytes : 1);

	if (!p)
		mem_fail();
	return p;
}

void *mem_grow(void *old, size_t n_bytes)
{
	void *p = realloc(old, n_bytes ? n_bytes : 1);

	if (!p)
		mem_fail();
	return p;
}

void cleanup_free_ptr(void *p)
{
	void *owned;

	memcpy(&owned, p, sizeof(owned));
	free(owned);
}
