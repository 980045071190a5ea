/* SPDX-License-Identifier: Apache-2.0 */
/*
 * $(…): one engine for every pass (tekton-semantics 6). A replacement set maps the exact text
 * between the parentheses to a string, an array or an object. One pass replaces all known keys
 * at once; replaced text is not scanned again in that pass; unknown keys stay. Passes are run
 * one after the other by the agent, in Tekton's order.
 */
#ifndef MONOPOD_SUBST_H
#define MONOPOD_SUBST_H

#include <base/arena.h>
#include <base/err.h>
#include <base/map.h>
#include <monopod/spec.h>

/* What the passes over one set have made; in the arena, so that a set can be const. */
struct subst_spent {
	size_t bytes;  /* of all changed texts */
	bool too_long; /* a text was left as it was because of a bound */
};
struct subst {
	struct arena *arena;
	struct arena *texts; /* where changed texts go; NULL: to what is made of them */
	struct map strings;  /* key → struct str * */
	struct map arrays; /* key → struct value * (VALUE_ARRAY); [i] and [*] are understood */
	struct map objects; /* key → struct value * (VALUE_OBJECT) */
	struct subst_spent *spent;
};

void subst_init(struct subst *s, struct arena *a);
/*
 * True when some text would have grown beyond BOUND_SUBST_BYTES, or all texts of the set beyond
 * BOUND_SUBST_SET_BYTES: those texts were left unreplaced and must not be used.
 */
bool subst_too_long(const struct subst *s);
void subst_add(struct subst *s, struct str key, struct str value);
void subst_addf(struct subst *s, struct str value, const char *key_fmt, ...) attr_printf(3, 4);
/*
 * Adds every spelling of a param: prefix "params" gives params.N, params["N"], params['N'],
 * each with [i], [*] and, for objects, .key (dot form only). prefix "inputs.params" likewise
 * (dot form only).
 */
void subst_add_param(
	struct subst *s, struct str prefix, struct str name, const struct value *v);
/*
 * Adds tasks.T.results.R (+ [i], [*], .key), or finally.F.results.R, steps.S.results.R by
 * prefix ("tasks.T.results"). A task's result also gets the spellings ["R"] and ['R'], which
 * Tekton resolves only where the same pipeline task also has a reference with dots: give a set
 * just the results that ref_each finds as REF_TASK_RESULT.
 *
 * A second value for a key replaces the first one and everything that came with it. Values are
 * borrowed.
 */
void subst_add_result(
	struct subst *s, struct str prefix, struct str name, const struct value *v);

/* One pass over one text: strings only. The result is in `a`; the input is returned as it is
 * when nothing changed. */
struct str subst_text(const struct subst *s, struct arena *a, struct str text);
/* One pass over a list as in command/args/values: an element that is exactly one array
 * reference is spliced. */
void subst_list(const struct subst *s, struct arena *a, const struct text *in, size_t n_in,
	struct text **ret, size_t *ret_n);
/*
 * One pass over a param value: a string that is exactly one whole reference changes type (dot
 * spelling only); arrays splice; object values get strings only.
 */
struct value subst_value(const struct subst *s, struct arena *a, const struct value *in);
void subst_params(const struct subst *s, struct arena *a, const struct param *in, size_t n,
	struct param **ret);
/* One pass over a when list (input, values). */
void subst_when(const struct subst *s, struct arena *a, const struct when *in, size_t n,
	struct when **ret);

/* A copy of a task spec with every field of section 6.5 replaced; what is not replaced there is
 * shared. */
struct task_spec *subst_task_spec(
	const struct subst *s, struct arena *a, const struct task_spec *in);
/* A copy of a pipeline task with every field of section 6.3 replaced; an inline taskSpec as
 * subst_task_spec does. out may be from. */
void subst_pipeline_task(const struct subst *s, struct arena *a,
	const struct pipeline_task *from, struct pipeline_task *out);
struct workspace_binding *subst_bindings(
	const struct subst *s, struct arena *a, const struct workspace_binding *in, size_t n);
