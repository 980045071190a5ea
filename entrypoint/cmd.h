/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs. Each gets checked options and returns the exit code of the program (enum
 * exit_code); it has printed what there is to say.
 */
#ifndef ENTRYPOINT_CMD_H
#define ENTRYPOINT_CMD_H

#include "options.h"

int cmd_run(const struct options *o);
int cmd_check(const struct options *o);
int cmd_plan(const struct options *o);
int cmd_pod(const struct options *o);
int cmd_probe(const struct options *o);
int cmd_image(const struct options *o);
int cmd_describe(const struct options *o);
int cmd_logs(const struct options *o);
int cmd_cancel(const struct options *o);
int cmd_shell(const struct options *o);
int cmd_list(const struct options *o);
int cmd_collect(const struct options *o);

#endif
