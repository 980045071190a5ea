/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Problems of the input: a list of positioned diagnostics in an arena. Reading goes on after
 * the first one. Printed as JSON {file, line, column, endLine, endColumn, path, severity, code,
 * message, hint} and as text:
 *
 *	file:line:col: error: message [code]
 *	  the source line
 *	      ^~~~
 *	  hint: did you mean 'runAfter'?
 *
 * An end on the same line is the column behind the last character blamed.
 */
#ifndef BASE_DIAG_H
#define BASE_DIAG_H

#include <base/arena.h>
#include <base/buf.h>
#include <base/source.h>

enum diag_severity { DIAG_ERROR, DIAG_WARNING, DIAG_NOTE };
enum { DIAG_SEVERITY_N = DIAG_NOTE + 1 };

/* So many errors are kept, and as many warnings and notes; more are only counted. */
enum { DIAG_MAX = 50 };

/*
 * When a problem would be found. ADMISSION problems are refused with exit 2 by every verb; RUN
 * problems (missing params, unknown tasks) end the run object False with exit 1 and make
 * `check` exit 2.
 */
enum diag_stage { DIAG_ADMISSION, DIAG_RUN };

struct diag {
	enum diag_severity severity;
	enum diag_stage stage;
	const char *code; /* static, kebab-case: "unknown-field", "not-supported", "cycle" … */
	struct pos pos;
	struct pos end;    /* line 0: same as pos */
	struct pos object; /* where the object begins that it is in; line 0: in none */
	struct str path;   /* spec.pipelineSpec.tasks[0].name, or empty */
	struct str msg;
	struct str hint; /* or empty */
	bool no_excerpt; /* the line may hold a secret: never shown */
};

struct diags {
	struct arena *arena;
	const struct sources *sources;
	struct diag *items;
	size_t n;
	size_t cap;
	size_t n_errors; /* also counts those above DIAG_MAX */
	size_t n_dropped;
	struct diag spill;      /* takes what is dropped */
	bool dropped_errors[2]; /* by stage */
};

void diags_init(struct diags *d, struct arena *a, const struct sources *sources);
/*
 * Returns the new entry so that the caller can set path, end, hint or stage; never NULL, and
 * valid until the next diag_add or diags_sort. code is static text.
 */
struct diag *diag_add(struct diags *d, enum diag_severity severity, const char *code,
	struct pos pos, const char *fmt, ...) attr_printf(5, 6);
void diag_hint(struct diags *d, struct diag *one, const char *fmt, ...) attr_printf(3, 4);
/* Sets a "did you mean 'x'?" hint when one of the candidates is near. */
void diag_suggest(struct diags *d, struct diag *one, struct str got,
	const struct str *candidates, size_t n_candidates);
/* By source, line, column; equal ones are kept in the order they were found. */
void diags_sort(struct diags *d);
/* Takes those out that the function does not keep; ones that were only counted stay counted. */
typedef bool diag_keep_fn(const struct diags *d, const struct diag *one);
void diags_filter(struct diags *d, diag_keep_fn *keep);
bool diags_has_errors(const struct diags *d, enum diag_stage stage);

/* Text of one and of all; colour uses ANSI escapes. Control characters of the input are shown
 * escaped. */
void diag_print(const struct diags *d, const struct diag *one, bool colour, struct buf *out);
void diags_print(const struct diags *d, bool colour, struct buf *out);
struct json_writer;
void diag_json(const struct diags *d, const struct diag *one, struct json_writer *w);

#endif