/* A pod template with the params of the TaskRun that it is for (section 6.5). */
struct pod_template subst_pod_template(
	const struct subst *s, struct arena *a, const struct pod_template *in);

/* --- references in a text, for graphs, validation and missing results ---------------- */

enum ref_kind {
	REF_PARAM,          /* params.N… */
	REF_TASK_RESULT,    /* tasks.T.results.R… (dot spelling only) */
	REF_FINALLY_RESULT, /* finally.F.results.R */
	REF_TASK_STATUS,    /* tasks.T.status, tasks.T.reason */
	REF_TASKS_STATUS,   /* tasks.status */
	REF_MATRIX_LENGTH,  /* tasks.T.matrix.length, tasks.T.matrix.R.length */
	REF_CONTEXT,        /* context.… */
	REF_WORKSPACE,      /* workspaces.W.… */
	REF_STEP_RESULT,    /* steps.S.results.R… */
	REF_RESULT_PATH,    /* results.R.path and friends */
	REF_STEP_ARTIFACT,  /* steps.S.inputs.A, steps.S.outputs.A */
	REF_TASK_ARTIFACT,  /* tasks.T.inputs.A, tasks.T.outputs.A, also without .A */
	REF_ARTIFACT_PATH,  /* artifacts.path, step.artifacts.path */
	REF_OTHER,
};
struct ref {
	enum ref_kind kind;
	struct str whole;  /* the text between the parentheses */
	struct str object; /* T, F, S, W or N */
	struct str name;   /* R, or the rest after the object */
	struct str key;    /* .key of an object, or empty */
	int64_t index;     /* [i]; -1 when none */
	bool star;         /* [*] */
	bool brackets;     /* written with ["…"] or ['…'] */
	size_t offset;     /* of "$(" in the text */
	size_t length;     /* up to and with ")" */
};
/* Calls fn for every $(…) of the text, in order. Parsing never fails: what is not understood is
 * REF_OTHER. */
void ref_each(struct str text, void (*fn)(void *arg, const struct ref *ref), void *arg);
/* Whether the text is one reference of this kind and nothing else. */
bool ref_sole(struct str text, enum ref_kind kind, struct ref *ret);
/*
 * Where in the input a reference of a text lies: the place of "$(" and, in ret_end, of the last
 * character before the end; found by searching the source from the text's own position, which
 * is the answer when the search fails (escapes, aliases). ret_end may be NULL.
 */
struct pos ref_pos(const struct sources *sources, struct text t, const struct ref *ref,
	struct pos *ret_end);

/*
 * Calls fn for every text of a pipeline task that orders it (section 11: params, matrix,
 * include, when and, for inline specs, step fields), with the dotted path of the field, which
 * is valid during the call.
 */
void pipeline_task_edge_texts(const struct pipeline_task *pt,
	void (*fn)(void *arg, struct text t, const char *path), void *arg);
/* Calls fn for every text of a task spec in which variables are replaced (section 6.5). Paths
 * are valid during the call. */
void task_spec_texts(const struct task_spec *ts,
	void (*fn)(void *arg, struct text t, const char *path), void *arg);

/* --- when and matrix, on values ------------------------------------------------------ */

bool when_holds(const struct when *w, size_t n); /* all of them; after substitution */

struct combination {
	struct param *params; /* sorted by name, all strings */
	size_t n_params;
};
/*
 * Section 17: params vary fastest first, then include. ERR_LIMIT above BOUND_MATRIX, ERR_SPEC
 * when a matrix param is not an array (reason InvalidMatrixParameterTypes). An empty array
 * gives n = 0. A matrix with neither params nor include gives one empty combination.
 */
int matrix_expand(struct arena *a, const struct matrix *m, struct combination **ret,
	size_t *ret_n, struct err *err);
/* Names of the include entries that match a combination, joined by one space; empty when none.
 */
struct str matrix_include_names(
	struct arena *a, const struct matrix *m, const struct combination *c);

#endif
