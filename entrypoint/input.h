/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what -f names, and refusing: the one way in which every verb reports that nothing was
 * started.
 */
#ifndef ENTRYPOINT_INPUT_H
#define ENTRYPOINT_INPUT_H

#include "options.h"

#include <base/diag.h>
#include <base/err.h>
#include <monopod/spec.h>

/*
 * Reads files, directories (every *.yaml, *.yml, *.json and *.json.gz in it, sorted, not
 * recursive), standard input, and what --object-dir names, and loads them. Problems of the
 * contents are in (*ret)->diags; err is for files that cannot be read. Names that generateName
 * asks for come from the seed (header.h).
 */
int input_load(const struct options *o, struct arena *a, struct str seed, struct spec **ret,
	struct err *err);

/*
 * The run objects that the command is about: all of the input, or the named one, or one made
 * from the Pipeline or Task that is named (or the only one there is). ERR_USAGE with what there
 * is when the name fits nothing.
 */
int input_runs(const struct options *o, struct spec *spec, struct str seed,
	const struct run_ref ***ret, size_t *ret_n, struct err *err);
struct str input_run_name(const struct run_ref *r);

/* A random uuid. */
struct str input_random_uid(struct arena *a);

/*
 * Prints problems to standard error and, with -o json, a Status object to standard output.
 * Returns `code`, or the code of the error's kind. Reason and message of the
 * Status are those of the first problem; all of them are its causes.
 */
int input_refuse_diags(const struct options *o, const struct diags *d, enum exit_code code);
int input_refuse(const struct options *o, const struct err *err);
/*
 * input_load and input_runs for a verb that needs valid input: -1 with at least one run, else
 * the exit code, and everything is told.
 */
int input_open(const struct options *o, struct arena *a, struct spec **ret_spec,
	const struct run_ref ***ret_runs, size_t *ret_n);
/* Warnings and notes of an input that is otherwise fine. */
void input_warn(const struct options *o, const struct diags *d);

#endif
