/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line. One table of verbs and one of options feed the parser, `help`, `help VERB`
 * and the man page.
 */
#ifndef ENTRYPOINT_CLI_H
#define ENTRYPOINT_CLI_H

#include "options.h"

#include <base/buf.h>
#include <base/err.h>

/* One verb's work; returns the exit code. */
typedef int verb_fn(const struct options *o);

/*
 * Fills *ret from argv; everything is in the arena. On failure err is ERR_USAGE with a
 * suggestion where a near name exists. *ret_fn is the verb to run (help and version included).
 */
int cli_parse(struct arena *a, int argc, char *const *argv, struct options *ret,
	verb_fn **ret_fn, struct err *err);

/* The texts made from the tables. verb empty: the overview. */
int cli_help(struct str verb, struct buf *out, struct err *err);
void cli_man(struct buf *out);

/* The verbs, each in cmd_VERB.c. */
int cmd_run(const struct options *o);
int cmd_check(const struct options *o);
int cmd_plan(const struct options *o);
int cmd_probe(const struct options *o);
int cmd_image(const struct options *o);
int cmd_describe(const struct options *o);
int cmd_logs(const struct options *o);
int cmd_list(const struct options *o);

#endif
