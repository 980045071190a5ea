/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes a YAML text by its lines, so that what comes out is mostly YAML again: lines and
 * blocks are doubled, dropped, moved, indented, and what follows a ':' or '-' is exchanged.
 */
#ifndef TESTS_FUZZ_YAML_MUTATOR_H
#define TESTS_FUZZ_YAML_MUTATOR_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libFuzzer's own; not there when a corpus is replayed. */
__attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

enum { MUTATOR_LINES = 2048, MUTATOR_BLOCK = 12 };

struct mutator {
	const char *lines[MUTATOR_LINES];
	size_t lengths[MUTATOR_LINES]; /* newline included */
	size_t n;
	unsigned random;
	uint8_t *out;
	size_t n_out, max;
};

static const char *const mutator_values[] = {
	"$(params.p)",
	"$(params.a[*])",
	"$(params.a)",
	"$(params.a[0])",
	"$(params.o.k)",
	"$(params[\"a\"][1])",
	"$(params['p'])",
	"$(tasks.a.results.r)",
	"$(tasks.a.results.r[*])",
	"$(tasks.a.results.r[0])",
	"$(tasks.a.results.o.k)",
	"$(tasks.a.status)",
	"$(tasks.status)",
	"$(tasks.a.matrix.length)",
	"$(tasks.a.matrix.r.length)",
	"$(context.pipelineRun.name)",
	"$(context.taskRun.name)",
	"$(context.task.retry-count)",
	"$(workspaces.w.path)",
	"$(workspaces.w.bound)",
	"$(results.r.path)",
	"$(steps.a.results.r)",
	"$(finally.f.results.r)",
	"[]",
	"{}",
	"[a, b]",
	"[\"1\", \"2\", \"3\"]",
	"{k: v}",
	"[{name: p, value: [x, y]}]",
	"null",
	"~",
	"010",
	"1.50",
	"0x1f",
	"1:30",
	"yes",
	".inf",
	"-1",
	"3",
	"1e400",
	"18446744073709551616",
	"2001-01-01",
	"!!str 1",
	"&x v",
	"*x",
	"continue",
	"in",
	"notin",
	"array",
	"object",
	"string",
	"10s",
	"0",
	"1h0m",
	"a",
	"b",
	"p",
	"r",
	"w",
	"",
};

static unsigned mutator_pick(struct mutator *m, size_t n)
{
	m->random = m->random * 1664525U + 1013904223U;
	return (m->random >> 8) % (unsigned)n;
}

static void mutator_put(struct mutator *m, const void *p, size_t n)
{
	if (n > m->max - m->n_out)
		n = m->max - m->n_out;
	memcpy(m->out + m->n_out, p, n);
	m->n_out += n;
}

static void mutator_split(struct mutator *m, const char *text, size_t size)
{
	size_t start = 0;

	for (size_t i = 0; i < size && m->n < MUTATOR_LINES; i++) {
		if (text[i] != '\n' && i + 1 < size)
			continue;
		m->lines[m->n] = text + start;
		m->lengths[m->n++] = i + 1 - start;
		start = i + 1;
	}
}

static size_t mutator_indent(const struct mutator *m, size_t i)
{
	size_t n = 0;

	while (n < m->lengths[i] && m->lines[i][n] == ' ')
		n++;
	return n;
}

/* Lines from i on that are indented deeper than it: the value of its key. */
static size_t mutator_block(struct mutator *m, size_t i)
{
	size_t n = 1;

	while (i + n < m->n && n < MUTATOR_BLOCK &&
		mutator_indent(m, i + n) > mutator_indent(m, i))
		n++;
	return n;
}

static void mutator_put_lines(struct mutator *m, size_t i, size_t n, size_t indent)
{
	size_t own = mutator_indent(m, i);

	for (size_t k = i; k < i + n; k++) {
		size_t cut = mutator_indent(m, k) < own ? mutator_indent(m, k) : own;

		for (size_t s = 0; s < indent; s++)
			mutator_put(m, " ", 1);
		mutator_put(m, m->lines[k] + cut, m->lengths[k] - cut);
	}
}

static void mutator_put_raw(struct mutator *m, size_t i, size_t end)
{
	for (; i < end; i++)
		mutator_put(m, m->lines[i], m->lengths[i]);
}

/* "key: value" with another value. */
static void mutator_put_value(struct mutator *m, size_t i)
{
	const char *value = mutator_values[mutator_pick(
		m, sizeof(mutator_values) / sizeof(*mutator_values))];
	const char *line = m->lines[i];
	size_t n = mutator_indent(m, i);

	if (n + 1 < m->lengths[i] && line[n] == '-')
		n += 2;
	for (size_t k = n; k < m->lengths[i]; k++)
		if (line[k] == ':') {
			n = k + 1;
			break;
		}
	mutator_put(m, line, n < m->lengths[i] ? n : m->lengths[i] - 1);
	mutator_put(m, " ", 1);
	mutator_put(m, value, strlen(value));
	mutator_put(m, "\n", 1);
}

static void mutator_edit(struct mutator *m)
{
	size_t at = mutator_pick(m, m->n), from = mutator_pick(m, m->n);
	size_t n_from = mutator_block(m, from), n_at = mutator_block(m, at);
	unsigned how = mutator_pick(m, 7);

	mutator_put_raw(m, 0, at);
	switch (how) {
	case 0: /* without it */
		break;
	case 1: /* twice */
		mutator_put_lines(m, at, n_at, mutator_indent(m, at));
		mutator_put_lines(m, at, n_at, mutator_indent(m, at));
		break;
	case 2: /* another in front of it */
		mutator_put_lines(m, from, n_from, mutator_indent(m, at));
		mutator_put_lines(m, at, n_at, mutator_indent(m, at));
		break;
	case 3: /* another instead */
		mutator_put_lines(m, from, n_from, mutator_indent(m, at));
		break;
	case 4: /* deeper */
		mutator_put_lines(m, at, n_at, mutator_indent(m, at) + 2);
		break;
	default: /* another value */
		mutator_put_value(m, at);
		n_at = 1;
		break;
	}
	mutator_put_raw(m, at + n_at, m->n);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct mutator *m;
	char *copy;
	size_t n;

	if (seed % 3 == 0 || size < 2)
		return LLVMFuzzerMutate(data, size, max_size);
	m = calloc(1, sizeof(*m));
	copy = malloc(size);
	if (!m || !copy)
		abort();
	memcpy(copy, data, size);
	m->random = seed;
	m->out = data;
	m->max = max_size;
	mutator_split(m, copy, size);
	mutator_edit(m);
	n = m->n_out;
	free(copy);
	free(m);
	return n;
}

#endif
