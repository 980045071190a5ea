/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: verbs and options are tables, from which parsing, --help and the man page's
 * option list are made.
 */
#ifndef ENTRYPOINT_CLI_H
#define ENTRYPOINT_CLI_H

#include "options.h"

typedef int cli_verb_fn(const struct options *o);

/*
 * Parses argv. On success sets *ret (zeroed, then defaults, then what was given) and the verb's
 * function, and returns -1. Otherwise everything has been printed (help and version to standard
 * output, errors with a suggestion to standard error) and the exit code is returned.
 */
int cli_parse(struct arena *a, int argc, char *const *argv, struct options *ret,
	cli_verb_fn **ret_fn);

#endif
