/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. One table of verbs and one of options feed the parser, `help`, `help VERB`
 * and the man page.
 */
#ifndef ENTRYPOINT_CLI_H
#define ENTRYPOINT_CLI_H

#include "cmd.h"
#include "options.h"

#include <base/buf.h>
#include <base/err.h>

/* One verb's work; returns the exit code. */
typedef int cli_verb_fn(const struct options *o);

/*
 * Parses argv. On success sets *ret (zeroed, then defaults, then what was given) and the verb's
 * function, and returns -1. Otherwise everything has been printed (errors with a suggestion to
 * standard error) and the exit code is returned. Everything is in the arena.
 */
int cli_parse(struct arena *a, int argc, char *const *argv, struct options *ret,
	cli_verb_fn **ret_fn);
/* The same without printing: 0, or -1 with ERR_USAGE; *ret holds what was understood so far. */
int cli_read(struct arena *a, int argc, char *const *argv, struct options *ret,
	cli_verb_fn **ret_fn, struct err *err);

/* The texts made from the tables. verb empty: the overview. */
int cli_help(struct str verb, struct buf *out, struct err *err);
void cli_man(struct buf *out);

#endif
