/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts and the variables in them, private to spec/: the scanner that substitution and
 * references share, and one walk over all texts of a task spec with what each field allows.
 */
#ifndef SPEC_REF_H
#define SPEC_REF_H

#include <monopod/subst.h>

/*
 * Finds the next $(…) at or after *at: the innermost one, so that $($(params.x)) yields
 * $(params.x). Sets the offsets of "$(" and just behind ")", moves *at behind it. Linear over
 * repeated calls.
 */
bool ref_scan(struct str text, size_t *at, size_t *ret_from, size_t *ret_to);
/* The text between the parentheses of a span that ref_scan found. */
struct str ref_inside(struct str text, size_t from, size_t to);
/* Understands one text between parentheses; offset and length stay 0. */
struct ref ref_parse(struct str inside);

/* What a field of a task spec does with variables. */
enum site_kind {
	SITE_STRING,   /* strings only */
	SITE_ELEMENT,  /* of command or args: whole arrays, when alone; step results */
	SITE_SCRIPT,   /* strings only */
	SITE_ENV,      /* strings and step results */
	SITE_INPUT,    /* of a when */
	SITE_WHEN_VAL, /* of a when: whole arrays */
	SITE_PARAM,    /* a string given to a param: may become a whole array or object */
	SITE_ITEM,     /* of an array given to a param: whole arrays, when alone */
};
struct text_site {
	enum site_kind kind;
	bool edge; /* orders the pipeline task that has it inline (section 11) */
	struct text text;
	const char *path;
};
typedef void text_site_fn(void *arg, const struct text_site *site);

/* Every text of a task spec in which variables are replaced, in the order of the input. */
void task_spec_sites(const struct task_spec *ts, text_site_fn *fn, void *arg);
/* Those of one step alone, with paths that begin at its fields. */
void step_sites(const struct step *s, text_site_fn *fn, void *arg);
/* Every text that orders a pipeline task; those of an inline spec have edge set, too, and paths
 * that begin with "taskSpec.". */
void pipeline_task_sites(const struct pipeline_task *pt, text_site_fn *fn, void *arg);

#endif
